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

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import ValidationError

from sim.core.errors import Problem, ScenarioError, did_you_mean
from sim.core.units import week_of
from sim.scenario.checking import ISO_DATE, Fraction, Number, Strict, Words, iso_date
from sim.scenario.functions import FUNCTIONS, Functions, FunctionsField
from sim.scenario.loading import MISTAKES_SHOWN, raise_problems, shown

Mode = Literal["onsite", "video", "phone", "email"]
Status = Literal["held", "provider_cancelled", "region_cancelled"]
MODES: tuple[str, ...] = get_args(Mode)
STATUSES: tuple[str, ...] = get_args(Status)

MAX_WEEKS = 1040
MAX_HOURS = 60

COLUMNS = ("date", "week", "region", "mode", "hours", "co_creation", "status", *FUNCTIONS)
REQUIRED = ("region", "mode", "hours")


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


def parse_log(
    text: str,
    file: str = "<log>",
    *,
    horizon_weeks: int,
    region_names: Sequence[str] | None = None,
    first_date: date | None = None,
) -> tuple[LogRow, ...]:
    """Rows of a contact log, sorted by week (rows of one week keep their order).

    Args:
        text: the CSV text; blank lines and spaces around values are let be.
        file: what to call it in messages.
        horizon_weeks: the last week allowed.
        region_names: the regions that may occur; None leaves them unchecked.
        first_date: first day of week 1; needed when the log has a column ``date``.

    Raises:
        ScenarioError: every mistake with file, line and column name.
    """
    reading = _Reading(file, horizon_weeks, region_names, first_date)
    rows = reading.rows(text)
    raise_problems(reading.problems)
    if not rows:
        raise ScenarioError(Problem("the contact log has no rows", file=file))
    return tuple(sorted(rows, key=lambda row: row.week))


@dataclass
class _Reading:
    file: str
    horizon: int
    regions: Sequence[str] | None
    first_date: date | None
    problems: list[Problem] = field(default_factory=list)
    line: int = 0

    def __post_init__(self) -> None:
        self.known = frozenset(self.regions or ())

    def fault(
        self, column: str, message: str, value: Any = None, allowed: str = "", suggestion: str = ""
    ) -> None:
        self.problems.append(
            Problem(message, column, value, allowed, suggestion, self.file, self.line)
        )

    def records(self, text: str) -> Iterator[list[str]]:
        """Stripped cells of each line that is not blank; a broken line ends the reading."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        while True:
            self.line = reader.line_num + 1  # a quoted field may hold line breaks
            try:
                cells = [cell.strip() for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                self.fault("", f"is not a valid line of CSV ({error}); look for a stray quote")
                return
            if any(cells):
                yield cells

    def rows(self, text: str) -> list[LogRow]:
        records = self.records(text)
        header = next(records, None)
        if header is None:
            if not self.problems:
                raise ScenarioError(Problem("the contact log is empty", file=self.file))
            return []
        if not self.header_is_sound(header):
            return []
        found = [self.row(header, cells) for cells in records]
        return [row for row in found if row is not None]

    def header_is_sound(self, header: list[str]) -> bool:
        before = len(self.problems)
        if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
            self.fault("", "the columns must be separated by commas", header[0])
            return False
        for position, name in enumerate(header):
            if name in header[:position]:
                self.fault(name, "this column is given twice", name)
            elif not name:
                self.fault("", f"column {position + 1} has no name", allowed=", ".join(COLUMNS))
            elif name not in COLUMNS:
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
        return len(self.problems) == before

    def row(self, header: list[str], cells: list[str]) -> LogRow | None:
        before = len(self.problems)
        if len(cells) > len(header):
            self.fault("", f"has {len(cells)} values for {len(header)} columns", ",".join(cells))
            return None
        given = dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=True))
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
            more["functions"] = self.functions(given)
        if len(self.problems) > before:
            return None
        return LogRow.model_validate(
            {"week": week, "region": region, "mode": mode, "hours": hours, **more}
        )

    def date(self, text: str) -> int | None:
        if self.first_date is None:
            return None
        day = iso_date(text)
        if day is None:
            message = f"{shown(text)} is not a date" if text else "is empty"
            self.fault("date", message, text, ISO_DATE)
            return None
        if day < self.first_date:
            self.fault(
                "date",
                f"{day} is before the first day of week 1",
                text,
                f"{self.first_date} or later",
            )
            return None
        return self.within("date", week_of(day, self.first_date), text)

    def week(self, text: str) -> int | None:
        allowed = f"whole numbers 1..{self.horizon}"
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            message = f"{shown(text)} is not a week number" if text else "is empty"
            self.fault("week", message, text, allowed)
            return None
        if int(text) < 1:
            self.fault("week", f"{text} is not a week number", text, allowed)
            return None
        return self.within("week", int(text), text)

    def functions(self, given: Mapping[str, str]) -> Functions | None:
        """The shares of a row that gives some."""
        texts = {name: given[name] for name in FUNCTIONS if given.get(name)}
        before = len(self.problems)
        shares = {name: self.number(name, text, 100, "0..1") for name, text in texts.items()}
        if len(self.problems) > before:
            return None
        try:
            return Functions.model_validate(shares)
        except ValidationError as error:
            item = error.errors(include_url=False)[0]
            said = item.get("ctx", {})
            self.fault("functions", said["message"], texts, said["allowed"], said["suggestion"])
            return None

    def within(self, column: str, week: int, text: str) -> int | None:
        if week <= self.horizon:
            return week
        message = f"week {week} is beyond the horizon"
        self.fault(column, message, text, f"weeks 1..{self.horizon}")
        return None

    def region(self, text: str) -> str | None:
        if not text:
            self.fault("region", "is empty", text)
            return None
        if self.regions is None:
            return text
        if text not in self.known:
            message = f"{shown(text)} is not a region"
            self.fault("region", message, text, some(self.regions), self.near(text, self.regions))
            return None
        return text

    def near(self, text: str, options: Sequence[str]) -> str:
        """A suggestion, as long as the mistake will be shown: looking for one takes time."""
        return did_you_mean(text, options) if len(self.problems) < MISTAKES_SHOWN else ""

    def choice(self, column: str, text: str, options: Sequence[str]) -> str | None:
        if text in options:
            return text
        message = f"{shown(text)} is not a {column}" if text else "is empty"
        self.fault(column, message, text, ", ".join(options), self.near(text, options))
        return None

    def number(self, column: str, text: str, highest: int, allowed: str = "") -> float | None:
        allowed = allowed or f"0..{highest}"
        if not text:
            self.fault(column, "is empty", text, allowed)
            return None
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            comma = "; write the decimals after a point" if "," in text else ""
            self.fault(column, f"{shown(text)} is not a number{comma}", text, allowed)
            return None
        if not 0 <= value <= highest:
            self.fault(column, f"{text} is out of range", text, allowed)
            return None
        return value


def some(names: Sequence[str], most: int = 12) -> str:
    """Names as text for a message; a long list is cut.

    >>> some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
