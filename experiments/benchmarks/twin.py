"""The plain C loop (twin.c) beside the compiled engine: from the same start, the same weeks.

Both get the same arrays and run all weeks of some runs in one call; :func:`same_bits` compares the
records, :func:`timings` the processor time.
"""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from sim import compiled, dosage, kernel, streams, tables
from sim.kernel import run_weeks
from sim.outcomes import RECORD
from sim.scenario import Scenario

HERE = Path(__file__).resolve().parent
FLAGS = (
    "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
    "-std=c11", "-shared", "-fPIC", "-Wall",
)  # fmt: skip


# ------------------------------------------------------------------------------------- the build
def layout() -> str:
    """The C header: parameters, regions, contacts and the numbers of fields, from the engine's."""
    types = {np.dtype(np.float64): "double", np.dtype(np.int64): "int64_t"}
    structs = {
        "parameters": tables.PARAMETER_TYPE,
        "region": tables.REGION_TYPE,
        "contact": tables.CONTACT_TYPE,
        "leave": tables.LEAVE_TYPE,
    }
    lines = ["#include <stdint.h>"]
    for name, dtype in structs.items():
        fields = " ".join(f"{types[dtype[field]]} {field};" for field in dtype.names or ())
        lines.append(f"struct {name} {{ {fields} }};")
    numbers = {
        **{f"F_{name.upper()}": i for i, name in enumerate(kernel.FIELDS)},
        **{f"S_{name.upper()}": i for i, name in enumerate(kernel.SITE)},
        **{f"C_{name.upper()}": i for i, name in enumerate(RECORD)},
        "STATES": kernel.STATES,
        "SITES": kernel.SITES,
        "COLUMNS": len(RECORD),
        "STEP": streams.SERIES_STEP,
        **{
            name: getattr(streams, name)
            for name in (
                "POST_BITS", "PERSON_TRAITS", "PERSON_STARTS", "STAFF_WEEK", "STAFF_CONTACT",
                "REGION_CONTACT", "COMMITMENT", "CALENDAR",
            )
        },
        **{
            name: getattr(dosage, name)
            for name in ("ONSITE", "SCHEDULED", "DRAWN", "PROVIDER_CANCELLED", "REGION_CANCELLED")
        },
    }  # fmt: skip
    lines += [f"#define {name} {value}" for name, value in numbers.items()]
    return "\n".join(lines) + "\n"


def compiler() -> str | None:
    """gcc, if this machine has it."""
    return shutil.which("gcc")


@lru_cache(maxsize=1)
def library() -> Any:
    """The compiled twin (built in a temporary folder, once a process)."""
    gcc = compiler()
    if gcc is None:
        raise RuntimeError("the C twin needs gcc")
    folder = Path(tempfile.mkdtemp(prefix="codose-twin-"))
    try:
        (folder / "layout.h").write_text(layout(), encoding="utf-8")
        built = folder / "twin.so"
        subprocess.run(
            [gcc, *FLAGS, f"-I{folder}", str(HERE / "twin.c"), "-o", str(built), "-lm"], check=True
        )
        return ctypes.CDLL(str(built))
    finally:
        shutil.rmtree(folder)


# ------------------------------------------------------------------------------------- the work
class Work:
    """Some runs of a scenario, ready to go: what they start from, and space for what they do."""

    def __init__(self, scenario: Scenario, runs: int, seed: int = 1) -> None:
        parameters = scenario.parameter_set()
        self.prepared = compiled.prepare(scenario, seed, parameters.calendar_stagger)
        t = self.prepared.tables
        if t.coupled:
            raise ValueError("the C twin leaves out on-demand contacts")
        self.tables, self.runs = t, runs
        self.sets = tables.parameter_rows([parameters])
        self.replicates = np.arange(runs, dtype=np.int64)
        self.arrays = compiled.Workspace(self.prepared).arrays
        self.report = self.prepared.reports(None)
        self.records = np.empty((runs, t.horizon + 1, len(t.regions), len(RECORD)))
        self.staff_weeks = runs * t.people * t.horizon
        self.starts = self._starts()

    def _starts(self) -> tuple[np.ndarray, ...]:
        """people, sites, means, skills, leavers, gone of each run: the engine's start part.

        It is the engine's run of no weeks.
        """
        made: list[list[np.ndarray]] = [[] for _ in range(6)]
        t = self.tables
        nothing = np.zeros((1, 1, len(t.regions), len(RECORD)))
        for replicate in self.replicates:
            kernel.run_chunk(
                self.sets, np.zeros(1, dtype=np.int64), np.array([replicate]), nothing,
                np.zeros((0, 0)), np.zeros(1, dtype=np.int64), *self.arrays,
                self.prepared.seed & 0xFFFFFFFF, self.prepared.seed >> 32, 0, t.candidates,
                t.selection, t.staff, t.background_trend, t.coupled, t.regions, t.contacts,
                t.contact_start, t.contact_count, t.demand, t.delivery, t.leaves,
                t.provider_hours, t.provider_told, t.graph_rows, t.graph_others, t.row_starts,
                t.others,
            )  # fmt: skip
            for some, array in zip(made, self.arrays[:6], strict=True):
                some.append(array.copy())
        return tuple(np.stack(some) for some in made)


