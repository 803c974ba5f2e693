""":class:`Reduction` turns records into outcomes; :func:`not_finite` finds faults in records.

A reduction is plain data, shared by threads. The thread that made the records of some runs reduces
them to every outcome at some weeks or, where every week is reported, in every week.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core import outcomes
from sim.core.outcomes import COLLABORATION_WINDOW, FIRST_FLOW, NAMES, RECORD

if TYPE_CHECKING:
    import numpy as np

    from sim.core.parameters import Parameters
    from sim.scenario.scenario import Scenario
else:
    from sim.core.late import np


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """From records (run, reported week, region, column of RECORD) to outcomes.

    A place is a region or, as the last, "overall". An outcome is NaN where it is empty.

    Attributes:
        weeks: the weeks that the records report, ascending: all of them, or some with those of
            :func:`sim.core.outcomes.needed_weeks`.
        points: weeks to summarise at; levels there, totals and pooled rates up to there.
        given: float64 (set, value of GIVEN).

    >>> import numpy as np
    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> reduction = Reduction.of(scenario, [scenario.parameter_set()], points=(0, 52))
    >>> list(reduction.weeks)
    [0, 35, 52, 78]
    >>> records = np.zeros((4, 4, 1, len(RECORD)))
    >>> reduction.at_points(records, np.zeros(4, dtype=np.int64)).shape[:3]
    (4, 2, 2)
    """

    weeks: tuple[int, ...]
    points: tuple[int, ...]
    given: np.ndarray

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        sets: Sequence[Parameters],
        points: Sequence[int],
        *,
        every_week: bool = False,
    ) -> Reduction:
        """The reduction of runs of a scenario with these parameter sets.

        Args:
            every_week: the records report every week, not only what the points need.

        Raises:
            ValueError: a point outside 0..horizon.
        """
        horizon = scenario.horizon_weeks
        weeks = outcomes.needed_weeks(points, horizon)
        return cls(
            weeks=tuple(range(horizon + 1) if every_week else weeks),
            points=tuple(points),
            given=np.array(
                [
                    outcomes.given(
                        scenario.costs, one.integration_threshold, outcomes.commitment_hours(one)
                    )
                    for one in sets
                ]
            ),
        )

    @property
    def every_week(self) -> bool:
        """Whether the records report every week."""
        return len(self.weeks) == self.weeks[-1] + 1

    @property
    def reported(self) -> tuple[int, ...] | None:
        """The weeks that the engine must report; None: all."""
        return None if self.every_week else self.weeks

    def at_points(self, records: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Every outcome of runs at the points: float64 (run, point, place, outcome of NAMES).

        Args:
            records: float64 (run, reported week, region, column of RECORD).
            which: int64 (run,), the parameter set of each run.
        """
        from sim.engine import native, summary  # LLVM's library takes a tenth of a second to load

        records = np.ascontiguousarray(records)
        runs, _, regions, _ = records.shape
        places = {week: row for row, week in enumerate(self.weeks)}
        now = np.array([places[week] for week in self.points], dtype=np.int64)
        start = [places[max(0, week - COLLABORATION_WINDOW)] for week in self.points]
        found = np.empty((runs, len(now), regions + 1, len(NAMES)))
        native.call(
            "at_points", records, np.ascontiguousarray(which), self.given, now,
            np.array(start, dtype=np.int64), int(not self.every_week),
            summary.work_space(regions), found,
        )  # fmt: skip
        return found

    def weekly(self, records: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Every outcome of runs in every week: float64 (run, week, place, outcome of NAMES).

        Args:
            records: float64 (run, week, region, column of RECORD), from week 0 on.
            which: int64 (run,), the parameter set of each run.
        """
        from sim.engine import native, summary

        records = np.ascontiguousarray(records)
        runs, weeks, regions, _ = records.shape
        work = np.empty((runs, *summary.work_space(regions).shape))
        found = np.empty((runs, weeks, regions + 1, len(NAMES)))
        native.call("weekly", records, np.ascontiguousarray(which), self.given, 0, work, found)
        return found


def not_finite(
    records: np.ndarray, regions: Sequence[str], weeks: Sequence[int] | None = None
) -> dict[int, str]:
    """A text on the first number that is not finite, for each run that has one, by its position.

    Args:
        records: float64 (run, reported week, region, column of RECORD).
        regions: their names.
        weeks: those reported; None: all.
    """
    from sim.engine import native

    records = np.ascontiguousarray(records)
    status = np.empty(len(records), dtype=np.int64)
    native.call("first_wrong", records.reshape(len(records), -1), status)
    found = {}
    for run in np.flatnonzero(status).tolist():
        place = np.unravel_index(status[run] - 1, records.shape[1:])
        row, region, column = (int(i) for i in place)
        what = "level" if column < FIRST_FLOW else "flow"
        found[run] = (
            f"the {what} {RECORD[column]} of {regions[region]} is "
            f"{records[run, row, region, column]} in week {row if weeks is None else weeks[row]}"
        )
    return found
