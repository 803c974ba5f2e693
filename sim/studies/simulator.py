"""Simulator: the model as one function of numbers, for other tools; :func:`simulator` makes it.

Factors and outcomes are those of a sensitivity study, with the same names, ranges and checks. Rows
of numbers replace the study's own samples.
"""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.core.errors import InputError, Problem, did_you_mean, shown
from sim.core.frames import in_pandas, is_frame, is_row
from sim.core.whole import MAX_REPLICATES
from sim.runs.engines import Engine, choose_engine
from sim.runs.execute import Execution, execute
from sim.runs.own import OwnEngine, chosen
from sim.scenario.levers import changed
from sim.scenario.scenario import Scenario, find
from sim.stats.components import all_set_means
from sim.studies.distributions import Distribution
from sim.studies.factors import Factor
from sim.studies.kind import StudyKind
from sim.studies.sensitivity.design import Design, design_of, labels_of, replicates_of
from sim.studies.sensitivity.samples import DesignRuns, Outcomes

Names = str | Sequence[str] | Mapping[str, Any]
ROUNDING = 1e-6
"""Share of a range by which a value may lie outside and still count as its end, because some tools
compute in single precision."""
_SALIB = {"uniform": "unif", "log_uniform": "logunif", "truncated": "truncnorm",
          "normal": "truncnorm"}  # fmt: skip
_FIELDS = {"factors": "names", "weeks": "week"}
"""The argument of :func:`simulator` for a field of a study."""


def simulator(
    scenario: Scenario | str | os.PathLike[str],
    names: Names,
    outcomes: str | Sequence[str] | Mapping[str, Any] = ("integration",),
    week: int | str | Sequence[int | str] = "end_of_ta",
    *,
    replicates: int = 10,
    paired: bool = True,
    seed: int | None = None,
    beyond_range: bool = False,
    clip: bool = False,
    engine: str | type | Engine = "auto",
    execution: Execution | None = None,
) -> Simulator:
    """The model as a function ``f(X) -> Y`` of some parameters and levers.

    Tools that take such a function are SALib, EMA workbench, Optuna, pymoo, sbi, PyMC and SciPy.

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one.
        names: the factors, in the order of the columns of X: names of parameters, roles ("free",
            "uncertain"), or a mapping from names (of levers too, such as "hours" or "core_team") to
            ``(low, high)``, a distribution as study files write it (``{"log_uniform": [1, 9]}``,
            ``{"choices": ["ring", "hub"]}``), or None for the range of the parameter table.
        outcomes: the columns of Y: names, "effect on NAME" (against no TA, run by run),
            "persistence of NAME". One name as text, at one week, gives a Y without columns, which
            optimisers expect. A mapping from names to outcomes of your own (functions of the model,
            :mod:`sim.model.own`), or to None for outcomes of codose, is allowed too.
        week: a week number, "start", "end_of_ta", "year_after" or "horizon"; or a list of them.
        replicates: runs of each row; Y is their mean.
        paired: whether all rows have the same people and the same chance (common random numbers).
            Differences between rows then come from their values alone, and indices have no noise.
            With False, each row has chance of its own, which depends on its values only: the same
            row always gives the same values, in any order of calls.
        seed: seed of every random number; default: the scenario's.
        beyond_range: let ``names`` leave plausible ranges.
        clip: replace values outside their ranges by the nearest end, instead of an error.
        engine: the engine that makes the runs, which may be a model of your own or its name; see
            :func:`sim.run`.
        execution: how runs are made; default: on all threads of this machine.

    Returns:
        The function, which can be pickled.

    Raises:
        InputError: arguments cannot be used; the message names each.

    Example:
        >>> f = simulator("classroom", ["trust_step", "hour_scale"], ["trust", "integration"],
        ...               replicates=2)
        >>> f.names, f.outcomes, f.replicates
        (('trust_step', 'hour_scale'), ('trust', 'integration'), 2)
        >>> f([[0.2, 1.0], [0.3, 1.0], [0.3, 2.0]]).shape
        (3, 2)
        >>> sorted(f(trust_step=0.2, hour_scale=1.0))
        ['integration', 'trust']
        >>> f.problem["bounds"]
        [[0.1, 0.45], [0.3, 2.1]]
    """
    _check_forms(scenario, names, outcomes, execution)
    if not isinstance(scenario, Scenario):
        scenario = Scenario.load(find(os.fspath(scenario)))
    asked = [outcomes] if isinstance(outcomes, str) else list(outcomes)
    weeks = list(week) if isinstance(week, Iterable) and not isinstance(week, str) else None
    single = isinstance(outcomes, str) and weeks is None
    weeks = [week] if weeks is None else weeks
    own = outcomes if isinstance(outcomes, Mapping) else {}
    made_by = chosen(engine, {name: how for name, how in own.items() if how is not None})
    choose_engine(made_by)
    for field, given in {"names": names, "outcomes": asked, "week": weeks}.items():
        if not len(given):
            raise InputError("is empty", field, allowed="one or more")
    try:
        study = StudyKind.of("sensitivity").make(
            scenario=scenario, factors=_factors(names, scenario), outcomes=asked, weeks=weeks,
            replicates=replicates, seed=scenario.seed if seed is None else seed, dummy=False,
            method=["one_at_a_time"], random_numbers="common" if paired else "fresh",
            beyond_range=beyond_range,
            engine=made_by if isinstance(made_by, str | OwnEngine) else "auto",
        )  # fmt: skip
    except InputError as error:
        raise InputError([_renamed(problem) for problem in error.problems]) from None
    return Simulator(design_of(study), single, clip, made_by, execution)


