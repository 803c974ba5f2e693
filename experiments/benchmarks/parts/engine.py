"""The engine itself: :func:`rivals`, :func:`sizes`, :func:`memory`, :func:`common_numbers`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import clock
import numpy as np
from clock import Turns, here
from record import Line, below, skipped
from rivals import compiled_c, natural_mesa, numpy_replicates
from rivals.case import Case

from sim.core.outcomes import COLUMN
from sim.engine import batch, compiled, tables
from sim.model import week as mesa_model
from sim.scenario.scenario import Scenario

SOURCE = "source"


def some_runs(scenario: Scenario, runs: int) -> Callable[[], np.ndarray]:
    """So many runs of a scenario, every week reported, on the engine in this thread."""
    parameters = scenario.parameter_set()
    prepared = compiled.prepare(scenario, 1, parameters.calendar_stagger)
    sets = tables.parameter_rows([parameters])
    workspace = compiled.Workspace(prepared)
    which, replicates = np.zeros(runs, dtype=np.int64), np.arange(runs)
    return lambda: compiled.run_chunk(prepared, sets, which, replicates, workspace=workspace)


def team(staff: int, regions: int, weeks: int) -> Scenario:
    """The source case with other teams, and so many weeks."""
    data = Scenario.shipped(SOURCE).to_dict()
    several = {"staff": staff, "count": regions, "candidates": regions, "selection": "all"}
    series = [{**one, "last_week": min(one["last_week"], weeks)} for one in data["dosage"]]
    return Scenario.from_dict(
        {
            **data,
            "regions": {**data["regions"], **several},
            "providers": {"count": max(1, regions // 2), "weekly_hours": 20},
            "dosage": series,
            "horizon_weeks": weeks,
        }
    )


# --- rivals --------------------------------------------------------------------------------------


def rivals(tiny: bool) -> list[Line]:
    """The engine on the source case, and the reduced model of it as others write it; one thread."""
    scenario, case = Scenario.shipped(SOURCE), Case()
    staff_weeks = sum(scenario.staff_counts) * scenario.horizon_weeks
    many, few = (4, 1) if tiny else (200, 4)
    replicates = (4,) if tiny else (64, 1_000)
    parameters = scenario.parameter_set()
    calls = {
        "engine": here(some_runs(scenario, many), many),
        "readable": here(lambda: mesa_model.simulate(scenario, parameters, 1, 0)),
        "mesa": here(lambda: natural_mesa.run(case, few, 1), few),
    }
    for size in replicates:
        calls[f"numpy {size}"] = here(
            lambda size=size: numpy_replicates.run(case, size, 1), size
        )  # fmt: skip
    compilers = compiled_c.compilers()
    for name, path in compilers.items():
        run = compiled_c.build(path, case)
        calls[name] = here(lambda run=run: run(many, 1), many)
    turns = clock.in_turn(calls, 1 if tiny else 9)

    def against(name: str, what: str) -> Line:
        spent = turns.median(name, "cpu") / staff_weeks * 1e6
        times = turns.ratio(name, "engine", "cpu")
        value = f"{spent:.3g} µs a staff-week, {times:.3g} x the engine"
        return Line(what, value, cost=1 / times, slack=1.4)

    engine = turns.median("engine", "cpu") / staff_weeks * 1e6
    lines = [
        Line(
            "the engine: source case, the whole model, start of the run and every week's record",
            f"{engine:.3g} µs a staff-week",
        ),
        against("readable", "the readable engine: the same, bit for bit, by Mesa"),
        against("mesa", "Mesa, written naturally: the reduced model"),
    ]
    for size in replicates:
        lines.append(
            against(f"numpy {size}", f"NumPy across {size:,} replicates: the reduced model")
        )
    for name in ("gcc", "clang"):
        what = f"C, {name} -O3 -march=native: the reduced model"
        if name not in compilers:
            lines.append(skipped(what, f"there is no {name} here"))
            continue
        found = against(name, what)
        version = compiled_c.version(compilers[name])
        lines.append(Line(what, f"{found.value} ({version})", cost=found.cost, slack=found.slack))
    return lines


# --- sizes ---------------------------------------------------------------------------------------

SIZES = {12: (3, 156, 60), 36: (12, 156, 8), 200: (12, 156, 2), 2_000: (12, 52, 1),
         25_000: (12, 52, 1)}  # fmt: skip
"""Staff a region: regions, weeks, runs in a call."""
TINY = {12: (3, 26, 2), 36: (3, 26, 1), 200: (3, 26, 1)}
PREPARED = (200, 25_000)


def sizes(tiny: bool) -> list[Line]:
    """Cost of a staff-week from a handful to a nation, and of preparing."""
    asked = TINY if tiny else SIZES
    calls = {"loop": clock.calibration()}
    per = {}
    spaces = {}
    for staff, (regions, weeks, runs) in asked.items():
        scenario = team(staff, regions, weeks)
        per[staff] = staff * regions * weeks
        calls[f"{staff}"] = here(some_runs(scenario, runs), runs)
        prepared = compiled.prepare(scenario, 1, scenario.parameter_set().calendar_stagger)
        spaces[staff] = compiled.Workspace(prepared).bytes / (staff * regions)
        prepare = preparing(scenario)
        if prepare is not None and staff in PREPARED:
            calls[f"prepare {staff}"] = here(prepare)
    turns = clock.in_turn(calls, 2 if tiny else 9)
    lines = [size_line(turns, staff, per[staff], spaces[staff]) for staff in asked]

    def each(staff: int, other: int) -> float:
        return turns.ratio(f"{staff}", f"{other}", "cpu") * per[other] / per[staff]

    first, *_, last = asked
    large = [staff for staff in asked if staff >= 200]
    flat = max(each(a, b) for a in large for b in large)
    small = max(each(first, b) for b in large)
    lines += [
        below(f"a staff-week, dearest over cheapest of 200 to {last:,} a region", flat, 1.5,
              f"{flat:.2f} x", "x", cost=flat),
        below("a staff-week, 12 a region over the cheapest", small, 3, f"{small:.2f} x", "x",
              cost=small),
    ]  # fmt: skip
    for staff in PREPARED:
        what = f"preparing {staff * 12:,} staff"
        if staff not in asked:
            lines.append(skipped(what, "these are tiny sizes"))
        elif f"prepare {staff}" not in turns.spent:
            lines.append(skipped(what, "this codose has no sim.engine.prepare"))
        else:
            worth = turns.ratio(f"prepare {staff}", f"{staff}", "cpu")
            spent = turns.median(f"prepare {staff}", "cpu") * 1e3
            text = f"{spent:.3g} ms, {worth:.2g} runs' worth"
            lines.append(below(what, worth, 10, text, "runs' worth", cost=worth))
    return lines


def size_line(turns: Turns, staff: int, staff_weeks: int, space: float) -> Line:
    """Of one size."""
    spent = turns.median(f"{staff}", "cpu") / staff_weeks * 1e9
    cost = turns.ratio(f"{staff}", "loop", "cpu") / staff_weeks * 1e6
    text = f"{spent:.1f} ns ({cost:.3g} millionths of the loop); {space:.0f} bytes a person"
    return Line(f"a staff-week with {staff:,} a region; work space", text, cost=cost, slack=1.3)


def preparing(scenario: Scenario) -> Callable[[], object] | None:
    """The making of a scenario's arrays, where the engine has it in compiled code."""
    try:
        from sim.engine.prepare import tabulate
    except ImportError:
        return None
    return lambda: tabulate(scenario)


