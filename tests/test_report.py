"""A report is one HTML file that parses, asks no network, and shows the numbers of the results."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import pytest

from sim import _folder
from sim.errors import ResultsError
from sim.outcomes import HEADLINES
from sim.parameters import TABLE
from sim.present import format as formats
from sim.present.answer import Answer
from sim.present.report import Report, render
from sim.present.table import Table
from sim.scenario import Scenario
from sim.studies import report, reports
from sim.studies.reports import sentences
from sim.studies.run import Runs, run
from sim.study.comparison import compare
from sim.study.surface import surface

KINDS = ("run", "compare", "surface", "plan", "unknown")
SVG = "{http://www.w3.org/2000/svg}"
OUTSIDE = re.compile(r"(?i)^\s*(?:https?:|ftp:|wss?:|//)")


def tiny(name: str = "classroom", **changes: Any) -> Scenario:
    """A small scenario with awkward words."""
    return Scenario.shipped(name).replace(**{"horizon_weeks": 78, **changes})


def report_html(folder: Path) -> str:
    """The report of a folder of a kind of study, or of a kind that is not one yet."""
    made = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return (report if made.get("format_version") == 2 else reports).report_html(folder)


def make(kind: str, folder: Path) -> Path:
    """A result folder of a kind."""
    question = 'Is "<b>more</b>" & oftener better? </script>'
    if kind == "run":
        runs = run(tiny(question=question), replicates=4, seed=1, engine="compiled", fixed=True)
        return replace(runs.result, command="codose run classroom --replicates 4").save(folder)
    if kind == "compare":
        other = tiny(dosage=[{"mode": "phone", "every_weeks": 2, "hours": 1, "last_week": 52}])
        found = compare(tiny(), other, sets=6, replicates=2, labels=["as_it_is", "by_phone"])
        return found.save(folder, command="codose compare a b")
    if kind == "surface":
        made = surface(tiny(), every_weeks=[1, 4, 13], hours=[1, 2], sets=4, replicates=2)
        return made.save(folder, command="codose surface classroom")
    if kind == "plan":
        pytest.importorskip("optuna")
        from sim.study.plan_file import PlanFile, check_plan, issues, parse_study
        from sim.study.planning import plan

        text = """
