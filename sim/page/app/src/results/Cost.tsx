/** Cost by payer and year, and the providers' hours against the hours they have. */
import { Skeleton, Term, useSay } from "../ui/widgets";
import type { PageData, Plan, PlanAnswer, Resources } from "../types";
import { hasLog, paid } from "../words/verdict";
import { about, hours, list, longMonth, month, percent, wholeMoney } from "../words/text";
import { planStart, readable } from "../setting/read";
import { diaries } from "./Verdict";
import { type Given, Part, startText } from "./shared";

export function Cost({ data, file, plan, answer }: Given) {
  const say = useSay();
  return (
    <Part id="cost" title={say("results.cost.title")} sub={<CostSub />}>
      {answer ? (
        <div class="cost">
          <Years file={file} plan={plan} answer={answer} />
          <Providers data={data} plan={plan} answer={answer} />
        </div>
      ) : (
        <Skeleton height="9rem" />
      )}
    </Part>
  );
}

function CostSub() {
  const say = useSay();
  return <>{say("results.cost.sub")}</>;
}

interface Period {
  name: string;
  span: string; // months, or weeks without dates; "" for the log and the whole
  planned: Resources;
  expected: { centre: number; regions: number } | null;
  bar: boolean; // whether a bar compares it with the budget
}

type Say = (way: string, values?: Record<string, string | number>) => string;

/** The periods of the cost: the log, each year, and their sum. */
export function periods(plan: Plan, answer: PlanAnswer, say: Say): Period[] {
  const start = startText(plan);
  const first = planStart(plan.scenario);
  const { planned, expected } = answer;
  const log = hasLog(answer);
  const years = planned.years.map((year, place): Period => {
    const from = first + 52 * place;
    const to = Math.min(from + 51, answer.end);
    return {
      name: say("results.cost.year", { number: place + 1 }),
      span: start ? `${month(from, start)} – ${month(to, start)}` : `${longMonth(from, start)} – ${to}`,
      planned: year,
      expected: expected.years[place] ?? null,
      bar: true,
    };
  });
  const whole = { name: say(`results.cost.${log ? "to_spend" : "whole"}`), span: "", planned: planned.total, expected, bar: false };
  const spent = { name: say("results.cost.spent"), span: "", planned: planned.spent, expected: expected.spent, bar: false };
  const all = years.length > 1 || log ? [...years, whole] : years;
  return log ? [spent, ...all] : all;
}

function Years({ file, plan, answer }: Pick<Given, "file" | "plan"> & { answer: PlanAnswer }) {
  const say = useSay();
  const text = (value: number) => wholeMoney(value, file.currency);
  const limit = file.budget.a_year;
  const rows = periods(plan, answer, say);
  const payer = file.budget.of;
  const largest = Math.max(1, limit ?? 0, ...rows.filter((one) => one.bar).map((one) => one.planned.money));
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label={say("results.cost.title")}>
      <table class="cost-table">
        <thead>
          <tr>
            <th scope="col">{say("results.cost.period")}</th>
            <th scope="col" class="number">
              <i class="key center" aria-hidden="true" /> {say("results.cost.center")}
            </th>
            <th scope="col" class="number">
              <i class="key regions" aria-hidden="true" /> {say("results.cost.regions")}
            </th>
            <th scope="col" class="number">
              <Term name="planned_cost">{say("results.cost.together")}</Term>
            </th>
            <th scope="col" class="number">
              <Term name="expected_cost">{say("results.cost.expected")}</Term>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <>
              <tr class={row.bar ? "has-bar" : "whole-row"}>
                <th scope="row">
                  {row.name} {row.span && <span class="muted span">{row.span}</span>}
                </th>
                <td class="number">{text(row.planned.centre)}</td>
                <td class="number">{text(row.planned.regions)}</td>
                <td class="number">{text(row.planned.money)}</td>
                <td class="number muted">
                  {row.expected ? about(row.expected.centre + row.expected.regions, file.currency) : "–"}
                </td>
              </tr>
              {row.bar && (
                <tr class="bar-row" aria-hidden="true">
                  <td colSpan={5}>
                    <Bar planned={row.planned} largest={largest} limit={limit} payer={payer} over={limit !== null && paid(row.planned, payer) > limit} />
                  </td>
                </tr>
              )}
            </>
          ))}
        </tbody>
      </table>
      {limit !== null && (
        <p class="small muted budget-key">
          <u aria-hidden="true" /> {say(`results.cost.budget_line.${payer}`, { limit: text(limit) })}
        </p>
      )}
    </div>
  );
}

