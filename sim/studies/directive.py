"""directive_note: the caveat beside every result on wholly directive assistance."""

from __future__ import annotations

from collections.abc import Sequence

from sim.scenario.scenario import Scenario


def directive_note(scenarios: Sequence[Scenario]) -> str:
    """A sentence where some contact series begins or ends with co-creation 0; empty elsewhere.

    A scenario that sets the weight of power sharing to 0 leaves that assumption out.

    >>> directive_note([Scenario.shipped("source")])
    ''
    """
    for one in scenarios:
        weighs = one.parameters.get("power_sharing") != 0
        if weighs and any(0 in (s.co_creation_start, s.co_creation_end) for s in one.dosage):
            return (
                "That directive assistance (co-creation 0) lowers trust a little in the model "
                "follows from the weight of power sharing, an assumption that nobody measured."
            )
    return ""
