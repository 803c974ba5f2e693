"""figures: the effect as assumptions are removed, with a panel for each outcome."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.present import style
from sim.present.figures import Figure
from sim.present.table import Table
from sim.studies.ladder.spec import Spec
from sim.studies.ladder.words import contrast
from sim.studies.spec import Study, when

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """The one figure of a ladder."""
    frame = tables["ladder"].frame
    first = frame.drop_duplicates("outcome")
    sizes = "; ".join(f"{row['effect']:+.2f} for {row['outcome']}" for _, row in first.iterrows())
    title = f"What remains of the effect of {contrast(study)}, as assumptions go"
    return [
        Figure(
            "ladder",
            title,
            f"Each step keeps what those above it changed. {_bars(study)}",
            f"{title}. On the first step: {sizes}.",
            partial(_ladder, study, frame, title),
        )
    ]


def _bars(study: Study[Spec]) -> str:
    """What the bars are."""
    sets = study.plausible
    return f"Bars: 90 % intervals{'' if sets is None else f' over {len(sets):,} plausible sets'}."


def _ladder(study: Study[Spec], frame: pd.DataFrame, title: str) -> Drawn:
    """The effect of the contrast on every step."""
    panels = [rows for _, rows in frame.groupby(["outcome", "week"], sort=False)]
    steps = [step.name for step in study.header.steps]
    pairs = int(frame["runs"].iloc[0])
    figure = style.figure(
        style.WIDTH + 1.0, 1.7 + 0.55 * len(steps), title,
        f"{2 * len(steps) * pairs:,} runs, seed {study.seed}, scenario: {study.scenario.name}. "
        f"Each step keeps what those above it changed. {_bars(study)}\n"
        "Sizes are assumptions of the model. What if, not forecast.",
    )  # fmt: skip
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = np.arange(len(steps))[::-1]
    for axes, rows in zip(grid, panels, strict=True):
        style.dress(axes, grid=False)
        axes.grid(axis="x", color=style.FAINT, linewidth=0.6)
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
        axes.errorbar(
            rows["effect"], places, xerr=(rows["high"] - rows["low"]) / 2, fmt="o", ms=5,
            color=style.BLUE, elinewidth=1.4, capsize=2,
        )  # fmt: skip
        week = rows["week"].iloc[0] if len(study.header.weeks) > 1 else ""
        axes.set_title(when(rows["outcome"].iloc[0], week), loc="left", fontsize=style.TEXT_SIZE)
        axes.set_ylim(-0.6, len(steps) - 0.4)
        axes.locator_params(axis="x", nbins=4)
    marks = [step if i == 0 else f"+ {step}" for i, step in enumerate(steps)]
    grid[0].set_yticks(places, [textwrap.fill(mark, 30) for mark in marks])
    return figure
