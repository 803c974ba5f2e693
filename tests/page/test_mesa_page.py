"""``codose serve --mesa``: Mesa's own page of the model, where its extra is installed."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from socket import create_server
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.page

pytest.importorskip("solara", reason="codose[mesa-page] is not installed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = "from sim.cli import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--mesa", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    yield url
    server.terminate()
    server.wait(30)


def test_visitors_step_models_of_their_own_and_nothing_is_fetched(
    browser: Any, address: str
) -> None:
    outside: list[str] = []

    def noted(request: Any) -> None:
        host = urlsplit(request.url)
        if host.scheme in ("http", "https") and host.hostname not in ("127.0.0.1", "localhost"):
            outside.append(request.url)

    pages = []
    for _ in range(2):
        pages.append(browser.new_page())
        pages[-1].on("request", noted)
        pages[-1].goto(address)
        pages[-1].get_by_text("Step: 0").wait_for(timeout=60_000)
    pages[0].get_by_role("button", name="Step").click()
    pages[0].get_by_text("Step: 1").wait_for(timeout=30_000)
    assert pages[1].get_by_text("Step: 0").is_visible()
    assert not outside
    for page in pages:
        page.close()
