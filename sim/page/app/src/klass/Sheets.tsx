/** Printed sheets: one for the class, with room to write, and the answers for the teacher. */
import type { PageData } from "../types";
import { useSay } from "../ui/widgets";
import { certainty, choicesOf } from "./Guide";
import { Reveals } from "./Reveals";
import type { StoryAnswers } from "./runs";
import type { Story } from "./story";
import { fixed } from "./why";

/** Minutes for the question at the end, which has no right answer. */
const DISCUSS = 2;

interface SheetProps {
  data: PageData;
  story: Story;
  kind: "sheet" | "key";
  answers: StoryAnswers | null;
  onClose: () => void;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export function Sheet({ data, story, kind, answers, onClose }: SheetProps) {
  const say = useSay();
  const key = kind === "key";
  return (
    <article class={`k-sheet is-${kind}`}>
      <p class="k-noprint">
        <button type="button" class="k-main" onClick={() => window.print()}>{say("class.sheet.print")}</button>
        <button type="button" onClick={onClose}>{say("class.sheet.close")}</button>
      </p>
      <header>
        <p class="k-small">{say(key ? "class.sheet.key" : "class.sheet.sheet")}</p>
        <h1>{story.title}</h1>
        {!key && <p class="k-who"><span>{say("class.sheet.name")}</span><span>{say("class.sheet.date")}</span></p>}
        {key && (
          <dl>
            <dt>{say("class.sheet.aim")}</dt><dd>{story.aim}</dd>
            <dt>{say("class.sheet.misconception")}</dt><dd>{story.misconception}</dd>
            <dt>{say("class.sheet.minutes")}</dt><dd>{say("class.sheet.plan", { minutes: story.minutes, each: fixed((story.minutes - DISCUSS) / story.steps.length, 1).replace(/\.0$/, ""), steps: story.steps.length, discuss: DISCUSS })}</dd>
          </dl>
        )}
        <p class="k-sides"><b>{say("class.sheet.left")}</b> {story.sides[0].name} <b>{say("class.sheet.right")}</b> {story.sides[1].name}</p>
      </header>
      {story.steps.map((step, i) => {
        const answer = answers?.steps[i] ?? null;
        return (
          <section key={i}>
            <h2>{i + 1}. {step.question}</h2>
            <p>{step.text}</p>
            <ul>
              {choicesOf(story, i, say("class.guide.it_depends")).map((choice, place) => (
                <li key={choice} class={key && answer?.right.index === place ? "is-right" : ""}>
                  <span aria-hidden="true">{key && answer?.right.index === place ? "☑" : "☐"}</span> {choice}
                  {key && answer && place < step.choices.length && (
                    <span class="k-small"> {say("class.sheet.count", { count: answer.right.counts[place], sets: answer.right.sets })}{place === answer.right.index ? "" : `: ${step.says[place]}`}</span>
                  )}
                </li>
              ))}
            </ul>
            {!key && <><p class="k-write">{say("class.sheet.because")}</p><p class="k-write">{say("class.sheet.saw")}</p></>}
            {key && answer && (
              <>
                <p><b>{sentence(certainty(say, data, answer, step.choices.length))}</b> {step.says[answer.right.most]}</p>
                <Reveals data={data} story={story} reveals={answer.reveals} runs={answers!.runs} />
              </>
            )}
            {key && !answer && <p>{say("class.guide.working")}</p>}
          </section>
        );
      })}
      <section class="k-discuss"><h2>{say("class.sheet.discuss")}</h2><p>{story.discuss}</p>{!key && <p class="k-write" />}</section>
      <p class="k-small">{say("class.sheet.caution")}</p>
    </article>
  );
}
