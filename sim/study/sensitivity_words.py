"""What a sensitivity study found, in words: what carries an outcome, what not, what is open."""

from __future__ import annotations

import math
from typing import Literal

import pandas as pd

from sim.present.format import interval, number
from sim.study.factors import DUMMY
from sim.study.methods import METHODS
from sim.study.sensitivity import SensitivityResult, main_indices
from sim.study.settled import NEGLIGIBLE, rounded
from sim.study.subjects import Label

_WEEKS = {
    "start": "at the start",
    "end_of_ta": "at the end of TA",
    "year_after": "a year after TA",
    "horizon": "at the horizon",
}
MOST_WEEKS = 3
"""Weeks of an outcome that are all written about; the tables hold every one."""
NAMED = 7
"""Factors whose index is written out; those after it are named only."""
Standing = Literal["carries", "small", "open"]


def dummy_line(rows: pd.DataFrame) -> float:
    """Upper end of the dummy's interval among rows of one index; 0 without a dummy.

    An index that does not rise above it shows nothing that a factor without effect would not.
    """
    mine = rows[(rows["factor"] == DUMMY) & (rows["other"] == "")]
    if mine.empty or not math.isfinite(float(mine["high"].iloc[0])):
        return 0.0
    return max(0.0, float(mine["high"].iloc[0]))


def standing(row: pd.Series, line: float, floor: bool) -> Standing:
    """Whether a factor carries an outcome, does not matter, or cannot be told.

    It carries it when its whole interval lies above what is negligible (and above the dummy), even
    while its size is not settled; it does not matter when the index is settled and its whole
    interval lies below. Where the index has a floor, above 0 even for a factor that does nothing,
    only the dummy tells: what is settled and not above it does not matter.

    Args:
        row: of :attr:`SensitivityResult.indices`.
        line: of the dummy.
        floor: whether the index has one (:attr:`sim.study.methods.Method.floor`).
    """
    limit = line if floor else NEGLIGIBLE * row["unit"]
    if row["low"] > max(limit, line):
        return "carries"
    if row["settled"] and (row["value"] if floor else row["high"]) <= limit:
        return "small"
    return "open"


def words(result: SensitivityResult) -> str:
    """The whole result in paragraphs, without a line break inside any."""
    paragraphs = [_design(result)]
    for (outcome, week), why in result.undefined.items():
        paragraphs.append(f"{when(outcome, week)}: {why}.")
    for method, index in main_indices(result):
        for label in _told(result):
            rows = result.of(label.outcome, method=method, index=index, week=label.week)
            if not rows.empty:
                paragraphs.append(_paragraph(result, rows, method, index))
    paragraphs += _orders(result)
    paragraphs += _luck(result)
    paragraphs += _lost(result)
    paragraphs.append(_closing(result))
    return "\n\n".join(paragraphs)


def _told(result: SensitivityResult) -> list[Label]:
    """Outcomes and weeks to write about; of many weeks of an outcome the first and the last."""
    found: dict[str, list[Label]] = {}
    for label in result.labels:
        found.setdefault(label.outcome, []).append(label)
    return [
        label
        for labels in found.values()
        for label in (labels if len(labels) <= MOST_WEEKS else (labels[0], labels[-1]))
    ]


def _design(result: SensitivityResult) -> str:
    header = result.asked.header
    factors = [f for f in result.asked.space.factors if f.kind != "dummy"]
    replicates = header.replicates if result.asked.stochastic else 1
    luck = (
        f"{replicates} replicates each, "
        + ("the same for all points" if header.random_numbers == "common" else "new at each point")
        if result.asked.stochastic
        else "no luck"
    )
    methods = ", ".join(METHODS[name].title for name, _ in main_indices(result))
    with_dummy = " and a dummy" if result.asked.space.dummy is not None else ""
    return (
        f"{header.name}: {methods}; {len(factors)} factors{with_dummy}, {result.points:,} points, "
        f"{luck}: {result.runs:,} runs, seed {header.seed}."
    )


def when(outcome: str, week: str) -> str:
    """An outcome and its week as people say them."""
    text = outcome.replace("_", " ")
    if not week or outcome.startswith("persistence of"):
        return text
    return f"{text} {_WEEKS.get(week, 'in ' + week.replace('_', ' '))}"


