"""answer: a plan study by its stages, which are search, fresh sample, confirmation and failures;
:class:`Planner` does the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.errors import InputError
from sim.core.outcomes import OUTCOMES
from sim.core.units import count as counted
from sim.model.dosage import planned
from sim.scenario.levers import value_of
from sim.scenario.scenario import Scenario
from sim.stats.discovery import Discovery, discover
from sim.stats.drivers import Driver
from sim.stats.drivers import drivers as rank_drivers
from sim.stats.intervals import quantiles
from sim.studies.calendar import icalendar_text
from sim.studies.plan import tables
from sim.studies.plan.search import Candidate, Choice, Scores, Space, non_dominated, search
from sim.studies.plan.spec import Spec, label_of, objectives_of, space_size
from sim.studies.plan.tables import Findings, Plan, scenario_of
from sim.studies.plan.values import (
    FAILURE_REPLICATES,
    Evaluator,
    Sample,
    Value,
    chances,
    met,
    regret_of,
    regrets,
    sure_margin,
)
from sim.studies.spec import Study

if TYPE_CHECKING:
    from sim.present.table import Table
    from sim.studies.ask import Runner

NEAR_TARGET = (3, 5)
"""Numbers of plans, cheaper and dearer than the cheapest that meets the targets, which the
shortlist holds."""
OTHER_ROLES = 3
"""Roles of plans besides one for each objective: for the targets, for regret, for fairness."""


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """Make the runs and return every table of a plan study."""
    return tables.made(Planner(study, run).found())


def files(study: Study[Spec], found: Mapping[str, Table]) -> dict[str, str]:
    """The chosen plans as scenario files, and the calendar of the recommended one."""
    frame = found["plans"].frame
    made = {}
    for row in frame[frame["roles"] != ""].to_dict("records"):
        text = scenario_of(study, row).to_yaml()
        made |= {f"plan_{role.replace(' ', '_')}.yaml": text for role in row["roles"].split(", ")}
        if row["recommended"]:
            made["plan.yaml"] = text
            if (begins := study.start_date) is not None:
                made["calendar.ics"] = icalendar_text(scenario_of(study, row), begins)
    return made


class Planner:
    """The work on one plan study."""

    def __init__(self, study: Study[Spec], run: Runner) -> None:
        self.study, self.header, self.run = study, study.header, run
        self.space = Space(study.scenario, self.header.levers, self.header.budget)
        self.signs = [OUTCOMES[spec.outcome].sign for spec, _ in objectives_of(self.header)]
        self.criteria = len(self.signs) + bool(self.header.targets)

    def evaluator(self, stage: str) -> Evaluator:
        """The evaluator, which runs plans on the sample of a stage."""
        return Evaluator(self.header, Sample.of(self.study, stage), self.run)

    def found(self) -> Findings:
        """Do all stages and return their findings."""
        firsts, evaluator = self._firsts(self.check_budget()), self.evaluator("search")
        self.agree(firsts, evaluator)
        scored = self.search(firsts, evaluator)
        plans, reference = self.fresh(self.shortlist(scored), scored)
        third = self.evaluator("confirmed")
        roles, confirmed, tried = self.choose(plans, third)
        base = self.study.scenario
        chosen = list({one.name: one for one in roles.values()}.values())
        pattern, drivers = self.failures(next(iter(roles.values())))
        return Findings(
            self.study,
            self.space,
            scored,
            plans,
            roles,
            confirmed,
            tried,
            None if reference is None else (planned(base), reference, third.value(base)),
            self.gains(chosen, third),
            pattern,
            drivers,
        )

    # --- the budget --------------------------------------------------------------------------

    def check_budget(self) -> Choice:
        """The cheapest plan; refuse a budget that does not allow even this plan."""
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

    def agree(self, firsts: Sequence[Choice], evaluator: Evaluator) -> None:
        """Agree on the time of the whole study, which makes its runs generation by generation.

        The plans with which the search begins stand for all plans. The number of runs is the
        largest one, since a search may find nothing new, and a shortlist may be short.
        """
        search, confirm = self.header.search, self.header.confirm
        begun = [self.space.candidate(choice) for choice in firsts]
        plans = min(search.plans, space_size(self.header))
        listed = confirm.plans + len(self.signs) + (sum(NEAR_TARGET) if self.header.targets else 0)
        chosen = OTHER_ROLES + len(self.signs)
        runs = (
            plans * search.sets * search.replicates
            + (listed + 3 * chosen) * confirm.sets * confirm.replicates  # 3: confirmed, and gains
            + confirm.failure_sets * FAILURE_REPLICATES
        )
        example = evaluator.plan([one.scenario for one in begun if one is not None])
        self.run.agree(example, evaluator.kept, runs)

    # --- the search --------------------------------------------------------------------------

    def _firsts(self, cheapest: Choice) -> list[Choice]:
        """The plans that are scored first: the cheapest one and, where they fit the budget, the
        dearest one and the scenario's own."""
        first = [cheapest]
        for other in (self.space.extreme(-1.0), self._current()):
            if other is not None and other not in first and self._fits(other):
                first.append(other)
        return first

    def search(self, firsts: list[Choice], evaluator: Evaluator) -> dict[Choice, Scores]:
        """Scores of many plans within the budget."""
        header = self.header

        def score(candidates: Sequence[Candidate]) -> list[Scores]:
            values = evaluator.values([one.scenario for one in candidates])
            return [self.scores(value) for value in values]

        limit = header.budget.limit
        scored = search(
            self.space,
            score,
            criteria=self.criteria,
            limit=limit,
            plans=header.search.plans,
            population=header.search.population,
            seed=header.seed,
            first=firsts,
        )
        for place, one in enumerate(objectives_of(header)):
            if all(np.isnan(scores[place]) for scores in scored.values()):
                raise InputError(
                    f"no plan has a value for {label_of(*one)}, so there is no front (out of "
                    f"{counted(len(scored), 'plan')}; {counted(len(self.signs), 'outcome')})",
                    field="outcomes",
                    allowed="an outcome or week at which something happens",
                )
        return scored

    def _fits(self, choice: Choice) -> bool:
        limit = self.header.budget.limit
        return limit is None or self.space.spend(choice) <= limit

    def scores(self, value: Value) -> Scores:
        """Objectives (high is good) and, with targets, the least of their margins. The probability
        of each target follows, which is kept but no criterion of the search."""
        scores = [sign * value.mean(place) for place, sign in enumerate(self.signs)]
        asked = list(zip(value.targets, self.header.targets, strict=True))
        if asked:
            scores.append(min(sure_margin(each, t, value.failed) for each, t in asked))
            scores += [one.p for one in chances(value, self.header.targets)]
        return tuple(scores)

    def _current(self) -> Choice | None:
        """The scenario's own plan, if the values of the levers contain it."""
        found = []
        for lever in self.header.levers:
            value = value_of(self.study.scenario, lever.name)
            if value not in lever.values:
                return None
            found.append(lever.values.index(value))
        return tuple(found)

    # --- the fresh sample --------------------------------------------------------------------

    def shortlist(self, scored: Mapping[Choice, Scores]) -> list[Choice]:
        """Plans of the front and plans near the targets, to run again, ordered by spend."""
        choices = sorted(scored, key=lambda c: (self.space.spend(c), c))
        spends = np.array([self.space.spend(c) for c in choices])
        scores = np.array([scored[c][: self.criteria] for c in choices])
        front = np.flatnonzero(non_dominated(np.column_stack([spends, -scores])))
        count = self.header.confirm.plans
        if len(front) > count:  # take plans evenly over spend, with both ends
            front = front[np.unique(np.linspace(0, len(front) - 1, count).round().astype(int))]
        kept = set(front.tolist())
        kept.update(int(np.nanargmax(scores[:, place])) for place in range(len(self.signs)))
        if self.header.targets:
            margins = scores[:, -1]
            good = np.flatnonzero(non_dominated(np.column_stack([spends, -margins])))
            enough = int(np.searchsorted(margins[good] >= 0, True)) if len(good) else 0
            below, above = NEAR_TARGET
            kept.update(good[max(0, enough - below) : enough + above].tolist())
        return [choices[i] for i in sorted(kept)]

    def fresh(
        self, shortlist: Sequence[Choice], scored: Mapping[Choice, Scores]
    ) -> tuple[tuple[Plan, ...], Value | None]:
        """Values of the shortlist and of the scenario as it stands (None without TA) on the fresh
        sample."""
        evaluator, header, base = self.evaluator("fresh"), self.header, self.study.scenario
        candidates = [self.space.candidate(choice) for choice in shortlist]
        known = [one for one in candidates if one is not None]
        also = [base] if base.has_ta else []
        values = evaluator.values([*(one.scenario for one in known), *also])
        reference = values.pop() if also else None
        behind = [
            regret_of(regrets([value.objectives[place] for value in values], sign))
            for place, sign in enumerate(self.signs)
        ]
        criteria = [
            [header.budget.spend(one.planned)]
            + [-sign * value.mean(place) for place, sign in enumerate(self.signs)]
            for one, value in zip(known, values, strict=True)
        ]
        front = non_dominated(np.array(criteria))
        plans = [
            Plan(
                f"plan_{number + 1}",
                one,
                scored[one.choice],
                value,
                chances(value, self.header.targets),
                tuple(float(each[number]) for each in behind),
                bool(front[number]),
            )
            for number, (one, value) in enumerate(zip(known, values, strict=True))
        ]
        return tuple(plans), reference

    # --- choosing ----------------------------------------------------------------------------

    def choose(
        self, plans: Sequence[Plan], third: Evaluator
    ) -> tuple[dict[str, Plan], dict[str, Value], tuple[str, ...]]:
        """The plan for each role, the recommended one first; the values of all chosen plans on the
        third sample; and the names of the plans that met the targets on the fresh sample and were
        then checked on the third, in order."""
        others = self.by_outcomes(plans)
        confirmed: dict[str, Value] = {}

        def confirm(some: Sequence[Plan]) -> None:
            new = list({one.name: one for one in some if one.name not in confirmed}.values())
            values = third.values([one.candidate.scenario for one in new]) if new else []
            confirmed.update({one.name: value for one, value in zip(new, values, strict=True)})

        if not self.header.targets:
            confirm(list(others.values()))
            return others, confirmed, ()
        surely = [one for one in plans if self.short(one.chances, "low") <= 0]
        likely = [one for one in plans if self.short(one.chances, "p") <= 0 and one not in surely]
        near = min(plans, key=lambda one: self.short(one.chances, "p"))
        confirm([*others.values(), *[*surely, *likely, near][:1]])
        tried, held = [], None
        for one in [*surely, *likely]:
            confirm([one])
            tried.append(one)
            sure = chances(confirmed[one.name], self.header.targets)
            if self.short(sure, "low") <= 0:
                held = one
                break
            if held is None and self.short(sure, "p") <= 0:
                held = one  # holds by its estimate; a later plan may hold with certainty
        if held is not None:
            first = {"cheapest": held}
        else:
            first = {
                "closest": min(
                    tried or [near],
                    key=lambda one: self.short(
                        chances(confirmed[one.name], self.header.targets), "p"
                    ),
                )
            }
        return {**first, **others}, confirmed, tuple(one.name for one in tried)

    def by_outcomes(self, plans: Sequence[Plan]) -> dict[str, Plan]:
        """The plans that are chosen by outcomes, without regard to targets."""

        def high(value: float, sign: float) -> float:
            return float(np.nan_to_num(sign * value, nan=-np.inf))

        roles = {"least regret": min(plans, key=lambda one: one.regrets[0])}
        for place, (sign, one) in enumerate(
            zip(self.signs, objectives_of(self.header), strict=True)
        ):
            role = f"{'most' if sign > 0 else 'least'} {label_of(*one)}"
            roles[role] = max(plans, key=lambda p: high(p.value.mean(place), sign))
        if len(self.study.scenario.region_names) > 1:
            sign = self.signs[0]
            roles["fairest"] = max(plans, key=lambda p: high(p.value.worst_region(0, sign), sign))
        return roles

    def short(self, chances: Sequence[Any], part: str) -> float:
        """The largest amount by which the probability of a target falls short."""
        return max(
            target.probability - getattr(found, part)
            for target, found in zip(self.header.targets, chances, strict=True)
        )

    def gains(self, chosen: Sequence[Plan], third: Evaluator) -> dict[str, dict[str, np.ndarray]]:
        """The gains of each chosen plan over no assistance and, after a log, over stopping now."""
        worlds: dict[str, Callable[[Scenario], Scenario]] = {"no assistance": Scenario.without_ta}
        if self.study.scenario.contact_log is not None:
            worlds["stopping now"] = Scenario.stopping_now
        made = [one.candidate.scenario for one in chosen]
        names = [one.name for one in chosen]
        return {
            against: dict(zip(names, third.gains(made, world), strict=True))
            for against, world in worlds.items()
        }

    # --- when it fails -----------------------------------------------------------------------

    def failures(self, one: Plan) -> tuple[Discovery, tuple[Driver, ...]]:
        """The conditions under which a plan fails, and the parameters that its first outcome
        depends on. A plan fails where it misses a target or, without targets, is in its own lowest
        quarter."""
        evaluator = self.evaluator("failures")
        value = evaluator.value(one.candidate.scenario)
        asked = list(zip(value.targets, self.header.targets, strict=True))
        if asked:
            missed = ~np.all([met(each, target) for each, target in asked], axis=0)
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
        whole = ~value.failed.any(axis=1)  # sets without a failed run
        drivers = tuple(rank_drivers(matrix, names, means))
        return discover(matrix[whole], names, missed[whole]), drivers
