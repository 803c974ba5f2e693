/** Plans in addresses, as deflated JSON in base64url. */
import type { PlansFile } from "../types";
import { check, isObject } from "./check";
import { checkPlansFile } from "./plans_check";
import { openPlan } from "./plans";
import type { Reader } from "./files";

const MOST_BYTES = 4 * 1024 * 1024; // most bytes of an inflated link

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(stream as unknown as ReadableWritablePair<Uint8Array, Uint8Array>).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST_BYTES) {
      await reader.cancel();
      throw new Error("too large");
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The plan on the screen, with the document's budget and targets, as text for an address. */
export async function linkText(file: PlansFile): Promise<string> {
  const { name, scenario } = openPlan(file);
  const alone: PlansFile = { ...file, open: name, reference: null, plans: [{ name, scenario }] };
  const bytes = await through(new TextEncoder().encode(JSON.stringify(alone)), new CompressionStream("deflate-raw"));
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The document of a link; null where it is broken, foreign, or cannot be used. */
export async function readLink(text: string, page: Reader): Promise<PlansFile | null> {
  try {
    const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const data: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await through(bytes, new DecompressionStream("deflate-raw"))));
    if (!isObject(data) || checkPlansFile(data, page).length) return null;
    const plan = data.plans[0];
    return check(plan.scenario, page).length ? null : (data as unknown as PlansFile);
  } catch {
    return null;
  }
}
