/** The contacts: phases on a time line, and all fields of the chosen phase. */
import { useState } from "preact/hooks";
import type { Series } from "../types";
import { completer } from "../model/complete";
import * as edits from "./edits";
import { Button, Choice, Group, NumberField, Slider } from "./fields";
import { Done } from "./Done";
import type { Panel } from "./panel";
import { choicesOf, endOfTa, fullSeries, horizonOf, loggedWeeks, rangeOf, seriesOf, startOf } from "./read";
import { grouped, percent, shown } from "./say";
import { sayLost } from "./Regions";
import { Timeline } from "./Timeline";
import { monthsBetween } from "./weeks";
import { WeekChoice, weekText } from "./weekchoice";
import { rhythmOf } from "./words";

/** Rhythms that planners name: weekly, every two weeks, monthly, quarterly, twice a year, once a year. */
const RHYTHMS = [1, 2, 4, 13, 26, 52];

export function Contacts({ panel }: { panel: Panel }) {
  const { scenario, data, t } = panel;
  const series = seriesOf(scenario, data);
  const [chosen, setChosen] = useState<number | null>(series.length ? 0 : null);
  const at = chosen !== null && chosen < series.length ? chosen : null;
  const modes = choicesOf(data.schema, "ContactSeries", "mode");
  const add = (mode: string) => {
    panel.edits.scenario(t("step.add_contact"), (one) => edits.addSeries(one, mode, data.schema));
    setChosen(series.length);
  };
  return (
    <Group name="contacts" title={t("contacts.title")} summary={contactsSummary(panel)} open>
      {series.length > 0 && <Timeline panel={panel} chosen={at} onChoose={setChosen} />}
      {series.length === 0 && <p class="set-hint">{t("contacts.none")}</p>}
      <ul class="set-phases">
        {series.map((one, i) => (
          <li key={i} class={`set-mode-${one.mode}`}>
            <button type="button" class="set-phase" aria-expanded={at === i} onClick={() => setChosen(at === i ? null : i)}>
              <i class="set-swatch" aria-hidden="true" />
              <span>{phaseText(panel, one)}</span>
              <span class="set-when">{spanText(panel, one)}</span>
            </button>
            {at === i && <Editor panel={panel} index={i} onChosen={setChosen} />}
          </li>
        ))}
      </ul>
      <div class="set-actions" role="group" aria-label={t("contacts.add")}>
        <span class="set-lead">{t("contacts.add")}</span>
        {modes.map((mode) => (
          <Button key={mode} kind="quiet" onPress={() => add(mode)}>
            {t(`contacts.modes.${mode}`)}
          </Button>
        ))}
      </div>
      <Quick panel={panel} series={series} />
    </Group>
  );
}

export function contactsSummary(panel: Panel): string {
  const { scenario, t } = panel;
  const count = (scenario.dosage ?? []).length;
  if (!count) return t(loggedWeeks(scenario) ? "contacts.summary_stop" : "contacts.summary_none");
  const rows = t("contacts.summary", { count });
  const contacts = plannedContacts(panel);
  return contacts === null ? rows : `${rows} · ${t("contacts.planned", { count: grouped(Math.round(contacts)) })}`;
}

/** The number of contacts still to come; null where the plan has a mistake. */
function plannedContacts({ runner, scenario, data }: Panel): number | null {
  if (runner === null) return null;
  try {
    return runner.planned(completer(data)(scenario)).total.contacts;
  } catch {
    return null;
  }
}

function phaseText(panel: Panel, one: Series): string {
  const text = panel.t(`contacts.bar.${one.mode}`, { rhythm: rhythmOf(one.every_weeks, panel.data), hours: shown(one.hours) });
  if (one.taper === 1) return text;
  const end = shown(Number((one.hours * one.taper).toFixed(2)));
  return `${text} ${panel.t(one.taper < 1 ? "contacts.falling" : "contacts.rising", { end })}`;
}

