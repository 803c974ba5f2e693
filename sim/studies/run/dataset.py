"""dataset: runs as an ``xarray.Dataset``; :func:`joined` joins those of several scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.outcomes import OUTCOMES
from sim.core.parameters import TABLE
from sim.present.labelled import labelled, xarray
from sim.runs.bands import ARMS

if TYPE_CHECKING:
    import pandas as pd

    from sim.studies.run.runs import Runs

KEYS = ("scenario", "set", "replicate", "arm", "region", "week")
AXES = {
    "set": "parameter set, from 0",
    "replicate": "run of the set, from 0",
    "arm": "with or without technical assistance, the same people and chance",
    "week": "week of the scenario; 0 is before the first",
    "point": "what the week is, where it is a point of the summary",
    "stream": "number of the replicate in the random streams",
}
MEANT = {
    (True, "total"): "what happened in the week", (True, "rate"): "over what happened in the week",
    (False, "total"): "added up from week 1", (False, "rate"): "over what happened so far",
}  # fmt: skip


def dataset(runs: Runs, name: str = "", parameters: Sequence[str] | None = None) -> Any:
    """Runs as a dataset, see :meth:`sim.studies.run.runs.Runs.to_xarray`.

    Args:
        runs: the runs.
        name: the label of the scenario; default: the label in its study.
        parameters: parameters that become coordinates; default: those that differ between sets.

    Raises:
        InputError: xarray is not installed.
    """
    xarray()
    weekly = "trajectories" in runs.result.tables
    frame = runs.trajectories() if weekly else _at_points(runs)
    first = frame.groupby("set")["replicate"].min()
    streams = frame.drop_duplicates(["set", "replicate"])
    frame["replicate"] -= frame["set"].map(first)
    frame.insert(0, "scenario", name or runs.result.study.labels[0])
    about = {name: {"long_name": text} for name, text in AXES.items()}
    for name, one in OUTCOMES.items():
        said = {"units": one.unit, "long_name": one.meaning}
        about[name] = said | {"comment": MEANT.get((weekly, one.kind), "")}
    found = labelled(frame, KEYS, about)
    numbers = np.full((found.sizes["set"], found.sizes["replicate"]), -1)
    place = streams["replicate"] - streams["set"].map(first)
    numbers[np.searchsorted(found["set"], streams["set"]), place] = streams["replicate"]
    weeks = {week: point for point, week in reversed(runs.point_weeks.items())}
    sets = [runs.parameter_sets[number] for number in found["set"].to_numpy()]
    coordinates: dict[str, Any] = {
        "stream": (("scenario", "set", "replicate"), [numbers], {"long_name": AXES["stream"]}),
        "point": (("scenario", "week"), [[weeks.get(n, "") for n in found["week"].to_numpy()]],
                  {"long_name": AXES["point"]}),
    }  # fmt: skip
    for one in varied(runs) if parameters is None else parameters:
        said = {"units": TABLE[one].unit, "long_name": TABLE[one].meaning}
        coordinates[one] = (("scenario", "set"), [[values[one] for values in sets]], said)
    found = found.assign_coords(coordinates)
    found.attrs.update(
        title=runs.scenario.name, source=f"codose {runs.provenance['codose']}",
        seed=str(runs.seed), scenario_digest=runs.scenario.digest(),
    )  # fmt: skip
    return found


def _at_points(runs: Runs) -> pd.DataFrame:
    """A wide frame like the trajectories, at the weeks of the points, without failed runs."""
    import pandas as pd

    frame = runs.runs()
    frame = frame[frame["region"].notna() & (frame["point"] != "persistence")]
    frame["week"] = frame["point"].astype(str).map(runs.point_weeks)
    keys = ["set", "replicate", "region", "week"]
    frame = frame.drop_duplicates([*keys, "outcome"])
    arms = []
    for arm, column in zip(ARMS[:2], ("value", "no_ta"), strict=True):
        wide = frame.set_index([*keys, "outcome"])[column].unstack("outcome")
        arms.append(wide.reset_index().assign(arm=arm))
    found = pd.concat(arms, ignore_index=True)
    found.columns = found.columns.astype(str)
    return found


def varied(runs: Runs) -> list[str]:
    """The parameters that differ between the sets of runs."""
    return [name for name in TABLE if len({one[name] for one in runs.parameter_sets}) > 1]


def joined(found: Mapping[str, Runs]) -> Any:
    """Runs of several scenarios as one dataset; values that a scenario lacks are NaN or empty."""
    names = list(dict.fromkeys(name for one in found.values() for name in varied(one)))
    return xarray().concat(
        [dataset(one, name, names) for name, one in found.items()],
        "scenario",
        join="outer",
        coords="minimal",
        compat="override",
        combine_attrs="drop_conflicts",
        fill_value={"point": ""},
    )
