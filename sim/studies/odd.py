"""odd_text: the ODD description of the model, with prose from a template and tables from the code.

Only this module writes ``docs/ODD.md``, so a parameter, an outcome, a random stream, a rule, a step
of the week or a starting value cannot differ between the code and its description. Equations stand
in the template as plain text (:mod:`sim.studies.equation`); a terminal prints them as typed, and
the file has them in TeX.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, MappingProxyType

import numpy as np

from sim.core import outcomes, parameters, rules, streams
from sim.engine import compiled, tables
from sim.model.week import CoCreationModel
from sim.present.format import exact, percent
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies import equation
from sim.studies.calibrated import CalibratedNumber, calibrated
from sim.studies.references import references

TEMPLATE = Path(__file__).with_name("odd_template.md")
"""The template. A line ``<!-- table: NAME -->`` is replaced by a table of :data:`TABLES`, and
``@NAME`` by the default and the name of a parameter."""

_BLOCK = re.compile(r"^```equation\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(`[^`]*`)|\$([^$]+)\$")
_MARKER = re.compile(r"^<!-- table: ([a-z]+) -->$", re.MULTILINE)
_DEFAULT = re.compile(r"@(\w+)")


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways in which co-creation helps by assumption.

    Attributes:
        name: the name in the class on the page.
        how: the equations by which it acts.
        without: the parameter values that remove it.
    """

    name: str
    how: str
    without: Mapping[str, float]


WAYS: tuple[Way, ...] = (
    Way(
        "Shared power earns trust",
        "shared power is evidence of integrity (step 5)",
        MappingProxyType({"power_sharing": 0}),
    ),
    Way(
        "Commitments move people and routines",
        "more is agreed than a directive contact assigns, a part of it is the provider's own to do,"
        " what one side keeps moves the other side too, and kept commitments move accountability"
        " and routines (step 4)",
        MappingProxyType(
            {"assigned_share": 1, "reciprocity": 0, "accountability_step": 0, "routine_step": 0}
        ),
    ),
    Way(
        "Tailored contacts teach more",
        "staff learn more where what is done fits their region (step 6)",
        MappingProxyType({"learning_tailoring_floor": 1}),
    ),
    Way(
        "The provider gets to know the region",
        "by working together; knowing the region is evidence of ability, too (steps 5 and 6)",
        MappingProxyType({"context_step": 0}),
    ),
)
"""The four ways of co-creation; the ladder study and the class on the page remove the same."""

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
    """Text that Markdown shows unchanged in one cell."""

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
            f"${row.symbol}$",
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
            f"${row.symbol}$",
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


