"""words: what a comparison with trials says in sentences; shown, the tables to print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.present.answer import Answer
from sim.present.format import count, number, percent, signed
from sim.present.table import Table
from sim.studies.spec import Study
from sim.studies.trials.spec import Spec


def words(study: Study[Spec], tables: Mapping[str, Table]) -> Answer:
    """The answer in sentences."""
    assert study.plausible is not None
    scores: Any = tables["scores"].frame.set_index("what")
    differ = tables["between"].frame.iloc[0]
    model, pooled, rival = (
        scores.loc[name] for name in ("model", "pooled effect", "meta-regression")
    )
    nearer = "comes nearer" if float(model["rmse"]) < float(pooled["rmse"]) else "comes no nearer"
    source = study.plausible.source
    return Answer(
        f"The model {nearer} to {count(len(tables['trials']), 'published trial')} than saying the "
        "same effect of each: compared, not validated.",
        (
            "One factor was fitted, so only ratios between trials are compared; each trial is "
            "predicted from the others.",
            f"The error (weighted by precision, in SMD) is {number(model['rmse'])} of the model, "
            f"{number(pooled['rmse'])} of one pooled effect and {number(rival['rmse'])} of a "
            "meta-regression on hours and sites.",
            "With one factor for all trials, the model's effects correlate with those observed by "
            f"{number(model['correlation_in_sample'])}.",
            f"Of the trials {percent(model['inside_50'])} lie inside the model's 50 % interval and "
            f"{percent(model['inside_90'])} inside its 90 % interval; trials differ by an SD of "
            f"{number(differ['between'])} beyond sampling.",
            f"Effects rise by {signed(differ['slope'])} a unit of their standard error: where that "
            "is well above 0, small trials report larger effects, which no dosage explains.",
            f"{source[:1].upper()}{source[1:]}.",
        ),
    )


def shown(study: Study[Spec], tables: Mapping[str, Table]) -> list[Table]:
    """The tables to print."""
    columns = ["trial", "sites", "months", "hours_a_month", "observed", "se", "model", "low",
               "high", "regression"]  # fmt: skip
    return [tables["trials"].pick(columns), tables["scores"]]
