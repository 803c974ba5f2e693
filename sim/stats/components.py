"""Components: variance from stochastic variation and from parameter uncertainty, kept apart.

Values are (sets, replicates): a row is a parameter set, its columns are its runs. In an independent
design (see :mod:`sim.runs.plan`) no set shares its replicates with another, so

    y[s, r] = mean + set effect[s] + chance[s, r]

is a one-way random-effects model whose independent units are the sets. A standard error is
therefore that of the means of sets, never that of runs, which are correlated within a set. Source:
Searle, Casella & McCulloch 1992, *Variance Components*, chapter 3.

NaN marks an outcome that is empty in a run, or a run that failed; NaN does not count.

>>> values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
>>> found = components(values)
>>> found.between, found.chance, round(standard_error(values), 3)
(3.75, 0.5, 1.155)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Components:
    """Where the spread of an outcome comes from.

    Attributes:
        between: variance of the set effect, which is parameter uncertainty; 0 or more.
        chance: variance between runs of one set; NaN with one replicate, which cannot separate it
            from the set effect (``between`` then holds both).
        replicates: number of runs of each set; the effective number when sets differ.
    """

    between: float
    chance: float
    replicates: float

    @property
    def chance_share(self) -> float:
        """Share of chance in the variance of a single run; NaN when nothing varies."""
        total = self.between + self.chance
        return self.chance / total if total > 0 else math.nan


def components(values: np.ndarray) -> Components:
    """Variance components of (sets, replicates) by the analysis of variance.

    Set s of S has n_s runs, N in total; MSB and MSW are the mean squares between and within sets.
    Then chance = MSW, between = max(0, (MSB - MSW) / n0) and
    n0 = (N - sum n_s^2 / N) / (S - 1). All are NaN with fewer than two sets.
    """
    between, chance, replicates = all_components(values[None], *means_and_counts(values[None]))
    return Components(float(between[0]), float(chance[0]), float(replicates[0]))


def all_components(
    values: np.ndarray, means: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """:func:`components` of many outcomes at once.

    Args:
        values: (cells, sets, replicates).
        means, counts: their :func:`means_and_counts`, (cells, sets).

    Returns:
        ``between``, ``chance`` and ``replicates``, (cells,) each.
    """
    used, runs = counts > 0, counts.sum(axis=1)
    sets = used.sum(axis=1)
    means = np.where(used, means, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = (runs - (counts**2).sum(axis=1) / runs) / (sets - 1)
        grand = (counts * means).sum(axis=1) / runs
        between = (counts * (means - grand[:, None]) ** 2).sum(axis=1) / (sets - 1)
        squares = (values - means[:, :, None]) ** 2
        if runs.size and runs.min() < values[0].size:
            squares = np.nan_to_num(squares)
        chance = squares.reshape(len(values), -1).sum(axis=1) / (runs - sets)
        effect = np.maximum(0.0, (between - chance) / effective)
    alone = runs == sets
    found = (
        np.where(alone, between, effect),
        np.where(alone, np.nan, chance),
        np.where(alone, 1.0, effective),
    )
    few = sets < 2
    return tuple(np.where(few, np.nan, one) for one in found)  # type: ignore[return-value]


def all_set_means(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Means over the runs of sets, by default along the last axis; NaN where no run has a value.

    >>> all_set_means(np.array([[1.0, 3.0], [5.0, np.nan], [np.nan, np.nan]])).tolist()
    [2.0, 5.0, nan]
    """
    return means_and_counts(values, axis)[0]


def means_and_counts(values: np.ndarray, axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """:func:`all_set_means`, and how many runs each mean is of, as fractions."""
    total = values.sum(axis=axis)
    counts = np.full(total.shape, float(values.shape[axis]))
    if np.isnan(total.sum()):
        known = ~np.isnan(values)
        counts = known.sum(axis=axis).astype(float)
        total = np.where(known, values, 0.0).sum(axis=axis)
    return np.divide(total, counts, out=np.full(total.shape, np.nan), where=counts > 0), counts


def set_means(values: np.ndarray) -> np.ndarray:
    """Mean of each set that has any value."""
    means = all_set_means(values)
    return means[~np.isnan(means)]


def shrunk(means: np.ndarray, chance: float) -> np.ndarray:
    """Means of sets shrunk towards their mean until they vary only as the sets do.

    The variance of the means is the variance between sets plus that which chance adds. The linear
    map that keeps the mean and leaves only the former is the constrained empirical Bayes estimate
    of Louis (1984, J Am Stat Assoc 79(386) 393-398). Sets above a threshold can then be counted.

    Args:
        means: (sets,); NaN does not count, and stays.
        chance: variance that chance adds to each mean: that of a run divided by replicates.

    Returns:
        The shrunk means (sets,).

    >>> shrunk(np.array([-1.0, 1.0]), 0.0).tolist()
    [-1.0, 1.0]
    >>> shrunk(np.array([-1.0, 3.0]), 81.0).tolist()
    [1.0, 1.0]
    """
    known = means[~np.isnan(means)]
    if len(known) < 2:
        return means
    middle, spread = known.mean(), known.var(ddof=1)
    kept = math.sqrt(max(0.0, 1.0 - chance / spread)) if spread > 0 else 1.0
    return middle + kept * (means - middle)


def mean(values: np.ndarray) -> float:
    """Mean of the means of the sets, summed exactly; NaN without values."""
    return float(all_means(all_set_means(values[None]))[0])


def all_means(means: np.ndarray) -> np.ndarray:
    """:func:`mean` of many outcomes at once: (cells,) from their :func:`all_set_means`, (cells,
    sets)."""
    found = []
    for row in means:
        known = row[~np.isnan(row)]
        found.append(math.fsum(known.tolist()) / len(known) if len(known) else math.nan)
    return np.array(found)


def standard_error(values: np.ndarray) -> float:
    """Standard error of :func:`mean`: SD of the means of sets over the root of their number.

    For a single set, the units are its runs. NaN with fewer than two units.
    """
    return float(all_standard_errors(values[None], all_set_means(values[None]))[0])


def all_standard_errors(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """:func:`standard_error` of many outcomes at once: (cells,) from (cells, sets, replicates) and
    their :func:`all_set_means`, (cells, sets)."""
    number = (~np.isnan(means)).sum(axis=1)
    spread = standard_deviations(means)
    if (single := number == 1).any():
        runs = values[single].reshape(int(single.sum()), -1)
        number[single], spread[single] = (~np.isnan(runs)).sum(axis=1), standard_deviations(runs)
    return spread / np.sqrt(np.maximum(number, 1))


def standard_deviations(values: np.ndarray) -> np.ndarray:
    """SD (n - 1) along the last axis without NaN; NaN for fewer than two values."""
    middle, n = means_and_counts(values)
    squares = (values - middle[..., None]) ** 2
    if n.size and n.min() < values.shape[-1]:
        squares = np.where(np.isnan(values), 0.0, squares)
    variance = squares.sum(axis=-1) / np.maximum(n - 1, 1)
    return np.where(n > 1, np.sqrt(variance), np.nan)


def by_set(set_index: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Runs as (..., sets, most runs of a set); NaN where a set has fewer runs.

    Args:
        set_index: (runs,) the set of each run, ascending.
        values: (..., runs).
    """
    _, first, place, count = np.unique(
        set_index, return_index=True, return_inverse=True, return_counts=True
    )
    shape = (*values.shape[:-1], len(count), int(count.max(initial=0)))
    if len(count) and count.min() == count.max():
        return values.reshape(shape)
    found = np.full(shape, np.nan)
    found[..., place, np.arange(values.shape[-1]) - first[place]] = values
    return found
