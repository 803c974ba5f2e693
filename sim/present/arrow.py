"""Arrow's form of arrays and words, made of memory: :func:`numbers`, :func:`texts`,
:func:`dates`, :func:`coded`;
and arrays of columns that Arrow read: :func:`array`.

pyarrow itself loads pandas where it turns anything else into its form or its own into NumPy's, and
pandas takes longer to load than a few runs take to make.
"""

from __future__ import annotations

import datetime
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


def dates(days: Sequence[datetime.date | None]) -> pa.Array:
    """Dates; None is missing.

    >>> dates([datetime.date(2026, 9, 14), None]).to_pylist()
    [datetime.date(2026, 9, 14), None]
    """
    import pyarrow as pa

    none = datetime.date(1970, 1, 1)  # from which Arrow counts days
    numbers = np.array([0 if day is None else (day - none).days for day in days], dtype=np.int32)
    missing = np.array([day is None for day in days], dtype=bool)
    return pa.Array.from_buffers(pa.date32(), len(days), _memory(numbers, missing))


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


def written(table: pa.Table) -> pa.Table:
    """The table of a file as it was written: Arrow reads the words of a column of codes as
    ``string`` where they were ``large_string``."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            parts = [
                pa.DictionaryArray.from_arrays(part.indices, texts(part.dictionary.to_pylist()))
                for part in table.column(place).chunks
            ]
            kind = pa.dictionary(field.type.index_type, pa.large_string())
            table = table.set_column(place, field.name, pa.chunked_array(parts, kind))
    return table


def array(column: pa.ChunkedArray) -> np.ndarray:
    """A column as the array that pandas would make of it: numbers, truth values, or objects.
    Missing numbers and texts are NaN, and other missing values None.

    >>> import pyarrow as pa
    >>> array(pa.chunked_array([numbers(np.array([1.0, np.nan])), numbers(np.array([2.0]))]))
    array([ 1., nan,  2.])
    >>> array(pa.chunked_array([coded(np.array([1, 0, MISSING]), ["a", "b"])])).tolist()
    ['b', 'a', nan]
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        parts = [_numbers(part) for part in column.chunks if len(part)]
        return np.concatenate(parts) if parts else np.zeros(0, kind.to_pandas_dtype())
    if pa.types.is_boolean(kind) and not column.null_count:
        return np.array(column.to_pylist(), dtype=bool)
    if pa.types.is_dictionary(kind):
        parts = [_words(part) for part in column.chunks if len(part)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=object)
    found = column.to_pylist()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        found = [float("nan") if value is None else value for value in found]
    return np.array([*found, None], dtype=object)[:-1]  # objects, whatever they are


def _numbers(part: pa.Array) -> np.ndarray:
    """The numbers of an array that is not empty."""
    here = slice(part.offset, part.offset + len(part))
    bits, data = part.buffers()
    values = np.frombuffer(data, part.type.to_pandas_dtype())[here]
    if not part.null_count:
        return values
    there = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")[here]
    return np.where(there, values, np.nan)


def _words(part: pa.DictionaryArray) -> np.ndarray:
    """The words of an array that is not empty."""
    words = np.array([*part.dictionary.to_pylist(), float("nan")], dtype=object)
    codes = _numbers(part.indices)
    return words[np.nan_to_num(codes, nan=len(words) - 1).astype(np.int64)]


def _array(values: np.ndarray, missing: np.ndarray) -> pa.Array:
    import pyarrow as pa

    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), _memory(values, missing))


def _memory(values: np.ndarray, missing: np.ndarray) -> list[Any]:
    """The memory of an array: a bit for each value that is there, and the values."""
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    kept = np.packbits(values, bitorder="little") if values.dtype == bool else values
    return [bits, pa.py_buffer(np.ascontiguousarray(kept))]
