"""Plans: within the budget, on the front, as probable as said; messages for what cannot be."""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from study_case import summaries

from sim.core.errors import InputError
from sim.model.dosage import planned
from sim.runs.execute import Execution
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.discovery import discover
from sim.stats.drivers import drivers
from sim.stats.intervals import mean_interval, share
from sim.studies.ask import Runner, ask
from sim.studies.calendar import described
from sim.studies.kind import StudyKind
from sim.studies.plan import plan
from sim.studies.plan.analysis import Planner
from sim.studies.plan.search import Candidate, Space, non_dominated, search
from sim.studies.plan.spec import AS_IT_STANDS, Budget, Spec, check, issues
from sim.studies.plan.tables import Findings, scenario_of
from sim.studies.plan.values import (
    Evaluator,
    Sample,
    Value,
    _joined,
    chances,
    met,
    regret_of,
    regrets,
    sure_margin,
)
from sim.studies.plausible import plausible_sets
from sim.studies.result import Result, load
from sim.studies.spec import Study, StudyError, parse_study
from sim.studies.verify import first_difference
from tests.cases import codose, command_line, tiny

pytest.importorskip("optuna")
pytest.importorskip("sklearn")

REPO = Path(__file__).resolve().parents[2]
PLAN = StudyKind.of("plan")
TINY = """
kind: plan
scenario: classroom
outcomes: [integration]
weeks: [end_of_ta]
levers:
  onsite.every_weeks: {choices: [never, 26, 13]}
  video.every_weeks: [1, 8]
  video.hours: [1, 3]
  co_creation: {from: 0.2, to: 1, step: 0.2}
budget: {money: 20000}
targets: [{outcome: integration, at_least: 0.15, probability: 0.6}]
search: {plans: 40, population: 10, sets: 12, replicates: 2}
confirm: {plans: 8, sets: 80, replicates: 4, failure_sets: 200}
start_date: 2027-01-04
"""


@functools.cache
def study_of(text: str) -> Study[Spec]:
    """A checked study."""
    found = parse_study(text, Spec, issues=issues)
    check(found)
    return found


@pytest.fixture(scope="module")
def whole() -> Findings:
    """One tiny search, before it is put into tables."""
    return Planner(study_of(TINY), Runner(Execution())).found()


@pytest.fixture(scope="module")
def found() -> Result:
    """The same as anybody asks it."""
    return ask(study_of(TINY))


def best(found: Result) -> Any:
    """The recommended plan."""
    frame = found.table("plans")
    return frame[frame["recommended"]].iloc[0]


# --- the front ------------------------------------------------------------------------------------


def dominates(a: np.ndarray, b: np.ndarray) -> bool:
    """By the definition: nowhere worse, somewhere better (low is good)."""
    pairs = list(zip(a, b, strict=True))
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)


@given(
    st.lists(
        st.lists(st.integers(0, 4).map(float) | st.just(math.nan), min_size=3, max_size=3),
        min_size=1,
        max_size=25,
    )
)
def test_front_is_what_nothing_dominates(rows: list[list[float]]) -> None:
    points = np.array(rows)
    known = [row for row in points if not np.isnan(row).any()]
    for row, kept in zip(points, non_dominated(points), strict=True):
        wanted = not np.isnan(row).any() and not any(dominates(other, row) for other in known)
        assert kept == wanted


def test_reported_front_has_no_dominated_plan(found: Result) -> None:
    table = found.table("plans")
    points = table.loc[table["on_front"], ["spend", "integration_end_of_ta"]].to_numpy(copy=True)
    points[:, 1] *= -1
    assert len(points) >= 2
    for a, b in itertools.permutations(points, 2):
        assert not dominates(a, b)


# --- the budget -----------------------------------------------------------------------------------


def test_no_plan_exceeds_the_budget(whole: Findings, found: Result) -> None:
    limit = 20000
    assert (found.table("searched")["spend"] <= limit).all()
    plans = found.table("plans")
    assert (plans[plans["plan"] != AS_IT_STANDS]["spend"] <= limit).all()
    for value in [*(one.value for one in whole.plans), *whole.confirmed.values()]:
        assert value.cost.max() <= limit
    assert (plans["expected_spend"] <= plans["planned_cost"]).all()


@pytest.mark.parametrize("name", ["source", "core_team", "provider_overload", "intensive_start"])
def test_planned_cost_bounds_every_run(name: str) -> None:
    scenario = Scenario.shipped(name)
    said = planned(scenario).total
    sets = plausible_sets(10).within(scenario)
    runs = summaries(scenario, sets, 4, 1, [scenario.horizon_weeks])
    assert runs.of("cost").max() <= said.money * (1 + 1e-12)
    assert runs.of("provider_hours").max() <= said.provider_hours * (1 + 1e-12)
    assert (runs.of("contacts_planned") == said.contacts).all()


