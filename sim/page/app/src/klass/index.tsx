/** The class: a small region in two versions side by side, week by week, with questions to answer before seeing the result. */
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { completer } from "../model/complete";
import type { PageRunner } from "../study/runner";
import type { PageData } from "../types";
import type { Place, Store } from "../ui/store";
import { StoreContext, useStore } from "../ui/store";
import { useSay } from "../ui/widgets";
import { Controls, SPEEDS } from "./Controls";
import { Course } from "./Course";
import { Action, Guide } from "./Guide";
import { isShown, type StepKept, useProgress } from "./keep";
import { Network } from "./Network";
import type { State } from "./replay";
import { Reveals } from "./Reveals";
import { type Replays, tellingOf, type Tools, useAnswers, useReplays } from "./runs";
import { Sheet } from "./Sheets";
import { type Side, SIDES, type Story, type Telling } from "./story";
import { contactWeeks, isState, namesIn, type Outcome, OUTCOMES, ofPeople, valueAt, widest } from "./view";
import { type Equations, fixed, signed, Why } from "./why";
import { statesOf, WhyCard } from "./WhyCard";
import "./klass.css";

export interface ClassProps {
  data: PageData;
  runner: PageRunner | null; // null: not started yet
  store?: Store; // the default is the store of the surrounding page
}

export function Class({ data, runner, store: given }: ClassProps) {
  const around = useContext<Store | null>(StoreContext);
  const store = (given ?? around)!;
  const place = useStore((state) => state.place, store);
  const stories = data.stories as Story[];
  const story = stories.find((one) => one.key === place.story) ?? null;
  const tools = useMemo<Tools | null>(
    () => runner && { data, runner, complete: completer(data) }, [data, runner]);
  const go = (next: Place) => store.go(next);
  if (story === null) return <Picker stories={stories} go={go} />;
  return <StoryView key={story.key} {...{ data, story, tools, place, go }} />;
}

const LEAVE: Place = { story: "", step: "", week: "", who: "", side: "", shows: "", off: "", sheet: "", present: "" };

function Picker({ stories, go }: { stories: Story[]; go: (place: Place) => void }) {
  const say = useSay();
  return (
    <div class="k-picker">
      <h1>{say("class.picker.title")}</h1>
      <p class="k-lead">{say("class.picker.lead")}</p>
      <ol>
        {stories.map((one) => (
          <li key={one.key}>
            <h2><button type="button" onClick={() => go({ story: one.key, step: "1" })}>{one.title}</button></h2>
            <p>{one.aim}</p>
            <p class="k-small">
              {say("class.picker.about", { minutes: one.minutes, questions: one.steps.length })}
              <button type="button" onClick={() => go({ story: one.key, sheet: "sheet" })} aria-label={say("class.picker.sheet_of", { title: one.title })}>{say("class.picker.sheet")}</button>
              <button type="button" onClick={() => go({ story: one.key, sheet: "key" })} aria-label={say("class.picker.key_of", { title: one.title })}>{say("class.picker.key")}</button>
            </p>
          </li>
        ))}
      </ol>
      <p class="k-small">{say("class.picker.caution")}</p>
    </div>
  );
}

/** The week in which a step begins, and the one in which it is answered. */
export function spanOf(story: Story, step: number): [number, number] {
  const end = (one: number) => Math.max(...story.steps[one].show.map((shown) => shown.week));
  const same = (a: number, b: number) => (story.steps[a].off ?? []).join() === (story.steps[b].off ?? []).join();
  const begin = step > 0 && same(step - 1, step) ? end(step - 1) : 0;
  return [begin, end(step)];
}

interface ViewProps {
  data: PageData;
  story: Story;
  tools: Tools | null;
  place: Place;
  go: (place: Place) => void;
}

const whole = (text: string | undefined, low: number, high: number, otherwise: number): number => {
  const found = Number(text);
  return text !== undefined && text !== "" && Number.isInteger(found) && found >= low && found <= high ? found : otherwise;
};

