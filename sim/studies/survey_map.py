"""SurveyMap: the meaning of the columns and words of a survey table; proposed: a map from a table.

A map is a small YAML file that is kept beside the data, so that one command can import the next
wave::

    columns: {person: ResponseId, wave: Time point}
    items: {trust: [Q1_1, Q1_2, Q1_3], knowledge test: Score}
    scale: [1, 7]
    reversed: [Q1_3]
    waves: {Baseline: start, Follow-up: 52}

:func:`proposed` makes a :class:`Proposal` from a table, which names the open questions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, WithJsonSchema

from sim.core.errors import did_you_mean, shown
from sim.core.outcomes import OUTCOMES
from sim.core.states import CONSTRUCTS
from sim.scenario.checking import (
    Day,
    Frozen,
    FrozenDict,
    Number,
    Shape,
    Strict,
    Words,
    checked,
    refusal,
    schema_of,
)
from sim.scenario.contact_log import MAX_WEEKS
from sim.scenario.loading import Document, document_from, document_of
from sim.studies.observed import ObservedError
from sim.studies.spec import WEEK_WORDS
from sim.tables_in.mistakes import places
from sim.tables_in.questions import OPEN, Question, put
from sim.tables_in.reader import Table
from sim.tables_in.values import ORDERS, day_of, number_of, order_of

TEST, RESPONSE = "knowledge test", "response"
CALLED: Mapping[str, str] = {
    "test of knowledge": TEST, "knowledge_test": TEST, "test": TEST,
    "survey response": RESPONSE, "response rate": RESPONSE,
    "cancelled by region": "contacts_failed_by_region per contacts_planned",
    "cancelled by provider": "contacts_failed_by_provider per contacts_planned",
    "commitments kept": "commitments_kept_share",
}  # fmt: skip
"""Other names of items."""
SHARES: tuple[str, ...] = (
    RESPONSE,
    *(name for name, one in OUTCOMES.items() if one.unit == "share"),
    "contacts_failed_by_region per contacts_planned",
    "contacts_failed_by_provider per contacts_planned",
)
"""Items on 0-1 that a centre counts instead of asking people."""
MEANT = (*CONSTRUCTS, TEST, *SHARES)
WEEK_ALLOWED = f"a whole number 0..{MAX_WEEKS}, {', '.join(WEEK_WORDS)}"


def item_called(name: str) -> str:
    """The entry of :data:`MEANT` that an item name stands for; "" where it stands for none.

    >>> item_called("Trust"), item_called("Knowledge_Test"), item_called("How are you?")
    ('trust', 'knowledge test', '')
    """
    plain = " ".join(name.casefold().split())
    for one in (plain, plain.replace("_", " "), plain.replace(" ", "_")):
        if one in MEANT or one in CALLED:
            return CALLED.get(one, one)
    return ""


def week_called(text: str) -> int | str | None:
    """The week that a text names: a number, ``week 52``, or a word of :data:`WEEK_WORDS`.

    >>> week_called("52"), week_called("Week 52"), week_called("End of TA"), week_called("post")
    (52, 52, 'end_of_ta', None)
    """
    plain = re.sub(r"[\s_]+", "_", text.strip().casefold())
    if match := re.fullmatch(r"(?:week_?|wk_?)?([0-9]{1,5})", plain):
        return int(match[1]) if int(match[1]) <= MAX_WEEKS else None
    return plain if plain in WEEK_WORDS else None


# --- fields --------------------------------------------------------------------------------------


MOST = 10_000
"""Largest value of an answer."""


def _names(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list | tuple) else [value]
    return tuple(Words(300).check(str(one) if isinstance(one, int) else one) for one in given)


def _scale(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    match = re.fullmatch(r"\s*(-?[\d.]+)\s*(?:-|to|\.\.)\s*(-?[\d.]+)\s*", str(value))
    given = list(match.groups()) if match else value
    low, high = (
        (number_of(str(one)) for one in given)
        if isinstance(given, list | tuple) and len(given) == 2
        else (None, None)
    )
    if low is None or high is None or not -MOST <= low < high <= MOST or high - low < 1 / MOST:
        allowed = f"lowest and highest answer, as [1, 7], within {-MOST:,}..{MOST:,}"
        raise refusal(f"{shown(value)} is not a scale", allowed=allowed)
    return low, high


def _week(value: Any) -> int | str:
    known = week_called(str(value))
    if known is None:
        near = did_you_mean(str(value), WEEK_WORDS)
        raise refusal(f"{shown(value)} is not a week", allowed=WEEK_ALLOWED, suggestion=near)
    return known


def plain(text: str) -> str:
    """A label in the form for comparisons, with small letters and single spaces."""
    return " ".join(text.casefold().split())


Text = Annotated[str, Words(300)]
Column = Annotated[str, Words(300, optional=True)]
Names = Annotated[
    tuple[str, ...], Shape(_names, {"type": ["array", "string"], "items": {"type": "string"}})
]
"""Several names; in a file, also one name alone."""
Scale = Annotated[tuple[float, float] | None, Shape(_scale, {"type": "array"})]
Week = Annotated[int | str, Shape(_week, {"type": ["integer", "string"]})]
Value = Annotated[float, Number()]


def _short(key: str) -> BeforeValidator:
    """Read a value that is no mapping with this key as the value of the key."""
    return BeforeValidator(
        lambda value: value if isinstance(value, Mapping) and (not key or key in value)
        else {key: value}
    )  # fmt: skip


class Item(Strict):
    """The place of the answers about one item."""

    of: Annotated[dict[str, Names], Frozen, _short("")] = Field(default_factory=FrozenDict)
    """Columns (wide) or names in the item column (long), by the word of a wave, or under "" where
    the row has the wave."""
    scale: Scale = None
    """Lowest and highest answer; default: the scale of the map."""
    reversed: Names = ()
    """The columns or names whose scale runs the other way."""


Asked = Annotated[Item, _short("of"), WithJsonSchema({"type": ["array", "string", "object"]})]
"""An item; in a file, also its columns alone."""


class Columns(Strict):
    """Name of the column of each kind; default: the table has none."""

    person: Column = ""
    """The person who answered: answers of one person are averaged first, and n counts people."""
    wave: Column = ""
    """Time of the answer: a week, a date, or a word of `waves`."""
    item: Column = ""
    """The item of the row (each row is an answer or a mean)."""
    answer: Column = ""
    """The answer (each row is an answer)."""
    mean: Column = ""
    """The mean (each row is a mean)."""
    change: Column = ""
    """The mean change since another wave, of the same people."""
    since: Column = ""
    """The wave since which the change is counted; default: the start."""
    sd: Column = ""
    """The standard deviation between people."""
    se: Column = ""
    """The standard error of the mean."""
    low: Column = ""
    """Lower end of the 95 % interval of the mean."""
    high: Column = ""
    """Upper end of the 95 % interval of the mean."""
    n: Column = ""
    """Number of people who answered."""

    @property
    def long(self) -> bool:
        """Whether a row is an answer or a mean; otherwise a row is a person."""
        return bool(self.item)


class SurveyMap(Strict):
    """What a table of a survey means."""

    sheet: Annotated[str, Words(100)] | None = None
    """Sheet of a workbook; needed where several hold something."""
    head: Annotated[int, Number(0, 10_000, whole=True)] | None = None
    """Line of the names of the columns; 0: there is none; default: detected."""
    encoding: Annotated[str, Words(40)] | None = None
    """Encoding of a text file; default: detected."""
    skip_rows: Annotated[int, Number(0, 100, whole=True)] = 0
    """Rows below the head that hold no answers: 2 in an export of Qualtrics."""
    skip: Annotated[dict[str, Names], Frozen] = Field(default_factory=FrozenDict)
    """Rows to leave out, by the text in a column: `item: [Total]`."""
    columns: Columns = Columns()
    """Name of the column of each kind."""
    items: Annotated[dict[Text, Asked], Frozen] = Field(default_factory=FrozenDict)
    """What is asked about, and where: the columns of a wide table (one, several, or by wave), or
    the names in the item column; `{of: [...], scale: [1, 7], reversed: [...]}` says more."""
    scale: Scale = None
    """Lowest and highest answer; default: 1 to 5, of tests and shares 0 to 1."""
    labels: Annotated[dict[str, Value], Frozen] = Field(default_factory=FrozenDict)
    """Numbers of answers in words: `Strongly agree: 5`."""
    reversed: Names = ()
    """Columns (or names of the item column) whose scale runs the other way."""
    missing: Names = ()
    """Texts that are no answer; empty cells, NA, N/A and codes such as -99 never are."""
    waves: Annotated[dict[str, Week], Frozen] = Field(default_factory=FrozenDict)
    """The week of each wave that the table names by a word; one for the whole table: `all`."""
    first_date: Annotated[date, Day()] | None = None
    """First day of week 1, for waves by date."""
    date_order: Literal["iso", "month-first", "day-first"] | None = None
    """How dates are written, where that is not clear."""
    decimal: Literal["point", "comma"] | None = None
    """Sign before the decimals; default: detected (1,500 is one and a half, except in n)."""


def read_map(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a map from a file or a mapping, as they were given, without open fields.

    Raises:
        ObservedError: the map has mistakes; each is named, in a file with line and column.
    """
    document = document_from(source, "the map", error=ObservedError)
    closed = _closed(document.data)
    if closed == document.data:
        _checked(document)
    return closed


