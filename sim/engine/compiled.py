"""The compiled engine as seen from Python: prepare a scenario once, run it often.

A :class:`Prepared` scenario is read-only and shared by threads; each thread has its own
:class:`Workspace`. The machine code comes from :mod:`sim.engine.native`.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import outcomes
from sim.core.parameters import Parameters
from sim.engine import kernel, tables
from sim.engine.arguments import Block
from sim.engine.entries import ENTRIES, PLAN, SHAPES, WORK
from sim.engine.tables import Tables

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

_KEPT = 32
_prepared: OrderedDict[tuple[int, int, float], tuple[Scenario, Future[Prepared]]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A scenario as arrays, under a seed."""

    tables: Tables
    seed: int

    def reports(self, weeks: Sequence[int] | None) -> np.ndarray:
        """The row of a record for each week, int64 (horizon + 1,).

        Args:
            weeks: the weeks reported, ascending; None: all. Later weeks go to one more row, which
                :func:`run_chunk` cuts off.
        """
        horizon = self.tables.horizon
        if weeks is None:
            return np.arange(horizon + 1, dtype=np.int64)
        return np.searchsorted(np.asarray(weeks), np.arange(horizon + 1)).astype(np.int64)


class Workspace:
    """The scratch arrays of one thread for one prepared scenario, in the block of its calls."""

    def __init__(self, prepared: Prepared) -> None:
        t = prepared.tables
        self.block = Block(ENTRIES["run_chunk"])
        self.block.put(
            seed_low=prepared.seed & 0xFFFFFFFF,
            seed_high=prepared.seed >> 32,
            trend=t.background_trend,
            **{one.name: getattr(t, one.name) for one in PLAN.fields if hasattr(t, one.name)},
        )
        sizes = space_sizes(t)
        self.block.put(
            **{
                one.name: np.zeros([_length(axis, sizes) for axis in SHAPES[one.name]], one.dtype)
                for one in WORK.fields
            }
        )

    @property
    def bytes(self) -> int:
        """Memory of its arrays, in bytes."""
        return sum(self.block.arrays[one.name].nbytes for one in WORK.fields if one.ndim)


def space_sizes(t: Tables) -> dict[str, int]:
    """The sizes that the axes in :data:`sim.engine.entries.SHAPES` name."""
    return {
        **t.sizes,
        "states": kernel.STATES,
        "site": kernel.SITES,
        "columns": kernel.COLUMNS,
        "weeks": t.horizon + 1,
        "regions": len(t.regions),
        "providers": len(t.provider_hours),
        "candidates": t.candidates,
        "leaves": len(t.leaves),
        "staff": t.staff,
        "slots": max(1, t.most_contacts),
    }


def _length(axis: str | int | tuple[str | int, ...], sizes: dict[str, int]) -> int:
    """Length of an axis, which is a number, the name of a size or a product of these."""
    if isinstance(axis, tuple):
        return math.prod(_length(one, sizes) for one in axis)
    return axis if isinstance(axis, int) else sizes[axis]


def prepare(scenario: Scenario, seed: int, stagger: float) -> Prepared:
    """The arrays of a scenario, kept for the last 32 of them.

    Threads that need the same arrays at the same time wait for the first of these threads.
    """
    key = (id(scenario), seed, stagger)
    with _lock:
        _, found = _prepared.get(key, (None, None))
        made: Future[Prepared] = Future() if found is None else found
        _prepared[key] = (scenario, made)  # holding the scenario keeps its id from being reused
        _prepared.move_to_end(key)
        while len(_prepared) > _KEPT:
            _prepared.popitem(last=False)
    if found is None:
        try:
            from sim.engine.prepare import tabulate  # it loads LLVM's library

            made.set_result(Prepared(tabulate(scenario, stagger), seed))
        except BaseException as error:
            with _lock:
                _prepared.pop(key, None)
            made.set_exception(error)
    return made.result()


