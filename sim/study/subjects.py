"""What a study asks: the model, or a test function in its place, behind one interface.

A subject takes points of the unit cube and returns outcomes of every replicate. It runs through the
resumable store when it is given a folder; a failed run is NaN and a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sim.errors import InputError, InterruptedRun
from sim.outcomes import INDEX, PERSISTENCE_WEEKS
from sim.parameters import Parameters
from sim.scenario import Scenario
from sim.study import runner, work
from sim.study.evaluate import evaluate_pairs
from sim.study.factors import Space, with_levers
from sim.study.functions import TestFunction
from sim.study.sensitivity_file import Sensitivity
from sim.study.store import Store
from sim.study.study_file import OutcomeSpec, week_label, week_number

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
    """

    values: np.ndarray
    failures: tuple[Failure, ...] = ()


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
    """The parameter sets of points, each made when it is asked for."""

    def __init__(self, base: Parameters, values: Mapping[str, Any], count: int) -> None:
        self.base, self.values, self.size = base, values, count

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(self.size))]
        if not -self.size <= place < self.size:
            raise IndexError(place)
        changes = {name: float(column[place]) for name, column in self.values.items()}
        return self.base.replace(beyond_range=True, **changes)


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
        weeks, names = self._weeks(self.scenario), self._names()
        found, failures = [], []
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
        return Runs(self._columns(found, self.scenario, weeks, names), tuple(failures))

    # --- levers or fresh luck: block by block ----------------------------------------------------

    def _blocks(self, unit: np.ndarray, first_point: int, tag: str, means: Means) -> Runs:
        if means.cluster is not None or means.shard is not None:
            what = "levers" if self.levers else "random_numbers: fresh"
            raise InputError(
                f"a study with {what} runs on this machine only; leave out --cluster and --shard"
            )
        size, labels = self.asked.header.replicates, len(self.labels)
        blocks = range(0, len(unit), BLOCK_POINTS)
        store = self._open(unit, first_point, tag, means)
        values = np.full((len(unit), size, labels), np.nan)
        failures: list[Failure] = []
        done = 0
        try:
            for number, first in enumerate(blocks):
                part = unit[first : first + BLOCK_POINTS]
                table = None
                if store is not None and number in store:
                    table = store.read_or_discard(number)
                if table is None:
                    block, lost = self._block(part, first_point + first, means.threads)
                    failures += [Failure(first + f.point, f.replicate, f.reason) for f in lost]
                    if store is not None:
                        store.write(number, _table(block, store.columns, lost))
                else:
                    block, lost = _untable(table, len(part), size, labels)
                    failures += [Failure(first + f.point, f.replicate, f.reason) for f in lost]
                values[first : first + len(part)] = block
                done += len(part) * size
                if means.progress is not None:
                    per = self.runs_per_replicate
                    means.progress(done * per, len(unit) * size * per)
        except KeyboardInterrupt:
            kept = "; what is done is kept, and the same command with --resume goes on"
            raise InterruptedRun(
                f"interrupted after {done:,} of {len(unit) * size:,} runs"
                f"{kept if store is not None else ''}",
                partial=None if store is None else store.folder,
            ) from None
        return Runs(values, tuple(failures))

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
            "engine": work.engine_hash(),
        }
        return Store.open(
            folder, key, columns, resume=means.resume, force=means.force,
            record={**work.versions(), "command": means.command}, notice=means.notice,
        )  # fmt: skip

    def _block(
        self, unit: np.ndarray, first_point: int, threads: int | None
    ) -> tuple[np.ndarray, list[Failure]]:
        """Some points: (points, replicates, labels)."""
        header, names = self.asked.header, self._names()
        size = header.replicates
        parameters, settings = self._parameters(unit), self._settings(unit)
        start = first_point * size if header.random_numbers == "fresh" else None
        values = np.full((len(unit), size, len(self.labels)), np.nan)
        failures: list[Failure] = []
        for setting, places in _together(settings):
            try:
                scenario = with_levers(self.scenario, dict(setting))
            except InputError as error:
                reason = error.problem.message
                failures += [Failure(p, r, reason) for p in places for r in range(size)]
                continue
            chosen = {name: np.asarray(column)[places] for name, column in parameters.items()}
            sets = PointSets(scenario.parameter_set(), chosen, len(places))[:]
            numbers = np.tile(np.arange(size), len(places))
            if start is not None:
                numbers = start + np.repeat(np.array(places) * size, size) + numbers
            weeks = self._weeks(scenario)
            arms = [scenario, scenario.without_ta()][: self.runs_per_replicate]
            found = [_overall(arm, sets, numbers, header.seed, weeks, names, threads, size)
                     for arm in arms]  # fmt: skip
            values[places] = self._columns(found, scenario, weeks, names)
        return values, failures

    # --- shared ----------------------------------------------------------------------------------

    def _parameters(self, unit: np.ndarray) -> dict[str, Any]:
        values = self.space.values(unit)
        return {f.name: values[f.name] for f in self.space.factors if f.kind == "parameter"}

    def _settings(self, unit: np.ndarray) -> list[tuple[tuple[str, Any], ...]]:
        """Levers of each point."""
        values = self.space.values(unit)
        return [tuple((name, values[name][p]) for name in self.levers) for p in range(len(unit))]

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label.spec.outcome for label in self.labels))

    def _weeks(self, scenario: Scenario) -> tuple[int, ...]:
        """Weeks to summarise at; those past the horizon are left out (their outcomes stay NaN)."""
        found = {week_number(week, scenario) for week in self.asked.header.weeks}
        if any(label.spec.form == "persistence" for label in self.labels):
            found |= {scenario.end_of_ta, scenario.end_of_ta + PERSISTENCE_WEEKS}
        return tuple(sorted(week for week in found if week <= scenario.horizon_weeks))

    def _columns(
        self, arms: Sequence[np.ndarray], scenario: Scenario, weeks: Sequence[int],
        names: Sequence[str],
    ) -> np.ndarray:  # fmt: skip
        """Labels from summaries (points, replicates, weeks, outcomes) of the arms."""
        end = scenario.end_of_ta

        def at(arm: int, week: int, name: str) -> np.ndarray:
            if week not in weeks:
                return np.full(arms[0].shape[:2], np.nan)
            return arms[arm][:, :, weeks.index(week), names.index(name)]

        columns = []
        by_label = {week_label(week): week for week in self.asked.header.weeks}
        for label in self.labels:
            name = label.spec.outcome
            if label.spec.form == "persistence":
                columns.append(at(0, end + PERSISTENCE_WEEKS, name) - at(0, end, name))
                continue
            week = week_number(by_label[label.week], scenario)
            value = at(0, week, name)
            columns.append(value - at(1, week, name) if label.spec.form == "effect" else value)
        return np.stack(columns, axis=-1)


