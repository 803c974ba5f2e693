"""Spec: the fields of a comparison with published trials; Trial: one trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from sim.core import files
from sim.core.errors import did_you_mean, shown
from sim.core.units import count, months_of
from sim.scenario.checking import Number, Words
from sim.scenario.contact_log import MAX_HOURS, MAX_WEEKS
from sim.studies.plausible import PlausibleSets, plausible_sets
from sim.studies.spec import Option, OverSets, Study, StudyError, beside
from sim.tables_in.mistakes import Mistakes
from sim.tables_in.reader import read_table
from sim.tables_in.values import number_of

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

HELP = """Compare dose-response with published trials.

Runs each trial's meetings, hours, months and sites, and forecasts each trial from the others by
SMD = a + b x effect, beside one constant and a regression on hours. Compared, not validated. The
sets must not have seen the trials: a number of sets is drawn from a calibration without them.

\b
Examples:
  codose trials trials
  codose trials my_trials.yaml --out results/my_trials
"""
FROM_TRIALS = ("T12", "T13", "T14")
"""Ids of the targets that were computed from the trials that come with codose."""
NEEDED = ("practices_per_facilitator", "months", "meetings", "hours_per_meeting", "smd", "se")
MOST_SITES = 100
LEAST_TRIALS = 5
CONSTANT, HOURS, MODEL, THROUGH_0 = (
    "one constant", "log hours a month", "model", "model through 0 (as up to 0.2.0)",
)  # fmt: skip
"""The forecasting methods, as tables name them."""


class Spec(OverSets):
    """A comparison with published trials."""

    kind: Literal["trials"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """trials"""
    trials: Annotated[str, Words(1000)]
    """CSV of trials, from this file's folder."""
    replicates: Annotated[int, Number(2, 2**16, whole=True), Option("-n")] = 8
    """Runs of each set and trial; two or more, as their spread is the chance in the effect."""

    def plausible(self, folder: Path | None) -> PlausibleSets | None:
        """The plausible sets; a number of them is drawn from those that come with the project and
        were calibrated without the targets that rest on the shipped trials."""
        if isinstance(self.sets, int):
            unseen = files.folder("experiments") / "plausible" / "without_trials"
            return plausible_sets(self.sets, folder=unseen)
        return super().plausible(folder)

    def named_files(self, folder: Path | None) -> Iterator[tuple[tuple[str | int, ...], Path]]:
        yield ("trials",), beside(self.trials, folder)

    def inputs(self, folder: Path | None) -> Mapping[str, Any]:
        """The trials as plain values."""
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
        """Hours of facilitation per month and site."""
        return self.meetings * self.hours / self.months


def trials_of(study: Study[Spec]) -> list[Trial]:
    """The trials of a study."""
    return [Trial(**one) for one in study.inputs["trials"]]


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    assert study.plausible is not None
    header = study.header
    return (
        f"{header.name}: {count(len(study.plausible), 'set')}, "
        f"{count(header.replicates, 'run')} of each and trial"
    )


def read_trials(path: Path) -> list[Trial]:
    """The trials of a CSV file. Unknown sites (NA) are set to the median of the others.

    Raises:
        StudyError: a column is missing, or a number is impossible; the message names the line.
    """
    read = read_table(path, error=StudyError, what="the table of trials", guess=False)
    if not read.rows:
        raise StudyError("holds no trials", file=str(path))
    mistakes = read.mistakes()
    for name in NEEDED:
        if name not in read.columns:
            near = did_you_mean(name, read.columns)
            mistakes.add(0, "", f"lacks the column {name!r}", None, ", ".join(NEEDED), near)
    mistakes.stop(StudyError)
    rows = list(read.records())
    table = [[_number(mistakes, line, row[name], name) for name in NEEDED] for line, row in rows]
    mistakes.stop(StudyError)
    known = [row[0] for row in table if not math.isnan(row[0])]
    if not known:
        raise StudyError("no trial says how many sites a facilitator has", file=str(path))
    middle = float(np.median(known))
    if len(rows) < LEAST_TRIALS:
        raise StudyError(
            f"holds {count(len(rows), 'trial')}",
            file=str(path),
            allowed=f"{LEAST_TRIALS} or more",
        )
    return [
        Trial(
            " ".join(row.get(part, "") for part in ("author", "year")).strip() or f"row {line}",
            max(1, math.floor((middle if math.isnan(x[0]) else x[0]) + 0.5)),
            not math.isnan(x[0]), *x[1:],
        )
        for (line, row), x in zip(rows, table, strict=True)
    ]  # fmt: skip


MOST = {
    "practices_per_facilitator": MOST_SITES,
    "months": months_of(MAX_WEEKS),
    "meetings": 1000 * MAX_WEEKS,
    "hours_per_meeting": MAX_HOURS,
    "smd": 10,
    "se": 10,
}
"""Largest values of the numbers of a trial; a larger number is a slip."""


def _number(mistakes: Mistakes, line: int, text: str, name: str) -> float:
    if text == "NA" and name == "practices_per_facilitator":
        return math.nan
    value = number_of(text)
    low, high = (-MOST[name] if name == "smd" else 0.0), MOST[name]
    tiny = 1e-6 if name == "se" else 0.0
    if value is None or not low + tiny < value <= high:
        allowed = f"{low:g}..{high:g}" if name == "smd" else f"above {tiny:g}, up to {high:g}"
        allowed += ", or NA where it is not known" if name == "practices_per_facilitator" else ""
        message = f"{shown(text)} cannot be used" if text else "is missing"
        mistakes.add(line, name, message, text, allowed, kind="number")
        return math.nan
    return value
