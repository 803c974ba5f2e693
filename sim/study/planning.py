"""Plans under a budget: what to do with people and hours, how surely it serves, when it fails.

Three samples of plausible sets and luck, each drawn anew, keep the answer honest. The *search*
ranks hundreds of plans on a small one; whoever wins there was partly lucky (the winner's curse:
Smith & Winkler 2006, Management Science 52(3) 311-322). So a shortlist is run again on a *fresh*
one, which chooses; and what was chosen is run once more on a third, which is what is reported,
beside the other two.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.dosage import Planned
from sim.runs.execute import Execution
from sim.scenario import Scenario
from sim.stats.drivers import Driver
from sim.stats.intervals import Share
from sim.study.failures import Failures
from sim.study.plan_file import PlanFile, read_plan
from sim.study.plan_search import Candidate, Choice, Journal, Space
from sim.study.plan_value import Value
from sim.study.plausible import plausible_sets
from sim.study.study_file import Study

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], object]
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
    chances: tuple[Share, ...]
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
        drivers: what its first outcome rests on; see :func:`sim.stats.drivers.drivers`.
        sources: what the plausible sets are.
        reachable: whether some plan meets the targets on the fresh sample.
        gains: what the recommended plan adds to no assistance (and to stopping now), on the third
            sample: (objectives, sets, replicates) each.
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
    drivers: tuple[Driver, ...]
    source: str
    reachable: bool
    seed: int
    gains: Mapping[str, np.ndarray]

    @property
    def header(self) -> PlanFile:
        """The fields of the study file."""
        return self.study.header

    @property
    def best(self) -> Plan:
        """The recommended plan."""
        return self.roles[self.recommended]

    @property
    def labels(self) -> dict[str, str]:
        """Column of each outcome -> the outcome in words."""
        from sim.study._planned import key_of
        from sim.study.plan_file import objective_label, specs_of

        return {key_of(*one): objective_label(*one) for one in specs_of(self.header)}

    @property
    def budget_limit(self) -> float | None:
        """What may be spent at most, in the unit of the budget."""
        return self.header.budget.limit

    @property
    def budget_unit(self) -> str:
        """What the budget counts."""
        return self.header.budget.unit

    def scenario(self, role: str | None = None) -> Scenario:
        """The scenario of a role's plan (the recommended one), named after study and plan."""
        plan = self.roles[self.recommended if role is None else role]
        base = plan.candidate.scenario
        question = self.header.question or base.question
        return base.replace(
            name=f"{self.study.scenario.name} ({plan.name})"[:200],
            question=question,
            description=f"Found by a search of {len(self.scored)} plans: "
            f"{ROLES[role or self.recommended]}. What if, not forecast.",
        )

    def spend(self, plan: Plan) -> float:
        """What the budget counts."""
        return self.header.budget.spend(plan.planned)

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables of :data:`sim.study._planned.TABLES`."""
        from sim.study import _planned

        return _planned.TABLES[name](self)

    def answer(self) -> str:
        """The answer in a paragraph."""
        from sim.study import _plan_words

        return _plan_words.answer(self)

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        force: bool = False,
        command: str = "",
        draw: Callable[[Planning, Path], object] | None = None,
    ) -> Path:
        """Write a result folder (manifest kind "plan"): complete, or not at all.

        Args:
            draw: puts figures into the folder.

        Raises:
            ResultsError: the folder may not or cannot be written.
        """
        from sim.study import _planned

        return _planned.save(self, Path(directory), force=force, command=command, draw=draw)


def plan(
    study: Study[PlanFile] | str | os.PathLike[str],
    *,
    seed: int | None = None,
    journal: Journal | None = None,
    execution: Execution | None = None,
) -> Planning:
    """Search for plans, choose, confirm, and say when the recommended one fails.

    Args:
        study: checked study file, or its path or shipped name.
        seed: of sets, luck and search; left out: the study's.
        journal: what an earlier search of the same study was told (see :func:`study_key`).
        execution: how runs are made; its progress counts plans, and its store keeps the runs that
            confirm (the journal keeps those of the search).

    Raises:
        StudyError: the file cannot be used, or its budget is below the cheapest plan.
        InputError: no plan has a value for an outcome.
    """
    if not isinstance(study, Study):
        study = read_plan(study)
    from sim.study._planner import Planner

    return Planner(study, seed, execution).plan(journal)


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
