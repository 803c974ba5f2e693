"""Targets of a calibration: observed findings that runs are scored against, one by one.

A run is never given one number: each target is hit or missed, by how much, and with which grade of
evidence. The kernel that weighs settings is the likelihood of what was observed: a normal curve
whose variance is that of the finding (its tolerance, see :data:`sim.studies.observed.SDS`, with a
width of its own on each side) and that of the simulated mean together. A pattern has the
probability that the mean of the model lies within its bounds.

What a centre has observed of itself is one run of its history, and not a mean over many: such a
target (:attr:`Target.one_run`) has what single runs scatter in its variance too. Its error and that
scatter both hold that a few people were asked, so that regions are a little too wide, never too
narrow.

>>> target = Target("T", "x", parse_measure("knowledge at start"), 0.5, 0.4, 0.7, "scored", "B", "",
...                 (0.05, 0.1))
>>> target.hit(np.array([0.45, 0.75])).tolist()
[True, False]
>>> target.missed_by(np.array([0.45, 0.75])).round(2).tolist()
[0.0, 0.17]
>>> target.log_kernel(np.array([0.45, 0.7])).round(2).tolist()
[-0.5, -2.0]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.core.errors import Problem
from sim.core.units import Z95
from sim.studies.measures import Measure, parse_measure
from sim.studies.observed import Observation, ObservedError

__all__ = ["Target", "contradictions", "parse_measure", "targets_of"]


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        value: the number; NaN for a pattern.
        low, high: what agrees with it; infinite where a pattern is open.
        use: scored or pattern.
        grade: of the evidence; A is the same setting, all else is borrowed.
        source: citation.
        sds: of the error of the number, below it and above.
        own: whether the user brought it.
        one_run: whether it was observed of the very centre that is simulated.
    """

    id: str
    what: str
    measure: Measure
    value: float
    low: float
    high: float
    use: str
    grade: str
    source: str
    sds: tuple[float, float] = (math.nan, math.nan)
    own: bool = False
    one_run: bool = False

    @classmethod
    def of(cls, one: Observation, use: str = "") -> Target:
        """A finding as a target, whatever it may be used for."""
        finding = one.finding
        value = math.nan if finding.value is None else finding.value
        return cls(
            one.id, finding.what, finding.measure, value, *finding.bounds(), use or finding.use,
            one.grade, one.source.cite, finding.sds(), one.own,
            one.own and not one.borrowed and finding.value is not None,
        )  # fmt: skip

    @property
    def numeric(self) -> bool:
        """Whether it has a number (else it is a pattern)."""
        return not math.isnan(self.value)

    def hit(self, x: np.ndarray, scatter: np.ndarray | float = 0.0) -> np.ndarray:
        """Whether values agree, bool; NaN never does.

        Args:
            scatter: SD of what one run adds, which widens the bounds of a number.
        """
        low, high = self.low, self.high
        if self.one_run:
            low = self.value - np.hypot(self.value - low, Z95 * scatter)
            high = self.value + np.hypot(high - self.value, Z95 * scatter)
        return np.asarray((x >= low) & (x <= high))

    def missed_by(self, x: np.ndarray) -> np.ndarray:
        """Distance outside the bounds, in widths of the tolerance (0 inside, NaN stays).

        A pattern open on one side has no width: its distance is in units of the outcome.
        """
        outside = np.maximum(np.maximum(self.low - x, x - self.high), 0.0)
        width = self.high - self.low
        return outside / (width if math.isfinite(width) else 1.0)

    def log_kernel(self, x: np.ndarray, error: np.ndarray | float = 0.0) -> np.ndarray:
        """Log likelihood of what was observed at simulated means, up to a constant (0 at best).

        Args:
            x: means over the replicates of settings; NaN gets minus infinity.
            error: standard error of each of them, of the same shape.
        """
        from scipy.special import ndtr

        if self.numeric:
            tiny = 1e-9 * max(1.0, abs(self.value))
            below, above = (np.hypot(max(sd, tiny), error) for sd in self.sds)
            z = (x - self.value) / np.where(x < self.value, below, above)
            found = -0.5 * z * z - np.log((below + above) / max(sum(self.sds), tiny))
        else:
            sure = np.maximum(error, 1e-12)
            inside = ndtr((self.high - x) / sure) - ndtr((self.low - x) / sure)
            with np.errstate(divide="ignore"):
                found = np.log(np.maximum(inside, 0.0))
        return np.where(np.isnan(x), -np.inf, found)


def targets_of(observations: Sequence[Observation]) -> list[Target]:
    """The scored numbers and patterns among observations that are not empty.

    Raises:
        ObservedError: one of them cannot be computed from runs, two contradict each other, or none
            is left.
    """
    found = []
    for one in observations:
        finding = one.finding
        if finding.missing or finding.use not in ("scored", "pattern"):
            continue
        if not finding.measure.simulated:
            raise ObservedError(
                _problem(one, f"'{finding.measures}' cannot be scored", "use: shown")
            )
        found.append(Target.of(one))
    if not found:
        raise ObservedError(_no_targets())
    pairs = contradictions(found)
    if pairs:
        by_id = {one.id: one for one in observations}
        raise ObservedError(
            [
                _problem(
                    by_id[b.id],
                    f"{a.id} ({a.low:.4g}..{a.high:.4g}) and {b.id} ({b.low:.4g}..{b.high:.4g}) "
                    f"contradict each other: both are '{a.measure.text}' and no value meets both",
                    "leave one of them out (leave_out), or widen a tolerance",
                )
                for a, b in pairs
            ]
        )
    return found


def contradictions(targets: Sequence[Target]) -> list[tuple[Target, Target]]:
    """Pairs of targets on one quantity whose bounds have nothing in common."""
    return [
        (a, b)
        for place, a in enumerate(targets)
        for b in targets[place + 1 :]
        if a.measure.text == b.measure.text and max(a.low, b.low) > min(a.high, b.high)
    ]


def _problem(one: Observation, message: str, allowed: str) -> Problem:
    return Problem(message, field=one.id, file=one.file, allowed=allowed)


def _no_targets() -> Problem:
    return Problem(
        "no target is left to calibrate to",
        field="targets",
        allowed="one or more scored findings or patterns with a value",
    )
