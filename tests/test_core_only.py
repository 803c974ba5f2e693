"""Without any extra: every command works, or says at its door what is missing, before any work."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.core.extras import EXTRAS, needs
from sim.studies.ask import ask
from tests.cases import TINY, tiny

REPO = Path(__file__).resolve().parents[1]

CORE_ONLY = """
import importlib.abc, json, os, sys, tempfile
from pathlib import Path

EXTRAS = {"dask", "distributed", "icalendar", "numba", "openpyxl", "optuna", "sklearn", "xarray"}

class NotInstalled(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
from sim.runs import execute
from tests.cases import codose, command_line, tiny

kinds, whole = sys.argv[1].split(","), sys.argv[2] == "whole"
begun = []
real = execute._Assembly.run
def run(work):
    begun.append(work)
    return real(work) if whole else (_ for _ in ()).throw(KeyboardInterrupt)
execute._Assembly.run = run
seen = {}
with tempfile.TemporaryDirectory() as home:
    home = Path(home)
    os.chdir(home)
    def tell(name, *words):
        del begun[:]
        done = codose(*words)
        seen[name] = [done.exit_code, len(begun), done.stderr, done.stdout[-300:]]
    for kind in kinds:
        out = ["--out", str(home / kind), "--no-figures"]
        words = command_line(tiny(kind), home)
        tell(kind, *words, *out)
        tell(kind + " on a cluster", *words, "--cluster", "tcp://127.0.0.1:1", "--out", "c")
    if not whole:
        other = [["scenarios"], ["parameters"], ["outcomes"], ["odd"], ["observed"],
                 ["validate", "source"], ["schema"], ["--help"], ["new", "my.yaml", "--yes"]]
        for words in other:
            tell(" ".join(words), *words)
        tell("verify", "verify", os.environ["RESULTS"])
        tell("report", "report", os.environ["RESULTS"], "--out", "report.html")
print(json.dumps(seen))
"""


def core_only(kinds: list[str], how: str, results: Path) -> dict[str, tuple[int, int, str, str]]:
    """What commands do where no extra is installed: code, plans of runs begun, stderr, stdout."""
    import json
    import os

    done = subprocess.run(
        [sys.executable, "-c", CORE_ONLY, ",".join(kinds), how],
        capture_output=True, text=True, cwd=REPO, timeout=600,
        env={**os.environ, "PYTHONPATH": str(REPO), "RESULTS": str(results)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: tuple(one) for name, one in json.loads(done.stdout.splitlines()[-1]).items()}


KINDS = sorted({*TINY} - {"tally"})
PLANNING = "codose plan needs optuna and scikit-learn and icalendar, which are not installed"


def test_the_door_of_every_command(tmp_path: Path) -> None:
    """A kind that needs an extra begins nothing; the others get as far as their runs."""
    pytest.importorskip("optuna")  # results of a plan study, made where it is
    results = ask(tiny("plan")).save(tmp_path / "results", figures=())
    seen = core_only(KINDS, "door", results)
    for kind in KINDS:
        code, begun, said, _ = seen[kind]
        if kind == "plan":
            assert (code, begun) == (2, 0), said
            assert PLANNING in said
            assert "pip install 'codose[plan]'" in said
        else:
            assert (code, begun) == (130, 1), said
        code, begun, said, _ = seen[f"{kind} on a cluster"]
        assert (code, begun) == (2, 0), said
        assert "'codose[plan]'" in said if kind == "plan" else "'codose[cluster]'" in said
    for name, (code, begun, said, shown) in seen.items():
        assert "Traceback" not in said + shown
        if name.split()[0] not in KINDS and name != "verify":
            assert (code, begun) == (0, 0), (name, said)
    code, begun, said, _ = seen["verify"]  # of a plan study
    assert (code, begun) == (2, 0)
    assert PLANNING in said


@pytest.mark.slow
def test_every_kind_to_its_end(tmp_path: Path) -> None:
    for name, (code, _, said, _) in core_only(KINDS, "whole", tmp_path).items():
        assert code == (2 if name.startswith("plan") or "cluster" in name else 0), (name, said)


def test_what_installs_a_package_is_an_extra_of_this_project() -> None:
    text = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    offered = tomllib.loads(text)["project"]["optional-dependencies"]
    for distribution, extra in EXTRAS.values():
        names = [re.split(r"[<>=\\[;]", one)[0].strip().lower() for one in offered[extra]]
        assert distribution in names


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        needs("json", "no_such", "optuna_of_nobody", work="this")
    assert str(caught.value) == (
        "this needs no_such and optuna_of_nobody, which are not installed; "
        "allowed: pip install no_such optuna_of_nobody"
    )
