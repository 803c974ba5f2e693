"""The answer of a comparison in a paragraph that a planner can quote."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.present.format import interval, number, percent, share, signed
from sim.runs.collect import left_out
from sim.study import paired as statistics

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.comparison import Comparison

HEADLINE = "capacity"
"""The outcome that the answer begins with, when it was asked for."""
CAVEAT = "What if, not forecast."


def needed(value: float) -> str:
    """A number of sets, rounded up to two digits."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return f"more than {statistics.MOST_SETS:,}"
    size = 10 ** max(0, math.floor(math.log10(max(value, 1))) - 1)
    return f"{math.ceil(value / size) * size:,}"


def answer(found: Comparison) -> str:
    """What differs, how surely, at what cost, and what it rests on; a sentence or more each."""
    table = found.differences()
    sentences = [verdict_words(found)]
    for other in found.labels[1:]:
        sentences += _about(found, table[table["b"] == other], other)
    lost = np.any([arm.failed for arm in found.arms], axis=0)
    sentences += [_cost(found), _rests_on(found, table), left_out(lost), *found.notes, CAVEAT]
    return " ".join(sentence for sentence in sentences if sentence)


def verdict_words(found: Comparison) -> str:
    """One sentence over all scenarios and all outcomes asked for."""
    rows = found.verdicts().to_dict("records")
    parts = [_verdict_of(found, row) for row in rows[1:]]
    lead = f"At the end of TA, against {found.labels[0]}"
    if found.gains:
        lead += " and by what each gains against no TA"
    parts.append(f"{found.labels[0]} has {_cost_of(rows[0])}")
    return f"{lead}: {'; '.join(parts)}."


def _verdict_of(found: Comparison, row: dict[Any, Any]) -> str:
    """What one scenario comes to."""
    groups: dict[str, list[str]] = {}
    for name in found.outcomes:
        word = str(row[f"{name}_verdict"])
        text = name.replace("_", " ")
        if word in ("better", "worse", "higher", "lower"):
            text += f" ({number(row[f'{name}_difference'], sign=True)})"
        groups.setdefault(word, []).append(text)
    order = ("better", "worse", "higher", "lower", "about the same", "not clear yet")
    said = [f"{word} in {_joined(groups[word])}" for word in order if word in groups]
    return f"{row['scenario']} is {', '.join(said) or 'the same'}, for {_cost_of(row)}"


def _cost_of(row: dict[Any, Any]) -> str:
    """The planned cost of a scenario, by payer; what a log took apart."""
    cost = (
        f"a planned cost of {row['planned_cost']:,.0f} (centre {row['planned_cost_centre']:,.0f}, "
        f"regions {row['planned_cost_regions']:,.0f})"
    )
    if row["spent"]:
        cost += f" after the {row['spent']:,.0f} that the contact log took"
    return cost


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _about(found: Comparison, table: pd.DataFrame, other: str) -> list[str]:
    """One scenario against the first."""
    first = found.labels[0]
    at_end = table[table["point"] == "end_of_ta"].set_index("outcome")
    if (table["mean"] == 0).all() and (table["run_low"] == 0).all():
        return [f"{other} and {first} do not differ in any run."]
    head = HEADLINE if HEADLINE in at_end.index else found.outcomes[0]
    row: Any = at_end.loc[head]
    what = f"{'the gain in ' if found.gains else ''}{head.replace('_', ' ')}"
    if row["settled"] and abs(row["mean"]) <= row["margin"]:
        known = max(abs(row["mean_low"]), abs(row["mean_high"]))
        lead = (
            f"{other} against {first}, at the end of TA: no difference in {what} that would "
            f"matter (mean {signed(row['mean'])}, 90 % sure within {known:.3f}; 90 % of "
            f"plausible sets: {interval(row['low'], row['high'], signed)})"
        )
        return [f"{lead}.", _others(at_end.drop(index=head)), _later(found, table, head)]
    lead = (
        f"{other} against {first}, at the end of TA: {what} is {number(row['mean_b'])} and not "
        f"{number(row['mean_a'])}, a difference of {signed(row['mean'])} (90 % of "
        f"plausible sets: {interval(row['low'], row['high'], signed)}); it is higher "
        f"in {share(row['p_beats'], len(found.plausible))} sets"
    )
    if not row["settled"]:
        lead += f", which is not settled: about {needed(row['sets_needed'])} sets would settle it"
    others = at_end.drop(index=head)
    return [f"{lead}.", _others(others), _later(found, table, head)]


