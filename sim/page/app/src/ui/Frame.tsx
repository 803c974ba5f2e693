/** The frame around every view: brand, views, tools, plans, columns, the last line. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { keptTheme, type Theme, THEMES, useThisTheme } from "./theme";
import { usePageData, useSay } from "./widgets";
import "./frame.css";

export type View = "plan" | "class" | "rests";
export const VIEWS: readonly View[] = ["plan", "class", "rests"];

export interface FrameProps {
  view: View;
  onView: (view: View) => void;
  tools?: ComponentChildren; // saved state, undo, open, save, hand on
  plans?: ComponentChildren; // the row of plans
  foot?: ComponentChildren;
  children: ComponentChildren;
}

export function Frame({ view, onView, tools, plans, foot, children }: FrameProps) {
  const say = useSay();
  const top = useHeight();
  return (
    <div class="frame">
      <a class="skip button" href="#main" onClick={focusMain}>
        {say("frame.skip")}
      </a>
      <header class="top" ref={top}>
        <div class="bar">
          <Brand />
          <nav class="views" aria-label={say("frame.views_name")}>
            {VIEWS.map((one) => (
              <button type="button" aria-current={one === view ? "page" : undefined} onClick={() => onView(one)}>
                {say(`frame.views.${one}`)}
              </button>
            ))}
          </nav>
          <div class="tools">{tools}</div>
        </div>
      </header>
      {plans && (
        <section class="plans" aria-label={say("frame.parts.plans")}>
          <div class="bar">
            {plans}
            <p class="motto">{say("frame.motto")}</p>
          </div>
        </section>
      )}
      <main id="main" tabIndex={-1} class={view === "plan" ? "columns" : "whole"}>
        {view === "plan" && <h1 class="unseen">{say("frame.views.plan")}</h1>}
        {children}
      </main>
      <footer class="foot">
        <div class="bar">
          <span>{foot ?? <Version />}</span>
          <span class="foot-end">
            <ThemeChoice />
          </span>
        </div>
      </footer>
    </div>
  );
}

/** The setting on the left and its results on the right; one below the other on a phone. */
export function Columns({ set, see }: { set: ComponentChildren; see: ComponentChildren }) {
  const say = useSay();
  return (
    <>
      <section class="column-set" id="set" aria-label={say("frame.set")}>
        {set}
      </section>
      <section class="column-see" id="see" aria-label={say("frame.see")}>
        {see}
      </section>
      <nav class="jump" aria-label={say("frame.jump")}>
        {["set", "see"].map((id) => (
          <a class="button" href={`#${id}`} onClick={(event) => jump(event, id)}>
            {say(`frame.${id}`)}
          </a>
        ))}
      </nav>
    </>
  );
}

/** Go to a part of the page without a change of the address, which tells what is on the screen. */
function jump(event: Event, id: string): void {
  event.preventDefault();
  document.getElementById(id)?.scrollIntoView({ block: "start" });
}

function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")!.focus();
}

/** Sets the height of the bar that stays at the top, for parts that stick below it. */
function useHeight() {
  const self = useRef<HTMLElement>(null);
  useEffect(() => {
    const tell = () =>
      document.documentElement.style.setProperty("--top-height", `${self.current!.offsetHeight}px`);
    tell();
    const observer = new ResizeObserver(tell);
    observer.observe(self.current!);
    return () => observer.disconnect();
  }, []);
  return self;
}

function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <rect x="1" y="1" width="18" height="18" rx="5" fill="var(--accent)" />
        <path d="M5 14c3 0 3.5-8 10-8" fill="none" stroke="var(--on-accent)" stroke-width="2.4" stroke-linecap="round" />
      </svg>
      codose
    </span>
  );
}

function Version() {
  const { version, engine } = usePageData();
  return <>{useSay()("frame.version", { version, engine: engine.slice(0, 8) })}</>;
}

function ThemeChoice() {
  const say = useSay();
  const [theme, setTheme] = useState<Theme>(keptTheme);
  const choose = (event: Event) => {
    const chosen = (event.target as HTMLSelectElement).value as Theme;
    setTheme(chosen);
    useThisTheme(chosen);
  };
  return (
    <label class="theme">
      {say("frame.theme")}
      <select value={theme} onChange={choose}>
        {THEMES.map((one) => (
          <option value={one}>{say(`frame.themes.${one}`)}</option>
        ))}
      </select>
    </label>
  );
}
