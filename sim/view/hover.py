"""Figures to hover over: one function a figure, each returns a Plotly ``Figure`` of one panel.

The report and the page use the same ones. A figure has no title of its own (the page around it has
headings and captions), a transparent background and the colours of :mod:`sim.view.style`; whoever
shows it may exchange colours for a dark background.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sim.view import style

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
HEIGHT = 300
MODE_MARKS: Mapping[str, tuple[str, str, str]] = {
    "onsite": ("square", style.BLUE, "visit on site"),
    "video": ("circle", style.ORANGE, "video call"),
    "phone": ("triangle-up", style.GREEN, "phone call"),
    "email": ("diamond", style.PURPLE, "e-mail"),
}
HEAT = [[0.0, "#F7FBFF"], [0.25, "#C6DBEF"], [0.5, "#6BAED6"], [0.75, "#2171B5"], [1.0, "#08306B"]]
"""From light to dark blue: ordered in grey too."""


def rgba(colour: str, alpha: float) -> str:
    """A colour with transparency.

    >>> rgba("#0072B2", 0.16)
    'rgba(0,114,178,0.16)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def colour_of(place: int) -> str:
    """Colour of the series in this place."""
    return style.PALETTE[place % len(style.PALETTE)]


def _figure(traces: Sequence[Any], height: int = HEIGHT, **layout: Any) -> go.Figure:
    """A figure in the common look."""
    axis = {
        "gridcolor": style.FAINT,
        "zeroline": False,
        "linecolor": style.MUTED,
        "ticks": "outside",
        "tickcolor": style.MUTED,
        "automargin": True,
        "title": {"standoff": 8},
    }
    made = go.Figure(data=list(traces))
    made.update_layout(
        template="none",
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": style.INK},
        margin={"l": 8, "r": 12, "t": 12, "b": 8},
        showlegend=False,
        hoverlabel={"font": {"family": FONT, "size": 13}},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis=axis,
        yaxis=axis,
        dragmode=False,
    )
    made.update_layout(**layout)
    return made


def over_weeks(
    series: Mapping[str, pd.DataFrame],
    unit: str,
    *,
    marks: Mapping[int, str] | None = None,
    bands: Sequence[str] | None = None,
    colours: Mapping[str, str] | None = None,
    dashed: Sequence[str] = (),
    whole: tuple[float, float] | None = None,
) -> go.Figure:
    """Lines over the weeks with their 90 % bands.

    Args:
        series: label -> rows with week, mean, p05, p95.
        unit: of the upright axis.
        marks: week -> what happens there.
        bands: labels that get a band; left out: all.
        colours: label -> colour; left out: those of the palette, in order.
        dashed: labels drawn dashed.
        whole: ends of the upright axis; left out: as the values need.
    """
    traces: list[Any] = []
    for place, (label, rows) in enumerate(series.items()):
        colour = (colours or {}).get(label, colour_of(place))
        rows = rows.sort_values("week")
        if bands is None or label in bands:
            traces.append(_band(rows, colour))
        traces.append(
            go.Scatter(
                x=rows["week"].tolist(),
                y=rows["mean"].tolist(),
                name=label,
                mode="lines",
                line={
                    "color": colour,
                    "width": 2.2,
                    "dash": "dash" if label in dashed else "solid",
                },
                customdata=rows[["p05", "p95"]].to_numpy().tolist(),
                hovertemplate=f"{label}<br>week %{{x}}: %{{y:.3f}}<br>90 %: "
                f"%{{customdata[0]:.3f}} to "
                "%{customdata[1]:.3f}<extra></extra>",
            )
        )
    made = _figure(traces)
    made.update_xaxes(title_text="week", showgrid=False)
    made.update_yaxes(title_text=unit, range=whole)
    for week, text in (marks or {}).items():
        made.add_vline(x=week, line={"color": style.MUTED, "width": 1, "dash": "dot"})
        made.add_annotation(
            x=week,
            y=1,
            yref="paper",
            text=text,
            showarrow=False,
            xanchor="right",
            yanchor="top",
            font={"size": 11, "color": style.MUTED},
        )
    return made


def _band(rows: pd.DataFrame, colour: str) -> Any:
    """The area between p05 and p95; gaps where a value is empty are closed."""
    known = rows.dropna(subset=["p05", "p95"])
    weeks = known["week"].tolist()
    return go.Scatter(
        x=weeks + weeks[::-1],
        y=known["p95"].tolist() + known["p05"].tolist()[::-1],
        fill="toself",
        fillcolor=rgba(colour, style.BAND_90),
        line={"width": 0},
        hoverinfo="skip",
        mode="lines",
        showlegend=False,
    )


