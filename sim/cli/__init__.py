"""The command line ``codose``: :class:`Codose` holds all commands, and :func:`main` runs one.

Each command is a thin function, and the library does the work. ``--help`` must appear at once, so
no module of this package imports anything heavy at its top.
"""

from __future__ import annotations

import os
import sys
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


class Codose(Commands):
    """All commands: those of kinds of study, which are made from their Specs, and the others."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands, in the order of the help."""
        known = {*studies.names(), *super().list_commands(ctx)}
        order = [name for names in GROUPS.values() for name in names]
        return [name for name in order if name in known] + sorted(known - set(order))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command; that of a kind of study is made only when it is used."""
        if cmd_name in studies.names():
            from sim.cli import ask

            return ask.made(cmd_name)
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


app.command("calendar", epilog=EXITS)(calendar.calendar)
app.command("page", epilog=EXITS)(page.page)
app.command("serve", epilog=EXITS)(serve.serve)
app.command("report", epilog=EXITS)(report.report)
app.add_typer(imports.group, epilog=EXITS)
app.command("observed", epilog=EXITS)(observed.observed)
app.command("merge", epilog=EXITS)(merge.merge)
app.command("new", epilog=EXITS)(new.new)
app.command("validate", epilog=EXITS)(look.validate)
app.command("verify", epilog=CHECK_EXITS)(look.verify)
app.command("examples", epilog=EXITS)(examples.examples)
app.command("scenarios", epilog=EXITS)(look.scenarios)
app.command("parameters", epilog=EXITS)(look.parameters)
app.command("outcomes", epilog=EXITS)(look.outcomes)
app.command("glossary", epilog=EXITS)(glossary.glossary)
app.command("schema", epilog=EXITS)(look.schema)
app.command("odd", epilog=EXITS)(look.odd)
app.command("cache", epilog=EXITS)(cache.cache)
app.command("completion", epilog=EXITS)(completion.completion)


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
