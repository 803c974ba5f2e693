/** What the answers rest on: one plain sentence, what would change the choice, and every number of the model. */
import { useMemo, useState } from "preact/hooks";
import { Term, useSay } from "../ui/widgets";
import type { Comparison, PageData, ParameterAbout, PlanAnswer } from "../types";
import { restsOn } from "../study/answer";
import { asked, differenceOf, levelAt, mainDriver, outcomeOf, parameterText, quoted } from "../words/verdict";
import { digits, list, outOf, upper } from "../words/text";
import type { Given } from "./shared";

export function RestsOn(props: Given) {
  const { data, answer } = props;
  const say = useSay();
  const { source, count, replicates } = data.sets;
  return (
    <article class="rests">
      <h1>{say("rests_on.title")}</h1>
      <p class="rests-line">{howSure(props, say)}</p>
      <p>{turnsOn(props, say)}</p>
      <h2>{say("rests_on.change")}</h2>
      <ul>
        {changes(props, say).map((one) => (
          <li>{one}</li>
        ))}
      </ul>
      <h2>
        <Term name="plausible_worlds">{say("rests_on.sets")}</Term>
      </h2>
      <p>{say("rests_on.sets_line", { count, replicates: answer?.replicates ?? replicates, source: source.replace(/^plausible sets: /, "") })}</p>
      <h2>{say("rests_on.limits")}</h2>
      <ul>
        {["forecast", "benefit", "price", "left_out"].map((one) => (
          <li>{say(`rests_on.limit.${one}`)}</li>
        ))}
      </ul>
      <Numbers data={data} answer={answer} outcome={asked(data, props.file.targets)[0]} />
    </article>
  );
}

type Say = ReturnType<typeof useSay>;

/** How many numbers the model has, and how many of them are assumptions. */
export function counted(data: PageData, answer: PlanAnswer | null): { all: number; assumed: number } {
  const { numbers, assumptions } = answer?.rests ?? restsOn(data);
  return { all: numbers, assumed: assumptions };
}

/** "How sure? Moderately: ...": depends on whether plausible worlds agree on the direction, and on how many numbers are assumptions. */
export function howSure({ data, file, answer }: Given, say: Say): string {
  const { all, assumed } = counted(data, answer);
  const first = asked(data, file.targets)[0];
  const gain = answer && levelAt(answer, first, answer.end)?.gain;
  const values = { all, assumed, outcome: outcomeOf(data, first).label };
  if (!gain || answer.planned.total.contacts === 0) return say("rests_on.how_sure.plain", values);
  if (!gain.resolved) return say("rests_on.how_sure.not_yet", values);
  const agree = Math.max(gain.p_beats, 1 - gain.p_beats);
  if (agree < 0.9) return say("rests_on.how_sure.little", values);
  return say(`rests_on.how_sure.${assumed > all / 2 ? "moderately" : "fairly"}`, values);
}

function turnsOn({ data, file, answer }: Given, say: Say): string {
  if (!answer) return say("rests_on.turns_wait");
  const first = asked(data, file.targets)[0];
  const clear = driversOf(answer, first).slice(0, 3);
  if (!clear.length) return say("rests_on.turns_none");
  return say("rests_on.turns", { drivers: list(clear.map((one) => parameterText(data, one.parameter))) });
}

function driversOf(answer: PlanAnswer, outcome: string) {
  return answer.drivers
    .filter((one) => one.outcome === outcome && one.clear)
    .sort((a, b) => Math.abs(b.rho) - Math.abs(a.rho));
}

/** What would change the choice: plausible worlds in which another plan does better, and numbers that move the gain. */
function changes({ data, file, answer, comparison }: Given, say: Say): string[] {
  const first = asked(data, file.targets)[0];
  const outcome = outcomeOf(data, first).label;
  const drivers = answer
    ? driversOf(answer, first).slice(0, 3).map((one) =>
        say(`rests_on.driver_${one.rho > 0 ? "up" : "down"}`, { Parameter: upper(parameterText(data, one.parameter)), outcome }))
    : [];
  const plans = comparison ? beats(comparison, first, outcome, say) : [];
  return plans.length ? [...plans, ...drivers] : [...drivers, ...(file.plans.length < 2 ? [say("rests_on.nothing")] : [])];
}

