"""The kinds of study. A kind is a folder here: spec.py, analysis.py, words.py and figures.py.

:func:`names` lists them; what all kinds have in common is in :mod:`sim.studies.kind`. A folder is
all it takes: its command with every option, its result folder, ``verify`` and ``report`` follow.
"""

from __future__ import annotations

from pathlib import Path


def names() -> tuple[str, ...]:
    """The kinds of study there are, in alphabetical order.

    >>> "audit" in names()
    True
    """
    places = (Path(place) for place in __path__)
    return tuple(sorted({spec.parent.name for place in places for spec in place.glob("*/spec.py")}))
