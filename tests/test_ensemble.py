"""Many runs: order, partners without TA, failures as data, arguments checked beforehand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim import ensemble
from sim.ensemble import Failure, RunOutput, simulate, simulate_some
from sim.errors import InputError, ScenarioError
from sim.outcomes import COLUMN, RECORD
from sim.parameters import Parameters
from sim.scenario import Scenario

TINY = Scenario.from_dict(
    {
        "name": "tiny",
        "horizon_weeks": 8,
        "regions": {"candidates": 2, "count": 2, "staff": 3},
        "providers": {"count": 1},
        "dosage": [{"mode": "video", "every_weeks": 4, "hours": 1, "last_week": 5}],
    }
)


def blank(scenario: Scenario) -> np.ndarray:
    return np.zeros((scenario.horizon_weeks + 1, len(scenario.region_names), len(RECORD)))


def labelled(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    """A record that says in its first cells what it was made from."""
    record = blank(scenario)
    record[0, 0, :4] = scenario.has_ta, parameters.trust_step, seed, replicate
    return record


def labels(record: np.ndarray | None) -> list[float]:
    assert record is not None
    return record[0, 0, :4].tolist()


def test_every_set_has_every_replicate_and_a_partner_with_the_same_luck() -> None:
    sets = [Parameters(trust_step=0.2), Parameters(trust_step=0.4)]
    outputs = list(simulate(TINY, parameters=sets, replicates=3, seed=7, engine=labelled))
    order = [(run.set_index, run.replicate) for run in outputs]
    assert order == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    for run in outputs:
        step = sets[run.set_index].trust_step
        assert labels(run.with_ta) == [1.0, step, 7.0, run.replicate]
        assert labels(run.without_ta) == [0.0, step, 7.0, run.replicate]
        assert run.failure is None


def test_the_scenarios_own_parameters_are_the_default() -> None:
    scenario = TINY.replace(parameters={"trust_step": 0.25})
    (run,) = simulate(scenario, replicates=1, seed=1, engine=labelled)
    assert labels(run.with_ta)[1] == 0.25


def test_a_scenario_without_ta_is_its_own_partner() -> None:
    calls: list[bool] = []

    def counting(scenario: Scenario, *rest: Any) -> np.ndarray:
        calls.append(scenario.has_ta)
        return blank(scenario)

    (run,) = simulate(TINY.without_ta(), replicates=1, seed=1, engine=counting)
    assert run.without_ta is run.with_ta
    assert calls == [False]


def test_no_partner_is_run_unless_asked_for() -> None:
    (run,) = simulate(TINY, replicates=1, seed=1, engine=labelled, counterfactual=False)
    assert run.with_ta is not None
    assert run.without_ta is None
    assert run.failure is None


def test_chosen_runs_are_those_of_the_whole() -> None:
    sets = [Parameters(), Parameters(trust_step=0.4)]
    whole = list(simulate(TINY, parameters=sets, replicates=4, seed=3, engine=labelled))
    pairs = [(1, 2), (0, 3)]
    some = list(simulate_some(TINY, pairs, parameters=sets, seed=3, engine=labelled))
    assert [(run.set_index, run.replicate) for run in some] == pairs
    for run, place in zip(some, (6, 3), strict=True):
        assert run.with_ta is not None
        assert np.array_equal(run.with_ta, np.asarray(whole[place].with_ta))


@pytest.mark.parametrize(
    ("with_ta", "stage"), [(True, "with TA"), (False, "without TA")], ids=["run", "partner"]
)
def test_a_failing_run_is_a_row_and_the_rest_go_on(with_ta: bool, stage: str) -> None:
    def fails_once(
        scenario: Scenario, parameters: Parameters, seed: int, replicate: int
    ) -> np.ndarray:
        if replicate == 1 and scenario.has_ta is with_ta:
            raise ZeroDivisionError("float division\n  by zero")
        return blank(scenario)

    outputs = list(simulate(TINY, replicates=3, seed=1, engine=fails_once))
    assert [run.failure is None for run in outputs] == [True, False, True]
    assert outputs[1].failure == Failure(stage, "ZeroDivisionError: float division by zero")  # type: ignore[arg-type]
    assert (outputs[1].with_ta is None) is with_ta
    assert outputs[1].without_ta is None


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("trust", np.nan, "ValueError: the level trust of region_2 is nan in week 3"),
        ("open", np.inf, "ValueError: the level open of region_2 is inf in week 3"),
        ("staff_hours", np.nan, "ValueError: the flow staff_hours of region_2 is nan in week 3"),
    ],
)
def test_a_value_that_is_not_finite_is_a_failure(column: str, value: float, text: str) -> None:
    def bad(scenario: Scenario, *rest: Any) -> np.ndarray:
        record = blank(scenario)
        record[3, 1, COLUMN[column]] = value
        return record

    (run,) = simulate(TINY, replicates=1, seed=1, engine=bad)
    assert run.failure == Failure("with TA", text)


def test_a_record_of_another_shape_is_a_failure() -> None:
    (run,) = simulate(TINY, replicates=1, seed=1, engine=lambda *_: np.zeros((3, 2)))
    assert run.failure is not None
    assert run.failure.reason == (
        f"ValueError: the record has shape (3, 2), expected (9, 2, {len(RECORD)})"
    )


def test_a_mistake_in_the_scenario_is_no_failed_run() -> None:
    def refuses(*_: Any) -> np.ndarray:
        raise ScenarioError("the team file is gone")

    with pytest.raises(ScenarioError, match="the team file is gone"):
        list(simulate(TINY, replicates=2, seed=1, engine=refuses))


def test_what_was_finished_before_ctrl_c_was_handed_over() -> None:
    def stops(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
        if replicate == 2:
            raise KeyboardInterrupt
        return blank(scenario)

    taken: list[RunOutput] = []
    runs = simulate(TINY, replicates=9, seed=1, engine=stops)
    taken += [next(runs), next(runs)]
    with pytest.raises(KeyboardInterrupt):
        next(runs)
    assert len(taken) == 2


def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    sets = [Parameters(), Parameters()]
    list(
        simulate(
            TINY,
            parameters=sets,
            replicates=2,
            seed=1,
            engine=labelled,
            progress=lambda done, total: seen.append((done, total)),
        )
    )
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replicates": 0}, "replicates: 0 is out of range; allowed: 1..4294967296 (2**32)"),
        (
            {"replicates": 2**32 + 1},
            "replicates: 4294967297 is out of range; allowed: 1..4294967296 (2**32)",
        ),
        (
            {"replicates": 2.5},
            "replicates: 2.5 is not a whole number; allowed: 1..4294967296 (2**32)",
        ),
        (
            {"replicates": True},
            "replicates: True is not a whole number; allowed: 1..4294967296 (2**32)",
        ),
        ({"seed": -1}, "seed: -1 is out of range; allowed: 0..9223372036854775807 (2**63 - 1)"),
        (
            {"seed": "one"},
            "seed: 'one' is not a whole number; allowed: 0..9223372036854775807 (2**63 - 1)",
        ),
        ({"parameters": []}, "parameters: no set is given; allowed: 1 or more sets"),
        (
            {"parameters": [Parameters(), 3]},
            "parameters[1]: 3 is not a parameter set; allowed: sim.parameters.Parameters",
        ),
        (
            {"engine": "mesaa"},
            "engine: 'mesaa' is not an engine; allowed: auto, mesa, compiled; did you mean 'mesa'?",
        ),
    ],
)
def test_arguments_are_checked_before_the_first_run(
    arguments: dict[str, Any], message: str
) -> None:
    good: dict[str, Any] = {"replicates": 1, "seed": 1, "engine": labelled}
    with pytest.raises(InputError) as caught:
        simulate(TINY, **(good | arguments))  # no run is asked for yet
    assert str(caught.value) == message


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    assert ensemble.check_replicates(np.int64(5)) == 5
    assert ensemble.check_seed(np.uint64(2**63 - 1)) == 2**63 - 1
    assert type(ensemble.check_seed(np.int32(3))) is int


def test_auto_takes_the_compiled_engine_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "fast_engine.py").write_text("def simulate(*_):\n    return 'fast'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(ensemble.ENGINES, "compiled", "fast_engine")
    name, engine = ensemble.choose_engine("auto")
    assert name == "compiled"
    assert engine(TINY, Parameters(), 1, 0) == "fast"


def test_without_the_compiled_engine_auto_is_mesa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ensemble.ENGINES, "compiled", "sim.not_there")
    assert ensemble.choose_engine("auto")[0] == "mesa"
    with pytest.raises(InputError) as caught:
        ensemble.choose_engine("compiled")
    assert str(caught.value) == (
        "engine: the engine 'compiled' is not part of this installation; allowed: auto, mesa"
    )


class Threads:
    """Stands in for ``sim.batch.run_all``: chunks of two, failing after some runs."""

    def __init__(self, works_for: int = 10**9) -> None:
        self.works_for = works_for
        self.made = 0

    def run_all(
        self,
        scenario: Scenario,
        sets: Sequence[Parameters],
        which: np.ndarray,
        replicates: np.ndarray,
        seed: int,
        *,
        threads: int | None,
    ) -> Iterator[SimpleNamespace]:
        assert threads == 3
        for first in range(0, len(which), 2):
            if first >= self.works_for:
                raise MemoryError("no more")
            part = range(first, min(first + 2, len(which)))
            made = [labelled(scenario, sets[which[i]], seed, int(replicates[i])) for i in part]
            self.made += len(made)
            yield SimpleNamespace(first=first, records=np.stack(made))


@pytest.fixture
def single_runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, int]]:
    """A stand-in for the compiled engine; lists the (has_ta, replicate) of its single runs."""
    calls: list[tuple[bool, int]] = []

    def single(s: Scenario, p: Parameters, seed: int, replicate: int) -> np.ndarray:
        calls.append((s.has_ta, replicate))
        if replicate == 4:
            raise RuntimeError("this one")
        return labelled(s, p, seed, replicate)

    monkeypatch.setattr(ensemble, "_engine", lambda name: single)
    return calls


@pytest.mark.parametrize("block", [3, 4096])
@pytest.mark.parametrize("scenario", [TINY, TINY.without_ta()], ids=["with", "without"])
def test_threads_make_the_same_runs(
    monkeypatch: pytest.MonkeyPatch,
    single_runs: list[tuple[bool, int]],
    scenario: Scenario,
    block: int,
) -> None:
    threads = Threads()
    monkeypatch.setattr("sim.batch.run_all", threads.run_all)
    monkeypatch.setattr(ensemble, "BLOCK_RUNS", block)
    sets = [Parameters(trust_step=0.2), Parameters(trust_step=0.4)]
    same = {"parameters": sets, "replicates": 7, "seed": 2}
    one_by_one = list(simulate(scenario, engine=labelled, **same))
    together = list(simulate(scenario, engine="compiled", threads=3, **same))
    assert len(together) == len(one_by_one) == 14
    for one, other in zip(one_by_one, together, strict=True):
        assert (one.set_index, one.replicate) == (other.set_index, other.replicate)
        assert labels(one.with_ta) == labels(other.with_ta)
        assert labels(one.without_ta) == labels(other.without_ta)
    assert single_runs == []
    assert threads.made == 14 * (2 if scenario.has_ta else 1)


def test_when_threads_fail_each_run_is_tried_by_itself(
    monkeypatch: pytest.MonkeyPatch, single_runs: list[tuple[bool, int]]
) -> None:
    monkeypatch.setattr("sim.batch.run_all", Threads(works_for=2).run_all)
    outputs = list(simulate(TINY, replicates=6, seed=2, engine="compiled", threads=3))
    assert [run.failure is None for run in outputs] == [True, True, True, True, False, True]
    assert outputs[4].failure == Failure("with TA", "RuntimeError: this one")
    assert labels(outputs[5].with_ta) == [1.0, Parameters().trust_step, 2.0, 5.0]
    assert labels(outputs[5].without_ta)[0] == 0.0
    assert single_runs[0] == (True, 2)


def test_a_run_of_the_model_is_the_engines_record() -> None:
    from sim.model import simulate as mesa

    (run,) = simulate_some(TINY, [(0, 4)], seed=5, engine="mesa")
    assert run.with_ta is not None
    assert run.without_ta is not None
    assert np.array_equal(run.with_ta, mesa(TINY, TINY.parameter_set(), 5, 4))
    assert np.array_equal(run.without_ta, mesa(TINY.without_ta(), TINY.parameter_set(), 5, 4))


def test_importing_it_loads_nothing_heavy(repo: Path) -> None:
    heavy = ("mesa", "pandas", "pyarrow", "numba", "networkx", "matplotlib")
    code = f"import sys, sim.ensemble; print(*(n for n in {heavy} if n in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == ""