def test_planned_cost_is_reached_when_nothing_fails() -> None:
    sure = {
        "provider_cancels": -50.0,
        "provider_cancels_slope": 0.0,
        "region_cancels": -50.0,
        "region_cancels_slope": 0.0,
        "attendance_base": 50.0,
        "attendance_slope": 0.0,
    }
    scenario = Scenario.shipped("source").replace(parameters=sure, beyond_range=True)
    runs = summaries(scenario, [scenario.parameter_set()], 3, 1, [scenario.horizon_weeks])
    assert runs.of("cost") == pytest.approx(planned(scenario).total.money, rel=1e-9)


def test_planned_cost_by_year_and_by_payer() -> None:
    """Years are 52 weeks from the first of the plan; they add up, and a log is money spent."""
    scenario = Scenario.from_text("""
name: two years after a log
horizon_weeks: 200
regions: {candidates: 1, count: 1, selection: all, staff: 10}
contact_log:
  rows:
    - {week: 2, region: region_1, mode: onsite, hours: 2, status: held}
    - {week: 9, region: region_1, mode: onsite, hours: 2, status: region_cancelled}
dosage:
  - {mode: video, every_weeks: 13, hours: 1, first_week: 20, last_week: 71}
  - {mode: onsite, every_weeks: 26, hours: 2, first_week: 72, last_week: 123}
costs: {provider_hour: 100, staff_hour: 10, travel_visit: 500}
parameters: {calendar_stagger: 0.0}
""")
    cost = planned(scenario)
    assert (cost.weeks, len(cost.years)) == (104, 2)
    first, second = cost.years
    assert (first.contacts, first.visits, second.contacts, second.visits) == (4, 0, 2, 2)
    assert first.centre == pytest.approx(4 * 100 * (1 + 1 + 0.5))
    assert first.regions == pytest.approx(4 * 10 * 10)
    assert cost.total.centre == pytest.approx(first.centre + second.centre)
    # A contact that the region cancelled had been prepared, and nobody travelled.
    assert (cost.spent.contacts, cost.spent.visits) == (2, 1)
    assert cost.spent.preparation_hours == pytest.approx(2 * 2)
    assert cost.spent.regions == pytest.approx(2 * 10 * 10)
    assert planned(scenario.stopping_now()).total.money == 0
    assert planned(scenario.stopping_now()).spent == cost.spent
    assert Budget(money=1, per="year", of="centre").spend(cost) == second.centre
    assert Budget(money=1, per="year").spend(cost) == second.money
    assert Budget(money=1, of="regions").spend(cost) == cost.total.regions
    assert Budget(money_a_week=1).spend(cost) == pytest.approx(cost.total.money / 104)


@pytest.mark.parametrize("timing", ["irregular", "on_demand"])
def test_contacts_without_a_date_are_planned_by_their_expected_number(timing: str) -> None:
    text = """
name: by chance
horizon_weeks: 100
regions: {candidates: 1, count: 1, selection: all, staff: 10}
dosage: [{mode: video, every_weeks: 5, hours: 2, last_week: 100, timing: TIMING}]
"""
    by_chance = planned(Scenario.from_text(text.replace("TIMING", timing))).total
    dated = planned(Scenario.from_text(text.replace("TIMING", "scheduled"))).total
    assert by_chance.contacts == pytest.approx(20) == dated.contacts
    assert by_chance.money == pytest.approx(dated.money)


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        ("{money: 300000, per: year, of: centre}", "300,000 money of the centre a year"),
        ("{money_a_week: 5769}", "5,769 money of centre and regions a week"),
        ("{provider_hours: 900, per: year}", "900 provider hours a year"),
        ("{money: 1, per: month}", "total, year, week"),
        ("{money_a_week: 1, per: year}", "goes with money; money_a_week is a week's already"),
        ("{provider_hours: 1, of: regions}", "provider hours are the centre's"),
        ("{of: centre}", "gives no amount"),
        ("{money: 1, of: center}", "did you mean 'centre'"),
    ],
)
def test_budgets_say_whose_money_and_how_often(budget: str, text: str) -> None:
    given = TINY.replace("{money: 20000}", budget)
    try:
        said = parse_study(given, Spec, issues=issues).header.budget.text
    except StudyError as error:
        said = str(error)
        assert ":11:" in said
    assert text in said


