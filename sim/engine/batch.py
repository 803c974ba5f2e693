"""``run_here``, ``run_all``: many compiled runs, in this thread or many, in bounded memory.

Chunks come in order. Which runs stand together in a chunk, how many threads there are and which
finishes first changes nothing: a run is a pure function of (scenario, parameters, seed, replicate).
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim.core.outcomes import RECORD
from sim.core.parameters import Parameters
from sim.engine import compiled, tables

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

T = TypeVar("T")

_CHUNK_BYTES = 8 << 20
_MOST_RUNS = 256
_LEAST_WORK = 1 << 16
"""Staff-weeks of a chunk, where there are as many: what Python does for a chunk costs as much as
several thousand."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive runs: ``records`` is (runs, weeks, regions, columns of RECORD), and the first of
    them is run number ``first``."""

    first: int
    records: np.ndarray


def thread_count(threads: int | None = None) -> int:
    """Threads to use: the argument, else ``CODOSE_THREADS``, else the processors we may use.

    A job of SLURM may use as many as ``SLURM_CPUS_PER_TASK``, even where nothing binds it to them.
    """
    if threads is None and os.environ.get("CODOSE_THREADS", "").isdigit():
        threads = int(os.environ["CODOSE_THREADS"])
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        threads = len(affinity(0)) if affinity else (os.cpu_count() or 1)
        if (asked := os.environ.get("SLURM_CPUS_PER_TASK", "")).isdigit():
            threads = min(threads, int(asked))
    return max(1, threads)


def chunk_size(scenario: Scenario, rows: int, runs: int, threads: int) -> int:
    """Runs in a chunk: at most 8 MiB of records; enough chunks to keep all threads busy, but each
    with some milliseconds of work."""
    one = rows * len(scenario.region_names) * len(RECORD) * 8
    by_memory = max(1, _CHUNK_BYTES // one)
    by_share = max(1, -(-runs // (4 * threads)))
    worth_it = _LEAST_WORK // max(1, sum(scenario.staff_counts) * scenario.horizon_weeks)
    return min(_MOST_RUNS, by_memory, max(by_share, worth_it))


def in_chunks(
    work: Callable[[slice], T], runs: int, size: int, threads: int | None = None
) -> Generator[tuple[slice, T], None, None]:
    """Let threads work on ``size`` of ``runs`` things at a time.

    Args:
        work: what a thread does with some of them; should leave Python's lock for most of it.
        runs: number of things.
        size: how many a chunk has.
        threads: see :func:`thread_count`.

    Yields:
        Each chunk and what came of it, in order; few more are held than there are threads. When the
        caller stops early, chunks that have begun are still finished.
    """
    workers = thread_count(threads)
    parts = [slice(first, min(first + size, runs)) for first in range(0, runs, size)]
    if workers == 1 or len(parts) == 1:
        for part in parts:
            yield part, work(part)
        return
    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[slice, Future[T]]] = deque()
    try:
        for part in parts:
            waiting.append((part, pool.submit(work, part)))
            if len(waiting) > 2 * workers:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


def run_all(
    scenario: Scenario,
    sets: Sequence[Parameters],
    which: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    *,
    weeks: Sequence[int] | None = None,
    threads: int | None = None,
) -> Iterator[Chunk]:
    """Run (set, replicate) pairs; chunks come in the order of the pairs.

    Args:
        scenario: what to run.
        sets: parameter sets.
        which: (runs,) int64, the set of each run.
        replicates: (runs,) int64, the replicate of each run.
        seed: 0..2**63 - 1.
        weeks: report these weeks only (ascending, the last is the horizon); None: every week.
        threads: see :func:`thread_count`.
    """
    workers = thread_count(threads)
    rows = scenario.horizon_weeks + 1 if weeks is None else len(weeks)
    matrix = tables.parameter_rows(sets)

    def work(part: slice) -> np.ndarray:
        return run_here(scenario, matrix, which[part], replicates[part], seed, weeks=weeks)

    size = chunk_size(scenario, rows, len(which), workers)
    for part, records in in_chunks(work, len(which), size, workers):
        yield Chunk(part.start, records)


def most_runs(scenario: Scenario, rows: int) -> int:
    """Runs that one call makes at most: 8 MiB of records of so many rows."""
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
) -> np.ndarray:
    """Some (set, replicate) pairs in this thread.

    Args:
        scenario: what to run.
        matrix: the parameter sets, :func:`sim.engine.tables.parameter_rows`.
        which, replicates, seed, weeks: as of :func:`run_all`.

    Returns:
        float64 (runs, weeks, regions, columns of RECORD), see
        :func:`sim.engine.compiled.run_chunk`.
    """
    staggers = matrix["calendar_stagger"][which]
    edges = np.flatnonzero(np.diff(staggers, prepend=np.nan, append=np.nan))
    parts = []
    for first, last in itertools.pairwise(edges.tolist()):  # another stagger, other calendars
        prepared = compiled.prepare(scenario, seed, float(staggers[first]))
        some = slice(first, last)
        parts.append(
            compiled.run_chunk(prepared, matrix, which[some], replicates[some], weeks=weeks)
        )
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
