"""All functions of compiled code: :data:`ENTRIES` take arrays, :data:`FUNCTIONS` single numbers.

Add a row to ENTRIES and run ``make engine``; then Python, C and the browser can call the function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from types import FunctionType
from typing import Any, get_type_hints

import numpy as np

from sim.core import rules, streams
from sim.engine import arrays, counting, filling, kernel, summary
from sim.engine.arguments import FLOAT, INT, Argument, Entry, Group
from sim.engine.tables import (
    CONTACT_TYPE,
    EVENT_TYPE,
    LEAVE_TYPE,
    LOG_TYPE,
    PARAMETER_TYPE,
    REGION_TYPE,
    SERIES_TYPE,
)

Shape = tuple[str | int | tuple[str | int, ...], ...]


def _ints(ndim: int, *names: str) -> tuple[Argument, ...]:
    return tuple(Argument(name, INT, ndim) for name in names)


def _floats(ndim: int, *names: str) -> tuple[Argument, ...]:
    return tuple(Argument(name, FLOAT, ndim) for name in names)


def _rows(dtype: np.dtype, name: str) -> Argument:
    return Argument(name, dtype, 1)


PLAN = Group(
    "plan",
    (
        *_ints(0, "seed_low", "seed_high", "horizon", "candidates", "selection"),
        *_floats(0, "trend"),
        *_ints(0, "coupled"),
        _rows(REGION_TYPE, "regions"),
        _rows(CONTACT_TYPE, "contacts"),
        *_ints(2, "contact_start", "contact_count"),
        *_floats(2, "demand"),
        *_floats(1, "delivery"),
        _rows(LEAVE_TYPE, "leaves"),
        *_floats(1, "provider_hours"),
        *_ints(2, "provider_departs"),
        *_ints(1, "given_ties"),
    ),
)
"""A scenario under a seed; see :class:`sim.engine.tables.Tables`. Read-only, shared by threads."""

_SPACES: dict[str, tuple[np.dtype, Shape]] = {
    "people": (FLOAT, (("states", "people"),)),
    "sites": (FLOAT, ("regions", "site")),
    "means": (FLOAT, ("regions", 5)),
    "skills": (FLOAT, ("weeks", "providers")),
    "leavers": (INT, ("weeks", "providers")),
    "gone": (INT, ("leaves", "people")),
    "due": (INT, ("weeks", "regions", "slots")),
    "due_count": (INT, ("weeks", "regions")),
    "hours": (FLOAT, ("weeks", "regions", "slots")),
    "loads": (FLOAT, ("weeks", "providers")),
    "overloads": (FLOAT, ("weeks", "providers")),
    "words": (np.dtype(np.uint32), ("words",)),
    "here": (FLOAT, ("largest",)),
    "scratch": (FLOAT, ("largest",)),
    "who": (INT, ("largest",)),
    "peers": (np.dtype(np.uint32), ("largest",)),
    "chosen": (INT, ("regions",)),
    "scores": (FLOAT, ("candidates",)),
    "team": (FLOAT, (("states", "staff"),)),
    "graphs": (INT, ("graph_places",)),
    "tie_scratch": (INT, ("tie_places",)),
    "flows": (FLOAT, ("columns",)),
}
"""Type and axes of each array of :data:`WORK`: an axis is a number, the name of a size, or a
product of these.