def test_planned_cost_by_hand() -> None:
    scenario = Scenario.from_text("""
name: by hand
horizon_weeks: 40
regions: {candidates: 2, count: 2, selection: all, staff: 10, core_team: 0.5}
providers: {count: 1}
dosage: [{mode: onsite, every_weeks: 10, hours: 2, last_week: 40}]
costs: {provider_hour: 100, staff_hour: 10, travel_visit: 500}
""")
    cost = planned(scenario)
    said = cost.total
    visits = 4 + 4 - (said.contacts < 8)  # the second region's calendar is shifted
    assert said.contacts == said.visits == visits
    # 2 h of contact, 1 + 0.5 * 2 h of preparation, 6 h of travel; five people for 2 h
    assert said.provider_hours == pytest.approx(visits * 10)
    assert said.money == pytest.approx(visits * (10 * 100 + 5 * 2 * 10 + 500))
    assert said.centre == pytest.approx(visits * (10 * 100 + 500))
    assert said.regions == pytest.approx(visits * 5 * 2 * 10)
    assert Budget(provider_hours_a_week=1).spend(cost) == pytest.approx(visits * 10 / 40)
    assert Budget(money=1, per="week", of="centre").spend(cost) == pytest.approx(said.centre / 40)


def test_impossible_budget_names_the_cheapest_plan() -> None:
    few = TINY.replace("step: 0.2", "step: 0.8")
    text = few.replace("money: 20000", "money: 100")
    with pytest.raises(StudyError, match="the cheapest takes") as caught:
        ask(study_of(text))
    problem = caught.value.problem
    assert problem.field == "budget.money"
    assert problem.line == 11
    space = Space(study_of(few).scenario, study_of(few).header.levers, Budget())
    least = min(
        space.spend(tuple(choice))
        for choice in np.ndindex(*(len(lever.values) for lever in space.levers))
    )
    assert f"the cheapest takes {least:,.0f}" in problem.message


# --- how surely -----------------------------------------------------------------------------------


def test_reported_probability_is_confirmed_on_fresh_seeds(whole: Findings, found: Result) -> None:
    table = found.table("targets")
    row = table[table["recommended"]].iloc[0]
    header = whole.study.header
    fresh = Evaluator(header, Sample(plausible_sets(400, 987), 4, 424242), Runner(Execution()))
    again = share(met(fresh.value(whole.best.candidate.scenario).targets[0], header.targets[0]))
    assert row["low"] <= row["probability"] <= row["high"]
    # two estimates of one probability: their 90 % intervals meet but in about 1 of 50 cases
    assert again.low <= row["high"]
    assert again.high >= row["low"]
    assert row["high"] - row["low"] < 0.25


def test_interval_of_a_probability_covers_it() -> None:
    """Sets with chances of their own, beta distributed: the interval covers their mean."""
    generator = np.random.default_rng(5)
    hits, truth = 0, 2 / 5
    for _ in range(400):
        each = generator.beta(2, 3, size=60)
        runs = generator.random((60, 4)) < each[:, None]
        said = share(runs)
        hits += said.low <= truth <= said.high
    # nominal .90, SE of the share .015
    assert 0.84 <= hits / 400 <= 0.96


def test_a_probability_of_one_still_has_an_interval() -> None:
    said = share(np.ones((50, 4), dtype=bool))
    assert said.p == 1.0
    assert 0.9 < said.low < 1.0


def test_winners_curse_is_shown(found: Result, whole: Findings) -> None:
    table = found.table("chosen")
    assert {"search", "fresh", "confirmed", "low", "high"} <= set(table.columns)
    rows = table[table["quantity"] == "integration_end_of_ta"]
    assert len(rows) == len(whole.chosen)
    # three samples, each drawn anew: they agree, and not to the last digit
    for row in rows.to_dict("records"):
        assert len({row["search"], row["fresh"], row["confirmed"]}) == 3
        assert row["fresh"] == pytest.approx(row["confirmed"], abs=0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 1), st.floats(0.05, 1))
def test_margin_is_met_when_the_probability_is(
    values: list[float], level: float, probability: float
) -> None:
    target = (
        study_of(TINY)
        .header.targets[0]
        .model_copy(update={"at_least": level, "probability": probability})
    )
    array = np.array([values])
    share = np.mean(np.array(values) >= level)
    failed = np.zeros(array.shape, dtype=bool)
    assert (sure_margin(array, target, failed) >= 0) == (share >= probability - 1e-9)


def test_regret_by_hand() -> None:
    a, b = np.array([[1.0], [0.2], [0.5]]), np.array([[0.4], [0.8], [0.5]])
    found = regrets([a, b], 1.0)
    assert found[0] == pytest.approx([0.0, 0.6, 0.0])
    assert found[1] == pytest.approx([0.6, 0.0, 0.0])
    assert regrets([a, b], -1.0)[0] == pytest.approx([0.6, 0.0, 0.0])
    assert regret_of(np.arange(11.0)[None, :])[0] == 9.0  # nine in ten, of 0 to 10


