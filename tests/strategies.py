"""Any valid scenario, for tests with hypothesis; and :func:`lively` ones, in which all happens.

:func:`scenarios` draws plain dictionaries for ``Scenario.from_dict``: every lever, every kind of
shock and network, parameter values over all that the equations allow. Small, so that a run takes
milliseconds: at most 30 staff in all and 40 weeks.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from sim.core.parameters import TABLE
from sim.scenario.functions import FUNCTIONS, PRESETS

MODES = ("onsite", "video", "phone", "email")
TIMINGS = ("scheduled", "irregular", "on_demand")
STATUSES = ("held", "provider_cancelled", "region_cancelled", "cancelled")
KINDS = ("complete", "ring", "small_world", "hub", "random", "none")

SHARE = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0))
POSITIVE = st.one_of(st.sampled_from([0.05, 0.5, 1.0]), st.floats(0.01, 1.0))
SEEDS = st.integers(0, 2**63 - 1)
REPLICATES = st.integers(0, 2**32 - 1)


def examples(count: int) -> int:
    """So many examples in ``make slow``; in ``make test`` the first fifth of them.

    A profile's ``max_examples`` are out of 100: see tests/conftest.py.
    """
    return max(10, count * settings().max_examples // 100)


def one_in_three(values: Iterable[Any]) -> list[Any]:
    """All of them for a parametrised test; the default suite takes every third, the slow tests the
    others too."""
    return [
        value if place % 3 == 0 else pytest.param(value, marks=pytest.mark.slow)
        for place, value in enumerate(values)
    ]


def in_turn(*axes: Sequence[Any]) -> list[Any]:
    """Every combination for a parametrised test. The default suite takes so many that each value of
    each axis is among them, all axes moving on together; the slow tests the others too."""
    quick = {tuple(i % len(axis) for axis in axes) for i in range(max(map(len, axes)))}
    return [
        pytest.param(
            *(axis[at] for axis, at in zip(axes, places, strict=True)),
            marks=[] if places in quick else [pytest.mark.slow],
        )
        for places in itertools.product(*(range(len(axis)) for axis in axes))
    ]


def some(values: Any, most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=most)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any part of some fields."""
    return st.fixed_dictionaries({}, optional=fields)


@cache
def parameter_values(*, beyond_range: bool) -> st.SearchStrategy[dict[str, float]]:
    """Values of some parameters: over their plausible ranges, or over all the equations allow."""
    values = {}
    for name, row in TABLE.items():
        low, high = row.low, row.high
        if beyond_range:
            low, high = row.minimum, row.maximum
        if low is not None and high is not None:
            values[name] = st.one_of(st.sampled_from([low, high]), st.floats(low, high))
    return st.lists(st.sampled_from(sorted(values)), unique=True, max_size=14).flatmap(
        lambda names: st.fixed_dictionaries({name: values[name] for name in sorted(names)})
    )


def given_team(staff: int) -> st.SearchStrategy[dict[str, Any]]:
    """A team whose ties are spelled out."""
    names = [f"person {i}" for i in range(staff)]
    pairs = [[a, b] for i, a in enumerate(names) for b in names[:i]]
    edges = st.lists(st.sampled_from(pairs), unique_by=tuple, max_size=40) if pairs else st.just([])
    return edges.map(lambda ties: {"kind": "file", "names": names, "edges": ties})


@cache
def networks(staff: int) -> st.SearchStrategy[Any]:
    """A network of a team of that size: a word, a mapping or spelled-out ties."""
    return st.one_of(
        st.sampled_from(KINDS),
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["small_world", "random", "ring"]),
                "neighbours": st.integers(1, 8),
                "rewiring": SHARE,
            }
        ),
        given_team(staff),
    )


STARTS = optional(
    trust=SHARE,
    staff_accountability=SHARE,
    provider_accountability=SHARE,
    knowledge=SHARE,
    demand=SHARE,
)
OVERRIDES = optional(start=STARTS, leadership=SHARE)


