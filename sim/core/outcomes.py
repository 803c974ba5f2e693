"""``RECORD`` and ``OUTCOMES``: what an engine records, and each outcome that follows from it.

An engine writes one *record* a run: a float64 array (week 0..T, region, column of :data:`RECORD`).
An outcome is defined once, as a row of :data:`OUTCOMES`: its name, unit and meaning, and its
*formula*, a plain scalar function of one region. Engines, reports and the page cannot disagree
about what a word means. Week 0 is the start and has no contacts.

:func:`weekly` and :func:`at_week` apply the formulas to a record in plain Python. Compiled code
applies the same functions to many runs (:mod:`sim.engine.summary`) and gives the same bits.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from sim.core import rules
from sim.core.errors import check_known
from sim.core.parameters import TABLE
from sim.core.units import WEEKS_A_YEAR

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

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
    "open_staff",
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
"""Columns of a record. ``open_staff`` are the staff's own of the commitments that are open;
``attended`` counts held contacts that anybody came to; ``invited`` and
``present`` count people over held contacts; ``co_creation_sum`` adds realised co-creation over
attended contacts."""

COLUMN: Mapping[str, int] = MappingProxyType({name: i for i, name in enumerate(RECORD)})
FIRST_FLOW = COLUMN["planned"]
"""Columns from here on are flows of one week; the ones before are levels."""

COLLABORATION_WINDOW = 17
"""Weeks over which a provider rates collaboration (a definition)."""

_Columns = namedtuple("_Columns", RECORD)
C = _Columns(*range(len(RECORD)))
"""The index of each column: ``row[C.trust]``, which compiled code understands too."""

GIVEN: tuple[str, ...] = (
    "integration_threshold", "commitment_hours", "provider_hour", "staff_hour", "travel_visit",
)  # fmt: skip
"""Values that formulas need beside the record: the mean integration from which a region counts as
fully integrated, the hours a week that an open commitment takes, and the money that a provider
hour, a staff hour and a visit cost."""
_Given = namedtuple("_Given", GIVEN)
G = _Given(*range(len(GIVEN)))

Row = Sequence[float]
Formula = Callable[[Row, Row, Row], float]
"""``formula(row, window, given)`` of one region: ``row`` holds, column by column, the levels and
flows of a week (or, for a summary, the levels of the week and the flows of all weeks up to it),
``window`` the flows of the last :data:`COLLABORATION_WINDOW` weeks, ``given`` the values of
:data:`GIVEN`. Only what compiled code understands: arithmetic, ``math.sqrt``,
:mod:`sim.core.rules`."""

Kind = Literal["level", "total", "rate"]
Better = Literal["more", "less", "neither"]
"""In which direction an outcome is wanted to move."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome.

    ``formula`` is a function, or the name of the column of the record that holds the outcome.
    ``kind`` says what a summary at a week is: the *level* at that week, the *total* up to it, or a
    *rate* pooled over all weeks up to it (empty where nothing happened). ``overall`` says how
    regions are joined: their unweighted mean, or their sum. ``low`` and ``high`` bound one region's
    weekly value (``high`` None: no bound). ``better`` says what is wanted: *more* of it, *less* of
    it, or *neither*, where it only says how much was done, as the number of contacts does.

    >>> OUTCOMES["travel_hours"].unit, OUTCOMES["travel_hours"].kind
    ('h', 'total')
    """

    name: str
    unit: str
    meaning: str
    formula: Formula | str
    kind: Kind = "level"
    overall: Literal["mean", "sum"] = "mean"
    low: float = 0.0
    high: float | None = 1.0
    better: Better = "more"

    @property
    def sign(self) -> float:
        """1 when more is better, -1 when less is, 0 when neither is."""
        return {"more": 1.0, "less": -1.0, "neither": 0.0}[self.better]


def ratio(above: float, below: float) -> float:
    """above / below; NaN where below is 0.

    >>> ratio(3.0, 4.0), ratio(3.0, 0.0)
    (0.75, nan)
    """
    return above / below if below > 0.0 else math.nan


def _mutual_accountability(row: Row, window: Row, given: Row) -> float:
    both = row[C.staff_accountability] * row[C.provider_accountability]
    return math.sqrt(both) if both >= 0.0 else math.nan


def _fully_integrated(row: Row, window: Row, given: Row) -> float:
    return 1.0 if row[C.integration] >= given[G.integration_threshold] else 0.0


def _capacity(row: Row, window: Row, given: Row) -> float:
    return (row[C.knowledge] + row[C.integration] + row[C.routines]) / 3.0


def _provider_hours(row: Row, window: Row, given: Row) -> float:
    return row[C.contact_hours] + row[C.preparation_hours] + row[C.travel_hours]


def _attendance(row: Row, window: Row, given: Row) -> float:
    return ratio(row[C.present], row[C.invited])


def _co_creation(row: Row, window: Row, given: Row) -> float:
    return ratio(row[C.co_creation_sum], row[C.attended])


def _commitments_made(row: Row, window: Row, given: Row) -> float:
    return row[C.made_staff] + row[C.made_provider]


def _commitments_kept(row: Row, window: Row, given: Row) -> float:
    return row[C.kept_staff] + row[C.kept_provider]


def _commitments_broken(row: Row, window: Row, given: Row) -> float:
    return row[C.broken_staff] + row[C.broken_provider]


def _commitments_kept_share(row: Row, window: Row, given: Row) -> float:
    kept = row[C.kept_staff] + row[C.kept_provider]
    return ratio(kept, kept + (row[C.broken_staff] + row[C.broken_provider]))


def _commitment_hours(row: Row, window: Row, given: Row) -> float:
    return row[C.open_staff] * given[G.commitment_hours]


def _collaboration(row: Row, window: Row, given: Row) -> float:
    """Empty where a factor has no basis."""
    attendance = ratio(window[C.present], window[C.invited])
    kept = window[C.kept_staff]
    follow_through = ratio(kept, kept + window[C.broken_staff])
    planned = window[C.planned]
    not_failed = ratio(planned - window[C.failed_region], planned)
    return rules.cube_root(attendance * follow_through * not_failed)


def _cost(row: Row, window: Row, given: Row) -> float:
    hours = row[C.contact_hours] + row[C.preparation_hours] + row[C.travel_hours]
    return (
        given[G.provider_hour] * hours
        + given[G.staff_hour] * row[C.staff_hours]
        + given[G.travel_visit] * row[C.visits]
    )


def _total(
    name: str, unit: str, meaning: str, formula: Formula | str, better: Better = "less"
) -> Outcome:
    return Outcome(name, unit, meaning, formula, "total", "sum", high=None, better=better)


_OUTCOMES: tuple[Outcome, ...] = (
    Outcome("trust", "0-1", "mean trust of staff in their provider", "trust"),
    Outcome("staff_accountability", "0-1", "mean accountability of staff for what was agreed",
            "staff_accountability"),
    Outcome("provider_accountability", "0-1", "the provider's accountability to the region",
            "provider_accountability"),
    Outcome("mutual_accountability", "0-1", "sqrt(mean accountability of "
            "staff x accountability of the provider)",
            _mutual_accountability),
    Outcome("knowledge", "0-1", "mean knowledge of implementation science", "knowledge"),
    Outcome("knowledge_sd", "SD", "standard deviation of knowledge between staff", "knowledge_sd",
            high=0.5, better="less"),
    Outcome("integration", "0-1", "mean integration of implementation science in ongoing work",
            "integration"),
    Outcome("integrated_share", "share", "share of staff with integration of one half or more",
            "integrated_share"),
    Outcome("fully_integrated", "share", "regions whose mean integration is one half or more",
            _fully_integrated),
    Outcome("routines", "0-1", "how far the use of implementation science is a routine "
            "of the region rather than of persons",
            "routines"),
    Outcome("readiness", "0-1", "mean readiness of staff: (motivation x general "
            "capacity x specific capacity)^(1/3)",
            "readiness"),
    Outcome("capacity", "0-1", "capacity index: (mean knowledge + mean integration + routines)/3",
            _capacity),
    Outcome("workload", "0-1", "mean workload of staff", "workload", better="less"),
    Outcome("provider_load", "ratio", "running mean of the provider's due hours over the hours "
            "available",
            "load", high=None, better="less"),
    Outcome("provider_context", "0-1", "how well the provider knows the region", "context"),
    _total("contacts_planned", "contacts", "contacts that were due", "planned", "neither"),
    _total("contacts_held", "contacts", "contacts held", "held", "neither"),
    _total("contacts_failed_by_provider", "contacts", "due contacts that the provider failed",
           "failed_provider"),
    _total("contacts_failed_by_region", "contacts", "due contacts that the region cancelled",
           "failed_region"),
    _total("contact_hours", "h", "provider hours in contact", "contact_hours"),
    _total("preparation_hours", "h", "provider hours of preparation, for every due contact",
           "preparation_hours"),
    _total("travel_hours", "h", "provider hours of travel, for visits held", "travel_hours"),
    _total("provider_hours", "h", "provider hours in all: contact, preparation, travel",
           _provider_hours),
    _total("staff_hours", "h", "hours of staff in contacts that they attended", "staff_hours"),
    Outcome("attendance", "share", "people present over people invited, by region", _attendance,
            kind="rate"),
    Outcome("co_creation", "0-1", "realised co-creation, mean over attended contacts",
            _co_creation, kind="rate"),
    _total("commitments_made", "commitments", "new commitments, both sides", _commitments_made,
           "neither"),
    _total("commitments_kept", "commitments", "commitments reviewed and kept, both sides",
           _commitments_kept, "more"),
    _total("commitments_broken", "commitments", "commitments reviewed and not kept, both sides",
           _commitments_broken),
    _total("commitments_lapsed", "commitments", "commitments that lapsed because their "
           "owner left", "lapsed"),
    Outcome("commitments_open", "commitments", "commitments not yet reviewed", "open",
            overall="sum", high=None, better="neither"),
    Outcome("commitment_hours", "h a week", "hours a week that their own open commitments take "
            "the staff, at the workload of one (not priced)", _commitment_hours,
            overall="sum", high=None, better="less"),
    Outcome("commitments_kept_share", "share", "commitments kept over commitments "
            "reviewed, both sides",
            _commitments_kept_share, kind="rate"),
    _total("staff_leavers", "people", "staff who left", "leavers"),
    Outcome("collaboration", "0-1", "provider-rated collaboration over the last 17 weeks: "
            "(attendance x staff's commitments kept x contacts not failed by the region)^(1/3)",
            _collaboration),
    _total("cost", "money", "money for provider hours, hours of staff who attended, and "
           "visits, at the scenario's rates", _cost),
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

WORST, SPREAD = BETWEEN = ("worst", "spread")
"""Two values of a run that compare its regions, beside their joint value: the value of the region
that comes out worst, and how far the regions are apart. Like "overall", the two names stand where a
region's name does. Both are computed run by run, so that the worst region of one run may be another
one than that of the next run."""


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
        InputError: there is no such outcome; the message names the nearest.

    >>> check_outcome("trust").meaning
    'mean trust of staff in their provider'
    """
    check_known(
        name, OUTCOMES, "is not an outcome", field="outcome",
        allowed="the names printed by 'codose outcomes'",
    )  # fmt: skip
    return OUTCOMES[name]


