"""answer: draws a sample, runs and analyses it, and doubles it until the indices have converged.

Runs and analysis are pure functions of the study, so the same study gives the same tables even
after an interruption.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.present.table import Table
from sim.runs.execute import Execution
from sim.studies.kind import Runner
from sim.studies.sensitivity import timing
from sim.studies.sensitivity.design import design_of
from sim.studies.sensitivity.findings import Findings
from sim.studies.sensitivity.samples import doubled, first_samples
from sim.studies.sensitivity.second_seed import moved
from sim.studies.sensitivity.spec import Spec
from sim.studies.sensitivity.tables import tables_of
from sim.studies.spec import Study

__all__ = ["answer", "estimate", "moved"]


def answer(study: Study[Spec], run: Runner) -> Mapping[str, Table]:
    """Make the runs and return every table of a sensitivity study.

    Raises:
        StudyError: runs have no value, and too few are left without them.
    """
    design = design_of(study)
    samples = first_samples(design, run)
    found = Findings.of(design, samples)
    step = 0
    while _goes_on(study, found):
        step += 1
        samples = doubled(design, samples, run, step)
        found = Findings.of(design, samples)
    return tables_of(design, samples, found)


def _goes_on(study: Study[Spec], found: Findings) -> bool:
    """Whether a main index or an order has not converged and the budget allows twice the runs."""
    stop = study.header.stop
    return stop is not None and 2 * found.runs <= stop.budget_runs and not found.converged


def estimate(study: Study[Spec], execution: Execution) -> str:
    """How long the study takes on this machine, in a sentence.

    Raises:
        StudyError: the estimate is above the time limit of the study.
    """
    return timing.estimate(design_of(study), execution)
