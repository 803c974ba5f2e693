"""Cell: one dosage of a surface; cells_of: all cells; scenario_of: the scenario of a cell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.model.dosage import Planned, planned
from sim.scenario.fields import ContactSeries
from sim.scenario.levers import SITES, end_after, with_levers
from sim.scenario.scenario import Scenario
from sim.studies.spec import Study
from sim.studies.surface import AXES

if TYPE_CHECKING:
    from sim.studies.surface.spec import Spec

LEAST_HOURS = 0.25
"""Shortest contact, a quarter of an hour, on a budget line."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One dosage.

    Attributes:
        every_weeks, hours, co_creation, months, mode, functions, sites: the values on every axis;
            co_creation, months, mode, functions and sites are None where the scenario's own stay.
        planned_hours: provider hours per week and region in its calendar.
        centre, regions: planned cost in money, by payer.
        spend: the amount of the budget that it takes; without a budget, ``planned_hours``.
        on_budget_line: whether ``hours`` were computed from the budget.
        affordable: whether it is within the budget (always, without one); other cells are not run.
    """

    every_weeks: float
    hours: float
    co_creation: float | None = None
    months: float | None = None
    mode: str | None = None
    functions: str | None = None
    sites: int | None = None
    planned_hours: float = 0.0
    centre: float = 0.0
    regions: float = 0.0
    spend: float = 0.0
    on_budget_line: bool = False
    affordable: bool = True

    @property
    def facet(self) -> tuple[Any, ...]:
        """The values on the axes that a map does not show."""
        return (self.co_creation, self.months, self.mode, self.functions, self.sites)


def main_series(scenario: Scenario) -> ContactSeries:
    """The most frequent contact series (the first of equals)."""
    return min(scenario.dosage, key=lambda one: one.every_weeks)


def scenario_of(scenario: Scenario, cell: Cell, *, keep_others: bool = False) -> Scenario:
    """The scenario with the dosage of a cell, which any command can run.

    >>> source = Scenario.shipped("source")
    >>> scenario_of(source, Cell(8, 2.0)).to_dict()["dosage"][0]["every_weeks"]
    8.0
    """
    number = scenario.dosage.index(main_series(scenario))
    own: dict[str, Any] = {
        "every_weeks": cell.every_weeks, "hours": cell.hours, "timing": "scheduled",
        "co_creation": cell.co_creation, "mode": cell.mode, "functions": cell.functions,
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


def planned_provider_hours(scenario: Scenario, cost: Planned | None = None) -> float:
    """Planned provider hours per week of TA and region, on average over the weeks 1..end of TA.

    Args:
        scenario: the scenario.
        cost: the planned cost of the scenario, if it has been computed.
    """
    cost = planned(scenario) if cost is None else cost
    hours = cost.total.provider_hours + cost.spent.provider_hours
    return hours / (len(scenario.region_names) * max(1, scenario.end_of_ta))


def is_budgeted(spec: Spec) -> bool:
    """Whether the study has a budget."""
    return limit_of(spec) is not None


def is_of_money(spec: Spec) -> bool:
    """Whether cells are ranked by money; else by provider hours."""
    return spec.budget is not None and spec.budget.measure.startswith("money")


def limit_of(spec: Spec) -> float | None:
    """The amount of the budget; None where there is no budget."""
    if spec.provider_hours is not None:
        return spec.provider_hours
    return None if spec.budget is None else spec.budget.limit


def budget_words(spec: Spec) -> str:
    """The budget in words."""
    if spec.provider_hours is not None or spec.budget is None:
        return f"{spec.provider_hours:g} provider hours a week and region"
    return spec.budget.text


@dataclass(frozen=True)
class _Column:
    """The resources of cells with one frequency. They are linear in the hours of a contact, so two
    calendars are enough."""

    fixed: np.ndarray
    slope: np.ndarray

    def at(self, hours: float) -> np.ndarray:
        return self.fixed + self.slope * hours

    def hours_for(self, limit: float) -> float:
        """The longest contact with which no period spends more than the budget."""
        fixed, slope = self.fixed[_SPENT:], self.slope[_SPENT:]
        paid = (limit - fixed[slope > 0]) / slope[slope > 0]
        # The result is cut by some last digits, so that rounding never overspends.
        return float(paid.min(initial=math.inf)) * (1 - 1e-12)


_SPENT = 3
"""Index of the first period in the resources of a cell, after planned hours, centre and regions."""


def _takes(spec: Spec, scenario: Scenario) -> np.ndarray:
    cost = planned(scenario)
    hours = planned_provider_hours(scenario, cost)
    counted = [hours] if spec.budget is None else spec.budget.spends(cost)
    return np.array([hours, cost.total.centre, cost.total.regions, *counted])


@lru_cache(maxsize=8)
def cells_of(study: Study[Spec]) -> tuple[Cell, ...]:
    """The cells of the grid and, with a budget, of the budget line.

    Raises:
        StudyError: the budget pays for no contact at any frequency.
    """
    spec, limit = study.header, limit_of(study.header)
    grid: list[Cell] = []
    line: list[Cell] = []
    least = math.inf
    lengths = _values(spec, "hours")
    for column in _frequencies(spec):
        takes = _column(study, column)
        least = min(least, float(takes.at(LEAST_HOURS)[_SPENT:].max(initial=0.0)))
        grid += [_priced(column(hours=hours), takes, limit) for hours in lengths]
        if limit is not None and (takes.slope[_SPENT:] > 0).any():
            exact = min(takes.hours_for(limit), float(lengths[-1]))
            if exact >= LEAST_HOURS:
                line.append(_priced(column(hours=exact, on_budget_line=True), takes, math.inf))
    if limit is not None and not line:
        name = "provider_hours" if spec.provider_hours is not None else "budget"
        raise study.error(
            (name,),
            f"{budget_words(spec)} pay for no contact of a quarter of an hour at any of these "
            "frequencies, with preparation and travel",
            value=limit,
            allowed=f"{math.ceil(least * 100) / 100:g} or more here, or rarer contacts",
        )
    return tuple(grid + line)


def _values(spec: Spec, axis: str) -> tuple[Any, ...]:
    """The values of an axis, each once: numbers in ascending order, words in the given order."""
    given = getattr(spec, axis)
    if given is None:
        return (None,)
    return (
        tuple(dict.fromkeys(given)) if axis in ("mode", "functions") else tuple(sorted(set(given)))
    )


def _frequencies(spec: Spec) -> list[Callable[..., Cell]]:
    """Functions that make a cell from its hours, one for each frequency and combination."""
    axes = ("co_creation", "months", "mode", "functions", "sites", "every_weeks")
    places = itertools.product(*(_values(spec, axis) for axis in axes))
    return [partial(Cell, **dict(zip(axes, place, strict=True))) for place in places]


def _column(study: Study[Spec], column: Callable[..., Cell]) -> _Column:
    spec = study.header
    one, two = (
        _takes(spec, scenario_of(study.scenario, column(hours=h), keep_others=spec.keep_others))
        for h in (1.0, 2.0)
    )
    return _Column(2.0 * one - two, two - one)


def _priced(cell: Cell, column: _Column, limit: float | None) -> Cell:
    hours, centre, regions, *spent = column.at(cell.hours).tolist()
    spend = max(spent, default=0.0)
    return replace(
        cell, planned_hours=hours, centre=centre, regions=regions, spend=spend,
        affordable=limit is None or spend <= limit,
    )  # fmt: skip


def cell_of(row: dict[Any, Any]) -> Cell:
    """The cell with the values of a table row on all axes."""
    place: dict[str, Any] = {axis: None if _missing(row[axis]) else row[axis] for axis in AXES}
    if place["sites"] is not None:
        place["sites"] = int(place["sites"])
    return Cell(**place)


def _missing(value: Any) -> bool:
    return value is None or value != value
