"""words: the answer of a calibration in sentences; shown: the tables to print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, digits, interval, joined, number, percent
from sim.present.table import Table
from sim.scenario.contact_log import some
from sim.studies.calibrate.calibration import LENIENCY
from sim.studies.calibrate.spec import Spec
from sim.studies.calibrate.tables import narrowed_shares
from sim.studies.measures import parse_measure
from sim.studies.plausible import constrained_by, sorted_out
from sim.studies.spec import Study

Tables = Mapping[str, Table]
NAMED = 3
"""Number of targets or pairs that a sentence names."""
SHIFTED = 0.25
"""Shift of a mean, in SDs of the prior, from which a sentence names the parameter."""


def words(study: Study[Spec], tables: Tables) -> Answer:
    """The answer in sentences."""
    frames = {name: table.frame for name, table in tables.items()}
    summary = frames["summary"].iloc[0]
    scored = frames["predictive"]
    scored = scored[scored["use"].isin(("scored", "pattern"))]
    return Answer(
        _verdict(scored, frames),
        (
            *_whose(study, frames),
            f"Of {count(summary['settings'], 'setting')} drawn from the priors, each with chance "
            f"of its own, {percent(summary['within_all'])} are within tolerance of every target at "
            f"once (effective sample {count(summary['effective_sample'])}).",
            f"{count(summary['without_value'], 'setting')} gave no value for some target and got "
            "no weight." if summary["without_value"] else "",
            _as_it_stands(scored),
            _hardest(scored),
            *_narrowed(frames["narrowed"]),
            _double_use(frames["double_use"]),
            _defaults(frames["defaults"]),
            _coverage(frames["coverage"]) if "coverage" in frames else "",
            *_surveys(frames["predictive"]),
            *_levels_and_changes(frames),
            _one_wave(frames["targets"]),
            f"The plausible sets are {said(tables)}. They are fitted, not validated.",
        ),
    )  # fmt: skip


def said(tables: Tables) -> str:
    """What the sets rest on, in words that are printed wherever the sets are used."""
    summary = tables["summary"].frame.iloc[0]
    shares = narrowed_shares(tables["narrowed"].frame)
    own = int(summary.get("own", 0))
    return constrained_by(int(summary["targets"]), int(summary["borrowed"]), shares, own)


def _whose(study: Study[Spec], frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Sentences on the user's own targets, on what their sources note (such as rows that were left
    out), and on findings set aside; empty where there are none."""
    targets, lines = frames["targets"], []
    if "whose" in targets:
        own = targets[targets["whose"] == "own"]["id"].tolist()
        others = len(targets) - len(own)
        beside = (
            f"and {count(others, 'finding')} that come with codose"
            if others
            else "and none of those that come with codose"
            if study.header.own_only or not study.header.targets
            else "alone"
        )
        lines.append(
            f"The calibration targets are {count(len(own), 'finding')} of your own "
            f"({some(own, 6)}) {beside}."
        )
    own = [one["source"] for one in study.inputs["observations"] if one.get("own")]
    notes = {one["cite"]: " ".join(one["note"].split()).rstrip(".") for one in own}
    lines += [f"Of {cite} it was noted: {note}." for cite, note in notes.items() if note]
    if "aside" in frames:
        said = [
            f"{joined(rows['id'].tolist())} ({why})"
            for why, rows in frames["aside"].groupby("why", sort=False)
        ]
        lines.append(f"These were set aside: {'; '.join(said)}.")
    return lines


