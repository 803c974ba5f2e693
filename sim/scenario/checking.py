"""Checked, immutable records: :class:`Strict` models, rules for their fields, and :func:`check`,
which lists every mistake in a document.

>>> class Visit(Strict):
...     hours: Annotated[float, Number(0, 60)]
>>> check(Visit, Document({"hours": 70}), what="a visit").problems[0].message
'70 is out of range'
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sim.core.errors import (
    MISTAKES_SHOWN,
    InputError,
    Problem,
    ScenarioError,
    did_you_mean,
    raise_problems,
    shown,
)
from sim.scenario.loading import Document, Where, scalar

MOST_COMPARED = 20_000
"""Most comparisons of names to suggest the nearest, over the whole document."""
K = TypeVar("K")
V = TypeVar("V")
M = TypeVar("M", bound=BaseModel)


class FrozenDict(dict[K, V]):
    """A dict that cannot be changed and can be hashed."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("this mapping is read-only; use .replace(...) on the scenario")

    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    clear: Any = _refuse
    pop: Any = _refuse
    popitem: Any = _refuse
    setdefault: Any = _refuse
    update: Any = _refuse

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)

    def __copy__(self) -> FrozenDict[K, V]:
        return self

    def __deepcopy__(self, memo: object) -> FrozenDict[K, V]:
        return self


Frozen = AfterValidator(FrozenDict)
"""Annotation that makes a dict field read-only: ``Annotated[dict[str, float], Frozen]``."""


