"""The documentation is true: its code runs, its outputs are what is printed, its links resolve."""

from __future__ import annotations

import html
import inspect
import json
import os
import re
import shlex
import sys
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from sim.core.errors import InputError

REPO = Path(__file__).resolve().parents[1]
DOCS = REPO / "docs"
NOTEBOOKS = sorted((REPO / "notebooks").glob("[0-9]*.py"))
MAKE = DOCS / "make"
MKDOCS = (REPO / "mkdocs.yml").read_text(encoding="utf-8")


def made_by(name: str) -> ModuleType:
    """A module of ``docs/make``, which is no package."""
    if str(MAKE) not in sys.path:
        sys.path.insert(0, str(MAKE))
    return __import__(name)


blocks = made_by("blocks")
diagrams = made_by("diagrams")
pictures = made_by("pictures")
PAGES = blocks.pages()
# What cannot be run here, each with its reason; such a block is checked for its syntax only.
NOT_RUN = {
    ("docs/index.md", "it installs from the network"),
    (
        "docs/how-to/page.md",
        'the page saved this file; "Files of plans" runs the same command on a written one',
    ),
    ("docs/how-to/solara.md", "it installs from the network"),
    ("docs/how-to/solara.md", "it needs Solara, which codose does not"),  # tests/test_solara.py
    ("docs/how-to/your-tools.md", "it needs a library that codose does not"),  # tests/test_tools.py
    ("docs/tutorial/teacher.md", "it installs from the network and opens a browser"),
    ("docs/how-to/cluster.md", "there is no SLURM here"),
    ("docs/how-to/cluster.md", "there is no Kubernetes here"),
}
# Seconds each, and what they show is held by tests of its own: the slow tests run them.
LONG = {
    "docs/explanation/limits.md",  # tests/studies/test_audit.py
    "docs/how-to/own-data.md",  # tests/studies/test_own_data.py
    "docs/reference/python/calibrate.md",  # its docstring; tests/studies/test_own_data.py
    "docs/how-to/take-away.md",  # tests/test_spreadsheets.py, tests/studies/test_calendar.py
    "experiments/README.md",
}
# Blocks without a language are no code: the equations, the order of imports.
NO_CODE = {"docs/ODD.md", "CONTRIBUTING.md"}


def page_id(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def code_of(path: Path) -> list[Any]:
    """The blocks of a page that are not outputs."""
    text = path.read_text(encoding="utf-8")
    return [b for b in blocks.blocks(text) if b.language and not blocks.is_output(text, b)]


def check_page(path: Path, folder: Path, *, slow: bool) -> None:
    """Run a page; its output blocks must be what was printed."""
    for block, printed in blocks.run_page(path.read_text(encoding="utf-8"), folder, slow=slow):
        assert blocks.agrees(block.body, printed), (
            f"{page_id(path)} shows\n{block.body}\nbut this is printed:\n{printed}\n"
            f"If that is right: python docs/make/blocks.py {path.relative_to(REPO)}"
        )


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=pytest.mark.slow) if page_id(p) in LONG else p
        for p in PAGES
        if any(not b.slow for b in code_of(p)[:1])
    ],
    ids=page_id,
)
def test_page_runs_and_prints_what_it_shows(path: Path, tmp_path: Path) -> None:
    check_page(path, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("path", [p for p in PAGES if any(b.slow for b in code_of(p))], ids=page_id)
def test_long_page_runs_and_prints_what_it_shows(path: Path, tmp_path: Path) -> None:
    check_page(path, tmp_path, slow=True)


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_no_block_escapes(path: Path) -> None:
    """Every fence is read, and what is in it is run, an output, or named above with its reason."""
    text = path.read_text(encoding="utf-8")
    found = blocks.blocks(text)
    fences = re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE)
    assert len(fences) == 2 * len(found)
    for block in found:
        assert block.language in blocks.LANGUAGES
        if not block.language:
            assert page_id(path) in NO_CODE
        if block.language == "text":
            assert blocks.is_output(text, block), f"printed by nothing:\n{block.body}"
        if block.language == "csv":
            assert blocks.NAMED.match(block.body)
        if block.left_alone:
            assert (page_id(path), block.given("not run")) in NOT_RUN


