/** Makes random plans and applies edits to them: node setting.mjs ASKED.json; see tests/test_page_setting.py. */
import fs from "node:fs";
import type { PageData } from "../../src/types";
import { Chance, drawnEdits, drawnPlan } from "../setting_plans";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const data = asked.data as PageData;
const answers = Array.from({ length: asked.plans }, (_, i) => {
  const chance = new Chance(asked.seed + i);
  const plan = drawnPlan(chance);
  const made = drawnEdits(plan, data, chance).map(({ name, run, back }) => {
    const after = run(plan);
    return { name, after, back: back ? back(after) : null };
  });
  return { plan, made };
});
process.stdout.write(JSON.stringify(answers));
