/** The last line: how many runs the numbers come from, and the command that gives the same numbers. */
import { useSay } from "../ui/widgets";
import type { PlanAnswer } from "../types";
import { outOf, whole } from "../words/text";

type Say = ReturnType<typeof useSay>;

/** "200 runs: 50 plausible worlds × 4, seed 1". */
export function foot(say: Say, answer: PlanAnswer): string {
  const all = answer.sets * answer.replicates;
  return say("results.foot.runs", {
    runs: answer.runs < all ? outOf(answer.runs, all) : whole(answer.runs),
    sets: answer.sets,
    replicates: answer.replicates,
    seed: answer.seed,
  });
}

export function Foot({ answer, file }: { answer: PlanAnswer | null; file: string }) {
  const say = useSay();
  if (!answer) return <>{say("results.foot.here")}</>;
  const command = say("results.foot.command", { file });
  const [before, after] = say("results.foot.same", { command: "\n" }).split("\n");
  return (
    <>
      {foot(say, answer)} · {before}
      <code>{command}</code>
      {after} · {say("results.foot.here")}
    </>
  );
}
