"""What people open in a spreadsheet: CSV and workbooks show what is meant, calculate nothing."""

from __future__ import annotations

import csv
import datetime
import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from sim.core import extras
from sim.core.cells import BOM, for_excel, harmless, meant
from sim.core.errors import InputError
from sim.present import table as tables
from sim.present.calendar_plots import dosage_timeline
from sim.present.figures import Figure, svg
from sim.present.table import Column, Table, write_workbook
from sim.runs.folder import write_table
from sim.scenario.scenario import Scenario
from sim.studies import report
from sim.studies.ask import ask
from sim.studies.calendar import icalendar_text, of_providers, to_fill_in
from sim.studies.report import WORKBOOK, workbook_of
from sim.studies.result import load
from tests.cases import codose, tiny
from tests.strategies import examples

icalendar = pytest.importorskip("icalendar")
openpyxl = pytest.importorskip("openpyxl")

CALCULATED = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet calculates text that begins so (OWASP, CSV injection)."""
HOSTILE = (
    "=2+2", "+1", "-Nord", "@home", "'=2+2", "''=2", "O'Neill", '=HYPERLINK("http://x","y")',
    "<b>bold</b>", "]]><svg/onload=x>", "a: {b}", "# no", "BEGIN:VEVENT", "Übersee; Höhe, \\n",
    "null", "&amp;", "%s {0} $x$", "$\\bad{", "a$b$c",
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
)


# --- text ---------------------------------------------------------------------------------------


@given(TEXTS)
def test_harmless_text_comes_back(text: str) -> None:
    assert not harmless(text).startswith(CALCULATED)
    assert meant(harmless(text)) == text


def test_plain_text_is_left_alone() -> None:
    assert [harmless(text) for text in ("", "O'Neill", "a=b", "'quoted'", "1-2")] == [
        "", "O'Neill", "a=b", "'quoted'", "1-2"
    ]  # fmt: skip


# --- CSV ----------------------------------------------------------------------------------------


@settings(max_examples=examples(60))
@given(
    rows=st.lists(st.tuples(TEXTS, st.floats(allow_nan=False, allow_infinity=False)), min_size=1)
)
def test_files_for_programs_are_harmless_and_read_the_same(
    rows: list[tuple[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame(rows, columns=["name", "value"])
    write_table(folder, "t", Table("t", frame))
    raw = (folder / "t.csv").read_bytes()
    ascii_only = all(name.isascii() for name, _ in rows)
    assert raw.startswith(BOM.encode()) is not ascii_only
    text = raw.decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    assert [meant(name) for name, _ in cells] == [name for name, _ in rows]
    assert not any(name.startswith(CALCULATED) for name, _ in cells)
    back = pd.read_csv(folder / "t.csv", keep_default_na=False)
    assert list(back) == ["name", "value"]  # the mark is no part of a name
    assert np.allclose(back["value"], frame["value"], rtol=1e-12)
    assert pd.read_parquet(folder / "t.parquet")["name"].tolist() == frame["name"].tolist()
    shown = Table("t", frame).csv()
    again = list(csv.reader(io.StringIO(shown, newline=""), strict=True))[1:]
    assert [name for name, _ in again] == [name for name, _ in cells]
    assert for_excel(shown).startswith(BOM) is not ascii_only


def test_categories_are_harmless_too(tmp_path: Path) -> None:
    names = pd.Series(["=2+2", "Übersee", None, "=2+2"], dtype="category")
    write_table(tmp_path, "t", Table("t", pd.DataFrame({"name": names})))
    assert (tmp_path / "t.csv").read_text("utf-8-sig").split() == [
        '"name"',
        '"\'=2+2"',
        '"Übersee"',
        '"\'=2+2"',
    ]
    assert (tmp_path / "t.csv").read_bytes().startswith(BOM.encode())


# --- workbooks -----------------------------------------------------------------------------------


def plans() -> Table:
    frame = pd.DataFrame(
        {
            "plan": ["=2+2", "calls\x01", ""],
            "day": [datetime.date(2027, 1, 4), None, datetime.date(2028, 2, 29)],
            "gain": [0.123456, np.nan, 1234.5],
            "share": [0.5, 0.004, 1.0],
            "cost": [99.5, 1234.0, np.inf],
            "n": np.array([1, 2, 3]),
            "best": [True, False, True],
        }
    )
    columns = [
        Column("gain", "0-1", "signed", "against no assistance"), Column("share", format="percent"),
        Column("cost", "money", "money"), Column("n", format="count"), Column("day", format="date"),
    ]  # fmt: skip
    return Table("plans", frame, columns)


def test_a_workbook_has_types_formats_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook({"Plans": plans()}, path)
    sheet = openpyxl.load_workbook(path)["Plans"]
    assert [cell.value for cell in sheet[1]] == [
        "plan", "day", "gain (0-1)", "share", "cost (money)", "n", "best"
    ]  # fmt: skip
    assert sheet["C1"].comment.text == "against no assistance"
    assert sheet.freeze_panes == "A2"
    first, second, third = ([cell.value for cell in row] for row in sheet.iter_rows(min_row=2))
    assert first == ["=2+2", datetime.datetime(2027, 1, 4), 0.123456, 0.5, 99.5, 1, True]
    assert second == ["calls ", None, None, 0.004, 1234, 2, False]
    assert third[4] is None  # what is infinite is no number of Excel
    assert [cell.data_type for cell in sheet[2]] == ["s", "d", "n", "n", "n", "n", "b"]
    assert [cell.number_format for cell in sheet[2]][1:6] == [
        "d mmm yyyy", "+#,##0.00;-#,##0.00;0", "0 %", "#,##0.00", "#,##0"
    ]  # fmt: skip
    assert sheet["C4"].number_format == "+#,##0;-#,##0;0"
    assert sheet["D3"].number_format == "0.0 %"  # not 0 %
    assert sheet.column_dimensions["A"].width >= 8


@pytest.mark.parametrize("value", [0.4971, 12.34, 1234.5, 0.0012, -3.25, 99.96, 4.0])
def test_excel_shows_the_digits_that_people_read(value: float) -> None:
    """The places of a plain format are those of the number as text."""
    form, text = tables._excel_format("number", value), Column("x", format="number").write(value)
    if "E" in form:
        assert abs(value) < 0.005
    else:
        assert len(form.partition(".")[2]) == len(text.partition(".")[2]) or abs(value) == 99.96


@settings(max_examples=examples(30), deadline=None)
@given(
    names=st.lists(st.one_of(TEXTS, st.just("Calls"), st.just("calls")), max_size=4, unique=True)
)
def test_any_name_makes_a_sheet(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "a.xlsx"
    one = Table("t", pd.DataFrame({"x": [1]}))
    write_workbook({"first": one, **dict.fromkeys(names, one)}, path)
    read = openpyxl.load_workbook(path).sheetnames
    assert len({name.lower() for name in read}) == len({"first", *names})
    assert max(map(len, read)) <= 31


def test_a_workbook_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("mine")

    def full(self: Any, target: Path) -> None:
        Path(target).write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(openpyxl.Workbook, "save", full)
    with pytest.raises(OSError, match="No space"):
        write_workbook({"Plans": plans()}, path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.xlsx"]
    assert path.read_text() == "mine"


def test_the_workbook_of_a_result_holds_what_its_files_hold(tmp_path: Path) -> None:
    result = ask(tiny("plan"), command="codose plan tiny")
    folder = result.save(tmp_path / "plan", figures=())
    path = folder / WORKBOOK
    write_workbook(workbook_of(load(folder)), path)
    book = pd.read_excel(path, sheet_name=None)
    assert {"Answer", "Plans", "Regions", "Calendar", "Cost by year and payer", "Parameters",
            "Notes"} <= set(book)  # fmt: skip
    assert next(iter(book)) == "Answer"
    assert list(book)[-1] == "Notes"
    assert result.answer.verdict in book["Answer"]["text"].tolist()
    assert "codose plan tiny" in book["Notes"]["meaning"].tolist()
    for sheet, name in (("Plans", "plans"), ("Regions", "regions"), ("Calendar", "calendar")):
        file = pd.read_csv(folder / f"{name}.csv")
        assert len(book[sheet]) == len(file)
        for column, head in zip(file, book[sheet], strict=True):
            if file[column].dtype.kind in "if":
                np.testing.assert_allclose(book[sheet][head], file[column], rtol=1e-14)
    assert load(folder).answer.text == result.answer.text  # the folder is as sound as before


def test_the_command_asks_for_openpyxl_at_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "_is_there", lambda name: False)
    with pytest.raises(InputError, match=r"codose\[excel\]"):
        extras.needs("openpyxl", work="an Excel file", field="--xlsx")
    for words in (("run", "source"), ("calendar", "source"), ("report", tmp_path),
                  ("merge", tmp_path)):  # fmt: skip
        out = () if words[0] == "report" else ("--out", tmp_path / "out")
        ran = codose(*words, "--xlsx", *out)
        assert (ran.exit_code, "--xlsx: an Excel file needs" in ran.stderr) == (2, True), ran.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_writes_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "render", lambda about: about.title)  # the page beside the workbook
    words = ("run", "classroom", "--sets", "2", "-n", "1", "--no-figures", "--quiet")
    ran = codose(*words, "--out", tmp_path / "out", "--xlsx")
    assert ran.exit_code == 0, ran.stderr
    with pd.ExcelFile(tmp_path / "out" / WORKBOOK) as book:
        sheets, outcomes = book.sheet_names, pd.read_excel(book, "Outcomes")
        said = pd.read_excel(book, "Notes")["column"].tolist()
    assert {"Answer", "Outcomes", "Cost by year and payer", "Calendar", "Parameters"} <= {*sheets}
    assert "weeks" in said  # too long for a sheet
    assert codose("verify", tmp_path / "out", "--quiet").exit_code == 0
    ran = codose("report", tmp_path / "out", "--xlsx", "--out", tmp_path / "board.html")
    assert ran.exit_code == 0, ran.stderr
    with pd.ExcelFile(tmp_path / "board.xlsx") as again:
        assert again.sheet_names == sheets
        pd.testing.assert_frame_equal(pd.read_excel(again, "Outcomes"), outcomes)
    ran = codose("report", tmp_path / "out", "--xlsx", "--out", tmp_path / "board.html")
    assert (ran.exit_code, "the file exists" in ran.stderr) == (2, True)


# --- hostile names in every writer ----------------------------------------------------------------


@settings(
    max_examples=max(2, settings().max_examples // 10), deadline=None,
    phases=(Phase.explicit, Phase.generate),
)  # fmt: skip
@given(names=st.lists(NAMES, min_size=2, max_size=2, unique=True))
@example(names=["$\\bad{", "=2+2"])
@example(names=list(HOSTILE))
def test_names_stay_text_in_every_file(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    scenario = Scenario.shipped("classroom").replace(
        name=names[0], start_date="2027-01-04", horizon_weeks=20,
        dosage=[{"mode": "video", "every_weeks": 8, "hours": 1.5}],
        regions={"candidates": len(names), "selection": "all", "staff": 3, "names": names},
    )  # fmt: skip
    assert Scenario.from_text(scenario.to_yaml()) == scenario
    table = to_fill_in(scenario)
    wanted = table.frame["region"].tolist()
    assert set(wanted) == set(names)
    read = list(csv.DictReader(io.StringIO(table.csv())))
    assert [meant(row["region"]) for row in read] == wanted
    assert not any(cell.startswith(CALCULATED) for row in read for cell in row.values())
    path = tmp_path_factory.mktemp("names") / "a.xlsx"
    write_workbook({"Calendar": table, **of_providers(table)}, path)
    sheet = openpyxl.load_workbook(path)["Calendar"]
    assert [meant(sheet.cell(row, 2).value) for row in range(2, len(table) + 2)] == wanted
    assert {sheet.cell(row, 2).data_type for row in range(2, len(table) + 2)} == {"s"}
    events = list(icalendar.Calendar.from_ical(icalendar_text(scenario)).walk("VEVENT"))
    assert len(events) == len(table)
    assert all(name in str(event["summary"]) for event, name in zip(events, wanted, strict=True))
    page = html5lib.parse(
        f"<!DOCTYPE html><title>t</title>{table.html()}", namespaceHTMLElements=False
    )
    cells = [cell.text for cell in page.iter("td") if cell.get("data-column") == "region"]
    assert [meant(cell or "") for cell in cells] == [meant(name) for name in wanted]
    assert not [*page.iter("script"), *page.iter("svg"), *page.iter("b")]
    figure = Figure("f", "t", "", f"Of {names[0]}", lambda: dosage_timeline(scenario))
    tree = ET.fromstring(svg(figure))
    assert tree.get("aria-label") == f"Of {names[0]}"
