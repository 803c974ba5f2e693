"""The class in a real Chromium: a story from guess to end, presented, printed, by keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.page_clock import walk
from tests.page_flows import Driver, browser, driver, file, written

__all__ = ["browser", "file"]

pytestmark = pytest.mark.browser

REPO = Path(__file__).resolve().parents[1]
STORIES = json.loads((REPO / "sim" / "page" / "stories.json").read_text(encoding="utf-8"))
NEXT = ".k-controls > .k-main"
PROJECTORS = {"1280x720": (1280, 720), "1920x1080": (1920, 1080)}


def at(story: str, **place: str) -> str:
    """The address of a story."""
    more = "".join(f"&{name}={value}" for name, value in place.items())
    return f"#view=class&story={story}{more}"


def guess(page: Driver, choice: int = 0) -> None:
    """Choose and lock."""
    page.shown(".k-net")
    page.page.locator(".k-choice label").nth(choice).click()
    page.page.locator(NEXT).click()


def reveal(page: Driver) -> None:
    """See what happens, up to the numbers."""
    page.page.locator(NEXT).click()
    page.shown(".k-choice.is-right")
    page.shown(f"{NEXT}:not([disabled])")


def explain(page: Driver) -> None:
    page.page.locator(NEXT).click()
    page.shown(".k-line-of-why.is-flashing")


def unfold(page: Driver) -> None:
    """See the arithmetic of the line that tells most."""
    page.page.locator(".k-line-of-why.is-flashing summary").click()
    page.shown(".k-line-of-why.is-flashing .k-arithmetic")


def test_a_story_from_guess_to_end(browser: Any, file: Path) -> None:
    with driver(browser, file, address="#view=class", reduced_motion="reduce") as page:
        page.page.get_by_role("button", name="Who decides?", exact=True).click()
        for question in (1, 2, 3):
            page.shown(".k-net")
            assert f"question {question} of 3" in page.text(".k-question")
            assert page.page.locator(".k-choice.is-right").count() == 0
            assert page.page.locator(NEXT).is_disabled()
            guess(page, 2)
            assert page.page.locator(".k-choices").get_attribute("disabled") is not None
            reveal(page)
            assert "plausible worlds" in page.text(".k-question")
            assert page.page.locator(".k-reveals").is_visible()
            explain(page)
            assert page.page.locator("[role=alert]").count() == 0
            if question < 3:
                page.page.locator(NEXT).click()
                page.shown(f".k-question:has-text('question {question + 1} of 3')")
                assert page.focused() == page.text(".k-question h1")
        page.page.reload()
        page.shown(".k-net")
        assert page.page.locator(".k-choice.is-right").count() == 1  # kept on the device
        assert "To discuss" in page.text(".k-explain")


def test_the_answer_waits_until_one_has_watched(browser: Any, file: Path) -> None:
    with driver(browser, file, address=at("sharing")) as page:
        guess(page)
        page.page.evaluate(
            """() => {
              window.early = [];
              new MutationObserver(() => {
                const week = Number(document.querySelector(".k-slider input").value);
                const told = document.querySelector(".k-choice.is-right, .k-reveals");
                if (told && week < 13) window.early.push(week);
              }).observe(document.body, { subtree: true, childList: true, attributes: true });
            }"""
        )
        reveal(page)
        assert "week=13" in page.page.url
        assert page.page.evaluate("window.early") == []


def test_hands_are_counted_and_draw_bars(browser: Any, file: Path) -> None:
    with driver(browser, file, address=at("leaving")) as page:
        page.shown(".k-net")
        for choice, hands in enumerate((3, 12, 5, 0)):
            page.page.locator(".k-hands input").nth(choice).fill(str(hands))
        widths = page.page.eval_on_selector_all(
            ".k-bar", "all => all.map((one) => parseFloat(one.style.width))"
        )
        assert widths == [25, 100, pytest.approx(41.6667, abs=0.01), 0]
        assert not page.page.locator(NEXT).is_disabled()  # a show of hands is a guess


@pytest.mark.parametrize(
    ("window", "story"),
    [("1280x720", "switches"), *(("1920x1080", one["key"]) for one in STORIES)],
)
def test_presented_nothing_is_cut_and_letters_are_large(
    browser: Any, file: Path, window: str, story: str
) -> None:
    width, height = PROJECTORS[window]
    least = 24 * width / 1920
    (steps,) = (one["steps"] for one in STORIES if one["key"] == story)
    with driver(browser, file, width=width, height=height, reduced_motion="reduce",
                address=at(story, present="1")) as page:  # fmt: skip
        for step in range(len(steps)):
            for act in (None, guess, reveal, explain, unfold):
                page.shown(".k-net")
                if act:
                    act(page)
                assert not cut(page), (window, step)
                assert not smaller_than(page, least), (window, step)
            if step < len(steps) - 1:
                page.page.locator(NEXT).click()
                page.shown(f".k-question:has-text('question {step + 2} of {len(steps)}')")
                assert page.focused() == page.text(".k-question h1")


def test_nothing_glides_for_those_who_want_less_motion(browser: Any, file: Path) -> None:
    """A change of however short a time is drawn halfway once, and a label out of its box."""
    with driver(browser, file, reduced_motion="reduce", address=at("provider")) as page:
        page.shown(".k-net")
        gliding = page.page.evaluate(
            """() => [...document.querySelectorAll("*")]
              .filter((one) => getComputedStyle(one).transitionProperty !== "none")
              .map((one) => one.tagName)"""
        )
        assert not gliding


def cut(page: Driver) -> list[str]:
    """What does not fit on the screen, or into its place."""
    return page.page.evaluate(
        """() => {
          const room = [window.innerWidth + 1, window.innerHeight + 1];
          const kept = ".k-question, .k-choices, .k-choice, .k-head, .k-net, .k-course, .k-why, " +
            ".k-reveals, .k-controls, .k-controls button, .k-controls summary, .k-person, .k-badge";
          const story = document.querySelector(".k-story");
          const found = [...story.querySelectorAll(kept)].filter((one) => {
            const box = one.getBoundingClientRect();
            const after = box.right > room[0] || box.bottom > room[1];
            return box.width && (after || box.left < -1 || box.top < -1);
          });
          const tall = [...story.querySelectorAll(".k-why, .k-guide, .k-middle, .k-choice")]
            .filter((one) => one.scrollHeight > one.clientHeight + 2);
          const outside = [[".k-course text", ".k-course"], [".k-reveals", ".k-middle"],
            [".k-provider .k-strong", ".k-provider rect"]].flatMap(([part, whole]) =>
            [...story.querySelectorAll(part)].filter((one) => {
              const around = (one.closest(".k-provider") ?? one.closest(whole) ?? story);
              const box = (around.querySelector(whole) ?? around).getBoundingClientRect();
              return one.getBoundingClientRect().right > box.right + 1;
            }));
          const all = [...found, ...tall, ...outside];
          return all.map((one) => one.className.baseVal ?? one.className);
        }"""
    )


def smaller_than(page: Driver, least: float) -> list[str]:
    """Text in letters that are too small, as they stand on the screen."""
    return page.page.evaluate(
        """(least) => [...document.querySelectorAll(".k-story *")]
          .filter((one) => one.getClientRects().length)
          .filter((one) => !one.closest(".k-hidden, .k-links, option"))
          .filter((one) => [...one.childNodes].some((it) => it.nodeType === 3 && it.data.trim()))
          .filter((one) => {
            const scale = one.ownerSVGElement
              ? one.getScreenCTM().a : 1;
            return parseFloat(getComputedStyle(one).fontSize) * scale < least - 0.3;
          })
          .map((one) => `${one.tagName} ${one.textContent.slice(0, 30)}`)""",
        least,
    )


def test_by_keys_alone(browser: Any, file: Path) -> None:
    with driver(browser, file, address=at("colleagues"), reduced_motion="reduce") as page:
        page.shown(".k-net")
        page.tab_to("Ana:")
        page.press("ArrowRight")
        assert page.focused().startswith("Ben:")
        page.press("ArrowLeft", "ArrowLeft")
        assert page.focused().startswith("Provider:")
        page.press("Tab")
        assert not page.focused().startswith("Ana:")  # one stop for all people of a side
        page.page.locator(".k-choice input[type=radio]").first.focus()
        page.press("Space", "ArrowDown")
        page.page.locator(NEXT).focus()
        page.press("Enter")
        page.page.locator(NEXT).focus()
        page.press("Enter")
        page.shown(".k-choice.is-right")
        page.page.evaluate("document.activeElement.blur()")
        week = re.search(r"week=(\d+)", page.page.url)
        page.press("ArrowLeft")
        assert week
        assert f"week={int(week[1]) - 1}" in page.page.url


def test_a_person_tells_why_with_its_arithmetic(browser: Any, file: Path) -> None:
    with driver(browser, file, address=at("sharing"), reduced_motion="reduce") as page:
        guess(page)
        reveal(page)
        explain(page)
        line = page.page.locator(".k-line-of-why.is-flashing")
        line.locator("summary").click()
        told = line.locator(".k-arithmetic").inner_text()
        assert "what was experienced" in told
        assert "×" in told
        assert "tau" in told  # as the description of the model has it


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", [{}, {"present": "1"}, {"sheet": "sheet"}, {"sheet": "key"}])
def test_axe_finds_nothing(browser: Any, file: Path, place: dict[str, str], scheme: str) -> None:
    with driver(browser, file, scheme=scheme, address=at("doing", **place),
                reduced_motion="reduce") as page:  # fmt: skip
        page.shown(".k-sheet .k-reveals" if place.get("sheet") == "key" else ".k-net, .k-sheet")
        if "sheet" not in place:
            guess(page)
            reveal(page)
            explain(page)
        assert not page.axe()
        assert not page.small_targets()


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=lambda one: one["key"])
def test_a_story_takes_the_minutes_that_it_says(
    browser: Any, file: Path, story: dict[str, Any]
) -> None:
    with driver(browser, file, width=1280, height=720,
                address=at(story["key"], present="1")) as page:  # fmt: skip
        assert 0 <= story["minutes"] - walk(page, story["key"]).minutes() <= 1


@pytest.mark.parametrize("width", [320, 390, 1920])
def test_nothing_sticks_out(browser: Any, file: Path, width: int) -> None:
    with driver(browser, file, width=width, height=844, address=at("overload"),
                reduced_motion="reduce") as page:  # fmt: skip
        guess(page)
        reveal(page)
        assert not page.wider_than_the_window()
        explain(page)
        assert not page.wider_than_the_window()


@pytest.mark.parametrize("story", ["doing", "switches"])
def test_a_low_window_keeps_its_height_for_the_story(browser: Any, file: Path, story: str) -> None:
    with driver(browser, file, width=640, height=400, address=at(story)) as page:
        page.shown(".k-net")
        box = page.page.locator(".k-controls").bounding_box()
        assert box["height"] < 400 / 4


@pytest.mark.parametrize(
    ("story", "kind", "pages"),
    [
        ("sharing", "sheet", 1),
        ("switches", "sheet", 1),
        ("doing", "key", 1),
        ("switches", "key", 2),
    ],
)
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_sheets_and_keys_have_the_pages_that_are_promised(
    browser: Any, file: Path, story: str, kind: str, pages: int, paper: str
) -> None:
    """One page; two for the key of the story with four questions."""
    with driver(browser, file, address=at(story, sheet=kind)) as page:
        page.shown(".k-sheet .k-reveals" if kind == "key" else ".k-sheet")
        assert page.page.pdf(format=paper).count(b"/Type /Page\n") == pages


def test_a_page_can_begin_with_a_story(browser: Any, tmp_path: Path) -> None:
    with driver(browser, written(tmp_path / "lesson.html", story="provider")) as page:
        page.shown(".k-net")
        assert "The provider leaves" in page.text(".k-question")
