"""figures: index bars, Morris planes, convergence, pairs, weeks and responses of a study."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.present import style
from sim.present.figures import Figure
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.scenario.phases import MODE_WORDS
from sim.studies.factors import DUMMY
from sim.studies.sensitivity.design import is_stochastic
from sim.studies.sensitivity.methods import METHODS, Method
from sim.studies.sensitivity.spec import Spec
from sim.studies.sensitivity.words import Reading, dummy_line, standing
from sim.studies.spec import Study, when

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

Key = tuple[str, str]
"""An outcome and the label of its week."""


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """Every figure for which the study has numbers."""
    reading = Reading(study, tables)
    if reading.indices.empty:
        return []
    keys: list[Key] = list(
        reading.indices[["outcome", "week"]].drop_duplicates().itertuples(index=False, name=None)
    )
    weeks = Counter(outcome for outcome, _ in keys)
    by_week = len({week for _, week in keys}) > 2
    last = list({outcome: (outcome, week) for outcome, week in keys}.values()) if by_week else keys
    made = []
    for method in reading.methods:
        mine = [key for key in last if len(reading.main(method, *key))]
        made += _of_method(reading, method, mine) if mine else []
        if by_week and study.function is None:
            several = [one for one, _ in mine if weeks[one] > 1]  # persistence has one week
            made += _over_time(reading, method, several)
    return [*made, *_responses(reading, last)]


def _of_method(reading: Reading, method: Method, keys: Sequence[Key]) -> Iterator[Figure]:
    """The bars of a method, and its figures for each outcome."""
    yield Figure(
        f"{method.name}-bars", f"{method.title}: what drives each outcome",
        "Bars: corrected for chance, with 95 % intervals.",
        f"The main index of every factor by {method.title}: {_leaders(reading, method, keys)}",
        partial(index_bars, reading, method.name, keys),
    )  # fmt: skip
    for outcome, week in keys:
        stem, what = _stem(outcome, week), when(outcome, week)
        alt = f"{method.title} of {what}: {_leaders(reading, method, [(outcome, week)])}"
        if method.name == "morris" and not reading.study.header.groups:
            yield Figure(
                f"morris-plane-{stem}", f"Morris screening of {what}",
                "How much a factor does, and how much that depends on the others.", alt,
                partial(morris_plane, reading, outcome, week),
            )  # fmt: skip
        if _sizes(reading, method, outcome, week) > 1:
            yield Figure(
                f"{method.name}-convergence-{stem}",
                f"{method.title} of {what}, as the sample grows",
                "All sizes are parts of the same runs; bands are 95 % intervals.", alt,
                partial(convergence, reading, method.name, outcome, week),
            )  # fmt: skip
        if method.name == "sobol" and reading.study.header.second_order:
            yield Figure(
                f"sobol-pairs-{stem}", f"Pairs that act together on {what}",
                "Numbers stand where the 95 % interval of the pair leaves out 0.", alt,
                partial(second_order, reading, outcome, week),
            )  # fmt: skip


def _over_time(reading: Reading, method: Method, outcomes: Sequence[str]) -> Iterator[Figure]:

    for outcome in outcomes:
        what = in_words(outcome)
        yield Figure(
            f"{method.name}-over-time-{_stem(outcome)}", f"What carries {what}, week by week",
            "The main index of the leading factors; bands are 95 % intervals.",
            f"{method.title} of {what} by week, of the leading factors",
            partial(over_time, reading, method.name, outcome),
        )  # fmt: skip


def _responses(reading: Reading, keys: Sequence[Key]) -> Iterator[Figure]:

    known = reading.frame("responses")
    for outcome, week in keys:
        if len(known) and ((known["outcome"] == outcome) & (known["week"] == week)).any():
            yield Figure(
                f"responses-{_stem(outcome, week)}", f"Response of {when(outcome, week)}",
                "Mean of the outcome along each factor; bands are 95 % intervals.",
                f"Mean of {when(outcome, week)} along the range of each factor",
                partial(responses, reading, outcome, week),
            )  # fmt: skip


def _stem(outcome: str, week: str = "") -> str:
    """An outcome and week as a part of a file name."""
    return f"{outcome.replace(' ', '_')}-{week}".rstrip("-")


def _leaders(reading: Reading, method: Method, keys: Sequence[Key]) -> str:
    """The largest factor of each outcome, with its index."""
    texts = []
    for outcome, week in keys:
        first = reading.main(method, outcome, week).iloc[0]
        known = math.isfinite(first["value"])
        what = f"{in_words(first['factor'])} {first['value']:.2f}" if known else "not known"
        texts.append(f"{what} for {when(outcome, week)}")
    return "; ".join(texts)


def _sizes(reading: Reading, method: Method, outcome: str, week: str) -> int:
    """The number of sample sizes at which the indices of a method were estimated."""
    rows = reading.frame("convergence")
    rows = rows[(rows.method == method.name) & (rows.outcome == outcome) & (rows.week == week)]
    return rows["samples"].nunique()


MOST_PANELS = 6
MOST_BARS = 24
"""Most factors in a panel of bars; only the table has the smallest factors of a screening."""
LINES = 6
"""Most factors with a colour of their own; all others are grey."""
_SERIES = re.compile(r"dosage\[(\d+)\]\.(\w+)")
_STANDING = {"drives": style.BLUE, "small": style.MUTED, "open": style.ORANGE}
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


def _footer(reading: Reading, extra: str) -> str:
    study = reading.study
    runs, header = len(reading.tables["runs"]), study.header
    what = header.scenario if isinstance(header.scenario, str) else "test function"
    text = f"{runs:,} runs, seed {study.seed}, scenario {what}. {extra}"
    if study.function is not None:
        return text
    factors = reading.frame("factors")
    calibrated = factors["distribution"].str.startswith("calibrated").any()
    vary = (
        "Free parameters vary as in the calibrated sets; other ranges" if calibrated else "Ranges"
    )
    return (
        f"{text}\n{vary} are the parameter table's and the study's, most of them assumptions. "
        "What if, not forecast."
    )


def _name(reading: Reading, name: object) -> str:
    """The name of a factor for people; a lever of one contact series names that series."""
    return _names(reading).get(str(name), style.words(str(name)))


def _names(reading: Reading) -> dict[str, str]:
    """The names of factors that need more than their words."""
    found = {}
    for name in reading.frame("factors")["name"]:
        if match := _SERIES.fullmatch(name):
            series = reading.study.scenario.dosage[int(match[1])]
            mode = MODE_WORDS.get(series.mode, series.mode)
            found[name] = f"{style.words(match[2])}, {mode}"
    return found


def index_bars(reading: Reading, method: str, labels: Sequence[tuple[str, str]]) -> Drawn:
    """Main index of each factor with its 95 % interval, naive value, dummy line and standing.

    Args:
        reading: the study and its tables.
        method: the name of a method of the study.
        labels: (outcome, week) of each panel, at most six.
    """
    chosen = METHODS[method]
    labels = list(labels)[:MOST_PANELS]
    count = reading.indices[reading.indices["method"] == method]["factor"].nunique()
    left_out, count = max(0, count - MOST_BARS), min(count, MOST_BARS)
    columns = min(2, len(labels))
    rows = -(-len(labels) // columns)
    title = f"{chosen.title}: what drives " + (
        when(*labels[0]) if len(labels) == 1 else "each outcome"
    )
    extra = (
        "Bars: corrected for chance, with 95 % intervals; open circles: naive, as SALib gives them."
        if is_stochastic(reading.study)
        else "Bars: SALib's index with 95 % intervals; there is no chance."
    )
    common = is_stochastic(reading.study) and reading.study.header.random_numbers == "common"
    if common and not chosen.floor:
        extra += " With common chance the dummy, which does nothing, is at 0 exactly."
    if chosen.floor or reading.study.header.random_numbers == "fresh":
        extra += " Dashed: upper end of the interval of the dummy, which does nothing."
    if left_out:
        extra += f" The {left_out} smallest of each outcome are in the table only."
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.5, 1.5 + rows * (0.5 + 0.21 * count), title,
        _footer(reading, extra),
    )  # fmt: skip
    for axes, (outcome, week) in zip(
        style.panels(figure, len(labels), columns), labels, strict=True
    ):
        found = reading.of(outcome, method=method, index=chosen.main, week=week)
        shown = leading(found, MOST_BARS)
        _bars(axes, shown, chosen.main, chosen.floor, is_stochastic(reading.study), _names(reading))
        if len(labels) > 1:
            axes.set_title(when(outcome, week), loc="left", fontsize=style.TEXT_SIZE)
        axes.set_xlabel(
            _INDEX_WORDS.get(chosen.main, chosen.main), fontsize=style.SMALL_SIZE, color=style.INK
        )
    _standing_legend(figure.axes[0])
    return figure


def leading(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows of the ``most`` largest factors, in their order; the dummy is always among them."""
    if len(rows) <= most:
        return rows
    known = rows[rows["factor"] != DUMMY]
    dummy = rows[rows["factor"] == DUMMY]
    return pd.concat([known.iloc[: most - len(dummy)], dummy])


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
        _say_hidden(axes)
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


