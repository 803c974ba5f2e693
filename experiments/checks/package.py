"""What is published, made and tried: ``make package``.

The source archive and, from it, the wheel are made; they must be light and hold what a user without
a checkout needs. The wheel is installed into a new environment with the lowest versions that
pyproject.toml allows, without any extra, and each command of ``SMOKE`` has to end with 0 there.
Needs an index of packages, and a minute or two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST = {".whl": 3_000_000, ".gz": 4_000_000}
"""Bytes of an archive. That of the sources holds the page twice: its sources, and built."""
PROMISED = (
    "codose.py",
    "sim/py.typed",
    "sim/cli/declared.json",
    "sim/_files/scenarios/source.yaml",
    "sim/_files/experiments/sobol.yaml",
    "sim/_files/notebooks/01_first_run.ipynb",
    "sim/studies/odd_template.md",
    "sim/page/shell.html",
    "sim/page/words.json",
    "sim/core/glossary.json",
    "sim/page/dist/app.js",
    "sim/page/dist/app.css",
)
"""Files of the wheel that are no code."""
SMOKE = (
    "run --help",
    "compare --help",
    "calibrate --help",
    "scenarios",
    "examples mine",
    "validate mine/scenarios/source.yaml",
    "odd",
    "run classroom --sets 4 --out run --quiet",
    "compare source light_touch --sets 4 --out compare --quiet",
    "verify run",
    "report run --out run.html",
    "page source --out page.html",
)


def main() -> int:
    """Install, try; the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        pins = folder / "lowest.txt"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _uv("build", "--out-dir", folder, ROOT)
        if wrong := _archives(folder):
            sys.stdout.write("\n".join(wrong) + "\n")
            return 1
        _uv("pip", "compile", "--python-version", version, "--resolution", "lowest-direct",
            "--output-file", pins, ROOT / "pyproject.toml")  # fmt: skip
        _uv("venv", "--python", sys.executable, folder / "env")
        wheel = next(folder.glob("*.whl"))
        _uv("pip", "install", "--python", python, "--requirement", pins, wheel)
        return _smoke(python, folder)


def _archives(folder: Path) -> list[str]:
    """What is wrong with the two archives."""
    wrong = []
    for path in (*folder.glob("*.tar.gz"), wheel := next(folder.glob("*.whl"))):
        size = path.stat().st_size
        sys.stdout.write(f"{path.name}: {size:,} bytes\n")
        if size > (most := LARGEST[path.suffix]):
            wrong.append(f"{path.name} is larger than {most:,} bytes")
    held = set(zipfile.ZipFile(wheel).namelist())
    wrong += [f"{wheel.name} holds {name}" for name in held if "sim/page/app/" in name]
    return wrong + [f"{wheel.name} lacks {name}" for name in PROMISED if name not in held]


def _uv(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *map(str, words)], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def _smoke(python: Path, folder: Path) -> int:
    code = "from sim.cli import main; main()"
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    wrong = 0
    for words in SMOKE:
        ended = subprocess.run(
            [python, "-c", code, *words.split()], cwd=folder, env=clean, capture_output=True,
            text=True,
        )  # fmt: skip
        sys.stdout.write(f"codose {words}: exit {ended.returncode}\n")
        if ended.returncode:
            sys.stdout.write(ended.stderr[-2000:] + "\n")
            wrong += 1
    sys.stdout.write(f"{len(SMOKE) - wrong} of {len(SMOKE)} work with the lowest versions.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
