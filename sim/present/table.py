"""Tables with described columns: :class:`Column` and :class:`Table`.

A table is a data frame of exact numbers with the names, units, formats and meanings of its columns.
Analyses return tables, and terminals, reports, files and ``--json`` are all made from them.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.cells import harmless
from sim.core.errors import InputError, did_you_mean
from sim.core.extras import needs
from sim.core.units import count
from sim.present import format as formats
from sim.present.columns import MEANINGS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from rich.table import Table as RichTable
else:
    from sim.core.late import np

PART_ROWS = 2**18
"""Rows of a part of a table, and of a row group of its file."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: the name in the frame and in every file.
        unit: the unit of its numbers, named as for outcomes; empty for none.
        format: a key of :data:`sim.present.format.FORMATS`.
        meaning: a sentence or less, for the reader of the table; when empty, a table takes that of
            :data:`sim.present.columns.MEANINGS`.
        heading: the text above the column; when empty, its name in words.
        empty: the text of a missing value.

    Raises:
        InputError: the format is unknown.
    """

    name: str
    unit: str = ""
    format: str = "auto"
    meaning: str = ""
    heading: str = ""
    empty: str = formats.EMPTY

    def __post_init__(self) -> None:
        formats.named(self.format)

    @property
    def head(self) -> str:
        """The heading of the column with its unit."""
        heading = self.heading or formats.words(self.name)
        return f"{heading} ({self.unit})" if self.unit else heading

    @property
    def write(self) -> Callable[[Any], str]:
        """The function that turns a value into text."""
        form = formats.named(self.format)
        return lambda value: self.empty if (text := form(value)) == formats.EMPTY else text


def _explained(column: Column) -> Column:
    """The column with the meaning that its name has in all tables, where it says none."""
    meaning = column.meaning or MEANINGS.get(column.name, "")
    return column if meaning == column.meaning else dataclasses.replace(column, meaning=meaning)


class Rows:
    """The rows of a table, whatever holds them: this class and its subclasses are the only place
    that knows. A subclass has :attr:`names`, a length and :meth:`parts`; those of plain values and
    of frames answer the other questions without them.

    Attributes:
        names: the names of the columns.
    """

    names: Sequence[str]

    def __len__(self) -> int:
        raise NotImplementedError

    def parts(self) -> Iterator[pa.Table]:
        """The rows in their order, :data:`PART_ROWS` at a time, in one part or more."""
        raise NotImplementedError

    @cached_property
    def whole(self) -> pa.Table:
        """All rows."""
        import pyarrow as pa

        return pa.concat_tables(self.parts())

    def frame(self) -> pd.DataFrame:
        """The rows as a frame, which the caller does not change."""
        import pyarrow as pa

        return pa.concat_tables(self.parts()).to_pandas()

    def array(self, name: str) -> np.ndarray:
        """The values of a column; of texts, an array of objects. Missing values are NaN."""
        from sim.present import arrow

        return arrow.array(self.whole.column(name))

    def values(self, name: str) -> list[Any]:
        """The values of a column as plain values of Python."""
        return self.array(name).tolist()

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers."""
        return self.array(name).dtype.kind in "iuf"

    def labels(self) -> Sequence[Any]:
        """What each row is called in the file that it comes from: its number, from 0 on."""
        return range(len(self))

    def only(self, names: Sequence[str]) -> Rows:
        """Some of the columns."""
        return WholeRows(self.whole.select(list(names)))

    def first(self, count: int) -> Rows:
        """The first rows."""
        return WholeRows(self.whole.slice(0, count))

    def beside(self, name: str, other: str, days: Mapping[Any, datetime.date | None]) -> Rows:
        """The rows with a column of dates beside another column.

        Args:
            name: the name of the new column.
            other: the name of the column that it follows.
            days: the date of each value of that column.
        """
        return _DatedRows(self, name, other, days)


