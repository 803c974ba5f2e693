""":func:`seconds`: how long the runs of a plan take on this machine, from two small parts of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from sim.runs.plan import RunPlan

RUNS = 240
"""Number of runs in each part."""
Clock = Callable[[], float]
"""A function that gives seconds since some moment."""


def seconds(
    plan: RunPlan,
    make: Callable[[RunPlan], object],
    *,
    most: int = RUNS,
    clock: Clock = time.perf_counter,
) -> float:
    """Wall time of the runs of a plan.

    A single run comes first and does not count, because it prepares what a process needs once (the
    compiled engine). The extra time of the first part over the second is work that all parts share
    (networks of teams), and counts once.

    Args:
        plan: the runs to estimate.
        make: the function that makes the runs of a part.
        most: the number of runs in each part, if fewer than :data:`RUNS`.
        clock: the function that gives the time, s.

    Returns:
        Wall time, s.
    """
    size = max(1, min(RUNS, most, plan.runs // 2))
    make(plan.part([range(1)]))
    spent = []
    for first in (0, max(0, min(size, plan.runs - size))):
        part = plan.part([range(first, first + size)])
        begun = clock()
        make(part)
        spent.append(clock() - begun)
    once = max(0.0, spent[0] - spent[1])
    return once + spent[1] * plan.runs / size
