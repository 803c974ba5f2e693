"""Means and quantiles of weekly values over runs, compiled.

Up to some number of runs every value is kept and quantiles are selected from the values
(``exact``). Beyond that number values are counted in histograms (``count_records``, ``count``,
``even``, ``bins_at``), which are kept and sent in little space (``pack``, ``unpack``). Means come
from integer sums, so that they do not depend on the order of runs. :mod:`sim.runs.bands` uses both
for the bands of figures.

Nothing here allocates or raises: arrays to fill and work space come in. NaN stands for no value.
"""

from __future__ import annotations

import numpy as np

from sim.engine.summary import KEPT, week_of_runs

FRACTION = 2.0**40
"""A sum is kept as two integers: the whole parts, and the rest in units of 1 / FRACTION."""
LARGE = 2.0**31
"""Of smaller values the bits show whole parts, when WHOLE is added to these, and rests with
REST."""
WHOLE, REST = 1.5 * 2.0**52, 2.0**52
WHOLE_BITS, REST_BITS = (int(np.float64(one).view(np.int64)) for one in (WHOLE, REST))
POSITIVE = 2**63 - 1
"""The bits of a float without its sign."""
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


def sums_of(column, n, largest):
    """The sum of the whole parts of the first ``n`` values, and of the rests in units of
    1 / FRACTION.

    Vector units add floats, but most cannot turn them into whole numbers of 64 bits: above 2**52 a
    float shows a whole number in its bits.

    Args:
        largest: the largest absolute value.
    """
    wholes = rests = 0
    if largest < LARGE:
        for place in range(n):
            floor = np.floor(column[place])
            rest = (column[place] - floor) * FRACTION
            wholes += np.float64(floor + WHOLE).view(np.int64) - WHOLE_BITS
            rests += np.float64(rest + REST).view(np.int64) - REST_BITS
    else:
        for place in range(n):
            floor = np.floor(column[place])
            wholes += int(floor)
            rests += int(np.rint((column[place] - floor) * FRACTION))
    return wholes, rests


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
            known, low, high = 0, np.inf, -np.inf
            for run in range(runs):
                value = column[run]
                column[known] = value
                known += 1 if value == value else 0
            for run in range(known):
                low, high = min(low, column[run]), max(high, column[run])
            wholes, rests = sums_of(column, known, max(-low, high))
            n[cell], whole[cell], fraction[cell] = known, wholes, rests
            if low == high:
                for quantile in range(shares.size):
                    result[cell, quantile] = low
            else:
                if known:
                    spread(column, known, low, high, ordered, ends, pieces)
                quantiles_of(ordered, ends, known, shares, result[cell])


def count_week(
    values, runs, arm, week, first, last, n, whole, fraction, counts, origin, step, shift, limit,
    bins, column, index, many,
):  # fmt: skip
    """Count the values of one arm in one week; ``values`` is (cell, run), the rest as in
    :func:`count_records`.

    In half of the cells all runs have the same value, which is counted once. The histograms are
    much larger than a cache: they are changed last, one soon after the other, because a processor
    can wait for several of them at once.
    """
    top = float(bins)
    for cell in range(values.shape[0]):
        own = values[cell]
        known = size = differ = 0
        same = np.float64(own[0]).view(np.int64)
        for run in range(runs):
            bits = np.float64(own[run]).view(np.int64)
            known += 1 if own[run] == own[run] else 0
            differ |= bits ^ same
            size = max(size, bits & POSITIVE)
        many[0, cell] = 0
        if known == 0:
            continue
        if known < runs:
            place = size = 0
            for run in range(runs):  # without a branch, which the processor could not predict
                column[place] = own[run]
                place += 1 if own[run] == own[run] else 0
            own = column
            for run in range(known):
                size = max(size, np.float64(own[run]).view(np.int64) & POSITIVE)
        largest = np.int64(size).view(np.float64)
        if largest >= limit[arm, cell]:
            doublings = 0
            while largest >= limit[arm, cell] and limit[arm, cell] <= LARGEST:
                limit[arm, cell] *= 2.0
                step[arm, cell] *= 2.0
                doublings += 1
            widen(counts, n, arm, first, last, cell, doublings, int(shift[arm, cell]), bins)
        several = 1 if differ == 0 else known
        weight = known // several
        wholes, rests = sums_of(own, several, largest)
        n[arm, week, cell] += known
        whole[arm, week, cell] += weight * wholes
        fraction[arm, week, cell] += weight * rests
        start, width, up = origin[arm, cell], step[arm, cell], shift[arm, cell]
        where = index[cell]
        for run in range(several):
            at = np.floor((own[run] - start) / width + up)
            where[run] = np.int32(min(max(at, 0.0), top))
        many[0, cell] = several
        many[1, cell] = weight
    for cell in range(values.shape[0]):
        each, where, weight = counts[arm, week, cell], index[cell], many[1, cell]
        for run in range(many[0, cell]):
            each[where[run]] += weight


