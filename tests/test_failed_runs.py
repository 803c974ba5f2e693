"""One rule for runs that fail, in every study: a row with its reason, left out, counted, said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sim import batch
from sim.scenario import Scenario
from sim.studies.run import run
from sim.study import sensitivity_file, small_studies
from sim.study.comparison import compare
from sim.study.plan_file import PlanFile
from sim.study.plan_value import Evaluator, Sample, chance, met
from sim.study.plausible import plausible_sets
from sim.study.sensitivity import run_sensitivity
from sim.study.study_file import StudyError, parse_study
from sim.study.surface import surface

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
    for arm in found.arms:
        assert np.argwhere(arm.failed).tolist() == [[1, 1]]
        assert np.isnan(arm.values[1, 1]).all()
    table = found.differences()
    assert set(table["n"]) == {9}
    assert set(table["runs"]) == {10}
    assert (table["mean"] == 0).all()
    assert set(found.levels()["n"]) == {9}
    assert "9 of 10 runs" in found.answer()


def test_surface(faulty: None) -> None:
    found = surface(
        SMALL, every_weeks=(4, 8), hours=(1, 2), sets=SETS, replicates=REPLICATES, seed=1,
        targets={"trust": 0.01},
    )  # fmt: skip
    assert found.failed.sum(axis=(1, 2)).tolist() == [1] * 4
    share = found.target_met("trust")
    assert share is not None
    assert share.tolist() == [1.0] * 4  # of nine runs, none counted as missing it
    table = found.frame()
    assert set(table["n"]) == {9}
    assert set(table["runs"]) == {10}
    assert "9 of 10 runs" in found.answer()


def test_plan(faulty: None) -> None:
    study = parse_study(
        "kind: plan\nscenario: classroom\noutcomes: [trust]\nweeks: [end_of_ta]\n"
        "budget: {money: 100000}\nlevers: {video.hours: [1, 3]}\n"
        "targets: [{outcome: trust, at_least: 0.01, probability: 0.8}]\n",
        PlanFile,
    )
    value = Evaluator(study.header, Sample(plausible_sets(SETS), REPLICATES, 1)).value(SMALL)
    assert value.count == (9, 10)
    sure = chance(met(value.targets[0], study.header.targets[0]), value.failed)
    assert (sure.p, sure.hits, sure.runs) == (1.0, 9, 9)


def test_ladder(faulty: None) -> None:
    study = parse_study(
        "kind: ladder\nscenario: classroom\noutcomes: [trust]\nweeks: [end_of_ta]\nreplicates: 6\n"
        "contrast: {lever: co_creation, low: 0, high: 1}\n"
        "steps: [{name: as it is}, {name: no trust, parameters: {trust_step: 0}}]\n",
        small_studies.LadderFile,
    )
    found = small_studies.Ladder(study).run()
    assert found.frame[["n", "runs"]].to_numpy().tolist() == [[5, 6], [5, 6]]
    assert np.isfinite(found.frame["effect"]).all()
    assert "5 of 6" in found.words()


def test_sensitivity(faulty: None) -> None:
    plain = {
        "kind": "sensitivity", "name": "tiny", "scenario": "classroom", "outcomes": ["trust"],
        "weeks": ["end_of_ta"], "factors": ["trust_step", "hour_scale"], "method": ["morris"],
        "samples": 4, "replicates": 5,
    }  # fmt: skip
    with pytest.raises(StudyError, match=REASON.split(": ")[1]):
        run_sensitivity(sensitivity_file.from_dict({**plain, "failed_runs": "refuse"}))


def test_audit_and_instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.instruments import observe
    from sim.runs.people import People

    real = People.look

    def look(self: People, job: Any, seed: int, row: int) -> Any:
        if int(job.replicate[row]) == LOST:
            raise ZeroDivisionError("planted")
        return real(self, job, seed, row)

    whole = observe(SMALL, SMALL.parameter_set(), seed=1, replicates=5, weeks=[0, 52])
    monkeypatch.setattr(People, "look", look)
    seen = observe(SMALL, SMALL.parameter_set(), seed=1, replicates=5, weeks=[0, 52])
    assert seen.replicates.tolist() == [0, 1, 2, 4]
    np.testing.assert_array_equal(seen.people["trust"], whole.people["trust"][[0, 1, 2, 4]])
