"""rows: readings of surveys of the plausible sets, and the leniency that an observed mean implies.

A survey mean near the top of its scale shows how leniently people answer rather than what they
feel. For each set, :func:`leniency_for` solves for the leniency at which the survey gives the
observed mean.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.parameters import Parameters
from sim.runs.people import People, Seen
from sim.runs.plan import RunPlan, independent
from sim.runs.readings import RESPONSE, reading
from sim.stats.intervals import band
from sim.studies.calibrate.agreement import row_of
from sim.studies.calibrate.calibration import Calibration
from sim.studies.calibrate.reference import sets_of, values_of
from sim.studies.kind import Runner
from sim.studies.observed import Observation
from sim.studies.spec import week_number
from sim.studies.targets import Target

REPLICATES = 20
LEVELS = ("survey", "response")
"""Kinds of measure that are read here if they are no targets."""
GRID = np.linspace(0.0, 0.9, 19)
"""Leniencies at which a survey is evaluated, with the same people and noise."""


def rows(calibration: Calibration, unit: np.ndarray, run: Runner) -> list[dict[str, object]]:
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
    values = np.array(
        [_read(s, p, measure.outcome, wave, measure.kind) for s, p in zip(seen, sets, strict=True)]
    )
    row = row_of(Target.of(o, use_of(o)), values[1:], float(values[0]), math.nan)
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
    name = RESPONSE if kind == "response" else construct
    return float(np.nanmean(reading(seen, p, name, wave)))


def leniency_for(value: float, seen: Seen, p: Parameters, construct: str, wave: int) -> float:
    """The leniency at which a survey of these people has this mean; NaN beyond the grid.

    The mean rises with leniency, so bisection finds the two grid points around it.
    """

    def read(place: int) -> float:
        level = float(GRID[place])
        return _read(
            seen, p.replace(beyond_range=True, survey_leniency=level), construct, wave, "survey"
        )

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
