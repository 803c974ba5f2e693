"""Dose and response: outcomes at the end of TA over how often x how long.

What is varied, exactly. The scenario's *main series* is its most frequent one (the first of
equals); of it mode, first and last week, co-creation, taper and invited share are kept. In every
cell the whole dosage is replaced by one scheduled series like it, with the cell's weeks between
contacts and hours per contact (at the first contact; a taper makes later ones shorter). With
``keep_others`` the scenario's other series stay as they are. A contact log stays: it is history.
Co-creation, months, mode and regions a provider ("sites") may be varied too; each cell is a plain
scenario (:meth:`Surface.scenario_of`) that any other command can run.

With a budget of provider hours (a week of TA and region, on average over all regions) a cell's
hours are those of the calendar with every contact held: contact, preparation and travel. Cells
above the budget are left out, and a *budget line* is added: at each frequency the hours per contact
that the budget just pays for, but no more than the longest of the grid.

Every cell runs the same plausible sets and the same luck, as :mod:`sim.study.comparison` does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim import batch
from sim.ensemble import check_replicates, check_seed
from sim.outcomes import INDEX, NAMES, check_outcome
from sim.scenario import ContactSeries, Scenario, find
from sim.study.comparison import DEFAULT_REPLICATES, Choice, chosen_sets
from sim.study.evaluate import Progress, evaluate_pairs
from sim.study.plausible import PlausibleSets
from sim.study.surface_grid import (
    Cell,
    cell_scenario,
    checked_axes,
    main_series,
    make_cells,
    target_level,
)

if TYPE_CHECKING:
    import pandas as pd


EVERY_WEEKS: tuple[float, ...] = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 26, 52)
HOURS: tuple[float, ...] = (0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
SHOWN: tuple[str, ...] = ("trust", "mutual_accountability", "integration", "capacity")
DEFAULT_SETS = 25
SURE = 0.8
"""Share of runs from which a target is said to be met surely enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What :func:`surface` found.

    Attributes:
        scenario, label: what was varied, and what figures call it.
        series: the series that every cell's series is like.
        keep_others: whether the scenario's other series stayed.
        cells: every cell, those of the grid first, then the budget line.
        values: (cells, sets, replicates, outcomes of NAMES) at the end of TA of each cell, overall;
            NaN in cells that were not run.
        no_ta: (cells, sets, replicates, outcomes), the same without TA.
        own: (sets, replicates, outcomes): the scenario's own dosage at its own end of TA.
        targets: outcome -> level; empty: the target is what the scenario's own dosage reaches, run
            by run.

    >>> found = surface("classroom", every_weeks=(4, 8), hours=(1,), sets=2, replicates=2)
    >>> found.values.shape[:3]
    (2, 2, 2)
    >>> found.scenario_of(found.cells[1]).to_dict()["dosage"][0]["every_weeks"]
    8.0
    """

    scenario: Scenario
    label: str
    series: ContactSeries
    keep_others: bool
    plausible: PlausibleSets
    replicates: int
    seed: int
    provider_hours: float | None
    cells: tuple[Cell, ...]
    values: np.ndarray
    no_ta: np.ndarray
    own: np.ndarray
    targets: Mapping[str, float]
    outcomes: tuple[str, ...]

    @property
    def facets(self) -> tuple[tuple[object, ...], ...]:
        """The combinations of the axes that a map does not show."""
        return tuple(dict.fromkeys(cell.facet for cell in self.cells))

    @property
    def run_cells(self) -> int:
        """Cells that were run."""
        return sum(cell.affordable for cell in self.cells)

    def target_met(self, outcome: str) -> np.ndarray | None:
        """(cells,) share of runs in which a cell reaches the target; NaN where it was not run.

        With targets, None for an outcome that has none.
        """
        at = INDEX[outcome]
        if self.targets:
            if outcome not in self.targets:
                return None
            met = self.values[..., at] >= self.targets[outcome]
        else:
            met = self.values[..., at] >= self.own[..., at]
        share = met.mean(axis=(1, 2))
        return np.where([cell.affordable for cell in self.cells], share, np.nan)

    def target_level(self, outcome: str) -> float | None:
        """The level of a target; without targets the mean of the scenario's own dosage."""
        if self.targets:
            return self.targets.get(outcome)
        return float(np.nanmean(self.own[..., INDEX[outcome]]))

    def scenario_of(self, cell: Cell) -> Scenario:
        """The scenario of a cell, as any command can run it."""
        return cell_scenario(self.scenario, self.series, self.keep_others, cell)

    def frame(self) -> pd.DataFrame:
        """See :func:`sim.study._surfaced.frame`."""
        from sim.study import _surfaced

        return _surfaced.frame(self)

    def varied(self) -> str:
        """What was varied and what was kept, in a sentence or two."""
        from sim.study import _surfaced

        return _surfaced.varied(self)

    def answer(self) -> str:
        """The answer in a paragraph."""
        from sim.study import _surfaced

        return _surfaced.answer(self)

    def save(
        self, directory: str | os.PathLike[str], *, force: bool = False, command: str = ""
    ) -> Path:
        """Write a result folder (manifest kind "surface"): complete, or not at all.

        Raises:
            ResultsError: the folder may not or cannot be written.
        """
        from sim.study import _surfaced

        return _surfaced.save(self, Path(directory), force=force, command=command)


