"""Comparisons: paired run by run, told apart from chance, and refused with reasons."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import sim
from sim.core import outcomes
from sim.core.errors import InputError
from sim.core.outcomes import BETWEEN, NAMES, OUTCOMES
from sim.core.parameters import Parameters
from sim.model import week as model
from sim.model.dosage import planned
from sim.present import figures
from sim.runs.execute import Execution
from sim.scenario.scenario import Scenario
from sim.stats import paired as statistics
from sim.studies.ask import Runner
from sim.studies.compare import compare
from sim.studies.compare.analysis import Runs, _verdict, runs_of
from sim.studies.compare.differing import UnlikePeople, differing
from sim.studies.compare.spec import plans_of
from sim.studies.kind import StudyKind
from sim.studies.plausible import plausible_sets
from sim.studies.result import Result, load
from tests.cases import codose

SMALL = Scenario.from_text(
    """
name: Small
horizon_weeks: 40
regions: {candidates: 2, count: 2, selection: all, staff: 5, names: [west, coast]}
providers: {count: 1, weekly_hours: 20}
dosage: [{mode: video, every_weeks: 4, hours: 1.5, last_week: 26}]
"""
)
OFTEN = SMALL.replace(
    name="Often",
    dosage=[
        {"mode": "video", "every_weeks": 2, "hours": 1.5, "last_week": 26},
        {"mode": "onsite", "every_weeks": 13, "hours": 3, "last_week": 20},
    ],
)


def made(*scenarios: Scenario, **fields: Any) -> tuple[Runs, ...]:
    """The runs of a comparison."""
    study = StudyKind.of("compare").make(scenarios=list(scenarios), **fields)
    return runs_of(study, Runner(Execution(threads=1)))


@pytest.fixture(scope="module")
def runs() -> tuple[Runs, ...]:
    return made(SMALL, OFTEN, sets=12, replicates=3, seed=5, outcomes=list(NAMES))


@pytest.fixture(scope="module")
def found() -> Result:
    return compare(SMALL, OFTEN, sets=12, replicates=3, seed=5)


def test_a_value_is_that_of_a_plain_run_of_the_readable_engine(runs: tuple[Runs, ...]) -> None:
    """Set s takes the replicates s * R ..., at its own end of TA and at the common horizon."""
    for one in runs:
        scenario = one.plan.scenario
        for s, r in ((0, 0), (7, 2)):
            parameters = plausible_sets(12).within(scenario)[s]
            record = model.simulate(scenario, parameters, 5, s * 3 + r)
            bare = model.simulate(scenario.without_ta(), parameters, 5, s * 3 + r)
            for week in (26, 40):
                expected = outcomes.at_week(record, week, scenario.costs)
                without = outcomes.at_week(bare, week, scenario.costs)
                for place, region in enumerate(one.places):
                    for column, name in enumerate(NAMES):
                        value = one.at(name, week, region)[s, r]
                        assert value == pytest.approx(
                            expected[place, column], rel=1e-12, abs=1e-12, nan_ok=True
                        )
                        value = one.at(name, week, region, ta=False)[s, r]
                        assert value == pytest.approx(
                            without[place, column], rel=1e-12, abs=1e-12, nan_ok=True
                        )


def test_weekly_values_meet_the_summaries(runs: tuple[Runs, ...]) -> None:
    """Levels of the week, and totals up to it; a rate of a week is not the one up to it."""
    for one in runs:
        for place, name in enumerate(NAMES):
            if OUTCOMES[name].kind == "rate" or name == "collaboration":
                continue
            for week in (26, 40):
                np.testing.assert_allclose(
                    one.weekly[:, :, week, place], one.at(name, week), rtol=1e-12, atol=1e-12
                )


def test_scenarios_that_differ_in_nothing_differ_by_exactly_nothing() -> None:
    same = SMALL.replace(name="The same", description="another text", seed=77)
    found = compare(SMALL, same, sets=3, replicates=2)
    for name in ("differences", "regions"):
        table = found.table(name)
        zero = ["mean", "low", "high", "mean_low", "mean_high"]
        assert (table[zero] == 0.0).all().all()
        assert table["resolved"].all()
    assert "differs" not in found.tables
    assert "do not differ in any run" in found.answer.text


def test_the_table_is_the_statistics_of_the_values(found: Result, runs: tuple[Runs, ...]) -> None:
    a, b = (one.at("trust", 40) for one in runs)
    expected = statistics.paired(a, b, 0.01)
    row: Any = found.table("differences").set_index(["point", "outcome"]).loc[("horizon", "trust")]
    assert row["mean"] == expected.mean == pytest.approx((b - a).mean())
    assert row["mean_low"] == expected.mean_low
    assert row["unpaired_high"] == expected.unpaired_high
    # not told, a NaN, or the same number
    np.testing.assert_array_equal(
        [row["low"], row["high"], row["p_beats"]], [expected.low, expected.high, expected.p_beats]
    )
    assert (row["week_a"], row["week_b"], row["margin"]) == (40, 40, 0.01)
    assert (row["n"], row["runs"], row["sets"]) == (36, 36, 12)


def test_regions_are_compared_in_the_order_and_names_of_the_scenario(
    found: Result, runs: tuple[Runs, ...]
) -> None:
    table = found.table("regions")
    assert list(dict.fromkeys(table["region"])) == ["west", "coast", "worst", "spread"]
    rows = table.set_index(["point", "outcome", "region"])["mean"]
    for region in ("west", "coast"):
        a, b = (one.at("trust", 26, region) for one in runs)
        assert rows["end_of_ta", "trust", region] == pytest.approx((b - a).mean())
    overall = found.table("differences").set_index(["point", "outcome"])["mean"]
    halves = [rows["end_of_ta", "trust", region] for region in ("west", "coast")]
    assert overall["end_of_ta", "trust"] == pytest.approx(np.mean(halves))


def test_costs_add_up(found: Result, runs: tuple[Runs, ...]) -> None:
    table = found.table("costs").set_index(["scenario", "item"])["mean"]
    for label in ("Small", "Often"):
        parts = sum(table[label, f"{part}_hours"] for part in ("contact", "preparation", "travel"))
        assert table[label, "provider_hours"] == pytest.approx(parts)
        payers = sum(table[label, f"expected_cost_{payer}"] for payer in ("centre", "regions"))
        assert table[label, "expected_cost"] == pytest.approx(payers)
    visits = runs[1].at("travel_hours", 40).mean() / 6.0
    prices = OFTEN.costs
    assert table["Often", "expected_cost_regions"] == pytest.approx(
        prices.staff_hour * table["Often", "staff_hours"]
    )
    assert table["Often", "expected_cost_centre"] == pytest.approx(
        prices.provider_hour * table["Often", "provider_hours"] + prices.travel_visit * visits
    )


def test_planned_and_expected_cost_by_payer_and_year() -> None:
    """Planned cost is the one of the calendar, its years add up, and no run takes more."""
    source = Scenario.shipped("source")
    half = [{**one, "every_weeks": 2 * one["every_weeks"]} for one in source.to_dict()["dosage"]]
    found = compare(source, source.replace(name="half", dosage=half), sets=2, replicates=2)
    table = found.table("costs_planned").set_index(["scenario", "period"])
    cost = planned(source)
    label = found.table("differences")["a"].iloc[0]
    first: Any = table.loc[(label, "whole plan")]
    assert first["planned_cost"] == cost.total.money
    assert first["planned_cost_centre"] == cost.total.centre
    for column in ("planned_cost", "planned_cost_regions", "expected_cost", "contacts"):
        years = table.loc[label].drop("whole plan")[column].sum()
        assert years == pytest.approx(first[column])
    assert (table["expected_cost"] <= table["planned_cost"]).all()
    whole = found.table("costs").set_index(["scenario", "item"])["mean"]
    assert first["expected_cost"] == pytest.approx(whole[label, "expected_cost"])


def test_efficiency_is_gain_over_hours(found: Result, runs: tuple[Runs, ...]) -> None:
    row: Any = (
        found.table("efficiency").set_index(["scenario", "outcome"]).loc[("Often", "capacity")]
    )
    gain = runs[1].gain("capacity", 26).mean()
    hours = runs[1].at("provider_hours", 26).mean()
    assert row["per_100_hours"] == pytest.approx(100 * gain / hours)
    assert row["low"] < row["per_100_hours"] < row["high"]


def test_every_outcome_and_every_scenario_gets_a_verdict() -> None:
    """One row a scenario and outcome, one sentence over them; less of what is better low is
    better."""
    often = SMALL.replace(name="often", dosage=[{**SMALL.dosage[0].model_dump(), "every_weeks": 2}])
    none = SMALL.without_ta().replace(name="none")
    names = ("trust", "cost", "contacts_held")
    found = compare(SMALL, often, none, sets=6, replicates=2, outcomes=names)
    table = found.table("verdicts")
    verdicts = table.pivot(index="scenario", columns="outcome", values="verdict")
    assert list(verdicts["cost"]) == ["better", "worse"]  # none, often
    assert list(verdicts["contacts_held"]) == ["lower", "higher"]
    assert verdicts.loc["none", "trust"] == "worse"
    assert len(table) == 6
    assert (table[["n", "runs"]] == 12).all().all()
    parts = table[["planned_cost_centre", "planned_cost_regions"]].sum(axis=1)
    np.testing.assert_allclose(parts, table["planned_cost"])
    assert (table[table["scenario"] == "none"]["planned_cost"] == 0).all()
    for word in ("often is", "none is", "worse in cost", "better in cost", "planned cost"):
        assert word in found.answer.verdict
    for label in ("often", "none"):
        for name in names:
            assert name.replace("_", " ") in found.answer.rows[label]


def test_shares_of_few_sets_are_counted() -> None:
    """ "24 of 24", and never "over 99 %" of few."""
    found = compare(SMALL.without_ta().replace(name="none"), OFTEN, sets=6, replicates=2)
    assert "trust" in found.answer.rows["Often"]
    assert "higher in 6 of 6 sets" in found.answer.rows["Often"]
    assert "over 99 %" not in found.answer.text


def test_stopping_now_is_looked_at_when_going_on_ends() -> None:
    log = {"rows": [{"week": 1, "region": SMALL.region_names[0], "mode": "video", "hours": 1}]}
    later = [{**SMALL.dosage[0].model_dump(), "first_week": 3}]
    logged = SMALL.replace(name="logged", contact_log=log, dosage=later)
    found = compare(logged, stopping_now=True, labels=["go on"], sets=3, replicates=2)
    assert [arm.end for arm in plans_of(found.study)] == [26, 26]
    table = found.table("costs_planned").set_index(["scenario", "period"])["planned_cost"]
    assert table["stopping_now", "whole plan"] == 0
    spent = table["stopping_now", "contact log"]
    assert spent == table["go on", "contact log"] > 0
    assert "that the contact log took" in found.answer.verdict
    with pytest.raises(InputError, match="no dosage that goes on after a contact log"):
        compare(SMALL, stopping_now=True, sets=2)


def test_no_ta_is_looked_at_when_its_partner_ends() -> None:
    none, small = made(SMALL.without_ta().replace(name="none"), SMALL, sets=3, replicates=2)
    assert [one.plan.end for one in (none, small)] == [26, 26]
    np.testing.assert_array_equal(none.at("capacity", 26), small.at("capacity", 26, ta=False))
    found = compare(SMALL.without_ta().replace(name="none"), SMALL, sets=3, replicates=2)
    gain = found.table("efficiency").set_index(["scenario", "outcome"])["per_100_hours"]
    assert math.isnan(gain["none", "trust"])
    assert "none 0 provider hours" in found.answer.text


def test_chance_and_parameters_are_told_apart(found: Result) -> None:
    row: Any = (
        found.table("levels")
        .set_index(["scenario", "point", "outcome"])
        .loc[("Often", "end_of_ta", "capacity")]
    )
    parts = row["sd_chance"] ** 2, row["sd_parameters"] ** 2
    assert row["chance_share"] == pytest.approx(parts[0] / sum(parts))
    one_set = compare(
        SMALL, OFTEN, sets=[Parameters()] * 30, replicates=3, outcomes=["trust"]
    ).table("levels")
    # the same parameters thirty times: what is not chance is no more than an error of the estimate
    assert (one_set["chance_share"] > 0.75).all()


@pytest.mark.parametrize(
    ("sets", "replicates", "said", "note"),
    [
        ([Parameters()] * 40, 4, "(not known: chance dominates)", "Not known: chance makes up more "
         "than 80 % of the spread of a single run and hides how the sets differ."),
        (3, 1, "(not known: too few runs)", "Not known: this takes two sets of two runs each."),
        (1, 3, "(not known: too few runs)", "Not known: this takes two sets of two runs each."),
    ],
)  # fmt: skip
def test_what_the_sets_do_not_tell_is_said_and_not_drawn(
    sets: Any, replicates: int, said: str, note: str
) -> None:
    """Forty times the same set, whose runs differ by chance only; and sets of a single run."""
    found = compare(SMALL, OFTEN, sets=sets, replicates=replicates, outcomes=["trust"])
    for name in ("verdicts", "differences"):
        table = found.tables[name]
        assert table.frame[["low", "high"]].isna().all().all()
        assert note in table.note
        cells = table.pick(["low", "high"]).cells()
        assert all(cell == "not known" for row in cells for cell in row)
    assert said in found.answer.rows["Often"]
    assert " sets)" not in found.answer.rows["Often"]
    drawn = next(one for one in found.figures if one.name == "intervals")
    assert said in drawn.alt
    written = [one.get_text() for one in drawn.draw().findobj(Text)]  # type: ignore[union-attr]
    assert f"Open dot: {said.strip('()')}." in " ".join(" ".join(written).split())


def test_a_planted_driver_is_found() -> None:
    sets = [Parameters({"learning_rate": rate}) for rate in np.linspace(0.18, 0.5, 25)]
    found = compare(SMALL, OFTEN, sets=sets, replicates=4, outcomes=["knowledge"])
    drivers = found.table("drivers")
    assert list(drivers["parameter"]) == ["learning_rate"]
    assert drivers["clear"].all()
    assert drivers["rho"].iloc[0] > 0.6
    assert "learning_rate" in found.answer.text


# --- what cannot be paired ------------------------------------------------------------------------


def test_other_people_are_refused_with_what_differs_and_what_is_left() -> None:
    other = SMALL.replace(
        name="Other", regions={"candidates": 3, "count": 3, "selection": "all", "staff": 5}
    )
    with pytest.raises(UnlikePeople) as caught:
        compare(SMALL, other, sets=2)
    text = str(caught.value)
    assert "regions.candidates (2; 3), regions.count (2; 3)" in text
    assert "--gains" in text
    one, two = made(SMALL, other, sets=3, replicates=2, gains=True)
    gains = compare(SMALL, other, sets=3, replicates=2, gains=True)
    table = gains.table("differences").set_index(["point", "outcome"])["mean"]
    expected = two.gain("trust", two.plan.end)
    assert table["end_of_ta", "trust"] == pytest.approx((expected - one.gain("trust", 26)).mean())
    assert "gain in trust" in gains.answer.text
    assert set(gains.table("weeks")["kind"]) == {"level"}


def test_the_worst_region_and_the_spread_are_compared_run_by_run(
    found: Result, runs: tuple[Runs, ...]
) -> None:
    """Less spread is better, whichever way is better for the outcome; of an outcome without a
    better way there is no worst region."""
    rows: Any = found.table("regions").set_index(["point", "outcome", "region"])
    each = [[one.at("capacity", 26, region) for region in ("west", "coast")] for one in runs]
    low, high = (np.array([of(one, axis=0) for one in each]) for of in (np.min, np.max))
    worst, spread = (rows.loc[("end_of_ta", "capacity", name)] for name in BETWEEN)
    assert worst["mean"] == pytest.approx((low[1] - low[0]).mean())
    assert spread["mean"] == pytest.approx(((high - low)[1] - (high - low)[0]).mean())
    assert rows["n"].eq(36).all()
    costs = compare(SMALL, OFTEN, sets=2, replicates=2, outcomes=["cost", "contacts_held"])
    table: Any = costs.table("regions").set_index(["point", "outcome", "region"])
    assert table.loc[("end_of_ta", "cost", "worst"), "verdict"] == "worse"  # dearer
    assert not {("end_of_ta", "contacts_held", place) for place in BETWEEN} & set(table.index)
    shown = [table.title for table in costs.kind.shown(costs.study, costs.tables)]
    assert any(title.startswith("The worst region, and the spread") for title in shown)


@pytest.mark.parametrize(("gap", "expected"), [(0.04, "worse"), (-0.04, "better")])
def test_regions_that_move_apart_are_worse(gap: float, expected: str) -> None:
    a = np.full((4, 2), 0.3)
    assert _verdict(statistics.paired(a, a + gap, 0.01), 0.01, "trust", "spread") == expected


def test_a_region_that_is_different_can_be_looked_at() -> None:
    """One region is short of staff: its gain is compared by its name, the others beside it."""
    short = SMALL.replace(
        name="short",
        regions={**SMALL.regions.model_dump(), "overrides": {"coast": {"staff": 3}}},
    )
    found = compare(SMALL, short, sets=3, replicates=2, gains=True, outcomes=["trust"])
    rows = found.table("regions").set_index(["point", "region"])
    assert rows.loc[("end_of_ta", "coast"), "mean"] != 0
    assert [name for _, name in rows.index[:2]] == ["west", "coast"]


def test_other_horizons_are_compared_up_to_the_shortest() -> None:
    longer = OFTEN.replace(name="Longer", horizon_weeks=60)
    found = compare(SMALL, longer, sets=2, replicates=2)
    assert {arm.horizon for arm in plans_of(found.study)} == {40}
    assert "common horizon is the shortest, week 40" in found.answer.text
    one, other = made(SMALL, longer, sets=2, replicates=2), made(SMALL, OFTEN, sets=2, replicates=2)
    np.testing.assert_array_equal(one[1].at("trust", 40), other[1].at("trust", 40))


def test_another_world_is_said_to_be_one() -> None:
    slow = SMALL.replace(name="Slow", parameters={"trust_step": 0.2})
    found = compare(SMALL, slow, sets=2, replicates=1)
    assert "in more than their plans: parameters.trust_step (default; 0.2)" in found.answer.text
    assert {one["trust_step"] for one in found.study.sets(slow)} == {0.2}


def test_directive_plans_say_on_which_assumption_they_rest() -> None:
    series = {"mode": "video", "every_weeks": 4, "hours": 1.5, "last_week": 26, "co_creation": 0}
    directive = SMALL.replace(name="Directive", dosage=[series])
    note = "power sharing, an assumption that nobody measured"
    for other, said in ((directive, True), (OFTEN, False)):
        found = compare(SMALL, other, sets=2, replicates=1, outcomes=["trust"])
        assert (note in " ".join(found.answer.text.split())) == said


def test_a_parameter_is_held_in_every_set_of_every_scenario() -> None:
    found = compare(SMALL, OFTEN, sets=3, replicates=2, hold={"trust_step": 0.2})
    for scenario in found.study.scenarios.values():
        assert {one["trust_step"] for one in found.study.sets(scenario)} == {0.2}
    by_file = compare(
        *(one.replace(parameters={"trust_step": 0.2}) for one in (SMALL, OFTEN)),
        sets=3, replicates=2,
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.table("differences"), by_file.table("differences"))


def test_what_differs_is_said_in_words(found: Result) -> None:
    (only,) = differing([SMALL, OFTEN])
    assert only.field == "dosage"
    assert "on site every 13 weeks for 3 h, weeks 1-20, co-creation 0.6" in only.values[1]
    assert list(found.table("differs")["scenario"]) == ["Small", "Often"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outcomes": ["trsut"]}, "did you mean 'trust'"),
        ({"outcomes": ["effect on trust"]}, "is not compared as such"),
        ({"outcomes": []}, "outcomes: is empty"),
        ({"replicates": 0}, "replicates"),
        ({"sets": 0}, "sets"),
        ({"sets": []}, "not parameter sets"),
        ({"sets": "nowhere"}, "holds no plausible sets"),
        ({"seed": -1}, "seed"),
        ({"margin": 0.0}, "margin"),
        ({"labels": ["a"]}, "1 label for 2 scenarios"),
        ({"labels": ["a", "a"]}, "name two scenarios alike"),
        ({"hold": {"trust_stpe": 0.2}}, "did you mean 'trust_step'"),
        ({"hold": {"trust_step": 9}}, "trust_step"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compare(SMALL, OFTEN, **arguments)


def test_a_plan_that_cannot_be_read_is_the_only_mistake(tmp_path: Path) -> None:
    path = tmp_path / "one.plans.yaml"
    text = (
        "codose: plans\nversion: 1\nplans: [{name: A, scenario: {name: A, seed: 1, horizn: 5}}]\n"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compare(path)
    assert [one.field for one in caught.value.problems] == ["plans[0].scenario.horizn"]
    path.write_text(text.replace(", horizn: 5", ""), encoding="utf-8")
    with pytest.raises(InputError, match="there is no scenario to compare with"):
        compare(path)


def test_one_scenario_is_too_few() -> None:
    with pytest.raises(InputError, match="there is no scenario to compare with"):
        compare(SMALL)


# --- a centre with twelve regions -----------------------------------------------------------------

CENTRE = Scenario.from_text("""
name: as it is now
horizon_weeks: 156
regions: {candidates: 12, count: 12, selection: all, staff: 12}
providers: {count: 6, weekly_hours: 20}
dosage:
  - {mode: onsite, every_weeks: 13, hours: 4, last_week: 104}
  - {mode: video, every_weeks: 4, hours: 1.5, first_week: 3, last_week: 104}
