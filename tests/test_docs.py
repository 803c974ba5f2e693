"""The documentation is true: its code runs, its outputs are what is printed, its links resolve."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest

REPO = Path(__file__).resolve().parents[1]
DOCS = REPO / "docs"
MAKE = DOCS / "make"


def made_by(name: str) -> ModuleType:
    """A module of ``docs/make``, which is no package."""
    if str(MAKE) not in sys.path:
        sys.path.insert(0, str(MAKE))
    return __import__(name)


blocks = made_by("blocks")
diagrams = made_by("diagrams")
PAGES = blocks.pages()
# Pages whose commands take more than a few seconds; `make slow` runs them.
LONG = {"limits.md", "planner.md", "planners.md", "teacher.md", "contact-log.md", "scenario.md"}
NUMBERED = ("explanation", "tutorial", "teaching", "how-to")


def page_id(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


def check_page(path: Path, folder: Path) -> None:
    """Run a page; its output blocks must be what was printed."""
    for block, printed in blocks.run_page(path.read_text(encoding="utf-8"), folder, slow=True):
        assert blocks.agrees(block.body, printed), (
            f"{page_id(path)} shows\n{block.body}\nbut this is printed:\n{printed}\n"
            f"If that is right: python docs/make/blocks.py {path.relative_to(REPO)}"
        )


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=pytest.mark.slow if p.name in LONG else ()) for p in PAGES],
    ids=page_id,
)
def test_page_runs_and_prints_what_it_shows(path: Path, tmp_path: Path) -> None:
    check_page(path, tmp_path)


@pytest.mark.parametrize(
    "path", [p for p in sorted(DOCS.rglob("*.md")) if "make" not in p.parts], ids=page_id
)
def test_commands_of_every_page_are_understood(path: Path) -> None:
    typer = pytest.importorskip("typer")
    import shlex

    from sim import cli

    group = typer.main.get_command(cli.app)
    root = group.context_class(group, info_name="codose")
    for block in blocks.blocks(path.read_text(encoding="utf-8")):
        if block.language != "console":
            continue
        for line in blocks.commands(block.body):
            words = shlex.split(line.split("#")[0].split(">")[0])[1:]
            if words[0].startswith("-"):
                continue
            name, command, rest = group.resolve_command(root, words)
            assert command is not None, f"there is no command {words[0]!r}"
            with command.make_context(name, rest, parent=root):  # parses, and runs nothing
                pass


# --- the tool that runs pages -----------------------------------------------------------------


def test_output_that_differs_is_found(tmp_path: Path) -> None:
    page = "```python\nprint(1 + 1)\n```\n\n```text\n{}\n```\n"
    ((block, printed),) = blocks.run_page(page.format(2), tmp_path, slow=True)
    assert blocks.agrees(block.body, printed)
    ((block, printed),) = blocks.run_page(page.format(3), tmp_path, slow=True)
    assert not blocks.agrees(block.body, printed)


def test_command_that_fails_is_found(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="exit 2"):
        blocks.run_page("```console\ncodose validate no_such.yaml\n```\n", tmp_path, slow=True)


def test_dots_stand_for_lines_and_nothing_else() -> None:
    assert blocks.agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert not blocks.agrees("a\n...\nd\n", "x\nb\nc\nd\n")
    assert not blocks.agrees("a...\n", "abc\n")


# --- numbers in prose -------------------------------------------------------------------------


def prose(text: str) -> str:
    """A page without its blocks, code spans, links and comments."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`|\]\([^)]*\)|<!--.*?-->", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", [p for p in PAGES if p.parent.name in NUMBERED], ids=page_id)
def test_numbers_in_prose_come_from_an_output_on_the_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    shown = "\n".join(block.body for block in blocks.blocks(text) if blocks.is_output(text, block))
    results = re.findall(r"[+-]\d+\.\d+|(?<![\d.])0\.\d{2,}", prose(text))
    missing = [number for number in results if number not in shown]
    examples = {"+0.2"}  # a warning of what not to say
    assert set(missing) <= examples, f"{page_id(path)} quotes {missing} without a run beside it"


# --- diagrams ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", diagrams.DIAGRAMS)
def test_diagram_is_what_the_code_draws(name: str) -> None:
    drawn = (DOCS / "images" / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == diagrams.DIAGRAMS[name](), "run: python docs/make/diagrams.py"


def test_picture_of_the_layers_has_every_module_of_the_table() -> None:
    from tests import test_layering as layering

    assert diagrams.layers_table() == layering.LAYERS
    drawn = diagrams.layers()
    for name in layering.LEVEL:
        assert f">{name}</text>" in drawn


# --- the site ---------------------------------------------------------------------------------


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
        [sys.executable, "-c", closed, "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=300,
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
def test_site_styles_fetch_nothing(site: Path) -> None:
    for path in site.rglob("*.css"):
        addresses = re.findall(r"url\(['\"]?(\w+://[^)]+)", path.read_text(encoding="utf-8"))
        assert not addresses, path


@pytest.mark.slow
def test_every_command_parameter_and_outcome_is_in_the_reference(site: Path) -> None:
    from sim.outcomes import NAMES
    from sim.parameters import TABLE

    def text(name: str) -> str:
        return (site / "reference" / name).read_text(encoding="utf-8")

    reference = made_by("reference")
    commands = text("commands.html")
    assert all(f'id="{name}"' in commands for name in reference.command_helps())
    assert all(f"<code>{name}</code>" in text("parameters.html") for name in TABLE)
    assert all(f"<code>{name}</code>" in text("outcomes.html") for name in NAMES)


# --- docstrings -------------------------------------------------------------------------------

# A calibration takes longer than an example may; notebook 04 is its example. The others hold what a
# function with an example returns.
WITHOUT_EXAMPLE = {
    "calibrate", "Calibration", "Surface", "SensitivityResult", "Evaluation", "CodoseError",
    "Problem", "Outcome", "weekly", "at_week",
}  # fmt: skip


def test_public_names_have_an_example_that_runs() -> None:
    """Their own, or their module's; pytest runs them with --doctest-modules."""
    import importlib

    missing = set()
    for _, module, names in made_by("reference").PYTHON:
        home = importlib.import_module(module)
        for name in names:
            texts = (home.__doc__ or "", getattr(home, name).__doc__ or "")
            assert texts[1], f"{module}.{name} has no docstring"
            if not any(">>>" in text for text in texts):
                missing.add(name)
    assert missing <= WITHOUT_EXAMPLE
