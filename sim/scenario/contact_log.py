"""The contact log of a TA centre: a CSV file with one row for each contact.

Columns: ``date`` (yyyy-mm-dd) or ``week`` (1 is the first), ``region``, ``mode``, ``hours`` and, if
wanted, ``co_creation`` (planned, 0..1), ``status`` (held, provider_cancelled, region_cancelled, or
cancelled where it is not known by whom), attendance as far as it is known (``provider``,
``present`` of ``invited``, and ``contact``, an id that the rows of one contact with several regions
share) and the shares of its time that went to ``relationship``, ``learning``, ``planning``,
``review`` and ``logistics``. If a row gives some shares, the others are 0; a row without shares has
the reference mix.

:class:`LogRow` is a row, :func:`row_faults` lists inconsistencies between rows, or between rows and
a scenario, and :func:`remarks` lists remarks on a valid log.

>>> rows = parse_log("week,region,mode,hours\\n3,region_1,video,1.5\\n", horizon_weeks=156)
>>> rows[0].week, rows[0].hours, rows[0].status
(3, 1.5, 'held')
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from sim.core.errors import ScenarioError, did_you_mean, shown
from sim.core.files import SIZE_LIMIT
from sim.core.units import count, week_of
from sim.scenario.checking import ISO_DATE, Fraction, Issue, Number, Strict, Words, iso_date
from sim.scenario.functions import FUNCTIONS, PRESETS, REFERENCE, Functions, FunctionsField
from sim.scenario.loading import scalar
from sim.tables_in.mistakes import ONE_BY_ONE, Mistakes
from sim.tables_in.reader import Table, read_table, table_of_text
from sim.tables_in.values import ORDERS, day_of, looks_like, number_of

Mode = Literal["onsite", "video", "phone", "email"]
Status = Literal["held", "provider_cancelled", "region_cancelled", "cancelled"]
MODES: tuple[str, ...] = get_args(Mode)
STATUSES: tuple[str, ...] = get_args(Status)

MAX_WEEKS = 1040
MAX_HOURS = 60
MAX_STAFF = 2**20 - 1
"""Most staff of one region (the draws number posts with 20 bits)."""

WHO_CAME = ("provider", "present", "invited", "contact")
COLUMNS = (
    "date", "week", "region", "mode", "hours", "co_creation", "status", *WHO_CAME, *FUNCTIONS,
)  # fmt: skip
REQUIRED = ("region", "mode", "hours")
FROM_CALENDAR = (
    "week_begins",
    "functions",
    "preparation_hours",
    "travel_hours",
    "provider_hours",
)
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
    """How the people met: onsite, video, phone or email."""
    hours: Annotated[float, Number(0, MAX_HOURS)]
    """Length of the contact, hours."""
    co_creation: Fraction = 0.6
    """Planned co-creation of the contact, 0..1."""
    status: Status = "held"
    """Whether the contact was held, or which side cancelled it; cancelled: which side is not known,
    and the contact counts as cancelled by the region."""
    provider: Annotated[str, Words(80)] | None = None
    """Name of the provider who came; default: the region's own."""
    present: Annotated[int, Number(0, MAX_STAFF, whole=True)] | None = None
    """Number of people of the region who came; default: drawn by chance."""
    invited: Annotated[int, Number(1, MAX_STAFF, whole=True)] | None = None
    """Number of people of the region who were invited; default: the core team, or all who came if
    these are more."""
    contact: Annotated[str, Words(80)] | None = None
    """Rows with the same text are one contact of several regions, which share the provider's
    time."""
    functions: FunctionsField = None
    """What the time of the contact went to; default: the reference mix."""


# --- what several rows, or rows and a scenario, have wrong together -------------------------------


def row_faults(
    rows: Sequence[LogRow],
    *,
    staff: Mapping[str, int] | None = None,
    providers: Sequence[str] | None = None,
) -> Iterator[Issue]:
    """Inconsistencies within each row and between the rows of a shared contact; each is at the
    position of its row and its column.

    Args:
        rows: rows of one log, in any order.
        staff: number of staff of each region; with None, or for other regions, it is not checked.
        providers: names of the providers; None: they are not checked.

    >>> row = {"week": 1, "region": "north", "mode": "video", "hours": 1}
    >>> [fault.message for fault in row_faults([LogRow(**row, present=9)], staff={"north": 7})]
    ['9 came, but north has 7 staff']
    """
    for index, row in enumerate(rows):
        for column, message, allowed in _people_faults(row, (staff or {}).get(row.region)):
            yield Issue((index, column), message, getattr(row, column), allowed)
    if providers is not None:
        yield from _provider_faults(rows, providers)
    for indices in shared_contacts(rows):
        yield from _shared_faults(rows, indices)


