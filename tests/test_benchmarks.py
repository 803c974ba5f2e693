"""The benchmarks: the files of `make bench` are in order.

Nothing here measures time: `make bench` does.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "experiments" / "benchmarks"


def load(name: str) -> ModuleType:
    """A script of the folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(FOLDER)  # as for a script
    yield load("bench")
    del sys.modules["bench"]


@pytest.mark.smoke
def test_the_table_stands_between_its_markers(bench: ModuleType) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert page.count(bench.BEGIN) == page.count(bench.END) == 1
    table = page.partition(bench.BEGIN)[2].partition(bench.END)[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) > 20, "make bench writes it"
    assert all(line.count("|") == 5 for line in rows), "a line of the table is broken"


@pytest.mark.smoke
def test_a_new_table_replaces_the_old_one_alone(bench: ModuleType, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{bench.BEGIN}\nold\n{bench.END}\nbelow\n", encoding="utf-8")
    bench.put(readme, "new\n")
    text = readme.read_text(encoding="utf-8")
    assert text == f"above\n{bench.BEGIN}\nnew\n{bench.END}\nbelow\n"


@pytest.mark.smoke
def test_the_parts_that_are_asked_for_are_measured_and_printed(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command, with the measuring replaced."""
    before = (FOLDER / "README.md").read_bytes()
    line = SimpleNamespace(what="a thing", value="9 ms", target="< 5 ms", met=False)
    measured = ModuleType("measures")
    measured.machine = lambda: "this one, 2 cores"  # type: ignore[attr-defined]
    for name in ("against_mesa", "batches", "common_numbers", "sizes", "cold_start"):
        setattr(measured, name, pytest.fail)
    measured.memory = lambda: [line]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "measures", measured)
    monkeypatch.setattr(sys, "argv", ["bench.py", "--only", "memory"])
    bench.main()
    assert "| a thing | 9 ms | < 5 ms | **missed** |" in capsys.readouterr().out
    assert (FOLDER / "README.md").read_bytes() == before, "a part alone leaves the file as it is"


@pytest.mark.smoke
def test_make_has_the_target() -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^bench: .*## ", makefile, re.MULTILINE)
    assert re.search(r"^\.PHONY:.* bench\b", makefile, re.MULTILINE)
