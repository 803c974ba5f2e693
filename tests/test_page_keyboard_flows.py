"""The planner's way by keyboard alone; every menu and dialog before axe; notices and their Undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.scenario.scenario import Scenario
from tests.page_flows import PATIENCE, Driver, browser, driver
from tests.test_page_documents_flows import drop, said
from tests.test_page_results_flows import READY, planned
from tests.test_page_setting_flows import Setting

__all__ = ["browser", "planned"]

pytestmark = pytest.mark.browser

TWO_WAYS = b"Date,Region,Mode,Hours\n3/4/2026,region_1,Zoom,1\n5/6/2026,region_2,Zoom,1\n"


def ready(page: Driver) -> str:
    page.page.wait_for_selector(READY, timeout=3 * PATIENCE)
    return page.text(".verdict")


def to(page: Driver, name: str) -> None:
    """Tab to what a screen reader would call so, from the top of the page if need be."""
    for _ in range(2):
        for _ in range(250):
            if called(page).startswith(name):
                return
            page.press("Tab")
    pytest.fail(f"Tab does not reach {name!r}")


def opened_menu(page: Driver) -> None:
    """Enter, and the focus is on the first entry."""
    page.press("Enter")
    page.shown("[role=menuitem]:focus")


def called(page: Driver) -> str:
    return page.page.evaluate(
        """() => {
          const it = document.activeElement;
          const label = it.labels?.[0]?.innerText;
          return (it.getAttribute("aria-label") || label || it.innerText || "").trim();
        }"""
    )


def test_the_planners_way_by_keyboard_alone(browser: Any, planned: Path, tmp_path: Path) -> None:
    """Budget, target, a second plan, its contacts, undo, comparison, files: without a mouse."""
    with driver(browser, planned) as page:
        setting = Setting(page)
        ready(page)
        setting.open()  # all groups are folded
        to(page, "Money")
        page.press("Enter")
        to(page, "Budget a year")
        page.press("Control+a")
        page.page.keyboard.type("20000")
        page.press("Tab")
        assert setting.plans()["budget"]["a_year"] == 20000
        to(page, "Targets")
        page.press("Enter")
        to(page, "Add a target")
        page.press("Enter")
        assert len(setting.plans()["targets"]) == 2
        to(page, "Plan B, More video")
        opened_menu(page)
        page.press("ArrowDown", "Enter")  # Rename, Duplicate
        assert setting.plans()["open"] == "More video (copy)"
        to(page, "Contacts")
        page.press("Enter")
        to(page, "twice the calls")
        page.press("Enter")
        copy = next(one for one in setting.plans()["plans"] if one["name"] == "More video (copy)")
        assert copy["scenario"]["dosage"][0]["every_weeks"] == 2
        assert "instead of" in ready(page)
        page.press("Control+z")
        page.press("Control+Shift+z")
        page.page.locator(".plan-sentences li").nth(2).wait_for(timeout=3 * PATIENCE)
        to(page, "Hand on")
        opened_menu(page)
        assert called(page).startswith("Print one page")
        page.press("ArrowDown")
        name, raw = page.saved_file(lambda: page.press("Enter"))
        assert name == "More video (copy).yaml"
        assert Scenario.from_text(raw.decode()).dosage[0].every_weeks == 2
        assert called(page).startswith("Hand on")  # the focus is where it was
        to(page, "What it rests on")
        page.press("Enter")
        page.shown(".rests")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_menu_and_dialog_before_axe(browser: Any, planned: Path, scheme: str) -> None:
    with driver(browser, planned, scheme=scheme) as page:
        ready(page)
        page.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        found: list[str] = []
        menus = page.page.locator("[aria-haspopup=menu]")
        page.wait("document.querySelectorAll('[aria-haspopup=menu]').length >= 3")
        for place in range(menus.count()):
            menus.nth(place).click()
            page.shown("[role=menu]")
            found += page.axe()
            page.press("Escape")
        page.page.locator(".term button").first.focus()
        page.shown("[role=tooltip]")
        found += page.axe()
        drop(page, "none.yaml", b"")
        said(page, "is empty")
        found += page.axe()
        drop(page, "log.csv", TWO_WAYS)
        page.shown("dialog[open]")
        found += page.axe()
        assert not found, "\n".join(found)


def test_a_notice_takes_back_its_own_step_or_offers_nothing(browser: Any, planned: Path) -> None:
    with driver(browser, planned) as page:
        setting = Setting(page)
        setting.open("contacts", "events", "money")
        before = page.saved_file(lambda: page.press("Control+s"))
        setting.button("A provider leaves").click()
        setting.button("Remove").last.click()
        undo = page.page.locator(".toast").get_by_role("button", name="Undo")
        said(page, "Removed")
        setting.field("Budget a year").fill("25000")
        setting.field("Budget a year").blur()  # in a field the keys of Undo are the field's
        said(page, "Removed")  # what was said stays
        assert undo.count() == 0  # its Undo would take back the budget
        page.press("Control+z", "Control+z")
        page.page.locator(".toast").wait_for(state="detached")  # it is not removed any more
        page.press("Control+z")
        assert page.saved_file(lambda: page.press("Control+s")) == before


def test_targets_are_chosen_by_their_words(browser: Any, planned: Path) -> None:
    with driver(browser, planned) as page:
        setting = Setting(page)
        setting.open("targets")
        options = setting.field("Outcome").locator("option").all_inner_texts()
        groups = (
            setting.field("Outcome")
            .locator("optgroup")
            .evaluate_all("(all) => all.map((one) => one.label)")
        )
        assert groups == ["Main outcomes", "More outcomes"]
        assert options[0] == "Trust"
        assert "Spread of knowledge" in options
        assert not [one for one in options if "hours" in one.lower() or "_" in one]
        assert 10 < len(options) < 25


def test_the_focus_stays_in_the_row_of_plans(browser: Any, planned: Path) -> None:
    """Whatever is done there: it is on the plan that is open; a click elsewhere takes it along."""

    def choose(what: str) -> None:
        page.page.locator(".plan-open button").focus()
        opened_menu(page)
        page.page.get_by_role("menuitem", name=what).focus()
        page.press("Enter")

    def rename() -> None:
        choose("Rename")
        page.shown(".plan-naming input:focus")

    def is_on(name: str) -> None:
        page.page.wait_for_selector(f".plan-open button:focus:has-text('{name}')")

    with driver(browser, planned) as page:
        first = page.text(".plan-open bdi")
        choose("Duplicate")
        is_on("(copy)")
        rename()
        page.page.keyboard.type("Mine")
        page.press("Enter")
        is_on("Mine")
        rename()
        page.press("Escape")
        is_on("Mine")
        page.page.locator("button.plan-tab", has_text=first).first.focus()
        page.press("Enter")
        is_on(first)
        choose("Delete")
        is_on("Mine")
        rename()
        page.page.locator("#setting-money summary").click()
        assert page.page.locator("#setting-money summary:focus").count() == 1


def test_a_question_without_a_likely_answer_waits_for_one(browser: Any, planned: Path) -> None:
    with driver(browser, planned) as page:
        setting = Setting(page)
        drop(page, "log.csv", TWO_WAYS)
        dialog = page.page.get_by_role("dialog")
        answer = dialog.get_by_role("button", name="Read the file this way")
        assert answer.is_disabled()
        dialog.get_by_role("combobox").select_option(index=2)
        answer.click()
        page.shown("#setting-history .set-summary:has-text('2 logged contacts')")
        scenarios = [one["scenario"] for one in setting.plans()["plans"]]
        (log,) = [one["contact_log"] for one in scenarios if "contact_log" in one]
        weeks = [row["week"] for row in log["rows"]]
        assert weeks[1] - weeks[0] == 9  # from 4 March to 6 May
