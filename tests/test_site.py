"""The documentation site as readers get it: links, search, formulas; from disk, for everybody."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.page_flows import AXE, PATIENCE, browser
from tests.test_docs import DOCS, REPO, blocks, made_by

__all__ = ["browser"]  # a fixture


class Links(HTMLParser):
    """Links, anchors and everything that a browser would fetch for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.anchors.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("img", "script", "iframe", "source") and "src" in found:
            self.fetched.append(found["src"])
        if tag == "link" and found.get("rel") not in ("canonical", "prev", "next"):
            self.fetched.append(found["href"])


def build_line() -> list[str]:
    """What ``make docs`` gives to mkdocs: a gate that is tried must be the one that stands."""
    done = subprocess.run(
        ["make", "--dry-run", "docs"], cwd=REPO, env=blocks.plain_environment(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (line,) = re.findall(r"\S*bin/mkdocs (.*)$", done.stdout, re.MULTILINE)
    return shlex.split(line)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors, with every road to the network closed."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    closed = (
        "import socket, sys\n"
        "def no(*_, **__): raise OSError('the build wanted the network')\n"
        "socket.socket.connect = no; socket.create_connection = no; socket.getaddrinfo = no\n"
        "from mkdocs.__main__ import cli; cli()"
    )
    done = subprocess.run(
        [sys.executable, "-c", closed, *build_line(), "--site-dir", str(folder)],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_site_builds_without_a_network_and_every_link_resolves(site: Path) -> None:
    pages = {}
    for path in site.rglob("*.html"):
        parser = Links()
        parser.feed(path.read_text(encoding="utf-8"))
        pages[path] = parser
    assert len(pages) > 30
    broken, outside = [], []
    for path, parser in pages.items():
        outside += [f"{path.name}: {src}" for src in parser.fetched if re.match(r"\w+://|//", src)]
        for link in [*parser.links, *parser.fetched]:
            if re.match(r"[a-z]+:|//", link) or path.name == "404.html":
                continue
            place, _, anchor = link.partition("#")
            target = (path.parent / unquote(place)).resolve() if place else path
            target = target / "index.html" if target.is_dir() else target
            there = target.exists()
            if there and anchor and target in pages:
                there = unquote(anchor) in pages[target].anchors
            if not there:
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken
    assert not outside


@pytest.mark.slow
def test_build_of_make_docs_fails_on_what_is_broken(tmp_path: Path) -> None:
    """A link, an anchor, and a reference in a docstring: each counts."""
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=REPO, text=True).split("\0")
    for name in filter(None, tracked):
        if (REPO / name).is_file():  # as it stands here, committed or not
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, tmp_path / name)
    home = tmp_path / "docs" / "index.md"
    planted = "\n\n[a link](no-such-page.md) [an anchor](ODD.md#no-such-anchor)\n"
    home.write_text(home.read_text(encoding="utf-8") + planted, encoding="utf-8")
    module = tmp_path / "sim" / "core" / "errors.py"
    source = module.read_text(encoding="utf-8")
    first = re.search(r'class InputError\(.*\):\n    """', source)
    assert first is not None
    source = source[: first.end()] + "See [no_such_name][]. " + source[first.end() :]
    module.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *build_line(), "--site-dir", str(tmp_path / "site")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert all(name in said for name in ("no-such-page.md", "no-such-anchor", "no_such_name"))
    assert "Aborted with 3 warnings in strict mode!" in said


@pytest.mark.slow
def test_site_styles_fetch_nothing(site: Path) -> None:
    for path in site.rglob("*.css"):
        addresses = re.findall(r"url\(['\"]?(\w+://[^)]+)", path.read_text(encoding="utf-8"))
        assert not addresses, path


@pytest.mark.slow
def test_every_command_parameter_and_outcome_is_in_the_reference(site: Path) -> None:
    from sim.core.outcomes import NAMES
    from sim.core.parameters import TABLE

    def text(name: str) -> str:
        return (site / "reference" / name).read_text(encoding="utf-8")

    reference = made_by("reference")
    commands = text("commands.html")
    assert all(f'id="{name.replace(" ", "-")}"' in commands for name in reference.command_helps())
    assert all(f"<code>{name}</code>" in text("parameters.html") for name in TABLE)
    assert all(f"<code>{name}</code>" in text("outcomes.html") for name in NAMES)


# --- formulas ---------------------------------------------------------------------------------


