"""The user's cache of compiled code: :func:`folder`, and :func:`read` and :func:`write` of entries.

An entry is its content behind a hash of it; one that was cut short or changed counts as absent.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import platformdirs

_HASH = 32


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where compiled code is kept: the user's cache, or a temporary folder if that is read-only.

    ``CODOSE_CACHE`` names another place.
    """
    usual = os.environ.get("CODOSE_CACHE") or platformdirs.user_cache_dir("codose", appauthor=False)
    who = getattr(os, "getuid", lambda: os.environ.get("USERNAME", "user"))()
    for base in (Path(usual), Path(tempfile.gettempdir(), f"codose-{who}")):
        place = base / "engine"
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.mkdir(exist_ok=True)
            tempfile.TemporaryFile(dir=place).close()
        except OSError:
            continue
        if base == Path(usual) or _is_ours(base):
            return place
    return Path(tempfile.mkdtemp(prefix="codose-"))


def _is_ours(path: Path) -> bool:
    """Whether nobody else may write machine code into a folder that everybody can name."""
    about = path.stat()
    uid = getattr(os, "getuid", lambda: about.st_uid)()
    return about.st_uid == uid and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read(path: Path) -> bytes | None:
    """The content of an entry; None where there is none, or a damaged one."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = data[_HASH:]
    return content if content and hashlib.sha256(content).digest() == data[:_HASH] else None


def write(path: Path, content: bytes) -> None:
    """Keep an entry, whole or not at all; without room or access, none is kept."""
    part = path.with_name(f"tmp-{os.getpid()}-{threading.get_ident()}")
    try:
        part.write_bytes(hashlib.sha256(content).digest() + content)
        os.replace(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
