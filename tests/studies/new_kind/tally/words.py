"""words: the answer in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.present.answer import Answer
from sim.present.table import Table
from sim.studies.spec import Study


def words(study: Study[Any], tables: Mapping[str, Table]) -> Answer:
    frame = tables["tally"].frame
    return Answer(f"The regions keep {frame['kept'].sum():.1f} commitments on average.")