# --- the formulas applied to a record, in plain Python ------------------------------------------


def commitment_hours(parameters: Mapping[str, float]) -> float:
    """Hours a week that an open commitment takes: its share of a full working week.

    >>> from sim.core.parameters import Parameters
    >>> commitment_hours(Parameters())
    0.8
    """
    return parameters["commitment_workload"] * parameters["working_week"]


THRESHOLD = TABLE["integration_threshold"].default
"""The default of the parameter ``integration_threshold``."""
COMMITMENT_HOURS = commitment_hours({name: row.default for name, row in TABLE.items()})
""":func:`commitment_hours` of the default parameters."""


def given(
    costs: CostRates, threshold: float = THRESHOLD, hours: float = COMMITMENT_HOURS
) -> tuple[float, ...]:
    """The values of :data:`GIVEN`, in its order.

    Args:
        costs: money a provider hour, staff hour and visit.
        threshold: mean integration from which a region counts as fully integrated.
        hours: hours a week that an open commitment takes.
    """
    return (threshold, hours, costs.provider_hour, costs.staff_hour, costs.travel_visit)


def of_region(row: Row, window: Row, values: Row) -> list[float]:
    """Every outcome of one region, in the order of :data:`NAMES`; see :data:`Formula`."""
    return [
        row[COLUMN[one.formula]] if isinstance(one.formula, str)
        else one.formula(row, window, values)
        for one in _OUTCOMES
    ]  # fmt: skip


