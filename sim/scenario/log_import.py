""":func:`import_log` reads a tracker of contacts as a contact log, by a map of its columns."""

from __future__ import annotations

import csv
import io
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sim.core.cells import for_excel, harmless
from sim.core.errors import ScenarioError, raise_problems, shown
from sim.core.units import count
from sim.scenario.checking import Issue, checked
from sim.scenario.contact_log import (
    COLUMNS,
    MAX_HOURS,
    MAX_STAFF,
    MAX_WEEKS,
    LogRow,
    numbered_rows,
)
from sim.scenario.loading import Document, document_from, document_of
from sim.scenario.loading import plain as as_data
from sim.scenario.log_map import (
    SKIP,
    LogMap,
    column_of,
    no_contact,
    open_questions,
    plain,
    propose,
    regions_of,
    used_columns,
)
from sim.scenario.log_remarks import Contact, remarks
from sim.tables_in.mistakes import Mistakes, places
from sim.tables_in.questions import OpenQuestions
from sim.tables_in.reader import Row, Table, read_table
from sim.tables_in.values import (
    CENTURY,
    ORDERS,
    YEARS,
    NoDay,
    day_of,
    half_turned,
    hours_of,
    no_day,
    number_of,
)


@dataclass(frozen=True)
class LogImport:
    """A tracker that was read as a contact log.

    Attributes:
        rows: the contacts, by week. With dates, week 1 begins on the first day.
        text: the log as CSV, which ``contact_log: {file: ...}`` of a scenario reads.
        map: the map by which it was read, as plain data.
        left_out: reason -> lines of rows that are no contacts.
        said: sentences on what the reader detected in the file.
        first_day, last_day: first and last day of a log with dates; else None.
        remarks: sentences on what is odd, each with its number.
        word: the word for a position in the file: line or row.

    >>> log = LogImport((), "", {}, None, None, {"the head line again": (9,)}, (), ())
    >>> log.notes()
    ['0 contacts, by week.', 'Left out: the head line again (line 9).']
    """

    rows: tuple[LogRow, ...]
    text: str
    map: Mapping[str, Any]
    first_day: date | None
    last_day: date | None
    left_out: Mapping[str, tuple[int, ...]]
    said: tuple[str, ...]
    remarks: tuple[str, ...]
    word: str = "line"

    def counts(self) -> list[tuple[str, str, int, float, int]]:
        """For each region and mode: contacts held, their hours, and contacts not held."""
        found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0])
        for row in self.rows:
            cell = found[(row.region, row.mode)]
            held = row.status == "held"
            cell[0] += held
            cell[1] += row.hours * held
            cell[2] += not held
        return [(*key, int(n), hours, int(lost)) for key, (n, hours, lost) in sorted(found.items())]

    def notes(self) -> list[str]:
        """Sentences on what was read, what was left out and what is odd."""
        days = f"{self.first_day} to {self.last_day}" if self.first_day else "by week"
        ids = [row.contact for row in self.rows if row.contact]
        shared = len(ids) - len(set(ids))
        rows = f" ({len(self.rows):,} rows: some are with several regions)" if shared else ""
        notes = [f"{count(len(self.rows) - shared, 'contact')}, {days}{rows}."]
        notes += [
            f"Left out: {reason} ({places(lines, self.word)})."
            for reason, lines in self.left_out.items()
        ]
        if ignored := self.map.get("ignore"):
            notes.append(f"Columns that were not read: {', '.join(ignored)}.")
        notes += [f"{one[0].upper()}{one[1:]}." for one in self.said]
        return notes + [f"Remark: {one}" for one in self.remarks]


