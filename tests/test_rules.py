"""Every rule against its equation, its direction and its bounds.

The expectations use the library's exp and roots; the model builds its own from + - * /, so they
agree to about 1e-13 and not to the last bit.
"""

from __future__ import annotations

import ast
import inspect
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sim.core import rules
from sim.core.parameters import TABLE
from sim.scenario.functions import FUNCTIONS

pytestmark = pytest.mark.smoke

# --- arithmetic -----------------------------------------------------------------------------------


@given(st.floats(-40.0, 40.0))
@example(0.0)
@example(-40.0)
@example(40.0)
def test_exponential_is_exact_to_5e_14(x: float) -> None:
    assert abs(rules.exponential(x) / math.exp(x) - 1.0) < 5e-14


@pytest.mark.parametrize("x", [40.0, 41.0, 1e3, 1e300, math.inf])
def test_exponential_is_clipped(x: float) -> None:
    assert rules.exponential(x) == rules.exponential(40.0)
    assert rules.exponential(-x) == rules.exponential(-40.0)


def test_exponential_of_nothing_is_one() -> None:
    assert rules.exponential(0.0) == 1.0


@given(st.floats(-1e6, 1e6))
def test_sigmoid_is_exact_to_1e_14(x: float) -> None:
    clipped = max(-40.0, min(40.0, x))
    assert abs(rules.sigmoid(x) - 1.0 / (1.0 + math.exp(-clipped))) < 1e-14
    assert 0.0 < rules.sigmoid(x) <= 1.0


@given(st.floats(-1e3, 1e3))
def test_sigmoid_is_symmetric(x: float) -> None:
    assert abs(rules.sigmoid(x) + rules.sigmoid(-x) - 1.0) < 1e-13


@given(st.floats(2.0**-144, 1.0))
@example(1.0)
@example(0.125)
@example(math.nextafter(0.125, 0.0))
@example(2.0**-144)
def test_cube_root_reaches_the_last_bits(x: float) -> None:
    assert (
        abs(rules.cube_root(x) / math.cbrt(x) - 1.0) < 1e-15
    )  # about four units in the last place
    assert rules.cube_root(x) <= 1.0


@given(st.integers(0, 143))
def test_cube_root_of_powers_of_eight(exponent: int) -> None:
    assert abs(rules.cube_root(2.0**-exponent) * 2.0 ** (exponent / 3.0) - 1.0) < 1e-14


def test_cube_root_of_almost_nothing_is_zero() -> None:
    assert rules.cube_root(0.0) == 0.0
    assert rules.cube_root(math.nextafter(2.0**-144, 0.0)) == 0.0


@given(st.floats(0.0, 1.0), st.integers(0, 60))
def test_power_is_repeated_multiplication(base: float, exponent: int) -> None:
    assert rules.power(base, exponent) == pytest.approx(base**exponent, rel=1e-13, abs=1e-300)


# --- draws by inversion ---------------------------------------------------------------------------


def lengths(draw: Callable[[float], int], low: int, high: int) -> dict[int, float]:
    """How much of the unit interval gives each number, for a monotone ``draw``; by bisection."""
    rising = draw(1.0 - 2.0**-33) >= draw(2.0**-33)
    edges = []
    for number in range(low, high):  # where the draw passes from <= number to > number
        a, b = 0.0, 1.0
        for _ in range(48):
            middle = (a + b) / 2.0
            if (draw(middle) > number) is rising:
                b = middle
            else:
                a = middle
        edges.append((a + b) / 2.0 if rising else 1.0 - (a + b) / 2.0)
    edges = [0.0, *edges, 1.0]
    return {low + i: edges[i + 1] - edges[i] for i in range(high - low + 1)}


@pytest.mark.parametrize("trials", [0, 1, 2, 7, 25])
@pytest.mark.parametrize("chance", [0.0, 0.03, 0.4, 0.5, 0.50001, 0.62, 0.97, 1.0])
def test_binomial_has_its_distribution(trials: int, chance: float) -> None:
    found = lengths(lambda u: rules.binomial_from_uniform(u, trials, chance), 0, trials)
    for k in range(trials + 1):
        exact = math.comb(trials, k) * chance**k * (1.0 - chance) ** (trials - k)
        # Bisection is exact to 2^-48; the recurrence loses some 1e-15 a step.
        assert abs(found[k] - exact) < 1e-12, (k, found[k], exact)


