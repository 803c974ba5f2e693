"""Figures of runs, drawn from :class:`Courses`. Figures over the weeks are :func:`trajectories`,
:func:`regions` and :func:`commitments`; figures of the summary are :func:`spread` and
:func:`effects`.

The figures show the shape over time and the spread between regions, which a table cannot show.
Every number in them comes from the tables. Bands show chance alone (the same parameters, other
people and other events), unless the runs use plausible parameter sets; the footer says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.errors import InputError
from sim.core.outcomes import HEADLINES, OUTCOMES, check_outcome
from sim.core.units import OVERALL, count, z_value
from sim.present import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.present.table import Table
    from sim.scenario.scenario import Scenario
    from sim.studies.spec import Study

REGION_OUTCOMES: tuple[str, ...] = ("trust", "knowledge", "integration")
"""Outcomes that :func:`regions` shows by default."""

MANY_REGIONS = 6
"""Most regions of which each has a colour and a band of its own."""
KEPT_WINDOW = 4
"""Weeks over which kept commitments are pooled in a figure."""

Line = Mapping[str, np.ndarray]
"""The columns of the table ``weeks`` for one arm, region and outcome, in the order of weeks."""


# --- shared ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Courses:
    """The data of the figures.

    Attributes:
        scenario: the scenario that was run.
        weeks: the table ``weeks``.
        summary: the table ``summary``.
        runs: the number of runs that count.
        seed: the seed of the runs.
        sets: the plausible sets in words; empty where values are fixed.
    """

    scenario: Scenario
    weeks: Table
    summary: Table
    runs: int
    seed: int
    sets: str = ""

    @classmethod
    def of(cls, study: Study[Any], tables: Mapping[str, Table]) -> Courses:
        """The courses of a study of this kind."""
        summary, plausible = tables["summary"], study.plausible
        return cls(
            study.scenario,
            tables["weeks"],
            summary,
            int((summary.array("runs") - summary.array("failed")).max()),
            study.seed,
            "" if plausible is None else f"{len(plausible)} {plausible.source}",
        )

    def line(self, arm: str, region: str, outcome: str) -> Line:
        """One arm, region and outcome over the weeks; empty where the table has no such rows."""
        rows = self._rows.get((arm, region, outcome), [])
        found = {name: values[rows] for name, values in self._numbers.items()}
        order = np.argsort(found["week"], kind="stable")
        return {name: values[order] for name, values in found.items()}

    def by_point(self) -> Mapping[tuple[str, str, str], Mapping[str, Any]]:
        """Rows of the summary by region, outcome and point."""
        keys = ("region", "outcome", "point")
        return {tuple(row[key] for key in keys): row for row in self.summary.rows()}

    @cached_property
    def _rows(self) -> Mapping[tuple[str, str, str], list[int]]:
        """The rows of every line."""
        found: dict[tuple[str, str, str], list[int]] = {}
        keys = zip(*(self.weeks.values(name) for name in ("arm", "region", "outcome")), strict=True)
        for row, key in enumerate(keys):
            found.setdefault(key, []).append(row)
        return found

    @cached_property
    def _numbers(self) -> Line:
        names = (column.name for column in self.weeks.columns)
        return {name: self.weeks.array(name) for name in names if self.weeks.is_numeric(name)}


def _footer(runs: Courses, bands: str = "") -> str:
    """The footer, which says where the numbers come from and what a band means."""
    name = style.shorten(runs.scenario.name, 70)
    noun = "run" if runs.runs == 1 else "runs"
    text = f"{runs.runs:,} {noun}, seed {runs.seed}, scenario: {name}"
    return f"{text}\n{bands} What if, not forecast." if bands else text


_BANDS = "Dark band: middle 50 % of runs, light band: 90 %;"
_LIGHT = "Band: 90 % of runs,"
_MEANS = "Means over runs."


def _holds(runs: Courses) -> str:
    """The meaning of a band in words."""
    if not runs.sets:
        return "chance only, not what we do not know about the parameters."
    return f"chance and parameters together.\n{runs.sets}."


def _known(line: Line) -> Line:
    """The weeks of a line that have a mean."""
    known = ~np.isnan(line["mean"])
    return {name: values[known] for name, values in line.items()}


def _band(axes: Axes, line: Line, low: str, high: str, colour: str, alpha: float) -> None:
    axes.fill_between(
        line["week"], line[low], line[high], color=colour, alpha=alpha, linewidth=0, zorder=2
    )


def _last(line: Line) -> float:
    """The last mean of a line that is not NaN; NaN when the line has none."""
    known = _known(line)["mean"]
    return float(known[-1]) if len(known) else math.nan


def _is_share(outcome: str) -> bool:
    found = OUTCOMES[outcome]
    return found.low == 0.0 and found.high == 1.0


def _shares(names: Iterable[str]) -> list[str]:
    return [name for name in names if _is_share(name)]


def _finite(lines: Iterable[Line], columns: Sequence[str]) -> np.ndarray:
    """All numbers of some columns of lines."""
    found = [line[name] for line in lines for name in columns]
    values = np.concatenate([np.zeros(0), *found])
    return values[np.isfinite(values)]


def _common_limits(lines: Iterable[Line], columns: Sequence[str]) -> tuple[float, float]:
    """Limits in tenths around every value, with room above, the same for all outcomes on 0-1."""
    values = _finite(lines, columns)
    if not len(values):
        return 0.0, 1.0
    low = max(0.0, math.floor(float(values.min()) * 10 - 1e-9) / 10)
    high = min(1.0, math.ceil(float(values.max()) * 10 + 1e-9) / 10)
    if high - low < 0.2:
        low, high = max(0.0, low - 0.1), min(1.0, high + 0.1)
    return low, high


def _own_limits(lines: Iterable[Line], columns: Sequence[str]) -> tuple[float, float] | None:
    """Limits from zero for an outcome with a unit of its own; None when it has no values."""
    values = _finite(lines, columns)
    if not len(values) or values.max() <= 0:
        return None
    return min(0.0, float(values.min())), float(values.max()) * 1.08


def _check(outcomes: Sequence[str]) -> list[str]:
    if not outcomes:
        raise InputError("no outcome is given", field="outcomes")
    return [check_outcome(name).name for name in outcomes]


# --- trajectories ---------------------------------------------------------------------------------


def trajectories(runs: Courses, outcomes: Sequence[str] = HEADLINES) -> Figure:
    """Each outcome over the weeks, with TA (50 % and 90 % bands) against no TA (dashed).

    Args:
        runs: the runs to draw.
        outcomes: names of outcomes, one panel each. Outcomes on 0-1 share one scale, so that panels
            can be compared.

    Raises:
        InputError: an outcome is unknown.
    """
    names = _check(outcomes)
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
    shares = [runs.line(arm, OVERALL, name) for arm in _ARMS for name in _shares(names)]
    limits = _common_limits(shares, ("p05", "p95", "mean"))
    for place, (axes, name) in enumerate(
        zip(style.panels(figure, len(names), columns), names, strict=True)
    ):
        at_end = place % columns == columns - 1 or place == len(names) - 1
        _trajectory(axes, runs, name, limits, name_lines=at_end, name_end=place == 0)
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


_ARMS = ("with_ta", "without_ta")


def _trajectory(
    axes: Axes,
    runs: Courses,
    outcome: str,
    limits: tuple[float, float],
    *,
    name_lines: bool,
    name_end: bool,
) -> None:
    """One panel of :func:`trajectories`."""
    with_ta, without = (runs.line(arm, OVERALL, outcome) for arm in _ARMS)
    style.name_y(axes, style.axis_label(outcome))
    style.week_ticks(axes, runs.scenario.horizon_weeks, 4, runs.scenario.start_date)
    if _last(with_ta) != _last(with_ta):
        style.say(axes, "no values")
        axes.set_ylim(*limits)
        return
    dots = None
    if OUTCOMES[outcome].kind == "rate":  # weeks without contacts have no rate: join the others
        with_ta, dots = _known(with_ta), "."
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
        axes.set_ylim(*(_own_limits([with_ta], ("p95", "mean")) or (0.0, 1.0)))
    style.mark_week(axes, runs.scenario.end_of_ta, "end of TA" if name_end else "")
    if name_lines:
        ends = [
            (_last(with_ta), "with TA" if runs.scenario.has_ta else "no TA", style.WITH_TA),
            (_last(without), "no TA", style.WITHOUT_TA),
        ]
        shown = ends if runs.scenario.has_ta else ends[:1]
        style.label_ends(axes, shown, runs.scenario.horizon_weeks)


def side_by_side(runs: Mapping[str, Courses], outcomes: Sequence[str] = HEADLINES) -> Figure:
    """Several scenarios over the weeks, with TA: means, and bands of 90 % of runs.

    Args:
        runs: the runs of each scenario, by its label.
        outcomes: names of outcomes, one panel each.

    Raises:
        InputError: an outcome is unknown.
    """
    names = _check(outcomes)
    horizon = max(one.scenario.horizon_weeks for one in runs.values())
    first = next(iter(runs.values()))
    columns = min(3, len(names))
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0,
        1.5 + 2.2 * math.ceil(len(names) / columns),
        "Each scenario week by week, with TA, mean of the regions",
        f"{count(first.runs, 'run')} of each, seed {first.seed}. {_LIGHT} {_holds(first)} "
        "What if, not forecast.",
    )
    for place, (axes, name) in enumerate(
        zip(style.panels(figure, len(names), columns), names, strict=True)
    ):
        ends = []
        for number, (label, one) in enumerate(runs.items()):
            colour = style.PALETTE[number % len(style.PALETTE)]
            line = _known(one.line("with_ta", OVERALL, name))
            _band(axes, line, "p05", "p95", colour, style.BAND_90)
            axes.plot(line["week"], line["mean"], color=colour, linewidth=1.9, label=label)
            style.mark_week(axes, one.scenario.end_of_ta)
            if len(line["week"]):
                ends.append((_last(line), style.shorten(label, 18), colour))
        style.name_y(axes, style.axis_label(name))
        style.week_ticks(axes, horizon, most=4)
        if place % columns == columns - 1 or place == len(names) - 1:
            style.label_ends(axes, ends, horizon)
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


# --- regions --------------------------------------------------------------------------------------


def regions(runs: Courses, outcomes: Sequence[str] = REGION_OUTCOMES) -> Figure:
    """Each region's own course with TA, one panel for each outcome.

    Up to six regions have a colour and a 90 % band each. More regions are thin lines with their
    mean in black; their names stand at the end of the lines where there is room.

    Raises:
        InputError: an outcome is unknown.
    """
    names = _check(outcomes)
    known = list(runs.scenario.region_names)
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
    shares = [runs.line("with_ta", region, name) for region in known for name in _shares(names)]
    limits = _common_limits(shares, ("mean",) if many else ("p05", "p95", "mean"))
    for place, (axes, name) in enumerate(
        zip(style.panels(figure, len(names), columns), names, strict=True)
    ):
        _region_panel(axes, runs, name, known, limits)
        style.mark_week(axes, runs.scenario.end_of_ta, "end of TA" if place == 0 else "")
        if place + columns >= len(names):
            style.name_x(axes)
    return figure


def _region_panel(
    axes: Axes,
    runs: Courses,
    outcome: str,
    known: Sequence[str],
    limits: tuple[float, float],
) -> None:
    """One panel of :func:`regions`."""
    many = len(known) > MANY_REGIONS
    style.name_y(axes, style.axis_label(outcome))
    style.week_ticks(axes, runs.scenario.horizon_weeks, 4, runs.scenario.start_date)
    ends: list[tuple[float, str, str]] = []
    lines: list[Line] = []
    for place, region in enumerate(known):
        line = runs.line("with_ta", region, outcome)
        lines.append(line)
        colour = style.BLUE if many else style.PALETTE[place]
        if not many:
            _band(axes, line, "p05", "p95", colour, style.BAND_90 * 0.8)
        axes.plot(
            line["week"], line["mean"], color=colour, alpha=0.6 if many else 1.0,
            linewidth=0.9 if many else 1.8, zorder=3,
        )  # fmt: skip
        label = style.shorten(style.words(region), 16)
        ends.append((_last(line), label, style.MUTED if many else colour))
    if many:
        mean = runs.line("with_ta", OVERALL, outcome)
        axes.plot(mean["week"], mean["mean"], color=style.INK, linewidth=1.9, zorder=4)
        lines.append(mean)
    if _is_share(outcome):
        axes.set_ylim(*limits)
    else:
        axes.set_ylim(*(_own_limits(lines, ("mean",) if many else ("p95", "mean")) or (0.0, 1.0)))
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


def commitments(runs: Courses) -> Figure:
    """Commitments made, kept, broken and lapsed up to each week, and the share kept of those due.

    Counts are means over runs, all regions and both sides together; made = kept + broken + lapsed +
    open. The share pools all runs over four weeks.
    """
    figure = style.figure(
        style.WIDTH, 3.7, "What was agreed, and what came of it",
        _footer(runs, f"{_MEANS} All regions, staff's and providers' commitments together."),
    )  # fmt: skip
    left, right = style.panels(figure, 2, 2)
    flows = {name: runs.line("with_ta", OVERALL, name) for name, _ in _COMMITMENTS}
    _commitment_counts(left, runs, flows)
    _kept_share(right, runs, flows["commitments_kept"], flows["commitments_broken"])
    for axes in (left, right):
        style.name_x(axes)
    return figure


def _commitment_counts(axes: Axes, runs: Courses, flows: Mapping[str, Line]) -> None:
    """Running totals of each kind."""
    unit = OUTCOMES["commitments_made"].unit
    style.name_y(axes, f"running total ({unit})")
    style.week_ticks(axes, runs.scenario.horizon_weeks, 6, runs.scenario.start_date)
    ends = []
    for name, colour in _COMMITMENTS:
        total = np.nan_to_num(flows[name]["mean"]).cumsum()
        axes.plot(flows[name]["week"], total, color=colour, linewidth=1.8, zorder=3)
        word = name.removeprefix("commitments_")
        last = float(total[-1]) if len(total) else math.nan
        ends.append((last, f"{word} {last:,.0f}", colour))
    top = max((end[0] for end in ends if math.isfinite(end[0])), default=0.0)
    axes.set_ylim(0, top * 1.08 if top > 0 else 1.0)
    if top <= 0:
        style.say(axes, "no commitments were made")
        return
    style.mark_week(axes, runs.scenario.end_of_ta, "end of TA")
    style.label_ends(axes, ends, runs.scenario.horizon_weeks)


def _kept_share(axes: Axes, runs: Courses, kept: Line, broken: Line) -> None:
    """Share kept of those reviewed, in blocks of four weeks, with the share over all weeks."""
    style.name_y(axes, f"kept of those reviewed ({OUTCOMES['commitments_kept_share'].unit})")
    style.week_ticks(axes, runs.scenario.horizon_weeks, 6, runs.scenario.start_date)
    axes.set_ylim(0.0, 1.0)
    weeks = kept["week"]
    both = np.nan_to_num(np.array([kept["mean"], broken["mean"]]))[:, weeks >= 1]
    if not both.sum() > 0:
        style.say(axes, "no commitments were reviewed")
        return
    blocks, block = np.unique((weeks[weeks >= 1] - 1) // KEPT_WINDOW, return_inverse=True)
    pooled = np.array([np.bincount(block, weights=one) for one in both])
    reviewed = pooled.sum(axis=0)
    share = np.divide(pooled[0], reviewed, out=np.full(len(blocks), np.nan), where=reviewed > 0)
    centre = blocks * KEPT_WINDOW + (KEPT_WINDOW + 1) / 2
    axes.plot(centre, share, color=style.BLUE, linewidth=1.4, marker="o", markersize=3, zorder=3)
    overall = float(both[0].sum() / both.sum())
    axes.axhline(overall, color=style.MUTED, linewidth=1.0, linestyle=(0, (4, 2)), zorder=2)
    style.mark_week(axes, runs.scenario.end_of_ta)
    style.label_ends(
        axes, [(overall, f"all weeks {overall:.2f}", style.MUTED)], runs.scenario.horizon_weeks
    )


# --- at the points of the summary ----------------------------------------------------------------

_POINTS = {
    "start": "start",
    "end_of_ta": "end of TA",
    "year_after": "a year\nlater",
    "horizon": "horizon",
}


def _columns(rows: Sequence[Mapping[str, Any]], *names: str) -> np.ndarray:
    """Columns of rows, (column, row)."""
    return np.array([[row[name] for row in rows] for name in names], dtype=float)


def spread(runs: Courses, outcomes: Sequence[str] = HEADLINES) -> Figure:
    """The 90 % interval of a single run at each point, from chance alone and with parameter
    uncertainty.

    The wide bar is the 90 % interval of runs in the table. The narrow bar is the mean plus and
    minus 1.645 standard deviations of chance (:mod:`sim.stats.components`).

    Raises:
        InputError: an outcome is unknown.
    """
    names = _check(outcomes)
    summary = runs.by_point()
    figure = style.figure(
        style.WIDTH, 1.25 + 2.15 * math.ceil(len(names) / 3),
        "How far single runs differ: by chance alone, and with what we do not know",
        _footer(runs, "Bold bar: 90 % by chance alone. Light bar: 90 % of runs, chance and "
                f"parameters together.\n{runs.sets}."),
    )  # fmt: skip
    for axes, name in zip(style.panels(figure, len(names), min(3, len(names))), names, strict=True):
        points = [point for point in _POINTS if (OVERALL, name, point) in summary]
        rows = [summary[OVERALL, name, point] for point in points]
        mean, sd, p05, p95 = _columns(rows, "mean", "sd_chance", "p05", "p95")
        at, half = np.arange(len(rows)), z_value() * sd
        bounds = OUTCOMES[name].low, OUTCOMES[name].high
        low, high = np.clip(mean - half, *bounds), np.clip(mean + half, *bounds)
        axes.vlines(at, p05, p95, color=style.WITH_TA, alpha=0.3, linewidth=9)
        axes.vlines(at, low, high, color=style.WITH_TA, linewidth=3.5)
        axes.plot(at, mean, "o", color=style.INK, markersize=3.5, zorder=4)
        axes.set_xticks(at, [_POINTS[point] for point in points])
        axes.set_xlim(-0.6, len(rows) - 0.4)
        style.name_y(axes, style.axis_label(name))
    return figure


def effects(runs: Courses, outcome: str = "capacity") -> Figure:
    """The effect of TA in each region at the end of TA: the mean, and the 90 % interval of runs.

    Raises:
        InputError: the outcome is unknown.
    """
    (name,) = _check([outcome])
    summary = runs.by_point()
    regions = [*runs.scenario.region_names, OVERALL]
    rows = [summary[region, name, "end_of_ta"] for region in regions]
    mean, p05, p95 = _columns(rows, "effect_mean", "effect_p05", "effect_p95")
    figure = style.figure(
        style.WIDTH, 1.6 + 0.24 * len(rows), "What TA adds, region by region, at the end of TA",
        _footer(
            runs,
            "Compared with the same people and chance without TA. Bar: 90 % of runs, "
            f"{_holds(runs)}",
        ),
    )  # fmt: skip
    (axes,) = style.panels(figure, 1, 1)
    at = np.arange(len(rows))
    axes.hlines(at, p05, p95, color=style.WITH_TA, alpha=0.4, lw=5)
    axes.plot(mean, at, "o", color=style.INK, markersize=4, zorder=4)
    axes.axvline(0.0, color=style.MUTED, linewidth=0.8)
    axes.set_yticks(at, [style.shorten(style.words(region), 22) for region in regions])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    style.name_x(axes, f"effect on {style.axis_label(name)}")
    return figure