The sizes are ``states`` of a person, numbers of a ``site``, ``columns`` of a record; ``weeks`` with
week 0, ``regions``, ``providers``, ``candidates``, staff ``leaves`` and ``staff`` of a candidate in
the scenario; ``slots``, the most contacts of a region in a week, at least 1; and
:data:`sim.engine.filling.SIZES`."""

SHAPES: dict[str, Shape] = {name: axes for name, (_, axes) in _SPACES.items()}
"""The axes of each array of :data:`WORK`."""

WORK = Group(
    "work", tuple(Argument(name, dtype, len(axes)) for name, (dtype, axes) in _SPACES.items())
)
"""Work space of one thread; shapes: :data:`SHAPES`."""


def _entry(
    function: Callable[..., None], *arguments: Argument | Group, bits: int | None = None
) -> Entry:
    name = function.__name__ if bits is None else f"{function.__name__}_{bits}"
    # A page makes too few runs to count them.
    return Entry(name, function, arguments, browser=function.__module__ != counting.__name__)


def _counting(bits: int) -> tuple[Entry, ...]:
    """The histograms of :mod:`sim.engine.counting`, for counts of 16 or 32 bits."""
    counter = np.dtype(f"uint{bits}")
    counts = Argument("counts", counter, 4)
    listed = Argument("steps", np.dtype(np.uint16), 1), Argument("kept", counter, 1)
    histograms = (
        *_ints(3, "n", "whole", "fraction"),
        counts,
        *_floats(2, "origin", "step", "shift", "limit"),
        *_ints(0, "bins"),
        *_floats(1, "column"),
        Argument("index", np.dtype(np.int32), 2),
        *_ints(2, "many"),
    )
    return (
        _entry(
            counting.count,
            *_floats(3, "given"),
            *_ints(0, "arm", "first", "last"),
            *_floats(2, "values"),
            *histograms,
            bits=bits,
        ),
        _entry(
            counting.count_records,
            *_floats(4, "with_ta", "without_ta"),
            *_ints(1, "which"),
            *_floats(2, "given"),
            *_ints(0, "first", "last"),
            *_floats(2, "taken"),
            *_floats(4, "sums"),
            *_floats(3, "rows"),
            *_floats(2, "windows"),
            *_floats(1, "known"),
            *_floats(3, "found"),
            *_floats(2, "values"),
            *histograms,
            bits=bits,
        ),
        _entry(
            counting.even,
            counts,
            *_ints(3, "n"),
            *_ints(0, "runs"),
            *_ints(1, "edges"),
            *_floats(2, "least"),
            *_floats(3, "step"),
            *_floats(2, "shift"),
            *_floats(3, "limit"),
            *_ints(0, "bins"),
            bits=bits,
        ),
        _entry(
            counting.bins_at,
            replace(counts, ndim=2),
            *_ints(2, "ranks"),
            *_ints(0, "bins"),
            *_ints(2, "result"),
            bits=bits,
        ),
        _entry(
            counting.pack,
            replace(counts, ndim=2),
            *_ints(0, "runs"),
            *listed,
            *_ints(1, "found"),
            bits=bits,
        ),
        _entry(
            counting.unpack,
            *listed,
            *_ints(1, "doublings", "offset"),
            *_ints(0, "bins"),
            replace(counts, ndim=2),
            bits=bits,
        ),
    )


_OF_RUNS = (*_floats(4, "records"), *_ints(1, "which"), *_floats(2, "given"))

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        _entry(
            kernel.run_chunk,
            _rows(PARAMETER_TYPE, "sets"),
            *_ints(1, "which", "replicates"),
            *_floats(4, "records"),
            *_floats(2, "snapshots"),
            *_ints(1, "report"),
            PLAN,
            WORK,
        ),
        _entry(
            arrays.tabulate,
            _rows(SERIES_TYPE, "series"),
            _rows(LOG_TYPE, "log"),
            _rows(EVENT_TYPE, "events"),
            _rows(REGION_TYPE, "regions"),
            *_floats(0, "stagger"),
            *_floats(1, "cuts"),
            *_ints(2, "seen"),
            *_floats(2, "demand"),
            *_floats(1, "delivery"),
            _rows(LEAVE_TYPE, "leaves"),
            *_ints(2, "provider_departs", "contact_start", "contact_count"),
            _rows(CONTACT_TYPE, "contacts"),
        ),
        _entry(
            filling.place_regions,
            _rows(REGION_TYPE, "regions"),
            *_ints(1, "neighbours"),
            *_floats(0, "core_team"),
            *_ints(1, "served", "sizes"),
        ),
        _entry(
            filling.share_log,
            _rows(LOG_TYPE, "log"),
            *_ints(1, "invited", "contact"),
            _rows(REGION_TYPE, "regions"),
            *_ints(1, "served", "held", "people", "rows"),
        ),
        _entry(
            filling.price,
            _rows(CONTACT_TYPE, "contacts"),
            *_ints(2, "contact_start", "contact_count"),
            *_ints(0, "first"),
            _rows(PARAMETER_TYPE, "parameters"),
            *_floats(1, "rates"),
            *_floats(2, "costs"),
            *_floats(3, "providers"),
        ),
        _entry(
            filling.fill_given,
            _rows(PARAMETER_TYPE, "sets"),
            *_floats(1, "rates"),
            *_floats(2, "given"),
        ),
        _entry(
            streams.draws,
            *_ints(2, "counters"),
            *_ints(0, "seed_low", "seed_high"),
            *_floats(2, "words", "uniforms", "irwin_halls"),
        ),
        _entry(
            summary.at_points,
            *_OF_RUNS,
            *_ints(1, "now", "before"),
            *_ints(0, "summed"),
            *_floats(2, "work"),
            *_floats(4, "result"),
        ),
        _entry(
            summary.weekly,
            *_OF_RUNS,
            *_ints(0, "first"),
            *_floats(3, "work"),
            *_floats(4, "result"),
        ),
        _entry(summary.first_wrong, *_floats(2, "records"), *_ints(1, "status")),
        _entry(
            counting.exact,
            *_floats(2, "values"),
            *_floats(1, "shares"),
            *_floats(2, "columns"),
            *_ints(1, "ends", "pieces", "n", "whole", "fraction"),
            *_floats(2, "result"),
        ),
        *_counting(16),
        *_counting(32),
    )
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: item
    for name, item in vars(rules).items()
    if isinstance(item, FunctionType) and item.__module__ == rules.__name__
}
"""Every rule. Other languages pass and receive float64, also for whole numbers and truth values."""


def signature(function: Callable[..., Any]) -> tuple[dict[str, type], type]:
    """The types (float, int or bool) of the arguments and the result of a rule."""
    hints = get_type_hints(function)
    result = hints.pop("return")
    return {name: hints[name] for name in inspect.signature(function).parameters}, result
