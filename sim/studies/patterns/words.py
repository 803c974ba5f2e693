"""words: how many patterns hold, and which do not; shown: the tables to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, percent
from sim.present.table import Table
from sim.studies.patterns.analysis import FAILS, HOLDS, NOT_KNOWN, UNCLEAR
from sim.studies.patterns.spec import ENOUGH, Spec
from sim.studies.spec import Study

MOST_NAMED = 5
"""Most patterns that are named as not holding; the table has them all."""


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    assert study.plausible is not None
    frame = tables["patterns"].frame
    sets = int(frame["sets"].iloc[0])
    failed = frame[frame["verdict"] == FAILS]
    number = {one: int((frame["verdict"] == one).sum()) for one in (HOLDS, UNCLEAR, NOT_KNOWN)}
    verdict = (
        f"Of {count(len(frame), 'pattern')}, {number[HOLDS]} hold in {percent(ENOUGH)} of "
        f"{count(sets, 'plausible set')} or more and {len(failed)} do not."
    )
    lines = [
        f"This pattern does not hold: {_named(row)}."
        for _, row in failed.iloc[:MOST_NAMED].iterrows()
    ]
    if len(failed) > MOST_NAMED:
        lines.append(
            f"Another {len(failed) - MOST_NAMED} do not hold; they come first in the table."
        )
    if number[UNCLEAR]:
        lines.append(f"For {number[UNCLEAR]}, there are too few sets to say.")
    if number[NOT_KNOWN]:
        lines.append(f"In {number[NOT_KNOWN]}, chance dominates and hides how the sets differ.")
    lines += [
        f"By group, these hold: {_held_by(frame, 'group')}.",
        f"By origin, these hold: {_held_by(frame, 'earned')}. A pattern that is built in (by an "
        "equation, an input or calibration) is no evidence for the model when it holds.",
        "A share counts the sets in which a pattern holds when what chance adds is taken out, with "
        f"{study.header.replicates} runs of each set.",
        f"The parameters come from {study.plausible.source}.",
    ]
    return Answer(verdict, tuple(lines))


def _held_by(frame: pd.DataFrame, column: str) -> str:
    """The number of patterns that hold, by the values of a column."""
    parts = [
        f"{(rows['verdict'] == HOLDS).sum()} of {len(rows)} {name}"
        for name, rows in frame.groupby(column, sort=False)
    ]
    return ", ".join(parts)


def _named(row: pd.Series) -> str:
    """A pattern in words, with its id and share."""
    share = "in the mean" if row["across"] == "mean" else f"{percent(row['share'])} of sets"
    return f"{row['text'].rstrip('.')} ({row['id']}, {share})"


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """Every pattern with its share, those that do not hold first; only files hold the rest."""
    names = ["id", "text", "share", "at_defaults", "earned", "verdict"]
    verdicts = tables["patterns"].frame["verdict"]
    order = [FAILS, NOT_KNOWN, UNCLEAR, HOLDS]
    return [
        tables["patterns"].pick(names, verdicts.map(order.index).sort_values(kind="stable").index)
    ]


def recorded(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """Both complete tables."""
    return [tables["patterns"], tables["comparisons"]]
