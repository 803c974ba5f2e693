"""``make bench``: measure, compare with what is recorded, write recorded.json and README.md.

The command ends with 1 and names the lines that miss what they are held to by more than their
slack.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import clock
import record
from record import Line, Part

HERE = Path(__file__).resolve().parent
README, RECORDED = HERE / "README.md", HERE / "recorded.json"


def part(module: str, function: str) -> Callable[[bool], list[Line]]:
    """A function of ``parts``, loaded when it is its turn."""

    def measure(tiny: bool) -> list[Line]:
        return getattr(importlib.import_module(f"parts.{module}"), function)(tiny)

    return measure


PARTS = {
    "Rivals": part("engine", "rivals"),
    "Sizes": part("engine", "sizes"),
    "Memory": part("engine", "memory"),
    "Common random numbers": part("engine", "common_numbers"),
    "Summary": part("summary", "whole_runs"),
    "Black box": part("blackbox", "against_engine"),
    "Commands": part("commands", "waiting"),
    "Start of every command": part("commands", "starts"),
    "Browser": part("browser", "against_native"),
    "Page": part("page", "in_chromium"),
    "Studies": part("studies", "shipped"),
}
SLOW = ("Studies",)
"""Measured only when asked for by name."""


def wanted(only: str | None) -> list[str]:
    """Titles of the parts to measure."""
    if only is None:
        return [title for title in PARTS if title not in SLOW]
    return [title for title in PARTS if only.lower() in title.lower()]


def measured(title: str, tiny: bool) -> Part:
    """One part, now."""
    sys.stderr.write(f"{title} ...\n")
    before, begun = os.getloadavg()[0], time.perf_counter()
    lines = PARTS[title](tiny)
    about = (
        f"{clock.machine()}. {datetime.date.today()}, in {time.perf_counter() - begun:.0f} s; load "
        f"average {before:.1f} when it began, {os.getloadavg()[0]:.1f} when it ended."
    )
    return Part(about, lines)


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for; the exit code."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--only", metavar="TEXT", help="parts whose title contains this")
    ask.add_argument("--accept", action="store_true", help="hold lines to what is measured now")
    ask.add_argument("--tiny", action="store_true", help="try it at tiny sizes; write nothing")
    asked = ask.parse_args(words)
    titles = wanted(asked.only)
    if not titles:
        sys.stderr.write(f"No part has '{asked.only}' in its title: {', '.join(PARTS)}.\n")
        return 2
    if os.getloadavg()[0] > 0.5:
        sys.stderr.write(
            "This machine is busy: times will be too long. Close what else is running.\n"
        )
    kept, made, broken = record.read(RECORDED), {}, []
    for title in titles:
        try:
            made[title] = measured(title, asked.tiny)
        except Exception:  # the other parts are worth having
            traceback.print_exc()
            broken.append(title)
            continue
        if not asked.tiny:
            made[title] = made[title].held_to(kept.get(title), accept=asked.accept)
            kept = {name: kept[name] for name in kept if name not in made} | made
            kept = {name: kept[name] for name in PARTS if name in kept}
            record.write(RECORDED, kept)
            record.show(README, kept)
    sys.stdout.write(record.tables(made) + "\n")
    late = record.shut(made.values())
    for line in late:
        sys.stderr.write(f"The gate is shut: {line}.\n")
    for title in broken:
        sys.stderr.write(f"Not measured, see the error above: {title}.\n")
    return 1 if late or broken else 0


if __name__ == "__main__":
    sys.exit(main())
