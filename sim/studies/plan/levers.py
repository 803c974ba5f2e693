"""Lever: a setting that a planner may choose, with the values that it may take.

A lever takes values on a grid, in steps that a calendar can follow: nobody plans 1.37 hours every
4.61 weeks. A lever sets every contact series (``hours``), the series of one mode
(``onsite.every_weeks``, where ``never`` leaves the mode out and so changes the mix of modes), or
one field of the scenario (``dosage[0].invited``, ``providers``).

Every contact series goes to every selected region, so a plan cannot leave one region of a scenario
without TA. The lever ``regions`` sets how many regions take part, and ``selection`` how they are
selected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sim.core.errors import InputError, did_you_mean, shown
from sim.scenario.checking import Issue, Number, refusal
from sim.scenario.contact_log import MODES
from sim.scenario.functions import FUNCTIONS
from sim.scenario.levers import NEVER, in_the_way, lever_names, with_levers
from sim.scenario.scenario import Scenario

MOST_LEVERS = 200
MOST_VALUES = 1000
"""Most values of a lever."""
_ALLOWED = "[low, high], {from: low, to: high, step: s}, or {choices: [a, b, ...]}"

STEPS: Mapping[str, float] = {
    "every_weeks": 1.0,
    "hours": 0.5,
    "co_creation": 0.1,
    "taper": 0.25,
    "months": 3.0,
    "core_team": 0.1,
    "invited": 0.1,
    "staff": 1.0,
    "weekly_hours": 1.0,
    "regions": 1.0,
    "providers": 1.0,
    "sites_per_provider": 1.0,
    "count": 1.0,
    "candidates": 1.0,
    "first_week": 1.0,
    "last_week": 13.0,
    **dict.fromkeys(FUNCTIONS, 0.1),
}
"""Default step of a lever, by the last word of its name."""

UNITS: Mapping[str, str] = {
    "every_weeks": "weeks",
    "hours": "h",
    "months": "months",
    "weekly_hours": "h a week",
}


@dataclass(frozen=True, slots=True)
class Lever:
    """One lever.

    Attributes:
        name: the name in the study file.
        values: the values that it may take, in order: numbers, words, or ``never``.
    """

    name: str
    values: tuple[Any, ...]

    @property
    def unit(self) -> str:
        """The unit of the values; empty where they have none."""
        return UNITS.get(self.name.rpartition(".")[2], "")

    def text(self, value: Any) -> str:
        """A value in words, for people."""
        shown_value = f"{value:g}" if isinstance(value, float) else str(value)
        return f"{shown_value} {self.unit}".rstrip() if value != NEVER else NEVER


def levers_of(value: Any) -> tuple[Lever, ...]:
    """The ``levers`` of a plan file: a mapping from name to bounds.

    Raises:
        PydanticCustomError: the levers have a mistake (a checked field adds the line).
    """
    if not isinstance(value, Mapping) or not value:
        raise refusal("names no levers", allowed=f"a mapping from lever to {_ALLOWED}")
    if len(value) > MOST_LEVERS:
        raise refusal(f"names {len(value):,} levers", allowed=f"at most {MOST_LEVERS}")
    return tuple(Lever(str(name), values_of(str(name), spec)) for name, spec in value.items())


def values_of(name: str, spec: Any) -> tuple[Any, ...]:
    """The values of a lever from its bounds."""
    if isinstance(spec, Mapping) and set(spec) == {"choices"}:
        return _choices(name, spec["choices"])
    step = STEPS.get(name.rpartition(".")[2])
    if isinstance(spec, Mapping):
        if not {"from", "to"} <= set(spec) <= {"from", "to", "step"}:
            raise refusal(f"{name}: {shown(spec)} is not a range", allowed=_ALLOWED)
        low, high = (float(Number().check(spec[key])) for key in ("from", "to"))
        step = float(Number(0, 1e6, above=True).check(spec["step"])) if "step" in spec else step
    elif isinstance(spec, (list, tuple)) and len(spec) == 2:
        if any(isinstance(end, str) for end in spec):
            raise refusal(f"{name}: bounds are numbers", allowed=_ALLOWED)
        low, high = (float(Number().check(end)) for end in spec)
    else:
        raise refusal(f"{name}: {shown(spec)} is not a range", allowed=_ALLOWED)
    if low > high:
        raise refusal(
            f"{name}: the bounds are reversed ({low:g} is above {high:g})",
            allowed="[low, high]",
            suggestion=f"[{high:g}, {low:g}]",
        )
    if low == high:
        raise refusal(
            f"{name}: both bounds are {low:g}, so there is nothing to choose",
            allowed="low below high; what stays fixed belongs in the scenario",
        )
    step = (high - low) / 10 if step is None else step
    steps = (high - low) / step  # infinite where the bounds are too far apart
    if steps >= MOST_VALUES:
        raise refusal(
            f"{name}: more than {MOST_VALUES:,} values are too many", allowed="a larger step"
        )
    count = math.floor(steps + 1e-9) + 1
    found = [round(low + i * step, 9) for i in range(count)]
    return tuple(found if found[-1] >= high - 1e-9 else [*found, high])


def _choices(name: str, given: Any) -> tuple[Any, ...]:
    if not isinstance(given, (list, tuple)) or len(given) < 2:
        raise refusal(f"{name}: choices needs two values or more", allowed="[a, b, ...]")
    if len(given) > MOST_VALUES:
        raise refusal(f"{name}: {len(given):,} choices are too many", allowed=f"{MOST_VALUES:,}")
    for place, one in enumerate(given):
        if isinstance(one, (list, dict)) or one is None or isinstance(one, bool):
            raise refusal(f"{name}: {shown(one)} is not a choice", allowed="numbers or words")
        if one in given[:place]:
            raise refusal(f"{name}: the choice {shown(one)} is given twice")
        if one == NEVER and not name.endswith(".every_weeks"):
            raise refusal(
                f"{name}: only how often a mode is used can be {NEVER!r}",
                allowed="a lever such as onsite.every_weeks",
            )
    return tuple(float(one) if isinstance(one, (int, float)) else one for one in given)


# --- checking against a scenario -----------------------------------------------------------------


def faults(levers: tuple[Lever, ...], scenario: Scenario) -> Iterator[Issue]:
    """Mistakes of levers: unknown names, conflicts between levers, and values that no scenario can
    have."""
    known = lever_names(scenario)
    touched: dict[str, str] = {}
    for lever in levers:
        if lever.name not in known:
            yield _fault(
                lever,
                f"{lever.name!r} is not a lever of {scenario.name!r}",
                "every_weeks, hours, co_creation, taper, months, core_team, providers, "
                "sites_per_provider, regions, selection, functions, functions.learning ...; "
                "onsite.every_weeks, video.hours ...; a field such as dosage[0].invited",
                did_you_mean(lever.name, known),
            )
            continue
        if said := in_the_way(lever.name, scenario, touched):
            yield _fault(lever, said)
        else:
            yield from _value_faults(lever, levers, scenario)


def _fault(lever: Lever, message: str, allowed: str = "", suggestion: str = "") -> Issue:
    return Issue(("levers", lever.name), message, None, allowed, suggestion, key=True)


def _value_faults(lever: Lever, levers: tuple[Lever, ...], scenario: Scenario) -> Iterator[Issue]:
    """The first value that the scenario cannot have while the other levers keep their settings."""
    mode, _, field = lever.name.partition(".")
    used = {series.mode for series in scenario.dosage}
    if mode in MODES and mode not in used:
        names = {one.name for one in levers}
        for need in ("every_weeks", "hours"):
            if f"{mode}.{need}" not in names:
                message = f"the scenario has no {mode} contacts; a lever {mode}.{need} is needed"
                yield _fault(lever, message, f"{mode}.{need}: [low, high]")
                return
        if field == "hours" or field == "every_weeks":
            yield from _number_faults(lever, field)
        return
    for value in lever.values:
        try:
            with_levers(scenario, {lever.name: value})
        except InputError as error:
            found = error.problem
            said = f"cannot be {lever.text(value)}: {found.message}"
            yield _fault(lever, said, found.allowed, found.suggestion)
            return


def _number_faults(lever: Lever, field: str) -> Iterator[Issue]:
    limits = {"every_weeks": (1.0, 520.0), "hours": (0.0, 60.0)}[field]
    for value in lever.values:
        if value != NEVER and not (isinstance(value, float) and limits[0] <= value <= limits[1]):
            yield _fault(lever, f"cannot be {value}", f"{limits[0]:g}..{limits[1]:g}")
            return
