"""Figures of a plan study: what money buys, and the calendar of the recommended plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from sim.present.figures import Figure as Shown
from sim.present.format import money, number
from sim.view import style
from sim.view.plots import dosage_timeline

if TYPE_CHECKING:
    from sim.studies.stored import StoredPlan
    from sim.study.planning import Planning


def front(found: Planning | StoredPlan, place: int = 0) -> Figure:
    """What is spent against an outcome: every plan of the search, the front on fresh runs.

    Args:
        place: which of the study's outcomes.
    """
    key, label = list(found.labels.items())[place]
    searched, plans = found.table("searched"), found.table("plans").sort_values("spend")
    drawn = style.figure(
        style.WIDTH,
        5.2,
        f"What the budget buys: {label}",
        f"Small dots: the {len(searched):,} plans that the search ran. Line: plans that no other "
        "beats, run again on fresh parameters and luck, with 90 % intervals of their mean.\n"
        f"Parameters: {found.source}. What if, not forecast.",
    )
    axes = drawn.subplots()
    style.dress(axes)
    axes.scatter(searched["spend"], searched[key], s=9, color=style.FAINT, zorder=1)
    best = plans[plans["on_front"]]
    axes.plot(best["spend"], best[key], color=style.BLUE, linewidth=1.6, zorder=3)
    axes.errorbar(
        best["spend"],
        best[key],
        yerr=[best[key] - best[f"{key}_low"], best[f"{key}_high"] - best[key]],
        fmt="o",
        color=style.BLUE,
        markersize=4,
        elinewidth=0.9,
        zorder=4,
    )
    _name_roles(drawn, plans, key)
    limit = found.budget_limit
    low, high = float(searched["spend"].min()), float(searched["spend"].max())
    if limit is not None and limit <= high * 1.15:
        axes.axvline(limit, color=style.VERMILLION, linewidth=1.0)
        axes.annotate(
            "budget",
            (limit, 0.02),
            xycoords=("data", "axes fraction"),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            fontsize=style.SMALL_SIZE,
            color=style.VERMILLION,
        )
    axes.set_xlim(max(0.0, low - 0.06 * (high - low)), high + 0.12 * (high - low))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    style.name_x(axes, f"planned {found.budget_unit}")
    style.name_y(axes, label)
    return drawn


def _name_roles(drawn: Figure, plans: pd.DataFrame, key: str) -> None:
    """Rings around the chosen plans, and in a corner what they were chosen for."""
    axes = drawn.axes[0]
    chosen = plans[plans["roles"] != ""]
    axes.plot(
        chosen["spend"],
        chosen[key],
        "o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor=style.VERMILLION,
        zorder=5,
    )
    lines = [
        f"{style.words(row['plan'])}, {row['spend']:,.0f}: {row['roles']}"
        for row in chosen.to_dict("records")
    ]
    axes.text(
        0.02,
        0.97,
        "Rings, from the left:\n" + "\n".join(lines),
        transform=axes.transAxes,
        ha="left",
        va="top",
        fontsize=style.SMALL_SIZE,
        color=style.INK,
        linespacing=1.4,
        zorder=6,
        bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 2},
    )


def figures_of(found: Planning | StoredPlan) -> list[Shown]:
    """What the budget buys in each of the outcomes, and the calendar of the recommended plan."""

    def one(place: int) -> Shown:
        key, label = list(found.labels.items())[place]
        plans = found.table("plans")
        best = plans[plans["on_front"]]
        return Shown(
            f"front_{key}".replace(" ", "_"),
            f"What the budget buys: {label}",
            "",
            f"{label} against what is spent: from {number(best[key].min())} for "
            f"{money(best['spend'].min())} to {number(best[key].max())} for "
            f"{money(best['spend'].max())}.",
            lambda: front(found, place),
        )

    calendar = Shown(
        "calendar",
        "The calendar of the recommended plan",
        "",
        "The contacts of the recommended plan by week and region.",
        lambda: dosage_timeline(found.scenario()),
    )
    return [*(one(place) for place in range(len(found.labels))), calendar]
