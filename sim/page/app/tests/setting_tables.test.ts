import assert from "node:assert/strict";
import { test } from "node:test";
import cells from "../../../../tests/cells.json";
import { meantBy, withLog } from "../src/model/log";
import { dayFirst, noDay, readDay, readHours } from "../src/model/days";
import { readLog, remarksOn } from "../src/model/logtable";
import { readCells, readPasted, understand } from "../src/setting/table";
import { data } from "./setting_data";

const limits = { staff: 1000, regions: 4095 };
const labels = { typical: "typical", ready: "ready", short_of_staff: "short of staff", new_director: "new director" };
const regionsIn = (text: string) => understand(readPasted(text), limits, labels);

test("cells as spreadsheets hand them over: tabs, quotes, line breaks in cells, empty rows", () => {
  assert.deepEqual(readCells('a\tb\r\n\r\n"x ""y""\nz"\t 1 '), [["a", "b"], ['x "y" z', "1"]]);
  assert.deepEqual(readCells("a;b\n1;2"), [["a", "b"], ["1", "2"]]);
  assert.deepEqual(readCells("a\tb\tc\n1"), [["a", "b", "c"], ["1", "", ""]]);
});

test("all rows decide on the separator: titles, commas in cells and decimal commas do not", () => {
  assert.deepEqual(readCells("Our regions\na\tb\n1\t2"), [["Our regions", ""], ["a", "b"], ["1", "2"]]);
  assert.deepEqual(readCells("North, South and West\n\na;b\n1;2").slice(1), [["a", "b"], ["1", "2"]]);
  assert.deepEqual(readCells("a\tb\nx, y, z\t1,200\nx, y, w\t1,300")[1], ["x, y, z", "1,200"]);
  assert.deepEqual(readCells("a;b\n1,5;2,5"), [["a", "b"], ["1,5", "2,5"]]);
  assert.deepEqual(readCells("a,b\n1;2,3"), [["a", "b"], ["1;2", "3"]]);
});

test("headings are recognized in any order, and asked for where there are none", () => {
  assert.deepEqual(readPasted("Number of staff\tRegion\tPhone\n12\tNorth\t555").kinds, ["staff", "name", "nothing"]);
  assert.deepEqual(readPasted("North\t12\t0.4\nSouth\t9\t0.5").kinds, ["name", "staff", "nothing"]);
  assert.equal(readPasted("North\t12").headed, false);
  assert.deepEqual(readPasted("12\n13").kinds.includes("name"), false);
  assert.equal(regionsIn("12\n13").faults[0].fault, "no_names");
});

test("a heading may hold a unit or a remark in brackets; faults have the rows that the spreadsheet shows", () => {
  assert.deepEqual(readPasted("County (name)\tRegion\tStaff (FTE)\tTrust [0 to 1]\na\tb\t5\t0.5").kinds, ["nothing", "name", "staff", "trust"]);
  const { rows, faults } = regionsIn("Our regions\n\nRegion\tStaff (FTE)\nNorth\t9\n\n\nSouth\t11 people\nTotal\t20");
  assert.deepEqual(faults.map((one) => [one.row, one.fault, one.text]), [[7, "staff", "11 people"]]);
  assert.equal(rows[0].staff, 9);
});

test("what a row says becomes a region; what it cannot say is a fault with its row", () => {
  const { rows, faults } = regionsIn("Region\tStaff\tSituation\tTrust\nNorth\t14\tnew director\t\nSouth\t\t\t50 %");
  assert.deepEqual(faults, []);
  assert.equal(rows[0].staff, 14);
  assert.equal(rows[0].situation?.leadership, 0.4);
  assert.deepEqual(rows[1], { name: "South", own: { trust: 0.5 } });
  const bad = regionsIn("Region\tStaff\tTrust\noverall\t0\t2\n\t3\t\nA\t1.5\t-1\nA\t2\t").faults;
  assert.deepEqual(
    bad.map((one) => [one.row, one.fault]),
    [[2, "reserved"], [2, "staff"], [2, "share"], [3, "empty"], [4, "staff"], [4, "share"], [5, "twice"]],
  );
});

