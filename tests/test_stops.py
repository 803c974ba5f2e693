"""Stopped at any moment, a command loses nothing, and says what it did in a sentence."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from crashes import DEAD, Crash, bytes_of, crash_at

from sim.cli import ask as ask_command
from sim.core import signals
from sim.core.errors import CodoseError, ResultsError
from sim.present.table import Table
from sim.runs import safe
from sim.runs.execute import Execution
from sim.runs.folder import mend, read_manifest, write_folder, write_table
from sim.runs.store import Store
from sim.studies.ask import ask, read_asked
from sim.studies.kind import StudyKind
from sim.studies.sensitivity import methods
from tests.cases import codose

REPO = Path(__file__).resolve().parents[1]
STUDY = """kind: sensitivity
name: a straight line
scenario: {function: linear}
outcomes: [y]
method: [morris]
samples: 4
"""
posix = pytest.mark.skipif(os.name != "posix", reason="signals and modes of POSIX")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command that takes a moment and keeps its runs from the first on; its folder is ``out``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ask_command, "FIRST_WRITE", 0.0)
    Path("line.yaml").write_text(STUDY, encoding="utf-8")
    return ["sensitivity", "line.yaml", "--out", "out", "--no-figures"]


def beside(folder: Path) -> list[str]:
    """What lies beside a result folder and its study."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("line.yaml", "out"))


# --- crashes of a whole command ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("replaces", "stride"),
    [(True, 7), pytest.param(False, 1, marks=pytest.mark.slow),
     pytest.param(True, 1, marks=pytest.mark.slow)],
    ids=["some steps", "new", "in place of others"],
)  # fmt: skip
def test_killed_at_any_step_a_command_is_resumed(
    words: list[str], replaces: bool, stride: int
) -> None:
    """The bytes of an uninterrupted run, exit 0, nothing left behind; never an empty place."""
    more = ["--force"] if replaces else []
    other = [*words, "--seed", "7"]
    if replaces:
        codose(*other)
        shutil.move("out", "other")
    assert codose(*words).exit_code == 0
    whole = bytes_of(Path("out"))
    before = bytes_of(Path("other")) if replaces else {}
    for number in range(0, 1000, stride):
        shutil.rmtree("out", ignore_errors=True)
        shutil.rmtree("out.parts", ignore_errors=True)
        if replaces:
            shutil.copytree("other", "out")
        try:
            with crash_at(number) as taken:
                codose(*words, *more)
        except Crash:
            pass
        else:
            break
        where = f"killed before step {number} ({taken[-1:]})"
        if replaces:
            read_manifest(Path("out"))  # what a crash between two renames has hidden comes back
            assert bytes_of(Path("out")) in (before, whole), where
        again = codose(*words, *more, "--resume")
        assert again.exit_code == 0, (where, again.stderr)
        assert "converged" in again.stdout or "order" in again.stdout
        assert bytes_of(Path("out")) == whole, where
        assert beside(Path()) == (["other"] if replaces else []), where
    assert number > 20
    assert {"mkdir", "fsync", "rename", "replace", "unlink", "rmdir"} <= {*taken}


def test_finished_work_is_nothing_to_do(words: list[str]) -> None:
    first = codose(*words)
    before = bytes_of(Path("out"))
    Path("out.parts").mkdir()  # killed between the results and this
    again = codose(*words, "--resume")
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert again.stderr == "Nothing to do: out holds the results of this study.\n"
    assert bytes_of(Path("out")) == before
    assert beside(Path()) == []
    as_json = codose(*words, "--resume", "--json", "--quiet")
    assert json.loads(as_json.stdout)["folder"] == "out"
    assert as_json.stderr == ""


def test_finished_work_of_another_study_or_damaged_is_said(words: list[str]) -> None:
    codose(*words)
    other = codose(*words, "--resume", "--seed", "2")
    assert other.exit_code == 2
    assert "seed is 1 there and 2 here; nothing was run" in other.stderr
    table = Path("out", "indices.parquet")
    table.write_bytes(table.read_bytes()[:-1])
    damaged = codose(*words, "--resume")
    assert damaged.exit_code == 2
    assert "indices.parquet: is not as it was written" in damaged.stderr
    mended = codose(*words, "--resume", "--force")
    assert mended.exit_code == 0
    assert codose("verify", "out", "-q").exit_code == 0


def test_stopped_while_the_results_are_written_it_says_where_the_runs_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ask_command, "FIRST_WRITE", 0.0)
    words = ["run", "classroom", "--sets", "2", "-n", "2", "--out", "out", "--no-figures", "-q"]

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ask_command, "finish", stop)
        stopped = codose(*words)
    assert stopped.exit_code == 130
    assert "the runs are kept in out.parts, and the same command with --resume" in stopped.stderr
    assert codose(*words, "--resume").exit_code == 0