class WholeRows(Rows):
    """Rows that a file held, or a part of them, of which no frame is made to show and draw them."""

    def __init__(self, whole: pa.Table) -> None:
        self.whole, self.names = whole, whole.column_names

    def __len__(self) -> int:
        return len(self.whole)

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`Rows`."""
        yield from cut(self.whole)


class _DatedRows(Rows):
    """See :meth:`Rows.beside`."""

    def __init__(
        self, rows: Rows, name: str, other: str, days: Mapping[Any, datetime.date | None]
    ) -> None:
        self._rows, self._name, self._other, self._days = rows, name, other, days
        self._place = list(rows.names).index(other) + 1
        self.names = [*rows.names[: self._place], name, *rows.names[self._place :]]

    def __len__(self) -> int:
        return len(self._rows)

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`Rows`."""
        from sim.present import arrow

        for part in self._rows.parts():
            days = self._dates(arrow.array(part.column(self._other)))
            yield part.add_column(self._place, self._name, [arrow.dates(days)])

    def array(self, name: str) -> np.ndarray:
        """See :class:`Rows`."""
        if name != self._name:
            return self._rows.array(name)
        return np.array(self._dates(self._rows.array(self._other)), dtype=object)

    def _dates(self, values: np.ndarray) -> list[datetime.date | None]:
        return [self._days.get(value) for value in values.tolist()]


