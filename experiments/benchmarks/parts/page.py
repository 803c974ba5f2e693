"""The page in Chromium, opened from a file: :func:`in_chromium`.

A build of its own (sim/page/app/tests/bench.ts) asks the page's runner as the page does: 50 sets
x 4, curves of some outcomes. Opening and size are those of the page itself.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import clock
import numpy as np
from clock import REPO, Call, Spent, here
from record import Line, below, skipped

from sim.engine import batch, tables
from sim.scenario.scenario import Scenario

APP = REPO / "sim" / "page" / "app"
WHAT = "the page, in Chromium"
SHOWN = "document.title === 'ready'"
ANSWERED = "performance.getEntriesByName('codose {}').length > 0"
WHEN = "performance.getEntriesByName('codose {}')[0].startTime"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REGIONS = (3, 12, 40)
MOST_BYTES = 1_500_000


def in_chromium(tiny: bool) -> list[Line]:
    """Runs a second, moves of a slider, memory, and how the page opens."""
    chromium = shutil.which(os.environ.get("CODOSE_CHROMIUM", "chromium"))
    node = shutil.which("node")
    try:
        from playwright.sync_api import sync_playwright

        from sim.page import build
    except ImportError as error:
        return [skipped(WHAT, f"{error.name} is not here")]
    if chromium is None or node is None or not (APP / "node_modules").is_dir():
        return [skipped(WHAT, "there is no Chromium, no Node, or no `npm ci` in sim/page/app")]
    data = build.page_data()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        bench = [node, APP / "build.mjs", "--from", APP / "tests" / "bench.ts", "--out", folder]
        subprocess.run(bench, check=True)
        (folder / "bench.html").write_text(build.page_html(data, dist=folder), encoding="utf-8")
        whole = folder / "codose.html"
        whole.write_text(build.page_html(data), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        try:
            lines = opening(browser, whole, 1 if tiny else 5)
            lines += against_native(browser, folder / "bench.html", tiny)
            lines += moves(browser, folder / "bench.html", tiny)
            lines += memory(browser, folder / "bench.html", 20 if tiny else 2000)
        finally:
            browser.close()
    return lines


@contextmanager
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """A tab of its own with the bench in it."""
    page = browser.new_page()
    try:
        page.goto(file.as_uri())
        wait(page, SHOWN)
        yield page
    finally:
        page.close()


def wait(page: Any, shown: str, seconds: float = 30.0) -> None:
    """Wait until something holds; the page's content policy keeps Playwright's own way out.

    Raises:
        TimeoutError: it does not.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(shown):
        if time.monotonic() > end:
            raise TimeoutError(f"after {seconds:g} s there is no {shown}")
        time.sleep(0.01)