@dataclass(frozen=True, eq=False)
class Simulator:
    """A function of rows of numbers, made by :func:`simulator`.

    Attributes:
        design: the factors, outcomes and weeks.
        single: whether Y has no columns.
        clip: whether values outside their ranges are replaced by the nearest end.
        engine: the engine that makes the runs.
        execution: how runs are made.

    >>> f = simulator("classroom", {"hours": (0.5, 2), "network": {"choices": ["ring", "hub"]}})
    >>> f.names, f.bounds, f.outcomes
    (('hours', 'network'), [(0.5, 2.0), (-0.5, 1.5)], ('integration',))
    >>> f.prior["hours"].mean().item()
    1.25
    >>> f({"hours": 1, "network": "ring"}) == f(hours=1, network="ring")
    True
    """

    design: Design
    single: bool = False
    clip: bool = False
    engine: str | Engine = "auto"
    execution: Execution | None = None

    # --- properties ------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """The scenario that is run."""
        return self.design.study.scenario

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the factors, which are the columns of X."""
        return self.design.space.names

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """The columns of Y: names of outcomes; with several weeks, "NAME @ week_52"."""
        labels = labels_of(self.design.study)
        if len(self.design.study.header.weeks) == 1:
            return tuple(label.outcome for label in labels)
        return tuple(label.column for label in labels)

    @property
    def replicates(self) -> int:
        """The number of runs of each row."""
        return replicates_of(self.design.study)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Lowest and highest value of each column of X.

        A column of whole numbers, or of the indices (from 0) of choices, is rounded. Its bounds
        reach half a unit beyond, so that uniform draws give each value the same share.
        """
        return [_bounds(factor.distribution) for factor in self.design.space.factors]

    @property
    def prior(self) -> dict[str, Any]:
        """The distribution of each factor, as a frozen distribution of :mod:`scipy.stats`; of a
        parameter, the marginal that the parameter table gives."""
        return {one.name: one.distribution.frozen() for one in self.design.space.factors}

    @property
    def problem(self) -> dict[str, Any]:
        """The problem for SALib's ``ProblemSpec``: names, bounds, outputs, and ``dists`` where one
        is not uniform. Each call makes a new mapping, because SALib changes its argument."""
        factors = self.design.space.factors
        found: dict[str, Any] = {
            "num_vars": len(factors),
            "names": list(self.names),
            "bounds": [list(pair) for pair in self.bounds],
            "outputs": list(self.outcomes),
        }
        kinds = [_SALIB.get(factor.distribution.kind, "unif") for factor in factors]
        if set(kinds) != {"unif"}:
            found["dists"] = kinds
            for place, factor in enumerate(factors):
                if kinds[place] == "truncnorm":
                    found["bounds"][place] += factor.distribution.numbers[:2]
        return found

    def __repr__(self) -> str:
        runs = f"{self.replicates:,} {'run' if self.replicates == 1 else 'runs'} a row"
        return (
            f"<simulator of {self.scenario.name!r}: ({', '.join(self.names)}) -> "
            f"({', '.join(self.outcomes)}), {runs}>"
        )

    # --- calls -----------------------------------------------------------------------------------

    def __call__(self, X: Any = None, /, **point: Any) -> Any:
        """Outcomes at each point, as means over its runs.

        Args:
            X: an array (n, k) or (k,) with columns in the order of :attr:`names`; a data frame
                (pandas, polars, Arrow) with columns by name; or one point as a mapping, or a row of
                a frame, from every name to a value.
            point: one point by names, in place of X.

        Returns:
            The form follows X: (n, k) gives float64 (n, m); (k,) gives float64 (m,); a frame gives
            a pandas frame with the same index and a column for each outcome; a mapping gives a dict
            of floats, and a row of a frame a pandas Series. Where ``outcomes`` was one name as
            text, the axis of outcomes is left out (a mapping or a row gives a float). NaN where no
            run has a value.

        Raises:
            InputError: names, the number of columns or values cannot be used; the message names
                the rows.
        """
        given = in_pandas(point if X is None else X)
        found = all_set_means(self.runs(given), axis=1)
        if is_row(given):
            import pandas as pd

            row = pd.Series(found[0], index=list(self.outcomes), name=given.name)
            return found[0].item() if self.single else row
        if isinstance(given, Mapping):
            named = dict(zip(self.outcomes, found[0].tolist(), strict=True))
            return next(iter(named.values())) if self.single else named
        if is_frame(given):
            import pandas as pd

            frame = pd.DataFrame(found, index=given.index, columns=list(self.outcomes))
            return frame.iloc[:, 0] if self.single else frame
        if np.ndim(given) == 1:
            return found[0, 0] if self.single else found[0]
        return found[:, 0] if self.single else found

    def runs(self, X: Any) -> np.ndarray:
        """Outcomes of every run: float64 (n, replicates, m); NaN where a run has no value.

        Args:
            X: points in any form that :meth:`__call__` takes.

        Raises:
            InputError: the points cannot be used, see :meth:`__call__`.
        """
        values, count = self._values(X)
        if not count:
            return np.empty((0, self.replicates, len(self.outcomes)))
        return self._made(values, count).values

    def _made(self, values: Mapping[str, Any], count: int) -> Outcomes:
        work = DesignRuns.at(self.design, [(values, self._numbers(values, count))])
        if refused := work.refused[0]:
            rows = sorted(refused)
            problem = Problem(
                f"cannot be run: {refused[rows[0]]}{_and_more(len(rows))}", f"row {rows[0]}",
                {name: values[name][rows[0]] for name in self.names},
                "levers that go together",
            )  # fmt: skip
            raise InputError(problem)
        assert work.plan is not None
        plan = replace(work.plan, engine=self.engine)
        made = work.outcomes(execute(plan, self.execution, work.collect))[0]
        if made.reasons:
            (row, replicate), reason = next(iter(sorted(made.reasons.items())))
            warnings.warn(
                f"{len(made.reasons):,} of {count * self.replicates:,} runs failed and are left "
                f"out; row {row}, replicate {replicate}: {reason}", RuntimeWarning, stacklevel=4,
            )  # fmt: skip
        return made

    def _numbers(self, values: Mapping[str, Any], count: int) -> np.ndarray:
        """The number of each point, which follows from its values and selects its chance."""
        if self.design.study.header.random_numbers == "common":
            return np.arange(count)
        most = MAX_REPLICATES // self.replicates

        def number(row: int) -> int:
            text = repr([values[name][row] for name in self.names])
            digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
            return int.from_bytes(digest, "little") % most

        return np.array([number(row) for row in range(count)])

    # --- inputs ----------------------------------------------------------------------------------

    def _values(self, given: Any) -> tuple[dict[str, Any], int]:
        """Values of each name, row by row, and the number of rows.

        Raises:
            InputError: the points cannot be used.
        """
        given = in_pandas(given)
        given = given.to_dict() if is_row(given) else given
        by_name = isinstance(given, Mapping) or is_frame(given)
        columns, count = self._named(given) if by_name else self._numbered(given)
        problems: list[Problem] = []
        found = {}
        for factor in self.design.space.factors:
            column = columns[factor.name]
            if by_name and factor.distribution.kind == "choices":
                found[factor.name] = _chosen(factor, column, problems)
            else:
                found[factor.name] = self._within(factor, column, problems)
        if problems:
            raise InputError(problems)
        return found, count

    def _named(self, given: Any) -> tuple[dict[str, Any], int]:
        """Columns of a mapping (one row) or a frame, by name."""
        keys = [str(key) for key in given]
        problems = [
            Problem(
                f"{key!r} does not vary here", "X", allowed=", ".join(self.names),
                suggestion=did_you_mean(key, self.names),
            )
            for key in keys if key not in self.names
        ] + [
            Problem("is missing: every name needs a value", name)
            for name in self.names if name not in keys
        ]  # fmt: skip
        if len(set(keys)) < len(keys):
            problems.append(Problem("has a column twice", "X", keys))
        if problems:
            raise InputError(problems)
        if isinstance(given, Mapping):
            return {name: [given[name]] for name in self.names}, 1
        return {name: given[name].tolist() for name in self.names}, len(given)

    def _numbered(self, given: Any) -> tuple[dict[str, Any], int]:
        """Columns of an array."""
        width = len(self.names)
        allowed = f"(n, {width}) or ({width},): {', '.join(self.names)}"
        try:
            if np.iscomplexobj(given):
                raise TypeError
            array = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError("is not an array of numbers", "X", allowed=allowed) from None
        if array.ndim not in (1, 2) or array.shape[-1] != width:
            shape = f"({', '.join(map(str, array.shape))}{',' * (array.ndim == 1)})"
            raise InputError(f"has the shape {shape}", "X", allowed=allowed)
        array = np.atleast_2d(array)
        return {name: array[:, place] for place, name in enumerate(self.names)}, len(array)

    def _within(self, factor: Factor, column: Sequence[Any], problems: list[Problem]) -> Any:
        """The numbers of a column within its bounds; whole numbers are rounded."""
        low, high = _bounds(factor.distribution)
        numbers = np.array([_number(one) for one in column], dtype=np.float64)
        slack = ROUNDING * (high - low)
        outside = (numbers < low - slack) | (numbers > high + slack)
        told = [(np.isnan(numbers), "is not a number")]
        if not self.clip:
            told.append((outside, "is outside its range"))
        allowed = f"{low:g}..{high:g}"
        if factor.distribution.count is not None:
            low, high = math.ceil(low), math.floor(high)
            allowed = f"{low}..{high}"
            if factor.distribution.kind == "choices":
                allowed = f"0..{high}, the places of {_words(factor)}"
        for wrong, message in told:
            rows = np.flatnonzero(wrong)
            if len(rows):
                value = column[int(rows[0])]
                more = _and_more(len(rows))
                text = f"{_shown(value)} {message}{more}"
                problems.append(Problem(text, f"row {rows[0]}: {factor.name}", value, allowed))
        if factor.distribution.count is not None:
            numbers = np.floor(numbers + 0.5)
        numbers = np.clip(numbers, low, high)
        if factor.distribution.kind == "choices" and not np.isnan(numbers).any():
            return [factor.distribution.choices[int(place)] for place in numbers]
        return numbers


