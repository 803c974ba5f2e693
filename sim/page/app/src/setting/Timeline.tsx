/** The contacts over time: a lane for each chain of phases, and a bar for each phase, whose ends can be moved. */
import { useRef, useState } from "preact/hooks";
import * as edits from "./edits";
import type { Panel } from "./panel";
import { endOfTa, horizonOf, loggedWeeks, phasesOf, seriesOf, startOf } from "./read";
import { shown } from "./say";
import { monthName, monthsBetween } from "./weeks";
import { weekText } from "./weekchoice";
import { rhythmOf } from "./words";

type Bar = ReturnType<typeof seriesOf>[number] & { index: number };

export function Timeline({ panel, chosen, onChoose }: { panel: Panel; chosen: number | null; onChoose(index: number): void }) {
  const { scenario, data, t } = panel;
  const track = useRef<HTMLDivElement>(null);
  const bars: Bar[] = seriesOf(scenario, data).map((one, index) => ({ ...one, index }));
  const lanes = phasesOf(bars).sort((a, b) => a[0].index - b[0].index);
  const horizon = horizonOf(scenario, data.schema);
  const logged = loggedWeeks(scenario);
  const end = endOfTa(scenario, data.schema);
  return (
    <div class="set-timeline" role="group" aria-label={t("contacts.timeline")}>
      <div class="set-lanes" ref={track}>
        {logged > 0 && (
          <div class="set-logged" style={{ width: `${(100 * logged) / horizon}%` }}>
            <span>{t("contacts.logged")}</span>
          </div>
        )}
        {lanes.map((lane) => (
          <div class="set-lane" key={lane[0].index}>
            {lane.map((bar, i) => (
              <Phase key={bar.index} later={i > 0} panel={panel} bar={bar} horizon={horizon} track={track} chosen={chosen === bar.index} onChoose={onChoose} />
            ))}
          </div>
        ))}
        {end < horizon && <div class="set-end" style={{ left: `${(100 * end) / horizon}%` }} />}
      </div>
      <Axis panel={panel} horizon={horizon} />
    </div>
  );
}

interface PhaseProps {
  panel: Panel;
  bar: Bar;
  later?: boolean; // whether it follows another phase of its mode
  horizon: number;
  track: { current: HTMLDivElement | null };
  chosen: boolean;
  onChoose(index: number): void;
}

function Phase({ panel, bar, later, horizon, track, chosen, onChoose }: PhaseProps) {
  const { data, t } = panel;
  const last = Math.min(bar.last_week ?? horizon, horizon);
  const place = (week: number) => (100 * week) / horizon;
  const what = t(`contacts.bar.${bar.mode}`, { rhythm: rhythmOf(bar.every_weeks, data), hours: shown(bar.hours) });
  const span = { from: weekText(panel, bar.first_week), to: weekText(panel, last, "last") };
  return (
    <div
      class={`set-bar set-mode-${bar.mode}${chosen ? " set-chosen" : ""}`}
      style={{ left: `${place(bar.first_week - 1)}%`, width: `${place(last - bar.first_week + 1)}%` }}
    >
      <button type="button" class="set-bar-body" aria-pressed={chosen} aria-label={t("contacts.bar_name", { what, ...span })} title={`${what}, ${span.from} – ${span.to}`} onClick={() => onChoose(bar.index)}>
        <span>{later ? t("contacts.bar_later", { rhythm: rhythmOf(bar.every_weeks, data), hours: shown(bar.hours) }) : what}</span>
      </button>
      <End panel={panel} bar={bar} horizon={horizon} track={track} side="first" what={what} />
      <End panel={panel} bar={bar} horizon={horizon} track={track} side="last" what={what} />
    </div>
  );
}

/** One end of a bar: it is dragged, or moved by the arrow keys (a month; with Shift a week). It does not pass the other
 * end, the log or the horizon. */
