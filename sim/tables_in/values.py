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
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

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

_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ][0-9:.]+Z?)?\Z")
_PARTS = re.compile(
    r"([0-9]{1,2})([/.\-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?:,? [0-9:]+ ?[APap]?[Mm]?)?\Z"
)
_NAMED = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y", "%d-%B-%Y")


def order_of(texts: Iterable[str]) -> Order | Literal[""]:
    """The order in which a column writes day and month; "" when it is ambiguous.

    A column in which some dates can only be day first and others only month first gives "" too.
    """
    found: set[Order] = set()
    unclear = False
    for text in texts:
        match = _PARTS.match(text)
        if not match:
            continue
        first, second = int(match[1]), int(match[3])
        if first > 12 and second <= 12:
            found.add("day-first")
        elif second > 12 and first <= 12:
            found.add("month-first")
        else:
            unclear = True
    if not found and not unclear:
        return "iso"
    return found.pop() if len(found) == 1 else ""


def day_of(text: str, order: str = "iso") -> date | None:
    """The day that a text names; None for any other text and for days that do not exist.

    2025-01-14, 14 January 2025 and Jan 14, 2025 need no order; a time of day is ignored.

    >>> day_of("14 Jan 2025"), day_of("14.1.25", "day-first"), day_of("14.1.2025")
    (datetime.date(2025, 1, 14), datetime.date(2025, 1, 14), None)
    """
    try:
        if match := _ISO.match(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _PARTS.match(text):
            if order == "iso":
                return None
            one, other, year = int(match[1]), int(match[3]), int(match[4])
            month, day = (one, other) if order == "month-first" else (other, one)
            return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None
    plain = " ".join(re.sub(r"[,.]|(?<=[0-9])(st|nd|rd|th)\b", " ", text).split())
    plain = re.sub(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]* ", "", plain)
    for form in _NAMED:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    return None


def looks_like(texts: Iterable[str]) -> str:
    """The form of dates that are not yyyy-mm-dd, in words; "" for no known form.

    >>> looks_like(["1/14/2025"]), looks_like(["soon"])
    ('month/day/year', '')
    """
    words = {"month-first": "month/day/year", "day-first": "day/month/year"}
    parts = [text for text in texts if _PARTS.match(text)]
    return words.get(order_of(parts), "month/day/year or day/month/year") if parts else ""


def half_turned(texts: Iterable[str]) -> bool:
    """Whether a spreadsheet with another country's settings seems to have changed some dates.

    Such a spreadsheet swaps day and month wherever the result is a date, and leaves the other dates
    as text.

    >>> half_turned(["2025-02-01", "1/14/2025"]), half_turned(["2025-02-14", "1/14/2025"])
    (True, False)
    """
    texts = list(texts)
    days = [int(match[3]) for text in texts if (match := _ISO.match(text))]
    left = [match for text in texts if (match := _PARTS.match(text))]
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
