"""Points that have a scenario, or luck, of their own: one block of them as plain data.

A block holds everything that its runs need, so that this machine, a shard or a worker of a cluster
finds the same numbers from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.levers import with_levers
from sim.outcomes import INDEX, PERSISTENCE_WEEKS
from sim.parameters import Parameters
from sim.scenario import Scenario
from sim.study.evaluate import evaluate_pairs
from sim.study.study_file import week_number

Setting = tuple[tuple[str, Any], ...]
"""Levers of a point, and their values."""
Found = tuple[np.ndarray, list[tuple[int, int, str]]]
"""Values (points, replicates, columns), and (point, replicate, reason) of what failed."""


@dataclass(frozen=True)
class Column:
    """One outcome at one week: form is value, effect or persistence (see
    :class:`sim.study.study_file.OutcomeSpec`)."""

    outcome: str
    form: str
    week: int | str


@dataclass(frozen=True, eq=False)
class Block:
    """Some points of a study.

    Attributes:
        parameters: values (points,) by name.
        settings: of each point.
        replicates: of each point.
        first: number of the first replicate of the first point when points have luck of their own
            (the next point's follow); None: all points have replicates 0, 1, ...
        seed: of luck.
        columns: what is asked.
        arms: 2 when effects against no TA are asked for.
    """

    parameters: Mapping[str, np.ndarray]
    settings: Sequence[Setting]
    replicates: int
    first: int | None
    seed: int
    columns: tuple[Column, ...]
    arms: int


def run_block(base: Scenario, block: Block, threads: int | None) -> Found:
    """Run the points of a block; points of the same levers share a scenario.

    A point whose levers make no scenario fails in all its replicates.
    """
    size = block.replicates
    values = np.full((len(block.settings), size, len(block.columns)), np.nan)
    failures: list[tuple[int, int, str]] = []
    for setting, places in _together(block.settings):
        try:
            scenario = with_levers(base, dict(setting))
        except InputError as error:
            reason = error.problem.message
            failures += [(place, r, reason) for place in places for r in range(size)]
            continue
        sets = _sets(scenario.parameter_set(), block.parameters, places)
        numbers = np.tile(np.arange(size), len(places))
        if block.first is not None:
            numbers = block.first + np.repeat(np.array(places) * size, size) + numbers
        weeks, names = weeks_of(block.columns, scenario), names_of(block.columns)
        arms = [scenario, scenario.without_ta()][: block.arms]
        found = [_overall(arm, sets, numbers, block.seed, weeks, names, threads, size)
                 for arm in arms]  # fmt: skip
        values[places] = columns_of(found, block.columns, scenario, weeks, names)
    return values, failures


def _sets(
    base: Parameters, columns: Mapping[str, np.ndarray], places: Sequence[int]
) -> list[Parameters]:
    return [
        base.replace(
            beyond_range=True, **{name: float(column[p]) for name, column in columns.items()}
        )
        for p in places
    ]


def _together(settings: Sequence[Setting]) -> Iterator[tuple[Setting, list[int]]]:
    """Points of equal scenario, in the order of their first."""
    places: dict[Setting, list[int]] = {}
    for place, setting in enumerate(settings):
        places.setdefault(setting, []).append(place)
    yield from places.items()


def _overall(
    scenario: Scenario, sets: Sequence[Parameters], numbers: np.ndarray, seed: int,
    weeks: Sequence[int], names: Sequence[str], threads: int | None, replicates: int,
) -> np.ndarray:  # fmt: skip
    """Summaries of all regions together, (points, replicates, weeks, outcomes)."""
    which = np.repeat(np.arange(len(sets)), replicates)
    columns = [INDEX[name] for name in names]
    parts = [
        summary[:, :, -1, :][:, :, columns]
        for _, summary in evaluate_pairs(
            scenario, sets, which, numbers, seed, weeks, threads=threads
        )
    ]
    return np.concatenate(parts).reshape(len(sets), replicates, len(weeks), len(names))


# --- what is asked of the runs -------------------------------------------------------------------


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
