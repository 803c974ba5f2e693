"""Phases of a plan: :func:`phases_of` groups contact series that follow each other, and
:func:`functions_words` gives the uses of their time in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from sim.scenario.fields import ContactSeries
from sim.scenario.functions import preset_text

MODE_WORDS = {"onsite": "on site", "email": "e-mail"}
"""Words for modes whose names are not words."""


def phases_of(series: Iterable[ContactSeries]) -> list[list[ContactSeries]]:
    """Groups of series; a group has one mode, and each series begins after the last has ended.

    >>> from sim.scenario.scenario import Scenario
    >>> phases = phases_of(Scenario.shipped("relationship_first").dosage)
    >>> [[(one.mode, one.first_week) for one in each] for each in phases]
    [[('onsite', 1), ('onsite', 27)], [('video', 3), ('video', 27)]]
    """
    found: list[list[ContactSeries]] = []
    for one in sorted(series, key=lambda each: each.first_week):
        for phases in found:
            last = phases[-1]
            if last.mode == one.mode and (last.last_week or math.inf) < one.first_week:
                phases.append(one)
                break
        else:
            found.append([one])
    return found


def then(texts: Iterable[str], between: str = " then ") -> str:
    """Values of consecutive phases as text; equal values are named once.

    >>> then(["4", "4", "3.5"])
    '4 then 3.5'
    """
    return between.join(text for text, _ in groupby(texts))


def functions_words(series: Sequence[ContactSeries]) -> str:
    """The uses of a plan's time in words; empty where all series have the reference mix.

    >>> from sim.scenario.scenario import Scenario
    >>> functions_words(Scenario.shipped("training_only").dosage)
    'functions: training'
    """
    if not any(one.functions for one in series):
        return ""
    mixes: dict[str, list[str]] = {}
    for phases in phases_of(series):
        text = then((preset_text(one.functions) for one in phases), ", then ")
        text = f"in phases: {text}" if ", then " in text else text
        mode = MODE_WORDS.get(phases[0].mode, phases[0].mode)
        mixes.setdefault(text, []).append(mode)
    if len(mixes) == 1:
        said = next(iter(mixes))
        return f"functions {said}" if said.startswith("in phases") else f"functions: {said}"
    parts = (f"{' and '.join(dict.fromkeys(modes))} {text}" for text, modes in mixes.items())
    return f"functions: {'; '.join(parts)}"
