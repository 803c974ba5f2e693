/** One printed page: verdict, one row of charts, cost, three cautions. It is shown on paper only. */
import { Fragment } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSay } from "../ui/widgets";
import { lineOf } from "../setting/words";
import { loggedWeeks, placeholders, providersOf, regionsOf, staffOf } from "../setting/read";
import type { Comparison, PageData, PlanAnswer, ScenarioData } from "../types";
import {
  asked, differenceOf, hasContacts, hasLog, leastSure, levelAt, outcomeOf, perYear, targetText, valueOf, verdict,
} from "../words/verdict";
import { about, level, money, outOf, signed, upper, whole, wholeMoney } from "../words/text";
import { CourseChart } from "./CourseChart";
import { periods } from "./Cost";
import { foot } from "./Foot";
import { happenings, strips } from "./OverTime";
import { counted } from "./RestsOn";
import { comparedOutcomes, type Given, startText } from "./shared";

export function Printed(props: Given & { reason?: string | null }) {
  const { data, plan, answer } = props;
  const say = useSay();
  const self = useRef<HTMLElement>(null);
  useEffect(() => {
    const prepare = () => fit(self.current!);
    window.addEventListener("beforeprint", prepare);
    return () => window.removeEventListener("beforeprint", prepare);
  }, []);
  return (
    <article class="printed" aria-hidden="true" ref={self}>
      <header>
        <h1>{plan.name}</h1>
        <p>
          {who(say, plan.scenario, data)} {upper(lineOf(plan.scenario, data))}.
        </p>
      </header>
      {answer ? <Page {...props} answer={answer} /> : <p>{props.reason ?? say("print.not_ready")}</p>}
    </article>
  );
}

/** Who takes part in a plan, as a sentence. */
function who(say: ReturnType<typeof useSay>, scenario: ScenarioData, { schema }: PageData): string {
  const { names } = regionsOf(scenario, schema);
  const staff = names.reduce((sum, name) => sum + staffOf(scenario, schema, name), 0);
  return say("print.who", { regions: names.length, staff, providers: providersOf(scenario, schema).count });
}

const HIGH = (279.4 - 26 - 2) * (96 / 25.4); // height in px of a Letter page within its margins, which is less than that of A4

/** Scales the page down where it would not fit on one sheet. */
export function fit(page: HTMLElement): void {
  page.classList.add("fitting");
  let scale = 1;
  for (let tries = 0; tries < 12; tries += 1) {
    page.style.setProperty("zoom", String(scale));
    page.style.width = `${182 / scale}mm`;
    if (page.offsetHeight * scale <= HIGH) break;
    scale -= 0.04;
  }
  page.classList.remove("fitting");
  page.style.removeProperty("zoom");
  page.style.removeProperty("width");
  page.style.setProperty("--fit", String(scale));
}

type Ready = Given & { answer: PlanAnswer };

function Page(props: Ready) {
  const { data, file, plan, answer } = props;
  const say = useSay();
  const start = startText(plan);
  const dated = { ...plan, scenario: { ...plan.scenario, ...(start ? { start_date: start } : {}) } };
  const { headline, text } = verdict({ data, file, plan: dated, answer });
  return (
    <>
      <section class="printed-verdict">
        <h2>{headline}</h2>
        <p>{text.join(" ")}</p>
      </section>
      <section>
        <h3>{say("print.over_time")}</h3>
        <Charts {...props} />
      </section>
      <section>
        <h3>{say("print.cost")}</h3>
        <CostTable {...props} />
        {answer.targets.length > 1 && <Targets {...props} />}
      </section>
      <Plans {...props} />
      <section>
        <h3>{say("print.caveats")}</h3>
        <Cautions {...props} />
      </section>
      <footer>
        <p>
          {say("print.made", { version: data.version })} {foot(say, answer)}
        </p>
      </footer>
    </>
  );
}

const CHART = { width: 300, height: 178 };

function Charts({ data, file, plan, answer }: Ready) {
  const say = useSay();
  const names = [...new Set([...asked(data, file.targets), "trust", "mutual_accountability", "integration"])].slice(0, 3);
  const listed = happenings(plan, data);
  const other = say(`results.over_time.${hasLog(answer) ? "stopping" : "without"}`);
  return (
    <>
      <div class="printed-charts">
        {names.map((name) => {
          const course = answer.courses.find((one) => one.outcome === name);
          const outcome = outcomeOf(data, name);
          return (
            course && (
              <figure>
                <figcaption>{upper(outcome.label)}</figcaption>
                <CourseChart
                  course={course}
                  outcome={outcome}
                  {...CHART}
                  horizon={answer.horizon}
                  end={hasContacts(answer) ? answer.end : null}
                  now={loggedWeeks(plan.scenario) || null}
                  start={startText(plan)}
                  marks={listed.map((one, place) => ({ week: one.week, number: place + 1 }))}
                  strips={strips(plan, data, answer.horizon)}
                  words={{ end: say("results.over_time.end"), now: say("results.over_time.now") }}
                  text={(value) => valueOf(outcome, value, file.currency)}
                  name={outcome.label}
                  week={null}
                  print
                />
              </figure>
            )
          );
        })}
      </div>
      <p class="printed-key">
        {upper(say("results.over_time.middle", { runs: whole(answer.runs) }))}
        {"; "}
        {say("print.key", { other })}
        {listed.slice(0, 4).map((one, place) => ` ▲${listed.length > 1 ? place + 1 : ""} ${one.text}.`)}
      </p>
    </>
  );
}

