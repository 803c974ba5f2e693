"""Target: an observed finding that runs are scored against in a calibration, one by one.

A run never gets one overall number. Each target is within tolerance or missed by some amount, with
its grade of evidence. The kernel that weights settings is the likelihood of the observation: a
normal density whose variance adds that of the finding (its tolerance, see
:data:`sim.studies.observed.SDS`, with a width of its own on each side) and that of the simulated
mean. The kernel of a pattern is the probability that the mean of the model lies within its bounds.

The observation of a centre about itself comes from one run of its history and not from a mean over
many. The variance of such a target (:attr:`Target.one_run`) also has the scatter of single runs.
The error of the finding and this scatter both include that only a few people were surveyed, and the
error of a mean of few people is that of Student's t (:func:`sim.studies.observed.error_of`), so
credible regions are a little too wide and, up to 95 %, not too narrow. The errors of targets count
as independent, those of a first level and of a change from it too, which share the answers of a
wave; the answer of a calibration names such targets.

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
from typing import Any

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
        low, high: lowest and highest value that agrees; infinite where a pattern is open.
        use: scored or pattern.
        grade: grade of the evidence; A is the same setting, all other grades are borrowed.
        source: citation.
        sds: SDs of the error of the number, below it and above.
        own: whether the user brought it.
        one_run: whether it was observed at the simulated centre itself.
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
        """A finding as a target, whatever its permitted use."""
        finding = one.finding
        value = math.nan if finding.value is None else finding.value
        return cls(
            one.id, finding.what, finding.measure, value, *finding.bounds(), use or finding.use,
            one.grade, one.source.cite, finding.sds(), one.own,
            one.own and not one.borrowed and finding.value is not None,
        )  # fmt: skip

    @property
    def numeric(self) -> bool:
        """Whether the target is a number; otherwise it is a pattern."""
        return not math.isnan(self.value)

    def bounds(self, scatter: np.ndarray | float = 0.0) -> tuple[Any, Any]:
        """Lowest and highest value that agrees, for each scatter.

        Args:
            scatter: SD of single runs, which widens the bounds of a number that one run of the
                centre gave.
        """
        if not self.one_run:
            return self.low, self.high
        below = np.hypot(self.value - self.low, Z95 * scatter)
        above = np.hypot(self.high - self.value, Z95 * scatter)
        return self.value - below, self.value + above

    def hit(self, x: np.ndarray, scatter: np.ndarray | float = 0.0) -> np.ndarray:
        """Whether values of any shape agree, bool; NaN never agrees. Scatter as in
        :meth:`bounds`."""
        low, high = self.bounds(scatter)
        return np.asarray((x >= low) & (x <= high))

    def missed_by(self, x: np.ndarray, scatter: np.ndarray | float = 0.0) -> np.ndarray:
        """Distance outside the bounds, in widths of the tolerance (0 inside, NaN stays). Scatter
        as in :meth:`bounds`.

        A pattern that is open on one side has no width, so its distance is in units of the outcome.
        """
        low, high = self.bounds(scatter)
        width = high - low
        outside = np.maximum(np.maximum(low - x, x - high), 0.0)
        return outside / np.where(np.isfinite(width), width, 1.0)

    def log_kernel(self, x: np.ndarray, error: np.ndarray | float = 0.0) -> np.ndarray:
        """Log likelihood of the observation at simulated means, up to a constant (0 at best).

        Args:
            x: means over the replicates of settings; NaN gets minus infinity.
            error: standard errors of the means, of the same shape.
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
        ObservedError: a target cannot be computed from runs, two targets conflict, or no target is
            left.
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
    """Pairs of targets on one quantity whose bounds do not overlap."""
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
