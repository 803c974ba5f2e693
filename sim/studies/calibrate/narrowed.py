"""narrowing, left_out, double_use and cost: which targets narrow which parameters.

The functions compare prior and posterior, and the posterior with and without each target. Results
are rows, one for each target, parameter or pair; there is no overall number. Numbers that come from
weights keep 9 digits, because the last bits depend on the machine. What columns mean is said in
:data:`sim.studies.calibrate.tables.TABLES`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.core.parameters import TABLE
from sim.core.units import Z95
from sim.stats.intervals import band, quantiles
from sim.studies.calibrate.calibration import Calibration
from sim.studies.calibrate.posterior import Fit, effective, within_tolerance

MATTERS = 0.2
"""A target counts as a cause if at least this share of the narrowing is lost without the target."""
NOBODY = "nothing"
PATTERNS = "every pattern"
SHARED = "every number that shares a source with a prior range"
"""The group of targets that is left out together, besides each target by itself."""

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
"""Products and ratios of parameters that appear together in the equations."""

Rows = list[dict[str, object]]


def spread(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Weighted mean and SD."""
    total = weights.sum()
    mean = float((weights * values).sum() / total)
    return mean, math.sqrt(float((weights * (values - mean) ** 2).sum() / total))


def noise(values: np.ndarray, number: float) -> float:
    """The largest narrowing or widening, in 95 of 100 cases, from chance alone.

    Chance alone means weights with this effective sample size that are independent of the values.
    The SD of n values has the relative variance (k - 1) / 4n, where k is their kurtosis.

    >>> round(noise(np.linspace(0, 1, 1001), 1000), 3)  # k = 1.8
    0.028
    """
    centred = values - values.mean()
    kurtosis = float((centred**4).mean() / (centred**2).mean() ** 2)
    return Z95 * math.sqrt(max(kurtosis - 1.0, 0.0) / (4.0 * number))


def rounded(x: float) -> float:
    """A number in 9 digits."""
    return float(f"{float(x):.9g}")


# --- prior against posterior ---------------------------------------------------------------------


def narrowing(found: Fit, moved: Sequence[Mapping[str, object]]) -> Rows:
    """Prior against posterior, with a row for each factor and each combination.

    Args:
        found: the reference table and its weights.
        moved: rows of :func:`left_out`.
    """
    names, values = found.calibration.names, found.table.values
    less = {(row["left_out"], row["name"]): row["narrowed"] for row in moved}
    rows: Rows = []
    for place, factor in enumerate(found.factors):
        role = TABLE[factor.name].role
        free = place in found.calibration.free
        what = "free" if free else role if role == "uncertain" else "other"
        row = {"name": factor.name, "what": what, "grade": factor.grade}
        row |= _moved(values[:, place], found.weights)
        falls = {
            str(left): float(row["narrowed"]) - float(share)  # pyright: ignore[reportArgumentType]
            for (left, name), share in less.items()
            if name == factor.name
        }
        rows.append(row | _causes(row, falls))
    for label, join, parts in COMBINATIONS:
        if set(parts) <= set(names):
            joined = join(*(values[:, names.index(part)] for part in parts))
            row = {"name": label, "what": "combination", "grade": ""}
            rows.append(row | _moved(joined, found.weights) | {"targets": "", "our_reading": False})
    return rows


def _causes(row: Mapping[str, object], falls: Mapping[str, float]) -> dict[str, object]:
    """The targets without which a parameter would be narrowed clearly less, the most important one
    first; none where the parameter is not narrowed or no single target matters."""
    share = float(row["narrowed"])  # pyright: ignore[reportArgumentType]
    if not falls or share <= float(row["noise"]):  # pyright: ignore[reportArgumentType]
        return {"targets": "", "our_reading": False}
    order = sorted((fall, name) for name, fall in falls.items() if name not in (PATTERNS, SHARED))
    matter = [name for fall, name in order[::-1] if fall >= MATTERS * share and name != NOBODY]
    ours = falls.get(PATTERNS, 0.0) >= share / 2
    return {"targets": " ".join(matter), "our_reading": ours}


def _moved(values: np.ndarray, weights: np.ndarray) -> dict[str, object]:
    mean, sd = spread(values, weights)
    low, middle, high = quantiles(values, (0.05, 0.5, 0.95), weights=weights)
    prior_low, prior_high = band(values)
    numbers = {
        "range_low": values.min(),
        "range_high": values.max(),
        "prior_low": prior_low,
        "prior_high": prior_high,
        "mean": mean,
        "median": middle,
        "low": low,
        "high": high,
        "narrowed": 1.0 - sd / float(values.std()),
        "noise": noise(values, effective(weights)),
        "shift": (mean - float(values.mean())) / float(values.std()),
    }
    return {name: rounded(number) for name, number in numbers.items()}


