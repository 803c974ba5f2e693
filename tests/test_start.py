"""The start: how ``make`` installs, and what a command loads.

``make`` installs by uv where it is there, else by pip; both are planted here, and nothing is
fetched. Commands run tiny jobs, one after the other in one new process, which says after each what
is loaded: nothing heavy that it does not need.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sim import studies
from sim.cli.shell import GROUPS
from sim.scenario.scenario import Scenario
from sim.studies.ask import ask
from sim.studies.kind import StudyKind
from tests.cases import TINY, tiny

REPO = Path(__file__).resolve().parents[1]
HEAVY = (
    "SALib", "distributed", "matplotlib", "mesa", "networkx", "numba", "optuna", "pandas", "plotly",
    "pyarrow", "scipy.stats", "sklearn",
)  # fmt: skip
WATCH = """
import json, sys
from sim.cli import app
for command in sys.argv[1:]:
    line, _, code = command.partition(" -> ")
    try:
        app(line.split(), prog_name="codose")
    except SystemExit as end:
        assert (end.code or 0) == int(code or 0), (command, end.code)
    print("=", json.dumps(list(sys.modules)), file=sys.__stderr__)
"""
"""Commands, each with the exit code that it is to have where that is not 0."""
ENGINE = {"numba", "networkx"}
"""What the compiled engine and its networks load."""
TABLES = {"pandas", "pyarrow"}
DRAWN = TABLES | {"matplotlib"}
PRESENTING = {"jinja2", "llvmlite", "rich"}
"""What help and a sentence do without, too."""
RUN = "run classroom -n 2 -q --engine compiled"
COMPARE = "compare source light_touch --sets 2 -n 1 -q"


def loaded(commands: list[str], folder: Path) -> list[set[str]]:
    """The modules that are there after each command of one process."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *commands],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [line[2:] for line in done.stderr.splitlines() if line.startswith("= ")]
    assert len(told) == len(commands)
    return [set(json.loads(line)) for line in told]


def heavy(modules: set[str]) -> set[str]:
    """Those of :data:`HEAVY`."""
    return modules.intersection(HEAVY)


