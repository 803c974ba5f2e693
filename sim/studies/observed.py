"""Observation, Finding and ObservedFile: observed numbers, with one file for each source.

A *finding* is a number that a source prints (or a slot that is still empty), with its unit, n, SD,
place in the source and grade. It names the quantity of the model to which it maps
(:mod:`sim.studies.measures`) and its use:

* ``scored``: it is a target of calibration, within ``low..high``.
* ``pattern``: it is a qualitative finding, whose bounds are a target of calibration, too.
* ``instrument``: it informs an instrument (the leniency of a survey) and no state of the model; no
  run is scored by it.
* ``shown``: it is printed beside the model and never scored; ``why`` gives the reason.

A slot without a value is listed as missing and not used. A scored number needs a tolerance: ``low``
and ``high`` with their meaning (``tolerance_is``), or the ``sd`` and ``n`` that give its error by
Student's t (:func:`error_of`). A standard error that is given as such (``1 SE``) is taken as known.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from sim.core import files
from sim.core.errors import InputError, check_known, did_you_mean, shown
from sim.core.units import Z95
from sim.scenario.checking import Issue, Number, Shape, Strict, Words, checked, refusal
from sim.scenario.loading import Document, load
from sim.stats.intervals import t_value
from sim.studies.measures import CHANGES, Measure, parse_measure
from sim.studies.spec import backwards

GRADES = ("A", "B", "C")
SDS: Mapping[str, float] = {"95%": Z95, "1 SE": 1.0, "range": math.sqrt(3.0)}
"""Kinds of tolerance, with the number of standard deviations of the error that each side has.

A range says where values lie but not how surely. Its error has the SD of a uniform distribution
over the range, which is half the width over the root of 3 and thus a little more than the SD from a
95 % interval of that width."""


LONGEST_NOTE = 1000
"""Most characters of the note of a source."""


class ObservedError(InputError):
    """A file of observations that cannot be used."""


def _measure(value: Any) -> str:
    text = Words(200).check(value)
    try:
        return parse_measure(text).text
    except InputError as error:
        found = error.problem
        raise refusal(found.message, allowed=found.allowed, suggestion=found.suggestion) from None


def _kind_of_tolerance(value: Any) -> str | None:
    if value is None:
        return None
    said = " ".join(str(value).replace("%", " %").split()).replace(" %", "%")
    known = {kind.lower(): kind for kind in SDS}
    if said.lower() not in known:
        raise refusal(
            f"{shown(value)} is not a kind of tolerance", allowed=_KINDS,
            suggestion=did_you_mean(said, tuple(SDS)),
        )  # fmt: skip
    return known[said.lower()]


_KINDS = "95%, 1 SE, range"
_TOLERANCE = Shape(_kind_of_tolerance, {"enum": [*SDS, None]})
_MEASURE = Shape(_measure, {"type": "string"})


class Source(Strict):
    """Where the numbers of a file come from."""

    cite: Annotated[str, Words(500)]
    """Authors, year, journal, identifier."""
    setting: Annotated[str, Words(300)]
    """Who and what was studied."""
    grade: Literal["A", "B", "C"]
    """A same setting or people, B same kind of intervention elsewhere, C laboratory or distant."""
    note: Annotated[str, Words(LONGEST_NOTE, one_line=False, optional=True)] = ""
    """What a reader should know before using it, such as rows that were left out."""


class Finding(Strict):
    """One number (or an empty slot) of a source."""

    id: Annotated[str, Words(40)]
    """Short name, unique over all files (T4)."""
    what: Annotated[str, Words(300)]
    """What was measured, and on whom."""
    value: Annotated[float, Number()] | None = None
    """The number; empty where it is not known yet."""
    unit: Annotated[str, Words(60)]
    """Unit of the number."""
    sd: Annotated[float, Number(0)] | None = None
    """Standard deviation between those measured, where the source prints it."""
    n: Annotated[int, Number(1, 10**9, whole=True)] | None = None
    """Number of those who were measured."""
    where: Annotated[str, Words(200)]
    """Page, table or section of the source."""
    mark: Literal["read", "derived", "empty"] = "read"
    """Whether the number was read in the source, derived from what was read, or is empty."""
    grade: Literal["A", "B", "C"] | None = None
    """Grade of the finding, where it differs from that of the source."""
    measures: Annotated[str, _MEASURE]
    """The quantity of the model that the number maps to."""
    use: Literal["scored", "pattern", "instrument", "shown"] = "scored"
    """What the finding may be used for."""
    low: Annotated[float, Number()] | None = None
    """Lowest value of the model that agrees with the finding."""
    high: Annotated[float, Number()] | None = None
    """Highest value of the model that agrees with the finding."""
    tolerance_is: Annotated[str | None, _TOLERANCE] = None
    """What low and high are of a number: 95% (a 95 % interval), 1 SE (one standard error to each
    side), or range (of sources or of practice). Required of a scored number that has them."""
    tolerance: Annotated[str, Words(300, optional=True)] = ""
    """How low and high were derived."""
    why: Annotated[str, Words(600, one_line=False, optional=True)] = ""
    """Why the number maps to this quantity, or why it is not scored."""

    @property
    def measure(self) -> Measure:
        """The parsed phrase of ``measures``."""
        return parse_measure(self.measures)

    @property
    def missing(self) -> bool:
        """Whether the slot is empty (a pattern needs no value, only bounds)."""
        return self.value is None and self.low is None and self.high is None

    def sds(self) -> tuple[float, float]:
        """SD of the error of a number, below it and above; NaN where it has no tolerance."""
        if self.value is None:
            return math.nan, math.nan
        if self.low is not None and self.high is not None:
            each = SDS[self.tolerance_is or "95%"]
            return (self.value - self.low) / each, (self.high - self.value) / each
        if self.sd is None or self.n is None:
            return math.nan, math.nan
        error = error_of(self.sd, self.n)
        return error, error

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value of the model that agree: the given bounds or, where these are
        standard errors, the 95 % interval that follows from them.

        >>> one = Finding(id="x", what="x", value=1.0, unit="-", where="-", low=0.9, high=1.1,
        ...               measures="trust at start", tolerance_is="1 SE")
        >>> [round(x, 3) for x in one.bounds()]
        [0.804, 1.196]
        """
        error = self.tolerance_is == "1 SE" or (self.low is None and self.high is None)
        if error and self.value is not None:
            below, above = self.sds()
            if not math.isnan(below):
                return self.value - Z95 * below, self.value + Z95 * above
        low = -math.inf if self.low is None else self.low
        return low, math.inf if self.high is None else self.high


