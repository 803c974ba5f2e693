"""CalibratedNumber and calibrated: the calibrated parameters of the project, with their grades.

The numbers come from the shipped plausible sets, so documents and commands cannot differ. A fitted
number is not validated by its fit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sim.present.format import percent
from sim.stats.intervals import band
from sim.studies import plausible


@dataclass(frozen=True, slots=True)
class CalibratedNumber:
    """The calibrated value of a free parameter.

    Attributes:
        name: the name of the parameter.
        mean, low, high: mean and 90 % interval of the plausible sets, by weight.
        narrowed: the share of its prior's SD that was lost; 0 where the range was kept.
        targets: ids of the targets without which clearly less of the SD would be lost; empty where
            no single target matters that much.
        grades: grades of these targets, or of all where no single one matters; empty where the
            parameter was not narrowed by about a tenth or more, so that only the grade of the range
            applies.
        our_reading: whether patterns narrowed it, whose bounds are our reading of a word.
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
        """Mean and 90 % interval in three digits, ``0.39 (0.331-0.466)``."""
        return f"{self.mean:.3g} ({self.low:.3g}-{self.high:.3g})"

    @property
    def verdict(self) -> str:
        """The share by which the parameter was narrowed, and the targets and grades behind it.

        >>> CalibratedNumber("keeping", 0.6, 0.3, 0.9, 0.234, ("T10",), "B").verdict
        'narrowed by 23 % (grade B)'
        """
        if not self.grades:
            return "the range was kept"
        ours = ", by our reading of a word" if self.our_reading else f" (grade {self.grades})"
        return f"narrowed by {percent(self.narrowed)}{ours}"

    def as_dict(self) -> dict[str, Any]:
        """The number as plain values."""
        return {**asdict(self), "targets": list(self.targets)}


@dataclass(frozen=True, slots=True)
class Calibrated:
    """All calibrated numbers, and the sentence that is printed wherever they are used."""

    numbers: dict[str, CalibratedNumber]
    constrained_by: str


@cache
def calibrated() -> Calibrated | None:
    """The calibrated numbers of the shipped plausible sets; None where no sets are shipped.

    Raises:
        InputError: the sets cannot be used.
    """
    found = plausible.read_posterior()
    if found is None:
        return None
    weights = found.weights / found.weights.sum()
    numbers = {}
    for name, share in found.shares.items():
        values = found.columns[name]
        said = found.parameters.get(name, {})
        numbers[name] = CalibratedNumber(
            name, float((weights * values).sum()), *band(values, weights), share,
            tuple(said.get("targets", ())),
            (str(said.get("grades", "")) or ", ".join(found.grades))
            if share >= plausible.TENTH else "",
            bool(said.get("our_reading", False)),
        )  # fmt: skip
    return Calibrated(
        numbers, plausible.constrained_by(found.targets, found.borrowed, found.shares)
    )
