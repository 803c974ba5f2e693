"""figures: effects that a study would report, the benefit of additions, the effect of leniency."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from sim.present import style
from sim.present.figures import Figure
from sim.present.format import percent
from sim.present.table import Table
from sim.studies.audit.spec import DESIGNS, LABELS, Spec, replications
from sim.studies.audit.words import of
from sim.studies.spec import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """The figures of an audit."""
    frames = {name: table.frame for name, table in tables.items()}
    made = [
        Figure(
            "reported",
            "What would the study report?",
            "Each line spans 90 % of studies, the dot is their mean, the diamond the true effect "
            "in the same replications; the percentages are the studies that call it significant.",
            "What each design would report, of each construct, when TA works and when it does "
            "nothing",
            partial(_reported, study, frames["audit"]),
        )
    ]
    if "remedies" in frames:
        made.append(
            Figure(
                "remedies",
                "Which cheap addition helps most?",
                "Error of the reported effect; the study as it was is 1.",
                "Error of the reported effect under each design",
                partial(_remedies, study, frames["remedies"]),
            )
        )
    if "leniency" in frames:
        made.append(
            Figure(
                "leniency",
                "Leniency hides change",
                "Points of the scale that a survey reads for .10 of latent change.",
                "Points read per .10 of latent change, by construct and leniency",
                partial(_ceiling, study, frames["leniency"]),
            )
        )
    return made


def _footer(study: Study[Spec]) -> str:
    assert study.plausible is not None
    source = study.plausible.source
    return (
        f"{style.shorten(study.header.name, 60)}: {replications(study):,} replications, seed "
        f"{study.seed}. {source[0].upper()}{source[1:]}. What if, not forecast."
    )


def _reported(study: Study[Spec], frame: pd.DataFrame) -> Drawn:
    """The reported effect of each design and construct: 90 % interval of studies, mean, and true
    effect."""
    header = study.header
    colours = {"works": style.BLUE, "does nothing": style.VERMILLION}
    constructs = list(header.asks_about)
    slopes = header.design == "dose_regression"
    designs = list(dict.fromkeys(frame["design"])) if slopes else list(DESIGNS)
    trend = header.background_trends[0]
    figure = style.figure(
        style.WIDTH, 2.0 + 0.62 * len(designs) * ((len(constructs) + 1) // 2),
        "What would the study report? TA works (blue) or does nothing (orange)",
        "Line: 90 % of studies, dot: their mean, diamond: true effect in the same replications. "
        f"Right: share of studies that would call it significant.\n{_footer(study)}",
    )  # fmt: skip
    columns = min(2, len(constructs))
    grid = figure.subplots(-(-len(constructs) // columns), columns, squeeze=False, sharex=True)
    for place, (axes, construct) in enumerate(zip(grid.ravel(), constructs, strict=False)):
        style.dress(axes, grid=False)
        axes.axvline(0, color=style.MUTED, linewidth=0.8)
        for row, design in enumerate(designs):
            for world, lift in (("works", 0.15), ("does nothing", -0.15)):
                rows = of(frame, construct=construct, design=design, world=world, trend=trend)
                one, y = rows.iloc[0], len(designs) - 1 - row + lift
                colour = colours[world]
                axes.plot([one["low"], one["high"]], [y, y], color=colour, linewidth=2, alpha=0.5)
                axes.plot(one["reported"], y, "o", color=colour, markersize=5)
                axes.plot(
                    one["true"], y, "D", markerfacecolor="white", color=style.INK, markersize=4
                )
                axes.annotate(
                    percent(one["significant"]), (1.01, y), xycoords=("axes fraction", "data"),
                    va="center", fontsize=style.SMALL_SIZE, color=colour,
                )  # fmt: skip
        axes.set_ylim(-0.6, len(designs) - 0.4)
        axes.set_yticks(range(len(designs)))
        if place % columns == 0:
            names = [LABELS.get(design, design) for design in reversed(designs)]
            axes.set_yticklabels(names, fontsize=style.SMALL_SIZE, color=style.INK)
        else:
            axes.set_yticklabels([])
        axes.set_title(construct, loc="left", fontsize=style.TEXT_SIZE, color=style.INK)
        if place + columns >= len(constructs):
            style.name_x(
                axes,
                "points of the scale per ten hours" if slopes else "reported effect, points of 1-5",
            )
    for axes in grid.ravel()[len(constructs) :]:
        axes.remove()
    return figure


def _remedies(study: Study[Spec], table: pd.DataFrame) -> Drawn:
    """The error of the reported effect with each addition, against the design as it was."""
    figure = style.figure(
        style.WIDTH, 3.6,
        "Which cheap addition helps most? Error of the reported effect, the study as it was = 1",
        _footer(study),
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    y = range(len(table))[::-1]
    better = [style.GREEN if r < 0.999 else style.FAINT for r in table["rmse_ratio"]]
    axes.barh(list(y), table["rmse_ratio"], color=better, height=0.6)
    axes.axvline(1.0, color=style.INK, linewidth=1.0)
    for place, (_, row) in zip(y, table.iterrows(), strict=True):
        axes.annotate(
            f"{row['rmse_ratio']:.2f}   power {percent(row['power'])}   false alarms "
            f"{percent(row['false_alarms'])}   bias {row['bias']:.2f} points",
            (1.01, place), xycoords=("axes fraction", "data"), va="center",
            fontsize=style.SMALL_SIZE, color=style.INK,
        )  # fmt: skip
    axes.set_yticks(list(y))
    axes.set_yticklabels(
        [LABELS[str(d)] for d in table["design"]], fontsize=style.SMALL_SIZE, color=style.INK
    )
    style.name_x(axes, "root mean square error, over all constructs and worlds")
    return figure


def _ceiling(study: Study[Spec], table: pd.DataFrame) -> Drawn:
    """The part of a change that the survey shows, at the usual leniency and at others."""
    from matplotlib.lines import Line2D

    constructs = list(study.header.asks_about)
    levels = sorted(set(table["leniency"]), reverse=True)
    figure = style.figure(
        style.WIDTH, 3.8,
        "Leniency hides change: points of the scale read per .10 of latent change",
        _footer(study),
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes)
    shades = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE)
    width = 0.8 / len(levels)
    for number, level in enumerate(levels):
        rows = of(table, leniency=level).set_index("construct").loc[constructs]
        x = [i + (number - (len(levels) - 1) / 2) * width for i in range(len(constructs))]
        axes.bar(x, rows["points_per_tenth"], width * 0.92, color=shades[number % 4])
    axes.set_xticks(range(len(constructs)))
    axes.set_xticklabels(constructs)
    style.name_y(axes, "points (1-5) per .10")
    axes.legend(
        handles=[
            Line2D([], [], color=shades[i % 4], linewidth=6, label=f"leniency {level:g}")
            for i, level in enumerate(levels)
        ],
        frameon=False, fontsize=style.SMALL_SIZE, loc="upper left", bbox_to_anchor=(1.0, 1.0),
    )  # fmt: skip
    return figure
