"""Numbers read the same everywhere; a table shows, and gives away, exactly what it holds."""

from __future__ import annotations

import datetime
import doctest
import io
import json
import math
from pathlib import Path
from typing import Any

import html5lib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import InputError
from sim.present import answer, arrow, figures, format, table
from sim.present.answer import Answer
from sim.present.figures import Figure
from sim.present.table import Column, PlainRows, Table, write_workbook
from sim.runs.folder import read_table, write_table

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("module", [format, table, answer, figures])
def test_examples_of_the_modules(module: Any) -> None:
    tried, failed = doctest.testmod(module).attempted, doctest.testmod(module).failed
    assert (tried > 0, failed) == (True, 0)


@pytest.mark.parametrize(("name", "value", "shown"), [
    ("number", NAN, "-"), ("number", INF, "infinite"), ("number", -INF, "-infinite"),
    ("number", None, "-"), ("number", pd.NA, "-"), ("number", pd.NaT, "-"),
    ("number", 0, "0"), ("number", 0.0, "0"), ("number", -0.0, "0"), ("number", 1.0, "1.00"),
    ("number", -0.004, "-0.004"), ("number", 0.0049, "0.005"), ("number", 0.005, "0.01"),
    ("number", 0.0123, "0.01"), ("number", 0.9996, "1.00"), ("number", 9.994, "9.99"),
    ("number", 9.995, "9.99"), ("number", 9.996, "10.0"), ("number", 99.96, "100"),
    ("number", 1234.5, "1,234"), ("number", -1234.5, "-1,234"), ("number", 0.00012, "0.0001"),
    ("number", 1.2e-7, "1e-7"), ("number", 1e15, "1e+15"), ("number", 123456789.0, "123,456,789"),
    ("number", np.int64(1234), "1,234"), ("number", np.float32(0.5), "0.50"),
    ("signed", 0.004, "+0.004"), ("signed", -0.004, "-0.004"), ("signed", 0.0, "0"),
    ("signed", -0.0, "0"), ("signed", -3e-18, "0"), ("signed", 3e-18, "0"),
    ("number", -3e-18, "0"), ("signed", 12.34, "+12.3"), ("signed", NAN, "-"),
    ("signed", INF, "+infinite"),
    ("percent", 0.0, "0 %"), ("percent", -0.0, "0 %"), ("percent", 1e-9, "under 1 %"),
    ("percent", 0.0051, "1 %"), ("percent", 0.994, "99 %"), ("percent", 0.9996, "over 99 %"),
    ("percent", 0.999, "over 99 %"), ("percent", 1.0, "100 %"), ("percent", 1.5, "150 %"),
    ("percent", -0.004, "-0.4 %"), ("percent", NAN, "-"), ("percent", INF, "infinite"),
    ("count", 0, "0"), ("count", 1234, "1,234"), ("count", 1234.0, "1,234"), ("count", NAN, "-"),
    ("count", -0.0, "0"), ("count", 10**12, "1,000,000,000,000"),
    ("money", 0.0, "0"), ("money", -0.004, "0"), ("money", 0.5, "0.50"), ("money", 99.999, "100"),
    ("money", 1234567.8, "1,234,568"), ("money", -250.0, "-250"), ("money", NAN, "-"),
    ("hours", 0.0, "0 h"), ("hours", -0.0, "0 h"), ("hours", 0.004, "0.004 h"),
    ("hours", 1.5, "1.5 h"), ("hours", 100.0, "100 h"), ("hours", 1234.5, "1,234 h"),
    ("hours", NAN, "-"),
    ("duration", 0, "0 s"), ("duration", 59.6, "1 min"), ("duration", 3599.9, "1 h"),
    ("duration", 61, "1 min 1 s"), ("duration", 86399.9, "1 d"), ("duration", NAN, "-"),
    ("given", 0.0005, "0.0005"), ("given", 1.0, "1"), ("given", -0.25, "-0.25"),
    ("given", 1234.5, "1,234.5"), ("given", 0.0, "0"), ("given", NAN, "-"),
    ("given", np.float64(0.1), "0.1"),
    ("week", 52, "week 52"), ("week", 52.0, "week 52"), ("week", NAN, "-"),
    ("date", datetime.date(2027, 3, 4), "4 Mar 2027"), ("date", "2027-12-31", "31 Dec 2027"),
    ("date", None, "-"), ("date", "", "-"), ("date", pd.Timestamp("2027-01-04"), "4 Jan 2027"),
    ("auto", np.bool_(False), "no"), ("auto", "", "-"), ("auto", "end_of_ta", "end of TA"),
    ("auto", "No_Name", "No_Name"), ("auto", 3, "3"), ("auto", NAN, "-"),
    ("text", "end_of_ta", "end_of_ta"), ("text", NAN, "-"),
])  # fmt: skip
def test_formats(name: str, value: Any, shown: str) -> None:
    assert format.FORMATS[name](value) == shown