def _closed(data: Any) -> Any:
    """The data without fields that still need an answer."""
    if isinstance(data, dict):
        found = {name: _closed(one) for name, one in data.items() if one != OPEN}
        return {name: one for name, one in found.items() if one != {} or data[name] == {}}
    return data


def map_of(fields: Mapping[str, Any], file: str = "the map") -> SurveyMap:
    """Check the fields of a map.

    Raises:
        ObservedError: fields have mistakes; each is named with its field.
    """
    return _checked(document_of(dict(fields), file))


def _checked(document: Document) -> SurveyMap:
    return checked(SurveyMap, document, what="a map of a survey", error=ObservedError)


def json_schema() -> dict[str, Any]:
    """The JSON schema of a map, for editors and ``codose schema --kind survey-map``."""
    return schema_of(SurveyMap, "codose survey map")


def answer(data: dict[str, Any], question: Question, text: str) -> None:
    """Write an answer into a map.

    Raises:
        ValueError: the answer does not fit the question.
    """
    try:
        value: Any = yaml.safe_load(text.strip() or question.proposed)
    except yaml.YAMLError:
        value = text.strip()
    value = str(value) if isinstance(value, date) else value
    if question.options and value not in question.options:
        raise ValueError(f"{text!r} is none of: {', '.join(question.options)}")
    tried: dict[str, Any] = {}
    put(tried, question.where, value)
    try:
        map_of(tried)
    except ObservedError as error:
        raise ValueError(str(error)) from None
    put(data, question.where, value)


