"""What a compiled artefact depends on: :func:`layout` (JSON for callers) and :func:`stamp`.

The stamp changes when anything that is compiled changes: the source files that hold compiled
functions, the constants that these take from elsewhere, or the layout of their arguments. Files and
constants are found from the functions themselves, not listed by hand.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from sim.core import outcomes, streams, ties
from sim.core.parameters import NAMES
from sim.core.units import WEEKS_A_YEAR
from sim.engine import arrays, filling, kernel, summary, tables
from sim.engine.arguments import Argument
from sim.engine.entries import ENTRIES, FUNCTIONS, SHAPES, signature
from sim.model import dosage

PREFIX = "codose_"
"""Prefix of exported names, so that none is a name of the C library."""
_HERE = Path(__file__).resolve().parent
_PACKAGE = _HERE.parent


def compiled_functions() -> dict[FunctionType, set[str]]:
    """Every function that goes into machine code, with the names that it looks up."""
    found: dict[FunctionType, set[str]] = {}
    waiting: list[Any] = [entry.function for entry in ENTRIES.values()] + list(FUNCTIONS.values())
    while waiting:
        function = waiting.pop()
        if function in found:
            continue
        names = set(function.__code__.co_names)
        found[function] = names
        waiting += [item for _, item in _looked_up(function, names) if isfunction(item)]
    return found


def isfunction(item: Any) -> bool:
    """Whether something is a plain function of this package."""
    return isinstance(item, FunctionType) and item.__module__.startswith("sim.")


def _looked_up(function: FunctionType, names: set[str]) -> list[tuple[str, Any]]:
    """Names and values that a function looks up in its module and in the modules that it names."""
    items: list[tuple[str, Any]] = []
    for name in sorted(names & function.__globals__.keys()):
        item = function.__globals__[name]
        if isinstance(item, ModuleType) and item.__name__.startswith("sim."):
            inside = names & vars(item).keys()
            items += [(f"{name}.{one}", vars(item)[one]) for one in sorted(inside)]
        else:
            items.append((name, item))
    return items


def sources() -> tuple[Path, ...]:
    """The files that hold compiled functions, and the one that says how they are compiled."""
    files = {Path(f.__code__.co_filename).resolve() for f in compiled_functions()}
    return tuple(sorted(files | {Path(__file__).with_name("build.py").resolve()}))


def _constants() -> dict[str, Any]:
    """Numbers, and arrays of them, that compiled functions take from their modules."""
    return {
        f"{function.__module__}.{name}": item.tolist() if isinstance(item, np.ndarray) else item
        for function, names in compiled_functions().items()
        for name, item in _looked_up(function, names)
        if isinstance(item, int | float | str | np.ndarray)
    }


def _record(dtype: np.dtype) -> dict[str, Any]:
    fields = dtype.fields or {}
    return {
        "size": dtype.itemsize,
        "fields": {
            name: {"type": kind[0].name, "offset": kind[1]} for name, kind in fields.items()
        },
    }


_RECORDS = {
    "parameters": tables.PARAMETER_TYPE,
    "region": tables.REGION_TYPE,
    "contact": tables.CONTACT_TYPE,
    "leave": tables.LEAVE_TYPE,
    "series": tables.SERIES_TYPE,
    "log_row": tables.LOG_TYPE,
    "event": tables.EVENT_TYPE,
}


def type_name(argument: Argument) -> str:
    """The name of an argument's type in the layout: a record's, or NumPy's."""
    for name, dtype in _RECORDS.items():
        if dtype == argument.dtype:
            return name
    return argument.dtype.name


def layout() -> dict[str, Any]:
    """All that a caller in another language needs, made from the definitions that Python uses."""
    about = {**_arrays(), "functions": _functions()}
    about["entries"] = {
        name: one for name, one in about["entries"].items() if ENTRIES[name].browser
    }
    return about


def _functions() -> dict[str, Any]:
    return {
        name: {
            "arguments": {one: kind.__name__ for one, kind in signature(function)[0].items()},
            "result": signature(function)[1].__name__,
            "says": inspect.cleandoc(function.__doc__ or "").partition("\n")[0],
        }
        for name, function in FUNCTIONS.items()
    }


def _arrays() -> dict[str, Any]:
    return {
        "prefix": PREFIX,
        "records": {name: _record(dtype) for name, dtype in _RECORDS.items()},
        "entries": {
            entry.name: {
                "words": entry.words,
                "arguments": [
                    {
                        "name": argument.name,
                        "word": word,
                        "type": type_name(argument),
                        "dimensions": argument.ndim,
                    }
                    for word, argument in entry.flat()
                ],
            }
            for entry in ENTRIES.values()
        },
        "parameters": list(NAMES),
        "columns": list(outcomes.RECORD),
        "first_flow": outcomes.FIRST_FLOW,
        "outcomes": list(outcomes.INDEX),
        "people": list(kernel.FIELDS),
        "site": list(kernel.SITE),
        "selection": dict(tables.SELECTION),
        "modes": list(dosage.MODES),
        "timings": list(dosage.TIMINGS),
        "statuses": list(dosage.STATUSES),
        "events": list(arrays.EVENTS),
        "networks": list(ties.KINDS),
        "spaces": {name: list(shape) for name, shape in SHAPES.items()},
        "sizes": list(filling.SIZES),
        "resources": list(filling.RESOURCES),
        "given": list(outcomes.GIVEN),
        "window": outcomes.COLLABORATION_WINDOW,
        "work_rows": {"all": summary.TOTALS, "region": 2},
        "weeks_a_year": WEEKS_A_YEAR,
        "posts": streams.POSTS,
        "series_step": streams.SERIES_STEP,
        "purposes": {
            name.lower(): number
            for name, number in vars(streams).items()
            if isinstance(number, int) and number in streams.LAYOUT
        },
    }


@lru_cache(maxsize=1)
def stamp() -> str:
    """A hash of all that an artefact is made from: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    digest.update(json.dumps([_arrays(), _constants()], sort_keys=True).encode())
    return digest.hexdigest()[:16]


def number_of(stamp: str) -> int:
    """The number that the function ``stamp`` of an artefact returns: 31 bits of the stamp."""
    return int(stamp[:8], 16) & 0x7FFFFFFF


_IMPORT = re.compile(r"^\s*(?:from (sim[\w.]*) import ([\w, ()]+)|import (sim[\w.]*))", re.M)

_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+.*\n|\n)+", re.M)


@lru_cache(maxsize=1)
def source_hash() -> str:
    """A hash of every source that numbers of a run come from: 16 hexadecimal digits.

    These are all files that the compiled engine and the reduction import. Results keep the hash.
    """
    digest = hashlib.sha256()
    for path in imported_by(_HERE / "compiled.py", _HERE / "reduction.py"):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def imported_by(*roots: Path) -> tuple[Path, ...]:
    """Some files of this package, and all of its files that they import, directly or not."""
    found: set[Path] = set()
    waiting = list(roots)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        running = _FOR_TYPES.sub("", path.read_text(encoding="utf-8"))
        for package, names, module in _IMPORT.findall(running):
            dotted = [module] if module else [package]
            dotted += [f"{package}.{name.strip(' ()')}" for name in names.split(",") if package]
            waiting += [file for one in dotted if (file := _file(one)) is not None]
    return tuple(sorted(found))


def _file(module: str) -> Path | None:
    """The file of a module of this package; None for the package itself, which imports them all."""
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    if path == _PACKAGE:
        return None
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None
