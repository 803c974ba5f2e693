"""The page in a real Chromium, from a file without a network: its frame, in every window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.page_flows import FORBID_STORAGE, NO_WASM, browser, driver, file, written

__all__ = ["browser", "file"]

pytestmark = pytest.mark.browser

VIEWS = {"plan": "Plan", "class": "Class", "rests": "What it rests on"}
WINDOWS = {
    "laptop": (1440, 900),
    "phone": (390, 844),
    "zoom 400 %": (320, 256),
    "wide": (1920, 1080),
}


def test_it_starts_and_asks_nobody(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        assert "codose" in page.text(".brand")
        assert page.page.title().endswith("codose")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_sticks_out_of_the_window(browser: Any, file: Path, view: str, window: str) -> None:
    width, height = WINDOWS[window]
    with driver(browser, file, width=width, height=height, address=f"#view={view}") as page:
        page.page.wait_for_timeout(500)
        if view == "plan":  # what stands there before the first answer is narrow
            page.shown(".cost-table")
        assert not page.wider_than_the_window()
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, file: Path, view: str, scheme: str) -> None:
    with driver(browser, file, scheme=scheme, address=f"#view={view}") as page:
        page.page.wait_for_timeout(500)
        assert not page.axe()
        assert not page.small_targets()


def test_axe_finds_nothing_on_a_phone(browser: Any, file: Path) -> None:
    with driver(browser, file, width=390, height=844) as page:
        assert not page.axe()
        assert not page.small_targets()


def test_views_have_addresses(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        page.view("Class")
        assert "view=class" in page.page.url
        page.view("What it rests on")
        page.page.go_back()
        page.wait("location.hash.includes('view=class')")
        assert page.shown("[aria-current='page']").inner_text() == "Class"
    with driver(browser, file, address="#view=rests") as page:
        assert page.shown("[aria-current='page']").inner_text() == "What it rests on"


def test_colors_are_chosen_and_kept(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:

        def paper() -> str:
            return page.page.evaluate("getComputedStyle(document.body).backgroundColor")

        light = paper()
        page.page.get_by_label("Colours").select_option("dark")
        assert paper() != light
        page.page.reload()
        page.shown(".frame")
        assert paper() != light
        page.page.get_by_label("Colours").select_option("light")
        assert paper() == light
        page.page.emulate_media(media="print")
        assert paper() == "rgb(255, 255, 255)"


def test_the_first_tab_skips_to_the_content(browser: Any, file: Path) -> None:
    with driver(browser, file) as page:
        page.press("Tab")
        assert page.focused() == "Skip to the content"
        page.press("Enter")
        assert page.page.evaluate("document.activeElement.id") == "main"


def test_a_browser_that_keeps_nothing_is_told_so(browser: Any, file: Path) -> None:
    with driver(browser, file, scripts=(FORBID_STORAGE,)) as page:
        assert page.shown(".frame")
        page.page.get_by_label("Colours").select_option("dark")


def test_without_webassembly_plans_can_be_opened_and_saved(browser: Any, file: Path) -> None:
    with driver(browser, file, scripts=(NO_WASM,)) as page:
        assert "does not run WebAssembly" in page.shown(".no-engine").inner_text()


def test_what_breaks_the_policy_is_blocked(browser: Any, file: Path) -> None:
    allowed = ("Content Security Policy", "Refused", "Failed to fetch")
    with driver(browser, file, allowed=allowed) as page:
        outcome = page.page.evaluate(
            """async () => {
              const tried = {};
              const note = (name, work) => { try { tried[name] = String(work()); }
                catch (error) { tried[name] = error.name; } };
              note("eval", () => eval("1 + 1"));
              note("function", () => new Function("return 2")());
              tried.fetch = await fetch("https://example.org/").then(() => "came", (e) => e.name);
              const script = document.createElement("script");
              script.textContent = "window.injected = true";
              document.body.append(script);
              tried.injected = String(window.injected);
              return tried;
            }"""
        )
        assert outcome["fetch"] == "TypeError"
        assert outcome["injected"] == "undefined"
        broken = page.page.evaluate("window.brokenPolicy.splice(0)")
        assert any("connect-src" in one for one in broken)


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "</script><script>window.hit=1</script>", "‮gnol" * 16]
)
def test_a_hostile_name_is_text(browser: Any, tmp_path: Path, name: str) -> None:
    plans = [{"name": name[:80], "scenario": {"name": name[:80]}}]
    document = {
        "codose": "plans", "version": 1, "open": name[:80], "reference": None, "currency": "$",
        "budget": {"a_year": None, "of": "centre"}, "targets": [], "plans": plans,
    }  # fmt: skip
    with driver(browser, written(tmp_path / "a.html", opened=document)) as page:
        assert page.page.evaluate("window.hit") is None
        assert page.page.locator("img").count() == 0
        assert name[:20] in page.page.title()
