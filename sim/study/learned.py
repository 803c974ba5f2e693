"""What a calibration taught: predictions against each target, contraction, targets that fight.

Everything is a table with a row a target, a parameter or a pair; there is no overall number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from sim.parameters import TABLE
from sim.study import matched_surveys
from sim.study.bank import Bank, run_bank, values_of
from sim.study.blocked import hits
from sim.study.calibration import Calibration, abc_weights, effective, resample
from sim.study.measures import of_scenario
from sim.study.targets import Target

LEARNED = 0.10
"""Largest gap between the distribution functions of posterior and prior (Kolmogorov distance) from
which a parameter counts as learned, unless the effective sample is so small that chance alone shows
more (1.63/sqrt(n), the 1 % point)."""
TAUGHT = 0.2
"""Share of a parameter's distance that has to go with a target for it to count as its teacher."""
CHECK_REPLICATE = 1_000_000
"""First replicate of the predictive check: luck that the calibration has not seen."""

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


def quantile(values: np.ndarray, weights: np.ndarray, q: Sequence[float]) -> np.ndarray:
    """Weighted quantiles of (n,) values."""
    order = np.argsort(values, kind="stable")
    edges = np.cumsum(weights[order])
    places = np.searchsorted(edges / edges[-1], np.asarray(q), side="left")
    return values[order][np.minimum(places, len(values) - 1)]


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


