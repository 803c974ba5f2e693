"""``f(X)`` of :func:`sim.simulator` against the engine alone: :func:`against_engine`."""

from __future__ import annotations

import clock
import numpy as np
from clock import here
from record import Line, below

from sim import Scenario, simulator
from sim.core.outcomes import needed_weeks
from sim.engine import compiled, tables
from sim.runs.execute import Execution

NAMES = ("trust_step", "hour_scale", "learning_rate", "uptake_ratio", "keeping", "routine_step")


def against_engine(tiny: bool) -> list[Line]:
    """Processor time of many rows, and of one, over that of the same runs by the engine alone."""
    scenario, replicates = Scenario.shipped("source"), 10
    f = simulator(
        scenario, NAMES, ("trust", "integration"), replicates=replicates,
        execution=Execution(threads=1),
    )  # fmt: skip
    rng = np.random.default_rng(1)
    points = {"1": rng.uniform(*np.transpose(f.bounds), (1, 6))}
    points["many"] = rng.uniform(*np.transpose(f.bounds), (4 if tiny else 256, 6))
    own = scenario.parameter_set()
    weeks = needed_weeks([scenario.end_of_ta], scenario.horizon_weeks)
    calls = {}
    for name, x in points.items():
        named = [dict(zip(NAMES, row.tolist(), strict=True)) for row in x]
        sets = tables.parameter_rows([own.replace(**one) for one in named])
        which = np.repeat(np.arange(len(x)), replicates)
        numbers = np.tile(np.arange(replicates), len(x))
        prepared = compiled.prepare(scenario, scenario.seed, own.calendar_stagger)
        space = compiled.Workspace(prepared)

        def alone(
            prepared=prepared, sets=sets, which=which, numbers=numbers, space=space
        ) -> np.ndarray:
            return compiled.run_chunk(prepared, sets, which, numbers, weeks=weeks, workspace=space)

        calls[f"f {name}"] = here(lambda x=x: f(x))
        calls[f"engine {name}"] = here(alone)
    turns = clock.in_turn(calls, 1 if tiny else 9)
    lines = []
    for name, goal in (("many", 2.0), ("1", 10.0)):
        ratio = turns.ratio(f"f {name}", f"engine {name}", "cpu")
        each = turns.median(f"f {name}", "cpu") / len(points[name]) * 1e3
        rows = len(points[name])
        what = f"f(X) of {rows:,} {'row' if rows == 1 else 'rows'} x {replicates} runs, source case"
        text = f"{ratio:.2f} x the engine alone, {each:.2f} ms a row"
        lines.append(below(what, ratio, goal, text, "x", cost=ratio))
    return lines
