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

import numpy as np

from sim.core.outcomes import OUTCOMES, Outcome
from sim.stats.intervals import rank_of

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
    """

    def __init__(
        self,
        weeks: int,
        places: int,
        runs_expected: int,
        *,
        arms: int = 3,
        own: Sequence[Outcome] = (),
    ) -> None:
        self.about = (*OUTCOMES.values(), *own)
        self.shape = (weeks, places, len(self.about))
        self.arms = arms
        self.kept: list[tuple[np.ndarray, ...]] = []
        self._histograms: list[_Histogram] = []
        if runs_expected > EXACT_RUNS:
            self._histograms = self._make_histograms(runs_expected)

    def _make_histograms(self, runs_expected: int) -> list[_Histogram]:
        low, high = _limits(self.shape[1], self.about)
        # The count of one bin can reach the number of runs.
        counter = np.dtype(np.uint16 if runs_expected < 2**16 else np.uint32)
        span = high - low
        limits = [(low, high), (low, high), (-span, span)][: self.arms]
        return [_Histogram(self.shape[0], *pair, counter) for pair in limits]

    @property
    def exact(self) -> bool:
        """Whether every value is kept."""
        return not self._histograms

    def add(self, *values: np.ndarray) -> None:
        """Count a batch: (run, week, region, outcome) with TA and, where it was run, without TA."""
        if self._histograms:
            for histogram, one in zip(self._histograms, _with_effect(values), strict=True):
                histogram.add(np.ascontiguousarray(one))
        else:
            self.kept.append(values)

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
        from sim.engine import batch  # loads the engine, which a report does not need

        arms = list(zip(*self.kept, strict=True))

        def work(weeks: slice) -> None:
            values = [np.concatenate([one[:, weeks] for one in arm]) for arm in arms]
            for arm, one in enumerate(_with_effect(values)):
                n[arm, weeks], whole[arm, weeks], fraction[arm, weeks], found = exact(one)
                quantiles[:, arm, weeks] = found

        weeks = [slice(week, week + 1) for week in range(self.shape[0])]
        for _ in batch.by_threads(work, weeks, batch.thread_count(threads)):
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


def exact(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sums and quantiles over runs, the first axis; NaN does not count.

    Returns:
        The number of values, the sum of their whole parts and the sum of their fractions in units
        of 2**-40, int64 (...) each; and the quantiles, float64 (quantile, ...).
    """
    from sim.engine import counting, native

    runs, cells = len(values), int(np.prod(values.shape[1:]))
    sums = np.empty((3, cells), dtype=np.int64)
    quantiles = np.empty((cells, len(QUANTILES)))
    native.call(
        "exact", np.ascontiguousarray(values).reshape(runs, cells), np.array(QUANTILES),
        *counting.work_space(runs), *sums, quantiles,
    )  # fmt: skip
    n, whole, fraction = sums.reshape(3, *values.shape[1:])
    return n, whole, fraction, quantiles.T.reshape(-1, *values.shape[1:])


