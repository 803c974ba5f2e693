/** The gain of each region: a dot and its interval, in the planner's order and names. */
import { scaleLinear } from "d3-scale";
import { Skeleton, Term, useSay } from "../ui/widgets";
import { held } from "../model/held";
import { readable } from "../setting/read";
import type { LevelAt, PageData, Plan, PlanAnswer } from "../types";
import { hasLog, outcomeOf, valueOf } from "../words/verdict";
import { fill, longMonth, month, upper } from "../words/text";
import { comparedOutcomes, type Given, Part, shownMore, startText } from "./shared";

export interface RegionsProps extends Given {
  outcome: string;
  onOutcome: (outcome: string) => void;
}

const TOGETHER = new Set(["overall", "worst", "spread"]);

/** The answers for single regions at the end of assistance, in the planner's order. */
export function ofRegions(answer: PlanAnswer, outcome: string): LevelAt[] {
  return answer.levels.filter(
    (one) => one.outcome === outcome && one.week === answer.end && !TOGETHER.has(one.place),
  );
}

interface Row {
  name: string;
  chips: string[];
  mean: number;
  low: number;
  high: number;
  level: number;
}

/** All regions get one kind of interval: over plausible worlds where every region has one, else over the runs. */
export function rowsOf(levels: LevelAt[], plan: Plan, data: PageData): { rows: Row[]; worlds: boolean } {
  const worlds = levels.every((one) => Number.isFinite(one.gain.low));
  const rows = levels.map((one) => ({
    name: readable(one.place, data.words),
    chips: situation(one.place, plan, data),
    mean: one.gain.mean,
    low: worlds ? one.gain.low : one.gain_p05,
    high: worlds ? one.gain.high : one.gain_p95,
    level: one.mean,
  }));
  return { rows, worlds };
}

/** What is special about a region: its events, and whether it has numbers of its own. */
export function situation(region: string, plan: Plan, data: PageData): string[] {
  const { scenario } = plan;
  const events: any[] = (scenario.shocks ?? []).filter((one: any) => one.region === region);
  const words = data.words.results.regions;
  const own = Object.keys(held<any>(scenario.regions?.overrides, region) ?? {}).filter((field) => field !== "staff");
  return [
    ...events.map((one) => {
      const kind = one.kind === "demand_rise" && one.by < 0 ? "demand_fall" : one.kind;
      return fill(words.events[kind] ?? words.events.other, { when: month(one.week, startText(plan)) });
    }),
    ...(own.length ? [words.own] : []),
  ];
}

export function Regions(props: RegionsProps) {
  const { data, file, plan, answer, outcome } = props;
  const say = useSay();
  const about = outcomeOf(data, outcome);
  const choices = [...comparedOutcomes(data, file), ...shownMore(data, file)];
  const levels = answer ? ofRegions(answer, outcome) : [];
  const { rows, worlds } = rowsOf(levels, plan, data);
  const sub = answer && rows.length > 1 && {
    what: say(`results.regions.${worlds ? "worlds" : "runs"}`),
    when: upper(longMonth(answer.end, startText(plan))),
    other: say(`results.regions.${hasLog(answer) ? "stopping" : "without"}`),
  };
  return (
    <Part
      id="regions"
      title={say("results.regions.title", { outcome: about.label })}
      sub={sub ? say("results.regions.sub", sub) : undefined}
      tools={<OutcomeChoice {...props} choices={choices} />}
    >
      {!answer ? (
        <Skeleton height="14rem" />
      ) : rows.length < 2 ? (
        <p class="muted">{say("results.regions.one")}</p>
      ) : (
        <Dots rows={rows} text={(value) => valueOf(about, value, file.currency, true)} name={about.name} />
      )}
    </Part>
  );
}

function OutcomeChoice({ data, outcome, onOutcome, choices }: RegionsProps & { choices: string[] }) {
  const say = useSay();
  return (
    <label class="choice">
      <span class="unseen">{say("results.regions.outcome")}</span>
      <select value={outcome} onChange={(event) => onOutcome((event.target as HTMLSelectElement).value)}>
        {choices.map((name) => (
          <option value={name} selected={name === outcome}>
            {upper(outcomeOf(data, name).label)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Dots({ rows, text, name }: { rows: Row[]; text: (value: number) => string; name: string }) {
  const say = useSay();
  const ends = rows.flatMap((row) => [row.low, row.high, row.mean]).filter(Number.isFinite);
  const scale = scaleLinear([Math.min(0, ...ends), Math.max(0, ...ends)], [0, 100]).nice(4);
  const ticks = scale.ticks(3);
  return (
    <table class="dots-table">
      <thead>
        <tr>
          <th scope="col">{say("results.regions.region")}</th>
          <td class="dots-head">
            <span class="dots-axis" aria-hidden="true">
              {ticks.map((tick) => (
                <span style={{ left: `${scale(tick)}%` }}>{tick === 0 ? "0" : text(tick)}</span>
              ))}
            </span>
          </td>
          <th scope="col" class="number">
            <Term name="gain">{say("results.regions.gain")}</Term>
          </th>
        </tr>
      </thead>
      <tbody data-outcome={name}>
        {rows.map((row) => (
          <tr>
            <th scope="row">
              <span class={row.name.length < 16 ? "name" : "name-long"}>{row.name}</span>
              {row.chips.map((chip) => (
                <span class="situation">{chip}</span>
              ))}
            </th>
            <td class="dots-cell">
              <DotLine low={scale(row.low)} mean={scale(row.mean)} high={scale(row.high)} zero={scale(0)} ticks={ticks.map(scale)} special={row.chips.length > 0} />
            </td>
            <td class="number">
              {text(row.mean)}{" "}
              <span class="muted wide-only">
                ({text(row.low)} to {text(row.high)})
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A dot on its interval, drawn in percent of the cell's width. */
export function DotLine(props: {
  low: number;
  mean: number;
  high: number;
  zero: number;
  ticks: number[];
  special?: boolean;
  open?: boolean;
  thin?: boolean; // a thin line marks the other kind of interval
}) {
  const told = Number.isFinite(props.low) && Number.isFinite(props.high);
  const kind = `${props.special ? "special" : ""} ${props.open === false ? "other" : ""} ${props.thin ? "thin" : ""}`;
  return (
    <span class={`dot-line ${kind}`} aria-hidden="true">
      {props.ticks.map((tick) => (
        <s style={{ left: `${tick}%` }} />
      ))}
      <u style={{ left: `${props.zero}%` }} />
      {told && <i style={{ left: `${props.low}%`, width: `${props.high - props.low}%` }} />}
      {Number.isFinite(props.mean) && <b style={{ left: `${props.mean}%` }} />}
    </span>
  );
}
