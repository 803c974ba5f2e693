"""What is kept of runs: Points (values at weeks) and Moments (mean and variance over the runs of a
set), both a Collector.

A :class:`Collector` is a small frozen object that says what is kept. A :class:`Gathering` holds
what a collector has kept:

* ``measure(job, which, records)`` turns the records of runs into arrays with one row a run; threads
  call it;
* ``state(plan, pieces)`` gives a chunk as plain arrays, which any process can make and a store
  keeps; ``open(plan, runs, shelf)`` gives a chunk in the making, an :class:`OpenChunk`, to which
  several threads add rows;
* ``empty(plan)`` makes a gathering without runs; ``join(runs, state)`` adds a chunk to it, and
  ``add(runs, pieces)`` the rows of some runs: threads call it at the same time;
* ``result(made)`` gives the result.

The order in which chunks are added does not change one bit of the result.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from sim.core import outcomes as outcome_table
from sim.core.errors import InputError, check_known
from sim.engine.reduction import Reduction
from sim.engine.rooms import Shelf
from sim.runs.own import OwnReduction
from sim.runs.plan import PARTS, Job, Piece, RunPlan
from sim.scenario.scenario import Scenario

Result = TypeVar("Result", covariant=True)
Arrays = Mapping[str, np.ndarray]
State = Mapping[str, np.ndarray]
"""A chunk as plain arrays."""
Failure = tuple[int, str, str]
"""Row, stage and reason of a failed run."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What was measured of consecutive runs of one job.

    Attributes:
        piece: which runs these are.
        arrays: arrays with one row a run; NaN in runs that failed.
        failures: row, stage and reason of each run that failed.
    """

    piece: Piece
    arrays: Arrays
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that failed and has no values. All numbers count from 0.

    Attributes:
        job: the position of its job in the plan.
        set_index: the position of its parameter set in the job.
        replicate: the number of its replicate in the random streams.
        stage: "with TA" or "without TA": the run itself or its counterfactual failed.
        reason: type and text of the error.

    >>> from sim.runs.execute import execute
    >>> from sim.runs.plan import independent
    >>> def engine(scenario, parameters, seed, replicate):
    ...     raise ValueError("nobody is there")
    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()], 2, weeks=[52])
    >>> for failed in execute(RunPlan((job,), seed=1, engine=engine)).failures:
    ...     print(failed.replicate, failed.stage, failed.reason, sep=", ")
    0, with TA, ValueError: nobody is there
    1, with TA, ValueError: nobody is there
    """

    job: int
    set_index: int
    replicate: int
    stage: str
    reason: str


@dataclass(frozen=True, eq=False)
class Made:
    """Which runs of a plan were made, and which of them failed.

    Attributes:
        plan: the plan of all runs.
        done: bool (runs,) over all jobs: the runs that were made, including those that failed.
        failed: bool (runs,): the runs that were made and have no values.
        failures: the failed runs, in the order of the plan.
    """

    plan: RunPlan
    done: np.ndarray
    failed: np.ndarray
    failures: tuple[FailedRun, ...]

    @property
    def complete(self) -> bool:
        """Whether every run was made."""
        return bool(self.done.all())

    def of(self, job: int) -> slice:
        """The runs of a job among those of the plan."""
        return slice(int(self.plan.edges[job]), int(self.plan.edges[job + 1]))

    def count(self, job: int) -> tuple[int, int]:
        """The number of runs of a job that have values, and the number planned: "n of n"."""
        part = self.of(job)
        return int((self.done[part] & ~self.failed[part]).sum()), part.stop - part.start

    @property
    def counts(self) -> tuple[int, int]:
        """The same over all jobs."""
        return int((self.done & ~self.failed).sum()), len(self.done)


class Gathering(Generic[Result]):
    """What a collector has kept; see the module."""

    def __init__(self, kept: Collector[Any], plan: RunPlan) -> None:
        self.kept, self.plan = kept, plan

    def add(self, runs: range, pieces: Sequence[Rows]) -> None:
        """Take in all rows of some runs, or of a chunk where ``by_chunk`` is set; threads may call
        it at the same time."""
        self.join(runs, self.kept.state(self.plan, pieces))

    def join(self, runs: range, state: State) -> None:
        """Take in the state of a chunk."""
        raise NotImplementedError

    def result(self, made: Made) -> Result:
        """What was kept of all chunks."""
        raise NotImplementedError