def import_log(
    path: str | os.PathLike[str],
    map: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
) -> LogImport:
    """Read a tracker of contacts (CSV or Excel) as a contact log.

    Args:
        path: the tracker.
        map: a map of its columns and words, or the file of a map; None: codose proposes one.
        sheet, encoding: as in the map, over which they take precedence.

    Raises:
        OpenQuestions: something is not clear; its attributes are the questions and the map so far.
        InputError: the file or the map cannot be used; all mistakes are listed, similar ones
            grouped.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tracker.csv"
    ...     _ = path.write_text("Date,State,Type,Minutes\\n1/14/2025,north,Zoom,90\\n")
    ...     log = import_log(path)
    >>> print(log.text, end="")
    date,region,mode,hours,status
    2025-01-14,north,video,1.5,held
    >>> log.rows[0].hours, log.map["mode"]
    (1.5, {'column': 'Type', 'words': {'Zoom': 'video'}})
    """
    given = {name: one for name, one in (("sheet", sheet), ("encoding", encoding)) if one}
    if map is None:
        table = read_table(path, sheet=sheet, encoding=encoding)
        data = {**given, **propose(table)}
    else:
        document = document_from(map, "map")
        data = as_data(document.data)
        known = _check(document)
        table = read_table(
            path, sheet=sheet or known.sheet, encoding=encoding or known.encoding,
            head=known.head,
        )  # fmt: skip
        _check_columns(table, data, document)
    before = as_data(data)
    if questions := open_questions(table, data):
        raise OpenQuestions(table.file, questions, data)
    said = () if map is None else _new_words(before, data)
    return _Import(table, _check(document_of(data)), data).read(said)


def _check(document: Document) -> LogMap:
    return checked(LogMap, document, what="a map", issues=_issues)


def _issues(one: LogMap) -> Iterator[Issue]:
    """Mistakes between the fields of a map."""
    if (one.date is None) == (one.week is None):
        word = "not both" if one.date else "one is needed"
        yield Issue(("date",), f"give 'date' or 'week', {word}", reads=(("week",),))
    for name in ("region", "mode"):
        section = getattr(one, name)
        if (section.column is None) == (section.always is None):
            yield Issue((name,), "give 'column' or 'always'")


def _check_columns(table: Table, data: Mapping[str, Any], document: Document) -> None:
    """Check that every column of a map is in the table; other columns are ignored and reported."""
    mistakes = Mistakes(document.file)
    named: dict[tuple[str, ...], Any] = {}
    for name, one in data.items():
        if isinstance(one, dict) and "column" in one:
            named[(name, "column")] = one["column"]
        elif name in COLUMNS and not isinstance(one, dict):
            named[(name,)] = one
    named |= {("shares", name): one for name, one in data.get("shares", {}).items()}
    for where, column in named.items():
        if isinstance(column, str) and column not in table.columns:
            line, _ = document.place(where)
            near = mistakes.near(column, table.columns)
            message = f"{shown(column)} is not a column of {table.file}"
            mistakes.add(line, ".".join(where), message, column, ", ".join(table.columns), near)
    mistakes.stop(ScenarioError)


