"""moved: the converged indices that change with another seed by more than their tolerance allows.

An index that has converged is known to its tolerance, so the same study with another seed (other
points, other chance) must reproduce it. An index has *moved* when its two values differ by more
than the root of the summed squares of the tolerance of the first and the 95 % half-width of the
second. If its half-width is as large as its tolerance, an index moves by chance in one case of
twenty; other indices move far less often.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, isfinite
from typing import Any

from sim.present.format import count, number, words
from sim.present.table import Table
from sim.studies.kind import Moved
from sim.studies.sensitivity.convergence import tolerance
from sim.studies.sensitivity.spec import Spec
from sim.studies.spec import Study, when

KEYS = ("method", "outcome", "week", "index", "factor", "other")


def moved(study: Study[Spec], stored: Mapping[str, Table], again: Mapping[str, Table]) -> Moved:
    """Compare the converged indices of a study with those of another seed.

    Args:
        study: the first study, whose tolerance counts.
        stored: the tables of the first study.
        again: the tables of the same study with another seed and at most as many base samples.
    """
    first, second = (_rows(tables) for tables in (stored, again))
    converged = {key: row for key, row in first.items() if row["converged"]}
    said, known, open_now = [], 0, []
    for key, row in converged.items():
        other = second.get(key)
        if other is None or not isfinite(other["value"]):
            open_now.append(key)
            continue
        known += 1
        if not other["converged"]:
            open_now.append(key)
        wanted = tolerance(row["value"], row["unit"], study.header.tolerance)
        allowed = hypot(wanted, (other["high"] - other["low"]) / 2.0)
        if abs(other["value"] - row["value"]) > allowed:
            said.append(
                f"{_named(row)} was {number(row['value'])} and is {number(other['value'])}: "
                f"apart by more than {number(allowed)}, the tolerance ({number(wanted)}) and the "
                "half-width of the second together"
            )
    notes = []
    if open_now:
        notes.append(
            f"{count(len(open_now), 'index', 'indices')} of {count(len(converged))} that had "
            "converged have not with the other seed"
        )
    if not converged:
        notes.append("no index of the study had converged: there is nothing to check")
    return Moved(known, tuple(said), tuple(notes))


def _rows(tables: Mapping[str, Table]) -> dict[tuple[Any, ...], dict[Any, Any]]:
    if "indices" not in tables:
        return {}
    records = tables["indices"].frame.to_dict("records")
    return {tuple(row[key] for key in KEYS): row for row in records}


def _named(row: Mapping[Any, Any]) -> str:
    pair = f" with {row['other']}" if row["other"] else ""
    return (
        f"{words(when(row['outcome'], row['week']))}: {row['method']} {row['index']} of "
        f"{row['factor']}{pair}"
    )
