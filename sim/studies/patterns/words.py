"""words: how many patterns hold, and which do not; shown, the tables to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, percent
from sim.present.table import Table
from sim.studies.patterns.analysis import FAILS, HOLDS, UNCLEAR
from sim.studies.patterns.spec import ENOUGH, Spec
from sim.studies.spec import Study


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    assert study.plausible is not None
    frame = tables["patterns"].frame
    sets = int(frame["sets"].iloc[0])
    held, unclear, failed = (frame[frame["verdict"] == one] for one in (HOLDS, UNCLEAR, FAILS))
    verdict = (
        f"Of {count(len(frame), 'pattern')}, {len(held)} hold in {percent(ENOUGH)} of "
        f"{count(sets, 'plausible set')} or more and {len(failed)} do not"
    )
    verdict += f": {_listed(failed)}." if len(failed) else "."
    lines = []
    if len(unclear):
        lines.append(f"Not clear by so many sets and runs are {len(unclear)}: {_listed(unclear)}.")
    lines.append(f"By group these hold: {_held_by(frame, 'group')}.")
    lines += [
        f"By where they come from: {_held_by(frame, 'earned')}; what was put in by an equation, an "
        "input or calibration says nothing for the model when it holds.",
        "Each share is of the sets in which a pattern holds once what chance adds is taken out, by "
        f"{study.header.replicates} runs of each set; patterns of the mean hold or not by its 90 % "
        "interval.",
        f"{study.plausible.source[:1].upper()}{study.plausible.source[1:]}.",
    ]
    return Answer(verdict, tuple(lines))


def _held_by(frame: pd.DataFrame, column: str) -> str:
    """How many hold of each sort."""
    parts = [
        f"{(rows['verdict'] == HOLDS).sum()} of {len(rows)} {name}"
        for name, rows in frame.groupby(column, sort=False)
    ]
    return ", ".join(parts)


def _listed(rows: pd.DataFrame) -> str:
    """Patterns with their shares."""
    said = [
        f"{row['id']} ({'in the mean' if row['across'] == 'mean' else percent(row['share'])})"
        for _, row in rows.iterrows()
    ]
    return ", ".join(said)


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """Every pattern with its share; what was compared is in the files."""
    names = ["id", "text", "share", "low", "high", "at_defaults", "earned", "verdict"]
    return [tables["patterns"].pick(names)]


def recorded(study: Study[Spec], tables: Mapping[str, Table]) -> Sequence[Table]:
    """Both tables whole."""
    return [tables["patterns"], tables["comparisons"]]
