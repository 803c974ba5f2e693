"""One rule for runs that fail, in every study: a row with its reason, left out, counted, said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sim import run
from sim.core.errors import InputError
from sim.engine import batch
from sim.runs.execute import Execution
from sim.scenario.scenario import Scenario
from sim.stats.intervals import share
from sim.studies.ask import Runner, ask
from sim.studies.compare import compare
from sim.studies.kind import StudyKind
from sim.studies.plan.values import Evaluator, Sample, met
from sim.studies.plausible import plausible_sets
from sim.studies.surface import surface

SMALL = Scenario.shipped("classroom")
SETS, REPLICATES = 5, 2
LOST = 3
"""The replicate whose record is not finite: of set 1, as set s takes 2 s and 2 s + 1."""


@pytest.fixture
def faulty() -> Iterator[None]:
    """Replicate 3 with TA has a level that is no number."""
    real = batch.run_here

    def run_here(scenario: Any, matrix: Any, which: Any, replicates: Any, *words: Any, **more: Any):
        records = real(scenario, matrix, which, replicates, *words, **more)
        if scenario.has_ta:
            records[replicates == LOST, -1, 0, 0] = np.nan
        return records

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "run_here", run_here)
        yield


def test_an_answer_of_failed_runs_alone_is_refused() -> None:
    """From Python as from a command."""

    def spoilt(made: Any) -> float:
        return made.foo

    with pytest.raises(InputError, match=r"every run failed, the first .*AttributeError.*foo"):
        run("classroom", replicates=2, fixed=True, outcomes={"x": spoilt})


REASON = "ValueError: the level trust of region_1 is nan in week 78"


def test_run(faulty: None) -> None:
    runs = run(SMALL, sets=SETS, replicates=REPLICATES, seed=1)
    (lost,) = runs.failures
    assert (lost.set_index, lost.replicate, lost.stage, lost.reason) == (1, LOST, "with TA", REASON)
    table = runs.summary()
    assert set(table["runs"]) == {10}
    assert set(table["failed"]) == {1}
    assert set(table.query("outcome == 'trust'")["n"]) == {9}


def test_compare(faulty: None) -> None:
    found = compare(SMALL, SMALL.replace(name="b"), sets=SETS, replicates=REPLICATES, seed=1)
    lost = found.table("failures")
    assert set(zip(lost["set_index"], lost["replicate"], strict=True)) == {(1, LOST)}
    assert set(lost["reason"]) == {REASON}
    for name in ("differences", "regions", "levels", "verdicts", "costs"):
        table = found.table(name)
        assert set(table["n"]) == {9}
        assert set(table["runs"]) == {10}
        assert found.tables[name].note.endswith("The table rests on 18 of 20 runs.")
    assert (found.table("differences")["mean"] == 0).all()
    assert "9 of 10 runs" in found.answer.text


def test_surface(faulty: None) -> None:
    found = surface(
        SMALL, every_weeks=(4, 8), hours=(1, 2), sets=SETS, replicates=REPLICATES, seed=1,
        targets={"trust": 0.01},
    )  # fmt: skip
    table = found.table("surface")
    assert set(table["n"]) == {9}
    assert set(table["runs"]) == {10}
    # of nine runs, none counted as missing it
    assert (table[table["outcome"] == "trust"]["p_target"] == 1.0).all()
    assert (found.table("cheapest")[["hits", "n", "runs"]] == [9, 9, 10]).all().all()
    assert "9 of 9 runs" in found.answer.verdict
    assert "9 of 10 runs" in found.answer.text


def test_plan(faulty: None) -> None:
    study = StudyKind.of("plan").make(
        scenario="classroom", outcomes=["trust"], budget={"money": 100000},
        levers={"video.hours": [1, 3]},
        targets=[{"outcome": "trust", "at_least": 0.01, "probability": 0.8}],
    )  # fmt: skip
    made = Runner(Execution())
    value = Evaluator(study.header, Sample(plausible_sets(SETS), REPLICATES, 1), made).value(SMALL)
    assert len(made.failures) == 1
    assert value.count == (9, 10)
    sure = share(met(value.targets[0], study.header.targets[0]), value.failed)
    assert (sure.p, sure.hits, sure.runs) == (1.0, 9, 9)


def test_ladder(faulty: None) -> None:
    found = ask(
        StudyKind.of("ladder").make(
            scenario="classroom", outcomes=["trust"], replicates=6,
            steps=[{"name": "as it is"}, {"name": "no trust", "parameters": {"trust_step": 0}}],
            contrast={"lever": "co_creation", "low": 0, "high": 1},
        )
    )  # fmt: skip
    frame = found.table("ladder")
    assert frame[["n", "runs"]].to_numpy().tolist() == [[5, 6], [5, 6]]
    assert np.isfinite(frame["effect"]).all()
    assert "5 of 6" in found.answer.text


@pytest.mark.parametrize(("method", "samples"), [("morris", 4), ("one_at_a_time", 1)])
def test_sensitivity_without_the_replicate_of_failed_runs(
    faulty: None, method: str, samples: int
) -> None:
    """All points share their replicates, so the one that fails does at each of them: it is left
    out, and the indices are those of the other four."""
    fields: dict[str, Any] = {
        "scenario": "classroom", "outcomes": ["trust"], "factors": ["trust_step", "hour_scale"],
        "method": method, "samples": samples, "replicates": 5,
    }  # fmt: skip
    found = ask(StudyKind.of("sensitivity").make(**fields))
    points = len(found.table("points"))
    assert found.failed == points
    noise = found.table("noise")
    assert noise[["left_out", "replicates", "replicates_left_out"]].to_numpy().tolist() == [
        [0, 4, 1]
    ]
    assert found.tables["indices"].rests_on == (4 * points, 5 * points)
    assert "1 replicate of 5 is left out" in found.answer.text
    runs = found.table("runs")
    means = runs.dropna().groupby("point")[runs.columns[-1]].mean().to_numpy()
    if method == "one_at_a_time":  # naive: the range of the means along each factor
        value = found.table("indices").set_index("factor")["naive"]
        along = means[1:].reshape(3, 5)
        expected = along.max(axis=1) - along.min(axis=1)
        np.testing.assert_allclose(value, expected, rtol=1e-9)


def test_sensitivity_without_the_base_samples_of_failed_runs(faulty: None) -> None:
    """With fresh chance one run of 180 fails: its base sample is left out, and said."""
    found = ask(
        StudyKind.of("sensitivity").make(
            scenario="classroom", outcomes=["trust"], factors=["trust_step", "hour_scale"],
            method="morris", samples=9, replicates=5, random_numbers="fresh",
        )
    )  # fmt: skip
    assert found.failed == 1
    assert found.table("failures")["reason"].tolist() == [REASON]
    assert found.table("noise")[["base_samples", "left_out"]].to_numpy().tolist() == [[8, 1]]
    assert found.tables["indices"].rests_on == (8 * 4 * 5, 9 * 4 * 5)
    assert "1 base sample of 9 is left out" in found.answer.text


def test_audit_and_instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.runs.instruments import observe
    from sim.runs.people import People

    real = People.look

    def look(self: People, job: Any, scenario: Any, runs: slice, seed: int) -> Any:
        if LOST in job.replicate[runs]:
            raise ZeroDivisionError("planted")
        return real(self, job, scenario, runs, seed)

    whole = observe(SMALL, SMALL.parameter_set(), seed=1, replicates=5, weeks=[0, 52])
    monkeypatch.setattr(People, "look", look)
    seen = observe(SMALL, SMALL.parameter_set(), seed=1, replicates=5, weeks=[0, 52])
    assert seen.replicates.tolist() == [0, 1, 2, 4]
    np.testing.assert_array_equal(seen.people["trust"], whole.people["trust"][[0, 1, 2, 4]])
