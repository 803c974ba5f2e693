"""What the planner reads, in a real Chromium: verdict, readouts, one printed page, files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sim.page.data import said
from sim.scenario.scenario import Scenario
from tests.page_flows import PATIENCE, Driver, browser, driver, written

__all__ = ["browser"]

pytestmark = pytest.mark.browser

READY = ".verdict[aria-busy=false] h1"
COMPARED = ".plan-sentences li:nth-of-type(2)"


def _file() -> dict[str, Any]:
    """Three plans of a small case, with a budget, a target and dates."""
    base = said(Scenario.shipped("planning"))
    base |= {"start_date": "2027-01-04", "horizon_weeks": 104}
    base["regions"] = {**base["regions"], "candidates": 3, "count": 3, "staff": 6}
    base["providers"] = {"count": 2, "weekly_hours": 20}
    calls = {"every_weeks": 4, "hours": 1, "last_week": 52}
    names = {"What we do now": "phone", "More video": "video", "Visits only": "onsite"}
    plans = [
        {"name": name, "scenario": {**base, "name": name, "dosage": [{"mode": mode, **calls}]}}
        for name, mode in names.items()
    ]
    return {
        "codose": "plans", "version": 1, "open": "More video", "reference": "What we do now",
        "currency": "$", "budget": {"a_year": 30000, "of": "centre"},
        "targets": [
            {"outcome": "integration", "at_least": 0.2, "when": "end_of_ta", "sure": 0.7}
        ],
        "plans": plans,
    }  # fmt: skip


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page") / "plans.html", opened=_file())


def _ready(page: Driver, selector: str = READY) -> None:
    page.page.wait_for_selector(selector, timeout=2 * PATIENCE)


def test_the_verdict_is_about_the_plan_as_it_stands(browser: Any, planned: Path) -> None:
    with driver(browser, planned) as page:
        _ready(page)
        before = page.text(".verdict h1")
        assert re.search(r"integration to 0\.\d\d by December 2027 instead of 0\.\d\d", before)
        assert "budget" in before
        assert "target" in before
        _ready(page, COMPARED)
        page.page.locator(".plans-table button.link", has_text="Visits only").click()
        page.page.wait_for_selector(".open-row:has-text('Visits only')", timeout=PATIENCE)
        assert page.text(".verdict h1") != before
        _ready(page)
        after = page.text(".verdict h1")
        assert after != before
        assert not [one for one in page.axe() if not one.startswith("region: .plans ")]
        assert not page.small_targets()


def test_a_month_is_read_with_the_keyboard(browser: Any, planned: Path) -> None:
    with driver(browser, planned) as page:
        _ready(page)
        chart = page.page.locator("svg.course").first
        chart.focus()
        page.page.keyboard.press("ArrowLeft")
        assert re.match(r"Dec 2027: 0\.\d\d \(0\.\d\d to 0\.\d\d\), else", page.text(".readout"))
        page.page.keyboard.press("ArrowLeft")
        assert page.text(".readout").startswith("Nov 2027: 0.")
        page.page.keyboard.press("Home")
        assert page.text(".readout").startswith("Jan 2027: 0.")
        page.page.keyboard.press("Escape")
        assert page.text(".readout") == ""
        page.page.get_by_text("The same as a table").click()
        page.wait("document.querySelectorAll('.fold tbody tr').length >= 9")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_one_page_is_printed(browser: Any, planned: Path, paper: str) -> None:
    with driver(browser, planned) as page:
        _ready(page)
        _ready(page, COMPARED)
        made = page.page.pdf(format=paper)
        assert len(re.findall(rb"/Type\s*/Page[^s]", made)) == 1
        page.page.emulate_media(media="print")
        shown = page.text(".printed")
        page.wait("document.querySelectorAll('.printed svg.course').length === 3")
        assert not page.page.locator(".column-see").is_visible()
        for part in ("More video", "Cost", "three cautions", "Visits only", "50 plausible worlds"):
            assert part in shown


def test_files_carry_the_name_of_the_plan(browser: Any, planned: Path, tmp_path: Path) -> None:
    wanted = {
        "This plan as YAML": ("More video.yaml", "mode: video"),
        "Outcomes (CSV)": ("More video, outcomes.csv", '\ufeff"plan","outcome","unit"'),
        "Cost by year": ("More video, cost.csv", "planned cost, centre ($)"),
        "All contacts": ("More video, calendar.csv", '"date","region"'),
        "Provider 2": ("More video, calendar Provider 2.ics", "BEGIN:VEVENT"),
    }
    with driver(browser, planned) as page:
        _ready(page)
        for item, (name, part) in wanted.items():
            page.page.get_by_role("button", name="Hand on").click()
            with page.page.expect_download(timeout=PATIENCE) as download:
                page.page.get_by_role("menuitem", name=item).click()
            assert download.value.suggested_filename == name
            kept = tmp_path / name
            download.value.save_as(kept)
            assert part in kept.read_text(encoding="utf-8")