def test_formats_with_more_to_say() -> None:
    assert format.share(0.5, 24) == "12 of 24"
    assert format.share(1.0, 100) == "100 of 100"
    assert format.share(0.5, 101) == "50 % of 101"
    assert format.share(NAN, 24) == format.share(0.5, 0) == "-"
    assert format.money(12345.6, "EUR") == "12,346 EUR"
    assert format.money(NAN, "EUR") == "-"
    assert format.interval(0.02, 0.05) == "0.02 to 0.05"
    assert format.interval(-0.004, NAN) == "-"
    assert format.interval(10, 2000, format.money) == "10 to 2,000"
    assert format.count(1, "run") == "1 run"
    assert format.count(1000, "run") == "1,000 runs"
    assert format.week(1, datetime.date(2027, 1, 4)) == "week 1, Jan 2027"
    assert format.words("onsite.every_weeks") == "onsite every weeks"


@given(st.floats(-1e300, 1e300))
def test_a_number_is_a_rounding_of_its_value(value: float) -> None:
    """Within half a unit of its last digit, with its sign; zero only for what rounding leaves."""
    shown = float(format.number(value).replace(",", ""))
    assert shown == pytest.approx(value, abs=0.005 + 5e-3 * abs(value), rel=0.05)
    assert (shown == 0) == (abs(value) < 1e-12)
    assert shown * value >= 0


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_only_all_is_all(value: float, of: int) -> None:
    told = format.percent(value)
    assert ("100 %" in told) == (value == 1)
    assert (told == "0 %") == (value == 0)
    assert format.share(round(value * of) / of, of).endswith(f"{of:,}")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match=r"no such format.*did you mean 'percent'"):
        Column("a", format="percnt")


# --- tables ---------------------------------------------------------------------------------------


@pytest.fixture
def made() -> Table:
    frame = pd.DataFrame(
        {
            "plan": ["=2+2", "<b>calls</b>"],
            "gain": [0.123456, NAN],
            "p_target": [0.9996, 1.0],
            "cost": [1234.5, INF],
            "n": [24, 1200],
        },
        index=pd.Index([7, 3]),
    )
    columns = [
        Column("gain", "0-1", "signed", "against no assistance"),
        Column("p_target", format="percent", heading="target met in"),
        Column("cost", format="money"),
    ]
    return Table("plans", frame, columns, title="Plans", note="On fresh runs.", rests_on=(23, 24))


def test_cells_and_headings(made: Table) -> None:
    assert [column.head for column in made.columns] == [
        "plan", "gain (0-1)", "target met in", "cost", "n"
    ]  # fmt: skip
    assert made.cells() == [
        ["=2+2", "+0.12", "over 99 %", "1,234", "24"],
        ["<b>calls</b>", "-", "100 %", "infinite", "1,200"],
    ]
    assert made.note == "On fresh runs. The table rests on 23 of 24 runs."


def test_nobody_changes_a_table_from_outside(made: Table) -> None:
    before = made.cells()
    frame = made.frame
    frame.loc[7, "gain"] = 99.0
    made.records()[0]["gain"] = 99.0
    assert made.cells() == before
    source = pd.DataFrame({"a": [1.0]})
    held = Table("t", source)
    source.loc[0, "a"] = 2.0
    assert held.frame.loc[0, "a"] == 1.0


