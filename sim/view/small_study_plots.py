"""Figures of ladders and of agents against their mean field."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from sim.present.figures import Figure as Shown
from sim.study.sensitivity_words import when
from sim.view import style

if TYPE_CHECKING:
    from sim.study.small_studies import SmallResult


def _footer(result: SmallResult, extra: str) -> str:
    return (
        f"{result.runs:,} runs, seed {result.header.seed}, scenario: {result.scenario.name}. "
        f"{extra}\nSizes are assumptions of the model. What if, not forecast."
    )


def ladder(result: SmallResult) -> Figure:
    """The effect of the contrast on every step, one panel an outcome."""
    frame = result.frame
    names = list(dict.fromkeys(frame["outcome"]))
    steps = list(dict.fromkeys(frame["step"]))
    figure = style.figure(
        style.WIDTH + 1.0, 1.7 + 0.55 * len(steps),
        "What remains of the effect of full co-creation against none, as assumptions go",
        _footer(result, "Each step keeps what those above it changed. Bars: 95 % intervals."),
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


def twin(result: SmallResult) -> Figure:
    """Agents minus mean field, by network and core team, one panel an outcome."""
    frame = result.frame
    names = list(dict.fromkeys(frame["outcome"]))
    settings = frame[["network", "core_team"]].drop_duplicates()
    labels = [f"{row.network}, core team {row.core_team:g}" for row in settings.itertuples()]
    figure = style.figure(
        style.WIDTH + 1.0, 1.7 + 0.36 * len(labels), "Agents minus their mean-field twin",
        _footer(result, "The same people at the start. Bars: 95 % intervals."),
    )  # fmt: skip
    grid = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    places = np.arange(len(labels))[::-1]
    for number, (axes, name) in enumerate(zip(grid, names, strict=True)):
        rows = frame[frame["outcome"] == name]
        style.dress(axes, grid=False)
        axes.grid(axis="x", color=style.FAINT, linewidth=0.6)
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
        half = (rows["high"] - rows["low"]) / 2
        axes.errorbar(
            rows["difference"], places, xerr=half, fmt="o", ms=4.5, color=style.VERMILLION,
            elinewidth=1.3, capsize=2,
        )  # fmt: skip
        axes.set_title(
            textwrap.fill(when(name, ""), 16), loc="left", fontsize=style.TEXT_SIZE
        )  # fmt: skip
        axes.set_ylim(-0.6, len(labels) - 0.4)
        if number == 0:
            axes.set_yticks(places, labels)
        axes.locator_params(axis="x", nbins=3)
    return figure


def figures_of(result: SmallResult) -> list[Shown]:
    """The one figure of a small study."""
    draw = ladder if result.kind == "ladder" else twin
    alt = f"The figure of the study {result.kind}. Its numbers are in the tables."
    return [Shown(result.kind, result.kind.capitalize(), "", alt, lambda: draw(result))]
