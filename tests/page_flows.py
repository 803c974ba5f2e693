"""Drives the page in a real Chromium, from a file: :func:`driver` opens it, :class:`Driver` acts.

Whatever a flow does, it fails when the page wrote an error to the console, broke its content
policy, or asked for anything outside the file.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sim.page import build, data

REPO = Path(__file__).resolve().parents[1]
AXE = REPO / "sim" / "page" / "app" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 60_000
"""ms that anything may take on a busy machine; no flow measures time."""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

FORBID_STORAGE = """
Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
});
"""
FULL_STORAGE = """
Storage.prototype.setItem = () => {
  throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
};
"""
NO_WASM = "delete window.WebAssembly;"
WATCH = """
window.brokenPolicy = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.brokenPolicy.push(`${event.violatedDirective} ${event.blockedURI}`));
window.allWorkers = [];
if (window.Worker) {
  const Plain = window.Worker;
  window.Worker = class extends Plain {
    constructor(...given) {
      super(...given);
      window.allWorkers.push(this);
    }
  };
}
"""


def chromium() -> str:
    """The Chromium that is here; skips the test where there is none."""
    found = shutil.which(os.environ.get("CODOSE_CHROMIUM", "chromium"))
    if found is None:
        pytest.skip("no Chromium here")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for the flows of a module; each flow has a fresh profile in it."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield made
        made.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as ``codose page`` writes it."""
    return written(tmp_path_factory.mktemp("page") / "codose.html")


def written(path: Path, **given: Any) -> Path:
    """A page with what :func:`sim.page.data.page_data` is given."""
    path.write_text(build.page_html(data.page_data(**given)), encoding="utf-8")
    return path


