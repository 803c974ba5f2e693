"""A scenario as arrays, for the compiled engine. Nothing here depends on luck.

Everything is made once a scenario and calendar stagger; parameter sets and replicates are rows of
later calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim import dosage, network, ties
from sim.parameters import NAMES, Parameters
from sim.population import share_of

if TYPE_CHECKING:
    from sim.scenario import Network, Scenario

PARAMETER_TYPE = np.dtype([(name, np.float64) for name in NAMES], align=True)
"""A parameter set as one record, so that compiled code reads ``p.trust_step`` too."""

CONTACT_TYPE = np.dtype(
    [
        ("series", np.int64),
        ("mode", np.int64),
        ("timing", np.int64),
        ("status", np.int64),
        ("seats", np.int64),
        ("hours", np.float64),
        ("co_creation", np.float64),
        ("every_weeks", np.float64),
    ],
    align=True,
)

REGION_TYPE = np.dtype(
    [
        ("staff", np.int64),
        ("first", np.int64),
        ("core", np.int64),
        ("provider", np.int64),
        ("sites", np.int64),
        ("network", np.int64),
        ("ties", np.int64),
        ("graphs", np.int64),
        ("place", np.int64),
        ("given", np.int64),
        ("rewiring", np.float64),
        ("knowledge", np.float64),
        ("staff_accountability", np.float64),
        ("trust", np.float64),
        ("demand", np.float64),
        ("provider_accountability", np.float64),
        ("leadership", np.float64),
    ],
    align=True,
)
"""A region as the scenario describes it. NaN: not given, use the parameters' means. ``first`` is
its first post among all posts; ``network`` an index into :data:`sim.ties.KINDS`, ``ties`` how many
ties it has and ``graphs`` how many graphs there are to take in turn. ``place`` is where its network
stands among the networks of a run, ``given`` where the ties from its file begin."""

LEAVE_TYPE = np.dtype(
    [("week", np.int64), ("region", np.int64), ("number", np.int64), ("share", np.float64)],
    align=True,
)

SELECTION = {"all": 0, "readiest": 1, "random": 2}


def parameter_rows(sets: Sequence[Parameters]) -> np.ndarray:
    """Parameter sets as an array of records, shape (sets,)."""
    matrix = np.empty(len(sets), dtype=PARAMETER_TYPE)
    for i, values in enumerate(sets):
        matrix[i] = tuple(values.vector())
    return matrix


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The arrays of one scenario.

    ``contacts`` is sorted by week, region and place in the file; those of (week, region) are
    ``contacts[contact_start[week, region]:contact_start[week, region] + contact_count[...]]``.
    ``given_ties`` holds the two posts of each tie of the networks from files, one after another;
    ``graph_places`` and ``tie_places`` say how much space the networks of a run take, and making
    the largest.
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
    provider_told: np.ndarray
    given_ties: np.ndarray
    graph_places: int
    tie_places: int

    @property
    def people(self) -> int:
        """Posts of all regions."""
        return int(self.regions["staff"].sum())


def tabulate(scenario: Scenario, stagger: float | None = None) -> Tables:
    """The arrays of a scenario.

    ``stagger`` is the parameter ``calendar_stagger``, the only one that moves calendars.
    """
    parameters = scenario.parameter_set()
    if stagger is not None:
        parameters = parameters.replace(beyond_range=True, calendar_stagger=stagger)
    plan = scenario.regions
    regions = _regions(scenario)
    contacts, start, count = _contacts(scenario, parameters, regions)
    given_ties, graph_places, tie_places = _networks(scenario, regions)
    weeks = range(scenario.horizon_weeks + 1)
    chosen_all = plan.selection == "all" or plan.count == plan.candidates
    return Tables(
        horizon=scenario.horizon_weeks,
        candidates=plan.candidates,
        selection=SELECTION["all"] if chosen_all else SELECTION[plan.selection],
        staff=plan.staff,
        background_trend=scenario.background_trend,
        coupled=bool((contacts["timing"] == dosage.ON_DEMAND).any()),
        regions=regions,
        contacts=contacts,
        contact_start=start,
        contact_count=count,
        most_contacts=int(count.max(initial=0)),
        demand=_demand(scenario),
        delivery=np.array([dosage.delivery_share(scenario, w) for w in weeks]),
        leaves=_leaves(scenario),
        provider_hours=np.array(scenario.providers.hours_each, dtype=np.float64),
        provider_told=_told(scenario),
        given_ties=given_ties,
        graph_places=graph_places,
        tie_places=tie_places,
    )


def _regions(scenario: Scenario) -> np.ndarray:
    assigned = scenario.providers.assigned(scenario.region_names)
    table = np.zeros(len(scenario.region_names), dtype=REGION_TYPE)
    first = 0
    for i, name in enumerate(scenario.region_names):
        row = table[i]
        row["staff"] = scenario.staff_counts[i]
        row["first"] = first
        row["core"] = share_of(scenario.regions.core_team, scenario.staff_counts[i])
        row["provider"] = assigned[i]
        row["sites"] = assigned.count(assigned[i])
        override = scenario.regions.overrides.get(name)
        start = override.start if override else None
        for field in (
            "knowledge",
            "staff_accountability",
            "trust",
            "demand",
            "provider_accountability",
        ):
            given = getattr(start, field) if start else None
            row[field] = np.nan if given is None else given
        leadership = override.leadership if override else None
        row["leadership"] = np.nan if leadership is None else leadership
        first += scenario.staff_counts[i]
    return table


def _contacts(
    scenario: Scenario, parameters: Parameters, regions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    planned = dosage.planned_contacts(scenario, parameters)
    shape = (scenario.horizon_weeks + 1, len(regions))
    start = np.zeros(shape, dtype=np.int64)
    count = np.zeros(shape, dtype=np.int64)
    table = np.zeros(len(planned), dtype=CONTACT_TYPE)
    for i, c in enumerate(planned):
        if count[c.week, c.region] == 0:
            start[c.week, c.region] = i
        count[c.week, c.region] += 1
        seats = share_of(c.invited, int(regions["core"][c.region]))
        table[i] = (
            c.series, c.mode, c.timing, c.status, seats, c.hours, c.co_creation, c.every_weeks,
        )  # fmt: skip
    return table, start, count


def _demand(scenario: Scenario) -> np.ndarray:
    """What shocks add to each region's demand, (week, region)."""
    names = scenario.region_names
    rises = np.zeros((scenario.horizon_weeks + 1, len(names)))
    if any(shock.kind == "demand_rise" for shock in scenario.shocks):
        for week in range(len(rises)):
            rises[week] = [dosage.demand_rise(scenario, week, name) for name in names]
    return rises