def test_a_part_keeps_its_rows_and_its_words(made: Table) -> None:
    part = made.pick(["n", "gain"], [3], title="One")
    assert part.frame.index.tolist() == [3]
    assert [column.name for column in part.columns] == ["n", "gain"]
    assert (part.title, part.note, part.name) == ("One", made.note, "plans")
    assert made.described(n={"heading": "runs"}).column("n").head == "runs"
    with pytest.raises(InputError, match="did you mean 'gain'"):
        made.pick(["gian"])
    with pytest.raises(InputError, match="no such column"):
        Table("t", pd.DataFrame({"a": [1]}), [Column("b")])


def test_files_hold_the_exact_numbers(made: Table) -> None:
    back = pd.read_csv(io.StringIO(made.csv()))
    assert back["gain"][0] == 0.123456
    assert back["plan"][0] == "'=2+2"  # a spreadsheet does not calculate it
    assert made.records()[1] == {
        "plan": "<b>calls</b>", "gain": None, "p_target": 1.0, "cost": None, "n": 1200
    }  # fmt: skip


def test_a_workbook_holds_them_too_or_says_what_is_missing(
    made: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(InputError, match=r"codose\[excel\]"):
        write_workbook({made.name: made}, tmp_path / "plans.xlsx")
    monkeypatch.undo()
    openpyxl = pytest.importorskip("openpyxl")
    write_workbook({made.name: made}, tmp_path / "plans.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "plans.xlsx")["plans"]
    assert [cell.value for cell in sheet[2]] == ["=2+2", 0.123456, 0.9996, 1234.5, 24]
    assert sheet["A2"].data_type == "s"


def test_html_is_escaped_and_exact(made: Table) -> None:
    parser = html5lib.HTMLParser(
        strict=True, tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False
    )
    root = parser.parse(f"<!DOCTYPE html><title>t</title>{made.html(2)}")
    assert not list(root.iter("b"))
    assert [e.text for e in root.iter("h2")] == ["Plans"]
    cells = {(row.get("data-row"), c.get("data-column")): c for row in root.iter("tr") for c in row}
    cell = cells["7", "gain"]
    assert (cell.get("data-value"), cell.text) == ("0.123456", "+0.12")
    assert cells["3", "gain"].get("data-value") == ""


def test_a_terminal_gets_the_same_cells(made: Table) -> None:
    from rich.console import Console

    console = Console(width=200, file=io.StringIO())
    console.print(made.terminal())
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[1].split() == ["=2+2", "+0.12", "over", "99", "%", "1,234", "24"]


# --- answers and figures --------------------------------------------------------------------------


def test_an_answer_is_data() -> None:
    made = Answer("Visits do more.", ("By 0.05.", ""), {"calls": "Calls do less."}, ("Seed 1.",))
    assert made.text == "Visits do more. Calls do less. By 0.05. What if, not forecast."
    assert Answer(**json.loads(json.dumps(made.record()))) == made


def drawn(count: list[int]) -> Any:
    from sim.present import style

    count.append(1)
    figure = style.figure(4, 3, "Title", "footer")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.fill_between([0, 1], [0, 1], [1, 2])
    return figure


def test_a_figure_is_drawn_once_and_the_same(tmp_path: Path) -> None:
    calls: list[int] = []
    figure = Figure("a_line", "A line", "Rises.", 'A "line" & more', lambda: drawn(calls))
    paths = figures.save([figure], tmp_path / "a", ("png", "svg"))
    assert [path.name for path in paths] == ["a_line.png", "a_line.svg"]
    assert len(calls) == 1
    again = figures.save([figure], tmp_path / "b", ("svg", "png"))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths[::-1]]
    assert figures.save([figure], tmp_path / "c", ()) == []
    assert len(calls) == 2
    assert figures.formats_of("none") == ()
    with pytest.raises(InputError, match="did you mean 'png'"):
        figures.formats_of("pngg")


@pytest.mark.parametrize("turned", [0, 90, 30])
@pytest.mark.parametrize("text", ["0.25", "mutual accountability (0-1)", "one\ntwo", "$x^2$", "中"])
def test_letters_drawn_as_shapes_stand_where_matplotlib_draws_its_own(
    text: str, turned: int
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from sim.present import style
    from sim.present.canvas import Canvas

    def ink(kind: type[FigureCanvasAgg]) -> np.ndarray:
        figure = style.figure(4, 3, "", "")
        figure.text(0.5, 0.5, text, rotation=turned, ha="center", va="center")
        canvas = kind(figure)
        with figures._any_letter():
            canvas.draw()
        return 255.0 - np.asarray(canvas.buffer_rgba())[..., 0]

    ours, theirs = ink(Canvas), ink(FigureCanvasAgg)
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.2)  # hinted lines are bolder
    for axis in (0, 1):
        ends = [np.flatnonzero(one.max(axis=axis) > 60)[[0, -1]] for one in (ours, theirs)]
        assert ends[0] == pytest.approx(ends[1], abs=6)


def test_a_text_is_laid_out_once_for_all_figures() -> None:
    from sim.present import canvas, style

    def draw() -> None:
        figure = style.figure(4, 3, "A title that no other test has", "")
        figure.text(0.5, 0.2, "A title that no other test has", fontsize=style.SMALL_SIZE)
        made = canvas.Canvas(figure)
        made.draw()

    draw()
    once = canvas._shape.cache_info(), canvas._size.cache_info()
    draw()
    again = canvas._shape.cache_info(), canvas._size.cache_info()
    assert [one.misses for one in again] == [one.misses for one in once]
    assert again[0].hits == once[0].hits + 2  # in two sizes
    canvas.lines(style.figure(4, 3, "A title that no other test has", ""))
    last = canvas._size.cache_info()
    assert (last.misses, last.hits) == (once[1].misses, again[1].hits + 1)


@pytest.mark.parametrize("text_as", ["path", "none"])
def test_an_svg_file_is_what_matplotlib_writes(text_as: Any) -> None:
    import io

    import matplotlib
    from matplotlib.figure import Figure as Drawn

    from sim.present import canvas

    def draw() -> Drawn:
        figure = Drawn((4.0, 3.0), dpi=figures.DPI, facecolor="white")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], marker="o")
        axes.imshow([[0.0, 1.0]], extent=(0.0, 0.5, 0.0, 0.5))
        axes.set_xlabel("two\nlines")
        axes.set_ylabel("$x^2$")
        return figure

    with matplotlib.rc_context({"svg.hashsalt": "codose", "svg.fonttype": text_as}):
        theirs = io.StringIO()
        draw().savefig(theirs, format="svg", metadata={"Date": None, "Creator": None})
        figure = draw()
        assert canvas.lines(figure) == theirs.getvalue()
    assert figure.dpi == figures.DPI