def joined(regions: Sequence[Row]) -> list[float]:
    """Every outcome overall: the sum, or the unweighted mean over the regions that have a value.

    Regions are added one after another, so that the result does not depend on the machine.

    Args:
        regions: for each region its outcomes, in the order of :data:`NAMES`.

    Returns:
        The outcomes overall, in the same order; NaN where no region has a value of a mean.
    """
    found = []
    for outcome, one in enumerate(_OUTCOMES):
        total, count = 0.0, 0
        for region in regions:
            if not math.isnan(region[outcome]):
                total, count = total + region[outcome], count + 1
        found.append(total if one.overall == "sum" else ratio(total, float(count)))
    return found


def worst(regions: np.ndarray, sign: float | np.ndarray, axis: int = -1) -> np.ndarray:
    """The region that comes out worst, of those that have a value; NaN where none has one.

    Args:
        regions: values, the regions along ``axis``.
        sign: :attr:`Outcome.sign`: the lowest is worst where more is better, the highest where less
            is.

    >>> worst(np.array([0.2, 0.5, np.nan]), 1.0).item(), worst(np.array([0.2, 0.5]), -1.0).item()
    (0.2, 0.5)
    """
    lowest = np.where(np.isnan(regions), np.inf, sign * regions).min(axis=axis)
    return np.where(np.isinf(lowest), np.nan, sign * lowest)


