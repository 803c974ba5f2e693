"""From a plan to runs: the page makes of a scenario what Python makes of it, bit for bit."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from page_app import ask
from strategies import CORNERS, examples, lively, scenarios

from sim.core import outcomes
from sim.engine import artefact
from sim.engine.filling import RESOURCES
from sim.engine.job import job
from sim.model import dosage
from sim.page.data import page_data, said
from sim.runs.collect import Points
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, fresh
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies.plausible import plausible_sets

MOST_SEED = 2**53
WEEKLY = ("trust", "cost")

LOG = [
    {"week": 9, "region": "b", "mode": "video", "hours": 1, "provider": "provider_2"},
    {"week": 2, "region": "a", "mode": "email", "hours": 0.2, "contact": "one"},
    {"week": 2, "region": "b", "mode": "email", "hours": 0.2, "contact": "one", "present": 3},
    {"week": 3, "region": "b", "mode": "phone", "hours": 1, "provider": "provider_3"},
    {"week": 3, "region": "a", "mode": "onsite", "hours": 6, "status": "cancelled"},
]
SHORT: dict[str, dict[str, Any]] = {
    "as little as may be": {"name": "x"},
    "counts left out": {"name": "x", "regions": {"selection": "all", "candidates": 4}},
    "two candidates": {"name": "x", "regions": {"candidates": 2}, "providers": {"names": ["A"]}},
    "words and single records": {
        "name": "Zürich & \U0001f600",
        "regions": {"network": "ring", "overrides": {"region_2": {"network": "hub"}}},
        "providers": {"count": 2, "weekly_hours": [3, 20.5]},
        "dosage": [
            {"mode": "video", "every_weeks": 4, "hours": 1, "functions": "training"},
            {"mode": "video", "every_weeks": 4, "hours": 1, "functions": "reference"},
            {"mode": "onsite", "every_weeks": 26, "hours": 6, "co_creation": [0.5, 0.5]},
            {"mode": "onsite", "every_weeks": 26, "hours": 6, "co_creation": [0.2, 1]},
            {"mode": "phone", "every_weeks": 9, "hours": 1,
             "functions": {"learning": 0.665, "review": 0.33}},
        ],
        "delivery_work": {"week": 5, "until_week": 9, "share": 0.25},
        "background_trend": -1e-7,
        "parameters": {"keeping": 1},
    },
    "a log of names": {
        "name": "x",
        "regions": {"count": 3, "names": ["a", "b", "c"]},
        "providers": {"count": 3},
        "contact_log": {"first_date": "2027-03-01", "rows": LOG},
        "skip": {"months": [7], "weeks": [4, 30, 31], "dates": ["2027-12-24 to 2028-01-02",
                                                              "2027-06-01 to 2027-06-01"]},
        "dosage": [{"mode": "video", "every_weeks": 2, "hours": 1, "first_week": 10}],
        "shocks": [{"kind": "staff_leave", "week": 12, "share": 0.3},
                   {"kind": "dosage_cut", "week": 60, "factor": 0.5}],
    },
    "a date and no skip": {"name": "x", "start_date": "2028-02-28", "horizon_weeks": 60},
}  # fmt: skip


def cases_of(datas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is asked of the page: the data of each scenario, and under which seed."""
    cases = []
    for number, data in enumerate(datas):
        scenario = Scenario.from_dict(data)
        horizon = scenario.horizon_weeks
        weeks = None if number % 2 else sorted({0, horizon // 3, horizon})
        seed = scenario.seed
        cases.append({
            # A seed that JavaScript's numbers cannot hold goes by itself.
            "scenario": {**data, "seed": seed if seed < MOST_SEED else 1},
            "seed": str(seed),
            "stagger": scenario.parameter_set().calendar_stagger,
            "weeks": weeks,
        })  # fmt: skip
    return cases


def asked(cases: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    data, names = page_data(), ("schema", "functions", "sets", "parameters", "words")
    given = {
        "data": {name: data[name] for name in names},
        "layout": str(artefact.SHIPPED / "layout.json"),
        "wasm": str(artefact.SHIPPED / "engine.wasm"),
        "cases": cases,
    }
    folder.mkdir(exist_ok=True)
    return ask("engine", given, folder)


def assert_same(case: dict[str, Any], found: dict[str, Any]) -> None:
    """The whole scenario, its job, what is derived from it and its planned cost."""
    scenario = Scenario.from_dict(case["scenario"])
    assert json.loads(found["scenario"]) == scenario.to_dict()
    made = job(scenario, int(case["seed"]), stagger=case["stagger"], weeks=case["weeks"])
    assert base64.b64decode(found["job"]) == made
    own = np.frombuffer(base64.b64decode(found["own"]))
    assert own.tolist() == scenario.parameter_set().vector().tolist()
    weeks = range(1, scenario.horizon_weeks + 1)
    derived = {
        "region_names": list(scenario.region_names),
        "provider_names": list(scenario.provider_names),
        "staff_counts": list(scenario.staff_counts),
        "assignment": list(scenario.assignment),
        "hours_each": list(scenario.providers.hours_each),
        "logged_weeks": scenario.logged_weeks,
        "plan_start": scenario.plan_start,
        "end_of_ta": scenario.end_of_ta,
        "has_ta": scenario.has_ta,
        "end_stopping_now": scenario.stopping_now().end_of_ta,
        "end_without_ta": scenario.without_ta().end_of_ta,
        "days": [str(scenario.day_of(week) or "") for week in weeks],
        "pauses": [[one.week, one.until_week] for one in scenario.pauses],
    }
    assert found["derived"] == derived
    assert_planned(scenario, found["planned"])


def assert_planned(scenario: Scenario, found: dict[str, Any]) -> None:
    """To the last bit; and the hours of each provider by year, added up from the contacts."""
    wanted = dosage.planned(scenario)
    names = (*RESOURCES, "provider_hours", "money")
    rows = zip(
        [found["total"], found["spent"], *found["years"]],
        [wanted.total, wanted.spent, *wanted.years],
        strict=True,
    )
    for row, resources in rows:
        assert row == {name: getattr(resources, name) for name in names}
    assert found["weeks"] == wanted.weeks
    p, first = scenario.parameter_set(), scenario.plan_start
    hours = np.zeros((len(wanted.years), scenario.providers.count))
    for one in dosage.planned_contacts(scenario, p):
        if one.week < first:
            continue
        spent = p.preparation_per_contact + p.preparation_per_hour * one.hours
        if not one.cancelled:
            spent += one.hours + (p.travel_hours if one.mode == dosage.ONSITE else 0.0)
        hours[(one.week - first) // 52, one.provider] += one.chance * one.share * spent
    by_provider = found["by_provider"]
    assert [one["name"] for one in by_provider] == list(scenario.provider_names)
    got = np.array([one["hours"] for one in by_provider]).reshape(hours.T.shape)
    np.testing.assert_allclose(got, hours.T, rtol=1e-12)
    a_week = scenario.providers.hours_each
    assert [one["has"] for one in by_provider] == [52 * one for one in a_week]


def drawn(count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    @settings(max_examples=count, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(scenarios())
    def collect(data: dict[str, Any]) -> None:
        found.append(json.loads(json.dumps(data)))

    collect()
    return found


def assert_all(datas: list[dict[str, Any]], folder: Path) -> None:
    cases = cases_of(datas)
    for case, found in zip(cases, asked(cases, folder), strict=True):
        assert_same(case, found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


def test_every_shipped_scenario_is_what_python_makes_of_it(folder: Path) -> None:
    shipped = [Scenario.shipped(name) for name in shipped_names()]
    assert_all([*map(said, shipped), *(one.to_dict() for one in shipped)], folder)


def test_shorthands_and_corners_are_read_alike(folder: Path) -> None:
    logged = [lively(number) for number in range(6)]
    assert_all([*SHORT.values(), *CORNERS.values(), *logged], folder)


def test_any_scenario_is_what_python_makes_of_it(folder: Path) -> None:
    assert_all(drawn(examples(30)), folder)


@pytest.mark.slow
def test_many_scenarios_are_what_python_makes_of_them(folder: Path) -> None:
    assert_all(drawn(200), folder)


# --- runs -----------------------------------------------------------------------------------------

RUNS = [
    ("source", {"sets": 5, "replicates": 3, "weeks": [0, 104, 156], "weekly": WEEKLY}),
    ("planning", {"sets": 3, "replicates": 2, "weeks": [0, 52, 104, 156]}),
    ("planning", {"sets": 2, "replicates": 1, "weeks": [104, 0], "weekly": WEEKLY, "first": 50}),
    ("centre_log", {"sets": 2, "replicates": 2, "weeks": [0, 39, 156], "weekly": WEEKLY}),
    ("national", {"sets": 1, "replicates": 2, "weeks": [2]}),
    ("on_demand", {"sets": 4, "replicates": 1, "weeks": [10]}),
]


def scenario_of(name: str) -> Scenario:
    scenario = Scenario.shipped(name)
    if name == "national":
        return Scenario.from_dict({**scenario.to_dict(), "horizon_weeks": 2, "dosage": []})
    return scenario


def test_runs_of_the_page_are_those_of_the_commands(folder: Path) -> None:
    cases = cases_of([scenario_of(name).to_dict() for name, _ in RUNS])
    asked_for = [{**case, "run": run} for case, (_, run) in zip(cases, RUNS, strict=True)]
    every = asked(asked_for, folder)
    for (name, run), found in zip(RUNS, every, strict=True):
        scenario = scenario_of(name)
        sets = plausible_sets().within(scenario)[: run["sets"]]
        points = range(run.get("first", 0), run.get("first", 0) + len(sets))
        made = fresh(scenario, sets, run["replicates"], run["weeks"], list(points))
        plan = RunPlan((made,), seed=scenario.seed)
        wanted = execute(plan, None, Points(regions=None)).grid()
        got = np.frombuffer(base64.b64decode(found["runs"]["values"]))
        np.testing.assert_array_equal(got.reshape(wanted.shape), wanted, err_msg=name)
        assert found["runs"]["places"] == [*scenario.region_names, "overall"]
        assert (found["runs"]["made"], found["runs"]["failed"]) == (wanted[..., 0, 0, 0].size, 0)
        if "weekly" in run:
            weekly = weekly_of(scenario, made, scenario.seed)
            got = np.frombuffer(base64.b64decode(found["runs"]["weekly"]))
            np.testing.assert_array_equal(got.reshape(weekly.shape), weekly, err_msg=name)


def weekly_of(scenario: Scenario, made: Any, seed: int) -> np.ndarray:
    """(run, week, outcome), overall, by plain Python from the records of the runs."""
    from sim.engine import compiled

    rows = []
    for which, replicate in zip(made.which, made.replicate, strict=True):
        one = made.sets[which]
        record = compiled.simulate(scenario, one, seed, int(replicate))
        values = outcomes.weekly(
            record, scenario.costs, one.integration_threshold, outcomes.commitment_hours(one)
        )
        rows.append(values[:, -1, [outcomes.INDEX[name] for name in WEEKLY]])
    return np.array(rows)
