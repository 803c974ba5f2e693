"""Many runs of a study: on threads, on a cluster, in shards, and again after a crash.

The grid (parameter set x replicate) is cut into chunks (:mod:`sim.study.chunks`). Whoever runs a
chunk, and when, changes nothing: a run is a pure function of (scenario, parameters, seed,
replicate), and the answer is put together in the order of the grid. A failed run is data: NaN in
the values, and a row in ``failures``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sim import outcomes as outcome_table
from sim.ensemble import check_replicates, check_seed, check_whole
from sim.errors import InputError, InterruptedRun, Problem, did_you_mean
from sim.parameters import Parameters
from sim.scenario import Scenario
from sim.study import work
from sim.study.chunks import Shard, check_shard, of_shard
from sim.study.moments import Moments
from sim.study.store import Clock, Notice, Store
from sim.study.work import FailedRun, Grid, Part

__all__ = ["FailedRun", "StudyMoments", "StudyRuns", "run_study", "summarise_study"]

Progress = Callable[[int, int], object]
"""``progress(done, total)`` is called as runs are done; stored ones count."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyRuns:
    """Every run of a study, summarised at some weeks.

    Attributes:
        values: float64 (sets, replicates, points, regions, outcomes). NaN where an outcome is empty
            (nothing happened that it could measure), the run failed, or it is not done.
        points: the week of each point.
        regions: names; the regions' mean or sum is "overall".
        outcomes: names.
        done: bool (sets, replicates): what has been run, failed or not. All True but for a shard.
        failures: the failed runs, in order of (set, replicate).
        store_seconds: wall time of keeping parts and reading them back; the threads of the engine
            go on meanwhile.
    """

    values: np.ndarray
    points: tuple[int, ...]
    regions: tuple[str, ...]
    outcomes: tuple[str, ...]
    done: np.ndarray
    failures: tuple[FailedRun, ...] = ()
    store_seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every run is done."""
        return bool(self.done.all())

    @property
    def failed(self) -> np.ndarray:
        """bool (sets, replicates)."""
        lost = np.zeros_like(self.done)
        for one in self.failures:
            lost[one.set_index, one.replicate] = True
        return lost

    def of(self, outcome: str, point: int = 0, region: str = "overall") -> np.ndarray:
        """One outcome at one point (its place in ``points``), (sets, replicates)."""
        return self.values[:, :, point, self.regions.index(region), self.outcomes.index(outcome)]

    def digest(self) -> str:
        """SHA-256 (hex) of everything that was found, in order; no container, no time."""
        return _digest(self, (self.values, self.done))


@dataclass(frozen=True, slots=True, eq=False)
class StudyMoments:
    """Mean and variance over the replicates of each set.

    Attributes:
        count: int64 (sets, points, regions, outcomes): replicates with a value.
        mean: float64, the same shape; NaN where there is none.
        variance: of one replicate (n - 1), the same shape; NaN below two values. The variance of
            the mean is ``variance / count``.
        points, regions, outcomes, failures: as in :class:`StudyRuns`.
    """

    count: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    points: tuple[int, ...]
    regions: tuple[str, ...]
    outcomes: tuple[str, ...]
    failures: tuple[FailedRun, ...] = ()

    def of(self, outcome: str, point: int = 0, region: str = "overall") -> np.ndarray:
        """The mean of one outcome at one point, (sets,)."""
        return self.mean[:, point, self.regions.index(region), self.outcomes.index(outcome)]

    def digest(self) -> str:
        """SHA-256 (hex) of everything that was found, in order."""
        return _digest(self, (self.count, self.mean, self.variance))


def _digest(found: StudyRuns | StudyMoments, arrays: Sequence[np.ndarray]) -> str:
    names = [found.points, found.regions, found.outcomes, [str(array.shape) for array in arrays]]
    lost = [(one.set_index, one.replicate, one.stage, one.reason) for one in found.failures]
    digest = hashlib.sha256(json.dumps([names, lost]).encode())
    for array in arrays:
        plain = np.ascontiguousarray(array)
        if plain.dtype.kind == "f":
            plain = np.where(np.isnan(plain), np.nan, plain)  # one NaN, whatever its bits
        digest.update(plain.tobytes())
    return digest.hexdigest()


def run_study(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    seed: int,
    points: Sequence[int],
    *,
    outcomes: Sequence[str] | None = None,
    regions: Sequence[str] = ("overall",),
    first_replicate: int = 0,
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
    cluster: str | None = None,
    shard: Shard | None = None,
    threads: int | None = None,
    command: str = "",
    progress: Progress | None = None,
    notice: Notice | None = None,
) -> StudyRuns:
    """Run every parameter set in every replicate; the same bytes whichever way it is done.

    Args:
        scenario: what to run.
        sets: parameter sets. Only indexed and sliced: a lazy sequence does too.
        replicates: of each set. The same replicate has the same luck in every set.
        seed: 0..2**63 - 1.
        points: weeks 0..horizon at which outcomes are summarised.
        outcomes: names; left out: all.
        regions: names of regions, or "overall".
        first_replicate: number of the first replicate; another range is fresh luck.
        store: a folder that keeps what is done, chunk by chunk; see :mod:`sim.study.store`.
        resume: go on from what the folder holds.
        force: delete what the folder holds of whatever study.
        cluster: address of a Dask scheduler, ``tcp://host:port``.
        shard: ``(i, n)``: only every n-th chunk, from the i-th (from 1) on; needs a store.
        threads: on this machine; see :func:`sim.batch.thread_count`.
        command: what the user typed, kept in the store.
        progress: ``progress(done, total)``.
        notice: told what the user should know and what is no error; left out: a warning.

    Raises:
        InputError: an argument cannot be used, the cluster does not answer (within 10 s), or the
            store cannot be used or written. Finished parts are kept.
        InterruptedRun: Ctrl-C. Finished parts are kept; ``partial`` is the folder, or None.
    """
    grid = make_grid(
        scenario, sets, replicates, seed, points,
        outcomes=outcomes, regions=regions, first_replicate=first_replicate,
    )  # fmt: skip
    job = _Job(
        grid,
        _open_store(grid, store, resume, force, shard, command, notice),
        cluster,
        None if shard is None else check_shard(shard),
        threads,
        progress,
        notice,
    )
    values = np.full((grid.runs, *grid.shape), np.nan)
    done = np.zeros(grid.runs, dtype=bool)
    failures: list[FailedRun] = []

    def take(part: Part) -> None:
        where = slice(part.first, part.first + len(part.values))
        values[where] = part.values
        done[where] = True
        failures.extend(grid.failed_runs(part))

    job.run(take)
    cells = (len(grid.sets), grid.replicates)
    return StudyRuns(
        values.reshape(*cells, *grid.shape),
        grid.points,
        grid.regions,
        grid.outcomes,
        done.reshape(cells),
        _in_order(failures),
        job.clock.spent,
    )


def summarise_study(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    seed: int,
    points: Sequence[int],
    *,
    outcomes: Sequence[str] | None = None,
    regions: Sequence[str] = ("overall",),
    first_replicate: int = 0,
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    force: bool = False,
    cluster: str | None = None,
    threads: int | None = None,
    command: str = "",
    progress: Progress | None = None,
    notice: Notice | None = None,
) -> StudyMoments:
    """Like :func:`run_study`, but only the mean and variance over the replicates of each set.

    Runs are forgotten chunk by chunk, so memory depends on the number of sets alone. Chunks are
    joined in their order, so that the bits are the same whichever finished first.

    Raises:
        InputError, InterruptedRun: as :func:`run_study`.
    """
    grid = make_grid(
        scenario, sets, replicates, seed, points,
        outcomes=outcomes, regions=regions, first_replicate=first_replicate,
    )  # fmt: skip
    opened = _open_store(grid, store, resume, force, None, command, notice)
    job = _Job(grid, opened, cluster, None, threads, progress, notice)
    moments = Moments(grid)
    job.run(moments.add)
    return StudyMoments(
        *moments.finish(), grid.points, grid.regions, grid.outcomes, _in_order(moments.failures)
    )


def make_grid(
    scenario: Scenario,
    sets: Sequence[Parameters],
    replicates: int,
    seed: int,
    points: Sequence[int],
    *,
    outcomes: Sequence[str] | None = None,
    regions: Sequence[str] = ("overall",),
    first_replicate: int = 0,
) -> Grid:
    """The checked grid of a study.

    Raises:
        InputError: an argument cannot be used; before the first run.
    """
    count = check_replicates(replicates)
    last = 2**32 - count
    start = check_whole("first_replicate", first_replicate, 0, last, f"0..{last}")
    names = outcome_table.NAMES if outcomes is None else tuple(outcomes)
    for name in names:
        outcome_table.check_outcome(name)
    places = (*scenario.region_names, "overall")
    for region in regions:
        if region not in places:
            raise InputError(
                Problem(
                    f"{region!r} is not a region of this scenario",
                    field="regions",
                    value=region,
                    allowed=", ".join(places),
                    suggestion=did_you_mean(region, places),
                )
            )
    horizon = scenario.horizon_weeks
    weeks = tuple(check_whole("points", week, 0, horizon, f"0..{horizon}") for week in points)
    for name, chosen in (("outcomes", names), ("regions", regions), ("points", weeks)):
        if not chosen or len(set(chosen)) < len(chosen):
            raise InputError(Problem("is empty, or names one twice", field=name, value=chosen))
    if not len(sets):
        raise InputError(Problem("no set is given", field="sets", allowed="1 or more sets"))
    return Grid(
        scenario, sets, count, check_seed(seed), weeks, names, tuple(regions), first_replicate=start
    )


def _open_store(
    grid: Grid,
    folder: str | os.PathLike[str] | None,
    resume: bool,
    force: bool,
    shard: Shard | None,
    command: str,
    notice: Notice | None,
) -> Store | None:
    if folder is None:
        if shard is not None:
            raise InputError(
                Problem("a shard needs a folder for its runs", field="shard", allowed="--out DIR")
            )
        return None
    record: dict[str, Any] = {**work.versions(), "command": command}
    if shard is not None:
        record["shard"] = list(check_shard(shard))
    store = Store.open(
        folder, grid.key(), grid.columns, resume=resume, force=force, record=record, notice=notice
    )

    def again(chunk: int) -> pa.Table:
        (part,) = work.run_chunks(grid, [chunk], None)
        return grid.table_of(part)

    work.check_engine(store, again)
    return store


def _in_order(failures: list[FailedRun]) -> tuple[FailedRun, ...]:
    return tuple(sorted(failures, key=lambda one: (one.set_index, one.replicate)))


@dataclass(eq=False)
class _Job:
    """Chunks from the store, this machine, or a cluster."""

    grid: Grid
    store: Store | None
    cluster: str | None
    shard: Shard | None
    threads: int | None
    progress: Progress | None
    notice: Notice | None
    clock: Clock = field(default_factory=Clock)

    def run(self, take: Callable[[Part], None]) -> None:
        """Hand out every part of the study (or shard), each once and stored before.

        The stored ones come first; without a cluster the others come in order.
        """
        wanted = [c for c in range(self.grid.chunks) if of_shard(c, self.shard)]
        total = sum(len(self.grid.range(chunk)) for chunk in wanted)
        done = 0
        try:
            self._tell(0, total)
            with contextlib.closing(self._all(wanted)) as parts:
                for part in parts:
                    take(part)
                    done += len(part.values)
                    self._tell(done, total)
        except KeyboardInterrupt:
            raise self._interrupted(done, total) from None

    def _all(self, wanted: Sequence[int]) -> Generator[Part, None, None]:
        missing = []
        for chunk in wanted:
            table = None
            if self.store is not None and chunk in self.store:
                with self.clock:
                    table = self.store.read_or_discard(chunk)
            if table is None:
                missing.append(chunk)
            else:
                yield self.grid.part_of(chunk, table)
        if not missing:
            return
        if self.cluster is None:
            fresh = work.run_chunks(self.grid, missing, self.threads)
        else:
            from sim.study import cluster

            fresh = cluster.run_chunks(self.grid, missing, self.cluster, self.notice)
        with contextlib.closing(fresh):
            for part in fresh:
                if self.store is not None:
                    with self.clock:
                        self.store.write(part.first // self.grid.chunk, self.grid.table_of(part))
                yield part

    def _tell(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)

    def _interrupted(self, done: int, total: int) -> InterruptedRun:
        message = f"interrupted after {done:,} of {total:,} runs"
        if self.store is None:
            return InterruptedRun(f"{message}; none were kept (a store keeps them)")
        folder = self.store.folder
        return InterruptedRun(
            f"{message}; they are kept in {folder}, and the same command with --resume goes on",
            partial=Path(folder),
        )
