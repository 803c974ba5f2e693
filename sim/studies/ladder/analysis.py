"""answer: both sides of the contrast on every step, paired by parameter set and replicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.runs.collect import Points, RunValues
from sim.runs.plan import Job, RunPlan, independent
from sim.scenario.levers import with_levers
from sim.stats.intervals import mean_interval
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
    header = study.header
    jobs = [
        job for value in (header.contrast.low, header.contrast.high) for job in _side(study, value)
    ]
    values = run(RunPlan(tuple(jobs), study.seed), Points(tuple(header.outcomes)))
    rows = [
        row
        for outcome in header.outcomes
        for week in header.weeks
        for row in _rows(study, values, outcome, week)
    ]
    frame = pd.DataFrame(rows)
    return {
        "ladder": Table(
            "ladder", frame, COLUMNS, title="What remains of the effect",
            rests_on=values.made.counts,
            note="Intervals are 90 %, of differences between runs with the same people and chance"
            + ("." if study.plausible is None else "; the units are the plausible sets."),
        )
    }  # fmt: skip


def _side(study: Study[Spec], value: float | str) -> list[Job]:
    """A job for each step, with the lever at one setting. Steps share people and chance, as the
    sides do, because they are compared with each other."""
    scenario = with_levers(study.scenario, {study.header.contrast.lever: value})
    weeks = dict.fromkeys(week_number(week, scenario) for week in study.header.weeks)
    own = (scenario.parameter_set(),) if study.plausible is None else study.sets(scenario)
    jobs, changes = list[Job](), dict[str, float]()
    for step in study.header.steps:
        changes = {**changes, **step.parameters}
        sets = [one.replace(beyond_range=True, **changes) for one in own]
        jobs.append(independent(scenario, sets, study.header.replicates, tuple(weeks)))
    return jobs


def _rows(
    study: Study[Spec], values: RunValues, outcome: str, week: int | str
) -> list[dict[str, Any]]:
    """The rows of the steps for one outcome at one week."""
    steps, rows = study.header.steps, list[dict[str, Any]]()
    for place, step in enumerate(steps):
        low, high = (
            values.of(outcome, week_number(week, values.plan.jobs[job].scenario), job=job)
            for job in (place, place + len(steps))
        )
        gap = high - low  # (sets, replicates), NaN where either run has no value
        low, high = (np.where(np.isnan(gap), np.nan, side) for side in (low, high))
        effect, lowest, highest = mean_interval(_units(gap))
        first = rows[0]["effect"] if rows else effect
        rows.append(
            {
                "outcome": outcome, "week": week_label(week), "step": step.name,
                "low_side": mean_interval(_units(low))[0],
                "high_side": mean_interval(_units(high))[0],
                "effect": effect, "low": lowest, "high": highest,
                "share": effect / first if first else np.nan,
                "n": int((~np.isnan(gap)).sum()), "runs": gap.size,
            }
        )  # fmt: skip
    return rows


def _units(values: np.ndarray) -> np.ndarray:
    """Values (sets, replicates) with what is independent along the first axis: the sets, or the
    replicates of a single one."""
    return values if len(values) > 1 else values.T
