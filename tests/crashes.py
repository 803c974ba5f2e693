"""A crash at any step on the disk: what is there afterwards is what kill -9 at that step leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

STEPS = ("replace", "rename", "link", "unlink", "mkdir", "rmdir", "fsync")
"""Calls of ``os`` that change the disk; ``pathlib``, ``shutil`` and ``tempfile`` use them too."""
DEAD = 2**22 + 1
"""A process number that Linux never gives."""


class Crash(BaseException):
    """The process is killed here."""


@contextmanager
def crash_at(number: int) -> Iterator[list[str]]:
    """Crash before the step of that number (from 0), or after the last if there are fewer.

    From then on every step fails, so that nothing is tidied up; and all that was written bears the
    number of a process that is no more. Yields the steps that were taken.
    """
    taken: list[str] = []
    crashed = False
    with pytest.MonkeyPatch.context() as patch:

        def watched(name: str) -> None:
            real = getattr(os, name)

            def step(*given: Any, **named: Any) -> Any:
                nonlocal crashed
                crashed = crashed or len(taken) == number
                if crashed:
                    raise Crash
                taken.append(name)
                return real(*given, **named)

            patch.setattr(os, name, step)

        for name in STEPS:
            watched(name)
        patch.setattr(os, "getpid", lambda: DEAD)
        yield taken


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a result folder but its timing, by its name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timing.json"
    }
