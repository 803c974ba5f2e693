"""Intervals: :func:`quantiles`, :func:`band`, :func:`mean_interval`, :class:`Share`.

Every interval that is printed, drawn or written comes from this module, so that all follow one
rule. The k-th of n ordered values is the quantile k / (n + 1) (Weibull 1939; ``weibull`` in NumPy):
a further value lies below it with just that probability. The usual rule, (n - 1) q, would place the
5 % and 95 % quantiles of 50 values too far in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from sim.core.units import CONFIDENCE, TAILS, z_value


@overload
def rank_of(q: float, n: int) -> float: ...
@overload
def rank_of(q: float | np.ndarray, n: np.ndarray) -> np.ndarray: ...
def rank_of(q: float | np.ndarray, n: int | np.ndarray) -> float | np.ndarray:
    """The position of a quantile among n ordered values, from 0; a fraction means interpolation.

    >>> rank_of(0.5, 9), rank_of(0.05, 9)
    (4.0, 0.0)
    """
    place = np.clip(n * q + q - 1.0, 0.0, np.maximum(n - 1, 0))
    return place if isinstance(n, np.ndarray) else float(place)


def quantiles(
    values: np.ndarray,
    which: Sequence[float] = TAILS,
    axis: int | None = None,
    *,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Quantiles without NaN; NaN where there are no values.

    Args:
        values: float64, any shape; NaN does not count.
        which: quantiles, 0..1.
        axis: the axis over which they are taken; None: over all values.
        weights: the weight of each value, 0 or more, such as in a posterior sample, where both are
            (n,) and no value is NaN. The effective number of values (Kish 1965) then takes the
            place of n; equal weights weigh nothing.

    Returns:
        (quantiles, *shape without the axis).

    >>> quantiles(np.array([1.0, np.nan, 2.0, 3.0]), [0.25, 0.5]).tolist()
    [1.0, 2.0]
    >>> quantiles(np.array([1.0, 2.0, 3.0]), [0.5], weights=np.array([1.0, 1.0, 0.0])).tolist()
    [1.5]
    """
    if weights is not None:
        return _weighted(values, weights, which)
    if axis is None:
        values, axis = values.reshape(-1), 0
    known = ~np.isnan(values)
    if known.all() and values.shape[axis]:
        return np.quantile(values, list(which), axis=axis, method="weibull")
    # All slices with as many values at once: np.nanquantile takes one after the other.
    ordered, counts = np.sort(np.moveaxis(values, axis, 0), axis=0), known.sum(axis=axis)
    found = np.full((len(which), *counts.shape), np.nan)
    for n in np.unique(counts[counts > 0]):
        here = counts == n  # NaN comes last
        found[:, here] = np.quantile(ordered[:n, here], list(which), axis=0, method="weibull")
    return found


def _weighted(values: np.ndarray, weights: np.ndarray, which: Sequence[float]) -> np.ndarray:
    held = weights > 0
    values, weights = values[held], weights[held]
    order = np.argsort(values, kind="stable")
    total = weights.sum()
    effective = total**2 / (weights**2).sum()
    places = np.cumsum(weights[order]) / total * effective / (effective + 1)
    return np.interp(which, places, values[order])