# --- leave one out -------------------------------------------------------------------------------


def left_out(found: Fit) -> Rows:
    """How parameters and effects move when a target is left out.

    There is a row for each group that is left out (no target, each target, every pattern, every
    number that shares a source with a prior range) and each quantity (free parameters, effects of
    TA).
    """
    targets = found.targets
    groups: dict[str, list[int]] = {NOBODY: []}
    if len(targets) > 1:
        groups |= {target.id: [i] for i, target in enumerate(targets)}
        shared = {row["target"] for row in double_use(found.calibration)}
        groups[PATTERNS] = [i for i, t in enumerate(targets) if not t.numeric]
        groups[SHARED] = [i for i, t in enumerate(targets) if t.numeric and t.id in shared]
    calibrated = [*found.calibration.free]
    if (leniency := found.calibration.leniency) is not None and leniency not in calibrated:
        calibrated.append(leniency)  # a level of a survey may narrow leniency and no state
    columns = {found.calibration.names[i]: found.table.values[:, i] for i in calibrated}
    effects = found.table.outputs[:, len(targets) :].T
    columns |= {t.id: x for t, x in zip(found.calibration.effects, effects, strict=True)}
    whole = {name: spread(x, found.weights) for name, x in columns.items()}
    rows: Rows = []
    for label, out in groups.items():
        if len(out) == len(targets) or (label != NOBODY and not out):
            continue
        weights = found.without(out)
        for name, values in columns.items():
            mean, sd = spread(values, weights)
            rows.append(
                {
                    "left_out": label,
                    "name": name,
                    "what": "parameter" if name in TABLE else "effect",
                    "mean": rounded(mean),
                    "sd": rounded(sd),
                    "narrowed": rounded(1.0 - sd / float(values.std())),
                    "moved": rounded((mean - whole[name][0]) / whole[name][1]),
                    "effective_sample": rounded(effective(weights)),
                }
            )
    return rows


# --- double use ----------------------------------------------------------------------------------

_IDENTIFIERS = re.compile(r"10\.\d{4,}/[^\s,;)]+|PMC\d+|PMID \d+")
_AUTHOR = re.compile(r"([A-Z][\w'-]+)(?: et al\.|(?:[,&]|\band\b)[^:;(]*?)? (?:19|20)\d\d")


def sources_in(text: str) -> set[str]:
    """The sources that a citation names: identifiers, and authors with their year.

    >>> sorted(sources_in("rate: Korn et al. 2018, doi 10.1186/s12889-018-5588-1; Lockyer 2001"))
    ['10.1186/s12889-018-5588-1', 'Korn 2018', 'Lockyer 2001']
    """
    named = {f"{found[1]} {found[0][-4:]}" for found in _AUTHOR.finditer(text)}
    return named | {one.rstrip(".") for one in _IDENTIFIERS.findall(text)}


def double_use(calibration: Calibration) -> Rows:
    """Priors and targets that share a source, so that the range already holds part of what such a
    target says."""
    rows: Rows = []
    for name in calibration.names:
        ground = sources_in(TABLE[name].source)
        for target in calibration.targets:
            both = sorted(ground & sources_in(target.source), reverse=True)
            if both:
                rows.append({"parameter": name, "target": target.id, "source": both[0]})
    return rows


# --- targets -------------------------------------------------------------------------------------


def cost(found: Fit) -> Rows:
    """The targets, with the settings that meet each and its cost in effective sample size."""
    met = within_tolerance(found.targets, found.table).mean(axis=0)
    few = len(found.targets) < 2
    return [
        {
            "id": t.id, "what": t.what, "measures": t.measure.text, "value": t.value, "low": t.low,
            "high": t.high, "sd_below": t.sds[0], "sd_above": t.sds[1],
            "noise": rounded(np.nanmedian(found.table.errors[:, i])), "use": t.use,
            "grade": t.grade, "source": t.source,
            **({"whose": "own" if t.own else "shipped"} if found.calibration.own else {}),
            "met": float(met[i]),
            "ess_without": float(len(found.table)) if few
            else rounded(effective(found.without([i]))),
        }
        for i, t in enumerate(found.targets)
    ]  # fmt: skip