def _overall(
    scenario: Scenario, sets: Sequence[Parameters], numbers: np.ndarray, seed: int,
    weeks: Sequence[int], names: Sequence[str], threads: int | None, replicates: int,
) -> np.ndarray:  # fmt: skip
    """Summaries of all regions together, (points, replicates, weeks, outcomes)."""
    which = np.repeat(np.arange(len(sets)), replicates)
    columns = [INDEX[name] for name in names]
    parts = [
        summary[:, :, -1, :][:, :, columns]
        for _, summary in evaluate_pairs(
            scenario, sets, which, numbers, seed, weeks, threads=threads
        )
    ]
    return np.concatenate(parts).reshape(len(sets), replicates, len(weeks), len(names))


def _together(
    settings: Sequence[tuple[tuple[str, Any], ...]],
) -> Iterator[tuple[tuple[tuple[str, Any], ...], list[int]]]:
    """Points of equal scenario, in the order of their first."""
    places: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for place, setting in enumerate(settings):
        places.setdefault(setting, []).append(place)
    yield from places.items()


def _folder(means: Means, tag: str, arm: int) -> Path | None:
    if means.store is None:
        return None
    return means.store / (f"{tag}-without-ta" if arm else tag)


def _table(block: np.ndarray, columns: tuple[str, ...], lost: Sequence[Failure]) -> Any:
    """Rows of a part: point by point, replicate by replicate."""
    import pyarrow as pa

    points, size, labels = block.shape
    rows = block.reshape(points * size, labels)
    reasons = [""] * len(rows)
    for failure in lost:
        reasons[failure.point * size + failure.replicate] = failure.reason
    data = [pa.array(rows[:, place]) for place in range(labels)]
    return pa.table([*data, pa.array(reasons)], names=list(columns))


def _untable(
    table: Any, points: int, size: int, labels: int
) -> tuple[np.ndarray, list[Failure]]:  # fmt: skip
    rows = np.column_stack([table.column(place).to_numpy() for place in range(labels)])
    reasons = table.column(labels).to_pylist()
    lost = [Failure(i // size, i % size, text) for i, text in enumerate(reasons) if text]
    return rows.reshape(points, size, labels), lost
