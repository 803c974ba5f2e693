"""All that compiled code offers, in one place: :data:`ENTRIES` over arrays, :data:`FUNCTIONS` of
single numbers.

Add a row here, ``make engine``, and Python, C and the browser can call it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, get_type_hints

import numpy as np

from sim.core import rules, streams
from sim.engine import arrays, counting, filling, kernel, summary
from sim.engine.arguments import FLOAT, INT, Argument, Entry, group
from sim.engine.tables import (
    CONTACT_TYPE,
    EVENT_TYPE,
    LEAVE_TYPE,
    LOG_TYPE,
    PARAMETER_TYPE,
    REGION_TYPE,
    SERIES_TYPE,
)

PLAN = group(
    "plan",
    seed_low=(INT, 0),
    seed_high=(INT, 0),
    horizon=(INT, 0),
    candidates=(INT, 0),
    selection=(INT, 0),
    trend=(FLOAT, 0),
    coupled=(INT, 0),
    regions=(REGION_TYPE, 1),
    contacts=(CONTACT_TYPE, 1),
    contact_start=(INT, 2),
    contact_count=(INT, 2),
    demand=(FLOAT, 2),
    delivery=(FLOAT, 1),
    leaves=(LEAVE_TYPE, 1),
    provider_hours=(FLOAT, 1),
    provider_departs=(INT, 2),
    given_ties=(INT, 1),
)
"""A scenario under a seed; see :class:`sim.engine.tables.Tables`. Read-only, shared by threads."""

WORK = group(
    "work",
    people=(FLOAT, 1),
    sites=(FLOAT, 2),
    means=(FLOAT, 2),
    skills=(FLOAT, 2),
    leavers=(INT, 2),
    gone=(INT, 2),
    due=(INT, 3),
    due_count=(INT, 2),
    hours=(FLOAT, 3),
    loads=(FLOAT, 2),
    overloads=(FLOAT, 2),
    words=(np.dtype(np.uint32), 1),
    here=(FLOAT, 1),
    scratch=(FLOAT, 1),
    who=(INT, 1),
    peers=(INT, 1),
    chosen=(INT, 1),
    scores=(FLOAT, 1),
    team=(FLOAT, 1),
    graphs=(INT, 1),
    tie_scratch=(INT, 1),
    flows=(FLOAT, 1),
)
"""Work space of one thread; shapes: :data:`SHAPES`."""

SHAPES: dict[str, tuple[str | int | tuple[str | int, ...], ...]] = {
    "people": (("states", "people"),),
    "sites": ("regions", "site"),
    "means": ("regions", 5),
    "skills": ("weeks", "providers"),
    "leavers": ("weeks", "providers"),
    "gone": ("leaves", "people"),
    "due": ("weeks", "regions", "slots"),
    "due_count": ("weeks", "regions"),
    "hours": ("weeks", "regions", "slots"),
    "loads": ("weeks", "providers"),
    "overloads": ("weeks", "providers"),
    "words": ("words",),
    "here": ("largest",),
    "scratch": ("largest",),
    "who": ("largest",),
    "peers": ("largest",),
    "chosen": ("regions",),
    "scores": ("candidates",),
    "team": (("states", "staff"),),
    "graphs": ("graph_places",),
    "tie_scratch": ("tie_places",),
    "flows": ("columns",),
}
"""The axes of each array of :data:`WORK`: a number, a size by name, or a product of these.

