/** Events: people who leave, more work, a cut in contacts, weeks without meetings. */
import { useState } from "preact/hooks";
import * as edits from "./edits";
import { Button, Choice, Group, NumberField } from "./fields";
import type { Panel } from "./panel";
import { horizonOf, loggedWeeks, providersOf, rangeOf, readable, regionsOf, startOf } from "./read";
import { capital } from "./say";
import { sayLost } from "./Regions";
import { nameOfMonth } from "./weeks";
import { WeekChoice } from "./weekchoice";
import { eventLine } from "./words";

const KINDS = ["provider_leaves", "staff_leave", "demand_rise", "dosage_cut"];
const TYPES: Record<string, string> = {
  provider_leaves: "ProviderLeaves",
  staff_leave: "StaffLeave",
  demand_rise: "DemandRise",
  dosage_cut: "DosageCut",
};

export function Events({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const events: any[] = scenario.shocks ?? [];
  const [chosen, setChosen] = useState<number | null>(null);
  const horizon = horizonOf(scenario, data.schema);
  const add = (kind: string) => {
    const week = Math.min(horizon, Math.max(loggedWeeks(scenario) + 1, 27));
    write.scenario(t("step.add_event"), (one) => edits.addEvent(one, kind, week, data.schema));
    setChosen(events.length);
  };
  const remove = (index: number) => {
    const text = t("events.removed", { what: eventLine(events[index], scenario, data) });
    write.scenario(t("step.remove_event"), (one) => edits.removeEvent(one, index));
    setChosen(null);
    sayLost(panel, text, []);
  };
  return (
    <Group name="events" title={t("events.title")} summary={eventsSummary(panel)}>
      {events.length === 0 && <p class="set-hint">{t("events.none_yet")}</p>}
      <ul class="set-phases">
        {events.map((one, i) => (
          <li key={i}>
            <button type="button" class="set-phase" aria-expanded={chosen === i} onClick={() => setChosen(chosen === i ? null : i)}>
              <span>{capital(eventLine(one, scenario, data))}</span>
            </button>
            {chosen === i && <EventEditor panel={panel} index={i} onRemove={() => remove(i)} />}
          </li>
        ))}
      </ul>
      <div class="set-actions" role="group" aria-label={t("events.add")}>
        <span class="set-lead">{t("events.add")}</span>
        {KINDS.map((kind) => (
          <Button key={kind} kind="quiet" onPress={() => add(kind)}>
            {t(`events.kinds.${kind}`)}
          </Button>
        ))}
      </div>
      <Skipped panel={panel} />
    </Group>
  );
}

export function eventsSummary(panel: Panel): string {
  const { scenario, data, t } = panel;
  const events: any[] = scenario.shocks ?? [];
  const skip = scenario.skip ?? {};
  const skipped = Boolean(skip.months?.length || skip.weeks?.length || skip.dates?.length);
  const rest = skipped ? t("events.skips") : "";
  if (!events.length) return skipped ? capital(rest) : t("events.none");
  const first = [...events].sort((a, b) => a.week - b.week)[0];
  const line = eventLine(first, scenario, data);
  const told = events.length === 1 ? line : t("events.summary", { count: events.length, first: line });
  return [capital(told), rest].filter(Boolean).join(" · ");
}

function EventEditor({ panel, index, onRemove }: { panel: Panel; index: number; onRemove(): void }) {
  const { scenario, data, edits: write, t } = panel;
  const event = scenario.shocks[index];
  const type = TYPES[event.kind];
  const horizon = horizonOf(scenario, data.schema);
  const set = (patch: Record<string, any>, id?: string) =>
    write.scenario(t("step.event"), (one) => edits.setEvent(one, index, patch), id && `shocks.${index}.${id}`);
  const lasts = event.kind === "demand_rise" || event.kind === "dosage_cut";
  const open = { value: "open", label: t("events.to_the_end") };
  const until = event.until_week ?? horizon;
  return (
    <div class="set-editor">
      <div class="set-row">
        <WeekChoice
          panel={panel}
          label={t(lasts ? "events.from" : "events.in")}
          value={event.week}
          at="first"
          maximum={lasts ? until : horizon}
          onWeek={(week) => set({ week })}
        />
        {lasts && (
          <WeekChoice
            panel={panel}
            label={t("events.until")}
            value={until}
            at="last"
            minimum={event.week}
            onWeek={(week) => set({ until_week: week })}
            also={event.kind === "dosage_cut" ? [open] : []}
            alsoValue={event.kind === "dosage_cut" && !event.until_week ? "open" : null}
            onAlso={() => set({ until_week: undefined })}
          />
        )}
      </div>
      <div class="set-row">
        {event.kind === "provider_leaves" && <Who panel={panel} value={event.provider} onValue={(provider) => set({ provider })} />}
        {event.kind === "staff_leave" && (
          <NumberField panel={panel} label={t("events.share")} narrow percent step={0.05} value={event.share} limits={rangeOf(data.schema, type, "share")} onValue={(share) => set({ share }, "share")} />
        )}
        {event.kind === "demand_rise" && (
          <NumberField panel={panel} label={t("events.by")} narrow step={0.05} value={event.by} limits={rangeOf(data.schema, type, "by")} onValue={(by) => set({ by }, "by")} />
        )}
        {event.kind === "dosage_cut" && (
          <NumberField panel={panel} label={t("events.factor")} narrow percent step={0.1} value={event.factor} limits={rangeOf(data.schema, type, "factor")} onValue={(factor) => set({ factor }, "factor")} />
        )}
        {(event.kind === "staff_leave" || event.kind === "demand_rise") && (
          <Where panel={panel} value={event.region ?? ""} onValue={(region) => set({ region: region || undefined })} />
        )}
      </div>
      <p class="set-hint">{t(`events.says.${event.kind}`)}</p>
      <div class="set-actions">
        <Button kind="danger" onPress={onRemove}>
          {t("events.remove")}
        </Button>
      </div>
    </div>
  );
}

function Who({ panel, value, onValue }: { panel: Panel; value: string; onValue(value: string): void }) {
  const names = providersOf(panel.scenario, panel.data.schema).names;
  const options = names.map((name) => ({ value: name, label: readable(name, panel.data.words) }));
  return <Choice label={panel.t("events.who")} value={value} options={options} onValue={onValue} />;
}

function Where({ panel, value, onValue }: { panel: Panel; value: string; onValue(value: string): void }) {
  const names = regionsOf(panel.scenario, panel.data.schema).names;
  const each = names.map((name) => ({ value: name, label: readable(name, panel.data.words) }));
  const options = [{ value: "", label: panel.t("events.everywhere") }, ...each];
  return <Choice label={panel.t("events.where")} value={value} options={options} onValue={onValue} />;
}

// --- weeks without meetings ---------------------------------------------------------------------

function Skipped({ panel }: { panel: Panel }) {
  const { scenario, t } = panel;
  const dated = startOf(scenario) !== null;
  return (
    <details class="set-more">
      <summary>{t("events.skip_title")}</summary>
      {!dated && <p class="set-hint">{t("events.skip_needs_date")}</p>}
      {dated && <SkippedMonths panel={panel} />}
      {dated && <SkippedDays panel={panel} />}
      <SkippedWeeks panel={panel} />
      <p class="set-hint">{t("events.skip_says")}</p>
    </details>
  );
}

function SkippedMonths({ panel }: { panel: Panel }) {
  const { scenario, edits: write, t } = panel;
  const months: number[] = scenario.skip?.months ?? [];
  const toggle = (month: number) => {
    const next = months.includes(month) ? months.filter((one) => one !== month) : [...months, month].sort((a, b) => a - b);
    write.scenario(t("step.skip"), (one) => edits.setSkip(one, "months", next));
  };
  return (
    <div class="set-months" role="group" aria-label={t("events.skip_months")}>
      {Array.from({ length: 12 }, (_, i) => i + 1).map((month) => (
        <Button key={month} kind="quiet" pressed={months.includes(month)} title={nameOfMonth(month)} onPress={() => toggle(month)}>
          {nameOfMonth(month, false)}
        </Button>
      ))}
    </div>
  );
}

function SkippedDays({ panel }: { panel: Panel }) {
  const { scenario, edits: write, t } = panel;
  const dates: string[] = scenario.skip?.dates ?? [];
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const set = (next: string[]) => write.scenario(t("step.skip"), (one) => edits.setSkip(one, "dates", next));
  const backwards = Boolean(from && to && to < from);
  const add = () => {
    set([...dates, to && to !== from ? `${from} to ${to}` : from]);
    setFrom("");
    setTo("");
  };
  return (
    <>
      <ul class="set-chips">
        {dates.map((one, i) => (
          <li key={one}>
            <span>{one.replace(" to ", " – ")}</span>
            <Button kind="icon" label={t("events.skip_remove", { what: one })} onPress={() => set(dates.filter((_, j) => j !== i))}>
              ✕
            </Button>
          </li>
        ))}
      </ul>
      <div class="set-row">
        <label class="set-field">
          <span>{t("events.skip_from")}</span>
          <input type="date" value={from} min="1900-01-01" max="2199-12-31" onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label class="set-field">
          <span>{t("events.skip_to")}</span>
          <input type="date" value={to} min="1900-01-01" max="2199-12-31" onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        <Button disabled={!from || backwards} onPress={add}>
          {t("events.skip_add")}
        </Button>
      </div>
      {backwards && (
        <p class="set-problem" role="alert">
          {t("events.skip_backwards")}
        </p>
      )}
    </>
  );
}

function SkippedWeeks({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const weeks: number[] = scenario.skip?.weeks ?? [];
  const [text, setText] = useState<string | null>(null);
  const horizon = horizonOf(scenario, data.schema);
  const parts = (text ?? "").split(/[\s,;]+/).filter(Boolean);
  const wrong = parts.filter((one) => !/^\d+$/.test(one) || Number(one) < 1 || Number(one) > horizon);
  const typed = (written: string) => {
    setText(written);
    const numbers = written.split(/[\s,;]+/).filter(Boolean);
    const fine = numbers.every((one) => /^\d+$/.test(one) && Number(one) >= 1 && Number(one) <= horizon);
    if (!fine) return;
    const next = [...new Set(numbers.map(Number))].sort((a, b) => a - b);
    write.scenario(t("step.skip"), (one) => edits.setSkip(one, "weeks", next), "skip.weeks");
  };
  const left = () => {
    if (!wrong.length) setText(null);
    write.settle();
  };
  return (
    <label class="set-field set-wide">
      <span>{t("events.skip_weeks")}</span>
      <input
        type="text"
        inputMode="numeric"
        value={text ?? weeks.join(", ")}
        placeholder="30, 31, 52"
        aria-invalid={wrong.length ? "true" : undefined}
        onInput={(event) => typed(event.currentTarget.value)}
        onBlur={left}
      />
      {wrong.length > 0 && (
        <span class="set-problem" role="alert">
          {t("events.skip_wrong", { value: wrong[0].slice(0, 20), horizon })}
        </span>
      )}
    </label>
  );
}
