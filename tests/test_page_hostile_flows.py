"""What a page must bear, in a real Chromium: hostile names, dead workers, other engines, print."""

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
NAMES = [
    "<img src=x onerror=alert(1)>", "\"quoted\" 'n' &amp;", "\u202egnol thgir ot tfel",
    "A region with a name that is far longer than anything a table was ever made for",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "\U0001f600\U0001f469\u200d\U0001f467 Región Ñ", '=HYPERLINK("http://x","y")', "+1+1", "-2+3",
    "@SUM(A1)", "constructor", "__proto__",
]  # fmt: skip


def _base(names: list[str]) -> dict[str, Any]:
    base = said(Scenario.shipped("planning"))
    base |= {"start_date": "2027-01-04", "horizon_weeks": 104}
    count = len(names)
    base["regions"] |= {"candidates": count, "count": count, "staff": 6, "names": names}
    base["providers"] = {"count": 2, "weekly_hours": 20, "names": ["<b>Eva</b>", "\u202eave"]}
    return base


def document(names: list[str], plans: dict[str, str]) -> dict[str, Any]:
    """Plans by name and mode, about regions of these names."""
    base = _base(names)
    calls = {"every_weeks": 4, "hours": 1, "last_week": 52}
    made = [
        {"name": name, "scenario": {**base, "name": name, "dosage": [{"mode": mode, **calls}]}}
        for name, mode in plans.items()
    ]
    return {
        "codose": "plans", "version": 1, "open": made[0]["name"], "reference": made[0]["name"],
        "currency": "$", "budget": {"a_year": 30000, "of": "centre"},
        "targets": [
            {"outcome": "integration", "at_least": 0.2, "when": "end_of_ta", "sure": 0.7}
        ],
        "plans": made,
    }  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    modes = {NAMES[0]: "phone", NAMES[2]: "video", NAMES[4]: "onsite"}
    opened = document(NAMES, modes)
    return written(tmp_path_factory.mktemp("page") / "hostile.html", opened=opened)


def _ready(page: Driver, selector: str = READY) -> None:
    page.page.wait_for_selector(selector, timeout=2 * PATIENCE)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (320, "light")])
def test_hostile_names_are_names(browser: Any, hostile: Path, width: int, scheme: str) -> None:
    with driver(browser, hostile, width=width, scheme=scheme) as page:
        _ready(page)
        _ready(page, COMPARED)
        page.shown(".dots-table tbody tr")
        assert page.page.locator("img").count() == 0
        told = page.page.locator(".dots-table tbody th").all_inner_texts()
        assert [one.split("\n")[0] for one in told] == NAMES
        against = page.page.locator(".plan-sentences").inner_text()
        assert f"\u2068{NAMES[2]}\u2069" in against  # turned no further than its end
        assert not page.axe()
        assert not page.small_targets()
        assert not page.wider_than_the_window()
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_names_in_files(browser: Any, hostile: Path, tmp_path: Path) -> None:
    formula = re.compile(r'(?:^|,)"?[=+@\t\r-](?![\d.]+"?(?:,|$))', re.MULTILINE)
    with driver(browser, hostile) as page:
        _ready(page)
        _ready(page, COMPARED)
        page.page.get_by_role("button", name="Hand on").click()
        items = page.page.get_by_role("menuitem").all_inner_texts()
        page.press("Escape")
        for item in [one.split("\n")[0] for one in items]:
            if item == "Print or save as PDF" or "rint" in item:
                continue
            page.page.get_by_role("button", name="Hand on").click()
            name, raw = page.saved_file(
                lambda item=item: page.page.get_by_role("menuitem", name=item).first.click()
            )
            assert not re.search(r'[<>:"/\\|?*\u202e\x00-\x1f]', name), name
            text = raw.decode("utf-8-sig")
            if name.endswith(".csv"):
                assert not formula.search(text), (name, formula.search(text))
            if name.endswith(".ics"):
                lines = text.split("\r\n")
                assert all(len(one.encode()) <= 75 for one in lines), name
                assert all(re.match(r"[A-Z][A-Z-]*[;:]|[ ]|$", one) for one in lines), name


# --- what a browser forbids, and what dies ------------------------------------------------------

NO_WORKER = "window.Worker = class { constructor() { throw new DOMException('no'); } };"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    opened = document(["North", "South"], {"One": "video", "Two": "phone"})
    return written(tmp_path_factory.mktemp("page") / "small.html", opened=opened)


@pytest.mark.parametrize("scripts", [(NO_WORKER,), ()], ids=["forbidden", "killed"])
def test_an_answer_comes_without_the_workers(
    browser: Any, small: Path, scripts: tuple[str, ...]
) -> None:
    with driver(browser, small, scripts=scripts) as page:
        page.kill_workers()
        _ready(page)
        assert page.text(".verdict h1").startswith("This plan brings")


def test_waiting_for_what_comes_later_needs_no_eval(browser: Any, small: Path) -> None:
    """A wait that is not over at the first look must not fall to the page's own policy."""
    with driver(browser, small) as page:
        page.page.evaluate("() => { setTimeout(() => { window.late = true; }, 500); }")
        page.wait("window.late === true")


def test_every_way_out_is_closed(browser: Any, small: Path) -> None:
    allowed = ("Content Security", "Refused", "violates", "request: http://example.org")
    ways = """() => {
      const put = (name, given) => document.body.append(
        Object.assign(document.createElement(name), given));
      put("img", { src: "http://example.org/a.png" });
      put("link", { rel: "stylesheet", href: "http://example.org/a.css" });
      put("iframe", { src: "http://example.org/" });
      put("script", { src: "http://example.org/a.js" });
      navigator.sendBeacon("http://example.org/b", "x");
      try { new WebSocket("ws://example.org"); } catch (error) { /* refused */ }
      const form = document.createElement("form");
      Object.assign(form, { action: "http://example.org/f", method: "post" });
      document.body.append(form);
      form.submit();
    }"""
    with driver(browser, small, allowed=allowed) as page:
        failed: list[str] = []
        page.page.on("requestfailed", lambda one: failed.append(one.failure or ""))
        page.page.evaluate(ways)
        page.wait("window.brokenPolicy.length >= 7")
        broken = " ".join(page.page.evaluate("window.brokenPolicy.splice(0)"))
        for part in ("img", "style", "frame", "script", "connect", "form"):
            assert f"{part}-" in broken, broken
        assert all(one == "csp" for one in failed), failed


@pytest.mark.parametrize("view", ["plan", "class", "rests"])
def test_forced_colors_are_sound(browser: Any, small: Path, view: str) -> None:
    address = f"#view={view}"
    with driver(browser, small, address=address, forced_colors="active") as page:
        assert not page.axe()
