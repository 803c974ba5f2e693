import assert from "node:assert/strict";
import { test } from "node:test";
import { alsoIn } from "../src/model/controls";
import { fileName, type Given, plansFileName, planText, readFile, type Reader } from "../src/model/files";
import { linkText, readLink } from "../src/model/links";
import { readTable } from "../src/model/csv";
import { withLog } from "../src/model/log";
import { data } from "./setting_data";
import { readYaml, writeYaml } from "../src/model/yaml_text";
import type { PlansFile } from "../src/types";
import words from "../../words.json";

const whole = (minimum: number, maximum = 1040) => ({ type: "integer", minimum, maximum });
const text = { type: "string", maxLength: 80, minLength: 1, pattern: "^" };
/** The small part of Python's schema that these files need. */
const schema = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: text,
    description: { type: "string", description: "What it stands for." },
    horizon_weeks: { ...whole(1), default: 156 },
    start_date: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
    seed: { ...whole(0, 1e6), description: "Seed of every random number." },
    regions: { $ref: "#/$defs/Regions" },
    providers: { $ref: "#/$defs/Providers" },
    dosage: { type: "array", items: { $ref: "#/$defs/Series" } },
    contact_log: { anyOf: [{ $ref: "#/$defs/ContactLog" }, { type: "null" }] },
    parameters: { type: "object" },
  },
  $defs: {
    Regions: {
      type: "object",
      additionalProperties: false,
      properties: {
        candidates: { ...whole(1), default: 12 },
        count: { ...whole(1), default: 3 },
        selection: { enum: ["readiest", "all"] },
        staff: { ...whole(1), default: 12 },
        core_team: { type: "number", description: "Share of the staff who attend contacts, 0..1." },
        names: { anyOf: [{ type: "array", items: text }, { type: "null" }] },
      },
    },
    Providers: {
      type: "object",
      additionalProperties: false,
      properties: { count: { ...whole(1), default: 2 }, names: { anyOf: [{ type: "array", items: text }, { type: "null" }] } },
    },
    Series: {
      type: "object",
      properties: { mode: { enum: ["onsite", "video", "phone", "email"] }, every_weeks: { type: "number" }, timing: { enum: ["irregular"] } },
    },
    ContactLog: { type: "object", properties: { rows: { type: "array", items: { $ref: "#/$defs/LogRow" } } } },
    LogRow: {
      type: "object",
      additionalProperties: false,
      required: ["week", "region", "mode", "hours"],
      properties: {
        week: whole(1), region: text, mode: { enum: ["onsite", "video", "phone", "email"] },
        hours: { type: "number", minimum: 0, maximum: 60 }, co_creation: { type: "number", minimum: 0, maximum: 1 },
        status: { enum: ["held", "region_cancelled"] }, provider: text, present: whole(0), invited: whole(1), contact: text,
        functions: { type: "object" },
      },
    },
    DosageCut: { "x-most-together": 1000 },
  },
};
const page = {
  words,
  schema,
  plans_schema: { type: "object", properties: { plans: { type: "array", items: { type: "object", properties: {} } } }, $defs: {} },
  parameters: [],
  functions: { names: ["learning", "planning"], presets: { training: {} }, meanings: {} },
} as unknown as Reader;

const given = (name: string, content: string | Uint8Array): Given => ({ name, bytes: typeof content === "string" ? new TextEncoder().encode(content) : content });
const read = (name: string, content: string) => readFile(given(name, content), page, null);

test("a file over 10 MiB is refused by its size alone", async () => {
  const found = await readFile(given("big.yaml", new Uint8Array(10 * 1024 * 1024 + 1).fill(97)), page, null);
  assert.ok(found.kind === "problems" && /10 MiB/.test(found.problems[0]));
});

test("hostile nesting is refused before the parser spends time on it", async () => {
  for (const content of [`a: ${"[".repeat(500_000)}`, `a: ${"{b: ".repeat(100_000)}`, "- ".repeat(200_000), "? ".repeat(200_000), `a: ${"[".repeat(900)}`]) {
    const found = await read("deep.yaml", content);
    assert.ok(found.kind === "problems" && found.problems.some((one) => /nested too deeply/.test(one)), content.slice(0, 20));
  }
});

test("aliases do not grow: a bomb is a list of sentences", async () => {
  const lines = ["name: x", "a: &a [x, x, x]"];
  for (let i = 0; i < 30; i++) lines.push(`b${i}: &b${i} [*${i ? `b${i - 1}` : "a"}, *${i ? `b${i - 1}` : "a"}]`);
  const found = await read("bomb.yaml", lines.join("\n"));
  assert.ok(found.kind === "problems" && /aliases are not allowed/.test(found.problems.join()));
});

