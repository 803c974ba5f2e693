"""The report of ``codose run``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from sim.outcomes import HEADLINES, OUTCOMES
from sim.parameters import TABLE
from sim.results import Runs
from sim.view import hover, style
from sim.view._report_parts import Content, Group, Hover, Table

COSTS = (
    "contacts_planned",
    "contacts_held",
    "contact_hours",
    "preparation_hours",
    "travel_hours",
    "provider_hours",
    "staff_hours",
    "cost",
)
ARMS = (
    ("with_ta", "with TA", style.WITH_TA, False),
    ("without_ta", "without TA", style.WITHOUT_TA, True),
)
_WEAKEST = {"assumption": 0, "C": 1, "B": 2, "A": 3, "definition": 4}


def fill(content: Content, folder: Path, manifest: dict[str, Any]) -> None:
    """Figures, tables and words of the runs of one scenario."""
    runs = Runs.load(folder)
    summary = runs.summary()
    content.answer = answer(runs, summary)
    content.details = details(runs)
    weeks = runs.weeks()
    content.figures = [_headlines(runs, weeks), _regions(runs, weeks), _calendar(runs)]
    content.figures = [group for group in content.figures if group.figures]
    content.tables = [_summary_table(summary, runs.scenario.has_ta)]
    content.costs = [_cost_table(summary)]
    prices = runs.scenario.costs
    content.cost_note = (
        f"At {prices.provider_hour:g} a provider hour, {prices.staff_hour:g} a staff hour and "
        f"{prices.travel_visit:g} a visit, to the horizon."
    )
    content.assumption_note = (
        f"It rests on {len(runs.parameter_sets)} {runs.plausible}. Bands hold luck and what these "
        "sets leave open."
        if runs.plausible
        else "These runs differ in luck only (other people, other dice): their bands do not show "
        "what is not known about the parameters."
    ) + (
        " The parameters below are the ones that are not known well, the weakest evidence first; "
        "codose compare and codose sensitivity show which of them carry a result."
    )


def answer(runs: Runs, summary: pd.DataFrame) -> str:
    """Two sentences: capacity, and what lasts."""
    look = summary.set_index(["outcome", "point"])

    def value(outcome: str, point: str, column: str) -> float:
        try:
            return float(look.at[(outcome, point), column])  # type: ignore[arg-type]
        except KeyError:
            return math.nan

    name = "capacity"
    end = [value(name, "end_of_ta", c) for c in ("mean", "p05", "p95")]
    if not runs.scenario.has_ta:
        return (
            f"Without TA {name} is {end[0]:.2f} at the horizon (90 % of runs {end[1]:.2f} to "
            f"{end[2]:.2f}); it began at {value(name, 'start', 'mean'):.2f}."
        )
    effect = [value(name, "end_of_ta", f"effect_{c}") for c in ("mean", "p05", "p95")]
    text = (
        f"At the end of TA (week {runs.scenario.end_of_ta}) {name} is {end[0]:.2f}, against "
        f"{end[0] - effect[0]:.2f} for the same people and luck without TA: an effect of "
        f"{effect[0]:+.2f} (90 % of runs {effect[1]:+.2f} to {effect[2]:+.2f})."
    )
    later = value(name, "year_after", "effect_mean")
    if math.isfinite(later) and effect[0] > 0:
        left = 100 * max(0.0, later) / effect[0]
        text += f" A year later {left:.0f} % of this effect is still there."
    return text


def details(runs: Runs) -> list[str]:
    """What was run."""
    scenario = runs.scenario
    counted = len(runs) - len(runs.failures)
    return [
        f"{counted:,} runs of {len(scenario.region_names)} regions with "
        f"{sum(scenario.staff_counts):,} staff and {scenario.providers.count} providers over "
        f"{scenario.horizon_weeks} weeks, each with TA and without."
    ]


def _headlines(runs: Runs, weeks: pd.DataFrame) -> Group:
    rows = weeks[weeks["region"] == "overall"]
    end = runs.scenario.end_of_ta
    marks = {end: "TA ends"} if runs.scenario.has_ta and end < runs.scenario.horizon_weeks else {}
    present = [arm for arm in ARMS if (rows["arm"] == arm[0]).any()]
    figures = []
    whole = common_range(rows[rows["outcome"].isin(HEADLINES)])
    for name in HEADLINES:
        series = {
            label: rows[(rows["arm"] == arm) & (rows["outcome"] == name)]
            for arm, label, _, _ in present
        }
        figures.append(
            Hover(
                hover.over_weeks(
                    series,
                    OUTCOMES[name].unit,
                    marks=marks,
                    whole=whole,
                    colours={label: colour for _, label, colour, _ in present},
                    dashed=[label for _, label, _, dashed in present if dashed],
                ),
                style.words(name),
                f"{style.words(name)} by week, with 90 % of runs as a band. "
                + ", ".join(f"{label}: {_ends(one)}" for label, one in series.items()),
            )
        )
    return Group(
        "Week by week",
        "Lines: means over runs. Bands: nine in ten runs, which is "
        + ("luck and parameters together." if runs.plausible else "luck alone."),
        figures,
        [(label, colour, dashed) for _, label, colour, dashed in present],
    )


def common_range(rows: pd.DataFrame) -> tuple[float, float]:
    """Ends in tenths for outcomes on 0-1, the same for all, so that figures compare."""
    low, high = float(rows["p05"].min()), float(rows["p95"].max())
    return max(0.0, math.floor(low * 10) / 10), min(1.0, math.ceil(high * 10) / 10)


def _ends(rows: pd.DataFrame) -> str:
    known = rows.sort_values("week")["mean"].dropna()
    return f"from {known.iloc[0]:.2f} to {known.iloc[-1]:.2f}" if len(known) else "no value"


def _regions(runs: Runs, weeks: pd.DataFrame) -> Group:
    """Each region by itself, when there are few enough to tell apart."""
    names = runs.scenario.region_names
    if not 1 < len(names) <= len(style.PALETTE):
        return Group("", "", [])
    rows = weeks[weeks["arm"] == ARMS[0][0]]
    figures = []
    for outcome in ("trust", "knowledge", "integration"):
        series = {
            style.words(name): rows[(rows["region"] == name) & (rows["outcome"] == outcome)]
            for name in names
        }
        figures.append(
            Hover(
                hover.over_weeks(series, OUTCOMES[outcome].unit, bands=()),
                style.words(outcome),
                f"{style.words(outcome)} by week, a line a region. "
                + ", ".join(f"{label}: {_ends(one)}" for label, one in series.items()),
            )
        )
    legend = [(style.words(name), hover.colour_of(i), False) for i, name in enumerate(names)]
    return Group("Region by region", "Means over runs, with TA.", figures, legend)


def _calendar(runs: Runs) -> Group:
    from sim.study.calendar_file import calendar_table

    table = calendar_table(runs.scenario)
    if not len(table):
        return Group("", "", [])
    return Group(
        "The planned contacts",
        "The area of a mark is its hours.",
        [Hover(hover.contacts(table), "", f"Calendar of {len(table)} planned contacts")],
    )


def _summary_table(summary: pd.DataFrame, has_ta: bool) -> Table:
    rows = summary[summary["outcome"].isin(HEADLINES) & (summary["point"] != "horizon")]
    columns = ["outcome", "point", "mean", "p05", "p95"]
    if has_ta:
        columns += ["no_ta_mean", "effect_mean", "effect_p05", "effect_p95"]
    heads = {
        "no_ta_mean": "without TA",
        "effect_mean": "effect",
        "p05": "5 %",
        "p95": "95 %",
        "effect_p05": "effect 5 %",
        "effect_p95": "effect 95 %",
        "point": "when",
    }
    return Table(
        "summary",
        rows[columns],
        "Outcomes",
        "All regions. 5 % and 95 %: nine in ten runs lie between. Persistence is the change "
        "in the year after TA.",
        heads,
    )


def _cost_table(summary: pd.DataFrame) -> Table:
    rows = summary[summary["outcome"].isin(COSTS) & (summary["point"] == "horizon")]
    return Table(
        "summary",
        rows[["outcome", "unit", "mean", "p05", "p95"]],
        "What it takes",
        "",
        {"outcome": "item", "p05": "5 %", "p95": "95 %"},
    )


def not_known_well() -> Table:
    """The free and uncertain parameters, the weakest evidence first."""
    rows = [row for row in TABLE.values() if row.role in ("free", "uncertain")]
    rows.sort(key=lambda row: _WEAKEST[row.grade])
    frame = pd.DataFrame(
        {
            "parameter": [row.name for row in rows],
            "meaning": [row.meaning for row in rows],
            "default": [row.default for row in rows],
            "low": [row.low for row in rows],
            "high": [row.high for row in rows],
            "grade": [row.grade for row in rows],
        }
    )
    return Table("parameters", frame, "Parameters that are not known well", own_digits=True)
