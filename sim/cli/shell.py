"""What commands share: :class:`Commands` turns errors into exit codes; tables, files, progress."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from sim.core import signals
from sim.core.errors import CodoseError, InputError, InterruptedRun, ResultsError, did_you_mean
from sim.present import progress
from sim.runs import safe

if TYPE_CHECKING:
    from rich.table import Table

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a full disk, a quota or a limit on files."""
NO_PLACE = (
    errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR,
    errno.ELOOP,
)  # fmt: skip
"""Errors of a name that is no usable file or folder."""
DEBUG = "CODOSE_DEBUG"
PIPE_WIDTH = 400
"""Columns of a table outside a terminal: one line a row, for grep and less -S."""

GROUPS = {
    "Plan and teach": (
        "page", "serve", "new", "validate", "run", "compare", "surface", "plan", "calendar",
        "report", "import",
    ),
    "Research": (
        "sensitivity", "ladder", "calibrate", "audit", "trials", "patterns", "verify", "merge",
    ),
    "Look something up": (
        "scenarios", "examples", "glossary", "parameters", "outcomes", "observed", "odd", "schema",
        "cache", "completion",
    ),
}  # fmt: skip
"""The commands by what one comes for, in the order of the help; any other is in "More"."""

TEXT_WIDTH = 24
"""Least width of a column of text on a terminal."""


# --- errors -----------------------------------------------------------------------------------


class Commands(TyperGroup):
    """The group of commands, in which every error becomes a message and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Answer ``--help``, ``--version`` (``-V``) and an empty line; read all else as usual.

        ``--help`` and ``--version`` are not options of the group, because for any such option typer
        loads pydantic, which doubles the time until the ``--help`` of a command appears.
        """
        if ctx.resilient_parsing:  # a shell asks for completions
            return super().parse_args(ctx, args)
        if args[:1] in (["--version"], ["-V"]):
            typer.echo(f"codose {sys.modules['sim'].__version__}")
            raise typer.Exit
        if not args:
            typer.echo(self.greeting())
            raise typer.Exit
        if args[0] in ("--help", "-h"):
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A command by its first word; kinds of study are suggested like any other."""
        if args and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            near = did_you_mean(args[0], self.list_commands(ctx))
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def greeting(self) -> str:
        """The text that is printed when no command is given."""
        raise NotImplementedError

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words after the name in the usage of the group; commands have their own."""
        return ["COMMAND ..."]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands into the help, by :data:`GROUPS`."""
        left = self.list_commands(ctx)
        width = max(map(len, left))
        for title, names in {**GROUPS, "More": tuple(left)}.items():
            here = [name for name in left if name in names]
            left = [name for name in left if name not in names]
            if here:
                with formatter.section(title):
                    formatter.write_dl(
                        [(name.ljust(width), self.summary(ctx, name)) for name in here]
                    )

    def summary(self, ctx: Any, name: str) -> str:
        """A line on a command."""
        command = self.get_command(ctx, name)
        return command.get_short_help_str(100) if command is not None else ""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error becomes ``typer.Exit`` with its exit code."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (typer.Exit, typer.Abort):
            raise
        except BaseException as error:
            if not isinstance(error, Exception | KeyboardInterrupt) or _is_usage_error(error):
                raise
            raise typer.Exit(_report(error)) from None


def made(name: str, function: Callable[..., Any], epilog: str) -> Any:
    """The command that a function is, in the form that the command line needs."""
    one = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    one.command(name, epilog=epilog)(function)
    return typer.main.get_command(one)


def _is_usage_error(error: BaseException) -> bool:
    """Whether an error is a mistake in the options, which typer prints with the usage."""
    return hasattr(error, "show") and hasattr(error, "exit_code")


def _report(error: BaseException) -> int:
    """Print the message of an error on stderr; return the exit code."""
    if isinstance(error, BrokenPipeError):
        _forget_stdout()
        return DONE
    if (number := signals.heard()) or isinstance(error, KeyboardInterrupt):
        # Ctrl-C may have become another error, for example within an import.
        number = number or signal.SIGINT
        remark(str(error) if isinstance(error, InterruptedRun) else signals.sentence(number))
        return 128 + number
    if isinstance(error, InputError):
        for problem in error.problems:
            remark(str(problem))
        return error.exit_code
    if isinstance(error, CodoseError):
        remark(str(error))
        return error.exit_code
    if isinstance(error, OSError) and error.errno in FULL:
        _forget_stdout()  # stdout may be on the full disk
        remark(f"cannot be written: {error.strerror}")
        return BAD_INPUT
    if isinstance(error, OSError) and error.errno in NO_PLACE and error.filename is not None:
        remark(f"{os.fsdecode(error.filename)}: cannot be used ({error.strerror})")
        return BAD_INPUT
    return _report_failure(error)


def _report_failure(error: BaseException) -> int:
    """Report a fault of codose: one sentence, and the path of the details."""
    import traceback

    details = "".join(traceback.format_exception(error))
    text = " ".join(str(error).split())
    short = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if os.environ.get(DEBUG, "") not in ("", "0"):
        remark(details.rstrip())
        return FAILED
    remark(f"codose failed, and should not have: {short}")
    log = _write_log(details)
    place = f"Details are in {log}; " if log else ""
    remark(f"{place}{DEBUG}=1 shows them here.")
    return FAILED


def _write_log(details: str) -> str:
    """Path of a new file with the details, or "" when it cannot be written."""
    import platform
    import shlex
    import tempfile

    head = f"codose {sys.modules['sim'].__version__}, Python {platform.python_version()}\n"
    head += f"command: {shlex.join(['codose', *sys.argv[1:]])}\n\n"
    try:
        handle, path = tempfile.mkstemp(prefix="codose-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(head + details)
    except OSError:
        return ""
    return path


def _forget_stdout() -> None:
    """Discard further output, even at exit, because the reader of stdout has gone."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Let the body print on stdout before the work is done; the work goes on even if the reader
    stops early (``| head``)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()