def _say_hidden(axes: Axes) -> None:
    """Say in an empty panel why nothing is in it."""
    axes.text(
        0.98, 0.97, "chance hides what factors do:\nno corrected index", ha="right", va="top",
        transform=axes.transAxes, fontsize=style.SMALL_SIZE, color=style.MUTED,
    )  # fmt: skip


def _standing_legend(axes: Axes, *, above: bool = False) -> None:
    """The legend of the colours, placed where bars or points leave room."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="s", linestyle="", color=colour, label=text)
        for colour, text in (
            (style.BLUE, "drives the outcome"),
            (style.MUTED, "does not matter"),
            (style.ORANGE, "not converged"),
        )
    ]
    axes.legend(
        handles=handles, loc="upper left" if above else "lower right", frameon=False,
        fontsize=style.SMALL_SIZE, handletextpad=0.1,
    )  # fmt: skip


def morris_plane(reading: Reading, outcome: str, week: str) -> Drawn:
    """mu* against sigma: the effect of each factor, and its dependence on the other factors."""
    figure = style.figure(
        7.0, 5.2, f"Morris screening of {when(outcome, week)}",
        _footer(reading, "Bars: 95 % intervals of mu*. On the line sigma equals mu*: above it, "
                "what a factor does depends on the others at least as much as on itself."),
    )  # fmt: skip
    axes = style.panels(figure, 1, 1)[0]
    mu = reading.of(outcome, method="morris", index="mu_star", week=week).set_index("factor")
    sigma = reading.of(outcome, method="morris", index="sigma", week=week).set_index("factor")
    line = dummy_line(mu.reset_index())
    for name, row in mu.iterrows():
        colour = style.FAINT if name == DUMMY else _STANDING[standing(row, line, False)]
        y = float(sigma.loc[name, "value"])  # type: ignore[arg-type]
        half = float(row["high"] - row["value"])
        axes.errorbar(row["value"], y, xerr=half, fmt="o", ms=4.5, color=colour, elinewidth=0.8)
    known = mu[mu["value"].notna() & sigma["value"].reindex(mu.index).notna()]
    if len(known):
        top = float(known["high"].max())
        axes.plot([0, top], [0, top], color=style.FAINT, linewidth=1.0, zorder=0)
        axes.set_xlim(left=min(0.0, float(known["low"].min())))
        axes.set_ylim(0.0, 1.35 * float(sigma["value"].max()))
        _name_points(
            axes,
            [(_name(reading, n), float(mu.loc[n, "value"]), float(sigma.loc[n, "value"]))  # type: ignore[arg-type]
             for n in known.index[:8]],
        )  # fmt: skip
    else:
        _say_hidden(axes)
    style.name_y(axes, "sigma (corrected for chance)")
    style.name_x(axes, "mu* (corrected for chance), in units of the outcome")
    _standing_legend(axes, above=True)
    return figure


def _name_points(axes: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Write names beside points, above or below, to the right or left, where there is room."""
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    taken: list[tuple[float, float, float]] = []  # from, to, height, in shares of the axes
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


