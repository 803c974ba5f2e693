"""Which contacts are due in which week (:func:`planned_contacts`), and what they cost
(:func:`planned`).

Everything that does not depend on chance is worked out here once for a scenario: calendars, tapers,
co-creation plans, cuts, log rows. Irregular and on-demand series stay as candidates with their
timing; whether one falls in a week is a draw that the engine makes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core import rules
from sim.core.parameters import Parameters
from sim.core.units import WEEKS_A_YEAR, months_of
from sim.scenario import contact_log
from sim.scenario.contact_log import MODES
from sim.scenario.functions import FUNCTIONS as FUNCTIONS

if TYPE_CHECKING:
    from sim.scenario.scenario import ContactSeries, LogRow, Scenario

TIMINGS: tuple[str, ...] = ("scheduled", "irregular", "on_demand")
STATUSES: tuple[str, ...] = ("drawn", *contact_log.STATUSES)
ONSITE = MODES.index("onsite")
SCHEDULED, IRREGULAR, ON_DEMAND = range(len(TIMINGS))
DRAWN, HELD, PROVIDER_CANCELLED, REGION_CANCELLED, CANCELLED = range(len(STATUSES))
NOT_KNOWN = -1
"""Stands for ``present`` where attendance is drawn."""


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """One contact that is due, or may fall, in a week.

    ``mode``, ``timing`` and ``status`` index :data:`MODES`, :data:`TIMINGS`, :data:`STATUSES`.
    ``hours`` are planned hours after taper and cuts, before a full diary shortens them. ``series``
    is the number in the counter of random draws: the place in ``dosage``, or of a log row within
    its region's week. ``functions``: the shares of :data:`FUNCTIONS`; None is the reference mix.

    Who comes: ``provider`` is the position of the provider, ``seats`` how many of the region are
    asked, ``present`` how many of them come (:data:`NOT_KNOWN`: drawn). A contact that several
    regions share has a ``share`` of the provider's hours, and ``others`` of the other regions sit
    in it; else 1 and 0.
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
    functions: tuple[float, ...] | None
    provider: int
    seats: int
    present: int = NOT_KNOWN
    others: int = 0
    share: float = 1.0

    @property
    def cancelled(self) -> bool:
        """Whether it is known not to be held."""
        return self.status not in (DRAWN, HELD)

    @property
    def chance(self) -> float:
        """Chance that it falls: 1 on a calendar, else that of a week; for an on-demand contact in
        a region of middling demand."""
        return 1 if self.timing == SCHEDULED else rules.irregular_probability(self.every_weeks)


def round_half_up(x: float) -> int:
    """floor(x + 1/2): the rounding of shares of a team.

    >>> round_half_up(2.5), round_half_up(2.4)
    (3, 2)
    """
    return int(np.floor(x + 0.5))


def share_of(share: float, people: int) -> int:
    """max(1, round(share x people)): how many seats a share of a team is.

    >>> share_of(0.5, 5), share_of(0.01, 5)
    (3, 1)
    """
    return max(1, round_half_up(share * people))


def cut_factor(scenario: Scenario, week: int) -> float:
    """The share of planned hours that shocks leave in a week; several cuts multiply."""
    factor = 1.0
    for shock in scenario.shocks:
        if shock.kind == "dosage_cut":
            until = scenario.horizon_weeks if shock.until_week is None else shock.until_week
            if shock.week <= week <= until:
                factor = factor * shock.factor
    return factor


def demand_rise(scenario: Scenario, week: int, region_name: str) -> float:
    """The amount that shocks add to a region's demand in a week; several rises add up."""
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


def core_seats(scenario: Scenario) -> list[int]:
    """How many posts the core team of each region has."""
    return [share_of(scenario.regions.core_team, staff) for staff in scenario.staff_counts]


def _of_series(
    scenario: Scenario,
    series: ContactSeries,
    number: int,
    region: int,
    provider: int,
    core: int,
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
                functions=None if series.functions is None else series.functions.shares,
                provider=provider,
                seats=share_of(series.invited, core),
            )


@dataclass(frozen=True, slots=True)
class WhoCame:
    """Who took part in a logged contact; see :class:`PlannedContact`. ``sites`` is how many regions
    the provider serves, this one among them."""

    provider: int
    sites: int
    seats: int
    present: int
    others: int
    share: float


