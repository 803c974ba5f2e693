"""``codose compare`` and ``codose surface``: what they print, write, refuse; the how-to runs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app, shell

REPO = Path(__file__).resolve().parents[1]
GUIDE = (REPO / "docs" / "planner.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(console|python)\n(.*?)```", GUIDE, flags=re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "console" for line in text.splitlines()]
SMALL = """
name: {name}
horizon_weeks: 20
regions: {{candidates: {regions}, count: {regions}, selection: all, staff: 4}}
providers: {{count: 1}}
dosage: [{{mode: video, every_weeks: {every}, hours: 1.5, last_week: 16}}]
"""
QUICK = ("--sets", "4", "--replicates", "2", "--no-figures", "--quiet")


class Ran:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def codose(*words: str | Path) -> Ran:
    """Run a command in this process."""
    done = CliRunner().invoke(app, [str(word) for word in words], prog_name="codose")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def plain_surroundings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", shell.DEBUG):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the scenarios a.yaml, b.yaml and other.yaml (other regions)."""
    monkeypatch.chdir(tmp_path)
    for name, every, regions in (("a", 8, 1), ("b", 2, 1), ("other", 2, 2)):
        Path(f"{name}.yaml").write_text(SMALL.format(name=name, every=every, regions=regions))
    return tmp_path


# --- compare --------------------------------------------------------------------------------------


def test_compare_prints_the_answer_first_and_writes_what_it_prints(here: Path) -> None:
    done = codose("compare", "a.yaml", "b.yaml", *QUICK)
    assert done.code == 0
    assert done.out.startswith("At the end of TA, against a: b is ")
    assert "b against a, at the end of TA: capacity is " in " ".join(done.out.split())
    assert "What if, not forecast." in done.out
    assert "differs: dosage" in done.out
    folder = here / "results" / "compare-a-b"
    assert (folder / "answer.txt").read_text().split() == done.out.split("\n\n")[0].split()
    table = pd.read_csv(folder / "differences.csv")
    row = table[(table["outcome"] == "trust") & (table["point"] == "end_of_ta")].iloc[0]
    line = next(line for line in done.out.splitlines() if line.startswith("trust  "))
    assert line.split()[1:3] == [f"{row['mean_a']:.2f}", f"{row['mean_b']:.2f}"]


def test_compare_speaks_json(here: Path) -> None:
    done = codose("compare", "a.yaml", "b.yaml", *QUICK, "--json", "--outcome", "knowledge")
    data = json.loads(done.out)
    assert [one["label"] for one in data["scenarios"]] == ["a", "b"]
    assert {row["outcome"] for row in data["differences"]} == {"knowledge"}
    assert data["plausible"].startswith("plausible sets: ")


