"""The page gives the numbers of the commands: answers and comparisons of plans of every kind."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import pytest
from page_app import ask, unlike

from sim.core.outcomes import HEADLINES, NAMES, OUTCOMES
from sim.core.units import z_value
from sim.engine import artefact
from sim.page.data import page_data
from sim.runs.collect import Points
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, independent
from sim.scenario.scenario import Scenario
from sim.stats.components import mean
from sim.stats.intervals import share
from sim.studies.compare import compare
from sim.studies.plan.spec import Target
from sim.studies.plan.values import met
from sim.studies.plausible import plausible_sets
from sim.studies.report import report_html
from sim.studies.run.runs import run
from tests.studies.test_reports import tables_of

CLOSE = 1e-12
SETS, REPLICATES = 50, 4
REGIONS = {"candidates": 4, "count": 3, "staff": 8}
VIDEO = {"mode": "video", "every_weeks": 4, "hours": 1.5, "first_week": 5, "last_week": 60}
BASE: dict[str, Any] = {
    "seed": 5, "horizon_weeks": 116, "regions": REGIONS, "providers": {"count": 2},
    "dosage": [VIDEO],
}  # fmt: skip
PHASES = [
    {"mode": "onsite", "every_weeks": 13, "hours": 4, "first_week": 5, "last_week": 40,
     "taper": 0.5},
    {"mode": "video", "every_weeks": 2, "hours": 1, "first_week": 5, "last_week": 30},
    {"mode": "video", "every_weeks": 8, "hours": 1.5, "first_week": 31, "last_week": 70,
     "co_creation": [0.2, 0.9]},
]  # fmt: skip
EVENTS = [
    {"kind": "provider_leaves", "week": 30, "provider": "provider_1"},
    {"kind": "staff_leave", "week": 40, "share": 0.3, "region": "region_2"},
    {"kind": "demand_rise", "week": 20, "until_week": 50, "by": 0.2},
    {"kind": "dosage_cut", "week": 45, "factor": 0.5},
]
LOG = {
    "rows": [
        {"week": week, "region": f"region_{1 + week % 3}", "mode": mode, "hours": 1.5,
         "status": status}
        for week, mode, status in [
            (2, "onsite", "held"), (5, "video", "held"), (9, "video", "provider_cancelled"),
            (12, "phone", "held"), (17, "video", "region_cancelled"), (26, "onsite", "held"),
        ]
    ]
}  # fmt: skip
CHOSEN = {**REGIONS, "candidates": 3, "selection": "all"}
PEOPLE = [  # about the same people
    {"name": "as planned", **BASE},
    {"name": "in phases", **BASE, "dosage": PHASES},
    {"name": "with events", **BASE, "shocks": EVENTS, "seed": 9},
    {"name": "nothing", **BASE, "dosage": []},
]  # fmt: skip
MORE = [  # about the same people too
    {"name": "planned", **BASE},
    {"name": "when asked", **BASE, "dosage": [
        {**VIDEO, "timing": "on_demand"},
        {"mode": "phone", "every_weeks": 3, "hours": 0.5, "timing": "irregular", "invited": 0.5},
    ]},
    {"name": "other work", **BASE, "dosage": [
        {**VIDEO, "functions": "training"},
        {**VIDEO, "first_week": 61, "last_week": 90, "functions": "relationship_first"},
    ]},
    {"name": "longer", **BASE, "horizon_weeks": 140, "costs": {"provider_hour": 130.5},
     "parameters": {"trust_step": 0.1, "working_week": 36}, "background_trend": 0.001},
]  # fmt: skip
OTHERS = [  # about other people: gains
    {"name": "three regions", **BASE},
    {"name": "two of them", **BASE, "horizon_weeks": 110, "regions": {
        "candidates": 2, "selection": "all", "names": ["region_2", "north"], "staff": 6,
        "network": {"kind": "small_world", "neighbours": 2, "rewiring": 0.2},
        "overrides": {"north": {"staff": 11, "leadership": 0.9, "start": {"trust": 0.2}}},
    }},
]  # fmt: skip
LOGGED = [  # after a log
    {"name": "goes on", **BASE, "regions": CHOSEN, "contact_log": LOG, "start_date": "2027-01-04",
     "skip": {"months": [8], "weeks": [33], "dates": ["2027-12-24 to 2028-01-02"]},
     "dosage": [{**VIDEO, "first_week": 27, "last_week": None}]},
    {"name": "ends here", **BASE, "regions": CHOSEN, "contact_log": LOG, "start_date": "2027-01-04",
     "dosage": []},
]  # fmt: skip
TARGETS = [
    {"outcome": "integration", "at_least": 0.2, "when": "end_of_ta", "sure": 0.7},
    {"outcome": "trust", "at_least": 0.35, "when": "horizon", "sure": 0.5},
    {"outcome": "workload", "at_least": 0.6, "when": "end_of_ta", "sure": 0.9},
    {"outcome": "attendance", "at_least": 0.6, "when": "horizon", "sure": 0.9},
]
SHOWN = [name for name in NAMES if name in {*HEADLINES, "routines", "workload", "attendance"}]
GROUPS = {"people": PEOPLE, "more": MORE, "others": OTHERS, "logged": LOGGED}
TELLING = [("people", "with events"), ("logged", "goes on")]
"""Plans of the default suite; the others are slow."""
TWICE = [("others", "three regions"), ("more", "planned")]
"""They are `as planned`."""
EVERY = [
    one if one in TELLING else pytest.param(*one, marks=pytest.mark.slow)
    for one in ((group, data["name"]) for group, plans in GROUPS.items() for data in plans)
    if one not in TWICE
]


def file_of(plans: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "codose": "plans", "version": 1, "open": plans[0]["name"], "reference": None,
        "currency": "$", "budget": {"a_year": None, "of": "centre"}, "targets": TARGETS,
        "plans": [{"name": one["name"], "scenario": one} for one in plans],
    }  # fmt: skip


def scenario_of(group: str, name: str) -> Scenario:
    return Scenario.from_dict(next(one for one in GROUPS[group] if one["name"] == name))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the page says, by group."""
    return Page(tmp_path_factory.mktemp("answers"))


