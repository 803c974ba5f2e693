"""Data frames that a caller in Python may give, known by their form: neither pandas nor any other
package of frames is loaded here.
"""

from __future__ import annotations

from typing import Any


def in_pandas(given: Any) -> Any:
    """A table of polars or Arrow as a frame of pandas; anything else as it is.

    >>> in_pandas([1, 2])
    [1, 2]
    """
    is_other = hasattr(given, "columns") and hasattr(given, "to_pandas")
    return given.to_pandas() if is_other else given


def is_frame(given: Any) -> bool:
    """Whether this is a frame of pandas.

    >>> is_frame({"columns": [1]})
    False
    """
    return hasattr(given, "columns") and hasattr(given, "index")


def is_row(given: Any) -> bool:
    """Whether this is a Series of pandas whose labels are names, such as a row of a frame.

    >>> is_row([1, 2])
    False
    """
    labels = getattr(given, "index", ())
    return hasattr(given, "to_frame") and any(isinstance(one, str) for one in labels)
