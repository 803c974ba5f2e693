"""Spec: the fields of a surface, which are its grid, budget and targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from sim.core.errors import InputError, shown
from sim.core.outcomes import NAMES, OUTCOMES
from sim.core.units import count, months_of
from sim.scenario.checking import FrozenDict, Issue, Number, Shape, Words, one_of, refusal
from sim.scenario.contact_log import MAX_HOURS, MAX_WEEKS, MODES
from sim.scenario.functions import PRESETS
from sim.studies.budget import Budget, budget_issues
from sim.studies.spec import Option, OverSets, Study, as_number, assignments
from sim.studies.surface import AXES, EVERY_WEEKS, HOURS, SHOWN

HELP = """Map outcomes over frequency and hours per contact.

In every cell one scheduled series, like the scenario's most frequent one, takes the place of its
dosage. With a budget, cells that take more are empty, and the hours per contact that the budget
just pays for are worked out for each frequency.

\b
Examples:
  codose surface source
  codose surface source --provider-hours 2
  codose surface source --budget money=60000,per=year,of=centre
  codose surface source --target capacity=0.5 --target trust=0.55
  codose surface source --co-creation 0,0.5,1 --every 1,2,4,8,13 --hours 1,2,4
"""
ARGUMENT = "scenario"

SURE = 0.8
"""Share of runs from which a target counts as met surely enough."""


def _numbers(option: str) -> Callable[[str], list[float]]:
    """A reader of the numbers of ``--option 1,2,3``."""

    def read(text: str) -> list[float]:
        found = []
        for part in text.split(","):
            number = as_number(part)
            if number is None:
                raise InputError(
                    f"{part.strip()!r} is not a number", option, text,
                    "numbers with commas between, such as 1,2,4",
                )  # fmt: skip
            found.append(int(number) if number.is_integer() else number)
        return found

    return read


def _commas(values: Sequence[Any]) -> str:
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _read_budget(text: str) -> dict[str, Any]:
    """The fields of ``--budget money=60000,per=year,of=centre``.

    >>> _read_budget("money=60000,per=year")
    {'money': 60000.0, 'per': 'year'}
    """
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = (one.strip() for one in part.partition("="))
        if not (name and equals and value):
            raise InputError(
                f"{part.strip()!r} is not a part of a budget", "--budget", text,
                "such as money=300000,per=year,of=centre",
            )  # fmt: skip
        number = as_number(value)
        found[name] = value if number is None else number
    return found


def _write_budget(fields: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def _read_targets(texts: Sequence[str]) -> dict[str, float]:
    """The levels of ``--target OUTCOME=LEVEL``, each outcome once."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, level = (part.strip() for part in text.partition("="))
        value = as_number(level)
        what = ""
        if value is None:
            what = "is not a target"
        elif not name or name in found:
            what = "names no outcome" if not name else f"names {name} twice"
        if what or value is None:
            allowed = "OUTCOME=LEVEL, such as capacity=0.5"
            raise InputError(f"{text!r} {what}", "--target", text, allowed)
        found[name] = value
    return found


def _targets(value: Any) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise refusal(f"{shown(value)} holds no targets", allowed="a mapping (outcome: level)")
    found = {}
    for name, level in value.items():
        one_of(name, NAMES, "is not an outcome", "the names printed by 'codose outcomes'")
        low, high = OUTCOMES[name].low, OUTCOMES[name].high
        top = math.inf if high is None else high
        if isinstance(level, bool) or not isinstance(level, int | float) or not low <= level <= top:
            allowed = f"{low:g} or more" if high is None else f"{low:g}..{high:g}"
            raise refusal(f"{name} of {shown(level)} is out of range", allowed=allowed)
        found[name] = float(level)
    return FrozenDict(found)


def _one_of(known: Collection[str], what: str) -> Shape:
    """The check of a field that takes one of some names."""
    return Shape(lambda value: one_of(value, known, f"is not {what}"), {"enum": list(known)})


_EVERY = tuple[Annotated[float, Number(1, 520)], ...]
_HOURS = tuple[Annotated[float, Number(0, MAX_HOURS, above=True)], ...]
_SHARES = tuple[Annotated[float, Number(0, 1)], ...] | None
_MONTHS = tuple[Annotated[float, Number(1, MAX_WEEKS)], ...] | None
_MODES = tuple[Annotated[str, _one_of(MODES, "a mode")], ...] | None
_MIXES = tuple[Annotated[str, _one_of(PRESETS, "a named mix of functions")], ...] | None
_SITES = tuple[Annotated[int, Number(1, 1000, whole=True)], ...] | None


def _axis(name: str, metavar: str, default: str = "the scenario's") -> Option:
    return Option(
        name=name, metavar=metavar, read=_numbers(name), write=_commas, default=default
    )  # fmt: skip


