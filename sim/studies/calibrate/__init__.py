"""Calibrations: :func:`calibrate` fits the free parameters to what was observed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.studies.kind import Result


def calibrate(
    study: str | os.PathLike[str] = "calibrate",
    *,
    execution: Execution | None = None,
    **fields: Any,
) -> Result:
    """Fit the free parameters to what was observed; say what was learned and what was not.

    History matching rules out what cannot be, then every setting of a reference table of runs gets
    a weight by how well it agrees with the targets.

    Args:
        study: path of a study file, or the name of a shipped one.
        execution: how runs are made; left out: on all threads of this machine.
        fields: in place of those of the file, such as ``samples=2000`` or ``leave_out=["T9"]``.

    Returns:
        The result. Its tables: ``summary``, ``predictive`` (each target against fresh runs),
        ``contraction`` (prior against posterior, parameter by parameter), ``directions``,
        ``conflicts`` (targets that hinder each other), ``ruled_out``, ``waves``, ``targets`` and
        ``reference`` (every setting, what it gives, and its weight). Its folder, once saved, holds
        plausible sets for the ``sets`` of every other study.

    Raises:
        StudyError: every mistake in the study, with its line.
        CalibrationError: no setting meets the targets (says the nearest and what stands in the
            way), or too many settings have no value.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    Source: history matching, Andrianakis et al. 2015, doi 10.1371/journal.pcbi.1003968; the kernel
    of tolerances, Wilkinson 2013, doi 10.1515/sagmb-2013-0010.

    >>> few = {"factors": ["keeping"], "targets": ["T4", "T10"]}  # fewer than an answer needs
    >>> found = calibrate(waves=1, wave_samples=60, wave_replicates=2, samples=120, **few)
    >>> len(found.table("reference")), len(found.table("targets"))
    (120, 2)
    >>> keeping = found.table("contraction").set_index("name").loc["keeping", "mean"]
    >>> bool(0.2 < keeping < 0.9)  # within its range
    True
    """
    from sim.studies.kind import StudyKind, ask

    return ask(StudyKind.of("calibrate").read(study, **fields), execution)