class OpenChunk:
    """A chunk in the making: threads add its rows, in any order.

    Args:
        kept: the collector.
        plan: the plan of the chunk.
        runs: the runs of the chunk.
    """

    def __init__(self, kept: Collector[Any], plan: RunPlan, runs: range) -> None:
        self.kept, self.plan, self.runs = kept, plan, runs
        self._rows: list[Rows] = []
        self._failures: list[Failure] = []
        self._left = len(runs)
        self._lock = threading.Lock()

    def add(self, rows: Rows) -> bool:
        """Take in the rows of some runs; return whether they were the last of the chunk."""
        self.take(rows)
        start = int(self.plan.edges[rows.piece.job]) + rows.piece.first - self.runs.start
        with self._lock:
            self._failures += [(start + row, stage, why) for row, stage, why in rows.failures]
            self._left -= len(rows.piece)
            return self._left == 0

    def state(self) -> dict[str, np.ndarray]:
        """The complete chunk as plain arrays, with its failed runs by their row in the chunk."""
        text = json.dumps(sorted(self._failures)).encode()
        return {**self.arrays(), "failures": np.frombuffer(text, dtype=np.uint8)}

    def take(self, rows: Rows) -> None:
        """Keep what the chunk needs of the rows; their memory may be used again afterwards where
        the collector does not keep rows as they are."""
        self._rows.append(rows)

    def arrays(self) -> dict[str, np.ndarray]:
        """What was kept of all rows."""
        rows = sorted(self._rows, key=lambda one: (one.piece.job, one.piece.first))
        return self.kept.state(self.plan, rows)