def test_worst_region_and_spread_by_hand() -> None:
    regions = np.array([[[0.2, 0.6]], [[0.4, 0.1]], [[0.3, 0.3]]])  # region, set, replicate
    failed = np.zeros(regions[0].shape, dtype=bool)
    value = Value(regions[:1], regions[:0], regions[None], regions[0], failed)
    assert value.worst_region(0, 1.0) == pytest.approx((0.2 + 0.1) / 2)
    assert value.worst_region(0, -1.0) == pytest.approx((0.4 + 0.6) / 2)  # when less is better
    assert value.spread(0) == pytest.approx((0.2 + 0.5) / 2)


def test_mean_interval_treats_sets_as_units() -> None:
    one = np.array([[1.0, 1.0], [3.0, 3.0], [2.0, 2.0]])
    middle, low, high = mean_interval(one)
    assert middle == 2.0
    # t of 2 degrees of freedom at .95 is 2.919986 (tables); SE = 1 / sqrt(3)
    assert high - middle == pytest.approx(2.919986 / math.sqrt(3), rel=1e-6)
    assert middle - low == pytest.approx(high - middle)


# --- the search -----------------------------------------------------------------------------------


def test_search_finds_the_best_of_a_known_problem() -> None:
    """Sum of settings as score, the budget a limit on their number: the front is known."""
    study = study_of(TINY)
    space = Space(study.scenario, study.header.levers, Budget())

    def score(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
        return [(-one.planned.total.money,) for one in candidates]

    cheapest = space.extreme(1.0)
    done = search(
        space, score, criteria=1, limit=20000.0, plans=60, population=10, seed=3, first=[cheapest]
    )
    assert len(done) == 60
    assert max(done, key=lambda c: done[c][0]) == space.same_as(cheapest)
    assert all(space.spend(choice) <= 20000.0 for choice in done)


def test_plans_that_are_the_same_scenario_are_one() -> None:
    study = study_of(TINY.replace("  co_creation", "  onsite.hours: [1, 4]\n  co_creation"))
    space = Space(study.scenario, study.header.levers, Budget())
    names = [lever.name for lever in space.levers]
    base = [0] * len(names)
    other = list(base)
    other[names.index("onsite.hours")] = 2
    assert space.settings(tuple(base))["onsite.every_weeks"] == "never"
    assert space.same_as(tuple(base)) == space.same_as(tuple(other))


def test_plans_are_scored_a_generation_at_a_time() -> None:
    """A store has a folder for every batch: there may not be one for every plan."""
    study = study_of(TINY)
    space = Space(study.scenario, study.header.levers, Budget())
    sizes = []

    def score(candidates: Sequence[Candidate]) -> list[tuple[float, ...]]:
        sizes.append(len(candidates))
        return [(one.planned.months,) for one in candidates]

    done = search(space, score, criteria=1, limit=None, plans=60, population=20, seed=3)
    assert sum(sizes) == len(done) == 60
    assert len(sizes) < 12


def test_reference_is_the_scenario_as_it_stands(whole: Findings, found: Result) -> None:
    assert whole.reference is not None
    assert whole.reference[0] == planned(Scenario.shipped("classroom"))
    assert found.table("plans").iloc[-1]["plan"] == AS_IT_STANDS
    assert f"For comparison, {AS_IT_STANDS}:" in " ".join(found.answer.notes)


def test_what_the_money_buys_is_said_against_no_assistance(whole: Findings, found: Result) -> None:
    table = found.table("gains")
    row = table[(table["plan"] == whole.best.name) & (table["against"] == "no assistance")].iloc[0]
    third = whole.confirmed[whole.best.name].objectives[0]
    gained = whole.gains["no assistance"][whole.best.name]
    assert gained.shape == (1, *third.shape)
    assert row["gain"] == pytest.approx(gained.mean())
    assert row["low"] < row["gain"] < row["high"]
    assert f"better in {row['better']:,} of {row['n']:,} runs" in found.answer.text
    costs = found.table("costs")
    for one in whole.chosen:
        ours = costs[costs["plan"] == one.name]
        assert ours["planned_cost"].sum() == pytest.approx(one.planned.total.money)
        assert ours["planned_cost_centre"].sum() == pytest.approx(one.planned.total.centre)
    cost = whole.best.planned.total
    assert f"centre {cost.centre:,.0f}, regions {cost.regions:,.0f}" in found.answer.text


def test_every_outcome_and_every_target_is_answered() -> None:
    """Not the first outcome alone: verdict, interval, cost and n of n of each, a row a plan."""
    found = ask(
        study_of(
            TINY.replace("outcomes: [integration]", "outcomes: [trust, workload]")
            .replace("plans: 40", "plans: 12")
            .replace("targets: [", "targets: [{outcome: trust, at_least: 0.3, probability: 0.5}, ")
        )
    )
    gains = found.table("gains")
    for name, row in found.answer.rows.items():
        for outcome in ("trust", "workload"):
            mine = gains[(gains["plan"] == name) & (gains["against"] == AS_IT_STANDS)]
            (one,) = mine[mine["quantity"] == f"{outcome}_end_of_ta"].to_dict("records")
            assert f"{one['verdict']} in {outcome} at the end of TA" in row
            if one["verdict"] == "better":  # less workload is
                assert (one["gain"] > 0) == (outcome == "trust")
        for words in ("planned cost", "centre", "regions", "expected spend", "320 of 320 runs"):
            assert words in row
    for words in ("trust of at least 0.3", "integration of at least 0.15"):
        assert words in found.answer.text
    for words in ("has the most trust at the end of TA", "has the least workload at the end of TA"):
        assert words in " ".join(found.answer.notes)


class Luck:
    """Values in which plan ``i`` reaches the target in as many of 100 runs as is said."""

    def __init__(self, **reached: int) -> None:
        self.reached = reached

    def values(self, scenarios: Sequence[Any]) -> list[Value]:
        found = []
        for name in scenarios:
            hits = np.arange(100) < self.reached[name]
            values = hits.astype(float).reshape(100, 1)
            none = np.zeros((100, 1), dtype=bool)
            found.append(Value(values[None], values[None], values[None, None], values, none))
        return found


@pytest.mark.parametrize(
    ("third", "role", "name", "tried"),
    [
        ((90, 90, 90), "cheapest", "a", ("a",)),
        ((40, 90, 90), "cheapest", "b", ("a", "b")),
        ((62, 90, 90), "cheapest", "b", ("a", "b")),  # a by the estimate only
        ((40, 62, 61), "cheapest", "b", ("a", "b", "c")),  # none surely: the cheapest that may
        ((40, 50, 45), "closest", "b", ("a", "b", "c")),
    ],
)
def test_what_meets_the_targets_meets_them_again(
    third: tuple[int, int, int], role: str, name: str, tried: tuple[str, ...]
) -> None:
    """Plans that met them on the fresh sample are held against the third, in order of spending."""
    from types import SimpleNamespace

    planner = Planner(study_of(TINY), Runner(Execution()))
    (fresh,) = Luck(x=90).values(["x"])
    plans: list[Any] = [
        SimpleNamespace(
            name=one, candidate=SimpleNamespace(scenario=one), value=fresh,
            chances=chances(fresh, planner.header.targets), regrets=(0.0,),
        )
        for one in "abc"
    ]  # fmt: skip
    sample: Any = Luck(**dict(zip("abc", third, strict=True)))
    roles, confirmed, names = planner.choose(plans, sample)
    assert next(iter(roles)) == role
    assert roles[role].name == name
    assert names == tried
    assert set(tried) <= set(confirmed)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (0.05, "The cheapest plan found that meets the targets is"),
        (0.999, "No plan was found within these levers and 20,000 money"),
    ],
)
def test_meeting_the_targets_holds_for_the_confirmation(asked: float, words: str) -> None:
    """The verdict is that of the last sample, which did not choose the plan."""
    text = TINY.replace("probability: 0.6", f"probability: {asked}").replace(
        "plans: 40", "plans: 10"
    )
    found = ask(study_of(text))
    assert found.answer.verdict.startswith(words)
    table = found.table("targets")
    assert (table["surely"] == (table["low"] >= asked)).all()
    assert (table["runs"] == 80 * 4).all()