@given(
    st.integers(0, 200),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0, exclude_min=True, exclude_max=True),
)
def test_binomial_stays_in_its_range(trials: int, chance: float, u: float) -> None:
    assert 0 <= rules.binomial_from_uniform(u, trials, chance) <= trials


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.9, 3.5, 9.0, 30.0, 39.0])
def test_poisson_has_its_distribution(mean: float) -> None:
    most = 10 + int(mean + 10 * math.sqrt(mean))
    found = lengths(lambda u: rules.poisson_from_uniform(u, mean), 0, most)
    for k in range(most):
        exact = math.exp(-mean) * mean**k / math.factorial(k)
        assert abs(found[k] - exact) < 1e-11, (k, found[k], exact)


def test_poisson_ends() -> None:
    assert rules.poisson_from_uniform(1.0, 39.0) <= 400
    assert rules.poisson_from_uniform(0.0, 0.0) == 0
    assert rules.poisson_from_uniform(1.0 - 2.0**-33, 0.0) == 0


# --- every rule against its equation --------------------------------------------------------------


def clip(x: float) -> float:
    return min(1.0, max(0.0, x))


def logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, x))))


# Kinds of arguments and how to draw one. Corners are drawn often.
KINDS: dict[str, Callable[[random.Random], Any]] = {
    "share": lambda r: r.choice([0.0, 1.0, r.random(), r.random(), r.random()]),
    "uniform": lambda r: (r.randrange(2**32) + 0.5) / 2**32,
    "signed": lambda r: r.uniform(-1.5, 1.5),
    "sd": lambda r: r.uniform(0.0, 1.0),
    "z": lambda r: r.uniform(-3.5, 3.5),
    "logit": lambda r: r.uniform(-6.0, 6.0),
    "slope": lambda r: r.uniform(0.0, 6.0),
    "hours": lambda r: r.choice([0.0, r.uniform(0.0, 60.0), r.uniform(0.0, 2.0)]),
    "scale": lambda r: r.uniform(0.05, 10.0),
    "count": lambda r: r.randint(0, 20),
    "some": lambda r: r.randint(1, 20),
    "load": lambda r: r.choice([0.0, 1.0, r.uniform(0.0, 5.0)]),
    "weight": lambda r: r.choice([0.0, 1.0, r.uniform(0.0, 7.0)]),
    "usual": lambda r: r.uniform(0.0, 0.95),
}

Equation = tuple[str, Callable[..., float]]

