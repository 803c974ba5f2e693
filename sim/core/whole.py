"""Checks of whole numbers: :func:`check_whole`, :func:`check_seed`, :func:`check_replicates`."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from sim.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

MAX_REPLICATES = 2**32
"""A replicate is one 32-bit word of the counter behind every draw."""
MAX_SEED = 2**63 - 1


def check_replicates(value: object) -> int:
    """The number of replicates, after a check that it is whole and within 1..2**32.

    Raises:
        InputError: it is not.
    """
    return check_whole("replicates", value, 1, MAX_REPLICATES, "1..4294967296 (2**32)")


def check_seed(value: object) -> int:
    """The seed, after a check that it is whole and within 0..2**63 - 1.

    Raises:
        InputError: it is not.
    """
    return check_whole("seed", value, 0, MAX_SEED, "0..9223372036854775807 (2**63 - 1)")


def check_whole(field: str, value: object, low: int, high: int, allowed: str) -> int:
    """The value as an int, after a check that it is whole (also of NumPy, but no bool), low..high.

    Raises:
        InputError: it is not; the message gives ``allowed``.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f"{value!r} is not a whole number", field, value, allowed) from None
    if not low <= number <= high:
        raise InputError(f"{number} is out of range", field, value, allowed)
    return number
