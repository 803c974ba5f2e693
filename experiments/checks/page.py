"""The page, built and tried: ``make page``.

Where there is a Node.js (20.11 or newer, with npm): the libraries of the lock file are installed,
types are checked, unit tests run, and the app is built again; it has to be what is kept in
``sim/page/dist``, byte for byte. Then the page is written to ``results/codose.html``.

    experiments/checks/page.py           check; ends with 1 when what is kept is not what is built
    experiments/checks/page.py --keep    keep what was built
    experiments/checks/page.py --open    keep it, and open the page where there is a desktop
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "sim" / "page" / "app"
DIST = ROOT / "sim" / "page" / "dist"
PAGE = ROOT / "results" / "codose.html"
BUILT = ("app.js", "app.css")
OLDEST = (20, 11)
"""Of Node.js: the first with import.meta.dirname."""


def main() -> int:
    """Build, compare, write; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--keep", action="store_true", help="keep what was built")
    parser.add_argument("--open", action="store_true", help="keep it, and open the page")
    asked = parser.parse_args()
    if missing := _missing():
        say(f"{missing}: the page is written as it was built")
    elif not _checked(keep=asked.keep or asked.open):
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    _run([sys.executable, "-m", "sim", "page", "--out", PAGE, "--force"], ROOT)
    if asked.open and _has_desktop():
        webbrowser.open(PAGE.as_uri())
    return 0


def say(text: str) -> None:
    """A line on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _missing() -> str:
    """What is missing to build the app; empty: nothing."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "no Node.js with npm here"
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = found.stdout.strip().lstrip("v")
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        return f"Node.js {version} is older than {'.'.join(map(str, OLDEST))}"
    return ""


def _checked(*, keep: bool) -> bool:
    """Whether everything holds; what was built is kept if asked."""
    if not _installed():
        _run(["npm", "ci", "--no-fund", "--no-audit"], APP)
    steps = (["npx", "--no-install", "tsc", "--noEmit"], ["npm", "test", "--silent"])
    for step in steps:
        if not _run(step, APP, must=False):
            return False
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder)
        _run(["node", "build.mjs", "--out", built], APP)
        differ = [
            name for name in ("app.js", "app.css") if _bytes(built / name) != _bytes(DIST / name)
        ]
        for name in differ if keep else ():
            shutil.copy(built / name, DIST / name)
    if not differ:
        say("What is kept in sim/page/dist is what is built.")
    elif keep:
        say(f"Kept: {' and '.join(differ)} in sim/page/dist, built anew.")
    else:
        say(f"{' and '.join(differ)} in sim/page/dist: not what is built; 'make page' keeps it")
    return keep or not differ


def _installed() -> bool:
    """Whether the libraries are there in the versions of the lock file."""
    lock = json.loads((APP / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    home = APP / "node_modules"
    for name, told in lock.items():
        about = home / name.removeprefix("node_modules/") / "package.json"
        if not name or told.get("optional"):  # such as the builds for other machines
            continue
        if json.loads(_bytes(about) or b"{}").get("version") != told["version"]:
            return False
    return True


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _run(command: list[str | Path], folder: Path, *, must: bool = True) -> bool:
    say(f"--- {' '.join(map(str, command))}")
    ended = subprocess.run(command, cwd=folder, check=must)
    return ended.returncode == 0


def _has_desktop() -> bool:
    if os.environ.get("CI"):
        return False
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


if __name__ == "__main__":
    sys.exit(main())
