/** One outcome over time: bands, the mean of the runs, the mean without assistance (or stopping now), contacts and events. */
import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { useMemo, useRef } from "preact/hooks";
import type { Course, OutcomeAbout } from "../types";
import { limitsOf, type Tick, timeTicks } from "./scales";

export interface Mark {
  week: number;
  number: number; // its number in the list below the charts
}

export interface Strip {
  mode: string;
  from: number;
  to: number;
  row: number;
}

export interface CourseChartProps {
  course: Course;
  outcome: OutcomeAbout;
  width: number;
  height: number;
  horizon: number;
  end: number | null; // last contact
  now: number | null; // last week of the log
  start: string | undefined; // first day of week 1
  marks: Mark[];
  strips: Strip[];
  words: { end: string; now: string };
  text: (value: number) => string;
  name: string; // read by screen readers
  week: number | null; // the week that is read out
  onWeek?: (week: number | null) => void;
  print?: boolean;
}

const MARGIN = { left: 34, right: 12, top: 16 };
const STRIP = 5;
const AXIS = 20;
const LETTER = 7; // width of a letter of the texts beside the upright lines

export function CourseChart(props: CourseChartProps) {
  const { course, width, height, end, marks, strips, week } = props;
  const rows = strips.length ? Math.max(...strips.map((one) => one.row)) + 1 : 0;
  const bottom = AXIS + rows * (STRIP + 2) + (marks.length ? 11 : 0);
  const frame = useFrame(props, bottom);
  const { x, y, paths, ticks, times } = frame;
  const floor = height - bottom;
  const drawn = useRef<SVGSVGElement>(null);
  const move = (event: PointerEvent) => {
    const box = drawn.current!.getBoundingClientRect();
    const at = x.invert(((event.clientX - box.left) * width) / box.width);
    props.onWeek?.(nearest(course.weeks, at));
  };
  return (
    <svg
      ref={drawn}
      class="course"
      viewBox={`0 0 ${width} ${height}`}
      width={props.print ? "100%" : width}
      height={props.print ? undefined : height}
      role="img"
      aria-label={props.name}
      tabIndex={props.onWeek ? 0 : undefined}
      onPointerMove={props.onWeek && move}
      onPointerDown={props.onWeek && move}
      onPointerLeave={props.onWeek && (() => props.onWeek!(null))}
      onBlur={props.onWeek && (() => props.onWeek!(null))}
      onKeyDown={props.onWeek && ((event) => step(event, props))}
    >
      <Grid ticks={ticks} times={times} x={x} y={y} width={width} floor={floor} height={height} />
      <path class="band other" d={paths.other} />
      <path class="band all" d={paths.all} />
      {paths.chance && <path class="band chance" d={paths.chance} />}
      <path class="line other" d={paths.otherLine} />
      <path class="line" d={paths.middle} />
      {strips.map((one) => (
        <rect
          class={`strip mode-${one.mode}`}
          x={x(one.from)}
          width={Math.max(2, x(one.to) - x(one.from))}
          y={floor + 3 + one.row * (STRIP + 2)}
          height={STRIP}
          rx={2}
        />
      ))}
      {marks.map((one) => (
        <g class="mark" transform={`translate(${x(one.week)}, ${floor + 4 + rows * (STRIP + 2)})`}>
          <path d="M0 0 l4.5 8 h-9z" />
          {marks.length > 1 && (
            <text x={7} y={9}>
              {one.number}
            </text>
          )}
        </g>
      ))}
      {uprights(props, x).map((one) => (
        <Upright key={one.text} floor={floor} {...one} />
      ))}
      {end !== null && <Values frame={frame} {...props} />}
      {week !== null && <Reading frame={frame} week={week} floor={floor} course={course} />}
    </svg>
  );
}

type Frame = ReturnType<typeof useFrame>;

function useFrame({ course, outcome, width, height, horizon, start }: CourseChartProps, bottom: number) {
  return useMemo(() => {
    const floor = height - bottom;
    const values = [course.p05, course.p95, course.other_p05, course.other_p95].flatMap((one) => [...one]);
    const [low, high] = limitsOf(values, outcome.low, outcome.high, outcome.high === 1 ? 0.3 : 0);
    const x = scaleLinear([0, horizon], [MARGIN.left, width - MARGIN.right]);
    const y = scaleLinear([low, high], [floor, MARGIN.top]);
    const { weeks } = course;
    const band = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      area<number>()
        .defined((_, i) => Number.isFinite(a[i]) && Number.isFinite(b[i]))
        .x((week) => x(week))
        .y0((_, i) => y(a[i]))
        .y1((_, i) => y(b[i]))(weeks) ?? "";
    const curve = (a: ArrayLike<number>) =>
      line<number>()
        .defined((_, i) => Number.isFinite(a[i]))
        .x((week) => x(week))
        .y((_, i) => y(a[i]))(weeks) ?? "";
    return {
      x,
      y,
      ticks: y.ticks(4),
      times: timeTicks(horizon, start, width < 260 ? 3 : width < 420 ? 4 : 7),
      paths: {
        other: band(course.other_p05, course.other_p95),
        all: band(course.p05, course.p95),
        chance: course.chance_low && course.chance_high ? band(course.chance_low, course.chance_high) : null,
        middle: curve(course.mean),
        otherLine: curve(course.other_mean),
      },
    };
  }, [course, outcome, width, height, horizon, start, bottom]);
}

