"""TestFunction and FUNCTIONS: functions with known indices, which can replace the model.

A study file names one with ``scenario: {function: ishigami}``; ``noise: 1`` adds normal chance of
that variance to every run. All other parts of a study (file, sample, analysis, words) are the same.

Sources: Ishigami and Homma 1990, Saltelli and Sobol' 1995 (the g function), both as in SALib;
Morris 1991 (his test function of 20 inputs). The noisy example has a factor without effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.studies.distributions import Distribution
from sim.studies.factors import Factor

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np


@dataclass(frozen=True)
class TestFunction:
    """A function of inputs (points, inputs) -> (points, outcomes)."""

    __test__ = False  # not a test of pytest

    inputs: Mapping[str, Distribution]
    outcomes: tuple[str, ...]
    of: Callable[[np.ndarray], np.ndarray]

    def factors(self) -> list[Factor]:
        """The inputs as factors."""
        return [Factor(name, "input", how, "input") for name, how in self.inputs.items()]


def _uniform(low: float, high: float) -> Distribution:
    return Distribution("uniform", (low, high))


def _ishigami(x: np.ndarray) -> np.ndarray:
    from SALib.test_functions import Ishigami

    return Ishigami.evaluate(x)[:, None]


def _sobol_g(x: np.ndarray) -> np.ndarray:
    from SALib.test_functions import Sobol_G

    return Sobol_G.evaluate(x)[:, None]


def _morris(x: np.ndarray) -> np.ndarray:
    """Morris (1991), section 5, with the random coefficients fixed at 0: ten inputs matter."""
    w = 2.0 * (x - 0.5)
    for place in (2, 4, 6):
        w[:, place] = 2.0 * (1.1 * x[:, place] / (x[:, place] + 0.1) - 0.5)
    y = 20.0 * w[:, :10].sum(axis=1)
    for i in range(6):
        for j in range(i + 1, 6):
            y = y - 15.0 * w[:, i] * w[:, j]
    for i in range(5):
        for j in range(i + 1, 5):
            for k in range(j + 1, 5):
                y = y - 10.0 * w[:, i] * w[:, j] * w[:, k]
    return (y + 5.0 * np.prod(w[:, :4], axis=1))[:, None]


def _linear(x: np.ndarray) -> np.ndarray:
    return x @ np.array([4.0, 2.0, 1.0])[:, None]


def _dead(x: np.ndarray) -> np.ndarray:
    return (4.0 * x[:, 0] + 2.0 * x[:, 1])[:, None]


FUNCTIONS: Mapping[str, TestFunction] = {
    "ishigami": TestFunction(
        {f"x{i}": _uniform(-math.pi, math.pi) for i in (1, 2, 3)}, ("y",), _ishigami
    ),
    "sobol_g": TestFunction({f"x{i}": _uniform(0.0, 1.0) for i in range(1, 9)}, ("y",), _sobol_g),
    "morris": TestFunction({f"x{i}": _uniform(0.0, 1.0) for i in range(1, 21)}, ("y",), _morris),
    "linear": TestFunction({name: _uniform(0.0, 1.0) for name in "abc"}, ("y",), _linear),
    "dead_factor": TestFunction(
        {name: _uniform(0.0, 1.0) for name in ("a", "b", "dead")}, ("y",), _dead
    ),
    "constant": TestFunction(
        {name: _uniform(0.0, 1.0) for name in "ab"},
        ("y", "flat"),
        lambda x: np.stack([x[:, 0] + x[:, 1], np.full(len(x), 0.3)], axis=1),
    ),
    "hole": TestFunction(
        {name: _uniform(0.0, 1.0) for name in "ab"},
        ("y",),
        lambda x: np.where(x[:, :1] > 0.97, np.nan, x.sum(axis=1, keepdims=True)),
    ),
}
"""Test functions by name. ``constant`` has a constant outcome, and ``hole`` has runs that fail."""
