"""``codose glossary``: explains the terms of codose."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli import shell


def glossary(
    term: Annotated[
        str | None,
        typer.Argument(
            metavar="TERM", show_default="all of them", help="A word, an outcome or a parameter."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain the words: as planners, researchers and code say them.

    \b
    Examples:
      codose glossary
      codose glossary regret
      codose glossary trust_step
    """
    import dataclasses

    from sim.core import glossary as words

    found = words.looked_up(term) if term else list(words.glossary().values())
    if as_json:
        shell.write_json([dataclasses.asdict(one) for one in found])
        return
    table = shell.new_table(
        [("term", "text"), ("researchers say", "text"), ("code says", "left"), ("meaning", "text")]
    )
    for one in found:
        table.add_row(one.planners, one.researchers or "-", one.code or "-", one.meaning)
    shell.write_table(table)
