"""Column: what is asked of the runs of a point, and how their summaries answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.outcomes import PERSISTENCE_WEEKS
from sim.scenario import Scenario
from sim.study.study_file import week_number


@dataclass(frozen=True)
class Column:
    """One outcome at one week: form is value, effect or persistence (see
    :class:`sim.study.study_file.OutcomeSpec`)."""

    outcome: str
    form: str
    week: int | str


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Outcomes to summarise, each once."""
    return tuple(dict.fromkeys(column.outcome for column in columns))


def weeks_of(columns: Sequence[Column], scenario: Scenario) -> tuple[int, ...]:
    """Weeks to summarise at; those past the horizon are left out (their outcomes stay NaN)."""
    found = {week_number(c.week, scenario) for c in columns if c.form != "persistence"}
    if any(column.form == "persistence" for column in columns):
        found |= {scenario.end_of_ta, scenario.end_of_ta + PERSISTENCE_WEEKS}
    return tuple(sorted(week for week in found if week <= scenario.horizon_weeks))


def columns_of(
    arms: Sequence[np.ndarray], columns: Sequence[Column], scenario: Scenario,
    weeks: Sequence[int], names: Sequence[str],
) -> np.ndarray:  # fmt: skip
    """Columns (points, replicates, columns) from summaries (points, replicates, weeks, outcomes)
    of the arms: with TA, and without where effects are asked for."""
    end = scenario.end_of_ta

    def at(arm: int, week: int, name: str) -> np.ndarray:
        if week not in weeks:
            return np.full(arms[0].shape[:2], np.nan)
        return arms[arm][:, :, weeks.index(week), names.index(name)]

    found = []
    for column in columns:
        name = column.outcome
        if column.form == "persistence":
            found.append(at(0, end + PERSISTENCE_WEEKS, name) - at(0, end, name))
            continue
        week = week_number(column.week, scenario)
        value = at(0, week, name)
        found.append(value - at(1, week, name) if column.form == "effect" else value)
    return np.stack(found, axis=-1)
