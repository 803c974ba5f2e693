"""``gather`` and ``Collector``: runs are made, and what is kept of them is collected.

Of each run the outcomes at the points of a summary are kept (:class:`RunValues`), and over all runs
weekly means and quantiles (:mod:`sim.runs.bands`); records are summarised where they are made.
"""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from sim import batch, outcomes
from sim.engine.reduction import Reduction, Summaries
from sim.ensemble import (
    STAGES,
    Engine,
    Progress,
    RunOutput,
    Stage,
    choose_engine,
    run_one,
    simulate_some,
)
from sim.errors import EngineError, InputError
from sim.parameters import Parameters
from sim.runs.bands import Bands, WeekTable
from sim.scenario import Scenario

OVERALL = "overall"
BATCH_RUNS = 64
BATCH_BYTES = 2**22  # larger ones leave the processor's cache


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run without values, and why."""

    set_index: int
    replicate: int
    stage: Stage
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class RunValues:
    """Summary values of each run, in order of (set, replicate); read-only.

    Attributes:
        points: names of the points in time: start, end_of_ta, year_after and persistence (if the
            horizon reaches that far), horizon.
        set_index, replicate: int64 (run,).
        failed: bool (run,).
        with_ta, without_ta: float64 (run, point, place, outcome); a place is a region or "overall",
            which comes last. NaN where the run failed or nothing happened.
        failures: the failed runs.
    """

    points: tuple[str, ...]
    set_index: np.ndarray
    replicate: np.ndarray
    failed: np.ndarray
    with_ta: np.ndarray
    without_ta: np.ndarray
    failures: tuple[FailedRun, ...]

    def __post_init__(self) -> None:
        for array in (self.set_index, self.replicate, self.failed, self.with_ta, self.without_ta):
            array.setflags(write=False)

    @property
    def effect(self) -> np.ndarray:
        """With TA minus without, in the shape of both."""
        return self.with_ta - self.without_ta


def place_names(scenario: Scenario) -> tuple[str, ...]:
    """Names of the regions, and "overall"."""
    return (*scenario.region_names, OVERALL)


def summary_weeks(scenario: Scenario) -> dict[str, int]:
    """The week of each point, in the order of time. Those of a partner without TA are the same."""
    weeks = outcomes.points(scenario)
    order = ("start", "end_of_ta", "year_after", "horizon")
    return {point: weeks[point] for point in order if point in weeks}


def point_names(scenario: Scenario) -> tuple[str, ...]:
    """The points of a summary: those of :func:`summary_weeks`, and persistence if there is one."""
    names = tuple(summary_weeks(scenario))
    return (*names, "persistence") if "year_after" in names else names


@dataclass(eq=False)
class Collector:
    """Takes in runs as they finish, in any order and from any thread, and forgets their records.

    Attributes:
        scenario, parameter_sets: what is run.
        runs_expected: how many will come; decides whether weekly quantiles are exact.
        keep_runs: keep the weekly values of every run.
        counterfactual: whether runs come with partners without TA.
        weekly: whether weekly means and quantiles are wanted.
    """

    scenario: Scenario
    parameter_sets: Sequence[Parameters]
    runs_expected: int
    keep_runs: bool = False
    counterfactual: bool = True
    weekly: bool = True
    _keys: list[tuple[int, int]] = field(default_factory=list)
    _values: list[np.ndarray] = field(default_factory=list)
    _failures: list[FailedRun] = field(default_factory=list)
    _pending: list[RunOutput] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.weekly = self.weekly or self.keep_runs
        # Whether weeks are wanted or not, sums run over every week: the same bits.
        self.reduction = Reduction.of(
            self.scenario,
            self.parameter_sets,
            tuple(summary_weeks(self.scenario).values()),
            every_week=True,
            weekly=self.weekly,
        )
        self.bands = Bands(
            self.scenario.horizon_weeks + 1,
            len(self.scenario.region_names) + 1,
            self.runs_expected,
            keep=self.keep_runs or not self.weekly,
            arms=3 if self.counterfactual else 1,
        )
        record_bytes = 8 * len(outcomes.RECORD) * self.bands.shape[0] * (self.bands.shape[1] - 1)
        self._batch = min(BATCH_RUNS, max(1, BATCH_BYTES // record_bytes))

    def __len__(self) -> int:
        """Runs taken in, failed ones too."""
        return len(self._keys) + len(self._failures) + len(self._pending)

    def add(self, output: RunOutput) -> None:
        """Take in one run (of one thread: others use :meth:`take`)."""
        self._pending.append(output)
        if len(self._pending) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Work on what was added since the last time."""
        with _uninterrupted():
            self.take_outputs(self._pending)
            self._pending = []

    def take_outputs(self, outputs: Sequence[RunOutput]) -> None:
        """Take in runs that have their records, or failed."""
        lost = [
            FailedRun(one.set_index, one.replicate, one.failure.stage, one.failure.reason)
            for one in outputs
            if one.failure is not None
        ]
        well = [one for one in outputs if one.failure is None]
        if not well:
            self._take([], [], lost, ())
            return
        which = np.array([one.set_index for one in well], dtype=np.int64)
        arms = [self.reduction(_stack([one.with_ta for one in well]), which)]
        if self.counterfactual:
            arms.append(self.reduction(_stack([one.without_ta for one in well]), which))
        self.take(which, np.array([one.replicate for one in well]), arms, lost)

    def take(
        self,
        which: np.ndarray,
        replicates: np.ndarray,
        arms: Sequence[Summaries],
        lost: Sequence[FailedRun] = (),
    ) -> None:
        """Take in summaries of runs; from any thread.

        Args:
            which, replicates: int64 (run,).
            arms: with TA, and without (the same object where the scenario has none).
            lost: other runs, that failed.
        """
        failed: dict[int, FailedRun] = {}
        for stage, arm in zip(STAGES, arms, strict=False):
            for row, reason in arm.failures:
                key = int(which[row]), int(replicates[row])
                failed.setdefault(row, FailedRun(*key, stage, f"ValueError: {reason}"))
        keys = list(zip(which.tolist(), replicates.tolist(), strict=True))
        values = np.stack([arm.values for arm in arms], axis=1)
        weekly = [arm.weekly for arm in arms if arm.weekly is not None]
        if failed:
            well = np.array([row not in failed for row in range(len(keys))])
            keys = [key for key, there in zip(keys, well, strict=True) if there]
            values, weekly = values[well], [one[well] for one in weekly]
        self._take(keys, [values], [*lost, *failed.values()], weekly)

    def _take(
        self,
        keys: Sequence[tuple[int, int]],
        values: Sequence[np.ndarray],
        failures: Sequence[FailedRun],
        weekly: Sequence[np.ndarray],
    ) -> None:
        with _uninterrupted():
            with self._lock:
                self._keys += keys
                self._values += values
                self._failures += failures
                if weekly and self.bands.exact:  # in the order of the keys
                    self.bands.add(*weekly)
            if weekly and not self.bands.exact:
                self.bands.add(*weekly)

    def finish(self, threads: int | None = None) -> tuple[RunValues, WeekTable | None]:
        """Everything taken in so far, in order of (set, replicate); no table where no weeks were
        wanted."""
        self.flush()
        failed_keys = [(one.set_index, one.replicate) for one in self._failures]
        keys = np.array(self._keys + failed_keys, dtype=np.int64).reshape(-1, 2)
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        values = self._all_values(order)
        run_values = RunValues(
            points=point_names(self.scenario),
            set_index=keys[order, 0],
            replicate=keys[order, 1],
            failed=order >= len(self._keys),
            with_ta=values[0],
            without_ta=values[1],
            failures=tuple(sorted(self._failures, key=lambda f: (f.set_index, f.replicate))),
        )
        return run_values, self.bands.table(threads) if self.weekly else None

    def _all_values(self, order: np.ndarray) -> np.ndarray:
        """(arm, run, point, place, outcome), persistence among the points; NaN of failed runs."""
        weeks = list(summary_weeks(self.scenario))
        points = len(point_names(self.scenario))
        values = np.full((2, len(order), points, *self.bands.shape[1:]), np.nan)
        where = np.empty_like(order)
        where[order] = np.arange(len(order))
        first = 0
        for batch_of_runs in self._values:
            rows = where[first : first + len(batch_of_runs)]
            first += len(batch_of_runs)
            for arm in range(batch_of_runs.shape[1]):
                values[arm, rows, : len(weeks)] = batch_of_runs[:, arm]
        if "year_after" in weeks:
            later, end = weeks.index("year_after"), weeks.index("end_of_ta")
            np.subtract(values[:, :, later], values[:, :, end], out=values[:, :, -1])
        return values

    def state(self) -> dict[str, np.ndarray]:
        """Everything taken in so far, as arrays, for :meth:`add_state`."""
        self.flush()
        lost = [[f.set_index, f.replicate, f.stage, f.reason] for f in self._failures]
        state = {
            "keys": np.array(self._keys, dtype=np.int64).reshape(-1, 2),
            "failures": np.frombuffer(json.dumps(lost).encode(), dtype=np.uint8),
            **self.bands.state(),
        }
        if self._values:
            state["values"] = np.concatenate(self._values)
        return state

    def add_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take in what another collector of the same study has taken in (``runs_expected`` and all
        else being the same); in any order."""
        self.flush()
        self._failures += [
            FailedRun(*lost) for lost in json.loads(state["failures"].tobytes().decode())
        ]
        self.bands.add_state(state)
        if "values" in state:
            self._keys += [(int(s), int(r)) for s, r in state["keys"]]
            self._values.append(state["values"])

    def trajectories(self) -> tuple[np.ndarray, np.ndarray]:
        """Keys (run, 2) and weekly values (run, arm, week, place, outcome) of the runs kept."""
        self.flush()
        arms = zip(*self.bands.kept, strict=True)
        keys = np.array(self._keys, dtype=np.int64).reshape(-1, 2)
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        values = [np.concatenate(arm) for arm in arms]
        if not values:
            return keys, np.empty((0, 1, *self.bands.shape))
        return keys[order], np.stack(values, axis=1)[order]


def gather(
    collector: Collector,
    pairs: Sequence[tuple[int, int]],
    *,
    seed: int,
    engine: str | Engine,
    threads: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Make the runs of some (set, replicate) pairs, and let a collector take them in.

    The compiled engine's runs are summarised in the threads that make them. Interrupted, the
    collector has taken in what was finished.

    Args:
        collector: for the scenario and the sets.
        pairs: which runs.
        seed, engine, threads, progress: as of :func:`sim.ensemble.simulate`.

    Raises:
        InputError: an argument that cannot be used; or the scenario is one that no run can be
            made of.
    """
    scenario = collector.scenario
    arms = 1 + collector.counterfactual
    staff_weeks = sum(scenario.staff_counts) * scenario.horizon_weeks * len(pairs) * arms
    if choose_engine(engine, staff_weeks)[0] == "compiled" and not callable(engine):
        _gather_compiled(collector, pairs, seed, threads, progress)
        return
    for output in simulate_some(
        collector.scenario,
        pairs,
        parameters=collector.parameter_sets,
        seed=seed,
        engine=engine,
        counterfactual=collector.counterfactual,
        progress=progress,
    ):
        collector.add(output)
    collector.flush()