def spread(regions: np.ndarray, axis: int = -1) -> np.ndarray:
    """How far regions are apart: the highest less the lowest of those that have a value (NaN where
    none has one).

    The range, not the standard deviation: worst + spread is the best region (where more is better),
    in the unit of the outcome, and a standard deviation of three regions says little. It grows with
    the number of regions, so only the same regions can be compared by it.

    >>> spread(np.array([0.25, 0.5, np.nan])).item(), spread(np.array([0.25])).item()
    (0.25, 0.0)
    """
    return worst(regions, -1.0, axis) - worst(regions, 1.0, axis)


def weekly(
    record: np.ndarray,
    costs: CostRates,
    threshold: float = THRESHOLD,
    hours: float = COMMITMENT_HOURS,
) -> np.ndarray:
    """Every outcome of one run in every week.

    Args:
        record: (week, region, column of RECORD).
        costs: money a provider hour, staff hour and visit.
        threshold: mean integration from which a region counts as fully integrated.
        hours: hours a week that an open commitment takes, see :func:`commitment_hours`.

    Returns:
        (week, region + 1, outcome of NAMES); the last region is "overall". Totals hold the flow of
        the week; rates the week's own ratio, NaN where nothing happened.

    Raises:
        IndexError: the last axis has fewer columns than a record.

    >>> from sim.model.week import simulate
    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> values = weekly(simulate(scenario, scenario.parameter_set(), 1, 0), scenario.costs)
    >>> values.shape == (scenario.horizon_weeks + 1, 2, len(NAMES))
    True
    >>> bool((values[..., INDEX["trust"]] <= 1).all())
    True
    """
    return np.array([in_week(record, week, costs, threshold, hours) for week in range(len(record))])


def in_week(
    record: np.ndarray,
    week: int,
    costs: CostRates,
    threshold: float = THRESHOLD,
    hours: float = COMMITMENT_HOURS,
) -> np.ndarray:
    """Every outcome of one run in one week: a row of :func:`weekly`.

    Args:
        record: (week, region, column of RECORD); the weeks after ``week`` do not matter.
        week: 0..the record's last.
        costs, threshold, hours: as for :func:`weekly`.

    Returns:
        (region + 1, outcome of NAMES); the last region is "overall".

    Raises:
        ValueError: the record has no such week.
    """
    _check_week(record, week)
    return _of_regions(record[week], _window(record, week), given(costs, threshold, hours))


