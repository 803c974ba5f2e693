"""Shipped files: :func:`folder`, :func:`names`, :func:`find`; a user's file: :func:`path_of`,
:func:`read_bytes`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NoReturn

from sim.core.errors import InputError, Problem, did_you_mean, shown

Kind = Literal["scenarios", "experiments", "notebooks"]

PACKAGE = Path(__file__).parents[1]

SIZE_LIMIT = 1024 * 1024
"""Bytes; a larger input file is refused without reading it."""


def folder(kind: Kind) -> Path:
    """The folder of shipped ``scenarios``, ``experiments`` or ``notebooks`` (it may not exist).

    >>> folder("scenarios").name
    'scenarios'
    """
    # The wheel's copy comes first: a folder beside an installed package belongs to others.
    installed = PACKAGE / "_files" / kind
    return installed if installed.is_dir() else PACKAGE.parent / kind


def names(kind: Kind) -> tuple[str, ...]:
    """Names (without ``.yaml``) of the shipped files of one kind, sorted; empty when none."""
    return tuple(sorted(path.stem for path in folder(kind).glob("*.yaml") if path.is_file()))


def find(kind: Kind, given: str) -> Path | None:
    """The file that a path or the name of a shipped file means; None when it is neither.

    The name of a shipped file means that file, unless a file of this name exists here. Other text
    is a path if it has a folder or a suffix, or exists; whether it can be read is not checked.
    """
    path = Path(given)
    if given in names(kind) and not path.is_file():
        return folder(kind) / f"{given}.yaml"
    there = os.path.exists(path)  # Path.exists raises where a name is too long
    return path if path.suffix or len(path.parts) > 1 or there else None


def path_of(given: Any, field: str = "path", error: type[InputError] = InputError) -> Path:
    """The path that a caller in Python gave.

    Args:
        given: text or a path.
        field: the name of the argument.
        error: the class of error to raise.

    Raises:
        InputError: it is neither.

    >>> path_of("results").name
    'results'
    """
    if not isinstance(given, str | os.PathLike):
        problem = Problem(f"{shown(given)} is not a path", field, given, "text or a pathlib.Path")
        raise error(problem)
    return Path(given)


def read_bytes(
    path: str | os.PathLike[str],
    *,
    limit: int = SIZE_LIMIT,
    others: Iterable[str] = (),
    error: type[InputError] = InputError,
) -> bytes:
    """The bytes of a user's file.

    Args:
        path: the file.
        limit: the largest size that is allowed, in bytes.
        others: names to suggest when there is no such file and none with a similar name.
        error: the class of error to raise.

    Raises:
        InputError: the file is missing, a folder, too large, or cannot be read.
    """
    place = path_of(path, error=error)

    def refuse(message: str, *, allowed: str = "", suggestion: str = "") -> NoReturn:
        problem = Problem(message, allowed=allowed, suggestion=suggestion, file=os.fspath(path))
        raise error(problem) from None

    try:
        info = os.stat(place)
        if stat.S_ISDIR(info.st_mode):
            refuse("is a folder, not a file")
        if not stat.S_ISREG(info.st_mode):  # a pipe or device has no size and may never end
            refuse("is not an ordinary file")
        if info.st_size > limit:
            most = f"at most {limit // 1024**2} MiB"
            refuse(f"is too large ({info.st_size:,} bytes)", allowed=most)
        return place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        refuse("there is no such file", suggestion=_near(place, others))
    except ValueError:  # a NUL in the name
        refuse("is not a usable file name")
    except OSError as problem:
        refuse(f"cannot be read ({problem.strerror or problem})")


def _near(path: Path, others: Iterable[str]) -> str:
    """A name like the missing one: a file in the same folder first, then one of ``others``."""
    try:
        siblings = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except OSError:
        siblings = []
    near = did_you_mean(path.name, siblings)
    if near:
        return str(path.parent / near)
    return did_you_mean(path.stem, others)
