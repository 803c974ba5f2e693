""":func:`run_here`: many compiled runs in this thread.

Which runs are made together, how many threads there are and which finishes first change no number,
because a run is a pure function of (scenario, parameters, seed, replicate).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.core.outcomes import RECORD
from sim.engine import compiled
from sim.engine.rooms import Room

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

_CHUNK_BYTES = 16 << 20
_MOST_RUNS = 256


def most_runs(scenario: Scenario, rows: int) -> int:
    """Most runs of one call: 256, or fewer whose records of ``rows`` weeks fill 16 MiB; where it
    can be, a number that fills vectors (:func:`sim.engine.summary.lanes`)."""
    one = rows * len(scenario.region_names) * len(RECORD) * 8
    size = max(1, min(_MOST_RUNS, _CHUNK_BYTES // one))
    return size if size < 16 else size // 16 * 16


def run_here(
    scenario: Scenario,
    matrix: np.ndarray,
    which: np.ndarray,
    replicates: np.ndarray,
    seed: int,
    *,
    weeks: Sequence[int] | None = None,
    room: Room = np.empty,
) -> np.ndarray:
    """Make the runs of some (set, replicate) pairs in this thread.

    Args:
        scenario: what to run.
        matrix: the parameter sets, :func:`sim.engine.tables.parameter_rows`.
        which, replicates: int64 (runs,), the set and the replicate of each run.
        seed: 0..2**63 - 1.
        weeks: report these weeks only (ascending); None: every week.
        room: gives an array, of any content, for the records.

    Returns:
        float64 (runs, weeks, regions, columns of RECORD), see
        :func:`sim.engine.compiled.run_chunk`.
    """
    staggers = matrix["calendar_stagger"][which]
    edges = np.flatnonzero(np.diff(staggers, prepend=np.nan, append=np.nan))
    rows = compiled.record_rows(scenario.horizon_weeks, weeks)
    records = room((len(which), rows, len(scenario.region_names), len(RECORD)))
    for first, last in itertools.pairwise(edges.tolist()):  # each stagger has its own calendars
        prepared = compiled.prepare(scenario, seed, float(staggers[first]))
        some = slice(first, last)
        compiled.run_chunk(
            prepared, matrix, which[some], replicates[some], weeks=weeks, into=records[some]
        )
    return records if weeks is None else records[:, : len(weeks)]
