"""answer: runs every cell, the scenario's own dosage and every counterfactual; makes all tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.model.dosage import planned
from sim.present.format import percent
from sim.present.table import Column, Table
from sim.runs.collect import Points, RunValues
from sim.runs.plan import Job, RunPlan, independent
from sim.scenario.scenario import Scenario
from sim.stats.components import components, mean
from sim.stats.intervals import Share, band, share
from sim.studies.resources import COUNTED, PLANNED, payers
from sim.studies.spec import Study
from sim.studies.surface.grid import (
    Cell,
    budget_words,
    cells_of,
    is_budgeted,
    planned_provider_hours,
    scenario_of,
)
from sim.studies.surface.spec import AXES, SURE, Spec

if TYPE_CHECKING:
    from sim.studies.ask import Runner

TAKES = ("provider_hours", "staff_hours", "cost")
"""Outcomes that measure the resources of a cell."""
NEAR = 0.01
"""Share of an outcome's range within which a cell is as good as the best."""
ALL = "all targets"
"""The entry in place of an outcome for all targets in the same run."""


@dataclass(frozen=True, eq=False)
class Values:
    """The runs of a surface over all regions, at the end of TA of each cell.

    Attributes:
        study: the study.
        cells: every cell, those of the grid first, then the budget line.
        names: names of the outcomes that are kept.
        cell, bare: (cells, sets, replicates, outcomes), with TA and without; NaN in cells that were
            not run, and in failed runs.
        own: (sets, replicates, outcomes), the scenario's own dosage at its own end of TA.
        failed: bool (cells, sets, replicates), runs that failed in the cell or in the paired run
            of the scenario's own dosage; they are left out.
    """

    study: Study[Spec]
    cells: tuple[Cell, ...]
    names: tuple[str, ...]
    cell: np.ndarray
    bare: np.ndarray
    own: np.ndarray
    failed: np.ndarray

    def of(self, place: int, outcome: str) -> np.ndarray:
        """Values (sets, replicates) of a cell."""
        return self.cell[place, ..., self.names.index(outcome)]

    def own_of(self, outcome: str) -> np.ndarray:
        """Values (sets, replicates) of the scenario's own dosage."""
        return self.own[..., self.names.index(outcome)]

    def gain(self, place: int, outcome: str) -> np.ndarray:
        """Gains (sets, replicates) of a cell over no TA."""
        return self.of(place, outcome) - self.bare[place, ..., self.names.index(outcome)]

    def level(self, outcome: str) -> float:
        """The level of a target; the mean of the scenario's own dosage where no outcome has a
        target; NaN where only other outcomes have one."""
        targets = self.study.header.targets
        return targets.get(outcome, math.nan) if targets else mean(self.own_of(outcome))

    def reached(self, place: int, outcome: str) -> np.ndarray:
        """Whether runs of a cell reach the target, or the level of the scenario's own dosage, bool
        (sets, replicates). Where less is better, a run reaches it at the level or below. A run
        whose outcome is empty does not reach it."""
        sign, targets = self.study.about(outcome).sign or 1.0, self.study.header.targets
        goal = targets[outcome] if targets else self.own_of(outcome)
        return sign * self.of(place, outcome) >= sign * goal

    def met(self, place: int, outcomes: Sequence[str]) -> Share:
        """The share of the runs of a cell that reach all of these targets."""
        every = np.logical_and.reduce([self.reached(place, name) for name in outcomes])
        return share(every, self.failed[place])

    @property
    def asked(self) -> tuple[str, ...]:
        """Outcomes with a target; without targets, all that are mapped."""
        header = self.study.header
        return tuple(header.targets) or header.shown

    @property
    def run(self) -> list[int]:
        """Indices of the cells that were run."""
        return [place for place, cell in enumerate(self.cells) if cell.affordable]


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """Make the runs and return every table of a surface."""
    values = values_of(study, run)
    every = [_cheapest(values), _best(values), _maps(values), _own(values), _surface(values)]
    if any(cell.on_budget_line for cell in values.cells):
        every.insert(2, _budget_line(values))
    return {table.name: table for table in every}