def _people_faults(row: LogRow, staff: int | None) -> Iterator[tuple[str, str, str]]:
    """Column, message and allowed values for each wrong number of people in a row."""
    if row.present and row.status != "held":
        yield (
            "present",
            f"{row.present} came to a contact that was cancelled",
            "0, or an empty cell",
        )
    if row.present is not None and row.invited is not None and row.present > row.invited:
        yield "present", f"{row.present} came of {row.invited} invited", f"0..{row.invited}"
    if staff is None:
        return
    for column, word, lowest in (("present", "came", 0), ("invited", "were invited", 1)):
        people = getattr(row, column)
        if people is not None and people > staff:
            message = f"{people} {word}, but {row.region} has {staff} staff"
            yield column, message, f"{lowest}..{staff}, or more staff in the region"


def _provider_faults(rows: Sequence[LogRow], providers: Sequence[str]) -> Iterator[Issue]:
    """One fault for each unknown provider; a single fault where the scenario names none."""
    named = Counter(row.provider for row in rows if row.provider is not None)
    unknown = [name for name in named if name not in providers]
    allowed = some(providers)
    groups = [[name] for name in unknown]
    if unknown and all(name == f"provider_{n}" for n, name in enumerate(providers, start=1)):
        allowed += f"; or name them in the scenario, providers: {{names: {_flow(list(named))}}}"
        groups = [unknown]
    for names in groups:
        first = names[0]
        count = sum(named[name] for name in names)
        is_are = "is not a provider" if len(names) == 1 else "are not providers"
        message = f"{some([shown(name) for name in names])} {is_are}"
        index = next(index for index, row in enumerate(rows) if row.provider == first)
        yield Issue(
            (index, "provider"),
            message + (f" (in {count} rows)" if count > 1 else ""),
            first,
            allowed,
            _provider_meant(first, providers),
        )


def _provider_meant(name: str, providers: Sequence[str]) -> str:
    """The provider that a number or a misspelt name probably means."""
    number = int(name) if name.isascii() and name.isdigit() and len(name) < 9 else 0
    if 0 < number <= len(providers):
        return providers[number - 1]
    return did_you_mean(name, providers)


def _flow(names: Sequence[str]) -> str:
    """Names as a YAML list on one line."""
    plain = all(re.fullmatch(r"[\w ]+", name) and isinstance(scalar(name), str) for name in names)
    return f"[{', '.join(names)}]" if plain else json.dumps(list(names), ensure_ascii=False)


def shared_contacts(rows: Sequence[LogRow]) -> list[list[int]]:
    """Positions of the rows of each contact that several rows share.

    >>> row = {"week": 1, "mode": "video", "hours": 1, "contact": "a"}
    >>> shared_contacts([LogRow(region=name, **row) for name in ("north", "south")])
    [[0, 1]]
    """
    found: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.contact is not None:
            found[row.contact].append(index)
    return [indices for indices in found.values() if len(indices) > 1]


def _shared_faults(rows: Sequence[LogRow], indices: Sequence[int]) -> Iterator[Issue]:
    """Differences between the rows of one shared contact that should agree."""
    first = rows[indices[0]]
    name = shown(first.contact)
    seen = {first.region}
    for index in indices[1:]:
        row = rows[index]
        if row.region in seen:
            message = f"{row.region} has contact {name} twice"
            yield Issue((index, "contact"), message, row.contact, "each region once")
            continue
        seen.add(row.region)
        for column, words in (("week", "in week {}"), ("mode", "by {}"), ("hours", "of {:g} h")):
            here, there = getattr(row, column), getattr(first, column)
            if here != there:
                message = f"contact {name} is {words.format(here)} with {row.region}, "
                message += f"but {words.format(there)} with {first.region}"
                allowed = f"the same {column} for all; or another id, if it is another contact"
                yield Issue((index, column), message, here, allowed)
        if (row.status == "provider_cancelled") != (first.status == "provider_cancelled"):
            message = f"contact {name} was cancelled by the provider with "
            ours = row.status == "provider_cancelled"
            one, other = (row, first) if ours else (first, row)
            message += f"{one.region}, but not with {other.region}"
            yield Issue((index, "status"), message, row.status, "with all of the regions or none")


