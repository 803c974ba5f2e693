""":class:`Mistakes` collects every mistake in a table; those of one kind are one line with a count.

>>> found = Mistakes("log.csv")
>>> for line in range(2, 3002):
...     found.add(line, "hours", "'x' is not a number", allowed="0..60", kind="number")
>>> print(found.problems()[0])
log.csv:2: hours: 'x' is not a number (3,000 such values, lines 2-3001); allowed: 0..60

Unknown words of one column are one line, too:

>>> found = Mistakes("log.csv")
>>> for line, name in enumerate(["North", "South", "East", "West", "North"], 2):
...     found.add(line, "region", f"'{name}' is not a region", name, word=True)
>>> print(found.problems()[0])
log.csv:2: region: 'North' is not a region, nor are 'South', 'East', 'West' (5 values, lines 2-6)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim.core.errors import (
    MISTAKES_SHOWN,
    InputError,
    Problem,
    did_you_mean,
    raise_problems,
    shown,
)

ONE_BY_ONE = 3
"""Most mistakes of one kind that are listed one by one."""
RANGES_SHOWN = 5
OTHERS_SHOWN = 3


def places(lines: Sequence[int], word: str = "line") -> str:
    """Numbers of lines or rows in words; a long list is cut.

    >>> places([2, 3, 4, 9]), places([7], "row")
    ('lines 2-4, 9', 'row 7')
    """
    ranges: list[list[int]] = []
    for line in sorted(set(lines)):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    told = [f"{a}" if a == b else f"{a}-{b}" for a, b in ranges[:RANGES_SHOWN]]
    more = f" and {len(ranges) - RANGES_SHOWN:,} more places" if len(ranges) > RANGES_SHOWN else ""
    plural = "" if len(set(lines)) == 1 else "s"
    return f"{word}{plural} {', '.join(told)}{more}"


@dataclass
class Mistakes:
    """The mistakes in a table, collected one by one.

    Attributes:
        file: the name of the table in messages.
        word: the word for a position: line (of a text file) or row (of a sheet).
        count: the number of mistakes so far.
    """

    file: str
    word: str = "line"
    count: int = 0
    _kinds: dict[tuple[str, str], list[Problem]] = field(default_factory=dict)
    _words: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _near: dict[tuple[str, int], str] = field(default_factory=dict)

    def add(
        self,
        line: int,
        column: str,
        message: str,
        value: Any = None,
        allowed: str = "",
        suggestion: str = "",
        kind: str = "",
        word: bool = False,
    ) -> None:
        """Add a mistake.

        Args:
            line: its line or row; 0 for the table as a whole.
            column: the name of its column.
            message: what is wrong, with the value.
            value: the value itself.
            allowed: what the cell may hold.
            suggestion: what was probably meant.
            kind: mistakes of one column and kind are grouped; default: the message.
            word: the value is a word that the column does not know; such mistakes are grouped.
        """
        self.count += 1
        problem = Problem(message, column, value, allowed, suggestion, self.file, line)
        key = (column, kind or message)
        if key not in self._kinds and word:
            self._words.setdefault(column, []).append(key)
        self._kinds.setdefault(key, []).append(problem)

    def near(self, text: str, options: Sequence[str]) -> str:
        """A suggestion; because the search is slow, it is made once a word and for few words."""
        key = (text, id(options))
        if key not in self._near:
            few = len(self._near) < MISTAKES_SHOWN
            self._near[key] = did_you_mean(text, options) if few else ""
        return self._near[key]

    def __iter__(self) -> Iterator[Problem]:
        """Iterate over single mistakes."""
        return (one for alike in self._kinds.values() for one in alike)

    def problems(self) -> list[Problem]:
        """All mistakes; more than three of one kind, or of unknown words, are one problem with
        their count and lines."""
        told: list[Problem] = []
        strange = {keys[0]: keys for keys in self._words.values() if len(keys) > ONE_BY_ONE}
        within = {key for keys in strange.values() for key in keys}
        for key, alike in self._kinds.items():
            if key in strange:
                told.append(self._strangers([self._kinds[one] for one in strange[key]]))
                continue
            if key in within:
                continue
            if len(alike) <= ONE_BY_ONE:
                told += alike
                continue
            lines = [one.line for one in alike]
            many = f" ({len(alike):,} such values, {places(lines, self.word)})"
            told.append(replace(alike[0], message=alike[0].message + many))
        return told

    def _strangers(self, kinds: Sequence[Sequence[Problem]]) -> Problem:
        """One problem for many unknown words of a column."""
        first, *others = [alike[0] for alike in kinds]
        lines = [one.line for alike in kinds for one in alike]
        names = ", ".join(shown(one.value) for one in others[:OTHERS_SHOWN])
        more = len(others) - OTHERS_SHOWN
        nor = f", nor are {names}{f' and {more:,} others' if more > 0 else ''}"
        many = f" ({len(lines):,} values, {places(lines, self.word)})"
        return replace(first, message=first.message + nor + many, suggestion="")

    def stop(self, error: type[InputError] = InputError) -> None:
        """Raise all mistakes at once; nothing when there are none."""
        raise_problems(self.problems(), error=error)
