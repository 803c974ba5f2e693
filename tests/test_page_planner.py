"""A new planner with the file alone: her five questions, from the start to the printed page.

In each flow she makes mistakes; none of them costs her anything, and each is said in a sentence.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sim.page.opened import opened
from sim.scenario.scenario import Scenario
from sim.studies.compare import compare
from tests.page_flows import PATIENCE, Driver, browser, driver, file
from tests.test_page_setting_flows import Setting

__all__ = ["browser", "file"]

pytestmark = pytest.mark.browser

READY = ".verdict[aria-busy=false] h1"
COMPARED = ".plan-sentences li:nth-of-type(2)"
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def ready(page: Driver, selector: str = READY) -> str:
    """The verdict once it stands."""
    page.page.wait_for_selector(selector, timeout=3 * PATIENCE)
    return page.text(".verdict")


def give(page: Driver, name: str, content: bytes) -> None:
    """Choose a file in the dialog of Open file."""
    with page.page.expect_file_chooser() as chooser:
        page.page.get_by_role("button", name="Open file").click()
    chooser.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content})


def menu(page: Driver, plan: str, item: str) -> None:
    page.page.locator(".plans").get_by_role("button", name=plan).last.click()
    page.page.get_by_role("menuitem", name=item).click()


def said(page: Driver, part: str) -> str:
    found = page.page.locator(".toast", has_text=part).first
    found.wait_for(timeout=PATIENCE)
    return found.inner_text()


def printed(page: Driver) -> str:
    """What stands on the one page for paper."""
    for paper in ("A4", "Letter"):
        made = page.page.pdf(format=paper)
        assert len(re.findall(rb"/Type\s*/Page[^s]", made)) == 1
    page.page.emulate_media(media="print")
    text = page.text(".printed")
    page.page.emulate_media(media="screen")
    return text


def saved(page: Driver, folder: Path) -> Path:
    name, content = page.saved_file(
        lambda: page.page.get_by_role("button", name="Save file").click()
    )
    path = folder / name
    path.write_bytes(content)
    return path


def money(text: str) -> int:
    """The amount of a sentence such as "The centre pays $125,122 a year"."""
    found = re.search(r"\$([\d,]+)", text)
    assert found, text
    return int(found[1].replace(",", ""))


def plans_of(path: Path) -> dict[str, Scenario]:
    found = opened([str(path)])
    assert found is not None
    return {one["name"]: Scenario.from_dict(one["scenario"]) for one in found["plans"]}


def shown_is_in_the_tables(page: Driver, path: Path) -> None:
    """Differences in integration that the page shows are those of ``codose compare``."""
    plans = plans_of(path)
    found = compare(*plans.values(), seed=1)
    gaps = found.table("differences")
    here = gaps[(gaps["point"] == "end_of_ta") & (gaps["outcome"] == "integration")]
    assert set(here["b"]) == set(list(plans)[1:])
    rows = page.page.locator(".plans-table tbody tr").all_inner_texts()
    for name, mean in zip(here["b"], here["mean"], strict=True):
        shown = f"{mean:+.2f}".replace("-", "\u2212")
        assert any(name in row and shown in row for row in rows), (name, mean, rows)


def budgeted(page: Driver, setting: Setting) -> None:
    """She begins with what she has: 300,000 a year."""
    setting.open("money", "contacts", "regions", "history")
    setting.field("Budget a year").fill("300000")
    ready(page)


def test_how_often_within_the_budget_and_how_sure(browser: Any, file: Path, tmp_path: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        ready(page)
        page.page.get_by_role("button", name="Set a budget a year").click()
        budget = setting.field("Budget a year")
        budget.fill("300 thousand")  # a word
        assert "not a number" in page.text(".set-problem")
        budget.fill("30000")  # a zero too few
        assert "costs more than the budget" in ready(page)
        budget.fill("-300000")
        assert page.page.locator(".set-problem").count() == 1
        budget.fill("300.000")  # as at home
        budget.blur()
        assert budget.input_value() == "300,000"
        ready(page)
        verdict = page.text(".verdict")
        assert "of a budget of $300,000" in verdict
        assert re.search(r"In 9 of 10 plausible worlds .* between \+0\.\d\d and \+0\.\d\d", verdict)
        assert "more than all" not in verdict
        setting.open("targets")
        setting.button("Add a target").click()
        page.page.wait_for_selector("[class*=best] table button:has-text('Use')", timeout=240_000)
        before = page.text(".verdict h1")
        own = setting.plan()
        assert "in place of those of plan A; Undo brings these back" in page.text(".best")
        page.page.locator("[class*=best] table button:has-text('Use')").first.click()
        ready(page)
        assert re.search(r"reached in \d+ of 10|reached in \d+", page.text(".verdict"))
        used = setting.plan()
        assert used["dosage"] != own["dosage"]
        assert "Plan A has other contacts now" in said(page, "other contacts")
        page.page.get_by_role("button", name="Keep plan A").click()
        kept, apart = (one["scenario"] for one in setting.plans()["plans"])
        assert kept == own
        assert apart == {**used, "name": apart["name"]}
        assert setting.plans()["open"] == apart["name"] != own["name"]
        page.press("Control+z")
        page.press("Control+z")
        page.page.wait_for_function(
            "(text) => document.querySelector('.verdict h1').innerText === text", arg=before
        )
        assert "plausible worlds" in printed(page)
        path = saved(page, tmp_path)
        (scenario,) = plans_of(path).values()
        told = page.text(".verdict")
        nothing = Scenario.from_dict({**scenario.without_ta().to_dict(), "name": "nothing"})
        costs = compare(nothing, scenario, seed=1).table("costs_planned")
        whole = costs[(costs["scenario"] == scenario.name) & (costs["period"] == "whole plan")]
        a_year = float(whole["planned_cost_centre"].iloc[0]) / (scenario.end_of_ta / 52)
        assert abs(money(told[told.index("pays") :]) - a_year) < 1


def test_three_plans_for_the_director(browser: Any, file: Path, tmp_path: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        ready(page)
        menu(page, "What we do now", "Duplicate")
        setting.button("half the visits").click()
        menu(page, "What we do now (copy)", "Duplicate")
        setting.button("visits by video").click()
        ready(page, COMPARED)
        before = page.text(".plans")
        menu(page, "What we do now (copy", "Delete")  # the wrong plan
        assert page.text(".plans") != before
        page.press("Control+z")
        page.page.wait_for_function(
            "(text) => document.querySelector('.plans').innerText === text", arg=before
        )
        page.view("What it rests on")  # plans were lost by that once
        page.view("Plan")
        assert page.text(".plans") == before
        page.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        page.page.reload()  # the tab is closed and opened
        page.shown(".frame")
        assert page.text(".plans").split("\n")[0] == before.split("\n")[0]
        ready(page, COMPARED)
        give(page, "photo.png", b"\x89PNG\r\n\x1a\n\x00")  # the wrong file
        said(page, "photo.png")
        text = printed(page)
        assert text.count("What we do now (copy") >= 2
        path = saved(page, tmp_path)
        assert len(plans_of(path)) == 3
        shown_is_in_the_tables(page, path)


def test_a_region_short_of_staff_and_a_new_director(
    browser: Any, file: Path, tmp_path: Path
) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        ready(page)
        setting.open("regions")
        setting.field("Situation of Region 3").select_option(label="new director")  # the wrong one
        page.press("Control+z")
        setting.field("Situation of Region 3").select_option(label="short of staff")
        setting.field("Situation of Region 7").select_option(label="new director")
        staff = setting.field("Staff of Region 3")
        staff.fill("seven")
        assert page.page.locator(".set-problem").count() == 1
        staff.fill("7000000")
        assert page.page.locator(".set-problem").count() == 1
        staff.fill("7")
        ready(page)
        regions = page.page.locator("section", has_text="By region").last.inner_text()
        assert "Region 3" in regions
        assert "Region 12" in regions
        assert "plausible worlds" in printed(page)
        (scenario,) = plans_of(saved(page, tmp_path)).values()
        assert scenario.regions.overrides["region_3"].staff == 7
        assert "region_7" in scenario.regions.overrides


def test_a_cut_in_the_second_year_and_a_provider_who_leaves(
    browser: Any, file: Path, tmp_path: Path
) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        budgeted(page, setting)
        before = setting.plan()
        give(page, "d.yaml", b"name: D\ndosage: [{mode: vidio, every_weeks: 4, hours: 1}]\n")
        assert "did you mean 'video'" in said(page, "vidio")
        assert setting.plan() == before
        setting.open("contacts")
        setting.button("Change from a month on").click()
        setting.button("Split").click()
        setting.field("How often").last.select_option(label="every 26 weeks (twice a year)")
        plan = setting.plan()
        assert len(plan["dosage"]) == 3
        setting.open("when")
        setting.field("Assistance ends after").fill("300")  # weeks for months
        assert "allowed" in page.text(".set-problem")
        assert setting.plan() == plan
        setting.field("Assistance ends after").fill("30")
        dosage = setting.plan()["dosage"]
        assert dosage[0]["last_week"] < dosage[1]["first_week"]  # the first year stays
        setting.open("events")
        setting.button("A provider leaves").click()
        verdict = ready(page)
        assert setting.plan()["shocks"][0]["kind"] == "provider_leaves"
        assert "instead of" in verdict
        assert "provider" in printed(page).lower()
        (scenario,) = plans_of(saved(page, tmp_path)).values()
        assert len(scenario.dosage) == 3
        assert len(scenario.shocks) == 1


def _log() -> str:
    rows = ["date,region,mode,hours,status"]
    for month in range(3, 12):
        for number, name in enumerate(ROMAN):
            mode = "onsite" if (month + number) % 3 == 0 else "video"
            rows.append(f"2026-{month:02}-{2 + number:02},Region {name},{mode},1.5,held")
    return "\n".join(rows)


def test_nine_months_done_go_on_or_stop(browser: Any, file: Path, tmp_path: Path) -> None:
    with driver(browser, file) as page:
        setting = Setting(page)
        budgeted(page, setting)
        before = setting.plan()
        give(page, "log.csv", b"Office,Minutes\nNorth,90\n")  # another table
        said(page, "not a contact log")
        give(page, "log.csv", _log().replace("video", "vidoe").encode())  # one slip, many times
        assert "more rows like this" in said(page, "vidoe")
        assert setting.plan() == before
        american = re.sub(r"2026-(\d\d)-(\d\d)", r"\1/\2/2026", _log()).replace("mode", "Mode")
        give(page, "excel.csv", "\n".join(american.split("\n")[:6]).encode())
        page.page.get_by_role("dialog").wait_for()
        page.page.keyboard.press("Escape")
        assert setting.plan() == before
        give(page, "log.csv", _log().encode())
        told = said(page, "108 contacts in 12 regions")
        assert "every month of the plan stays" in told
        verdict = ready(page)
        assert "if assistance stopped now" in verdict or "no real difference" in verdict
        assert "from now on" in verdict
        plan = setting.plan()
        assert plan["regions"]["names"] == [f"Region {name}" for name in ROMAN]
        assert len(plan["contact_log"]["rows"]) == 108
        assert "Region IX" in page.page.locator("section", has_text="By region").last.inner_text()
        page.press("Control+z")
        assert setting.plan() == before
        page.press("Control+Shift+z")
        ready(page)
        assert "stopped now" in printed(page)
        (scenario,) = plans_of(saved(page, tmp_path)).values()
        assert scenario.logged_weeks > 30