const reduced = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function StoryView({ data, story, tools, place, go }: ViewProps) {
  const say = useSay();
  const progress = useProgress();
  const step = whole(place.step, 1, story.steps.length, 1) - 1;
  const now = story.steps[step];
  const kept = progress.of(story.key, step, now.choices.length + 1);
  const horizon: number = story.scenario.horizon_weeks;
  const [revealing, setRevealing] = useState(false); // the run plays up to the answer, which is shown at its end
  const shown = isShown(kept.phase);
  const [begin, end] = spanOf(story, step);
  const limit = !shown ? begin : step === story.steps.length - 1 && !revealing ? horizon : end;
  const week = whole(place.week, 0, limit, Math.min(begin, limit));
  const switched = place.off !== undefined && place.off !== "";
  const off = switched ? place.off.split("-").filter((one) => story.switches?.some(({ key }) => key === one)) : (now.off ?? []);
  const outcome = (OUTCOMES as readonly string[]).includes(place.shows ?? "") ? (place.shows as Outcome) : (now.outcome as Outcome);
  const answers = useAnswers(story, tools);
  const replicate = answers.value?.replicate ?? (answers.fault ? 0 : -1);
  const replays = useReplays(story, off, replicate, tools);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<number>(4);
  const [pause, setPause] = useState(false);
  const [told, setTold] = useState<Telling | null>(null);
  const [state, setState] = useState<State | null>(null);
  const present = place.present === "1";
  const side: Side = place.side === "left" ? "left" : "right";
  const who = whole(place.who, -1, 40, NaN);
  const chosen = Number.isNaN(who) ? null : who;
  const setWeek = (next: number) => go({ week: String(next) });
  const setKept = (next: StepKept) => progress.set(story.key, step, next);

  useEffect(() => {
    setPlaying(false);
    setTold(null);
    setRevealing(false);
  }, [story.key, step]);

  // While playing, the week advances by one until it reaches the limit of the step.
  useEffect(() => {
    if (!playing || !replays.value) return undefined;
    if (week >= limit) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => {
      const next = week + 1;
      setWeek(next);
      const met = SIDES.some((one) => replays.value![one].weeks[next].contacts.length > 0);
      if (pause && met && !revealing) setPlaying(false);
    }, 1000 / speed);
    return () => clearTimeout(timer);
  }, [playing, week, limit, replays.value, speed, pause, revealing]);

  // The answer is shown once its last week is reached, by playing or by a jump.
  useEffect(() => {
    if (week >= end) setRevealing(false);
  }, [week, end]);

  const explain = () => {
    const found = replays.value && tools ? tellingOf(now, replays.value, tools) : null;
    setKept({ ...kept, phase: "explained" });
    setPlaying(false);
    setRevealing(false);
    setTold(found);
    if (found === null) return;
    setState(found.change.state);
    go({ who: String(found.post), side: found.side, week: String(found.week) });
  };
  const show = () => {
    setKept({ ...kept, phase: "shown" });
    setTold(null);
    if (reduced() || begin >= end) go({ week: String(end), who: "" });
    else {
      go({ week: String(begin), who: "" });
      setSpeed(SPEEDS.find((one) => (end - begin) / one <= 7) ?? 16);
      setRevealing(true);
      setPlaying(true);
    }
  };
  const leave = () => go(LEAVE);
  const toStep = (next: number) => go({ step: String(next + 1), week: "", who: "", shows: "", off: "" });
  useKeys({ week, limit, setWeek, toggle: () => limit > 0 && setPlaying(!playing), leave: () => present && go({ present: "" }) });
  useEffect(() => {
    document.documentElement.classList.toggle("k-presenting", present);
    return () => document.documentElement.classList.remove("k-presenting");
  }, [present]);

  if (place.sheet === "sheet" || place.sheet === "key") {
    return <Sheet data={data} story={story} kind={place.sheet} answers={answers.value} onClose={() => go({ sheet: "" })} />;
  }
  const contacts = replays.value ? [...new Set(SIDES.flatMap((one) => contactWeeks(replays.value![one])))] : [];
  return (
    <div class={`k-story${present ? " is-presenting" : ""}`}>
      <Guide
        {...{ data, story, step, kept }}
        answer={revealing ? null : answers.value?.steps[step] ?? null}
        runs={answers.value?.runs ?? 0}
        working={!revealing && answers.value === null && answers.fault === ""}
        fault={answers.fault || replays.fault}
        onKept={setKept}
      />
      {replays.value ? (
        <Stage
          {...{ data, story, outcome, week: Math.min(week, replays.value.left.weeks.length - 1), limit: revealing ? week : limit, until: limit, side, chosen, told, state, tools: tools!, step, kept }}
          replays={replays.value}
          answers={revealing ? null : answers.value}
          onWho={(from, post) => {
            setState(null);
            go({ side: from, who: String(post) });
          }}
          onState={setState}
          onOutcome={(next) => go({ shows: next })}
          onClose={() => go({ who: "" })}
        />
      ) : <div class="k-stage is-empty"><p role="status">{answers.fault || replays.fault || say("class.stage.working")}</p></div>}
      <Controls
        {...{ story, week, limit, horizon, playing, speed, pause, present, contacts, off }}
        action={
          <Action
            {...{ kept, step }}
            ready={answers.value !== null && !playing}
            last={step === story.steps.length - 1}
            onKept={setKept}
            onShow={show}
            onExplain={explain}
            onStep={toStep}
            onStories={leave}
          />
        }
        onWeek={setWeek}
        onPlaying={setPlaying}
        onSpeed={setSpeed}
        onPause={setPause}
        onPresent={() => go({ present: present ? "" : "1" })}
        onOff={(next) => go({ off: next.length ? next.join("-") : "none" })}
      />
      <nav class="k-links" aria-label={say("class.links.name")}>
        <button type="button" onClick={leave}>{say("class.links.stories")}</button>
        {story.steps.map((_, i) => (
          <button type="button" key={i} aria-current={i === step ? "step" : undefined} onClick={() => toStep(i)}>
            {say("class.links.step", { step: i + 1 })}
          </button>
        ))}
        <button type="button" onClick={() => go({ sheet: "sheet" })}>{say("class.picker.sheet")}</button>
        <button type="button" onClick={() => go({ sheet: "key" })}>{say("class.picker.key")}</button>
        <button type="button" onClick={() => {
          progress.forget(story.key);
          setTold(null);
          go({ ...LEAVE, story: story.key, step: "1", present: place.present ?? "" });
        }}>{say("class.links.again")}</button>
        <span class="k-small">{say("class.links.kept")}</span>
      </nav>
    </div>
  );
}

