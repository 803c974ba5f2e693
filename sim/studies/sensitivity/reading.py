"""Reading: the tables of a sensitivity study as words and figures look at them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import pandas as pd

from sim.present.table import Table
from sim.studies.factors import DUMMY
from sim.studies.sensitivity.convergence import NEGLIGIBLE
from sim.studies.sensitivity.methods import METHODS, Method
from sim.studies.sensitivity.spec import Spec
from sim.studies.spec import Study

Standing = Literal["carries", "small", "open"]
"""A factor carries an outcome, does not matter, or it cannot be told."""


class Reading:
    """A study and its tables.

    Args:
        study: what was asked.
        tables: what was found; one without rows may be missing.
    """

    def __init__(self, study: Study[Spec], tables: Mapping[str, Table]) -> None:
        self.study, self.tables = study, tables

    @cached_property
    def indices(self) -> pd.DataFrame:
        """A row an index."""
        return self.frame("indices")

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a frame; empty, with no columns, where it has no rows."""
        return self.tables[name].frame if name in self.tables else pd.DataFrame()

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods, in the order of the file."""
        return tuple(METHODS[name] for name in self.study.header.method)

    @property
    def ranges(self) -> str:
        """What the factors vary over, in a sentence."""
        return self.tables["factors"].plain_note

    def of(
        self, outcome: str, *, method: str, index: str, week: str | None = None
    ) -> pd.DataFrame:  # fmt: skip
        """The rows of one index, by factor, largest first."""
        rows = self.indices
        if rows.empty:
            return rows
        rows = rows[(rows.method == method) & (rows["index"] == index) & (rows.outcome == outcome)]
        if week is not None:
            rows = rows[rows.week == week]
        return rows.sort_values("value", ascending=False, kind="stable")

    def main(self, method: Method, outcome: str, week: str) -> pd.DataFrame:
        """The rows of the index that ranks factors, largest first."""
        return self.of(outcome, method=method.name, index=method.main, week=week)


def dummy_line(rows: pd.DataFrame) -> float:
    """Upper end of the dummy's interval among rows of one index; 0 without a dummy.

    An index that does not rise above it shows nothing that a factor without effect would not.
    """
    mine = rows[(rows["factor"] == DUMMY) & (rows["other"] == "")]
    if mine.empty or not math.isfinite(float(mine["high"].iloc[0])):
        return 0.0
    return max(0.0, float(mine["high"].iloc[0]))


def standing(row: pd.Series, line: float, floor: bool) -> Standing:
    """Whether a factor drives an outcome, does not matter, or has not converged.

    It drives it when its whole interval lies above what is negligible (and above the dummy), even
    while its size has not converged; it does not matter when the index has converged and its whole
    interval lies below. Where the index has a floor, above 0 even for a factor that does nothing,
    only the dummy tells: what has converged and is not above it does not matter.

    Args:
        row: of the table ``indices``.
        line: of the dummy.
        floor: whether the index has one (:attr:`sim.studies.sensitivity.methods.Method.floor`).
    """
    limit = line if floor else NEGLIGIBLE * row["unit"]
    if row["low"] > max(limit, line):
        return "carries"
    if row["converged"] and (row["value"] if floor else row["high"]) <= limit:
        return "small"
    return "open"