function spanText(panel: Panel, one: Series): string {
  const last = one.last_week ?? horizonOf(panel.scenario, panel.data.schema);
  return panel.t("contacts.span", { from: weekText(panel, one.first_week), to: weekText(panel, last, "last") });
}

// --- quick changes -------------------------------------------------------------------------

function Quick({ panel, series }: { panel: Panel; series: Series[] }) {
  const { data, edits: write, t } = panel;
  const visits = series.some((one) => one.mode === "onsite");
  const calls = series.some((one) => one.mode === "video" || one.mode === "phone");
  const { minimum, maximum } = rangeOf(data.schema, "ContactSeries", "every_weeks");
  const slower = series.some((one) => one.mode === "onsite" && one.every_weeks * 2 <= maximum);
  const faster = series.some((one) => one.mode !== "onsite" && one.mode !== "email" && one.every_weeks > minimum);
  if (!visits && !calls) return null;
  return (
    <div class="set-actions" role="group" aria-label={t("contacts.quick")}>
      <span class="set-lead">{t("contacts.quick")}</span>
      {visits && (
        <Button kind="quiet" disabled={!slower} onPress={() => write.scenario(t("step.halve_visits"), (one) => edits.scaleRhythm(one, ["onsite"], 2, data.schema))}>
          {t("contacts.halve_visits")}
        </Button>
      )}
      {calls && (
        <Button kind="quiet" disabled={!faster} onPress={() => write.scenario(t("step.double_calls"), (one) => edits.scaleRhythm(one, ["video", "phone"], 0.5, data.schema))}>
          {t("contacts.double_calls")}
        </Button>
      )}
      {visits && (
        <Button kind="quiet" onPress={() => write.scenario(t("step.by_video"), edits.visitsByVideo)}>
          {t("contacts.by_video")}
        </Button>
      )}
    </div>
  );
}

// --- one phase -------------------------------------------------------------------------------------

function Editor({ panel, index, onChosen }: { panel: Panel; index: number; onChosen(index: number | null): void }) {
  const { scenario, data, edits: write, t } = panel;
  const one = fullSeries(scenario.dosage[index], data);
  const schema = data.schema;
  const set = (patch: Record<string, any>, id?: string) =>
    write.scenario(t("step.contact"), (now) => edits.setSeries(now, index, patch), id && `dosage.${index}.${id}`);
  const modes = choicesOf(schema, "ContactSeries", "mode").map((mode) => ({ value: mode, label: t(`contacts.modes.${mode}`) }));
  return (
    <div class="set-editor">
      <div class="set-row">
        <Choice label={t("contacts.mode")} value={one.mode} options={modes} onValue={(mode) => set({ mode })} />
        <NumberField
          panel={panel}
          label={t("contacts.hours")}
          narrow
          unit="h"
          step={0.5}
          value={one.hours}
          limits={rangeOf(schema, "ContactSeries", "hours")}
          onValue={(hours) => set({ hours }, "hours")}
        />
      </div>
      <Rhythm panel={panel} one={one} onWeeks={(every_weeks, id) => set({ every_weeks }, id)} />
      <Times panel={panel} one={one} onTimes={set} />
      <Together panel={panel} one={one} onTogether={(co_creation, id) => set({ co_creation }, id)} />
      <Done panel={panel} index={index} />
      <More panel={panel} one={one} set={set} />
      <Actions panel={panel} index={index} one={one} onChosen={onChosen} />
    </div>
  );
}

