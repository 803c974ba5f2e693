"""The cells of a surface: which dosages there are, what they cost, and their scenarios."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.contact_log import MAX_HOURS, MAX_WEEKS
from sim.core.units import months_of
from sim.dosage import MODES, planned
from sim.errors import InputError, Problem, did_you_mean
from sim.levers import SITES, end_after, with_levers
from sim.outcomes import OUTCOMES, check_outcome
from sim.scenario import ContactSeries, Scenario

LEAST_HOURS = 0.25
"""A contact shorter than a quarter of an hour is not offered as a way to spend a budget."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One dosage.

    Attributes:
        every_weeks, hours, co_creation, months, mode, sites: its place on every axis; co_creation,
            months, mode and sites are None where the scenario's own stay.
        planned_hours: provider hours a week and region that its calendar asks for.
        on_budget_line: whether ``hours`` were worked out from the budget.
        affordable: within the budget (always, without one). A cell that is not was not run.
    """

    every_weeks: float
    hours: float
    co_creation: float | None
    months: float | None
    mode: str | None
    sites: int | None
    planned_hours: float
    on_budget_line: bool = False
    affordable: bool = True

    @property
    def facet(self) -> tuple[object, ...]:
        """Its place on the axes that a map does not show."""
        return (self.co_creation, self.months, self.mode, self.sites)


# --- checking ----------------------------------------------------------------------------------


def main_series(scenario: Scenario) -> ContactSeries:
    if not scenario.dosage:
        raise InputError(
            Problem(
                "the scenario has no contact series, so nothing says the mode, the weeks and the "
                "co-creation of what is to be varied",
                field="dosage",
                allowed="a scenario with a contact series",
            )
        )
    return min(scenario.dosage, key=lambda one: one.every_weeks)


def target_level(name: str, value: object) -> float:
    low, high = OUTCOMES[check_outcome(name).name].low, OUTCOMES[name].high
    top = math.inf if high is None else high
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= top:
        allowed = f"{low:g} or more" if high is None else f"{low:g}..{high:g}"
        raise InputError(Problem(f"{value!r} is out of range", f"target {name}", value, allowed))
    return float(value)


def _axis(
    name: str, values: Sequence[Any], low: float, high: float, *, whole: bool = False,
    above: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """A checked axis: numbers within limits, each once, ascending."""
    allowed = f"{'above ' if above else ''}{low:g}..{high:g}" + (", whole" if whole else "")
    if not len(values):
        raise InputError(Problem("is empty", field=name, allowed=allowed))
    for value in values:
        good = not isinstance(value, bool) and isinstance(value, int | float)
        good = good and (low < value if above else low <= value) and value <= high
        if not good or (whole and value != int(value)):
            raise InputError(Problem(f"{value!r} is out of range", name, value, allowed))
    return tuple(sorted(set(values)))


def checked_axes(
    scenario: Scenario,
    series: ContactSeries,
    every_weeks: Sequence[float],
    hours: Sequence[float],
    co_creation: Sequence[float] | None,
    months: Sequence[float] | None,
    mode: Sequence[str] | None,
    sites: Sequence[int] | None,
) -> dict[str, tuple[Any, ...]]:
    longest = months_of(MAX_WEEKS - series.first_week + 1)
    for one in mode or ():
        if one not in MODES:
            raise InputError(
                Problem(
                    f"{one!r} is not a mode",
                    "mode",
                    one,
                    ", ".join(MODES),
                    did_you_mean(one, MODES),
                )
            )
    if sites is not None and (
        scenario.providers.assignment is not None
        or isinstance(scenario.providers.weekly_hours, tuple)
    ):
        raise InputError(
            Problem(
                "cannot be varied in a scenario that says which provider has which region or hours",
                field="sites",
                allowed="a scenario with a number of providers and one number of weekly hours",
            )
        )
    regions = len(scenario.region_names)
    return {
        "every_weeks": _axis("every_weeks", every_weeks, 1, 520),
        "hours": _axis("hours", hours, 0, MAX_HOURS, above=True),
        "co_creation": (None,) if co_creation is None else _axis("co_creation", co_creation, 0, 1),
        "months": (None,) if months is None else _axis("months", months, 1, longest),
        "mode": (None,) if mode is None else tuple(dict.fromkeys(mode)) or (None,),
        "sites": (None,) if sites is None else _axis("sites", sites, 1, regions, whole=True),
    }


# --- cells -------------------------------------------------------------------------------------


def cell_scenario(
    scenario: Scenario, series: ContactSeries, keep_others: bool, cell: Cell
) -> Scenario:
    """The scenario with the dosage of a cell."""
    number = scenario.dosage.index(series)
    own: dict[str, Any] = {
        "every_weeks": cell.every_weeks, "hours": cell.hours, "timing": "scheduled",
        "co_creation": cell.co_creation, "mode": cell.mode,
    }  # fmt: skip
    settings = {f"dosage[{number}].{name}": v for name, v in own.items() if v is not None}
    if cell.months is not None:
        end = end_after(scenario, cell.months)
        settings["horizon_weeks"] = max(scenario.horizon_weeks, end)
        settings |= {"months": cell.months} if keep_others else {f"dosage[{number}].last_week": end}
    if cell.sites is not None:
        settings[SITES] = cell.sites
    made = with_levers(scenario, settings)
    return made if keep_others else made.replace(dosage=[made.dosage[number].model_dump()])


def planned_provider_hours(scenario: Scenario) -> float:
    """Planned provider hours a week of TA and region, on average over the weeks 1..end of TA."""
    cost = planned(scenario)
    hours = cost.total.provider_hours + cost.spent.provider_hours
    return hours / (len(scenario.region_names) * max(1, scenario.end_of_ta))


def make_cells(
    scenario: Scenario,
    series: ContactSeries,
    keep_others: bool,
    axes: Mapping[str, tuple[Any, ...]],
    budget: float | None,
) -> list[Cell]:
    """The grid and, under a budget, the budget line.

    Planned hours are linear in the hours of a contact: two calendars a column say all.
    """
    if budget is not None and (isinstance(budget, bool) or not 0 < budget <= 168):
        raise InputError(
            Problem(f"{budget!r} is out of range", "provider_hours", budget, "above 0, to 168")
        )
    grid: list[Cell] = []
    line: list[Cell] = []
    least = math.inf
    outer = [axes[name] for name in ("co_creation", "months", "mode", "sites", "every_weeks")]
    for shared, length, mode, sites, every in itertools.product(*outer):
        at = {"co_creation": shared, "months": length, "mode": mode, "sites": sites}
        one, two = (
            planned_provider_hours(
                cell_scenario(
                    scenario, series, keep_others, Cell(every, h, **at, planned_hours=0.0)
                )
            )
            for h in (1.0, 2.0)
        )
        slope, fixed = two - one, 2.0 * one - two
        least = min(least, fixed + slope * LEAST_HOURS)
        for h in axes["hours"]:
            hours = fixed + slope * h
            inside = budget is None or hours <= budget
            grid.append(Cell(every, h, **at, planned_hours=hours, affordable=inside))
        if budget is not None and slope > 0:
            # The last digits are given away, so that rounding never overspends.
            exact = min((budget - fixed) / slope * (1 - 1e-12), float(axes["hours"][-1]))
            if exact >= LEAST_HOURS:
                spent = fixed + slope * exact
                line.append(Cell(every, exact, **at, planned_hours=spent, on_budget_line=True))
    if budget is not None and not line:
        raise InputError(
            Problem(
                f"{budget:g} provider hours a week and region pay for no contact of a quarter of "
                "an hour at any of these frequencies, with preparation and travel",
                field="provider_hours",
                value=budget,
                allowed=f"{math.ceil(least * 100) / 100:g} or more here, or rarer contacts",
            )
        )
    return grid + line
