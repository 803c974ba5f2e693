"""Figures of a calibration: pair plot, predictive check, what was ruled out, contraction."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.present.figures import Figure as Shown
from sim.study.bank import values_of
from sim.view import style

if TYPE_CHECKING:
    from sim.study.calibration_report import CalibrationReport

PAIRS = 5
"""Parameters of a pair plot: the ones that moved most."""


def _footer(report: CalibrationReport) -> str:
    found = report.found
    return (
        f"{style.shorten(found.scenario.name, 70)}: {len(found.bank):,} settings, effective sample "
        f"{found.ess:,.0f}, seed {found.study.header.seed}\nPlausible sets are "
        f"{report.constrained_by}. What if, not forecast."
    )


# --- predictive check ----------------------------------------------------------------------------


def predictive(report: CalibrationReport) -> Figure:
    """Each target on a scale of its own tolerance: bounds at 0 and 1, sets (5-95 %) and the
    scenario as it stands."""
    table = report.predictive
    rows = table[table["use"].isin(("scored", "pattern", "left out"))].reset_index(drop=True)
    figure = style.figure(
        style.WIDTH, 1.9 + 0.36 * len(rows),
        "Are the targets met? Plausible sets on fresh luck, and the scenario as it stands",
        "Dot: mean of the sets, line: 5-95 % of them, diamond: the scenario as it stands, tick: "
        "the number observed. Right: mean of the sets, and how many of them meet it.\n"
        f"{_footer(report)}",
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
            f"{row['mean']:.2g} · met by {row['hit_share']:.0%}", (1.02, y),
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
    """Maps bounds to 0 and 1; a bound that is open lies two tenths of an outcome away."""
    if math.isinf(high):
        high = low + 0.2
    elif math.isinf(low):
        low = high - 0.5
    return lambda x: min(max((x - low) / (high - low), -0.7), 1.7)


# --- contraction ---------------------------------------------------------------------------------


def contraction(report: CalibrationReport) -> Figure:
    """Prior range (grey) and posterior (5-95 %, mean) of everything that varied."""
    table = report.contraction
    order = {"free": 0, "combination": 1, "uncertain": 2, "other": 3}
    rows = table.assign(rank=table["what"].map(order)).sort_values(
        ["rank", "distance"], ascending=[True, False], kind="stable"
    )
    figure = style.figure(
        style.WIDTH, 1.8 + 0.27 * len(rows),
        f"What was learned: {len(report.learned)} of {len(report.found.free)} free parameters "
        "moved away from their prior",
        _footer(report),
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    for place, (_, row) in enumerate(rows.iterrows()):
        y = len(rows) - 1 - place
        width = row["prior_high"] - row["prior_low"]

        def at(x: float, row=row, width: float = width) -> float:
            return (x - row["prior_low"]) / width

        colour = style.BLUE if row["learned"] else style.MUTED
        axes.plot([0, 1], [y, y], color=style.FAINT, linewidth=7, solid_capstyle="butt", zorder=1)
        axes.plot([at(row["low"]), at(row["high"])], [y, y], color=colour, linewidth=2.2, zorder=2)
        axes.plot(at(row["mean"]), y, "o", color=colour, markersize=5, zorder=3)
        text = f"{row['mean']:.3g}   spread {-row['contraction']:+.0%}"
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
    style.name_x(axes, "grey: prior; line and dot: posterior 5-95 % and mean; blue: learned")
    return figure


# --- ruled out -----------------------------------------------------------------------------------


def ruled_out(report: CalibrationReport) -> Figure:
    """Which target rules out how much of the prior: met by runs, and by history matching."""
    table = report.ruled_out.sort_values("met", kind="stable").reset_index(drop=True)
    waves = len(report.found.waves)
    left = report.found.waves[-1].left if waves else 1.0
    figure = style.figure(
        style.WIDTH, 1.9 + 0.34 * len(table),
        "How much of the prior does each target rule out? Taken together, history matching "
        f"leaves {left:.0%}",
        _footer(report),
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    y = np.arange(len(table))[::-1]
    axes.barh(y, 1.0 - table["met"], height=0.62, color=style.SKY, label="missed by runs of prior")
    for number in range(1, waves + 1):
        axes.plot(
            table[f"ruled_{number}"], y, "o" if number == 1 else "s", markersize=5,
            color=(style.INK, style.VERMILLION, style.PURPLE)[min(number - 1, 2)],
            label=f"implausible beyond the cutoff, wave {number}",
        )  # fmt: skip
    axes.set_yticks(y)
    axes.set_yticklabels(
        [f"{r['target']}  [{r['grade']}]" for _, r in table.iterrows()],
        fontsize=style.SMALL_SIZE, color=style.INK,
    )  # fmt: skip
    axes.set_xlim(0, max(0.5, float((1 - table["met"]).max()) * 1.1))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    axes.legend(frameon=False, fontsize=style.SMALL_SIZE, loc="lower right")
    style.name_x(axes, "share of the prior")
    return figure


# --- pairs ---------------------------------------------------------------------------------------


def pairs(report: CalibrationReport) -> Figure:
    """The free parameters that moved most, two by two: prior on the diagonal in grey."""
    found = report.found
    table = report.contraction
    free = table[table["what"] == "free"].sort_values("distance", ascending=False)
    names = [str(name) for name in free["name"][:PAIRS]]
    places = [[f.name for f in found.factors].index(name) for name in names]
    rows, times = found.draws(1000)
    drawn = np.repeat(found.bank.values[rows], times, axis=0)[:, places]
    ends = values_of(found.factors, np.array([[0.0], [1.0]]).repeat(len(found.factors), 1))
    figure = style.figure(
        style.WIDTH, 8.6, "Plausible sets: the free parameters that moved most, two by two",
        f"1,000 draws from the posterior; diagonal: posterior (blue) over the prior (grey)\n"
        f"{_footer(report)}",
    )  # fmt: skip
    count = len(names)
    grid = figure.subplots(count, count, squeeze=False)
    for i in range(count):
        for j in range(count):
            axes: Axes = grid[i, j]
            style.dress(axes, grid=False)
            axes.tick_params(labelsize=7)
            low, high = ends[:, places[j]]
            axes.set_xlim(low, high)
            if j > i:
                axes.remove()
                continue
            if i == j:
                axes.hist(drawn[:, j], bins=16, range=(low, high), density=True, color=style.BLUE,
                          alpha=0.6)  # fmt: skip
                axes.axhline(1 / (high - low), color=style.MUTED, linewidth=1.2)
                axes.set_yticks([])
            else:
                axes.plot(drawn[:, j], drawn[:, i], ".", color=style.BLUE, alpha=0.25,
                          markersize=2.5)  # fmt: skip
                axes.set_ylim(*ends[:, places[i]])
            if i == count - 1:
                axes.set_xlabel(style.words(names[j]), fontsize=style.SMALL_SIZE)
            else:
                axes.set_xticklabels([])
            if j == 0 and i > 0:
                axes.set_ylabel(style.words(names[i]), fontsize=style.SMALL_SIZE)
            elif j > 0:
                axes.set_yticklabels([])
    return figure


def figures_of(report: CalibrationReport) -> list[Shown]:
    """Every figure of a calibration."""
    shown = (
        ("predictive_check", "What was observed, and what the sets predict", predictive),
        ("contraction", "What was learned of each parameter", contraction),
        ("ruled_out", "How much of the space was ruled out", ruled_out),
        ("pairs", "Parameters that are known together", pairs),
    )
    return [
        Shown(name, title, "", f"{title}. The numbers are in the tables.", partial(draw, report))
        for name, title, draw in shown
    ]
