"""words: the factors that drive an outcome, do not matter, or have not converged; Reading: the
tables of a sensitivity study in the form that words and figures use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, interval, joined, number, percent, sentence
from sim.present.format import words as in_words
from sim.present.table import Table
from sim.studies.factors import DUMMY
from sim.studies.sensitivity.convergence import NEGLIGIBLE, rounded
from sim.studies.sensitivity.design import Label, has_partners, is_stochastic, labels_of
from sim.studies.sensitivity.methods import METHODS, Method
from sim.studies.sensitivity.spec import Spec
from sim.studies.spec import Study, when

Standing = Literal["drives", "small", "open"]
"""A factor drives an outcome (drives), does not matter (small), or is not resolved (open)."""


class Reading:
    """A study and its tables.

    Args:
        study: the study.
        tables: the tables of its result; a table without rows may be missing.
    """

    def __init__(self, study: Study[Spec], tables: Mapping[str, Table]) -> None:
        self.study, self.tables = study, tables

    @cached_property
    def indices(self) -> pd.DataFrame:
        """The table of indices, with a row for each index."""
        return self.frame("indices")

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a frame; an empty frame without columns where the table is missing."""
        return self.tables[name].frame if name in self.tables else pd.DataFrame()

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods, in the order of the file."""
        return tuple(METHODS[name] for name in self.study.header.method)

    @property
    def ranges(self) -> str:
        """A sentence on the ranges over which the factors vary."""
        return self.tables["factors"].plain_note

    def of(
        self, outcome: str, *, method: str, index: str, week: str | None = None
    ) -> pd.DataFrame:  # fmt: skip
        """The rows of one index, by factor, largest first."""
        rows = self.indices
        if rows.empty:
            return rows
        rows = rows[(rows.method == method) & (rows["index"] == index) & (rows.outcome == outcome)]
        if week is not None:
            rows = rows[rows.week == week]
        return rows.sort_values("value", ascending=False, kind="stable")

    def main(self, method: Method, outcome: str, week: str) -> pd.DataFrame:
        """The rows of the index that ranks factors, largest first."""
        return self.of(outcome, method=method.name, index=method.main, week=week)


def dummy_line(rows: pd.DataFrame) -> float:
    """Upper end of the dummy's interval among rows of one index; 0 without a dummy.

    An index that is not above this line may be that of a factor without effect.
    """
    mine = rows[(rows["factor"] == DUMMY) & (rows["other"] == "")]
    if mine.empty or not math.isfinite(float(mine["high"].iloc[0])):
        return 0.0
    return max(0.0, float(mine["high"].iloc[0]))


def standing(row: pd.Series, line: float, floor: bool) -> Standing:
    """Whether a factor drives an outcome, does not matter, or is open.

    A factor drives the outcome when its whole interval lies above the negligible level (and above
    the dummy), even if its size has not converged. It does not matter when the index has converged
    and its whole interval lies below that level. Some indices have a floor above 0 even for a
    factor without effect. For these, only the dummy shows what is negligible: a converged index
    that is not above the dummy does not matter, and without a dummy every factor is open.

    Args:
        row: a row of the table ``indices``.
        line: the upper end of the dummy's interval.
        floor: whether the index has a floor
            (:attr:`sim.studies.sensitivity.methods.Method.floor`).
    """
    if floor and not line > 0.0:
        return "open"
    limit = line if floor else NEGLIGIBLE * row["unit"]
    if row["low"] > max(limit, line):
        return "drives"
    if row["converged"] and (row["value"] if floor else row["high"]) <= limit:
        return "small"
    return "open"


MOST_WEEKS = 3
"""Most weeks of an outcome that the answer covers; the tables hold all weeks."""
LEADING = 4
"""Most factors that the verdict names for an outcome."""
NAMED = 7
"""Most factors whose index is written out; the answer only names further factors."""


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    reading = Reading(study, tables)
    shown = _labels(study)
    lines = [
        _paragraph(rows, method)
        for method in reading.methods
        for label in shown
        if len(rows := reading.main(method, label.outcome, label.week))
    ]
    lines += _undefined(reading) + _orders(reading, shown)
    lines += _chance(reading, shown) + _left_out(reading)
    if study.function is None:
        lines += [reading.ranges, "Most of these ranges are assumptions."]
    return Answer(_verdict(reading, shown), tuple(lines), notes=(_design(reading),))


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """The main index of every factor, largest first, and the chance in the outcomes."""
    reading = Reading(study, tables)
    found = [
        reading.main(method, label.outcome, label.week)
        for method in reading.methods
        for label in labels_of(study)
    ]
    rows = [place for frame in found for place in frame.index]
    columns = ("outcome", "week", "method", "factor", "value", "low", "high", "naive", "verdict")
    made = [tables["indices"].pick(columns, rows)] if rows else []
    if is_stochastic(study) or not rows:
        made.append(tables["noise"])
    return made


def _labels(study: Study[Spec]) -> list[Label]:
    """Outcomes and weeks of the answer; the first and last week where an outcome has many."""
    found: dict[str, list[Label]] = {}
    for label in labels_of(study):
        found.setdefault(label.outcome, []).append(label)
    return [
        label
        for labels in found.values()
        for label in (labels if len(labels) <= MOST_WEEKS else (labels[0], labels[-1]))
    ]


def _verdict(reading: Reading, labels: Sequence[Label]) -> str:
    """The leading factors of each outcome, by the method that treats all factors together."""
    methods = [one for one in reading.methods if one.name != "one_at_a_time"] or reading.methods
    method = methods[0]
    parts = [
        _leading(reading.main(method, label.outcome, label.week), method, label) for label in labels
    ]
    return f"{sentence('; '.join(parts))} ({method.title})."


def _leading(rows: pd.DataFrame, method: Method, label: Label) -> str:
    """The factor with the largest index, with those whose intervals reach into its own: their order
    is not known, and none drives the outcome the most where a factor that is open reaches it too.
    """
    groups = _groups(rows, method) if len(rows) else {"drives": [], "open": []}
    what = when(label.outcome, label.week)
    if not groups["drives"]:
        return f"no factor is known to drive {what}"
    line = groups["drives"][0]["low"]
    first = [row["factor"] for row in groups["drives"] if row["high"] >= line]
    most = "" if any(row["high"] >= line for row in groups["open"]) else " the most"
    names = [in_words(name) for name in first[:LEADING]]
    names += [count(len(first) - LEADING, "other factor")] if len(first) > LEADING else []
    return (
        f"{joined(names)} drive{'' if len(names) > 1 else 's'} {what}{most}"
        f"{', in an order that is not known' if len(names) > 1 else ''}"
    )


def _design(reading: Reading) -> str:
    study, header = reading.study, reading.study.header
    kinds = reading.tables["factors"].frame["kind"]
    factors = int((kinds != "dummy").sum())
    points, runs = (len(reading.tables[name]) for name in ("points", "runs"))
    chance = "no chance"
    if is_stochastic(study):
        alike = header.random_numbers == "common"
        chance = (
            f"{count(header.replicates, 'replicate')} each, "
            f"{'the same for all points' if alike else 'new at each point'}"
        )
    return (
        f"{header.name}: {', '.join(method.title for method in reading.methods)}; "
        f"{count(factors, 'factor')}{' and a dummy' if factors < len(kinds) else ''}, "
        f"{count(points, 'design point')}, {chance}: {count(runs, 'run')}"
        f"{', each with its partner without TA' if has_partners(study) else ''}, seed {study.seed}."
    )


# --- one outcome by one method -------------------------------------------------------------------

Groups = dict[str, list[pd.Series]]


def _groups(rows: pd.DataFrame, method: Method) -> Groups:
    """The factors by their standing, largest first."""
    line = dummy_line(rows)
    groups: Groups = {"drives": [], "small": [], "open": []}
    for _, row in rows[rows["factor"] != DUMMY].iterrows():
        groups[standing(row, line, method.floor)].append(row)
    return groups


def _paragraph(rows: pd.DataFrame, method: Method) -> str:
    groups = _groups(rows, method)
    what = when(rows.iloc[0]["outcome"], rows.iloc[0]["week"])
    limit = f"below {NEGLIGIBLE:g}" if method.scale == "share" else "below 5 % of the largest"
    if method.floor:
        limit = "not above the dummy" if dummy_line(rows) > 0.0 else "no dummy shows what is small"
    leading, rest = groups["drives"][:NAMED], groups["drives"][NAMED:]
    by = f"({method.title}, {method.main})"
    text = f"No factor is known to drive {what} {by}"
    if leading:
        text = f"These factors drive {what}, the largest first {by}: "
        text += "; ".join(_sized(row) for row in leading)
    if rest:
        text += f"; and, less, {', '.join(row['factor'] for row in rest)}"
    small = ", ".join(row["factor"] for row in groups["small"])
    lead = "These do not matter" if small else "None is known not to matter"
    text += f". {lead} ({limit}){f': {small}' if small else ''}. "
    unsized = [row for row in groups["drives"] if not row["converged"]]
    return text + _open(groups["open"], unsized)


def _sized(row: pd.Series) -> str:
    return f"{row['factor']} {number(row['value'])} ({interval(row['low'], row['high'])})"


def _open(unknown: list[pd.Series], unsized: list[pd.Series]) -> str:
    """Factors of which it is not clear whether they matter, or how much, and the approximate number
    of runs that they need."""
    if not unknown and not unsized:
        return "Everything has converged."
    parts = []
    if unknown:
        names = [
            f"{row['factor']} {number(row['value'])} ± {number(row['high'] - row['value'])}"
            if math.isfinite(row["value"])
            else row["factor"]
            for row in unknown
        ]
        parts.append(f"Whether these matter is not clear yet: {', '.join(names)}")
    if unsized:
        sizes = ", ".join(row["factor"] for row in unsized)
        parts.append(f"{'the' if parts else 'The'} size has not converged of {sizes}")
    needed = [row["more_runs"] for row in [*unknown, *unsized] if math.isfinite(row["more_runs"])]
    about = f" (about {count(rounded(int(max(needed))))} more runs for all)" if needed else ""
    return "; ".join(parts) + about + "."


# --- all outcomes --------------------------------------------------------------------------------


def _undefined(reading: Reading) -> list[str]:
    rows = reading.frame("noise")
    rows = rows[rows["undefined"] != ""].drop_duplicates(["outcome", "week"])
    return [
        f"{in_words(row['outcome'])} never varies ({row['undefined']}): its indices are undefined."
        for _, row in rows.iterrows()
    ]


def _orders(reading: Reading, labels: Sequence[Label]) -> list[str]:
    """Whether factors with separate intervals have the same order as with half of the samples."""
    rows = reading.frame("rankings")
    if rows.empty:
        return []
    names = {(label.outcome, label.week) for label in labels}
    rows = rows[[key in names for key in zip(rows["outcome"], rows["week"], strict=True)]]
    moved = rows[rows["swapped"] != ""]
    if moved.empty:
        return [
            "Factors whose intervals are apart have kept their order since half of the samples."
        ]
    texts = [
        f"{when(row['outcome'], row['week'])} ({METHODS[row['method']].title}): {row['swapped']}"
        for _, row in moved.iterrows()
    ]
    return [
        "The order has not converged; since half of the samples, these have changed places: "
        f"{'; '.join(texts)}."
    ]


def _chance(reading: Reading, labels: Sequence[Label]) -> list[str]:
    """The share of chance in the variance, from the last sample."""
    if not is_stochastic(reading.study):
        return []
    rows = reading.frame("noise")
    rows = rows[rows["sample"] == rows["sample"].iloc[-1]]
    names, texts = {(label.outcome, label.week) for label in labels}, []
    for _, row in rows.iterrows():
        if (row["outcome"], row["week"]) not in names or not math.isfinite(row["chance"]):
            continue
        text = (
            f"Chance makes up {percent(row['chance'])} of the variance of one run of "
            f"{when(row['outcome'], row['week'])}"
        )
        if math.isfinite(row["chance_moving_all"]):
            text += (
                f" ({percent(row['chance_moving_all'])} moves all design points alike and cancels)"
            )
        text += (
            f", and {percent(row['chance_left'])} of the variance of the means that naive indices "
            "use"
        )
        texts.append(f"{text}; the variance without chance is {_known(row['signal_cv'])}.")
    if not texts:
        return ["One replicate of each design point cannot separate chance from effect."]
    return texts


def _known(cv: float) -> str:
    return f"known to ± {percent(cv)}" if math.isfinite(cv) else "not known"


def _left_out(reading: Reading) -> list[str]:
    """The runs that are left out because runs have no value."""
    rows = reading.frame("noise")
    said = []
    for _, row in rows[(rows["left_out"] > 0) | (rows["replicates_left_out"] > 0)].iterrows():
        lost, of = row["left_out"], row["left_out"] + row["base_samples"]
        noun = "base sample"
        if not lost:
            lost, of = row["replicates_left_out"], row["replicates_left_out"] + row["replicates"]
            noun = "replicate"
        said.append(
            f"For {when(row['outcome'], row['week'])}, {count(lost, noun)} of {count(of)} "
            f"{'is' if lost == 1 else 'are'} left out, with a run without a value; if these lie in "
            "one corner of the ranges, the indices are about the rest."
        )
    return said
