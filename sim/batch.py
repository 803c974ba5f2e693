"""Many compiled runs on the threads of one machine, in order, in bounded memory.

Which runs stand together in a chunk, how many threads there are and which finishes first changes
nothing: a run is a pure function of (scenario, parameters, seed, replicate).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim import compiled, tables
from sim.outcomes import RECORD
from sim.parameters import Parameters

if TYPE_CHECKING:
    from sim.scenario import Scenario

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
    """Threads to use: the argument, else ``CODOSE_THREADS``, else the processors we may use."""
    if threads is None and os.environ.get("CODOSE_THREADS", "").isdigit():
        threads = int(os.environ["CODOSE_THREADS"])
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        threads = len(affinity(0)) if affinity else (os.cpu_count() or 1)
    return max(1, threads)


def chunk_size(scenario: Scenario, rows: int, runs: int, threads: int) -> int:
    """Runs in a chunk: at most 8 MiB of records; enough chunks to keep all threads busy, but each
    with some milliseconds of work."""
    one = rows * len(scenario.region_names) * len(RECORD) * 8
    by_memory = max(1, _CHUNK_BYTES // one)
    by_share = max(1, -(-runs // (4 * threads)))
    worth_it = _LEAST_WORK // max(1, sum(scenario.staff_counts) * scenario.horizon_weeks)
    return min(_MOST_RUNS, by_memory, max(by_share, worth_it))


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
        weeks: report these weeks only (ascending); None: every week.
        threads: see :func:`thread_count`.
    """
    workers = thread_count(threads)
    rows = scenario.horizon_weeks + 1 if weeks is None else len(weeks)
    size = chunk_size(scenario, rows, len(which), workers)
    matrix = tables.parameter_rows(sets)
    staggers = matrix["calendar_stagger"]

    def work(first: int) -> Chunk:
        part = slice(first, first + size)
        return Chunk(
            first,
            _one_chunk(scenario, matrix, staggers, which[part], replicates[part], seed, weeks),
        )

    starts = range(0, len(which), size)
    if workers == 1 or len(starts) == 1:
        for first in starts:
            yield work(first)
        return
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[Chunk]] = deque()
    try:
        for first in starts:
            waiting.append(pool.submit(work, first))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


def _one_chunk(
    scenario: Scenario,
    matrix: np.ndarray,
    staggers: np.ndarray,
    which: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    weeks: Sequence[int] | None,
) -> np.ndarray:
    """A chunk; sets with another stagger of calendars need other tables."""
    parts = []
    first = 0
    while first < len(which):
        last = first + 1
        while last < len(which) and staggers[which[last]] == staggers[which[first]]:
            last += 1
        prepared = compiled.prepare(scenario, seed, float(staggers[which[first]]))
        parts.append(
            compiled.run_chunk(
                prepared, matrix, which[first:last], replicates[first:last], weeks=weeks
            )
        )
        first = last
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
