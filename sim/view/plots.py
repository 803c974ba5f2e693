"""One function a figure. Each takes results or a scenario and returns a matplotlib ``Figure``.

The figures show what a table cannot: the shape over time, the spread between regions, the calendar,
the team. They read :meth:`Runs.weeks` and the scenario and work nothing out that the results do not
say. Bands are luck alone (the same parameters, other people and other dice), unless the runs are
over plausible parameter sets; the footer says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import InputError, Problem
from sim.outcomes import HEADLINES, OUTCOMES, check_outcome
from sim.present.figures import Figure as Shown
from sim.present.format import count, number
from sim.view import style

if TYPE_CHECKING:
    from sim.dosage import CalendarEntry
    from sim.parameters import Parameters
    from sim.results import Runs
    from sim.scenario import Scenario

REGION_OUTCOMES: tuple[str, ...] = ("trust", "knowledge", "integration")
"""What :func:`regions` shows when nothing else is asked for."""

MODE_MARKS: Mapping[str, tuple[str, str, str]] = {
    "onsite": ("s", style.BLUE, "on site"),
    "video": ("o", style.ORANGE, "video"),
    "phone": ("^", style.GREEN, "phone"),
    "email": ("D", style.PURPLE, "e-mail"),
}
"""Marker, colour and wording of each mode of contact."""

TEAM_DRAWN = 60
"""Staff of a region up to which its network is drawn; beyond, a picture of it says nothing."""
MANY_REGIONS = 6
"""Regions up to which each has a colour and a band of its own."""
KEPT_WINDOW = 4
"""Weeks over which kept commitments are pooled in a figure."""


# --- shared ---------------------------------------------------------------------------------------


def _footer(runs: Runs, bands: str = "") -> str:
    """Where the numbers come from, and what a band means."""
    name = style.shorten(runs.scenario.name, 70)
    count = len(runs) - len(runs.failures)
    noun = "run" if count == 1 else "runs"
    text = f"{count:,} {noun}, seed {runs.seed}, scenario: {name}"
    return f"{text}\n{bands} What if, not forecast." if bands else text


_BANDS = "Dark band: middle 50 % of runs, light band: 90 %:"
_LIGHT = "Band: 90 % of runs:"
_MEANS = "Means over runs."


def _holds(runs: Runs) -> str:
    """What a band holds."""
    if not runs.plausible:
        return "luck only, not doubt about parameters."
    return f"luck and parameters together.\n{len(runs.parameter_sets)} {runs.plausible}."


def _series(weeks: pd.DataFrame, arm: str, region: str, outcome: str) -> pd.DataFrame:
    """One arm, region and outcome, in the order of weeks."""
    chosen = (weeks["arm"] == arm) & (weeks["region"] == region) & (weeks["outcome"] == outcome)
    return weeks[chosen].sort_values("week")


def _band(axes: Axes, rows: pd.DataFrame, low: str, high: str, colour: str, alpha: float) -> None:
    axes.fill_between(
        rows["week"], rows[low], rows[high], color=colour, alpha=alpha, linewidth=0, zorder=2
    )


def _last(rows: pd.DataFrame, column: str = "mean") -> float:
    """The last value of a line that is one; NaN when it has none."""
    known = rows[column].dropna()
    return float(known.iloc[-1]) if len(known) else math.nan


def _is_share(outcome: str) -> bool:
    found = OUTCOMES[outcome]
    return found.low == 0.0 and found.high == 1.0


def _shares(names: Iterable[str]) -> list[str]:
    return [name for name in names if _is_share(name)]


def _common_limits(frame: pd.DataFrame, columns: Iterable[str]) -> tuple[float, float]:
    """Limits in tenths that hold every value, with room above: the same for all 0-1 outcomes."""
    values = frame[list(columns)].to_numpy(dtype=float).ravel()
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low = max(0.0, math.floor(float(values.min()) * 10 - 1e-9) / 10)
    high = min(1.0, math.ceil(float(values.max()) * 10 + 1e-9) / 10)
    if high - low < 0.2:
        low, high = max(0.0, low - 0.1), min(1.0, high + 0.1)
    return low, high


def _own_limits(frame: pd.DataFrame, columns: Iterable[str]) -> tuple[float, float] | None:
    """Limits from zero for an outcome with a unit of its own; None when there is nothing."""
    values = frame[list(columns)].to_numpy(dtype=float).ravel()
    values = values[np.isfinite(values)]
    if not len(values) or values.max() <= 0:
        return None
    return min(0.0, float(values.min())), float(values.max()) * 1.08


def _panels(figure: Figure, count: int, columns: int) -> list[Axes]:
    """``count`` dressed axes in rows of at most ``columns``."""
    rows = max(1, math.ceil(count / columns))
    grid = figure.subplots(rows, min(columns, max(count, 1)), squeeze=False)
    flat: list[Axes] = list(grid.ravel())
    for axes in flat[count:]:
        axes.remove()
    for axes in flat[:count]:
        style.dress(axes)
    return flat[:count]


def _check(outcomes: Sequence[str]) -> list[str]:
    if not outcomes:
        raise InputError(Problem("no outcome is given", field="outcomes"))
    return [check_outcome(name).name for name in outcomes]


# --- trajectories ---------------------------------------------------------------------------------


def trajectories(runs: Runs, outcomes: Sequence[str] = HEADLINES) -> Figure:
    """Each outcome over the weeks, with TA (50 % and 90 % bands) against no TA (dashed).

    Args:
        runs: results of one scenario.
        outcomes: names; one panel each. Outcomes on 0-1 share one scale, so panels compare.

    Raises:
        InputError: an unknown outcome.
    """
    names = _check(outcomes)
    weeks = runs.weeks()
    weeks = weeks[(weeks["region"] == "overall") & weeks["outcome"].isin(names)]
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0,
        1.25 + 2.15 * rows if columns > 1 else 4.0,
        "With technical assistance against none, week by week, mean of the regions"
        if runs.scenario.has_ta
        else "No technical assistance: week by week, mean of the regions",
        _footer(runs, f"{_BANDS} {_holds(runs)}"),
    )
    share_rows = weeks[weeks["outcome"].isin(_shares(names)) & weeks["arm"].isin(_ARMS)]
    limits = _common_limits(share_rows, ("p05", "p95", "mean"))
    for place, (axes, name) in enumerate(
        zip(_panels(figure, len(names), columns), names, strict=True)
    ):
        at_end = place % columns == columns - 1 or place == len(names) - 1
        _trajectory(axes, runs, weeks, name, limits, name_lines=at_end, name_end=place == 0)
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


_ARMS = ("with_ta", "without_ta")


def _trajectory(
    axes: Axes,
    runs: Runs,
    weeks: pd.DataFrame,
    outcome: str,
    limits: tuple[float, float],
    *,
    name_lines: bool,
    name_end: bool,
) -> None:
    """One panel of :func:`trajectories`."""
    with_ta = _series(weeks, "with_ta", "overall", outcome)
    without = _series(weeks, "without_ta", "overall", outcome)
    style.name_y(axes, style.axis_label(outcome))
    style.week_ticks(axes, runs.scenario.horizon_weeks, most=4)
    if _last(with_ta) != _last(with_ta):
        style.say(axes, "no values")
        axes.set_ylim(*limits)
        return
    dots = None
    if OUTCOMES[outcome].kind == "rate":  # weeks without contacts have none: join the others
        with_ta, dots = with_ta.dropna(subset="mean"), "."
    _band(axes, with_ta, "p05", "p95", style.WITH_TA, style.BAND_90)
    _band(axes, with_ta, "p25", "p75", style.WITH_TA, style.BAND_50)
    axes.plot(
        with_ta["week"], with_ta["mean"], color=style.WITH_TA, linewidth=1.2 if dots else 1.9,
        marker=dots, zorder=4,
    )  # fmt: skip
    axes.plot(
        without["week"], without["mean"], color=style.WITHOUT_TA, linewidth=1.4,
        linestyle=(0, (4, 2)), zorder=3,
    )  # fmt: skip
    if _is_share(outcome):
        axes.set_ylim(*limits)
    else:
        axes.set_ylim(*(_own_limits(with_ta, ("p95", "mean")) or (0.0, 1.0)))
    style.mark_week(axes, runs.scenario.end_of_ta, "end of TA" if name_end else "")
    if name_lines:
        ends = [
            (_last(with_ta), "with TA" if runs.scenario.has_ta else "no TA", style.WITH_TA),
            (_last(without), "no TA", style.WITHOUT_TA),
        ]
        shown = ends if runs.scenario.has_ta else ends[:1]
        style.label_ends(axes, shown, runs.scenario.horizon_weeks)


# --- regions --------------------------------------------------------------------------------------


def regions(runs: Runs, outcomes: Sequence[str] = REGION_OUTCOMES) -> Figure:
    """Each region's own course with TA, one panel an outcome.

    Up to six regions have a colour and a 90 % band each; more are thin lines, named at their end
    where they can be told apart, with their mean in black.

    Raises:
        InputError: an unknown outcome.
    """
    names = _check(outcomes)
    weeks = runs.weeks()
    weeks = weeks[(weeks["arm"] == "with_ta") & weeks["outcome"].isin(names)]
    known = [name for name in runs.scenario.region_names if name in set(weeks["region"])]
    many = len(known) > MANY_REGIONS
    columns = min(3, len(names))
    panel_rows = math.ceil(len(names) / columns)
    title = "One region" if len(known) == 1 else f"The {len(known)} regions one by one"
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0,
        1.15 + (3.4 if many else 2.6) * panel_rows,
        f"{title}, with{'' if runs.scenario.has_ta else 'out'} technical assistance",
        _footer(
            runs,
            f"{_MEANS} Black: mean of the regions." if many else f"{_LIGHT} {_holds(runs)}",
        ),
    )
    share_rows = weeks[weeks["outcome"].isin(_shares(names)) & weeks["region"].isin(known)]
    limits = _common_limits(share_rows, ("mean",) if many else ("p05", "p95", "mean"))
    for place, (axes, name) in enumerate(
        zip(_panels(figure, len(names), columns), names, strict=True)
    ):
        _region_panel(axes, runs, weeks, name, known, limits)
        style.mark_week(axes, runs.scenario.end_of_ta, "end of TA" if place == 0 else "")
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


def _region_panel(
    axes: Axes,
    runs: Runs,
    weeks: pd.DataFrame,
    outcome: str,
    known: Sequence[str],
    limits: tuple[float, float],
) -> None:
    """One panel of :func:`regions`."""
    many = len(known) > MANY_REGIONS
    style.name_y(axes, style.axis_label(outcome))
    style.week_ticks(axes, runs.scenario.horizon_weeks, most=4)
    ends: list[tuple[float, str, str]] = []
    parts: list[pd.DataFrame] = []
    for place, region in enumerate(known):
        rows = _series(weeks, "with_ta", region, outcome)
        parts.append(rows)
        colour = style.BLUE if many else style.PALETTE[place]
        if not many:
            _band(axes, rows, "p05", "p95", colour, style.BAND_90 * 0.8)
        axes.plot(
            rows["week"], rows["mean"], color=colour, alpha=0.6 if many else 1.0,
            linewidth=0.9 if many else 1.8, zorder=3,
        )  # fmt: skip
        label = style.shorten(style.words(region), 16)
        ends.append((_last(rows), label, style.MUTED if many else colour))
    if many:
        mean = _series(weeks, "with_ta", "overall", outcome)
        axes.plot(mean["week"], mean["mean"], color=style.INK, linewidth=1.9, zorder=4)
        parts.append(mean)
    if _is_share(outcome):
        axes.set_ylim(*limits)
    else:
        shown = pd.concat(parts) if parts else weeks.iloc[:0]
        axes.set_ylim(*(_own_limits(shown, ("mean",) if many else ("p95", "mean")) or (0.0, 1.0)))
    if not any(math.isfinite(end[0]) for end in ends):
        style.say(axes, "no values")
    if many:
        ends = style.together(ends, style.line_height(axes, style.SMALL_SIZE), "regions")
    style.label_ends(axes, ends, runs.scenario.horizon_weeks)


# --- commitments ----------------------------------------------------------------------------------

_COMMITMENTS: tuple[tuple[str, str], ...] = (
    ("commitments_made", style.INK),
    ("commitments_kept", style.BLUE),
    ("commitments_broken", style.VERMILLION),
    ("commitments_lapsed", style.MUTED),
)


def commitments(runs: Runs) -> Figure:
    """Commitments made, kept, broken and lapsed up to each week, and the share kept of those due.

    Counts are means over runs, all regions and both sides together; made = kept + broken + lapsed +
    open. The share pools all runs over four weeks.
    """
    weeks = runs.weeks()
    weeks = weeks[(weeks["arm"] == "with_ta") & (weeks["region"] == "overall")]
    figure = style.figure(
        style.WIDTH, 3.7, "What was agreed, and what came of it",
        _footer(runs, f"{_MEANS} All regions, staff's and providers' commitments together."),
    )  # fmt: skip
    left, right = _panels(figure, 2, 2)
    flows = {name: _series(weeks, "with_ta", "overall", name) for name, _ in _COMMITMENTS}
    _commitment_counts(left, runs, flows)
    _kept_share(right, runs, flows["commitments_kept"], flows["commitments_broken"])
    for axes in (left, right):
        style.name_x(axes)
    return figure


def _commitment_counts(axes: Axes, runs: Runs, flows: Mapping[str, pd.DataFrame]) -> None:
    """Running totals of each kind."""
    unit = OUTCOMES["commitments_made"].unit
    style.name_y(axes, f"running total ({unit})")
    style.week_ticks(axes, runs.scenario.horizon_weeks, most=6)
    ends = []
    for name, colour in _COMMITMENTS:
        rows = flows[name]
        total = rows["mean"].fillna(0.0).cumsum()
        axes.plot(rows["week"], total, color=colour, linewidth=1.8, zorder=3)
        word = name.removeprefix("commitments_")
        last = float(total.iloc[-1]) if len(total) else math.nan
        ends.append((last, f"{word} {last:,.0f}", colour))
    top = max((end[0] for end in ends if math.isfinite(end[0])), default=0.0)
    axes.set_ylim(0, top * 1.08 if top > 0 else 1.0)
    if top <= 0:
        style.say(axes, "no commitments were made")
        return
    style.mark_week(axes, runs.scenario.end_of_ta, "end of TA")
    style.label_ends(axes, ends, runs.scenario.horizon_weeks)


def _kept_share(axes: Axes, runs: Runs, kept: pd.DataFrame, broken: pd.DataFrame) -> None:
    """Share kept of those reviewed, in blocks of four weeks, with the share over all weeks."""
    style.name_y(axes, f"kept of those reviewed ({OUTCOMES['commitments_kept_share'].unit})")
    style.week_ticks(axes, runs.scenario.horizon_weeks, most=6)
    axes.set_ylim(0.0, 1.0)
    both = pd.DataFrame(
        {
            "kept": kept.set_index("week")["mean"],
            "broken": broken.set_index("week")["mean"],
        }
    ).fillna(0.0)
    both = both[both.index >= 1]
    reviewed = float(both["kept"].sum() + both["broken"].sum())
    if not reviewed > 0:
        style.say(axes, "no commitments were reviewed")
        return
    block = (both.index.to_numpy() - 1) // KEPT_WINDOW
    pooled = both.groupby(block).sum()
    share = pooled["kept"] / (pooled["kept"] + pooled["broken"]).where(lambda n: n > 0)
    centre = pooled.index.to_numpy() * KEPT_WINDOW + (KEPT_WINDOW + 1) / 2
    axes.plot(centre, share, color=style.BLUE, linewidth=1.4, marker="o", markersize=3, zorder=3)
    overall = float(both["kept"].sum()) / reviewed
    axes.axhline(overall, color=style.MUTED, linewidth=1.0, linestyle=(0, (4, 2)), zorder=2)
    style.mark_week(axes, runs.scenario.end_of_ta)
    style.label_ends(
        axes, [(overall, f"all weeks {overall:.2f}", style.MUTED)], runs.scenario.horizon_weeks
    )


# --- the calendar ---------------------------------------------------------------------------------


def dosage_timeline(scenario: Scenario) -> Figure:
    """What is planned: each region a row, each contact a mark by mode, its area the hours.

    Contacts without a fixed date (irregular, on demand) are a faint bar over the weeks in which
    they may fall. Shocks are upright lines, or bars over the weeks that they last.
    """
    from sim.dosage import calendar

    entries = calendar(scenario)
    names = list(scenario.region_names)
    footer = f"Scenario: {style.shorten(scenario.name, 90)}\n{_calendar_note(entries, len(names))}"
    row_height = max(0.42, 0.22 + 0.12 * len({entry.mode for entry in entries}))
    figure = style.figure(
        style.WIDTH, 1.75 + max(1.0, row_height * len(names)) + 0.18 * len(scenario.shocks),
        f"The planned calendar: {scenario.horizon_weeks} weeks, "
        f"{len(names)} region{'' if len(names) == 1 else 's'}",
        footer,
    )  # fmt: skip
    (axes,) = _panels(figure, 1, 1)
    axes.grid(visible=False)
    axes.set_yticks(range(len(names)), [style.shorten(style.words(n), 22) for n in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelsize=9.5)
    axes.spines["left"].set_visible(False)
    style.week_ticks(axes, scenario.horizon_weeks, most=12)
    axes.set_xlim(-0.01 * scenario.horizon_weeks, scenario.horizon_weeks * 1.01)
    style.name_x(axes)
    for row in range(len(names)):
        axes.axhline(row, color=style.FAINT, linewidth=0.6, zorder=1)
    _contact_marks(axes, entries, names)
    _shock_marks(axes, scenario, names)
    return figure


def _calendar_note(entries: Sequence[CalendarEntry], regions_drawn: int) -> str:
    """How much is planned, and how to read the marks."""
    if not entries:
        return "No contact is planned."
    hours = sum(entry.hours * entry.chance for entry in entries) / max(regions_drawn, 1)
    text = f"About {hours:,.0f} h of contact planned a region."
    largest = max((entry.hours for entry in entries if entry.chance >= 1.0), default=0.0)
    if largest:
        text += f" The area of a mark is its hours, at most {largest:g} h."
    if any(entry.chance < 1.0 for entry in entries):
        text += " Bars: contacts without a date, that may fall in any of these weeks."
    return text


def _contact_marks(axes: Axes, entries: Sequence[CalendarEntry], names: Sequence[str]) -> None:
    """Marks of dated contacts, bars of the others, and the key to both."""
    used = [mode for mode in MODE_MARKS if any(entry.mode == mode for entry in entries)]
    if not used:
        style.say(axes, "no contact is planned")
        return
    row_of = {name: row for row, name in enumerate(names)}
    most = max((entry.hours for entry in entries if entry.chance >= 1.0), default=1.0)
    handles: list[Line2D] = []
    for place, mode in enumerate(used):
        own = [entry for entry in entries if entry.mode == mode]
        offset = min(0.34, 0.72 / max(len(used) - 1, 1)) * (place - (len(used) - 1) / 2)
        dated = [entry for entry in own if entry.chance >= 1.0]
        handles += _dated(axes, dated, row_of, offset, mode, most)
        handles += _undated(axes, [e for e in own if e.chance < 1.0], row_of, offset, mode)
    lengths = [len(str(handle.get_label())) + 6 for handle in handles]
    columns = len(handles) if sum(lengths) <= 110 else max(1, 110 // max(lengths))
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.005, 1.0),
        ncols=columns,
        frameon=False, fontsize=9.5, handletextpad=0.5, columnspacing=1.4, borderaxespad=0.2,
        handlelength=1.2,
    )  # fmt: skip


def _dated(
    axes: Axes,
    entries: Sequence[CalendarEntry],
    row_of: Mapping[str, int],
    offset: float,
    mode: str,
    most: float,
) -> list[Line2D]:
    """A mark for each contact with a date (hollow: logged as cancelled); returns the key."""
    marker, colour, wording = MODE_MARKS[mode]
    keys = []
    for cancelled in (False, True):
        group = [e for e in entries if e.status.endswith("cancelled") is cancelled]
        if not group:
            continue
        fill = "white" if cancelled else colour
        axes.scatter(
            [e.week for e in group], [row_of[e.region] + offset for e in group],
            s=[max(7.0, 62.0 * e.hours / most) for e in group],
            marker=marker, facecolors=fill, edgecolors=colour, linewidths=0.8, zorder=3,
        )  # fmt: skip
        label = f"{wording}, cancelled" if cancelled else wording
        keys.append(
            Line2D([], [], linestyle="", marker=marker, markerfacecolor=fill, markersize=6,
                   markeredgecolor=colour, label=label)
        )  # fmt: skip
    return keys


def _undated(
    axes: Axes,
    entries: Sequence[CalendarEntry],
    row_of: Mapping[str, int],
    offset: float,
    mode: str,
) -> list[Line2D]:
    """A bar over the weeks in which contacts may fall, with their rate; returns the key."""
    _, colour, wording = MODE_MARKS[mode]
    spans: dict[tuple[str, str, float], list[int]] = {}
    for entry in entries:
        kind = (entry.region, entry.timing, round(entry.chance, 6))
        spans.setdefault(kind, []).append(entry.week)
    gap = (axes.get_xlim()[1] - axes.get_xlim()[0]) * 0.002
    for (region, _, chance), found in spans.items():
        for start, stop in _stretches(found):
            y = row_of[region] + offset
            axes.plot(
                [start - 0.5 + gap, stop + 0.5 - gap], [y, y], color=colour, alpha=0.35,
                linewidth=8.5, solid_capstyle="butt", zorder=2,
            )  # fmt: skip
            if row_of[region] == 0:
                axes.annotate(
                    f"one in {1 / chance:.3g} weeks", (start, y), xytext=(3, 0),
                    textcoords="offset points", va="center_baseline", fontsize=7.5,
                    color=style.INK, zorder=4,
                )  # fmt: skip
    return [
        Line2D([], [], linewidth=7, color=colour, alpha=0.35,
               label=f"{wording}, {style.words(timing)}")
        for timing in dict.fromkeys(entry.timing for entry in entries)
    ]  # fmt: skip


def _stretches(weeks: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of consecutive weeks.

    >>> _stretches([1, 2, 3, 7])
    [(1, 3), (7, 7)]
    """
    ordered = sorted(set(weeks))
    breaks = [i + 1 for i, (a, b) in enumerate(pairwise(ordered)) if b > a + 1]
    parts = [ordered[a:b] for a, b in pairwise([0, *breaks, len(ordered)])]
    return [(part[0], part[-1]) for part in parts if part]


