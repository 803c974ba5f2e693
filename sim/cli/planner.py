"""What the planner's commands share: sets on the command line, settings, saving, figures."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import shell
from sim.errors import InputError, Problem

if TYPE_CHECKING:
    from sim.scenario import Scenario

Sets = Annotated[int, typer.Option("--sets", min=2, help="Number of plausible parameter sets.")]
Replicates = Annotated[
    int, typer.Option("--replicates", "-n", min=1, help="Runs of each set, with other luck.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, show_default="the scenario's", help="Seed of every random number."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Hold a parameter at a value in every set; repeatable."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace results in that folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks on stderr.")]


def load(name: str, changes: Sequence[str]) -> tuple[Scenario, str]:
    """A scenario with the values of ``--set``, and what to call it: the name of its file."""
    from sim.scenario import Scenario, find
    from sim.study.study_file import read_held

    path = find(name)
    scenario = Scenario.load(path)
    if changes:
        own = dict(scenario.parameters) | read_held(changes)
        scenario = scenario.replace(parameters=own)
    return scenario, path.stem


def numbers(option: str, text: str | None) -> list[float] | None:
    """The numbers of ``--option 1,2,3``.

    Raises:
        InputError: something else stands there.
    """
    if text is None:
        return None
    found = []
    for part in text.split(","):
        try:
            if "_" in part:
                raise ValueError
            found.append(float(part))
        except ValueError:
            raise InputError(
                Problem(
                    f"{part.strip()!r} is not a number", f"--{option}", text,
                    "numbers with commas between, such as 1,2,4",
                )
            ) from None  # fmt: skip
    return found


def targets(texts: Sequence[str] | None) -> dict[str, float]:
    """The levels of ``--target OUTCOME=LEVEL``, each outcome once.

    Raises:
        InputError: a target without name or level, or twice.
    """
    found: dict[str, float] = {}
    for text in texts or ():
        name, _, level = (part.strip() for part in text.partition("="))
        allowed = "OUTCOME=LEVEL, such as capacity=0.5"
        try:
            value = float(level)
        except ValueError:
            raise InputError(
                Problem(f"{text!r} is not a target", "--target", text, allowed)
            ) from None
        if not name or name in found:
            what = "names no outcome" if not name else f"names {name} twice"
            raise InputError(Problem(f"{text!r} {what}", "--target", text, allowed))
        found[name] = value
    return found


def command_line(words: Sequence[object], options: dict[str, object]) -> str:
    """The command that makes the same results again, for the manifest."""
    parts = [str(word) for word in words]
    for option, value in options.items():
        if value is None or value is False:
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            parts += [option] if each is True else [option, str(each)]
    return shlex.join(parts)


def closing_remark(folder: Path, *, figures: bool, quiet: bool) -> None:
    """Where the results are."""
    if not quiet:
        shell.remark(f"Results{' and figures' if figures else ''}: {folder}")