def remark(text: str) -> None:
    """Print a line on stderr."""
    with contextlib.suppress(BrokenPipeError):
        typer.echo(text, err=True)


# --- output -----------------------------------------------------------------------------------


def write_json(data: Any) -> None:
    """Print ``data`` on stdout as JSON; NaN becomes null."""
    import json

    from sim.present.table import plain_data

    typer.echo(json.dumps(plain_data(data), indent=2, ensure_ascii=False, allow_nan=False))


def new_table(columns: Sequence[tuple[str, str]]) -> Table:
    """A table without lines. Columns are (heading, "left" | "right" | "text"): text may wrap."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading, kind in columns:
        table.add_column(
            heading,
            justify="right" if kind == "right" else "left",
            no_wrap=kind != "text",
            overflow="fold",
        )
    return table


def write_table(table: Table) -> None:
    """Print a table on stdout, fitted to a terminal; elsewhere, each row is one line.

    On a narrow terminal only columns of text shrink. Numbers and names are never cut, so lines may
    be longer than the terminal.
    """
    from rich.console import Console

    on_terminal = sys.stdout.isatty()
    given = on_terminal or "COLUMNS" in os.environ
    console = Console(width=None if given else PIPE_WIDTH, highlight=False, markup=False)
    if console.width < _least_width(table):
        table.padding = (0, 1, 0, 0)
    console.width = max(console.width, _least_width(table))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def _least_width(table: Table) -> int:
    """The number of letters that a table needs without cuts."""
    gaps = (len(table.columns) - 1) * table.padding[1]
    return gaps + sum(
        max(len(line) for cell in (column.header, *column.cells) for line in str(cell).split("\n"))
        if column.no_wrap
        else TEXT_WIDTH
        for column in table.columns
    )


def paragraph(text: str) -> str:
    """``text`` wrapped to the width of the terminal, at most 100 columns."""
    import textwrap

    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
    return textwrap.fill(text, max(40, min(100, width)))


def check_file(path: Path, *, force: bool) -> None:
    """Check that an existing file may be replaced.

    Raises:
        InputError: the path is no ordinary file, or it exists and ``force`` is not given.
    """
    if os.path.isdir(path):
        raise InputError("is a folder, not a file", file=str(path))
    if os.path.exists(path) and not os.path.isfile(path):  # a device, which writing would replace
        raise InputError("is not an ordinary file", file=str(path))
    if os.path.exists(path) and not force:
        raise InputError("the file exists", file=str(path), allowed="another name, or --force")


def write_file(path: Path, text: str, *, force: bool) -> None:
    """Write a text file (UTF-8), whole or not at all.

    Raises:
        InputError: as :func:`check_file`, or the file cannot be written.
    """
    check_file(path, force=force)
    with _writing(path), signals.work():
        path.parent.mkdir(parents=True, exist_ok=True)
        safe.remove_stale(path.parent)
        safe.write_bytes(path, text.encode())


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn an error of the disk into a message about a file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot be written ({reason})", file=str(path)) from None


def write_book(path: Path, sheets: Mapping[str, Any]) -> None:
    """Write a workbook for Excel, whole or not at all; an existing file is replaced.

    Raises:
        InputError: the workbook cannot be written.
    """
    from sim.present.table import write_workbook

    with _writing(path):
        write_workbook(sheets, path)


def check_result_folder(folder: Path, *, force: bool) -> None:
    """Refuse an unusable folder for results before any work is done; clean up beside it.

    Raises:
        ResultsError: the folder is not empty and ``force`` is not given, or it holds other things
            than results.
    """
    from sim.runs.folder import check_target, mend

    if said := mend(folder):
        remark(said)
    try:
        check_target(folder, force=force)
    except ResultsError as error:
        found = error.problem
        said = f"{found.message}; nothing was run"
        raise ResultsError([dataclasses.replace(found, message=said)]) from None


def asking(*, yes: bool, quiet: bool) -> Callable[[str], bool]:
    """A function that reports how much long work takes and, on a terminal, asks once whether to go
    on."""
    asked: list[bool] = []

    def agree(price: str) -> bool:
        if not asked:
            if not yes and sys.stdin.isatty() and sys.stderr.isatty():
                progress.pause()
                asked.append(typer.confirm(f"{price}. Go on? (--yes: not asked)", err=True))
            else:
                asked.append(True)
                if not quiet:
                    remark(f"{price}.")
        return asked[0]

    return agree


# --- progress ---------------------------------------------------------------------------------


@contextlib.contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A function ``(done, total)`` that moves a bar on a terminal; None where there is none.

    The bar is on stderr and disappears at the end. Without a terminal, the label is one plain line.
    Ctrl-C interrupts the work meanwhile in good order.
    """
    with signals.work(), _bar(label, quiet=quiet) as move:
        yield move


@contextlib.contextmanager
def _bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet:
        yield progress.still
        return
    if sys.stderr.isatty():
        with progress.progress_bar(label) as move:
            yield move
        remark(label)
        return
    remark(label)
    yield None