class Spec(OverSets):
    """A surface of dose and response."""

    kind: Literal["surface"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """surface"""
    provider_hours: Annotated[
        Annotated[float, Number(0, 168, above=True)] | None, Option(default="no limit")
    ] = None
    """Budget: provider hours a week of TA and region, with preparation and travel."""
    budget: Annotated[
        Budget | None,
        Option(metavar="money=N,per=year,of=centre", read=_read_budget, write=_write_budget,
               default="no limit"),
    ] = None  # fmt: skip
    """Budget: money or provider_hours; per total, year or week; of centre, regions or both."""
    targets: Annotated[
        Mapping[str, float],
        Shape(_targets, {"type": "object", "additionalProperties": {"type": "number"}}),
        Option(name="--target", metavar="OUTCOME=LEVEL", many=True, read=_read_targets,
               write=assignments),
    ] = FrozenDict()  # fmt: skip
    """Level to be reached; default: what the scenario's own dosage reaches; repeatable."""
    every_weeks: Annotated[_EVERY, _axis("--every", "WEEKS,...", "1 to 52")] = EVERY_WEEKS
    """Weeks between contacts."""
    hours: Annotated[_HOURS, _axis("--hours", "HOURS,...", "0.5 to 10")] = HOURS
    """Hours per contact."""
    co_creation: Annotated[_SHARES, _axis("--co-creation", "0..1,...")] = None
    """Planned co-creation: a map for each."""
    months: Annotated[_MONTHS, _axis("--months", "N,...")] = None
    """Months of TA: a map for each."""
    mode: Annotated[_MODES, Option(metavar="MODE,...", read=_words, write=_commas)] = None
    """onsite, video, phone, email: a map for each."""
    functions: Annotated[_MIXES, Option(metavar="NAME,...", read=_words, write=_commas)] = None
    """Named mixes of functions, such as training: a map for each."""
    sites: Annotated[_SITES, _axis("--sites", "N,...")] = None
    """Regions per provider: a map for each."""
    keep_others: Annotated[bool, Option()] = False
    """Keep the scenario's other contact series."""
    outcomes: Annotated[
        tuple[Annotated[str, Words(100)], ...],
        Option(name="--outcome", metavar="NAME", many=True),
    ] = SHOWN
    """Outcome to map, besides those with a target; repeatable."""
    weeks: tuple[Literal["end_of_ta"], ...] = ("end_of_ta",)  # pyright: ignore[reportIncompatibleVariableOverride]
    """Always end_of_ta: each cell at its own end of TA."""
    seed: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        Annotated[int, Number(0, 2**63 - 1, whole=True)] | None, Option()
    ] = None
    """Seed of every random number."""

    @property
    def shown(self) -> tuple[str, ...]:
        """Every outcome that is mapped."""
        return tuple(dict.fromkeys([*self.outcomes, *self.targets]))


def issues(spec: Spec) -> Iterator[Issue]:
    """Mistakes between the fields."""
    for name in AXES:
        axis = getattr(spec, name)
        if axis is not None and not axis:
            yield Issue((name,), "is empty", allowed="one value or more")
    for place, name in enumerate(spec.outcomes):
        if name not in NAMES and name.partition(" ")[0] in ("persistence", "effect"):
            yield Issue(("outcomes", place), "is not mapped", name, "names of outcomes")
    if spec.budget is not None:
        yield from budget_issues(spec.budget)
        if spec.provider_hours is not None:
            yield Issue(("budget",), "is given besides provider_hours", allowed="one of them")


def check(study: Study[Spec]) -> None:
    """Check the axes and the budget against the scenario.

    Raises:
        StudyError: the scenario has no series to vary or lacks an axis, or the budget pays for no
            contact.
    """
    from sim.studies.surface.grid import cells_of, main_series

    scenario, header = study.scenario, study.header
    if not scenario.dosage:
        raise study.error(
            ("scenario",),
            "the scenario has no contact series, so nothing says the mode, the weeks and the "
            "co-creation of what is to be varied",
            allowed="a scenario with a contact series",
        )
    longest = months_of(MAX_WEEKS - main_series(scenario).first_week + 1)
    for place, value in enumerate(header.months or ()):
        if value > longest:
            raise study.error(
                ("months", place), f"{value:g} is out of range", allowed=f"1..{longest:g}"
            )
    _check_sites(study)
    if header.provider_hours is not None or header.budget is not None:
        cells_of(study)


def _check_sites(study: Study[Spec]) -> None:
    providers, regions = study.scenario.providers, len(study.scenario.region_names)
    if study.header.sites is None:
        return
    if providers.assignment is not None or isinstance(providers.weekly_hours, tuple):
        raise study.error(
            ("sites",),
            "cannot be varied in a scenario that says which provider has which region or hours",
            allowed="a scenario with a number of providers and one number of weekly hours",
        )
    for place, value in enumerate(study.header.sites):
        if value > regions:
            raise study.error(
                ("sites", place), f"{value} is out of range", allowed=f"1..{regions}, whole"
            )


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    assert study.plausible is not None
    replicates = study.header.replicates
    return (
        f"{study.labels[0]}: {count(len(study.plausible), 'set')} x "
        f"{count(replicates, 'replicate')} a cell"
    )