def who_came(scenario: Scenario) -> list[WhoCame]:
    """Who took part in each row of the contact log, in the order of its rows.

    A contact that several regions share takes the provider's time once: it is divided between the
    regions that held it; where none did, between all of them. Of the other regions those sit in it
    who came or, where that is not known, all who were asked.
    """
    rows = scenario.contact_log.rows if scenario.contact_log else ()
    number_of = {name: i for i, name in enumerate(scenario.region_names)}
    position = {name: i for i, name in enumerate(scenario.provider_names)}
    assigned, core = scenario.assignment, core_seats(scenario)
    sites = Counter(assigned)

    def seats(row: LogRow) -> int:
        return row.invited or max(core[number_of[row.region]], row.present or 0)

    def people(row: LogRow) -> int:
        return seats(row) if row.present is None else row.present

    divided = {}
    for indices in contact_log.shared_contacts(rows):
        held = {i: people(rows[i]) for i in indices if rows[i].status == "held"}
        everybody, part = sum(held.values()), 1.0 / len(held or indices)
        for i in indices:
            divided[i] = everybody - held.get(i, 0), part if i in held or not held else 0.0
    answer = []
    for i, row in enumerate(rows):
        own = assigned[number_of[row.region]]
        provider = own if row.provider is None else position[row.provider]
        others, share = divided.get(i, (0, 1.0))
        answer.append(
            WhoCame(
                provider=provider,
                sites=sites[provider] + (provider != own),
                seats=seats(row),
                present=NOT_KNOWN if row.present is None else row.present,
                others=others,
                share=share,
            )
        )
    return answer


def _from_log(scenario: Scenario) -> list[PlannedContact]:
    if scenario.contact_log is None:
        return []
    number_of = {name: i for i, name in enumerate(scenario.region_names)}
    seen: dict[tuple[int, int], int] = {}
    contacts = []
    for row, who in zip(scenario.contact_log.rows, who_came(scenario), strict=True):
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
                functions=None if row.functions is None else row.functions.shares,
                provider=who.provider,
                seats=who.seats,
                present=who.present,
                others=who.others,
                share=who.share,
            )
        )
    return contacts


def planned_contacts(scenario: Scenario, parameters: Parameters) -> list[PlannedContact]:
    """Every contact that is due or may fall, sorted by week, region and place in the file."""
    contacts = _from_log(scenario)
    cuts = [cut_factor(scenario, week) for week in range(scenario.horizon_weeks + 1)]
    stagger = parameters.calendar_stagger
    who = enumerate(zip(scenario.assignment, core_seats(scenario), strict=True))
    for region, (provider, core) in who:
        for number, series in enumerate(scenario.dosage):
            contacts += _of_series(scenario, series, number, region, provider, core, stagger, cuts)
    contacts.sort(key=lambda c: (c.week, c.region, c.series))
    return contacts


