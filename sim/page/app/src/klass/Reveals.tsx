/** The numbers of a reveal: start, both sides and their difference, rounded so that they add up. */
import type { PageData } from "../types";
import { useSay } from "../ui/widgets";
import type { Reveal, RevealSide, Story } from "./story";

export function Reveals({ data, story, reveals, runs }: { data: PageData; story: Story; reveals: Reveal[]; runs: number }) {
  const say = useSay();
  const label = (outcome: string) => {
    const own = say(`class.outcomes.${outcome}`);
    return own.startsWith("class.") ? (data.outcomes.find((one) => one.name === outcome)?.label ?? outcome) : own;
  };
  const start = ({ left, right }: Reveal) => (left.start === right.start ? left.start : `${left.start} / ${right.start}`);
  return (
    <table class="k-reveals">
      <caption>{say("class.reveal.caption", { runs })}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{say("class.reveal.start")}</th>
          {story.sides.map((one) => <th key={one.name} scope="col">{one.line}</th>)}
          <th scope="col">{say("class.reveal.difference")}</th>
        </tr>
      </thead>
      <tbody>
        {reveals.map((one) => (
          <tr key={`${one.outcome} ${one.week}`}>
            <th scope="row">
              {label(one.outcome)} <span class="k-from">{say(one.from ? "class.reveal.weeks" : "class.reveal.week", { week: one.week, from: one.from })}</span>
            </th>
            <td>{start(one) || say("class.reveal.nothing")}</td>
            <Cell side={one.left} />
            <Cell side={one.right} />
            <td><b>{one.difference}</b></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell({ side }: { side: RevealSide }) {
  return (
    <td>
      <b>{side.end}</b>
      {side.change && <span class="k-from">{side.change}</span>}
    </td>
  );
}
