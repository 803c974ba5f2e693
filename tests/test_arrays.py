"""Preparing a scenario, compiled: contacts and events as :mod:`sim.model.dosage` has them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from strategies import CORNERS, examples, scenarios

from sim.engine import arrays, prepare, tables
from sim.model import dosage
from sim.scenario.functions import FUNCTIONS
from sim.scenario.scenario import Scenario, shipped_names

pytestmark = pytest.mark.smoke


def contacts_as_defined(scenario: Scenario) -> list[tuple[Any, ...]]:
    """(week, region) and a row of CONTACT_TYPE for every planned contact, from the definition."""
    assigned = scenario.assignment
    return [
        (
            c.week, c.region, c.series, c.mode, c.timing, c.status, c.hours, c.co_creation,
            c.every_weeks, c.provider,
            1 + sum(p == c.provider for r, p in enumerate(assigned) if r != c.region),
            c.seats, c.present, c.others, c.share, *(c.functions or (None,) * len(FUNCTIONS)),
        )
        for c in dosage.planned_contacts(scenario, scenario.parameter_set())
    ]  # fmt: skip


def contacts_in(made: tables.Tables) -> list[tuple[Any, ...]]:
    """The same as the kernel finds them."""
    found = []
    for week, region in np.ndindex(made.contact_count.shape):
        first = made.contact_start[week, region]
        for row in made.contacts[first : first + made.contact_count[week, region]]:
            values = [None if value != value else value for value in row.tolist()]
            found.append((week, region, *values))
    return found


def assert_as_defined(scenario: Scenario) -> None:
    made = prepare.tabulate(scenario)
    weeks, names = range(scenario.horizon_weeks + 1), scenario.region_names
    assert contacts_in(made) == contacts_as_defined(scenario)
    assert len(made.contacts) == made.contact_count.sum()
    assert made.most_contacts == made.contact_count.max()
    demand = [[dosage.demand_rise(scenario, week, name) for name in names] for week in weeks]
    np.testing.assert_array_equal(made.demand, demand)
    delivery = [dosage.delivery_share(scenario, week) for week in weeks]
    np.testing.assert_array_equal(made.delivery, delivery)
    departs = np.zeros_like(made.provider_departs)
    leaves = []
    for number, shock in enumerate(scenario.shocks):
        if shock.kind == "provider_leaves":
            departs[shock.week, scenario.provider_names.index(shock.provider)] = 1
        elif shock.kind == "staff_leave":
            region = -1 if shock.region is None else names.index(shock.region)
            leaves.append((shock.week, region, number, shock.share))
    np.testing.assert_array_equal(made.provider_departs, departs)
    assert made.leaves.tolist() == leaves


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_scenario_is_prepared_as_defined(name: str) -> None:
    assert_as_defined(Scenario.shipped(name))


@pytest.mark.parametrize("name", sorted(CORNERS))
def test_corners_are_prepared_as_defined(name: str) -> None:
    assert_as_defined(Scenario.from_dict(CORNERS[name]))


@settings(
    max_examples=examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
@given(scenarios())
def test_any_scenario_is_prepared_as_defined(data: dict[str, Any]) -> None:
    assert_as_defined(Scenario.from_dict(data))


def test_events_have_the_names_of_scenario_files() -> None:
    kinds = {"dosage_cut", "demand_rise", "staff_leave", "provider_leaves"}
    assert kinds | {"delivery_work"} == set(arrays.EVENTS)


def test_a_stagger_moves_calendars_and_nothing_else() -> None:
    scenario = Scenario.shipped("planning")
    own = prepare.tabulate(scenario)
    same = prepare.tabulate(scenario, scenario.parameter_set().calendar_stagger)
    moved = prepare.tabulate(scenario, 0.0)
    assert own.contacts.tobytes() == same.contacts.tobytes()
    assert contacts_in(moved) != contacts_in(own)
    for name in ("regions", "demand", "delivery", "leaves", "provider_departs", "given_ties"):
        assert getattr(own, name).tobytes() == getattr(moved, name).tobytes()


def test_regions_are_those_of_the_scenario() -> None:
    fields = {"knowledge": 0.3, "trust": 0.0, "demand": 1.0}
    scenario = Scenario.from_dict(
        {
            "name": "t",
            "horizon_weeks": 4,
            "regions": {
                "candidates": 5, "count": 3, "staff": 7, "core_team": 0.5, "network": "hub",
                "overrides": {
                    "region_2": {"staff": 4, "start": fields, "leadership": 0.9},
                    "region_3": {"network": {"kind": "random", "neighbours": 3}},
                },
            },
            "providers": {"count": 2},
        }
    )  # fmt: skip
    regions = prepare.tabulate(scenario).regions
    assert regions["staff"].tolist() == [7, 4, 7]
    assert regions["first"].tolist() == [0, 7, 11]
    assert regions["core"].tolist() == [4, 2, 4]
    assert regions["provider"].tolist() == [0, 1, 0]
    assert regions["sites"].tolist() == [2, 1, 2]
    assert regions["ties"].tolist() == [6, 3, 11]
    for name, value in {**fields, "leadership": 0.9}.items():
        assert regions[name][1] == value
        assert np.isnan(regions[name][[0, 2]]).all()
    assert np.isnan(regions["staff_accountability"]).all()
    assert np.isnan(regions["provider_accountability"]).all()


def lines(work: Callable[[], Any]) -> int:
    """How many lines of this package's Python some work takes."""
    import sys

    count = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        if "sim" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def test_preparing_does_not_grow_with_staff_or_weeks() -> None:
    """Counted in lines of Python: 12 and 25,000 a region, 20 and 520 weeks cost the same."""

    def plan(staff: int, horizon: int) -> Scenario:
        series = {"mode": "video", "every_weeks": 1, "hours": 1}
        regions = {"candidates": 12, "selection": "all", "staff": staff}
        return Scenario.from_dict(
            {"name": "t", "horizon_weeks": horizon, "regions": regions, "dosage": [series]}
        )

    prepare.tabulate(plan(12, 20))
    plans = [plan(12, 20), plan(2_000, 20), plan(25_000, 20), plan(12, 520)]
    counts = [lines(partial(prepare.tabulate, one, 0.5)) for one in plans]
    assert max(counts) - min(counts) < 300, counts
