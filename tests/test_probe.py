"""How long runs take, told from small parts of them: by a clock that counts work, not time."""

from __future__ import annotations

import pytest

from sim.runs import probe
from sim.runs.plan import RunPlan, common
from sim.scenario.scenario import Scenario


def plan(sets: int) -> RunPlan:
    scenario = Scenario.shipped("classroom")
    chosen = [scenario.parameter_set()] * sets
    return RunPlan((common(scenario, chosen, 10, [52]),), seed=1)


@pytest.fixture
def machine() -> list[RunPlan]:
    """Parts that were made."""
    return []


def seconds(made: list[RunPlan], sets: int) -> float:
    """Of a machine on which the engine takes 100 s once, what parts share 7 s, and a run .25 s."""

    def clock() -> float:
        return sum(
            (100.0, 7.0, 0.0)[place] + 0.25 * part.runs for place, part in enumerate(made)
        )  # fmt: skip

    return probe.seconds(plan(sets), made.append, clock=clock)


def test_what_parts_share_counts_once_and_compiling_does_not(machine: list[RunPlan]) -> None:
    assert seconds(machine, 1000) == pytest.approx(7.0 + 0.25 * 10_000)
    assert [part.runs for part in machine] == [1, probe.RUNS, probe.RUNS]
    _, one, other = machine
    assert one.jobs[0].replicate.tolist() == other.jobs[0].replicate.tolist()


def test_of_a_small_plan_the_halves_are_tried(machine: list[RunPlan]) -> None:
    assert seconds(machine, 3) == pytest.approx(7.0 + 0.25 * 30)
    assert [part.runs for part in machine] == [1, 15, 15]


def test_a_plan_of_one_run(machine: list[RunPlan]) -> None:
    scenario = Scenario.shipped("classroom")
    one = RunPlan((common(scenario, [scenario.parameter_set()], 1, [52]),), seed=1)
    found = probe.seconds(one, machine.append, clock=lambda: 0.5 * len(machine))
    assert found == pytest.approx(0.5)
