/** Reads a table of regions pasted from a spreadsheet: the kind of each column, the regions, and the cells that cannot be read. */
import { headRow, readTable, type Row, sumsUp } from "../model/csv";
import { nameFault } from "./names";
import { readNumber } from "./numbers";
import { SITUATIONS, START_FIELDS } from "./situations";
import type { RegionRow } from "./edits";

export type ColumnKind = "name" | "staff" | "situation" | "nothing" | (string & {}); // or the name of a start value

export interface Pasted {
  cells: string[][]; // without what stands above the headings
  lines: number[]; // the line of the pasted text on which each row begins, from 1
  above: number; // rows above the headings, such as a title
  headed: boolean; // whether the first row names the columns
  kinds: ColumnKind[];
}

export interface RowFault {
  row: number; // from 1, as pasted; 0: the whole table
  fault: string; // a key of words.json
  text: string;
  near?: string; // the text that was probably meant
}

export interface Understood {
  rows: RegionRow[];
  totals: string[]; // names of rows that were left out because they sum up the others
  people: number; // rows that were counted as people; 0 where each row is a region
  faults: RowFault[];
}

const MOST_ROWS = 100_000;

/** The headings that are recognised for each kind of column; where two columns are of one kind, the earlier heading counts. */
const HEADINGS: Record<string, string[]> = {
  name: ["region name", "region", "regions", "state", "site", "area", "district", "office", "name"],
  staff: ["number of staff", "staff", "staff members", "people", "headcount", "fte", "team", "size", "employees"],
  situation: ["situation", "status", "remark", "note"],
  trust: ["trust", "starting trust"],
  staff_accountability: ["staff accountability", "accountability", "accountability of staff"],
  provider_accountability: ["provider accountability", "accountability of provider"],
  knowledge: ["knowledge", "starting knowledge"],
  demand: ["demand", "workload", "ongoing work"],
  leadership: ["leadership", "leadership support", "support by leadership"],
};

/** The cells of a pasted text; all rows have the same width. */
export function readCells(text: string): string[][] {
  return evenRows(text).map((row) => row.cells);
}

function evenRows(text: string): Row[] {
  const rows = readTable(text).rows.slice(0, MOST_ROWS);
  const width = rows.reduce((most, { cells }) => Math.max(most, cells.length), 0);
  return rows.map(({ line, cells }) => ({ line, cells: [...cells, ...Array(width - cells.length).fill("")] }));
}

/** The kinds of the columns by their headings, else by their cells: the first column with text holds names, the first of
 * whole numbers staff. */
export function readPasted(text: string): Pasted {
  const rows = evenRows(text);
  const all = rows.map((row) => row.cells);
  const above = headRow(all, (row) => kindsOfHeadings(row).filter((kind) => kind !== "nothing").length);
  const cells = all.slice(above);
  const lines = rows.slice(above).map((row) => row.line);
  const named = kindsOfHeadings(cells[0] ?? []);
  const headed = named.some((kind) => kind !== "nothing");
  const kinds = headed ? named : guessed(cells);
  if (headed && !kinds.includes("name")) {
    const first = kinds.findIndex((kind, i) => kind === "nothing" && cells.slice(1).some((row) => !isNumber(row[i])));
    if (first >= 0) kinds[first] = "name";
  }
  return { cells, lines, above, headed, kinds };
}

function kindsOfHeadings(row: string[]): ColumnKind[] {
  const ranks = row.map((text) => {
    const forms = [plain(text), plain(text.replace(/\(.*?\)|\[.*?\]/g, ""))]; // "Staff (FTE)" is "Staff"
    const kind = Object.keys(HEADINGS).find((one) => forms.some((form) => HEADINGS[one].includes(form)));
    return kind === undefined ? null : { kind, rank: HEADINGS[kind].findIndex((one) => forms.includes(one)) };
  });
  return ranks.map((one, i) => {
    const better = (other: typeof one, j: number) => other?.kind === one!.kind && (other.rank < one!.rank || (other.rank === one!.rank && j < i));
    return one === null || ranks.some(better) ? "nothing" : one.kind;
  });
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[_()%.:]/g, " ").replace(/\s+/g, " ").trim();
}

function guessed(cells: string[][]): ColumnKind[] {
  const kinds: ColumnKind[] = (cells[0] ?? []).map(() => "nothing");
  const column = (i: number) => cells.map((row) => row[i]).filter(Boolean);
  const words = kinds.findIndex((_, i) => column(i).some((cell) => !isNumber(cell)));
  if (words >= 0) kinds[words] = "name";
  const whole = kinds.findIndex((_, i) => i !== words && column(i).length > 0 && column(i).every(isCount));
  if (whole >= 0) kinds[whole] = "staff";
  return kinds;
}

