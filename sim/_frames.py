"""Arrays of results as labelled frames, and back again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcomes import NAMES, OUTCOMES
from sim.runs.bands import ARMS, QUANTILES, WeekTable
from sim.runs.gather import FailedRun, RunValues

if TYPE_CHECKING:
    import pandas as pd  # imported where it is used: a first run need not wait for it

QUANTILE_NAMES = tuple(f"p{round(100 * q):02d}" for q in QUANTILES)
RUN_COLUMNS = (
    "set", "replicate", "region", "outcome", "point", "value", "no_ta", "effect",
    "status", "stage", "reason",
)  # fmt: skip
WEEK_COLUMNS = ("arm", "region", "week", "outcome", "n", "mean", *QUANTILE_NAMES)
SUMMARY_COLUMNS = (
    "outcome", "unit", "point", "region", "n", "mean", "sd", "p05", "p50", "p95",
    "no_ta_mean", "effect_mean", "effect_p05", "effect_p95", "effect_se",
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


def runs_frame(values: RunValues, places: Sequence[str]) -> pd.DataFrame:
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


def runs_values(frame: pd.DataFrame, places: Sequence[str], points: Sequence[str]) -> RunValues:
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
    return RunValues(
        points=tuple(points),
        set_index=frame["set"].to_numpy(dtype=np.int64)[first],
        replicate=frame["replicate"].to_numpy(dtype=np.int64)[first],
        failed=failed,
        with_ta=array("value"),
        without_ta=array("no_ta"),
        failures=tuple(
            FailedRun(int(s), int(r), stage, reason)
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


def summary_frame(values: RunValues, places: Sequence[str], place: str) -> pd.DataFrame:
    """A row an outcome and point: see :meth:`sim.results.Runs.summary`."""
    import pandas as pd

    index = list(places).index(place)
    with_ta, without_ta, effect = (
        array[:, :, index] for array in (values.with_ta, values.without_ta, values.effect)
    )
    rows = []
    for o, outcome in enumerate(OUTCOMES.values()):
        for p, point in enumerate(values.points):
            value, no_ta, gain = (_known(a[:, p, o]) for a in (with_ta, without_ta, effect))
            p05, p50, p95 = _quantiles(value, (0.05, 0.50, 0.95))
            effect_p05, effect_p95 = _quantiles(gain, (0.05, 0.95))
            rows.append(
                (
                    outcome.name, outcome.unit, point, place,
                    len(value), _mean(value), _sd(value), p05, p50, p95,
                    _mean(no_ta), _mean(gain), effect_p05, effect_p95,
                    _sd(gain) / math.sqrt(len(gain)) if len(gain) else math.nan,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _mean(values: np.ndarray) -> float:
    """Exactly rounded, so it depends on no order and no machine; NaN of nothing."""
    return math.fsum(values.tolist()) / len(values) if len(values) else math.nan


def _sd(values: np.ndarray) -> float:
    """Standard deviation (n - 1); NaN of fewer than two."""
    if len(values) < 2:
        return math.nan
    gap = values - _mean(values)
    return math.sqrt(math.fsum((gap * gap).tolist()) / (len(values) - 1))


def _quantiles(values: np.ndarray, which: Sequence[float]) -> list[float]:
    if not len(values):
        return [math.nan] * len(which)
    return [float(q) for q in np.quantile(values, which)]


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