def run_chunk(
    prepared: Prepared,
    sets: np.ndarray,
    which: np.ndarray,
    replicates: np.ndarray,
    *,
    weeks: Sequence[int] | None = None,
    workspace: Workspace | None = None,
    snapshots: np.ndarray | None = None,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Make some runs in this thread.

    Args:
        prepared: the scenario.
        sets: (sets,) of :data:`sim.engine.tables.PARAMETER_TYPE`.
        which, replicates: (runs,) int64.
        weeks: report these weeks only (ascending); None: every week.
        workspace: the arrays of this thread; default: new ones.
        snapshots: receives every state in every week of a single run, see :func:`simulate_states`.
        into: an array of any content for the records: (runs, :func:`record_rows`, regions, columns
            of RECORD); default: a new array.

    Returns:
        float64 (runs, weeks, regions, columns of RECORD): levels of each week; flows of each week
        or, where ``weeks`` are given, of all weeks up to each.
    """
    from sim.engine import native  # LLVM's library takes a tenth of a second to load

    engine = native.engine()
    work = Workspace(prepared) if workspace is None else workspace
    report = prepared.reports(weeks)
    rows = record_rows(prepared.tables.horizon, weeks)
    shape = (len(which), rows, len(prepared.tables.regions), len(outcomes.RECORD))
    records = np.empty(shape) if into is None else into
    if records.shape != shape:
        raise ValueError(f"records of {shape} do not fit into {records.shape}")
    work.block.put(
        sets=sets,
        which=np.ascontiguousarray(which),
        replicates=np.ascontiguousarray(replicates),
        records=records,
        snapshots=np.zeros((0, 0)) if snapshots is None else snapshots,
        report=report,
    )
    engine.call(work.block)
    return records if weeks is None else records[:, : len(weeks)]


def record_rows(horizon: int, weeks: Sequence[int] | None) -> int:
    """The rows of a record as compiled code writes it.

    There is one for each week reported and, if these end before the horizon, one for later weeks.
    """
    if weeks is None:
        return horizon + 1
    return len(weeks) + int(weeks[-1] < horizon)


def simulate(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    """One run: the same record, bit for bit, as :func:`sim.model.week.simulate`."""
    prepared = prepare(scenario, seed, parameters.calendar_stagger)
    return run_chunk(
        prepared,
        tables.parameter_rows([parameters]),
        np.zeros(1, dtype=np.int64),
        np.array([replicate], dtype=np.int64),
    )[0]


def simulate_states(
    scenario: Scenario, parameters: Parameters, seed: int, replicate: int
) -> tuple[np.ndarray, list[dict[str, Any]], dict[str, np.ndarray]]:
    """One run with every state of everyone in every week, for comparisons.

    Returns:
        The record; for each region a dict with ``people`` (week, field of
        :data:`sim.engine.kernel.FIELDS`, post) and ``site`` (week, number of
        :data:`sim.engine.kernel.SITE`); and of the providers ``skill`` (as the week begins),
        ``load`` and ``overload``, each (week, provider).
    """
    prepared = prepare(scenario, seed, parameters.calendar_stagger)
    t = prepared.tables
    size = kernel.STATES * t.people
    shots = np.zeros((t.horizon + 1, size + len(t.regions) * kernel.SITES))
    work = Workspace(prepared)
    record = run_chunk(
        prepared,
        tables.parameter_rows([parameters]),
        np.zeros(1, dtype=np.int64),
        np.array([replicate], dtype=np.int64),
        workspace=work,
        snapshots=shots,
    )[0]
    states = []
    for r, region in enumerate(t.regions):
        first, staff = int(region["first"]), int(region["staff"])
        block = shots[:, kernel.STATES * first : kernel.STATES * (first + staff)]
        base = size + r * kernel.SITES
        states.append(
            {
                "people": block.reshape(-1, kernel.STATES, staff),
                "site": shots[:, base : base + kernel.SITES],
            }
        )
    arrays = work.block.arrays
    providers = {name: arrays[f"{name}s"] for name in ("skill", "load", "overload")}
    return record, states, providers
