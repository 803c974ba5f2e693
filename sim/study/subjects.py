"""What a study asks: the model, or a test function in its place, behind one interface.

A subject takes points of the unit cube and returns outcomes of every replicate. It runs through the
resumable store when it is given a folder; a failed run is NaN and a reason.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sim.errors import InterruptedRun
from sim.parameters import Parameters
from sim.scenario import Scenario
from sim.study import runner, work
from sim.study.chunks import check_shard, of_shard
from sim.study.factors import Space
from sim.study.functions import TestFunction
from sim.study.lever_points import (
    Block,
    Column,
    Found,
    Setting,
    columns_of,
    names_of,
    run_block,
    weeks_of,
)
from sim.study.sensitivity_file import Sensitivity
from sim.study.store import Clock, Store
from sim.study.study_file import OutcomeSpec, week_label

BLOCK_POINTS = 64
"""Points of one part of the store, where points have scenarios or luck of their own."""
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Label:
    """One column of outcomes: which, and when."""

    spec: OutcomeSpec
    week: str

    @property
    def outcome(self) -> str:
        """As the study file writes it."""
        return self.spec.label


@dataclass(frozen=True)
class Failure:
    """A run without a value: its point and replicate, both from 0, and why."""

    point: int
    replicate: int
    reason: str


@dataclass(frozen=True, eq=False)
class Runs:
    """Outcomes of some points.

    Attributes:
        values: float64 (points, replicates, labels), NaN where a run has no value.
        failures: the runs that failed (an outcome that is empty is NaN and no failure).
        store_seconds: wall time of keeping parts and reading them back, during which the threads
            of the engine may have gone on.
    """

    values: np.ndarray
    failures: tuple[Failure, ...] = ()
    store_seconds: float = 0.0


@dataclass(frozen=True)
class Means:
    """How to run: where to keep what is done, and who is told.

    ``store`` is a folder, or None. ``cluster`` is the address of a Dask scheduler, ``shard`` is
    (i, n). ``progress`` is called with (done, total) runs, ``notice`` with sentences.
    """

    store: Path | None = None
    resume: bool = False
    force: bool = False
    cluster: str | None = None
    shard: tuple[int, int] | None = None
    threads: int | None = None
    command: str = ""
    progress: Progress | None = field(default=None, compare=False)
    notice: Callable[[str], object] | None = field(default=None, compare=False)


class Subject(Protocol):
    """What a study asks."""

    @property
    def labels(self) -> tuple[Label, ...]: ...

    @property
    def runs_per_replicate(self) -> int: ...

    def run(self, unit: np.ndarray, first_point: int, tag: str, means: Means) -> Runs:
        """Outcomes at (points, factors) of the unit cube.

        ``first_point`` numbers the first of them (fresh luck depends on it), ``tag`` names this
        part of the study in the store.
        """
        ...


def subject_of(asked: Sensitivity) -> Subject:
    """The model or function that a study asks."""
    if asked.function is not None:
        return FunctionSubject(asked, asked.function)
    return ModelSubject(asked)


# --- functions ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FunctionSubject:
    """A test function, with normal luck added when the study asks for noise."""

    asked: Sensitivity
    function: TestFunction

    @property
    def labels(self) -> tuple[Label, ...]:
        """Its outcomes; there are no weeks."""
        return tuple(Label(OutcomeSpec(name), "") for name in self.asked.header.outcomes)

    @property
    def runs_per_replicate(self) -> int:
        """One call of the function."""
        return 1

    def run(self, unit: np.ndarray, first_point: int, tag: str, means: Means) -> Runs:
        """See :class:`Subject`. Fast enough to need no store, cluster or shard."""
        header = self.asked.header
        values = self.asked.space.values(unit)
        x = np.column_stack([np.asarray(values[name], float) for name in self.function.inputs])
        columns = [self.function.outcomes.index(name) for name in header.outcomes]
        y = self.function.of(x)[:, columns]
        if not self.asked.stochastic:
            return Runs(y[:, None, :])
        size = header.replicates
        sd = float(np.sqrt((self.asked.study.function or {})["noise"]))
        rng = np.random.default_rng([header.seed, 0x10CC])
        if header.random_numbers == "common":
            luck = np.broadcast_to(rng.standard_normal(size), (len(y), size))
        else:
            numbers = rng.standard_normal((first_point + len(y)) * size)
            luck = numbers[first_point * size :].reshape(len(y), size)
        return Runs(y[:, None, :] + sd * luck[:, :, None])


# --- the model ------------------------------------------------------------------------------------


class PointSets(Sequence[Parameters]):
    """The parameter sets of points, each made when it is first asked for."""

    def __init__(self, base: Parameters, values: Mapping[str, Any], count: int) -> None:
        self.base, self.values, self.size = base, values, count
        self._made: dict[int, Parameters] = {}

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(self.size))]
        if not -self.size <= place < self.size:
            raise IndexError(place)
        if place not in self._made:
            changes = {name: float(column[place]) for name, column in self.values.items()}
            self._made[place] = self.base.replace(beyond_range=True, **changes)
        return self._made[place]


@dataclass(frozen=True, eq=False)
class ModelSubject:
    """The compiled model. Levers give a point a scenario of its own."""

    asked: Sensitivity

    @property
    def scenario(self) -> Scenario:
        """The scenario before any lever is moved."""
        return self.asked.study.scenario

    @property
    def space(self) -> Space:
        """The factors."""
        return self.asked.space

    @property
    def labels(self) -> tuple[Label, ...]:
        """Outcomes by week; persistence has one column, of the year after the end of TA."""
        found = []
        for spec in self.asked.study.outcomes:
            if spec.form == "persistence":
                found.append(Label(spec, "year_after"))
                continue
            found += [Label(spec, week_label(week)) for week in self.asked.header.weeks]
        return tuple(found)

    @property
    def runs_per_replicate(self) -> int:
        """2 when effects against no TA are asked for."""
        return self.asked.arms

    @property
    def levers(self) -> tuple[str, ...]:
        """Names of the factors that are levers."""
        return tuple(f.name for f in self.space.factors if f.kind == "lever")

    def run(self, unit: np.ndarray, first_point: int, tag: str, means: Means) -> Runs:
        """See :class:`Subject`."""
        if not self.levers and self.asked.header.random_numbers == "common":
            return self._grid(unit, tag, means)
        return self._blocks(unit, first_point, tag, means)

    # --- one scenario, common luck: the grid of sim.study.runner ---------------------------------

    def _grid(self, unit: np.ndarray, tag: str, means: Means) -> Runs:
        header = self.asked.header
        sets = PointSets(self.scenario.parameter_set(), self._parameters(unit), len(unit))
        columns = self._asked_columns
        weeks, names = weeks_of(columns, self.scenario), names_of(columns)
        found, failures, stored = [], [], 0.0
        for arm in range(self.runs_per_replicate):
            scenario = self.scenario.without_ta() if arm else self.scenario

            def tell(done: int, total: int, arm: int = arm) -> None:
                if means.progress is not None:
                    means.progress(arm * total + done, total * self.runs_per_replicate)

            done = runner.run_study(
                scenario, sets, header.replicates, header.seed, weeks,
                outcomes=names, store=_folder(means, tag, arm), resume=means.resume,
                force=means.force, cluster=means.cluster, shard=means.shard,
                threads=means.threads, command=means.command, progress=tell, notice=means.notice,
            )  # fmt: skip
            found.append(done.values[:, :, :, 0, :])
            failures += [Failure(f.set_index, f.replicate, f.reason) for f in done.failures]
            stored += done.store_seconds
        values = columns_of(found, columns, self.scenario, weeks, names)
        return Runs(values, tuple(failures), stored)

    # --- levers or fresh luck: block by block ----------------------------------------------------

    def _blocks(self, unit: np.ndarray, first_point: int, tag: str, means: Means) -> Runs:
        size, labels = self.asked.header.replicates, len(self.labels)
        store = self._open(unit, first_point, tag, means)
        values = np.full((len(unit), size, labels), np.nan)
        failures: list[Failure] = []
        clock = Clock()
        wanted = [
            number for number in range(-(-len(unit) // BLOCK_POINTS))
            if of_shard(number, means.shard)
        ]  # fmt: skip
        done, total = 0, sum(len(_part(unit, number)) for number in wanted)
        per = size * self.runs_per_replicate
        try:
            with contextlib.closing(
                self._found(wanted, unit, first_point, store, means, clock)
            ) as found:  # fmt: skip
                for number, (block, lost) in found:
                    first = number * BLOCK_POINTS
                    values[first : first + len(block)] = block
                    failures += [Failure(first + p, r, reason) for p, r, reason in lost]
                    done += len(block)
                    if means.progress is not None:
                        means.progress(done * per, total * per)
        except KeyboardInterrupt:
            kept = "; what is done is kept, and the same command with --resume goes on"
            raise InterruptedRun(
                f"interrupted after {done * per:,} of {total * per:,} runs"
                f"{kept if store is not None else ''}",
                partial=None if store is None else store.folder,
            ) from None
        failures.sort(key=lambda one: (one.point, one.replicate))
        return Runs(values, tuple(failures), clock.spent)

    def _found(
        self, wanted: Sequence[int], unit: np.ndarray, first_point: int, store: Store | None,
        means: Means, clock: Clock,
    ) -> Generator[tuple[int, Found], None, None]:  # fmt: skip
        """Blocks by number: those of the store, then the others, each stored before it comes."""
        size, labels = self.asked.header.replicates, len(self.labels)
        missing = []
        for number in wanted:
            table = None
            if store is not None and number in store:
                with clock:
                    table = store.read_or_discard(number)
            if table is None:
                missing.append(number)
            else:
                yield number, _untable(table, len(_part(unit, number)), size, labels)
        if not missing:
            return
        blocks = (
            self._block(_part(unit, number), first_point + number * BLOCK_POINTS)
            for number in missing
        )
        if means.cluster is None:
            fresh = (
                (number, run_block(self.scenario, block, means.threads))
                for number, block in zip(missing, blocks, strict=True)
            )
        else:
            from sim.study import cluster

            fresh = cluster.run_blocks(
                self.scenario, zip(missing, blocks, strict=True), means.cluster, means.notice
            )
        with contextlib.closing(fresh):
            for number, found in fresh:
                if store is not None:
                    with clock:
                        store.write(number, _table(found, store.columns))
                yield number, found

    def _block(self, unit: np.ndarray, first_point: int) -> Block:
        header = self.asked.header
        own = header.random_numbers == "fresh"
        return Block(
            {name: np.asarray(column) for name, column in self._parameters(unit).items()},
            self._settings(unit),
            header.replicates,
            first_point * header.replicates if own else None,
            header.seed,
            self._asked_columns,
            self.runs_per_replicate,
        )

    def _open(self, unit: np.ndarray, first_point: int, tag: str, means: Means) -> Store | None:
        folder = _folder(means, tag, 0)
        if folder is None:
            return None
        header = self.asked.header
        columns = (*(f"c{place:03d}" for place in range(len(self.labels))), "reason")
        key = {
            "runs": len(unit) * header.replicates,
            "chunk": BLOCK_POINTS * header.replicates,
            "scenario": self.scenario.digest(),
            "factors": [[f.name, f.distribution.text] for f in self.space.factors],
            "labels": [[label.outcome, label.week] for label in self.labels],
            "points": hashlib.sha256(np.ascontiguousarray(unit).tobytes()).hexdigest(),
            "first_point": first_point,
            "replicates": header.replicates,
            "seed": header.seed,
            "random_numbers": header.random_numbers,
            "engine": work.source_hash(),
        }
        record: dict[str, Any] = {**work.versions(), "command": means.command}
        if means.shard is not None:
            record["shard"] = list(check_shard(means.shard))
        return Store.open(
            folder, key, columns, resume=means.resume, force=means.force, record=record,
            notice=means.notice,
        )  # fmt: skip

    # --- shared ----------------------------------------------------------------------------------

    @cached_property
    def _asked_columns(self) -> tuple[Column, ...]:
        by_label = {week_label(week): week for week in self.asked.header.weeks}
        return tuple(
            Column(label.spec.outcome, label.spec.form, by_label.get(label.week, label.week))
            for label in self.labels
        )

    def _parameters(self, unit: np.ndarray) -> dict[str, Any]:
        values = self.space.values(unit)
        return {f.name: values[f.name] for f in self.space.factors if f.kind == "parameter"}

    def _settings(self, unit: np.ndarray) -> list[Setting]:
        """Levers of each point."""
        values = self.space.values(unit)
        return [tuple((name, values[name][p]) for name in self.levers) for p in range(len(unit))]


def _part(unit: np.ndarray, number: int) -> np.ndarray:
    """The points of a block."""
    return unit[number * BLOCK_POINTS : (number + 1) * BLOCK_POINTS]


def _folder(means: Means, tag: str, arm: int) -> Path | None:
    if means.store is None:
        return None
    return means.store / (f"{tag}-without-ta" if arm else tag)


def _table(found: Found, columns: tuple[str, ...]) -> Any:
    """Rows of a part: point by point, replicate by replicate."""
    import pyarrow as pa

    block, lost = found
    points, size, labels = block.shape
    rows = block.reshape(points * size, labels)
    reasons = [""] * len(rows)
    for point, replicate, reason in lost:
        reasons[point * size + replicate] = reason
    data = [pa.array(rows[:, place]) for place in range(labels)]
    return pa.table([*data, pa.array(reasons)], names=list(columns))


def _untable(table: Any, points: int, size: int, labels: int) -> Found:
    rows = np.column_stack([table.column(place).to_numpy() for place in range(labels)])
    reasons = table.column(labels).to_pylist()
    lost = [(i // size, i % size, text) for i, text in enumerate(reasons) if text]
    return rows.reshape(points, size, labels), lost
