"""Many runs: parameter set x replicate, each with its partner without TA. A failed run is data.

A run is a pure function of (scenario, parameters, seed, replicate), so runs may be made in any
order, in parts, and again. An *engine* is any such function:

    engine(scenario, parameters, seed, replicate) -> record

where a record is a new float64 array (week 0..T, region, column of :data:`sim.outcomes.RECORD`).
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.errors import EngineError, InputError, Problem, did_you_mean
from sim.outcomes import FIRST_FLOW, RECORD
from sim.parameters import Parameters
from sim.scenario import Scenario

Engine = Callable[[Scenario, Parameters, int, int], np.ndarray]
Progress = Callable[[int, int], object]
"""``progress(done, total)`` is called before the first run and after each."""
Stage = Literal["with TA", "without TA"]
STAGES: tuple[Stage, Stage] = ("with TA", "without TA")

ENGINES = {"mesa": "sim.model", "compiled": "sim.compiled"}
"""The module of each engine; its function is called ``simulate``."""
CHOICES: tuple[str, ...] = ("auto", *ENGINES)

MAX_REPLICATES = 2**32
"""A replicate is one 32-bit word of the counter behind every draw."""
MAX_SEED = 2**63 - 1
BLOCK_RUNS = 4096
"""Runs handed to the threads of the compiled engine at a time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run has no values: in which of its two parts, and the type and text of the error."""

    stage: Stage
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class RunOutput:
    """One run.

    Attributes:
        set_index: position of its parameter set, from 0.
        replicate: number of the replicate, from 0.
        with_ta: record of the scenario, or None when it failed.
        without_ta: record of the partner without TA, or None when it failed or was not asked for.
        failure: None when all went well. What the other part gave is kept, but a failed run has no
            values in any summary.
    """

    set_index: int
    replicate: int
    with_ta: np.ndarray | None
    without_ta: np.ndarray | None
    failure: Failure | None = None


def simulate(
    scenario: Scenario,
    *,
    parameters: Sequence[Parameters] | None = None,
    replicates: int,
    seed: int,
    engine: str | Engine = "auto",
    counterfactual: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[RunOutput]:
    """Run every parameter set in every replicate; all replicates of a set follow one another.

    Args:
        scenario: what to run.
        parameters: the sets; left out: the scenario's own.
        replicates: how many of each set, 1 or more; numbered from 0.
        seed: 0..2**63 - 1. The same replicate has the same luck in every set and in every scenario.
        engine: "auto", "mesa", "compiled", or a function as described in this module.
        counterfactual: run the partner without TA too, with the same luck.
        threads: of the compiled engine; see :func:`sim.batch.thread_count`. Changes no number.
        progress: told how many runs are done.

    Raises:
        InputError: an argument that cannot be used; before the first run.
    """
    sets = _checked_sets(scenario, parameters)
    count = check_replicates(replicates)
    pairs = ((index, replicate) for index in range(len(sets)) for replicate in range(count))
    return _outputs(
        scenario,
        sets,
        pairs,
        total=len(sets) * count,
        seed=check_seed(seed),
        engine=engine,
        counterfactual=counterfactual,
        threads=threads,
        progress=progress,
    )


def simulate_some(
    scenario: Scenario,
    pairs: Sequence[tuple[int, int]],
    *,
    parameters: Sequence[Parameters] | None = None,
    seed: int,
    engine: str | Engine = "auto",
    counterfactual: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[RunOutput]:
    """Like :func:`simulate`, for chosen (set, replicate) pairs only, in the order given."""
    sets = _checked_sets(scenario, parameters)
    return _outputs(
        scenario,
        sets,
        pairs,
        total=len(pairs),
        seed=check_seed(seed),
        engine=engine,
        counterfactual=counterfactual,
        threads=threads,
        progress=progress,
    )


def _outputs(
    scenario: Scenario,
    sets: Sequence[Parameters],
    pairs: Iterable[tuple[int, int]],
    *,
    total: int,
    seed: int,
    engine: str | Engine,
    counterfactual: bool,
    threads: int | None,
    progress: Progress | None,
) -> Iterator[RunOutput]:
    """Check the engine now, run later."""
    arms = 1 + counterfactual
    staff_weeks = sum(scenario.staff_counts) * scenario.horizon_weeks * total * arms
    name, single = choose_engine(engine, staff_weeks)
    partner = scenario.without_ta() if counterfactual else None
    batched = name == "compiled" and not callable(engine)

    def outputs() -> Iterator[RunOutput]:
        if progress is not None:
            progress(0, total)
        done = 0
        remaining = iter(pairs)
        while block := list(itertools.islice(remaining, BLOCK_RUNS)):
            engines = (
                _made_by_threads(single, scenario, partner, sets, block, seed, threads)
                if batched
                else itertools.repeat(single)
            )
            for (index, replicate), one in zip(block, engines, strict=False):
                yield run_one(one, scenario, partner, sets[index], seed, index, replicate)
                done += 1
                if progress is not None:
                    progress(done, total)

    return outputs()


def _made_by_threads(
    single: Engine,
    scenario: Scenario,
    partner: Scenario | None,
    sets: Sequence[Parameters],
    block: Sequence[tuple[int, int]],
    seed: int,
    threads: int | None,
) -> Iterator[Engine]:
    """For each pair, an engine that hands out what the threads have made for it.

    Should the threads fail, the rest of the block is run one by one, and each run fails or not by
    itself.
    """
    run_all = importlib.import_module("sim.batch").run_all
    which, replicates = np.array(block, dtype=np.int64).reshape(-1, 2).T.copy()

    def records(what: Scenario) -> Iterator[np.ndarray | None]:
        made = 0
        try:
            for chunk in run_all(what, sets, which, replicates, seed, threads=threads):
                for record in chunk.records:
                    yield record
                    made += 1
        except (InputError, EngineError):
            raise
        except Exception:
            yield from itertools.repeat(None, len(block) - made)

    with_ta = records(scenario)
    separate = partner is not None and scenario.has_ta
    without_ta = records(partner) if separate and partner else itertools.repeat(None)
    for made in zip(with_ta, without_ta, strict=False):

        def engine(
            what: Scenario,
            parameters: Parameters,
            seed: int,
            replicate: int,
            made: tuple[np.ndarray | None, np.ndarray | None] = made,
        ) -> np.ndarray:
            record = made[what is partner and separate]
            return single(what, parameters, seed, replicate) if record is None else record

        yield engine


def run_one(
    engine: Engine,
    scenario: Scenario,
    partner: Scenario | None,
    parameters: Parameters,
    seed: int,
    index: int,
    replicate: int,
) -> RunOutput:
    """One run with its partner; the partner of a scenario without TA is the run itself."""

    def part(what: Scenario, stage: Stage) -> tuple[np.ndarray | None, Failure | None]:
        try:
            return checked_record(engine(what, parameters, seed, replicate), what), None
        except InputError:
            raise  # a mistake in the scenario would fail every run alike, and says what to mend
        except Exception as error:
            return None, Failure(stage, _reason(error))

    with_ta, failure = part(scenario, "with TA")
    without_ta: np.ndarray | None = None
    if partner is not None and not scenario.has_ta:
        without_ta = with_ta
    elif partner is not None and failure is None:
        without_ta, failure = part(partner, "without TA")
    return RunOutput(index, replicate, with_ta, without_ta, failure)


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


def _reason(error: Exception) -> str:
    """Type and message on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def choose_engine(engine: str | Engine, staff_weeks: int = 0) -> tuple[str, Engine]:
    """The name and the function of an engine; "auto" takes the compiled one where it can be used.

    Args:
        engine: as in :func:`simulate`.
        staff_weeks: the work; see :func:`sim.engine.choice.chosen`. 0: it is not known yet.

    Raises:
        InputError: no engine of that name, or it is not part of this installation.
        EngineError: the compiled one cannot be used, and the work is too much for the other.
    """
    if callable(engine):
        return getattr(engine, "__name__", type(engine).__name__), engine
    if engine not in CHOICES:
        raise InputError(
            Problem(
                f"{engine!r} is not an engine",
                field="engine",
                value=engine,
                allowed=", ".join(CHOICES),
                suggestion=did_you_mean(engine, CHOICES),
            )
        )
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


def _checked_sets(
    scenario: Scenario, parameters: Sequence[Parameters] | None
) -> tuple[Parameters, ...]:
    if parameters is None:
        return (scenario.parameter_set(),)
    sets = tuple(parameters)
    for position, one in enumerate(sets):
        if not isinstance(one, Parameters):
            raise InputError(
                Problem(
                    f"{one!r} is not a parameter set",
                    field=f"parameters[{position}]",
                    allowed="sim.parameters.Parameters",
                )
            )
    if not sets:
        raise InputError(Problem("no set is given", field="parameters", allowed="1 or more sets"))
    return sets