function isNumber(text: string): boolean {
  return "value" in readNumber(text);
}

function isCount(text: string): boolean {
  const outcome = readNumber(text, "whole");
  return "value" in outcome && Number.isInteger(outcome.value) && outcome.value >= 1;
}

/** Whether each row is a person: regions come again, a column has words in every row, and none has a value of a region. */
function ofPeople(rows: string[][], kinds: ColumnKind[]): boolean {
  const name = kinds.indexOf("name");
  const words = (i: number) => rows.every((row) => row[i] && !isNumber(row[i]));
  const others = kinds.map((_, i) => i).filter((i) => i !== name);
  const valued = others.some((i) => kinds[i] !== "nothing" && !(kinds[i] === "staff" && words(i)));
  return !valued && others.some(words) && new Set(rows.map((row) => row[name])).size < rows.length;
}

/** The rows as regions, or as people who are counted by region, and every cell that cannot be read. `limits`: the most staff in a region, and the most regions. */
export function understand(
  pasted: Pasted,
  limits: { staff: number; regions: number },
  labels: Record<string, string>,
): Understood {
  const { cells, lines, headed, kinds } = pasted;
  const found: Understood = { rows: [], totals: [], people: 0, faults: [] };
  const places = (kind: ColumnKind) => kinds.indexOf(kind);
  if (places("name") < 0) {
    found.faults.push({ row: 0, fault: "no_names", text: "" });
    return found;
  }
  const body = cells.slice(headed ? 1 : 0);
  const people = ofPeople(body.filter((row) => !sumsUp(row[places("name")])), kinds);
  const regions = new Map<string, RegionRow>();
  body.forEach((cell, i) => {
    const row = lines[i + (headed ? 1 : 0)];
    const refuse = (fault: string, text: string) => found.faults.push({ row, fault, text: text.slice(0, 40) });
    const name = cell[places("name")];
    if (sumsUp(name)) return void found.totals.push(name);
    if (people) found.people += 1;
    const again = regions.get(name);
    if (people && again) return void (again.staff! += 1);
    const fault = nameFault(name, again ? [name] : []);
    if (fault) refuse(fault, name);
    const region: RegionRow = people ? { name, staff: 1 } : { name };
    regions.set(name, region);
    const staff = people || places("staff") < 0 ? "" : cell[places("staff")];
    if (staff) {
      const outcome = readNumber(staff, "whole");
      const fits = "value" in outcome && Number.isInteger(outcome.value) && outcome.value >= 1 && outcome.value <= limits.staff;
      if (fits) region.staff = outcome.value;
      else refuse("staff", staff);
    }
    const situation = places("situation") < 0 ? "" : cell[places("situation")];
    if (situation) {
      const key = situationNamed(situation, labels);
      if (key) region.situation = SITUATIONS[key];
      else refuse("situation", situation);
    }
    const own = startValues(cell, kinds, refuse);
    if (Object.keys(own).length) region.own = own;
    found.rows.push(region);
  });
  for (const { name } of found.rows.filter((one) => people && one.staff! > limits.staff)) found.faults.push({ row: 0, fault: "people", text: name.slice(0, 40) });
  if (!found.rows.length) found.faults.push({ row: 0, fault: "no_rows", text: "" });
  if (found.rows.length > limits.regions) {
    found.faults.push({ row: 0, fault: "too_many", text: String(found.rows.length) });
  }
  return found;
}

function situationNamed(text: string, labels: Record<string, string>): string | undefined {
  const plain = text.toLowerCase().replace(/_/g, " ").trim();
  return Object.keys(SITUATIONS).find((key) => key.replace(/_/g, " ") === plain || labels[key]?.toLowerCase() === plain);
}

function startValues(cells: string[], kinds: ColumnKind[], refuse: (fault: string, text: string) => void) {
  const own: Record<string, number> = {};
  kinds.forEach((kind, i) => {
    if (!START_FIELDS.includes(kind) || !cells[i]) return;
    const outcome = readNumber(cells[i]);
    const value = "value" in outcome ? outcome.value / (cells[i].includes("%") ? 100 : 1) : NaN;
    if (value >= 0 && value <= 1) own[kind] = Number(value.toPrecision(12));
    else refuse("share", cells[i]);
  });
  return own;
}