def _courses(
    axes: Axes,
    reading: Reading,
    rows: pd.DataFrame,
    names: Iterable[Any],
    x: str,
    width: float,
    alpha: float,
) -> list[tuple[float, str, str]]:
    """A line for each factor over a column, the first with colours and 95 % bands; their ends."""
    ends = []
    for place, name in enumerate(names):
        mine = rows[rows.factor == name].sort_values(x)
        colour = style.PALETTE[place] if place < LINES else style.FAINT
        axes.plot(mine[x], mine["value"], color=colour, linewidth=width, marker="o", ms=3)
        if place < LINES:
            axes.fill_between(
                mine[x], mine["low"], mine["high"], color=colour, alpha=alpha, linewidth=0
            )
            ends.append((float(mine["value"].iloc[-1]), _name(reading, name), colour))
    return ends


def convergence(reading: Reading, method: str, outcome: str, week: str) -> Drawn:
    """The main index of each factor at growing sizes of the sample, with its 95 % interval."""
    chosen = METHODS[method]
    rows = reading.frame("convergence")
    rows = rows[
        (rows.method == method) & (rows.outcome == outcome) & (rows.week == week)
        & (rows["index"] == chosen.main)
    ]  # fmt: skip
    figure = style.figure(
        7.5, 4.6, f"{chosen.title} of {when(outcome, week)}, as the sample grows",
        _footer(reading, "Bands: 95 % intervals. All sizes are parts of the same runs."),
    )  # fmt: skip
    axes = style.panels(figure, 1, 1)[0]
    last = rows[rows.samples == rows.samples.max()].set_index("factor")
    order = last["value"].sort_values(ascending=False).index
    rows = rows.assign(low=rows["value"] - rows["half"], high=rows["value"] + rows["half"])
    ends = _courses(axes, reading, rows, order, "samples", 1.4, 0.13)
    axes.set_xscale("log", base=2)
    sizes = sorted(rows.samples.unique())
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    style.label_ends(axes, ends, float(sizes[-1]))
    axes.axhline(0.0, color=style.MUTED, linewidth=0.8)
    style.name_y(axes, _INDEX_WORDS.get(chosen.main, chosen.main))
    style.name_x(axes, "base samples")
    return figure


