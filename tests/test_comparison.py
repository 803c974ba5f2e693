"""Comparisons: paired run by run, told apart from luck, saved whole, and refused with reasons."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim import model, outcomes
from sim._folder import read_manifest
from sim.errors import InputError, ResultsError
from sim.outcomes import INDEX
from sim.parameters import Parameters
from sim.present import figures
from sim.runs.execute import Execution
from sim.scenario import Scenario
from sim.studies.run import Runs
from sim.study import _compare_words
from sim.study import paired as statistics
from sim.study.comparison import Comparison, compare
from sim.study.differing import UnlikePeople, differing
from sim.study.plausible import plausible_sets
from sim.view import compare_plots

SMALL = Scenario.from_text(
    """
name: Small
horizon_weeks: 40
regions: {candidates: 2, count: 2, selection: all, staff: 5}
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


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(SMALL, OFTEN, sets=12, replicates=3, seed=5)


def test_a_value_is_that_of_a_plain_run_of_the_readable_engine(found: Comparison) -> None:
    """Set s takes the replicates s * R ..., at its own end of TA and at the common horizon."""
    for arm in found.arms:
        for s, r in ((0, 0), (7, 2)):
            parameters = found.plausible.within(arm.scenario)[s]
            record = model.simulate(arm.scenario, parameters, 5, s * 3 + r)
            for place, week in enumerate((26, 40)):
                expected = outcomes.at_week(record, week, arm.scenario.costs)[-1]
                np.testing.assert_allclose(
                    arm.values[s, r, place], expected, rtol=1e-12, atol=1e-12
                )
            bare = model.simulate(arm.scenario.without_ta(), parameters, 5, s * 3 + r)
            np.testing.assert_allclose(
                arm.no_ta[s, r, 0], outcomes.at_week(bare, 26, arm.scenario.costs)[-1], atol=1e-12
            )


def test_weekly_values_meet_the_summaries(found: Comparison) -> None:
    for arm in found.arms:
        for place, name in enumerate(found.outcomes):
            np.testing.assert_allclose(
                arm.weekly[:, :, 26, place], arm.values[:, :, 0, INDEX[name]], atol=1e-12
            )
            np.testing.assert_allclose(
                arm.weekly[:, :, 40, place], arm.values[:, :, 1, INDEX[name]], atol=1e-12
            )


def test_the_weekly_total_is_the_total_up_to_the_week() -> None:
    found = compare(SMALL, OFTEN, sets=2, replicates=2, outcomes=["provider_hours"])
    for arm in found.arms:
        np.testing.assert_allclose(
            arm.weekly[:, :, 40, 0], arm.values[:, :, 1, INDEX["provider_hours"]], rtol=1e-12
        )


def test_scenarios_that_differ_in_nothing_differ_by_exactly_nothing() -> None:
    same = SMALL.replace(name="The same", description="another text", seed=77)
    found = compare(SMALL, same, sets=3, replicates=2)
    table = found.differences()
    zero = ["mean", "low", "high", "mean_low", "mean_high", "run_low", "run_high"]
    assert (table[zero] == 0.0).all().all()
    assert table["settled"].all()
    assert found.differs == ()
    assert "do not differ in any run" in found.answer()


def test_the_table_is_the_statistics_of_the_values(found: Comparison) -> None:
    table = found.differences().set_index(["point", "outcome"])
    a, b = (arm.values[:, :, 1, INDEX["trust"]] for arm in found.arms)
    expected = statistics.paired(a, b, 0.01)
    row = table.loc[("horizon", "trust")]
    assert row["mean"] == expected.mean == pytest.approx((b - a).mean())
    assert row["low"] == expected.low
    assert row["unpaired_high"] == expected.unpaired_high
    assert (row["week_a"], row["week_b"], row["margin"]) == (40, 40, 0.01)


def test_costs_add_up(found: Comparison) -> None:
    table = found.costs().set_index(["scenario", "item"])["mean"]
    for label in found.labels:
        parts = sum(table[label, f"{part}_hours"] for part in ("contact", "preparation", "travel"))
        assert table[label, "provider_hours"] == pytest.approx(parts)
    often = found.arms[1].values[:, :, 1]
    visits = often[..., INDEX["travel_hours"]].mean() / 6.0
    prices = OFTEN.costs
    assert table["Often", "cost"] == pytest.approx(
        prices.provider_hour * table["Often", "provider_hours"]
        + prices.staff_hour * table["Often", "staff_hours"]
        + prices.travel_visit * visits
    )


def test_efficiency_is_gain_over_hours(found: Comparison) -> None:
    row = found.efficiency().set_index(["scenario", "outcome"]).loc[("Often", "capacity")]
    arm = found.arms[1]
    gain = (arm.values - arm.no_ta)[:, :, 0, INDEX["capacity"]].mean()
    hours = arm.values[:, :, 0, INDEX["provider_hours"]].mean()
    assert row["per_100_hours"] == pytest.approx(100 * gain / hours)
    assert row["low"] < row["per_100_hours"] < row["high"]