costs: {provider_hour: 100, staff_hour: 50, travel_visit: 600}
""")
VISIT, CALL = CENTRE.to_dict()["dosage"]


def test_three_plans_are_one_verdict_with_their_costs_by_payer() -> None:
    """No plan is left out of the answer, and most of what is called cost is not the centre's."""
    half = CENTRE.replace(name="half the visits", dosage=[{**VISIT, "every_weeks": 26}, CALL])
    phone = {**CALL, "mode": "phone", "every_weeks": 2, "hours": 1, "first_week": 1}
    by_phone = CENTRE.replace(name="by phone", dosage=[phone])
    found = compare(CENTRE, half, by_phone, sets=3, replicates=1, outcomes=["trust", "integration"])
    verdict = found.answer.verdict
    for plan, cost in (
        ("half the visits is", "581,250 (centre 190,650, regions 390,600)"),
        ("by phone is", "530,400 (centre 156,000, regions 374,400)"),
        ("as it is now itself", "787,650 (centre 281,850, regions 505,800)"),
    ):
        assert plan in verdict
        assert cost in verdict
    assert "capacity" not in found.answer.text  # nobody asked for it
    table = found.table("costs_planned").set_index(["scenario", "period"])["planned_cost"]
    assert table["as it is now", "year 1"] == 390_150
    assert table["as it is now", "year 2"] == 397_500
    assert list(dict.fromkeys(found.table("regions")["region"])) == [*CENTRE.region_names, *BETWEEN]


