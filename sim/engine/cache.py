"""The user's cache of compiled code: :func:`folder`, and :func:`read` and :func:`write` of entries.

An entry is a hash of name and content, followed by the content. An entry that was cut short,
changed or renamed is deleted when it is read, and the caller makes it again.
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

    ``CODOSE_CACHE`` names another folder. Anybody can guess the name of the temporary folder, and
    its content is executed, so it is used only if nobody else may write there.
    """
    usual = os.environ.get("CODOSE_CACHE") or _users_cache()
    if _takes(Path(usual)):
        return Path(usual, "engine")
    who = getattr(os, "getuid", lambda: os.environ.get("USERNAME", "user"))()
    shared = Path(tempfile.gettempdir(), f"codose-{who}")
    with suppress(OSError):
        shared.mkdir(mode=0o700)
    if _is_ours(shared) and _takes(shared):
        return shared / "engine"
    return Path(tempfile.mkdtemp(prefix="codose-"))


def _takes(base: Path) -> bool:
    """Whether entries can be written below a folder."""
    place = base / "engine"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        return False
    return True


def _users_cache() -> str:
    try:
        import platformdirs
    except ImportError:  # not every system has the modules that it imports
        return os.path.join(os.path.expanduser("~"), ".cache", "codose")
    return platformdirs.user_cache_dir("codose", appauthor=False)


def _is_ours(path: Path) -> bool:
    """Whether a folder itself (no link to one) is the user's, and closed to everybody else."""
    try:
        about = path.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(about.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # there, each user has a temporary folder
    return about.st_uid == os.getuid() and stat.S_IMODE(about.st_mode) == 0o700


def entries() -> list[Path]:
    """The files in the cache, with unfinished ones that a killed process has left."""
    try:
        return sorted(one for word in ("engine-*", "tmp-*") for one in folder().glob(word))
    except OSError:
        return []


def clear() -> None:
    """Delete every file in the cache; one that is in use elsewhere may stay."""
    for path in entries():
        delete(path)


def read(path: Path) -> bytes | None:
    """The content of an entry; None where there is none, or a damaged one, which is deleted."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = data[_HASH:]
    if content and _hash(path, content) == data[:_HASH]:
        return content
    delete(path)
    return None


def delete(path: Path) -> None:
    """Delete an entry that cannot be used."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _hash(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + content).digest()


def write(path: Path, content: bytes) -> None:
    """Keep an entry, whole or not at all; without room or access, none is kept."""
    part = path.with_name(f"tmp-{os.getpid()}-{threading.get_ident()}")
    try:
        part.write_bytes(_hash(path, content) + content)
        os.replace(part, path)
    except OSError:
        delete(part)
