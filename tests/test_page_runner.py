"""The runner of the page: workers that die, sleep or are forbidden, what is stopped, kept, refused;
and what the class looks at: everyone's states, and single draws."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from page_app import ask
from strategies import lively

from sim.core import streams
from sim.engine import artefact, compiled
from sim.model import network
from sim.page.data import page_data
from sim.runs.collect import Points
from sim.runs.execute import execute
from sim.runs.plan import RunPlan, independent
from sim.scenario.scenario import Scenario
from sim.studies.plausible import plausible_sets

RUN = {"sets": 4, "replicates": 3, "weeks": [0, 78]}
SOURCE = Scenario.shipped("classroom")
LARGE = {"name": "large", "horizon_weeks": 1040, "regions": {"candidates": 4000, "count": 4000,
         "staff": 9000}}  # fmt: skip
TEAM = {"kind": "file", "names": ["a", "b", "c"], "edges": [["a", "c"], ["b", "c"]]}
LOOKED = [
    {**lively(0), "seed": 5},
    {**lively(1), "seed": 2**40},
    {
        "name": "teams", "horizon_weeks": 6,
        "regions": {
            "candidates": 3, "selection": "all", "staff": 3, "network": TEAM,
            "overrides": {"region_2": {"network": "none"}, "region_3": {"network": "hub"}},
        },
    },
]  # fmt: skip
DRAWS = {
    "seed": str(2**62 + 12345),
    "counters": [
        {"purpose": "person_traits", "entity": (3 << 20) + 7},
        {"purpose": "staff_contact", "entity": 2**32 - 1, "week": 40, "series": 3, "replicate": 9},
        {"purpose": "random_tie", "entity": 11, "week": 2, "series": 63, "replicate": 2**32 - 1},
    ],
}


def wanted(sets: Any = None) -> np.ndarray:
    """(set, replicate, week, place, outcome)"""
    chosen = plausible_sets().within(SOURCE)[: RUN["sets"]] if sets is None else sets
    made = independent(SOURCE, chosen, RUN["replicates"], RUN["weeks"])
    return execute(RunPlan((made,), seed=SOURCE.seed), None, Points(regions=None)).grid()


def values(found: dict[str, Any]) -> np.ndarray:
    shape = (RUN["sets"], RUN["replicates"], len(RUN["weeks"]), 2, -1)
    return np.frombuffer(base64.b64decode(found["values"])).reshape(shape)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = page_data()
    names = ("schema", "functions", "sets", "parameters", "words")
    given = {
        "data": {name: data[name] for name in names},
        "layout": str(artefact.SHIPPED / "layout.json"),
        "wasm": str(artefact.SHIPPED / "engine.wasm"),
        "scenario": SOURCE.to_dict(),
        "large": LARGE,
        "run": RUN,
        "looked": LOOKED,
        "draws": DRAWS,
    }
    return ask("runner", given, tmp_path_factory.mktemp("runner"))


@pytest.mark.parametrize("how", ["whole", "alone", "one_dies", "one_sleeps"])
def test_runs_are_the_same_however_workers_fare(how: str, found: dict[str, Any]) -> None:
    np.testing.assert_array_equal(values(found[how]), wanted())
    assert (found[how]["made"], found[how]["failed"], found[how]["here"]) == (12, 0, False)


@pytest.mark.parametrize("how", ["forbidden", "blocked", "falls"])
def test_without_workers_this_thread_makes_the_runs(how: str, found: dict[str, Any]) -> None:
    np.testing.assert_array_equal(values(found[how]), wanted())
    assert found[how]["here"] is True


def test_workers_that_all_die_are_reported(found: dict[str, Any]) -> None:
    assert found["all_die"]["error"] == (
        "A worker died twice over the same runs: it failed (out of memory)."
    )


def test_what_is_stopped_ends_and_leaves_the_rest_alone(found: dict[str, Any]) -> None:
    stopped = found["stopped"]
    for when in ("before", "during"):
        assert (stopped[when]["name"], stopped[when]["error"]) == ("AbortError", "Stopped.")
    assert stopped["before"]["seen"] == []
    assert len(stopped["during"]["seen"]) == 1
    np.testing.assert_array_equal(values(stopped["after"]), wanted())


def test_what_was_asked_lately_is_kept_by_content(found: dict[str, Any]) -> None:
    assert found["kept"] == {
        "again": True, "renamed": True, "copied": True, "other": False, "fresh": False,
    }  # fmt: skip


def test_a_part_is_a_fair_sample_of_sets(found: dict[str, Any]) -> None:
    parts = found["in_order"]["parts"]
    assert parts
    assert all(one["fair"] for one in parts), parts


def test_the_plan_on_the_screen_comes_first(found: dict[str, Any]) -> None:
    assert found["urgent"]["order"] == ["urgent", "slow"]


def test_a_plan_and_what_it_is_compared_with_advance_together(found: dict[str, Any]) -> None:
    seen = found["together"]["seen"]
    assert any(min(pair) > 0 for pair in seen), seen


def test_who_asks_for_the_same_runs_shares_them(found: dict[str, Any]) -> None:
    assert found["shared"] == {"left": "AbortError", "same": True, "made": 4 * 200}


def test_what_this_device_cannot_do_is_refused_in_a_sentence(found: dict[str, Any]) -> None:
    refused = found["refused"]
    for kind in ("memory", "run_memory", "time", "run_time"):
        error = refused[kind]["error"]
        assert refused[kind]["name"] == "TooLarge"
        assert error.endswith("."), error
        assert "would fit" in error, error
        assert "{" not in error, error
        assert refused[kind]["seen"] == []
    assert refused["memory"]["error"].startswith("400,000 runs would take ")
    assert refused["run_memory"]["error"].startswith("One run of 36,000,000 staff over 1,040 weeks")
    assert refused["run_time"]["error"].startswith("Even one run of 36,000,000 staff")
    assert refused["seed"]["error"].endswith("a whole number up to 9,007,199,254,740,991.")
    assert refused["week"]["error"] == "Week 5000 is outside 0..78."
    assert refused["outcome"]["error"] == "There is no outcome luck."
    np.testing.assert_array_equal(values(refused["after"]), wanted())


def test_runs_without_finite_numbers_are_counted_and_left_out(found: dict[str, Any]) -> None:
    failed = found["failed"]
    assert (failed["made"], failed["failed"]) == (12, 3)
    expected = wanted().copy()
    expected[1] = np.nan
    np.testing.assert_array_equal(values(failed), expected)


def test_sets_with_other_calendars_have_jobs_of_their_own(found: dict[str, Any]) -> None:
    sets = [
        one.replace(beyond_range=True, calendar_stagger=0.0 if i % 2 else 0.25)
        for i, one in enumerate(plausible_sets().within(SOURCE)[: RUN["sets"]])
    ]
    np.testing.assert_array_equal(values(found["staggered"]), wanted(sets))


# --- what the class looks at ----------------------------------------------------------------------


@pytest.mark.parametrize("data", LOOKED, ids=lambda one: one["name"])
def test_states_of_everyone_are_those_of_python(
    data: dict[str, Any], found: dict[str, Any]
) -> None:
    scenario = Scenario.from_dict(data)
    got = found["looked"][scenario.name]
    parameters = scenario.parameter_set()
    record, states, providers = compiled.simulate_states(scenario, parameters, scenario.seed, 3)
    assert got["same"], "a run after it is as ever"

    def same(text: str, array: np.ndarray) -> None:
        found = np.frombuffer(base64.b64decode(text)).reshape(array.shape)
        np.testing.assert_array_equal(found, array)

    same(got["record"], record)
    for name, array in providers.items():
        same(got[name], array)
    teams = zip(got["regions"], states, scenario.networks, scenario.staff_counts, strict=True)
    for region, state, asked, staff in teams:
        same(region["people"], state["people"])
        same(region["site"], state["site"])
        assert region["staff"] == staff
        if asked.kind == "complete":
            assert np.isnan(region["ties"]), "null"
            continue
        graph = network.neighbours(asked, staff, scenario.seed, region["candidate"], 3)
        pairs = [[i, j] for i in range(staff) for j in graph.of(i) if i < j]
        assert region["ties"] == pairs


def test_single_draws_are_those_of_the_streams(found: dict[str, Any]) -> None:
    blocks = []
    for one in DRAWS["counters"]:
        luck = streams.Streams(int(DRAWS["seed"]), one.get("replicate", 0))
        purpose = getattr(streams, one["purpose"].upper())
        words = luck.words(purpose, one["entity"], one.get("week", 0), one.get("series", 0))
        blocks += list(words)
    assert found["draws"]["words"] == blocks
    assert found["draws"]["uniforms"] == [streams.uniform(word) for word in blocks]
    assert found["draws"]["irwin_halls"] == [streams.irwin_hall4(word) for word in blocks]
