"""``Rooms``: memory that a thread uses again."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

Room = Callable[[tuple[int, ...]], np.ndarray]
"""Gives a float64 array of a shape, of any content."""


class Rooms(threading.local):
    """Arrays that a thread uses again, because the first use of memory is dear; each thread that
    shares this object has its own.

    Example:
        >>> rooms = Rooms()
        >>> first = rooms.zeros("records", (2, 3))
        >>> first[0] = 1.0
        >>> second = rooms.zeros("records", (4,))
        >>> bool(np.shares_memory(first, second)), second.tolist()
        (True, [0.0, 0.0, 0.0, 0.0])
    """

    def __init__(self) -> None:
        self._kept: dict[str, np.ndarray] = {}

    def empty(self, name: str, shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
        """The memory of the last array of that name, which must be done with; of any content."""
        size = math.prod(shape)
        flat = self._kept.get(name)
        if flat is None or flat.size < size or flat.dtype != dtype:
            flat = self._kept[name] = np.zeros(size, dtype)
        return flat[:size].reshape(shape)

    def zeros(self, name: str, shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
        """The same memory, filled with zeros."""
        before, found = self._kept.get(name), self.empty(name, shape, dtype)
        if self._kept[name] is before:  # new memory holds zeros
            found[...] = 0
        return found

    def clear(self) -> None:
        """Give back what this thread holds."""
        self._kept.clear()
