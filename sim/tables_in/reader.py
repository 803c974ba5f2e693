""":func:`read_table` reads every kind of table and returns a :class:`Table`.

CSV with commas, semicolons or tabs in UTF-8, UTF-16 or Windows-1252, and sheets of Excel, all
become a :class:`Table`: a head line and rows of text, each with the line or row number that a
person sees. What the reader detected (an encoding, a separator, lines above the head, merged
cells) is kept as sentences in ``Table.said``. :mod:`sim.tables_in.values` reads what cells mean.

>>> table = table_of_text("Our log\\n\\nregion;hours\\nnorth;1,5\\n")
>>> table.columns, table.head_line, table.rows
(('region', 'hours'), 3, (Row(line=4, cells=('north', '1,5')),))
>>> table.said
('the columns are separated by semicolons', 'the head line is line 3')
"""

from __future__ import annotations

import csv
import io
import os
import re
import statistics
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sim.core.cells import meant
from sim.core.errors import InputError, Problem, did_you_mean, shown
from sim.core.extras import needs
from sim.core.files import read_bytes
from sim.core.units import count as counted
from sim.tables_in.mistakes import Mistakes, places

FILE_LIMIT = 32 * 1024 * 1024
"""Most bytes of a file, packed or not."""
CELL_LIMIT = 32_767
"""Most letters of a cell, as in Excel."""
CELLS_LIMIT = 4_000_000
"""Most cells of a table."""
WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of workbooks, new and old."""
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas"}
_UNSEEN = {"\u00a0": " ", "\u202f": " ", "\u200b": "", "\ufeff": ""}
"""Letters that nobody sees in a cell, and what they mean: spaces that do not break, and nothing."""
SNIFFED = 50
"""Number of lines that decide on the separator and the head."""
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "mac-roman")


class Sheets(tuple[str, ...]):
    """The names of a workbook's sheets: the value of the mistake that none of them was chosen."""


