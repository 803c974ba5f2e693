"""How runs are made: :class:`Execution` (on what machines, kept where), and :func:`execute`.

The command line or the caller makes one :class:`Execution`, which is passed on unchanged.
:func:`execute` makes the runs of a plan with it on threads, a cluster or any executor, and reads
those that a store already holds. The result has the same bytes in every case.

One rule holds for runs that fail. A run whose record is not finite, or whose engine raises, is a
:class:`~sim.runs.collect.FailedRun` with stage and reason; its values are NaN, and it is left out
and counted. When the engine raises for several runs made together, each of them is made again
alone. A mistake in the scenario (:class:`~sim.core.errors.InputError`) would make every run fail,
so it is raised.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np

from sim.core import signals
from sim.core.errors import CodoseError, InputError, InterruptedRun, shown
from sim.core.files import path_of
from sim.core.threads import by_threads, in_order, thread_count
from sim.core.whole import check_whole
from sim.engine.layout import source_hash
from sim.engine.rooms import Rooms, Shelf
from sim.engine.summary import lanes
from sim.runs import making, parts, price
from sim.runs.collect import (
    Collector,
    FailedRun,
    Gathering,
    Looks,
    Made,
    OpenChunk,
    Points,
    Rows,
    RunValues,
)
from sim.runs.plan import WORK, RunPlan
from sim.runs.processes import Processes
from sim.runs.shard import Shard, check_shard, of_shard
from sim.runs.store import Notice, Store

Result = TypeVar("Result")
Progress = Callable[[int, int], object]
"""``progress(done, total)`` is called as runs end, first with 0; stored runs count as done."""

LEAST_WORK = 2**16
"""Least staff-weeks of a thread's task: the overhead of a task equals thousands of them."""
FEW = 4
"""Fewer tasks for each thread are few: one that ends last would keep the others waiting. Otherwise
no two threads make one chunk, because they would wait for each other now and then."""
MOST_WAITING = 2**27
"""Most bytes of chunks that wait to be written; exact weekly values are in memory anyway."""