function Bar(props: { planned: Resources; largest: number; limit: number | null; payer: "centre" | "all"; over: boolean }) {
  const { planned, largest, limit } = props;
  const part = (value: number) => `${(100 * value) / largest}%`;
  return (
    <div class="money-bar">
      <i class={props.over ? "center over" : "center"} style={{ width: part(planned.centre) }} />
      <i class="regions" style={{ width: part(planned.regions) }} />
      {limit !== null && <u style={{ left: part(limit) }} />}
    </div>
  );
}

// --- providers ----------------------------------------------------------------------------------------

/** Hours whose unit stays on the line of the number. */
const together = (value: number): string => hours(value).replace(" ", "\u00a0");

function Providers({ data, plan, answer }: { data: PageData; plan: Plan; answer: PlanAnswer }) {
  const say = useSay();
  const found = diaries(answer);
  const years = answer.planned.years.length;
  const used = found.shares.reduce((sum, one) => sum + one.used, 0);
  const all = found.shares.reduce((sum, one) => sum + one.all, 0);
  const over = answer.planned.by_provider.filter(({ hours: byYear, has }) => byYear.some((one) => one > has + 1e-9));
  const name = (raw: string) => readable(raw, data.words);
  if (!found.shares.length) return null;
  const values = {
    count: found.shares.length,
    has: hours(all),
    used: hours(used),
    idle: hours(Math.max(0, all - used)),
    share: percent(all > 0 ? Math.max(0, (all - used) / all) : 0),
  };
  return (
    <div>
      <h3>{say("results.cost.providers")}</h3>
      <p class="part-sub">{say("results.cost.idle_line", values)}</p>
      {over.length > 0 && (
        <p class="small warn">{say("results.cost.over_line", { names: list(over.map((one) => name(one.name))) })}</p>
      )}
      <div class="scroll-x" tabIndex={0} role="group" aria-label={say("results.cost.providers")}>
        <table class="providers-table">
          <thead>
            <tr>
              <th scope="col">{say("results.cost.provider")}</th>
              {answer.planned.years.map((_, place) => (
                <th scope="col">{say("results.cost.year", { number: place + 1 })}</th>
              ))}
              {years > 1 && (
                <th scope="col" class="number">
                  {say("results.cost.idle")}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {answer.planned.by_provider.map((one, place) => (
              <tr>
                <th scope="row">{name(one.name)}</th>
                {answer.planned.years.map((_, year) => (
                  <td>
                    <Diary used={one.hours[year] ?? 0} has={one.has} />
                  </td>
                ))}
                {years > 1 && <td class="number muted">{together(Math.max(0, found.shares[place].all - found.shares[place].used))}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Diary({ used, has }: { used: number; has: number }) {
  const say = useSay();
  const share = has > 0 ? Math.min(1, used / has) : used > 0 ? 1 : 0;
  return (
    <div class="diary">
      <div class="tile-bar" aria-hidden="true">
        <i class={used > has ? "bad" : "good"} style={{ width: `${100 * share}%` }} />
      </div>
      <span class={used > has ? "bad" : ""}>{say("results.cost.hours_of", { hours: together(used), has: together(has) })}</span>
    </div>
  );
}
