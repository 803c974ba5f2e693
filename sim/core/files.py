"""Where the shipped data files are: in a checkout beside the package, in a wheel inside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Kind = Literal["scenarios", "experiments"]

PACKAGE = Path(__file__).parents[1]


def folder(kind: Kind) -> Path:
    """The folder of shipped ``scenarios`` or ``experiments`` (it may not exist).

    >>> folder("scenarios").name
    'scenarios'
    """
    # The wheel's copy comes first: next to an installed package, `scenarios` is somebody else's.
    installed = PACKAGE / "_files" / kind
    return installed if installed.is_dir() else PACKAGE.parent / kind


def names(kind: Kind) -> tuple[str, ...]:
    """Names (without ``.yaml``) of the shipped files of one kind, sorted; empty when none."""
    return tuple(sorted(path.stem for path in folder(kind).glob("*.yaml") if path.is_file()))


def find(kind: Kind, given: str) -> Path | None:
    """The file that a path or the name of a shipped file means; None when it is neither.

    A name without folder and suffix is a shipped file first, unless a file is called that. Whether
    a path can be read, reading will tell.
    """
    path = Path(given)
    if given in names(kind) and not path.is_file():
        return folder(kind) / f"{given}.yaml"
    there = os.path.exists(path)  # Path.exists raises where a name is too long
    return path if path.suffix or len(path.parts) > 1 or there else None
