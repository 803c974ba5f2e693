"""Spec: the fields of ``run``; :func:`parameter_sets` and :func:`replicates` say what is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from sim.core.errors import shown
from sim.core.parameters import NAMES, Parameters
from sim.core.units import count as counted
from sim.scenario.checking import FrozenDict, Issue, Number, Shape, one_of, refusal
from sim.studies.plausible import PlausibleSets
from sim.studies.spec import Option, Study, UntilClear, until_issues

HELP = """Run a scenario: with TA, and without.

Every run is made twice with the same people and the same chance: once with TA and once without.
The tables show what changes; the folder holds every number and the figures. The runs are spread
over plausible parameter sets, each with chance of its own, as in every other command.

\b
Examples:
  codose run source
  codose run my.yaml --sets 200 --out results/first
  codose run my.yaml --until 0.01
  codose run source --set trust_step=0.2 --set power_sharing=0.8 --out results/slow
  codose run source --fixed -n 1000 --out results/fixed
  codose run classroom --json --quiet > classroom.json
  codose run national --sets 500 --resume --out results/national
  codose run national --sets 500 --shard 1/8 --out shard-1
"""
ARGUMENT = "scenario"

SET_REPLICATES = 4
"""Default number of runs of each plausible set, as in every other kind."""
FIXED_REPLICATES: Mapping[str, int] = {"compiled": 200, "mesa": 30}
"""Default number of runs of fixed values by engine; the engine makes so many in moments."""


def _own_sets(value: Any) -> tuple[Mapping[str, float], ...]:
    """Check sets that are given as the values in which they differ from the scenario's own."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise refusal(
            f"{shown(value)} is not a list of sets", allowed="a list of mappings (parameter: value)"
        )
    for one in value:
        for name in one:
            one_of(name, NAMES, "is not a parameter", "the names printed by 'codose parameters'")
    return tuple(
        FrozenDict({name: Number().check(number) for name, number in one.items()}) for one in value
    )


_SETS_SCHEMA = {"type": "array", "items": {"type": "object"}}


class Spec(UntilClear):
    """Runs of one scenario."""

    kind: Literal["run"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """run"""
    replicates: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        Annotated[int, Number(1, 2**32, whole=True)] | None,
        Option("-n", default="4; with --fixed 200, or 30 by the readable engine"),
    ] = None
    """Runs of each set, each with chance of its own."""
    fixed: Annotated[bool, Option()] = False
    """Use the scenario's own values, so that runs differ by chance alone."""
    seed: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride]
        Annotated[int, Number(0, 2**63 - 1, whole=True)] | None, Option()
    ] = None
    """Seed of every random number."""
    beyond_range: Annotated[bool, Option()] = False
    """Let --set leave a plausible range."""
    keep_runs: Annotated[bool, Option()] = False
    """Keep every week of every run (large)."""
    parameters: Annotated[tuple[Mapping[str, float], ...], Shape(_own_sets, _SETS_SCHEMA)] = ()
    """Sets in place of plausible ones, each by the values that differ from the scenario's own."""

    def plausible(self, folder: Path | None) -> PlausibleSets | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The plausible sets; None where values are fixed."""
        return None if self.fixed or self.parameters else super().plausible(folder)


def issues(spec: Spec) -> Iterator[Issue]:
    """Mistakes between the fields."""
    yield from until_issues(spec)
    if spec.until is not None and (spec.fixed or spec.parameters):
        yield Issue(("until",), "needs plausible sets", spec.until, "sets, a number")
    for other in ("fixed", "parameters"):
        if getattr(spec, other) and "sets" in spec.model_fields_set:
            yield Issue(("sets",), f"does not go with {other}", allowed="one of the two")
    if spec.fixed and spec.parameters:
        yield Issue(("parameters",), "does not go with fixed", allowed="one of the two")


def check(study: Study[Spec]) -> None:
    """Check the parameter sets.

    Raises:
        StudyError: there is one plausible set only, which shows no parameter uncertainty.
        InputError: the caller's own sets hold a value that no equation can use.
    """
    plausible = study.plausible
    if plausible is not None and len(plausible) == 1 and plausible.varied:
        raise study.error(
            ("sets",), "1 is out of range", value=1, allowed="2 or more; --fixed for fixed values"
        )
    if study.header.parameters:
        parameter_sets(study)


def parameter_sets(study: Study[Spec]) -> tuple[Parameters, ...]:
    """The full parameter sets that are run, in their order.

    Raises:
        ParameterError: a set holds a value that no equation can use.
    """
    scenario = study.scenario
    if study.plausible is not None:
        return study.sets(scenario)
    own = scenario.parameter_set()
    return tuple(own.replace(beyond_range=True, **one) for one in study.header.parameters or ({},))


def replicates(study: Study[Spec]) -> int:
    """The number of runs of each set."""
    header = study.header
    if header.replicates is not None:
        return header.replicates
    if study.plausible is not None:
        return SET_REPLICATES
    return FIXED_REPLICATES.get(study.engine_name, FIXED_REPLICATES["mesa"])


def line(study: Study[Spec]) -> str:
    """One line that says which runs are about to be made."""
    count = replicates(study)
    why = f"(engine {study.engine_name}, seed {study.seed})"
    (label,) = study.labels
    if study.plausible is not None:
        return f"{label}: {len(study.plausible)} plausible sets x {count} {why}"
    sets = len(parameter_sets(study))
    if sets > 1:
        return f"{label}: {counted(sets, 'set')} x {count} {why}"
    return f"{label}: {count:,} {'run' if count == 1 else 'runs'} of fixed values {why}"


def differing(scenario_set: Parameters, sets: Sequence[Parameters]) -> list[dict[str, float]]:
    """For each full set, the values in which it differs from the scenario's own.

    >>> own = Parameters()
    >>> differing(own, [own, own.replace(trust_step=0.2)])
    [{}, {'trust_step': 0.2}]
    """
    return [{n: one[n] for n in NAMES if one[n] != scenario_set[n]} for one in sets]
