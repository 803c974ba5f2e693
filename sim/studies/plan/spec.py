"""Spec: the fields of a plan study: levers, budget, targets, and the sizes of search and
confirmation.

>>> from sim.studies.kind import StudyKind
>>> study = StudyKind.of("plan").make(
...     scenario="source",
...     levers={"video.every_weeks": [2, 8], "video.hours": [1, 3]},
...     budget={"money": 80000},
...     targets=[{"outcome": "integration", "at_least": 0.4, "probability": 0.8}],
... )
>>> study.header.budget.text
'80,000 money of centre and regions in total'
>>> study.header.targets[0].text
'integration of at least 0.4 at the end of TA with probability 0.8'
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from sim.core.errors import InputError, raise_problems
from sim.core.outcomes import OUTCOMES, PERSISTENCE_WEEKS
from sim.core.units import months_of
from sim.scenario.checking import ISO_DATE, Day, Issue, Number, Shape, Strict, Words, iso_date
from sim.scenario.levers import with_levers
from sim.scenario.scenario import Scenario
from sim.studies.budget import Budget, budget_issues
from sim.studies.plan.levers import Lever, faults, levers_of
from sim.studies.plausible import PlausibleSets, Posterior, plausible_sets, posterior_in
from sim.studies.spec import (
    Header,
    Option,
    OutcomeSpec,
    OutcomeText,
    Study,
    StudyError,
    Week,
    beside,
    parse_outcome,
    week_label,
    week_number,
)

HELP = """Search for plans within a budget; say how likely they are to reach the target.

Searches the levers of the study file within its budget, runs the best plans again on fresh
parameters and chance, and says which one to take, how likely it reaches the targets and when not.
The folder holds the plan as a scenario file and as a calendar (CSV, iCalendar). A generation needs
the one before: --cluster shares out all of them, --shard one at a time.

\b
Examples:
  codose plan plan
  codose plan my_plan.yaml --start 2027-01-04 --out results/next_year
  codose plan my_plan.yaml --resume
  codose plan my_plan.yaml --cluster tcp://host:8786