EQUATIONS: dict[str, Equation] = {
    "clip01": ("signed", clip),
    "clip_between": ("signed share share", lambda x, a, b: max(min(a, b), min(max(a, b), x))),
    "readiness": ("share share share", lambda m, g, k: math.cbrt(m * g * k)),
    "start_level": ("share signed sd z", lambda mu, e, sd, z: clip(mu + e + sd * z)),
    "start_knowledge": (
        "share signed sd z share share",
        lambda mu, e, sd, z, a, b: max(min(a, b), min(max(a, b), mu + e + sd * z)),
    ),
    "start_trust": (
        "share slope share share sd z",
        lambda mu, link, ready, pivot, sd, z: clip(mu + link * (ready - pivot) + sd * z),
    ),
    "selection_score": ("share sd z", lambda ready, sd, z: ready + sd * z),
    "balanced_integration": (
        "share share share share share",
        lambda g, loss, h, r, k: (g + h * r * k) / (g + loss + h) if g + loss + h > 0 else 0.0,
    ),
    "irregular_probability": ("every", lambda n: min(1.0, 1.0 / n)),
    "on_demand_probability": (
        "every share share share slope share",
        lambda n, r, t, lead, od, pivot: min(1.0, math.exp(od * ((r + t + lead) / 3 - pivot)) / n),
    ),
    "planned_hours": ("hours slope share", lambda h, taper, q: h * (1 - q) + h * taper * q),
    "planned_co_creation": ("share share share", lambda a, b, q: a * (1 - q) + b * q),
    "provider_hours": ("hours slope hours hours", lambda h, p1, p0, tr: h + h * p1 + p0 + tr),
    "running_load": (
        "load hours week share",
        lambda load, b, h, w: (1 - w) * load + w * b / max(h, 1e-9),
    ),
    "overload": ("load", lambda load: 1.0 - min(1.0, 1.0 / load) if load else 0.0),
    "shortened_hours": ("hours share", lambda h, o: h - h * o),
    "dilution": ("share some", lambda delta, sites: 1.0 / (1.0 + delta * (sites - 1))),
    "contact_workload": ("hours share week", lambda h, kappa, week: (h + h * kappa) / week),
    "workload": (
        "share signed share count share share share",
        lambda d, o, c, n, each, share, u: clip(d + o + c + n * each + share * u),
    ),
    "provider_fails_probability": ("logit slope share", lambda a, b, o: logistic(a + b * o)),
    "region_fails_probability": (
        "logit slope share share slope weight",
        lambda a, b, w, pivot, cl, phi: logistic(a + b * (w - pivot) + cl - cl * phi),
    ),
    "record_after_broken_promise": ("share share share", lambda v, e, f: v * (1.0 - e * f)),
    "record_after_kept_promise": (
        "share share share share",
        lambda v, e, d, f: 1.0 - (1.0 - v) * (1.0 - d * e * f),
    ),
    "attendance_log_odds": (
        "logit slope share share share share share",
        lambda b0, b1, m, t, lead, w, pivot: b0 + b1 * (m + t + lead - w - pivot),
    ),
    "attendance_order": (
        "uniform logit",
        lambda u, x: (1.0 / logistic(x) - 1.0) / (1.0 / u - 1.0),
    ),
    "time_together": ("weight share", lambda phi, rw: 1.0 - rw * max(0.0, 1.0 - phi)),
    "realised_co_creation": (
        "share share share share",
        lambda k, s, t, together: k * s**0.5 * t**0.5 * together,
    ),
    "counted_hours": ("hours share", lambda h, setup: h / (1.0 + setup / h) if h else 0.0),
    "function_weight": ("share scale", lambda share, usual: share / usual),
    "trust_weight": (
        "share usual weight share",
        lambda logistics, usual, phi, rw: (
            (1 - logistics) / (1 - usual) + rw * (phi - (1 - logistics) / (1 - usual))
        ),
    ),
    "review_probability": ("weight", lambda phi: phi if phi < 1.0 else 1.0),
    "group_attention": (
        "share some some",
        lambda gd, present, team: team / (team + gd * max(0, present - team)),
    ),
    "saturation": ("hours scale", lambda h, h0: -math.expm1(-min(40.0, h / h0))),
    "contact_effect": (
        "hours hours scale",
        lambda a, h, h0: math.exp(-min(40.0, a / h0)) - math.exp(-min(40.0, (a + h) / h0)),
    ),
    "learning_hours": ("hours share share", lambda h, theta, c: h - h * theta * c),
    "staff_keeping_probability": (
        "logit slope share share",
        lambda q0, q1, a, w: logistic(q0 + q1 * a - q1 * w),
    ),
    "provider_keeping_probability": (
        "logit slope share share share share",
        lambda q0, q1, a, pivot, vo, o: logistic(q0 + q1 * a - q1 * pivot - q1 * vo * o),
    ),
    "accountability_after_review": (
        "share kept reviewed share",
        lambda v, k, n, e: (1 - e) ** n * v + (1 - (1 - e) ** n) * k / n if n else v,
    ),
    "routines_after_kept": ("share share count", lambda r, g, k: 1 - (1 - r) * (1 - g) ** k),
    "routine_step_in_team": (
        "share some some",
        lambda gam, team, people: min(0.5, gam * team / people),
    ),
    "agreeing": ("share share", lambda c, b: c + b - b * c),
    "expected_commitments": ("slope share share", lambda rate, agreed, f: rate * agreed * f),
    "provider_owns_probability": (
        "share share share",
        lambda own, c, agreed: own * c / agreed if agreed else 0.0,
    ),
    "experienced_quality": (
        "share share share share share share share share signed",
        lambda d, om, ws, s, x, po, kap, ap, noise: clip(
            d * om * (ws * s + (1 - ws) * x)
            + (1 - om) * (d * po * math.sqrt(s * kap) + (1 - po) * ap)
            + noise
        ),
    ),
    "trust_after_contact": (
        "share share share share share slope",
        lambda t, y, eta, rho, f, nu: (
            t + min(1.0, eta * rho * f * (nu if y < t else 1.0)) * (y - t)
        ),
    ),
    "knowledge_after_contact": (
        "share share share share share share share share share share share",
        lambda k, al, rho, f, d, s, fs, cx, fx, t, ft: (
            1
            - (1 - k)
            * (
                1
                - al
                * rho
                * f
                * d
                * (fs + (1 - fs) * s)
                * (fx + (1 - fx) * cx)
                * (ft + (1 - ft) * t)
            )
        ),
    ),
    "context_after_contact": (
        "share share share share",
        lambda x, a, f, c: 1 - (1 - x) * (1 - a * f * c),
    ),
    "faded": ("share share share", lambda v, start, lam: (1 - lam) * v + lam * start),
    "decayed": ("share share", lambda v, lam: (1 - lam) * v),
    "forgotten_knowledge": (
        "share share share share share",
        lambda k, k0, u, lam, prot: lam * (1 - prot * u) * max(0.0, k - k0),
    ),
    "knowledge_from_peer": (
        "share share share share share",
        lambda k, k0, kj, kj0, beta: beta * max(0.0, kj - kj0 - k + k0) * (1 - k),
    ),
    "integration_growth": (
        "share share share share share share share share",
        lambda al, k, m, t, a, w, lead, r: al * k * ((m + t + a) / 3) * (1 - w) * ((lead + r) / 2),
    ),
    "integration_decline": ("share share share", lambda lam, r, a: lam * (1 - r) * (1 - a)),
    "integration_after_week": ("share share share", lambda u, g, loss: u + g * (1 - u) - loss * u),
    "routines_after_week": ("share share share", lambda r, u, rho: (1 - rho) * r + rho * u),
    "drifted": ("share signed", lambda v, change: clip(v + change / 52.0)),
    "newcomer_trust": ("share share share", lambda own, team, rep: (1 - rep) * own + rep * team),
    "newcomer_integration": ("share share", lambda r, k: r * k),
    "after_handover": ("share share share", lambda v, start, h: h * v + (1 - h) * start),
}
KINDS["every"] = lambda r: r.uniform(1.0, 30.0)
KINDS["week"] = lambda r: r.uniform(0.5, 168.0)

