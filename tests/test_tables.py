"""The one reader: every usual file becomes the same table, and says what it found."""

from __future__ import annotations

import datetime
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import InputError
from sim.tables_in import reader
from sim.tables_in.mistakes import places
from sim.tables_in.reader import CELL_LIMIT, Table, read_table, table_of_text
from sim.tables_in.values import day_of, decimal_of, hours_of, no_day, number_of, order_of

HEAD = ("région", "hours", "note")
BODY = (("north", "1.5", "first\nsecond"), ("sóuth", "2", 'said "yes", then; no\tmore'))


def text_of(separator: str = ",", end: str = "\n") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    return end.join(separator.join(map(cell, row)) for row in (HEAD, *BODY)) + end


def refusal(path: Path, **how: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_table(path, **how)
    return str(caught.value).replace(str(path), path.name).splitlines()


def content(table: Table) -> tuple[Any, ...]:
    return (table.columns, tuple(row.cells for row in table.rows))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Our, own, log\na;b\n1,5;2,5\n", ("a", "b")),
        ("a\tb\nx, y, z\t1,200\nx, y, w\t1,300\n", ("a", "b")),
        ("a,b\nx;y,1\nz;w,2\n", ("a", "b")),
    ],
)
def test_marks_in_cells_separate_no_columns(text: str, columns: tuple[str, ...]) -> None:
    assert table_of_text(text).columns == columns


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_text_in_any_usual_form(tmp_path: Path, separator: str, end: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text_of(separator, end).encode(encoding))
    table = read_table(path)
    assert content(table) == (HEAD, BODY)
    assert [row.line for row in table.rows] == [2, 4]  # a quoted cell holds a line break
    assert any("read as" in said for said in table.said) is not encoding.startswith("utf-8")
    assert any("separated by" in said for said in table.said) is (separator != ",")


