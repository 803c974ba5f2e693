"""A small study for the tests of stores, runners and clusters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from sim.parameters import Parameters
from sim.scenario import Scenario
from sim.study.runner import StudyRuns, run_study

SCENARIO = Scenario.shipped("classroom")
POINTS = (20, SCENARIO.horizon_weeks)
REPLICATES = 7
SEED = 11
OUTCOMES = ("trust", "knowledge", "collaboration", "cost")


def sets(count: int = 30) -> list[Parameters]:
    """Parameter sets that differ in two ways."""
    base = SCENARIO.parameter_set()
    return [
        base.replace(
            beyond_range=True,
            trust_step=0.1 + 0.3 * (i % 997) / 997,
            integration_threshold=0.3 + 0.5 * (i % 89) / 89,
        )
        for i in range(count)
    ]


def study(count: int = 30, replicates: int = REPLICATES, **options: Any) -> StudyRuns:
    """The study, run in some way."""
    return run_study(
        SCENARIO, sets(count), replicates, SEED, POINTS,
        **{"outcomes": OUTCOMES, "regions": ("region_1", "overall"), **options},
    )  # fmt: skip


def main(words: Sequence[str]) -> None:
    """``python study_case.py FOLDER SETS REPLICATES``: run it with a store; a line a part."""
    folder, count, replicates = words[0], int(words[1]), int(words[2])

    def tell(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    study(count, replicates, store=folder, resume=True, progress=tell)


if __name__ == "__main__":
    main(sys.argv[1:])
