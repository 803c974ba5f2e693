""":func:`drivers`: the parameters that are correlated with a result, each a :class:`Driver`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SETS = 10
"""With fewer sets, large correlations arise by chance, and none is reported."""
FAMILY_ERROR = 0.05
"""Probability that any parameter is called clear for a result without drivers."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A parameter and its correlation with a result.

    Attributes:
        name: the name of the parameter.
        rho: Spearman's rank correlation, -1..1.
        clear: whether the correlation is significant after Bonferroni correction over parameters.
    """

    name: str
    rho: float
    clear: bool


def drivers(parameters: np.ndarray, names: Sequence[str], values: np.ndarray) -> list[Driver]:
    """Rank correlation of each parameter with a value over the sets, strongest first.

    Args:
        parameters: float64 (sets, parameters).
        names: names of the parameters, one for each column.
        values: float64 (sets,), NaN where a set has no value.

    Returns:
        The parameters that vary; empty when fewer than :data:`LEAST_SETS` sets have a value, or
        when the value does not vary.

    >>> x = np.random.default_rng(1).random((40, 2))
    >>> [(one.name, one.clear) for one in drivers(x, ["a", "b"], x[:, 0] ** 3)]
    [('a', True), ('b', False)]
    """
    from scipy.special import stdtr  # scipy.stats takes longer to load than a comparison to make

    known = ~np.isnan(values)
    count = int(known.sum())
    if count < LEAST_SETS or np.ptp(values[known]) == 0:
        return []
    moving = [place for place in range(len(names)) if np.ptp(parameters[known, place]) > 0]
    ranks = np.column_stack(
        [_ranks(values[known]), *(_ranks(parameters[known, place]) for place in moving)]
    )
    rho = np.clip(np.corrcoef(ranks, rowvar=False)[0, 1:], -1.0, 1.0) if moving else np.zeros(0)
    with np.errstate(divide="ignore"):
        t = np.abs(rho) * np.sqrt((count - 2) / ((1.0 - rho) * (1.0 + rho)))
    p = 2.0 * stdtr(count - 2, -t)
    found = [
        Driver(names[place], float(r), bool(chance < FAMILY_ERROR / len(names)))
        for place, r, chance in zip(moving, rho, p, strict=True)
    ]
    return sorted(found, key=lambda one: (-abs(one.rho), one.name))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks (n,) of values (n,), from 1; equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
