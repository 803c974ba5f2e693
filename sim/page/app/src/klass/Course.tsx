/** The chart of an outcome on both sides, from the start to the week on the screen. */
import { useSay } from "../ui/widgets";
import type { Replays } from "./runs";
import { SIDES, type Story } from "./story";
import { contactWeeks, isState, type Outcome, valueAt } from "./view";
import { fixed, signed } from "./why";

const [WIDTH, LEFT, TOP, BOTTOM] = [560, 94, 16, 44];
const LETTER = 15; // mean width of a letter of the words at the ends of the lines, in units of the drawing
const [HIGH, LOW] = [340, 236];

interface CourseProps {
  story: Story;
  replays: Replays;
  outcome: Outcome;
  week: number;
  limit: number; // weeks after this one are not shown yet
  until: number; // the axes have room up to this week, so that they do not move while the story plays
  low: boolean; // the chart is lower, to leave room below it
}

/** At most so many round values, and no two that a text with so many digits would show alike. */
export function ticksOf(low: number, high: number, most: number, digits: number): number[] {
  const power = 10 ** Math.max(-digits, Math.floor(Math.log10((high - low) / most)));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => (high - low) / one <= most)!;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9; i += 1) found.push(i * step);
  return found;
}

const APART = 30; // least distance of two names, in units of the drawing

/** The heights of the names of two lines: at their ends, within the drawing, and apart. */
export function placesOfNames([one, other]: number[], top: number, bottom: number): number[] {
  const close = Math.max(0, APART - Math.abs(one - other)) / 2;
  const upper = Math.min(Math.max(top, Math.min(one, other) - close), bottom - APART);
  const lower = Math.min(Math.max(upper + APART, Math.max(one, other) + close), bottom);
  return one <= other ? [upper, lower] : [lower, upper];
}

export function Course({ story, replays, outcome, week, limit, until, low: isLow }: CourseProps) {
  const say = useSay();
  const height = isLow ? LOW : HIGH;
  const right = WIDTH - 24 - LETTER * Math.max(...story.sides.map(({ line }) => line.length));
  const horizon = Math.min(replays.left.weeks.length - 1, Math.max(26, until));
  const state = isState(outcome);
  const series = SIDES.map((side) => {
    const start = state ? valueAt(replays[side], outcome, 0) : 0;
    return Array.from({ length: until + 1 }, (_, w) => valueAt(replays[side], outcome, w) - start);
  });
  const all = series.flat();
  const low = Math.min(0, ...all, state ? -0.01 : 0);
  const high = Math.max(...all, state ? 0.05 : 1);
  const x = (w: number) => LEFT + ((right - LEFT) * w) / horizon;
  const y = (value: number) => TOP + ((height - TOP - BOTTOM) * (high - value)) / (high - low);
  const digits = state ? 2 : outcome === "load" ? 1 : 0;
  const label = (value: number) => (state ? (Math.abs(value) < 1e-9 ? "0" : signed(value, digits)) : fixed(value, digits));
  const ends = placesOfNames(series.map((one) => y(one[limit])), TOP, height - BOTTOM - 16);
  const told = SIDES.map((_, i) => `${story.sides[i].name}: ${label(series[i][Math.min(week, limit)])}`).join("; ");
  return (
    <svg class="k-course" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={say("class.chart.label", { outcome: say(`class.outcomes.${outcome}`), week, told })}>
      {ticksOf(low, high, isLow ? 3 : 5, digits).map((value) => (
        <g key={value}>
          <line class={Math.abs(value) < 1e-9 ? "k-zero" : "k-grid"} x1={LEFT} x2={right} y1={y(value)} y2={y(value)} />
          <text class="k-tick" x={LEFT - 10} y={y(value) + 8} text-anchor="end">{label(value)}</text>
        </g>
      ))}
      {contactWeeks(replays.right).filter((one) => one <= limit).map((one) => (
        <line key={one} class="k-contact-tick" x1={x(one)} x2={x(one)} y1={height - BOTTOM + 2} y2={height - BOTTOM + 9} />
      ))}
      {[0, 26, 52, 78].filter((one) => one <= horizon).map((one) => (
        <text key={one} class="k-tick" x={x(one)} y={height - 6} text-anchor="middle">
          {one === 0 ? say("class.chart.start") : one === 26 ? say("class.chart.week", { week: one }) : one}
        </text>
      ))}
      <line class="k-now" x1={x(week)} x2={x(week)} y1={TOP} y2={height - BOTTOM} />
      {series.map((one, i) => (
        <g key={i} class={`k-line is-${SIDES[i]}`}>
          <path d={`M${one.slice(0, limit + 1).map((value, w) => `${x(w).toFixed(1)},${y(value).toFixed(1)}`).join("L")}`} />
          <circle cx={x(Math.min(week, limit))} cy={y(one[Math.min(week, limit)])} r="7" />
          <text x={Math.min(x(limit), right) + 12} y={ends[i] + 8}>{story.sides[i].line}</text>
        </g>
      ))}
    </svg>
  );
}
