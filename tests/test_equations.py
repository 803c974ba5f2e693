"""The equations that the ODD prints are those that the code computes.

Each printed line is evaluated, as it stands in the template, with drawn values of its symbols, and
must give what the rule gives. The same text is set in TeX, so the typeset equation is the rule too.
"""

from __future__ import annotations

import ast
import inspect
import math
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sim.core import rules
from sim.core.parameters import TABLE
from sim.studies import equation, odd
from sim.studies.equation import Equation

pytestmark = pytest.mark.smoke
REPO = Path(__file__).resolve().parents[1]
TEMPLATE = odd.TEMPLATE.read_text(encoding="utf-8")


def printed() -> dict[str, list[Equation]]:
    """The equations of each part of section 7."""
    parts = re.split(r"^### (7\.\d+) .*$", TEMPLATE, flags=re.MULTILINE)
    found = {}
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        blocks = re.findall(r"^```equation\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        found[number] = [one for block in blocks for one in equation.equations(block)]
    return found


PRINTED = printed()

# Rule: part of section 7, left side (which one, where there are several), and what stands for each
# argument of the rule, in order.
LINES: dict[str, tuple[str, str, int, str]] = {
    "readiness": ("7.3", "readiness", 0, "m, g, k"),
    "start_level": ("7.3", "L", 0, "L_mu, effect, sd_L, z"),
    "start_knowledge": ("7.3", "k0", 0, "k_mu, effect, sd_k, z, k_min, k_max"),
    "start_trust": ("7.3", "tau0", 0, "tau_mu, link, readiness, pivot_r, sd_tau, z"),
    "selection_score": ("7.3", "score", 0, "readiness, sel_sd, z"),
    "balanced_integration": ("7.3", "u", 0, "growth, loss, h_s, R, k"),
    "series_progress": ("7.4", "q", 0, "t, first, last"),
    "planned_hours": ("7.4", "h", 0, "hours, taper, q"),
    "planned_co_creation": ("7.4", "kappa", 0, "start, end, q"),
    "calendar_shift": ("7.4", "shift", 0, "region, n, phi"),
    "irregular_probability": ("7.4", "P(an irregular contact comes)", 0, "n"),
    "on_demand_probability": (
        "7.4", "P(a region asks for a contact)", 0, "n, readiness, tau, L, od, pivot_od",
    ),
    "provider_hours": ("7.4", "work", 0, "h, prep1, prep0, travel"),
    "running_load": ("7.4", "l", 0, "l, due, H, w_l"),
    "overload": ("7.4", "o", 0, "l"),
    "shortened_hours": ("7.4", "h", 1, "h, o"),
    "dilution": ("7.4", "D", 0, "delta, sites"),
    "workload": ("7.4", "w", 0, "d, offset, h (1 + kappa)/h_w, n_open, w_n, share, u"),
    "provider_fails_probability": ("7.5", "P(the provider fails)", 0, "cp0, cp1, o"),
    "region_fails_probability": (
        "7.5", "P(else the region cancels)", 0, "cr0, cr1, w, pivot_w, cl, phi_logistics",
    ),
    "record_after_broken_promise": ("7.5", "aP", 0, "aP, eta_a, F"),
    "record_after_kept_promise": ("7.5", "aP", 1, "aP, eta_a, d_w, F"),
    "function_weight": ("7.6", "phi_f", 0, "share_f, ref_f"),
    "trust_weight": ("7.6", "W_trust", 0, "logistics, ref_o, phi_relationship, rw"),
    "attendance_log_odds": ("7.6", "P(a person attends)", 0, "b0, b1, m, tau, L, w, pivot_b"),
    "realised_co_creation": (
        "7.6", "c", 0, "kappa, s, tau, 1 - rw + rw min(1, phi_relationship)",
    ),
    "counted_hours": ("7.6", "h_c", 0, "h, setup"),
    "learning_hours": ("7.6", "h_learn", 0, "h, theta, c"),
    "saturation": ("7.6", "f(H)", 0, "H, h0"),
    "contact_effect": ("7.6", "F_use", 0, "H_use, h_c W_use, h0"),
    "group_attention": ("7.6", "rho", 0, "gd, present, n0"),
    "staff_keeping_probability": ("7.7", "P(staff keep one)", 0, "q0, q1, a, w"),
    "provider_keeping_probability": (
        "7.7", "P(the provider keeps one)", 0, "q0, q1, aP, pivot_a, vo, o",
    ),
    "accountability_after_review": ("7.7", "v", 0, "v, K, n, e"),
    "routine_step_in_team": ("7.7", "step", 0, "gam_R, n0, N"),
    "routines_after_kept": ("7.7", "R", 0, "R, step, K"),
    "agreeing": ("7.7", "A", 0, "c, b"),
    "expected_commitments": ("7.7", "new", 0, "c_rate, A, F_planning"),
    "provider_owns_probability": ("7.7", "P(a new one is the provider's)", 0, "own_p, c, A"),
    "experienced_quality": ("7.8", "y", 0, "D, omega, w_s, s, x, power, kappa, aP, sd_y z"),
    "trust_after_contact": ("7.8", "tau", 0, "tau, y, eta, rho, F, nu"),
    "knowledge_after_contact": (
        "7.9", "k", 0, "k, alpha_k, rho, F_learn, D, s, f_s, c x, f_x, tau, f_tau",
    ),
    "context_after_contact": ("7.9", "x", 0, "x, alpha_x, F_relationship, c"),
    "faded": ("7.10", "tau", 0, "tau, tau0, lam_tau"),
    "decayed": ("7.10", "x", 0, "x, lam_x"),
    "forgotten_knowledge": ("7.10", "forgotten", 0, "k, k0, u, lam_k, prot"),
    "knowledge_from_peer": ("7.10", "heard", 0, "k, k0, k_j, k_j0, beta_k"),
    "integration_growth": ("7.10", "growth", 0, "uptake lam_u, k, m, tau, a, w, L, R"),
    "integration_decline": ("7.10", "loss", 0, "lam_u, R, a"),
    "integration_after_week": ("7.10", "u", 0, "u, growth, loss"),
    "routines_after_week": ("7.10", "R", 0, "R, u, rho_R"),
    "drifted": ("7.10", "k", 1, "k, trend"),
    "newcomer_trust": ("7.11", "tau", 0, "tau0, tau, rep"),
    "newcomer_integration": ("7.11", "u", 0, "R, k"),
    "after_handover": ("7.11", "aP", 0, "aP, aP0, hand"),
    "attendance_order": ("7.14", "v", 0, "random, b0 + b1 (m + tau + L - w - pivot_b)"),
}  # fmt: skip
IN_WORDS = {
    "exponential", "sigmoid", "clip01", "clip_between", "power", "cube_root", "to_fixed",
    "mean_from_fixed", "binomial_from_uniform", "poisson_from_uniform",  # 7.2 and the notation
    "is_due", "review_probability",  # within a sentence
    "contact_workload", "time_together",  # within the lines of w and c, evaluated with them
}  # fmt: skip
"""Rules without a line of their own."""
KINDS: dict[str, tuple[float, float]] = {
    "h": (0.1, 8), "hours": (0, 9), "h_c": (0, 8), "H": (0.5, 40), "H_use": (0, 9), "h0": (0.3, 3),
    "n": (1, 20), "l": (0.1, 4), "due": (0, 60), "taper": (0, 2), "z": (-3, 3),
    "effect": (-0.3, 0.3), "offset": (-0.4, 0.4), "od": (0, 6), "prep0": (0, 3), "prep1": (0, 2),
    "travel": (0, 9),
    "nu": (1, 2.5), "W_use": (0, 3), "phi_relationship": (0, 3), "phi_logistics": (0, 3),
    "q0": (-2, 2), "q1": (0, 4), "b0": (-2, 2), "b1": (0, 4), "cp0": (-5, 0), "cp1": (0, 5),
    "cr0": (-4, 0), "cr1": (0, 4), "cl": (0, 3), "uptake": (2, 4), "c_rate": (3, 9),
    "h_w": (30, 45), "ref_f": (0.1, 0.9), "ref_o": (0.1, 0.9), "trend": (-0.3, 0.3), "A": (0.2, 1),
    "setup": (0.05, 1),
}  # fmt: skip
WHOLE = {"n_open": (0, 9), "sites": (1, 13), "N": (2, 50), "n0": (6, 20), "present": (1, 60),
         "region": (0, 12), "t": (20, 50), "first": (1, 19), "last": (51, 156)}  # fmt: skip


def drawn(names: set[str], chance: random.Random) -> dict[str, float]:
    values: dict[str, float] = {}
    for name in sorted(names):
        if name in WHOLE:
            values[name] = chance.randint(*WHOLE[name])
        else:
            values[name] = chance.uniform(*KINDS.get(name, (0.01, 0.99)))
    if "K" in names:
        values["n"] = chance.randint(1, 9)
        values["K"] = chance.randint(0, int(values["n"]))
    return values


def clip(x: float, low: float = 0.0, high: float = 1.0) -> float:
    return max(min(low, high), min(max(low, high), x))


def value(text: str, values: Mapping[str, float], part: str) -> float:
    """What an expression comes to; names without a value are other lines of the same part."""

    class Names(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            lines = [one for one in PRINTED[part] if one.left == name and one.sign == "="]
            if not lines:
                raise KeyError(name)
            return value(lines[0].right, values, part)

    functions = {
        "clip": clip, "sigma": lambda x: 1 / (1 + math.exp(-x)), "sqrt": math.sqrt,
        "exp": math.exp, "min": min, "max": max, "floor": math.floor, "mean": lambda x: x,
        "sum": lambda x: x, "f": lambda hours: 1 - math.exp(-hours / values["h0"]),
    }  # fmt: skip
    return eval(equation.python(text), {}, Names({**functions, **values}))


@pytest.mark.parametrize("rule", LINES)
def test_printed_equation_is_the_rule(rule: str) -> None:
    part, left, which, arguments = LINES[rule]
    line = [one for one in PRINTED[part] if one.left == left][which]
    given = (
        arguments.split(", ") if "min(" not in arguments else re.split(r", (?![^(]*\))", arguments)
    )
    names = set().union(*(equation.names(one) for one in given))
    if rule == "group_attention":
        names |= {"rho"}
    chance = random.Random(rule)
    for _ in range(200):
        values = drawn(names, chance)
        if rule == "start_knowledge":
            values["k_min"], values["k_max"] = sorted((values["k_min"], values["k_max"]))
        found = getattr(rules, rule)(*(value(one, values, part) for one in given))
        if rule == "attendance_log_odds":
            found = rules.sigmoid(found)
        if rule == "group_attention":
            found = values["rho"] * found
        assert value(line.right, values, part) == pytest.approx(found, rel=1e-10, abs=1e-12), values


def test_a_wrong_equation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign that is turned in the text of the template."""
    line = next(one for one in PRINTED["7.10"] if one.left == "forgotten")
    wrong = Equation(line.left, line.sign, line.right.replace("1 - prot", "1 + prot"))
    monkeypatch.setitem(PRINTED, "7.10", [wrong])
    with pytest.raises(AssertionError):
        test_printed_equation_is_the_rule("forgotten_knowledge")


def test_every_rule_is_printed() -> None:
    functions = {name for name, one in vars(rules).items() if inspect.isfunction(one)}
    assert functions == set(LINES) | IN_WORDS


def test_every_symbol_is_explained() -> None:
    """By the state table, the parameter table, the notation, or a line of its own."""
    cells = re.findall(r"^\| (?:\w+ \| `\w+` \| )?(\$.+?\$) \| ", TEMPLATE, re.MULTILINE)
    known = {one for cell in cells for one in cell.replace("$", "").split(", ")}
    assert {"tau", "a0", "share_f"} <= known, "both tables are read"
    known |= {name for row in TABLE.values() for name in equation.names(row.symbol)}
    known |= {one.left for lines in PRINTED.values() for one in lines}
    indexed = {name.split("_")[0] for name in known if name.endswith(("_use", "_f"))}
    unknown = {
        (part, name)
        for part, lines in PRINTED.items()
        for line in lines
        for name in equation.names(line.right) - known
        if name.split("_")[0] not in indexed
    }
    assert unknown == set()


def test_tests_that_the_odd_names_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEMPLATE)
    assert len(named) > 40
    there = {
        file: {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
        for file in {file for file, _ in named}
        for tree in [ast.parse((REPO / file).read_text(encoding="utf-8"))]
    }
    for file, test in named:
        assert not test or test in there[file], f"{file} has no {test}"


def test_every_part_says_why_and_how_it_is_tested() -> None:
    parts = re.split(r"^### (7\.\d+ .*)$", TEMPLATE, flags=re.MULTILINE)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        if title.startswith(("7.1 ", "7.15")):  # tables
            continue
        assert "*Tested alone*: `tests/" in text, title
        assert "*Why this form.*" in text or title.startswith("7.12"), title


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b/c d", r"a\,\frac{b}{c}\,d"),
        ("(a + b) c - (d - e)", r"(a + b)\,c - (d - e)"),
        ("x^(1/3)", r"x^{\frac{1}{3}}"),
        ("sqrt(s mean(tau))", r"\sqrt{s\,\overline{\tau}}"),
        ("nu if y < tau else 1", r"\nu \text{ if } y < \tau \text{ else } 1"),
        ("clip(a/b)", r"\operatorname{clip}\left(\frac{a}{b}\right)"),
        ("aP := a", None),
        ("a $ b", None),
        ("a (b", None),
    ],
)
def test_expressions_are_set(text: str, shown: str | None) -> None:
    if shown is None:
        with pytest.raises(ValueError, match=r"no expression|no part"):
            equation.tex(text)
    else:
        assert equation.tex(text) == shown
