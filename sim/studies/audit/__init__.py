"""Design audits: :func:`audit` repeats a study's design to see what it would have reported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.execute import Execution
    from sim.studies.result import Result


def audit(
    study: str | os.PathLike[str] = "audit_source",
    *,
    execution: Execution | None = None,
    **fields: Any,
) -> Result:
    """Run a study's design many times and compare the reported effects with the true ones.

    Args:
        study: path of a study file, or the name of a shipped one.
        execution: how runs are made; default: on all threads of this machine.
        fields: fields that replace those of the file, such as ``sets=20`` or
            ``asks_about=["trust"]``.

    Returns:
        The result. Its tables are ``audit`` (a row for each world, trend, construct and design)
        and, for the design ``before_after``, ``leniency`` and ``remedies`` (the benefit of cheap
        additions).

    Raises:
        StudyError: the study has mistakes; each is named with its line.
        Unfinished, InterruptedRun: as :func:`sim.runs.execute.execute`.

    >>> found = audit(sets=2, replicates=3, asks_about=["trust"], background_trends=[0])
    >>> table = found.table("audit").set_index(["world", "design"])
    >>> float(table.loc[("does nothing", "before_after"), "true"])
    0.0
    """
    from sim.studies.ask import ask
    from sim.studies.kind import StudyKind

    return ask(StudyKind.of("audit").read(study, **fields), execution)
