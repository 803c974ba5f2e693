"""Spec: the fields of a comparison; :func:`plans_of`: its scenarios, each a :class:`ComparedPlan`.

Each plausible set has R replicates of its own: set s takes the replicates s * R .. s * R + R - 1,
the same in every scenario. Scenarios are therefore paired run by run. Sets share no chance, so
the variance of chance can be separated from that of parameters (:mod:`sim.stats.paired`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from sim.core.errors import InputError
from sim.core.outcomes import HEADLINES, NAMES
from sim.core.parameters import check_name
from sim.core.units import count
from sim.scenario.checking import Issue, Number, Words
from sim.scenario.scenario import Scenario
from sim.studies.compare import MARGIN
from sim.studies.compare.differing import check_same_people, differing
from sim.studies.compare.measurements import measurement_of
from sim.studies.spec import Option, Study, UntilClear, until_issues

HELP = """Compare scenarios: what differs, how clearly, and at what cost.

All scenarios run on the same people, the same chance and the same plausible parameter sets; the
answer says which sets those are. The other scenarios are compared with the first.

\b
Examples:
  codose compare light_touch source
  codose compare source my.yaml --sets 200 --out results/mine
  codose compare source phone_only --until 0.005
  codose compare source planning --gains
  codose compare centre_log --stopping-now
  codose compare light_touch source --information --sets 400
  codose compare light_touch source --measure "survey of trust at start" --measure "log of 6 months"
"""
ARGUMENT = "scenarios"

POINTS = ("end_of_ta", "horizon")
"""Points at which scenarios are compared: each at its own end of TA, all at the common horizon."""
STOPPED = "stopping_now"
"""The label of TA that ends with the contact log."""


class Spec(UntilClear):
    """A comparison of scenarios."""

    kind: Literal["compare"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """compare"""
    outcomes: Annotated[
        tuple[Annotated[str, Words(100)], ...],
        Option(name="--outcome", metavar="NAME", many=True, default="six headlines"),
    ] = HEADLINES
    """Outcome to compare; repeatable."""
    weeks: tuple[Literal["end_of_ta", "horizon"], ...] = POINTS  # pyright: ignore[reportIncompatibleVariableOverride]
    """Always end_of_ta and horizon: a scenario's own end of TA, and the common horizon."""
    seed: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        Annotated[int, Number(0, 2**63 - 1, whole=True)] | None,
        Option(default="the first scenario's"),
    ] = None
    """Seed of every random number."""
    gains: Annotated[bool, Option()] = False
    """Compare gains over no TA: for scenarios of different regions."""
    margin: Annotated[float, Number(0, 1, above=True), Option(metavar="SHARE")] = MARGIN
    """A difference that would not matter, as a share of an outcome's range."""
    stopping_now: Annotated[bool, Option()] = False
    """Compare with TA that ends with the contact log of the first scenario."""
    labels: Annotated[
        tuple[Annotated[str, Words(60)], ...],
        Option(name="--label", metavar="NAME", many=True, default="names of the files"),
    ] = ()
    """Name of a scenario in tables and figures, in the order of the scenarios; repeatable."""
    information: Annotated[bool, Option()] = False
    """Also say what knowing each parameter would be worth before choosing by the first outcome."""
    measures: Annotated[
        tuple[Annotated[str, Words(200)], ...],
        Option(name="--measure", metavar="TEXT", many=True),
    ] = ()
    """Also say what measuring is worth: 'survey of trust at start with 20 people', 'log of 6
    months'; repeatable."""
    know: Annotated[
        tuple[Annotated[str, Words(1000)], ...],
        Option(name="--know", metavar="NAME+NAME", many=True),
    ] = ()
    """Also say what knowing some parameters together would be worth; repeatable."""
    worth: Annotated[
        Annotated[float, Number(0, 1e15, above=True)] | None, Option(metavar="MONEY")
    ] = None
    """Money that a whole unit of the first outcome is worth; the planned cost then counts, too."""

    @property
    def informs(self) -> bool:
        """Whether it asks what would be worth knowing."""
        return bool(self.information or self.measures or self.know or self.worth is not None)


def issues(spec: Spec) -> Iterator[Issue]:
    """Mistakes between the fields."""
    yield from until_issues(spec)
    named = spec.scenarios
    if spec.weeks != POINTS:
        yield Issue(("weeks",), "cannot be chosen", allowed=", ".join(POINTS))
    for place, name in enumerate(spec.outcomes):
        if name not in NAMES and name.partition(" ")[0] in ("persistence", "effect"):
            yield Issue(
                ("outcomes", place), "is not compared as such", name,
                "names of outcomes; --gains compares effects",
            )  # fmt: skip
    if len(named) + spec.stopping_now < 2:
        yield Issue(
            ("scenarios",), "there is no scenario to compare with", allowed="2 scenarios or more"
        )
    for place, name in enumerate(named):
        if name in named[:place]:
            yield Issue(("scenarios", place), f"{name!r} is given twice", name)
    if spec.labels and len(spec.labels) != len(named):
        yield Issue(
            ("labels",), f"{count(len(spec.labels), 'label')} for {count(len(named), 'scenario')}",
            allowed="one a scenario",
        )  # fmt: skip
    for place, text in enumerate(spec.measures):
        try:
            measurement_of(text)
        except InputError as error:
            wrong = error.problems[0]
            yield Issue(("measures", place), wrong.message, text, wrong.allowed, wrong.suggestion)
    for place, text in enumerate(spec.know):
        for name in text.split("+"):
            if unknown := check_name(name):
                yield Issue(
                    ("know", place), unknown.message, name, unknown.allowed, unknown.suggestion
                )
    if len(set(spec.labels)) < len(spec.labels):
        yield Issue(("labels",), "name two scenarios alike", allowed="a name of its own for each")