PLAIN = [name for names in GROUPS.values() for name in names if name not in studies.names()]
HELPS = ["", "--help", "--version", "nonsense -> 2", *(f"{name} --help" for name in PLAIN)]
MISTAKES = ["completion bash", "report -> 2", "report a b -> 2"]
KINDS = [f"{name} --{word}" for name in studies.names() for word in ("nonsense -> 2", "help")]
LOOKS = ["scenarios", "validate classroom", "parameters", "outcomes", "schema"]
MADE = {
    f"{RUN} --no-figures --out ran": ENGINE | {"pyarrow"},
    f"{RUN} --sets 2 --no-figures --out sets": ENGINE | {"pyarrow"},
    "verify ran": ENGINE | TABLES,
    f"{COMPARE} --no-figures --out compared": ENGINE | TABLES | {"scipy.stats"},
}
READ = {
    "report ran": {"matplotlib", "pyarrow"},
    f"{RUN} --out drawn": ENGINE | {"matplotlib", "pyarrow"},
    f"{RUN.replace('classroom', 'dated.yaml')} --out dated": ENGINE | {"matplotlib", "pyarrow"},
    "report compared": ENGINE | DRAWN,
}
"""Each needs what the one before it does, or more; what is read is made before."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands leave their results."""
    made = tmp_path_factory.mktemp("start")
    dated = Scenario.shipped("classroom").replace(start_date="2027-01-04")
    (made / "dated.yaml").write_text(dated.to_yaml(), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def there(folder: Path) -> dict[str, set[str]]:
    """What is loaded after each command of one process, those that need least first."""
    commands = [*HELPS, *KINDS, *MISTAKES, *LOOKS, *MADE]
    return dict(zip(commands, loaded(commands, folder), strict=True))


@pytest.mark.smoke
def test_only_a_command_changes_when_garbage_is_looked_for() -> None:
    code = (
        "import atexit, gc, sys\n"
        "before = gc.get_threshold()\n"
        "import sim\n"
        "print(gc.get_threshold() == before)\n"
        "atexit.register(lambda: print(gc.get_threshold() > before, gc.get_freeze_count() > 0))\n"
        "sys.argv = ['codose', '--version']\n"
        "from sim.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, timeout=600
    )
    first, _, last = done.stdout.splitlines()
    assert (done.returncode, first, last) == (0, "True", "True True"), done.stderr


def test_help_and_mistakes_load_no_spec(there: dict[str, set[str]]) -> None:
    """Not even NumPy; nor pydantic where there is no value that typer checks."""
    too_much = {*HEAVY, *PRESENTING, "numpy", "scipy", "sim.engine.compiled", "sim.runs.execute",
                "sim.studies.kind", "sim.studies.spec"}  # fmt: skip
    for look in (*HELPS, *KINDS, *MISTAKES):
        assert not there[look] & too_much, look
        assert look in MISTAKES or not there[look] & {"pydantic", "yaml"}, look
        assert not [one for one in there[look] if re.fullmatch(r"sim\.studies\.\w+\.spec", one)]


def test_looking_loads_nothing_heavy(there: dict[str, set[str]]) -> None:
    found = {look: heavy(there[look]) for look in LOOKS}
    assert found == {look: set() for look in LOOKS}


def test_a_command_loads_what_it_needs(there: dict[str, set[str]]) -> None:
    more = {command: heavy(there[command]) - needed for command, needed in MADE.items()}
    assert more == {command: set() for command in MADE}


@pytest.mark.slow
def test_what_reads_results_loads_what_it_needs(there: dict[str, set[str]], folder: Path) -> None:
    """In a new process."""
    for (command, needed), modules in zip(READ.items(), loaded(list(READ), folder), strict=True):
        assert not heavy(modules) - needed, command


ENGINES = {"sim.engine.compiled", "sim.engine.kernel", "sim.model.week", "sim.runs.execute"}
"""What makes runs."""


READS = """
import sys
import sim.studies.report
from sim import studies
from sim.studies.kind import StudyKind
from sim.studies.spec import UntilClear
for kind in map(StudyKind.of, studies.names()):
    for part in ("words", "figures", "analysis")[: 3 if issubclass(kind.Spec, UntilClear) else 2]:
        kind._module(part)
print(*sys.modules)
"""
"""Imports what a report is made from. The words of a study with ``until`` ask its analysis how well
the means are known."""


def test_what_a_report_is_made_from_loads_no_engine(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READS], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    there = set(done.stdout.split())
    assert {"sim.studies.run.analysis", "sim.studies.plan.words"} <= there
    assert sorted(there & ENGINES) == []


@pytest.mark.slow
def test_a_report_makes_no_runs_and_loads_no_engine(tmp_path: Path) -> None:
    made = {kind: tiny(kind) for kind in studies.names()}
    made["until"] = StudyKind.of("compare").make(**TINY["compare"], until=1)
    for name, study in made.items():
        ask(study).save(tmp_path / name, figures=())
    commands = [f"report {name} -q" for name in made]
    for command, there in zip(commands, loaded(commands, tmp_path), strict=True):
        assert not heavy(there) - DRAWN, command
        assert not there & ENGINES, command


# --- make -------------------------------------------------------------------------------------

UV = """#!/bin/sh
# A uv that installs nothing and writes down what it was asked.
echo "$*" >> "$ASKED"
[ "$1" != "$FAILS" ] || exit 2
case $1 in
    --version) echo "uv 0.0.0" ;;
    venv)
        for folder; do :; done
        mkdir -p "$folder/bin"
        printf '#!/bin/sh\\nexec "%s" -S "$@"\\n' "$PYTHON_HERE" > "$folder/bin/python" # no pip
        chmod +x "$folder/bin/python"
        echo "made by uv" > "$folder/pyvenv.cfg" ;;
esac
"""
NOTHING = "#!/bin/sh\nexit 127\n"
"""A program that is there and does not start, such as a shim of pyenv."""


class Machine:
    """A PATH of a few tools and an environment that ``make`` may fill."""

    def __init__(self, home: Path) -> None:
        self.tools, self.venv, self.log = home / "tools", home / "venv", home / "asked"
        self.tools.mkdir()
        for name in ("chmod", "ls", "mkdir", "rm", "touch"):
            (self.tools / name).symlink_to(str(shutil.which(name)))

    def plant(self, script: str, folder: Path | None = None) -> None:
        """A program called uv."""
        path = (folder or self.tools) / "uv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def environment(self) -> None:
        """An environment of this Python, as ``python -m venv`` makes it."""
        (self.venv / "bin").mkdir(parents=True)
        (self.venv / "pyvenv.cfg").write_text("made here")
        # A link would be read as the environment that the tests run in.
        python = self.venv / "bin" / "python"
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)

    def make(self, *words: str, fails: str = "") -> subprocess.CompletedProcess[str]:
        """Run make with nothing but this PATH."""
        program = shutil.which("make")
        if program is None:
            pytest.skip("no make here")
        env = {
            "PATH": str(self.tools), "ASKED": str(self.log), "PYTHON_HERE": sys.executable,
            "FAILS": fails, "HOME": str(self.tools),
        }  # fmt: skip
        return subprocess.run(
            [program, f"PYTHON={sys.executable}", f"VENV={self.venv}", *words],
            cwd=REPO, env=env, capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    def asked(self) -> list[str]:
        """What the planted uv was asked, but for its version."""
        lines = self.log.read_text().splitlines() if self.log.is_file() else []
        return [line for line in lines if line != "--version"]

    @property
    def core(self) -> str:
        """The target that the installation of the core is."""
        return f"{self.venv}/.core-{platform.python_version()}"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with neither uv nor an environment."""
    return Machine(tmp_path)


def installs(told: str) -> list[list[str]]:
    """The words of every command that installs, as ``make -n`` prints them."""
    lines = [line for line in told.splitlines() if " pip install " in line]
    return [shlex.split(line.rpartition("||")[0]) for line in lines]


@pytest.mark.parametrize("there", ["on PATH", "in the environment", "not", "does not start", "UV="])
def test_make_installs_by_uv_where_it_is_there_and_else_by_pip(
    there: str, machine: Machine
) -> None:
    if there == "in the environment":
        machine.environment()
        machine.plant(UV, machine.venv / "bin")
    elif there != "not":
        machine.plant(NOTHING if there == "does not start" else UV)
    told = machine.make("-n", "test", *(["UV="] if there == "UV=" else [])).stdout
    core, rest = installs(told)
    for command, what in ((core, "."), (rest, ".[cluster,dev,docs,plan]")):
        assert command[-4:] == ["-c", "constraints.txt", "-e", what]  # the pins, either way
        if there in ("on PATH", "in the environment"):
            assert Path(command[0]).name == "uv"
            assert command[1:5] == ["pip", "install", "--python", f"{machine.venv}/bin/python"]
        else:
            assert command[:4] == [f"{machine.venv}/bin/python", "-m", "pip", "install"]


def test_demo_installs_the_core_alone(machine: Machine) -> None:
    told = machine.make("-n", "demo").stdout
    (core,) = installs(told)
    assert core[-1] == "."
    assert f"{machine.venv}/bin/codose run source " in told


def test_environment_that_uv_made_is_kept_even_without_pip(machine: Machine) -> None:
    machine.plant(UV)
    done = machine.make(machine.core)
    assert done.returncode == 0, done.stderr
    made, installed = machine.asked()
    base = str(Path(sys.executable))
    assert shlex.split(made) == ["venv", "--quiet", "--seed", "--python", base, str(machine.venv)]
    assert installed.endswith("-c constraints.txt -e .")
    assert "with uv" in done.stdout
    assert Path(machine.core).is_file()
    assert machine.make("-q", machine.core).returncode == 0
    os.utime(machine.core, (0, 0))  # the pins changed: it is kept all the same
    again = machine.make(machine.core.replace(".core-", ".codose-"))
    assert again.returncode == 0, again.stderr
    assert [line.split()[0] for line in machine.asked()] == ["venv", "pip", "pip", "pip"]


def test_uv_that_fails_says_that_pip_can_be_taken(machine: Machine) -> None:
    machine.plant(UV)
    done = machine.make(machine.core, fails="pip")
    assert done.returncode == 2
    assert "uv could not install codose: make UV= takes pip instead" in done.stderr
    assert not Path(machine.core).exists()  # so it is tried again


def test_folder_that_is_no_environment_is_left_alone(machine: Machine) -> None:
    machine.plant(UV)
    machine.venv.mkdir()
    (machine.venv / "thesis.txt").write_text("years of work")
    done = machine.make(machine.core)
    assert done.returncode == 2
    assert "is a folder, but not a virtual environment" in done.stderr
    assert (machine.venv / "thesis.txt").read_text() == "years of work"
    assert machine.asked() == []


def test_python_that_is_not_there_is_named(machine: Machine) -> None:
    done = machine.make("demo", "PYTHON=python9")
    assert done.returncode == 2
    assert "codose needs Python 3.11 or newer, and 'python9' is not there" in done.stderr


# --- the first screen -------------------------------------------------------------------------


def first_screen() -> str:
    """The README above its first heading."""
    return (REPO / "README.md").read_text(encoding="utf-8").split("\n## ")[0]


def test_first_screen_has_one_command_three_doors_and_three_limits() -> None:
    text = first_screen()
    assert re.findall(r"```console\n(.*?)```", text, re.DOTALL) == ["make demo\n"]
    heads, _, pictures, questions, links = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    )
    assert heads == ["Plan", "Research", "Teach"]
    assert all(re.match(r"\[!\[.+\]\(docs/images/\w+\.png\)\]\(docs/", one) for one in pictures)
    assert all(one.endswith((".", "?")) for one in questions)
    assert [one.count("](") for one in links] == [2, 2, 2]
    limits = text[text.index("<!-- limits -->") : text.index("<!-- /limits -->")]
    assert len(re.findall(r"^- ", limits, re.MULTILINE)) == 3


def test_moving_picture_is_small_and_comes_to_rest() -> None:
    from PIL import Image

    path = REPO / "docs" / "images" / "page.gif"
    assert "docs/images/page.gif" in first_screen()
    assert path.stat().st_size < 1_000_000
    with Image.open(path) as film:
        assert film.n_frames > 10
        assert film.info["loop"] == 1  # 0 would move for ever beside what one reads


def test_home_page_takes_parts_of_the_readme_that_are_there() -> None:
    sys.path.insert(0, str(REPO / "docs" / "make"))
    import hooks

    home = (REPO / "docs" / "index.md").read_text(encoding="utf-8")
    parts = re.findall(r"<!-- from README: (\w+) -->", home)
    assert parts == ["sentence", "command", "doors", "limits"]
    assert all(hooks.of_readme(part) for part in parts)
    assert hooks.of_readme("doors").startswith("| Plan | Research | Teach |")
    with pytest.raises(ValueError, match="no part <!-- door -->"):
        hooks.of_readme("door")


VERSIONED = re.compile(r"codose(?:-|:|==|@v?)(\d+\.\d+(?:\.\d+)?)")
"""A package, an image or a requirement of a version, as examples name it."""


def test_versions_in_examples_are_current() -> None:
    import sim

    pages = [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
    old = [
        f"{page.relative_to(REPO)}: {found[0]}"
        for page in pages
        for found in VERSIONED.finditer(page.read_text(encoding="utf-8"))
        if found[1] != sim.__version__
    ]
    assert not old
    assert [m[1] for m in VERSIONED.finditer("x/codose:0.2 codose-0.5.0-py3 codose==1.0")] == [
        "0.2", "0.5.0", "1.0",
    ]  # fmt: skip
