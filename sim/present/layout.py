"""The layout of the axes of a figure, computed once: :class:`Margins`.

The space of titles and footers follows from their lines. The space around axes (tick labels, names,
legends, labels at the ends of lines) is measured once, for text only. Matplotlib's "constrained"
layout measures everything, for which it draws the figure a second time.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.layout_engine import LayoutEngine
from matplotlib.transforms import Bbox

EDGE = 0.09
"""Inches between anything and the edge of the figure."""
GAP = (0.16, 0.16)
"""Inches between the space of two axes: side by side, and one above the other."""
LEAST = 0.3
"""Least size of axes in inches, however long their labels."""


class Margins(LayoutEngine):
    """Gives all axes the space that their text needs, and divides the rest between them.

    Args:
        top: height of the figure's title, inches.
        bottom: height of its footer, inches.
    """

    _adjust_compatible = False
    _colorbar_gridspec = True

    def __init__(self, top: float, bottom: float) -> None:
        super().__init__()
        self.top, self.bottom = top, bottom

    def set(self, **_: Any) -> None:
        """Do nothing, because there are no settings."""

    def execute(self, fig: Figure) -> None:  # type: ignore[override]
        """Place all axes of the figure."""
        cells = _cells(fig)
        if not cells:
            return
        width, height = fig.get_size_inches()
        grid = cells[0][0].get_gridspec()
        columns = _Line(grid.ncols, grid.get_width_ratios(), EDGE, width - EDGE, GAP[0])
        rows = _Line(
            grid.nrows,
            grid.get_height_ratios(),
            self.top + EDGE,
            height - self.bottom - EDGE,
            GAP[1],
        )
        measured = [(spec, axes, *_needs(fig, axes)) for spec, axes in cells]
        for spec, _, _, (left, right, above, below) in measured:
            columns.need(spec.colspan, left, right)
            rows.need(spec.rowspan, above, below)
        for spec, axes, box, _ in measured:
            x0, x1 = columns.place(spec.colspan)
            y1, y0 = (height - y for y in rows.place(spec.rowspan))
            new = Bbox.from_extents(x0 / width, y0 / height, x1 / width, y1 / height)
            for one in axes:
                one.set_position(_moved(one.get_position(original=True), box, new))


class _Line:
    """Columns from left to right, or rows from top to bottom, with the space around each."""

    def __init__(self, count: int, ratios: Any, start: float, stop: float, gap: float) -> None:
        self.before, self.after = [0.0] * count, [0.0] * count
        self.ratios: list[float] = list(ratios)
        self.start, self.stop, self.gap = start, stop, gap

    def need(self, span: range, before: float, after: float) -> None:
        """Reserve the space that axes over a span need on both sides, inches."""
        self.before[span[0]] = max(self.before[span[0]], before)
        self.after[span[-1]] = max(self.after[span[-1]], after)

    def place(self, span: range) -> tuple[float, float]:
        """The positions at which axes over a span begin and end, inches."""
        taken = sum(self.before) + sum(self.after) + self.gap * (len(self.ratios) - 1)
        left = max(self.stop - self.start - taken, LEAST * len(self.ratios))
        sizes = [left * ratio / sum(self.ratios) for ratio in self.ratios]
        starts, at = [], self.start
        for before, size, after in zip(self.before, sizes, self.after, strict=True):
            starts.append(at + before)
            at += before + size + after + self.gap
        return starts[span[0]], starts[span[-1]] + sizes[span[-1]]


def _cells(fig: Figure) -> list[tuple[SubplotSpec, list[Axes]]]:
    """Axes by their cell of the grid; a colour bar shares the cell of its axes."""
    found: dict[tuple[int, int], tuple[SubplotSpec, list[Axes]]] = {}
    for axes in fig.axes:
        spec = axes.get_subplotspec()
        if spec is None:
            continue
        top = spec.get_topmost_subplotspec()
        found.setdefault((top.num1, top.num2), (top, []))[1].append(axes)
    return list(found.values())


def _needs(fig: Figure, axes: list[Axes]) -> tuple[Bbox, tuple[float, float, float, float]]:
    """The joint box of the axes of a cell, and the space that their text needs around it, inches:
    left, right, above, below."""
    canvas = fig.canvas if isinstance(fig.canvas, FigureCanvasAgg) else FigureCanvasAgg(fig)
    renderer = canvas.get_renderer()
    place = Bbox.union([one.get_position(original=True) for one in axes])
    inner = Bbox.union([one.get_window_extent(renderer) for one in axes])
    boxes = []
    for one in axes:
        legend = one.get_legend()
        extra = [*one.texts, *([legend] if legend else [])]
        box = one.get_tightbbox(renderer, bbox_extra_artists=extra, for_layout_only=True)
        boxes += [box] if box is not None else []
    outer = Bbox.union([inner, *boxes])
    dpi = fig.dpi
    return place, (
        (inner.x0 - outer.x0) / dpi,
        (outer.x1 - inner.x1) / dpi,
        (outer.y1 - inner.y1) / dpi,
        (inner.y0 - outer.y0) / dpi,
    )


def _moved(part: Bbox, old: Bbox, new: Bbox) -> Bbox:
    """A part of a box, moved to the same position within another box."""
    x, y = new.width / old.width, new.height / old.height
    return Bbox.from_bounds(
        new.x0 + (part.x0 - old.x0) * x,
        new.y0 + (part.y0 - old.y0) * y,
        part.width * x,
        part.height * y,
    )
