"""The records of a scenario with checks of single fields: :class:`ScenarioFields` and its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sim.core.units import first_day
from sim.scenario.checking import (
    Day,
    Days,
    Fraction,
    Frozen,
    FrozenDict,
    Number,
    Shape,
    Strict,
    Words,
    refusal,
)
from sim.scenario.contact_log import MAX_HOURS, MAX_STAFF, MAX_WEEKS, LogRow, Mode
from sim.scenario.functions import FunctionsField

MAX_UNITS = 2**12 - 1
"""Most candidates, regions or providers."""

Name = Annotated[str, Words(80, reserved=("overall", "worst", "spread"))]
Week = Annotated[int, Number(1, MAX_WEEKS, whole=True)]


def _network_shorthand(value: Any) -> Any:
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, Mapping) and value.get("file") is not None and "kind" not in value:
        return {**value, "kind": "file"}
    return value


def _pair(value: Any) -> tuple[str, str]:
    if (
        not isinstance(value, (list, tuple))
        or len(value) != 2
        or not all(isinstance(name, str) for name in value)
    ):
        raise refusal("is not a pair of names", allowed="[one, other]")
    return value[0], value[1]


_PAIR = Shape(_pair, {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2})


class Network(Strict):
    """Who works with whom in a region's team."""

    kind: Literal["complete", "ring", "small_world", "hub", "random", "none", "file"] = (
        "small_world"
    )
    """complete, ring, small_world, hub, random, none, or file (people and ties are given)."""
    neighbours: Annotated[int, Number(1, MAX_STAFF, whole=True)] = 4
    """Colleagues of each person (small_world, rounded down to even) or their mean (random)."""
    rewiring: Fraction = 0.1
    """Share of the ties of a small world that are rewired to anybody in the team, 0..1."""
    file: Annotated[str, Words(1000)] | None = None
    """GraphML or edge-list file beside the scenario; once read, names and edges replace it."""
    names: tuple[Annotated[str, Words(80)], ...] = ()
    """The people of the team (kind: file)."""
    edges: tuple[Annotated[tuple[str, str], _PAIR], ...] = ()
    """Pairs of people who work together (kind: file)."""


NetworkField = Annotated[Network, BeforeValidator(_network_shorthand)]


class Start(Strict):
    """Starting means of one region's people, 0..1; what is left out stays as it is."""

    trust: Fraction | None = None
    """Mean starting trust of the staff, 0..1."""
    staff_accountability: Fraction | None = None
    """Mean starting accountability of the staff, 0..1."""
    provider_accountability: Fraction | None = None
    """Starting accountability of the provider to this region, 0..1."""
    knowledge: Fraction | None = None
    """Mean starting knowledge of the staff, 0..1."""
    demand: Fraction | None = None
    """Demand of the region's ongoing work, 0..1."""


class RegionOverride(Strict):
    """What is different in one region."""

    staff: Annotated[int, Number(1, MAX_STAFF, whole=True)] | None = None
    """Number of staff in this region."""
    network: NetworkField | None = None
    """Team network of this region."""
    start: Start = Start()
    """Starting means of this region."""
    leadership: Fraction | None = None
    """Support by this region's leadership, 0..1."""


