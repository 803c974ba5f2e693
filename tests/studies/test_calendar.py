"""A plan's calendar: the same contacts as the scenario's, with dates, as CSV and iCalendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sim.core.errors import InputError
from sim.model.dosage import MODES, planned_contacts
from sim.scenario.scenario import Scenario
from sim.studies.calendar import COLUMNS, calendar_table, icalendar_text, start_of

icalendar = pytest.importorskip("icalendar")

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
    assert start_of(Scenario.shipped("source"), None) is None
    assert start_of(Scenario.shipped("centre_log"), None) == date(2016, 11, 1)


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
        assert str(row.region) in event["summary"]
        assert str(row.provider) in event["summary"]
    assert len({str(one["uid"]) for one in events}) == len(events)


def test_icalendar_keeps_the_form_of_rfc_5545() -> None:
    """CRLF, at most 75 octets a line, UTF-8, whatever the names are."""
    scenario = Scenario.shipped("source")
    names = ["Südwest; Täler, Höhen\\Ost", "b" * 80, "c"]
    scenario = scenario.replace(regions={**scenario.to_dict()["regions"], "names": names})
    text = icalendar_text(scenario, START)
    lines = text.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode("utf-8")
    unfolded = text.decode("utf-8").replace("\r\n ", "")
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


def test_a_date_past_the_calendar_is_refused() -> None:
    with pytest.raises(InputError, match="past the year 9999"):
        calendar_table(Scenario.shipped("source"), date(9999, 6, 1))
