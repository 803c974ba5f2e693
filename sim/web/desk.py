"""The desk at which visitors' work is done: off the event loop, in turn, and never twice.

Three kinds of work, each with threads of its own, so that none keeps another waiting. *Quick*
work answers a slider. *Slow* work takes a second or more: answers for very large plans, reports. Of
both a visitor has at most one at a time in a line (the answer, the comparison, a report), and of
those that wait in a line only the newest is done. *Long* work (a dosage map) stands in a queue; it
tells how far it is and stops when asked.

Work is measured in person-weeks (people x weeks x runs). A request has a cap, and a visitor an
allowance that fills up again with time.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sim.errors import InputError, Problem

LOG = logging.getLogger("codose.web")
T = TypeVar("T")

LARGEST_QUICK = 100_000_000
"""Person-weeks of one request of a slider, at most: some seconds of a processor."""
SLOW = 16_000_000
"""Person-weeks from which a request counts as slow: more than about a second of a processor."""
LARGEST_LONG = 600_000_000
ALLOWANCE = 1_500_000_000
"""Person-weeks that a visitor may ask for at once ..."""
REFILL = 25_000_000
"""... and how many come back a second: about what one processor does."""
MOST_WAITING = 100
"""Long jobs in the queue; more are refused."""

_OURS = "Something went wrong on our side; the server's log has the details."


class Stopped(Exception):
    """Raised inside work whose visitor no longer wants it."""


class TooMuch(InputError):
    """A request over a cap, or a visitor who has used up the allowance of the minute."""


def check_size(person_weeks: float, largest: float) -> None:
    """Refuse a request that is too large for a page.

    Raises:
        TooMuch: says what to do instead.
    """
    if person_weeks > largest:
        raise TooMuch(
            Problem(
                "this plan is too large for the page (people x weeks x runs is "
                f"{person_weeks:,.0f}); download the scenario and use 'codose run'",
                allowed=f"up to {largest:,.0f}",
            )
        )


@dataclass(eq=False)
class Line:
    """Requests of one visitor of which only the newest matters."""

    newest: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(eq=False)
class Visitor:
    """One open page. Its state is its own; nothing is shared but cached results of pure runs."""

    number: int
    allowance: float = ALLOWANCE
    seen: float = field(default_factory=time.monotonic)
    lines: defaultdict[str, Line] = field(default_factory=lambda: defaultdict(Line))
    gone: bool = False
    jobs: list[Job] = field(default_factory=list)

    def spend(self, person_weeks: float) -> None:
        """Take from the allowance.

        Raises:
            TooMuch: it is used up; says when to try again.
        """
        now = time.monotonic()
        self.allowance = min(ALLOWANCE, self.allowance + (now - self.seen) * REFILL)
        self.seen = now
        if person_weeks > self.allowance:
            wait = (person_weeks - self.allowance) / REFILL
            raise TooMuch(f"a lot of work at once; please try again in {wait:.0f} seconds")
        self.allowance -= person_weeks


State = Literal["waiting", "running", "done", "cancelled", "failed"]


@dataclass(eq=False)
class Job:
    """A piece of long work and how far it is."""

    number: int
    visitor: Visitor
    state: State = "waiting"
    done: int = 0
    total: int = 0
    result: Any = None
    problem: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, done: int, total: int) -> None:
        """For the work to call as it goes on.

        Raises:
            Stopped: the visitor cancelled it, or left.
        """
        self.done, self.total = done, total
        if self.stop.is_set():
            raise Stopped

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "cancelled", "failed")


class Desk:
    """Takes in work. Make one, and :meth:`close` it, inside the server's event loop."""

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads
        self._quick = ThreadPoolExecutor(threads, thread_name_prefix="quick")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="slow")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="long")
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Visitor] = {}
        self._queue: dict[int, Job] = {}
        self.visitors: set[Visitor] = set()

    def arrive(self) -> Visitor:
        """A page was opened."""
        visitor = Visitor(next(self._numbers))
        self.visitors.add(visitor)
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """A page was closed: whatever it still waits for is dropped."""
        visitor.gone = True
        self.drop(visitor)
        self.visitors.discard(visitor)

    def drop(self, visitor: Visitor) -> None:
        """Stop the long work of a visitor; it gives up its place in the queue."""
        for job in visitor.jobs:
            self.cancel(job)
        visitor.jobs.clear()

    def close(self) -> None:
        """Stop taking work; running work is asked to stop."""
        for visitor in list(self.visitors):
            self.leave(visitor)
        for pool in (self._quick, self._slow, self._long):
            pool.shutdown(wait=False, cancel_futures=True)

    # --- quick and slow ----------------------------------------------------------------------

    async def quick(
        self, visitor: Visitor, work: Callable[[], T], line: str = "answer", size: float = 0.0
    ) -> T | None:
        """The result of ``work``, done on a thread; None when a newer request took its place.

        Whatever ``work`` raises is raised here.

        Args:
            line: a newer request takes the place of older ones of the same line only.
            size: person-weeks; from :data:`SLOW` on it does not stand among the quick ones.
        """
        mine = visitor.lines[line]
        mine.newest += 1
        number = mine.newest
        async with mine.lock:
            if number != mine.newest or visitor.gone:
                return None
            slow = size >= SLOW
            place = next(self._numbers)
            if not slow:
                with self._lock:
                    self._waiting[place] = visitor

            def begin() -> T | None:
                with self._lock:
                    self._waiting.pop(place, None)
                return None if visitor.gone else work()

            pool = self._slow if slow else self._quick
            result = await asyncio.get_running_loop().run_in_executor(pool, begin)
            return None if number != mine.newest else result

    @property
    def busy(self) -> bool:
        """Whether more quick requests wait than there are threads for them."""
        with self._lock:
            return len(self._waiting) > self._threads

    @property
    def waiting(self) -> int:
        """How many quick requests wait: the next one stands behind them."""
        with self._lock:
            return len(self._waiting)

    # --- long --------------------------------------------------------------------------------

    def begin(self, visitor: Visitor, work: Callable[[Job], Any]) -> Job:
        """Put long work into the queue; an older job of the same visitor is cancelled.

        Raises:
            TooMuch: the queue is full.
        """
        for job in visitor.jobs:
            self.cancel(job)
        visitor.jobs = [job for job in visitor.jobs if not job.over]
        with self._lock:
            if len(self._queue) >= MOST_WAITING:
                raise TooMuch("too many visitors wait for maps; please try again in a minute")
            job = Job(next(self._numbers), visitor)
            self._queue[job.number] = job
        visitor.jobs.append(job)
        future: Future[None] = self._long.submit(self._work, job, work)
        future.add_done_callback(lambda _: self._forget(job))
        return job

    def _work(self, job: Job, work: Callable[[Job], Any]) -> None:
        if job.stop.is_set():
            job.state = "cancelled"
            return
        job.state = "running"
        try:
            job.result = work(job)
            job.state = "done"
        except Stopped:
            job.state = "cancelled"
        except InputError as error:
            job.state, job.problem = "failed", str(error.problem)
        except Exception:
            LOG.exception("long work failed")
            job.state, job.problem = "failed", _OURS

    def _forget(self, job: Job) -> None:
        with self._lock:
            self._queue.pop(job.number, None)

    def position(self, job: Job) -> int:
        """1 is next (or running); 0: no longer in the queue."""
        with self._lock:
            numbers = list(self._queue)
        return numbers.index(job.number) + 1 if job.number in numbers else 0

    def cancel(self, job: Job) -> None:
        """Stop a job; one that waits gives up its place at once."""
        job.stop.set()
        if job.state == "waiting":
            job.state = "cancelled"
            self._forget(job)
