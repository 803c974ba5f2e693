"""The levers of the page, in the units that planners use, over a scenario that they start from.

A visitor's plan is a starting scenario and the few things that were changed on the page. That is
what the address of the page says, so a link shares a plan; what nobody touched stays exactly as
the starting scenario has it, other contact series and shocks included.

>>> from sim.scenario import Scenario
>>> plan = Scenario.shipped("source")
>>> read(plan)["visits"], read(plan)["months"]
(0.33, 24)
>>> read(apply(plan, {"visits": 1.0, "visit_hours": 3.0}))["visit_hours"]
3.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.core.units import WEEKS_A_MONTH
from sim.dosage import MODES, ONSITE
from sim.errors import Problem, ScenarioError, did_you_mean
from sim.parameters import check_name, check_value
from sim.scenario import ContactSeries, Scenario

MOST_A_MONTH = 4.35
"""A contact a week, about: an interval is never below a week."""
MORE = "A second kind of remote contact"
REMOTE = tuple(mode for mode in MODES if mode != MODES[ONSITE])
MOST_STAFF = 200
MOST_REGIONS = 60


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing that can be moved: its name in addresses, its words, unit, limits and step."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    group: str
    hint: str = ""

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return float(self.step).is_integer()


LEVERS: tuple[Lever, ...] = (
    Lever("visits", "Visits on site", "a month", 0, MOST_A_MONTH, 0.01, "Contacts"),
    Lever("visit_hours", "Hours a visit", "hours", 0.25, 16, 0.25, "Contacts"),
    Lever("calls", "Remote contacts", "a month", 0, MOST_A_MONTH, 0.01, "Contacts"),
    Lever("call_hours", "Hours a remote contact", "hours", 0.25, 8, 0.25, "Contacts"),
    Lever("more", "Further contacts", "a month", 0, MOST_A_MONTH, 0.01, MORE),
    Lever("more_hours", "Hours a further contact", "hours", 0.25, 8, 0.25, MORE),
    Lever("months", "Months of assistance", "months", 1, 60, 1, "Contacts"),
    Lever("co_creation", "Co-creation", "0 to 1", 0, 1, 0.05, "Manner",
          "0: the provider decides. 1: everything is decided together."),
    Lever("taper", "Hours left at the end", "times", 0, 2, 0.05, "Manner",
          "1: as long as at the start. 0.5: contacts end half as long."),
    Lever("core_team", "Core team", "share", 0.05, 1, 0.05, "Regions and providers",
          "Share of the staff who attend; the others learn from colleagues."),
    Lever("staff", "Staff in a region", "people", 1, MOST_STAFF, 1, "Regions and providers"),
    Lever("regions", "Regions", "regions", 1, MOST_REGIONS, 1, "Regions and providers"),
    Lever("providers", "Providers", "people", 1, MOST_REGIONS, 1, "Regions and providers"),
    Lever("weekly_hours", "Hours of a provider", "a week", 1, 60, 1, "Regions and providers",
          "For this work: contacts, preparation and travel."),
    Lever("provider_hour", "An hour of a provider", "money", 0, 1000, 5, "Prices"),
    Lever("staff_hour", "An hour of a staff member", "money", 0, 1000, 5, "Prices"),
    Lever("travel_visit", "Travel of a visit", "money", 0, 10000, 50, "Prices"),
)  # fmt: skip

BY_NAME: Mapping[str, Lever] = {lever.name: lever for lever in LEVERS}
PRICES = ("provider_hour", "staff_hour", "travel_visit")
CHOICES = ("mode", "more_mode")
"""Levers that are no number but a remote mode."""
KINDS = {"visits": "visit_hours", "calls": "call_hours", "more": "more_hours"}
"""How often a kind of contact comes -> how long it is."""
SERIES = (*KINDS, *KINDS.values(), *CHOICES, "months", "co_creation", "taper")

Value = float | str
Changes = dict[str, Value]
"""Name of a lever (or of :data:`CHOICES`, or ``p.`` and a parameter) -> what it was set to."""


def a_month(every_weeks: float) -> float:
    """Contacts a month of a series that comes every so many weeks, to two digits."""
    return round(WEEKS_A_MONTH / every_weeks, 2)


def every_weeks(contacts_a_month: float) -> float:
    """The inverse of :func:`a_month`; never below a week."""
    return max(1.0, WEEKS_A_MONTH / contacts_a_month)


def rhythm(contacts_a_month: float) -> str:
    """How often that is, in words.

    >>> rhythm(0), rhythm(1.08), rhythm(4.33), rhythm(0.33)
    ('none', 'every 4 weeks', 'every week', 'every 13 weeks')
    """
    if contacts_a_month <= 0:
        return "none"
    weeks = every_weeks(contacts_a_month)
    near = round(weeks) if abs(weeks - round(weeks)) < 0.15 else round(weeks, 1)
    return "every week" if near == 1 else f"every {near:g} weeks"


# --- reading a scenario ---------------------------------------------------------------------------


def _places(scenario: Scenario) -> dict[str, int]:
    """Kind of contact -> place in ``dosage`` of the series that its levers move: the first visits,
    the first and the second remote contacts; a kind that is not there is left out."""
    found: dict[str, int] = {}
    for place, series in enumerate(scenario.dosage):
        kinds = ("visits",) if series.mode == MODES[ONSITE] else ("calls", "more")
        kind = next((kind for kind in kinds if kind not in found), None)
        if kind is not None:
            found[kind] = place
    return found


def _months(scenario: Scenario) -> int:
    return max(1, round((scenario.end_of_ta if scenario.has_ta else 104) / WEEKS_A_MONTH))


def read(scenario: Scenario) -> dict[str, Value]:
    """Where every lever stands in a scenario."""
    at = {kind: scenario.dosage[place] for kind, place in _places(scenario).items()}
    visits, calls, more = (at.get(kind) for kind in KINDS)
    main = visits or calls
    hours = scenario.providers.hours_each
    return {
        "visits": a_month(visits.every_weeks) if visits else 0.0,
        "visit_hours": visits.hours if visits else 4.0,
        "calls": a_month(calls.every_weeks) if calls else 0.0,
        "call_hours": calls.hours if calls else 1.5,
        "mode": calls.mode if calls else "video",
        "more": a_month(more.every_weeks) if more else 0.0,
        "more_hours": more.hours if more else 0.5,
        "more_mode": more.mode if more else "phone",
        "months": _months(scenario),
        "co_creation": _co_creation(main),
        "taper": main.taper if main else 1.0,
        "core_team": scenario.regions.core_team,
        "staff": scenario.regions.staff,
        "regions": len(scenario.region_names),
        "providers": scenario.providers.count,
        "weekly_hours": round(sum(hours) / len(hours), 2),
        "provider_hour": scenario.costs.provider_hour,
        "staff_hour": scenario.costs.staff_hour,
        "travel_visit": scenario.costs.travel_visit,
    }


def _co_creation(series: ContactSeries | None) -> float:
    if series is None:
        return 0.6
    return round((series.co_creation_start + series.co_creation_end) / 2, 3)


def remarks(scenario: Scenario) -> list[str]:
    """What the levers do not show of a scenario, in sentences."""
    found = []
    others = len(scenario.dosage) - len(_places(scenario))
    if others:
        found.append(f"{others} more contact series of this scenario: unmoved by the sliders.")
    if scenario.contact_log is not None and scenario.contact_log.rows:
        rows = len(scenario.contact_log.rows)
        found.append(f"{rows:,} logged contacts come first; a log is history and is not moved.")
    if scenario.shocks:
        found.append(f"{len(scenario.shocks)} events of this scenario happen as its file says.")
    if any(series.timing != "scheduled" for series in scenario.dosage):
        found.append("Contacts have no fixed dates here: they come by chance or when asked for.")
    main = [s for s in scenario.dosage if s.co_creation_start != s.co_creation_end]
    if main:
        found.append("Co-creation changes over time in this scenario; the slider shows its middle.")
    return found


# --- changing it ----------------------------------------------------------------------------------


def apply(start: Scenario, changes: Mapping[str, Value]) -> Scenario:
    """The starting scenario with the levers moved.

    Raises:
        ScenarioError: a lever that does not exist or is out of its limits, or a plan that cannot be
            (every mistake in one error).
    """
    checked = check_changes(changes)
    if not checked:
        return start
    new: dict[str, Any] = {}
    if any(name in checked for name in SERIES):
        new["dosage"] = _dosage(start, checked)
    regions = _regions(start, checked)
    if regions is not None:
        new["regions"] = regions
    if "providers" in checked or "weekly_hours" in checked:
        new["providers"] = _providers(start, checked)
    if any(name in checked for name in PRICES):
        new["costs"] = {
            **start.costs.model_dump(),
            **{n: checked[n] for n in PRICES if n in checked},
        }
    own = {n.removeprefix("p."): v for n, v in checked.items() if n.startswith("p.")}
    if own:
        new["parameters"] = {**start.parameters, **own}
    return start.replace(**new)


def check_changes(changes: Mapping[str, Value]) -> Changes:
    """The changes, each a number (or a mode) within the limits of its lever."""
    problems: list[Problem] = []
    found: Changes = {}
    for name, value in changes.items():
        problem = _check_change(name, value)
        if problem is None:
            found[name] = value if name in CHOICES else float(value)
        else:
            problems.append(problem)
    if problems:
        raise ScenarioError(problems)
    return found


def _check_change(name: str, value: Value) -> Problem | None:
    if name in CHOICES:
        if value in REMOTE:
            return None
        return Problem(
            f"{value!r} is no remote mode", name, value, ", ".join(REMOTE),
            did_you_mean(value, REMOTE),
        )  # fmt: skip
    number = _number(value)
    if name.startswith("p."):
        name = name.removeprefix("p.")
        problem = check_name(name)
        return problem or check_value(name, value if number is None else number)
    lever = BY_NAME.get(name)
    if lever is None:
        return Problem(
            f"{name!r} is nothing that can be moved", suggestion=did_you_mean(name, BY_NAME)
        )
    limits = f"{lever.low:g}..{lever.high:g}"
    if number is None:
        return Problem(f"{value!r} is not a number", lever.label, value, limits)
    if not lever.low <= number <= lever.high:
        return Problem(f"{number:g} is out of range", lever.label, value, limits)
    if name in _WHOLE and not number.is_integer():
        return Problem(f"{number:g} is not a whole number", lever.label, value, limits)
    return None


_WHOLE = ("staff", "regions", "providers")


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if number == number and abs(number) != float("inf") else None


def _dosage(start: Scenario, changes: Changes) -> list[dict[str, Any]]:
    """All series, those that the levers move with what was changed; a rhythm of 0 drops one."""
    places = _places(start)
    series = [one.model_dump() for one in start.dosage]
    dropped = set()
    for kind in KINDS:
        wanted, place = changes.get(kind), places.get(kind)
        if wanted == 0 or (place is None and wanted is None):
            dropped |= set() if place is None else {place}
            continue
        if place is None:
            series.append(_new_series(start, kind))
            place = len(series) - 1
        _change_series(start, series[place], kind, changes)
    return [one for place, one in enumerate(series) if place not in dropped]


def _new_series(start: Scenario, kind: str) -> dict[str, Any]:
    """A series that the starting scenario has not: like its other one, where there is one."""
    levers = read(start)
    after_log = 1
    if start.contact_log is not None and start.contact_log.rows:
        after_log = max(row.week for row in start.contact_log.rows) + 1
    usual = {"visits": 1, "calls": 3, "more": 2}[kind]
    first = min(max(after_log, usual), start.horizon_weeks)
    modes = {"visits": MODES[ONSITE], "calls": levers["mode"], "more": levers["more_mode"]}
    return {
        "mode": modes[kind],
        "every_weeks": 13.0 if kind == "visits" else 4.0,
        "hours": levers[KINDS[kind]],
        "first_week": first,
        "last_week": max(first, min(start.horizon_weeks, start.end_of_ta if start.has_ta else 104)),
        "co_creation": levers["co_creation"],
        "taper": levers["taper"],
    }


def _change_series(start: Scenario, series: dict[str, Any], kind: str, changes: Changes) -> None:
    if kind in changes:
        series["every_weeks"] = every_weeks(float(changes[kind]))
    if KINDS[kind] in changes:
        series["hours"] = changes[KINDS[kind]]
    mode = {"calls": "mode", "more": "more_mode"}.get(kind)
    if mode in changes:
        series["mode"] = changes[mode]
    if "months" in changes:
        last = min(start.horizon_weeks, round(float(changes["months"]) * WEEKS_A_MONTH))
        series["last_week"] = max(last, series["first_week"])
    for name in ("co_creation", "taper"):
        if name in changes:
            series[name] = changes[name]


def _regions(start: Scenario, changes: Changes) -> dict[str, Any] | None:
    if not any(name in changes for name in ("core_team", "staff", "regions")):
        return None
    regions = start.model_dump(mode="json")["regions"]
    if "core_team" in changes:
        regions["core_team"] = changes["core_team"]
    if "staff" in changes:
        regions["staff"] = int(changes["staff"])
    if "regions" in changes:
        count = int(changes["regions"])
        regions["count"] = count
        everybody = regions["selection"] == "all"
        regions["candidates"] = count if everybody else max(regions["candidates"], count)
        _rename(regions, count)
    return regions


def _rename(regions: dict[str, Any], count: int) -> None:
    """Another number of regions: own names go on with numbers, overrides of gone regions go."""
    if regions["names"] is not None:
        more = [f"region_{number}" for number in range(1, count + 1)]
        names = list(regions["names"])[:count]
        regions["names"] = (
            names + [name for name in more if name not in names][: count - len(names)]
        )
    known = regions["names"] or [f"region_{number}" for number in range(1, count + 1)]
    regions["overrides"] = {n: v for n, v in regions["overrides"].items() if n in known}


def _providers(start: Scenario, changes: Changes) -> dict[str, Any]:
    providers = start.model_dump(mode="json")["providers"]
    if "providers" in changes:
        count = int(changes["providers"])
        if count != providers["count"]:
            providers["assignment"] = None  # which provider has which region no longer fits
            if isinstance(providers["weekly_hours"], list):
                providers["weekly_hours"] = read(start)["weekly_hours"]
        providers["count"] = count
    if "weekly_hours" in changes:
        providers["weekly_hours"] = changes["weekly_hours"]
    return providers