class Page(dict[str, Any]):
    """Answers and comparison of each group, asked when they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data.json"
        self.data.write_text(json.dumps(page_data()), encoding="utf-8")

    def __missing__(self, group: str) -> Any:
        files = [file_of(GROUPS[group])]
        asked = {"data": str(self.data), "shipped": str(artefact.SHIPPED), "files": files}
        self[group] = ask("answers", asked, self.folder)[0]
        return self[group]


def answer_of(page: dict[str, Any], group: str, name: str) -> dict[str, Any]:
    return next(one for one in page[group]["answers"] if one["plan"] == name)


def against(scenario: Scenario) -> Scenario:
    """The world that a plan is compared with."""
    world = scenario.without_ta()
    if scenario.contact_log is not None and scenario.dosage:
        world = scenario.stopping_now()
    return Scenario.from_dict({**world.to_dict(), "name": "world"})


def rows_of(result: Any, table: str, **where: Any) -> list[dict[Any, Any]]:
    frame = result.table(table)
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return frame.to_dict("records")


def told(page_rows: list[dict[str, Any]], *names: str) -> dict[Any, dict[str, Any]]:
    return {tuple(row[name] for name in names): row for row in page_rows}


GAP = (
    "mean", "low", "high", "mean_low", "mean_high", "p_beats", "chance_share", "run_low",
    "run_high", "resolved", "sets", "n", "runs",
)  # fmt: skip


# --- a plan and the world it is compared with ----------------------------------------------------


@pytest.fixture(scope="module")
def beside() -> Any:
    """``codose compare`` of a plan's world and the plan, in every outcome."""
    kept: dict[Any, Any] = {}

    def made(group: str, name: str) -> Any:
        if (group, name) not in kept:
            plan = scenario_of(group, name)
            kept[group, name] = compare(against(plan), plan, outcomes=NAMES, seed=plan.seed)
        return kept[group, name]

    return made


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_levels_and_gains(page: Any, beside: Any, group: str, name: str) -> None:
    plan, answer = scenario_of(group, name), answer_of(page, group, name)
    found, levels = beside(group, name), told(answer["levels"], "outcome", "place", "week")
    assert answer["stands"]
    assert (answer["runs"], answer["failed"]) == (SETS * REPLICATES, 0)
    assert answer["seed"] == plan.seed
    wrong: list[str] = []
    for row in rows_of(found, "levels", scenario=name):
        here = levels[row["outcome"], "overall", row["week"]]
        wanted = {key: row[key] for key in ("mean", "p05", "p95", "chance_share")}
        wrong += unlike(here, wanted, CLOSE, f"{row['outcome']} {row['week']}")
    overall = [{**row, "region": "overall"} for row in rows_of(found, "differences", b=name)]
    regions = [row for row in rows_of(found, "regions", b=name) if row["outcome"] in SHOWN]
    assert len(plan.region_names) == 1 or {row["region"] for row in regions} > {"worst", "spread"}
    for row in [*overall, *regions]:
        week = answer["end"] if row["point"] == "end_of_ta" else answer["horizon"]
        here = levels[row["outcome"], row["region"], week]
        gain = {key: row[key] for key in (*GAP, "margin") if key in row}
        where = f"{row['outcome']} {row['region']} {week}"
        wrong += unlike(here["gain"], gain, CLOSE, where)
        wrong += unlike(here, {"mean": row["mean_b"], "without": row["mean_a"]}, CLOSE, where)
        if "verdict" in row:
            assert here["gain"]["verdict"] == row["verdict"], where
    for row in rows_of(found, "verdicts", scenario=name):
        here = levels[row["outcome"], "overall", answer["end"]]
        assert here["gain"]["verdict"] == row["verdict"], row["outcome"]
    assert not wrong


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_money(page: Any, beside: Any, group: str, name: str) -> None:
    answer, found = answer_of(page, group, name), beside(group, name)
    rows = {row["period"]: row for row in rows_of(found, "costs_planned", scenario=name)}
    planned, expected = answer["planned"], answer["expected"]
    pairs = [("whole plan", planned["total"], expected)]
    years = zip(planned["years"], expected["years"], strict=True)
    pairs += [(f"year {n + 1}", *both) for n, both in enumerate(years)]
    if "contact log" in rows:
        pairs.append(("contact log", planned["spent"], expected["spent"]))
    assert len(pairs) == len(rows)
    wrong: list[str] = []
    for period, plan, spend in pairs:
        row = rows[period]
        wanted = {"money": row["planned_cost"], "centre": row["planned_cost_centre"],
                  "regions": row["planned_cost_regions"], "contacts": row["contacts"],
                  "visits": row["visits"], "provider_hours": row["provider_hours"],
                  "staff_hours": row["staff_hours"]}  # fmt: skip
        wrong += unlike(plan, {key: float(one) for key, one in wanted.items()}, CLOSE, period)
        wanted = {"money": row["expected_cost"], "centre": row["expected_cost_centre"],
                  "regions": row["expected_cost_regions"]}  # fmt: skip
        wrong += unlike(spend, wanted, CLOSE, f"expected {period}", floor=1e3)
    assert not wrong


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_what_it_turns_on(page: Any, beside: Any, group: str, name: str) -> None:
    answer, found = answer_of(page, group, name), beside(group, name)
    rows = rows_of(found, "drivers") if "drivers" in found.tables else []
    rows = [row for row in rows if row["outcome"] in SHOWN]
    here = told(answer["drivers"], "outcome", "parameter")
    assert len(here) == len(rows)
    wrong = [
        text
        for row in rows
        for text in unlike(
            here[row["outcome"], row["parameter"]],
            {"rho": row["rho"], "clear": row["clear"]}, CLOSE, str(row["parameter"]),
        )
    ]  # fmt: skip
    assert not wrong


