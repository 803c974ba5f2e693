"""What the cells of a table mean: :func:`number_of`, :func:`day_of`, :func:`hours_of`.

Nothing ambiguous is guessed. :func:`decimal_of` and :func:`order_of` look at a whole column,
because one cell ("1,500", "3/4/2025") may be ambiguous; where the whole column is, they return ""
and the owner of the table must answer.

>>> order_of(["1/14/2025", "3/4/2025"]), order_of(["3/4/2025"]), order_of(["14.1.2025"])
('month-first', '', 'day-first')
>>> day_of("3/4/2025", "month-first"), hours_of("1:30"), hours_of("90 min")
(datetime.date(2025, 3, 4), 1.5, 1.5)
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

Order = Literal["iso", "month-first", "day-first"]
Decimal = Literal["point", "comma"]
Unit = Literal["hours", "minutes"]

_GROUPED = re.compile(r"[-+]?[0-9]{1,3}([.,'\u2019 \u00a0\u202f])[0-9]{3}(?:\1[0-9]{3})*\Z")


def decimal_of(texts: Iterable[str]) -> Decimal | Literal[""]:
    """The decimal mark of a column; "" when it is ambiguous, as in 1,500.

    >>> decimal_of(["4", "1,5"]), decimal_of(["1,500.5"]), decimal_of(["1,500"])
    ('comma', 'point', '')
    >>> decimal_of(["2 hrs, 15 min", "1.75", "ca. 2"])
    'point'
    """
    unclear = False
    for text in texts:
        marks = re.findall(r"[.,](?=[0-9])", text)
        if not marks:
            continue
        if len(set(marks)) > 1:  # the last one is the decimal mark: 1.234,5
            return "comma" if marks[-1] == "," else "point"
        if len(marks) > 1:  # thousands: 1,234,567
            return "point" if marks[0] == "," else "comma"
        if not _GROUPED.match(text) or text.lstrip("+-").startswith("0"):
            return "comma" if marks[0] == "," else "point"
        unclear = unclear or marks[0] == ","
    return "" if unclear else "point"


def number_of(text: str, decimal: str = "point") -> float | None:
    """The finite number that a text means; None for any other text.

    >>> number_of("1.234,5", "comma"), number_of("12 %"), number_of("nan"), number_of("1_0")
    (1234.5, 0.12, None, None)
    """
    text, factor = text.strip(), 1.0
    if text.endswith("%"):
        text, factor = text[:-1].rstrip(), 0.01
    other = "." if decimal == "comma" else ","
    whole, mark, _ = text.partition("," if decimal == "comma" else ".")
    if other in whole and (not _GROUPED.match(whole) or other in text[len(whole) :]):
        return None
    text = text.replace(other, "") if other in whole else text
    if mark == ",":
        text = text.replace(",", ".")
    if not re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
        return None
    value = float(text) * factor if factor != 1.0 else float(text)
    return value if math.isfinite(value) else None


# --- dates --------------------------------------------------------------------------------------

YEARS = range(1900, 2200)
"""The years of a date, as in scenarios."""
CENTURY = 2000
"""A year of two digits is one of these hundred: 25 is 2025, and 70 is 2070."""

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_AS_TYPED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
    | dict.fromkeys("\u00a0\u2009\u202f", " ")
)
"""Hyphens and spaces of word processors, as keyboards have them."""
_APOSTROPHE = re.compile(r"['\u2019](?=[0-9]{2}\Z)")
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]* ")
_CLOCK_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)? ?(?:[ap]\.?m\.?)?"
_TIME = re.compile(
    rf"(?<=[0-9])(?:t|,? ){_CLOCK_TIME}(?: ?- ?{_CLOCK_TIME})?"
    r"(?: ?(?:z|[a-z]{3,4}|[+-][0-9]{2}:?[0-9]{2}))?\Z"
)
_ISO = re.compile(r"([0-9]{4}) ?[-/.] ?([0-9]{1,2}) ?[-/.] ?([0-9]{1,2})(?:[t ][0-9:.]+z?)?\Z")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z")
_PARTS = re.compile(r"([0-9]{1,2}) ?([/.\-]) ?([0-9]{1,2}) ?\2 ?([0-9]{4}|[0-9]{2})\Z")
_DAY_MONTH = re.compile(r"([0-9]{1,2}) ?([a-z]{3,}) ?([0-9]{4}|[0-9]{2})\Z")
_MONTH_DAY = re.compile(r"([a-z]{3,}) ?([0-9]{1,2}) ([0-9]{4}|[0-9]{2})\Z")
_YEAR_MONTH_DAY = re.compile(r"([0-9]{4}) ?([a-z]{3,}) ?([0-9]{1,2})\Z")
_SOME = re.compile(
    r"(?:[0-9]{1,2} ?[/.\-] ?[0-9]{1,2}\.?|[0-9]{1,2} ?[a-z]{3,}"
    r"|[a-z]{3,} ?(?:[0-9]{4}|[0-9]{1,2}))\Z"
)
_SERIAL = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?\Z")
ORDERS: Mapping[str, str] = {"month-first": "month/day/year", "day-first": "day/month/year"}
"""The orders of dates in numbers, in words."""


def _typed(text: str) -> str:
    """A date in small letters, without the day of the week and the time of day."""
    plain = " ".join((text if text.isascii() else text.translate(_AS_TYPED)).lower().split())
    if ":" in plain:
        plain = _TIME.sub("", plain)
    return _APOSTROPHE.sub("", _WEEKDAY.sub("", plain, count=1))


def _spelled(typed: str) -> str:
    """A date with its month in letters, with spaces alone between its parts."""
    plain = re.sub(r"^([a-z]{3,})([-/])([0-9]{1,2})\2([0-9]{2,4})\Z", r"\1 \3 \4", typed)
    plain = re.sub(r"(?<=[0-9])(?:st|nd|rd|th)\b(?: of\b)?", " ", plain)
    plain = re.sub(r"[,.]|(?<=[a-z])[-/]|[-/](?=[a-z])", " ", plain)
    return " ".join(plain.split())


def _month(text: str) -> int:
    """The month that a text of three letters or more begins: Sep, Sept and September; 0: none."""
    return next((i for i, name in enumerate(_MONTHS, 1) if name.startswith(text)), 0)


def _read(text: str, order: str) -> tuple[str, int, int] | None:
    """Year, month and day of a text, which need not exist; None for any other text."""
    typed = _typed(text)
    if match := _ISO.match(typed) or _COMPACT.match(typed):
        return match[1], int(match[2]), int(match[3])
    if match := _PARTS.match(typed):
        one, other = int(match[1]), int(match[3])
        if order == "iso":
            return None
        return (match[4], one, other) if order == "month-first" else (match[4], other, one)
    spelled = _spelled(typed)
    if match := _DAY_MONTH.match(spelled):
        day, month, year = match.groups()
    elif match := _MONTH_DAY.match(spelled):
        month, day, year = match.groups()
    elif match := _YEAR_MONTH_DAY.match(spelled):
        year, month, day = match.groups()
    else:
        return None
    return (year, number, int(day)) if (number := _month(month)) else None


def order_of(texts: Iterable[str]) -> Order | Literal[""]:
    """The order in which a column writes day and month; "" when it is ambiguous.

    A column in which some dates can only be day first and others only month first gives "" too.
    What dates with slashes show is not taken for those with dots, and the other way round.
    """
    orders: dict[str, set[Order | Literal[""]]] = defaultdict(set)
    for text in texts:
        if match := _PARTS.match(_typed(text)):
            first, second = int(match[1]) > 12, int(match[3]) > 12
            sure = first != second
            orders[match[2]].add(("day-first" if first else "month-first") if sure else "")
    each = [found - {""} for found in orders.values()]
    known = set[Any]().union(*each)
    if not orders:
        return "iso"
    return known.pop() if len(known) == 1 and all(each) else ""


def day_of(text: str, order: str = "iso") -> date | None:
    """The day that a text names; None for any other text and for days that do not exist.

    2025-01-14, 14 January 2025, 14-Jan-25 and Jan 14, 2025 need no order; a day of the week and a
    time of day are ignored. A year of two digits is 20 and these digits.

    >>> day_of("14 Sept 25"), day_of("14.1.25", "day-first"), day_of("14.1.2025")
    (datetime.date(2025, 9, 14), datetime.date(2025, 1, 14), None)
    """
    found = _read(text, order)
    if found is None:
        return None
    year = int(found[0]) + (CENTURY if len(found[0]) == 2 else 0)
    try:
        return date(year, *found[1:]) if year in YEARS else None
    except ValueError:
        return None


NoDay = Literal["empty", "part", "serial", "unreal", "order", "other"]


def no_day(text: str, order: str = "iso") -> NoDay:
    """Why :func:`day_of` finds no day in a text.

    ``part``: day, month or year is missing; ``serial``: the number by which a spreadsheet keeps a
    day; ``unreal``: a day that does not exist; ``order``: day and month stand in another order.

    >>> [no_day(text, "month-first") for text in ("14-Jan", "45671", "31 Feb 2025", "14/1/2025")]
    ['part', 'serial', 'unreal', 'order']
    """
    if not text:
        return "empty"
    typed = _typed(text)
    if _PARTS.match(typed):
        others = {"month-first", "day-first"} - {order}
        return "order" if any(day_of(text, one) for one in others) else "unreal"
    if _read(text, order):
        return "unreal"
    if _SERIAL.match(typed):
        return "serial"
    return "part" if _SOME.match(_spelled(typed)) or _SOME.match(typed) else "other"


def looks_like(texts: Iterable[str]) -> str:
    """The form of dates that are not yyyy-mm-dd, in words; "" for no known form.

    >>> looks_like(["1/14/2025"]), looks_like(["soon"])
    ('month/day/year', '')
    """
    parts = [text for text in texts if _PARTS.match(_typed(text))]
    return ORDERS.get(order_of(parts), "month/day/year or day/month/year") if parts else ""


def half_turned(texts: Iterable[str]) -> bool:
    """Whether a spreadsheet with another country's settings seems to have changed some dates.

    Such a spreadsheet swaps day and month wherever the result is a date, and leaves the other dates
    as text.

    >>> half_turned(["2025-02-01", "1/14/2025"]), half_turned(["2025-02-14", "1/14/2025"])
    (True, False)
    """
    typed = [_typed(text) for text in texts]
    days = [int(match[3]) for text in typed if (match := _ISO.match(text))]
    left = [match for text in typed if (match := _PARTS.match(text))]
    return bool(days and left) and max(days) <= 12 and all(
        max(int(match[1]), int(match[3])) > 12 for match in left
    )  # fmt: skip


# --- durations ----------------------------------------------------------------------------------

_CLOCK = re.compile(r"(1?[0-9]|2[0-3]):([0-5][0-9])(?::00)?\Z")
_LETTERS = re.compile(r"([0-9]+)\s*h\s*([0-5]?[0-9])\s*(?:m|min|mins)?\Z")
_MEASURED = re.compile(
    r"(?:([0-9.,]+)\s*(?:h|hr|hrs|hour|hours|std|stunden))?[\s,]*(?:and\s+)?"
    r"(?:([0-9.,]+)\s*(?:m|min|mins|minute|minutes)\.?)?\Z"
)


def hours_of(text: str, unit: str = "", decimal: str = "point") -> float | None:
    """Hours of a duration; None when a text is no duration, or a number without a known unit.

    Args:
        text: a text such as 1.5, 1:30, 90 min, 1.5 hrs, 1h30.
        unit: the unit of a bare number; "" gives None for such a number.
        decimal: the decimal mark, comma or point.

    >>> [hours_of(t) for t in ("1.5 hrs", "1h30", "1 hr 30 min", "1.5", "6 hrs plus 2 hrs travel")]
    [1.5, 1.5, 1.5, None, None]
    """
    low = " ".join(text.lower().split())
    if match := _CLOCK.match(low) or _LETTERS.match(low):
        return (60 * int(match[1]) + int(match[2])) / 60
    if (match := _MEASURED.match(low)) and any(match.groups()):
        given = [number_of(part, decimal) if part else 0.0 for part in match.groups()]
        if None not in given:
            return (60 * (given[0] or 0.0) + (given[1] or 0.0)) / 60
    value = number_of(low, decimal) if unit and "%" not in low else None
    return None if value is None else value / 60 if unit == "minutes" else value
