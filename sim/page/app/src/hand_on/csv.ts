/** CSV files for Excel: text that a spreadsheet would calculate is marked, as sim/core/cells.py does. */

export type Cell = string | number | null | undefined;

const BOM = "\ufeff";
const FORMULA = /^'*[=+\-@\t\r\n]/;

export function harmless(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** Text in quotes, numbers plain, nothing where there is nothing. */
function cell(value: Cell): string {
  if (value === null || value === undefined) return '""';
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : '""';
  return `"${harmless(value).replaceAll('"', '""')}"`;
}

/** A file of rows below a head. Always with the mark by which Excel knows UTF-8. */
export function csvText(head: string[], rows: Cell[][]): string {
  return BOM + [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
