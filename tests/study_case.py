"""A small study for the tests of stores, runners and clusters."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.outcomes import INDEX
from sim.core.parameters import Parameters
from sim.runs.collect import Moments, Points, RunMoments, RunValues
from sim.runs.execute import Execution, execute
from sim.runs.plan import RunPlan, common
from sim.scenario.scenario import Scenario

SCENARIO = Scenario.shipped("classroom")
POINTS = (20, SCENARIO.horizon_weeks)
REPLICATES = 7
SEED = 11
OUTCOMES = ("trust", "knowledge", "collaboration", "cost")


def digest(found: RunValues | RunMoments) -> str:
    """SHA-256 (hex) of all that was kept, in order; file format and time do not enter it."""
    if isinstance(found, RunValues):
        partners = [values for values in found.without_ta if values is not None]
        arrays = [*found.values, *partners, found.made.done]
    else:
        arrays = [a for one in found.jobs for a in (one.count, one.mean, one.variance)]
    made, kept = found.made, found.kept
    names = [
        [[list(job.weeks), list(kept.places(job))] for job in made.plan.jobs],
        list(kept.names),
        [str(array.shape) for array in arrays],
        [[f.job, f.set_index, f.replicate, f.stage, f.reason] for f in made.failures],
    ]
    hashed = hashlib.sha256(json.dumps(names).encode())
    for array in arrays:
        plain = np.ascontiguousarray(array)
        if plain.dtype.kind == "f":
            plain = np.where(np.isnan(plain), np.nan, plain)  # one NaN, whatever its bits
        hashed.update(plain.tobytes())
    return hashed.hexdigest()


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


def plan(count: int = 30, replicates: int = REPLICATES, *, first: int = 0) -> RunPlan:
    """Its runs."""
    return RunPlan((common(SCENARIO, sets(count), replicates, POINTS, first=first),), SEED)


def study(
    count: int = 30, replicates: int = REPLICATES, *, first: int = 0, **how: Any
) -> RunValues:
    """The study, run in some way."""
    kept = Points(OUTCOMES, ("region_1", "overall"))
    return execute(plan(count, replicates, first=first), Execution(**how), kept)


def moments(count: int = 30, replicates: int = REPLICATES, **how: Any) -> RunMoments:
    """Its means and variances."""
    kept = Moments(OUTCOMES, ("region_1", "overall"))
    return execute(plan(count, replicates), Execution(**how), kept)


@dataclass(frozen=True, eq=False)
class Summaries:
    """All outcomes of all regions: (sets, replicates, points, regions + 1, outcomes)."""

    values: np.ndarray
    regions: tuple[str, ...]

    def of(self, outcome: str, point: int = 0, region: str = "overall") -> np.ndarray:
        """(sets, replicates)."""
        return self.values[:, :, point, self.regions.index(region), INDEX[outcome]]


def summaries(
    scenario: Scenario, some: Sequence[Parameters], replicates: int, seed: int,
    points: Sequence[int], *, first: int = 0,
) -> Summaries:  # fmt: skip
    """Every set in every replicate, all sets sharing these."""
    job = common(scenario, some, replicates, points, first=first)
    found = execute(RunPlan((job,), seed), None, Points(regions=None))
    return Summaries(found.grid(), job.places)


def main(words: Sequence[str]) -> None:
    """``python study_case.py FOLDER SETS REPLICATES``: run it with a store; a line a part."""
    folder, count, replicates = words[0], int(words[1]), int(words[2])

    def tell(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    study(count, replicates, store=folder, resume=True, progress=tell)


if __name__ == "__main__":
    main(sys.argv[1:])
