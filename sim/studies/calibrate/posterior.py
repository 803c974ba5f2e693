"""Reference: the reference table, with settings from the prior and their outputs; Fit: its weights.

:class:`Making` runs the settings in every scenario that the targets need. One reference table
serves every later question (another target left out, another tolerance, coverage) without new runs.
Every setting has chance of its own: shared replicates would shift all settings alike, and a check
whose truths come from the reference table could not detect that. The scenarios of one setting share
their chance, so that comparisons in targets stay paired.

Each setting of the reference table gets the likelihood of the targets as its weight. The kernel has
the variance of the finding plus that of the simulated mean. With the error of the finding as
kernel, the weights are exact for that error (Wilkinson 2013, doi 10.1515/sagmb-2013-0010); a
simulated mean with its own variance makes a synthetic likelihood (Wood 2010, doi
10.1038/nature09319). Settings have chance of their own, so their means also scatter by that
variance. Credible regions are therefore a little too wide, and never too narrow, where the variance
is not small beside that of the finding; more replicates reduce the excess. Settings are draws from
the prior, so the weights need no correction. The posterior is a weighted sample of all factors, and
statements on free parameters are marginal over the others.

Settings without a value are never dropped silently. Where no setting meets the targets,
:func:`nothing_left` names the nearest setting and the targets that it misses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.errors import InputError
from sim.core.parameters import Parameters
from sim.core.units import count as counted
from sim.present.format import percent
from sim.runs.collect import Points
from sim.runs.plan import RunPlan, fresh
from sim.runs.readings import Readings
from sim.scenario.scenario import Scenario
from sim.stats.intervals import jackknifed
from sim.stats.resampling import systematic
from sim.studies.calibrate.calibration import Calibration
from sim.studies.factors import Factor
from sim.studies.measures import (
    SEEN,
    answer,
    outcomes_needed,
    readings_needed,
    variants,
    waves_of,
)
from sim.studies.targets import Target

if TYPE_CHECKING:
    from sim.studies.ask import Runner


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
            places: the number s of each set; default: counted from 0.
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
    made = np.broadcast_to(~lost.T[:, :, None], without.shape)
    # A run differs from the mean of R runs by its own scatter and by that of the mean.
    one_run = np.array([t.one_run for t in targets])
    scatter = np.where(one_run, np.sqrt(made.sum(axis=0) + 1), 1.0)
    return whole, jackknifed(without, made) * scatter


def _mean(values: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Mean over the replicates (second axis) that are not lost; empty outcomes stay empty."""
    if not lost.any():
        return values.mean(axis=1)
    kept = np.where(lost[:, :, None, None], 0.0, values).sum(axis=1)
    count = (~lost).sum(axis=1)[:, None, None]
    return np.divide(kept, count, out=np.full(kept.shape, np.nan), where=count > 0)


@dataclass(frozen=True, eq=False)
class Fit:
    """A calibration with its reference table and weights.

    Attributes:
        calibration: the targets and factors.
        table: the reference table.
        logs: (settings, targets), log likelihoods.
        weights: (settings,), adding up to 1.
    """

    calibration: Calibration
    table: Reference
    logs: np.ndarray
    weights: np.ndarray

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets of the calibration."""
        return self.calibration.targets

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors that varied."""
        return self.calibration.factors

    def without(self, out: Sequence[int]) -> np.ndarray:
        """Weights (settings,) without some targets, which are given by their indices."""
        return weights_of(np.delete(self.logs, out, axis=1))


def likelihoods(
    targets: Sequence[Target], outputs: np.ndarray, errors: np.ndarray, replicates: int
) -> np.ndarray:
    """Log likelihood of each target in each setting, (settings, targets).

    A setting without a value for some target has minus infinity (see :attr:`Reference.broken`).

    Args:
        outputs, errors: (settings, targets or more), as in :class:`Reference`.
        replicates: the number of runs of each setting.
    """
    noise = pooled(errors[:, : len(targets)], replicates)
    logs = [t.log_kernel(outputs[:, i], noise[:, i]) for i, t in enumerate(targets)]
    return np.stack(logs, axis=1)


def weights_of(logs: np.ndarray) -> np.ndarray:
    """Weights (settings,) from log likelihoods (settings, targets); they add up to 1, or are all 0
    where no setting has a likelihood above 0."""
    log = logs.sum(axis=1)
    best = log.max(initial=-np.inf)
    if not np.isfinite(best):
        return np.zeros(len(log))
    weights = np.exp(log - best)
    return weights / weights.sum()


