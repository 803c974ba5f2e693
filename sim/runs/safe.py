"""Files that are whole or absent, even if the machine stops: :func:`write_bytes`."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from sim.core.errors import ResultsError

_TEMPORARY = re.compile(r"\.(.+)\.(\d+)\.\d+\.tmp")
_OLD_SECONDS = 24 * 3600
_numbers = itertools.count()


def refusal(path: Path, message: str, allowed: str = "") -> ResultsError:
    """The error to raise about a file or folder."""
    return ResultsError(message, file=str(path), allowed=allowed)


def write_bytes(
    path: Path, content: bytes | memoryview, *, new: bool = False, flush: bool = True
) -> None:
    """Write a file under a temporary name in its folder, flush it to the disk, and rename it.

    Args:
        path: the path of the file.
        content: the bytes of the file.
        new: never replace a file that another process has written meanwhile.
        flush: wait for the disk; otherwise a machine that stops may leave part of the file.

    Raises:
        FileExistsError: the file exists, and ``new`` is set.
        OSError: the file cannot be written. Nothing is left behind.
    """
    name = f".{host()}.{os.getpid()}.{next(_numbers)}.tmp"
    partial = path.with_name(name)
    try:
        with partial.open("wb") as file:
            file.write(content)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        _rename_new(partial, path) if new else partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    if flush:
        flush_folder(path.parent)


def _rename_new(partial: Path, path: Path) -> None:
    """Rename a file to an unused name; of two processes only one succeeds."""
    if os.name != "posix":
        partial.rename(path)  # Windows replaces no file here
        return
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        partial.replace(path)
        return
    partial.unlink()


def flush_file(path: Path) -> None:
    """Flush a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some network file systems cannot
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def host() -> str:
    """The name of this machine, in the form that file names contain."""
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40] or "host"


def is_temporary(path: Path) -> bool:
    """Whether a file is one that :func:`write_bytes` has not finished."""
    return _TEMPORARY.fullmatch(path.name) is not None


def remove_stale(folder: Path) -> None:
    """Delete unfinished files of processes that have ended."""
    for path in folder.iterdir():
        if (match := _TEMPORARY.fullmatch(path.name)) and is_stale(path, match[1], int(match[2])):
            path.unlink(missing_ok=True)


def is_stale(path: Path, machine: str, process: int) -> bool:
    """Whether the process that left something unfinished has ended."""
    if machine == host() and os.name == "posix" and process != os.getpid():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False
    # Another machine wrote it, or a process whose number is now ours: no write takes that long.
    try:
        return time.time() - path.stat().st_mtime > _OLD_SECONDS
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into a message about this folder."""
    try:
        yield
    except OSError as error:
        text = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise refusal(
                folder,
                "there is no space left on this disk; the finished parts are kept",
                "make room, then the same command with --resume",
            ) from error
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise refusal(folder, "is a file, not a folder", "another folder") from error
        raise refusal(
            folder,
            f"cannot be written ({text}); finished parts are kept",
            "a folder that you may write to",
        ) from error