function useKeys({ week, limit, setWeek, toggle, leave }: {
  week: number; limit: number; setWeek: (week: number) => void; toggle: () => void; leave: () => void;
}): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      const target = event.target as HTMLElement;
      if (target.closest("input, select, textarea, button, summary, [role=button]") && event.key !== "Escape") return;
      if (event.key === "ArrowRight" && week < limit) setWeek(week + 1);
      else if (event.key === "ArrowLeft" && week > 0) setWeek(week - 1);
      else if (event.key === " ") toggle();
      else if (event.key === "Escape") leave();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

interface StageProps {
  data: PageData;
  story: Story;
  step: number;
  kept: StepKept;
  replays: Replays;
  answers: ReturnType<typeof useAnswers>["value"];
  tools: Tools;
  outcome: Outcome;
  week: number;
  limit: number;
  until: number;
  side: Side;
  chosen: number | null;
  told: Telling | null;
  state: State | null;
  onWho: (side: Side, post: number) => void;
  onState: (state: State) => void;
  onOutcome: (outcome: Outcome) => void;
  onClose: () => void;
}

function Stage(props: StageProps) {
  const { data, story, step, kept, replays, answers, tools, outcome, week, limit, until, side, chosen, told, state, onWho } = props;
  const say = useSay();
  const names = say("class.names").split(" ");
  const modes = tools.runner.engine.layout.modes as string[];
  const people = ofPeople(outcome);
  const scale = useMemo(() => widest(SIDES.map((one) => replays[one]), people), [replays, people]);
  const why = useMemo(() => new Why(
    data.equations as Equations, tools.runner.engine.rules, (argument) => say(`class.arguments.${argument}`),
  ), [data, tools]);
  const flash = told && told.side === side && told.week === week && told.post === chosen
    ? { change: told.change, amount: told.amount, without: story.steps[step].look.without !== undefined } : null;
  const answer = answers?.steps[step];
  const shownState = state && chosen !== null && statesOf(chosen).includes(state) ? state
    : chosen === null || chosen >= 0 ? people : "provider_accountability";
  const pane = (one: Side) => (
    <section class={`k-side is-${one}`} key={one}>
      <SideHead {...{ story, replays, outcome, week, modes }} side={one} />
      <Network
        side={one}
        replay={replays[one]}
        {...{ week, scale, modes }}
        outcome={people}
        names={namesIn(replays[one], week, names)}
        selected={side === one ? chosen : null}
        label={say("class.net.label", { side: story.sides[one === "left" ? 0 : 1].name, week })}
        onSelect={(post) => onWho(one, post)}
      />
    </section>
  );
  return (
    <div class={`k-stage${chosen === null ? "" : ` is-about-${side}`}`}>
      {pane("left")}
      <section class="k-middle">
        <h2 class="k-head">
          <select aria-label={say("class.controls.outcome")} value={outcome} onChange={(event) => props.onOutcome(event.currentTarget.value as Outcome)}>
            {OUTCOMES.map((one) => <option key={one} value={one}>{say(`class.outcomes.${one}`)}</option>)}
          </select>
          <span>
            {people === outcome
              ? say("class.chart.since")
              : say(isState(outcome) ? "class.chart.since_circles" : "class.chart.circles", { outcome: say(`class.outcomes.${people}`) })}
          </span>
        </h2>
        <Course {...{ story, replays, outcome, week, limit, until }} low={chosen !== null} />
        {isShown(kept.phase) && answer && chosen === null && (
          <Reveals data={data} story={story} reveals={answer.reveals} runs={answers!.runs} />
        )}
        {chosen !== null && chosen < replays[side].weeks[0].regions[0].people.length && (
          <WhyCard
            replay={replays[side]}
            {...{ week, why, modes, flash }}
            post={chosen}
            state={shownState}
            names={namesIn(replays[side], week, names)}
            ruleSays={(rule) => (tools.runner.engine.layout as any).functions[rule].says}
            onState={props.onState}
            onClose={props.onClose}
          />
        )}
        {chosen === null && !isShown(kept.phase) && <p class="k-hint">{say("class.stage.hint")}</p>}
        {SIDES.flatMap((one) => replays[one].differences.slice(0, 1)).map((one) => (
          <p key={one} class="k-fault" role="alert">{say("class.stage.differs", { where: one })}</p>
        ))}
      </section>
      {pane("right")}
    </div>
  );
}

