"""figures: differences and their intervals, by region and week by week, and resources.

Bands show chance and parameter uncertainty together, from every run of every plausible set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.core.outcomes import BETWEEN
from sim.present import style
from sim.present.figures import Figure
from sim.present.format import signed
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.stats.expected import why_not_known
from sim.studies.compare.spec import POINTS, ComparedPlan, Spec, plans_of
from sim.studies.compare.words import sets_band
from sim.studies.spec import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

HOUR_PARTS = {
    "contact_hours": style.BLUE, "preparation_hours": style.SKY, "travel_hours": style.ORANGE,
}  # fmt: skip
MOST_REGIONS = 40
"""Most regions that are drawn; the table holds all."""
MOST_PARAMETERS = 15
"""Most parameters whose worth is drawn; the table holds all."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The data of the figures of a comparison."""

    study: Study[Spec]
    plans: tuple[ComparedPlan, ...]
    frames: Mapping[str, pd.DataFrame]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the scenarios."""
        return tuple(plan.label for plan in self.plans)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are compared."""
        return self.study.header.outcomes


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """Every figure of a comparison, the most telling first."""
    frames = {name: table.frame for name, table in tables.items()}
    found = Shown(study, plans_of(study), frames)
    labels, first = ", ".join(found.labels), found.labels[0]
    table = frames["differences"]
    differences = ", ".join(
        f"{row['b']}: {in_words(row['outcome'])} {signed(row['mean'])} ({sets_band(row)})"
        for row in table[table["point"] == POINTS[0]].to_dict("records")
    )
    made = [("intervals", "What differs", f"Differences from {first}: {differences}.", _intervals)]
    if len(_region_names(found)) > 1:
        said = f"Differences from {first} in each region: {_regions_in_words(found)}."
        made.append(("regions", "What differs, region by region", said, _regions))
    said = f"Provider hours of {labels}, and the gain for 100 of them."
    made += [
        ("bands", "Week by week", f"Outcomes by week of {labels}.", _bands),
        ("effort", "What each takes", said, _effort),
    ]
    if not study.header.gains:
        said = f"Differences by week from {first}."
        made.append(("differences", "Differences week by week", said, _differences))
    if "information" in frames:
        said = "What knowing parameters, or measuring, is worth; the table holds all."
        title = "What is worth knowing before choosing"
        made.append(("information", title, said, _information))
    return [Figure(name, title, "", said, partial(draw, found)) for name, title, said, draw in made]


def _regions_in_words(found: Shown) -> str:
    rows = _region_rows(found, found.outcomes[0])
    return ", ".join(f"{row['region']} {signed(row['mean'])}" for row in rows.to_dict("records"))


def footer(found: Shown, reading: str) -> str:
    """The footer, which says where the numbers come from and how to read the figure."""
    plausible, header = found.study.plausible, found.study.header
    assert plausible is not None
    return (
        f"{reading}\n{len(plausible)} {plausible.source}. {header.replicates} runs of each, the "
        f"same people and chance in every scenario, seed {found.study.seed}. What if, not forecast."
    )


def _colour(found: Shown, label: str) -> str:
    return style.PALETTE[found.labels.index(label) % len(style.PALETTE)]


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


def _bands(found: Shown) -> Drawn:
    """Each scenario over the weeks: mean and 90 % of all runs, one panel an outcome."""
    weeks = found.frames["weeks"]
    return _over_time(
        found,
        weeks[weeks["kind"] == "level"],
        list(found.labels),
        "Each scenario week by week",
        "Band: 90 % of all runs, chance and unknown parameters together. Bands may overlap even "
        "where the difference is clear: see the differences, run by run.",
    )


def _differences(found: Shown) -> Drawn:
    """Each scenario minus the first, run by run, over the weeks."""
    weeks = found.frames["weeks"]
    first = found.labels[0]
    title = (
        f"Difference {found.labels[1]} minus {first}, week by week, run by run"
        if len(found.plans) == 2
        else f"Difference from {first}, week by week, run by run"
    )
    return _over_time(
        found,
        weeks[weeks["kind"] == "difference"],
        list(found.labels[1:]),
        title,
        "Line: mean. Light band: 90 % of runs; dark: the middle 50 %. Same people, same chance and "
        "same parameters on both sides.",
        zero=True,
    )