def test_what_is_not_run_is_still_there() -> None:
    there = {
        (page_id(path), block.given("not run"))
        for path in PAGES
        for block in code_of(path)
        if block.left_alone
    }
    assert there == NOT_RUN


# --- commands that stand in a sentence --------------------------------------------------------


def inline(text: str) -> list[str]:
    """``codose ...`` in code spans and in scripts."""
    spans = re.findall(r"`(codose [^`]+)`", blocks.BLOCK.sub("", text))
    scripts = [b.body for b in blocks.blocks(text) if b.language in ("bash", "console")]
    lines = [line for body in scripts for line in blocks.commands(body)]
    return [*spans, *(line for line in lines if line.startswith("codose "))]


@cache
def commands() -> Any:
    """All commands, as the parser of the command line has them."""
    import typer

    from sim import cli

    return typer.main.get_command(cli.app)


def understood(line: str) -> None:
    """Parse a command and run nothing."""
    from typer.testing import CliRunner

    from sim import cli

    group = commands()
    root = group.context_class(group, info_name="codose")
    words = shlex.split(line.split(">")[0], comments=True)[1:]
    if words[0].startswith("-"):
        done = CliRunner().invoke(cli.app, words)
        assert done.exit_code == 0, line
        return
    name, command, rest = group.resolve_command(root, words)
    assert command is not None, f"there is no command {words[0]!r}"
    if not rest:  # a sentence that names the command
        return
    try:
        with command.make_context(name, rest, parent=root):
            pass
    except Exception as error:  # of click, which typer brings along under a private name
        # A sentence may leave a parameter out; --help ends with 0 as soon as it is read.
        if type(error).__name__ != "MissingParameter" and getattr(error, "exit_code", 1) != 0:
            raise


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=page_id)
def test_commands_of_every_page_are_understood(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    for line in inline(re.sub(r"\s*\n\s*", " ", text) if path.suffix == ".py" else text):
        understood(line)


@pytest.mark.parametrize("name", ["Snakefile", "shards.nf"])
def test_commands_of_workflows_are_understood(name: str) -> None:
    text = (REPO / "experiments" / "workflows" / name).read_text(encoding="utf-8")
    lines = re.findall(r'"(codose [^"]+)"', text)
    assert len(lines) == 2
    for line in lines:
        understood(re.sub(r"\$?\{[^}]*\}", "2", line))


def test_command_that_is_not_there_is_found() -> None:
    for line in ("codose rum source", "codose run source --replicate_s 3"):
        with pytest.raises(Exception, match="No such"):
            understood(line)
    assert inline("Say `codose run x` or\n\n```console\ncodose odd\n```\n") == [
        "codose run x", "codose odd",
    ]  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=page_id)
def test_shipped_studies_that_are_named_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(
        r"codose (?:sensitivity|ladder|calibrate|audit|trials|patterns|plan) ([a-z_]+)(?![\w./-])",
        text,
    )
    assert {n for n in named if not (REPO / "experiments" / f"{n}.yaml").is_file()} <= set()


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


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("```console\nrm -rf results\n```\n", "cannot run it"),
        ("```console\nmake nonsense\n```\n", "nonsense"),
        ("```bash\nfalse\n```\n", "ended with 1"),
        ("```yaml\nname: x\nhorizon_week: 3\n```\n", "horizon_weeks"),
        ("<!-- not run: why -->\n```python\nif\n```\n", "invalid syntax"),
        ("<!-- smaller: 9 -> 2 -->\n```python\nprint(1)\n```\n", "'9', which is not"),
    ],
)
def test_block_that_fails_is_found(page: str, message: str, tmp_path: Path) -> None:
    with pytest.raises((RuntimeError, SyntaxError, ValueError, InputError), match=message):
        blocks.run_page(page, tmp_path, slow=True)


def test_marks_are_read(tmp_path: Path) -> None:
    page = (
        "<!-- smaller: 300 -> 3; long -> short -->\n```python\nprint(300, 'long')\n```\n\n"
        "```text\n3 short\n```\n\n<!-- slow -->\n```python\nraise ValueError\n```\n"
    )
    ((block, printed),) = blocks.run_page(page, tmp_path, slow=False)
    assert blocks.agrees(block.body, printed)
    with pytest.raises(ValueError, match=r"^$"):
        blocks.run_page(page, tmp_path, slow=True)