def band(values: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """5 % and 95 % quantile over all values without NaN; NaN without values."""
    low, high = quantiles(values, weights=weights)
    return float(low), float(high)


def t_value(degrees: float, confidence: float = CONFIDENCE) -> float:
    """Half the width of Student's interval in standard errors; infinite below one degree of
    freedom.

    >>> round(t_value(49), 3)
    1.677
    """
    return float(t_values(np.array(degrees), confidence))


def t_values(degrees: np.ndarray, confidence: float = CONFIDENCE) -> np.ndarray:
    """:func:`t_value` of many degrees of freedom."""
    from scipy.special import stdtrit  # loaded only where it is needed

    return np.where(degrees >= 1, stdtrit(degrees, (1 + confidence) / 2), np.inf)


def half_width(spread: float, number: float, confidence: float = CONFIDENCE) -> float:
    """Half the t interval of a mean of ``number`` independent values of this SD; infinite below 2.

    >>> round(half_width(1.0, 50), 3)
    0.237
    """
    return math.inf if number < 2 else t_value(number - 1, confidence) * spread / math.sqrt(number)


FEW_RUNS = 4
"""Number of runs, of two sets of two, below which equal values show no spread of 0."""
ROUNDING = 1e-9
"""Relative difference below which values count as equal."""


def spread_of(means: np.ndarray, runs: int) -> float:
    """SD of two or more means of sets; NaN where they are equal and rest on a few runs, which are
    equal by chance too often to say that all others would be.

    Args:
        means: (sets,), without NaN.
        runs: the number of runs behind them.

    >>> spread_of(np.array([0.2, 0.2]), runs=2), spread_of(np.array([0.2, 0.2]), runs=4)
    (nan, 0.0)
    """
    spread = float(means.std(ddof=1))
    equal = not spread > ROUNDING * float(np.abs(means).max())
    return math.nan if equal and runs < FEW_RUNS else spread


def jackknifed(without: np.ndarray, counted: np.ndarray | None = None) -> np.ndarray:
    """Standard errors from an estimate with each unit left out, (units, ...); NaN for one unit.

    Deviations are from the mean of these estimates, whose sum of squares is on average no smaller
    than the variance asks for (Efron and Stein 1981, Ann Stat 9(3) 586-596); deviations from the
    estimate of all units would add the square of the jackknife's estimate of bias to it.

    Args:
        without: (units, ...), the estimate without each unit.
        counted: bool, of the same shape: whether a unit is there at all; default: each is.

    Of a mean it is the usual standard error:

    >>> values = np.array([1.0, 2.0, 4.0, 5.0])
    >>> without = np.array([np.delete(values, unit).mean() for unit in range(4)])
    >>> bool(np.isclose(jackknifed(without), values.std(ddof=1) / 2))
    True
    """
    known = np.ones(without.shape, dtype=bool) if counted is None else counted
    number = known.sum(axis=0)
    n = np.maximum(number, 1)
    middle = np.where(known, without, 0.0).sum(axis=0) / n
    spread = (np.where(known, without - middle, 0.0) ** 2).sum(axis=0)
    return np.where(number > 1, np.sqrt(spread * (n - 1) / n), np.nan)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean of (sets, replicates) and its 90 % confidence interval; the sets are the units.

    Returns:
        The mean of the means of sets, and the ends of its interval, which are NaN with fewer than
        two sets, or with so few runs that they are equal (:func:`spread_of`).
    """
    known = values[(~np.isnan(values)).any(axis=1)]
    if not len(known):
        return math.nan, math.nan, math.nan
    means = np.nanmean(known, axis=1)
    middle = float(means.mean())
    if len(means) < 2:
        return middle, math.nan, math.nan
    half = half_width(spread_of(means, int((~np.isnan(known)).sum())), len(means))
    return middle, middle - half, middle + half


@dataclass(frozen=True, slots=True)
class Share:
    """A share of runs, with its 90 % interval and its counts.

    Attributes:
        p: share of the runs, 0..1.
        low, high: ends of the Wilson interval.
        hits, runs: the number of runs that count towards the share, and of all runs.
    """

    p: float
    low: float
    high: float
    hits: int
    runs: int

    @property
    def text(self) -> str:
        """The count itself: ``24 of 24``."""
        return f"{self.hits:,} of {self.runs:,}"


def wilson(p: float, number: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a share p of ``number`` independent trials (Wilson 1927, J Am Stat Assoc 22).

    >>> low, high = wilson(1.0, 24)
    >>> round(low, 2), round(high, 2)
    (0.9, 1.0)
    """
    z = z_value(confidence)
    centre = (p + z * z / (2 * number)) / (1 + z * z / number)
    half = z * math.sqrt(p * (1 - p) / number + z * z / (4 * number**2)) / (1 + z * z / number)
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def share(hits: np.ndarray, failed: np.ndarray | None = None) -> Share:
    """Share of runs in which ``hits`` is true, with a Wilson interval.

    Runs of one set are correlated, so the interval uses the effective number of runs: p (1 - p)
    over the variance of the mean of set means, times (z / t)^2, where t of Student's distribution
    with a degree of freedom fewer than sets says how well few sets show this variance (Korn &
    Graubard 1998, Survey Methodology 24(2) 193-201); or the number of sets where nothing varies;
    and never more than the number of runs.

    Args:
        hits: bool (sets, replicates).
        failed: bool (sets, replicates), the runs that failed. These are left out, and so is a set
            in which all runs failed.

    >>> share(np.ones((6, 4), dtype=bool)).text
    '24 of 24'
    """
    counted = np.ones_like(hits, dtype=bool) if failed is None else ~failed
    known = counted.any(axis=1)
    if not known.any():
        return Share(math.nan, math.nan, math.nan, 0, 0)
    shares = (hits & counted)[known].sum(axis=1) / counted[known].sum(axis=1)
    sets, p = len(shares), float(shares.mean())
    variance = float(shares.var(ddof=1)) / sets if sets > 1 else 0.0
    effective = float(sets)
    if variance > 0:
        fewer = (z_value() / t_value(sets - 1)) ** 2
        effective = min(fewer * p * (1 - p) / variance, float(counted.sum()))
    low, high = wilson(p, effective)
    return Share(p, low, high, int((hits & counted).sum()), int(counted.sum()))