# --- what the dead leave behind ----------------------------------------------------------------


def left(word: str, process: int) -> Path:
    """A folder as :func:`sim.runs.folder.write_folder` leaves it when it is killed."""
    path = Path(f".out.{word}-{safe.host()}-{process}-0")
    path.mkdir()
    (path / "mine").write_text("data")
    return path


@posix
def test_halves_of_the_dead_go_those_of_the_living_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dead, living = left("partial", DEAD), left("partial", os.getppid())
    elsewhere = Path(".out.partial-another-machine-1-0")
    elsewhere.mkdir()
    assert mend(Path("out")) == ""
    assert not dead.exists()
    assert living.exists()
    assert elsewhere.exists()  # who knows whether it lives there


@posix
def test_results_that_were_moved_away_come_back(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    codose(*words)
    Path("out").rename(f".out.former-{safe.host()}-{DEAD}-0")
    found = codose("verify", "out", "-q")
    assert found.exit_code == 0
    Path("out").rename(f".out.former-{safe.host()}-{DEAD}-0")
    refused = codose(*words)
    assert refused.exit_code == 2
    assert "replacing it was interrupted; what it held before is back" in refused.stderr
    Path("out").rename(f".out.former-{safe.host()}-{DEAD}-0")

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", denied)
    with pytest.raises(ResultsError, match=r"what it held is in .*\.out\.former-"):
        mend(Path("out"))


# --- two writers -------------------------------------------------------------------------------


def test_a_store_that_another_process_tidied_up_is_made_again(tmp_path: Path) -> None:
    study = StudyKind.of("run").make(scenario="classroom", sets=3, replicates=2)
    expected = ask(study).tables

    def tidy(done: int, total: int) -> None:
        shutil.rmtree(tmp_path / "s", ignore_errors=True)

    found = ask(study, Execution(store=tmp_path / "s", progress=tidy)).tables
    assert all(found[name].frame.equals(expected[name].frame) for name in expected)


def test_of_two_studies_that_begin_in_one_folder_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Store._begin
    key = {"runs": 4, "chunk": 2}

    def second(store: Store) -> bool:
        monkeypatch.setattr(Store, "_begin", begin)
        Store.open(tmp_path, {**key, "seed": 1}, ["x"])
        return begin(store)

    monkeypatch.setattr(Store, "_begin", second)
    with pytest.raises(ResultsError, match="seed is 1 there and 2 here"):
        Store.open(tmp_path, {**key, "seed": 2}, ["x"])
    assert Store.load(tmp_path).key["seed"] == 1
    assert not [path for path in tmp_path.iterdir() if safe.is_temporary(path)]


@pytest.mark.parametrize("same", [True, False], ids=["one study", "two studies"])
def test_the_slower_of_two_writers_replaces_nothing(
    words: list[str], monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    real = ask_command.finish

    def slower(*given: Any, **named: Any) -> None:
        monkeypatch.setattr(ask_command, "finish", real)
        other = words if same else [*words, "--seed", "2", "--force"]
        assert codose(*other, "--resume").exit_code == 0
        real(*given, **named)

    monkeypatch.setattr(ask_command, "finish", slower)
    done = codose(*words, "--resume")
    if same:
        assert done.exit_code == 0
        assert "Nothing to do" in done.stderr
    else:
        assert done.exit_code == 2
        assert "not empty" in done.stderr
        assert read_manifest(Path("out"))["seed"] == 2
    assert codose("verify", "out", "-q").exit_code == 0


def test_a_folder_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        (folder / "mine").write_text("of the slower")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").write_text("of the faster")

    with pytest.raises(ResultsError, match="not empty"):
        write_folder(tmp_path / "out", write, force=False)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["out", "theirs"]


def test_what_a_store_is_for_is_of_the_study_that_took_it_over(tmp_path: Path) -> None:
    kind = StudyKind.of("sensitivity")
    fields = {"scenario": {"function": "linear"}, "outcomes": ["y"], "method": "morris"}
    for samples, force in ((4, False), (8, True)):
        ask(kind.make(**fields, samples=samples), Execution(store=tmp_path, force=force))
    assert read_asked(tmp_path)[0].header.samples == 8


# --- signals -----------------------------------------------------------------------------------

SENDS = """
import importlib.abc, signal, sys
class Sends(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == WORD:
            sys.meta_path.remove(self)
            signal.raise_signal(NUMBER)
sys.meta_path.insert(0, Sends())
from sim.__main__ import main
sys.argv = ["codose", *sys.argv[1:]]
main()
"""


def fresh(code: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": str(REPO), **env},
    )  # fmt: skip


@posix
@pytest.mark.parametrize(
    ("module", "number", "code"),
    [("typer", signal.SIGTERM, 143), ("pydantic", signal.SIGINT, 130),
     pytest.param("SALib.sample", signal.SIGTERM, 143, marks=pytest.mark.slow),
     ("pandas", signal.SIGINT, 130)],
)  # fmt: skip
def test_a_signal_while_a_module_loads_ends_the_command_in_a_sentence(
    module: str, number: int, code: int, words: list[str]
) -> None:
    text = SENDS.replace("WORD", repr(module)).replace("NUMBER", str(int(number)))
    done = fresh(text, *words, "--quiet")
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("interrupted")
    assert not Path("out").exists()
    assert codose(*words, "--resume").exit_code == 0
    assert beside(Path()) == []


SWALLOWS = """
import ctypes, signal
from sim.core import signals
signals.listen()
def swallow():
    signal.raise_signal(signal.SIGTERM)
    for _ in range(10): pass
callback = ctypes.CFUNCTYPE(None)(swallow)
try:
    with signals.work():
        callback()
        print("swallowed")
        signals.check()
        print("never")
except KeyboardInterrupt:
    print(signals.heard())
"""


@posix
def test_a_signal_that_compiled_code_swallows_is_raised_again() -> None:
    done = fresh(SWALLOWS)
    assert done.stdout.split() == ["swallowed", "15"]
    assert done.stderr == ""


@posix
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from sim.core import signals\nsignals.listen()\n"
        "with signals.work():\n    signal.raise_signal(signal.SIGINT)\nprint('went on')"
    )
    assert fresh(code).stdout == "went on\n"


@posix
def test_sigterm_through_text_that_is_executed_ends_in_143(tmp_path: Path) -> None:
    """Python ends a module by SIGINT where KeyboardInterrupt has left ``exec``, caught or not."""
    (tmp_path / "stopped.py").write_text(
        "import signal, sys\nfrom sim.core import signals\nsignals.listen()\n"
        "try:\n    with signals.work():\n        exec('signal.raise_signal(signal.SIGTERM)')\n"
        "except KeyboardInterrupt:\n    sys.exit(128 + signals.heard())"
    )
    places = f"{REPO}{os.pathsep}{tmp_path}"
    done = subprocess.run(
        [sys.executable, "-m", "stopped"], env={**os.environ, "PYTHONPATH": places}, timeout=600
    )
    assert done.returncode == 143


@posix
def test_what_is_held_is_done_before_a_signal_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    for number in signals.NUMBERS:
        monkeypatch.setattr(signals, "_heard", [])
        before = signal.signal(number, signals._raise)
        try:
            with signals.held():
                signal.raise_signal(number)
                steps.append(number)
        except signals.Stopped:
            pass
        finally:
            signal.signal(number, before)
        assert signals.heard() == number
    assert steps == list(signals.NUMBERS)


JOE_KUO = ((1, 0, (1,)), (2, 1, (1, 3)), (3, 1, (1, 3, 1)), (3, 2, (1, 1, 1)), (4, 1, (1, 1, 3, 3)),
           (4, 4, (1, 3, 5, 13)), (5, 2, (1, 1, 5, 5, 17)), (5, 4, (1, 1, 5, 5, 5)),
           (5, 7, (1, 1, 7, 11, 19)))  # fmt: skip
"""Dimensions 2 to 10 of Joe and Kuo's list: degree and coefficients of a polynomial, numbers m."""


def sobol_point(place: int) -> list[float]:
    """A point of Sobol's sequence by its definition (Bratley and Fox 1988), in 10 dimensions."""
    bits, gray = 32, place ^ place >> 1
    directions = [[1] * bits]
    for degree, coefficients, first in JOE_KUO:
        numbers = list(first)
        while len(numbers) < bits:
            new = numbers[-degree] ^ numbers[-degree] << degree
            for step in range(1, degree):
                if coefficients >> (degree - 1 - step) & 1:
                    new ^= numbers[-step] << step
            numbers.append(new)
        directions.append(numbers)
    point = []
    for numbers in directions:
        value = 0
        for bit in range(bits):
            if gray >> bit & 1:
                value ^= numbers[bit] << bits - 1 - bit
        point.append(value / 2**bits)
    return point


def test_sobols_sequence_is_checked_against_its_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.stats import qmc

    place, numbers = methods.SOBOL_POINT
    assert sobol_point(place) == [number / 1024 for number in numbers]
    methods.load_sobol_table()
    monkeypatch.setattr(qmc, "Sobol", lambda *given, **named: qmc.Halton(10, scramble=False))
    with pytest.raises(CodoseError, match="direction numbers is damaged"):
        methods.load_sobol_table()


# --- figures and tables are made at the same time --------------------------------------------


def broken(error: BaseException) -> Any:
    """A function that raises an error."""

    def function(*_: object, **__: object) -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("module", "name", "error", "code", "said"),
    [
        ("sim.runs.folder", "write_json", OSError(errno.ENOSPC, "No space left"), 2,
         "there is no space left on this disk; nothing was written"),
        ("sim.present.figures", "_write", OSError(errno.ENOSPC, "No space left"), 2,
         "there is no space left on this disk; nothing was written"),
        ("sim.present.figures", "_settle", ZeroDivisionError("a figure"), 1,
         "ZeroDivisionError: a figure"),
        ("sim.present.figures", "_settle", signals.Stopped(), 130, "interrupted"),
    ],
    ids=["tables", "files of figures", "figures", "Ctrl-C"],
)  # fmt: skip
def test_what_goes_wrong_with_tables_or_figures_leaves_nothing(
    words: list[str], monkeypatch: pytest.MonkeyPatch, module: str, name: str,
    error: BaseException, code: int, said: str,
) -> None:  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setenv("CODOSE_DEBUG", "1")  # no log
        patch.setattr(f"{module}.{name}", broken(error))
        done = codose(*words[:-1])
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert not Path("out").exists()
    assert set(beside(Path())) <= {"out.parts"}
    assert codose(*words, "--resume").exit_code == 0


