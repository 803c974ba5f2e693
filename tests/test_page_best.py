"""Best use of a budget on the page: what it reports, the commands say of the same plans."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from page_app import ask, unlike

from sim.engine import artefact
from sim.model.dosage import planned
from sim.page.data import page_data
from sim.runs.collect import Points
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, independent
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.components import mean
from sim.stats.intervals import share
from sim.studies.budget import Budget
from sim.studies.compare import compare
from sim.studies.plan.search import non_dominated
from sim.studies.plan.spec import Target
from sim.studies.plan.values import met
from sim.studies.plausible import PlausibleSets, plausible_sets
from sim.studies.surface import surface

CLOSE = 1e-12
SETS, REPLICATES = 8, 2
LIMIT = 30_000
PLAN: dict[str, Any] = {
    "name": "small",
    "horizon_weeks": 60,
    "start_date": "2027-01-04",
    "regions": {"candidates": 2, "count": 2, "selection": "all", "staff": 6},
    "providers": {"count": 2, "weekly_hours": 12},
    "dosage": [
        {"mode": "onsite", "every_weeks": 13, "hours": 3, "last_week": 52, "taper": 0.5},
        {"mode": "video", "every_weeks": 4, "hours": 1, "last_week": 52, "taper": 0.5},
    ],
    "shocks": [{"kind": "dosage_cut", "week": 30, "until_week": 40, "factor": 0.5}],
}
LOGGED: dict[str, Any] = {
    **PLAN,
    "name": "logged",
    "contact_log": {"rows": [
        {"week": 2, "region": "region_1", "mode": "onsite", "hours": 3},
        {"week": 7, "region": "region_2", "mode": "video", "hours": 1},
    ]},
    "dosage": [{"mode": "video", "every_weeks": 4, "hours": 1, "first_week": 9, "last_week": 52}],
}  # fmt: skip
LEVERS = {
    "calls": ["video", "phone"], "callEvery": [1, 4], "callHours": [1], "visitEvery": [8, 13],
    "visitHours": [3], "together": [0.9], "months": [],
}  # fmt: skip
TARGETS = [{"outcome": "trust", "at_least": 0.45, "when": "end_of_ta", "sure": 0.6}]
MONEY = Budget(money=LIMIT, per="year", of="centre")


def case(plan: dict[str, Any], limit: float | None = LIMIT, **more: Any) -> dict[str, Any]:
    goal = {
        "targets": TARGETS, "outcome": "trust", "when": "end_of_ta",
        "budget": {"a_year": limit, "of": "centre"},
    }  # fmt: skip
    return {"scenario": plan, "goal": goal, "levers": LEVERS, "replicates": REPLICATES, **more}


def mapped(budget: bool, target: bool) -> dict[str, Any]:
    return {
        "outcome": "trust", "mode": "phone", "every": [1, 4, 13], "hours": [1, 2.5],
        "when": "end_of_ta", "target": TARGETS[0] if target else None,
        "budget": {"a_year": LIMIT if budget else None, "of": "centre"},
    }  # fmt: skip


CASES = [
    case(PLAN),
    case(PLAN, workers=1),
    case(LOGGED, None),
    {"scenario": PLAN, "replicates": REPLICATES, "map": mapped(budget=True, target=True)},
    {"scenario": LOGGED, "replicates": REPLICATES, "map": mapped(budget=False, target=False)},
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    data = page_data()
    names = ("schema", "functions", "sets", "parameters", "words", "outcomes", "t", "z")
    given = {name: data[name] for name in names}
    given["sets"] = {**data["sets"], "count": SETS}
    asked = {
        "data": given,
        "layout": str(artefact.SHIPPED / "layout.json"),
        "wasm": str(artefact.SHIPPED / "engine.wasm"),
        "cases": CASES,
    }
    return ask("best", asked, tmp_path_factory.mktemp("best"))


def sets() -> PlausibleSets:
    drawn = plausible_sets().sets[:SETS]
    return PlausibleSets(drawn, "the first of the page's")


def runs_of(scenario: Scenario) -> np.ndarray:
    """Trust at the end of TA, (sets, replicates)."""
    job = independent(scenario, sets().within(scenario), REPLICATES, [scenario.end_of_ta])
    found = execute(RunPlan((job,), scenario.seed), None, Points(("trust",)))
    return found.grid(0)[:, :, 0, -1, 0]


def rows_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [*answer["rows"], *answer["frontier"], *answer["others"]]


@pytest.mark.parametrize("number", [pytest.param(0, marks=pytest.mark.slow), 2])
def test_a_reported_plan_is_judged_by_python_with_equal_numbers(
    page: list[dict[str, Any]], number: int
) -> None:
    """Level, share of runs and cost, of the scenario that Use would make."""
    target = Target(outcome="trust", at_least=0.45, probability=0.6)
    assert len(page[number]["rows"]) >= 3
    for row in rows_of(page[number]):
        scenario = Scenario.from_dict(row["data"])
        values = runs_of(scenario)
        assert unlike(row["level"], mean(values), CLOSE) == []
        found = share(met(values, target))
        wanted = {"p": found.p, "low": found.low, "high": found.high, "hits": found.hits}
        assert unlike(row["reached"][0]["share"], wanted, CLOSE) == []
        cost = planned(scenario)
        assert unlike(row["taken"]["most"], MONEY.spend(cost), CLOSE) == []
        a_year = cost.total.centre / max(1.0, cost.weeks / 52)
        assert unlike(row["taken"]["centre"], a_year, CLOSE) == []


def test_against_your_plan_is_what_compare_says(page: list[dict[str, Any]]) -> None:
    rows = [row for row in page[0]["rows"] if isinstance(row["against"], dict)][:3]
    assert rows
    plans = [Scenario.from_dict({**row["data"], "name": row["key"]}) for row in rows]
    found = compare(
        [Scenario.from_dict(PLAN), *plans], sets=sets(), replicates=REPLICATES, outcomes=["trust"]
    )
    told = found.tables["differences"].frame
    told = told[(told["outcome"] == "trust") & (told["point"] == "end_of_ta")].set_index("b")
    for row in rows:
        wanted = told.loc[row["key"]]
        for name in ("mean", "mean_low", "mean_high", "verdict"):
            assert unlike(row["against"][name], wanted[name], CLOSE) == []


def test_the_cheapest_of_a_small_space_is_that_of_a_full_enumeration(
    page: list[dict[str, Any]],
) -> None:
    """All candidates by Python's levers and runs: none that holds is cheaper, none is left out."""
    base = Scenario.from_dict(PLAN)
    held: list[tuple[float, float, bool]] = []
    for call in (None, "video", "phone"):
        for every in (1, 4) if call else (None,):
            for hours in (1,) if call else (None,):
                for visit in (None, (13, 3), (8, 3)):
                    for together in (None, 0.9):
                        if call or visit:
                            held.append(judged(base, call, every, hours, visit, together))
    holding = [one for one in held if one[2]]
    cheapest = min(one[0] for one in holding)
    rows = [row for row in page[0]["rows"] if row["holds"]]
    assert unlike(rows[0]["taken"]["spend"], cheapest, CLOSE) == []
    within = [(spend, -level) for spend, level, _ in held if spend <= LIMIT]
    front = non_dominated(np.array(within))
    wanted = sorted({one for one, kept in zip(within, front, strict=True) if kept})
    mine = sorted((row["taken"]["spend"], -row["level"]) for row in page[0]["frontier"])
    assert unlike(mine, [list(one) for one in wanted], CLOSE) == []


