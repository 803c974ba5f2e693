"""Canvas and lines: draw figures as dots and as SVG, each text laid out once for all figures.

Matplotlib lays out and measures each text anew for each figure and file, and its own dots are
rendered letter by letter: half of the time that a figure takes. Many axes and figures share words
(tick labels, units, lines of footers). Dots are drawn with letters as shapes, and measured like
SVG files, so both have one layout.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Affine2D

_KEPT = 2048
"""Texts whose shape is kept: all of any study."""
_LETTERS = TextToPath()
_POINTS = 72
"""Points an inch."""


@lru_cache(_KEPT)
def _shape(text: str, font: FontProperties) -> Path:
    """A text as one path, in units of the size at which Matplotlib reads letters."""
    points, kinds = _LETTERS.get_text_path(font, text)
    return Path(points, kinds)


@lru_cache(_KEPT)
def _size(text: str, font: FontProperties) -> tuple[float, float, float]:
    """Width, height and descent of a text, points."""
    return _LETTERS.get_text_width_height_descent(text, font, False)


class _Dots(RendererAgg):
    """Draws a text as one path in place of a picture of each letter."""

    def get_text_width_height_descent(  # type: ignore[override]
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Width, height and descent of a text, dots."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        width, height, descent = _size(s, prop.copy())
        scale = self.dpi / _POINTS
        return width * scale, height * scale, descent * scale

    def draw_text(  # type: ignore[override]
        self, gc: Any, x: float, y: float, s: str, prop: FontProperties, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        """Draw a text whose baseline begins at x dots from the left and y from the top."""
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        scale = prop.get_size_in_points() / _LETTERS.FONT_SCALE * self.dpi / _POINTS
        place = Affine2D().scale(scale).rotate_deg(angle).translate(x, self.height - y)
        gc.set_linewidth(0.0)
        self.draw_path(gc, _shape(s, prop.copy()), place, gc.get_rgb())


class Canvas(FigureCanvasAgg):
    """The canvas on which the figures of a study are measured and drawn."""

    def get_renderer(self) -> _Dots:
        """What draws on this canvas; a new one when the figure's size in dots has changed."""
        width, height = self.get_width_height(physical=True)
        dpi = self.figure.dpi
        now = getattr(self, "renderer", None)
        if now is None or (now.width, now.height, now.dpi) != (width, height, dpi):
            self.renderer = _Dots(width, height, dpi)
        return self.renderer


class _Lines(RendererSVG):
    """Writes an SVG file."""

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Width, height and descent of a text, points."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        return _size(s, prop.copy())


def lines(figure: Figure) -> str:
    """The text of an SVG file, as Matplotlib's own ``savefig`` writes it."""
    dpi: Any = figure.dpi
    width, height = figure.get_size_inches()
    with io.StringIO() as file:
        written = _Lines(
            width * _POINTS, height * _POINTS, file, image_dpi=dpi,
            metadata={"Date": None, "Creator": None},
        )  # fmt: skip
        figure.dpi = _POINTS
        renderer: Any = MixedModeRenderer(figure, width, height, dpi, written)
        figure.draw(renderer)
        renderer.finalize()
        figure.dpi = dpi
        return file.getvalue()
