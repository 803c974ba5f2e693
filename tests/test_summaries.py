"""Summaries of many runs agree with the summaries of each run's whole record."""

from __future__ import annotations

import numpy as np
import pytest
from study_case import summaries

from sim.core import outcomes
from sim.core.parameters import Parameters
from sim.engine.compiled import simulate  # the bits of the readable engine: tests/test_engines.py
from sim.scenario.scenario import Scenario


@pytest.mark.parametrize("name", ["classroom", "on_demand"])
def test_summaries_equal_those_of_whole_records(name: str) -> None:
    scenario = Scenario.shipped(name)
    sets = [
        scenario.parameter_set(),
        Parameters({"trust_step": 0.2, "integration_threshold": 0.3}, beyond_range=True),
    ]
    points = [0, 10, scenario.end_of_ta, scenario.horizon_weeks]
    found = summaries(scenario, sets, 3, seed=4, points=points)
    assert found.values.shape[:3] == (2, 3, 4)
    for s, parameters in enumerate(sets):
        for replicate in range(3):
            record = simulate(scenario, parameters, 4, replicate)
            for place, week in enumerate(points):
                expected = outcomes.at_week(
                    record, week, scenario.costs, parameters.integration_threshold
                )
                # hours are added in another order: equal to the last digits
                np.testing.assert_allclose(
                    found.values[s, replicate, place], expected, rtol=1e-12, atol=1e-12
                )


def test_another_range_of_replicates_is_other_luck() -> None:
    scenario = Scenario.shipped("classroom")
    sets = [scenario.parameter_set()]
    first = summaries(scenario, sets, 4, 1, [20])
    later = summaries(scenario, sets, 2, 1, [20], first=2)
    np.testing.assert_array_equal(first.values[:, 2:], later.values)
    assert not np.array_equal(first.values[:, :2], later.values)
