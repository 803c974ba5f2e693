"""The user's cache of compiled code: :func:`folder`, and :func:`read` and :func:`write` of entries.

An entry is its content behind a hash of it and its name; one that was cut short, changed or put
under another name counts as absent.
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

_HASH = 32


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where compiled code is kept: the user's cache, or a temporary folder if that is read-only.

    ``CODOSE_CACHE`` names another place.
    """
    usual = os.environ.get("CODOSE_CACHE") or _users_cache()
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


def _users_cache() -> str:
    try:
        import platformdirs
    except ImportError:  # it asks a system that looks like POSIX for what this one does not have
        return os.path.join(os.path.expanduser("~"), ".cache", "codose")
    return platformdirs.user_cache_dir("codose", appauthor=False)


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
    return content if content and _hash(path, content) == data[:_HASH] else None


def _hash(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + content).digest()


def write(path: Path, content: bytes) -> None:
    """Keep an entry, whole or not at all; without room or access, none is kept."""
    part = path.with_name(f"tmp-{os.getpid()}-{threading.get_ident()}")
    try:
        part.write_bytes(_hash(path, content) + content)
        os.replace(part, path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
