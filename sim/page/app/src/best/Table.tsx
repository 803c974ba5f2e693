/** The table of the plans that the search gives, cheapest first. */
import type { Found, Reached, Row } from "../study/search";
import type { Paired } from "../types";
import { money, outOf, percent, signed } from "../words/text";
import { sureText, valueOf } from "../words/verdict";
import { isOwn, type Shared } from "./index";
import { lineOfChoice } from "./line";

export function Table({ shared, found }: { shared: Shared; found: Found }) {
  const { say, about, file, letter } = shared;
  const targets = file.targets.length;
  const all = file.budget.a_year !== null && file.budget.of === "all";
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={say("table.name")}>
      <table class="best-table">
        <caption class="unseen">{say("table.name")}</caption>
        <thead>
          <tr>
            <th scope="col">{say("table.plan")}</th>
            <th scope="col" class="number">{say("table.center")}</th>
            {all && <th scope="col" class="number">{say("table.all")}</th>}
            <th scope="col" class="number">{about.label.slice(0, 1).toUpperCase() + about.label.slice(1)}</th>
            {targets > 0 && <th scope="col" class="number">{say(targets > 1 ? "table.targets" : "table.target")}</th>}
            <th scope="col">{say("table.against", { letter })}</th>
            <th scope="col">
              <span class="unseen">{say("table.use")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {found.rows.map((row, place) => (
            <Line key={row.key} shared={shared} row={row} number={place + 1} all={all} />
          ))}
        </tbody>
        {found.own && !found.rows.some((row) => isOwn(row, shared.space)) && (
          <tfoot>
            <OwnLine shared={shared} row={found.own} all={all} />
          </tfoot>
        )}
      </table>
    </div>
  );
}

function Line({ shared, row, number, all }: { shared: Shared; row: Row; number: number; all: boolean }) {
  const { say, data, file, use, letter, space } = shared;
  const own = isOwn(row, space);
  const line = lineOfChoice(row.choice, data);
  return (
    <tr class={own ? "own" : undefined}>
      <th scope="row">
        <span class="best-number" aria-hidden="true">{number}</span>
        {line}
      </th>
      <Cells shared={shared} row={row} all={all} />
      <td data-label={say("table.against", { letter })}>{own ? say("table.is_own", { letter }) : <Against paired={row.against} shared={shared} />}</td>
      <td class="best-use">
        {own ? null : (
          <button type="button" aria-label={say("table.use_line", { line })} onClick={() => use(row.choice)}>
            {say("table.use")}
          </button>
        )}
      </td>
      <td class="unseen">{row.within ? "" : money(row.taken.most, file.currency)}</td>
    </tr>
  );
}

function OwnLine({ shared, row, all }: { shared: Shared; row: Row; all: boolean }) {
  const { say, letter, plan } = shared;
  return (
    <tr class="own">
      <th scope="row">
        <span class="best-number own" aria-hidden="true">◆</span>
        {say("table.own", { letter, name: plan.name })}
      </th>
      <Cells shared={shared} row={row} all={all} />
      <td class="muted">{row.within ? "" : <span class="bad">{say("table.over")}</span>}</td>
      <td />
    </tr>
  );
}

function Cells({ shared, row, all }: { shared: Shared; row: Row; all: boolean }) {
  const { say, file, about } = shared;
  const even = Math.round(row.taken.most) === Math.round(all ? row.taken.spend : row.taken.centre);
  const dearest = file.budget.a_year !== null && !even && (
    <span class="best-more">{say("table.dearest", { money: money(row.taken.most, file.currency) })}</span>
  );
  return (
    <>
      <td class="number" data-label={say("table.center")}>
        {money(row.taken.centre, file.currency)}
        {!all && dearest}
      </td>
      {all && (
        <td class="number" data-label={say("table.all")}>
          {money(row.taken.spend, file.currency)}
          {dearest}
        </td>
      )}
      <td class="number" data-label={about.label}>{valueOf(about, row.level, file.currency)}</td>
      {row.reached.length > 0 && (
        <td class="number" data-label={say(row.reached.length > 1 ? "table.targets" : "table.target")}>
          {row.reached.map((one) => (
            <Target one={one} shared={shared} named={row.reached.length > 1} />
          ))}
        </td>
      )}
    </>
  );
}

function Target({ one, shared, named }: { one: Reached; shared: Shared; named: boolean }) {
  const { say, data } = shared;
  const { share, target } = one;
  const [low, high] = [Math.floor(100 * share.low + 1e-9), Math.ceil(100 * share.high - 1e-9)];
  const outcome = data.outcomes.find((each) => each.name === target.outcome);
  const tone = { met: "good", "by the estimate": "warn", "not met": "bad" }[one.met];
  return (
    <span class="best-target">
      {named && <span class="muted">{outcome?.label} </span>}
      <span class="best-share">{outOf(share.hits, share.runs)}</span>
      <span class={`best-more ${tone}`}>
        {say(`met.${one.met.replaceAll(" ", "_")}`, { asked: sureText(target.sure), low: String(low), high: `${high} %`, share: percent(share.p) })}
      </span>
    </span>
  );
}

function Against({ paired, shared }: { paired: Paired | null; shared: Shared }) {
  const { say } = shared;
  if (!paired) return <>–</>;
  const tone = { better: "good", worse: "bad" }[paired.verdict as string] ?? "";
  const unit = shared.about.high === 1 || shared.about.high !== null;
  return (
    <>
      <span class={`best-verdict ${tone}`}>{say(`verdict.${paired.verdict.replaceAll(" ", "_").replace("-", "nothing")}`)}</span>
      {unit && Number.isFinite(paired.mean) && <span class="best-more">{signed(paired.mean)}</span>}
    </>
  );
}