test("comments, forms of numbers and order stay where nothing was changed", () => {
  const source = "# ours\nname: x # the name\nhorizon_weeks: 1.0e2\ndosage:\n  # visits\n  - {mode: onsite, every_weeks: 13.0} # four a year\n  - mode: video # calls\n    every_weeks: 4\n";
  assert.equal(writeYaml(readYaml(source).data, source), source);
  const data = structuredClone(readYaml(source).data);
  data.dosage.unshift({ mode: "phone", every_weeks: 1 });
  data.dosage[2].every_weeks = 2;
  data.horizon_weeks = 90;
  const again = writeYaml(data, source);
  assert.deepEqual(readYaml(again).data, data);
  for (const kept of ["# ours", "x # the name", "every_weeks: 13.0} # four a year", "mode: video # calls"]) assert.ok(again.includes(kept), again);
});

test("only comments make a plan remember its text", async () => {
  const bare = await read("a.yaml", "name: A\nseed: 3\n");
  assert.ok(bare.kind === "plan" && bare.plan.source === undefined);
  const said = await read("a.yaml", "name: A # ours\nseed: 3\n");
  assert.ok(said.kind === "plan" && planText(said.plan) === "name: A # ours\nseed: 3\n");
});

test("names of files: safe on every system, from the names of plans", () => {
  const cases: [string, string][] = [
    ["Fewer visits, more video", "Fewer visits, more video.yaml"], ['a/b\\c:d*e?f"g<h>i|j', "a-b-c-d-e-f-g-h-i-j.yaml"],
    ["CON", "_CON.yaml"], ["nul.txt", "_nul.txt.yaml"], ["com1", "_com1.yaml"], ["...", "plan.yaml"], [" . ", "plan.yaml"],
    ["a. ", "a.yaml"], ["../../etc", "etc.yaml"], ["\u202etxt", "txt.yaml"], ["\u00e9t\u00e9", "\u00e9t\u00e9.yaml"],
  ];
  for (const [name, wanted] of cases) assert.equal(fileName(name, ".yaml"), wanted);
  assert.ok(new TextEncoder().encode(fileName("\u{1f600}".repeat(200), ".plans.yaml")).length < 140);
  const plans = ["A", "B", "C"].map((name) => ({ name, scenario: { name } }));
  assert.equal(plansFileName({ plans } as PlansFile), "A and 2 more.plans.yaml");
});

test("a log in our own form: quotes, separators, dates, shares; each mistake with its line", async () => {
  const good = await read("log.csv", '\ufeffWeek;Region;Mode;Hours;Provider;learning\r\n2;"north; up";video;1,5;"Ann ""A""";0,5\r\n\r\n1;south;onsite;4;;\r\n');
  assert.ok(good.kind === "log");
  assert.deepEqual(good.log.rows, [
    { week: 2, region: "north; up", mode: "video", hours: 1.5, provider: 'Ann "A"', functions: { learning: 0.5 } },
    { week: 1, region: "south", mode: "onsite", hours: 4 },
  ]);
  const bad = await read("log.csv", "date,region,mode,hours\n2026-01-05,north,vidio,1\nsoon,north,video,1\n2026-01-05,,video,90\n");
  assert.ok(bad.kind === "problems");
  assert.deepEqual(bad.problems, [
    "log.csv: Row 2: “vidio” is not a way of meeting; allowed: visit, video, phone, e-mail. Did you mean video?",
    "log.csv: Row 3: “soon” is not a date; write 2026-03-09 or 9 Mar 2026.",
    "log.csv: Row 4 has no region.",
    "log.csv: Row 4: “90” is not a length from 0 to 60 hours; write 1.5, 1:30 or 90 min.",
  ]);
  const many = await read("log.csv", `week,region,mode,hours\n${"1,north,vidio,1\n".repeat(50)}`);
  assert.ok(many.kind === "problems" && many.problems.length === 1 && /Row 2: .*and 49 more rows like this/.test(many.problems[0]));
});