def _levels_and_changes(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Sentences on what levels of a survey narrow, and what changes between waves narrow."""
    targets = frames["targets"]
    read = targets[targets["measures"].str.match(r"(change of )?survey of ")]
    rows = {str(row["name"]): row for row in frames["narrowed"].to_dict("records")}
    if read.empty or LENIENCY not in rows:
        return []
    changes = read["measures"].str.startswith("change")
    levels, moves = read[~changes]["id"].tolist(), read[changes]["id"].tolist()
    leniency = rows.pop(LENIENCY)
    by = {
        name: str(row["targets"]).split()
        for name, row in rows.items()
        if row["what"] == "free" and row["narrowed"] > row["noise"]
    }
    of_leniency = (
        f"lost {percent(leniency['narrowed'])} of its spread"
        if leniency["narrowed"] > leniency["noise"]
        else "was hardly narrowed"
    )
    lines = []
    if levels:
        owed = [name for name, ids in by.items() if set(ids) & set(levels)]
        word = "levels of a survey" if len(levels) > 1 else "a level of a survey"
        lines.append(
            f"{joined(levels)}: {word} can be met by lenient answers as well as by the state "
            f"behind them. {LENIENCY} varied with the others and {of_leniency}; "
            + (
                f"{joined(owed)} owe{_s(owed)} {_them(levels)} narrowing (table left_out)."
                if owed
                else f"no parameter of the state owes {_them(levels)} its narrowing."
            )
        )
    if moves:
        owed = [name for name, ids in by.items() if set(ids) & set(moves)]
        lines.append(
            f"{joined(moves)}: a change between two waves owes little to leniency (except at the "
            "ceiling of the scale), so it narrows the state; "
            + (
                f"{joined(owed)} owe{_s(owed)} {_them(moves)} narrowing."
                if owed
                else "but its error is too large to narrow a single parameter by itself."
            )
        )
    return lines


def _one_wave(targets: pd.DataFrame) -> str:
    """The sentence on targets of one source that read the same wave; empty where no two do."""
    read: dict[tuple[str, str], list[str]] = {}
    for row in targets[targets["value"].notna()].to_dict("records"):
        measure = parse_measure(row["measures"])
        for level in measure.levels or (measure,):
            read.setdefault((row["source"], level.text), []).append(str(row["id"]))
    shared = list(dict.fromkeys(joined(ids) for ids in read.values() if len(ids) > 1))
    if not shared:
        return ""
    return (
        f"{'; '.join(shared)}: these read the same people in one wave, but their errors count as "
        "independent. A first level that is too high by chance makes the change too small, so a "
        "later level counts as a little less sure than it is, and the first level and the change "
        "side by side as a little surer."
    )


def _s(names: Sequence[str]) -> str:
    return "s" if len(names) == 1 else ""


def _them(targets: Sequence[str]) -> str:
    return "this target" if len(targets) == 1 else "these targets"


def _verdict(scored: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> str:
    missed = scored[scored["verdict"] == "miss"]
    shares = narrowed_shares(frames["narrowed"])
    fifth, tenth, rest = sorted_out(shares)
    met = (
        f"meet all {count(len(scored), 'target')} on average"
        if missed.empty
        else f"meet {len(scored) - len(missed)} of {count(len(scored), 'target')} on average and "
        f"miss {_list(missed, 'mean')}"
    )
    return (
        f"With fresh chance, the plausible sets {met}. Of {count(len(shares), 'parameter')}, the "
        f"targets narrow {len(fifth)} by a fifth or more and {len(tenth)} by about a tenth, and "
        f"leave {len(rest)} as they were."
    )


def _as_it_stands(scored: pd.DataFrame) -> str:
    missed = scored[scored["default_verdict"] == "miss"]
    if missed.empty:
        return f"The scenario as it stands meets all {count(len(scored), 'target')}."
    return (
        f"The scenario as it stands meets {len(scored) - len(missed)} of "
        f"{count(len(scored), 'target')} and "
        f"misses {_list(missed, 'default')}."
    )


def _hardest(scored: pd.DataFrame) -> str:
    hard = scored[scored["hit_share"] < 1].sort_values("hit_share", kind="stable").head(NAMED)
    if hard.empty:
        return "Every single set meets every target, too."
    named = joined(
        [f"{r['target']} (met by {percent(r['hit_share'])})" for _, r in hard.iterrows()]
    )
    return f"The targets that single sets miss most often are {named}."


def _narrowed(table: pd.DataFrame) -> list[str]:
    """Sentences on parameters narrowed by a fifth or more, by about a tenth, and not narrowed."""
    free = {str(row["name"]): row for row in table.to_dict("records")}
    fifth, tenth, rest = sorted_out(narrowed_shares(table))
    lines = []
    for names, much in ((fifth, "a fifth or more"), (tenth, "about a tenth")):
        if names:
            named = ", ".join(_number(name, free[name]) for name in names)
            lines.append(f"Parameters narrowed by {much}, with mean and 90 % interval: {named}.")
    if rest:
        lines.append(
            f"{joined(rest)} kept {'its prior' if len(rest) == 1 else 'their priors'}: nothing is "
            "known beyond the range."
        )
    moved = [name for name in rest if abs(float(free[name]["shift"])) >= SHIFTED]
    if moved:
        lines.append(f"Of these, {joined(moved)} moved within the range.")
    words = [name for name in (*fifth, *tenth) if free[name]["our_reading"]]
    if words:
        were = "was" if len(words) == 1 else "were"
        lines.append(f"{joined(words)} {were} narrowed by our reading of a word, not by a number.")
    joint = table[table["what"] == "combination"].sort_values("narrowed", ascending=False)
    alone = float(table[table["what"] != "combination"]["narrowed"].max())
    if len(joint) and joint.iloc[0]["narrowed"] > max(0.0, alone):
        top = joint.iloc[0]
        lines.append(
            f"Combinations are narrowed more than their parts: {top['name']} lost "
            f"{percent(top['narrowed'])} of its prior spread."
        )
    return lines


def _number(name: str, row: Mapping[Any, Any]) -> str:
    return (
        f"{name} {digits(row['mean'])} ({interval(row['low'], row['high'], digits)}; by "
        f"{percent(row['narrowed'])})"
    )


def _double_use(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    names = joined(list(dict.fromkeys(str(name) for name in table["parameter"])))
    return (
        f"The ranges of {names} rest on sources that targets rest on too, so part of what these "
        "sources say is counted twice (table double_use; without them: table left_out)."
    )


def _defaults(table: pd.DataFrame) -> str:
    off = table[~table["agrees"]]
    if off.empty:
        return "The defaults are the medians of the sets, and their effects lie in the middle."
    named = [
        f"{r['name']} ({percent(r['percentile'])} of the sets lie below)"
        for _, r in off[off["what"] == "effect"].iterrows()
    ]
    count_of = int((off["what"] == "parameter").sum())
    is_are = "is" if count_of == 1 else "are"
    parts = (
        [f"{count(count_of, 'default')} {is_are} not the median of the sets"] if count_of else []
    )
    parts += [f"these effects are not in the middle of the sets: {joined(named)}"] if named else []
    return f"As it stands, the scenario is off the middle: {'; '.join(parts)} (table defaults)."


def _coverage(table: pd.DataFrame) -> str:
    known = table[table["truths"] > 0]
    parts = []
    for what, many in (("parameter", "parameters"), ("target", "targets"), ("effect", "effects")):
        rows = known[known["what"] == what]
        if len(rows):
            least = rows.sort_values("inside_90", kind="stable").iloc[0]
            parts.append(
                f"{percent(rows['inside_90'].mean())} of {many} on average (least: {least['name']} "
                f"{percent(least['inside_90'])})"
            )
    truths = int(known.loc[known["what"] == "parameter", "truths"].max()) if len(known) else 0
    return (
        f"Of {count(truths, 'known truth')} with independent chance, 90 % intervals hold "
        f"{'; '.join(parts)}."
    )


def _surveys(table: pd.DataFrame) -> list[str]:
    return [
        f"{r['target']}: a survey mean of {digits(r['observed'])} narrows the leniency of answers "
        f"({number(r['leniency'])}; {interval(r['leniency_low'], r['leniency_high'])} over the "
        "sets), not the state behind it."
        for _, r in table[table["leniency"].notna()].iterrows()
    ]


def _list(rows: pd.DataFrame, column: str) -> str:
    """Targets with the value in a column and the bounds that agree; the bounds of the user's own
    numbers, which depend on how single runs scatter, differ for the scenario as it stands."""
    named = []
    for _, row in rows.iterrows():
        own = column == "default" and pd.notna(row.get("default_low"))
        low, high = (row[f"default_{end}" if own else end] for end in ("low", "high"))
        named.append(f"{row['target']} ({number(row[column])}, wanted {bounds(low, high)})")
    return ", ".join(named)


def bounds(low: float, high: float) -> str:
    """Bounds as text, open ends too.

    >>> bounds(0.05, math.inf), bounds(0.2, 0.6)
    ('0.05 or more', '0.2 to 0.6')
    """
    if math.isinf(low) and math.isinf(high):
        return "anything"
    if math.isinf(high):
        return f"{digits(low)} or more"
    return f"{digits(high)} or less" if math.isinf(low) else f"{digits(low)} to {digits(high)}"


_TARGETS = ("id", "whose", "grade", "sd_below", "sd_above", "noise", "met", "ess_without")


def shown(study: Study[Any], tables: Tables) -> list[Table]:
    """The tables to print: targets with their cost, narrowed parameters, defaults, coverage."""
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
        tables["narrowed"].pick(
            ["name", "what", "prior_low", "prior_high", "mean", "low", "high", "narrowed", "noise",
             "targets", "our_reading"]
        ),
        tables["targets"].pick([name for name in _TARGETS if name in tables["targets"].frame]),
        *([tables["aside"]] if "aside" in tables else []),
        tables["defaults"],
        *([tables["coverage"]] if "coverage" in tables else []),
    ]  # fmt: skip
