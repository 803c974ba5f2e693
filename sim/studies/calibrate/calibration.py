"""Calibration: the targets of a calibration, and the factors that vary."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.core.parameters import TABLE
from sim.scenario.scenario import Scenario
from sim.studies import observed
from sim.studies.distributions import Distribution
from sim.studies.factors import Factor, factors_of
from sim.studies.measures import parse_measure, variants
from sim.studies.observed import Observation
from sim.studies.spec import Study, StudyError
from sim.studies.targets import Target, targets_of

if TYPE_CHECKING:
    from sim.studies.calibrate.spec import Spec

LENIENCY = "survey_leniency"
"""The parameter for how far people answer above what they feel, which a mean of a survey also
shows. It varies wherever a survey is among the targets, even if the study does not name it."""
LENIENCIES = Distribution("uniform", (0.0, 0.6))
"""The prior of leniency in that case, an assumption. The range of the parameter table is that of
lenient answers about trust, but a centre's own people may answer any item as they feel."""
STARTS: Mapping[str, str] = {
    "trust": "first_trust", "accountability": "staff_accountability_mean",
    "knowledge": "knowledge_mean",
}  # fmt: skip
"""The starting level for each state that a survey or a test asks about; it varies, too."""
EFFECTS = tuple(
    Target(
        f"effect on {name}", f"effect of TA on {name.replace('_', ' ')} at its end",
        parse_measure(f"effect on {name} at end_of_ta"), math.nan, -math.inf, math.inf, "effect",
        "", "",
    )
    for name in ("integration", "trust", "mutual_accountability", "knowledge", "capacity")
)  # fmt: skip
"""The effects of TA at its end."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibration before it is run.

    Attributes:
        study: the study.
        observations: all observations that are considered.
        targets: the targets of the calibration.
        effects: effects of TA on the headline outcomes, computed for every setting without being
            targets.
        factors: the factors that vary.
        aside: findings that could be scored and are not, as id and reason.
    """

    study: Study[Spec]
    observations: tuple[Observation, ...]
    targets: tuple[Target, ...]
    effects: tuple[Target, ...]
    factors: tuple[Factor, ...]
    aside: tuple[tuple[str, str], ...] = ()

    @property
    def measured(self) -> tuple[Target, ...]:
        """The measures of every setting: the targets, then the effects."""
        return (*self.targets, *self.effects)

    @property
    def header(self) -> Spec:
        """The fields of the study."""
        return self.study.header

    @property
    def scenario(self) -> Scenario:
        """The scenario that is calibrated."""
        return self.study.scenario

    @property
    def names(self) -> list[str]:
        """Names of the factors."""
        return [factor.name for factor in self.factors]

    @property
    def free(self) -> list[int]:
        """Indices of the calibrated factors: those that the study names, and the role free."""
        named = dict(self.header.factors)
        return [
            place for place, name in enumerate(self.names)
            if name in named or TABLE[name].role == "free"
        ]  # fmt: skip

    @property
    def leniency(self) -> int | None:
        """Index of leniency among the factors; None without it or without a survey as target."""
        read = any(target.measure.surveyed for target in self.targets)
        return self.names.index(LENIENCY) if read and LENIENCY in self.names else None

    @property
    def borrowed(self) -> int:
        """The number of targets that come from other settings."""
        return sum(target.grade != "A" for target in self.targets)

    @property
    def own(self) -> int:
        """The number of targets that the user brought."""
        return sum(target.own for target in self.targets)


def calibration_of(study: Study[Spec]) -> Calibration:
    """The targets and factors of a study.

    Raises:
        InputError: targets do not exist or conflict with each other, priors leave their ranges, or
            the scenario cannot answer a target.
    """
    observations = [Observation.of_record(one) for one in study.inputs["observations"]]
    targets, aside = _targets(study, observations)
    factors = factors_of(study, study.scenario, also=_beside(study.scenario, targets))
    for factor in factors:
        if factor.kind != "parameter" or factor.distribution.kind == "choices":
            raise study.error(
                ("factors",), f"{factor.name} is not a continuous parameter of the model"
            )
    _refuse_unanswerable(study.scenario, targets)
    effects = EFFECTS if study.scenario.has_ta else ()
    return Calibration(
        study, tuple(observations), tuple(targets), effects, tuple(factors), tuple(aside)
    )  # fmt: skip


def _refuse_unanswerable(scenario: Scenario, targets: Sequence[Target]) -> None:
    problems = []
    for target in targets:
        try:
            variants(scenario, [target.measure])
        except InputError as error:
            problems.append(dataclasses.replace(error.problem, field=target.id))
    if problems:
        raise StudyError(problems)


def _beside(scenario: Scenario, targets: Sequence[Target]) -> dict[str, Distribution | None]:
    """The factors that the reading of an instrument depends on besides changes of state: how people
    answer, and the levels at which they began. They vary unless the scenario itself sets them."""
    read = [target.measure for target in targets if target.measure.read]
    starts = {STARTS[one.outcome]: None for one in read if one.outcome in STARTS}
    leniency = {LENIENCY: LENIENCIES} if any(one.surveyed for one in read) else {}
    found = {**leniency, **starts}
    return {name: how for name, how in found.items() if name not in scenario.parameters}


def _targets(
    study: Study[Spec], observations: Sequence[Observation]
) -> tuple[list[Target], list[tuple[str, str]]]:
    """The targets, and the findings that could be targets and are not, with the reason."""
    header = study.header
    for field in ("targets", "leave_out"):
        for place, name in enumerate(getattr(header, field)):
            try:
                observed.chosen(observations, [name])
            except InputError as error:
                found: Any = error.problem
                raise study.error(
                    (field, place), found.message, allowed=found.allowed,
                    suggestion=found.suggestion,
                ) from None  # fmt: skip
    wanted = observed.chosen(observations, header.targets) if header.targets else observations
    wanted = [one for one in wanted if one.id not in header.leave_out]
    lacking = {one.id: why for one in wanted if (why := _lack(study, one))}
    targets = targets_of([one for one in wanted if one.id not in lacking])
    aside = [*lacking.items(), *_told(targets)]
    for place, name in enumerate(header.targets):
        if name not in {t.id for t in targets} and name not in header.leave_out:
            raise study.error(
                ("targets", place), f"{name} cannot be scored (it is empty, or only shown)"
            )
    told = dict(aside)
    return [target for target in targets if target.id not in told], aside


def _lack(study: Study[Spec], one: Observation) -> str:
    """The reason why a finding that the study does not name cannot be a target; empty where it can.
    The scenario may be unable to answer a finding of codose, which was observed elsewhere with
    another design, or the model may not have the quantity of the user's own finding."""
    if one.own and one.finding.measures == "not modelled" and one.id not in study.header.targets:
        return "the model knows no quantity of this name"
    if one.own or one.id in study.header.targets or one.finding.use not in ("scored", "pattern"):
        return ""
    if one.finding.missing or not one.finding.measure.simulated:
        return ""
    try:
        variants(study.scenario, [one.finding.measure])
    except InputError as error:
        return error.problem.message
    return ""


def _told(targets: Sequence[Target]) -> list[tuple[str, str]]:
    """The later levels that follow from another level and the change between the two."""
    by_measure = {(t.measure.text, t.own): t.id for t in targets}
    found = {}
    for target in targets:
        levels = [by_measure.get((one.text, target.own)) for one in target.measure.levels]
        if all(levels) and levels:
            first, last = levels
            found[str(last)] = f"{first} and {target.id} give the same information"
    return list(found.items())