# --- a plan by itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_courses_and_points(page: Any, group: str, name: str) -> None:
    """Those of ``codose run``: bands over time, chance alone at points, start, a year on."""
    plan, answer = scenario_of(group, name), answer_of(page, group, name)
    found, world = run(plan), run(against(plan), seed=plan.seed)
    wrong: list[str] = []
    summary = found.summary()
    summary = summary[summary["region"] == "overall"].set_index(["outcome", "point"])
    levels = told(answer["levels"], "outcome", "place", "week")
    log = answer["against"] == "stopping now"
    for outcome in NAMES:
        for point in ("start", "end_of_ta", "year_after", "horizon"):
            if (outcome, point) not in summary.index:
                assert answer["at"].get(point) is None or math.isnan(answer["at"][point])
                continue
            row: Any = summary.loc[(outcome, point)]
            here = levels[outcome, "overall", answer["at"][point]]
            wanted = {key: float(row[key]) for key in ("mean", "p05", "p50", "p95")}
            if not log:
                wanted |= {"without": float(row["no_ta_mean"]),
                           "gain_p05": float(row["effect_p05"]),
                           "gain_p95": float(row["effect_p95"])}  # fmt: skip
            wrong += unlike(here, wanted, CLOSE, f"{outcome} {point}", floor=1e-3)
    courses = told(answer["courses"], "outcome")
    assert {name for (name,) in courses} == set(SHOWN) - {"attendance"}
    for (outcome,), course in courses.items():
        for result, prefix in ((found, ""), (world, "other_")):
            frame = weeks_of(result.weeks(), outcome)
            assert course["weeks"] == frame["week"].tolist()
            for key in ("p05", "p50", "p95", "mean"):
                bits = 2.0**-40 if key == "mean" else 0.0  # weekly means are rounded so
                gap = np.abs(np.array(course[prefix + key]) - frame[key].to_numpy())
                assert np.nanmax(gap, initial=0.0) <= max(bits, CLOSE), (outcome, prefix, key)
        for point in ("start", "end_of_ta", "horizon"):
            row = summary.loc[(outcome, point)]
            half = z_value() * row["sd_chance"]
            bounds = OUTCOMES[outcome].low, OUTCOMES[outcome].high
            wanted = {
                "chance_low": float(np.clip(row["mean"] - half, *bounds)),
                "chance_high": float(np.clip(row["mean"] + half, *bounds)),
            }
            at = {key: course[key][answer["at"][point]] for key in wanted}
            wrong += unlike(at, wanted, CLOSE, f"{outcome} {point}")
    assert not wrong


