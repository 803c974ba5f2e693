"""Which engine makes some runs where none is asked for: :func:`chosen`."""

from __future__ import annotations

from sim.core.errors import EngineError
from sim.engine import artefact, native

SMALL = 1_000_000
"""Staff-weeks that the readable engine makes within half a minute or so."""


def chosen(staff_weeks: int) -> str:
    """ "compiled"; where that cannot be used "mesa" for a small job, and a sentence says so.

    Raises:
        EngineError: it cannot be used, and the job is not small.
    """
    try:
        native.engine()
    except EngineError as error:
        if staff_weeks > SMALL:
            raise
        artefact.tell_once(f"codose: {error}; the readable engine makes these runs, slowly")
        return "mesa"
    return "compiled"
