"""Asked: what a calibration is held to (targets), and what varies (factors)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.core.parameters import TABLE
from sim.scenario.scenario import Scenario
from sim.studies import observed
from sim.studies.factors import Factor, factors_of
from sim.studies.measures import parse_measure, variants
from sim.studies.observed import Observation
from sim.studies.spec import Study, StudyError
from sim.studies.targets import Target, targets_of

if TYPE_CHECKING:
    from sim.studies.calibrate.spec import Spec

EFFECTS = tuple(
    Target(
        f"effect on {name}", f"effect of TA on {name.replace('_', ' ')} at its end",
        parse_measure(f"effect on {name} at end_of_ta"), math.nan, -math.inf, math.inf, "effect",
        "", "",
    )
    for name in ("integration", "trust", "mutual_accountability", "knowledge", "capacity")
)  # fmt: skip
"""What TA does at its end."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A calibration before it is run.

    Attributes:
        study: what was asked.
        observations: everything observed that is looked at.
        targets: what it is calibrated to.
        effects: what TA does to the outcomes that a reader asks for first: worked out of every
            setting, and nothing is held to it.
        factors: what varies.
    """

    study: Study[Spec]
    observations: tuple[Observation, ...]
    targets: tuple[Target, ...]
    effects: tuple[Target, ...]
    factors: tuple[Factor, ...]

    @property
    def measured(self) -> tuple[Target, ...]:
        """What is measured in every setting: the targets, then the effects."""
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
        """Places of the calibrated factors (role free)."""
        return [place for place, name in enumerate(self.names) if TABLE[name].role == "free"]

    @property
    def borrowed(self) -> int:
        """Targets that come from other settings."""
        return sum(target.grade != "A" for target in self.targets)


def asked_of(study: Study[Spec]) -> Asked:
    """What a study is calibrated with.

    Raises:
        InputError: targets that do not exist or contradict each other, priors outside ranges, a
            scenario that cannot answer a target.
    """
    observations = [Observation.of_record(one) for one in study.inputs["observations"]]
    targets = _targets(study, observations)
    factors = factors_of(study, study.scenario)
    for factor in factors:
        if factor.kind != "parameter" or factor.distribution.kind == "choices":
            raise study.error(
                ("factors",), f"{factor.name} is not a continuous parameter of the model"
            )
    try:
        variants(study.scenario, [target.measure for target in targets])
    except InputError as error:
        raise StudyError(error.problems) from None
    effects = EFFECTS if study.scenario.has_ta else ()
    return Asked(study, tuple(observations), tuple(targets), effects, tuple(factors))


def _targets(study: Study[Spec], observations: Sequence[Observation]) -> list[Target]:
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
    targets = targets_of([one for one in wanted if one.id not in header.leave_out])
    for place, name in enumerate(header.targets):
        if name not in {t.id for t in targets} and name not in header.leave_out:
            raise study.error(
                ("targets", place), f"{name} cannot be scored (it is empty, or only shown)"
            )
    return targets
