/** The level and the gain of each region, in the plan's order. */
import type { LevelAt, Paired, PlanAnswer } from "../types";
import { OVERALL, SPREAD, WORST } from "./pair";

export interface RegionRow {
  region: string;
  level: LevelAt;
  gain: Paired; // against the comparison of the answer
}

/** Each region's level and gain of an outcome in a week of the answer. */
export function regionRows(answer: PlanAnswer, outcome: string, week: number): RegionRow[] {
  return answer.places
    .filter((place) => ![OVERALL, WORST, SPREAD].includes(place))
    .flatMap((region) => {
      const level = levelAt(answer, outcome, week, region);
      return level ? [{ region, level, gain: level.gain }] : [];
    });
}

export function levelAt(answer: PlanAnswer, outcome: string, week: number, place = OVERALL): LevelAt | undefined {
  return answer.levels.find((one) => one.outcome === outcome && one.week === week && one.place === place);
}
