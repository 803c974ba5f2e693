"""figures: maps of dose and response, and the budget line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.present import style
from sim.present.figures import Figure
from sim.present.format import number
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.studies.spec import Study
from sim.studies.surface.grid import Cell, budget_words, cell_of, is_budgeted
from sim.studies.surface.spec import SURE, Spec
from sim.studies.surface.words import facet_words, place_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

MOST_FACETS = 4
"""Most combinations of further axes that are drawn; the table holds all."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The data of the figures of a surface."""

    study: Study[Spec]
    frame: pd.DataFrame

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are mapped."""
        return self.study.header.shown

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, in the order of their numbers."""
        rows = self.frame[self.frame["outcome"] == self.outcomes[0]].sort_values("cell")
        return tuple(
            replace(
                cell_of(row), on_budget_line=row["on_budget_line"], affordable=row["affordable"]
            )
            for row in rows.to_dict("records")
        )

    @property
    def facets(self) -> tuple[tuple[object, ...], ...]:
        """Combinations of the axes that a map does not show."""
        return tuple(dict.fromkeys(cell.facet for cell in self.cells))


def figures(study: Study[Spec], tables: Mapping[str, Table]) -> list[Figure]:
    """Every figure of a surface."""
    found = Shown(study, tables["surface"].frame)
    best = ", ".join(
        f"{in_words(row['outcome'])} {number(row['mean'])} by {place_words(cell_of(row))}"
        for row in tables["best"].frame.to_dict("records")
    )
    made = [
        Figure(
            "maps", "Outcomes over frequency and hours", "",
            f"Maps over weeks between contacts and hours a contact. Best: {best}.",
            partial(_maps, found),
        )
    ]  # fmt: skip
    if any(c.on_budget_line and c.facet == found.facets[0] for c in found.cells):
        names = ", ".join(in_words(name) for name in found.outcomes)
        made.append(
            Figure(
                "budget_line", "Along the budget", "",
                f"{names} along the budget, by weeks between contacts.",
                partial(_budget_line, found),
            )
        )  # fmt: skip
    return made


def footer(found: Shown, reading: str) -> str:
    """The footer, which says where the numbers come from and how to read the figure."""
    plausible, replicates = found.study.plausible, found.study.header.replicates
    assert plausible is not None
    return (
        f"{reading}\n{len(plausible) * replicates} runs a cell, the same people and chance in all: "
        f"{replicates} of each of {len(plausible)} {plausible.source}. Seed {found.study.seed}. "
        "What if, not forecast."
    )


def _maps(found: Shown) -> Drawn:
    """Mean outcome at the end of TA in every cell, with a map for each outcome and a row for each
    facet.

    The black line shows where the mean reaches the target, the red line where 80 % of the runs
    reach it. Hatched cells cost more than the budget.
    """
    facets = found.facets[:MOST_FACETS]
    names = list(found.outcomes)
    if len(facets) == 1:
        columns = 2 if len(names) > 1 else 1
        rows = math.ceil(len(names) / columns)
    else:
        columns, rows = len(names), len(facets)
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0,
        1.6 + (3.0 if columns <= 2 else 2.3) * rows,
        f"{found.study.labels[0]}: outcomes at the end of TA by dosage",
        footer(found, _reading(found)),
    )
    every: list[Axes] = list(figure.subplots(rows, columns, squeeze=False).ravel())
    panels = [(facet, name) for facet in facets for name in names]
    for axes in every[len(panels) :]:
        axes.remove()
    for place, (axes, (facet, name)) in enumerate(zip(every, panels, strict=False)):
        _map(figure, axes, found, facet, name, compact=columns > 2)
        if place + columns >= len(panels):
            style.name_x(axes, "weeks between contacts")
        if place % columns == 0:
            axes.set_ylabel("hours per contact", fontsize=style.TEXT_SIZE, color=style.INK)
    return figure


def _reading(found: Shown) -> str:
    what = (
        ", ".join(
            f"{style.words(name)} {level:g}" for name, level in found.study.header.targets.items()
        )
        if found.study.header.targets
        else "what the scenario's own dosage reaches, run by run"
    )
    text = f"Target: {what}. Black line: the mean reaches it; red dashes: 80 % of runs do."
    if is_budgeted(found.study.header):
        text += f" Hatched: more than {budget_words(found.study.header)}; white dots: exactly that."
    if len(found.facets) > MOST_FACETS:
        text += f" The first {MOST_FACETS} of {len(found.facets)} combinations; the table has all."
    return text


