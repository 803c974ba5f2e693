/** The verdict: what the plan achieves and costs, in sentences and four tiles. */
import type { ComponentChildren } from "preact";
import { Skeleton, Term, useSay } from "../ui/widgets";
import type { PlanAnswer } from "../types";
import { placeholders, PRICES, readable } from "../setting/read";
import { aYear, hasContacts, isEven, leastSure, spendOf, sureText, targetText, verdict } from "../words/verdict";
import { about, hours, outOf, percent, upper, wholeMoney } from "../words/text";
import { type Given, startText } from "./shared";

export interface VerdictProps extends Given {
  busy: boolean;
  error?: string | null;
  onAgain?: () => void;
}

export function Verdict(props: VerdictProps) {
  const say = useSay();
  return (
    <section class="verdict" aria-label={say("results.verdict_name")} aria-busy={props.busy}>
      <div class="verdict-words" aria-live="polite">
        {props.error ? <Fault {...props} /> : props.answer ? <Words {...props} answer={props.answer} /> : <Waiting />}
      </div>
      {!props.error && <Tiles {...props} />}
    </section>
  );
}

function Words({ data, file, plan, answer }: VerdictProps & { answer: PlanAnswer }) {
  const say = useSay();
  const start = startText(plan);
  const dated = { ...plan, scenario: { ...plan.scenario, ...(start ? { start_date: start } : {}) } };
  const { headline, text } = verdict({ data, file, plan: dated, answer });
  const all = answer.sets * answer.replicates;
  return (
    <>
      <h1>{headline}</h1>
      <p>{text.join(" ")}</p>
      {!answer.stands && (
        <p class="small muted">{say("results.refining", { made: answer.runs, all: Math.max(all, answer.runs) })}</p>
      )}
      {answer.failed > 0 && (
        <p class="small warn">
          {say(`results.failed_runs.${answer.failed === 1 ? "one" : "other"}`, { count: answer.failed })}
        </p>
      )}
    </>
  );
}

function Waiting() {
  const say = useSay();
  return (
    <div class="verdict-waiting">
      <span class="unseen">{say("results.working")}</span>
      <Skeleton height="1.5rem" width="92%" />
      <Skeleton height="1.5rem" width="64%" />
      <Skeleton height="1rem" width="86%" />
      <Skeleton height="1rem" width="74%" />
    </div>
  );
}

function Fault({ error, onAgain }: VerdictProps) {
  const say = useSay();
  return (
    <div role="alert">
      <h1>{say("results.error", { reason: error! })}</h1>
      <p>{say("results.error_kept")}</p>
      {onAgain && (
        <button type="button" onClick={onAgain}>
          {say("results.again")}
        </button>
      )}
    </div>
  );
}

// --- tiles -------------------------------------------------------------------------------------------

interface TileProps {
  label: ComponentChildren;
  value?: string;
  after?: string;
  notes?: string[];
  share?: number | null; // filled share of the bar, 0 to 1; null: no bar
  mark?: number | null; // position of a mark on the bar, 0 to 1
  state?: "good" | "warn" | "bad" | "plain";
  word?: string; // the meaning of the colour as a word
}

function Tile({ label, value, after, notes = [], share = null, mark = null, state = "plain", word }: TileProps) {
  const part = share === null ? 0 : Math.max(0, Math.min(1, share));
  return (
    <div class="tile">
      <div class="tile-label">{label}</div>
      {value === undefined ? (
        <Skeleton height="1.6rem" width="60%" />
      ) : (
        <div class="tile-value">
          <b>{value}</b> {after && <span class="muted">{after}</span>}
        </div>
      )}
      {value !== undefined && share !== null && (
        <div class="tile-bar" aria-hidden="true">
          <i class={state} style={{ width: `${100 * part}%` }} />
          {mark !== null && <u style={{ left: `${100 * mark}%` }} />}
        </div>
      )}
      {value !== undefined && word && <div class={`tile-note ${state}`}>{word}</div>}
      {value !== undefined && notes.map((note) => <div class="tile-note">{note}</div>)}
    </div>
  );
}

function Tiles(props: VerdictProps) {
  return (
    <div class="tiles">
      <CenterTile {...props} />
      <RegionsTile {...props} />
      <TargetTile {...props} />
      <DiariesTile {...props} />
    </div>
  );
}

const CENTRE_PRICES = ["provider_hour", "travel_visit"];