def _new_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences on words that were added to the map because their meaning is clear."""
    new = []
    for name in ("mode", "status"):
        old, words = ((data.get(name) or {}).get("words") or {} for data in (before, after))
        new += [f"{word}: {meaning}" for word, meaning in words.items() if word not in old]
    return (f"words that the map does not have were read as {', '.join(new)}",) if new else ()


NO_DAY: Mapping[NoDay, str] = {
    "empty": "is empty",
    "part": "{text} is not a whole date: it needs day, month and year",
    "serial": "{text} is a number: give the column the format of a date in the spreadsheet",
    "unreal": "{text} is not a day of the calendar",
    "order": "{text} is not a date written {order}, as 'order' in the map says",
    "other": "{text} is not a date",
}
"""What is wrong with a text in the column of dates."""


class _Import:
    """One reading of a table by a map: each row of a contact becomes one of a log in codose's own
    form, which the reader of logs checks."""

    def __init__(self, table: Table, map: LogMap, data: dict[str, Any]) -> None:
        self.table, self.map, self.data = table, map, data
        self.mistakes = table.mistakes()
        self.decimal = map.decimal or "point"
        self.at = {name: position for position, name in enumerate(table.columns)}
        self.regions = {text: 1 for row in table.rows if (text := self.cell("region", row.cells))}
        self.words = {
            name: {plain(word): meaning for word, meaning in getattr(map, name).words.items()}
            for name in ("mode", "hours", "status", "functions")
            if getattr(map, name) is not None
        }
        self.left_out: dict[str, list[int]] = defaultdict(list)
        self.unread: dict[str, list[int]] = defaultdict(list)
        self.order = map.date.order if map.date else "iso"
        self.short_year = ""
        """The first date whose year has two digits, and the day that it was read as."""
        self.days: dict[int, date] = {}
        """The day of each line."""
        self.log: list[tuple[int, dict[str, str]]] = []
        """Line and cells of each row of the log."""

    def read(self, said: tuple[str, ...]) -> LogImport:
        for row in self.table.rows:
            self.row(row.line, row.cells)
        contacts = self.contacts()
        rows = sorted((one.row for one in contacts), key=lambda row: row.week)
        odd = remarks(rows, contacts, self.table.word)
        if half_turned(self.cell("date", row.cells) for row in self.table.rows):
            odd.append(
                "Some dates are dates of the sheet with days up to 12, the others text with days "
                "above 12: a spreadsheet of another country may have turned day and month round."
            )
        known = {*used_columns(self.data), *self.data.get("ignore", ())}
        ignored = [name for name in self.table.columns if name not in known]
        told = {**self.data, "ignore": [*self.data.get("ignore", ()), *ignored]}
        if self.short_year:
            said += (f"years of two digits are {CENTURY} to {CENTURY + 99}: {self.short_year}",)
        said += self.table.said + tuple(
            f"{what} ({places(lines, self.table.word)})" for what, lines in self.unread.items()
        )
        return LogImport(
            tuple(rows), log_text(contacts),
            {name: one for name, one in told.items() if one not in ([], None)},
            min(self.days.values(), default=None), max(self.days.values(), default=None),
            {why: tuple(lines) for why, lines in self.left_out.items()},
            said, tuple(odd), self.table.word,
        )  # fmt: skip

    def contacts(self) -> list[Contact]:
        """The contacts of the log; or every mistake in it, under the user's names of columns."""
        if not self.log:
            self.mistakes.stop(ScenarioError)
            raise ScenarioError("holds no contacts", file=self.table.file)
        given = {name for _, cells in self.log for name, text in cells.items() if text}
        when = "date" if self.map.date else "week"
        columns = tuple(
            name for name in (*COLUMNS, "functions")
            if name in given or name in (when, "region", "mode", "hours")
        )  # fmt: skip
        first = min(self.days.values(), default=date.max)
        for _, cells in self.log:
            if cells.get("date") == "":  # a mistake already; the rest of the row is checked, too
                cells |= {"date": first.isoformat(), "contact": ""}
        rows = (Row(line, tuple(cells.get(n, "") for n in columns)) for line, cells in self.log)
        log = Table(self.table.file, columns, tuple(rows), word=self.table.word)
        problems = self.mistakes.problems()
        found: list[tuple[int, LogRow]] = []
        try:
            found = numbered_rows(log, horizon_weeks=MAX_WEEKS, first_date=first)
        except ScenarioError as error:
            problems += [replace(one, field=self.name(one.field)) for one in error.problems]
        raise_problems(problems)
        return [Contact(line, self.days.get(line), row) for line, row in found]

    def name(self, field: str) -> str:
        """The user's name of the column of a field."""
        return column_of(self.data, field) or self.map.shares.get(field, field)

    def cell(self, field: str, cells: Sequence[str]) -> str:
        name = column_of(self.data, field)
        return cells[self.at[name]] if name in self.at else ""

    def row(self, line: int, cells: Sequence[str]) -> None:
        """Read one row: a contact, a contact with each of several regions, or no contact."""
        if why := no_contact(cells, self.table.columns, self.data):
            self.left_out[why].append(line)
            return
        status = self.meaning("status", cells)
        if self.map.status and not status:
            self.unread["no status counts as held"].append(line)
        found = {
            "status": status or "held",
            "mode": self.map.mode.always or self.meaning("mode", cells),
            "hours": self.hours(line, self.cell("hours", cells)),
        }
        for name, value in found.items():
            if value == SKIP:
                text = self.cell(name, cells)
                self.left_out[f"rows with {name} {shown(text)}"].append(line)
                return
        for name in ("week", "co_creation"):
            found[name] = self.number(self.cell(name, cells))
        if self.map.date:
            found["date"] = self.day(line, self.cell("date", cells))
        provider = self.cell("provider", cells)
        names = self.map.provider.names if self.map.provider else {}
        found["provider"] = names.get(provider, provider)
        region = self.map.region
        regions = regions_of(
            region.always or self.cell("region", cells), self.regions, region.names
        )
        people = {name: self.people(name, cells, line) for name in ("present", "invited")}
        if len(regions) > 1 and any(people.values()):
            self.unread["how many came is not known by region for contacts of several"].append(line)
        elif people["present"] not in ("", "0") and found["status"] != "held":
            self.unread["who came to a contact that was not held is let be"].append(line)
            found["invited"] = people["invited"]
        else:
            found |= people
        found["contact"] = self.cell("contact", cells)
        if len(regions) > 1 and region.several == "shared":
            found["contact"] = f"{found.get('date') or found['week']} {self.table.word} {line}"
        found["functions"] = self.meaning("functions", cells)
        for name, column in self.map.shares.items():
            found[name] = self.number(cells[self.at[column]])
        self.log += [(line, {**found, "region": one}) for one in regions]

    def meaning(self, field: str, cells: Sequence[str]) -> str:
        """The meaning of a word, or the word itself."""
        text = self.cell(field, cells)
        return str(self.words.get(field, {}).get(plain(text), text))

    def number(self, text: str) -> str:
        """A number as codose writes it; any other text as it is."""
        value = number_of(text, self.decimal)
        return text if value is None else str(_said(value))

    def day(self, line: int, text: str) -> str:
        day = day_of(text, self.order)
        if day is None:
            kind = no_day(text, self.order)
            allowed = f"one day of {YEARS[0]} to {YEARS[-1]}, such as 2025-01-14 or 14 Jan 2025"
            if kind == "order":
                allowed = "dates of one order; or another 'order' in the map"
            message = NO_DAY[kind].format(
                text=shown(text), order=ORDERS.get(self.order, "yyyy-mm-dd")
            )
            self.mistakes.add(line, self.name("date"), message, text, allowed, kind=kind)
            return ""
        if not self.short_year and str(day.year) not in text:
            self.short_year = f"{text} was read as {day}"
        self.days[line] = day
        return day.isoformat()

    def hours(self, line: int, text: str) -> str:
        column, allowed = self.map.hours.column, f"0..{MAX_HOURS} hours"
        if (said := self.words["hours"].get(plain(text))) is not None:
            return str(said)
        value = hours_of(text, self.map.hours.unit or "", self.decimal)
        if not text:
            self.mistakes.add(line, column, "is empty", allowed=allowed)
        elif value is None:
            self.mistakes.add(line, column, f"{shown(text)} is not a duration", text, kind="hours")
        elif not 0 <= value <= MAX_HOURS:
            message = f"{shown(text)} is out of range"
            self.mistakes.add(line, column, message, text, allowed, kind="range")
        else:
            return str(value)
        return "0"

    def people(self, field: str, cells: Sequence[str], line: int) -> str:
        """A number of people; any other text is ignored and reported."""
        text = self.cell(field, cells)
        value = number_of(text)
        lowest = 1 if field == "invited" else 0
        if value is not None and value == int(value) and lowest <= value <= MAX_STAFF:
            return str(int(value))
        if text:
            self.unread[f"{self.name(field)} holds no number, such as {shown(text)}"].append(line)
        return ""


def log_text(contacts: Sequence[Contact]) -> str:
    """Contacts as the CSV of a contact log, without empty columns."""
    rows = []
    for one in contacts:
        cells = one.row.model_dump(exclude_unset=True)
        when = {"date": one.day.isoformat()} if one.day else {"week": cells["week"]}
        rows.append({**cells, "week": None, **(cells.pop("functions", None) or {}), **when})
    used = [name for name in COLUMNS if any(row.get(name) is not None for row in rows)]
    out = io.StringIO()
    writer = csv.DictWriter(out, used, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _said(value) for name, value in row.items()})
    return for_excel(out.getvalue())


def _said(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
