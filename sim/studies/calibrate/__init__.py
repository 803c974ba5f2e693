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
    """Fit the free parameters to what was observed; say what was narrowed and what came back.

    Every setting of a bank of runs gets the likelihood of the targets as its weight: the error of a
    finding and the noise of the simulated mean together.

    Args:
        study: path of a study file, or the name of a shipped one.
        execution: how runs are made; left out: on all threads of this machine.
        fields: in place of those of the file, such as ``samples=2000``, ``leave_out=["T9"]`` or
            ``truths=400`` (coverage).

    Returns:
        The result. Its tables: ``summary``, ``predictive`` (each target against fresh runs),
        ``narrowed`` (prior against posterior, parameter by parameter), ``left_out`` (what moves
        without a target), ``double_use`` (sources of both a range and a target), ``defaults``
        (are they in the middle of the sets?),
        ``targets``, ``reference`` (the bank: every setting, what it gives, and its weight), and
        with ``truths`` ``coverage``. Its folder, once saved, holds plausible sets for the ``sets``
        of every other study.

    Raises:
        StudyError: every mistake in the study, with its line.
        CalibrationError: no setting meets the targets (says the nearest and what stands in the
            way), or too many settings have no value.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    Source: error of observation as the kernel, Wilkinson 2013, doi 10.1515/sagmb-2013-0010;
    variance of simulated means in it, Wood 2010, doi 10.1038/nature09319; coverage, Talts et al.
    2018, arXiv 1804.06788.

    >>> few = {"factors": ["keeping"], "targets": ["T4", "T10"]}  # fewer than an answer needs
    >>> found = calibrate(samples=120, replicates=2, truths=0, **few)
    >>> len(found.table("reference")), len(found.table("targets"))
    (120, 2)
    >>> keeping = found.table("narrowed").set_index("name").loc["keeping", "mean"]
    >>> bool(0.2 < keeping < 0.9)  # within its range
    True
    """
    from sim.studies.kind import StudyKind, ask

    return ask(StudyKind.of("calibrate").read(study, **fields), execution)
