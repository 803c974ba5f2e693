"""The style of all figures: :func:`figure`, :func:`panels`, :func:`dress`, labels and colours.

This module leaves the state of matplotlib that a user's own figures share alone: it uses neither
pyplot nor global settings, so files repeat byte for byte. Sizes suit figures about 850 pixels wide.
Matplotlib is loaded when the first figure is made.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from sim.core.outcomes import check_outcome
from sim.core.units import months_of
from sim.present.figures import DPI
from sim.present.format import month, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008): distinguishable with every common kind of colour blindness.
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
ORANGE = "#E69F00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
PALETTE: tuple[str, ...] = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)

INK = "#1A1A1A"
MUTED = "#595959"
FAINT = "#D9D9D9"
WITH_TA = BLUE
WITHOUT_TA = MUTED

TITLE_SIZE = 13.0
TEXT_SIZE = 10.0
SMALL_SIZE = 8.5
LINE = 1.3
WIDTH = 9.0
BAND_90 = 0.16
BAND_50 = 0.30

_WEEK_STEPS = (1, 2, 4, 8, 13, 26, 52, 104, 156, 260, 520)
_MONTH_STEPS = (1, 2, 3, 6, 12)


def axis_label(outcome: str) -> str:
    """The name of an outcome with its unit, for axes over weeks.

    >>> axis_label("trust")
    'trust (0-1)'
    >>> axis_label("contact_hours")
    'contact hours a week (h)'
    """
    found = check_outcome(outcome)
    return f"{words(outcome)}{' a week' if found.kind == 'total' else ''} ({found.unit})"


def shorten(text: str, width: int) -> str:
    """``text`` on one line of at most ``width`` letters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def figure(width: float, height: float, title: str, footer: str) -> Figure:
    """An empty figure with a title at the top left and a footer at the bottom left.

    Args:
        width: width, inches.
        height: height, inches.
        title: what the figure shows; wrapped to the width.
        footer: where the numbers come from; wrapped to the width.
    """
    from matplotlib.figure import Figure

    from sim.present.layout import EDGE, Margins

    heading = textwrap.fill(title, int(width * 8.5))
    ground = "\n".join(textwrap.fill(line, int(width * 15.5)) for line in footer.splitlines())
    made = Figure(
        figsize=(width, height), dpi=DPI, facecolor="white",
        layout=Margins(_height(heading, TITLE_SIZE), _height(ground, SMALL_SIZE)),
    )  # fmt: skip
    x, y = EDGE / width, EDGE / height
    made.text(
        x, 1.0 - y, heading, ha="left", va="top", fontsize=TITLE_SIZE, fontweight="bold",
        color=INK, linespacing=LINE,
    )  # fmt: skip
    made.text(
        x, y, ground, ha="left", va="bottom", fontsize=SMALL_SIZE, color=MUTED, linespacing=LINE
    )
    return made


def _height(text: str, size: float) -> float:
    """Height of some lines of text and the space around them, inches."""
    lines = len(text.splitlines())
    return (lines * size * LINE + 9.0) / 72.0 if lines else 0.0


def dress(axes: Axes, *, grid: bool = True) -> None:
    """Give axes the common style: two thin spines, light ticks, faint horizontal lines."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
        axes.spines[side].set_linewidth(0.8)
    axes.tick_params(colors=MUTED, labelsize=SMALL_SIZE + 0.5, width=0.8, length=3)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis="y", color=FAINT, linewidth=0.6)


def panels(figure: Figure, count: int, columns: int) -> list[Axes]:
    """``count`` dressed axes in rows of at most ``columns``."""
    rows = max(1, math.ceil(count / columns))
    grid = figure.subplots(rows, min(columns, max(count, 1)), squeeze=False)
    flat: list[Axes] = list(grid.ravel())
    for axes in flat[count:]:
        axes.remove()
    for axes in flat[:count]:
        dress(axes)
    return flat[:count]


def rows(axes: Axes, names: Sequence[str]) -> None:
    """Give axes a row for each name, the first at the top, and faint vertical lines."""
    axes.grid(visible=False)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.set_yticks(range(len(names)), names)


def name_y(axes: Axes, text: str) -> None:
    """Label the y axis horizontally, above the axis, where it is easy to read."""
    axes.set_ylabel(
        text, rotation=0, ha="left", va="bottom", fontsize=TEXT_SIZE, color=INK, labelpad=0
    )
    axes.yaxis.set_label_coords(0.0, 1.03)


def name_x(axes: Axes, text: str = "") -> None:
    """Label the x axis; without a text, :func:`week_ticks` has already labelled it."""
    from matplotlib.ticker import FixedFormatter

    dated = isinstance(axes.xaxis.get_major_formatter(), FixedFormatter)
    text = text or ("month" if dated else "week")
    axes.set_xlabel(text, fontsize=TEXT_SIZE, color=INK, labelpad=3)


def week_ticks(axes: Axes, last: float, most: int = 6, start_date: date | None = None) -> None:
    """Set ticks at familiar weeks (4, 13, 26, 52, ...); with a start date, at months."""
    from matplotlib.ticker import FixedLocator

    axes.set_xlim(0, max(last, 1))
    if start_date is not None:
        _month_ticks(axes, last, most, start_date)
        return
    step = next((s for s in _WEEK_STEPS if last / s <= most), math.ceil(last / most))
    axes.xaxis.set_major_locator(FixedLocator(list(range(0, int(last) + 1, step))))


def _month_ticks(axes: Axes, last: float, most: int, start_date: date) -> None:
    """Set ticks at first days of months, with the year below the first and where it changes."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    months = max(1, math.ceil(months_of(last)))
    step = next((s for s in _MONTH_STEPS if months / s <= most), 12 * math.ceil(months / most / 12))
    first = start_date.year * 12 + start_date.month - 1
    places, labels, year = [], [], 0
    for number in range(first + (-first) % step, first + months + 2, step):
        day = date(number // 12, number % 12 + 1, 1)
        week = 1 + (day - start_date).days / 7
        if 0 <= week <= last:
            places.append(week)
            labels.append(f"{month(day, year=False)}\n{day.year if day.year != year else ' '}")
            year = day.year
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FixedFormatter(labels))


