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

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.outcomes import OUTCOMES, Outcome
from sim.core.threads import by_threads, thread_count
from sim.stats.intervals import rank_of

if TYPE_CHECKING:
    from sim.engine.reduction import Reduction
    from sim.runs.own import OwnReduction

ARMS = ("with_ta", "without_ta", "effect")
QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
EXACT_RUNS = 1000
BINS = 1024

MISSING = BINS + 1
BINS_KEPT = BINS + 2
_FRACTION = 2.0**40
_STRETCHES = 16
_TOGETHER = 2**15
"""Values of each arm whose quantiles are found together."""
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
        zeros: gives the memory for the counts; default: new memory.
    """

    def __init__(
        self,
        weeks: int,
        places: int,
        runs_expected: int,
        *,
        arms: int = 3,
        own: Sequence[Outcome] = (),
        zeros: Callable[[tuple[int, ...], Any], np.ndarray] = np.zeros,
    ) -> None:
        self.about = (*OUTCOMES.values(), *own)
        self.shape = (weeks, places, len(self.about))
        self.arms = arms
        self.kept: list[tuple[np.ndarray, ...]] = []
        self._histograms: _Histograms | None = None
        if runs_expected > EXACT_RUNS:
            low, high = _limits(places, self.about)
            span = high - low
            limits = [(low, high), (low, high), (-span, span)][:arms]
            # The count of one bin can reach the number of runs.
            counter = np.dtype(np.uint16 if runs_expected < 2**16 else np.uint32)
            counts = zeros((arms, weeks, places * len(self.about), BINS_KEPT), counter)
            self._histograms = _Histograms(weeks, limits, counts)

    @property
    def exact(self) -> bool:
        """Whether every value is kept."""
        return self._histograms is None

    @property
    def counts(self) -> np.ndarray | None:
        """The memory of the counts; None where every value is kept."""
        return None if self._histograms is None else self._histograms.counts

    def add(self, *values: np.ndarray) -> None:
        """Count a batch: (run, week, region, outcome) with TA and, where it was run, without TA."""
        if self._histograms is None:
            self.kept.append(values)
        else:
            self._histograms.add(_with_effect(values))

    def add_records(
        self, reduction: Reduction | OwnReduction, which: np.ndarray, *records: np.ndarray
    ) -> None:
        """Count the weekly values of a batch of runs with and without TA.

        Args:
            reduction: turns the records, which report every week, into values.
            which: int64 (run,), the parameter set of each run.
            records: with TA and without TA.
        """
        from sim.runs.own import OwnReduction

        if self._histograms is None or isinstance(reduction, OwnReduction):
            self.add(*(reduction.weekly(one, which) for one in records))
        else:
            self._histograms.add_records(reduction.given, which, *records)

    def state(self) -> dict[str, np.ndarray]:
        """All that was added, as arrays, for :meth:`add_state`."""
        state = {}
        if self._histograms is not None:
            for arm in range(self.arms):
                found = self._histograms.state(arm)
                state |= {f"{name}_{arm}": array for name, array in found.items()}
        for arm, batches in enumerate(zip(*self.kept, strict=True)):
            state[f"kept_{arm}"] = np.concatenate(batches)
        return state

    def add_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Add the :meth:`state` of another object that was made with the same arguments."""
        if self._histograms is not None:
            names = _Histograms.STATE
            self._histograms.add_states(
                [{name: state[f"{name}_{arm}"] for name in names} for arm in range(self.arms)]
            )
        kept = [state[name] for arm in range(self.arms) if (name := f"kept_{arm}") in state]
        if kept:
            self.kept.append(tuple(kept))

    def table(self, threads: int | None = None) -> WeekTable:
        """Means and quantiles of all values that were added; slow, so threads share the work."""
        n = np.zeros((len(ARMS), *self.shape), dtype=np.int64)
        whole, fraction = np.zeros((2, *n.shape), dtype=np.int64)
        quantiles = np.full((len(QUANTILES), *n.shape), np.nan)
        if (found := self._histograms) is not None:
            of_arms = slice(self.arms)
            n[of_arms], whole[of_arms], fraction[of_arms] = found.n, found.whole, found.fraction
            quantiles[:, of_arms] = found.quantiles()
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

        count, *cells = self.shape
        size = max(1, _TOGETHER // (math.prod(cells) * sum(map(len, arms[0]))))
        weeks = [slice(week, week + size) for week in range(0, count, size)]
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


class _Histograms:
    """Histograms of some conditions (arms), and the sums of their values.

    A *cell* is a region and an outcome. Bins 0..BINS of one: ``index`` stands for
    ``origin + (index - offset) * step``. MISSING counts NaN. Weeks are counted a stretch at a time,
    and threads that add values at the same time take turns at each stretch. Bins may differ in
    width between stretches while values are added.

    Args:
        weeks: the number of weeks.
        limits: for each arm the bounds of its values, (region, outcome) each.
        counts: zeros (arm, week, cell, bin).
    """

    STATE = ("n", "whole", "fraction", "steps", "counts", "exponent")

    def __init__(
        self, weeks: int, limits: Sequence[tuple[np.ndarray, np.ndarray]], counts: np.ndarray
    ) -> None:
        from sim.engine.rooms import Rooms  # a report does not need the engine

        self.edges = np.linspace(0, weeks, min(weeks, _STRETCHES) + 1).astype(np.int64)
        self._locks = [threading.Lock() for _ in self.edges[1:]]
        self.counts = counts
        self.bits = 8 * counts.itemsize
        low, high = (np.array(one) for one in zip(*limits, strict=True))
        self.shape = len(limits), weeks, *low.shape[1:]
        self.n, self.whole, self.fraction = np.zeros((3, *self.shape), dtype=np.int64)
        self.bounded = np.isfinite(high)
        signed = ~self.bounded & np.isinf(low)
        self.origin = np.where(self.bounded, low, 0.0)
        self.offset = np.where(signed, BINS // 2, 0)
        self.shift = np.where(self.bounded, 0.5, self.offset)
        smallest = 2.0**_SMALLEST
        step = np.where(self.bounded, (high - low) / BINS, smallest)
        limit = np.where(self.bounded, np.inf, smallest * (BINS - self.offset))
        self.steps, self.limits = (np.stack([one] * len(self._locks)) for one in (step, limit))
        """Of each stretch of weeks; values of the limit or more need wider bins."""
        self.runs = 0
        self._rooms = Rooms()

    def add(self, values: Sequence[np.ndarray]) -> None:
        """Count values of each arm, (run, week, region, outcome)."""
        runs, weeks = values[0].shape[:2]
        self._note(runs)
        space = np.empty((self.counts.shape[2], runs))
        for arm, one in enumerate(values):
            flat = np.ascontiguousarray(one).reshape(runs, weeks, -1)
            self._count("count", runs, flat, arm, 0, 0, space)

    def add_records(
        self, given: np.ndarray, which: np.ndarray, with_ta: np.ndarray, without_ta: np.ndarray
    ) -> None:
        """Count every outcome of some runs: with TA, without TA, and the effect.

        Args:
            given: float64 (set, value of GIVEN).
            which: int64 (run,), the parameter set of each run.
            with_ta, without_ta: records of every week.
        """
        from sim.engine import summary

        self._note(len(which))
        arms, _, places, outcomes = self.shape
        wide = summary.lanes(len(which))
        found = self._rooms.zeros("found", (arms * places, outcomes, wide))
        self._count(
            "count_records", wide, *map(np.ascontiguousarray, (with_ta, without_ta, which)), given,
            0, 0, *summary.work_of_runs(places - 1, wide, self._rooms), found,
            found.reshape(-1, wide),
        )  # fmt: skip

    def _note(self, runs: int) -> None:
        """Count runs whose values are added."""
        with self._locks[0]:
            self.runs += runs

    def _count(self, entry: str, runs: int, *given: Any) -> None:
        """Call an entry that counts for each stretch of weeks; ``given`` are its own arguments."""
        from sim.engine import native  # a few runs do not need the engine

        cells = self.counts.shape[2]
        call = native.Call(
            f"{entry}_{self.bits}", *given, *map(self._flat, (self.n, self.whole, self.fraction)),
            self.counts, *map(self._flat, (self.origin, self.steps[0], self.shift, self.limits[0])),
            BINS, np.empty(runs), self._rooms.zeros("index", (cells, runs), np.int32),
            np.empty((2, cells), dtype=np.int64),
        )  # fmt: skip
        for stretch, lock in enumerate(self._locks):
            with lock:
                call(
                    first=self.edges[stretch],
                    last=self.edges[stretch + 1],
                    step=self._flat(self.steps[stretch]),
                    limit=self._flat(self.limits[stretch]),
                )

    def _flat(self, array: np.ndarray) -> np.ndarray:
        """The same memory with regions and outcomes as one axis of cells."""
        return array.reshape(*array.shape[:-2], -1)

    def _even(self, least: np.ndarray | float = 0.0) -> None:
        """Make bins equally wide in all weeks, and as wide as ``least`` (arm, region, outcome), and
        count what is missing."""
        from sim.engine import native

        native.call(
            f"even_{self.bits}", self.counts, self._flat(self.n), self.runs, self.edges,
            self._flat(np.broadcast_to(least, self.shift.shape).copy()),
            *map(self._flat, (self.steps, self.shift, self.limits)), BINS,
        )  # fmt: skip

    @property
    def exponent(self) -> np.ndarray:
        """Where an outcome has no bounds, a bin is 2**exponent wide, (arm, region, outcome)."""
        return np.where(self.bounded, _SMALLEST, np.frexp(self.steps[0])[1].astype(np.int64) - 1)

    def state(self, arm: int) -> dict[str, np.ndarray]:
        """The sums; for bins that are not empty, the distance to the one before and the count; the
        exponents."""
        from sim.engine import native

        self._even()
        cells, number = self.counts[arm].reshape(-1, BINS_KEPT), np.zeros(1, dtype=np.int64)
        most = len(cells) * min(BINS_KEPT, self.runs)
        steps, kept = np.empty(most, dtype=np.uint16), np.empty(most, dtype=cells.dtype)
        native.call(f"pack_{self.bits}", cells, self.runs, steps, kept, number)
        found = steps[: number[0]], kept[: number[0]]
        sums = self.n[arm], self.whole[arm], self.fraction[arm]
        return dict(zip(self.STATE, (*sums, *found, self.exponent[arm]), strict=True))

    def add_states(self, states: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Add what other histograms of the same kind have counted, a state for each arm."""
        from sim.engine import native

        exponent = np.array([state["exponent"] for state in states])
        self._even(np.where(self.bounded, 0.0, np.ldexp(1.0, exponent)))
        doublings = self.exponent - exponent
        for arm, state in enumerate(states):
            for name in ("n", "whole", "fraction"):
                getattr(self, name)[arm] += state[name]
            steps, kept = (np.require(state[one], requirements="A") for one in ("steps", "counts"))
            native.call(
                f"unpack_{self.bits}", steps, kept, doublings[arm].reshape(-1),
                self.offset[arm].reshape(-1), BINS, self.counts[arm].reshape(-1, BINS_KEPT),
            )  # fmt: skip
        self.runs = int(self.n.flat[0]) + int(self.counts[0, 0, 0, MISSING])

    def quantiles(self) -> np.ndarray:
        """Quantiles, float64 (quantile, arm, week, region, outcome)."""
        from sim.engine import native

        self._even()
        origin, offset, step = (one[:, None] for one in (self.origin, self.offset, self.steps[0]))

        def at(ranks: np.ndarray) -> np.ndarray:
            each = np.ascontiguousarray(np.moveaxis(ranks, 0, -1)).reshape(-1, len(ranks))
            index = np.empty_like(each)
            native.call(
                f"bins_at_{self.bits}", self.counts.reshape(-1, BINS_KEPT), each, BINS, index
            )
            return origin + (index.T.reshape(ranks.shape) - offset) * step

        return _between(at, self.n, np.array(QUANTILES).reshape(-1, 1, 1, 1, 1))
