"""The reference table: settings drawn from the prior, run in every scenario the targets need, kept.

One reference table serves every later question at once (another target left out, another tolerance,
coverage)
without a single new run. Every setting has chance of its own: replicates that settings shared would
shift all of them alike, and no check that takes its truths from the reference table would see it.
The scenarios of one setting share their chance, so that what targets compare stays paired.
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
    """Settings and what they give.

    Attributes:
        unit: (settings, factors): coordinates 0..1 in the prior.
        values: (settings, factors): the values.
        outputs: (settings, targets): mean over replicates of what each target measures; NaN where
            it is empty or a run failed.
        errors: (settings, targets): standard error of that mean (jackknife over replicates), or
            what a single run scatters around it where a target is that of one centre
            (:attr:`sim.studies.targets.Target.one_run`).
    """

    unit: np.ndarray
    values: np.ndarray
    outputs: np.ndarray
    errors: np.ndarray

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, which: np.ndarray) -> Reference:
        """Some of the settings."""
        return Reference(
            self.unit[which], self.values[which], self.outputs[which], self.errors[which]
        )

    @property
    def broken(self) -> np.ndarray:
        """Settings with a target that has no value, bool (settings,). They get no weight; how many
        there are is always said."""
        return np.asarray(np.isnan(self.outputs).any(axis=1))


def pooled(errors: np.ndarray, replicates: int) -> np.ndarray:
    """Standard errors of means, steadied: each variance is drawn towards what is usual.

    A variance of a dozen runs is itself uncertain by a third. Target by target the logarithms of
    the variances of all settings are drawn towards their mean, by the part of their spread that
    chance alone would give them (the best linear predictor of the true ones): all the way where
    settings differ by no more than that, hardly where they differ truly.

    Args:
        errors: (settings, targets), each of as many replicates.
        replicates: runs behind each of them.

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
    """Full parameter sets from values (sets, names); all else is as the scenario has it."""
    own = dict(scenario.parameters)
    return [
        Parameters({**own, **dict(zip(names, row, strict=True))}, beyond_range=True)
        for row in values.tolist()
    ]


@dataclass(frozen=True, eq=False)
class Making:
    """Makes reference tables of a scenario for some targets.

    Attributes:
        run: makes the runs.
        seed: of every random number.
    """

    scenario: Scenario
    targets: Sequence[Target]
    seed: int
    run: Runner

    def settings(
        self, factors: Sequence[Factor], unit: np.ndarray, replicates: int, label: str, first: int
    ) -> Reference:
        """Settings by their coordinates (settings, factors); arguments as of :meth:`sets`."""
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
        """What each target measures in each set, and its standard error, both (sets, targets).

        Args:
            replicates: R, of each set.
            label: names the runs in the store.
            first: set s takes R replicates from first + s R on.
            places: the number s of each set; left out: counted from 0.
        """
        measures = [target.measure for target in self.targets]
        arms = variants(self.scenario, measures)
        names = outcomes_needed(measures)
        # Points that begin at the first multiple of R: no two steps have chance in common.
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
        if readings:  # by the same runs, looked at through the instruments
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
    """Every target from means over replicates, and its error: see :class:`Reference`.

    Args:
        runs: weeks and (sets, replicates, weeks, outcomes) of each variant.
        lost: bool (sets, replicates): runs that failed in any variant; they are left out of all.
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
    # A run differs from the mean of R by its own scatter, and by that of the mean.
    scatter = np.array([np.sqrt(count + 1) if t.one_run else 1.0 for t in targets])
    return whole, np.sqrt(spread * (count - 1) / count) * scatter


def _mean(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Mean over the replicates (second axis) that are not lost; empty outcomes stay empty."""
    if not lost.any():
        return values.mean(axis=1)
    kept = np.where(lost[:, :, None, None], 0.0, values).sum(axis=1)
    count = (~lost).sum(axis=1)[:, None, None]
    return np.divide(kept, count, out=np.full(kept.shape, np.nan), where=count > 0)
