"""design and analyse: a plan with one job, and a table with a row a region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sim.present.table import Column, Table
from sim.runs.collect import Points
from sim.runs.plan import RunPlan, independent
from sim.studies.spec import Study

COLLECT = Points(("commitments_kept",), None)


def design(study: Study[Any]) -> RunPlan:
    scenario = study.scenario
    weeks = [scenario.end_of_ta]
    job = independent(scenario, study.sets(scenario), study.header.replicates, weeks)
    return RunPlan((job,), study.seed)


def analyse(study: Study[Any], values: Any) -> Mapping[str, Table]:
    rows = []
    for name in study.scenario.region_names:
        kept = values.of("commitments_kept", region=name)
        many = float(np.mean(kept >= study.header.at_least))
        rows.append({"region": name, "kept": float(np.nanmean(kept)), "many": many})
    columns = [Column("kept", "commitments"), Column("many", format="percent")]
    return {"tally": Table("tally", pd.DataFrame(rows), columns, rests_on=values.count())}
