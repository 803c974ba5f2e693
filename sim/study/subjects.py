"""What a study asks: the model, or a test function in its place, behind one interface.

A subject takes points of the unit cube and returns outcomes of every replicate. It runs through the
resumable store when it is given a folder; a failed run is NaN and a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from sim.errors import InputError
from sim.levers import with_levers
from sim.parameters import Parameters
from sim.runs.collect import Points
from sim.runs.execute import Execution, execute
from sim.runs.plan import Job, RunPlan, common, fresh
from sim.scenario import Scenario
from sim.study.factors import Space
from sim.study.functions import TestFunction
from sim.study.lever_points import Column, columns_of, names_of, weeks_of
from sim.study.sensitivity_file import Sensitivity
from sim.study.study_file import OutcomeSpec, week_label


@dataclass(frozen=True)
class Label:
    """One column of outcomes: which, and when."""

    spec: OutcomeSpec
    week: str

    @property
    def outcome(self) -> str:
        """As the study file writes it."""
        return self.spec.label


@dataclass(frozen=True)
class Failure:
    """A run without a value: its point and replicate, both from 0, and why."""

    point: int
    replicate: int
    reason: str


@dataclass(frozen=True, eq=False)
class Runs:
    """Outcomes of some points.

    Attributes:
        values: float64 (points, replicates, labels), NaN where a run has no value.
        failures: the runs that failed (an outcome that is empty is NaN and no failure).
        store_seconds: wall time of keeping parts and reading them back, during which the threads
            of the engine may have gone on.
    """

    values: np.ndarray
    failures: tuple[Failure, ...] = ()
    store_seconds: float = 0.0


class Subject(Protocol):
    """What a study asks."""

    @property
    def labels(self) -> tuple[Label, ...]: ...

    @property
    def runs_per_replicate(self) -> int: ...

    def run(self, unit: np.ndarray, first_point: int, tag: str, execution: Execution) -> Runs:
        """Outcomes at (points, factors) of the unit cube.

        ``first_point`` numbers the first of them (fresh luck depends on it), ``tag`` names this
        part of the study in the store.
        """
        ...


def subject_of(asked: Sensitivity) -> Subject:
    """The model or function that a study asks."""
    if asked.function is not None:
        return FunctionSubject(asked, asked.function)
    return ModelSubject(asked)


# --- functions ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FunctionSubject:
    """A test function, with normal luck added when the study asks for noise."""

    asked: Sensitivity
    function: TestFunction

    @property
    def labels(self) -> tuple[Label, ...]:
        """Its outcomes; there are no weeks."""
        return tuple(Label(OutcomeSpec(name), "") for name in self.asked.header.outcomes)

    @property
    def runs_per_replicate(self) -> int:
        """One call of the function."""
        return 1

    def run(self, unit: np.ndarray, first_point: int, tag: str, execution: Execution) -> Runs:
        """See :class:`Subject`. Fast enough to need no store, cluster or shard."""
        header = self.asked.header
        values = self.asked.space.values(unit)
        x = np.column_stack([np.asarray(values[name], float) for name in self.function.inputs])
        columns = [self.function.outcomes.index(name) for name in header.outcomes]
        y = self.function.of(x)[:, columns]
        if not self.asked.stochastic:
            return Runs(y[:, None, :])
        size = header.replicates
        sd = float(np.sqrt((self.asked.study.function or {})["noise"]))
        rng = np.random.default_rng([header.seed, 0x10CC])
        if header.random_numbers == "common":
            luck = np.broadcast_to(rng.standard_normal(size), (len(y), size))
        else:
            numbers = rng.standard_normal((first_point + len(y)) * size)
            luck = numbers[first_point * size :].reshape(len(y), size)
        return Runs(y[:, None, :] + sd * luck[:, :, None])


# --- the model ------------------------------------------------------------------------------------


class PointSets(Sequence[Parameters]):
    """The parameter sets of some points, each made when it is first asked for."""

    def __init__(self, base: Parameters, values: Mapping[str, Any], points: Sequence[int]) -> None:
        self.base, self.values, self.points = base, values, points
        self._made: dict[int, Parameters] = {}

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        if place not in self._made:
            point = self.points[place]
            changes = {name: float(column[point]) for name, column in self.values.items()}
            self._made[place] = self.base.replace(beyond_range=True, **changes)
        return self._made[place]


@dataclass(frozen=True, eq=False)
class ModelSubject:
    """The compiled model. Levers give a point a scenario of its own."""

    asked: Sensitivity

    @property
    def scenario(self) -> Scenario:
        """The scenario before any lever is moved."""
        return self.asked.study.scenario

    @property
    def space(self) -> Space:
        """The factors."""
        return self.asked.space

    @property
    def labels(self) -> tuple[Label, ...]:
        """Outcomes by week; persistence has one column, of the year after the end of TA."""
        found = []
        for spec in self.asked.study.outcomes:
            if spec.form == "persistence":
                found.append(Label(spec, "year_after"))
                continue
            found += [Label(spec, week_label(week)) for week in self.asked.header.weeks]
        return tuple(found)

    @property
    def runs_per_replicate(self) -> int:
        """2 when effects against no TA are asked for."""
        return self.asked.arms

    @property
    def levers(self) -> tuple[str, ...]:
        """Names of the factors that are levers."""
        return tuple(f.name for f in self.space.factors if f.kind == "lever")

    def run(self, unit: np.ndarray, first_point: int, tag: str, execution: Execution) -> Runs:
        """See :class:`Subject`. Points of the same levers share a scenario; a point whose levers
        make no scenario fails in all its replicates."""
        size, columns = self.asked.header.replicates, self._asked_columns
        values = np.full((len(unit), size, len(columns)), np.nan)
        failures: list[Failure] = []
        jobs: list[Job] = []
        owners: list[list[int]] = []
        parameters = self._parameters(unit)
        for setting, points in _together(self._settings(unit)):
            try:
                scenario = with_levers(self.scenario, dict(setting)) if setting else self.scenario
            except InputError as error:
                why = error.problem.message
                failures += [Failure(p, r, why) for p in points for r in range(size)]
                continue
            sets = PointSets(scenario.parameter_set(), parameters, points)
            jobs.append(self._job(scenario, sets, np.array(points) + first_point))
            owners.append(points)
        if not jobs:
            return Runs(values, tuple(failures))
        plan = RunPlan(tuple(jobs), self.asked.header.seed)
        found = execute(plan, execution.within(tag), Points(names_of(columns)))
        for place, (job, points) in enumerate(zip(jobs, owners, strict=True)):
            arms = [found.grid(place)[:, :, :, 0]]
            if job.counterfactual:
                arms.append(found.grid(place, without_ta=True)[:, :, :, 0])
            values[points] = columns_of(arms, columns, job.scenario, job.weeks, names_of(columns))
        for lost in found.failures:
            first = int(jobs[lost.job].replicate[lost.set_index * size])
            failures.append(
                Failure(owners[lost.job][lost.set_index], lost.replicate - first, lost.reason)
            )
        failures.sort(key=lambda one: (one.point, one.replicate))
        return Runs(values, tuple(failures), found.made.store_seconds)

    def _job(self, scenario: Scenario, sets: PointSets, points: np.ndarray) -> Job:
        header, paired = self.asked.header, self.runs_per_replicate == 2
        weeks = weeks_of(self._asked_columns, scenario)
        if header.random_numbers == "common":
            return common(scenario, sets, header.replicates, weeks, counterfactual=paired)
        return fresh(scenario, sets, header.replicates, weeks, points, counterfactual=paired)

    # --- shared ----------------------------------------------------------------------------------

    @cached_property
    def _asked_columns(self) -> tuple[Column, ...]:
        by_label = {week_label(week): week for week in self.asked.header.weeks}
        return tuple(
            Column(label.spec.outcome, label.spec.form, by_label.get(label.week, label.week))
            for label in self.labels
        )

    def _parameters(self, unit: np.ndarray) -> dict[str, Any]:
        values = self.space.values(unit)
        return {f.name: values[f.name] for f in self.space.factors if f.kind == "parameter"}

    def _settings(self, unit: np.ndarray) -> list[Setting]:
        """Levers of each point."""
        values = self.space.values(unit)
        return [tuple((name, values[name][p]) for name in self.levers) for p in range(len(unit))]


Setting = tuple[tuple[str, Any], ...]
"""Levers of a point, and their values."""


def _together(settings: Sequence[Setting]) -> Iterator[tuple[Setting, list[int]]]:
    """Points of equal scenario, in the order of their first."""
    places: dict[Setting, list[int]] = {}
    for place, setting in enumerate(settings):
        places.setdefault(setting, []).append(place)
    yield from places.items()
