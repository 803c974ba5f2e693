"""The planned calendar of a scenario as a figure: :func:`dosage_timeline`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.present import style
from sim.present.format import count, week

if TYPE_CHECKING:
    from sim.model.dosage import CalendarEntry
    from sim.scenario.scenario import Scenario

MODE_MARKS: Mapping[str, tuple[str, str, str]] = {
    "onsite": ("s", style.BLUE, "on site"),
    "video": ("o", style.ORANGE, "video"),
    "phone": ("^", style.GREEN, "phone"),
    "email": ("D", style.PURPLE, "e-mail"),
}
"""Marker, colour and wording of each mode of contact."""


def dosage_timeline(scenario: Scenario) -> Figure:
    """Draw the plan: each region is a row, and each contact a mark whose area shows its hours.

    Contacts without a fixed date (irregular, on demand) are a faint bar over the weeks in which
    they may take place. Shocks are vertical lines, or bars over the weeks that they last.
    """
    from sim.model.dosage import calendar

    entries = calendar(scenario)
    names = list(scenario.region_names)
    footer = f"Scenario: {style.shorten(scenario.name, 90)}\n{_calendar_note(entries, len(names))}"
    footer += " Grey: weeks that are skipped." if scenario.pauses else ""
    row_height = max(0.42, 0.22 + 0.12 * len({entry.mode for entry in entries}))
    figure = style.figure(
        style.WIDTH, 1.75 + max(1.0, row_height * len(names)) + 0.18 * len(scenario.events),
        f"The planned calendar: {scenario.horizon_weeks} weeks, "
        f"{count(len(names), 'region')}",
        footer,
    )  # fmt: skip
    axes = figure.subplots()
    style.dress(axes)
    axes.grid(visible=False)
    axes.set_yticks(range(len(names)), [style.shorten(style.words(n), 22) for n in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelsize=9.5)
    axes.spines["left"].set_visible(False)
    style.week_ticks(axes, scenario.horizon_weeks, 12, scenario.start_date)
    axes.set_xlim(-0.01 * scenario.horizon_weeks, scenario.horizon_weeks * 1.01)
    style.name_x(axes)
    for row in range(len(names)):
        axes.axhline(row, color=style.FAINT, linewidth=0.6, zorder=1)
    for one in scenario.pauses:
        axes.axvspan(one.week - 0.5, (one.until_week or one.week) + 0.5, color=style.FAINT, lw=0)
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
    """Draw marks of dated contacts, bars of the others, and the legend of both."""
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
    """Draw a mark for each dated contact (hollow: logged as cancelled); return the legend."""
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
    """Draw a bar over the weeks in which contacts may take place, with their rate; return the
    legend."""
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
    """First and last week of each stretch of consecutive weeks.

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
    """Rows of the regions that a shock affects."""
    names = scenario.region_names
    if getattr(shock, "region", None):
        return [names.index(shock.region)]
    if shock.kind == "provider_leaves":
        provider = scenario.provider_names.index(shock.provider)
        return [row for row, other in enumerate(scenario.assignment) if other == provider]
    return list(range(len(names)))


def _shock_marks(axes: Axes, scenario: Scenario, names: Sequence[str]) -> None:
    """Draw each shock as a bold line through the rows that it affects, named below the rows."""
    shocks = sorted(scenario.events, key=lambda shock: shock.week)
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
            f"{week(shock.week, scenario.start_date)}: {_shock_text(shock)}", (shock.week, y),
            xytext=(-4 if late else 4, 0), textcoords="offset points",
            ha="right" if late else "left", va="center", fontsize=9, color=style.VERMILLION,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8}, zorder=5,
        )  # fmt: skip
    if shocks:
        axes.set_ylim(lowest + 0.1 + 0.42 * len(shocks), -0.6)