def _between(at: Callable[[np.ndarray], np.ndarray], n: np.ndarray, q: float) -> np.ndarray:
    """Interpolate between the order statistics around :func:`sim.stats.intervals.rank_of`."""
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

    def __init__(self, weeks: int, low: np.ndarray, high: np.ndarray, counter: np.dtype) -> None:
        self.n, self.whole, self.fraction = np.zeros((3, weeks, *low.shape), dtype=np.int64)
        self.counts = np.zeros((weeks, *low.shape, BINS_KEPT), dtype=counter)
        self.bounded = np.isfinite(high)
        signed = ~self.bounded & np.isinf(low)
        self.step = np.where(self.bounded, (high - low) / BINS, 2.0**_SMALLEST)
        self.origin = np.where(self.bounded, low, 0.0)
        self.nearest = np.where(self.bounded, 0.5, 0.0)
        self.offset = np.where(signed, BINS // 2, 0)
        # |value| < 2**x fits when step >= 2**(x - room)
        self.room = np.where(signed, 9, 10)
        self.exponent = np.full(low.shape, _SMALLEST)
        edges = np.linspace(0, weeks, min(weeks, _STRETCHES) + 1).astype(int).tolist()
        self._stretches = [(a, b, threading.Lock()) for a, b in itertools.pairwise(edges)]
        self._turns = itertools.count()

    def add(self, values: np.ndarray) -> None:
        """Count values (run, week, region, outcome)."""
        from sim.engine import native  # a few runs do not need the engine

        top = np.zeros(self.step.shape)
        native.call("largest", values, top)
        self._make_room(top)
        shift = self.nearest + self.offset
        index = np.empty((len(values), values.shape[-1]), dtype=np.int32)
        start = next(self._turns) % len(self._stretches)
        for first, last, lock in self._stretches[start:] + self._stretches[:start]:
            with lock:
                native.call(
                    f"count_{8 * self.counts.itemsize}", values, first, last, self.n, self.whole,
                    self.fraction, self.counts, self.origin, self.step, shift, BINS, index,
                )  # fmt: skip

    def _make_room(self, top: np.ndarray) -> None:
        """Widen the bins of outcomes without bounds until values of that size fit."""
        wanted = np.where(top > 0, np.frexp(top)[1] - self.room, _SMALLEST)
        if not (~self.bounded & (wanted > self.exponent)).any():
            return
        with contextlib.ExitStack() as stack:  # no other thread counts meanwhile
            for *_, lock in self._stretches:
                stack.enter_context(lock)
            for place, outcome in np.argwhere(~self.bounded & (wanted > self.exponent)):
                self._widen(place, outcome, int(wanted[place, outcome]))

    def _widen(self, place: int, outcome: int, exponent: int) -> None:
        """Make the bins of one region and outcome ``2**exponent`` wide."""
        if self.n[:, place, outcome].any():  # else every bin is empty
            self._join(place, outcome, exponent - int(self.exponent[place, outcome]))
        self.exponent[place, outcome] = exponent
        self.step[place, outcome] = np.ldexp(1.0, exponent)

    def _join(self, place: int, outcome: int, doublings: int) -> None:
        """Join neighbouring bins of one region and outcome in pairs, ``doublings`` times."""
        offset = self.offset[place, outcome]
        target = ((np.arange(BINS + 1) - offset) >> min(doublings, 62)) + offset
        first = np.flatnonzero(np.diff(target, prepend=target[0] - 1))
        old = self.counts[:, place, outcome, : BINS + 1]
        joined = np.zeros_like(old)
        joined[:, target[first]] = np.add.reduceat(old, first, axis=1, dtype=old.dtype)
        self.counts[:, place, outcome, : BINS + 1] = joined

    def state(self) -> dict[str, np.ndarray]:
        """The sums; for bins that are not empty, the distance to the next one and the count; the
        exponents."""
        flat = self.counts.reshape(-1)
        index = np.flatnonzero(flat != 0)  # of bools: several times as fast
        found = (
            self.n, self.whole, self.fraction, np.diff(index, prepend=0), flat[index],
            self.exponent,
        )  # fmt: skip
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
        for place, outcome in np.argwhere(~self.bounded & (exponent > self.exponent)):
            self._widen(place, outcome, int(exponent[place, outcome]))
        self.n += n
        self.whole += whole
        self.fraction += fraction
        flat, index = self.counts.reshape(-1), np.cumsum(steps)
        finer = (self.exponent - exponent).reshape(-1)
        if finer.any():  # some of its bins are narrower: several go into one of these
            cell = index // BINS_KEPT % finer.size
            narrow = finer[cell] > 0
            self._add_narrow(index[narrow], counts[narrow], cell[narrow], finer)
            index, counts = index[~narrow], counts[~narrow]
        flat[index] += counts  # no bin is named twice

    def _add_narrow(
        self, index: np.ndarray, counts: np.ndarray, cell: np.ndarray, finer: np.ndarray
    ) -> None:
        """Add counts of bins ``2**finer[cell]`` times narrower than those of the same cell here."""
        place, offset = index % BINS_KEPT, self.offset.reshape(-1)[cell]
        joined = ((place - offset) >> np.minimum(finer[cell], 62)) + offset
        joined = np.where(place == MISSING, MISSING, joined)
        np.add.at(self.counts.reshape(-1), index - place + joined, counts)

    def quantiles(self) -> np.ndarray:
        """Quantiles, float64 (quantile, week, region, outcome)."""
        from sim.engine import native

        def at(rank: np.ndarray) -> np.ndarray:
            index = np.empty_like(rank)
            native.call(f"bins_at_{8 * self.counts.itemsize}", self.counts, rank, BINS, index)
            return self.origin + (index - self.offset) * self.step

        return np.stack([_between(at, self.n, q) for q in QUANTILES])
