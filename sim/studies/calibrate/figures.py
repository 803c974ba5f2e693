"""figures: the predictive check, and the ranges that were narrowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from sim.present import style
from sim.present.figures import Figure
from sim.present.format import percent
from sim.present.table import Table
from sim.studies.calibrate.spec import Spec
from sim.studies.calibrate.tables import narrowed_shares
from sim.studies.calibrate.words import said
from sim.studies.plausible import TENTH, sorted_out
from sim.studies.spec import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """The figures of a calibration."""
    frames = {name: table.frame for name, table in tables.items()}
    footer = _footer(study, tables)
    shown: list[tuple[str, str, str, Callable[..., Drawn]]] = [
        (
            "predictive", "Are the targets met?",
            "Each finding on the scale of its own tolerance: what the plausible sets and the "
            "scenario as it stands make of it.", _predictive,
        ),
        (
            "narrowed", "What the targets narrow",
            "The prior range of everything that varied, and what is left of it.", _narrowed,
        ),
    ]  # fmt: skip
    return [
        Figure(name, title, caption, f"{title} The numbers are in the tables.",
               partial(draw, frames, footer))
        for name, title, caption, draw in shown
    ]  # fmt: skip


def _footer(study: Study[Spec], tables: Mapping[str, Table]) -> str:
    summary = tables["summary"].frame.iloc[0]
    return (
        f"{style.shorten(study.scenario.name, 70)}: {summary['settings']:,.0f} settings, effective "
        f"sample {summary['effective_sample']:,.0f}, seed {study.seed}\nPlausible sets are "
        f"{said(tables)}. What if, not forecast."
    )


Frames = Mapping[str, pd.DataFrame]


# --- predictive check ----------------------------------------------------------------------------


def _predictive(frames: Frames, footer: str) -> Drawn:
    """Each target on a scale of its own tolerance, with bounds at 0 and 1: the 90 % interval of the
    sets, and the scenario as it stands."""
    table = frames["predictive"]
    rows = table[table["use"].isin(("scored", "pattern", "left out"))].reset_index(drop=True)
    figure = style.figure(
        style.WIDTH, 1.9 + 0.36 * len(rows),
        "Are the targets met? Plausible sets on fresh chance, and the scenario as it stands",
        "Dot: mean of the sets, line: nine in ten of them, diamond: the scenario as it stands, "
        "tick: the number observed. Right: mean of the sets, and how many of them meet it.\n"
        f"{footer}",
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    axes.axvspan(0, 1, color=style.GREEN, alpha=0.12, linewidth=0)
    for place, row in rows.iterrows():
        y = len(rows) - 1 - int(str(place))
        scale = _scale(row["low"], row["high"])
        mean, low, high, default = (scale(row[name]) for name in ("mean", "p05", "p95", "default"))
        colour = style.BLUE if row["verdict"] == "hit" else style.VERMILLION
        axes.plot([low, high], [y, y], color=colour, linewidth=2.2, alpha=0.55, zorder=2)
        axes.plot(mean, y, "o", color=colour, markersize=6, zorder=3)
        axes.plot(default, y, "D", markerfacecolor="white", color=style.INK, markersize=5, zorder=4)
        if math.isfinite(row["observed"]):
            axes.plot(scale(row["observed"]), y, "|", color=style.INK, markersize=13, zorder=1)
        axes.annotate(
            f"{row['mean']:.2g} · met by {percent(row['hit_share'])}", (1.02, y),
            xycoords=("axes fraction", "data"), va="center", fontsize=style.SMALL_SIZE,
            color=style.MUTED,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)))
    labels = [
        f"{style.shorten(r['what'], 46)}  [{style.words(r['target'])}, {r['grade']}]"
        for _, r in rows.iloc[::-1].iterrows()
    ]
    axes.set_yticklabels(labels, fontsize=style.SMALL_SIZE, color=style.INK)
    axes.set_xlim(-0.75, 1.75)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xticks([0, 1])
    axes.set_xticklabels(["lower bound", "upper bound"])
    return figure


def _scale(low: float, high: float):
    """A function that maps bounds to 0 and 1; an open upper bound counts as 0.2 above the lower
    one, an open lower bound as 0.5 below the upper one."""
    if math.isinf(high):
        high = low + 0.2
    elif math.isinf(low):
        low = high - 0.5
    return lambda x: min(max((x - low) / (high - low), -0.7), 1.7)


# --- narrowed ------------------------------------------------------------------------------------


def _narrowed(frames: Frames, footer: str) -> Drawn:
    """Prior range (grey) and posterior (90 % interval and mean) of everything that varied."""
    table = frames["narrowed"]
    order = {"free": 0, "combination": 1, "uncertain": 2, "other": 3}
    rows = table.assign(rank=table["what"].map(order)).sort_values(
        ["rank", "narrowed"], ascending=[True, False], kind="stable"
    )
    fifth, tenth, _ = sorted_out(narrowed_shares(table))
    figure = style.figure(
        style.WIDTH, 1.8 + 0.27 * len(rows),
        f"Of {(table['what'] == 'free').sum()} free parameters the targets narrow {len(fifth)} by "
        f"a fifth or more and {len(tenth)} by about a tenth",
        footer,
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    for place, (_, row) in enumerate(rows.iterrows()):
        y = len(rows) - 1 - place
        width = row["prior_high"] - row["prior_low"]

        def at(x: float, row=row, width: float = width) -> float:
            return (x - row["prior_low"]) / width

        colour = style.BLUE if row["narrowed"] > max(row["noise"], TENTH) else style.MUTED
        axes.plot([0, 1], [y, y], color=style.FAINT, linewidth=7, solid_capstyle="butt", zorder=1)
        axes.plot([at(row["low"]), at(row["high"])], [y, y], color=colour, linewidth=2.2, zorder=2)
        axes.plot(at(row["mean"]), y, "o", color=colour, markersize=5, zorder=3)
        text = f"{row['mean']:.3g}   spread {-100 * row['narrowed']:+.0f} %"
        axes.annotate(
            text, (1.02, y), xycoords=("axes fraction", "data"), va="center",
            fontsize=style.SMALL_SIZE, color=colour,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)))
    names = [f"{style.words(r['name'])}  ({r['what']})" for _, r in rows.iloc[::-1].iterrows()]
    axes.set_yticklabels(names, fontsize=style.SMALL_SIZE, color=style.INK)
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.set_xlim(-0.25, 1.25)
    axes.set_xticks([0, 0.5, 1])
    axes.set_xticklabels(["5 % of prior", "middle", "95 % of prior"])
    style.name_x(
        axes, "grey: prior; line and dot: 90 % of the posterior, and its mean; blue: narrowed"
    )
    return figure