def test_two_figures_may_stand_in_one_page() -> None:
    calls: list[int] = []
    parts = [Figure(name, "", "", 'A "line"', lambda: drawn(calls)) for name in ("one", "two")]
    first, second = (figures.svg(part) for part in parts)
    page = f"<!DOCTYPE html><title>t</title>{first}{second}"
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    root = parser.parse(page)
    assert parser.errors == []
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    used = {e.get("href")[1:] for e in root.iter() if (e.get("href") or "").startswith("#")}
    assert used <= set(ids)
    assert [e.get("role") for e in root.iter("{http://www.w3.org/2000/svg}svg")] == ["img", "img"]
    assert next(root.iter("title")).text == "t"
    assert first.count("<title>A &quot;line&quot;</title>") == 1
    assert "Title" in "".join(root.itertext())  # letters are text


# --- rows of which no frame is made ---------------------------------------------------------------

PLAIN: dict[str, Any] = {
    "plan": ["visits", "=calls", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"],
    "n": np.array([3, 0, 2**40]),
    "gain": np.array([0.25, np.nan, -1e-9]),
    "none": np.full(3, np.nan),
    "done": np.array([True, False, True]),
}


def test_rows_are_shown_and_written_as_the_frame_of_their_columns(tmp_path: Path) -> None:
    described = [Column("gain", format="signed")]
    frame = pd.DataFrame(PLAIN)
    plain, other = (Table("t", rows, described) for rows in (PlainRows(PLAIN), frame))
    write_table(tmp_path, "frame", other)
    read = Table("t", read_table(tmp_path / "frame.parquet"), described)
    for number, one in enumerate((plain, read)):
        pd.testing.assert_frame_equal(one.frame, frame)
        for change in (
            lambda table: table,
            lambda table: table.described(),
            lambda table: table.pick(["gain", "plan"]),
            lambda table: table.first(2).pick(["done", "n"]),
            lambda table: table.first(0),
        ):
            a, b = change(one), change(other)
            assert (a.cells(), a.records(), a.csv()) == (b.cells(), b.records(), b.csv())
            assert (len(a), list(a.labels)) == (len(b), list(b.labels))
            for name in b.arrays:
                assert a.is_numeric(name) == b.is_numeric(name)
                assert a.arrays[name].dtype == b.arrays[name].dtype
        some = one.pick(rows=[True, False, True])
        pd.testing.assert_frame_equal(some.frame, frame.iloc[[0, 2]])
        assert list(some.labels) == [0, 2]
        write_table(tmp_path, f"rows{number}", one)
        for end in ("csv", "parquet"):
            made = (tmp_path / f"rows{number}.{end}").read_bytes()
            assert made == (tmp_path / f"frame.{end}").read_bytes()


def test_rows_of_mappings_are_those_of_a_frame() -> None:
    rows = [{"item": "a", "n": 1, "mean": 2}, {"item": "b", "n": 2, "mean": np.nan}]
    pd.testing.assert_frame_equal(Table("t", PlainRows.of(rows)).frame, pd.DataFrame(rows))


DAY = datetime.date(2026, 9, 14)


@pytest.mark.parametrize(
    "column",
    [
        pa.chunked_array([[1, None], [3]]),
        pa.chunked_array([[1, 2], [], [3]], pa.int8()),
        pa.chunked_array([[0.5, None], [float("nan")]]),
        pa.chunked_array([[True, None], [False]]),
        pa.chunked_array([[True, False]]),
        pa.chunked_array([["a", None], ["b"]]),
        pa.chunked_array([["a", "b"]], pa.large_string()),
        pa.chunked_array([[DAY, None]]),
        pa.chunked_array([pa.array(["a", None]).dictionary_encode(), pa.array(["b", "a"])
                          .dictionary_encode()]),
        pa.chunked_array([[[1], [2, 3]]]),
        *(pa.chunked_array([], kind) for kind in (pa.int64(), pa.float64(), pa.bool_(),
          pa.string(), pa.dictionary(pa.int8(), pa.string()))),
    ],
    ids=lambda column: f"{column.type}-{len(column)}",
)  # fmt: skip
def test_a_column_that_was_read_is_the_array_that_pandas_makes_of_it(column: Any) -> None:
    told = pa.table({"x": column}).to_pandas()["x"]
    found = arrow.array(column)
    assert found.dtype.kind == (told.dtype.kind if told.dtype.kind in "iufb" else "O")
    pd.testing.assert_series_equal(
        pd.Series(found, dtype=object), told.astype(object).rename(None), check_dtype=False
    )


@pytest.mark.parametrize("words", [2, 126, 127, 128, 200])
def test_words_by_their_codes_are_written_as_categories_are(words: int) -> None:
    names = [f"outcome {number}" for number in range(words)]
    codes = np.array([words - 1, arrow.MISSING, 0, 0], dtype=np.int32)
    categories = pd.Categorical.from_codes(codes, categories=pd.Index(names))
    taken = [names[-1], None, names[0], names[0]]
    frame = pd.DataFrame({"coded": categories, "taken": taken})
    told = pa.Table.from_pandas(frame).replace_schema_metadata(None)
    made = [arrow.coded(codes, names), arrow.taken(codes, names)]
    assert pa.Table.from_arrays(made, names=list(frame)).equals(told)
