"""Surfaces: cells are plain scenarios, budgets hold, targets are where they are said to be."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import model, outcomes
from sim._folder import read_manifest
from sim.errors import InputError
from sim.outcomes import INDEX
from sim.present import figures
from sim.runs.execute import Execution
from sim.scenario import Scenario
from sim.studies.run import run
from sim.study.surface import Surface, surface
from sim.study.surface_grid import planned_provider_hours
from sim.view import surface_plots

SMALL = Scenario.from_text(
    """
name: Small
horizon_weeks: 40
regions: {candidates: 2, count: 2, selection: all, staff: 5}
providers: {count: 1, weekly_hours: 40}
dosage:
- {mode: onsite, every_weeks: 13, hours: 3, last_week: 20}
- {mode: video, every_weeks: 4, hours: 1.5, first_week: 3, last_week: 26, taper: 0.5}
"""
)
GRID = {"every_weeks": [2, 4, 13], "hours": [0.5, 2.0, 6.0]}


@pytest.fixture(scope="module")
def found() -> Surface:
    return surface(SMALL, **GRID, sets=6, replicates=3, seed=5)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def budgeted() -> Surface:
    return surface(SMALL, **GRID, provider_hours=1.0, sets=4, replicates=2)  # type: ignore[arg-type]


def test_a_cell_is_a_plain_run_of_its_scenario(found: Surface) -> None:
    place = 4
    cell = found.cells[place]
    assert (cell.every_weeks, cell.hours) == (4, 2.0)
    plain = SMALL.replace(
        dosage=[{"mode": "video", "every_weeks": 4, "hours": 2, "first_week": 3, "last_week": 26,
                 "taper": 0.5}]
    )  # fmt: skip
    assert found.scenario_of(cell).digest() == plain.digest()
    for s, r in ((0, 0), (5, 2)):
        record = model.simulate(plain, found.plausible.within(plain)[s], 5, s * 3 + r)
        expected = outcomes.at_week(record, 26, plain.costs)[-1]
        np.testing.assert_allclose(found.values[place, s, r], expected, rtol=1e-12, atol=1e-12)


def test_the_gain_of_a_cell_is_the_effect_of_a_plain_run() -> None:
    """With one set, set 0 takes the replicates 0, 1, 2 as ``run`` does."""
    found = surface(
        SMALL, every_weeks=[4], hours=[2.0], sets=[SMALL.parameter_set()], replicates=3, seed=9
    )
    runs = run(found.scenario_of(found.cells[0]), replicates=3, seed=9, fixed=True)
    summary = runs.summary().set_index(["outcome", "point"])
    row = found.frame().set_index("outcome").loc["capacity"]
    assert row["mean"] == pytest.approx(summary.at[("capacity", "end_of_ta"), "mean"])
    assert row["gain_mean"] == pytest.approx(summary.at[("capacity", "end_of_ta"), "effect_mean"])


def test_the_main_series_is_the_most_frequent_and_others_go_or_stay(found: Surface) -> None:
    assert found.series.mode == "video"
    assert "its other series is left out" in found.varied()
    kept = surface(SMALL, every_weeks=[4], hours=[1.5], keep_others=True, sets=2, replicates=2)
    # the cell of the scenario's own dosage is the scenario
    assert kept.scenario_of(kept.cells[0]).digest() == SMALL.digest()
    np.testing.assert_array_equal(kept.values[0], kept.own)
    assert kept.target_met("trust") == pytest.approx([1.0])
    assert "its other series stays" in kept.varied()


# --- the budget -----------------------------------------------------------------------------------


def hours_by_hand(every: int, hours: float) -> float:
    """Provider hours a week of TA and region of the series of SMALL, from its definition."""
    total = 0.0
    for shift in (0, math.floor(every * 0.6180339887)):
        for week in range(3 + shift, 27, every):
            length = hours * (1 - 0.5 * (week - 3) / 23)
            total += length * 1.5 + 1.0
    return total / (2 * 26)


def test_planned_hours_are_those_of_the_definition(found: Surface) -> None:
    for cell in found.cells:
        by_hand = hours_by_hand(int(cell.every_weeks), cell.hours)
        assert cell.planned_hours == pytest.approx(by_hand)
        assert planned_provider_hours(found.scenario_of(cell)) == pytest.approx(by_hand)


def test_travel_counts() -> None:
    # 7 visits in 26 weeks: 13 a region; weeks 1, 14 and 9 (the second region 8 weeks later)
    plan = SMALL.replace(dosage=[{"mode": "onsite", "every_weeks": 13, "hours": 2,
                                  "last_week": 26}])  # fmt: skip
    visits = 2 + 2  # weeks 1 and 14; 9 and 22
    assert planned_provider_hours(plan) == pytest.approx(visits * (2 * 1.5 + 1 + 6) / (2 * 26))


def test_the_budget_is_never_exceeded(budgeted: Surface) -> None:
    spent = [cell.planned_hours for cell in budgeted.cells if cell.affordable]
    assert max(spent) <= 1.0
    hours = budgeted.values[..., INDEX["provider_hours"]] / (2 * 26)
    assert np.nanmax(hours) <= 1.0  # of what the runs really took, not only of plans
    line = [cell for cell in budgeted.cells if cell.on_budget_line]
    assert len(line) == 3
    capped = [cell for cell in line if cell.hours == 6.0]
    assert all(cell.planned_hours == pytest.approx(1.0) for cell in line if cell not in capped)


@pytest.mark.parametrize(("share", "affordable"), [(1.001, True), (0.999, False)])
def test_a_cell_is_left_out_as_soon_as_it_costs_more(share: float, affordable: bool) -> None:
    budget = share * hours_by_hand(4, 2.0)
    found = surface(SMALL, every_weeks=[4], hours=[2.0], provider_hours=budget, sets=2,
                    replicates=1)  # fmt: skip
    assert found.cells[0].affordable is affordable
    assert np.isfinite(found.values[0]).all() == affordable


def test_cells_beyond_the_budget_are_empty_and_said_so(budgeted: Surface) -> None:
    out = [i for i, cell in enumerate(budgeted.cells) if not cell.affordable]
    expected = sum(hours_by_hand(n, h) > 1.0 for n in GRID["every_weeks"] for h in GRID["hours"])  # type: ignore[arg-type]
    assert len(out) == expected > 0
    assert np.isnan(budgeted.values[out]).all()
    frame = budgeted.frame()
    empty = frame[~frame["affordable"]]
    assert empty[["mean", "p05", "gain_mean", "p_target", "cost"]].isna().all().all()
    assert f"{expected} cells of the grid cost more and are empty" in budgeted.answer()


def test_a_budget_within_which_nothing_is_possible() -> None:
    with pytest.raises(InputError, match="pay for no contact") as caught:
        surface(SMALL, **GRID, provider_hours=0.01, sets=2)  # type: ignore[arg-type]
    least = float(caught.value.problem.allowed.split()[0])
    assert surface(SMALL, **GRID, provider_hours=least, sets=2, replicates=1)  # type: ignore[arg-type]


# --- targets --------------------------------------------------------------------------------------


def test_a_target_is_the_share_of_runs_that_reach_it() -> None:
    found = surface(SMALL, **GRID, targets={"capacity": 0.4}, sets=6, replicates=3)  # type: ignore[arg-type]
    met = found.target_met("capacity")
    assert met is not None
    np.testing.assert_allclose(met, (found.values[..., INDEX["capacity"]] >= 0.4).mean(axis=(1, 2)))
    assert found.target_met("trust") is None
    assert found.target_level("trust") is None


def test_without_targets_the_own_dosage_is_the_yardstick_run_by_run(found: Surface) -> None:
    met = found.target_met("trust")
    gap = found.values[..., INDEX["trust"]] - found.own[..., INDEX["trust"]]
    np.testing.assert_allclose(met, (gap >= 0).mean(axis=(1, 2)))  # type: ignore[arg-type]


def test_a_target_out_of_reach_is_said_with_the_likeliest_cell() -> None:
    found = surface(SMALL, **GRID, targets={"trust": 0.99}, sets=2, replicates=1)  # type: ignore[arg-type]
    assert "No cell gives trust of 0.99 in 80 % of runs; the likeliest" in found.answer()


def test_every_target_is_answered_with_its_runs_and_less_may_be_better() -> None:
    targets = {"trust": 0.01, "workload": 0.99}
    found = surface(SMALL, **GRID, targets=targets, sets=2, replicates=1)  # type: ignore[arg-type]
    for outcome in targets:
        assert (found.target_met(outcome) == 1.0).all()  # type: ignore[union-attr]
    answer = found.answer()
    assert "Highest trust" in answer
    assert "Lowest workload" in answer
    assert answer.count("in 2 of 2 runs") == 2


def test_the_answer_names_the_best_cell_and_the_cheapest(found: Surface) -> None:
    frame = found.frame()
    capacity = frame[frame["outcome"] == "capacity"]
    best = capacity.loc[capacity["mean"].idxmax()]
    assert f"{best['hours']:g} h every {best['every_weeks']:g} weeks" in found.answer()
    sure = capacity[capacity["p_target"] >= 0.8]
    if len(sure):
        least = sure["planned_provider_hours"].min()
        assert f"({least:.2f} a week and region" in found.answer()


# --- further axes ---------------------------------------------------------------------------------


def test_further_axes_are_varied_in_the_scenario() -> None:
    found = surface(
        SMALL, every_weeks=[4], hours=[1.0], co_creation=[0.0, 1.0], months=[3, 12],
        mode=["phone"], sites=[1, 2], sets=2, replicates=1,
    )  # fmt: skip
    assert len(found.cells) == len(found.facets) == 8
    seen = set()
    for cell in found.cells:
        plan = found.scenario_of(cell)
        (series,) = plan.dosage
        assert series.mode == "phone"
        seen.add((series.co_creation, plan.end_of_ta, plan.providers.count, plan.horizon_weeks))
    # 3 months are 13 weeks, from the first of the plan; 12 are 52, for which the horizon gives way
    assert seen == {
        (kappa, end, providers, max(40, end))
        for kappa in (0.0, 1.0)
        for end in (13, 52)
        for providers in (1, 2)
    }
    assert np.isfinite(found.values[..., INDEX["trust"]]).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"every_weeks": [0.5]}, "every_weeks: 0.5 is out of range"),
        ({"every_weeks": []}, "every_weeks: is empty"),
        ({"hours": [0]}, "hours: 0 is out of range; allowed: above 0"),
        ({"hours": ["x"]}, "hours: 'x' is out of range"),
        ({"co_creation": [1.5]}, "co_creation: 1.5"),
        ({"months": [0]}, "months: 0"),
        ({"mode": ["vidio"]}, "did you mean 'video'"),
        ({"sites": [3]}, "sites: 3 is out of range"),
        ({"sites": [1.5]}, "sites: 1.5 is out of range"),
        ({"provider_hours": -1}, "provider_hours: -1"),
        ({"targets": {"trsut": 0.5}}, "did you mean 'trust'"),
        ({"targets": {"trust": 5}}, "target trust: 5 is out of range; allowed: 0..1"),
        ({"replicates": 0}, "replicates"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        surface(SMALL, **arguments)  # type: ignore[arg-type]


def test_a_scenario_without_a_series_has_nothing_to_vary() -> None:
    with pytest.raises(InputError, match="no contact series"):
        surface(SMALL.without_ta())


# --- repeatable, saved, drawn, quick --------------------------------------------------------------


def test_threads_change_nothing(found: Surface) -> None:
    again = surface(SMALL, **GRID, sets=6, replicates=3, seed=5, execution=Execution(threads=1))  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.values, again.values)
    pd.testing.assert_frame_equal(found.frame(), again.frame())


def test_the_folder_repeats_byte_for_byte(budgeted: Surface, tmp_path: Path) -> None:
    for name in ("one", "two"):
        budgeted.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {"manifest.json", "surface.csv", "surface.parquet", "sets.csv"} <= set(files)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    manifest = read_manifest(tmp_path / "one", kind="surface")
    assert manifest["provider_hours"] == 1.0
    json.dumps(manifest, allow_nan=False)
    stored = pd.read_csv(tmp_path / "one" / "surface.csv")
    np.testing.assert_array_equal(stored["mean"], budgeted.frame()["mean"])


def test_figures_are_drawn(budgeted: Surface, tmp_path: Path) -> None:
    paths = figures.save(surface_plots.figures_of(budgeted), tmp_path, figures.FORMATS)
    assert {path.name for path in paths} == {
        f"{name}.{suffix}" for name in ("maps", "budget_line") for suffix in ("png", "svg")
    }


def test_figures_of_many_maps_and_of_a_single_cell(tmp_path: Path) -> None:
    many = surface(SMALL, every_weeks=[4, 8], hours=[1.0, 2.0], co_creation=[0, 0.2, 0.4, 0.6, 0.8],
                   sets=2, replicates=1)  # fmt: skip
    assert figures.save(surface_plots.figures_of(many), tmp_path / "many")
    one = surface(SMALL, every_weeks=[4], hours=[1.0], outcomes=["trust"], sets=2, replicates=1)
    assert figures.save(surface_plots.figures_of(one), tmp_path / "one")


@pytest.mark.slow
def test_144_cells_of_100_runs_take_less_than_a_minute() -> None:
    surface("source", every_weeks=[4], hours=[1.0], sets=2)  # compile
    start = time.perf_counter()
    found = surface("source")
    assert found.run_cells == 144
    assert len(found.plausible) * found.replicates == 100
    assert time.perf_counter() - start < 60
