"""Elementary effects (Morris 1991; mu*: Campolongo et al. 2007) with separate replicates.

mu* is a mean of absolute values, and chance makes absolute values larger. The corrected mu* gives
each replicate's effect the sign on which the *other* replicates agree. Its expectation is 0 for a
factor without effect, and never above the true value. mu needs no correction; sigma is corrected
like any variance (:mod:`sim.studies.sensitivity.noise`).
"""

from __future__ import annotations

import numpy as np

from sim.core.units import Z95
from sim.studies.sensitivity.samplers import LEVELS

STEP = LEVELS / (2.0 * (LEVELS - 1))
"""Step of a trajectory in the unit cube."""


def effects(unit: np.ndarray, y: np.ndarray, units: int, group_of: np.ndarray) -> np.ndarray:
    """Elementary effects (trajectories, units, replicates), per full range of a factor.

    Args:
        unit: (points, factors).
        y: (points, replicates).
        units: number of factors or groups.
        group_of: (factors,), the index of each factor's unit.
    """
    size = units + 1
    x = unit.reshape(-1, size, unit.shape[1])
    outcome = y.reshape(-1, size, y.shape[1])
    step = np.diff(x, axis=1)
    # The factor that moved most shows which unit made the step, and the direction.
    mover = np.abs(step).argmax(axis=2)
    sign = np.sign(np.take_along_axis(step, mover[..., None], axis=2))
    slope = np.diff(outcome, axis=1) * sign / STEP
    found = np.empty((len(x), units, y.shape[1]))
    np.put_along_axis(found, group_of[mover][..., None], slope, axis=1)
    return found


def agreed_size(effect: np.ndarray) -> np.ndarray:
    """|effect| corrected for chance, (...,) from (..., replicates); two replicates or more."""
    others = effect.sum(axis=-1, keepdims=True) - effect
    scale = np.abs(effect).sum(axis=-1, keepdims=True)
    others = np.where(np.abs(others) > 1e-12 * scale, others, 0.0)
    return (effect * np.sign(others)).mean(axis=-1)


def naive(effect: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """mu*, mu and sigma of replicate means, (..., 3, units), as in SALib."""
    mean = effect.mean(axis=-1)
    count = len(mean)
    mu = weights @ mean
    spread = (weights @ mean**2 - mu**2) * count / (count - 1)
    return np.stack([weights @ np.abs(mean), mu, np.sqrt(np.maximum(spread, 0.0))], axis=-2)


def corrected(effect: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """mu*, mu and sigma of the expected outcome, (..., 3, units); two replicates or more.

    Args:
        effect: (trajectories, units, replicates).
        weights: (..., trajectories), adding up to 1.
    """
    count, _, replicates = effect.shape
    mean = effect.mean(axis=-1)
    mu = weights @ mean
    of_means = weights @ mean**2 - mu**2
    each = weights @ (effect**2).mean(axis=-1)
    for r in range(replicates):
        each = each - (weights @ effect[:, :, r]) ** 2 / replicates
    spread = (replicates * of_means - each) / (replicates - 1) * count / (count - 1)
    return np.stack([weights @ agreed_size(effect), mu, np.sqrt(np.maximum(spread, 0.0))], axis=-2)


def ranges(y: np.ndarray, factors: int, levels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The range of the outcome along each factor, one at a time.

    Args:
        y: (1 + factors * levels, replicates); the first row is the centre.

    Returns:
        The naive range of the means, the range corrected for chance (the other replicates choose
        the ends; NaN with one replicate), and the half-width of its 95 % interval, each (factors,).
    """
    along = y[1:].reshape(factors, levels, -1)
    mean = along.mean(axis=2)
    plain = mean.max(axis=1) - mean.min(axis=1)
    replicates = y.shape[1]
    if replicates < 2:
        return plain, np.full(factors, np.nan), np.full(factors, np.nan)
    found = np.empty((factors, replicates))
    for r in range(replicates):
        rest = np.delete(along, r, axis=2).mean(axis=2)
        high, low = rest.argmax(axis=1), rest.argmin(axis=1)
        rows = np.arange(factors)
        found[:, r] = along[rows, high, r] - along[rows, low, r]
    half = Z95 * found.std(axis=1, ddof=1) / np.sqrt(replicates)
    return plain, found.mean(axis=1), half
