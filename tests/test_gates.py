"""Checks outside the test suite see their fault: the automatic checks, archives, pins.

``docs/engineers/gates.md`` lists every gate with the fault that was planted to see it fail.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from tests.cases import check_called

REPO = Path(__file__).resolve().parents[1]
RUN = REPO / ".ci" / "run"
posix = pytest.mark.skipif(os.name != "posix", reason="the automatic checks are a shell script")

# --- .ci/run --------------------------------------------------------------------------------------

STEPS = re.findall(r"^ *step (\w+) ", RUN.read_text(encoding="utf-8"), re.MULTILINE)
STAND_IN = """#!/bin/sh
case "$FAILS" in
    page) [ "${1##*/}" = page.py ] && exit 1 ;;
    summary) exit 0 ;;
    *) [ "$1" = "$FAILS" ] && exit 1 ;;
esac
[ "$1" = test ] && echo "=== 7 passed in 0.10s ==="
exit 0
"""
"""For every program that a step starts: it fails where it is told to."""


def automatic_checks(home: Path, fails: str) -> subprocess.CompletedProcess[str]:
    """``.ci/run`` over stand-ins for make, Node.js, Chromium and Python."""
    for name in ("bin/make", "bin/node", "bin/npm", "bin/chromium", "bin/python3.13",
                 ".venv/bin/python"):  # fmt: skip
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STAND_IN)
        path.chmod(0o755)
    (home / ".ci").mkdir()
    shutil.copy(RUN, home / ".ci" / "run")
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [home / ".ci" / "run"], capture_output=True, text=True, timeout=600,
        env={**os.environ, "PATH": path, "FAILS": fails, "CODOSE_CHROMIUM": "chromium"},
    )  # fmt: skip


@posix
def test_the_automatic_checks_pass_when_every_step_does(tmp_path: Path) -> None:
    done = automatic_checks(tmp_path, "nothing")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("All steps passed.\n=== 7 passed in 0.10s ===\n")
    ran = re.findall(r"^--- (\w+): exit 0 ", done.stdout, re.MULTILINE)
    assert set(STEPS) - set(ran) == {"chromium"}, "it is installed only where there is none"


@posix
@pytest.mark.parametrize("name", [*sorted(set(STEPS) - {"chromium"}), "summary"])
def test_a_step_that_fails_fails_the_automatic_checks(name: str, tmp_path: Path) -> None:
    """A suite that ends with 0 and has run no test counts as failed too."""
    done = automatic_checks(tmp_path, name)
    assert done.returncode == 1
    told = re.findall(r"^FAILED: (.*)$", done.stdout, re.MULTILINE)
    assert told == ["test summary" if name == "test" else name]


@posix
@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
@pytest.mark.parametrize(("version", "old"), [("18.20.8", 1), ("20.11.0", 0), ("22.1.0", 0)])
def test_the_page_is_built_again_where_node_is_new_enough(version: str, old: int) -> None:
    """What the automatic checks ask Node.js itself: a true or false is no exit code for it."""
    found = re.search(r"node -e '([^']*)'", RUN.read_text(encoding="utf-8"))
    assert found is not None
    given = f"Object.defineProperty(process, 'versions', {{value: {{node: '{version}'}}}});"
    done = subprocess.run(["node", "-e", given + found[1]], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (old, "")


def test_no_target_takes_a_run_without_tests_for_a_success() -> None:
    """pytest ends with 5 when a mark selects nothing, and make hands that on."""
    recipes = (REPO / "Makefile").read_text(encoding="utf-8")
    assert recipes.count("-m pytest") >= 4
    assert "-eq 5" not in recipes


# --- the archives ---------------------------------------------------------------------------------


@pytest.fixture
def package() -> ModuleType:
    """``experiments/checks/package.py``."""
    return check_called("package")


def archives(folder: Path, names: list[str], size: int = 0) -> Path:
    """A wheel with these files, and an archive of sources."""
    with zipfile.ZipFile(folder / "codose-1-py3-none-any.whl", "w") as wheel:
        for name in names:
            wheel.writestr(name, "")
        wheel.writestr("sim/large", bytes(size))
    (folder / "codose-1.tar.gz").write_bytes(b"")
    return folder


def test_an_archive_that_is_wrong_is_seen(package: ModuleType, tmp_path: Path) -> None:
    def told(name: str, names: list[str], size: int = 0) -> list[str]:
        (tmp_path / name).mkdir()
        return package._archives(archives(tmp_path / name, names, size))

    promised = list(package.PROMISED)
    wheel = "codose-1-py3-none-any.whl"
    assert told("right", promised) == []
    assert told("lacks", promised[1:]) == [f"{wheel} lacks {promised[0]}"]
    source = "sim/page/app/src/main.tsx"
    assert told("more", [*promised, source]) == [f"{wheel} holds {source}"]
    (large,) = told("large", promised, package.LARGEST[".whl"])
    assert large.startswith(f"{wheel} is larger than")


def test_what_the_wheel_must_hold_is_there(package: ModuleType) -> None:
    """A file that is renamed is renamed in the promise too."""
    here = [name.replace("sim/_files/", "") for name in package.PROMISED]
    assert [name for name in here if not (REPO / name).is_file()] == []


# --- the pins -------------------------------------------------------------------------------------


def unmet(project: str, pins: str) -> list[str]:
    """Requirements of a pyproject.toml that the pins leave out or contradict."""
    told = tomllib.loads(project)["project"]
    extras = told["optional-dependencies"].values()
    wanted = [*told["dependencies"], *itertools.chain.from_iterable(extras)]
    lines = [line for line in pins.splitlines() if line and not line.startswith("#")]
    pinned: dict[str, list[str]] = {}
    for pin in map(Requirement, lines):
        (exact,) = pin.specifier
        pinned.setdefault(pin.name.lower().replace("_", "-"), []).append(exact.version)
    wrong = []
    for one in map(Requirement, wanted):
        versions = pinned.get(one.name.lower().replace("_", "-"), [])
        if not versions or not all(one.specifier.contains(v, prereleases=True) for v in versions):
            wrong.append(f"{one} is pinned to {versions}")
    return wrong


def test_every_requirement_is_pinned_to_a_version_that_it_allows() -> None:
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    pins = (REPO / "constraints.txt").read_text(encoding="utf-8")
    assert unmet(project, pins) == [], "make constraints"


@pytest.mark.parametrize(
    ("here", "planted"),
    [('"jinja2>=3.1"', '"jinja2>=99"'), ('"jinja2>=3.1"', '"no-such-package"'),
     ('"openpyxl>=3.1"', '"openpyxl<3"')],
)  # fmt: skip
def test_a_requirement_that_no_pin_meets_is_seen(here: str, planted: str) -> None:
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    assert here in project
    pins = (REPO / "constraints.txt").read_text(encoding="utf-8")
    assert unmet(project.replace(here, planted), pins)
