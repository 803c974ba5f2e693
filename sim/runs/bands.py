"""``Bands``: weekly means and quantiles over many runs, whatever their order, in bounded memory.

Arrays are (condition, week, region, outcome): a condition is one of :data:`ARMS`, and the last
region is "overall". Means come from fixed-point integer sums (a value is rounded to 2**-40), so
they do not depend on the order of runs. Quantiles follow :mod:`sim.stats.intervals`:

* up to :data:`EXACT_RUNS` runs quantiles are exact, because every weekly value is kept;
* above that number, each (condition, week, region, outcome) has a histogram of :data:`BINS` bins,
  and a quantile is exact to one bin. For an outcome with bounds, a bin is (high - low)/BINS wide,
  and values are rounded to the nearest bin. For an outcome without bounds, the width is the
  smallest power of two that fits every value added: when a value does not fit, neighbouring bins
  are joined. Bins nest, so the counts do not depend on when they were joined. Values are rounded
  down, so whole numbers below BINS stay exact.

Missing values (NaN) do not count. A value outside the bounds of its outcome counts as the bound.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.outcomes import OUTCOMES, Outcome
from sim.core.threads import by_threads, thread_count
from sim.stats.intervals import rank_of

if TYPE_CHECKING:
    from sim.engine import native
    from sim.engine.reduction import Reduction
    from sim.engine.rooms import Rooms
    from sim.runs.own import OwnReduction

ARMS = ("with_ta", "without_ta", "effect")
QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
EXACT_RUNS = 1000
BINS = 1024

MISSING = BINS + 1
BINS_KEPT = BINS + 2
_FRACTION = 2.0**40
_STRETCHES = 16
_SMALLEST = -900  # the exponent of a bin's width before the first value


@dataclass(frozen=True, slots=True, eq=False)
class WeekTable:
    """Counts, means and quantiles of each week; read-only.

    Attributes:
        n: int64 (condition, week, region, outcome), the number of values; the last region is
            "overall".
        mean: float64, the same shape; NaN where n is 0.
        quantiles: float64 (quantile, condition, week, region, outcome).
    """

    n: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.n, self.mean, self.quantiles):
            array.setflags(write=False)


class Bands:
    """Collects the weekly values of runs, one batch at a time; threads may share it.

    Args:
        weeks: the number of weeks, week 0 included.
        places: the number of regions plus one for "overall", which comes last.
        runs_expected: the number of runs; it decides between exact values and histograms.
        arms: how many of the conditions in ARMS have values: all of them, or the first only.
        own: the user's own outcomes, whose columns follow those of codose.
        rooms: memory for the counts, which nothing else of this thread uses then; default: new.
    """

    def __init__(
        self,
        weeks: int,
        places: int,
        runs_expected: int,
        *,
        arms: int = 3,
        own: Sequence[Outcome] = (),
        rooms: Rooms | None = None,
    ) -> None:
        self.about = (*OUTCOMES.values(), *own)
        self.shape = (weeks, places, len(self.about))
        self.arms = arms
        self.edges = np.linspace(0, weeks, min(weeks, _STRETCHES) + 1).astype(int).tolist()
        """Weeks are counted a stretch at a time, from one of these to the next."""
        self.kept: list[tuple[np.ndarray, ...]] = []
        self._histograms: list[_Histogram] = []
        if runs_expected > EXACT_RUNS:
            self._histograms = self._make_histograms(runs_expected, rooms)

    def _make_histograms(self, runs_expected: int, rooms: Rooms | None) -> list[_Histogram]:
        low, high = _limits(self.shape[1], self.about)
        # The count of one bin can reach the number of runs.
        counter = np.dtype(np.uint16 if runs_expected < 2**16 else np.uint32)
        span = high - low
        limits = [(low, high), (low, high), (-span, span)][: self.arms]
        shape = *self.shape, BINS_KEPT
        return [
            _Histogram(
                self.edges,
                *pair,
                rooms.zeros(f"counts {arm}", shape, counter) if rooms else np.zeros(shape, counter),
            )
            for arm, pair in enumerate(limits)
        ]

    @property
    def exact(self) -> bool:
        """Whether every value is kept."""
        return not self._histograms

    def add(self, *values: np.ndarray) -> None:
        """Count a batch: (run, week, region, outcome) with TA and, where it was run, without TA."""
        if self.exact:
            self.kept.append(values)
            return
        for first, last in itertools.pairwise(self.edges):
            self._count(slice(first, last), [one[:, first:last] for one in values])

    def add_records(
        self, reduction: Reduction | OwnReduction, which: np.ndarray, *records: np.ndarray
    ) -> None:
        """Count the weekly values of a batch of runs, which are found a few weeks at a time.

        Args:
            reduction: turns the records, which report every week, into values.
            which: int64 (run,), the parameter set of each run.
            records: with TA and, where it was run, without TA.
        """
        from sim.runs.own import OwnReduction

        if self.exact or isinstance(reduction, OwnReduction):
            self.add(*(reduction.weekly(one, which) for one in records))
            return
        parts = [reduction.weekly_in_parts(one, which, self.edges) for one in records]
        for found in zip(*parts, strict=True):
            self._count(found[0][0], [values for _, values in found])

    def _count(self, weeks: slice, values: Sequence[np.ndarray]) -> None:
        from sim.engine.counting import MOST_RUNS

        for first in range(0, len(values[0]), MOST_RUNS):
            some = [one[first : first + MOST_RUNS] for one in values]
            for histogram, one in zip(self._histograms, _with_effect(some), strict=True):
                histogram.add(weeks, np.ascontiguousarray(one))

    def state(self) -> dict[str, np.ndarray]:
        """All that was added, as arrays, for :meth:`add_state`."""
        state = {}
        for arm, histogram in enumerate(self._histograms):
            state |= {f"{name}_{arm}": array for name, array in histogram.state().items()}
        for arm, batches in enumerate(zip(*self.kept, strict=True)):
            state[f"kept_{arm}"] = np.concatenate(batches)
        return state

    def add_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Add the :meth:`state` of another object that was made with the same arguments."""
        for arm, histogram in enumerate(self._histograms):
            histogram.add_state(**{name: state[f"{name}_{arm}"] for name in _Histogram.STATE})
        kept = [state[name] for arm in range(self.arms) if (name := f"kept_{arm}") in state]
        if kept:
            self.kept.append(tuple(kept))

    def table(self, threads: int | None = None) -> WeekTable:
        """Means and quantiles of all values that were added; slow, so threads share the work."""
        n = np.zeros((len(ARMS), *self.shape), dtype=np.int64)
        whole, fraction = np.zeros((2, *n.shape), dtype=np.int64)
        quantiles = np.full((len(QUANTILES), *n.shape), np.nan)
        for arm, histogram in enumerate(self._histograms):
            n[arm], whole[arm], fraction[arm] = histogram.n, histogram.whole, histogram.fraction
            quantiles[:, arm] = histogram.quantiles()
        if self.kept:
            self._exact(n, whole, fraction, quantiles, threads)
        total = whole + fraction / _FRACTION
        mean = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
        return WeekTable(n, mean, quantiles)

    def _exact(
        self,
        n: np.ndarray,
        whole: np.ndarray,
        fraction: np.ndarray,
        quantiles: np.ndarray,
        threads: int | None,
    ) -> None:
        """Fill in sums and quantiles from kept values, a few weeks at a time to save memory."""

        arms = list(zip(*self.kept, strict=True))

        def work(weeks: slice) -> None:
            values = [np.concatenate([one[:, weeks] for one in arm]) for arm in arms]
            for arm, one in enumerate(_with_effect(values)):
                n[arm, weeks], whole[arm, weeks], fraction[arm, weeks], found = exact(one)
                quantiles[:, arm, weeks] = found

        weeks = [slice(week, week + 1) for week in range(self.shape[0])]
        for _ in by_threads(work, weeks, thread_count(threads)):
            pass


