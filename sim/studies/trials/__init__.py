"""Dose-response against published trials: :func:`compare_trials`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.studies.kind import Result


def compare_trials(
    study: str | os.PathLike[str] = "trials",
    *,
    execution: Execution | None = None,
    **fields: Any,
) -> Result:
    """Run published trials' dosage and forecast each from the others: compared, not validated.

    Args:
        study: path of a study file, or the name of a shipped one.
        execution: how runs are made; left out: on all threads of this machine.
        fields: in place of those of the file, such as ``sets=20``.

    Returns:
        The result. Its tables: ``trials`` (a row a trial: dosage, observed effect, forecasts of the
        model and of two rivals), ``scores`` (a row a forecast: log score, difference from one
        constant with its standard error), ``mapping`` (SMD = a + b x effect) and ``doses`` (what
        twice the hours and twice the months go with, in model and trials).

    Raises:
        StudyError: every mistake in the study, with its line.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    >>> found = compare_trials(sets=3, replicates=2)
    >>> len(found.table("trials")), found.table("scores")["what"].to_list()
    (15, ['one constant', 'log hours a month', 'model', 'model through 0 (as up to 0.2.0)'])
    """
    from sim.studies.kind import StudyKind, ask

    return ask(StudyKind.of("trials").read(study, **fields), execution)
