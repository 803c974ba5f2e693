"""Making chunks of a plan in one thread: :func:`make` here, :class:`Task` and :func:`run_task` on a
worker.

Every run that fails does so in this module; :mod:`sim.runs.execute` has the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from sim.core.errors import EngineError, InputError
from sim.core.outcomes import RECORD
from sim.engine import batch
from sim.engine.layout import source_hash
from sim.engine.reduction import not_finite
from sim.engine.rooms import Room, Rooms, Shelf
from sim.runs.collect import Collector, Failure, Looks, Rows
from sim.runs.engines import checked_record
from sim.runs.own import OwnEngine, WrongSource, plain, reported
from sim.runs.plan import Job, Piece, RunPlan
from sim.scenario.scenario import Scenario


def make(
    plan: RunPlan, collect: Collector[Any], chunks: Sequence[range], rooms: Rooms | None = None
) -> Iterator[tuple[int, Rows]]:
    """Measure the runs of some chunks, a few at a time; yield the position of the chunk and rows.

    Consecutive runs are made together, even across the edge of a chunk. Where ``rooms`` are given,
    their memory holds the records, and what is yielded must be done with before the next.
    """
    place = 0
    for whole in _adjacent(chunks):
        for piece in plan.pieces(whole):
            job, start = plan.jobs[piece.job], int(plan.edges[piece.job])
            for rows in _batches(plan, collect, job, piece, rooms):
                first = rows.piece.first
                while first < rows.piece.last:
                    while chunks[place].stop <= start + first:
                        place += 1
                    last = min(rows.piece.last, chunks[place].stop - start)
                    yield place, _cut(rows, first, last)
                    first = last


def _adjacent(chunks: Sequence[range]) -> Iterator[range]:
    """Chunks that follow each other without a gap, joined into one range."""
    first, last = chunks[0].start, chunks[0].stop
    for chunk in chunks[1:]:
        if chunk.start != last:
            yield range(first, last)
            first = chunk.start
        last = chunk.stop
    yield range(first, last)


def _cut(rows: Rows, first: int, last: int) -> Rows:
    """The rows of runs first..last - 1 of the job."""
    piece = rows.piece
    if (first, last) == (piece.first, piece.last):
        return rows
    part = slice(first - piece.first, last - piece.first)
    failures = tuple(
        (row - part.start, stage, why)
        for row, stage, why in rows.failures
        if part.start <= row < part.stop
    )
    arrays = {name: array[part] for name, array in rows.arrays.items()}
    return Rows(Piece(piece.job, first, last), arrays, failures)


def _batches(
    plan: RunPlan, collect: Collector[Any], job: Job, piece: Piece, rooms: Rooms | None
) -> Iterator[Rows]:
    """Consecutive runs of one job, as many as one call of the engine makes."""
    weeks = collect.weeks(job)
    rows = job.scenario.horizon_weeks + 1 if weeks is None else len(weeks)
    size = batch.most_runs(job.scenario, rows) if plan.compiled else 1
    asking = _Asking(plan, collect, job, weeks, rooms)
    for first in range(piece.first, piece.last, size):
        last = min(first + size, piece.last)
        records, failures = asking.records(first, last)
        arrays = collect.measure(job, job.which[first:last], records)
        for row, *_ in failures:
            for array in arrays.values():
                array[row] = np.nan
        yield Rows(Piece(piece.job, first, last), arrays, tuple(failures))


# --- records -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Asking:
    """Calls the engine for the runs of a job, and records which fail.

    Attributes:
        weeks: the weeks that records report; None: all.
        rooms: memory for the records of a call; None: each has its own.
    """

    plan: RunPlan
    collect: Collector[Any]
    job: Job
    weeks: Sequence[int] | None
    rooms: Rooms | None

    def records(self, first: int, last: int) -> tuple[list[np.ndarray], list[Failure]]:
        """Records of runs first..last - 1 of the job, with TA and without, and which failed."""
        job = self.job
        records: list[np.ndarray] = []
        failures: dict[int, Failure] = {}
        for arm, scenario in enumerate(_arms(job)):
            if arm and not job.scenario.has_ta:
                records.append(records[0])  # a scenario without TA is its own counterfactual
                continue
            stage = "with TA" if scenario.has_ta else "without TA"
            room = np.empty if self.rooms is None else partial(self.rooms.empty, stage)
            made, lost = self.one_arm(scenario, first, last, room)
            records.append(made)
            for row, why in lost.items():
                failures.setdefault(row, (row, stage, why))
        return records, [failures[row] for row in sorted(failures)]

    def one_arm(
        self, scenario: Scenario, first: int, last: int, room: Room = np.empty
    ) -> tuple[np.ndarray, dict[int, str]]:
        """Records with or without TA, one row a run, and the reason of each row that failed."""
        if not self.plan.compiled and last - first > 1:
            return self.each(scenario, first, last)
        try:
            made = self.made(scenario, first, last, room)
        except (InputError, EngineError):
            raise
        except Exception as error:
            if last - first > 1:
                return self.each(scenario, first, last)
            return self.nothing(scenario), {0: _reason(error)}
        return made, self.not_finite(made, scenario)

    def each(self, scenario: Scenario, first: int, last: int) -> tuple[np.ndarray, dict[int, str]]:
        """Make each run alone, so that only the runs at fault fail."""
        made = [self.one_arm(scenario, row, row + 1) for row in range(first, last)]
        lost = {row: why[0] for row, (_, why) in enumerate(made) if why}
        return np.concatenate([record for record, _ in made]), lost

    def made(self, scenario: Scenario, first: int, last: int, room: Room) -> np.ndarray:
        """What the engine or the collector's ``look`` gives: (runs, weeks, regions, columns) or
        (runs, numbers)."""
        job, seed = self.job, self.plan.seed
        if isinstance(self.collect, Looks):
            return self.collect.look(job, scenario, slice(first, last), seed)
        which, replicates = job.which[first:last], job.replicate[first:last]
        if self.plan.compiled:
            return batch.run_here(
                scenario, job.matrix, which, replicates, seed, weeks=self.weeks, room=room
            )
        single = self.plan.chosen[1]
        record = single(scenario, job.sets[int(which[0])], seed, int(replicates[0]))
        checked = checked_record(plain(record, len(job.own)), scenario)
        return reported(record if job.own else checked, self.weeks, job.own)[None]

    def not_finite(self, made: np.ndarray, scenario: Scenario) -> dict[int, str]:
        """The reason of each record with a value that is not finite; ``look`` checks its own."""
        if isinstance(self.collect, Looks):
            return {}
        wrong = not_finite(plain(made, len(self.job.own)), scenario.region_names, self.weeks)
        return {row: f"ValueError: {why}" for row, why in wrong.items()}

    def nothing(self, scenario: Scenario) -> np.ndarray:
        """An array of NaN in the place of a run that failed."""
        if isinstance(self.collect, Looks):
            return np.full((1, self.collect.run_bytes(self.job) // 8), np.nan)
        rows = scenario.horizon_weeks + 1 if self.weeks is None else len(self.weeks)
        own = len(self.job.own)
        shape = 1, rows, len(scenario.region_names) + (own > 0), len(RECORD) + own
        return np.full(shape, np.nan)


def _arms(job: Job) -> list[Scenario]:
    return [job.scenario, job.partner] if job.counterfactual else [job.scenario]


def _reason(error: Exception) -> str:
    """Type and message on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --- chunks as plain data ------------------------------------------------------------------------