test("headings below a title are found, rows that sum up are left out, and rows keep their numbers", () => {
  const table = "Our regions 2026\t\t\nRegion\tHeadcount\tBudget\nNorth\t1,200\t$12,000\nSouth\t9\t$8,000\nTotal\t1,209\t$20,000";
  const pasted = readPasted(table);
  assert.deepEqual([pasted.above, pasted.headed, pasted.kinds], [1, true, ["name", "staff", "nothing"]]);
  assert.deepEqual(understand(pasted, { staff: 2000, regions: 9 }, labels), {
    rows: [{ name: "North", staff: 1200 }, { name: "South", staff: 9 }], totals: ["Total"], people: 0, faults: [],
  });
  assert.deepEqual(regionsIn("Title\t\nRegion\tStaff\nNorth\t0").faults.map((one) => one.row), [3]);
  assert.equal(readPasted("North\t12\nState\t4").above, 0); // one cell that could be a heading makes no headings
});

test("where each row is a person, people are counted by region; repeated names of regions are refused elsewhere", () => {
  const counted = regionsIn("Name\tRegion\tRole\nAnn\tNorth\tlead\nBo\tSouth\t\nCy\tNorth\t\nTotal\tTotal\t");
  assert.deepEqual([counted.rows, counted.people, counted.faults], [[{ name: "North", staff: 2 }, { name: "South", staff: 1 }], 3, []]);
  assert.deepEqual(regionsIn("Region\tStaff\nNorth\tAnn\nNorth\tBo").rows, [{ name: "North", staff: 2 }]);
  for (const table of ["Region\nNorth\nNorth", "Region\tStaff\nNorth\t4\nNorth\t5", "Region\tOffice\tTrust\nNorth\tA\t0.5\nNorth\tB\t0.4"])
    assert.deepEqual(regionsIn(table).faults.map((one) => one.fault), ["twice"], table);
  assert.deepEqual(regionsIn(`Name\tRegion\n${"A\tNorth\n".repeat(1001)}`).faults.map((one) => one.fault), ["people"]);
});

test("of two columns that could name the regions one does, and a state is a region", () => {
  assert.deepEqual(readPasted("State\tStaff\nOhio\t12").kinds, ["name", "staff"]);
  assert.deepEqual(readPasted("Name\tRegion\tStaff\nAnn\tNorth\t5").kinds, ["nothing", "name", "staff"]);
  assert.deepEqual(readPasted("Region\tRegion\nNorth\tSouth").kinds, ["name", "nothing"]);
});

test("hostile names are names", () => {
  const names = ["__proto__", "constructor", "<script>", "=cmd|'/c'!A1", "Ünïcødé 東京 🌍", "a".repeat(80)];
  const { rows, faults } = regionsIn(["Name", ...names].join("\n"));
  assert.deepEqual(faults, []);
  assert.deepEqual(rows.map((one) => one.name), names);
  assert.equal(regionsIn(`Name\n${"a".repeat(81)}`).faults[0].fault, "long");
  assert.equal(regionsIn("Name\na\u0007b").faults[0].fault, "letters");
});

test("4095 regions are read, one more is too many", () => {
  const table = (count: number) => ["Name", ...Array.from({ length: count }, (_, i) => `R${i}`)].join("\n");
  assert.deepEqual(regionsIn(table(4095)).faults, []);
  assert.equal(regionsIn(table(4096)).faults[0].fault, "too_many");
});

// --- the log -----------------------------------------------------------------------------------------

test("a log as Excel writes it: capitals, ways of meeting in many words, days in many forms", () => {
  const text = "Date\tRegion\tMode\tHours\tStatus\n13/3/2026\tnorth\tZoom\t1,5\tdone\n2026-03-20\tSouth\tSite visit\t4\tCancelled by region";
  const log = readLog(text, data, null);
  assert.deepEqual(log.faults, []);
  assert.deepEqual(log.rows, [
    { date: "2026-03-13", region: "north", mode: "video", hours: 1.5 },
    { date: "2026-03-20", region: "South", mode: "onsite", hours: 4, status: "region_cancelled" },
  ]);
  const plan = { name: "x", start_date: "2026-01-05", regions: { names: ["North", "South"], count: 2 }, dosage: [] };
  const made = withLog(plan, log, data);
  assert.deepEqual(made.scenario.contact_log.rows.map((row: any) => [row.week, row.region]), [[10, "North"], [11, "South"]]);
});

