"""A report is one HTML file that parses, asks no network, and shows the numbers of the results."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from sim import _folder, results
from sim.errors import ResultsError
from sim.outcomes import HEADLINES
from sim.parameters import TABLE
from sim.scenario import Scenario
from sim.study.comparison import compare
from sim.study.run import run
from sim.study.surface import surface
from sim.view import hover
from sim.view._report_parts import decimals, shown, split_answer
from sim.view.report import plotly_script, report_html

KINDS = ("run", "compare", "surface", "plan", "unknown")
OUTSIDE = re.compile(r"(?i)^\s*(?:https?:|ftp:|wss?:|//)")


def tiny(name: str = "classroom", **changes: Any) -> Scenario:
    """A small scenario with awkward words."""
    return Scenario.shipped(name).replace(**{"horizon_weeks": 78, **changes})


def make(kind: str, folder: Path) -> Path:
    """A result folder of a kind."""
    question = 'Is "<b>more</b>" & oftener better? </script>'
    if kind == "run":
        runs = run(
            tiny(question=question), replicates=4, seed=1, engine="compiled", fixed=True
        )
        return runs.save(folder, command="codose run classroom --replicates 4")
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
    figure = hover.bars(["a"], [1.0], "x")  # any bytes will do for a picture
    (folder / "figures" / "a_thing.png").write_bytes(
        b"\x89PNG\r\n" + figure.to_json().encode()[:50]
    )
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
        # The script of five megabytes takes long to read: one kind is read with it.
        short = text if kind == "run" else text.replace(plotly_script(), "0")
        assert kind == "unknown" or len(text) > 3_000_000
        found[kind] = (folder, text, parser.parse(short))
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
        assert element.tag not in ("link", "iframe", "object", "embed", "base")
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
        return results.Runs.load(folder).summary()
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
                    assert (exact, text) == ("", "–")
                elif isinstance(value, bool | np.bool_):
                    assert text == ("yes" if value else "no")
                elif isinstance(value, int | float | np.number):
                    assert float(exact) == float(value), (name, label, column)
                    assert_is_rounding(text, float(value))
                    checked += 1
                else:
                    assert exact == str(value)
    assert checked >= (2 if kind == "unknown" else 50)


def assert_is_rounding(text: str, value: float) -> None:
    """The number shown is the exact one within half a unit of its last digit."""
    plain = text.replace(",", "").replace("−", "-")
    _, _, decimal = plain.partition(".")
    if math.isinf(value):
        assert plain == ("∞" if value > 0 else "-∞")
        return
    if "e" in plain:
        assert float(plain) == pytest.approx(value, rel=0.01)
        return
    half = 0.5 * 10.0 ** -len(decimal)
    assert abs(float(plain) - value) <= half * (1 + 1e-9), (text, value)


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
    for plot in tree.iter("div"):
        if plot.get("class") == "plot":
            assert plot.get("role") == "img"
            assert len(plot.get("aria-label")) > 20
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
    assert {"answer", "figures", "tables", "cost", "assumptions", "repeat"} <= sections
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


def test_figures_hold_the_results(made: dict[str, tuple[Path, str, Any]]) -> None:
    folder, _, tree = made["run"]
    weeks = pd.read_parquet(folder / "weeks.parquet")
    scripts = [e for e in tree.iter("script") if e.get("type") == "application/json"]
    first = json.loads(scripts[0].text)
    line = next(t for t in first["data"] if t.get("name") == "with TA")
    rows = weeks[
        (weeks["arm"] == "with_ta")
        & (weeks["region"] == "overall")
        & (weeks["outcome"] == HEADLINES[0])
    ].sort_values("week")
    assert line["x"] == rows["week"].tolist()
    assert line["y"] == rows["mean"].tolist()


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


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0, "0"), (-0.25, "−0.250"), (1234.5, "1,234"), (99.94, "99.9"), (4e-5, "4e-05"),
     (math.inf, "∞"), (None, "–"), ("end_of_ta", "end of TA"), ("a/b_c.csv", "a/b_c.csv")],
)  # fmt: skip
def test_numbers_as_people_read_them(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_column_has_one_number_of_decimals() -> None:
    assert decimals(pd.Series([0.5, 1.0, math.nan])) == 3
    assert decimals(pd.Series([1.0, 2.0])) is None
    assert decimals(pd.Series([0.5, 1200.25])) is None
    assert decimals(pd.Series([1, 2])) is None


def test_answer_is_two_sentences() -> None:
    first, rest = split_answer(
        "A is 0.5 (90 % of runs). B holds. C follows. What if, not forecast."
    )
    assert first == "A is 0.5 (90 % of runs). B holds."
    assert rest == "C follows."


def test_hover_figures_have_the_data_they_are_given() -> None:
    rows = pd.DataFrame({"week": [1, 0], "mean": [2.0, 1.0], "p05": [1.0, 0.0], "p95": [3.0, 2.0]})
    lines = hover.over_weeks({"one": rows}, "unit", marks={1: "end"})
    assert isinstance(lines, go.Figure)
    band, line = lines.data
    assert list(line.x) == [0, 1]
    assert list(line.y) == [1.0, 2.0]
    assert list(band.y) == [2.0, 3.0, 1.0, 0.0]  # up along the top, back along the bottom
    table = pd.DataFrame(
        {"x": [1, 2, 1, 2], "y": [1, 1, 3, 3], "v": [0.1, 0.2, math.nan, 0.4], "p": [0, 1, 1, 1.0]}
    )
    heat = hover.heat(table, "x", "y", "v", ("x", "y", "v"), sure="p")
    assert heat.data[0].z[0] == [0.1, 0.2] or list(heat.data[0].z[0]) == [0.1, 0.2]
    assert list(heat.data[0].x) == ["1", "2"]
    assert len(heat.data) == 2
