"""Making chunks of a plan in one thread, here or on a worker: make, and Task with run_task.

The one place where a run can fail: see :mod:`sim.runs.execute` for the rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from sim import batch
from sim.ensemble import checked_record, choose_engine
from sim.errors import InputError
from sim.outcomes import FIRST_FLOW, RECORD
from sim.runs import parts
from sim.runs.collect import Collector, Failure, Rows
from sim.runs.people import People
from sim.runs.plan import Job, Piece, RunPlan
from sim.scenario import Scenario


def make(
    plan: RunPlan, collect: Collector[Any], chunks: Sequence[range]
) -> Iterator[tuple[int, Rows]]:
    """Measure the runs of some chunks, a few at a time: the place of the chunk, and rows of it.

    Runs that follow each other are made together, also over the edge of a chunk.
    """
    place = 0
    for whole in _adjacent(chunks):
        for piece in plan.pieces(whole):
            job, start = plan.jobs[piece.job], int(plan.edges[piece.job])
            for rows in _batches(plan, collect, job, piece):
                first = rows.piece.first
                while first < rows.piece.last:
                    while chunks[place].stop <= start + first:
                        place += 1
                    last = min(rows.piece.last, chunks[place].stop - start)
                    yield place, _cut(rows, first, last)
                    first = last


def _adjacent(chunks: Sequence[range]) -> Iterator[range]:
    """Chunks that follow each other without a gap, as one."""
    first, last = chunks[0].start, chunks[0].stop
    for chunk in chunks[1:]:
        if chunk.start != last:
            yield range(first, last)
            first = chunk.start
        last = chunk.stop
    yield range(first, last)


def _cut(rows: Rows, first: int, last: int) -> Rows:
    """Those of runs first..last - 1 of the job."""
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


def _batches(plan: RunPlan, collect: Collector[Any], job: Job, piece: Piece) -> Iterator[Rows]:
    """Consecutive runs of one job, as many as one call of the engine makes."""
    if isinstance(collect, People):
        yield from (_looked_at(plan, collect, job, piece.job, row) for row in range(*piece.span))
        return
    weeks = collect.weeks(job)
    rows = job.scenario.horizon_weeks + 1 if weeks is None else len(weeks)
    size = batch.most_runs(job.scenario, rows) if plan.compiled else 1
    for first in range(piece.first, piece.last, size):
        last = min(first + size, piece.last)
        records, failures = _records(plan, job, first, last, weeks)
        arrays = collect.measure(job, job.which[first:last], records)
        for row, *_ in failures:
            for array in arrays.values():
                array[row] = np.nan
        yield Rows(Piece(piece.job, first, last), arrays, tuple(failures))


def _looked_at(plan: RunPlan, collect: People, job: Job, place: int, row: int) -> Rows:
    """One run whose people are looked at."""
    piece = Piece(place, row, row + 1)
    try:
        arrays = collect.look(job, plan.seed, row)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("a state is not finite")
    except InputError:
        raise
    except Exception as error:
        stage = "with TA" if job.scenario.has_ta else "without TA"
        nothing = collect.measure(job, job.which[row : row + 1], ())
        return Rows(piece, nothing, ((0, stage, _reason(error)),))
    return Rows(piece, arrays)


# --- records -------------------------------------------------------------------------------------


def _records(
    plan: RunPlan, job: Job, first: int, last: int, weeks: Sequence[int] | None
) -> tuple[list[np.ndarray], list[Failure]]:
    """Records of runs first..last - 1 of a job, an array an arm, and which failed."""
    records: list[np.ndarray] = []
    failures: dict[int, Failure] = {}
    for arm, scenario in enumerate(_arms(job)):
        if arm and not job.scenario.has_ta:
            records.append(records[0])  # without TA it is its own partner
            continue
        stage = "with TA" if scenario.has_ta else "without TA"
        made, lost = _one_arm(plan, job, scenario, first, last, weeks)
        records.append(made)
        for row, why in lost.items():
            failures.setdefault(row, (row, stage, why))
    return records, [failures[row] for row in sorted(failures)]


def _arms(job: Job) -> list[Scenario]:
    return [job.scenario, job.partner] if job.counterfactual else [job.scenario]


def _one_arm(
    plan: RunPlan, job: Job, scenario: Scenario, first: int, last: int, weeks: Sequence[int] | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Records (runs, weeks, regions, columns), and the reason of each row that failed."""
    if plan.compiled:
        which, replicates = job.which[first:last], job.replicate[first:last]
        try:
            made = batch.run_here(scenario, job.matrix, which, replicates, plan.seed, weeks=weeks)
        except InputError:
            raise
        except Exception as error:
            if last - first > 1:
                return _each(plan, job, scenario, first, last, weeks)
            return _nothing(scenario, weeks), {0: _reason(error)}
        return made, _not_finite(made, scenario, weeks)
    if last - first > 1:
        return _each(plan, job, scenario, first, last, weeks)
    single = choose_engine(plan.engine)[1]
    parameters, replicate = job.sets[int(job.which[first])], int(job.replicate[first])
    try:
        record = checked_record(single(scenario, parameters, plan.seed, replicate), scenario)
    except InputError:
        raise
    except Exception as error:
        return _nothing(scenario, weeks), {0: _reason(error)}
    return _reported(record, weeks)[None], {}


