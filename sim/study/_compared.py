"""The tables of a comparison, and its result folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim import _folder
from sim.dosage import planned
from sim.outcomes import INDEX, OUTCOMES
from sim.parameters import TABLE
from sim.runs.folder import provenance
from sim.stats import components as spread
from sim.stats.drivers import drivers as rank_drivers
from sim.stats.intervals import band, quantiles
from sim.stats.verdicts import verdict
from sim.study import paired as statistics

if TYPE_CHECKING:
    from sim.study.comparison import Arm, Comparison
    from sim.study.plausible import PlausibleSets

COST_ITEMS: tuple[str, ...] = (
    "contacts_planned",
    "contacts_held",
    "contact_hours",
    "preparation_hours",
    "travel_hours",
    "provider_hours",
    "staff_hours",
    "cost",
)
PER_HOURS = 100.0
"""Provider hours that efficiency is given for."""
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}


def differences(found: Comparison) -> pd.DataFrame:
    """Each scenario against the first.

    Returns:
        A row a scenario (but the first), point and outcome. Columns: a, b (labels), point, week_a,
        week_b, outcome, unit, mean_a, mean_b, the fields of :class:`sim.study.paired.Paired`
        (mean ... sets), margin, n and runs (runs with a difference, of so many made), verdict
        (:func:`sim.stats.verdicts.verdict`). Intervals are 90 %.
    """
    first, rows = found.arms[0], []
    for other in found.arms[1:]:
        for point in found.points:
            for name in found.outcomes:
                a, b = found.of(first, name, point), found.of(other, name, point)
                margin = found.margin_of(name, point)
                gap = statistics.paired(a, b, margin)
                word = verdict(gap.mean, gap.mean_low, gap.mean_high, margin, OUTCOMES[name].better)
                rows.append(
                    {
                        "a": first.label,
                        "b": other.label,
                        "point": point,
                        "week_a": found.week(first, point),
                        "week_b": found.week(other, point),
                        "outcome": name,
                        "unit": OUTCOMES[name].unit,
                        "mean_a": spread.mean(a),
                        "mean_b": spread.mean(b),
                        **asdict(gap),
                        "margin": margin,
                        "n": int((~np.isnan(b - a)).sum()),
                        "runs": a.size,
                        "verdict": word,
                    }
                )
    return pd.DataFrame(rows)


def verdicts(found: Comparison) -> pd.DataFrame:
    """One row a scenario: what it comes to against the first, at the end of TA, and what it costs.

    Returns:
        Columns: scenario; for each outcome its name with _verdict, _difference, _low, _high (90 %
        of plausible sets; the first scenario has none); planned_cost (what to budget from the first
        week of the plan on, of which planned_cost_centre and planned_cost_regions), spent (what a
        contact log holds), expected_cost (mean of the runs to the common horizon, log included);
        runs, of_runs (runs counted and runs made).
    """
    table = differences(found)
    table = table[table["point"] == "end_of_ta"].set_index(["b", "outcome"])
    rows = []
    for arm in found.arms:
        row: dict[str, Any] = {"scenario": arm.label}
        for name in found.outcomes:
            one: Any = None if arm is found.arms[0] else table.loc[(arm.label, name)]
            row[f"{name}_verdict"] = "compared to" if one is None else one["verdict"]
            for column, of in (("difference", "mean"), ("low", "low"), ("high", "high")):
                row[f"{name}_{column}"] = np.nan if one is None else one[of]
        cost = planned(arm.scenario)
        spend = arm.values[:, :, 1, INDEX["cost"]]
        row |= {
            "planned_cost": cost.total.money,
            "planned_cost_centre": cost.total.centre,
            "planned_cost_regions": cost.total.regions,
            "spent": cost.spent.money,
            "expected_cost": spread.mean(spend),
            "runs": int((~np.isnan(spend)).sum()),
            "of_runs": spend.size,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def levels(found: Comparison) -> pd.DataFrame:
    """Each scenario by itself.

    Returns:
        A row a scenario, point and outcome. Columns: scenario, point, week, outcome, unit, mean,
        p05, p95 (all runs: luck and parameters), no_ta_mean, gain_mean, gain_p05, gain_p95 (against
        the same run without TA), sd_parameters, sd_luck (roots of the variance components),
        luck_share (of the variance of a single run), n and runs (runs with a value, of so many
        made).
    """
    rows = []
    for arm in found.arms:
        for place, point in enumerate(found.points):
            for name in found.outcomes:
                value = arm.values[:, :, place, INDEX[name]]
                without = arm.no_ta[:, :, place, INDEX[name]]
                parts = spread.components(value)
                low, high = band(value)
                gain_low, gain_high = band(value - without)
                rows.append(
                    {
                        "scenario": arm.label,
                        "point": point,
                        "week": found.week(arm, point),
                        "outcome": name,
                        "unit": OUTCOMES[name].unit,
                        "mean": spread.mean(value),
                        "p05": low,
                        "p95": high,
                        "no_ta_mean": spread.mean(without),
                        "gain_mean": spread.mean(value - without),
                        "gain_p05": gain_low,
                        "gain_p95": gain_high,
                        "sd_parameters": np.sqrt(parts.between),
                        "sd_luck": np.sqrt(parts.luck),
                        "luck_share": parts.luck_share,
                        "n": int((~np.isnan(value)).sum()),
                        "runs": value.size,
                    }
                )
    return pd.DataFrame(rows)


def costs(found: Comparison) -> pd.DataFrame:
    """What each scenario takes, up to the common horizon, all regions together.

    Returns:
        A row a scenario and item (contacts, hours, cost). Columns: scenario, item, unit, mean, p05,
        p95 (all runs), per_region_week (mean a region and week of TA).
    """
    rows = []
    for arm in found.arms:
        region_weeks = len(arm.scenario.region_names) * min(arm.end, found.horizon)
        for name in COST_ITEMS:
            value = arm.values[:, :, 1, INDEX[name]]
            low, high = band(value)
            middle = spread.mean(value)
            rows.append(
                {
                    "scenario": arm.label,
                    "item": name,
                    "unit": OUTCOMES[name].unit,
                    "mean": middle,
                    "p05": low,
                    "p95": high,
                    "per_region_week": middle / region_weeks,
                }
            )
    return pd.DataFrame(rows)


def efficiency(found: Comparison) -> pd.DataFrame:
    """What each scenario gains against no TA for 100 provider hours, at its own end of TA.

    Returns:
        A row a scenario and outcome (those on a scale of 0-1). Columns: scenario, outcome, gain
        (mean), provider_hours (mean, to the end of TA), per_100_hours (ratio of these means), low,
        high (90 % of plausible sets, each with its own ratio of means). NaN without provider hours.
    """
    rows = []
    for arm in found.arms:
        hours = arm.values[:, :, 0, INDEX["provider_hours"]]
        for name in found.outcomes:
            if OUTCOMES[name].high is None:
                continue
            gain = arm.values[:, :, 0, INDEX[name]] - arm.no_ta[:, :, 0, INDEX[name]]
            low, high = band(_ratio(_mean_of_sets(gain), _mean_of_sets(hours)))
            rows.append(
                {
                    "scenario": arm.label,
                    "outcome": name,
                    "gain": spread.mean(gain),
                    "provider_hours": spread.mean(hours),
                    "per_100_hours": float(
                        _ratio(np.array([spread.mean(gain)]), np.array([spread.mean(hours)]))[0]
                    ),
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows)


def _mean_of_sets(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def _ratio(gain: np.ndarray, hours: np.ndarray) -> np.ndarray:
    return PER_HOURS * np.divide(gain, hours, out=np.full_like(gain, np.nan), where=hours > 0)


def drivers(found: Comparison) -> pd.DataFrame:
    """What each difference rests on: its rank correlation with each parameter over the sets.

    Spearman's rho of the mean difference of a set; ``clear`` marks what luck would hardly ever give
    for any of the parameters (5 % in all, Bonferroni).

    Returns:
        A row a scenario (but the first), outcome and parameter that varies, strongest first.
        Columns: a, b, outcome, parameter, meaning, grade, rho, clear. At the end of TA.
    """
    first, rows = found.arms[0], []
    names = [name for name in found.plausible.varied if name in TABLE]
    matrix = np.array([[one[name] for name in names] for one in found.plausible.sets])
    for other in found.arms[1:]:
        for outcome in found.outcomes:
            gap = _mean_of_sets(
                found.of(other, outcome, "end_of_ta") - found.of(first, outcome, "end_of_ta")
            )
            rows += [
                {
                    "a": first.label,
                    "b": other.label,
                    "outcome": outcome,
                    "parameter": one.name,
                    "meaning": TABLE[one.name].meaning,
                    "grade": TABLE[one.name].grade,
                    "rho": one.rho,
                    "clear": one.clear,
                }
                for one in rank_drivers(matrix, names, gap)
            ]
    columns = ["a", "b", "outcome", "parameter", "meaning", "grade", "rho", "clear"]
    return pd.DataFrame(rows, columns=columns)


def weeks(found: Comparison) -> pd.DataFrame:
    """Week by week, over all runs kept: each scenario, and each difference from the first.

    Returns:
        A row a series, week and outcome. Columns: kind ("level" or "difference"), scenario, week,
        outcome, mean, p05, p25, p50, p75, p95. Totals are up to the week. Levels, not gains, even
        where gains are compared.
    """
    parts = [_series(found, "level", arm, arm.weekly) for arm in found.arms]
    first = found.arms[0]
    if not found.gains:
        parts += [
            _series(found, "difference", arm, arm.weekly - first.weekly) for arm in found.arms[1:]
        ]
    return pd.concat(parts, ignore_index=True)


def _series(found: Comparison, kind: str, arm: Arm, values: np.ndarray) -> pd.DataFrame:
    flat = values.reshape(-1, *values.shape[2:])  # run, week, outcome
    known = ~np.isnan(flat)
    flat, empty = np.where(known, flat, np.nan), ~known.any(axis=0)
    filled = np.where(empty, 0.0, flat)  # where nothing is known there is no quantile to warn of
    among = quantiles(flat, list(_QUANTILES.values()), axis=0)
    table = {
        "mean": np.nanmean(filled, axis=0),
        **dict(zip(_QUANTILES, among, strict=True)),
    }
    week, outcome = (axis.reshape(-1) for axis in np.indices(empty.shape))
    columns: dict[str, Any] = {
        "kind": kind,
        "scenario": arm.label,
        "week": week.astype(np.int64),
        "outcome": np.array(found.outcomes)[outcome],
    }
    columns |= {name: np.where(empty, np.nan, part).reshape(-1) for name, part in table.items()}
    return pd.DataFrame(columns)


def sets_frame(plausible: PlausibleSets) -> pd.DataFrame:
    """The plausible sets that were used: a row a set, a column for each parameter that varies."""
    columns: dict[str, Any] = {
        name: [one[name] for one in plausible.sets] for name in plausible.varied
    }
    return pd.DataFrame({"set": np.arange(len(plausible)), "weight": plausible.weights, **columns})


# --- the folder --------------------------------------------------------------------------------

TABLES = ("verdicts", "differences", "levels", "costs", "efficiency", "drivers", "weeks")


def save(found: Comparison, directory: Path, *, force: bool, command: str) -> Path:
    """Write the result folder of a comparison; the same comparison gives the same bytes."""

    def write(folder: Path) -> None:
        for name in TABLES:
            frame = getattr(found, name)()
            if len(frame):
                _folder.write_table(folder, name, frame)
        _folder.write_table(folder, "sets", sets_frame(found.plausible))
        (folder / "answer.txt").write_text(found.answer() + "\n", encoding="utf-8", newline="\n")
        for number, arm in enumerate(found.arms, 1):
            text = arm.scenario.to_yaml()
            path = folder / f"scenario_{number}.yaml"
            path.write_text(text, encoding="utf-8", newline="\n")
        _folder.write_json(
            folder / _folder.MANIFEST,
            _manifest(found, command) | {"files": _folder.fingerprints(folder)},
        )

    return _folder.write_folder(directory, write, force=force)


def _manifest(found: Comparison, command: str) -> dict[str, Any]:
    return {
        "format": _folder.FORMAT,
        "format_version": _folder.FORMAT_VERSION,
        "kind": "compare",
        **provenance(),
        "command": command,
        "answer": found.answer(),
        "seed": found.seed,
        "sets": len(found.plausible),
        "replicates": found.replicates,
        "runs": found.runs * len(found.arms),
        "plausible": plausible_record(found.plausible),
        "outcomes": list(found.outcomes),
        "gains": found.gains,
        "margin": found.margin,
        "points": {
            arm.label: {point: found.week(arm, point) for point in found.points}
            for arm in found.arms
        },
        "differs": [{"field": one.field, "values": list(one.values)} for one in found.differs],
        "notes": list(found.notes),
        "scenarios": [
            {
                "label": arm.label,
                "digest": arm.scenario.digest(),
                "scenario": arm.scenario.to_dict(),
            }
            for arm in found.arms
        ],
    }


def plausible_record(plausible: PlausibleSets) -> dict[str, Any]:
    """What a manifest says of the sets; their values are in the table ``sets``."""
    return {
        "source": plausible.source,
        "targets": plausible.targets,
        "learned": list(plausible.learned),
        "varied": list(plausible.varied),
    }
