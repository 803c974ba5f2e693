"""The same question asked through two doors has the same answer, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from sim import outcomes
from sim.outcomes import INDEX, NAMES
from sim.scenario import Scenario
from sim.studies.run import run
from sim.study.comparison import compare
from sim.study.plan_file import PlanFile
from sim.study.plan_value import Evaluator, Sample
from sim.study.plausible import plausible_sets
from sim.study.study_file import parse_study
from sim.study.surface import surface

SMALL = Scenario.shipped("classroom").replace(
    dosage=[{"mode": "video", "every_weeks": 4, "hours": 1.0, "last_week": 52}]
)
SETS, REPLICATES, SEED = 6, 3, 9
SUMMED = {"co_creation", "contact_hours", "preparation_hours", "travel_hours", "provider_hours",
          "staff_hours", "cost", "collaboration"}  # fmt: skip
"""Sums of fractions: their last bit depends on the weeks between which an engine adds them up."""
EXACT = [INDEX[name] for name in NAMES if name not in SUMMED]


@pytest.fixture(scope="module")
def by_run() -> np.ndarray:
    """(sets, replicates, outcomes) at the end of TA, overall."""
    runs = run(SMALL, sets=SETS, replicates=REPLICATES, seed=SEED)
    frame = runs.runs()
    chosen = (frame["region"] == "overall") & (frame["point"] == "end_of_ta")
    return frame[chosen]["value"].to_numpy().reshape(SETS, REPLICATES, -1)


def test_run_and_compare(by_run: np.ndarray) -> None:
    found = compare(SMALL, SMALL.replace(name="same"), sets=SETS, replicates=REPLICATES, seed=SEED)
    for arm in found.arms:
        np.testing.assert_array_equal(arm.values[:, :, 0], by_run)


def test_run_and_compare_say_the_same_mean_and_spread() -> None:
    options = {"sets": SETS, "replicates": REPLICATES, "seed": SEED}
    table = run(SMALL, **options).summary().set_index(["outcome", "point"])  # type: ignore[arg-type]
    levels = compare(SMALL, SMALL.replace(name="same"), **options).levels()  # type: ignore[arg-type]
    for row in levels.itertuples():
        mine = table.loc[(row.outcome, row.point)]
        assert mine["mean"] == row.mean
        assert mine["no_ta_mean"] == row.no_ta_mean
        assert mine["effect_mean"] == row.gain_mean
        assert mine["sd_chance"] == row.sd_luck
        assert mine["sd_parameters"] == row.sd_parameters


def test_run_and_a_cell_of_a_surface(by_run: np.ndarray) -> None:
    found = surface(
        SMALL, every_weeks=(4, 8), hours=(1, 2), sets=SETS, replicates=REPLICATES, seed=SEED
    )
    (cell,) = (i for i, c in enumerate(found.cells) if (c.every_weeks, c.hours) == (4, 1))
    np.testing.assert_array_equal(found.values[cell][..., EXACT], by_run[..., EXACT])
    np.testing.assert_allclose(found.values[cell], by_run, rtol=1e-12)
    np.testing.assert_array_equal(found.own, found.values[cell])


def test_a_plan_and_a_cell_of_a_surface() -> None:
    study = parse_study(
        "kind: plan\nscenario: classroom\noutcomes: [trust, co_creation, cost]\n"
        "weeks: [end_of_ta]\nbudget: {money: 100000}\nlevers: {video.hours: [1, 3]}\n",
        PlanFile,
    )
    found = surface(
        SMALL, every_weeks=(4,), hours=(1,), sets=SETS, replicates=REPLICATES, seed=SEED
    )
    sample = Sample(plausible_sets(SETS), REPLICATES, SEED)
    value = Evaluator(study.header, sample).value(SMALL)
    for place, name in enumerate(study.header.outcomes):
        np.testing.assert_array_equal(value.objectives[place], found.values[0][..., INDEX[name]])


def test_a_standard_error_is_the_spread_of_the_mean_over_seeds() -> None:
    """Of many seeds with sets of their own; of runs taken for independent it is far too small."""
    means, errors, naive = [], [], []
    for seed in range(30):
        sets = plausible_sets(12, seed + 1000)
        row = (
            run(SMALL, sets=sets, replicates=4, seed=seed)
            .summary().set_index(["outcome", "point"]).loc[("integration", "end_of_ta")]
        )  # fmt: skip
        means.append(row["mean"])
        errors.append(row["se"])
        naive.append(row["sd"] / np.sqrt(row["n"]))
    spread = np.std(means, ddof=1)
    assert 0.7 < np.mean(errors) / spread < 1.4
    assert np.mean(naive) < np.mean(errors)


def test_every_outcome_is_compared() -> None:
    assert outcomes.NAMES == NAMES
    assert set(NAMES) > SUMMED