def test_unreachable_target_says_the_best_reached() -> None:
    text = TINY.replace("at_least: 0.15, probability: 0.6", "at_least: 0.95, probability: 0.9")
    answer = ask(study_of(text.replace("plans: 40", "plans: 10"))).answer
    assert answer.verdict.startswith(
        "No plan was found within these levers and 20,000 money of centre and regions in total "
        "that reaches integration of at least 0.95 at the end of TA with probability 0.9"
    )
    assert "does not reach integration of at least 0.95" in answer.text
    assert "0 of 320 runs" in answer.text
    assert "with the wanted probability, it reaches 0." in answer.text


def test_no_value_no_front() -> None:
    text = TINY.replace("outcomes: [integration]", "outcomes: [attendance]").replace(
        "weeks: [end_of_ta]", "weeks: [start]"
    )
    with pytest.raises(InputError, match="no plan has a value for attendance at the start"):
        ask(study_of(text.replace("plans: 40", "plans: 10")))


# --- when it fails --------------------------------------------------------------------------------


def test_a_planted_box_is_found() -> None:
    generator = np.random.default_rng(2)
    x = generator.random((4000, 4))
    inside = (x[:, 0] < 0.3) & (x[:, 2] > 0.6)
    failed = generator.random((4000, 1)) < np.where(inside, 0.9, 0.05)[:, None]
    found = discover(x, ["a_first", "b", "c_third", "d"], failed)
    box = found.boxes[0]
    limits = {name: (low, high) for name, low, high in box.limits}
    assert set(limits) == {"a_first", "c_third"}
    assert limits["a_first"][1] == pytest.approx(0.3, abs=0.03)
    assert limits["c_third"][0] == pytest.approx(0.6, abs=0.03)
    assert box.density == pytest.approx(0.9, abs=0.06)
    assert box.coverage == pytest.approx(0.12 * 0.9 / (0.12 * 0.9 + 0.88 * 0.05), abs=0.07)


