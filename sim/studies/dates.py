"""dated: tables with dates beside weeks; said: a sentence on the dates of a study.

The date of a week is its first day. Week 1 begins on the ``start_date``; week 0, which is the state
before, is a week earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sim.core.units import WEEKS_A_YEAR, first_day
from sim.present import format as formats
from sim.present.table import Column, Table
from sim.studies.spec import Study, week_label

BESIDE: Mapping[str, str] = {
    "week": "date", "week_a": "date_a", "week_b": "date_b", "year": "date", "period": "date"
}  # fmt: skip
"""Columns of dates beside columns of weeks, and of years of a plan in tables of costs."""


def dated(study: Study[Any], tables: Mapping[str, Table]) -> Mapping[str, Table]:
    """The tables with a column of dates beside each column of weeks; unchanged where week 1 has no
    date."""
    start = study.start_date
    if start is None:
        return tables
    return {name: _dated(study, table, start) for name, table in tables.items()}


def _dated(study: Study[Any], table: Table, start: date) -> Table:
    for week, name in BESIDE.items():
        names = {column.name for column in table.columns}
        if week not in names or {name, "week_begins"} & names:
            continue
        of_year = week in ("year", "period")
        if of_year and not table.name.startswith("costs"):
            continue
        read = _first_week if of_year else _number
        numbers = {one: read(study, one) for one in dict.fromkeys(table.values(week))}
        days = {
            one: None if number is None else first_day(number, start)
            for one, number in numbers.items()
        }
        meaning = f"first day of the {'year of the plan' if of_year else 'week'}"
        table = table.beside(week, Column(name, format="date", meaning=meaning), days)
    return table


def _number(study: Study[Any], week: int | str) -> int | None:
    """The number of a week that a table names by number or label; None where it names none."""
    if not isinstance(week, str):
        return int(week) if week == week else None
    numbers = {study.points(one).get(week) for one in study.scenarios.values()}
    return numbers.pop() if len(numbers) == 1 else None


def _first_week(study: Study[Any], year: int | str) -> int | None:
    """The first week of a year of the plan, ``1`` or ``year 1``; None for the whole plan, and
    where plans begin in different weeks."""
    number = str(year).removeprefix("year ")
    starts = {one.plan_start for one in study.scenarios.values() if one.has_ta}
    moved = any("first_week" in lever.name for lever in getattr(study.header, "levers", ()))
    if not number.isdigit() or len(starts) != 1 or moved:
        return None
    return starts.pop() + WEEKS_A_YEAR * (int(number) - 1)


def said(study: Study[Any]) -> str:
    """A sentence on the dates at which the study begins and ends; empty without a date.

    >>> from sim.studies.kind import StudyKind
    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom").replace(start_date="2027-01-04")
    >>> said(StudyKind.of("run").make(scenario=scenario))
    'Week 1 begins on 4 Jan 2027; TA ends in week 52, Dec 2027; the horizon is week 78, Jun 2028.'
    """
    start, given = study.start_date, study.start_dates
    if start is None:
        days = ", ".join(f"{label} on {formats.date(day)}" for label, day in given.items())
        return f"Week 1 begins on different days ({days}): weeks have no dates." if given else ""
    # The end of TA in a plan study depends on the plan.
    scenarios = [] if study.header.kind == "plan" else study.scenarios.values()
    ends = sorted({one.end_of_ta for one in scenarios if one.has_ta})
    horizon = max(one.horizon_weeks for one in study.scenarios.values())
    parts = [f"week 1 begins on {formats.date(start)}"]
    if ends:
        parts.append(f"TA ends in {' and '.join(formats.week(week, start) for week in ends)}")
    parts += [
        f"{week_label(week).replace('_', ' ')} is in {formats.month(first_day(week, start))}"
        for week in study.header.weeks
        if isinstance(week, int)
    ]
    parts.append(f"the horizon is {formats.week(horizon, start)}")
    return formats.sentence("; ".join(parts)) + "."
