""":func:`discover` finds where in parameter space a plan fails, each such region a :class:`Box`.

Scenario discovery (Bryant & Lempert 2010, Technol Forecast Soc Change 77(1) 34-49) looks for a box
in the space of uncertain parameters that holds most of the failures. The boxes here are leaves of a
shallow classification tree (Breiman et al. 1984, in scikit-learn's implementation). The tree is
grown on one half of the sets and *scored on the other half*, because coverage and density on the
same runs would be too optimistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.extras import needs

DEPTH = 3
LEAST_SHARE = 0.04
"""Least share of the runs that a box holds."""
LEAST_FAILURES = 20
"""Failures in each half below which no box is sought."""
LIFT = 1.3
"""Least ratio of the failure rate in a box to that of all runs."""
MOST_BOXES = 2


@dataclass(frozen=True, slots=True)
class Box:
    """A box in parameter space.

    Attributes:
        limits: (name, low, high) of each parameter that matters; infinite where there is no limit.
        coverage: share of all failures that are in the box.
        density: share of the runs in the box that fail.
        mass: share of all runs that are in the box.
    """

    limits: tuple[tuple[str, float, float], ...]
    coverage: float
    density: float
    mass: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where a plan fails.

    Attributes:
        rate: share of runs that fail.
        runs: the number of runs.
        boxes: the boxes that hold most failures, the one with most first; empty when no simple
            rule holds, or there are too few failures to search.
        few: whether there are too few failures to search.
    """

    rate: float
    runs: int
    boxes: tuple[Box, ...]
    few: bool = False


def discover(parameters: np.ndarray, names: Sequence[str], failed: np.ndarray) -> Discovery:
    """Search for boxes that hold most of the failures.

    Args:
        parameters: float64 (sets, parameters).
        names: names of the parameters, one for each column.
        failed: bool (sets, replicates), the runs in which the plan fails.
    """
    runs, rate = int(failed.size), float(failed.mean())
    fit, score = failed[::2], failed[1::2]
    if any(min(half.sum(), (~half).sum()) < LEAST_FAILURES for half in (fit, score)):
        return Discovery(rate, runs, (), few=True)
    replicates = failed.shape[1]
    tree = _tree().fit(np.repeat(parameters[::2], replicates, axis=0), fit.ravel())
    boxes = []
    for limits in _leaves(tree.tree_, names, LIFT * float(fit.mean())):
        inside = _inside(parameters[1::2], names, limits)
        if not inside.any():
            continue
        density = float(score[inside].mean())
        coverage = float(score[inside].sum() / score.sum())
        if density >= LIFT * float(score.mean()):
            boxes.append(Box(limits, coverage, density, float(inside.mean())))
    boxes.sort(key=lambda box: -box.coverage)
    return Discovery(rate, runs, tuple(boxes[:MOST_BOXES]))


def _tree() -> Any:
    needs("sklearn", work="scenario discovery")
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(
        max_depth=DEPTH,
        min_samples_leaf=LEAST_SHARE,  # type: ignore[arg-type]  # a share is allowed too
        random_state=0,
        criterion="entropy",
    )


def _leaves(
    tree: Any, names: Sequence[str], least: float
) -> list[tuple[tuple[str, float, float], ...]]:
    """Limits of each leaf that fails more often than ``least``; two such leaves of one parent are
    one box."""
    found: list[tuple[tuple[str, float, float], ...]] = []

    def density(node: int) -> float:
        counts = tree.value[node][0]
        return float(counts[1] / counts.sum())

    def is_leaf(node: int) -> bool:
        return tree.children_left[node] < 0

    def all_fail(node: int) -> bool:
        if is_leaf(node):
            return density(node) >= least
        return all_fail(tree.children_left[node]) and all_fail(tree.children_right[node])

    def walk(node: int, box: dict[str, tuple[float, float]]) -> None:
        if all_fail(node):
            if box:
                found.append(tuple((name, *ends) for name, ends in box.items()))
            return
        if is_leaf(node):
            return
        name, cut = str(names[int(tree.feature[node])]), float(tree.threshold[node])
        low, high = box.get(name, (-np.inf, np.inf))
        walk(tree.children_left[node], {**box, name: (low, min(high, cut))})
        walk(tree.children_right[node], {**box, name: (max(low, cut), high)})

    walk(0, {})
    return found


def _inside(
    parameters: np.ndarray, names: Sequence[str], limits: tuple[tuple[str, float, float], ...]
) -> np.ndarray:
    """Which sets are in a box: bool (sets,)."""
    inside = np.ones(len(parameters), dtype=bool)
    for name, low, high in limits:
        column = parameters[:, list(names).index(name)]
        inside &= (column > low) & (column <= high)
    return inside