def test_no_pattern_no_box() -> None:
    generator = np.random.default_rng(3)
    failed = generator.random((2000, 2)) < 0.3
    found = discover(generator.random((2000, 5)), list("abcde"), failed)
    assert found.boxes == ()
    few = discover(generator.random((100, 2)), ["a", "b"], np.zeros((100, 2), dtype=bool))
    assert few.few


def test_rank_correlations_by_hand() -> None:
    x = np.column_stack([np.arange(50.0), np.arange(50.0)[::-1] ** 3, np.ones(50)])
    rows = drivers(x, ["up", "down", "fixed"], np.exp(np.arange(50.0) / 50))
    assert {one.name: round(one.rho) for one in rows} == {"up": 1, "down": -1}
    assert all(one.clear for one in rows)


# --- levers ---------------------------------------------------------------------------------------


def test_levers_make_the_scenario() -> None:
    source = Scenario.shipped("source")
    made = with_levers(
        source,
        {
            "onsite.every_weeks": "never",
            "phone.every_weeks": 2.0,
            "phone.hours": 0.5,
            "months": 12.0,
            "core_team": 0.5,
            "sites_per_provider": 2.0,
        },
    )
    assert [series.mode for series in made.dosage] == ["video", "phone"]
    assert made.end_of_ta == 52
    assert made.dosage[1].every_weeks == 2.0
    assert made.dosage[1].co_creation == 0.6
    assert made.providers.count == 2
    assert made.regions.core_team == 0.5
    assert with_levers(source, {}).digest() == source.digest()


def test_months_move_the_last_phase_and_no_later() -> None:
    phases = Scenario.shipped("delivery_phase")
    made = with_levers(phases, {"months": 24.0})
    assert made.end_of_ta == 104
    assert [series.last_week for series in made.dosage] == [78, 78, 104]


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        ("video.hours: [1, 3]|video.hour: [1, 3]", 9, "did you mean 'video.hours'?"),
        ("video.hours: [1, 3]|video.hours: [3, 1]", 7, "the bounds are reversed (3 is above 1)"),
        ("video.hours: [1, 3]|video.hours: [2, 2]", 7, "nothing to choose"),
        ("video.hours: [1, 3]|hours: [1, 3]\n  video.hours: [1, 2]", 10, "keep one of them"),
        (
            "video.hours: [1, 3]|functions.learnin: [0.1, 0.5]",
            9,
            "did you mean 'functions.learning'?",
        ),
        (
            "video.hours: [1, 3]|functions: {choices: [training, trainig]}",
            9,
            "did you mean 'training'?",
        ),
        ("video.hours: [1, 3]|functions.review: [0.1, 1.5]", 9, "is not a share of the time"),
        (
            "video.hours: [1, 3]|functions: {choices: [training, reference]}\n"
            "  functions.review: [0.1, 0.5]",
            10,
            "keep one of them",
        ),
        ("video.hours: [1, 3]|video.hours: [1, 90]", 9, "cannot be 60.5 h"),
        ("video.hours: [1, 3]|phone.hours: [1, 3]", 9, "a lever phone.every_weeks is needed"),
        ("{money: 20000}|{money: 1, provider_hours: 2}", 11, "gives money and provider_hours"),
        ("at_least: 0.15|at_least: 1.3", 12, "no plan can reach 1.3: integration is within 0..1"),
        ("at_least: 0.15|at_most: 0.3, at_least: 0.2", 12, "needs one of at_least and at_most"),
        ("outcome: integration|outcome: integretion", 12, "did you mean 'integration'?"),
        ("scenario: classroom|scenario: on_demand", 3, "timing: scheduled in every series"),
        ("kind: plan|kind: plan\nreplicates: 5", 3, "is not used by a plan"),
        ("kind: plan|kind: plan\nsamples: 5", 3, "samples: is not a field"),
        ("plans: 40|plans: 6", 13, "is larger than the number of plans"),
        ("weeks: [end_of_ta]|weeks: [end_of_ta]\nover_regions: total", 4, "only effects"),
        ("video.hours: [1, 3]|months: [3, 40]", 9, "beyond the horizon"),
        ("weeks: [end_of_ta]|weeks: [year_after]", 5, "past the horizon"),
    ],
)
def test_messages(change: str, line: int, words: str) -> None:
    old, _, new = change.partition("|")
    assert old in TINY
    with pytest.raises(StudyError) as caught:
        study_of(TINY.replace(old, new, 1))
    text = str(caught.value)
    assert words in text
    assert f":{line}:" in text, text


