"""``np``: NumPy, loaded at its first use, so that help texts and messages need not wait for it.

Loading NumPy takes as long as a whole help text. A module that every command loads writes::

    if TYPE_CHECKING:
        import numpy as np
    else:
        from sim.core.late import np
"""

from __future__ import annotations

import importlib
from typing import Any


class _Late:
    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module("numpy"), name)
        self.__dict__[name] = found  # the next time it is an attribute like any other
        return found


np = _Late()
