"""Engines by name, and what every run needs: a checked record, seed and number of replicates.

A run is a pure function of (scenario, parameters, seed, replicate), so runs may be made in any
order, in parts, and again (:mod:`sim.runs`). An *engine* is any such function:

    engine(scenario, parameters, seed, replicate) -> record

where a record is a new float64 array (week 0..T, region, column of
:data:`sim.core.outcomes.RECORD`).
"""

from __future__ import annotations

import importlib
import importlib.util
import operator
from collections.abc import Callable

import numpy as np

from sim.core.errors import InputError, Problem, check_known
from sim.core.outcomes import FIRST_FLOW, RECORD
from sim.core.parameters import Parameters
from sim.scenario.scenario import Scenario

Engine = Callable[[Scenario, Parameters, int, int], np.ndarray]
ENGINES = {"mesa": "sim.model.week", "compiled": "sim.engine.compiled"}
"""The module of each engine; its function is called ``simulate``."""
CHOICES: tuple[str, ...] = ("auto", *ENGINES)

MAX_REPLICATES = 2**32
"""A replicate is one 32-bit word of the counter behind every draw."""
MAX_SEED = 2**63 - 1


def checked_record(record: np.ndarray, scenario: Scenario) -> np.ndarray:
    """The record as float64, if it can be one of this scenario.

    Raises:
        ValueError: its shape is not (T + 1, regions, columns), or a value is not finite.
    """
    values = np.asarray(record, dtype=np.float64)
    expected = (scenario.horizon_weeks + 1, len(scenario.region_names), len(RECORD))
    if values.shape != expected:
        raise ValueError(f"the record has shape {values.shape}, expected {expected}")
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        week, region, column = (int(i) for i in wrong[0])
        what = "level" if column < FIRST_FLOW else "flow"
        raise ValueError(
            f"the {what} {RECORD[column]} of {scenario.region_names[region]} is "
            f"{values[week, region, column]} in week {week}"
        )
    return values


def choose_engine(engine: str | Engine, staff_weeks: int = 0) -> tuple[str, Engine]:
    """The name and the function of an engine; "auto" takes the compiled one where it can be used.

    Args:
        engine: a name of :data:`CHOICES`, or a function as described in this module.
        staff_weeks: the work; see :func:`sim.engine.choice.chosen`. 0: it is not known yet.

    Raises:
        InputError: no engine of that name, or it is not part of this installation.
        EngineError: the compiled one cannot be used, and the work is too much for the other.
    """
    if callable(engine):
        return getattr(engine, "__name__", type(engine).__name__), engine
    check_known(engine, CHOICES, "is not an engine", field="engine")
    name = engine
    if name == "auto":
        name = "compiled" if _present("compiled") else "mesa"
        if name == "compiled" and staff_weeks:
            name = importlib.import_module("sim.engine.choice").chosen(staff_weeks)
    return name, _engine(name)


def _engine(name: str) -> Engine:
    """The function of a named engine; imports its module."""
    if not _present(name):
        raise InputError(
            Problem(
                f"the engine {name!r} is not part of this installation",
                field="engine",
                value=name,
                allowed=", ".join(["auto", *filter(_present, ENGINES)]),
            )
        )
    return importlib.import_module(ENGINES[name]).simulate


def _present(name: str) -> bool:
    return importlib.util.find_spec(ENGINES[name]) is not None


def check_replicates(value: object) -> int:
    """A number of replicates: whole, 1..2**32.

    Raises:
        InputError: anything else.
    """
    return check_whole("replicates", value, 1, MAX_REPLICATES, "1..4294967296 (2**32)")


def check_seed(value: object) -> int:
    """A seed: whole, 0..2**63 - 1.

    Raises:
        InputError: anything else.
    """
    return check_whole("seed", value, 0, MAX_SEED, "0..9223372036854775807 (2**63 - 1)")


def check_whole(field: str, value: object, low: int, high: int, allowed: str) -> int:
    """A whole number low..high, NumPy's too but no bool; else an InputError saying ``allowed``."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(
            Problem(f"{value!r} is not a whole number", field, value, allowed)
        ) from None
    if not low <= number <= high:
        raise InputError(Problem(f"{number} is out of range", field, value, allowed))
    return number
