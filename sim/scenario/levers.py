"""Changing a scenario by levers: :func:`with_levers`, :func:`changed`, :func:`value_of`.

A lever has a name and takes a value. There are five kinds of names:

- a field: ``regions.core_team``, ``dosage[0].hours``, ``dosage[*].taper`` (every contact series),
  or its short name from :data:`SHORT`, such as ``hours``;
- of one mode: ``onsite.every_weeks`` (``never`` removes the mode), ``phone.hours`` ...; a mode that
  the scenario lacks is added when both are set;
- of the uses of time: ``functions`` (the name of a mix, or shares) and each share of it, such as
  ``functions.learning`` or ``onsite.functions.review``; shares that no lever sets keep their
  proportions and divide the rest between them, so that the sum stays 1;
- of the whole plan: ``months`` (its length), ``first_week`` (its beginning; everything in it moves
  too), ``horizon_weeks``;
- ``sites_per_provider``, which determines the number of providers.

Everything else stays unchanged: phases, events, logs, overrides. A change that would flatten the
phases of a plan is refused. What a change must discard (a phase after the end, the override of a
removed region) is listed in :attr:`Changed.discarded`.

>>> scenario = Scenario.shipped("source")
>>> with_levers(scenario, {"months": 12, "onsite.hours": 3.0}).end_of_ta
52
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from pydantic_core import PydanticCustomError

from sim.core.errors import ScenarioError, did_you_mean
from sim.core.units import count as counted
from sim.core.units import months_of, weeks_of
from sim.scenario.checking import Number
from sim.scenario.contact_log import MAX_WEEKS, MODES, some
from sim.scenario.fields import MAX_UNITS, ContactSeries
from sim.scenario.functions import FUNCTIONS, PRESETS, REFERENCE, Functions, preset_of, preset_text
from sim.scenario.scenario import Scenario

NEVER = "never"
"""The frequency of a mode that is removed."""

SHARES: tuple[str, ...] = tuple(f"functions.{name}" for name in FUNCTIONS)
"""Shares of the time of a contact, as fields of a contact series."""
SHORT: Mapping[str, str] = {
    "co_creation": "dosage[*].co_creation",
    "hours": "dosage[*].hours",
    "every_weeks": "dosage[*].every_weeks",
    "taper": "dosage[*].taper",
    "last_week": "dosage[*].last_week",
    "functions": "dosage[*].functions",
    **{name: f"dosage[*].{name}" for name in SHARES},
    "core_team": "regions.core_team",
    "staff": "regions.staff",
    "network": "regions.network",
    "selection": "regions.selection",
    "regions": "regions.count",
    "providers": "providers.count",
    "weekly_hours": "providers.weekly_hours",
}
"""Short names of fields."""
FIELDS: tuple[str, ...] = (
    "regions.core_team", "regions.staff", "regions.network", "regions.selection", "regions.count",
    "regions.candidates", "providers.count", "providers.weekly_hours", "background_trend",
)  # fmt: skip
"""Fields outside the contact series that are levers."""
OF_MODE: tuple[str, ...] = (
    "every_weeks", "hours", "co_creation", "taper", "invited", "functions", *SHARES,
)  # fmt: skip
OF_PLAN: tuple[str, ...] = ("months", "first_week", "horizon_weeks")
SITES = "sites_per_provider"

_NUMBERS: Mapping[str, Number] = {
    "months": Number(0, months_of(MAX_WEEKS), above=True),
    SITES: Number(0, MAX_UNITS, above=True),
    "first_week": Number(1, MAX_WEEKS, whole=True),
    "horizon_weeks": Number(1, MAX_WEEKS, whole=True),
    "dosage[*].first_week": Number(1, MAX_WEEKS, whole=True),
    "dosage[*].last_week": Number(1, MAX_WEEKS, whole=True),
    "regions.count": Number(1, MAX_UNITS, whole=True),
    "providers.count": Number(1, MAX_UNITS, whole=True),
}
"""What a lever may be that others, or other fields, are reckoned from; the check of the scenario
comes after that."""
_SERIES = re.compile(r"dosage\[(\d+|\*)\]\.([\w.]+)\Z")
"""A field of one contact series, or of every one."""
_SETS = {"months": "dosage[*].last_week", "first_week": "dosage[*].first_week",
         SITES: "providers.count"}  # fmt: skip
"""The fields that levers of the whole plan set."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed scenario, and a sentence on each thing that had to be discarded."""

    scenario: Scenario
    discarded: tuple[str, ...] = ()


