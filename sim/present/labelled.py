"""Data frames as ``xarray`` datasets with units, for NetCDF too: :func:`labelled`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
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
    levels = [pd.Index(flat[key].unique()) for key in keys]
    index = pd.MultiIndex.from_frame(flat[list(keys)])
    whole = flat.set_index(index).drop(columns=list(keys))
    whole = whole.reindex(pd.MultiIndex.from_product(levels, names=list(keys)))
    shape = [len(level) for level in levels]
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
    become dimensions, and all others variables.

    Raises:
        InputError: xarray is not installed, or no such columns identify the rows.
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
    if parts < len(frame):
        raise InputError(
            f"rows of the table {table.name!r} cannot be told apart by words and whole numbers",
            "to_xarray", allowed="another table",
        )  # fmt: skip
    attributes = {
        column.name: {"units": column.unit, "long_name": column.meaning} for column in table.columns
    }
    found = labelled(frame, keys, attributes)
    found.attrs.update(title=table.title, comment=table.note)
    return found