def test_months_against_a_later_question() -> None:
    text = TINY.replace("scenario: classroom", "scenario: source").replace(
        "weeks: [end_of_ta]", "weeks: [year_after]"
    )
    text = text.replace("video.hours: [1, 3]", "months: [6, 27]")
    with pytest.raises(StudyError, match="at most 24 months"):
        study_of(text)


def test_shipped_study_reads() -> None:
    found = PLAN.read("plan")
    assert found.header.start_date is not None
    assert found.scenario.name.startswith("Source case")


# --- a centre's own start -------------------------------------------------------------------------


def test_plan_goes_on_after_a_log() -> None:
    """Own starting means, a log so far, the plan from the week after it: only that is budgeted."""
    text = """
kind: plan
scenario: centre_log
levers: {video.every_weeks: [3, 6], months: {choices: [6, 12]}}
budget: {provider_hours: 400}
search: {plans: 6, population: 4, sets: 6, replicates: 1}
confirm: {plans: 3, sets: 12, replicates: 1, failure_sets: 60}
"""
    study = study_of(text)
    own = study.scenario.replace(
        regions={
            **study.scenario.to_dict()["regions"],
            "overrides": {
                "lakes": {"start": {"knowledge": 0.3, "trust": 0.5}},
                "coast": {"start": {"knowledge": 0.6}},
            },
        }
    )
    found = plan({**yaml.safe_load(text), "scenario": own})
    last_logged = max(row.week for row in own.contact_log.rows)  # type: ignore[union-attr]
    calendar = found.table("calendar")
    assert calendar["week"].min() > last_logged
    assert set(calendar["region"]) == {"lakes", "plains", "coast"}
    assert calendar["week_begins"].iloc[0] == "2017-10-31"  # 52 weeks after the log's first day
    plans = found.table("plans")
    assert (plans[plans["plan"] != AS_IT_STANDS]["spend"] <= 400).all()
    assert {"no assistance", "stopping now"} <= set(found.table("gains")["against"])
    assert "that the contact log took" in found.answer.text
    made = scenario_of(found.study, best(found))
    assert made.contact_log == own.contact_log
    assert made.regions.overrides == own.regions.overrides
    runs = summaries(made, [made.parameter_set()], 60, 1, [0])
    assert runs.of("knowledge", region="coast").mean() == pytest.approx(0.6, abs=0.03)
    assert runs.of("knowledge", region="lakes").mean() == pytest.approx(0.3, abs=0.03)


def test_the_files_of_the_document_are_sound() -> None:
    import re

    text = (REPO / "docs/how-to/budget.md").read_text(encoding="utf-8")
    study, centre = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(study_of(study).header.levers) == 5
    scenario = Scenario.from_text(centre, folder=REPO / "scenarios")
    assert scenario.plan_start == scenario.dosage[0].first_week == 53
    assert scenario.regions.overrides["lakes"].start.knowledge == 0.35


# --- a planner's own questions --------------------------------------------------------------------

CENTRE = """
name: our centre
horizon_weeks: 156
regions: {candidates: 12, count: 12, selection: all, staff: 12}
providers: {count: 6, weekly_hours: 20}
dosage:
  - {mode: onsite, every_weeks: 13, hours: 4, last_week: 104, co_creation: 0.6}
  - {mode: video, every_weeks: 4, hours: 1.5, first_week: 3, last_week: 104, co_creation: 0.6}
costs: {provider_hour: 100, staff_hour: 50, travel_visit: 600}
"""


@pytest.mark.parametrize(("of", "over"), [("both", True), ("centre", False)])
def test_whose_money_it_is_decides_what_fits(of: str, over: bool) -> None:
    """300,000 a year: the plan as it stands is within the centre's, and beyond that of all."""
    cost = planned(Scenario.from_text(CENTRE))
    assert len(cost.years) == 2
    assert (Budget(money=300_000, per="year", of=of).spend(cost) > 300_000) is over  # type: ignore[arg-type]
    assert cost.total.regions / cost.total.money > 0.6


