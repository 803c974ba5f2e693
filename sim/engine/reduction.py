"""``Reduction``: what is kept of the records of runs, made in the thread that made the records.

A reduction is a function of the records of some runs. It is plain data, shared by threads; what it
gives, a :class:`Summaries`, is small: every outcome at some weeks, on demand every outcome in every
week, and which runs have a number that is not finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim import outcomes
from sim.outcomes import COLLABORATION_WINDOW, FIRST_FLOW, NAMES, RECORD

if TYPE_CHECKING:
    from sim.parameters import Parameters
    from sim.scenario import Scenario


@dataclass(frozen=True, slots=True, eq=False)
class Summaries:
    """What is kept of some runs.

    Attributes:
        values: float64 (run, point, place, outcome of NAMES); a place is a region or, as the last,
            "overall". NaN where an outcome is empty, and for a run that is not finite.
        weekly: float64 (run, week, place, outcome), or None where it was not asked for.
        failures: of each run that has a number that is not finite, its place in ``values`` and
            which number it is.
    """

    values: np.ndarray
    weekly: np.ndarray | None
    failures: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """From records (run, reported week, region, column of RECORD) to :class:`Summaries`.

    Attributes:
        regions: names of the regions.
        weeks: the weeks that the records report, ascending, with those of
            :func:`sim.outcomes.needed_weeks`.
        points: weeks to summarise at; levels there, totals and pooled rates up to there.
        given: float64 (set, value of GIVEN).
        weekly: whether every outcome in every week is wanted; ``weeks`` are then all weeks.

    >>> import numpy as np
    >>> from sim.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> reduction = Reduction.of(scenario, [scenario.parameter_set()], points=(0, 52))
    >>> list(reduction.weeks)
    [0, 35, 52, 78]
    >>> reduction(np.zeros((4, 4, 1, len(RECORD))), np.zeros(4, dtype=np.int64)).values.shape[:3]
    (4, 2, 2)
    """

    regions: tuple[str, ...]
    weeks: tuple[int, ...]
    points: tuple[int, ...]
    given: np.ndarray
    weekly: bool = False

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        sets: Sequence[Parameters],
        points: Sequence[int],
        *,
        every_week: bool = False,
        weekly: bool = False,
    ) -> Reduction:
        """The reduction of runs of a scenario with these parameter sets.

        Args:
            every_week: the records report every week, not only what the points need.
            weekly: every outcome in every week is wanted too.

        Raises:
            ValueError: a point outside 0..horizon.
        """
        horizon = scenario.horizon_weeks
        weeks = outcomes.needed_weeks(points, horizon)
        return cls(
            regions=tuple(scenario.region_names),
            weeks=tuple(range(horizon + 1) if every_week or weekly else weeks),
            points=tuple(points),
            given=np.array(
                [outcomes.given(scenario.costs, one.integration_threshold) for one in sets]
            ),
            weekly=weekly,
        )

    @property
    def reported(self) -> tuple[int, ...] | None:
        """The weeks to ask of the engine; None for all of them."""
        return None if len(self.weeks) == self.weeks[-1] + 1 else self.weeks

    def __call__(self, records: np.ndarray, which: np.ndarray) -> Summaries:
        """Summarise runs.

        Args:
            records: float64 (run, reported week, region, column of RECORD).
            which: int64 (run,), the parameter set of each run.
        """
        from sim.engine import native, summary

        records = np.ascontiguousarray(records)
        runs, _, regions, _ = records.shape
        places = {week: row for row, week in enumerate(self.weeks)}
        now = np.array([places[week] for week in self.points], dtype=np.int64)
        start = [places[max(0, week - COLLABORATION_WINDOW)] for week in self.points]
        work = summary.work_space(regions)
        values = np.empty((runs, len(now), regions + 1, len(NAMES)))
        before = np.array(start, dtype=np.int64)
        native.call("at_points", records, which, self.given, now, before, work, values)
        weekly = None
        if self.weekly:
            weekly = np.empty((runs, len(self.weeks), regions + 1, len(NAMES)))
            native.call("weekly", records, which, self.given, work, weekly)
        status = np.empty(runs, dtype=np.int64)
        native.call("first_wrong", records.reshape(runs, -1), status)
        wrong = np.flatnonzero(status)
        values[wrong] = np.nan
        return Summaries(
            values,
            weekly,
            tuple((int(run), self._wrong(records[run], status[run])) for run in wrong),
        )

    def _wrong(self, record: np.ndarray, status: int) -> str:
        """Which number of a record is not finite."""
        row, region, column = np.unravel_index(status - 1, record.shape)
        what = "level" if column < FIRST_FLOW else "flow"
        return (
            f"the {what} {RECORD[column]} of {self.regions[region]} is "
            f"{record[row, region, column]} in week {self.weeks[row]}"
        )
