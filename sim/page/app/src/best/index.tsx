/** Best use of the budget: the plans that a background search finds for the setting on the screen, and the map. */
import { useMemo, useState } from "preact/hooks";
import type { Found, Goal, KindAnswer, Row } from "../study/search";
import { type Choice, keyOf, type Space } from "../study/space";
import type { OutcomeAbout, PageData, Plan, PlansFile, Runner, Scenario, ScenarioData } from "../types";
import { list, money, upper, whole } from "../words/text";
import { asked } from "../words/verdict";
import { Frontier } from "./Frontier";
import { lineInside, lineOfChoice } from "./line";
import { MapPart } from "./MapPart";
import { speak, type Speak } from "./speak";
import { Table } from "./Table";
import { type Searching, useSearch } from "./useSearch";
import "./best.css";

export interface BestGiven {
  data: PageData;
  file: PlansFile;
  plan: Plan;
  scenario: Scenario; // of the plan, every default filled in
  runner: Runner;
  sets: Float64Array[]; // parameter sets, with the scenario's own values in them
  replicates: number;
  seed: number;
  onUse(scenario: ScenarioData, told: Used): void; // makes one step of undo
  onSet(what: "budget" | "target"): void; // opens this group of the setting
  onRests(): void; // goes to the part on what the numbers rest on
}

/** What is told of contacts that have replaced those of the plan on the screen. */
export interface Used {
  step: string; // the noun for Undo
  said: string; // the notice
  beside: string; // its action that makes a plan of these contacts and leaves the other as it was
  line: string; // the contacts in one line
}

/** What all parts of this section are given. */
export interface Shared extends BestGiven {
  say: Speak;
  about: OutcomeAbout;
  letter: string;
  use(choice: Choice): void;
  space: Space;
}

export function Best(given: BestGiven) {
  const { data, file, plan } = given;
  const say = speak(data);
  const [chosen, setChosen] = useState<string | null>(null);
  const first = file.targets[0];
  const outcome = first?.outcome ?? chosen ?? asked(data, [])[0];
  const empty = !first && file.budget.a_year === null;
  const goal = useMemo<Goal | null>(
    () => (empty ? null : { targets: file.targets, budget: file.budget, outcome, when: first?.when ?? "end_of_ta" }),
    [file.targets, file.budget, outcome, empty],
  );
  const searching = useSearch(given, goal);
  const about = data.outcomes.find((one) => one.name === outcome)!;
  const place = file.plans.findIndex((one) => one.name === plan.name);
  const letter = place < 26 ? String.fromCharCode(65 + place) : String(place + 1);
  const apply = (scenario: ScenarioData, line: string) =>
    given.onUse(scenario, { step: say("step"), said: say("used", { letter, line }), beside: say("beside", { letter }), line });
  const use = (choice: Choice) => apply(searching.space.dataOf(choice, plan.scenario), lineOfChoice(choice, data));
  const shared: Shared = { ...given, say, about, letter, use, space: searching.space };
  return (
    <section class="part best" aria-labelledby="part-best">
      <div class="part-head">
        <h2 id="part-best">{titleOf(given, say)}</h2>
        {!first && !empty && <OutcomeChoice shared={shared} onChoose={setChosen} />}
      </div>
      {empty ? <Empty shared={shared} /> : <Answer shared={shared} searching={searching} />}
      <MapPart shared={shared} apply={apply} />
    </section>
  );
}

function titleOf({ file }: BestGiven, say: Speak): string {
  const { a_year, of } = file.budget;
  if (a_year === null) return say(file.targets.length ? "title.target" : "title.none");
  return say(`title.${of}`, { money: money(a_year, file.currency) });
}

function OutcomeChoice({ shared, onChoose }: { shared: Shared; onChoose: (name: string) => void }) {
  const { say, data, about } = shared;
  return (
    <label class="best-outcome small">
      {say("most_of")}
      <select value={about.name} onChange={(event) => onChoose(event.currentTarget.value)}>
        {data.outcomes
          .filter((one) => one.headline && one.better !== "neither")
          .map((one) => (
            <option value={one.name}>{one.label}</option>
          ))}
      </select>
    </label>
  );
}

function Empty({ shared: { say, onSet } }: { shared: Shared }) {
  return (
    <div class="best-empty card">
      <p>{say("empty")}</p>
      <div class="best-buttons">
        <button type="button" class="primary" onClick={() => onSet("budget")}>
          {say("set_budget")}
        </button>
        <button type="button" onClick={() => onSet("target")}>
          {say("set_target")}
        </button>
      </div>
    </div>
  );
}

function Answer({ shared, searching }: { shared: Shared; searching: Searching }) {
  const { say, space } = shared;
  const found = searching.found;
  if (!found) return null;
  const ended = found.phase === "done";
  const rows = found.rows;
  return (
    <>
      <Status shared={shared} found={found} searching={searching} />
      {space.simplifies.length > 0 && (
        <p class="small muted">{say("simplifies", { what: list(space.simplifies.map((one) => say(`simplified.${one}`))) })}</p>
      )}
      {rows.length > 0 && <Replaces shared={shared} />}
      {rows.length > 0 && <Table shared={shared} found={found} />}
      {ended && rows.length === 0 && <Nothing shared={shared} found={found} />}
      {(ended || found.kinds.some((one) => one.said !== "searching")) && <Kinds shared={shared} found={found} />}
      {found.frontier.length > 0 && <Frontier shared={shared} found={found} />}
      {rows.length > 0 && <p class="small muted">{say("fresh", { sets: found.sets, replicates: found.replicates })}</p>}
      {rows.some((row) => row.choice.together !== null) && (
        <p class="small muted">
          {say("together_cost")}{" "}
          <button type="button" class="as-link" onClick={shared.onRests}>
            {say("together_limits")}
          </button>
        </p>
      )}
    </>
  );
}

