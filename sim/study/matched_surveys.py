"""What surveys of the plausible sets would read, and the leniency that an observed mean pins.

A survey mean near the top of its scale says how leniently people answer, not what they feel: for
each set the leniency is found at which the survey reads what was observed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.instruments import Seen, observe, survey
from sim.parameters import Parameters
from sim.stats.intervals import band
from sim.study.bank import sets_of, values_of
from sim.study.study_file import week_number

if TYPE_CHECKING:
    from sim.study.calibration import Calibration
    from sim.study.observed import Observation

REPLICATES = 20
ITEMS = 4
GRID = np.linspace(0.0, 0.9, 19)
"""Leniencies at which a survey is read again, with the same people and noise."""


def rows(found: Calibration, unit: np.ndarray) -> list[dict[str, object]]:
    """Rows of the predictive check for findings read off a survey, with the leniency they pin.

    Args:
        unit: (sets, factors) coordinates of plausible sets.
    """
    asked = [o for o in found.observations if o.finding.measure.surveyed and not o.finding.missing]
    if not asked:
        return []
    scenario = found.scenario
    sets = sets_of(scenario, [f.name for f in found.factors], values_of(found.factors, unit))
    weeks = sorted({week_number(o.finding.measure.week, scenario) for o in asked})
    sets = [scenario.parameter_set(), *sets]
    seen = [
        observe(scenario, p, seed=found.study.header.seed, replicates=REPLICATES, weeks=weeks)
        for p in sets
    ]
    return [_row(o, sets, seen, weeks, found) for o in asked]


def _row(
    o: Observation,
    sets: list[Parameters],
    seen: list[Seen],
    weeks: list[int],
    found: Calibration,
) -> dict[str, object]:
    finding, measure = o.finding, o.finding.measure
    wave = weeks.index(week_number(measure.week, found.scenario))
    values = np.array(
        [_read(s, p, measure.outcome, wave, measure.kind) for s, p in zip(seen, sets, strict=True)]
    )
    low, high = finding.bounds()
    p05, p95 = band(values[1:])
    inside = (values >= low) & (values <= high)
    row: dict[str, object] = {
        "target": o.id,
        "what": finding.what,
        "use": finding.use,
        "grade": o.grade,
        "source": o.source.cite,
        "observed": math.nan if finding.value is None else finding.value,
        "low": low,
        "high": high,
        "mean": float(values[1:].mean()),
        "p05": p05,
        "p95": p95,
        "hit_share": float(inside[1:].mean()),
        "verdict": "hit" if low <= values[1:].mean() <= high else "miss",
        "missed_by": 0.0 if low <= values[1:].mean() <= high else math.nan,
        "default": float(values[0]),
        "default_se": math.nan,
        "default_verdict": "hit" if inside[0] else "miss",
        "default_missed_by": 0.0 if inside[0] else math.nan,
    }
    if measure.kind == "survey" and finding.value is not None:
        levels = [
            leniency_for(finding.value, s, p, measure.outcome, wave)
            for s, p in zip(seen[1:], sets[1:], strict=True)
        ]
        lowest, highest = band(np.array(levels))
        row |= {
            "leniency": float(np.nanmean(levels)),
            "leniency_low": lowest,
            "leniency_high": highest,
        }
    return row


def _read(seen: Seen, p: Parameters, construct: str, wave: int, kind: str) -> float:
    answers = survey(seen, p, construct, wave=wave, items=ITEMS)
    found = answers.response() if kind == "response" else answers.described().mean
    return float(np.nanmean(found))


def leniency_for(value: float, seen: Seen, p: Parameters, construct: str, wave: int) -> float:
    """The leniency at which a survey of these people has this mean; NaN beyond the grid."""
    means = [
        _read(
            seen, p.replace(beyond_range=True, survey_leniency=float(x)), construct, wave, "survey"
        )
        for x in GRID
    ]
    if not means[0] <= value <= means[-1]:
        return math.nan
    return float(np.interp(value, means, GRID))