def test_dots_stand_for_lines_and_nothing_else() -> None:
    assert blocks.agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert not blocks.agrees("a\n...\nd\n", "x\nb\nc\nd\n")
    assert not blocks.agrees("a...\n", "abc\n")


# --- diagrams ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", diagrams.DIAGRAMS)
def test_diagram_is_what_the_code_draws(name: str) -> None:
    drawn = (DOCS / "images" / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == diagrams.DIAGRAMS[name](), "run: python docs/make/diagrams.py"


@pytest.mark.parametrize("name", pictures.DRAWN)
def test_picture_is_shown_by_the_page_whose_command_draws_it(name: str) -> None:
    """Whoever follows the page gets this picture."""
    page, figure = pictures.DRAWN[name]
    text = (DOCS / page).read_text(encoding="utf-8")
    assert f"images/{name})" in text
    assert (DOCS / "images" / name).is_file(), "run: python docs/make/pictures.py"
    command = next(line for line in inline(text) if figure.split("/figures/")[0] in line)
    assert "--no-figures" not in command


def test_picture_of_the_layers_has_every_module_of_the_table() -> None:
    from tests import test_layering as layering

    assert diagrams.layers_table() == layering.LAYERS
    drawn = diagrams.layers()
    for name in layering.LEVEL:
        assert f">{name}</text>" in drawn


# --- navigation, addresses that were, formulas ------------------------------------------------


def navigation() -> list[tuple[str, str]]:
    """Title and page of every entry, as the site shows them."""
    hooks = made_by("hooks")
    config = hooks.on_config(SimpleNamespace(nav=yaml.safe_load(MKDOCS)["nav"]))
    found: list[tuple[str, str]] = []

    def walk(entry: Any, title: str = "") -> None:
        if isinstance(entry, str):
            found.append((title or entry, entry))
        elif isinstance(entry, list):
            for one in entry:
                walk(one)
        else:
            for title, below in entry.items():
                walk(below, title)

    walk(config.nav)
    return found


def test_navigation_has_every_page_once() -> None:
    hooks = made_by("hooks")
    titles, pages = zip(*navigation(), strict=True)
    assert sorted(set(pages)) == sorted(pages)
    assert sorted(set(titles)) == sorted(titles)
    written = {
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "make" not in path.parts
    }
    assert set(pages) == {
        *written, *hooks.MADE, *hooks.BROUGHT, *hooks.notebook_pages(), "codose.html",
    }  # fmt: skip


def test_addresses_that_were_lead_to_pages_that_are() -> None:
    hooks = made_by("hooks")
    pages = {page for _, page in navigation()}
    for old, new in hooks.MOVED.items():
        assert f"{new}.md" in pages
        assert f"{old}.md" not in pages
        (shown,) = re.findall(r'<a href="([^"]*)"', hooks.redirect(old))
        assert os.path.normpath(os.path.join(os.path.dirname(old), shown)) == f"{new}.html"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"$\frac{a}{b}$", "<mfrac>"),
        ("$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$", "<mtable"),
        (r"$x &lt; y$", "&#x0003C;"),
    ],
)
def test_formula_becomes_what_browsers_draw(written: str, shown: str) -> None:
    markdown = pytest.importorskip("markdown")
    ours = {"pymdownx.arithmatex": {"generic": True}}
    page = markdown.markdown(written, extensions=list(ours), extension_configs=ours)
    made = made_by("hooks").typeset(page, "page.md")
    assert shown in made
    assert "arithmatex" not in made
    ElementTree.fromstring(made)  # no stray character


@pytest.mark.parametrize("latex", [r"\nosuch{x}", r"\frac{a}{b", r"\text{share"])
def test_formula_that_cannot_be_set_stops_the_build(latex: str) -> None:
    with pytest.raises(ValueError, match=r"page\.md: this formula cannot be set"):
        made_by("hooks").typeset(rf'<span class="arithmatex">\({latex}\)</span>', "page.md")


# --- about ------------------------------------------------------------------------------------


