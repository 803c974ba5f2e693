"""OwnEngine: a user's own model in place of the engines of codose; OwnReduction: its outcomes.

Wherever an engine is expected, a subclass of :class:`~sim.model.week.CoCreationModel` can be given,
by its name ``"module:Model"`` or as the class itself. This module gives its name and the digest of
its source to manifests and stores, checks what every run must keep to, and joins its outcomes to
those of codose.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.core.outcomes import FIRST_FLOW, NAMES, RECORD, Outcome
from sim.core.parameters import Parameters
from sim.engine.reduction import Reduction
from sim.scenario.checking import FrozenDict
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

    from sim.model.week import CoCreationModel
else:
    from sim.core.late import np

STATES = ("trust", "accountability", "knowledge", "integration", "workload")
"""The states of a person that stay within 0..1."""
FORM = "module:Model, a class of your own that derives from CoCreationModel"


class WrongSource(Exception):
    """A worker has another source of the user's model than the process that sent the task."""


@dataclass(frozen=True, eq=False)
class OwnEngine:
    """A user's own model as an engine.

    Attributes:
        name: "module:Model".
        source: SHA-256 (hex) of the source files of the class and of its parts (bases, staff and
            providers, outcomes) without those of codose; empty where there are no files, as in a
            notebook. Modules that these files import do not enter it.
        outcomes: the model's own outcomes by name: those of the class and those given beside it.
        model: the class; None where it cannot be imported, which still allows results to be read.
        given: the outcomes given beside the class.
        reason: why the class could not be imported.
    """

    name: str
    source: str
    outcomes: Mapping[str, Outcome]
    model: Any = None
    given: Mapping[str, Outcome] = FrozenDict()
    reason: str = ""

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def places(self) -> list[str]:
        """Names of the class and of given functions that no other process can import."""
        parts = [self.model, *(one.formula for one in self.given.values())]
        return [_called(one) for one in parts if _importable(one) is None]

    def __call__(
        self, scenario: Scenario, parameters: Parameters, seed: int, replicate: int
    ) -> np.ndarray:
        """Make one run, and check what every engine must keep to.

        Returns:
            The record; for a model with outcomes of its own, packed for :class:`OwnReduction`:
            float64 (T + 1, regions + 1, columns of RECORD and these outcomes), NaN where there is
            no value.

        Raises:
            InputError: the model breaks a rule for engines, or could not be imported.
        """
        if self.model is None:
            raise InputError(self.reason, "engine", self.name, FORM)
        model = self.model(
            scenario, parameters=parameters, seed=seed, replicate=replicate, collect=False,
            **({"outcomes": dict(self.given)} if self.given else {}),
        )  # fmt: skip
        before = _of_model(model)
        while model.week < model.horizon:
            try:
                model.step()
            except Exception:
                self._check_states(model)  # a bad state would explain the fault
                raise
            self._check_states(model)
        self._refuse_draws(_drawn(before, _of_model(model)))
        if not self.outcomes:
            return model.record
        return _packed(model.record, model.own_record)

    def _check_states(self, model: CoCreationModel) -> None:
        """Check that every state is a number in 0..1.

        Raises:
            InputError: a state is not.
        """
        for region in model.regions:
            named = [(f"routines of {region.name}", region.routines)]
            named += [(f"accountability of {region.provider.name}", region.site.record)]
            named += [(f"context of {region.provider.name}", region.site.context)]
            for what, value in named:
                self._check_state(model, what, value)
        for person in model.staff:
            for state in STATES:
                value = getattr(person, state)
                if not 0.0 <= value <= 1.0:
                    who = f"of post {person.post} in {person.region.name}"
                    self._check_state(model, f"{state} {who}", value)

    def _check_state(self, model: CoCreationModel, what: str, value: float) -> None:
        if not 0.0 <= value <= 1.0:
            raise InputError(
                f"{self.name} breaks a promise of engines: the {what} is {value:g} in week "
                f"{model.week}", "engine", value, "0..1",
            )  # fmt: skip

    def _refuse_draws(self, drawn: Sequence[str]) -> None:
        """Refuse a model that draws from other generators than its streams.

        Raises:
            InputError: some other generator was used.
        """
        if drawn:
            raise InputError(
                f"{self.name} breaks a promise of engines: it draws from {drawn[0]}, so that "
                "its runs with and without TA do not share their chance",
                "engine", drawn[0], "self.model.stream.uniform(purpose, entity, draw, week)",
            )  # fmt: skip

    def check_repeats(self, scenario: Scenario, parameters: Parameters, seed: int) -> None:
        """Make one run twice: the same seed must give the same numbers, and neither run may draw
        from the shared generators. A change of these counts only if it happens both times, since
        other code may draw meanwhile. A run that fails is not checked.

        Raises:
            InputError: the numbers differ, or a shared generator is used; or see :meth:`__call__`.
        """
        made, drawn = [], []
        for _ in range(2):
            before = _of_everybody()
            try:
                made.append(self(scenario, parameters, seed, 0))
            except InputError:
                raise
            except Exception:
                return
            drawn.append(_drawn(before, _of_everybody()))
        self._refuse_draws([where for where in drawn[0] if where in drawn[1]])
        one, other = made
        if one.shape == other.shape and not np.array_equal(one, other, equal_nan=True):
            week, _, column = (int(i) for i in np.argwhere(_differ(one, other))[0])
            name = (*RECORD, *self.outcomes)[column]
            raise InputError(
                f"{self.name} breaks a promise of engines: the same seed gives another {name} "
                f"in week {week} when it is asked again",
                "engine", self.name, "draws of self.model.stream, and no state outside the "
                "model",
            )  # fmt: skip

    def check_source(self) -> None:
        """Check on a worker that the source files are those of the process that sent the task.

        Raises:
            WrongSource: they differ.
        """
        here = own_engine(self.model, self.given).source
        if here != self.source:
            raise WrongSource(f"{self.name} has another source on the worker than here")

    def check_elsewhere(self) -> None:
        """Check that another process can import the model.

        Raises:
            InputError: it cannot.
        """
        if self.places:
            raise InputError(
                f"{', '.join(self.places)} cannot be pickled for other processes: it is "
                "defined where they cannot import it", "engine", self.name,
                "a class and functions at the top of a module of their own",
            )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """The engine as plain values for JSON; the inverse is :func:`recorded`."""
        return {
            "name": self.name,
            "source": self.source,
            "outcomes": {name: _plain(one, name in self.given)
                         for name, one in self.outcomes.items()},
        }  # fmt: skip


