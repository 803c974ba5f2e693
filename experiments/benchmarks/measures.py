"""What is measured: one function a block of the table. Each returns lines of it.

Machines of today do several things at once, so times are processor time where one thread works, and
medians of rounds in which the rivals take turns.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim import batch, compiled, results, tables
from sim import model as mesa_model
from sim.engine import prepare
from sim.outcomes import COLUMN
from sim.parameters import TABLE, Parameters
from sim.scenario import Scenario

REPO = Path(__file__).resolve().parents[2]
SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; ``met`` is None where there is no target."""

    what: str
    value: str
    target: str = ""
    met: bool | None = None


# ------------------------------------------------------------------------------------ helpers
def team(staff: int, regions: int = 12, network: str | None = None, **changes: Any) -> Scenario:
    """The source case with other teams."""
    data = Scenario.shipped(SOURCE).to_dict()
    data["regions"] = {
        **data["regions"],
        "staff": staff,
        "count": regions,
        "candidates": regions,
        "selection": "all",
    }
    data["providers"] = {"count": max(1, regions // 2), "weekly_hours": 20}
    if network:
        data["regions"]["network"] = {"kind": network}
    return Scenario.from_dict({**data, **changes})


def in_turn(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median processor time of each call; they take turns. Every call has been warm before."""
    for call in calls:
        call()
    spent: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, times in zip(calls, spent, strict=True):
            gc.collect()
            begun = time.process_time()
            call()
            times.append(time.process_time() - begun)
    return [statistics.median(times) for times in spent]


def some_runs(scenario: Scenario, runs: int) -> Callable[[], np.ndarray]:
    """So many runs of a scenario on the compiled engine in this thread."""
    parameters = scenario.parameter_set()
    prepared = compiled.prepare(scenario, 1, parameters.calendar_stagger)
    sets = tables.parameter_rows([parameters])
    workspace = compiled.Workspace(prepared)
    which, replicates = np.zeros(runs, dtype=np.int64), np.arange(runs)
    return lambda: compiled.run_chunk(prepared, sets, which, replicates, workspace=workspace)


def all_runs(
    scenario: Scenario, sets: Sequence[Parameters], replicates: int, **how: Any
) -> tuple[float, float]:
    """Wall and processor seconds of a whole study through :func:`sim.batch.run_all`."""
    which = np.repeat(np.arange(len(sets)), replicates)
    numbers = np.tile(np.arange(replicates), len(sets))
    begun, used = time.perf_counter(), time.process_time()
    for _ in batch.run_all(scenario, sets, which, numbers, seed=1, **how):
        pass
    return time.perf_counter() - begun, time.process_time() - used


def python(code: str, *arguments: str, **environment: str) -> str:
    """What another Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPO,
        env={**os.environ, **environment},
    )
    return done.stdout


def processor() -> str:
    """The model of the processor."""
    info = Path("/proc/cpuinfo")
    found = None
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8"))
    return " ".join((found.group(1) if found else platform.machine()).split())


def machine() -> str:
    """The processor and the versions that matter, and nothing that names a machine."""
    import numba

    return (
        f"{processor()}, {batch.thread_count()} cores; Python "
        f"{platform.python_version()}, Numba {numba.__version__}, NumPy {np.__version__}"
    )


# ------------------------------------------------------------------------------------ the parts
def against_mesa() -> list[Line]:
    """The two engines of the project on the source case, one thread."""
    scenario = Scenario.shipped(SOURCE)
    parameters = scenario.parameter_set()
    staff_weeks = sum(scenario.staff_counts) * scenario.horizon_weeks
    runs = 100
    fast, slow = in_turn(
        [some_runs(scenario, runs), lambda: mesa_model.simulate(scenario, parameters, 1, 0)], 7
    )
    fast, slow = fast / (runs * staff_weeks) * 1e6, slow / staff_weeks * 1e6
    return [
        Line("Mesa engine, source case", f"{slow:.2f} µs a staff-week"),
        Line("compiled engine, the same, start of the run included", f"{fast:.4f} µs"),
        Line("compiled over Mesa", f"{slow / fast:.0f} x", ">= 100 x", slow / fast >= 100),
    ]


def batches() -> list[Line]:
    """Threads, many runs, a study, and the same study by mesa.batch_run."""
    scenario = Scenario.shipped(SOURCE)
    one_set = [scenario.parameter_set()]
    # What else runs on the machine takes cores away, and more from two threads than from one. Of
    # many short rounds the best of each is what the threads lose to each other.
    one, two = [], []
    for _ in range(20):
        one.append(all_runs(scenario, one_set, 2_000, threads=1))
        two.append(all_runs(scenario, one_set, 2_000, threads=2))
    gain = min(one)[0] / min(two)[0]
    core = min(one)[1] / min(one)[0]
    verdict = None if core < 0.9 else gain >= 1.85
    busy = f"; undecided: one thread got {core:.0%} of a core" if verdict is None else ""
    wall, used = all_runs(scenario, one_set, 10_000, threads=2)
    begun, busy_before = time.perf_counter(), time.process_time()
    results.run(scenario, replicates=10_000, seed=1, threads=2)
    whole, whole_used = time.perf_counter() - begun, time.process_time() - busy_before
    runs = 76_800
    study, study_used = all_runs(scenario, sampled(7_680), 10, weeks=[104, 156], threads=2)
    each = statistics.median(mesa_batch(scenario, 4) for _ in range(3))
    times = each * runs / 2 / study
    return [
        Line(
            f"two threads over one, 2,000 runs (best of 20 rounds each{busy})",
            f"{gain:.2f} x",
            ">= 1.85 x",
            verdict,
        ),
        Line(
            "10,000 runs of the source case, two threads",
            f"{wall:.1f} s ({used:.1f} s of processor)",
        ),
        Line(
            "the same by `sim.run`, each with its partner without TA, and weekly means and "
            "quantiles over them",
            f"{whole:.1f} s ({whole_used:.1f} s of processor)",
        ),
        Line(
            "study of 7,680 parameter sets x 10 replicates, two threads",
            f"{study:.1f} s ({study_used:.1f} s of processor)",
            "< 60 s",
            study < 60,
        ),
        *whole_study(),
        Line(
            f"the same by mesa.batch_run (extrapolated from {each:.3f} s a run, measured on 4 "
            "runs in one process, to two processes without loss)",
            f"{each * runs / 2 / 3600:.2f} h",
        ),
        Line("study over mesa.batch_run", f"{times:.0f} x", ">= 150 x", times >= 150),
    ]


WHOLE = """
import json, sys, threading, time
from sim import compiled
real, lock, spent = compiled.run_chunk, threading.Lock(), [0.0]
def timed(*given, **named):
    begun = time.thread_time()
    made = real(*given, **named)
    with lock:
        spent[0] += time.thread_time() - begun
    return made
compiled.run_chunk = timed
from sim import cli
cli.app(["sensitivity", "sobol", "--no-figures", "--quiet", "--json", "--out", sys.argv[1]],
        standalone_mode=False)
print()
print(json.dumps([spent[0], time.process_time()]))
"""


def whole_study() -> list[Line]:
    """The shipped Sobol study, 7,680 sets x 10, as `codose sensitivity` does it."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        out = python(WHOLE, str(Path(folder) / "out"), CODOSE_THREADS="2")
        wall = time.perf_counter() - begun
    engine, all_of_it = json.loads(out.splitlines()[-1])
    share = engine / all_of_it
    return [
        Line(
            "`codose sensitivity sobol --no-figures`, such a study as a whole: start, SALib's "
            "sampling and analysis, the store on disk, pandas and the results included",
            f"{wall:.1f} s ({all_of_it:.1f} s of processor)",
            "< 60 s",
            wall < 60,
        ),
        Line(
            "share of the engine in its processor time", f"{share:.0%}", "most of it", share > 0.5
        ),
    ]


def sampled(count: int) -> list[Parameters]:
    """Parameter sets from the ranges of the free parameters."""
    luck = np.random.default_rng(1)
    free = [row for row in TABLE.values() if row.role == "free"]
    return [
        Parameters({row.name: float(luck.uniform(row.low, row.high)) for row in free})
        for _ in range(count)
    ]


def mesa_batch(scenario: Scenario, runs: int) -> float:
    """Seconds a run of mesa.batch_run over the Mesa model in this process.

    (With more processes it forces the start method "spawn".)
    """
    from mesa.batchrunner import batch_run

    begun = time.process_time()
    batch_run(
        mesa_model.CoCreationModel,
        {"scenario": [scenario], "seed": [1], "replicate": list(range(runs))},
        number_processes=1,
        max_steps=scenario.horizon_weeks - 1,
        data_collection_period=-1,
        display_progress=False,
    )
    return (time.process_time() - begun) / runs


def common_numbers() -> list[Line]:
    """What the same random numbers are worth when two near scenarios are compared."""
    base = Scenario.shipped(SOURCE)
    data = base.to_dict()
    data["dosage"] = [{**series, "hours": series["hours"] * 1.1} for series in data["dosage"]]
    more = Scenario.from_dict(data)
    replicates, end = 2_000, 104
    numbers = np.arange(replicates)

    def ends(scenario: Scenario, seed: int) -> np.ndarray:
        chunks = batch.run_all(
            scenario, [scenario.parameter_set()], np.zeros_like(numbers), numbers, seed,
            weeks=[end, scenario.horizon_weeks],
        )  # fmt: skip
        return np.concatenate([chunk.records for chunk in chunks])[:, 0].mean(axis=1)

    first, paired, apart = ends(base, 1), ends(more, 1), ends(more, 2)
    lines = []
    for name in ("trust", "integration"):
        column = COLUMN[name]
        gain = np.var((apart - first)[:, column]) / np.var((paired - first)[:, column])
        lines.append(
            Line(
                f"variance of the effect of 10 % more hours on {name} at the end of TA: "
                "independent seeds over common random numbers",
                f"{gain:.1f} x",
                ">= 10 x",
                bool(gain >= 10),
            )
        )
    return lines


SIZES = {
    36: (12, 3, 156, 60),
    240: (20, 12, 156, 10),
    2_400: (200, 12, 156, 2),
    24_000: (2_000, 12, 52, 1),
    300_000: (25_000, 12, 52, 1),
}
"""Staff in all: staff a region, regions, weeks, runs in a call."""


def sizes() -> list[Line]:
    """Cost of a staff-week, from a handful to a nation."""
    costs = {}
    for people, (staff, regions, weeks, runs) in SIZES.items():
        series = [
            {**one, "last_week": min(one["last_week"], weeks)}
            for one in Scenario.shipped(SOURCE).to_dict()["dosage"]
        ]
        scenario = team(staff, regions, horizon_weeks=weeks, dosage=series)
        (spent,) = in_turn([some_runs(scenario, runs)], 5)
        costs[people] = spent / (runs * people * weeks) * 1e6
    large = [cost for people, cost in costs.items() if people >= 2_400]
    flat, small = max(large) / min(large), costs[36] / min(large)
    listed = ", ".join(f"{people:,}: {cost:.4f}" for people, cost in costs.items())
    return [
        Line("µs a staff-week by staff in all", listed),
        Line(
            "dearest over cheapest, 2,400 to 300,000 staff",
            f"{flat:.2f} x",
            "<= 1.5 x",
            flat <= 1.5,
        ),
        Line("36 staff over the cheapest", f"{small:.2f} x", "<= 3 x", small <= 3),
    ]


PEAK = """
import re, resource, sys, numpy as np
sys.path.insert(0, "experiments/benchmarks")
import measures
staff, regions, runs = (int(word) for word in sys.argv[1:4])
from sim import batch, compiled
scenario = measures.team(staff, regions)
series = [dict(one, last_week=26) for one in scenario.to_dict()["dosage"]]
scenario = measures.team(staff, regions, horizon_weeks=26, dosage=series)
numbers = np.arange(runs)
for chunk in batch.run_all(
    scenario, [scenario.parameter_set()], np.zeros_like(numbers), numbers, 1, threads=2
):
    pass
p = compiled.prepare(scenario, 1, scenario.parameter_set().calendar_stagger)
graphs = 8 * p.tables.graph_places
# Not ru_maxrss alone: on Linux it begins with the peak of the process that started this one.
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "linux":
    peak = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1))