def _each(
    plan: RunPlan, job: Job, scenario: Scenario, first: int, last: int, weeks: Sequence[int] | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Run by run: each fails or not by itself."""
    made = [_one_arm(plan, job, scenario, row, row + 1, weeks) for row in range(first, last)]
    lost = {row: why[0] for row, (_, why) in enumerate(made) if why}
    return np.concatenate([record for record, _ in made]), lost


def _nothing(scenario: Scenario, weeks: Sequence[int] | None) -> np.ndarray:
    rows = scenario.horizon_weeks + 1 if weeks is None else len(weeks)
    return np.full((1, rows, len(scenario.region_names), len(RECORD)), np.nan)


def _reported(record: np.ndarray, weeks: Sequence[int] | None) -> np.ndarray:
    """Of a whole record the weeks reported: their levels, and flows since the one before."""
    if weeks is None:
        return record
    some = record[list(weeks)]
    starts = [0, *(week + 1 for week in weeks[:-1])]
    some[..., FIRST_FLOW:] = np.add.reduceat(record[..., FIRST_FLOW:], starts, axis=0)
    return some


def _not_finite(
    records: np.ndarray, scenario: Scenario, weeks: Sequence[int] | None
) -> dict[int, str]:
    """The reason of each record that holds a number that is none."""
    lost = {}
    for row in np.flatnonzero(~np.isfinite(records).all(axis=(1, 2, 3))):
        week, region, column = (int(i) for i in np.argwhere(~np.isfinite(records[row]))[0])
        what = "level" if column < FIRST_FLOW else "flow"
        lost[int(row)] = (
            f"ValueError: the {what} {RECORD[column]} of {scenario.region_names[region]} is "
            f"{records[row, week, region, column]} in week {week if weeks is None else weeks[week]}"
        )
    return lost


def _reason(error: Exception) -> str:
    """Type and message on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --- chunks as plain data ------------------------------------------------------------------------


def states(
    plan: RunPlan, collect: Collector[Any], chunks: Sequence[range]
) -> Iterator[dict[str, np.ndarray]]:
    """Chunks as plain arrays, in order, their failed runs among them."""
    for _, together in groupby(make(plan, collect, chunks), key=itemgetter(0)):
        failures: list[Failure] = []
        arrays = collect.state(plan, _noting(together, failures))
        text = json.dumps(failures).encode()
        yield {**arrays, "failures": np.frombuffer(text, dtype=np.uint8)}


def _noting(found: Iterable[tuple[int, Rows]], into: list[Failure]) -> Iterator[Rows]:
    """The rows of a chunk as they come; what failed is noted by its row in the chunk."""
    done = 0
    for _, rows in found:
        into += [(done + row, stage, why) for row, stage, why in rows.failures]
        done += len(rows.piece)
        yield rows


def failures_of(rows: Sequence[Rows]) -> list[Failure]:
    """What failed in the rows of a chunk, by its row in the chunk."""
    failures: list[Failure] = []
    for _ in _noting(((0, one) for one in rows), failures):
        pass
    return failures


@dataclass(frozen=True)
class Task:
    """Some chunks for a worker that has nothing but the same codose.

    Attributes:
        engine: see :func:`sim.runs.parts.engine_hash`.
        chunks: number, and number of runs, of each.
        plan: these runs and no others (:meth:`~sim.runs.plan.RunPlan.to_dict`).
        collect: what is kept.
    """

    engine: str
    chunks: list[tuple[int, int]]
    plan: dict[str, Any]
    collect: Collector[Any]


class WrongWorker(Exception):
    """A worker whose model is not that of whoever asks."""


def run_task(task: Task) -> list[tuple[int, dict[str, np.ndarray]]]:
    """On a worker: the number and state of each chunk.

    Raises:
        WrongWorker: it would give other numbers than whoever asks would find.
    """
    if task.engine != parts.engine_hash():
        raise WrongWorker(f"engine {parts.engine_hash()} on the worker, {task.engine} here")
    plan = RunPlan.from_dict(task.plan)
    ends = np.cumsum([runs for _, runs in task.chunks]).tolist()
    ranges = [range(end - runs, end) for end, (_, runs) in zip(ends, task.chunks, strict=True)]
    made = states(plan, task.collect, ranges)
    return [(number, state) for (number, _), state in zip(task.chunks, made, strict=True)]
