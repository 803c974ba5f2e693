"""Reference: the reference table, which holds settings from the prior and their outputs.

:class:`Making` runs the settings in every scenario that the targets need. One reference table
serves every later question (another target left out, another tolerance, coverage) without new runs.
Every setting has chance of its own: shared replicates would shift all settings alike, and a check
whose truths come from the reference table could not detect that. The scenarios of one setting share
their chance, so that comparisons in targets stay paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.core.parameters import Parameters
from sim.runs.collect import Points
from sim.runs.plan import RunPlan, fresh
from sim.runs.readings import Readings
from sim.scenario.scenario import Scenario
from sim.studies.factors import Factor
from sim.studies.kind import Runner
from sim.studies.measures import (
    SEEN,
    answer,
    outcomes_needed,
    readings_needed,
    variants,
    waves_of,
)
from sim.studies.targets import Target


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Settings and their outputs.

    Attributes:
        unit: (settings, factors), coordinates 0..1 in the prior.
        values: (settings, factors), the values.
        outputs: (settings, targets), mean over replicates of the measure of each target; NaN where
            the measure is empty or a run failed.
        errors: (settings, targets), standard error of that mean (jackknife over replicates), or
            the scatter of a single run around it where a target comes from one centre
            (:attr:`sim.studies.targets.Target.one_run`).
    """

    unit: np.ndarray
    values: np.ndarray
    outputs: np.ndarray
    errors: np.ndarray

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, which: np.ndarray) -> Reference:
        """A reference table with some of the settings only."""
        return Reference(
            self.unit[which], self.values[which], self.outputs[which], self.errors[which]
        )

    @property
    def broken(self) -> np.ndarray:
        """Settings with a target that has no value, bool (settings,). They get no weight, and their
        number is always reported."""
        return np.asarray(np.isnan(self.outputs).any(axis=1))


def pooled(errors: np.ndarray, replicates: int) -> np.ndarray:
    """Standard errors of means after shrinkage of each variance towards the usual one.

    A variance of a dozen runs is itself uncertain by a third. For each target, the logarithms of
    the variances of all settings are shrunk towards their mean by the part of their spread that
    chance alone would give (the best linear predictor of the true values). They shrink all the way
    where settings differ by no more than chance, and hardly where settings differ truly.

    Args:
        errors: (settings, targets), all from the same number of replicates.
        replicates: the number of runs behind each error.

    Returns:
        float64 (settings, targets).

    Source: moments of the logarithm of a variance, Smyth 2004, Stat Appl Genet Mol Biol 3(1) 3, doi
    10.2202/1544-6115.1027.

    >>> pooled(np.array([[0.1], [0.1], [0.1]]), 3).round(4).ravel().tolist()
    [0.1335, 0.1335, 0.1335]
    """
    from scipy.special import digamma, polygamma

    free = (replicates - 1) / 2
    found = np.nan_to_num(errors) ** 2
    for column in found.T:
        known = column > 0
        if known.sum() < 2:
            continue
        logs = np.log(column[known]) - digamma(free) + np.log(free)
        chance, all_in_all = float(polygamma(1, free)), float(logs.var(ddof=1))
        own = max(0.0, 1.0 - chance / all_in_all) if all_in_all else 0.0
        column[known] = np.exp(logs.mean() + own * (logs - logs.mean()))
        column[~known] = np.exp(logs.mean()) * (1.0 - own)
    return np.sqrt(found)


def values_of(factors: Sequence[Factor], unit: np.ndarray) -> np.ndarray:
    """Values (settings, factors) at coordinates (settings, factors)."""
    if not factors:
        return np.zeros((len(unit), 0))
    return np.stack(
        [
            np.asarray(factor.distribution.values(unit[:, place]), dtype=float)
            for place, factor in enumerate(factors)
        ],
        axis=1,
    )


def sets_of(scenario: Scenario, names: Sequence[str], values: np.ndarray) -> list[Parameters]:
    """Full parameter sets from values (sets, names); other parameters are those of the scenario."""
    own = dict(scenario.parameters)
    return [
        Parameters({**own, **dict(zip(names, row, strict=True))}, beyond_range=True)
        for row in values.tolist()
    ]


