"""One way to change a scenario: nothing is lost by it, and what is left out is said."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

from sim.core.errors import ScenarioError
from sim.scenario.levers import NEVER, SITES, changed, end_after, lever_names, value_of, with_levers
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies.surface.grid import Cell, scenario_of

SHIPPED = {name: Scenario.shipped(name) for name in shipped_names()}

PHASES = Scenario.from_text("""
name: A provider leaves after a year, and there is less money in year 2
horizon_weeks: 156
regions: {candidates: 12, count: 12, selection: all, overrides: {region_3: {staff: 7}}}
providers: {count: 6}
dosage:
  - {mode: onsite, every_weeks: 13, hours: 4, last_week: 52}
  - {mode: video, every_weeks: 4, hours: 1.5, first_week: 3, last_week: 52}
  - {mode: onsite, every_weeks: 26, hours: 4, first_week: 53, last_week: 104}
  - {mode: video, every_weeks: 6, hours: 1.5, first_week: 53, last_week: 104, invited: 0.5}
shocks:
  - {week: 53, kind: provider_leaves, provider: provider_5}
  - {week: 60, kind: demand_rise, until_week: 70, by: 0.1, region: region_7}
  - {week: 80, kind: dosage_cut, factor: 0.5}
""")
LOGGED = Scenario.from_text("""
name: Some weeks done, more to come
horizon_weeks: 156
regions: {candidates: 3, count: 3, selection: all, names: [north, coast, lakes]}
providers: {count: 2, weekly_hours: [20, 10]}
contact_log:
  rows:
    - {week: 2, region: north, mode: onsite, hours: 3}
    - {week: 38, region: coast, mode: video, hours: 1}
dosage:
  - {mode: video, every_weeks: 4, hours: 1.5, first_week: 40, last_week: 104}
""")
ALL = SHIPPED | {"phases": PHASES, "logged": LOGGED}

VALUES: dict[str, list[Any]] = {
    "months": [6, 12, 18],
    "first_week": [2, 5],
    "every_weeks": [2, 3.5],
    "hours": [0.75, 2.0],
    "co_creation": [0.25, 0.9],
    "taper": [0.5, 2.0],
    "core_team": [0.5],
    "staff": [9, 14],
    "regions": [2, 5],
    "providers": [1, 2],
    "weekly_hours": [12.5],
    "onsite.every_weeks": [8, 26],
    "video.hours": [0.25, 3.0],
    "phone.invited": [0.5],
    "functions": ["training", "relationship_first"],
    "functions.learning": [0.0, 0.4, 1.0],
    "video.functions.review": [0.3],
    "dosage[0].mode": ["phone"],
    "network": ["ring"],
    "horizon_weeks": [300],
}
TOUCHED = {
    "months": {"last_week"},
    "first_week": {"first_week", "last_week"},
    "horizon_weeks": {"last_week"},
}
"""Fields of a contact series that a lever of the whole plan sets."""


@pytest.mark.parametrize("name", ALL)
def test_a_lever_set_to_what_it_is_changes_nothing(name: str) -> None:
    scenario = ALL[name]
    for lever in lever_names(scenario):
        value = value_of(scenario, lever)
        if value is not None:
            assert changed(scenario, {lever: value}).scenario is scenario, lever


@settings(deadline=None, max_examples=examples(120))
@given(st.sampled_from(sorted(ALL)), st.sampled_from(sorted(VALUES)), st.data())
def test_a_lever_reads_back_and_nothing_else_moves(
    name: str, lever: str, data: st.DataObject
) -> None:
    scenario = ALL[name]
    value = data.draw(st.sampled_from(VALUES[lever]))
    try:
        found = changed(scenario, {lever: value})
    except ScenarioError:
        return  # refused, with a reason
    assert value_of(found.scenario, lever) == value
    if found.discarded or lever in ("regions", "providers"):
        return
    before, after = scenario.to_dict(), found.scenario.to_dict()
    for field in before:
        if field != "dosage":
            assert _without(before[field], lever) == _without(after[field], lever), field
    own = "functions" if "functions." in lever else lever.rpartition(".")[2]
    touched = TOUCHED.get(lever, {own})
    for one, other in zip(before["dosage"], after["dosage"], strict=True):
        assert {k: v for k, v in one.items() if k not in touched} == {
            k: v for k, v in other.items() if k not in touched
        }


def _without(part: Any, lever: str) -> Any:
    """A part of a scenario without what a lever sets."""
    part = copy.deepcopy(part)
    if isinstance(part, dict):
        if lever == "network" and isinstance(part.get("network"), dict):
            part["network"].pop("kind")
        else:
            part.pop(lever, None)
    return None if lever == "horizon_weeks" and isinstance(part, int) else part


@pytest.mark.parametrize("name", ["source", "planning", "phases", "logged"])
def test_the_order_of_levers_does_not_matter(name: str) -> None:
    both = {"hours": 1.25, "months": 18, "providers": 1, "core_team": 0.5, "co_creation": 0.3}
    scenario = ALL[name]
    together = with_levers(scenario, both)
    assert with_levers(scenario, dict(reversed(both.items()))) == together
    stepwise = scenario
    for lever in reversed(both):
        stepwise = with_levers(stepwise, {lever: both[lever]})
    assert stepwise == together


def test_levers_reach_the_scenario() -> None:
    source = SHIPPED["source"]
    moved = with_levers(
        source,
        {"dosage[0].hours": 2.0, "co_creation": 0.1, "core_team": 0.5, "staff": np.float64(8.0),
         "network": "ring", "every_weeks": 6.0},
    )  # fmt: skip
    assert moved.dosage[0].hours == 2.0
    assert moved.dosage[1].hours == source.dosage[1].hours
    assert [one.co_creation for one in moved.dosage] == [0.1, 0.1]
    assert [one.every_weeks for one in moved.dosage] == [6.0, 6.0]
    assert (moved.regions.core_team, moved.regions.staff) == (0.5, 8)
    assert moved.regions.network.kind == "ring"


@pytest.mark.parametrize("months", [6, 12, 24])
def test_months_end_in_the_same_week_whichever_door(months: float) -> None:
    source = SHIPPED["source"]
    end = round(months * 52 / 12)
    assert end_after(source, months) == with_levers(source, {"months": months}).end_of_ta == end
    cell = Cell(
        4.0, 1.0, months=months
    )  # of a series from week 3 on, and the plan begins in week 1
    for keep_others in (True, False):
        assert scenario_of(source, cell, keep_others=keep_others).end_of_ta == end
    assert with_levers(LOGGED, {"months": months}).end_of_ta == 39 + end


def test_values_are_taken_as_they_are() -> None:
    """Twice a year is every 26 weeks, whatever a display would round a month's contacts to."""
    for every in (26, 25.5, 2.17, 1.9969278033794162):
        made = with_levers(SHIPPED["source"], {"onsite.every_weeks": every})
        assert made.dosage[0].every_weeks == every


