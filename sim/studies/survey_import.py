"""import_survey: findings from the table of a centre's own survey, test or count, as SurveyImport.

Answers of one person about one item and wave are averaged first, so that n counts people. Answers
on another scale are mapped linearly to 1-5 (tests and shares to 0-1), which is an assumption. For
every item with several waves, the change since the first wave is a finding, too. The change is that
of the same people where the table identifies them. Otherwise all people count as different, and the
errors of both means add up.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sim.core.errors import did_you_mean, shown
from sim.core.frames import in_pandas, is_frame
from sim.core.states import CONSTRUCTS
from sim.core.units import Z95
from sim.present.format import count as counted
from sim.scenario.contact_log import MAX_WEEKS, week_of
from sim.scenario.loading import load
from sim.scenario.log_remarks import alike
from sim.stats.intervals import wilson
from sim.studies.measures import FIVE, ONE
from sim.studies.observed import LONGEST_NOTE, ObservedError, error_of, file_of
from sim.studies.spec import WEEK_WORDS, backwards
from sim.studies.survey_map import (
    MEANT,
    MISSING,
    RESPONSE,
    SHARES,
    TEST,
    WEEK_ALLOWED,
    Item,
    SurveyMap,
    item_called,
    looks_dated,
    map_of,
    plain,
    proposed,
    read_map,
    week_called,
)
from sim.tables_in.mistakes import Mistakes, places
from sim.tables_in.questions import OPEN, OpenQuestions, map_beside, put
from sim.tables_in.reader import Row, Table, read_table
from sim.tables_in.values import day_of, decimal_of, looks_like, number_of, order_of

if TYPE_CHECKING:
    import pandas as pd

CODES = (-99, -999, -9, -98, -97, -88, -77, -66, -1)
"""Negative codes for a missing answer, on scales without negative answers."""
ID_LENGTH = 40
_CODED = re.compile(r"(-?[0-9]+)\s*[-\u2013\u2014=:.)(]\s*[^\W\d][^\d]*\Z")
"""A number with its meaning in words: 5 - Strongly agree."""
TINY = 1e-9
"""An SD below this value counts as 0."""
UNKNOWN = Item()
"""An item that the map does not name."""
Week = int | str
Place = tuple[str, Week]
"""An item and a wave."""


@dataclass(frozen=True)
class SurveyImport:
    """The findings of a table.

    Attributes:
        content: the content of a file of observations.
        said: sentences on the content of the table.
        remarks: sentences on values that are valid but unusual.
        fields: the fields of the map by which the table was read.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"id": [1, 2, 3], "trust": [4, 2, 3]})
    >>> found = import_survey(frame, scale=[1, 5], waves={"all": "start"})
    >>> found.findings[0]["value"], found.findings[0]["n"], found.said[-1]
    (3.0, 3, '3 answers of 3 people make 1 finding')
    """

    content: dict[str, Any]
    said: tuple[str, ...]
    remarks: tuple[str, ...]
    fields: dict[str, Any]
    own_form: bool = False
    """Whether the table needed no map: its columns have the names of codose's own form."""

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings in the form of the file."""
        return self.content["findings"]


def import_survey(
    source: str | os.PathLike[str] | Table | pd.DataFrame,
    given: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    cite: str = "",
    **fields: Any,
) -> SurveyImport:
    """Findings from a table.

    Args:
        source: a file of CSV or Excel, or a frame.
        given: a map, as its file or its fields.
        cite: the name of the source.
        fields: fields of the map that replace the given ones.

    Raises:
        OpenQuestions: the map lacks fields that the table does not show.
        ObservedError: the table has mistakes; those of one kind are named together.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"item": ["trust", "trust"], "wave": ["start", "52"],
    ...                       "mean": [3.9, 4.4], "sd": [0.7, 0.6], "n": [21, 19]})
    >>> [one["id"] for one in import_survey(frame).findings]
    ['own_trust_start', 'own_trust_52', 'own_trust_start_to_52']
    """
    declared = read_map(given or {}) | read_map(fields)
    table = _table(source, declared)
    if not table.rows:
        raise ObservedError("holds no rows", file=table.file)
    proposal = proposed(table, declared)
    if proposal.open:
        for question in proposal.open:
            put(proposal.fields, question.where, OPEN)
        raise OpenQuestions(table.file, proposal.open, proposal.fields)
    plan = map_of(proposal.fields, table.file)
    reading = _Reading(table, plan)
    findings = reading.findings()
    said = (*table.said, *proposal.said, *reading.said())
    if proposal.ignored:
        said = (*said, f"columns that are not used: {', '.join(proposal.ignored)}")
    remarks = "; ".join(reading.remarks)
    note = {
        "note": remarks if len(remarks) <= LONGEST_NOTE else f"{remarks[: LONGEST_NOTE - 3]}..."
    }
    about = {**source_of(Path(table.file).name, cite), **(note if remarks else {})}
    content = {"source": about, "findings": findings}
    own = not declared and {"item", "wave"} <= {plain(column) for column in table.columns}
    return SurveyImport(content, said, tuple(reading.remarks), proposal.fields, own)


def source_of(name: str, cite: str = "") -> dict[str, str]:
    """The fields of the source in a file with a centre's own observations."""
    return {
        "cite": cite or f"own data: {name}",
        "setting": "the user's own centre",
        "grade": "A",
    }