def test_a_plan_in_phases_with_an_event_is_described_whole() -> None:
    phases = CENTRE.replace(
        name="less in year 2",
        dosage=[
            {**VISIT, "last_week": 52}, {**CALL, "last_week": 52},
            {**VISIT, "every_weeks": 26, "first_week": 53},
            {**CALL, "every_weeks": 6, "first_week": 53},
        ],
        shocks=[{"week": 53, "kind": "provider_leaves", "provider": "provider_1"}],
    )  # fmt: skip
    found = compare(CENTRE, phases, sets=2, replicates=1, outcomes=["trust"])
    rows = found.table("differs").set_index(["field", "scenario"])["value"]
    assert rows["shocks", "less in year 2"] == "provider leaves in week 53"
    for words in (
        "every 13 weeks for 4 h, weeks 1-52", "every 26 weeks for 4 h, weeks 53-104",
        "every 4 weeks for 1.5 h, weeks 3-52", "every 6 weeks for 1.5 h, weeks 53-104",
    ):  # fmt: skip
        assert words in rows["dosage", "less in year 2"]
    assert (
        "in more than their plans: shocks (none; provider leaves in week 53)" in found.answer.text
    )
    years = found.table("costs_planned").set_index(["scenario", "period"])["planned_cost"]
    assert years["less in year 2", "year 1"] == years["as it is now", "year 1"]
    assert years["less in year 2", "year 2"] < years["as it is now", "year 2"]