def _shock_text(shock: Any) -> str:
    """A shock in a few words."""
    where = f" ({style.words(shock.region)})" if getattr(shock, "region", None) else ""
    if shock.kind == "provider_leaves":
        return f"{style.words(str(shock.provider))} leaves"
    if shock.kind == "staff_leave":
        return f"{100 * shock.share:g} % of staff leave{where}"
    if shock.kind == "demand_rise":
        return f"demand +{shock.by:g}{where}"
    return f"dosage x {shock.factor:g}"


def _rows_hit(shock: Any, scenario: Scenario) -> list[int]:
    """Rows of the regions that a shock meets."""
    names = scenario.region_names
    if getattr(shock, "region", None):
        return [names.index(shock.region)]
    if shock.kind == "provider_leaves":
        provider = scenario.provider_names.index(shock.provider)
        return [row for row, other in enumerate(scenario.assignment) if other == provider]
    return list(range(len(names)))


def _shock_marks(axes: Axes, scenario: Scenario, names: Sequence[str]) -> None:
    """Shocks: a bold stroke through each row they meet, named below the rows, none over another."""
    shocks = sorted(scenario.shocks, key=lambda shock: shock.week)
    last = scenario.horizon_weeks
    lowest = len(names) - 0.4
    for place, shock in enumerate(shocks):
        until = getattr(shock, "until_week", None)
        if until is None and shock.kind == "dosage_cut":
            until = last
        for row in _rows_hit(shock, scenario):
            low, high = row - 0.45, row + 0.45
            axes.plot([shock.week] * 2, [low, high], color=style.VERMILLION, lw=2.0, zorder=4)
            if until is not None:
                axes.fill_between(
                    [shock.week, until], low, high, color=style.VERMILLION, alpha=0.10, lw=0
                )
        late = shock.week > 0.6 * last
        y = lowest + 0.30 + 0.42 * place
        axes.plot([shock.week] * 2, [-0.5, y], color=style.VERMILLION, lw=0.6, zorder=1)
        axes.annotate(
            f"week {shock.week}: {_shock_text(shock)}", (shock.week, y),
            xytext=(-4 if late else 4, 0), textcoords="offset points",
            ha="right" if late else "left", va="center", fontsize=9, color=style.VERMILLION,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8}, zorder=5,
        )  # fmt: skip
    if shocks:
        axes.set_ylim(lowest + 0.1 + 0.42 * len(shocks), -0.6)


