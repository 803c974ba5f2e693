"""Chance separated from effect: noise_share, signal_cv, corrected_form, jackknife, without_chance.

Every run is f(x, chance), and a study is about the expected outcome m(x) = E f(x, chance). Means
over R replicates still contain chance, and every index that squares them counts chance as
sensitivity.

**Products of different replicates.** Most indices are ratios of quadratic forms Q(y, y) of the
outcomes. With replicates y_1 .. y_R (columns) and their mean y, products of *different* replicates
contain no squared chance, and their average

    (1 / R(R-1)) sum over r != s of Q(y_r, y_s)  =  (R Q(y, y) - mean over r of Q(y_r, y_r)) / (R-1)

is unbiased for Q(m, m). The proof needs only that different replicates are independent, so the
estimator serves both designs: *common* (every point has the same replicates; shared chance cancels
in differences) and *fresh* (every point has its own). Where Q is a variance, it is the classical
estimator of variance components. Sun, Apley and Staum (2011, Operations Research 59(4) 998-1007)
study its use in nested simulation. Mazo (2021, SIAM/ASA J. Uncertainty Quantification 9(4)
1673-1713) treats indices of the expectation of a stochastic model and the number of repetitions;
Hart, Alexanderian and Gremaud (2017, SIAM J. Sci. Comput. 39(4) A1514-A1530) treat indices under
common random numbers. The ratio of two unbiased estimates is consistent, not unbiased; it can be
below 0.

**Extrapolation to no chance.** PAWN, Delta, regional analysis and HDMR depend on the whole
distribution of the outcome, so products cannot correct them. But an index of means over k
replicates differs from that of the expected outcome by c / k and smaller terms, because the chance
in the means has variance proportional to 1 / k. With the replicates cut into two halves,

    index without chance  =  index of all R  +  (index of all R - mean index of the halves)

for even R: the part in 1 / R is gone, and the rest is of order 1 / R^2. This is the jackknife of
Quenouille (1956, Biometrika 43 353-360) over replicates, which Gordy and Juneja (2010, Management
Science 56(10) 1833-1848) use for the same purpose in nested simulation, and the simplest case of
simulation-extrapolation (Cook and Stefanski 1994, J. Amer. Statist. Assoc. 89 1314-1328). For a
quadratic form, the extrapolation is the product of the two halves and so unbiased. Averaging over
several ways to halve reduces its variance. The extrapolation removes chance but not the floor of
these indices: in any finite sample, the index of a factor without effect is above 0, with or
without chance. The dummy shows the height of the floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.stats.intervals import jackknifed


@dataclass(frozen=True, slots=True)
class NoiseShare:
    """The sources of the variance of an outcome (all shares 0..1; NaN where nothing varies).

    Attributes:
        signal: variance of the expected outcome over the points.
        chance: share of the variance of a single run that is chance.
        chance_moving_all: the part of ``chance`` that moves all points alike; common random numbers
            remove it from every comparison (NaN in a fresh design, which cannot estimate it).
        chance_left: share of chance in the variance of the replicate means, which SALib analyses.
        replicates: the number R of replicates.
    """

    signal: float
    chance: float
    chance_moving_all: float
    chance_left: float
    replicates: int


def over_pairs(of_means: np.ndarray, of_each: np.ndarray, replicates: int) -> np.ndarray:
    """The average product of different replicates, from Q(mean, mean) and the mean of Q(y_r, y_r).

    >>> float(over_pairs(np.array(1.5), np.array(2.0), 5))
    1.375
    """
    return (replicates * of_means - of_each) / (replicates - 1)


def corrected_form(form: Callable[[np.ndarray], np.ndarray], y: np.ndarray) -> np.ndarray:
    """A quadratic form of the expected outcome.

    Args:
        form: a function from outcomes (points,) to Q(y, y), any shape.
        y: (points, replicates), two replicates or more.
    """
    each = np.mean([form(y[:, r]) for r in range(y.shape[1])], axis=0)
    return over_pairs(np.asarray(form(y.mean(axis=1))), each, y.shape[1])


def noise_share(y: np.ndarray, *, common: bool) -> NoiseShare:
    """The shares of chance in the variance of an outcome.

    Args:
        y: (points, replicates), outcomes at a sample of points of the space, no NaN.
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
        # The two-way table without repetition has a part per replicate and a residual per cell.
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

    Under common random numbers all points share the replicates, so resampling points does not show
    that other replicates would give other indices.

    Args:
        estimate: a function from (points, replicates - 1) to an array.
        y: (points, replicates); NaN with fewer than three, because the estimate needs two.
    """
    replicates = y.shape[-1]
    if replicates < 3:
        return np.full(np.shape(estimate(y)), np.nan)
    return jackknifed(np.array([estimate(np.delete(y, r, axis=-1)) for r in range(replicates)]))


def signal_cv(blocks: np.ndarray, *, common: bool, seed: int, resamples: int = 200) -> float:
    """Coefficient of variation of the signal variance: its standard error divided by the variance.

    Every index that is a share divides by the variance of the expected outcome. The error of this
    variance joins the choice of points (bootstrap over base samples) and, under common random
    numbers, of replicates (jackknife); with fresh chance, the choice of points includes chance.

    Args:
        blocks: (base samples, points of each, replicates); one replicate: there is no chance.
        common: whether all points share their replicates.
        seed: seed of the bootstrap.
        resamples: number of resamples of the bootstrap.

    Returns:
        0 or more; infinite where there is no signal; NaN where there are too few replicates.

    >>> rng = np.random.default_rng(1)
    >>> round(signal_cv(rng.normal(size=(20_000, 1, 1)), common=False, seed=1), 2)  # sqrt(2 / n)
    0.01
    """
    base, _, replicates = blocks.shape
    whole = np.full(base, 1.0 / base)

    def signal(weights: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Variance of the expected outcome for weights (..., base) of base samples."""
        columns = np.concatenate([y.mean(axis=-1, keepdims=True), y], axis=-1)
        mean, square = weights @ columns.mean(axis=1), weights @ (columns**2).mean(axis=1)
        variance = square - mean**2
        if y.shape[-1] < 2:
            return variance[..., 0]
        return over_pairs(variance[..., 0], variance[..., 1:].mean(axis=-1), y.shape[-1])

    blocks = blocks - blocks.mean()  # squares around the mean lose fewer digits
    found = float(signal(whole, blocks))
    if found <= 0.0:
        return float("inf")
    rng = np.random.default_rng([seed, 0xC5])
    drawn = rng.multinomial(base, whole, size=resamples) / base
    error = float(signal(drawn, blocks).std(ddof=1))
    if common and replicates > 1:
        error = float(np.hypot(error, jackknife(lambda y: signal(whole, y), blocks)))
    return error / found


