"""Luck told apart from effect: what replicates say about the variance of an outcome.

Every run is f(x, luck); what a study asks for is the expected outcome m(x) = E f(x, luck). Means over
R replicates still hold luck, and every index that squares them counts it as sensitivity.

**The estimator.** All indices used here are ratios of quadratic forms Q(y, y) of the outcomes. With
replicates y_1 .. y_R (columns) and their mean y, products of *different* replicates hold no squared
luck, and their average

    (1 / R(R-1)) sum over r != s of Q(y_r, y_s)  =  (R Q(y, y) - mean over r of Q(y_r, y_r)) / (R-1)

is unbiased for Q(m, m). It needs only that different replicates are independent, so it holds for
both designs: *common* (every point has the same replicates; what they share cancels in differences)
and *fresh* (every point has its own). For Q a variance it is the classical estimator of variance
components, whose use in nested simulation Sun, Apley and Staum (2011, Operations Research 59(4)
998-1007) study; indices of the expectation of a stochastic model, and how many repetitions to make,
are the subject of Mazo (2021, SIAM/ASA J. Uncertainty Quantification 9(4) 1673-1713); indices under
common random numbers that of Hart, Alexanderian and Gremaud (2017, SIAM J. Sci. Comput. 39(4)
A1514-A1530). The ratio of two unbiased estimates is consistent, not unbiased; it can be below 0.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class NoiseShare:
    """Where the variance of an outcome comes from (all shares 0..1; nan when nothing varies).

    Attributes:
        signal: variance of the expected outcome over the points.
        luck: share of the variance of a single run that is luck.
        luck_moving_all: the part of ``luck`` that moves all points alike; common random numbers
            take it out of every comparison (nan in a fresh design, which cannot tell).
        luck_left: share of the variance of the replicate means, as SALib sees them, that is luck.
        replicates: R.
    """

    signal: float
    luck: float
    luck_moving_all: float
    luck_left: float
    replicates: int


def over_pairs(of_means: np.ndarray, of_each: np.ndarray, replicates: int) -> np.ndarray:
    """The estimator of the module from Q(mean, mean) and the mean over r of Q(y_r, y_r).

    >>> float(over_pairs(np.array(1.5), np.array(2.0), 5))
    1.375
    """
    return (replicates * of_means - of_each) / (replicates - 1)


def corrected_form(form: Callable[[np.ndarray], np.ndarray], y: np.ndarray) -> np.ndarray:
    """A quadratic form of the expected outcome.

    Args:
        form: takes outcomes (points,) and returns Q(y, y), any shape.
        y: (points, replicates), two replicates or more.
    """
    each = np.mean([form(y[:, r]) for r in range(y.shape[1])], axis=0)
    return over_pairs(np.asarray(form(y.mean(axis=1))), each, y.shape[1])


def noise_share(y: np.ndarray, *, common: bool) -> NoiseShare:
    """How much of the variance of an outcome is luck.

    Args:
        y: (points, replicates) of a sample of points of the space, no NaN.
        common: whether every point has the same replicates.
    """
    points, replicates = y.shape
    means = y.mean(axis=1)
    if replicates < 2 or points < 2:
        return NoiseShare(float(np.var(means)), np.nan, np.nan, np.nan, replicates)
    signal = max(0.0, float(corrected_form(np.var, y)) * points / (points - 1))
    within = float(y.var(axis=1, ddof=1).mean())
    shared = np.nan
    left = within / replicates
    if common:
        # Two-way table without repetition: what replicates share, and what is left in a cell.
        rest = y - means[:, None] - y.mean(axis=0)[None, :] + y.mean()
        cell = float((rest**2).sum() / ((points - 1) * (replicates - 1)))
        shared = max(0.0, within - cell)
        left = cell / replicates
    total = signal + within
    if total <= (1e-12 * float(np.abs(y).max())) ** 2:
        return NoiseShare(0.0, np.nan, np.nan, np.nan, replicates)
    return NoiseShare(
        signal,
        within / total,
        shared / total,
        left / (signal + left) if signal + left > 0 else np.nan,
        replicates,
    )


def jackknife(estimate: Callable[[np.ndarray], np.ndarray], y: np.ndarray) -> np.ndarray:
    """Standard error from the choice of replicates, by leaving each out (Efron and Stein 1981).

    Under common random numbers the replicates are shared by all points, so resampling points does
    not see that other replicates would have given other indices.

    Args:
        estimate: takes (points, replicates - 1) and returns an array.
        y: (points, replicates); nan with fewer than three, because the estimate needs two.
    """
    replicates = y.shape[-1]
    if replicates < 3:
        return np.full(np.shape(estimate(y)), np.nan)
    found = np.array([estimate(np.delete(y, r, axis=-1)) for r in range(replicates)])
    spread = ((found - found.mean(axis=0)) ** 2).sum(axis=0)
    return np.sqrt(spread * (replicates - 1) / replicates)