function beats(comparison: Comparison, name: string, outcome: string, say: Say): string[] {
  return comparison.plans.flatMap(({ plan }) => {
    const paired = plan === comparison.reference ? undefined : differenceOf(comparison, plan, name);
    if (!paired || !Number.isFinite(paired.p_beats)) return [];
    const share = outOf(Math.round(paired.p_beats * paired.sets), paired.sets);
    return [say("rests_on.beats", { plan: quoted(plan), reference: quoted(comparison.reference), outcome, share })];
  });
}

// --- the table ----------------------------------------------------------------------------------------

function Numbers({ data, answer, outcome }: { data: PageData; answer: PlanAnswer | null; outcome: string }) {
  const say = useSay();
  const [text, setText] = useState("");
  const [grade, setGrade] = useState("");
  const [open, setOpen] = useState(false);
  const found = useMemo(() => filtered(data, text, grade), [data, text, grade]);
  const grades = [...new Set(data.parameters.map((one) => one.grade))].sort();
  const input = (event: Event) => setText((event.target as HTMLInputElement).value);
  return (
    <details class="fold" onToggle={(event) => setOpen((event.target as HTMLDetailsElement).open)}>
      <summary>{say("rests_on.table", { all: data.parameters.length })}</summary>
      {open && (
        <>
          <div class="filters">
            <label>
              {say("rests_on.filter")} <input type="search" value={text} onInput={input} />
            </label>
            <label>
              {say("rests_on.grade_filter")}{" "}
              <select value={grade} onChange={(event) => setGrade((event.target as HTMLSelectElement).value)}>
                <option value="">{say("rests_on.every_grade")}</option>
                {grades.map((one) => (
                  <option value={one}>{say(`rests_on.grades.${one}`)}</option>
                ))}
              </select>
            </label>
            <span class="muted small" role="status">
              {say("rests_on.shown", { shown: found.length, all: data.parameters.length })}
            </span>
          </div>
          {found.length ? (
            <NumberTable data={data} answer={answer} outcome={outcome} rows={found} />
          ) : (
            <p class="muted">{say("rests_on.none_found", { text })}</p>
          )}
        </>
      )}
    </details>
  );
}

/** The parameters of a grade whose name, meaning, source or phrase holds every word of a text. */
export function filtered(data: PageData, text: string, grade: string): ParameterAbout[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return data.parameters.filter((one) => {
    const all = `${one.name} ${one.meaning} ${one.source} ${parameterText(data, one.name)}`.toLowerCase();
    return (!grade || one.grade === grade) && words.every((word) => all.includes(word));
  });
}

const COLUMNS = ["number", "value", "range", "unit", "grade", "source", "drives"];

function NumberTable(props: { data: PageData; answer: PlanAnswer | null; outcome: string; rows: ParameterAbout[] }) {
  const { data, answer, outcome, rows } = props;
  const say = useSay();
  const main = answer && mainDriver(answer, outcome);
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label={say("rests_on.table", { all: data.parameters.length })}>
      <table class="numbers-table">
        <thead>
          <tr>
            {COLUMNS.map((name) => (
              <th scope="col" class={name === "value" || name === "range" ? "number" : ""}>
                {say(`rests_on.columns.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr class={one.name === main ? "open-row" : ""}>
              <th scope="row">
                {upper(parameterText(data, one.name))}
                <span class="muted small block">
                  {one.name}: {one.meaning}
                </span>
              </th>
              <td class="number">{digits(one.default)}</td>
              <td class="number">
                {one.low === null || one.high === null ? say("rests_on.fixed") : `${digits(one.low)} to ${digits(one.high)}`}
              </td>
              <td>{one.unit}</td>
              <td>{say(`rests_on.grades.${one.grade}`)}</td>
              <td class="small">{one.source}</td>
              <td>
                <Drive rho={answer?.drivers.find((two) => two.outcome === outcome && two.parameter === one.name)?.rho} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Drive({ rho }: { rho: number | undefined }) {
  if (rho === undefined || !Number.isFinite(rho)) return null;
  const size = Math.abs(rho) * 50;
  return (
    <span class="drive">
      <span class="dot-line" aria-hidden="true">
        <u style={{ left: "50%" }} />
        <i style={{ left: `${rho > 0 ? 50 : 50 - size}%`, width: `${size}%` }} />
      </span>
      <span class="number">{rho > 0 ? "+" : "−"}{Math.abs(rho).toFixed(2)}</span>
    </span>
  );
}
