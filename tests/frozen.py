"""The numbers of the tiny study of every kind, kept so that no change moves one unnoticed.

``frozen.json`` holds, of every column of every table, how many values are known and their mean, in
which each row weighs as its number, so that an exchange of rows is seen; of words, their hash.
Where numbers move on purpose, ``python -m tests.frozen`` writes the file anew, and ``CHANGELOG.md``
says why they moved.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import studies
from sim.studies.ask import ask
from sim.studies.result import Result
from tests.cases import tiny

FILE = Path(__file__).with_name("frozen.json")


def fact(column: pd.Series) -> Any:
    """What is kept of a column: [known values, weighted mean], or the hash of its words."""
    if column.dtype.kind not in "biuf":
        words = "\n".join("" if pd.isna(one) else str(one) for one in column)
        return hashlib.sha256(words.encode()).hexdigest()[:12]
    values = column.to_numpy(dtype=float)
    known = np.isfinite(values)
    rows = 1.0 + np.flatnonzero(known)
    return [int(known.sum()), float((values[known] * rows).sum() / rows.sum()) if len(rows) else 0]


def facts(result: Result) -> dict[str, dict[str, Any]]:
    """What is kept of every table."""
    frames = {name: table.frame for name, table in result.tables.items()}
    return {
        name: {str(column): fact(frame[column]) for column in frame}
        for name, frame in frames.items()
    }


def moved(kept: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The tables and columns that are not as they are kept."""
    if list(kept) != list(found):
        return [f"tables {', '.join(found)}, kept are {', '.join(kept)}"]
    wrong = []
    for name, columns in found.items():
        if list(columns) != list(kept[name]):
            wrong.append(f"{name}: columns {', '.join(columns)}; kept {', '.join(kept[name])}")
            continue
        for column, one in columns.items():
            before = kept[name][column]
            same = (
                one == before
                if isinstance(one, str) or isinstance(before, str)
                else np.allclose(one, before, rtol=1e-9, atol=1e-12)
            )
            if not same:
                wrong.append(f"{name}.{column}: {before} became {one}")
    return wrong


if __name__ == "__main__":
    everything = {kind: facts(ask(tiny(kind))) for kind in studies.names()}
    FILE.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