def test_every_outcome_and_every_scenario_gets_a_verdict() -> None:
    """One row a scenario, one sentence over them; less of what is better low is better."""
    often = SMALL.replace(name="often", dosage=[{**SMALL.dosage[0].model_dump(), "every_weeks": 2}])
    none = SMALL.without_ta().replace(name="none")
    names = ("trust", "cost", "contacts_held")
    found = compare(SMALL, often, none, sets=6, replicates=2, outcomes=names)
    rows = found.verdicts().set_index("scenario")
    assert list(rows["cost_verdict"]) == ["compared to", "worse", "better"]
    assert list(rows["contacts_held_verdict"]) == ["compared to", "higher", "lower"]
    assert rows.loc["none", "trust_verdict"] == "worse"
    assert (rows["runs"] == 12).all()
    assert (rows["of_runs"] == 12).all()
    parts = rows[["planned_cost_centre", "planned_cost_regions"]].sum(axis=1)
    np.testing.assert_allclose(parts, rows["planned_cost"])
    assert rows.loc["none", "planned_cost"] == 0
    assert (rows["planned_cost"] >= rows["expected_cost"]).all()
    first = _compare_words.verdict_words(found)
    assert found.answer().startswith(first)
    for word in ("often is", "none is", "worse in cost", "better in cost", "planned cost"):
        assert word in first


def test_stopping_now_is_looked_at_when_going_on_ends() -> None:
    log = {"rows": [{"week": 1, "region": SMALL.region_names[0], "mode": "video", "hours": 1}]}
    later = [{**SMALL.dosage[0].model_dump(), "first_week": 3}]
    logged = SMALL.replace(name="logged", contact_log=log, dosage=later)
    found = compare(logged.stopping_now(), logged, labels=["stop", "go on"], sets=3, replicates=2)
    assert [arm.end for arm in found.arms] == [26, 26]
    rows = found.verdicts().set_index("scenario")
    assert rows.loc["stop", "planned_cost"] == 0
    assert rows.loc["stop", "spent"] == rows.loc["go on", "spent"] > 0


def test_no_ta_is_looked_at_when_its_partner_ends() -> None:
    found = compare(SMALL.without_ta().replace(name="none"), SMALL, sets=3, replicates=2)
    assert [arm.end for arm in found.arms] == [26, 26]
    np.testing.assert_array_equal(found.arms[0].values, found.arms[1].no_ta)
    gain = found.efficiency().set_index(["scenario", "outcome"])["per_100_hours"]
    assert math.isnan(gain["none", "trust"])
    assert "none 0 provider hours" in found.answer()


def test_luck_and_parameters_are_told_apart(found: Comparison) -> None:
    row = (
        found.levels()
        .set_index(["scenario", "point", "outcome"])
        .loc[("Often", "end_of_ta", "capacity")]
    )
    parts = row["sd_luck"] ** 2, row["sd_parameters"] ** 2
    assert row["luck_share"] == pytest.approx(parts[0] / sum(parts))
    one_set = compare(
        SMALL, OFTEN, sets=[Parameters()] * 30, replicates=3, outcomes=["trust"]
    ).levels()
    # the same parameters thirty times: what is not luck is no more than an error of the estimate
    assert (one_set["luck_share"] > 0.75).all()


def test_a_planted_driver_is_found() -> None:
    sets = [Parameters({"learning_rate": rate}) for rate in np.linspace(0.18, 0.5, 25)]
    found = compare(SMALL, OFTEN, sets=sets, replicates=4, outcomes=["knowledge"])
    drivers = found.drivers()
    assert list(drivers["parameter"]) == ["learning_rate"]
    assert drivers["clear"].all()
    assert drivers["rho"].iloc[0] > 0.6


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
    gains = compare(SMALL, other, sets=3, replicates=2, gains=True)
    arm = gains.arms[1]
    np.testing.assert_array_equal(
        gains.of(arm, "trust", "end_of_ta"), (arm.values - arm.no_ta)[:, :, 0, INDEX["trust"]]
    )
    assert "gain in capacity" in gains.answer()
    assert set(gains.weeks()["kind"]) == {"level"}


def test_other_horizons_are_compared_up_to_the_shortest() -> None:
    longer = OFTEN.replace(name="Longer", horizon_weeks=60)
    found = compare(SMALL, longer, sets=2, replicates=2)
    assert found.horizon == 40
    assert "common horizon is the shortest, week 40" in found.answer()
    same = compare(SMALL, OFTEN, sets=2, replicates=2)
    np.testing.assert_array_equal(found.arms[1].values, same.arms[1].values)