function CenterTile({ answer, file, plan }: VerdictProps) {
  const say = useSay();
  const payer = file.budget.a_year !== null && file.budget.of === "all" ? "all" : "center";
  if (!answer) return <Tile label={say(`results.tiles.${payer}_a_year`)} />;
  const spend = spendOf(answer, file.budget);
  const text = (value: number) => wholeMoney(value, file.currency);
  const expected = payer === "all" ? answer.expected.money : answer.expected.centre;
  const shownExpected = spend.oneYear ? expected : aYear(expected, answer.planned.weeks);
  const even = isEven(spend);
  return (
    <Tile
      label={<Term name="planned_cost">{say(`results.tiles.${payer}_${spend.oneYear ? "in_all" : "a_year"}`)}</Term>}
      value={text(spend.oneYear ? spend.total : spend.aYear)}
      after={spend.limit === null ? undefined : say("results.tiles.of_budget", { limit: text(spend.limit) })}
      share={spend.limit === null ? null : spend.limit > 0 ? spend.most / spend.limit : 1}
      state={spend.state === "not" ? "bad" : "good"}
      word={
        spend.state === "none"
          ? undefined
          : spend.state === "met"
            ? say(`results.cost.${even ? "within" : "within_each"}`)
            : say(`results.cost.${even ? "over" : "over_dearest"}`, { over: text(spend.most - spend.limit!) })
      }
      notes={[
        ...(even ? [] : [say("results.tiles.dearest", { most: text(spend.most) })]),
        say("results.tiles.expected", { value: about(shownExpected, file.currency) }),
        ...(placeholders(plan.scenario, payer === "all" ? PRICES : CENTRE_PRICES) ? [say("results.tiles.placeholders")] : []),
      ]}
    />
  );
}

function RegionsTile({ answer, file, plan }: VerdictProps) {
  const say = useSay();
  if (!answer) return <Tile label={say("results.tiles.regions_a_year")} />;
  const { planned } = answer;
  const one = planned.years.length < 2;
  const each = (value: number) => (one ? value : aYear(value, planned.weeks));
  return (
    <Tile
      label={say(`results.tiles.regions_${one ? "in_all" : "a_year"}`)}
      value={wholeMoney(each(planned.total.regions), file.currency)}
      notes={[
        say("results.tiles.hours", { hours: hours(each(planned.total.staff_hours)) }),
        say("results.tiles.expected", { value: about(each(answer.expected.regions), file.currency) }),
        ...(placeholders(plan.scenario, ["staff_hour"]) ? [say("results.tiles.placeholders")] : []),
      ]}
    />
  );
}

const MET = { met: "good", "by the estimate": "warn", "not met": "bad" } as const;

function TargetTile({ answer, file, data, plan }: VerdictProps) {
  const say = useSay();
  const many = file.targets.length > 1;
  const name = many ? say("results.tiles.targets", { count: file.targets.length }) : say("results.tiles.target");
  const title = <Term name="target">{name}</Term>;
  if (!file.targets.length)
    return <Tile label={title} value={say("results.tiles.no_target")} notes={[say("results.tiles.set_target")]} />;
  const worst = answer && leastSure(answer.targets);
  if (!worst) return <Tile label={title} />;
  return (
    <Tile
      label={title}
      value={outOf(worst.share.hits, worst.share.runs)}
      after={say("results.tiles.runs")}
      share={worst.share.p}
      mark={worst.target.sure}
      state={MET[worst.met]}
      word={`${upper(say(`results.met.${worst.met}`))}; ${say("results.tiles.asked", { asked: sureText(worst.target.sure) })}`}
      notes={[upper(targetText(data, worst, startText(plan), file.currency))]}
    />
  );
}

function DiariesTile({ answer, data }: VerdictProps) {
  const say = useSay();
  const title = <Term name="provider_load">{say("results.tiles.diaries")}</Term>;
  if (!answer) return <Tile label={title} />;
  const { shares, fullest, free } = diaries(answer);
  const most = Math.max(0, ...shares.map((one) => one.share));
  const mean = shares.length ? shares.reduce((sum, one) => sum + one.share, 0) / shares.length : 0;
  return (
    <Tile
      label={title}
      value={percent(mean)}
      after={say("results.tiles.full")}
      share={mean}
      mark={most > 0 && most < 1 ? most : null}
      state={most > 1 ? "bad" : "good"}
      notes={[
        ...(fullest && hasContacts(answer)
          ? [say("results.tiles.fullest", { value: percent(most), name: readable(fullest, data.words) })]
          : []),
        say("results.tiles.unused", { hours: hours(Math.max(0, free)) }),
      ]}
    />
  );
}

/** How full the plan makes the providers' diaries: hours used, and their share of the hours that each has over its weeks. */
export function diaries(answer: PlanAnswer) {
  const years = Math.max(1, answer.planned.weeks) / 52;
  const shares = answer.planned.by_provider.map(({ name, hours: byYear, has }) => {
    const used = byYear.reduce((sum, one) => sum + one, 0);
    const all = has * years;
    return { name, used, all, share: all > 0 ? used / all : used > 0 ? Infinity : 0 };
  });
  const fullest = [...shares].sort((a, b) => b.share - a.share)[0]?.name;
  const free = shares.reduce((sum, one) => sum + Math.max(0, one.all - one.used), 0) / years;
  return { shares, fullest, free };
}
