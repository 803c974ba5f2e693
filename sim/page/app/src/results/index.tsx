/** The results: verdict, outcomes over time, plans side by side, regions, cost.
 *
 * <Results store={store} data={data} answer={answer} comparison={comparison} busy={busy} />
 * <RestsOn ... />, <Printed ... /> and <Foot ... /> are used beside it.
 */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { openPlan } from "../model/plans";
import { type Store, useStore } from "../ui/store";
import { Boundary, useSay } from "../ui/widgets";
import type { Comparison, PageData, PlanAnswer } from "../types";
import { asked } from "../words/verdict";
import { Compare } from "./Compare";
import { Cost } from "./Cost";
import { OverTime } from "./OverTime";
import { Regions } from "./Regions";
import type { Given } from "./shared";
import { Verdict } from "./Verdict";
import "./results.css";

export { Foot } from "./Foot";
export { HandOn } from "../hand_on/HandOn";
export { Printed } from "./Printed";
export { RestsOn } from "./RestsOn";

export interface ResultsProps {
  store: Store;
  data: PageData;
  answer: PlanAnswer | null; // null: not computed yet for the plan in its present form
  comparison: Comparison | null;
  busy: boolean;
  error?: string | null;
  onAgain?: () => void;
  best?: ComponentChildren; // best use of the budget, shown between comparison and cost
}

/** The plan on the screen with its answer and comparison. */
export function useGiven(props: Pick<ResultsProps, "data" | "answer" | "comparison">): Given {
  const file = useStore((state) => state.file);
  return { data: props.data, file, plan: openPlan(file), answer: props.answer, comparison: props.comparison };
}

export function Results(props: ResultsProps) {
  const { store, data, busy, error = null } = props;
  const given = useGiven(props);
  const say = useSay();
  const chosen = useStore((state) => state.place.outcome);
  const known = data.outcomes.some((one) => one.name === chosen);
  const outcome = known ? chosen : asked(data, given.file.targets)[0];
  const drawn = useLast(given.answer, given.plan.name);
  return (
    <div class="results">
      <Boundary part={say("frame.parts.see")}>
        <Verdict {...given} busy={busy} error={error} onAgain={props.onAgain} />
        {!error && <OverTime {...given} answer={drawn} stale={drawn !== given.answer} />}
        {!error && (
          <Compare
            {...given}
            onReference={(plan) => store.setReference(plan)}
            onOpen={(plan) => store.open(plan)}
          />
        )}
        {props.best}
        {!error && (
          <div class="pair">
            <Cost {...given} />
            <Regions {...given} outcome={outcome} onOutcome={(name) => store.go({ outcome: name })} />
          </div>
        )}
      </Boundary>
    </div>
  );
}

/** The last answer of the same plan: it stays drawn, dimmed and without numbers, until the next one arrives. */
function useLast(answer: PlanAnswer | null, plan: string): PlanAnswer | null {
  const last = useRef<PlanAnswer | null>(null);
  if (answer) last.current = answer;
  return last.current?.plan === plan ? last.current : null;
}
