"""Surfaces of dose and response: :func:`surface` maps outcomes over frequency and hours."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.studies.several import Results, over_scenarios

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.scenario.scenario import Scenario
    from sim.studies.plausible import SetChoice
    from sim.studies.result import Result

AXES: tuple[str, ...] = (
    "every_weeks",
    "hours",
    "co_creation",
    "months",
    "mode",
    "functions",
    "sites",
)
"""The axes in which cells differ."""
EVERY_WEEKS: tuple[float, ...] = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 26, 52)
HOURS: tuple[float, ...] = (0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
SHOWN: tuple[str, ...] = ("trust", "mutual_accountability", "integration", "capacity")


@over_scenarios(Results)
def surface(
    scenario: Scenario | str | os.PathLike[str],
    *,
    every_weeks: Sequence[float] = EVERY_WEEKS,
    hours: Sequence[float] = HOURS,
    co_creation: Sequence[float] | None = None,
    months: Sequence[float] | None = None,
    mode: Sequence[str] | None = None,
    functions: Sequence[str] | None = None,
    sites: Sequence[int] | None = None,
    keep_others: bool = False,
    provider_hours: float | None = None,
    budget: Mapping[str, Any] | None = None,
    targets: Mapping[str, float] | None = None,
    outcomes: Sequence[str] | Mapping[str, Any] = SHOWN,
    engine: str | type = "auto",
    sets: SetChoice = 50,
    replicates: int = 4,
    seed: int | None = None,
    hold: Mapping[str, float] | None = None,
    execution: Execution | None = None,
) -> Result:
    """Run a grid of dosages.

    The scenario's *main series* is its most frequent one (the first of equals). Cells keep the
    mode, first and last week, co-creation, taper, functions and invited share of this series. In
    every cell, one scheduled series of this kind replaces the whole dosage, with the cell's weeks
    between contacts and hours per contact (at the first contact; a taper makes later ones shorter).
    With ``keep_others`` the scenario's other series stay. A contact log stays, because it is
    history. Each cell is a plain scenario (:func:`sim.studies.surface.grid.scenario_of`) that any
    other command can run, and every cell runs the same plausible sets and the same chance.

    With a budget, cells whose plan costs more are left out, and a *budget line* is added: at each
    frequency, the hours per contact that the budget just pays for, up to the most hours of the
    grid.

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one; or a list of
            them, or a mapping from labels to them. Several scenarios all have the seed of the
            first, and the function returns a :class:`~sim.studies.several.Results`.
        every_weeks, hours: the grid: weeks between contacts (1..520), hours per contact (above 0).
        co_creation, months, mode, functions, sites: further axes; None: as in the scenario. Months
            count from the first week of the plan; functions are names of mixes
            (:data:`sim.scenario.functions.PRESETS`); sites are regions per provider (weekly hours
            stay).
        keep_others: keep the scenario's other series in every cell.
        provider_hours: a budget of provider hours per week of TA and region, with preparation and
            travel, if every contact is held.
        budget: a budget as in a plan study: ``{"money": 300000, "per": "year", "of": "centre"}``.
        targets: outcome -> level; None: at least the scenario's own dosage, run by run.
        outcomes: names of outcomes to map; or outcomes of your own, functions of the model by name
            (:mod:`sim.model.own`), which are mapped beside the usual ones.
        engine: "auto", "mesa", "compiled", or a model of your own: "module:Model" or the subclass
            of CoCreationModel.
        sets: plausible sets, their number, the folder of a calibration, or sets of your own.
        replicates: runs of each set, 1 or more.
        seed: seed of every random number; default: the scenario's.
        hold: parameters held at a value in every set, by name.
        execution: how runs are made; default: on all threads of this machine.

    Returns:
        The result. Its tables are ``cheapest`` (for each target), ``best``, ``maps``,
        ``budget_line``, ``own`` (the scenario's own dosage) and ``surface`` (a row for each cell
        and outcome).

    Raises:
        InputError: an argument cannot be used, or the budget pays for no contact.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    >>> found = surface("classroom", every_weeks=(4, 8), hours=(1,), sets=2, replicates=2)
    >>> found.table("surface")["cell"].nunique()
    2
    """
    from sim.runs.own import chosen
    from sim.studies.ask import ask
    from sim.studies.kind import StudyKind

    own = outcomes if isinstance(outcomes, Mapping) else {}
    study = StudyKind.of("surface").make(
        scenario=scenario, every_weeks=every_weeks, hours=hours, co_creation=co_creation,
        months=months, mode=mode, functions=functions, sites=sites, keep_others=keep_others,
        provider_hours=provider_hours, budget=budget, targets={} if targets is None else targets,
        outcomes=[*SHOWN, *own] if own else outcomes, engine=chosen(engine, own),
        sets=50 if sets is None else sets, replicates=replicates, seed=seed,
        hold={} if hold is None else hold,
    )  # fmt: skip
    return ask(study, execution)
