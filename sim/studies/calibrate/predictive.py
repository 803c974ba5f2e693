"""Check: every target against fresh runs of the plausible sets and of the scenario as it stands.

:func:`rows` gives the predictive check; :func:`defaults` says whether the defaults of the scenario
lie in the middle of the sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.core.errors import InputError
from sim.stats.intervals import weighted_quantiles
from sim.studies.calibrate import surveys
from sim.studies.calibrate.agreement import row_of
from sim.studies.calibrate.calibration import Calibration
from sim.studies.calibrate.narrowed import rounded
from sim.studies.calibrate.posterior import Fit, drawn
from sim.studies.calibrate.reference import Making, Reference
from sim.studies.kind import Runner
from sim.studies.measures import Measure, of_scenario, variants
from sim.studies.observed import Observation
from sim.studies.targets import Target

SETS, REPLICATES = 500, 20
"""Numbers of plausible sets in the check (fewer if fewer are kept) and of runs of each."""
DEFAULT_REPLICATES = 400
"""Number of runs of the scenario as it stands."""
FIRST, DEFAULT_FIRST = 2**30, 2**30 + 2**29
"""First replicates of the check, whose chance is independent of the reference table."""
SURVEYED = 40
"""Number of plausible sets whose people are surveyed."""
MEDIAN, MIDDLE = (0.45, 0.55), (0.40, 0.60)
"""Shares of the sets between which the free parameters, and the effects, of the scenario as it
stands should lie."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Fresh runs for the check.

    Attributes:
        measured: the measures: targets, findings that are only shown, and effects.
        sets: values of the plausible sets.
        default: values of the scenario as it stands, as one setting.
    """

    found: Fit
    measured: tuple[Target, ...]
    sets: Reference
    default: Reference


def check(found: Fit, run: Runner) -> Check:
    """Run the plausible sets and the scenario as it stands."""
    calibration = found.calibration
    measured = (*_targets(calibration), *calibration.effects)
    making = Making(calibration.scenario, measured, calibration.study.seed, run)
    unit = fresh_units(found, min(SETS, calibration.header.kept))
    sets = making.settings(found.factors, unit, REPLICATES, "predictive check", FIRST)
    alone = np.zeros((1, 0))
    default = making.settings((), alone, DEFAULT_REPLICATES, "as it stands", DEFAULT_FIRST)
    return Check(found, measured, sets, default)


def rows(check: Check, run: Runner) -> list[dict[str, object]]:
    """Every target against fresh runs; findings that score no run (use: shown, instrument) come
    last.

    Columns: target, what, use, grade, source, observed, low, high; mean, p05, p95 (over sets),
    hit_share (share of sets within the bounds), verdict (hit or miss, of the mean), missed_by (of
    the mean, in widths of the tolerance); default, default_se, default_verdict, default_missed_by
    (the scenario as it stands); and leniency, leniency_low, leniency_high, the leniency that a
    survey mean implies.
    """
    found, calibration = check.found, check.found.calibration
    made = [
        row_of(
            target, check.sets.outputs[:, i], check.default.outputs[0, i],
            check.default.errors[0, i],
        )
        for i, target in enumerate(check.measured)
        if target.use != "effect"
    ]  # fmt: skip
    made += [_of_scenario(calibration, one) for one in calibration.observations if _is_planned(one)]
    made += surveys.rows(calibration, fresh_units(found, SURVEYED), run)
    nobody = dict.fromkeys(("leniency", "leniency_low", "leniency_high"), math.nan)
    return [{**row, **{key: row.get(key, empty) for key, empty in nobody.items()}} for row in made]


def defaults(check: Check) -> list[dict[str, object]]:
    """Whether the scenario as it stands is in the middle of the sets.

    A free parameter agrees when its value is the weighted median up to rounding to two digits and
    the noise of a reference table, which means between the 45th and the 55th percentile. An effect
    agrees between the 40th and the 60th percentile. Columns: name, what (parameter, effect), value,
    median, percentile, agrees.
    """
    found = check.found
    own = found.calibration.scenario.parameter_set()
    rows: list[dict[str, object]] = []
    for place in found.calibration.free:
        name, values = found.calibration.names[place], found.table.values[:, place]
        median = float(weighted_quantiles(values, found.weights, (0.5,))[0])
        below = float(found.weights[values < own[name]].sum())
        rows.append(
            {
                "name": name, "what": "parameter", "value": own[name], "median": rounded(median),
                "percentile": rounded(below),
                "agrees": MEDIAN[0] <= below <= MEDIAN[1],
            }
        )  # fmt: skip
    for place, target in enumerate(check.measured):
        if target.use == "effect":
            sets, value = check.sets.outputs[:, place], float(check.default.outputs[0, place])
            below = float((sets < value).mean())
            rows.append(
                {
                    "name": target.id, "what": "effect", "value": value,
                    "median": float(np.median(sets)), "percentile": below,
                    "agrees": MIDDLE[0] <= below <= MIDDLE[1],
                }
            )  # fmt: skip
    return rows


def fresh_units(found: Fit, count: int) -> np.ndarray:
    """Coordinates (count, factors) of the sets that other studies use, which are settings of the
    reference table drawn by their weights."""
    return found.table.unit[drawn(found.weights, count, found.calibration.study.seed)]


def _targets(calibration: Calibration) -> Sequence[Target]:
    """The targets, and the findings that are only shown but can be computed from runs."""
    known = {target.id for target in calibration.targets}
    others = [
        Target.of(one, surveys.use_of(one))
        for one in calibration.observations
        if one.id not in known and not one.finding.missing and one.finding.measure.simulated
        and one.finding.measure.kind not in surveys.LEVELS
        and _answerable(calibration, one.finding.measure)
    ]  # fmt: skip
    return [*calibration.targets, *others]


def _answerable(calibration: Calibration, measure: Measure) -> bool:
    try:
        variants(calibration.scenario, [measure])
    except InputError:
        return False
    return True


def _is_planned(one: Observation) -> bool:
    """Whether the scenario alone sets the observed quantity."""
    return one.finding.measure.kind in ("remote", "taper") and not one.finding.missing


def _of_scenario(calibration: Calibration, one: Observation) -> dict[str, object]:
    value = of_scenario(one.finding.measure, calibration.scenario)
    return row_of(Target.of(one, "shown"), np.array([value]), value, 0.0)