def intervals(
    labels: Sequence[str],
    means: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    unit: str,
    *,
    zero: bool = True,
    colours: Sequence[str] | None = None,
) -> go.Figure:
    """Points with intervals, a line each, the first on top.

    Args:
        zero: draw a line at 0.
    """
    made = _figure(
        [
            go.Scatter(
                x=list(means),
                y=list(labels),
                mode="markers",
                marker={"size": 9, "color": list(colours) if colours else style.BLUE},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "thickness": 1.6,
                    "width": 4,
                    "array": [h - m for m, h in zip(means, highs, strict=True)],
                    "arrayminus": [m - x for m, x in zip(means, lows, strict=True)],
                    "color": style.BLUE,
                },
                customdata=[list(pair) for pair in zip(lows, highs, strict=True)],
                hovertemplate="%{y}: %{x:.3f}<br>%{customdata[0]:.3f} to %{customdata[1]:.3f}"
                "<extra></extra>",
            )
        ],
        height=70 + 34 * max(2, len(labels)),
    )
    made.update_xaxes(title_text=unit)
    made.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    if zero:
        made.add_vline(x=0, line={"color": style.MUTED, "width": 1})
    return made


def bars(labels: Sequence[str], values: Sequence[float], unit: str) -> go.Figure:
    """Bars lying on their side, the first on top; negative ones in another colour."""
    made = _figure(
        [
            go.Bar(
                x=list(values),
                y=list(labels),
                orientation="h",
                marker={"color": [style.BLUE if v >= 0 else style.VERMILLION for v in values]},
                hovertemplate="%{y}: %{x:.3f}<extra></extra>",
            )
        ],
        height=70 + 26 * max(2, len(labels)),
        bargap=0.35,
    )
    made.update_xaxes(title_text=unit)
    made.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    made.add_vline(x=0, line={"color": style.MUTED, "width": 1})
    return made


def stacked(labels: Sequence[str], parts: Mapping[str, Sequence[float]], unit: str) -> go.Figure:
    """Bars of several parts: part -> a value for each label."""
    made = _figure(
        [
            go.Bar(
                x=list(values),
                y=list(labels),
                orientation="h",
                name=name,
                marker={"color": colour_of(place)},
                hovertemplate=f"%{{y}}, {name}: %{{x:,.0f}}<extra></extra>",
            )
            for place, (name, values) in enumerate(parts.items())
        ],
        height=90 + 44 * max(1, len(labels)),
        barmode="stack",
        bargap=0.4,
        showlegend=True,
        margin={"l": 8, "r": 12, "t": 30, "b": 8},
    )
    made.update_xaxes(title_text=unit)
    made.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return made


def heat(
    table: pd.DataFrame,
    x: str,
    y: str,
    value: str,
    labels: tuple[str, str, str],
    *,
    sure: str = "",
    at: float = 0.8,
    own: tuple[float, float] | None = None,
) -> go.Figure:
    """A map of one value over two settings.

    Args:
        table: rows with the columns x, y, value (NaN: empty cell), one a cell.
        labels: of x, y and value, with units.
        sure: column with the probability of meeting the target; a line is drawn where it is ``at``.
        own: (x, y) of the scenario as it stands, marked.
    """
    grid = table.pivot_table(index=y, columns=x, values=value, dropna=False).sort_index()
    xs, ys = [f"{v:g}" for v in grid.columns], [f"{v:g}" for v in grid.index]
    chance = None
    if sure and table[sure].notna().any():
        chance = table.pivot_table(index=y, columns=x, values=sure, dropna=False).sort_index()
    text = [
        [
            "" if chance is None or math.isnan(p) else f"<br>target met in {100 * p:.0f} % of runs"
            for p in row
        ]
        for row in (chance if chance is not None else grid).to_numpy()
    ]
    traces: list[Any] = [
        go.Heatmap(
            x=xs,
            y=ys,
            z=grid.to_numpy().tolist(),
            colorscale=HEAT,
            text=text,
            hoverongaps=False,
            colorbar={"title": {"text": "", "side": "right"}, "thickness": 12, "outlinewidth": 0},
            hovertemplate=f"{labels[0]} %{{x}}<br>{labels[1]} %{{y}}<br>{labels[2]} "
            f"%{{z:.3f}}%{{text}}<extra></extra>",
        )
    ]
    if chance is not None and (chance >= at).to_numpy().any():
        traces.append(
            go.Contour(
                x=xs,
                y=ys,
                z=chance.to_numpy().tolist(),
                showscale=False,
                hoverinfo="skip",
                contours={"type": "constraint", "operation": ">=", "value": at},
                fillcolor="rgba(0,0,0,0)",
                line={"color": style.VERMILLION, "width": 2.5},
            )
        )
    made = _figure(traces, height=380)
    made.update_xaxes(title_text=labels[0], type="category", showgrid=False)
    made.update_yaxes(title_text=labels[1], type="category", showgrid=False)
    return made


