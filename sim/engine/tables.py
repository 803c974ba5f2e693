"""A scenario as arrays, for the compiled engine: :class:`Tables`. Nothing here depends on chance.

The functions turn the lines of a scenario into records, which compiled code called by
:mod:`sim.engine.prepare` spreads over the weeks. This is done once for each scenario and calendar
stagger; parameter sets and replicates are arguments of later calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core import ties
from sim.core.parameters import NAMES, Parameters
from sim.engine.arrays import DELIVERY_WORK, EVENTS
from sim.model import dosage, network
from sim.scenario.functions import FUNCTIONS

if TYPE_CHECKING:
    from sim.scenario.contact_log import LogRow
    from sim.scenario.fields import ContactSeries, Network
    from sim.scenario.scenario import Scenario


def _ints(*names: str) -> list[tuple[str, type]]:
    return [(name, np.int64) for name in names]


def _floats(*names: str) -> list[tuple[str, type]]:
    return [(name, np.float64) for name in names]


def _record(*fields: list[tuple[str, type]]) -> np.dtype:
    """A record of these fields in their order, aligned as in C."""
    return np.dtype([one for some in fields for one in some], align=True)


PARAMETER_TYPE = _record(_floats(*NAMES))
"""A parameter set as one record, so that compiled code reads ``p.trust_step`` too."""

_WHO_CAME = [*_ints("provider", "sites", "seats", "present", "others"), *_floats("share")]
"""The fields of :class:`sim.model.dosage.WhoCame`."""

CONTACT_TYPE = _record(
    _ints("series", "mode", "timing", "status"),
    _floats("hours", "co_creation", "every_weeks"),
    _WHO_CAME,
    _floats(*FUNCTIONS),
)
"""A contact that is due, or that chance may make due. The shares of its time are NaN for the
reference mix; ``present`` is :data:`sim.model.dosage.NOT_KNOWN` where attendance is drawn."""

_STARTS = (
    "knowledge", "staff_accountability", "trust", "demand", "provider_accountability", "leadership",
)  # fmt: skip

REGION_TYPE = _record(
    _ints("staff", "first", "core", "provider", "sites"),
    _ints("network", "ties", "graphs", "place", "given"),
    _floats("rewiring", *_STARTS),
)
"""A region as the scenario describes it. NaN: not given, so that the parameters apply. ``first`` is
its first post among all posts; ``network`` an index into
:data:`sim.core.ties.KINDS`, ``ties`` its number of ties, ``graphs`` the number of graphs that
replicates take in turn. ``place`` is the position of its network among the networks of a run,
``given`` that of the first of the ties from its file."""

SERIES_TYPE = _record(
    _ints("mode", "timing", "first_week", "last_week"),
    _floats("every_weeks", "hours", "taper", "co_creation_start", "co_creation_end", "invited"),
    _floats(*FUNCTIONS),
)
"""A contact series as the scenario describes it."""

LOG_TYPE = _record(
    _ints("week", "region", "mode", "status"),
    _floats("hours", "co_creation"),
    _WHO_CAME,
    _floats(*FUNCTIONS),
)
"""A row of a contact log."""

EVENT_TYPE = _record(
    _ints("kind", "week", "until_week", "region", "provider", "number"), _floats("amount")
)
"""A shock or a phase of delivery work: ``kind`` is an index into
:data:`sim.engine.arrays.EVENTS`, ``region`` -1 means all, ``number`` is the position among the
shocks, ``amount`` the factor, the change or the share."""

LEAVE_TYPE = _record(_ints("week", "region", "number"), _floats("share"))

SELECTION = {"all": 0, "readiest": 1, "random": 2}


def parameter_rows(sets: Sequence[Parameters]) -> np.ndarray:
    """Parameter sets as an array of records, shape (sets,)."""
    return np.array([one.vector() for one in sets]).view(PARAMETER_TYPE).reshape(len(sets))


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The arrays of one scenario.

    ``contacts`` is sorted by week, region and place in the file; those of (week, region) are
    ``contacts[contact_start[week, region]:contact_start[week, region] + contact_count[...]]``.
    ``given_ties`` holds the two posts of each tie of the networks from files, one after another;
    ``sizes`` are :data:`sim.engine.filling.SIZES`.
    """

    horizon: int
    candidates: int
    selection: int
    staff: int
    background_trend: float
    coupled: bool
    """Whether regions act on each other through providers' diaries (on-demand contacts)."""
    regions: np.ndarray
    contacts: np.ndarray
    contact_start: np.ndarray
    contact_count: np.ndarray
    most_contacts: int
    demand: np.ndarray
    delivery: np.ndarray
    leaves: np.ndarray
    provider_hours: np.ndarray
    provider_departs: np.ndarray
    given_ties: np.ndarray
    sizes: dict[str, int]

    @property
    def people(self) -> int:
        """Posts of all regions."""
        return self.sizes["people"]


