""":class:`LogMap` says what the columns and words of a user's tracker mean; :func:`propose` makes
one from a table, and :func:`open_questions` asks what only the owner knows.

>>> from sim.tables_in.questions import to_yaml
>>> from sim.tables_in.reader import table_of_text
>>> table = table_of_text("Date,State,Type,Minutes\\n1/14/2025,north,Zoom,90\\n")
>>> data = propose(table)
>>> open_questions(table, data)
[]
>>> print(to_yaml(data), end="")
date: {column: Date, order: month-first}
region: {column: State}
mode: {column: Type, words: {Zoom: video}}
hours: {column: Minutes, unit: minutes}
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from sim.core.errors import shown
from sim.scenario.checking import Frozen, FrozenDict, Number, Strict, Words, schema_of
from sim.scenario.contact_log import MAX_HOURS, MODES, STATUSES, Mode, Status
from sim.scenario.functions import FUNCTIONS, PRESETS
from sim.tables_in import questions
from sim.tables_in.mistakes import places
from sim.tables_in.questions import OPEN, Question, put
from sim.tables_in.reader import Table
from sim.tables_in.values import (
    Decimal,
    Order,
    Unit,
    day_of,
    decimal_of,
    hours_of,
    looks_like,
    number_of,
    order_of,
)

SKIP = "skip"
Text = Annotated[str, Words(1000)]
Column = Annotated[str, Words(1000)]


class NamedColumn(Strict):
    """A column that must be named."""

    column: Column
    """Name of the column."""


class DateColumn(NamedColumn):
    """The column of dates."""

    order: Order = "iso"
    """iso (yyyy-mm-dd, or the month in words), month-first or day-first."""


class RegionColumn(Strict):
    """The column of regions; or `always`, one region for every row."""

    column: Column | None = None
    """Name of the column."""
    always: Text | None = None
    """The region of every row."""
    names: Annotated[dict[str, Text | tuple[Text, ...]], Frozen] = Field(default_factory=FrozenDict)
    """Region, or regions, that a name of the log stands for, where the names differ."""
    several: Literal["shared", "each"] | None = None
    """Meaning of a cell that names several regions: shared (one contact, the provider's time is
    divided) or each (a contact with each of them)."""


class ModeColumn(Strict):
    """The column of modes; or `always`, one mode for every row."""

    column: Column | None = None
    """Name of the column."""
    always: Mode | None = None
    """The mode of every row."""
    words: Annotated[dict[str, Literal[Mode, "skip"]], Frozen] = Field(default_factory=FrozenDict)
    """What the words of the column mean; skip leaves a row out."""


class HoursColumn(NamedColumn):
    """The column of hours or durations."""

    unit: Unit | None = None
    """Unit of numbers without one: hours or minutes."""
    words: Annotated[
        dict[str, Annotated[float, Number(0, MAX_HOURS)] | Literal["skip"]], Frozen
    ] = Field(default_factory=FrozenDict)
    """Hours of words such as full day; skip leaves a row out."""


class StatusColumn(NamedColumn):
    """The column that says whether a contact was held."""

    words: Annotated[dict[str, Literal[Status, "skip"]], Frozen] = Field(default_factory=FrozenDict)
    """What the words of the column mean; skip leaves a row out."""


class NamesColumn(NamedColumn):
    """The column of providers."""

    names: Annotated[dict[str, Text], Frozen] = Field(default_factory=FrozenDict)
    """Provider that a name of the log stands for, where the names differ."""


class FunctionsColumn(NamedColumn):
    """A column whose words stand for mixes of functions."""

    words: Annotated[dict[str, Literal[tuple(PRESETS)]], Frozen] = Field(default_factory=FrozenDict)  # type: ignore[valid-type]
    """The mix of each word."""


class LogMap(Strict):
    """What the columns and words of a tracker mean, so that it is read as a contact log."""

    sheet: Text | None = None
    """Name of the sheet of a workbook."""
    head: Annotated[int, Number(1, 1_000_000, whole=True)] | None = None
    """Line or row of the names of the columns; default: the first one below titles."""
    encoding: Text | None = None
    """Encoding of a text file; default: detected."""
    decimal: Decimal | None = None
    """Sign before the decimals; default: detected."""
    date: DateColumn | None = None
    """Column of the day of a contact."""
    week: Column | None = None
    """Column of the week of a contact, in place of the day; the first week is 1."""
    region: RegionColumn
    """Column of the region of a contact."""
    mode: ModeColumn
    """Column of the mode of a contact."""
    hours: HoursColumn
    """Column of the length of a contact."""
    status: StatusColumn | None = None
    """Column that says whether a contact was held; default: all were held."""
    provider: NamesColumn | None = None
    """Column of the provider who came."""
    present: Column | None = None
    """Column of the number of people of the region who came."""
    invited: Column | None = None
    """Column of the number of people who were invited."""
    co_creation: Column | None = None
    """Column of planned co-creation, 0..1 or in per cent."""
    contact: Column | None = None
    """Column of an id that rows of one shared contact have in common."""
    functions: FunctionsColumn | None = None
    """Column whose words stand for mixes of functions."""
    shares: Annotated[dict[Literal[FUNCTIONS], Column], Frozen] = Field(default_factory=FrozenDict)  # type: ignore[valid-type]
    """Columns of the shares of single functions."""
    skip: tuple[Text, ...] = ()
    """Rows of which a cell begins with one of these words are left out."""
    ignore: tuple[Column, ...] = Field(default=())
    """Columns that are not read."""


# --- words --------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """The form of a word for comparisons: without case, punctuation and outer spaces.

    A question mark stays, because "Held?" is not "Held".

    >>> plain("In-Person "), plain("Virtual w/ Video")
    ('in person', 'virtual w video')
    """
    return " ".join(re.sub(r"[^\w#%?]+", " ", text.casefold().replace("_", " ")).split())


MODE_WORDS: Mapping[str, tuple[str, ...]] = {
    "onsite": ("onsite", "on site", "in person", "inperson", "face to face", "f2f", "visit",
               "site visit", "vor ort", "besuch"),
    "video": ("video", "zoom", "teams", "webex", "google meet", "gotomeeting", "skype", "webinar",
              "videoconference", "video call"),
    "phone": ("phone", "telephone", "phone call", "tel", "telefon"),
    "email": ("email", "e mail"),
}  # fmt: skip
LIKELY_MODES = {"virtual": "video", "online": "video", "remote": "video", "call": "phone"}
_AWAY = re.compile(r"\b(virtual|virtually|online|remote|remotely)\b")
_DOUBT = re.compile(r"\b(no|not|non|never|without|instead|declined|cancell?ed)\b|\?")
"""Words that change the meaning of a word for a mode, or make it uncertain."""
STATUS_WORDS: Mapping[str, tuple[str, ...]] = {
    "held": ("held", "completed", "complete", "done", "attended", "delivered", "occurred", "yes",
             "took place", "conducted", "finished", "stattgefunden"),
    "provider_cancelled": ("provider cancelled", "cancelled by provider", "cancelled by us",
                           "cancelled by ta provider", "we cancelled", "cancelled by ta"),
    "region_cancelled": ("region cancelled", "cancelled by region", "cancelled by site",
                         "cancelled by grantee", "cancelled by client", "cancelled by state",
                         "site cancelled", "client cancelled", "grantee cancelled"),
    "cancelled": ("cancelled", "cancel", "cancelled unknown", "abgesagt"),
}  # fmt: skip
LIKELY_STATUSES = {
    "no show": "region_cancelled", "noshow": "region_cancelled", "missed": "region_cancelled",
    "rescheduled": SKIP, "postponed": SKIP, "moved": SKIP, "scheduled": SKIP, "planned": SKIP,
    "pending": SKIP, "upcoming": SKIP, "no": "cancelled",
}  # fmt: skip


def mode_of(text: str) -> str:
    """The mode that a word means for certain, else "".

    >>> [mode_of(text) for text in ("Virtual w/ Video", "In-person", "Virtual", "Zoom, phone")]
    ['video', 'onsite', '', '']
    >>> mode_of("Virtual site visit"), mode_of("not in person")
    ('', '')
    """
    low = f" {plain(text)} "
    found = {mode for mode, words in MODE_WORDS.items() for word in words if f" {word} " in low}
    if _DOUBT.search(low) or ("onsite" in found and _AWAY.search(low)):
        return ""
    return found.pop() if len(found) == 1 else ""


def status_of(text: str) -> str:
    """The status that a word means for certain, else ""."""
    low = re.sub(r"\bcanceled\b", "cancelled", plain(text))
    return next((status for status, words in STATUS_WORDS.items() if low in words), "")


_YES = ("yes", "y", "true", "x")


def _is_held(head: str) -> bool:
    """Whether the name of a column means that a contact was held, so that yes means held."""
    low = plain(head)
    return bool(
        re.search(r"\b(held|completed?|done|attended|occurred|took place)\b", low)
    ) and not (re.search(r"\b(not|no|cancell?ed)\b", low))


def _day_words(text: str) -> str:
    """Likely hours for a word, as a proposal."""
    low = plain(text)
    half = re.match(r"(half|1 2|½|0 5) (a )?day\b", low)
    return "3.5" if half else "7" if re.match(r"((full|whole|one|1|all) )?day\b", low) else ""


# --- columns ------------------------------------------------------------------------------------

NAMES: Mapping[str, str] = {
    "date": r"date|day|datum|when",
    "week": r"week",
    "hours": r"hours?|hrs?|duration|length|minutes?|mins?|time spent|dauer|stunden",
    "status": r"status|outcome|held|completed|cancell?(ed|ation)?|no shows?|took place",
    "mode": r"mode|modality|format|type of contact|contact type|method|type|how|medium",
    "provider": r"provider|consultant|coach|facilitator|specialist|trainer|ta staff",
    "invited": r"people invited|invited|expected|registered",
    "present": r"present|attendees?|attended|attendance|participants?",
    "region": r"region|state|site|grantee|district|county|location|land|program",
    "co_creation": r"co creation",
    "contact": r"contact|contact id",
    "functions": r"functions",
}
"""Words that name the columns of a tracker; each column is used once, in this order."""
OTHER: Mapping[str, str] = {
    "date": r"entry|entered|created|modified|updated|next|follow up|due|birth|submitted|invoiced?",
    "hours": r"travel|driv(e|ing)|prep|preparation|admin|follow up|planned|provider|staff",
}
"""Words in the name of a column by which it holds other dates or hours than those of a contact;
such a column is taken only by its owner."""
MANY = 12
"""Words that are not known, beyond which a column is one of notes and not of statuses."""
WHOLE = ("week", "contact", "functions", "co_creation")
"""Fields whose name must be the whole head of a column."""
REQUIRED = ("date", "region", "mode", "hours")
_PLAIN = ("week", "present", "invited", "co_creation", "contact")


def propose(table: Table) -> dict[str, Any]:
    """Propose a map of a table from names and contents of its columns; unclear parts stay open."""
    left = [name for name in table.columns if not _from_calendar(table, name)]
    weeks = any(plain(name) == "week" for name in table.columns)
    data: dict[str, Any] = {}
    for field in NAMES:
        scores = {name: _score(table, field, name) for name in left}
        best = [name for name in left if scores[name] == max(scores.values()) and scores[name] > 1]
        if field == "status" and 0 < max(scores.values(), default=0) < 9:
            best = [name for name in left if scores[name] > 2]  # Cancelled? and No-show
        if len(best) == 1 or (best and field not in (*REQUIRED, "status")):
            left.remove(best[0])
            data[field] = best[0] if field in _PLAIN else {"column": best[0]}
        elif best or (field in REQUIRED and not (field == "date" and weeks)):
            data[field] = {"column": OPEN}
    if data.get("date", {}).get("column") != OPEN and "week" in data and "date" in data:
        left.append(data.pop("week"))
    shares = {name: column for column in left if (name := plain(column)) in FUNCTIONS}
    if shares:
        data["shares"] = shares
    totals = {
        row.cells[0].split()[0].rstrip(":")
        for row in table.rows
        if plain(row.cells[0]).split(" ")[0] in ("total", "totals", "sum", "summe")
        and not any(map(_is_dated, row.cells))
    }
    if totals:
        data["skip"] = sorted(totals)
    ignored = [name for name in table.columns if name in left and name not in shares.values()]
    ignored += [name for name in table.columns if _from_calendar(table, name)]
    if ignored:
        data["ignore"] = ignored
    order = ("date", "week", "region", "mode", "hours", *NAMES, "shares", "skip", "ignore")
    return {name: data[name] for name in dict.fromkeys(order) if name in data}


def _from_calendar(table: Table, name: str) -> bool:
    """Whether codose writes the column into calendars and logs do not need it."""
    unread = ("preparation_hours", "travel_hours", "provider_hours")
    return name in unread or (name == "week_begins" and "week" in table.columns)


def _score(table: Table, field: str, name: str) -> int:
    """How well a column fits a field, by its whole name, a word in its name, and its contents."""
    head = plain(name)
    if head == field.replace("_", " "):
        return 9
    if field in OTHER and re.search(rf"\b({OTHER[field]})\b", head):
        return 0
    if field in WHOLE or not re.search(rf"\b({NAMES[field]})\b", head):
        named = 4 if re.fullmatch(NAMES[field], head) else 0
    else:
        named = 4 if re.match(rf"({NAMES[field]})\b", head) else 3
    texts = [text for _, text in table.column(name) if text][:200]
    fits: Mapping[str, Callable[[str], Any]] = {
        "date": lambda text: day_of(text, "day-first") or day_of(text, "month-first"),
        "mode": lambda text: mode_of(text) or plain(text) in LIKELY_MODES,
        "status": lambda text: status_of(text) or plain(text) in LIKELY_STATUSES,
        "hours": lambda text: hours_of(text, "hours", "comma") is not None,
        "present": lambda text: text.isdigit(),
        "invited": lambda text: text.isdigit(),
    }
    if field not in fits:
        return named
    share = sum(bool(fits[field](text)) for text in texts) / max(1, len(texts))
    if field == "status" and share < 0.1 and len(set(texts)) > MANY:
        return 0
    if named:
        return named + (
            2 if share > 0.5 else -4 if share < 0.1 and texts and field == "date" else 0
        )
    return 2 if field in ("date", "mode") and share > 0.6 else 0


# --- what is open -------------------------------------------------------------------------------


def open_questions(table: Table, data: dict[str, Any]) -> list[Question]:
    """Questions that a map leaves open for a table; clear meanings are written into ``data``.

    Args:
        table: the table to read.
        data: the map as plain data, which is changed in place.
    """
    found: list[Question] = []
    taken = used_columns(data)
    for field in (*REQUIRED, "status"):
        if isinstance(data.get(field), dict) and data[field].get("column") == OPEN:
            free = tuple(name for name in table.columns if name not in taken)
            fixed = {"mode": MODES, "region": ("the name of one region",)}.get(field, ())
            text = f"Which column holds the {'hours or duration' if field == 'hours' else field}?"
            found.append(Question((field, "column"), text, (*free, *fixed)))
    rows = [row for row in table.rows if not no_contact(row.cells, table.columns, data)]

    def words(field: str) -> dict[str, list[int]]:
        """Lines of each text in the column of a field."""
        name = column_of(data, field)
        lines: dict[str, list[int]] = defaultdict(list)
        if name in table.columns:
            at = table.columns.index(name)
            for row in rows:
                if row.cells[at]:
                    lines[row.cells[at]].append(row.line)
        return lines

    def ask(where: tuple[str, ...], text: str, options: Sequence[str], likely: str = "") -> None:
        found.append(Question(where, text, tuple(options), likely))

    def known(field: str, key: str = "words") -> set[str]:
        said = data[field].get(key) or {}
        return {plain(word) for word, meaning in said.items() if meaning != OPEN}

    if (texts := words("date")) and data["date"].get("order") in (None, OPEN):
        order = order_of(texts)
        if order:
            data["date"].update({"order": order} if order != "iso" else {})
        else:
            odd = [text for text in texts if looks_like([text])]
            unclear = next((text for text in odd if not order_of([text])), odd[0])
            text = f"Is {unclear} month first or day first?"
            if len({order_of([one]) for one in odd} - {""}) > 1:
                text += " Some dates here can only be the one, and some only the other."
            ask(("date", "order"), text, ("month-first", "day-first"))
    texts = words("hours")
    decimals = [text for name in ("hours", "co_creation") for text in words(name)]
    if data.get("decimal") in (None, OPEN):
        mark = decimal_of(decimals)
        if mark == "comma":
            data["decimal"] = mark
        elif not mark:
            text = next(text for text in decimals if not decimal_of([text]))
            ask(("decimal",), f"What is the comma in {text}: a decimal comma?", ("comma", "point"))
    if texts:
        _hours_questions(data, texts, known("hours"), ask)
    for field, meaning, likely, options in (
        ("mode", mode_of, LIKELY_MODES, (*MODES, SKIP)),
        ("status", status_of, LIKELY_STATUSES, (*STATUSES, SKIP)),
    ):
        seen: set[str] = known(field) if isinstance(data.get(field), dict) else set()
        for text, lines in words(field).items():
            if plain(text) in seen or text in options:
                continue
            seen.add(plain(text))
            sure = meaning(text)
            if field == "status" and plain(text) in _YES:  # yes or no, but to which question?
                sure = "held" if _is_held(data[field]["column"]) else ""
            if sure:
                data[field].setdefault("words", {})[text] = sure
                continue
            hint = next((m for w, m in likely.items() if f" {w} " in f" {plain(text)} "), "")
            question = f"What is the {field} {shown(text)} ({places(lines, table.word)})?"
            ask((field, "words", text), question, options, hint)
    _names_questions(table, data, words, ask)
    for text in words("functions"):
        if text not in PRESETS and " " not in text and plain(text) not in known("functions"):
            question = f"Which mix of functions is {shown(text)}?"
            ask(("functions", "words", text), question, [*PRESETS])
    for one in found:
        put(data, one.where, OPEN)
    return found


def _hours_questions(
    data: dict[str, Any], texts: Mapping[str, list[int]], known: set[str], ask: Callable[..., None]
) -> None:
    """Ask for the unit and the words of durations."""
    section, decimal = data["hours"], data.get("decimal") or "point"
    bare = [text for text in texts if hours_of(text, "", decimal) is None]
    numbers = [text for text in bare if hours_of(text, "hours", decimal) is not None]
    if numbers and section.get("unit") in (None, OPEN):
        head = plain(str(section["column"]))
        minutes = bool(re.search(r"\b(minutes?|mins?)\b", head))
        hours = bool(re.search(r"\b(hours?|hrs?|h|stunden)\b", head))
        if minutes != hours:
            section["unit"] = "minutes" if minutes else "hours"
        else:
            few = ", ".join(numbers[:3])
            values = sorted(hours_of(text, "hours", decimal) or 0 for text in numbers)
            likely = "minutes" if values[len(values) // 2] >= 12 else "hours"
            ask(("hours", "unit"), f"Are {few} minutes or hours?", ("minutes", "hours"), likely)
    for text in bare:
        if text not in numbers and plain(text) not in known:
            question = f"How many hours are {shown(text)} (a number, or skip)?"
            ask(("hours", "words", text), question, (), _day_words(text))


def _names_questions(
    table: Table,
    data: dict[str, Any],
    words: Callable[[str], dict[str, list[int]]],
    ask: Callable[..., None],
) -> None:
    """Ask about cells that name several regions or several providers."""
    texts = words("region")
    section = data.get("region")
    if isinstance(section, dict):
        names = section.get("names") or {}
        several = {
            text: lines
            for text, lines in texts.items()
            if names.get(text) != OPEN and len(regions_of(text, texts, names)) > 1
        }
        if several and section.get("several") in (None, OPEN):
            where = places([line for lines in several.values() for line in lines], table.word)
            text = f"Is {next(iter(several))!r} one contact shared by them, or one with each"
            ask(("region", "several"), f"{text} ({where})?", ("shared", "each"), "shared")
        alone = {plain(text) for text in (*texts, *names)}
        for text, lines in texts.items():
            parts = [] if names.get(text, OPEN) != OPEN or text in several else _parts(text)
            if len(parts) > 1 and any(plain(part) in alone for part in parts):
                where = places(lines, table.word)
                say = f"its name, or [{', '.join(parts)}]"
                question = f"Is {shown(text)} ({where}) one region or several? Give {say}"
                ask(("region", "names", text), question, ())
    texts = words("provider")
    for text in texts:
        parts = _parts(text)
        known = (data["provider"].get("names") or {}).get(text, OPEN)
        if known == OPEN and len(parts) > 1 and all(part in texts for part in parts):
            ask(("provider", "names", text), f"Who of {shown(text)} counts as the provider?", parts)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;/&+\n]|\band\b|\bund\b", text) if part.strip()]


def regions_of(
    text: str, known: Mapping[str, Any], names: Mapping[str, str | Sequence[str]]
) -> tuple[str, ...]:
    """The regions that a cell names; several when each also has cells of its own.

    >>> regions_of("North, South", {"North": 1, "South": 1}, {"South": "south"})
    ('North', 'south')
    """
    parts = [text] if text in names else _parts(text)
    if len(parts) < 2 or not all(part in known or part in names for part in parts):
        parts = [text]
    found: list[str] = []
    for part in parts:
        meant = names.get(part, part)
        found += [meant] if isinstance(meant, str) else meant
    return tuple(dict.fromkeys(found))


def is_skipped(cells: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a row begins with one of the words that mark rows to leave out.

    >>> is_skipped(["", "Total: 7"], ["Total"]), is_skipped(["north", "Total of 5"], ["Total"])
    (True, False)
    """
    first = plain(next(filter(None, cells), "")) + " "
    return any(first.startswith(f"{plain(word)} ") for word in words)