# --- a proposal ----------------------------------------------------------------------------------

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "person": ("person", "responseid", "record_id", "participant", "participant_id", "respondent",
               "respondent_id", "person_id", "id", "email", "code", "staff"),
    "wave": ("wave", "redcap_event_name", "time", "time point", "timepoint", "event", "occasion",
             "week", "date", "survey date", "round", "when"),
    "item": ("item", "question", "variable", "measure", "scale", "construct"),
    "answer": ("answer", "response", "value", "score", "rating", "answers"),
    "mean": ("mean", "average", "avg", "m"),
    "change": ("change", "difference", "gain", "mean change"),
    "since": ("since", "from", "from wave"),
    "sd": ("sd", "std", "stdev", "std dev", "std. dev.", "standard deviation"),
    "se": ("se", "sem", "std error", "std. error", "standard error"),
    "low": ("low", "lower", "ci_low", "ci low", "ci lower", "95% low", "lcl"),
    "high": ("high", "upper", "ci_high", "ci high", "ci upper", "95% high", "ucl"),
    "n": ("n", "count", "respondents", "number"),
}  # fmt: skip
AGREEMENT = (
    "strongly disagree", "disagree", "somewhat disagree", "neither agree nor disagree",
    "somewhat agree", "agree", "strongly agree",
)  # fmt: skip
_NEUTRAL = {"neutral", "undecided", "neither", "neither agree nor disagree"}
LABELS: tuple[tuple[str, ...], ...] = (
    tuple(one for one in AGREEMENT if "somewhat" not in one),
    AGREEMENT,
    ("never", "rarely", "sometimes", "often", "always"),
)
"""Sets of answers in words with a known order; the middle answer shows the size of the set."""
MISSING = ("", "na", "n/a", "n.a.", "nan", "none", "null", "-", "--", ".", "missing", "refused")
"""Texts for a missing answer."""


@dataclass(frozen=True)
class Proposal:
    """A map as far as a table shows it.

    Attributes:
        fields: the fields of the map.
        open: open fields, with the question for each.
        said: sentences on what the table showed.
    """

    fields: dict[str, Any]
    open: tuple[Question, ...] = ()
    said: tuple[str, ...] = ()
    ignored: tuple[str, ...] = field(default=())


PREVIEWS = frozenset(
    ("survey preview", "survey test", "spam", "preview spam", "imported spam",
     "offline survey preview", "1", "2", "8", "9", "12", "17")
)  # fmt: skip
"""Words and numbers in the column Status of Qualtrics for rows that no respondent wrote."""


