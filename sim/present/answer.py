"""The answer of a study: :class:`Answer` holds a verdict and the sentences that support it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CAVEAT = "What if, not forecast."
"""The last words of every answer."""


@dataclass(frozen=True)
class Answer:
    """The answer of a study in words.

    Attributes:
        verdict: one sentence that answers the question.
        lines: sentences that a reader needs to judge the verdict: size, interval, cost, basis.
        rows: a verdict for each plan, scenario or target compared, by its name.
        notes: remarks on how the answer was made; not part of the text that is quoted.

    Example:
        >>> answer = Answer("Visits do more.", ["They add 0.05 (0.02 to 0.08)."])
        >>> answer.text
        'Visits do more. They add 0.05 (0.02 to 0.08). What if, not forecast.'
    """

    verdict: str
    lines: tuple[str, ...] = ()
    rows: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(line for line in self.lines if line))
        object.__setattr__(self, "notes", tuple(note for note in self.notes if note))
        object.__setattr__(self, "rows", dict(self.rows))

    @property
    def text(self) -> str:
        """A paragraph to quote: verdict, verdicts of the rows, lines and caveat."""
        return " ".join([self.verdict, *self.rows.values(), *self.lines, CAVEAT])

    def record(self) -> dict[str, Any]:
        """The answer as plain data, for ``--json`` and the manifest."""
        return {
            "verdict": self.verdict,
            "lines": list(self.lines),
            "rows": dict(self.rows),
            "notes": list(self.notes),
        }
