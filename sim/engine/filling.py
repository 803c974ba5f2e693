"""Fill in what follows from a scenario's plain columns, and price its contacts; to be compiled.

Whoever prepares a scenario, in Python or in a browser, writes down what its file says and has these
functions fill in the rest: :func:`place_regions`, :func:`share_log`; :func:`price` adds up the
planned cost. :mod:`sim.model.dosage` says the same for a reader, and is the oracle.

Nothing here allocates or raises: arrays to fill and work space come in.
"""

from __future__ import annotations

from sim.core import outcomes, rules, ties
from sim.core.outcomes import G
from sim.core.units import WEEKS_A_YEAR
from sim.engine.kernel import in_eights
from sim.model.dosage import DRAWN, HELD, NOT_KNOWN, ONSITE, SCHEDULED, share_of

SIZES = ("people", "largest", "words", "graph_places", "tie_places")
"""The sizes that :func:`place_regions` counts: the posts of all regions and of the largest region,
and the array elements that are needed for the words of the largest region's draws, for the networks
of a run, and for making the largest network."""
PEOPLE, LARGEST, WORDS, GRAPH_PLACES, TIE_PLACES = range(len(SIZES))

RESOURCES = (
    "contacts",
    "visits",
    "contact_hours",
    "preparation_hours",
    "travel_hours",
    "staff_hours",
    "centre",
    "regions",
)
"""Columns of what contacts take and cost: the fields of :class:`sim.model.dosage.Resources`."""
(
    CONTACTS,
    VISITS,
    CONTACT_HOURS,
    PREPARATION_HOURS,
    TRAVEL_HOURS,
    STAFF_HOURS,
    CENTRE,
    REGIONS,
) = range(len(RESOURCES))
TOTAL, SPENT, YEARS = range(3)
"""Rows of :func:`price`: the plan, the log, and from there on the years of the plan."""


def place_regions(regions, neighbours, core_team, served, sizes):
    """Fill in the fields of regions that follow from their staff, provider and network.

    Args:
        regions: records of REGION_TYPE with ``staff``, ``provider``, ``network``, ``rewiring`` and
            starting means; of networks from files ``ties`` and ``given`` too. Filled in: ``first``,
            ``core``, ``sites``, ``ties``, ``graphs``, ``place``.
        neighbours: (regions,) int64: the setting ``neighbours`` of each region's network.
        core_team: share of the staff who attend contacts.
        served: (providers,) int64, out: how many regions each provider has.
        sizes: int64, out: :data:`SIZES`.
    """
    for provider in range(served.size):
        served[provider] = 0
    for size in range(sizes.size):
        sizes[size] = 0
    for r in range(regions.size):
        served[regions[r].provider] += 1
    for r in range(regions.size):
        region = regions[r]
        staff = region.staff
        region.first = sizes[PEOPLE]
        region.core = share_of(core_team, staff)
        region.sites = served[region.provider]
        region.graphs = ties.graph_count(region.network, staff)
        if region.network != ties.FILE:
            region.ties = ties.tie_count(region.network, staff, neighbours[r])
        if region.network != ties.COMPLETE:
            region.place = sizes[GRAPH_PLACES]
            # Somebody without ties reads the place after their row, to no effect: it must be there.
            sizes[GRAPH_PLACES] += 1 + (staff + 1) + 2 * region.ties + 1
            scratch = ties.scratch_size(staff, region.ties)
            sizes[TIE_PLACES] = max(sizes[TIE_PLACES], scratch)
        sizes[PEOPLE] += staff
        sizes[LARGEST] = max(sizes[LARGEST], staff)
    sizes[WORDS] = 4 * in_eights(sizes[LARGEST])


def came(row):
    """How many of a region sat in a logged contact; all who were asked where the number is not
    known."""
    return row.seats if row.present == NOT_KNOWN else row.present