# --- helpers -------------------------------------------------------------------------------------


def _check_forms(scenario: Any, names: Any, outcomes: Any, execution: Any) -> None:
    """Check that the arguments have forms that can be read.

    Raises:
        InputError: arguments have other forms; the message names each.
    """
    listed = "a name, a list of names, or a mapping from names"
    shipped = "a Scenario, a path, a shipped name"
    problems = [
        Problem(f"{shown(given)} cannot be used", field, given, allowed)
        for field, given, form, allowed in (
            ("scenario", scenario, Scenario | str | os.PathLike, shipped),
            ("names", names, Iterable, listed),
            ("outcomes", outcomes, Iterable, listed),
            ("execution", execution, Execution | None, "a sim.runs.execute.Execution"),
        )
        if not isinstance(given, form)
    ]  # fmt: skip
    if problems:
        raise InputError(problems)


def _factors(names: Names, scenario: Scenario) -> Any:
    """The factors in the form of study files."""
    if not isinstance(names, Mapping):
        return names if isinstance(names, str) else list(names)
    return {name: _spec(str(name), given, scenario) for name, given in names.items()}


def _spec(name: str, given: Any, scenario: Scenario) -> Any:
    if given is None:
        return "table"
    if hasattr(given, "tolist"):
        given = given.tolist()
    if isinstance(given, tuple | list) and len(given) == 2:
        ends = [one.item() if hasattr(one, "item") else one for one in given]
        return {"integer" if _is_whole(name, ends, scenario) else "uniform": ends}
    return given


