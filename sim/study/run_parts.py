"""``codose run`` in parts: resumed after a crash, on a cluster, or in shards that are joined later.

A chunk of replicates leaves behind the state of a :class:`sim.runs.gather.Collector`: arrays whose
sums and counts do not depend on the order in which they are joined. So the results are the same,
byte for byte, as those of :func:`sim.results.run`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sim.ensemble import check_replicates, check_seed, choose_engine
from sim.errors import InterruptedRun
from sim.outcomes import RECORD
from sim.parameters import NAMES, Parameters
from sim.results import Runs
from sim.runs.bands import EXACT_RUNS
from sim.runs.gather import Collector, gather
from sim.scenario import Scenario
from sim.study import work
from sim.study.chunks import WORK, Shard, check_shard, of_shard, staff_weeks
from sim.study.store import MANIFEST, Notice, Store

COLUMNS = ("name", "type", "shape", "data")
"""A part is a table of arrays."""
Progress = Callable[[int, int], object]

_EXACT_PARTS = 64
_COUNTED_PARTS = 16
"""Beyond EXACT_RUNS a part holds histograms, whose size hardly depends on its number of runs."""
_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Plan:
    """Replicates of one scenario with one parameter set, each with its partner without TA."""

    scenario: Scenario
    parameters: Parameters
    replicates: int
    seed: int
    engine: str
    keep_runs: bool = False

    @property
    def chunk(self) -> int:
        """Replicates in a chunk."""
        by_work = max(1, WORK // (2 * staff_weeks(self.scenario)))
        if not self.keep_runs and self.replicates > EXACT_RUNS:
            return max(1, min(4 * by_work, -(-self.replicates // _COUNTED_PARTS)))
        weeks, places = self.scenario.horizon_weeks + 1, len(self.scenario.region_names) + 1
        by_memory = max(1, _BYTES // (16 * weeks * places * len(RECORD)))
        return max(1, min(by_work, by_memory, -(-self.replicates // _EXACT_PARTS)))

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.replicates // self.chunk)

    def range(self, chunk: int) -> range:
        """The replicates of a chunk."""
        return range(chunk * self.chunk, min((chunk + 1) * self.chunk, self.replicates))

    def key(self) -> dict[str, Any]:
        """What makes the study this one; see :class:`sim.study.store.Store`."""
        digest = hashlib.sha256("\n".join(NAMES).encode())
        digest.update(self.parameters.vector().tobytes())
        return {
            "kind": "run",
            "scenario": self.scenario.digest(),
            "parameter values": digest.hexdigest(),
            "replicates": self.replicates,
            "seed": self.seed,
            "engine": self.engine,
            "keep_runs": self.keep_runs,
            "runs": self.replicates,
            "chunk": self.chunk,
        }

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain values, for :meth:`from_dict`."""
        return {
            "scenario": self.scenario.to_dict(),
            "parameters": self.parameters.changed(),
            "replicates": self.replicates,
            "seed": self.seed,
            "engine": self.engine,
            "keep_runs": self.keep_runs,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Plan:
        """The inverse of :meth:`as_dict`."""
        scenario = Scenario.from_dict(plain["scenario"])
        parameters = Parameters(plain["parameters"], beyond_range=True)
        return cls(**{**plain, "scenario": scenario, "parameters": parameters})

    def collector(self) -> Collector:
        """An empty collector for some or all of the runs."""
        return Collector(self.scenario, [self.parameters], self.replicates, self.keep_runs)

    def run(self, chunk: int, threads: int | None) -> pa.Table:
        """Run a chunk."""
        collector = self.collector()
        pairs = [(0, replicate) for replicate in self.range(chunk)]
        gather(collector, pairs, seed=self.seed, engine=self.engine, threads=threads)
        return table_of(collector.state())


def table_of(arrays: dict[str, np.ndarray]) -> pa.Table:
    """Arrays as a table, a row an array."""
    plain = [np.ascontiguousarray(array) for array in arrays.values()]
    columns = (
        pa.array(list(arrays)),
        pa.array([array.dtype.str for array in plain]),
        pa.array([list(array.shape) for array in plain], pa.list_(pa.int64())),
        pa.array([array.tobytes() for array in plain], pa.large_binary()),
    )
    return pa.table(columns, names=list(COLUMNS))


def arrays_of(table: pa.Table) -> dict[str, np.ndarray]:
    """The inverse of :func:`table_of`."""
    names, types, shapes = (table[name].to_pylist() for name in COLUMNS[:3])
    return {
        name: np.frombuffer(table["data"][row].as_buffer(), dtype=types[row]).reshape(shapes[row])
        for row, name in enumerate(names)
    }


# --- running -------------------------------------------------------------------------------------


def run_in_parts(
    scenario: Scenario,
    *,
    parameters: Parameters,
    replicates: int,
    seed: int,
    engine: str = "auto",
    keep_runs: bool = False,
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
    cluster: str | None = None,
    shard: Shard | None = None,
    threads: int | None = None,
    command: str = "",
    progress: Progress | None = None,
    notice: Notice | None = None,
) -> Runs | None:
    """Like :func:`sim.results.run` for one parameter set, part by part.

    Args:
        store, resume, force, cluster, shard, threads, command, progress, notice: as in
            :func:`sim.study.runner.run_study`.

    Returns:
        The runs; None for a shard, whose parts are in the store.

    Raises:
        InputError, InterruptedRun: as :func:`sim.study.runner.run_study`.
    """
    plan = Plan(
        scenario, parameters, check_replicates(replicates), check_seed(seed),
        choose_engine(engine)[0], keep_runs,
    )  # fmt: skip
    opened = None
    if store is not None:
        record: dict[str, Any] = {**work.versions(), "command": command, "plan": plan.as_dict()}
        if shard is not None:
            record["shard"] = list(check_shard(shard))
        opened = Store.open(
            store, plan.key(), COLUMNS, resume=resume, force=force, record=record, notice=notice
        )
        work.check_engine(opened, lambda chunk: plan.run(chunk, threads))
    wanted = [chunk for chunk in range(plan.chunks) if of_shard(chunk, shard)]
    started, clock = datetime.now(UTC), time.perf_counter()
    total = sum(len(plan.range(chunk)) for chunk in wanted)
    collector = plan.collector()
    done = 0
    try:
        if progress is not None:
            progress(0, total)
        tables = _tables(plan, wanted, opened, cluster, threads, notice)
        with contextlib.closing(tables):
            for chunk, table in tables:
                if shard is None:
                    collector.add_state(arrays_of(table))
                done += len(plan.range(chunk))
                if progress is not None:
                    progress(done, total)
    except KeyboardInterrupt:
        raise _interrupted(opened, done, total) from None
    if shard is not None:
        return None
    return _runs(plan, collector, started, time.perf_counter() - clock)


def _interrupted(store: Store | None, done: int, total: int) -> InterruptedRun:
    message = f"interrupted after {done:,} of {total:,} runs"
    if store is None:
        return InterruptedRun(f"{message}; none were kept (with --resume they are)")
    return InterruptedRun(
        f"{message}; they are kept in {store.folder}, and the same command with --resume goes on",
        partial=store.folder,
    )


def _tables(
    plan: Plan,
    wanted: Sequence[int],
    store: Store | None,
    cluster: str | None,
    threads: int | None,
    notice: Notice | None,
) -> Generator[tuple[int, pa.Table], None, None]:
    """Stored parts first, then the others as they are done, each stored before it is given."""
    missing = []
    for chunk in wanted:
        table = store.read_or_discard(chunk) if store is not None and chunk in store else None
        if table is None:
            missing.append(chunk)
        else:
            yield chunk, table
    fresh = (
        ((chunk, plan.run(chunk, threads)) for chunk in missing)
        if cluster is None or not missing
        else _on_cluster(plan, missing, cluster, notice)
    )
    with contextlib.closing(fresh):
        for chunk, table in fresh:
            if store is not None:
                store.write(chunk, table)
            yield chunk, table


def _runs(plan: Plan, collector: Collector, started: datetime, seconds: float) -> Runs:
    return Runs.of_collector(
        collector,
        seed=plan.seed,
        replicates=plan.replicates,
        engine=plan.engine,
        started=started,
        seconds=seconds,
    )


def _on_cluster(
    plan: Plan, chunks: Sequence[int], address: str, notice: Notice | None
) -> Generator[tuple[int, pa.Table], None, None]:
    from sim.study import cluster

    text = json.dumps(plan.as_dict())
    size = max(1, WORK // (4 * staff_weeks(plan.scenario) * plan.chunk))  # half a second
    groups = [list(chunks[first : first + size]) for first in range(0, len(chunks), size)]
    tasks = [(work.source_hash(), text, group) for group in groups]
    with cluster.connect(address) as client:
        for answer in cluster.as_they_come(client, _run_task, tasks, notice):
            yield from answer


def _run_task(task: tuple[str, str, list[int]]) -> list[tuple[int, pa.Table]]:
    """On a worker."""
    from sim.study import cluster

    engine, text, group = task
    cluster.check_worker(engine)
    plan = _plan_of(text)
    return [(chunk, plan.run(chunk, 1)) for chunk in group]


@lru_cache(maxsize=8)
def _plan_of(text: str) -> Plan:
    """The plan of a task; kept, as the arrays of its scenario are (:mod:`sim.compiled`)."""
    return Plan.from_dict(json.loads(text))


def joined(store: Store) -> Runs:
    """The runs of a store of this kind that has all its parts.

    Raises:
        DamagedPart: a part is not as it was written.
    """
    plan = Plan.from_dict(dict(store.record["plan"]))
    started, clock = datetime.now(UTC), time.perf_counter()
    collector = plan.collector()
    for chunk in store.present:
        collector.add_state(arrays_of(store.read(chunk)))
    return _runs(plan, collector, started, time.perf_counter() - clock)


def parts_beside(folder: Path) -> Path:
    """Where ``codose run --resume --out FOLDER`` keeps its parts until the results are there."""
    return folder.with_name(f"{folder.name}.parts")


def forget_parts(folder: Path) -> None:
    """Delete the parts beside a result folder that is complete."""
    parts = parts_beside(folder)
    if (parts / MANIFEST).is_file():
        shutil.rmtree(parts, ignore_errors=True)
