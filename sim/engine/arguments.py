"""Arguments of compiled code: an :class:`Entry` declares them, a :class:`Block` holds their values.

An entry takes the address of one block of memory, so that Python, C and JavaScript call it in the
same way. The block is a row of words of 8 bytes, argument after argument: a number is one
word (int64 or float64), an array is its address and then its shape. Arrays are contiguous, last
axis fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
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
        """Number of words in a block."""
        return 1 + self.ndim


@dataclass(frozen=True, slots=True)
class Group:
    """Arguments that compiled code sees as one record with named fields."""

    name: str
    fields: tuple[Argument, ...]


@dataclass(frozen=True)
class Entry:
    """A function over arrays that compiled code offers.

    Attributes:
        name: name of the exported function; one function may be exported for several types.
        function: the function in Python, which returns nothing.
        arguments: its arguments, in order.
        browser: whether the browser's module has it.
    """

    name: str
    function: Callable[..., None]
    arguments: tuple[Argument | Group, ...]
    browser: bool = True

    def flat(self) -> Iterator[tuple[int, Argument]]:
        """Index of the first word, and argument, of every argument; groups are taken apart."""
        word = 0
        for one in self.arguments:
            for argument in one.fields if isinstance(one, Group) else (one,):
                yield word, argument
                word += argument.words

    @cached_property
    def words(self) -> int:
        """Number of words of its block."""
        return sum(argument.words for _, argument in self.flat())

    @cached_property
    def places(self) -> dict[str, tuple[int, Argument]]:
        """Index of the first word, and argument, by the name of the argument."""
        return {argument.name: (word, argument) for word, argument in self.flat()}


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

    @property
    def address(self) -> int:
        """Address of the block in memory."""
        return self.words.ctypes.data

    def put(self, **values: Any) -> None:
        """Set some arguments.

        Raises:
            TypeError: an array differs from its declaration in type, number of axes or order of
                memory, so that compiled code would misread it.
        """
        for name, value in values.items():
            word, argument = self.entry.places[name]
            if argument.ndim:
                self._put_array(word, argument, value)
            elif argument.dtype == FLOAT:
                self._floats[word] = value
            else:
                self.words[word] = value

    def number(self, name: str) -> int | float:
        """A single number, as it was set."""
        word, argument = self.entry.places[name]
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
