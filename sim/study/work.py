"""The grid of a study, and running chunks of it on the threads of this machine."""

from __future__ import annotations

import hashlib
import itertools
import platform
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from sim import batch, outcomes
from sim.engine.layout import source_hash
from sim.errors import EngineError, InputError
from sim.parameters import NAMES, Parameters
from sim.scenario import Scenario
from sim.study import _safe
from sim.study.chunks import chunk_runs
from sim.study.store import Store, same_tables

_BLOCK_RUNS = 2**16
"""Runs handed to the threads at a time: enough to keep them busy, and few to hold."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run without values: its set and replicate (both from 0), where it failed and why.

    ``stage`` is "simulation" (the engine raised) or "record" (it gave a number that is none).
    """

    set_index: int
    replicate: int
    stage: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A chunk that is done.

    Attributes:
        first: number of its first run in the study.
        values: float64 (runs, points, regions, outcomes).
        failures: (row, stage, reason) of the failed ones, whose values are NaN.
    """

    first: int
    values: np.ndarray
    failures: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Grid:
    """The runs of a study, numbered set by set: run = set * replicates + replicate."""

    scenario: Scenario
    sets: Sequence[Parameters]
    replicates: int
    seed: int
    points: tuple[int, ...]
    outcomes: tuple[str, ...]
    regions: tuple[str, ...]
    first_replicate: int = 0

    @property
    def runs(self) -> int:
        """Of the whole study."""
        return len(self.sets) * self.replicates

    @property
    def shape(self) -> tuple[int, int, int]:
        """Values of a run: (points, regions, outcomes)."""
        return len(self.points), len(self.regions), len(self.outcomes)

    @cached_property
    def chunk(self) -> int:
        """Runs in a chunk."""
        return chunk_runs(self.scenario, self.runs, 8 * int(np.prod(self.shape)))

    @property
    def chunks(self) -> int:
        """Number of chunks; the last may be shorter."""
        return -(-self.runs // self.chunk)

    def range(self, chunk: int) -> range:
        """The runs of a chunk."""
        return range(chunk * self.chunk, min((chunk + 1) * self.chunk, self.runs))

    def pairs(self, runs: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The set and the replicate (its number in the streams) of some runs; int64 both."""
        which, replicate = np.divmod(np.asarray(runs, dtype=np.int64), self.replicates)
        return which, replicate + self.first_replicate

    def failed_runs(self, part: Part) -> list[FailedRun]:
        """The failures of a part."""
        return [
            FailedRun(*divmod(part.first + row, self.replicates), stage, reason)
            for row, stage, reason in part.failures
        ]

    # --- in a store --------------------------------------------------------------------------

    def key(self) -> dict[str, Any]:
        """What makes the study this one; see :class:`sim.study.store.Store`."""
        digest = hashlib.sha256("\n".join(NAMES).encode())
        for one in self.sets:
            digest.update(one.vector().tobytes())
        return {
            "kind": "grid",
            "scenario": self.scenario.digest(),
            "sets": len(self.sets),
            "parameter values": digest.hexdigest(),
            "replicates": self.replicates,
            "first replicate": self.first_replicate,
            "seed": self.seed,
            "weeks": list(self.points),
            "regions": list(self.regions),
            "runs": self.runs,
            "chunk": self.chunk,
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of a part in a store."""
        cells = itertools.product(self.points, self.regions, self.outcomes)
        values = [
            f"{name}@{week}" if region == "overall" else f"{name}@{week}/{region}"
            for week, region, name in cells
        ]
        return ("set", "replicate", "stage", "reason", *values)

    def table_of(self, part: Part) -> pa.Table:
        """A part as a table."""
        runs = np.arange(part.first, part.first + len(part.values))
        which, replicate = self.pairs(runs)
        stages: list[str | None] = [None] * len(runs)
        reasons: list[str | None] = [None] * len(runs)
        for row, stage, reason in part.failures:
            stages[row], reasons[row] = stage, reason
        flat = part.values.reshape(len(runs), -1)
        arrays = [
            pa.array(which), pa.array(replicate),
            pa.array(stages, pa.string()), pa.array(reasons, pa.string()),
            *(pa.array(np.ascontiguousarray(column)) for column in flat.T),
        ]  # fmt: skip
        return pa.table(arrays, names=list(self.columns))

    def part_of(self, chunk: int, table: pa.Table) -> Part:
        """The inverse of :meth:`table_of`."""
        values = np.stack([column.to_numpy() for column in table.columns[4:]], axis=1)
        stages, reasons = table["stage"].to_pylist(), table["reason"].to_pylist()
        failures = tuple(
            (row, stage, reasons[row]) for row, stage in enumerate(stages) if stage is not None
        )
        return Part(self.range(chunk).start, values.reshape(-1, *self.shape), failures)


# --- running -----------------------------------------------------------------------------------


def run_chunks(
    grid: Grid, chunks: Sequence[int], threads: int | None
) -> Generator[Part, None, None]:
    """Run some chunks, in their order.

    Should the engine raise, the runs of that chunk are made one by one, and each fails or not by
    itself.
    """
    step = max(1, _BLOCK_RUNS // grid.chunk)
    for first in range(0, len(chunks), step):
        left = list(chunks[first : first + step])
        while left:
            try:
                for part in _stream(grid, left, threads):
                    yield part
                    left.pop(0)
            except (InputError, EngineError):
                raise  # these would fail every run alike
            except Exception:
                yield _one_by_one(grid, left.pop(0))


def _stream(grid: Grid, chunks: Sequence[int], threads: int | None) -> Iterator[Part]:
    """Chunks from one stream of runs, so that no thread waits where one ends."""
    ranges = iter([grid.range(chunk) for chunk in chunks])
    runs = np.concatenate([np.asarray(grid.range(chunk), dtype=np.int64) for chunk in chunks])
    held: list[tuple[np.ndarray, list[tuple[int, str, str]]]] = []
    current = next(ranges)
    filled = 0
    for values, failures in _values(grid, runs, threads):
        start = 0
        while start < len(values):
            stop = min(len(values), start + len(current) - filled)
            rows = [(filled + r - start, *why) for r, *why in failures if start <= r < stop]
            held.append((values[start:stop], rows))  # type: ignore[arg-type]
            filled += stop - start
            start = stop
            if filled == len(current):
                yield Part(
                    current.start,
                    np.concatenate([piece for piece, _ in held]),
                    tuple(failure for _, piece in held for failure in piece),
                )
                held, filled, current = [], 0, next(ranges, range(0))


def _values(
    grid: Grid, runs: np.ndarray, threads: int | None
) -> Iterator[tuple[np.ndarray, list[tuple[int, str, str]]]]:
    """Values (runs, points, regions, outcomes) of some runs in a row, and (row, stage, reason)."""
    which, replicates = grid.pairs(runs)
    used, which = np.unique(which, return_inverse=True)
    sets = [grid.sets[int(index)] for index in used]
    places = [(*grid.scenario.region_names, "overall").index(name) for name in grid.regions]
    columns = [outcomes.INDEX[name] for name in grid.outcomes]
    for _, found in batch.summarised(
        grid.scenario, sets, which, replicates, grid.seed, grid.points, threads=threads
    ):
        values = found.values[:, :, places][..., columns]
        yield values, [(row, "record", reason) for row, reason in found.failures]


def _one_by_one(grid: Grid, chunk: int) -> Part:
    """A chunk run by run."""
    runs = grid.range(chunk)
    values = np.full((len(runs), *grid.shape), np.nan)
    failures: list[tuple[int, str, str]] = []
    for row, run in enumerate(runs):
        try:
            for found, failed in _values(grid, np.array([run]), threads=1):
                values[row] = found[0]
                failures += [(row, stage, reason) for _, stage, reason in failed]
        except (InputError, EngineError):
            raise
        except Exception as error:
            text = " ".join(str(error).split())
            name = type(error).__name__
            failures.append((row, "simulation", f"{name}: {text}" if text else name))
    return Part(runs.start, values, tuple(failures))


# --- which engine --------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """What made a store."""
    return {
        "codose": sys.modules["sim"].__version__,
        "python": platform.python_version(),
        "engine": source_hash(),
    }


def check_engine(store: Store, again: Callable[[int], pa.Table]) -> None:
    """Let another version of the model go on with a store only if it gives the same numbers.

    Its first part is made again; the key of a study says nothing of versions.

    Args:
        store: as it was opened.
        again: makes a chunk.

    Raises:
        ResultsError: the part is not the same.
    """
    if store.record.get("engine") == source_hash():
        return
    for chunk in store.present:
        if (stored := store.read_or_discard(chunk)) is None:
            continue
        if not same_tables(again(chunk), stored):
            made = store.record.get("codose", "unknown")
            raise _safe.refusal(
                store.folder,
                f"its runs were made by another version of the model (codose {made}), and this "
                "one gives other numbers",
                "that version; or --force, which deletes them",
            )
        break
    store.note(**versions())
