"""The picture of one team: :func:`team_network` draws its posts and ties."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sim.core.errors import InputError
from sim.present import style
from sim.present.format import week

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, Any]
"""Columns by name, each an array of one value for each row."""


def _places(size: int, ties: np.ndarray) -> np.ndarray:
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
    posts: Columns | pd.DataFrame,
    ties: Columns | pd.DataFrame,
    footer: str = "",
    start_date: date | None = None,
) -> Figure:
    """One region's team at several moments, with posts in fixed positions, coloured by integration.

    Args:
        posts, ties: the team of one region, see :func:`sim.studies.run.team.take_snapshots`: frames
            or their columns by name.
        footer: a text that says where the snapshots come from.
        start_date: first day of week 1, where it is known.

    Raises:
        InputError: no snapshot is given.
    """
    if not len(posts):
        raise InputError("no snapshot of a team is given", field="snapshots")
    moments, weeks, post, core, level = (
        np.asarray(posts[name])
        for name in ("moment", "week", "post", "in_core_team", "integration")
    )
    snapshots = list(dict.fromkeys(zip(moments.tolist(), weeks.tolist(), strict=True)))
    region, size = str(np.asarray(posts["region"])[0]), len(set(post.tolist()))
    all_core = bool(core[:size].all())
    figure = style.figure(
        max(6.0, 0.9 + 2.6 * len(snapshots)), 3.95,
        f"Integration in one team: {style.shorten(style.words(region), 30)}, {size} staff",
        "\n".join(filter(None, [
            ("All are in the core team." if all_core else "Dark rim: core team.")
            + " Lines: who talks with whom. A circle is a post: newcomers take over from leavers.",
            footer,
        ])),
    )  # fmt: skip
    pairs = np.column_stack([np.asarray(ties[name]) for name in ("post", "other")])
    places = _places(size, pairs)
    scale = Normalize(0.0, 1.0)
    widths = [*[1.0] * len(snapshots), 0.05]
    *grid, last = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    for axes, (moment, at) in zip(grid, snapshots, strict=True):
        rows = (moments == moment) & (weeks == at)
        title = f"{moment}, {week(at, start_date)}"
        rims = [bool(one) and not all_core for one in core[rows]]
        _team(axes, level[rows], rims, list(places[pairs]), places, scale, title)
    bar = figure.colorbar(ScalarMappable(scale, "YlGnBu"), cax=last)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(colors=style.MUTED, labelsize=9, width=0.8, length=3)
    bar.set_label(style.axis_label("integration"), fontsize=style.TEXT_SIZE, color=style.INK)
    return figure


def _team(
    axes: Axes,
    level: np.ndarray,
    rims: list[bool],
    segments: list[np.ndarray],
    places: np.ndarray,
    scale: Normalize,
    title: str,
) -> None:
    """One moment of :func:`team_network`."""
    axes.add_collection(LineCollection(segments, colors=style.FAINT, linewidths=0.9, zorder=1))
    axes.scatter(
        places[:, 0], places[:, 1], c=level, cmap="YlGnBu", norm=scale,
        s=260.0 if len(places) <= 14 else max(40.0, 3600.0 / len(places)),
        edgecolors=[style.INK if dark else "#8C8C8C" for dark in rims],
        linewidths=[2.0 if dark else 0.8 for dark in rims], zorder=2,
    )  # fmt: skip
    axes.set_title(
        f"{title}\nmean {np.mean(level):.2f}", fontsize=style.TEXT_SIZE,
        color=style.INK, loc="center", linespacing=1.4,
    )  # fmt: skip
    axes.set_axis_off()
    axes.margins(0.14)