def at_week(
    record: np.ndarray,
    week: int,
    costs: CostRates,
    threshold: float = THRESHOLD,
    hours: float = COMMITMENT_HOURS,
) -> np.ndarray:
    """Every outcome of one run as a summary at ``week``: levels there, totals and pooled rates up
    to there.

    Args:
        record: (week, region, column of RECORD).
        week: 0..the record's last.
        costs, threshold, hours: as for :func:`weekly`.

    Returns:
        (region + 1, outcome of NAMES); the last region is "overall".

    Raises:
        ValueError: the record has no such week.

    >>> from sim.model.week import simulate
    >>> from sim.scenario.scenario import Scenario
    >>> scenario = Scenario.shipped("classroom")
    >>> record = simulate(scenario, scenario.parameter_set(), 1, 0)
    >>> held = [at_week(record, w, scenario.costs)[-1, INDEX["contacts_held"]] for w in (0, 26, 52)]
    >>> held == sorted(held), float(held[0])
    (True, 0.0)
    """
    _check_week(record, week)
    rows = _added(record[: week + 1])
    rows[:, :FIRST_FLOW] = record[week, :, :FIRST_FLOW]
    return _of_regions(rows, _window(record, week), given(costs, threshold, hours))


def _check_week(record: np.ndarray, week: int) -> None:
    if not 0 <= week < len(record):
        raise ValueError(f"week {week} is outside 0..{len(record) - 1}")


def _window(record: np.ndarray, week: int) -> np.ndarray:
    """The flows of the last weeks, (region, column)."""
    return _added(record[max(0, week - COLLABORATION_WINDOW + 1) : week + 1])


def _added(weeks: np.ndarray) -> np.ndarray:
    """The sum of (week, region, column), week after week."""
    return np.cumsum(weeks, axis=0)[-1]


def _of_regions(rows: np.ndarray, windows: np.ndarray, values: Row) -> np.ndarray:
    """(region + 1, outcome) from each region's row and window."""
    pairs = zip(rows.tolist(), windows.tolist(), strict=True)
    regions = [of_region(row, window, values) for row, window in pairs]
    return np.array([*regions, joined(regions)])


def needed_weeks(points: Iterable[int], horizon: int) -> list[int]:
    """The weeks that a record must report so that outcomes can be summarised at ``points``.

    Beside the points themselves, these are the week before the window of provider-rated
    collaboration, and the horizon.

    Raises:
        ValueError: a point is outside 0..horizon.

    >>> needed_weeks([52], horizon=104)
    [35, 52, 104]
    """
    weeks = {horizon}
    for point in points:
        if not 0 <= point <= horizon:
            raise ValueError(f"week {point} is outside 0..{horizon}")
        weeks |= {point, max(0, point - COLLABORATION_WINDOW)}
    return sorted(weeks)


class PointWeeks(Protocol):
    """The part of a scenario that :func:`points` needs."""

    @property
    def end_of_ta(self) -> int: ...
    @property
    def horizon_weeks(self) -> int: ...


PERSISTENCE_WEEKS = WEEKS_A_YEAR
"""Persistence looks this many weeks past the end of TA."""


def points(scenario: PointWeeks) -> dict[str, int]:
    """The weeks of the summaries: start, end_of_ta, year_after where the horizon allows, horizon.

    >>> from sim.scenario.scenario import Scenario
    >>> points(Scenario.shipped("source"))
    {'start': 0, 'end_of_ta': 104, 'horizon': 156, 'year_after': 156}
    """
    weeks = {"start": 0, "end_of_ta": scenario.end_of_ta, "horizon": scenario.horizon_weeks}
    later = scenario.end_of_ta + PERSISTENCE_WEEKS
    if later <= scenario.horizon_weeks:
        weeks["year_after"] = later
    return weeks
