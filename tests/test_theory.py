"""The model against closed forms and chances, worked out without it.

The checks are in tests/checks.py, where their tolerances are explained: rounding where nothing is
left to luck, four standard errors where something is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import checks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core import rules
from sim.core.parameters import TABLE, Parameters
from sim.engine.compiled import simulate  # the bits of the readable engine: tests/test_engines.py
from sim.model import dosage
from sim.model.population import share_of
from sim.scenario.scenario import Scenario


@pytest.mark.parametrize("check", checks.EXACT_CHECKS, ids=lambda check: check.__name__)
def test_closed_form(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("check", checks.CHANCE_CHECKS, ids=lambda check: check.__name__)
def test_chance(check: Callable[[], None]) -> None:
    check()


# --- the calendar ---------------------------------------------------------------------------------

PHI = Fraction("0.6180339887")


def shift_of(region: int, every: Fraction) -> int:
    """floor(n frac(phi r)), in exact fractions."""
    turn = PHI * region
    return math.floor(every * (turn - math.floor(turn)))


def due_weeks(every: Fraction, first: int, last: int, shift: int) -> list[int]:
    """Brute force: the m-th contact falls in the first whole week z with z >= m n."""
    weeks, m = [], 0
    while (week := first + shift + math.ceil(m * every)) <= last:
        weeks.append(week)
        m += 1
    return weeks


def model_weeks(every: float, first: int, last: int, shift: int) -> list[int]:
    return [w for w in range(1, last + 20) if rules.is_due(w, first, last, every, shift)]


@given(st.integers(8, 8 * 60), st.integers(1, 60), st.integers(0, 300), st.integers(0, 40))
def test_calendar_is_exact_for_eighths(eighths: int, first: int, span: int, region: int) -> None:
    """Intervals that a binary number holds exactly, whole ones among them."""
    every = Fraction(eighths, 8)
    shift = rules.calendar_shift(region, float(every), TABLE["calendar_stagger"].default)
    assert shift == shift_of(region, every)
    assert model_weeks(float(every), first, first + span, shift) == due_weeks(
        every, first, first + span, shift
    )


@given(st.integers(100, 2000), st.integers(1, 20), st.integers(0, 12))
def test_calendar_of_decimal_intervals(hundredths: int, first: int, region: int) -> None:
    """4.33 weeks are not quite 4.33 in binary: where m n is a whole week, the date may slip to the
    next one. No contact is lost and none is added."""
    every, last = Fraction(hundredths, 100), first + 400
    shift = rules.calendar_shift(region, hundredths / 100, TABLE["calendar_stagger"].default)
    assert shift == shift_of(region, every)
    found = model_weeks(hundredths / 100, first, last, shift)
    exact = due_weeks(every, first, last, shift)
    assert 0 <= len(exact) - len(found) <= 1
    if len(exact) > len(found):
        assert exact[-1] == last  # slipped past the end
    for m, (week, date) in enumerate(zip(found, exact, strict=False)):
        late = week - date
        assert late in (0, 1)
        assert late == 0 or (m * every).denominator == 1


def test_calendar_of_a_scenario() -> None:
    """Weeks of every region, by the brute force, and in file order within a week."""
    series = [
        {"mode": "onsite", "every_weeks": 13, "hours": 4, "last_week": 104},
        {"mode": "video", "every_weeks": 4.5, "hours": 1.5, "first_week": 3, "last_week": 90},
        {"mode": "email", "every_weeks": 1, "hours": 0.5, "first_week": 100},
    ]
    scenario = checks.make_scenario(regions=7, weeks=110, dosage=series, providers=3)
    expected = []
    for region in range(7):
        for number, (every, first, last) in enumerate(
            (("13", 1, 104), ("4.5", 3, 90), ("1", 100, 110))
        ):
            shift = shift_of(region, Fraction(every))
            expected += [
                (w, region, number) for w in due_weeks(Fraction(every), first, last, shift)
            ]
    planned = dosage.planned_contacts(scenario, scenario.parameter_set())
    assert [(c.week, c.region, c.series) for c in planned] == sorted(expected)
    assert len({shift_of(region, Fraction(13)) for region in range(7)}) > 4  # regions are staggered


# --- taper, plan, cuts ----------------------------------------------------------------------------


@given(
    st.floats(0.1, 40.0), st.floats(0.0, 10.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0),
    st.integers(1, 10), st.integers(0, 40),
)  # fmt: skip
def test_taper_and_plan_are_straight_lines(
    hours: float, taper: float, start: float, end: float, first: int, span: int
) -> None:
    last = first + span
    series = {"mode": "video", "every_weeks": 1, "hours": hours, "taper": taper}
    series |= {"first_week": first, "last_week": last, "co_creation": [start, end]}
    scenario = checks.make_scenario(weeks=60, dosage=[series])
    planned = {c.week: c for c in dosage.planned_contacts(scenario, scenario.parameter_set())}
    for week in range(first, last + 1):
        part = (week - first) / max(1, span)
        expected = hours + (hours * taper - hours) * part
        if abs(expected) < 1e-9:  # nothing due without hours
            continue
        assert planned[week].hours == pytest.approx(expected, rel=1e-12)
        assert planned[week].co_creation == pytest.approx(start + (end - start) * part, abs=1e-14)
    assert set(planned) <= set(range(first, last + 1))


def test_cuts_multiply_and_end() -> None:
    cuts = [
        {"kind": "dosage_cut", "week": 5, "factor": 0.5, "until_week": 10},
        {"kind": "dosage_cut", "week": 8, "factor": 0.2},
        {"kind": "dosage_cut", "week": 15, "factor": 0.0, "until_week": 16},
    ]
    series = {"mode": "phone", "every_weeks": 1, "hours": 2.0}
    scenario = checks.make_scenario(weeks=20, dosage=[series], shocks=cuts)
    planned = {c.week: c.hours for c in dosage.planned_contacts(scenario, Parameters())}
    for week in range(1, 21):
        factor = (0.5 if 5 <= week <= 10 else 1.0) * (0.2 if week >= 8 else 1.0)
        if week in (15, 16):
            assert week not in planned
        else:
            assert planned[week] == pytest.approx(2.0 * factor)


def test_demand_rises_and_falls_back() -> None:
    shocks = [
        {"kind": "demand_rise", "week": 3, "until_week": 5, "by": 0.2},
        {"kind": "demand_rise", "week": 5, "until_week": 6, "by": -0.1, "region": "region_2"},
    ]
    model = checks.make_model(
        weeks=8, regions=2, shocks=shocks, parameters={**checks.ALIKE, **checks.NOBODY_LEAVES}
    )
    record = model.run()
    for week in range(9):
        for region in range(2):
            rise = 0.2 * (3 <= week <= 5) - 0.1 * (region == 1 and 5 <= week <= 6)
            checks.near(checks.column(record, "workload")[week, region], 0.5 + rise, 1e-9, "w")


# --- who takes part -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "people", "expected"),
    [(1.0, 12, 12), (0.3, 10, 3), (0.25, 10, 3), (0.04, 12, 1), (0.5, 1, 1), (0.125, 12, 2)],
)
def test_seats_of_a_share(share: float, people: int, expected: int) -> None:
    """max(1, floor(share n + 1/2))."""
    assert share_of(share, people) == expected


def test_core_team_is_fixed_and_drawn() -> None:
    """Seats belong to posts over the whole run; every post is as likely to have one (4 SE)."""
    runs, staff, seats = 200, 10, 3
    count = np.zeros(staff)
    for replicate in range(runs):
        model = checks.make_model(
            staff=staff, replicate=replicate, region_fields={"core_team": 0.3}, weeks=1
        )
        core = {x.post for x in model.staff if x.in_core_team}
        assert len(core) == seats
        assert core == {x.post for x in model.regions[0].asked(model.regions[0].core)}
        first = model.regions[0].asked(share_of(0.1, model.regions[0].core))
        assert [x.seat for x in first] == [0]
        count[list(core)] += 1
    for post in range(staff):
        checks.share_near(count[post], runs, seats / staff, f"post {post}")


def test_staff_leave_shock_takes_its_share() -> None:
    """round(share n) posts in that week and region, by draw: over runs every post alike."""
    shock = {"kind": "staff_leave", "week": 2, "share": 0.25, "region": "region_2"}
    runs, staff = 150, 10
    gone = np.zeros(staff)
    for replicate in range(runs):
        model = checks.make_model(
            staff=staff,
            regions=2,
            weeks=3,
            replicate=replicate,
            shocks=[shock],
            parameters=checks.NOBODY_LEAVES,
        )
        people = [x.first_trust for x in model.regions[1].staff]
        record = model.run()
        leavers = checks.column(record, "leavers")
        assert leavers.sum() == leavers[2, 1] == 3  # floor(2.5 + .5)
        gone += [a != x.first_trust for a, x in zip(people, model.regions[1].staff, strict=True)]
    for post in range(staff):
        checks.share_near(gone[post], runs, 0.3, f"post {post}")


# --- people at the start --------------------------------------------------------------------------


def test_people_are_drawn_as_described() -> None:
    """Means and SDs of starting traits over many people, against the table (4 SE).

    With SDs small against the distance from 0 and 1, nothing is cut off; the region effect (SD .08)
    is shared by the people of a region, so means are tested over 300 regions.
    """
    regions, staff = 300, 4
    small = {"knowledge_sd": 0.1, "motivation_sd": 0.08, "capacity_sd": 0.08}
    small |= {"leadership_sd": 0.1, "region_effect_sd": 0.04, "staff_accountability_sd": 0.1}
    model = checks.make_model(regions=regions, staff=staff, parameters=small, providers=300)
    p = model.p

    def spread(values: list[float], mean: float, sd: float, what: str) -> None:
        array = np.array(values)
        checks.near(float(array.mean()), mean, 4 * sd / math.sqrt(len(array)), f"mean {what}")
        error = 4 * sd / math.sqrt(2 * len(array))
        checks.near(float(array.std(ddof=1)), sd, error, f"SD {what}")

    one = [region.staff[0] for region in model.regions]
    spread([x.first_knowledge for x in one], 0.44, math.hypot(0.1, 0.04), "knowledge")
    spread([x.motivation for x in one], 0.65, math.hypot(0.08, 0.04), "motivation")
    spread([x.capacity for x in one], 0.55, math.hypot(0.08, 0.04), "capacity")
    spread([x.first_accountability for x in one], 0.42, 0.1, "accountability")
    spread([x.offset for x in one], 0.0, p.workload_offset_sd, "offset")
    spread([r.leadership for r in model.regions], 0.55, math.hypot(0.1, 0.04), "leadership")
    spread([r.usual_demand for r in model.regions], 0.5, p.demand_sd, "demand")
    spread([x.skill for x in model.providers], 0.70, p.provider_skill_sd, "skill")
    noise = [x.first_trust - 0.375 - 0.4 * (x.readiness - 0.5) for x in one]
    spread(noise, 0.0, p.trust_sd, "trust beyond readiness")
    # What two people of a region share is the variance of the region effect.
    pairs = np.array([[r.staff[0].motivation, r.staff[1].motivation] for r in model.regions]) - 0.65
    shared = float((pairs[:, 0] * pairs[:, 1]).mean())
    error = 4 * (0.08**2 + 0.04**2) / math.sqrt(regions)  # SD of a product of two independent ones
    checks.near(shared, 0.04**2, error, "covariance within a region")


def test_given_starts_are_the_regions_own() -> None:
    """Given values replace those of the region, whose people vary around them."""
    start = {"knowledge": 0.7, "trust": 0.2, "staff_accountability": 0.9, "demand": 0.3}
    override = {"start": {**start, "provider_accountability": 0.25}, "leadership": 0.35}
    model = checks.make_model(
        regions=2,
        parameters={**checks.ALIKE, "region_effect_sd": 0.08},
        region_fields={"overrides": {"region_2": override}},
    )
    own, other = model.regions[1], model.regions[0]
    assert (own.leadership, own.usual_demand, own.site.record) == (0.35, 0.3, 0.25)
    for person in own.staff:
        checks.near(person.knowledge, 0.7, what="knowledge")
        checks.near(person.trust, 0.2, what="trust")
        checks.near(person.accountability, 0.9, what="accountability")
    checks.near(other.site.record, 0.6, what="record")
    assert other.staff[0].knowledge != 0.44  # moved by its region's effect
    assert abs(other.staff[0].knowledge - 0.44) < 3.5 * 0.08


def test_readiest_have_the_highest_scores() -> None:
    """Without error of judgement, the chosen regions are those of the highest mean readiness."""
    everybody = checks.make_model(regions=12, providers=12)
    ready = [float(np.mean([x.readiness for x in r.staff])) for r in everybody.regions]
    best = sorted(sorted(range(12), key=lambda c: -ready[c])[:3])
    fields = {"candidates": 12, "selection": "readiest", "count": 3}
    chosen = checks.make_model(
        region_fields=fields, providers=12, parameters={"selection_noise_sd": 0.0}
    )
    assert [r.candidate for r in chosen.regions] == best
    for region in chosen.regions:
        same = everybody.regions[region.candidate]
        assert [x.knowledge for x in region.staff] == [x.knowledge for x in same.staff]


def test_random_selection_is_fair() -> None:
    runs = 240
    fields = {"candidates": 6, "selection": "random", "count": 2}
    count = np.zeros(6)
    for replicate in range(runs):
        model = checks.make_model(staff=1, region_fields=fields, replicate=replicate, weeks=1)
        chosen = [r.candidate for r in model.regions]
        assert chosen == sorted(set(chosen))
        count[chosen] += 1
    for candidate in range(6):
        checks.share_near(count[candidate], runs, 2 / 6, f"candidate {candidate}")


def test_background_trend_moves_everybody() -> None:
    """k0 and k rise by the yearly trend; newcomers are drawn from the risen mean."""
    parameters = {**checks.ALIKE, **checks.CERTAIN}
    shock = {"kind": "staff_leave", "week": 52, "share": 1.0}
    for shocks in ([], [shock]):
        model = checks.make_model(
            weeks=52, parameters=parameters, background_trend=0.1, shocks=shocks
        )
        model.run()
        for person in model.staff:
            checks.near(person.knowledge, 0.54, 1e-10, "knowledge after a year of trend")
            checks.near(person.first_knowledge, 0.54, 1e-10, "start after a year of trend")


def test_peers_meet_at_their_chance() -> None:
    """Each person meets one colleague with chance p_meet; a meeting with the one who gained shows.

    In a team of three where one gained, a meeting is with that one half of the time.
    """
    parameters = {**checks.CERTAIN, "peer_meeting": 0.4, "forgetting": 0.0}
    heard, runs = 0, 400
    for replicate in range(runs):
        model = checks.make_model(
            staff=3, network="complete", parameters=parameters, weeks=1, replicate=replicate
        )
        teacher = model.staff[0]
        teacher.knowledge = teacher.first_knowledge + 0.5 * (1.0 - teacher.first_knowledge)
        model.step()
        heard += sum(x.knowledge > x.first_knowledge for x in model.staff[1:])
    checks.share_near(heard, 2 * runs, 0.4 / 2, "heard of it")


@pytest.mark.slow
def test_long_run_level_of_integration_is_the_balance() -> None:
    """With high turnover the mean integration of a region stays at its start for ten years.

    Newcomers differ in knowledge and drive, so a balance of means is not exact: the specification
    allows .003 for unselected samples; here 4 SE over 120 runs + .003.
    """
    changes = []
    for replicate in range(120):
        record = checks.make_model(
            staff=12, regions=4, providers=4, weeks=520, replicate=replicate
        ).run()
        found = checks.column(record, "integration")
        changes.append(found[-1].mean() - found[0].mean())
    error = float(np.std(changes, ddof=1)) / math.sqrt(len(changes))
    assert abs(float(np.mean(changes))) < 4 * error + 0.003


def test_shipped_source_case_is_in_its_neighbourhood() -> None:
    """An independent prototype of the specification found as start and end: trust .418 and .525,
    knowledge .547 and .723, integration .276 and .434, mutual accountability .502 and .625.
    Tolerance: 4 SEs of these runs + .005.
    """
    runs, scenario = 40, Scenario.shipped("source")
    p = scenario.parameter_set()
    records = np.array([simulate(scenario, p, 11, r)[[0, 104]] for r in range(runs)])
    found = {name: checks.column(records, name) for name in ("trust", "knowledge", "integration")}
    both = checks.column(records, "staff_accountability")
    found["mutual"] = np.sqrt(both * checks.column(records, "provider_accountability"))
    for name, start, end in (
        ("trust", 0.418, 0.525),
        ("knowledge", 0.547, 0.723),
        ("integration", 0.276, 0.434),
        ("mutual", 0.502, 0.625),
    ):
        of_runs = found[name].mean(axis=2)  # (run, point)
        errors = of_runs.std(axis=0, ddof=1) / math.sqrt(runs)
        for value, error, expected in zip(of_runs.mean(axis=0), errors, (start, end), strict=True):
            tolerance = 4 * error + 0.005
            assert tolerance < 0.07, "too few runs to tell the end from the start"
            checks.near(value, expected, tolerance, name)
