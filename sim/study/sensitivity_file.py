"""Study files of kind ``sensitivity``: the shared header and what this kind adds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sim.checking import Frozen, FrozenDict, Issue, Number, Shape, Strict, Words, refusal
from sim.errors import did_you_mean
from sim.loading import shown
from sim.study import factors as factor_table
from sim.study.distributions import Distribution
from sim.study.factors import Factor, Space, with_dummy
from sim.study.functions import FUNCTIONS, TestFunction
from sim.study.methods import METHODS, Method
from sim.study.plausible import Marginals, marginals
from sim.study.samplers import Sampler
from sim.study.settled import BASE_TOLERANCE
from sim.study.study_file import Study, StudyHeader, parse_study, read_study, study_of


def _method_name(value: Any) -> str:
    if not isinstance(value, str) or value not in METHODS:
        raise refusal(
            f"{shown(value)} is not a method",
            allowed=", ".join(METHODS),
            suggestion=did_you_mean(value, METHODS),
        )
    return value


_METHOD = Shape(_method_name, {"enum": list(METHODS)})


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class StopRule(Strict):
    """Add samples until the main indices are settled, or a budget of runs is spent."""

    budget_runs: Annotated[int, Number(1, 10**9, whole=True)]
    """Never more runs than this, in all."""


Groups = dict[str, tuple[Annotated[str, Words(200)], ...]]


class SensitivityFile(StudyHeader):
    """A sensitivity study."""

    method: Annotated[
        tuple[Annotated[str, _METHOD], ...], BeforeValidator(_one_or_more)
    ] = ("sobol",)  # fmt: skip
    """One method or several; those of one sample share its runs."""
    second_order: Annotated[bool, Field(strict=True)] = False
    """Whether Sobol indices of pairs are asked for (nearly twice the runs)."""
    random_numbers: Literal["common", "fresh"] = "common"
    """common: all points have the same replicates; fresh: every point its own."""
    dummy: Annotated[bool, Field(strict=True)] = True
    """Whether a factor that does nothing goes along, as the threshold."""
    groups: Annotated[Groups, Frozen] = Field(default_factory=FrozenDict)
    """Factors that are taken together, by the name of the group."""
    failed_runs: Literal["refuse", "drop"] = "refuse"
    """What a failed run does: the study is refused, or its whole base sample left out."""
    ranges: Literal["table", "plausible"] = "table"
    """What free parameters vary over that the file gives no distribution: the table's ranges, or
    what the calibrated sets that come with the project leave of each."""
    beyond_range: Annotated[bool, Field(strict=True)] = False
    """Lets factors leave their plausible ranges."""
    tolerance: Annotated[float, Number(0, 1, above=True)] = BASE_TOLERANCE
    """How well an index near 0 must be known to be called settled."""
    stop: StopRule | None = None
    """Add samples until settled or the budget is spent."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """A sensitivity study, ready to run.

    Attributes:
        study: the file.
        space: factors, groups, dummy.
        function: the test function in the place of the model, or None.
        ranges: what the factors vary over, in a sentence.
    """

    study: Study[SensitivityFile]
    space: Space
    function: TestFunction | None
    ranges: str = ""

    @property
    def header(self) -> SensitivityFile:
        """The fields."""
        return self.study.header

    @property
    def stochastic(self) -> bool:
        """Whether a run holds luck."""
        return self.function is None or bool((self.study.function or {}).get("noise"))

    @property
    def designs(self) -> tuple[tuple[Sampler, tuple[Method, ...]], ...]:
        """The samples to draw, each with the methods that read it, in the order of the file."""
        found: dict[str, list[Method]] = {}
        for name in self.header.method:
            found.setdefault(METHODS[name].sampler, []).append(METHODS[name])
        second = self.header.second_order
        return tuple(
            (Sampler(kind, self.space, second and kind == "saltelli"), tuple(methods))
            for kind, methods in found.items()
        )

    @property
    def points(self) -> int:
        """Points of all designs."""
        return sum(sampler.points(self.header.samples) for sampler, _ in self.designs)

    @property
    def arms(self) -> int:
        """2 when effects against no TA are asked for (every run has a partner), else 1."""
        return 2 if any(one.form == "effect" for one in self.study.outcomes) else 1

    @property
    def runs(self) -> int:
        """Runs in all."""
        replicates = self.header.replicates if self.stochastic else 1
        return self.points * replicates * self.arms

    def with_fields(self, **changes: Any) -> Sensitivity:
        """The same with some fields of the header changed (samples, replicates, seed ...).

        Raises:
            StudyError: what results cannot be used.
        """
        if not changes:
            return self
        header = self.header.model_copy(update=changes)
        for issue in header_issues(header):
            raise self.study.error(issue.where, issue.message, allowed=issue.allowed)
        return _of(replace(self.study, header=header))


def load(path: str | os.PathLike[str]) -> Sensitivity:
    """Read and check a sensitivity study.

    Raises:
        StudyError: every mistake of the header at once; then of the factors.
    """
    return _of(read_study(path, SensitivityFile, issues=header_issues))


def from_text(text: str, *, file: str = "<text>", folder: Path | None = None) -> Sensitivity:
    """The same from text."""
    return _of(
        parse_study(text, SensitivityFile, file=file, folder=folder, issues=header_issues)
    )  # fmt: skip


def from_dict(data: Mapping[str, Any], *, folder: Path | None = None) -> Sensitivity:
    """The same from a dict."""
    return _of(study_of(data, SensitivityFile, folder=folder, issues=header_issues))


def header_issues(header: SensitivityFile) -> Iterable[Issue]:
    """What is wrong between the fields."""
    if header.kind != "sensitivity":
        yield Issue(("kind",), f"{header.kind!r} is another kind of study", allowed="sensitivity")
    if not header.method:
        yield Issue(("method",), "is empty", allowed=", ".join(METHODS))
    for place, name in enumerate(header.method):
        method = METHODS[name]
        if name in header.method[:place]:
            yield Issue(("method", place), f"{name} is named twice", name)
        yield from _size_issues(header, method)
        if header.groups and not method.groups:
            yield Issue(
                ("groups",),
                f"{method.title} knows no groups",
                allowed="groups with sobol or morris",
                reads=(("method",),),
            )
        if header.stop is not None and not Sampler(method.sampler, Space(())).extendable:
            yield Issue(
                ("stop",),
                f"the sample of {method.title} cannot be extended",
                allowed="no stop rule, or another method",
            )
    if header.second_order and "sobol" not in header.method:
        yield Issue(("second_order",), "only the method sobol has second-order indices")


def _size_issues(header: SensitivityFile, method: Method) -> Iterable[Issue]:
    n = header.samples
    if method.sampler == "saltelli" and n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        yield Issue(
            ("samples",),
            f"{n} is no power of two, which Sobol's sequence needs to be balanced",
            n,
            f"{below} or {2 * below}",
        )
    elif n < method.least and method.sampler != "one_at_a_time":
        least = method.least
        yield Issue(("samples",), f"{n} are too few for {method.title}", n, f"{least} or more")


def _of(study: Study[SensitivityFile]) -> Sensitivity:
    header = study.header
    function, said = None, ""
    if study.function is not None:
        function = _function(study)
        found = _inputs(study, function)
    else:
        left = marginals() if header.ranges == "plausible" else None
        found = factor_table.factors_of(
            study, study.scenario, beyond_range=header.beyond_range,
            marginals=None if left is None else left.quantiles,
        )  # fmt: skip
        said = _ranges(header, left)
    if header.scenarios:
        raise study.error(("scenarios",), "a sensitivity study has one scenario: 'scenario'")
    if set(header.method) != {"one_at_a_time"}:
        factor_table.check_factors(study, found)
    _check_groups(study, found)
    return Sensitivity(study, with_dummy(found, header.groups, header.dummy), function, said)


def _ranges(header: SensitivityFile, left: Marginals | None) -> str:
    """What the factors vary over, in a sentence."""
    usual = (
        "Factors vary over the ranges of the study file and of the parameter table, independently "
        "of each other"
    )
    if left is not None:
        borrowed = f", {left.borrowed} of them borrowed" if left.borrowed else ""
        return (
            f"Free parameters vary as each of them does in the sets calibrated to {left.targets} "
            f"targets{borrowed}, all other factors over the ranges of the study file and of the "
            "parameter table; all independently of each other, as if calibration had not tied "
            "them together."
        )
    if header.ranges == "plausible":
        return f"{usual}: calibrated sets were asked for, and there are none."
    return f"{usual}; calibrated sets are not used (ranges: plausible)."


def _check_groups(study: Study[SensitivityFile], found: list[Factor]) -> None:
    names = [factor.name for factor in found]
    seen: set[str] = set()
    for group, members in study.header.groups.items():
        if group in names or group == factor_table.DUMMY:
            raise study.error(("groups", group), f"{group!r} is the name of a factor")
        for place, name in enumerate(members):
            where = ("groups", group, place)
            if name not in names:
                raise study.error(
                    where, f"{name!r} is not a factor of this study", value=name,
                    allowed="the factors it names", suggestion=did_you_mean(name, names),
                )  # fmt: skip
            if name in seen:
                raise study.error(where, f"{name!r} is in two groups", value=name)
            seen.add(name)


# --- test functions -------------------------------------------------------------------------------


def _function(study: Study[SensitivityFile]) -> TestFunction:
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


def _inputs(study: Study[SensitivityFile], function: TestFunction) -> list[Factor]:
    """The inputs a study names, or all of them (``factors: free``)."""
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
        raise study.error(("factors",), f"the function needs {', '.join(missing)} too")
    return found
