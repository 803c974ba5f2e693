"""``exact``, ``count`` and ``bins_at``: means and quantiles of weekly values over runs, compiled.

Up to some number of runs every value is kept and quantiles are selected from the values
(``exact``); beyond that number values are counted in histograms (``count``, ``bins_at``). Means
come from integer sums, so that they do not depend on the order of runs. :mod:`sim.runs.bands` uses
both for the bands of figures.

Nothing here allocates or raises: arrays to fill and work space come in. NaN stands for no value.
"""

from __future__ import annotations

import numpy as np

FRACTION = 2.0**40
"""A sum is kept as two integers: the whole parts, and the rest in units of 1 / FRACTION."""
PIECES = 256
"""The largest number of pieces into which values are spread before one is selected from its
piece."""
TOGETHER = 8
"""How many cells are worked on at a time, because they share a line of memory."""
LARGEST = np.finfo(np.float64).max


def work_space(runs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The work space of :func:`exact` for so many runs: columns, ends, pieces."""
    return (
        np.empty((TOGETHER + 1, runs)),
        np.empty(PIECES, dtype=np.int64),
        np.empty(runs, dtype=np.int64),
    )


def partition(values, first, last, pivot, with_equal):
    """Bring the values below the pivot (or equal to it) to the front of first..last - 1.

    Returns:
        The index at which the other values begin.
    """
    edge = first
    for place in range(first, last):  # without a branch, which the processor could not predict
        value = values[place]
        values[place] = values[edge]
        values[edge] = value
        edge += 1 if value < pivot or (with_equal and value == pivot) else 0
    return edge


def select(values, first, last, rank):
    """Arrange first..last - 1 so that ``rank`` holds the value that sorting would put there, with
    nothing larger before it and nothing smaller behind it (quickselect)."""
    while last - first > 1:
        a, b, c = values[first], values[(first + last) // 2], values[last - 1]
        pivot = max(min(a, b), min(max(a, b), c))
        edge = partition(values, first, last, pivot, False)
        if rank < edge:
            last = edge
            continue
        first = edge
        edge = partition(values, first, last, pivot, True)
        if rank < edge:
            return
        first = edge


def spread(values, n, low, high, ordered, ends, pieces):
    """Copy the first ``n`` values into pieces: the pieces are in order, the values in each are not.

    Args:
        low, high: the smallest and the largest of the values.
        ordered: float64 (n or more,), filled.
        ends: int64 (PIECES,), set to where each piece ends.
        pieces: int64 (n or more,), work space.
    """
    count = min(n, PIECES)
    scale = count / (high - low)
    if not 0.0 < scale <= LARGEST:  # the values are all the same, or too far apart to be told apart
        for place in range(n):
            ordered[place] = values[place]
        ends[0] = n
        return
    for piece in range(count):
        ends[piece] = 0
    for place in range(n):
        piece = min(int((values[place] - low) * scale), count - 1)
        pieces[place] = piece
        ends[piece] += 1
    start = 0
    for piece in range(count):
        size = ends[piece]
        ends[piece] = start
        start += size
    for place in range(n):
        piece = pieces[place]
        ordered[ends[piece]] = values[place]
        ends[piece] += 1


def quantiles_of(ordered, ends, n, shares, result):
    """Quantiles of values in pieces (:func:`spread`): the rule of :mod:`sim.stats.intervals`.

    Args:
        shares: float64 (quantile,), each 0..1.
        result: float64 (quantile,), filled; NaN where n is 0.
    """
    for quantile in range(shares.size):
        if n == 0:
            result[quantile] = np.nan
            continue
        position = min(max(n * shares[quantile] + shares[quantile] - 1.0, 0.0), n - 1.0)
        rank = int(np.floor(position))
        piece = 0
        while ends[piece] <= rank:
            piece += 1
        first, last = ends[piece - 1] if piece else 0, ends[piece]
        select(ordered, first, last, rank)
        below = above = ordered[rank]
        if rank + 1 < n:
            first = rank + 1
            while ends[piece] <= first:
                piece += 1
            above = ordered[first]
            for place in range(first + 1, ends[piece]):
                above = min(above, ordered[place])
        share, gap = position - rank, above - below
        # From the nearer end, as NumPy does it: the last bits agree, no value overshoots.
        result[quantile] = above - gap * (1.0 - share) if share >= 0.5 else below + gap * share


def exact(values, shares, columns, ends, pieces, n, whole, fraction, result):
    """Sums and quantiles over runs of some cells, of which every value is kept.

    Args:
        values: float64 (run, cell).
        shares: float64 (quantile,), each 0..1.
        columns: float64 (TOGETHER + 1, run), work space.
        ends: int64 (PIECES,), work space.
        pieces: int64 (run,), work space.
        n, whole, fraction: int64 (cell,), filled: values, the sum of their whole parts, and of the
            rest in units of 1 / FRACTION.
        result: float64 (cell, quantile), filled.
    """
    runs, cells = values.shape
    ordered = columns[TOGETHER]
    for first in range(0, cells, TOGETHER):
        together = min(TOGETHER, cells - first)
        for run in range(runs):
            for place in range(together):
                columns[place, run] = values[run, first + place]
        for place in range(together):
            column, cell = columns[place], first + place
            known = wholes = rests = 0
            low, high = np.inf, -np.inf
            for run in range(runs):
                value = column[run]
                if not np.isnan(value):
                    column[known] = value
                    known += 1
                    floor = np.floor(value)
                    wholes += int(floor)
                    rests += int(np.rint((value - floor) * FRACTION))
                    low, high = min(low, value), max(high, value)
            n[cell], whole[cell], fraction[cell] = known, wholes, rests
            if low == high:
                for quantile in range(shares.size):
                    result[cell, quantile] = low
            else:
                if known:
                    spread(column, known, low, high, ordered, ends, pieces)
                quantiles_of(ordered, ends, known, shares, result[cell])


def count(values, first, last, n, whole, fraction, counts, origin, step, shift, bins, index):
    """Count a batch of weekly values of one scenario, in weeks first..last - 1.

    Args:
        values: float64 (run, week, place, outcome).
        n, whole, fraction: int64 (week, place, outcome), added to: values, the sum of their whole
            parts, and of the rest in units of 1 / FRACTION.
        counts: uint16 or uint32 (week, place, outcome, bins + 2), added to.
        origin, step, shift: float64 (place, outcome): a value is in bin
            floor((value - origin) / step + shift), cut to 0..bins; NaN in bin bins + 1.
        bins: number of steps.
        index: int32 (run, outcome), work space.
    """
    runs, _, places, outcomes = values.shape
    top, missing = float(bins), float(bins + 1)
    for week in range(first, last):
        for place in range(places):
            low, width, up = origin[place], step[place], shift[place]
            known, wholes, rests = n[week, place], whole[week, place], fraction[week, place]
            for run in range(runs):
                row, where = values[run, week, place], index[run]
                for outcome in range(outcomes):
                    value = row[outcome]
                    there = value == value
                    value = value if there else 0.0
                    floor = np.floor(value)
                    known[outcome] += 1 if there else 0
                    wholes[outcome] += int(floor)
                    rests[outcome] += int(np.rint((value - floor) * FRACTION))
                    at = np.floor((value - low[outcome]) / width[outcome] + up[outcome])
                    at = min(max(at, 0.0), top)
                    where[outcome] = np.int32(at if there else missing)
            for outcome in range(outcomes):  # one histogram at a time stays in cache
                for run in range(runs):
                    counts[week, place, outcome, index[run, outcome]] += 1


def largest(values, result):
    """The largest absolute value of each place and outcome.

    Args:
        values: float64 (run, week, place, outcome).
        result: float64 (place, outcome), raised to the largest value where that is larger.
    """
    runs, weeks, places, outcomes = values.shape
    for run in range(runs):
        for week in range(weeks):
            for place in range(places):
                for outcome in range(outcomes):
                    size = abs(values[run, week, place, outcome])
                    if size > result[place, outcome]:
                        result[place, outcome] = size


def bins_at(counts, ranks, bins, result):
    """The bin that holds the value of a rank.

    Args:
        counts: as in :func:`count`.
        ranks: int64 (week, place, outcome), from 0.
        bins: number of steps.
        result: int64 (week, place, outcome), set to the bin, or bins + 1 beyond the last value.
    """
    weeks, places, outcomes = ranks.shape
    for week in range(weeks):
        for place in range(places):
            for outcome in range(outcomes):
                cell, rank = counts[week, place, outcome], ranks[week, place, outcome]
                where = running = 0
                while where <= bins:
                    running += np.int64(cell[where])
                    if running > rank:
                        break
                    where += 1
                result[week, place, outcome] = where
