/** Keeps the document of plans in the browser's storage, as one entry, and reports what it cannot keep. */
import { isPlansFile, sameContent } from "../model/plans";
import type { PlansFile } from "../types";

/** The parts of localStorage that are needed. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Kept {
  at: Date;
  file: PlansFile;
  stamp: string; // distinguishes one write from another
}

export type Read = { kept: Kept } | { broken: "damaged" | "newer"; aside: string | null } | null;
export type Written = { at: Date } | { other: Kept } | { failed: "forbidden" | "full" };

export const KEY = "codose.plans";
const FORMAT = 1;

interface Envelope {
  codose: "page";
  format: number;
  at: string;
  by: string;
  file: unknown;
}

/** Conversions of earlier versions of the document to the next: steps[1] makes version 2 from 1. */
export const STEPS: Record<number, (old: any) => any> = {};
export const VERSION = 1;

/** A document in this version; "newer" for a later version, null for anything else. */
export function migrated(raw: any, steps = STEPS, version = VERSION): unknown | "newer" | null {
  let file = raw;
  if (typeof file !== "object" || file === null || file.codose !== "plans") return null;
  if (typeof file.version === "number" && file.version > version) return "newer";
  while (file.version !== version) {
    const step = steps[file.version];
    if (!step) return null;
    file = step(file);
  }
  return file;
}

export class Keeper {
  private known: Kept | null = null; // what this tab last read or wrote

  constructor(
    private shelf: Shelf | null,
    private key: string = KEY,
    private by: string = Math.random().toString(36).slice(2),
    private now: () => Date = () => new Date(),
  ) {}

  get usable(): boolean {
    return this.shelf !== null;
  }

  get name(): string {
    return this.key;
  }

  /** The kept document. An unreadable entry is moved aside, so that nothing overwrites it. */
  read(): Read {
    let text: string | null = null;
    try {
      text = this.shelf?.getItem(this.key) ?? null;
    } catch {
      this.shelf = null;
    }
    if (text === null) return null;
    const found = this.understood(text);
    if (typeof found !== "string") {
      this.known = found;
      return { kept: found };
    }
    const aside = this.putAside(text);
    return { broken: found, aside };
  }

  /** Write the document, unless another tab has written other content since. */
  write(file: PlansFile, over = false): Written {
    if (!this.shelf) return { failed: "forbidden" };
    try {
      const text = this.shelf.getItem(this.key);
      const there = text === null ? null : this.understood(text);
      if (!over && there && typeof there !== "string" && this.isNews(there) && !sameContent(there.file, file))
        return { other: there };
      if (typeof there === "string") this.putAside(text!);
      const at = this.now();
      const envelope: Envelope = { codose: "page", format: FORMAT, at: at.toISOString(), by: this.by, file };
      this.shelf.setItem(this.key, JSON.stringify(envelope));
      this.known = { at, file, stamp: stampOf(envelope) };
      return { at };
    } catch (fault) {
      return { failed: isFull(fault) ? "full" : "forbidden" };
    }
  }

  /** The document that another tab has just written, from the text of a storage event. */
  seen(text: string): Kept | null {
    const found = this.understood(text);
    return typeof found === "string" || !this.isNews(found) ? null : found;
  }

  /** Whether an entry differs from the one known to this tab, whichever plan is on the screen. */
  private isNews(kept: Kept): boolean {
    return this.known === null || !(kept.stamp === this.known.stamp || sameContent(kept.file, this.known.file));
  }

  /** Accept what another tab wrote: from now on, this tab may overwrite it. */
  accept(kept: Kept): void {
    this.known = kept;
  }

  /** Keep a text under a name of its own; returns the name, or null where there is no room. */
  putAside(text: string): string | null {
    const shelf = this.shelf;
    if (!shelf) return null;
    try {
      for (let number = 1; ; number++) {
        const name = `${this.key}.aside.${number}`;
        const there = shelf.getItem(name);
        if (there !== null && there !== text) continue;
        shelf.removeItem(this.key); // removed first, as there may be no room for both
        shelf.setItem(name, text);
        return name;
      }
    } catch {
      this.shelf = null; // this tab writes nothing more, least of all over this entry
      try {
        shelf.setItem(this.key, text);
      } catch {
        // The storage takes nothing any more.
      }
      return null;
    }
  }

  asideText(name: string): string | null {
    try {
      return this.shelf?.getItem(name) ?? null;
    } catch {
      return null;
    }
  }

  private understood(text: string): Kept | "damaged" | "newer" {
    let envelope: Envelope;
    try {
      envelope = JSON.parse(text);
    } catch {
      return "damaged";
    }
    if (envelope?.codose !== "page") return "damaged";
    if (envelope.format > FORMAT) return "newer";
    const file = migrated(envelope.file);
    if (file === "newer") return "newer";
    const at = new Date(envelope.at);
    if (!isPlansFile(file) || isNaN(at.getTime())) return "damaged";
    return { at, file, stamp: stampOf(envelope) };
  }
}

function stampOf(envelope: Envelope): string {
  return `${envelope.at} ${envelope.by}`;
}

function isFull(fault: unknown): boolean {
  const name = (fault as { name?: string } | null)?.name ?? "";
  return name === "QuotaExceededError" || name === "NS_ERROR_DOM_QUOTA_REACHED";
}