print(peak, compiled.Workspace(p).bytes, graphs)
"""


def memory() -> list[Line]:
    """Bytes a person, and whether a study's memory grows with its runs."""
    unit = 1 if sys.platform == "darwin" else 1024
    people = 300_000
    small, _, _ = (int(word) for word in python(PEAK, "12", "12", "1").split())
    large, space, graphs = (int(word) for word in python(PEAK, "25000", "12", "1").split())
    few, many = (int(python(PEAK, "12", "3", runs).split()[0]) for runs in ("5000", "50000"))
    return [
        Line("work space of a thread, a person", f"{space / people:.0f} bytes"),
        Line("small-world network, a person", f"{graphs / people:.0f} bytes"),
        Line(
            "peak of the process with 300,000 staff over one with 144, a person",
            f"{(large - small) * unit / people:.0f} bytes",
        ),
        Line(
            "peak memory of 50,000 runs over 5,000 runs",
            f"{many * unit / 2**20:.0f} / {few * unit / 2**20:.0f} MiB",
            "does not grow",
            many < 1.1 * few,
        ),
    ]


FIRST_RUN = """
import sys, time
from sim import compiled
real = compiled.run_chunk
def first(*given, **named):
    records = real(*given, **named)
    print(time.time() - float(sys.argv.pop()), flush=True)
    compiled.run_chunk = real
    return records
compiled.run_chunk = first
begun = sys.argv.pop()
sys.argv[:] = ["codose", "run", "source", "-n", "1", "--no-figures", "--quiet", "--json",
               "--out", sys.argv.pop(), "--engine", "compiled", begun]
from sim import cli
cli.app(sys.argv[1:-1], standalone_mode=False)
"""


