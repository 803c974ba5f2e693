"""``at_points``, ``weekly`` and ``first_wrong``: from records to outcomes, compiled.

The formulas are those of :data:`sim.core.outcomes.OUTCOMES`, registered for compiled code as the
rules are; :func:`sim.core.outcomes.at_week` and :func:`sim.core.outcomes.weekly` apply them in
plain Python and are the oracle. Sums run over weeks in their order, and over regions in theirs.

Nothing here allocates or raises: arrays to fill and work space come in. In all of them

* ``records`` is float64 (run, reported week, region, column of RECORD); records of every week hold
  the flows of each, records of fewer weeks the flows of all weeks up to each;
* ``which`` is int64 (run,), the parameter set of each run;
* ``given`` is float64 (set, value of GIVEN), see :func:`sim.core.outcomes.given`;
* ``work`` is float64 (2 + 2 x regions, column), of any content; :func:`weekly` has one a run;
* a place is a region or, as the last, "overall".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core import outcomes
from sim.core.outcomes import FIRST_FLOW, NAMES, OUTCOMES, RECORD

COLUMNS = len(RECORD)
COUNT = len(NAMES)
SUMMED = np.array([one.overall == "sum" for one in OUTCOMES.values()])
WINDOW = outcomes.COLLABORATION_WINDOW
LARGEST = np.finfo(np.float64).max

# Rows of the work space; from TOTALS on, two for each region: flows to a week, and to the window.
ROW, RECENT, TOTALS = range(3)


def work_space(regions: int) -> np.ndarray:
    """The work space of one thread for records of so many regions."""
    return np.empty((TOTALS + 2 * regions, COLUMNS))


def _of_region() -> Any:
    """``of_region(row, window, values, result)``, which writes every outcome to its index.

    Compiled code cannot loop over functions, so the calls are written out, one after another.
    """
    names: dict[str, Any] = {"__name__": __name__}
    lines = ["def of_region(row, window, values, result):"]
    for place, one in enumerate(OUTCOMES.values()):
        if isinstance(one.formula, str):
            lines.append(f"    result[{place}] = row[{outcomes.COLUMN[one.formula]}]")
        else:
            names[one.name] = one.formula
            lines.append(f"    result[{place}] = {one.name}(row, window, values)")
    exec(compile("\n".join(lines), __file__, "exec"), names)
    return names["of_region"]


of_region = _of_region()


def join(values):
    """Fill the last row of (place, outcome): the sum over regions, or the mean over the regions
    that have a value."""
    regions = values.shape[0] - 1
    overall = values[regions]
    for outcome in range(COUNT):
        overall[outcome] = 0.0
    for region in range(regions):
        for outcome in range(COUNT):
            overall[outcome] += values[region, outcome]
    for outcome in range(COUNT):
        if np.isnan(overall[outcome]):
            total, count = 0.0, 0.0
            for region in range(regions):
                if not np.isnan(values[region, outcome]):
                    total += values[region, outcome]
                    count += 1.0
            overall[outcome] = total if SUMMED[outcome] else outcomes.ratio(total, count)
        elif not SUMMED[outcome]:
            overall[outcome] /= regions


def clear(total):
    """Set a sum of flows to 0."""
    for column in range(FIRST_FLOW, COLUMNS):
        total[column] = 0.0


def add_flows(total, record, region, row):
    """Add the flows of one row of a record to a sum of flows."""
    for column in range(FIRST_FLOW, COLUMNS):
        total[column] += record[row, region, column]


def sum_flows(total, record, region, done, upto, summed):
    """Move a sum of flows on, from rows 0..done (-1: none) to rows 0..upto; where ``summed`` the
    rows hold such sums already."""
    if summed:
        clear(total)
        add_flows(total, record, region, upto)
        return
    if done < 0 or upto < done:
        clear(total)
        done = -1
    for row in range(done + 1, upto + 1):
        add_flows(total, record, region, row)


def run_at_points(record, now, before, summed, values, work, result):
    """One run of :func:`at_points`: ``record`` (reported week, region, column), ``values`` (GIVEN),
    ``result`` (point, place, outcome)."""
    row, window = work[ROW], work[RECENT]
    done = gone = -1
    for point in range(now.size):
        for region in range(record.shape[1]):
            total, past = work[TOTALS + 2 * region], work[TOTALS + 2 * region + 1]
            sum_flows(total, record, region, done, now[point], summed)
            sum_flows(past, record, region, gone, before[point], summed)
            for column in range(FIRST_FLOW):
                row[column] = record[now[point], region, column]
            for column in range(FIRST_FLOW, COLUMNS):
                row[column] = total[column]
                window[column] = total[column] - past[column]
            of_region(row, window, values, result[point, region])
        done, gone = now[point], before[point]
        join(result[point])


def at_points(records, which, given, now, before, summed, work, result):
    """Every outcome as a summary at some weeks: levels at the week, totals and rates up to it.

    Args:
        now: int64 (point,), the row of each point's week in the records.
        before: int64 (point,), the row of the week before the point's window, or of week 0.
        summed: whether rows hold the flows of all weeks up to theirs, or (0) of their week.
        result: float64 (run, point, place, outcome), filled.
    """
    for run in range(records.shape[0]):
        run_at_points(records[run], now, before, summed > 0, given[which[run]], work, result[run])


def run_weekly(record, first, values, work, result):
    """One run of :func:`weekly`: ``record`` (week, region, column), ``result`` (week from ``first``
    on, place, outcome)."""
    window = work[RECENT]
    regions = record.shape[1]
    if first == 0:
        for region in range(regions):
            clear(work[TOTALS + 2 * region])
            clear(work[TOTALS + 2 * region + 1])
    for row in range(result.shape[0]):
        week = first + row
        for region in range(regions):
            total, past = work[TOTALS + 2 * region], work[TOTALS + 2 * region + 1]
            add_flows(total, record, region, week)
            if week >= WINDOW:
                add_flows(past, record, region, week - WINDOW)
            for column in range(FIRST_FLOW, COLUMNS):
                window[column] = total[column] - past[column]
            of_region(record[week, region], window, values, result[row, region])
        join(result[row])


def weekly(records, which, given, first, work, result):
    """Every outcome in some weeks that follow each other; the records report all weeks.

    Args:
        first: the first of these weeks: 0, or the week after those of the call before.
        work: float64 (run, 2 + 2 x regions, column): of any content at week 0, and then as the call
            before left it.
        result: float64 (run, week from ``first`` on, place, outcome), filled. Totals hold the flow
            of the week, rates the week's own ratio, NaN where nothing happened.
    """
    for run in range(records.shape[0]):
        run_weekly(records[run], first, given[which[run]], work[run], result[run])


def first_wrong(records, status):
    """Find, for each run, the first number that is not finite.

    Args:
        records: float64 (run, number of the record).
        status: int64 (run,), filled: 0, or 1 + the index of the first number that is not finite.
    """
    for run in range(records.shape[0]):
        record = records[run]
        wrong = 0
        for place in range(record.size):
            wrong += 0 if abs(record[place]) <= LARGEST else 1
        status[run] = 0
        if wrong:
            place = 0
            while abs(record[place]) <= LARGEST:
                place += 1
            status[run] = 1 + place
