"""Many visitors of the page at once, on loopback: waits from letting go of a slider to new figures,
errors, and whether memory stays.

First one visitor alone, with pages opened and closed (memory is looked at after 200 moves and again
after 2,000 more); then a crowd. Each visitor opens the plan view, speaks to the server as a browser
does (Socket.IO), moves a slider to a value that nobody asked for before, waits for the figures,
thinks for a moment and goes on.

    python experiments/benchmarks/page_load.py                 # 50 visitors, two minutes, memory
    python experiments/benchmarks/page_load.py --visitors 10 --seconds 20 --requests 400

Prints one JSON object, and writes the table into README.md unless a size was changed. Exit code 1
when there was an error, or memory grew by over a tenth.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import datetime
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import socketio

MEAN_THINKING = 3.0
"""Seconds between two moves of one visitor, on average."""
ARRIVING = 15.0
"""Seconds within which all visitors open the page."""
SETTLING = 200
"""Requests after which memory is looked at first."""
CLOSING = 25
"""Seconds until the server has let go of closed pages."""
PER_PAGE = 10
"""Moves in one page while memory is watched."""
PATIENCE = 60.0
ALONE = 40
"""Moves of the visitor who is alone."""
README = Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- page:begin -->", "<!-- page:end -->"


class Visitor:
    """One open plan view."""

    def __init__(self, url: str, luck: random.Random) -> None:
        self.url, self.luck = url, luck
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("update", self._update)
        self.socket.on("disconnect", self._lost)
        self.charts: set[str] = set()
        self.fresh = asyncio.Event()
        self.client = self.listener = ""
        self.lever = 0
        self.lost = False

    async def open(self) -> None:
        async with aiohttp.ClientSession() as web, web.get(self.url + "/") as answer:
            answer.raise_for_status()
            page = await answer.text()
        raw = re.search(r"parseElements\(String\.raw`(.*?)`\)", page, re.S)
        query = re.search(r"query: (\{.*?\}),\n", page)
        assert raw is not None
        assert query is not None
        text = raw.group(1)
        for code, letter in (("#36", "$"), ("#96", "`"), ("gt", ">"), ("lt", "<"), ("amp", "&")):
            text = text.replace(f"&{code};", letter)
        elements = json.loads(text)
        for number, element in elements.items():
            props = element.get("props", {})
            if props.get("name") == "visit_hours":
                self.lever = int(number)
                self.listener = next(
                    e["listener_id"] for e in element["events"] if e["type"] == "change"
                )
            if "chart" in element.get("class", []):
                self.charts.add(number)
        settings = ast.literal_eval(query.group(1))
        self.client = settings["client_id"]
        settings |= {"tab_id": str(uuid.uuid4()), "document_id": str(uuid.uuid4())}
        settings["implicit_handshake"] = "true"
        self.fresh.clear()
        pairs = "&".join(f"{key}={value}" for key, value in settings.items())
        await self.socket.connect(
            f"{self.url}?{pairs}",
            socketio_path="/_nicegui_ws/socket.io",
            transports=["websocket"],
            wait_timeout=PATIENCE,
        )
        await self._wait()

    async def _update(self, data: dict[str, Any]) -> None:
        if self.charts & {str(key) for key in data}:
            self.fresh.set()

    async def _lost(self, *_: object) -> None:
        self.lost = True
        self.fresh.set()

    async def _wait(self) -> None:
        await asyncio.wait_for(self.fresh.wait(), PATIENCE)
        if self.lost:
            raise ConnectionError("the server hung up")

    async def move(self) -> float:
        """Seconds from letting go of a slider to new figures."""
        self.fresh.clear()
        hours = round(self.luck.uniform(0.5, 15.9), 6)
        start = time.monotonic()
        await self.socket.emit(
            "event",
            {"id": self.lever, "client_id": self.client, "listener_id": self.listener,
             "args": [json.dumps(hours)]},
        )  # fmt: skip
        await self._wait()
        return time.monotonic() - start

    async def close(self) -> None:
        await self.socket.disconnect()


async def stay(url: str, number: int, until: float, waits: list[float], wrong: list[str]) -> None:
    """One visitor, moving sliders until the time is over."""
    luck = random.Random(number)
    await asyncio.sleep(luck.uniform(0, ARRIVING))
    visitor = Visitor(url, luck)
    try:
        await visitor.open()
        while time.monotonic() < until:
            waits.append(await visitor.move())
            await asyncio.sleep(luck.expovariate(1 / MEAN_THINKING))
        await visitor.close()
    except Exception as error:
        wrong.append(f"visitor {number}: {type(error).__name__} {error}")


async def many_requests(url: str, count: int, seed: int) -> None:
    """Moves of sliders one after another, with a new page every few moves."""
    luck = random.Random(seed)
    done = 0
    while done < count:
        visitor = Visitor(url, luck)
        await visitor.open()
        for _ in range(min(PER_PAGE, count - done)):
            await visitor.move()
            done += 1
        await visitor.close()


def memory(process: subprocess.Popen[str]) -> int:
    """Resident memory in KiB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found is not None
    return int(found.group(1))


