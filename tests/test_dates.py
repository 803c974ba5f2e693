"""Dates: one first day of week 1, told wherever it is known; weeks in which nobody meets."""

from __future__ import annotations

import calendar
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from sim.core.errors import ScenarioError
from sim.core.units import first_day, week_of
from sim.model.dosage import planned_contacts
from sim.model.week import CoCreationModel
from sim.present import style
from sim.present.calendar_plots import dosage_timeline
from sim.present.table import PlainRows, Table
from sim.runs.folder import read_table, write_table
from sim.scenario.scenario import Scenario
from sim.studies.dates import dated, said
from sim.studies.kind import StudyKind
from sim.studies.spec import Study, StudyError
from tests.cases import TINY, codose
from tests.strategies import calendars, examples, scenarios

START = date(2027, 1, 4)
DAYS = st.dates(date(1901, 1, 1), date(2199, 12, 31))
LOG = {"rows": [{"week": 1, "region": "region_1", "mode": "phone", "hours": 1}]}


def classroom(**fields: Any) -> Scenario:
    return Scenario.shipped("classroom").replace(**fields)


def study(*scenarios: Scenario) -> Study[Any]:
    if len(scenarios) == 1:
        return StudyKind.of("run").make(scenario=scenarios[0], sets=2, replicates=1)
    return StudyKind.of("compare").make(scenarios=list(scenarios), sets=2, replicates=1)


