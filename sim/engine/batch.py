""":func:`run_here`: many compiled runs in this thread; :func:`by_threads`: work shared by threads.

Which runs are made together, how many threads there are and which finishes first change no number,
because a run is a pure function of (scenario, parameters, seed, replicate).
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sim.core.outcomes import RECORD
from sim.engine import compiled
from sim.engine.rooms import Room

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

Task = TypeVar("Task")
Found = TypeVar("Found")

_CHUNK_BYTES = 8 << 20
_MOST_RUNS = 256


def thread_count(threads: int | None = None) -> int:
    """Number of threads: the argument, else ``CODOSE_THREADS``, else the processors we may use.

    In a SLURM job these are at most ``SLURM_CPUS_PER_TASK``, even if the job is bound to none.
    """
    if threads is None and os.environ.get("CODOSE_THREADS", "").isdigit():
        threads = int(os.environ["CODOSE_THREADS"])
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        threads = len(affinity(0)) if affinity else (os.cpu_count() or 1)
        if (asked := os.environ.get("SLURM_CPUS_PER_TASK", "")).isdigit():
            threads = min(threads, int(asked))
    return max(1, threads)


def by_threads(
    function: Callable[[Task], Found], tasks: Sequence[Task], workers: int
) -> Generator[Found, None, None]:
    """Yield the result of each task, in order.

    Args:
        function: takes a task; should release Python's lock for most of its time.
        tasks: the tasks; only a few more than there are threads are begun ahead of the caller.
        workers: how many threads.

    When the caller stops early, tasks that have begun are still finished.
    """
    if workers == 1 or len(tasks) == 1:
        yield from map(function, tasks)
        return
    pool = ThreadPoolExecutor(min(workers, len(tasks)))
    try:
        yield from in_order(pool.submit, function, tasks, 2 * workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(
    submit: Callable[..., Any],
    function: Callable[[Task], Found],
    tasks: Iterable[Task],
    ahead: int,
) -> Generator[Found, None, None]:
    """Submit tasks, at most ``ahead`` of them early, and yield their results in order."""
    waiting: deque[Any] = deque()
    try:
        for task in tasks:
            waiting.append(submit(function, task))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def most_runs(scenario: Scenario, rows: int) -> int:
    """Most runs of one call: 256, or fewer whose records of ``rows`` weeks fill 8 MiB."""
    one = rows * len(scenario.region_names) * len(RECORD) * 8
    return max(1, min(_MOST_RUNS, _CHUNK_BYTES // one))


def run_here(
    scenario: Scenario,
    matrix: np.ndarray,
    which: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    *,
    weeks: Sequence[int] | None = None,
    room: Room = np.zeros,
) -> np.ndarray:
    """Make the runs of some (set, replicate) pairs in this thread.

    Args:
        scenario: what to run.
        matrix: the parameter sets, :func:`sim.engine.tables.parameter_rows`.
        which, replicates: int64 (runs,), the set and the replicate of each run.
        seed: 0..2**63 - 1.
        weeks: report these weeks only (ascending); None: every week.
        room: gives the records an array of zeros.

    Returns:
        float64 (runs, weeks, regions, columns of RECORD), see
        :func:`sim.engine.compiled.run_chunk`.
    """
    staggers = matrix["calendar_stagger"][which]
    edges = np.flatnonzero(np.diff(staggers, prepend=np.nan, append=np.nan))
    rows = compiled.record_rows(scenario.horizon_weeks, weeks)
    records = room((len(which), rows, len(scenario.region_names), len(RECORD)))
    for first, last in itertools.pairwise(edges.tolist()):  # each stagger has its own calendars
        prepared = compiled.prepare(scenario, seed, float(staggers[first]))
        some = slice(first, last)
        compiled.run_chunk(
            prepared, matrix, which[some], replicates[some], weeks=weeks, into=records[some]
        )
    return records if weeks is None else records[:, : len(weeks)]
