"""``codose examples``: what is shipped, as files of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.core import files

REPO = Path(__file__).resolve().parents[1]


def codose(*words: str):
    return CliRunner().invoke(app, ["examples", *words])


def test_every_shipped_file_is_copied_and_a_scenario_of_them_runs(tmp_path: Path) -> None:
    done = codose(str(tmp_path / "mine"))
    assert done.exit_code == 0, done.output
    for kind in ("scenarios", "experiments", "notebooks"):
        shipped = {p.name: p.read_bytes() for p in files.folder(kind).iterdir() if p.is_file()}
        copied = {
            p.name: p.read_bytes() for p in (tmp_path / "mine" / kind).iterdir() if p.is_file()
        }
        assert copied == shipped
    checked = CliRunner().invoke(app, ["validate", str(tmp_path / "mine/scenarios/core_team.yaml")])
    assert checked.exit_code == 0, checked.output


def test_a_kind_alone(tmp_path: Path) -> None:
    assert codose(str(tmp_path), "notebooks").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["notebooks"]


@pytest.mark.parametrize(
    ("words", "says"),
    [(["notebook"], "did you mean 'notebooks'?"), (["scenarios"], "nothing was copied")],
)
def test_mistakes_copy_nothing(tmp_path: Path, words: list[str], says: str) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "mine.yaml").write_text("name: mine\n")
    done = codose(str(tmp_path), *words)
    assert done.exit_code == 2
    assert says in done.output
    assert [p.name for p in tmp_path.rglob("*")] == ["scenarios", "mine.yaml"]
