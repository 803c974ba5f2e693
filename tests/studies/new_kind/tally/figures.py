"""figures: a bar a region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.present.figures import Figure
from sim.present.table import Table
from sim.studies.spec import Study


def figures(study: Study[Any], tables: Mapping[str, Table]) -> list[Figure]:
    def draw() -> Any:
        from matplotlib.figure import Figure as Drawn

        drawn = Drawn(figsize=(6, 3))
        frame = tables["tally"].frame
        drawn.subplots().bar(frame["region"], frame["kept"])
        return drawn

    return [Figure("tally", "Commitments kept", "A bar a region.", "Commitments kept", draw)]
