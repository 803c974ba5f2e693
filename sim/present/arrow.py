"""Arrow's form of arrays and words, made of memory: :func:`numbers`, :func:`texts`, :func:`coded`.

pyarrow loads pandas for an array made of anything else, and pandas takes longer to load than a few
runs take to make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = -1
"""The code of a missing word."""


def numbers(values: np.ndarray) -> pa.Array:
    """Numbers, or truth values; NaN is missing.

    >>> numbers(np.array([1.0, np.nan])).to_pylist()
    [1.0, None]
    """
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(0, dtype=bool)
    return _array(values, missing)


def texts(words: Sequence[str]) -> pa.Array:
    """Words as text.

    >>> texts(["a", "bc"]).to_pylist()
    ['a', 'bc']
    """
    import pyarrow as pa

    data = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, data)], dtype=np.int64)
    memory: list[Any] = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(data))]
    return pa.Array.from_buffers(pa.large_string(), len(data), memory)


def coded(codes: np.ndarray, words: Sequence[str]) -> pa.DictionaryArray:
    """Words that are the same in every scenario, by their codes, as narrow as pandas makes them.

    >>> coded(np.array([1, 0, MISSING]), ["a", "b"]).to_pylist()
    ['b', 'a', None]
    """
    import pyarrow as pa

    small = codes.astype(np.min_scalar_type(-len(words) - 2))
    return pa.DictionaryArray.from_arrays(_array(small, codes == MISSING), texts(words))


def taken(codes: np.ndarray, words: Sequence[str]) -> pa.Array:
    """Words of one scenario, by their codes, as text; tables that differ in them can be joined.

    >>> taken(np.array([1, 0, MISSING]), ["a", "b"]).to_pylist()
    ['b', 'a', None]
    """
    return texts(words or ("",)).take(_array(codes, codes == MISSING))


def _array(values: np.ndarray, missing: np.ndarray) -> pa.Array:
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    kept = np.packbits(values, bitorder="little") if values.dtype == bool else values
    memory: list[Any] = [bits, pa.py_buffer(np.ascontiguousarray(kept))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), memory)
