"""``codose serve``: shows the page on this machine, and reads files that need Python."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli import shell
from sim.cli.page import Log, Plans, Sets
from sim.core import signals


def serve(
    plans: Plans = None,
    log: Log = None,
    sets: Sets = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            show_default="8600, or the next that is free",
            help="Port; 0: any that is free.",
        ),
    ] = None,
) -> None:
    """Show the page on this machine, and read the files that need Python.

    The same page as that of 'codose page'. Scenarios, logs, surveys and workbooks that are dropped
    on it are read as by the commands, with the same messages. Only this machine can reach it.
    Ctrl-C ends it.

    \b
    Examples:
      codose serve
      codose serve my.yaml --log contacts.csv
    """
    from sim.page.build import page_data, page_html
    from sim.page.opened import opened
    from sim.page.serve import PageServer

    document = opened(plans or [], log)
    html = page_html(page_data(sets=sets, opened=document, served=True))
    with PageServer(html, port=port) as server, shell.telling():
        typer.echo(f"{server.url} (only this machine can reach it; Ctrl-C ends it)")
        try:
            with signals.work():
                server.serve_forever()
        except KeyboardInterrupt:
            raise typer.Exit from None  # Ctrl-C is the usual end
