/** The map of an outcome by weeks between contacts and hours a contact, in the colours of `codose surface`. */
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { asSaid, mainSeries } from "../study/space";
import { type Cell, type Map2, scenarioOfCell, SURE, Surface } from "../study/surface";
import type { ScenarioData, Series } from "../types";
import { money, outOf, percent, upper } from "../words/text";
import { sureText, valueOf } from "../words/verdict";
import { colourAt, css, inkOn } from "./colours";
import { contour, crosses, type Point } from "./contour";
import type { Shared } from "./index";
import { contact } from "./line";

const MODES: Series["mode"][] = ["onsite", "video", "phone"];

interface MapProps {
  shared: Shared;
  apply: (scenario: ScenarioData, line: string) => void;
}

export function MapPart({ shared, apply }: MapProps) {
  const { say, scenario } = shared;
  const [open, setOpen] = useState(false);
  if (!mainSeries(scenario.dosage)) return null;
  return (
    <details class="best-map" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h3>{say("map.title")}</h3>
      </summary>
      {open && <OpenMap shared={shared} apply={apply} />}
    </details>
  );
}

function OpenMap({ shared, apply }: MapProps) {
  const { say, data, file, scenario, about } = shared;
  const main = mainSeries(scenario.dosage)!;
  const [mode, setMode] = useState<Series["mode"]>(MODES.includes(main.mode) ? main.mode : "video");
  const [outcome, setOutcome] = useState(about.name);
  const [gain, setGain] = useState(false);
  const shownOf = data.outcomes.find((one) => one.name === outcome) ?? about;
  const { map, surface } = useSurface(shared, mode, shownOf.name);
  return (
    <>
      <div class="best-tools">
        <div role="group" aria-label={say("map.mode")} class="best-choice">
          {MODES.map((one) => (
            <button type="button" aria-pressed={one === mode} onClick={() => setMode(one)}>{say(`map.modes.${one}`)}</button>
          ))}
        </div>
        <label class="small">
          <span class="unseen">{say("map.outcome")}</span>
          <select value={outcome} onChange={(event) => setOutcome(event.currentTarget.value)}>
            {data.outcomes.filter((one) => one.headline || one.name === about.name).map((one) => (
              <option value={one.name}>{one.label}</option>
            ))}
          </select>
        </label>
        <label class="small">
          <input type="checkbox" checked={gain} onChange={(event) => setGain(event.currentTarget.checked)} />
          {say("map.gain")}
        </label>
      </div>
      {map && <Drawn key={`${mode} ${outcome}`} shared={shared} map={map} mode={mode} gain={gain} outcome={shownOf.name} apply={apply} />}
      {map && <State map={map} shared={shared} surface={surface} />}
      <p class="small muted">{say("map.only", { mode: say(`map.modes.${mode}`), command: commandOf(mode, file.targets.find((one) => one.outcome === outcome)?.at_least, outcome) })}</p>
    </>
  );
}

/** The command that draws the same map. */
function commandOf(mode: string, level: number | undefined, outcome: string): string {
  return `codose surface … --mode ${mode} ${level === undefined ? `--outcome ${outcome}` : `--target ${outcome}=${level}`}`;
}

function useSurface(shared: Shared, mode: Series["mode"], outcome: string): { map: Map2 | null; surface: Surface } {
  const { runner, scenario, data, file, sets, replicates, seed } = shared;
  const target = file.targets.find((one) => one.outcome === outcome) ?? null;
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const dosage = JSON.stringify(scenario.dosage);
  const setting = JSON.stringify([shared.space.setting, target === null ? dosage : mainSeries(scenario.dosage), mode, outcome, target, file.budget, seed]);
  const surface = useMemo(() => {
    const about = data.outcomes.find((one) => one.name === outcome)!;
    const when = target?.when ?? "end_of_ta";
    return new Surface({ runner, scenario, mode, about, when, target, budget: file.budget, sets, replicates, seed, tables: data });
  }, [setting]);
  useEffect(() => {
    const leave = surface.subscribe(() => draw(0));
    const timer = setTimeout(() => void surface.go(), 300);
    return () => {
      clearTimeout(timer);
      leave();
      surface.stop();
    };
  }, [surface]);
  return { map: surface.get(), surface };
}

function State({ map, shared, surface }: { map: Map2; shared: Shared; surface: Surface }) {
  const { say, file, sets, replicates, data } = shared;
  const values = { made: map.made, all: map.toMake, runs: sets.length * replicates, error: map.error };
  const named = map.named;
  return (
    <div class="best-status">
      <p class="small muted">
        {say(`map.state.${map.phase}`, values)}{" "}
        {named &&
          say(named.holds ? "map.named" : "map.named_fell", {
            line: upper(contact(surface.mode, named.every, named.hours, data)),
            share: outOf(named.share.hits, named.share.runs),
            again: outOf(named.again.hits, named.again.runs),
            money: money(named.spend, file.currency),
          })}
      </p>
      {map.phase === "working" && <button type="button" onClick={() => surface.stop()}>{say("stop")}</button>}
      {map.phase === "stopped" && <button type="button" onClick={() => void surface.go()}>{say("go_on")}</button>}
    </div>
  );
}

