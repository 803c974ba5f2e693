"""``codose examples``: copies the shipped scenarios, studies and notebooks into a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, get_args

import typer

from sim.core import files
from sim.core.errors import InputError, did_you_mean

KINDS: tuple[str, ...] = get_args(files.Kind)
LEFT_OUT = ("benchmarks", "checks", "figures", "__pycache__", ".ipynb_checkpoints")


def examples(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; made if need be.")],
    kinds: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KIND]...", help=f"Of these only: {', '.join(KINDS)}."),
    ] = None,
) -> None:
    """Copy the shipped scenarios, studies and notebooks into a folder.

    Nothing is written over: a folder FOLDER/KIND that exists already is an error.

    \b
    Examples:
      codose examples mine
      codose examples mine notebooks
    """
    chosen = kinds or list(KINDS)
    if wrong := [kind for kind in chosen if kind not in KINDS]:
        near = did_you_mean(wrong[0], KINDS)
        raise InputError(
            "there is no such kind of example", "KIND", wrong[0], ", ".join(KINDS), near
        )
    if there := [str(out / kind) for kind in chosen if (out / kind).exists()]:
        raise InputError(
            "exists already; nothing was copied",
            "FOLDER",
            there[0],
            "a folder without it",
            file=str(out),
        )
    for kind in dict.fromkeys(chosen):
        try:
            shutil.copytree(
                files.folder(kind),  # type: ignore[arg-type]
                out / kind,
                ignore=shutil.ignore_patterns(*LEFT_OUT),
            )
        except OSError as error:
            shutil.rmtree(out / kind, ignore_errors=True)
            raise InputError(f"cannot be written: {error.strerror}", file=str(out / kind)) from None
        typer.echo(f"written: {out / kind}")
