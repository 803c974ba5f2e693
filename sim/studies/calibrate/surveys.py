"""What surveys of the plausible sets would read, and the leniency that an observed mean pins.

A survey mean near the top of its scale says how leniently people answer, not what they feel: for
each set the leniency is found at which the survey reads what was observed.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.parameters import Parameters
from sim.runs.instruments import survey
from sim.runs.people import People, Seen
from sim.runs.plan import RunPlan, independent
from sim.stats.intervals import band
from sim.studies.calibrate.agreement import row_of
from sim.studies.calibrate.asked import Asked
from sim.studies.calibrate.reference import sets_of, values_of
from sim.studies.kind import Runner
from sim.studies.observed import Observation
from sim.studies.spec import week_number
from sim.studies.targets import Target

REPLICATES = 20
ITEMS = 4
GRID = np.linspace(0.0, 0.9, 19)
"""Leniencies at which a survey is read again, with the same people and noise."""


def rows(asked: Asked, unit: np.ndarray, run: Runner) -> list[dict[str, object]]:
    """Rows of the predictive check for findings read off a survey, with the leniency they pin.

    Args:
        unit: (sets, factors) coordinates of plausible sets.
    """
    read = [o for o in asked.observations if o.finding.measure.surveyed and not o.finding.missing]
    if not read:
        return []
    scenario = asked.scenario
    sets = sets_of(scenario, asked.names, values_of(asked.factors, unit))
    weeks = sorted({week_number(o.finding.measure.week, scenario) for o in read})
    sets = [scenario.parameter_set(), *sets]
    plan = RunPlan((independent(scenario, sets, REPLICATES, weeks),), asked.study.seed)
    people = run(plan, People(), label="survey")
    seen = [people.of(number) for number in range(len(sets))]
    return [_row(o, sets, seen, weeks.index(_week(o, asked))) for o in read]


def _week(one: Observation, asked: Asked) -> int:
    return week_number(one.finding.measure.week, asked.scenario)


def _row(o: Observation, sets: list[Parameters], seen: list[Seen], wave: int) -> dict[str, object]:
    finding, measure = o.finding, o.finding.measure
    values = np.array(
        [_read(s, p, measure.outcome, wave, measure.kind) for s, p in zip(seen, sets, strict=True)]
    )
    row = row_of(Target.of(o), values[1:], float(values[0]), math.nan)
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
    """The leniency at which a survey of these people has this mean; NaN beyond the grid.

    The mean rises with leniency, so that the two points of the grid around it are found by halving.
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