def weeks_of(frame: pd.DataFrame, outcome: str) -> pd.DataFrame:
    chosen = (frame["arm"] == "with_ta") & (frame["region"] == "overall")
    return frame[chosen & (frame["outcome"] == outcome)].sort_values("week")


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_targets_and_the_week_of_the_log(page: Any, group: str, name: str) -> None:
    plan, answer = scenario_of(group, name), answer_of(page, group, name)
    now = plan.logged_weeks or None
    assert (answer["at"]["now"] == now) if now else math.isnan(answer["at"]["now"])
    weeks = sorted({plan.end_of_ta, plan.horizon_weeks, *([now] if now else [])})
    sets = plausible_sets(SETS).within(plan)
    job = independent(plan, sets, REPLICATES, weeks)
    found = execute(RunPlan((job,), plan.seed), None, Points(None, None))
    values, failed = found.grid(0), found.failed(0)
    wrong: list[str] = []
    for asked, here in zip(TARGETS, answer["targets"], strict=True):
        less = OUTCOMES[asked["outcome"]].better == "less"
        target = Target(**{"outcome": asked["outcome"], "week": asked["when"],
                           "at_most" if less else "at_least": asked["at_least"]})  # fmt: skip
        week = plan.end_of_ta if asked["when"] == "end_of_ta" else plan.horizon_weeks
        level = values[:, :, weeks.index(week), -1, NAMES.index(asked["outcome"])]
        wanted = share(met(level, target), failed)
        text = ("met" if wanted.low >= asked["sure"] else
                "by the estimate" if wanted.p >= asked["sure"] else "not met")  # fmt: skip
        assert (here["week"], here["met"]) == (week, text)
        keys = ("p", "low", "high", "hits", "runs")
        wrong += unlike(here["share"], {key: getattr(wanted, key) for key in keys}, CLOSE)
    if now:
        levels = told(answer["levels"], "outcome", "place", "week")
        for place, region in enumerate((*plan.region_names, "overall")):
            for outcome in SHOWN:
                column = values[:, :, weeks.index(now), place, NAMES.index(outcome)]
                middle = mean(column)
                wrong += unlike(levels[outcome, region, now]["mean"], middle, CLOSE, region)
    assert not wrong


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_hours_of_providers(page: Any, group: str, name: str) -> None:
    plan, answer = scenario_of(group, name), answer_of(page, group, name)
    assert [one["name"] for one in answer["used"]] == list(plan.provider_names)
    total = sum(sum(one["hours"]) for one in answer["used"])
    rows = {(row["outcome"], row["week"]): row for row in answer["levels"]
            if row["place"] == "overall"}  # fmt: skip
    before = rows["provider_hours", answer["at"]["now"]]["mean"] if plan.contact_log else 0.0
    spent = rows["provider_hours", answer["horizon"]]["mean"] - before
    assert total == pytest.approx(spent if plan.dosage else 0.0, rel=1e-9), name


