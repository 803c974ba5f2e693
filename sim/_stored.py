"""What a result folder holds: the files of a :class:`sim.results.Runs`, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import _folder, _frames
from sim.errors import InputError
from sim.outcomes import NAMES
from sim.parameters import Parameters
from sim.runs.gather import place_names, point_names
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.results import Runs


CSV_RUNS = 1000
"""From so many runs on tables are written as CSV only when asked for."""


def write(runs: Runs, folder: Path, command: str, *, csv: bool | None = None) -> None:
    """Fill a new folder with the files of a result; only timing.json is new every time.

    Args:
        csv: write CSV beside Parquet; None: below :data:`CSV_RUNS` runs.
    """
    csv = len(runs) < CSV_RUNS if csv is None else csv
    _folder.write_table(folder, "runs", runs.runs(), csv=csv)
    _folder.write_table(folder, "weeks", runs.weeks(), csv=csv)
    if runs.keeps_runs:
        _folder.write_table(folder, "trajectories", runs.trajectories(), csv=False)
    text = runs.scenario.to_yaml()
    (folder / "scenario.yaml").write_text(text, encoding="utf-8", newline="\n")
    _folder.write_json(
        folder / _folder.MANIFEST,
        _manifest(runs, command) | {"files": _folder.fingerprints(folder)},
    )
    _folder.write_json(folder / "timing.json", runs.timing)


def _manifest(runs: Runs, command: str) -> dict[str, Any]:
    plausible = {}
    if runs.plausible:
        first = runs.parameter_sets[0]
        varied = [n for n in first if any(one[n] != first[n] for one in runs.parameter_sets)]
        plausible = {"plausible": {"source": runs.plausible, "varied": varied}}
    return plausible | {
        "format": _folder.FORMAT,
        "format_version": _folder.FORMAT_VERSION,
        **runs.provenance,
        "command": command,
        "seed": runs.seed,
        "replicates": runs.replicates,
        "runs": len(runs),
        "failed": len(runs.failures),
        "engine": runs.engine,
        "parameter_sets": [one.changed() for one in runs.parameter_sets],
        "regions": list(runs.places),
        "points": runs.point_weeks,
        "outcomes": list(NAMES),
        "keep_runs": runs.keeps_runs,
        "failures": [
            {
                "set": one.set_index,
                "replicate": one.replicate,
                "stage": one.stage,
                "reason": one.reason,
            }
            for one in runs.failures
        ],
        "scenario_digest": runs.scenario.digest(),
        "scenario": runs.scenario.to_dict(),
    }


def read(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of :class:`sim.results.Runs` for the results in a folder.

    Raises:
        ResultsError: a file cannot be read, or does not fit the manifest.
    """
    path = folder / _folder.MANIFEST
    try:
        scenario = Scenario.from_dict(manifest["scenario"])
        sets = [Parameters(changed, beyond_range=True) for changed in manifest["parameter_sets"]]
    except (InputError, TypeError) as error:
        raise _folder.refusal(path, f"cannot be used ({error}); make the results again") from None
    if scenario.digest() != manifest["scenario_digest"]:
        raise _folder.refusal(
            path, "is damaged: its scenario is not the one that was run; make the results again"
        )
    places = place_names(scenario)
    points = point_names(scenario)
    runs_path, weeks_path = folder / "runs.parquet", folder / "weeks.parquet"
    try:
        values = _frames.runs_values(_folder.read_table(runs_path), places, points)
    except (ValueError, TypeError) as error:
        raise _folder.refusal(runs_path, f"does not fit its manifest ({error})") from None
    try:
        frame = _folder.read_table(weeks_path)
        table = _frames.week_table(frame, places, scenario.horizon_weeks + 1)
    except (ValueError, TypeError) as error:
        raise _folder.refusal(weeks_path, f"does not fit its manifest ({error})") from None
    trajectories = None
    if "trajectories.parquet" in manifest["files"]:
        trajectories = _folder.read_table(folder / "trajectories.parquet")
    return {
        "scenario": scenario,
        "seed": manifest["seed"],
        "replicates": manifest["replicates"],
        "engine": manifest["engine"],
        "parameter_sets": sets,
        "values": values,
        "week_table": table,
        "provenance": {key: manifest[key] for key in ("codose", "python", "dependencies")},
        "timing": _folder.read_timing(folder),
        "trajectories": trajectories,
        "plausible": str((manifest.get("plausible") or {}).get("source", "")),
    }
