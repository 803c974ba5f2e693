"""Predictive check: every target against fresh runs of the plausible sets, and of the scenario as
it stands."""

from __future__ import annotations

import math

import numpy as np

from sim.core.errors import InputError
from sim.studies.calibrate import surveys
from sim.studies.calibrate.agreement import row_of, target_of
from sim.studies.calibrate.asked import Asked
from sim.studies.calibrate.posterior import Found, resample
from sim.studies.calibrate.reference import Making
from sim.studies.kind import Runner
from sim.studies.measures import Measure, of_scenario, variants
from sim.studies.observed import Observation
from sim.studies.targets import Target

SETS, REPLICATES = 200, 20
"""Plausible sets of the check (or as many as are kept, if these are fewer), and runs of each."""
DEFAULT_REPLICATES = 400
"""Runs of the scenario as it stands."""
FIRST = 1_000_000
"""First replicate of the check: chance that the calibration has not seen."""
SURVEYED = 40
"""Plausible sets whose people are asked."""


def rows(found: Found, run: Runner) -> list[dict[str, object]]:
    """Every target against fresh runs; those that no run is scored by (use: shown, instrument) come
    last.

    Of each: target, what, use, grade, source, observed, low, high; mean, p05, p95 (over sets),
    hit_share (sets within the bounds), verdict (hit or miss, of the mean), missed_by (of the mean,
    in widths of the tolerance); default, default_se, default_verdict, default_missed_by (the
    scenario as it stands); and leniency, leniency_low, leniency_high, which a survey mean pins.
    """
    asked = found.asked
    targets = _targets(asked)
    making = Making(asked.scenario, targets, asked.study.seed, run)
    unit = fresh_units(found, min(SETS, asked.header.kept))
    sets = making.settings(found.factors, unit, REPLICATES, FIRST, "predictive check")
    default = making.settings((), np.zeros((1, 0)), DEFAULT_REPLICATES, FIRST, "as it stands")
    made = [
        row_of(target, sets.outputs[:, i], default.outputs[0, i], default.errors[0, i])
        for i, target in enumerate(targets)
    ]
    made += [_of_scenario(asked, one) for one in asked.observations if _is_planned(one)]
    made += surveys.rows(asked, fresh_units(found, SURVEYED), run)
    nobody = dict.fromkeys(("leniency", "leniency_low", "leniency_high"), math.nan)
    return [{**row, **{key: row.get(key, empty) for key, empty in nobody.items()}} for row in made]


def fresh_units(found: Found, count: int) -> np.ndarray:
    """Coordinates of sets as other studies use them: free parameters from the posterior, all others
    anew from their priors, (count, factors)."""
    seed = found.asked.study.seed
    chosen, times = resample(found.weights, count, seed)
    unit = np.random.default_rng([seed, 11]).random((count, len(found.factors)))
    free = found.asked.free
    unit[:, free] = found.table.unit[np.repeat(chosen, times)][:, free]
    return unit


def _targets(asked: Asked) -> list[Target]:
    """The targets, and what is only shown but can be computed from runs."""
    known = {target.id for target in asked.targets}
    others = [
        target_of(one, "left out" if one.finding.use in ("scored", "pattern") else "shown")
        for one in asked.observations
        if one.id not in known and not one.finding.missing and one.finding.measure.simulated
        and _answerable(asked, one.finding.measure)
    ]  # fmt: skip
    return [*asked.targets, *others]


def _answerable(asked: Asked, measure: Measure) -> bool:
    try:
        variants(asked.scenario, [measure])
    except InputError:
        return False
    return True


def _is_planned(one: Observation) -> bool:
    """Whether the scenario alone sets it."""
    return one.finding.measure.kind in ("remote", "taper") and not one.finding.missing


def _of_scenario(asked: Asked, one: Observation) -> dict[str, object]:
    value = of_scenario(one.finding.measure, asked.scenario)
    return row_of(target_of(one, "shown"), np.array([value]), value, 0.0)
