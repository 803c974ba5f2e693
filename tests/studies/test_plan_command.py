"""``codose plan``: its files, its options, going on, messages."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sim.cli import ask as ask_command
from sim.runs import execute
from sim.scenario.scenario import Scenario
from sim.studies.calendar import calendar_table
from tests.cases import Ran, codose

pytest.importorskip("optuna")
pytest.importorskip("sklearn")
icalendar = pytest.importorskip("icalendar")

STUDY = """
kind: plan
name: A small plan
question: How often, how long?
scenario: classroom
levers: {video.every_weeks: [1, 8], video.hours: [1, 3]}
budget: {money: 20000}
targets: [{outcome: integration, at_least: 0.15, probability: 0.5}]
search: {plans: 14, population: 6, sets: 6, replicates: 1}
confirm: {plans: 4, sets: 20, replicates: 2, failure_sets: 100}
start_date: 2027-01-04
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The study file."""
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@contextlib.contextmanager
def counted() -> Iterator[list[int]]:
    """The chunks of runs that are made meanwhile."""
    real, made = execute._Assembly._keep, []

    def counting(self: execute._Assembly, chunk: int, state: object) -> None:
        made.append(chunk)
        real(self, chunk, state)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execute._Assembly, "_keep", counting)
        yield made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path, int]:
    """One whole run of the command, and the number of its chunks."""
    home = tmp_path_factory.mktemp("plan")
    (home / "mine.yaml").write_text(STUDY, encoding="utf-8")
    with counted() as made:
        ran = codose("plan", home / "mine.yaml", "--out", home / "out", "--no-figures")
    assert ran.exit_code == 0, ran.stderr
    return ran, home / "out", len(made)


@pytest.fixture(scope="module")
def done(whole: tuple[Ran, Path, int]) -> tuple[Ran, Path]:
    """What was printed, and the folder."""
    return whole[:2]


def test_answer_stands_on_top_and_files_are_there(done: tuple[Ran, Path]) -> None:
    ran, folder = done
    assert ran.stdout.startswith(("The cheapest plan found", "No plan"))
    said = " ".join(ran.stdout.split())
    for words in (
        "plan 1 misses",
        "recommended plan fails",
        "least regret",
        "in the search",
        "confirmed",
    ):
        assert words in said
    names = {path.name for path in folder.iterdir()}
    assert {"plan.yaml", "calendar.csv", "calendar.ics", "plans.csv", "chosen.csv"} <= names
    assert "A small plan: up to 14 plans, 20,000 money" in ran.stderr
    report = codose("report", folder)
    assert report.exit_code == 0, report.stderr
    assert "How often, how long?" in (folder / "report.html").read_text(encoding="utf-8")


def test_best_plan_is_a_scenario_and_its_calendar(done: tuple[Ran, Path]) -> None:
    _, folder = done
    assert codose("validate", folder / "plan.yaml").exit_code == 0
    table = calendar_table(Scenario.load(folder / "plan.yaml"), date(2027, 1, 4))
    stored = pd.read_csv(folder / "calendar.csv")
    assert stored["week_begins"].tolist() == table["week_begins"].tolist()
    assert stored["hours"].tolist() == table["hours"].tolist()
    text = (folder / "calendar.ics").read_bytes()
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert len(icalendar.Calendar.from_ical(text).walk("VEVENT")) == len(table)


def test_another_start_moves_the_calendar(study: Path, tmp_path: Path) -> None:
    words = ("--start", "2028-01-03", "--seed", "7", "--no-figures", "--quiet", "--json")
    ran = codose("plan", study, "--out", tmp_path / "out", *words)
    assert ran.exit_code == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["seed"] == 7
    assert all(row["spend"] <= 20000 for row in said["tables"]["plans"] if row["roles"])
    calendar = pd.read_csv(tmp_path / "out" / "calendar.csv")
    week = int(calendar["week"].iloc[0])
    begins = date.fromisoformat(calendar["week_begins"].iloc[0])
    assert (begins - date(2028, 1, 3)).days == 7 * (week - 1)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert (
        manifest["command"].endswith("--start 2028-01-03")
        or "--start 2028-01-03" in (manifest["command"])
    )


def test_a_search_goes_on_in_its_second_generation(
    whole: tuple[Ran, Path, int], study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between generations, then --resume: no stored run is made again, the same bytes."""
    _, first, chunks = whole
    real, made = execute._Assembly._keep, []

    def stopping(self: execute._Assembly, chunk: int, state: object) -> None:
        made.append(chunk)
        if len(made) == 9:
            raise KeyboardInterrupt
        real(self, chunk, state)  # type: ignore[arg-type]

    monkeypatch.setattr(execute._Assembly, "_keep", stopping)
    monkeypatch.setattr(ask_command, "FIRST_WRITE", 0.0)
    out = tmp_path / "out"
    ran = codose("plan", study, "--out", out, "--no-figures", "--quiet")
    assert ran.exit_code == 130
    assert "--resume goes on" in ran.stderr
    assert not out.exists()
    stores = sorted(path.name for path in out.with_name("out.parts").iterdir() if path.is_dir())
    assert stores == ["01-search", "02-search"]
    before, kept = list(made), len(list(out.with_name("out.parts").rglob("*.parquet")))
    assert kept == len(before) - 1 == 8

    monkeypatch.setattr(execute._Assembly, "_keep", real)
    with counted() as again:
        ran = codose("plan", study, "--out", out, "--no-figures", "--resume")
    assert ran.exit_code == 0, ran.stderr
    assert len(again) == chunks - kept
    for name in ("plans.parquet", "chosen.csv", "plan.yaml", "calendar.ics", "answer.txt"):
        assert (out / name).read_bytes() == (first / name).read_bytes(), name


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("money: 20000", "money: 10", "the cheapest takes"),
        ("video.hours", "video.hour", "did you mean 'video.hours'?"),
        ("[1, 8]", "[8, 1]", "the bounds are reversed"),
        ("kind: plan", "kind: plans", "did you mean 'plan'?"),
        ("scenario: classroom", "scenario: clasroom", "did you mean 'classroom'?"),
    ],
)
def test_bad_input_is_one_clear_message(
    study: Path, tmp_path: Path, old: str, new: str, words: str
) -> None:
    study.write_text(STUDY.replace(old, new, 1), encoding="utf-8")
    ran = codose("plan", study, "--out", tmp_path / "out")
    assert ran.exit_code == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_date_that_is_none(study: Path, tmp_path: Path) -> None:
    ran = codose("plan", study, "--start", "4 January", "--out", tmp_path / "out")
    assert ran.exit_code == 2
    assert "--start: '4 January' is not a date; allowed: yyyy-mm-dd" in ran.stderr


def test_a_number_of_sets_is_none_for_a_plan(tmp_path: Path) -> None:
    ran = codose("plan", "plan", "--sets", "20", "--out", tmp_path / "out")
    assert ran.exit_code == 2
    assert "20' holds no plausible sets; allowed: a folder that" in ran.stderr