Sizes are ``states`` of a person, numbers of a ``site``, ``columns`` of a record; ``weeks`` with
week 0, ``regions``, ``providers``, ``candidates``, staff ``leaves`` and ``staff`` of a candidate as
a scenario says; ``slots``, the most contacts of a region's week, at least 1; and
:data:`sim.engine.filling.SIZES`."""


def _arrays(dtype: np.dtype, ndim: int, *names: str) -> tuple[Argument, ...]:
    return tuple(Argument(name, dtype, ndim) for name in names)


def _counting(bits: int) -> tuple[Entry, ...]:
    """The histograms of :mod:`sim.engine.counting`, for counts of so many bits."""
    counts = Argument("counts", np.dtype(f"uint{bits}"), 4)
    bins = Argument("bins", INT)
    return (
        Entry(
            f"count_{bits}",
            counting.count,
            (
                Argument("values", FLOAT, 4),
                *_arrays(INT, 0, "first", "last"),
                *_arrays(INT, 3, "n", "whole", "fraction"),
                counts,
                *_arrays(FLOAT, 2, "origin", "step", "shift"),
                bins,
                Argument("index", np.dtype(np.int32), 2),
            ),
        ),
        Entry(
            f"bins_at_{bits}",
            counting.bins_at,
            (counts, Argument("ranks", INT, 3), bins, Argument("result", INT, 3)),
        ),
    )


_OF_RUNS = (Argument("records", FLOAT, 4), Argument("which", INT, 1), Argument("given", FLOAT, 2))
_RESULT = Argument("result", FLOAT, 4)

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            "run_chunk",
            kernel.run_chunk,
            (
                Argument("sets", PARAMETER_TYPE, 1),
                Argument("which", INT, 1),
                Argument("replicates", INT, 1),
                Argument("records", FLOAT, 4),
                Argument("snapshots", FLOAT, 2),
                Argument("report", INT, 1),
                PLAN,
                WORK,
            ),
        ),
        Entry(
            "tabulate",
            arrays.tabulate,
            (
                Argument("series", SERIES_TYPE, 1),
                Argument("log", LOG_TYPE, 1),
                Argument("events", EVENT_TYPE, 1),
                Argument("regions", REGION_TYPE, 1),
                Argument("stagger", FLOAT),
                Argument("cuts", FLOAT, 1),
                Argument("seen", INT, 2),
                Argument("demand", FLOAT, 2),
                Argument("delivery", FLOAT, 1),
                Argument("leaves", LEAVE_TYPE, 1),
                Argument("provider_departs", INT, 2),
                Argument("contact_start", INT, 2),
                Argument("contact_count", INT, 2),
                Argument("contacts", CONTACT_TYPE, 1),
            ),
        ),
        Entry(
            "place_regions",
            filling.place_regions,
            (
                Argument("regions", REGION_TYPE, 1),
                Argument("neighbours", INT, 1),
                Argument("core_team", FLOAT),
                *_arrays(INT, 1, "served", "sizes"),
            ),
        ),
        Entry(
            "share_log",
            filling.share_log,
            (
                Argument("log", LOG_TYPE, 1),
                *_arrays(INT, 1, "invited", "contact"),
                Argument("regions", REGION_TYPE, 1),
                *_arrays(INT, 1, "served", "held", "people", "rows"),
            ),
        ),
        Entry(
            "price",
            filling.price,
            (
                Argument("contacts", CONTACT_TYPE, 1),
                *_arrays(INT, 2, "contact_start", "contact_count"),
                Argument("first", INT),
                Argument("parameters", PARAMETER_TYPE, 1),
                Argument("rates", FLOAT, 1),
                Argument("costs", FLOAT, 2),
                Argument("providers", FLOAT, 3),
            ),
        ),
        Entry(
            "fill_given",
            filling.fill_given,
            (
                Argument("sets", PARAMETER_TYPE, 1),
                Argument("rates", FLOAT, 1),
                Argument("given", FLOAT, 2),
            ),
        ),
        Entry(
            "draws",
            streams.draws,
            (
                Argument("counters", INT, 2),
                *_arrays(INT, 0, "seed_low", "seed_high"),
                *_arrays(FLOAT, 2, "words", "uniforms", "irwin_halls"),
            ),
        ),
        Entry(
            "at_points",
            summary.at_points,
            (
                *_OF_RUNS,
                *_arrays(INT, 1, "now", "before"),
                Argument("summed", INT),
                Argument("work", FLOAT, 2),
                _RESULT,
            ),
        ),
        Entry("weekly", summary.weekly, (*_OF_RUNS, Argument("work", FLOAT, 2), _RESULT)),
        Entry(
            "first_wrong",
            summary.first_wrong,
            (Argument("records", FLOAT, 2), Argument("status", INT, 1)),
        ),
        Entry(
            "exact",
            counting.exact,
            (
                Argument("values", FLOAT, 2),
                Argument("shares", FLOAT, 1),
                Argument("columns", FLOAT, 2),
                *_arrays(INT, 1, "ends", "pieces", "n", "whole", "fraction"),
                Argument("result", FLOAT, 2),
            ),
        ),
        Entry(
            "largest",
            counting.largest,
            (Argument("values", FLOAT, 4), Argument("result", FLOAT, 2)),
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
"""Every rule. From outside each takes and gives float64: whole numbers and truth values too."""


def signature(function: Callable[..., Any]) -> tuple[dict[str, type], type]:
    """The types (float, int or bool) of the arguments and the result of a rule."""
    hints = get_type_hints(function)
    result = hints.pop("return")
    return {name: hints[name] for name in inspect.signature(function).parameters}, result