# --- what a sound log says ------------------------------------------------------------------------


def own_providers(rows: Sequence[LogRow]) -> dict[str, str]:
    """The provider that a log names most often for each region; the first of equals.

    >>> row = {"week": 1, "region": "north", "mode": "video", "hours": 1}
    >>> own_providers([LogRow(**row, provider=name) for name in ("Ann", "Ben", "Ben")])
    {'north': 'Ben'}
    """
    named: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.provider is not None:
            named[row.region][row.provider] += 1
    return {region: names.most_common(1)[0][0] for region, names in named.items()}


def remarks(rows: Sequence[LogRow], own: Mapping[str, str] | None = None) -> list[str]:
    """Sentences on attendance and cancellations in a log, each with its numbers.

    Args:
        rows: rows of one log.
        own: the provider of each region, to recognise stand-ins; None: not known.

    >>> row = {"week": 1, "region": "north", "mode": "video", "hours": 1}
    >>> log = [LogRow(**row), LogRow(**row, present=4), LogRow(**row, status="cancelled")]
    >>> for sentence in remarks(log):
    ...     print(sentence)
    1 of 2 held log rows says how many came; attendance is drawn in the others.
    1 log row is cancelled without saying by whom: it counts as cancelled by the region.
    >>> remarks([LogRow(**row)])
    ['No log row has a status: 1 log row counts as held.']
    """
    held = [row for row in rows if row.status == "held"]
    told = sum(row.present is not None for row in held)
    named = sum(row.provider is not None for row in rows)
    away = sum(row.provider not in (None, own[row.region]) for row in rows) if own else 0
    shared = shared_contacts(rows)
    unknown = sum(row.status == "cancelled" for row in rows)
    said = []
    if told:
        others = "attendance is drawn in the others" if told < len(held) else "none is drawn"
        of_held = f"{told} of {_rows(len(held), 'held log row')} {_verb(told, 'say')}"
        said.append(f"{of_held} how many came; {others}.")
    if named:
        who = f"; in {away} of them another than the region's own" if away else ""
        said.append(f"{named} of {_rows(len(rows))} {_verb(named, 'name')} the provider{who}.")
    if shared:
        said.append(
            f"{_rows(sum(map(len, shared)))} are {_rows(len(shared), 'contact')} shared by several "
            "regions: the provider's time is divided between them."
        )
    if unknown:
        is_are, counts = ("is", "it counts") if unknown == 1 else ("are", "they count")
        said.append(
            f"{_rows(unknown)} {is_are} cancelled without saying by whom: {counts} as cancelled "
            "by the region."
        )
    return said + _without_status(rows)


def _without_status(rows: Sequence[LogRow]) -> list[str]:
    """A remark on rows that count as held only because they have no status."""
    stated = max((row.week for row in rows if "status" in row.model_fields_set), default=0)
    later = sum(row.week > stated for row in rows)
    if not later:
        return []
    if not stated:
        return [f"No log row has a status: {_rows(later)} {_verb(later, 'count')} as held."]
    return [
        f"{_rows(later)} after week {stated} without a status {_verb(later, 'count')} as held: "
        "did they take place?"
    ]


def _rows(number: int, what: str = "log row") -> str:
    return count(number, what)


def _verb(number: int, word: str) -> str:
    return f"{word}s" if number == 1 else word


# --- reading a file ------------------------------------------------------------------------------


def parse_log(text: str, file: str = "<log>", **limits: Any) -> tuple[LogRow, ...]:
    """Rows of a contact log from its text; ``limits`` are the options of :func:`log_rows`."""
    table = table_of_text(text, file, error=ScenarioError, what=WHAT, hold=True)
    return log_rows(table, **limits)


def log_table(path: Path) -> Table:
    """The table of a contact log, CSV or .xlsx of at most 1 MiB."""
    return read_table(
        path, error=ScenarioError, limit=SIZE_LIMIT, what=WHAT, hold=True, guess=False
    )