def test_drafts_come_first(page: Any) -> None:
    drafts = page["people"]["drafts"]
    assert all(not one["stands"] and one["runs"] >= SETS / 2 for one in drafts)


# --- plans against the reference -----------------------------------------------------------------


def compared(page: Any, group: str, others: list[str], **options: Any) -> None:
    """The comparison of the page is that of ``codose compare REFERENCE OTHERS...``."""
    comparison = page[group]["comparison"]
    first = GROUPS[group][0]["name"]
    plans = [scenario_of(group, name) for name in (first, *others)]
    found = compare(plans, outcomes=NAMES, **options)
    assert (comparison["reference"], comparison["stands"]) == (first, True)
    wrong: list[str] = []
    for table, key in (("differences", "differences"), ("regions", "regions")):
        here = told(comparison[key], "plan", "outcome", "place", "point")
        rows = [
            row
            for row in rows_of(found, table)
            if table == "differences" or row["outcome"] in SHOWN
        ]
        mine = {one for one in here if one[0] in others}
        known = {
            (row["b"], row["outcome"], row.get("region", "overall"), row["point"]) for row in rows
        }
        assert known <= mine
        assert all(math.isnan(here[one]["mean_of_plan"]) for one in mine - known)
        for row in rows:
            where = (row["b"], row["outcome"], row.get("region", "overall"), row["point"])
            one = here[where]
            wanted = {name: row[name] for name in (*GAP, "margin", "verdict") if name in row}
            wrong += unlike(one["paired"], wanted, CLOSE, str(where))
            wanted = {"mean_of_reference": row["mean_a"], "mean_of_plan": row["mean_b"]}
            wrong += unlike(one, wanted, CLOSE, str(where))
            if "week_b" in row:
                assert (one["week_of_reference"], one["week"]) == (row["week_a"], row["week_b"])
            assert one["gains"] == bool(options.get("gains"))
    verdicts = {
        (row["scenario"], row["outcome"]): row["verdict"] for row in rows_of(found, "verdicts")
    }
    for (plan, outcome), word in verdicts.items():
        here = told(comparison["differences"], "plan", "outcome", "point")
        assert here[plan, outcome, "end_of_ta"]["paired"]["verdict"] == word
    assert not wrong


def test_plans_about_the_same_people(page: Any) -> None:
    compared(page, "people", [one["name"] for one in PEOPLE[1:]])
    comparison = page["people"]["comparison"]
    assert comparison["horizon"] == 116
    (limit,) = comparison["limits"]
    assert (limit["what"], limit["plan"], limit["fields"]) == ("world", "with events", ["shocks"])


@pytest.mark.slow
def test_plans_in_other_worlds(page: Any) -> None:
    compared(page, "more", [one["name"] for one in MORE[1:]])
    comparison = page["more"]["comparison"]
    assert comparison["horizon"] == 116
    limits = {(one["what"], one.get("plan")): one for one in comparison["limits"]}
    assert limits["horizons", None]["common"] == 116
    assert limits["prices", "longer"]["fields"] == ["provider_hour"]
    assert set(limits["world", "longer"]["fields"]) == {"parameters", "background_trend"}
    assert len(limits) == 3


