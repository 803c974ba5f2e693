"""Whether values of the model agree with a finding."""

from __future__ import annotations

import math

import numpy as np

from sim.stats.intervals import band
from sim.studies.targets import Target


def row_of(target: Target, x: np.ndarray, default: float, error: float) -> dict[str, object]:
    """The row of a target in the predictive check, from the values of the sets, (sets,), and of the
    scenario as it stands; columns as in :func:`sim.studies.calibrate.predictive.rows`."""
    mean = float(np.nanmean(x)) if np.isfinite(x).any() else math.nan
    bounded = math.isfinite(target.low) or math.isfinite(target.high)
    low, high = band(x)
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