# --- the team -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TeamSnapshot:
    """The team of one region in one week.

    Attributes:
        week: of the snapshot.
        moment: what that week is ("start", "end of TA", "horizon").
        region: name.
        ties: pairs of posts (0..n-1), each once.
        integration: of each post's holder, 0-1, shape (n,).
        in_core_team: of each post, shape (n,).
    """

    week: int
    moment: str
    region: str
    ties: tuple[tuple[int, int], ...]
    integration: tuple[float, ...]
    in_core_team: tuple[bool, ...]


def take_snapshots(
    scenario: Scenario,
    *,
    seed: int | None = None,
    parameters: Parameters | None = None,
    replicate: int = 0,
    region: int = 0,
) -> list[TeamSnapshot]:
    """One run of the compiled engine, seen at the start, the end of TA and the horizon.

    Args:
        scenario: what to run.
        seed: of the run; the scenario's own when None.
        parameters: of the run; the scenario's own when None.
        replicate: which run.
        region: place of the region in the scenario.
    """
    from sim import compiled, network, population
    from sim.kernel import FIELDS
    from sim.streams import Streams

    seed = scenario.seed if seed is None else seed
    parameters = scenario.parameter_set() if parameters is None else parameters
    size = scenario.staff_counts[region]
    candidate = population.choose_candidates(scenario, parameters, Streams(seed, replicate))[region]
    team = network.neighbours(scenario.networks[region], size, seed, candidate, replicate)
    ties = tuple((a, b) for a in range(size) for b in team.of(a) if a < b)
    core = population.share_of(scenario.regions.core_team, size)
    _, states, _ = compiled.simulate_states(scenario, parameters, seed, replicate)
    people = states[region]["people"]
    moments = {0: "start", scenario.horizon_weeks: "horizon", scenario.end_of_ta: "end of TA"}
    return [
        TeamSnapshot(
            week=week,
            moment=moments[week],
            region=scenario.region_names[region],
            ties=ties,
            integration=tuple(people[week, FIELDS.index("integration")].tolist()),
            in_core_team=tuple((people[week, FIELDS.index("seat")] < core).tolist()),
        )
        for week in sorted(moments)
    ]


