/** Axes of the charts: ticks and limits. */
import { scaleLinear } from "d3-scale";
import { tickMonth } from "../words/text";

export interface Tick {
  at: number;
  text: string;
}

const DAY = 86_400_000;

/** Ticks of an axis of weeks: names of months where week 1 has a date, else weeks. */
export function timeTicks(horizon: number, start: string | undefined, most: number): Tick[] {
  if (!start) {
    return scaleLinear([0, horizon], [0, 1])
      .ticks(most)
      .filter((week) => Number.isInteger(week))
      .map((week) => ({ at: week, text: String(week) }));
  }
  const begin = Date.parse(`${start}T00:00:00Z`);
  const months = (horizon * 12) / 52;
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((one) => months / one <= most) ?? 240;
  const first = new Date(begin);
  const ticks: Tick[] = [];
  for (let n = first.getUTCDate() > 8 ? 1 : 0; ; n += step) {
    const day = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + n, 1));
    const at = Math.max(0, (day.getTime() - begin) / (7 * DAY));
    if (at > horizon) return ticks;
    ticks.push({ at, text: tickMonth(day) });
  }
}

/** Rounded axis limits around values, at least `least` apart, so that stochastic variation does not look like an effect. */
export function limitsOf(values: Iterable<number>, low: number, high: number | null, least: number): [number, number] {
  let from = Infinity;
  let to = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < from) from = value;
    if (value > to) to = value;
  }
  if (from > to) return [low, high ?? low + 1];
  const missing = Math.max(0, least - (to - from)) / 2;
  from = Math.max(low, from - missing);
  to = Math.min(high ?? Infinity, to + missing);
  const scale = scaleLinear([from, to], [0, 1]).nice(4);
  const [a, b] = scale.domain();
  return [Math.max(low, a), high === null ? b : Math.min(high, b)];
}