def _gather_compiled(
    collector: Collector,
    pairs: Sequence[tuple[int, int]],
    seed: int,
    threads: int | None,
    progress: Progress | None,
) -> None:
    scenario, sets = collector.scenario, collector.parameter_sets
    partner = scenario.without_ta() if collector.counterfactual else None
    which, replicates = np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy()
    arms = [scenario, partner] if partner is not None and scenario.has_ta else [scenario]
    runs = [batch.Batch(one, sets, which, replicates, seed) for one in arms]

    def work(part: slice) -> None:
        try:
            found = [collector.reduction(one.records(part), which[part]) for one in runs]
        except (InputError, EngineError):
            raise
        except Exception:  # one by one: each fails or not by itself
            single = choose_engine("compiled")[1]
            collector.take_outputs(
                [run_one(single, scenario, partner, sets[s], seed, s, r) for s, r in pairs[part]]
            )
            return
        both = partner is not None and len(found) == 1  # without TA a run is its own partner
        collector.take(which[part], replicates[part], found * 2 if both else found)

    if progress is not None:
        progress(0, len(pairs))
    chunks = batch.in_chunks(work, len(pairs), runs[0].chunk(threads), threads)
    with contextlib.closing(chunks):  # whatever stops us, no thread is left that takes runs in
        for part, _ in chunks:
            if progress is not None:
                progress(part.stop, len(pairs))


def _stack(records: Sequence[np.ndarray | None]) -> np.ndarray:
    """(run, week, region, column)."""
    return np.stack([record for record in records if record is not None])


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C waiting, so that a batch counts as a whole or not at all."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals only reach the main thread
        return
    waiting: list[tuple[int, FrameType | None]] = []
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield  # ignored, or the system's own: nothing would be raised
        return
    signal.signal(signal.SIGINT, lambda number, frame: waiting.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting:
            before(*waiting[-1])
