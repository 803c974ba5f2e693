"""answer: both sides of the contrast on every step, paired by replicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.runs.collect import Points, RunValues
from sim.runs.plan import Job, RunPlan, common
from sim.scenario.levers import with_levers
from sim.stats.intervals import half_width
from sim.studies.ladder.spec import Spec
from sim.studies.spec import Study, week_label, week_number

if TYPE_CHECKING:
    from sim.studies.ask import Runner

COLUMNS = (
    Column("outcome", format="text"),
    Column("step", format="text", meaning="keeps what the steps above it changed"),
    Column("low_side", format="number", meaning="mean where the lever is low"),
    Column("high_side", format="number", meaning="mean where the lever is high"),
    Column("effect", format="signed", meaning="mean of the paired differences"),
    Column("low", format="signed", meaning="lower end of its 90 % interval"),
    Column("high", format="signed", meaning="upper end of its 90 % interval"),
    Column("share", format="percent", heading="left of the first"),
    Column("n", format="count", meaning="pairs in which both runs have a value"),
    Column("runs", format="count", meaning="pairs made"),
)


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """The table ``ladder``, with a row for each outcome, week and step."""
    header, contrast = study.header, study.header.contrast
    sides = [_side(study, value) for value in (contrast.low, contrast.high)]
    values = run(RunPlan(tuple(sides), study.seed), Points(tuple(header.outcomes)))
    rows = [
        row
        for outcome in header.outcomes
        for week in header.weeks
        for row in _rows(study, values, sides, outcome, week)
    ]
    frame = pd.DataFrame(rows)
    return {
        "ladder": Table(
            "ladder", frame, COLUMNS, title="What remains of the effect",
            rests_on=values.made.counts,
            note="Intervals are 90 %, of differences between runs with the same people and chance.",
        )
    }  # fmt: skip


def _side(study: Study[Spec], value: float | str) -> Job:
    """The job of all steps with the lever at one setting. Steps share people and chance, as the
    sides do, because they are compared with each other."""
    scenario = with_levers(study.scenario, {study.header.contrast.lever: value})
    base, sets, changes = study.scenario.parameter_set(), [], {}
    for step in study.header.steps:
        changes = {**changes, **step.parameters}
        sets.append(base.replace(beyond_range=True, **changes))
    weeks = dict.fromkeys(week_number(week, scenario) for week in study.header.weeks)
    return common(scenario, sets, study.header.replicates, tuple(weeks))


def _rows(
    study: Study[Spec], values: RunValues, sides: list[Job], outcome: str, week: int | str
) -> list[dict[str, Any]]:
    """The rows of the steps for one outcome at one week."""
    low, high = (
        values.of(outcome, week_number(week, job.scenario), job=side)
        for side, job in enumerate(sides)
    )
    gap = high - low  # (steps, replicates), NaN where either run has no value
    rows = []
    for place, step in enumerate(study.header.steps):
        known = ~np.isnan(gap[place])
        number = int(known.sum())
        pairs = gap[place][known]
        effect = float(pairs.mean()) if number else np.nan
        half = half_width(float(pairs.std(ddof=1)), number) if number > 1 else np.nan
        first = rows[0]["effect"] if rows else effect
        rows.append(
            {
                "outcome": outcome, "week": week_label(week), "step": step.name,
                "low_side": float(low[place][known].mean()) if number else np.nan,
                "high_side": float(high[place][known].mean()) if number else np.nan,
                "effect": effect, "low": effect - half, "high": effect + half,
                "share": effect / first if first else np.nan, "n": number,
                "runs": gap.shape[1],
            }
        )  # fmt: skip
    return rows
