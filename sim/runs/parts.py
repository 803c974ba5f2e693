"""Arrays as a part of a store: :func:`table_of` makes one row of each array, and
:func:`check_engine` compares the model that made the store with this one."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.layout import source_hash
from sim.runs import safe
from sim.runs.store import Store

if TYPE_CHECKING:
    import pyarrow as pa  # imported where it is used, because a first run can do without

COLUMNS = ("name", "type", "shape", "data")


def table_of(arrays: Mapping[str, np.ndarray]) -> pa.Table:
    """Arrays as a table with one row for each array, which shares their memory where it can."""
    import pyarrow as pa

    plain = [np.ascontiguousarray(array) for array in arrays.values()]
    columns = (
        pa.array(list(arrays)),
        pa.array([array.dtype.str for array in plain]),
        pa.array([list(array.shape) for array in plain], pa.list_(pa.int64())),
        pa.chunked_array([_bytes_of(array) for array in plain], pa.large_binary()),
    )
    return pa.table(columns, names=list(COLUMNS))


def _bytes_of(array: np.ndarray) -> pa.Array:
    """The bytes of an array as one value."""
    import pyarrow as pa

    ends = pa.py_buffer(np.array([0, array.nbytes], dtype=np.int64))
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(array)])


def arrays_of(table: pa.Table) -> dict[str, np.ndarray]:
    """The inverse of :func:`table_of`; the arrays are read-only."""
    names, types, shapes = (table[name].to_pylist() for name in COLUMNS[:3])
    return {
        name: np.frombuffer(table["data"][row].as_buffer(), dtype=types[row]).reshape(shapes[row])
        for row, name in enumerate(names)
    }


def versions() -> dict[str, str]:
    """The versions of codose, Python and engine that a new store notes."""
    return {
        "codose": sys.modules["sim"].__version__,
        "python": platform.python_version(),
        "engine": source_hash(),
    }


def check_engine(store: Store, again: Callable[[int], Mapping[str, np.ndarray]]) -> None:
    """Let another version of the model go on with a store only if it gives the same numbers.

    The first part is made again and compared, because the key of a plan does not name versions.

    Args:
        store: the store that was opened.
        again: the function that makes a chunk, as arrays.

    Raises:
        ResultsError: the part differs.
    """
    if store.record.get("engine") == source_hash():
        return
    for chunk in store.present:
        if (stored := store.read_or_discard(chunk)) is None:
            continue
        if table_of(again(chunk)).to_pylist() != stored.to_pylist():
            made = store.record.get("codose", "unknown")
            raise safe.refusal(
                store.folder,
                f"its runs were made by another version of the model (codose {made}), and this "
                "one gives other numbers",
                "that version; or --force, which deletes them",
            )
        break
    store.note(**versions())