def _schedule_table() -> str:
    """The functions that a step of the readable model calls, in their order."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(CoCreationModel.step)))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "self"
    ]
    rows = []
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        assert isinstance(call.func, ast.Attribute)
        name = call.func.attr
        text = " ".join((inspect.getdoc(getattr(CoCreationModel, name)) or "").split())
        if not text.startswith("Step"):  # the call only keeps the record of the week
            continue
        rows.append((_code(name), _prose(re.sub(r"``([^`]*)``", r"`\1`", text))))
    return _table(("function of `sim/model/week.py`", "what it says"), rows)


_START_RUNS, _FEW_RUNS, _MANY_STAFF = 200, 2, 1000
_START_LEVELS = ("trust", "knowledge", "integration", "routines")


@cache
def _starting_levels(people: str) -> list[float]:
    """Means over regions and runs in week 0 of a scenario as JSON; networks do not affect them."""
    alone = Scenario.from_dict(json.loads(people))
    runs = _FEW_RUNS if sum(alone.staff_counts) > _MANY_STAFF else _START_RUNS
    values = alone.parameter_set()
    records = compiled.run_chunk(
        compiled.prepare(alone, alone.seed, values.calendar_stagger),
        tables.parameter_rows([values]),
        np.zeros(runs, dtype=np.int64),
        np.arange(runs),
        weeks=[0],
    )
    columns = [outcomes.COLUMN[name] for name in _START_LEVELS]
    return [float(one) for one in np.mean(records, axis=(0, 1, 2))[columns]]


def _people(scenario: Scenario) -> str:
    """The fields of a scenario that decide the people of week 0, as JSON."""
    data = scenario.to_dict()
    kept = {key: data[key] for key in ("seed", "parameters", "beyond_range") if key in data}
    regions = {**data["regions"], "network": "none", "core_team": 1.0, "names": None}
    for override in regions["overrides"].values():
        override.pop("network", None)
    return json.dumps(
        {"name": "people", "horizon_weeks": 1, "regions": regions, **kept}, sort_keys=True
    )


@cache
def _scenario_table() -> str:
    rows = []
    for name in shipped_names():
        scenario = Scenario.shipped(name)
        regions, providers = scenario.regions, scenario.providers
        count = len(scenario.region_names)
        kind = regions.network.kind
        chosen = "all" if regions.candidates == count else f"{regions.selection}"
        staff = "-".join(map(str, sorted(set(scenario.staff_counts))))
        rows.append(
            (
                _code(name),
                f"{count} of {regions.candidates} ({chosen})",
                staff,
                percent(regions.core_team),
                "from a file" if kind == "file" else kind.replace("_", " "),
                f"{providers.count} x {providers.weekly_hours:g} h",
                f"{scenario.end_of_ta if scenario.has_ta else 0} of {scenario.horizon_weeks}",
                *(f"{level:.2f}" for level in _starting_levels(_people(scenario))),
            )
        )
    head = ("scenario", "regions of candidates", "staff of a region", "core team", "network",
            "providers", "weeks with TA", *_START_LEVELS)  # fmt: skip
    told = (
        f"Levels are means over {_START_RUNS} runs with the scenario's seed ({_FEW_RUNS} where"
        f" it has more than {_MANY_STAFF:,} staff), at the default parameters."
    )
    return f"{told}\n\n{_table(head, rows)}"


def _way_table() -> str:
    rows = [
        (
            str(number),
            way.name,
            way.how,
            ", ".join(f"`{name}: {exact(value)}`" for name, value in way.without.items()),
        )
        for number, way in enumerate(WAYS, start=1)
    ]
    return _table(("", "way", "how", "taken away by"), rows)


def _reference_list() -> str:
    return "\n".join(f"- {_prose(one.text)}" for one in references().values())


TABLES: dict[str, Callable[[], str]] = {
    "parameters": _parameter_table,
    "calibrated": _calibrated_table,
    "outcomes": _outcome_table,
    "streams": _stream_table,
    "rules": _rule_table,
    "schedule": _schedule_table,
    "scenarios": _scenario_table,
    "cocreation": _way_table,
    "references": _reference_list,
}
"""The generated tables by the name of their marker."""


# --- the text --------------------------------------------------------------------------------


def odd_text(*, typeset: bool = False) -> str:
    """The whole description.

    Args:
        typeset: whether equations are in TeX, as in ``docs/ODD.md``, instead of plain text.

    Raises:
        ValueError: the template names a table that does not exist, or leaves one out; or an
            equation cannot be read.
        KeyError: the template names a parameter that does not exist.
    """
    template = TEMPLATE.read_text(encoding="utf-8")
    named = _MARKER.findall(template)
    if sorted(named) != sorted(TABLES):
        raise ValueError(f"the template names the tables {sorted(named)}, not {sorted(TABLES)}")

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"{match.group()}\n\n{TABLES[name]()}\n\n<!-- end of table: {name} -->"

    def default(match: re.Match[str]) -> str:
        row = parameters.TABLE[match[1]]
        return f"{exact(row.default)} ({_code(row.name)})"

    return _with_equations(_MARKER.sub(fill, _DEFAULT.sub(default, template)), typeset)


def _with_equations(text: str, typeset: bool) -> str:
    """The text with its equations as TeX, or as they were typed."""

    def block(match: re.Match[str]) -> str:
        if typeset:
            return equation.block_table(match[1])
        lines = (re.sub(r"  # (.+)$", r"    (\1)", line) for line in match[1].splitlines())
        return "```\n" + "\n".join(lines) + "\n```"

    def inline(match: re.Match[str]) -> str:
        if match[1]:  # code
            return match[1]
        typed = " ".join(match[2].split())
        return f"${equation.line_tex(typed)}$" if typeset else typed

    pieces = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        _BLOCK.sub(block, piece) if piece.startswith("```") else _INLINE.sub(inline, piece)
        for piece in pieces
    )