class PlainRows(Rows):
    """Rows of plain values, of which no frame is made to write and to show them.

    Args:
        columns: the columns by name, each a list of texts or an array of numbers.

    >>> rows = PlainRows.of([{"plan": "visits", "gain": 1}, {"plan": "calls", "gain": math.nan}])
    >>> rows.names, rows.values("gain")
    (['plan', 'gain'], [1.0, nan])
    """

    def __init__(self, columns: Mapping[str, list[str] | np.ndarray]) -> None:
        self.columns = dict(columns)
        self.names = list(columns)

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> PlainRows:
        """Rows, one or more, that all have the same columns."""
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return cls(
            {
                name: one if isinstance(one[0], str) else np.array(one)
                for name, one in columns.items()
            }
        )

    def __len__(self) -> int:
        return len(self.columns[self.names[0]])

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`Rows`."""
        import pyarrow as pa

        from sim.present import arrow

        made = [
            arrow.texts(one) if isinstance(one, list) else arrow.numbers(one)
            for one in self.columns.values()
        ]
        yield from cut(pa.Table.from_arrays(made, names=self.names))

    def array(self, name: str) -> np.ndarray:
        """See :class:`Rows`."""
        column = self.columns[name]
        return np.array(column, dtype=object) if isinstance(column, list) else column

    def only(self, names: Sequence[str]) -> PlainRows:
        """See :class:`Rows`."""
        return PlainRows({name: self.columns[name] for name in names})

    def first(self, count: int) -> PlainRows:
        """See :class:`Rows`."""
        return PlainRows({name: column[:count] for name, column in self.columns.items()})


class FrameRows(Rows):
    """Rows of a frame, which keep the labels of its index.

    Args:
        frame: the frame, which nobody changes.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame, self.names = frame, [str(name) for name in frame.columns]

    def __len__(self) -> int:
        return len(self._frame)

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`Rows`."""
        import pyarrow as pa

        whole = pa.Table.from_pandas(self._frame, preserve_index=False)
        yield from cut(whole.replace_schema_metadata(None))

    def frame(self) -> pd.DataFrame:
        """See :class:`Rows`."""
        return self._frame

    def array(self, name: str) -> np.ndarray:
        """See :class:`Rows`."""
        return self._frame[name].to_numpy()

    def values(self, name: str) -> list[Any]:
        """See :class:`Rows`."""
        return self._frame[name].tolist()

    def is_numeric(self, name: str) -> bool:
        """See :class:`Rows`."""
        return self._frame[name].dtype.kind in "iuf"

    def labels(self) -> Sequence[Any]:
        """See :class:`Rows`."""
        return self._frame.index.tolist()

    def only(self, names: Sequence[str]) -> FrameRows:
        """See :class:`Rows`."""
        return FrameRows(self._frame[list(names)])

    def first(self, count: int) -> FrameRows:
        """See :class:`Rows`."""
        return FrameRows(self._frame.iloc[:count])

    def beside(self, name: str, other: str, days: Mapping[Any, datetime.date | None]) -> FrameRows:
        """See :class:`Rows`."""
        frame = self._frame.copy()
        frame.insert(self.names.index(other) + 1, name, [days[one] for one in self.values(other)])
        return FrameRows(frame)


def cut(whole: pa.Table) -> Iterator[pa.Table]:
    """The rows of a table, :data:`PART_ROWS` at a time, in one part or more."""
    for first in range(0, max(1, len(whole)), PART_ROWS):
        yield whole.slice(first, PART_ROWS)


class Table:
    """Numbers with their meaning.

    Args:
        name: the name of its files, without suffix.
        rows: the data frame, which is copied, or :class:`Rows`. The index of a frame is kept,
            so that a part of a table still says which rows of the file it shows.
        columns: descriptions of columns; other columns are described by their names and types.
        title: what the table shows, in a few words.
        note: how to read the table, in sentences.
        rests_on: (runs counted, runs made), which the note states.

    Raises:
        InputError: a description names a column that the frame does not have.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"plan": ["visits", "calls"], "p_target": [0.9996, 0.25]})
        >>> table = Table("plans", frame, [Column("p_target", format="percent")], rests_on=(8, 8))
        >>> table.cells()
        [['visits', 'over 99 %'], ['calls', '25 %']]
        >>> table.note
        'The table rests on 8 of 8 runs.'
    """

    def __init__(
        self,
        name: str,
        rows: pd.DataFrame | Rows,
        columns: Sequence[Column] = (),
        *,
        title: str = "",
        note: str = "",
        rests_on: tuple[int, int] | None = None,
    ) -> None:
        self._rows = rows if isinstance(rows, Rows) else FrameRows(rows.copy())
        known = {column.name: column for column in columns}
        names = self._rows.names
        for missing in known.keys() - set(names):
            raise InputError(
                f"table {name!r} has no such column",
                field=missing,
                suggestion=did_you_mean(missing, names),
            )
        self.name = name
        self.title = title or formats.words(name).capitalize()
        self._note = note
        self.rests_on = rests_on
        self._columns = tuple(_explained(known.get(each, Column(each))) for each in names)

    # --- looking -------------------------------------------------------------------------------

    @cached_property
    def _frame(self) -> pd.DataFrame:
        frame = self._rows.frame()
        if isinstance(self._rows, WholeRows):  # or memory would hold them twice
            self._rows = FrameRows(frame)
        return frame

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the exact numbers."""
        return self._frame.copy()

    def array(self, name: str) -> np.ndarray:
        """The exact values of a column; of texts, an array of objects. Missing values are NaN."""
        return self._rows.array(self.column(name).name)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The exact values of every column, see :meth:`array`."""
        return {name: self._rows.array(name) for name in self._rows.names}

    def values(self, name: str) -> list[Any]:
        """The exact values of a column as plain values of Python."""
        return self._rows.values(self.column(name).name)

    @property
    def labels(self) -> Sequence[Any]:
        """What each row is called in the file of the table: its number, from 0 on, or the index of
        a frame."""
        return self._rows.labels()

    def parts(self) -> Iterator[pa.Table]:
        """The exact numbers without the index, :data:`PART_ROWS` rows at a time, in one part or
        more."""
        return self._rows.parts()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in their order."""
        return self._columns

    @property
    def note(self) -> str:
        """How to read the table, and how many runs the table rests on."""
        return f"{self._note} {self.ground}.".strip() if self.ground else self._note

    @property
    def ground(self) -> str:
        """How many runs the table rests on, in words; empty where that is not known."""
        if self.rests_on is None:
            return ""
        counted, made = (formats.count(number) for number in self.rests_on)
        return f"The table rests on {counted} of {made} runs"

    @property
    def plain_note(self) -> str:
        """How to read the table, without how many runs the table rests on."""
        return self._note

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return (
            f"Table({self.name!r}, {count(len(self), 'row')}, "
            f"{count(len(self._columns), 'column')})"
        )

    def column(self, name: str) -> Column:
        """A column by its name.

        Raises:
            InputError: there is no such column.
        """
        for column in self._columns:
            if column.name == name:
                return column
        names = [column.name for column in self._columns]
        raise InputError(
            f"table {self.name!r} has no such column",
            field=name,
            suggestion=did_you_mean(name, names),
        )

    def pick(
        self,
        columns: Sequence[str] | None = None,
        rows: Any = None,
        *,
        title: str | None = None,
        note: str | None = None,
    ) -> Table:
        """A part of the table under the same name, for showing.

        Args:
            columns: names of columns, in the desired order; None: all.
            rows: anything that ``frame.loc`` takes (a mask, labels, a slice); None: all.
            title, note: texts in place of the table's own.
        """
        names = [column.name for column in self._columns] if columns is None else list(columns)
        kept = [self.column(name) for name in names]
        some = self._rows if rows is None else FrameRows(self._frame.loc[rows])
        return self._part(some.only(names), kept, title, note)

    def first(self, count: int) -> Table:
        """The table with its first rows, for showing."""
        return self._part(self._rows.first(count), self._columns)

    def beside(self, other: str, column: Column, days: Mapping[Any, datetime.date | None]) -> Table:
        """The table with a column of dates beside another column.

        Args:
            other: the name of the column that it follows.
            column: the new column.
            days: the date of each value of the other column.
        """
        place = self._rows.names.index(other) + 1
        columns = [*self._columns[:place], column, *self._columns[place:]]
        return self._part(self._rows.beside(column.name, other, days), columns)

    def _part(
        self, rows: Rows, columns: Sequence[Column], title: str | None = None,
        note: str | None = None,
    ) -> Table:  # fmt: skip
        return Table(
            self.name, rows, columns, title=self.title if title is None else title,
            note=self._note if note is None else note, rests_on=self.rests_on,
        )  # fmt: skip

    def described(self, **changes: Mapping[str, str]) -> Table:
        """The table with changed descriptions: ``described(mean={"heading": "gain"})``."""
        new = [
            dataclasses.replace(column, **changes.get(column.name, {})) for column in self._columns
        ]
        return self._part(self._rows, new)

    # --- showing -------------------------------------------------------------------------------

    def cells(self) -> list[list[str]]:
        """The text of every value, row by row."""
        return [
            [column.write(value) for column, value in zip(self._columns, row, strict=True)]
            for row in self._values()
        ]

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers, which are aligned to the right."""
        return self._rows.is_numeric(name)

    def terminal(self) -> RichTable:
        """The table for a terminal, without lines; only text columns shrink when it is narrow."""
        from rich.table import Table as RichTable

        made = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in self._columns:
            right = self.is_numeric(column.name)
            wraps = column.format == "text"
            made.add_column(
                column.head,
                justify="right" if right else "left",
                no_wrap=not wraps,
                overflow="fold",
            )
        for row in self.cells():
            made.add_row(*row)
        return made

    def html(self, level: int = 3) -> str:
        """The table as HTML: heading, note, and cells with their exact values.

        Args:
            level: the level of the heading, 1-6.
        """
        from sim.present import html

        return html.table_html(self, level)

    def _repr_html_(self) -> str:
        return self.html(4)

    # --- taking away ---------------------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        """Every row, with its exact values by column."""
        names = [column.name for column in self._columns]
        return [dict(zip(names, row, strict=True)) for row in self._values()]

    def records(self) -> list[dict[str, Any]]:
        """Rows as plain data for JSON; missing and infinite values are None."""
        return [{name: plain_data(value) for name, value in row.items()} for row in self.rows()]

    def csv(self) -> str:
        """Exact values as CSV with the names of the columns. An apostrophe marks text that a
        spreadsheet would read as a formula. For files, use :func:`sim.core.cells.for_excel`."""
        import pandas as pd

        frame = self.frame
        for name in frame.columns:
            if frame[name].dtype.kind not in "iufb":
                values = [harmless(v) if isinstance(v, str) else v for v in frame[name]]
                frame[name] = pd.Series(values, frame.index, dtype=object)
        return frame.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)

    def _values(self) -> Sequence[Sequence[Any]]:
        """Rows of Python values."""
        return list(zip(*map(self._rows.values, self._rows.names), strict=True))


def write_workbook(tables: Mapping[str, Table], path: Path) -> None:
    """Write tables as a workbook for Excel: exact values, shown in their formats.

    The first row of a sheet names each column with its unit and, as a comment, its meaning; it
    stays in view. There is nothing below the rows, so that they can be sorted and read again.

    Args:
        tables: tables by the name of their sheet, of which at most 31 letters are kept.
        path: the path of the file, which is replaced whole.

    Raises:
        InputError: openpyxl is not installed.
        OSError: the file cannot be written.
    """
    needs("openpyxl", work="an Excel file", instead="CSV", field=str(path))
    import openpyxl  # pyright: ignore[reportMissingModuleSource]

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, table in tables.items():
        _fill(book.create_sheet(_sheet_name(name, book.sheetnames)), table)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        book.save(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _sheet_name(name: str, taken: Sequence[str]) -> str:
    """A name that Excel allows and no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip("' ")[:31] or "sheet"
    known, number, made = {one.lower() for one in taken}, 1, plain
    while made.lower() in known:
        number += 1
        made = f"{plain[: 31 - len(str(number)) - 1]} {number}"
    return made


