"""The page of docs/how-to/solara.md is drawn and steps, where Solara is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SOLARA = all(find_spec(name) for name in ("solara", "altair"))

TRY = """
import solara
from page import Classroom, Page

box, _ = solara.render(Page(), handle_error=False)
print(str(box).count("Image(value=b'"), "figures")
model = Classroom(trust_step=0.45, seed=2)
while model.running:
    model.step()
print(model.week, model.horizon, model.p.trust_step)
"""


def shown() -> str:
    """The script of the page."""
    text = (REPO / "docs/how-to/solara.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]


def test_it_is_short() -> None:
    assert sum(bool(line.strip()) for line in shown().splitlines()) <= 20


@pytest.mark.skipif(not SOLARA, reason="Solara is not installed")
def test_the_page_is_drawn_and_a_model_runs_to_its_horizon(tmp_path: Path) -> None:
    """In a process of its own: Solara changes much that is global."""
    (tmp_path / "page.py").write_text(shown(), encoding="utf-8")
    path = os.pathsep.join([str(REPO), str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["3 figures", "78 78 0.45"]
