/** Reads tables as text, pasted from a spreadsheet or from a CSV file. */

export interface Row {
  line: number; // line of the text on which the row begins, from 1
  cells: string[];
}

export interface Table {
  rows: Row[]; // without the empty ones
  closed: boolean; // whether every quote has its end
}

/** Read rows and cells. Columns end at tabs, else at ; or , as in the first line; quotes are a spreadsheet's. */
export function readTable(given: string): Table {
  const text = given.replace(/\r\n?/g, "\n");
  const mark = separatorOf(text.split("\n", 1)[0]);
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

function separatorOf(head: string): string {
  if (head.includes("\t")) return "\t";
  const count = (mark: string) => head.split(mark).length;
  return count(";") > 1 && count(";") >= count(",") ? ";" : ",";
}
