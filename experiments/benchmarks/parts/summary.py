"""What ``sim.run`` adds to the engine: :func:`whole_runs`."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import clock
from clock import Spent, here
from record import Line, below

import sim
from sim.engine import compiled


@dataclass
class Engine:
    """Seconds of processor in which the engine itself worked."""

    cpu: float = 0.0


@contextmanager
def engine_watched() -> Iterator[Engine]:
    """Count what the engine takes of its threads meanwhile."""
    real, lock, found = compiled.run_chunk, threading.Lock(), Engine()

    def timed(*given: object, **named: object) -> object:
        begun = time.thread_time()
        made = real(*given, **named)
        with lock:
            found.cpu += time.thread_time() - begun
        return made

    compiled.run_chunk = timed
    try:
        yield found
    finally:
        compiled.run_chunk = real


def watched(work: Callable[[], object]) -> tuple[Spent, float]:
    """What some work took, and how much of it the engine."""
    with engine_watched() as engine:
        spent = here(work)()
    return spent, engine.cpu


def whole_runs(tiny: bool) -> list[Line]:
    """``sim.run`` of the source case against the engine's own processor time in the same call."""
    sets, replicates = (2, 2) if tiny else (50, 40)
    named = f"{sets} sets x {replicates}"
    work = {
        f"`sim.run`, both arms, all outcomes of all weeks, {named}": lambda: sim.run(
            "source", sets=sets, replicates=replicates
        ),
        f"the same with the table of weekly means and quantiles, {named}": lambda: sim.run(
            "source", sets=sets, replicates=replicates
        ).weeks(),
        "fixed values, 10,000 runs with their weekly table": lambda: sim.run(
            "source", fixed=True, replicates=8 if tiny else 10_000
        ).weeks(),
    }
    rounds: dict[str, list[tuple[Spent, float]]] = {what: [] for what in work}
    for _ in range(1 + (1 if tiny else 5)):
        for what, one in work.items():
            rounds[what].append(watched(one))
    lines = []
    for what, (_, *found) in rounds.items():  # the first round warms up
        times = statistics.median(spent.cpu / engine for spent, engine in found)
        busy = statistics.median(spent.cpu / spent.wall for spent, _ in found)
        wall = statistics.median(spent.wall for spent, _ in found)
        text = f"{times:.2f} x the engine's processor time, {wall:.2f} s"
        lines.append(below(what, times, 3, text, "x", cost=times, slack=1.3))
        least = 0.75 * clock.cores()
        lines.append(
            Line(
                f"processors busy: {what}", f"{busy:.2f} of {clock.cores()}", f">= {least:g}",
                busy >= least, cost=clock.cores() / busy,
            )
        )  # fmt: skip
    return lines