kind: plan
scenario: classroom
levers: {video.every_weeks: [2, 8], video.hours: [1, 3]}
budget: {money: 20000}
targets: [{outcome: integration, at_least: 0.15, probability: 0.5}]
search: {plans: 12, population: 6, sets: 6, replicates: 1}
confirm: {plans: 4, sets: 20, replicates: 2, failure_sets: 100}
start_date: 2027-01-04
"""
        study = parse_study(text, PlanFile, issues=issues)
        check_plan(study)
        return plan(study).save(folder, command="codose plan x")
    return unknown(folder)


def unknown(folder: Path) -> Path:
    """Results of a command that reports do not know."""
    (folder / "figures").mkdir(parents=True)
    frame = pd.DataFrame({"thing": ["a", "b"], "value": [0.125, math.nan], "count": [1, 20000]})
    _folder.write_table(folder, "things", frame)
    (folder / "figures" / "a_thing.png").write_bytes(b"\x89PNG\r\n any bytes will do")
    _folder.write_json(
        folder / _folder.MANIFEST,
        {"format": _folder.FORMAT, "format_version": 1, "kind": "odd_new_kind", "codose": "9",
         "python": "3", "dependencies": {}, "answer": "One. Two. Three."},
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str, Any]]:
    """Folder, text and parsed tree of each kind."""
    home = tmp_path_factory.mktemp("reports")
    found = {}
    for kind in KINDS:
        folder = make(kind, home / kind)
        text = report_html(folder)
        parser = html5lib.HTMLParser(
            tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False
        )
        found[kind] = (folder, text, parser.parse(text))
        assert parser.errors == [], kind
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_outside_address(kind: str, made: dict[str, tuple[Path, str, Any]]) -> None:
    _, _, tree = made[kind]
    policy = ""
    for element in tree.iter():
        for name, value in element.attrib.items():
            if name in ("src", "href", "action", "data", "poster", "srcset", "style", "content"):
                assert not OUTSIDE.search(value), (element.tag, name, value)
                assert "url(" not in value
        if element.tag == "meta" and element.get("http-equiv") == "Content-Security-Policy":
            policy = element.get("content")
        if element.tag == "style":
            assert not re.search(r"@import|url\(", element.text)
        assert element.tag not in ("link", "iframe", "object", "embed", "base", "script")
    # whatever a script may hold, the browser is told to refuse every address
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy
    assert "http" not in policy


def tables_of(tree: Any) -> list[tuple[str, list[tuple[str, dict[str, tuple[str, str]]]]]]:
    """(file, [(row, {column: (exact, shown)})]) of every table."""
    found = []
    for table in tree.iter("table"):
        rows = []
        for row in table.iter("tr"):
            if row.get("data-row") is None:
                continue
            cells = {
                cell.get("data-column"): (cell.get("data-value"), "".join(cell.itertext()))
                for cell in row
            }
            rows.append((row.get("data-row"), cells))
        found.append((table.get("data-table"), rows))
    return found


def source_of(kind: str, folder: Path, name: str) -> pd.DataFrame | None:
    """The table that a report's table says it is from."""
    if (folder / f"{name}.parquet").is_file():
        return pd.read_parquet(folder / f"{name}.parquet")
    if name == "summary":
        return Runs.load(folder).summary()
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_that_of_the_parquet(
    kind: str, made: dict[str, tuple[Path, str, Any]]
) -> None:
    folder, _, tree = made[kind]
    checked = 0
    for name, rows in tables_of(tree):
        frame = source_of(kind, folder, name)
        if frame is None:
            assert name in ("parameters", "factors")
            continue
        assert rows, name
        for label, cells in rows:
            for column, (exact, text) in cells.items():
                value = frame.loc[int(label), column]
                if isinstance(value, float | np.floating) and math.isnan(value):
                    assert (exact, text) == ("", "-")
                elif isinstance(value, bool | np.bool_):
                    assert text == ("yes" if value else "no")
                elif isinstance(value, int | float | np.number):
                    assert float(exact) == float(value), (name, label, column)
                    assert text in {form(value) for form in NUMBERS}, (name, column, text)
                    checked += 1
                else:
                    assert exact == str(value)
    assert checked >= (2 if kind == "unknown" else 50)


NUMBERS = [
    formats.FORMATS[name]
    for name in ("number", "signed", "given", "percent", "count", "money", "hours")
]
"""A number that is shown is in one of these formats: test_present says that they round rightly."""


def test_parameters_are_those_of_the_table(made: dict[str, tuple[Path, str, Any]]) -> None:
    _, _, tree = made["run"]
    rows = [rows for name, rows in tables_of(tree) if name == "parameters"][-1]
    values = {cells["parameter"][0]: cells["used"][0] for _, cells in rows}
    assert set(values) == set(TABLE)
    assert all(float(values[name]) == row.default for name, row in TABLE.items())


@pytest.mark.parametrize("kind", KINDS)
def test_can_be_read_without_seeing(kind: str, made: dict[str, tuple[Path, str, Any]]) -> None:
    _, _, tree = made[kind]
    levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    for picture in tree.iter("img"):
        assert picture.get("alt")
    for drawing in tree.iter(f"{SVG}svg"):
        assert drawing.get("role") == "img"
        assert len(drawing.get("aria-label")) > 20
    for table in tree.iter("table"):
        heads = [cell for cell in table.iter("th") if cell.get("scope") == "col"]
        assert heads
        for row in table.iter("tr"):
            if row.get("data-row") is not None:
                assert row[0].get("scope") == "row"


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_what_must_be_there(kind: str, made: dict[str, tuple[Path, str, Any]]) -> None:
    folder, text, tree = made[kind]
    manifest = json.loads((folder / "manifest.json").read_text())
    sections = {e.get("id") for e in tree.iter("section")}
    assert {"answer", "tables", "cost", "assumptions", "repeat"} <= sections
    assert len(list(tree.iter("figure"))) >= 1
    words = " ".join("".join(tree.itertext()).split())
    assert manifest["command"] in words
    assert "What if, not forecast" in words
    assert manifest["codose"] in words
    assert "assumption" in words
    assert "prefers-color-scheme" in text
    assert "@media print" in text
    answer = next(e for e in tree.iter("section") if e.get("id") == "answer")
    said = " ".join("".join(answer.itertext()).split())
    assert 40 < len(said) < 900


