"""A contact log is read forgivingly in form and strictly in content."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FUNCTIONS, functions

from sim.core.errors import ScenarioError
from sim.scenario.contact_log import COLUMNS, MODES, STATUSES, LogRow, parse_log, week_of
from sim.scenario.loading import SIZE_LIMIT, read_text

REGIONS = ("region_1", "region_2")
FIRST = date(2016, 11, 1)
ALL = ", ".join(COLUMNS)
SOUND = "week,region,mode,hours\n3,region_1,video,1.5\n"


def read(text: str, first_date: date | None = FIRST) -> tuple[LogRow, ...]:
    return parse_log(
        text, "log.csv", horizon_weeks=156, region_names=REGIONS, first_date=first_date
    )


def read_file(path: Path) -> tuple[LogRow, ...]:
    return parse_log(read_text(path), str(path), horizon_weeks=156, region_names=REGIONS)


def messages(text: str, first_date: date | None = FIRST) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(text, first_date)
    return str(caught.value).splitlines()


def test_rows_and_their_defaults() -> None:
    rows = read(
        "date,region,mode,hours,co_creation,status\n"
        "2016-11-01,region_1,onsite,4,0.7,held\n"
        "2016-11-08,region_2,video,1.5,,\n"
        "2016-11-14,region_1,phone,.5,0,region_cancelled\n"
    )
    assert rows == (
        LogRow(week=1, region="region_1", mode="onsite", hours=4, co_creation=0.7),
        LogRow(week=2, region="region_2", mode="video", hours=1.5),
        LogRow(
            week=2,
            region="region_1",
            mode="phone",
            hours=0.5,
            co_creation=0,
            status="region_cancelled",
        ),
    )
    assert (rows[1].co_creation, rows[1].status) == (0.6, "held")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + SOUND,
        SOUND.replace("\n", "\r\n"),
        SOUND.replace(",", " , "),
        "\n\n" + SOUND.replace("\n", "\n\n,,,\n"),
        'week,region,mode,hours\n"3","region_1","video","1.5"\n',
        "hours,mode,region,week\n1.5,video,region_1,3",
        "week,region,mode,hours,status,co_creation\n3,region_1,video,1.5\n",
    ],
    ids=["mark", "crlf", "spaces", "blank lines", "quotes", "other order", "short rows"],
)
def test_forms_that_do_no_harm(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode())
    rows = read_file(path)
    assert rows == (LogRow(week=3, region="region_1", mode="video", hours=1.5),)


def test_rows_are_sorted_by_week_and_keep_their_order_within_one() -> None:
    rows = read(
        "week,region,mode,hours\n5,region_1,video,1\n2,region_2,phone,2\n"
        "5,region_1,onsite,3\n2,region_1,email,4\n"
    )
    assert [row.hours for row in rows] == [2, 4, 1, 3]


@given(days=st.integers(0, 7 * 156 - 1))
def test_week_of_a_day(days: int) -> None:
    day = FIRST + timedelta(days=days)
    week = week_of(day, FIRST)
    assert FIRST + timedelta(weeks=week - 1) <= day < FIRST + timedelta(weeks=week)
    assert read(f"date,region,mode,hours\n{day},region_1,phone,1")[0].week == week


def shares_of(row: LogRow) -> list[str]:
    """The last cells of a row."""
    given = row.functions
    return [str(getattr(given, name)) if given else "" for name in FUNCTIONS]


@given(
    st.lists(
        st.builds(
            LogRow,
            week=st.integers(1, 156),
            region=st.sampled_from(REGIONS),
            mode=st.sampled_from(MODES),
            hours=st.floats(0, 60),
            co_creation=st.floats(0, 1),
            status=st.sampled_from(STATUSES),
            functions=st.none() | functions(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read(rows: list[LogRow]) -> None:
    names = [name for name in LogRow.model_fields if name != "functions"]
    lines = [
        ",".join(
            [*(str("" if (v := getattr(row, n)) is None else v) for n in names), *shares_of(row)]
        )
        for row in rows
    ]
    text = "\n".join([",".join([*names, *FUNCTIONS]), *lines])
    assert read(text) == tuple(sorted(rows, key=lambda row: row.week))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,region_1,video,1", "week: 'x' is not a week number; allowed: whole numbers 1..156"),
        ("0,region_1,video,1", "week: 0 is not a week number; allowed: whole numbers 1..156"),
        ("1.5,region_1,video,1", "week: '1.5' is not a week number; allowed: whole numbers 1..156"),
        ("-1,region_1,video,1", "week: '-1' is not a week number; allowed: whole numbers 1..156"),
        ("²,region_1,video,1", "week: '²' is not a week number; allowed: whole numbers 1..156"),
        (",region_1,video,1", "week: is empty; allowed: whole numbers 1..156"),
        ("157,region_1,video,1", "week: week 157 is beyond the horizon; allowed: weeks 1..156"),
        ("1,,video,1", "region: is empty"),
        ("1,region_11,video,1",
         "region: 'region_11' is not a region; allowed: region_1, region_2; "
         "did you mean 'region_1'?"),
        ("1,region_1,vidio,1",
         "mode: 'vidio' is not a mode; allowed: onsite, video, phone, email; "
         "did you mean 'video'?"),
        ("1,region_1,,1", "mode: is empty; allowed: onsite, video, phone, email"),
        ("1,region_1,video,", "hours: is empty; allowed: 0..60"),
        ("1,region_1,video", "hours: is empty; allowed: 0..60"),
        ("1,region_1,video,-1", "hours: -1 is out of range; allowed: 0..60"),
        ("1,region_1,video,61", "hours: 61 is out of range; allowed: 0..60"),
        ("1,region_1,video,nan", "hours: 'nan' is not a number; allowed: 0..60"),
        ("1,region_1,video,inf", "hours: 'inf' is not a number; allowed: 0..60"),
        ("1,region_1,video,1_0", "hours: '1_0' is not a number; allowed: 0..60"),
        ("1,region_1,video,two", "hours: 'two' is not a number; allowed: 0..60"),
        ('1,region_1,video,"1,5"',
         "hours: '1,5' is not a number; write the decimals after a point; allowed: 0..60"),
        ("1,region_1,video,1,1.2", "co_creation: 1.2 is out of range; allowed: 0..1"),
        ("1,region_1,video,1,.5,hold",
         "status: 'hold' is not a status; "
         "allowed: held, provider_cancelled, region_cancelled, cancelled; did you mean 'held'?"),
        ("1,region_1,video,1,.5,held,x", "has 7 values for 6 columns"),
        ('1,"region_1,video,1',
         "is not a valid line of CSV (unexpected end of data); look for a stray quote"),
    ],
)  # fmt: skip
def test_a_row(row: str, message: str) -> None:
    text = f"week,region,mode,hours,co_creation,status\n2,region_1,phone,1\n{row}"
    assert messages(text) == [f"log.csv:3: {message}"]


OTHER_FORM = "allowed: yyyy-mm-dd, such as 2016-11-01; 'codose import log log.csv' reads such dates"


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("01.11.2016", f"'01.11.2016' is not a date; {OTHER_FORM}"),
        ("11/30/2016", f"'11/30/2016' is not a date; {OTHER_FORM}"),
        ("20161130", f"'20161130' is not a date; {OTHER_FORM}"),
        ("2017-02-29", "'2017-02-29' is not a date; allowed: yyyy-mm-dd, such as 2016-11-01"),
        ("", "is empty; allowed: yyyy-mm-dd, such as 2016-11-01"),
        ("2016-10-31",
         "2016-10-31 is before the first day of week 1; allowed: 2016-11-01 or later"),
        ("2019-10-29",
         "2019-10-29 is in week 157 from 2016-11-01 on, beyond the horizon; allowed: weeks 1..156"),
    ],
)  # fmt: skip
def test_a_date(day: str, message: str) -> None:
    text = f"date,region,mode,hours\n{day},region_1,phone,1"
    assert messages(text) == [f"log.csv:2: date: {message}"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("week,region,hours", ["log.csv:1: mode: this column is missing"]),
        ("week,Reggion,mode,hours",
         [f"log.csv:1: reggion: is not a column; allowed: {ALL}; did you mean 'region'?",
          "log.csv:1: region: this column is missing"]),
        ("week,region,mode,hours,note", [f"log.csv:1: note: is not a column; allowed: {ALL}"]),
        ("week,region,mode,hours,mode", ["log.csv:1: mode: this column is given twice"]),
        ("region,mode,hours",
         ["log.csv:1: date: give a column 'date' or a column 'week', one is needed"]),
        ("week,date,region,mode,hours",
         ["log.csv:1: date: give a column 'date' or a column 'week', not both"]),
    ],
)  # fmt: skip
def test_columns(header: str, found: list[str]) -> None:
    assert messages(f"{header}\n1,region_1,video,1\n") == found


def test_dates_need_a_first_date() -> None:
    assert messages("date,region,mode,hours\n2016-11-01,region_1,phone,1", None) == [
        "log.csv:1: first_date: is required, because the log gives dates; "
        "allowed: yyyy-mm-dd, such as 2016-11-01"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "log.csv: the contact log is empty"),
        ("\n ,\n", "log.csv: the contact log is empty"),
        ("week,region,mode,hours\n", "log.csv: the contact log has no rows"),
    ],
)
def test_nothing_in_it(text: str, message: str) -> None:
    assert messages(text) == [message]


def test_every_mistake_at_once_at_the_line_where_its_row_begins() -> None:
    text = 'week,region,mode,hours\n1,region_3,vidio,1\n\n2,"a\nb",video,1\n3,region_1,video,x\n'
    assert messages(text) == [
        "log.csv:2: region: 'region_3' is not a region; allowed: region_1, region_2; "
        "did you mean 'region_2'?",
        "log.csv:2: mode: 'vidio' is not a mode; allowed: onsite, video, phone, email; "
        "did you mean 'video'?",
        "log.csv:4: region: 'a\\nb' is not a region; allowed: region_1, region_2",
        "log.csv:6: hours: 'x' is not a number; allowed: 0..60",
    ]


def test_mistakes_of_one_kind_are_one_line_with_their_count() -> None:
    rows = "1,region_1,video,x\n" * 51 + "2,region_9,zoom,1\n" * 4 + "3,region_2,phone,y\n"
    assert messages("week,region,mode,hours\n" + rows) == [
        "log.csv:2: hours: 'x' is not a number (52 such values, lines 2-52, 57); allowed: 0..60",
        "log.csv:53: region: 'region_9' is not a region (4 such values, lines 53-56); allowed: "
        "region_1, region_2; did you mean 'region_2'?",
        "log.csv:53: mode: 'zoom' is not a mode (4 such values, lines 53-56); allowed: onsite, "
        "video, phone, email",
    ]


def test_dates_of_another_form_are_told_as_what_they_look_like() -> None:
    rows = "".join(f"{m}/{d}/2017,region_1,phone,1\n" for m in (1, 2) for d in (3, 14))
    assert messages(f"date,region,mode,hours\n{rows}") == [
        "log.csv:2: date: '1/3/2017' is not a date, but looks like month/day/year (4 such values, "
        "lines 2-5); allowed: yyyy-mm-dd, such as 2016-11-01; 'codose import log log.csv' reads "
        "such dates"
    ]


def test_too_many_mistakes_are_cut() -> None:
    words = "".join(f"1,region_1,{'m' * n},1\n" for n in range(1, 53))
    found = messages(f"week,region,mode,hours\n{words}")
    assert len(found) == 51
    assert found[50] == "and 2 more mistakes"


@pytest.mark.parametrize(
    "text",
    [
        "Week,Region,Mode,Hours,\n3,region_1,video,1.5,\n",
        "week;region;mode;hours\n3;region_1;video;1,5\n",
        "week\tregion\tmode\thours\n3\tregion_1\tvideo\t1.5\n",
        "Our centre 2025,,,\n,,,\nweek,region,mode,hours\n3,region_1,video,1.5\n",
    ],
    ids=["capitals and a column without anything", "decimal commas", "tabs", "title"],
)
def test_forms_that_spreadsheets_write(text: str) -> None:
    assert read(text) == (LogRow(week=3, region="region_1", mode="video", hours=1.5),)


def test_a_column_without_a_name() -> None:
    assert messages("week,region,mode,hours,\n1,region_1,video,1,x\n") == [
        "log.csv:1: column 5 has no name"
    ]


def test_regions_may_be_left_unchecked() -> None:
    rows = parse_log("week,region,mode,hours\n1,anywhere,video,1", horizon_weeks=1)
    assert rows[0].region == "anywhere"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"week,region\0", "is not a text file (it holds binary data)"),
        (b"week,region\n\xff", "is not UTF-8 text (line 2)"),
        (b"x" * (SIZE_LIMIT + 1), "is too large (1,048,577 bytes); allowed: at most 1 MiB"),
    ],
    ids=["binary", "latin", "large"],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        read_file(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_huge_file_is_refused_without_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)

    def never(self: Path) -> bytes:
        pytest.fail("the file was read")

    monkeypatch.setattr(Path, "read_bytes", never)
    with pytest.raises(ScenarioError) as caught:
        read_file(path)
    assert str(caught.value) == (f"{path}: is too large (50,000,000 bytes); allowed: at most 1 MiB")


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_file(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a folder, not a file"
