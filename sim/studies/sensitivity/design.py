"""Design: the factors, samples and methods of a sensitivity study, ready to be drawn.

>>> from sim.studies.kind import StudyKind
>>> study = StudyKind.of("sensitivity").make(
...     scenario="classroom", outcomes=["trust"], factors=["trust_step", "hour_scale"],
...     method="morris", samples=4, replicates=2,
... )
>>> design = design_of(study)
>>> design.space.names, design.points, design.runs
(('trust_step', 'hour_scale', 'dummy'), 16, 32)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import did_you_mean, shown
from sim.studies.distributions import Distribution
from sim.studies.factors import DUMMY, Factor, Space, check_factors, factors_of, with_dummy
from sim.studies.plausible import Posterior, read_posterior
from sim.studies.sensitivity.functions import FUNCTIONS, TestFunction
from sim.studies.sensitivity.methods import METHODS, Method, Sampler
from sim.studies.spec import OutcomeSpec, Study, week_label

if TYPE_CHECKING:
    from sim.studies.sensitivity.spec import Spec


@dataclass(frozen=True)
class Label:
    """One column of outcomes: an outcome and its week."""

    spec: OutcomeSpec
    at: int | str

    @property
    def week(self) -> str:
        """The label of the week; empty for a test function."""
        return week_label(self.at)

    @property
    def outcome(self) -> str:
        """The outcome as the study file writes it."""
        return self.spec.label

    @property
    def column(self) -> str:
        """The name of the column in tables."""
        return f"{self.outcome} @ {self.week}" if self.week else self.outcome


def labels_of(study: Study[Spec]) -> tuple[Label, ...]:
    """Outcomes by week. Persistence has one column, for the year after the end of TA; a test
    function has no weeks."""
    if study.function is not None:
        return tuple(Label(OutcomeSpec(name), "") for name in study.header.outcomes)
    found = []
    for spec in study.outcomes:
        if spec.form == "persistence":
            found.append(Label(spec, "year_after"))
            continue
        found += [Label(spec, week) for week in study.header.weeks]
    return tuple(found)


def is_stochastic(study: Study[Spec]) -> bool:
    """Whether a run contains chance."""
    return study.function is None or bool(study.function["noise"])


def has_partners(study: Study[Spec]) -> bool:
    """Whether an outcome is an effect of TA, so that every run has a counterfactual."""
    return study.function is None and any(one.form == "effect" for one in study.outcomes)


def replicates_of(study: Study[Spec]) -> int:
    """The number of runs at each point."""
    return study.header.replicates if is_stochastic(study) else 1


@dataclass(frozen=True, eq=False)
class Design:
    """The design of a sensitivity study.

    Attributes:
        study: the study.
        space: factors, groups, dummy.
        function: the test function in the place of the model, or None.
        ranges: a sentence on the ranges over which the factors vary.
    """

    study: Study[Spec]
    space: Space
    function: TestFunction | None
    ranges: str

    @property
    def samplers(self) -> tuple[tuple[Sampler, tuple[Method, ...]], ...]:
        """The samplers, each with the methods that use its sample, in the order of the file."""
        header = self.study.header
        found: dict[str, list[Method]] = {}
        for name in header.method:
            found.setdefault(METHODS[name].sampler, []).append(METHODS[name])
        return tuple(
            (Sampler(kind, self.space, header.second_order and kind == "saltelli"), tuple(methods))
            for kind, methods in found.items()
        )

    @property
    def points(self) -> int:
        """The number of points of all samples."""
        return sum(sampler.points(self.study.header.samples) for sampler, _ in self.samplers)

    @property
    def runs(self) -> int:
        """The number of all runs; a run and its counterfactual without TA count as one."""
        return self.points * replicates_of(self.study)


def design_of(study: Study[Spec]) -> Design:
    """The design of a study.

    Raises:
        StudyError: a factor, a group or an outcome cannot be used.
    """
    header = study.header
    function, said = None, ""
    if study.function is not None:
        function = _function(study)
        found = _inputs(study, function)
    else:
        left = read_posterior() if header.ranges == "plausible" else None
        found = factors_of(
            study, study.scenario, beyond_range=header.beyond_range,
            marginals=None if left is None else left.marginals(),
        )  # fmt: skip
        said = _ranges(header, left)
    if set(header.method) != {"one_at_a_time"}:
        check_factors(study, found)
    _check_groups(study, found)
    return Design(study, with_dummy(found, header.groups, header.dummy), function, said)


def _ranges(header: Spec, left: Posterior | None) -> str:
    """A sentence on the ranges over which the factors vary."""
    usual = (
        "Factors vary over the ranges of the study file and of the parameter table, independently "
        "of each other"
    )
    if left is not None:
        borrowed = f", {left.borrowed} of them borrowed" if left.borrowed else ""
        return (
            "Free and uncertain parameters vary as each of them does in the sets calibrated to "
            f"{left.targets} targets{borrowed}, all other factors over the ranges of the study "
            "file and of the parameter table. All vary independently of each other, as if "
            "calibration had not tied them together."
        )
    if header.ranges == "plausible":
        return f"{usual}: calibrated sets are wanted, but there are none."
    return f"{usual}; calibrated sets are not used (ranges: plausible)."


def _check_groups(study: Study[Spec], found: list[Factor]) -> None:
    names = [factor.name for factor in found]
    seen: set[str] = set()
    for group, members in study.header.groups.items():
        if group in names or group == DUMMY:
            raise study.error(("groups", group), f"{group!r} is the name of a factor")
        for place, name in enumerate(members):
            where = ("groups", group, place)
            if name not in names:
                raise study.error(
                    where, f"{name!r} is not a factor of this study", value=name,
                    allowed="the factors that the study "
                            "names", suggestion=did_you_mean(name, names),
                )  # fmt: skip
            if name in seen:
                raise study.error(where, f"{name!r} is in two groups", value=name)
            seen.add(name)


# --- test functions -------------------------------------------------------------------------------


def _function(study: Study[Spec]) -> TestFunction:
    name = (study.function or {})["function"]
    if name not in FUNCTIONS:
        raise study.error(
            ("scenario", "function"), f"{shown(name)} is not a test function", value=name,
            allowed=", ".join(FUNCTIONS), suggestion=did_you_mean(name, FUNCTIONS),
        )  # fmt: skip
    function = FUNCTIONS[name]
    for place, outcome in enumerate(study.header.outcomes):
        if outcome not in function.outcomes:
            raise study.error(
                ("outcomes", place), f"{shown(outcome)} is not an outcome of {name}", value=outcome,
                allowed=", ".join(function.outcomes),
            )  # fmt: skip
    return function


def _inputs(study: Study[Spec], function: TestFunction) -> list[Factor]:
    """The inputs that a study names, or all inputs (``factors: free``)."""
    if study.header.factors == (("free", None),):
        return function.factors()
    found = []
    for name, distribution in study.header.factors:
        if name not in function.inputs:
            where = ("factors", name) if distribution is not None else ("factors",)
            raise study.error(
                where, f"{name!r} is not an input of this function", value=name,
                allowed=", ".join(function.inputs),
                suggestion=did_you_mean(name, function.inputs),
            )  # fmt: skip
        how: Distribution = distribution or function.inputs[name]
        found.append(Factor(name, "input", how, "input"))
    missing = [name for name in function.inputs if name not in dict(study.header.factors)]
    if missing:
        raise study.error(("factors",), f"the function also needs {', '.join(missing)}")
    return found
