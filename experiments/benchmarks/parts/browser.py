"""The engine of browsers, in Node, against the native one: :func:`against_native`."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from clock import here
from record import Line, below, skipped

from sim import batch, tables
from sim.scenario import Scenario

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

    def ask(self, what: str) -> Any:
        """Its answer to one line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"Node ended with {self.process.wait()}")
        return json.loads(answer)

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
    """The lines, in rounds after one that warms up."""
    which, numbers = np.zeros(runs, dtype=np.int64), np.arange(runs)
    native = here(
        lambda: batch.run_here(scenario, rows[:1], which, numbers, SEED, weeks=WEEKS), runs
    )
    one, pairs, whole, first = [], [], [], []
    try:
        for number in range(rounds + 1):
            ours, theirs, pool = native().cpu * 1e3, node.ask("here"), node.ask("pool")
            if number:
                one.append(theirs)
                pairs.append(theirs / ours)
                whole.append(pool["all"] / ours)
                first.append(pool["first"] / ours)
    finally:
        node.close()
    middle, times = statistics.median(one), statistics.median(pairs)
    native_ms = middle / times
    lines = [
        below("a run of the source case, two weeks reported, Node over native, one thread", times,
              2.2, f"{times:.2f} x ({middle:.2f} ms a run)", "x", cost=times, slack=1.3),
    ]  # fmt: skip
    for what, costs, target in (
        ("200 sets x 4 on two workers", whole, 300.0),
        ("the first 40 of them", first, 30.0),
    ):
        cost = statistics.median(costs)
        ms = cost * native_ms
        lines.append(below(what, ms, target, f"{ms:.0f} ms", "ms", cost=cost))
    return lines