function Rhythm({ panel, one, onWeeks }: { panel: Panel; one: Series; onWeeks(weeks: number, id?: string): void }) {
  const { data, t } = panel;
  const [own, setOwn] = useState(false);
  const known = RHYTHMS.includes(one.every_weeks) && !own;
  const options = [...RHYTHMS.map(String), "own"].map((value) => ({ value, label: t(`contacts.rhythms.${value}`) }));
  const year = 52 / one.every_weeks;
  return (
    <>
      <div class="set-row">
        <Choice
          label={t("contacts.how_often")}
          value={known ? String(one.every_weeks) : "own"}
          options={options}
          onValue={(value) => {
            setOwn(value === "own");
            if (value !== "own") onWeeks(Number(value));
          }}
        />
        {!known && (
          <NumberField
            panel={panel}
            label={t("contacts.every")}
            narrow
            unit={t("contacts.weeks")}
            value={one.every_weeks}
            limits={rangeOf(data.schema, "ContactSeries", "every_weeks")}
            onValue={(weeks) => onWeeks(weeks, "every")}
          />
        )}
      </div>
      <p class="set-hint">{t(Number.isInteger(year) ? "contacts.a_year" : "contacts.about_a_year", { count: Number(year.toFixed(1)) })}</p>
    </>
  );
}

function Times({ panel, one, onTimes }: { panel: Panel; one: Series; onTimes(patch: Record<string, any>): void }) {
  const { scenario, data, t } = panel;
  const horizon = horizonOf(scenario, data.schema);
  const last = one.last_week ?? horizon;
  const open = { value: "open", label: t("contacts.to_the_end", { month: weekText(panel, horizon, "last") }) };
  return (
    <div class="set-row">
      <WeekChoice
        panel={panel}
        label={t("contacts.from")}
        value={one.first_week}
        at="first"
        minimum={loggedWeeks(scenario) + 1}
        maximum={last}
        onWeek={(week) => onTimes({ first_week: week })}
      />
      <WeekChoice
        panel={panel}
        label={t("contacts.to")}
        value={last}
        at="last"
        minimum={one.first_week}
        onWeek={(week) => onTimes({ last_week: week })}
        also={one.last_week === null ? [open] : []}
        alsoValue={one.last_week === null ? "open" : null}
        onAlso={() => onTimes({ last_week: undefined })}
      />
    </div>
  );
}

function Together({ panel, one, onTogether }: { panel: Panel; one: Series; onTogether(value: any, id?: string): void }) {
  const { t } = panel;
  const moves = Array.isArray(one.co_creation);
  const [from, to] = Array.isArray(one.co_creation) ? one.co_creation : [one.co_creation, one.co_creation];
  const text = (value: number) => t("contacts.together_value", { share: percent(value) });
  return (
    <div class="set-together">
      <Slider
        panel={panel}
        label={t(moves ? "contacts.together_start" : "contacts.together")}
        value={from}
        text={text(from)}
        onValue={(value) => onTogether(moves ? [value, to] : value, "together")}
      />
      <div class="set-poles" aria-hidden="true">
        <span>{t("contacts.provider_decides")}</span>
        <span>{t("contacts.decided_together")}</span>
      </div>
      {moves && (
        <Slider panel={panel} label={t("contacts.together_end")} value={to} text={text(to)} onValue={(value) => onTogether([from, value], "together_end")} />
      )}
      <button type="button" class="link" onClick={() => onTogether(moves ? from : [from, from === 1 ? 0.8 : Math.min(1, Number((from + 0.2).toFixed(2)))])}>
        {t(moves ? "contacts.together_same" : "contacts.together_changes")}
      </button>
    </div>
  );
}