function CostTable({ file, plan, answer }: Ready) {
  const say = useSay();
  const text = (value: number) => wholeMoney(value, file.currency);
  const all = periods(plan, answer, say);
  const rows = all.length > 6 ? [...all.slice(0, 4), ...all.slice(-1)] : all;
  return (
    <table>
      <thead>
        <tr>
          <th>{say("results.cost.period")}</th>
          {["center", "regions", "together", "expected"].map((name) => (
            <th class="number">{say(`results.cost.${name}`)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <th>
              {row.name} <span>{row.span}</span>
            </th>
            <td class="number">{text(row.planned.centre)}</td>
            <td class="number">{text(row.planned.regions)}</td>
            <td class="number">{text(row.planned.money)}</td>
            <td class="number">{row.expected ? about(row.expected.centre + row.expected.regions, file.currency) : "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const MOST_PLANS = 5;

/** One line for each compared plan. */
function Plans({ data, file, comparison }: Ready) {
  const say = useSay();
  if (!comparison || comparison.plans.length < 2) return null;
  const names = comparedOutcomes(data, file).slice(0, 4);
  const plans = file.plans.slice(0, MOST_PLANS).map(({ name }) => ({
    name, one: comparison.plans.find(({ plan }) => plan === name),
  }));
  return (
    <section>
      <h3>
        {say("results.compare.title")} <span>{say("print.against", { reference: `“${comparison.reference}”` })}</span>
      </h3>
      <table>
        <thead>
          <tr>
            <th>{say("results.compare.plan")}</th>
            {names.map((name) => (
              <th>{upper(outcomeOf(data, name).label)}</th>
            ))}
            <th class="number">{say("results.compare.center")}</th>
            {file.targets.length > 0 && <th class="number">{say("results.compare.target")}</th>}
          </tr>
        </thead>
        <tbody>
          {plans.map(({ name, one }) => (
            <tr>
              <th>{name}</th>
              {names.map((outcome) => (
                <td>{one ? told(say, comparison, one, outcome) : "–"}</td>
              ))}
              <td class="number">{one ? wholeMoney(perYear(one), file.currency) : "–"}</td>
              {file.targets.length > 0 && <td class="number">{one ? least(one) : "–"}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {file.plans.length > MOST_PLANS && <p class="printed-key">{say("print.first_plans", { count: MOST_PLANS, all: file.plans.length })}</p>}
    </section>
  );
}

function told(say: ReturnType<typeof useSay>, comparison: Comparison, plan: PlanAnswer, name: string): string {
  if (plan.plan === comparison.reference) return level(levelAt(plan, name, plan.end)?.mean ?? NaN);
  const paired = differenceOf(comparison, plan.plan, name);
  return paired ? `${say(`results.compare.verdicts.${paired.verdict}`)} (${signed(paired.mean)})` : "–";
}

function least(answer: PlanAnswer): string {
  const worst = leastSure(answer.targets);
  return worst ? outOf(worst.share.hits, worst.share.runs) : "–";
}

function Targets({ data, file, plan, answer }: Ready) {
  const say = useSay();
  return (
    <p>
      {answer.targets.slice(0, 6).map((one) => (
        <Fragment>
          {upper(targetText(data, one, startText(plan), file.currency))}: {outOf(one.share.hits, one.share.runs)}{" "}
          {say("results.tiles.runs")}, {say(`results.met.${one.met}`)}.{" "}
        </Fragment>
      ))}
    </p>
  );
}

function Cautions({ data, file, plan, answer }: Ready) {
  const say = useSay();
  const prices = { ...defaults(data), ...(plan.scenario.costs ?? {}) };
  const text = (value: number) => money(value, file.currency);
  return (
    <ol>
      <li>{say("print.caveat_assumed", counted(data, answer))}</li>
      <li>{say("print.caveat_range")}</li>
      <li>
        {say(placeholders(plan.scenario) ? "print.caveat_placeholders" : "print.caveat_cost", {
          provider_hour: text(prices.provider_hour),
          staff_hour: text(prices.staff_hour),
          travel_visit: text(prices.travel_visit),
        })}
      </li>
    </ol>
  );
}

/** Prices for fields that the plan leaves out: the defaults of the schema. */
function defaults(data: PageData): Record<string, number> {
  const fields: Record<string, any> = data.schema.$defs?.Costs?.properties ?? {};
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default]));
}