def own_engine(engine: Any, outcomes: Mapping[str, Any] | None = None) -> OwnEngine:
    """An engine from the name of a model, or its class.

    Args:
        engine: "module:Model", or a subclass of CoCreationModel.
        outcomes: own outcomes beside those of the class (:mod:`sim.model.own`).

    Raises:
        InputError: the model cannot be imported or is no such class, or an outcome cannot be used.

    >>> own_engine("sim.model.week:CoCreationModel").name
    'sim.model.week:CoCreationModel'
    """
    from sim.model.own import declared
    from sim.model.week import CoCreationModel

    model = _imported(engine) if isinstance(engine, str) else engine
    if not (isinstance(model, type) and issubclass(model, CoCreationModel)):
        raise _refusal(engine, "is not a subclass of CoCreationModel")
    given = declared(outcomes or {})
    every = {**declared(model.outcomes), **given}
    name = f"{model.__module__}:{model.__qualname__}"
    parts = [*model.__mro__, *model.staff_class.__mro__, *model.provider_class.__mro__,
             *(one.formula for one in every.values())]  # fmt: skip
    return OwnEngine(name, _digest(parts), FrozenDict(every), model, FrozenDict(given))


def chosen(engine: Any, outcomes: Mapping[str, Any] | None = None) -> Any:
    """The engine that a caller in Python gives, with outcomes of the caller's own.

    Args:
        engine: a name, "module:Model", a subclass of CoCreationModel, or a function.
        outcomes: own outcomes, which only a model can have.

    Returns:
        An OwnEngine for a model; any other name or function unchanged.

    Raises:
        InputError: see :func:`own_engine`; or there are outcomes for an engine that is no model.
    """
    if isinstance(engine, OwnEngine) and not outcomes:
        return engine
    if isinstance(engine, type) or (isinstance(engine, str) and ":" in engine):
        return own_engine(engine, outcomes)
    if not outcomes:
        return engine
    if engine not in ("auto", "mesa"):
        raise InputError(
            "cannot compute outcomes of your own", "engine", engine, f"mesa, or {FORM}"
        )
    from sim.model.week import CoCreationModel

    return own_engine(CoCreationModel, outcomes)