function SideHead({ story, replays, side, outcome, week, modes }: {
  story: Story; replays: Replays; side: Side; outcome: Outcome; week: number; modes: string[];
}) {
  const say = useSay();
  const replay = replays[side];
  const start = Number(valueAt(replay, outcome, 0).toFixed(2));
  const level = Number(valueAt(replay, outcome, week).toFixed(2));
  const numbers = isState(outcome)
    ? say("class.stage.numbers", { outcome: say(`class.outcomes.${outcome}`), start: fixed(start, 2), level: fixed(level, 2), change: signed(level - start, 2) })
    : say("class.stage.number", { outcome: say(`class.outcomes.${outcome}`), level: fixed(level, outcome === "open" ? 0 : 2) });
  const seen = replay.weeks[week];
  const happened = [
    ...seen.contacts.map((one) => {
      const contact = say(`class.contacts.${modes[one.mode]}`, { hours: fixed(one.hours, 1).replace(/\.0$/, "") });
      if (one.status === "provider" || one.status === "region") return say(`class.happened.${one.status}`, { contact });
      return say("class.happened.held", { contact, present: one.present.length, invited: one.invited.length });
    }),
    ...(seen.left.length ? [say("class.happened.left", { count: seen.left.length })] : []),
    ...(seen.providersLeft.length ? [say("class.happened.provider_left")] : []),
  ];
  return (
    <h2 class="k-head">
      {story.sides[side === "left" ? 0 : 1].name}
      <span>{numbers}</span>
      <span class="k-happened">{happened.join(" ") || " "}</span>
    </h2>
  );
}
