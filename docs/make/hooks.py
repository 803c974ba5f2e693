"""Hooks of the site: pages that come from code, notebooks, and files outside ``docs/``.

Nothing is written beside the sources: what is made goes straight into the site.
"""

from __future__ import annotations

import html as markup
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
for place in (str(HERE), str(REPO)):
    if place not in sys.path:
        sys.path.insert(0, place)

import about  # noqa: E402
import gallery  # noqa: E402
import reference  # noqa: E402

# What stands outside docs/ and has a page of its own.
BROUGHT = {
    "engineers/contributing.md": "CONTRIBUTING.md",
    "engineers/changelog.md": "CHANGELOG.md",
    "reference/observed.md": "experiments/observed/README.md",
    "reference/benchmarks.md": "experiments/benchmarks/README.md",
    "reference/studies.md": "experiments/README.md",
    "reference/calibration.md": "experiments/CALIBRATION.md",
}
MADE = {
    "citing.md": about.citing,
    "glossary.md": about.glossary,
    "new.md": about.new,
    "gallery.md": gallery.page,
    "reference/commands.md": reference.commands,
    "reference/python.md": reference.python,
    "reference/files.md": reference.files,
    "reference/parameters.md": reference.parameters,
    "reference/outcomes.md": reference.outcomes,
    "engineers/tests.md": reference.tests,
}
# Addresses that were, and the page that is there now.
MOVED = {
    "planner": "how-to/compare",
    "plan": "how-to/budget",
    "cluster": "how-to/cluster",
    "how-to/subclass": "how-to/own-rule",
    "how-to/tables": "how-to/tracker",
    "how-to/tools": "how-to/your-tools",
}


def brought() -> dict[str, Path]:
    """Pages that are files elsewhere in the checkout."""
    return {page: REPO / name for page, name in BROUGHT.items()}


def notebook_pages() -> dict[str, Path]:
    """A page for each notebook."""
    return {f"notebooks/{path.stem}.md": path for path in sorted(REPO.glob("notebooks/*.ipynb"))}


def of_readme(name: str) -> str:
    """The part of the README between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: there is no such part.
    """
    text = (REPO / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"README.md has no part <!-- {name} --> ... <!-- /{name} -->")
    return found[1].strip()


def the_page() -> str:
    """The page itself, to try it."""
    from sim.page.build import page_data, page_html

    return page_html(page_data())


# --- mkdocs -----------------------------------------------------------------------------------


def redirect(old: str) -> str:
    """A page at an address that was, which leads on; what stands after ``#`` goes along."""
    new = "../" * old.count("/") + MOVED[old] + ".html"
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        "<title>This page has moved</title>\n"
        f'<script>location.replace("{new}" + location.hash)</script>\n'
        f'<meta http-equiv="refresh" content="1; url={new}">\n'
        f'<p>This page has moved: <a href="{new}">go on</a>.</p>\n'
    )


def on_config(config: Any) -> Any:
    """Put the notebooks that are there into the navigation."""
    for section in config.nav:
        if "Notebooks" in section:
            section["Notebooks"] = list(notebook_pages())
    return config


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages that are made."""
    from mkdocs.structure.files import File

    for name, make in MADE.items():
        files.append(File.generated(config, name, content=make()))
    for name, path in brought().items():
        files.append(File.generated(config, name, content=path.read_text(encoding="utf-8")))
    files.append(File.generated(config, "codose.html", content=the_page()))
    for old in MOVED:
        files.append(File.generated(config, f"{old}.html", content=redirect(old)))
    for name, _, _ in gallery.FIGURES:
        files.append(File.generated(config, f"gallery/{name}.png", content=gallery.drawn(name)))
    for name, path in notebook_pages().items():
        text, pictures = notebook_page(path)
        files.append(File.generated(config, name, content=text))
        for picture, data in pictures.items():
            files.append(File.generated(config, f"notebooks/{picture}", content=data))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Bring in the parts of the README that are asked for, mend links, explain columns and
    terms."""
    uri = page.file.src_uri
    markdown = reference.with_columns(markdown)
    if uri != "glossary.md":
        markdown = f"{markdown}\n\n{about.hovers()}\n"
    home = brought().get(uri) or notebook_pages().get(uri) or REPO / "docs" / uri
    markdown = _mended(markdown, home, uri, config, files)
    return re.sub(
        r"<!-- from README: (\w+) -->",
        lambda asked: _mended(of_readme(asked[1]), REPO / "README.md", uri, config, files),
        markdown,
    )