ELSEWHERE = {
    "exponential", "sigmoid", "cube_root", "power", "binomial_from_uniform", "poisson_from_uniform",
    "to_fixed", "mean_from_fixed", "calendar_shift", "is_due", "series_progress",
}  # fmt: skip
"""Rules with tests of their own in this file or in test_theory.py."""


def arguments(kinds: str, r: random.Random) -> list[Any]:
    values: list[Any] = []
    for kind in kinds.split():
        if kind == "kept":
            values.append(None)
        elif kind == "reviewed":
            n = r.randint(0, 20)
            values[values.index(None)] = r.randint(0, n)
            values.append(n)
        else:
            values.append(KINDS[kind](r))
    return values


@pytest.mark.parametrize("name", EQUATIONS)
def test_rule_is_its_equation(name: str) -> None:
    kinds, equation = EQUATIONS[name]
    r = random.Random(name)
    for _ in range(300):
        values = arguments(kinds, r)
        if name in ("clip_between", "start_knowledge"):
            values[-2:] = sorted(values[-2:])
        found = getattr(rules, name)(*values)
        assert found == pytest.approx(equation(*values), rel=1e-12, abs=2e-13), values


def test_every_rule_is_tested() -> None:
    functions = {
        name for name, value in vars(rules).items() if inspect.isfunction(value) and name[0] != "_"
    }
    assert functions == set(EQUATIONS) | ELSEWHERE


# --- fixed-point means ----------------------------------------------------------------------------


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50), st.randoms())
def test_fixed_point_means_are_exact_and_without_order(values: list[float], r: Any) -> None:
    total = sum(rules.to_fixed(v) for v in values)
    mean = rules.mean_from_fixed(total, len(values))
    # Each number is cut by less than one unit of 2^-40.
    assert 0.0 <= math.fsum(values) / len(values) - mean + 1e-15 < 2.0**-40 + 2e-15
    r.shuffle(values)
    assert sum(rules.to_fixed(v) for v in values) == total


def test_a_mean_over_nobody_is_zero() -> None:
    assert rules.mean_from_fixed(0, 0) == 0.0


# --- progress of a series -------------------------------------------------------------------------


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500))
def test_progress_runs_from_0_to_1(first: int, span: int, part: int) -> None:
    assume(part <= span)
    progress = rules.series_progress(first + part, first, first + span)
    assert progress == part / max(1, span)


# --- directions -----------------------------------------------------------------------------------

