/** The card that explains why a person's numbers changed in a week, with the arithmetic of each line. */
import { useEffect, useRef } from "preact/hooks";
import { useSay } from "../ui/widgets";
import type { Change, Replay, State } from "./replay";
import type { Account, Told, Why } from "./why";
import { fixed, signed } from "./why";

const PERSON: State[] = ["trust", "accountability", "knowledge", "integration"];
const SITE: State[] = ["provider_accountability", "context", "routines"];

export const statesOf = (post: number): State[] => (post < 0 ? SITE : PERSON);

interface WhyProps {
  replay: Replay;
  week: number;
  post: number;
  state: State;
  names: string[];
  modes: string[];
  why: Why;
  ruleSays: (rule: string) => string;
  flash: { change: Change; amount: number; without: boolean } | null;
  onState: (state: State) => void;
  onClose: () => void;
}

function stateAt(replay: Replay, week: number, post: number, state: State): number {
  const region = replay.weeks[week].regions[0];
  if (state === "provider_accountability") return region.record;
  if (state === "context" || state === "routines") return region[state];
  return region.people[post][state];
}

export function WhyCard(props: WhyProps) {
  const { replay, week, post, state, names, why, flash, onState, onClose } = props;
  const say = useSay();
  const seen = replay.weeks[week];
  const changes = seen.changes.filter((one) => one.region === 0 && one.post === post);
  const who = post < 0 ? say("class.net.provider") : names[post];
  const account = week === 0 ? null
    : why.account(state, changes, stateAt(replay, week - 1, post, state), stateAt(replay, week, post, state));
  return (
    <section class="k-why" aria-label={say("class.why.label", { who, week })}>
      <header>
        <h3>{say("class.why.title", { who, week })}</h3>
        <select aria-label={say("class.why.of")} value={state} onChange={(event) => onState(event.currentTarget.value as State)}>
          {statesOf(post).map((one) => <option key={one} value={one}>{say(`class.outcomes.${one}`)}</option>)}
        </select>
        <button type="button" class="k-close" aria-label={say("class.why.close")} onClick={onClose}>×</button>
      </header>
      {account === null || account.told.length === 0
        ? <p>{say(week === 0 ? "class.why.start" : "class.why.nothing", { who, level: fixed(stateAt(replay, week, post, state), 2) })}</p>
        : <AccountTable account={account} {...props} flash={flash} />}
    </section>
  );
}

function AccountTable({ account, ...props }: { account: Account } & WhyProps) {
  const say = useSay();
  return (
    <div class="k-account">
      <p class="k-sum"><span>{say("class.why.begin")}</span><b>{account.start}</b></p>
      {account.told.map((told) => <Line key={told.change.cause + told.change.contact} told={told} {...props} />)}
      <p class="k-sum k-end"><span>{say("class.why.end")}</span><b>{account.end}</b></p>
    </div>
  );
}

function Line({ told, ...props }: { told: Told } & WhyProps) {
  const say = useSay();
  const self = useRef<HTMLDetailsElement>(null);
  const { flash, ruleSays } = props;
  const flashes = flash?.change === told.change;
  useEffect(() => {
    if (flashes) self.current?.scrollIntoView({ block: "nearest" });
  }, [flashes]);
  const [first, ...inner] = told.lines;
  return (
    <details class={`k-line-of-why${flashes ? " is-flashing" : ""}`} ref={self}>
      <summary>
        <span class="k-said">{sentence(say, told.change, props)}</span>
        <b class={told.amount < 0 ? "is-down" : "is-up"}>{told.shown}</b>
        {flashes && flash.without && (
          <span class="k-without">{say("class.why.without", { part: signed(flash.amount, told.shown.split(".")[1].length) })}</span>
        )}
      </summary>
      <div class="k-arithmetic">
        <p><span class="k-small">{say("class.why.numbers")}</span> {first.numbers} = <b>{first.value}</b></p>
        <p class="k-names"><span class="k-small">{say("class.why.names")}</span> {first.names}</p>
        {first.rule && <p class="k-odd"><span class="k-small">{say("class.why.odd")}</span> {ruleSays(first.rule)}</p>}
        {inner.map((one) => (
          <div key={one.name + one.rule} class="k-inner">
            <p><span class="k-small">{say(`class.arguments.${one.name}`)}</span> {one.value} = {one.numbers}</p>
            <p class="k-names">= {one.names}</p>
          </div>
        ))}
      </div>
    </details>
  );
}

function sentence(say: ReturnType<typeof useSay>, change: Change, { replay, week, names, modes }: WhyProps): string {
  const contact = change.contact < 0 ? null : replay.weeks[week].contacts[change.contact];
  const given = change.call?.given ?? {};
  return say(`class.causes.${change.state}.${change.cause}`, {
    contact: contact ? say(`class.contacts.${modes[contact.mode]}`, { hours: fixed(contact.hours, 1).replace(/\.0$/, "") }) : "",
    peer: change.from < 0 ? "" : names[change.from],
    kept: given.kept ?? 0,
    reviewed: given.reviewed ?? 0,
  });
}