async def measure(url: str, process: subprocess.Popen[str], options: argparse.Namespace) -> dict:
    found: dict[str, Any] = {}
    if options.requests:
        await many_requests(url, SETTLING, 1)
        await asyncio.sleep(CLOSING)
        first = memory(process)
        await many_requests(url, options.requests, 2)
        await asyncio.sleep(CLOSING)
        last = memory(process)
        found |= {
            "memory_after_200_mib": round(first / 1024), "further_requests": options.requests,
            "memory_after_them_mib": round(last / 1024), "growth": round(last / first - 1, 3),
        }  # fmt: skip
    visitor = Visitor(url, random.Random(3))
    await visitor.open()
    alone = []
    for _ in range(ALONE):
        alone.append(await visitor.move())
        await asyncio.sleep(0.5)
    await visitor.close()
    found |= {"alone_median_s": round(statistics.median(alone), 3), "alone_p95_s": p95(alone)}
    waits: list[float] = []
    wrong: list[str] = []
    if options.seconds:
        until = time.monotonic() + options.seconds
        await asyncio.gather(
            *(stay(url, number, until, waits, wrong) for number in range(options.visitors))
        )
    if len(waits) > 1:
        found |= {
            "visitors": options.visitors, "seconds": options.seconds, "moves": len(waits),
            "median_s": round(statistics.median(waits), 3),
            "p95_s": p95(waits),
            "longest_s": round(max(waits), 3),
        }  # fmt: skip
    return found | {"errors": wrong}


def p95(waits: list[float]) -> float:
    """The 95th percentile of waits, in seconds."""
    return round(statistics.quantiles(waits, n=20)[-1], 3)


def table(found: dict[str, Any], about: str) -> str:
    """What was measured, as Markdown."""
    words = {True: "met", False: "**missed**", None: ""}
    errors, growth = len(found["errors"]), found["growth"]

    def seconds(*names: str) -> str:
        return ", ".join(f"{found[name]:.2f} s" for name in names)

    crowd = f"{found['visitors']} visitors for {found['seconds']:g} s"
    memory_ = f"{found['memory_after_200_mib']} MiB, {found['memory_after_them_mib']} MiB"
    rows: list[tuple[str, str, str, bool | None]] = [
        ("one visitor, from letting go of a slider to new figures: median, 95th percentile",
         seconds("alone_median_s", "alone_p95_s"), "about 0.3 s", found["alone_median_s"] <= 0.35),
        (f"{crowd}, {found['moves']:,} moves: errors", str(errors), "none", errors == 0),
        (f"{crowd}: median, 95th percentile, longest wait",
         seconds("median_s", "p95_s", "longest_s"), "", None),
        (f"memory of the server after {SETTLING} moves, after {found['further_requests']:,} more",
         f"{memory_} ({growth:+.1%})", "within 10 %", growth <= 0.1),
    ]  # fmt: skip
    lines = [about, "", "| what | measured | target | |", "|---|---|---|---|"]
    lines += [
        f"| {what} | {value} | {target} | {words[met]} |" for what, value, target, met in rows
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    code = "from sim.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "The page is at" in line)
        url = re.search(r"http://[\d.]+:\d+", line)
        assert url is not None
        found = asyncio.run(measure(url.group(), process, options))
    finally:
        process.terminate()
        process.wait(20)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    if options == parser.parse_args([]):
        import between
        from measures import machine

        about = (
            f"{machine()}. {datetime.date.today()}; load average of the machine {busy:.1f} when it "
            "began."
        )
        between.put(README, BEGIN, END, table(found, about))
    return 1 if found["errors"] or found.get("growth", 0) > 0.1 else 0


if __name__ == "__main__":
    sys.exit(main())
