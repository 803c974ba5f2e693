""":func:`needs` refuses work, before it begins, where a package of an extra is not installed.

>>> needs("json", work="reading")  # a module that is installed
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
"""For each module, the name of its distribution and the extra of codose that installs it."""


def needs(*modules: str, work: str, instead: str = "", field: str = "") -> None:
    """Check that modules are installed, without importing them.

    Args:
        modules: names of top-level modules.
        work: what they are needed for; the message begins with it.
        instead: what works without them.
        field: the option, file or function that needs them.

    Raises:
        InputError: some are not installed; the message says what installs them.
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
