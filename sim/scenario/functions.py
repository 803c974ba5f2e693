"""What the time of a contact goes to: :class:`Functions`, shares of five functions."""

from __future__ import annotations

from pydantic import model_validator

from sim.scenario.checking import Fraction, Strict, refusal

TOLERANCE = 0.01
"""How far the sum of shares may be from 1: rounded percentages are let be."""


class Functions(Strict):
    """Shares of a contact's time that add up to 1; functions that are left out have none.

    >>> Functions(learning=0.75, planning=0.25).shares
    (0.0, 0.75, 0.25, 0.0, 0.0)
    """

    relationship: Fraction = 0.0
    """Getting to know each other and the region's setting, share of the time, 0..1."""
    learning: Fraction = 0.0
    """Learning implementation science, share of the time, 0..1."""
    planning: Fraction = 0.0
    """Agreeing on what to do next, share of the time, 0..1."""
    review: Fraction = 0.0
    """Looking at what was agreed, share of the time, 0..1."""
    logistics: Fraction = 0.0
    """Arranging things, share of the time, 0..1."""

    @property
    def shares(self) -> tuple[float, ...]:
        """In the order of :data:`sim.model.dosage.FUNCTIONS`, adding up to 1."""
        given = tuple(getattr(self, name) for name in type(self).model_fields)
        total = sum(given)
        return given if abs(total - 1.0) < 1e-9 else tuple(share / total for share in given)

    @model_validator(mode="after")
    def _whole(self) -> Functions:
        total = sum(getattr(self, name) for name in type(self).model_fields)
        if abs(total - 1.0) > TOLERANCE + 1e-9:
            raise refusal(
                f"the shares add up to {total:.4g}",
                allowed="shares of " + ", ".join(type(self).model_fields) + " that add up to 1",
            )
        return self