def _map(
    figure: Drawn,
    axes: Axes,
    found: Shown,
    facet: tuple[object, ...],
    name: str,
    *,
    compact: bool,
) -> None:
    """One heat map with evenly spaced cells, whatever the distance of their values."""
    grid = [
        (place, cell)
        for place, cell in enumerate(found.cells)
        if cell.facet == facet and not cell.on_budget_line
    ]
    xs = sorted({cell.every_weeks for _, cell in grid})
    ys = sorted({cell.hours for _, cell in grid})
    at = {(cell.every_weeks, cell.hours): place for place, cell in grid}
    order = np.array([[at[x, y] for x in xs] for y in ys])
    means, met, targets = (_by_cell(found, name, x) for x in ("mean", "p_target", "target"))
    low, high = np.nanmin(means), np.nanmax(means)  # NaN where not run
    picture = axes.pcolormesh(
        np.arange(len(xs)), np.arange(len(ys)), means[order], cmap="YlGnBu", shading="nearest",
        vmin=low, vmax=high if high > low else low + 1e-9,
    )  # fmt: skip
    _hatch(axes, found, order)
    if np.isfinite(targets).any() and min(order.shape) > 1:
        _contour(axes, means[order], float(np.nanmax(targets)), style.INK, "solid")
        _contour(axes, met[order], SURE, style.VERMILLION, "dashed")
    _budget_dots(axes, found, facet, xs, ys)
    _axis_ticks(axes, xs, ys, compact)
    axes.tick_params(colors=style.MUTED, labelsize=style.SMALL_SIZE, length=2)
    for side in axes.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(picture, ax=axes, fraction=0.05, pad=0.02)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(colors=style.MUTED, labelsize=style.SMALL_SIZE, length=2)
    cell = next(cell for _, cell in grid)
    words = facet_words(cell)
    title = f"{style.words(name)} ({found.study.about(name).unit})" + (
        f"\n{words}" if words else ""
    )
    axes.set_title(title, fontsize=style.TEXT_SIZE, color=style.INK, loc="left")


def _by_cell(found: Shown, outcome: str, column: str) -> np.ndarray:
    """A column of the table, (cells,); NaN where there is no value."""
    rows = found.frame[found.frame["outcome"] == outcome].sort_values("cell")
    return rows[column].to_numpy(dtype=float)


def _contour(axes: Axes, field: np.ndarray, level: float, colour: str, line: str) -> None:
    """A contour, if the field crosses the level."""
    known = field[np.isfinite(field)]
    if len(known) and known.min() < level < known.max():
        axes.contour(
            np.ma.masked_invalid(field), levels=[level], colors=[colour], linewidths=1.8,
            linestyles=line,
        )  # fmt: skip


def _hatch(axes: Axes, found: Shown, order: np.ndarray) -> None:
    from matplotlib.patches import Rectangle

    for y, row in enumerate(order):
        for x, place in enumerate(row):
            if not found.cells[place].affordable:
                axes.add_patch(
                    Rectangle(
                        (x - 0.5, y - 0.5), 1, 1, facecolor="#F2F2F2", edgecolor=style.FAINT,
                        hatch="////", linewidth=0,
                    )
                )  # fmt: skip


def _budget_dots(
    axes: Axes,
    found: Shown,
    facet: tuple[object, ...],
    xs: Sequence[float],
    ys: Sequence[float],
) -> None:
    """The budget line on evenly spaced cells."""
    line = [
        c
        for c in found.cells
        if c.on_budget_line and c.facet == facet and ys[0] <= c.hours <= ys[-1]
    ]
    if line:
        axes.plot(
            [list(xs).index(c.every_weeks) for c in line],
            np.interp([c.hours for c in line], ys, np.arange(len(ys))),
            "o", markersize=5, markerfacecolor="white", markeredgecolor=style.INK,
            markeredgewidth=1.0, zorder=5, clip_on=False,
        )  # fmt: skip


def _axis_ticks(axes: Axes, xs: Sequence[float], ys: Sequence[float], compact: bool) -> None:
    step = 2 if compact and len(xs) > 6 else 1
    axes.set_xticks(range(0, len(xs), step), [f"{x:g}" for x in xs[::step]])
    axes.set_yticks(range(0, len(ys), step), [f"{y:g}" for y in ys[::step]])


def _budget_line(found: Shown) -> Drawn:
    """Outcomes by frequency along the budget line, with the hours per contact that it pays for."""
    line = [
        (place, cell)
        for place, cell in enumerate(found.cells)
        if cell.on_budget_line and cell.facet == found.facets[0]
    ]
    names = list(found.outcomes)
    columns = 2 if len(names) > 1 else 1
    rows = math.ceil(len(names) / columns)
    where = facet_words(line[0][1])
    figure = style.figure(
        style.WIDTH if columns > 1 else 6.0,
        1.8 + 2.5 * rows,
        f"{found.study.labels[0]}: how often, with {budget_words(found.study.header)}?"
        f"{f' ({where})' if where else ''}",
        footer(
            found,
            "Line: mean; band: 90 % of all runs, chance and unknown parameters together. Dashed: "
            f"{'the target' if found.study.header.targets else 'what the own dosage reaches'}. "
            "Below the weeks: hours per contact, at most the longest of the grid.",
        ),
    )
    ticks = [f"{c.every_weeks:g}\n{c.hours:.1f}".removesuffix(".0") for _, c in line]
    ticks[0] += " h"
    panels = style.panels(figure, len(names), columns)
    for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
        mean, low, high, targets = (
            _by_cell(found, name, column)[[place for place, _ in line]]
            for column in ("mean", "p05", "p95", "target")
        )
        x = np.arange(len(line))
        axes.fill_between(x, low, high, color=style.BLUE, alpha=style.BAND_90, linewidth=0)
        axes.plot(x, mean, color=style.BLUE, linewidth=1.9, marker="o", markersize=4)
        if np.isfinite(targets).any():
            level = float(np.nanmax(targets))
            axes.axhline(level, color=style.MUTED, linewidth=1.2, linestyle=(0, (4, 2)))
        style.name_y(axes, f"{style.words(name)} ({found.study.about(name).unit})")
        axes.set_xticks(x, ticks)
        axes.tick_params(axis="x", labelsize=style.SMALL_SIZE - 1)
        axes.set_xlim(-0.3, len(line) - 0.7 if len(line) > 1 else 0.3)
        if place + columns >= len(names):
            style.name_x(axes, "weeks between contacts")
    return figure