@st.composite
def region_fields(
    draw: st.DrawFn, most_staff: int, dosed: bool
) -> tuple[dict[str, Any], list[str]]:
    """The field ``regions``, and the names of the chosen regions."""
    candidates = draw(st.integers(1, 5))
    selection = draw(st.sampled_from(["readiest", "random", "all"]))
    count = candidates if selection == "all" else draw(st.integers(1, min(4, candidates)))
    staff = draw(st.one_of(st.just(1), st.integers(1, most_staff // count)))
    names = [f"region_{i + 1}" for i in range(count)]
    fields: dict[str, Any] = {
        "candidates": candidates,
        "count": count,
        "selection": selection,
        "staff": staff,
        "network": draw(networks(staff)),
        "core_team": draw(POSITIVE if dosed else SHARE),
    }
    if draw(st.booleans()):
        names = [f"place {i}" for i in range(count)]
        fields["names"] = names
    overrides = {}
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=2)):
        override = draw(OVERRIDES)
        if draw(st.booleans()):
            override["staff"] = draw(st.integers(1, max(1, most_staff // count)))
        own = override.get("staff", staff)
        # A team spelled out for another number of people would not fit.
        needs_own = isinstance(fields["network"], dict) and "names" in fields["network"]
        if draw(st.booleans()) or (needs_own and own != staff):
            override["network"] = draw(networks(own))
        overrides[name] = override
    if overrides:
        fields["overrides"] = overrides
    return fields, names


@st.composite
def provider_fields(draw: st.DrawFn, regions: list[str]) -> dict[str, Any]:
    """The field ``providers``."""
    count = draw(st.integers(1, 4))
    hours = st.one_of(st.sampled_from([0.0, 2.0, 20.0, 168.0]), st.floats(0.0, 168.0))
    fields: dict[str, Any] = {
        "count": count,
        "weekly_hours": draw(st.one_of(hours, st.lists(hours, min_size=count, max_size=count))),
    }
    names = [f"provider_{i + 1}" for i in range(count)]
    if draw(st.booleans()):
        names = fields["names"] = [f"visitor {i}" for i in range(count)]
    if draw(st.booleans()):
        fields["assignment"] = {name: draw(st.sampled_from(names)) for name in regions}
    return fields


def provider_names(providers: dict[str, Any]) -> list[str]:
    """Names of the providers of that field."""
    return providers.get("names") or [f"provider_{i + 1}" for i in range(providers["count"])]


@st.composite
def functions(draw: st.DrawFn) -> str | dict[str, float]:
    """What the time of a contact goes to: a named mix, one function, round or any shares."""
    kind = draw(st.sampled_from(["named", "one", "usual", "round", "any"]))
    if kind == "named":
        return draw(st.sampled_from(sorted(PRESETS)))
    if kind == "one":
        return {draw(st.sampled_from(FUNCTIONS)): 1.0}
    if kind == "usual":
        return {name: TABLE[f"{name}_reference"].default for name in FUNCTIONS}
    names = draw(st.lists(st.sampled_from(FUNCTIONS), unique=True, min_size=2))
    if kind == "round":  # percentages that may miss 100 by one
        parts = draw(st.lists(st.integers(1, 20), min_size=len(names), max_size=len(names)))
        shares = [round(100 * part / sum(parts)) for part in parts]
        shares[0] += max(-1, min(1, 100 - sum(shares))) if draw(st.booleans()) else 0
        if abs(sum(shares) - 100) <= 1:
            return {name: share / 100 for name, share in zip(names, shares, strict=True)}
        return dict.fromkeys(names, 1.0 / len(names))
    weights = draw(st.lists(POSITIVE, min_size=len(names), max_size=len(names)))
    return {name: one / sum(weights) for name, one in zip(names, weights, strict=True)}


@st.composite
def contact_series(draw: st.DrawFn, first_possible: int, horizon: int) -> dict[str, Any]:
    """One series of contacts that starts in ``first_possible`` or later."""
    first = draw(st.integers(first_possible, horizon))
    last = draw(st.one_of(st.none(), st.integers(first, horizon)))
    every = st.one_of(st.sampled_from([1, 2, 4]), st.floats(1.0, 30.0))
    hours = st.one_of(st.sampled_from([0.0, 0.3, 1.5, 8.0, 40.0]), st.floats(0.0, 60.0))
    fields: dict[str, Any] = {
        "mode": draw(st.sampled_from(MODES)),
        "every_weeks": draw(every),
        "hours": draw(hours),
        "first_week": first,
        "co_creation": draw(st.one_of(SHARE, st.tuples(SHARE, SHARE).map(list))),
        "taper": draw(st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 10.0))),
        "timing": draw(st.sampled_from(TIMINGS)),
        "invited": draw(POSITIVE),
    }
    if last is not None:
        fields["last_week"] = last
    if draw(st.booleans()):
        fields["functions"] = draw(functions())
    return fields


@st.composite
def log_rows(
    draw: st.DrawFn, staff: dict[str, int], providers: list[str], last: int
) -> list[dict[str, Any]]:
    """Rows of a contact log over weeks 1..last; some say who came, some are shared by regions."""
    plain = st.fixed_dictionaries(
        {
            "week": st.integers(1, last),
            "mode": st.sampled_from(MODES),
            "hours": st.one_of(st.sampled_from([0.0, 1.5, 6.0]), st.floats(0.0, 60.0)),
        },
        optional={
            "co_creation": SHARE,
            "status": st.sampled_from(STATUSES),
            "functions": functions(),
            "provider": st.sampled_from(providers),
        },
    )
    rows = []
    drawn: list[dict[str, Any]] = draw(st.lists(plain, min_size=1, max_size=12))
    for number, row in enumerate(drawn):
        with_whom = st.lists(st.sampled_from(sorted(staff)), min_size=1, max_size=3, unique=True)
        regions = draw(with_whom)
        if draw(st.booleans()):
            row["contact"] = f"contact {number}"
        else:
            regions = regions[:1]
        for name in regions:
            own = dict(row)
            if row.get("status", "held") != "provider_cancelled" and draw(st.booleans()):
                own["status"] = draw(st.sampled_from(["held", "region_cancelled", "cancelled"]))
            if draw(st.booleans()):
                own["invited"] = draw(st.integers(1, staff[name]))
            if draw(st.booleans()):
                most = own.get("invited", staff[name])
                came = st.integers(0, most if own.get("status", "held") == "held" else 0)
                own["present"] = draw(came)
            if draw(st.booleans()):
                own["provider"] = draw(st.sampled_from(providers))
            rows.append({"region": name, **own})
    return rows


@st.composite
def spans(draw: st.DrawFn, horizon: int) -> dict[str, int]:
    """A first and a last week."""
    first = draw(st.integers(1, horizon))
    return {"week": first, "until_week": draw(st.integers(first, horizon))}


@st.composite
def shocks(
    draw: st.DrawFn, regions: list[str], providers: list[str], horizon: int
) -> dict[str, Any]:
    """A shock of any kind."""
    kind = draw(st.sampled_from(["provider_leaves", "staff_leave", "demand_rise", "dosage_cut"]))
    shock: dict[str, Any] = {"kind": kind, **draw(spans(horizon))}
    if kind == "provider_leaves":
        del shock["until_week"]
        shock["provider"] = draw(st.sampled_from(providers))
    elif kind == "staff_leave":
        del shock["until_week"]
        shock["share"] = draw(SHARE)
    elif kind == "demand_rise":
        shock["by"] = draw(st.floats(-1.0, 1.0))
    else:
        shock["factor"] = draw(st.one_of(SHARE, st.floats(0.0, 10.0)))
        if draw(st.booleans()):
            del shock["until_week"]
    if kind in ("staff_leave", "demand_rise") and draw(st.booleans()):
        shock["region"] = draw(st.sampled_from(regions))
    return shock


@st.composite
def calendars(draw: st.DrawFn, horizon: int) -> dict[str, Any]:
    """A start date, and months, weeks and days in which nobody meets."""
    start = draw(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
    days = st.integers(0, 7 * horizon).map(lambda n: start + timedelta(days=n))
    spans = st.builds(lambda day, n: f"{day} to {day + timedelta(days=n)}", days, st.integers(0, 9))
    skip = {
        "months": st.lists(st.integers(1, 12), max_size=2),
        "weeks": st.lists(st.integers(1, horizon), max_size=2),
        "dates": st.lists(st.one_of(days.map(str), spans), max_size=3),
    }
    return {"start_date": str(start), "skip": draw(st.fixed_dictionaries({}, optional=skip))}


@st.composite
def scenarios(draw: st.DrawFn, *, most_staff: int = 30, most_weeks: int = 40) -> dict[str, Any]:
    """A dictionary for ``Scenario.from_dict``: any valid scenario of that size."""
    horizon = draw(st.one_of(st.just(1), st.integers(1, most_weeks)))
    # Most plans have contacts: without any, little happens.
    dosed, logged = draw(
        st.sampled_from([(True, False)] * 3 + [(True, True), (False, True), (False, False)])
    )
    log_end = 0
    regions, names = draw(region_fields(most_staff, dosed or logged))
    providers = draw(provider_fields(names))
    fields: dict[str, Any] = {
        "name": "drawn",
        "horizon_weeks": horizon,
        "seed": draw(SEEDS),
        "regions": regions,
        "providers": providers,
    }
    if logged:
        own = regions.get("overrides", {})
        staff = {name: own.get(name, {}).get("staff", regions["staff"]) for name in names}
        rows = draw(log_rows(staff, provider_names(providers), max(1, horizon // 2)))
        log_end = max(row["week"] for row in rows)
        fields["contact_log"] = {"rows": rows}
    if dosed and log_end < horizon:
        series = contact_series(log_end + 1, horizon)
        fields["dosage"] = draw(st.lists(series, min_size=1, max_size=4))
    fields["shocks"] = draw(some(shocks(names, provider_names(providers), horizon), 3))
    if draw(st.booleans()):
        work = st.builds(lambda span, share: {**span, "share": share}, spans(horizon), SHARE)
        fields["delivery_work"] = draw(st.lists(work, min_size=1, max_size=2))
    fields["background_trend"] = draw(st.one_of(st.just(0.0), st.floats(-0.5, 0.5)))
    money = st.floats(0.0, 1e4)
    fields["costs"] = draw(optional(provider_hour=money, staff_hour=money, travel_visit=money))
    fields["beyond_range"] = draw(st.booleans())
    fields["parameters"] = draw(parameter_values(beyond_range=fields["beyond_range"]))
    if draw(st.integers(0, 3)) == 3:
        fields |= draw(calendars(horizon))
    return fields


# --- everything at once ---------------------------------------------------------------------------


def lively(number: int) -> dict[str, Any]:
    """A scenario in which everything happens, with every parameter anywhere in its plausible range.

    Drawn scenarios are often empty, or at an edge where nothing moves; these are like real ones.
    """
    r = random.Random(f"lively {number}")

    def mix() -> dict[str, float]:
        weights = [
            r.choice([0.0, 1.0, 1.0]) * r.uniform(0.3, 3.0) * TABLE[f"{name}_reference"].default
            for name in FUNCTIONS
        ]
        weights[r.randrange(5)] += 0.2
        return {name: one / sum(weights) for name, one in zip(FUNCTIONS, weights, strict=True)}

    def contact(first: int, timing: str, most: float) -> dict[str, Any]:
        fields = {
            "mode": r.choice(MODES),
            "every_weeks": r.choice([1, 1.5, 2, 3.7]),
            "hours": r.uniform(0.05, most),
            "first_week": first,
            "co_creation": r.choice([r.random(), [r.random(), r.random()]]),
            "taper": r.uniform(0.3, 1.5),
            "timing": timing,
            "invited": r.choice([1.0, r.uniform(0.3, 1.0)]),
        }
        return fields if r.random() < 0.3 else {**fields, "functions": mix()}

    rows: list[dict[str, Any]] = []
    for week in range(1, 9):
        for name in ("region_1", "region_2", "region_3"):
            for _ in range(r.choice([0, 1, 1, 2])):
                row = {
                    "week": week,
                    "region": name,
                    "mode": r.choice(MODES),
                    "co_creation": r.random(),
                    "hours": r.uniform(0.1, 4.0),
                    "status": r.choice(["held", "held", *STATUSES]),
                }
                rows.append(row if r.random() < 0.5 else {**row, "functions": mix()})
    logged = number % 2 == 0
    first = 9 if logged else 1
    parameters = {
        name: r.uniform(row.low, row.high)
        for name, row in TABLE.items()
        if row.low is not None and row.high is not None
    }
    staff = r.choice([5, 12, 20, 36])
    return {
        "name": f"lively {number}",
        "horizon_weeks": 34,
        "regions": {
            "candidates": 5, "count": 3, "selection": r.choice(["readiest", "random"]),
            "staff": staff, "core_team": r.choice([1.0, 0.6]),
            "network": r.choice(["small_world", "complete", "ring"]),
            "overrides": {
                "region_2": {"staff": staff + 3, "start": {"trust": r.uniform(0.2, 0.6)}},
            },
        },
        "providers": {"count": 2, "weekly_hours": [r.uniform(3.0, 9.0), 40.0]},
        "contact_log": {"rows": _who_came(number, rows, staff)} if logged else None,
        "dosage": [contact(first, "scheduled", 4.0), contact(first, "on_demand", 2.0),
                   contact(first + 4, "irregular", 0.5)],
        "shocks": [
            {"kind": "provider_leaves", "week": 21, "provider": "provider_1"},
            {"kind": "staff_leave", "week": 14, "share": 0.3},
            {"kind": "demand_rise", "week": 10, "until_week": 15, "by": 0.15, "region": "region_1"},
            {"kind": "dosage_cut", "week": 25, "until_week": 28, "factor": 0.4},
        ],
        "delivery_work": [{"week": 12, "until_week": 30, "share": r.uniform(0.0, 0.4)}],
        "background_trend": r.choice([0.0, 0.05, -0.03]),
        "parameters": parameters,
    }  # fmt: skip


def _who_came(number: int, rows: list[dict[str, Any]], staff: int) -> list[dict[str, Any]]:
    """Rows of a lively log that say who came, and contacts that the three regions share."""
    r = random.Random(f"who came {number}")
    for week in (2, 5, 7):
        shared = {"week": week, "mode": r.choice(MODES), "hours": r.uniform(0.5, 4.0),
                  "contact": f"together {week}"}  # fmt: skip
        for name in ("region_1", "region_2", "region_3"):
            status = r.choice(["held", "held", "cancelled"])
            rows = [*rows, {"region": name, "status": status, **shared}]
    told = []
    for row in rows:
        invited = r.randint(1, staff)
        known = {"provider": r.choice(["provider_1", "provider_2"]), "invited": invited}
        if row["status"] == "held":
            known["present"] = r.randint(0, invited)
        told.append({**row, **{name: one for name, one in known.items() if r.random() < 0.5}})
    return told


# --- corners --------------------------------------------------------------------------------------


def _corner(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "corner",
        "horizon_weeks": 12,
        "regions": {"candidates": 2, "count": 2, "selection": "all", "staff": 4},
        "providers": {"count": 1},
        "dosage": [{"mode": "onsite", "every_weeks": 2, "hours": 4}],
        "beyond_range": True,
    }
    for name, value in changes.items():
        merge = isinstance(value, dict) and isinstance(base.get(name), dict)
        base[name] = {**base[name], **value} if merge else value
    return base


WEEKLY = {"mode": "video", "every_weeks": 1, "hours": 2}
CORNERS: dict[str, dict[str, Any]] = {
    "one staff member": _corner(regions={"staff": 1}),
    "nobody attends": _corner(parameters={"attendance_base": -50.0, "attendance_slope": 0.0}),
    "a provider without hours": _corner(providers={"weekly_hours": 0.0}),
    "40 hours a week": _corner(dosage=[{**WEEKLY, "hours": 40}]),
    "60 hours, four times a week": _corner(dosage=[{**WEEKLY, "hours": 60}] * 4),
    "no network": _corner(regions={"network": "none"}),
    "horizon 1": _corner(horizon_weeks=1),
    "all staff leave every week": _corner(
        shocks=[{"kind": "staff_leave", "week": week, "share": 1.0} for week in range(1, 13)]
    ),
    "all staff leave by chance": _corner(parameters={"staff_turnover": 1.0}),
    "providers leave every week": _corner(parameters={"provider_turnover": 1.0}),
    "every week": _corner(dosage=[WEEKLY]),
    "many series in one week": _corner(
        dosage=[{**WEEKLY, "mode": mode} for mode in MODES for _ in range(5)]
    ),
    "nothing at all": _corner(dosage=[]),
    "hours that come to nothing": _corner(dosage=[{**WEEKLY, "hours": 0.0}]),
    "a series cut off": _corner(shocks=[{"kind": "dosage_cut", "week": 1, "factor": 0.0}]),
    "everybody the same": _corner(parameters={name: 0.0 for name in TABLE if name.endswith("_sd")}),
    "nothing is fixed to a share": _corner(
        parameters={name: 1.0 for name in TABLE if TABLE[name].maximum == 1.0}
    ),
    "everything at its lowest": _corner(
        parameters={name: row.minimum for name, row in TABLE.items()}
    ),
    "everything at its highest": _corner(
        parameters={name: row.maximum for name, row in TABLE.items()}
    ),
    **{
        f"all {name}": _corner(dosage=[{**WEEKLY, "functions": {name: 1.0}}] * 2)
        for name in FUNCTIONS
    },
    "calls of a moment": _corner(dosage=[{**WEEKLY, "hours": 1e-6}] * 3),
    "a team above the reference": _corner(
        regions={"staff": 30}, dosage=[{**WEEKLY, "functions": {"learning": 0.9, "review": 0.1}}]
    ),
    "a log alone": _corner(
        dosage=[],
        contact_log={
            "rows": [
                {"week": week, "region": "region_2", "mode": mode, "hours": 2.0, "status": status}
                for week, (mode, status) in enumerate(
                    [(mode, status) for mode in MODES for status in STATUSES[:3]], start=1
                )
            ]
        },
    ),
    "nobody of those invited came, then all did": _corner(
        dosage=[],
        regions={"core_team": 0.5},
        contact_log={
            "rows": [
                {"week": week, "region": "region_1", "mode": "video", "hours": 2.0, **who}
                for week, who in enumerate(
                    [{"present": 0}, {"present": 4}, {"invited": 4, "present": 4}, {"present": 1}],
                    start=1,
                )
            ]
        },
    ),
    "attendance beyond any doubt": _corner(
        dosage=[],
        parameters={"attendance_base": 50.0, "attendance_slope": 0.0},
        contact_log={
            "rows": [
                {"week": week, "region": "region_1", "mode": "video", "hours": 2.0, "present": 2}
                for week in range(1, 9)
            ]
        },
    ),
}
"""Scenarios at the edge of what is allowed, by name."""
