/** Outcomes over time: small charts with one legend, the values of a chosen month, and all numbers as a table. */
import { useMemo, useState } from "preact/hooks";
import { eventLine } from "../setting/words";
import { loggedWeeks, seriesOf } from "../setting/read";
import { Skeleton, Term, useSay } from "../ui/widgets";
import type { Course, PageData, Plan, PlanAnswer } from "../types";
import { hasContacts, hasLog, outcomeOf, valueOf } from "../words/verdict";
import { month, upper, whole } from "../words/text";
import { CourseChart, type Mark, nearest, type Strip } from "./CourseChart";
import { type Given, Part, shownFirst, shownMore, startText, useWidth } from "./shared";

export function OverTime(props: Given & { stale: boolean }) {
  const say = useSay();
  const [more, setMore] = useState(false);
  const names = [...shownFirst(props.data, props.file), ...(more ? shownMore(props.data, props.file) : [])];
  return (
    <Part
      id="time"
      title={say("results.over_time.title")}
      tools={
        <button type="button" class="small" aria-expanded={more} onClick={() => setMore(!more)}>
          {say(`results.over_time.${more ? "fewer" : "more"}`)}
        </button>
      }
    >
      {props.answer ? (
        <Charts {...props} answer={props.answer} names={names} />
      ) : (
        <div class="courses">
          {names.map(() => (
            <Skeleton height="11rem" />
          ))}
        </div>
      )}
    </Part>
  );
}

export interface Happening {
  week: number;
  text: string;
}

/** The events of the plan, in the order of weeks. */
export function happenings(plan: Plan, data: PageData): Happening[] {
  const shocks: any[] = plan.scenario.shocks ?? plan.scenario.events ?? [];
  return shocks
    .map((one) => ({ week: one.week, text: upper(eventLine(one, plan.scenario, data)) }))
    .sort((a, b) => a.week - b.week);
}

/** The weeks in which each kind of contact is planned: a row for each mode. */
export function strips(plan: Plan, data: PageData, horizon: number): Strip[] {
  const series = seriesOf(plan.scenario, data);
  const modes = [...new Set(series.map((one) => one.mode))];
  return series.map((one) => ({
    mode: one.mode,
    from: Math.max(0, one.first_week - 1),
    to: Math.min(horizon, one.last_week ?? horizon),
    row: modes.indexOf(one.mode),
  }));
}

type ChartsProps = Given & { answer: PlanAnswer; names: string[]; stale: boolean };

function Charts(props: ChartsProps) {
  const { data, file, plan, answer, names, stale } = props;
  const say = useSay();
  const { self, width } = useWidth<HTMLDivElement>(900);
  const [week, setWeek] = useState<number | null>(null);
  const start = startText(plan);
  const courses = names
    .map((name) => answer.courses.find((one) => one.outcome === name))
    .filter((one): one is Course => one !== undefined);
  const listed = happenings(plan, data);
  const marks: Mark[] = listed.map((one, place) => ({ week: one.week, number: place + 1 }));
  const across = width >= 720 ? 3 : width >= 480 ? 2 : 1;
  const each = Math.floor((width - (across - 1) * 18) / across);
  const other = say(`results.over_time.${hasLog(answer) ? "stopping" : "without"}`);
  const logged = loggedWeeks(plan.scenario);
  return (
    <div ref={self} class={stale ? "stale" : ""} aria-busy={stale}>
      <Legend answer={answer} modes={[...new Set(strips(plan, data, answer.horizon).map((one) => one.mode))]} />
      <div class="courses">
        {courses.map((course) => {
          const outcome = outcomeOf(data, course.outcome);
          const text = (value: number) => valueOf(outcome, value, file.currency);
          return (
            <figure class="course-figure">
              <figcaption>
                <h3>
                  <Term name={course.outcome}>{upper(outcome.label)}</Term> <span>{unitText(outcome.unit)}</span>
                </h3>
                <output class="readout">{week === null ? "" : readout(say, course, week, start, text)}</output>
              </figcaption>
              <CourseChart
                course={course}
                outcome={outcome}
                width={each}
                height={Math.round(Math.min(240, Math.max(180, each * 0.58)))}
                horizon={answer.horizon}
                end={hasContacts(answer) ? answer.end : null}
                now={logged || null}
                start={start}
                marks={marks}
                strips={strips(plan, data, answer.horizon)}
                words={{ end: say("results.over_time.end"), now: say("results.over_time.now") }}
                text={text}
                name={spoken(say, course, answer, outcome.label, text, other)}
                week={week}
                onWeek={setWeek}
              />
            </figure>
          );
        })}
      </div>
      {listed.length > 0 && <Events listed={listed} />}
      <Table courses={courses} {...props} />
    </div>
  );
}

