/** The question of a step: one guesses, locks the guess, sees the answer and its explanation, and counts hands. */
import { useEffect, useRef } from "preact/hooks";
import type { PageData } from "../types";
import { useSay } from "../ui/widgets";
import { isShown, type StepKept } from "./keep";
import type { StepAnswer } from "./runs";
import type { Story } from "./story";

interface GuideProps {
  data: PageData;
  story: Story;
  step: number;
  kept: StepKept;
  answer: StepAnswer | null;
  runs: number;
  working: boolean; // whether the answer is being computed
  fault: string;
  onKept: (kept: StepKept) => void;
}

export function choicesOf(story: Story, step: number, depends: string): string[] {
  return [...story.steps[step].choices, depends];
}

/** "the answer holds in 45 of 50 plausible worlds" */
export function certainty(say: ReturnType<typeof useSay>, data: PageData, { right }: StepAnswer, choices: number): string {
  if (right.index < choices) return say("class.guide.holds", { count: right.counts[right.index], sets: right.sets });
  const parameter = data.parameters.find((one) => one.name === right.driver?.parameter);
  if (!parameter || !right.driver!.clear) return say("class.guide.depends_unclear", { count: right.counts[right.most], sets: right.sets });
  return say("class.guide.depends", { count: right.counts[right.most], sets: right.sets, driver: parameter.meaning });
}

export function Guide(props: GuideProps) {
  const { data, story, step, kept, answer, working, fault, onKept } = props;
  const say = useSay();
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  const now = story.steps[step];
  const choices = choicesOf(story, step, say("class.guide.it_depends"));
  const shown = isShown(kept.phase) && answer !== null;
  useEffect(() => {
    if (first.current) first.current = false;
    else heading.current?.focus();
  }, [story.key, step]);
  const most = Math.max(...kept.hands, 1);
  const [counting, counted] = [kept.phase === "guess", kept.hands.some((one) => one > 0)];
  const right = shown ? answer.right.index : -1;
  const small = [story.title, say("class.guide.step", { step: step + 1, steps: story.steps.length })];
  if (shown) small.push(certainty(say, data, answer, now.choices.length));
  return (
    <header class="k-guide">
      <div class="k-question">
        <p class="k-small">{small.join(" · ")}</p>
        {!shown && <p class="k-text">{now.text}</p>}
        <h1 tabIndex={-1} ref={heading}>{now.question}</h1>
      </div>
      <fieldset class="k-choices" disabled={kept.phase !== "guess"}>
        <legend class="k-hidden">{say("class.guide.choices")}</legend>
        {choices.map((text, i) => (
          <div key={i} class={`k-choice${kept.guess === i ? " is-mine" : ""}${right === i ? " is-right" : ""}`}>
            <span class="k-bar" style={{ width: `${(100 * kept.hands[i]) / most}%` }} />
            <label>
              <input type="radio" name={`guess ${story.key} ${step}`} checked={kept.guess === i} onChange={() => onKept({ ...kept, guess: i })} />
              <span class="k-choice-text">{text}{right === i && <b aria-label={say("class.guide.is_right")}>{"\u00a0✓"}</b>}</span>
            </label>
            {(counting || counted) && <Hands count={kept.hands[i]} text={text} onCount={(count) => onKept({ ...kept, hands: kept.hands.map((one, place) => (place === i ? count : one)) })} />}
          </div>
        ))}
      </fieldset>
      <div class="k-explain" aria-live="polite">
        {isShown(kept.phase) && working && <p>{say("class.guide.working")}</p>}
        {fault && <p class="k-fault">{say("class.guide.fault", { fault })}</p>}
        {shown && <Explained {...props} answer={answer} />}
      </div>
    </header>
  );
}

function Hands({ count, text, onCount }: { count: number; text: string; onCount: (count: number) => void }) {
  const say = useSay();
  return (
    <span class="k-hands">
      <input
        type="number" min="0" max="999" inputMode="numeric" value={count || ""} placeholder="0"
        aria-label={say("class.guide.hands_for", { choice: text })}
        onInput={(event) => onCount(Math.max(0, Math.min(999, Math.floor(Number(event.currentTarget.value) || 0))))}
      />
      <span aria-hidden="true">{say("class.guide.hands")}</span>
    </span>
  );
}

function Explained({ story, step, kept, answer }: GuideProps & { answer: StepAnswer }) {
  const say = useSay();
  const { choices, says } = story.steps[step];
  const { index, most } = answer.right;
  const depends = index === choices.length;
  const verdict = kept.guess < 0 ? "" : say(kept.guess === index ? "class.guide.right" : "class.guide.wrong");
  const told = depends ? says[most] : says[index];
  const own = kept.guess >= 0 && kept.guess !== index && kept.guess < choices.length && !depends ? says[kept.guess] : "";
  const answered = depends ? say("class.guide.most_often", { choice: choices[most] }) : say("class.guide.answer", { choice: choices[index] });
  const last = step === story.steps.length - 1 && kept.phase === "explained";
  return (
    <>
      <p>
        <b>{[verdict, answered].filter(Boolean).join(" ")}</b>
        {kept.phase === "explained" && ` ${own && own !== told ? `${own} ` : ""}${told}`}
      </p>
      {last && <p class="k-to-discuss">{say("class.guide.discuss", { question: story.discuss })}</p>}
    </>
  );
}

interface ActionProps {
  kept: StepKept;
  ready: boolean; // whether the run has been played up to the answer
  last: boolean;
  step: number;
  onKept: (kept: StepKept) => void;
  onShow: () => void;
  onExplain: () => void;
  onStep: (step: number) => void;
  onStories: () => void;
}

/** The button for the one thing to do next. */
export function Action({ kept, ready, last, step, onKept, onShow, onExplain, onStep, onStories }: ActionProps) {
  const say = useSay();
  const told = kept.guess >= 0 || kept.hands.some((one) => one > 0);
  const [name, run, able] = {
    guess: ["lock", () => onKept({ ...kept, phase: "locked" }), told] as const,
    locked: ["show", onShow, true] as const,
    shown: ["explain", onExplain, ready] as const,
    explained: last ? ["stories", onStories, true] as const : ["next", () => onStep(step + 1), true] as const,
  }[kept.phase];
  return <button type="button" class="k-main" disabled={!able} onClick={run}>{say(`class.guide.${name}`)}</button>;
}