def surface(
    scenario: Scenario | str | os.PathLike[str],
    *,
    every_weeks: Sequence[float] = EVERY_WEEKS,
    hours: Sequence[float] = HOURS,
    provider_hours: float | None = None,
    co_creation: Sequence[float] | None = None,
    months: Sequence[float] | None = None,
    mode: Sequence[str] | None = None,
    sites: Sequence[int] | None = None,
    keep_others: bool = False,
    targets: Mapping[str, float] | None = None,
    outcomes: Sequence[str] = SHOWN,
    sets: Choice = DEFAULT_SETS,
    replicates: int = DEFAULT_REPLICATES,
    seed: int | None = None,
    label: str | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Surface:
    """Run a grid of dosages; see the module for what exactly is varied.

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one.
        every_weeks, hours: the grid: weeks between contacts (1..520), hours per contact (above 0).
        provider_hours: a week of TA and region, preparation and travel included; None: no limit.
        co_creation, months, mode, sites: further axes; None: as in the scenario. Months count from
            the first week of the main series; sites are regions a provider (weekly hours stay).
        keep_others: keep the scenario's other series in every cell.
        targets: outcome -> level; None: at least the scenario's own dosage, run by run.
        outcomes: names of what is mapped.
        sets: plausible sets, or their number (25).
        replicates: runs of each set, 1 or more.
        seed: of luck; left out: the scenario's.
        label: what figures call the scenario.
        progress: ``progress(done, total)`` runs.
        threads: of this machine; left out: as many as there are processors.

    Returns:
        Every cell with its values at the end of its TA.

    Raises:
        InputError: an argument that cannot be used, or a budget that pays for no contact at all.

    >>> found = surface("classroom", every_weeks=(4, 8), hours=(1, 2), sets=2, replicates=2)
    >>> len(found.cells)
    4
    """
    if not isinstance(scenario, Scenario):
        path = find(scenario)
        scenario, label = Scenario.load(path), label or path.stem
    series = main_series(scenario)
    levels = {
        check_outcome(name).name: target_level(name, v) for name, v in (targets or {}).items()
    }
    shown = tuple(dict.fromkeys([*(check_outcome(n).name for n in outcomes), *levels]))
    axes = checked_axes(scenario, series, every_weeks, hours, co_creation, months, mode, sites)
    count, luck = check_replicates(replicates), check_seed(scenario.seed if seed is None else seed)
    plausible = chosen_sets(sets)
    cells = make_cells(scenario, series, keep_others, axes, provider_hours)
    run = _Runner(plausible, count, luck, progress, batch.thread_count(threads))
    values, no_ta, own = run.all(
        scenario,
        [cell_scenario(scenario, series, keep_others, cell) if cell.affordable else None
         for cell in cells],
    )  # fmt: skip
    return Surface(
        scenario, label or scenario.name, series, keep_others, plausible, count, luck,
        provider_hours, tuple(cells), values, no_ta, own, levels, shown,
    )  # fmt: skip


# --- running -----------------------------------------------------------------------------------


class _Runner:
    """Runs many scenarios on the same sets and luck, one scenario a thread at a time."""

    def __init__(
        self, plausible: PlausibleSets, replicates: int, seed: int, progress: Progress | None,
        threads: int,
    ) -> None:  # fmt: skip
        self.plausible, self.replicates, self.seed = plausible, replicates, seed
        self.progress, self.threads = progress, threads

    def all(
        self, scenario: Scenario, cells: Sequence[Scenario | None]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values of the cells, of each without TA, and of the scenario itself."""
        bare: dict[tuple[int, int, int], Scenario] = {}
        keys = [None if cell is None else _bare_key(cell) for cell in cells]
        for cell, key in zip(cells, keys, strict=True):
            if cell is not None and key is not None:
                bare.setdefault(key, cell)
        # A partner without TA is read at the end of TA of its cell, as ever.
        jobs = [(scenario, scenario.end_of_ta)]
        jobs += [(cell.without_ta(), cell.end_of_ta) for cell in bare.values()]
        jobs += [(cell, cell.end_of_ta) for cell in cells if cell is not None]
        results = self._each(jobs)
        own = results[0]
        without = dict(zip(bare, results[1 : 1 + len(bare)], strict=True))
        rest = iter(results[1 + len(bare) :])
        empty = np.full(own.shape, np.nan)
        values = np.stack([empty if cell is None else next(rest) for cell in cells])
        no_ta = np.stack([empty if key is None else without[key] for key in keys])
        return values, no_ta, own

    def _each(self, jobs: Sequence[tuple[Scenario, int]]) -> list[np.ndarray]:
        pool = ThreadPoolExecutor(self.threads)
        runs = len(self.plausible) * self.replicates
        found = []
        try:
            futures = [pool.submit(self._one, *job) for job in jobs]
            for done, future in enumerate(futures, 1):
                found.append(future.result())
                if self.progress is not None:
                    self.progress(done * runs, len(jobs) * runs)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return found

    def _one(self, scenario: Scenario, week: int) -> np.ndarray:
        """(sets, replicates, outcomes), overall, at a week."""
        sets = self.plausible.within(scenario)
        shape = (len(sets), self.replicates)
        runs = shape[0] * shape[1]
        values = np.empty((runs, len(NAMES)))
        which = np.repeat(np.arange(shape[0], dtype=np.int64), shape[1])
        for first, part in evaluate_pairs(
            scenario, sets, which, np.arange(runs), self.seed, [week], threads=1
        ):
            values[first : first + len(part)] = part[:, 0, -1]
        return values.reshape(*shape, len(NAMES))


def _bare_key(scenario: Scenario) -> tuple[int, int, int]:
    """What tells the worlds without TA of two cells apart."""
    return scenario.providers.count, scenario.horizon_weeks, scenario.end_of_ta
