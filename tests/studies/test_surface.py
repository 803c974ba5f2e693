"""Surfaces: cells are plain scenarios, budgets hold, targets are where they are said to be."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import run
from sim.core import outcomes
from sim.core.errors import InputError
from sim.core.outcomes import NAMES
from sim.model import week as model
from sim.model.dosage import planned
from sim.present import figures
from sim.runs.execute import Execution
from sim.scenario.scenario import Scenario
from sim.studies.ask import Runner
from sim.studies.budget import Budget
from sim.studies.kind import StudyKind
from sim.studies.result import Result, load
from sim.studies.surface import surface
from sim.studies.surface.analysis import Values, values_of
from sim.studies.surface.grid import (
    Cell,
    cell_of,
    main_series,
    planned_provider_hours,
    scenario_of,
)
from tests.cases import codose

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
GRID: dict[str, Any] = {"every_weeks": [2, 4, 13], "hours": [0.5, 2.0, 6.0]}


def made(scenario: Scenario = SMALL, **fields: Any) -> Values:
    """The runs of a surface."""
    study = StudyKind.of("surface").make(scenario=scenario, **fields)
    return values_of(study, Runner(Execution(threads=1)))


@pytest.fixture(scope="module")
def values() -> Values:
    return made(**GRID, sets=6, replicates=3, seed=5, outcomes=list(NAMES))


@pytest.fixture(scope="module")
def found() -> Result:
    return surface(SMALL, **GRID, sets=6, replicates=3, seed=5)


@pytest.fixture(scope="module")
def budgeted() -> Result:
    return surface(SMALL, **GRID, provider_hours=1.0, sets=4, replicates=2)


def test_a_cell_is_a_plain_run_of_its_scenario(values: Values) -> None:
    place = 4
    cell = values.cells[place]
    assert (cell.every_weeks, cell.hours) == (4, 2.0)
    plain = SMALL.replace(
        dosage=[{"mode": "video", "every_weeks": 4, "hours": 2, "first_week": 3, "last_week": 26,
                 "taper": 0.5}]
    )  # fmt: skip
    assert scenario_of(SMALL, cell).digest() == plain.digest()
    for s, r in ((0, 0), (5, 2)):
        record = model.simulate(plain, values.study.sets(plain)[s], 5, s * 3 + r)
        expected = outcomes.at_week(record, 26, plain.costs)[-1]
        mine = [values.of(place, name)[s, r] for name in NAMES]
        np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12)


def test_the_gain_of_a_cell_is_the_effect_of_a_plain_run() -> None:
    """With one set, set 0 takes the replicates 0, 1, 2 as ``run`` does."""
    found = surface(
        SMALL, every_weeks=[4], hours=[2.0], sets=[SMALL.parameter_set()], replicates=3, seed=9
    )
    row: Any = found.table("surface").set_index("outcome").loc["capacity"]
    runs = run(scenario_of(SMALL, cell_of(row)), replicates=3, seed=9, fixed=True)
    summary: Any = runs.summary().set_index(["outcome", "point"])
    assert row["mean"] == pytest.approx(summary.at[("capacity", "end_of_ta"), "mean"])
    assert row["gain_mean"] == pytest.approx(summary.at[("capacity", "end_of_ta"), "effect_mean"])


def test_the_main_series_is_the_most_frequent_and_others_go_or_stay(found: Result) -> None:
    assert main_series(SMALL).mode == "video"
    assert "its other series is left out" in found.answer.text
    fields: dict[str, Any] = {"every_weeks": [4], "hours": [1.5], "keep_others": True,
                              "sets": 2, "replicates": 2}  # fmt: skip
    kept = made(**fields)
    # the cell of the scenario's own dosage is the scenario
    assert scenario_of(SMALL, kept.cells[0], keep_others=True).digest() == SMALL.digest()
    np.testing.assert_array_equal(kept.cell[0], kept.own)
    assert kept.met(0, ["trust"]).text == "4 of 4"
    assert "its other series stays" in surface(SMALL, **fields).answer.text


# --- the budget -----------------------------------------------------------------------------------


def hours_by_hand(every: int, hours: float) -> float:
    """Provider hours a week of TA and region of the series of SMALL, from its definition."""
    total = 0.0
    for shift in (0, math.floor(every * 0.6180339887)):
        for week in range(3 + shift, 27, every):
            length = hours * (1 - 0.5 * (week - 3) / 23)
            total += length * 1.5 + 1.0
    return total / (2 * 26)


def test_planned_hours_and_costs_are_those_of_the_calendar(values: Values) -> None:
    for cell in values.cells:
        by_hand = hours_by_hand(int(cell.every_weeks), cell.hours)
        assert cell.planned_hours == pytest.approx(by_hand)
        scenario = scenario_of(SMALL, cell)
        cost = planned(scenario)
        assert planned_provider_hours(scenario, cost) == pytest.approx(by_hand)
        assert (cell.centre, cell.regions) == pytest.approx((cost.total.centre, cost.total.regions))


def test_travel_counts() -> None:
    # 7 visits in 26 weeks: 13 a region; weeks 1, 14 and 9 (the second region 8 weeks later)
    plan = SMALL.replace(dosage=[{"mode": "onsite", "every_weeks": 13, "hours": 2,
                                  "last_week": 26}])  # fmt: skip
    visits = 2 + 2  # weeks 1 and 14; 9 and 22
    assert planned_provider_hours(plan) == pytest.approx(visits * (2 * 1.5 + 1 + 6) / (2 * 26))


def test_the_budget_is_never_exceeded(budgeted: Result) -> None:
    table = budgeted.table("surface")
    paid = table[table["affordable"]]
    assert paid["planned_provider_hours"].max() <= 1.0
    # of what the runs really took, not only of plans
    assert (paid["provider_hours"] / (2 * 26)).max() <= 1.0
    line = budgeted.table("budget_line")
    assert len(line) == 3
    free = line[line["hours"] < 6.0]
    np.testing.assert_allclose(free["planned_provider_hours"], 1.0)


@pytest.mark.parametrize(
    "budget",
    [
        {"money": 6_000}, {"money": 3_000, "of": "centre"}, {"money": 3_000, "of": "regions"},
        {"money": 4_000, "per": "year"}, {"money": 200, "per": "week"}, {"provider_hours": 40},
    ],
)  # fmt: skip
def test_a_budget_of_money_counts_what_it_says_and_whose(budget: dict[str, Any]) -> None:
    longer = SMALL.replace(
        horizon_weeks=104,
        dosage=[{"mode": "video", "every_weeks": 4, "hours": 1.5, "last_week": 80, "taper": 0.5}],
    )
    found = surface(longer, **GRID, budget=budget, sets=2, replicates=1, outcomes=["trust"])
    rule = Budget.model_validate(budget)
    limit = rule.limit or 0.0
    table = found.table("surface")
    for row in table.to_dict("records"):
        spend = rule.spend(planned(scenario_of(longer, cell_of(row))))
        assert row["affordable"] == (spend <= limit) or spend == pytest.approx(limit)
    line = found.table("budget_line")
    assert len(line)
    for row in line.to_dict("records"):
        spend = rule.spend(planned(scenario_of(longer, cell_of(row))))
        assert spend <= limit
        assert spend == pytest.approx(row["spend"])
        assert spend == pytest.approx(limit) or row["hours"] == 6.0
    assert rule.text in found.answer.text


def test_what_the_regions_pay_is_no_matter_for_a_budget_of_the_centre() -> None:
    """At no price of staff time other cells are within it."""
    prices = SMALL.costs.model_dump()
    free = SMALL.replace(costs={**prices, "staff_hour": 0.0})
    fields: dict[str, Any] = {**GRID, "sets": 2, "replicates": 1, "outcomes": ["trust"]}
    mine, theirs = (
        surface(one, budget={"money": 4_000, "of": "centre"}, **fields).table("surface")
        for one in (SMALL, free)
    )
    assert mine["affordable"].tolist() == theirs["affordable"].tolist()
    assert 0 < mine["affordable"].sum() < len(mine)
    both = surface(SMALL, budget={"money": 4_000}, **fields).table("surface")
    assert both["affordable"].sum() < mine["affordable"].sum()


@pytest.mark.parametrize(("share", "affordable"), [(1.001, True), (0.999, False)])
def test_a_cell_is_left_out_as_soon_as_it_costs_more(share: float, affordable: bool) -> None:
    budget = share * hours_by_hand(4, 2.0)
    found = surface(SMALL, every_weeks=[4], hours=[2.0], provider_hours=budget, sets=2,
                    replicates=1)  # fmt: skip
    cell = found.table("surface").iloc[0]
    assert cell["affordable"] == affordable
    assert math.isfinite(cell["mean"]) == affordable


def test_cells_beyond_the_budget_are_empty_and_said_so(budgeted: Result) -> None:
    table = budgeted.table("surface")
    empty = table[~table["affordable"]]
    expected = sum(hours_by_hand(n, h) > 1.0 for n in GRID["every_weeks"] for h in GRID["hours"])
    assert empty["cell"].nunique() == expected > 0
    assert empty[["mean", "p05", "gain_mean", "p_target", "expected_cost"]].isna().all().all()
    assert (empty[["n", "runs"]] == 0).all().all()
    assert f"{expected} cells of the grid cost more and are empty" in budgeted.answer.text


def test_a_budget_within_which_nothing_is_possible() -> None:
    with pytest.raises(InputError, match="pay for no contact") as caught:
        surface(SMALL, **GRID, provider_hours=0.01, sets=2)
    least = float(caught.value.problem.allowed.split()[0])
    assert surface(SMALL, **GRID, provider_hours=least, sets=2, replicates=1)


# --- targets --------------------------------------------------------------------------------------


def test_a_target_is_the_share_of_runs_that_reach_it() -> None:
    fields: dict[str, Any] = {**GRID, "targets": {"capacity": 0.4}, "sets": 6, "replicates": 3}
    values, table = made(**fields), surface(SMALL, **fields).table("surface")
    rows = table[table["outcome"] == "capacity"]
    for place, share in zip(rows["cell"], rows["p_target"], strict=True):
        assert share == pytest.approx((values.of(place, "capacity") >= 0.4).mean())
    other = table[table["outcome"] == "trust"]
    assert other[["target", "p_target"]].isna().all().all()


def test_without_targets_the_own_dosage_is_the_yardstick_run_by_run(
    values: Values, found: Result
) -> None:
    table = found.table("surface")
    rows = table[table["outcome"] == "trust"].set_index("cell")["p_target"]
    for place, share in rows.items():
        gap = values.of(int(place), "trust") - values.own_of("trust")  # type: ignore[call-overload]
        assert share == pytest.approx((gap >= 0).mean())


def test_a_target_out_of_reach_is_said_with_the_likeliest_cell() -> None:
    found = surface(SMALL, **GRID, targets={"trust": 0.99}, sets=2, replicates=1)
    assert (
        "No cell reaches trust of 0.99 in 80 % of the runs. The likeliest" in found.answer.verdict
    )
    assert not found.table("cheapest")["surely"].any()


def test_every_target_is_answered_with_its_runs_and_less_may_be_better() -> None:
    """Each target by itself, and first all of them in the same run."""
    targets = {"trust": 0.01, "workload": 0.99}
    found = surface(SMALL, **GRID, targets=targets, sets=2, replicates=1)
    cheapest = found.table("cheapest").set_index("outcome")
    assert list(cheapest.index) == ["all targets", "trust", "workload"]
    assert (cheapest["hits"] == 2).all()
    assert (cheapest["n"] == 2).all()
    answer = found.answer
    assert "trust of 0.01 and workload of 0.99" in answer.verdict
    assert "trust is highest" in answer.text
    assert "workload is lowest" in answer.text
    assert answer.text.count("in 2 of 2 runs") == 3
    assert set(answer.rows) == {"trust", "workload"}


def test_all_targets_are_met_together_or_not() -> None:
    """Levels that exclude each other are each within reach, and never both."""
    every = made(**GRID, sets=4, replicates=2, outcomes=["trust", "staff_hours"])
    levels = np.array([every.of(place, "staff_hours").mean() for place in every.run])
    targets = {"trust": 0.0, "staff_hours": float(levels.min()) / 2}
    found = surface(SMALL, **GRID, targets=targets, sets=4, replicates=2)
    table = found.table("cheapest").set_index("outcome")
    assert table.loc["trust", "surely"]
    assert not table.loc["all targets", "surely"]
    assert table.loc["all targets", "hits"] == 0


def test_a_share_has_an_interval_that_says_how_few_runs_it_is_of() -> None:
    """24 of 24 runs: the lower end is that of a share of so few independent sets."""
    found = surface(SMALL, every_weeks=[4], hours=[2], targets={"trust": 0.01}, sets=12,
                    replicates=2)  # fmt: skip
    row = found.table("cheapest").iloc[0]
    assert (row["hits"], row["n"], row["p_target"]) == (24, 24, 1.0)
    assert row["p_low"] < 0.9
    assert "24 of 24 runs (90 % interval" in found.answer.verdict
    assert "over 99 % of runs" not in found.answer.text


def test_the_answer_names_the_best_cell_and_the_cheapest(found: Result) -> None:
    frame = found.table("surface")
    capacity = frame[frame["outcome"] == "capacity"]
    best = capacity.loc[capacity["mean"].idxmax()]
    assert f"{best['hours']:g} h every {best['every_weeks']:g} weeks" in found.answer.verdict
    sure = capacity[capacity["p_target"] >= 0.8]
    if len(sure):
        least = sure["planned_provider_hours"].min()
        row: Any = found.table("cheapest").set_index("outcome").loc["capacity"]
        assert row["planned_provider_hours"] == least
        assert f"planned: {least:.2f} provider hours a week" in found.answer.rows["capacity"]


def test_the_maps_are_the_table(budgeted: Result) -> None:
    frame = budgeted.table("surface")
    grid = frame[~frame["on_budget_line"]].set_index(["outcome", "hours", "every_weeks"])["mean"]
    maps = budgeted.table("maps").set_index(["outcome", "hours"])
    for (outcome, hours, every), mean in grid.items():  # type: ignore[misc]
        shown = maps.loc[(outcome, hours), f"every_{every:g}"]
        assert shown == mean or (math.isnan(shown) and math.isnan(mean))


# --- further axes ---------------------------------------------------------------------------------


def test_further_axes_are_varied_in_the_scenario() -> None:
    found = surface(
        SMALL, every_weeks=[4], hours=[1.0], co_creation=[0.0, 1.0], months=[3, 12],
        mode=["phone"], sites=[1, 2], sets=2, replicates=1,
    )  # fmt: skip
    table = found.table("surface")
    rows = table[table["outcome"] == "trust"]
    assert len(rows) == 8
    seen = set()
    for row in rows.to_dict("records"):
        plan = scenario_of(SMALL, cell_of(row))
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
    assert rows["mean"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"every_weeks": [0.5]}, "0.5 is out of range"),
        ({"every_weeks": []}, "every_weeks: is empty"),
        ({"hours": [0]}, "0 is out of range; allowed: above 0"),
        ({"hours": ["x"]}, "'x' is not a number"),
        ({"co_creation": [1.5]}, "co_creation.*1.5"),
        ({"months": [0]}, "months.*0"),
        ({"months": [5000]}, "months.*5000"),
        ({"mode": ["vidio"]}, "did you mean 'video'"),
        ({"functions": ["trainig"]}, "did you mean 'training'"),
        ({"functions": [{"learning": 1}]}, "is not a named mix of functions; allowed: reference"),
        ({"sites": [3]}, "sites.*3 is out of range"),
        ({"sites": [1.5]}, "sites.*1.5 is not a whole number"),
        ({"provider_hours": -1}, "provider_hours: -1"),
        ({"provider_hours": 1, "budget": {"money": 1}}, "besides provider_hours"),
        ({"budget": {"money": 1, "provider_hours": 1}}, "gives money and provider_hours"),
        ({"budget": {"monney": 1}}, "did you mean 'money'"),
        ({"targets": {"trsut": 0.5}}, "did you mean 'trust'"),
        ({"targets": {"trust": 5}}, "trust of 5 is out of range; allowed: 0..1"),
        ({"outcomes": ["trsut"]}, "did you mean 'trust'"),
        ({"replicates": 0}, "replicates"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        surface(SMALL, **arguments)


def test_a_scenario_without_a_series_has_nothing_to_vary() -> None:
    with pytest.raises(InputError, match="no contact series"):
        surface(SMALL.without_ta())


# --- repeatable, drawn ----------------------------------------------------------------------------


def test_threads_change_nothing(found: Result) -> None:
    again = surface(SMALL, **GRID, sets=6, replicates=3, seed=5, execution=Execution(threads=1))
    pd.testing.assert_frame_equal(found.table("surface"), again.table("surface"), check_exact=True)


def test_figures_are_drawn(budgeted: Result, tmp_path: Path) -> None:
    paths = figures.save(budgeted.figures, tmp_path, figures.FORMATS)
    assert {path.name for path in paths} == {
        f"{name}.{suffix}" for name in ("maps", "budget_line") for suffix in ("png", "svg")
    }


@pytest.mark.slow
def test_figures_of_many_maps_and_of_a_single_cell(tmp_path: Path) -> None:
    many = surface(SMALL, every_weeks=[4, 8], hours=[1.0, 2.0], co_creation=[0, 0.2, 0.4, 0.6, 0.8],
                   sets=2, replicates=1)  # fmt: skip
    assert figures.save(many.figures, tmp_path / "many")
    one = surface(SMALL, every_weeks=[4], hours=[1.0], outcomes=["trust"], sets=2, replicates=1)
    assert figures.save(one.figures, tmp_path / "one")


def test_a_cell_without_a_further_axis_is_the_scenarios_own() -> None:
    row = {"every_weeks": 4.0, "hours": 1.0, "co_creation": math.nan, "months": None,
           "mode": None, "functions": None, "sites": 2.0}  # fmt: skip
    assert cell_of(row) == Cell(4.0, 1.0, sites=2)


# --- the command ----------------------------------------------------------------------------------

QUICK = ("--sets", "4", "--replicates", "2", "--no-figures", "--quiet")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the scenario a.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(SMALL.to_yaml(), encoding="utf-8")
    return tmp_path


def test_the_map_that_is_printed_is_the_table(here: Path) -> None:
    done = codose("surface", "a.yaml", *QUICK, "--every", "2,4,8", "--hours", "1,4",
                  "--provider-hours", "1.6")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "within the budget" in done.stdout
    frame = load(here / "results" / "surface-a").table("surface")
    frame = frame[(frame["outcome"] == "trust") & ~frame["on_budget_line"]]
    printed = done.stdout.split("\nTrust\n")[1]
    for hours in (1, 4):
        line = next(line for line in printed.splitlines() if line.split()[:1] == [f"{hours:.2f}"])
        rows = frame[frame["hours"] == hours].sort_values("every_weeks")
        assert line.split()[1:] == ["-" if pd.isna(v) else f"{v:.2f}" for v in rows["mean"]]
    assert frame["mean"].isna().any()


def test_the_command_in_the_manifest_makes_the_same_bytes(here: Path) -> None:
    done = codose(
        "surface", "a.yaml", *QUICK, "--every", "2,6.5", "--hours", "1,2", "--co-creation",
        "0,0.5", "--mode", "video,phone", "--target", "trust=0.4", "--outcome", "capacity",
        "--budget", "money=9000,per=year,of=centre", "--seed", "0", "--out", "one",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    words = shlex.split(load(here / "one").command)
    assert codose(*words[1:], "--out", "two", "--no-figures").exit_code == 0
    for path in (here / "one").iterdir():
        if path.name != "timing.json":
            assert path.read_bytes() == (here / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.yaml", "--every", "1;2"], "--every: '1;2' is not a number"),
        (["a.yaml", "--every", "1,0.5"], "--every: 0.5 is out of range"),
        (["a.yaml", "--target", "capacity"], "--target: 'capacity' is not a target"),
        (["a.yaml", "--target", "=1"], "names no outcome"),
        (["a.yaml", "--target", "trust=1", "--target", "trust=0"], "trust twice"),
        (["a.yaml", "--mode", "vidio"], "did you mean 'video'?"),
        (["a.yaml", "--provider-hours", "0.001"], "pay for no contact"),
        (["a.yaml", "--budget", "3000"], "--budget: '3000' is not a part of a budget"),
        (["a.yaml", "--budget", "money=3000,of=center"], "did you mean 'centre'"),
        (["no_ta"], "no contact series"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(
    here: Path, words: list[str], said: str
) -> None:
    done = codose("surface", *words, *QUICK)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert not (here / "results").exists()
