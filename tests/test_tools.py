"""The examples of how-to/your-tools.md are short, and run where their libraries are installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PAGE = (REPO / "docs/how-to/your-tools.md").read_text(encoding="utf-8")
NEEDS = {
    "SALib": ("SALib",), "SciPy": ("scipy",), "Optuna": ("optuna",), "pymoo": ("pymoo",),
    "EMA workbench": ("ema_workbench",), "sbi": ("sbi", "torch"),
    "PyMC and ArviZ": ("pymc", "arviz"), "xarray and NetCDF": ("xarray",),
}  # fmt: skip
HERE = ("SALib", "SciPy")
"""Run by tests/test_docs.py, with what they print."""


def example(tool: str) -> str:
    """The example under the heading of a tool."""
    part = PAGE.split(f"\n## {tool}\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    return code


def test_every_tool_of_the_page_is_tried() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert tuple(headings[headings.index("What can go wrong") + 1 :]) == tuple(NEEDS)


@pytest.mark.parametrize("tool", NEEDS)
def test_it_takes_about_ten_lines(tool: str) -> None:
    lines = [line for line in example(tool).splitlines() if line.strip()]
    assert sum(not line.startswith(("import ", "from ")) for line in lines) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("tool", [tool for tool in NEEDS if tool not in HERE])
def test_it_runs(tool: str, tmp_path: Path) -> None:
    """In a process of its own: these libraries change much that is global, and warn."""
    if missing := [name for name in NEEDS[tool] if find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed")
    path = os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", example(tool)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