type Say = ReturnType<typeof useSay>;

function unitText(unit: string): string {
  return unit === "0-1" ? "0–1" : unit;
}

function readout(say: Say, course: Course, week: number, start: string | undefined, text: (value: number) => string) {
  const at = course.weeks.indexOf(nearest(course.weeks, week));
  return say("results.over_time.readout", {
    when: month(week, start),
    value: text(course.mean[at]),
    low: text(course.p05[at]),
    high: text(course.p95[at]),
    without: text(course.other_mean[at]),
  });
}

function spoken(say: Say, course: Course, answer: PlanAnswer, name: string, text: (value: number) => string, other: string) {
  const end = Math.max(0, course.weeks.indexOf(answer.end));
  return say("results.over_time.chart_label", {
    outcome: upper(name),
    start: text(course.mean[0]),
    end: text(course.mean[end]),
    without: text(course.other_mean[end]),
    other,
  });
}

function Legend({ answer, modes }: { answer: PlanAnswer; modes: string[] }) {
  const say = useSay();
  const other = hasLog(answer) ? "stopping" : "without";
  const keys: [string, string][] = [
    ["key-line", say("results.over_time.middle", { runs: whole(answer.runs) })],
    ["key-chance", say("results.over_time.chance")],
    ["key-all", say("results.over_time.unknown")],
    ["key-other", say(`results.over_time.${other}`)],
    ...modes.map((mode): [string, string] => [`key-strip mode-${mode}`, say(`results.over_time.modes.${mode}`)]),
  ];
  return (
    <ul class="legend">
      {keys.map(([kind, text]) => (
        <li>
          <i class={kind} aria-hidden="true" />
          {text}
        </li>
      ))}
    </ul>
  );
}

function Events({ listed }: { listed: Happening[] }) {
  return (
    <ol class="happenings" aria-label={useSay()("results.over_time.events")}>
      {listed.map((one, place) => (
        <li>
          <svg viewBox="0 0 10 9" aria-hidden="true">
            <path d="M5 0 l4.5 8 h-9z" />
          </svg>
          {listed.length > 1 && <b>{place + 1}</b>} {one.text}
        </li>
      ))}
    </ol>
  );
}

function Table({ courses, answer, plan, data, file }: ChartsProps & { courses: Course[] }) {
  const say = useSay();
  const [open, setOpen] = useState(false);
  const weeks = useMemo(() => quarters(answer.horizon, answer.points), [answer.horizon, answer.points]);
  const other = say(`results.over_time.${hasLog(answer) ? "stopping" : "without"}`);
  return (
    <details class="fold" onToggle={(event) => setOpen((event.target as HTMLDetailsElement).open)}>
      <summary>{say("results.over_time.table")}</summary>
      {open && (
        <div class="scroll-x" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say("results.over_time.when")}</th>
                {courses.map((course) => (
                  <>
                    <th scope="col" class="number">
                      {upper(outcomeOf(data, course.outcome).label)}
                    </th>
                    <th scope="col" class="number">
                      {other}
                    </th>
                  </>
                ))}
              </tr>
            </thead>
            <tbody>
              {weeks.map((week) => (
                <tr>
                  <th scope="row">{month(week, startText(plan))}</th>
                  {courses.map((course) => {
                    const outcome = outcomeOf(data, course.outcome);
                    const text = (value: number) => valueOf(outcome, value, file.currency);
                    const at = course.weeks.indexOf(nearest(course.weeks, week));
                    return (
                      <>
                        <td class="number">
                          {text(course.mean[at])}{" "}
                          <span class="muted">
                            ({text(course.p05[at])}–{text(course.p95[at])})
                          </span>
                        </td>
                        <td class="number muted">{text(course.other_mean[at])}</td>
                      </>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

/** Weeks of the table: every quarter, and the plan's points in time. */
export function quarters(horizon: number, points: number[]): number[] {
  const found = new Set<number>(points);
  for (let week = 0; week <= horizon; week += 13) found.add(week);
  return [...found].filter((week) => week <= horizon).sort((a, b) => a - b);
}
