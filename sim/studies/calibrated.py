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
from sim.present.format import percent
from sim.studies import plausible


@dataclass(frozen=True, slots=True)
class CalibratedNumber:
    """What calibration says of a free parameter.

    Attributes:
        name: of the parameter.
        mean, low, high: of the plausible sets, and 5-95 % of them, by weight.
        narrowed: the share of its prior's SD that was lost; 0 where the range was kept.
        targets: ids of the targets without which clearly less of it would be lost; empty when no
            single one matters that much.
        grades: of these targets, or of all when no single one matters; empty when it was not
            narrowed by about a tenth or more: then the grade of the range is all there is.
        our_reading: whether patterns did it, whose bounds are our reading of a word.
    """

    name: str
    mean: float
    low: float
    high: float
    narrowed: float
    targets: tuple[str, ...]
    grades: str
    our_reading: bool = False

    @property
    def text(self) -> str:
        """Mean and 5-95 % in three digits, ``0.39 (0.331-0.466)``."""
        return f"{self.mean:.3g} ({self.low:.3g}-{self.high:.3g})"

    @property
    def verdict(self) -> str:
        """By how much it was narrowed, and by what.

        >>> CalibratedNumber("keeping", 0.6, 0.3, 0.9, 0.234, ("T10",), "B").verdict
        'narrowed by 23 % (grade B)'
        """
        if not self.grades:
            return "the range was kept"
        ours = ", by our reading of a word" if self.our_reading else f" (grade {self.grades})"
        return f"narrowed by {percent(self.narrowed)}{ours}"

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "targets": list(self.targets)}


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
    for name, share in found.shares.items():
        values = found.columns[name]
        said = found.parameters.get(name, {})
        order = np.argsort(values, kind="stable")
        edges = np.cumsum(weights[order])
        low, high = (values[order][np.searchsorted(edges, q)] for q in (0.05, 0.95))
        numbers[name] = CalibratedNumber(
            name, float((weights * values).sum()), float(low), float(high), share,
            tuple(said.get("targets", ())),
            (str(said.get("grades", "")) or ", ".join(found.grades))
            if share >= plausible.TENTH else "",
            bool(said.get("our_reading", False)),
        )  # fmt: skip
    return Calibrated(
        numbers, plausible.constrained_by(found.targets, found.borrowed, found.shares)
    )
