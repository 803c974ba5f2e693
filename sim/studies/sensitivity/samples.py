"""Sample: points of one sampler with their outcomes; first_samples draws and runs samples, doubled
extends them; outcomes_at runs the model, or a test function, at points.

Points with equal levers share a job of one plan. Points whose levers make no scenario are refused
with the reason. A run without a value is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.errors import InputError
from sim.core.outcomes import PERSISTENCE_WEEKS
from sim.core.parameters import Parameters
from sim.runs.collect import Points
from sim.runs.plan import Job, RunPlan, common, fresh
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.sensitivity.design import (
    Design,
    Label,
    has_partners,
    is_stochastic,
    labels_of,
    replicates_of,
)
from sim.studies.sensitivity.methods import Method, Sampler
from sim.studies.spec import week_number

if TYPE_CHECKING:
    from sim.studies.ask import Runner


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes of some points.

    Attributes:
        values: float64 (points, replicates, labels), NaN where a run has no value.
        reasons: the reason why a run (point, replicate) failed and has no value.
        refused: the reason why a point could not be run at all.
    """

    values: np.ndarray
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)


Part = tuple[np.ndarray, int]
"""Points (points, factors) of the unit cube, and the number of the first point, on which fresh
chance depends."""


def outcomes_at(
    design: Design, parts: Sequence[Part], run: Runner, *, label: str
) -> list[Outcomes]:
    """Outcomes of the points of each part, all made by one plan.

    Args:
        label: the name of this step of the study in the store.

    Raises:
        Unfinished: this was a shard of the plan.
    """
    if design.function is not None:
        return [_of_function(design, unit, first) for unit, first in parts]
    work = DesignRuns.of(design, parts)
    if work.plan is None:
        return work.outcomes()
    return work.outcomes(run(work.plan, work.collect, label=label))


# --- functions -----------------------------------------------------------------------------------


def _of_function(design: Design, unit: np.ndarray, first: int) -> Outcomes:
    """Outcomes of a test function, with normal chance added where the study sets noise."""
    function, study = design.function, design.study
    assert function is not None
    values = design.space.values(unit)
    x = np.column_stack([np.asarray(values[name], float) for name in function.inputs])
    y = function.of(x)[:, [function.outcomes.index(name) for name in study.header.outcomes]]
    if not is_stochastic(study):
        return Outcomes(y[:, None, :])
    size = replicates_of(study)
    sd = float(np.sqrt((study.function or {})["noise"]))
    rng = np.random.default_rng([study.seed, 0x10CC])
    if study.header.random_numbers == "common":
        chance = np.broadcast_to(rng.standard_normal(size), (len(y), size))
    else:
        numbers = rng.standard_normal((first + len(y)) * size)
        chance = numbers[first * size :].reshape(len(y), size)
    return Outcomes(y[:, None, :] + sd * chance[:, :, None])


# --- the model -----------------------------------------------------------------------------------


class PointSets(Sequence[Parameters]):
    """The parameter sets of some points; each is made at its first use."""

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
class DesignRuns:
    """The runs of some points of the model, as jobs with the points to which they belong.

    Attributes:
        design: the design of the study.
        sizes: the number of points of each part.
        jobs: jobs, each with the points of equal levers.
        owners: part and points of each job.
        refused: for each part, the reasons why points could not be run.
    """

    design: Design
    sizes: tuple[int, ...]
    jobs: tuple[Job, ...]
    owners: tuple[tuple[int, list[int]], ...]
    refused: tuple[Mapping[int, str], ...]

    @classmethod
    def of(cls, design: Design, parts: Sequence[Part]) -> DesignRuns:
        """The jobs of the points of each part."""
        return cls.at(
            design,
            [(design.space.values(unit), first + np.arange(len(unit))) for unit, first in parts],
        )

    @classmethod
    def at(
        cls, design: Design, parts: Sequence[tuple[Mapping[str, Any], np.ndarray]]
    ) -> DesignRuns:
        """The jobs of points with given values.

        Args:
            parts: values (points,) of each factor by its name, and the number of each point.
        """
        jobs: list[Job] = []
        owners: list[tuple[int, list[int]]] = []
        refused: list[dict[int, str]] = [{} for _ in parts]
        for place, (values, numbers) in enumerate(parts):
            parameters = {name: values[name] for name in _names(design, "parameter")}
            for setting, points in _together(values, _names(design, "lever"), len(numbers)):
                scenario = design.study.scenario
                try:
                    scenario = with_levers(scenario, setting) if setting else scenario
                except InputError as error:
                    refused[place] |= dict.fromkeys(points, error.problem.message)
                    continue
                sets = PointSets(scenario.parameter_set(), parameters, points)
                jobs.append(_job(design, scenario, sets, numbers[points]))
                owners.append((place, points))
        sizes = tuple(len(numbers) for _, numbers in parts)
        return cls(design, sizes, tuple(jobs), tuple(owners), tuple(refused))

    @property
    def plan(self) -> RunPlan | None:
        """The plan of the runs; None where every point was refused."""
        return RunPlan(self.jobs, self.design.study.seed) if self.jobs else None

    @property
    def collect(self) -> Points:
        """The collector, which says what is kept of the runs."""
        names = dict.fromkeys(label.spec.outcome for label in labels_of(self.design.study))
        return Points(tuple(names))

    def outcomes(self, found: Any = None) -> list[Outcomes]:
        """Outcomes of each part from the values of the runs."""
        size, labels = replicates_of(self.design.study), labels_of(self.design.study)
        values = [np.full((count, size, len(labels)), np.nan) for count in self.sizes]
        reasons: list[dict[tuple[int, int], str]] = [
            {(point, r): why for point, why in refused.items() for r in range(size)}
            for refused in self.refused
        ]
        for place, (job, (part, points)) in enumerate(zip(self.jobs, self.owners, strict=True)):
            arms = [found.grid(place)[:, :, :, 0]]
            if job.counterfactual:
                arms.append(found.grid(place, without_ta=True)[:, :, :, 0])
            values[part][points] = _columns(arms, labels, job, found.kept.names)
        for lost in found.failures if found is not None else ():
            part, points = self.owners[lost.job]
            first = int(self.jobs[lost.job].replicate[lost.set_index * size])
            reasons[part][points[lost.set_index], lost.replicate - first] = lost.reason
        return [Outcomes(*one) for one in zip(values, reasons, self.refused, strict=True)]


