"""Sample, Evaluator and Value: outcomes of plans over plausible sets and chance.

All plans are run on the same sets and the same chance. Set s takes the replicates s * R .. s * R +
R - 1, so sets share no chance and are the independent units of every interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.core.outcomes import OUTCOMES, PERSISTENCE_WEEKS, spread, worst
from sim.runs.collect import Points, RunValues
from sim.runs.plan import Job, RunPlan, independent
from sim.scenario.scenario import Scenario
from sim.stats.intervals import Share, share
from sim.studies.plan.spec import Objective, Spec, Target, objectives_of
from sim.studies.plausible import PlausibleSets, Posterior
from sim.studies.spec import OutcomeSpec, Study, parse_outcome, week_number

REGRET_QUANTILE = 0.9
FAILURE_REPLICATES = 2
"""Runs of each set of the search for where the recommended plan fails."""


@dataclass(frozen=True)
class Kept(Points):
    """A collector that keeps a batch of plans in few parts, because every batch has a store."""

    @property
    def parts(self) -> int:
        """The least number of chunks that a batch is cut into."""
        return 8


@dataclass(frozen=True, eq=False)
class Sample:
    """Sets and chance on which plans are run.

    Attributes:
        plausible: the plausible sets.
        replicates: the number of runs of each set.
        seed: the seed of chance.
        name: the name of the stage that uses the sample.
    """

    plausible: PlausibleSets
    replicates: int
    seed: int
    name: str = "runs"

    @classmethod
    def of(cls, study: Study[Spec], stage: str) -> Sample:
        """The sample of a stage, with sets and chance of its own."""
        header, record = study.header, study.inputs.get("posterior")
        posterior = None if record is None else Posterior.of_record(record)
        replicates = {"search": header.search.replicates, "failures": FAILURE_REPLICATES}
        return cls(
            header.sets_of(stage, posterior),
            replicates.get(stage, header.confirm.replicates),
            header.seed_of(stage),
            stage,
        )


@dataclass(frozen=True, eq=False)
class Value:
    """The values of a plan on a sample.

    Attributes:
        objectives: (objectives, sets, replicates); the field ``over_regions`` says how regions are
            joined.
        targets: (targets, sets, replicates), joined by the field of each target; NaN where an
            outcome is empty.
        regions: (objectives, regions, sets, replicates).
        cost: (sets, replicates), the spend up to the horizon, contact log included.
        failed: bool (sets, replicates), runs that failed; they are NaN in all of the above and left
            out.
    """

    objectives: np.ndarray
    targets: np.ndarray
    regions: np.ndarray
    cost: np.ndarray
    failed: np.ndarray

    @property
    def count(self) -> tuple[int, int]:
        """The numbers of runs that count and of runs that were made."""
        return int((~self.failed).sum()), self.failed.size

    def mean(self, place: int) -> float:
        """Mean of an objective over all runs; NaN where it is empty in all."""
        return mean_of(self.objectives[place])

    def worst_region(self, place: int, sign: float) -> float:
        """Mean, over runs, of the worst region by an objective."""
        return mean_of(worst(self.regions[place], sign, axis=0))

    def spread(self, place: int) -> float:
        """Mean, over runs, of the distance between the highest and the lowest region."""
        return mean_of(spread(self.regions[place], axis=0))


def mean_of(values: np.ndarray) -> float:
    """Mean of the values that are not NaN; NaN where there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


