"""Data frames as ``xarray`` datasets with units, for NetCDF too: :func:`labelled`."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.extras import needs

if TYPE_CHECKING:
    import pandas as pd

    from sim.present.table import Table


def xarray() -> ModuleType:
    """The library xarray.

    Raises:
        InputError: xarray is not installed.
    """
    needs("xarray", work="a labelled array", field="to_xarray")
    return importlib.import_module("xarray")


def labelled(frame: pd.DataFrame, keys: Sequence[str], attributes: Mapping[str, Any]) -> Any:
    """A long data frame as a dataset; the keys become dimensions, in order of first appearance.

    Args:
        frame: a row for each combination of keys, at most one.
        keys: columns whose values identify a row.
        attributes: attributes of each column, such as its unit.

    Returns:
        An ``xarray.Dataset``.

    Raises:
        InputError: xarray is not installed.
    """
    import pandas as pd

    library = xarray()
    flat = frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, object))
    coded = [pd.factorize(flat[key], use_na_sentinel=False) for key in keys]
    levels, shape = [level for _, level in coded], [len(level) for _, level in coded]
    places = np.zeros(len(flat), dtype=np.int64)
    for codes, level in coded:
        places = places * len(level) + codes
    whole = flat.drop(columns=list(keys)).set_index(places)
    whole = whole.reindex(range(math.prod(shape)))
    found = library.Dataset(coords={k: _plain(one) for k, one in zip(keys, levels, strict=True)})
    for name in whole.columns:
        found[name] = (list(keys), _plain(whole[name]).reshape(shape))
    for name, about in attributes.items():
        if name in found.variables:
            found[name].attrs.update({key: text for key, text in about.items() if text != ""})
    return found


def _plain(values: Any) -> Any:
    """Numbers unchanged; words as fixed-length text of NumPy, which every NetCDF engine reads."""
    array = values.to_numpy()
    if array.dtype.kind in "iuf":
        return array
    return values.astype(object).where(values.notna(), "").to_numpy().astype(str)


def table_dataset(table: Table) -> Any:
    """A table as a dataset: its first columns of words and whole numbers that identify a row
    become dimensions, and all others variables. Where no such columns do, the only dimension is
    ``row``, counted from 0.

    Raises:
        InputError: xarray is not installed.
    """
    frame = table.frame
    keys: list[str] = []
    parts = 1
    for column in frame.columns:
        if parts == len(frame):
            break
        more = len(frame.drop_duplicates([*keys, column]))
        if frame[column].dtype.kind != "f" and more > parts:
            keys.append(str(column))
            parts = more
    if parts < len(frame) or not keys:
        frame, keys = frame.assign(row=range(len(frame))), ["row"]
    attributes = {
        column.name: {"units": column.unit, "long_name": column.meaning} for column in table.columns
    }
    found = labelled(frame, keys, attributes)
    found.attrs.update(title=table.title, comment=table.note)
    return found