def _others(table: pd.DataFrame) -> str:
    """The other outcomes, grouped by direction."""
    groups: dict[str, list[str]] = {"Higher": [], "Lower": [], "Not settled": []}
    for name, row in table.iterrows():
        middle = float(row["mean"])
        if math.isnan(middle):
            continue
        word = "Higher" if middle > 0 else "Lower"
        if not row["settled"]:
            word = "Not settled"
        elif abs(middle) <= row["margin"]:
            continue  # known, and too small to matter
        groups[word].append(f"{str(name).replace('_', ' ')} ({signed(middle)})")
    parts = [f"{word}: {', '.join(names)}." for word, names in groups.items() if names]
    return " ".join(parts)


def _later(found: Comparison, table: pd.DataFrame, head: str) -> str:
    """What is left of the difference at the common horizon."""
    rows = table[(table["point"] == "horizon") & (table["outcome"] == head)]
    if not len(rows):
        return ""
    row: Any = rows.iloc[0]
    return (
        f"In week {found.horizon} the difference in {head.replace('_', ' ')} is "
        f"{signed(row['mean'])} ({interval(row['low'], row['high'], signed)})."
    )


def _cost(found: Comparison) -> str:
    """Hours and money of each scenario, and what 100 provider hours bring."""
    costs = found.costs().set_index(["scenario", "item"])["mean"]
    gains = found.efficiency()
    head = HEADLINE if HEADLINE in found.outcomes else found.outcomes[0]
    gains = gains[gains["outcome"] == head].set_index("scenario")["per_100_hours"]
    parts = []
    for label in found.labels:
        each = f"{label} {costs[label, 'provider_hours']:,.0f} provider hours and an expected "
        each += f"spend of {costs[label, 'cost']:,.0f}"
        if label in gains.index and not math.isnan(gains[label]):
            each += f" ({gains[label]:+.3f} {head.replace('_', ' ')} for 100 provider hours)"
        parts.append(each)
    return f"Up to week {found.horizon}: {'; '.join(parts)}."


def _rests_on(found: Comparison, table: pd.DataFrame) -> str:
    """The sets, the shares of luck and parameters, and the parameters that matter most."""
    head = HEADLINE if HEADLINE in found.outcomes else found.outcomes[0]
    rows = table[(table["point"] == "end_of_ta") & (table["outcome"] == head)]
    luck = float(rows["luck_share"].iloc[0])
    text = f"It rests on {len(found.plausible)} {found.plausible.source}"
    if not math.isnan(luck):
        text += (
            f". Of the spread of a single run's difference in {head.replace('_', ' ')}, "
            f"{percent(luck)} is luck and the rest what we do not know about the parameters"
        )
    drivers = found.drivers()
    drivers = drivers[(drivers["outcome"] == head) & drivers["clear"]]
    drivers = drivers[drivers["b"] == found.labels[1]].head(3)
    if len(drivers):
        names = [
            f"{row['parameter']} ({row['rho']:+.1f}, {_grade(row['grade'])})"
            for _, row in drivers.iterrows()
        ]
        text += f", most of all (rank correlation) {', '.join(names)}"
    return f"{text}."


def _grade(grade: str) -> str:
    return grade if grade == "assumption" else f"evidence of grade {grade}"
