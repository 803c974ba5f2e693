"""Ten thousand spoilt files to everything that reads one, and five hundred to the commands.

A loader answers, or says in an InputError what is wrong; a command ends with 0 or 2 and shows no
traceback. Counts of both are printed; faults are printed once a kind, with the number that makes
the case again (``--only NAME --case NUMBER``). Ends with 1 when there was a fault.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.cases import codose  # noqa: E402
from tests.mutations import Loader, fault, loaders  # noqa: E402

SECONDS = 10.0
"""Of processor time that a file of this size may take."""


def say(text: str) -> None:
    """A line on the terminal, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Hangs(Exception):
    """A loader took longer than SECONDS of processor time."""


def limited(seconds: float) -> None:
    """Raise Hangs after so many seconds of processor time; 0: no more."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _too_long(*_: Any) -> None:
    raise Hangs


def where(error: BaseException) -> str:
    """Type of an error, and the innermost line of codose that it passed through."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/sim/" in one.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}"


def try_loader(loader: Loader, cases: range, faults: Counter[str]) -> int:
    """Number of cases in which a loader failed; each kind of fault is printed once."""
    failed = 0
    for number in cases:
        limited(SECONDS)
        try:
            error = fault(loader, loader.case(number))
        except Hangs as hang:
            error = hang
        finally:
            limited(0)
        if error is None:
            continue
        failed += 1
        kind = where(error)
        if not faults[kind]:
            text = " ".join(str(error).split())[:120]
            say(f"  {kind}: {text}  (--only {loader.name!r} --case {number})")
        faults[kind] += 1
    return failed


def command_of(loader: Loader, place: Path, out: Path) -> list[str]:
    """The command that reads such a file, with the least work."""
    kind = loader.name.removeprefix("study: ")
    scenario = place.with_name("scenario.yaml")
    if kind != loader.name:  # a part of none: a study that is sound is not run
        return ["run", str(place)] if kind == "run" else ["validate", str(place)]
    if loader.name in ("scenario", "contact log", "team"):
        return ["validate", str(scenario)]
    return {
        "observed": ["observed", "list", str(place)],
        "observed import": ["observed", "import", str(place), "--out", str(out)],
        **{
            f"import {what}": ["import", what, str(place), "--out", str(out)]
            for what in ("log", "network", "survey")
        },
        "calendar": ["validate", str(scenario)],
        "result folder": ["report", str(place.parent), "--out", str(out)],
        "store of runs": ["merge", str(place.parent), "--out", str(out)],
        "parameter sets": [
            "run", "classroom", "--sets", str(place.parent), "-n", "1", "--no-figures",
            "--out", str(out), "--quiet",
        ],
    }.get(loader.name, [])  # fmt: skip


def try_commands(which: list[Loader], count: int, faults: Counter[str]) -> int:
    """Number of cases in which a command ended with another code than 0 and 2, or a traceback."""
    failed = 0
    for number in range(count):
        loader = which[number % len(which)]
        with tempfile.TemporaryDirectory(prefix="codose-mutated-") as home:
            given = loader.case(100_000 + number)
            folder = Path(home, "given")
            folder.mkdir()
            for name, raw in given.items():
                (folder / name).write_bytes(raw)
            words = command_of(loader, folder / next(iter(given)), Path(home, "out"))
            done = codose(*words)
        said = done.stdout + done.stderr
        if done.exit_code in (0, 2) and "Traceback" not in said:
            continue
        failed += 1
        kind = f"codose {words[0]}: exit {done.exit_code}"
        if not faults[kind]:
            say(f"  {kind}: {done.stderr.strip()[:200]}")
        faults[kind] += 1
    return failed


def main() -> int:
    """Try everything; returns the exit code."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--inputs", type=int, default=10_000)
    reads.add_argument("--commands", type=int, default=500)
    reads.add_argument("--only", default="", help="name of a loader")
    reads.add_argument("--case", type=int, help="one case, with its traceback")
    given = reads.parse_args()
    signal.signal(signal.SIGVTALRM, _too_long)
    which = [one for one in loaders() if given.only in ("", one.name)]
    if given.case is not None:
        case = which[0].case(given.case)
        say(str({name: raw[:1500] for name, raw in case.items()}))
        if (error := fault(which[0], case)) is not None:
            say("".join(traceback.format_exception(error)))
        return int(error is not None)
    faults: Counter[str] = Counter()
    each = -(-given.inputs // len(which))
    tried = failed = 0
    for loader in which:
        bad = try_loader(loader, range(each), faults)
        say(f"{loader.name:20} tried {each:6,}  failed {bad:,}")
        tried, failed = tried + each, failed + bad
    with_command = [one for one in which if command_of(one, Path("x"), Path("y"))]
    if given.commands and with_command:
        bad = try_commands(with_command, given.commands, faults)
        say(f"{'commands':20} tried {given.commands:6,}  failed {bad:,}")
        tried, failed = tried + given.commands, failed + bad
    say(f"{'in all':20} tried {tried:6,}  failed {failed:,}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
