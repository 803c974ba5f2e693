"""Dose-response against published trials: :func:`compare_trials`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.studies.result import Result


def compare_trials(
    study: str | os.PathLike[str] = "trials",
    *,
    execution: Execution | None = None,
    **fields: Any,
) -> Result:
    """Run published trials' dosage and forecast each trial from the others.

    The model is compared with the trials, not validated by them.

    Args:
        study: path of a study file, or the name of a shipped one.
        execution: how runs are made; default: on all threads of this machine.
        fields: fields that replace those of the file, such as ``sets=20``. A number of
            sets is drawn from a calibration that has not seen the shipped trials.

    Returns:
        The result. Its tables are ``trials`` (for each trial, dosage, observed effect and forecasts
        of the model and of two rivals), ``scores`` (for each forecast, log score and difference
        from one constant with its standard error), ``mapping`` (SMD = a + b x effect) and ``doses``
        (the changes of effect with twice the hours and twice the months, in model and trials).

    Raises:
        StudyError: the study has mistakes; each is named with its line.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    >>> found = compare_trials(replicates=2)
    >>> len(found.table("trials")), found.table("scores")["what"].to_list()
    (15, ['one constant', 'log hours a month', 'model', 'model through 0 (as up to 0.2.0)'])
    """
    from sim.studies.ask import ask
    from sim.studies.kind import StudyKind

    return ask(StudyKind.of("trials").read(study, **fields), execution)
