/** Shared components: terms that explain themselves, menus, dialogs, toasts, skeletons, and the boundary
 * that keeps a fault of one part from ending the whole page. */
import { Component, type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { PageData } from "../types";
import { say } from "./say";

export const DataContext = createContext<PageData | null>(null);

export function usePageData(): PageData {
  const data = useContext(DataContext);
  if (data === null) throw new Error("The page's data is not there yet.");
  return data;
}

/** A sentence of words.json. */
export function useSay(): (way: string, values?: Record<string, string | number>) => string {
  const { words } = usePageData();
  return (way, values) => say(words, way, values);
}

// --- terms -------------------------------------------------------------------------------------------

/** A word with its sentence of the glossary on hover, focus or tap; plain text without one. */
export function Term({ name, children }: { name: string; children?: ComponentChildren }) {
  const { glossary } = usePageData();
  const shown = children ?? name.replaceAll("_", " ");
  const meaning = glossary[name];
  return meaning ? <Explained text={meaning}>{shown}</Explained> : <>{shown}</>;
}

/** Content with a sentence that explains it. */
export function Explained({ text, children }: { text: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  const id = useId();
  const close = () => setOpen(false);
  return (
    <span class="term" ref={place} onMouseEnter={() => setOpen(true)} onMouseLeave={close}>
      <button
        type="button"
        aria-describedby={open ? id : undefined}
        onFocus={() => setOpen(true)}
        onBlur={close}
        onClick={() => setOpen(true)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && open) {
            event.stopPropagation();
            close();
          }
        }}
      >
        {children}
      </button>
      {open && <Popover id={id} near={place.current!} text={text} />}
    </span>
  );
}

function Popover({ id, near, text }: { id: string; near: HTMLElement; text: string }) {
  const self = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const box = near.getBoundingClientRect();
    const own = self.current!;
    const width = own.offsetWidth;
    const left = Math.max(12, Math.min(box.left, window.innerWidth - width - 12));
    const below = box.bottom + 6 + own.offsetHeight <= window.innerHeight;
    own.style.left = `${left}px`;
    own.style.top = `${below ? box.bottom + 6 : Math.max(6, box.top - 6 - own.offsetHeight)}px`;
  }, [text]);
  return (
    <span role="tooltip" class="popover" id={id} ref={self}>
      {text}
    </span>
  );
}

// --- menus ---------------------------------------------------------------------------------------------

export interface MenuItem {
  label: string;
  hint?: string;
  run?: () => void; // an item without it is a heading
  disabled?: boolean;
}

