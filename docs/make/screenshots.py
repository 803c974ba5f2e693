"""Pictures of every view of the page, written to docs/images/: desktop, phone and dark.

Starts ``codose serve`` by itself. Needs Chromium (``CODOSE_CHROMIUM``, or ``chromium`` on the path)
and the package playwright.

    python docs/make/screenshots.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parents[1] / "images"
CHROMIUM = os.environ.get("CODOSE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SIZES = (
    ("desktop", DESKTOP, "light"),
    ("phone", PHONE, "light"),
    ("dark", DESKTOP, "dark"),
)


def plan(page: Any) -> None:
    """A plan with two kept ones beside it."""
    page.wait_for_function("() => document.querySelectorAll('.chart .main-svg').length >= 4")
    page.get_by_role("button", name="Drop Plan B").wait_for()
    page.get_by_role("table").filter(has_text="Differences to").wait_for()


def compare(page: Any) -> None:
    """The figures and the table of paired differences."""
    plan(page)
    table = page.get_by_role("table").filter(has_text="Differences to")
    table.evaluate(
        "table => scrollBy({top: table.getBoundingClientRect().bottom - innerHeight + 90, "
        "behavior: 'instant'})"
    )


def dosage_map(page: Any) -> None:
    """The map, worked out."""
    plan_ready = "() => document.querySelectorAll('.chart .main-svg').length >= 4"
    page.wait_for_function(plan_ready)
    page.get_by_role("spinbutton", name="Level when assistance ends").fill("0.45")
    page.keyboard.press("Tab")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Work out the map").click()
    page.get_by_role("button", name="Use the cheapest plan").first.wait_for(timeout=90_000)
    page.get_by_role("heading", name="Dosage map").scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('.target').scrollIntoView({block: 'start'})")


def see(page: Any) -> None:
    """A week with a contact, and a person's reasons."""
    page.get_by_role("button", name="Play").wait_for()
    for _ in range(3):
        page.get_by_role("button", name="Next contact").click()
        page.wait_for_timeout(400)
    page.get_by_role("button", name="Ben:").last.click()
    page.locator(".panel h3", has_text="Ben").wait_for()


def story(page: Any) -> None:
    """A guided story after its first question."""
    page.get_by_role("heading", name="step 1 of").wait_for()
    page.locator(".answers button").nth(1).click()
    page.locator(".reveal").wait_for()


def rests(page: Any) -> None:
    """The numbers."""
    page.locator(".params").wait_for()


KEPT = (
    "keep=from%3Dsource%26label%3DPlan%2BA&keep=from%3Dsource%26co_creation%3D0%26label%3DPlan%2BB"
)
VIEWS = (
    ("plan", f"/?from=source&calls=2&{KEPT}", plan),
    ("compare", f"/?from=source&calls=2&{KEPT}", compare),
    ("map", "/", dosage_map),
    ("see", "/see", see),
    ("story", "/see?story=cancelled", story),
    ("rests", "/rests", rests),
)


def main() -> None:
    from playwright.sync_api import sync_playwright

    code = "from sim.cli import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        line = next(line for line in server.stdout if "The page is at" in line)
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found is not None
        with sync_playwright() as engine:
            browser = engine.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
            for size, viewport, scheme in SIZES:
                for name, path, act in VIEWS:
                    page = browser.new_page(viewport=viewport, color_scheme=scheme)
                    page.set_default_timeout(60_000)
                    page.goto(found.group() + path)
                    act(page)
                    page.mouse.move(0, 0)
                    page.wait_for_timeout(1500)
                    page.screenshot(path=IMAGES / f"page_{name}_{size}.png")
                    page.close()
            page = browser.new_page(viewport={"width": 794, "height": 1123})
            page.goto(found.group() + "/sheet/cancelled")
            page.screenshot(path=IMAGES / "page_sheet.png")
            browser.close()
    finally:
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    main()