def judged(
    base: Scenario,
    call: str | None,
    every: int | None,
    hours: int | None,
    visit: tuple[int, int] | None,
    together: float | None,
) -> tuple[float, float, bool]:
    """What a candidate costs a year, its level, and whether it holds on both samples of chance."""
    settings: dict[str, Any] = {}
    for mode in ("video", "phone"):
        if mode == call:
            settings |= {f"{mode}.every_weeks": every, f"{mode}.hours": hours}
        else:
            settings[f"{mode}.every_weeks"] = "never"
    if visit:
        settings |= {"onsite.every_weeks": visit[0], "onsite.hours": visit[1]}
    else:
        settings["onsite.every_weeks"] = "never"
    if together is not None:
        settings["co_creation"] = together
    scenario = with_levers(base, settings)
    values = runs_of(scenario)
    target = Target(outcome="trust", at_least=0.45, probability=0.6)
    cost = planned(scenario)
    fits = MONEY.spend(cost) <= LIMIT
    return cost.total.centre, mean(values), fits and share(met(values, target)).p >= 0.6


def test_no_reported_plan_costs_more_than_the_budget(page: list[dict[str, Any]]) -> None:
    for row in rows_of(page[0]):
        assert MONEY.spend(planned(Scenario.from_dict(row["data"]))) <= LIMIT


