"""Figures on the command line: options :data:`Figures`, :data:`NoFigures`; :func:`of` draws."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Figures = Annotated[
    str, typer.Option("--figures", metavar="FORMAT", help="Figures as png, svg, both or none.")
]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="The same as --figures none.")]
Draw = Callable[[Any, Path], object] | None
"""Draws the figures of a result into a folder; None where none are asked for."""


def of(module: str, choice: str, no_figures: bool) -> Draw:
    """What draws the figures of a result into a folder.

    Args:
        module: of ``sim.view``, with a function ``figures_of``; loaded when it draws.
        choice, no_figures: as on the command line.

    Raises:
        InputError: there is no such format.
    """
    from sim.present import figures

    formats = figures.formats_of("none" if no_figures else choice)

    def draw(found: Any, folder: Path) -> None:
        plots = importlib.import_module(f"sim.view.{module}")
        figures.save(plots.figures_of(found), folder, formats)

    return draw if formats else None