def _names(design: Design, kind: str) -> list[str]:
    return [factor.name for factor in design.space.factors if factor.kind == kind]


def _together(
    values: Mapping[str, Any], levers: Sequence[str], count: int
) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Groups of points with equal levers, in the order of their first points."""
    places: dict[tuple[Any, ...], list[int]] = {}
    for point in range(count):
        places.setdefault(tuple(values[name][point] for name in levers), []).append(point)
    for setting, points in places.items():
        yield dict(zip(levers, setting, strict=True)), points


def _job(design: Design, scenario: Scenario, sets: PointSets, points: np.ndarray) -> Job:
    study = design.study
    size, paired = replicates_of(study), has_partners(study)
    weeks = _weeks(labels_of(study), scenario)
    if study.header.random_numbers == "common":
        return common(scenario, sets, size, weeks, counterfactual=paired)
    return fresh(scenario, sets, size, weeks, points, counterfactual=paired)


# --- from summaries to outcomes ------------------------------------------------------------------


def _weeks(labels: Sequence[Label], scenario: Scenario) -> tuple[int, ...]:
    """Weeks of the summaries; weeks past the horizon are left out, and their outcomes stay NaN."""
    of_weeks = [label for label in labels if label.spec.form != "persistence"]
    found = {week_number(label.at, scenario) for label in of_weeks}
    if len(of_weeks) < len(labels):
        found |= {scenario.end_of_ta, scenario.end_of_ta + PERSISTENCE_WEEKS}
    return tuple(sorted(week for week in found if week <= scenario.horizon_weeks))


def _columns(
    arms: Sequence[np.ndarray], labels: Sequence[Label], job: Job, names: Sequence[str]
) -> np.ndarray:
    """Columns (points, replicates, labels) from summaries (points, replicates, weeks, outcomes)
    with TA and, where effects are among the outcomes, without TA."""
    end = job.scenario.end_of_ta

    def at(arm: int, week: int, name: str) -> np.ndarray:
        if week not in job.weeks:
            return np.full(arms[0].shape[:2], np.nan)
        return arms[arm][:, :, job.weeks.index(week), names.index(name)]

    found = []
    for label in labels:
        name = label.spec.outcome
        if label.spec.form == "persistence":
            found.append(at(0, end + PERSISTENCE_WEEKS, name) - at(0, end, name))
            continue
        week = week_number(label.at, job.scenario)
        value = at(0, week, name)
        found.append(value - at(1, week, name) if label.spec.form == "effect" else value)
    return np.stack(found, axis=-1)


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample with its outcomes.

    Attributes:
        sampler, methods: the sampler that drew it, and the methods that use it.
        unit: (points, factors), coordinates in the unit cube.
        y: (points, replicates, labels), outcomes; NaN where a run has no value.
        samples: the number of base samples.
        reasons: the reason why a run (point, replicate) failed and has no value.
        refused: the reason why a point could not be run at all.
    """

    sampler: Sampler
    methods: tuple[Method, ...]
    unit: np.ndarray
    y: np.ndarray
    samples: int
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)


def first_samples(design: Design, run: Runner) -> list[Sample]:
    """Draw and run every sample of a design.

    Raises:
        Unfinished: this was a shard of the runs.
    """
    header = design.study.header
    units = [sampler.draw(header.samples, header.seed) for sampler, _ in design.samplers]
    found = outcomes_at(design, [(unit, 0) for unit in units], run, label="sample")
    return [
        Sample(sampler, methods, unit, one.values, header.samples, one.reasons, one.refused)
        for (sampler, methods), unit, one in zip(design.samplers, units, found, strict=True)
    ]


def doubled(design: Design, samples: Sequence[Sample], run: Runner, step: int) -> list[Sample]:
    """The samples with twice the base samples.

    Args:
        step: the number of the extension, from 1.

    Raises:
        Unfinished: this was a shard of the runs.
    """
    seed = design.study.seed
    more = [one.sampler.extend(one.samples, one.samples, seed, step) for one in samples]
    parts = [(unit, len(one.unit)) for unit, one in zip(more, samples, strict=True)]
    found = outcomes_at(design, parts, run, label=f"doubled-{step}")
    together = []
    for one, unit, other in zip(samples, more, found, strict=True):
        first = len(one.unit)
        together.append(
            Sample(
                one.sampler,
                one.methods,
                np.concatenate([one.unit, unit]),
                np.concatenate([one.y, other.values]),
                2 * one.samples,
                {**one.reasons, **{(first + p, r): why for (p, r), why in other.reasons.items()}},
                {**one.refused, **{first + p: why for p, why in other.refused.items()}},
            )
        )
    return together