def values_of(study: Study[Spec], run: Runner) -> Values:
    """The runs of all cells, made in one plan."""
    spec, scenario, cells = study.header, study.scenario, cells_of(study)
    names = tuple(dict.fromkeys([*spec.shown, *TAKES]))
    jobs: list[Job] = []

    def add(one: Scenario, week: int) -> int:
        jobs.append(independent(one, study.sets(one), spec.replicates, [week]))
        return len(jobs) - 1

    made = [
        scenario_of(scenario, cell, keep_others=spec.keep_others) if cell.affordable else None
        for cell in cells
    ]
    own = add(scenario, scenario.end_of_ta)
    worlds: dict[tuple[int, int, int], int] = {}
    for cell in made:
        if cell is not None and _world(cell) not in worlds:
            worlds[_world(cell)] = add(cell.without_ta(), cell.end_of_ta)
    places = [None if cell is None else add(cell, cell.end_of_ta) for cell in made]
    bare = [None if cell is None else worlds[_world(cell)] for cell in made]
    found: RunValues = run(RunPlan(tuple(jobs), study.seed), Points(names))

    def of(job: int | None) -> np.ndarray:
        values = found.grid(own if job is None else job)[:, :, 0, 0]
        return np.full(values.shape, np.nan) if job is None else values

    lost = [
        found.failed(own) if job is None else found.failed(job) | found.failed(own)
        for job in places
    ]
    return Values(
        study, cells, names, np.stack([of(job) for job in places]),
        np.stack([of(job) for job in bare]), of(own), np.stack(lost),
    )  # fmt: skip


def _world(scenario: Scenario) -> tuple[int, int, int]:
    """The key of the counterfactual without TA of a cell."""
    return scenario.providers.count, scenario.horizon_weeks, scenario.end_of_ta


# --- tables --------------------------------------------------------------------------------------

_AXIS_COLUMNS = (
    Column("cell", format="given", meaning="its number in the table surface"),
    Column("every_weeks", format="given", heading="weeks between"),
    Column("hours", format="number", heading="hours a contact"),
    Column("co_creation", format="given", heading="co-creation"),
    Column("months", format="given"),
    Column("mode"),
    Column("functions", heading="functions"),
    Column("sites", format="given", heading="regions a provider"),
)
_PLANNED = (
    Column("planned_provider_hours", "h", "number", "a week of TA and region, if every contact is "
           "held", "planned provider hours"),
    *PLANNED,
)  # fmt: skip
_MET = (
    Column("target", meaning="level that is to be reached"),
    Column("p_target", format="percent", meaning="share of the runs", heading="met in"),
    Column("p_low", format="percent", meaning="90 % interval of this share", heading="from"),
    Column("p_high", format="percent", heading="to"),
)
_ENDS = (Column("p05", heading="5 %"), Column("p95", heading="95 %"))


def _table(
    values: Values, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column],
    title: str, note: str,
) -> Table:  # fmt: skip
    """A table with descriptions of those columns that it has."""
    frame = pd.DataFrame(rows)
    for axis in ("co_creation", "months", "sites"):
        if axis in frame:
            frame[axis] = frame[axis].astype(float)
    known = [column for column in columns if column.name in frame]
    run = values.run
    made = values.failed[run]
    return Table(name, frame, known, title=title, note=note,
                 rests_on=(int((~made).sum()), made.size))  # fmt: skip


def _place(values: Values, place: int) -> dict[str, Any]:
    """The position of a cell on all axes, and its planned resources."""
    cell = values.cells[place]
    return {
        "cell": place,
        **dict(zip(AXES, _axes(cell), strict=True)),
        "planned_provider_hours": cell.planned_hours,
        "planned_cost": cell.centre + cell.regions,
        "planned_cost_centre": cell.centre,
        "planned_cost_regions": cell.regions,
    }


def _axes(cell: Cell) -> tuple[object, ...]:
    """The key of a cell; a cell of the grid may be on the budget line too."""
    return tuple(getattr(cell, name) for name in AXES)


def _counted(values: Values, place: int, level: np.ndarray) -> dict[str, int]:
    made = level.size if values.cells[place].affordable else 0
    return {"n": int((~np.isnan(level)).sum()), "runs": made}


def _share(values: Values, place: int, outcomes: Sequence[str]) -> dict[str, float]:
    """The share of runs in which a cell meets targets; NaN for a cell that was not run."""
    if not outcomes or not values.cells[place].affordable:
        return {"p_target": math.nan, "p_low": math.nan, "p_high": math.nan}
    found = values.met(place, outcomes)
    return {"p_target": found.p, "p_low": found.low, "p_high": found.high}