def _table(source: Any, fields: Mapping[str, Any]) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        return read_table(
            source, sheet=fields.get("sheet"), encoding=fields.get("encoding"),
            head=fields.get("head"), error=ObservedError, what="the survey",
        )  # fmt: skip
    frame = in_pandas(source)
    if not is_frame(frame):
        allowed = "a file of CSV or Excel, or a data frame of pandas, polars or Arrow"
        raise ObservedError(f"{shown(source)} is not a table", "data", source, allowed)
    return table_of_frame(frame)


def table_of_frame(frame: pd.DataFrame) -> Table:
    """A frame as a table of texts, whose rows count from 1.

    Raises:
        ObservedError: the frame has no rows, or names a column twice.

    >>> import pandas as pd
    >>> table_of_frame(pd.DataFrame({"n": [3, None]})).rows
    (Row(line=1, cells=('3',)), Row(line=2, cells=('',)))
    """
    name = "data"
    columns = tuple(" ".join(str(one).split()) for one in frame.columns)
    for one, count in Counter(columns).items():
        if count > 1:
            raise ObservedError("is the name of two columns", one, file=name)
    if not len(frame):
        raise ObservedError("holds no rows", file=name)
    lines = frame.itertuples(index=False, name=None)
    rows = tuple(Row(i, tuple(map(_text, cells))) for i, cells in enumerate(lines, 1))
    return Table(name, columns, rows, word="row")


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN and NaT
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


# --- numbers of a place --------------------------------------------------------------------------


@dataclass
class _Level:
    """The level of an item in a wave, given in the table or computed from people's answers."""

    lines: list[int] = field(default_factory=list)
    people: dict[str, list[float]] = field(default_factory=dict)
    mean: float = math.nan
    sd: float = math.nan
    n: int = 0
    interval: tuple[float, float] | None = None
    apart: bool = False
    """Whether it is the difference of two means whose people may be different."""
    scale: tuple[float, float] = FIVE

    def scores(self) -> dict[str, float]:
        return {person: statistics.fmean(given) for person, given in self.people.items()}

    @property
    def error(self) -> float:
        """SD of the error of the mean (:func:`sim.studies.observed.error_of`); NaN where it is not
        known."""
        if self.interval is not None:
            return (self.interval[1] - self.interval[0]) / (2 * Z95)
        return error_of(self.sd, self.n) if self.n else math.nan