def test_a_guessed_encoding_is_said_with_a_word_and_may_be_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("region,h\nÉmile,1\n".encode("mac-roman"))
    assert "such as 'ƒmile'; --encoding says otherwise" in read_table(path).said[0]
    assert read_table(path, encoding="mac-roman").rows[0].cells[0] == "Émile"
    assert refusal(path, encoding="utf-8") == [
        "a.csv: is not UTF-8 text (line 2); allowed: --encoding with one of utf-8, utf-16, cp1252, "
        "latin-1, mac-roman"
    ]
    assert "did you mean 'latin-1'" in refusal(path, encoding="latin1x")[0]
    assert refusal(path, guess=False) == ["a.csv: is not UTF-8 text (line 2)"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["a.csv: the table is empty"]),
        (" ,\n\n", ["a.csv: the table is empty"]),
        ("a,b\n1,2,3\n1,2,3,4\n", ["a.csv:2: has 3 values for 2 columns",
                                   "a.csv:3: has 4 values for 2 columns"]),
        ("a,b\n" + "1,2,3\n" * 60, ["a.csv:2: has 3 values for 2 columns (60 such values, "
                                    "lines 2-61)"]),
        ("a,b,a,b\n1,2,3,4\n", ["a.csv:1: a: this column is given twice",
                                "a.csv:1: b: this column is given twice"]),
        ("a,,c\n1,2,3\n", ["a.csv:1: column 2 has no name"]),
        ('a,b\n1,"2\n3,4\n', ["a.csv:2: is not a valid line of CSV (unexpected end of data); look "
                              "for a stray quote"]),
        ("a,b\n1,\0\n", ["a.csv: is not a text file (it holds binary data)"]),
        (f"a,b\n1,{'x' * (CELL_LIMIT + 1)}\n", ["a.csv:2: the cell in column 2 is too long; "
                                                "allowed: at most 32,767 letters"]),
        (f"a,b\n1,{'x' * 140_000}\n", ["a.csv:2: a cell is too long; allowed: at most 32,767 "
                                       "letters"]),
    ],
)  # fmt: skip
def test_mistakes_of_form(tmp_path: Path, text: str, found: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    assert refusal(path) == found


@pytest.mark.parametrize(
    ("text", "columns", "line"),
    [
        ("Our tracker\n\na,b,c\n1,2,3\n", ("a", "b", "c"), 3),
        ("Our tracker,,,,\nMade,in May,,,\na,b,c,d,e\n1,2,3,4,5\n", tuple("abcde"), 3),
        ("sep=;\na;b\n1;2\n", ("a", "b"), 2),
        ("a,b,,\n1,2,,\n", ("a", "b"), 1),
        ("a,b\n1,2,,\n", ("a", "b"), 1),
        ("only\n1\n", ("only",), 1),
    ],
)
def test_where_the_head_is(text: str, columns: tuple[str, ...], line: int) -> None:
    table = table_of_text(text)
    assert (table.columns, table.head_line) == (columns, line)
    assert table_of_text("\n" + text, head=line + 1).columns == columns


def workbook(path: Path, sheets: dict[str, list[list[Any]]], merge: str = "") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if merge:
            sheet.merge_cells(merge)
    book.save(path)
    return path


def test_a_sheet_of_excel(tmp_path: Path) -> None:
    rows = [
        ["Contacts 2025"], [],
        ["date", "region", "hours", "length", "held"],
        [datetime.datetime(2025, 1, 14), "north", 1.5, datetime.time(1, 30), True],
        [datetime.date(2025, 2, 4), None, 4, datetime.timedelta(minutes=95), None],
    ]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", {"Log": rows, "Empty": []}, merge="B4:B5")
    table = read_table(path)
    assert table.rows[0].cells == ("2025-01-14", "north", "1.5", "1:30", "True")
    assert table.rows[1].cells == ("2025-02-04", "north", "4", "1:35", "")
    assert [row.line for row in table.rows] == [4, 5]
    assert table.said == ("merged cells were filled down (rows 4-5)", "the head line is row 3")


def test_sheets_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Q1": [["a"], [1]], "Q2": [["a"], [2]]})
    assert refusal(path) == ["a.xlsx: has 2 sheets; allowed: --sheet with one of: Q1, Q2"]
    assert "did you mean 'Q2'" in refusal(path, sheet="q 2")[0]
    assert read_table(path, sheet="Q2").rows[0].cells == ("2",)
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert refusal(tmp_path / "a.csv", sheet="Q1") == [
        "a.csv: sheet: has no sheets: it is a text file"
    ]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"PK\x03\x04 broken", "is not a workbook that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old (.xls) or a protected workbook"),
    ],
)
def test_workbooks_that_cannot_be_read(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(raw)
    assert message in refusal(path)[0]


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "FILE_LIMIT", 1 << 20)
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (9 << 20))
    assert refusal(path) == ["a.xlsx: is too large when unpacked; allowed: at most 8 MiB"]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_an_input_error(tmp_path_factory: Any, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(raw)
    try:
        table = read_table(path)
    except InputError:
        return
    assert all(len(row.cells) == len(table.columns) for row in table.rows)


def test_text_that_was_made_harmless_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n'=1+1,O'Neill\n", encoding="utf-8")
    assert read_table(path).rows[0].cells == ("=1+1", "O'Neill")


def test_spaces_that_do_not_break_are_spaces_in_text_as_in_sheets(tmp_path: Path) -> None:
    text = "\ufeffNorth\u00a0East,1\u202f500\nNorth East\u200b,2\n"
    table = table_of_text(f"region,hours\n{text}")
    assert table.column("region") == [(2, "North East"), (3, "North East")]
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for row in (["region"], ["North\u00a0East\u200b"]):
        book.active.append(row)
    book.save(path)
    assert read_table(path).column("region") == [(2, "North East")]


# --- what cells say -----------------------------------------------------------------------------


@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)))
def test_a_day_in_every_form(day: datetime.date) -> None:
    for form, order in (
        ("%Y-%m-%d", "iso"), ("%Y/%m/%d", "iso"), ("%Y-%m-%d 13:45:00", "iso"),
        ("%d %B %Y", "iso"), ("%b %d, %Y", "iso"), ("%d-%b-%Y", "iso"), ("%A, %B %d, %Y", "iso"),
        ("%d-%b-%y", "iso"), ("%d %b %y", "iso"), ("%b %d, '%y", "iso"), ("%a %d %B %y", "iso"),
        ("%m/%d/%Y", "month-first"), ("%m/%d/%y", "month-first"),
        ("%m/%d/%Y 9:30 AM", "month-first"), ("%d.%m.%Y", "day-first"), ("%d/%m/%y", "day-first"),
    ):  # fmt: skip
        assert day_of(day.strftime(form), order) == day
    assert day_of(day.strftime("%d.%m.%Y"), "iso") is None  # nobody said which comes first
    both = order_of([day.strftime("%m/%d/%Y")])
    assert both == ("month-first" if day.day > 12 else "")


