"""Series, a collector of values at weeks and of weekly outcomes of some runs of each set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.outcomes import OUTCOMES
from sim.engine.reduction import Reduction
from sim.runs.collect import Arrays, Gathering, Made, Points, Rows, RunValues, State, ValueArrays
from sim.runs.own import OwnReduction
from sim.runs.plan import Job, RunPlan


@dataclass(frozen=True)
class Series(Points):
    """Keeps what :class:`~sim.runs.collect.Points` does and weekly outcomes of all regions
    together.

    Attributes:
        weekly: outcomes kept week by week: levels and rates of the week, totals up to it.
        last: the last week kept; weeks are 0..last.
        replicates: the number of runs of each set in the whole plan.
        first: for how many of these, the first ones, weekly outcomes are kept.
    """

    weekly: tuple[str, ...] = ()
    last: int = 0
    replicates: int = 1
    first: int = 1

    def key(self) -> dict[str, Any]:
        more = {"weekly": list(self.weekly), "last": self.last, "first": self.first}
        return {**super().key(), "kept": "series", **more}

    def run_bytes(self, job: Job) -> int:
        return super().run_bytes(job) + 8 * (self.last + 1) * len(self.weekly)

    def reduction(self, job: Job) -> Reduction | OwnReduction:
        """See :class:`~sim.runs.collect.Points`; this reduction gives every week."""
        return job.reduction_of_all

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        columns = [job.outcomes.index(name) for name in self.weekly]
        totals = {one.name for one in (*OUTCOMES.values(), *job.own) if one.kind == "total"}
        first = records[0][:, : self.last + 1]
        weekly = self.reduction(job).weekly(first, which)[:, :, -1, columns]
        for place, name in enumerate(self.weekly):
            if name in totals:
                weekly[:, :, place] = np.cumsum(weekly[:, :, place], axis=1)
        return {**super().measure(job, which, records), "weekly": weekly}

    def kept_rows(self, job: Job, first: int, last: int) -> np.ndarray:
        """bool (runs,): for which of the runs first..last - 1 of a job weeks are kept."""
        return job.replicate[first:last] % self.replicates < self.first

    def state(self, plan: RunPlan, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
        whole = list(pieces)
        weekly = []
        for rows in whole:
            piece = rows.piece
            kept = self.kept_rows(plan.jobs[piece.job], piece.first, piece.last)
            weekly.append(rows.arrays["weekly"][kept])
        return {**super().state(plan, whole), "weekly": np.concatenate(weekly)}

    def empty(self, plan: RunPlan) -> Gathering[RunSeries]:
        return _Series(self, plan)


@dataclass(frozen=True, slots=True, eq=False)
class RunSeries:
    """What :class:`Series` has kept.

    Attributes:
        values: the values at the weeks of each job.
        weekly: for each job, float64 (sets, first replicates, weeks, outcomes); NaN in failed runs.
    """

    values: RunValues
    weekly: tuple[np.ndarray, ...]

    @property
    def made(self) -> Made:
        """Which runs were made, and which failed."""
        return self.values.made


class _Series(ValueArrays):
    """The gathering of :class:`Series`."""

    kept: Series

    def __init__(self, kept: Series, plan: RunPlan) -> None:
        super().__init__(kept, plan)
        shape = (kept.last + 1, len(kept.weekly))
        self.weekly = [
            np.full((int(kept.kept_rows(job, 0, len(job)).sum()), *shape), np.nan)
            for job in plan.jobs
        ]

    def _where(self, job: int, first: int, last: int) -> slice:
        about = self.plan.jobs[job]
        start = int(self.kept.kept_rows(about, 0, first).sum())
        return slice(start, start + int(self.kept.kept_rows(about, first, last).sum()))

    def join(self, runs: range, state: State) -> None:
        super().join(runs, state)
        start = 0
        for piece in self.plan.pieces(runs):
            where = self._where(piece.job, piece.first, piece.last)
            size = where.stop - where.start
            self.weekly[piece.job][where] = state["weekly"][start : start + size]
            start += size

    def result(self, made: Made) -> RunSeries:  # pyright: ignore[reportIncompatibleMethodOverride]
        weekly = tuple(
            one.reshape(len(job.sets), -1, *one.shape[1:])
            for one, job in zip(self.weekly, self.plan.jobs, strict=True)
        )
        return RunSeries(super().result(made), weekly)