"""
STEPS = "every generation of the search, a fresh sample, the confirmation and where the plan fails"

MOST_OBJECTIVES = 4
AS_IT_STANDS = "the scenario as it stands"
"""The name of the reference of plans, where the scenario has TA."""
MARGIN = 0.01
"""A difference up to this share of an outcome's range (without a range: of its size) does not
matter."""

_WHEN = {
    "start": "at the start",
    "end_of_ta": "at the end of TA",
    "year_after": "a year after the end of TA",
    "horizon": "at the horizon",
}


def when(week: int | str) -> str:
    """A week in words."""
    return _WHEN[week] if isinstance(week, str) else f"in week {week}"


class Target(Strict):
    """A level that is to be reached with a probability."""

    outcome: OutcomeText
    """An outcome, 'effect on NAME' or 'persistence of NAME'."""
    at_least: float | None = None
    """The target is reached at this level or above."""
    at_most: float | None = None
    """The target is reached at this level or below."""
    week: Week = "end_of_ta"
    """Week of the level: a number, start, end_of_ta, year_after, horizon."""
    probability: Annotated[float, Number(0, 1, above=True)] = 0.8
    """Probability with which the level is to be reached, over plausible sets and chance."""
    over_regions: Literal["mean", "worst"] = "mean"
    """The mean of the regions, or the worst of them."""

    @property
    def level(self) -> float:
        """The level of the target."""
        return self.at_least if self.at_least is not None else float(self.at_most or 0.0)

    @property
    def sign(self) -> float:
        """1 where the outcome should be high, -1 where it should be low."""
        return 1.0 if self.at_least is not None else -1.0

    @property
    def label(self) -> str:
        """The target in words, without its probability."""
        way = "at least" if self.at_least is not None else "at most"
        where = " in the worst region" if self.over_regions == "worst" else ""
        outcome = self.outcome.replace("_", " ")
        return f"{outcome} of {way} {self.level:g} {when(self.week)}{where}"

    @property
    def text(self) -> str:
        """The target in words."""
        return f"{self.label} with probability {self.probability:g}"


class Search(Strict):
    """Size of the search by NSGA-II; all plans are run on the same sets and chance."""

    plans: Annotated[int, Number(4, 100_000, whole=True)] = 600
    """Largest number of plans that are simulated."""
    population: Annotated[int, Number(4, 1000, whole=True)] = 40
    """Number of plans in a generation."""
    sets: Annotated[int, Number(2, 100_000, whole=True)] = 30
    """Number of plausible sets on which each plan is run."""
    replicates: Annotated[int, Number(1, 1000, whole=True)] = 2
    """Number of runs of each set."""


class Confirm(Strict):
    """Size of the confirmation, in which the chosen plans are run again on fresh sets and fresh
    chance."""

    plans: Annotated[int, Number(2, 200, whole=True)] = 24
    """Number of plans of the front that are run again, besides those that the targets ask for."""
    sets: Annotated[int, Number(10, 100_000, whole=True)] = 200
    """Number of fresh plausible sets."""
    replicates: Annotated[int, Number(1, 1000, whole=True)] = 4
    """Number of runs of each set."""
    failure_sets: Annotated[int, Number(50, 100_000, whole=True)] = 1000
    """Number of sets of the search for where the recommended plan fails."""


_LEVERS = Shape(levers_of, {"type": "object", "minProperties": 1})


def _day(text: str) -> str:
    """Check the text of ``--start``.

    Raises:
        InputError: the text is no date.
    """
    if iso_date(text) is None:
        raise InputError(f"{text!r} is not a date", "--start", text, ISO_DATE)
    return text


STAGES = ("search", "fresh", "confirmed", "failures")
"""The samples of a plan study, each with parameter sets and chance of its own."""
_STRIDE = 1_000_003
"""Distance between the seeds of the samples; any number would do."""


class Spec(Header):
    """A plan study."""

    kind: Literal["plan"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """plan"""
    replicates: Annotated[int, Number(1, 1000, whole=True)] = 1
    """Not used: `search` and `confirm` say how many runs each set has."""
    levers: Annotated[tuple[Lever, ...], _LEVERS]
    """Levers that may be set, with bounds: a mapping from lever to [low, high] or {choices:
    [...]}."""
    budget: Budget = Budget()
    """The most that may be spent, such as {money: 300000, per: year, of: centre}."""
    targets: tuple[Target, ...] = ()
    """Levels that are to be reached, each with its probability."""
    over_regions: Literal["mean", "worst", "total"] = "mean"
    """How the regions are joined into one number of an outcome: mean, worst, or (for effects)
    total."""
    search: Search = Search()
    """Size of the search."""
    confirm: Confirm = Confirm()
    """Size of the confirmation of the chosen plans."""
    sets: Annotated[str, Words(1000, optional=True), Option(metavar="DIR", path=True)] = ""
    """Folder of a calibration to draw the parameter sets from; default: the one that comes with
    codose."""
    start_date: Annotated[
        Annotated[date, Day()] | None, Option(name="--start", metavar="DATE", read=_day)
    ] = None
    """First day of week 1 (yyyy-mm-dd), where the scenario does not give it."""

    def seed_of(self, stage: str) -> int:
        """The seed of the sets and the chance of a sample."""
        return (self.seed + _STRIDE * STAGES.index(stage)) % 2**62

    def sets_of(self, stage: str, posterior: Posterior | None = None) -> PlausibleSets:
        """The parameter sets of a sample.

        Args:
            posterior: the posterior to draw from; default: the one that comes with the project.
        """
        counts = {"search": self.search.sets, "failures": self.confirm.failure_sets}
        count = counts.get(stage, self.confirm.sets)
        return plausible_sets(count, self.seed_of(stage) % 2**31, posterior=posterior)

    def plausible(self, folder: Path | None) -> PlausibleSets:
        """The sets of the confirmation, on which the reported numbers rest."""
        return self.sets_of("confirmed", self._posterior(folder))

    def inputs(self, folder: Path | None) -> Mapping[str, Any]:
        """The posterior that sets are drawn from, where it is not the one of the project."""
        found = self._posterior(folder)
        return {} if found is None else {"posterior": found.record()}

    def _posterior(self, folder: Path | None) -> Posterior | None:
        return posterior_in(beside(self.sets, folder)) if self.sets else None


Objective = tuple[OutcomeSpec, int | str]
"""An outcome and its week."""


def issues(header: Spec) -> Iterable[Issue]:
    """Mistakes between the fields of a plan file."""
    for name in ("replicates", "scenarios"):
        if name in header.model_fields_set:
            yield Issue(
                (name,), "is not used by a plan", allowed="levers, search, confirm", key=True
            )
    yield from budget_issues(header.budget)
    if len(header.outcomes) * len(header.weeks) > MOST_OBJECTIVES:
        yield Issue(
            ("outcomes",),
            "too many outcomes at too many weeks to trade off",
            allowed=f"{MOST_OBJECTIVES} in all",
        )
    for place, name in enumerate(header.outcomes):
        if OUTCOMES[parse_outcome(name).outcome].better == "neither":
            yield Issue(
                ("outcomes", place),
                "neither more nor less of it is better, so no plan can be best by it",
                name,
                "an outcome that 'codose outcomes' calls better when more, or less",
            )
    if header.search.population > header.search.plans:
        yield Issue(
            ("search", "population"),
            "is larger than the number of plans",
            header.search.population,
            f"at most {header.search.plans}",
        )
    if header.over_regions == "total":
        for place, name in enumerate(header.outcomes):
            if not name.startswith("effect on "):
                yield Issue(
                    ("outcomes", place),
                    "only effects can be added over regions",
                    name,
                    f"effect on {name}",
                )
    for place, target in enumerate(header.targets):
        yield from _target_issues(place, target)


def _target_issues(place: int, target: Target) -> Iterable[Issue]:
    where = ("targets", place)
    if (target.at_least is None) == (target.at_most is None):
        yield Issue(where, "needs one of at_least and at_most", allowed="at_least: 0.4")
        return
    try:
        spec = parse_outcome(target.outcome)
    except Exception as error:
        context = getattr(error, "context", None) or {}
        yield Issue(
            (*where, "outcome"),
            context.get("message", str(error)),
            target.outcome,
            context.get("allowed", ""),
            context.get("suggestion", ""),
        )
        return
    found = OUTCOMES[spec.outcome]
    if found.high is None:
        return
    low = found.low if spec.form == "value" else found.low - found.high
    if not low <= target.level <= found.high:
        field = "at_least" if target.at_least is not None else "at_most"
        yield Issue(
            (*where, field),
            f"no plan can reach {target.level:g}: {target.outcome} is "
            f"within {low:g}..{found.high:g}",
            target.level,
        )


def needs(study: Study[Spec]) -> tuple[str, ...]:
    """Packages of the extra ``plan``, for the search, the failure analysis and the calendar."""
    return ("optuna", "sklearn", *(("icalendar",) if study.header.start_date else ()))


def check(study: Study[Spec]) -> None:
    """Check the levers against the scenario.

    Raises:
        StudyError: levers have mistakes; each is named with its line.
    """
    header, scenario = study.header, study.scenario
    problems = []
    if header.start_date and scenario.start_date not in (None, header.start_date):
        problems.append(
            study.document.problem(
                ("start_date",),
                f"is not the start_date of {scenario.name!r}, {scenario.start_date}",
                value=header.start_date,
                allowed="the same day, or leave it out",
            )
        )
    for one in faults(header.levers, scenario):
        problems.append(
            study.document.problem(
                one.where, one.message, allowed=one.allowed, suggestion=one.suggestion, key=one.key
            )
        )
    for number, series in enumerate(scenario.dosage):
        if series.timing != "scheduled":
            problems.append(
                study.document.problem(
                    ("scenario",),
                    f"contact series {number + 1} of {scenario.name!r} is {series.timing}: a plan "
                    "is a calendar with dates, and its cost is known beforehand",
                    allowed="timing: scheduled in every series",
                )
            )
    raise_problems(problems, file=study.file, error=StudyError)
    _check_end(study, scenario)


def _check_end(study: Study[Spec], scenario: Scenario) -> None:
    """Refuse levers by which TA may end too late for the weeks of outcomes and targets."""
    header = study.header
    lever = next((one for one in header.levers if one.name == "months"), None)
    longest = with_levers(scenario, {"months": max(lever.values)}) if lever else scenario
    specs = [
        parse_outcome(name) for name in (*header.outcomes, *(t.outcome for t in header.targets))
    ]
    weeks = [*header.weeks, *(target.week for target in header.targets)]
    last = max(week_number(week, longest) for week in weeks)
    if any(spec.form == "persistence" for spec in specs):
        last = max(last, longest.end_of_ta + PERSISTENCE_WEEKS)
    if last <= scenario.horizon_weeks:
        return
    room = scenario.horizon_weeks - (last - longest.end_of_ta) - scenario.plan_start + 1
    most = int(months_of(room))
    where = ("levers", "months") if lever else ("weeks",)
    raise study.error(
        where,
        f"with TA to week {longest.end_of_ta}, the outcomes reach to week {last}, past "
        f"the horizon of {scenario.name!r} (week {scenario.horizon_weeks})",
        allowed=f"at most {most} months, or a later horizon" if lever else "a later horizon",
    )


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    header = study.header
    plans = min(header.search.plans, space_size(header))
    return f"{header.name}: up to {plans:,} plans, {header.budget.text}"


def space_size(header: Spec) -> int:
    """Number of plans that the levers allow."""
    return math.prod(len(lever.values) for lever in header.levers)


def objectives_of(header: Spec) -> list[Objective]:
    """The objectives that plans trade off: each outcome at each week, in order."""
    return [(parse_outcome(name), week) for name in header.outcomes for week in header.weeks]


def key_of(spec: OutcomeSpec, week: int | str) -> str:
    """The name of an objective in columns: ``integration_end_of_ta``."""
    return f"{spec.label.replace(' ', '_')}_{week_label(week)}"


def label_of(spec: OutcomeSpec, week: int | str) -> str:
    """An objective in words."""
    return f"{spec.label.replace('_', ' ')} {when(week)}"


def labels_of(header: Spec) -> dict[str, str]:
    """Column of each objective -> the objective in words."""
    return {key_of(*one): label_of(*one) for one in objectives_of(header)}


def setting_of(lever: Lever, shown: Any) -> Any:
    """The value of a lever from the entry of a table, see :func:`shown_setting`."""
    return next(value for value in lever.values if shown_setting(lever, value) == shown)


def shown_setting(lever: Lever, value: Any) -> Any:
    """The entry of a table for a value of a lever; all entries are texts where some are words."""
    if all(isinstance(one, float) for one in lever.values):
        return value
    return f"{value:g}" if isinstance(value, float) else str(value)
