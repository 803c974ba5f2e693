"""Distribution: the distribution of a factor and its quantile function; distribution_of reads it.

A design is drawn in the unit cube, and each factor's quantile function turns its coordinate into a
value. Every sampler and analyser therefore works with every distribution, discrete ones included.

>>> distribution_of({"uniform": [1, 3]}, "hours").values(np.array([0.0, 0.5, 1.0])).tolist()
[1.0, 2.0, 3.0]
>>> distribution_of({"choices": ["ring", "hub"]}, "network").values(np.array([0.2, 0.7]))
['ring', 'hub']
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import did_you_mean, shown
from sim.scenario.checking import Number, refusal

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

TAIL = 0.005
"""Unbounded distributions are cut at this quantile and at 1 minus it, because the corners of the
unit cube, which a Morris design visits, would otherwise be infinite."""

_FORMS: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "log_uniform": ("low", "high"),
    "normal": ("mean", "sd"),
    "truncated": ("mean", "sd", "low", "high"),
    "integer": ("low", "high"),
    "choices": (),
}
KINDS: tuple[str, ...] = tuple(_FORMS)
_ALLOWED = "; ".join(
    f"{kind}: [{', '.join(names) or 'a, b, ...'}]" for kind, names in _FORMS.items()
)

SPEC_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"const": "table"},
        {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {kind: {"type": "array"} for kind in KINDS},
        },
    ]
}


@dataclass(frozen=True)
class Distribution:
    """One distribution.

    Attributes:
        kind: one of :data:`KINDS`, or ``marginal`` (made from calibrated sets; files cannot write
            one).
        numbers: its numbers, in the order of the file (empty for choices); for a marginal, its
            quantiles at equally spaced probabilities from 0 to 1.
        choices: the values to choose from (choices only), each equally likely.
    """

    kind: str
    numbers: tuple[float, ...] = ()
    choices: tuple[Any, ...] = ()

    def values(self, unit: np.ndarray) -> Any:
        """Values at coordinates 0..1: float64 (n,), whole for integer; a list for choices."""
        u = np.asarray(unit, dtype=np.float64)
        if self.kind == "choices":
            places = np.minimum((u * len(self.choices)).astype(int), len(self.choices) - 1)
            return [self.choices[place] for place in places]
        if self.kind == "marginal":
            return np.interp(u, *self._curve)
        if self.kind == "uniform":
            low, high = self.numbers
            return np.minimum(low + u * (high - low), high)
        if self.kind == "log_uniform":
            low, high = self.numbers
            return np.clip(np.exp(math.log(low) + u * (math.log(high) - math.log(low))), low, high)
        if self.kind == "integer":
            low, high = self.numbers
            return np.minimum(low + np.floor(u * (high - low + 1.0)), high)
        from scipy.special import ndtr, ndtri

        mean, sd = self.numbers[:2]
        below, above = (TAIL, 1.0 - TAIL)
        if self.kind == "truncated":
            low, high = self.numbers[2:]
            below, above = (float(ndtr((x - mean) / sd)) for x in (low, high))
            return np.clip(mean + sd * ndtri(below + u * (above - below)), low, high)
        return mean + sd * ndtri(np.clip(u, below, above))

    def coordinate(self, value: Any) -> float:
        """The coordinate 0..1 of a value (for a discrete value, the middle of its part); a value
        outside goes to the nearest end, and a value that is no choice to the middle.

        >>> Distribution("uniform", (1.0, 3.0)).coordinate(2.5)
        0.75
        """
        if self.kind == "choices":
            place = self.choices.index(value) + 0.5 if value in self.choices else None
            return 0.5 if place is None else place / len(self.choices)
        if not isinstance(value, (int, float)):
            return 0.5
        if self.kind == "uniform":
            low, high = self.numbers
            found = (value - low) / (high - low)
        elif self.kind == "log_uniform":
            low, high = self.numbers
            found = math.log(max(value, low) / low) / math.log(high / low)
        elif self.kind == "integer":
            low, high = self.numbers
            found = (value - low + 0.5) / (high - low + 1.0)
        else:
            grid = np.linspace(0.0, 1.0, 4097)
            found = float(np.interp(value, self.values(grid), grid))
        return min(max(found, 0.0), 1.0)

    @property
    def _curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and quantiles of a marginal."""
        return np.linspace(0.0, 1.0, len(self.numbers)), np.array(self.numbers)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value of the distribution (NaN for choices)."""
        if self.kind == "choices":
            return (math.nan, math.nan)
        low, high = self.values(np.array([0.0, 1.0]))
        return (float(low), float(high))

    @property
    def count(self) -> int | None:
        """The number of different values, which are equally likely; None for a continuum.

        >>> Distribution("integer", (2.0, 5.0)).count
        4
        """
        if self.kind == "choices":
            return len(self.choices)
        if self.kind == "integer":
            return int(self.numbers[1] - self.numbers[0]) + 1
        return None

    def frozen(self) -> Any:
        """A distribution that files can write as a frozen distribution of :mod:`scipy.stats`;
        choices are represented by their indices.

        A normal distribution lacks the tails that :meth:`values` moves to its ends.

        >>> Distribution("uniform", (1.0, 3.0)).frozen().ppf(0.75).item()
        2.5
        """
        from scipy import stats

        if self.kind == "choices":
            return stats.randint(0, len(self.choices))
        first, second = self.numbers[:2]
        if self.kind == "integer":
            return stats.randint(int(first), int(second) + 1)
        if self.kind == "log_uniform":
            return stats.loguniform(first, second)
        if self.kind == "uniform":
            return stats.uniform(first, second - first)
        low, high = self.limits
        return stats.truncnorm((low - first) / second, (high - first) / second, first, second)

    @property
    def text(self) -> str:
        """The distribution as a study file writes it."""
        if self.kind == "marginal":
            low, middle, high = np.interp([0.05, 0.5, 0.95], *self._curve)
            return f"calibrated, 5 / 50 / 95 %: {low:.4g} / {middle:.4g} / {high:.4g}"
        inner = self.choices if self.kind == "choices" else [f"{x:g}" for x in self.numbers]
        return f"{self.kind} [{', '.join(map(str, inner))}]"


def _is_pair(spec: Any) -> bool:
    """Whether these are two numbers, which are probably the ends of a range."""
    return (
        isinstance(spec, list | tuple)
        and len(spec) == 2
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in spec)
    )


def distribution_of(spec: Any, name: str) -> Distribution | None:
    """The distribution that a study file gives a factor; None for the word ``table``.

    Raises:
        PydanticCustomError: the distribution has a mistake (a checked field adds the line).
    """
    if spec == "table":
        return None
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise refusal(
            f"{name}: {shown(spec)} is not a distribution",
            allowed=f"table (the range of the parameter table), or one of {_ALLOWED}",
            suggestion=f"{{uniform: [{spec[0]:g}, {spec[1]:g}]}}" if _is_pair(spec) else "",
        )
    kind, given = next(iter(spec.items()))
    if kind not in _FORMS:
        raise refusal(
            f"{name}: {shown(kind)} is not a distribution",
            allowed=_ALLOWED,
            suggestion=did_you_mean(kind, KINDS),
        )
    if kind == "choices":
        return Distribution(kind, choices=_choices(name, given))
    names = _FORMS[kind]
    if not isinstance(given, (list, tuple)) or len(given) != len(names):
        raise refusal(f"{name}: {kind} needs {len(names)} numbers", allowed=f"[{', '.join(names)}]")
    numbers = tuple(
        float(Number(whole=kind == "integer").check_of(name, number)) for number in given
    )  # fmt: skip
    _check_numbers(name, kind, dict(zip(names, numbers, strict=True)))
    return Distribution(kind, numbers)


def _choices(name: str, given: Any) -> tuple[Any, ...]:
    if not isinstance(given, (list, tuple)) or len(given) < 2:
        raise refusal(f"{name}: choices needs two values or more", allowed="[a, b, ...]")
    for place, one in enumerate(given):
        if isinstance(one, (list, dict)) or one is None:
            raise refusal(f"{name}: {shown(one)} is not a choice", allowed="numbers or words")
        if one in given[:place]:
            raise refusal(f"{name}: the choice {shown(one)} is given twice")
    return tuple(given)


def _check_numbers(name: str, kind: str, numbers: Mapping[str, float]) -> None:
    if "sd" in numbers and numbers["sd"] <= 0:
        raise refusal(
            f"{name}: the SD {numbers['sd']:g} is not above 0", allowed="a number above 0"
        )
    if "low" not in numbers:
        return
    low, high = numbers["low"], numbers["high"]
    if low == high:
        raise refusal(
            f"{name}: both bounds are {low:g}, so it does not vary",
            allowed="low below high; a value that stays fixed belongs in the scenario",
        )
    if low > high:
        raise refusal(
            f"{name}: the bounds are reversed ({low:g} is above {high:g})",
            allowed="[low, high]",
            suggestion=f"[{high:g}, {low:g}]",
        )
    if kind == "log_uniform" and low <= 0:
        raise refusal(f"{name}: a log-uniform range must be above 0, not from {low:g}")
