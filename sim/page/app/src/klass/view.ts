/** What is drawn of a replay: numbers of a week, names of people, what happened to each person. */
import type { Replay, State, WeekSeen } from "./replay";

export type PersonOutcome = "trust" | "accountability" | "knowledge" | "integration";
export const PERSON_OUTCOMES: readonly PersonOutcome[] = ["trust", "accountability", "knowledge", "integration"];
export const OUTCOMES = [
  "trust", "accountability", "knowledge", "integration", "provider_accountability", "routines", "context", "open", "load",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Whether an outcome is a state, shown as a change since the start; open promises and load are shown as they are. */
export const isState = (outcome: Outcome): outcome is State => outcome !== "open" && outcome !== "load";

/** The outcome of people that the circles show where the chart shows one of the provider or the region. */
export const ofPeople = (outcome: Outcome): PersonOutcome =>
  (PERSON_OUTCOMES as readonly string[]).includes(outcome) ? (outcome as PersonOutcome)
    : outcome === "provider_accountability" || outcome === "open" ? "accountability"
      : outcome === "routines" ? "integration" : "trust";

const mean = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

/** An outcome of the region in a week; outcomes of people are means. */
export function valueAt(replay: Replay, outcome: Outcome, week: number): number {
  const { people, record, context, routines, owed, load } = replay.weeks[week].regions[0];
  switch (outcome) {
    case "provider_accountability": return record;
    case "context": return context;
    case "routines": return routines;
    case "load": return load;
    case "open": return owed + people.reduce((sum, one) => sum + one.open, 0);
    default: return mean(people.map((one) => one[outcome]));
  }
}

/** The largest change of any person since the start, on either side (at least 0.02): it has the full colour. */
export function widest(replays: Replay[], outcome: PersonOutcome): number {
  let most = 0.02;
  for (const { weeks } of replays) {
    const start = weeks[0].regions[0].people;
    for (const { regions } of weeks) {
      regions[0].people.forEach((one, post) => {
        most = Math.max(most, Math.abs(one[outcome] - start[post][outcome]));
      });
    }
  }
  return most;
}

/** The name of the person who holds each post in a week; newcomers have new names. */
export function namesIn(replay: Replay, week: number, names: readonly string[]): string[] {
  const size = replay.weeks[0].regions[0].people.length;
  const later = replay.weeks.slice(0, week + 1).flatMap((one) => one.left.map(({ post }) => post));
  const found = names.slice(0, size);
  let next = size;
  for (const post of later) {
    found[post] = names[next % names.length];
    next += 1;
  }
  return found;
}

export interface PersonSeen {
  invited: boolean;
  present: boolean;
  made: number;
  kept: number;
  broken: number;
  heardFrom: number; // post; -1: nobody
  isNew: boolean;
}

export function personIn(seen: WeekSeen, post: number): PersonSeen {
  const count = (what: string) => seen.promises
    .filter((one) => one.post === post && one.what === what)
    .reduce((sum, one) => sum + one.count, 0);
  return {
    invited: seen.contacts.some((one) => one.invited.includes(post)),
    present: seen.contacts.some((one) => one.present.includes(post)),
    made: count("made"), kept: count("kept"), broken: count("broken"),
    heardFrom: seen.words.find((one) => one.post === post)?.from ?? -1,
    isNew: seen.left.some((one) => one.post === post),
  };
}

/** Weeks with a contact, whether held or not. */
export const contactWeeks = (replay: Replay): number[] =>
  replay.weeks.filter(({ contacts }) => contacts.length > 0).map(({ week }) => week);
