"""Arrays of runs as labelled rows: :class:`RunRows`, :class:`WeekRows`, :class:`Trajectories`,
:func:`summary_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.outcomes import BETWEEN, HEADLINES, INDEX, OUTCOMES, Outcome, spread, worst
from sim.core.threads import by_threads, thread_count
from sim.present import arrow
from sim.present.table import PART_ROWS, PlainRows, Rows, cut
from sim.runs.bands import ARMS, QUANTILES, WeekTable, exact
from sim.runs.own import names
from sim.runs.weekly import PointValues
from sim.stats.components import (
    all_components,
    all_means,
    all_set_means,
    all_standard_errors,
    by_set,
    means_and_counts,
    standard_deviations,
)

if TYPE_CHECKING:
    import pyarrow as pa  # imported where it is used

QUANTILE_NAMES = tuple(f"p{round(100 * q):02d}" for q in QUANTILES)
POINTS = ("start", "end_of_ta", "year_after", "horizon", "persistence")
STATUSES = ("ok", "failed")
_BLOCK = 2**17
"""Values of a block of the summary, which the processor's cache holds."""


def _grid(*sizes: int) -> list[np.ndarray]:
    """Flat indices of an array of these sizes, one array for each axis; the last runs fastest."""
    return [axis.reshape(-1) for axis in np.indices(sizes, dtype=np.int32)]


class RunRows(Rows):
    """A row for each run, region, outcome and point, in this order; a failed run has one row.

    Args:
        values: the runs.
        places: names of the regions, and "overall".
    """

    names = (
        "set", "replicate", "region", "outcome", "point", "value", "no_ta", "effect", "status",
        "stage", "reason",
    )  # fmt: skip

    def __init__(self, values: PointValues, places: Sequence[str]) -> None:
        self._values, self.places, self.known = values, places, names(values.own)
        self.each = len(places) * len(self.known) * len(values.points)
        """Rows of a run that did not fail."""

    def __len__(self) -> int:
        failed = int(self._values.failed.sum())
        return failed + self.each * (len(self._values.failed) - failed)

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`~sim.present.table.Rows`; threads make the parts."""
        ends = np.cumsum(np.where(self._values.failed, 1, self.each))

        def part(first: int) -> pa.Table:
            start, last = np.searchsorted(ends, (first, first + PART_ROWS - 1), side="right")
            before = int(ends[start - 1]) if start else 0
            return self._of(slice(int(start), int(last) + 1)).slice(first - before, PART_ROWS)

        firsts = range(0, max(1, len(self)), PART_ROWS)
        return by_threads(part, firsts, thread_count())

    def _of(self, some: slice) -> pa.Table:
        """The rows of some runs whole."""
        import pyarrow as pa

        values, failed = self._values, self._values.failed[some]
        good: Any = ~failed if failed.any() else slice(None)
        run = np.repeat(np.arange(len(failed)), np.where(failed, 1, self.each))
        is_lost = failed[run]
        before = int(values.failed[: some.start].sum())
        lost = values.failures[before : before + int(failed.sum())]

        def spread(found: np.ndarray, missing: Any = arrow.MISSING) -> np.ndarray:
            """What the rows of runs hold that did not fail, with what is missing in the others."""
            if len(found) == len(run):
                return found
            full = np.full(len(run), missing, dtype=found.dtype)
            full[~is_lost] = found
            return full

        def codes(grid: np.ndarray) -> np.ndarray:
            return spread(np.tile(grid, int((~failed).sum())))

        def of_lost(texts: Sequence[str]) -> pa.Array:
            full = np.full(len(run), arrow.MISSING, dtype=np.int32)
            full[is_lost] = np.arange(len(texts))
            return arrow.taken(full, texts)

        region, outcome, point = _grid(len(self.places), len(self.known), len(values.points))
        every = np.array([POINTS.index(name) for name in values.points], dtype=np.int32)
        with_ta, without_ta = (
            spread(np.moveaxis(one[some][good], 1, -1).reshape(-1), np.nan)
            for one in (values.with_ta, values.without_ta)
        )
        columns = (
            arrow.numbers(values.set_index[some][run]),
            arrow.numbers(values.replicate[some][run]),
            arrow.taken(codes(region), self.places),
            arrow.coded(codes(outcome), self.known),
            arrow.coded(codes(every[point]), POINTS),
            arrow.numbers(with_ta),
            arrow.numbers(without_ta),
            arrow.numbers(with_ta - without_ta),
            arrow.coded(is_lost.astype(np.int32), STATUSES),
            of_lost([one.stage for one in lost]),
            of_lost([one.reason for one in lost]),
        )
        return pa.Table.from_arrays(columns, names=list(self.names))


class WeekRows(Rows):
    """A row for each arm, region, week and outcome, in this order."""

    names = ("arm", "region", "week", "outcome", "n", "mean", *QUANTILE_NAMES)

    def __init__(
        self, table: WeekTable, places: Sequence[str], own: Sequence[Outcome] = ()
    ) -> None:
        self.table, self.places, self.known = table, places, names(own)

    def __len__(self) -> int:
        return self.table.n.size

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`~sim.present.table.Rows`."""
        import pyarrow as pa

        table, known = self.table, self.known
        arm, place, week, outcome = _grid(len(ARMS), len(self.places), table.n.shape[1], len(known))
        columns = [
            arrow.coded(arm, ARMS),
            arrow.taken(place, self.places),
            arrow.numbers(week.astype(np.int64)),
            arrow.coded(outcome, known),
            *(
                arrow.numbers(np.swapaxes(one, 1, 2).reshape(-1))
                for one in (table.n, table.mean, *table.quantiles)
            ),
        ]
        return cut(pa.Table.from_arrays(columns, names=list(self.names)))


