"""Runs of a plan: order, partners without TA, and failures as data, with engines of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sim.core.errors import InputError, ScenarioError
from sim.core.outcomes import COLUMN, RECORD
from sim.core.parameters import Parameters
from sim.engine import batch
from sim.runs.collect import Collector, Gathering, Made, Rows
from sim.runs.execute import Execution, execute
from sim.runs.plan import Job, RunPlan, common, fresh, independent
from sim.scenario.scenario import Scenario

TINY = Scenario.from_dict(
    {
        "name": "tiny",
        "horizon_weeks": 8,
        "regions": {"candidates": 2, "count": 2, "staff": 3},
        "providers": {"count": 1},
        "dosage": [{"mode": "video", "every_weeks": 4, "hours": 1, "last_week": 5}],
    }
)


@dataclass(frozen=True)
class Records(Collector[Any]):
    """A collector of one's own: whole records of every run, with TA and without."""

    def key(self) -> dict[str, Any]:
        return {"kept": "records"}

    def run_bytes(self, job: Job) -> int:
        return 8

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> dict:
        return {"records": np.stack(records, axis=1)}

    def state(self, plan: RunPlan, pieces: Iterable[Rows]) -> dict[str, np.ndarray]:
        return {"records": np.concatenate([rows.arrays["records"] for rows in pieces])}

    def empty(self, plan: RunPlan) -> Kept:
        return Kept(self, plan)


class Kept(Gathering[Any]):
    """What Records has taken in; of plans of one job."""

    def __init__(self, kept: Records, plan: RunPlan) -> None:
        super().__init__(kept, plan)
        self.found: list[tuple[int, np.ndarray]] = []

    def join(self, runs: range, state: Any) -> None:
        self.found.append((runs.start, state["records"]))

    def result(self, made: Made) -> tuple[Made, np.ndarray]:
        self.found.sort(key=lambda one: one[0])
        return made, np.concatenate([records for _, records in self.found])


def blank(scenario: Scenario) -> np.ndarray:
    return np.zeros((scenario.horizon_weeks + 1, len(scenario.region_names), len(RECORD)))