def test_every_kind_is_listed_or_told(page: list[dict[str, Any]]) -> None:
    for number in (0, 2):
        kinds = {one["kind"]: one["said"] for one in page[number]["kinds"]}
        assert set(kinds) == {"onsite", "video", "phone", "onsite+video", "onsite+phone"}
        assert not {"searching", "none"} & set(kinds.values())


def test_one_worker_finds_what_two_find(page: list[dict[str, Any]]) -> None:
    names = ("rows", "frontier", "others", "kinds", "own", "tried", "full")
    assert [page[1][name] for name in names] == [page[0][name] for name in names]


def test_a_candidate_keeps_log_and_events(page: list[dict[str, Any]]) -> None:
    for number, plan in ((0, PLAN), (2, LOGGED)):
        whole = Scenario.from_dict(plan).to_dict()
        for row in rows_of(page[number]):
            made = Scenario.from_dict(row["data"]).to_dict()
            assert {**made, "dosage": []} == {**whole, "dosage": []}
            assert all(one["last_week"] == 52 for one in made["dosage"])


@pytest.mark.parametrize("number", [3, 4])
def test_the_map_is_that_of_codose_surface(page: list[dict[str, Any]], number: int) -> None:
    asked, here = CASES[number]["map"], page[number]
    goal = asked["target"]
    limit = asked["budget"]["a_year"]
    found = surface(
        Scenario.from_dict(CASES[number]["scenario"]),
        every_weeks=asked["every"], hours=asked["hours"], mode=["phone"], outcomes=["trust"],
        targets={"trust": goal["at_least"]} if goal else None,
        budget={"money": limit, "per": "year", "of": "centre"} if limit else None,
        sets=sets(), replicates=REPLICATES,
    )  # fmt: skip
    frame = found.tables["surface"].frame
    rows = {(row["every_weeks"], row["hours"]): row for row in frame.to_dict("records")
            if not row["on_budget_line"]}  # fmt: skip
    assert (here["phase"], len(here["cells"])) == ("done", len(rows))
    for cell in here["cells"]:
        row: Any = rows[cell["every"], cell["hours"]]
        assert cell["affordable"] == row["affordable"]
        if not row["affordable"]:
            assert math.isnan(cell["value"])  # null
            continue
        value = cell["value"]
        wanted = {"mean": row["mean"], "gain": row["gain_mean"], "low": row["p05"],
                  "high": row["p95"], "full": True}  # fmt: skip
        assert unlike(value, wanted, CLOSE) == []
        shares = {"p": row["p_target"], "low": row["p_low"], "high": row["p_high"]}
        assert unlike(value["share"], shares, CLOSE) == []
    line = [[row["every_weeks"], row["hours"]] for row in frame.to_dict("records")
            if row["on_budget_line"]]  # fmt: skip
    assert unlike([[one["every"], one["hours"]] for one in here["line"]], line, 1e-9) == []
    level = goal["at_least"] if goal else next(iter(rows.values()))["target"]
    assert unlike(here["level"], level, CLOSE) == []
    assert not math.isnan(level)


def test_deciding_together_costs_no_money_and_preparing_it_does() -> None:
    """What the page says beside its list: prices count hours and travel, whoever decides."""
    told = [
        Scenario.from_dict({
            **PLAN, "dosage": [{**one, "co_creation": share} for one in PLAN["dosage"]],
        })
        for share in (0.0, 0.9)
    ]  # fmt: skip
    assert planned(told[0]) == planned(told[1])
    prepared = told[1].replace(parameters={"preparation_per_hour": 1.5})
    assert planned(prepared).total.centre > planned(told[1]).total.centre