def count(
    given, arm, first, last, values, n, whole, fraction, counts, origin, step, shift, limit,
    bins, column, index, many,
):  # fmt: skip
    """Count given values of one arm in weeks first..last - 1.

    Args:
        given: float64 (run, week, cell).
        values: float64 (cell, run), work space.

    The other arguments are those of :func:`count_records`.
    """
    for week in range(first, last):
        for run in range(given.shape[0]):
            for cell in range(given.shape[2]):
                values[cell, run] = given[run, week, cell]
        count_week(
            values, given.shape[0], arm, week, first, last, n, whole, fraction, counts, origin,
            step, shift, limit, bins, column, index, many,
        )  # fmt: skip


def count_records(
    with_ta, without_ta, which, given, first, last, taken, sums, rows, windows, known, found,
    values, n, whole, fraction, counts, origin, step, shift, limit, bins, column, index, many,
):  # fmt: skip
    """Count every outcome of some runs in weeks first..last - 1: with TA, without, and the effect.

    A cell is a place and an outcome; an arm is one of these three conditions. While weeks are
    counted, their bins may differ in width; :func:`even` makes them equal.

    Args:
        with_ta, without_ta: float64 (run, week, region, column of RECORD), records of all weeks.
        which: int64 (run,), the parameter set of each run.
        given: float64 (set, value of GIVEN).
        first: 0, or the week after those of the call before.
        taken: float64 (value of GIVEN, run), work space, which is kept between the calls.
        sums: float64 (2 x KEPT, region, WINDOWED, run), work space, which is kept too.
        rows, windows, known: work space of :func:`sim.engine.summary.week_of_runs`.
        found: float64 (arm x place, outcome, run), work space; its runs may be more than there are.
        values: float64 (arm x cell, run): the same memory as ``found``.
        n, whole, fraction: int64 (arm, week, cell), added to: values, the sum of their whole parts,
            and of the rest in units of 1 / FRACTION.
        counts: uint16 or uint32 (arm, week, cell, bins + 2), added to.
        origin, step, shift: float64 (arm, cell): a value is in bin
            floor((value - origin) / step + shift), cut to 0..bins; the last bin is that of NaN,
            which :func:`even` fills. ``step`` is that of these weeks, and doubled as often as a
            value does not fit.
        limit: float64 (arm, cell), doubled with ``step``: values of that size do not fit; infinite
            where bins are never widened.
        bins: number of steps.
        column: float64 (run,), work space.
        index: int32 (cell, run), work space.
        many: int64 (2, cell), work space.
    """
    runs, places, cells = which.size, found.shape[0] // 3, values.shape[0] // 3
    if first == 0:
        sums[:] = 0.0
        for run in range(runs):
            for place in range(taken.shape[0]):
                taken[place, run] = given[which[run], place]
    for week in range(first, last):
        week_of_runs(with_ta, week, taken, sums[:KEPT], rows, windows, known, found[:places])
        week_of_runs(
            without_ta, week, taken, sums[KEPT:], rows, windows, known, found[places : 2 * places]
        )
        for cell in range(cells):
            a, b, effect = values[cell], values[cells + cell], values[2 * cells + cell]
            for run in range(known.size):
                effect[run] = a[run] - b[run]
        for arm in range(3):
            count_week(
                values[arm * cells : (arm + 1) * cells], runs, arm, week, first, last, n, whole,
                fraction, counts, origin, step, shift, limit, bins, column, index, many,
            )  # fmt: skip


