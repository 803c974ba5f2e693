"""From the records of runs to what is kept of them: summary values of each run, weekly bands."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from sim import outcomes
from sim._bands import Bands, WeekTable
from sim.ensemble import RunOutput, Stage
from sim.parameters import Parameters
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
    """Summary values of each run, in order of (set, replicate).

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
    """Takes in runs as they finish, in any order, and forgets their records.

    Records are worked on in batches of runs of one parameter set, which is much faster.
    """

    scenario: Scenario
    parameter_sets: Sequence[Parameters]
    runs_expected: int
    keep_runs: bool = False
    counterfactual: bool = True
    _keys: list[tuple[int, int]] = field(default_factory=list)
    _values: list[np.ndarray] = field(default_factory=list)
    _failures: list[FailedRun] = field(default_factory=list)
    _pending: list[RunOutput] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bands = Bands(
            self.scenario.horizon_weeks + 1,
            len(self.scenario.region_names) + 1,
            self.runs_expected,
            keep=self.keep_runs,
            arms=3 if self.counterfactual else 1,
        )
        record_bytes = 8 * len(outcomes.RECORD) * self.bands.shape[0] * (self.bands.shape[1] - 1)
        self._batch = min(BATCH_RUNS, max(1, BATCH_BYTES // record_bytes))

    def __len__(self) -> int:
        """Runs taken in, failed ones too."""
        return len(self._keys) + len(self._failures) + len(self._pending)

    def add(self, output: RunOutput) -> None:
        """Take in one run."""
        if output.failure is not None:
            failure = output.failure
            self._failures.append(
                FailedRun(output.set_index, output.replicate, failure.stage, failure.reason)
            )
            return
        if self._pending and self._pending[-1].set_index != output.set_index:
            self.flush()
        self._pending.append(output)
        if len(self._pending) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Work on what has been taken in since the last time."""
        if not self._pending:
            return
        with _uninterrupted():
            batch = self._pending
            threshold = self.parameter_sets[batch[0].set_index].integration_threshold
            records = [_stack([run.with_ta for run in batch])]
            if self.counterfactual:
                records.append(_stack([run.without_ta for run in batch]))
            costs = self.scenario.costs
            self.bands.add(*(outcomes.weekly(record, costs, threshold) for record in records))
            points = [self._at_points(record, threshold) for record in records]
            self._values.append(np.stack(points, axis=1))
            self._keys += [(run.set_index, run.replicate) for run in batch]
            self._pending = []

    def _at_points(self, records: np.ndarray, threshold: float) -> np.ndarray:
        """(run, point, place, outcome)."""
        weeks = summary_weeks(self.scenario)
        found = outcomes.at_points(
            records,
            range(self.scenario.horizon_weeks + 1),
            list(weeks.values()),
            self.scenario.costs,
            threshold,
        )
        values = {point: found[..., i, :, :] for i, point in enumerate(weeks)}
        if "year_after" in values:
            values["persistence"] = values["year_after"] - values["end_of_ta"]
        return np.stack(list(values.values()), axis=1)

    def finish(self) -> tuple[RunValues, WeekTable]:
        """Everything taken in so far, in order of (set, replicate)."""
        self.flush()
        points = point_names(self.scenario)
        failed_keys = [(one.set_index, one.replicate) for one in self._failures]
        keys = np.array(self._keys + failed_keys, dtype=np.int64).reshape(-1, 2)
        values = np.full((len(keys), 2, len(points), *self.bands.shape[1:]), np.nan)
        if self._values:
            arms = 2 if self.counterfactual else 1
            values[: len(self._keys), :arms] = np.concatenate(self._values)
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        run_values = RunValues(
            points=points,
            set_index=keys[order, 0],
            replicate=keys[order, 1],
            failed=order >= len(self._keys),
            with_ta=values[order, 0],
            without_ta=values[order, 1],
            failures=tuple(sorted(self._failures, key=lambda f: (f.set_index, f.replicate))),
        )
        return run_values, self.bands.table()

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
