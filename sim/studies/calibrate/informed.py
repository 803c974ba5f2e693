"""What the targets inform: prior against posterior (contraction), directions, target conflicts.

Everything is rows, one a target, a parameter or a pair; there is no overall number. Numbers that
come from weights or eigenvectors keep 9 digits: the last bits depend on the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sim.core.parameters import TABLE
from sim.stats.intervals import band, weighted_quantiles
from sim.studies.calibrate.infeasible import within_tolerance
from sim.studies.calibrate.posterior import Found, abc_weights, effective
from sim.studies.calibrate.reference import values_of
from sim.studies.targets import Target

INFORMED = 0.10
"""Largest gap between the distribution functions of posterior and prior (Kolmogorov distance) from
which a parameter counts as informed, unless the effective sample is so small that chance alone
shows more (1.63/sqrt(n), the 1 % point)."""
MATTERS = 0.2
"""Share of a parameter's distance that has to go with a target for it to count as informative."""

COMBINATIONS: tuple[tuple[str, Callable[..., np.ndarray], tuple[str, ...]], ...] = (
    ("uptake alpha_u = uptake_ratio x integration_loss", np.multiply,
     ("uptake_ratio", "integration_loss")),
    ("learning_rate / hour_scale", np.divide, ("learning_rate", "hour_scale")),
    ("trust_step / trust_fade", np.divide, ("trust_step", "trust_fade")),
    ("trust_step / hour_scale", np.divide, ("trust_step", "hour_scale")),
    ("commitment_rate / hour_scale", np.divide, ("commitment_rate", "hour_scale")),
    ("accountability_step x commitment_rate", np.multiply,
     ("accountability_step", "commitment_rate")),
)  # fmt: skip
"""Products and ratios that the equations hold together."""


# --- contraction ---------------------------------------------------------------------------------