test("what a log cannot be is said once: quotes, columns, cells, shares; columns that say nothing are named", async () => {
  assert.equal(readTable('a,b\n"never closed,1\n').closed, false);
  const head = "week,region,mode,hours";
  const says = async (content: string) => {
    const found = await read("log.csv", content);
    return found.kind === "problems" ? found.problems.join(" ") : JSON.stringify(found);
  };
  assert.match(await says("Date,Office,Type,Time\n2026-03-09,North,video,1\n"), /^log.csv: These columns are missing: hours.$/);
  assert.match(await says("Date,Office\n2026-03-09,North\n"), /not a contact log/);
  assert.match(await says(`${head}\n1,"north,video,1\n`), /quotation mark/);
  assert.match(await says(`${head},Hours\n1,n,video,1,2\n`), /column hours is given twice/);
  assert.match(await says(`${head},date\n1,n,video,1,2026-01-05\n`), /a column date and a column week/);
  assert.match(await says(`${head}\n1,n,video,1,more\n`), /Row 2 has more cells than the 4 columns/);
  assert.match(await says(`${head},learning\n1,n,video,1,most\n`), /Row 2: “most” is not a share/);
  assert.match(await says(`${head},functions\n1,n,video,1,chat\n`), /Row 2: “chat” is not a mix/);
  assert.match(await says(`${head}\n`), /headings and no rows/);
  const more = await read("log.csv", `${head},Mood,Notes\n1,n,video,1,good,\n`);
  assert.ok(more.kind === "log" && /not used: Mood, Notes/.test(more.said[0]));
  const minutes = await read("log.csv", `${head}\n1,n,video,45\n1,n,video,30\n1,n,video,60\n`);
  assert.ok(minutes.kind === "log");
  assert.deepEqual(minutes.said, ["The median contact takes 45 h: are these minutes?"]);
  const thousands = await read("log.csv", `${head}\n${"1,n,video,1\n".repeat(6000)}`);
  assert.ok(thousands.kind === "log" && thousands.log.rows.length === 6000);
});

test("a text file is a table whatever its title says, and a plan whatever its commas", async () => {
  const rows = "Date,Region,Mode,Hours\n2025-01-14,North,video,1\n";
  for (const title of ["", "Contact log: Region A\n", "Contact log: Region A, 2025\n\n", "# ours\n", "Log:\n", "\ufeffMode: all, hours: all\n"]) {
    const found = await read("log.txt", title + rows);
    assert.ok(found.kind === "log" && found.log.rows.length === 1, title);
  }
  assert.equal((await read("log.txt", `${rows.replaceAll(",", "\t")}`)).kind, "log");
  const plan = await read("plan.txt", "# visits, calls\nname: a, b\ndescription: |\n  visits, calls\n  video, phone\ndosage:\n- {mode: video, every_weeks: 4}\n- {mode: phone, every_weeks: 2}\n");
  assert.equal(plan.kind, "plan");
  const words = await read("notes.txt", "Hello, world: a note\nwithout a table\n");
  assert.ok(words.kind === "problems");
});

test("a scenario that names other files is refused with what carries them; one with other mistakes, by these", async () => {
  const found = await read("mine.yaml", "name: x\ncontact_log: {file: log.csv}\n");
  assert.ok(found.kind === "problems" && found.problems.length === 1);
  assert.match(found.problems[0], /mine\.yaml names other files \(log\.csv\).*‘codose page mine\.yaml’/);
  const worse = await read("mine.yaml", "name: x\nhorizon: 3\ncontact_log: {file: log.csv}\n");
  assert.ok(worse.kind === "problems" && worse.problems.some((one) => /horizon/.test(one)));
});

test("a log becomes the history: names, start, and series that go on in their rhythm", () => {
  const rows = [
    { date: "2026-03-02", region: "south", mode: "onsite", hours: 4, provider: "Ann" },
    { date: "2026-01-05", region: "north", mode: "video", hours: 1 },
  ];
  const scenario = {
    name: "x",
    dosage: [{ mode: "video", every_weeks: 4 }, { mode: "phone", every_weeks: 2, last_week: 8 }, { mode: "onsite", every_weeks: 13, first_week: 20 }],
  };
  const made = withLog(scenario, { rows, dated: true }, data);
  assert.deepEqual(made.scenario.contact_log.rows.map((row: any) => [row.week, row.region]), [[1, "north"], [9, "south"]]);
  assert.equal(made.scenario.start_date, "2026-01-05");
  assert.deepEqual(made.scenario.dosage, [{ mode: "video", every_weeks: 4, first_week: 13 }, { mode: "onsite", every_weeks: 13, first_week: 20 }]);
  const told = withLog({ name: "x" }, { rows: [{ week: 1, region: "Regon 1", mode: "video", hours: 1 }, { week: 1, region: "region 2", mode: "video", hours: 1 }], dated: false }, data);
  assert.equal(told.said[0].values.names, "Regon 1, Region 2"); // as the page shows them
  assert.equal(made.said.at(-1)!.values.start, "Jan 5, 2026");
  assert.deepEqual(made.scenario.regions, { names: ["north", "south", "region_3"], count: 3, candidates: 12 });
  assert.deepEqual(made.scenario.providers, { names: ["Ann", "provider_2"], count: 2 });
  const late = withLog({ ...scenario, start_date: "2027-01-04" }, { rows, dated: true }, data);
  assert.deepEqual([late.scenario.start_date, late.scenario.horizon_weeks], ["2026-01-05", 156 + 52]);
  assert.deepEqual(late.scenario.dosage.map((one: any) => one.first_week), [53, 53, 72]); // no date of the plan changes
});

