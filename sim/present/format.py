"""The formats of everything people read: :func:`number`, :func:`percent`, :func:`share`,
:func:`count`, :func:`money`, :func:`hours`, :func:`duration`, :func:`week`, :func:`month`,
:func:`date`, :func:`interval`, :func:`signed`.

A number has one format in terminals, reports and figures alike. Columns of a
:class:`sim.present.table.Table` name their format by a key of :data:`FORMATS`. A missing value is
:data:`EMPTY`. Only zero, and rounding errors around it, print as zero. The minus is a plain hyphen,
so that a number copied from a report is a number elsewhere.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.core.errors import InputError, did_you_mean
from sim.core.units import first_day

EMPTY = "-"
"""The text of a missing value."""
FEW = 100
"""Most runs or sets of which a share is given as a count."""
ROUNDING = 1e-12
"""A number of a smaller size is 0 with a rounding error."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
_NAME = re.compile(r"[a-z][a-z_0-9]*(\.[a-z][a-z_0-9]*)*")


# --- numbers -----------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number with as many digits as a decision can use.

    It has two decimals below 10, one below 100 and none above; one significant digit where two
    decimals would show only zeros. Whole numbers and zeros, within rounding errors, have none.

    >>> [number(x) for x in (0.4111, 9.996, 12.345, 1234.5, 3, -3e-18, -0.004, 0.00012)]
    ['0.41', '10.0', '12.3', '1,234', '3', '0', '-0.004', '0.0001']
    >>> [number(x) for x in (9.6e-5, 6e-5, 3e-5, -4e-11)]
    ['0.0001', '6e-5', '3e-5', '-4e-11']
    """
    if (text := _unusual(value)) is not None:
        return text
    value = _python(value)
    if abs(value) < ROUNDING or isinstance(value, int):
        return f"{int(value):,}"
    size = abs(value)
    if size >= 1e15:
        return f"{value:.3g}"
    if size < 0.005:
        return f"{value:.1g}".replace("e-0", "e-")
    places = next((p for below, p in ((10, 2), (100, 1)) if round(size, p) < below), 0)
    return f"{value:,.{places}f}"


def signed(value: float, form: Callable[[float], str] = number) -> str:
    """A difference, with its sign.

    >>> signed(0.123), signed(-0.05), signed(3e-18), signed(1200)
    ('+0.12', '-0.05', '0', '+1,200')
    """
    return f"+{form(value)}" if value >= ROUNDING else form(value)


def interval(low: float, high: float, form: Callable[[float], str] = number) -> str:
    """Both ends of an interval.

    >>> interval(0.02, 0.05), interval(-0.01, 0.05, signed), interval(float("nan"), 1)
    ('0.02 to 0.05', '-0.01 to +0.05', '-')
    """
    return EMPTY if _missing(low) or _missing(high) else f"{form(low)} to {form(high)}"


def given(value: float) -> str:
    """A number that a user chose, as it would be written by hand.

    >>> given(0.0005), given(12.0), given(1500.25)
    ('0.0005', '12', '1,500.25')
    """
    if (text := _unusual(value)) is not None:
        return text
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    plain = exact(value)
    whole, point, decimals = plain.partition(".")
    return plain if "e" in plain else f"{int(whole):,}{point}{decimals}" if int(whole) else plain


def digits(value: float) -> str:
    """A number with three significant digits; for parameters, whose sizes differ widely.

    >>> digits(0.0128373), digits(6.0761), digits(-0.004958)
    ('0.0128', '6.08', '-0.00496')
    """
    return given(float(f"{value:.3g}"))


def exact(value: Any) -> str:
    """A value without rounding, for programs: the shortest text that reads as the same float.

    >>> exact(0.1), exact(2.0), exact(float("nan")), exact("a")
    ('0.1', '2.0', '', 'a')
    """
    if _missing(value):
        return ""
    value = _python(value)
    return repr(value) if isinstance(value, float) else str(value)


# --- shares and counts -------------------------------------------------------------------------


def percent(value: float) -> str:
    """A part of a whole in percent. Only the whole is 100 %, and only nothing is 0 %.

    >>> [percent(x) for x in (0.5, 0.9996, 1.0, 0.004, 0.0)]
    ['50 %', 'over 99 %', '100 %', 'under 1 %', '0 %']
    >>> [percent(x) for x in (-0.0017, -0.059, -0.66, -1.17)]
    ['-0.17 %', '-5.9 %', '-66 %', '-117 %']
    """
    if (text := _unusual(value)) is not None:
        return text
    if -0.1 < value < 0:
        return f"{100 * value:.2g} %"
    rounded = round(100 * value)
    if rounded == 100 and value < 1:
        return "over 99 %"
    return "under 1 %" if rounded == 0 and value > 0 else f"{rounded:,} %"


def share(value: float, of: int) -> str:
    """A share of runs or sets with their number; a count when there are few.

    Args:
        value: the share, 0-1.
        of: the number of all runs or sets.

    >>> share(1.0, 24), share(0.9996, 5000), share(0.0, 5000), share(1.0, 5000)
    ('24 of 24', 'over 99 % of 5,000', 'none of 5,000', 'all 5,000')
    """
    if _missing(value) or of < 1:
        return EMPTY
    if of <= FEW:
        return f"{round(value * of)} of {of}"
    if value in (0, 1):
        return f"all {of:,}" if value else f"none of {of:,}"
    return f"{percent(value)} of {of:,}"


def count(value: float, noun: str = "", plural: str = "") -> str:
    """A whole number with its noun.

    >>> count(1234), count(1, "run"), count(0, "run"), count(2, "study", "studies")
    ('1,234', '1 run', '0 runs', '2 studies')
    """
    text = _unusual(value)
    text = f"{round(value):,}" if text is None else text
    if not noun:
        return text
    return f"{text} {noun if text == '1' else plural or noun + 's'}"


# --- money and time ----------------------------------------------------------------------------


def money(value: float, currency: str = "") -> str:
    """An amount of money; it has two decimals only where it is below 100 and not whole.

    >>> money(123349.4), money(12.5, "EUR"), money(80.0)
    ('123,349', '12.50 EUR', '80')
    """
    text = _unusual(value)
    if text is None:
        small = abs(value) < 99.995 and not float(round(value, 2)).is_integer()
        text = f"{value:,.{2 if small else 0}f}"
        text = "0" if float(text.replace(",", "")) == 0 else text
    return f"{text} {currency}" if currency and text != EMPTY else text


def hours(value: float) -> str:
    """Working hours; large numbers have no decimals.

    >>> hours(1.5), hours(2.0), hours(0.25), hours(61.75), hours(1234.4)
    ('1.5 h', '2 h', '0.25 h', '61.8 h', '1,234 h')
    """
    text = _unusual(value)
    if text is None:
        places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
        text = f"{value:,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        text = number(value) if text in ("0", "-0") else text
    return text if text == EMPTY else f"{text} h"


def duration(seconds: float) -> str:
    """The time of a computation in words.

    >>> [duration(x) for x in (0.04, 3.21, 59.7, 200, 7500, 200000)]
    ['0.04 s', '3.2 s', '1 min', '3 min 20 s', '2 h 5 min', '2 d 8 h']
    """
    if (text := _unusual(seconds)) is not None:
        return text
    if seconds < 59.5:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.2g} s"
    for unit, large, part, small in _CLOCK:
        parts = round(seconds / part)
        if parts >= unit // part:
            first, rest = divmod(parts, unit // part)
            return f"{first:,} {large}" + (f" {rest} {small}" if rest else "")
    raise AssertionError("unreachable")


def week(value: float, start_date: datetime.date | None = None) -> str:
    """A week of a scenario, with the month in which it begins where week 1 has a date.

    >>> week(52), week(2, datetime.date(2027, 1, 4))
    ('week 52', 'week 2, Jan 2027')
    """
    if (text := _unusual(value)) is not None:
        return text
    said = f"week {int(value)}"
    return said if start_date is None else f"{said}, {month(first_day(int(value), start_date))}"


def month(day: datetime.date, *, year: bool = True) -> str:
    """The month of a day.

    >>> month(datetime.date(2027, 3, 4)), month(datetime.date(2027, 3, 4), year=False)
    ('Mar 2027', 'Mar')
    """
    return f"{_MONTHS[day.month - 1]} {day.year}" if year else _MONTHS[day.month - 1]


def date(value: Any) -> str:
    """A day with the month in letters, which cannot be misread.

    >>> date(datetime.date(2027, 3, 4)), date("2027-03-04")
    ('4 Mar 2027', '4 Mar 2027')
    """
    if _missing(value) or value == "":
        return EMPTY
    day = datetime.date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


# --- words, and any value ----------------------------------------------------------------------


def sentence(text: str) -> str:
    """Text with a capital, to begin a sentence.

    >>> sentence("plausible sets: 50")
    'Plausible sets: 50'
    """
    return text[:1].upper() + text[1:]


def joined(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> joined(["trust"]), joined(["trust", "knowledge", "cost"])
    ('trust', 'trust, knowledge and cost')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def words(name: str) -> str:
    """A name as people read it.

    >>> words("end_of_ta"), words("onsite.every_weeks")
    ('end of TA', 'onsite every weeks')
    """
    text = " ".join(name.replace("_", " ").replace(".", " ").split())
    return re.sub(r"\b(of|no|with|without) ta\b", r"\1 TA", text)


def text(value: Any) -> str:
    """Any value as people read it: numbers rounded, names in words, other text as it is.

    >>> text(True), text(None), text("end_of_ta"), text("a/b_c.csv"), text(0.123)
    ('yes', '-', 'end of TA', 'a/b_c.csv', '0.12')
    """
    value = _python(value)
    if _missing(value) or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, datetime.date):
        return date(value)
    return words(str(value)) if _NAME.fullmatch(str(value)) else str(value)


def plain(value: Any) -> str:
    """Text as it is: sentences, file names, commands.

    >>> plain("end_of_ta"), plain(None)
    ('end_of_ta', '-')
    """
    return EMPTY if _missing(value) or value == "" else str(value)


FORMATS: Mapping[str, Callable[[Any], str]] = {
    "auto": text, "text": plain, "number": number, "signed": signed, "given": given,
    "digits": digits, "percent": percent, "count": count, "money": money, "hours": hours,
    "duration": duration, "week": week, "date": date,
}  # fmt: skip
"""Formats by the names that columns of a table use."""


def named(name: str) -> Callable[[Any], str]:
    """The format of a name.

    Raises:
        InputError: there is no format of that name.
    """
    if name not in FORMATS:
        raise InputError(
            "there is no such format",
            field="format",
            value=name,
            allowed=f"one of {', '.join(FORMATS)}",
            suggestion=did_you_mean(name, FORMATS),
        )
    return FORMATS[name]


def _python(value: Any) -> Any:
    """A NumPy number as a Python number."""
    return value.item() if hasattr(value, "item") else value


def _missing(value: Any) -> bool:
    """Whether a value is missing: None, NaN, NA or NaT."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _unusual(value: Any) -> str | None:
    """The text of a value that is no finite number; None for a finite number."""
    if _missing(value):
        return EMPTY
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return None