def effective(weights: np.ndarray) -> float:
    """Effective sample size of weights that add up to 1, which is 1 / sum of their squares."""
    return float(1.0 / np.square(weights).sum())


def drawn(weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Row numbers (count,) of settings that are drawn by their weights, in order."""
    return systematic(weights, count, np.random.default_rng([seed, 7]))


def drawn_table(
    names: Sequence[str], values: np.ndarray, weights: np.ndarray, kept: int, seed: int
) -> tuple[list[str], np.ndarray]:
    """Plausible sets as columns (the names, then ``weight``) and rows: ``kept`` draws from weighted
    values (settings, names).

    Values are rounded to 9 digits, so that the last bits do not depend on the machine.
    """
    rows, counts = np.unique(drawn(weights, kept, seed), return_counts=True)
    table = np.column_stack([values[rows], counts])
    rounded: Any = np.array([[float(f"{x:.9g}") for x in row] for row in table.tolist()])
    return [*names, "weight"], rounded


def digest(table: np.ndarray, names: Sequence[str]) -> str:
    """SHA-256 (hex) of the names and values of plausible sets, independent of the file format."""
    found = hashlib.sha256("\n".join(names).encode())
    found.update(np.ascontiguousarray(table, dtype="<f8").tobytes())
    return found.hexdigest()


MOST_BROKEN = 0.05
"""Share of settings without a value at which a calibration is refused."""


class CalibrationError(InputError):
    """A calibration has no answer; the message gives the reason."""


def within_tolerance(targets: Sequence[Target], table: Reference) -> np.ndarray:
    """Whether each setting meets each target, bool (settings, targets)."""
    found = [t.hit(table.outputs[:, i], table.errors[:, i]) for i, t in enumerate(targets)]
    return np.stack(found, axis=1)


def refuse_broken(targets: Sequence[Target], table: Reference) -> None:
    """Refuse a reference table in which too many settings have no value."""
    broken = table.broken
    if broken.mean() <= MOST_BROKEN:
        return
    worst = int(np.isnan(table.outputs).sum(axis=0).argmax())
    raise CalibrationError(
        f"{int(broken.sum())} of {counted(len(table), 'setting')} give no value for some target, "
        "mostly "
        f"{targets[worst].id} ('{targets[worst].measure.text}')",
        field="targets",
        allowed="a calibration without that target (leave_out), or with a scenario that has a "
        "value for it",
    )


def nothing_left(targets: Sequence[Target], table: Reference) -> CalibrationError:
    """The error where no setting meets all targets, with the nearest setting and its misses."""
    met = within_tolerance(targets, table)
    missed = np.stack(
        [t.missed_by(table.outputs[:, i], table.errors[:, i]) for i, t in enumerate(targets)],
        axis=1,
    )
    near = int(np.nanargmin(np.nansum(missed, axis=1) + np.isnan(missed).sum(axis=1) * 1e6))
    wanted = [t.bounds(table.errors[near, i]) for i, t in enumerate(targets)]
    lacks = [
        f"{t.id} (gives {table.outputs[near, i]:.3g}, wanted {low:.3g}..{high:.3g})"
        for i, (t, (low, high)) in enumerate(zip(targets, wanted, strict=True))
        if not met[near, i]
    ]
    shares = met.mean(axis=0)
    never = [t.id for t, share in zip(targets, shares, strict=True) if share == 0.0]
    if never:
        blocks = f"no setting at all meets {', '.join(never)}"
    else:
        pairs = [
            (float((met[:, i] & met[:, j]).mean()) / (shares[i] * shares[j]), i, j)
            for i in range(len(targets))
            for j in range(i)
        ]
        lift, i, j = min(pairs, default=(1.0, 0, 0))
        word = "are never met together" if lift == 0 else "hinder each other most"
        blocks = (
            f"{targets[j].id} (met by {percent(shares[j])} of settings) and {targets[i].id} "
            f"({percent(shares[i])}) {word}"
        )
    return CalibrationError(
        f"no setting of {len(table):,} meets all {counted(len(targets), 'target')}; the nearest "
        "misses "
        f"{', '.join(lacks)}; {blocks}",
        field="targets",
        allowed="leave one out (leave_out), widen a tolerance, or widen a prior",
    )
