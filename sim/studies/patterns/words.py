"""words: how many patterns hold, and which do not; shown, the tables to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sim.present.answer import Answer
from sim.present.format import count, percent
from sim.present.table import Table
from sim.studies.patterns.analysis import FAILS, HOLDS, OPEN
from sim.studies.patterns.spec import ENOUGH, Spec
from sim.studies.spec import Study


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    assert study.plausible is not None
    frame = tables["patterns"].frame
    sets = int(frame["sets"].iloc[0])
    held, open_, failed = (frame[frame["verdict"] == one] for one in (HOLDS, OPEN, FAILS))
    verdict = (
        f"Of {count(len(frame), 'pattern')}, {len(held)} hold in {percent(ENOUGH)} of "
        f"{count(sets, 'plausible set')} or more"
    )
    verdict += f"; {len(failed)} do not: {_listed(failed)}." if len(failed) else "."
    lines = []
    if len(open_):
        lines.append(
            f"Of {len(open_)} the interval of the share has {percent(ENOUGH)} within: "
            f"{_listed(open_)}."
        )
    groups = [(name, rows) for name, rows in frame.groupby("group", sort=False)]
    if len(groups) > 1:
        parts = [
            f"{(rows['verdict'] == HOLDS).sum()} of {len(rows)} {name}" for name, rows in groups
        ]
        lines.append(f"By group these hold: {', '.join(parts)}.")
    earned = frame[frame["earned"] == "earned"]
    lines += [
        f"Of those that hold, {count(len(held[held['earned'] == 'earned']), 'pattern')} of "
        f"{len(earned)} are earned by the mechanisms and "
        f"{len(held[held['earned'] != 'earned'])} of {len(frame) - len(earned)} were put in by an "
        "equation or an input; what was put in says nothing for the model.",
        f"Each share is of sets in which the pattern holds once what chance adds is taken out, by "
        f"{study.header.replicates} runs of each set.",
        f"{study.plausible.source[:1].upper()}{study.plausible.source[1:]}.",
    ]
    return Answer(verdict, tuple(lines))


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