def check(study: Study[Spec]) -> None:
    """Check the scenarios.

    Raises:
        StudyError: stopping now needs a contact log with contacts planned after it.
        UnlikePeople: levels are compared of scenarios with other people.
    """
    first = study.scenario
    if study.header.stopping_now and (first.contact_log is None or not first.dosage):
        raise study.error(
            ("stopping_now",),
            f"{first.name!r} has no dosage that goes on after a contact log",
            allowed="a scenario with contact_log and dosage; without a log compare with no_ta",
        )
    name = study.header.outcomes[0]
    if study.header.informs and not study.about(name).sign:
        raise study.error(
            ("outcomes", 0), f"{name!r} has no better and worse values, so no scenario can be "
                             "chosen by it",
            value=name, allowed="an outcome of which more or less is better, such as integration",
        )  # fmt: skip
    if study.header.measures and study.header.engine not in ("auto", "compiled"):
        raise study.error(
            ("measures",), "a measurement looks at people, which only the compiled engine shows",
            value=study.header.engine, allowed="engine auto or compiled; or --information alone",
        )  # fmt: skip
    for place, text in enumerate(study.header.measures):
        try:
            measurement_of(text).check(plans_of(study)[0].scenario)
        except InputError as error:
            wrong = error.problems[0]
            raise study.error(
                ("measures", place), f"{text!r} {wrong.message}", value=text, allowed=wrong.allowed
            ) from None
    if not study.header.gains:
        plans = plans_of(study)
        scenarios = [plan.scenario for plan in plans]
        check_same_people(scenarios, [plan.label for plan in plans], differing(scenarios))


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    assert study.plausible is not None
    sets = len(study.plausible)
    return f"{title(study)}: {count(sets, 'set')} x {count(study.header.replicates, 'replicate')}"


def title(study: Study[Spec]) -> str:
    """The heading, which names the scenarios."""
    first, *others = (plan.label for plan in plans_of(study))
    return f"{', '.join(others)} against {first}"


# --- the scenarios -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ComparedPlan:
    """A scenario of a comparison.

    Attributes:
        scenario: the scenario that is run.
        label: the name of the scenario in tables and figures.
        end: the week of the end of TA; a scenario without dosage (no TA, or stopping now) has that
            of the first scenario that goes on.
        horizon: the common horizon, a week.
    """

    scenario: Scenario
    label: str
    end: int
    horizon: int

    def week(self, point: str) -> int:
        """The week of a point."""
        return self.end if point == "end_of_ta" else self.horizon


def plans_of(study: Study[Spec]) -> tuple[ComparedPlan, ...]:
    """The scenarios that are compared; the first is the one with which the others are compared."""
    header = study.header
    names = header.labels or study.labels
    plans = list(zip(_unlike(list(names)), study.scenarios.values(), strict=True))
    if header.stopping_now:
        plans.insert(0, (STOPPED, study.scenario.stopping_now()))
    horizon = min(plan.horizon_weeks for _, plan in plans)
    going = [plan.end_of_ta for _, plan in plans if plan.dosage]
    logged = [plan.end_of_ta for _, plan in plans if plan.has_ta]
    end = next(iter(going or logged), horizon)
    return tuple(
        ComparedPlan(
            plan, name, plan.end_of_ta if plan.dosage else min(end, plan.horizon_weeks), horizon
        )
        for name, plan in plans
    )


def _unlike(names: list[str]) -> list[str]:
    """The names, with numbers added where two are the same."""
    found: list[str] = []
    for one in names:
        name, number = one, 2
        while name in found:
            name, number = f"{one} ({number})", number + 1
        found.append(name)
    return found


def points_of(study: Study[Spec]) -> tuple[str, ...]:
    """The points of the comparison: both, or one where TA goes on to the horizon everywhere."""
    return POINTS[:1] if all(plan.end == plan.horizon for plan in plans_of(study)) else POINTS


WORLD = ("parameters", "shocks", "background_trend")
"""Fields of a scenario that are not part of a plan."""


def notes_of(study: Study[Spec]) -> tuple[str, ...]:
    """Sentences that say what limits the comparison."""
    plans = plans_of(study)
    found = differing([plan.scenario for plan in plans])
    notes = []
    if any(plan.scenario.horizon_weeks != plan.horizon for plan in plans):
        weeks = ", ".join(f"{plan.label} {plan.scenario.horizon_weeks}" for plan in plans)
        notes.append(
            f"The horizons differ ({weeks} weeks): the common horizon is the shortest, week "
            f"{plans[0].horizon}."
        )
    if study.header.gains:
        notes.append(
            "The comparison is of gains: each scenario is compared with its own people without TA."
        )
    if any(one.field.startswith("costs.") for one in found):
        notes.append("Costs are at each scenario's own prices.")
    world = [one for one in found if one.field.split(".")[0] in WORLD]
    if world:
        notes.append(
            f"The scenarios differ in more than their plans: {', '.join(map(str, world))}."
        )
    return tuple(notes)
