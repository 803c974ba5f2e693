"""Code blocks of the documentation: read them, run them, write their outputs.

    python docs/make/blocks.py                      run the pages, and write what the blocks print
    python docs/make/blocks.py docs/index.md ...    some of them

A page's blocks are run one after another in a folder of the page's own:

* ``console``: every line is a command. ``codose`` is run; ``dask`` runs in the background to the
  end of the page; ``make`` is asked what it would do, and the ``codose`` commands among that are
  run. Other lines are errors.
* ``python``: run; blocks of a page share their names. With the first line ``# name.py`` written to
  that file, for other blocks to import.
* ``bash``: a script, run by bash, as array task 1 of a job where it is one.
* ``yaml``, ``csv``: with the first line ``# name.yaml`` written to that file. A ``yaml`` block
  without a name is checked as the scenario or study that it is.
* ``text``, right after one of these: what it printed. A line ``...`` stands for lines left out. A
  paragraph that begins with "**You should see**" may stand between.

Comments before a block change that: ``<!-- slow -->``: the default suite stops there, the slow
tests go on; ``<!-- smaller: --replicates 2000 -> 20 -->``: run with the one text in place of the
other (several, with ``;`` between); ``<!-- beside: scenarios/centre_log.csv -->``: that file of the
checkout lies in the folder; ``<!-- not run: reason -->``: only looked at (:func:`look_at`).
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(
    r"(?P<marks>(?:<!-- [^>]*?(?:->[^>]*?)* -->\n+)*)"
    r"^```(?P<language>[a-z]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
EXPECTED = re.compile(r"(?:\*\*You should see\*\*.*\n(?:.+\n)*\n)?```text")
"""What may stand between a block and its output."""
DOCS = Path(__file__).resolve().parents[1]
REPO = DOCS.parent
PORT = "8786"
"""Where the pages put a scheduler; a free one takes its place."""
NAMED = re.compile(r"# ([\w./-]+\.\w+)")
LANGUAGES = ("console", "python", "bash", "yaml", "csv", "text", "")


def pages() -> list[Path]:
    """Every document whose blocks are run: the site's, and those beside it."""
    return [
        *sorted(REPO.glob("*.md")),
        *sorted((REPO / "experiments").rglob("*.md")),
        *(path for path in sorted(DOCS.rglob("*.md")) if "make" not in path.parts),
    ]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, marks, and where the text stands in the page."""

    language: str
    body: str
    marks: tuple[str, ...]
    start: int
    end: int
    after: int
    """Where the block before it ended, to tell what follows directly."""

    @property
    def slow(self) -> bool:
        """Whether the default suite stops here."""
        return "slow" in self.marks

    @property
    def left_alone(self) -> bool:
        """Whether it is not run."""
        return any(mark.startswith("not run: ") for mark in self.marks)

    def given(self, key: str) -> str:
        """What a mark ``key: ...`` says; empty when there is none."""
        return next((m.split(": ", 1)[1] for m in self.marks if m.startswith(f"{key}: ")), "")

    def smaller(self) -> str:
        """The text that is run.

        Raises:
            ValueError: what should be replaced is not there.
        """
        body = self.body
        for change in filter(None, self.given("smaller").split(";")):
            old, new = (part.strip() for part in change.split("->"))
            if old not in body:
                raise ValueError(f"a mark wants to replace {old!r}, which is not in the block")
            body = body.replace(old, new.replace("\\n", "\n"))
        return body


def blocks(text: str) -> list[Block]:
    """The blocks of a page, in order."""
    found: list[Block] = []
    last = 0
    for match in BLOCK.finditer(text):
        marks = tuple(re.findall(r"<!-- (.*?) -->", match["marks"], re.DOTALL))
        start, end = match.span("body")
        found.append(Block(match["language"], match["body"], marks, start, end, last))
        last = match.end()
    return found


def is_output(text: str, block: Block) -> bool:
    """Whether a text block stands right after the block before it."""
    between = text[block.after : block.start].strip()
    return block.language == "text" and block.after > 0 and bool(EXPECTED.fullmatch(between))


def commands(body: str) -> list[str]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    joined = re.sub(r"\\\n\s*", " ", body)
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def plain_environment() -> dict[str, str]:
    """The environment without what a ``make`` above left in it."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}


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


# --- commands ---------------------------------------------------------------------------------

CODOSE = f"import sys; sys.path.insert(0, {str(REPO)!r}); from sim.cli import main; main()"


