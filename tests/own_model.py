"""Models of one's own for tests, as a user's module would hold them."""

from __future__ import annotations

import numpy as np

from sim.core.outcomes import Outcome
from sim.model.agents import RegionalStaff
from sim.model.week import CoCreationModel


class CountsLetDowns(RegionalStaff):
    """Staff who count how often the provider failed them, and change nothing."""

    def arrive(self) -> None:
        self.let_down = 0

    def apply(self) -> None:
        super().apply()
        self.let_down += self.region.ledger.failed_provider


def let_down(model: CoCreationModel) -> list[float]:
    """times that the staff of a region were let down, on average"""
    return [sum(x.let_down for x in r.staff) / len(r.staff) for r in model.regions]  # type: ignore[attr-defined]


def trust_again(model: CoCreationModel) -> list[float]:
    """mean trust, as a function of the model"""
    return [model.outcome("trust", region.name) for region in model.regions]


def contacts_again(model: CoCreationModel) -> float:
    """contacts held this week in all regions"""
    return sum(region.ledger.held for region in model.regions)


class Counting(CoCreationModel):
    """The model as it is, with outcomes that repeat two of its own."""

    staff_class = CountsLetDowns
    outcomes = {  # noqa: RUF012
        "let_down": let_down,
        "trust_again": Outcome("trust_again", "0-1", "mean trust", trust_again),
        "held_again": Outcome("held_again", "contacts", "contacts held", contacts_again, "total",
                              "sum", high=None, better="neither"),
    }  # fmt: skip


class TooTrusting(CoCreationModel):
    """Breaks a promise: a state outside 0..1."""

    def step(self) -> None:
        super().step()
        self.staff[2].trust = 1.5


class NoNumber(CoCreationModel):
    """Breaks a promise, and stops before anybody looks."""

    def _everybody(self) -> None:
        self.staff[0].knowledge = float("nan")
        super()._everybody()


class MesaDice(CoCreationModel):
    """Breaks a promise: draws that depend on the order of events."""

    def step(self) -> None:
        super().step()
        self.random.random()


class NumpyDice(CoCreationModel):
    """The same, of the generator that everybody shares."""

    def step(self) -> None:
        super().step()
        np.random.random()  # noqa: NPY002


class OwnDice(CoCreationModel):
    """Breaks a promise: another run each time."""

    def step(self) -> None:
        super().step()
        self.staff[0].trust = np.random.default_rng().uniform()


class Fails(CoCreationModel):
    """Raises in every run."""

    def step(self) -> None:
        raise ZeroDivisionError("nobody is there")


class NoModel:
    """No engine at all."""