def test_another_world_is_said_to_be_one() -> None:
    found = compare(
        SMALL, SMALL.replace(name="Slow", parameters={"trust_step": 0.2}), sets=2, replicates=1
    )
    assert "the world too: parameters.trust_step (default; 0.2)" in found.answer()
    assert {one["trust_step"] for one in found.plausible.within(found.arms[1].scenario)} == {0.2}


def test_what_differs_is_said_in_words() -> None:
    (only,) = differing([SMALL, OFTEN])
    assert only.field == "dosage"
    assert "on site every 13 weeks for 3 h, weeks 1-20, co-creation 0.6" in only.values[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outcomes": ["trsut"]}, "did you mean 'trust'"),
        ({"outcomes": []}, "no outcome"),
        ({"replicates": 0}, "replicates"),
        ({"sets": 0}, "sets"),
        ({"sets": []}, "not parameter sets"),
        ({"seed": -1}, "seed"),
        ({"margin": 0.0}, "margin"),
        ({"labels": ["a"]}, "1 labels for 2 scenarios"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compare(SMALL, OFTEN, **arguments)  # type: ignore[arg-type]


def test_one_scenario_is_too_few() -> None:
    with pytest.raises(InputError, match="nothing to compare with"):
        compare(SMALL)


# --- repeatable, saved, drawn ---------------------------------------------------------------------


def test_threads_and_the_other_scenarios_change_nothing(found: Comparison) -> None:
    third = SMALL.replace(name="Third", providers={"count": 2, "weekly_hours": 20})
    one = Execution(threads=1)
    again = compare([SMALL, OFTEN, third], sets=12, replicates=3, seed=5, execution=one)
    for one, other in zip(found.arms, again.arms, strict=False):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.weekly, other.weekly)


def test_sets_may_be_given(found: Comparison) -> None:
    again = compare(SMALL, OFTEN, sets=plausible_sets(12), replicates=3, seed=5)
    pd.testing.assert_frame_equal(found.differences(), again.differences())


def test_the_facade_has_the_names() -> None:
    assert sim.compare is compare
    assert sim.Comparison is Comparison


def test_the_folder_repeats_byte_for_byte_and_is_no_run(found: Comparison, tmp_path: Path) -> None:
    again = compare(SMALL, OFTEN, sets=12, replicates=3, seed=5, execution=Execution(threads=1))
    for name, one in (("one", found), ("two", again)):
        one.save(tmp_path / name, command="codose compare a b")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {"manifest.json", "differences.csv", "weeks.parquet", "answer.txt"} <= set(files)
    for name in files:
        first, second = ((tmp_path / f / name).read_bytes() for f in ("one", "two"))
        assert first == second, name
    manifest = read_manifest(tmp_path / "one", kind="compare")
    assert manifest["answer"] == found.answer()
    json.dumps(manifest, allow_nan=False)
    with pytest.raises(ResultsError, match="holds results of 'codose compare'"):
        Runs.load(tmp_path / "one")
    with pytest.raises(ResultsError, match="not empty"):
        found.save(tmp_path / "one")
    stored = pd.read_parquet(tmp_path / "one" / "differences.parquet")
    np.testing.assert_array_equal(stored["mean"], found.differences()["mean"])


def test_figures_are_drawn_for_two_and_for_four(found: Comparison, tmp_path: Path) -> None:
    names = {"bands", "differences", "intervals", "effort"}
    paths = figures.save(compare_plots.figures_of(found), tmp_path / "two", figures.FORMATS)
    assert {path.name for path in paths} == {f"{n}.{s}" for n in names for s in ("png", "svg")}
    four = compare(
        SMALL.without_ta().replace(name="none"), SMALL, OFTEN,
        SMALL.replace(name="None shared", dosage=[
            {"mode": "email", "every_weeks": 4, "hours": 1, "co_creation": 0}
        ]),
        sets=3, replicates=1, outcomes=["co_creation", "provider_hours", "trust"],
    )  # fmt: skip
    assert figures.save(compare_plots.figures_of(four), tmp_path / "four")


@pytest.mark.slow
def test_the_interval_covers_what_very_many_sets_give() -> None:
    """The real engine: 60 comparisons of 20 sets against one of 4,000."""
    truth = compare(SMALL, OFTEN, sets=plausible_sets(4000, 999), replicates=2, seed=77)
    expected = truth.differences().set_index(["point", "outcome"])["mean"]
    covered = []
    for repeat in range(60):
        found = compare(SMALL, OFTEN, sets=plausible_sets(20, repeat), replicates=2, seed=repeat)
        table = found.differences().set_index(["point", "outcome"])
        low, high = table["mean_low"], table["mean_high"]
        covered.append((low <= expected) & (expected <= high))
    # A hypercube spreads sets more evenly than chance, so the interval is rather too wide.
    assert np.mean(covered) > 0.85
