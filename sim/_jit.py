"""Compilation: the shared rules made callable from compiled code, and a cache that cannot go stale.

Numba's own cache looks at the file of a compiled function only: edit a rule in another module and
the old rule would run on without a word. Here the cache is stamped with a hash of every source
that goes into the machine code.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numba
from numba.core import caching
from numba.extending import register_jitable

from sim import rules, streams

_SOURCES = (
    "rules.py", "streams.py", "outcomes.py", "kernel.py", "engine/summary.py",
    "engine/counting.py", "_jit.py",
)  # fmt: skip


@lru_cache(maxsize=1)
def source_hash() -> str:
    """A hash of all sources that end up in compiled code."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Where compiled code is kept: the user's cache, or a temporary folder if that is read-only.

    ``CODOSE_CACHE`` names another place.
    """
    usual = os.environ.get("CODOSE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"),
        "codose",
    )
    for base in (usual, os.path.join(tempfile.gettempdir(), f"codose-{os.getuid()}")):
        folder = Path(base) / "engine"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    return Path(tempfile.mkdtemp(prefix="codose-"))


class _Locator(caching._CacheLocator):
    def __init__(self, py_func: Any, py_file: str) -> None:
        self._py_file = py_file
        self._lineno = py_func.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return source_hash()

    def get_disambiguator(self) -> str:
        return source_hash()

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _Locator:
        return cls(py_func, py_file)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = (_Locator,)


class _Cache(caching.FunctionCache):
    _impl_class = _Implementation


def is_compiled() -> bool:
    """Whether the engine of these sources is in the cache (for this or another Python)."""
    return any(cache_folder().glob(f"kernel.*{source_hash()}*.nbc"))


def entry(function: Callable[..., Any]) -> Any:
    """Compile an entry point: without the GIL, cached, no error checks in arithmetic."""
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _Cache(function)
    return dispatcher


def bare(function: Callable[..., Any]) -> Any:
    """Compile a function that allocates nothing: no reference counts around array slices."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    return numba.njit(**options)(function)


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that is only called from compiled code."""
    return register_jitable(function)


def inner_once(function: Callable[..., Any]) -> Any:
    """The same, pasted into its only caller as machine code, with all that it calls.

    Passing some arrays on costs as much as working on ten people.
    """
    return register_jitable(forceinline=True)(function)


def inner_inlined(function: Callable[..., Any]) -> Any:
    """The same, pasted into its callers before types are known."""
    return numba.njit(inline="always")(function)


def register(module: ModuleType) -> None:
    """Let compiled code call a module's plain functions."""
    for item in vars(module).values():
        if isinstance(item, FunctionType) and item.__module__ == module.__name__:
            register_jitable(item)


def _load_without_blas() -> None:
    """Load Numba's NumPy functions without SciPy.

    They look whether there is a BLAS by importing scipy.linalg, a fifth of a second that nothing
    here needs. Whoever compiles linear algebra in the same process still finds it: each function
    looks again when it is used.
    """
    try:
        from numba.np import linalg

        looks, linalg.ensure_blas = linalg.ensure_blas, lambda: None
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            linalg.ensure_blas = looks
    except (ImportError, AttributeError):  # another Numba: it loads them by itself, as ever
        pass


_load_without_blas()
register(rules)
register_jitable(streams.uniform)
register_jitable(streams.bell)
philox = inner_inlined(streams.philox)
