"""responses: the mean outcome along each factor, with its 95 % interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.core.units import Z95
from sim.studies.sensitivity.samplers import OAT_LEVELS, Sampler

BINS = 10
"""Number of parts of a factor's range in a response curve from a random sample; a factor with few
values has a part for each value."""


def representative(sampler: Sampler, rows: np.ndarray) -> np.ndarray:
    """Rows (points, ...) that represent the whole space: A and B of a Saltelli design, else all."""
    if sampler.kind != "saltelli":
        return rows
    blocks = rows.reshape(-1, sampler.rows_per_base, rows.shape[1])
    return np.concatenate([blocks[:, 0], blocks[:, -1]])


def base_blocks(sampler: Sampler, y: np.ndarray) -> np.ndarray:
    """Representative outcomes in independent blocks, (base samples, points of each, replicates),
    from outcomes (points, replicates). Without base samples, every point is a block."""
    if not sampler.extendable:
        return y[:, None]
    blocks = y.reshape(-1, sampler.rows_per_base, y.shape[1])
    return blocks[:, [0, -1]] if sampler.kind == "saltelli" else blocks


def responses(sampler: Sampler, unit: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Any]]:
    """Mean of the outcome along each factor while all others vary (one at a time: while all others
    stay at their defaults).

    Args:
        unit: (points, factors).
        y: (points, replicates).
    """
    if sampler.kind == "one_at_a_time":
        yield from _from_the_centre(sampler, unit, y)
    elif sampler.kind in ("saltelli", "latin"):
        yield from _in_parts(sampler, representative(sampler, unit), representative(sampler, y))


def _in_parts(sampler: Sampler, unit: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Any]]:
    means = y.mean(axis=1)
    for place, factor in enumerate(sampler.space.factors):
        count = factor.distribution.count
        parts = BINS if count is None or count > 2 * BINS else count
        order = np.minimum((unit[:, place] * parts).astype(int), parts - 1)
        for part in range(parts):
            inside = means[order == part]
            if len(inside) >= 2:
                half = Z95 * inside.std(ddof=1) / np.sqrt(len(inside))
                yield _row(sampler, place, (part + 0.5) / parts, inside.mean(), half)


def _from_the_centre(sampler: Sampler, unit: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Any]]:
    """Rows for one at a time. The interval is that of the change from the centre, in which shared
    chance cancels."""
    replicates = y.shape[1]
    for place in range(len(sampler.space.factors)):
        first = 1 + place * OAT_LEVELS
        for row in range(first, first + OAT_LEVELS):
            gap = y[row] - y[0]
            half = Z95 * gap.std(ddof=1) / np.sqrt(replicates) if replicates > 1 else np.nan
            yield _row(sampler, place, float(unit[row, place]), y[row].mean(), half)


def _row(sampler: Sampler, place: int, at: float, mean: float, half: float) -> dict[str, Any]:
    factor = sampler.space.factors[place]
    return {
        "sample": sampler.kind, "factor": factor.name, "coordinate": at,
        "at": short(factor.distribution.values(np.array([at]))[0]), "mean": float(mean),
        "low": float(mean - half), "high": float(mean + half),
    }  # fmt: skip


def short(value: Any) -> str:
    """A value of a factor in four digits; words stay as they are."""
    return f"{float(value):.4g}" if isinstance(value, float | np.floating) else str(value)