def _is_whole(name: str, ends: Sequence[Any], scenario: Scenario) -> bool:
    """Whether a lever takes whole numbers only, such as the size of a team."""
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in ends):
        return False
    try:
        changed(scenario, {name: ends[0]})
    except InputError:  # no lever, or no such value: the study gives the reason
        return False
    try:
        changed(scenario, {name: ends[0] + 0.5})
    except InputError:
        return True
    return False


def _bounds(how: Distribution) -> tuple[float, float]:
    if how.count is None:
        return how.numbers if how.kind.endswith("uniform") else how.limits  # type: ignore[return-value]
    first = 0 if how.kind == "choices" else how.numbers[0]
    return first - 0.5, first + how.count - 0.5


def _chosen(factor: Factor, column: Sequence[Any], problems: list[Problem]) -> list[Any]:
    known = factor.distribution.choices
    rows = [row for row, one in enumerate(column) if one not in known]
    if rows:
        value = column[rows[0]]
        problems.append(
            Problem(
                f"{_shown(value)} is not a choice{_and_more(len(rows))}",
                f"row {rows[0]}: {factor.name}", value, _words(factor),
                did_you_mean(value, known) if isinstance(value, str) else "",
            )
        )  # fmt: skip
    return list(column)


def _words(factor: Factor) -> str:
    return ", ".join(map(str, factor.distribution.choices))


def _number(value: Any) -> float:
    """A value as a number; NaN where the value is no number."""
    if isinstance(value, str | bool | np.bool_) or value is None:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def _and_more(rows: int) -> str:
    return f" (in {rows:,} rows)" if rows > 1 else ""


def _renamed(problem: Problem) -> Problem:
    """A mistake of the study, named after the argument in place of the field."""
    first, dot, rest = problem.field.partition(".")
    head, bracket, place = first.partition("[")
    field = f"{_FIELDS.get(head, head)}{bracket}{place}{dot}{rest}"
    return replace(problem, field=field, file="", line=0, column=0)
