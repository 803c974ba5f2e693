/** When the plan begins, how long assistance goes on, and how long outcomes are followed. */
import { useState } from "preact/hooks";
import * as edits from "./edits";
import { Button, Choice, Group, NumberField } from "./fields";
import type { Panel } from "./panel";
import { endOfTa, horizonOf, loggedWeeks, rangeOf, startOf } from "./read";
import { dayName, monthsOf, nameOfMonth, weeksOf, wholeMonths } from "./weeks";
import { weekText } from "./weekchoice";
import { lengthOf } from "./words";

export function When({ panel }: { panel: Panel }) {
  const { scenario, data, t } = panel;
  const end = endOfTa(scenario, data.schema);
  const horizon = horizonOf(scenario, data.schema);
  return (
    <Group name="when" title={t("when.title")} summary={whenSummary(panel)}>
      <Start panel={panel} />
      <End panel={panel} end={end} horizon={horizon} />
      <Horizon panel={panel} end={end} horizon={horizon} />
    </Group>
  );
}

export function whenSummary(panel: Panel): string {
  const { scenario, data, t } = panel;
  const horizon = horizonOf(scenario, data.schema);
  const end = endOfTa(scenario, data.schema);
  const until = weekText(panel, horizon, "last");
  if (startOf(scenario)) {
    return t("when.summary_dated", { from: weekText(panel, 1), to: weekText(panel, end, "last"), until });
  }
  return t("when.summary", { length: lengthOf(end, data), until: lengthOf(horizon, data) });
}

function Start({ panel }: { panel: Panel }) {
  const { scenario, edits: write, t } = panel;
  const start = startOf(scenario);
  const label = t("step.start");
  if (!start) {
    const begin = () => {
      const next = new Date();
      const month = next.getMonth() + 1;
      write.scenario(label, (one) => edits.setStartMonth(one, next.getFullYear() + Math.floor(month / 12), month % 12));
    };
    return (
      <p class="set-line">
        {t("when.no_date")} <Button onPress={begin}>{t("when.give_date")}</Button>
      </p>
    );
  }
  if (loggedWeeks(scenario)) {
    return <p class="set-line">{t("when.of_log", { date: dayName(start) })}</p>;
  }
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
  const months = Array.from({ length: 12 }, (_, i) => ({ value: String(i), label: nameOfMonth(i + 1) }));
  const needed = edits.needsStart(scenario);
  return (
    <>
      <div class="set-row">
        <Choice
          label={t("when.month")}
          value={String(month)}
          options={months}
          onValue={(value) => write.scenario(label, (one) => edits.setStartMonth(one, year, Number(value)))}
        />
        <NumberField
          panel={panel}
          label={t("when.year")}
          value={year}
          limits={{ minimum: 1970, maximum: 2200, whole: true }}
          narrow
          onValue={(value) => write.scenario(label, (one) => edits.setStartMonth(one, value, month), "start")}
        />
      </div>
      <p class="set-hint">
        {t("when.week_one", { date: dayName(start) })}{" "}
        {needed ? (
          t("when.date_needed")
        ) : (
          <button type="button" class="link" onClick={() => write.scenario(label, (one) => edits.withStart(one, null))}>
            {t("when.without_date")}
          </button>
        )}
      </p>
    </>
  );
}

function End({ panel, end, horizon }: { panel: Panel; end: number; horizon: number }) {
  const { scenario, data, edits: write, t } = panel;
  const moving = edits.movers(scenario, data.schema).length;
  const all = (scenario.dosage ?? []).length;
  if (!moving) return <p class="set-hint">{t("when.no_contacts")}</p>;
  const range = edits.endRange(scenario, data.schema);
  const stay = all - moving;
  const change = (week: number) =>
    write.scenario(t("step.end"), (one) => edits.setEnd(one, week, data.schema), "end");
  return (
    <>
      <LengthField
        panel={panel}
        label={t("when.assistance")}
        weeks={end}
        range={range}
        why={t("when.end_range", { horizon: lengthOf(horizon, data) })}
        onWeeks={change}
      />
      <p class="set-hint">
        {t("when.last_contact", { month: weekText(panel, end, "last") })}
        {stay > 0 && ` ${t("when.others_stay", { count: stay })}`}
      </p>
    </>
  );
}

function Horizon({ panel, end, horizon }: { panel: Panel; end: number; horizon: number }) {
  const { scenario, data, edits: write, t } = panel;
  const { maximum } = rangeOf(data.schema, "", "horizon_weeks");
  const after = horizon - end;
  const change = (weeks: number) => write.scenario(t("step.horizon"), (one) => edits.setHorizon(one, weeks), "horizon");
  return (
    <>
      <LengthField
        panel={panel}
        label={t("when.looked_at")}
        weeks={horizon}
        range={{ minimum: edits.leastHorizon(scenario), maximum }}
        why={t("when.horizon_range")}
        onWeeks={change}
      />
      <p class="set-hint">
        {after > 0
          ? t("when.after", { month: weekText(panel, horizon, "last"), length: lengthOf(after, data) })
          : t("when.not_after", { month: weekText(panel, horizon, "last") })}
      </p>
    </>
  );
}

interface LengthProps {
  panel: Panel;
  label: string;
  weeks: number;
  range: edits.Span;
  why: string;
  onWeeks(weeks: number): void;
}

/** A number of weeks, shown in months only where these are whole, so that the number shown is the one used. */
function LengthField({ panel, label, weeks, range, why, onWeeks }: LengthProps) {
  const { t } = panel;
  const [wanted, setWanted] = useState<"months" | "weeks">("months");
  const months = wholeMonths(weeks);
  const unit = months === null ? "weeks" : wanted;
  const limits =
    unit === "weeks"
      ? range
      : { minimum: leastMonths(range.minimum), maximum: mostMonths(range.maximum) };
  const units = (["months", "weeks"] as const).map((value) => ({
    value,
    label: t(`when.${value}`),
    disabled: value === "months" && months === null,
  }));
  return (
    <div class="set-row">
      <NumberField
        panel={panel}
        label={label}
        value={unit === "weeks" ? weeks : months}
        limits={{ ...limits, whole: true }}
        why={why}
        onValue={(value) => onWeeks(unit === "weeks" ? value : weeksOf(value))}
      />
      <Choice label={t("when.unit", { what: label })} quiet value={unit} options={units} onValue={(value) => setWanted(value as "months")} />
    </div>
  );
}

function leastMonths(weeks: number): number {
  const months = Math.max(1, Math.floor(monthsOf(weeks)));
  return weeksOf(months) >= weeks ? months : months + 1;
}

function mostMonths(weeks: number): number {
  const months = Math.ceil(monthsOf(weeks));
  return weeksOf(months) <= weeks ? months : months - 1;
}