class _Reading:
    """A reader of the rows of a table by a map, which notes every mistake."""

    def __init__(self, table: Table, plan: SurveyMap) -> None:
        self.table, self.plan = table, plan
        self.mistakes: Mistakes = table.mistakes()
        self.levels: dict[Place, _Level] = {}
        self.changes: dict[tuple[str, Week, Week], _Level] = {}
        self.left: Counter[str] = Counter()
        self.remarks: list[str] = []
        self.unknown: dict[str, None] = {}
        self.decimals: dict[str, str] = {}
        self.counted = 0
        columns = plan.columns
        for role in type(columns).model_fields:
            name = getattr(columns, role)
            if name and name not in table.columns:
                self.no_column(f"columns.{role}", name)
        self.missing = {plain(text) for text in plan.missing}
        self.by_name = {
            plain(name): (item, one)
            for item, one in plan.items.items()
            for name in one.of.get("", ())
        }
        self.first = plan.first_date
        self.labels = {plain(text): value for text, value in plan.labels.items()}
        self.order = plan.date_order or order_of(self.texts(columns.wave)) or "iso"
        self.stop()

    # mistakes

    def stop(self) -> None:
        self.mistakes.stop(ObservedError)

    def no_column(self, name: str, value: str) -> None:
        allowed = ", ".join(self.table.columns)
        near = did_you_mean(value, self.table.columns)
        self.mistakes.add(0, name, f"{shown(value)} is not a column", value, allowed, near)

    def texts(self, column: str) -> list[str]:
        found = self.table.column(column) if column in self.table.columns else []
        return [text for _, text in found if text]

    # rows

    def findings(self) -> list[dict[str, Any]]:
        columns, plan = self.plan.columns, self.plan
        rows = list(self.table.records())[plan.skip_rows :]
        skipped = {name: {plain(text) for text in texts} for name, texts in plan.skip.items()}
        for name in skipped:
            if name not in self.table.columns:
                self.no_column("skip", name)
        rows = [
            (line, row) for line, row in rows
            if not any(plain(row.get(name, "")) in texts for name, texts in skipped.items())
        ]  # fmt: skip
        if columns.long and columns.answer:
            self.answers_long(rows)
        elif columns.long:
            self.summaries(rows)
        else:
            self.answers_wide(rows)
        self.stop()
        self.describe()
        self.stop()
        if not (self.levels or self.changes):
            raise ObservedError("holds no answers", file=self.table.file)
        self.odd()
        return self.written()

    def item(self, line: int, text: str) -> tuple[str, Item]:
        """The item that a name in the item column stands for; an unknown name stays as it is."""
        if not text:
            self.mistakes.add(line, self.plan.columns.item, "is missing", "", "the name of an item")
        if plain(text) in self.by_name:
            name, one = self.by_name[plain(text)]
            return item_called(name) or name, one
        known = item_called(text)
        if not known and text:
            self.unknown[text] = None
        return known or text, UNKNOWN

    def week(self, line: int, column: str, text: str) -> Week | None:
        waves = self.plan.waves
        if text in waves:
            return waves[text]
        week = week_called(text)
        if week is not None:
            return week
        if looks_dated(text):
            return self.week_of_day(line, column, text)
        message = f"{shown(text)} is not a week" if text else "is missing"
        near = self.mistakes.near(text, (*waves, *WEEK_WORDS))
        allowed = f"{WEEK_ALLOWED}; a date; or a word of waves in --map"
        self.mistakes.add(line, column, message, text, allowed, near, "" if text else "missing")
        return None

    def week_of_day(self, line: int, column: str, text: str) -> int | None:
        day: date | None = day_of(text, self.order)
        if day is None:
            like = looks_like([text])
            allowed = f"yyyy-mm-dd{', or date_order in --map: looks like ' + like if like else ''}"
            message = f"{shown(text)} is not a date"
            self.mistakes.add(line, column, message, text, allowed, kind="day")
            return None
        if self.first is None:
            allowed = "--first-date: the first day of week 1"
            self.mistakes.add(line, column, "dates need the first day of week 1", text, allowed)
            return None
        week = max(0, week_of(day, self.first))
        if not (self.first - day).days <= 28 or week > MAX_WEEKS:
            allowed = f"weeks 0..{MAX_WEEKS} from {self.first} on (or up to 4 weeks before)"
            message = f"{shown(text)} is not a day of the work"
            self.mistakes.add(line, column, message, text, f"a day of {allowed}", kind="far")
            return None
        return week

    def row_week(self, line: int, row: Mapping[str, str]) -> Week | None:
        column = self.plan.columns.wave
        if column:
            return self.week(line, column, row[column])
        if "all" in self.plan.waves:
            return self.plan.waves["all"]
        self.mistakes.add(0, "waves", "no column names the wave", None, "waves: {all: WEEK}")
        return None

    def answers_long(self, rows: Sequence[tuple[int, dict[str, str]]]) -> None:
        columns = self.plan.columns
        for line, row in rows:
            name, one = self.item(line, row[columns.item])
            week = self.row_week(line, row)
            person = row[columns.person] if columns.person else f"row {line}"
            if columns.person and not person:
                self.mistakes.add(line, columns.person, "is missing", "", "who answered")
            turned = row[columns.item] in (*one.reversed, *self.plan.reversed)
            self.answer(line, columns.answer, row[columns.answer], name, week, person, one, turned)

    def answers_wide(self, rows: Sequence[tuple[int, dict[str, str]]]) -> None:
        for column in self.plan.reversed:
            if column not in self.table.columns:
                self.no_column("reversed", column)
        for item, one in self.plan.items.items():
            for column in (name for some in one.of.values() for name in some):
                if column not in self.table.columns:
                    self.no_column(f"items.{item}", column)
        self.stop()
        person_column = self.plan.columns.person
        wave_column, seen, again = self.plan.columns.wave, set(), []
        for line, row in rows:
            person = row[person_column] if person_column else f"row {line}"
            if (who := (person, row[wave_column] if wave_column else "")) in seen:
                again.append(line)
            seen.add(who)
            if person_column and not person:
                self.mistakes.add(line, person_column, "is missing", "", "who answered")
            for item, one in self.plan.items.items():
                known = item_called(item) or item
                if known not in MEANT:
                    self.unknown[item] = None
                for wave, names in one.of.items():
                    week = self.week(0, "items", wave) if wave else self.row_week(line, row)
                    for name in names:
                        turned = name in (*one.reversed, *self.plan.reversed)
                        self.answer(line, name, row[name], known, week, person, one, turned)
        if again:
            self.remarks.append(
                "people with more than one row in a wave count once, with the mean of their "
                f"answers ({places(again, self.table.word)})"
            )

    def scale(self, name: str, one: Item) -> tuple[float, float]:
        """The scale of an item: its own, or that of its kind. The map's does not apply to tests and
        shares."""
        usual = ONE if name in (TEST, *SHARES) else self.plan.scale or FIVE
        return one.scale or usual

    def answer(
        self, line: int, column: str, text: str, name: str, week: Week | None, person: str,
        one: Item, turned: bool,
    ) -> None:  # fmt: skip
        low, high = self.scale(name, one)
        word = plain(text)
        if word in self.missing or word in MISSING:
            self.left[text or "an empty cell"] += 1
            return
        decimal = self.plan.decimal or self.decimal(column)
        value = self.labels.get(word)
        code = _CODED.match(text)
        value = number_of(code[1] if code else text, decimal) if value is None else value
        if value is not None and value in CODES and value < low:
            self.left[text] += 1
            return
        if value is None or not low <= value <= high:
            what = "is not an answer" if value is None else "is outside the scale"
            said = "" if value is not None else f"labels: {{{text}: NUMBER}} or "
            allowed = f"{low:g}..{high:g}{_otherwise(name)}, {said}missing: [{text}] in --map"
            if value is None and self.labels:
                allowed = f"{', '.join(self.labels)}; {allowed}"
            near = self.mistakes.near(text, tuple(self.labels)) if self.labels else ""
            self.mistakes.add(line, column, f"{shown(text)} {what}", text, allowed, near, what)
            return
        if week is None:
            return
        level = self.levels.setdefault((name, week), _Level(scale=(low, high)))
        level.lines.append(line)
        level.people.setdefault(person, []).append(low + high - value if turned else value)
        self.counted += 1

    def decimal(self, column: str) -> str:
        if column not in self.decimals:
            unclear = "point" if column == self.plan.columns.n else "comma"  # 1,500 is no answer
            self.decimals[column] = decimal_of(self.texts(column)) or unclear
        return self.decimals[column]

    # tables in which a row is a mean

    def summaries(self, rows: Sequence[tuple[int, dict[str, str]]]) -> None:
        columns = self.plan.columns
        if not (columns.mean or columns.change):
            allowed, near = "mean, change or answer", did_you_mean("mean", self.table.columns)
            self.mistakes.add(0, "mean", "lacks a column for the mean", None, allowed, near)
        names = [row[columns.item] for _, row in rows]
        counts = columns.n and all(item_called(name) in SHARES for name in names)
        if not (counts or columns.sd or columns.se or (columns.low and columns.high)):
            self.mistakes.add(
                self.table.head_line, "sd", "the error of the means is missing", None,
                "a column sd (with n), se, or low and high of a 95 % interval; or the answers",
            )  # fmt: skip
        if columns.sd and not columns.n:
            self.mistakes.add(
                self.table.head_line, "n", "a column sd needs a column n: of how many people", None,
                "n", did_you_mean("n", self.table.columns),
            )  # fmt: skip
        self.stop()
        numbers = {role: name for role in ("mean", "change") if (name := getattr(columns, role))}
        empty = []
        for line, row in rows:
            name, one = self.item(line, row[columns.item])
            week = self.row_week(line, row)
            given = [role for role, column in numbers.items() if row[column]]
            for role in given:
                self.summary(line, row, role, name, week, self.scale(name, one))
            if not given:
                empty.append(line)
        if empty and (self.levels or self.changes):
            self.remarks.append(
                f"rows without a {' or a '.join(numbers)} are left out "
                f"({places(empty, self.table.word)})"
            )

    def summary(
        self, line: int, row: Mapping[str, str], role: str, name: str, week: Week | None,
        scale: tuple[float, float],
    ) -> None:  # fmt: skip
        columns = self.plan.columns
        low, high = scale
        bounds = scale if role == "mean" else (low - high, high - low)
        mean = self.number(line, getattr(columns, role), row, *bounds, name)
        level = _Level([line], mean=math.nan if mean is None else mean, scale=scale)
        given = {
            one for one in ("n", "sd", "se", "low", "high")
            if (column := getattr(columns, one)) and row[column]
        }  # fmt: skip
        if "n" in given:
            n = self.number(line, columns.n, row, 1, 1e9) or 0
            if n != int(n):
                self.mistakes.add(line, columns.n, f"{n:g} is not a whole number", n, "1 or more")
            level.n = int(n)
        if level.n == 1 and given & {"sd", "se"}:
            message = "is 1: one person has no SD"
            self.mistakes.add(line, columns.n, message, 1, "2 or more, or low and high")
        if "sd" in given:
            if columns.n and "n" not in given:
                self.mistakes.add(line, columns.n, "is missing", "", "how many people answered")
            sd = self.number(line, columns.sd, row, 0, 1e6)
            level.sd = math.nan if sd is None else sd
            if sd == 0:
                message = "the SD is zero: everybody answered the same"
                self.mistakes.add(line, columns.sd, message, 0, "se, or low and high")
        elif "se" in given:
            se = self.number(line, columns.se, row, 0, 1e6)
            if se == 0:
                self.mistakes.add(line, columns.se, "the SE is zero", 0, "above 0")
            elif se is not None and level.n:
                level.sd = se * math.sqrt(level.n)
            elif se is not None:
                level.interval = (level.mean - Z95 * se, level.mean + Z95 * se)
        elif {"low", "high"} <= given:
            below, above = (
                self.number(line, c, row, -1e6, 1e6) for c in (columns.low, columns.high)
            )
            if below is not None and above is not None:
                level.interval = below, above
                if not below < level.mean < above:
                    message = f"the mean {level.mean:g} is not within {below:g}..{above:g}"
                    self.mistakes.add(line, columns.low, message, kind="interval")
        elif not (name in SHARES and role == "mean" and level.n):
            column = columns.sd or columns.se or columns.low or columns.n
            allowed = "sd (with n), se, or low and high of a 95 % interval"
            if name in SHARES and role == "mean":
                allowed = f"n, of how many people; or {allowed}"
            self.mistakes.add(line, column, "is missing", "", allowed)
        if week is None or mean is None:
            return
        if role == "mean":
            self.add(self.levels, (name, week), level, line)
            return
        text = row[columns.since] if columns.since else ""
        since = self.week(line, columns.since, text) if text else "start"
        column, before = columns.since or columns.change, "a week before the wave"
        if since == week:
            message = f"a change of {name} from {since} to itself"
            self.mistakes.add(line, column, message, text, before, kind="itself")
        elif since is not None and backwards(since, week):
            message = f"a change of {name} from {since} back to {week}"
            self.mistakes.add(line, column, message, text, before, f"{week} to {since}", "back")
        elif since is not None:
            self.add(self.changes, (name, since, week), level, line)

    def add(self, into: dict[Any, _Level], key: Any, level: _Level, line: int) -> None:
        if key in into:
            first = into[key].lines[0]
            message = f"{key[0]}, {key[-1]} is given twice (first in {self.table.word} {first})"
            allowed = "one row for each item and wave, over all regions and groups of people"
            used = set(self.plan.columns.model_dump().values())
            if other := [column for column in self.table.columns if column not in used]:
                allowed += f" (columns that are not read: {', '.join(other)})"
            self.mistakes.add(line, self.plan.columns.item, message, None, allowed, kind="twice")
        else:
            into[key] = level
            self.counted += 1

    def number(
        self, line: int, column: str, row: Mapping[str, str], low: float, high: float,
        item: str = "",
    ) -> float | None:  # fmt: skip
        """The number in a cell; that of an item lies on its scale."""
        text = row[column]
        value = number_of(text, self.plan.decimal or self.decimal(column))
        allowed = f"{low:g}..{high:g}" if high < 1e6 else f"{low:g} or more"
        if value is None or not low <= value <= high:
            out = "is outside the scale" if item else "is out of range"
            what = "is not a number" if value is None else out
            allowed += _otherwise(item) if item else ""
            kind = f"{what} {allowed}"
            self.mistakes.add(line, column, f"{shown(text)} {what}", text, allowed, "", kind)
            return None
        return value

    # answers to numbers

    def describe(self) -> None:
        """Compute mean, SD and n of people's scores, and changes between waves."""
        weak: list[tuple[int, str, str]] = []
        for (name, week), level in self.levels.items():
            if not level.people:
                continue
            scores = list(level.scores().values())
            level.mean, level.n = statistics.fmean(scores), len(scores)
            level.sd = statistics.stdev(scores) if level.n > 1 else 0.0
            if level.sd < TINY:
                level.sd = math.nan
                one = level.n < 2
                why = "one answer has no SD" if one else "everybody answered the same, the SD is 0"
                weak.append((level.lines[0], f"{name}, {week}: {why}", why))
        if len(weak) == len(self.levels):
            for line, message, why in weak:
                allowed = "2 people or more; or a mean with low and high"
                self.mistakes.add(line, "", message, None, allowed, kind=why)
        self.stop()
        self.remarks += [f"{message}; only listed" for _, message, _ in weak]
        waves: dict[str, list[Week]] = {}
        for name, week in self.levels:
            waves.setdefault(name, []).append(week)
        for name, weeks in waves.items():
            if name not in (*CONSTRUCTS, TEST):
                continue
            first, *later = sorted(set(weeks), key=_order)
            for week in later:
                found = self.change(name, first, week)
                if (name, first, week) not in self.changes and not math.isnan(found.error):
                    self.changes[(name, first, week)] = found

    def change(self, name: str, first: Week, week: Week) -> _Level:
        """The change between two waves: that of people in both waves where there are two or more,
        else that of the means."""
        one, other = self.levels[(name, first)], self.levels[(name, week)]
        before, after = one.scores(), other.scores()
        same = sorted(before.keys() & after.keys()) if self.plan.columns.person else []
        found = _Level(sorted({*one.lines, *other.lines}), scale=one.scale)
        moves = [after[person] - before[person] for person in same]
        if len(moves) > 1 and (spread := statistics.stdev(moves)) > TINY:
            found.mean, found.sd, found.n = statistics.fmean(moves), spread, len(moves)
            return found
        found.mean = other.mean - one.mean
        error = math.hypot(one.error, other.error)
        found.interval = (found.mean - Z95 * error, found.mean + Z95 * error)
        found.apart = True
        return found

    # unusual values

    def odd(self) -> None:
        for (name, week), level in self.levels.items():
            low, high = level.scale
            if not level.n > 1 or math.isnan(level.sd) or not low <= level.mean <= high:
                continue
            most = math.sqrt((level.mean - low) * (high - level.mean) * level.n / (level.n - 1))
            if level.sd > most + 0.01 * (high - low):
                self.remarks.append(
                    f"{name}, {week}: an SD of {level.sd:.3g} is impossible with a mean of "
                    f"{level.mean:.3g} on {low:g}-{high:g}, the most is {most:.2g}: a variance, or "
                    "another scale?"
                )
        for name in dict.fromkeys(name for name, _ in self.levels):
            levels = [level for (one, _), level in self.levels.items() if one == name]
            given = [x for level in levels for some in level.people.values() for x in some]
            low, high = levels[0].scale
            if len(given) > 20 and max(given) <= high - 2:
                self.remarks.append(
                    f"{name}: no answer of {len(given)} is above {max(given):g} on a scale of "
                    f"{low:g}-{high:g}: another scale?"
                )
        if self.plan.columns.answer and not self.plan.columns.person:
            self.remarks.append(
                "no column says who answered: each answer counts as a person; if people answered "
                "several items, n is too large (columns: {person: COLUMN})"
            )
        people = sorted({who for level in self.levels.values() for who in level.people})
        self.remarks += [one.removesuffix(".") for one in alike("people", people)]
        if self.unknown:
            near = [f"{shown(n)}" for n in self.unknown]
            some = ", ".join(near[:4]) + (f" and {len(near) - 4} more" if len(near) > 4 else "")
            hint = next((h for n in self.unknown if (h := did_you_mean(n, MEANT))), "")
            self.remarks.append(
                f"{some}: the model knows no construct of this name, so the item is only listed; "
                "say "
                f"in a map what is asked, as items: {{trust: [NAME]}}"
                + (f"; did you mean {hint!r}?" if hint else "")
            )

    def said(self) -> list[str]:
        people = {p for level in self.levels.values() for p in level.people}
        who = (
            f" of {counted(len(people), 'person', 'people')}"
            if people and self.plan.columns.person
            else ""
        )
        noun = "answer" if people else "number"
        whole = len(self.levels) + len(self.changes)
        make = "makes" if self.counted == 1 else "make"
        found = [f"{counted(self.counted, noun)}{who} {make} {counted(whole, 'finding')}"]
        if self.left:
            left = ", ".join(f"{n} {text}" for text, n in self.left.most_common(5))
            found.append(f"cells that do not hold an answer: {left}")
        return found

    # the file

    def written(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        for name, week in sorted(self.levels, key=lambda place: (place[0], _order(place[1]))):
            found.append(self.finding(name, str(week), self.levels[(name, week)], ids))
        for (name, since, week), level in self.changes.items():
            found.append(self.finding(name, str(week), level, ids, str(since)))
        return found

    def finding(
        self, name: str, week: str, level: _Level, ids: set[str], since: str = ""
    ) -> dict[str, Any]:
        """The finding of a level, or of a change since another week."""
        change = bool(since)
        asked = name if name in (TEST, *SHARES) else f"survey item {name!r}"
        stem, what, phrase = (
            (f"{name}_{since}_to_{week}", f"{asked}, change from wave {since} to {week}",
             f"change of {_phrase(name)} from {since} to {week}")
            if change else (f"{name}_{week}", f"{asked}, wave {week}", f"{_phrase(name)} at {week}")
        )  # fmt: skip
        low, high = level.scale
        to = ONE if name in (TEST, *SHARES) else FIVE
        factor = (to[1] - to[0]) / (high - low)
        offset = 0.0 if change else to[0] - low * factor
        modelled = name in ((*CONSTRUCTS, TEST) if change else MEANT)
        row: dict[str, Any] = {
            "id": _id(stem, ids),
            "what": what[:300],
            "value": round(offset + factor * level.mean, 6),
            "unit": "share" if name in SHARES else f"{to[0]:g}-{to[1]:g}",
        }
        error = level.error
        if level.interval is None and name in SHARES and math.isnan(level.sd):
            level = replace(level, interval=wilson(level.mean, level.n, 0.95))
        if level.interval is not None:
            if level.n:
                row["n"] = level.n
            below, above = (offset + factor * x for x in level.interval)
            row |= {"low": round(below, 6), "high": round(above, 6), "tolerance_is": "95%"}
        elif not math.isnan(error):
            row |= {"sd": round(factor * level.sd, 6), "n": level.n}
        row["where"] = f"{Path(self.table.file).name}, {places(level.lines, self.table.word)}"[:200]
        row |= {
            "measures": phrase if modelled else "not modelled",
            "use": "scored" if modelled and {"sd", "low"} & row.keys() else "shown",
        }
        notes = []
        if not modelled:
            notes.append(f"The name is none that the model knows ({', '.join(MEANT[:5])} ...); "
                         "change 'measures'.")  # fmt: skip
        elif change and level.apart:
            notes.append("The two waves are taken as of different people: their errors add up.")
        elif change:
            notes.append(
                "Of the same people; it owes little to leniency, but for the ceiling of the scale."
            )
        elif name in CONSTRUCTS:
            notes.append("Lenient answers meet a level as well as the state does; a change between "
                         "waves says more.")  # fmt: skip
        if (low, high) != to:
            notes.append(f"On {low:g}-{high:g}, moved to {to[0]:g}-{to[1]:g} along a line.")
        return row | ({"why": " ".join(notes)} if notes else {})


def _otherwise(item: str) -> str:
    """How a table says that an item has another scale than the usual one of its kind.

    >>> _otherwise("trust"), _otherwise("attendance")
    (' (--scale says otherwise)', ', such as 0.85 or 85 %')
    """
    if item in SHARES:
        return ", such as 0.85 or 85 %"
    if item == TEST:
        return f" (items: {{{TEST}: {{of: NAME, scale: [0, 20]}}}} in --map says otherwise)"
    return " (--scale says otherwise)"


def _order(week: Week) -> tuple[int, int]:
    if isinstance(week, int):
        return 1, week
    return {"start": (0, 0), "end_of_ta": (2, 0), "year_after": (2, 1)}.get(week, (2, 2))


def _phrase(name: str) -> str:
    known = {TEST: "test of knowledge", RESPONSE: "survey response"}
    return known.get(name) or (f"survey of {name}" if name in CONSTRUCTS else name)


def _id(stem: str, taken: set[str]) -> str:
    """A valid unused id of letters, digits and underscores, cut where it is too long.

    >>> _id("trust_52", set()), _id("How much do you agree that your provider listens_start", set())
    ('own_trust_52', 'own_How_much_do_you_agree_that_yo_06d077')
    """
    short = {
        "contacts_failed_by_region per contacts_planned": "cancelled_by_region",
        "contacts_failed_by_provider per contacts_planned": "cancelled_by_provider",
    }
    for long, name in short.items():
        stem = stem.replace(long, name)
    found = "own_" + re.sub(r"\W+", "_", stem).strip("_")
    if len(found) > ID_LENGTH or found in taken:
        mark = hashlib.sha256(stem.encode()).hexdigest()[:6]
        found = f"{found[: ID_LENGTH - 7]}_{mark}"
    taken.add(found)
    return found


def observations(
    source: str | os.PathLike[str] | pd.DataFrame, fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The content of a file of observations, from such a file, a table or a frame.

    Args:
        source: a file of observations (YAML), a table (CSV or Excel, with its map beside it, such
            as ``survey.map.yaml`` beside ``survey.csv``), or a frame.
        fields: fields of the map of a table.

    Raises:
        ObservedError: the source has mistakes; the message names each.
    """
    if not isinstance(source, str | os.PathLike):
        return import_survey(source, fields).content
    path = Path(source)
    if path.suffix.lower() in (".yaml", ".yml"):
        file = file_of(load(path, error=ObservedError))
        return file.model_dump(mode="json", exclude_unset=True)
    beside = map_beside(path)
    return import_survey(path, beside if os.path.isfile(beside) else None, **(fields or {})).content


def to_yaml(content: dict[str, Any]) -> str:
    """The text of a file of observations."""
    head = (
        "# Written by 'codose import survey'. Check 'measures' (what the model is compared with)\n"
        "# and 'use' (scored, or shown) before calibrating.\n"
    )
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
