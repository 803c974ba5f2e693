"""``codose plan`` and ``codose report``: files, exit codes, resuming, nothing half-written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app, shell
from sim.scenario import Scenario
from sim.study import plan_search
from sim.study.calendar_file import calendar_table

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


class Ran:
    """What a command did."""

    def __init__(self, *words: str | Path) -> None:
        done = CliRunner().invoke(app, [str(word) for word in words], prog_name="codose")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.code, self.out, self.err = done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module", autouse=True)
def plain_surroundings() -> Iterator[None]:
    """No width or debugging that the machine of the tests happens to ask for."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", shell.DEBUG):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The study file."""
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """One whole run of the command, with figures."""
    home = tmp_path_factory.mktemp("plan")
    (home / "mine.yaml").write_text(STUDY, encoding="utf-8")
    ran = Ran("plan", home / "mine.yaml", "--out", home / "out")
    assert ran.code == 0, ran.err
    return ran, home / "out"


def test_answer_stands_on_top_and_files_are_there(done: tuple[Ran, Path]) -> None:
    ran, folder = done
    assert ran.out.startswith(("The cheapest plan found", "No plan within these levers"))
    for words in ("When it fails:", "Least regret:", "search said", "confirmed", "What if, not"):
        assert words in ran.out
    names = {path.name for path in folder.iterdir()}
    assert {"plan.yaml", "calendar.csv", "calendar.ics", "plans.csv", "chosen.csv"} <= names
    assert (folder / "figures" / "front_integration_end_of_ta.png").stat().st_size > 5000
    assert not list(folder.parent.glob("*.search.jsonl"))


def test_best_plan_is_a_scenario_and_its_calendar(done: tuple[Ran, Path]) -> None:
    _, folder = done
    assert Ran("validate", folder / "plan.yaml").code == 0
    scenario = Scenario.load(folder / "plan.yaml")
    from datetime import date

    table = calendar_table(scenario, date(2027, 1, 4))
    stored = pd.read_csv(folder / "calendar.csv")
    assert stored["week_begins"].tolist() == table["week_begins"].tolist()
    assert stored["hours"].tolist() == table["hours"].tolist()
    events = icalendar.Calendar.from_ical((folder / "calendar.ics").read_bytes()).walk("VEVENT")
    assert len(events) == len(table)


def test_csv_and_parquet_say_the_same(done: tuple[Ran, Path]) -> None:
    _, folder = done
    names = sorted(path.stem for path in folder.glob("*.parquet"))
    assert {"plans", "chosen", "targets", "searched", "calendar", "drivers"} <= set(names)
    for name in names:
        stored = pd.read_parquet(folder / f"{name}.parquet")
        read = pd.read_csv(folder / f"{name}.csv", keep_default_na=True)
        assert list(read.columns) == list(stored.columns)
        for column in stored.select_dtypes("number"):
            pd.testing.assert_series_equal(
                read[column], stored[column], check_dtype=False, rtol=1e-12
            )


def test_report_of_a_plan(done: tuple[Ran, Path]) -> None:
    _, folder = done
    ran = Ran("report", folder)
    assert ran.code == 0, ran.err
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "How often, how long?" in text
    assert "codose plan" in text
    again = Ran("report", folder, "--out", folder / "report.html")
    assert again.code == 2
    assert "the file exists" in again.err


def test_nothing_is_overwritten(done: tuple[Ran, Path], study: Path) -> None:
    _, folder = done
    before = (folder / "manifest.json").read_bytes()
    ran = Ran("plan", study, "--out", folder)
    assert ran.code == 2
    assert "nothing was run" in ran.err
    assert (folder / "manifest.json").read_bytes() == before


def test_same_command_same_bytes_even_when_interrupted(
    done: tuple[Ran, Path], study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after five plans, then --resume: the same files as without."""
    _, first = done
    home = tmp_path / "again"
    home.mkdir()
    add = plan_search.Journal.add

    def stopping(self: plan_search.Journal, choice: tuple[int, ...], scores: object) -> None:
        add(self, choice, scores)  # type: ignore[arg-type]
        if len(self.scores) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(plan_search.Journal, "add", stopping)
    ran = Ran("plan", study, "--out", home / "out", "--no-figures", "--quiet")
    assert ran.code == 130
    assert "5 plans are kept: the same command with --resume goes on" in ran.err
    assert not (home / "out").exists()
    monkeypatch.undo()
    counted = []

    def counting(self: plan_search.Journal, choice: tuple[int, ...], scores: object) -> None:
        counted.append(choice)
        add(self, choice, scores)  # type: ignore[arg-type]

    monkeypatch.setattr(plan_search.Journal, "add", counting)
    ran = Ran("plan", study, "--out", home / "out", "--no-figures", "--resume")
    assert ran.code == 0, ran.err
    assert "5 plans are already known" in ran.err
    assert len(counted) == 14 - 5
    for name in ("plans.parquet", "chosen.csv", "plan.yaml", "calendar.ics", "answer.txt"):
        assert (home / "out" / name).read_bytes() == (first / name).read_bytes(), name
    assert not list(home.glob("*.jsonl"))


def test_resuming_another_search_is_refused(study: Path, tmp_path: Path) -> None:
    (tmp_path / "out.search.jsonl").write_text('{"search": "another"}\n', encoding="utf-8")
    ran = Ran("plan", study, "--out", tmp_path / "out", "--resume")
    assert ran.code == 2
    assert "is of another search" in ran.err
    assert (tmp_path / "out.search.jsonl").exists()


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
    ran = Ran("plan", study, "--out", tmp_path / "out")
    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_date_that_is_none(study: Path, tmp_path: Path) -> None:
    ran = Ran("plan", study, "--start", "4 January", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "--start: '4 January' is not a date; allowed: yyyy-mm-dd" in ran.err


def test_json_is_the_answer(study: Path, tmp_path: Path) -> None:
    ran = Ran("plan", study, "--out", tmp_path / "out", "--json", "--quiet", "--no-figures")
    assert ran.code == 0, ran.err
    record = json.loads(ran.out)
    assert record["recommended"] in {row["plan"] for row in record["plans"]}
    assert all(row["spend"] <= 20000 for row in record["plans"])


def test_report_of_no_results(tmp_path: Path) -> None:
    ran = Ran("report", tmp_path)
    assert ran.code == 2
    assert "is not a result folder" in ran.err
    assert not list(tmp_path.iterdir())
