"""``Rooms``, memory that a thread uses again, and ``Shelf``, memory that threads hand on."""

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


class Shelf:
    """Arrays of one shape that the next user takes, whichever thread has put them here.

    Example:
        >>> shelf = Shelf()
        >>> first = shelf.zeros((2, 3), np.uint16)
        >>> first[0] = 1
        >>> shelf.put(first)
        >>> second = shelf.zeros((2, 3), np.uint16)
        >>> second is first, int(second.sum())
        (True, 0)
    """

    def __init__(self) -> None:
        self._kept: list[np.ndarray] = []

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array filled with zeros, in memory that was put here if there is any."""
        try:
            found = self._kept.pop()
        except IndexError:
            return np.zeros(shape, dtype)
        found[...] = 0
        return found

    def put(self, array: np.ndarray) -> None:
        """Put an array here that is done with."""
        self._kept.append(array)
