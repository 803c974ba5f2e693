"""Each outcome, defined once: name, unit, meaning, and how it follows from what an engine records.

An engine writes one *record* a run: a float64 array (week 0..T, region, column of :data:`RECORD`).
Everything that is reported is derived from it here, so that engines, reports and figures cannot
disagree about what a word means. Week 0 is the start and has no contacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np

from sim.errors import InputError, Problem, did_you_mean

RECORD: tuple[str, ...] = (
    # levels at the end of the week
    "trust",
    "staff_accountability",
    "provider_accountability",
    "knowledge",
    "knowledge_sd",
    "integration",
    "integrated_share",
    "routines",
    "readiness",
    "context",
    "load",
    "workload",
    "open",
    # counts and hours of the week
    "planned",
    "held",
    "failed_provider",
    "failed_region",
    "attended",
    "invited",
    "present",
    "made_staff",
    "made_provider",
    "kept_staff",
    "kept_provider",
    "broken_staff",
    "broken_provider",
    "lapsed",
    "leavers",
    "provider_left",
    "contact_hours",
    "preparation_hours",
    "travel_hours",
    "staff_hours",
    "visits",
    "co_creation_sum",
)
"""Columns of a record. ``attended`` counts held contacts that anybody came to; ``invited`` and
``present`` count people over held contacts; ``co_creation_sum`` adds realised co-creation over
attended contacts."""

COLUMN: Mapping[str, int] = MappingProxyType({name: i for i, name in enumerate(RECORD)})
FIRST_FLOW = COLUMN["planned"]
"""Columns from here on are flows of one week; the ones before are levels."""

COLLABORATION_WINDOW = 17
"""Weeks over which a provider rates collaboration (a definition)."""

Kind = Literal["level", "total", "rate"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome.

    ``kind`` says what a summary at a week is: the *level* at that week, the *total* up to it, or a
    *rate* pooled over all weeks up to it (empty where nothing happened). ``overall`` says how
    regions are joined: their unweighted mean, or their sum. ``low`` and ``high`` bound one region's
    weekly value (``high`` None: no bound).

    >>> OUTCOMES["travel_hours"].unit, OUTCOMES["travel_hours"].kind
    ('h', 'total')
    """

    name: str
    unit: str
    meaning: str
    kind: Kind = "level"
    overall: Literal["mean", "sum"] = "mean"
    low: float = 0.0
    high: float | None = 1.0


def _total(name: str, unit: str, meaning: str) -> Outcome:
    return Outcome(name, unit, meaning, kind="total", overall="sum", high=None)


_OUTCOMES: tuple[Outcome, ...] = (
    Outcome("trust", "0-1", "mean trust of staff in their provider"),
    Outcome("staff_accountability", "0-1", "mean accountability of staff for what was agreed"),
    Outcome("provider_accountability", "0-1", "the provider's accountability to the region"),
    Outcome("mutual_accountability", "0-1", "sqrt(mean of staff x provider): both sides at once"),
    Outcome("knowledge", "0-1", "mean knowledge of implementation science"),
    Outcome("knowledge_sd", "SD", "spread of that knowledge between staff", high=0.5),
    Outcome("integration", "0-1", "mean integration of implementation science in ongoing work"),
    Outcome("integrated_share", "share", "share of staff with integration of one half or more"),
    Outcome("fully_integrated", "share", "regions whose mean integration is one half or more"),
    Outcome("routines", "0-1", "how far it is a routine of the region rather than of persons"),
    Outcome("readiness", "0-1", "mean of (motivation x general x specific capacity)^(1/3)"),
    Outcome("capacity", "0-1", "capacity index: (mean knowledge + mean integration + routines)/3"),
    Outcome("workload", "0-1", "mean workload of staff"),
    Outcome("provider_load", "ratio", "the provider's running load over the hours available",
            high=None),
    Outcome("provider_context", "0-1", "how well the provider knows the region"),
    _total("contacts_planned", "contacts", "contacts due"),
    _total("contacts_held", "contacts", "contacts held"),
    _total("contacts_failed_by_provider", "contacts", "due contacts that the provider failed"),
    _total("contacts_failed_by_region", "contacts", "due contacts that the region cancelled"),
    _total("contact_hours", "h", "provider hours in contact"),
    _total("preparation_hours", "h", "provider hours of preparation, for every due contact"),
    _total("travel_hours", "h", "provider hours of travel, for visits held"),
    _total("provider_hours", "h", "provider hours in all: contact, preparation, travel"),
    _total("staff_hours", "h", "hours of staff in contacts that they attended"),
    Outcome("attendance", "share", "people present over people invited, by region", kind="rate"),
    Outcome("co_creation", "0-1", "realised co-creation, mean over attended contacts",
            kind="rate"),
    _total("commitments_made", "commitments", "new commitments, both sides"),
    _total("commitments_kept", "commitments", "commitments reviewed and kept, both sides"),
    _total("commitments_broken", "commitments", "commitments reviewed and not kept, both sides"),
    _total("commitments_lapsed", "commitments", "commitments of those who left"),
    Outcome("commitments_open", "commitments", "commitments not yet reviewed", overall="sum",
            high=None),
    Outcome("commitments_kept_share", "share", "kept over reviewed, both sides", kind="rate"),
    _total("staff_leavers", "people", "staff who left"),
    Outcome("collaboration", "0-1", "provider-rated collaboration over the last 17 weeks: "
            "(attendance x staff's commitments kept x contacts not failed by the region)^(1/3)"),
    _total("cost", "money", "provider hours, attended staff hours, visits at the scenario's costs"),
)  # fmt: skip

