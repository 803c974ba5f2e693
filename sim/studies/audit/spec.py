"""Spec: the fields of a design audit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from sim.core.errors import shown
from sim.core.states import CONSTRUCTS
from sim.core.units import count as counted
from sim.scenario.checking import Issue, Number, Shape, one_of, refusal
from sim.studies.spec import Option, OverSets, Study, Week, week_number

HELP = """Test the design of a study: what would it have reported?

The study is simulated many times, with its selection, survey and sample size. What would it report
when TA works as calibrated, and when TA does nothing? Which cheap addition helps most?

\b
Examples:
  codose audit audit_source
  codose audit audit_on_demand --sets 20 --out results/rough
"""

DESIGNS = ("before_after", "comparison", "extra_wave", "random_pick", "twice_asked")
SLOPES = ("slope on hours", "slope on hours, change since the start")
WORLDS = ("works", "does nothing")
LABELS = {
    "before_after": "before and after, as the study was",
    "comparison": "with a comparison region",
    "extra_wave": "with one more wave, before the start",
    "random_pick": "with a random pick among the ready",
    "twice_asked": "with twice the respondents",
}


def _constructs(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not given:
        raise refusal(f"{shown(value)} does not name constructs", allowed=", ".join(CONSTRUCTS))
    for name in given:
        one_of(name, CONSTRUCTS, "cannot be asked in a survey")
    return tuple(given)


_CONSTRUCTS = Shape(_constructs, {"type": "array", "items": {"enum": list(CONSTRUCTS)}})
_TREND = Annotated[float, Number(-0.5, 0.5)]


LOOKS_AT_PEOPLE = True
"""Surveys ask the people of a run, and only the compiled engine gives access to people."""


class Spec(OverSets):
    """A design audit."""

    kind: Literal["audit"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """audit"""
    design: Literal["before_after", "dose_regression"] = "before_after"
    """Design of the study."""
    asks_about: Annotated[tuple[str, ...], _CONSTRUCTS] = CONSTRUCTS
    """Constructs that the survey asks about: trust, accountability, knowledge, integration."""
    weeks: tuple[Week, ...] = ("start", "end_of_ta")
    """Weeks of the first and the last wave."""
    items: Annotated[int, Number(1, 100, whole=True)] = 4
    """Number of items of each scale."""
    asked: Annotated[int, Number(1, 10**6, whole=True)] | None = None
    """Number of people surveyed in each region; default: half of the staff."""
    comparison_regions: Annotated[int, Number(1, 1000, whole=True)] = 1
    """Number of next-readiest regions without TA, for the design ``comparison``."""
    lead_weeks: Annotated[int, Number(4, 104, whole=True)] = 26
    """Number of weeks before the start at which the extra wave is."""
    background_trends: tuple[_TREND, ...] = (0.0, 0.02)
    """Yearly changes of knowledge without any TA; each is simulated by itself."""
    leniencies: tuple[Annotated[float, Number(0, 1)], ...] = (0.0,)
    """Leniencies of answering to compare with that of the parameter ``survey_leniency``."""
    replicates: Annotated[int, Number(1, 2**16, whole=True), Option("-n")] = 20
    """Replications of each set."""


def issues(spec: Spec) -> list[Issue]:
    """Mistakes between the fields."""
    found = []
    if len(spec.weeks) != 2:
        found.append(
            Issue(("weeks",), f"has {counted(len(spec.weeks), 'wave')}", allowed="[first, last]")
        )
    if not spec.background_trends:
        found.append(Issue(("background_trends",), "is empty", allowed="[0]"))
    return found


def check(study: Study[Spec]) -> None:
    """Check the waves and the scenario.

    Raises:
        StudyError: the waves are no before and after, or the designs cannot use the scenario.
    """
    scenario, header = study.scenario, study.header
    first, last = (week_number(week, scenario) for week in header.weeks)
    if not first < last <= scenario.horizon_weeks:
        raise study.error(
            ("weeks",), f"week {first} to week {last} is not a time before and a time after",
            allowed=f"two weeks of 0..{scenario.horizon_weeks}, the first before the second",
        )  # fmt: skip
    if not scenario.dosage:
        raise study.error(("scenario",), f"{scenario.name!r} has no contact series to audit")
    if scenario.regions.overrides or scenario.networks[0].kind == "file":
        raise study.error(
            ("scenario",), f"{scenario.name!r} gives single regions a team of their own",
            allowed="a scenario without overrides: the audit adds regions to it",
        )  # fmt: skip
    smallest = min(scenario.staff_counts)
    if header.asked is not None and header.asked > smallest:
        raise study.error(
            ("asked",), f"{header.asked} people cannot be asked in a region of {smallest} staff",
            allowed=f"1..{smallest}",
        )  # fmt: skip
    count, candidates = len(scenario.region_names), scenario.regions.candidates
    if header.design == "dose_regression":
        if count < 4:
            raise study.error(
                ("scenario",),
                f"a slope cannot be estimated from {counted(count, 'region')}",
                allowed="4 regions or more",
            )
        return
    needed = max(2 * count, count + header.comparison_regions)
    if needed > candidates:
        raise study.error(
            ("scenario",), f"designs with a comparison need {needed} candidate regions, "
            f"{scenario.name!r} has {candidates}", allowed=f"candidates: {needed} or more",
        )  # fmt: skip


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    assert study.plausible is not None
    header = study.header
    return (
        f"{header.name}: {counted(len(study.plausible), 'set')}, "
        f"{counted(header.replicates, 'replication')} of each"
    )


def asked_in(study: Study[Spec]) -> int:
    """The number of people who are surveyed in each region."""
    return study.header.asked or max(1, min(study.scenario.staff_counts) // 2)


def replications(study: Study[Spec]) -> int:
    """The number of replications of the study."""
    assert study.plausible is not None
    return len(study.plausible) * study.header.replicates