function More({ panel, one, set }: { panel: Panel; one: Series; set(patch: Record<string, any>, id?: string): void }) {
  const { data, t } = panel;
  const schema = data.schema;
  const timings = choicesOf(schema, "ContactSeries", "timing").map((value) => ({ value, label: t(`contacts.timings.${value}`) }));
  const end = Number((one.hours * one.taper).toFixed(2));
  return (
    <details class="set-more">
      <summary>{t("contacts.more")}</summary>
      <Choice label={t("contacts.timing")} value={one.timing} options={timings} onValue={(timing) => set({ timing })} />
      <div class="set-grid">
        <NumberField
          panel={panel}
          label={t("contacts.taper")}
          narrow
          percent
          step={0.1}
          value={one.taper}
          limits={rangeOf(schema, "ContactSeries", "taper")}
          onValue={(taper) => set({ taper }, "taper")}
        />
        <NumberField
          panel={panel}
          label={t("contacts.invited")}
          narrow
          percent
          step={0.1}
          value={one.invited}
          limits={rangeOf(schema, "ContactSeries", "invited")}
          onValue={(invited) => set({ invited }, "invited")}
        />
      </div>
      <p class="set-hint">{one.taper === 1 ? t("contacts.taper_none") : t("contacts.taper_means", { from: one.hours, to: end })}</p>
      <div class="set-grid">
        <NumberField
          panel={panel}
          label={t("contacts.first_week")}
          narrow
          value={one.first_week}
          limits={{ minimum: loggedWeeks(panel.scenario) + 1, maximum: one.last_week ?? horizonOf(panel.scenario, schema), whole: true }}
          onValue={(week) => set({ first_week: week }, "first")}
        />
        <NumberField
          panel={panel}
          label={t("contacts.last_week")}
          narrow
          value={one.last_week}
          placeholder={String(horizonOf(panel.scenario, schema))}
          limits={{ minimum: one.first_week, maximum: horizonOf(panel.scenario, schema), whole: true }}
          onValue={(week) => set({ last_week: week }, "last")}
          onEmpty={() => set({ last_week: undefined }, "last")}
        />
      </div>
    </details>
  );
}

function Actions({ panel, index, one, onChosen }: { panel: Panel; index: number; one: Series; onChosen(index: number | null): void }) {
  const { scenario, data, edits: write, t } = panel;
  const [splitting, setSplitting] = useState(false);
  const what = phaseText(panel, one);
  const remove = () => {
    write.scenario(t("step.remove_contact"), (now) => edits.removeSeries(now, index));
    sayLost(panel, t("contacts.removed", { what }), []);
    onChosen(null);
  };
  const split = (week: number) => {
    write.scenario(t("step.split"), (now) => edits.splitSeries(now, index, week, data.schema));
    setSplitting(false);
    onChosen(index + 1);
  };
  const last = one.last_week ?? horizonOf(scenario, data.schema);
  const splits = splitWeeks(panel, one.first_week, last);
  return (
    <>
      <div class="set-actions">
        <Button kind="quiet" disabled={!splits.length} expanded={splitting} onPress={() => setSplitting(!splitting)}>
          {t("contacts.split")}
        </Button>
        <Button
          kind="quiet"
          onPress={() => {
            write.scenario(t("step.duplicate"), (now) => edits.duplicateSeries(now, index));
            onChosen(index + 1);
          }}
        >
          {t("contacts.duplicate")}
        </Button>
        <Button kind="danger" label={t("contacts.remove_of", { what })} onPress={remove}>
          {t("contacts.remove")}
        </Button>
      </div>
      {splitting && splits.length > 0 && <Split panel={panel} weeks={splits} onSplit={split} />}
    </>
  );
}

/** Weeks at which a phase can be divided: first weeks of months. */
function splitWeeks(panel: Panel, first: number, last: number): number[] {
  const marks = monthsBetween(endOfTa(panel.scenario, panel.data.schema), startOf(panel.scenario));
  return marks.map((one) => one.first).filter((week) => week > first && week <= last);
}

function Split({ panel, weeks, onSplit }: { panel: Panel; weeks: number[]; onSplit(week: number): void }) {
  const { t } = panel;
  const year = weeks.find((week) => week >= 53) ?? weeks[Math.floor(weeks.length / 2)];
  const [week, setWeek] = useState(year);
  const options = weeks.map((one) => ({ value: String(one), label: weekText(panel, one) }));
  return (
    <div class="set-row">
      <Choice label={t("contacts.split_from")} value={String(week)} options={options} onValue={(value) => setWeek(Number(value))} />
      <Button onPress={() => onSplit(week)}>{t("contacts.split_do")}</Button>
    </div>
  );
}