def lever_names(scenario: Scenario) -> list[str]:
    """Every lever of a scenario."""
    fields = (*ContactSeries.model_fields, *SHARES)
    series = [f"dosage[{i}].{name}" for i in range(len(scenario.dosage)) for name in fields]
    everywhere = [f"dosage[*].{name}" for name in fields] if scenario.dosage else []
    modes = [f"{mode}.{name}" for mode in MODES for name in OF_MODE]
    return [*SHORT, *OF_PLAN, SITES, *FIELDS, *modes, *series, *everywhere]


def with_levers(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """The scenario with levers set; :func:`changed` also says what had to be discarded.

    Args:
        scenario: the scenario to change.
        settings: values by name of the lever. Their order does not matter: the calendar is changed
            first, then the regions, then the providers.

    Raises:
        ScenarioError: a lever is unknown, a change would flatten phases, or the result is no valid
            scenario.
    """
    return changed(scenario, settings).scenario


def changed(scenario: Scenario, settings: Mapping[str, Any]) -> Changed:
    """Set levers as :func:`with_levers` does, and say what had to be discarded.

    A lever that is set to its present value changes nothing.
    """
    if not settings:
        return Changed(scenario)
    known = lever_names(scenario)
    for name in settings:
        if name not in known:
            raise _refused(
                name, f"is not a lever of {scenario.name!r}", some(known), did_you_mean(name, known)
            )
    draft = _Draft(scenario)
    for name in sorted(settings, key=lambda one: _rank(one, bool(scenario.dosage))):
        value = plain(settings[name])
        if draft.value(name) != value or (share_of_time(name) and len(settings) > 1):
            draft.set(name, value, settings)
    if not draft.moved:
        return Changed(scenario)
    return Changed(draft.made(), tuple(draft.discarded))


def value_of(scenario: Scenario, name: str) -> Any:
    """The present value of a lever; None where contact series differ or there is none.

    >>> source = Scenario.shipped("source")
    >>> value_of(source, "months"), value_of(source, "phone.every_weeks"), value_of(source, "staff")
    (24, 'never', 12)
    """
    return _Draft(scenario).value(name)


def end_after(scenario: Scenario, months: float) -> int:
    """The week in which TA ends when the plan lasts ``months`` months.

    A year is 52 weeks from the first week of the plan on: twelve months of a plan that begins in
    week 1 end in week 52, whatever its contact series.
    """
    return scenario.plan_start - 1 + weeks_of(months)


def in_the_way(name: str, scenario: Scenario, touched: dict[str, str]) -> str:
    """Why a lever cannot be set together with others that set the same field; empty if it can.

    Args:
        name: the lever.
        scenario: the scenario to change.
        touched: field -> the lever that sets it, for all levers so far; this call adds to it.

    >>> source, touched = Scenario.shipped("source"), {}
    >>> in_the_way("functions", source, touched)
    ''
    >>> in_the_way("onsite.functions.review", source, touched)
    'sets dosage[0].functions.review as functions does; keep one of them'
    """
    for place in _touches(name, scenario):
        if place in touched:
            return f"sets {place} as {touched[place]} does; keep one of them"
        touched[place] = name
    return ""


def _touches(name: str, scenario: Scenario) -> list[str]:
    """The fields that a lever sets."""
    mode, _, field = name.partition(".")
    path, places = _SETS.get(name) or SHORT.get(name, name), range(len(scenario.dosage))
    if mode in MODES:
        path = f"dosage[*].{field}"
        places = [i for i in places if scenario.dosage[i].mode == mode]
    paths = [path.replace("*", str(i)) for i in places] if "[*]" in path else [path]
    if mode in MODES and not paths:
        paths = [f"{mode} contacts' {field}"]
    mixes = [path.removesuffix(".functions") for path in paths if path.endswith(".functions")]
    return [f"{path}.{share}" for path in mixes for share in SHARES] if mixes else paths


def plain(value: Any) -> Any:
    """A NumPy number as a Python number, and as an int where it is whole, for whole fields."""
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def share_of_time(name: str) -> bool:
    """Whether a lever is a share of the time of contacts, such as ``onsite.functions.review``."""
    return name.endswith(SHARES)


def _rank(name: str, ends: bool) -> tuple[int, str]:
    """The order in which levers are set: the calendar, then regions, then providers.

    The length of the plan (``ends``: some series end) refers to the scenario's own series, so that
    it does not depend on which modes are removed.
    """
    path = SHORT.get(name, name)
    order = [
        name == "horizon_weeks",
        name == "first_week",
        name == "months" and ends,
        name.partition(".")[0] in MODES and name.endswith(".every_weeks"),
        name.partition(".")[0] in MODES,
        name == "months",
        path.startswith("dosage[") and "[*]" not in path,
        "[*]" in path,
        path not in ("regions.count", "providers.count", SITES),
        path == "regions.count",
        path == "providers.count",
        path == SITES,
    ]
    return order.index(True), name


def _refused(name: str, message: str, allowed: str = "", suggestion: str = "") -> ScenarioError:
    return ScenarioError(message, field=name, allowed=allowed, suggestion=suggestion)


def _check_number(name: str, path: str, value: Any) -> None:
    """Refuse a value with which no scenario can be made.

    Raises:
        ScenarioError: the value is no number, or one that no scenario can have.
    """
    path = _SERIES.sub(r"dosage[*].\2", path)
    if path in _NUMBERS:
        try:
            _NUMBERS[path].check(value)
        except PydanticCustomError as error:
            said = error.context or {}
            raise _refused(name, said["message"], said["allowed"]) from None


class _Draft:
    """A scenario as plain values while it is changed.

    A contact series that is removed becomes None, so that the others keep their numbers.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.data: dict[str, Any] = scenario.to_dict()
        self.series: list[dict[str, Any] | None] = list(self.data["dosage"])
        self.discarded: list[str] = []
        self.moved = False
        self._shares_set: dict[int, dict[str, float]] = {}

    def made(self) -> Scenario:
        """The scenario, checked."""
        return Scenario.from_dict({**self.data, "dosage": self.kept})

    # --- reading ---------------------------------------------------------------------------------

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The contact series that remain."""
        return [one for one in self.series if one is not None]

    def last(self, one: Mapping[str, Any]) -> int:
        """Last week of a series."""
        return one["last_week"] or self.data["horizon_weeks"]

    @property
    def start(self) -> int:
        """First week of the plan."""
        first = (one["first_week"] for one in self.kept)
        return min(first, default=self.scenario.plan_start)

    @property
    def end(self) -> int:
        """Last week of the plan."""
        return max((self.last(one) for one in self.kept), default=self.start)

    def value(self, name: str) -> Any:
        """The value of a lever."""
        if name == "months":
            return plain(months_of(self.end - self.start + 1)) if self.kept else None
        if name == "first_week":
            return self.start if self.kept else None
        if name == SITES:
            return plain(self.data["regions"]["count"] / self.data["providers"]["count"])
        if found := self.of_series(name):
            series, field = found
            absent = not series and name.partition(".")[0] in MODES
            return NEVER if absent and field == "every_weeks" else self._common(series, field)
        place, key = self._place(SHORT.get(name, name))
        value = place[key]
        return value["kind"] if key == "network" else plain(value)

    def of_series(self, name: str) -> tuple[list[dict[str, Any]], str] | None:
        """The contact series that a lever is about, and their field; None for other levers."""
        mode, _, field = name.partition(".")
        if mode in MODES:
            return [one for one in self.kept if one["mode"] == mode], field
        if (found := _SERIES.match(SHORT.get(name, name))) is None:
            return None
        some = self.series if found[1] == "*" else [self.series[int(found[1])]]
        return [one for one in some if one is not None], found[2]

    def _common(self, series: list[dict[str, Any]], field: str) -> Any:
        values = [self._of(one, field) for one in series]
        return plain(values[0]) if values and all(v == values[0] for v in values) else None

    def _of(self, one: dict[str, Any], field: str) -> Any:
        """A field of a series, or its last week, the name of its mix, or a share of its time."""
        if field == "last_week":
            return self.last(one)
        if field == "functions":
            functions = Functions.model_validate(one[field]) if one[field] else None
            return preset_of(functions) or one[field]
        if field in SHARES:
            return _mix(one)[field.partition(".")[2]]
        return one[field]

    def _place(self, path: str) -> tuple[dict[str, Any], str]:
        place = self.data
        *steps, key = path.split(".")
        for step in steps:
            place = place[step]
        return place, key

    # --- setting ---------------------------------------------------------------------------------

    def set(self, name: str, value: Any, settings: Mapping[str, Any]) -> None:
        """Set one lever to another value."""
        self.moved = True
        path = SHORT.get(name, name)
        _check_number(name, path, value)
        if not self.kept and (name in ("months", "first_week") or "[*]" in path):
            raise _refused(
                name, "the scenario has no contact series", "a scenario with contact series"
            )
        if name == "horizon_weeks":
            self._set_horizon(value)
        elif name == "first_week":
            self._shift(value - self.start)
        elif name == "months":
            self._set_months(value)
        elif name == SITES:
            count = math.ceil(self.data["regions"]["count"] / value)
            self._set_providers(count)
        elif found := self.of_series(name):
            if (mode := name.partition(".")[0]) in MODES:
                self._set_mode(mode, *found, value, settings)
            else:
                self._set_all(name, *found, value)
        elif path == "regions.count":
            self._set_regions(value)
        elif path == "providers.count":
            self._set_providers(value)
        elif path == "regions.network" and isinstance(value, str):
            self._set_network(value)
        else:
            place, key = self._place(path)
            place[key] = value

    def _set_all(self, name: str, series: list[dict[str, Any]], field: str, value: Any) -> None:
        """Set a field of several series, unless they are phases that differ in it."""
        for one, other in self._phases(series):
            if self._of(one, field) != self._of(other, field):
                numbers = [self.series.index(each) for each in (one, other)]
                raise _refused(
                    name,
                    f"stands for contact series that follow each other and differ in {field} "
                    f"({one['mode']}: {_text(self._of(one, field))} to week {self.last(one)}, then "
                    f"{_text(self._of(other, field))}); setting them alike would undo the phases",
                    " or ".join(f"dosage[{number}].{field}" for number in numbers),
                )
        for one in series:
            self._write(name, one, field, value)

    def _write(self, name: str, one: dict[str, Any], field: str, value: Any) -> None:
        """Set a field of a series."""
        if field in SHARES:
            self._set_share(name, one, field.partition(".")[2], value)
            return
        if field == "functions":
            self._shares_set.pop(id(one), None)
            if isinstance(value, str) and value in PRESETS:
                value = _functions(PRESETS[value].functions.model_dump())
        one[field] = value

    def _set_share(self, name: str, one: dict[str, Any], function: str, value: Any) -> None:
        """Set a share of the time; shares that no lever has set divide the rest between them."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise _refused(name, f"{value} is not a share of the time", "0..1")
        given = self._shares_set.setdefault(id(one), {})
        given[function] = float(value)
        left = 1.0 - math.fsum(given.values())
        if left < -1e-9:
            raise _refused(
                name,
                f"the shares that are set ({', '.join(given)}) add up to {1.0 - left:.4g}",
                "1 or less together",
            )
        mix = _mix(one)
        rest = {other: mix[other] for other in FUNCTIONS if other not in given}
        if not math.fsum(rest.values()):
            rest = {other: _REFERENCE_MIX[other] for other in rest}
        total = math.fsum(rest.values())
        found = given | {other: max(left, 0.0) * share / total for other, share in rest.items()}
        one["functions"] = _functions(found)

    def _phases(
        self, series: list[dict[str, Any]]
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Pairs of series of one mode, the second of which begins after the first has ended."""
        for one, other in permutations(series, 2):
            if one["mode"] == other["mode"] and self.last(one) < other["first_week"]:
                yield one, other

    def _set_mode(
        self, mode: str, series: list[dict[str, Any]], field: str, value: Any,
        settings: Mapping[str, Any],
    ) -> None:  # fmt: skip
        if not series:
            if settings.get(f"{mode}.every_weeks") == NEVER:
                return  # the settings of a removed mode change nothing
            if not {f"{mode}.every_weeks", f"{mode}.hours"} <= set(settings):
                raise _refused(
                    f"{mode}.{field}",
                    f"{self.scenario.name!r} has no {mode} contacts",
                    f"{mode}.every_weeks and {mode}.hours together",
                )
            series = [self._added(mode)]
        if field == "every_weeks" and value == NEVER:
            self.series = [
                None if one is not None and one["mode"] == mode else one for one in self.series
            ]
        else:
            self._set_all(f"{mode}.{field}", series, field, value)

    def _added(self, mode: str) -> dict[str, Any]:
        """A series of a mode that the scenario lacks; its weeks, taper, co-creation and uses of
        time are those of the other series."""
        known = self.kept
        first: Mapping[str, Any] = known[0] if known else {}
        series = {
            "mode": mode,
            "every_weeks": 1.0,
            "hours": 0.0,
            "first_week": self.start,
            "last_week": self.end if known else None,
            "co_creation": first.get("co_creation", 0.6),
            "taper": first.get("taper", 1.0),
            "functions": first.get("functions"),
        }
        fields = ContactSeries.model_fields.items()
        self.series.append({n: series.get(n, field.default) for n, field in fields})
        return self.kept[-1]

    def _set_horizon(self, weeks: int) -> None:
        """Set the horizon; series without a last week keep the week in which they ended."""
        for one in self.kept:
            one["last_week"] = self.last(one)
        self.data["horizon_weeks"] = weeks

    def _shift(self, weeks: int) -> None:
        for one in self.kept:
            one["first_week"] += weeks
            if one["last_week"] is not None:
                one["last_week"] += weeks

    def _set_months(self, months: float) -> None:
        """Move the end of the plan: the last series end there, and no other ends later."""
        end, before = self.start - 1 + weeks_of(months), self.end
        for place, one in enumerate(self.series):
            if one is None:
                continue
            last = self.last(one)
            one["last_week"] = end if last >= before else min(last, end)
            if one["first_week"] > end:
                self.series[place] = None
                self.discarded.append(
                    f"Contact series {place + 1} ({one['mode']} from week {one['first_week']}) "
                    f"is left out: TA ends in week {end}."
                )

    # --- regions and providers -------------------------------------------------------------------

    def _set_network(self, kind: str) -> None:
        """Change the kind of team network; the number of colleagues and the mixing stay."""
        network = self.data["regions"]["network"]
        if network["names"] or network["edges"]:
            network |= {"names": [], "edges": []}
            self.discarded.append("The people and ties of the team network are left out.")
        network["kind"] = kind

    def _set_regions(self, count: Any) -> None:
        """Change the number of regions; own names are continued by numbered names."""
        regions = self.data["regions"]
        before = list(self.scenario.region_names)
        regions["count"] = count
        if regions["selection"] == "all":
            regions["candidates"] = count
        if regions["names"] is not None:
            regions["names"] = _more_names(before, count, "region")
        gone = before[count:]
        assigned = self.data["providers"]["assignment"]
        if assigned is not None and count > len(before):
            raise _refused(
                "regions", "the scenario says which provider has which region, and has no provider "
                "for more regions", f"1..{len(before)}, or a scenario without assignment",
            )  # fmt: skip
        self._leave_regions(gone)

    def _leave_regions(self, gone: list[str]) -> None:
        """Remove regions from all fields that name them."""
        log = self.data["contact_log"]
        if log and (held := [row["region"] for row in log["rows"] if row["region"] in gone]):
            raise _refused(
                "regions",
                f"the contact log has contacts of {held[0]}, which would be left out",
                "the regions that the log speaks of, or more",
            )
        overrides = self.data["regions"]["overrides"]
        for name in [name for name in gone if name in overrides]:
            del overrides[name]
            self.discarded.append(f"What is different in {name} is left out with the region.")
        if assigned := self.data["providers"]["assignment"]:
            self.data["providers"]["assignment"] = {
                name: provider for name, provider in assigned.items() if name not in gone
            }
        self._leave_events("region", gone)

    def _leave_events(self, field: str, gone: list[str]) -> None:
        for shock in [one for one in self.data["shocks"] if one.get(field) in gone]:
            self.data["shocks"].remove(shock)
            self.discarded.append(
                f"The event {shock['kind']} of {shock[field]} in week {shock['week']} is left out "
                f"with the {field}."
            )

    def _set_providers(self, count: Any) -> None:
        """Change the number of providers."""
        providers = self.data["providers"]
        before = list(self.scenario.provider_names)
        providers["count"] = count
        if not isinstance(count, int):
            return
        gone = before[max(count, 0) :]
        if providers["names"] is not None:
            providers["names"] = _more_names(before, count, "provider")
        log = self.data["contact_log"]
        if log and (came := [row["provider"] for row in log["rows"] if row["provider"] in gone]):
            raise _refused(
                "providers",
                f"the contact log has contacts of {came[0]}, who would be left out",
                "the providers that the log speaks of, or more",
            )
        for region, provider in (providers["assignment"] or {}).items():
            if provider in gone:
                raise _refused(
                    "providers",
                    f"{region} is assigned to {provider}, who would be left out",
                    "the providers that have regions, or a scenario without assignment",
                )
        hours = providers["weekly_hours"]
        if isinstance(hours, list):
            if count > len(hours):
                raise _refused(
                    "providers",
                    f"the scenario gives hours a week of {counted(len(hours), 'provider')}, not "
                    f"of {count}",
                    f"1..{len(hours)}, or one number of weekly_hours",
                )
            providers["weekly_hours"] = hours[:count]
            self.discarded += [
                f"The hours a week of {name} are left out with the provider." for name in gone
            ]
        self._leave_events("provider", gone)


def _more_names(before: list[str], count: int, what: str) -> list[str]:
    """``count`` names: the given ones, then unused ones such as region_4."""
    free = [f"{what}_{n}" for n in range(1, len(before) + count + 1)]
    more = [name for name in free if name not in before]
    return [*before[:count], *more[: max(0, count - len(before))]]


_REFERENCE_MIX: Mapping[str, float] = PRESETS[REFERENCE].functions.model_dump()


def _mix(one: Mapping[str, Any]) -> Mapping[str, float]:
    """The shares of a series' time by function."""
    if not one["functions"]:
        return _REFERENCE_MIX
    shares = Functions.model_validate(one["functions"]).shares
    return dict(zip(FUNCTIONS, shares, strict=True))


def _functions(mix: Mapping[str, float]) -> dict[str, float] | None:
    """Shares in the form of a series' field; None for the reference mix."""
    same = all(abs(mix[name] - share) < 1e-12 for name, share in _REFERENCE_MIX.items())
    return None if same else {name: mix[name] for name in FUNCTIONS}


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return preset_text(Functions.model_validate(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
