"""The figure of a ladder: what remains of an effect as assumptions go."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from sim.study.sensitivity_words import when
from sim.view import style

if TYPE_CHECKING:
    from sim.study.small_studies import LadderResult


def ladder(result: LadderResult) -> Figure:
    """The effect of the contrast on every step, one panel an outcome."""
    frame = result.frame
    names = list(dict.fromkeys(frame["outcome"]))
    steps = list(dict.fromkeys(frame["step"]))
    figure = style.figure(
        style.WIDTH + 1.0, 1.7 + 0.55 * len(steps),
        "What remains of the effect of full co-creation against none, as assumptions go",
        f"{result.runs:,} runs, seed {result.header.seed}, scenario: {result.scenario.name}. "
        "Each step keeps what those above it changed. Bars: 95 % intervals.\n"
        "Sizes are assumptions of the model. What if, not forecast.",
    )  # fmt: skip
    grid = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    places = np.arange(len(steps))[::-1]
    for number, (axes, name) in enumerate(zip(grid, names, strict=True)):
        rows = frame[frame["outcome"] == name].drop_duplicates("step")
        style.dress(axes, grid=False)
        axes.grid(axis="x", color=style.FAINT, linewidth=0.6)
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
        half = (rows["high"] - rows["low"]) / 2
        axes.errorbar(
            rows["effect"], places, xerr=half, fmt="o", ms=5, color=style.BLUE,
            elinewidth=1.4, capsize=2,
        )  # fmt: skip
        axes.set_title(when(name, ""), loc="left", fontsize=style.TEXT_SIZE)
        axes.set_ylim(-0.6, len(steps) - 0.4)
        if number == 0:
            marks = [step if i == 0 else f"+ {step}" for i, step in enumerate(steps)]
            axes.set_yticks(places, [textwrap.fill(mark, 30) for mark in marks])
        axes.locator_params(axis="x", nbins=4)
    return figure


def save_figures(result: LadderResult, folder: Path) -> list[Path]:
    """The one figure of a ladder."""
    return style.save(ladder(result), folder / "ladder")
