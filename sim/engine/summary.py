"""``at_points``, ``weekly`` and ``first_wrong``: from records to outcomes, compiled.

The formulas are those of :data:`sim.core.outcomes.OUTCOMES`, registered for compiled code as the
rules are; :func:`sim.core.outcomes.at_week` and :func:`sim.core.outcomes.weekly` apply them in
plain Python and are the oracle. Sums run over weeks in their order, and over regions in theirs.
:func:`week_of_runs` applies the same formulas to many runs at once, side by side in memory, so that
vector units work on several runs at a time; :mod:`sim.engine.counting` counts what it gives.

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
from sim.engine.marks import pasted
from sim.engine.rooms import Rooms

COLUMNS = len(RECORD)
COUNT = len(NAMES)
GIVEN = len(outcomes.GIVEN)
SUMMED = np.array([one.overall == "sum" for one in OUTCOMES.values()])
WINDOW = outcomes.COLLABORATION_WINDOW
KEPT = WINDOW + 1
"""Of so many weeks :func:`week_of_runs` keeps the sums of flows, one after the other in a ring."""
LARGEST = np.finfo(np.float64).max

# Rows of the work space; from TOTALS on, two for each region: flows to a week, and to the window.
ROW, RECENT, TOTALS = range(3)


def work_space(regions: int) -> np.ndarray:
    """The work space of one thread for records of so many regions."""
    return np.empty((TOTALS + 2 * regions, COLUMNS))


def lanes(runs: int) -> int:
    """Places for so many runs side by side: whole vectors of any processor."""
    return -(-runs // 16) * 16


def work_of_runs(regions: int, runs: int, rooms: Rooms) -> tuple[np.ndarray, ...]:
    """The work space of :func:`sim.engine.counting.count_records` for so many runs: taken, sums,
    rows, windows, known."""
    shapes = {
        "taken": (GIVEN, runs),
        "sums": (2 * KEPT, regions, len(WINDOWED), runs),
        "rows": (regions, COLUMNS, runs),
        "windows": (COLUMNS, runs),
        "known": (runs,),
    }
    return tuple(rooms.zeros(name, shape) for name, shape in shapes.items())


class _Read(list[float]):
    """Numbers that note which of them are read."""

    def __init__(self, size: int) -> None:
        super().__init__([1.0] * size)
        self.places: set[int] = set()

    def __getitem__(self, place: Any) -> Any:
        self.places.add(place)
        return super().__getitem__(place)


def _windowed() -> np.ndarray:
    """The columns that some formula reads of the window: no others are summed over it."""
    window, ones = _Read(COLUMNS), [1.0] * COLUMNS
    for one in OUTCOMES.values():
        if not isinstance(one.formula, str):
            one.formula(ones, window, ones)
    return np.array(sorted(window.places))


WINDOWED = _windowed()


def _written_out(head: str, row: str, call: str, *, loop: str = "") -> Any:
    """A function that finds every outcome.

    Compiled code cannot loop over functions, so the calls are written out, one after another.

    Args:
        head: its name and arguments; the last argument is filled.
        row: how it reads a column, which stands for ``{}``, of the record.
        call: the arguments of a formula.
        loop: stands before each outcome, and sets ``run``.
    """
    names: dict[str, Any] = {"__name__": __name__}
    lines = [f"def {head}:"]
    at = "{}, run" if loop else "{}"
    for place, one in enumerate(OUTCOMES.values()):
        if isinstance(one.formula, str):
            value = row.format(outcomes.COLUMN[one.formula])
        else:
            names[one.name] = one.formula
            value = f"{one.name}({call})"
        lines.append(f"    {loop}result[{at.format(place)}] = {value}")
    exec(compile("\n".join(lines), __file__, "exec"), names)
    return names[head.partition("(")[0]]


def _each(name: str, size: int) -> str:
    """A tuple of one number of each row of an array, those of ``run``."""
    return "(" + "".join(f"{name}[{place}, run], " for place in range(size)) + ")"


of_region = _written_out("of_region(row, window, values, result)", "row[{}]", "row, window, values")
"""Writes every outcome of one region to its index."""

of_runs = pasted(
    _written_out(
        "of_runs(rows, windows, values, result)",
        "rows[{}, run]",
        ", ".join((_each("rows", COLUMNS), _each("windows", COLUMNS), _each("values", GIVEN))),
        loop="for run in range(rows.shape[1]): ",
    )
)
"""The same for many runs: its arguments are (column, run), (column, run), (value of GIVEN, run) and
(outcome, run). A loop for each outcome, without slices of arrays, is what becomes vectors."""


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


def join_runs(values, known):
    """:func:`join` of (place, outcome, run); ``known``: (run,) work space."""
    regions, lanes = values.shape[0] - 1, known.size
    for outcome in range(COUNT):
        overall = values[regions, outcome]
        for run in range(lanes):
            overall[run] = 0.0
            known[run] = 0.0
        for region in range(regions):
            own = values[region, outcome]
            for run in range(lanes):
                there = own[run] == own[run]
                overall[run] += own[run] if there else 0.0
                known[run] += 1.0 if there else 0.0
        if not SUMMED[outcome]:
            for run in range(lanes):
                overall[run] = outcomes.ratio(overall[run], known[run])


def clear(total):
    """Set a sum of flows to 0."""
    for column in range(FIRST_FLOW, COLUMNS):
        total[column] = 0.0


def add_flows(total, record, region, row):
    """Add the flows of one row of a record to a sum of flows."""
    for column in range(FIRST_FLOW, COLUMNS):
        total[column] += record[row, region, column]


def add_windowed(total, record, region, row):
    """Add those flows of which a window is read."""
    for place in range(WINDOWED.size):
        column = WINDOWED[place]
        total[column] += record[row, region, column]


def cut_window(window, total, past):
    """The flows of a window: those of all weeks without those before it."""
    for place in range(WINDOWED.size):
        column = WINDOWED[place]
        window[column] = total[column] - past[column]


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


def sum_windowed(total, record, region, done, upto, summed):
    """:func:`sum_flows` of those flows of which a window is read."""
    if summed or done < 0 or upto < done:
        clear(total)
        done = upto - 1 if summed else -1
    for row in range(done + 1, upto + 1):
        add_windowed(total, record, region, row)


def run_at_points(record, now, before, summed, values, work, result):
    """One run of :func:`at_points`: ``record`` (reported week, region, column), ``values`` (GIVEN),
    ``result`` (point, place, outcome)."""
    row, window = work[ROW], work[RECENT]
    done = gone = -1
    for point in range(now.size):
        for region in range(record.shape[1]):
            total, past = work[TOTALS + 2 * region], work[TOTALS + 2 * region + 1]
            sum_flows(total, record, region, done, now[point], summed)
            sum_windowed(past, record, region, gone, before[point], summed)
            for column in range(FIRST_FLOW):
                row[column] = record[now[point], region, column]
            for column in range(FIRST_FLOW, COLUMNS):
                row[column] = total[column]
            cut_window(window, total, past)
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
            add_windowed(total, record, region, week)
            if week >= WINDOW:
                add_windowed(past, record, region, week - WINDOW)
            cut_window(window, total, past)
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


def week_of_runs(records, week, given, sums, rows, windows, known, result):
    """Every outcome of some runs in one week, as :func:`weekly` gives them, run beside run.

    There may be more places for runs than runs; what is left over holds nothing of meaning.

    Args:
        records: they report all weeks.
        week: 0, or the week after that of the call before.
        given: float64 (value of GIVEN, run).
        sums: float64 (KEPT, region, WINDOWED, run): zeros at week 0, and then as the call before
            left them.
        rows: float64 (region, column, run), work space.
        windows: float64 (column, run), work space.
        known: float64 (run,), work space.
        result: float64 (place, outcome, run), filled.
    """
    regions = records.shape[2]
    for run in range(records.shape[0]):
        for region in range(regions):
            for column in range(COLUMNS):
                rows[region, column, run] = records[run, week, region, column]
    for region in range(regions):
        for place in range(WINDOWED.size):
            column = WINDOWED[place]
            flow, window = rows[region, column], windows[column]
            total = sums[week % KEPT, region, place]
            before = sums[(week + KEPT - 1) % KEPT, region, place]
            past = sums[(week + 1) % KEPT, region, place]
            for run in range(known.size):
                now = before[run] + flow[run]
                total[run] = now
                window[run] = now - past[run]
        of_runs(rows[region], windows, given, result[region])
    join_runs(result, known)


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