def _places(size: int, ties: Sequence[tuple[int, int]]) -> np.ndarray:
    """Where each post stands, (posts, 2): ties pull, everybody keeps a distance.

    Forces of Fruchterman and Reingold (1991) from a circle; the same ties give the same places.
    """
    angle = 2 * np.pi * np.arange(size) / max(size, 1)
    at = np.column_stack([np.cos(angle), np.sin(angle)])
    if size < 3:
        return at
    tied = np.zeros((size, size))
    for a, b in ties:
        tied[a, b] = tied[b, a] = 1.0
    apart = 1.6 / math.sqrt(size)
    for step in np.linspace(0.1, 0.0, 200, endpoint=False):
        away = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((away**2).sum(axis=2)), 0.01)
        force = apart**2 / distance**2 - tied * distance / apart
        move = (away * force[:, :, None]).sum(axis=1)
        length = np.maximum(np.sqrt((move**2).sum(axis=1)), 0.01)
        at = at + move * (step / length)[:, None]
    return at


def team_network(snapshots: Sequence[TeamSnapshot], footer: str = "") -> Figure:
    """One region's team at several moments: the same people's places, coloured by integration.

    Args:
        snapshots: of the same region, see :func:`take_snapshots`.
        footer: where they come from.

    Raises:
        InputError: no snapshot is given.
    """
    if not snapshots:
        raise InputError(Problem("no snapshot of a team is given", field="snapshots"))
    first = snapshots[0]
    size = len(first.integration)
    all_core = all(first.in_core_team)
    figure = style.figure(
        max(6.0, 0.9 + 2.6 * len(snapshots)), 3.95,
        f"Integration in one team: {style.shorten(style.words(first.region), 30)}, {size} staff",
        "\n".join(filter(None, [
            ("All are in the core team." if all_core else "Dark rim: core team.")
            + " Lines: who talks with whom. A circle is a post: newcomers take over from leavers.",
            footer,
        ])),
    )  # fmt: skip
    places = _places(size, first.ties)
    scale = Normalize(0.0, 1.0)
    widths = [*[1.0] * len(snapshots), 0.05]
    *grid, last = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    for axes, snapshot in zip(grid, snapshots, strict=True):
        _team(axes, snapshot, places, scale, rim=not all_core)
    bar = figure.colorbar(ScalarMappable(scale, "YlGnBu"), cax=last)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(colors=style.MUTED, labelsize=9, width=0.8, length=3)
    bar.set_label(style.axis_label("integration"), fontsize=style.TEXT_SIZE, color=style.INK)
    return figure