@dataclass
class Driver:
    """An open page.

    Attributes:
        page: of Playwright.
        faults: what the page did wrong so far.
        allowed: parts of console errors that belong to the flow.
    """

    page: Any
    faults: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def watch(self, own: str) -> None:
        """Write down errors, and requests to anywhere but the address of the page."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self._fault(f"error: {error}"))
        self.page.on("request", lambda one: self._asked(one.url, own))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self._fault(f"console: {message.text}")

    def _asked(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:", "blob:")):
            self._fault(f"request: {url}")

    def _fault(self, text: str) -> None:
        if not any(part in text for part in self.allowed):
            self.faults.append(text)

    def check(self) -> None:
        """Fail for whatever went wrong unseen."""
        assert not self.faults, self.faults
        assert not self.page.evaluate("window.brokenPolicy")

    # --- looking ---------------------------------------------------------------------------------

    def text(self, selector: str = "body") -> str:
        """What stands there, for a reader."""
        return self.page.locator(selector).first.inner_text()

    def wait(self, expression: str) -> None:
        """Wait until JavaScript says so.

        The expression goes over as a function: Playwright evaluates a bare text again by `eval`,
        which the page's own policy refuses from the second look on.
        """
        self.page.wait_for_function(f"() => {expression}", timeout=PATIENCE)

    def shown(self, selector: str) -> Any:
        """The element, once it is there."""
        found = self.page.locator(selector).first
        found.wait_for(timeout=PATIENCE)
        return found

    def focused(self) -> str:
        """What has the focus, by its name for a screen reader, or its text."""
        return self.page.evaluate(
            "(document.activeElement.getAttribute('aria-label')"
            " || document.activeElement.innerText || '').trim()"
        )

    def wider_than_the_window(self) -> list[str]:
        """Elements that stick out to the right, and are in nothing that scrolls."""
        return self.page.evaluate(
            """() => {
              const room = document.documentElement.clientWidth;
              const scrolls = (one) => {
                for (let it = one.parentElement; it; it = it.parentElement) {
                  const how = getComputedStyle(it).overflowX;
                  if (how !== "visible") return true;
                }
                return false;
              };
              return [...document.querySelectorAll("body *")]
                .filter((one) => one.getBoundingClientRect().right > room + 1)
                .filter((one) => one.getClientRects().length && !scrolls(one))
                .filter((one) => !one.closest(".unseen"))
                .map((one) => `${one.tagName} ${one.className?.baseVal ?? one.className}`);
            }"""
        )

    def axe(self, *, without: tuple[str, ...] = (), within: str = "html") -> list[str]:
        """What axe-core finds wrong within an element: rule, and where."""
        if not AXE.is_file():
            pytest.skip("no axe-core here: npm ci in sim/page/app")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        rules = {name: {"enabled": False} for name in without}
        found = self.page.evaluate(
            """async ([rules, within]) => {
              const part = within === "html" ? document : document.querySelector(within);
              const found = await axe.run(part, { rules });
              return found.violations.flatMap((one) => one.nodes.map((node) =>
                `${one.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`));
            }""",
            [rules, within],
        )
        return found

    def small_targets(self, least: float = 24) -> list[str]:
        """What one can press and hardly hit: smaller than WCAG 2.2 asks, and not within text."""
        return self.page.evaluate(
            """(least) => [...document.querySelectorAll("button, select, input, summary")]
              .filter((one) => one.getClientRects().length && !one.closest(".unseen"))
              .filter((one) => getComputedStyle(one).display !== "inline")
              .filter((one) => !(one.type === "file"))
              .map((one) => [one, one.closest("label") ?? one])
              .filter(([one, area]) => {
                const box = area.getBoundingClientRect();
                return box.width + 0.5 < least || box.height + 0.5 < least;
              })
              .map(([one]) => `${one.tagName} ${one.className} ${one.innerText ?? ""}`)""",
            least,
        )

    # --- acting -----------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, name: str, most: int = 200) -> None:
        """Go on with Tab until something of that name has the focus."""
        for _ in range(most):
            if self.focused().startswith(name):
                return
            self.press("Tab")
        pytest.fail(f"Tab does not reach {name!r}")

    def view(self, name: str) -> None:
        """Open a view by the words on its button."""
        self.page.get_by_role("navigation").first.get_by_role("button", name=name).click()

    def slow_down(self, times: float) -> None:
        """A processor so many times slower: 4 is a phone."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    def kill_workers(self) -> int:
        """End every worker under the feet of the page; how many there were."""
        return self.page.evaluate(
            """() => window.allWorkers.splice(0).map((one) => {
              one.terminate();
              one.dispatchEvent(new ErrorEvent("error", { message: "killed" }));
            }).length"""
        )

    def saved_file(self, act: Any) -> tuple[str, bytes]:
        """Name and content of the file that an act hands to the browser's downloads."""
        with self.page.expect_download(timeout=PATIENCE) as waiting:
            act()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    def stored(self) -> Mapping[str, Any]:
        """What the browser keeps of the page."""
        return {
            key: json.loads(value) if value[:1] in "{[" else value
            for key, value in self.page.evaluate("({...localStorage})").items()
        }


@contextlib.contextmanager
def driver(
    browser: Any, path: Path | str, *, width: int = 1440, height: int = 900, scheme: str = "light",
    scripts: tuple[str, ...] = (), address: str = "", allowed: tuple[str, ...] = (),
    start: bool = True, **context: Any,
) -> Iterator[Driver]:  # fmt: skip
    """The page, open, without a network.

    Args:
        browser: the fixture.
        path: the file, or an address of a server of ours.
        width, height: of the window, CSS pixels.
        scheme: light or dark.
        scripts: run before the page.
        address: what follows the name of the file, such as ``#view=class``.
        allowed: parts of console errors that belong to the flow.
        start: wait until the page has started.
        context: more of Playwright's new_context.
    """
    url = path.as_uri() if isinstance(path, Path) else path
    opened = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme,
        offline=isinstance(path, Path), accept_downloads=True, **context,
    )  # fmt: skip
    opened.set_default_timeout(PATIENCE)
    for script in (WATCH, *scripts):
        opened.add_init_script(script)
    try:
        made = Driver(opened.new_page(), allowed=allowed)
        made.watch(url)
        made.page.goto(url + address)
        if start:
            made.shown(".frame")
        yield made
        made.check()
    finally:
        opened.close()