interface DrawnProps extends MapProps {
  map: Map2;
  mode: Series["mode"];
  gain: boolean;
  outcome: string;
}

/** The cells as a grid that the arrow keys move through, with contours over them. */
function Drawn({ shared, map, mode, gain, outcome, apply }: DrawnProps) {
  const { say, data, file, scenario, plan } = shared;
  const about = data.outcomes.find((one) => one.name === outcome)!;
  const [at, setAt] = useState<[number, number] | null>(null); // the cell that is read out: column, row counted from below
  const touched = useRef(false);
  const grid = useRef<HTMLDivElement>(null);
  const [columns, rows] = [map.every.length, map.hours.length];
  const cellAt = (column: number, row: number) => map.cells[column * rows + row] as Cell | undefined;
  const worth = (cell: Cell | undefined) => (cell?.value ? (gain ? cell.value.gain : cell.value.mean) : NaN);
  const known = map.cells.map(worth).filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const part = (value: number) => (value - low) / (high > low ? high - low : 1e-9);
  const use = (cell: Cell) => {
    const made = scenarioOfCell(scenario, cell.every, cell.hours, mode);
    apply({ ...plan.scenario, dosage: made.dosage.map(asSaid) }, upper(contact(mode, cell.every, cell.hours, data)));
  };
  const focus = at ?? ownPlace(map) ?? [0, 0];
  const move = (column: number, row: number) => {
    const next: [number, number] = [Math.max(0, Math.min(columns - 1, column)), Math.max(0, Math.min(rows - 1, row))];
    setAt(next);
    grid.current?.querySelector<HTMLElement>(`[data-at="${next.join(" ")}"]`)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const [column, row] = focus;
    const steps: Record<string, [number, number]> = {
      ArrowRight: [column + 1, row], ArrowLeft: [column - 1, row], ArrowUp: [column, row + 1], ArrowDown: [column, row - 1],
      Home: [0, row], End: [columns - 1, row], PageUp: [column, rows - 1], PageDown: [column, 0],
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(...steps[event.key]);
  };
  const described = at && cellAt(...at);
  return (
    <div class="best-map-drawing">
      <div class="best-y small muted" aria-hidden="true">{say("map.y")}</div>
      <div class="best-grid" ref={grid} role="grid" aria-label={say("map.name", { outcome: about.label, mode: say(`map.modes.${mode}`) })} onKeyDown={onKey} style={{ "--columns": columns }}>
        {Array.from({ length: rows }, (_, i) => rows - 1 - i).map((row) => (
          <div role="row">
            <span role="rowheader" class="best-tick">{map.hours[row]}</span>
            {map.every.map((_, column) => {
              const cell = cellAt(column, row);
              const value = worth(cell);
              const colour = Number.isFinite(value) ? colourAt(part(value)) : null;
              return (
                <button
                  type="button"
                  role="gridcell"
                  data-at={`${column} ${row}`}
                  tabIndex={focus[0] === column && focus[1] === row ? 0 : -1}
                  class={`best-cell${cell && !cell.affordable ? " dear" : ""}${colour ? "" : " unknown"}`}
                  style={colour ? { background: css(colour), color: inkOn(colour) } : undefined}
                  aria-label={cell ? detailOf(cell, shared, mode, about.label) : say("map.waiting")}
                  onPointerDown={(event) => (touched.current = event.pointerType === "touch")}
                  onMouseEnter={() => setAt([column, row])}
                  onFocus={() => setAt([column, row])}
                  onClick={() => cell && !(touched.current) && use(cell)}
                >
                  <span>{Number.isFinite(value) ? valueOf(about, value, "", gain) : ""}</span>
                </button>
              );
            })}
          </div>
        ))}
        <div role="row" class="best-foot">
          <span role="rowheader" class="best-tick"><span class="unseen">{say("map.x")}</span></span>
          {map.every.map((weeks) => <span role="columnheader" class="best-tick">{weeks}</span>)}
        </div>
        <Over map={map} target={file.targets.find((one) => one.outcome === outcome)?.sure ?? SURE} />
      </div>
      <div class="best-x small muted" aria-hidden="true">{say("map.x")}</div>
      <Legend shared={shared} map={map} low={low} high={high} gain={gain} outcome={outcome} />
      <p class="best-detail small" role="status">
        {described ? detailOf(described, shared, mode, about.label) : say("map.hint")}
        {described && touched.current && (
          <button type="button" onClick={() => use(described)}>{say("table.use")}</button>
        )}
      </p>
    </div>
  );
}

/** The cell nearest to the plan's own contacts. */
function ownPlace(map: Map2): [number, number] | null {
  if (!map.own) return null;
  const near = (values: readonly number[], value: number) =>
    values.reduce((best, one, place) => (Math.abs(one - value) < Math.abs(values[best] - value) ? place : best), 0);
  return [near(map.every, map.own.every), near(map.hours, map.own.hours)];
}

/** The position of a value among ascending ones, in cells; between two of them it is interpolated. */
function among(values: readonly number[], value: number): number {
  if (value <= values[0]) return 0;
  const above = values.findIndex((one) => one >= value);
  if (above < 0) return values.length - 1;
  return above - 1 + (value - values[above - 1]) / (values[above] - values[above - 1]);
}

interface OverProps {
  map: Map2;
  target: number;
}

/** What is drawn over the cells: contours, the budget's dots and the plan's own cell. */
function Over({ map, target }: OverProps) {
  const [columns, rows] = [map.every.length, map.hours.length];
  const field = (of: (cell: Cell) => number) =>
    map.hours.map((_, row) => map.every.map((__, column) => (map.cells[column * rows + row]?.value ? of(map.cells[column * rows + row]) : NaN)));
  const means = field((cell) => cell.value!.mean);
  const shares = field((cell) => cell.value!.share.p);
  const draw = (values: number[][], level: number, kind: string) =>
    crosses(values, level) && <path class={kind} d={contour(values, level).map(([a, b]) => `M${at(a)}L${at(b)}`).join("")} />;
  const at = ([column, row]: Point) => `${column + 0.5} ${rows - row - 0.5}`;
  const place = (every: number, hours: number) => ({
    left: `${(100 * (among(map.every, every) + 0.5)) / columns}%`,
    top: `${(100 * (rows - among(map.hours, hours) - 0.5)) / rows}%`,
  });
  const within = map.line.filter((one) => one.hours >= map.hours[0]);
  return (
    <div class="best-over" aria-hidden="true">
      <svg viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none">
        {draw(means, map.level, "mean")}
        {draw(shares, target, "sure")}
      </svg>
      {within.map((one) => (
        <span class="best-dot" style={place(one.every, one.hours)} />
      ))}
      {map.own && <span class="best-ring" style={place(map.own.every, map.own.hours)} />}
    </div>
  );
}

function Legend({ shared, map, low, high, gain, outcome }: { shared: Shared; map: Map2; low: number; high: number; gain: boolean; outcome: string }) {
  const { say, file, data, letter } = shared;
  const about = data.outcomes.find((one) => one.name === outcome)!;
  const target = file.targets.find((one) => one.outcome === outcome);
  const stops = Array.from({ length: 9 }, (_, i) => css(colourAt(i / 8))).join(", ");
  const level = valueOf(about, map.level, file.currency);
  return (
    <ul class="best-legend small muted">
      {Number.isFinite(low) && (
        <li>
          <span>{valueOf(about, low, file.currency, gain)}</span>
          <span class="best-ramp" style={{ background: `linear-gradient(to right, ${stops})` }} />
          <span>{valueOf(about, high, file.currency, gain)} {about.label}{gain ? `, ${say("map.gain_short")}` : ""}</span>
        </li>
      )}
      <li><span class="best-key mean" />{say(target ? "map.key.mean" : "map.key.mean_own", { level, letter })}</li>
      <li><span class="best-key sure" />{say(target ? "map.key.sure" : "map.key.sure_own", { sure: target ? sureText(target.sure) : percent(SURE), letter })}</li>
      {file.budget.a_year !== null && <li><span class="best-key dear" />{say("map.key.dear", { money: money(file.budget.a_year, file.currency) })}</li>}
      {map.line.length > 0 && <li><span class="best-key dot" />{say("map.key.dot")}</li>}
      {map.own && <li><span class="best-key own" />{say("map.key.own", { letter })}</li>}
    </ul>
  );
}

function detailOf(cell: Cell, shared: Shared, mode: Series["mode"], outcome: string): string {
  const { say, data, file } = shared;
  const about = data.outcomes.find((one) => one.label === outcome)!;
  const line = upper(contact(mode, cell.every, cell.hours, data));
  const cost = money(cell.spend, file.currency);
  if (!cell.value) return say(cell.affordable ? "map.detail_waiting" : "map.detail_dear", { line, money: cost });
  const { share, mean, low, high } = cell.value;
  const of = (value: number) => valueOf(about, value, file.currency);
  return say("map.detail", { line, money: cost, outcome, level: of(mean), low: of(low), high: of(high), share: outOf(share.hits, share.runs) });
}