def test_citations_of_the_site_are_those_of_the_citation_file() -> None:
    cff = yaml.safe_load((REPO / "CITATION.cff").read_text(encoding="utf-8"))
    page = made_by("about").citing()
    entries = re.findall(r"^@(\w+)\{\w+,\n(.*?)^\}", page, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in entries] == [
        cff["type"],
        *(one["type"] for one in cff["references"]),
    ]
    software, study = (dict(re.findall(r"^  (\w+) *= \{(.*)\},$", f, re.M)) for _, f in entries)
    assert software["version"] == cff["version"]
    assert software["year"] == f"{cff['date-released'].year}"
    (cited,) = cff["references"]
    assert study["title"] == f"{{{cited['title']}}}"
    assert study["doi"] == cited["doi"]
    assert study["pages"] == f"{cited['start']}--{cited['end']}"
    assert study["journal"].replace("\\&", "&") == cited["journal"]
    families = [name.split(", ")[0] for name in study["author"].split(" and ")]
    assert families == [one["family-names"] for one in cited["authors"]]


def test_glossary_page_has_every_term_once() -> None:
    from sim.core.glossary import glossary

    shown = made_by("about").glossary()
    assert re.findall(r'<dt id="(\w+)">', shown) == sorted(
        glossary(), key=lambda name: glossary()[name].planners.lower()
    )
    for term in glossary().values():
        assert html.escape(term.meaning) in shown


def test_terms_are_explained_where_they_stand() -> None:
    markdown = pytest.importorskip("markdown")
    text = "Plausible worlds and the taper of `taper`."
    page = markdown.markdown(f"{text}\n\n{made_by('about').hovers()}\n", extensions=["abbr"])
    assert page.count("<abbr") == 1  # with a small letter, and outside code
    assert ">taper</abbr> of <code>taper</code>" in page
    assert "*[" not in page


def test_a_column_that_nobody_explains_stops_the_build() -> None:
    with pytest.raises(ValueError, match="'zebra'"):
        made_by("reference").meaning("zebra", "")


