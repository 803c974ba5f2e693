"""figures: the front of spend and each outcome, and the calendar of the recommended plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from sim.present import style
from sim.present.figures import Figure
from sim.present.format import money, number
from sim.present.table import Table
from sim.studies.plan.spec import AS_IT_STANDS, Spec, labels_of
from sim.studies.plan.tables import scenario_of
from sim.studies.spec import Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawn


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """The front of spend and each outcome, and the calendar of the recommended plan."""
    from sim.present.calendar_plots import dosage_timeline

    plans, searched = tables["plans"].frame, tables["searched"].frame
    best = plans[plans["recommended"]].iloc[0].to_dict()
    calendar = Figure(
        "calendar",
        "The calendar of the recommended plan",
        "Each mark is a contact, its area the hours.",
        f"The contacts of the recommended plan by week and region: {best['dosage']}.",
        lambda: dosage_timeline(scenario_of(study, best)),
    )
    return [
        *(
            _front(study, plans, searched, key, label)
            for key, label in labels_of(study.header).items()
        ),
        calendar,
    ]


def _front(
    study: Study[Spec], plans: pd.DataFrame, searched: pd.DataFrame, key: str, label: str
) -> Figure:
    best = plans[plans["on_front"]]
    title = f"What the budget buys: {label}"
    caption = (
        f"Small dots: the {len(searched):,} plans that the search ran. Line: plans that no other "
        "beats, run again on fresh parameters and chance, with 90 % intervals of their mean."
    )
    return Figure(
        f"front_{key}".replace(" ", "_"), title, caption,
        f"{label} against what is spent: from {number(best[key].min())} for "
        f"{money(best['spend'].min())} to {number(best[key].max())} for "
        f"{money(best['spend'].max())}.",
        partial(_draw_front, study, plans, searched, key, title, caption),
    )  # fmt: skip


def _draw_front(
    study: Study[Spec], plans: pd.DataFrame, searched: pd.DataFrame, key: str, title: str,
    caption: str,
) -> Drawn:  # fmt: skip
    budget = study.header.budget
    plans = plans.sort_values("spend")
    source = "" if study.plausible is None else study.plausible.source
    footer = f"{caption}\nParameters: {source}. What if, not forecast."
    drawn = style.figure(style.WIDTH, 5.2, title, footer)
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
    _draw_reference(drawn, plans, key)
    _name_roles(drawn, plans, key)
    limit = budget.limit
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
    style.name_x(axes, f"planned {budget.unit}")
    style.name_y(axes, labels_of(study.header)[key])
    return drawn


def _draw_reference(drawn: Drawn, plans: pd.DataFrame, key: str) -> None:
    """A square for the scenario as it stands."""
    rows = plans[plans["plan"] == AS_IT_STANDS]
    if len(rows):
        axes = drawn.axes[0]
        axes.plot(rows["spend"], rows[key], "s", markersize=6, color=style.INK, zorder=5)
        axes.annotate(
            "as it stands", (rows["spend"].iloc[0], rows[key].iloc[0]), xytext=(6, -10),
            textcoords="offset points", fontsize=style.SMALL_SIZE, color=style.INK,
        )  # fmt: skip


def _name_roles(drawn: Drawn, plans: pd.DataFrame, key: str) -> None:
    """Rings around the chosen plans, and their roles in a corner."""
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
