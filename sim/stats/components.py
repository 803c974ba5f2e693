"""Components: chance and what is not known told apart, over runs (sets, replicates).

A row is a parameter set, its columns are its runs. In an independent design (see
:mod:`sim.runs.plan`) no set shares its replicates with another, so

    y[s, r] = mean + set effect[s] + chance[s, r]

is a one-way random-effects model, and the sets are its independent units: a standard error is that
of the means of sets, never of runs, which are alike within a set. Source: Searle, Casella &
McCulloch 1992, *Variance Components*, chapter 3.

NaN is an outcome that is empty in a run, or a run that failed; it does not count.

>>> values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
>>> found = components(values)
>>> found.between, found.luck, round(standard_error(values), 3)
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
        between: variance of the set effect: what we do not know about the parameters. 0 or more.
        luck: variance between runs of one set; NaN with one replicate, when it cannot be told from
            the set effect (``between`` then holds both).
        replicates: runs a set, their effective number when sets have different numbers.
    """

    between: float
    luck: float
    replicates: float

    @property
    def luck_share(self) -> float:
        """Share of luck in the variance of a single run; NaN when nothing varies."""
        total = self.between + self.luck
        return self.luck / total if total > 0 else math.nan


def components(values: np.ndarray) -> Components:
    """Variance components of (sets, replicates) by the analysis of variance.

    With numbers n_s of runs a set, N in all over S sets, and mean squares between (MSB) and within
    sets (MSW): luck = MSW, between = max(0, (MSB - MSW) / n0), n0 = (N - sum n_s^2 / N) / (S - 1).
    All NaN with fewer than two sets.
    """
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    values, counts = values[counts > 0], counts[counts > 0].astype(float)
    sets, runs = len(counts), float(counts.sum())
    if sets < 2:
        return Components(math.nan, math.nan, math.nan)
    means = np.nanmean(values, axis=1)
    effective = (runs - float((counts**2).sum()) / runs) / (sets - 1)
    grand = float((counts * means).sum()) / runs
    between_squares = float((counts * (means - grand) ** 2).sum()) / (sets - 1)
    if runs == sets:
        return Components(between_squares, math.nan, 1.0)
    luck = float(np.nansum((values - means[:, None]) ** 2)) / (runs - sets)
    return Components(max(0.0, (between_squares - luck) / effective), luck, effective)


def set_means(values: np.ndarray) -> np.ndarray:
    """Mean of each set that has any value."""
    return np.nanmean(values[(~np.isnan(values)).any(axis=1)], axis=1)


def mean(values: np.ndarray) -> float:
    """Mean of the means of the sets, summed exactly; NaN of nothing."""
    means = set_means(values)
    return math.fsum(means.tolist()) / len(means) if len(means) else math.nan


def standard_error(values: np.ndarray) -> float:
    """Standard error of :func:`mean`: SD of the means of sets over the root of their number.

    Of a single set, whose runs are then the units, that of its mean; NaN with fewer than two units.
    """
    known = values[(~np.isnan(values)).any(axis=1)]
    units = known[0][~np.isnan(known[0])] if len(known) == 1 else set_means(values)
    if len(units) < 2:
        return math.nan
    return float(units.std(ddof=1)) / math.sqrt(len(units))


def by_set(set_index: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Runs in any number a set as (sets, most runs of a set), NaN where a set has fewer.

    Args:
        set_index: (runs,) the set of each run, ascending.
        values: (runs,).
    """
    _, first, place, count = np.unique(
        set_index, return_index=True, return_inverse=True, return_counts=True
    )
    found = np.full((len(count), int(count.max(initial=0))), np.nan)
    found[place, np.arange(len(values)) - first[place]] = values
    return found