# --- memory --------------------------------------------------------------------------------------

PEAK = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from parts import engine
from sim.core.threads import by_threads
from sim.engine import batch, tables
staff, regions, weeks, runs = json.loads(sys.argv[2])
scenario = engine.team(staff, regions, weeks)
numbers = np.arange(runs)
sets = tables.parameter_rows([scenario.parameter_set()])
size = batch.most_runs(scenario, weeks + 1)
parts = [numbers[first : first + size] for first in range(0, runs, size)]
make = lambda part: batch.run_here(scenario, sets, np.zeros_like(part), part, 1)
for records in by_threads(make, parts, 2):
    pass
"""


def memory(tiny: bool) -> list[Line]:
    """What a person takes, and whether a study's memory grows with its runs."""

    def peak(*sizes: int) -> float:
        words = [sys.executable, "-c", PEAK, str(clock.HERE), json.dumps(sizes)]
        return clock.process(words)().peak

    staff, few, many = (200, 10, 40) if tiny else (25_000, 5_000, 50_000)
    small, large = peak(12, 12, 26, 1), peak(staff, 12, 26, 1)
    person = (large - small) * 2**20 / ((staff - 12) * 12)
    less, more = peak(12, 3, 26, few), peak(12, 3, 26, many)
    return [
        Line(
            "peak of a process with two threads and 300,000 staff over one with 144, a person",
            f"{person:.0f} bytes", cost=None if tiny else person,
        ),
        below(
            "peak memory of 50,000 runs over 5,000", more / less, 1.1,
            f"{more:.0f} / {less:.0f} MiB", "x", cost=more / less, slack=1.2,
        ),
    ]  # fmt: skip


# --- common random numbers -----------------------------------------------------------------------


def common_numbers(tiny: bool) -> list[Line]:
    """What the same random numbers are worth when two near scenarios are compared."""
    base = Scenario.shipped(SOURCE)
    data = base.to_dict()
    data["dosage"] = [{**series, "hours": series["hours"] * 1.1} for series in data["dosage"]]
    more = Scenario.from_dict(data)
    numbers, end = np.arange(20 if tiny else 2_000), 104

    def ends(scenario: Scenario, seed: int) -> np.ndarray:
        records = batch.run_here(
            scenario, tables.parameter_rows([scenario.parameter_set()]), np.zeros_like(numbers),
            numbers, seed, weeks=[end, scenario.horizon_weeks],
        )  # fmt: skip
        return records[:, 0].mean(axis=1)

    first, paired, apart = ends(base, 1), ends(more, 1), ends(more, 2)
    lines = []
    for name in ("trust", "integration"):
        column = COLUMN[name]
        gain = np.var((apart - first)[:, column]) / np.var((paired - first)[:, column])
        what = (
            f"variance of the effect of 10 % more hours on {name} at the end of TA: "
            "independent seeds over common random numbers"
        )
        lines.append(Line(what, f"{gain:.1f} x", ">= 10 x", bool(gain >= 10), cost=float(1 / gain)))
    return lines
