"""What compiled code takes: :class:`Entry` declares it, a :class:`Block` holds it for one caller.

An entry takes the address of one block of memory, and so is called alike from Python, from C and
from JavaScript. The block is a row of words of 8 bytes, argument after argument: a number is one
word (int64 or float64), an array is its address and then its shape. Arrays are contiguous, last
axis fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

INT = np.dtype(np.int64)
FLOAT = np.dtype(np.float64)


@dataclass(frozen=True, slots=True)
class Argument:
    """A number (``ndim`` 0: int64 or float64) or an array."""

    name: str
    dtype: np.dtype
    ndim: int = 0

    @property
    def words(self) -> int:
        """Words in a block."""
        return 1 + self.ndim


@dataclass(frozen=True, slots=True)
class Group:
    """Arguments that compiled code sees as one record with named fields."""

    name: str
    fields: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A function over arrays that compiled code offers.

    Attributes:
        name: of the exported function; a function may be exported for several types.
        function: plain Python; returns nothing.
        arguments: in its order.
    """

    name: str
    function: Callable[..., None]
    arguments: tuple[Argument | Group, ...]

    def flat(self) -> Iterator[tuple[int, Argument]]:
        """Every argument with its first word, those of groups too."""
        word = 0
        for one in self.arguments:
            for argument in one.fields if isinstance(one, Group) else (one,):
                yield word, argument
                word += argument.words

    @property
    def words(self) -> int:
        """Words of its block."""
        return sum(argument.words for _, argument in self.flat())


class Block:
    """The arguments of one caller of an entry; the arrays in it are kept alive.

    Example:
        >>> entry = Entry("fill", lambda to, value: None, (Argument("to", FLOAT, 1),
        ...                                                Argument("value", FLOAT)))
        >>> block = Block(entry)
        >>> block.put(to=np.zeros(3), value=2.0)
        >>> block.words[1:].tolist()
        [3, 4611686018427387904]
    """

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.words = np.zeros(entry.words, dtype=np.int64)
        self.arrays: dict[str, np.ndarray] = {}
        self._floats = self.words.view(np.float64)
        self._places = {argument.name: (word, argument) for word, argument in entry.flat()}

    @property
    def address(self) -> int:
        """Of the block itself."""
        return self.words.ctypes.data

    def put(self, **values: Any) -> None:
        """Set some arguments.

        Raises:
            TypeError: an array of another type, shape or order than declared, which compiled code
                would misread.
        """
        for name, value in values.items():
            word, argument = self._places[name]
            if argument.ndim:
                self._put_array(word, argument, value)
            elif argument.dtype == FLOAT:
                self._floats[word] = value
            else:
                self.words[word] = value

    def number(self, name: str) -> int | float:
        """A single number, as it was set."""
        word, argument = self._places[name]
        return (self._floats if argument.dtype == FLOAT else self.words)[word].item()

    def _put_array(self, word: int, argument: Argument, array: np.ndarray) -> None:
        right = (
            array.dtype == argument.dtype
            and array.ndim == argument.ndim
            and array.flags.c_contiguous
            and array.flags.aligned
        )
        if not right:
            raise TypeError(
                f"{self.entry.name} takes {argument.name} as a contiguous array of "
                f"{argument.ndim} dimensions of {argument.dtype}, not {array.ndim} of {array.dtype}"
            )
        self.words[word] = array.__array_interface__["data"][0]
        self.words[word + 1 : word + argument.words] = array.shape
        self.arrays[argument.name] = array