# --- extrapolation -------------------------------------------------------------------------------

Plain = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A function from points (points, factors) and outcomes (points, columns) to indices (columns,
indices)."""


def halvings(replicates: int, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """At most ``most`` different ways to halve replicates, the same in every call.

    >>> [(a.tolist(), b.tolist()) for a, b in halvings(4, 8)]
    [([0, 1], [2, 3]), ([0, 3], [1, 2]), ([0, 2], [1, 3])]
    """
    rng = np.random.default_rng(0x4A1F)
    size = replicates // 2
    found: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}
    order = np.arange(replicates)
    for _ in range(16 * most):
        one, other = np.sort(order[:size]), np.sort(order[size:])
        if len(one) == len(other) and one[0] != 0:
            one, other = other, one
        found.setdefault(tuple(one.tolist()), (one, other))
        if len(found) == most:
            break
        order = rng.permutation(replicates)
    return list(found.values())


def columns(y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The means that the extrapolation needs, and their weights.

    Args:
        y: (points, replicates), two replicates or more.
        most: most ways to halve.

    Returns:
        Means (points, columns), of which the first is that of all replicates, and weights
        (columns,), which add up to 1.
    """
    replicates = y.shape[1]
    ways = halvings(replicates, most)
    found = [y.mean(axis=1)]
    chance = []
    for one, other in ways:
        found += [y[:, one].mean(axis=1), y[:, other].mean(axis=1)]
        chance.append((1.0 / len(one) + 1.0 / len(other)) / 2.0)
    # The line runs from a mean of `chance` in the halves, through 1 / R for all, to no chance.
    step = (1.0 / replicates) / (chance[0] - 1.0 / replicates)
    weights = np.full(len(found), -step / (2 * len(ways)))
    weights[0] = 1.0 + step
    return np.stack(found, axis=1), weights


def without_chance(plain: Plain, x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Indices of the expected outcome, (indices,).

    Args:
        plain: a function that gives the indices.
        x: (points, factors).
        y: (points, replicates); with one replicate, the index is not corrected.
        most: most ways to halve.
    """
    if y.shape[1] < 2:
        return plain(x, y)[0]
    means, weights = columns(y, most)
    return weights @ plain(x, means)


def resampled(
    plain: Plain, x: np.ndarray, y: np.ndarray, most: int, *, times: int, seed: int
) -> np.ndarray:
    """Indices of the expected outcome for resampled points, (times, indices)."""
    rng = np.random.default_rng([seed, 0x9A])
    means, weights = columns(y, most) if y.shape[1] > 1 else (y, np.ones(1))
    found = []
    for _ in range(times):
        rows = rng.integers(len(x), size=len(x))
        found.append(weights @ plain(x[rows], means[rows]))
    return np.array(found)
