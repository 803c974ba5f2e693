/** CSV files for Excel. Text that a spreadsheet would take for a formula is marked, as sim/core/cells.py does. */

export type Cell = string | number | null | undefined;

const BOM = "\ufeff";
const FORMULA = /^'*[=+\-@\t\r\n]/;

export function harmless(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** One cell: text in quotes, a number without them, empty quotes for a missing value. */
function cell(value: Cell): string {
  if (value === null || value === undefined) return '""';
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : '""';
  return `"${harmless(value).replaceAll('"', '""')}"`;
}

/** The text of a CSV file: a heading and rows. It begins with the byte order mark by which Excel recognises UTF-8. */
export function csvText(head: string[], rows: Cell[][]): string {
  return BOM + [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
