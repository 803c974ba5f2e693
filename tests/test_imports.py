"""``codose import``: whatever a tracker looks like, the same log comes out, or a question does."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from cases import codose
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

import sim
from sim.cli import imports
from sim.core.errors import InputError
from sim.scenario.contact_log import MODES, STATUSES, LogRow, parse_log
from sim.scenario.log_import import import_log
from sim.scenario.log_map import LogMap, answer, mode_of, status_of
from sim.scenario.network_import import import_network
from sim.tables_in.questions import OpenQuestions

TRACKER = """\
TA contact tracker 2025,,,,,,,,
,,,,,,,,
Date of TA,Region/State,TA provider,Type of contact (virtual/in person),Duration (minutes),\
Attendees,Topic,Status,Notes
1/14/2025,North,P. One,In-Person,240,7,teaming,Completed,"kick-off, all day"
2/4/2025,North,P. One,Virtual w/ Video,90,5,data use,Completed,
2/6/2025,South,P. Two,Phone,60,2,planning,Completed,
3/4/2025,North,P. One,Virtual w/ Video,90,,data use,No show,
3/11/2025,"North, South",P. One,Virtual w/ Video,120,11,community call,Completed,both regions
3/18/2025,South,P. Two,In-person,300,8,leadership,Rescheduled,moved to 3/25
3/25/2025,South,P. Two,In-person,300,8,leadership,Completed,
,,,,,,,,
Total,,,,1200,,,,
"""
LOG = "date,region,mode,hours,status\n"


def written(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_office_tracker_takes_one_short_map_and_three_questions(tmp_path: Path) -> None:
    path = written(tmp_path, TRACKER, "tracker.csv")
    ran = codose("import", "log", path)
    said = ran.stderr.splitlines()
    assert ran.exit_code == 2
    assert [line.partition(": ")[2].partition(":")[0] for line in said[:3]] == [
        "status.words.No show", "status.words.Rescheduled", "region.several",
    ]  # fmt: skip
    assert "3 questions to answer at each ?" in said[3]
    kept = tmp_path / "tracker.map.yaml"
    text = kept.read_text()
    assert len(text.splitlines()) <= 15
    assert {one.name for one in tmp_path.iterdir()} == {"tracker.csv", "tracker.map.yaml"}
    for word in ("region_cancelled", "skip", "shared"):  # in the order of the questions
        place = {"region_cancelled": "No show", "skip": "Rescheduled", "shared": "several"}[word]
        text = text.replace(f"{place}: '?'", f"{place}: {word}")
    kept.write_text(text)
    out = tmp_path / "log.csv"
    ran = codose("import", "log", path, "--map", kept, "--out", out)
    assert ran.exit_code == 0
    for note in (
        "6 contacts, 2025-01-14 to 2025-03-25 (7 rows: some are with several regions).",
        "Left out: rows with status 'Rescheduled' (line 9).",
        "Left out: rows that begin with Total (line 12).",
        "Columns that were not read: Topic, Notes.",
    ):
        assert note in ran.stdout
    rows = parse_log(
        out.read_text(), horizon_weeks=20, region_names=["North", "South"],
        first_date=datetime.date(2025, 1, 14),
    )  # fmt: skip
    assert [(row.week, row.region, row.hours, row.status, row.present) for row in rows] == [
        (1, "North", 4, "held", 7), (4, "North", 1.5, "held", 5), (4, "South", 1, "held", 2),
        (8, "North", 1.5, "region_cancelled", None), (9, "North", 2, "held", None),
        (9, "South", 2, "held", None), (11, "South", 5, "held", 8),
    ]  # fmt: skip
    assert rows[4].contact == rows[5].contact
    assert rows[4].contact is not None
    assert {row.provider for row in rows} == {"P. One", "P. Two"}
    # Next quarter: the same command, and a new word that is clear is told.
    path.write_text(TRACKER.replace("Virtual w/ Video,90,5", "Zoom,90,5"))
    ran = codose("import", "log", path, "--map", kept, "--out", out, "--force")
    assert ran.exit_code == 0
    assert "Words that the map does not have were read as Zoom: video." in ran.stdout


def test_questions_are_asked_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, TRACKER)
    said = iter(["perhaps", "region_cancelled", "skip", "each"])
    asked: list[str] = []

    def prompt(text: str, default: Any = None) -> str:
        asked.append(text)
        return next(said)

    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", prompt)
    found, kept = imports.answered(path, None, False, lambda given: import_log(path, given), answer)
    assert kept == tmp_path / "t.map.yaml"
    assert len(asked) == 4  # three questions, one of them twice: "perhaps" is not an answer
    assert asked[0] == asked[1]
    assert [row.contact for row in found.rows] == [None] * 7


def test_the_schema_of_maps_is_printed() -> None:
    ran = codose("schema", "--kind", "map")
    assert ran.exit_code == 0
    fields = json.loads(ran.stdout)["properties"]
    assert set(fields) == set(LogMap.model_fields)
    assert all(one.get("description") or "$ref" in one for one in fields.values())


def test_a_map_that_is_there_is_neither_passed_over_nor_replaced(tmp_path: Path) -> None:
    path, kept = written(tmp_path, LOG + "2025-01-14,north,video,1,held\n"), tmp_path / "t.map.yaml"
    kept.write_text("# mine\n")
    ran = codose("import", "log", path)
    assert ran.exit_code == 2
    assert "there is a map for this file" in ran.stderr
    assert kept.read_text() == "# mine\n"


@pytest.mark.parametrize(
    "kind", ["import log", "import network", "import survey", "observed import"]
)
def test_what_is_read_is_never_replaced_by_what_is_made_of_it(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, LOG + "2025-01-14,north,video,1,held\n")
    kept = written(tmp_path, "date: {column: date}\n", "t.map.yaml")
    before = path.read_bytes(), kept.read_bytes()
    for out, what in ((path, "table"), (kept, "map"), (tmp_path / "." / "t.csv", "table")):
        ran = codose(*kind.split(), path, "--out", out, "--force")
        assert ran.exit_code == 2
        assert f"--out: is the {what} that is read, and not replaced" in ran.stderr
    assert (path.read_bytes(), kept.read_bytes()) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["t.csv", "t.map.yaml"]
    ran = codose(*kind.split(), tmp_path)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "is a folder" in ran.stderr


def test_calendar_that_was_filled_in_is_a_log(tmp_path: Path) -> None:
    text = (
        '"week","week_begins","region","provider","mode","hours","co_creation","functions",'
        '"preparation_hours","travel_hours","provider_hours","people_invited","status"\n'
        '1,"2025-01-07","north","provider_1","onsite",4,0.6,"training",3,6,13,4,"held"\n'
        '5,"2025-02-04","north","provider_1","video",1.5,0.6,"0.5 learning and 0.5 review",1.5,0,'
        '3,4,"provider_cancelled"\n'
    )
    log = import_log(written(tmp_path, text))
    read = parse_log(text, horizon_weeks=78, region_names=["north"])
    assert log.rows == read
    assert [(row.week, row.hours, row.status, row.invited) for row in read] == [
        (1, 4, "held", 4), (5, 1.5, "provider_cancelled", 4),
    ]  # fmt: skip
    assert read[0].functions is not None
    assert read[0].functions.learning == 1
    assert read[1].functions is not None
    assert read[1].functions.review == 0.5
    assert log.left_out == {}


# --- any tracker of a valid log -----------------------------------------------------------------

REGIONS = ("north", "South East", "Région 3", "@home")
MODE_WORDS = {
    "onsite": ("onsite", "In-Person", "Site visit", "Away day"),
    "video": ("video", "Zoom", "Virtual w/ Video", "Virtual"),
    "phone": ("phone", "Telephone", "Call"),
    "email": ("email", "E-mail", "Letter"),
}
STATUS_WORDS = {
    "held": ("held", "Completed", "YES", "fine"),
    "region_cancelled": ("region_cancelled", "No show", "Cancelled by site"),
    "provider_cancelled": ("provider_cancelled", "we cancelled", "sick leave"),
    "cancelled": ("cancelled", "Canceled"),
}
contacts = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.dates(datetime.date(2024, 12, 30), datetime.date(2026, 2, 1)),
            "region": st.sampled_from(REGIONS),
            "mode": st.sampled_from(MODES),
            "quarters": st.integers(1, 40),
            "status": st.sampled_from(STATUSES),
            "present": st.none() | st.integers(0, 30),
        }
    ),
    min_size=1,
    max_size=12,
)
FORMS = {
    "iso": "%Y-%m-%d", "month-first": "%m/%d/%Y", "day-first": "%d.%m.%Y", "words": "%b %d, %Y",
}  # fmt: skip
DURATIONS = {
    "hours": lambda m: f"{m / 60:g}", "comma": lambda m: f"{m / 60:g}".replace(".", ","),
    "minutes": str, "clock": lambda m: f"{m // 60}:{m % 60:02}", "min": lambda m: f"{m} min",
    "letters": lambda m: f"{m // 60}h{m % 60:02}",
}  # fmt: skip


@given(
    given=contacts,
    words=st.randoms(use_true_random=False),
    form=st.sampled_from(sorted(FORMS)),
    duration=st.sampled_from(sorted(DURATIONS)),
    separator=st.sampled_from([",", ";", "\t", "xlsx"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    title=st.booleans(),
)
@settings(max_examples=examples(200), deadline=None)
def test_any_tracker_of_a_log_gives_that_log_back(
    tmp_path_factory: Any, given: list[dict[str, Any]], words: Any, form: str, duration: str,
    separator: str, encoding: str, end: str, title: bool,
) -> None:  # fmt: skip
    """Its owner answers what is asked truthfully; nothing else is known."""
    folder = tmp_path_factory.getbasetemp()
    said_modes = {mode: words.choice(MODE_WORDS[mode]) for mode in MODES}
    said_statuses = {status: words.choice(STATUS_WORDS[status]) for status in STATUSES}
    order = list(range(7))
    words.shuffle(order)
    heads = ["When", "State", "How you met", "Length", "Outcome", "Attendees", "Remarks"]
    table = [heads] + [
        [
            one["day"].strftime(FORMS[form]), one["region"], said_modes[one["mode"]],
            DURATIONS[duration](15 * one["quarters"]), said_statuses[one["status"]],
            "" if one["present"] is None else str(one["present"]), 'a "note", of; any\tkind',
        ]
        for one in given
    ]  # fmt: skip
    table = [[row[place] for place in order] for row in table]
    table = [["Our tracker", *[""] * 6], *table] if title else table
    if separator == "xlsx":
        path = folder / "any.xlsx"
        book = openpyxl.Workbook()
        for row in table:
            book.worksheets[0].append(row)
        book.save(path)
    else:
        path = folder / "any.csv"
        quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in table]
        path.write_bytes(end.join(separator.join(row) for row in quoted).encode(encoding))
    truth: dict[tuple[Any, ...], str] = {
        ("date", "order"): form, ("decimal",): "comma",
        ("hours", "unit"): "minutes" if duration == "minutes" else "hours",
        ("mode", "column"): heads[2],
        **{("mode", "words", word): mode for mode, word in said_modes.items()},
        **{("status", "words", word): status for status, word in said_statuses.items()},
    }  # fmt: skip
    known: Any = None
    for _ in range(4):
        try:
            log = import_log(path, known)
            break
        except OpenQuestions as open_:
            known = open_.data
            for question in open_.questions:
                answer(known, question, truth[question.where])
    first = min(one["day"] for one in given)
    expected = [
        LogRow(
            week=1 + (one["day"] - first).days // 7, region=one["region"], mode=one["mode"],
            hours=one["quarters"] / 4, status=one["status"],
            present=one["present"] if one["status"] == "held" or not one["present"] else None,
        )
        for one in given
    ]  # fmt: skip
    assert log.rows == tuple(sorted(expected, key=lambda row: row.week))
    assert import_log(path, log.map).text == log.text  # the map that is kept says it all


def refusal(path: Path, given: Any = None, **how: Any) -> list[str]:
    before = {one: one.read_bytes() for one in path.parent.iterdir()}
    with pytest.raises(InputError) as caught:
        import_log(path, given, **how)
    assert {one: one.read_bytes() for one in path.parent.iterdir()} == before
    return str(caught.value).replace(f"{path.parent}/", "").splitlines()


A_DAY = "one day of 1900 to 2199, such as 2025-01-14 or 14 Jan 2025"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("2025-01-14,north,video,1,held\nsoon,north,video,1,held\n",
         [f"t.csv:3: date: 'soon' is not a date; allowed: {A_DAY}"]),
        ("".join(f"{m}/31/2025,north,video,1,held\n" for m in (1, 2, 3, 4, 6, 9, 11)),
         ["t.csv:3: date: '2/31/2025' is not a day of the calendar (5 such values, lines 3, 5-8); "
          f"allowed: {A_DAY}"]),
        ("2025-01-14,,video,1,held\n2025-01-14,north,,1,held\n,north,video,1,held\n"
         "2025-01-14,north,video,,held\n",
         ["t.csv:2: region: is empty", "t.csv:3: mode: is empty; allowed: onsite, video, phone, "
          "email",
          f"t.csv:4: date: is empty; allowed: {A_DAY}",
          "t.csv:5: hours: is empty; allowed: 0..60 hours"]),
        ("2025-01-14,north,video,90,held\n" * 4,
         ["t.csv:2: hours: '90' is out of range (4 such values, lines 2-5); allowed: 0..60 hours"]),
        ("2025-01-14,north,video,-1,held\n",
         ["t.csv:2: hours: '-1' is out of range; allowed: 0..60 hours"]),
        (f"2025-01-14,{'n' * 81},video,1,held\n",
         ["t.csv:2: region: is too long (81 characters); allowed: at most 80"]),
        ("2025-01-14,a\x07,video,1,held\n",
         ["t.csv:2: region: holds a character that is not text (U+0007)"]),
        ("2025-01-14,north,video,1,held,x\n", ["t.csv:2: has 6 values for 5 columns"]),
        ("Total,,,5,\n", ["t.csv: holds no contacts"]),
        ("", ["t.csv: holds no contacts"]),
        ("1925-01-14,north,video,1,held\n2025-01-14,north,video,1,held\n",
         ["t.csv:3: date: 2025-01-14 is in week 5218 from 1925-01-14 on, beyond the horizon; "
          "allowed: weeks 1..1040"]),
    ],
)  # fmt: skip
def test_mistakes_in_a_tracker(tmp_path: Path, rows: str, found: list[str]) -> None:
    assert refusal(written(tmp_path, LOG + rows)) == found


def test_years_of_two_digits_are_of_this_century_and_it_is_said(tmp_path: Path) -> None:
    rows = "14-Jan-70,north,video,1\n1/20/71,north,video,1\n"
    log = import_log(written(tmp_path, f"date,region,mode,hours\n{rows}"))
    assert (str(log.first_day), str(log.last_day)) == ("2070-01-14", "2071-01-20")
    said = "Years of two digits are 2000 to 2099: 14-Jan-70 was read as 2070-01-14."
    assert said in log.notes()
    full = import_log(written(tmp_path, "date,region,mode,hours\n14-Jan-2070,north,video,1\n"))
    assert not [note for note in full.notes() if "two digits" in note]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("25-Jan", "'25-Jan' is not a whole date: it needs day, month and year; allowed: one day"),
        ("45671", "'45671' is a number: give the column the format of a date in the spreadsheet"),
        ("29-Feb-25", "'29-Feb-25' is not a day of the calendar; allowed: one day of 1900 to 2199"),
        ("14/1/2025", "'14/1/2025' is not a date written month/day/year, as 'order' in the map "
         "says; allowed: dates of one order; or another 'order' in the map"),
    ],
)  # fmt: skip
def test_why_a_text_is_no_date(tmp_path: Path, text: str, problem: str) -> None:
    path = written(
        tmp_path, f"date,region,mode,hours\n1/14/2025,north,video,1\n{text},north,video,1\n"
    )
    given = {
        "date": {"column": "date", "order": "month-first"}, "region": {"column": "region"},
        "mode": {"column": "mode"}, "hours": {"column": "hours", "unit": "hours"},
    }  # fmt: skip
    (found,) = refusal(path, given)
    assert found.startswith(f"t.csv:3: date: {problem}")


def test_dots_and_slashes_are_one_question_which_shows_a_date_that_is_unclear(
    tmp_path: Path,
) -> None:
    rows = "1/14/2026,north,video,1\n3.4.2026,north,video,1\n"
    path = written(tmp_path, f"date,region,mode,hours\n{rows}")
    assert "Is 3.4.2026 month first or day first?" in refusal(path)[0]


def test_3000_us_dates_are_read_and_3000_mixed_ones_are_one_question(tmp_path: Path) -> None:
    days = [datetime.date(2025, 1, 7) + datetime.timedelta(days % 500) for days in range(3000)]
    rows = "".join(f"{d.month}/{d.day}/{d.year},north,video,1.5\n" for d in days)
    path = written(tmp_path, f"date,region,mode,hours\n{rows}")
    log = import_log(path)
    assert [row.week for row in log.rows] == sorted(1 + (day - days[0]).days // 7 for day in days)
    assert "2500 lines repeat another in everything (lines 502-3001)." in log.remarks
    unclear = "".join(f"{d.month}/{1 + d.day % 12}/{d.year},north,video,1.5\n" for d in days)
    path.write_text(f"date,region,mode,hours\n{unclear}")
    assert refusal(path) == [
        "t.csv: date.order: Is 1/8/2025 month first or day first? (month-first, day-first)"
    ]
    path.write_text(f"date,region,mode,hours\n{rows}14/1/2025,north,video,1.5\n")
    assert "only the other. (month-first" in refusal(path)[0]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("date,region,mode,duration\n2025-01-14,north,video,45\n",
         ["hours.unit: Are 45 minutes or hours? (minutes, hours); probably minutes"]),
        ("date,region,mode,hours\n2025-01-14,north,video,full day\n",
         ["hours.words.full day: How many hours are 'full day' (a number, or skip)?; probably 7"]),
        ("date,region,mode,hours\n2025-01-14,north,video,1.5 days\n2025-01-15,north,video,½ day\n"
         '2025-01-15,north,video,"2 hrs, 15 min"\n2025-01-15,north,video,1.75\n',
         ["hours.words.1.5 days: How many hours are '1.5 days' (a number, or skip)?",
          "hours.words.½ day: How many hours are '½ day' (a number, or skip)?; probably 3.5"]),
        ("date,region,hours\n2025-01-14,north,1\n",
         ["mode.column: Which column holds the mode? (onsite, video, phone, email)"]),
        ("date,mode,hours\n2025-01-14,video,1\n",
         ["region.column: Which column holds the region? (the name of one region)"]),
        ('date,region,mode,hours\n2025-01-14,north,video,"1,500"\n',
         ["decimal: What is the comma in 1,500: a decimal comma? (comma, point)"]),
        ("date,region,mode,hours,provider\n2025-01-14,n,video,1,Ann\n2025-01-15,n,video,1,Ben\n"
         "2025-01-16,n,video,1,Ann & Ben\n",
         ["provider.names.Ann & Ben: Who of 'Ann & Ben' counts as the provider? (Ann, Ben)"]),
        ("start date,end date,region,mode,hours\n2025-01-14,2025-01-14,n,video,1\n",
         ["date.column: Which column holds the date? (start date, end date)"]),
        ('date,region,mode,hours\n2025-01-14,n,video,1\n2025-01-15,"n, west",video,1\n',
         ["region.names.n, west: Is 'n, west' (line 3) one region or several? Give its name, or "
          "[n, west]"]),
        ("date,region,mode,travel hours\n2025-01-14,n,video,1\n",
         ["hours.column: Which column holds the hours or duration? (travel hours)"]),
        ("date,region,mode,hours\n2025-01-14,n,Virtual site visit,1\n",
         ["mode.words.Virtual site visit: What is the mode 'Virtual site visit' (line 2)? (onsite, "
          "video, phone, email, skip); probably video"]),
        ("date,region,mode,hours,cancelled?,no-show\n2025-01-14,n,video,1,,x\n",
         ["status.column: Which column holds the status? (cancelled?, no-show)"]),
        ("date,region,mode,hours,cancelled\n2025-01-14,n,video,1,Yes\n2025-01-15,n,video,1,\n",
         ["status.words.Yes: What is the status 'Yes' (line 2)? (held, provider_cancelled, "
          "region_cancelled, cancelled, skip)"]),
        ("date,region,mode,hours,status\n2025-01-14,n,video,1,Completed?\n",
         ["status.words.Completed?: What is the status 'Completed?' (line 2)? (held, "
          "provider_cancelled, region_cancelled, cancelled, skip)"]),
    ],
)  # fmt: skip
def test_what_is_ambiguous_is_asked(tmp_path: Path, text: str, asked: list[str]) -> None:
    assert refusal(written(tmp_path, text)) == [f"t.csv: {one}" for one in asked]


def test_rows_that_are_no_contact_are_left_out_and_no_others(tmp_path: Path) -> None:
    rows = (
        "January 2025,,,,\n2025-01-14,north,video,1,Total of 5 people\nJanuary total,,,5.5,\n"
        ",,,6,7\nUpdated,by Kim,,,\n2025-01-21,Total Care,onsite,4,totally new\nTotal:,2,3,7,x\n"
    )
    log = import_log(written(tmp_path, f"date,region,mode,hours,notes\n{rows}"))
    assert [(row.region, row.hours) for row in log.rows] == [("north", 1), ("Total Care", 4)]
    assert log.left_out == {
        "rows without any cell about a contact": (2, 4, 5, 6),
        "rows that begin with Total": (8,),
    }
    # what lacks one thing or two of four and has its day is a mistake
    lacking = written(tmp_path, LOG + "2025-01-14,north,video,1,held\n2025-01-14,north,,,held\n")
    assert refusal(lacking) == [
        "t.csv:3: hours: is empty; allowed: 0..60 hours",
        "t.csv:3: mode: is empty; allowed: onsite, video, phone, email",
    ]


def test_a_cell_of_several_regions_is_read_as_its_owner_says(tmp_path: Path) -> None:
    text = 'date,region,mode,hours\n2025-01-14,n,video,1\n2025-01-15,"n, west",video,1\n'
    path = written(tmp_path, text)
    for said, regions in (("[n, west]", ["n", "n", "west"]), ("n, west", ["n", "n, west"])):
        with pytest.raises(OpenQuestions) as caught:
            import_log(path)
        data = caught.value.data
        answer(data, caught.value.questions[0], said)
        if said.startswith("["):
            data["region"]["several"] = "each"
        assert [row.region for row in import_log(path, data).rows] == regions


def test_yes_is_held_where_the_column_says_held(tmp_path: Path) -> None:
    log = import_log(
        written(tmp_path, "Week,region,mode,hours,Held (Y/N)\n1,n,video,1,Y\n2,n,video,1,\n")
    )
    assert [(row.week, row.status) for row in log.rows] == [(1, "held"), (2, "held")]
    assert "no status counts as held (line 3)" in log.said


def test_one_region_or_one_mode_may_stand_for_every_row(tmp_path: Path) -> None:
    path = written(tmp_path, "date,hours\n2025-01-14,1\n")
    with pytest.raises(OpenQuestions) as caught:
        import_log(path)
    said = caught.value.data
    for question in caught.value.questions:
        answer(said, question, {"mode": "phone", "region": "us"}[str(question.where[0])])
    log = import_log(path, said)
    assert [(row.region, row.mode) for row in log.rows] == [("us", "phone")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("date: {column: Day}\nregion: {column: region}\nmode: {column: mode}\n"
         "hours: {column: hours}\n",
         ["m.yaml:1: date.column: 'Day' is not a column of t.csv; allowed: date, region, mode, "
          "hours, status"]),
        ("date: {column: date, order: us}\nregion: {colum: region}\nmode: {column: mode}\n"
         "hours: {column: hours, unit: '?'}\n",
         ["m.yaml:1:29: date.order: 'us' is not one of the choices; allowed: iso, month-first, "
          "day-first",
          "m.yaml:2:10: region.colum: is not a field; allowed: column, always, names, several; did "
          "you mean 'column'?",
          "m.yaml:4:30: hours.unit: '?' is not one of the choices; allowed: hours, minutes"]),
        ("region: {column: region, always: x}\nmode: {}\nhours: {column: hours}\n",
         ["m.yaml:1:1: date: give 'date' or 'week', one is needed"]),
    ],
)  # fmt: skip
def test_mistakes_in_a_map(tmp_path: Path, text: str, found: list[str]) -> None:
    path = written(tmp_path, LOG + "2025-01-14,north,video,1,held\n")
    told = refusal(path, written(tmp_path, text, "m.yaml"))
    assert told[: len(found)] == found


@pytest.mark.parametrize(
    ("rows", "remark"),
    [
        ("2025-01-14,north,onsite,45,Ann\n2025-02-04,north,video,50,Ann\n",
         "The median contact takes 47.5 h: are these minutes?"),
        ("2025-01-14,north,onsite,4,Ann\n2025-01-14,north,onsite,4,Ann\n",
         "line 3 repeats line 2 in everything."),
        ("2025-01-14,north,onsite,40,Ann\n2025-01-15,south,onsite,9,Ann\n",
         "Ann has 49 h of contacts in week 1, of 40 h a week."),
        ("2025-01-14,north,video,2,Ann\n2025-01-14,south,video,2,Ann\n",
         "once one provider had a contact of the same mode and length with several regions on one "
         "day (lines 2-3): one call, counted twice? Rows of one contact have the same text in a "
         "column 'contact'."),
        ("2025-01-14,north,video,0.05,Ann\n",
         "The median contact takes 0.05 h: is the unit right?"),
        ("2025-01-14,north,video,1,Ann\n2025-01-21,North,video,1,Ann\n",
         "'north' and 'North' are regions of their own: one, written in two ways?"),
        ("2025-01-14,north,video,1,J. Doe\n2025-01-21,north,video,1,J Doe\n",
         "'J. Doe' and 'J Doe' are providers of their own: one, written in two ways?"),
        ("2025-01-14,north,video,1,Ann\n2015-01-21,north,video,1,Ann\n",
         "There is no contact from 2015-01-21 to 2025-01-14: is a year mistyped?"),
        ("1/14/2025,north,video,1,Ann\n2025-02-01,north,video,1,Ann\n",
         "Some dates are dates of the sheet with days up to 12, the others text with days above "
         "12: a spreadsheet of another country may have turned day and month round."),
    ],
)  # fmt: skip
def test_what_is_odd_is_a_remark_and_no_mistake(tmp_path: Path, rows: str, remark: str) -> None:
    log = import_log(written(tmp_path, f"date,region,mode,hours,provider\n{rows}"))
    assert remark in log.remarks


def test_validate_tells_the_remarks_of_a_log(tmp_path: Path) -> None:
    written(
        tmp_path, "week,region,mode,hours\n" + "1,region_1,video,1\n" * 3 + "2,region_1,phone,45\n"
    )
    written(tmp_path, "Person,Works with\nann,bob\nbob,ann\n", "team.csv")
    path = written(
        tmp_path,
        "name: x\nregions: {count: 1, candidates: 1, staff: 2, network: {kind: file, file: "
        "team.csv}}\n"
        "providers: {count: 1, weekly_hours: 20}\ncontact_log: {file: t.csv}\n",
        "s.yaml",
    )
    ran = codose("validate", path)
    assert ran.exit_code == 0
    for said in (
        "2 rows repeat another of the same week in everything, first in week 1: copies?",
        "provider_1 has 45 h of contacts in week 2, of 20 h a week.",
        "team.csv: ties in both directions are one tie each: bob - ann (line 3)",
    ):
        assert said in ran.stderr


def test_a_calendar_that_is_filled_in_half_is_not_all_held_without_a_word(tmp_path: Path) -> None:
    scenario = (
        "name: x\nregions: {count: 1, candidates: 1, staff: 2}\n"
        "providers: {count: 1, weekly_hours: 20}\ncontact_log: {file: t.csv}\n"
    )
    path = written(tmp_path, scenario, "s.yaml")
    rows = ("3,region_1,video,1,held", "5,region_1,video,1,", "9,region_1,video,1,")
    said = "2 log rows after week 3 without a status count as held: did they take place?"
    for some, told in ((rows, True), (rows[:1], False), (rows[1:], False)):
        written(tmp_path, "week,region,mode,hours,status\n" + "\n".join(some) + "\n")
        ran = codose("validate", path)
        assert ran.exit_code == 0
        assert (said in ran.stderr) == told


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Phone/Zoom", ""),
        ("virtual", ""),
        ("ON-SITE", "onsite"),
        ("MS Teams call", "video"),
        ("virtual visit", ""),
        ("not in person", ""),
        ("no visit", ""),
        ("cancelled visit", ""),
        ("remote, phone", "phone"),
        ("", ""),
    ],
)
def test_modes_that_a_word_surely_means(text: str, meant: str) -> None:
    assert mode_of(text) == meant


def test_no_word_means_two_statuses() -> None:
    assert {status_of(status) for status in STATUSES} == set(STATUSES)
    assert status_of("Canceled by site") == "region_cancelled"
    assert status_of("not held") == ""


# --- networks -----------------------------------------------------------------------------------


def test_a_network_is_written_as_graphml_and_read_by_a_scenario(tmp_path: Path) -> None:
    path = written(
        tmp_path, "Person,Works with,Weight\nann,bob & co,2\nbob & co,Émile,0.5\n", "e.csv"
    )
    ran = codose("import", "network", path, "--out", tmp_path / "team.graphml")
    assert (ran.exit_code, ran.stdout.splitlines()[0]) == (0, "3 people, 2 ties.")
    scenario = written(
        tmp_path,
        "name: x\nregions: {count: 1, candidates: 1, staff: 3, network: {kind: file, file: "
        "team.graphml}}\n",
        "s.yaml",
    )
    network = sim.Scenario.load(scenario).networks[0]
    assert network.names == ("ann", "bob & co", "Émile")
    assert network.edges == (("ann", "bob & co"), ("bob & co", "Émile"))
    assert import_network(tmp_path / "team.graphml").team.weights == (2.0, 0.5)


def test_a_head_that_is_not_clear_is_one_question(tmp_path: Path) -> None:
    path = written(tmp_path, "Ego A,Buddies\nann,bob\nbob,cem\ncem,ann\n", "e.csv")
    ran = codose("import", "network", path)
    assert ran.exit_code == 2
    assert "Is line 1 (Ego A and Buddies) a head" in ran.stderr
    kept = tmp_path / "e.map.yaml"
    kept.write_text(kept.read_text().replace("'?'", "head"))
    assert codose("import", "network", path, "--map", kept).exit_code == 0
    assert import_network(tmp_path / "e.team.graphml").team.names == ("ann", "bob", "cem")
    book = openpyxl.Workbook()
    for row in (["", "ann", "bob"], ["ann", 0, 3], ["bob", None, 0]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "m.xlsx")
    assert import_network(tmp_path / "m.xlsx").team.weights == (3.0,)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.gml", "graph [ node [ id 0 label", "is not valid GML"),
        ("a.gexf", "<gexf><graph>", "is not valid GEXF"),
        ("a.gexf", '<?xml version="1.0"?>\n<gexf><!DOCTYPE a></gexf>', "is not valid GEXF"),
        ("a.net", "*Vertices two\n1 ann", "is not valid Pajek"),
        ("a.csv", "", "the team file is empty"),
        ("a.csv", "# nothing\n", "the team file is empty"),
    ],
)
def test_networks_that_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = written(tmp_path, text, name)
    ran = codose("import", "network", path)
    assert (ran.exit_code, len(ran.stderr.splitlines())) == (2, 1)
    assert message in ran.stderr
    assert [one.name for one in tmp_path.iterdir()] == [name]


GRAPHML = (
    '<graphml><key id="k" for="node" attr.name="label"/><graph><node id="0"><data key="k">Ann'
    '</data></node><node id="1"><data key="k">Bob</data></node><edge source="0" target="1"/>{more}'
    "</graph></graphml>"
)
ROUND = "".join(f"{one},{other}{{rest}}\n" for one, other in ("ab", "bc", "cd", "de", "ea"))
CASES = {
    "office tracker": ("t.csv", TRACKER),
    "semicolons": ("t.csv", "date;region;mode;hours\n2025-01-14;n;video;1,5\n"),
    "durations": (
        "t.csv",
        "date,region,mode,hours\n"
        + "".join(
            f"2025-01-{day},n,video,{said}\n"
            for day, said in enumerate(
                ("1:30", "90 min", "1.5 hrs", "1h30", "full day", "1/2 day",
                 "3 sessions at 1.5 each", "6 hrs plus 2 hrs travel", "60:00"), 10,
            )
        ),
    ),
    "own words": (
        "t.csv",
        LOG + "".join(
            f"2025-01-14,n,video,1,{word}\n"
            for word in ("Completed", "No show", "Rescheduled", "Cancelled")
        ),
    ),
    "3,000 US dates": (
        "t.csv", "date,region,mode,hours\n1/7/2025,n,video,1\n1/14/2025,n,video,1\n"
    ),
    "minutes in a column of hours": ("t.csv", LOG + "2025-01-14,n,onsite,45,held\n"),
    "a contact three times": ("t.csv", LOG + "2025-01-14,n,onsite,4,held\n" * 3),
    "calendar of codose": (
        "t.csv",
        "week,week_begins,region,provider,mode,hours,co_creation,preparation_hours,travel_hours,"
        "provider_hours,people_invited,status\n1,2025-01-07,n,provider_1,onsite,4,0.6,3,6,13,4,held\n",
    ),
    "edges table of Gephi": (
        "n.csv", "Source,Target,Type,Id,Label,Weight\n" + ROUND.format(rest=",Undirected,0,,1")
    ),
    "edge list with an own head": ("n.csv", "Person,Works with\n" + ROUND.format(rest="")),
    "edge list with weights": ("n.csv", "source,target,weight\n" + ROUND.format(rest=",0.5")),
    "GraphML with labels": ("n.graphml", GRAPHML.format(more="")),
    "GraphML with parallel edges": (
        "n.graphml", GRAPHML.format(more='<edge source="0" target="1"/>')
    ),
}  # fmt: skip
QUESTIONS = {"office tracker": 3, "durations": 5, "own words": 2}
"""What has to be asked of whom; every other table is read without a question."""
REMARKED = ("minutes in a column of hours", "a contact three times")
"""Tables that were once read wrongly without a word."""


@pytest.mark.parametrize("name", CASES)
def test_a_table_takes_no_more_questions_than_it_must(tmp_path: Path, name: str) -> None:
    file, text = CASES[name]
    kind = "network" if file.startswith("n") else "log"
    path = written(tmp_path, text, file)
    ran = codose("import", kind, path, "--out", tmp_path / "out")
    asked = len(ran.stderr.splitlines()) - 1 if ran.exit_code else 0
    assert asked == QUESTIONS.get(name, 0)
    assert ("Remark: " in ran.stdout) is (name in REMARKED)


# --- nothing is lost ----------------------------------------------------------------------------


def test_a_log_is_written_even_if_nobody_listens_to_the_end(tmp_path: Path) -> None:
    """``codose import log tracker.csv | head -1``: the reader has gone before all is told."""
    tracker, out = tmp_path / "tracker.csv", tmp_path / "out.csv"
    tracker.write_text("Date,State,Type,Minutes\n2025-01-14,north,Zoom,90\n", encoding="utf-8")
    read, write = os.pipe()
    os.close(read)
    words = ["import", "log", str(tracker), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "sim", *words], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert done.returncode == 0, done.stderr
    assert "2025-01-14,north,video,1.5" in out.read_text(encoding="utf-8")


def test_a_network_map_is_a_mapping(tmp_path: Path) -> None:
    """As of the other tables; each map is read by one function."""
    edges, map = tmp_path / "a.csv", tmp_path / "a.map.yaml"
    edges.write_text("source,target\nann,bob\n", encoding="utf-8")
    map.write_text("- first_row: head\n", encoding="utf-8")
    for what in ("log", "network", "survey"):
        ran = codose("import", what, edges, "--map", map)
        assert (ran.exit_code, "must be a mapping (field: value)" in ran.stderr) == (2, True), what


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX systems")
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    """A file is written beside its place and renamed, which would put it where the device is."""
    tracker = written(tmp_path, "Date,State,Type,Minutes\n2025-01-14,north,Zoom,90\n")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ran = codose("import", "log", tracker, "--out", pipe, "--force")
    assert (ran.exit_code, "is not an ordinary file" in ran.stderr) == (2, True), ran.stderr
    assert pipe.is_fifo()