# rule, place of the argument, direction (+1 never falls, -1 never rises)
DIRECTIONS: list[tuple[str, int, int]] = [
    ("attendance_log_odds", 2, +1),
    ("attendance_log_odds", 3, +1),
    ("attendance_log_odds", 4, +1),
    ("attendance_log_odds", 5, -1),
    ("attendance_order", 0, +1),
    ("attendance_order", 1, -1),
    ("provider_fails_probability", 2, +1),
    ("region_fails_probability", 2, +1),
    ("region_fails_probability", 5, -1),
    ("time_together", 0, +1),
    ("time_together", 1, -1),
    ("counted_hours", 0, +1),
    ("counted_hours", 1, -1),
    ("trust_weight", 0, -1),
    ("trust_weight", 2, +1),
    ("review_probability", 0, +1),
    ("group_attention", 0, -1),
    ("group_attention", 1, -1),
    ("routine_step_in_team", 2, -1),
    ("agreeing", 0, +1),
    ("agreeing", 1, +1),
    ("provider_owns_probability", 0, +1),
    ("overload", 0, +1),
    ("staff_keeping_probability", 2, +1),
    ("staff_keeping_probability", 3, -1),
    ("provider_keeping_probability", 2, +1),
    ("provider_keeping_probability", 4, -1),
    ("provider_keeping_probability", 5, -1),
    ("on_demand_probability", 0, -1),
    ("on_demand_probability", 1, +1),
    ("on_demand_probability", 2, +1),
    ("on_demand_probability", 3, +1),
    ("irregular_probability", 0, -1),
    ("shortened_hours", 1, -1),
    ("dilution", 1, -1),
    ("running_load", 2, -1),
    ("running_load", 1, +1),
    ("contact_workload", 1, +1),
    ("workload", 3, +1),
    ("workload", 6, +1),
    ("realised_co_creation", 1, +1),
    ("realised_co_creation", 2, +1),
    ("realised_co_creation", 3, +1),
    ("saturation", 0, +1),
    ("saturation", 1, -1),
    ("contact_effect", 0, -1),
    ("contact_effect", 1, +1),
    ("learning_hours", 1, -1),
    ("experienced_quality", 0, +1),
    ("experienced_quality", 3, +1),
    ("experienced_quality", 4, +1),
    ("experienced_quality", 6, +1),
    ("experienced_quality", 7, +1),
    ("trust_after_contact", 1, +1),
    ("knowledge_after_contact", 4, +1),
    ("knowledge_after_contact", 5, +1),
    ("knowledge_after_contact", 7, +1),
    ("knowledge_after_contact", 9, +1),
    ("context_after_contact", 3, +1),
    ("forgotten_knowledge", 2, -1),
    ("forgotten_knowledge", 0, +1),
    ("knowledge_from_peer", 2, +1),
    ("integration_growth", 1, +1),
    ("integration_growth", 2, +1),
    ("integration_growth", 3, +1),
    ("integration_growth", 4, +1),
    ("integration_growth", 5, -1),
    ("integration_growth", 6, +1),
    ("integration_growth", 7, +1),
    ("integration_decline", 1, -1),
    ("integration_decline", 2, -1),
    ("routines_after_kept", 2, +1),
    ("accountability_after_review", 1, +1),
    ("record_after_kept_promise", 3, +1),
    ("record_after_broken_promise", 1, -1),
    ("record_after_broken_promise", 2, -1),
    ("newcomer_trust", 1, +1),
    ("newcomer_integration", 0, +1),
    ("start_trust", 2, +1),
]


@pytest.mark.parametrize(("name", "place", "direction"), DIRECTIONS)
def test_rule_goes_the_right_way(name: str, place: int, direction: int) -> None:
    kinds = EQUATIONS[name][0]
    rule = getattr(rules, name)
    r = random.Random(f"{name}{place}")
    moved = 0
    for _ in range(300):
        low = arguments(kinds, r)
        high = list(low)
        high[place] = arguments(kinds, r)[place]
        if name == "accountability_after_review":
            high[place] = r.randint(0, low[2])
        if high[place] < low[place]:
            low, high = high, low
        change = direction * (rule(*high) - rule(*low))
        assert change >= -1e-13, (low, high)
        moved += change > 1e-9
    assert moved > 10, "the argument makes no difference"  # elsewhere a limit holds it


# --- bounds ---------------------------------------------------------------------------------------


def within(name: str) -> st.SearchStrategy[float]:
    """Any legal value of a parameter: the limits of the equation."""
    return st.floats(TABLE[name].minimum, TABLE[name].maximum)


UNIT = st.floats(0.0, 1.0)
COUNT = st.integers(0, 60)
HOURS = st.floats(0.0, 1e3)
BELL = st.floats(-3.47, 3.47)
STEP = within("accountability_step")