def front(
    searched: pd.DataFrame,
    plans: pd.DataFrame,
    key: str,
    spend: str,
    label: str,
    budget: float | None,
) -> go.Figure:
    """What is spent against an outcome: every plan of a search, and the front on fresh runs.

    Args:
        searched, plans: tables of a plan study.
        key: column of the outcome.
        spend, label: what is spent and the outcome, in words.
        budget: a line there; None: none.
    """
    best = plans[plans["on_front"]].sort_values("spend")
    chosen = plans[plans["roles"] != ""]
    traces = [
        go.Scatter(
            x=searched["spend"].tolist(),
            y=searched[key].tolist(),
            mode="markers",
            name="searched",
            marker={"size": 5, "color": rgba(style.MUTED, 0.35)},
            hovertemplate="searched: %{x:,.0f}, %{y:.3f}<extra></extra>",
        ),
        go.Scatter(
            x=best["spend"].tolist(),
            y=best[key].tolist(),
            mode="lines+markers",
            name="front",
            line={"color": style.BLUE, "width": 2},
            marker={"size": 7},
            error_y={
                "type": "data",
                "symmetric": False,
                "thickness": 1.2,
                "width": 0,
                "array": (best[f"{key}_high"] - best[key]).tolist(),
                "arrayminus": (best[key] - best[f"{key}_low"]).tolist(),
            },
            text=[style.words(name) for name in best["plan"]],
            hovertemplate="%{text}: %{x:,.0f}<br>%{y:.3f}<extra></extra>",
        ),
        go.Scatter(
            x=chosen["spend"].tolist(),
            y=chosen[key].tolist(),
            mode="markers",
            name="chosen",
            marker={
                "size": 15,
                "color": "rgba(0,0,0,0)",
                "line": {"color": style.VERMILLION, "width": 2},
            },
            text=[
                f"{style.words(n)}: {r}"
                for n, r in zip(chosen["plan"], chosen["roles"], strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        ),
    ]
    made = _figure(traces, height=400, showlegend=True, margin={"l": 8, "r": 12, "t": 30, "b": 8})
    made.update_xaxes(title_text=spend, tickformat=",.0f", showgrid=False)
    made.update_yaxes(title_text=label)
    if budget is not None and budget <= 1.15 * float(searched["spend"].max()):
        made.add_vline(
            x=budget,
            line={"color": style.VERMILLION, "width": 1.2},
            annotation={
                "text": "budget",
                "font": {"color": style.VERMILLION},
                "xanchor": "right",
                "y": 0.06,
            },
        )
    return made


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts region_10 after region_9."""
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)]


def contacts(calendar: pd.DataFrame) -> go.Figure:
    """A calendar: each contact a mark, by week and region; the area of a mark is its hours."""
    regions = sorted(set(calendar["region"]), key=_natural)
    most = max(float(calendar["hours"].max()), 1e-9)
    traces = []
    for mode, rows in calendar.groupby("mode", sort=False):
        symbol, colour, words = MODE_MARKS[str(mode)]
        when = rows["week_begins"] if "week_begins" in rows else pd.Series([""] * len(rows))
        traces.append(
            go.Scatter(
                x=rows["week"].tolist(),
                y=[style.words(name) for name in rows["region"]],
                mode="markers",
                name=words,
                marker={
                    "symbol": symbol,
                    "color": colour,
                    "size": [5 + 9 * math.sqrt(h / most) for h in rows["hours"]],
                },
                customdata=list(zip(rows["hours"].tolist(), when.tolist(), strict=True)),
                hovertemplate=f"%{{y}}, week %{{x}} %{{customdata[1]}}<br>{words}, "
                "%{customdata[0]:.2f} h<extra></extra>",
            )
        )
    made = _figure(
        traces,
        height=110 + 30 * len(regions),
        showlegend=True,
        margin={"l": 8, "r": 12, "t": 30, "b": 8},
    )
    made.update_xaxes(title_text="week", rangemode="tozero")
    made.update_yaxes(
        ticks="",
        type="category",
        autorange="reversed",
        categoryorder="array",
        categoryarray=[style.words(name) for name in regions],
    )
    return made
