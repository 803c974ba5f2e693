"""``reduced.c`` as a Python function: :func:`build`, by whichever C compilers are there."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np

from rivals.case import MEANS, Case

SOURCE = Path(__file__).with_name("reduced.c")
FLAGS = (
    "-std=c11",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-shared",
    "-fPIC",
    "-Wall",
    "-Werror",
)


def compilers() -> dict[str, str]:
    """Paths of the C compilers of this machine by family: gcc, and the newest clang."""
    found = {"gcc": shutil.which("gcc")}
    names = ["clang", *(f"clang-{number}" for number in range(30, 10, -1))]
    found["clang"] = next((path for name in names if (path := shutil.which(name))), None)
    return {name: path for name, path in found.items() if path}


def version(compiler: str) -> str:
    """Such as 12.2.0."""
    said = subprocess.run(
        [compiler, "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found.group(0) if found else "of an unknown version"


def build(compiler: str, case: Case) -> Callable[[int, int], np.ndarray]:
    """A function of runs and seed that gives float64 (runs, weeks, regions, means)."""
    header = "".join(
        f"#define {one.name.upper()} {getattr(case, one.name)!r}\n" for one in fields(case)
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "case.h").write_text(header, encoding="utf-8")
        made = Path(folder) / "reduced.so"
        words = [compiler, *FLAGS, f"-I{folder}", str(SOURCE), "-o", str(made), "-lm"]
        subprocess.run(words, check=True)
        function = ctypes.CDLL(str(made)).reduced
    function.argtypes = [ctypes.c_long, ctypes.c_uint64, ctypes.c_void_p]
    function.restype = None

    def run(runs: int, seed: int) -> np.ndarray:
        means = np.empty((runs, case.weeks, case.regions, len(MEANS)))
        function(runs, seed, means.ctypes.data)
        return means

    return run
