"""A result says how to repeat it, and verifying says what was made again: tables and figures."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sim.engine import layout
from sim.studies.compare import compare
from sim.studies.report import report_html
from sim.studies.verify import verify
from tests.studies.test_compare import OFTEN, SMALL


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = compare(SMALL, OFTEN, sets=3, replicates=1, outcomes=["trust"])
    return found.save(tmp_path_factory.mktemp("results") / "compare", figures=("svg",))


def test_tables_and_figures_are_made_again_and_named(folder: Path) -> None:
    seen = verify(folder)
    assert seen.ok, str(seen)
    assert set(seen.figures) == {path.name for path in (folder / "figures").iterdir()}
    assert "figures bands.svg, " in str(seen)


def test_a_figure_that_was_changed_is_seen(folder: Path) -> None:
    name = "bands.svg"
    path = folder / "figures" / name
    whole = path.read_bytes()
    path.write_bytes(whole + b"\n")
    try:
        seen = verify(folder)
    finally:
        path.write_bytes(whole)
    assert not seen.ok
    assert f"the figure {name} is not what the tables say" in str(seen)


def test_the_report_names_the_engine_and_the_manifest_and_how_to_check(folder: Path) -> None:
    html = report_html(folder)
    manifest = (folder / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() in html
    assert json.loads(manifest)["engine_digest"] == layout.source_hash()
    assert layout.source_hash() in html
    assert "codose verify ." in html


def test_another_engine_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "source_hash", lambda: "of other sources")
    seen = verify(folder)
    assert any("compiled engine of other sources" in note for note in seen.notes)
