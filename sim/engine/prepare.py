"""A scenario as :class:`~sim.engine.tables.Tables`, the arrays of the engine: :func:`tabulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engine import native, tables
from sim.engine.arguments import Block
from sim.engine.arrays import STAFF_LEAVE
from sim.engine.entries import ENTRIES
from sim.engine.tables import Tables
from sim.model.dosage import ON_DEMAND

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario


def tabulate(scenario: Scenario, stagger: float | None = None) -> Tables:
    """The arrays of a scenario. What it costs grows with regions and weeks, not with staff.

    Args:
        scenario: any.
        stagger: the parameter ``calendar_stagger``, the only one that moves calendars; left out:
            the scenario's own.

    Raises:
        EngineError: compiled code cannot be used here.
    """
    if stagger is None:
        stagger = scenario.parameter_set().calendar_stagger
    plan = scenario.regions
    regions = tables.region_rows(scenario)
    networks = tables.place_networks(scenario, regions)
    planned = _planned(scenario, regions, stagger)
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
        **planned,
        **networks,
    )


def _planned(scenario: Scenario, regions: np.ndarray, stagger: float) -> dict[str, np.ndarray]:
    """What compiled code finds: the contacts, and what events do to each week."""
    weeks, size = scenario.horizon_weeks + 1, len(regions)
    events = tables.event_rows(scenario)
    leaving = int((events["kind"] == STAFF_LEAVE).sum())
    planned = {
        "demand": np.zeros((weeks, size)),
        "delivery": np.zeros(weeks),
        "leaves": np.zeros(leaving, dtype=tables.LEAVE_TYPE),
        "provider_told": np.zeros((weeks, scenario.providers.count), dtype=np.int64),
        "contact_start": np.zeros((weeks, size), dtype=np.int64),
        "contact_count": np.zeros((weeks, size), dtype=np.int64),
        "contacts": np.zeros(0, dtype=tables.CONTACT_TYPE),
    }
    block = Block(ENTRIES["tabulate"])
    block.put(
        series=tables.series_rows(scenario),
        log=tables.log_rows(scenario),
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
