"""Work shared by the threads of a process, its results in order whatever finishes first."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")


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
