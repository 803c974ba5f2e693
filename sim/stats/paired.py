"""Paired: how two scenarios differ that ran with the same plausible sets and random numbers.

Arrays are (sets, replicates): a row is a plausible parameter set, and its columns are runs of that
set which differ only by chance. No set shares its random numbers with another, so a value

    y[s, r] = mean + set effect[s] + chance[s, r]

follows a one-way random-effects model, whose sets :mod:`sim.stats.expected` describes. The analysis
of variance separates the two variances: Searle, Casella & McCulloch 1992, *Variance Components*,
chapter 3; for probabilistic simulations O'Hagan, Stevenson & Madan 2007, Health Economics 16(10)
1009-1023, doi 10.1002/hec.1199.

NaN marks an outcome that is empty in a run; that run does not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.core.errors import InputError
from sim.stats.components import set_means
from sim.stats.expected import expected_in_sets, share_above
from sim.stats.intervals import band, half_width, spread_of

MOST_SETS = 1_000_000
"""A larger number of sets is reported as out of reach."""


def sets_needed(spread: float, precision: float) -> float:
    """Least number of sets whose mean has a confidence interval of +- ``precision`` or less.

    Args:
        spread: SD of the means of sets.
        precision: half the width of the interval, above 0.

    Returns:
        The number of sets, 2 or more; infinity beyond a million; NaN where the spread is not known.
    """
    if not spread > 0:
        return math.nan if math.isnan(spread) else 2.0
    if not precision > 0 or half_width(spread, MOST_SETS) > precision:
        return math.inf
    low, high = 1, MOST_SETS  # one set is never enough, a million is
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(spread, middle) <= precision else (middle, high)
    return float(high)


@dataclass(frozen=True, slots=True)
class Paired:
    """How B differs from A in one outcome. Intervals are 90 %.

    Attributes:
        mean: mean of the difference B - A.
        low, high: interval of the expected difference (chance averaged out) over plausible sets,
            which holds nine in ten sets. It does not shrink with more runs. NaN where it is not
            known, because chance dominates or runs are too few: :mod:`sim.stats.expected`.
        mean_low, mean_high: confidence interval of ``mean``, which reflects the number of sets; NaN
            where fewer than four runs are all equal (:func:`~sim.stats.intervals.spread_of`).
        unpaired_low, unpaired_high: the same interval if B had other sets and random numbers than
            A.
        pairing: ratio of the variances of the unpaired and the paired estimate: the factor by which
            an unpaired comparison would need more runs. NaN when neither varies.
        p_beats: share of plausible sets in which B is expected to be above A (ties count half); NaN
            where ``low`` is.
        p_beats_run: share of single runs in which B is above A, chance included.
        run_low, run_high: interval of the difference in a single run, chance included.
        chance_share: share of chance in the variance of the difference of a single run.
        resolved: whether the confidence interval of ``mean`` leaves out 0 or is no wider than +-
            margin.
        sets_needed: number of sets that would resolve the difference with as many replicates each;
            when it is resolved, the present number or fewer; infinity beyond a million; NaN where
            ``mean_low`` is.
        sets: number of sets with a difference.
    """

    mean: float
    low: float
    high: float
    mean_low: float
    mean_high: float
    unpaired_low: float
    unpaired_high: float
    pairing: float
    p_beats: float
    p_beats_run: float
    run_low: float
    run_high: float
    chance_share: float
    resolved: bool
    sets_needed: float
    sets: int


def paired(a: np.ndarray, b: np.ndarray, margin: float) -> Paired:
    """Compare two arrays (sets, replicates) made with the same sets and random numbers.

    Args:
        a, b: float64 arrays of the same shape; NaN where an outcome is empty.
        margin: the largest difference that would not matter, above 0.

    Raises:
        InputError: the shapes differ, or the margin is not above 0.
    """
    if a.shape != b.shape or a.ndim != 2:
        raise InputError(f"cannot pair runs of shapes {a.shape} and {b.shape}")
    if not margin > 0:
        raise InputError(f"{margin!r} is not above 0", field="margin", value=margin)
    both = np.isnan(a) | np.isnan(b)
    a, b = np.where(both, np.nan, a), np.where(both, np.nan, b)
    gap = b - a
    means = set_means(gap)
    count = len(means)
    if count < 2:
        return _too_few(means)
    middle, spread = float(means.mean()), spread_of(means, int((~np.isnan(gap)).sum()))
    apart = math.sqrt(set_means(a).var(ddof=1) + set_means(b).var(ddof=1))
    width, wide = half_width(spread, count), half_width(apart, count)
    expected = expected_in_sets(gap)
    run_low, run_high = band(gap)
    needed = sets_needed(spread, max(abs(middle), margin))
    return Paired(
        mean=middle,
        low=expected.low,
        high=expected.high,
        mean_low=middle - width,
        mean_high=middle + width,
        unpaired_low=middle - wide,
        unpaired_high=middle + wide,
        pairing=_ratio(apart**2, spread**2),
        p_beats=expected.above,
        p_beats_run=share_above(gap),
        run_low=run_low,
        run_high=run_high,
        chance_share=expected.chance_share,
        resolved=width < abs(middle) or width <= margin,
        sets_needed=needed,
        sets=count,
    )


def _ratio(above: float, below: float) -> float:
    if below > 0:
        return above / below
    return math.inf if above > 0 else math.nan


def _too_few(means: np.ndarray) -> Paired:
    """The comparison of fewer than two sets: at most a mean, and no interval."""
    nan = math.nan
    middle = float(means[0]) if len(means) else nan
    return Paired(
        middle, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan,
        resolved=False, sets_needed=nan, sets=len(means),
    )  # fmt: skip
