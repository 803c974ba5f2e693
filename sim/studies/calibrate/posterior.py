"""Posterior: weights of settings (:func:`likelihoods`), draws from them, and all that was Found.

Each setting of the reference table gets the likelihood of the targets as its weight: a kernel whose
variance is that of a finding and that of the simulated mean together. With the error of the finding
as kernel the weights are exact for it (Wilkinson 2013, doi 10.1515/sagmb-2013-0010); a simulated
mean with its own variance makes a synthetic likelihood (Wood 2010, doi 10.1038/nature09319). As
settings have chance of their own, their means also scatter by that variance, so that regions are a
little too wide where it is not small beside the finding's, never too narrow: more replicates cure
it. Settings are draws from the prior, so the weights need no correction. The posterior is a
weighted sample of all that varied; what is said of the free parameters is marginal over the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.stats.resampling import systematic
from sim.studies.calibrate.calibration import Calibration
from sim.studies.calibrate.reference import Reference, pooled
from sim.studies.factors import Factor
from sim.studies.targets import Target


@dataclass(frozen=True, eq=False)
class Fit:
    """A calibration with its reference table and weights.

    Attributes:
        calibration: its targets and factors.
        table: the reference table.
        logs: (settings of the reference table, targets), log likelihoods.
        weights: (settings of the reference table,), adding up to 1.
    """

    calibration: Calibration
    table: Reference
    logs: np.ndarray
    weights: np.ndarray

    @property
    def targets(self) -> tuple[Target, ...]:
        """What it was calibrated to."""
        return self.calibration.targets

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What varied."""
        return self.calibration.factors

    def without(self, out: Sequence[int]) -> np.ndarray:
        """Weights when some targets (their places) are left out."""
        return weights_of(np.delete(self.logs, out, axis=1))


def likelihoods(
    targets: Sequence[Target], outputs: np.ndarray, errors: np.ndarray, replicates: int
) -> np.ndarray:
    """Log likelihood of each target in each setting, (settings, targets).

    A setting without a value for some target has minus infinity (see :attr:`Reference.broken`).

    Args:
        outputs, errors: (settings, targets or more), as of :class:`Reference`.
        replicates: runs of each setting.
    """
    noise = pooled(errors[:, : len(targets)], replicates)
    logs = [t.log_kernel(outputs[:, i], noise[:, i]) for i, t in enumerate(targets)]
    return np.stack(logs, axis=1)


def weights_of(logs: np.ndarray) -> np.ndarray:
    """Weights of settings by their log likelihoods (settings, targets), adding up to 1; all 0 when
    none has any."""
    log = logs.sum(axis=1)
    best = log.max(initial=-np.inf)
    if not np.isfinite(best):
        return np.zeros(len(log))
    weights = np.exp(log - best)
    return weights / weights.sum()


def effective(weights: np.ndarray) -> float:
    """Effective sample size of weights that add up to 1: 1 / sum of their squares."""
    return float(1.0 / np.square(weights).sum())


def drawn(weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Settings of the reference table drawn by their weights: rows (count,), in order."""
    return systematic(weights, count, np.random.default_rng([seed, 7]))


def drawn_table(
    names: Sequence[str], values: np.ndarray, weights: np.ndarray, kept: int, seed: int
) -> tuple[list[str], np.ndarray]:
    """Plausible sets: ``kept`` draws from weighted values (settings, names), as columns (the names,
    then ``weight``) and rows.

    Values are rounded to 9 digits, so that last bits do not depend on the machine.
    """
    rows, counts = np.unique(drawn(weights, kept, seed), return_counts=True)
    table = np.column_stack([values[rows], counts])
    rounded: Any = np.array([[float(f"{x:.9g}") for x in row] for row in table.tolist()])
    return [*names, "weight"], rounded


def digest(table: np.ndarray, names: Sequence[str]) -> str:
    """SHA-256 (hex) of plausible sets: names and values in order, whatever the file format."""
    found = hashlib.sha256("\n".join(names).encode())
    found.update(np.ascontiguousarray(table, dtype="<f8").tobytes())
    return found.hexdigest()
