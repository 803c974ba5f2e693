"""The statistics of the page are those of the commands, on arrays of every kind."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_app import ask, unlike

from sim.core.units import z_value
from sim.stats import components as parts
from sim.stats import intervals
from sim.stats.drivers import drivers
from sim.stats.expected import expected_in_sets
from sim.stats.paired import paired, sets_needed
from sim.stats.verdicts import verdict

TABLES = {"t": [None, *(intervals.t_value(df) for df in range(1, 400))], "z": z_value()}
WHICH = [0.0, 0.05, 0.25, 0.5, 0.95, 1.0]
CLOSE = 1e-12
BETTER = ("more", "less", "neither")


def grids(luck: np.random.Generator) -> list[np.ndarray]:
    """(sets, replicates): sizes, gaps, ties, chance alone, no variance, nothing."""
    found = []
    for sets, replicates in [(1, 1), (1, 4), (2, 1), (2, 2), (3, 4), (7, 3), (50, 4), (50, 1),
                             (131, 8), (400, 2)]:  # fmt: skip
        for between in (0.0, 0.1, 5.0):
            for gaps in (0.0, 0.3, 0.97):
                values = 0.4 + between * luck.normal(size=(sets, 1))
                values = values + luck.normal(size=(sets, replicates)) * 0.2
                values[luck.random(values.shape) < gaps] = np.nan
                found.append(values)
        found.append(luck.integers(0, 4, size=(sets, replicates)) / 4)  # ties
        found.append(np.full((sets, replicates), luck.random()))
        found.append(np.repeat(luck.normal(size=(sets, 1)), replicates, axis=1))
        found.append(np.full((sets, replicates), np.nan))
        found.append(np.zeros((sets, replicates)))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statistics")


def both(cases: list[dict[str, Any]], folder: Path) -> list[Any]:
    return ask("statistics", {"tables": TABLES, "cases": cases}, folder)


def wanted_of(values: np.ndarray, hits: np.ndarray, chance: float) -> dict[str, Any]:
    found, expected = parts.components(values), expected_in_sets(values)
    failed = np.isnan(hits)
    return {
        "quantiles": intervals.quantiles(values, WHICH).tolist(),
        "band": list(intervals.band(values)),
        "set_means": parts.all_set_means(values[None])[0].tolist(),
        "mean": parts.mean(values),
        "mean_interval": list(intervals.mean_interval(values)),
        "standard_error": parts.standard_error(values),
        "components": {
            "between": found.between, "luck": found.chance, "replicates": found.replicates
        },
        "expected": {"low": expected.low, "high": expected.high, "above": expected.above,
                     "chanceShare": expected.chance_share},
        "shrunk": parts.shrunk(parts.all_set_means(values[None])[0], chance).tolist(),
        "share": asdict(intervals.share(np.nan_to_num(hits) > 0, failed)),
    }  # fmt: skip


def test_a_grid_of_runs(folder: Path) -> None:
    luck = np.random.default_rng(11)
    cases, wanted = [], []
    for values in grids(luck):
        hits = (luck.random(values.shape) < luck.choice([0.0, 0.1, 0.6, 1.0])).astype(float)
        hits[luck.random(values.shape) < 0.1] = np.nan
        chance = float(luck.choice([0.0, 0.01, 10.0]))
        cases.append({"what": "grid", "grid": values, "which": WHICH, "hits": hits,
                      "chance": chance})  # fmt: skip
        wanted.append(wanted_of(values, hits, chance))
    found = both(cases, folder)
    assert not unlike(found, wanted, CLOSE)
    exact = ("quantiles", "mean", "set_means", "band")  # to the last bit
    assert not unlike(
        *([{name: one[name] for name in exact} for one in x] for x in (found, wanted))
    )


def test_a_difference(folder: Path) -> None:
    luck = np.random.default_rng(12)
    cases, wanted = [], []
    every = grids(luck)
    for a in every:
        shift = luck.normal(loc=luck.choice([-0.3, 0.3]), size=a.shape)
        b = a + luck.choice([0.0, 0.001, 0.1, 1.0]) * shift
        b[luck.random(b.shape) < luck.choice([0.0, 0.2])] = np.nan
        margin, spread = float(luck.choice([1e-9, 0.01, 0.5])), float(luck.choice([0.0, 0.1, 3.0]))
        better = str(luck.choice(BETTER))
        gap = paired(a, b, margin)
        kept = {
            name: value
            for name, value in asdict(gap).items()
            if name in ("mean", "low", "high", "mean_low", "mean_high", "p_beats", "chance_share",
                        "run_low", "run_high", "resolved", "sets")
        }  # fmt: skip
        word = verdict(gap.mean, gap.mean_low, gap.mean_high, margin, better)  # pyright: ignore[reportArgumentType]
        kept |= {"verdict": word, "margin": margin, "runs": a.size}
        kept |= {"n": int((~np.isnan(a + b)).sum()), "sets_needed": sets_needed(spread, margin)}
        cases.append({"what": "paired", "a": a, "b": b, "margin": margin, "better": better,
                      "spread": spread})  # fmt: skip
        wanted.append(kept)
    assert len({one["verdict"] for one in wanted}) == 7
    assert not unlike(both(cases, folder), wanted, CLOSE)


def test_what_an_answer_turns_on(folder: Path) -> None:
    luck = np.random.default_rng(13)
    cases, wanted = [], []
    for sets in (9, 10, 12, 50, 200):
        for kind in ("plain", "ties", "gaps", "same", "exact"):
            matrix = luck.random((sets, 20))
            matrix[:, 3] = 0.5
            matrix[:, 4] = luck.integers(0, 3, sets)
            values = matrix[:, 0] + 0.7 * matrix[:, 1] - matrix[:, 2] + luck.normal(size=sets) * 0.4
            if kind == "ties":
                values = np.round(values, 1)
            elif kind == "gaps":
                values[luck.random(sets) < 0.2] = np.nan
            elif kind == "same":
                values[:] = 0.25
            elif kind == "exact":
                values = matrix[:, 5] ** 3
            names = [f"p{i:02d}" for i in range(20)]
            cases.append({"what": "drivers", "columns": matrix.T, "names": names, "values": values})
            wanted.append(
                [
                    {"parameter": one.name, "rho": one.rho, "clear": one.clear}
                    for one in drivers(matrix, names, values)
                ]
            )
    assert any(one["clear"] for rows in wanted for one in rows)
    assert not unlike(both(cases, folder), wanted, CLOSE)


def test_the_tail_of_t(folder: Path) -> None:
    from scipy import stats

    degrees = [1, 2, 3, 5, 8, 29, 48, 49, 199, 399, 1000, 1999, 100_000]
    points = [0.0, 1e-6, 0.3, 1.0, 1.7, 3.2, 4.5, 9.0, 40.0, -0.7, -5.0]
    cases: list[dict[str, Any]] = [{"what": "t", "degrees": [0, 0.5, *degrees]}]
    wanted: list[Any] = [[math.inf, math.inf, *(intervals.t_value(one) for one in degrees)]]
    for point in points:
        cases.append({"what": "above", "t": point, "degrees": degrees})
        wanted.append([float(stats.t.sf(point, one)) for one in degrees])
    assert not unlike(both(cases, folder), wanted, 1e-9)


def test_sums(folder: Path) -> None:
    luck = np.random.default_rng(14)
    columns = [luck.normal(size=n) * 10.0 ** luck.integers(-9, 9, size=n)
               for n in (0, 1, 7, 8, 9, 127, 128, 129, 136, 257, 1000, 3001)]  # fmt: skip
    columns += [np.array([1e16, 1.0, -1e16, 0.5]), np.array([0.1] * 10), np.array([1e300, -1e300])]
    cases = [{"what": "sum", "values": column} for column in columns]
    wanted = [[math.fsum(column.tolist()), float(column.sum())] for column in columns]
    assert both(cases, folder) == wanted
