"""Whatever a scenario says: states stay in [0, 1], books balance, results are the same again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from checks import (
    agrees_with_oracle,
    books_balance,
    column,
    record_is_legal,
    run_checked,
    total,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import CORNERS, REPLICATES, SEEDS, examples, lively, one_in_three, scenarios

from sim.core import outcomes
from sim.core.outcomes import NAMES, OUTCOMES
from sim.engine.compiled import simulate  # the bits of the readable engine: tests/test_engines.py
from sim.model import week
from sim.scenario.scenario import Scenario, shipped_names

# HYPOTHESIS_PROFILE=explore looks for longer.
ANY = settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])


def outcomes_are_legal(record: np.ndarray, scenario: Scenario) -> None:
    """Every outcome lies within its own bounds, every week and at the end; empty is NaN."""
    threshold = scenario.parameter_set().integration_threshold
    weekly = outcomes.weekly(record, scenario.costs, threshold)
    at_end = outcomes.at_week(record, len(record) - 1, scenario.costs, threshold)
    for values in (weekly, at_end[None]):
        for i, name in enumerate(NAMES):
            spec = OUTCOMES[name]
            found = values[..., i]
            known = found[~np.isnan(found)]
            assert (known >= spec.low).all(), name
            if spec.high is not None:
                assert (known <= spec.high + 1e-9).all(), name
            may_be_empty = spec.kind == "rate" or name == "collaboration"
            assert may_be_empty or known.size == found.size, f"{name} is empty"


def cost_adds_up(record: np.ndarray, scenario: Scenario) -> None:
    """Cost = prices x (contact + preparation + travel hours), attended staff hours, visits."""
    costs = scenario.costs
    hours = sum(total(record, f"{kind}_hours") for kind in ("contact", "preparation", "travel"))
    expected = costs.provider_hour * hours + costs.staff_hour * total(record, "staff_hours")
    expected += costs.travel_visit * total(record, "visits")
    found = outcomes.at_week(record, len(record) - 1, costs)[-1, outcomes.INDEX["cost"]]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@ANY
@given(scenarios(), SEEDS, REPLICATES)
def test_any_scenario_keeps_its_promises(fields: dict[str, Any], seed: int, replicate: int) -> None:
    scenario = Scenario.from_dict(fields)
    record = run_checked(scenario, seed=seed, replicate=replicate).record
    outcomes_are_legal(record, scenario)
    cost_adds_up(record, scenario)


@ANY
@given(scenarios(), SEEDS, st.integers(0, 70))
def test_any_scenario_is_as_specified(fields: dict[str, Any], seed: int, replicate: int) -> None:
    """The second reading of the specification (tests/checks.py) gives the same numbers."""
    as_specified(Scenario.from_dict(fields), seed=seed, replicate=replicate)


def as_specified(scenario: Scenario, seed: int = 1, replicate: int = 0) -> None:
    """By the compiled engine, whose bits are those of the readable one: tests/test_engines.py."""
    record = simulate(scenario, scenario.parameter_set(), seed, replicate)
    agrees_with_oracle(scenario, record, seed=seed, replicate=replicate)


@pytest.mark.parametrize("number", one_in_three(range(24)))
def test_everything_at_once_is_as_specified(number: int) -> None:
    as_specified(Scenario.from_dict(lively(number)), seed=number, replicate=number % 4)


def test_everything_happens_at_once() -> None:
    """What the lively scenarios are there for happens in them, often."""
    seen: dict[str, float] = {}
    for number in range(24):
        scenario = Scenario.from_dict(lively(number))
        record = simulate(scenario, scenario.parameter_set(), number, number % 3)
        for name in ("failed_provider", "failed_region", "kept_staff", "kept_provider",
                     "broken_staff", "broken_provider", "made_staff", "made_provider", "leavers",
                     "lapsed", "provider_left"):  # fmt: skip
            seen[name] = seen.get(name, 0.0) + total(record, name)
        met = column(record, "attended")
        found = {
            "overload": column(record, "load") > 1.0,
            "several a week": met > 1.0,
            "large groups": column(record, "present") > 12.0 * np.maximum(met, 1.0),
            "contacts without commitments reviewed": (met > 0.0) & (column(record, "open") > 0.0),
        }
        for name, places in found.items():
            seen[name] = seen.get(name, 0.0) + float(places.sum())
    assert min(seen.values()) > 20.0, seen


@pytest.mark.parametrize("name", CORNERS)
def test_corner_is_as_specified(name: str) -> None:
    as_specified(Scenario.from_dict(CORNERS[name]))


@pytest.mark.parametrize("name", one_in_three(sorted(set(shipped_names()) - {"national"})))
def test_shipped_scenario_is_as_specified(name: str) -> None:
    as_specified(Scenario.shipped(name), seed=5, replicate=2)


@settings(ANY, max_examples=examples(40))
@given(scenarios(), SEEDS)
def test_the_same_run_again_is_the_same(fields: dict[str, Any], seed: int) -> None:
    scenario = Scenario.from_dict(fields)
    p = scenario.parameter_set()
    first = week.simulate(scenario, p, seed, 3)
    again = week.simulate(Scenario.from_dict(scenario.to_dict()), p, seed, 3)
    assert first.tobytes() == again.tobytes()


@settings(ANY, max_examples=examples(40))
@given(scenarios(), SEEDS)
def test_without_ta_has_the_same_people_and_no_contacts(fields: dict[str, Any], seed: int) -> None:
    scenario = Scenario.from_dict(fields)
    record = simulate(scenario, scenario.parameter_set(), seed, 0)
    partner = scenario.without_ta()
    without = simulate(partner, partner.parameter_set(), seed, 0)
    assert without[0].tobytes() == record[0].tobytes()
    # Shocks and turnover are the same; nothing else happens.
    assert (column(without, "leavers") == column(record, "leavers")).all()
    assert (column(without, "provider_left") == column(record, "provider_left")).all()
    for name in ("planned", "contact_hours", "preparation_hours", "staff_hours", "made_staff"):
        assert total(without, name) == 0.0


@pytest.mark.parametrize("name", CORNERS)
def test_corner(name: str) -> None:
    scenario = Scenario.from_dict(CORNERS[name])
    for replicate in range(3):
        record = run_checked(scenario, replicate=replicate).record
        outcomes_are_legal(record, scenario)
        cost_adds_up(record, scenario)


def test_what_the_corners_are_there_for() -> None:
    records = {
        name: simulate(s := Scenario.from_dict(fields), s.parameter_set(), 1, 0)
        for name, fields in CORNERS.items()
    }
    nobody = records["nobody attends"]
    assert total(nobody, "held") > 0
    assert total(nobody, "present") == total(nobody, "attended") == total(nobody, "made_staff") == 0
    idle = records["a provider without hours"]
    assert total(idle, "held") > 0
    assert total(idle, "contact_hours") < 1e-6
    everybody = records["all staff leave every week"]
    assert (column(everybody, "leavers")[1:] == 4).all()
    assert (column(records["all staff leave by chance"], "leavers")[1:] == 4).all()
    assert (column(records["providers leave every week"], "provider_left")[1:] == 1).all()
    assert (column(records["many series in one week"], "planned")[1:] == 20).all()
    assert (column(records["every week"], "planned")[1:] == 1).all()
    for name in ("nothing at all", "hours that come to nothing", "a series cut off"):
        assert total(records[name], "planned") == 0
    assert (column(records["a log alone"], "planned")[1:, 0] == 0).all()
    assert (column(records["a log alone"], "planned")[1:, 1] == 1).all()


def test_every_shipped_scenario_keeps_its_promises() -> None:
    """The large one is left out: it takes a while."""
    for name in sorted(set(shipped_names()) - {"national"}):
        scenario = Scenario.shipped(name)
        record = simulate(scenario, scenario.parameter_set(), scenario.seed, 0)
        record_is_legal(record)
        books_balance(record, scenario)
        outcomes_are_legal(record, scenario)
        cost_adds_up(record, scenario)
