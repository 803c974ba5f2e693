"""A planner's paths through the page, from the start to a file taken home."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import Scenario
from tests.page.conftest import address_has, effect, lever, put

pytestmark = pytest.mark.page


def test_from_start_to_download(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    before = effect(page, "Knowledge")
    put(page, "Remote contacts", "4")
    address_has(page, "calls=4")
    one.settled()
    assert float(effect(page, "Knowledge").split()[0]) > float(before.split()[0])
    with page.expect_download() as scenario:
        page.get_by_role("button", name="Download scenario").click()
    text = Path(scenario.value.path()).read_text(encoding="utf-8")
    assert scenario.value.suggested_filename == "source-case-three-ready-regions.yaml"
    planned = Scenario.from_text(text)
    assert planned.dosage[1].every_weeks == pytest.approx(52 / 12 / 4)
    assert planned.dosage[0] == Scenario.shipped("source").dosage[0]

    with page.expect_download() as numbers:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(numbers.value.path()).read_text("utf-8"))))
    shown = [r for r in rows if r["part"] == "effects" and r["outcome"] == "knowledge"]
    assert f"{float(shown[0]['middle']):+.2f}" == effect(page, "Knowledge").split("\n")[0]

    with page.expect_download() as report:
        page.get_by_role("button", name="Download report").click()
    html = Path(report.value.path()).read_text(encoding="utf-8")
    assert "What if, not forecast" in html
    # The file by itself, in a browser without a server: it draws, and asks nobody for anything.
    two = visit()
    two.url = "file://"
    two.page.set_content(html)
    two.page.wait_for_function("() => document.querySelectorAll('.chart .main-svg').length >= 4")
    assert effect(two.page, "Knowledge") == effect(page, "Knowledge")
    assert not two.requests


def test_answer_comes_within_moments(visit: Callable[..., Any]) -> None:
    # About 0.3 s on a free machine; the bound leaves room for a busy one.
    one = visit()
    page = one.open()
    put(page, "Hours a visit", "5")
    address_has(page, "visit_hours=5")
    one.settled()
    waits = []
    for value in ("6", "7", "8"):
        before = page.locator(".legend ~ .charts").inner_html()
        start = time.monotonic()
        put(page, "Hours a visit", value)
        page.wait_for_function(
            "old => document.querySelector('.charts').innerHTML !== old", arg=before, polling=20
        )
        waits.append(time.monotonic() - start)
    assert sorted(waits)[1] < 2.0, waits


def test_compare_plans(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    page.get_by_role("button", name="Keep for comparison").click()
    page.get_by_role("button", name="Drop Plan A").wait_for()
    put(page, "Co-creation", "0")
    address_has(page, "co_creation=0")
    table = page.get_by_role("table").filter(has_text="Differences to")
    row = table.get_by_role("row", name="Now on the sliders")
    row.wait_for()
    assert "−0." in row.inner_text()  # directive assistance does worse on some outcome
    page.get_by_role("button", name="Keep for comparison").click()
    page.get_by_role("button", name="Drop Plan B").click()
    page.get_by_role("button", name="Drop Plan B").wait_for(state="detached")
    address_has(page, "keep=")
    assert page.url.count("keep=") == 1


def test_map_and_cheapest_plan_while_sliders_answer(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    put(page, "Level when assistance ends", "0.45")
    page.get_by_role("button", name="Work out the map").click()
    put(page, "Hours a visit", "6")  # the slider answers meanwhile
    address_has(page, "visit_hours=6")
    one.settled()
    first = page.get_by_role("button", name="Use the cheapest plan").first
    first.wait_for(timeout=90_000)
    assert page.locator(".map").is_visible()
    first.click()
    address_has(page, "calls=")
    one.settled()


def test_a_target_travels_in_the_address_and_a_changed_plan_makes_the_map_stale(
    visit: Callable[..., Any],
) -> None:
    one = visit()
    page = one.open("/?target=knowledge,0.6,phone")
    assert lever(page, "Level when assistance ends").input_value() == "0.6"
    page.get_by_role("button", name="Work out the map").click()
    page.locator("figure[aria-label^='Map of knowledge by phone']").wait_for(timeout=90_000)
    stale = page.get_by_text("it has changed since")
    assert not stale.is_visible()
    put(page, "Co-creation", "0.2")
    stale.wait_for()
    assert "target=knowledge" in page.url


def test_a_second_kind_of_remote_contact(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    before = effect(page, "Knowledge")
    page.locator("summary", has_text="A second kind of remote contact").click()
    page.get_by_label("They come by").select_option("email")
    put(page, "Further contacts", "2")
    page.get_by_text("by email every 2.2 weeks").first.wait_for()
    one.settled()
    assert float(effect(page, "Knowledge").split()[0]) > float(before.split()[0])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download scenario").click()
    planned = Scenario.from_text(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [series.mode for series in planned.dosage] == ["onsite", "video", "email"]


def test_the_report_holds_what_the_page_shows(visit: Callable[..., Any]) -> None:
    one = visit()
    kept = "&keep=from%3Dsource%26label%3DThe%2Busual"
    page = one.open(f"/?co_creation=0.2&target=trust,0.45,video{kept}")
    page.get_by_role("row", name="Now on the sliders").wait_for()
    page.get_by_role("button", name="Work out the map").click()
    page.locator(".map .main-svg").first.wait_for(timeout=90_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download report").click()
    two = visit()
    two.url = "file://"
    two.page.set_content(Path(download.value.path()).read_text(encoding="utf-8"))
    two.page.wait_for_function("() => document.querySelectorAll('.chart .main-svg').length >= 5")
    words = two.page.inner_text("body")
    for part in ("Now on the sliders", "The usual", "Dosage map: video", "Rests on"):
        assert part in words, part
    dashed = two.page.locator("#figure-0 .js-line").count()
    assert dashed == page.locator(".chart").first.locator(".js-line").count()


def test_five_plans_can_be_kept_and_no_more(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    for number, months in enumerate(("6", "9", "12", "15", "18")):
        put(page, "Months of assistance", months)
        address_has(page, f"months={months}")
        one.settled()
        page.get_by_role("button", name="Keep for comparison").click()
        page.get_by_role("button", name=f"Drop Plan {'ABCDE'[number]}").wait_for()
    put(page, "Months of assistance", "20")
    address_has(page, "months=20")
    one.settled()
    page.get_by_role("button", name="Keep for comparison").click()
    page.get_by_role("alert").filter(has_text="5 plans are kept already").wait_for()
    rows = page.get_by_role("table").filter(has_text="Differences to").get_by_role("row")
    page.wait_for_function("() => document.body.innerText.includes('Now on the sliders')")
    assert rows.count() == 7  # head, five kept, and the one on the sliders


def test_cancel_a_map(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open("/?from=planning")
    page.get_by_role("button", name="Work out the map").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled; nothing was kept.").wait_for()
    assert not page.locator(".map").is_visible()


def test_a_link_carries_the_plan(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    put(page, "Months of assistance", "12")
    address_has(page, "months=12")
    one.settled()
    page.get_by_role("button", name="Keep for comparison").click()
    page.get_by_role("button", name="Drop Plan A").wait_for()
    page.wait_for_function("() => location.search.includes('keep=')")
    shown = effect(page, "Trust")
    address = page.url.removeprefix(one.url)

    other = visit()
    again = other.open(address)
    assert lever(again, "Months of assistance").input_value() == "12"
    assert effect(again, "Trust") == shown
    again.get_by_role("button", name="Drop Plan A").wait_for()


def test_a_file_is_checked_as_on_the_command_line(
    visit: Callable[..., Any], tmp_path: Path
) -> None:
    one = visit()
    page = one.open()
    chooser = page.locator("input[type=file]")
    good = tmp_path / "mine.yaml"
    good.write_text(Scenario.shipped("phone_only").to_yaml(), encoding="utf-8")
    chooser.set_input_files(good)
    page.get_by_text("Your file: By phone only").wait_for(state="attached")
    one.settled()

    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\ndosage: [{mode: vidio, every_weeks: 4, hours: 1}]\n", encoding="utf-8")
    chooser.set_input_files(bad)
    alert = page.get_by_role("alert").filter(has_text="bad.yaml")
    alert.wait_for()
    said = alert.inner_text()
    assert "bad.yaml:2" in said
    assert "did you mean 'video'?" in said
    assert "Traceback" not in said

    large = tmp_path / "large.yaml"
    large.write_text("# " + "x" * (1 << 20), encoding="utf-8")
    chooser.set_input_files(large)
    page.get_by_role("alert").filter(has_text="at most 1 MiB").wait_for()


def test_mistakes_are_sentences(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    put(page, "Visits on site", "99")
    page.get_by_role("alert").filter(has_text="allowed: 0..4.35").wait_for()
    assert lever(page, "Visits on site").input_value() == "0.33"

    page = one.open("/?from=sorce")
    page.get_by_role("alert").filter(has_text="did you mean 'source'?").wait_for()

    page = one.open("/?plan=notaplan")
    page.get_by_role("alert").filter(has_text="damaged").wait_for()


def test_blank_start_says_what_to_do(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open("/?from=blank")
    page.get_by_text("No assistance is planned yet").wait_for()
    page.get_by_role("button", name="Work out the map").click()
    page.get_by_role("alert").filter(has_text="plan a contact first").wait_for()
    put(page, "Remote contacts", "1")
    page.get_by_text("by video every 4.3 weeks").wait_for()


def test_a_missing_page_is_a_sentence(visit: Callable[..., Any]) -> None:
    one = visit()
    response = one.page.goto(one.url + "/nowhere")
    assert response.status == 404
    assert "There is no such page." in one.page.inner_text("body")
    one.wrong.clear()  # the browser itself reports a 404 as an error
