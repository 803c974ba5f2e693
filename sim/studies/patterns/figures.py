"""figures: the share of sets in which each pattern holds."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.present import style
from sim.present.figures import Figure
from sim.present.format import percent, sentence
from sim.present.table import Table
from sim.studies.patterns.analysis import FAILS, HOLDS, NOT_KNOWN, UNCLEAR
from sim.studies.patterns.spec import ENOUGH, Spec
from sim.studies.spec import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

_TITLE = "In which share of plausible sets each pattern holds"


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """The one figure."""
    frame = tables["patterns"].frame
    said = "; ".join(
        f"{row['id']} {row['verdict']}"
        if np.isnan(row["share"])
        else f"{row['id']} {percent(row['share'])}"
        for _, row in frame.iterrows()
    )
    return [
        Figure(
            "patterns",
            _TITLE,
            f"Bars: 90 % intervals. Line: {percent(ENOUGH)} of the sets. Filled: earned by the "
            "mechanisms; open: built in. A square is a pattern of the mean over sets: at 100 % it "
            "holds, at 50 % there are too few sets, at 0 % it does not. Where chance dominates, no "
            "share is known.",
            f"{_TITLE}: {said}.",
            partial(_shares, study, frame),
        )
    ]


def _shares(study: Study[Spec], frame: pd.DataFrame) -> Drawn:
    """The shares, with a row for each pattern."""
    assert study.plausible is not None
    names = [textwrap.fill(f"{row['text']} ({row['id']})", 72) for _, row in frame.iterrows()]
    lines = sum(name.count("\n") + 1 for name in names)
    figure = style.figure(
        style.WIDTH + 3.0, 1.8 + 0.19 * lines + 0.1 * len(frame), _TITLE,
        f"Bars: 90 % intervals. Line: {percent(ENOUGH)} of the sets. Filled: earned by the "
        "mechanisms; open: built in.\nSquares, of the mean over sets: at 100 it holds, at 50 there "
        "are too few, "
        f"at 0 it does not. {sentence(study.plausible.source)}. What if, not forecast.",
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    axes.axvline(100 * ENOUGH, color=style.MUTED, linestyle="--", linewidth=0.9)
    places = np.arange(len(frame))[::-1]
    for place, (_, row) in zip(places, frame.iterrows(), strict=True):
        mean = row["across"] == "mean"
        if row["verdict"] == NOT_KNOWN:
            axes.text(
                0, place, "not known: chance dominates", va="center", fontsize=style.SMALL_SIZE
            )
            continue
        at = {HOLDS: 1.0, UNCLEAR: 0.5, FAILS: 0.0}[row["verdict"]] if mean else row["share"]
        if not mean:
            axes.plot([100 * row["low"], 100 * row["high"]], [place] * 2, color=style.BLUE, lw=1.6)
        axes.plot(
            100 * at, place, "s" if mean else "o", ms=5.5, color=style.BLUE,
            markerfacecolor=style.BLUE if row["earned"] == "earned" else "white",
        )  # fmt: skip
    axes.set_yticks(places, names, fontsize=style.SMALL_SIZE)
    axes.set_ylim(-0.7, len(frame) - 0.3)
    axes.set_xlim(-3, 103)
    style.name_x(axes, "% of plausible sets")
    return figure
