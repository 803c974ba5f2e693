"""The uses of a contact's time: :class:`Functions`, shares of five functions.

A file gives these shares, or the name of one of :data:`PRESETS`.

>>> PRESETS["training"].functions, preset_text(PRESETS["training"].functions)
(Functions(relationship=0.0, learning=1.0, planning=0.0, review=0.0, logistics=0.0), 'training')
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from sim.core.errors import shown
from sim.core.parameters import TABLE
from sim.core.units import count
from sim.scenario.checking import Fraction, Strict, one_of, refusal

TOLERANCE = 0.01
"""How far the sum of shares may be from 1, so that rounded percentages are accepted."""


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
        """The shares in the order of :data:`FUNCTIONS`; their sum is 1."""
        given = tuple(getattr(self, name) for name in FUNCTIONS)
        total = 0.0
        for share in given:  # one by one, because sum() may add in another way
            total += share
        return given if abs(total - 1.0) < 1e-9 else tuple(share / total for share in given)

    @property
    def text(self) -> str:
        """The shares in words, the largest first.

        >>> Functions(planning=0.25, learning=0.75).text
        '0.75 learning and 0.25 planning'
        """
        given = [(share, name) for share, name in zip(self.shares, FUNCTIONS, strict=True) if share]
        parts = [f"{share:.2g} {name}" for share, name in sorted(given, key=lambda one: -one[0])]
        return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))

    @property
    def short_text(self) -> str:
        """The largest share, and the number of others.

        >>> Functions(planning=0.25, learning=0.75).short_text, Functions(review=1).short_text
        ('0.75 learning and 1 other', '1 review')
        """
        others = sum(share > 0 for share in self.shares) - 1
        largest = self.text.split(",")[0].split(" and ")[0]
        more = f" and {count(others, 'other')}"
        return largest + more * (others > 0)

    @model_validator(mode="before")
    @classmethod
    def _not_percent(cls, value: Any) -> Any:
        """Give one message about all shares where one of them is above 1."""
        if isinstance(value, Mapping) and set(value) <= set(FUNCTIONS):
            if not value:
                raise refusal("names no function", allowed=_ALLOWED)
            numbers = [one for one in value.values() if type(one) in (int, float) and one >= 0]
            total = sum(numbers)
            if len(numbers) == len(value) and 1 < max(numbers) <= 100:
                percent = "; they look like percent" if total > 10 else ""
                whole = percent and abs(total - 100) <= 100 * TOLERANCE
                raise refusal(
                    f"the shares add up to {total:.4g}{percent}",
                    allowed=_ALLOWED,
                    suggestion=_flow(_of_percent(value)) if whole else "",
                )
        return value

    @model_validator(mode="after")
    def _whole(self) -> Functions:
        total = sum(getattr(self, name) for name in FUNCTIONS)
        if total == 0:
            raise refusal(
                "all shares are 0; leave `functions` out for the reference mix", allowed=_ALLOWED
            )
        if abs(total - 1.0) > TOLERANCE + 1e-9:
            raise refusal(f"the shares add up to {total:.4g}", allowed=_ALLOWED)
        return self


def _of_percent(percent: Mapping[str, float]) -> dict[str, float]:
    """Shares from percentages; if these do not sum to 100, hundredths by largest remainders.

    >>> _of_percent({"learning": 67, "review": 34})
    {'learning': 0.66, 'review': 0.34}
    """
    total = math.fsum(percent.values())
    if abs(total - 100) < 1e-9:
        return {name: one / 100 for name, one in percent.items()}
    parts = {name: 100 * one / total for name, one in percent.items()}
    found = {name: math.floor(one) for name, one in parts.items()}
    for name in sorted(parts, key=lambda one: found[one] - parts[one])[: 100 - sum(found.values())]:
        found[name] += 1
    return {name: one / 100 for name, one in found.items()}


def _flow(shares: Mapping[str, float]) -> str:
    return "{" + ", ".join(f"{name}: {share:g}" for name, share in shares.items()) + "}"


FUNCTIONS: tuple[str, ...] = tuple(Functions.model_fields)
"""The names of the functions, in the order used throughout."""
_ALLOWED = f"shares of {', '.join(FUNCTIONS)} that add up to 1"


# --- named mixes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preset:
    """A named mix of functions.

    Attributes:
        meaning: what happens in such a contact, in a sentence.
        functions: the shares of its time.
    """

    meaning: str
    functions: Functions


REFERENCE = "reference"
"""The preset whose shares are used where functions are left out."""

PRESETS: Mapping[str, Preset] = {
    REFERENCE: Preset(
        "A bit of everything, as centres describe their contacts: our reading of Gayles et al. "
        "2024 and Hunter et al. 2009, an assumption.",
        Functions(**{name: TABLE[f"{name}_reference"].default for name in FUNCTIONS}),
    ),
    "relationship_first": Preset(
        "An early contact: getting to know each other and the region before work begins "
        "(Aldridge et al. 2023; Kim et al. 2022); the shares are an assumption.",
        Functions(relationship=0.60, learning=0.10, planning=0.10, review=0.05, logistics=0.15),
    ),
    "training": Preset(
        "A course: all of the time goes to learning; nothing is agreed on and nothing is reviewed.",
        Functions(learning=1.0),
    ),
    "working_session": Preset(
        "A session on action plans: what was agreed is reviewed, and the next steps are planned; "
        "the shares are an assumption.",
        Functions(relationship=0.10, learning=0.10, planning=0.35, review=0.30, logistics=0.15),
    ),
}
"""The presets by name. A file that says ``functions: training`` has these shares."""


def preset_text(functions: Functions | None) -> str:
    """The name of the preset with these shares, or the shares in words.

    >>> preset_text(None), preset_text(Functions(learning=0.5, review=0.5))
    ('reference', '0.5 learning and 0.5 review')
    """
    return preset_of(functions) or (functions.text if functions else REFERENCE)


def preset_of(functions: Functions | None) -> str:
    """The name of the preset with these shares; empty if no preset has them."""
    if functions is None:
        return REFERENCE
    for name, preset in PRESETS.items():
        pairs = zip(preset.functions.shares, functions.shares, strict=True)
        if all(abs(one - other) < 1e-9 for one, other in pairs):
            return name
    return ""


def _preset(value: Any) -> Any:
    """The shares of a named preset; leaving functions out gives the reference mix."""
    if isinstance(value, str):
        one_of(value, PRESETS, "is not a mix of functions", f"{', '.join(PRESETS)}, or {_ALLOWED}")
        return None if value == REFERENCE else PRESETS[value].functions
    if value is None or isinstance(value, Mapping | Functions):
        return value
    raise refusal(
        f"must be a mapping (function: share) or the name of a mix, not {shown(value)}",
        allowed=f"{', '.join(PRESETS)}, or {_ALLOWED}",
    )


FunctionsField = Annotated[Functions | None, BeforeValidator(_preset)]
"""A field for :class:`Functions`: shares, the name of a preset, or None for the reference mix."""
