"""Means and quantiles of weekly values over runs, compiled.

Up to some number of runs every value is kept and quantiles are selected from the values
(``exact``); beyond that number values are counted in histograms (``count``, ``bins_at``), which are
kept and sent in little space (``pack``, ``unpack``). Means come from integer sums, so that they do
not depend on the order of runs. :mod:`sim.runs.bands` uses both for the bands of figures.

Nothing here allocates or raises: arrays to fill and work space come in. NaN stands for no value.
"""

from __future__ import annotations

import numpy as np

FRACTION = 2.0**40
"""A sum is kept as two integers: the whole parts, and the rest in units of 1 / FRACTION."""
GROUP = 2.0**30
"""Whole parts are added up in groups of so many, and what is left over."""
MOST_RUNS = 2**12
"""The most runs that :func:`count` takes at once."""
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


def count(values, first, n, whole, fraction, counts, origin, step, shift, bins, index, sums):
    """Count a batch of weekly values of one scenario.

    Sums of up to MOST_RUNS runs are exact as floats, which vector units add.

    Args:
        values: float64 (run, week from ``first`` on, place, outcome), MOST_RUNS runs at most.
        n, whole, fraction: int64 (week, place, outcome), added to: values, the sum of their whole
            parts, and of the rest in units of 1 / FRACTION.
        counts: uint16 or uint32 (week, place, outcome, bins + 2), added to.
        origin, step, shift: float64 (place, outcome): a value is in bin
            floor((value - origin) / step + shift), cut to 0..bins; NaN in bin bins + 1.
        bins: number of steps.
        index: int32 (run or more, outcome), work space.
        sums: float64 (4, outcome), work space.
    """
    runs, weeks, places, outcomes = values.shape
    top, missing = float(bins), float(bins + 1)
    known, high, low, rest = sums[0], sums[1], sums[2], sums[3]
    for row in range(weeks):
        week = first + row
        for place in range(places):
            start, width, up = origin[place], step[place], shift[place]
            for outcome in range(outcomes):
                known[outcome] = high[outcome] = low[outcome] = rest[outcome] = 0.0
            for run in range(runs):
                found, where = values[run, row, place], index[run]
                for outcome in range(outcomes):
                    value = found[outcome]
                    at = np.floor((value - start[outcome]) / width[outcome] + up[outcome])
                    at = min(max(at, 0.0), top)
                    where[outcome] = np.int32(at if value == value else missing)
                for outcome in range(outcomes):
                    value = found[outcome]
                    there = value == value
                    value = value if there else 0.0
                    floor = np.floor(value)
                    group = np.floor(floor / GROUP)
                    known[outcome] += 1.0 if there else 0.0
                    high[outcome] += group
                    low[outcome] += floor - group * GROUP
                    rest[outcome] += np.rint((value - floor) * FRACTION)
            for outcome in range(outcomes):
                n[week, place, outcome] += int(known[outcome])
                whole[week, place, outcome] += int(high[outcome]) * int(GROUP)
                whole[week, place, outcome] += int(low[outcome])
                fraction[week, place, outcome] += int(rest[outcome])
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
    """The bins that hold the values of some ranks.

    Args:
        counts: as in :func:`count`.
        ranks: int64 (week, place, outcome, rank), from 0; soonest found in ascending order.
        bins: number of steps.
        result: int64 of the same shape, set to the bins, or bins + 1 beyond the last value.
    """
    weeks, places, outcomes, each = ranks.shape
    for week in range(weeks):
        for place in range(places):
            for outcome in range(outcomes):
                cell, wanted = counts[week, place, outcome], ranks[week, place, outcome]
                where = below = 0
                for one in range(each):
                    if wanted[one] < below:
                        where = below = 0
                    while where <= bins:
                        more = np.int64(cell[where])
                        if below + more > wanted[one]:
                            break
                        below += more
                        where += 1
                    result[week, place, outcome, one] = where


def widened(place, doublings, offset):
    """The bin that a bin goes into when bins become 2**doublings times as wide."""
    return ((place - offset) >> min(doublings, 62)) + offset


def widen(counts, place, outcome, doublings, offset, bins):
    """Join neighbouring bins of one place and outcome, in all weeks.

    Args:
        counts: as in :func:`count`; changed.
        doublings: the bins become 2**doublings times as wide.
        offset: the bin that begins at the origin; all others are joined towards it.
        bins: number of steps.
    """
    for week in range(counts.shape[0]):
        cell = counts[week, place, outcome]
        for number in range(bins + 1):  # away from the origin: up, and then down
            old = offset + number if number <= bins - offset else bins - number
            new = widened(old, doublings, offset)
            if new != old and cell[old] != 0:
                cell[new] += cell[old]
                cell[old] = 0


def pack(counts, steps, kept, found):
    """List the bins that are not empty. Every cell has counted the same number of values.

    Args:
        counts: uint16 or uint32 (week x place x outcome, bins + 2).
        steps: uint16 (bin that is not empty,), filled: its distance to the one before, and of the
            first its index. If it is too short, nothing is filled.
        kept: as ``counts`` (bin that is not empty,), filled: its count.
        found: int64 (1,), set to how many are not empty.
    """
    cells, bins = counts.shape
    number = values = 0
    for cell in range(cells):
        for at in range(bins):
            number += 1 if counts[cell, at] != 0 else 0
    found[0] = number
    if steps.size < number:
        return
    for at in range(bins):
        values += np.int64(counts[0, at])
    number = before = 0
    for cell in range(cells):
        left, at = values, 0
        while left > 0:
            if counts[cell, at] != 0:
                steps[number] = np.uint16(cell * bins + at - before)
                kept[number] = counts[cell, at]
                before = cell * bins + at
                left -= np.int64(counts[cell, at])
                number += 1
            at += 1


def unpack(steps, kept, doublings, offset, bins, counts):
    """Add the counts that :func:`pack` has listed.

    Args:
        steps, kept: see :func:`pack`.
        doublings: int64 (place x outcome,): the bins of the cell are 2**doublings times as wide
            here as those that were listed.
        offset: int64 (place x outcome,): the bin that begins at the origin; all others are joined
            towards it.
        bins: number of steps.
        counts: uint16 or uint32 (week x place x outcome, bins + 2), added to; the last bin counts
            missing values, and is never joined.
    """
    cell = at = 0
    for number in range(steps.size):
        at += np.int64(steps[number])
        while at >= bins + 2:
            at -= bins + 2
            cell += 1
        one = cell % doublings.size
        place = at
        if doublings[one] > 0 and at <= bins:
            place = widened(at, doublings[one], offset[one])
        counts[cell, place] += kept[number]