def mark_week(axes: Axes, week: float, text: str = "") -> None:
    """Draw a thin vertical line at a week, with a small label beside its top, except at the end."""
    if week >= axes.get_xlim()[1]:
        return
    axes.axvline(week, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
    if text:
        late = week > sum(axes.get_xlim()) / 2
        axes.annotate(
            text, (week, 1.0), xycoords=("data", "axes fraction"),
            xytext=(-3 if late else 3, -1), textcoords="offset points",
            ha="right" if late else "left", va="top", fontsize=SMALL_SIZE, color=MUTED,
        )  # fmt: skip


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions as little as possible so that they are ``gap`` or more apart in low..high.

    When they cannot all fit, they are spaced evenly.

    >>> spread([0.5, 0.5], 0.1, 0.0, 1.0)
    [0.45, 0.55]
    """
    count = len(positions)
    if count < 2:
        return [min(max(p, low), high) for p in positions]
    gap = min(gap, (high - low) / (count - 1))
    order = sorted(range(count), key=lambda i: (positions[i], i))
    # Groups of touching labels, [sum of desired positions, members], merged until none overlap.
    groups: list[list[int]] = []

    def place(group: list[int]) -> float:
        """The position of the lowest label of a group."""
        wish = [positions[i] - rank * gap for rank, i in enumerate(group)]
        lowest = math.fsum(wish) / len(group)
        return min(max(lowest, low), high - (len(group) - 1) * gap)

    for i in order:
        groups.append([i])
        while len(groups) > 1:
            below, above = groups[-2], groups[-1]
            if place(below) + len(below) * gap <= place(above) + 1e-12:
                break
            groups[-2:] = [below + above]
    found = [0.0] * count
    for group in groups:
        start = place(group)
        for rank, i in enumerate(group):
            found[i] = round(start + rank * gap, 9)
    return found


def line_height(axes: Axes, size: float) -> float:
    """Approximate height of a line of text in data units, before the layout is final."""
    low, high = axes.get_ylim()
    height = axes.get_window_extent().height * 72.0 / axes.figure.dpi
    return (high - low) * size * 1.45 / max(height * 0.8, 1.0)


def together(
    ends: Iterable[tuple[float, str, str]], gap: float, many: str
) -> list[tuple[float, str, str]]:
    """Labels of lines for :func:`label_ends`, with one for all lines that end closer than ``gap``.

    >>> together([(0.5, "a", "k"), (0.51, "b", "k"), (0.9, "c", "k")], 0.1, "lines")
    [(0.505, '2 lines', 'k'), (0.9, 'c', 'k')]
    """
    groups: list[list[tuple[float, str, str]]] = []
    for end in sorted(end for end in ends if math.isfinite(end[0])):
        if groups and end[0] - groups[-1][0][0] < gap:
            groups[-1].append(end)
        else:
            groups.append([end])
    return [
        group[0]
        if len(group) == 1
        else (
            math.fsum(end[0] for end in group) / len(group), f"{len(group)} {many}", group[0][2]
        )
        for group in groups
    ]  # fmt: skip


def label_ends(
    axes: Axes, ends: Iterable[tuple[float, str, str]], x: float, size: float = SMALL_SIZE
) -> None:
    """Name lines at their right end instead of in a legend.

    Args:
        axes: the axes, whose limits are final.
        ends: (y of the end, text, colour) of each line; ends without a finite y are left out.
        x: the x at which the lines end, in data units.
        size: the size of the text, points.
    """
    known = [end for end in ends if math.isfinite(end[0])]
    low, high = axes.get_ylim()
    gap = line_height(axes, size)
    places = spread([end[0] for end in known], gap, low, high)
    moved = max((abs(y - end[0]) for end, y in zip(known, places, strict=True)), default=0.0) > gap
    for (end, text, colour), y in zip(known, places, strict=True):
        axes.annotate(
            text, (x, end), xytext=(14 if moved else 5, y), textcoords=("offset points", "data"),
            va="center", ha="left", fontsize=size, color=colour, annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 1,
                "relpos": (0.0, 0.5),
            } if moved else None,
        )  # fmt: skip


def say(axes: Axes, text: str) -> None:
    """Write a remark in the middle of empty axes."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center",
        fontsize=TEXT_SIZE, color=MUTED,
    )  # fmt: skip