@dataclass(frozen=True)
class Execution:
    """How runs are made; no choice here changes a number.

    Attributes:
        store: a folder that keeps finished chunks; see :mod:`sim.runs.store`.
        resume: go on from the chunks that the folder holds.
        force: delete the chunks of another study in the folder (of any study, unless ``resume``).
        shard: ``(i, n)``: make only every n-th chunk, from the i-th (from 1) on; needs a store.
        cluster: address of a Dask scheduler, ``tcp://host:port``.
        threads: number of threads of this machine; None: see
            :func:`sim.core.threads.thread_count`.
        executor: makes chunks in place of threads: anything with ``submit(function, argument)``
            (:mod:`concurrent.futures`, a Dask client) or ``map(function, arguments)``.
        progress: called with the number of finished runs and the number of all runs.
        warn: called with a sentence that the user should read and that is no error; None: a
            Python warning.
        time_limit: minutes from the making of this object on; longer work is refused.
        memory_limit: gigabytes; None: the memory of this machine. Larger work is refused.
        agree: called with a sentence on the time or memory of long work; returns whether to go on.
            None: go on.
        command: the command that the user typed, kept in the store.
        first_write: seconds from the making of this object on until the first chunk is written. A
            caller that deletes the store when it is done spares short work its writing: chunks wait
            in memory until then, and are written only if the work goes on, is interrupted or fails.

    Raises:
        InputError: a limit or the number of threads is out of range; the shard is not one or has
            no store; or there are both an executor and a
            cluster.

    >>> Execution(store=Path("runs")).within("wave 1").store.as_posix()
    'runs/wave-1'
    """

    store: Path | None = None
    resume: bool = False
    force: bool = False
    shard: Shard | None = None
    cluster: str | None = None
    threads: int | None = None
    executor: Any = field(default=None, compare=False)
    progress: Progress | None = field(default=None, compare=False)
    warn: Notice | None = field(default=None, compare=False)
    command: str = ""
    first_write: float = field(default=0.0, compare=False)
    time_limit: float | None = None
    memory_limit: float | None = None
    agree: Callable[[str], bool] | None = field(default=None, compare=False)
    begun: float = field(default_factory=time.monotonic, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("time_limit", "memory_limit"):
            limit = getattr(self, name)
            known = isinstance(limit, int | float) and 0 < limit < float("inf")
            if limit is not None and not known:
                raise InputError(f"{shown(limit)} is not a limit", name, limit, "a number above 0")
        if self.threads is not None:
            check_whole("threads", self.threads, 1, 2**16, "1 or more")
        if self.store is not None:
            object.__setattr__(self, "store", path_of(self.store, "store"))
        if self.shard is not None:
            object.__setattr__(self, "shard", check_shard(self.shard))
            if self.store is None:
                raise InputError(
                    "a shard needs a folder for its runs", "shard", allowed="--out DIR"
                )
        if self.cluster is not None and self.executor is not None:
            raise InputError("cannot be used together with a cluster", "executor", allowed="one")

    def within(self, name: str) -> Execution:
        """The same execution with a folder inside the store, for one of several plans."""
        if self.store is None:
            return self
        return replace(self, store=self.store / name.replace(" ", "-"))

    @property
    def spent(self) -> float:
        """Seconds since this object was made."""
        return time.monotonic() - self.begun

    def report_progress(self, done: int, total: int) -> None:
        """Report how many runs are done.

        Raises:
            KeyboardInterrupt: Ctrl-C came while compiled code, which hides it, was running.
        """
        signals.check()
        if self.progress is not None:
            self.progress(done, total)


class Unfinished(CodoseError):
    """A shard has done its part, and its store lacks those of the other shards. This is no error.

    Attributes:
        store: the folder.

    >>> print(Unfinished((1, 8), Path("runs")))
    part 1 of 8 is done; it is in runs
    """

    exit_code = 0

    def __init__(self, shard: Shard, store: Path) -> None:
        self.store = store
        super().__init__(f"part {shard[0]} of {shard[1]} is done; it is in {store}")


@overload
def execute(plan: RunPlan, execution: Execution | None = None) -> RunValues: ...


@overload
def execute(
    plan: RunPlan,
    execution: Execution | None,
    collect: Collector[Result],
    *,
    note: Mapping[str, Any] | None = None,
) -> Result: ...


def execute(
    plan: RunPlan,
    execution: Execution | None = None,
    collect: Collector[Any] | None = None,
    *,
    note: Mapping[str, Any] | None = None,
) -> Any:
    """Make the runs of a plan; the result has the same bytes in whatever way it is made.

    Args:
        plan: which runs to make.
        execution: how to make them; default: on all threads of this machine.
        collect: what to keep; default: all outcomes of all regions together at the plan's weeks.
        note: further facts on the origin of the runs for the store, as plain values.

    Returns:
        The result of the collector, such as :class:`~sim.runs.collect.RunValues`. Failed runs are
        in its ``failures``.

    Raises:
        InputError: the collector cannot keep these runs, or they take more time or memory than
            allowed (:mod:`sim.runs.price`); the cluster does not answer within 10 s; the store
            cannot be used or written (finished chunks are kept).
        Unfinished: a shard has done its part, and the store does not hold the others.
        InterruptedRun: Ctrl-C was pressed. ``partial`` is the store; without a store, it is the
            result of the finished runs, or None where there are none.

    >>> from sim.runs.plan import independent
    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> sets = [scenario.parameter_set().replace(trust_step=step) for step in (0.1, 0.3)]
    >>> plan = RunPlan((independent(scenario, sets, 4, weeks=[20, 52]),), seed=1)
    >>> found = execute(plan, Execution(threads=1), Points(("trust",)))
    >>> found.of("trust", week=52).shape  # (sets, replicates)
    (2, 4)
    """
    kept = Points() if collect is None else collect
    if plan.own is not None and isinstance(kept, Points) and kept.outcomes is None:
        kept = replace(kept, outcomes=plan.jobs[0].outcomes)
    if isinstance(kept, Looks) and callable(plan.engine):
        raise InputError(
            "people can be looked at in the compiled engine only", "engine", plan.engine_name,
            "auto, compiled",
        )  # fmt: skip
    for job in plan.jobs:
        kept.check(job)
    how = execution or Execution()
    here = Execution(threads=how.threads)
    price.agree(plan, kept, how, lambda part: execute(part, here, kept))
    return _Assembly(plan, how, kept, note or {}).run()


class _Assembly:
    """Makes one plan: takes in its chunks, stored or new."""

    def __init__(
        self,
        plan: RunPlan,
        how: Execution,
        collect: Collector[Any],
        note: Mapping[str, Any],
    ) -> None:
        self.plan, self.how, self.collect = plan, how, collect
        self.in_states = how.store is not None or self._is_elsewhere
        if self.in_states:
            largest = max(collect.state_bytes(job) for job in plan.jobs)
            self.size = plan.chunk(largest, collect.parts)
        else:
            self.size = plan.chunk(max(collect.run_bytes(job) for job in plan.jobs))
        self.chunks = -(-plan.runs // self.size)
        self.gathering: Gathering[Any] = collect.empty(plan)
        self.done = np.zeros(plan.runs, dtype=bool)
        self.failed = np.zeros(plan.runs, dtype=bool)
        self.failures: dict[int, tuple[str, str]] = {}
        self.waiting: list[tuple[int, dict[str, np.ndarray]]] = []
        """Chunks that were taken in and not written yet."""
        self.waiting_bytes = 0
        self.rooms, self.shelf = Rooms(), Shelf()
        self.open: dict[int, OpenChunk] = {}
        """Chunks that threads are making."""
        self.opening = threading.Lock()
        self.store = self._open(note)

    def runs_of(self, chunk: int) -> range:
        """The runs of a chunk."""
        return range(chunk * self.size, min((chunk + 1) * self.size, self.plan.runs))

    def run(self) -> Any:
        """Take in every chunk of this plan or shard once, stored chunks first."""
        wanted = [chunk for chunk in range(self.chunks) if of_shard(chunk, self.how.shard)]
        total = sum(len(self.runs_of(chunk)) for chunk in wanted)
        try:
            self.how.report_progress(0, total)
            told = 0
            with contextlib.closing(self._all(wanted)) as chunks:
                for _ in chunks:
                    signals.check()
                    if (done := int(self.done.sum())) > told:  # threads may be ahead of their turn
                        self.how.report_progress(done, total)
                        told = done
        except KeyboardInterrupt:
            self._write_waiting()
            raise self._interrupted(total) from None
        except Exception:
            self._write_waiting()
            raise
        if self.how.shard is not None and not self.done.all():
            self._take_others(wanted)
        return self.result()

    def result(self) -> Any:
        """The result of the chunks that were taken in."""
        rows = []
        for run, (stage, reason) in sorted(self.failures.items()):
            place = int(np.searchsorted(self.plan.edges, run, side="right")) - 1
            job, row = self.plan.jobs[place], run - int(self.plan.edges[place])
            rows.append(
                FailedRun(place, int(job.which[row]), int(job.replicate[row]), stage, reason)
            )
        return self.gathering.result(Made(self.plan, self.done, self.failed, tuple(rows)))

    # --- chunks ------------------------------------------------------------------------------

    def _all(self, wanted: Sequence[int]) -> Generator[int, None, None]:
        """Take in chunks, and yield the number of each."""
        missing = []
        for chunk in wanted:
            if self._take_stored(chunk):
                yield chunk
            else:
                missing.append(chunk)
        if not missing:
            return
        if self.plan.own is not None:
            job = self.plan.jobs[-1]
            self.plan.own.check_repeats(job.scenario, job.sets[0], self.plan.seed)
        for job in self.plan.jobs:  # made once, before threads share them
            _ = job.matrix, job.reduction_of_all
        fresh = self._elsewhere(missing) if self._is_elsewhere else self._here(missing)
        with contextlib.closing(fresh):
            yield from fresh

    def _take_stored(self, chunk: int) -> bool:
        if self.store is None or chunk not in self.store:
            return False
        table = self.store.read_or_discard(chunk)
        if table is None:
            return False
        self.join(chunk, parts.arrays_of(table))
        return True

    def _take_others(self, mine: Sequence[int]) -> None:
        """Take in the chunks that other shards have written to the store.

        Raises:
            Unfinished: some chunks are still missing.
        """
        assert self.store is not None
        self.store.scan()
        others = [chunk for chunk in range(self.chunks) if chunk not in set(mine)]
        if not all(self._take_stored(chunk) for chunk in others):
            raise Unfinished(self.how.shard or (1, 1), self.store.folder)

    def join(self, chunk: int, state: dict[str, np.ndarray]) -> None:
        """Take in a chunk as plain arrays."""
        runs = self.runs_of(chunk)
        failures = json.loads(state["failures"].tobytes().decode())
        with signals.held():
            self.gathering.join(runs, state)
            self._note(runs, failures)

    def _note(self, runs: range, failures: Sequence[tuple[int, str, str]]) -> None:
        self.done[runs.start : runs.stop] = True
        for row, stage, reason in failures:
            self.failed[runs.start + row] = True
            self.failures[runs.start + row] = stage, reason

    # --- on this machine ---------------------------------------------------------------------

    def _here(self, missing: Sequence[int]) -> Generator[int, None, None]:
        """Chunks made by threads, in their order."""
        workers = thread_count(self.how.threads)
        if not self.plan.compiled:
            workers = 1  # engines in Python cannot run in parallel threads
        tasks = self._tasks(missing, workers)
        if self.in_states:
            for states in by_threads(self._states, list(self._shares(tasks, workers)), workers):
                for chunk, state in states:
                    self._keep(chunk, state)
                    yield chunk
            return
        for chunks in by_threads(self._add, tasks, workers):
            yield chunks[-1]  # one step of progress

    def _tasks(self, missing: Sequence[int], workers: int) -> list[list[int]]:
        """Group chunks into tasks, large enough for a thread and enough of them to share out."""
        if not self.plan.compiled:
            return [[chunk] for chunk in missing]
        return self._groups(missing, self._share(workers))

    def _share(self, workers: int) -> int:
        """Staff-weeks of a thread's task."""
        return max(LEAST_WORK, min(WORK, self.plan.work // (8 * workers)))

    def _groups(self, chunks: Sequence[int], work: int) -> list[list[int]]:
        size = max(1, round(work * self.plan.runs / (self.plan.work * self.size)))
        return [list(chunks[first : first + size]) for first in range(0, len(chunks), size)]

    def _shares(self, tasks: list[list[int]], workers: int) -> Iterator[list[range]]:
        """The runs of each task; where many threads have few tasks, a chunk becomes several."""
        size = self.plan.runs
        if workers > 1 and len(tasks) < FEW * workers:
            size = lanes(max(1, self._share(workers) * self.plan.runs // self.plan.work))
        for chunks in tasks:
            runs = [self.runs_of(chunk) for chunk in chunks]
            if len(runs) > 1:
                yield runs
            else:
                yield from (
                    [runs[0][first : first + size]] for first in range(0, len(runs[0]), size)
                )

    def _add(self, chunks: list[int]) -> list[int]:
        """Make the chunks of a task and take them in, batch by batch where the collector allows it;
        runs in a thread."""
        ranges = [self.runs_of(chunk) for chunk in chunks]
        if self.collect.by_chunk:
            made = making.make(self.plan, self.collect, ranges, self.rooms)
            for place, together in groupby(made, key=itemgetter(0)):
                self._take(ranges[place], [rows for _, rows in together])
            return chunks
        whole = range(ranges[0].start, ranges[-1].stop)
        for _, rows in making.make(self.plan, self.collect, [whole], self.rooms):
            start = int(self.plan.edges[rows.piece.job])
            self._take(range(start + rows.piece.first, start + rows.piece.last), [rows])
        return chunks

    def _take(self, runs: range, rows: Sequence[Rows]) -> None:
        """Take in some runs, wholly or not at all."""
        with signals.held():
            self.gathering.add(runs, rows)
            for one in rows:
                first = int(self.plan.edges[one.piece.job]) + one.piece.first
                self._note(range(first, first + len(one.piece)), one.failures)

    def _states(self, share: list[range]) -> list[tuple[int, dict[str, np.ndarray]]]:
        """Make runs of some chunks; return the chunks that are complete with them, as plain arrays;
        runs in a thread."""
        complete = []
        for place, rows in making.make(self.plan, self.collect, share, self.rooms):
            number = share[place].start // self.size
            with self.opening:
                if number not in self.open:
                    runs = self.runs_of(number)
                    self.open[number] = self.collect.open(self.plan, runs, self.shelf)
                chunk = self.open[number]
            if chunk.add(rows):
                complete.append((number, chunk.state()))
                del self.open[number]
        return complete

    # --- elsewhere ---------------------------------------------------------------------------

    @property
    def _is_elsewhere(self) -> bool:
        return self.how.cluster is not None or self.how.executor is not None or self.processes > 1

    @cached_property
    def processes(self) -> int:
        """See :func:`sim.runs.price.process_count`."""
        return price.process_count(self.plan, self.collect, self.how)

    def _elsewhere(self, missing: Sequence[int]) -> Generator[int, None, None]:
        """Chunks that an executor or a cluster makes."""
        work = WORK if self.plan.compiled else 0  # one chunk a task: each takes seconds
        tasks = (self._packed(group) for group in self._groups(missing, work))
        if self.how.cluster is not None:
            from sim.runs import cluster

            answers = cluster.run_tasks(making.run_task, tasks, self.how.cluster, self.how.warn)
        elif self.how.executor is not None:
            answers = _by_executor(making.run_task, tasks, self.how.executor)
        else:
            answers = _by_processes(making.run_task, tasks, self.processes)
        with contextlib.closing(answers):
            for answer in answers:
                for chunk, state in answer:
                    self._keep(chunk, state)
                    yield chunk

    def _packed(self, group: Sequence[int]) -> making.Task:
        ranges = [self.runs_of(chunk) for chunk in group]
        sizes = [(chunk, len(runs)) for chunk, runs in zip(group, ranges, strict=True)]
        plan = self.plan.part(ranges).to_dict()
        return making.Task(source_hash(), sizes, plan, self.collect, self.plan.own)

    # --- the store ---------------------------------------------------------------------------

    def _open(self, note: Mapping[str, Any]) -> Store | None:
        if self.how.store is None:
            return None
        record: dict[str, Any] = {**parts.versions(), "command": self.how.command, **note}
        if self.how.shard is not None:
            record["shard"] = list(self.how.shard)
        store = Store.open(
            self.how.store,
            {**self.plan.key(self.size), **self.collect.key()},
            parts.COLUMNS,
            resume=self.how.resume,
            force=self.how.force,
            record=record,
            notice=self.how.warn,
        )
        parts.check_engine(store, self._again)
        return store

    def _again(self, chunk: int) -> dict[str, np.ndarray]:
        ((_, state),) = self._states([self.runs_of(chunk)])
        return state

    def _keep(self, chunk: int, state: dict[str, np.ndarray]) -> None:
        """Store a chunk, at once or later, and take it in."""
        if self.store is not None:
            self.waiting.append((chunk, state))
            self.waiting_bytes += sum(array.nbytes for array in state.values())
            if self.how.spent >= self.how.first_write or self.waiting_bytes > MOST_WAITING:
                self._write_waiting()
        self.join(chunk, state)

    def _write_waiting(self) -> None:
        while self.store is not None and self.waiting:
            chunk, state = self.waiting[0]
            self.store.write(chunk, parts.table_of(state))
            del self.waiting[0]
        self.waiting_bytes = 0

    def _interrupted(self, total: int) -> InterruptedRun:
        count = int(self.done.sum())
        message = f"interrupted after {count:,} of {total:,} runs"
        if self.store is None:
            told = f"{message}; none were kept (a store keeps them)"
            return InterruptedRun(told, partial=self.result() if count else None)
        folder = self.store.folder
        if not count:
            return InterruptedRun(message, partial=folder)
        return InterruptedRun(
            f"{message}; they are kept in {folder}, and the same command with --resume goes on",
            partial=folder,
        )


# --- who makes them ------------------------------------------------------------------------------

Found = TypeVar("Found")


def _by_processes(
    function: Callable[[Any], Found], tasks: Iterator[Any], count: int
) -> Generator[Found, None, None]:
    """Answers of processes of this machine."""
    with Processes(count) as executor:
        yield from in_order(executor.submit, function, tasks, 2 * count)


def _by_executor(
    function: Callable[[Any], Found], tasks: Iterator[Any], executor: Any
) -> Generator[Found, None, None]:
    """Answers of any object with ``submit`` or ``map``."""
    if hasattr(executor, "submit"):
        yield from in_order(executor.submit, function, tasks, 4 * thread_count())
    else:
        yield from executor.map(function, tasks)
