"""The compiled engine as seen from Python: prepare a scenario once, run it often.

A :class:`Prepared` scenario is read-only and shared by threads; each thread has its own
:class:`Workspace`. The machine code is made on the first use on a machine (about half a minute)
and kept in the user's cache.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import outcomes, tables
from sim.parameters import Parameters
from sim.tables import Tables

if TYPE_CHECKING:
    from sim.scenario import Scenario

_KEPT = 32
_prepared: OrderedDict[tuple[int, int, float], tuple[Scenario, Future[Prepared]]] = OrderedDict()
_lock = threading.Lock()
_told = threading.Event()


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A scenario as arrays, under a seed."""

    tables: Tables
    seed: int

    def reports(self, weeks: Sequence[int] | None) -> np.ndarray:
        """The row of a record for each week; ``weeks`` are the weeks reported (None: all).

        The last of ``weeks`` must be the horizon, or flows after it are added to its row's
        successor, which is cut off.
        """
        horizon = self.tables.horizon
        if weeks is None:
            return np.arange(horizon + 1, dtype=np.int64)
        return np.searchsorted(np.asarray(weeks), np.arange(horizon + 1)).astype(np.int64)


class Workspace:
    """The scratch arrays of one thread for one prepared scenario."""

    def __init__(self, prepared: Prepared) -> None:
        from sim import kernel

        t = prepared.tables
        weeks, regions, people = t.horizon + 1, len(t.regions), t.people
        providers, slots = len(t.provider_hours), max(1, t.most_contacts)
        largest = int(t.regions["staff"].max())
        self.arrays: tuple[np.ndarray, ...] = (
            np.zeros(kernel.STATES * people),
            np.zeros((regions, kernel.SITES)),
            np.zeros((regions, 5)),
            np.zeros((weeks, providers)),
            np.zeros((weeks, providers), dtype=np.int64),
            np.zeros((len(t.leaves), people), dtype=np.int64),
            np.zeros((weeks, regions, slots), dtype=np.int64),
            np.zeros((weeks, regions), dtype=np.int64),
            np.zeros((weeks, regions, slots)),
            np.zeros((weeks, providers)),
            np.zeros((weeks, providers)),
            np.zeros(4 * kernel.in_eights(largest), dtype=np.uint32),
            np.zeros(largest),
            np.zeros(largest),
            np.zeros(largest, dtype=np.int64),
            np.zeros(largest, dtype=np.int64),
            np.zeros(t.graph_places, dtype=np.int64),
            np.zeros(t.tie_scratch, dtype=np.int64),
        )

    @property
    def bytes(self) -> int:
        """Memory of the workspace."""
        return sum(a.nbytes for a in self.arrays)


def prepare(scenario: Scenario, seed: int, stagger: float) -> Prepared:
    """The arrays of a scenario (kept for the last few scenarios).

    Threads that ask for the same one at the same time wait for the first of them.
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
            made.set_result(Prepared(tables.tabulate(scenario, stagger), seed))
        except BaseException as error:
            with _lock:
                _prepared.pop(key, None)
            made.set_exception(error)
    return made.result()


def announce_compilation() -> None:
    """Say once, on standard error, that the engine is being compiled."""
    from sim import _jit

    if _told.is_set():
        return
    _told.set()
    if not _jit.is_compiled():
        print(  # noqa: T201
            "codose: compiling the engine for this machine (once, about half a minute) ...",
            file=sys.stderr,
            flush=True,
        )


def run_chunk(
    prepared: Prepared,
    sets: np.ndarray,
    which: np.ndarray,
    replicates: np.ndarray,
    *,
    weeks: Sequence[int] | None = None,
    workspace: Workspace | None = None,
    snapshots: np.ndarray | None = None,
) -> np.ndarray:
    """Some runs in this thread.

    Args:
        prepared: the scenario.
        sets: (sets,) of :data:`sim.tables.PARAMETER_TYPE`.
        which, replicates: (runs,) int64.
        weeks: report these weeks only (ascending): levels of the week, flows since the one before.

    Returns:
        float64 (runs, weeks, regions, columns of RECORD).
    """
    announce_compilation()
    from sim import kernel

    t = prepared.tables
    work = Workspace(prepared) if workspace is None else workspace
    report = prepared.reports(weeks)
    rows = int(report[-1]) + 1
    records = np.zeros((len(which), rows, len(t.regions), len(outcomes.RECORD)))
    kernel.run_chunk(
        sets, which, replicates, records,
        np.zeros((0, 0)) if snapshots is None else snapshots,
        report, *work.arrays, prepared.seed & 0xFFFFFFFF, prepared.seed >> 32, t.horizon,
        t.candidates, t.selection, t.staff, t.background_trend, t.coupled, t.regions, t.contacts,
        t.contact_start, t.contact_count, t.demand, t.delivery, t.leaves, t.provider_hours,
        t.provider_told, t.given_ties,
    )  # fmt: skip
    return records if weeks is None else records[:, : len(weeks)]


def simulate(scenario: Scenario, parameters: Parameters, seed: int, replicate: int) -> np.ndarray:
    """One run: the same record, bit for bit, as :func:`sim.model.simulate`."""
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
        :data:`sim.kernel.FIELDS`, post) and ``site`` (week, number of :data:`sim.kernel.SITE`);
        and of the providers ``skill`` (as the week begins), ``load`` and ``overload``, each (week,
        provider).
    """
    from sim import kernel

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
    providers = {"skill": work.arrays[3], "load": work.arrays[9], "overload": work.arrays[10]}
    return record, states, providers
