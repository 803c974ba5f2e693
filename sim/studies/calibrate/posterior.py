"""Posterior: weights of settings (:func:`abc_weights`), draws from them, and all that was Found.

Each setting of the reference table gets the weight of a kernel that takes the tolerances for
observation error. With such a kernel ABC is exact under that error (Wilkinson 2013, doi
10.1515/sagmb-2013-0010), and as the settings are draws from the prior, the weights need no proposal
correction. The posterior is a weighted sample of the free parameters, marginal over the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.studies.calibrate.asked import Asked
from sim.studies.calibrate.matching import Wave
from sim.studies.calibrate.reference import Reference
from sim.studies.factors import Factor
from sim.studies.targets import Target


@dataclass(frozen=True, eq=False)
class Found:
    """What a calibration found.

    Attributes:
        asked: what was asked.
        waves: of history matching.
        prior: the first wave: settings from the whole prior.
        table: the final sample.
        weights: (settings of the table,), adding up to 1.
    """

    asked: Asked
    waves: tuple[Wave, ...]
    prior: Reference
    table: Reference
    weights: np.ndarray

    @property
    def targets(self) -> tuple[Target, ...]:
        """What it was calibrated to."""
        return self.asked.targets

    @property
    def factors(self) -> tuple[Factor, ...]:
        """What varied."""
        return self.asked.factors

    @property
    def left(self) -> float:
        """Share of the prior that history matching left."""
        return self.waves[-1].left if self.waves else 1.0


def abc_weights(targets: Sequence[Target], outputs: np.ndarray) -> np.ndarray:
    """Weight of each setting by its outputs (settings, targets), adding up to 1; all 0 when none
    has any.

    A setting without a value for some target has none (see :attr:`Reference.broken`).
    """
    log = np.zeros(len(outputs))
    for place, target in enumerate(targets):
        log = log + target.log_kernel(outputs[:, place])
    best = log.max(initial=-np.inf)
    if not np.isfinite(best):
        return np.zeros(len(outputs))
    weights = np.exp(log - best)
    return weights / weights.sum()


def effective(weights: np.ndarray) -> float:
    """Effective sample size of weights that add up to 1: 1 / sum of their squares."""
    return float(1.0 / np.square(weights).sum())


def resample(weights: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Systematic resampling: rows, and how often each is drawn; the counts add up to ``count``."""
    places = (np.arange(count) + np.random.default_rng([seed, 7]).random()) / count
    edges = np.cumsum(weights)
    chosen = np.minimum(np.searchsorted(edges / edges[-1], places, side="right"), len(weights) - 1)
    return np.unique(chosen, return_counts=True)


def drawn_table(
    names: Sequence[str], values: np.ndarray, weights: np.ndarray, kept: int, seed: int
) -> tuple[list[str], np.ndarray]:
    """Plausible sets: ``kept`` draws from weighted values (settings, names), as columns (the names,
    then ``weight``) and rows.

    Values are rounded to 9 digits, so that last bits do not depend on the machine.
    """
    rows, counts = resample(weights, kept, seed)
    table = np.column_stack([values[rows], counts])
    rounded: Any = np.array([[float(f"{x:.9g}") for x in row] for row in table.tolist()])
    return [*names, "weight"], rounded


def digest(table: np.ndarray, names: Sequence[str]) -> str:
    """SHA-256 (hex) of plausible sets: names and values in order, whatever the file format."""
    found = hashlib.sha256("\n".join(names).encode())
    found.update(np.ascontiguousarray(table, dtype="<f8").tobytes())
    return found.hexdigest()
