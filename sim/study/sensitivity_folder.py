"""The result folder of a study: tables, words and origin, written whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import _folder
from sim.runs.folder import provenance
from sim.study.factors import DUMMY
from sim.study.sensitivity import SensitivityResult
from sim.study.sensitivity_words import words


def save(
    result: SensitivityResult,
    folder: Path,
    *,
    force: bool = False,
    command: str = "",
    draw: Callable[[SensitivityResult, Path], object] | None = None,
) -> Path:
    """Write everything a study found; returns the folder.

    ``indices``, ``convergence``, ``rankings``, ``noise``, ``responses``, ``points`` and ``runs``
    are tables (Parquet, the small ones also CSV); ``result.txt`` is the result in words;
    ``manifest.json`` the origin and the SHA-256 of every table; ``timing.json`` the wall time, to
    which this adds ``results`` (tables) and ``figures``. Only the last differs from one run of a
    study to the next.

    Args:
        draw: fills ``figures/``.

    Raises:
        ResultsError: the folder cannot be written. Nothing is left behind.
    """  # fmt: skip

    def write(place: Path) -> None:
        begun = time.perf_counter()
        for name in ("indices", "convergence", "rankings", "noise", "responses"):
            frame: pd.DataFrame = getattr(result, name)
            if len(frame):
                _folder.write_table(place, name, frame)
        _folder.write_table(place, "points", points_table(result), csv=False)
        _folder.write_table(place, "runs", runs_table(result), csv=False)
        (place / "result.txt").write_text(words(result) + "\n", encoding="utf-8", newline="\n")
        _folder.write_json(place / "manifest.json", manifest(result, place, command))
        drawn = time.perf_counter()
        result.seconds["results"] = drawn - begun
        if draw is not None:
            (place / "figures").mkdir()
            draw(result, place / "figures")
            result.seconds["figures"] = time.perf_counter() - drawn
        parts = {name: round(spent, 3) for name, spent in result.seconds.items()}
        _folder.write_json(place / "timing.json", {"seconds": parts})

    return _folder.write_folder(folder, write, force=force)


def points_table(result: SensitivityResult) -> pd.DataFrame:
    """A row a point: sample, base sample, values of the factors."""
    frames = []
    for design in result.designs:
        values = result.asked.space.values(design.unit)
        columns: dict[str, Any] = {
            "sample": [design.sampler.kind] * len(design.unit),
            "base": np.arange(len(design.unit)) // design.sampler.rows_per_base,
        }
        if not design.sampler.extendable:
            columns["base"] = np.zeros(len(design.unit), dtype=np.int64)
        for name, column in values.items():
            numbers = isinstance(column, np.ndarray)
            columns[name] = column if numbers else [str(one) for one in column]
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def runs_table(result: SensitivityResult) -> pd.DataFrame:
    """A row a run: sample, point, replicate, and a column an outcome and week."""
    frames = []
    for design in result.designs:
        points, replicates, _ = design.y.shape
        frame = pd.DataFrame(
            {
                "sample": [design.sampler.kind] * (points * replicates),
                "point": np.repeat(np.arange(points), replicates),
                "replicate": np.tile(np.arange(replicates), points),
            }
        )
        for place, label in enumerate(result.labels):
            name = f"{label.outcome} @ {label.week}" if label.week else label.outcome
            frame[name] = design.y[:, :, place].ravel()
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def manifest(result: SensitivityResult, place: Path, command: str) -> dict[str, Any]:
    """Where the numbers come from."""
    asked = result.asked
    known = asked.study.scenarios
    return {
        "format": _folder.FORMAT,
        "format_version": _folder.FORMAT_VERSION,
        "kind": "sensitivity",
        **provenance(),
        "analysed_with": {name: version(name) for name in ("SALib", "scipy")},
        "command": command,
        "study": asked.header.model_dump(mode="json", exclude={"factors"}),
        "factors": [
            {"name": f.name, "kind": f.kind, "distribution": f.distribution.text, "grade": f.grade}
            for f in asked.space.factors
        ],
        "ranges": asked.ranges,
        "dummy": DUMMY if asked.space.dummy is not None else None,
        "seed": asked.header.seed,
        "points": result.points,
        "runs": result.runs,
        "failed_runs": sum(len(design.failures) for design in result.designs),
        "scenario": {name: scenario.to_dict() for name, scenario in known.items()},
        "files": _folder.fingerprints(place),
    }
