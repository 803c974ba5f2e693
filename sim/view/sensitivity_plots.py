"""Figures of a sensitivity study: one function a figure, each returns a matplotlib ``Figure``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.present.figures import Figure as Shown
from sim.study.factors import DUMMY
from sim.study.methods import METHODS
from sim.study.sensitivity_words import dummy_line, standing, when
from sim.view import style

if TYPE_CHECKING:
    from sim.study.sensitivity import SensitivityResult

MOST_PANELS = 6
LINES = 6
"""Factors that get a colour of their own; the others are one grey."""
_SERIES = re.compile(r"dosage\[(\d+)\]\.(\w+)")
_STANDING = {"carries": style.BLUE, "small": style.MUTED, "open": style.ORANGE}
_INDEX_WORDS = {
    "ST": "total index (share of variance)",
    "S1": "first-order index (share of variance)",
    "mu_star": "mu*: mean size of the effect",
    "range": "range of the outcome along the factor",
    "pawn": "PAWN index (median distance)",
    "delta": "delta (distance of densities)",
    "rsa": "regional index (squared distance)",
    "dgsm": "DGSM (bound of the total index)",
    "Sh": "Shapley effect (share of variance)",
}


def _footer(result: SensitivityResult, extra: str) -> str:
    header = result.asked.header
    what = header.scenario if isinstance(header.scenario, str) else "test function"
    text = f"{result.runs:,} runs, seed {header.seed}, scenario {what}. {extra}"
    if result.asked.function is None:
        text += "\nRanges are the parameter table's and the study's"
        if any(factor.distribution.kind == "marginal" for factor in result.asked.space.factors):
            text = text.replace(
                "\nRanges", "\nFree parameters vary as in the calibrated sets; other ranges"
            )
        text += ", most of them assumptions. "
        text += "What if, not forecast."
    return text


def _name(result: SensitivityResult, name: object) -> str:
    """A factor for people: of a lever of one contact series, which series it is."""
    return _names(result).get(str(name), style.words(str(name)))


def _names(result: SensitivityResult) -> dict[str, str]:
    """Names that need more than their words."""
    found = {}
    for factor in result.asked.space.factors:
        if match := _SERIES.fullmatch(factor.name):
            series = result.asked.study.scenario.dosage[int(match[1])]
            mode = {"onsite": "on site", "email": "e-mail"}.get(series.mode, series.mode)
            found[factor.name] = f"{style.words(match[2])}, {mode}"
    return found


def _panels(figure: Figure, count: int, columns: int) -> list[Axes]:
    rows = -(-count // columns)
    grid = figure.subplots(rows, min(columns, count), squeeze=False)
    flat: list[Axes] = list(grid.ravel())
    for axes in flat[count:]:
        axes.remove()
    for axes in flat[:count]:
        style.dress(axes)
    return flat[:count]


def _labels(result: SensitivityResult) -> list[tuple[str, str]]:
    """Outcomes and weeks that have indices."""
    seen = result.indices[["outcome", "week"]].drop_duplicates()
    return list(seen.itertuples(index=False, name=None))


def index_bars(result: SensitivityResult, method: str, labels: Sequence[tuple[str, str]]) -> Figure:
    """Main index of each factor with its 95 % interval, naive value, dummy line and standing.

    Args:
        method: name of a method of the study.
        labels: (outcome, week) of each panel, at most six.
    """
    chosen = METHODS[method]
    labels = list(labels)[:MOST_PANELS]
    count = len(result.asked.space.units)
    columns = min(2, len(labels))
    rows = -(-len(labels) // columns)
    title = f"{chosen.title}: what carries " + (
        when(*labels[0]) if len(labels) == 1 else "each outcome"
    )
    extra = (
        "Bars: corrected for luck, with 95 % intervals; open circles: naive, as SALib gives them."
        if result.asked.stochastic
        else "Bars: SALib's index with 95 % intervals; there is no luck."
    )
    common = result.asked.stochastic and result.asked.header.random_numbers == "common"
    if common and not chosen.floor:
        extra += " With common luck the dummy, which does nothing, is at 0 exactly."
    if chosen.floor or result.asked.header.random_numbers == "fresh":
        extra += " Dashed: upper end of the interval of the dummy, which does nothing."
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.5, 1.5 + rows * (0.5 + 0.21 * count), title,
        _footer(result, extra),
    )  # fmt: skip
    for axes, (outcome, week) in zip(_panels(figure, len(labels), columns), labels, strict=True):
        found = result.of(outcome, method=method, index=chosen.main, week=week)
        _bars(axes, found, chosen.main, chosen.floor, result.asked.stochastic, _names(result))
        if len(labels) > 1:
            axes.set_title(when(outcome, week), loc="left", fontsize=style.TEXT_SIZE)
        axes.set_xlabel(
            _INDEX_WORDS.get(chosen.main, chosen.main), fontsize=style.SMALL_SIZE, color=style.INK
        )
    _standing_legend(figure.axes[0])
    return figure


def _bars(
    axes: Axes, rows: pd.DataFrame, index: str, floor: bool, stochastic: bool,
    names: Mapping[str, str],
) -> None:  # fmt: skip
    line = dummy_line(rows)
    rows = rows.iloc[::-1]
    places = np.arange(len(rows))
    colours = [
        style.FAINT if row.factor == DUMMY else _STANDING[standing(row, line, floor)]
        for _, row in rows.iterrows()
    ]
    value = rows["value"].to_numpy(dtype=float)
    shown = np.where(np.isfinite(value), value, 0.0)
    half = np.nan_to_num((rows["high"] - rows["low"]).to_numpy(dtype=float) / 2.0)
    axes.barh(places, shown, color=colours, height=0.62, zorder=2)
    axes.errorbar(
        shown, places, xerr=half, fmt="none", ecolor=style.INK, elinewidth=0.9, capsize=2, zorder=3
    )
    if stochastic:
        axes.plot(rows["naive"], places, "o", mfc="white", mec=style.MUTED, ms=3.5, zorder=4)
    if not np.isfinite(value).any():
        axes.text(
            0.98, 0.97, "luck drowns what factors do:\nno corrected index", ha="right", va="top",
            transform=axes.transAxes, fontsize=style.SMALL_SIZE, color=style.MUTED,
        )  # fmt: skip
    axes.axvline(0.0, color=style.MUTED, linewidth=0.8)
    if line > 0:
        axes.axvline(line, color=style.VERMILLION, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_yticks(places, [names.get(name, style.words(name)) for name in rows["factor"]])
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=style.FAINT, linewidth=0.6)
    if index in ("ST", "S1", "Sh"):
        naive = rows["naive"].to_numpy(dtype=float) if stochastic else shown
        low = float(min((shown - half).min(), naive.min()))
        high = float(max((shown + half).max(), naive.max()))
        axes.set_xlim(max(-0.5, min(-0.02, 1.05 * low)), min(2.5, max(0.2, 1.05 * high)))


def _standing_legend(axes: Axes, *, above: bool = False) -> None:
    """What the colours say, where bars or points leave room."""
    handles = [
        Line2D([], [], marker="s", linestyle="", color=colour, label=text)
        for colour, text in (
            (style.BLUE, "carries it"),
            (style.MUTED, "does not matter"),
            (style.ORANGE, "not settled"),
        )
    ]
    axes.legend(
        handles=handles, loc="upper left" if above else "lower right", frameon=False,
        fontsize=style.SMALL_SIZE, handletextpad=0.1,
    )  # fmt: skip


def morris_plane(result: SensitivityResult, outcome: str, week: str) -> Figure:
    """mu* against sigma: how much a factor does, and how much that depends on the others."""
    figure = style.figure(
        7.0, 5.2, f"Morris screening of {when(outcome, week)}",
        _footer(result, "Bars: 95 % intervals of mu*. On the line sigma equals mu*: above it, what "
                "a factor does depends on the others at least as much as on itself."),
    )  # fmt: skip
    axes = _panels(figure, 1, 1)[0]
    mu = result.of(outcome, method="morris", index="mu_star", week=week).set_index("factor")
    sigma = result.of(outcome, method="morris", index="sigma", week=week).set_index("factor")
    line = dummy_line(mu.reset_index())
    for name, row in mu.iterrows():
        colour = style.FAINT if name == DUMMY else _STANDING[standing(row, line, False)]
        y = float(sigma.loc[name, "value"])  # type: ignore[arg-type]
        half = float(row["high"] - row["value"])
        axes.errorbar(row["value"], y, xerr=half, fmt="o", ms=4.5, color=colour, elinewidth=0.8)
    top = float(mu["high"].max())
    axes.plot([0, top], [0, top], color=style.FAINT, linewidth=1.0, zorder=0)
    axes.set_xlim(left=min(0.0, float(mu["low"].min())))
    axes.set_ylim(0.0, 1.35 * float(sigma["value"].max()))
    _name_points(
        axes,
        [(_name(result, n), float(mu.loc[n, "value"]), float(sigma.loc[n, "value"]))  # type: ignore[arg-type]
         for n in mu.index[:8]],
    )  # fmt: skip
    style.name_y(axes, "sigma (corrected for luck)")
    style.name_x(axes, "mu* (corrected for luck), in units of the outcome")
    _standing_legend(axes, above=True)
    return figure


def _name_points(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Names beside points: above or below, to the right or to the left, where there is room."""
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    taken: list[tuple[float, float, float]] = []  # from, to, height; in shares of the axes
    for text, x, y in points:
        at, level, width = (x - left) / (right - left), (y - low) / (high - low), 0.0115 * len(text)
        ways = [(up, side) for side in ("left", "right") for up in (True, False)]
        for up, side in ways:
            begin = at if side == "left" else at - width
            height = level + (0.03 if up else -0.035)
            free = all(
                begin > last or begin + width < first or abs(height - other) > 0.045
                for first, last, other in taken
            )
            if (free and 0.0 <= begin <= 1.0 - width) or (up, side) == ways[-1]:
                break
        taken.append((begin, begin + width, height))
        axes.annotate(
            text, (x, y), xytext=(-4 if side == "left" else 4, 5 if up else -12), ha=side,
            textcoords="offset points", fontsize=style.SMALL_SIZE, color=style.INK,
        )  # fmt: skip


