"""The words of codose: British spelling, the terms of the field, and no misspelt word.

    make check                              with everything else that it looks at
    python experiments/checks/words.py      this alone; some files: ... words.py FILE ...

What people read is looked through: text in Markdown without its code, docstrings, comments and
sentences in Python and TypeScript, the words of the page, and YAML. AMERICAN and PRIVATE are the
whole list, no police of style; a name in code (``color``, ``center``) is none of its business.
Misspelt words are found by codespell, whose settings are in ``pyproject.toml``. Where a word is
meant, EXCEPTIONS says where and why.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

_IZE = (
    "organ|optim|minim|maxim|summar|recogn|real|standard|normal|general|character|random|initial|"
    "visual|emphas|categor|priorit|custom|util|special|final|formal|local|memor|central|equal|"
    "penal|stabil|serial|token|material|familiar|apolog|critic|item|linear|discret|symbol|modern"
)
AMERICAN = {
    rf"(re|de|un)?({_IZE})iz(e|ed|es|er|ers|ing|ation|ations)": "-ise, -isation",
    r"(re)?analyz(e|ed|es|ing)": "analyse",
    r"centers?|centered": "centre",
    r"(mis)?behaviors?|behavioral": "behaviour",
    r"colors?|colored|colorful": "colour",
    r"neighbors?|neighboring|neighborhood": "neighbour",
    r"favors?|favored|favorite|favorable": "favour",
    r"labors?|honors?|flavors?|rumors?": "-our",
    r"cancel(ed|ing)": "cancelled, cancelling",
    r"label(ed|ing)": "labelled, labelling",
    r"model(ed|ing|er|ers)": "modelled, modelling",
    r"travel(ed|ing|er|ers)": "travelled, travelling",
    r"grays?|grayed": "grey",
    r"artifacts?": "artefact",
    r"judgments?": "judgement",
    r"towards?(?<!s)": "towards",
    r"fulfill|fulfills|skillful|enroll(s|ment)?": "fulfil, skilful, enrol",
    r"catalogs?": "catalogue",
    r"defense|offense": "defence, offence",
}
"""American spelling, and what British is."""
PRIVATE = {
    r"luck|lucky|unlucky|luckily": "chance",
    r"dice": "chance",
    r"twins?": "counterfactual, or: without assistance",
    r"(un)?settled": "clear (of a comparison), converged (of a number)",
    r"(is|are|was|were|be|been) (partly )?put in": "built in, or: built into the equations",
    r"not told|untold": "not known",
    r"chance rules": "chance dominates",
    r"(the|a|one|plain) bank": "reference table",
    r"(?-i:It rests on)": "name what rests: These results rest on",
    r"hangs? together": "are correlated",
    r"(?-i:left out: (the|that|all|none))": "default: the ...",
    r"called after nothing": "no quantity has this name",
}
"""Words that only this project gave a sense, and the field's own."""

EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    # file (a beginning of its path), word, why
    ("CHANGELOG.md", "", "what was written then"),
    ("experiments/checks/words.py", "", "the list itself"),
    ("docs/ODD.md", "behavior", "title of a journal"),
    ("docs/ODD.md", "center", "title of a study"),
    ("docs/ODD.md", "modeling", "title of a study"),
    ("docs/ODD.md", "randomized", "title of a study"),
    ("experiments/observed/hunter2009.yaml", "behavior", "title of a journal"),
    ("sim/engine/build.py", "initializes", "an attribute of LLVM"),
)

FILES = (
    "*.md", "docs/**/*.md", "experiments/**/*.md", ".github/**/*.md",
    "sim/**/*.py", "experiments/**/*.py", "docs/make/*.py", "notebooks/*.py",
    "sim/core/*.json", "sim/page/*.json", "scenarios/*.yaml", "experiments/**/*.yaml",
    "sim/page/app/src/**/*.ts", "sim/page/app/src/**/*.tsx",
)  # fmt: skip
"""What is looked through."""


class Prose(NamedTuple):
    """A line that people read."""

    path: Path
    line: int
    text: str


class Finding(NamedTuple):
    """A word that is none of ours."""

    prose: Prose
    word: str
    better: str

    def __str__(self) -> str:
        path = self.prose.path
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        return f"{shown}:{self.prose.line}: {self.word!r}: {self.better}"


def files() -> list[Path]:
    """Every file that is looked through, in order."""
    found = {path for pattern in FILES for path in ROOT.glob(pattern)}
    return sorted(path for path in found if "node_modules" not in path.parts)


# --- what people read of a file ------------------------------------------------------------------

_CODE = re.compile(r"``.+?``|`[^`]+`|:\w+:`[^`]+`|https?://\S+|\]\([^)]*\)|<[^<> ][^<>]*>")


def prose(path: Path) -> Iterator[Prose]:
    """The lines of a file that people read, without code in them; of a file that holds some word of
    the lists, be it in code."""
    text = path.read_text(encoding="utf-8")
    if not _ANY.search(text.lower()):  # of most files nothing has to be taken apart
        return
    read = {".md": _markdown, ".py": _python, ".json": _json}.get(path.suffix)
    if read is None:
        read = _script if path.suffix in (".ts", ".tsx") else _plain
    for line, one in read(text):
        yield Prose(path, line, _CODE.sub(" ", one))


def _plain(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.splitlines(), 1)


def _markdown(text: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in _plain(text):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            yield number, line


def _python(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for place, line in enumerate(node.value.splitlines()):
                if not line.lstrip().startswith((">>>", "...")):
                    yield node.lineno + place, line


def _json(text: str) -> Iterator[tuple[int, str]]:
    for number, line in _plain(text):
        for one in re.findall(r'"(?:[^"\\]|\\.)*"', line):
            said = str(json.loads(one))
            if " " in said:
                yield number, said


def _script(text: str) -> Iterator[tuple[int, str]]:
    for number, line in _plain(text):
        if comment := re.search(r"^\s*/?\*\*?\s.*|(?:^|\s)//\s.*", line):
            yield number, comment[0]
        for one in re.findall(r'"([^"\n]*[a-z] [a-z][^"\n]*)"', line):
            if "{" not in one and re.search(r"[.?!:,] |[.?!]$", one):
                yield number, one


# --- words that are none of ours -----------------------------------------------------------------

_WORDS = [
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), better)
    for words, better in (*AMERICAN.items(), *PRIVATE.items())
]
_ANY = re.compile(rf"\b(?:{'|'.join((*AMERICAN, *PRIVATE))})\b".replace("-i:I", ":i"))


def findings(lines: Iterator[Prose]) -> Iterator[Finding]:
    """Every word of the lists, where no exception is made."""
    for one in lines:
        for words, better in _WORDS:
            for found in words.finditer(one.text):
                if not _is_meant(one.path, found[0]):
                    yield Finding(one, found[0], better)


def _is_meant(path: Path, word: str) -> bool:
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return any(
        name.startswith(beginning) and meant.lower() in ("", word.lower())
        for beginning, meant, _ in EXCEPTIONS
    )


def misspelt(paths: list[Path]) -> list[str]:
    """What codespell finds, a line each."""
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 65):
        raise SystemExit(f"codespell failed: {done.stderr.strip()}")
    return done.stdout.splitlines()


def main() -> None:
    """Look through the files that are named, or all."""
    paths = [Path(name).resolve() for name in sys.argv[1:]] or files()
    found = [str(one) for path in paths for one in findings(prose(path))]
    found += misspelt(paths)
    sys.stdout.write("\n".join(found or [f"{len(paths)} files: no word to mend"]) + "\n")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
