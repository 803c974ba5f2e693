"""The same question asked through two doors has the same answer, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sim import run
from sim.core import outcomes
from sim.core.outcomes import INDEX, NAMES
from sim.runs.execute import Execution
from sim.scenario.scenario import Scenario
from sim.studies.ask import Runner
from sim.studies.compare import analysis as comparing
from sim.studies.compare import compare
from sim.studies.kind import StudyKind
from sim.studies.plan.values import Evaluator, Sample
from sim.studies.plausible import plausible_sets
from sim.studies.surface import analysis as surfaces
from sim.studies.surface import surface

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


FIELDS = {"sets": SETS, "replicates": REPLICATES, "seed": SEED, "outcomes": list(NAMES)}


def values_of_surface(**grid: Sequence[float]) -> surfaces.Values:
    """The runs of a surface of SMALL, with every outcome."""
    study = StudyKind.of("surface").make(scenario=SMALL, **grid, **FIELDS)
    return surfaces.values_of(study, Runner(Execution()))


def test_run_and_compare(by_run: np.ndarray) -> None:
    both = [SMALL, SMALL.replace(name="same")]
    study = StudyKind.of("compare").make(scenarios=both, **FIELDS)
    for one in comparing.runs_of(study, Runner(Execution())):
        found = np.stack([one.at(name, one.plan.end) for name in NAMES], axis=-1)
        np.testing.assert_array_equal(found, by_run)


def test_run_and_compare_say_the_same_mean_and_spread() -> None:
    options = {"sets": SETS, "replicates": REPLICATES, "seed": SEED}
    table = run(SMALL, **options).summary().set_index(["outcome", "point"])  # type: ignore[arg-type]
    levels = compare(SMALL, SMALL.replace(name="same"), **options).table("levels")  # type: ignore[arg-type]
    cells = surface(SMALL, every_weeks=(4,), hours=(1,), **options).table("surface")  # type: ignore[arg-type]
    for cell in cells.itertuples():
        assert table.loc[(cell.outcome, "end_of_ta")]["mean"] == cell.mean
    for row in levels.itertuples():
        mine = table.loc[(row.outcome, row.point)]
        assert mine["mean"] == row.mean
        assert mine["no_ta_mean"] == row.no_ta_mean
        assert mine["effect_mean"] == row.gain_mean
        assert mine["sd_chance"] == row.sd_chance
        assert mine["sd_parameters"] == row.sd_parameters


def test_run_and_a_cell_of_a_surface(by_run: np.ndarray) -> None:
    found = values_of_surface(every_weeks=(4, 8), hours=(1, 2))
    (place,) = (i for i, c in enumerate(found.cells) if (c.every_weeks, c.hours) == (4, 1))
    cell = np.stack([found.of(place, name) for name in NAMES], axis=-1)
    own = np.stack([found.own_of(name) for name in NAMES], axis=-1)
    np.testing.assert_array_equal(cell[..., EXACT], by_run[..., EXACT])
    np.testing.assert_allclose(cell, by_run, rtol=1e-12)
    np.testing.assert_array_equal(own, cell)


def test_a_plan_and_a_cell_of_a_surface() -> None:
    study = StudyKind.of("plan").make(
        scenario="classroom", outcomes=["trust", "co_creation", "cost"], budget={"money": 100000},
        levers={"video.hours": [1, 3]},
    )  # fmt: skip
    found = values_of_surface(every_weeks=(4,), hours=(1,))
    sample = Sample(plausible_sets(SETS), REPLICATES, SEED)
    value = Evaluator(study.header, sample, Runner(Execution())).value(SMALL)
    for place, name in enumerate(study.header.outcomes):
        np.testing.assert_array_equal(value.objectives[place], found.of(0, name))


@pytest.mark.parametrize("seeds", [10, pytest.param(30, marks=pytest.mark.slow)])
def test_a_standard_error_is_the_spread_of_the_mean_over_seeds(seeds: int) -> None:
    """Of many seeds with sets of their own; of runs taken for independent it is far too small."""
    means, errors, naive = [], [], []
    for seed in range(seeds):
        sets = plausible_sets(12, seed + 1000)
        row = (
            run(SMALL, sets=sets, replicates=4, seed=seed)
            .summary().set_index(["outcome", "point"]).loc[("integration", "end_of_ta")]
        )  # fmt: skip
        means.append(row["mean"])
        errors.append(row["se"])
        naive.append(row["sd"] / np.sqrt(row["n"]))
    spread = np.std(means, ddof=1)
    assert 0.7 < np.mean(errors) / spread < (1.4 if seeds == 30 else 1.8)
    assert np.mean(naive) < np.mean(errors)


def test_every_outcome_is_compared() -> None:
    assert outcomes.NAMES == NAMES
    assert set(NAMES) > SUMMED