test("what no control shows is told with its meaning; what one shows is not", () => {
  const scenario = {
    name: "x", seed: 7, description: "why", horizon_weeks: 52, regions: { count: 3, core_team: 0.5 },
    dosage: [{ mode: "video", every_weeks: 4, timing: "irregular" }], parameters: { a: 1, b: 0.5 },
  };
  const controls = ["name", "horizon_weeks", "regions.count", "dosage.*.mode", "dosage.*.every_weeks"];
  assert.deepEqual(alsoIn(scenario, page, controls).map((one) => [one.name, one.value, one.meaning]), [
    ["seed", "7", "Seed of every random number."],
    ["description", "why", "What it stands for."],
    ["regions, core team", "0.5", "Share of the staff who attend contacts, 0..1."],
    ["dosage, 1, timing", "irregular", ""],
    ["parameters", "a: 1, b: 0.5", ""],
  ]);
});

test("a link gives the plan back; a broken, foreign or swollen one gives none", async () => {
  const file = { codose: "plans", version: 1, open: "B", reference: "A", currency: "\u20ac", budget: { a_year: 5, of: "all" }, targets: [], plans: [{ name: "A", scenario: { name: "A" } }, { name: "B", scenario: { name: "B", seed: 3 }, source: "name: B # x" }] } as unknown as PlansFile;
  const link = await linkText(file);
  assert.match(link, /^[\w-]+$/);
  const back = await readLink(link, page);
  assert.deepEqual(back, { ...file, reference: null, plans: [{ name: "B", scenario: { name: "B", seed: 3 } }] });
  for (const broken of ["", "x", link.slice(0, -5), `${link}AAAA`.slice(4), "%%%", await linkText({ ...file, plans: [{ name: "B", scenario: { name: 5 } }] } as any)])
    assert.equal(await readLink(broken, page), null, broken);
  const swollen = await linkText({ ...file, plans: [{ name: "B", scenario: { name: "B", description: "x".repeat(5_000_000) } }] } as any);
  assert.ok(swollen.length < 10_000);
  assert.equal(await readLink(swollen, page), null);
});

test("with codose serve, foreign tables and workbooks are read there, and questions come back", async () => {
  const asked: string[] = [];
  const ask = async (as: string, { name }: Given) => {
    asked.push(`${as} ${name}`);
    if (name === "s.csv" && as === "survey") return { kind: "survey", text: "a: 1", notes: [] };
    if (name === "q.csv" || name === "s.csv") return { kind: "questions", map: { decimal: "?" }, questions: [{ where: ["decimal"], text: "?", options: ["comma"], proposed: "" }] };
    if (name === "gone.csv") return { kind: "unread" };
    return { kind: "log", rows: [{ week: 2, region: "n", mode: "video", hours: 1 }], first_day: "2026-01-05", notes: ["one note"] };
  };
  const book = await readFile(given("log.xlsx", new Uint8Array([0x50, 0x4b, 3, 4, 9, 9, 9, 99])), page, ask);
  assert.ok(book.kind === "log");
  assert.deepEqual([book.log.rows[0].date, book.said], ["2026-01-12", ["one note"]]);
  assert.equal((await readFile(given("q.csv", "Datum;Wer\n1;2\n"), page, ask)).kind, "questions");
  assert.equal((await readFile(given("s.csv", "region,wave,trust1\nn,1,4\n"), page, ask)).kind, "survey"); // this kind needs no question
  asked.length = 3;
  const gone = await readFile(given("gone.csv", "Datum;Wer\n1;2\n"), page, ask);
  assert.ok(gone.kind === "problems" && /does not answer/.test(gone.problems[0]));
  await readFile(given("own.csv", "week,region,mode,hours\n1,n,video,1\n"), page, ask);
  assert.deepEqual(asked, ["log log.xlsx", "log q.csv", "survey q.csv", "log gone.csv", "survey gone.csv"]);
});
