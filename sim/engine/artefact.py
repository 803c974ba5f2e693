"""The engine's portable code: :func:`code` takes the shipped artefact, or compiles the sources.

The shipped artefact is used while its stamp is that of the sources. After an edit Numba, where it
is installed, compiles the sources again (half a minute); the result stays in the user's cache.
:func:`ready` gives machine code that was made from it for the commonest processors.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

from sim.core.errors import EngineError
from sim.engine import cache, layout

SHIPPED = Path(__file__).parent / "shipped"
REMEDY = "make engine"
_told = threading.Event()


def code() -> bytes:
    """The engine of these sources as text in LLVM's language.

    Raises:
        EngineError: the shipped artefact cannot be used, and Numba is not installed or fails.
    """
    try:
        return shipped(SHIPPED)
    except EngineError as error:
        if importlib.util.find_spec("numba") is None:
            raise
        kept = cache.folder() / f"engine-{layout.stamp()}.ll"
        made = cache.read(kept)
        if made is None:
            tell_once(f"codose: {error}; compiling the engine with Numba (half a minute) ...")
            made = _compiled()
            cache.write(kept, made)
        return made


def shipped(folder: Path = SHIPPED) -> bytes:
    """The portable code that came with the package.

    Raises:
        EngineError: it is missing, damaged, or older than the sources.
    """
    return _unpacked(folder, "engine.ll.gz")


def ready(processor: str) -> bytes | None:
    """The machine code that came with the package for a processor (a key of
    :data:`sim.engine.native.READY`); None where it cannot be used."""
    try:
        return _unpacked(SHIPPED, object_name(processor))
    except EngineError:
        return None


def object_name(processor: str) -> str:
    """The name of the file with the machine code for a processor."""
    return f"engine-{processor}.o.gz"


def _unpacked(folder: Path, name: str) -> bytes:
    """What a shipped file holds.

    Raises:
        EngineError: it is missing, damaged, or older than the sources.
    """
    try:
        about = json.loads((folder / "layout.json").read_text(encoding="utf-8"))
        packed = (folder / name).read_bytes()
        stamp, digest = about["stamp"], about["sha256"][name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"the compiled engine is missing or unreadable in {folder} ({type(error).__name__}); "
            f"'{REMEDY}' makes it, and installing codose again brings it back"
        ) from error
    if stamp != layout.stamp():
        raise EngineError(
            f"the compiled engine is older than its sources; '{REMEDY}' makes it anew"
        )
    try:
        if hashlib.sha256(packed).hexdigest() == digest:
            return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        pass
    raise EngineError(
        f"the compiled engine in {folder} is damaged; '{REMEDY}' makes it anew, and installing "
        "codose again brings it back"
    )


def _compiled() -> bytes:
    """Compile the sources in a new process, where Numba is set up for no particular processor."""
    path = cache.folder() / f"build-{os.getpid()}-{threading.get_ident()}.ll"
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sim.engine.build", "--to", str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise EngineError(f"the engine cannot be compiled from these sources: {last}")
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def tell_once(words: str) -> None:
    """Print a message on standard error, unless this process has already printed one."""
    if not _told.is_set():
        _told.set()
        print(words, file=sys.stderr, flush=True)  # noqa: T201