class Row(NamedTuple):
    """One row.

    Attributes:
        line: the line of the file on which the row begins, or the row of the sheet; from 1.
        cells: the text of each column, without spaces around it.
    """

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A user's table.

    Attributes:
        file: its name in messages, with the sheet if there are several.
        columns: the names in its head, each once.
        rows: the rows below the head; rows without any text are left out.
        head_line: the line or row of the head; 0 for a table without one.
        said: sentences on what the reader detected.
        word: the word for a position: line, or row (of a sheet).
        separator: the separator of a text file; "" for a sheet.
        surplus: rows with more cells than the head, the first of its :meth:`mistakes`; empty unless
            ``hold`` was set.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    head_line: int = 1
    said: tuple[str, ...] = ()
    word: str = "line"
    separator: str = ""
    surplus: tuple[Problem, ...] = ()

    def column(self, name: str) -> list[tuple[int, str]]:
        """Line and text of each cell of a column.

        Raises:
            InputError: there is no such column; the message suggests the nearest name.
        """
        if name not in self.columns:
            raise InputError(
                f"{shown(name)} is not a column", name, name, ", ".join(self.columns),
                did_you_mean(name, self.columns), self.file, self.head_line,
            )  # fmt: skip
        at = self.columns.index(name)
        return [(row.line, row.cells[at]) for row in self.rows]

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line and text by column of each row."""
        for row in self.rows:
            yield row.line, dict(zip(self.columns, row.cells, strict=True))

    def mistakes(self) -> Mistakes:
        """A new list of mistakes for this table, which begins with its surplus cells."""
        found = Mistakes(self.file, self.word)
        for one in self.surplus:
            found.add(one.line, "", one.message, one.value, kind="surplus")
        return found


def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    head: int | None = None,
    error: type[InputError] = InputError,
    limit: int = FILE_LIMIT,
    what: str = "the table",
    hold: bool = False,
    guess: bool = True,
) -> Table:
    """The table of a CSV file or of a sheet of an Excel workbook.

    Args:
        path: the file.
        sheet: name of the sheet; needed when a workbook has several with something in them.
        encoding: the encoding of a text file; None: it is detected, and noted unless it is UTF-8.
        head: line (or row) of the head; 0: there is none; None: the first below title lines.
        error: the class of error to raise.
        limit: the largest size of the file, bytes.
        what: the name of such a table in messages.
        hold: keep rows with too many cells as ``surplus``, to be reported with other mistakes.
        guess: whether to read text that is neither UTF-8 nor UTF-16 as Windows-1252, with a note.

    Raises:
        InputError: the file cannot be read, is no table, or has mistakes of form, all of which are
            listed.
    """
    raw = read_bytes(path, limit=limit, error=error)
    file = os.fspath(path)
    if raw.startswith(WORKBOOK):
        grid = _workbook(raw, file, sheet, error)
    elif sheet is not None:
        message = "has no sheets: it is a text file"
        raise error(message, "sheet", sheet, file=file)
    else:
        text, said = decode(raw, file, encoding, error, guess=guess)
        grid = _text(text, file, said, error)
    return _table(grid, head, error, what, hold)


def table_of_text(
    text: str,
    file: str = "<table>",
    *,
    head: int | None = None,
    error: type[InputError] = InputError,
    what: str = "the table",
    hold: bool = False,
) -> Table:
    """The table of a text at hand; see :func:`read_table`."""
    grid = _text(text.removeprefix("\ufeff"), file, (), error)
    return _table(grid, head, error, what, hold)


# --- text ---------------------------------------------------------------------------------------


def decode(
    raw: bytes,
    file: str,
    encoding: str | None = None,
    error: type[InputError] = InputError,
    *,
    guess: bool = True,
) -> tuple[str, tuple[str, ...]]:
    """The text of a file's bytes, and a sentence on its encoding unless that is UTF-8.

    Raises:
        InputError: the bytes are no text, or not in the given encoding.
    """
    name = encoding or _encoding(raw, guess)
    try:
        text = raw.decode("utf-8-sig" if name.lower() in ("utf-8", "utf8") else name)
    except LookupError:
        raise error(
            f"{shown(name)} is not an encoding", "encoding", name, ", ".join(ENCODINGS),
            did_you_mean(name, ENCODINGS), file,
        ) from None  # fmt: skip
    except UnicodeError as fault:
        line = raw[: getattr(fault, "start", 0)].count(b"\n") + 1
        allowed = f"--encoding with one of {', '.join(ENCODINGS)}" if guess else ""
        message = f"is not {name.upper()} text (line {line})"
        raise error(message, allowed=allowed, file=file) from None
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise error("is not a text file (it holds binary data)", file=file)
    if encoding is not None or name == "utf-8":
        return text, ()
    called = {"cp1252": "Windows-1252 (cp1252)"}.get(name, name.upper())
    odd = next((word for word in re.findall(r"\w+", text) if not word.isascii()), "")
    told = f", such as {shown(odd)}" if odd else ""
    return text, (f"the text was read as {called}{told}; --encoding says otherwise",)


def _encoding(raw: bytes, guess: bool) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = raw[:2000]
    if len(start) > 3 and start[1::2].count(0) > 0.4 * len(start):
        return "utf-16-le"
    if len(start) > 3 and start[::2].count(0) > 0.4 * len(start):
        return "utf-16-be"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252" if guess else "utf-8"
    return "utf-8"


class _Grid(NamedTuple):
    """The raw rows, before the head is known."""

    file: str
    rows: list[tuple[int, list[str]]]
    said: tuple[str, ...]
    word: str
    separator: str


def _text(text: str, file: str, said: tuple[str, ...], error: type[InputError]) -> _Grid:
    text = _seen(text)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
    skipped = 0
    declared = re.match(r"\s*\"?sep=(.)\"?\s*\Z", lines[0]) if lines else None
    if declared and declared[1] in SEPARATORS:
        separator, skipped = declared[1], 1
    else:
        separator = _separator(lines[:SNIFFED])
    mistakes = Mistakes(file)
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(iter(lines[skipped:]), delimiter=separator, strict=True)
    total = 0
    marked = "'" in text  # or no cell can have the mark that meant() removes
    while True:
        line = reader.line_num + skipped + 1  # a quoted cell may hold line breaks
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            break
        except csv.Error as fault:
            if "field limit" in str(fault):
                _too_long(mistakes, line, "", "a cell")
            else:
                message = f"is not a valid line of CSV ({fault}); look for a stray quote"
                mistakes.add(line, "", message)
            break
        if marked:
            cells = [meant(cell) for cell in cells]
        total += len(cells)
        if total > CELLS_LIMIT:
            mistakes.add(line, "", "has too many cells", allowed=f"at most {CELLS_LIMIT:,}")
            break
        if max(map(len, cells), default=0) > CELL_LIMIT:
            for at, cell in enumerate(cells, 1):
                if len(cell) > CELL_LIMIT:
                    _too_long(mistakes, line, "", f"the cell in column {at}")
        if any(cells):
            rows.append((line, cells))
    mistakes.stop(error)
    if separator != ",":
        said = (*said, f"the columns are separated by {SEPARATORS[separator]}")
    return _Grid(file, rows, said, "line", separator)


def _too_long(mistakes: Mistakes, line: int, column: str, what: str) -> None:
    mistakes.add(line, column, f"{what} is too long", allowed=f"at most {CELL_LIMIT:,} letters")


def _separator(lines: Sequence[str]) -> str:
    """The separator of the columns: the one that cuts most lines into equally many cells.

    Of equals, commas come last, because they stand in texts and numbers, too."""

    def score(separator: str) -> int:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=separator) if any(cells)]
        except csv.Error:
            return 0
        counts = Counter(width for width in widths if width > 1)
        return max(counts.values(), default=0)

    best = max(SEPARATORS, key=score)
    return best if score(best) else ","


# --- sheets -------------------------------------------------------------------------------------


def _workbook(raw: bytes, file: str, sheet: str | None, error: type[InputError]) -> _Grid:
    def refuse(message: str, allowed: str = "", suggestion: str = "") -> InputError:
        return error(message, "", sheet, allowed, suggestion, file)

    if not raw.startswith(b"PK"):
        raise refuse("is an old (.xls) or a protected workbook", "save it as .xlsx or as CSV")
    needs("openpyxl", work="an Excel file", instead="CSV", field=file)
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(part.file_size for part in packed.infolist()) > 8 * FILE_LIMIT:
                raise refuse("is too large when unpacked", f"at most {8 * FILE_LIMIT >> 20} MiB")
        import warnings

        with warnings.catch_warnings():  # openpyxl warns of styles and checks that it leaves out
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(raw), data_only=True)
    except InputError:
        raise
    except Exception as fault:  # whatever openpyxl meets in a damaged file
        reason = " ".join(str(fault).split()) or type(fault).__name__
        raise refuse(f"is not a workbook that can be read ({reason})", ".xlsx, or CSV") from None
    sheets = {one.title: one for one in book.worksheets}
    full = [n for n, one in sheets.items() if one.sheet_state == "visible" and _has_text(one)]
    if sheet is None and len(full) != 1:
        if not full:
            raise refuse("no sheet holds anything")
        allowed = f"--sheet with one of: {', '.join(full)}"
        raise error(f"has {len(full)} sheets", "", Sheets(full), allowed, "", file)
    name = full[0] if sheet is None else sheet
    if name not in sheets:
        near = did_you_mean(name, list(sheets))
        raise refuse(f"{shown(name)} is not a sheet", ", ".join(sheets), near)
    place = f"{file} [{name}]" if len(sheets) > 1 else file
    return _sheet(sheets[name], place, error)


def _has_text(sheet: Any) -> bool:
    return any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def _sheet(sheet: Any, place: str, error: type[InputError]) -> _Grid:
    if sheet.max_row * sheet.max_column > CELLS_LIMIT:
        message = f"has too many cells ({sheet.max_row:,} rows, {sheet.max_column:,} columns)"
        raise error(message, allowed=f"at most {CELLS_LIMIT:,} cells", file=place)
    grid = [[_cell_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    said: tuple[str, ...] = ()
    filled = []
    for merged in sheet.merged_cells.ranges:
        top, left = merged.min_row - 1, merged.min_col - 1
        if merged.max_row > merged.min_row and top < len(grid) and grid[top][left]:
            for row in grid[top + 1 : merged.max_row]:
                row[left] = grid[top][left]
            filled += range(merged.min_row, merged.max_row + 1)
    if filled:
        said = (f"merged cells were filled down ({places(filled, 'row')})",)
    mistakes = Mistakes(place, "row")
    for line, row in enumerate(grid, 1):
        for cell in row:
            if len(cell) > CELL_LIMIT:
                _too_long(mistakes, line, "", "a cell")
    mistakes.stop(error)
    rows = [(line, row) for line, row in enumerate(grid, 1) if any(row)]
    return _Grid(place, rows, said, "row", "")


def _cell_text(value: Any) -> str:
    """A cell of a sheet as a person would write it: dates as yyyy-mm-dd, durations as h:mm."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value.hour}:{value.minute:02}"
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    return meant(_seen(str(value)).strip())