def _surface(values: Values) -> Table:
    """A row for each cell and outcome; NaN in cells that the budget does not pay for."""
    rows = []
    for outcome in values.study.header.shown:
        asked = [outcome] if outcome in values.asked else []
        for place, cell in enumerate(values.cells):
            level = values.of(place, outcome)
            low, high = band(level)
            takes = {name: mean(values.of(place, name)) for name in TAKES}
            rows.append(
                _place(values, place)
                | {"on_budget_line": cell.on_budget_line, "affordable": cell.affordable}
                | {
                    "outcome": outcome,
                    "unit": values.study.about(outcome).unit,
                    "mean": mean(level),
                }
                | {"p05": low, "p95": high, "gain_mean": mean(values.gain(place, outcome))}
                | {"target": values.level(outcome), **_share(values, place, asked)}
                | {"chance_share": components(level).chance_share}
                | {"provider_hours": takes["provider_hours"], "staff_hours": takes["staff_hours"]}
                | {"expected_cost": takes["cost"], **_counted(values, place, level)}
            )
    columns = (
        *_AXIS_COLUMNS, *_PLANNED, *_ENDS, *_MET, *COUNTED,
        Column("gain_mean", format="signed", meaning="over no TA", heading="gain"),
        Column("chance_share", format="percent", heading="chance",
               meaning="its share in the variance of a single run"),
        Column("provider_hours", "h", "number", "mean of the runs, all regions, to the end of TA"),
        Column("staff_hours", "h", "number", "mean of the runs"),
        Column("expected_cost", "money", "money", "mean of the runs", "expected spend"),
    )  # fmt: skip
    note = (
        "Outcomes at the end of TA of each cell, over all runs. Where an axis is empty, the "
        "scenario's own value applies."
    )
    return _table(values, "surface", rows, columns, "Every cell", note)


def _own(values: Values) -> Table:
    """The scenario's own dosage as it stands, with a row for each outcome."""
    cost, scenario = planned(values.study.scenario), values.study.scenario
    rows = []
    for outcome in values.study.header.shown:
        level = values.own_of(outcome)
        low, high = band(level)
        rows.append(
            {"outcome": outcome, "unit": values.study.about(outcome).unit, "mean": mean(level)}
            | {"p05": low, "p95": high}
            | {"planned_provider_hours": planned_provider_hours(scenario, cost)}
            | payers(cost.total)
            | {"n": int((~np.isnan(level)).sum()), "runs": level.size}
        )
    return _table(values, "own", rows, (*_ENDS, *_PLANNED, *COUNTED),
                  "The scenario's own dosage", "Outcomes at its own end of TA.")  # fmt: skip


def _best(values: Values) -> Table:
    """The best mean of each outcome, and the number of cells that may be as good."""
    rows = []
    for outcome in values.study.header.shown:
        about = values.study.about(outcome)
        sign = about.sign or 1.0
        worth = {place: sign * mean(values.of(place, outcome)) for place in values.run}
        worth = {place: one for place, one in worth.items() if not math.isnan(one)}
        if not worth:
            continue
        place = max(worth, key=lambda one: worth[one])
        level = values.of(place, outcome)
        low, high = band(level)
        margin = NEAR * (1.0 if about.high is None else about.high - about.low)
        near = [values.cells[at] for at, one in worth.items() if one >= worth[place] - margin]
        rows.append(
            {"outcome": outcome, "unit": about.unit, **_place(values, place), "mean": mean(level)}
            | {"p05": low, "p95": high, "gain_mean": mean(values.gain(place, outcome))}
            | {"near": len({_axes(one) for one in near}) - 1, **_counted(values, place, level)}
        )
    columns = (
        *_AXIS_COLUMNS, *_ENDS, *_PLANNED, *COUNTED,
        Column("gain_mean", format="signed", meaning="over no TA", heading="gain"),
        Column("near", format="given", meaning="other cells whose mean is within 1 % of the range",
               heading="cells as good"),
    )  # fmt: skip
    where = " within the budget" if is_budgeted(values.study.header) else ""
    return _table(values, "best", rows, columns, f"The best cell{where}, by outcome",
                  "At the end of TA, the best of many cells looks better than it is.")  # fmt: skip