def states(
    plan: RunPlan, collect: Collector[Any], chunks: Sequence[range], rooms: Rooms | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """Chunks as plain arrays, in order, with their failed runs."""
    shelf = Shelf()
    for place, together in groupby(make(plan, collect, chunks, rooms), key=itemgetter(0)):
        chunk = collect.open(plan, chunks[place], shelf)
        for _, rows in together:
            chunk.add(rows)
        yield chunk.state()


@dataclass(frozen=True)
class Task:
    """Some chunks for a worker, which needs only the same version of codose.

    Attributes:
        engine: the hash of the sources, see :func:`sim.engine.layout.source_hash`.
        chunks: the number of each chunk, and how many runs it has.
        plan: the plan of these runs alone (:meth:`~sim.runs.plan.RunPlan.to_dict`).
        collect: the collector, which says what is kept.
        own: the user's own model that makes the runs; None: an engine of codose.
    """

    engine: str
    chunks: list[tuple[int, int]]
    plan: dict[str, Any]
    collect: Collector[Any]
    own: OwnEngine | None = None


class WrongWorker(Exception):
    """A worker has another version of the model than the process that sent the task."""


def run_task(task: Task) -> list[tuple[int, dict[str, np.ndarray]]]:
    """Make the chunks of a task on a worker; return the number and state of each.

    Raises:
        WrongWorker: the worker's sources differ, so its numbers might differ too.
    """
    if task.engine != source_hash():
        raise WrongWorker(f"engine {source_hash()} on the worker, {task.engine} here")
    if task.own is not None:
        try:
            task.own.check_source()
        except WrongSource as error:
            raise WrongWorker(str(error)) from None
    plan = RunPlan.from_dict(task.plan, task.own)
    ends = np.cumsum([runs for _, runs in task.chunks]).tolist()
    ranges = [range(end - runs, end) for end, (_, runs) in zip(ends, task.chunks, strict=True)]
    made = states(plan, task.collect, ranges)
    return [(number, state) for (number, _), state in zip(task.chunks, made, strict=True)]
