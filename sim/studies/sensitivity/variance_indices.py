"""Saltelli and terms: Sobol indices from a Saltelli design with replicates, naive and corrected.

The naive numbers are those of SALib (first order: Saltelli et al. 2010; total order: Jansen 1999 as
in Saltelli et al. 2010; second order: Saltelli 2002). The corrected ones apply
:mod:`sim.studies.sensitivity.noise` to the same numerators and to the variance. Each term is kept
as one number for each base sample, so that a bootstrap is a matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np


@dataclass(frozen=True, eq=False)
class Saltelli:
    """Outcomes of a Saltelli design with separate replicates.

    Attributes:
        a, b: (base, replicates).
        ab: (base, units, replicates), A with the unit's columns from B.
        ba: (base, units, replicates), B with the unit's columns from A; None without second order.
    """

    a: np.ndarray
    b: np.ndarray
    ab: np.ndarray
    ba: np.ndarray | None

    @classmethod
    def of(cls, blocks: np.ndarray, units: int, second_order: bool) -> Saltelli:
        """The design of blocks (base, rows of a base sample, replicates); rows are in SALib's order
        A, AB, (BA,) B."""
        ba = blocks[:, units + 1 : 2 * units + 1] if second_order else None
        return cls(blocks[:, 0], blocks[:, -1], blocks[:, 1 : units + 1], ba)

    def centre(self) -> np.ndarray:
        """Mean of the whole design in each replicate, (replicates,). Subtracting it does not change
        expected indices but reduces their errors, as it removes chance that all points share."""
        parts = [self.a[:, None], self.b[:, None], self.ab]
        if self.ba is not None:
            parts.append(self.ba)
        return np.mean(np.concatenate(parts, axis=1), axis=(0, 1))


@dataclass(frozen=True, eq=False)
class Terms:
    """Numerators of each base sample, and the terms of the variance.

    Attributes:
        numerators: (base, indices), total order, first order, then pairs (without S1 parts).
        square: (base,), mean square of A and B.
        level: (base, replicates), mean of A and B in each replicate.
        units: number of factors (or groups).
        corrected: whether squared chance is left out.
    """

    numerators: np.ndarray
    square: np.ndarray
    level: np.ndarray
    units: int
    corrected: bool

    def indices(self, weights: np.ndarray) -> np.ndarray:
        """ST, S1 and S2 (..., 2 * units + pairs) for weights (..., base) that sum to 1."""
        raw = weights @ self.numerators
        level = weights @ self.level
        mean_square = level.mean(axis=-1) ** 2
        replicates = self.level.shape[1]
        if self.corrected and replicates > 1:
            mean_square = mean_square - level.var(axis=-1, ddof=1) / replicates
        variance = weights @ self.square - mean_square
        variance = np.where(variance > 0.0, variance, np.nan)
        found = raw / variance[..., None]
        d = self.units
        for place, (j, k) in enumerate(combinations(range(d), 2)):
            if 2 * d + place >= found.shape[-1]:
                break
            found[..., 2 * d + place] -= found[..., d + j] + found[..., d + k]
        return found


def terms(y: Saltelli, *, corrected: bool) -> Terms:
    """The terms of a design; ``corrected`` needs two replicates or more."""
    c, replicates = y.centre(), y.a.shape[1]
    corrected = corrected and replicates > 1
    if not corrected:
        c = np.full(replicates, c.mean())

    def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Mean product over pairs of different replicates (or of all, uncorrected)."""
        found = left.mean(axis=-1) * right.mean(axis=-1)
        if not corrected:
            return found
        from_left = left - left.mean(axis=-1, keepdims=True)
        from_right = right - right.mean(axis=-1, keepdims=True)
        return found - (from_left * from_right).sum(axis=-1) / (replicates * (replicates - 1))

    a, b, ab = y.a - c, y.b - c, y.ab - c
    gap = ab - a[:, None]
    total = 0.5 * product(gap, gap)
    first = product(np.broadcast_to(b[:, None], gap.shape), gap)
    parts = [total, first]
    if y.ba is not None:
        ba, base = y.ba - c, product(a, b)
        pairs = [product(ba[:, j], ab[:, k]) - base for j, k in combinations(range(ab.shape[1]), 2)]
        parts.append(np.stack(pairs, axis=1))
    square = 0.5 * (product(a, a) + product(b, b))
    return Terms(
        np.concatenate(parts, axis=1), square, 0.5 * (a + b), ab.shape[1], corrected
    )  # fmt: skip


def point_estimate(y: Saltelli, *, corrected: bool) -> np.ndarray:
    """ST, S1 and S2 of all base samples, (2 * units + pairs,)."""
    made = terms(y, corrected=corrected)
    base = len(made.square)
    return made.indices(np.full(base, 1.0 / base))


def bootstrap(y: Saltelli, *, corrected: bool, resamples: int, seed: int) -> np.ndarray:
    """ST, S1 and S2 of resampled base samples, (resamples, 2 * units + pairs)."""
    made = terms(y, corrected=corrected)
    base = len(made.square)
    rng = np.random.default_rng([seed, 0x5B])
    counts = rng.multinomial(base, np.full(base, 1.0 / base), size=resamples)
    return made.indices(counts / base)
