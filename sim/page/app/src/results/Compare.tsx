/** Named plans side by side: a verdict on every outcome, their costs, and their differences as dots on intervals. */
import { scaleLinear } from "d3-scale";
import { Skeleton, Term, useSay } from "../ui/widgets";
import type { Comparison, Limit, Paired, PlanAnswer } from "../types";
import { aYear, compared, differenceOf, outcomeOf, perYear, valueOf } from "../words/verdict";
import { list, longMonth, outOf, upper, wholeMoney } from "../words/text";
import { DotLine } from "./Regions";
import { comparedOutcomes, type Given, label, letter, Part, startText } from "./shared";

export interface CompareProps extends Given {
  onReference: (plan: string) => void;
  onOpen: (plan: string) => void;
}

export function Compare(props: CompareProps) {
  const { file, comparison } = props;
  const say = useSay();
  const title = say("results.compare.title");
  if (file.plans.length < 2) {
    return (
      <Part id="compare" title={title}>
        <p class="muted">{say("results.compare.only_one")}</p>
      </Part>
    );
  }
  return (
    <Part id="compare" title={title} sub={<Sub {...props} />} tools={<ReferenceChoice {...props} />}>
      <Plans {...props} />
      {comparison ? <Sentences {...props} comparison={comparison} /> : <Skeleton height="4rem" />}
      {comparison && <Differences {...props} comparison={comparison} />}
      {comparison && <Limits comparison={comparison} />}
    </Part>
  );
}

export function referenceOf({ file, comparison }: CompareProps): string {
  return comparison?.reference ?? file.reference ?? file.plans[0].name;
}

function Sub(props: CompareProps) {
  const say = useSay();
  const ends = new Set(props.comparison?.plans.map((one) => one.end) ?? []);
  const when =
    ends.size === 1
      ? say("results.compare.in", { when: longMonth([...ends][0], startText(props.plan)) })
      : say("results.compare.end");
  return <>{say("results.compare.sub", { reference: `“${referenceOf(props)}”`, when })}</>;
}

function ReferenceChoice(props: CompareProps) {
  const say = useSay();
  const value = referenceOf(props);
  return (
    <label class="choice">
      <span class="muted small">{say("results.compare.reference")}</span>
      <select value={value} onChange={(event) => props.onReference((event.target as HTMLSelectElement).value)}>
        {props.file.plans.map((plan, place) => (
          <option value={plan.name} selected={plan.name === value}>
            {letter(place)} {plan.name}
          </option>
        ))}
      </select>
    </label>
  );
}

// --- the table ---------------------------------------------------------------------------------------

