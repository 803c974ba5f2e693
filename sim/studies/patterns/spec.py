"""Spec: the patterns of a study (Pattern), and the cases to which they apply (Case, cases_of)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from sim.core.errors import InputError, did_you_mean, shown
from sim.present.format import count
from sim.scenario.checking import Frozen, FrozenDict, Issue, Number, Shape, Strict, Words, refusal
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.measures import Measure, variants
from sim.studies.patterns.statements import Comparison, parse_statement
from sim.studies.spec import Option, OverSets, Study, week_number

HELP = """Look for known patterns: in which share of plausible worlds does each hold?

Each pattern compares measures of runs, such as "effect on trust at 104 > 0.05". The share of
parameter sets in which it holds is given without what chance adds, and each pattern says whether
the mechanisms earn it or it was built in.

\b
Examples:
  codose patterns patterns
  codose patterns my_patterns.yaml --sets 20 -n 4 --out results/mine
"""
ENOUGH = 0.8
"""A pattern holds if its comparisons hold in this share of the sets."""


def _statements(value: Any) -> tuple[str, ...]:
    """Check a statement, or a list of statements."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not given:
        raise refusal(
            f"{shown(value)} is not a statement", allowed="a statement, or a list of them"
        )
    return tuple(Words(500).check(one) for one in given)


_STATEMENT = Shape(
    _statements,
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
)


class Case(Strict):
    """A scenario of its own, made from one of the study's."""

    scenario: Annotated[str, Words(1000, optional=True)] = ""
    """The scenario of the study that the case changes; default: the first."""
    levers: Annotated[dict[str, Any], Frozen] = FrozenDict()
    """Levers that are set, such as hours, staff, dosage[0].hours, phone.every_weeks."""
    fields: Annotated[dict[str, Any], Frozen] = FrozenDict()
    """Fields of the scenario that are replaced whole (dosage, shocks ...), before the levers."""


class Pattern(Strict):
    """Something known or expected, and what has to be true of the model if it shows it."""

    id: Annotated[str, Words(60)]
    """A short name."""
    text: Annotated[str, Words(500)]
    """What is known, in a sentence."""
    group: Annotated[str, Words(60)] = "patterns"
    """Patterns of one group are counted together."""
    source: Annotated[str, Words(500)]
    """Source of what is known, or 'our own reading'."""
    earned: bool
    """Whether the pattern comes out of mechanisms that were not written to give it (true), or is
    built in (false)."""
    why: Annotated[str, Words(500)]
    """Why the pattern counts as earned or built in, in a sentence."""
    statement: Annotated[tuple[str, ...], _STATEMENT]
    """The statement that has to hold, such as 'effect on trust at 104 > 0.05'; of a list, each
    one."""
    case: Annotated[str, Words(60, optional=True)] = ""
    """Case of the measures that name none; default: the first scenario."""
    across: Literal["sets", "mean"] = "sets"
    """Whether the statement is tested in each set or in the mean over the sets."""


LOOKS_AT_PEOPLE = True
"""Surveys ask the people of a run, and only the compiled engine gives access to people."""