def _without_previews(table: Table, fields: dict[str, Any], said: list[str]) -> None:
    """Leave out the previews and tests of a Qualtrics export, and add a sentence about them."""
    column = next((name for name in table.columns if plain(name) == "status"), None)
    if column is None or "skip" in fields:
        return
    texts = [text for _, text in table.column(column) if text.casefold() in PREVIEWS]
    if texts:
        fields["skip"] = {column: list(dict.fromkeys(texts))}
        many = f"{len(texts)} row{'s' * (len(texts) > 1)}"
        said.append(f"{many} that no respondent wrote ({', '.join(dict.fromkeys(texts))}) left out")


def proposed(table: Table, declared: Mapping[str, Any] | None = None) -> Proposal:
    """Propose a map from the names and contents of a table.

    Args:
        table: the table.
        declared: fields that the user has already given.
    """
    given = dict(declared or {})
    fields: dict[str, Any] = {**given}
    asked: list[Question] = []
    said: list[str] = []
    if "skip_rows" not in given and len(table.rows) > 1 and any(
        "ImportId" in cell for cell in table.rows[1].cells
    ):  # fmt: skip
        fields["skip_rows"] = 2
        said.append("the two rows below the head are heads of Qualtrics, and left out")
        _without_previews(table, fields, said)
    rows = [row.cells for row in table.rows[int(fields.get("skip_rows", 0)) :]]
    texts = {name: [cells[at] for cells in rows] for at, name in enumerate(table.columns)}
    columns = fields.setdefault("columns", _columns(table.columns))
    called = {plain(name) for name in table.columns}
    own = {"item", "wave"} <= called
    if not given.keys() & {"columns", "items"} and not columns.get("item"):
        _refuse_itemless(table, called)
    if not columns.get("item") and "items" not in fields:
        fields["items"] = _wide(table.columns, columns)
        if not fields["items"]:
            free = [n for n in table.columns if n not in columns.values() and _answers(texts[n])]
            asked.append(Question(("items",), _which_items(free)))
    answers = _answer_texts(fields, texts)
    if "scale" not in given and "labels" not in given:
        _scale_of(fields, answers, own, asked, said)
    _waves_of(fields, table, asked)
    used = {*columns.values(), *_item_columns(fields)}
    ignored = tuple(name for name in table.columns if name not in used)
    return Proposal(fields, tuple(asked), tuple(said), ignored)


FORMS = (("item", "wave", "mean", "sd", "n"), ("item", "wave", "answer", "person"))
"""The columns of codose's own forms."""


def _refuse_itemless(table: Table, called: Collection[str]) -> None:
    """Refuse codose's own form if its item column is missing or misspelt."""
    if called & {"answer", "mean", "change"}:
        raise ObservedError(
            "lacks the column 'item'", "item", None,
            "; ".join(", ".join(form) for form in FORMS) + "; or a map that says more",
            did_you_mean("item", table.columns), table.file, table.head_line,
        )  # fmt: skip


