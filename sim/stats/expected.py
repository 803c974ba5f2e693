""":func:`expected_in_sets`: the range of expected values over plausible sets, chance averaged out.

Arrays are (sets, replicates), as in :mod:`sim.stats.components`. The mean of a set's few runs still
holds stochastic variation, so the means of sets spread more widely than the sets do. Every "90 % of
sets" follows these rules:

* the band is the mean +- t SD, where SD is the root of the variance component between sets and t
  the 95 % quantile of Student's t with S - 1 degrees of freedom for S sets;
* where chance makes more than 80 % of the variance of a single run, or there are not two sets of
  two runs, the estimate of the component is too poor, and the band is *not known*.

With few runs the component is often estimated as 0, which would give a band without width. Where
the second rule allows a band, its SD is therefore at least half of that of chance in a run.
``experiments/checks/bands.py`` shows that reported bands hold about nine in ten sets (85-95 %) in
designs from 8 sets of 4 runs to 50 sets of 8. The error of the mean is not added, because reported
bands are too wide by about as much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.stats.components import components, set_means, shrunk
from sim.stats.intervals import FEW_RUNS, ROUNDING, t_value

CHANCE_RULES = 0.8
"""Share of chance in the variance of a single run above which no band is reported."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected values of plausible sets.

    Attributes:
        low, high: nine in ten plausible sets have their expected value between these; NaN where the
            band is not known.
        above: share of the sets whose expected value is above 0, ties counting half; NaN where the
            band is not known.
        chance_share: share of chance in the variance of a single run; NaN where nothing varies, or
            with one set or one run a set.
    """

    low: float
    high: float
    above: float
    chance_share: float


def expected_in_sets(values: np.ndarray) -> Expected:
    """The band of the expected value over plausible sets, and the share of sets above 0.

    The share is that of the means of sets after :func:`~sim.stats.components.shrunk`.

    Args:
        values: float64 (sets, replicates); NaN does not count.

    >>> expected_in_sets(np.array([[1.0, 1.2], [3.0, 3.2], [5.0, 5.2], [7.0, 7.2]])).low < 1.1
    True
    >>> found = expected_in_sets(np.array([[1.0, 5.0], [5.0, 1.0], [4.0, 2.0]]))
    >>> found.low, found.chance_share
    (nan, 1.0)
    """
    means, found = set_means(values), components(values)
    if len(means) < 2:
        return Expected(math.nan, math.nan, math.nan, math.nan)
    middle, share = float(means.mean()), found.chance_share
    if (~np.isnan(values)).sum() < FEW_RUNS:
        return Expected(math.nan, math.nan, math.nan, share)
    if not math.sqrt(found.between + np.nan_to_num(found.chance)) > ROUNDING * np.abs(means).max():
        return Expected(middle, middle, share_above(means), math.nan)
    if math.isnan(share) or share > CHANCE_RULES:
        return Expected(math.nan, math.nan, math.nan, share)
    half = t_value(len(means) - 1) * math.sqrt(found.between)
    above = share_above(shrunk(means, found.chance / found.replicates))
    return Expected(middle - half, middle + half, above, share)


def why_not_known(low: float, chance_share: float) -> str:
    """Why a band is not known, in the words of every figure and answer; "" where it is known.

    Args:
        low, chance_share: as in :class:`Expected`.

    >>> why_not_known(math.nan, 0.93), why_not_known(math.nan, math.nan)
    ('not known: chance dominates', 'not known: too few runs')
    """
    if not math.isnan(low):
        return ""
    return f"not known: {'chance dominates' if chance_share > CHANCE_RULES else 'too few runs'}"


def share_above(values: np.ndarray) -> float:
    """Share of the values above 0 without NaN; ties count half; NaN without values."""
    known = values[~np.isnan(values)]
    return float(((known > 0) + 0.5 * (known == 0)).mean()) if len(known) else math.nan
