"""Check: every target against fresh runs of the plausible sets and of the scenario as it stands.

:func:`rows` gives the predictive check; :func:`defaults` says whether the defaults of the scenario
lie in the middle of the sets. A survey mean near the top of its scale shows how leniently people
answer rather than what they feel: for each set, :func:`leniency_for` solves for the leniency at
which the survey gives the observed mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import InputError
from sim.core.parameters import Parameters
from sim.core.states import RESPONSE
from sim.runs.people import People, Seen
from sim.runs.plan import RunPlan, independent
from sim.runs.readings import reading
from sim.stats.intervals import band, quantiles
from sim.studies.calibrate.calibration import Calibration
from sim.studies.calibrate.narrowed import rounded
from sim.studies.calibrate.posterior import Fit, Making, Reference, drawn, sets_of, values_of
from sim.studies.measures import Measure, of_scenario, variants
from sim.studies.observed import Observation
from sim.studies.spec import week_number
from sim.studies.targets import Target

if TYPE_CHECKING:
    from sim.studies.ask import Runner

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
LEVELS = ("survey", "response")
"""Kinds of measure that are read here if they are no targets."""
GRID = np.linspace(0.0, 0.9, 19)
"""Leniencies at which a survey is evaluated, with the same people and noise."""


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
    last."""
    found, calibration = check.found, check.found.calibration
    sets, default = check.sets, check.default
    made = [
        row_of(
            target, sets.outputs[:, i], default.outputs[0, i],
            # The error of a number of one centre is the scatter of one run around the mean.
            default.errors[0, i] / (math.sqrt(DEFAULT_REPLICATES + 1) if target.one_run else 1.0),
            (sets.errors[:, i], default.errors[0, i]),
        )
        for i, target in enumerate(check.measured)
        if target.use != "effect"
    ]  # fmt: skip
    made += [_of_scenario(calibration, one) for one in calibration.observations if _is_planned(one)]
    made += _surveyed(calibration, fresh_units(found, SURVEYED), run)
    nobody = dict.fromkeys(("leniency", "leniency_low", "leniency_high"), math.nan)
    return [{**row, **{key: row.get(key, empty) for key, empty in nobody.items()}} for row in made]


def defaults(check: Check) -> list[dict[str, object]]:
    """Whether the scenario as it stands is in the middle of the sets.

    A free parameter agrees when its value is the weighted median up to rounding to two digits and
    the noise of a reference table, which means between the 45th and the 55th percentile. An effect
    agrees between the 40th and the 60th percentile.
    """
    found = check.found
    own = found.calibration.scenario.parameter_set()
    rows: list[dict[str, object]] = []
    for place in found.calibration.free:
        name, values = found.calibration.names[place], found.table.values[:, place]
        median = float(quantiles(values, (0.5,), weights=found.weights)[0])
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
        Target.of(one, use_of(one))
        for one in calibration.observations
        if one.id not in known and not one.finding.missing and one.finding.measure.simulated
        and one.finding.measure.kind not in LEVELS
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


def row_of(
    target: Target,
    x: np.ndarray,
    default: float,
    error: float,
    scatter: tuple[np.ndarray | float, float] = (0.0, 0.0),
) -> dict[str, object]:
    """The row of a target in the predictive check.

    Args:
        x: values of the sets, (sets,).
        default: the value of the scenario as it stands.
        error: its standard error.
        scatter: SD of single runs of each set and of the scenario as it stands, which counts where
            the number comes from one run of the centre itself (:meth:`Target.bounds`).
    """
    bounded = math.isfinite(target.low) or math.isfinite(target.high)

    def judged(value: float, scatter: float) -> tuple[str, float]:
        """The verdict on a value, and by how much it misses, in widths of the tolerance."""
        if not bounded:
            return "", math.nan
        one = np.array([value])
        verdict = "hit" if target.hit(one, scatter)[0] else "miss"
        return verdict, float(target.missed_by(one, scatter)[0])

    mean = float(np.nanmean(x)) if np.isfinite(x).any() else math.nan
    usual = math.sqrt(float(np.mean(np.square(scatter[0]))))
    (lowest, highest), own = target.bounds(usual), target.bounds(scatter[1])
    low, high = band(x)
    verdict, missed_by = judged(mean, usual)
    default_verdict, default_missed_by = judged(float(default), scatter[1])
    return {
        "target": target.id, "what": target.what, "use": target.use, "grade": target.grade,
        "source": target.source, "observed": target.value, "low": float(lowest),
        "high": float(highest), "mean": mean, "p05": low, "p95": high,
        "hit_share": float(target.hit(x, scatter[0]).mean()) if bounded else math.nan,
        "verdict": verdict, "missed_by": missed_by, "default": float(default),
        "default_se": float(error), "default_verdict": default_verdict,
        "default_missed_by": default_missed_by,
        **({"default_low": float(own[0]), "default_high": float(own[1])} if target.one_run else {}),
    }  # fmt: skip