@dataclass(eq=False)
class Evaluator:
    """Runs plans on one sample, and each counterfactual without TA only once.

    Attributes:
        header: the fields of the study.
        sample: sets and replicates.
        run: a function that makes the runs of a plan, see :class:`sim.studies.ask.Runner`.
    """

    header: Spec
    sample: Sample
    run: Callable[..., Any]
    _no_ta: dict[tuple[str, tuple[int, ...]], tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict
    )

    @property
    def asked(self) -> list[Objective]:
        """The objectives, then those of the targets."""
        return [*objectives_of(self.header), *(_asked(t) for t in self.header.targets)]

    @property
    def kept(self) -> Kept:
        """The collector, which says what is kept of a run."""
        names = dict.fromkeys([*(spec.outcome for spec, _ in self.asked), "cost"])
        return Kept(tuple(names), None)

    def plan(self, scenarios: Sequence[Scenario]) -> RunPlan:
        """The runs of some plans on the sample, without those of their counterfactuals."""
        jobs = [self._job(one, _points(self.asked, one, one.horizon_weeks)) for one in scenarios]
        return RunPlan(tuple(jobs), self.sample.seed)

    def values(self, scenarios: Sequence[Scenario]) -> list[Value]:
        """Run several plans together and return the value of each."""
        effects = any(spec.form == "effect" for spec, _ in self.asked)
        jobs, worlds = self.plan(scenarios).jobs, {}
        for job in jobs if effects else ():
            bare = job.scenario.without_ta()
            key = (bare.digest(), job.weeks)
            if key not in self._no_ta:
                worlds.setdefault(key, self._job(bare, job.weeks))
        found = self._made((*jobs, *worlds.values()))
        for place, key in enumerate(worlds, len(jobs)):
            self._no_ta[key] = found.grid(place), found.failed(place)
        values = []
        for place, job in enumerate(jobs):
            grid, failed = found.grid(place), found.failed(place)
            without = grid
            if effects:
                without, lost = self._no_ta[job.scenario.without_ta().digest(), job.weeks]
                failed = failed | lost
            values.append(self._value(job, grid, without, failed))
        return values

    def value(self, scenario: Scenario) -> Value:
        """Run one plan and return its value."""
        return self.values([scenario])[0]

    def _job(self, scenario: Scenario, points: Sequence[int]) -> Job:
        sets = self.sample.plausible.within(scenario)
        return independent(scenario, sets, self.sample.replicates, points)

    def _made(self, jobs: tuple[Job, ...]) -> RunValues:
        return self.run(RunPlan(jobs, self.sample.seed), self.kept, label=self.sample.name)

    def _value(self, job: Job, found: np.ndarray, without: np.ndarray, failed: np.ndarray) -> Value:
        """A value from arrays (sets, replicates, points, regions + 1, outcomes), with TA and
        without."""
        header, index = self.header, self.kept.names.index

        def of(spec: OutcomeSpec, when: int | str) -> np.ndarray:
            """An outcome at a week, (regions + 1, sets, replicates)."""
            column = index(spec.outcome)
            values = found[..., column]
            if spec.form == "effect":
                values = values - without[..., column]
            return _at(values, spec, when, job)

        asked = objectives_of(header)
        each = [of(*one) for one in asked]
        targets = [_joined(of(*_asked(t)), t.over_regions, t.sign) for t in header.targets]
        return Value(
            self._over_regions(each),
            np.array(targets).reshape(len(header.targets), *found.shape[:2]),
            np.array([one[:-1] for one in each]),
            found[:, :, job.weeks.index(job.scenario.horizon_weeks), -1, index("cost")],
            failed,
        )

    def _over_regions(self, each: Sequence[np.ndarray]) -> np.ndarray:
        """Objectives (regions + 1, sets, replicates) as the study joins regions."""
        signs = (OUTCOMES[spec.outcome].sign for spec, _ in objectives_of(self.header))
        how = self.header.over_regions
        return np.array([_joined(one, how, sign) for one, sign in zip(each, signs, strict=True)])

    def gains(
        self, plans: Sequence[Scenario], world: Callable[[Scenario], Scenario]
    ) -> list[np.ndarray]:
        """Gains of plans over a counterfactual with the same people and chance, such as no TA.

        Args:
            world: a function from a plan to its counterfactual, such as
                :meth:`sim.scenario.scenario.Scenario.without_ta`.

        Returns:
            For each plan (objectives, sets, replicates), each objective at the week that it has in
            the plan; NaN in runs that failed.
        """
        jobs = []
        for scenario in plans:
            points = _points(objectives_of(self.header), scenario)
            jobs += [self._job(scenario, points), self._job(world(scenario), points)]
        found = self._made(tuple(jobs))
        return [
            self._gained(jobs[place], found.grid(place), found.grid(place + 1))
            for place in range(0, len(jobs), 2)
        ]

    def _gained(self, job: Job, with_plan: np.ndarray, without: np.ndarray) -> np.ndarray:
        gaps, index = with_plan - without, self.kept.names.index
        return self._over_regions(
            [
                _at(gaps[..., index(spec.outcome)], spec, when, job)
                for spec, when in objectives_of(self.header)
            ]
        )


