"""Calendars of the page are those of ``codose calendar``: the same rows, the same events."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from page_app import ask

from sim.core.cells import for_excel
from sim.engine import artefact
from sim.page.data import page_data, said
from sim.scenario.scenario import Scenario
from sim.studies.calendar import icalendar_text, to_fill_in

START = "2027-01-04"


def _scenarios() -> list[Scenario]:
    names = ["Zürich, Süd", "=2+2", "Region; \\ III"]
    own = Scenario.shipped("planning").replace(
        name="A plan: commas, and ümläuts that make a line so long that it has to be folded twice",
        start_date=START,
        regions={"candidates": 3, "count": 3, "selection": "all", "staff": 9, "names": names},
        providers={"names": ["Ann", "Ben, jr."], "weekly_hours": 20},
        skip={"months": [8], "dates": ["2027-01-04 to 2027-01-06", "2027-12-20 to 2028-01-02"]},
        shocks=[{"kind": "dosage_cut", "week": 53, "factor": 0.5, "until_week": 80}],
        dosage=[
            {"mode": "onsite", "every_weeks": 13, "hours": 4, "taper": 0.5, "last_week": 104},
            {"mode": "video", "every_weeks": 2, "hours": 1.5, "co_creation": [0.2, 0.9],
             "functions": "training", "last_week": 60},
            {"mode": "video", "every_weeks": 4, "hours": 1,
             "functions": {"learning": 0.665, "review": 0.33}, "first_week": 20},
            {"mode": "phone", "every_weeks": 3, "hours": 0.5, "timing": "irregular"},
        ],
    )  # fmt: skip
    return [
        Scenario.shipped("planning"),
        Scenario.shipped("planning").replace(start_date=START),
        Scenario.shipped("centre_log"),
        Scenario.shipped("no_ta").replace(start_date=START),
        own,
    ]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Scenario, dict[str, Any]]]:
    scenarios = _scenarios()
    asked = {
        "layout": str(artefact.SHIPPED / "layout.json"),
        "wasm": str(artefact.SHIPPED / "engine.wasm"),
        "data": page_data(),
        "scenarios": [said(one) for one in scenarios],
    }
    answers = ask("calendar", asked, tmp_path_factory.mktemp("calendar"))
    return list(zip(scenarios, answers, strict=True))


def test_the_table_is_that_of_the_command(found: list[tuple[Scenario, dict[str, Any]]]) -> None:
    for scenario, answer in found:
        assert answer["csv"] == for_excel(to_fill_in(scenario).csv()), scenario.name


def test_events_are_those_of_the_command(found: list[tuple[Scenario, dict[str, Any]]]) -> None:
    icalendar = pytest.importorskip("icalendar")

    def events(text: str) -> tuple[str, list[bytes]]:
        whole = icalendar.Calendar.from_ical(text)
        return str(whole["x-wr-calname"]), [one.to_ical() for one in whole.walk("vevent")]

    compared = 0
    for scenario, answer in found:
        whose = [None, *scenario.provider_names]
        assert len(answer["ics"]) == (0 if scenario.start_date is None else len(whose))
        for provider, text in zip(whose, answer["ics"], strict=False):
            assert events(text) == events(icalendar_text(scenario, provider=provider))
            lines = text.split("\r\n")
            assert text.endswith("END:VCALENDAR\r\n")
            assert max(len(line.encode()) for line in lines) <= 75
            assert "\n" not in text.replace("\r\n", "")
            compared += len(events(text)[1])
    assert compared > 500


def test_a_calendar_comes_back_as_a_log(
    found: list[tuple[Scenario, dict[str, Any]]], tmp_path: Path
) -> None:
    scenario, answer = found[-1]
    (tmp_path / "log.csv").write_text(answer["csv"], encoding="utf-8")
    data = {name: value for name, value in said(scenario).items() if name not in ("dosage", "skip")}
    file = tmp_path / "plan.yaml"
    file.write_text(json.dumps({**data, "contact_log": {"file": "log.csv"}}), encoding="utf-8")
    read = Scenario.load(file)
    rows = list(csv.DictReader(io.StringIO(answer["csv"].lstrip("\ufeff"))))
    assert read.contact_log is not None
    assert len(read.contact_log.rows) == len(rows) > 50
    assert {row.status for row in read.contact_log.rows} == {"held"}
