""":class:`Question`: what only the owner of a table knows; :class:`OpenQuestions` raises them.

A map is plain data with a key for each answer; the value is :data:`OPEN` until it is answered.

>>> question = Question(("status", "words", "No show"), "What is No show?", ("held", "cancelled"))
>>> data = {}
>>> put(data, question.where, OPEN)
>>> print(to_yaml(data), question, sep="")
status: {words: {No show: '?'}}
What is No show? (held, cancelled)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sim.core.errors import InputError, Problem

OPEN = "?"
"""The value in a map of an answer that is still open."""


@dataclass(frozen=True)
class Question:
    """A question that a map leaves open.

    Attributes:
        where: the keys that lead to the answer in the map.
        text: the question.
        options: the possible answers; empty: any answer.
        proposed: the likely answer; "" when none is likely.

    >>> print(Question(("decimal",), "What is the comma in 1,500?", ("comma", "point"), "comma"))
    What is the comma in 1,500? (comma, point); probably comma
    """

    where: tuple[str | int, ...]
    text: str
    options: tuple[str, ...] = ()
    proposed: str = ""

    def __str__(self) -> str:
        told = f" ({', '.join(self.options)})" if self.options else ""
        likely = f"; probably {self.proposed}" if self.proposed else ""
        return f"{self.text}{told}{likely}"


class OpenQuestions(InputError):
    """The questions that a map leaves open.

    Attributes:
        questions: every open :class:`Question`.
        data: the map so far, with :data:`OPEN` in place of each answer.

    >>> open_ = OpenQuestions("t.csv", [Question(("date", "order"), "Month or day first?")], {})
    >>> print(open_)
    t.csv: date.order: Month or day first?
    """

    def __init__(self, file: str, questions: Sequence[Question], data: dict[str, Any]) -> None:
        self.questions = tuple(questions)
        self.data = data
        super().__init__(
            [Problem(str(one), ".".join(map(str, one.where)), file=file) for one in questions]
        )


def put(data: dict[Any, Any], where: tuple[str | int, ...], value: Any) -> None:
    """Write a value into a map, at the end of the keys in ``where``."""
    for part in where[:-1]:
        data = data.setdefault(part, {})
    data[where[-1]] = value


def answer(data: dict[str, Any], question: Question, text: str) -> None:
    """Write an answer into a map; an empty text is the likely answer.

    Raises:
        ValueError: the answer is none of the options.
    """
    text = text.strip() or question.proposed
    if question.options and text not in question.options:
        raise ValueError(f"{text!r} is none of: {', '.join(question.options)}")
    put(data, question.where, text)


def to_yaml(data: Mapping[str, Any]) -> str:
    """A map as YAML, with one line for each field."""
    lines = []
    for name, value in data.items():
        text = yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
        )
        lines.append(f"{name}: {text.removesuffix('...' + chr(10)).strip()}")
    return "\n".join(lines) + "\n"


def map_beside(path: str | Path) -> Path:
    """The default path of the map of a table.

    >>> map_beside("data/tracker.xlsx").name
    'tracker.map.yaml'
    """
    return Path(path).with_suffix(".map.yaml")
