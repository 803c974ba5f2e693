"""Spec: how many commitments are kept, region by region."""

from __future__ import annotations

from typing import Annotated, Literal

from sim.scenario.checking import Number
from sim.studies.spec import Option, OverSets

HELP = """Count the commitments that are kept.

\b
Examples:
  codose tally tally.yaml
"""


class Spec(OverSets):
    """A tally of commitments."""

    kind: Literal["tally"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """tally"""
    at_least: Annotated[int, Number(0, 1000, whole=True), Option()] = 1
    """Commitments that count as many."""