def spread(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Weighted mean and SD."""
    total = weights.sum()
    mean = float((weights * values).sum() / total)
    return mean, math.sqrt(float((weights * (values - mean) ** 2).sum() / total))


def distance(values: np.ndarray, weights: np.ndarray, prior: np.ndarray) -> float:
    """Kolmogorov distance between weighted values and a prior sample."""
    order = np.argsort(values, kind="stable")
    edges = np.concatenate([[0.0], np.cumsum(weights[order] / weights.sum())])
    below = np.searchsorted(np.sort(prior), values[order], side="right") / len(prior)
    return float(np.maximum(np.abs(edges[1:] - below), np.abs(edges[:-1] - below)).max())


def contraction(found: Found) -> list[dict[str, object]]:
    """Prior against posterior, a row a factor and a combination.

    Of each: name, what (free, uncertain, other, combination), grade, prior_low, prior_high
    (5-95 %), mean, low, high (5-95 %), contraction (1 - SD / prior SD; 0: nothing, below 0: wider),
    distance (Kolmogorov), informed, and informed_by, the targets that matter to it.
    """
    unit = np.random.default_rng(0).random((20_000, len(found.factors)))
    prior = values_of(found.factors, unit)
    names = [factor.name for factor in found.factors]
    rows = []
    for place, factor in enumerate(found.factors):
        role = TABLE[factor.name].role
        what = role if role in ("free", "uncertain") else "other"
        rows.append(
            {"name": factor.name, "what": what, "grade": factor.grade}
            | _moved(found.table.values[:, place], found.weights, prior[:, place])
        )
    for label, join, parts in COMBINATIONS:
        if set(parts) <= set(names):
            a, b = (names.index(part) for part in parts)
            rows.append(
                {"name": label, "what": "combination", "grade": ""}
                | _moved(
                    join(found.table.values[:, a], found.table.values[:, b]),
                    found.weights,
                    join(prior[:, a], prior[:, b]),
                )
            )
    for row in rows:
        matter = informative(found, str(row["name"])) if _is_informed_parameter(row) else []
        row["informed_by"] = " ".join(target.id for target in matter)
    return rows


def _is_informed_parameter(row: dict[str, object]) -> bool:
    return row["what"] == "free" and bool(row["informed"])


def _moved(values: np.ndarray, weights: np.ndarray, prior: np.ndarray) -> dict[str, object]:
    mean, sd = spread(values, weights)
    low, high = weighted_quantiles(values, weights)
    prior_low, prior_high = band(prior)
    far = distance(values, weights, prior)
    return {
        "range_low": rounded(prior.min()),
        "range_high": rounded(prior.max()),
        "prior_low": rounded(prior_low),
        "prior_high": rounded(prior_high),
        "mean": rounded(mean),
        "low": rounded(low),
        "high": rounded(high),
        "contraction": rounded(1.0 - sd / float(prior.std())),
        "distance": rounded(far),
        "informed": far >= max(INFORMED, 1.63 / math.sqrt(effective(weights / weights.sum()))),
    }


def directions(found: Found, count: int = 4) -> list[dict[str, object]]:
    """The best-informed directions of the whole space, whatever parameters they mix.

    Eigenvectors of the posterior covariance of the coordinates in the prior; of each: direction
    (the parts above .3), contraction (1 - SD / prior SD), by_chance (what the smallest eigenvalue
    of so small a sample of the prior itself would show: sqrt(factors / n), Marchenko & Pastur).
    """
    weights, unit = found.weights, found.table.unit
    centred = unit - (weights[:, None] * unit).sum(axis=0)
    covariance = (weights[:, None] * centred).T @ centred * 12.0  # prior variance 1/12
    sizes, vectors = np.linalg.eigh(covariance)
    rows = []
    for size, vector in list(zip(sizes, vectors.T, strict=True))[:count]:
        vector = vector * np.sign(vector[np.abs(vector).argmax()])
        parts = sorted(range(len(vector)), key=lambda i: -abs(vector[i]))
        text = " ".join(
            f"{vector[i]:+.2f} {found.factors[i].name}" for i in parts if abs(vector[i]) >= 0.3
        )
        rows.append(
            {
                "direction": text,
                "contraction": rounded(1.0 - math.sqrt(max(float(size), 0.0))),
                "by_chance": rounded(min(1.0, math.sqrt(len(sizes) / effective(weights)))),
            }
        )
    return rows


def informative(found: Found, name: str) -> list[Target]:
    """The targets that inform a parameter: without which its distance from the prior falls by a
    fifth or more, the one that matters most first. Empty when no single one does.
    """
    if len(found.targets) < 2:
        return list(found.targets) if len(found.targets) == 1 else []
    place = [factor.name for factor in found.factors].index(name)
    values = found.table.values[:, place]
    unit = np.random.default_rng(0).random((20_000, len(found.factors)))
    prior = values_of(found.factors, unit)[:, place]
    whole = distance(values, found.weights, prior)
    falls = []
    for out, target in enumerate(found.targets):
        weights = _without(found, out)
        falls.append((whole - distance(values, weights, prior), -out, target))
    ranked = sorted(falls, key=lambda one: one[:2], reverse=True)
    return [target for fall, _, target in ranked if fall >= MATTERS * whole]


def _without(found: Found, out: int) -> np.ndarray:
    """Weights of the settings when a target is left out."""
    others = [i for i in range(len(found.targets)) if i != out]
    return abc_weights([found.targets[i] for i in others], found.table.outputs[:, others])


def rounded(x: float) -> float:
    """A number in 9 digits."""
    return float(f"{float(x):.9g}")


# --- targets -------------------------------------------------------------------------------------


def conflicts(found: Found) -> list[dict[str, object]]:
    """How often two targets are met together, against what chance would do; worst first.

    Over the settings of the first wave (the whole prior). Of each pair: one, other, met_one,
    met_other, together (shares), lift (together / product; below 1: they hinder each other).
    """
    met = within_tolerance(found.targets, found.prior)
    alone = met.mean(axis=0)
    rows = []
    for i, one in enumerate(found.targets):
        for j in range(i):
            both = float((met[:, i] & met[:, j]).mean())
            chance = float(alone[i] * alone[j])
            rows.append(
                {
                    "one": found.targets[j].id,
                    "other": one.id,
                    "met_one": float(alone[j]),
                    "met_other": float(alone[i]),
                    "together": both,
                    "lift": both / chance if chance else math.nan,
                }
            )
    return sorted(rows, key=lambda row: math.inf if math.isnan(row["lift"]) else row["lift"])


def ruled_out(found: Found) -> list[dict[str, object]]:
    """What each target rules out: target, grade, met (share of the prior that meets it),
    ess_without (effective sample size when it is left out: large if it cost much), then for each
    wave: r2_1 (of its emulator), ruled_1 and only_1 (share of the prior ruled out by it, and by it
    alone)."""
    met = within_tolerance(found.targets, found.prior).mean(axis=0)
    rows = []
    for place, target in enumerate(found.targets):
        row: dict[str, object] = {
            "target": target.id,
            "grade": target.grade,
            "met": float(met[place]),
            "ess_without": rounded(_ess_without(found, place)),
        }
        for number, wave in enumerate(found.waves, start=1):
            row[f"r2_{number}"] = rounded(wave.emulators.r2[place])
            row[f"ruled_{number}"] = wave.by_target[place]
            row[f"only_{number}"] = wave.only_by[place]
        rows.append(row)
    return rows


def _ess_without(found: Found, out: int) -> float:
    return effective(_without(found, out)) if len(found.targets) > 1 else float(len(found.table))