def test_phases_and_events_are_told_as_they_are() -> None:
    """A plan in phases is not told as if everything went on side by side."""
    phases = Scenario.from_text(CENTRE).replace(
        dosage=[
            {"mode": "onsite", "every_weeks": 13, "hours": 4, "last_week": 52},
            {"mode": "onsite", "every_weeks": 26, "hours": 4, "first_week": 53, "last_week": 104},
        ],
        shocks=[{"week": 53, "kind": "provider_leaves", "provider": "provider_1"}],
    )
    assert described(phases) == (
        "a visit of 4 h every 13 weeks in weeks 1 to 52 and a visit of 4 h every 26 weeks in weeks "
        "53 to 104 for 24 months, planned co-creation 0.6 (12 regions, 6 providers); provider "
        "leaves in week 53"
    )


def test_regions_stand_in_the_order_of_the_scenario() -> None:
    """Each with its own numbers for every outcome; overrides of single regions are kept."""
    found = plan(
        {
            "scenario": Scenario.from_text(CENTRE).replace(
                regions={
                    "candidates": 3, "count": 3, "selection": "all", "staff": 12,
                    "names": ["III", "IX", "I"], "overrides": {"IX": {"staff": 7}},
                }
            ),
            "outcomes": ["trust", "integration"],
            "levers": {"video.every_weeks": [2, 5]},
            "search": {"plans": 4, "population": 4, "sets": 4, "replicates": 1},
            "confirm": {"plans": 2, "sets": 10, "replicates": 1, "failure_sets": 50},
        }
    )  # fmt: skip
    table = found.table("regions")
    first = table[table["plan"] == best(found)["plan"]]
    assert first["region"].tolist() == ["III", "IX", "I"] * 2
    assert set(first["quantity"]) == {"trust_end_of_ta", "integration_end_of_ta"}
    assert scenario_of(found.study, best(found)).regions.overrides["IX"].staff == 7


def test_fewer_regions_are_held_against_their_own_selves_without_assistance() -> None:
    """A lever that changes the regions changes both sides of a gain."""
    found = plan(
        {
            "scenario": "source",
            "outcomes": ["effect on integration"],
            "over_regions": "total",
            "levers": {"regions": [1, 3]},
            "search": {"plans": 4, "population": 4, "sets": 4, "replicates": 1},
            "confirm": {"plans": 3, "sets": 10, "replicates": 1, "failure_sets": 50},
        }
    )
    gains = found.table("gains")
    assert gains["gain"].notna().all()
    assert {"no assistance", AS_IT_STANDS} == set(gains["against"])


def test_the_worst_region_is_a_region_of_totals_too() -> None:
    """Of 5 and 7 commitments lapsed, 12 overall, 7 is the worst region; of trust the lowest."""
    lapsed, trust = np.array([[5.0], [7.0], [12.0]]), np.array([[0.5], [0.3], [0.4]])
    assert _joined(lapsed, "worst", -1.0).tolist() == [7.0]
    assert _joined(trust, "worst", 1.0).tolist() == [0.3]
    assert _joined(trust, "mean", 1.0).tolist() == [0.4]
    assert _joined(lapsed, "total", -1.0).tolist() == [12.0]


# --- shards --------------------------------------------------------------------------------------


def test_a_shard_of_a_search_says_what_comes_next(tmp_path: Path) -> None:
    words = [*command_line(tiny("plan"), tmp_path), "--shard", "1/2", "--out"]
    ran = codose(*words, tmp_path / "one")
    assert ran.exit_code == 0, ran.stderr
    said = " ".join(ran.stderr.split())
    assert "the step 01-search; the steps are every generation of the search" in said
    assert "Shards that work in one folder share them out too" in said
    ran = codose(*words, tmp_path / "other", "--json", "--quiet")
    assert json.loads(ran.stdout)["step"] == "01-search"
    assert ran.stderr == ""


@pytest.mark.slow
def test_shards_in_one_folder_share_every_generation(tmp_path: Path) -> None:
    words, shared = command_line(tiny("plan"), tmp_path), tmp_path / "shared"
    steps: list[str] = []
    while not steps or steps[-1]:
        shard = ["--shard", f"{1 + len(steps) % 2}/2", "--resume", "--json", "--quiet"]
        ran = codose(*words, "--out", shared, *shard)
        assert ran.exit_code == 0, ran.stderr
        steps.append(json.loads(ran.stdout).get("step", ""))
    assert {"01-search", "02-search"} < set(steps)
    assert len({step.partition("-")[2] for step in steps}) > 3
    ran = codose("merge", shared, "--out", tmp_path / "joined", "--no-figures", "--quiet")
    assert ran.exit_code == 0, ran.stderr
    assert first_difference(load(tmp_path / "joined").tables, ask(tiny("plan")).tables) == ""
