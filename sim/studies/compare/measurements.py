"""Measurement: something that a project could measure before it chooses, given as a phrase.

>>> one = measurement_of("survey of trust at start with 20 people and log of 6 months")
>>> one.parts[0].people, one.parts[1].months, one.numbers
(20, 6, 3)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sim.core.errors import InputError
from sim.core.units import weeks_of
from sim.scenario.scenario import Scenario
from sim.studies.measures import parse_measure
from sim.studies.spec import week_number

ALLOWED = (
    "'survey of CONSTRUCT at WEEK', the same 'with N people', 'log of M months', or several joined "
    "by 'and'"
)
_SURVEY = re.compile(r"(survey of \w+ at \w+)(?: with (\d{1,6}) people)?")
_LOG = re.compile(r"log of ([1-9]\d{0,2}) months?")


@dataclass(frozen=True, slots=True)
class Part:
    """A survey of a construct in a week (``people`` None: everybody), or a log of some months."""

    construct: str = ""
    week: int | str = 0
    people: int | None = None
    months: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """The parts of a measurement, and the phrase that names them."""

    text: str
    parts: tuple[Part, ...]

    @property
    def numbers(self) -> int:
        """The count of numbers that the measurement gives: one for a survey (the mean answer), two
        for a log (contacts per month, people present in a contact)."""
        return sum(1 if part.construct else 2 for part in self.parts)

    def weeks(self, scenario: Scenario) -> Iterator[int]:
        """The weeks of a scenario that the measurement needs."""
        for part in self.parts:
            yield week_number(part.week, scenario) if part.construct else weeks_of(part.months)

    def check(self, scenario: Scenario) -> None:
        """Check that the measurement can be taken in a scenario.

        Raises:
            InputError: a week is past the horizon, or a survey needs more people than there are.
        """
        there = sum(scenario.staff_counts)
        for part, week in zip(self.parts, self.weeks(scenario), strict=True):
            if week > scenario.horizon_weeks:
                raise _refused(
                    self.text, f"ends in week {week}", f"up to week {scenario.horizon_weeks}"
                )
            if part.people is not None and not 1 <= part.people <= there:
                raise _refused(
                    self.text, f"asks {part.people} people", f"1..{there}, who are there"
                )


def measurement_of(phrase: str) -> Measurement:
    """The measurement that a phrase names.

    Raises:
        InputError: the phrase, a construct or a week is unknown.
    """
    text = " ".join(phrase.split())
    return Measurement(text, tuple(_part(one.strip(), text) for one in text.split(" and ")))


def _part(phrase: str, text: str) -> Part:
    if found := _LOG.fullmatch(phrase):
        return Part(months=int(found[1]))
    found = _SURVEY.fullmatch(phrase)
    if found is None:
        raise _refused(text, f"{phrase!r} is not a measurement", ALLOWED)
    asked, people = found.groups()
    measure = parse_measure(asked)
    return Part(measure.outcome, measure.week, int(people) if people else None)


def _refused(text: str, message: str, allowed: str) -> InputError:
    return InputError(message, "measures", text, allowed)
