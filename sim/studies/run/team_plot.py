"""The picture of one team: :func:`team_network` draws snapshots of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sim.core.errors import InputError
from sim.present import style
from sim.present.format import week
from sim.studies.run.team import TeamSnapshot


def _places(size: int, ties: Sequence[tuple[int, int]]) -> np.ndarray:
    """Positions of the posts in the drawing, (posts, 2).

    The layout starts from a circle and follows the forces of Fruchterman and Reingold (1991): ties
    attract, and all posts repel each other. The same ties give the same positions.
    """
    angle = 2 * np.pi * np.arange(size) / max(size, 1)
    at = np.column_stack([np.cos(angle), np.sin(angle)])
    if size < 3:
        return at
    tied = np.zeros((size, size))
    for a, b in ties:
        tied[a, b] = tied[b, a] = 1.0
    apart = 1.6 / math.sqrt(size)
    for step in np.linspace(0.1, 0.0, 200, endpoint=False):
        away = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((away**2).sum(axis=2)), 0.01)
        force = apart**2 / distance**2 - tied * distance / apart
        move = (away * force[:, :, None]).sum(axis=1)
        length = np.maximum(np.sqrt((move**2).sum(axis=1)), 0.01)
        at = at + move * (step / length)[:, None]
    return at


def team_network(
    snapshots: Sequence[TeamSnapshot], footer: str = "", start_date: date | None = None
) -> Figure:
    """One region's team at several moments, with posts in fixed positions, coloured by integration.

    Args:
        snapshots: snapshots of one region, see :func:`sim.studies.run.team.take_snapshots`.
        footer: a text that says where the snapshots come from.
        start_date: first day of week 1, where it is known.

    Raises:
        InputError: no snapshot is given.
    """
    if not snapshots:
        raise InputError("no snapshot of a team is given", field="snapshots")
    first = snapshots[0]
    size = len(first.integration)
    all_core = all(first.in_core_team)
    figure = style.figure(
        max(6.0, 0.9 + 2.6 * len(snapshots)), 3.95,
        f"Integration in one team: {style.shorten(style.words(first.region), 30)}, {size} staff",
        "\n".join(filter(None, [
            ("All are in the core team." if all_core else "Dark rim: core team.")
            + " Lines: who talks with whom. A circle is a post: newcomers take over from leavers.",
            footer,
        ])),
    )  # fmt: skip
    places = _places(size, first.ties)
    scale = Normalize(0.0, 1.0)
    widths = [*[1.0] * len(snapshots), 0.05]
    *grid, last = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    for axes, snapshot in zip(grid, snapshots, strict=True):
        title = f"{snapshot.moment}, {week(snapshot.week, start_date)}"
        _team(axes, snapshot, places, scale, title, rim=not all_core)
    bar = figure.colorbar(ScalarMappable(scale, "YlGnBu"), cax=last)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(colors=style.MUTED, labelsize=9, width=0.8, length=3)
    bar.set_label(style.axis_label("integration"), fontsize=style.TEXT_SIZE, color=style.INK)
    return figure


def _team(
    axes: Axes,
    snapshot: TeamSnapshot,
    places: np.ndarray,
    scale: Normalize,
    title: str,
    *,
    rim: bool,
) -> None:
    """One moment of :func:`team_network`."""
    segments = [(places[a], places[b]) for a, b in snapshot.ties]
    axes.add_collection(LineCollection(segments, colors=style.FAINT, linewidths=0.9, zorder=1))
    core = [rim and is_core for is_core in snapshot.in_core_team]
    axes.scatter(
        places[:, 0], places[:, 1], c=snapshot.integration, cmap="YlGnBu", norm=scale,
        s=260.0 if len(places) <= 14 else max(40.0, 3600.0 / len(places)),
        edgecolors=[style.INK if dark else "#8C8C8C" for dark in core],
        linewidths=[2.0 if dark else 0.8 for dark in core], zorder=2,
    )  # fmt: skip
    mean = float(np.mean(snapshot.integration)) if snapshot.integration else math.nan
    axes.set_title(
        f"{title}\nmean {mean:.2f}", fontsize=style.TEXT_SIZE,
        color=style.INK, loc="center", linespacing=1.4,
    )  # fmt: skip
    axes.set_axis_off()
    axes.margins(0.14)