@dataclass
class Shell:
    """The terminal of a page: a folder, what runs in the background, the scheduler's port."""

    folder: Path
    background: list[subprocess.Popen[bytes]] = field(default_factory=list)
    port: str = ""

    def run(self, line: str) -> str:
        """What a command prints on stdout.

        Raises:
            RuntimeError: it failed, or nobody said how to run such a command.
        """
        words = shlex.split(line.replace(PORT, self.scheduler()), comments=True)
        how = {"codose": self.codose, "make": self.make, "dask": self.dask}.get(words[0])
        if how is None:
            raise RuntimeError(f"{line}: docs/make/blocks.py cannot run it; mark it 'not run'")
        return how(words[1:])

    def scheduler(self) -> str:
        """A free port, the same for the whole page."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = str(free.getsockname()[1])
        return self.port

    def codose(self, words: Sequence[str]) -> str:
        """A command of ours, in this process; a question is answered with the Enter key."""
        from typer.testing import CliRunner

        from sim.cli import app

        target = None
        if ">" in words:
            place = words.index(">")
            target, words = Path(words[place + 1]), words[:place]
        done = CliRunner().invoke(app, list(words), prog_name="codose", input="\n" * 9)
        if done.exit_code != 0:
            said = f"codose {shlex.join(words)}: exit {done.exit_code}\n{done.stderr}"
            raise RuntimeError(said) from done.exception
        if target is not None:
            target.write_text(done.stdout, encoding="utf-8")
            return ""
        return done.stdout

    def make(self, words: Sequence[str]) -> str:
        """What the target would do: it must exist; its ``codose`` commands are run."""
        done = subprocess.run(
            ["make", "--dry-run", *words], cwd=REPO, env=plain_environment(),
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"make {shlex.join(words)}: {done.stderr}")
        ours = re.findall(r"^\S*bin/codose (.*)$", done.stdout, re.MULTILINE)
        return "".join(self.codose(shlex.split(one)) for one in ours)

    def dask(self, words: Sequence[str]) -> str:
        """A scheduler or worker, until the page ends."""
        program = Path(sys.executable).with_name("dask")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        inherited = {**os.environ, "PYTHONPATH": str(REPO)}
        self.background.append(
            subprocess.Popen(
                [str(program), *words, "--no-dashboard"], cwd=self.folder, env=inherited, **quiet
            )
        )
        if words[0] == "scheduler":
            _wait_for_port(int(self.port))
        return ""

    def bash(self, script: str) -> str:
        """A script, with ``codose`` on its path, as the first task of an array job."""
        place = self.folder / ".venv" / "bin"
        place.mkdir(parents=True, exist_ok=True)
        (place / "codose").write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(CODOSE)} "$@"\n'
        )
        (place / "codose").chmod(0o755)
        (place / "activate").write_text(f"PATH={shlex.quote(str(place))}:$PATH\n")
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=self.folder, env={**os.environ, "SLURM_ARRAY_TASK_ID": "1"},
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"a script ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def close(self) -> None:
        """End what still runs."""
        for process in reversed(self.background):
            process.terminate()
        for process in self.background:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_port(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


# --- pages ------------------------------------------------------------------------------------


def check_yaml(body: str) -> None:
    """A block without a file name: it must be a scenario or a study that can be used."""
    import yaml

    from sim.scenario.scenario import Scenario

    data = yaml.safe_load(body)
    if "kind" not in data:
        Scenario.from_text(body, folder=".")
        return
    from sim.studies.kind import StudyKind

    StudyKind.of(data.pop("kind")).make(**data)


def look_at(block: Block) -> None:
    """What can be said of a block without running it: that it is written well.

    Raises:
        SyntaxError: it is not.
    """
    if block.language == "python":
        compile(block.body, "docs page", "exec")
    elif block.language in ("bash", "console"):
        done = subprocess.run(["bash", "-n", "-c", block.body], capture_output=True, text=True)
        if done.returncode:
            raise SyntaxError(done.stderr)
    elif block.language in ("yaml", "csv"):
        raise SyntaxError(f"there is no reason to leave a {block.language} block alone")


def run_page(text: str, folder: Path, *, slow: bool) -> list[tuple[Block, str]]:
    """Run a page's blocks in a folder.

    Returns:
        Each output block that can be checked, with what was printed.
    """
    names: dict[str, object] = {"__name__": "page"}
    outputs: list[tuple[Block, str]] = []
    printed: str | None = None
    with (
        _inside(folder),
        warnings.catch_warnings(),
        contextlib.closing(Shell(Path(folder))) as shell,
    ):
        for block in blocks(text):
            if block.slow and not slow:
                break
            if is_output(text, block):
                if printed is not None:
                    outputs.append((block, printed))
                continue
            printed = None
            if block.left_alone:
                look_at(block)
                continue
            for name in block.given("beside").split():
                shutil.copy(REPO / name, folder)
            body = block.smaller()
            first, _, rest = body.partition("\n")
            named = NAMED.fullmatch(first)
            if block.language in ("yaml", "csv", "python") and named:
                kept = rest if block.language == "csv" else body
                Path(named[1]).write_text(kept, encoding="utf-8")
            elif block.language == "yaml":
                check_yaml(body)
            elif block.language == "console":
                printed = "".join(shell.run(line) for line in commands(body))
            elif block.language == "bash":
                printed = shell.bash(body)
            elif block.language == "python":
                stream = io.StringIO()
                with contextlib.redirect_stdout(stream):
                    exec(compile(textwrap.dedent(body), "docs page", "exec"), names)
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
