"""run: a scenario over plausible sets or its own values, each run with its partner without TA."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.ensemble import Engine, check_replicates, check_seed, choose_engine
from sim.errors import InputError, Problem
from sim.parameters import Parameters
from sim.results import Runs, run_plan
from sim.runs.execute import Execution
from sim.runs.plan import RunPlan, independent
from sim.runs.weekly import job_weeks
from sim.scenario import Scenario, find

if TYPE_CHECKING:
    from sim.study.plausible import SetChoice

SET_REPLICATES = 4
"""Runs of each plausible set, when none are asked for: as in every planner's command."""
FIXED_REPLICATES: Mapping[str, int] = {"compiled": 200, "mesa": 30}
"""Runs of fixed values, when none are asked for: what an engine does in moments."""

ParameterChoice = Parameters | Mapping[str, float]
"""A full set, or the values in which it differs from the scenario's own."""


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    sets: SetChoice = None,
    fixed: bool = False,
    parameters: ParameterChoice | Sequence[ParameterChoice] | None = None,
    changes: Mapping[str, float] | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    engine: str | Engine = "auto",
    keep_runs: bool = False,
    execution: Execution | None = None,
) -> Runs:
    """Run a scenario many times, each run with its partner without TA.

    Left alone it runs over 50 plausible parameter sets, 4 runs of each, every set with replicates
    of its own: the design of :func:`~sim.study.comparison.compare` and of every other command, so
    that the same question has the same answer. With ``fixed`` or ``parameters`` there is chance
    alone.

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one.
        sets: plausible sets, how many to draw, or the folder of a calibration; left out: 50. What
            the scenario's file says under ``parameters`` holds in every set.
        fixed: run the scenario's own values, no plausible sets.
        parameters: one or more full sets (:class:`Parameters`), or mappings of the values in which
            they differ from the scenario's own, in place of plausible sets.
        changes: values that hold in every set, over what the file says.
        replicates: runs of each set; left out: 4 of plausible sets, 200 of fixed values (30 by the
            readable engine).
        seed: left out: the scenario's.
        engine: "auto", "mesa", "compiled", or a function; see :mod:`sim.ensemble`.
        keep_runs: keep the weekly values of every run (:meth:`Runs.trajectories`); takes much
            memory.
        execution: how runs are made; left out: on all threads of this machine.

    Raises:
        InputError: an argument or the scenario cannot be used.
        Unfinished: a shard has done its part (:func:`sim.runs.execute.execute`).
        InterruptedRun: Ctrl-C. ``partial`` is a :class:`Runs` of what was finished (None: nothing)
            or, with a store, its folder.

    Example:
        >>> runs = run("classroom", sets=3, replicates=2, seed=1)
        >>> len(runs), runs.complete
        (6, True)
        >>> again = run("classroom", sets=3, replicates=2, seed=1)
        >>> bool((runs.runs()["value"].dropna() == again.runs()["value"].dropna()).all())
        True
    """
    plan, source = design(
        scenario, sets=sets, fixed=fixed, parameters=parameters, changes=changes,
        replicates=replicates, seed=seed, engine=engine,
    )  # fmt: skip
    return run_plan(plan, keep_runs=keep_runs, plausible=source, execution=execution)


def design(
    scenario: Scenario | str | os.PathLike[str],
    *,
    sets: SetChoice = None,
    fixed: bool = False,
    parameters: ParameterChoice | Sequence[ParameterChoice] | None = None,
    changes: Mapping[str, float] | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    engine: str | Engine = "auto",
) -> tuple[RunPlan, str]:
    """The runs that :func:`run` makes, and the sentence on what its plausible sets rest on (empty
    where there are none). Arguments and errors as of :func:`run`."""
    if not isinstance(scenario, Scenario):
        scenario = Scenario.load(find(scenario))
    name = choose_engine(engine)[0]
    if fixed or parameters is not None:
        if sets is not None:
            other = "fixed" if fixed else "parameters"
            raise InputError(
                Problem(f"does not go with {other}", field="sets", allowed="one of the two")
            )
        values, source = parameter_sets(scenario, parameters), ""
        usual = FIXED_REPLICATES.get(name, FIXED_REPLICATES["compiled"])
    else:
        from sim.study.plausible import chosen_sets  # SciPy, which fixed values need not wait for

        plausible = chosen_sets(sets)
        values, source, usual = plausible.within(scenario), plausible.source, SET_REPLICATES
    if changes:
        beyond = scenario.beyond_range or bool(source)
        values = tuple(one.replace(beyond_range=beyond, **changes) for one in values)
    count = check_replicates(usual if replicates is None else replicates)
    chance = check_seed(scenario.seed if seed is None else seed)
    job = independent(scenario, values, count, job_weeks(scenario), counterfactual=True)
    return RunPlan((job,), chance, engine), source


def parameter_sets(
    scenario: Scenario, parameters: ParameterChoice | Sequence[ParameterChoice] | None
) -> tuple[Parameters, ...]:
    """The full parameter sets that ``run`` means by its argument of that name.

    Raises:
        InputError: no set, something that is no set, an unknown name or a value out of range.
    """
    own = scenario.parameter_set()
    if parameters is None:
        return (own,)
    choices = [parameters] if isinstance(parameters, Mapping) else list(parameters)
    if not choices:
        raise InputError(Problem("no set is given", field="parameters", allowed="1 or more sets"))
    sets = []
    for position, choice in enumerate(choices):
        if isinstance(choice, Parameters):
            sets.append(choice)
        elif isinstance(choice, Mapping):
            sets.append(own.replace(beyond_range=scenario.beyond_range, **choice))
        else:
            raise InputError(
                Problem(
                    f"{choice!r} is not a parameter set",
                    field=f"parameters[{position}]",
                    allowed="Parameters, or a mapping from names to values",
                )
            )
    return tuple(sets)