type Scale = ReturnType<typeof scaleLinear<number>>;

function Grid(props: {
  ticks: number[];
  times: Tick[];
  x: Scale;
  y: Scale;
  width: number;
  floor: number;
  height: number;
}) {
  const { ticks, times, x, y, width, floor, height } = props;
  const form = y.tickFormat(4);
  const last = times.length - 1;
  return (
    <g class="grid" aria-hidden="true">
      {ticks.map((tick) => (
        <>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
          <text x={MARGIN.left - 6} y={y(tick) + 4} text-anchor="end">
            {form(tick)}
          </text>
        </>
      ))}
      {times.map((tick, place) => (
        <>
          <line class="tick" x1={x(tick.at)} x2={x(tick.at)} y1={floor} y2={floor + 3} />
          <text
            x={x(tick.at)}
            y={height - 4}
            text-anchor={x(tick.at) < MARGIN.left + 14 ? "start" : place === last && x(tick.at) > width - 26 ? "end" : "middle"}
          >
            {tick.text}
          </text>
        </>
      ))}
    </g>
  );
}

export interface UprightAbout {
  at: number;
  text: string;
  right: boolean; // the text is to the right of the line
  now?: boolean;
  lower?: boolean; // the text is on a second row, below that of the other
}

/** The lines at the last contact and at the end of the log. Where their texts would run into each other, one is lower. */
export function uprights({ end, now, width, words }: Pick<CourseChartProps, "end" | "now" | "width" | "words">, x: (week: number) => number): UprightAbout[] {
  const made = (week: number, text: string): UprightAbout => ({ at: x(week), text, right: x(week) < width - 90 });
  const last = end === null ? [] : [made(end, words.end)];
  if (now === null) return last;
  const here = { ...made(now, words.now), now: true };
  const reach = ({ at, text, right }: UprightAbout) => (right ? [at, at + 8 + LETTER * text.length] : [at - 8 - LETTER * text.length, at]);
  const [from, to] = reach(here);
  return [...last.map((one) => (reach(one)[0] < to && reach(one)[1] > from ? { ...one, lower: true } : one)), here];
}

function Upright(props: UprightAbout & { floor: number }) {
  return (
    <g class={props.now ? "upright now" : "upright"} aria-hidden="true">
      <line x1={props.at} x2={props.at} y1={props.now ? 2 : MARGIN.top - 8} y2={props.floor} />
      <text x={props.at + (props.right ? 4 : -4)} y={props.lower ? 22 : 10} text-anchor={props.right ? "start" : "end"}>
        {props.text}
      </text>
    </g>
  );
}

/** The two means at the last contact as text; the second is left out where they would overlap. */
function Values({ frame, course, end, text }: CourseChartProps & { frame: Frame }) {
  const place = course.weeks.indexOf(end!);
  if (!Number.isFinite(course.mean[place])) return null; // no run has a value, or no run is made yet
  const { x, y } = frame;
  const above = y(course.mean[place]);
  const below = y(course.other_mean[place]);
  const apart = Math.abs(above - below) > 16;
  const room = x(end!) - MARGIN.left; // to the left of the dot, before the numbers of the axis
  const beside = room > 36 ? { x: x(end!) - 7, "text-anchor": "end" as const } : { x: x(end!) + 7, "text-anchor": "start" as const };
  return (
    <g aria-hidden="true">
      <circle class="dot" cx={x(end!)} cy={above} r={3.5} />
      <text class="value" {...beside} y={above + (above <= below ? -6 : 14)}>
        {text(course.mean[place])}
      </text>
      {apart && (
        <text class="value other" {...beside} y={below + (above <= below ? 14 : -6)}>
          {text(course.other_mean[place])}
        </text>
      )}
    </g>
  );
}

function Reading(props: { frame: Frame; week: number; floor: number; course: Course }) {
  const { frame, week, floor, course } = props;
  const place = course.weeks.indexOf(week);
  if (!Number.isFinite(course.mean[place])) return null;
  const at = frame.x(week);
  return (
    <g class="reading" aria-hidden="true">
      <line x1={at} x2={at} y1={MARGIN.top} y2={floor} />
      <circle cx={at} cy={frame.y(course.mean[place])} r={4} />
      {Number.isFinite(course.other_mean[place]) && (
        <circle class="other" cx={at} cy={frame.y(course.other_mean[place])} r={3.5} />
      )}
    </g>
  );
}

// --- reading a month -----------------------------------------------------------------------------------

export function nearest(weeks: ArrayLike<number>, at: number): number {
  let best = weeks[0];
  for (let i = 1; i < weeks.length; i += 1) {
    if (Math.abs(weeks[i] - at) < Math.abs(best - at)) best = weeks[i];
  }
  return best;
}

const STEPS: Record<string, number> = { ArrowLeft: -13 / 3, ArrowRight: 13 / 3, PageUp: -52, PageDown: 52 };

function step(event: KeyboardEvent, { course, week, horizon, end, onWeek }: CourseChartProps): void {
  const from = week ?? end ?? 0;
  const to = { Home: 0, End: horizon }[event.key] ?? (event.key in STEPS ? from + STEPS[event.key] : null);
  if (event.key === "Escape") onWeek!(null);
  else if (to !== null) onWeek!(nearest(course.weeks, week === null && event.key in STEPS ? from : to));
  else return;
  event.preventDefault();
}