function Plans(props: CompareProps) {
  const { data, file, comparison } = props;
  const say = useSay();
  const names = comparedOutcomes(data, file);
  const many = file.targets.length > 1;
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label={say("results.compare.title")}>
      <table class="plans-table">
        <thead>
          <tr>
            <th scope="col">{say("results.compare.plan")}</th>
            {names.map((name) => (
              <th scope="col">
                <Term name={name}>{upper(label(data, name))}</Term>
              </th>
            ))}
            <th scope="col" class="number">
              <Term name="planned_cost">{say("results.compare.center")}</Term>
            </th>
            <th scope="col" class="number">
              {say("results.compare.regions")}
            </th>
            {file.targets.map((_, place) => (
              <th scope="col" class="number">
                {many ? say("results.compare.target_n", { number: place + 1 }) : say("results.compare.target")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {file.plans.map((plan, place) => (
            <PlanRow
              {...props}
              place={place}
              name={plan.name}
              names={names}
              found={comparison?.plans.find((one) => one.plan === plan.name) ?? null}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = CompareProps & { place: number; name: string; names: string[]; found: PlanAnswer | null };

function PlanRow(props: RowProps) {
  const { file, comparison, place, name, names, found } = props;
  const say = useSay();
  const reference = referenceOf(props);
  const text = (value: number) => wholeMoney(value, file.currency);
  return (
    <tr class={name === file.open ? "open-row" : ""}>
      <th scope="row">
        <span class="plan-cell">
          <b>{letter(place)}</b>{" "}
          <span>
            {name === file.open ? (
              <bdi class="plan-name">{name}</bdi>
            ) : (
              <button type="button" class="link" onClick={() => props.onOpen(name)}>
                <bdi>{name}</bdi>
              </button>
            )}{" "}
            {name === reference && <span class="chip">{say("results.compare.is_reference")}</span>}
          </span>
        </span>
      </th>
      {names.map((outcome) => (
        <td>
          <VerdictCell {...props} outcome={outcome} paired={comparison ? differenceOf(comparison, name, outcome) : undefined} />
        </td>
      ))}
      {found ? (
        <>
          <td class="number">{text(perYear(found))}</td>
          <td class="number">{text(aYear(found.planned.total.regions, found.planned.weeks))}</td>
          {found.targets.map((one) => (
            <td class="number">{outOf(one.share.hits, one.share.runs)}</td>
          ))}
        </>
      ) : (
        <td colSpan={2 + file.targets.length} class="muted number">
          {say("results.compare.waiting")}
        </td>
      )}
    </tr>
  );
}

const LOOK: Record<string, [string, string]> = {
  better: ["good", "▲"],
  worse: ["bad", "▼"],
  higher: ["", "▲"],
  lower: ["", "▼"],
  "about the same": ["muted", "="],
  "not clear yet": ["muted", "?"],
  "-": ["muted", ""],
};

function VerdictCell(props: RowProps & { outcome: string; paired: Paired | undefined }) {
  const { data, file, found, outcome, paired } = props;
  const say = useSay();
  const about = outcomeOf(data, outcome);
  if (props.name === referenceOf(props)) {
    const level = found?.levels.find((one) => one.outcome === outcome && one.place === "overall" && one.week === found.end);
    return level ? <span>{valueOf(about, level.mean, file.currency)}</span> : <span class="muted">…</span>;
  }
  if (!paired) return <span class="muted">…</span>;
  const [look, sign] = LOOK[paired.verdict];
  return (
    <>
      <span class={`verdict-word ${look}`}>
        <span aria-hidden="true">{sign}</span> {say(`results.compare.verdicts.${paired.verdict}`)}
      </span>{" "}
      <span class="small muted difference">{valueOf(about, paired.mean, file.currency, true)}</span>
    </>
  );
}

// --- in sentences, and drawn --------------------------------------------------------------------------

function Sentences(props: CompareProps & { comparison: Comparison }) {
  const { data, file, comparison } = props;
  const names = comparedOutcomes(data, file);
  const others = comparison.plans.filter((one) => one.plan !== comparison.reference);
  return (
    <ul class="plan-sentences">
      {others.map((one) => (
        <li>{compared(data, file, comparison, one.plan, names).join(" ")}</li>
      ))}
    </ul>
  );
}

/** The list of reasons why the plans cannot be compared like for like. */
function Limits({ comparison }: { comparison: Comparison }) {
  const say = useSay();
  if (!comparison.limits.length) return null;
  return (
    <ul class="limits small">
      {comparison.limits.map((one) => (
        <li class={one.what === "unusable" ? "bad" : "muted"}>{limitText(one, say)}</li>
      ))}
    </ul>
  );
}

export function limitText(limit: Limit, say: ReturnType<typeof useSay>): string {
  if (limit.what === "horizons") return say("results.compare.limits.horizons", { common: limit.common });
  const plan = `“${limit.plan}”`;
  if (limit.what === "unusable") {
    return say("results.compare.limits.unusable", { plan, problem: limit.problems[0]?.text ?? "" });
  }
  const fields = list(limit.fields.map((name) => say(`results.compare.fields.${name}`)));
  return say(`results.compare.limits.${limit.what}`, { plan, fields });
}

function Differences(props: CompareProps & { comparison: Comparison }) {
  const { data, file, comparison } = props;
  const say = useSay();
  const names = comparedOutcomes(data, file);
  const others = file.plans
    .map((plan, place) => ({ plan: plan.name, place }))
    .filter(({ plan }) => plan !== comparison.reference && comparison.plans.some((one) => one.plan === plan));
  if (!others.length) return null;
  const thin = comparison.differences.some((one) => names.includes(one.outcome) && !Number.isFinite(one.paired.low));
  return (
    <div class="differences" role="group" aria-label={say("results.compare.dots")}>
      {names.map((name) => (
        <Panel
          title={upper(label(data, name))}
          rows={others.map(({ plan, place }) => ({
            plan,
            letter: letter(place),
            open: plan === file.open,
            paired: differenceOf(comparison, plan, name),
          }))}
          text={(value) => valueOf(outcomeOf(data, name), value, file.currency, true)}
          same={say("results.compare.same_as", { reference: comparison.reference })}
        />
      ))}
      {thin && <p class="small muted">{say("results.compare.thin")}</p>}
    </div>
  );
}

interface PanelRow {
  plan: string;
  letter: string;
  open: boolean;
  paired: Paired | undefined;
}

/** The interval of a difference: over plausible worlds where there is one, else of the mean. */
function ends(paired: Paired): [number, number] {
  return Number.isFinite(paired.low) ? [paired.low, paired.high] : [paired.mean_low, paired.mean_high];
}

function Panel({ title, rows, text, same }: { title: string; rows: PanelRow[]; text: (value: number) => string; same: string }) {
  const values = rows.flatMap(({ paired }) => (paired ? [...ends(paired), paired.mean] : [])).filter(Number.isFinite);
  const margins = rows.map(({ paired }) => paired?.margin ?? 0).filter(Number.isFinite);
  const most = Math.max(1e-9, ...margins, ...values.map(Math.abs)); // the margin keeps unimportant differences small
  const scale = scaleLinear([-most, most], [0, 100]).nice(4);
  const ticks = scale.ticks(4);
  return (
    <figure class="panel">
      <figcaption>{title}</figcaption>
      {rows.map(({ plan, letter: sign, open, paired }) => {
        const [low, high] = paired ? ends(paired) : [NaN, NaN];
        const said = paired ? `${text(paired.mean)} (${text(low)} to ${text(high)})` : "";
        return (
          <div class="panel-row" title={`${plan}: ${said}`}>
            <b aria-hidden="true">{sign}</b>
            <span class="unseen">
              {title}, {plan}: {said}
            </span>
            <DotLine
              low={scale(low)}
              mean={scale(paired ? paired.mean : NaN)}
              high={scale(high)}
              zero={scale(0)}
              ticks={ticks.map(scale)}
              open={open}
              thin={paired !== undefined && !Number.isFinite(paired.low)}
            />
          </div>
        );
      })}
      <div class="panel-axis" aria-hidden="true">
        <span class="dots-axis">
          {ticks.filter((tick, place) => tick === 0 || place === 0 || place === ticks.length - 1).map((tick) => (
            <span style={{ left: `${scale(tick)}%` }} title={tick === 0 ? same : undefined}>
              {tick === 0 ? "0" : text(tick)}
            </span>
          ))}
        </span>
      </div>
    </figure>
  );
}