def _seen(text: str) -> str:
    """A text without the letters that nobody sees."""
    if not text.isascii():
        for mark, plain in _UNSEEN.items():
            text = text.replace(mark, plain)
    return text


# --- head and rows ------------------------------------------------------------------------------


def _table(grid: _Grid, head: int | None, error: type[InputError], what: str, hold: bool) -> Table:
    if not grid.rows:
        raise error(f"{what} is empty", file=grid.file)
    mistakes = Mistakes(grid.file, grid.word)
    if head == 0:
        width = max(len(cells) for _, cells in grid.rows)
        columns, at, body = [f"column {i}" for i in range(1, width + 1)], 0, grid.rows
    else:
        begins = _head(grid.rows) if head is None else _head_at(grid, head, error)
        at, names = grid.rows[begins]
        body = grid.rows[begins + 1 :]
        columns = [" ".join(name.split()) for name in names]
        _check_head(columns, at, body, mistakes)
    rows, surplus = [], Mistakes(grid.file, grid.word)
    named = [i for i, name in enumerate(columns) if name]
    for line, cells in body:
        if any(cells[len(columns) :]):
            message = f"has {counted(len(cells), 'value')} for {counted(len(columns), 'column')}"
            target = surplus if hold else mistakes
            target.add(line, "", message, ",".join(cells), kind="surplus")
        padded = [*cells, *[""] * (len(columns) - len(cells))]
        rows.append(Row(line, tuple([padded[i] for i in named])))
    mistakes.stop(error)
    said = grid.said
    if at > 1 and at != grid.rows[0][0] and head is None:
        said = (*said, f"the head line is {grid.word} {at}")
    return Table(
        grid.file, tuple(filter(None, columns)), tuple(rows), at, said, grid.word, grid.separator,
        tuple(surplus),
    )  # fmt: skip


def _head(rows: Sequence[tuple[int, list[str]]]) -> int:
    """Position of the first row that fills more than half as many cells as most rows do; title
    lines fill fewer."""
    filled = [sum(map(bool, cells)) for _, cells in rows[:SNIFFED]]
    usual = statistics.median_low([count for count in filled if count > 1] or [1])
    return next(position for position, count in enumerate(filled) if 2 * count > usual)


def _head_at(grid: _Grid, head: int, error: type[InputError]) -> int:
    for position, (line, _) in enumerate(grid.rows):
        if line == head:
            return position
    message = f"{grid.word} {head} does not hold the names of columns: it is empty"
    raise error(message, "head", head, file=grid.file)


def _check_head(
    columns: Sequence[str], line: int, body: Sequence[tuple[int, list[str]]], mistakes: Mistakes
) -> None:
    """Check that names are unique; a column without a name and without text is left out."""
    seen: set[str] = set()
    for position, name in enumerate(columns):
        if name and name in seen:
            mistakes.add(line, name, "this column is given twice", name)
        elif not name and any(len(cells) > position and cells[position] for _, cells in body):
            mistakes.add(line, "", f"column {position + 1} has no name")
        seen.add(name)