def second_order(reading: Reading, outcome: str, week: str) -> Drawn:
    """Second-order indices of all pairs; only those whose interval excludes 0 carry a number."""
    rows = reading.of(outcome, method="sobol", index="S2", week=week)
    known = reading.of(outcome, method="sobol", index="ST", week=week).sort_index()
    names = [name for name in known["factor"] if name != DUMMY]
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
        _footer(reading, said),
    )  # fmt: skip
    axes = style.panels(figure, 1, 1)[0]
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
    shown = [_name(reading, name) for name in names]
    axes.set_yticks(range(1, len(names)), shown[1:])
    axes.set_xticks(range(len(names) - 1), shown[:-1], rotation=60, ha="right")
    axes.set_xlim(-0.5, len(names) - 1.5)
    axes.set_ylim(len(names) - 0.5, 0.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.ax.tick_params(labelsize=style.SMALL_SIZE)
    bar.set_label("S2", fontsize=style.SMALL_SIZE)
    return figure


def over_time(reading: Reading, method: str, outcome: str) -> Drawn:
    """The main index of the leading factors by week, with 95 % bands."""
    chosen = METHODS[method]
    rows = reading.of(outcome, method=method, index=chosen.main).copy()
    weeks = reading.study.points(reading.study.scenario)
    rows["at"] = rows["week"].map(weeks)
    largest = rows.groupby("factor")["value"].max().sort_values(ascending=False)
    figure = style.figure(
        8.0, 4.8, f"What carries {style.words(outcome)}, week by week ({chosen.title})",
        _footer(reading, "Bands: 95 % intervals."),
    )  # fmt: skip
    axes = style.panels(figure, 1, 1)[0]
    ends = _courses(axes, reading, rows, largest.index[:LINES], "at", 1.7, 0.15)
    last = float(rows["at"].max())
    style.week_ticks(axes, last, start_date=reading.study.start_date)
    axes.set_ylim(bottom=min(0.0, float(rows["low"].min())) if rows["low"].min() > -0.1 else -0.1)
    style.label_ends(axes, ends, last)
    end = reading.study.scenario.end_of_ta
    style.mark_week(axes, end, "end of TA")
    axes.axhline(0.0, color=style.MUTED, linewidth=0.8)
    style.name_y(axes, _INDEX_WORDS.get(chosen.main, chosen.main))
    style.name_x(axes)
    return figure


def responses(reading: Reading, outcome: str, week: str, most: int = 12) -> Drawn:
    """Mean outcome along each factor while all others vary, with its 95 % interval."""
    rows = reading.frame("responses")
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
        _footer(reading, f"Bands: 95 % intervals of {others}."),
    )  # fmt: skip
    ends = rows[["low", "mean", "high"]]  # one run of each point has no interval
    low, high = float(ends.min(axis=None)), float(ends.max(axis=None))
    factors = reading.frame("factors")
    chosen = set(factors[factors["distribution"].str.startswith("choices")]["name"])
    panels = style.panels(figure, len(names), columns)
    for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
        mine = rows[rows.factor == name].sort_values("coordinate")
        _response(axes, mine, choices=str(name) in chosen)
        axes.set_title(_name(reading, name), loc="left", fontsize=style.SMALL_SIZE + 0.5)
        if math.isfinite(high - low):
            axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        axes.set_xlim(0, 1)
        shown = mine if str(name) in chosen else mine.iloc[[0, -1]]
        axes.set_xticks(shown["coordinate"].to_list(), [_tick(text) for text in shown["at"]])
        if place % columns:
            axes.tick_params(labelleft=False)
    return figure


def _response(axes: Axes, rows: pd.DataFrame, *, choices: bool) -> None:
    """A curve with its band; points for choices, which have no order."""
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
    """A value at the end of an axis in three digits; words stay as they are."""
    try:
        return f"{float(text):.3g}"
    except ValueError:
        return str(text)