def _columns(names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field_name, words in SYNONYMS.items():
        by_word = {plain(name): name for name in names if name not in found.values()}
        name = next((by_word[word] for word in words if word in by_word), "")
        if name:
            found[field_name] = name
    if "item" not in found:  # a row is a person, and these names are items themselves
        return {key: found[key] for key in ("person", "wave") if key in found}
    if found.keys() & {"mean", "change"}:
        found.pop("answer", None)
    else:
        for name in ("since", "sd", "se", "low", "high", "n"):
            found.pop(name, None)
    return found


def _wide(names: Sequence[str], columns: Mapping[str, str]) -> dict[str, list[str]]:
    """Columns that are named after their items: trust, trust_1, Trust 2."""
    found: dict[str, list[str]] = {}
    for name in names:
        item = item_called(re.sub(r"[\s_.]*(?:item|q)?[\s_.]*\d*\Z", "", name.casefold()))
        if item and name not in columns.values():
            found.setdefault(item, []).append(name)
    return found


def _answers(texts: Sequence[str]) -> bool:
    """Whether most of a column's cells may be answers."""
    full = [text for text in texts if text]
    known = {label for labels in LABELS for label in labels} | _NEUTRAL
    hits = sum(plain(text) in known or number_of(text) is not None for text in full)
    return bool(full) and hits > len(full) / 2 and len(set(full)) < 102


def _which_items(names: Sequence[str]) -> str:
    some = f" ({', '.join(names[:8])}{', ...' if len(names) > 8 else ''})" if names else ""
    return (
        f"Which columns{some} ask about what? As {{trust: [COLUMN, COLUMN], knowledge: [COLUMN]}}; "
        f"what may be asked: {', '.join((*CONSTRUCTS, TEST))}"
    )


def _answer_texts(fields: Mapping[str, Any], texts: Mapping[str, Sequence[str]]) -> list[str]:
    columns = fields["columns"]
    names = [columns[name] for name in ("answer", "mean", "change") if columns.get(name)]
    if not columns.get("item"):
        names = _item_columns(fields)
    return [text for name in names for text in texts.get(name, ()) if text]


def _item_columns(fields: Mapping[str, Any]) -> list[str]:
    """The columns that items name; empty where the items are still open."""
    try:
        items = map_of({"items": fields.get("items", {})}).items
    except ObservedError:  # which is raised again, with all others, where the map is read
        return []
    return [name for item in items.values() for some in item.of.values() for name in some]


def _scale_of(
    fields: dict[str, Any],
    answers: Sequence[str],
    own: bool,
    asked: list[Question],
    said: list[str],
) -> None:
    """Set the scale from answers in words, or leave it open; codose's own form has 1 to 5."""
    words = {plain(text) for text in answers if number_of(text, "comma") is None}
    words -= set(MISSING)
    middle = words & _NEUTRAL
    for labels in reversed(LABELS):
        fits = words & set(labels)
        if not fits or (len(labels) == 7 and not any("somewhat" in word for word in fits)):
            continue
        if len(fits | middle) < len(labels) // 2 + 1 or not (middle or "sometimes" in words):
            asked += [
                Question(("labels", word), f"Which number is the answer {word!r}?")
                for word in sorted(words)
            ]
            asked.append(Question(("scale",), "What are the lowest and the highest answer?"))
            return
        fields["labels"] = {label: place for place, label in enumerate(labels, 1)}
        fields["labels"] |= {label: (len(labels) + 1) // 2 for label in middle}
        fields["scale"] = [1, len(labels)]
        said.append(f"answers in words count from 1 ({labels[0]}) to {len(labels)} ({labels[-1]})")
        return
    if own:
        said.append("answers are read as 1 to 5, as nothing says another scale (--scale 1-7)")
        return
    numbers = [x for text in answers if (x := number_of(text)) is not None and x >= 0]
    if numbers:
        seen = f"answers run from {min(numbers):g} to {max(numbers):g}"
        text = f"What are the lowest and the highest answer that were offered, as [1, 5]? ({seen})"
        asked.append(Question(("scale",), text))


def _waves_of(fields: dict[str, Any], table: Table, asked: list[Question]) -> None:
    """Set the weeks of the words in the column of waves; a word that is no week stays open."""
    column = fields["columns"].get("wave", "")
    waves = {str(word): week for word, week in dict(fields.get("waves", {})).items()}
    by_column = any(isinstance(one, Mapping) for one in dict(fields.get("items", {})).values())
    if not column:
        if not waves and not by_column:
            text = f"In which week was the survey made? {WEEK_ALLOWED}"
            asked.append(Question(("waves", "all"), text))
        return
    cells = table.column(column) if column in table.columns else []
    lines: dict[str, list[int]] = {}
    for line, text in cells[int(fields.get("skip_rows", 0)) :]:
        if text:
            lines.setdefault(text, []).append(line)
    words = list(lines)
    unknown = [word for word in words if week_called(word) is None and word not in waves]
    dated = [word for word in unknown if looks_dated(word)]
    if dated and len(dated) == len(unknown):
        if not fields.get("first_date"):
            asked.append(Question(("first_date",), "Which day is the first of week 1?"))
        if not fields.get("date_order") and order_of(dated) == "":
            text = f"Is {dated[0]} written with the month or the day first?"
            asked.append(Question(("date_order",), text, ("month-first", "day-first")))
        return
    near = [word for word in unknown if did_you_mean(word, WEEK_WORDS)]
    unknown = [word for word in unknown if word not in near]  # a slip is reported with its line
    for word in unknown[:40]:
        likely = "start" if plain(word).startswith(("baseline", "pre")) else ""
        text = f"Which week is {shown(word)} ({places(lines[word], table.word)})? {WEEK_ALLOWED}"
        asked.append(Question(("waves", word), text, (), likely))


def looks_dated(text: str) -> bool:
    """Whether a text is a date, or has the form of one in numbers; a month alone is none.

    >>> looks_dated("14 Sept 25"), looks_dated("31/31/2025"), looks_dated("March 2025")
    (True, True, False)
    """
    if re.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", text):
        return True
    return any(day_of(text, order) for order in ORDERS)
