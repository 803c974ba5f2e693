"""From a scenario's records to the contacts due in every week: :func:`tabulate`, to be compiled.

:mod:`sim.model.dosage` says the same for a reader, and is the oracle: the same contacts, to the
last bit. The records (:data:`~sim.engine.tables.SERIES_TYPE`, :data:`~sim.engine.tables.LOG_TYPE`,
:data:`~sim.engine.tables.EVENT_TYPE`) are a scenario file's lines as numbers.
"""

from __future__ import annotations

from sim.core import rules
from sim.model.dosage import DRAWN, NOT_KNOWN, SCHEDULED, share_of

EVENTS = ("dosage_cut", "demand_rise", "delivery_work", "staff_leave", "provider_leaves")
DOSAGE_CUT, DEMAND_RISE, DELIVERY_WORK, STAFF_LEAVE, PROVIDER_LEAVES = range(len(EVENTS))


def spread_events(events, cuts, demand, delivery, leaves, departs):
    """Spread events over the weeks in which they act.

    Args:
        events: records of EVENT_TYPE, in the file's order.
        cuts, delivery: (weeks,) float64 out: the factor of planned hours; the share of integration
            that delivery work turns into workload.
        demand: (weeks, regions) float64 out: what is added to a region's demand.
        leaves: records of LEAVE_TYPE out, one for each staff_leave.
        departs: (weeks, providers) int64 out: 1 where a shock makes a provider leave.
    """
    horizon = cuts.size - 1
    for week in range(horizon + 1):
        cuts[week] = 1.0
        delivery[week] = 0.0
        for r in range(demand.shape[1]):
            demand[week, r] = 0.0
        for provider in range(departs.shape[1]):
            departs[week, provider] = 0
    known = 0
    for e in range(events.size):
        event = events[e]
        if event.kind == STAFF_LEAVE:
            leave = leaves[known]
            leave.week = event.week
            leave.region = event.region
            leave.number = event.number
            leave.share = event.amount
            known += 1
            continue
        for week in range(event.week, min(event.until_week, horizon) + 1):
            if event.kind == DOSAGE_CUT:
                cuts[week] = cuts[week] * event.amount
            elif event.kind == DELIVERY_WORK:
                delivery[week] = delivery[week] + event.amount
            elif event.kind == PROVIDER_LEAVES:
                departs[week, event.provider] = 1
            else:
                for r in range(demand.shape[1]):
                    if event.region < 0 or event.region == r:
                        demand[week, r] = demand[week, r] + event.amount


def add_contact(contacts, start, count, week, r, series, planned, timing, status, hours, kappa):
    """Count one more contact of a region's week and, where there is room for all, write it down.

    The caller then fills in the fields that only a series, or only a row of a log, knows.

    Args:
        contacts: records of CONTACT_TYPE; empty where contacts are only counted.
        start, count: (weeks, regions) int64: the index of the first contact of a region's week, and
            how many it has so far.
        planned: the series or the row of the log that the contact comes from.

    Returns:
        The index of the contact; -1 where contacts are only counted.
    """
    place = count[week, r]
    count[week, r] = place + 1
    if contacts.size == 0:
        return -1
    index = start[week, r] + place
    contact = contacts[index]
    contact.series = series
    contact.mode = planned.mode
    contact.timing = timing
    contact.status = status
    contact.hours = hours
    contact.co_creation = kappa
    contact.relationship = planned.relationship
    contact.learning = planned.learning
    contact.planning = planned.planning
    contact.review = planned.review
    contact.logistics = planned.logistics
    return index


def add_logged(contacts, start, count, seen, log, cuts):
    """Add the contacts of a log; its rows are numbered within their region's week."""
    for i in range(log.size):
        row = log[i]
        number = seen[row.week, row.region]
        seen[row.week, row.region] = number + 1
        hours = row.hours * cuts[row.week]
        if hours <= 0.0:
            continue
        place = add_contact(
            contacts, start, count, row.week, row.region, number, row, SCHEDULED, row.status, hours,
            row.co_creation,
        )  # fmt: skip
        if place >= 0:
            contact = contacts[place]
            contact.every_weeks = 1.0
            contact.provider = row.provider
            contact.sites = row.sites
            contact.seats = row.seats
            contact.present = row.present
            contact.others = row.others
            contact.share = row.share


def add_series(contacts, start, count, series, number, r, region, stagger, cuts):
    """Add the contacts of a series with region ``r``, whose record is ``region``."""
    first, last = series.first_week, series.last_week
    shift = rules.calendar_shift(r, series.every_weeks, stagger)
    seats = share_of(series.invited, region.core)
    for week in range(max(1, first), min(last, cuts.size - 1) + 1):
        if series.timing == SCHEDULED and not rules.is_due(
            week, first, last, series.every_weeks, shift
        ):
            continue
        progress = rules.series_progress(week, first, last)
        hours = rules.planned_hours(series.hours, series.taper, progress) * cuts[week]
        if hours <= 0.0:
            continue
        kappa = rules.planned_co_creation(
            series.co_creation_start, series.co_creation_end, progress
        )
        place = add_contact(
            contacts, start, count, week, r, number, series, series.timing, DRAWN, hours, kappa
        )
        if place >= 0:
            contact = contacts[place]
            contact.every_weeks = series.every_weeks
            contact.provider = region.provider
            contact.sites = region.sites
            contact.seats = seats
            contact.present = NOT_KNOWN
            contact.others = 0
            contact.share = 1.0


def tabulate(
    series, log, events, regions, stagger, cuts, seen, demand, delivery, leaves, provider_departs,
    contact_start, contact_count, contacts,
):  # fmt: skip
    """Write down all that a scenario plans, week by week; see :class:`sim.engine.tables.Tables`.

    Args:
        series, log, events: records of SERIES_TYPE, LOG_TYPE, EVENT_TYPE, in the file's order.
        regions: records of REGION_TYPE. stagger: the parameter ``calendar_stagger``.
        cuts, seen: (weeks,) and (weeks, regions) work space.
        demand, delivery, leaves, provider_departs: out; ``leaves`` has a row for each staff_leave.
        contact_start, contact_count: (weeks, regions) int64 out.
        contacts: out: where it is empty, contacts are only counted; else it has a record for each.
    """
    spread_events(events, cuts, demand, delivery, leaves, provider_departs)
    for week in range(cuts.size):
        for r in range(regions.size):
            contact_count[week, r] = 0
            seen[week, r] = 0
    add_logged(contacts, contact_start, contact_count, seen, log, cuts)
    for r in range(regions.size):
        for number in range(series.size):
            add_series(
                contacts, contact_start, contact_count, series[number], number, r, regions[r],
                stagger, cuts,
            )  # fmt: skip
    total = 0
    for week in range(cuts.size):
        for r in range(regions.size):
            contact_start[week, r] = total
            total += contact_count[week, r]
