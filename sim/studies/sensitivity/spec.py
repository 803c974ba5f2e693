"""Spec: the fields of a sensitivity study, such as factors, ranges and methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from sim.present.format import count
from sim.scenario.checking import (
    Frozen,
    FrozenDict,
    Issue,
    Number,
    Shape,
    Strict,
    Words,
    one_of,
)
from sim.studies.factors import Space
from sim.studies.sensitivity.convergence import BASE_TOLERANCE
from sim.studies.sensitivity.design import design_of
from sim.studies.sensitivity.methods import METHODS, Method, Sampler
from sim.studies.spec import Option, Study, StudyHeader

HELP = """Find which assumptions drive a result.

The indices are SALib's, corrected for the chance that is left in the means. Each has an interval
and a verdict: converged, or about how many more runs it would take.

\b
Examples:
  codose sensitivity screen
  codose sensitivity sobol --samples 1024 --out results/sobol-1024
  codose sensitivity sobol --ranges plausible --out results/sobol-plausible
  codose sensitivity experiments/pawn.yaml --time-limit 10
  codose sensitivity sobol --resume
"""


def _method_name(value: Any) -> str:
    return one_of(value, METHODS, "is not a method")


_METHOD = Shape(_method_name, {"enum": list(METHODS)})


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class StopRule(Strict):
    """Add samples until the main indices have converged, or a budget of runs is spent."""

    budget_runs: Annotated[int, Number(1, 10**9, whole=True)]
    """Largest number of runs in all."""


Groups = dict[str, tuple[Annotated[str, Words(200)], ...]]


class Spec(StudyHeader):
    """A sensitivity study."""

    GONE: ClassVar[Mapping[str, str]] = {
        "failed_runs": "runs that fail are left out, listed and counted, as in every kind of study"
    }
    kind: Literal["sensitivity"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """sensitivity"""
    method: Annotated[
        tuple[Annotated[str, _METHOD], ...], BeforeValidator(_one_or_more)
    ] = ("sobol",)  # fmt: skip
    """One method or several; those of one sample share its runs."""
    second_order: Annotated[bool, Field(strict=True)] = False
    """Whether Sobol indices of pairs are asked for (nearly twice the runs)."""
    random_numbers: Literal["common", "fresh"] = "common"
    """common: all points have the same replicates; fresh: every point its own."""
    dummy: Annotated[bool, Field(strict=True)] = True
    """Whether a dummy factor without any effect is added, as the threshold."""
    groups: Annotated[Groups, Frozen] = Field(default_factory=FrozenDict)
    """Factors that are taken together, by the name of the group."""
    ranges: Annotated[Literal["table", "plausible"], Option(metavar="table|plausible")] = "table"
    """Ranges of the parameters to which the file gives no distribution: those of the table, or what
    the calibrated sets that come with the project leave of each free or uncertain parameter."""
    beyond_range: Annotated[bool, Field(strict=True)] = False
    """Whether factors may leave their plausible ranges."""
    tolerance: Annotated[float, Number(0, 1, above=True)] = BASE_TOLERANCE
    """How well an index near 0 must be known to be called converged."""
    stop: StopRule | None = None
    """Add samples until the indices have converged or the budget is spent."""


def issues(spec: Spec) -> Iterable[Issue]:
    """Mistakes between the fields."""
    if spec.scenarios:
        yield Issue(("scenarios",), "a sensitivity study has one scenario: 'scenario'")
    if not spec.method:
        yield Issue(("method",), "is empty", allowed=", ".join(METHODS))
    for place, name in enumerate(spec.method):
        method = METHODS[name]
        if name in spec.method[:place]:
            yield Issue(("method", place), f"{name} is named twice", name)
        yield from _size_issues(spec, method)
        if spec.groups and not method.groups:
            yield Issue(
                ("groups",),
                f"{method.title} knows no groups",
                allowed="groups with sobol or morris",
                reads=(("method",),),
            )
        if spec.stop is not None and not Sampler(method.sampler, Space(())).extendable:
            yield Issue(
                ("stop",),
                f"the sample of {method.title} cannot be extended",
                allowed="no stop rule, or another method",
            )
    if spec.second_order and "sobol" not in spec.method:
        yield Issue(("second_order",), "only the method sobol has second-order indices")


def _size_issues(spec: Spec, method: Method) -> Iterable[Issue]:
    n = spec.samples
    if method.sampler == "saltelli" and n & (n - 1):
        below = 1 << (n.bit_length() - 1)
        yield Issue(
            ("samples",),
            f"{n} is not a power of two, which Sobol's sequence needs to be balanced",
            n,
            f"{below} or {2 * below}",
        )
    elif n < method.least and method.sampler != "one_at_a_time":
        least = method.least
        yield Issue(("samples",), f"{n} are too few for {method.title}", n, f"{least} or more")


def check(study: Study[Spec]) -> None:
    """Check factors, groups and outcomes against the scenario or the test function.

    Raises:
        StudyError: a factor, a group or an outcome cannot be used.
    """
    design_of(study)


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    design, stop = design_of(study), study.header.stop
    most = f"; the stop rule may go on to {count(stop.budget_runs, 'run')}" if stop else ""
    return (
        f"{study.header.name}: {count(design.points, 'point')}, {count(design.runs, 'run')}{most}"
    )