def test_the_command_in_the_manifest_makes_the_same_bytes(here: Path) -> None:
    options = [*QUICK, "--margin", "0.02", "--seed", "3", "--set", "trust_step=0.2"]
    assert codose("compare", "a.yaml", "b.yaml", *options, "--out", "one").code == 0
    manifest = json.loads((here / "one" / "manifest.json").read_text())
    words = shlex.split(manifest["command"])
    assert words[0] == "codose"
    assert codose(*words[1:], "--out", "two", "--no-figures").code == 0
    for path in (here / "one").iterdir():
        assert path.read_bytes() == (here / "two" / path.name).read_bytes(), path.name
    assert all(
        one["scenario"]["parameters"] == {"trust_step": 0.2} for one in manifest["scenarios"]
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "a.yaml"], "scenarios: nothing to compare with; allowed: 2 or more"),
        (["compare", "a.yaml", "sourcce"], "did you mean 'source'?"),
        (["compare", "a.yaml", "other.yaml"], "regions.count (1; 2)"),
        (["compare", "a.yaml", "b.yaml", "--outcome", "trsut"], "did you mean 'trust'?"),
        (["compare", "a.yaml", "b.yaml", "--margin", "0"], "margin: 0.0 is out of range"),
        (["compare", "a.yaml", "b.yaml", "--set", "trust_step=9"], "--set trust_step"),
        (["surface", "a.yaml", "--every", "1;2"], "--every: '1;2' is not a number"),
        (["surface", "a.yaml", "--target", "capacity"], "--target: 'capacity' is not a target"),
        (["surface", "a.yaml", "--target", "=1"], "names no outcome"),
        (["surface", "a.yaml", "--target", "trust=1", "--target", "trust=0"], "trust twice"),
        (["surface", "a.yaml", "--mode", "vidio"], "did you mean 'video'?"),
        (["surface", "a.yaml", "--provider-hours", "0.001"], "pay for no contact"),
        (["surface", "no_ta"], "no contact series"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(
    here: Path, words: list[str], said: str
) -> None:
    done = codose(*words, *QUICK)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert not (here / "results").exists()


@pytest.mark.parametrize("words", [["compare", "a.yaml", "b.yaml"], ["surface", "a.yaml"]])
def test_results_are_not_replaced_unless_forced(here: Path, words: list[str]) -> None:
    if words[0] == "surface":
        words = [*words, "--every", "4", "--hours", "1"]
    assert codose(*words, *QUICK, "--out", "x").code == 0
    before = (here / "x" / "manifest.json").read_bytes()
    refused = codose(*words, *QUICK, "--seed", "9", "--out", "x")
    assert refused.code == 2
    assert "not empty" in refused.err
    assert (here / "x" / "manifest.json").read_bytes() == before
    assert codose(*words, *QUICK, "--seed", "9", "--out", "x", "--force").code == 0
    assert (here / "x" / "manifest.json").read_bytes() != before


def test_results_of_a_comparison_are_no_runs_to_verify(here: Path) -> None:
    codose("compare", "a.yaml", "b.yaml", *QUICK, "--out", "x")
    done = codose("verify", "x")
    assert done.code == 2
    assert "holds results of 'codose compare'" in done.err


# --- surface --------------------------------------------------------------------------------------


def test_surface_prints_a_map_that_is_the_table(here: Path) -> None:
    done = codose("surface", "a.yaml", *QUICK, "--every", "2,4,8", "--hours", "1,4",
                  "--provider-hours", "1.6")  # fmt: skip
    assert done.code == 0
    assert "within the budget" in done.out
    frame = pd.read_csv(here / "results" / "surface-a" / "surface.csv")
    frame = frame[(frame["outcome"] == "capacity") & ~frame["on_budget_line"]]
    for hours in (1, 4):
        line = next(line for line in done.out.splitlines() if line.split()[:1] == [str(hours)])
        shown = [word.rstrip("*") for word in line.split()[1:]]
        rows = frame[frame["hours"] == hours].sort_values("every_weeks")
        assert shown == ["-" if pd.isna(value) else f"{value:.2f}" for value in rows["mean"]]
    assert frame["mean"].isna().any()


def test_surface_speaks_json(here: Path) -> None:
    done = codose("surface", "a.yaml", *QUICK, "--every", "2,8", "--hours", "1", "--json",
                  "--target", "trust=0.5")  # fmt: skip
    data = json.loads(done.out)
    assert data["targets"] == {"trust": 0.5}
    assert {cell["every_weeks"] for cell in data["cells"]} == {2, 8}


# --- the how-to -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_how_to_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    assert words[0] == "codose"
    fewer = [*words[1:], "--sets", "2", "--replicates", "2", "--no-figures", "--quiet"]
    if words[1] == "surface" and "--every" not in words:
        fewer += ["--every", "2,8", "--hours", "1,4"]
    assert codose(*fewer).code == 0


def test_the_python_of_the_how_to_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "python")
    exec(compile(text, "planner.md", "exec"), {})
    assert capsys.readouterr().out.startswith("At the end of TA, against light_touch: source is ")


def test_stopping_now_is_compared_with_going_on(here: Path) -> None:
    done = codose(
        "compare", "centre_log", "--stopping-now", "--sets", "2", "--no-figures", "--json"
    )
    assert done.code == 0
    found = json.loads(done.out)
    assert [row["scenario"] for row in found["verdicts"]] == ["stopping_now", "centre_log"]
    assert found["verdicts"][1]["spent"] > 0
    refused = codose("compare", "source", "--stopping-now", "--sets", "2")
    assert refused.code == 2
    assert "--stopping-now" in refused.err
