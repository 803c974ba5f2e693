"""Arrays of runs as labelled frames: :func:`runs_frame`, :func:`weeks_frame`,
:func:`summary_frame`, :func:`trajectories_frame`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.outcomes import BETWEEN, HEADLINES, INDEX, OUTCOMES, Outcome, spread, worst
from sim.runs.bands import ARMS, QUANTILES, WeekTable
from sim.runs.own import names
from sim.runs.weekly import PointValues
from sim.stats.components import (
    all_components,
    all_means,
    all_standard_errors,
    by_set,
    standard_deviations,
)
from sim.stats.intervals import quantiles

if TYPE_CHECKING:
    import pandas as pd  # imported where it is used: a first run need not wait for it

QUANTILE_NAMES = tuple(f"p{round(100 * q):02d}" for q in QUANTILES)
POINTS = ("start", "end_of_ta", "year_after", "horizon", "persistence")
STATUSES = ("ok", "failed")
_MISSING = -1  # the code of a missing category


def _words(codes: np.ndarray, words: Sequence[str]) -> Any:
    """Words that are the same in every scenario, as categories: one byte each instead of a text."""
    import pandas as pd

    return pd.Categorical.from_codes(codes.astype(np.int32), categories=pd.Index(words))


def _texts(codes: np.ndarray, words: Sequence[str]) -> Any:
    """Words of one scenario, as text, because ``pd.concat`` loses categories that differ."""
    import pandas as pd

    return pd.Index(list(words)).take(codes, fill_value=np.nan)


def _grid(*sizes: int) -> list[np.ndarray]:
    """Flat indices of an array of these sizes, one array for each axis; the last runs fastest."""
    return [axis.reshape(-1) for axis in np.indices(sizes, dtype=np.int32)]


def runs_frame(values: PointValues, places: Sequence[str]) -> pd.DataFrame:
    """The long frame: a row for each run, region, outcome and point, in this order; a failed run
    has one row."""
    import pandas as pd

    known = names(values.own)
    region, outcome, point = _grid(len(places), len(known), len(values.points))
    every = np.array([POINTS.index(name) for name in values.points])
    rows = np.where(values.failed, 1, len(region))
    run = np.repeat(np.arange(len(rows)), rows)
    well = ~values.failed[run]

    def codes(grid: np.ndarray) -> np.ndarray:
        full = np.full(len(run), _MISSING, dtype=np.int32)
        full[well] = np.tile(grid, int((~values.failed).sum()))
        return full

    def numbers(array: np.ndarray) -> np.ndarray:
        full = np.full(len(run), np.nan)
        full[well] = np.moveaxis(array[~values.failed], 1, -1).reshape(-1)
        return full

    stages = list(dict.fromkeys(f.stage for f in values.failures)) or [""]  # no type without a text
    reasons = list(dict.fromkeys(f.reason for f in values.failures)) or [""]
    stage, reason = (np.full(len(run), _MISSING, dtype=np.int32) for _ in range(2))
    stage[~well] = [stages.index(f.stage) for f in values.failures]
    reason[~well] = [reasons.index(f.reason) for f in values.failures]
    return pd.DataFrame(
        {
            "set": values.set_index[run],
            "replicate": values.replicate[run],
            "region": _texts(codes(region), places),
            "outcome": _words(codes(outcome), known),
            "point": _words(codes(every[point]), POINTS),
            "value": numbers(values.with_ta),
            "no_ta": numbers(values.without_ta),
            "effect": numbers(values.effect),
            "status": _words((~well).astype(np.int32), STATUSES),
            "stage": _texts(stage, stages),
            "reason": _texts(reason, reasons),
        }
    )


def weeks_frame(
    table: WeekTable, places: Sequence[str], own: Sequence[Outcome] = ()
) -> pd.DataFrame:
    """The long frame: a row for each arm, region, week and outcome, in this order."""
    import pandas as pd

    known = names(own)
    arm, place, week, outcome = _grid(len(ARMS), len(places), table.n.shape[1], len(known))

    def flat(array: np.ndarray) -> np.ndarray:
        return np.swapaxes(array, 1, 2).reshape(-1)

    return pd.DataFrame(
        {
            "arm": _words(arm, ARMS),
            "region": _texts(place, places),
            "week": week.astype(np.int64),
            "outcome": _words(outcome, known),
            "n": flat(table.n),
            "mean": flat(table.mean),
            **dict(zip(QUANTILE_NAMES, map(flat, table.quantiles), strict=True)),
        }
    )


def summary_frame(values: PointValues, places: Sequence[str]) -> pd.DataFrame:
    """A row for each region, outcome and point, see :meth:`sim.studies.run.runs.Runs.summary`.

    Where there are several regions, rows of the worst region and of the spread between regions
    follow, for the headline outcomes.
    """
    import pandas as pd

    several = len(places) > 2
    units = {name: one.unit for name, one in OUTCOMES.items()}
    units |= {one.name: one.unit for one in values.own}
    about = [(place, name) for place in places for name in units]
    about += [(place, name) for place in BETWEEN for name in HEADLINES if several]
    rows = [(place, name, point) for place, name in about for point in values.points]

    def cells(array: np.ndarray) -> np.ndarray:
        """Turn (run, point, region, outcome) into (cell, run)."""
        parts = [array, between_regions(values.points, array)] if several else [array]
        return np.concatenate(
            [part.transpose(2, 3, 1, 0).reshape(-1, len(array)) for part in parts]
        )

    value, no_ta = cells(values.with_ta), cells(values.without_ta)
    effect = value - no_ta
    by_sets, gains = (by_set(values.set_index, one) for one in (value, effect))
    p05, p50, p95 = _quantiles(value, (0.05, 0.50, 0.95))
    effect_p05, effect_p95 = _quantiles(effect, (0.05, 0.95))
    chance, parameters = _spread(by_sets, value)
    effect_chance, effect_parameters = _spread(gains, effect)
    return pd.DataFrame(
        {
            "outcome": [name for _, name, _ in rows],
            "unit": [units[name] for _, name, _ in rows],
            "point": [point for *_, point in rows],
            "region": [place for place, *_ in rows],
            "n": (~np.isnan(value)).sum(axis=1),
            "runs": len(values.failed),
            "failed": int(values.failed.sum()),
            "mean": all_means(by_sets),
            "se": all_standard_errors(by_sets),
            "sd": standard_deviations(value),
            "p05": p05, "p50": p50, "p95": p95,
            "sd_chance": chance, "sd_parameters": parameters,
            "no_ta_mean": all_means(by_set(values.set_index, no_ta)),
            "effect_mean": all_means(gains), "effect_se": all_standard_errors(gains),
            "effect_p05": effect_p05, "effect_p95": effect_p95,
            "effect_sd_chance": effect_chance, "effect_sd_parameters": effect_parameters,
        }
    )  # fmt: skip


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


def _quantiles(values: np.ndarray, which: Sequence[float]) -> np.ndarray:
    """Quantiles (quantile, cell) of values (cell, run); cells with as many values are computed at
    once."""
    found = np.empty((len(which), len(values)))
    known = (~np.isnan(values)).sum(axis=1)
    for count in np.unique(known):
        cells = values[known == count]
        if count < cells.shape[1]:
            cells = np.sort(cells, axis=1)[:, :count]  # NaN is sorted to the end
        found[:, known == count] = quantiles(cells, which, axis=1)
    return found


def _spread(by_sets: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The SDs from chance and from parameters; with one set, all variation is chance."""
    if by_sets.shape[1] < 2:
        return standard_deviations(values), np.full(len(values), np.nan)
    between, chance, _ = all_components(by_sets)
    return np.sqrt(chance), np.sqrt(between)


def trajectories_frame(
    keys: np.ndarray, values: np.ndarray, places: Sequence[str], own: Sequence[Outcome] = ()
) -> pd.DataFrame:
    """The wide frame: a row for each run, arm, region and week; a column for each outcome."""
    import pandas as pd

    runs, arms, weeks = values.shape[:3]
    run, arm, place, week = _grid(runs, arms, len(places), weeks)
    columns = {
        "set": keys[run, 0],
        "replicate": keys[run, 1],
        "arm": _words(arm, ARMS[:2]),
        "region": _texts(place, places),
        "week": week.astype(np.int64),
    }
    known = names(own)
    by_place = np.swapaxes(values, 2, 3).reshape(-1, len(known))
    return pd.DataFrame(columns | {name: by_place[:, i] for i, name in enumerate(known)})