def log_rows(table: Table, **limits: Any) -> tuple[LogRow, ...]:
    """Rows of a contact log, sorted by week (rows of one week keep their order); ``limits`` are the
    options of :func:`numbered_rows`.

    Raises:
        ScenarioError: the log has mistakes, or no rows.
    """
    found = numbered_rows(table, **limits)
    if not found:
        raise ScenarioError(f"{WHAT} has no rows", file=table.file)
    return tuple(sorted((row for _, row in found), key=lambda row: row.week))


def numbered_rows(
    table: Table,
    *,
    horizon_weeks: int,
    region_names: Sequence[str] | None = None,
    first_date: date | None = None,
    staff: Mapping[str, int] | None = None,
    providers: Sequence[str] | None = None,
) -> list[tuple[int, LogRow]]:
    """Line and row of each contact of a log.

    Args:
        table: the table of the log; capitals and spaces in its head do not matter.
        horizon_weeks: the last week allowed.
        region_names: the regions allowed; None: they are not checked.
        first_date: first day of week 1; needed when the log has a column ``date``.
        staff, providers: see :func:`row_faults`.

    Raises:
        ScenarioError: the log has mistakes, all listed with file, line and column, similar ones
            grouped.
    """
    reading = _Reading(table, horizon_weeks, region_names, first_date)
    found = reading.rows()
    for one in row_faults([row for _, row in found], staff=staff, providers=providers):
        index, column = one.where
        reading.line = found[int(index)][0]
        reading.fault(str(column), one.message, one.value, one.allowed, one.suggestion)
    reading.mistakes.stop(ScenarioError)
    return found


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
        self.columns = [column_name(name) for name in table.columns]
        self.line = table.head_line
        self.bad_dates: list[tuple[int, str]] = []

    def fault(self, column: str, message: str, value: Any = None, *more: Any, **named: Any) -> None:
        """Add a mistake of this line; what follows the value is as of :meth:`Mistakes.add`."""
        self.mistakes.add(self.line, column, message, value, *more, **named)

    def rows(self) -> list[tuple[int, LogRow]]:
        """Line and row of each valid row."""
        self.check_header()
        found = [(row.line, self.row(row.line, row.cells)) for row in self.table.rows]
        self.judge_dates()
        return [(line, row) for line, row in found if row is not None]

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
        for name in filter(given.get, ("provider", "contact")):
            more[name] = self.words(name, given[name])
        for name, lowest in (("present", 0), ("invited", 1)):
            if given.get(name):
                more[name] = self.people(name, given[name], lowest)
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
        """Report texts that are no dates, and the command that reads dates of other forms."""
        texts = [text for _, text in self.bad_dates]
        form = looks_like(texts)
        readable = any(day_of(text, order) for text in texts for order in ORDERS)
        for line, text in self.bad_dates:
            self.line = line
            message = f"{shown(text)} is not a date" if text else "is empty"
            if len(texts) > ONE_BY_ONE and form:
                message += f", but looks like {form}"
            allowed = ISO_DATE
            if readable:
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

    def people(self, column: str, text: str, lowest: int) -> int | None:
        value = number_of(text)
        if value is None or value != int(value) or not lowest <= value <= MAX_STAFF:
            allowed = f"whole numbers, {lowest} or more"
            message = f"{shown(text)} is not a number of people"
            self.fault(column, message, text, allowed, kind="number")
            return None
        return int(value)

    def functions(self, given: Mapping[str, str]) -> Functions | None:
        """The shares of a row; None where it gives none."""
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
        if column == "date":
            message = f"{text} is in week {week} from {self.first_date} on, beyond the horizon"
        self.fault(column, message, text, f"weeks 1..{self.horizon}", kind="beyond")
        return None

    def region(self, text: str) -> str | None:
        if self.regions is None:
            return self.words("region", text)
        if text and text not in self.known:
            message = f"{shown(text)} is not a region"
            near = self.mistakes.near(text, self.regions)
            self.fault("region", message, text, some(self.regions), near, word=True)
            return None
        return text or self.words("region", text)

    def words(self, column: str, text: str) -> str | None:
        """The text of a column that must be a name and nothing more."""
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


def column_name(head: str) -> str:
    """The column that a heading means.

    >>> column_name("Co-creation"), column_name("people_invited")
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