def _over_time(
    found: Shown,
    weeks: pd.DataFrame,
    labels: Sequence[str],
    title: str,
    reading: str,
    *,
    zero: bool = False,
) -> Drawn:
    names = found.outcomes
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0, 1.5 + 2.2 * rows, title, footer(found, reading)
    )
    for place, (axes, name) in enumerate(
        zip(style.panels(figure, len(names), columns), names, strict=True)
    ):
        ends = []
        for label in labels:
            part = weeks[(weeks["scenario"] == label) & (weeks["outcome"] == name)]
            colour = style.BLUE if zero and len(labels) == 1 else _colour(found, label)
            _lines(axes, part, colour, inner=zero and len(labels) == 1)
            known = part["mean"].dropna()
            if len(known):
                ends.append((float(known.iloc[-1]), style.shorten(label, 18), colour))
        unit = found.study.about(name).unit
        style.name_y(axes, f"{style.words(name)} ({unit})")
        style.week_ticks(axes, found.plans[0].horizon, 4, found.study.start_date)
        if zero:
            axes.axhline(0.0, color=style.MUTED, linewidth=0.9, zorder=3)
        for end in sorted({plan.end for plan in found.plans}):
            style.mark_week(axes, end, "end of TA" if place == 0 else "")
        last_in_row = place % columns == columns - 1 or place == len(names) - 1
        if last_in_row and not (zero and len(labels) == 1):
            style.label_ends(axes, ends, found.plans[0].horizon)
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


def _intervals(found: Shown) -> Drawn:
    """The differences at the end of TA: how large they may be, and how well the mean is known.

    The left panel shows the mean and the 90 % interval over plausible sets. The right panel shows
    the confidence interval of the mean, with pairing and as it would be without pairing. Only the
    table holds outcomes with another unit than 0-1.
    """
    table = found.frames["differences"]
    shares = [name for name in found.outcomes if found.study.about(name).high == 1.0]
    table = table[(table["point"] == "end_of_ta") & table["outcome"].isin(shares)]
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
        title + (" (gains over no TA)" if found.study.header.gains else ""),
        footer(
            found,
            "Left: the bar holds the expected difference of nine in ten plausible sets; more runs "
            f"do not shorten it. Right: more sets shorten the bar.{_open_dots(table)}",
        ),
    )
    left, right = style.panels(figure, 2, 2)
    for axes in (left, right):
        style.rows(axes, [style.words(name) for name in names])
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
    right.set_yticklabels([])
    for axes, text in (
        (left, "how large: 90 % of plausible sets"),
        (right, "how well the mean is known: paired and unpaired"),
    ):
        axes.set_title(text, fontsize=style.TEXT_SIZE, loc="left", pad=_above(found))
        axes.locator_params(axis="x", nbins=6)
    for which, other in enumerate(others):
        shift = (which - (len(others) - 1) / 2) * 0.55 / max(1, len(others) - 1)
        _interval_rows(left, right, found, table[table["b"] == other], names, shift)
    if len(others) > 1:
        _name_others(left, found)
    for axes in (left, right):
        style.name_x(axes, "difference")
    return figure


def _interval_rows(
    left: Axes,
    right: Axes,
    found: Shown,
    table: pd.DataFrame,
    names: list[str],
    shift: float,
) -> None:
    other_is_first = len(table) > 0 and table["b"].iloc[0] == found.labels[1]
    colour = style.BLUE if len(found.plans) == 2 else _colour(found, str(table["b"].iloc[0]))
    step = 0.13 if len(found.plans) == 2 else 0.07
    for row in table.to_dict("records"):
        y = names.index(row["outcome"]) + shift
        _sets_bar(left, row, "mean", y, colour)
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


