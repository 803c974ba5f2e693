"""The notebooks run, and show what they print; sources and results agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "notebooks"
SOURCES = sorted(FOLDER.glob("[0-9]*.py"))
PROMISED = ["01", "02", "03", "04", "05", "06", "07", "08", "09"]
HANGS = 1800


def tool() -> ModuleType:
    """``docs/make/notebooks.py``."""
    pytest.importorskip("jupytext")
    pytest.importorskip("nbclient")
    if (place := str(REPO / "docs" / "make")) not in sys.path:
        sys.path.insert(0, place)
    return __import__("notebooks")


def test_promised_notebooks_are_there() -> None:
    assert [path.name[:2] for path in SOURCES] == PROMISED


@pytest.mark.parametrize(
    ("heading", "lines"),
    [("Bands of three", 4), ("Which of six", 5), ("Two parameters fitted", 6)],
)
def test_tasks_of_a_researcher_take_few_lines(heading: str, lines: int) -> None:
    (source,) = (path for path in SOURCES if path.name.startswith("08"))
    part = source.read_text(encoding="utf-8").split(f"# ## {heading}")[1]
    code = part.split("# %%")[1]
    assert 0 < sum(bool(line.strip()) for line in code.splitlines()) <= lines


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_source_and_notebook_agree(source: Path) -> None:
    import json

    stored = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    expected = tool().read(source)
    cells = [(c["cell_type"], "".join(c["source"])) for c in stored["cells"]]
    assert cells == [(c.cell_type, c.source) for c in expected.cells], (
        f"run: make notebooks ONLY={source.name[:2]}"
    )
    runs = [c for c in stored["cells"] if c["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in runs), "not executed"
    assert any("image/png" in o.get("data", {}) for cell in runs for o in cell["outputs"])


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_runs_and_prints_what_it_shows(source: Path) -> None:
    # In a process of its own: kernels warn about event loops, and here warnings are errors.
    make = tool()
    code = (
        f"import sys; sys.path.insert(0, {str(REPO / 'docs' / 'make')!r}); import notebooks, json;"
        f"from pathlib import Path;"
        f"print(json.dumps(notebooks.texts(notebooks.executed(Path({str(source)!r})))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr[-3000:]
    import json

    import nbformat

    printed = json.loads(done.stdout.splitlines()[-1])
    shown = make.texts(nbformat.read(source.with_suffix(".ipynb"), as_version=4))
    assert printed == shown, f"run: make notebooks ONLY={source.name[:2]}"