function End({ panel, bar, horizon, track, side, what }: Omit<PhaseProps, "chosen" | "onChoose" | "later"> & { side: "first" | "last"; what: string }) {
  const { scenario, edits: write, t } = panel;
  const [dragging, setDragging] = useState(false);
  const logged = loggedWeeks(scenario);
  const first = bar.first_week;
  const last = Math.min(bar.last_week ?? horizon, horizon);
  const value = side === "first" ? first : last;
  const minimum = side === "first" ? logged + 1 : first;
  const maximum = side === "first" ? last : horizon;
  const move = (week: number) => {
    const next = Math.max(minimum, Math.min(maximum, Math.round(week)));
    if (next === value) return;
    const patch = side === "first" ? { first_week: next } : { last_week: next };
    write.scenario(t("step.contact_time"), (one) => edits.setSeries(one, bar.index, patch), `dosage.${bar.index}.${side}`);
  };
  const weekAt = (x: number) => {
    const box = track.current!.getBoundingClientRect();
    const week = ((x - box.left) / box.width) * horizon;
    return nearest(panel, side === "first" ? week + 1 : week, side, box.width / horizon);
  };
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
  const keyed = (event: KeyboardEvent) => {
    if (event.key === "Home" || event.key === "End") move(event.key === "Home" ? minimum : maximum);
    else if (event.key in steps) move(event.shiftKey ? value + steps[event.key] : nextMonth(panel, value, side, steps[event.key]));
    else return;
    event.preventDefault();
  };
  return (
    <span
      class={`set-handle set-${side}${dragging ? " set-dragging" : ""}`}
      role="slider"
      tabIndex={0}
      aria-label={t(`contacts.${side}_of`, { what })}
      aria-valuemin={minimum}
      aria-valuemax={maximum}
      aria-valuenow={value}
      aria-valuetext={weekText(panel, value, side)}
      onKeyDown={keyed}
      onBlur={() => write.settle()}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        event.currentTarget.focus();
        setDragging(true);
      }}
      onPointerMove={(event) => dragging && move(weekAt(event.clientX))}
      onPointerUp={() => {
        setDragging(false);
        write.settle();
      }}
      onPointerCancel={() => setDragging(false)}
    />
  );
}

/** The week itself, or the first or last week of a month where that is within 8 px on the screen. */
function nearest(panel: Panel, week: number, side: "first" | "last", pixels: number): number {
  const marks = monthsBetween(horizonOf(panel.scenario, panel.data.schema), startOf(panel.scenario)).map((one) => one[side]);
  const close = marks.reduce((best, one) => (Math.abs(one - week) < Math.abs(best - week) ? one : best), marks[0]);
  return Math.abs(close - week) * pixels <= 8 ? close : week;
}

function nextMonth(panel: Panel, week: number, side: "first" | "last", by: number): number {
  const marks = monthsBetween(horizonOf(panel.scenario, panel.data.schema), startOf(panel.scenario)).map((one) => one[side]);
  const beyond = by > 0 ? marks.find((one) => one > week) : [...marks].reverse().find((one) => one < week);
  return beyond ?? week;
}

/** Labels of the time line: the start, every year (in long plans every few years), and the last week. */
function Axis({ panel, horizon }: { panel: Panel; horizon: number }) {
  const { scenario, t } = panel;
  const start = startOf(scenario);
  const years = Math.ceil(horizon / 52);
  const every = Math.max(1, Math.ceil(years / 4));
  const ticks = Array.from({ length: years + 1 }, (_, i) => i * 52)
    .filter((week) => week % (52 * every) === 0 && week < horizon - 20)
    .map((week) => ({ week, label: start ? monthName(new Date(start.getTime() + week * 7 * 86_400_000)) : t("week.short_month", { number: week ? (week * 12) / 52 + 1 : 1 }) }));
  return (
    <div class="set-axis" aria-hidden="true">
      {ticks.map((one) => (
        <span key={one.week} class={one.week > 0.6 * horizon ? "set-near" : ""} style={{ left: `${(100 * one.week) / horizon}%` }}>
          {one.label}
        </span>
      ))}
      <span class="set-last-tick">{weekText(panel, horizon, "last")}</span>
    </div>
  );
}
