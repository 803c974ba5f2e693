"""Code blocks of the documentation: read them, run them, write their outputs.

    python docs/make/blocks.py                      run the pages, and write what the blocks print
    python docs/make/blocks.py docs/index.md ...    some of them

A ``console`` block holds commands; those that begin with ``codose`` are run in a folder of the
page's own, one after another. A ``python`` block is run too; blocks of a page share their names.
A ``text`` block right after one of these is what it prints; a line ``...`` in it stands for lines
that are left out. A ``yaml`` or ``csv`` block whose first line is ``# name.yaml`` is written to
that file. A block after ``<!-- not run: reason -->`` is left alone, one after ``<!-- slow -->`` is
run by the slow tests only (with everything after it on its page).
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:<!-- (?P<mark>slow|not run: [^>]*) -->\n+)?"
    r"^```(?P<language>console|sh|python|text|yaml|csv)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


DOCS = Path(__file__).resolve().parents[1]


def pages() -> list[Path]:
    """The pages whose blocks are run: those of the folders of the site."""
    folders = ("tutorial", "how-to", "explanation", "teaching", "engineers")
    return [DOCS / "index.md", *(p for f in folders for p in sorted((DOCS / f).glob("*.md")))]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, mark, and where the text stands in the page."""

    language: str
    body: str
    mark: str
    start: int
    end: int
    after: int
    """Where the block before it ended, to tell what follows directly."""


def blocks(text: str) -> list[Block]:
    """The blocks of a page, in order."""
    found: list[Block] = []
    last = 0
    for match in BLOCK.finditer(text):
        language = match["language"].replace("sh", "console") if match["language"] == "sh" else (
            match["language"]
        )  # fmt: skip
        found.append(
            Block(language, match["body"], match["mark"] or "", match.start("body"),
                  match.end("body"), last)
        )  # fmt: skip
        last = match.end()
    return found


def is_output(text: str, block: Block) -> bool:
    """Whether a text block stands right after the block before it."""
    between = text[block.after : block.start]
    return block.language == "text" and block.after > 0 and between.strip() == "```text"


def commands(body: str) -> list[str]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    joined = re.sub(r"\\\n\s*", " ", body)
    return [line.strip() for line in joined.splitlines() if line.strip().startswith("codose ")]


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, columns = Path.cwd(), os.environ.get("COLUMNS")
    os.chdir(folder)
    os.environ["COLUMNS"] = "100"
    try:
        yield
    finally:
        os.chdir(before)
        if columns is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = columns


def run_command(line: str) -> str:
    """What a ``codose`` command prints on stdout.

    Raises:
        RuntimeError: it ended with another exit code than 0.
    """
    from typer.testing import CliRunner

    from sim.cli import app

    words = shlex.split(line, comments=True)[1:]
    if words[:1] == ["serve"]:
        return ""  # goes on until it is stopped; tests/page opens it in a browser
    target = None
    if ">" in words:
        place = words.index(">")
        target, words = Path(words[place + 1]), words[:place]
    done = CliRunner().invoke(app, words, prog_name="codose")
    if done.exit_code != 0:
        raise RuntimeError(f"{line}: exit {done.exit_code}\n{done.stderr}") from done.exception
    if target is not None:
        target.write_text(done.stdout, encoding="utf-8")
        return ""
    return done.stdout


def run_page(text: str, folder: Path, *, slow: bool) -> list[tuple[Block, str]]:
    """Run a page's blocks in a folder.

    Returns:
        Each output block that can be checked, with what was printed.
    """
    names: dict[str, object] = {"__name__": "page"}
    outputs: list[tuple[Block, str]] = []
    printed: str | None = None
    with _inside(folder), warnings.catch_warnings():
        for block in blocks(text):
            if block.mark == "slow" and not slow:
                break
            if is_output(text, block):
                if printed is not None:
                    outputs.append((block, printed))
                continue
            printed = None
            if block.mark.startswith("not run"):
                continue
            first = block.body.split("\n", 1)[0]
            if block.language in ("yaml", "csv") and re.fullmatch(r"# [\w./-]+\.\w+", first):
                body = block.body if block.language == "yaml" else block.body.split("\n", 1)[1]
                Path(first[2:]).write_text(body, encoding="utf-8")
            elif block.language == "console":
                printed = "".join(run_command(line) for line in commands(block.body))
            elif block.language == "python":
                stream = io.StringIO()
                with contextlib.redirect_stdout(stream):
                    exec(compile(block.body, "docs page", "exec"), names)
                printed = stream.getvalue()
    return outputs


def tidy(printed: str) -> list[str]:
    """Lines without blanks at their ends, and without empty lines at the ends."""
    return "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n").split("\n")


def agrees(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed; a line ``...`` stands for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + r"\n" for line in tidy(shown)
    )
    return re.fullmatch(pattern, "\n".join(tidy(printed)) + "\n") is not None


def renewed(shown: str, printed: str) -> str:
    """What to show now: as many lines before and after a line ``...`` as were shown."""
    old, new = tidy(shown), tidy(printed)
    if "..." in (line.strip() for line in old):
        place = next(n for n, line in enumerate(old) if line.strip() == "...")
        before, after = place, len(old) - place - 1
        if before + after < len(new):
            new = [*new[:before], "...", *(new[len(new) - after :] if after else [])]
    return "\n".join(new) + "\n"


def main(paths: Sequence[str]) -> None:
    """Write the outputs of pages anew."""
    for path in map(Path, paths or pages()):
        text = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            outputs = run_page(text, Path(folder), slow=True)
        for block, printed in reversed(outputs):
            if not agrees(block.body, printed) or block.body.strip() == "":
                text = text[: block.start] + renewed(block.body, printed) + text[block.end :]
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main(sys.argv[1:])
