"""The ODD description of the model: prose from a template, tables from the code.

``docs/ODD.md`` is written by this module and by nothing else, so a parameter, an outcome, a random
stream or a rule cannot differ between the code and its description.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

from sim.core import outcomes, parameters, rules, streams
from sim.present.format import exact
from sim.studies.calibrated import CalibratedNumber, calibrated
from sim.studies.references import references

TEMPLATE = Path(__file__).with_name("odd_template.md")
"""The prose. A line ``<!-- table: NAME -->`` stands where a table of :data:`TABLES` belongs."""

_MARKER = re.compile(r"^<!-- table: ([a-z]+) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StateVariable:
    """One variable that describes an entity. ``changes`` names the steps of the week."""

    entity: str
    name: str
    symbol: str
    unit: str
    meaning: str
    changes: str


STATE: tuple[StateVariable, ...] = tuple(
    StateVariable(*row)
    for row in (
        ("staff", "trust", "tau", "0-1", "trust in the region's provider", "5, 7, 8"),
        ("staff", "accountability", "a", "0-1", "holding oneself to what was agreed", "4, 7, 8"),
        ("staff", "knowledge", "k", "0-1", "knowledge of implementation science", "6, 7, 8"),
        ("staff", "integration", "u", "0-1", "how far it is part of ongoing work", "7, 8"),
        ("staff", "open_commitments", "n", "count", "commitments not yet reviewed", "4, 8"),
        ("staff", "workload", "w", "0-1", "how full the week is (derived)", "1"),
        ("staff", "motivation", "m", "0-1", "trait of the person", "8"),
        ("staff", "capacity", "g", "0-1", "general capacity, trait of the person", "8"),
        ("staff", "offset", "o_i", "signed", "own part of the workload, trait of the person", "8"),
        ("staff", "first_trust", "tau0", "0-1", "where trust returns to", "8"),
        ("staff", "first_accountability", "a0", "0-1", "where accountability returns to", "8"),
        ("staff", "first_knowledge", "k0", "0-1", "where knowledge returns to", "7 (trend), 8"),
        ("staff", "seat", "-", "rank", "place in the order of the core team, of the post", "never"),
        ("region", "routines", "R", "0-1", "how far it is a routine, whoever is there", "4, 7"),
        ("region", "demand", "d", "0-1", "ongoing demand on everybody", "1 (shocks)"),
        ("region", "leadership", "L", "0-1", "support by the region's leadership", "never"),
        ("region", "core", "-", "posts", "size of the core team", "never"),
        ("region", "neighbours", "-", "network", "who talks with whom, by post", "never"),
        ("site", "record", "aP", "0-1", "the provider's accountability there", "2, 4, 7, 8"),
        ("site", "usual_record", "aP0", "0-1", "where that returns to", "never"),
        ("site", "context", "x", "0-1", "how well the provider knows the region", "6, 7, 8"),
        ("site", "open_commitments", "nP", "count", "the provider's, not yet reviewed", "4, 8"),
        ("provider", "skill", "s", "0-1", "one quality of the provider", "8"),
        ("provider", "load", "l", "ratio", "running mean of due over available hours", "1"),
        ("provider", "overload", "o", "ratio", "the part of the load above 1 (derived)", "1"),
        ("provider", "weekly_hours", "H", "h/week", "hours for this work, a lever", "never"),
        ("provider", "dilution", "D", "share", "quality left at its number of regions", "never"),
    )
)
"""Every state variable and fixed trait, by entity."""

RULES: tuple[FunctionType, ...] = tuple(
    sorted(
        (
            function
            for _, function in inspect.getmembers(rules, inspect.isfunction)
            if function.__module__ == rules.__name__
        ),
        key=lambda function: function.__code__.co_firstlineno,
    )
)
"""The rules in the order of their file."""


# --- cells of a table ------------------------------------------------------------------------


def _prose(text: str) -> str:
    """Text that Markdown shows as it is, in one cell."""

    def shown(match: re.Match[str]) -> str:
        found = match.group()
        return {"|": "\\|", "*": "\\*", "<": "&lt;"}.get(found, found)

    return re.sub(r"`[^`]*`|[|*<]", shown, text)


def _code(text: str) -> str:
    return f"`{text}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# --- the tables ------------------------------------------------------------------------------

_PARAMETER_HEAD = ("name", "symbol", "meaning", "unit", "default", "plausible range",
                   "limits of the equation", "grade", "source", "role")  # fmt: skip


def _parameter_table() -> str:
    def cells(row: parameters.Parameter) -> Sequence[str]:
        plausible = row.distribution
        if row.low is not None and row.high is not None:
            plausible += f" {exact(row.low)} to {exact(row.high)}"
        return (
            _code(row.name),
            _code(row.symbol),
            _prose(row.meaning),
            row.unit,
            exact(row.default),
            plausible,
            f"{exact(row.minimum)} to {exact(row.maximum)}",
            row.grade,
            _prose(row.source),
            row.role,
        )

    return _table(_PARAMETER_HEAD, map(cells, parameters.TABLE.values()))


def _calibrated_table() -> str:
    found = calibrated()
    if found is None:
        return "No plausible sets are shipped: the ranges above are all there is."

    def cells(number: CalibratedNumber) -> Sequence[str]:
        row = parameters.TABLE[number.name]
        return (
            _code(number.name),
            _code(row.symbol),
            row.range_text,
            f"{number.mean:.3g}",
            f"{number.low:.3g} to {number.high:.3g}",
            number.verdict,
            ", ".join(_code(one) for one in number.targets) or "-",
            row.grade,
        )

    head = ("name", "symbol", "plausible range", "calibrated mean", "5-95 %", "narrowed by",
            "mostly by target", "grade of the range")  # fmt: skip
    table = _table(head, map(cells, found.numbers.values()))
    return f"The plausible sets are {found.constrained_by}.\n\n{table}"


def _outcome_table() -> str:
    def cells(outcome: outcomes.Outcome) -> Sequence[str]:
        return (
            _code(outcome.name),
            outcome.unit,
            _prose(outcome.meaning),
            outcome.kind,
            outcome.overall,
            outcome.better,
        )

    head = ("name", "unit", "meaning", "summary at a week", "over regions", "better")
    return _table(head, map(cells, outcomes.OUTCOMES.values()))


def _stream_table() -> str:
    names = {
        number: name
        for name, number in vars(streams).items()
        if name.isupper() and isinstance(number, int) and number in streams.LAYOUT
    }
    rows = [
        (str(number), _code(names[number]), _prose(entity), *words)
        for number, (entity, words) in streams.LAYOUT.items()
    ]
    return _table(("number", "purpose", "entity", "word 0", "word 1", "word 2", "word 3"), rows)


def _sections(source: str) -> list[tuple[int, str]]:
    """Line and title of each part of a module that is headed by a ruled-off comment."""
    lines = source.splitlines()
    return [
        (number + 1, lines[number].lstrip("# "))
        for number in range(1, len(lines))
        if re.fullmatch(r"# -{20,}", lines[number - 1]) and lines[number].startswith("# ")
    ]


def _rule_rows() -> Iterator[Sequence[str]]:
    sections = _sections(inspect.getsource(rules))
    shown = ""
    for function in RULES:
        line = function.__code__.co_firstlineno
        section = next((title for start, title in reversed(sections) if start < line), "")
        text = " ".join((inspect.getdoc(function) or "").split())
        text = re.sub(r":\w+:(`[^`]*`)|`(`[^`]*`)`", r"\1\2", text)
        yield (section if section != shown else "", _code(function.__name__), _prose(text))
        shown = section


def _rule_table() -> str:
    return _table(("part", "function of `sim/core/rules.py`", "what it says"), _rule_rows())


def _state_table() -> str:
    rows = [
        (v.entity, _code(v.name), _code(v.symbol) if v.symbol != "-" else "-", v.unit,
         _prose(v.meaning), v.changes)
        for v in STATE
    ]  # fmt: skip
    return _table(("entity", "name", "symbol", "unit", "meaning", "changes in step"), rows)


def _reference_list() -> str:
    return "\n".join(f"- {_prose(one.text)}" for one in references().values())


TABLES: dict[str, Callable[[], str]] = {
    "state": _state_table,
    "parameters": _parameter_table,
    "calibrated": _calibrated_table,
    "outcomes": _outcome_table,
    "streams": _stream_table,
    "rules": _rule_table,
    "references": _reference_list,
}
"""The generated tables by the name of their marker."""


# --- the text --------------------------------------------------------------------------------


def odd_text() -> str:
    """The whole of ``docs/ODD.md``.

    Raises:
        ValueError: the template names a table that does not exist, or leaves one out.
    """
    template = TEMPLATE.read_text(encoding="utf-8")
    named = _MARKER.findall(template)
    if sorted(named) != sorted(TABLES):
        raise ValueError(f"the template names the tables {sorted(named)}, not {sorted(TABLES)}")

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"{match.group()}\n\n{TABLES[name]()}\n\n<!-- end of table: {name} -->"

    return _MARKER.sub(fill, template)


def write(path: str | os.PathLike[str]) -> None:
    """Write the ODD text to a file (UTF-8, one newline a line on every system)."""
    Path(path).write_text(odd_text(), encoding="utf-8", newline="\n")
