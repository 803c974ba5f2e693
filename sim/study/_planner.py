"""The work behind :func:`sim.study.planning.plan`, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sim.dosage import Planned, planned
from sim.errors import InputError, Problem
from sim.levers import value_of
from sim.outcomes import OUTCOMES
from sim.runs.execute import Execution
from sim.scenario import Scenario
from sim.stats.drivers import Driver
from sim.stats.drivers import drivers as rank_drivers
from sim.stats.intervals import quantiles, share
from sim.study.failures import Failures, discover
from sim.study.plan_file import PlanFile, objective_label, specs_of
from sim.study.plan_search import Candidate, Choice, Journal, Space, non_dominated, search
from sim.study.plan_value import (
    Evaluator,
    Sample,
    Value,
    met,
    regret_of,
    regrets,
    sure_margin,
)
from sim.study.planning import Plan, Planning
from sim.study.plausible import plausible_sets
from sim.study.study_file import Study

STAGES = ("search", "fresh", "confirmed", "failures")
_STRIDE = 1_000_003
"""Between the seeds of the samples; any number would do."""
NEAR_TARGET = (3, 5)
"""Plans of the shortlist around the cheapest that meets the targets: so many cheaper, dearer."""


class Planner:
    """One plan study at work."""

    def __init__(
        self,
        study: Study[PlanFile],
        seed: int | None,
        execution: Execution | None,
    ) -> None:
        self.study, self.header = study, study.header
        self.seed = study.header.seed if seed is None else seed
        self.execution = execution or Execution()
        self.space = Space(study.scenario, self.header.levers, self.header.budget)
        self.signs = [OUTCOMES[spec.outcome].sign for spec, _ in specs_of(self.header)]
        self.criteria = len(self.signs) + bool(self.header.targets)
        self.reference: tuple[Planned, Value] | None = None
        self.done = 0
        self.total = 1

    def evaluator(self, stage: str) -> Evaluator:
        """The sample of a stage: its own sets, its own luck."""
        asked = self.header.search if stage == "search" else self.header.confirm
        count, replicates = asked.sets, asked.replicates
        if stage == "failures":
            count, replicates = self.header.confirm.failure_sets, 2
        seed = (self.seed + _STRIDE * STAGES.index(stage)) % 2**62
        # Its progress counts plans; runs of a search are kept by its journal.
        how = replace(self.execution, progress=None, store=None)
        if stage != "search":
            how = replace(self.execution.within(stage), progress=None)
        sample = Sample(plausible_sets(count, seed % 2**31), replicates, seed)
        return Evaluator(self.header, sample, how)

    def tick(self, done: int | None = None) -> None:
        """Say how far the work is."""
        self.done = self.done + 1 if done is None else done
        self.execution.report_progress(min(self.done, self.total), self.total)

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
        chosen = list({one.name: one for one in roles.values()}.values())
        found = third.values([one.candidate.scenario for one in chosen])
        for one, value in zip(chosen, found, strict=True):
            confirmed[one.name] = value
            self.tick()
        chosen = roles[recommended].candidate.scenario
        gains = {against: third.gain(chosen, world) for against, world in self.worlds().items()}
        failures, drivers = self.failures(roles[recommended])
        self.tick(self.total)
        return Planning(
            self.study,
            scored,
            self.space,
            plans,
            roles,
            recommended,
            confirmed,
            self.reference,
            failures,
            drivers,
            third.sample.plausible.source,
            reachable,
            self.seed,
            gains,
        )

    def worlds(self) -> dict[str, Scenario]:
        """What the recommended plan is held against: no TA and, after a log, stopping now."""
        base = self.study.scenario
        found = {"no assistance": base.without_ta()}
        if base.contact_log is not None:
            found["stopping now"] = base.stopping_now()
        return found

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
            scores.append(
                min(
                    sure_margin(value.targets[i], t, value.failed)
                    for i, t in enumerate(self.header.targets)
                )
            )
            scores += [
                float(met(value.targets[i], t)[~value.failed].mean())
                for i, t in enumerate(self.header.targets)
            ]
        return tuple(scores)

    def search(self, cheapest: Choice, journal: Journal | None) -> dict[Choice, tuple[float, ...]]:
        """Scores of many plans within the budget."""
        evaluator, header = self.evaluator("search"), self.header
        limit = header.budget.limit
        first = [cheapest]
        for other in (self.space.extreme(-1.0), self._current()):
            if (
                other is not None
                and other not in first
                and (limit is None or self.space.spend(other) <= limit)
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
                raise InputError(
                    Problem(
                        f"no plan has a value for {objective_label(spec, week)}, so there is no "
                        f"front (out of {len(scored)} plans; {width} outcomes)",
                        field="outcomes",
                        allowed="an outcome or week at which something happens",
                    )
                )
        return scored

    def _current(self) -> Choice | None:
        """The scenario's own plan among the levers' values, if it is there."""
        found = []
        for lever in self.header.levers:
            value = value_of(self.study.scenario, lever.name)
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
        base = self.study.scenario
        also = [base] if base.has_ta else []
        values = evaluator.values([*(one.scenario for one in known), *also])
        for _ in known:
            self.tick()
        self.reference = (planned(base), values.pop()) if also else None
        regret = regret_of(regrets([v.objectives[0] for v in values], self.signs[0]))
        criteria = [
            [header.budget.spend(one.planned)]
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
                    share(met(value.targets[i], t), value.failed)
                    for i, t in enumerate(header.targets)
                ),
                float(regret[number]),
                bool(front[number]),
            )
            for number, (one, value) in enumerate(zip(known, values, strict=True))
        )

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

    def failures(self, one: Plan) -> tuple[Failures, tuple[Driver, ...]]:
        """When a plan fails (misses a target or, without targets, is in its own lowest quarter),
        and what its first outcome rests on."""
        evaluator = self.evaluator("failures")
        value = evaluator.value(one.candidate.scenario)
        if self.header.targets:
            missed = ~np.all(
                [met(value.targets[i], t) for i, t in enumerate(self.header.targets)], axis=0
            )
        else:
            signed = self.signs[0] * value.objectives[0]
            known = np.where(np.isnan(signed), -np.inf, signed)
            missed = known < quantiles(known[~value.failed], [0.25])[0]
        plausible = evaluator.sample.plausible
        fixed = one.candidate.scenario.parameters
        names = [name for name in plausible.varied if name not in fixed]
        matrix = np.array([[one[name] for name in names] for one in plausible.sets])
        first = value.objectives[0]
        known = (~np.isnan(first)).any(axis=1)
        means = np.full(len(first), np.nan)
        means[known] = np.nanmean(first[known], axis=1)
        drivers = tuple(rank_drivers(matrix, names, means))
        whole = ~value.failed.any(axis=1)  # sets without a failed run
        return discover(matrix[whole], names, missed[whole]), drivers