def _at(values: np.ndarray, spec: OutcomeSpec, when: int | str, job: Job) -> np.ndarray:
    """Values (sets, replicates, points, regions + 1) at a week, (regions + 1, sets, replicates): of
    a persistence, the change."""
    first, *later = (job.weeks.index(week) for week in _weeks(spec, when, job.scenario))
    found = values[:, :, first]
    if later:
        found = values[:, :, later[0]] - found
    return np.moveaxis(found, 2, 0)


def _asked(target: Target) -> Objective:
    return parse_outcome(target.outcome), target.week


def _points(asked: Sequence[Objective], scenario: Scenario, *also: int) -> list[int]:
    """The weeks that objectives need, and some others."""
    return sorted({*also, *(w for spec, when in asked for w in _weeks(spec, when, scenario))})


def _weeks(spec: OutcomeSpec, when: int | str, scenario: Scenario) -> tuple[int, ...]:
    if spec.form == "persistence":
        return scenario.end_of_ta, scenario.end_of_ta + PERSISTENCE_WEEKS
    return (week_number(when, scenario),)


def _joined(values: np.ndarray, how: str, sign: float) -> np.ndarray:
    """One number from the regions (first axis, of which the last is overall)."""
    if how == "mean":
        return values[-1]
    return values[:-1].sum(axis=0) if how == "total" else worst(values[:-1], sign, axis=0)


# --- probabilities and regrets -------------------------------------------------------------------


def met(values: np.ndarray, target: Target) -> np.ndarray:
    """Whether each run meets a target; an empty outcome does not meet it."""
    return np.nan_to_num(target.sign * (values - target.level), nan=-1.0) >= -1e-12


def chances(value: Value, targets: Sequence[Target]) -> tuple[Share, ...]:
    """The probability of each target."""
    asked = zip(value.targets, targets, strict=True)
    return tuple(share(met(each, target), value.failed) for each, target in asked)


def sure_margin(values: np.ndarray, target: Target, failed: np.ndarray) -> float:
    """The margin of a target: the level that is reached with its probability, minus its level.

    The target is met where the margin is 0 or more. The margin still changes where the probability
    is 0 or 1, and a search needs that. An empty outcome counts as the worst value; failed runs are
    left out.
    """
    known = values[~failed]
    if not len(known):
        return -1e6
    gaps = np.sort(np.where(np.isnan(known), -np.inf, target.sign * (known - target.level)))
    allowed = math.floor((1 - target.probability) * len(gaps) + 1e-9)
    return float(max(gaps[min(allowed, len(gaps) - 1)], -1e6))


def regrets(values: Sequence[np.ndarray], sign: float) -> np.ndarray:
    """Regret of each plan in each set, (plans, sets).

    The regret is the amount by which a plan falls short of the best of these plans in that set. It
    is 0 or more, and 0 for at least one plan in every set.

    Args:
        values: for each plan, (sets, replicates), on the same sample.
        sign: 1 where high values are good, -1 where low values are.

    Source: Savage 1951, J Am Stat Assoc 46(253) 55-67.
    """
    means = np.array([np.where(np.isnan(one), -np.inf, sign * one).mean(axis=1) for one in values])
    best = means.max(axis=0)
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(best), best - means, 0.0)


def regret_of(regret: np.ndarray) -> np.ndarray:
    """The limit that the regret of each plan does not exceed in nine of ten sets, (plans,)."""
    return np.quantile(regret, REGRET_QUANTILE, axis=1, method="higher")
