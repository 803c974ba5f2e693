"""The page in a browser: a server of its own, Debian's Chromium, and what every page is held to.

Needs Chromium and the package playwright (which downloads no browser here); without them the tests
are skipped and say so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = os.environ.get("CODOSE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Server:
    """``codose serve`` as a user starts it."""

    def __init__(self) -> None:
        code = "from sim.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(120), f"no server: {self.lines}"
        found = re.search(r"http://[\d.]+:\d+", "".join(self.lines))
        assert found, self.lines
        self.url = found.group()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "The page is at" in line:
                self._ready.set()
        self._ready.set()

    def memory(self) -> int:
        """Resident memory in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))  # type: ignore[union-attr]

    def stop(self) -> int:
        """As Ctrl-C does; returns the exit code."""
        import signal

        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    code = made.stop()
    log = "".join(made.lines)
    assert "Traceback" not in log, log
    assert code == 0, log


def lever(page: Any, name: str) -> Any:
    """The number field of a lever, by its label."""
    return page.get_by_role("spinbutton", name=name, exact=True)


def put(page: Any, name: str, value: str) -> None:
    """Type a value into a lever and leave it."""
    field = lever(page, name)
    field.fill(value)
    field.press("Tab")


def address_has(page: Any, part: str) -> None:
    """Wait until the address says so: the server has taken the change."""
    page.wait_for_function("part => location.search.includes(part)", arg=part)


def effect(page: Any, name: str) -> str:
    """The effect that a tile shows."""
    return page.locator(".tile", has_text=name).locator("dd").first.inner_text()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here: apt-get install chromium, or set CODOSE_CHROMIUM")
    with playwright.sync_playwright() as engine:
        made = engine.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield made
        made.close()


class Visit:
    """A browser window of one visitor; nothing may fail in it and nothing may leave the host."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.url = url
        self.context = browser.new_context(
            viewport=context.pop("viewport", {"width": 1280, "height": 900}),
            accept_downloads=True, **context,
        )  # fmt: skip
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.outside: list[str] = []
        self.requests = self.sockets = 0
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("request", self._request)
        self.page.on("websocket", self._socket)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text}")

    def _request(self, request: Any) -> None:
        self.requests += 1
        host = urlsplit(request.url)
        inside = f"{host.scheme}://{host.netloc}" == self.url or host.scheme in ("data", "blob")
        if not inside:
            self.outside.append(request.url)

    def _socket(self, socket: Any) -> None:
        self.sockets += 1
        if urlsplit(socket.url).netloc != urlsplit(self.url).netloc:
            self.outside.append(socket.url)

    def open(self, path: str = "/") -> Any:
        """Open a view and wait until it has its answer."""
        self.page.goto(self.url + path)
        if path.split("?")[0] == "/":
            self.settled()
        return self.page

    def settled(self) -> None:
        """Until the figures belong to the plan on the sliders."""
        self.page.wait_for_function(
            "() => { const a = document.querySelector('[data-wanted]'); return a && "
            "a.dataset.shown === a.dataset.wanted && document.querySelector('.tile dd') && "
            "document.querySelectorAll('.chart .main-svg').length >= 4; }"
        )

    def leave(self) -> None:
        """Close the window without looking at what the browser said last."""
        self.wrong.clear()
        self.context.close()

    def close(self) -> None:
        """Close the window; what went wrong in it fails the test."""
        self.context.close()
        assert not self.wrong, self.wrong
        assert not self.outside, self.outside


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Visit]]:
    made: list[Visit] = []

    def begin(**context: Any) -> Visit:
        made.append(Visit(browser, server.url, **context))
        return made[-1]

    yield begin
    for one in made:
        one.close()
