"""Luck taken out of indices that are no ratio of quadratic forms: extrapolation to no luck at all.

PAWN, Delta, regional analysis and HDMR look at the whole distribution of the outcome, so products
of different replicates (:mod:`sim.study.noise`) are of no use. But an index of means over k
replicates differs from that of the expected outcome by c / k and smaller terms, as the luck in the
means has variance proportional to 1 / k. With the replicates cut into two halves,

    index without luck  =  index of all R  +  (index of all R - mean index of the halves)

for even R: the part in 1 / R is gone, what is left is of order 1 / R^2. It is the jackknife of
Quenouille (1956, Biometrika 43 353-360) over replicates, which Gordy and Juneja (2010, Management
Science 56(10) 1833-1848) use for the same purpose in nested simulation, and the simplest case of
simulation-extrapolation (Cook and Stefanski 1994, J. Amer. Statist. Assoc. 89 1314-1328). For a
quadratic form it is the product of the two halves, so unbiased. Averaging over some ways to halve
makes it steadier.

It takes luck out, not the floor that these indices have in any finite sample: that of a factor that
does nothing is above 0, with or without luck. The dummy tells how far.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Plain = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Indices (columns, indices) of points (points, factors) and outcomes (points, columns)."""


def halvings(replicates: int, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """At most ``most`` different ways to halve replicates; always the same ones.

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
    """Means that the extrapolation needs, and the weight of each in it.

    Args:
        y: (points, replicates), two replicates or more.
        most: ways to halve.

    Returns:
        (points, columns), the first the mean of all; (columns,), adding up to 1.
    """
    replicates = y.shape[1]
    ways = halvings(replicates, most)
    found = [y.mean(axis=1)]
    luck = []
    for one, other in ways:
        found += [y[:, one].mean(axis=1), y[:, other].mean(axis=1)]
        luck.append((1.0 / len(one) + 1.0 / len(other)) / 2.0)
    # From luck 1/R and a mean of `luck` in the halves, along a line, to none.
    step = (1.0 / replicates) / (luck[0] - 1.0 / replicates)
    weights = np.full(len(found), -step / (2 * len(ways)))
    weights[0] = 1.0 + step
    return np.stack(found, axis=1), weights


def without_luck(plain: Plain, x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Indices of the expected outcome, (indices,).

    Args:
        plain: the index.
        x: (points, factors).
        y: (points, replicates); with one replicate the index as it is.
        most: ways to halve.
    """
    if y.shape[1] < 2:
        return plain(x, y)[0]
    means, weights = columns(y, most)
    return weights @ plain(x, means)


def resampled(
    plain: Plain, x: np.ndarray, y: np.ndarray, most: int, *, times: int, seed: int
) -> np.ndarray:
    """The same for points drawn anew, (times, indices)."""
    rng = np.random.default_rng([seed, 0x9A])
    means, weights = columns(y, most) if y.shape[1] > 1 else (y, np.ones(1))
    found = []
    for _ in range(times):
        rows = rng.integers(len(x), size=len(x))
        found.append(weights @ plain(x[rows], means[rows]))
    return np.array(found)
