"""What a report is made of, and how numbers and tables are written in it."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

EMPTY = "–"


@dataclass(frozen=True, eq=False)
class Hover:
    """A Plotly figure with what people who cannot see it are told."""

    figure: Any
    title: str
    alt: str


@dataclass(frozen=True, eq=False)
class Group:
    """Figures that stand side by side, with one caption and one legend.

    ``legend`` gives (label, colour, dashed) of series that all of them share.
    """

    title: str
    caption: str
    figures: Sequence[Hover]
    legend: Sequence[tuple[str, str, bool]] = ()


@dataclass(frozen=True, eq=False)
class Picture:
    """A PNG file, for results that have no figure to hover over."""

    path: Path

    @property
    def title(self) -> str:
        """Words of its name."""
        return self.path.stem.replace("_", " ")

    @property
    def source(self) -> str:
        """The file as a data address."""
        return "data:image/png;base64," + base64.b64encode(self.path.read_bytes()).decode()


@dataclass(frozen=True, eq=False)
class Table:
    """A table.

    Attributes:
        name: the file it comes from, without suffix (``differences``): its numbers are those of
            that file, in the rows of the index of ``frame``.
        frame: what is shown; a row label comes first.
        heads: column -> heading; others are their names in words.
        more: rows of the file that are not shown.
    """

    name: str
    frame: pd.DataFrame
    title: str
    caption: str = ""
    heads: Mapping[str, str] = field(default_factory=dict)
    more: int = 0
    own_digits: bool = False
    """Each number in the digits it needs, in place of one number of decimals for a column."""

    def head(self, column: str) -> str:
        """Heading of a column."""
        return self.heads.get(column, words(str(column)))

    @property
    def columns(self) -> list[str]:
        """Columns that are not empty throughout."""
        empty = {c for c in self.frame if (self.frame[c].isna() | (self.frame[c] == "")).all()}
        return [str(c) for c in self.frame.columns if c not in empty]

    def rows(self) -> list[tuple[Any, list[tuple[str, str, str, bool]]]]:
        """(index in the file, cells): each (column, exact value, shown, is a number)."""
        found = []
        places = {c: None if self.own_digits else decimals(self.frame[c]) for c in self.columns}
        for label, row in zip(self.frame.index, self.frame.to_dict("records"), strict=True):
            cells = [
                (c, exact(row[c]), shown(row[c], places[c]), is_number(row[c]))
                for c in self.columns
            ]
            found.append((label, cells))
        return found

    def numeric(self, column: str) -> bool:
        """Whether a column holds numbers."""
        return pd.api.types.is_numeric_dtype(self.frame[column]) and not pd.api.types.is_bool_dtype(
            self.frame[column]
        )


@dataclass(eq=False)
class Content:
    """A whole report."""

    kind: str
    title: str
    question: str
    answer: str
    details: list[str] = field(default_factory=list)
    figures: list[Group] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    costs: list[Table] = field(default_factory=list)
    cost_note: str = ""
    assumptions: list[Table] = field(default_factory=list)
    assumption_note: str = ""
    parameters: Table | None = None
    inputs: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    provenance: list[tuple[str, str]] = field(default_factory=list)
    command: str = ""


def is_number(value: Any) -> bool:
    """Whether a cell holds a number."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(
        value, bool | np.bool_
    )


def exact(value: Any) -> str:
    """A cell without rounding, for machines: the shortest text that gives the same float."""
    if value is None or value is pd.NA or (is_number(value) and math.isnan(value)):
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    return repr(value) if isinstance(value, float) else str(value)


def words(name: str) -> str:
    """A name as people read it.

    >>> words("end_of_ta"), words("onsite.every_weeks")
    ('end of TA', 'onsite every weeks')
    """
    text = " ".join(name.replace("_", " ").replace(".", " ").split())
    return text.replace("of ta", "of TA").replace("no ta", "no TA")


def decimals(column: pd.Series) -> int | None:
    """Decimals that all numbers of a column are shown with; None: each as it needs."""
    if not pd.api.types.is_float_dtype(column):
        return None
    known = column[np.isfinite(column)]
    if not len(known) or (known == known.round()).all():
        return None
    largest = float(known.abs().max())
    return 3 if 0.05 <= largest < 10 else None


def shown(value: Any, places: int | None = None) -> str:
    """A cell as people read it; ``places`` fixes the decimals of a float.

    >>> shown(0.123456), shown(12345.6), shown(3.0), shown(1.0, 3), shown(float("nan")), shown(True)
    ('0.123', '12,346', '3', '1.000', '–', 'yes')
    """
    if value is None or value is pd.NA:
        return EMPTY
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{int(value):,}".replace("-", "−")
    if isinstance(value, float | np.floating):
        if places is not None and math.isfinite(value):
            return f"{float(value):.{places}f}".replace("-", "−")
        return number(float(value))
    text = str(value)
    return words(text) if re.fullmatch(r"[a-z][a-z_0-9]*", text) else text


def number(value: float) -> str:
    """A number in few digits."""
    if math.isnan(value):
        return EMPTY
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 1e15:
        text = f"{value:.3g}"
    elif value == int(value):
        text = f"{int(value):,}"
    elif size >= 100:
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size >= 0.01:
        text = f"{value:.3f}"
    else:
        text = f"{value:.2g}"
    return text.replace("-", "−") if "e" not in text else text


def figure_json(figure: Any) -> str:
    """A Plotly figure as JSON that may stand inside a script element."""
    return script_json(json.loads(figure.to_json()))


def script_json(value: Any) -> str:
    """Plain data as JSON that may stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def split_answer(text: str) -> tuple[str, str]:
    """The first two sentences, and the rest without what every report says anyway.

    >>> split_answer("One is 0.5. Two follows. Three. What if, not forecast.")
    ('One is 0.5. Two follows.', 'Three.')
    """
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split()))
    parts = [part for part in parts if not part.startswith("What if, not forecast")]
    return " ".join(parts[:2]), " ".join(parts[2:])
