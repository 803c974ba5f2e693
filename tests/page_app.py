"""The page's own code, asked in Node: :func:`ask`."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

APP = Path(__file__).resolve().parents[1] / "sim" / "page" / "app"


def node_js() -> str:
    """The path of Node.js; the test is skipped without it, best before it prepares anything."""
    node = shutil.which("node")
    if node is None or not (APP / "node_modules").is_dir():
        pytest.skip("no Node.js here, or no `npm ci` in sim/page/app")
    return node


def ask(module: str, asked: Any, folder: Path) -> Any:
    """What ``tests/oracle/MODULE.ts`` of the app answers; numbers that JSON lacks are read back."""
    node = node_js()
    built = folder / f"{module}.mjs"
    if not built.exists():
        _run([node, APP / "build.mjs", "--node", APP / "tests" / "oracle" / f"{module}.ts", built])
    given = folder / f"{module}.json"
    given.write_text(json.dumps(plain(asked), allow_nan=False), encoding="utf-8")
    return read_back(json.loads(_run([node, built, given])))


def _run(command: list[Any]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def plain(value: Any) -> Any:
    """For JSON: NaN is null."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and math.isnan(value) else value


def read_back(value: Any) -> Any:
    """The inverse of what the app's ``encoded`` writes."""
    if isinstance(value, dict):
        return {name: read_back(one) for name, one in value.items()}
    if isinstance(value, list):
        return [read_back(one) for one in value]
    if value is None:
        return math.nan
    return float(value) if value in ("Infinity", "-Infinity") else value


def unlike(
    found: Any, wanted: Any, tolerance: float = 0.0, where: str = "", floor: float = 0.0
) -> list[str]:
    """Where two answers differ by more than ``tolerance``, relative to their size (at least
    ``floor``)."""
    if isinstance(wanted, dict):
        return [
            text
            for name in wanted
            for text in unlike(found[name], wanted[name], tolerance, f"{where}.{name}", floor)
        ]
    if isinstance(wanted, list | tuple):
        if len(found) != len(wanted):
            return [f"{where}: {len(found)} in place of {len(wanted)}"]
        pairs = zip(found, wanted, strict=True)
        return [
            text
            for i, (a, b) in enumerate(pairs)
            for text in unlike(a, b, tolerance, f"{where}[{i}]", floor)
        ]
    if isinstance(wanted, float) and not isinstance(found, str):
        same = found == wanted or (math.isnan(found) and math.isnan(wanted))
        same = same or abs(found - wanted) <= tolerance * max(abs(wanted), abs(found), floor)
    else:
        same = found == wanted
    return [] if same else [f"{where}: {found!r} in place of {wanted!r}"]
