"""``codose completion``: lets a shell complete commands, options and shipped names.

:func:`scenarios`, :func:`studies` and :func:`folders` complete arguments; :func:`begin` is called
before the command line is read, and does something only when a shell asks for completions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.core.files import Kind

ASKED = "_CODOSE_COMPLETE"
"""The environment variable with which a shell asks for completions."""
SHELLS = ("bash", "zsh", "fish", "powershell")
FILES = (".yaml", ".yml")


def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish|powershell", help="Your shell.")],
) -> None:
    """Print what makes your shell complete commands, options and shipped names with the Tab key.

    \b
    Examples:
      eval "$(codose completion bash)"
      eval "$(codose completion zsh)"
      codose completion fish > ~/.config/fish/completions/codose.fish
      codose completion powershell >> $PROFILE

    For every new shell, put the line of bash into ~/.bashrc, that of zsh into ~/.zshrc.
    """
    from typer.completion import (
        get_completion_script,  # pyright: ignore[reportPrivateImportUsage]
    )

    from sim.core.errors import check_known

    check_known(shell, SHELLS, "is not a shell for which completion is known", field="SHELL")
    typer.echo(get_completion_script(prog_name="codose", complete_var=ASKED, shell=shell))


def begin() -> None:
    """Let typer answer a shell that asks for completions."""
    if ASKED in os.environ:
        from typer.completion import completion_init  # pyright: ignore[reportPrivateImportUsage]

        completion_init()


def scenarios(incomplete: str) -> list[str]:
    """Shipped scenarios and files that begin with a text.

    >>> scenarios("pho")
    ['phone_only']
    """
    return _shipped("scenarios", incomplete)


def studies(incomplete: str) -> list[str]:
    """Shipped studies and files that begin with a text.

    >>> studies("sob")
    ['sobol']
    """
    return _shipped("experiments", incomplete)


def folders(incomplete: str) -> list[str]:
    """Result folders that begin with a text, and the folders that lead to them."""
    return [
        f"{path}" if (path / "manifest.json").is_file() else f"{path}{os.sep}"
        for path in _paths(incomplete)
        if path.is_dir() and not path.name.startswith(".")
    ]


def _shipped(kind: Kind, incomplete: str) -> list[str]:
    from sim.core import files

    there = (str(path) for path in _paths(incomplete) if path.suffix in FILES)
    return [*(name for name in files.names(kind) if name.startswith(incomplete)), *there]


def _paths(incomplete: str) -> list[Path]:
    """Files and folders that begin with a text, in order; none where they cannot be listed."""
    folder, start = os.path.split(incomplete)
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        return []
    return [Path(folder, name) for name in names if name.startswith(start)]
