/** The targets, at most three: each has an outcome, a level, a point in time, and how surely it is to be reached. */
import type { OutcomeAbout, Target } from "../types";
import * as edits from "./edits";
import { Button, Choice, Group, NumberField } from "./fields";
import type { Panel } from "./panel";
import { endOfTa, horizonOf } from "./read";
import { capital, shown } from "./say";
import { sayLost } from "./Regions";
import { weekText } from "./weekchoice";

const MOST = 3;
const SURE = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

export function Targets({ panel }: { panel: Panel }) {
  const { data, file, edits: write, t } = panel;
  const add = () => {
    const taken = new Set(file.targets.map((one) => one.outcome));
    const heads = data.outcomes.filter((one) => one.headline && one.kind === "level");
    const outcome = heads.find((one) => !taken.has(one.name)) ?? heads[0] ?? data.outcomes[0];
    const target: Target = { outcome: outcome.name, at_least: suggested(panel, outcome), when: "end_of_ta", sure: 0.7 };
    write.file(t("step.add_target"), (one) => edits.addTarget(one, target));
  };
  return (
    <Group name="targets" title={t("targets.title")} summary={targetsSummary(panel)}>
      {file.targets.length === 0 && <p class="set-hint">{t("targets.none_yet")}</p>}
      <ul class="set-targets">
        {file.targets.map((_, i) => (
          <TargetRow key={i} panel={panel} index={i} />
        ))}
      </ul>
      {file.targets.length < MOST && (
        <div class="set-actions">
          <Button kind="quiet" onPress={add}>
            {t("targets.add")}
          </Button>
        </div>
      )}
    </Group>
  );
}

/** Outcomes that can be targets: those with an upper limit and a better direction, the main ones first. Hours, money
 * and counts of contacts are what a plan uses, not what it is to reach. The chosen outcome is always among them.
 */
export function targetOutcomes(outcomes: readonly OutcomeAbout[], chosen: string): OutcomeAbout[] {
  const fit = outcomes.filter((one) => one.name === chosen || (one.high !== null && one.better !== "neither"));
  return [...fit.filter((one) => one.headline), ...fit.filter((one) => !one.headline)];
}

/** The level suggested for a new target: the plan's present mean, else the middle of the outcome's range. */
function suggested(panel: Panel, outcome: OutcomeAbout): number {
  const answer = panel.answer;
  const level = answer?.levels.find((one) => one.outcome === outcome.name && one.place === "overall" && one.week === answer.end);
  if (level && Number.isFinite(level.mean)) return Number(level.mean.toFixed(outcome.high === 1 ? 2 : 0));
  return outcome.high === null ? outcome.low : Number(((outcome.low + outcome.high) / 2).toFixed(2));
}

function TargetRow({ panel, index }: { panel: Panel; index: number }) {
  const { scenario, data, file, edits: write, t } = panel;
  const target = file.targets[index];
  const about = data.outcomes.find((one) => one.name === target.outcome);
  const set = (patch: Partial<Target>, id?: string) =>
    write.file(t("step.target"), (one) => edits.setTarget(one, index, patch), id && `targets.${index}.${id}`);
  const outcomes = targetOutcomes(data.outcomes, target.outcome).map((one) => ({
    value: one.name,
    label: capital(one.label),
    group: t(`targets.groups.${one.headline ? "main" : "more"}`),
  }));
  const sure = [...new Set([...SURE, target.sure])].sort((a, b) => a - b);
  const weeks = { end_of_ta: endOfTa(scenario, data.schema), horizon: horizonOf(scenario, data.schema) };
  const whens = (["end_of_ta", "horizon"] as const).map((value) => ({
    value,
    label: t(`targets.when.${value}`, { month: weekText(panel, weeks[value], "last") }),
  }));
  const remove = () => {
    write.file(t("step.remove_target"), (one) => edits.removeTarget(one, index));
    sayLost(panel, t("targets.removed", { what: targetText(panel, target) }), []);
  };
  return (
    <li>
      <Choice
        label={t("targets.outcome")}
        value={target.outcome}
        options={outcomes}
        onValue={(outcome) => {
          const next = data.outcomes.find((one) => one.name === outcome)!;
          set({ outcome, at_least: suggested(panel, next) });
        }}
      />
      {about && <p class="set-hint">{t("targets.meaning", { meaning: capital(about.meaning) })}</p>}
      <div class="set-row">
        <NumberField
          panel={panel}
          label={t(about?.better === "less" ? "targets.at_most" : "targets.at_least")}
          narrow
          step={about?.high === 1 ? 0.01 : 1}
          value={target.at_least}
          limits={{ minimum: about?.low ?? -Infinity, maximum: about?.high ?? Infinity }}
          onValue={(at_least) => set({ at_least }, "level")}
        />
        <Choice label={t("targets.by")} wide value={target.when} options={whens} onValue={(when) => set({ when: when as Target["when"] })} />
      </div>
      <div class="set-row">
        <Choice
          label={t("targets.sure")}
          value={String(target.sure)}
          options={sure.map((one) => ({ value: String(one), label: sureText(panel, one) }))}
          onValue={(value) => set({ sure: Number(value) })}
        />
        <Button kind="danger" label={t("targets.remove_of", { what: targetText(panel, target) })} onPress={remove}>
          {t("targets.remove")}
        </Button>
      </div>
    </li>
  );
}

/** The required share of runs in words: 0.7 is "in 7 of 10". */
function sureText(panel: Panel, sure: number, form: "runs" | "short" = "runs"): string {
  const whole = (of: number) => Math.abs(sure * of - Math.round(sure * of)) < 1e-9;
  const of = [10, 20, 100].find(whole);
  return of ? panel.t(`targets.in.${form}`, { hits: Math.round(sure * of), of }) : panel.t("targets.in_percent", { share: shown(sure * 100) });
}

export function targetText(panel: Panel, target: Target): string {
  const { scenario, data, t } = panel;
  const about = data.outcomes.find((one) => one.name === target.outcome);
  const week = target.when === "horizon" ? horizonOf(scenario, data.schema) : endOfTa(scenario, data.schema);
  return t("targets.summary", {
    outcome: capital(about?.label ?? target.outcome),
    sign: about?.better === "less" ? "≤" : "≥",
    level: shown(target.at_least),
    month: weekText(panel, week, "last"),
    sure: sureText(panel, target.sure, "short"),
  });
}

export function targetsSummary(panel: Panel): string {
  const { file, t } = panel;
  if (!file.targets.length) return t("targets.none");
  const first = targetText(panel, file.targets[0]);
  return file.targets.length === 1 ? first : t("targets.summary_more", { first, count: file.targets.length - 1 });
}
