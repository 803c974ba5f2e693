"""Is anything lost when codose is stopped? Each command of its own process, stopped at random.

    make kills                        all of it: 200 kills and so on
    make kills N=20 ONLY="kills signals"

``kills``: kill -9 at a random moment of every command with ``--resume``, from its start to its
end; then ``--resume``: the bytes of an uninterrupted run, exit 0, nothing left beside it.
``signals``: SIGINT and SIGTERM, every third in the first second: exit 130 or 143, no traceback,
and ``--resume`` as above. ``disks``: a limit on the size of files, and a small full disk where the
system lets a user mount one: exit 2, nothing half written, and ``--resume`` as above. ``writers``:
two processes on one folder. ``dask``: the tests with a cluster whose parts are killed.

Prints each case that failed, and how many were tried; ends with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from crashes import bytes_of  # noqa: E402

from tests.cases import command_line, tiny  # noqa: E402

KINDS = ("run", "compare", "surface", "plan", "sensitivity", "calibrate", "audit", "ladder",
         "trials", "patterns")  # fmt: skip
CODOSE = [
    sys.executable,
    "-c",
    "from sim.core import signals; signals.listen(); from sim.cli import ask; "
    "ask.FIRST_WRITE = 0.0; from sim.__main__ import main; main()",
]
"""The command, which keeps its runs from the first on: a tiny study is done before it would."""
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
PATIENCE = 900
"""Seconds that no command takes."""


@dataclass
class Case:
    """A command on a tiny study, and what it gives when nobody stops it."""

    kind: str
    home: Path
    words: list[str] = field(default_factory=list)
    whole: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        self.words = [*command_line(tiny(self.kind), self.home), "--no-figures", "--quiet"]
        begun = time.monotonic()
        done = self.start("whole").communicate(timeout=PATIENCE)
        self.seconds = time.monotonic() - begun
        if not (self.home / "whole").is_dir():
            raise RuntimeError(f"{self.kind}: {done[1]}")
        self.whole = bytes_of(self.home / "whole")

    def start(self, out: str, *more: str, prefix: str = "") -> subprocess.Popen[str]:
        """The command, with results in a folder of that name."""
        command = [*CODOSE, *self.words, "--out", out, *more]
        if prefix:
            command = ["sh", "-c", f'{prefix}; exec "$@"', "sh", *command]
        return subprocess.Popen(
            command, cwd=self.home, env=ENV, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def resumed(self, out: str) -> str:
        """What is wrong after --resume; empty if nothing is."""
        process = self.start(out, "--resume")
        _, err = process.communicate(timeout=PATIENCE)
        if process.returncode:
            return f"--resume ends in {process.returncode}: {err.strip()}"
        if bytes_of(self.home / out) != self.whole:
            return "other bytes than of an uninterrupted run"
        names = [path.name for path in self.home.iterdir() if out in path.name]
        return "" if names == [out] else f"left behind: {sorted(names)}"

    def forget(self, out: str) -> None:
        """Delete what a case has made."""
        for path in self.home.iterdir():
            if out in path.name:
                shutil.rmtree(path, ignore_errors=True)


def stopped(case: Case, out: str, number: int, moment: float, *more: str) -> tuple[int, str, bool]:
    """Run a command and send it a signal at a moment: exit code, stderr, whether it was at work."""
    process = case.start(out, *more)
    time.sleep(moment)
    at_work = process.poll() is None
    if at_work:
        process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err, at_work


def kills(cases: list[Case], count: int, luck: random.Random) -> Iterator[str]:
    """kill -9 of each kind in turn; one time in four the command is killed again, resuming."""
    for place in range(count):
        case, out = cases[place % len(cases)], f"killed-{place}"
        stopped(case, out, signal.SIGKILL, luck.uniform(0.0, 1.1 * case.seconds))
        while luck.random() < 0.25:
            moment = luck.uniform(0.0, 1.1 * case.seconds)
            stopped(case, out, signal.SIGKILL, moment, "--resume")
        wrong = case.resumed(out)
        case.forget(out)
        yield wrong and f"{case.kind}: {wrong}"


def signals(cases: list[Case], count: int, luck: random.Random) -> Iterator[str]:
    """SIGINT and SIGTERM in turn, every third in the first second."""
    for place in range(count):
        case, out = cases[place % len(cases)], f"stopped-{place}"
        number = (signal.SIGINT, signal.SIGTERM)[place % 2]
        last = min(1.0, case.seconds) if place % 3 == 0 else 1.05 * case.seconds
        code, err, at_work = stopped(case, out, number, luck.uniform(0.05, last))
        wrong = ""
        # One that had done its work may have ended by itself meanwhile.
        if at_work and code != 128 + number and not (code == 0 and (case.home / out).is_dir()):
            wrong = f"{number.name} ends in {code}: {err.strip()[-300:]}"
        elif "Traceback" in err or "Exception ignored" in err:
            wrong = f"{number.name}: {err.strip()[-300:]}"
        wrong = wrong or case.resumed(out)
        case.forget(out)
        yield wrong and f"{case.kind}: {wrong}"


def disks(cases: list[Case], count: int, luck: random.Random) -> Iterator[str]:
    """Of every command: limits on the size of files, then a full disk."""
    for case in cases:
        for blocks in (0, 1, 4, 16):  # of 512 bytes
            out = f"limited-{blocks}"
            process = case.start(out, prefix=f"ulimit -f {blocks}")
            _, err = process.communicate(timeout=PATIENCE)
            wrong = ""
            if process.returncode == 2 and "Traceback" not in err:
                wrong = "half a folder" if (case.home / out).exists() else ""
            elif process.returncode:
                wrong = f"a limit of {blocks} blocks ends in {process.returncode}: {err[-300:]}"
            wrong = wrong or case.resumed(out)
            case.forget(out)
            yield wrong and f"{case.kind}: {wrong}"
        for kilobytes in (4, 24):
            yield full_disk(case, kilobytes)


MOUNTED = 'mkdir -p {0} && mount -t tmpfs -o size={1}k none {0} && exec "$@"'
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def full_disk(case: Case, kilobytes: int) -> str:
    """The command on a small disk of its own; nothing to resume, since the disk goes with it."""
    script = MOUNTED.format("small", kilobytes)
    if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
        return ""
    command = [*CODOSE, *case.words, "--out", "small/out"]
    after = '"$@"; code=$?; echo "left: $(ls -A small)" >&2; exit $code'
    done = subprocess.run(
        [*NAMESPACE, "sh", "-c", script, "sh", "sh", "-c", after, "sh", *command],
        cwd=case.home, env=ENV, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    said, _, left = done.stderr.rpartition("left: ")
    if done.returncode == 0 and left.split() == ["out"]:
        return ""  # it had room enough
    if done.returncode == 2 and "no space left" in said and left.split() in ([], ["out.parts"]):
        return ""
    return f"{case.kind}: a disk of {kilobytes} kB ends in {done.returncode}: {done.stderr[-300:]}"


def writers(cases: list[Case], count: int, luck: random.Random) -> Iterator[str]:
    """Two processes on one folder, of one study and of two, with and without --resume, --force."""
    for place in range(max(1, count // 4)):
        case, out = cases[place % len(cases)], f"shared-{place}"
        first, second = (
            (["--resume"], ["--resume"]), ([], []), (["--force"], ["--force"]),
            (["--resume"], ["--resume", "--seed", "77"]),
        )[place % 4]  # fmt: skip
        one = case.start(out, *first)
        time.sleep(luck.uniform(0.0, 0.3 * case.seconds))
        other = case.start(out, *second)
        said = [each.communicate(timeout=PATIENCE)[1] for each in (one, other)]
        codes = [one.returncode, other.returncode]
        wrong = ""
        if not (set(codes) <= {0, 2} and 0 in codes) or "Traceback" in "".join(said):
            wrong = f"{first} and {second} end in {codes}: {said}"
        elif place % 4 != 3:
            wrong = case.resumed(out)
        elif bytes_of(case.home / out) != case.whole and codes[1]:
            wrong = "the winner's results are not there"
        case.forget(out)
        yield wrong and f"{case.kind}: {wrong}"


def dask(cases: list[Case], count: int, luck: random.Random) -> Iterator[str]:
    """A worker killed, all killed, the scheduler gone, a worker of another version."""
    for name in (
        "a_killed_worker",
        "every_worker_killed",
        "without_its_scheduler",
        "another_version",
    ):
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-n0", "-q", "-m", "", "-k", name,
                 "tests/test_cluster.py"],
                cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            yield f"{name}: not ended after {PATIENCE} seconds"
            continue
        yield "" if done.returncode == 0 else f"{name}: {done.stdout[-600:]}"


Check = Callable[[list[Case], int, random.Random], Iterator[str]]
CHECKS: dict[str, tuple[Check, float]] = {
    "kills": (kills, 1.0), "signals": (signals, 0.4), "disks": (disks, 0.0),
    "writers": (writers, 0.2), "dask": (dask, 0.0),
}  # fmt: skip
"""Each check, and how many cases it tries as a share of N; 0: it has cases of its own."""


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=200, help="kills; other counts follow")
    parser.add_argument("--only", nargs="*", default=list(CHECKS), choices=list(CHECKS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="codose-kills-") as home:
        tell("uninterrupted runs of " + ", ".join(asked.kinds))
        needs = set(asked.only) != {"dask"}
        cases = [Case(kind, Path(home, kind)) for kind in asked.kinds if needs]
        for name in asked.only:
            check, share = CHECKS[name]
            tried = wrong = 0
            for said in check(cases, max(1, round(asked.n * share)), random.Random(asked.seed)):
                tried, wrong = tried + 1, wrong + bool(said)
                if said:
                    tell(f"  FAILED {said}")
                if tried % 10 == 0:
                    tell(f"  {name}: {tried} tried, {wrong} failed")
            tell(f"{name}: {tried} tried, {wrong} failed")
            failed += wrong
    tell("nothing was lost" if not failed else f"{failed} failed")
    return int(failed > 0)


def tell(text: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
