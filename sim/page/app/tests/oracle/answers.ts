/** Makes the answers and comparisons of the page for Python's tests: node answers.mjs ASKED.json; see tests/test_page_same_numbers.py. */
import fs from "node:fs";
import { Answers } from "../../src/study/answer";
import { compareOf } from "../../src/study/compare";
import type { PlanAnswer, PlansFile } from "../../src/types";
import { encoded } from "./json";
import { pageRunner } from "./page";

interface Asked {
  data: string; // the file of PageData
  shipped: string; // the folder of the engine
  files: PlansFile[];
}

const asked: Asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const { data, runner, complete } = await pageRunner(asked.data, asked.shipped);
const answers = new Answers(runner, data, complete);
const found = [];
for (const file of asked.files) {
  const drafts: PlanAnswer[] = [];
  const plans: PlanAnswer[] = [];
  for (const plan of file.plans) {
    plans.push(await answers.answer(plan, file, { urgent: true, progress: (draft) => drafts.push(draft) }));
  }
  const told = drafts.map(({ plan, stands, runs, levels }) => ({ plan, stands, runs, levels: levels.length }));
  found.push({ answers: plans, drafts: told, comparison: await compareOf(file, answers) });
}
runner.close();
process.stdout.write(encoded(found));