# Rules whose result is a state, share or chance: each argument any state, or any legal parameter.
BOUNDED: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "readiness": (UNIT, UNIT, UNIT),
    "start_level": (UNIT, BELL, within("knowledge_sd"), BELL),
    "start_knowledge": (
        UNIT, BELL, within("knowledge_sd"), BELL, within("knowledge_floor"),
        within("knowledge_ceiling"),
    ),
    "start_trust": (
        within("first_trust"), within("trust_readiness_link"), UNIT, within("readiness_pivot"),
        within("trust_sd"), BELL,
    ),
    "irregular_probability": (st.floats(1.0, 520.0),),
    "on_demand_probability": (
        st.floats(1.0, 520.0), UNIT, UNIT, UNIT, within("on_demand_slope"),
        within("on_demand_pivot"),
    ),
    "dilution": (within("site_dilution"), st.integers(1, 4095)),
    "workload": (
        UNIT, BELL, HOURS, COUNT, within("commitment_workload"), UNIT, UNIT,
    ),
    "provider_fails_probability": (
        within("provider_cancels"), within("provider_cancels_slope"), UNIT,
    ),
    "region_fails_probability": (
        within("region_cancels"), within("region_cancels_slope"), UNIT, within("workload_pivot"),
        within("logistics_slope"), st.floats(0.0, 100.0),
    ),
    "staff_keeping_probability": (within("keeping"), within("keeping_slope"), UNIT, UNIT),
    "provider_keeping_probability": (
        within("keeping"), within("keeping_slope"), UNIT, within("record_pivot"),
        within("overload_keeping"), UNIT,
    ),
    "record_after_broken_promise": (UNIT, STEP, UNIT),
    "record_after_kept_promise": (UNIT, STEP, within("kept_date_weight"), UNIT),
    "overload": (st.floats(0.0, 1e12),),
    "time_together": (st.floats(0.0, 100.0), within("relationship_weight")),
    "realised_co_creation": (UNIT, UNIT, UNIT, UNIT),
    "review_probability": (st.floats(0.0, 100.0),),
    "group_attention": (within("group_dilution"), COUNT, within("reference_team")),
    "routine_step_in_team": (
        within("routine_step"), within("reference_team"), st.integers(1, 2000),
    ),
    "agreeing": (UNIT, within("assigned_share")),
    "saturation": (HOURS, within("hour_scale")),
    "contact_effect": (HOURS, HOURS, within("hour_scale")),
    "routines_after_kept": (UNIT, within("routine_step"), COUNT),
    "experienced_quality": (
        UNIT, within("ability_weight"), within("skill_share"), UNIT, UNIT, within("power_sharing"),
        UNIT, UNIT, BELL,
    ),
    "trust_after_contact": (
        UNIT, UNIT, within("trust_step"), within("richness_onsite"), UNIT,
        within("trust_asymmetry"),
    ),
    "knowledge_after_contact": (
        UNIT, within("learning_rate"), within("richness_email"), UNIT, UNIT, UNIT,
        within("learning_skill_floor"), UNIT, within("learning_tailoring_floor"), UNIT,
        within("learning_trust_floor"),
    ),
    "context_after_contact": (UNIT, within("context_step"), UNIT, UNIT),
    "faded": (UNIT, UNIT, within("trust_fade")),
    "decayed": (UNIT, within("context_fade")),
    "integration_growth": (
        st.floats(0.0, TABLE["uptake_ratio"].maximum * TABLE["integration_loss"].maximum),
        UNIT, UNIT, UNIT, UNIT, UNIT, UNIT, UNIT,
    ),
    "integration_decline": (within("integration_loss"), UNIT, UNIT),
    "routines_after_week": (UNIT, UNIT, within("routine_pace")),
    "drifted": (UNIT, st.floats(-0.5, 0.5)),
    "newcomer_trust": (UNIT, UNIT, within("newcomer_trust_share")),
    "newcomer_integration": (UNIT, UNIT),
    "after_handover": (UNIT, UNIT, within("handover_share")),
    "forgotten_knowledge": (UNIT, UNIT, UNIT, within("forgetting"), within("use_protection")),
    "knowledge_from_peer": (UNIT, UNIT, UNIT, UNIT, within("peer_transfer")),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDED)
def test_states_stay_in_bounds(name: str) -> None:
    @given(st.tuples(*BOUNDED[name]))
    def check(values: Sequence[Any]) -> None:
        assert 0.0 <= getattr(rules, name)(*values) <= 1.0, values

    check()


@given(UNIT, COUNT, COUNT, STEP)
def test_accountability_stays_in_bounds(value: float, n: int, k: int, step: float) -> None:
    assume(k <= n)
    assert 0.0 <= rules.accountability_after_review(value, k, n, step) <= 1.0


@given(UNIT, UNIT, UNIT, within("integration_loss"), within("staff_turnover"), UNIT, UNIT)
def test_balanced_integration_stays_in_bounds(
    growth: float, routines: float, a: float, rate: float, h: float, k: float, r: float
) -> None:
    loss = rules.integration_decline(rate, routines, a)
    assert 0.0 <= rules.balanced_integration(growth, loss, h, r, k) <= 1.0


@given(UNIT, UNIT, within("integration_loss"), UNIT, UNIT)
def test_integration_stays_in_bounds(
    u: float, growth: float, rate: float, routines: float, a: float
) -> None:
    loss = rules.integration_decline(rate, routines, a)
    assert 0.0 <= rules.integration_after_week(u, growth, loss) <= 1.0


