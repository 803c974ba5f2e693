"""Arrays of results as labelled frames, and back again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcomes import NAMES, OUTCOMES
from sim.runs.bands import ARMS, QUANTILES, WeekTable
from sim.runs.collect import FailedRun
from sim.runs.weekly import PointValues
from sim.stats.components import by_set, components, mean, standard_error
from sim.stats.intervals import quantiles

if TYPE_CHECKING:
    import pandas as pd  # imported where it is used: a first run need not wait for it

QUANTILE_NAMES = tuple(f"p{round(100 * q):02d}" for q in QUANTILES)
RUN_COLUMNS = (
    "set", "replicate", "region", "outcome", "point", "value", "no_ta", "effect",
    "status", "stage", "reason",
)  # fmt: skip
WEEK_COLUMNS = ("arm", "region", "week", "outcome", "n", "mean", *QUANTILE_NAMES)
SUMMARY_COLUMNS = (
    "outcome", "unit", "point", "region", "n", "runs", "failed", "mean", "se", "sd", "p05", "p50",
    "p95", "sd_chance", "sd_parameters", "no_ta_mean", "effect_mean", "effect_se", "effect_p05",
    "effect_p95", "effect_sd_chance", "effect_sd_parameters",
)  # fmt: skip
STATUSES = ("ok", "failed")
_MISSING = -1  # the code of a missing category


def _words(codes: np.ndarray, words: Sequence[str]) -> Any:
    import pandas as pd

    # Long frames repeat few words: a byte each instead of a text each.
    return pd.Categorical.from_codes(codes.astype(np.int32), categories=pd.Index(words))


def _grid(*sizes: int) -> list[np.ndarray]:
    """Flat indices of an array of these sizes, one array an axis, the last running fastest."""
    return [axis.reshape(-1) for axis in np.indices(sizes, dtype=np.int32)]


def runs_frame(values: PointValues, places: Sequence[str]) -> pd.DataFrame:
    """Long: a row a run, region, outcome and point, in this order; a failed run is one row."""
    import pandas as pd

    region, outcome, point = _grid(len(places), len(NAMES), len(values.points))
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

    stages = list(dict.fromkeys(f.stage for f in values.failures))
    reasons = list(dict.fromkeys(f.reason for f in values.failures))
    stage, reason = (np.full(len(run), _MISSING, dtype=np.int32) for _ in range(2))
    stage[~well] = [stages.index(f.stage) for f in values.failures]
    reason[~well] = [reasons.index(f.reason) for f in values.failures]
    columns = (
        values.set_index[run],
        values.replicate[run],
        _words(codes(region), places),
        _words(codes(outcome), NAMES),
        _words(codes(point), values.points),
        numbers(values.with_ta),
        numbers(values.without_ta),
        numbers(values.effect),
        _words((~well).astype(np.int32), STATUSES),
        _words(stage, stages),
        _words(reason, reasons),
    )
    return pd.DataFrame(dict(zip(RUN_COLUMNS, columns, strict=True)))


def runs_values(frame: pd.DataFrame, places: Sequence[str], points: Sequence[str]) -> PointValues:
    """The inverse of :func:`runs_frame`.

    Raises:
        ValueError: the rows are not those of such a frame.
    """
    _expect_columns(frame, RUN_COLUMNS)
    failed_row = frame["status"].to_numpy() == "failed"
    block = len(places) * len(NAMES) * len(points)
    first = np.flatnonzero(_starts(failed_row, block))
    failed = failed_row[first]
    well = frame[~failed_row]
    count = len(first) - int(failed.sum())
    if len(well) != count * block:
        raise ValueError(f"{len(frame)} rows are not whole runs of {block} rows")
    for name, words, grid in zip(
        ("region", "outcome", "point"),
        (places, NAMES, points),
        _grid(len(places), len(NAMES), len(points)),
        strict=True,
    ):
        if not np.array_equal(_codes(well[name], words), np.tile(grid, count)):
            raise ValueError(f"the column {name!r} is not in order")

    gap = well["value"].to_numpy() - well["no_ta"].to_numpy()
    if not np.array_equal(gap, well["effect"].to_numpy(), equal_nan=True):
        raise ValueError("the column 'effect' is not value - no_ta")

    def array(column: str) -> np.ndarray:
        full = np.full((len(first), len(points), len(places), len(NAMES)), np.nan)
        grid = well[column].to_numpy(dtype=np.float64)
        full[~failed] = np.moveaxis(
            grid.reshape(count, len(places), len(NAMES), len(points)), -1, 1
        )
        return full

    lost = frame[failed_row]
    return PointValues(
        points=tuple(points),
        set_index=frame["set"].to_numpy(dtype=np.int64)[first],
        replicate=frame["replicate"].to_numpy(dtype=np.int64)[first],
        failed=failed,
        with_ta=array("value"),
        without_ta=array("no_ta"),
        failures=tuple(
            FailedRun(0, int(s), int(r), stage, reason)
            for s, r, stage, reason in zip(
                lost["set"], lost["replicate"], lost["stage"], lost["reason"], strict=True
            )
        ),
    )


def _starts(failed_row: np.ndarray, block: int) -> np.ndarray:
    """Whether a row is the first of its run: a failed run has one row, any other ``block``."""
    well_before = np.cumsum(~failed_row) - ~failed_row
    return failed_row | (well_before % block == 0)


def _codes(column: pd.Series, words: Sequence[str]) -> np.ndarray:
    import pandas as pd

    return pd.Categorical(column, categories=list(words)).codes


def _expect_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    if tuple(frame.columns) != tuple(columns):
        raise ValueError(f"the columns are {', '.join(map(str, frame.columns))}")


def weeks_frame(table: WeekTable, places: Sequence[str]) -> pd.DataFrame:
    """Long: a row an arm, region, week and outcome, in this order."""
    import pandas as pd

    arm, place, week, outcome = _grid(len(ARMS), len(places), table.n.shape[1], len(NAMES))

    def flat(array: np.ndarray) -> np.ndarray:
        return np.swapaxes(array, 1, 2).reshape(-1)

    columns = (
        _words(arm, ARMS),
        _words(place, places),
        week.astype(np.int64),
        _words(outcome, NAMES),
        flat(table.n),
        flat(table.mean),
        *(flat(one) for one in table.quantiles),
    )
    return pd.DataFrame(dict(zip(WEEK_COLUMNS, columns, strict=True)))


def week_table(frame: pd.DataFrame, places: Sequence[str], weeks: int) -> WeekTable:
    """The inverse of :func:`weeks_frame`.

    Raises:
        ValueError: the rows are not those of such a frame.
    """
    _expect_columns(frame, WEEK_COLUMNS)
    shape = (len(ARMS), len(places), weeks, len(NAMES))
    if len(frame) != math.prod(shape):
        raise ValueError(f"{len(frame)} rows, expected {math.prod(shape)}")
    grids = _grid(*shape)
    for name, words, grid in zip(
        ("arm", "region", "outcome"),
        (ARMS, places, NAMES),
        (grids[0], grids[1], grids[3]),
        strict=True,
    ):
        if not np.array_equal(_codes(frame[name], words), grid):
            raise ValueError(f"the column {name!r} is not in order")
    if not np.array_equal(frame["week"].to_numpy(), grids[2]):
        raise ValueError("the column 'week' is not in order")

    def array(column: str) -> np.ndarray:
        return np.swapaxes(frame[column].to_numpy().reshape(shape), 1, 2).copy()

    return WeekTable(array("n"), array("mean"), np.stack([array(name) for name in QUANTILE_NAMES]))


def summary_frame(values: PointValues, places: Sequence[str], place: str) -> pd.DataFrame:
    """A row an outcome and point: see :meth:`sim.results.Runs.summary`."""
    import pandas as pd

    index = list(places).index(place)
    with_ta, without_ta, effect = (
        array[:, :, index] for array in (values.with_ta, values.without_ta, values.effect)
    )
    runs, failed = len(values.failed), int(values.failed.sum())
    rows = []
    for o, outcome in enumerate(OUTCOMES.values()):
        for p, point in enumerate(values.points):
            value, no_ta, gain = (
                by_set(values.set_index, a[:, p, o]) for a in (with_ta, without_ta, effect)
            )
            known, gains = _known(value), _known(gain)
            p05, p50, p95 = quantiles(known, (0.05, 0.50, 0.95))
            effect_p05, effect_p95 = quantiles(gains, (0.05, 0.95))
            rows.append(
                (
                    outcome.name, outcome.unit, point, place, len(known), runs, failed,
                    mean(value), standard_error(value), _sd(known), p05, p50, p95,
                    *_spread(value), mean(no_ta), mean(gain), standard_error(gain),
                    effect_p05, effect_p95, *_spread(gain),
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _spread(values: np.ndarray) -> tuple[float, float]:
    """SD by chance and by parameters; with one set all is chance, and parameters are not asked."""
    if len(values) < 2:
        return _sd(_known(values)), math.nan
    found = components(values)
    return math.sqrt(found.luck), math.sqrt(found.between)


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _sd(values: np.ndarray) -> float:
    """Standard deviation (n - 1); NaN of fewer than two."""
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def trajectories_frame(keys: np.ndarray, values: np.ndarray, places: Sequence[str]) -> pd.DataFrame:
    """Wide: a row a run, arm, region and week; a column an outcome."""
    import pandas as pd

    runs, arms, weeks = values.shape[:3]
    run, arm, place, week = _grid(runs, arms, len(places), weeks)
    columns = {
        "set": keys[run, 0],
        "replicate": keys[run, 1],
        "arm": _words(arm, ARMS[:2]),
        "region": _words(place, places),
        "week": week.astype(np.int64),
    }
    by_place = np.swapaxes(values, 2, 3).reshape(-1, len(NAMES))
    return pd.DataFrame(columns | {name: by_place[:, i] for i, name in enumerate(NAMES)})