def by_week_and_region(
    contacts: Sequence[PlannedContact],
) -> dict[tuple[int, int], list[PlannedContact]]:
    """The contacts of each (week, region) that has any, in their order."""
    table: dict[tuple[int, int], list[PlannedContact]] = {}
    for contact in contacts:
        table.setdefault((contact.week, contact.region), []).append(contact)
    return table


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One line of a dosage calendar, in words. ``chance`` is 1 for a fixed date; for irregular
    contacts it is the chance that one falls in a week, for on-demand contacts that chance in a
    region of middling demand."""

    week: int
    region: str
    mode: str
    hours: float
    co_creation: float
    timing: str
    status: str
    chance: float
    provider: str
    invited: int
    present: int
    share: float


def calendar(scenario: Scenario) -> list[CalendarEntry]:
    """The dosage of a scenario as a list of contacts, for figures and calendars.

    >>> from sim.scenario.scenario import Scenario
    >>> first = calendar(Scenario.shipped("source"))[0]
    >>> first.week, first.mode, first.timing
    (1, 'onsite', 'scheduled')
    """
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
            chance=float(c.chance),
            provider=scenario.provider_names[c.provider],
            invited=c.seats,
            present=c.present,
            share=c.share,
        )
        for c in planned_contacts(scenario, scenario.parameter_set())
    ]


# --- planned cost --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resources:
    """The time that contacts take, and what it costs, split by payer.

    Attributes:
        contacts, visits: numbers; expected numbers where contacts fall by chance.
        contact_hours, preparation_hours, travel_hours: of the providers, h.
        staff_hours: of all who are invited, h.
        centre: what the TA centre pays, money: provider hours, and the travel of visits.
        regions: what the regions pay, money: staff hours.
    """

    contacts: float = 0
    visits: float = 0
    contact_hours: float = 0.0
    preparation_hours: float = 0.0
    travel_hours: float = 0.0
    staff_hours: float = 0.0
    centre: float = 0.0
    regions: float = 0.0

    @property
    def provider_hours(self) -> float:
        """The providers' hours of contact, preparation and travel, h."""
        return self.contact_hours + self.preparation_hours + self.travel_hours

    @property
    def money(self) -> float:
        """The money of both payers together."""
        return self.centre + self.regions


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned cost of a scenario: what has to be set aside.

    It is worked out from the calendar, without chance: every contact is held, everybody who is
    invited comes, no diary is full. A run can only cost less (contacts fail, people stay away, a
    full diary shortens contacts), so a plan whose planned cost is within the budget never exceeds
    it. What the runs cost on average is the *expected spend*, another number. Of contacts without a
    date the expected number is planned, and runs may exceed it.

    Attributes:
        total: what is still to be spent, from the first week of the plan on.
        years: the total by years of 52 weeks; the first year begins with the plan.
        spent: what the contacts of the log cost, at the same prices; where the log does not say how
            many came, everybody invited is counted as present.
        weeks: number of weeks from the first week of the plan to the end of TA.
    """

    total: Resources
    years: tuple[Resources, ...]
    spent: Resources
    weeks: int

    @property
    def months(self) -> float:
        """Length of the plan in months."""
        return months_of(self.weeks)


def planned(scenario: Scenario, parameters: Parameters | None = None) -> Planned:
    """The one planned cost of a scenario.

    Args:
        parameters: those of preparation and travel are read; the default is the scenario's own set.

    >>> from sim.scenario.scenario import Scenario
    >>> cost = planned(Scenario.shipped("source"))
    >>> cost.total.money == cost.total.centre + cost.total.regions, len(cost.years), cost.weeks
    (True, 2, 104)
    """
    p = scenario.parameter_set() if parameters is None else parameters
    first, end = scenario.plan_start, scenario.end_of_ta
    weeks = max(1, end - first + 1) if scenario.dosage else 0
    ahead: list[list[PlannedContact]] = [[] for _ in range(-(-weeks // WEEKS_A_YEAR))]
    behind = []
    for contact in planned_contacts(scenario, p):
        if contact.week >= first:
            ahead[(contact.week - first) // WEEKS_A_YEAR].append(contact)
        else:
            behind.append(contact)
    every = [contact for year in ahead for contact in year]
    return Planned(
        total=_resources(scenario, p, every),
        years=tuple(_resources(scenario, p, year) for year in ahead),
        spent=_resources(scenario, p, behind),
        weeks=weeks,
    )


def _resources(scenario: Scenario, p: Parameters, contacts: Sequence[PlannedContact]) -> Resources:
    """The resources of these contacts. A contact that was cancelled has been prepared for."""
    number: float = 0
    visits: float = 0
    hours = preparation = travel = staff = 0.0
    for c in contacts:
        chance, share = c.chance, c.chance * c.share
        preparation += share * (p.preparation_per_contact + p.preparation_per_hour * c.hours)
        number += chance
        if c.cancelled:
            continue
        hours += share * c.hours
        staff += chance * c.hours * (c.seats if c.present == NOT_KNOWN else c.present)
        if c.mode == ONSITE:
            visits += share
            travel += share * p.travel_hours
    prices = scenario.costs
    return Resources(
        contacts=number,
        visits=visits,
        contact_hours=hours,
        preparation_hours=preparation,
        travel_hours=travel,
        staff_hours=staff,
        centre=prices.provider_hour * (hours + preparation + travel) + prices.travel_visit * visits,
        regions=prices.staff_hour * staff,
    )