@pytest.mark.slow
def test_plans_about_other_people(page: Any) -> None:
    compared(page, "others", ["two of them"], gains=True)
    kinds = [one["what"] for one in page["others"]["comparison"]["limits"]]
    assert kinds == ["horizons", "people"]


def test_plans_after_a_log(page: Any) -> None:
    compared(page, "logged", ["ends here"])


def test_the_same_plan_does_not_differ(page: Any) -> None:
    """The world without assistance gains nothing on itself."""
    answer = answer_of(page, "people", "nothing")
    assert answer["against"] == "without assistance"
    assert all(one["gain"]["mean"] == 0 for one in answer["levels"] if one["outcome"] in HEADLINES)
    assert all(one["share"] is None or math.isnan(one["share"]) for one in answer["lasting"])


# --- a report of the saved file -------------------------------------------------------------------


def test_the_report_of_a_saved_file_shows_the_numbers_of_the_page(
    page: Any, tmp_path: Path
) -> None:
    """``codose compare SAVED.plans.yaml`` and ``codose report``: what stands in the HTML."""
    comparison, wrong = page["logged"]["comparison"], list[str]()
    file, folder = tmp_path / "saved.plans.yaml", tmp_path / "results"
    file.write_text(json.dumps(file_of(LOGGED)), encoding="utf-8")
    compare(file).save(folder, figures=())
    tree = html5lib.parse(report_html(folder), namespaceHTMLElements=False)
    cells = dict(tables_of(tree))

    def shown(table: str, *names: str) -> list[tuple[Any, dict[str, float]]]:
        """What a row is about, and the exact numbers that its cells carry."""
        about = pd.read_parquet(folder / f"{table}.parquet")
        return [
            (
                about.loc[int(label)],
                {name: float(row[name][0]) for name in names if name in row and row[name][0]},
            )
            for label, row in cells[table]
        ]

    here = told(comparison["differences"], "plan", "outcome", "point")
    gaps = shown("differences", "mean", "low", "high")
    assert len(gaps) >= 6
    for row, numbers in gaps:
        assert "mean" in numbers
        paired = here[row["b"], row["outcome"], row["point"]]["paired"]
        wrong += unlike(paired, numbers, CLOSE, f"{row['outcome']} {row['point']}")
    planned = {one["plan"]: one["planned"]["total"] for one in comparison["plans"]}
    costs = shown("costs_planned", "planned_cost", "planned_cost_centre", "planned_cost_regions")
    whole = [(row, numbers) for row, numbers in costs if row["period"] == "whole plan"]
    assert {row["scenario"] for row, _ in whole} == set(planned)
    short = {"planned_cost": "money", "planned_cost_centre": "centre",
             "planned_cost_regions": "regions"}  # fmt: skip
    for row, numbers in whole:
        assert numbers
        cost = {short[name]: value for name, value in numbers.items()}
        wrong += unlike(planned[row["scenario"]], cost, CLOSE, row["scenario"])
    assert not wrong


def test_the_page_rounds_as_reports_do(tmp_path: Path) -> None:
    """From the middle between two numbers, too, such as a cost of 20,692.5."""
    values = [k / 8 for k in range(1, 200)]
    values += [20692.5, 20693.5, 125, 375, 625, 875, 99.95, 1e9 + 0.5]
    values += np.random.default_rng(5).uniform(0, 1000, 200).round(3).tolist()
    for value, found in zip(values, ask("formats", values, tmp_path), strict=True):
        places = 2 if value < 9.995 else 1 if value < 99.95 else 0
        assert found["money"] == found["whole"] == f"{value:,.0f}"
        assert found["level"] == f"{value:,.{places}f}" or value.is_integer()
        assert found["percent"] in {f"{100 * (value / 1000):,.0f} %", "under 1 %", "over 99 %"}
        assert float(found["hours"].removesuffix(" h").replace(",", "")) == float(
            f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"
        )
