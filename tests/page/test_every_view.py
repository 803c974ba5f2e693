"""Every view: accessible, by keyboard alone, on a phone, light and dark; stories and sheets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.page

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ("/", "/see", "/see?story=sharing", "/rests")
PHONE = {"width": 390, "height": 844}


def ready(one: Any, path: str) -> Any:
    page = one.open(path)
    if path.startswith("/see"):
        page.get_by_role("button", name="Play").wait_for()
        page.locator(".panel h3").wait_for()
    return page


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(
    visit: Callable[..., Any], path: str, scheme: str, size: dict[str, int]
) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here: npm ci --prefix tests/page")
    one = visit(color_scheme=scheme, viewport=size, bypass_csp=True)
    page = ready(one, path)
    for summary in page.locator("summary").all():
        summary.click()
    found = axe(page)
    assert not found, found


def axe(page: Any) -> list[Any]:
    """What axe-core holds against a page."""
    page.add_script_tag(path=str(AXE))
    return page.evaluate(
        "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', "
        "'wcag21aa', 'wcag22aa', 'best-practice']})).violations.map(v => "
        "[v.id, v.help, v.nodes.map(n => n.html.slice(0, 160) + ' ' + "
        "n.failureSummary.slice(0, 200))])"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_comes_later(visit: Callable[..., Any], scheme: str) -> None:
    """A comparison, a map, a mistake; a revealed story; a class sheet; a page that is not there."""
    if not AXE.exists():
        pytest.skip("no axe-core here: npm ci --prefix tests/page")
    one = visit(color_scheme=scheme, bypass_csp=True)
    page = one.open("/?co_creation=0&keep=from%3Dsource%26label%3DPlan%2BA")
    page.get_by_role("row", name="Now on the sliders").wait_for()
    page.get_by_role("button", name="Work out the map").click()
    page.locator(".map .main-svg").first.wait_for(timeout=90_000)
    field = page.get_by_role("spinbutton", name="Visits on site", exact=True)
    field.fill("99")
    field.press("Tab")
    page.get_by_role("alert").filter(has_text="allowed").wait_for()
    assert not axe(page)
    page = ready(one, "/see?story=promises")
    page.locator(".answers button").first.click()
    page.locator(".reveal").wait_for()
    assert not axe(page)
    for path in ("/sheet/promises", "/nowhere"):
        one.page.goto(one.url + path)
        assert not axe(one.page), path
    one.wrong.clear()  # the browser itself reports a 404 as an error


@pytest.mark.parametrize(
    ("size", "letters"),
    [({"width": 1024, "height": 768}, 12), ({"width": 1920, "height": 1080}, 16)],
    ids=["old", "wide"],
)
def test_a_class_can_read_it_on_a_projector(
    visit: Callable[..., Any], size: dict[str, int], letters: int
) -> None:
    one = visit(viewport=size)
    page = ready(one, "/see")
    for path in VIEWS:
        page = ready(one, path)
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path}: {wide} pixels too wide"
    page = ready(one, "/see")
    page.locator(".see").scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('.see').scrollIntoView({behavior: 'instant'})")
    # Both teams and the bar that plays them are in sight at once, in letters that carry.
    box = page.evaluate(
        "() => { const all = [...document.querySelectorAll('.net, .see-bar')].map(e => "
        "e.getBoundingClientRect()); return [Math.min(...all.map(b => b.top)), "
        "Math.max(...all.map(b => b.bottom))]; }"
    )
    assert -2 <= box[0] < box[1] <= size["height"], box
    height = page.evaluate(
        "() => { const name = document.querySelector('.net .node:not(.provider) > text'); "
        "return parseFloat(getComputedStyle(name).fontSize) * name.getScreenCTM().a; }"
    )
    assert height >= letters


@pytest.mark.parametrize("path", VIEWS)
def test_fits_a_phone(visit: Callable[..., Any], path: str) -> None:
    one = visit(viewport=PHONE)
    page = ready(one, path)
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} pixels too wide"


def test_plan_by_keyboard_alone(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.innerText") == "Skip to the content"
    page.keyboard.press("Enter")
    labels = []
    for _ in range(40):
        page.keyboard.press("Tab")
        labels.append(
            page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') || "
                "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText"
            )
        )
        if labels[-1] == "Months of assistance (slider)":
            break
    assert labels[0] == "Start from", labels
    assert labels[-1] == "Months of assistance (slider)", labels
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => location.search.includes('months=23')")
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.innerText") == "Keep for comparison":
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Drop Plan A").wait_for()


def test_see_by_keyboard_alone(visit: Callable[..., Any]) -> None:
    one = visit()
    page = ready(one, "/see")
    play = page.get_by_role("button", name="Play")
    play.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".panel h3", has_text="week 1").wait_for()
    person = page.get_by_role("button", name="Ana:").first
    person.focus()
    page.keyboard.press("Enter")
    page.locator(".panel h3", has_text="Ana, week 1").wait_for()
    assert person.get_attribute("aria-pressed") == "true"


def test_play_and_pause(visit: Callable[..., Any]) -> None:
    one = visit()
    page = ready(one, "/see")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => Number(document.querySelector('.see-scrub output').value) >= 2")
    page.get_by_role("button", name="Pause").click()
    week = page.locator(".see-scrub output").inner_text()
    page.wait_for_timeout(1200)
    assert page.locator(".see-scrub output").inner_text() == week
    page.get_by_role("slider", name="Week").fill("40")
    page.locator(".panel h3", has_text="week 40").wait_for()


@pytest.mark.parametrize(
    "key", ["sharing", "cancelled", "promises", "colleagues", "leaving", "after"]
)
def test_a_guided_story_to_its_end_and_its_sheet(visit: Callable[..., Any], key: str) -> None:
    one = visit()
    page = ready(one, f"/see?story={key}")
    for step in range(1, 10):
        page.get_by_role("heading", name=f"step {step} of").wait_for()
        assert page.locator(".reveal").count() == 0  # the question comes first
        page.locator(".answers button").first.click()
        page.locator(".reveal").wait_for()
        following = page.get_by_role("button", name="Next step")
        if following.count() == 0:
            break
        following.click()
    assert step >= 3
    page.get_by_text("To discuss.").wait_for()
    sheet = page.get_by_role("link", name="Class sheet to print").get_attribute("href")
    one.page.goto(one.url + sheet)
    for paper in ({"prefer_css_page_size": True}, {"format": "Letter"}):
        pdf = one.page.pdf(**paper)
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") == 1, paper


def test_numbers_say_their_source_and_change_the_plan(visit: Callable[..., Any]) -> None:
    one = visit()
    page = one.open("/rests")
    page.get_by_role("heading", name="What the model cannot say").wait_for()
    assert page.locator(".params tbody tr").count() > 80
    page.get_by_label("Show").select_option("A")
    page.wait_for_function("() => document.querySelectorAll('.params tbody tr').length < 10")
    field = page.get_by_role("spinbutton", name="Contact hours a week that give 63 % of the effect")
    field.fill("2")
    field.press("Tab")
    page.get_by_text("1 of your own").wait_for()
    page.get_by_role("link", name="See the plan with these values").click()
    one.settled()
    assert "p.hour_scale=2" in page.url