@dataclass(frozen=True, eq=False)
class Making:
    """Makes reference tables of a scenario for some targets.

    Attributes:
        run: a function that makes the runs.
        seed: seed of every random number.
    """

    scenario: Scenario
    targets: Sequence[Target]
    seed: int
    run: Runner

    def settings(
        self, factors: Sequence[Factor], unit: np.ndarray, replicates: int, label: str, first: int
    ) -> Reference:
        """The reference table of coordinates (settings, factors); arguments as in :meth:`sets`."""
        values = values_of(factors, unit)
        sets = sets_of(self.scenario, [factor.name for factor in factors], values)
        return Reference(unit, values, *self.sets(sets, replicates, label, first))

    def sets(
        self,
        sets: Sequence[Parameters],
        replicates: int,
        label: str,
        first: int,
        places: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The measure of each target in each set and its standard error, both (sets, targets).

        Args:
            replicates: R, the number of runs of each set.
            label: the name of the runs in the store.
            first: the first replicate; set s takes R replicates from first + s R on.
            places: the number s of each set; left out: counted from 0.
        """
        measures = [target.measure for target in self.targets]
        arms = variants(self.scenario, measures)
        names = outcomes_needed(measures)
        # Replicates begin at the first multiple of R, so that no two steps share chance.
        places = np.arange(len(sets)) if places is None else places
        points = -(-first // replicates) + places
        jobs = [fresh(arm.scenario, sets, replicates, arm.points, points) for arm in arms.values()]
        found = self.run(RunPlan(tuple(jobs), self.seed), Points(names), label=label)
        runs = {
            name: (arm.points, found.grid(place)[:, :, :, 0])
            for place, (name, arm) in enumerate(arms.items())
        }
        lost = np.any([found.failed(place) for place in range(len(jobs))], axis=0)
        readings = readings_needed(measures)
        if readings:  # the instruments read the same runs
            waves = waves_of(self.scenario, measures)
            job = fresh(self.scenario, sets, replicates, waves, points)
            read = self.run(RunPlan((job,), self.seed), Readings(readings), label=f"{label} seen")
            runs[SEEN] = (waves, read.grid()[:, :, :, 0])
            lost |= read.failed()
        return _answers(self.scenario, self.targets, names, runs, lost, readings)


def _answers(
    scenario: Scenario,
    targets: Sequence[Target],
    names: Sequence[str],
    runs: Mapping[str, tuple[tuple[int, ...], np.ndarray]],
    lost: np.ndarray,
    readings: Sequence[str] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Every target from means over replicates, and its error, see :class:`Reference`.

    Args:
        runs: weeks and (sets, replicates, weeks, outcomes) of each variant.
        lost: bool (sets, replicates), runs that failed in any variant; they are left out of all.
    """
    count = next(iter(runs.values()))[1].shape[1]

    def of(which: np.ndarray) -> np.ndarray:
        means = {
            name: (weeks, _mean(x[:, which], lost[:, which])) for name, (weeks, x) in runs.items()
        }
        found = [answer(t.measure, scenario, means, names, readings) for t in targets]
        return np.stack(found, axis=1)

    every = np.arange(count)
    whole = of(every)
    if count < 2:
        return whole, np.full(whole.shape, np.nan)
    without = np.stack([of(every[every != one]) for one in range(count)])
    spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    # A run differs from the mean of R runs by its own scatter and by that of the mean.
    scatter = np.array([np.sqrt(count + 1) if t.one_run else 1.0 for t in targets])
    return whole, np.sqrt(spread * (count - 1) / count) * scatter


def _mean(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Mean over the replicates (second axis) that are not lost; empty outcomes stay empty."""
    if not lost.any():
        return values.mean(axis=1)
    kept = np.where(lost[:, :, None, None], 0.0, values).sum(axis=1)
    count = (~lost).sum(axis=1)[:, None, None]
    return np.divide(kept, count, out=np.full(kept.shape, np.nan), where=count > 0)