class Strict(BaseModel):
    """A checked, immutable record: no unknown fields, nothing converted behind your back.

    Attributes:
        GONE: fields of earlier versions, by name, and what took their place.
    """

    GONE: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema)["properties"]
        for name, meaning in meanings(cls).items():
            fields[name]["description"] = meaning
        return schema


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """The meaning of each field: the docstring beneath it, read only now from the source.

    >>> meanings(Strict)
    {}
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base is not Strict and issubclass(base, Strict):
            found |= _docstrings(inspect.getfile(base)).get(base.__qualname__, {})
    return found


@cache
def _docstrings(file: str) -> dict[str, dict[str, str]]:
    """The docstrings of fields in a file of Python, by class and field."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except OSError:
        return {}
    return {
        node.name: {
            ast.unparse(field.target): inspect.cleandoc(str(below.value.value))
            for field, below in pairwise(node.body)
            if isinstance(field, ast.AnnAssign)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        }
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The JSON schema of a file, from the model of its fields."""
    schema = model.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return schema


def refusal(message: str, *, allowed: str = "", suggestion: str = "") -> PydanticCustomError:
    """The error that a validator raises; its message reaches the user unchanged."""
    return PydanticCustomError(
        "refused", "{message}", {"message": message, "allowed": allowed, "suggestion": suggestion}
    )


def one_of(value: Any, known: Collection[str], message: str, allowed: str = "") -> str:
    """The value, or the :func:`refusal` of what is none of the known words: ``message`` comes after
    the value, and ``allowed`` in place of all the words."""
    if not isinstance(value, str) or value not in known:
        raise refusal(
            f"{shown(value)} {message}",
            allowed=allowed or ", ".join(known),
            suggestion=did_you_mean(value, known),
        )
    return value


def is_finite(value: float) -> bool:
    """Whether a number is a finite float."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


class Rule:
    """Annotation of a field that is checked by one function: ``Annotated[int, Number()]``."""

    def check(self, value: Any) -> Any:
        """The value to keep, or a :func:`refusal`."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """The JSON schema of what is allowed."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return self.schema()


@dataclass(frozen=True)
class Shape(Rule):
    """A field that a given function checks, with the JSON schema of what that accepts."""

    function: Callable[[Any], Any]
    accepts: Mapping[str, Any] = field(hash=False)

    def check(self, value: Any) -> Any:
        """The value to keep, or the refusal."""
        return self.function(value)

    def schema(self) -> dict[str, Any]:
        """The JSON schema of what is allowed."""
        return dict(self.accepts)


@dataclass(frozen=True)
class Number(Rule):
    """A number.

    Booleans, text and non-finite values are refused. A whole number is accepted as a float, but a
    float is not accepted as a whole number. Limits are inclusive, unless ``above`` excludes
    ``low``.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    whole: bool = False

    @property
    def allowed(self) -> str:
        """The limits as text."""
        kind = "whole numbers " if self.whole else ""
        if self.low is None:
            return f"{kind}any number"
        if self.high is None:
            return f"{kind}above {self.low}" if self.above else f"{kind}{self.low} or more"
        if self.above:
            return f"{kind}above {self.low}, up to {self.high}"
        return f"{kind}{self.low}..{self.high}"

    def check(self, value: Any) -> float | int:
        """The value as float (or int), or the refusal."""
        if isinstance(value, str) and isinstance(scalar(value.strip()), (int, float)):
            raise refusal(
                f"{shown(value)} is text, not a number; remove the quotes", allowed=self.allowed
            )
        if value is None:
            raise refusal("is empty", allowed=self.allowed)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refusal(f"{shown(value)} is not a number", allowed=self.allowed)
        if not is_finite(value):
            raise refusal(f"{shown(value)} is not a finite number", allowed=self.allowed)
        if self.whole and not isinstance(value, int):
            raise refusal(f"{shown(value)} is not a whole number", allowed=self.allowed)
        low, high = self.low, self.high
        too_low = low is not None and (value <= low if self.above else value < low)
        if too_low or (high is not None and value > high):
            raise refusal(f"{shown(value)} is out of range", allowed=self.allowed)
        if self.whole:
            return int(value)
        return float(value) + 0.0  # no negative zero, so that equal scenarios have equal digests

    def check_of(self, name: str, value: Any) -> float | int:
        """As :meth:`check`; the refusal begins with a name."""
        try:
            return self.check(value)
        except PydanticCustomError as error:
            told = error.context or {}
            raise refusal(f"{name}: {told['message']}", allowed=told["allowed"]) from None

    def schema(self) -> dict[str, Any]:
        """The JSON schema of such a number."""
        limits: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        if self.low is not None:
            limits["exclusiveMinimum" if self.above else "minimum"] = self.low
        if self.high is not None:
            limits["maximum"] = self.high
        return limits


ONE_LINE = r"^(\S([^\t\r\n]*\S)?)?$"
"""The pattern of a text on one line in a JSON schema."""


@dataclass(frozen=True)
class Words(Rule):
    """A text.

    ``longest`` counts characters. Text of one line has no line breaks and no spaces at its ends.
    """

    longest: int = 200
    one_line: bool = True
    optional: bool = False
    reserved: tuple[str, ...] = ()

    def check(self, value: Any) -> str:
        """The text, or the refusal."""
        if value is None:
            raise refusal("is empty", allowed="text")
        if not isinstance(value, str):
            raise refusal(f"{shown(value)} is not text; put it in quotes", allowed="text")
        if not self.optional and not value.strip():
            raise refusal("is empty", allowed="text")
        if len(value) > self.longest:
            raise refusal(
                f"is too long ({len(value):,} characters)", allowed=f"at most {self.longest:,}"
            )
        for letter in "" if value.isprintable() else value:
            if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t":
                raise refusal(f"holds a character that is not text (U+{ord(letter):04X})")
        if self.one_line and ("\n" in value or "\t" in value):
            raise refusal("holds a line break or a tab", allowed="text on one line")
        if self.one_line and value != value.strip():
            raise refusal(f"{shown(value)} begins or ends with a space")
        if value in self.reserved:
            raise refusal(f"{shown(value)} is a reserved name")
        return str(value)

    def schema(self) -> dict[str, Any]:
        """The JSON schema of such a text."""
        told: dict[str, Any] = {"type": "string", "maxLength": self.longest}
        if not self.optional:
            told["minLength"] = 1
        if self.one_line:
            told["pattern"] = ONE_LINE
        if self.reserved:
            told["not"] = {"enum": list(self.reserved)}
        return told


_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
ISO_DATE = "yyyy-mm-dd, such as 2016-11-01"


def iso_date(text: str) -> date | None:
    """The date written as yyyy-mm-dd; None for any other text and for days that do not exist."""
    if not _ISO_DATE.match(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class Day(Rule):
    """A date, or text of the form yyyy-mm-dd, in the years 1900 to 2199."""

    def check(self, value: Any) -> date:
        """The date, or the refusal."""
        known = isinstance(value, date) and not isinstance(value, datetime)
        day = value if known else iso_date(value) if isinstance(value, str) else None
        if day is None:
            raise refusal(f"{shown(value)} is not a date", allowed=ISO_DATE)
        if not 1900 <= day.year < 2200:
            raise refusal(f"{day} is out of range", allowed="a day of the years 1900 to 2199")
        return day

    def schema(self) -> dict[str, Any]:
        """The JSON schema of a date."""
        return {"type": "string", "format": "date"}


def _ends(value: Any) -> tuple[Any, Any]:
    """The texts of the first and the last day of a period."""
    first, _, last = value.partition(" to ") if isinstance(value, str) else (value, "", "")
    return first, last or first


class Days(Rule):
    """A day, or the first and last of several: ``2027-12-24 to 2028-01-02``; kept as text."""

    def check(self, value: Any) -> str:
        """The text, or the refusal."""
        first, last = (Day().check(end) for end in _ends(value))
        if last < first:
            raise refusal(f"{last} is before {first}", allowed="the first day, then the last")
        return f"{first}" if first == last else f"{first} to {last}"

    @staticmethod
    def of(text: str) -> tuple[date, date]:
        """First and last day of a checked text."""
        first, last = map(date.fromisoformat, _ends(text))
        return first, last

    def schema(self) -> dict[str, Any]:
        """The JSON schema of such days, as files write them."""
        day = r"\d{4}-\d\d-\d\d"
        return {"type": "string", "pattern": f"^{day}( to {day})?$"}


Fraction = Annotated[float, Number(0, 1)]
"""A number 0..1."""


# --- from a document to a model ------------------------------------------------------------------


@dataclass(frozen=True)
class Issue:
    """A mistake that only several fields together show.

    ``reads`` are the other fields that the judgement depends on; the mistake is not reported when
    one of them has a mistake itself. ``options`` are the names to suggest from.
    """

    where: Where
    message: str
    value: Any = None
    allowed: str = ""
    suggestion: str = ""
    options: Sequence[str] = ()
    reads: tuple[Where, ...] = ()
    key: bool = False

    def problem(self, document: Document, where: Where) -> Problem:
        """The problem at a path of the document."""
        return document.problem(
            where,
            self.message,
            value=self.value,
            allowed=self.allowed,
            suggestion=self.suggestion,
            key=self.key,
        )


class Checked(Generic[M]):
    """The result of :func:`check`.

    Attributes:
        document: the document.
        value: the model made of all valid fields; None when there are too few of them.
        problems: the mistakes.
        lost: paths to the fields that had to be left out of ``value``.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.value: M | None = None
        self.problems: list[Problem] = list(document.problems)
        self.lost: set[Where] = set()
        self._holding_lost: set[Where] = set()
        self.kept: dict[Where, list[int]] = {}
        self.compared = 0
        for where in document.broken:
            self.lose(where)

    def lose(self, where: Where) -> None:
        """Mark the field at ``where`` as unusable."""
        self.lost.add(where)
        self._holding_lost.update(where[:end] for end in range(len(where)))

    def is_lost(self, *wheres: Where) -> bool:
        """Whether any of these fields, a part of one or a parent of one was left out."""
        return any(where in self._holding_lost or _under(where, self.lost) for where in wheres)

    def original(self, where: Where) -> Where:
        """The path in the document of the field at ``where`` in ``value``."""
        return _original(where, self.kept, self.document.data)

    def report(self, issue: Issue) -> None:
        """Add an issue in ``value`` as a problem at its position in the document."""
        where = self.original(issue.where)
        if self.is_lost(where, *map(self.original, issue.reads)):
            return
        if issue.options and len(self.problems) < MISTAKES_SHOWN and self.compared < MOST_COMPARED:
            self.compared += len(issue.options)  # the search for a suggestion is slow
            issue = replace(issue, suggestion=did_you_mean(issue.value, issue.options))
        self.problems.append(issue.problem(self.document, where))


def check(
    model: type[M], document: Document, *, what: str, fallback: Mapping[str, Any] | None = None
) -> Checked[M]:
    """Check a document against a model, collecting every mistake.

    Fields with mistakes are left out and the rest is checked again, so that the caller can go on to
    judge whether the valid fields are consistent.

    Args:
        model: a :class:`Strict` model.
        document: the data.
        what: the kind of file, for messages ("a scenario").
        fallback: values of required top-level fields, used only in the second check.
    """
    result: Checked[M] = Checked(document)
    if () in result.lost:
        return result
    if not isinstance(document.data, dict):
        message = f"{what} must be a mapping (field: value), not {shown(document.data)}"
        result.problems.append(document.problem((), message))
        return result
    faults = _look(model, result, {})
    result.problems += _first_problems(faults, result)
    spare, extra = fallback or {}, dict[str, Any]()
    while faults:
        before = (len(result.lost), len(extra))
        for fault in faults:
            top = str(fault.where[0]) if fault.where else ""
            if fault.kind == "missing" and len(fault.where) == 1 and top in spare:
                extra[top] = spare[top]
            # A record that lacks a field is lost as a whole; the scenario itself cannot be.
            result.lose(fault.where if fault.kind != "missing" else fault.where[:-1] or fault.where)
            if fault.kind == "extra_forbidden" and fault.suggestion:
                # A user who wrote `hour` meant `hours`, so the absence of `hours` means nothing.
                meant = (*fault.where[:-1], fault.suggestion)
                if not _has(document.data, meant):
                    result.lose(meant)
        if (len(result.lost), len(extra)) == before:
            break
        faults = _look(model, result, extra)
    return result


def checked(
    model: type[M],
    document: Document,
    *,
    what: str,
    error: type[InputError] = ScenarioError,
    issues: Callable[[M], Iterable[Issue]] = lambda _: (),
) -> M:
    """The model of a document without mistakes.

    Args:
        model, document, what: see :func:`check`.
        error: the class of error to raise.
        issues: a function that gives the mistakes between fields.

    Raises:
        InputError: the document has mistakes; all are listed.
    """
    found = check(model, document, what=what)
    for issue in issues(found.value) if found.value is not None else ():
        found.report(issue)
    raise_problems(found.problems, file=document.file, error=error)
    assert found.value is not None
    return found.value


def _look(model: type[M], result: Checked[M], extra: Mapping[str, Any]) -> list[_Fault]:
    """Validate what is not lost: set ``result.value``, or return the faults."""
    result.kept = {}
    data = result.document.data
    if result.lost:
        data = _without(data, (), result.lost, result.kept)
    data = {**extra, **data}
    try:
        result.value = model.model_validate(data)
        return []
    except ValidationError as error:
        return [
            _Fault.of(item, model, result, data, suggest=number < MISTAKES_SHOWN)
            for number, item in enumerate(error.errors(include_url=False))
        ]


def _first_problems(faults: list[_Fault], result: Checked[Any]) -> list[Problem]:
    """Problems of the first check; a field with a misspelt name is not reported as missing too."""
    meant = {
        (*fault.where[:-1], fault.suggestion)
        for fault in faults
        if fault.kind == "extra_forbidden" and fault.suggestion
    }
    return [
        fault.problem(result.document, fault.where)
        for fault in faults
        if not (
            fault.kind == "missing" and (fault.where in meant or _under(fault.where, result.lost))
        )
    ]


def _under(where: Where, tops: set[Where]) -> bool:
    """Whether ``where`` is one of ``tops``, or within one."""
    return any(where[:end] in tops for end in range(len(where) + 1))


def _has(data: Any, where: Where) -> bool:
    for part in where:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _without(data: Any, where: Where, lost: set[Where], kept: dict[Where, list[int]]) -> Any:
    """A copy of ``data`` without what is lost; ``kept`` records which list entries remain."""
    if isinstance(data, dict):
        return {
            key: _without(item, (*where, key), lost, kept)
            for key, item in data.items()
            if (*where, key) not in lost
        }
    if isinstance(data, list):
        stays = [i for i in range(len(data)) if (*where, i) not in lost]
        if len(stays) < len(data):
            kept[where] = stays
        return [_without(data[i], (*where, i), lost, kept) for i in stays]
    return data


def _original(where: Where, kept: Mapping[Where, list[int]], data: Any) -> Where:
    """The path before list entries were left out, or a mapping was taken for a list of one."""
    out: Where = ()
    for part in where:
        if isinstance(part, int):
            if isinstance(data, dict):
                continue
            stays = kept.get(out)
            if stays is not None and part < len(stays):
                part = stays[part]
            data = data[part] if isinstance(data, list) and part < len(data) else None
        else:
            data = data.get(part) if isinstance(data, dict) else None
        out += (part,)
    return out


@dataclass(frozen=True)
class _Fault(Issue):
    """One pydantic error in the words of codose, with its path in the document."""

    kind: str = ""

    @classmethod
    def of(
        cls, item: Any, model: type[BaseModel], result: Checked[Any], data: Any, *, suggest: bool
    ) -> _Fault:
        kind, given, context = item["type"], item["input"], item.get("ctx", {})
        inner = _true_way(item["loc"], data, kind)
        where = _original(inner, result.kept, result.document.data)
        allowed = suggestion = ""
        if kind == "refused":
            message = context["message"]
            allowed, suggestion = context["allowed"], context["suggestion"]
        elif kind == "missing":
            message, given = "is required", None
        elif kind == "extra_forbidden":
            owner = _models_at(model, item["loc"])[0]
            fields, gone = tuple(owner.model_fields), getattr(owner, "GONE", {}).get(inner[-1])
            message, allowed = "is not a field", ", ".join(fields)
            suggestion = did_you_mean(inner[-1], fields) if suggest else ""
            if gone is not None:
                message, allowed, suggestion = "is not a field any more", f"left out; {gone}", ""
        elif kind in ("literal_error", "union_tag_invalid", "union_tag_not_found"):
            tags = [tag for one in _models_at(model, (*item["loc"], "")) if (tag := _tag(one))]
            return cls._choice(kind, where, given, context, tags, suggest)
        elif kind in ("bool_type", "bool_parsing"):
            message, allowed = f"{shown(given)} is not true or false", "true, false"
        elif given is None:
            message = "is empty; fill it in or remove it"
        elif kind.startswith(("tuple", "list")):
            message = f"must be a list, not {shown(given)}"
        elif kind.startswith(("model", "dict", "dataclass")):
            message = f"must be a mapping (field: value), not {shown(given)}"
        else:
            message = f"{shown(given)} cannot be used here ({item['msg']})"
        return cls(
            where, message, given, allowed, suggestion, key=kind == "extra_forbidden", kind=kind
        )

    @classmethod
    def _choice(
        cls, kind: str, where: Where, given: Any, context: Any, tags: Sequence[str], suggest: bool
    ) -> _Fault:
        options: Sequence[str] = tags
        if kind == "literal_error":
            options = re.findall(r"'([^']*)'", context["expected"])
        else:
            name = context["discriminator"].strip("'")
            where = (*where, name)
            if not (isinstance(given, Mapping) and name in given):
                return cls(where, "is required", None, ", ".join(options), kind="missing")
            given = given[name]
        message = "is empty" if given is None else f"{shown(given)} is not one of the choices"
        near = did_you_mean(given, options) if suggest else ""
        return cls(where, message, given, ", ".join(options), near, kind=kind)


def _true_way(loc: tuple[Any, ...], data: Any, kind: str) -> Where:
    """pydantic's location without keys that are not in the data (names of union members)."""
    way: Where = ()
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(data, dict) and (part in data or (last and kind == "missing")):
            data = data.get(part)
        elif isinstance(part, int) and isinstance(data, list) and part < len(data):
            data = data[part]
        else:
            continue
        way += (part,)
    return way


def _models_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[type[BaseModel]]:
    """The model, or the models of a union, to which the last field of a location belongs."""
    current = [model]
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        inner = [
            found
            for candidate in current
            if part in candidate.model_fields
            for found in _models_in(candidate.model_fields[part].annotation)
        ]
        tagged = [candidate for candidate in current if _tag(candidate) == part]
        current = inner or tagged or current
    return current


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _tag(model: type[BaseModel]) -> str | None:
    info = model.model_fields.get("kind")
    choices = get_args(info.annotation) if info else ()
    return choices[0] if len(choices) == 1 else None