# --- repeatable, drawn ----------------------------------------------------------------------------


def test_threads_and_the_other_scenarios_change_nothing(found: Result) -> None:
    third = SMALL.replace(name="Third", providers={"count": 2, "weekly_hours": 20})
    how = Execution(threads=1)
    again = compare([SMALL, OFTEN, third], sets=12, replicates=3, seed=5, execution=how)
    for name in ("differences", "regions", "levels"):
        mine, other = found.table(name), again.table(name)
        label = "b" if "b" in other else "scenario"
        other = other[other[label] != "Third"].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, other, check_exact=True)


def test_sets_may_be_given(found: Result) -> None:
    again = compare(SMALL, OFTEN, sets=plausible_sets(12), replicates=3, seed=5)
    pd.testing.assert_frame_equal(found.table("differences"), again.table("differences"))


def test_the_facade_has_the_names() -> None:
    assert sim.compare is compare
    assert sim.Result is Result


def test_figures_are_drawn_for_two(found: Result, tmp_path: Path) -> None:
    names = {"bands", "differences", "intervals", "effort", "regions"}
    paths = figures.save(found.figures, tmp_path, ("svg",))
    assert {path.name for path in paths} == {f"{name}.svg" for name in names}


@pytest.mark.slow
def test_figures_are_drawn_for_four_and_of_hours_alone(tmp_path: Path) -> None:
    four = compare(
        SMALL.without_ta().replace(name="none"), SMALL, OFTEN,
        SMALL.replace(name="None shared", dosage=[
            {"mode": "email", "every_weeks": 4, "hours": 1, "co_creation": 0}
        ]),
        sets=3, replicates=1, outcomes=["co_creation", "provider_hours", "trust"],
    )  # fmt: skip
    assert figures.save(four.figures, tmp_path / "four", ("svg",))
    only_hours = compare(SMALL, OFTEN, sets=2, replicates=1, outcomes=["provider_hours"])
    assert figures.save(only_hours.figures, tmp_path / "hours", ("svg",))


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the scenarios a.yaml, b.yaml and other.yaml (other regions)."""
    monkeypatch.chdir(tmp_path)
    other = {"regions": {"candidates": 3, "count": 3, "selection": "all"}}
    for name, one in (("a", SMALL), ("b", OFTEN), ("other", SMALL.replace(**other))):
        Path(f"{name}.yaml").write_text(one.to_yaml(), encoding="utf-8")
    return tmp_path


QUICK = ("--sets", "4", "--replicates", "2", "--no-figures", "--quiet")


def test_the_answer_is_printed_first_and_the_tables_are_those_of_the_folder(here: Path) -> None:
    done = codose("compare", "a.yaml", "b.yaml", *QUICK)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("At the end of TA, compared with a: b is ")
    result = load(here / "results" / "compare-a-b")
    assert (
        result.answer.verdict.split() == done.stdout.split()[: len(result.answer.verdict.split())]
    )
    table = result.table("differences")
    row = table[(table["outcome"] == "trust") & (table["point"] == "end_of_ta")].iloc[0]
    shown = done.stdout.split("Differences at the end of TA")[1]
    line = next(line for line in shown.splitlines() if line.startswith("b  ") and "trust" in line)
    assert line.split()[2:4] == [f"{row['mean_a']:.2f}", f"{row['mean_b']:.2f}"]


def test_the_command_in_the_manifest_makes_the_same_bytes(here: Path) -> None:
    options = [*QUICK, "--margin", "0.02", "--seed", "0", "--set", "trust_step=0.2", "--outcome",
               "trust", "--outcome", "cost", "--label", "now", "--label", "then"]  # fmt: skip
    done = codose("compare", "a.yaml", "b.yaml", *options, "--out", "one")
    assert done.exit_code == 0, done.stderr
    command = load(here / "one").command
    words = shlex.split(command)
    assert words[0] == "codose"
    assert load(here / "one").study.seed == 0
    assert codose(*words[1:], "--out", "two", "--no-figures").exit_code == 0
    for path in (here / "one").iterdir():
        if path.name != "timing.json":
            assert path.read_bytes() == (here / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["a.yaml"],
            "scenarios: there is no scenario to compare with; allowed: 2 scenarios or more",
        ),
        (["a.yaml", "sourcce"], "did you mean 'source'?"),
        (["a.yaml", "a.yaml"], "'a.yaml' is given twice"),
        (["a.yaml", "other.yaml"], "regions.count (2; 3)"),
        (["a.yaml", "b.yaml", "--outcome", "trsut"], "--outcome: 'trsut' is not an outcome"),
        (["a.yaml", "b.yaml", "--margin", "0"], "--margin: 0.0 is out of range"),
        (["a.yaml", "b.yaml", "--set", "trust_step=9"], "--set trust_step: 9"),
        (["a.yaml", "b.yaml", "--set", "trust_step"], "NAME=VALUE"),
        (["a.yaml", "--stopping-now"], "--stopping-now"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(
    here: Path, words: list[str], said: str
) -> None:
    done = codose("compare", *words, *QUICK)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (here / "results").exists()


def test_stopping_now_is_compared_with_going_on(here: Path) -> None:
    done = codose("compare", "centre_log", "--stopping-now", "--sets", "2", "--no-figures")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("At the end of TA, compared with stopping_now: centre_log is ")


@pytest.mark.slow
def test_the_interval_covers_what_very_many_sets_give() -> None:
    """The real engine: 60 comparisons of 20 sets against one of 4,000."""
    truth = compare(SMALL, OFTEN, sets=plausible_sets(4000, 999), replicates=2, seed=77)
    expected = truth.table("differences").set_index(["point", "outcome"])["mean"]
    covered = []
    for repeat in range(60):
        found = compare(SMALL, OFTEN, sets=plausible_sets(20, repeat), replicates=2, seed=repeat)
        table = found.table("differences").set_index(["point", "outcome"])
        low, high = table["mean_low"], table["mean_high"]
        covered.append((low <= expected) & (expected <= high))
    # A hypercube spreads sets more evenly than chance, so the interval is rather too wide.
    assert np.mean(covered) > 0.85


# --- what would be worth knowing ---------------------------------------------------------------


@pytest.fixture(scope="module")
def informed() -> Result:
    return compare(
        SMALL, OFTEN, sets=40, replicates=2, outcomes=["integration"], information=True,
        worth=600_000.0, measures=["survey of trust at start", "log of 3 months"],
        know=["first_trust+trust_step"], hold={"forgetting": 0.02},
    )  # fmt: skip


def test_information_is_told_of_everything_groups_parameters_and_measurements(
    informed: Result,
) -> None:
    table = informed.table("information")
    assert table["kind"].drop_duplicates().tolist() == [
        "everything", "group", "parameter", "measurement",
    ]  # fmt: skip
    single = set(table.loc[table["kind"] == "parameter", "what"])
    assert "trust_step" in single
    assert "forgetting" not in single, "what is held is known"
    assert "first_trust and trust_step" in set(table["what"])
    assert (table["value"] >= 0).all()
    assert "Knowing every parameter before choosing" in informed.answer.text
    assert "Measuring would be worth" in informed.answer.text


def test_everything_is_worth_the_regret_of_the_choice_of_today(informed: Result) -> None:
    """By hand, from the runs themselves: best in each set less best on average, chance shrunk."""
    study = informed.study
    first, other = runs_of(study, Runner(Execution(threads=1)))
    gap = 600_000 * (other.at("integration", 26) - first.at("integration", 26))
    gap -= planned(other.plan.scenario).total.money - planned(first.plan.scenario).total.money
    means, luck = gap.mean(axis=1), gap.var(axis=1, ddof=1).mean() / 2
    spread = means.var(ddof=1)
    told = means.mean() + math.sqrt(max(0.0, 1 - luck / spread)) * (means - means.mean())
    expected = np.maximum(told, 0).mean() - max(told.mean(), 0)
    table = informed.table("information").set_index("what")
    assert table.loc["every parameter", "value"] == pytest.approx(expected, rel=1e-9)


def test_what_cannot_change_the_choice_is_worth_nothing() -> None:
    found = compare(
        SMALL.without_ta(), OFTEN, sets=30, replicates=4, outcomes=["knowledge"], information=True
    )
    assert (found.table("differences")["mean_low"] > 0).all(), "more of it is better in any world"
    table = found.table("information").set_index("what")
    assert table.loc["every parameter", "value"] == 0
    assert "In none of 30 sets would knowing every parameter change the choice" in found.answer.text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"measures": ["survey of trsut at start"]}, "did you mean 'trust'"),
        ({"measures": ["survey of trust at strat"]}, "did you mean 'start'"),
        ({"measures": ["a survey"]}, "'a survey' is not a measurement"),
        ({"measures": ["log of 12 months"]}, "up to week 40"),
        ({"measures": ["log of 0 months"]}, "is not a measurement"),
        ({"measures": ["survey of trust at 3 with 11 people"]}, "1..10, who are there"),
        ({"know": ["first_trust+truststep"]}, "did you mean 'trust_step'"),
        ({"information": True, "outcomes": ["contacts_held"]}, "no better and worse"),
        ({"worth": 0}, "worth"),
        ({"measures": ["log of 1 months"], "engine": "own_model:Counting"}, "looks at people"),
        ({"measures": ["log of 1 months"], "engine": "mesa"}, "looks at people"),
    ],
)
def test_what_cannot_be_measured_or_known_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        compare(SMALL, OFTEN, sets=2, replicates=1, **fields)


def test_the_figure_of_what_is_worth_knowing_names_the_measurements(informed: Result) -> None:
    figure = next(one for one in informed.figures if one.name == "information").draw()
    labels = [text.get_text() for text in figure.findobj(Text)]
    assert "survey of trust at start" in labels
    assert "every parameter" in labels
