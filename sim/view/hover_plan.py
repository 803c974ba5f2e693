"""Interactive figures of one plan, as plain Plotly dictionaries (``data``, ``layout``, ``config``).

Plain dictionaries serve the page, which draws them anew after every move of a slider, and the
report of a plan, which embeds the same ones. The text of a figure is left to the colours of the
page around it (a dark page has its own), so nothing here sets the colour of a letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from sim.outcomes import OUTCOMES
from sim.view import style
from sim.view.hover import FONT, rgba
from sim.view.style import shorten, words

Figure = dict[str, Any]
CONFIG: Mapping[str, Any] = {"displayModeBar": False, "responsive": True, "showTips": False}
NO_TA = "#7A7A7A"
OTHERS: tuple[tuple[str, str], ...] = (
    (style.VERMILLION, "dash"), (style.GREEN, "dashdot"), ("#A8528A", "longdash"),
    ("#9A6A00", "longdashdot"), ("#5B5FC7", "3px,2px"),
)  # fmt: skip
"""Colour and dashes of plans kept for comparison. Each stands out from white at least 3 to 1, and
none is told from the others by its colour alone."""


class BandLike(Protocol):
    """One outcome over the weeks: each (weeks,) float64."""

    @property
    def middle(self) -> np.ndarray: ...
    @property
    def low(self) -> np.ndarray: ...
    @property
    def high(self) -> np.ndarray: ...
    @property
    def luck_low(self) -> np.ndarray: ...
    @property
    def luck_high(self) -> np.ndarray: ...


def layout(**more: Any) -> dict[str, Any]:
    """The common look: no frame, faint lines, room for small screens."""
    axis = {
        "showline": False, "zeroline": False, "fixedrange": True, "gridcolor": "#D9D9D9",
        "ticks": "", "automargin": True,
    }  # fmt: skip
    base: dict[str, Any] = {
        "font": {"family": FONT, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 34, "r": 8, "t": 6, "b": 30},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }
    for name, value in more.items():
        if isinstance(value, Mapping) and name in base:
            base[name] = {**base[name], **value}
        else:
            base[name] = value
    return base


def _rounded(values: np.ndarray) -> list[float | None]:
    """Four digits are more than a screen shows, and a third of the letters."""
    return [None if np.isnan(v) else round(float(v), 4) for v in values]


def _area(weeks: list[int], low: np.ndarray, high: np.ndarray, colour: str, name: str) -> Figure:
    """A band as one closed shape; it takes no part in hovering."""
    return {
        "type": "scatter", "mode": "lines", "name": name, "hoverinfo": "skip",
        "x": [*weeks, *weeks[::-1]], "y": [*_rounded(high), *_rounded(low)[::-1]],
        "fill": "toself", "fillcolor": colour, "line": {"width": 0},
    }  # fmt: skip


def _line(weeks: list[int], values: np.ndarray, name: str, colour: str, **line: Any) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": weeks, "y": _rounded(values),
        "line": {"color": colour, "width": 2.5, **line}, "hovertemplate": "%{y:.2f}",
    }  # fmt: skip


def limits(*bands: BandLike, least: float = 0.3) -> tuple[float, float]:
    """Common limits of the y axis: round numbers around the bands, at least ``least`` apart."""
    low = min(float(np.nanmin(band.low)) for band in bands)
    high = max(float(np.nanmax(band.high)) for band in bands)
    extra = max(0.0, least - (high - low)) / 2
    low, high = max(0.0, low - extra - 0.02), min(1.0, high + extra + 0.02)
    return float(np.floor(low * 10) / 10), float(np.ceil(high * 10) / 10)


def trajectory(
    outcome: str,
    weeks: Sequence[int],
    with_ta: BandLike,
    without: BandLike,
    end: int,
    others: Sequence[tuple[str, Sequence[int], np.ndarray]] = (),
) -> Figure:
    """One outcome over the weeks, with TA against no TA, with both bands.

    Args:
        outcome: a name of :data:`sim.outcomes.OUTCOMES`.
        weeks: (weeks,) the weeks drawn.
        end: last week of TA, marked when it is before the last week.
        others: (label, weeks, middle) of plans kept for comparison, up to five.
    """
    x = [int(week) for week in weeks]
    last = max(x[-1], *(int(w[-1]) for _, w, _ in others)) if others else x[-1]
    low, high = limits(with_ta, without)
    blue = style.WITH_TA
    data = [
        _area(x, without.low, without.high, rgba(NO_TA, 0.14), "no TA, 90 %"),
        _area(x, with_ta.low, with_ta.high, rgba(blue, 0.16), "with TA, 90 %"),
        _area(x, with_ta.luck_low, with_ta.luck_high, rgba(blue, 0.30), "luck alone, 90 %"),
        _line(x, without.middle, "no TA", NO_TA, dash="dot", width=2),
        _line(x, with_ta.middle, "with TA", blue),
    ]
    for (label, at, middle), (colour, dash) in zip(others, OTHERS, strict=False):
        data.append(
            _line([int(w) for w in at], middle, shorten(label, 24), colour, width=1.8, dash=dash)
        )
    shapes = []
    if end < last:
        shapes.append({
            "type": "line", "x0": end, "x1": end, "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": NO_TA, "width": 1, "dash": "dot"},
        })  # fmt: skip
    step = next((s for s in (4, 13, 26, 52, 104, 260) if last / s <= 4), 520)
    return {
        "data": data,
        "layout": layout(
            shapes=shapes,
            xaxis={
                "range": [0, last], "tickvals": list(range(0, last + 1, step)),
                "showgrid": False, "title": {"text": "week", "standoff": 4}, "hoverformat": "d",
            },
            yaxis={"range": [low, high], "nticks": 5, "tickformat": ".1f"},
            meta=f"{words(outcome)} ({OUTCOMES[outcome].unit})",
        ),
        "config": dict(CONFIG),
    }  # fmt: skip


def dosage_map(
    outcome: str,
    contacts_a_month: Sequence[float],
    hours: Sequence[float],
    level: np.ndarray,
    chance: np.ndarray,
    cost: np.ndarray,
    target: float,
    here: tuple[float, float] | None = None,
    *,
    sure: float = 0.8,
    best: tuple[float, float] | None = None,
) -> Figure:
    """How far an outcome gets over how often x how long, with the lines of a target.

    Args:
        contacts_a_month: (columns,), hours: (rows,) of the grid, ascending.
        level, chance, cost: (rows, columns): mean level, share of runs that reach the target, mean
            cost.
        target: the level whose contour is drawn.
        here: (contacts a month, hours) of the plan on the sliders, marked when given.
        sure: a dashed line where this share of runs reaches the target.
        best: (contacts a month, hours) of the cheapest that is sure enough, marked when given.
    """
    xs = [f"{x:.2g}" for x in contacts_a_month]
    ys = [f"{y:g}" for y in hours]
    places = list(range(len(xs)))
    rows = list(range(len(ys)))
    text = np.dstack([np.asarray(chance) * 100, np.asarray(cost)]).tolist()

    def line(grid: np.ndarray, at: float, name: str, **look: Any) -> Figure:
        return {
            "type": "contour", "x": places, "y": rows, "z": np.round(grid, 4).tolist(),
            "showscale": False, "hoverinfo": "skip", "name": name,
            "contours": {"start": at, "end": at, "size": 1, "coloring": "none"}, "line": look,
        }  # fmt: skip

    def mark(at: tuple[float, float], words_: str, **look: Any) -> Figure:
        return {
            "type": "scatter", "mode": "markers", "marker": look,
            "x": [float(np.interp(at[0], contacts_a_month, places))],
            "y": [float(np.interp(at[1], hours, rows))],
            "hovertemplate": f"{words_}<extra></extra>",
        }  # fmt: skip

    data: list[Figure] = [
        {
            "type": "heatmap",
            "x": places,
            "y": rows,
            "z": np.round(level, 4).tolist(),
            "customdata": text,
            "colorscale": _SCALE,
            "xgap": 2,
            "ygap": 2,
            "colorbar": {"thickness": 12, "outlinewidth": 0, "tickformat": ".2f", "len": 1.0},
            "hovertemplate": (
                f"{words(outcome)} %{{z:.2f}}<br>reaches {target:.2f} in %{{customdata[0]:.0f}} % "
                "of runs<br>cost %{customdata[1]:,.0f}<extra></extra>"
            ),
        },
        line(level, target, "target", color="#FFFFFF", width=5),
        line(level, target, "target", color=style.VERMILLION, width=2.5),
        line(chance, sure, "sure", color="#FFFFFF", width=4.5),
        line(chance, sure, "sure", color=style.INK, width=2, dash="dash"),
    ]
    if here is not None:
        data.append(
            mark(here, "main series of the plan", size=13, symbol="circle", color="#FFFFFF",
                 line={"color": style.INK, "width": 3})
        )  # fmt: skip
    if best is not None:
        data.append(
            mark(best, "cheapest that is sure enough", size=17, symbol="star", color="#FFD23F",
                 line={"color": style.INK, "width": 1.5})
        )  # fmt: skip
    return {
        "data": data,
        "layout": layout(
            hovermode="closest",
            margin={"l": 48, "r": 8, "t": 6, "b": 42},
            xaxis={"tickvals": places, "ticktext": xs, "showgrid": False,
                   "title": {"text": "contacts a month", "standoff": 6}},
            yaxis={"tickvals": rows, "ticktext": ys, "showgrid": False,
                   "title": {"text": "hours a contact", "standoff": 6}},
        ),
        "config": dict(CONFIG),
    }  # fmt: skip


_SCALE = [
    [0.0, "#F1F6FA"], [0.25, "#B9D7EA"], [0.5, "#6FB1D6"], [0.75, "#2A86BE"], [1.0, "#00507D"]
]  # fmt: skip
"""One hue, light to dark: it reads in grey and with every kind of colour vision."""