def error_of(sd: float, n: int) -> float:
    """SD of the error of a mean of ``n`` people with this SD between them; infinite below 2.

    It is the standard error, widened so that 1.96 of it are half of Student's 95 % interval: the SD
    between a few people is itself uncertain. Credible regions of up to 95 % that rest on it are
    therefore not too narrow.

    >>> [round(error_of(1.0, n) * math.sqrt(n), 2) for n in (2, 3, 12, 100)]
    [6.48, 2.2, 1.12, 1.01]
    """
    return t_value(n - 1, 0.95) / Z95 * sd / math.sqrt(n)


class ObservedFile(Strict):
    """A file of ``experiments/observed``."""

    source: Source
    """Where the numbers come from."""
    findings: tuple[Finding, ...]
    """The numbers."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A finding with its source."""

    finding: Finding
    source: Source
    file: str
    own: bool = False
    """Whether the user brought it: it does not come with codose."""

    @property
    def id(self) -> str:
        """The id of the finding."""
        return self.finding.id

    @property
    def grade(self) -> str:
        """The grade of the finding, or else of its source."""
        return self.finding.grade or self.source.grade

    @property
    def borrowed(self) -> bool:
        """Whether the finding comes from another setting than that of the model."""
        return self.grade != "A"

    def record(self) -> dict[str, Any]:
        """The observation as plain values for JSON, with the name of its file only."""
        return {
            "finding": self.finding.model_dump(mode="json"),
            "source": self.source.model_dump(mode="json"),
            "file": Path(self.file).name,
            **({"own": True} if self.own else {}),
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Observation:
        """The inverse of :meth:`record`."""
        return cls(
            Finding.model_validate(record["finding"]), Source.model_validate(record["source"]),
            record["file"], bool(record.get("own", False)),
        )  # fmt: skip


def read_observed(path: str | os.PathLike[str]) -> list[Observation]:
    """The findings of one file.

    Raises:
        ObservedError: the file has mistakes; each is named with file, line and column.
    """
    return of_file(file_of(load(path, error=ObservedError)), os.fspath(path))


def of_file(file: ObservedFile, name: str) -> list[Observation]:
    """The findings of the content of a file with that name."""
    return [Observation(one, file.source, name) for one in file.findings]


def file_of(document: Document) -> ObservedFile:
    """The checked content of a file of observations.

    Raises:
        ObservedError: the file has mistakes; each is named with file, line and column.
    """
    return checked(
        ObservedFile, document, what="a file of observations", error=ObservedError, issues=issues_of
    )


def issues_of(file: ObservedFile) -> Iterator[Issue]:
    """Mistakes between the fields of a file of observations."""
    seen: set[str] = set()
    if not file.findings:
        yield Issue(("findings",), "is empty", allowed="one finding or more")
    for place, one in enumerate(file.findings):
        way = ("findings", place)
        if one.id in seen:
            yield Issue((*way, "id"), f"{shown(one.id)} is given twice", one.id)
        seen.add(one.id)
        measure = one.measure
        if measure.kind in CHANGES and backwards(measure.since, measure.week):
            message = f"{measure.week} does not come after {measure.since}"
            allowed = "a change from a week to a later one"
            yield Issue((*way, "measures"), message, one.measures, allowed=allowed)
        low, high = measure.scale or (-math.inf, math.inf)
        if one.value is not None and not low <= one.value <= high:
            message = f"{one.value:g} is outside the scale of '{one.measures}'"
            allowed = f"{low:g}..{high:g}, to which answers on another scale are moved"
            yield Issue((*way, "value"), message, one.value, allowed=allowed)
        yield from _tolerance_issues(one, way)


def _tolerance_issues(one: Finding, way: tuple[str | int, ...]) -> Iterator[Issue]:
    low, high = one.bounds()
    numbers = "low and high, or sd and n"
    if one.use == "pattern":
        if one.low is None and one.high is None:
            yield Issue((*way, "low"), "a pattern needs low, high or both", allowed="a number")
        elif low >= high:
            yield Issue((*way, "low"), f"low {low:g} is not below high {high:g}", one.low)
        return
    if one.use == "shown" or one.value is None:
        return
    if (one.low is None) != (one.high is None):
        lacks = "low" if one.low is None else "high"
        yield Issue((*way, lacks), "is required beside the other bound", allowed="a number")
    elif one.low is None and one.sd is None:
        message = "no tolerance: low and high are left out, and the SD is missing"
        yield Issue((*way, "sd"), message, allowed=numbers)
    elif one.low is None and one.n is None:
        yield Issue((*way, "n"), "no tolerance: the SD is given, n is missing", allowed=numbers)
    elif one.low is None and one.n == 1:
        message = "one person has no SD, and no error follows from it"
        yield Issue((*way, "n"), message, 1, allowed="2 or more, or low and high instead")
    elif one.low is not None and one.tolerance_is is None and one.use == "scored":
        message = "is required: what are low and high of this scored number?"
        yield Issue((*way, "tolerance_is"), message, allowed=_KINDS)
    elif one.low is None and one.tolerance_is is not None:
        message = "says what low and high are, and these are left out: sd and n say the error"
        yield Issue((*way, "tolerance_is"), message, one.tolerance_is, allowed="leave it out")
    elif low == high:
        field = "low" if one.low is not None else "sd"
        message = "the tolerance is zero: no simulation meets a number exactly"
        yield Issue((*way, field), message, one.value, allowed="low below high")
    elif one.low is not None and one.high is not None and one.low > one.high:
        yield Issue((*way, "low"), f"low {one.low:g} is above high {one.high:g}", one.low)
    elif not low <= one.value <= high:
        message = f"the value {one.value:g} lies outside its own tolerance {low:g}..{high:g}"
        yield Issue((*way, "value"), message, one.value, allowed=f"{low:g}..{high:g}")


def shipped_files() -> list[Path]:
    """The files of observations that come with the package."""
    return sorted((files.folder("experiments") / "observed").glob("*.yaml"))


def read_all(paths: Sequence[str | os.PathLike[str]] | None = None) -> list[Observation]:
    """The findings of several files (None: all shipped files), with unique ids.

    Raises:
        ObservedError: a file cannot be used, or two files use one id.
    """
    files = shipped_files() if paths is None else paths
    return unique([one for path in files for one in read_observed(path)])


def unique(observations: Sequence[Observation]) -> list[Observation]:
    """The observations, after a check that their ids are unique.

    Raises:
        ObservedError: two observations have one id; the message names both files.
    """
    found: dict[str, Observation] = {}
    for one in observations:
        other = found.setdefault(one.id, one)
        if other is not one:
            raise ObservedError(f"{one.id!r} is also in {other.file}", file=one.file, field="id")
    return list(found.values())


def chosen(observations: Sequence[Observation], ids: Sequence[str]) -> list[Observation]:
    """The observations with these ids, in this order.

    Raises:
        ObservedError: no finding has such an id; the message names the nearest id.
    """
    by_id = {one.id: one for one in observations}
    for name in ids:
        check_known(name, by_id, "is not the id of a finding", field="targets", error=ObservedError)
    return [by_id[name] for name in ids]