def _with_effect(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The conditions given and, if there are two, their difference."""
    return [*values, values[0] - values[1]] if len(values) == 2 else list(values)


def _limits(places: int, about: Sequence[Outcome]) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of weekly values, (region, outcome) each; infinite where an outcome has none."""
    low = np.array([one.low for one in about])
    high = np.array([np.inf if one.high is None else one.high for one in about])
    lows, highs = np.tile(low, (places, 1)), np.tile(high, (places, 1))
    summed = [i for i, one in enumerate(about) if one.overall == "sum"]
    highs[-1, summed] = np.inf  # the declared bounds hold for one region
    return lows, highs


def exact(
    values: np.ndarray, which: Sequence[float] = QUANTILES
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sums and quantiles over runs, the first axis; NaN does not count.

    Returns:
        The number of values, the sum of their whole parts and the sum of their fractions in units
        of 2**-40, int64 (...) each; and the quantiles, float64 (quantile, ...).
    """
    from sim.engine import counting, native

    runs, cells = len(values), int(np.prod(values.shape[1:]))
    sums = np.empty((3, cells), dtype=np.int64)
    quantiles = np.empty((cells, len(which)))
    native.call(
        "exact", np.ascontiguousarray(values).reshape(runs, cells), np.array(which),
        *counting.work_space(runs), *sums, quantiles,
    )  # fmt: skip
    n, whole, fraction = sums.reshape(3, *values.shape[1:])
    return n, whole, fraction, quantiles.T.reshape(-1, *values.shape[1:])


def _between(at: Callable[[np.ndarray], np.ndarray], n: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Interpolate between the order statistics around :func:`sim.stats.intervals.rank_of`.

    Args:
        at: gives the values of ranks (quantile, ...).
        n: the number of values (...).
        q: the quantiles, (quantile, 1, ...).
    """
    position = rank_of(q, n)
    below = np.floor(position).astype(np.int64)
    share = position - below
    a, b = at(below), at(np.minimum(below + 1, np.maximum(n - 1, 0)))
    gap = b - a
    # NumPy, too, interpolates from the nearer end: the last bits agree, and no value overshoots.
    value = np.where(share >= 0.5, b - gap * (1 - share), a + gap * share)
    return np.where(n > 0, value, np.nan)


class _Histogram:
    """Histograms of one condition, counts (week, region, outcome, bin), and the sums of its values.

    The width of a bin (step) differs between regions and outcomes, but not between weeks.
    Bins 0..BINS: ``index`` stands for ``origin + (index - offset) * step``. MISSING counts NaN.
    Threads that add values at the same time take turns, one block of weeks at a time.
    """

    STATE = ("n", "whole", "fraction", "steps", "counts", "exponent")

    def __init__(
        self, edges: Sequence[int], low: np.ndarray, high: np.ndarray, counts: np.ndarray
    ) -> None:
        self.n, self.whole, self.fraction = np.zeros((3, edges[-1], *low.shape), dtype=np.int64)
        self.counts = counts
        self.bounded = np.isfinite(high)
        signed = ~self.bounded & np.isinf(low)
        self.step = np.where(self.bounded, (high - low) / BINS, 2.0**_SMALLEST)
        self.origin = np.where(self.bounded, low, 0.0)
        self.nearest = np.where(self.bounded, 0.5, 0.0)
        self.offset = np.where(signed, BINS // 2, 0)
        # |value| < 2**x fits when step >= 2**(x - room)
        self.room = np.where(signed, 9, 10)
        self.exponent = np.full(low.shape, _SMALLEST)
        self.shift = self.nearest + self.offset
        self.limit = np.where(self.bounded, np.inf, 2.0 ** (_SMALLEST + self.room))
        """Values of that size or more need wider bins."""
        self._mine = threading.local()
        self._locks = {first: threading.Lock() for first in edges[:-1]}

    def add(self, weeks: slice, values: np.ndarray) -> None:
        """Count values (run, week, region, outcome) of a stretch of weeks."""
        top, largest, count = self._calls(len(values), values)
        top[:] = 0.0
        largest(values=values)
        if (top >= self.limit).any():
            self._make_room(top)
        with self._locks[weeks.start]:
            count(values=values, first=weeks.start)

    def _calls(self, runs: int, values: np.ndarray) -> tuple[np.ndarray, native.Call, native.Call]:
        """The largest values, and the calls of this thread that find them and that count."""
        from sim.engine import native  # a few runs do not need the engine

        kept = getattr(self._mine, "calls", None)
        if kept is None or kept[0] < runs:
            outcomes = values.shape[-1]
            top = np.empty(self.step.shape)
            count = native.Call(
                f"count_{8 * self.counts.itemsize}", values, 0, self.n, self.whole, self.fraction,
                self.counts, self.origin, self.step, self.shift, BINS,
                np.empty((runs, outcomes), dtype=np.int32), np.empty((4, outcomes)),
            )  # fmt: skip
            kept = self._mine.calls = runs, top, native.Call("largest", values, top), count
        return kept[1:]

    def _make_room(self, top: np.ndarray) -> None:
        """Widen the bins of outcomes without bounds until values of that size fit."""
        wanted = np.frexp(top)[1] - self.room
        with contextlib.ExitStack() as stack:  # no other thread counts meanwhile
            for lock in self._locks.values():
                stack.enter_context(lock)
            for place, outcome in np.argwhere(top >= self.limit):
                self._widen(place, outcome, int(wanted[place, outcome]))

    def _widen(self, place: int, outcome: int, exponent: int) -> None:
        """Make the bins of one region and outcome ``2**exponent`` wide."""
        from sim.engine import native

        if self.n[:, place, outcome].any():  # else every bin is empty
            native.call(
                f"widen_{8 * self.counts.itemsize}", self.counts, place, outcome,
                exponent - self.exponent[place, outcome], self.offset[place, outcome], BINS,
            )  # fmt: skip
        self.exponent[place, outcome] = exponent
        self.step[place, outcome] = np.ldexp(1.0, exponent)
        self.limit[place, outcome] = np.ldexp(1.0, exponent + self.room[place, outcome])

    def state(self) -> dict[str, np.ndarray]:
        """The sums; for bins that are not empty, the distance to the one before and the count; the
        exponents."""
        from sim.engine import native

        cells, number = self.counts.reshape(-1, BINS_KEPT), np.zeros(1, dtype=np.int64)
        most = len(cells) * min(BINS_KEPT, int(cells[0].sum()))  # all cells count as many values
        steps, kept = np.empty(most, dtype=np.uint16), np.empty(most, dtype=cells.dtype)
        native.call(f"pack_{8 * cells.itemsize}", cells, steps, kept, number)
        steps, kept = steps[: number[0]], kept[: number[0]]
        found = self.n, self.whole, self.fraction, steps, kept, self.exponent
        return dict(zip(self.STATE, found, strict=True))

    def add_state(
        self,
        n: np.ndarray,
        whole: np.ndarray,
        fraction: np.ndarray,
        steps: np.ndarray,
        counts: np.ndarray,
        exponent: np.ndarray,
    ) -> None:
        """Add what another histogram of the same kind has counted."""
        from sim.engine import native

        for place, outcome in np.argwhere(~self.bounded & (exponent > self.exponent)):
            self._widen(place, outcome, int(exponent[place, outcome]))
        self.n += n
        self.whole += whole
        self.fraction += fraction
        steps, counts = (np.require(one, requirements="A") for one in (steps, counts))
        doublings, offset = (self.exponent - exponent).reshape(-1), self.offset.reshape(-1)
        native.call(
            f"unpack_{8 * self.counts.itemsize}", steps, counts, doublings, offset, BINS,
            self.counts.reshape(-1, BINS_KEPT),
        )  # fmt: skip

    def quantiles(self) -> np.ndarray:
        """Quantiles, float64 (quantile, week, region, outcome)."""
        from sim.engine import native

        def at(ranks: np.ndarray) -> np.ndarray:
            ranks = np.ascontiguousarray(np.moveaxis(ranks, 0, -1))
            index = np.empty_like(ranks)
            native.call(f"bins_at_{8 * self.counts.itemsize}", self.counts, ranks, BINS, index)
            return self.origin + (np.moveaxis(index, -1, 0) - self.offset) * self.step

        return _between(at, self.n, np.array(QUANTILES).reshape(-1, 1, 1, 1))