class Regions(Strict):
    """The regions that take part."""

    candidates: Annotated[int, Number(1, MAX_UNITS, whole=True)] = 12
    """Number of regions to choose from."""
    count: Annotated[int, Number(1, MAX_UNITS, whole=True)] = 3
    """Number of regions chosen; default: all candidates if selection is all, else 3."""
    selection: Literal["readiest", "random", "all"] = "readiest"
    """How the regions are chosen: readiest, random or all."""
    staff: Annotated[int, Number(1, MAX_STAFF, whole=True)] = 12
    """Number of staff in each region."""
    network: NetworkField = Network()
    """Team network of each region: a kind, or a mapping with kind and its settings."""
    core_team: Fraction = 1.0
    """Share of the staff who attend contacts, 0..1."""
    names: tuple[Name, ...] | None = None
    """Names of the chosen regions; default: region_1, region_2 ..."""
    overrides: Annotated[dict[str, RegionOverride], Frozen] = Field(default_factory=FrozenDict)
    """What is different in single regions, by name of the region."""

    @model_validator(mode="before")
    @classmethod
    def _count_left_out(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or value.get("count") is not None:
            return value
        candidates = value.get("candidates", 12)
        if isinstance(candidates, bool) or not isinstance(candidates, int) or candidates < 1:
            candidates = 12  # this mistake is reported separately
        count = candidates if value.get("selection") == "all" else min(3, candidates)
        return {**value, "count": min(count, MAX_UNITS)}

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the chosen regions, in order."""
        if self.names is not None:
            return self.names
        return tuple(f"region_{number}" for number in range(1, self.count + 1))

    def staff_of(self, name: str) -> int:
        """Number of staff of one region."""
        override = self.overrides.get(name)
        return (override.staff if override else None) or self.staff

    def network_of(self, name: str) -> Network:
        """Team network of one region."""
        override = self.overrides.get(name)
        return (override.network if override else None) or self.network


def _hours_a_week(value: Any) -> float | tuple[float, ...]:
    limits = Number(0, 168)
    if isinstance(value, (list, tuple)):
        return tuple(float(limits.check(item)) for item in value)
    return float(limits.check(value))


_HOURS_A_WEEK = Shape(
    _hours_a_week,
    {"anyOf": [Number(0, 168).schema(), {"type": "array", "items": Number(0, 168).schema()}]},
)


class Providers(Strict):
    """The providers of TA."""

    count: Annotated[int, Number(1, MAX_UNITS, whole=True)] = 2
    """Number of providers; default: as many as there are names, else 2."""
    names: tuple[Name, ...] | None = None
    """Names of the providers; default: provider_1, provider_2 ..."""
    weekly_hours: Annotated[float | tuple[float, ...], _HOURS_A_WEEK] = 20.0
    """Hours a week of each provider for this work: one number, or one for each provider."""
    assignment: Annotated[dict[str, Name], Frozen] | None = None
    """Which provider each region has; default: the one whom the contact log names most often for
    it, else in turn."""

    @model_validator(mode="before")
    @classmethod
    def _count_left_out(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or value.get("count") is not None:
            return value
        names = value.get("names")
        count = len(names) if isinstance(names, (list, tuple)) else 2
        return {**value, "count": min(max(count, 1), MAX_UNITS)}

    @property
    def provider_names(self) -> tuple[str, ...]:
        """Names of the providers, in order."""
        if self.names is not None:
            return self.names
        return tuple(f"provider_{number}" for number in range(1, self.count + 1))

    @property
    def hours_each(self) -> tuple[float, ...]:
        """Hours a week of each provider."""
        if isinstance(self.weekly_hours, tuple):
            return self.weekly_hours
        return (self.weekly_hours,) * self.count

    def assigned(self, region_names: Sequence[str]) -> tuple[int, ...]:
        """Position (from 0) of the provider of each region.

        >>> Providers(count=2).assigned(["a", "b", "c"])
        (0, 1, 0)
        """
        if self.assignment is None:
            return tuple(r % self.count for r in range(len(region_names)))
        position = {name: p for p, name in enumerate(self.provider_names)}
        return tuple(position[self.assignment[name]] for name in region_names)


def _start_end(value: Any) -> float | tuple[float, float]:
    limits = Number(0, 1)
    if not isinstance(value, (list, tuple)):
        return float(limits.check(value))
    if len(value) != 2:
        raise refusal(f"is a list of {len(value)}", allowed="one number 0..1, or [start, end]")
    start, end = (float(limits.check(item)) for item in value)
    return start if start == end else (start, end)


_START_END = Shape(
    _start_end,
    {
        "anyOf": [
            Number(0, 1).schema(),
            {"type": "array", "items": Number(0, 1).schema(), "minItems": 2, "maxItems": 2},
        ]
    },
)


class ContactSeries(Strict):
    """A series of contacts: every region gets one every so many weeks."""

    mode: Mode
    """How the people meet: onsite, video, phone or email."""
    every_weeks: Annotated[float, Number(1, 520)]
    """Weeks from one contact to the next (1 or more; 4.5 is allowed)."""
    hours: Annotated[float, Number(0, MAX_HOURS)]
    """Hours of each contact."""
    first_week: Week = 1
    """First week of the series."""
    last_week: Week | None = None
    """Last week of the series; default: the horizon."""
    co_creation: Annotated[float | tuple[float, float], _START_END] = 0.6
    """Planned co-creation, 0..1: one number, or [start, end]."""
    taper: Annotated[float, Number(0, 10)] = 1.0
    """Multiplier of the hours that is reached at the last week."""
    timing: Literal["scheduled", "irregular", "on_demand"] = "scheduled"
    """scheduled (a calendar), irregular (by chance) or on_demand (when a region asks)."""
    invited: Annotated[float, Number(0, 1, above=True)] = 1.0
    """Share of the core team asked to these contacts, above 0, up to 1."""
    functions: FunctionsField = None
    """What the time goes to: a named mix, or shares of relationship, learning, planning, review and
    logistics that add up to 1; default: the reference mix."""

    @property
    def co_creation_start(self) -> float:
        """Planned co-creation at the first week, 0..1."""
        return self.co_creation[0] if isinstance(self.co_creation, tuple) else self.co_creation

    @property
    def co_creation_end(self) -> float:
        """Planned co-creation at the last week, 0..1."""
        return self.co_creation[1] if isinstance(self.co_creation, tuple) else self.co_creation


class ContactLog(Strict):
    """Contacts as a TA centre logged them; `dosage` may go on after the last."""

    file: Annotated[str, Words(1000)] | None = None
    """CSV file, relative to the scenario; once read, rows replace it."""
    first_date: Annotated[date, Day()] | None = None
    """The older name of the scenario's `start_date`; once read, that one holds it."""
    rows: tuple[LogRow, ...] = ()
    """The contacts, in place of a file."""


class ProviderLeaves(Strict):
    """A provider leaves; a successor takes over."""

    kind: Literal["provider_leaves"] = "provider_leaves"
    """provider_leaves"""
    week: Week
    """Week of leaving."""
    provider: Name
    """Name of the provider (provider_1 ...)."""


class StaffLeave(Strict):
    """A share of the staff leaves at once; newcomers take over their posts."""

    kind: Literal["staff_leave"] = "staff_leave"
    """staff_leave"""
    week: Week
    """Week of leaving."""
    share: Fraction
    """Share of the staff who leave, 0..1."""
    region: Name | None = None
    """Name of the region; default: every region."""


class DemandRise(Strict):
    """Ongoing work asks more (or, if negative, less) for a while."""

    kind: Literal["demand_rise"] = "demand_rise"
    """demand_rise"""
    week: Week
    """First week."""
    until_week: Week
    """Last week."""
    by: Annotated[float, Number(-1, 1)]
    """Change of demand, -1..1."""
    region: Name | None = None
    """Name of the region; default: every region."""


class DosageCut(Strict):
    """The hours of all contacts are multiplied for a while."""

    kind: Literal["dosage_cut"] = "dosage_cut"
    """dosage_cut"""
    week: Week
    """First week."""
    factor: Annotated[float, Number(0, 10)]
    """What the hours are multiplied by (0: no contacts)."""
    until_week: Week | None = None
    """Last week; default: the horizon."""


Shock = Annotated[ProviderLeaves | StaffLeave | DemandRise | DosageCut, Field(discriminator="kind")]


class Pause(DosageCut):
    """Weeks that a scenario skips, as the engines see them: no file can give one."""

    factor: float = 0.0


class Skip(Strict):
    """When nobody meets. A contact is on the first day of its week, or else on the first of its
    weekdays that is free; a week without one has no contacts. What is in the log stays."""

    months: tuple[Annotated[int, Number(1, 12, whole=True)], ...] = ()
    """Months of every year, 1..12, all days of which are skipped."""
    weeks: tuple[Week, ...] = ()
    """Weeks of the scenario, from 1."""
    dates: tuple[Annotated[str, Days()], ...] = ()
    """Days (yyyy-mm-dd), such as holidays; of several in a row: 2027-12-24 to 2028-01-02."""

    def day_of(self, week: int, start_date: date | None) -> date | None:
        """The day of the contacts of a week; None where the week is skipped, or has no date.

        >>> Skip(dates=["2027-01-04"]).day_of(1, date(2027, 1, 4))
        datetime.date(2027, 1, 5)
        """
        if start_date is None or week in self.weeks:
            return None
        first = first_day(week, start_date)
        later = (first + timedelta(days=n) for n in range(1, 7))
        days = [first, *(day for day in later if day.weekday() < 5)]
        return next((day for day in days if not self._holds(day)), None)

    def pauses(self, start_date: date | None, first_week: int, last_week: int) -> list[Pause]:
        """The weeks without contacts among some, those in a row together."""
        found: list[Pause] = []
        for week in range(first_week, last_week + 1):
            dated = start_date is not None and self.day_of(week, start_date) is None
            if not (dated or week in self.weeks):
                continue
            goes_on = found and found[-1].until_week == week - 1
            found.append(Pause(week=found.pop().week if goes_on else week, until_week=week))
        return found

    def _holds(self, day: date) -> bool:
        spans = (Days.of(text) for text in self.dates)
        return day.month in self.months or any(first <= day <= last for first, last in spans)


class DeliveryWork(Strict):
    """Putting what was learned to work takes staff time for a while."""

    week: Week
    """First week."""
    until_week: Week
    """Last week."""
    share: Fraction
    """Workload of a person whose integration is 1, 0..1."""


class Costs(Strict):
    """Prices, in any one currency."""

    provider_hour: Annotated[float, Number(0)] = 100.0
    """Price of an hour of a provider."""
    staff_hour: Annotated[float, Number(0)] = 50.0
    """Price of an hour of a staff member."""
    travel_visit: Annotated[float, Number(0)] = 600.0
    """Price of the travel of one visit on site, besides hours."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


class ScenarioFields(Strict):
    """The fields of a scenario, each checked by itself."""

    name: Annotated[str, Words(200)]
    """Name of the scenario, on one line."""
    question: Annotated[str, Words(500, optional=True)] = ""
    """The question that the scenario answers, on one line."""
    description: Annotated[str, Words(20_000, one_line=False, optional=True)] = ""
    """What the scenario stands for."""
    horizon_weeks: Annotated[int, Number(1, MAX_WEEKS, whole=True)] = 156
    """Number of weeks that are simulated."""
    start_date: Annotated[date, Day()] | None = None
    """First day of week 1 (yyyy-mm-dd); with it weeks are shown as months and years too."""
    skip: Skip | None = None
    """Weeks, months and days (holidays) in which nobody meets."""
    seed: Annotated[int, Number(0, 2**63 - 1, whole=True)] = 1
    """Seed of every random number, unless a command gives another."""
    regions: Regions = Regions()
    """Which regions take part, and who works there."""
    providers: Providers = Providers()
    """Who gives the TA."""
    dosage: tuple[ContactSeries, ...] = ()
    """The contact series."""
    contact_log: ContactLog | None = None
    """Contacts as they were logged, before or in place of `dosage`."""
    shocks: tuple[Shock, ...] = ()
    """Shocks: provider_leaves, staff_leave, demand_rise, dosage_cut."""
    delivery_work: Annotated[tuple[DeliveryWork, ...], BeforeValidator(_as_list)] = ()
    """Times in which using what was learned takes staff time: one mapping or a list."""
    background_trend: Annotated[float, Number(-0.5, 0.5)] = 0.0
    """Yearly change of everybody's knowledge without any TA."""
    costs: Costs = Costs()
    """Prices of hours and travel."""
    parameters: Annotated[dict[str, Any], Frozen] = Field(default_factory=FrozenDict)
    """Values of model parameters, by name, that differ from the defaults."""
    beyond_range: Annotated[bool, Field(strict=True)] = False
    """Whether `parameters` may leave their plausible ranges."""
