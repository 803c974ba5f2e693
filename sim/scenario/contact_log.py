"""The contact log of a TA centre: a CSV file with one row for each contact.

Columns: ``date`` (yyyy-mm-dd) or ``week`` (1 is the first), ``region``, ``mode``, ``hours`` and, if
wanted, ``co_creation`` (planned, 0..1), ``status`` (held, provider_cancelled or region_cancelled)
and the shares of its time that went to ``relationship``, ``learning``, ``planning``, ``review`` and
``logistics``: of a row that gives some, the others are 0; a row without any has the reference mix.

>>> rows = parse_log("week,region,mode,hours\\n3,region_1,video,1.5\\n", horizon_weeks=156)
>>> rows[0].week, rows[0].hours, rows[0].status
(3, 1.5, 'held')
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from sim.core.errors import Problem, ScenarioError, did_you_mean, shown
from sim.scenario.checking import ISO_DATE, Fraction, Number, Strict, Words, iso_date
from sim.scenario.functions import FUNCTIONS, PRESETS, REFERENCE, Functions, FunctionsField
from sim.tables_in.mistakes import ONE_BY_ONE, Mistakes
from sim.tables_in.reader import Table, table_of_text
from sim.tables_in.values import looks_like, number_of

Mode = Literal["onsite", "video", "phone", "email"]
Status = Literal["held", "provider_cancelled", "region_cancelled"]
MODES: tuple[str, ...] = get_args(Mode)
STATUSES: tuple[str, ...] = get_args(Status)

MAX_WEEKS = 1040
MAX_HOURS = 60

COLUMNS = ("date", "week", "region", "mode", "hours", "co_creation", "status", *FUNCTIONS)
REQUIRED = ("region", "mode", "hours")
FROM_CALENDAR = (
    "week_begins", "functions", "invited", "provider",
    "preparation_hours", "travel_hours", "provider_hours",
)  # fmt: skip
"""More columns of a calendar that codose wrote: one that was filled in is a log."""
WHAT = "the contact log"
NAME = Words(80)
"""What the name of a region may be."""


class LogRow(Strict):
    """One logged contact."""

    week: Annotated[int, Number(1, MAX_WEEKS, whole=True)]
    """Week of the contact; the first week is 1."""
    region: Annotated[str, Words(80)]
    """Name of the region."""
    mode: Mode
    """How they met: onsite, video, phone or email."""
    hours: Annotated[float, Number(0, MAX_HOURS)]
    """Length of the contact, hours."""
    co_creation: Fraction = 0.6
    """Planned co-creation of the contact, 0..1."""
    status: Status = "held"
    """Whether it was held, or which side cancelled it."""
    functions: FunctionsField = None
    """What its time went to; left out: the reference mix."""


def week_of(day: date, first_date: date) -> int:
    """Week number of a day: 1 + floor(days since ``first_date`` / 7).

    >>> week_of(date(2016, 11, 8), date(2016, 11, 1))
    2
    """
    return 1 + (day - first_date).days // 7


def parse_log(
    text: str,
    file: str = "<log>",
    *,
    horizon_weeks: int,
    region_names: Sequence[str] | None = None,
    first_date: date | None = None,
) -> tuple[LogRow, ...]:
    """Rows of a contact log that was read as text; see :func:`log_rows`."""
    table = table_of_text(text, file, error=ScenarioError, what=WHAT, hold=True)
    return log_rows(
        table, horizon_weeks=horizon_weeks, region_names=region_names, first_date=first_date
    )


def log_rows(
    table: Table,
    *,
    horizon_weeks: int,
    region_names: Sequence[str] | None = None,
    first_date: date | None = None,
) -> tuple[LogRow, ...]:
    """Rows of a contact log, sorted by week (rows of one week keep their order).

    Args:
        table: the log as the reader of tables gives it; capitals and spaces in its head are let be.
        horizon_weeks: the last week allowed.
        region_names: the regions that may occur; None leaves them unchecked.
        first_date: first day of week 1; needed when the log has a column ``date``.

    Raises:
        ScenarioError: every mistake with file, line and column name; like ones as one.
    """
    reading = _Reading(table, horizon_weeks, region_names, first_date)
    rows = reading.rows()
    reading.mistakes.stop(ScenarioError)
    if not rows:
        raise ScenarioError(Problem("the contact log has no rows", file=table.file))
    return tuple(sorted(rows, key=lambda row: row.week))


class _Reading:
    """The checks of a log, cell by cell."""

    def __init__(
        self,
        table: Table,
        horizon: int,
        regions: Sequence[str] | None,
        first_date: date | None,
    ) -> None:
        self.table = table
        self.horizon = horizon
        self.regions = regions
        self.known = frozenset(regions or ())
        self.first_date = first_date
        self.decimal = "comma" if table.separator == ";" else "point"
        self.mistakes = table.mistakes()
        self.columns = [_column_name(name) for name in table.columns]
        self.line = table.head_line
        self.bad_dates: list[tuple[int, str]] = []

    def fault(
        self,
        column: str,
        message: str,
        value: Any = None,
        allowed: str = "",
        suggestion: str = "",
        kind: str = "",
    ) -> None:
        self.mistakes.add(self.line, column, message, value, allowed, suggestion, kind)

    def rows(self) -> list[LogRow]:
        self.check_header()
        found = [self.row(row.line, row.cells) for row in self.table.rows]
        self.judge_dates()
        return [row for row in found if row is not None]

    def check_header(self) -> None:
        header, rows = self.columns, self.mistakes
        self.mistakes = Mistakes(self.table.file, self.table.word)
        for position, name in enumerate(header):
            if name in header[:position]:
                self.fault(name, "this column is given twice", name)
            elif name not in COLUMNS and name not in FROM_CALENDAR:
                near = did_you_mean(name, [c for c in COLUMNS if c not in header])
                self.fault(name, "is not a column", name, ", ".join(COLUMNS), near)
        for name in REQUIRED:
            if name not in header:
                self.fault(name, "this column is missing")
        if ("date" in header) == ("week" in header):
            word = "not both" if "date" in header else "one is needed"
            self.fault("date", f"give a column 'date' or a column 'week', {word}")
        if "date" in header and self.first_date is None:
            self.fault("first_date", "is required, because the log gives dates", allowed=ISO_DATE)
        self.mistakes.stop(ScenarioError)
        self.mistakes = rows

    def row(self, line: int, cells: Sequence[str]) -> LogRow | None:
        self.line, before = line, self.mistakes.count
        given = dict(zip(self.columns, cells, strict=True))
        week = self.date(given["date"]) if "date" in given else self.week(given["week"])
        region = self.region(given["region"])
        mode = self.choice("mode", given["mode"], MODES)
        hours = self.number("hours", given["hours"], MAX_HOURS)
        more: dict[str, Any] = {}
        if given.get("co_creation"):
            more["co_creation"] = self.number("co_creation", given["co_creation"], 1)
        if given.get("status"):
            more["status"] = self.choice("status", given["status"], STATUSES)
        if any(given.get(name) for name in FUNCTIONS):
            more["functions"] = self.functions({name: given.get(name, "") for name in FUNCTIONS})
        elif given.get("functions"):
            more["functions"] = self.mix(given["functions"])
        if self.mistakes.count > before or week is None:
            return None
        return LogRow.model_validate(
            {"week": week, "region": region, "mode": mode, "hours": hours, **more}
        )

    def date(self, text: str) -> int | None:
        if self.first_date is None:
            return None
        day = iso_date(text)
        if day is None:
            self.bad_dates.append((self.line, text))
            return None
        if day < self.first_date:
            message = f"{day} is before the first day of week 1"
            self.fault("date", message, text, f"{self.first_date} or later", kind="early")
            return None
        return self.within("date", week_of(day, self.first_date), text)

    def judge_dates(self) -> None:
        """The dates that are none; if they are all of another form, that is said."""
        form = looks_like([text for _, text in self.bad_dates])
        for line, text in self.bad_dates:
            self.line = line
            message = f"{shown(text)} is not a date" if text else "is empty"
            allowed = ISO_DATE
            if len(self.bad_dates) > ONE_BY_ONE and form:
                message = f"{shown(text)} is not a date, but looks like {form}"
                allowed += f"; 'codose import log {Path(self.table.file).name}' reads such dates"
            self.fault("date", message, text, allowed, kind="date" if text else "empty")

    def week(self, text: str) -> int | None:
        allowed = f"whole numbers 1..{self.horizon}"
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            message = f"{shown(text)} is not a week number" if text else "is empty"
            self.fault("week", message, text, allowed, kind="number" if text else "empty")
            return None
        if int(text) < 1:
            self.fault("week", f"{text} is not a week number", text, allowed, kind="number")
            return None
        return self.within("week", int(text), text)

    def functions(self, given: Mapping[str, str]) -> Functions | None:
        """The shares of a row that gives some."""
        texts = {name: text for name, text in given.items() if text}
        before = self.mistakes.count
        shares = {name: self.number(name, text, 100, "0..1") for name, text in texts.items()}
        if self.mistakes.count > before:
            return None
        try:
            return Functions.model_validate(shares)
        except ValidationError as error:
            item = error.errors(include_url=False)[0]
            said = item.get("ctx", {})
            self.fault("functions", said["message"], texts, said["allowed"], said["suggestion"])
            return None

    def mix(self, text: str) -> Functions | None:
        """The mix of a calendar: a name, or shares in words."""
        if text in PRESETS:
            return None if text == REFERENCE else PRESETS[text].functions
        parts = re.findall(r"([0-9.]+) (\w+)", text)
        if parts and all(name in FUNCTIONS for _, name in parts):
            return self.functions({name: share for share, name in parts})
        message = f"{shown(text)} is not a mix of functions"
        near = self.mistakes.near(text, tuple(PRESETS))
        self.fault("functions", message, text, ", ".join(PRESETS), near)
        return None

    def within(self, column: str, week: int, text: str) -> int | None:
        if week <= self.horizon:
            return week
        message = f"week {week} is beyond the horizon"
        self.fault(column, message, text, f"weeks 1..{self.horizon}", kind="beyond")
        return None

    def region(self, text: str) -> str | None:
        if self.regions is None:
            return self.words("region", text)
        if text and text not in self.known:
            message = f"{shown(text)} is not a region"
            near = self.mistakes.near(text, self.regions)
            self.fault("region", message, text, some(self.regions), near)
            return None
        return text or self.words("region", text)

    def words(self, column: str, text: str) -> str | None:
        """A name that nothing else checks."""
        if not text:
            self.fault(column, "is empty", text)
            return None
        try:
            return NAME.check(text)
        except PydanticCustomError as error:
            self.fault(column, error.message(), text, (error.context or {}).get("allowed", ""))
            return None

    def choice(self, column: str, text: str, options: Sequence[str]) -> str | None:
        if text in options:
            return text
        message = f"{shown(text)} is not a {column}" if text else "is empty"
        near = self.mistakes.near(text, options)
        self.fault(column, message, text, ", ".join(options), near)
        return None

    def number(self, column: str, text: str, highest: int, allowed: str = "") -> float | None:
        allowed = allowed or f"0..{highest}"
        if not text:
            self.fault(column, "is empty", text, allowed)
            return None
        value = None if "%" in text else number_of(text, self.decimal if "," in text else "point")
        if value is None:
            comma = "; write the decimals after a point" if "," in text else ""
            message = f"{shown(text)} is not a number{comma}"
            self.fault(column, message, text, allowed, kind="number")
            return None
        if not 0 <= value <= highest:
            self.fault(column, f"{text} is out of range", text, allowed, kind="range")
            return None
        return value


def _column_name(head: str) -> str:
    """The name of a column as its head means it.

    >>> _column_name("Co-creation"), _column_name("people_invited")
    ('co_creation', 'invited')
    """
    name = re.sub(r"[\s-]+", "_", head.strip().lower())
    return {"people_invited": "invited"}.get(name, name)


def some(names: Sequence[str], most: int = 12) -> str:
    """Names as text for a message; a long list is cut.

    >>> some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
