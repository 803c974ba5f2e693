"""Space, Candidate and search: plans within the budget by NSGA-II over the levers.

NSGA-II (Deb et al. 2002, IEEE Trans Evol Comput 6(2) 182-197) is the implementation of Optuna
(Akiba et al. 2019, doi 10.1145/3292500.3330701). It handles ordered and unordered levers, treats
constraints by Deb's rule, and has an ask-and-tell interface. The search asks for one generation at
a time, so that the plans of a generation are run together. Plans beyond the budget are not run;
the search reports them to NSGA-II as violations of the constraint.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.errors import InputError
from sim.model.dosage import Planned, planned
from sim.scenario.levers import changed
from sim.scenario.scenario import Scenario
from sim.studies.plan.levers import Lever
from sim.studies.plan.spec import Budget

MAX_ASKS = 20
"""Most proposals of NSGA-II for each plan that is run; some repeat or exceed the budget."""

Choice = tuple[int, ...]
"""A plan as the index of each lever's value among its values."""
Scores = tuple[float, ...]
"""Scores of a plan: criteria that should be high (NaN is the worst), then other kept numbers."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A plan that could be run: its choice, scenario and planned cost, and what it leaves out."""

    choice: Choice
    scenario: Scenario
    planned: Planned
    discarded: tuple[str, ...] = ()