def _leaves(scenario: Scenario) -> np.ndarray:
    names = scenario.region_names
    rows = [
        (s.week, names.index(s.region) if s.region is not None else -1, number, s.share)
        for number, s in enumerate(scenario.shocks)
        if s.kind == "staff_leave"
    ]
    return np.array(rows, dtype=LEAVE_TYPE)


def _told(scenario: Scenario) -> np.ndarray:
    """Whether a shock makes a provider leave, (week, provider), int64."""
    told = np.zeros((scenario.horizon_weeks + 1, scenario.providers.count), dtype=np.int64)
    for shock in scenario.shocks:
        if shock.kind == "provider_leaves":
            told[shock.week, scenario.provider_names.index(shock.provider)] = 1
    return told


def _networks(scenario: Scenario, regions: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Fill in the networks of regions; the ties from files, and the places that networks take."""
    known: dict[Network, tuple[int, np.ndarray]] = {}
    given, place, scratch = 0, 0, 0
    for row, asked in zip(regions, scenario.networks, strict=True):
        staff = int(row["staff"])
        row["network"] = ties.KINDS.index(asked.kind)
        row["rewiring"] = asked.rewiring
        row["graphs"] = ties.graph_count(row["network"], staff)
        row["ties"] = network.tie_count(asked, staff)
        if asked.kind == "file":
            if asked not in known:
                known[asked] = (given, network.given_ties(asked))
                given += len(known[asked][1])
            row["given"] = known[asked][0]
        if asked.kind != "complete":
            row["place"] = place
            # Somebody without ties reads the place after their row, to no effect: it must be there.
            place += 1 + (staff + 1) + 2 * int(row["ties"]) + 1
            scratch = max(scratch, ties.scratch_size(staff, int(row["ties"])))
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *(array for _, array in known.values())]), place, scratch