def convergence(result: SensitivityResult, method: str, outcome: str, week: str) -> Figure:
    """The main index of each factor at growing sizes of the sample, with its 95 % interval."""
    chosen = METHODS[method]
    rows = result.convergence
    rows = rows[
        (rows.method == method) & (rows.outcome == outcome) & (rows.week == week)
        & (rows["index"] == chosen.main)
    ]  # fmt: skip
    figure = style.figure(
        7.5, 4.6, f"{chosen.title} of {when(outcome, week)}, as the sample grows",
        _footer(result, "Bands: 95 % intervals. All sizes are parts of the same runs."),
    )  # fmt: skip
    axes = _panels(figure, 1, 1)[0]
    last = rows[rows.samples == rows.samples.max()].set_index("factor")
    order = last["value"].sort_values(ascending=False).index
    ends = []
    for place, name in enumerate(order):
        mine = rows[rows.factor == name].sort_values("samples")
        named = place < LINES
        colour = style.PALETTE[place] if named else style.FAINT
        axes.plot(mine["samples"], mine["value"], color=colour, marker="o", ms=3, linewidth=1.4)
        if named:
            axes.fill_between(
                mine["samples"], mine["value"] - mine["half"], mine["value"] + mine["half"],
                color=colour, alpha=0.13, linewidth=0,
            )  # fmt: skip
            ends.append((float(mine["value"].iloc[-1]), _name(result, name), colour))
    axes.set_xscale("log", base=2)
    sizes = sorted(rows.samples.unique())
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    style.label_ends(axes, ends, float(sizes[-1]))
    axes.axhline(0.0, color=style.MUTED, linewidth=0.8)
    style.name_y(axes, _INDEX_WORDS.get(chosen.main, chosen.main))
    style.name_x(axes, "base samples")
    return figure