test("a title, totals and headings given again are no contacts, and it is said which rows were left out", () => {
  const log = readLog("Contacts 2026\n\nDate\tRegion\tMode\tHours\n2026-03-09\tNorth\tphone\t1\nDate\tRegion\tMode\tHours\nMarch total\t\t\t1\nTotal\tall\tphone\t1", data, null);
  assert.deepEqual([log.rows, log.faults], [[{ date: "2026-03-09", region: "North", mode: "phone", hours: 1 }], []]);
  assert.deepEqual([log.above, log.left], [1, [5, 6, 7]]);
  assert.deepEqual(readLog("date,region,mode,hours\nTotal,,,5", data, null).faults.map((one) => one.fault), ["no_rows"]);
  assert.deepEqual(readLog("date,region,mode,hours\n2026-03-09,,,5", data, null).faults.map((one) => one.fault), ["region", "mode"]);
});

test("cells are read as the commands read them", () => {
  const iso = (text: string, order: "day" | "month" | null) => readDay(text, order)?.toISOString().slice(0, 10) ?? null;
  for (const [day, texts] of Object.entries(cells.days))
    for (const text of texts) for (const order of [null, "day", "month"] as const) assert.equal(iso(text, order), day, text);
  for (const [text, days] of Object.entries(cells.ordered)) {
    assert.deepEqual([iso(text, null), noDay(text, null)], [null, "order"], text);
    assert.deepEqual((["month", "day"] as const).map((order) => iso(text, order)), days, text);
  }
  for (const [text, why] of Object.entries(cells.none))
    for (const order of [null, "day", "month"] as const) assert.deepEqual([iso(text, order), noDay(text, order)], [null, why], text);
  const orders: Record<string, unknown> = { "": "unclear", iso: null, "day-first": "day", "month-first": "month" };
  for (const [texts, order] of cells.orders) assert.equal(dayFirst(texts as string[]), orders[order as string], String(texts));
  for (const [text, hours] of Object.entries(cells.hours)) assert.deepEqual([readHours(text, "hours"), readHours(text, "minutes")], [hours, hours], text);
  for (const [text, hours] of Object.entries(cells.bare)) assert.deepEqual([readHours(text, "hours"), readHours(text, "minutes")], [hours, hours / 60], text);
  for (const text of cells.no_hours) assert.equal(readHours(text, "hours"), null, text);
});

test("days that can be read in two ways are asked for", () => {
  assert.equal(readLog("date,region,mode,hours\n3/4/2026,North,phone,1", data, null).ambiguous, true);
  const mixed = "date,region,mode,hours\n1/14/2026,North,phone,1\n14/1/2026,North,phone,1";
  assert.equal(readLog(mixed, data, null).ambiguous, true);
  assert.deepEqual(readLog(mixed, data, "month").faults, [{ row: 3, fault: "date_order", text: "14/1/2026" }]);
});

test("a log as planners keep one: minutes, days under week, ways of meeting among other words", () => {
  const text = "Week,Region,Mode,Duration (min)\n14-Jan-25,North,MS Teams (video),90\n21-Jan-25,South,In-person visit,1:30\n28-Jan-25,South,Virtual site visit,45";
  const log = readLog(text, data, null);
  assert.deepEqual(log.faults.map(({ row, fault, text }) => [row, fault, text]), [[4, "mode", "Virtual site visit"]]);
  assert.deepEqual(log.rows.slice(0, 2), [
    { date: "2025-01-14", region: "North", mode: "video", hours: 1.5 },
    { date: "2025-01-21", region: "South", mode: "onsite", hours: 1.5 },
  ]);
  const faultsIn = (rows: string) => readLog(`date,region,mode,hours\n${rows}`, data, null).faults.map(({ row, fault }) => [row, fault]);
  assert.deepEqual(faultsIn("2025-01-14,North,video,50%\n2025-01-14,North,video,"), [[2, "hours"], [3, "hours_empty"]]);
  assert.deepEqual(faultsIn("2025-01-14,North,video,1\n2025-01-14,South,video,1\n2025-01-15,North & South,video,1\n2025-01-15,Up and Over,video,1"), [[4, "several_regions"]]);
});