def _fill(sheet: Any, table: Table) -> None:
    """Write head, rows, formats, comments and widths of a sheet."""
    from openpyxl.comments import Comment  # pyright: ignore[reportMissingModuleSource]
    from openpyxl.styles import Alignment, Font  # pyright: ignore[reportMissingModuleSource]
    from openpyxl.utils import get_column_letter  # pyright: ignore[reportMissingModuleSource]

    bold, below = Font(bold=True), Alignment(wrap_text=True, vertical="bottom")
    wrapped = Alignment(wrap_text=True, vertical="top")
    for place, (column, texts) in enumerate(zip(table.columns, _transposed(table), strict=True), 1):
        head = sheet.cell(1, place, column.head)
        head.data_type = "s"
        head.font, head.alignment = bold, below
        if column.meaning:
            head.comment = Comment(column.meaning, "codose", width=260, height=90)
        values = [_cell_value(value) for value in table.values(column.name)]
        widest = max((len(text) for text in texts), default=0)
        for row, value in enumerate(values, 2):
            if value is None:
                continue
            cell = sheet.cell(row, place, value)
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula
                if widest > _WIDEST:
                    cell.alignment = wrapped
            elif not isinstance(value, bool):
                cell.number_format = _excel_format(column.format, value)
        word = max((len(part) for part in column.head.split()), default=0)
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = min(_WIDEST, max(8, widest, word)) + 2
    sheet.freeze_panes = "A2"
    if len(table):
        sheet.auto_filter.ref = sheet.dimensions