def recorded(plain: Mapping[str, Any]) -> OwnEngine:
    """The engine of :meth:`OwnEngine.record`, with its model if that can be imported here."""
    outcomes = {
        name: Outcome(name, one["unit"], one["meaning"], one["function"], one["kind"],
                      one["overall"], _number(one["low"]), _number(one["high"]), one["better"])
        for name, one in plain["outcomes"].items()
    }  # fmt: skip
    try:
        given = {
            name: replace(one, formula=_imported(str(one.formula)))
            for name, one in outcomes.items() if plain["outcomes"][name]["given"]
        }  # fmt: skip
        return own_engine(plain["name"], given)
    except InputError as error:
        known = FrozenDict(outcomes)
        return OwnEngine(plain["name"], plain["source"], known, reason=error.problem.message)


def _number(value: Any) -> Any:
    """A bound read from JSON, where null stands for infinity."""
    return {"inf": math.inf, "-inf": -math.inf}.get(value, value)


def _plain(one: Outcome, given: bool) -> dict[str, Any]:
    """The declaration of an outcome, as plain values."""
    bounds = {
        end: str(value) if value is not None and math.isinf(value) else value
        for end, value in (("low", one.low), ("high", one.high))
    }
    where = getattr(one.formula, "__module__", "")
    function = one.formula if isinstance(one.formula, str) else f"{where}:{_called(one.formula)}"
    return {
        "unit": one.unit, "meaning": one.meaning, "function": function, "kind": one.kind,
        "overall": one.overall, **bounds, "better": one.better, "given": given,
    }  # fmt: skip


# --- names and sources ---------------------------------------------------------------------------


def _refusal(given: Any, message: str) -> InputError:
    said = given if isinstance(given, str) else _called(given)
    return InputError(f"{said!r} {message}", "engine", given, FORM)


def _imported(name: str) -> Any:
    """The object that "module:name" names.

    Raises:
        InputError: it cannot be imported.
    """
    module, _, inside = name.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # a command, unlike a script, leaves it out
    try:
        found = importlib.import_module(module)
        for part in inside.split("."):
            found = getattr(found, part)
    except Exception as error:
        why = " ".join(str(error).split())
        raise _refusal(name, f"cannot be imported ({type(error).__name__}: {why})") from None
    return found


def _importable(one: Any) -> str | None:
    """The name by which any process can import a class or function; None if there is none."""
    module, inside = getattr(one, "__module__", None), getattr(one, "__qualname__", "")
    if module in (None, "__main__") or not inside or "<" in inside:
        return None
    found: Any = sys.modules.get(str(module))
    for part in inside.split("."):
        found = getattr(found, part, None)
    return f"{module}:{inside}" if found is one else None


def _called(one: Any) -> str:
    return str(getattr(one, "__qualname__", None) or one)