def no_contact(cells: Sequence[str], columns: Sequence[str], data: Mapping[str, Any]) -> str:
    """Why a row is certainly no contact; "" where it may be one. See :func:`says_nothing`."""
    skip = data.get("skip") or ()
    if is_skipped(cells, skip):
        return f"rows that begin with {' or '.join(skip)}"
    if cells == columns:
        return "the head line again"
    nothing = says_nothing(cells, columns, data)
    return "rows without any cell about a contact" if nothing else ""


def says_nothing(cells: Sequence[str], columns: Sequence[str], data: Mapping[str, Any]) -> bool:
    """Whether a row is certainly no contact: it has one cell, or no day and at most one of region,
    mode and hours, as "January total,,,5.5" and "Updated,by Kim".

    Args:
        cells: the cells of the row.
        columns: the names of the columns.
        data: the map.
    """
    texts: dict[str, str] = {}
    for field in ("date", "week", "region", "mode", "hours"):
        if (column := column_of(data, field)) in columns:
            texts[field] = cells[columns.index(column)]
    if sum(map(bool, cells)) <= 1 or not any(texts.values()):
        return True
    when = texts.pop("date", "") or texts.pop("week", "")
    is_day = _is_dated(when) or number_of(when) is not None  # a number may be a week
    return not is_day and list(texts.values()).count("") >= 2


