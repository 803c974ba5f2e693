"""names and summary: the kinds of study. A kind is a folder with spec, analysis, words and figures.

All kinds share the code of :mod:`sim.studies.kind`, :mod:`~sim.studies.ask`,
:mod:`~sim.studies.result` and :mod:`~sim.studies.verify`. A new kind needs nothing but its folder;
the command with every option, the result folder, ``verify`` and ``report`` follow from it.
"""

from __future__ import annotations

from pathlib import Path


def names() -> tuple[str, ...]:
    """The names of all kinds of study, in alphabetical order.

    >>> "audit" in names()
    True
    """
    places = (Path(place) for place in __path__)
    return tuple(sorted({spec.parent.name for place in places for spec in place.glob("*/spec.py")}))


def summary(name: str) -> str:
    """The first line of the help of a kind, read without importing anything.

    >>> summary("audit")
    'Test the design of a study: what would it have reported?'
    """
    _, _, told = spec_of(name).read_text(encoding="utf-8").partition('\nHELP = """')
    return told.partition("\n")[0]


def spec_of(name: str) -> Path:
    """The file with the Spec of a kind."""
    (spec,) = (path for place in __path__ if (path := Path(place, name, "spec.py")).is_file())
    return spec
