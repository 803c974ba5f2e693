"""``import codose`` gives what ``import sim`` gives: the same modules, from anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke

REPO = Path(__file__).resolve().parents[1]
TRY = """
import pickle, sys
import codose
import codose.core.errors as errors
from codose import Scenario
from codose.runs.plan import RunPlan
import sim, sim.runs.plan, sim.core.errors

assert codose.Scenario is sim.Scenario is Scenario and codose.run is sim.run
assert RunPlan is sim.runs.plan.RunPlan and errors is sim.core.errors
assert sys.modules["codose.runs"] is sim.runs and sim.runs.__spec__.name == "sim.runs"
assert set(sim.__all__) <= set(dir(codose)) and codose.__version__ == sim.__version__
assert b"codose" not in pickle.dumps(Scenario)
for name in ("codose.nothing", "codose.core.nothing"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        print("none")
try:
    codose.nothing
except AttributeError:
    print("none")
"""


def said(folder: Path, path: str) -> list[str]:
    """What the script above says in a process of its own, in another folder."""
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=folder, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_alias_is_the_same_package(tmp_path: Path) -> None:
    assert said(tmp_path, str(REPO)) == ["none"] * 3


@pytest.mark.slow
def test_the_alias_is_in_the_wheel_and_the_marker_of_types_too(tmp_path: Path) -> None:
    """The wheel is unpacked and used as it is; nothing is fetched."""
    import zipfile

    pytest.importorskip("hatchling")
    from hatchling.builders.wheel import WheelBuilder

    (built,) = WheelBuilder(str(REPO)).build(directory=str(tmp_path / "dist"))
    with zipfile.ZipFile(built) as wheel:
        assert {"codose.py", "sim/py.typed"} <= set(wheel.namelist())
        wheel.extractall(tmp_path / "there")
    assert said(tmp_path, str(tmp_path / "there")) == ["none"] * 3
