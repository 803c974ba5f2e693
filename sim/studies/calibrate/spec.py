"""Spec: what a calibration asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from sim.present.format import count
from sim.scenario.checking import Number, Words
from sim.studies import observed
from sim.studies.spec import _FACTORS, Factors, Header, Option, Study, beside

HELP = """Fit parameters to what was observed.

History matching, then weights on a reference table of runs. Says target by target what is met and
missed, which parameters the targets inform and which they do not, and which targets hinder each
other. The folder holds the plausible sets (plausible.csv, plausible.json) that --sets of other
commands reads.

\b
Examples:
  codose calibrate calibrate
  codose calibrate my_calibration.yaml --samples 2000 --out results/rough
  codose calibrate calibrate --resume
  codose calibrate calibrate --shard 1/8 --out shard-1
"""
CUTOFF = 3.0
"""Implausibility beyond which a setting is ruled out: Pukelsheim's three-sigma rule."""


class Spec(Header):
    """A calibration."""

    kind: Literal["calibrate"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """calibrate"""
    factors: Annotated[Factors, _FACTORS] = (("free", None), ("uncertain", None))
    """What varies: the free parameters are calibrated, all others are averaged over."""
    targets: tuple[Annotated[str, Words(40)], ...] = ()
    """Ids of the findings to calibrate to; left out: all that can be scored."""
    leave_out: tuple[Annotated[str, Words(40)], ...] = ()
    """Ids of findings to leave out."""
    observed: tuple[Annotated[str, Words(1000)], ...] = ()
    """Files of observations besides those that come with codose, from this file's folder."""
    waves: Annotated[int, Number(0, 10, whole=True)] = 2
    """Waves of history matching; 0: none."""
    wave_samples: Annotated[int, Number(50, 2**20, whole=True)] = 1500
    """Settings of a wave."""
    wave_replicates: Annotated[int, Number(2, 2**16, whole=True)] = 10
    """Runs of each setting of a wave."""
    samples: Annotated[int, Number(50, 2**22, whole=True), Option()] = 6000
    """Settings of the final sample."""
    replicates: Annotated[int, Number(2, 2**16, whole=True), Option("-n")] = 32
    """Runs of each setting of the final sample."""
    emulator: Literal["polynomial"] = "polynomial"
    """Emulator of history matching: a ridge regression on all squares and products."""
    cutoff: Annotated[float, Number(1, 10)] = CUTOFF
    """Implausibility beyond which a setting is ruled out."""
    kept: Annotated[int, Number(50, 100_000, whole=True)] = 2000
    """Draws from the posterior that are kept as plausible sets."""
    method: Literal["bank"] = "bank"
    """How the posterior is found: by one weighed reference table of runs."""

    def inputs(self, folder: Path | None) -> Mapping[str, Any]:
        """Every finding, of the files that come with codose and of the study's own."""
        own = [beside(name, folder) for name in self.observed]
        found = observed.read_all([*observed.shipped_files(), *own])
        return {"observations": [one.record() for one in found]}


def check(study: Study[Spec]) -> None:
    """What only targets and scenario can show.

    Raises:
        InputError: see :func:`sim.studies.calibrate.asked.asked_of`.
    """
    from sim.studies.calibrate.asked import asked_of

    asked_of(study)


def line(study: Study[Spec]) -> str:
    """What is about to be done, in a line."""
    header = study.header
    waves, settings = count(header.waves, "wave"), count(header.samples, "setting")
    return f"{header.name}: {waves}, a final sample of {settings}"
