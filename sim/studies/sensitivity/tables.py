"""tables_of: the findings of a sensitivity study as tables with the meanings of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.studies.sensitivity.design import Design, labels_of
from sim.studies.sensitivity.findings import Findings
from sim.studies.sensitivity.samples import Sample

METHOD = Column("method", format="text", meaning="method of the study file")
OUTCOME = Column("outcome", format="text")
FACTOR = Column("factor", format="text", meaning="factor, or group of factors")
OTHER = Column("other", format="text", meaning="the second factor of a pair")
SAMPLE = Column("sample", format="text", meaning="how design points were drawn")
LOW = Column("low", meaning="lower end of the 95 % interval", format="number")
HIGH = Column("high", meaning="upper end of the 95 % interval", format="number")

INDICES = (
    METHOD, OUTCOME, FACTOR, OTHER, LOW, HIGH, Column("index", format="text"),
    Column("naive", format="number", meaning="as SALib gives it, on the means over replicates"),
    Column("value", format="number", heading="corrected",
           meaning="index of the expected outcome: chance is taken out"),
    Column("half_sample", format="number", meaning="half-width from the choice of design points"),
    Column("half_chance", format="number", meaning="half-width from the choice of replicates"),
    Column("converged", meaning="whether the interval is within the tolerance and the index held "
           "since half of the samples"),
    Column("verdict", format="text", meaning="converged, or about how many more runs it takes"),
    Column("more_runs", format="count", meaning="about how many more runs would make it converge"),
    Column("unit", format="number", meaning="what the tolerance is a share of"),
)  # fmt: skip
CONVERGENCE = (
    METHOD, OUTCOME, FACTOR, OTHER, Column("index", format="text"),
    Column("samples", format="count", meaning="base samples"), Column("points", format="count"),
    Column("value", format="number"),
    Column("half", format="number", meaning="half-width of the 95 % interval"),
)  # fmt: skip
RANKINGS = (
    METHOD, OUTCOME, Column("index", format="text"),
    Column("converged", meaning="whether factors whose intervals are apart kept their order since "
           "half of the samples"),
    Column("swapped", format="text", meaning="those that did not"),
)  # fmt: skip
NOISE = (
    SAMPLE, OUTCOME,
    Column("signal_variance", format="number", meaning="variance of the expected outcome"),
    Column("signal_cv", format="percent", heading="± of it",
           meaning="its standard error as a share of it: above 15 % no share of it has converged"),
    Column("chance", format="percent", meaning="share of the variance of one run"),
    Column("chance_moving_all", format="percent",
           meaning="the part of it that moves all design points alike, and cancels"),
    Column("chance_left", format="percent",
           meaning="share of the variance of the means that naive indices see"),
    Column("base_samples", format="count", meaning="counted"),
    Column("left_out", format="count", meaning="base samples with a run without a value"),
    Column("replicates_left_out", format="count",
           meaning="replicates left out at every point for the same reason"),
    Column("undefined", format="text", meaning="why there are no indices"),
)  # fmt: skip
RESPONSES = (
    SAMPLE, OUTCOME, FACTOR, LOW, HIGH,
    Column("coordinate", format="number", meaning="place in the range, 0..1"),
    Column("at", format="text", meaning="value of the factor"),
    Column("mean", format="number", meaning="of the outcome"),
)  # fmt: skip
FACTORS = (
    Column("name", format="text"), Column("kind", meaning="parameter, lever, input or dummy"),
    Column("distribution", format="text"), Column("grade", meaning="of the evidence for its range"),
    Column("meaning", format="text"),
)  # fmt: skip


def tables_of(design: Design, samples: Sequence[Sample], found: Findings) -> dict[str, Table]:
    """Every table that has rows, in the order in which the tables are shown."""
    counted = found.counted, found.runs
    made = [
        _table("indices", found.indices, INDICES, "Indices", counted, "Chance is taken out of the "
               "corrected ones; intervals are 95 %."),
        _table("convergence", found.convergence, CONVERGENCE, "Indices as the sample grows",
               counted),
        _table("rankings", found.rankings, RANKINGS, "Order of the factors", counted),
        _table("noise", found.noise, NOISE, "Chance in the outcomes", counted),
        _table("responses", found.responses, RESPONSES, "Response to each factor", counted),
        Table("factors", _factors(design), FACTORS, title="What was varied, and how",
              note=design.ranges),
        Table("points", _points(design, samples), (SAMPLE, Column("base", format="given", meaning=
              "base sample, from 0"))),
        Table("runs", _runs(design, samples), (SAMPLE, Column("point", format="given"),
              Column("replicate", format="given")), rests_on=counted),
    ]  # fmt: skip
    return {table.name: table for table in made if len(table)}


def _table(
    name: str, rows: Sequence[dict[str, Any]], columns: Sequence[Column], title: str,
    counted: tuple[int, int], note: str = "",
) -> Table:  # fmt: skip
    known = columns if rows else ()
    return Table(name, pd.DataFrame(rows), known, title=title, note=note, rests_on=counted)


def _factors(design: Design) -> pd.DataFrame:
    """A row for each factor, the dummy included."""
    return pd.DataFrame(
        [
            {
                "name": one.name, "kind": one.kind, "distribution": one.distribution.text,
                "grade": one.grade, "meaning": one.meaning,
            }
            for one in design.space.factors
        ]
    )  # fmt: skip


def _points(design: Design, samples: Sequence[Sample]) -> pd.DataFrame:
    """A row for each point with sample, base sample, values of factors and reasons of refusals."""
    frames = []
    for one in samples:
        count, size = len(one.unit), one.sampler.rows_per_base
        base = np.arange(count) // size if one.sampler.extendable else np.zeros(count, np.int64)
        columns: dict[str, Any] = {"sample": [one.sampler.kind] * count, "base": base}
        for name, column in design.space.values(one.unit).items():
            numbers = isinstance(column, np.ndarray)
            columns[name] = column if numbers else [str(value) for value in column]
        if any(other.refused for other in samples):
            columns["refused"] = [one.refused.get(point, "") for point in range(count)]
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def _runs(design: Design, samples: Sequence[Sample]) -> pd.DataFrame:
    """A row for each run with sample, point, replicate and a column for each outcome and week."""
    frames = []
    for one in samples:
        points, replicates, _ = one.y.shape
        frame = pd.DataFrame(
            {
                "sample": [one.sampler.kind] * (points * replicates),
                "point": np.repeat(np.arange(points), replicates),
                "replicate": np.tile(np.arange(replicates), points),
            }
        )
        for place, label in enumerate(labels_of(design.study)):
            frame[label.column] = one.y[:, :, place].ravel()
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