def _sets_bar(axes: Axes, row: Mapping[Any, Any], middle: str, y: float, colour: str) -> None:
    """A dot with a bar for the 90 % interval over sets; an open dot where that is not known."""
    reason = why_not_known(row["low"], row["chance_share"])
    if not reason:
        axes.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=5, alpha=0.35)
    axes.plot(
        [row[middle]], [y], "o", color=colour, markersize=5,
        markerfacecolor="white" if reason else colour,
    )  # fmt: skip


def _open_dots(rows: pd.DataFrame) -> str:
    """The sentence of the footer that explains open dots."""
    reasons = map(why_not_known, rows["low"], rows["chance_share"])
    return "".join(f" Open dot: {one}." for one in sorted({*reasons} - {""}))


def _name_pair(
    axes: Axes, row: pd.Series, names: list[str], shift: float, step: float, colour: str
) -> None:
    """Name the two lines once, at the first row."""
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


def _region_names(found: Shown) -> list[str]:
    """The regions that are compared; only the table holds the worst region and the spread."""
    if "regions" not in found.frames:
        return []
    return [
        name for name in dict.fromkeys(found.frames["regions"]["region"]) if name not in BETWEEN
    ]


def _region_rows(found: Shown, outcome: str) -> pd.DataFrame:
    """The differences of an outcome at the end of TA, region by region."""
    table = found.frames["regions"]
    rows = (table["point"] == POINTS[0]) & (table["outcome"] == outcome)
    return table[rows & ~table["region"].isin(BETWEEN)]


def _regions(found: Shown) -> Drawn:
    """Dots and intervals of the difference in each region, with a panel for each outcome (four at
    most)."""
    outcomes, others = found.outcomes[:4], found.labels[1:]
    names = _region_names(found)
    more, names = len(names) - MOST_REGIONS, names[:MOST_REGIONS]
    shown = pd.concat([_region_rows(found, outcome) for outcome in outcomes])
    figure = style.figure(
        style.WIDTH,
        2.0 + 0.26 * len(names) * max(1.0, len(others) / 2),
        f"Differences from {found.labels[0]} at the end of TA, region by region"
        + (" (gains over no TA)" if found.study.header.gains else ""),
        footer(
            found,
            "Dot: mean; bar: expected difference of nine in ten plausible sets."
            + _open_dots(shown[shown["region"].isin(names)])
            + (f" {more} more regions are in the table." if more > 0 else ""),
        ),
    )
    panels = style.panels(figure, len(outcomes), len(outcomes))
    for place, (axes, outcome) in enumerate(zip(panels, outcomes, strict=True)):
        style.rows(axes, names if place == 0 else [""] * len(names))
        axes.axvline(0.0, color=style.MUTED, linewidth=0.9)
        axes.set_title(in_words(outcome), fontsize=style.TEXT_SIZE, loc="left", pad=_above(found))
        axes.locator_params(axis="x", nbins=3)
        style.name_x(axes, found.study.about(outcome).unit)
        _region_dots(axes, found, _region_rows(found, outcome), names)
    if len(others) > 1:
        _name_others(panels[0], found)
    return figure


def _region_dots(axes: Axes, found: Shown, rows: pd.DataFrame, names: Sequence[str]) -> None:
    others = found.labels[1:]
    for row in rows[rows["region"].isin(names)].to_dict("records"):
        shift = (others.index(row["b"]) - (len(others) - 1) / 2) * 0.6 / len(others)
        y, colour = names.index(row["region"]) + shift, _colour(found, row["b"])
        _sets_bar(axes, row, "mean", y, colour)


def _above(found: Shown) -> int:
    """Space in points between axes and title, which several names of colours need more of."""
    return 22 if len(found.labels) > 2 else 6


def _name_others(axes: Axes, found: Shown) -> None:
    """Name the scenario of each colour in a line above the axes."""
    others = found.labels[1:]
    handles = [
        axes.plot([], [], color=_colour(found, other), linewidth=3, label=other)[0]
        for other in others
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
        frameon=False, fontsize=style.SMALL_SIZE, ncols=min(2, len(others)),
    )  # fmt: skip