def first_run(**environment: str) -> float:
    """Seconds from the start of `codose run source` to the end of its first run."""
    with tempfile.TemporaryDirectory() as folder:
        out = python(FIRST_RUN, str(Path(folder) / "out"), str(time.time()), **environment)
    return float(out.split()[0])


def preparing(scenario: Scenario) -> float:
    """Seconds of processor to make a scenario's arrays."""
    spent = []
    for _ in range(7):
        begun = time.process_time()
        prepare.tabulate(scenario)
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def cold_start() -> list[Line]:
    """What a user waits for before anything happens."""
    warm = statistics.median(first_run() for _ in range(5))
    with tempfile.TemporaryDirectory() as folder:
        cold = first_run(CODOSE_CACHE=folder)
    helps = []
    for _ in range(5):
        begun = time.perf_counter()
        python("from sim import cli; import sys; sys.argv = ['codose', '--help']; cli.main()")
        helps.append(time.perf_counter() - begun)
    source, large = (preparing(one) for one in (Scenario.shipped(SOURCE), team(25_000)))
    return [
        Line(
            "preparing the source case / 300,000 staff",
            f"{source * 1e3:.1f} / {large * 1e3:.1f} ms",
        ),
        Line(
            "`codose run source` until its first run is done, engine in the cache", f"{warm:.2f} s"
        ),
        Line("the same on a machine's first use: compilation included", f"{cold:.0f} s"),
        Line("`codose --help`", f"{statistics.median(helps):.2f} s"),
    ]