def _transposed(table: Table) -> list[list[str]]:
    """The texts of every column."""
    rows = table.cells()
    return [[row[place] for row in rows] for place in range(len(table.columns))]


_WIDEST = 70
"""Width in letters of the widest column of a sheet."""
_LONGEST = 32_767
"""Most letters in a cell of Excel."""


def _cell_value(value: Any) -> Any:
    """A value for a cell; None for missing and infinite values."""
    if isinstance(value, datetime.date):
        return value
    value = plain_data(value)
    if isinstance(value, str):
        value = harmless(value) if value.startswith("'") else value  # a cell of text is no formula
        return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", value)[:_LONGEST]
    return value


_EXCEL: Mapping[str, str] = {"count": "#,##0", "week": "0", "date": "d mmm yyyy"}
"""Formats that do not depend on the value."""


def _excel_format(column: str, value: Any) -> str:
    """The number format of Excel that shows as many digits as elsewhere.

    >>> _excel_format("number", 0.5), _excel_format("signed", 12.25), _excel_format("hours", 4.0)
    ('#,##0.00', '+#,##0.0;-#,##0.0;0', '#,##0')
    """
    if isinstance(value, datetime.date) or column in _EXCEL:
        return _EXCEL.get(column, _EXCEL["date"])
    size, whole = abs(value), float(value).is_integer()
    if column == "percent":
        return "0.0 %" if 0 < size < 0.01 or 0.99 < size < 1 else "0 %"
    if column in ("given", "digits", "duration") or (column == "auto" and isinstance(value, int)):
        return "General"
    places = 2 if size < 10 else 1 if size < 100 else 0
    if column == "money":
        places = 2 if size < 100 else 0
    if 0 < size < 0.005:
        form = "0.0E+00"
    elif places and not (whole and column in ("money", "hours")):
        form = f"#,##0.{'0' * places}"
    else:
        form = "#,##0"
    return f"+{form};-{form};0" if column == "signed" else form


def plain_data(value: Any) -> Any:
    """Data that JSON can hold: NumPy numbers become plain, NaN and infinity None.

    >>> plain_data({"a": float("nan"), "b": (1, True)})
    {'a': None, 'b': [1, True]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    return formats.exact(value) or None