OUTCOMES: Mapping[str, Outcome] = MappingProxyType({o.name: o for o in _OUTCOMES})
"""Every outcome by name (read-only)."""
NAMES: tuple[str, ...] = tuple(OUTCOMES)
INDEX: Mapping[str, int] = MappingProxyType({name: i for i, name in enumerate(NAMES)})

HEADLINES: tuple[str, ...] = (
    "trust",
    "mutual_accountability",
    "knowledge",
    "integration",
    "integrated_share",
    "capacity",
)
"""The outcomes a short answer shows first."""


class CostRates(Protocol):
    """Anything with the three rates of a scenario's ``costs``."""

    @property
    def provider_hour(self) -> float: ...
    @property
    def staff_hour(self) -> float: ...
    @property
    def travel_visit(self) -> float: ...


def check_outcome(name: str) -> Outcome:
    """The outcome of that name.

    Raises:
        InputError: no such outcome; names the nearest.
    """
    if name not in OUTCOMES:
        raise InputError(
            Problem(
                f"{name!r} is not an outcome",
                field="outcome",
                value=name,
                allowed="the names printed by 'codose outcomes'",
                suggestion=did_you_mean(name, NAMES),
            )
        )
    return OUTCOMES[name]


def cube_root(x: np.ndarray) -> np.ndarray:
    """:func:`sim.rules.cube_root` over an array, with the same bits."""
    y = np.array(x, dtype=np.float64)
    tiny = ~(y >= 2.0**-144)
    scale = np.ones_like(y)
    for bits in (96, 48, 24, 12, 6, 3):
        small = y < 2.0**-bits
        y = np.where(small, y * 2.0**bits, y)
        scale = np.where(small, scale * 2.0 ** (-bits // 3), scale)
    root = 0.46 + 0.56 * y
    for _ in range(3):
        cube = root * root * root
        root = root * (cube + 2.0 * y) / (2.0 * cube + y)
    return np.where(np.isnan(x), np.nan, np.where(tiny, 0.0, root * scale))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, empty (NaN) where below is 0."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _sums_over_window(flows: np.ndarray, window: int) -> np.ndarray:
    """Sums over the last ``window`` weeks of flows (..., week, region).

    The flows summed here are counts, so differences of running totals are exact.
    """
    total = np.cumsum(flows, axis=-2)
    shifted = np.zeros_like(total)
    shifted[..., window:, :] = total[..., :-window, :]
    return total - shifted


_SUMMED = np.array([one.overall == "sum" for one in OUTCOMES.values()])


def _joined(values: np.ndarray, summed: np.ndarray) -> np.ndarray:
    """Join the regions of (..., region, outcome).

    The sum where ``summed``, elsewhere the unweighted mean over those that have a value.

    Regions are added one after another, so the result does not depend on the machine.
    """
    total = np.zeros((*values.shape[:-2], values.shape[-1]))
    for region in range(values.shape[-2]):
        total += values[..., region, :]
    joined = np.where(summed, total, total / values.shape[-2])
    # The few outcomes that may be empty: once more, without what is empty.
    empty = np.flatnonzero(np.isnan(total).any(axis=tuple(range(total.ndim - 1))))
    if len(empty):
        some = values[..., empty]
        known = ~np.isnan(some)
        some = np.where(known, some, 0.0)
        total, count = np.zeros_like(some[..., 0, :]), np.zeros_like(some[..., 0, :])
        for region in range(values.shape[-2]):
            total += some[..., region, :]
            count += known[..., region, :]
        means = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        joined[..., empty] = np.where(summed[empty], total, means)
    return joined


def weekly(record: np.ndarray, costs: CostRates, threshold: float = 0.5) -> np.ndarray:
    """Every outcome in every week.

    Args:
        record: (..., week, region, column of RECORD).
        costs: money a provider hour, staff hour and visit.
        threshold: mean integration from which a region counts as fully integrated.

    Returns:
        (..., week, region + 1, outcome of NAMES); the last region is "overall". Totals hold the
        flow of the week; rates the week's own ratio, NaN where nothing happened.

    Raises:
        IndexError: the last axis is no record.

    >>> from sim.model import simulate
    >>> from sim.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> values = weekly(simulate(scenario, scenario.parameter_set(), 1, 0), scenario.costs)
    >>> values.shape == (scenario.horizon_weeks + 1, 2, len(NAMES))
    True
    >>> bool((values[..., INDEX["trust"]] <= 1).all())
    True
    """
    regional = _regional(record, costs, threshold)
    values = np.empty((*record.shape[:-2], record.shape[-2] + 1, len(NAMES)))
    for outcome, name in enumerate(NAMES):
        values[..., :-1, outcome] = regional[name]
    values[..., -1, :] = _joined(values[..., :-1, :], _SUMMED)
    return values


def at_week(record: np.ndarray, week: int, costs: CostRates, threshold: float = 0.5) -> np.ndarray:
    """Every outcome as a summary at ``week``: levels there, totals and pooled rates up to there.

    Args:
        record: (..., week, region, column of RECORD).
        week: 0..the record's last.
        costs, threshold: as for :func:`weekly`.

    Returns:
        (..., region + 1, outcome of NAMES); the last region is "overall".

    Raises:
        ValueError: the record has no such week.

    >>> from sim.model import simulate
    >>> from sim.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> record = simulate(scenario, scenario.parameter_set(), 1, 0)
    >>> held = [at_week(record, w, scenario.costs)[-1, INDEX["contacts_held"]] for w in (0, 26, 52)]
    >>> held == sorted(held), float(held[0])
    (True, 0.0)
    """
    if not 0 <= week < record.shape[-3]:
        raise ValueError(f"week {week} is outside 0..{record.shape[-3] - 1}")
    sums = np.cumsum(record[..., : week + 1, :, FIRST_FLOW:], axis=-3)
    before = max(0, week - COLLABORATION_WINDOW)
    return _with_overall(
        _summary(
            record[..., week, :, :], sums[..., -1, :, :], sums[..., before, :, :], costs, threshold
        )
    )


def _summary(
    levels: np.ndarray,
    totals: np.ndarray,
    totals_before: np.ndarray,
    costs: CostRates,
    threshold: float | np.ndarray,
) -> np.ndarray:
    """Outcomes at a week from its levels and the totals of flows to it and to the week before the
    window of provider-rated collaboration; each (..., region, column)."""
    row = levels[..., None, :, :].copy()
    window = row.copy()
    row[..., 0, :, FIRST_FLOW:] = totals
    window[..., 0, :, FIRST_FLOW:] = totals - totals_before
    regional = _regional(row, costs, threshold)
    regional["collaboration"] = _collaboration(window)
    return np.stack([regional[name][..., 0, :] for name in NAMES], axis=-1)


def _with_overall(values: np.ndarray) -> np.ndarray:
    """Append the overall "region" to (..., region, outcome)."""
    joined = _joined(values, _SUMMED)
    return np.concatenate([values, joined[..., None, :]], axis=-2)


def _regional(
    record: np.ndarray, costs: CostRates, threshold: float | np.ndarray
) -> dict[str, np.ndarray]:
    """Outcomes of each region, week by week, each (..., week, region)."""

    def col(name: str) -> Any:
        return record[..., COLUMN[name]]

    provider_hours = col("contact_hours") + col("preparation_hours") + col("travel_hours")
    kept = col("kept_staff") + col("kept_provider")
    broken = col("broken_staff") + col("broken_provider")
    return {
        "trust": col("trust"),
        "staff_accountability": col("staff_accountability"),
        "provider_accountability": col("provider_accountability"),
        "mutual_accountability": np.sqrt(
            col("staff_accountability") * col("provider_accountability")
        ),
        "knowledge": col("knowledge"),
        "knowledge_sd": col("knowledge_sd"),
        "integration": col("integration"),
        "integrated_share": col("integrated_share"),
        "fully_integrated": np.where(col("integration") >= threshold, 1.0, 0.0),
        "routines": col("routines"),
        "readiness": col("readiness"),
        "capacity": (col("knowledge") + col("integration") + col("routines")) / 3.0,
        "workload": col("workload"),
        "provider_load": col("load"),
        "provider_context": col("context"),
        "contacts_planned": col("planned"),
        "contacts_held": col("held"),
        "contacts_failed_by_provider": col("failed_provider"),
        "contacts_failed_by_region": col("failed_region"),
        "contact_hours": col("contact_hours"),
        "preparation_hours": col("preparation_hours"),
        "travel_hours": col("travel_hours"),
        "provider_hours": provider_hours,
        "staff_hours": col("staff_hours"),
        "attendance": _ratio(col("present"), col("invited")),
        "co_creation": _ratio(col("co_creation_sum"), col("attended")),
        "commitments_made": col("made_staff") + col("made_provider"),
        "commitments_kept": kept,
        "commitments_broken": broken,
        "commitments_lapsed": col("lapsed"),
        "commitments_open": col("open"),
        "commitments_kept_share": _ratio(kept, kept + broken),
        "staff_leavers": col("leavers"),
        "collaboration": _collaboration(record),
        "cost": costs.provider_hour * provider_hours
        + costs.staff_hour * col("staff_hours")
        + costs.travel_visit * col("visits"),
    }


def _collaboration(record: np.ndarray) -> np.ndarray:
    """Provider-rated collaboration over the last 17 weeks; empty where a factor has no basis."""

    def window(name: str) -> np.ndarray:
        return _sums_over_window(record[..., COLUMN[name]], COLLABORATION_WINDOW)

    attendance = _ratio(window("present"), window("invited"))
    kept = window("kept_staff")
    follow_through = _ratio(kept, kept + window("broken_staff"))
    planned = window("planned")
    not_failed = _ratio(planned - window("failed_region"), planned)
    return cube_root(attendance * follow_through * not_failed)


def needed_weeks(points: Iterable[int], horizon: int) -> list[int]:
    """The weeks that a record must report so that outcomes can be summarised at ``points``.

    Beside the points themselves: the week before the window of provider-rated collaboration, and
    the horizon.
    """
    weeks = {horizon}
    for point in points:
        if not 0 <= point <= horizon:
            raise ValueError(f"week {point} is outside 0..{horizon}")
        weeks |= {point, max(0, point - COLLABORATION_WINDOW)}
    return sorted(weeks)


def at_points(
    records: np.ndarray,
    weeks: Sequence[int],
    points: Sequence[int],
    costs: CostRates,
    threshold: float | np.ndarray = 0.5,
) -> np.ndarray:
    """Every outcome as a summary at some weeks, from records that report only some weeks.

    Args:
        records: (..., weeks, region, column of RECORD): levels at each of ``weeks``, flows since
            the one before.
        weeks: ascending, from :func:`needed_weeks`.
        threshold: a number, or an array that fits (..., 1, 1).

    Returns:
        (..., points, region + 1, outcome of NAMES), as :func:`at_week` gives for each point.
    """
    place = {week: i for i, week in enumerate(weeks)}
    sums = np.cumsum(records[..., FIRST_FLOW:], axis=-3)
    values = []
    for point in points:
        now, before = place[point], place[max(0, point - COLLABORATION_WINDOW)]
        regional = _summary(
            records[..., now, :, :],
            sums[..., now, :, :],
            sums[..., before, :, :],
            costs,
            threshold,
        )
        values.append(_with_overall(regional))
    return np.stack(values, axis=-3)


class PointWeeks(Protocol):
    """What :func:`points` needs of a scenario."""

    @property
    def end_of_ta(self) -> int: ...
    @property
    def horizon_weeks(self) -> int: ...


PERSISTENCE_WEEKS = 52
"""Persistence looks this many weeks past the end of TA."""


def points(scenario: PointWeeks) -> dict[str, int]:
    """The weeks of the summaries: start, end_of_ta, a year after it if there, horizon."""
    weeks = {"start": 0, "end_of_ta": scenario.end_of_ta, "horizon": scenario.horizon_weeks}
    later = scenario.end_of_ta + PERSISTENCE_WEEKS
    if later <= scenario.horizon_weeks:
        weeks["year_after"] = later
    return weeks
