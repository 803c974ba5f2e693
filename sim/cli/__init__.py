"""The command line: ``codose``. Each command is a thin function; the work is done in the library.

``--help`` has to appear at once, so no module of this package imports anything heavy on top.
"""

from __future__ import annotations

import sys

import typer

from sim.cli import (
    look,
    merge,
    new,
    observed,
    report,
)
from sim.cli.shell import Commands

EXITS = (
    "Exit codes: 0 done, 2 the input cannot be used, 1 failure of ours, 130 interrupted (Ctrl-C)."
)
CHECK_EXITS = (
    "Exit codes: 0 the same, 1 not the same (or a failure of ours), 2 the folder cannot be used, "
    "130 interrupted (Ctrl-C)."
)

app = typer.Typer(
    name="codose",
    cls=Commands,
    rich_markup_mode=None,
    add_completion=False,
    add_help_option=False,  # see Commands.parse_args
    subcommand_metavar="COMMAND ...",
    options_metavar="",
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
      codose run source           run the shipped source case
      codose scenarios            what else is shipped
      codose new my.yaml          write a scenario of your own from five answers
      codose COMMAND --help       what a command does, with examples
      codose --version            which codose this is
    """


app.command("report", epilog=EXITS)(report.report)
app.command("observed", epilog=EXITS)(observed.observed)
app.command("merge", epilog=EXITS)(merge.merge)
app.command("new", epilog=EXITS)(new.new)
app.command("validate", epilog=EXITS)(look.validate)
app.command("verify", epilog=CHECK_EXITS)(look.verify)
app.command("scenarios", epilog=EXITS)(look.scenarios)
app.command("parameters", epilog=EXITS)(look.parameters)
app.command("outcomes", epilog=EXITS)(look.outcomes)
app.command("schema", epilog=EXITS)(look.schema)
app.command("odd", epilog=EXITS)(look.odd)


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without some letter is no reason to fail
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app(prog_name="codose")