/** What Use does, said where it can be pressed. */
function Replaces({ shared: { say, letter } }: { shared: Shared }) {
  return <p class="small muted">{say("replaces", { letter })}</p>;
}

function Status({ shared, found, searching }: { shared: Shared; found: Found; searching: Searching }) {
  const { say, data, file } = shared;
  const busy = !searching.paused && (found.phase === "pricing" || found.phase === "searching");
  const state = searching.paused ? "stopped" : found.phase;
  const limited = file.budget.a_year !== null;
  const values = { tried: whole(found.tried), within: whole(found.within), full: whole(found.full), error: found.error };
  const told = found.tried > 0 ? say(limited ? "tried_within" : "tried", values) : "";
  return (
    <div class="best-status">
      <p class="part-sub" role={state === "error" ? "alert" : undefined}>
        {[told, say(`state.${state}`, values)].filter(Boolean).join(" ")}
      </p>
      {busy && <span class="best-busy" aria-hidden="true" />}
      {busy && (
        <button type="button" onClick={searching.stop}>
          {say("stop")}
        </button>
      )}
      {searching.paused && (
        <button type="button" onClick={searching.goOn}>
          {say("go_on")}
        </button>
      )}
      <span class="unseen" role="status">
        {found.phase === "done" ? upper(data.words.best.state.done) : ""}
      </span>
    </div>
  );
}

/** One sentence for each kind of plan that is not in the list: why it is not. */
function Kinds({ shared, found }: { shared: Shared; found: Found }) {
  const told = found.kinds.map((one) => kindText(one, shared)).filter((one): one is string => one !== null);
  if (!told.length) return null;
  return (
    <ul class="best-kinds small">
      {told.map((one) => (
        <li>{one}</li>
      ))}
    </ul>
  );
}

function kindText(answer: KindAnswer, shared: Shared): string | null {
  const { say, data, file } = shared;
  const kind = say(`kinds.${answer.kind}`);
  const cost = (row: Row) => money(row.taken.spend, file.currency);
  switch (answer.said) {
    case "listed":
    case "searching":
    case "none":
      return null;
    case "dear":
      return say("why.dear", { kind, money: money(answer.cheapest, file.currency) });
    case "over":
      return say("why.over", { kind, money: cost(answer.row), line: lineInside(answer.row.choice, data) });
    case "fell":
      return say(answer.again === 1 ? "why.fell_one" : "why.fell", { kind, count: answer.again, ...nearest(answer.nearest, shared) });
    case "never":
      if (!answer.nearest) return say("why.untried", { kind });
      return say("why.never", { kind, tried: whole(answer.tried), ...nearest(answer.nearest, shared) });
  }
}

function nearest(row: Row, { data, file }: Shared): Record<string, string> {
  const worst = row.reached.reduce((least, one) => (one.share.p - one.target.sure < least.share.p - least.target.sure ? one : least));
  return {
    line: lineInside(row.choice, data),
    money: money(row.taken.spend, file.currency),
    hits: whole(worst.share.hits),
    runs: whole(worst.share.runs),
  };
}

/** What is shown where no plan fits: the plans that come nearest, and what to change. */
function Nothing({ shared, found }: { shared: Shared; found: Found }) {
  const { say, data, file, onSet, use } = shared;
  const over = found.kinds.flatMap((one) => (one.said === "over" ? [one.row] : [])).sort((a, b) => a.taken.spend - b.taken.spend)[0];
  const near = found.nearest;
  const dear = found.kinds.flatMap((one) => (one.said === "dear" ? [one.cheapest] : []));
  const limit = file.budget.a_year;
  return (
    <div class="best-empty card">
      <p>
        <strong>
          {found.within === 0
            ? say("nothing.no_plan", { limit: money(limit ?? 0, file.currency) })
            : say(limit === null ? "nothing.at_all" : "nothing.reaches", { limit: money(limit ?? 0, file.currency) })}
        </strong>
      </p>
      {dear.length > 0 && <p>{say("nothing.cheapest", { money: money(Math.min(...dear), file.currency) })}</p>}
      {over && <p>{say("nothing.would", { line: lineInside(over.choice, data), money: money(over.taken.spend, file.currency) })}</p>}
      {near && <p>{say("nothing.nearest", nearest(near, shared))}</p>}
      {(over || near) && <Replaces shared={shared} />}
      <div class="best-buttons">
        {over && (
          <button type="button" onClick={() => use(over.choice)}>
            {say("nothing.use_over")}
          </button>
        )}
        {near && (
          <button type="button" onClick={() => use(near.choice)}>
            {say("nothing.use_nearest")}
          </button>
        )}
        <button type="button" onClick={() => onSet(limit === null ? "target" : "budget")}>
          {say(limit === null ? "change_target" : "change_budget")}
        </button>
      </div>
    </div>
  );
}

/** Whether a row is the plan on the screen. */
export function isOwn(row: Row, space: Space): boolean {
  return space.own !== null && keyOf(space.own) === row.key;
}