def _cheapest(values: Values) -> Table:
    """For each target, the cell with the least planned resources that meets it surely enough, else
    the likeliest cell; with several targets, also a row for all of them in the same run."""
    asked: list[tuple[str, tuple[str, ...]]] = [(name, (name,)) for name in values.asked]
    if len(values.study.header.targets) > 1:
        asked.insert(0, (ALL, values.asked))
    rows = []
    for label, outcomes in asked:
        met = {place: values.met(place, outcomes) for place in values.run}
        sure = [place for place, one in met.items() if one.p >= SURE]
        if sure:
            place = min(sure, key=lambda one: (values.cells[one].spend, -met[one].p))
        else:
            known = [place for place, one in met.items() if one.runs] or values.run
            place = max(known, key=lambda one: (met[one].p, -values.cells[one].spend))
        found = met[place]
        rows.append(
            {"outcome": label, "target": math.nan if label == ALL else values.level(label)}
            | {"surely": bool(sure), **_place(values, place)}
            | {"p_target": found.p, "p_low": found.low, "p_high": found.high}
            | {"hits": found.hits, "n": found.runs, "runs": values.failed[place].size}
        )
    columns = (
        *_MET, *_AXIS_COLUMNS, *_PLANNED, *COUNTED,
        Column("surely", meaning=f"whether at least {percent(SURE)} of the runs reach it",
               heading="surely enough"),
        Column("hits", format="count", meaning="runs that reach it", heading="reached in"),
    )  # fmt: skip
    own = "what the scenario's own dosage reaches, run by run"
    goal = "the target" if values.study.header.targets else own
    note = (
        "This is the cell with the least planned spend (of the budget; without one, of provider "
        f"hours) among those in which at least {percent(SURE)} of the runs reach {goal}. Where "
        "there is no such cell, it is the likeliest."
    )
    return _table(values, "cheapest", rows, columns, "The cheapest cell that reaches it", note)


def _budget_line(values: Values) -> Table:
    """The hours that the budget just pays for at each frequency, with a row for each cell and a
    column for each outcome."""
    rows = [
        _place(values, place)
        | {"spend": cell.spend}
        | {name: mean(values.of(place, name)) for name in values.study.header.shown}
        for place, cell in enumerate(values.cells)
        if cell.on_budget_line
    ]
    columns = (
        *_AXIS_COLUMNS, *_PLANNED,
        Column("spend", format="number", meaning="what it takes of the budget"),
        *(
            Column(name, values.study.about(name).unit, "number")
            for name in values.study.header.shown
        ),
    )  # fmt: skip
    return _table(
        values, "budget_line", rows, columns,
        f"What {budget_words(values.study.header)} pay for",
        "Means at the end of TA. Hours a contact are at most the longest of the grid.",
    )  # fmt: skip


def _maps(values: Values) -> Table:
    """The grid as a map, with a row for each outcome and hours per contact and a column for each
    frequency."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    weeks = sorted({cell.every_weeks for cell in values.cells})
    for outcome in values.study.header.shown:
        grid = [(place, cell) for place, cell in enumerate(values.cells) if not cell.on_budget_line]
        for place, cell in grid:
            row = rows.setdefault(
                (outcome, cell.facet, cell.hours),
                {"outcome": outcome, **{name: getattr(cell, name) for name in AXES[2:]}}
                | {"hours": cell.hours},
            )
            row[_week(cell.every_weeks)] = mean(values.of(place, outcome))
    facets = list(dict.fromkeys(cell.facet for cell in values.cells))
    names = values.study.header.shown
    order = sorted(rows, key=lambda key: (names.index(key[0]), facets.index(key[1]), -key[2]))
    columns = (
        *_AXIS_COLUMNS,
        *(Column(_week(each), heading=f"every {each:g} weeks", format="number") for each in weeks),
    )
    return _table(values, "maps", [rows[key] for key in order], columns, "Maps",
                   "Means at the end of TA over all runs, by hours a contact and weeks between "
                   "contacts; cells that cost more than the budget are empty.")  # fmt: skip


def _week(every: float) -> str:
    return f"every_{every:g}".replace(".", "_")