class Space:
    """The plans that the levers allow."""

    def __init__(self, scenario: Scenario, levers: Sequence[Lever], budget: Budget) -> None:
        self.scenario, self.levers, self.budget = scenario, tuple(levers), budget
        self._made: dict[Choice, Candidate | None] = {}
        self._first: dict[str, Choice] = {}

    @property
    def size(self) -> int:
        """Number of plans."""
        return math.prod(len(lever.values) for lever in self.levers)

    def settings(self, choice: Choice) -> dict[str, Any]:
        """Lever values of a plan."""
        return {
            lever.name: lever.values[place]
            for lever, place in zip(self.levers, choice, strict=True)
        }

    def candidate(self, choice: Choice) -> Candidate | None:
        """The plan of a choice; None where the levers conflict, so that no scenario can exist."""
        if choice not in self._made:
            self._made[choice] = self._candidate(choice)
        return self._made[choice]

    def _candidate(self, choice: Choice) -> Candidate | None:
        try:
            change = changed(self.scenario, self.settings(choice))
        except InputError:
            return None
        made = change.scenario
        return Candidate(choice, made, planned(made), change.discarded) if made.has_ta else None

    def same_as(self, choice: Choice) -> Choice:
        """The first choice that gave the same scenario. Several choices can give one scenario: the
        hours of visits that are never made change nothing."""
        found = self.candidate(choice)
        if found is None:
            return choice
        return self._first.setdefault(found.scenario.digest(), choice)

    def spend(self, choice: Choice) -> float:
        """The spend that the budget counts; infinite where a choice is no plan."""
        found = self.candidate(choice)
        return math.inf if found is None else self.budget.spend(found.planned)

    def extreme(self, sign: float) -> Choice:
        """The plan with the least (sign 1) or highest (-1) spend, by coordinate search over the
        levers."""
        best = tuple(len(lever.values) // 2 for lever in self.levers)
        price = self._price(best, sign)
        moved = True
        while moved:
            moved = False
            for place, lever in enumerate(self.levers):
                for value in range(len(lever.values)):
                    other = (*best[:place], value, *best[place + 1 :])
                    if (cost := self._price(other, sign)) < price:
                        best, price, moved = other, cost, True
        return best

    def _price(self, choice: Choice, sign: float) -> float:
        spend = self.spend(choice)
        return sign * spend if math.isfinite(spend) else math.inf


@dataclass(eq=False)
class _Archive:
    """The plans that have been scored so far."""

    space: Space
    score: Callable[[Sequence[Candidate]], Sequence[Scores]]
    limit: float | None
    most: int
    done: dict[Choice, Scores]

    def allowed(self, choice: Choice) -> bool:
        """Whether a choice is a plan within the budget."""
        spend = self.space.spend(choice)
        return math.isfinite(spend) and (self.limit is None or spend <= self.limit)

    def add(self, choices: Sequence[Choice]) -> None:
        """Score the new plans among some choices together, up to the limit on plans."""
        new: dict[Choice, Candidate] = {}
        for choice in filter(self.allowed, choices):
            first = self.space.same_as(choice)
            candidate = self.space.candidate(first)
            if first not in self.done and candidate is not None:
                new[first] = candidate
        kept = list(new)[: self.most - len(self.done)]
        if kept:
            scores = self.score([new[choice] for choice in kept])
            self.done.update(zip(kept, scores, strict=True))

    def of(self, choice: Choice) -> Scores | None:
        """The scores of a plan; None where it was not run."""
        return self.done.get(self.space.same_as(choice)) if self.allowed(choice) else None


def search(
    space: Space,
    score: Callable[[Sequence[Candidate]], Sequence[Scores]],
    *,
    criteria: int,
    limit: float | None,
    plans: int,
    population: int,
    seed: int,
    first: Sequence[Choice] = (),
) -> dict[Choice, Scores]:
    """Search for plans that spend little and score high.

    Args:
        score: a function from candidates to their scores.
        criteria: the number of leading scores that should be high.
        limit: the highest spend that is allowed; None: no limit.
        plans: most plans that are scored (all plans, if the levers allow no more).
        population: plans of a generation, which are scored together.
        first: plans to begin with.

    Returns:
        The scores of every plan that was scored; all are within the limit.
    """
    archive = _Archive(space, score, limit, min(plans, space.size), {})
    if space.size <= plans:
        every = list(np.ndindex(*(len(lever.values) for lever in space.levers)))
        for start in range(0, len(every), population):
            archive.add(every[start : start + population])
    else:
        _evolve(archive, criteria, population, seed, first)
    return archive.done


def _evolve(
    archive: _Archive, width: int, population: int, seed: int, first: Sequence[Choice]
) -> None:
    """Run NSGA-II; every proposal gets its scores, even if it was proposed before."""
    optuna: Any = importlib.import_module("optuna")  # typed Any, as directions are texts here
    levers = archive.space.levers
    names = [f"x{place:03d}" for place in range(len(levers))]
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=seed % 2**32)
        study = optuna.create_study(directions=["minimize"] + ["maximize"] * width, sampler=sampler)
        for choice in first:
            study.enqueue_trial(dict(zip(names, choice, strict=True)))
        for _ in range(-(-MAX_ASKS * archive.most // population)):
            if len(archive.done) >= archive.most:
                break
            trials = [study.ask() for _ in range(population)]
            choices = [
                tuple(_suggest(trial, n, one) for n, one in zip(names, levers, strict=True))
                for trial in trials
            ]
            archive.add(choices)
            for trial, choice in zip(trials, choices, strict=True):
                _tell(study, trial, archive, choice, width)
    finally:
        optuna.logging.set_verbosity(before)


def _tell(study: Any, trial: Any, archive: _Archive, choice: Choice, width: int) -> None:
    """Report the scores of a proposal to Optuna. A proposal that was not run gets scores of 0;
    beyond the budget, it violates the constraint by the excess."""
    scores, spend = archive.of(choice), archive.space.spend(choice)
    excess = 0.0 if archive.limit is None else spend - archive.limit
    trial.set_constraint("budget", excess if math.isfinite(excess) else 1e18)
    values = (0.0,) * width if scores is None else scores[:width]
    paid = spend if math.isfinite(spend) else 1e18
    study.tell(trial, [paid, *(-1e9 if math.isnan(one) else one for one in values)])


def _suggest(trial: Any, name: str, lever: Lever) -> int:
    """The proposed index of a value: ordered for numbers, unordered for words."""
    if all(isinstance(value, float) for value in lever.values):
        return int(trial.suggest_int(name, 0, len(lever.values) - 1))
    return int(trial.suggest_categorical(name, list(range(len(lever.values)))))


# --- the front -----------------------------------------------------------------------------------


def non_dominated(points: np.ndarray) -> np.ndarray:
    """Which points no other point dominates: bool (points,).

    A point is dominated when another is nowhere worse and somewhere better. Equal points are all
    kept.

    Args:
        points: (points, criteria); low values are good. A point with NaN is never kept.
    """
    known = np.asarray(~np.isnan(points).any(axis=1))
    keep = known.copy()
    for i in np.flatnonzero(known):
        others = points[known]
        worse = (others <= points[i]).all(axis=1) & (others < points[i]).any(axis=1)
        keep[i] = not worse.any()
    return keep