test("of two columns of regions one counts and the other is named; hours beside minutes are not guessed", () => {
  const log = readLog("Date,State,Region,Mode,Hours\n2025-01-14,Ohio,North,video,1", data, null);
  assert.deepEqual([log.rows.map((row) => row.region), log.unused, log.faults], [["North"], ["State"], []]);
  for (const head of ["Date,Region,Mode,Hours,Minutes", "Date,Date,Region,Mode,Hours"])
    assert.deepEqual(readLog(`${head}\n2025-01-14,North,video,1,30`, data, null).faults.map(({ fault }) => fault), ["column_twice"], head);
});

test("what is odd in a log is said: short years, names in two ways, a year without contacts", () => {
  const log = readLog("date,region,mode,hours,provider\n14-Jan-25,North,video,1,A. Lee\n14-Jan-70,north ,video,1,a lee\n15-Jan-70,South 1-2,video,1,\n15-Jan-70,South 12,video,1,", data, null);
  const say = (path: string, values: Record<string, string | number>) => `${path} ${Object.values(values).join(" ")}`;
  assert.deepEqual(remarksOn(log, say), [
    "short_years 14-Jan-25 Jan 14, 2025 2000 2099", "alike_regions \u201cNorth\u201d, \u201cnorth\u201d",
    "alike_providers \u201cA. Lee\u201d, \u201ca lee\u201d", "gap Jan 14, 2025 Jan 14, 2070",
  ]);
  assert.deepEqual(remarksOn(readLog("date,region,mode,hours\n2025-01-14,North,video,1", data, null), say), []);
});

test("each fault of a log has its row; strangers are named", () => {
  const text = "week,region,mode,hours,provider,status\n0,North,fax,1,,held\n3,West,phone,99,Ann,maybe\nx,,video,long,,";
  const faults = readLog(text, data, null).faults.map((one) => [one.row, one.fault]);
  assert.deepEqual(faults, [[2, "week"], [2, "mode"], [3, "hours"], [3, "status"], [4, "week"], [4, "region"], [4, "hours"]]);
  const plan = { name: "x", regions: { names: ["North"], count: 1, candidates: 1 }, providers: { names: ["Bo"], count: 1 } };
  const rows = [{ week: 1, region: "West", provider: "Ann", mode: "phone", hours: 1 }];
  assert.deepEqual(withLog(plan, { rows, dated: false }, data).strangers, { region: ["West"], provider: ["Ann"] });
  assert.deepEqual(meantBy({ region: ["Nroth", "West"], provider: ["provider 1", "Ann"] }, { name: "x", regions: plan.regions }, data), [
    { name: "Nroth", near: "North" }, { name: "provider 1", near: "Provider 1" },
  ]);
  const taken = withLog(plan, { rows, dated: false }, data, { regions: true, providers: true }).scenario;
  assert.deepEqual([taken.regions.names, taken.providers.names], [["West"], ["Ann"]]);
  assert.equal(readLog("region,mode\nNorth,phone", data, null).faults[0].text, "date, hours");
});

test("what leaves a plan for the names of its log is said", () => {
  const rows = ["North", "Soth"].map((region, i) => ({ week: i + 1, region, mode: "phone", hours: 1 }));
  const plan = { name: "x", regions: { names: ["North", "South", "West"], count: 3, candidates: 3, overrides: { West: { staff: 5 } } } };
  const log = { rows, dated: false };
  const kept = withLog(plan, structuredClone(log), data);
  assert.deepEqual([kept.gone, kept.scenario.regions.names], [[], plan.regions.names]);
  const taken = withLog(plan, structuredClone(log), data, { regions: true });
  assert.deepEqual([taken.gone, taken.scenario.regions.names], [["South", "West"], ["North", "Soth"]]);
  assert.deepEqual(taken.said, [{ way: "log_gone", values: { names: "South, West" } }]);
});
