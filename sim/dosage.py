"""From a scenario's contact series and contact log to what is due in which week.

Everything that does not depend on luck is worked out here once for a scenario: calendars, tapers,
co-creation plans, cuts, log rows. Irregular and on-demand series stay as candidates with their
timing; whether one falls in a week is a draw that the engine makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim import rules
from sim.parameters import Parameters

if TYPE_CHECKING:
    from sim.scenario import ContactSeries, Scenario

MODES: tuple[str, ...] = ("onsite", "video", "phone", "email")
TIMINGS: tuple[str, ...] = ("scheduled", "irregular", "on_demand")
STATUSES: tuple[str, ...] = ("drawn", "held", "provider_cancelled", "region_cancelled")
ONSITE = 0
SCHEDULED, IRREGULAR, ON_DEMAND = 0, 1, 2
DRAWN, HELD, PROVIDER_CANCELLED, REGION_CANCELLED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """One contact that is due, or may fall, in a week.

    ``mode``, ``timing`` and ``status`` index :data:`MODES`, :data:`TIMINGS`, :data:`STATUSES`.
    ``hours`` are planned hours after taper and cuts, before a full diary shortens them. ``series``
    is the number in the counter of random draws: the place in ``dosage``, or of a log row within
    its region's week. ``invited`` is the share of the core team that is asked.
    """

    week: int
    region: int
    series: int
    mode: int
    hours: float
    co_creation: float
    timing: int
    every_weeks: float
    status: int
    invited: float


def round_half_up(x: float) -> int:
    """floor(x + 1/2): the rounding of shares of a team."""
    return int(np.floor(x + 0.5))


def cut_factor(scenario: Scenario, week: int) -> float:
    """What shocks leave of planned hours in a week; several cuts multiply."""
    factor = 1.0
    for shock in scenario.shocks:
        if shock.kind == "dosage_cut":
            until = scenario.horizon_weeks if shock.until_week is None else shock.until_week
            if shock.week <= week <= until:
                factor = factor * shock.factor
    return factor


def demand_rise(scenario: Scenario, week: int, region_name: str) -> float:
    """What shocks add to a region's demand in a week."""
    rise = 0.0
    for shock in scenario.shocks:
        if (
            shock.kind == "demand_rise"
            and shock.week <= week <= shock.until_week
            and shock.region in (None, region_name)
        ):
            rise = rise + shock.by
    return rise


def delivery_share(scenario: Scenario, week: int) -> float:
    """The share of integration that delivery work turns into workload in a week."""
    share = 0.0
    for phase in scenario.delivery_work:
        if phase.week <= week <= phase.until_week:
            share = share + phase.share
    return share


def _of_series(
    scenario: Scenario,
    series: ContactSeries,
    number: int,
    region: int,
    stagger: float,
    cuts: Sequence[float],
) -> Iterator[PlannedContact]:
    """The contacts of a series with a region; ``cuts``: :func:`cut_factor` of each week."""
    first = series.first_week
    last = scenario.horizon_weeks if series.last_week is None else series.last_week
    mode, timing = MODES.index(series.mode), TIMINGS.index(series.timing)
    start, end = series.co_creation_start, series.co_creation_end
    shift = rules.calendar_shift(region, series.every_weeks, stagger)
    for week in range(max(1, first), min(last, scenario.horizon_weeks) + 1):
        if timing == SCHEDULED and not rules.is_due(week, first, last, series.every_weeks, shift):
            continue
        progress = rules.series_progress(week, first, last)
        hours = rules.planned_hours(series.hours, series.taper, progress) * cuts[week]
        if hours > 0.0:
            yield PlannedContact(
                week=week,
                region=region,
                series=number,
                mode=mode,
                hours=hours,
                co_creation=rules.planned_co_creation(start, end, progress),
                timing=timing,
                every_weeks=series.every_weeks,
                status=DRAWN,
                invited=series.invited,
            )


def _from_log(scenario: Scenario) -> list[PlannedContact]:
    if scenario.contact_log is None:
        return []
    number_of = {name: i for i, name in enumerate(scenario.region_names)}
    seen: dict[tuple[int, int], int] = {}
    contacts = []
    for row in scenario.contact_log.rows:
        region = number_of[row.region]
        place = seen.get((row.week, region), 0)
        seen[(row.week, region)] = place + 1
        hours = row.hours * cut_factor(scenario, row.week)
        if hours <= 0.0:
            continue
        contacts.append(
            PlannedContact(
                week=row.week,
                region=region,
                series=place,
                mode=MODES.index(row.mode),
                hours=hours,
                co_creation=row.co_creation,
                timing=SCHEDULED,
                every_weeks=1.0,
                status=STATUSES.index(row.status),
                invited=1.0,
            )
        )
    return contacts


def planned_contacts(scenario: Scenario, parameters: Parameters) -> list[PlannedContact]:
    """Every contact that is due or may fall, sorted by week, region and place in the file."""
    contacts = _from_log(scenario)
    cuts = [cut_factor(scenario, week) for week in range(scenario.horizon_weeks + 1)]
    stagger = parameters.calendar_stagger
    for region in range(len(scenario.region_names)):
        for number, series in enumerate(scenario.dosage):
            contacts += _of_series(scenario, series, number, region, stagger, cuts)
    contacts.sort(key=lambda c: (c.week, c.region, c.series))
    return contacts


def by_week_and_region(
    contacts: Sequence[PlannedContact],
) -> dict[tuple[int, int], list[PlannedContact]]:
    """The same contacts under their (week, region)."""
    table: dict[tuple[int, int], list[PlannedContact]] = {}
    for contact in contacts:
        table.setdefault((contact.week, contact.region), []).append(contact)
    return table


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One line of a dosage calendar, in words. ``chance`` is 1 for a fixed date; for irregular
    contacts it is the chance a week, for on-demand ones that of a region of middling demand."""

    week: int
    region: str
    mode: str
    hours: float
    co_creation: float
    timing: str
    status: str
    chance: float


def calendar(scenario: Scenario) -> list[CalendarEntry]:
    """The dosage of a scenario as a list of contacts, for figures and calendars."""
    names = scenario.region_names
    return [
        CalendarEntry(
            week=c.week,
            region=names[c.region],
            mode=MODES[c.mode],
            hours=c.hours,
            co_creation=c.co_creation,
            timing=TIMINGS[c.timing],
            status=STATUSES[c.status],
            chance=1.0 if c.timing == SCHEDULED else rules.irregular_probability(c.every_weeks),
        )
        for c in planned_contacts(scenario, scenario.parameter_set())
    ]
