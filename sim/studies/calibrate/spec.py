"""Spec: the fields of a calibration."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from sim.present.format import count
from sim.scenario.checking import Issue, Number, Words
from sim.scenario.loading import document_of
from sim.studies import observed
from sim.studies.observed import Observation, ObservedFile
from sim.studies.spec import Factors, Header, Option, Study, beside

HELP = """Fit parameters to what was observed.

Every setting of a reference table of runs gets the likelihood of the targets as its weight. The
answer says target by target what is met and missed, by how much each parameter was narrowed and by
which targets, what moves when a target is left out, and how often intervals hold a known truth. The
folder holds the plausible sets (plausible.csv, plausible.json) that --sets of other commands reads.

\b
Examples:
  codose calibrate calibrate
  codose calibrate my_calibration.yaml --samples 2000 --out results/rough
  codose calibrate calibrate --truths 400 --out results/coverage
  codose calibrate calibrate --shard 1/8 --out shard-1
"""
STEPS = "the reference table, a check on fresh runs, a survey and, on request, coverage"
_ONE_TABLE = "a calibration is one reference table of settings now: samples and replicates"


LOOKS_AT_PEOPLE = True
"""Surveys ask the people of a run, and only the compiled engine gives access to people."""


class Spec(Header):
    """A calibration."""

    kind: Literal["calibrate"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """calibrate"""
    factors: Factors = (("free", None), ("uncertain", None))
    """The parameters that vary: the answer says by how much the free ones are narrowed; all others
    vary beside them, and are kept with them in each plausible set."""
    targets: tuple[Annotated[str, Words(40)], ...] = ()
    """Ids of the findings to calibrate to; default: all that can be scored."""
    leave_out: tuple[Annotated[str, Words(40)], ...] = ()
    """Ids of findings to leave out."""
    observed: Annotated[
        tuple[Annotated[str, Words(1000)], ...], Option(metavar="FILE", many=True, path=True)
    ] = ()
    """Files of observations of your own (or tables that 'codose import survey' reads), from this
    file's folder."""
    data: ObservedFile | None = None
    """Observations of your own, written here as they would be in a file."""
    own_only: Annotated[bool, Option()] = False
    """Fit the model to your own findings only, not to those that come with codose."""
    samples: Annotated[int, Number(50, 2**20, whole=True), Option()] = 8000
    """Settings of the reference table, drawn from the priors."""
    replicates: Annotated[int, Number(2, 2**10, whole=True), Option("-n")] = 16
    """Runs of each setting, with chance of its own."""
    kept: Annotated[int, Number(50, 100_000, whole=True)] = 2000
    """Draws from the posterior that are kept as plausible sets."""
    truths: Annotated[int, Number(0, 2**16, whole=True), Option()] = 0
    """Known truths for a test of the calibration: settings drawn anew, whose simulated data are
    calibrated to; how often do the intervals hold them? 0: no test."""
    GONE: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("waves", "wave_samples", "wave_replicates", "emulator", "cutoff", "method"), _ONE_TABLE
    )

    def named_files(self, folder: Path | None) -> Iterator[tuple[tuple[str | int, ...], Path]]:
        for place, name in enumerate(self.observed):
            yield ("observed", place), beside(name, folder)

    def inputs(self, folder: Path | None) -> Mapping[str, Any]:
        """Every finding, from the files that come with codose and from those of the study."""
        shipped = [] if self.own_only else observed.read_all()
        own: list[Observation] = []
        for name in self.observed:
            own += _brought(beside(name, folder))
        if self.data is not None:
            own += observed.of_file(self.data, "data")
        found = observed.unique([*shipped, *(replace(one, own=True) for one in own)])
        return {"observations": [one.record() for one in found]}


def _brought(path: Path) -> list[Observation]:
    """The findings of the user's own file of observations or table (CSV or Excel)."""
    if path.suffix.lower() in (".yaml", ".yml") or os.path.isdir(path):
        return observed.read_observed(path)
    from sim.studies.survey_import import observations

    document = document_of(observations(path), str(path))
    return observed.of_file(observed.file_of(document), document.file)


def issues(spec: Spec) -> Iterator[Issue]:
    """Mistakes between the fields."""
    for issue in () if spec.data is None else observed.issues_of(spec.data):
        yield replace(issue, where=("data", *issue.where))


def check(study: Study[Spec]) -> None:
    """Check targets and priors against the scenario.

    Raises:
        InputError: as in :func:`sim.studies.calibrate.calibration.calibration_of`.
    """
    from sim.studies.calibrate.calibration import calibration_of

    calibration_of(study)


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    header = study.header
    truths = f", coverage of {count(header.truths, 'truth')}" if header.truths else ""
    settings = count(header.samples, "setting")
    runs = count(header.replicates, "run")
    return f"{header.name}: a reference table of {settings}, {runs} each{truths}"