def _mended(markdown: str, home: Path, uri: str, config: Any, files: Any) -> str:
    """Text of the file ``home`` on the page ``uri``: links to files outside ``docs/`` lead to
    their page, or to a copy of the file."""
    from mkdocs.structure.files import File

    by_path = {path.resolve(): name for name, path in (brought() | notebook_pages()).items()}

    def mended(match: re.Match[str]) -> str:
        target, _, anchor = match[2].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        path = (home.parent / target).resolve()
        up = "../" * uri.count("/")
        if path in by_path:
            name = by_path[path]
        elif path.is_relative_to(REPO / "docs") and (home.parent != (REPO / "docs" / uri).parent):
            name = path.relative_to(REPO / "docs").as_posix()
        elif (
            path.is_file() and path.is_relative_to(REPO) and not path.is_relative_to(REPO / "docs")
        ):
            name = "files/" + path.relative_to(REPO).as_posix().replace(".md", ".txt")
            if files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, content=path.read_bytes()))
        else:
            return match[0]
        return f"{match[1]}{up}{name}{'#' + anchor if anchor else ''})"

    return re.sub(r"(\]\()([^)\s]+)\)", mended, markdown)


def on_page_content(html: str, *, page: Any, config: Any, files: Any) -> str:
    """Set the formulas, and show the cross-references of docstrings as the names that they are."""
    html = typeset(html, page.file.src_uri)
    html = re.sub(r":(?:class|meth|func|data|mod|attr):<code>~?", "<code>", html)
    return re.sub(r":(?:class|meth|func|data|mod|attr):`~?([^`]+)`", r"<code>\1</code>", html)


def on_post_page(output: str, *, page: Any, config: Any) -> str:
    """Name the dialog of the theme's search, for those who hear the page."""
    return output.replace('role="dialog"', 'role="dialog" aria-label="Search"')


# --- formulas ---------------------------------------------------------------------------------

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)


def typeset(html: str, uri: str) -> str:
    """A page with its formulas as MathML, which browsers draw without a script."""
    return FORMULA.sub(lambda match: mathml(match["latex"], match["tag"], uri), html)


def mathml(written: str, tag: str, uri: str) -> str:
    """One formula: a line of its own where the tag is ``div``.

    Raises:
        ValueError: it has an unknown command or a brace too few, which would be shown as it is.
    """
    from latex2mathml.converter import convert

    latex = markup.unescape(written).strip()
    # GitHub knows both words for lines under each other, the library only one.
    made = convert(latex.replace("{aligned}", "{split}"), display=("inline", "block")[tag == "div"])
    plain = latex.replace(r"\{", "").replace(r"\}", "")
    if plain.count("{") != plain.count("}") or "\\" in made:
        raise ValueError(f"{uri}: this formula cannot be set: {latex}")
    return f'<{tag} class="formula">{made}</{tag}>'


# --- notebooks --------------------------------------------------------------------------------


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """An executed notebook as Markdown, and its pictures by file name."""
    from nbconvert import MarkdownExporter
    from traitlets.config import Config

    # Code that a class need not read is left to the notebook.
    hidden = {"enabled": True, "remove_input_tags": {"hide-input"}}
    config = Config(TagRemovePreprocessor=hidden)
    text, resources = MarkdownExporter(config=config).from_filename(str(path))
    pictures = {}
    for name, data in resources.get("outputs", {}).items():
        picture = f"{path.stem}_{Path(name).name}"
        pictures[picture] = data
        text = text.replace(f"]({name})", f"]({picture})")
    # Tables come as HTML with a style of their own, which the site has better.
    text = re.sub(r"<style scoped>.*?</style>\n?", "", text, flags=re.DOTALL)
    text = text.replace('<table border="1" class="dataframe">', "<table>")
    text = re.sub(r"!\[png\]", "![figure of the cell above]", text)
    source = path.with_suffix(".py").name
    return f"{text.rstrip()}\n\n*Its source: [{source}]({source})*\n", pictures
