"""The Mesa model is the oracle of the compiled engine: every state, every week, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from checks import BUSY, make_scenario
from hypothesis import HealthCheck, given, settings
from strategies import examples, lively, one_in_three, scenarios

from sim.core.parameters import Parameters
from sim.core.threads import by_threads
from sim.engine import batch, compiled, kernel
from sim.engine.tables import parameter_rows
from sim.model.week import CoCreationModel, Region
from sim.model.week import simulate as mesa_run
from sim.scenario.scenario import Scenario, shipped_names
from sim.studies.run.runs import run

pytestmark = pytest.mark.smoke

PEOPLE = {
    "motivation": "motivation",
    "capacity": "capacity",
    "offset": "offset",
    "first_trust": "first_trust",
    "first_accountability": "first_accountability",
    "first_knowledge": "first_knowledge",
    "trust": "trust",
    "accountability": "accountability",
    "knowledge": "knowledge",
    "integration": "integration",
    "workload": "workload",
    "open": "open_commitments",
    "seat": "seat",
}


def people_of(region: Region) -> np.ndarray:
    """Every number of every person, (field, post), in the order of kernel.FIELDS."""
    return np.array(
        [[getattr(person, PEOPLE[f]) for person in region.staff] for f in kernel.FIELDS],
        dtype=np.float64,
    )


def site_of(region: Region) -> dict[str, float]:
    return {
        "leadership": region.leadership,
        "usual_demand": region.usual_demand,
        "routines": region.routines,
        "context": region.site.context,
        "record": region.site.record,
        "usual_record": region.site.usual_record,
        "owed": region.site.open_commitments,
        "candidate": region.candidate,
    }


def assert_same_bits(scenario: Scenario, replicate: int = 0, seed: int = 1) -> None:
    """Run both engines side by side and compare every state of everyone in every week."""
    parameters = scenario.parameter_set()
    record, states, providers = compiled.simulate_states(scenario, parameters, seed, replicate)
    model = CoCreationModel(scenario, seed=seed, replicate=replicate, collect=False)
    for week in range(scenario.horizon_weeks + 1):
        if week:
            model.step()
        for region, state in zip(model.regions, states, strict=True):
            ours, theirs = people_of(region), state["people"][week]
            if not np.array_equal(ours, theirs):
                field, post = (int(i) for i in np.argwhere(ours != theirs)[0])
                pytest.fail(
                    f"week {week}, {region.name}, post {post}, {kernel.FIELDS[field]}: mesa "
                    f"{ours[field, post]!r}, compiled {theirs[field, post]!r}"
                )
            for name, value in site_of(region).items():
                got = state["site"][week, kernel.SITE.index(name)]
                assert got == value, f"week {week}, {region.name}, {name}"
        for number, provider in enumerate(model.providers):
            # Whoever leaves does so when the week ends: the successor has the next week's skill.
            after = min(week + 1, scenario.horizon_weeks)
            if after > week:
                assert providers["skill"][after, number] == provider.skill, (
                    f"week {week}, skill of {provider.name}"
                )
            for name in ("load", "overload"):
                assert providers[name][week, number] == getattr(provider, name), (
                    f"week {week}, {name} of {provider.name}"
                )
            for site in provider.sites:
                assert record[week, site.region.index, kernel.COLUMN["load"]] == provider.load
    np.testing.assert_array_equal(record, model.record)
    on_threads(scenario, replicate, seed, record)


def _made(
    scenario: Scenario,
    sets: list[Parameters],
    which: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    *,
    weeks: list[int] | None = None,
    threads: int = 1,
    size: int = 10,
) -> np.ndarray:
    """Records of runs, of which each call of a thread makes ``size``."""
    matrix = parameter_rows(sets)

    def make(part: slice) -> np.ndarray:
        return batch.run_here(scenario, matrix, which[part], replicates[part], seed, weeks=weeks)

    parts = [slice(first, first + size) for first in range(0, len(which), size)]
    return np.concatenate(list(by_threads(make, parts, threads)))


def on_threads(scenario: Scenario, replicate: int, seed: int, record: np.ndarray) -> None:
    """The same run, and others beside it, on one and on two threads."""
    numbers = np.array([replicate, replicate + 1, replicate, replicate], dtype=np.int64)
    records = [
        _made(scenario, [scenario.parameter_set()], np.zeros(4, dtype=np.int64), numbers, seed,
              threads=threads, size=1)
        for threads in (1, 2)
    ]  # fmt: skip
    for place in (0, 2, 3):
        np.testing.assert_array_equal(records[0][place], record)
    np.testing.assert_array_equal(records[0], records[1])


def test_the_fields_compared_are_all_fields() -> None:
    assert set(PEOPLE) == set(kernel.FIELDS)


def shortened(name: str) -> Scenario:
    """A shipped scenario at its full horizon; the one with 24,000 people is cut to one week."""
    scenario = Scenario.shipped(name)
    if sum(scenario.staff_counts) > 2000:
        return Scenario.from_dict({**scenario.to_dict(), "horizon_weeks": 1, "dosage": []})
    return scenario


@pytest.mark.parametrize("name", one_in_three(shipped_names()))
def test_every_shipped_scenario_has_the_same_bits(name: str) -> None:
    assert_same_bits(shortened(name), replicate=3, seed=11)


@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
@given(scenarios())
def test_any_scenario_has_the_same_bits(data: dict[str, Any]) -> None:
    scenario = Scenario.from_dict(data)
    assert_same_bits(scenario, replicate=scenario.seed % 5, seed=scenario.seed)


@pytest.mark.parametrize("number", one_in_three(range(12)))
def test_everything_at_once_has_the_same_bits(number: int) -> None:
    assert_same_bits(Scenario.from_dict(lively(number)), replicate=number % 4, seed=number)


def _records(threads: int, weeks: list[int] | None = None, size: int = 10) -> np.ndarray:
    scenario = Scenario.shipped("source")
    sets = [scenario.parameter_set(), Parameters(trust_step=0.2), Parameters(power_sharing=0.1)]
    which = np.repeat(np.arange(3), 20)
    replicates = np.tile(np.arange(20), 3)
    return _made(scenario, sets, which, replicates, 5, weeks=weeks, threads=threads, size=size)


def test_threads_and_chunks_change_nothing() -> None:
    one = _records(1)
    np.testing.assert_array_equal(one, _records(2))
    np.testing.assert_array_equal(one, _records(2, size=1))
    alone = mesa_run(Scenario.shipped("source"), Parameters(power_sharing=0.1), 5, 7)
    np.testing.assert_array_equal(one[2 * 20 + 7], alone)


def test_hours_on_commitments_follow_the_scenarios_own_workload_in_both_engines() -> None:
    """Nobody forgets the workload: .04 of 40 hours is 1.6 h a week for each that is open."""
    scenario = make_scenario(**{**BUSY, "parameters": {"commitment_workload": 0.04}})
    mesa, compiled_runs = (
        run(scenario, replicates=3, engine=engine, fixed=True) for engine in ("mesa", "compiled")
    )
    pd.testing.assert_frame_equal(mesa.summary(), compiled_runs.summary())
    pd.testing.assert_frame_equal(mesa.weeks(), compiled_runs.weeks())
    model = CoCreationModel(scenario, collect=False)
    model.run()
    last = model.record[-1][:, kernel.COLUMN["open_staff"]]
    assert last.sum() > 0
    assert model.outcome("commitment_hours") == pytest.approx(1.6 * last.sum())


def test_order_of_runs_changes_nothing() -> None:
    scenario = Scenario.shipped("on_demand")
    parameters = [scenario.parameter_set()]
    forward = np.arange(12)
    backward = forward[::-1].copy()
    which = np.zeros(12, dtype=np.int64)

    def run(replicates: np.ndarray) -> np.ndarray:
        return _made(scenario, parameters, which, replicates, 0, threads=2)

    np.testing.assert_array_equal(run(forward), run(backward)[::-1])


def test_a_record_of_some_weeks_sums_the_flows_up_to_them() -> None:
    """One week after the other, so that nothing depends on the weeks that are reported."""
    every = _records(1)
    weeks = [0, 40, 104, 156]
    some = _records(1, weeks=weeks)
    first_flow = kernel.C_PLANNED
    np.testing.assert_array_equal(some[..., :first_flow], every[:, weeks, :, :first_flow])
    totals = np.cumsum(every[..., first_flow:], axis=1)
    np.testing.assert_array_equal(some[..., first_flow:], totals[:, weeks])


@pytest.mark.slow
def test_national_has_the_same_bits_for_ten_weeks() -> None:
    scenario = Scenario.shipped("national")
    data = {**scenario.to_dict(), "horizon_weeks": 10}
    data["dosage"] = [
        {**series, "first_week": 1, "last_week": 10, "every_weeks": min(series["every_weeks"], 4)}
        for series in data["dosage"]
    ]
    assert_same_bits(Scenario.from_dict(data))
