"""Fit: a reference table with its weights, from :func:`likelihoods`; :func:`drawn` draws sets.

Each setting of the reference table gets the likelihood of the targets as its weight. The kernel has
the variance of the finding plus that of the simulated mean. With the error of the finding as
kernel, the weights are exact for that error (Wilkinson 2013, doi 10.1515/sagmb-2013-0010); a
simulated mean with its own variance makes a synthetic likelihood (Wood 2010, doi
10.1038/nature09319). Settings have chance of their own, so their means also scatter by that
variance. Credible regions are therefore a little too wide, and never too narrow, where the variance
is not small beside that of the finding; more replicates reduce the excess. Settings are draws from
the prior, so the weights need no correction. The posterior is a weighted sample of all factors, and
statements on free parameters are marginal over the others.
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
        calibration: the targets and factors.
        table: the reference table.
        logs: (settings, targets), log likelihoods.
        weights: (settings,), adding up to 1.
    """

    calibration: Calibration
    table: Reference
    logs: np.ndarray
    weights: np.ndarray

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets of the calibration."""
        return self.calibration.targets

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors that varied."""
        return self.calibration.factors

    def without(self, out: Sequence[int]) -> np.ndarray:
        """Weights (settings,) without some targets, which are given by their indices."""
        return weights_of(np.delete(self.logs, out, axis=1))


def likelihoods(
    targets: Sequence[Target], outputs: np.ndarray, errors: np.ndarray, replicates: int
) -> np.ndarray:
    """Log likelihood of each target in each setting, (settings, targets).

    A setting without a value for some target has minus infinity (see :attr:`Reference.broken`).

    Args:
        outputs, errors: (settings, targets or more), as in :class:`Reference`.
        replicates: the number of runs of each setting.
    """
    noise = pooled(errors[:, : len(targets)], replicates)
    logs = [t.log_kernel(outputs[:, i], noise[:, i]) for i, t in enumerate(targets)]
    return np.stack(logs, axis=1)


def weights_of(logs: np.ndarray) -> np.ndarray:
    """Weights (settings,) from log likelihoods (settings, targets); they add up to 1, or are all 0
    where no setting has a likelihood above 0."""
    log = logs.sum(axis=1)
    best = log.max(initial=-np.inf)
    if not np.isfinite(best):
        return np.zeros(len(log))
    weights = np.exp(log - best)
    return weights / weights.sum()


def effective(weights: np.ndarray) -> float:
    """Effective sample size of weights that add up to 1, which is 1 / sum of their squares."""
    return float(1.0 / np.square(weights).sum())


def drawn(weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Row numbers (count,) of settings that are drawn by their weights, in order."""
    return systematic(weights, count, np.random.default_rng([seed, 7]))


def drawn_table(
    names: Sequence[str], values: np.ndarray, weights: np.ndarray, kept: int, seed: int
) -> tuple[list[str], np.ndarray]:
    """Plausible sets as columns (the names, then ``weight``) and rows: ``kept`` draws from weighted
    values (settings, names).

    Values are rounded to 9 digits, so that the last bits do not depend on the machine.
    """
    rows, counts = np.unique(drawn(weights, kept, seed), return_counts=True)
    table = np.column_stack([values[rows], counts])
    rounded: Any = np.array([[float(f"{x:.9g}") for x in row] for row in table.tolist()])
    return [*names, "weight"], rounded


def digest(table: np.ndarray, names: Sequence[str]) -> str:
    """SHA-256 (hex) of the names and values of plausible sets, independent of the file format."""
    found = hashlib.sha256("\n".join(names).encode())
    found.update(np.ascontiguousarray(table, dtype="<f8").tobytes())
    return found.hexdigest()