def _paragraph(result: SensitivityResult, rows: pd.DataFrame, method: str, index: str) -> str:
    chosen = METHODS[method]
    line = dummy_line(rows)
    mine = rows[rows["factor"] != DUMMY]
    groups: dict[str, list[pd.Series]] = {"carries": [], "small": [], "open": []}
    for _, row in mine.iterrows():
        groups[standing(row, line, chosen.floor)].append(row)
    what = when(mine.iloc[0]["outcome"], mine.iloc[0]["week"])
    limit = f"below {NEGLIGIBLE:g}" if chosen.scale == "share" else "below 5 % of the largest"
    if chosen.floor:
        limit = "not above the dummy"
    leading, rest = groups["carries"][:NAMED], groups["carries"][NAMED:]
    text = f"What carries {what}, in order ({chosen.title}, {index}): "
    text += "; ".join(_sized(row) for row in leading) or "nothing that can be told"
    if rest:
        text += f"; and, less, {', '.join(row['factor'] for row in rest)}"
    small = ", ".join(row["factor"] for row in groups["small"])
    text += f". What does not matter ({limit}): {small or 'none'}. "
    return text + _open(groups["open"], [row for row in groups["carries"] if not row["settled"]])


def _sized(row: pd.Series) -> str:
    return f"{row['factor']} {number(row['value'])} ({interval(row['low'], row['high'])})"


def _open(unknown: list[pd.Series], unsized: list[pd.Series]) -> str:
    """What is not settled, and about how many runs would settle it."""
    if not unknown and not unsized:
        return "Everything is settled."
    parts = []
    if unknown:
        names = [
            row["factor"]
            + (
                f" {number(row['value'])} ± {number(row['high'] - row['value'])}"
                if math.isfinite(row["value"])
                else ""
            )
            for row in unknown
        ]
        parts.append(f"What is not settled: whether these matter: {', '.join(names)}")
    if unsized:
        lead = "the size" if parts else "What is not settled: the size"
        parts.append(f"{lead} of {', '.join(row['factor'] for row in unsized)}")
    more = [
        int(row["more_runs"])
        for row in [*unknown, *unsized]
        if row["more_runs"] == row["more_runs"]
    ]
    about = f" (about {rounded(max(more)):,} more runs for all)" if more else ""
    return "; ".join(parts) + about + "."


def _orders(result: SensitivityResult) -> list[str]:
    """Whether the factors that are apart stand in the order of half of the samples."""
    if result.rankings.empty:
        return []
    told = {(label.outcome, label.week) for label in _told(result)}
    mine = result.rankings
    mine = mine[[(o, w) in told for o, w in zip(mine["outcome"], mine["week"], strict=True)]]
    moved = mine[mine["swapped"] != ""]
    if moved.empty:
        return [
            "Order: of factors whose intervals are apart none has changed places since half of the "
            "samples."
        ]
    texts = [
        f"{when(row['outcome'], row['week'])} ({METHODS[row['method']].title}): {row['swapped']}"
        for _, row in moved.iterrows()
    ]
    return ["Order not settled; since half of the samples these stand the other way round: "
            + "; ".join(texts) + "."]  # fmt: skip


def _luck(result: SensitivityResult) -> list[str]:
    if not result.asked.stochastic or result.noise.empty:
        return []
    first = result.noise[result.noise["sample"] == result.noise["sample"].iloc[-1]]
    texts = []
    told = {(label.outcome, label.week) for label in _told(result)}
    for _, row in first.iterrows():
        if (row["outcome"], row["week"]) not in told or not math.isfinite(row["luck"]):
            continue
        text = f"{when(row['outcome'], row['week'])}: {100 * row['luck']:.0f} % of one run"
        if math.isfinite(row["luck_moving_all"]):
            text += f" ({100 * row['luck_moving_all']:.0f} % moves all points alike and cancels)"
        text += f", {100 * row['luck_left']:.1f} % left in the means that naive indices see"
        texts.append(text)
    if not texts:
        return ["Luck cannot be told from effect with one replicate a point."]
    return ["Share of the variance that is luck: " + "; ".join(texts) + "."]


def _lost(result: SensitivityResult) -> list[str]:
    return [
        f"Left out for {when(outcome, week)}: {count:,} base samples with a run without a value."
        for (_, outcome, week), count in result.dropped.items()
    ]


def _closing(result: SensitivityResult) -> str:
    if result.asked.function is not None:
        return "A test function, not the model."
    return f"{result.asked.ranges} Most ranges are assumptions. What if, not forecast."
