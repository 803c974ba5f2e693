"""The command line ``codose``: :class:`Codose` holds all commands, and :func:`main` runs one.

Each command is a thin function, and the library does the work. ``--help`` must appear at once, so
no module of this package imports anything heavy at its top.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import typer

from sim import studies
from sim.cli import (
    cache,
    calendar,
    completion,
    examples,
    glossary,
    imports,
    look,
    merge,
    new,
    observed,
    page,
    report,
    serve,
    shell,
)
from sim.cli.options import CHECK_EXITS, EXITS
from sim.cli.shell import GROUPS, Commands
from sim.core import signals

GREETING = """\
codose {version} simulates what a plan of technical assistance leads to and costs.
What if, not forecast: its answers follow from assumptions, which you can read.

  To plan      codose page
      Open codose.html in a browser: set your plan, and see the answer change.
  To research  codose run source
      Run a shipped case over everything that we do not know.
  To teach     codose page --story sharing --out lesson.html
      Open lesson.html: a class guesses first, then sees what happens, and why.

codose --help lists all commands; codose COMMAND --help explains one."""


OWN: Mapping[str, Callable[..., None]] = {
    "cache": cache.cache,
    "calendar": calendar.calendar,
    "completion": completion.completion,
    "examples": examples.examples,
    "glossary": glossary.glossary,
    "merge": merge.merge,
    "new": new.new,
    "observed": observed.observed,
    "odd": look.odd,
    "outcomes": look.outcomes,
    "page": page.page,
    "parameters": look.parameters,
    "report": report.report,
    "scenarios": look.scenarios,
    "schema": look.schema,
    "serve": serve.serve,
    "validate": look.validate,
    "verify": look.verify,
}
"""The functions of the commands that ask no study, by name."""


class Codose(Commands):
    """All commands: those of kinds of study, which are made from their Specs, and the others.

    Each is made only when it is used: to make them all takes longer than to show a help.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands, in the order of the help."""
        known = {*studies.names(), *OWN, "import"}
        order = [name for names in GROUPS.values() for name in names]
        return [name for name in order if name in known] + sorted(known - set(order))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, or None for a name that is none."""
        if cmd_name not in self.commands:
            made = None
            if cmd_name in OWN:
                exits = CHECK_EXITS if cmd_name == "verify" else EXITS
                made = shell.made(cmd_name, OWN[cmd_name], exits)
            elif cmd_name == "import":
                made = typer.main.get_command(imports.group)
            elif cmd_name in studies.names():
                from sim.cli import ask

                made = ask.made(cmd_name)
            if made is None:
                return None
            self.add_command(made, cmd_name)
        return super().get_command(ctx, cmd_name)

    def summary(self, ctx: Any, name: str) -> str:
        """A line on a command, for which no Spec is loaded."""
        return studies.summary(name) if name in studies.names() else super().summary(ctx, name)

    def greeting(self) -> str:
        """What codose is, and a first step for each kind of user."""
        return GREETING.format(version=sys.modules["sim"].__version__)


app = typer.Typer(
    name="codose",
    cls=Codose,
    rich_markup_mode=None,
    add_completion=False,
    add_help_option=False,  # see Commands.parse_args
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog=EXITS,
)


@app.callback()
def codose() -> None:
    """Simulate co-creative technical assistance (TA): how much, in which form, for how long.

    What the runs show is what would follow from the assumptions: what if, not forecast.

    \b
    Begin with:
      codose                      three first steps: to plan, to research, to teach
      codose scenarios            the shipped scenarios, each with its question
      codose new my.yaml          write a scenario of your own from five answers
      codose COMMAND --help       what a command does, with examples
      codose --version            which codose this is
    """


def main() -> None:
    """Run the command line in this process."""
    signals.listen()
    _use_utf8()
    # pydantic would look for plugins of its own in everything that is installed
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a missing letter must not stop a command
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    completion.begin()
    app(prog_name="codose")


def _use_utf8() -> None:
    """Restart in UTF-8 where file names would be ASCII (LC_ALL=C with Python's UTF-8 mode off)."""
    if sys.getfilesystemencoding() in ("ascii", "us-ascii") and sys.executable:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