@given(
    UNIT, UNIT, UNIT, UNIT, UNIT, within("forgetting"), within("use_protection"),
    within("peer_transfer"),
)  # fmt: skip
@example(1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
@example(0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
def test_knowledge_of_a_week_stays_in_bounds(
    k: float, k0: float, u: float, kj: float, kj0: float, lam: float, prot: float, beta: float
) -> None:
    lost = rules.forgotten_knowledge(k, k0, u, lam, prot)
    heard = rules.knowledge_from_peer(k, k0, kj, kj0, beta)
    assert 0.0 <= k - lost + heard <= 1.0
    assert lost >= 0.0
    assert heard >= 0.0


@given(st.floats(1.0, 520.0), st.integers(0, 4094))
def test_calendar_shift_stays_below_the_interval(every: float, region: int) -> None:
    shift = rules.calendar_shift(region, every, TABLE["calendar_stagger"].default)
    assert 0 <= shift < every
    assert rules.calendar_shift(0, every, TABLE["calendar_stagger"].default) == 0


# --- edges of trust and accountability ------------------------------------------------------------


def test_no_review_changes_nothing() -> None:
    assert rules.accountability_after_review(0.37, 0, 0, 0.9) == 0.37


@given(UNIT, st.integers(1, 40))
def test_a_full_step_takes_the_share_kept(value: float, n: int) -> None:
    for kept in (0, n // 2, n):
        found = rules.accountability_after_review(value, kept, n, 1.0)
        assert found == pytest.approx(kept / n, abs=1e-15)


@given(UNIT, UNIT, STEP)
def test_reviews_of_one_outcome_add_up(value: float, share: float, step: float) -> None:
    """n reviews that all end alike are n single reviews, one after another."""
    kept = int(share > 0.5)
    singly = value
    for _ in range(5):
        singly = rules.accountability_after_review(singly, kept, 1, step)
    together = rules.accountability_after_review(value, 5 * kept, 5, step)
    assert together == pytest.approx(singly, abs=1e-12)


@given(UNIT, UNIT, UNIT, UNIT, st.floats(1.0, 10.0))
def test_trust_never_passes_what_was_experienced(
    trust: float, quality: float, step: float, effect: float, asymmetry: float
) -> None:
    after = rules.trust_after_contact(trust, quality, step, 1.0, effect, asymmetry)
    low, high = min(trust, quality), max(trust, quality)
    assert low - 1e-15 <= after <= high + 1e-15


@given(UNIT, UNIT, UNIT, UNIT)
def test_trust_is_lost_faster_than_won(
    trust: float, gap: float, step: float, effect: float
) -> None:
    gap = min(gap, trust, 1.0 - trust)
    won = rules.trust_after_contact(trust, trust + gap, step, 1.0, effect, 1.5) - trust
    lost = trust - rules.trust_after_contact(trust, trust - gap, step, 1.0, effect, 1.5)
    assert lost >= won - 1e-15


def test_half_of_a_contact_counts_where_it_is_as_long_as_setting_up() -> None:
    for setup in (0.1, 0.3, 0.6):
        assert rules.counted_hours(setup, setup) == pytest.approx(setup / 2.0, rel=1e-15)
    assert rules.counted_hours(0.0, 0.0) == rules.counted_hours(0.0, 0.3) == 0.0


@given(st.floats(0.0, 1e3), st.floats(0.0, 8.0), st.floats(1.0, 1e3))
def test_hours_that_count_are_smooth_and_never_more_than_given(
    hours: float, setup: float, more: float
) -> None:
    """h h/(h + setup): between 0 and h, no step (slope at most 1), and what is lost is at most the
    set-up."""
    found = rules.counted_hours(hours, setup)
    assert 0.0 <= found <= hours * (1.0 + 1e-15)  # h h/h may round to the next number
    assert hours - found <= setup + 1e-9
    rise = rules.counted_hours(hours + more, setup) - found
    assert -1e-9 <= rise <= more * (1.0 + 1e-9) + 1e-9


@given(UNIT, st.floats(0.0, 1e9))
def test_what_fits_is_all_that_fits(hours: float, load: float) -> None:
    """A load above 1 shortens contacts so that they fit: hours h load (1 - o) = h min(load, 1)."""
    kept = rules.shortened_hours(hours, rules.overload(load))
    assert kept * load == pytest.approx(hours * min(1.0, load), rel=1e-6, abs=1e-9)


@given(UNIT, UNIT, UNIT)
def test_ownership_is_shared_where_all_is_agreed(own: float, c: float, b: float) -> None:
    """At full co-creation the provider owns its share; of what is only assigned it owns nothing;
    what it owns of A is own_p c."""
    assert rules.provider_owns_probability(own, 1.0, rules.agreeing(1.0, b)) == own
    assert rules.provider_owns_probability(own, 0.0, rules.agreeing(0.0, b)) == 0.0
    assert rules.provider_owns_probability(own, 0.0, 0.0) == 0.0
    agreed = rules.agreeing(c, b)
    assert rules.provider_owns_probability(own, c, agreed) * agreed == pytest.approx(
        own * c, abs=1e-12
    )


@given(UNIT)
def test_the_reference_mix_weighs_exactly_one(rw: float) -> None:
    """So that functions left out and the reference mix give the same bits."""
    reference = {name: TABLE[f"{name}_reference"].default for name in FUNCTIONS}
    assert sum(reference.values()) == pytest.approx(1.0, abs=1e-15)
    for share in reference.values():
        assert rules.function_weight(share, share) == 1.0
    logistics = reference["logistics"]
    assert rules.trust_weight(logistics, logistics, 1.0, rw) == 1.0
    assert rules.time_together(1.0, rw) == 1.0
    assert rules.review_probability(1.0) == 1.0
    assert rules.region_fails_probability(-2.2, 3.0, 0.6, 0.5, 2.5, 1.0) == pytest.approx(
        logistic(-2.2 + 3.0 * 0.1), abs=1e-14
    )


def test_time_that_is_all_logistics_builds_no_trust() -> None:
    assert rules.trust_weight(1.0, 0.2, 0.0, 0.5) == 0.0


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=8), within("hour_scale"), UNIT)
def test_effects_of_pieces_add_up_to_at_most_the_whole(
    pieces: list[float], scale: float, setup: float
) -> None:
    so_far = total = 0.0
    for hours in pieces:
        counted = rules.counted_hours(hours, setup)
        total += rules.contact_effect(so_far, counted, scale)
        so_far += counted
    whole = rules.saturation(rules.counted_hours(sum(pieces), setup), scale)
    assert total <= whole + 1e-12
    if setup == 0.0:
        assert total == pytest.approx(whole, abs=1e-12)


# --- what rules.py is made of ---------------------------------------------------------------------


def test_rules_use_only_exact_operations() -> None:
    """No import but math and units; of math only sqrt and floor; no power of a variable; no sum."""
    tree = ast.parse(Path(rules.__file__).read_text(encoding="utf-8"))
    found = []
    names = {"float", "int", "range"}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            found += [f"{line}: import {a.name}" for a in node.names if a.name != "math"]
        elif isinstance(node, ast.ImportFrom):
            if node.module not in ("__future__", "sim.core.units"):
                found.append(f"{line}: from {node.module}")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) not in (
            "math.sqrt",
            "math.floor",
        ):
            found.append(f"{line}: {ast.unparse(node)}")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            power = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
            if not (isinstance(node.left, ast.Constant) and isinstance(power, ast.Constant)):
                found.append(f"{line}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in names:
                found.append(f"{line}: {node.func.id}()")
        elif isinstance(node, (ast.FloorDiv, ast.Mod)):
            found.append(f"{line}: // or %")
        elif isinstance(node, (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.Try, ast.Global)):
            found.append(f"{line}: {type(node).__name__}")
    assert not found


def test_rules_are_scalar_functions_with_types() -> None:
    for name in (*EQUATIONS, *ELSEWHERE):
        signature = inspect.signature(getattr(rules, name))
        kinds = {p.annotation for p in signature.parameters.values()} | {
            signature.return_annotation
        }
        assert kinds <= {"float", "int", "bool"}, name
        assert getattr(rules, name).__doc__, name


def test_fixed_point_numbers_are_read_from_bits_in_the_kernel() -> None:
    from sim.engine import kernel

    edges = [0.0, -0.0, 5e-324, 2.0**-41, 2.0**-40, 0.5, 1.0, 1.0 - 2.0**-53, 1.0 + 2.0**-52]
    steps = [
        k * 2.0**-40 + d for k in (1, 3, 2**39 - 1, 2**40 - 1) for d in (-(2.0**-60), 2.0**-60)
    ]
    high = [4095.0, 4096.0 - 2.0**-40, math.nextafter(4096.0, 0.0)]
    some = [random.Random(i).random() for i in range(2000)]
    for x in [*edges, *steps, *high, *some, *(4000.0 * x for x in some[:200])]:
        assert kernel.to_fixed(x) == rules.to_fixed(x), x
