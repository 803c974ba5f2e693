"""Reading: the tables of a sensitivity study in the form that words and figures use."""

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
"""A factor drives an outcome (carries), does not matter (small), or is not resolved (open)."""


class Reading:
    """A study and its tables.

    Args:
        study: the study.
        tables: the tables of its result; a table without rows may be missing.
    """

    def __init__(self, study: Study[Spec], tables: Mapping[str, Table]) -> None:
        self.study, self.tables = study, tables

    @cached_property
    def indices(self) -> pd.DataFrame:
        """The table of indices, with a row for each index."""
        return self.frame("indices")

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a frame; an empty frame without columns where the table is missing."""
        return self.tables[name].frame if name in self.tables else pd.DataFrame()

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods, in the order of the file."""
        return tuple(METHODS[name] for name in self.study.header.method)

    @property
    def ranges(self) -> str:
        """A sentence on the ranges over which the factors vary."""
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

    An index that is not above this line may be that of a factor without effect.
    """
    mine = rows[(rows["factor"] == DUMMY) & (rows["other"] == "")]
    if mine.empty or not math.isfinite(float(mine["high"].iloc[0])):
        return 0.0
    return max(0.0, float(mine["high"].iloc[0]))


def standing(row: pd.Series, line: float, floor: bool) -> Standing:
    """Whether a factor drives an outcome, does not matter, or has not converged.

    A factor drives the outcome when its whole interval lies above the negligible level (and above
    the dummy), even if its size has not converged. It does not matter when the index has converged
    and its whole interval lies below that level. Some indices have a floor above 0 even for a
    factor without effect. For these, only the dummy shows what is negligible: a converged index
    that is not above the dummy does not matter.

    Args:
        row: a row of the table ``indices``.
        line: the upper end of the dummy's interval.
        floor: whether the index has a floor
            (:attr:`sim.studies.sensitivity.methods.Method.floor`).
    """
    limit = line if floor else NEGLIGIBLE * row["unit"]
    if row["low"] > max(limit, line):
        return "carries"
    if row["converged"] and (row["value"] if floor else row["high"]) <= limit:
        return "small"
    return "open"