def labelled(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    """A record that says in its first cells what it was made from."""
    record = blank(scenario)
    record[0, 0, :4] = scenario.has_ta, parameters.trust_step, seed, replicate
    return record


def ran(job: Job, engine: Any, seed: int = 1, **how: Any) -> tuple[Made, np.ndarray]:
    return execute(RunPlan((job,), seed, engine), Execution(**how), Records())


def paired(count: int = 1, scenario: Scenario = TINY, **more: Any) -> Job:
    return common(scenario, [scenario.parameter_set()], count, [8], counterfactual=True, **more)


def test_every_set_has_every_replicate_and_a_partner_with_the_same_chance() -> None:
    sets = [Parameters(trust_step=0.2), Parameters(trust_step=0.4)]
    _, records = ran(common(TINY, sets, 3, [8], counterfactual=True), labelled, 7)
    assert records[:, 0, 0, 0, :4].tolist() == [
        [1.0, step, 7.0, replicate] for step in (0.2, 0.4) for replicate in range(3)
    ]
    assert records[:, 1, 0, 0, :4].tolist() == [
        [0.0, step, 7.0, replicate] for step in (0.2, 0.4) for replicate in range(3)
    ]


def test_designs_say_which_replicates_a_set_takes() -> None:
    sets = [Parameters(), Parameters(), Parameters()]

    def of(job: Job) -> list[list[int]]:
        assert job.which.tolist() == [0, 0, 1, 1, 2, 2]
        return job.replicate.reshape(3, 2).tolist()

    assert of(independent(TINY, sets, 2, [8])) == [[0, 1], [2, 3], [4, 5]]
    assert of(common(TINY, sets, 2, [8], first=5)) == [[5, 6], [5, 6], [5, 6]]
    assert of(fresh(TINY, sets, 2, [8], [7, 3, 0])) == [[14, 15], [6, 7], [0, 1]]


def test_a_scenario_without_ta_is_its_own_partner() -> None:
    calls: list[bool] = []

    def counting(scenario: Scenario, *rest: Any) -> np.ndarray:
        calls.append(scenario.has_ta)
        return blank(scenario)

    ran(paired(scenario=TINY.without_ta()), counting)
    assert calls == [False]


def test_no_partner_is_run_unless_asked_for() -> None:
    _, records = ran(common(TINY, [Parameters()], 1, [8]), labelled)
    assert records.shape[1] == 1


@pytest.mark.parametrize(
    ("with_ta", "stage"), [(True, "with TA"), (False, "without TA")], ids=["run", "partner"]
)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_failing_run_is_a_row_and_the_rest_go_on(with_ta: bool, stage: str, threads: int) -> None:
    def fails_once(
        scenario: Scenario, parameters: Parameters, seed: int, replicate: int
    ) -> np.ndarray:
        if replicate == 1 and scenario.has_ta is with_ta:
            raise ZeroDivisionError("float division\n  by zero")
        return blank(scenario)

    made, records = ran(paired(3), fails_once, threads=threads)
    (lost,) = made.failures
    assert (lost.set_index, lost.replicate, lost.stage) == (0, 1, stage)
    assert lost.reason == "ZeroDivisionError: float division by zero"
    assert np.isnan(records).all(axis=(1, 2, 3, 4)).tolist() == [False, True, False]
    assert made.count(0) == (2, 3)


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("trust", np.nan, "ValueError: the level trust of region_2 is nan in week 3"),
        ("open", np.inf, "ValueError: the level open of region_2 is inf in week 3"),
        ("staff_hours", np.nan, "ValueError: the flow staff_hours of region_2 is nan in week 3"),
    ],
)
def test_a_value_that_is_not_finite_is_a_failure(
    column: str, value: float, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(scenario: Scenario, *rest: Any) -> np.ndarray:
        record = blank(scenario)
        record[3, 1, COLUMN[column]] = value
        return record

    made, _ = ran(paired(), bad)
    assert (made.failures[0].stage, made.failures[0].reason) == ("with TA", text)
    monkeypatch.setattr(batch, "run_here", lambda *words, **more: bad(TINY)[None])
    made, _ = ran(paired(), "compiled")
    assert (made.failures[0].stage, made.failures[0].reason) == ("with TA", text)


def test_a_record_of_another_shape_is_a_failure() -> None:
    made, _ = ran(paired(), lambda *_: np.zeros((3, 2)))
    assert made.failures[0].reason == (
        f"ValueError: the record has shape (3, 2), expected (9, 2, {len(RECORD)})"
    )


def test_a_mistake_in_the_scenario_is_no_failed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any, **__: Any) -> np.ndarray:
        raise ScenarioError("the team file is gone")

    with pytest.raises(ScenarioError, match="the team file is gone"):
        ran(paired(2), refuses)
    monkeypatch.setattr(batch, "run_here", refuses)
    with pytest.raises(ScenarioError, match="the team file is gone"):
        ran(paired(2), "compiled")


def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    sets = [Parameters(), Parameters()]
    job = common(TINY, sets, 2, [8])
    ran(job, labelled, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("size", [1, 3, 256])
@pytest.mark.parametrize("scenario", [TINY, TINY.without_ta()], ids=["with", "without"])
def test_runs_made_together_are_those_made_one_by_one(
    monkeypatch: pytest.MonkeyPatch, scenario: Scenario, size: int
) -> None:
    monkeypatch.setattr(batch, "_MOST_RUNS", size)
    sets = [Parameters(trust_step=0.2), Parameters(trust_step=0.4)]
    job = common(scenario, sets, 7, [8], counterfactual=True)
    _, by_mesa = ran(job, "mesa")
    _, together = ran(job, "compiled", threads=3)
    np.testing.assert_array_equal(together, by_mesa)


def test_when_runs_together_fail_each_is_tried_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch.run_here
    calls: list[list[int]] = []

    def run_here(scenario: Any, matrix: Any, which: Any, replicates: Any, *words: Any, **more: Any):
        calls.append(replicates.tolist())
        if 4 in replicates:
            raise RuntimeError("this one")
        return real(scenario, matrix, which, replicates, *words, **more)

    monkeypatch.setattr(batch, "run_here", run_here)
    made, records = ran(paired(6), "compiled", threads=1)
    assert [(f.replicate, f.reason) for f in made.failures] == [(4, "RuntimeError: this one")]
    assert np.isnan(records).all(axis=(1, 2, 3, 4)).tolist() == [i == 4 for i in range(6)]
    assert [0, 1, 2, 3, 4, 5] in calls
    assert [5] in calls


def test_an_engine_of_ones_own_stays_on_this_machine() -> None:
    class Elsewhere:
        def map(self, function: Any, tasks: Any) -> Any:
            return map(function, tasks)

    with pytest.raises(
        InputError, match="a function cannot be sent to other processes or machines"
    ):
        ran(paired(), labelled, executor=Elsewhere())