def test_release_date_is_that_of_the_changelog() -> None:
    cff = yaml.safe_load((REPO / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{cff['version']}] - {cff['date-released']}\n" in changes


def test_what_is_new_is_the_newest_section_of_the_changelog() -> None:
    shown = made_by("about").new()
    headings = re.findall(r"^## \[.*$", (REPO / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert len(re.findall(r"^## \[", shown, re.MULTILINE)) == 1
    assert headings[0] in shown or headings[1] in shown  # nothing stands yet under the first
    assert re.search(r"^- ", shown, re.MULTILINE)


def test_licence_page_names_every_library_of_the_page() -> None:
    app = REPO / "sim" / "page" / "app"
    locked = json.loads((app / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    page = (DOCS / "licence.md").read_text(encoding="utf-8").lower()
    for name in json.loads((app / "package.json").read_text(encoding="utf-8"))["dependencies"]:
        stem = name.split("-")[0]
        (row,) = re.findall(rf"^\| {stem}\b.*$", page, re.MULTILINE)
        assert row.endswith(f"| {locked[f'node_modules/{name}']['license'].lower()} |")


# --- docstrings -------------------------------------------------------------------------------


def public_names() -> list[str]:
    """Of ``sim`` and of the reference."""
    import sim

    reference = made_by("reference")
    shown = {name for page, _ in reference.TASKS for name in reference.shown_on(page)}
    return sorted(shown | {f"{sim._HOME[name]}.{name}" for name in sim.__all__})


def public(name: str) -> Any:
    import importlib

    module, _, short = name.rpartition(".")
    return getattr(importlib.import_module(module), short)


@pytest.mark.parametrize("name", public_names())
def test_public_name_has_an_example_of_its_own_that_runs(name: str) -> None:
    """pytest runs them with --doctest-modules."""
    assert ">>> " in (inspect.getdoc(public(name)) or "")


@pytest.mark.parametrize("name", public_names())
def test_public_name_says_what_goes_in_and_out_and_what_goes_wrong(name: str) -> None:
    thing = public(name)
    members = [thing]
    if inspect.isclass(thing):
        members += [
            member.__func__ if isinstance(member, classmethod) else member
            for key, member in vars(thing).items()
            if not key.startswith("_") and (callable(member) or isinstance(member, classmethod))
        ]
    for member in members:
        text = inspect.getdoc(member) or ""
        assert text, f"{name}: {member} says nothing"
        if not inspect.isfunction(member):
            continue
        source = inspect.getsource(member)
        if re.search(r"^    +raise (?!NotImplementedError)", source, re.MULTILINE):
            assert "Raises:" in text, f"{member.__qualname__} raises and does not say so"
        kind = str(inspect.signature(member).return_annotation)
        if re.fullmatch(r"np\.ndarray|pd\.DataFrame", kind):
            assert re.search(r"Returns:|See :func:|shape|\([^()]*,[^()]*\)|rows? |record", text), (
                f"{member.__qualname__} returns {kind} and says no shape"
            )
    if inspect.isfunction(thing):
        assert "Raises:" in text
        for argument in inspect.signature(thing).parameters:
            assert re.search(rf"\b{argument}\b", text), f"{name}: what is {argument}?"


def test_reference_shows_every_name_of_the_package() -> None:
    import sim

    reference = made_by("reference")
    shown = [name for page, _ in reference.TASKS for name in reference.shown_on(page)]
    assert len(shown) == len(set(shown))
    assert {f"{sim._HOME[name]}.{name}" for name in sim.__all__} <= set(shown)


def test_python_pages_have_examples_first_and_no_private_name() -> None:
    reference = made_by("reference")
    pages = {path.stem for path in (DOCS / "reference" / "python").glob("*.md")}
    assert pages == {page for page, _ in reference.TASKS}
    for page in pages:
        text = (DOCS / "reference" / "python" / f"{page}.md").read_text(encoding="utf-8")
        example, outputs, names = (text.index(one) for one in ("```python", "```text", "\n::: "))
        assert example < outputs < names
        assert not re.search(r"^::: .*\._", text, re.MULTILINE)


def test_examples_of_docstrings_are_code_on_the_site() -> None:
    fenced = pytest.importorskip("griffe") and made_by("doctests").fenced
    text = "Says.\n\nExample:\n    >>> a[0]  # doctest: +SKIP\n    [1]\n\nMore [text][x].\n"
    assert fenced(text) == (
        "Says.\n\nExample:\n    ```pycon\n    >>> a[0]\n    [1]\n    ```\n\nMore [text][x].\n"
    )
    assert fenced("No example: a > b >> c\n") == "No example: a > b >> c\n"


def test_figures_by_task_are_those_there_are() -> None:
    kinds = {"compare_trials": "trials"}
    for task, call in made_by("reference").FIGURES:
        ask, names = re.fullmatch(r"(\w+)\(.*\)\.plot\((.*)\)", call).groups()  # type: ignore[union-attr]
        if names.startswith("["):
            continue  # outcomes
        folder = REPO / "sim/studies" / kinds.get(ask, ask)
        assert names in (folder / "figures.py").read_text(encoding="utf-8"), task


# --- shipped studies --------------------------------------------------------------------------

# Each is named in experiments/*.md with its command; here it runs with a few points.
SMALL = {
    "screen": "sensitivity screen --samples 4 -n 2",
    "sobol": "sensitivity sobol --samples 16 -n 2",
    "interactions": "sensitivity interactions --samples 16 -n 2",
    "pawn": "sensitivity pawn --samples 64 -n 2",
    "over_time": "sensitivity over_time --samples 16 -n 2",
    "dosage_levers": "sensitivity dosage_levers --samples 16 -n 2",
    "cocreation_ladder": "ladder cocreation_ladder -n 20",
    "functions_ladder": "ladder functions_ladder -n 20",
    "calibrate": "calibrate calibrate --samples 50 -n 2",
    "calibrate_without_trials": "calibrate calibrate_without_trials --samples 50 -n 2",
    "audit_source": "audit audit_source --sets 2 -n 2",
    "audit_on_demand": "audit audit_on_demand --sets 2 -n 2",
    "patterns": "patterns patterns --sets 2 -n 2 --default-replicates 2",
}
ELSEWHERE = {"plan"}  # docs/how-to/budget.md runs it whole
WHOLE = {"trials": "trials trials"}


def test_every_shipped_study_is_run_by_a_test() -> None:
    shipped = {path.stem for path in (REPO / "experiments").glob("*.yaml")}
    assert shipped == {*SMALL, *WHOLE, *ELSEWHERE}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SMALL, *WHOLE])
def test_shipped_study_runs(name: str, tmp_path: Path) -> None:
    line = (SMALL | WHOLE)[name]
    blocks.run_page(
        f"```console\ncodose {line} --no-figures --quiet --out found\n```\n", tmp_path, slow=True
    )
    assert (tmp_path / "found" / "manifest.json").is_file()
