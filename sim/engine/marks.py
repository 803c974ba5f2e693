"""How some functions are compiled: the marks :func:`pasted` and :func:`inlined`.

They change nothing for Python; :mod:`sim.engine.build` reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS = "compiled_with"
_PASTED = "is_pasted"


def pasted(function: F) -> F:
    """Mark a function to be pasted into its only caller as machine code, with all that it calls.

    Passing its arrays would cost as much time as computing ten people. No two of the arrays given
    to it may overlap, as far as it changes them: loops then run without a test for that.
    """
    setattr(function, _PASTED, True)
    return function


def inlined(function: F) -> F:
    """Mark a function to be pasted into its callers before types are known."""
    setattr(function, _OPTIONS, {"inline": "always"})
    return function


def options(function: Callable[..., Any]) -> dict[str, Any]:
    """Options of the compiler for a function."""
    return dict(getattr(function, _OPTIONS, {}))


def is_pasted(function: Callable[..., Any]) -> bool:
    """Whether a function is marked :func:`pasted`."""
    return hasattr(function, _PASTED)
