"""Arrays as the part of a store: a table with a row an array, and which model made it."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim import batch
from sim.runs import safe
from sim.runs.store import Store

if TYPE_CHECKING:
    import pyarrow as pa  # imported where it is used: a first run need not wait for it

COLUMNS = ("name", "type", "shape", "data")
_SOURCES = (
    "_jit.py", "compiled.py", "contact_log.py", "dosage.py", "kernel.py", "network.py",
    "outcomes.py", "population.py", "rules.py", "streams.py", "tables.py",
)  # fmt: skip


def table_of(arrays: Mapping[str, np.ndarray]) -> pa.Table:
    """Arrays as a table, a row an array."""
    import pyarrow as pa

    plain = [np.ascontiguousarray(array) for array in arrays.values()]
    columns = (
        pa.array(list(arrays)),
        pa.array([array.dtype.str for array in plain]),
        pa.array([list(array.shape) for array in plain], pa.list_(pa.int64())),
        pa.array([array.tobytes() for array in plain], pa.large_binary()),
    )
    return pa.table(columns, names=list(COLUMNS))


def arrays_of(table: pa.Table) -> dict[str, np.ndarray]:
    """The inverse of :func:`table_of`; the arrays are read-only."""
    names, types, shapes = (table[name].to_pylist() for name in COLUMNS[:3])
    return {
        name: np.frombuffer(table["data"][row].as_buffer(), dtype=types[row]).reshape(shapes[row])
        for row, name in enumerate(names)
    }


def _same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    """Whether arrays have the same bytes."""
    return [(name, a.dtype.str, a.shape, a.tobytes()) for name, a in one.items()] == [
        (name, a.dtype.str, a.shape, a.tobytes()) for name, a in other.items()
    ]


@lru_cache(maxsize=1)
def engine_hash() -> str:
    """A hash of the sources that the numbers come from."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((Path(batch.__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """What made a store."""
    return {
        "codose": sys.modules["sim"].__version__,
        "python": platform.python_version(),
        "engine": engine_hash(),
    }


def check_engine(store: Store, again: Callable[[int], Mapping[str, np.ndarray]]) -> None:
    """Let another version of the model go on with a store only if it gives the same numbers.

    Its first part is made again; the key of a plan says nothing of versions.

    Args:
        store: as it was opened.
        again: makes a chunk, as arrays.

    Raises:
        ResultsError: the part is not the same.
    """
    if store.record.get("engine") == engine_hash():
        return
    for chunk in store.present:
        if (stored := store.read_or_discard(chunk)) is None:
            continue
        if not _same(again(chunk), arrays_of(stored)):
            made = store.record.get("codose", "unknown")
            raise safe.refusal(
                store.folder,
                f"its runs were made by another version of the model (codose {made}), and this "
                "one gives other numbers",
                "that version; or --force, which deletes them",
            )
        break
    store.note(**versions())
