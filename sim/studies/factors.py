"""Factor and Space: what varies in a study, which is parameters, levers and inputs of functions.

A point of a :class:`Space` is a row of coordinates 0..1, one for each :class:`Factor`. The space
turns rows into values. It also makes problems for SALib, with neutral names and bounds 0..1. Each
problem is a fresh copy, because SALib marks, extends and reorders the problems that it gets.

A lever is a setting of the scenario, see :mod:`sim.scenario.levers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError, did_you_mean
from sim.core.parameters import NAMES, TABLE, rows
from sim.scenario.levers import (
    SHORT,
    changed,
    in_the_way,
    lever_names,
    plain,
    share_of_time,
    value_of,
)
from sim.scenario.scenario import Scenario
from sim.studies.distributions import Distribution
from sim.studies.spec import Study

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

DUMMY = "dummy"
"""Name of a factor that nothing depends on; its index shows how small an effect can be seen."""


@dataclass(frozen=True)
class Factor:
    """One factor.

    Attributes:
        name: the name in the study file.
        kind: parameter, lever, input (of a function) or dummy.
        distribution: the distribution of its values.
        meaning: the meaning in words, for tables and figures.
        grade: the grade of the evidence behind a parameter's range; empty for other kinds.
        default: the value when the factor does not vary (None: unknown).
    """

    name: str
    kind: str
    distribution: Distribution
    meaning: str = ""
    grade: str = ""
    default: Any = None


@dataclass(frozen=True)
class Space:
    """The factors of a study, the dummy last, and their groups.

    ``groups`` is empty, or has the name of a group for each factor.
    """

    factors: tuple[Factor, ...]
    groups: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(factor.name for factor in self.factors)

    @property
    def units(self) -> tuple[str, ...]:
        """The names that indices refer to: the groups, or else the factors."""
        return tuple(dict.fromkeys(self.groups)) if self.groups else self.names

    @property
    def dummy(self) -> int | None:
        """Index of the dummy in :attr:`units`; None where the space has no dummy."""
        return self.units.index(DUMMY) if DUMMY in self.units else None

    def problem(self, *, grouped: bool = True) -> dict[str, Any]:
        """A new SALib problem: the unit cube with neutral names."""
        problem: dict[str, Any] = {
            "num_vars": len(self.factors),
            "names": [f"x{place:03d}" for place in range(len(self.factors))],
            "bounds": [[0.0, 1.0] for _ in self.factors],
        }
        if grouped and self.groups:
            order = {name: f"g{place:03d}" for place, name in enumerate(self.units)}
            problem["groups"] = [order[name] for name in self.groups]
        return problem

    def values(self, unit: np.ndarray) -> dict[str, Any]:
        """Values of each factor except the dummy, at rows (points, factors) of the unit cube."""
        return {
            factor.name: factor.distribution.values(unit[:, place])
            for place, factor in enumerate(self.factors)
            if factor.kind != "dummy"
        }

    def centre(self) -> np.ndarray:
        """The coordinates (factors,) of the defaults."""
        return np.array([f.distribution.coordinate(f.default) for f in self.factors])


def with_dummy(
    factors: Sequence[Factor], groups: Mapping[str, Sequence[str]], dummy: bool
) -> Space:
    """A space with the dummy last; a factor without a group gets a group of its own."""
    found = list(factors)
    if dummy:
        found.append(
            Factor(DUMMY, "dummy", Distribution("uniform", (0.0, 1.0)), "nothing depends on it")
        )
    if not groups:
        return Space(tuple(found))
    group_of = {name: group for group, names in groups.items() for name in names}
    return Space(tuple(found), tuple(group_of.get(factor.name, factor.name) for factor in found))


# --- factors of the model ------------------------------------------------------------------------


def factors_of(
    study: Study[Any], scenario: Scenario, *, beyond_range: bool = False,
    marginals: Mapping[str, np.ndarray] | None = None,
    also: Mapping[str, Distribution | None] = MappingProxyType({}),
) -> list[Factor]:  # fmt: skip
    """The factors that a study file names, checked against the parameter table and the scenario.

    Args:
        also: parameters that vary even if the file does not name them, each with the distribution
            that applies where the file gives none (None: the table's range).
        marginals: quantiles of parameters (:func:`sim.studies.plausible.marginals`), which replace
            the ranges of parameters for which the file gives no distribution.

    Raises:
        StudyError: a name is unknown, a range goes beyond what is plausible, or the scenario does
            not have a lever.
    """
    found: dict[str, Factor] = {}
    base = scenario.parameter_set()
    for name, distribution in study.header.factors:
        where = ("factors", name) if distribution is not None else ("factors",)
        if name in ("free", "uncertain"):
            if distribution is not None:
                raise study.error(where, f"{name} is a role; its factors have the table's ranges")
            chosen = [row.name for row in rows(role=name) if row.low is not None]
        else:
            chosen = [name]
        for one in chosen:
            if one in found:
                raise study.error(where, f"{one} is named twice (once by its role)")
            if one in TABLE:
                if distribution is None and one in (marginals or {}):
                    numbers = tuple(float(x) for x in (marginals or {})[one])
                    row, how = TABLE[one], Distribution("marginal", numbers)
                    found[one] = Factor(one, "parameter", how, row.meaning, row.grade, base[one])
                    continue
                found[one] = _parameter(study, where, one, distribution, base[one], beyond_range)
            else:
                found[one] = _lever(study, where, one, distribution, scenario)
    touched: dict[str, str] = {}
    for name, one in found.items():
        if one.kind == "lever" and (said := in_the_way(name, scenario, touched)):
            raise study.error(("factors", name), f"{name} {said}")
    _check_shares(study, found, scenario)
    given = {name for name, how in study.header.factors if how is not None}
    for one, how in also.items():
        if one not in found or (how is not None and one not in given):
            found[one] = _parameter(study, ("factors",), one, how, base[one], True)
    return list(found.values())


def _parameter(
    study: Study[Any],
    where: tuple[str, ...],
    name: str,
    distribution: Distribution | None,
    default: float,
    beyond_range: bool,
) -> Factor:
    row = TABLE[name]
    if distribution is None:
        if row.low is None or row.high is None:
            raise study.error(
                where,
                f"{name} has no plausible range in the table",
                allowed=f"{name}: {{uniform: [low, high]}} within {row.range_text}",
            )
        distribution = Distribution("uniform", (row.low, row.high))
    if distribution.kind == "choices":
        if not all(isinstance(c, (int, float)) and not isinstance(c, bool)
                   for c in distribution.choices):  # fmt: skip
            raise study.error(where, f"{name} is a number; its choices must be numbers")
        low, high = min(distribution.choices), max(distribution.choices)
    else:
        low, high = distribution.limits
    if low < row.minimum or high > row.maximum:
        raise study.error(
            where,
            f"{name} would go from {low:.4g} to {high:.4g}, outside the limits of the equation",
            allowed=f"{row.minimum:.4g}..{row.maximum:.4g}; a truncated distribution keeps inside",
        )
    plausible = row.low is None or row.high is None or (row.low <= low and high <= row.high)
    if not plausible and not beyond_range:
        raise study.error(
            where,
            f"{name} would go from {low:.4g} to {high:.4g}, outside its plausible range; to go "
            "there on purpose set beyond_range: true",
            allowed=row.range_text,
        )
    return Factor(name, "parameter", distribution, row.meaning, row.grade, default)


def _lever(
    study: Study[Any],
    where: tuple[str, ...],
    name: str,
    distribution: Distribution | None,
    scenario: Scenario,
) -> Factor:
    levers = lever_names(scenario)
    if name not in levers:
        raise study.error(
            where,
            f"{name!r} is neither a parameter nor a lever of {scenario.name!r}",
            value=name,
            allowed="names printed by 'codose parameters', roles free and uncertain, or levers "
            "such as dosage[0].hours, core_team, staff, network",
            suggestion=did_you_mean(name, [*NAMES, "free", "uncertain", *levers]),
        )
    if distribution is None:
        raise study.error(
            where,
            f"{name} is a lever and has no range of its own",
            allowed=f"{name}: {{uniform: [low, high]}}, or integer, choices ...",
        )
    ends = _ends(distribution)
    said = ""
    for end in ends:
        try:
            left_out = changed(scenario, {name: end}).discarded
        except InputError as error:
            found = error.problem
            raise study.error(
                where,
                f"{name} cannot be {plain(end)}: {found.field}: {found.message}",
                allowed=found.allowed,
                suggestion=found.suggestion,
            ) from None
        if left_out:
            said = f"; {' '.join(left_out)}"
    return Factor(name, "lever", distribution, f"lever {SHORT.get(name, name)}{said}",
                  default=value_of(scenario, name))  # fmt: skip


def _ends(distribution: Distribution) -> Sequence[Any]:
    """The lowest and highest value of a factor, or all values that it may have."""
    return distribution.choices or [distribution.values(np.array([u]))[0] for u in (0.0, 1.0)]


def _check_shares(study: Study[Any], found: Mapping[str, Factor], scenario: Scenario) -> None:
    """Refuse shares of contact time that may add up to more than 1."""
    most = {
        name: max(_ends(one.distribution)) for name, one in found.items() if share_of_time(name)
    }
    if len(most) > 1:
        try:
            changed(scenario, most)
        except InputError as error:
            raise study.error(
                ("factors", list(most)[-1]),
                f"at their highest, {error.problem.message}", allowed=error.problem.allowed,
            ) from None  # fmt: skip


def check_factors(study: Study[Any], factors: Sequence[Factor]) -> None:
    """Refuse a study with a single factor, or with a factor that has the name of the dummy.

    Raises:
        StudyError: the study has only one factor, or a factor has the name of the dummy.
    """
    if any(factor.name == DUMMY for factor in factors):
        raise study.error(("factors",), f"{DUMMY!r} is the name of the factor without effect")
    if len(factors) < 2:
        name = factors[0].name if factors else "none"
        raise study.error(
            ("factors",),
            f"{name} is the only factor, and all variance is its own: there is none to share out",
            allowed="two factors or more; for one factor, 'codose surface' or one_at_a_time",
        )