def _team(
    axes: Axes,
    snapshot: TeamSnapshot,
    places: np.ndarray,
    scale: Normalize,
    *,
    rim: bool,
) -> None:
    """One moment of :func:`team_network`."""
    segments = [(places[a], places[b]) for a, b in snapshot.ties]
    axes.add_collection(LineCollection(segments, colors=style.FAINT, linewidths=0.9, zorder=1))
    core = [rim and is_core for is_core in snapshot.in_core_team]
    axes.scatter(
        places[:, 0], places[:, 1], c=snapshot.integration, cmap="YlGnBu", norm=scale,
        s=260.0 if len(places) <= 14 else max(40.0, 3600.0 / len(places)),
        edgecolors=[style.INK if dark else "#8C8C8C" for dark in core],
        linewidths=[2.0 if dark else 0.8 for dark in core], zorder=2,
    )  # fmt: skip
    mean = float(np.mean(snapshot.integration)) if snapshot.integration else math.nan
    axes.set_title(
        f"{snapshot.moment}, week {snapshot.week}\nmean {mean:.2f}", fontsize=style.TEXT_SIZE,
        color=style.INK, loc="center", linespacing=1.4,
    )  # fmt: skip
    axes.set_axis_off()
    axes.margins(0.14)


# --- all of them ----------------------------------------------------------------------------------


