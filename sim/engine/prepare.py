"""A scenario as :class:`~sim.engine.tables.Tables`, the arrays of the engine: :func:`tabulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine import native, tables
from sim.engine.arguments import Block
from sim.engine.arrays import STAFF_LEAVE
from sim.engine.entries import ENTRIES
from sim.engine.filling import SIZES
from sim.engine.tables import Tables
from sim.model.dosage import ON_DEMAND

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario


def tabulate(scenario: Scenario, stagger: float | None = None) -> Tables:
    """The arrays of a scenario. Their size grows with regions and weeks, not with staff.

    Args:
        scenario: the scenario.
        stagger: the parameter ``calendar_stagger``, the only one that moves calendars; default:
            the scenario's own.

    Raises:
        EngineError: compiled code cannot be used here.
    """
    if stagger is None:
        stagger = scenario.parameter_set().calendar_stagger
    plan = scenario.regions
    regions, given_ties, served, sizes = _placed(scenario)
    planned = _planned(scenario, regions, served, stagger)
    whole = plan.selection == "all" or plan.count == plan.candidates
    return Tables(
        horizon=scenario.horizon_weeks,
        candidates=plan.candidates,
        selection=tables.SELECTION["all" if whole else plan.selection],
        staff=plan.staff,
        background_trend=scenario.background_trend,
        coupled=bool((planned["contacts"]["timing"] == ON_DEMAND).any()),
        regions=regions,
        most_contacts=int(planned["contact_count"].max(initial=0)),
        provider_hours=np.array(scenario.providers.hours_each, dtype=np.float64),
        given_ties=given_ties,
        sizes=dict(zip(SIZES, sizes.tolist(), strict=True)),
        **planned,
    )


def _placed(scenario: Scenario) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The regions, complete; ties from files; number of regions of each provider;
    :data:`sim.engine.filling.SIZES`."""
    regions = tables.region_rows(scenario)
    neighbours, given_ties = tables.network_rows(scenario, regions)
    served = np.zeros(scenario.providers.count, dtype=np.int64)
    sizes = np.zeros(len(SIZES), dtype=np.int64)
    _call("place_regions", regions, neighbours, scenario.regions.core_team, served, sizes)
    return regions, given_ties, served, sizes


def _logged(scenario: Scenario, regions: np.ndarray, served: np.ndarray) -> np.ndarray:
    """The contact log, with the people who came."""
    log, asked, contact = tables.log_rows(scenario)
    if len(log):
        work = np.zeros((3, len(log)), dtype=np.int64)
        _call("share_log", log, asked, contact, regions, served, *work)
    return log


def _call(entry: str, *values: Any) -> None:
    """Call an entry with its arguments in order."""
    block = Block(ENTRIES[entry])
    names = [argument.name for _, argument in block.entry.flat()]
    block.put(**dict(zip(names, values, strict=True)))
    native.engine().call(block)


def _planned(
    scenario: Scenario, regions: np.ndarray, served: np.ndarray, stagger: float
) -> dict[str, np.ndarray]:
    """Arrays that compiled code fills: the contacts, and the effects of events in each week."""
    weeks, size = scenario.horizon_weeks + 1, len(regions)
    events = tables.event_rows(scenario)
    leaving = int((events["kind"] == STAFF_LEAVE).sum())
    planned = {
        "demand": np.zeros((weeks, size)),
        "delivery": np.zeros(weeks),
        "leaves": np.zeros(leaving, dtype=tables.LEAVE_TYPE),
        "provider_departs": np.zeros((weeks, scenario.providers.count), dtype=np.int64),
        "contact_start": np.zeros((weeks, size), dtype=np.int64),
        "contact_count": np.zeros((weeks, size), dtype=np.int64),
        "contacts": np.zeros(0, dtype=tables.CONTACT_TYPE),
    }
    block = Block(ENTRIES["tabulate"])
    block.put(
        series=tables.series_rows(scenario),
        log=_logged(scenario, regions, served),
        events=events,
        regions=regions,
        stagger=stagger,
        cuts=np.zeros(weeks),
        seen=np.zeros((weeks, size), dtype=np.int64),
        **planned,
    )
    engine = native.engine()
    engine.call(block)  # counts the contacts
    planned["contacts"] = np.zeros(int(planned["contact_count"].sum()), dtype=tables.CONTACT_TYPE)
    if len(planned["contacts"]):
        block.put(contacts=planned["contacts"])
        engine.call(block)
    return planned
