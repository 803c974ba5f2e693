/** Writes numbers as the page does: node formats.mjs VALUES.json; see tests/test_page_same_numbers.py. */
import fs from "node:fs";
import { hours, level, percent, whole, wholeMoney } from "../../src/words/text";

const values: number[] = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const found = values.map((one) => ({
  money: wholeMoney(one, ""), whole: whole(one), level: level(one), hours: hours(one), percent: percent(one / 1000),
}));
process.stdout.write(JSON.stringify(found));
