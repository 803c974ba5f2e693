"""Mean and variance over the replicates of each set, from parts in whatever order they come."""

from __future__ import annotations

import numpy as np

from sim.study.work import FailedRun, Grid, Part


class Moments:
    """Joins parts in their order, whatever the order they come in (Chan et al. 1983).

    Only what is ahead of a gap waits, already reduced to its sets.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        shape = (len(grid.sets), *grid.shape)
        self.count = np.zeros(shape, dtype=np.int64)
        self.mean = np.zeros(shape)
        self.spread = np.zeros(shape)  # sum of squared deviations
        self.failures: list[FailedRun] = []
        self._next = 0
        self._waiting: dict[int, list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]] = {}

    def add(self, part: Part) -> None:
        """Take in a part."""
        self.failures += self.grid.failed_runs(part)
        size = self.grid.replicates
        pieces = []
        first, last = part.first, part.first + len(part.values)
        for index in range(first // size, -(-last // size)):
            low, high = max(first, index * size), min(last, (index + 1) * size)
            pieces.append((index, *_moments(part.values[low - first : high - first])))
        self._waiting[part.first // self.grid.chunk] = pieces
        while self._next in self._waiting:
            for piece in self._waiting.pop(self._next):
                self._join(*piece)
            self._next += 1

    def _join(self, index: int, count: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> None:
        before, total = self.count[index], self.count[index] + count
        share = np.divide(count, total, out=np.zeros(mean.shape), where=total > 0)
        gap = mean - self.mean[index]
        self.mean[index] += gap * share
        self.spread[index] += spread + gap * gap * (before * share)
        self.count[index] = total

    def finish(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count, mean and variance (n - 1), each (sets, points, regions, outcomes)."""
        variance = np.full(self.mean.shape, np.nan)
        np.divide(self.spread, self.count - 1, out=variance, where=self.count > 1)
        return self.count, np.where(self.count > 0, self.mean, np.nan), variance


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count, mean (0 where there is none) and sum of squared deviations over the first axis.

    Added one by one: numpy.sum may add in another order on another machine.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.cumsum(np.where(known, values, 0.0), axis=0)[-1]
    mean = np.divide(total, count, out=np.zeros(count.shape), where=count > 0)
    gaps = np.where(known, values - mean, 0.0)
    return count, mean, np.cumsum(gaps * gaps, axis=0)[-1]
