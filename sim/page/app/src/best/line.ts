/** One line of text for a candidate, in the words of the setting. */
import { rhythmOf } from "../setting/words";
import type { Choice } from "../study/space";
import type { PageData, Series } from "../types";
import { hours, upper } from "../words/text";
import { say } from "../ui/say";

/** "Video every 2 weeks, 1.5 h; a visit twice a year, 4 h"; what equals the plan on the screen is left out. */
export function lineOfChoice(choice: Choice, data: PageData): string {
  const parts: string[] = [];
  if (choice.call !== null && choice.callEvery !== null && choice.callHours !== null)
    parts.push(contact(choice.call, choice.callEvery, choice.callHours, data));
  if (choice.visitEvery !== null && choice.visitHours !== null)
    parts.push(contact("onsite", choice.visitEvery, choice.visitHours, data));
  if (choice.together !== null) parts.push(say(data.words, "best.line.together", { share: `${Math.round(choice.together * 100)} %` }));
  if (choice.months !== null) parts.push(say(data.words, "best.line.months", { months: choice.months }));
  return upper(parts.join("; "));
}

/** The same line for use within a sentence. */
export function lineInside(choice: Choice, data: PageData): string {
  const line = lineOfChoice(choice, data);
  return line.slice(0, 1).toLowerCase() + line.slice(1);
}

/** "video every 2 weeks, 1.5 h". */
export function contact(mode: Series["mode"], every: number, length: number, data: PageData): string {
  return say(data.words, `setting.line.mode.${mode}`, { rhythm: rhythmOf(every, data), hours: hours(length) });
}