class Words(HTMLParser):
    """The text of a page that is neither code nor script, and its formulas."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.text = ""
        self.formulas = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.formulas += tag == "math"
        if tag in ("code", "pre", "script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.text += data


@pytest.mark.slow
def test_every_formula_is_set(site: Path) -> None:
    """What looks like LaTeX in a source is MathML on its page, and nothing of it is left over."""
    for source in DOCS.rglob("*.md"):
        page = source.relative_to(DOCS).as_posix()
        if source.parent.name == "make":
            continue
        unset = r"^```.*?^```$|`[^`\n]+`|<!--.*?-->"
        text = re.sub(unset, "", source.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        written = re.findall(r"\$\$.+?\$\$|(?<![\\$])\$(?!\s)[^$\n]+?(?<![\s\\])\$", text, re.S)
        shown = Words()
        shown.feed((site / page).with_suffix(".html").read_text(encoding="utf-8"))
        assert shown.formulas == len(written), page
        assert "arithmatex" not in (site / page).with_suffix(".html").read_text(encoding="utf-8")
        assert not re.search(r"\$\$|\\\(|\\\[|\\frac|\\text\b", shown.text), page


# --- in a browser, from disk ------------------------------------------------------------------


@contextlib.contextmanager
def opened(browser: Any, path: Path, **how: Any) -> Iterator[Any]:
    """A page of the site from disk; nothing may be asked for elsewhere, no error may be told."""
    context = browser.new_context(offline=True, **how)
    asked: list[str] = []
    told: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda one: told.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(path.as_uri(), wait_until="load")
    yield page
    context.close()
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]
    assert not told


@pytest.mark.browser
@pytest.mark.parametrize("word", ["taper", "budget", "own rule"])
def test_search_works_from_disk(browser: Any, site: Path, word: str) -> None:
    with opened(browser, site / "index.html") as page:
        page.locator("input.md-search__input").fill(word)
        first = page.locator("a.md-search-result__link").first
        first.wait_for()
        target = Path(unquote(urlsplit(first.get_attribute("href")).path))
        assert (site / "index.html").parent.joinpath(target).is_file()
        found = page.locator(".md-search-result__list").inner_text().lower()
        assert all(part in found for part in word.split())


LOOKED_AT = (
    "index", "how-to/compare", "how-to/tracker", "tutorial/planner", "ODD", "faq", "glossary",
    "reference/python/run", "reference/parameters", "reference/commands", "gallery",
    "notebooks/02_dosage",
)  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_page_is_there_for_everybody(
    browser: Any, site: Path, name: str, width: int, scheme: str
) -> None:
    """No fault that axe-core calls serious or critical; nothing wider than the window."""
    if not AXE.is_file():
        pytest.skip("no axe-core here: npm ci in sim/page/app")
    window = {"width": width, "height": 900}
    with opened(browser, site / f"{name}.html", color_scheme=scheme, viewport=window) as page:
        assert (page.evaluate("getComputedStyle(document.body).colorScheme") == "dark") == (
            scheme == "dark"
        )
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            """async () => (await axe.run({ preload: false })).violations
              .filter((one) => ["serious", "critical"].includes(one.impact))
              .flatMap((one) => one.nodes.map((node) =>
                `${one.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`))"""
        )
        assert not found, f"{len(found)} faults:\n" + "\n".join(found[:10])
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_meaning_of_a_term_is_reached_by_keys_and_by_touch(browser: Any, site: Path) -> None:
    """The first of each term takes the focus by keys and any by a tap; Escape lets go of it."""
    window = {"width": 360, "height": 800}
    shown = "getComputedStyle(document.activeElement, '::after').content"
    with opened(browser, site / "faq.html", viewport=window, has_touch=True) as page:
        terms = page.locator(".md-content abbr[title]")
        assert terms.count() > 0
        first = terms.nth(0)
        meaning = first.get_attribute("title")
        assert first.get_attribute("tabindex") == "0"
        first.focus()
        assert meaning in page.evaluate(shown)
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"]
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement === document.body")
        last = terms.nth(terms.count() - 1)
        last.tap()
        assert last.get_attribute("title") in page.evaluate(shown)


@pytest.mark.browser
def test_address_that_was_leads_on(browser: Any, site: Path) -> None:
    with opened(browser, site / "plan.html") as page:
        page.wait_for_url("**/how-to/budget.html")
    with opened(browser, site / "planner.html") as page:
        page.wait_for_url("**/how-to/compare.html")
