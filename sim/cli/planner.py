"""What some commands share: options of output, the command for the manifest, closing words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import shell

Force = Annotated[bool, typer.Option("--force", help="Replace results in that folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks on stderr.")]


def command_line(words: Sequence[object], options: dict[str, object]) -> str:
    """The command that makes the same results again, for the manifest."""
    parts = [str(word) for word in words]
    for option, value in options.items():
        if value is None or value is False:
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            parts += [option] if each is True else [option, str(each)]
    return shlex.join(parts)


def closing_remark(folder: Path, *, figures: bool, quiet: bool) -> None:
    """Where the results are."""
    if not quiet:
        shell.remark(f"Results{' and figures' if figures else ''}: {folder}")
