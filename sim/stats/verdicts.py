""":func:`verdict`: a difference in a word, from its interval and the preferred direction."""

from __future__ import annotations

import math
from typing import Literal

from sim.core.outcomes import Better

Verdict = Literal["better", "worse", "higher", "lower", "about the same", "not clear yet", "-"]


def verdict(mean: float, low: float, high: float, margin: float, better: Better) -> Verdict:
    """A difference in a word.

    Args:
        mean: the mean of the difference.
        low, high: confidence interval of this mean.
        margin: the largest difference that would not matter, above 0.
        better: the preferred direction; where it is "neither", the word is higher or lower.

    Returns:
        "-" for NaN; "not clear yet" unless the interval leaves out 0 or is no wider than the mean
        +- margin; otherwise "about the same" where the mean is within +- margin, whichever of the
        two it was. The difference behind that word is then below twice the margin.

    >>> verdict(-0.03, -0.04, -0.02, 0.01, "more"), verdict(-0.03, -0.04, -0.02, 0.01, "less")
    ('worse', 'better')
    >>> verdict(0.004, -0.001, 0.009, 0.01, "more"), verdict(0.03, -0.01, 0.07, 0.01, "more")
    ('about the same', 'not clear yet')
    """
    if math.isnan(mean):
        return "-"
    half = high - mean
    if math.isnan(half) or not (half < abs(mean) or half <= margin):
        return "not clear yet"
    if abs(mean) <= margin:
        return "about the same"
    if better == "neither":
        return "higher" if mean > 0 else "lower"
    return "better" if (mean > 0) == (better == "more") else "worse"
