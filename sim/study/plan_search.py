"""The search for plans: NSGA-II over the levers, within the budget.

NSGA-II (Deb et al. 2002, IEEE Trans Evol Comput 6(2) 182-197) as Optuna has it (Akiba et al. 2019,
doi 10.1145/3292500.3330701): it takes ordered and unordered levers as they are and constraints with
Deb's rule, and hands out one plan at a time, so that a search can be resumed by telling it again
what it was told. Plans beyond the budget are told to it without being run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.dosage import Planned, planned
from sim.errors import InputError, Problem
from sim.levers import Changed, changed
from sim.scenario import Scenario
from sim.study.plan_file import Budget
from sim.study.plan_levers import Lever

MAX_ASKS = 20
"""Plans that NSGA-II may propose for each that is run: repeats and plans beyond the budget."""

Choice = tuple[int, ...]
"""A plan: the place of each lever's value among its values."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A plan that could be run: its choice, scenario and planned cost, and what it leaves out."""

    choice: Choice
    settings: Mapping[str, Any]
    scenario: Scenario
    planned: Planned
    discarded: tuple[str, ...] = ()


def _candidate(choice: Choice, settings: Mapping[str, Any], change: Changed) -> Candidate:
    made = change.scenario
    return Candidate(choice, settings, made, planned(made), change.discarded)


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
        """The plan; None when no scenario can be like that (two levers that do not go together)."""
        if choice not in self._made:
            settings = self.settings(choice)
            try:
                change = changed(self.scenario, settings)
                found = _candidate(choice, settings, change) if change.scenario.has_ta else None
            except InputError:
                found = None
            self._made[choice] = found
        return self._made[choice]

    def same_as(self, choice: Choice) -> Choice:
        """The first plan that was the same scenario: hours of visits that are never made change
        nothing."""
        found = self.candidate(choice)
        if found is None:
            return choice
        return self._first.setdefault(found.scenario.digest(), choice)

    def spend(self, choice: Choice) -> float:
        """What the budget counts; infinite for what is no plan."""
        found = self.candidate(choice)
        return math.inf if found is None else self.budget.spend(found.planned)

    def extreme(self, sign: float) -> Choice:
        """The plan that spends least (sign 1) or most (-1): levers one by one, until none helps."""
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
class Journal:
    """What a search was told: scores by plan. Given to a new search it makes the same one again."""

    scores: dict[Choice, tuple[float, ...]] = field(default_factory=dict)
    write: Callable[[str], object] | None = None

    def add(self, choice: Choice, scores: tuple[float, ...]) -> None:
        """Keep a score, and write it down."""
        self.scores[choice] = scores
        if self.write is not None:
            self.write(json.dumps({"plan": choice, "scores": scores}) + "\n")

    @classmethod
    def read(cls, lines: Iterable[str]) -> Journal:
        """The scores of a journal; a last line that was cut off is left out."""
        found = cls()
        for line in lines:
            try:
                entry = json.loads(line)
                found.scores[tuple(entry["plan"])] = tuple(map(float, entry["scores"]))
            except (ValueError, KeyError, TypeError):
                continue
        return found


def search(
    space: Space,
    score: Callable[[Candidate], tuple[float, ...]],
    *,
    criteria: int,
    limit: float | None,
    plans: int,
    population: int,
    seed: int,
    first: Sequence[Choice] = (),
    journal: Journal | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> dict[Choice, tuple[float, ...]]:
    """Search for plans that spend little and score high.

    Args:
        score: what a plan gives: numbers to be high (NaN is the worst), then what else to keep.
        criteria: so many of the numbers are to be high.
        limit: most that may be spent; None: no limit.
        plans: so many are scored at most (all of them, if the levers allow no more).
        first: plans to begin with.

    Returns:
        The scores of every plan that was scored; all are within the limit.
    """
    journal = journal or Journal()
    done: dict[Choice, tuple[float, ...]] = {}
    wanted = min(plans, space.size)

    def try_one(choice: Choice) -> tuple[float, ...] | None:
        spend = space.spend(choice)
        if not math.isfinite(spend) or (limit is not None and spend > limit):
            return None
        choice = space.same_as(choice)
        if choice not in done:
            if choice not in journal.scores:
                candidate = space.candidate(choice)
                assert candidate is not None
                journal.add(choice, score(candidate))
            done[choice] = journal.scores[choice]
            if progress is not None:
                progress(len(done), wanted)
        return done[choice]

    if space.size <= plans:
        for choice in np.ndindex(*(len(lever.values) for lever in space.levers)):
            try_one(tuple(int(i) for i in choice))
        return done
    _evolve(space, try_one, done, criteria, limit, wanted, population, seed, first)
    return done


def _evolve(
    space: Space,
    try_one: Callable[[Choice], tuple[float, ...] | None],
    done: Mapping[Choice, tuple[float, ...]],
    width: int,
    limit: float | None,
    wanted: int,
    population: int,
    seed: int,
    first: Sequence[Choice],
) -> None:
    """NSGA-II; every proposal is told what it scored, however often it was made before."""
    optuna = _optuna()
    names = [f"x{place:03d}" for place in range(len(space.levers))]
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=seed % 2**32)
        study = optuna.create_study(directions=["minimize"] + ["maximize"] * width, sampler=sampler)
        for choice in first:
            study.enqueue_trial(dict(zip(names, choice, strict=True)))
        for _ in range(MAX_ASKS * wanted):
            if len(done) >= wanted:
                break
            trial = study.ask()
            choice = tuple(
                _suggest(trial, n, lever) for n, lever in zip(names, space.levers, strict=True)
            )
            scores, spend = try_one(choice), space.spend(choice)
            excess = 0.0 if limit is None else spend - limit
            trial.set_constraint("budget", excess if math.isfinite(excess) else 1e18)
            told = (0.0,) * width if scores is None else scores[:width]
            values = [spend if math.isfinite(spend) else 1e18]
            study.tell(trial, values + [-1e9 if math.isnan(x) else x for x in told])
    finally:
        optuna.logging.set_verbosity(before)


def _suggest(trial: Any, name: str, lever: Lever) -> int:
    """The place of a value: ordered for numbers, unordered for words."""
    if all(isinstance(value, float) for value in lever.values):
        return int(trial.suggest_int(name, 0, len(lever.values) - 1))
    return int(trial.suggest_categorical(name, list(range(len(lever.values)))))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise InputError(
            Problem(
                "planning needs optuna, which is not installed",
                allowed="pip install 'codose[plan]'",
            )
        ) from None
    return optuna


# --- the front -----------------------------------------------------------------------------------


def non_dominated(points: np.ndarray) -> np.ndarray:
    """Which points no other point dominates: bool (points,).

    Args:
        points: (points, criteria), each to be low. A point with NaN is never kept.

    A point is dominated when another is nowhere worse and somewhere better; of equal points all
    are kept.
    """
    known = np.asarray(~np.isnan(points).any(axis=1))
    keep = known.copy()
    for i in np.flatnonzero(known):
        others = points[known]
        worse = (others <= points[i]).all(axis=1) & (others < points[i]).any(axis=1)
        keep[i] = not worse.any()
    return keep
