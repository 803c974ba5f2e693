"""Readings, a collector of the means that instruments read in every run.

:class:`~sim.runs.people.People` keeps every person, which is too much for a reference table of many
settings. :class:`Readings` keeps one number for each week and instrument: the mean that a paper
would print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from sim.core.parameters import Parameters
from sim.core.states import RESPONSE, TEST
from sim.runs.collect import Arrays, Gathering, Points, RowCollector, RunValues, ValueArrays
from sim.runs.instruments import describe, knowledge_test, survey
from sim.runs.people import People, Seen, seen_of
from sim.runs.plan import Job, RunPlan
from sim.scenario.scenario import Scenario

ITEMS = 4
"""Items of a survey's scale."""


def reading(
    seen: Seen, p: Parameters, name: str, wave: int, *, asked: int | None = None
) -> np.ndarray:
    """One of :data:`READINGS` of each run, (replicates,); NaN where nobody answered.

    Args:
        seen: the people of some runs.
        p: their parameter set.
        name: the reading.
        wave: the index of the week among those that were seen.
        asked: number of people whom a survey asks in each region; None: everybody.

    >>> from sim.runs.instruments import observe
    >>> scenario = Scenario.shipped("classroom")
    >>> parameters = scenario.parameter_set()
    >>> seen = observe(scenario, parameters, seed=1, replicates=3, weeks=[0, 52])
    >>> bool((reading(seen, parameters, "knowledge", 1) > 3).all())
    True
    """
    if name == TEST:
        return describe(knowledge_test(seen, p, wave=wave)).mean
    construct = "trust" if name == RESPONSE else name
    answers = survey(seen, p, construct, wave=wave, items=ITEMS, asked=asked)
    return answers.response() if name == RESPONSE else answers.described().mean


@dataclass(frozen=True)
class Readings(RowCollector[RunValues]):
    """Keeps readings of every run at the weeks of its job, as values of "overall".

    Attributes:
        names: the readings to keep, names of :data:`READINGS`.

    >>> from sim.runs.execute import execute
    >>> from sim.runs.plan import independent
    >>> scenario = Scenario.shipped("classroom")
    >>> job = independent(scenario, [scenario.parameter_set()] * 3, 2, weeks=[0, 52])
    >>> found = execute(RunPlan((job,), seed=1), None, Readings(("trust", "test")))
    >>> found.grid().shape  # sets, replicates, weeks, "overall", readings
    (3, 2, 2, 1, 2)
    """

    names: tuple[str, ...]

    def key(self) -> dict[str, Any]:
        return {"kept": "readings", "names": list(self.names), "items": ITEMS}

    def check(self, job: Job) -> None:
        People().check(job)

    def places(self, job: Job) -> tuple[str, ...]:
        """See :class:`~sim.runs.collect.Points`."""
        return ("overall",)

    def shape(self, job: Job) -> tuple[int, int, int, int]:
        """The shape of one run: (with and without TA, weeks, regions, readings)."""
        return 1, len(job.weeks), 1, len(self.names)

    def weeks(self, job: Job) -> Sequence[int]:
        return job.weeks

    def look(self, job: Job, scenario: Scenario, runs: slice, seed: int) -> np.ndarray:
        """See :class:`~sim.runs.collect.Looks`: one row a run, with every reading week by week."""
        people = People().look(job, scenario, runs, seed)
        which, replicates = job.which[runs], job.replicate[runs]
        found = np.empty((len(which), len(job.weeks), len(self.names)))
        for index in np.unique(which):
            mine = np.flatnonzero(which == index)
            seen = seen_of(job, people[mine], replicates[mine], seed)
            for wave in range(len(job.weeks)):
                for place, name in enumerate(self.names):
                    found[mine, wave, place] = reading(seen, job.sets[index], name, wave)
        return found.reshape(len(which), -1)

    def measure(self, job: Job, which: np.ndarray, records: Sequence[np.ndarray]) -> Arrays:
        """ "values", as of :class:`Points`."""
        return {"values": records[0].reshape(len(which), *self.shape(job))}

    def empty(self, plan: RunPlan) -> Gathering[RunValues]:
        """See :class:`~sim.runs.collect.Collector`.

        Raises:
            InputError: the plan is for another engine, which does not report single people.
        """
        People().empty(plan)
        return ValueArrays(cast(Points, self), plan)
