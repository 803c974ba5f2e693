"""``codose report``: turns a result folder into one file to read, print and send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import completion, shell


def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A result folder.", autocompletion=completion.folders),
    ],
    out: Annotated[
        Path | None, typer.Option(show_default="DIR/report.html", help="The HTML file.")
    ] = None,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="A workbook for Excel beside it, named like it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace these files.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No remarks on stderr.")] = False,
) -> None:
    """Write one HTML file about a result folder.

    It holds question and answer, figures, tables, cost, the assumptions that carry
    the result, and how to repeat it. It needs no network and opens from disk.

    \b
    Examples:
      codose report results/source
      codose report results/compare-light_touch-source --out for_the_board.html
      codose report results/plan --xlsx
    """
    from sim.core.errors import InputError
    from sim.core.extras import needs
    from sim.studies.report import report_html, workbook_of
    from sim.studies.result import load

    if xlsx:
        needs("openpyxl", work="an Excel file", instead="CSV", field="--xlsx")
    path = folder / "report.html" if out is None else out
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path.name!r} is not a name of an HTML file", "--out", str(path),
                         "a name that ends with .html")  # fmt: skip
    text = report_html(folder)
    book = path.with_suffix(".xlsx")
    if xlsx and book.exists() and not (force or out is None):
        raise InputError("the file exists", file=str(book), allowed="--force")
    shell.write_file(path, text, force=force or out is None)
    if xlsx:
        shell.write_book(book, workbook_of(load(folder)))
    if not quiet:
        shell.remark(f"written: {path}" + (f" and {book}" if xlsx else ""))
