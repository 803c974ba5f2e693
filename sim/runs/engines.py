"""Engines by name: :func:`choose_engine`; :func:`checked_record` checks what an engine returns.

A run is a pure function of (scenario, parameters, seed, replicate), so runs may be made in any
order, in parts, and again (:mod:`sim.runs`). An *engine* is any such function:

    engine(scenario, parameters, seed, replicate) -> record

where a record is a new float64 array (week 0..T, region, column of
:data:`sim.core.outcomes.RECORD`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.core.errors import EngineError, check_known
from sim.core.outcomes import RECORD
from sim.core.parameters import Parameters
from sim.engine.reduction import not_finite
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

Engine = Callable[[Scenario, Parameters, int, int], "np.ndarray"]
ENGINES = {"mesa": "sim.model.week", "compiled": "sim.engine.compiled"}
"""The module of each engine; its function is called ``simulate``."""
CHOICES: tuple[str, ...] = ("auto", *ENGINES)
SMALL = 1_000_000
"""Staff-weeks that the readable engine makes within half a minute or so."""


def checked_record(record: np.ndarray, scenario: Scenario) -> np.ndarray:
    """The record as float64, after a check that it fits the scenario.

    Raises:
        ValueError: its shape is not (T + 1, regions, columns), or a value is not finite.
    """
    values = np.asarray(record, dtype=np.float64)
    expected = (scenario.horizon_weeks + 1, len(scenario.region_names), len(RECORD))
    if values.shape != expected:
        raise ValueError(f"the record has shape {values.shape}, expected {expected}")
    if wrong := not_finite(values[None], scenario.region_names):
        raise ValueError(wrong[0])
    return values


def choose_engine(engine: str | type | Engine, staff_weeks: int = 0) -> tuple[str, Engine]:
    """The name and the function of an engine; "auto" takes the compiled one where it can be used.

    Args:
        engine: a name of :data:`CHOICES`, "module:Model" or a subclass of CoCreationModel
            (:mod:`sim.runs.own`), or a function as described in this module.
        staff_weeks: the work; 0: it is not known yet.

    Raises:
        InputError: there is no engine of that name; or the model cannot be imported or is not a
            model.
        EngineError: the compiled engine cannot be used, and the work is too much for the readable
            one.
    """
    if isinstance(engine, type) or is_model(engine):
        own = importlib.import_module("sim.runs.own").own_engine(engine)
        return own.name, own
    if callable(engine):
        return getattr(engine, "__name__", type(engine).__name__), engine
    known = f"{', '.join(CHOICES)}, module:Model"
    check_known(engine, CHOICES, "is not an engine", field="engine", allowed=known)
    name = "compiled" if engine == "auto" else engine
    if engine == "auto" and staff_weeks:
        name = _usable(staff_weeks)
    return name, importlib.import_module(ENGINES[name]).simulate


def _usable(staff_weeks: int) -> str:
    """ "compiled"; where that cannot be used "mesa" for a small job, and a sentence says so.

    Raises:
        EngineError: it cannot be used, and the job is not small.
    """
    from sim.engine import artefact, native  # LLVM's library takes a tenth of a second to load

    try:
        native.engine()
    except EngineError as error:
        if staff_weeks > SMALL:
            raise
        artefact.tell_once(f"codose: {error}; the readable engine makes these runs, slowly")
        return "mesa"
    return "compiled"


def is_model(engine: object) -> bool:
    """Whether a name names a model of the user's own, "module:Model"."""
    return isinstance(engine, str) and ":" in engine
