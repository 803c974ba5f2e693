"""The package ``sim`` under the name of the product: ``codose.x.y`` is ``sim.x.y``.

The modules are the same objects, and so are classes and errors. Scripts need this name where a
``sim.py`` or another model's folder ``sim`` lies beside them: ``from codose import run``.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import sim

if TYPE_CHECKING:
    from sim import *  # noqa: F403

__all__ = sim.__all__  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = sim.__version__
__path__: list[str] = []


class _Alias(MetaPathFinder, Loader):
    """Finds ``codose.x`` as ``sim.x``."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith(f"{__name__}."):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module("sim" + spec.name.removeprefix(__name__))
        self._own = module.__spec__  # importing under another name would replace it
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own


sys.meta_path.insert(0, _Alias())  # before the finder of files, which would load a second copy


def __getattr__(name: str) -> Any:
    return getattr(sim, name)


def __dir__() -> list[str]:
    return dir(sim)