/** A button that opens a list of things to do. Arrows, Home, End, Escape; a click elsewhere closes. */
export function Menu(props: {
  label: ComponentChildren;
  name?: string; // name for screen readers, where the label is a sign
  items: MenuItem[];
  class?: string;
  right?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (!open) return;
    entries(whole.current!)[0]?.focus();
    const away = (event: Event) => {
      if (!whole.current!.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("focusin", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("focusin", away);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    opener.current!.focus();
  };
  return (
    <div class="menu" ref={whole} onKeyDown={(event) => walk(event, whole.current!, open, close)}>
      <button
        type="button"
        ref={opener}
        class={props.class}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={props.name}
        onClick={() => setOpen(!open)}
      >
        {props.label}
      </button>
      {open && (
        <div class={props.right ? "menu-list right" : "menu-list"} role="menu">
          {props.items.map((item) => (item.run ? <Entry item={item} close={close} /> : <Heading item={item} />))}
        </div>
      )}
    </div>
  );
}

function Heading({ item }: { item: MenuItem }) {
  return (
    <div class="heading" role="presentation">
      {item.label}
    </div>
  );
}

function Entry({ item, close }: { item: MenuItem; close: () => void }) {
  const choose = () => {
    close();
    item.run!();
  };
  return (
    <button type="button" role="menuitem" tabIndex={-1} disabled={item.disabled} onClick={choose}>
      <span>{item.label}</span>
      {item.hint && <span class="small muted">{item.hint}</span>}
    </button>
  );
}

function entries(whole: HTMLElement): HTMLButtonElement[] {
  return [...whole.querySelectorAll<HTMLButtonElement>('[role="menuitem"]:not(:disabled)')];
}

function walk(event: KeyboardEvent, whole: HTMLElement, open: boolean, close: () => void): void {
  if (!open) return;
  const all = entries(whole);
  const at = all.indexOf(document.activeElement as HTMLButtonElement);
  const places: Record<string, number> = {
    ArrowDown: (at + 1) % all.length,
    ArrowUp: (at - 1 + all.length) % all.length,
    Home: 0,
    End: all.length - 1,
  };
  if (event.key === "Escape") close();
  else if (event.key in places) all[places[event.key]]?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// --- dialogs -------------------------------------------------------------------------------------------

/** A window over the page; Escape and the cross close it, the focus returns to where it was. */
export function Dialog(props: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  foot?: ComponentChildren;
}) {
  const say = useSay();
  const self = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    self.current!.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={self} aria-labelledby={id} onClose={props.onClose}>
      <div class="dialog-head">
        <h2 id={id}>{props.title}</h2>
        <button type="button" class="plain" aria-label={say("frame.close")} onClick={() => self.current!.close()}>
          ✕
        </button>
      </div>
      <div class="dialog-body">{props.children}</div>
      {props.foot && <div class="dialog-foot">{props.foot}</div>}
    </dialog>
  );
}

// --- toasts, skeletons ------------------------------------------------------------------------------------

export interface ToastAbout {
  id: string;
  kind: "said" | "problem";
  text: string;
  more?: string[];
  actions?: { label: string; run: () => void }[];
}

/** Short notices, which screen readers read out. */
export function Toasts({ toasts, onClose }: { toasts: readonly ToastAbout[]; onClose: (id: string) => void }) {
  const say = useSay();
  const self = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => self.current!.scrollTo(0, self.current!.scrollHeight), [toasts]); // the newest is in sight
  return (
    <div class="toasts" role="status" aria-live="polite" ref={self}>
      {toasts.map((toast) => (
        <div key={toast.id} class={`toast ${toast.kind}`}>
          <span>{toast.text}</span>
          {toast.actions?.map(({ label, run }) => (
            <button type="button" key={label} onClick={run}>
              {label}
            </button>
          ))}
          <button type="button" class="plain" aria-label={say("frame.close")} onClick={() => onClose(toast.id)}>
            ✕
          </button>
          {toast.more && toast.more.length > 0 && (
            <ul>
              {toast.more.map((line) => (
                <li>{line}</li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </div>
  );
}

/** A placeholder for results that are being worked out. */
export function Skeleton({ height = "1em", width = "100%" }: { height?: string; width?: string }) {
  const box = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    box.current!.style.height = height;
    box.current!.style.width = width;
  }, [height, width]);
  return <span class="skeleton" aria-hidden="true" ref={box} />;
}

// --- faults --------------------------------------------------------------------------------------------------

interface BoundaryProps {
  part: string; // "the results"
  onSave?: () => void;
  children: ComponentChildren;
}

/** Confines a fault to its part of the page, reports it, and offers the plans as a file. */
export class Boundary extends Component<BoundaryProps, { fault: Error | null }> {
  state = { fault: null };

  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }

  render() {
    if (this.state.fault === null) return this.props.children;
    return <Failed {...this.props} fault={this.state.fault} again={() => this.setState({ fault: null })} />;
  }
}

function Failed(props: BoundaryProps & { fault: Error; again: () => void }) {
  const say = useSay();
  return (
    <div class="failed" role="alert">
      <strong>{say("frame.failed", { part: props.part })}</strong>
      <div class="foot-end">
        <button type="button" onClick={props.again}>
          {say("frame.again")}
        </button>
        {props.onSave && (
          <button type="button" onClick={props.onSave}>
            {say("frame.save_file")}
          </button>
        )}
      </div>
      <details>
        <summary>{say("frame.details")}</summary>
        <pre>{String(props.fault.stack ?? props.fault)}</pre>
      </details>
    </div>
  );
}