class Spec(OverSets):
    """Patterns that the model is held against."""

    kind: Literal["patterns"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """patterns"""
    cases: Annotated[dict[str, Case], Frozen] = FrozenDict()
    """Scenarios made from those of the study, by a name for statements."""
    patterns: tuple[Pattern, ...]
    """The patterns that are looked for."""
    replicates: Annotated[int, Number(2, 2**16, whole=True), Option("-n")] = 8
    """Runs of each set and case, each set with chance of its own."""
    default_replicates: Annotated[int, Number(2, 2**16, whole=True), Option()] = 200
    """Runs of each case at the default parameters."""


def issues(spec: Spec) -> Iterable[Issue]:
    """Mistakes between the fields."""
    if not spec.patterns:
        yield Issue(("patterns",), "is empty", allowed="one pattern or more")
    seen: set[str] = set()
    for place, pattern in enumerate(spec.patterns):
        if pattern.id in seen:
            yield Issue(("patterns", place, "id"), f"{pattern.id!r} is used twice", pattern.id)
        seen.add(pattern.id)
    for name in spec.cases:
        if not name.isidentifier():
            yield Issue(
                ("cases", name), f"{name!r} cannot stand in a statement", name,
                "letters, digits and underscores", key=True,
            )  # fmt: skip


def check(study: Study[Spec]) -> None:
    """Check that each case can be made and can answer its measures.

    Raises:
        StudyError: a case or a statement cannot be used.
    """
    known = cases_of(study)
    for place, pattern in enumerate(study.header.patterns):
        if pattern.case and pattern.case not in known:
            raise _unknown(study, ("patterns", place, "case"), pattern.case, known)
        for row, text in enumerate(pattern.statement):
            where = ("patterns", place, "statement")
            if isinstance(study.document.data["patterns"][place]["statement"], (list, tuple)):
                where = (*where, row)
            try:
                found = parse_statement(text, _first(study, pattern))
            except InputError as error:
                raise _at(study, where, error) from None
            for quantity in (one for comparison in found for one in comparison.quantities):
                if quantity.case not in known:
                    raise _unknown(study, where, quantity.case, known)
                try:
                    _answerable(quantity.measure, known[quantity.case])
                except InputError as error:
                    raise _at(study, where, error) from None


def _answerable(measure: Measure, scenario: Scenario) -> None:
    """Refuse a measure that a scenario cannot answer.

    Raises:
        InputError: the scenario cannot answer the measure; the message gives the reason.
    """
    variants(scenario, [measure])
    if week_number(measure.week, scenario) > scenario.horizon_weeks:
        raise InputError(
            f"'{measure.text}' is past the horizon of {scenario.name!r}", field="measures",
            allowed=f"0..{scenario.horizon_weeks}",
        )  # fmt: skip


def cases_of(study: Study[Spec]) -> Mapping[str, Scenario]:
    """Every scenario by its name in statements: those of the study, and the cases made from them.

    Raises:
        StudyError: a case cannot be made.
    """
    found = dict(zip(study.labels, study.scenarios.values(), strict=True))
    bases = dict(found)
    for name, case in study.header.cases.items():
        if name in bases:
            raise study.error(("cases", name), f"{name!r} is the name of a scenario already")
        base = case.scenario or next(iter(bases))
        if base not in bases:
            raise _unknown(study, ("cases", name, "scenario"), base, bases)
        part = "fields"
        try:
            scenario = bases[base].replace(**case.fields) if case.fields else bases[base]
            part = "levers"
            found[name] = with_levers(scenario, case.levers)
        except InputError as error:
            raise _at(study, ("cases", name, part), error) from None
    return found


def comparisons(study: Study[Spec], pattern: Pattern) -> tuple[Comparison, ...]:
    """All comparisons that have to hold for a pattern."""
    case = _first(study, pattern)
    return tuple(one for text in pattern.statement for one in parse_statement(text, case))


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    assert study.plausible is not None
    header = study.header
    return (
        f"{header.name}: {count(len(header.patterns), 'pattern')}, "
        f"{count(len(study.plausible), 'set')}, {header.replicates} runs of each and case"
    )


def _first(study: Study[Spec], pattern: Pattern) -> str:
    return pattern.case or study.labels[0]


def _unknown(
    study: Study[Spec], where: tuple[str | int, ...], name: str, known: Mapping[str, Any]
) -> InputError:
    return study.error(
        where, f"{name!r} is not a case", value=name, allowed=", ".join(known),
        suggestion=did_you_mean(name, known),
    )  # fmt: skip


def _at(study: Study[Spec], where: tuple[str | int, ...], error: InputError) -> InputError:
    """An error of a part of a study, with the line of that part."""
    found = error.problem
    last = found.field.rpartition(".")[2]
    message = (
        found.message
        if last in ("", "measures", "statement")
        else f"{found.field}: {found.message}"
    )
    return study.error(
        where, message, value=found.value, allowed=found.allowed, suggestion=found.suggestion
    )
