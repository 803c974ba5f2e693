/** Makes calendars as the page does: node calendar.mjs CASES.json; see tests/test_page_calendar.py. */
import fs from "node:fs";
import { calendarCsv, calendarIcs } from "../../src/hand_on/calendar";
import { completer, providerNames } from "../../src/model/complete";
import { contacts } from "../../src/model/contacts";
import { Engine, type Layout } from "../../src/model/engine";
import { Sets } from "../../src/study/sets";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const layout: Layout = JSON.parse(fs.readFileSync(asked.layout, "utf8"));
const engine = await Engine.load(new Uint8Array(fs.readFileSync(asked.wasm)), layout);
const whole = completer(asked.data);
const sets = new Sets(asked.data);

const found = asked.scenarios.map((said: any) => {
  const scenario = whole(said);
  const all = contacts(engine, scenario, sets.own(scenario));
  const dated = scenario.start_date != null;
  const whose: (string | null)[] = [null, ...providerNames(scenario)];
  return {
    csv: calendarCsv(scenario, all, asked.data),
    ics: dated ? whose.map((one) => calendarIcs(scenario, all, one, asked.data)) : [],
  };
});
process.stdout.write(JSON.stringify(found));
