"""A log on the page is the history that ``codose page --log`` makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.page.data import page_data
from sim.page.opened import read_log, with_history
from sim.scenario.scenario import Scenario
from tests.page_app import ask

KNOWN = ("schema", "plans_schema", "parameters", "functions", "words")
REGIONS = [f"Region {number}" for number in ("VIII", "IV", "IX", "I", "XII", "III")]
OWN = "date,region,mode,hours,status,provider\n" + "".join(
    f"2026-{3 + i // 2:02}-{3 + 9 * (i % 3):02},{REGIONS[i % 6]},{('video', 'onsite')[i % 2]},"
    f"{1 + i % 3},{('held', 'region_cancelled')[i % 4 == 3]},Ann\n"
    for i in range(12)
)
EXCEL = (
    "Date;Region;Mode;Hours;Status\r\n13/3/2026;Region 1;Zoom;1,5;held\r\n"
    "20/3/2026;region_2;Site visit;4;cancelled\r\n"
)
WEEKS = "week,region,mode,hours\n3,region 2,video,1\n9,region_1,phone,0.5\n"
TITLED = (
    "Our contacts\n\nDate\tRegion\tMode\tHours\tStatus\nJan 14, 2026\tNorth\tZoom\t1\theld\n"
    "21-Jan-26\tSouth, upper\tSite visit\t4\theld\n4 February 2026\tNorth\tphone\t0.5\theld\n"
    "2026/3/2\tNorth\tphone\t1\theld\nJanuary total\t\t\t5\t\nTotal\t\t\t6.5\t\n"
)
CALLS = {"mode": "video", "every_weeks": 4, "hours": 1}
PLANS: dict[str, dict[str, Any]] = {
    "undated": {"name": "a", "dosage": [CALLS, {**CALLS, "mode": "phone", "last_week": 6}]},
    "later than the log": {
        "name": "b", "start_date": "2026-12-07", "horizon_weeks": 120,
        "regions": {"candidates": 12, "count": 12, "selection": "all"},
        "dosage": [CALLS, {**CALLS, "mode": "onsite", "first_week": 20, "last_week": 90}],
        "shocks": [
            {"kind": "dosage_cut", "week": 53, "factor": 0.5, "until_week": 80},
            {"kind": "staff_leave", "week": 60, "share": 0.2},
        ],
        "delivery_work": {"week": 4, "until_week": 9, "share": 0.1},
        "skip": {"weeks": [30, 31], "months": [8]},
    },
    "before the log": {
        "name": "c", "start_date": "2026-01-05", "horizon_weeks": 40, "dosage": [CALLS],
    },
    "shorter than the log": {"name": "d", "horizon_weeks": 8, "dosage": [CALLS]},
    "with hours of each": {
        "name": "e", "providers": {"count": 2, "weekly_hours": [10, 20]}, "dosage": [CALLS],
    },
}  # fmt: skip
PLANNERS = (
    "Contact log: all regions, 2025\nWeek,State,Type of contact,Duration (min)\n"
    '14 Jan 25,North East,MS Teams,90\n"Sept. 14, 2025 9:30 AM",north east,In-person visit,4 hrs\n'
    '14-Sept-25,South,Zoom (video),1:30\n"Tue, 23 September \'25",South,phone,45 min\n'
)
LOGS = {
    "own.csv": OWN, "excel.csv": EXCEL, "weeks.csv": WEEKS, "titled.csv": TITLED,
    "planners.txt": PLANNERS,
}  # fmt: skip


def test_a_log_on_the_page_is_that_of_the_commands(tmp_path: Path) -> None:
    known = {name: value for name, value in page_data().items() if name in KNOWN}
    asked = [
        {"what": "log", "name": name, "text": text, "scenario": plan}
        for plan in PLANS.values()
        for name, text in LOGS.items()
    ]
    found = ask("documents", {"page": known, "cases": asked}, tmp_path)
    for case, scenario in zip(asked, found, strict=True):
        path = tmp_path / case["name"]
        path.write_bytes(case["text"].encode())
        (tmp_path / "log.csv").unlink(missing_ok=True)
        wanted = with_history(Scenario.from_dict(case["scenario"]), read_log(path), path.name)
        got = Scenario.from_dict(json.loads(json.dumps(scenario)))
        assert _rows(got) == _rows(wanted), case
        assert got == wanted, case


def _rows(scenario: Scenario) -> list[Any]:
    assert scenario.contact_log is not None
    return [row.model_dump() for row in scenario.contact_log.rows]


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("Date,Region,Mode,Hours\n3/4/2026,north,Zoom,1\n", "questions", "which comes first"),
        ("Date,Region,Mode,Hours\n13/4/2026,north,fax,1\n", "problems", "allowed: visit"),
        ("Day,Office\n13/4/2026,north\n", "problems", "not a contact log"),
    ],
)
def test_what_is_not_clear_is_asked_or_said(
    tmp_path: Path, text: str, kind: str, part: str
) -> None:
    known = {name: value for name, value in page_data().items() if name in KNOWN}
    case = {"what": "log", "name": "tracker.csv", "text": text, "scenario": {"name": "a"}}
    (found,) = ask("documents", {"page": known, "cases": [case]}, tmp_path)
    assert found["kind"] == kind
    assert part in json.dumps(found)
