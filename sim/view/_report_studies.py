"""Reports of comparisons, surfaces and sensitivity studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sim import _folder
from sim.outcomes import OUTCOMES
from sim.view import hover, style
from sim.view._report_parts import Content, Group, Hover, Table, words
from sim.view._report_runs import common_range

CARRIERS = 8
"""Parameters that are shown as carrying a result."""
SHOWN_ROWS = 40


def read(folder: Path, name: str) -> pd.DataFrame | None:
    """A table of the folder; None when it is not there."""
    path = folder / f"{name}.parquet"
    return _folder.read_table(path) if path.is_file() else None


def unit(outcome: str) -> str:
    """Unit of an outcome; empty for what is none."""
    return OUTCOMES[outcome].unit if outcome in OUTCOMES else ""


# --- compare -------------------------------------------------------------------------------------


def compare(content: Content, folder: Path, manifest: dict[str, Any]) -> None:
    """Bands, differences with intervals, efforts, drivers."""
    labels = [one["label"] for one in manifest.get("scenarios", ())]
    differences, levels = read(folder, "differences"), read(folder, "levels")
    weeks, costs = read(folder, "weeks"), read(folder, "costs")
    for one in manifest.get("differs", ()):
        values = "; ".join(
            f"{label}: {value}" for label, value in zip(labels, one["values"], strict=False)
        )
        content.details.append(f"They differ in {one['field']} ({values}).")
    if weeks is not None:
        content.figures.append(_bands(weeks, labels, manifest))
    if differences is not None:
        content.figures.append(_difference_figures(differences))
        content.tables.append(_difference_table(differences))
    if levels is not None:
        columns = [
            "scenario",
            "point",
            "outcome",
            "mean",
            "p05",
            "p95",
            "gain_mean",
            "gain_p05",
            "gain_p95",
            "luck_share",
        ]
        content.tables.append(
            Table(
                "levels",
                levels[columns],
                "Each scenario by itself",
                "5 % and 95 %: nine in ten runs, luck and parameters together. Gain: against no "
                "TA. Luck: its share in the variance of a single run; the rest is what is not "
                "known.",
                {
                    "p05": "5 %",
                    "p95": "95 %",
                    "gain_mean": "gain",
                    "gain_p05": "gain 5 %",
                    "gain_p95": "gain 95 %",
                    "point": "when",
                    "luck_share": "luck",
                },
            )
        )
    if costs is not None:
        _efforts(content, folder, costs, labels)
    content.assumptions = carriers(read(folder, "drivers"), manifest)


def _bands(weeks: pd.DataFrame, labels: list[str], manifest: dict[str, Any]) -> Group:
    rows = weeks[weeks["kind"] == "level"] if "kind" in weeks else weeks
    figures = []
    asked = [name for name in manifest.get("outcomes", ()) if name in OUTCOMES]
    shares = [name for name in asked if OUTCOMES[name].high == 1.0]
    whole = common_range(rows[rows["outcome"].isin(shares)]) if shares else None
    for outcome in asked:
        series = {
            label: rows[(rows["scenario"] == label) & (rows["outcome"] == outcome)]
            for label in labels
        }
        ends = ", ".join(
            f"{label} ends at {one.sort_values('week')['mean'].iloc[-1]:.2f}"
            for label, one in series.items()
            if len(one)
        )
        figures.append(
            Hover(
                hover.over_weeks(series, unit(outcome), whole=whole if outcome in shares else None),
                style.words(outcome),
                f"{style.words(outcome)} by week: {ends}",
            )
        )
    legend = [(style.words(label), hover.colour_of(i), False) for i, label in enumerate(labels)]
    return Group(
        "Week by week",
        "Bands: nine in ten runs, luck and parameters together. They may overlap where the "
        "difference is sure, because scenarios are compared run by run.",
        figures,
        legend,
    )


def _difference_figures(frame: pd.DataFrame) -> Group:
    figures = []
    shares = frame[[unit(name) != "money" for name in frame["outcome"]]]
    for (other, point), rows in shares.groupby(["b", "point"], sort=False):
        names = [style.words(name) for name in rows["outcome"]]
        when = words(str(point))
        told = ", ".join(
            f"{word} {mean:+.3f}" for word, mean in zip(names, rows["mean"], strict=True)
        )
        figures.append(
            Hover(
                hover.intervals(
                    names,
                    rows["mean"].tolist(),
                    rows["low"].tolist(),
                    rows["high"].tolist(),
                    "difference",
                ),
                f"{style.words(str(other))} minus {style.words(str(rows['a'].iloc[0]))}, {when}",
                f"Differences with 90 % intervals: {told}",
            )
        )
    return Group(
        "What differs", "Bars: nine in ten plausible parameter sets, luck averaged out.", figures
    )


def _difference_table(frame: pd.DataFrame) -> Table:
    columns = [
        "outcome",
        "b",
        "point",
        "mean_a",
        "mean_b",
        "mean",
        "low",
        "high",
        "p_beats",
        "mean_low",
        "mean_high",
        "unpaired_low",
        "unpaired_high",
        "pairing",
        "luck_share",
        "settled",
        "sets_needed",
    ]
    heads = {
        "b": "scenario",
        "mean_a": str(frame["a"].iloc[0]).replace("_", " "),
        "mean_b": "this scenario",
        "mean": "difference",
        "low": "90 % of sets from",
        "high": "to",
        "p_beats": "higher in",
        "mean_low": "mean from",
        "mean_high": "to",
        "unpaired_low": "unpaired from",
        "unpaired_high": "to",
        "pairing": "pairing worth",
        "luck_share": "luck",
        "point": "when",
        "sets_needed": "sets needed",
    }
    return Table(
        "differences",
        frame[columns],
        "Differences",
        "90 % of sets: the difference itself, luck averaged out. Mean from ... to: 90 % "
        "confidence interval of its mean; unpaired: the same, had each scenario been run on sets "
        "and luck of its own. Higher in: share of plausible sets. Pairing worth: so many times "
        "as many unpaired runs.",
        heads,
    )


def _efforts(content: Content, folder: Path, costs: pd.DataFrame, labels: list[str]) -> None:
    content.costs.append(
        Table(
            "costs",
            costs[["scenario", "item", "unit", "mean", "p05", "p95", "per_region_week"]],
            "What each takes",
            "To the common horizon, at each scenario's own prices.",
            {"p05": "5 %", "p95": "95 %", "per_region_week": "a region and week of TA"},
        )
    )
    means = costs.set_index(["scenario", "item"])["mean"]
    parts = {
        word: [float(means[(label, item)]) for label in labels]
        for item, word in (
            ("contact_hours", "in contact"),
            ("preparation_hours", "preparing"),
            ("travel_hours", "travelling"),
        )
    }
    told = "; ".join(
        f"{label}: " + ", ".join(f"{part} {values[i]:,.0f}" for part, values in parts.items())
        for i, label in enumerate(labels)
    )
    content.figures.append(
        Group(
            "What it takes",
            "Provider hours to the common horizon, means.",
            [
                Hover(
                    hover.stacked([style.words(x) for x in labels], parts, "provider hours"),
                    "",
                    told,
                )
            ],
        )
    )
    efficiency = read(folder, "efficiency")
    if efficiency is not None:
        content.costs.append(
            Table(
                "efficiency",
                efficiency,
                "What 100 provider hours bring",
                "Gain against no TA for 100 provider hours; 90 % of plausible sets between low "
                "and high.",
                {"per_100_hours": "for 100 hours"},
            )
        )


def carriers(drivers: pd.DataFrame | None, manifest: dict[str, Any]) -> list[Table]:
    """The parameters that a result goes with most, with their grades."""
    if drivers is None or not len(drivers):
        return []
    caption = (
        "Rank correlation (Spearman) over the plausible sets. Clear: luck would hardly ever give "
        "as much. What is graded 'assumption' was not measured anywhere."
    )
    if "outcome" not in drivers:
        return [Table("drivers", drivers.head(CARRIERS), "What the result goes with", caption)]
    outcomes = list(dict.fromkeys(drivers["outcome"]))
    head = "capacity" if "capacity" in outcomes else outcomes[0]
    found = []
    for (first, other), rows in drivers[drivers["outcome"] == head].groupby(["a", "b"], sort=False):
        columns = ["parameter", "meaning", "grade", "rho", "clear"]
        title = f"What the difference in {style.words(head)} goes with ({other} against {first})"
        found.append(Table("drivers", rows.head(CARRIERS)[columns], style.words(title), caption))
    return found


# --- surface -------------------------------------------------------------------------------------


def surface(content: Content, folder: Path, manifest: dict[str, Any]) -> None:
    """A map for each outcome; the cells of the budget, or the best ones, as a table."""
    frame = read(folder, "surface")
    if frame is None:
        return
    varied = [
        x
        for x in ("co_creation", "months", "mode", "sites")
        if x in frame and frame[x].nunique(dropna=True) > 1
    ]
    grid = frame[~frame["on_budget_line"].astype(bool)]
    slices: list[tuple[str, pd.DataFrame]] = [("", grid)]
    for name in varied:
        slices = [
            (f"{title}, {style.words(name)} {value}".strip(", "), part[part[name] == value])
            for title, part in slices
            for value in dict.fromkeys(part[name].dropna())
        ]
    figures = []
    for outcome in dict.fromkeys(frame["outcome"]):
        for title, part in slices:
            rows = part[part["outcome"] == outcome]
            if rows["mean"].notna().sum() == 0:
                continue
            best = rows.loc[rows["mean"].idxmax()]
            figures.append(
                Hover(
                    hover.heat(
                        rows,
                        "every_weeks",
                        "hours",
                        "mean",
                        ("weeks between contacts", "hours per contact", style.words(outcome)),
                        sure="p_target",
                        at=float(manifest.get("sure", 0.8)),
                    ),
                    f"{style.words(outcome)}{': ' if title else ''}{title}",
                    f"{style.words(outcome)} over frequency and hours; highest "
                    f"{best['mean']:.2f} with {best['hours']:g} h every {best['every_weeks']:g} "
                    f"weeks",
                )
            )
    sure = float(manifest.get("sure", 0.8))
    content.figures.append(
        Group(
            "Outcomes over frequency and hours",
            f"Mean at the end of TA. Within the orange line the target is met in {100 * sure:g} % "
            "of runs or more. Empty cells cost more than the budget.",
            figures,
        )
    )
    said = " ".join([content.answer, *content.details])
    if manifest.get("varied") and str(manifest["varied"])[:60] not in said:
        content.details.append(str(manifest["varied"]))
    _surface_tables(content, frame, varied)


def _surface_tables(content: Content, frame: pd.DataFrame, varied: list[str]) -> None:
    keys = ["every_weeks", "hours", *varied]
    line = frame[frame["on_budget_line"].astype(bool)]
    outcomes = list(dict.fromkeys(frame["outcome"]))
    head = "capacity" if "capacity" in outcomes else outcomes[0]
    rows = line[line["outcome"] == head]
    title, caption = "What the budget just pays for", f"{style.words(head)}, at each frequency."
    if not len(rows):
        rows = frame[frame["outcome"] == head].nlargest(15, "mean")
        title, caption = f"The highest {style.words(head)}", ""
    columns = [*keys, "mean", "p05", "p95", "gain_mean", "p_target"]
    heads = {
        "p05": "5 %",
        "p95": "95 %",
        "gain_mean": "gain against no TA",
        "p_target": "target met in",
        "every_weeks": "weeks between",
    }
    content.tables.append(Table("surface", rows[columns], title, caption, heads))
    content.costs.append(
        Table(
            "surface",
            rows[[*keys, "planned_provider_hours", "provider_hours", "staff_hours", "cost"]],
            "What these take",
            "Planned provider hours are a week of TA and region; the others are means "
            "over all regions to the end of TA.",
            {"planned_provider_hours": "planned provider hours", "every_weeks": "weeks between"},
        )
    )


# --- sensitivity ---------------------------------------------------------------------------------


def sensitivity(content: Content, folder: Path, manifest: dict[str, Any]) -> None:
    """Indices as points with intervals, one figure an outcome and index."""
    words_file = folder / "result.txt"
    if words_file.is_file() and not manifest.get("answer"):
        text = words_file.read_text(encoding="utf-8")
        paragraphs = [p.strip() for p in text.split("\n") if p.strip()]
        content.answer, content.details = (
            "\n".join(paragraphs[1:3]),
            [*paragraphs[:1], *paragraphs[3:]],
        )
    indices = read(folder, "indices")
    if indices is None:
        return
    figures = []
    plain = indices[indices["other"] == ""] if "other" in indices else indices
    keys = [name for name in ("outcome", "week", "method", "index") if name in plain]
    for key, rows in plain.groupby(keys, sort=False):
        rows = rows.sort_values("value", ascending=False).head(CARRIERS + 2)
        if not rows["value"].notna().any():
            continue
        labels = [style.words(str(name)) for name in rows["factor"]]
        said = ", ".join(words(str(part)) for part in key if str(part))
        told = ", ".join(f"{a} {b:.2f}" for a, b in zip(labels, rows["value"], strict=True))
        figures.append(
            Hover(
                hover.intervals(
                    labels,
                    rows["value"].tolist(),
                    rows["low"].tolist(),
                    rows["high"].tolist(),
                    "index",
                ),
                said,
                f"{said}: {told}",
            )
        )
    content.figures.append(
        Group(
            "What carries the outcomes",
            "Points: indices; bars: their intervals. The largest of each.",
            figures[:12],
        )
    )
    for name in ("indices", "noise"):
        frame = read(folder, name)
        if frame is not None:
            content.tables.append(
                Table(
                    name,
                    frame.head(SHOWN_ROWS),
                    style.words(name).capitalize(),
                    more=max(0, len(frame) - SHOWN_ROWS),
                )
            )
    factors = pd.DataFrame([f for f in manifest.get("factors", ()) if isinstance(f, dict)])
    if len(factors):
        content.assumptions = [Table("factors", factors, "What was varied, and how")]
