"""Weekly, a collector of summary values of each run and of weekly bands over all runs.

:class:`PointValues` holds the values of each run at the points in time of a summary,
:class:`RunWeeks` all that the collector has kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core import outcomes
from sim.core.outcomes import Outcome
from sim.core.units import OVERALL
from sim.engine.reduction import Reduction
from sim.engine.rooms import Shelf
from sim.runs import bands
from sim.runs.bands import ARMS, Bands, WeekTable
from sim.runs.collect import Arrays, Collector, FailedRun, Gathering, Made, OpenChunk, Rows, State
from sim.runs.own import OwnReduction
from sim.runs.plan import PARTS, Job, RunPlan
from sim.scenario.scenario import Scenario

_COUNTED_PARTS = 8
"""Least number of chunks where weeks are counted: few, as the size of a state hardly depends on its
number of runs. Several threads make one such chunk together."""


@dataclass(frozen=True, slots=True, eq=False)
class PointValues:
    """Summary values of each run, in order of (set, replicate).

    Attributes:
        points: names of the points in time: start, end_of_ta, year_after and persistence (if the
            horizon reaches that far), horizon.
        set_index, replicate: int64 (run,), the set and the replicate of each run.
        failed: bool (run,), the runs that failed.
        with_ta, without_ta: float64 (run, point, region, outcome); the last region is "overall".
            NaN where the run failed or nothing happened that the outcome measures.
        failures: the failed runs.
        own: the engine's own outcomes, which come after those of codose.
    """

    points: tuple[str, ...]
    set_index: np.ndarray
    replicate: np.ndarray
    failed: np.ndarray
    with_ta: np.ndarray
    without_ta: np.ndarray
    failures: tuple[FailedRun, ...]
    own: tuple[Outcome, ...] = ()

    @property
    def effect(self) -> np.ndarray:
        """Values with TA minus those without, in the same shape."""
        return self.with_ta - self.without_ta


def place_names(scenario: Scenario) -> tuple[str, ...]:
    """Names of the regions, and "overall"."""
    return (*scenario.region_names, OVERALL)


def summary_weeks(scenario: Scenario) -> dict[str, int]:
    """The week of each point, in the order of time; the counterfactual has the same."""
    weeks = outcomes.points(scenario)
    order = ("start", "end_of_ta", "year_after", "horizon")
    return {point: weeks[point] for point in order if point in weeks}


def point_names(scenario: Scenario) -> tuple[str, ...]:
    """The points of a summary: those of :func:`summary_weeks`, and persistence where defined."""
    names = tuple(summary_weeks(scenario))
    return (*names, "persistence") if "year_after" in names else names


def job_weeks(scenario: Scenario) -> tuple[int, ...]:
    """The weeks of a job whose runs are kept by :class:`Weekly`."""
    return tuple(sorted(set(summary_weeks(scenario).values())))


@dataclass(frozen=True)
class Weekly(Collector["RunWeeks"]):
    """Keeps points of every run of one job with counterfactuals, and bands week by week.

    Attributes:
        runs: the number of runs of the whole plan; up to :data:`sim.runs.bands.EXACT_RUNS` runs
            quantiles are exact.
        keep: keep every week of every run, however many there are; quantiles are then exact.
        every_week: make bands. They are most of the work of a summary, and change no value at the
            points.
    """

    runs: int
    keep: bool = False
    every_week: bool = True

    @property
    def exact(self) -> bool:
        """Whether every weekly value is kept."""
        return self.keep or not self.every_week or self.runs <= bands.EXACT_RUNS

    @property
    def parts(self) -> int:
        return PARTS if self.exact else _COUNTED_PARTS

    def key(self) -> dict[str, Any]:
        return {"kept": "weeks", "keep_runs": self.keep, "every_week": self.every_week}

    def check(self, job: Job) -> None:
        if not job.counterfactual or job.weeks != job_weeks(job.scenario):
            raise ValueError("weekly bands are of runs with counterfactuals, at summary points")
        if self.keep and not self.every_week:
            raise ValueError("to keep every week is to find its values")

    def _points_bytes(self, job: Job) -> int:
        points = len(point_names(job.scenario))
        return 16 * points * len(job.places) * len(job.outcomes)

    def run_bytes(self, job: Job) -> int:
        weeks = job.scenario.horizon_weeks + 1 if self.every_week else 0
        return self._points_bytes(job) + 16 * weeks * len(job.places) * len(job.outcomes)

    def state_bytes(self, job: Job) -> int:
        return self.run_bytes(job) if self.exact else self._points_bytes(job)

    def reduction(self, job: Job) -> Reduction | OwnReduction:
        """The reduction that turns the records of a job into outcomes."""
        return job.reduction_of_all if self.every_week else job.reduction

    def weeks(self, job: Job) -> Sequence[int] | None:
        """All weeks where bands are made."""
        return self.reduction(job).reported

    def bands(self, job: Job, zeros: Callable[..., np.ndarray] = np.zeros) -> Bands:
        """Bands without runs, whose counts are in memory that ``zeros`` gives."""
        weeks, runs = job.scenario.horizon_weeks + 1, 0 if self.exact else self.runs
        return Bands(weeks, len(job.places), runs, own=job.own, zeros=zeros)

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        """ "values" (runs, with and without TA, points, regions, outcomes) and, where bands are
        made, "with_ta" and "without_ta": (runs, weeks, regions, outcomes) or, where values are
        counted, the records themselves."""
        reduction = self.reduction(job)
        values = [_at_points(job, reduction.at_points(one, which)) for one in records]
        found = {"values": np.stack(values, axis=1)}
        if self.every_week:
            kept = [reduction.weekly(one, which) for one in records] if self.exact else records
            found |= dict(zip(ARMS, kept, strict=False))
        return found

    def count(self, bands: Bands, job: Job, rows: Rows) -> None:
        """Add the weeks of runs that did not fail to the bands, if there are any."""
        if not self.every_week:
            return
        arms = [rows.arrays["with_ta"], rows.arrays["without_ta"]]
        which = job.which[rows.piece.first : rows.piece.last]
        if rows.failures:
            good = np.ones(len(rows.piece), dtype=bool)
            good[[row for row, *_ in rows.failures]] = False
            arms, which = [arm[good] for arm in arms], which[good]
        if len(which) == 0:
            return
        if self.exact:
            bands.add(*arms)
        else:
            bands.add_records(self.reduction(job), which, *arms)

    def state(self, plan: RunPlan, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
        (job,), values = plan.jobs, []
        bands = self.bands(job)
        for rows in pieces:
            self.count(bands, job, rows)
            values.append(rows.arrays["values"])
        return {"values": np.concatenate(values), **bands.state()}

    def open(self, plan: RunPlan, runs: range, shelf: Shelf) -> OpenChunk:
        if self.exact:
            return super().open(plan, runs, shelf)
        return _Counted(self, plan, runs, shelf)

    def empty(self, plan: RunPlan) -> Gathering[RunWeeks]:
        return _Weeks(self, plan)

    def values(self, job: Job, runs: int) -> np.ndarray:
        """Memory for the values at the points, of any content."""
        places = len(point_names(job.scenario)), len(job.places), len(job.outcomes)
        return np.empty((runs, 2, *places))


def _at_points(job: Job, found: np.ndarray) -> np.ndarray:
    """(runs, points, regions, outcomes) from the values at the weeks of the job."""
    weeks = summary_weeks(job.scenario)
    values = {point: found[:, job.weeks.index(week)] for point, week in weeks.items()}
    if "year_after" in values:
        values["persistence"] = values["year_after"] - values["end_of_ta"]
    return np.stack(list(values.values()), axis=1)


class _Counted(OpenChunk):
    """A chunk whose weeks all threads count together, so that rows need not be kept. Its counts are
    many times as large as its state, and what they take is used again by a later chunk."""

    kept: Weekly

    def __init__(self, kept: Weekly, plan: RunPlan, runs: range, shelf: Shelf) -> None:
        super().__init__(kept, plan, runs)
        (self.job,), self.shelf = plan.jobs, shelf
        self.bands = kept.bands(self.job, shelf.zeros)
        self.values = kept.values(self.job, len(runs))

    def take(self, rows: Rows) -> None:
        self.kept.count(self.bands, self.job, rows)
        first = rows.piece.first - self.runs.start
        self.values[first : first + len(rows.piece)] = rows.arrays["values"]

    def arrays(self) -> dict[str, np.ndarray]:
        found = {"values": self.values, **self.bands.state()}
        if (counts := self.bands.counts) is not None:
            self.shelf.put(counts)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class RunWeeks:
    """What :class:`Weekly` has kept.

    Attributes:
        made: which runs were made, and which failed.
        values: summary values of each run that was made.
        bands: weekly bands over all runs; None where none were made.
        kept: with ``keep``, float64 (run, condition, week, region, outcome) for the runs that did
            not fail; else None.
    """

    made: Made
    values: PointValues
    bands: WeekTable | None
    kept: np.ndarray | None

    @property
    def table(self) -> WeekTable:
        """The table of the bands.

        Raises:
            ValueError: no bands were made.
        """
        if self.bands is None:
            raise ValueError("weekly bands were not wanted: Weekly(every_week=False)")
        return self.bands


class _Weeks(Gathering[RunWeeks]):
    """The gathering of :class:`Weekly`."""

    kept: Weekly

    def __init__(self, kept: Weekly, plan: RunPlan) -> None:
        super().__init__(kept, plan)
        self.job = plan.jobs[0]
        self.bands = kept.bands(self.job)
        self.values = kept.values(self.job, plan.runs)
        """Of any content in runs that have not arrived."""
        self.lock = threading.Lock()
        self.runs: list[tuple[int, int]] = []
        """First and last run of each batch of weeks, in the order of arrival."""

    def _put(self, first: int, values: np.ndarray) -> None:
        self.values[first : first + len(values)] = values
        self.runs.append((first, first + len(values)))

    def add(self, runs: range, pieces: Sequence[Rows]) -> None:
        for rows in pieces:
            if not self.kept.exact:  # all threads count at the same time
                self.kept.count(self.bands, self.job, rows)
            with self.lock:
                self._put(rows.piece.first, rows.arrays["values"])
                if self.kept.exact:
                    self.kept.count(self.bands, self.job, rows)

    def join(self, runs: range, state: State) -> None:
        self._put(runs.start, state["values"])
        self.bands.add_state(state)

    def result(self, made: Made) -> RunWeeks:
        job, done = self.job, made.done
        values = self.values if done.all() else self.values[done]
        points = PointValues(
            points=point_names(job.scenario),
            set_index=job.which[done],
            replicate=job.replicate[done],
            failed=made.failed[done],
            with_ta=values[:, 0],
            without_ta=values[:, 1],
            failures=made.failures,
            own=job.own,
        )
        table = self.bands.table() if self.kept.every_week else None
        return RunWeeks(made, points, table, self._trajectories(made))

    def _trajectories(self, made: Made) -> np.ndarray | None:
        if not self.kept.keep:
            return None
        good = made.done & ~made.failed
        found = np.empty((int(good.sum()), 2, *self.bands.shape))
        if not self.bands.kept:
            return found
        place = np.cumsum(good) - 1
        arms = zip(*self.bands.kept, strict=True)
        rows = np.concatenate([np.arange(a, b)[good[a:b]] for a, b in self.runs])
        for arm, batches in enumerate(arms):
            found[place[rows], arm] = np.concatenate(batches)
        return found


def trajectory_keys(values: PointValues) -> np.ndarray:
    """Set and replicate of each run that did not fail, int64 (run, 2)."""
    good = ~values.failed
    return np.stack([values.set_index[good], values.replicate[good]], axis=1)