def _effort(found: Shown) -> Drawn:
    """Provider hours of each scenario, and the gain for 100 provider hours."""
    costs: Any = found.frames["costs"].set_index(["scenario", "item"])["mean"]
    gains = found.frames.get("efficiency", _NOTHING)
    names = set(gains["outcome"])
    shown = next((name for name in found.outcomes if name in names), None)
    rows = gains[gains["outcome"] == shown].set_index("scenario")
    figure = style.figure(
        style.WIDTH,
        2.1 + 0.5 * len(found.plans),
        "What each scenario takes, and what 100 provider hours bring",
        footer(
            found,
            f"Left: mean hours of all regions up to week {found.plans[0].horizon}. Right: gain "
            "over no TA at the end of TA; the bar holds 90 % of plausible sets."
            + _open_dots(rows[rows["per_100_hours"].notna()]),
        ),
    )
    left, right = style.panels(figure, 2, 2)
    _hours(left, found, costs)
    style.rows(right, [""] * len(found.plans))
    if shown is None:
        style.say(right, "no outcome on a scale of 0-1")
        return figure
    for place, label in enumerate(found.labels):
        row: Any = rows.loc[label]
        colour = _colour(found, label)
        if not math.isfinite(float(row["per_100_hours"])):
            right.annotate(
                "no provider hours", (0, place), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=style.SMALL_SIZE, color=style.MUTED,
            )  # fmt: skip
            continue
        _sets_bar(right, row, "per_100_hours", place, colour)
    right.axvline(0.0, color=style.MUTED, linewidth=0.9)
    style.name_x(right, f"gain in {style.words(shown)} for 100 provider hours")
    return figure


def _hours(axes: Axes, found: Shown, costs: pd.Series) -> None:
    """Stacked bars of provider hours."""
    style.rows(axes, [style.shorten(label, 24) for label in found.labels])
    for place, label in enumerate(found.labels):
        start = 0.0
        for item, colour in HOUR_PARTS.items():
            hours = float(costs[label, item])
            axes.barh(place, hours, left=start, color=colour, height=0.5)
            start += hours
        axes.annotate(
            f"{start:,.0f} h", (start, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=style.SMALL_SIZE, color=style.INK,
        )  # fmt: skip
    axes.set_xlim(0, axes.get_xlim()[1] * 1.12)
    for item, colour in HOUR_PARTS.items():
        axes.barh(0, 0, color=colour, label=item.removesuffix("_hours"))
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False,
        fontsize=style.SMALL_SIZE, borderaxespad=0.2, handlelength=1.0, columnspacing=1.2,
    )  # fmt: skip
    style.name_x(axes, "provider hours")


_NOTHING = pd.DataFrame(
    columns=["scenario", "outcome", "per_100_hours", "low", "high", "chance_share"]
)
"""The text in place of gains for 100 provider hours where no outcome has such a gain."""


def _information(found: Shown) -> Drawn:
    """The value of information as a bar for each row, with twice its standard error."""
    table = found.frames["information"]
    single = table["kind"] == "parameter"
    table = pd.concat([table[~single], table[single].head(MOST_PARAMETERS)])
    colours = {"measurement": style.VERMILLION, "parameter": style.BLUE}
    first = found.outcomes[0]
    unit = "money" if found.study.header.worth is not None else in_words(first)
    reading = (
        "Grey: knowing everything, and groups. Blue: single parameters. Orange: measurements. "
        "Lines: twice the standard error. Values do not add up."
    )
    figure = style.figure(
        style.WIDTH, 2.0 + 0.28 * len(table), "What is worth knowing before choosing",
        footer(found, reading),
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes, grid=False)
    for place, row in enumerate(table.iloc[::-1].to_dict("records")):
        colour = colours.get(row["kind"], style.MUTED)
        axes.barh(place, row["value"], color=colour, height=0.62)
        low = max(0.0, row["value"] - 2.0 * row["se"])
        axes.plot([low, row["value"] + 2.0 * row["se"]], [place] * 2, color=style.INK, linewidth=1)
    axes.set_yticks(range(len(table)), [in_words(one) for one in table["what"][::-1]])
    axes.set_xlim(left=0.0)
    style.name_x(axes, f"gain from knowing it before choosing, {unit}")
    return figure
