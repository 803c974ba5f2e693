"""Whole processes, as a person waits for them: :func:`waiting`, :func:`starts`."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import clock
from clock import Call, CommandFailed, Spent
from record import Line


@dataclass(frozen=True, slots=True)
class Command:
    """A command to be measured; ``{out}`` in its words is a new folder, ``{run}`` one of a run.

    Attributes:
        words: of the command line.
        seconds: the target by the clock; None: no target.
        rounds: after one that warms up.
        tiny: other words for a trial.
    """

    words: str
    seconds: float | None = None
    rounds: int = 5
    tiny: str | None = None


COMMANDS = (
    Command("--help", 0.2, 9),
    Command("scenarios", None, 9),
    Command("validate source", None, 9),
    Command("run source --out {out}", 3.0, tiny="run source --sets 2 -n 1 --out {out}"),
    Command("run source -n 1 --no-figures --out {out}", 1.2, 9),
    Command("run source --no-figures --out {out}"),
    Command(
        "run source --fixed -n 10000 --no-figures --out {out}", 8.0, 3,
        "run source --fixed -n 10 --no-figures --out {out}",
    ),
    Command(
        "compare source light_touch --out {out}", 4.0,
        tiny="compare source light_touch --sets 2 -n 1 --out {out}",
    ),
    Command(
        "surface source --no-figures --out {out}", 5.0, 3,
        "surface classroom --every 4,8 --hours 1,2 --sets 2 -n 1 --no-figures --out {out}",
    ),
    Command("report {run} --out {out}.html", 2.0),
    Command("plan plan --out {out}", 20.0, 3, "plan --help"),
)  # fmt: skip
FIRST_USE = Command("run source -n 1 --no-figures --out {out}", 6.0, 3)


def call(command: Command, folder: Path, *, tiny: bool, **environment: str) -> Call:
    """A command; each call of it has a new folder, and a new value of what says {number}."""
    words = (command.tiny or command.words) if tiny else command.words
    numbers = itertools.count(1)

    def once() -> Spent:
        number = next(numbers)
        out = folder / f"out-{number}"
        given = [one.format(out=out, run=folder / "run") for one in words.split()]
        here = {name: value.format(number=number) for name, value in environment.items()}
        spent = clock.codose(*given, **here)()
        shutil.rmtree(out, ignore_errors=True)  # ten thousand runs are large
        return spent

    return once


def line(
    what: str, command: Command, folder: Path, *, tiny: bool, warm: bool = True, **environment: str
) -> Line:
    """A command against the calibration loop, in turns."""
    calls = {
        "loop": clock.calibration_process(),
        "command": call(command, folder, tiny=tiny, **environment),
    }
    try:
        turns = clock.in_turn(calls, 1 if tiny else command.rounds, warm=warm)
    except CommandFailed as failed:
        return Line(what, f"failed: {failed}", met=False, failed=True)
    wall, cpu, peak = (turns.median("command", of) for of in ("wall", "cpu", "peak"))
    cost = turns.ratio("command", "loop")
    value = f"{wall:.2f} s ({cpu:.2f} s of processor, {peak:.0f} MiB; {cost:.1f} calibration loops)"
    if command.seconds is None:
        return Line(what, value, cost=cost)
    return Line(what, value, f"<= {command.seconds:g} s", wall <= command.seconds, cost)


def shown(words: str) -> str:
    """A command as it stands in the table."""
    kept = re.sub(r" --out \S+", "", words).replace("{run}", "DIR")
    return f"`codose {kept}`"


def waiting(tiny: bool) -> list[Line]:
    """Commands as whole processes, warm; and one on a machine that has never run any."""
    lines = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        clock.codose("run", "source", "--sets", "10", "--out", str(folder / "run"))()
        for number, command in enumerate(COMMANDS):
            own = folder / str(number)
            own.mkdir()
            if "{run}" in command.words:
                (own / "run").symlink_to(folder / "run")
            lines.append(line(shown(command.words), command, own, tiny=tiny))
        own = folder / "first"
        own.mkdir()
        empty = {"CODOSE_CACHE": str(own / "cache-{number}")}
        what = f"{shown(FIRST_USE.words)}, first use: nothing in the cache"
        lines.append(line(what, FIRST_USE, own, tiny=tiny, warm=False, **empty))
    return lines


def names() -> list[str]:
    """Every command, as ``codose --help`` lists them."""
    said = subprocess.run(
        [*clock.CODOSE, "--help"],
        cwd=clock.REPO, env=clock.surroundings(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return re.findall(r"^  ([a-z]+)  +\S", said.partition("Plan and teach:")[2], re.MULTILINE)


def starts(tiny: bool) -> list[Line]:
    """``--help`` of every command."""
    commands = [Command(f"{name} --help", 0.2, 5) for name in names()]
    return [line(shown(one.words), one, Path(), tiny=tiny) for one in commands]
