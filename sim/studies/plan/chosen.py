"""Plan and Findings: a plan of the shortlist, and all results of a plan study before tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.model.dosage import Planned
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.stats.discovery import Discovery
from sim.stats.drivers import Driver
from sim.stats.intervals import Share
from sim.studies.plan.search import Candidate, Choice, Scores, Space
from sim.studies.plan.spec import Spec, setting_of
from sim.studies.plan.values import Value
from sim.studies.spec import Study


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan of the shortlist.

    Attributes:
        name: ``plan_1`` ..., ordered by spend.
        candidate: lever settings, scenario, planned cost.
        scores: values in the search: objectives (signed: high is good), the least margin of the
            targets, their probabilities.
        value: the value on the fresh sample.
        chances: the probability of each target on the fresh sample.
        regrets: for each objective, the limit that the regret does not exceed in nine of ten sets.
        on_front: whether no plan of the shortlist is better in one criterion and nowhere worse.
    """

    name: str
    candidate: Candidate
    scores: Scores
    value: Value
    chances: tuple[Share, ...]
    regrets: tuple[float, ...]
    on_front: bool

    @property
    def planned(self) -> Planned:
        """The planned cost."""
        return self.candidate.planned


@dataclass(frozen=True, eq=False)
class Findings:
    """The results of a plan study.

    Attributes:
        study: the study.
        space: the plans that the levers allow.
        scored: scores of every plan in the search, by choice.
        plans: the shortlist, ordered by spend; all plans are within the budget.
        roles: role -> plan that was chosen for it, the recommended one first: "cheapest" (meets the
            targets), "closest" (to the targets), "least regret", "most ..." of each outcome,
            "fairest" (best for the worst region).
        confirmed: plan name -> value on the third sample, for the chosen and the tried plans.
        tried: names of the plans that met the targets on the fresh sample and were checked on the
            third, in order.
        reference: planned cost of the scenario as it stands, and its values on the fresh and the
            third sample; None without TA.
        gains: counterfactual -> plan name -> gains over it on the third sample, (objectives, sets,
            replicates).
        pattern: the conditions under which the recommended plan fails.
        drivers: the parameters that its first outcome depends on.
    """

    study: Study[Spec]
    space: Space
    scored: Mapping[Choice, Scores]
    plans: tuple[Plan, ...]
    roles: Mapping[str, Plan]
    confirmed: Mapping[str, Value]
    tried: tuple[str, ...]
    reference: tuple[Planned, Value, Value] | None
    gains: Mapping[str, Mapping[str, np.ndarray]]
    pattern: Discovery
    drivers: tuple[Driver, ...]

    @property
    def best(self) -> Plan:
        """The recommended plan."""
        return next(iter(self.roles.values()))

    @property
    def chosen(self) -> list[Plan]:
        """Every plan that was chosen for a role, each once, the recommended one first."""
        return list({one.name: one for one in self.roles.values()}.values())

    def roles_of(self, plan: Plan) -> str:
        """The roles for which a plan was chosen, separated by commas."""
        return ", ".join(role for role, one in self.roles.items() if one is plan)


def scenario_of(study: Study[Spec], row: Mapping[Any, Any]) -> Scenario:
    """The scenario of a row of the table of plans, named after study and plan."""
    levers = study.header.levers
    made = with_levers(
        study.scenario, {lever.name: setting_of(lever, row[lever.name]) for lever in levers}
    )
    said = f"Found by a search of plans; chosen as: {row['roles']}." if row["roles"] else ""
    return made.replace(
        name=f"{study.scenario.name} ({row['plan']})"[:200],
        question=study.header.question or made.question,
        description=f"{said} What if, not forecast.".strip(),
    )
