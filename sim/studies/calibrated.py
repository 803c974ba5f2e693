"""The calibrated numbers that come with the project, parameter by parameter, with their grades.

They are read off the shipped plausible sets, so that no document says another number than the
commands use. What was fitted is not validated.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from sim.core import files
from sim.core.parameters import TABLE
from sim.studies import plausible


@dataclass(frozen=True, slots=True)
class CalibratedNumber:
    """What calibration says of a free parameter.

    Attributes:
        name: of the parameter.
        mean, low, high: of the plausible sets, and 5-95 % of them, by weight.
        learned: whether the targets said more than the range.
        taught_by: ids of the targets without which nothing, or clearly less, would be known; empty
            when no single one matters that much.
        grades: of these targets, or of all when no single one matters; empty when nothing was
            learned: then the grade of the range is all there is.
    """

    name: str
    mean: float
    low: float
    high: float
    learned: bool
    taught_by: tuple[str, ...]
    grades: str

    @property
    def text(self) -> str:
        """Mean and 5-95 % in three digits, ``0.39 (0.331-0.466)``."""
        return f"{self.mean:.3g} ({self.low:.3g}-{self.high:.3g})"

    @property
    def verdict(self) -> str:
        """Whether it was learned, and from what grade of evidence."""
        return f"learned from grade {self.grades}" if self.learned else "not learned: the range"

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "taught_by": list(self.taught_by)}


@dataclass(frozen=True, slots=True)
class Calibrated:
    """All of them, and the sentence that is printed wherever they are used."""

    numbers: dict[str, CalibratedNumber]
    constrained_by: str


@cache
def calibrated() -> Calibrated | None:
    """The calibrated numbers of the shipped plausible sets; None when none are shipped.

    Raises:
        InputError: the sets cannot be used.
    """
    folder = files.folder("experiments") / "plausible"
    found = plausible.read_posterior(folder)
    if found is None:
        return None
    weights = found.weights / found.weights.sum()
    numbers = {}
    for name in (row for row in TABLE if row in found.columns):
        values = found.columns[name]
        said = found.parameters.get(name, {})
        order = np.argsort(values, kind="stable")
        edges = np.cumsum(weights[order])
        low, high = (values[order][np.searchsorted(edges, q)] for q in (0.05, 0.95))
        known = name in found.learned
        numbers[name] = CalibratedNumber(
            name, float((weights * values).sum()), float(low), float(high), known,
            tuple(said.get("taught_by", ())),
            str(said.get("grades", "")) or (", ".join(found.grades) if known else ""),
        )  # fmt: skip
    return Calibrated(
        numbers,
        plausible.constrained_by(
            found.targets, found.borrowed, len(found.learned), len(found.columns)
        ),
    )
