"""moved: which converged indices another seed puts elsewhere than their tolerance allows.

An index that has converged is known to its tolerance; the same study with another seed (other
points, other chance) must give it again. It *moved* when the two differ by more than the tolerance
of the first and the 95 % half-width of the second, squared and added: of an index whose half-width
is as large as its tolerance, one in twenty does so by chance, of the others far fewer.
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
        study: the first, whose tolerance counts.
        stored: its tables.
        again: those of the same study with another seed and at most as many base samples.
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