def test_figures_are_drawings_with_their_numbers_in_words(
    made: dict[str, tuple[Path, str, Any]],
) -> None:
    folder, text, tree = made["run"]
    drawings = list(tree.iter(f"{SVG}svg"))
    assert len(drawings) >= 4
    weeks = Runs.load(folder).weeks()
    rows = weeks[
        (weeks["arm"] == "with_ta")
        & (weeks["region"] == "overall")
        & (weeks["outcome"] == HEADLINES[0])
    ].sort_values("week")
    said = f"{HEADLINES[0]} {formats.number(rows['mean'].iloc[-1])}"
    assert said in drawings[0].get("aria-label")
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert len(text) < 1_500_000  # light enough for a letter


def test_what_matters_stands_on_the_first_page(made: dict[str, tuple[Path, str, Any]]) -> None:
    """Question, answer and the first figure come before everything that breaks to a new sheet."""
    for kind in KINDS[:-1]:
        text = made[kind][1]
        rest = text.index('class="rest"')
        assert text.index('class="question"') < text.index('id="answer"') < rest
        assert text.index("<figure>") < rest
        assert "break-before:page" in text


def test_a_report_of_anything_escapes_what_it_is_told() -> None:
    odd = "<script>alert(1)</script>"
    frame = pd.DataFrame({odd: [odd]})
    text = render(
        Report(odd, odd, odd, Answer(odd, (odd,)), tables=[Table(odd, frame, title=odd, note=odd)],
               cost_note=odd, inputs={odd: odd}, provenance={odd: odd}, command=odd)
    )  # fmt: skip
    assert "<script" not in text


def test_words_of_a_scenario_are_no_markup(made: dict[str, tuple[Path, str, Any]]) -> None:
    _, text, tree = made["run"]
    assert "<b>more</b>" not in text
    assert 'Is "<b>more</b>" & oftener better? </script>' in "".join(tree.itertext())
    assert not list(tree.iter("b"))


def test_unknown_kind_shows_tables_and_pictures(made: dict[str, tuple[Path, str, Any]]) -> None:
    _, text, tree = made["unknown"]
    assert tables_of(tree)[0][0] == "things"
    assert [p.get("alt") for p in tree.iter("img")] == [
        "Figure: a thing. Its numbers are in the tables."
    ]
    assert "odd new kind" in text


@pytest.mark.parametrize("kind", ["run", "compare"])
def test_same_folder_same_report(kind: str, made: dict[str, tuple[Path, str, Any]]) -> None:
    folder, text, _ = made[kind]
    assert report_html(folder) == text


def test_damaged_and_newer_results_are_refused(
    made: dict[str, tuple[Path, str, Any]], tmp_path: Path
) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(made["compare"][0], broken)
    (broken / "levels.parquet").write_bytes(b"x")
    with pytest.raises(ResultsError, match="is not as it was written"):
        report_html(broken)
    path = broken / "manifest.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 99'))
    with pytest.raises(ResultsError, match="newer codose"):
        report_html(broken)
    with pytest.raises(ResultsError, match="no such folder"):
        report_html(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError, match="is not a result folder"):
        report_html(tmp_path / "empty")


# --- parts ----------------------------------------------------------------------------------------


def test_an_answer_is_told_in_sentences() -> None:
    found = sentences("A is 0.5 (90 % of runs). B holds. C follows. What if, not forecast.")
    assert found == ["A is 0.5 (90 % of runs).", "B holds.", "C follows."]
    assert sentences("what if") == ["what if"]
