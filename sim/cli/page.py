"""``codose page``: writes the page as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion, shell

Plans = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SCENARIO]...",
        autocompletion=completion.scenarios,
        help="What it opens with: scenario files, files of plans, or names of shipped scenarios.",
        show_default="the planning case",
    ),
]
Log = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A log of contacts, the plans' history.")
]
Sets = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        show_default="the shipped ones",
        help="Plausible sets: the folder of a calibration.",
    ),
]


def page(
    plans: Plans = None,
    log: Log = None,
    sets: Sets = None,
    story: Annotated[
        str | None, typer.Option(metavar="NAME", help="Begin with this story of the class.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("codose.html"),
    force: Annotated[bool, typer.Option("--force", help="Replace that file.")] = False,
) -> None:
    """Write the page: plans, answers, the class, in one HTML file.

    The file opens in any browser, from disk, from a mail or from a web space. It needs no Python,
    no server and no network, and sends nothing anywhere: whoever opens it computes on their own
    machine.

    \b
    Examples:
      codose page
      codose page my.yaml other.yaml --out plans.html
      codose page my.yaml --log contacts.csv
      codose page --story sharing --out lesson.html
    """
    from sim.page.build import page_data, page_html
    from sim.page.opened import opened

    document = opened(plans or [], log)
    shell.check_file(out, force=force)
    text = page_html(page_data(sets=sets, opened=document, story=story))
    shell.write_file(out, text, force=force)
    size = len(text.encode()) / 1e6
    shell.remark(f"written: {out} ({size:.1f} MB); open it in a browser, or send it to somebody")