def figures_of(runs: Runs) -> list[Shown]:
    """Every figure that the results of a scenario allow, the most telling first.

    The team is drawn for the first region, from the first run, when it has at most 60 staff, the
    whole scenario few enough people to be quick, and the compiled engine made the runs.
    """
    scenario = runs.scenario
    found = [
        Shown(
            "trajectories", "With assistance against none", "", _told(runs, HEADLINES),
            lambda: trajectories(runs),
        ),
        Shown(
            "regions", "Region by region", "",
            f"{', '.join(REGION_OUTCOMES)} by week, a line for each of "
            f"{count(len(scenario.region_names), 'region')}.",
            lambda: regions(runs),
        ),
        Shown(
            "dosage", "The planned calendar", "",
            f"Planned contacts of {count(len(scenario.region_names), 'region')} by week and mode.",
            lambda: dosage_timeline(scenario),
        ),
        Shown(
            "commitments", "Commitments", "",
            "Commitments made, kept, broken and lapsed up to each week, and the share kept.",
            lambda: commitments(runs),
        ),
    ]  # fmt: skip
    if runs.engine == "compiled" and _team_is_drawable(scenario):
        found.append(
            Shown(
                "team", "One team", "",
                f"The staff of {style.words(scenario.region_names[0])} as a network, coloured by "
                "integration, at the start, at the end of assistance and at the horizon.",
                lambda: _first_team(runs),
            )
        )  # fmt: skip
    return found


def _told(runs: Runs, outcomes: Sequence[str]) -> str:
    """The means at the horizon in words, for those who do not see the lines."""
    weeks = runs.weeks()
    parts = []
    for name in outcomes:
        ends = [number(_last(_series(weeks, arm, "overall", name))) for arm in _ARMS]
        parts.append(f"{style.words(name)} {ends[0]} (without assistance {ends[1]})")
    return f"Means by week; at the horizon: {', '.join(parts)}."


def _first_team(runs: Runs) -> Figure:
    snapshots = take_snapshots(runs.scenario, seed=runs.seed, parameters=runs.parameter_sets[0])
    name = style.shorten(runs.scenario.name, 70)
    return team_network(snapshots, f"One run, seed {runs.seed}, scenario: {name}")


def _team_is_drawable(scenario: Scenario) -> bool:
    sizes = scenario.staff_counts
    person_weeks = sum(sizes) * scenario.horizon_weeks
    return bool(sizes) and sizes[0] <= TEAM_DRAWN and person_weeks <= 250_000
