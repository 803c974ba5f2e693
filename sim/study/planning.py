"""Plans under a budget: what to do with people and hours, how surely it serves, when it fails.

Three samples of plausible sets and luck, none of which shares anything with another, keep the
answer honest. The *search* ranks hundreds of plans on a small one; whoever wins there was partly
lucky (the winner's curse: Smith & Winkler 2006, Management Science 52(3) 311-322). So a shortlist
is run again on a *fresh* one, which chooses; and what was chosen is run once more on a third, which
is what is reported, beside the other two.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, Problem
from sim.scenario import Scenario
from sim.study.failures import Failures, discover, rank_correlations
from sim.study.plan_cost import Planned, planned
from sim.study.plan_file import PlanFile, objective_label, read_plan, specs_of
from sim.study.plan_search import Candidate, Choice, Journal, Space, non_dominated, search
from sim.study.plan_value import (
    Chance,
    Evaluator,
    Sample,
    Value,
    chance,
    direction,
    mean_interval,
    met,
    regret_of,
    regrets,
    sure_margin,
)
from sim.study.plausible import plausible_sets
from sim.study.study_file import Study

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], object]
STAGES = ("search", "fresh", "confirmed", "failures")
_STRIDE = 1_000_003
"""Between the seeds of the samples; any number would do."""
NEAR_TARGET = (3, 5)
"""Plans of the shortlist around the cheapest that meets the targets: so many cheaper, dearer."""
ROLES: Mapping[str, str] = {
    "cheapest": "cheapest that meets the targets",
    "closest": "closest to the targets",
    "best": "most of the first outcome",
    "least regret": "least regret over the plausible sets",
    "fairest": "best for the worst region",
}
"""What a plan is chosen for."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan of the shortlist.

    Attributes:
        name: ``plan_1`` ..., by what is spent.
        candidate: lever settings, scenario, planned cost.
        scores: what the search saw: objectives (signed: high is good), the least margin of the
            targets, their probabilities.
        value: on the fresh sample.
        chances: of each target, on the fresh sample.
        regret: what the regret stays within in nine of ten sets.
        on_front: no plan of the shortlist is better in one thing and nowhere worse.
    """

    name: str
    candidate: Candidate
    scores: tuple[float, ...]
    value: Value
    chances: tuple[Chance, ...]
    regret: float
    on_front: bool

    @property
    def planned(self) -> Planned:
        """Planned cost."""
        return self.candidate.planned


@dataclass(frozen=True, eq=False)
class Planning:
    """The answer to a plan study. Tables are made when asked for.

    Attributes:
        study: what was asked.
        scored: what the search saw: scores by choice.
        space: the plans that the levers allow.
        plans: the shortlist, by what is spent; all within the budget.
        roles: role -> plan that was chosen for it (several roles may have one plan).
        recommended: the role of the plan to begin with.
        confirmed: plan name -> its value on the third sample.
        reference: the scenario as it stands, on the fresh sample; None without TA.
        failures: when the recommended plan fails.
        drivers: what its first outcome rests on; see :func:`sim.study.failures.rank_correlations`.
        sources: what the plausible sets are.
        reachable: whether some plan meets the targets on the fresh sample.
    """

    study: Study[PlanFile]
    scored: Mapping[Choice, tuple[float, ...]]
    space: Space
    plans: tuple[Plan, ...]
    roles: Mapping[str, Plan]
    recommended: str
    confirmed: Mapping[str, Value]
    reference: tuple[Planned, Value] | None
    failures: Failures
    drivers: tuple[tuple[str, float, bool], ...]
    source: str
    reachable: bool
    seed: int

    @property
    def header(self) -> PlanFile:
        """The fields of the study file."""
        return self.study.header

    @property
    def best(self) -> Plan:
        """The recommended plan."""
        return self.roles[self.recommended]

    def scenario(self, role: str | None = None) -> Scenario:
        """The scenario of a role's plan (the recommended one), named after study and plan."""
        plan = self.roles[self.recommended if role is None else role]
        base = plan.candidate.scenario
        question = self.header.question or base.question
        return base.replace(
            name=f"{self.study.scenario.name} ({plan.name})"[:200],
            question=question,
            description=f"Found by a search of {len(self.scored)} plans: {ROLES[role or self.recommended]}. "
            "What if, not forecast.",
        )

    def spend(self, plan: Plan) -> float:
        """What the budget counts."""
        return plan.planned.spend(self.header.budget.measure)

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables of :data:`sim.study._planned.TABLES`."""
        from sim.study import _planned

        return _planned.TABLES[name](self)

    def answer(self) -> str:
        """The answer in a paragraph."""
        from sim.study import _plan_words

        return _plan_words.answer(self)

    def save(
        self, directory: str | os.PathLike[str], *, force: bool = False, command: str = "",
        draw: Callable[[Planning, Path], object] | None = None,
    ) -> Path:
        """Write a result folder (manifest kind "plan"): complete, or not at all.

        Args:
            draw: puts figures into the folder.

        Raises:
            ResultsError: the folder may not or cannot be written.
        """  # fmt: skip
        from sim.study import _planned

        return _planned.save(self, Path(directory), force=force, command=command, draw=draw)


def plan(
    study: Study[PlanFile] | str | os.PathLike[str],
    *,
    seed: int | None = None,
    journal: Journal | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Planning:
    """Search for plans, choose, confirm, and say when the recommended one fails.

    Args:
        study: checked study file, or its path or shipped name.
        seed: of sets, luck and search; left out: the study's.
        journal: what an earlier search of the same study was told (see :func:`study_key`).
        progress: ``progress(done, total)`` plans.

    Raises:
        StudyError: the file cannot be used, or its budget is below the cheapest plan.
        InputError: no plan has a value for an outcome.
    """
    if not isinstance(study, Study):
        study = read_plan(study)
    return _Planner(study, seed, progress, threads).plan(journal)


def study_key(study: Study[PlanFile], seed: int | None) -> dict[str, Any]:
    """What makes a search the same search: plain values for JSON."""
    header = study.header
    return {
        "scenario": study.scenario.digest(),
        "levers": [[lever.name, list(lever.values)] for lever in header.levers],
        "outcomes": list(header.outcomes),
        "weeks": list(header.weeks),
        "over_regions": header.over_regions,
        "budget": header.budget.model_dump(),
        "targets": [target.model_dump() for target in header.targets],
        "search": header.search.model_dump(),
        "seed": header.seed if seed is None else seed,
        "source": plausible_sets(2).source,
    }


class _Planner:
    def __init__(
        self,
        study: Study[PlanFile],
        seed: int | None,
        progress: Progress | None,
        threads: int | None,
    ) -> None:
        self.study, self.header, self.threads = study, study.header, threads
        self.seed = study.header.seed if seed is None else seed
        self.progress = progress
        self.space = Space(study.scenario, self.header.levers, self.header.budget.measure)
        self.signs = [direction(spec.outcome) for spec, _ in specs_of(self.header)]
        self.criteria = len(self.signs) + bool(self.header.targets)
        self.done = 0
        self.total = 1

    def evaluator(self, stage: str) -> Evaluator:
        """The sample of a stage: its own sets, its own luck."""
        asked = self.header.search if stage == "search" else self.header.confirm
        count, replicates = asked.sets, asked.replicates
        if stage == "failures":
            count, replicates = self.header.confirm.failure_sets, 2
        seed = (self.seed + _STRIDE * STAGES.index(stage)) % 2**62
        return Evaluator(
            self.header, Sample(plausible_sets(count, seed % 2**31), replicates, seed), self.threads
        )

    def tick(self, done: int | None = None) -> None:
        """Say how far the work is."""
        self.done = self.done + 1 if done is None else done
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total)

    def plan(self, journal: Journal | None) -> Planning:
        """The whole work."""
        cheapest = self.check_budget()
        header = self.header
        self.total = min(header.search.plans, self.space.size) + header.confirm.plans + 8
        scored = self.search(cheapest, journal)
        shortlist = self.shortlist(scored)
        plans = self.fresh(shortlist, scored)
        roles, recommended, reachable = self.choose(plans)
        third = self.evaluator("confirmed")
        confirmed = {}
        for chosen in {one.name: one for one in roles.values()}.values():
            confirmed[chosen.name] = third.value(chosen.candidate.scenario)
            self.tick()
        failures, drivers = self.failures(roles[recommended])
        self.tick(self.total)
        return Planning(
            self.study, scored, self.space, plans, roles, recommended, confirmed, self.reference,
            failures, drivers, third.sample.plausible.source, reachable, self.seed,
        )  # fmt: skip

    def check_budget(self) -> Choice:
        """The cheapest plan, if the budget allows it."""
        cheapest, budget = self.space.extreme(1.0), self.header.budget
        spend = self.space.spend(cheapest)
        if not np.isfinite(spend):
            raise self.study.error(("levers",), "no plan within these levers is a valid scenario")
        if budget.limit is not None and spend > budget.limit:
            levers = ", ".join(
                f"{one.name} {one.text(one.values[place])}"
                for one, place in zip(self.header.levers, cheapest, strict=True)
            )
            raise self.study.error(
                ("budget", budget.measure),
                f"no plan within these levers fits {budget.text}; the cheapest takes "
                f"{spend:,.0f} ({levers})",
                value=budget.limit,
                allowed=f"{spend:,.0f} or more, or wider bounds",
            )
        return cheapest

    def score(self, evaluator: Evaluator, candidate: Candidate) -> tuple[float, ...]:
        """Objectives (high is good) and, with targets, the least of their margins; then what the
        search looks at no more: the probability of each target."""
        value = evaluator.value(candidate.scenario)
        scores = [sign * value.mean(place) for place, sign in enumerate(self.signs)]
        if self.header.targets:
            scores.append(min(
                sure_margin(value.targets[i], t) for i, t in enumerate(self.header.targets)
            ))  # fmt: skip
            scores += [
                float(met(value.targets[i], t).mean()) for i, t in enumerate(self.header.targets)
            ]
        return tuple(scores)

    def search(
        self, cheapest: Choice, journal: Journal | None
    ) -> dict[Choice, tuple[float, ...]]:
        """Scores of many plans within the budget."""
        evaluator, header = self.evaluator("search"), self.header
        limit = header.budget.limit
        first = [cheapest]
        for other in (self.space.extreme(-1.0), self._current()):
            if other is not None and other not in first and (
                limit is None or self.space.spend(other) <= limit
            ):
                first.append(other)
        scored = search(
            self.space,
            lambda candidate: self.score(evaluator, candidate),
            criteria=self.criteria,
            limit=limit,
            plans=header.search.plans,
            population=header.search.population,
            seed=self.seed,
            first=first,
            journal=journal,
            progress=lambda done, _: self.tick(done),
        )
        width = len(specs_of(header))
        for place, (spec, week) in enumerate(specs_of(header)):
            if all(np.isnan(scores[place]) for scores in scored.values()):
                raise InputError(Problem(
                    f"no plan has a value for {objective_label(spec, week)}, so there is no front "
                    f"(out of {len(scored)} plans; {width} outcomes)", field="outcomes",
                    allowed="an outcome or week at which something happens",
                ))  # fmt: skip
        return scored

    def _current(self) -> Choice | None:
        """The scenario's own plan among the levers' values, if it is there."""
        from sim.study.factors import LEVERS, _current

        found = []
        for lever in self.header.levers:
            try:
                value = _current(self.study.scenario, LEVERS.get(lever.name, lever.name))
            except (KeyError, IndexError, TypeError):
                return None
            if value not in lever.values:
                return None
            found.append(lever.values.index(value))
        return tuple(found)

    def shortlist(self, scored: Mapping[Choice, tuple[float, ...]]) -> list[Choice]:
        """Plans to run again, by what is spent: of the front, and near the targets."""
        choices = sorted(scored, key=lambda c: (self.space.spend(c), c))
        spends = np.array([self.space.spend(c) for c in choices])
        scores = np.array([scored[c][: self.criteria] for c in choices])
        front = np.flatnonzero(non_dominated(np.column_stack([spends, -scores])))
        count = self.header.confirm.plans
        if len(front) > count:  # evenly over what is spent, both ends kept
            front = front[np.unique(np.linspace(0, len(front) - 1, count).round().astype(int))]
        kept = set(front.tolist())
        kept.add(int(np.nanargmax(scores[:, 0])))
        if self.header.targets:
            margins = scores[:, -1]
            good = np.flatnonzero(non_dominated(np.column_stack([spends, -margins])))
            enough = int(np.searchsorted(margins[good] >= 0, True)) if len(good) else 0
            below, above = NEAR_TARGET
            kept.update(good[max(0, enough - below) : enough + above].tolist())
        return [choices[i] for i in sorted(kept)]

    def fresh(
        self, shortlist: Sequence[Choice], scored: Mapping[Choice, tuple[float, ...]]
    ) -> tuple[Plan, ...]:
        """The shortlist on the fresh sample."""
        evaluator, header = self.evaluator("fresh"), self.header
        candidates = [self.space.candidate(choice) for choice in shortlist]
        known = [one for one in candidates if one is not None]
        values = []
        for one in known:
            values.append(evaluator.value(one.scenario))
            self.tick()
        base = self.study.scenario
        self.reference = (planned(base), evaluator.value(base)) if base.has_ta else None
        regret = regret_of(regrets([v.objectives[0] for v in values], self.signs[0]))
        criteria = [
            [one.planned.spend(header.budget.measure)]
            + [-sign * value.mean(place) for place, sign in enumerate(self.signs)]
            for one, value in zip(known, values, strict=True)
        ]
        front = non_dominated(np.array(criteria))
        return tuple(
            Plan(
                f"plan_{number + 1}",
                one,
                scored[one.choice],
                value,
                tuple(
                    chance(met(value.targets[i], t)) for i, t in enumerate(header.targets)
                ),
                float(regret[number]),
                bool(front[number]),
            )
            for number, (one, value) in enumerate(zip(known, values, strict=True))
        )  # fmt: skip

    def choose(self, plans: Sequence[Plan]) -> tuple[dict[str, Plan], str, bool]:
        """Which plan for what; the recommended role; whether the targets are reached."""
        roles: dict[str, Plan] = {}
        reachable = True
        if self.header.targets:
            surely = [p for p in plans if self._short(p, "low") <= 0]
            likely = surely or [p for p in plans if self._short(p, "p") <= 0]
            reachable = bool(likely)
            if likely:
                roles["cheapest"] = likely[0]
            else:
                roles["closest"] = min(plans, key=lambda p: self._short(p, "p"))
        sign = self.signs[0]
        roles["best"] = max(plans, key=lambda p: np.nan_to_num(sign * p.value.mean(0), nan=-np.inf))
        roles["least regret"] = min(plans, key=lambda p: p.regret)
        if len(self.study.scenario.region_names) > 1:
            roles["fairest"] = max(
                plans, key=lambda p: np.nan_to_num(p.value.worst_region, nan=-np.inf)
            )
        recommended = next(
            role for role in ("cheapest", "closest", "least regret") if role in roles
        )
        return roles, recommended, reachable

    def _short(self, one: Plan, part: str) -> float:
        """By how much the probability of the target that fares worst falls short."""
        return max(
            target.probability - getattr(found, part)
            for target, found in zip(self.header.targets, one.chances, strict=True)
        )

    def failures(self, one: Plan) -> tuple[Failures, tuple[tuple[str, float, bool], ...]]:
        """When a plan fails (misses a target or, without targets, is in its own lowest quarter),
        and what its first outcome rests on."""
        evaluator = self.evaluator("failures")
        value = evaluator.value(one.candidate.scenario)
        if self.header.targets:
            failed = ~np.all(
                [met(value.targets[i], t) for i, t in enumerate(self.header.targets)], axis=0
            )
        else:
            signed = self.signs[0] * value.objectives[0]
            known = np.where(np.isnan(signed), -np.inf, signed)
            failed = known < np.quantile(known, 0.25)
        plausible = evaluator.sample.plausible
        fixed = one.candidate.scenario.parameters
        names = [name for name in plausible.varied if name not in fixed]
        matrix = np.array([[one[name] for name in names] for one in plausible.sets])
        first = value.objectives[0]
        known = (~np.isnan(first)).any(axis=1)
        means = np.full(len(first), np.nan)
        means[known] = np.nanmean(first[known], axis=1)
        drivers = tuple(rank_correlations(matrix, names, means))
        return discover(matrix, names, failed), drivers


__all__ = [
    "ROLES", "STAGES", "Plan", "Planning", "chance", "mean_interval", "plan", "study_key",
]  # fmt: skip