def share_log(log, invited, contact, regions, served, held, people, rows):
    """Fill in who took part in each row of a contact log; see :func:`sim.model.dosage.who_came`.

    Args:
        log: records of LOG_TYPE, all but ``sites``, ``seats``, ``others`` and ``share``.
        invited: (rows,) int64: how many were asked; 0: not known.
        contact: (rows,) int64: the first row of the contact that a row belongs to.
        regions, served: as :func:`place_regions` left them.
        held, people, rows: (rows,) int64 work space.
    """
    for i in range(log.size):
        row = log[i]
        region = regions[row.region]
        row.seats = invited[i] if invited[i] > 0 else max(region.core, row.present)
        row.sites = served[row.provider] + (0 if row.provider == region.provider else 1)
        held[i] = 0
        people[i] = 0
        rows[i] = 0
        first = contact[i]
        rows[first] += 1
        if row.status == HELD:
            held[first] += 1
            people[first] += came(row)
    for i in range(log.size):
        row = log[i]
        first = contact[i]
        row.others = people[first]
        row.share = 0.0
        if row.status == HELD:
            row.others = people[first] - came(row)
            row.share = 1.0 / held[first]
        elif held[first] == 0:
            row.share = 1.0 / rows[first]


def add_cost(row, contact, p):
    """Add what a contact takes to a row of :data:`RESOURCES`; one that was cancelled has been
    prepared for."""
    chance = 1.0
    if contact.timing != SCHEDULED:
        chance = rules.irregular_probability(contact.every_weeks)
    share = chance * contact.share
    preparation = p.preparation_per_contact + p.preparation_per_hour * contact.hours
    row[PREPARATION_HOURS] += share * preparation
    row[CONTACTS] += chance
    if contact.status != DRAWN and contact.status != HELD:
        return
    row[CONTACT_HOURS] += share * contact.hours
    row[STAFF_HOURS] += chance * contact.hours * came(contact)
    if contact.mode == ONSITE:
        row[VISITS] += share
        row[TRAVEL_HOURS] += share * p.travel_hours


def price(contacts, start, count, first, parameters, rates, costs, providers):
    """The planned cost; see :func:`sim.model.dosage.planned`.

    Args:
        contacts, start, count: as :func:`sim.engine.arrays.tabulate` leaves them.
        first: the first week of the plan.
        parameters: (1,) records of PARAMETER_TYPE.
        rates: (3,) money a provider hour, staff hour and visit.
        costs: (:data:`YEARS` + years, :data:`RESOURCES`), zeros; out.
        providers: (years, providers, :data:`RESOURCES`), zeros; out: what the contacts of each
            provider take, without money.
    """
    p = parameters[0]
    for week in range(start.shape[0]):
        for r in range(start.shape[1]):
            for i in range(start[week, r], start[week, r] + count[week, r]):
                contact = contacts[i]
                if week < first:
                    add_cost(costs[SPENT], contact, p)
                    continue
                year = (week - first) // WEEKS_A_YEAR
                add_cost(costs[TOTAL], contact, p)
                add_cost(costs[YEARS + year], contact, p)
                add_cost(providers[year, contact.provider], contact, p)
    for i in range(costs.shape[0]):
        row = costs[i]
        hours = row[CONTACT_HOURS] + row[PREPARATION_HOURS] + row[TRAVEL_HOURS]
        row[CENTRE] = rates[0] * hours + rates[2] * row[VISITS]
        row[REGIONS] = rates[1] * row[STAFF_HOURS]


def fill_given(sets, rates, given):
    """Fill in what formulas of outcomes need beside records; see :func:`sim.core.outcomes.given`.

    Args:
        sets: (sets,) records of PARAMETER_TYPE.
        rates: (3,) money a provider hour, staff hour and visit.
        given: (sets, value of GIVEN) out.
    """
    for i in range(sets.size):
        p = sets[i]
        given[i, G.integration_threshold] = p.integration_threshold
        given[i, G.commitment_hours] = outcomes.commitment_hours(p)
        given[i, G.provider_hour] = rates[0]
        given[i, G.staff_hour] = rates[1]
        given[i, G.travel_visit] = rates[2]