SHARED = json.loads((Path(__file__).parent / "cells.json").read_text(encoding="utf-8"))
"""Cells that the commands and the page read alike; see ``setting_tables.test.ts`` of the page."""
BOTH = ("month-first", "day-first")


@pytest.mark.parametrize("day", SHARED["days"])
def test_the_days_that_need_no_order(day: str) -> None:
    for text in SHARED["days"][day]:
        assert {day_of(text, order) for order in ("iso", *BOTH)} == {
            datetime.date.fromisoformat(day)
        }, text


@pytest.mark.parametrize("text", SHARED["ordered"])
def test_the_days_that_need_an_order(text: str) -> None:
    assert day_of(text) is None
    assert no_day(text) == "order"
    found = [day_of(text, order) for order in BOTH]
    assert [day and str(day) for day in found] == SHARED["ordered"][text]
    assert [no_day(text, order) for order, day in zip(BOTH, found, strict=True) if not day] in (
        [],
        ["order"],
    )


@pytest.mark.parametrize("text", SHARED["none"])
def test_what_is_no_day(text: str) -> None:
    for order in ("iso", *BOTH):
        assert day_of(text, order) is None
        assert no_day(text, order) == SHARED["none"][text]


@pytest.mark.parametrize(("texts", "order"), SHARED["orders"])
def test_the_order_of_a_column_of_dates(texts: list[str], order: str) -> None:
    assert order_of(texts) == order


@given(st.integers(0, 4000))
def test_durations_in_every_form(minutes: int) -> None:
    hours, rest = divmod(minutes, 60)
    forms = [
        f"{minutes} min",
        f"{hours}h{rest:02}",
        f"{hours} hrs {rest} min",
        f"{minutes} Minutes",
    ]
    if hours < 24:
        forms.append(f"{hours}:{rest:02}")
    assert {hours_of(form) for form in forms} == {minutes / 60}
    assert hours_of(str(minutes)) is None  # minutes or hours? somebody must say
    assert hours_of(str(minutes), "minutes") == minutes / 60
    assert hours_of(str(minutes), "hours") == minutes


@pytest.mark.parametrize("text", SHARED["hours"])
def test_durations_with_their_unit(text: str) -> None:
    decimal = "comma" if "1,5" in text else "point"
    assert (
        hours_of(text, decimal=decimal)
        == hours_of(text, "minutes", decimal)
        == SHARED["hours"][text]
    )


@pytest.mark.parametrize("text", SHARED["bare"])
def test_durations_without_a_unit(text: str) -> None:
    assert hours_of(text) is None
    assert hours_of(text, "hours") == SHARED["bare"][text] == 60 * (hours_of(text, "minutes") or 0)


@pytest.mark.parametrize("text", SHARED["no_hours"])
def test_what_is_no_duration(text: str) -> None:
    assert hours_of(text, "hours") is None


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["1.5", "2"], "point"), (["1,5", "2"], "comma"), (["1,500"], ""), (["1.500"], "point"),
        (["1.234,5"], "comma"), (["1,234.5"], "point"), (["1,234,567"], "point"),
        (["0,500"], "comma"),
    ],
)  # fmt: skip
def test_what_decimals_stand_after(texts: list[str], decimal: str) -> None:
    assert decimal_of(texts) == decimal


@pytest.mark.parametrize("text", ["1_0", "nan", "inf", "٣", "1e999", "0x1", "1,5", "1,23", ""])
def test_what_is_no_number(text: str) -> None:
    assert number_of(text) is None


@given(st.lists(st.integers(1, 99), min_size=1, max_size=12))
def test_places_name_every_line_that_they_have_room_for(lines: list[int]) -> None:
    said = places(lines).partition(" ")[2].partition(" and ")[0]
    named: set[int] = set()
    for part in said.split(", "):
        first, _, last = part.partition("-")
        named |= set(range(int(first), int(last or first) + 1))
    assert named <= set(lines)
    assert named == set(lines) or "more places" in places(lines)


def test_a_table_without_a_head() -> None:
    table = table_of_text("ann,bob\nbob,cem\n", head=0)
    assert (table.columns, table.head_line, len(table.rows)) == (("column 1", "column 2"), 0, 2)
    with pytest.raises(InputError, match=r"'c' is not a column.*allowed: column 1, column 2"):
        table.column("c")


def test_openpyxl_is_only_needed_for_workbooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", {"Q1": [["a"], [1]]})
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    assert refusal(path) == [
        "a.xlsx: an Excel file needs openpyxl, which is not installed; allowed: CSV, or: pip "
        "install 'codose[excel]'"
    ]
