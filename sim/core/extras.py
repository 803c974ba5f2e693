"""needs: a package of an extra that is not installed is said at the door, before any work.

>>> needs("json", work="reading")  # which is there
>>> try:
...     needs("no_such_package", work="dreaming")
... except InputError as error:
...     print(error)
dreaming needs no_such_package, which is not installed; allowed: pip install no_such_package
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from sim.core.errors import InputError

EXTRAS: Mapping[str, tuple[str, str]] = {
    "distributed": ("distributed", "cluster"),
    "icalendar": ("icalendar", "plan"),
    "openpyxl": ("openpyxl", "excel"),
    "optuna": ("optuna", "plan"),
    "sklearn": ("scikit-learn", "plan"),
    "xarray": ("xarray", "xarray"),
}
"""Name of the distribution, and the extra of codose that brings it, by module."""


def needs(*modules: str, work: str, instead: str = "", field: str = "") -> None:
    """See that modules can be imported; none is.

    Args:
        modules: names of top-level modules.
        work: what they are needed for, as the sentence begins.
        instead: what does without them.
        field: where it was asked for.

    Raises:
        InputError: those that are not installed, and what installs them.
    """
    missing = [name for name in modules if not _is_there(name)]
    if not missing:
        return
    known = [EXTRAS.get(name, (name, "")) for name in missing]
    names = " and ".join(distribution for distribution, _ in known)
    wanted = dict.fromkeys(f"'codose[{extra}]'" if extra else name for name, extra in known)
    install = f"pip install {' '.join(wanted)}"
    raise InputError(
        f"{work} needs {names}, which {'is' if len(known) == 1 else 'are'} not installed",
        field=field,
        allowed=f"{instead}, or: {install}" if instead else install,
    )


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
