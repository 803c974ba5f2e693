"""Figures of a comparison: bands over time, the difference, its intervals, what it takes.

Each takes a :class:`sim.study.comparison.Comparison` and returns a matplotlib ``Figure``. Bands
hold luck and parameters together: every run of every plausible set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.outcomes import OUTCOMES
from sim.present.figures import Figure as Shown
from sim.present.format import interval, signed
from sim.view import style

if TYPE_CHECKING:
    from sim.studies.stored import StoredComparison
    from sim.study.comparison import Comparison

_HOUR_PARTS: Mapping[str, str] = {
    "contact_hours": style.BLUE,
    "preparation_hours": style.SKY,
    "travel_hours": style.ORANGE,
}


def footer(found: Comparison | StoredComparison, reading: str) -> str:
    """Where the numbers come from, and how to read the figure."""
    source = found.plausible.source
    return (
        f"{reading}\n{len(found.plausible)} {source}. {found.replicates} runs of each, the same "
        f"people and luck in every scenario, seed {found.seed}. What if, not forecast."
    )


def _colour(found: Comparison | StoredComparison, label: str) -> str:
    return style.PALETTE[found.labels.index(label) % len(style.PALETTE)]


def _grid(figure: Figure, count: int, columns: int) -> list[Axes]:
    rows = math.ceil(count / columns)
    every: list[Axes] = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in every[count:]:
        axes.remove()
    for axes in every[:count]:
        style.dress(axes)
    return every[:count]


def _lines(axes: Axes, rows: pd.DataFrame, colour: str, *, inner: bool) -> None:
    """A mean with its 90 % band, and the 50 % band within."""
    axes.fill_between(
        rows["week"], rows["p05"], rows["p95"], color=colour, alpha=style.BAND_90, linewidth=0
    )
    if inner:
        axes.fill_between(
            rows["week"], rows["p25"], rows["p75"], color=colour, alpha=style.BAND_50, linewidth=0
        )
    axes.plot(rows["week"], rows["mean"], color=colour, linewidth=1.9, zorder=4)


def bands(found: Comparison | StoredComparison) -> Figure:
    """Each scenario over the weeks: mean and 90 % of all runs, one panel an outcome."""
    weeks = found.weeks()
    return _over_time(
        found,
        weeks[weeks["kind"] == "level"],
        list(found.labels),
        "Each scenario week by week",
        "Band: 90 % of all runs, luck and unknown parameters together. Bands may overlap where the "
        "difference is sure: see the difference, run by run.",
    )


def differences(found: Comparison | StoredComparison) -> Figure:
    """Each scenario minus the first, run by run, over the weeks."""
    weeks = found.weeks()
    first = found.labels[0]
    title = (
        f"Difference {found.labels[1]} minus {first}, week by week, run by run"
        if len(found.arms) == 2
        else f"Difference from {first}, week by week, run by run"
    )
    return _over_time(
        found,
        weeks[weeks["kind"] == "difference"],
        list(found.labels[1:]),
        title,
        "Line: mean. Light band: 90 % of runs; dark: the middle 50 %. Same people, same luck and "
        "same parameters on both sides.",
        zero=True,
    )


def _over_time(
    found: Comparison | StoredComparison,
    weeks: pd.DataFrame,
    labels: Sequence[str],
    title: str,
    reading: str,
    *,
    zero: bool = False,
) -> Figure:
    names = found.outcomes
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0, 1.5 + 2.2 * rows, title, footer(found, reading)
    )
    for place, (axes, name) in enumerate(zip(_grid(figure, len(names), columns), names)):  # noqa: B905
        ends = []
        for label in labels:
            part = weeks[(weeks["scenario"] == label) & (weeks["outcome"] == name)]
            colour = style.BLUE if zero and len(labels) == 1 else _colour(found, label)
            _lines(axes, part, colour, inner=zero and len(labels) == 1)
            known = part["mean"].dropna()
            if len(known):
                ends.append((float(known.iloc[-1]), style.shorten(label, 18), colour))
        unit = OUTCOMES[name].unit
        style.name_y(axes, f"{style.words(name)} ({unit})")
        style.week_ticks(axes, found.horizon, most=4)
        if zero:
            axes.axhline(0.0, color=style.MUTED, linewidth=0.9, zorder=3)
        for end in sorted({arm.end for arm in found.arms}):
            style.mark_week(axes, end, "end of TA" if place == 0 else "")
        last_in_row = place % columns == columns - 1 or place == len(names) - 1
        if last_in_row and not (zero and len(labels) == 1):
            style.label_ends(axes, ends, found.horizon)
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


def intervals(found: Comparison | StoredComparison) -> Figure:
    """The differences at the end of TA: how large they may be, and how well the mean is known.

    Left: mean and 90 % of plausible sets. Right: the confidence interval of the mean, with pairing
    and as it would be without. Outcomes with another unit than 0-1 are left to the table.
    """
    table = found.differences()
    table = table[(table["point"] == "end_of_ta") & table["outcome"].map(_on_share)]
    names = list(dict.fromkeys(table["outcome"]))
    others = found.labels[1:]
    title = (
        f"{others[0]} minus {found.labels[0]} at the end of TA"
        if len(others) == 1
        else f"Differences from {found.labels[0]} at the end of TA"
    )
    figure = style.figure(
        style.WIDTH,
        1.9 + 0.42 * max(1, len(names)) * len(others) ** 0.7,
        title + (" (gains against no TA)" if found.gains else ""),
        footer(
            found,
            "Left: nine in ten plausible sets have their expected difference in the bar; more runs "
            "do not shorten it. Right: more runs do.",
        ),
    )
    left, right = _grid(figure, 2, 2)
    for axes in (left, right):
        axes.grid(visible=False)
        axes.grid(axis="x", color=style.FAINT, linewidth=0.6)
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.set_yticks(range(len(names)), [style.words(name) for name in names])
    right.set_yticklabels([])
    above = 22 if len(others) > 1 else 6  # room for the names of the colours
    for axes, text in (
        (left, "how large: 90 % of plausible sets"),
        (right, "how well the mean is known: paired and unpaired"),
    ):
        axes.set_title(text, fontsize=style.TEXT_SIZE, loc="left", pad=above)
        axes.locator_params(axis="x", nbins=6)
    for which, other in enumerate(others):
        shift = (which - (len(others) - 1) / 2) * 0.55 / max(1, len(others) - 1)
        _interval_rows(left, right, found, table[table["b"] == other], names, shift)
    if len(others) > 1:
        handles = [
            left.plot([], [], color=_colour(found, other), linewidth=3, label=style.words(other))[0]
            for other in others
        ]
        left.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
            frameon=False, fontsize=style.SMALL_SIZE, ncols=min(2, len(others)),
        )  # fmt: skip
    for axes in (left, right):
        style.name_x(axes, "difference")
    return figure


def _on_share(name: str) -> bool:
    return OUTCOMES[name].high == 1.0


def _interval_rows(
    left: Axes,
    right: Axes,
    found: Comparison | StoredComparison,
    table: pd.DataFrame,
    names: list[str],
    shift: float,
) -> None:
    other_is_first = len(table) > 0 and table["b"].iloc[0] == found.labels[1]
    colour = style.BLUE if len(found.arms) == 2 else _colour(found, str(table["b"].iloc[0]))
    step = 0.13 if len(found.arms) == 2 else 0.07
    for row in table.to_dict("records"):
        y = names.index(row["outcome"]) + shift
        left.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=5, alpha=0.35)
        left.plot([row["mean"]], [y], "o", color=colour, markersize=5)
        for edge, where, shade, width in (
            ("mean", y - step, colour, 2.6),
            ("unpaired", y + step, style.MUTED, 1.4),
        ):
            right.plot(
                [row[f"{edge}_low"], row[f"{edge}_high"]], [where, where], color=shade,
                linewidth=width, solid_capstyle="butt",
            )  # fmt: skip
        right.plot([row["mean"]], [y - step], "o", color=colour, markersize=4)
    if other_is_first and len(table):
        _name_pair(right, table.iloc[0], names, shift, step, colour)


def _name_pair(
    axes: Axes, row: pd.Series, names: list[str], shift: float, step: float, colour: str
) -> None:
    """Say once, at the first row, which line is which."""
    y = names.index(str(row["outcome"])) + shift
    for text, x, where, shade in (
        ("paired", row["mean_high"], y - step, colour),
        ("unpaired", row["unpaired_high"], y + step, style.MUTED),
    ):
        axes.annotate(
            text, (x, where), xytext=(5, 0), textcoords="offset points", va="center",
            fontsize=style.SMALL_SIZE - 0.5, color=shade,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip


def effort(found: Comparison | StoredComparison) -> Figure:
    """What each scenario takes of providers, and what 100 provider hours bring."""
    costs: Any = found.costs().set_index(["scenario", "item"])["mean"]
    gains = found.efficiency()
    figure = style.figure(
        style.WIDTH,
        2.1 + 0.5 * len(found.arms),
        "What each scenario takes, and what 100 provider hours bring",
        footer(
            found,
            f"Left: mean hours of all regions up to week {found.horizon}. Right: gain against no "
            "TA at the end of TA; the bar holds 90 % of plausible sets.",
        ),
    )
    left, right = _grid(figure, 2, 2)
    _hours(left, found, costs)
    head = "capacity" if "capacity" in set(gains["outcome"]) else None
    names = set(gains["outcome"])
    shown = head or (next(name for name in found.outcomes if name in names) if names else None)
    right.grid(visible=False)
    right.grid(axis="x", color=style.FAINT, linewidth=0.6)
    if shown is None:
        style.say(right, "no outcome on a scale of 0-1")
        return figure
    rows = gains[gains["outcome"] == shown].set_index("scenario")
    for place, label in enumerate(found.labels):
        row: Any = rows.loc[label]
        colour = _colour(found, label)
        if not math.isfinite(float(row["per_100_hours"])):
            right.annotate(
                "no provider hours", (0, place), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=style.SMALL_SIZE, color=style.MUTED,
            )  # fmt: skip
            continue
        right.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=5, alpha=0.35)
        right.plot([row["per_100_hours"]], [place], "o", color=colour, markersize=5)
    right.axvline(0.0, color=style.MUTED, linewidth=0.9)
    right.set_ylim(len(found.arms) - 0.45, -0.55)
    right.set_yticks(range(len(found.arms)), [""] * len(found.arms))
    style.name_x(right, f"gain in {style.words(shown)} for 100 provider hours")
    return figure


def _hours(axes: Axes, found: Comparison | StoredComparison, costs: pd.Series) -> None:
    """Stacked bars of provider hours."""
    axes.grid(visible=False)
    axes.grid(axis="x", color=style.FAINT, linewidth=0.6)
    for place, label in enumerate(found.labels):
        start = 0.0
        for item, colour in _HOUR_PARTS.items():
            hours = float(costs[label, item])
            axes.barh(place, hours, left=start, color=colour, height=0.5)
            start += hours
        axes.annotate(
            f"{start:,.0f} h", (start, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=style.SMALL_SIZE, color=style.INK,
        )  # fmt: skip
    axes.set_yticks(range(len(found.arms)), [style.shorten(label, 24) for label in found.labels])
    axes.set_ylim(len(found.arms) - 0.45, -0.55)
    axes.set_xlim(0, axes.get_xlim()[1] * 1.12)
    for item, colour in _HOUR_PARTS.items():
        axes.barh(0, 0, color=colour, label=item.removesuffix("_hours"))
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False,
        fontsize=style.SMALL_SIZE, borderaxespad=0.2, handlelength=1.0, columnspacing=1.2,
    )  # fmt: skip
    style.name_x(axes, "provider hours")


def figures_of(found: Comparison | StoredComparison) -> list[Shown]:
    """Every figure of a comparison, the most telling first."""
    labels = ", ".join(found.labels)
    table = found.differences()
    told = ", ".join(
        f"{style.words(row['outcome'])} {signed(row['mean'])} "
        f"({interval(row['low'], row['high'], signed)})"
        for row in table[table["point"] == "end_of_ta"].to_dict("records")
    )
    shown = [
        Shown(
            "intervals", "What differs", "",
            f"Differences from {found.labels[0]}: {told}.", lambda: intervals(found),
        ),
        Shown(
            "bands", "Week by week", "",
            f"Outcomes by week of {labels}.", lambda: bands(found),
        ),
        Shown(
            "effort", "What each takes", "",
            f"Provider hours of {labels}, and the gain for 100 of them.", lambda: effort(found),
        ),
    ]  # fmt: skip
    if not found.gains:
        shown.append(
            Shown(
                "differences", "Differences week by week", "",
                f"Differences by week from {found.labels[0]}.", lambda: differences(found),
            )
        )  # fmt: skip
    return shown