def summary_rows(values: PointValues, places: Sequence[str]) -> PlainRows:
    """A row for each region, outcome and point, see :meth:`sim.studies.run.runs.Runs.summary`.

    Where there are several regions, rows of the worst region and of the spread between regions
    follow, for the headline outcomes.
    """
    several = len(places) > 2
    units = {name: one.unit for name, one in OUTCOMES.items()}
    units |= {one.name: one.unit for one in values.own}
    about = [(place, name) for place in places for name in units]
    about += [(place, name) for place in BETWEEN for name in HEADLINES if several]
    rows = [(place, name, point) for place, name in about for point in values.points]

    arms = values.with_ta, values.without_ta
    grids = [arms, [between_regions(values.points, one) for one in arms]] if several else [arms]
    size = max(1, _BLOCK // (len(values.points) * len(values.failed) or 1))
    blocks = [
        [one[:, :, place, first : first + size] for one in grid]
        for grid in grids
        for place in range(grid[0].shape[2])
        for first in range(0, grid[0].shape[3], size)
    ]

    def work(block: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        return _statistics(values.set_index, *block)

    parts = list(by_threads(work, blocks, thread_count()))
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return PlainRows(
        {
            "outcome": [name for _, name, _ in rows],
            "unit": [units[name] for _, name, _ in rows],
            "point": [point for *_, point in rows],
            "region": [place for place, *_ in rows],
            "n": found.pop("n"),
            "runs": np.full(len(rows), len(values.failed)),
            "failed": np.full(len(rows), int(values.failed.sum())),
            **found,
        }
    )


def _statistics(
    set_index: np.ndarray, with_ta: np.ndarray, without_ta: np.ndarray
) -> dict[str, np.ndarray]:
    """The numbers of a summary, (cell,) each, from values (run, point, outcome); points run
    fastest."""
    runs = len(with_ta)
    value, no_ta = (one.transpose(0, 2, 1).reshape(runs, -1) for one in (with_ta, without_ta))
    effect = value - no_ta
    n, _, _, (p05, p50, p95) = exact(value, (0.05, 0.50, 0.95))
    *_, (effect_p05, effect_p95) = exact(effect, (0.05, 0.95))
    value, no_ta, effect = (np.ascontiguousarray(one.T) for one in (value, no_ta, effect))
    by_sets, gains = (by_set(set_index, one) for one in (value, effect))
    (means, counts), (gained, kept) = (means_and_counts(one) for one in (by_sets, gains))
    sd = standard_deviations(value)
    chance, parameters = _spread(by_sets, means, counts, sd)
    effect_chance, effect_parameters = _spread(gains, gained, kept, standard_deviations(effect))
    return {
        "n": n,
        "mean": all_means(means),
        "se": all_standard_errors(by_sets, means),
        "sd": sd,
        "p05": p05, "p50": p50, "p95": p95,
        "sd_chance": chance, "sd_parameters": parameters,
        "no_ta_mean": all_means(all_set_means(by_set(set_index, no_ta))),
        "effect_mean": all_means(gained),
        "effect_se": all_standard_errors(gains, gained),
        "effect_p05": effect_p05, "effect_p95": effect_p95,
        "effect_sd_chance": effect_chance, "effect_sd_parameters": effect_parameters,
    }  # fmt: skip


def between_regions(points: Sequence[str], values: np.ndarray) -> np.ndarray:
    """The worst region and the spread of each run, (run, point, BETWEEN, HEADLINES), from values
    (run, point, region, outcome)."""
    regions = values[:, :, :-1, [INDEX[name] for name in HEADLINES]]
    signs = np.array([OUTCOMES[name].sign for name in HEADLINES])
    found = np.stack([worst(regions, signs, axis=2), spread(regions, axis=2)], axis=2)
    if "persistence" in points:  # changes of worst and spread, not worst and spread of changes
        start, later, change = (
            points.index(point) for point in ("end_of_ta", "year_after", "persistence")
        )
        found[:, change] = found[:, later] - found[:, start]
    return found


def _spread(
    by_sets: np.ndarray, means: np.ndarray, counts: np.ndarray, sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The SDs from chance and from parameters; with one set, all variation is chance."""
    if by_sets.shape[1] < 2:
        return sd, np.full(len(sd), np.nan)
    between, chance, _ = all_components(by_sets, means, counts)
    return np.sqrt(chance), np.sqrt(between)


class Trajectories(Rows):
    """A row for each run, arm, region and week; a column for each outcome.

    Args:
        keys: set and replicate of each run.
        values: (run, arm, week, region, outcome).
        places: names of the regions, and "overall".
        own: outcomes of the user's own model.
    """

    def __init__(
        self,
        keys: np.ndarray,
        values: np.ndarray,
        places: Sequence[str],
        own: Sequence[Outcome] = (),
    ) -> None:
        self.keys, self._values, self.places = keys, values, places
        self.names = ("set", "replicate", "arm", "region", "week", *names(own))

    def __len__(self) -> int:
        return self._values[..., 0].size

    def parts(self) -> Iterator[pa.Table]:
        """See :class:`~sim.present.table.Rows`."""
        import pyarrow as pa

        runs, arms, weeks = self._values.shape[:3]
        run, arm, place, week = _grid(runs, arms, len(self.places), weeks)
        by_place = np.swapaxes(self._values, 2, 3).reshape(len(run), -1)
        columns = [
            arrow.numbers(self.keys[run, 0]),
            arrow.numbers(self.keys[run, 1]),
            arrow.coded(arm, ARMS[:2]),
            arrow.taken(place, self.places),
            arrow.numbers(week.astype(np.int64)),
            *(arrow.numbers(one) for one in by_place.T),
        ]
        return cut(pa.Table.from_arrays(columns, names=list(self.names)))