def _digest(parts: Sequence[Any]) -> str:
    """SHA-256 of the files that define some classes and functions, without codose and Mesa."""
    files: dict[str, bytes] = {}
    for one in parts:
        module = getattr(one, "__module__", "") or ""
        if module.partition(".")[0] in ("builtins", "sim", "mesa", "typing"):
            continue
        try:
            path = inspect.getsourcefile(one)
            files[module] = Path(path or "").read_bytes().replace(b"\r\n", b"\n")
        except (TypeError, OSError):
            continue
    if not files:
        return ""
    digest = hashlib.sha256()
    for module in sorted(files):
        digest.update(module.encode() + b"\0" + files[module] + b"\0")
    return digest.hexdigest()


# --- draws ---------------------------------------------------------------------------------------


def _of_everybody() -> dict[str, Any]:
    """States of the generators that all code of this process shares."""
    return {"random": random.getstate(), "numpy.random": _plain_state()}


def _of_model(model: CoCreationModel) -> dict[str, Any]:
    """States of a model's own generators."""
    return {"model.random": model.random.getstate(), "model.rng": model.rng.bit_generator.state}


def _drawn(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The generators whose states differ."""
    return [where for where, state in before.items() if state != now[where]]


def _plain_state() -> Any:
    state: Any = np.random.mtrand._rand.get_state(legacy=True)
    return state[0], state[1].tobytes(), *state[2:]


# --- records with own outcomes -------------------------------------------------------------------


def _packed(record: np.ndarray, own: np.ndarray) -> np.ndarray:
    weeks, regions, columns = record.shape
    found = np.full((weeks, regions + 1, columns + own.shape[-1]), np.nan)
    found[:, :regions, :columns], found[..., columns:] = record, own
    return found


def _differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return ~((one == other) | (np.isnan(one) & np.isnan(other)))


def plain(records: np.ndarray, own: int) -> np.ndarray:
    """The records of codose within packed ones, (..., region, column)."""
    return records[..., :-1, : len(RECORD)] if own else records


def reported(record: np.ndarray, weeks: Sequence[int] | None, own: Sequence[Outcome]) -> np.ndarray:
    """The reported weeks of a whole record: their levels, and the totals of flows up to each."""
    if weeks is None:
        return record
    flows = [*range(FIRST_FLOW, len(RECORD))]
    flows += [len(RECORD) + place for place, one in enumerate(own) if one.kind == "total"]
    some = record[list(weeks)]
    some[..., flows] = np.cumsum(record[..., flows], axis=0)[list(weeks)]
    return some


@dataclass(frozen=True, eq=False)
class OwnReduction:
    """A :class:`~sim.engine.reduction.Reduction` of packed records: outcomes of codose, then own.

    Attributes:
        base: the reduction of the outcomes of codose.
        own: the model's own outcomes.
    """

    base: Reduction
    own: tuple[Outcome, ...]

    @property
    def reported(self) -> tuple[int, ...] | None:
        """See :class:`~sim.engine.reduction.Reduction`."""
        return self.base.reported

    def with_weeks(self, weeks: tuple[int, ...]) -> OwnReduction:
        """The same reduction for records that report these weeks."""
        return replace(self, base=replace(self.base, weeks=weeks))

    def at_points(self, records: np.ndarray, which: np.ndarray) -> np.ndarray:
        """(run, point, region, outcome), see :class:`~sim.engine.reduction.Reduction`."""
        added = records[..., len(RECORD) :]
        if self.base.every_week:
            added = added.copy()
            for place, one in enumerate(self.own):
                if one.kind == "total":
                    added[..., place] = np.cumsum(added[..., place], axis=1)
        rows = [self.base.weeks.index(week) for week in self.base.points]
        found = self.base.at_points(plain(records, 1), which)
        return np.concatenate([found, added[:, rows]], axis=-1)

    def weekly(self, records: np.ndarray, which: np.ndarray) -> np.ndarray:
        """(run, week, region, outcome), see :class:`~sim.engine.reduction.Reduction`."""
        found = self.base.weekly(plain(records, 1), which)
        return np.concatenate([found, records[..., len(RECORD) :]], axis=-1)


def names(own: Sequence[Outcome]) -> tuple[str, ...]:
    """Names of all outcomes, in the order of their columns."""
    return (*NAMES, *(one.name for one in own))
