"""The counting of :mod:`sim._bands` over many runs, to be compiled: NumPy needs many passes."""

from __future__ import annotations

import numpy as np

_FRACTION = 2.0**40


def count(values, n, whole, fraction, counts, origin, step, shift, bins):
    """Count a batch of weekly values of one arm.

    Args:
        values: float64 (run, week, place, outcome); NaN is no value.
        n, whole, fraction: int64 (week, place, outcome), added to: values, the sum of their whole
            parts, and of the rest in units of 2**-40.
        counts: uint16 or uint32 (week, place, outcome, bins + 2), added to.
        origin, step, shift: float64 (place, outcome): a value is in bin
            floor((value - origin) / step + shift), cut to 0..bins; NaN in bin bins + 1.
        bins: number of steps.
    """
    runs, weeks, places, outcomes = values.shape
    # The few cells that share a line of memory, over all runs: their counts stay at hand.
    for week in range(weeks):
        for place in range(places):
            for outcome in range(outcomes):
                low, width = origin[place, outcome], step[place, outcome]
                up = shift[place, outcome]
                cell = counts[week, place, outcome]
                known = wholes = rests = 0
                for run in range(runs):
                    value = values[run, week, place, outcome]
                    if np.isnan(value):
                        cell[bins + 1] += 1
                        continue
                    floor = np.floor(value)
                    known += 1
                    wholes += int(floor)
                    rests += int(np.rint((value - floor) * _FRACTION))
                    where = np.floor((value - low) / width + up)
                    cell[int(min(max(where, 0.0), float(bins)))] += 1
                n[week, place, outcome] += known
                whole[week, place, outcome] += wholes
                fraction[week, place, outcome] += rests


def largest(values, found):
    """The largest absolute value of each place and outcome.

    Args:
        values: float64 (run, week, place, outcome); NaN is no value.
        found: float64 (place, outcome), raised to it.
    """
    runs, weeks, places, outcomes = values.shape
    for run in range(runs):
        for week in range(weeks):
            for place in range(places):
                for outcome in range(outcomes):
                    size = abs(values[run, week, place, outcome])
                    if size > found[place, outcome]:
                        found[place, outcome] = size


def bins_at(counts, ranks, bins, found):
    """In which bin the value of a rank is.

    Args:
        counts: as in :func:`count`.
        ranks: int64 (week, place, outcome), from 0.
        bins: number of steps.
        found: int64 (week, place, outcome), set to the bin, or bins + 1 beyond the last value.
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
                found[week, place, outcome] = where
