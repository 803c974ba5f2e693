"""words: what a calibration says in sentences; shown, the tables to print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, given, interval, number, percent
from sim.present.table import Table
from sim.studies.calibrate.spec import Spec
from sim.studies.calibrate.tables import informed_names
from sim.studies.plausible import constrained_by
from sim.studies.spec import Study

Tables = Mapping[str, Table]
NAMED = 3
"""Targets or pairs that a sentence names."""


def words(study: Study[Spec], tables: Tables) -> Answer:
    """The answer in sentences."""
    frames = {name: table.frame for name, table in tables.items()}
    summary = frames["summary"].iloc[0]
    scored = frames["predictive"]
    scored = scored[scored["use"].isin(("scored", "pattern"))]
    return Answer(
        _verdict(scored, frames),
        (
            f"History matching left {percent(summary['prior_left'])} of the prior; of "
            f"{count(summary['settings'], 'setting')} drawn from it "
            f"{percent(summary['within_all'])} meet every target at once (effective "
            f"sample {count(summary['effective_sample'])}).",
            f"{count(summary['without_value'], 'setting')} gave no value for some target and got "
            "no weight." if summary["without_value"] else "",
            _as_it_stands(scored),
            _hardest(scored),
            *_informed(frames["contraction"], frames["directions"]),
            _conflicts(frames["conflicts"]),
            *_surveys(frames["predictive"]),
            f"The plausible sets are {said(tables)}: fitted, not validated.",
        ),
    )  # fmt: skip


def said(tables: Tables) -> str:
    """What stands behind the sets; printed wherever they are used."""
    summary = tables["summary"].frame.iloc[0]
    known = len(informed_names(tables["contraction"].frame))
    return constrained_by(
        int(summary["targets"]), int(summary["borrowed"]), known, int(summary["free"])
    )


def _verdict(scored: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> str:
    missed = scored[scored["verdict"] == "miss"]
    summary = frames["summary"].iloc[0]
    known, free = len(informed_names(frames["contraction"])), int(summary["free"])
    met = (
        f"meet all {count(len(scored), 'target')} on average"
        if missed.empty
        else f"meet {len(scored) - len(missed)} of {count(len(scored), 'target')} on average and "
        f"miss {_list(missed, 'mean')}"
    )
    return (
        f"The plausible sets {met}, on chance that they have not seen; the targets inform "
        f"{known} of {count(free, 'parameter')}."
    )


def _as_it_stands(scored: pd.DataFrame) -> str:
    missed = scored[scored["default_verdict"] == "miss"]
    if missed.empty:
        return f"The scenario as it stands meets all {count(len(scored), 'target')}."
    return (
        f"The scenario as it stands meets {len(scored) - len(missed)} of {len(scored)} targets and "
        f"misses {_list(missed, 'default')}."
    )


def _hardest(scored: pd.DataFrame) -> str:
    hard = scored[scored["hit_share"] < 1].sort_values("hit_share", kind="stable").head(NAMED)
    if hard.empty:
        return "Every single set meets every target too."
    named = _joined(
        [f"{r['target']} (met by {percent(r['hit_share'])})" for _, r in hard.iterrows()]
    )
    return f"Single sets miss {named} most often."


def _informed(table: pd.DataFrame, directions: pd.DataFrame) -> list[str]:
    free = table[table["what"] == "free"].sort_values("distance", ascending=False, kind="stable")
    known, rest = free[free["informed"]], free[~free["informed"]]
    lines = []
    if len(known):
        named = ", ".join(
            f"{r['name']} {number(r['mean'])} ({interval(r['low'], r['high'])})"
            for _, r in known.iterrows()
        )
        lines.append(f"The targets inform, with mean and 5-95 %: {named}.")
    if len(rest):
        lines.append(
            f"They do not inform {_joined([str(name) for name in rest['name']])}: the posterior is "
            "the range that went in."
        )
    joint = table[table["what"] == "combination"].sort_values("contraction", ascending=False)
    alone = float(table[table["what"] != "combination"]["contraction"].max())
    if len(joint) and joint.iloc[0]["contraction"] > max(0.0, alone):
        top = joint.iloc[0]
        lines.append(
            f"Combinations are informed better than their parts: {top['name']} lost "
            f"{percent(top['contraction'])} of its prior spread."
        )
    if len(directions):
        first = directions.iloc[0]
        lines.append(
            f"The best-informed direction of all, {first['direction']}, lost "
            f"{percent(first['contraction'])} (by chance alone: {percent(first['by_chance'])})."
        )
    return lines


def _conflicts(table: pd.DataFrame) -> str:
    worst = table[table["lift"] < 1.0].head(NAMED)
    if worst.empty:
        return "No two targets hinder each other."
    named = "; ".join(
        f"{r['one']} and {r['other']} (met together {number(r['lift'])} times as often as by "
        "chance)"
        for _, r in worst.iterrows()
    )
    return f"Targets that hinder each other most: {named}."


def _surveys(table: pd.DataFrame) -> list[str]:
    return [
        f"{r['target']}: a survey mean of {given(r['observed'])} pins the leniency of answers "
        f"({number(r['leniency'])}; {interval(r['leniency_low'], r['leniency_high'])} over the "
        "sets), not the state behind it."
        for _, r in table[table["leniency"].notna()].iterrows()
    ]


def _list(rows: pd.DataFrame, column: str) -> str:
    return ", ".join(
        f"{r['target']} ({number(r[column])}, wanted {bounds(r['low'], r['high'])})"
        for _, r in rows.iterrows()
    )


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def bounds(low: float, high: float) -> str:
    """Bounds as text, open ends too.

    >>> bounds(0.05, math.inf), bounds(0.2, 0.6)
    ('0.05 or more', '0.2 to 0.6')
    """
    if math.isinf(low) and math.isinf(high):
        return "anything"
    if math.isinf(high):
        return f"{given(low)} or more"
    return f"{given(high)} or less" if math.isinf(low) else f"{given(low)} to {given(high)}"


def shown(study: Study[Any], tables: Tables) -> list[Table]:
    """The tables to print: targets, what they inform, what they rule out."""
    checked = tables["predictive"]
    frame = checked.frame
    frame["wanted"] = [
        bounds(low, high) for low, high in zip(frame["low"], frame["high"], strict=True)
    ]
    columns = [
        "target", "use", "grade", "wanted", "mean", "p05", "p95", "hit_share", "verdict", "default",
        "default_verdict",
    ]  # fmt: skip
    known = [column for column in checked.columns if column.name in columns]
    return [
        Table("predictive", frame[columns], known, title=checked.title, note=checked.plain_note),
        tables["contraction"].pick(
            ["name", "what", "prior_low", "prior_high", "mean", "low", "high", "contraction",
             "informed", "informed_by"]
        ),
        tables["ruled_out"].pick(["target", "grade", "met", "ess_without"]),
    ]  # fmt: skip
