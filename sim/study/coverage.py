"""Trust in the method: does ABC's posterior cover as it should? (Simulation-based calibration.)

Talts et al. 2018 (arXiv 1804.06788): draw parameters from the prior, make synthetic data from
them, calibrate to those data; over many such draws the rank of the true value in its posterior is
uniform, and an interval of 90 % holds it in 90 % of cases. One bank of prior runs serves both as
the source of truths and (without the truth itself) as the sample that is weighed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.core.units import Z95
from sim.study.bank import Bank
from sim.study.calibration import abc_weights, effective
from sim.study.targets import Target


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What the check found.

    Attributes:
        ranks: (data sets, quantities), probability below the true value in its posterior, 0..1:
            uniform if all is well.
        ess: (data sets,), effective sample sizes.
    """

    ranks: np.ndarray
    ess: np.ndarray

    def inside(self, share: float) -> np.ndarray:
        """How often the central interval of this probability holds the truth, (quantities,)."""
        return (np.abs(self.ranks - 0.5) <= share / 2).mean(axis=0)

    def histogram(self, bins: int = 10) -> np.ndarray:
        """Counts of ranks, (quantities, bins)."""
        edges = np.linspace(0, 1, bins + 1)
        return np.stack([np.histogram(column, edges)[0] for column in self.ranks.T])


def check_coverage(
    bank: Bank,
    targets: Sequence[Target],
    quantities: np.ndarray,
    *,
    data_sets: int = 100,
    seed: int = 1,
) -> Coverage:
    """Recover known parameters from synthetic data.

    Args:
        bank: settings from the whole prior.
        targets: numbers (no patterns); their tolerances stay, their values become synthetic.
        quantities: (settings, quantities): what is to be recovered of each setting.
        data_sets: synthetic data sets; their truths are other settings of the bank.
    """
    rng = np.random.default_rng(seed)
    truths = rng.choice(len(bank), data_sets, replace=False)
    ranks, ess = [], []
    for truth in truths:
        synthetic = [
            _noisy(target, float(bank.outputs[truth, i]), rng) for i, target in enumerate(targets)
        ]
        weights = abc_weights(synthetic, bank)
        weights[truth] = 0.0
        weights /= weights.sum()
        below = quantities < quantities[truth]
        ranks.append((weights[:, None] * below).sum(axis=0))
        ess.append(effective(weights))
    return Coverage(np.array(ranks), np.array(ess))


def _noisy(target: Target, truth: float, rng: np.random.Generator) -> Target:
    """The target as another study would have it: the truth and an error of its tolerance."""
    half = (target.high - target.low) / 2.0
    value = truth + rng.normal() * half / Z95
    return dataclasses.replace(target, value=value, low=value - half, high=value + half)
