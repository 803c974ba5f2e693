"""Equal draws from a weighted sample: :func:`systematic`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np


def systematic(weights: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Systematic resampling (Kitagawa 1996, doi 10.1080/10618600.1996.10474692).

    Each row is drawn ``count`` times its share of the weights, rounded up or down by one common
    random number.

    Args:
        weights: float64 (rows,), 0 or more, any scale, not all 0.
        count: number of draws.
        generator: the generator of the one random number.

    Returns:
        Numbers of the drawn rows, (count,), in order.

    >>> systematic(np.array([1.0, 0.0, 3.0]), 4, np.random.default_rng(1)).tolist()
    [0, 2, 2, 2]
    """
    places = (np.arange(count) + generator.random()) / count
    edges = np.cumsum(weights)
    chosen = np.searchsorted(edges / edges[-1], places, side="right")
    return np.minimum(chosen, len(weights) - 1)
