"""Spec: what a comparison with published trials asks; Trial, one of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from sim.core.errors import Problem, did_you_mean
from sim.scenario.checking import Number, Words
from sim.scenario.contact_log import MAX_HOURS
from sim.scenario.loading import read_text
from sim.studies.spec import Option, OverSets, Study, StudyError, beside

HELP = """Compare dose-response with published trials.

Runs each trial's meetings, hours, months and sites, and forecasts each trial from the others by
SMD = a + b x effect, beside one constant and a regression on hours. Compared, not validated. The
sets must not have seen the trials: they come from a calibration without them.

\b
Examples:
  codose trials trials
  codose trials my_trials.yaml --out results/my_trials
"""
NEEDED = ("practices_per_facilitator", "months", "meetings", "hours_per_meeting", "smd", "se")
MOST_SITES = 100
LEAST_TRIALS = 5
CONSTANT, HOURS, MODEL, THROUGH_0 = (
    "one constant", "log hours a month", "model", "model through 0 (as up to 0.2.0)",
)  # fmt: skip
"""What forecasts a trial from the others, as tables name it."""


class Spec(OverSets):
    """A comparison with published trials."""

    kind: Literal["trials"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """trials"""
    trials: Annotated[str, Words(1000)]
    """CSV of trials, from this file's folder."""
    replicates: Annotated[int, Number(2, 2**16, whole=True), Option("-n")] = 8
    """Runs of each set and trial; two or more, as their spread is the chance in the effect."""

    def inputs(self, folder: Path | None) -> Mapping[str, Any]:
        """The trials."""
        return {"trials": [asdict(one) for one in read_trials(beside(self.trials, folder))]}


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its dosage, effect (standardised mean difference) and standard error."""

    name: str
    sites: int
    sites_known: bool
    months: float
    meetings: float
    hours: float
    smd: float
    se: float

    @property
    def hours_a_month(self) -> float:
        """Hours of facilitation a month and site."""
        return self.meetings * self.hours / self.months


def trials_of(study: Study[Spec]) -> list[Trial]:
    """The trials of a study."""
    return [Trial(**one) for one in study.inputs["trials"]]


def line(study: Study[Spec]) -> str:
    """What is about to be done, in a line."""
    assert study.plausible is not None
    header = study.header
    return f"{header.name}: {len(study.plausible)} sets, {header.replicates} runs of each and trial"


def read_trials(path: Path) -> list[Trial]:
    """The trials of a CSV file. Unknown sites (NA) are set to the median of the others.

    Raises:
        StudyError: a column is missing, or a number cannot be; with the line.
    """
    rows = list(csv.DictReader(io.StringIO(read_text(path, error=StudyError))))
    if not rows:
        raise StudyError(Problem("holds no trials", file=str(path)))
    names = list(rows[0])
    problems = [
        Problem(
            f"lacks the column {name!r}", file=str(path), allowed=", ".join(NEEDED),
            suggestion=did_you_mean(name, names),
        )
        for name in NEEDED
        if name not in names
    ]  # fmt: skip
    if problems:
        raise StudyError(problems)
    table = [
        [_number(path, line, row, name) for name in NEEDED] for line, row in enumerate(rows, 2)
    ]
    known = [row[0] for row in table if not math.isnan(row[0])]
    if not known:
        raise StudyError(Problem("no trial says its sites a facilitator", file=str(path)))
    middle = float(np.median(known))
    if len(rows) < LEAST_TRIALS:
        raise StudyError(
            Problem(f"holds {len(rows)} trials", file=str(path), allowed=f"{LEAST_TRIALS} or more")
        )
    return [
        Trial(
            " ".join(str(row.get(part) or "") for part in ("author", "year")).strip() or f"row {i}",
            max(1, math.floor((middle if math.isnan(x[0]) else x[0]) + 0.5)),
            not math.isnan(x[0]), *x[1:],
        )
        for i, (row, x) in enumerate(zip(rows, table, strict=True), 2)
    ]  # fmt: skip


def _number(path: Path, line: int, row: dict[str, str], name: str) -> float:
    text = (row.get(name) or "").strip()
    if text == "NA" and name == "practices_per_facilitator":
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    low = -math.inf if name == "smd" else 0.0
    most = {"practices_per_facilitator": MOST_SITES, "hours_per_meeting": MAX_HOURS}
    high = most.get(name, math.inf)
    if not (math.isfinite(value) and value > low and value <= high):
        bound = (
            "any number" if name == "smd" else f"above 0{f', up to {high:g}' if high < 1e9 else ''}"
        )
        raise StudyError(
            Problem(
                f"{text!r} cannot be used", field=name, value=text, file=str(path), line=line,
                allowed=bound,
            )
        )  # fmt: skip
    return value
