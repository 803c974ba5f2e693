"""What a command loads until its process ends: nothing heavy that it does not need.

Each command runs a tiny job in a process of its own, which tells at its very end what is loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
HEAVY = (
    "SALib", "distributed", "matplotlib", "mesa", "networkx", "numba", "optuna", "pandas", "plotly",
    "pyarrow", "scipy.stats", "sklearn",
)  # fmt: skip
WATCH = f"""
import atexit, json, sys
atexit.register(lambda: print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]),
                              file=sys.__stderr__))
from sim.cli import main
sys.argv = ["codose", *sys.argv[1:]]
main()
"""
ENGINE = {"numba", "networkx"}
"""What the compiled engine and its networks load."""
TABLES = {"pandas", "pyarrow"}
DRAWN = TABLES | {"matplotlib"}
RUN = "run classroom -n 2 -q --engine compiled"
COMPARE = "compare source light_touch --sets 2 -n 1 -q"


def loaded(command: str, folder: Path) -> set[str]:
    """Heavy modules that are there when the process of a command ends."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *command.split()],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results of one run and of one comparison."""
    home = tmp_path_factory.mktemp("start")
    assert loaded(f"{RUN} --no-figures --out ran", home) <= ENGINE | TABLES
    loaded(f"{COMPARE} --no-figures --out compared", home)
    return home


def test_looking_loads_nothing_heavy(tmp_path: Path) -> None:
    """One process looks at all of it: what any of these loads is there at its end."""
    looks = ["--help", "--version", "run --help", "scenarios", "validate classroom", "parameters",
             "outcomes", "schema"]  # fmt: skip
    code = (
        "import json, sys\nfrom sim.cli import app\n"
        "for command in sys.argv[1:]:\n"
        "    try:\n        app(command.split(), prog_name='codose')\n"
        "    except SystemExit as end:\n        assert not end.code, command\n"
        f"    print('=', json.dumps([n for n in {HEAVY!r} if n in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *looks],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    told = [json.loads(line[2:]) for line in done.stderr.splitlines() if line.startswith("= ")]
    loaded_by = dict(zip(looks, told, strict=True))
    assert loaded_by == {command: [] for command in looks}


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (f"{RUN} --sets 2 --no-figures --out sets", ENGINE | TABLES),
        (f"{RUN} --out drawn", ENGINE | DRAWN),
        ("report ran", ENGINE | DRAWN),
        ("report compared", DRAWN),
        ("verify ran", ENGINE | TABLES),
        (f"{COMPARE} --no-figures --out again", ENGINE | TABLES | {"scipy.stats"}),
    ],
)
def test_a_command_loads_what_it_needs(command: str, needed: set[str], folder: Path) -> None:
    assert loaded(command, folder) <= needed
