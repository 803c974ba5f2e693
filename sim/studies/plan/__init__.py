"""Plans within a budget: :func:`plan` recommends what to do with people and hours.

Three samples of plausible sets and chance, each drawn anew, prevent an optimistic answer. The
*search* ranks hundreds of plans on a small sample, on which chance helps the winner (the winner's
curse: Smith & Winkler 2006, Management Science 52(3) 311-322). A shortlist is therefore run again
on a *fresh* sample, which decides. The chosen plans are run once more on a third sample, which
*confirms* them or not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.studies.result import Result


def plan(
    study: str | os.PathLike[str] | Mapping[str, Any],
    *,
    folder: str | os.PathLike[str] | None = None,
    execution: Execution | None = None,
    **changes: Any,
) -> Result:
    """Search for plans, choose the best, confirm them, and say when the recommended one fails.

    Args:
        study: a study file (its path, or the name of a shipped one), or its fields.
        folder: the folder that relative paths in the fields count from; default: the current one.
        execution: how runs are made; default: on all threads of this machine.
        changes: fields that replace those of the study, such as ``seed``, ``start_date`` or
            ``engine`` (a model of your own: "module:Model" or the subclass of CoCreationModel).

    Returns:
        The result. Its tables are ``plans`` (the shortlist, with a row for each plan), ``targets``,
        ``gains`` (over no assistance and other references), ``chosen`` (values in search, fresh
        sample and confirmation), ``costs`` (by year and payer), ``regions``, ``when_it_fails``,
        ``drivers``, ``calendar`` and ``searched``.

    Raises:
        StudyError: the file cannot be used, or its budget is below the cheapest plan.
        InputError: no plan has a value for an outcome.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    >>> found = plan({
    ...     "scenario": "classroom", "levers": {"video.every_weeks": [2, 8]},
    ...     "budget": {"money": 20000},
    ...     "search": {"plans": 7, "population": 4, "sets": 4, "replicates": 1},
    ...     "confirm": {"plans": 3, "sets": 10, "replicates": 1, "failure_sets": 50},
    ... })
    >>> bool((found.table("plans")["spend"] <= 20000).all())
    True
    """
    from sim.studies.ask import ask
    from sim.studies.kind import StudyKind

    kind = StudyKind.of("plan")
    if isinstance(study, Mapping):
        place = None if folder is None else Path(folder)
        return ask(kind.make(folder=place, **{**study, **changes}), execution)
    return ask(kind.read(study, **changes), execution)