def region_rows(scenario: Scenario) -> np.ndarray:
    """The regions, (regions,) of :data:`REGION_TYPE`, without their networks (:func:`network_rows`)
    and the fields that :func:`sim.engine.filling.place_regions` sets."""
    names = scenario.region_names
    overrides = scenario.regions.overrides
    table = np.zeros(len(names), dtype=REGION_TYPE)
    table["staff"] = scenario.staff_counts
    table["provider"] = scenario.providers.assigned(names)
    for field in _STARTS:
        table[field] = np.nan
    for row, name in zip(table, names, strict=True):
        if name in overrides:
            given = {**overrides[name].start.model_dump(), "leadership": overrides[name].leadership}
            for field in _STARTS:
                row[field] = np.nan if given[field] is None else given[field]
    return table


def _shares(one: ContactSeries | LogRow) -> tuple[float, ...]:
    """Shares of the time of a contact; NaN for the reference mix."""
    return (np.nan,) * len(FUNCTIONS) if one.functions is None else one.functions.shares


def series_rows(scenario: Scenario) -> np.ndarray:
    """The contact series, (series,) of :data:`SERIES_TYPE`."""
    rows = [
        (
            dosage.MODES.index(one.mode),
            dosage.TIMINGS.index(one.timing),
            one.first_week,
            scenario.horizon_weeks if one.last_week is None else one.last_week,
            one.every_weeks,
            one.hours,
            one.taper,
            one.co_creation_start,
            one.co_creation_end,
            one.invited,
            *_shares(one),
        )
        for one in scenario.dosage
    ]
    return np.array(rows, dtype=SERIES_TYPE)


def log_rows(scenario: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The contact log, without the fields that :func:`sim.engine.filling.share_log` sets.

    Returns:
        (rows,) of :data:`LOG_TYPE`; the number of people invited (0: not known) and the first row
        of the contact that each row belongs to, int64 (rows,) each.
    """
    region = {name: i for i, name in enumerate(scenario.region_names)}
    provider = {name: i for i, name in enumerate(scenario.provider_names)}
    mode = {name: i for i, name in enumerate(dosage.MODES)}
    status = {name: i for i, name in enumerate(dosage.STATUSES)}
    logged = scenario.contact_log.rows if scenario.contact_log else ()
    assigned = scenario.assignment
    first: dict[str, int] = {}
    rows, contact = [], []
    for i, row in enumerate(logged):
        at = region[row.region]
        who = assigned[at] if row.provider is None else provider[row.provider]
        present = dosage.NOT_KNOWN if row.present is None else row.present
        contact.append(i if row.contact is None else first.setdefault(row.contact, i))
        rows.append((
            row.week, at, mode[row.mode], status[row.status], row.hours, row.co_creation,
            who, 0, 0, present, 0, 0.0, *_shares(row),
        ))  # fmt: skip
    asked = [row.invited or 0 for row in logged]
    return (
        np.array(rows, dtype=LOG_TYPE),
        np.array(asked, dtype=np.int64),
        np.array(contact, dtype=np.int64),
    )


def event_rows(scenario: Scenario) -> np.ndarray:
    """Shocks and delivery work, (events,) of :data:`EVENT_TYPE`, in the order of the file."""
    rows = []
    for number, shock in enumerate(scenario.shocks):
        kind = EVENTS.index(shock.kind)
        until, region, provider, amount = shock.week, -1, -1, 0.0
        if shock.kind == "provider_leaves":
            provider = scenario.provider_names.index(shock.provider)
        elif shock.kind == "dosage_cut":
            amount = shock.factor
            until = scenario.horizon_weeks if shock.until_week is None else shock.until_week
        else:
            region = -1 if shock.region is None else scenario.region_names.index(shock.region)
            if shock.kind == "demand_rise":
                until, amount = shock.until_week, shock.by
            else:
                amount = shock.share
        rows.append((kind, shock.week, until, region, provider, number, amount))
    rows += [
        (DELIVERY_WORK, phase.week, phase.until_week, -1, -1, -1, phase.share)
        for phase in scenario.delivery_work
    ]
    return np.array(rows, dtype=EVENT_TYPE)


def network_rows(scenario: Scenario, regions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Enter the networks into the rows of the regions.

    Returns:
        The setting ``neighbours`` of each region, int64 (regions,); and the ties from files, two
        posts each, one after another, int64.
    """
    known: dict[Network, tuple[int, np.ndarray]] = {}
    given = 0
    for row, asked in zip(regions, scenario.networks, strict=True):
        row["network"] = ties.KINDS.index(asked.kind)
        row["rewiring"] = asked.rewiring
        if asked.kind == "file":
            if asked not in known:
                known[asked] = (given, network.given_ties(asked))
                given += len(known[asked][1])
            row["given"] = known[asked][0]
            row["ties"] = len(asked.edges)
    neighbours = np.array([asked.neighbours for asked in scenario.networks], dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    return neighbours, np.concatenate([none, *(array for _, array in known.values())])