def second_order(result: SensitivityResult, outcome: str, week: str) -> Figure:
    """Second-order indices of all pairs; only those whose interval excludes 0 carry a number."""
    rows = result.of(outcome, method="sobol", index="S2", week=week)
    names = [name for name in result.asked.space.units if name != DUMMY]
    grid = np.full((len(names), len(names)), np.nan)
    marks: list[tuple[int, int, str]] = []
    for _, row in rows.iterrows():
        if DUMMY in (row["factor"], row["other"]):
            continue
        j, k = names.index(row["factor"]), names.index(row["other"])
        low, high = min(j, k), max(j, k)
        grid[high, low] = row["value"]
        if row["low"] > 0 or row["high"] < 0:
            marks.append((high, low, f"{row['value']:.2f}"))
    said = "Full colour and a number: the 95 % interval excludes 0; pale: it does not."
    if not marks:
        said = "Pale, no numbers: no pair's 95 % interval excludes 0."
    size = 2.2 + 0.42 * len(names)
    figure = style.figure(
        size + 1.2, size, f"Pairs that act together on {when(outcome, week)} (second order)",
        _footer(result, said),
    )  # fmt: skip
    axes = _panels(figure, 1, 1)[0]
    axes.grid(visible=False)
    top = max(0.02, float(np.nan_to_num(np.abs(grid)).max()))
    sure = np.full(grid.shape, 0.25)
    for high, low, _ in marks:
        sure[high, low] = 1.0
    image = axes.imshow(grid, cmap="RdBu_r", vmin=-top, vmax=top, alpha=sure)
    for high, low, text in marks:
        dark = abs(grid[high, low]) > 0.6 * top
        axes.text(low, high, text, ha="center", va="center", fontsize=7.5,
                  color="white" if dark else style.INK)  # fmt: skip
    shown = [_name(result, name) for name in names]
    axes.set_yticks(range(1, len(names)), shown[1:])
    axes.set_xticks(range(len(names) - 1), shown[:-1], rotation=60, ha="right")
    axes.set_xlim(-0.5, len(names) - 1.5)
    axes.set_ylim(len(names) - 0.5, 0.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.ax.tick_params(labelsize=style.SMALL_SIZE)
    bar.set_label("S2", fontsize=style.SMALL_SIZE)
    return figure


def over_time(result: SensitivityResult, method: str, outcome: str) -> Figure:
    """The main index of the leading factors by week, with 95 % bands."""
    chosen = METHODS[method]
    rows = result.of(outcome, method=method, index=chosen.main).copy()
    weeks = result.asked.study.points(result.asked.study.scenario)
    rows["at"] = rows["week"].map(weeks)
    largest = rows.groupby("factor")["value"].max().sort_values(ascending=False)
    figure = style.figure(
        8.0, 4.8, f"What carries {style.words(outcome)}, week by week ({chosen.title})",
        _footer(result, "Bands: 95 % intervals."),
    )  # fmt: skip
    axes = _panels(figure, 1, 1)[0]
    ends = []
    for place, name in enumerate(largest.index[:LINES]):
        mine = rows[rows.factor == name].sort_values("at")
        colour = style.PALETTE[place]
        axes.plot(mine["at"], mine["value"], color=colour, linewidth=1.7, marker="o", ms=3)
        axes.fill_between(
            mine["at"], mine["low"], mine["high"], color=colour, alpha=0.15, linewidth=0
        )
        ends.append((float(mine["value"].iloc[-1]), _name(result, name), colour))
    last = float(rows["at"].max())
    style.week_ticks(axes, last)
    axes.set_ylim(bottom=min(0.0, float(rows["low"].min())) if rows["low"].min() > -0.1 else -0.1)
    style.label_ends(axes, ends, last)
    end = result.asked.study.scenario.end_of_ta
    style.mark_week(axes, end, "end of TA")
    axes.axhline(0.0, color=style.MUTED, linewidth=0.8)
    style.name_y(axes, _INDEX_WORDS.get(chosen.main, chosen.main))
    style.name_x(axes)
    return figure


def responses(result: SensitivityResult, outcome: str, week: str, most: int = 12) -> Figure:
    """Mean outcome along each factor while all others vary, with its 95 % interval."""
    rows = result.responses
    rows = rows[(rows.outcome == outcome) & (rows.week == week) & (rows.factor != DUMMY)]
    rows = rows[rows["sample"] == rows["sample"].iloc[0]]
    reach = rows.groupby("factor")["mean"].agg(lambda one: one.max() - one.min())
    names = list(reach.sort_values(ascending=False, kind="stable").index[:most])
    columns = 4 if len(names) > 3 else len(names)
    lines = -(-len(names) // columns)
    alone = rows["sample"].iloc[0] == "one_at_a_time"
    others = (
        "the change from the default, all other factors at theirs"
        if alone
        else "the mean, while all other factors vary"
    )
    figure = style.figure(
        style.WIDTH, 1.4 + 1.75 * lines, f"Response of {when(outcome, week)} to each factor",
        _footer(result, f"Bands: 95 % intervals of {others}."),
    )  # fmt: skip
    low, high = float(rows["low"].min()), float(rows["high"].max())
    chosen = {f.name for f in result.asked.space.factors if f.distribution.kind == "choices"}
    panels = _panels(figure, len(names), columns)
    for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
        mine = rows[rows.factor == name].sort_values("coordinate")
        _response(axes, mine, choices=str(name) in chosen)
        axes.set_title(_name(result, name), loc="left", fontsize=style.SMALL_SIZE + 0.5)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        axes.set_xlim(0, 1)
        shown = mine if str(name) in chosen else mine.iloc[[0, -1]]
        axes.set_xticks(shown["coordinate"].to_list(), [_tick(text) for text in shown["at"]])
        if place % columns:
            axes.tick_params(labelleft=False)
    return figure


def _response(axes: Axes, rows: pd.DataFrame, *, choices: bool) -> None:
    """A curve with its band; of choices, which have no order, points."""
    at, mean = rows["coordinate"], rows["mean"]
    if choices:
        axes.errorbar(
            at, mean, yerr=[mean - rows["low"], rows["high"] - mean], fmt="o", color=style.BLUE,
            ms=4, elinewidth=1.0, capsize=2,
        )  # fmt: skip
        return
    axes.plot(at, mean, color=style.BLUE, linewidth=1.6)
    axes.fill_between(at, rows["low"], rows["high"], color=style.BLUE, alpha=0.2, linewidth=0)


def _tick(text: str) -> str:
    """A value at the end of an axis: three digits, words as they are."""
    try:
        return f"{float(text):.3g}"
    except ValueError:
        return str(text)


def figures_of(result: SensitivityResult) -> list[Shown]:
    """Every figure that the study has the numbers for."""
    labels = _labels(result)
    if not labels:
        return []
    by_week = len({week for _, week in labels}) > 2
    shown = _last_weeks(labels) if by_week else labels
    made: list[Shown] = []
    for design in result.designs:
        for method in design.methods:
            made.append(_shown(f"{method.name}-bars", index_bars, result, method.name, shown))
            for outcome, week in shown:
                stem = _stem(outcome, week)
                if method.name == "morris" and not result.asked.space.groups:
                    made.append(_shown(f"morris-plane-{stem}", morris_plane, result, outcome, week))
                if _sizes(result, method.name, outcome, week) > 1:
                    name = f"{method.name}-convergence-{stem}"
                    made.append(_shown(name, convergence, result, method.name, outcome, week))
                if method.name == "sobol" and design.sampler.second_order:
                    made.append(_shown(f"sobol-pairs-{stem}", second_order, result, outcome, week))
            if by_week and result.asked.function is None:
                for outcome in dict.fromkeys(name for name, _ in labels):
                    name = f"{method.name}-over-time-{_stem(outcome)}"
                    made.append(_shown(name, over_time, result, method.name, outcome))
    known = result.responses
    for outcome, week in shown:
        if len(known) and ((known["outcome"] == outcome) & (known["week"] == week)).any():
            made.append(
                _shown(f"responses-{_stem(outcome, week)}", responses, result, outcome, week)
            )
    return made


def _stem(outcome: str, week: str = "") -> str:
    """An outcome and week as a part of the name of a file."""
    return f"{outcome.replace(' ', '_')}-{week}".rstrip("-")


def _shown(name: str, draw: Callable[..., Figure], *arguments: Any) -> Shown:
    """A figure of this module, under the name of its file."""
    title = style.words(name.replace("-", " "))
    alt = f"{title[0].upper()}{title[1:]}. Its numbers are in the tables."
    return Shown(name, title, "", alt, partial(draw, *arguments))


def _sizes(result: SensitivityResult, method: str, outcome: str, week: str) -> int:
    """At how many sizes of the sample a method was looked at."""
    rows = result.convergence
    rows = rows[(rows.method == method) & (rows.outcome == outcome) & (rows.week == week)]
    return rows["samples"].nunique()


def _last_weeks(labels: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last week of each outcome."""
    return list({outcome: (outcome, week) for outcome, week in labels}.values())
