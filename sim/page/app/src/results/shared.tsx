/** What all parts of the results use. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { startOf } from "../setting/read";
import type { ComponentChildren } from "preact";
import type { Comparison, PageData, Plan, PlanAnswer, PlansFile } from "../types";
import { asked, outcomeOf } from "../words/verdict";
import { isoDay } from "../words/text";

/** What most parts are given. `answer` is null until it is computed for the plan in its present form. */
export interface Given {
  data: PageData;
  file: PlansFile;
  plan: Plan;
  answer: PlanAnswer | null;
  comparison: Comparison | null;
}

/** First day of week 1 as yyyy-mm-dd, or undefined without a start date. */
export function startText(plan: Plan): string | undefined {
  const start = startOf(plan.scenario);
  return start ? isoDay(start) : undefined;
}

/** The letter of a plan by its index in the file: A, B, ...; from the 27th plan on, its number. */
export function letter(place: number): string {
  return place < 26 ? String.fromCharCode(65 + place) : String(place + 1);
}

const FIRST = ["trust", "mutual_accountability", "integration"];
const MORE = ["knowledge", "routines", "capacity"];

/** Outcomes shown without asking for more: trust, mutual accountability, integration, and those with targets. */
export function shownFirst(data: PageData, file: PlansFile): string[] {
  const known = new Set(data.outcomes.map((outcome) => outcome.name));
  const wanted = file.targets.map((target) => target.outcome).filter((name) => known.has(name));
  return [...FIRST, ...new Set(wanted.filter((name) => !FIRST.includes(name)))];
}

export function shownMore(data: PageData, file: PlansFile): string[] {
  return MORE.filter((name) => !shownFirst(data, file).includes(name));
}

/** The outcomes of a comparison: those of the targets, then those shown first. */
export function comparedOutcomes(data: PageData, file: PlansFile): string[] {
  return [...new Set([...asked(data, file.targets), ...shownFirst(data, file)])];
}

export function label(data: PageData, name: string): string {
  return outcomeOf(data, name).label;
}

/** The width of an element in px (at least 160), updated as it changes. */
export function useWidth<T extends HTMLElement>(first = 320) {
  const self = useRef<T>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const tell = () => self.current && setWidth(Math.max(160, self.current.clientWidth));
    tell();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(tell);
    observer.observe(self.current!);
    return () => observer.disconnect();
  }, []);
  return { self, width };
}

/** A part of the results under its heading. */
export function Part(props: {
  id: string;
  title: ComponentChildren;
  sub?: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="part" aria-labelledby={`part-${props.id}`}>
      <div class="part-head">
        <h2 id={`part-${props.id}`}>{props.title}</h2>
        {props.tools && <div class="part-tools">{props.tools}</div>}
      </div>
      {props.sub && <p class="part-sub">{props.sub}</p>}
      {props.children}
    </section>
  );
}
