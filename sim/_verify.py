"""Comparing stored results with results made again: the first value that is not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim._frames import QUANTILE_NAMES
from sim.errors import Problem
from sim.outcomes import NAMES
from sim.runs.bands import ARMS, WeekTable
from sim.runs.weekly import PointValues


@dataclass(frozen=True, slots=True)
class Difference:
    """The first value, in the order of the tables, that is not the same when made again.

    ``set_index`` and ``replicate`` are None for a value over all runs; ``column`` is then a column
    of the weeks table and ``point`` a week. A failure is compared by its stage and reason.
    """

    region: str
    outcome: str
    point: str
    column: str
    stored: float | str
    again: float | str
    set_index: int | None = None
    replicate: int | None = None

    def __str__(self) -> str:
        run = "" if self.set_index is None else f"set {self.set_index}, replicate {self.replicate}"
        parts = (run, self.region, self.outcome, self.point, self.column)
        where = ", ".join(part for part in parts if part)
        return f"{where}: stored {self.stored!r}, now {self.again!r}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What verifying a result folder found.

    Attributes:
        directory: the folder.
        runs_stored, runs_checked: runs in the folder, and how many of them were made again.
        damages: data files that are missing or not as they were written.
        difference: the first value that is not the same, or None.
        notes: what else matters, such as another version of codose.
    """

    directory: str
    runs_stored: int
    runs_checked: int
    damages: tuple[Problem, ...] = ()
    difference: Difference | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every file is as it was written and every value the same."""
        return not self.damages and self.difference is None

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.damages]
        made = f"{self.runs_checked} of {self.runs_stored} runs made again"
        if self.difference is not None:
            lines.append(f"{self.directory}: {made}; not the same: {self.difference}")
        elif self.runs_checked:
            lines.append(f"{self.directory}: {made}; every value is the same")
        else:
            lines.append(f"{self.directory}: no run was made again")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def chosen_rows(runs: int, sample: int | None) -> np.ndarray:
    """Positions of the runs to make again: all, or ``sample`` spread evenly from first to last.

    >>> chosen_rows(10, 4).tolist()
    [0, 3, 6, 9]
    """
    if sample is None or sample >= runs:
        return np.arange(runs)
    return np.arange(sample) * (runs - 1) // max(1, sample - 1)


def run_difference(
    stored: PointValues, rows: np.ndarray, again: PointValues, places: tuple[str, ...]
) -> Difference | None:
    """The first difference between the stored runs in ``rows`` and the same runs made again."""
    reasons = [
        {(f.set_index, f.replicate): f"failed {f.stage}: {f.reason}" for f in values.failures}
        for values in (stored, again)
    ]
    arms = [
        np.stack([values.with_ta[at], values.without_ta[at]], axis=-1)
        for values, at in ((stored, rows), (again, slice(None)))
    ]
    # (run, place, outcome, point, arm): the order of the table
    before, now = (np.moveaxis(arm, 1, 3) for arm in arms)
    unlike = ~_same(before, now)
    for position, row in enumerate(rows):
        key = (int(stored.set_index[row]), int(stored.replicate[row]))
        texts = [reason.get(key, "no failure") for reason in reasons]
        if texts[0] != texts[1]:
            return Difference("", "", "", "status", texts[0], texts[1], *key)
        if unlike[position].any():
            place, outcome, point, arm = np.argwhere(unlike[position])[0]
            at = (position, place, outcome, point, arm)
            return Difference(
                region=places[place],
                outcome=NAMES[outcome],
                point=stored.points[point],
                column=("value", "no_ta")[arm],
                stored=float(before[at]),
                again=float(now[at]),
                set_index=key[0],
                replicate=key[1],
            )
    return None


def week_difference(
    stored: WeekTable, again: WeekTable, places: tuple[str, ...]
) -> Difference | None:
    """The first difference between two tables of weeks."""

    def columns(table: WeekTable) -> np.ndarray:
        # (arm, place, week, outcome, column): the order of the table
        return np.swapaxes(np.stack([table.n, table.mean, *table.quantiles], axis=-1), 1, 2)

    before, now = columns(stored), columns(again)
    unlike = np.argwhere(~_same(before, now))
    if not len(unlike):
        return None
    arm, place, week, outcome, column = at = tuple(unlike[0])
    return Difference(
        region=places[place],
        outcome=NAMES[outcome],
        point=f"week {week}",
        column=f"{('n', 'mean', *QUANTILE_NAMES)[column]} {ARMS[arm]}",
        stored=float(before[at]),
        again=float(now[at]),
    )


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one == other) | (np.isnan(one) & np.isnan(other))


def version_notes(manifest: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    """What to say when results were made by other versions than the ones ``here``."""
    if manifest["codose"] != here["codose"]:
        yield (
            f"the results were made by codose {manifest['codose']}, this is {here['codose']}: "
            "values may differ on purpose (see the change log)"
        )
    made = {"Python": manifest["python"], **manifest["dependencies"]}
    present = {"Python": here["python"], **here["dependencies"]}
    others = [
        f"{name} {made.get(name, '?')} (here {version})"
        for name, version in present.items()
        if made.get(name) != version
    ]
    if others:
        yield f"made with other versions: {', '.join(others)}"