def bins_at(counts, ranks, bins, result):
    """The bins that hold the values of some ranks.

    Args:
        counts: uint16 or uint32 (cell of any arm and week, bins + 2).
        ranks: int64 (cell, rank), from 0; soonest found in ascending order.
        bins: number of steps.
        result: int64 of the same shape, set to the bins, or bins + 1 beyond the last value.
    """
    for cell in range(ranks.shape[0]):
        each, wanted = counts[cell], ranks[cell]
        where = below = 0
        for one in range(wanted.size):
            if wanted[one] < below:
                where = below = 0
            while where <= bins:
                more = np.int64(each[where])
                if below + more > wanted[one]:
                    break
                below += more
                where += 1
            result[cell, one] = where


def widened(place, doublings, offset):
    """The bin that a bin goes into when bins become 2**doublings times as wide."""
    return ((place - offset) >> min(doublings, 62)) + offset


def widen(counts, n, arm, first, last, cell, doublings, offset, bins):
    """Join neighbouring bins of one arm and cell in weeks first..last - 1.

    Args:
        counts, n: as in :func:`count_records`; ``counts`` is changed.
        doublings: the bins become 2**doublings times as wide.
        offset: the bin that begins at the origin; all others are joined towards it.
        bins: number of steps.
    """
    for week in range(first, last):
        each = counts[arm, week, cell]
        if np.int64(each[offset]) == n[arm, week, cell]:  # the other bins are empty
            continue
        for number in range(bins + 1):  # away from the origin: up, and then down
            old = offset + number if number <= bins - offset else bins - number
            new = widened(old, doublings, offset)
            if new != old and each[old] != 0:
                each[new] += each[old]
                each[old] = 0


def even(counts, n, runs, edges, least, step, shift, limit, bins):
    """Make the bins of an arm and cell equally wide in all weeks, and count what has no value.

    Args:
        counts, n: as in :func:`count_records`; ``counts`` is changed.
        runs: how many were counted.
        edges: int64 (stretch + 1,): the first week of each stretch of weeks, and the number of
            weeks.
        least: float64 (arm, cell): bins become as wide as that, or as the widest of them.
        step, limit: float64 (stretch, arm, cell), changed: see :func:`count_records`.
        shift: float64 (arm, cell).
        bins: number of steps.
    """
    stretches, arms, cells = step.shape
    for arm in range(arms):
        for cell in range(cells):
            widest = least[arm, cell]
            for stretch in range(stretches):
                widest = max(widest, step[stretch, arm, cell])
            for stretch in range(stretches):
                doublings = 0
                while step[stretch, arm, cell] < widest:
                    step[stretch, arm, cell] *= 2.0
                    limit[stretch, arm, cell] *= 2.0
                    doublings += 1
                if doublings > 0:
                    first, last = edges[stretch], edges[stretch + 1]
                    offset = int(shift[arm, cell])
                    widen(counts, n, arm, first, last, cell, doublings, offset, bins)
            for week in range(counts.shape[1]):
                counts[arm, week, cell, bins + 1] = runs - n[arm, week, cell]


def pack(counts, runs, steps, kept, found):
    """List the bins that are not empty.

    Args:
        counts: uint16 or uint32 (week x place x outcome, bins + 2).
        runs: how many were counted in every cell.
        steps: uint16 (bin that is not empty, or more), filled: its distance to the one before, and
            of the first its index.
        kept: as ``counts`` (bin that is not empty, or more), filled: its count.
        found: int64 (1,), set to how many are not empty.
    """
    cells, bins = counts.shape
    number = before = 0
    for cell in range(cells):
        left, at = runs, 0
        while left > 0:
            if counts[cell, at] != 0:
                steps[number] = np.uint16(cell * bins + at - before)
                kept[number] = counts[cell, at]
                before = cell * bins + at
                left -= np.int64(counts[cell, at])
                number += 1
            at += 1
    found[0] = number


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