def test_phases_go_on_and_are_not_stretched_over_each_other() -> None:
    longer = changed(PHASES, {"months": 30})
    assert [(s.first_week, s.last_week) for s in longer.scenario.dosage] == [
        (1, 52), (3, 52), (53, 130), (53, 130),
    ]  # fmt: skip
    assert longer.discarded == ()
    assert longer.scenario.shocks == PHASES.shocks
    later = with_levers(PHASES, {"first_week": 6})
    assert [(s.first_week, s.last_week) for s in later.dosage] == [
        (6, 57), (8, 57), (58, 109), (58, 109),
    ]  # fmt: skip


def test_what_is_left_out_is_said() -> None:
    shorter = changed(PHASES, {"months": 12})
    assert [s.last_week for s in shorter.scenario.dosage] == [52, 52]
    assert [text[:16] for text in shorter.discarded] == ["Contact series 3", "Contact series 4"]
    fewer = changed(PHASES, {"regions": 6, "providers": 3})
    assert fewer.scenario.regions.candidates == 6
    assert list(fewer.scenario.regions.overrides) == ["region_3"]
    assert [shock.kind for shock in fewer.scenario.shocks] == ["dosage_cut"]
    assert len(fewer.discarded) == 2
    only_two = changed(PHASES, {"regions": 2})
    assert any("region_3" in text for text in only_two.discarded)


@pytest.mark.parametrize(
    ("scenario", "change", "words"),
    [
        (PHASES, {"onsite.every_weeks": 8}, r"13 to week 52, then 26.*undo the phases"),
        (PHASES, {"every_weeks": 8}, r"dosage\[0\].every_weeks or dosage\[2\].every_weeks"),
        (PHASES, {"last_week": 104}, "undo the phases"),
        (PHASES, {"phone.hours": 1}, "phone.every_weeks and phone.hours together"),
        (PHASES, {"months": 60}, "beyond the horizon"),
        (PHASES, {"hour": 2}, "did you mean 'hours'"),
        (PHASES, {"dosage[0].first_week": "May", "taper": 0.5}, "first_week: .May. is not"),
        (LOGGED, {"regions": 1}, "contact log has contacts of coast"),
        (LOGGED, {"first_week": 30}, "contact log runs to week 38"),
        (LOGGED, {"providers": 3}, "hours a week of 2 providers, not of 3"),
        (LOGGED, {"regions": 2.5}, "whole"),
    ],
)
def test_what_would_be_lost_is_refused_with_the_reason(
    scenario: Scenario, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ScenarioError, match=words):
        with_levers(scenario, change)


def test_modes_come_and_go() -> None:
    source = SHIPPED["source"]
    made = with_levers(
        source, {"onsite.every_weeks": NEVER, "phone.every_weeks": 2.0, "phone.hours": 0.5}
    )
    assert [series.mode for series in made.dosage] == ["video", "phone"]
    assert made.dosage[1].last_week == source.end_of_ta
    # What visits would be like that are never made changes nothing.
    gone = {"onsite.every_weeks": NEVER, "onsite.hours": 5.0, "dosage[0].co_creation": 0.1}
    assert with_levers(source, gone) == with_levers(source, {"onsite.every_weeks": NEVER})
    assert with_levers(source, {"phone.every_weeks": NEVER, "phone.hours": 3.0}) == source


def test_own_names_go_on_and_providers_follow() -> None:
    made = with_levers(LOGGED, {"regions": 5})
    assert made.region_names == ("north", "coast", "lakes", "region_1", "region_2")
    assert with_levers(SHIPPED["planning"], {SITES: 5.0}).providers.count == 3


def test_stopping_now_keeps_the_log_alone() -> None:
    stopped = LOGGED.stopping_now()
    assert (stopped.end_of_ta, stopped.dosage, stopped.has_ta) == (38, (), True)
    assert stopped.contact_log == LOGGED.contact_log
    assert LOGGED.plan_start == 40