# --- surveys -------------------------------------------------------------------------------------


def _surveyed(calibration: Calibration, unit: np.ndarray, run: Runner) -> list[dict[str, object]]:
    """Rows of the predictive check for survey means that are no targets, with the leniency that
    they imply.

    Args:
        calibration: the targets and factors.
        unit: (sets, factors), coordinates of plausible sets.
        run: a function that makes the runs.
    """
    known = {target.id for target in calibration.targets}
    read = [
        o for o in calibration.observations
        if o.finding.measure.kind in LEVELS and not o.finding.missing and o.id not in known
    ]  # fmt: skip
    if not read:
        return []
    scenario = calibration.scenario
    sets = sets_of(scenario, calibration.names, values_of(calibration.factors, unit))
    weeks = sorted({week_number(o.finding.measure.week, scenario) for o in read})
    sets = [scenario.parameter_set(), *sets]
    plan = RunPlan((independent(scenario, sets, REPLICATES, weeks),), calibration.study.seed)
    people = run(plan, People(), label="survey")
    seen = [people.of(number) for number in range(len(sets))]
    return [_row(o, sets, seen, weeks.index(_week(o, calibration))) for o in read]


def use_of(one: Observation) -> str:
    """The word for the use of a finding that is no target."""
    return "left out" if one.finding.use in ("scored", "pattern") else one.finding.use


def _week(one: Observation, calibration: Calibration) -> int:
    return week_number(one.finding.measure.week, calibration.scenario)


def _row(o: Observation, sets: list[Parameters], seen: list[Seen], wave: int) -> dict[str, object]:
    finding, measure = o.finding, o.finding.measure
    runs = np.stack(
        [_read(s, p, measure.outcome, wave, measure.kind) for s, p in zip(seen, sets, strict=True)]
    )  # (sets, replicates)
    values = np.nanmean(runs, axis=1)
    scatter = np.nanstd(runs, axis=1, ddof=1) * math.sqrt(1 + 1 / REPLICATES)
    row = row_of(
        Target.of(o, use_of(o)), values[1:], float(values[0]), math.nan,
        (scatter[1:], float(scatter[0])),
    )  # fmt: skip
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


def _read(seen: Seen, p: Parameters, construct: str, wave: int, kind: str) -> np.ndarray:
    """The reading of each run, (replicates,)."""
    return reading(seen, p, RESPONSE if kind == "response" else construct, wave)


def leniency_for(value: float, seen: Seen, p: Parameters, construct: str, wave: int) -> float:
    """The leniency at which a survey of these people has this mean; NaN beyond the grid.

    The mean rises with leniency, so bisection finds the two grid points around it.
    """

    def read(place: int) -> float:
        level = float(GRID[place])
        lenient = p.replace(beyond_range=True, survey_leniency=level)
        return float(np.nanmean(_read(seen, lenient, construct, wave, "survey")))

    low, high = 0, len(GRID) - 1
    below, above = read(low), read(high)
    if not below <= value <= above:
        return math.nan
    while high - low > 1:
        middle = (low + high) // 2
        mean = read(middle)
        if mean <= value:
            low, below = middle, mean
        else:
            high, above = middle, mean
    return float(np.interp(value, (below, above), GRID[[low, high]]))
