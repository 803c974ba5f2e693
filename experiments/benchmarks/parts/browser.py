"""The engine of browsers, in Node, against the native one: :func:`against_native`."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import clock
import numpy as np
from clock import Call, Spent, here
from record import Line, below, skipped

from sim.engine import batch, tables
from sim.scenario.scenario import Scenario

WHAT = "the browser's engine, in Node"
WEEKS = (104, 156)
SEED = 1


class Node:
    """A Node process that measures when asked."""

    def __init__(self, node: str, words: list[str]) -> None:
        self.process = subprocess.Popen(
            [node, str(Path(__file__).with_suffix(".mjs")), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def call(self, what: str) -> Call:
        """One of its measurements."""
        asking, answering = self.process.stdin, self.process.stdout
        assert asking is not None
        assert answering is not None

        def ask() -> Spent:
            asking.write(what + "\n")
            asking.flush()
            answer = answering.readline()
            if not answer:
                raise RuntimeError(f"Node ended with {self.process.wait()}")
            seconds = float(answer) / 1e3
            return Spent(seconds, seconds)

        return ask

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def against_native(tiny: bool) -> list[Line]:
    """One thread against the native engine in turns; a plan's runs on two workers by the clock."""
    node = shutil.which("node")
    if node is None:
        return [skipped(WHAT, "there is no Node here")]
    try:
        from sim.engine import artefact
        from sim.engine.job import job
    except ImportError:
        return [skipped(WHAT, "this codose has no engine for browsers")]
    scenario = Scenario.shipped("source")
    runs, sets, rounds = (2, 4, 1) if tiny else (40, 200, 15)
    rows = tables.parameter_rows([scenario.parameter_set()] * sets)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "source.job").write_bytes(job(scenario, SEED, weeks=WEEKS))
        asked = {
            "job": str(folder / "source.job"), "sets": rows.view(np.float64).ravel().tolist(),
            "runs": runs, "replicates": 4, "first": min(40, 4 * sets),
        }  # fmt: skip
        (folder / "case.json").write_text(json.dumps(asked), encoding="utf-8")
        script = Path(artefact.__file__).parent / "browser" / "engine.js"
        words = [str(script), str(artefact.SHIPPED), str(folder / "case.json")]
        return measured(Node(node, words), scenario, rows, runs, rounds)


def measured(
    node: Node, scenario: Scenario, rows: np.ndarray, runs: int, rounds: int
) -> list[Line]:
    """The lines."""
    which, numbers = np.zeros(runs, dtype=np.int64), np.arange(runs)
    native = here(
        lambda: batch.run_here(scenario, rows[:1], which, numbers, SEED, weeks=WEEKS), runs
    )
    calls = {"native": native, **{name: node.call(name) for name in ("here", "all", "first")}}
    try:
        turns = clock.in_turn(calls, rounds)
    finally:
        node.close()
    times = turns.ratio("here", "native", "cpu")
    text = f"{times:.2f} x ({turns.median('here', 'cpu') * 1e3:.2f} ms a run)"
    what = "a run of the source case, two weeks reported, Node over native, one thread"
    lines = [below(what, times, 2.2, text, "x", cost=times, slack=1.3)]
    for name, what, target in (
        ("all", "200 sets x 4 on two workers", 300.0),
        ("first", "the first 40 runs of them", 30.0),
    ):
        ms, cost = turns.median(name) * 1e3, turns.ratio(name, "native")
        text = f"{ms:.0f} ms, as long as {cost:.0f} native runs"
        lines.append(below(what, ms, target, text, "ms", cost=cost))
    return lines