def contraction(found: Calibration) -> pd.DataFrame:
    """Prior against posterior, a row a factor and a combination.

    Columns: name, what (free, uncertain, other, combination), grade, prior_low, prior_high
    (5-95 %), mean, low, high (5-95 %), contraction (1 - SD / prior SD; 0: nothing, below 0: wider),
    distance (Kolmogorov), learned.
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
            | _moved(found.bank.values[:, place], found.weights, prior[:, place])
        )
    for label, join, parts in COMBINATIONS:
        if set(parts) <= set(names):
            a, b = (names.index(part) for part in parts)
            rows.append(
                {"name": label, "what": "combination", "grade": ""}
                | _moved(
                    join(found.bank.values[:, a], found.bank.values[:, b]),
                    found.weights,
                    join(prior[:, a], prior[:, b]),
                )
            )
    return pd.DataFrame(rows)


def _moved(values: np.ndarray, weights: np.ndarray, prior: np.ndarray) -> dict[str, object]:
    mean, sd = spread(values, weights)
    low, high = quantile(values, weights, (0.05, 0.95))
    far = distance(values, weights, prior)
    return {
        "prior_low": float(np.quantile(prior, 0.05)),
        "prior_high": float(np.quantile(prior, 0.95)),
        "mean": mean,
        "low": float(low),
        "high": float(high),
        "contraction": 1.0 - sd / float(prior.std()),
        "distance": far,
        "learned": far >= max(LEARNED, 1.63 / math.sqrt(effective(weights / weights.sum()))),
    }


def directions(found: Calibration, count: int = 4) -> pd.DataFrame:
    """The best-learned directions of the whole space, whatever parameters they mix.

    Eigenvectors of the posterior covariance of the coordinates in the prior; columns: direction
    (the parts above .3), contraction (1 - SD / prior SD), by_chance (what the smallest eigenvalue
    of so small a sample of the prior itself would show: sqrt(factors / n), Marchenko & Pastur).
    """
    weights, unit = found.weights, found.bank.unit
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
                "contraction": 1.0 - math.sqrt(max(float(size), 0.0)),
                "by_chance": min(1.0, math.sqrt(len(sizes) / found.ess)),
            }
        )
    return pd.DataFrame(rows)


def teachers(found: Calibration, name: str) -> list[Target]:
    """The targets that taught a parameter: without which its distance from the prior falls by a
    fifth or more, the one that matters most first. Empty when no single one does.
    """
    if len(found.targets) < 2:
        return list(found.targets) if len(found.targets) == 1 else []
    place = [factor.name for factor in found.factors].index(name)
    values = found.bank.values[:, place]
    unit = np.random.default_rng(0).random((20_000, len(found.factors)))
    prior = values_of(found.factors, unit)[:, place]
    whole = distance(values, found.weights, prior)
    falls = []
    for out, target in enumerate(found.targets):
        weights = _without(found, out)
        falls.append((whole - distance(values, weights, prior), -out, target))
    ranked = sorted(falls, key=lambda one: one[:2], reverse=True)
    return [target for fall, _, target in ranked if fall >= TAUGHT * whole]


def _without(found: Calibration, out: int) -> np.ndarray:
    """Weights of the bank when a target is left out."""
    others = [i for i in range(len(found.targets)) if i != out]
    bank = found.bank
    rest = Bank(bank.unit, bank.values, bank.outputs[:, others], bank.errors[:, others])
    return abc_weights([found.targets[i] for i in others], rest)


def learned_names(found: Calibration, table: pd.DataFrame | None = None) -> list[str]:
    """Names of the free parameters about which more is known than their range."""
    frame = contraction(found) if table is None else table
    chosen = frame[(frame["what"] == "free") & frame["learned"]]
    return [str(name) for name in chosen["name"]]


# --- targets that fight --------------------------------------------------------------------------


def fights(found: Calibration) -> pd.DataFrame:
    """How often two targets are met together, against what chance would do; worst first.

    Over the settings of the first wave (the whole prior). Columns: one, other, met_one, met_other,
    together (shares), lift (together / product; below 1: they hinder each other).
    """
    met = hits(found.targets, found.prior)
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
    columns = ["one", "other", "met_one", "met_other", "together", "lift"]  # of one target, empty
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("lift", kind="stable").reset_index(drop=True)


def ruled_out(found: Calibration) -> pd.DataFrame:
    """What each target rules out. Columns: target, grade, met (share of the prior that meets it),
    ess_without (effective sample size when it is left out: large if it cost much), then for each
    wave: r2_1 (of its emulator), ruled_1 and only_1 (share of the prior ruled out by it, and by it
    alone)."""
    met = hits(found.targets, found.prior).mean(axis=0)
    rows = []
    for place, target in enumerate(found.targets):
        row = {
            "target": target.id,
            "grade": target.grade,
            "met": float(met[place]),
            "ess_without": _ess_without(found, place),
        }
        for number, wave in enumerate(found.waves, start=1):
            row[f"r2_{number}"] = float(wave.emulators.r2[place])
            row[f"ruled_{number}"] = wave.by_target[place]
            row[f"only_{number}"] = wave.only_by[place]
        rows.append(row)
    return pd.DataFrame(rows)


def _ess_without(found: Calibration, out: int) -> float:
    return effective(_without(found, out)) if len(found.targets) > 1 else float(len(found.bank))


# --- predictive check ----------------------------------------------------------------------------


def shipped_units(found: Calibration, count: int) -> np.ndarray:
    """Coordinates of sets as planner commands use them: free parameters from the posterior, all
    others anew from their priors, (count, factors)."""
    rows, times = resample(found.weights, count, found.study.header.seed)
    unit = np.random.default_rng([found.study.header.seed, 11]).random((count, len(found.factors)))
    drawn = np.repeat(rows, times)
    free = list(found.free)
    unit[:, free] = found.bank.unit[drawn][:, free]
    return unit


def predictive_check(
    found: Calibration,
    *,
    sets: int = 200,
    replicates: int = 20,
    default_replicates: int = 400,
    threads: int | None = None,
) -> pd.DataFrame:
    """Every target against fresh runs of the plausible sets, and of the scenario as it stands.

    Columns: target, what, use, grade, source, observed, low, high; mean, p05, p95 (over sets),
    hit_share (sets within the bounds), verdict (hit or miss, of the mean), missed_by (of the mean,
    in widths of the tolerance); default, default_se, default_verdict, default_missed_by. Rows that
    no run is scored by (use: shown, instrument) come last.
    """
    targets = _checked_targets(found)
    seed = found.study.header.seed
    bank = run_bank(
        found.scenario, targets, found.factors, shipped_units(found, sets),
        replicates=replicates, seed=seed, first_replicate=CHECK_REPLICATE, threads=threads,
    )  # fmt: skip
    default = run_bank(
        found.scenario, targets, (), np.zeros((1, 0)),
        replicates=default_replicates, seed=seed, first_replicate=CHECK_REPLICATE, threads=threads,
    )  # fmt: skip
    rows = [
        _checked(target, bank.outputs[:, i], default.outputs[0, i], default.errors[0, i])
        for i, target in enumerate(targets)
    ]
    rows += _of_scenario(found)
    rows += matched_surveys.rows(found, shipped_units(found, 40))
    return pd.DataFrame(rows)


def _checked_targets(found: Calibration) -> list[Target]:
    """The targets, and what is only shown but can be computed from runs."""
    known = {target.id for target in found.targets}
    shown = [
        Target(
            o.id, o.finding.what, o.finding.measure,
            math.nan if o.finding.value is None else o.finding.value, *o.finding.bounds(),
            "left out" if o.finding.use in ("scored", "pattern") else "shown", o.grade,
            o.source.cite,
        )
        for o in found.observations
        if o.id not in known and o.finding.measure.simulated and not o.finding.missing
        and _answerable(found, o.finding.measure)
    ]  # fmt: skip
    return [*found.targets, *shown]


def _answerable(found: Calibration, measure: object) -> bool:
    from sim.errors import InputError
    from sim.study.measures import Measure, variants

    assert isinstance(measure, Measure)
    try:
        variants(found.scenario, [measure])
    except InputError:
        return False
    return True


def _checked(target: Target, x: np.ndarray, default: float, error: float) -> dict[str, object]:
    mean = float(np.nanmean(x)) if np.isfinite(x).any() else math.nan
    bounded = math.isfinite(target.low) or math.isfinite(target.high)
    low, high = np.nanquantile(x, (0.05, 0.95)) if mean == mean else (math.nan, math.nan)
    return {
        "target": target.id,
        "what": target.what,
        "use": target.use,
        "grade": target.grade,
        "source": target.source,
        "observed": target.value,
        "low": target.low,
        "high": target.high,
        "mean": mean,
        "p05": float(low),
        "p95": float(high),
        "hit_share": float(target.hit(x).mean()) if bounded else math.nan,
        "verdict": _verdict(target, mean) if bounded else "",
        "missed_by": float(target.missed_by(np.array([mean]))[0]) if bounded else math.nan,
        "default": float(default),
        "default_se": float(error),
        "default_verdict": _verdict(target, float(default)) if bounded else "",
        "default_missed_by": float(target.missed_by(np.array([default]))[0])
        if bounded
        else math.nan,
    }


def _verdict(target: Target, value: float) -> str:
    return "hit" if bool(target.hit(np.array([value]))[0]) else "miss"


def _of_scenario(found: Calibration) -> list[dict[str, object]]:
    """Rows of what the scenario alone sets."""
    rows = []
    for o in found.observations:
        if o.finding.measure.kind not in ("remote", "taper") or o.finding.missing:
            continue
        value = of_scenario(o.finding.measure, found.scenario)
        target = Target(
            o.id, o.finding.what, o.finding.measure,
            math.nan if o.finding.value is None else o.finding.value, *o.finding.bounds(), "shown",
            o.grade, o.source.cite,
        )  # fmt: skip
        rows.append(_checked(target, np.array([value]), value, 0.0))
    return rows
