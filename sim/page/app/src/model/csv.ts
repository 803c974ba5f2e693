/** Reads tables as text, pasted from a spreadsheet or from a CSV file. */
import { max, maxIndex, rollup } from "d3-array";

export interface Row {
  line: number; // line of the text on which the row begins, from 1
  cells: string[];
}

export interface Table {
  rows: Row[]; // without the empty ones
  closed: boolean; // whether every quote has its end
}

const SEPARATORS = ["\t", ";", ","];
const LOOKED_AT = 50; // lines that decide on the separator
export const MOST_ABOVE = 10; // rows among which headings are looked for
const TOTAL = /^(grand |sub-?)?(totals?|sum|summe)\b[\s:0-9]*$/i;

/** Read rows and cells. Columns end at the separator that cuts most rows into equally many cells; quotes are a
 * spreadsheet's. */
export function readTable(given: string): Table {
  const text = given.replace(/\r\n?/g, "\n");
  const head = text.trimStart().split("\n", LOOKED_AT).join("\n");
  return cut(text, SEPARATORS[maxIndex(SEPARATORS, (mark) => alike(cut(head, mark).rows))]);
}

/** The most rows with equally many cells, of those with more than one. */
function alike(rows: Row[]): number {
  const widths = rows.map((row) => row.cells.length).filter((width) => width > 1);
  return max(rollup(widths, (same) => same.length, (width) => width).values()) ?? 0;
}

/** The row with the headings: the first of the uppermost rows that names two columns, or else the first row. */
export function headRow(rows: string[][], named: (cells: string[]) => number): number {
  return Math.max(0, rows.slice(0, MOST_ABOVE).findIndex((cells) => named(cells) > 1));
}

/** Whether a cell says that its row sums up others, as "Total:" and "Grand total 2026" do. */
export function sumsUp(text: string): boolean {
  return TOTAL.test(text);
}

function cut(text: string, mark: string): Table {
  const rows: Row[] = [];
  let [cells, cell, quoted, line, begun]: [string[], string, boolean, number, number] = [[], "", false, 1, 1];
  const endCell = () => {
    cells.push(cell.replace(/[\u200b\ufeff]/g, "").replace(/\s+/g, " ").trim());
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (cells.some(Boolean)) rows.push({ line: begun, cells });
    cells = [];
    begun = line + 1;
  };
  for (let i = 0; i < text.length; i += 1) {
    const letter = text[i];
    if (quoted) {
      if (letter === '"' && text[i + 1] === '"') cell += text[(i += 1)];
      else if (letter === '"') quoted = false;
      else cell += letter;
    } else if (letter === '"' && !cell.replace("\ufeff", "").trim()) {
      quoted = true;
      cell = "";
    } else if (letter === mark) endCell();
    else if (letter === "\n") endRow();
    else cell += letter;
    if (letter === "\n") line += 1;
  }
  const closed = !quoted;
  endRow();
  return { rows, closed };
}
