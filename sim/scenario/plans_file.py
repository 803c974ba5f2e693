"""Plans files, which the page saves: :class:`PlansFile` holds several named plans.

:class:`PlansFields` are the fields of such a file; a :class:`PlansFile` is a file that was read,
with the document of each plan's scenario. ``FILE.plans.yaml#Plan name`` names a plan of a file
(:func:`parts_of`), and can be given wherever a scenario can. Only the page uses the amounts under
``budget`` and ``targets``; commands do not.

>>> found = parse_plans('''
... codose: plans
... version: 1
... plans:
...   - {name: A, scenario: {name: A, horizon_weeks: 52}}
...   - {name: B, scenario: {name: B}}
... reference: B
... ''')
>>> found.names, found.documents["A"].data["horizon_weeks"]
(('B', 'A'), 52)
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from sim.core.errors import Problem, ScenarioError, did_you_mean, shown
from sim.core.files import path_of
from sim.core.outcomes import NAMES
from sim.scenario.checking import (
    Fraction,
    Issue,
    Number,
    Shape,
    Strict,
    Words,
    checked,
    one_of,
    refusal,
    schema_of,
)
from sim.scenario.contact_log import some
from sim.scenario.loading import Document, Where, dotted, parse, read_text

SIZE_LIMIT = 10 * 1024 * 1024
"""Most bytes of a plans file, which may hold the contact log of every plan."""
VERSION = 1
SUFFIX = ".plans.yaml"


def _version(value: Any) -> int:
    if isinstance(value, bool) or value != VERSION or not isinstance(value, int):
        raise refusal(
            f"{shown(value)} is not a version that is read here", allowed=f"{VERSION}; a later one "
            "needs a newer codose",
        )  # fmt: skip
    return VERSION


def _outcome(value: Any) -> str:
    if value is None:
        raise refusal("is empty", allowed=", ".join(NAMES))
    return one_of(value, NAMES, "is not one of the choices")


class PlansBudget(Strict):
    """The money that may be spent in a year."""

    a_year: Annotated[float, Number(0)] | None = None
    """Money a year; default: no budget."""
    of: Literal["centre", "all"] = "centre"
    """Whose money it is: the centre's, or all payers'."""


class PlansTarget(Strict):
    """A level that is to be reached at a time, with a probability."""

    outcome: Annotated[
        str, Shape(_outcome, MappingProxyType({"type": "string", "enum": list(NAMES)}))
    ]
    """Name of an outcome."""
    at_least: Annotated[float, Number()]
    """The lowest level that counts as reached; of an outcome of which less is better, the
    highest."""
    when: Literal["end_of_ta", "horizon"]
    """end_of_ta or horizon."""
    sure: Fraction
    """Share of runs that are to reach the level, 0..1."""


class PlansPlan(Strict):
    """A plan: a scenario with a name."""

    name: Annotated[str, Words(80)]
    """Name of the plan, which no other plan of the file has."""
    scenario: dict[str, Any]
    """The scenario, as its own file would say it."""


class PlansFields(Strict):
    """The fields of a plans file, each checked by itself."""

    codose: Literal["plans"]
    """plans"""
    version: Annotated[
        int, Shape(_version, MappingProxyType({"type": "integer", "const": VERSION}))
    ]
    """Version of this form of file: 1."""
    open: Annotated[str, Words(80)] | None = None
    """Name of the plan that the page shows; default: the first."""
    reference: Annotated[str, Words(80)] | None = None
    """Name of the plan that the others are compared to; default: the first."""
    currency: Annotated[str, Words(12)] = "$"
    """Name of the currency."""
    budget: PlansBudget = PlansBudget()
    """The money that may be spent in a year."""
    targets: tuple[PlansTarget, ...] = ()
    """Levels that are to be reached."""
    plans: tuple[PlansPlan, ...]
    """The plans, in order."""


@dataclass(frozen=True)
class Part(Document):
    """The document of a part of a file, whose messages name the whole path to a field.

    Attributes:
        prefix: the path to the part in the file.
    """

    prefix: Where = ()

    def problem(self, where: Where, message: str, **told: Any) -> Problem:
        """See :meth:`sim.scenario.loading.Document.problem`."""
        return replace(super().problem(where, message, **told), field=dotted(self.prefix + where))


def part(document: Document, prefix: Where) -> Part:
    """The part of a document at ``prefix``, as a separate document."""
    data, length = document.data, len(prefix)
    for step in prefix:
        data = data[step]

    def within(places: Mapping[Where, Any]) -> dict[Where, Any]:
        return {way[length:]: at for way, at in places.items() if way[:length] == prefix}

    broken = (way[length:] for way in document.broken if way[:length] == prefix)
    return Part(
        data=data, marks=within(document.marks), file=document.file, keys=within(document.keys),
        broken=frozenset(broken), prefix=prefix,
    )  # fmt: skip


@dataclass(frozen=True)
class PlansFile:
    """A plans file that was read.

    Attributes:
        fields: the fields of the file.
        documents: the unchecked scenario of each plan by the plan's name, in the order of the file.
        file: the name of the file in messages.
    """

    fields: PlansFields
    documents: Mapping[str, Document]
    file: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plans; the reference plan, to which others are compared, comes first."""
        names = tuple(self.documents)
        first = self.fields.reference or names[0]
        return (first, *(name for name in names if name != first))

    def document(self, name: str | None) -> Document:
        """The scenario of a plan; without a name, that of the only plan.

        Raises:
            ScenarioError: there is no such plan, or there are several and no name is given.
        """
        if name is None and len(self.documents) == 1:
            return next(iter(self.documents.values()))
        if name is None:
            raise ScenarioError(
                f"holds {len(self.documents)} plans; say which", file=self.file,
                allowed=some([f"{self.file}#{one}" for one in self.documents]),
            )  # fmt: skip
        for known, found in self.documents.items():
            if name == known or Path(name) == Path(known):  # a Path drops double slashes of a name
                return found
        raise ScenarioError(
            f"{shown(name)} is not a plan of this file", file=self.file,
            value=name, allowed=some(list(self.documents)),
            suggestion=did_you_mean(name, self.documents),
        )  # fmt: skip


