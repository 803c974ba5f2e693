"""Tiny studies, and the command line in this process: what tests of every kind share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from sim import files
from sim.studies.kind import StudyKind
from sim.study.study_file import Study

TINY: dict[str, dict[str, Any]] = {
    "audit": {
        "name": "a tiny audit", "scenario": "source", "asks_about": ["knowledge"],
        "background_trends": [0.0], "sets": 2, "replicates": 2,
    },
    "calibrate": {
        "name": "a tiny calibration", "scenario": "classroom",
        "factors": ["learning_rate", "hour_scale", "keeping"], "targets": ["T4", "T10"],
        "waves": 1, "wave_samples": 60, "wave_replicates": 2, "samples": 120, "replicates": 4,
        "kept": 50, "seed": 3,
    },
    "trials": {
        "name": "a tiny comparison", "scenario": "source", "sets": 2, "replicates": 1,
        "trials": str(files.folder("experiments") / "observed" / "facilitation_trials.csv"),
    },
    "tally": {"name": "a tiny tally", "scenario": "classroom", "sets": 3, "replicates": 2},
}  # fmt: skip
"""Fields of a study of each kind that takes a moment."""


def tiny(kind: str) -> Study[Any]:
    """A study of a kind that takes a moment."""
    return StudyKind.of(kind).make(**TINY[kind])


def command_line(study: Study[Any], folder: Path) -> list[str]:
    """The words after ``codose`` that ask a tiny study; its file is written into the folder."""
    kind = StudyKind.of(study.header.kind)
    if kind.argument == "study":
        file = folder / "tiny.yaml"
        file.write_text(yaml.safe_dump(study.document.data), encoding="utf-8")
        return [kind.name, str(file)]
    fields = dict(TINY[kind.name])
    asked = fields.pop(kind.argument)
    words = [kind.name, *([asked] if isinstance(asked, str) else asked)]
    fields.pop("name", None)
    for field, value in fields.items():
        words += [f"--{field.replace('_', '-')}", str(value)]
    return words


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    exit_code: int
    stdout: str
    stderr: str


def codose(*words: str | Path, answers: str | None = None) -> Ran:
    """Run a command in this process.

    Raises:
        Exception: anything but the end of the command.
    """
    from sim.cli import app

    done = CliRunner().invoke(app, [str(word) for word in words], input=answers, prog_name="codose")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)