def test_a_table_in_a_second_thread_is_not_written_on_after_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "_heard", [signal.SIGINT])
    table = Table("t", pd.DataFrame({"x": [1.0]}))
    with ThreadPoolExecutor(1) as thread, pytest.raises(signals.Stopped):
        thread.submit(write_table, tmp_path, "t", table).result()


# --- disks that are full, other systems, other locales -----------------------------------------


@posix
@pytest.mark.parametrize("limit", [0, 600, 3000])
def test_a_limit_on_files_is_said_and_leaves_nothing_half_written(
    words: list[str], limit: int
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        done = codose(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.exit_code == 2, done.stderr
    assert "cannot be written (File too large)" in done.stderr
    assert not Path("out").exists()
    assert beside(Path()) in ([], ["out.parts"])
    assert codose(*words, "--resume").exit_code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_output_that_takes_nothing_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sim", "parameters"], stdout=full, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": str(REPO)}, timeout=600,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "cannot be written: No space left on device\n"


ALL = """
import sys
from sim.cli import main
for line in sys.argv[1].splitlines():
    sys.argv = ["codose", *line.split()]
    try:
        main()
    except SystemExit as end:
        print(line, "->", end.code, file=sys.stderr)
"""
SCENARIO = """name: Łódź
question: "日本, Łódź, équipe?"
regions: {count: 2, names: [Łódź, Île], staff: 4}
"""
COMMANDS = """validate équipe.yaml
run équipe.yaml --sets 2 -n 2 --out équipe
run équipe.yaml --sets 2 -n 2 --out équipe --resume --no-figures
run équipe.yaml --sets 2 -n 2 --out équipe --force --no-figures
compare équipe.yaml phone_only --gains --sets 2 -n 2 --out both --no-figures
report équipe
verify équipe"""


def check_all(
    done: subprocess.CompletedProcess[bytes], commands: str = COMMANDS, shows: str = "report.html"
) -> None:
    said = done.stderr.decode("latin-1")
    assert said.count("-> 0") == len(commands.splitlines()), said
    assert "Traceback" not in said
    assert "Warning" not in said
    assert "日本, Łódź, équipe?" in Path("équipe", shows).read_text(encoding="utf-8")


@posix
@pytest.mark.slow
def test_without_what_windows_lacks(words: list[str]) -> None:
    """Nor with a console of its own letters; file names and texts are as they were written."""
    Path("équipe.yaml").write_text(SCENARIO, encoding="utf-8")
    places = [str(Path(__file__).parent / "windows"), str(REPO)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, "-c", ALL, COMMANDS], capture_output=True, env=env, timeout=600
    )
    check_all(done)
    assert "é".encode("cp1252") in done.stdout


@posix
@pytest.mark.parametrize(
    ("last", "shows"),
    [("verify équipe", "scenario.yaml"),
     pytest.param("report équipe", "report.html", marks=pytest.mark.slow)],
    ids=["numbers", "pictures too"],
)  # fmt: skip
def test_in_the_c_locale_without_the_utf8_mode(words: list[str], last: str, shows: str) -> None:
    Path("équipe.yaml").write_text(SCENARIO, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(REPO), "LC_ALL": "C", "PYTHONUTF8": "0",
           "PYTHONCOERCECLOCALE": "0"}  # fmt: skip
    commands = f"run équipe.yaml --sets 2 -n 2 --out équipe --no-figures\n{last}"
    done = subprocess.run(
        [sys.executable, "-c", ALL, commands], capture_output=True, env=env, timeout=600
    )
    check_all(done, commands, shows)