# --- names of files and plans --------------------------------------------------------------------

_WITH_PLAN = re.compile(r"(.+?\.ya?ml)#(.+)\Z", re.IGNORECASE | re.DOTALL)
_HEAD = re.compile(r"^\s*\{?\s*[\"']?codose[\"']?\s*:", re.MULTILINE)


def parts_of(given: str | os.PathLike[str]) -> tuple[str, str | None]:
    """The file, and the name of the plan if one is given, else None.

    >>> parts_of("my.plans.yaml#Fewer visits"), parts_of("source")
    (('my.plans.yaml', 'Fewer visits'), ('source', None))
    """
    path_of(given, "scenario", ScenarioError)
    text = os.fspath(given)
    found = _WITH_PLAN.match(text)
    if found is None or os.path.exists(text):
        return text, None
    return found[1], found[2]


def holds_plans(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a plans file, by its name or its first lines."""
    text = os.fspath(path)
    if text.lower().endswith((SUFFIX, ".plans.yml")):
        return True
    try:
        with open(text, "rb") as file:
            head = file.read(4096) if os.path.isfile(text) else b""
    except (OSError, ValueError):
        return False
    return _HEAD.search(head.decode("utf-8", "replace")) is not None


def plans_in(given: str) -> list[str]:
    """The names of the plans of a plans file, in its order; any other name alone, unchanged.

    Raises:
        ScenarioError: the plans file cannot be used.
    """
    file, plan = parts_of(given)
    if plan is not None or not holds_plans(file):
        return [given]
    return [f"{file}#{name}" for name in load_plans(file).documents]


# --- reading -------------------------------------------------------------------------------------


def load_plans(path: str | os.PathLike[str]) -> PlansFile:
    """Read a plans file; its scenarios are checked when they are made.

    Raises:
        ScenarioError: the file has mistakes, all listed with file, line and column.
    """
    return parse_plans(read_text(path, limit=SIZE_LIMIT), os.fspath(path))


@lru_cache(maxsize=2)
def parse_plans(text: str, file: str = "<text>") -> PlansFile:
    """Read a plans file from its text; see :func:`load_plans`."""
    document = parse(text, file, limit=SIZE_LIMIT)
    fields = checked(PlansFields, document, what="a plans file", issues=_issues)
    documents = {
        plan.name: part(document, ("plans", index, "scenario"))
        for index, plan in enumerate(fields.plans)
    }
    return PlansFile(fields, MappingProxyType(documents), file)


def _issues(fields: PlansFields) -> list[Issue]:
    names = [plan.name for plan in fields.plans]
    found = []
    if not names:
        found.append(Issue(("plans",), "has no plan", names, "one plan or more"))
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            found.append(Issue(("plans", index, "name"), f"{shown(name)} is given twice", name))
        seen.add(name)
    for field in ("open", "reference"):
        name = getattr(fields, field)
        if name is not None and name not in seen:
            found.append(
                Issue(
                    (field,), f"{shown(name)} is not a plan of this file", name, some(names),
                    options=names, reads=(("plans",),),
                )
            )  # fmt: skip
    return found


# --- JSON schema ---------------------------------------------------------------------------------


def json_schema(scenario: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON schema of plans files.

    Args:
        scenario: the schema of a scenario, which is included; default: a scenario is any mapping.
    """
    schema = schema_of(PlansFields, "codose plans")
    if scenario is not None:
        own = {name: one for name, one in scenario.items() if name not in ("$defs", "$schema")}
        schema["$defs"] |= {**scenario["$defs"], "Scenario": own}
        schema["$defs"]["PlansPlan"]["properties"]["scenario"] = {"$ref": "#/$defs/Scenario"}
    return schema
