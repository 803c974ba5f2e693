"""Units of time and of certainty: :data:`WEEKS_A_MONTH`, :func:`week_of`, :func:`first_day`,
:data:`CONFIDENCE`, :func:`z_value`; :func:`count` of things; :data:`OVERALL`;
:data:`MODEL_VERSION`.

The model counts weeks. A year is 52 of them and a month is a twelfth of a year, in plans, prices,
surveys, imported logs and calibration targets alike, so that rates "a month" can be compared.

>>> weeks_of(12), weeks_of(30), months_of(104)
(52, 130, 24.0)
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import NormalDist

MODEL_VERSION = 3
"""Version of the equations and their parameters; parameter sets of another version are refused."""

OVERALL = "overall"
"""What tables call all regions together."""

WEEKS_A_YEAR = 52
"""Weeks of a year (one day, or two, short of the calendar's)."""
WEEKS_A_MONTH = WEEKS_A_YEAR / 12
"""Weeks of a month: 4 1/3."""

CONFIDENCE = 0.90
"""Confidence level of every interval, unless another is given."""
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
"""Quantiles at the ends of such an interval: 0.05 and 0.95."""


def weeks_of(months: float) -> int:
    """Whole weeks of a number of months, at least 1; halves go up.

    >>> weeks_of(0.1), weeks_of(3), weeks_of(1.5)
    (1, 13, 7)
    """
    return max(1, math.floor(months * WEEKS_A_YEAR / 12 + 0.5))


def months_of(weeks: float) -> float:
    """Months of a number of weeks, not rounded."""
    return weeks * 12 / WEEKS_A_YEAR


def week_of(day: date, start_date: date) -> int:
    """Week number of a day: 1 + floor(days since ``start_date`` / 7), week 1 being the first.

    >>> week_of(date(2016, 11, 8), date(2016, 11, 1))
    2
    """
    return 1 + (day - start_date).days // 7


def first_day(week: int, start_date: date) -> date:
    """First day of a week; week 0 is the week before the scenario begins.

    >>> first_day(2, date(2016, 11, 1))
    datetime.date(2016, 11, 8)
    """
    return start_date + timedelta(weeks=int(week) - 1)


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, singular or plural.

    >>> count(1, "run"), count(0, "run"), count(1234, "study", "studies")
    ('1 run', '0 runs', '1,234 studies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def z_value(confidence: float = CONFIDENCE) -> float:
    """Half the width, in standard errors, of a two-sided normal interval.

    Args:
        confidence: within 0..1, exclusive.

    >>> round(z_value(), 4), round(z_value(0.95), 4)
    (1.6449, 1.96)
    """
    return NormalDist().inv_cdf((1 + confidence) / 2)


Z95 = z_value(0.95)
"""Half the width of a 95 % interval, in standard errors."""
