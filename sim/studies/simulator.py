"""Simulator: the model as one function of numbers, for the tools of others; :func:`simulator`.

What varies and what is asked are those of a sensitivity study, with the same names, ranges and
checks; rows of numbers take the place of the study's own samples.
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

from sim.core.errors import InputError, Problem, did_you_mean
from sim.core.whole import MAX_REPLICATES
from sim.runs.engines import Engine, choose_engine
from sim.runs.execute import Execution, execute
from sim.runs.own import OwnEngine, chosen
from sim.scenario.levers import changed
from sim.scenario.scenario import Scenario, find
from sim.studies.distributions import Distribution
from sim.studies.factors import Factor
from sim.studies.kind import StudyKind
from sim.studies.sensitivity.design import Design, design_of, labels_of, replicates_of
from sim.studies.sensitivity.design_points import DesignRuns, Outcomes

Names = str | Sequence[str] | Mapping[str, Any]
ROUNDING = 1e-6
"""Values no further outside than this share of a range lie on its end: what single precision, in
which some tools count, makes of an end."""
_SALIB = {"uniform": "unif", "log_uniform": "logunif", "truncated": "truncnorm",
          "normal": "truncnorm"}  # fmt: skip
_FIELDS = {"factors": "names", "weeks": "week"}
"""What a study calls the arguments."""


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

    It is what other tools ask for: SALib, EMA workbench, Optuna, pymoo, sbi, PyMC, SciPy.

    Args:
        scenario: a scenario, the path of its file, or the name of a shipped one.
        names: what varies, in the order of the columns of X: names of parameters, roles ("free",
            "uncertain"), or a mapping from names (of levers too, such as "hours" or "core_team") to
            ``(low, high)``, a distribution as study files write it (``{"log_uniform": [1, 9]}``,
            ``{"choices": ["ring", "hub"]}``), or None for the range of the parameter table.
        outcomes: what Y holds: names, "effect on NAME" (against no TA, run by run), "persistence
            of NAME". One name as text, at one week, gives a Y without columns, as optimisers want.
            Or a mapping from names to outcomes of your own (functions of the model,
            :mod:`sim.model.own`), and to None for those of codose.
        week: when: a number, "start", "end_of_ta", "year_after" or "horizon"; or a list of them.
        replicates: runs of each row, of which Y is the mean.
        paired: all rows have the same people and the same chance (common random numbers), so that
            differences between rows are those of their values, and indices are free of noise.
            False: each row has chance of its own, which follows from its values: the same row has
            the same answer, whoever asks and in whatever order.
        seed: of every random number; left out: the scenario's.
        beyond_range: let ``names`` leave plausible ranges.
        clip: take values outside their ranges for the nearest end, in place of an error.
        engine: who makes the runs, a model of your own or its name among them; see
            :func:`sim.run`.
        execution: how; left out: on all threads of this machine.

    Returns:
        The function. It can be pickled.

    Raises:
        InputError: every argument that cannot be used.

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
    _check_forms(scenario, names, outcomes)
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
            raise InputError(Problem("is empty", field, allowed="one or more"))
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
    """A function of rows of numbers. Made by :func:`simulator`.

    Attributes:
        design: what varies and what is asked.
        single: Y has no columns.
        clip: values outside their ranges are taken for the nearest end.
        engine: who makes the runs.
        execution: how they are made.

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

    # --- what it is ------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """What is run."""
        return self.design.study.scenario

    @property
    def names(self) -> tuple[str, ...]:
        """What varies: the columns of X."""
        return self.design.space.names

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """The columns of Y: names of outcomes; with several weeks "NAME @ week_52"."""
        labels = labels_of(self.design.study)
        if len(self.design.study.header.weeks) == 1:
            return tuple(label.outcome for label in labels)
        return tuple(label.column for label in labels)

    @property
    def replicates(self) -> int:
        """Runs of each row."""
        return replicates_of(self.design.study)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Lowest and highest value of each column of X.

        A column of whole numbers, or of the places (from 0) of choices, is rounded; its bounds
        reach half beyond, so that even draws between them give each value the same share.
        """
        return [_bounds(factor.distribution) for factor in self.design.space.factors]

    @property
    def prior(self) -> dict[str, Any]:
        """How each name varies, as a frozen distribution of :mod:`scipy.stats`: of a parameter the
        marginal that the table gives it."""
        return {one.name: one.distribution.frozen() for one in self.design.space.factors}

    @property
    def problem(self) -> dict[str, Any]:
        """What SALib's ``ProblemSpec`` takes: names, bounds, outputs, and ``dists`` where one is
        not uniform. A new one each time, since SALib changes what it is given."""
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

    # --- asking ----------------------------------------------------------------------------------

    def __call__(self, X: Any = None, /, **point: Any) -> Any:
        """Outcomes at points: means over the runs of each.

        Args:
            X: an array (n, k) or (k,), columns in the order of :attr:`names`; a DataFrame, columns
                by name; or a mapping from every name to a value, one point.
            point: one point by names, in place of X.

        Returns:
            What fits X: of (n, k) float64 (n, m); of (k,) float64 (m,); of a frame a frame with
            its index and a column an outcome; of a mapping a dict of floats. Without the axis of
            outcomes where one was asked for as text (of a mapping a float). NaN where no run has a
            value.

        Raises:
            InputError: names, a width or values that cannot be used, each with its row.
        """
        given = point if X is None else X
        found = self._mean(self.runs(given))
        if isinstance(given, Mapping):
            named = dict(zip(self.outcomes, found[0].tolist(), strict=True))
            return next(iter(named.values())) if self.single else named
        if _is_frame(given):
            import pandas as pd

            frame = pd.DataFrame(found, index=given.index, columns=list(self.outcomes))
            return frame.iloc[:, 0] if self.single else frame
        if np.ndim(given) == 1:
            return found[0, 0] if self.single else found[0]
        return found[:, 0] if self.single else found

    def runs(self, X: Any) -> np.ndarray:
        """Outcomes of every run: float64 (n, replicates, m); NaN where a run has no value.

        Args:
            X: as :meth:`__call__` takes it.

        Raises:
            InputError: as :meth:`__call__`.
        """
        values, count = self._values(X)
        if not count:
            return np.empty((0, self.replicates, len(self.outcomes)))
        return self._made(values, count).values

    @staticmethod
    def _mean(values: np.ndarray) -> np.ndarray:
        there = ~np.isnan(values)
        runs = there.sum(axis=1)
        total = np.where(there, values, 0.0).sum(axis=1)
        return np.divide(total, runs, out=np.full(total.shape, np.nan), where=runs > 0)

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
        """The number of each point, which fresh chance depends on: it follows from its values."""
        if self.design.study.header.random_numbers == "common":
            return np.arange(count)
        most = MAX_REPLICATES // self.replicates

        def number(row: int) -> int:
            text = repr([values[name][row] for name in self.names])
            digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
            return int.from_bytes(digest, "little") % most

        return np.array([number(row) for row in range(count)])

    # --- what was given --------------------------------------------------------------------------

    def _values(self, given: Any) -> tuple[dict[str, Any], int]:
        """Values of each name, row by row, and how many rows.

        Raises:
            InputError: what cannot be used.
        """
        by_name = isinstance(given, Mapping) or _is_frame(given)
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
            array = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(Problem("is no array of numbers", "X", allowed=allowed)) from None
        if array.ndim not in (1, 2) or array.shape[-1] != width:
            shape = f"({', '.join(map(str, array.shape))}{',' * (array.ndim == 1)})"
            raise InputError(Problem(f"has the shape {shape}", "X", allowed=allowed))
        array = np.atleast_2d(array)
        return {name: array[:, place] for place, name in enumerate(self.names)}, len(array)

    def _within(self, factor: Factor, column: Sequence[Any], problems: list[Problem]) -> Any:
        """Numbers of a column, within its bounds; whole ones rounded."""
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


def _check_forms(scenario: Any, names: Any, outcomes: Any) -> None:
    """See that the arguments are such as can be read.

    Raises:
        InputError: those that are not.
    """
    listed = "a name, a list of names, or a mapping from names"
    shipped = "a Scenario, a path, a shipped name"
    problems = [
        Problem(f"{given!r} cannot be used", field, given, allowed)
        for field, given, form, allowed in (
            ("scenario", scenario, Scenario | str | os.PathLike, shipped),
            ("names", names, Iterable, listed),
            ("outcomes", outcomes, Iterable, listed),
        )
        if not isinstance(given, form)
    ]  # fmt: skip
    if problems:
        raise InputError(problems)


def _factors(names: Names, scenario: Scenario) -> Any:
    """Names and ranges as study files write them."""
    if not isinstance(names, Mapping):
        return names if isinstance(names, str) else list(names)
    return {name: _spec(str(name), given, scenario) for name, given in names.items()}


def _spec(name: str, given: Any, scenario: Scenario) -> Any:
    if given is None:
        return "table"
    if isinstance(given, tuple | list) and len(given) == 2:
        ends = [one.item() if hasattr(one, "item") else one for one in given]
        return {"integer" if _is_whole(name, ends, scenario) else "uniform": ends}
    return given


def _is_whole(name: str, ends: Sequence[Any], scenario: Scenario) -> bool:
    """Whether a lever takes whole numbers only, as the size of a team does."""
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in ends):
        return False
    try:
        changed(scenario, {name: ends[0]})
    except InputError:  # no lever, or not to be set so: the study says why
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
    """A value as a number; NaN where it is none."""
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


def _is_frame(given: Any) -> bool:
    return hasattr(given, "columns") and hasattr(given, "index")


def _renamed(problem: Problem) -> Problem:
    """A mistake of the study by the name of the argument."""
    first, dot, rest = problem.field.partition(".")
    head, bracket, place = first.partition("[")
    field = f"{_FIELDS.get(head, head)}{bracket}{place}{dot}{rest}"
    return replace(problem, field=field, file="", line=0, column=0)