class Collector(Generic[Result]):
    """Says what is kept of runs; see the module. Collectors can be pickled.

    Attributes:
        by_chunk: whether bits of the result depend on which runs are added together, so that rows
            must come chunk by chunk. Otherwise they come batch by batch, and what they hold is used
            again after that.
    """

    by_chunk: ClassVar[bool] = False

    @property
    def parts(self) -> int:
        """The least number of chunks that a plan is cut into."""
        return PARTS

    def key(self) -> dict[str, Any]:
        """Everything that its states depend on, as plain values."""
        raise NotImplementedError

    def check(self, job: Job) -> None:
        """Refuse a job whose runs it cannot keep.

        Raises:
            InputError: the job cannot be kept, with the reason.
        """

    def run_bytes(self, job: Job) -> int:
        """Bytes that the rows of one run take."""
        raise NotImplementedError

    def state_bytes(self, job: Job) -> int:
        """Bytes that one run adds to the state of a chunk."""
        return self.run_bytes(job)

    def weeks(self, job: Job) -> Sequence[int] | None:
        """The weeks that records must report, ascending up to the horizon; None: all weeks."""
        return None

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        """The rows of some runs.

        Args:
            job: the job of these runs.
            which: int64 (runs,), the set of each run.
            records: the records with TA and, where the job has counterfactuals, those without TA;
                each is (runs, weeks, regions, columns of RECORD). A flow is that of its week when
                every week is reported, and otherwise the total up to its week.

        Returns:
            Arrays by name, with one row a run.
        """
        raise NotImplementedError

    def state(self, plan: RunPlan, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
        """A chunk of a plan as plain arrays, the same on every machine."""
        raise NotImplementedError

    def open(self, plan: RunPlan, runs: range, shelf: Shelf) -> OpenChunk:
        """A chunk in the making.

        Args:
            plan: the plan of the chunk.
            runs: the runs of the chunk.
            shelf: memory of the chunks of this plan that are complete.
        """
        return OpenChunk(self, plan, runs)

    def empty(self, plan: RunPlan) -> Gathering[Result]:
        """A gathering without runs."""
        raise NotImplementedError


class RowCollector(Collector[Result]):
    """A collector that keeps one array of numbers a run, "values", in one shape for all runs of a
    job."""

    def shape(self, job: Job) -> tuple[int, ...]:
        """The shape of one run."""
        raise NotImplementedError

    def run_bytes(self, job: Job) -> int:
        return 8 * math.prod(self.shape(job))

    def state(self, plan: RunPlan, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
        return {"values": np.concatenate([rows.arrays["values"].ravel() for rows in pieces])}

    def rows_of(
        self, plan: RunPlan, runs: range, state: State
    ) -> Iterator[tuple[Piece, np.ndarray]]:
        """The rows of a state, (runs, *shape of a run), job by job."""
        start = 0
        for piece in plan.pieces(runs):
            shape = (len(piece), *self.shape(plan.jobs[piece.job]))
            size = math.prod(shape)
            yield piece, state["values"][start : start + size].reshape(shape)
            start += size


class RowArrays(Gathering[Result]):
    """Holds one array a job with one row a run; each is made when its first runs arrive."""

    kept: RowCollector[Any]

    def __init__(self, kept: RowCollector[Any], plan: RunPlan) -> None:
        super().__init__(kept, plan)
        self.arrays: dict[int, np.ndarray] = {}
        self.lock = threading.Lock()

    def array(self, job: int) -> np.ndarray:
        """The rows of a job; NaN in runs that have not arrived."""
        with self.lock:
            if job not in self.arrays:
                about = self.plan.jobs[job]
                self.arrays[job] = np.full((len(about), *self.kept.shape(about)), np.nan)
            return self.arrays[job]

    def join(self, runs: range, state: State) -> None:
        for piece, rows in self.kept.rows_of(self.plan, runs, state):
            self.array(piece.job)[piece.first : piece.last] = rows


@runtime_checkable
class Looks(Protocol):
    """A collector that needs more of a run than its record: it calls the engine itself."""

    def look(self, job: Job, scenario: Scenario, runs: slice, seed: int) -> np.ndarray:
        """Make some runs of a job with the compiled engine in this thread.

        Args:
            job: the job.
            scenario: the scenario of the job, or its counterfactual.
            runs: which runs of the job.
            seed: the seed of the plan.

        Returns:
            float64 (runs, numbers), which takes the place of records.
        """
        ...


# --- values at weeks -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Points(RowCollector[Any]):
    """Keeps the outcomes of every run at the weeks of its job.

    Attributes:
        outcomes: names of outcomes; None: all of :data:`sim.core.outcomes.NAMES`.
        regions: names of regions or "overall"; None: all regions of each job, and "overall".

    >>> Points(("trust", "cost"), regions=None).names
    ('trust', 'cost')
    """

    outcomes: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = ("overall",)

    def __post_init__(self) -> None:
        for name in ("outcomes", "regions"):
            chosen = getattr(self, name)
            if chosen is None:
                continue
            object.__setattr__(self, name, tuple(chosen))
            if not chosen or len(set(chosen)) < len(chosen):
                raise InputError("is empty, or holds a name twice", field=name, value=chosen)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outcomes that are kept."""
        return outcome_table.NAMES if self.outcomes is None else self.outcomes

    def places(self, job: Job) -> tuple[str, ...]:
        """Names of the regions of a job that are kept, "overall" among them."""
        return job.places if self.regions is None else self.regions

    def key(self) -> dict[str, Any]:
        regions = None if self.regions is None else list(self.regions)
        return {"kept": "points", "outcomes": list(self.names), "regions": regions}

    def check(self, job: Job) -> None:
        for name in self.names:
            if name not in job.outcomes:
                outcome_table.check_outcome(name)
        for region in self.regions or ():
            check_known(region, job.places, "is not a region of this scenario", field="regions")

    def shape(self, job: Job) -> tuple[int, int, int, int]:
        """The shape of one run: (with and without TA, weeks, regions, outcomes)."""
        return job.arms, len(job.weeks), len(self.places(job)), len(self.names)

    def weeks(self, job: Job) -> Sequence[int] | None:
        """Only the weeks that the summaries need."""
        return self.reduction(job).reported

    def reduction(self, job: Job) -> Reduction | OwnReduction:
        """The reduction that turns the records of a job into outcomes."""
        return job.reduction

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        """ "values" (runs, with/without TA, weeks, regions, outcomes)."""
        values = np.empty((len(which), *self.shape(job)))
        places = [job.places.index(name) for name in self.places(job)]
        columns = [job.outcomes.index(name) for name in self.names]
        for arm, record in enumerate(records):
            found = self.reduction(job).at_points(record, which)
            if self.regions is not None:
                found = found[:, :, places]
            values[:, arm] = found if self.outcomes is None else found[..., columns]
        return {"values": values}

    def empty(self, plan: RunPlan) -> Gathering[Any]:
        return ValueArrays(self, plan)


@dataclass(frozen=True, slots=True, eq=False)
class RunValues:
    """Every run of a plan, summarised at the weeks of its job.

    Attributes:
        made: which runs were made, and which failed.
        kept: the collector, which says what was kept.
        values: for each job, float64 (runs, weeks, regions, outcomes): NaN where an outcome is
            empty (nothing happened that it could measure), and in runs that failed or are missing.
        without_ta: for each job with counterfactuals the same without TA, else None.

    >>> from sim.runs.execute import execute
    >>> from sim.runs.plan import independent
    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()] * 3, 2, weeks=[52])
    >>> found = execute(RunPlan((job,), seed=1), None, Points(("trust", "cost")))
    >>> found.of("trust").shape, found.count(0)
    ((3, 2), (6, 6))
    """

    made: Made
    kept: Points
    values: tuple[np.ndarray, ...]
    without_ta: tuple[np.ndarray | None, ...]

    @property
    def plan(self) -> RunPlan:
        """The plan of all runs."""
        return self.made.plan

    @property
    def failures(self) -> tuple[FailedRun, ...]:
        """The failed runs."""
        return self.made.failures

    @property
    def complete(self) -> bool:
        """Whether every run was made; runs that failed count as made."""
        return self.made.complete

    def count(self, job: int = 0) -> tuple[int, int]:
        """The number of runs of a job that have values, and the number planned."""
        return self.made.count(job)

    def failed(self, job: int = 0) -> np.ndarray:
        """bool (sets, replicates): the failed runs of a job."""
        return self._by_set(self.made.failed[self.made.of(job)], job)

    def done(self, job: int = 0) -> np.ndarray:
        """bool (sets, replicates): the runs of a job that were made."""
        return self._by_set(self.made.done[self.made.of(job)], job)

    def grid(self, job: int = 0, *, without_ta: bool = False) -> np.ndarray:
        """Values of a job, (sets, replicates, weeks, regions, outcomes).

        Raises:
            ValueError: the sets have different numbers of runs, or the job has no counterfactuals.
        """
        found = self.without_ta[job] if without_ta else self.values[job]
        if found is None:
            raise ValueError(f"job {job} was run without counterfactuals")
        return self._by_set(found, job)

    def of(
        self,
        outcome: str,
        week: int | None = None,
        region: str = "overall",
        *,
        job: int = 0,
        without_ta: bool = False,
    ) -> np.ndarray:
        """One outcome in one week, (sets, replicates).

        Args:
            outcome: the name of the outcome.
            week: one of the job's weeks; default: its first.
            region: the name of a region, or "overall".
            job: the position of the job in the plan.
            without_ta: take the values of the counterfactuals.

        Raises:
            ValueError: the outcome, week or region was not kept; or see :meth:`grid`.
        """
        about = self.plan.jobs[job]
        place = 0 if week is None else about.weeks.index(week)
        grid = self.grid(job, without_ta=without_ta)
        return grid[
            :, :, place, self.kept.places(about).index(region), self.kept.names.index(outcome)
        ]

    def _by_set(self, rows: np.ndarray, job: int) -> np.ndarray:
        about = self.plan.jobs[job]
        if about.replicates is None:
            raise ValueError(f"the sets of job {job} have different numbers of runs")
        return rows.reshape(len(about.sets), about.replicates, *rows.shape[1:])


class ValueArrays(RowArrays[Any]):
    """The gathering of :class:`Points`."""

    kept: Points

    def result(self, made: Made) -> RunValues:
        arrays = [self.array(job) for job in range(len(self.plan.jobs))]
        return RunValues(
            made,
            self.kept,
            tuple(one[:, 0] for one in arrays),
            tuple(
                one[:, 1] if job.counterfactual else None
                for one, job in zip(arrays, self.plan.jobs, strict=True)
            ),
        )


# --- moments -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moments(Points):
    """Keeps only mean and variance over the runs of each set.

    Its store holds the same parts as that of :class:`Points`, so either can read the other's.

    >>> Moments(("trust",)).key() == Points(("trust",)).key()
    True
    """

    by_chunk = True

    def empty(self, plan: RunPlan) -> Gathering[RunMoments]:
        return _Moments(self, plan)


@dataclass(frozen=True, slots=True, eq=False)
class SetMoments:
    """Moments of one job; each array is (sets, with and without TA, weeks, regions, outcomes).

    Attributes:
        count: int64, the number of runs with a value.
        mean: float64; NaN where there is no value.
        variance: sample variance of a run (n - 1); NaN for fewer than two values. The variance of
            the mean is variance / count.
    """

    count: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class RunMoments:
    """Mean and variance over the runs of each set.

    Attributes:
        made: which runs were made, and which failed.
        kept: the collector, which says what was kept.
        jobs: the moments of each job.

    >>> from sim.runs.execute import execute
    >>> from sim.runs.plan import independent
    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()] * 3, 4, weeks=[52])
    >>> found = execute(RunPlan((job,), seed=1), None, Moments(("trust",)))
    >>> found.of("trust").shape, found.jobs[0].count.ravel().tolist()
    ((3,), [4, 4, 4])
    """

    made: Made
    kept: Moments
    jobs: tuple[SetMoments, ...]

    @property
    def failures(self) -> tuple[FailedRun, ...]:
        """The failed runs."""
        return self.made.failures

    def of(
        self, outcome: str, week: int | None = None, region: str = "overall", *, job: int = 0
    ) -> np.ndarray:
        """The mean of one outcome in one week, (sets,)."""
        about = self.made.plan.jobs[job]
        place = 0 if week is None else about.weeks.index(week)
        return self.jobs[job].mean[
            :, 0, place, self.kept.places(about).index(region), self.kept.names.index(outcome)
        ]


class _Moments(Gathering[RunMoments]):
    """The gathering of :class:`Moments`. Chunks are joined in their order (Chan et al. 1983), so
    that the bits do not depend on which arrived first; a chunk that is early waits as moments."""

    kept: Moments

    def __init__(self, kept: Moments, plan: RunPlan) -> None:
        super().__init__(kept, plan)
        self.sums: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self.waiting: dict[int, tuple[int, list[Any]]] = {}
        self.next = 0
        self.lock = threading.Lock()

    def join(self, runs: range, state: State) -> None:
        reduced = []
        for piece, rows in self.kept.rows_of(self.plan, runs, state):
            which = self.plan.jobs[piece.job].which[piece.first : piece.last]
            edges = np.flatnonzero(np.diff(which, prepend=-1, append=-1))
            for low, high in pairwise(edges):
                reduced.append((piece.job, int(which[low]), *_moments(rows[low:high])))
        with self.lock:
            self.waiting[runs.start] = len(runs), reduced
            while self.next in self.waiting:
                size, found = self.waiting.pop(self.next)
                for one in found:
                    self._combine(*one)
                self.next += size

    def _sums(self, job: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if job not in self.sums:
            about = self.plan.jobs[job]
            shape = (len(about.sets), *self.kept.shape(about))
            self.sums[job] = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape)
        return self.sums[job]

    def _combine(
        self, job: int, index: int, count: np.ndarray, mean: np.ndarray, spread: np.ndarray
    ) -> None:
        counts, means, spreads = self._sums(job)
        before, total = counts[index], counts[index] + count
        share = np.divide(count, total, out=np.zeros(mean.shape), where=total > 0)
        gap = mean - means[index]
        means[index] += gap * share
        spreads[index] += spread + gap * gap * (before * share)
        counts[index] = total

    def result(self, made: Made) -> RunMoments:
        jobs = []
        for job in range(len(self.plan.jobs)):
            count, mean, spread = self._sums(job)
            variance = np.full(mean.shape, np.nan)
            np.divide(spread, count - 1, out=variance, where=count > 1)
            jobs.append(SetMoments(count, np.where(count > 0, mean, np.nan), variance))
        return RunMoments(made, self.kept, tuple(jobs))


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count, mean (0 where there is none) and sum of squared deviations over the first axis.

    Values are added one by one, because numpy.sum may add in another order on another machine.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.cumsum(np.where(known, values, 0.0), axis=0)[-1]
    mean = np.divide(total, count, out=np.zeros(count.shape), where=count > 0)
    gaps = np.where(known, values - mean, 0.0)
    return count, mean, np.cumsum(gaps * gaps, axis=0)[-1]