def engine(work: Work) -> Callable[[], None]:
    """The weeks of all runs on the compiled engine, in one call of compiled code."""
    t = work.tables
    whole = t.selection == tables.SELECTION["all"]

    def call() -> None:
        weeks_of_runs(
            work.starts, work.sets, work.replicates, work.records, np.zeros((0, 0)), work.report,
            work.arrays, work.prepared.seed & 0xFFFFFFFF, work.prepared.seed >> 32, t.horizon,
            whole, t.background_trend, t.coupled, t.regions, t.contacts, t.contact_start,
            t.contact_count, t.demand, t.delivery, t.leaves, t.provider_hours, t.graph_rows,
            t.graph_others, t.row_starts, t.others,
        )  # fmt: skip

    return call


@numba.njit(nogil=True, error_model="numpy")
def weeks_of_runs(
    starts, sets, replicates, records, snapshots, report, arrays, seed_low, seed_high, horizon,
    whole, trend, coupled, regions, contacts, contact_start, contact_count, demand, delivery,
    leaves, provider_hours, graph_rows, graph_others, row_starts, others,
):  # fmt: skip
    """What twin.c does in its loop over the runs: put back the start, run the weeks."""
    people, sites, means, skills, leavers, gone = starts
    (
        own_people, own_sites, _means, _skills, _leavers, _gone, due, due_count, hours, loads,
        overloads, words, here, scratch, who, peers,
    ) = arrays  # fmt: skip
    for i in range(replicates.size):
        own_people[:] = people[i]
        own_sites[:] = sites[i]
        records[i] = 0.0
        loads[0] = 0.0
        run_weeks(
            own_people, own_sites, means[i], skills[i], leavers[i], gone[i], snapshots, records[i],
            report, due, due_count, hours, loads, overloads, words, here, scratch, who, peers,
            sets[0], replicates[i], seed_low, seed_high, horizon, whole, trend, coupled, regions,
            contacts, contact_start, contact_count, demand, delivery, leaves, provider_hours,
            graph_rows, graph_others, row_starts, others,
        )  # fmt: skip


def twin(work: Work) -> Callable[[], None]:
    """The same in C; it writes into ``work.records`` too."""
    t = work.tables
    people, sites, means, skills, leavers, gone = work.starts
    weeks, regions, providers = t.horizon + 1, len(t.regions), len(t.provider_hours)
    slots, largest = max(1, t.most_contacts), int(t.regions["staff"].max())
    seed = work.prepared.seed
    space = [
        np.zeros(kernel.STATES * t.people), np.zeros((regions, kernel.SITES)),
        np.zeros((weeks, regions, slots)), np.zeros((weeks, providers)),
        np.zeros((weeks, providers)), np.zeros(largest), np.zeros(largest),
        np.zeros((weeks, regions, slots), dtype=np.int64),
        np.zeros((weeks, regions), dtype=np.int64), np.zeros(largest, dtype=np.int64),
        np.zeros(largest, dtype=np.int64), np.zeros(4 * largest, dtype=np.uint32),
    ]  # fmt: skip
    arrays = [
        people, sites, means, skills, leavers, gone, work.replicates, work.sets, t.regions,
        t.contacts, t.leaves, t.contact_start, t.contact_count, work.report, t.demand, t.delivery,
        t.provider_hours, t.graph_rows, t.graph_others, t.row_starts, t.others, *space,
        work.records,
    ]  # fmt: skip
    numbers = [
        work.runs, regions, t.horizon, providers, t.people, len(t.leaves), slots,
        work.records.shape[1], int(t.selection == tables.SELECTION["all"]),
    ]  # fmt: skip

    class Job(ctypes.Structure):
        _fields_ = [
            *((f"n{i}", ctypes.c_int64) for i in range(len(numbers))),
            ("k0", ctypes.c_uint32),
            ("k1", ctypes.c_uint32),
            ("trend", ctypes.c_double),
            *((f"a{i}", ctypes.c_void_p) for i in range(len(arrays))),
        ]

    assert all(array.flags.c_contiguous for array in arrays)
    job = Job(
        *numbers, seed & 0xFFFFFFFF, seed >> 32, t.background_trend,
        *(array.ctypes.data for array in arrays),
    )  # fmt: skip
    run_all = library().run_all

    def call(_kept_alive: Any = arrays) -> None:
        run_all(ctypes.byref(job))

    return call


# ----------------------------------------------------------------------------- the comparison
def same_bits(work: Work) -> bool:
    """Whether both write exactly the same records, and the product's own path does too."""
    work.records[:] = np.nan
    twin(work)()
    theirs = work.records.copy()
    work.records[:] = np.nan
    engine(work)()
    usual = compiled.run_chunk(
        work.prepared, work.sets, np.zeros(work.runs, dtype=np.int64), work.replicates
    )
    ours = work.records.tobytes()
    return ours == theirs.tobytes() and ours == usual.tobytes()


def timings(work: Work, rounds: int, seconds: float = 0.05) -> tuple[float, float, float]:
    """Microseconds of processor time a staff-week: engine, twin; and the median of their ratio.

    The two take turns; each call is repeated until it lasts ``seconds``.
    """
    calls = (engine(work), twin(work))
    repeats = []
    for call in calls:
        call()
        begun = time.process_time()
        call()
        repeats.append(max(1, round(seconds / max(1e-6, time.process_time() - begun))))
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, times, some in zip(calls, repeats, spent, strict=True):
            begun = time.process_time()
            for _ in range(times):
                call()
            some.append((time.process_time() - begun) / (times * work.staff_weeks) * 1e6)
    ratios = [ours / theirs for ours, theirs in zip(*spent, strict=True)]
    return statistics.median(spent[0]), statistics.median(spent[1]), statistics.median(ratios)
