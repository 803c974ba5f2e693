"""``codose cache``: shows and clears the folder of compiled code."""

from __future__ import annotations

from typing import Annotated

import typer


def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete it; the next run makes it again.")
    ] = False,
) -> None:
    """Say where compiled code is kept, or delete it.

    Where codose brings no machine code for the processor, the first run compiles the engine, which
    takes a few seconds, and keeps what it made. CODOSE_CACHE names another folder for it.

    \b
    Examples:
      codose cache
      codose cache --clear
    """
    from sim.core.units import count
    from sim.engine import cache as kept

    place = kept.folder()
    found = kept.entries()
    size = sum(path.stat().st_size for path in found) / 1e6
    what = f"{count(len(found), 'file')}, {size:.1f} MB"
    if clear:
        kept.clear()
    typer.echo(f"{place}: {what}{' deleted' if clear else ''}")
