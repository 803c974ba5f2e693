"""Each user's path from the start to what is taken home: planner, researcher, teacher; on a phone
and with the keyboard alone too. (The planner's at a desk is in test_plan_view.py.)"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.parameters import TABLE
from sim.scenario import Scenario
from tests.page.conftest import address_has, effect, put

pytestmark = pytest.mark.page


def taken(download: Any) -> str:
    """The text of a downloaded file."""
    return Path(download.value.path()).read_text(encoding="utf-8")


def focused(page: Any) -> str:
    """What the focused element is called."""
    return page.evaluate(
        "() => document.activeElement.getAttribute('aria-label') || "
        "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText"
    )


def tab_to(page: Any, name: str, most: int = 80) -> None:
    """Press Tab until something of that name has the focus."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if seen[-1] == name:
            return
    raise AssertionError(f"{name!r} is not reached: {seen}")


def test_planner_on_a_phone(visit: Callable[..., Any]) -> None:
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = one.open()
    dock = page.get_by_role("navigation", name="In short")
    assert dock.is_visible()  # the answer stays in sight while the thumb is on a slider
    before = dock.inner_text()
    put(page, "Months of assistance", "6")
    address_has(page, "months=6")
    one.settled()
    assert dock.inner_text() != before
    assert effect(page, "Trust").split("\n")[0] in dock.inner_text()
    dock.get_by_role("link").tap()
    page.get_by_role("heading", name="Effect of the assistance").wait_for()
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#follows').getBoundingClientRect().top) < 200"
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download scenario").tap()
    assert Scenario.from_text(taken(download)).end_of_ta == 26


def test_planner_with_the_keyboard_alone(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    tab_to(page, "Months of assistance (slider)")
    page.keyboard.press("ArrowLeft")
    address_has(page, "months=23")
    one.settled()
    tab_to(page, "Keep for comparison")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Drop Plan A").wait_for()
    tab_to(page, "Download CSV")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert taken(download).startswith("part,week,outcome")
    tab_to(page, "Work out the map")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Use the cheapest plan").or_(
        page.get_by_text("None on this map is sure enough")
    ).first.wait_for(timeout=90_000)
    tab_to(page, "Contacts by")
    page.keyboard.press("ArrowUp")
    page.locator("figure[aria-label^='Map of capacity by visits on site']").wait_for()


def test_researcher_asks_what_a_number_does(visit: Callable[..., Any]) -> None:
    # From the source of a number, over another value of it, to the runs as a file.
    one = visit()
    page = one.open("/rests?from=source")
    row = page.get_by_role("row", name="weight of power sharing").or_(
        page.get_by_role("row").filter(has_text="power_sharing")
    ).first  # fmt: skip
    words = row.inner_text()
    assert TABLE["power_sharing"].grade in words
    assert TABLE["power_sharing"].range_text in words
    learned = page.get_by_role("row").filter(has_text="hour_scale")
    assert "learned" in learned.inner_text()  # calibrated, and with a result
    page.get_by_text("uncertain parameters", exact=False).first.click()
    meaning = TABLE["power_sharing"].meaning
    field = page.get_by_role("spinbutton", name=meaning[0].upper() + meaning[1:])
    field.fill("0")
    field.press("Tab")
    page.get_by_text("1 of your own").wait_for()
    page.get_by_role("link", name="See the plan with these values").click()
    one.settled()
    assert "p.power_sharing=0" in page.url
    mine = effect(page, "Trust")
    with page.expect_download() as scenario:
        page.get_by_role("button", name="Download scenario").click()
    assert Scenario.from_text(taken(scenario)).parameters["power_sharing"] == 0
    with page.expect_download() as numbers:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(taken(numbers))))
    trust = next(r for r in rows if r["part"] == "effects" and r["outcome"] == "trust")
    assert f"{float(trust['middle']):+.2f}" == mine.split("\n")[0]
    for arm in ("with_ta", "without"):
        weeks = [r for r in rows if r["arm"] == arm and r["outcome"] == "trust"]
        assert weeks
        assert all(float(r["low"]) <= float(r["middle"]) <= float(r["high"]) for r in weeks)


def test_teacher_from_a_question_to_the_printed_sheet(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open("/see")
    page.get_by_role("button", name="Play").wait_for()
    page.get_by_role("button", name="Two visits are cancelled").click()
    page.get_by_role("heading", name="step 1 of 3").wait_for()
    assert page.locator(".reveal").count() == 0
    address_has(page, "story=cancelled")
    guess = page.get_by_role("button", name="It falls", exact=True)
    guess.click()
    page.locator(".reveal").wait_for()
    assert guess.get_attribute("aria-pressed") == "true"
    # The screen has gone to the provider in that week, and says why, in terms of the rule.
    page.locator(".panel h3", has_text="The provider, week 15").wait_for()
    assert "a broken promise costs" in page.locator(".panel").inner_text()
    with one.context.expect_page() as opened:
        page.get_by_role("link", name="Class sheet to print").click()
    sheet = opened.value
    sheet.get_by_role("heading", name="Two visits are cancelled").wait_for()
    for paper in ("A4", "Letter"):
        pdf = sheet.pdf(format=paper)
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1, paper


def test_teacher_shares_a_region_by_its_address(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open("/see?from=phone_only")
    page.get_by_text("by phone").first.wait_for(state="attached")
    page.get_by_text("Change the region and the two ways of working").click()
    put(page, "Staff", "5")
    page.wait_for_function(
        "() => document.querySelectorAll('.net')[0].querySelectorAll('.node').length === 6"
    )
    put(page, "Luck", "7")
    address_has(page, "%2C7")
    for _ in range(3):
        page.get_by_role("button", name="Next contact").click()
    shown = page.locator(".counts").all_inner_texts()
    week = page.locator(".see-scrub output").inner_text()

    other = visit()
    again = other.open(page.url.removeprefix(one.url))
    again.get_by_role("button", name="Play").wait_for()
    for _ in range(3):
        again.get_by_role("button", name="Next contact").click()
    assert again.locator(".see-scrub output").inner_text() == week
    assert again.locator(".counts").all_inner_texts() == shown

    wrong = other.open("/see?see=2,0,1,1")
    wrong.get_by_role("alert").filter(has_text="no settings of this view").wait_for()