def _is_dated(text: str) -> bool:
    """Whether a text is a date in some order."""
    return any(day_of(text, order) for order in ("day-first", "month-first"))


def used_columns(data: Mapping[str, Any]) -> set[str]:
    """Names of the columns that a map reads."""
    used = {column_of(data, field) for field in data} - {""}
    return used | set(data.get("shares", {}).values())


def column_of(data: Mapping[str, Any], field: str) -> str:
    """The column of a field in a map; "" where it has none.

    >>> column_of({"mode": {"column": "Type"}}, "mode"), column_of({"week": "Week"}, "week")
    ('Type', 'Week')
    """
    section = data.get(field)
    column = section.get("column") if isinstance(section, Mapping) else section
    return column if isinstance(column, str) else ""


def answer(data: dict[str, Any], question: Question, text: str) -> None:
    """Write an answer into a map.

    Raises:
        ValueError: the answer is none of the options.
    """
    text = text.strip() or question.proposed
    if question.where == ("mode", "column") and text in MODES:
        data["mode"] = {"always": text}
        return
    if question.where == ("region", "column") and text and text not in question.options:
        data["region"] = {"always": text}
        return
    value: Any = text
    if question.where[:2] == ("region", "names"):
        value = _parts(text[1:-1]) if text.startswith("[") and text.endswith("]") else text
        if not value:
            raise ValueError("the name of a region, or several: [North, South]")
    elif question.where[:2] == ("hours", "words") and text != SKIP:
        value = hours_of(text, "hours")
        if value is None or not 0 <= value <= MAX_HOURS:
            raise ValueError(f"{text!r} is not a number of hours")
    else:
        questions.answer(data, question, text)
        return
    put(data, question.where, value)


def json_schema() -> dict[str, Any]:
    """The JSON schema of a map, for editors and ``codose schema --kind map``."""
    return schema_of(LogMap, "codose map")
