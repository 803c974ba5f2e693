"""Comparison and parse_statement: a small language for the statements of patterns.

A statement compares sums of measures (:mod:`sim.studies.measures`) and numbers, or names an order::

    effect on trust at 104 > 0.05                           of the study's first scenario
    effect on trust at 104 in directive < 0                 of another case
    0.2 <= integrated_share at end_of_ta <= 0.6             a range
    capacity at 260 in long < capacity at 208 in long - 0.01
    effect on capacity at 52 > 1.5 * effect on capacity at 26
    effect on capacity at end_of_ta rises over few, some, many
    survey of trust at end_of_ta > 4                        what a participant survey would read

``+ - * /`` and the relations stand between spaces; there are no brackets. Each relation, and each
step of an order, is one :class:`Comparison`; a statement holds where all of its comparisons hold.

>>> found = parse_statement("trust at 52 > trust at start + 0.05", case="source")
>>> [str(one) for one in found]
['trust at 52 > trust at start + 0.05']
>>> [str(one) for one in parse_statement("trust at 52 rises over a, b, c", case="a")]
['trust at 52 in a < trust at 52 in b', 'trust at 52 in b < trust at 52 in c']
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.studies.measures import Measure, parse_measure
from sim.studies.spec import as_number

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

ALLOWED = "such as 'effect on trust at 104 > 0.05', 'trust at 52 rises over few, many'"
_RELATION = re.compile(r"\s(<=|>=|<|>)\s")
_ORDER = re.compile(r"(.+) (rises|falls) over (.+)")
_OF_CASE = re.compile(r"(.+) in (\S+)")

Values = Callable[["Quantity"], "np.ndarray"]
"""A function that gives the values of a measure in a case, (sets,)."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measure in a case."""

    measure: Measure
    case: str


Factor = tuple[float | Quantity, bool]
"""A number or a quantity, and whether it divides the product (else it multiplies)."""
Product = tuple[float, tuple[Factor, ...]]
"""The sign with which a product is added, and its factors."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A sum of products, with its text in the statement."""

    products: tuple[Product, ...]
    text: str

    @property
    def quantities(self) -> Iterator[Quantity]:
        """What it needs to be known."""
        for _, factors in self.products:
            yield from (of for of, _ in factors if isinstance(of, Quantity))

    def value(self, values: Values) -> np.ndarray:
        """The value in every set, (sets,) or, for numbers alone, (); NaN after a division by 0.

        Args:
            values: a function that gives the values of a measure.
        """
        total = np.zeros(())
        for sign, factors in self.products:
            part = np.full((), sign)
            for of, over in factors:
                one = np.asarray(values(of) if isinstance(of, Quantity) else of)
                if over:
                    one = 1.0 / np.where(one == 0, np.nan, one)
                part = part * one
            total = total + part
        return total


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two expressions and the relation between them: ``<``, ``<=``, ``>`` or ``>=``."""

    left: Expression
    relation: str
    right: Expression

    def __str__(self) -> str:
        return f"{self.left.text} {self.relation} {self.right.text}"

    @property
    def quantities(self) -> Iterator[Quantity]:
        """What it needs to be known."""
        yield from self.left.quantities
        yield from self.right.quantities

    def margin(self, values: Values) -> np.ndarray:
        """The amount by which it holds in every set, (sets,); below 0 where it does not hold."""
        gap = self.right.value(values) - self.left.value(values)
        return gap if self.relation.startswith("<") else -gap

    def holds(self, margin: np.ndarray) -> np.ndarray:
        """Whether it holds at these margins, bool; False where a margin is NaN."""
        return np.asarray(margin >= 0 if self.relation.endswith("=") else margin > 0)


def parse_statement(text: str, case: str) -> tuple[Comparison, ...]:
    """The comparisons of a statement.

    Args:
        text: the statement.
        case: the case of measures that name none.

    Raises:
        InputError: the text compares nothing, or names an unknown measure.
    """
    text = " ".join(text.split())
    if order := _ORDER.fullmatch(text):
        return _order(text, *order.groups())
    parts = _RELATION.split(text)
    sides, relations = parts[::2], parts[1::2]
    if not relations:
        raise _refused(text, f"{text!r} does not compare anything")
    found = [_expression(side, case) for side in sides]
    made = tuple(
        Comparison(found[place], relation, found[place + 1])
        for place, relation in enumerate(relations)
    )
    for one in made:
        if not any(True for _ in one.quantities):
            raise _refused(str(one), f"'{one}' compares numbers only")
    return made


def _order(text: str, what: str, way: str, over: str) -> tuple[Comparison, ...]:
    """The steps of an order over cases."""
    cases = [one.strip() for one in over.split(",")]
    if len(cases) < 2 or len(set(cases)) < len(cases) or not all(cases):
        raise _refused(
            text,
            f"{over!r} is not an order of cases",
            "two cases or more, each once, with commas between between",
        )
    if " in " in what:
        raise _refused(text, "an order names its cases after 'over'", f"... {way} over {over}")
    found = [_expression(f"{what} in {one}", one) for one in cases]
    relation = "<" if way == "rises" else ">"
    return tuple(Comparison(one, relation, next_one) for one, next_one in itertools.pairwise(found))


def _expression(text: str, case: str) -> Expression:
    products = tuple(
        (
            -1.0 if sign == "-" else 1.0,
            tuple((_atom(one.strip(), case), below == "/") for below, one in _split(part, "*/")),
        )
        for sign, part in _split(text, "+-")
    )
    return Expression(products, text)


def _split(text: str, signs: str) -> list[tuple[str, str]]:
    """The parts of a text between signs that stand between spaces, each with the sign before it."""
    parts = re.split(rf"\s([{signs}])\s", text)
    return list(zip(["", *parts[1::2]], parts[::2], strict=True))


def _atom(text: str, case: str) -> float | Quantity:
    number = as_number(text)
    if number is not None:
        if not np.isfinite(number):
            raise _refused(text, f"{text!r} is not a finite number", "a number")
        return number
    if found := _OF_CASE.fullmatch(text):
        text, case = found.groups()
    measure = parse_measure(text)
    if not measure.simulated:
        raise _refused(
            text, f"{text!r} is not computed from runs", "a measure of outcomes at a week"
        )
    return Quantity(measure, case)


def _refused(text: str, message: str, allowed: str = ALLOWED) -> InputError:
    return InputError(message, field="statement", value=text, allowed=allowed)
