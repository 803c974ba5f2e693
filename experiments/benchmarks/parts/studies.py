"""Every shipped study, as its command: :func:`shipped`. It takes as long as all of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import clock
import yaml
from record import Line, skipped

from parts import commands
from parts.commands import Command


def studies() -> dict[str, str]:
    """The kind of each study in ``experiments``, by name."""
    files = sorted((clock.REPO / "experiments").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8"))["kind"] for file in files}


def shipped(tiny: bool) -> list[Line]:
    """Wall time of each, once."""
    known, lines = commands.names(), []
    with tempfile.TemporaryDirectory() as place:
        for name, kind in studies().items():
            what = f"`codose {kind} {name}`"
            if kind not in known:
                lines.append(skipped(what, f"codose has no command '{kind}'"))
                continue
            folder = Path(place) / name
            folder.mkdir()
            words = f"{kind} {name} --quiet --out {{out}}"
            command = Command(words, None, 1, f"{kind} --help")
            lines.append(commands.line(what, command, folder, tiny=tiny, warm=False))
    return lines
