"""A plan's calendar: the same contacts as the scenario's, with dates, as CSV and iCalendar."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.model.dosage import MODES, planned_contacts
from sim.scenario.scenario import Scenario
from sim.studies.calendar import COLUMNS, calendar_table, icalendar_text, of_providers, to_fill_in
from tests.cases import codose

icalendar = pytest.importorskip("icalendar")

pytest.importorskip("openpyxl")

START = date(2027, 1, 4)
SCENARIOS = ("source", "planning", "intensive_start", "delivery_phase", "centre_log")


@pytest.mark.parametrize("name", SCENARIOS)
def test_calendar_is_the_planned_contacts(name: str) -> None:
    scenario = Scenario.shipped(name)
    table = calendar_table(scenario, START)
    planned = [
        c
        for c in planned_contacts(scenario, scenario.parameter_set())
        if c.week >= scenario.plan_start
    ]
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(planned) > 0
    for row, contact in zip(table.itertuples(index=False), planned, strict=True):
        assert row.week == contact.week
        assert row.region == scenario.region_names[contact.region]
        assert row.mode == MODES[contact.mode]
        assert row.hours == contact.hours
        assert row.co_creation == contact.co_creation
        assert row.week_begins == (START + timedelta(days=7 * (contact.week - 1))).isoformat()


def test_hours_of_a_provider_by_hand() -> None:
    table = calendar_table(Scenario.shipped("source"), START)
    first = table[table["mode"] == "onsite"].iloc[0]
    # 4 h of contact, 1 + 0.5 * 4 h of preparation, 6 h of travel; all twelve staff are asked
    assert (first["preparation_hours"], first["travel_hours"]) == (3.0, 6.0)
    assert first["provider_hours"] == 13.0
    assert first["people_invited"] == 12


def test_a_contact_list_without_date_has_weeks_only() -> None:
    table = calendar_table(Scenario.shipped("source"))
    assert (table["week_begins"] == "").all()
    logged = calendar_table(Scenario.shipped("centre_log"))
    assert logged["week_begins"][0] == str(
        date(2016, 11, 1) + timedelta(weeks=int(logged["week"][0]) - 1)
    )


def test_irregular_contacts_have_no_date() -> None:
    assert len(calendar_table(Scenario.shipped("irregular"), START)) == 0


def test_icalendar_parses_and_says_the_same() -> None:
    scenario = Scenario.shipped("source")
    text = icalendar_text(scenario, START)
    read = icalendar.Calendar.from_ical(text)
    assert read["version"] == "2.0"
    events = list(read.walk("VEVENT"))
    table = calendar_table(scenario, START)
    assert len(events) == len(table)
    for event, row in zip(events, table.itertuples(index=False), strict=True):
        assert event["dtstart"].dt.isoformat() == row.week_begins
        assert event["dtend"].dt - event["dtstart"].dt == timedelta(days=1)
        region, provider = (
            str(one).replace("_", " ").title() for one in (row.region, row.provider)
        )
        assert region in event["summary"]  # region_1 is read as Region 1
        assert provider in event["summary"]
    assert len({str(one["uid"]) for one in events}) == len(events)


def test_icalendar_keeps_the_form_of_rfc_5545() -> None:
    """CRLF, at most 75 octets a line, UTF-8, whatever the names are."""
    scenario = Scenario.shipped("source")
    names = ["Südwest; Täler, Höhen\\Ost", "b" * 80, "c"]
    scenario = scenario.replace(regions={**scenario.to_dict()["regions"], "names": names})
    text = icalendar_text(scenario, START)
    lines = text.encode().split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert "\n" not in text.replace("\r\n", "")
    assert max(map(len, lines)) <= 75
    unfolded = text.replace("\r\n ", "")
    assert "Südwest\\; Täler\\, Höhen\\\\Ost" in unfolded
    summaries = {str(one["summary"]) for one in icalendar.Calendar.from_ical(text).walk("VEVENT")}
    assert any(names[0] in summary for summary in summaries)


def test_same_plan_same_bytes_and_same_identifiers() -> None:
    scenario = Scenario.shipped("source")
    assert icalendar_text(scenario, START) == icalendar_text(Scenario.shipped("source"), START)
    later = icalendar.Calendar.from_ical(icalendar_text(scenario, START + timedelta(days=7)))
    now = icalendar.Calendar.from_ical(icalendar_text(scenario, START))
    assert [str(e["uid"]) for e in now.walk("VEVENT")] == [
        str(e["uid"]) for e in later.walk("VEVENT")
    ]


def skipping(**skip: Any) -> Scenario:
    return Scenario.shipped("source").replace(start_date=START, skip=skip)


def test_a_holiday_moves_a_contact_within_its_week() -> None:
    """What the model plays is what the calendar says: a contact never leaves its week."""
    scenario = skipping(dates=["2027-01-04", "2027-01-18 to 2027-01-22"])
    days = to_fill_in(scenario).frame["date"].tolist()
    assert days[0] == date(2027, 1, 5)
    assert not any(date(2027, 1, 18) <= day <= date(2027, 1, 24) for day in days)
    assert date(2027, 1, 18) in to_fill_in(skipping()).frame["date"].tolist()
    events = icalendar.Calendar.from_ical(icalendar_text(scenario)).walk("VEVENT")
    assert [event["dtstart"].dt for event in events] == days


def test_each_provider_has_the_contacts_of_its_regions() -> None:
    scenario = skipping(months=[7])
    whole = to_fill_in(scenario)
    parts = of_providers(whole)
    assert sorted(parts) == sorted(scenario.provider_names)
    assert sum(len(part) for part in parts.values()) == len(whole)
    uids = {}
    for provider, part in parts.items():
        served = {
            name
            for name, place in zip(scenario.region_names, scenario.assignment, strict=True)
            if scenario.provider_names[place] == provider
        }
        assert set(part.frame["region"]) == served
        text = icalendar_text(scenario, provider=provider)
        events = list(icalendar.Calendar.from_ical(text).walk("VEVENT"))
        assert [event["dtstart"].dt for event in events] == part.frame["date"].tolist()
        uids[provider] = {str(event["uid"]) for event in events}
    everybody = icalendar.Calendar.from_ical(icalendar_text(scenario)).walk("VEVENT")
    assert set.union(*uids.values()) == {str(event["uid"]) for event in everybody}


def test_events_need_a_date() -> None:
    with pytest.raises(InputError, match="start_date: is needed"):
        icalendar_text(Scenario.shipped("source"))


# --- the command ---------------------------------------------------------------------------------


def test_the_command_writes_a_file_a_provider(tmp_path: Path) -> None:
    folder = tmp_path / "calendar"
    ran = codose("calendar", "source", "--start", "2027-01-04", "--out", folder, "--xlsx")
    assert ran.exit_code == 0, ran.stderr
    stems = ["calendar", "calendar-provider_1", "calendar-provider_2"]
    names = sorted(f"{stem}.{ending}" for stem in stems for ending in ("csv", "ics", "xlsx"))
    assert sorted(path.name for path in folder.iterdir()) == names
    frame = pd.read_csv(folder / "calendar.csv", parse_dates=["date"])
    scenario = Scenario.shipped("source")
    planned = planned_contacts(scenario, scenario.parameter_set())
    assert [d.date() for d in frame["date"]] == [
        START + timedelta(weeks=contact.week - 1) for contact in planned
    ]
    assert frame["status"].isna().all()
    book = pd.read_excel(folder / "calendar.xlsx", sheet_name=None)
    assert list(book) == ["Calendar"]
    assert book["Calendar"]["date"].tolist() == frame["date"].tolist()
    parts = [pd.read_excel(folder / f"{stem}.xlsx") for stem in stems[1:]]
    assert [set(part["provider"]) for part in parts] == [{"provider_1"}, {"provider_2"}]


def test_the_command_replaces_nothing_unless_forced(tmp_path: Path) -> None:
    words = ("calendar", "classroom", "--out", tmp_path)
    assert codose(*words).exit_code == 0
    (tmp_path / "calendar.csv").write_text("mine")
    again = codose(*words)
    assert again.exit_code == 2
    assert "calendar.csv: the file exists; allowed: --out" in again.stderr
    assert (tmp_path / "calendar.csv").read_text() == "mine"
    assert codose(*words, "--force").exit_code == 0
    assert (tmp_path / "calendar.csv").read_text().startswith('"week","region"')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("irregular",), "plans no contact with a date"),
        (("source", "--start", "4.1.2027"), "--start: '4.1.2027' is not a date"),
        (("centre_log", "--start", "2027-01-04"), "is not the start_date of"),
        (("sauce",), "did you mean 'source'"),
    ],
)
def test_what_has_no_calendar_is_said(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ran = codose("calendar", *words, "--out", tmp_path / "x")
    assert (ran.exit_code, said in ran.stderr) == (2, True), ran.stderr
    assert not (tmp_path / "x").exists()


# --- filled in, it is a log ----------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("start", [None, "2027-01-04"])
def test_a_calendar_that_was_filled_in_is_a_log(
    ending: str, start: str | None, tmp_path: Path
) -> None:
    """Hostile names too: what codose writes, it reads."""
    names = ["=Nord", "'=Süd", "-Ost"]
    first = Scenario.shipped("source")
    first = first.replace(
        regions={**first.to_dict()["regions"], "names": names}, start_date=start,
        skip={"weeks": [3]},
    )  # fmt: skip
    file = tmp_path / "first.yaml"
    file.write_text(first.to_yaml(), encoding="utf-8")
    ran = codose("calendar", file, "--out", tmp_path, "--xlsx")
    assert ran.exit_code == 0, ran.stderr
    planned = planned_contacts(first, first.parameter_set())
    wanted = [(c.week, names[c.region], MODES[c.mode], round(c.hours, 12), "held") for c in planned]
    if ending == "csv":
        text = (tmp_path / "calendar.csv").read_text("utf-8")
        head, *lines = text.splitlines()
        assert lines[0].endswith('""')
        lines[0] = lines[0].removesuffix('""') + "provider_cancelled"
        (tmp_path / "calendar.csv").write_text("\n".join([head, *lines]), encoding="utf-8")
        wanted[0] = (*wanted[0][:4], "provider_cancelled")
    data = {**first.to_dict(), "dosage": [], "contact_log": {"file": f"calendar.{ending}"}}
    log = Scenario.from_dict(data, folder=tmp_path).contact_log
    assert log is not None
    read = [(r.week, r.region, r.mode, round(r.hours, 12), r.status) for r in log.rows]
    assert read == wanted
    assert {row.provider for row in log.rows} == set(first.provider_names)
