"""Measuring: :func:`in_turn` lets rivals take turns and gives :class:`Turns`, ratios of pairs.

A call is anything that gives what it :class:`Spent`: :func:`here` makes one of a function,
:func:`process` one of a command line. Every machine has fast and slow minutes, so nothing is
compared with what was measured at another moment: a calibration loop takes its turn among the
others.
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
CODOSE = (sys.executable, "-c", "from sim.cli import main; main()")
LOOP = "total = 0\nfor i in range({}): total += i * i % 7\n"
"""The calibration loop, in plain Python."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call took: seconds by the clock and of processor, and the most memory in MiB."""

    wall: float
    cpu: float
    peak: float = 0.0


Call = Callable[[], Spent]


@dataclass(frozen=True, slots=True)
class Turns:
    """What each call took, round by round."""

    spent: Mapping[str, list[Spent]]

    def median(self, name: str, what: str = "wall") -> float:
        """Of all rounds."""
        return statistics.median(getattr(one, what) for one in self.spent[name])

    def ratio(self, name: str, other: str, what: str = "wall") -> float:
        """Median of the ratios of one call to another in the same round."""
        pairs = zip(self.spent[name], self.spent[other], strict=True)
        return statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs)


def in_turn(calls: Mapping[str, Call], rounds: int, *, warm: bool = True) -> Turns:
    """Call each in every round, in their order; a first round, which warms up, does not count."""
    if warm:
        for call in calls.values():
            call()
    spent: dict[str, list[Spent]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            spent[name].append(call())
    return Turns(spent)


def here(work: Callable[[], object], units: int = 1) -> Call:
    """Some work in this process; what it took is that of one of the units it does in a call."""

    def call() -> Spent:
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return Spent((time.perf_counter() - wall) / units, (time.process_time() - cpu) / units)

    return call


def calibration() -> Call:
    """The loop, in this process."""
    code = compile(LOOP.format(300_000), "loop", "exec")
    return here(lambda: exec(code, {}))


def calibration_process() -> Call:
    """The loop, as a process of its own."""
    return process([sys.executable, "-I", "-S", "-c", LOOP.format(2_000_000)])


class CommandFailed(Exception):
    """A command that is measured did not end well."""


def surroundings(**more: str) -> dict[str, str]:
    """The environment of a command: without what changes how Python or codose works here."""
    ours = {k: v for k, v in os.environ.items() if k not in {"PYTHONDONTWRITEBYTECODE"}}
    path = os.pathsep.join([str(REPO), *filter(None, [ours.get("PYTHONPATH")])])
    return {**ours, "PYTHONPATH": path, **more}


def process(words: list[str], **environment: str) -> Call:
    """A command in a process of its own.

    A small process stands between: on Linux the peak of a new process begins with that of the one
    that started it.
    """

    def call() -> Spent:
        with tempfile.TemporaryDirectory() as folder:
            note = Path(folder) / "spent.json"
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(HERE / "launch.py"), str(note), *words],
                cwd=REPO, env=surroundings(**environment), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            if done.returncode:
                said = " ".join(done.stderr.split())[-300:].rstrip(".") or "nothing said"
                raise CommandFailed(f"it ended with {done.returncode}: {said}")
            return Spent(**json.loads(note.read_text(encoding="utf-8")))

    return call


def codose(*words: str, **environment: str) -> Call:
    """A codose command in a process of its own."""
    return process([*CODOSE, *words], **environment)


def processor() -> str:
    """The model of the processor."""
    info, found = Path("/proc/cpuinfo"), None
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8"))
    return " ".join((found.group(1) if found else platform.machine()).split())


def machine() -> str:
    """The processor and the versions that matter, and nothing that names a machine."""
    from importlib.metadata import PackageNotFoundError, version

    said = [f"Python {platform.python_version()}"]
    for name in ("NumPy", "llvmlite", "Numba", "Mesa", "pandas", "Matplotlib"):
        try:
            said.append(f"{name} {version(name.lower())}")
        except PackageNotFoundError:
            continue
    return f"{processor()}, {cores()} cores; {', '.join(said)}"


def cores() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)