def refusal(**fields: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        classroom(**fields)
    return str(caught.value)


# --- one first day -------------------------------------------------------------------------------


@given(DAYS, st.integers(-20_000, 20_000).filter(lambda days: days))
def test_a_day_is_in_the_week_that_begins_on_or_before_it(start: date, days: int) -> None:
    day = start + timedelta(days=days)
    first = first_day(week_of(day, start), start)
    assert first <= day < first + timedelta(days=7)
    assert (first - start).days % 7 == 0


def test_the_older_name_is_the_same_date() -> None:
    old = classroom(dosage=[], contact_log={"first_date": "2027-01-04", **LOG})
    new = classroom(dosage=[], contact_log=LOG, start_date="2027-01-04")
    both = classroom(dosage=[], contact_log={"first_date": START, **LOG}, start_date="2027-01-04")
    assert old == new == both
    assert old.start_date == START
    assert old.digest() == new.digest()
    assert Scenario.from_text(old.to_yaml()) == old
    assert old.without_ta().start_date == START


def test_two_first_days_are_a_contradiction() -> None:
    text = refusal(
        dosage=[], contact_log={"first_date": "2027-01-05", **LOG}, start_date="2027-01-04"
    )
    assert "contact_log.first_date: is not the start_date of the scenario, 2027-01-04" in text
    with pytest.raises(StudyError, match="start_date: is not the start_date of"):
        StudyKind.of("plan").make(
            **{**TINY["plan"], "scenario": classroom(start_date=date(2028, 1, 3))}
        )


def test_without_a_date_nothing_is_said_of_it() -> None:
    scenario = Scenario.shipped("classroom")
    assert not {"start_date", "skip"} & set(scenario.to_dict())
    table = Table("weeks", pd.DataFrame({"week": [1, 2]}))
    assert dated(study(scenario), {"weeks": table})["weeks"] is table
    assert said(study(scenario)) == ""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"start_date": "4.1.2027"}, "start_date: '4.1.2027' is not a date; allowed: yyyy-mm-dd"),
        ({"start_date": "0027-01-04"}, "start_date: 0027-01-04 is out of range; allowed: a day of"),
        ({"skip": {"months": [7]}}, "skip.months: which weeks these are is not known"),
        ({"skip": {"dates": ["2027-07-01"]}}, "skip.dates: which weeks these are is not known"),
        ({"skip": {"weeks": [79]}}, "skip.weeks[0]: week 79 is beyond the horizon; allowed: 1..78"),
        ({"skip": {"months": ["July"]}}, "skip.months[0]: 'July' is not a number"),
        ({"skip": {"month": [7]}}, "skip.month: is not a field"),
        ({"skip": {"dates": ["2027-12-24 to 2027-12-01"]}}, "2027-12-01 is before 2027-12-24"),
        ({"skip": {"dates": ["Christmas"]}}, "skip.dates[0]: 'Christmas' is not a date"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_said(fields: dict[str, Any], words: str) -> None:
    assert words in refusal(**fields)


# --- weeks in which nobody meets ------------------------------------------------------------------


def blocked(skip: dict[str, Any], day: date) -> bool:
    """Whether a day is skipped, by the letter of the file."""
    for text in skip.get("dates", ()):
        first, _, last = text.partition(" to ")
        if first <= str(day) <= (last or first):
            return True
    return day.month in skip.get("months", ())


@settings(max_examples=examples(60))
@given(st.data())
def test_skipped_weeks_are_those_without_a_free_day(data: st.DataObject) -> None:
    fields = data.draw(calendars(78))
    scenario = classroom(**fields)
    plain = planned_contacts(classroom(), classroom().parameter_set())
    kept = {contact.week for contact in planned_contacts(scenario, scenario.parameter_set())}
    start, skip = date.fromisoformat(fields["start_date"]), fields["skip"]
    for week in {contact.week for contact in plain}:
        days = [start + timedelta(days=7 * (week - 1) + n) for n in range(7)]
        free = [
            d for n, d in enumerate(days) if not blocked(skip, d) and (not n or d.weekday() < 5)
        ]
        meets = bool(free) and week not in skip.get("weeks", ())
        assert (week in kept) is meets
        assert scenario.day_of(week) == (free[0] if meets else None)


@settings(max_examples=examples(60))
@given(scenarios())
def test_files_say_what_is_skipped_and_not_what_comes_of_it(fields: dict[str, Any]) -> None:
    scenario = Scenario.from_dict(fields)
    assert Scenario.from_dict(scenario.to_dict()) == scenario
    assert Scenario.from_text(scenario.to_yaml()) == scenario
    assert len(scenario.to_dict()["shocks"]) == len(fields["shocks"])
    bare = scenario.replace(skip=None)
    assert bare.shocks == scenario.events


def test_a_skipped_month_is_a_cut_to_nothing_in_the_model() -> None:
    """Weeks 27 to 30 begin on 5 to 26 July 2027, the Mondays of that month."""
    cut = {"kind": "dosage_cut", "week": 27, "until_week": 30, "factor": 0}
    courses = []
    for fields in ({"start_date": START, "skip": {"months": [7]}}, {"shocks": [cut]}, {}):
        model = CoCreationModel(classroom(**fields), seed=3)
        for _ in range(model.horizon):
            model.step()
        courses.append(model.record.tolist())
    assert courses[0] == courses[1] != courses[2]


def test_a_log_is_not_skipped() -> None:
    """What was held was held."""
    scenario = classroom(dosage=[], contact_log=LOG, start_date=START, skip={"weeks": [1, 2]})
    assert [c.week for c in planned_contacts(scenario, scenario.parameter_set())] == [1]


# --- told ---------------------------------------------------------------------------------------


def test_a_date_stands_beside_every_week() -> None:
    table = Table("weeks", pd.DataFrame({"week_a": [0, 52], "x": [1.0, 2.0], "week_b": [1, 2]}))
    labels = Table("indices", pd.DataFrame({"week": ["week_3", "end_of_ta", ""]}))
    about = study(classroom(start_date=START))
    about = StudyKind.of("run").make(scenario=classroom(start_date=START), weeks=[3, "end_of_ta"])
    made = dated(about, {"weeks": table, "indices": labels})
    frame = made["weeks"].frame
    assert list(frame) == ["week_a", "date_a", "x", "week_b", "date_b"]
    assert frame["date_a"].tolist() == [date(2026, 12, 28), START + timedelta(weeks=51)]
    assert made["weeks"].cells()[0][1] == "28 Dec 2026"
    assert made["weeks"].records()[0]["date_b"] == "2027-01-04"
    known = made["indices"].frame["date"].tolist()
    assert known == [START + timedelta(weeks=2), START + timedelta(weeks=51), None]
    assert dated(about, made)["weeks"].frame.equals(frame)  # not twice


def test_dates_beside_rows_are_those_beside_a_frame(tmp_path: Path) -> None:
    about = study(classroom(start_date=START))
    periods = ["year 1", "", "all", "year 1"]
    columns = {"week": np.array([0, 52, 52, 7]), "of": list("abcd"), "period": periods}
    told = dated(about, {"costs": Table("costs", pd.DataFrame(columns))})["costs"]
    plain = dated(about, {"costs": Table("costs", PlainRows(columns))})["costs"]
    write_table(tmp_path, "costs", told)
    write_table(tmp_path, "plain", plain)
    for end in ("csv", "parquet"):
        assert (tmp_path / f"plain.{end}").read_bytes() == (tmp_path / f"costs.{end}").read_bytes()
    read = Table("costs", read_table(tmp_path / "costs.parquet"), told.columns)
    assert list(told.arrays) == ["week", "date", "of", "period"]
    for one in (plain, read):
        assert dated(about, {"costs": one})["costs"] is one, "not twice"
        pd.testing.assert_frame_equal(one.frame, told.frame)
        assert (one.cells(), one.records()) == (told.cells(), told.records())
        assert not one.is_numeric("date")
        some = [table.first(2).pick(["date", "of"]) for table in (one, told)]
        assert some[0].cells() == some[1].cells()


def test_years_of_a_plan_have_a_date() -> None:
    costs = Table("costs", pd.DataFrame({"period": ["year 1", "year 2", "whole plan"]}))
    made = dated(study(classroom(start_date=START)), {"costs": costs})["costs"].frame
    assert made["date"].tolist() == [START, START + timedelta(weeks=52), None]


def test_scenarios_that_begin_on_different_days_have_no_dates() -> None:
    other = classroom(name="later", start_date=START + timedelta(days=1))
    about = study(classroom(start_date=START), other)
    assert about.start_date is None
    assert "Week 1 begins on different days" in said(about)
    assert "5 Jan 2027" in said(about)
    assert study(classroom(start_date=START), classroom(name="no date")).start_date == START


def test_the_command_tells_months(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(classroom(start_date=START, horizon_weeks=60).to_yaml())
    words = ("run", file, "--sets", "2", "-n", "1", "--no-figures", "--json", "--quiet")
    ran = codose(*words, "--out", tmp_path / "out")
    assert ran.exit_code == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["start_date"] == "2027-01-04"
    assert "At the end of TA (week 52, Dec 2027)" in found["answer"]
    assert "Week 1 begins on 4 Jan 2027" in (tmp_path / "out" / "answer.txt").read_text()
    weeks = pd.read_csv(tmp_path / "out" / "weeks.csv", parse_dates=["date"])
    assert (
        weeks["date"] == pd.Timestamp(START) + pd.to_timedelta(7 * (weeks["week"] - 1), "D")
    ).all()
    assert codose("report", tmp_path / "out").exit_code == 0
    assert "4 Jan 2027" in (tmp_path / "out" / "report.html").read_text()


# --- axes ---------------------------------------------------------------------------------------


@settings(max_examples=examples(60), deadline=None)
@given(DAYS, st.integers(1, 1040), st.integers(2, 12))
def test_ticks_stand_on_first_days_of_months(start: date, last: int, most: int) -> None:
    axes = Figure().subplots()
    style.week_ticks(axes, last, most, start)
    style.name_x(axes)
    assert axes.get_xlabel() == "month"
    labels = axes.xaxis.get_major_formatter().format_ticks(axes.xaxis.get_majorticklocs())
    year = None
    for week, label in zip(axes.xaxis.get_majorticklocs(), labels, strict=True):
        day = start + timedelta(days=round(7 * (week - 1)))
        assert day.day == 1
        month, below = label.split("\n")
        assert month == calendar.month_abbr[day.month]
        assert below == (str(day.year) if day.year != year else " ")
        year = day.year
    assert len(labels) <= most + 2


def test_a_calendar_shows_months_and_what_is_skipped() -> None:
    drawn = dosage_timeline(classroom(start_date=START, skip={"months": [7]}))
    axes = drawn.axes[0]
    assert "Jan\n2027" in [label.get_text() for label in axes.get_xticklabels()]
    assert "Grey: weeks that are skipped" in " ".join(text.get_text() for text in drawn.texts)
    plain = dosage_timeline(classroom())
    assert plain.axes[0].get_xlabel() == "week"
    assert "Grey" not in " ".join(text.get_text() for text in plain.texts)