def planning(regions: int) -> Scenario:
    """The planning case with so many regions, a provider for every two of them."""
    data = Scenario.shipped("planning").to_dict()
    data["regions"] |= {"candidates": regions, "count": regions, "names": None, "overrides": {}}
    data["providers"] = {"count": max(1, regions // 2), "weekly_hours": 20.0}
    return Scenario.from_dict(data)


# --- the page itself -----------------------------------------------------------------------------


def opening(browser: Any, file: Path, rounds: int) -> list[Line]:
    """How large the page is, and how long it takes from opening to the first runs and to all."""
    size = file.stat().st_size
    lines = [below("size of the page", size / 1e6, MOST_BYTES / 1e6, f"{size / 1e6:.2f} MB", "MB")]
    found: dict[str, list[float]] = {"first part": [], "answered": []}
    for _ in range(rounds):
        page = browser.new_page()
        try:
            page.goto(file.as_uri())
            for what, times in found.items():
                wait(page, ANSWERED.format(what))
                times.append(page.evaluate(WHEN.format(what)))
        except TimeoutError as error:
            return [*lines, skipped("from opening to the first runs", str(error))]
        finally:
            page.close()
    for what, text, target in (
        ("first part", "from opening to the first runs", 1000.0),
        ("answered", "from opening to all 50 x 4 runs", 3000.0),
    ):
        ms = statistics.median(found[what])
        lines.append(below(text, ms, target, f"{ms:.0f} ms", "ms"))
    return lines


# --- runs a second -------------------------------------------------------------------------------


def against_native(browser: Any, file: Path, tiny: bool) -> list[Line]:
    """Runs of plans by 1, 2 and 4 workers, in turns with the native engine on all processors."""
    lines = []
    for name, scenario in (("source", Scenario.shipped("source")), ("planning", planning(12))):
        replicates, rounds = (1, 1) if tiny else (4, 5)
        runs = 50 * replicates
        rows = tables.parameter_rows([scenario.parameter_set()] * 50)
        which, numbers = np.repeat(np.arange(50), replicates), np.arange(runs)
        calls = {"native": native(scenario, rows, which, numbers)}
        with opened(browser, file) as page:
            for workers in (1, 2, 4):
                calls[str(workers)] = speed(page, scenario, workers, replicates, runs)
            turns = clock.in_turn(calls, rounds)
        for workers in (1, 2, 4):
            second = 1 / turns.median(str(workers))
            times = turns.ratio(str(workers), "native")
            text = f"{second:.0f} runs a second, native on one thread {times:.1f} x as many"
            what = f"{name}: every week reported, {workers} workers"
            lines.append(Line(what, text, cost=times, slack=2.0))
    return lines


def native(scenario: Scenario, rows: np.ndarray, which: np.ndarray, numbers: np.ndarray) -> Call:
    """The same runs here, on one thread."""
    return here(lambda: batch.run_here(scenario, rows, which, numbers, 2), len(which))


def speed(page: Any, scenario: Scenario, workers: int, replicates: int, runs: int) -> Call:
    """Seconds of a run in the page."""

    def call() -> Spent:
        asked = [scenario.to_dict(), workers, replicates]
        found = page.evaluate("([plan, workers, n]) => bench.speed(plan, workers, n)", asked)
        seconds = 1 / found["perSecond"]
        return Spent(seconds, seconds)

    return call


# --- moves ---------------------------------------------------------------------------------------


def moves(browser: Any, file: Path, tiny: bool) -> list[Line]:
    """From letting go of a slider to the first bands and to the last, also on a slow page."""
    lines = []
    count = 2 if tiny else 9
    for regions in REGIONS[:1] if tiny else REGIONS:
        for slower in (1, 4) if regions == 12 else (1,):
            with opened(browser, file) as page:
                page.context.new_cdp_session(page).send(
                    "Emulation.setCPUThrottlingRate", {"rate": slower}
                )
                asked = [planning(regions).to_dict(), 2, count]
                found = page.evaluate(
                    "([plan, workers, n]) => bench.moves(plan, workers, n)", asked
                )
            first, whole, made = (
                statistics.median(one[what] for one in found) for what in ("first", "all", "made")
            )
            slow = f", its main thread {slower} times slower" if slower > 1 else ""
            what = f"a move at {regions} regions, 2 workers{slow}: first bands"
            text = f"{first:.0f} ms, of {made:.0f} runs; all 200 after {whole:.0f} ms"
            lines.append(below(what, first, 100.0, text, "ms"))
    return lines


# --- memory --------------------------------------------------------------------------------------


def memory(browser: Any, file: Path, count: int) -> list[Line]:
    """What the tab takes after many moves, of which each stops the one before."""
    with opened(browser, file) as page:
        before = renderers()
        page.evaluate(
            "([plan, workers, n]) => bench.drag(plan, workers, n)",
            [planning(12).to_dict(), 2, count],
        )
        after = renderers()
    if not after:
        return [skipped("memory after many moves", "this system does not tell")]
    text = f"{after:.0f} MB, before them {before:.0f} MB"
    return [below(f"memory after {count:,} moves at 12 regions", after, 500.0, text, "MB")]


def renderers() -> float:
    """Resident memory of the largest process of a tab that this one started, MB; 0 if unknown."""
    if not sys.platform.startswith("linux"):
        return 0.0
    largest = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            status = (process / "status").read_text(encoding="utf-8")
        except OSError:
            continue
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)
        if b"--type=renderer" in words and found and started_here(process.name):
            largest = max(largest, int(found.group(1)) / 1024)
    return largest


def started_here(process: str) -> bool:
    """Whether a process descends from this one."""
    while process not in ("0", "1"):
        if process == str(os.getpid()):
            return True
        try:
            stat = Path("/proc", process, "stat").read_text(encoding="utf-8")
        except OSError:
            return False
        process = stat.rpartition(")")[2].split()[1]
    return False
