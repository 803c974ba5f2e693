"""A report is one HTML file that parses, asks no network, and shows the numbers of its folder."""

from __future__ import annotations

import itertools
import math
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import pytest

from sim import studies
from sim.core.errors import ResultsError
from sim.core.parameters import TABLE
from sim.present import format as formats
from sim.runs import folder
from sim.studies.ask import ask
from sim.studies.report import report_html
from sim.studies.result import Result, load
from tests.cases import tiny

SVG = "{http://www.w3.org/2000/svg}"
OUTSIDE = re.compile(r"(?i)^\s*(?:https?:|ftp:|wss?:|//)")
NUMBERS = [
    formats.FORMATS[name]
    for name in (
        "number",
        "signed",
        "given",
        "digits",
        "percent",
        "count",
        "money",
        "hours",
        "week",
    )
]
"""A number that is shown is in one of these formats: test_present says that they round rightly."""

WORDED = {"wanted"}
"""Columns that say others in words, such as both ends of what is wanted."""


@dataclass(frozen=True)
class Made:
    """The report of a tiny study: its folder, its text and the parsed tree."""

    result: Result
    folder: Path
    text: str
    tree: Any


@pytest.fixture(scope="module", params=studies.names())
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    kind = request.param
    folder = tmp_path_factory.mktemp("reports") / kind
    result = ask(tiny(kind), command=f"codose {kind} tiny --seed 1")
    result.save(folder, figures=())
    text = report_html(folder)
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(text)
    assert parser.errors == []
    return Made(result, folder, text, tree)


def said(element: Any) -> str:
    """The text of an element, its spaces made one."""
    return " ".join("".join(element.itertext()).split())


def tables_of(tree: Any) -> Iterator[tuple[str, list[tuple[str, dict[str, tuple[str, str]]]]]]:
    """(file, [(row, {column: (exact, shown)})]) of every table."""
    for table in tree.iter("table"):
        rows = []
        for row in table.iter("tr"):
            if row.get("data-row") is not None:
                cells = {
                    cell.get("data-column"): (cell.get("data-value"), "".join(cell.itertext()))
                    for cell in row
                }
                rows.append((row.get("data-row"), cells))
        yield table.get("data-table"), rows


def test_no_outside_address(made: Made) -> None:
    policy = ""
    for element in made.tree.iter():
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


def test_every_number_is_that_of_the_parquet(made: Made) -> None:
    checked = 0
    for name, rows in tables_of(made.tree):
        if name == "parameters":
            continue
        frame = pd.read_parquet(made.folder / f"{name}.parquet")
        assert rows, name
        for label, cells in rows:
            for column, (exact, text) in cells.items():
                if column not in frame:  # a wording of other columns: no number of its own
                    assert column in WORDED, (name, column)
                    continue
                value = frame.loc[int(label), column]
                if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
                    assert (exact, text in ("-", "not known")) == ("", True)
                elif isinstance(value, bool | np.bool_):
                    assert text == ("yes" if value else "no")
                elif isinstance(value, int | float | np.number):
                    assert float(exact) == float(value), (name, label, column)
                    assert text in {form(value) for form in NUMBERS}, (name, column, text)
                    checked += 1
                else:
                    assert exact == str(value)
    least = {"patterns": 1}  # words for the rest: not told, too few sets
    assert checked >= least.get(made.result.study.header.kind, 8)


def test_parameters_are_those_of_the_table(made: Made) -> None:
    rows = [rows for name, rows in tables_of(made.tree) if name == "parameters"][-1]
    assert {cells["parameter"][0] for _, cells in rows} == set(TABLE)
    varied = set(made.result.study.plausible.varied) if made.result.study.plausible else set()
    if "factors" in made.result.tables:  # what a sensitivity study varies itself
        varied |= set(made.result.table("factors")["name"])
    held = dict(made.result.study.scenario.parameters)
    for _, cells in rows:
        name = cells["parameter"][0]
        drawn = name in varied and name not in held
        expected = "" if drawn else formats.exact(float(held.get(name, TABLE[name].default)))
        assert cells["used"][0] == expected, name


def test_can_be_read_without_seeing(made: Made) -> None:
    levels = [int(e.tag[1]) for e in made.tree.iter() if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    for drawing in made.tree.iter(f"{SVG}svg"):
        assert drawing.get("role") == "img"
        assert len(drawing.get("aria-label")) > 20
    for table in made.tree.iter("table"):
        assert [cell for cell in table.iter("th") if cell.get("scope") == "col"]
        for row in table.iter("tr"):
            if row.get("data-row") is not None:
                assert row[0].get("scope") == "row"


def test_what_must_be_there(made: Made) -> None:
    sections = {e.get("id") for e in made.tree.iter("section")}
    assert {"answer", "tables", "assumptions", "repeat"} <= sections
    assert len(list(made.tree.iter("figure"))) == len(made.result.figures)
    words = said(made.tree)
    assert made.result.command in words
    assert "What if, not forecast" in words
    assert load(made.folder).provenance["codose"] in words
    answer = next(e for e in made.tree.iter("section") if e.get("id") == "answer")
    for line in (made.result.answer.verdict, *made.result.answer.rows.values()):
        assert " ".join(line.split()) in said(answer)


def test_figures_are_drawings_with_their_own_ids(made: Made) -> None:
    assert len(list(made.tree.iter(f"{SVG}svg"))) == len(made.result.figures)
    ids = [e.get("id") for e in made.tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert len(made.text) < 1_500_000  # light enough for a letter


def test_what_matters_stands_on_the_first_page(made: Made) -> None:
    """Answer and first figure come before everything that breaks to a new sheet."""
    rest = made.text.index('class="rest"')
    assert made.text.index('id="answer"') < rest
    assert made.text.index("<figure>") < rest
    assert "break-before:page" in made.text


@pytest.mark.parametrize(
    "made",
    [
        kind if kind == "ladder" else pytest.param(kind, marks=pytest.mark.slow)
        for kind in studies.names()
    ],
    indirect=True,
)
def test_same_folder_same_report(made: Made) -> None:
    assert report_html(made.folder) == made.text


@pytest.mark.parametrize("made", ["run"], indirect=True)
def test_a_report_reads_the_tables_that_it_needs_once(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the table of single runs, which may be very long."""
    read, real = [], folder.read_table
    monkeypatch.setattr(folder, "read_table", lambda path: read.append(path.stem) or real(path))
    report_html(made.folder)
    assert "runs" in made.result.tables
    assert sorted(read) == sorted({*made.result.tables} - {"runs"})


def test_damaged_results_are_refused(made: Made, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(made.folder, broken)
    next(broken.glob("*.parquet")).write_bytes(b"x")
    with pytest.raises(ResultsError, match="is not as it was written"):
        report_html(broken)
    with pytest.raises(ResultsError):
        report_html(tmp_path / "none")
