"""judge: whether an index has converged, and about how many more runs it needs, as a Verdict.

An index has *converged* when the half-width of its 95 % interval is within a tolerance and the
index has moved by less than the tolerance since half of the samples. The tolerance is ``base * unit
+ 0.1 |index|`` (unit: 1 for shares and distances in 0..1, else the largest index of the study), so
an index near 0 must be known to .03, and one of .5 to .08. The half-width joins the choice of
points (bootstrap over base samples) and, under common random numbers, the choice of replicates
(jackknife).

A share cannot be known better than its denominator, the variance. No share and no distance counts
as converged, however narrow its interval, while the standard error of the signal variance (that of
the expected outcome) is above :data:`MOST_CV` of this variance, or while more than
:data:`MOST_CHANCE` of the variance of the means is chance. Intervals are too short in these cases,
because numerator and denominator are both mostly chance. An example is a year's persistence, whose
variance had a coefficient of variation of .24 to .49: two of six indices that passed the first rule
moved beyond the tolerance with another seed. No index moved for outcomes with .07 to .11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

BASE_TOLERANCE = 0.03
RELATIVE_TOLERANCE = 0.1
NEGLIGIBLE = 0.05
"""Indices below this share of the unit are called "does not matter" (Sarrazin et al. 2016 use .05
of the total variance for screening)."""
MOST_CV = 0.15
"""Largest coefficient of variation of the signal variance for convergence."""
MOST_CHANCE = 0.2
"""Largest share of chance in the variance of the means over replicates for convergence."""
_MOST_FACTOR = 2**12


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one index.

    Attributes:
        converged: whether the index has converged.
        text: the verdict in words.
        more_runs: the approximate number of further runs that are needed (None: none, or unknown).
    """

    converged: bool
    text: str
    more_runs: int | None = None


def tolerance(value: float, unit: float, base: float = BASE_TOLERANCE) -> float:
    """The largest error with which an index still counts as converged.

    >>> round(tolerance(0.5, 1.0), 3)
    0.08
    """
    return base * unit + RELATIVE_TOLERANCE * abs(value)


def judge(
    value: float,
    half_sample: float,
    half_chance: float,
    earlier: float,
    *,
    unit: float,
    samples: int,
    replicates: int,
    points: int,
    stochastic: bool,
    common: bool,
    base: float = BASE_TOLERANCE,
) -> Verdict:
    """The verdict on one index.

    Args:
        value: the index; NaN where chance cannot be separated or nothing varies.
        half_sample, half_chance: parts of the half-width of its 95 % interval.
        earlier: the index from half of the samples; NaN where there are no halves.
        unit: the unit of the tolerance, see the head of this module.
        samples, replicates, points: sizes of the design.
        stochastic, common: whether runs contain chance, and whether points share it.
        base: the tolerance of an index near 0, in units.
    """  # fmt: skip
    if not np.isfinite(value + half_sample):
        if stochastic and replicates < 2:
            return Verdict(
                False, "not yet: one replicate cannot tell chance from effect", points * replicates
            )
        return Verdict(False, "not yet: chance drowns what factors do")
    if stochastic and common and replicates < 3:
        return Verdict(
            False, "not yet: with common random numbers it takes 3 replicates", points
        )  # fmt: skip
    wanted = tolerance(value, unit, base)
    half = float(np.hypot(half_sample, half_chance))
    if half <= wanted and not abs(value - earlier) > wanted:
        return Verdict(True, "converged")
    more = _more_runs(half_sample, half_chance, wanted, samples, replicates, points)
    if half <= wanted:  # the interval is narrow, and yet the index moved: one doubling will show
        more = points * replicates
    about = "" if more is None else f", about {rounded(more):,} more runs"
    return Verdict(False, f"not yet{about}", more)


def variance_refuses(signal_cv: float, chance_left: float, runs: int) -> Verdict | None:
    """The verdict where no share of this variance can count as converged; None where one can.

    Args:
        signal_cv: coefficient of variation of the signal variance; NaN: not known.
        chance_left: share of the variance of the means that is chance; NaN: none, or not known.
        runs: the number of runs that were made.

    >>> variance_refuses(0.49, 0.21, 1000).text
    'not yet: the variance it is a share of is known to ± 49 % only, about 9,700 more runs'
    >>> variance_refuses(0.1, 0.4, 1000).text
    'not yet: 40 % of the variance of the means is chance, about 1,700 more runs'
    >>> variance_refuses(0.1, 0.1, 1000) is None
    True
    """
    if signal_cv > MOST_CV:
        why = "the variance it is a share of is known "
        if not np.isfinite(signal_cv):
            return Verdict(False, f"not yet: {why}not at all")
        more = int(runs * ((signal_cv / MOST_CV) ** 2 - 1.0))  # the squared CV falls as 1 / runs
        why += f"to ± {100 * signal_cv:.0f} % only"
    elif chance_left > MOST_CHANCE:
        # The ratio of chance to signal falls as replicates grow.
        odds = chance_left / max(1e-9, 1.0 - chance_left) * (1.0 - MOST_CHANCE) / MOST_CHANCE
        more = round(runs * (odds - 1.0))
        why = f"{100 * chance_left:.0f} % of the variance of the means is chance"
    else:
        return None
    return Verdict(False, f"not yet: {why}, about {rounded(more):,} more runs", more)


def rounded(number: int) -> int:
    """Round to two leading digits, because an estimate should look like one.

    >>> rounded(76800), rounded(42)
    (77000, 42)
    """
    if number < 100:
        return number
    digits = len(str(number)) - 2
    return int(round(number / 10**digits) * 10**digits)


def _more_runs(
    half_sample: float,
    half_chance: float,
    wanted: float,
    samples: int,
    replicates: int,
    points: int,
) -> int | None:
    """The fewest further runs by doubling samples or replicates; None where too many are needed."""
    best: int | None = None
    runs = points * replicates
    if not np.isfinite(half_sample + half_chance):
        return None
    n = 1
    while n <= _MOST_FACTOR:
        r = 1
        while r <= _MOST_FACTOR:
            half = np.sqrt(half_sample**2 / n + half_chance**2 / r)
            # With fewer points, the half-width falls at least as fast as chance averages out.
            if half <= wanted:
                cost = runs * (n * r - 1)
                best = cost if best is None else min(best, cost)
                break
            r *= 2
        n *= 2
    return best


def prefix_sizes(samples: int, least: int) -> list[int]:
    """Sizes at which indices are estimated again: an eighth, a quarter, a half, all.

    >>> prefix_sizes(512, 16)
    [64, 128, 256, 512]
    """
    found = [samples >> shift for shift in (3, 2, 1)]
    return [size for size in found if size >= max(least, 4)] + [samples]


def swapped(before: np.ndarray, after: np.ndarray, half: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (now first, now second) whose order has changed although their intervals are apart.

    Neighbours whose intervals overlap have no order that could change.

    >>> swapped(np.array([0.1, 0.2]), np.array([0.4, 0.1]), np.array([0.1, 0.1]))
    [(0, 1)]
    """
    order = np.argsort(-after, kind="stable")
    return [
        (int(one), int(other))
        for place, one in enumerate(order)
        for other in order[place + 1 :]
        if after[one] - after[other] > half[one] + half[other] and before[one] < before[other]
    ]
