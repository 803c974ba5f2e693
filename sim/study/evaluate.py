"""Outcomes of many runs, summarised at some weeks: what every study stands on.

Runs come from the compiled engine on the threads of this machine; only the weeks that the
summaries need are kept, so memory is the size of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim import batch, outcomes
from sim.parameters import Parameters
from sim.scenario import Scenario

Progress = Callable[[int, int], object]
"""``progress(done, total)`` is called as runs are done."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Summaries of runs.

    Attributes:
        values: float64 (sets, replicates, points, regions + 1, outcomes of
            :data:`sim.outcomes.NAMES`); the last region is "overall". NaN where an outcome is
            empty (nothing happened that it could measure).
        points: the week of each point.
        regions: names, the last "overall".

    >>> scenario = Scenario.shipped("classroom")
    >>> found = evaluate(scenario, [scenario.parameter_set()], 2, seed=1, points=(52,))
    >>> found.values.shape[:4]
    (1, 2, 1, 2)
    """

    values: np.ndarray
    points: tuple[int, ...]
    regions: tuple[str, ...]

    def of(self, outcome: str, point: int = 0, region: str = "overall") -> np.ndarray:
        """One outcome at one point (its place in ``points``), (sets, replicates).

        Raises:
            InputError: no such outcome.
        """
        spec = outcomes.check_outcome(outcome)
        return self.values[:, :, point, self.regions.index(region), outcomes.INDEX[spec.name]]


def evaluate(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    seed: int,
    points: Sequence[int],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    first_replicate: int = 0,
) -> Evaluation:
    """Run every set in every replicate and summarise all outcomes at ``points``.

    The same replicate has the same people and luck in every set and every scenario.

    >>> scenario = Scenario.shipped("classroom")
    >>> found = evaluate(scenario, [scenario.parameter_set()], 3, seed=1, points=(0, 52))
    >>> found.of("trust", point=1).shape, found.regions
    ((1, 3), ('region_1', 'overall'))

    Args:
        sets: full parameter sets.
        replicates: runs of each set, 1 or more.
        points: weeks 0..horizon.
        threads: left out: as many as there are processors.
        progress: ``progress(done, total)`` is called as runs are done.
        first_replicate: number of the first replicate; another range is fresh luck.

    Returns:
        The values at the points, (sets, replicates, points, regions + 1, outcomes).

    Raises:
        ValueError: a point outside 0..horizon.
    """
    shape = (len(sets), replicates, len(points), len(scenario.region_names) + 1)
    values = np.empty((shape[0] * shape[1], *shape[2:], len(outcomes.NAMES)))
    for first, summary in evaluate_pairs(
        scenario,
        sets,
        np.repeat(np.arange(len(sets), dtype=np.int64), replicates),
        np.tile(np.arange(first_replicate, first_replicate + replicates), len(sets)),
        seed,
        points,
        threads=threads,
    ):
        values[first : first + len(summary)] = summary
        if progress is not None:
            progress(first + len(summary), len(values))
    return Evaluation(
        values.reshape(*shape, len(outcomes.NAMES)),
        tuple(points),
        (*scenario.region_names, "overall"),
    )


def evaluate_pairs(
    scenario: Scenario,
    sets: Sequence[Parameters],
    which: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    points: Sequence[int],
    *,
    threads: int | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """The same for chosen (set, replicate) pairs, chunk by chunk, in their order.

    Yields:
        The number of the chunk's first pair, and (runs, points, regions + 1, outcomes).
    """
    for part, found in batch.summarised(
        scenario, sets, which, replicates, seed, points, threads=threads
    ):
        yield part.start, found.values
