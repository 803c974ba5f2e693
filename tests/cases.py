"""Tiny studies, and the command line in this process: what tests of every kind share."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from typer.testing import CliRunner

from sim.cli.ask import option_words
from sim.core import files
from sim.studies.kind import StudyKind
from sim.studies.spec import Study, parse_study

TINY: dict[str, dict[str, Any]] = {
    "audit": {
        "name": "a tiny audit", "scenario": "source", "asks_about": ["knowledge"],
        "background_trends": [0.0], "sets": 2, "replicates": 2,
    },
    "sensitivity": {
        "name": "a tiny screening", "scenario": "classroom", "outcomes": ["knowledge"],
        "weeks": [13], "factors": ["learning_rate", "trust_step"], "method": ["morris"],
        "samples": 8, "replicates": 3,
    },
    "ladder": {
        "name": "a tiny ladder", "scenario": "classroom", "outcomes": ["trust"],
        "contrast": {"lever": "co_creation", "low": 0.0, "high": 1.0},
        "steps": [
            {"name": "as it is"}, {"name": "no power", "parameters": {"power_sharing": 0.0}},
        ],
        "replicates": 4,
    },
    "patterns": {
        "name": "tiny patterns", "scenario": "classroom", "sets": 3, "replicates": 2,
        "default_replicates": 3, "cases": {"calls": {"levers": {"co_creation": 0}}},
        "patterns": [
            {"id": "growing", "text": "trust grows", "source": "our own reading", "earned": True,
             "why": "nobody wrote it", "statement": ["trust at 52 > trust at start + 0.01",
                           "survey of trust at 52 in calls > 3"]},
            {"id": "order", "text": "less comes of calls", "source": "our own reading",
             "earned": False, "why": "power sharing", "across": "mean",
             "statement": ["effect on trust at 52 rises over calls, classroom"]},
            *({"id": name, "text": f"{name} is within bounds", "source": "our own reading",
               "earned": False, "why": "a clip", "statement": f"0.01 < {name} at 52 < 0.99"}
              for name in ("trust", "knowledge")),
        ],
    },
    "run": {"scenario": "classroom", "sets": 3, "replicates": 2},
    "compare": {
        "scenarios": ["no_ta", "phone_only"], "outcomes": ["trust", "cost"], "sets": 3,
        "replicates": 2, "hold": {"trust_step": 0.2},
    },
    "surface": {
        "scenario": "classroom", "every_weeks": [4, 8], "hours": [1, 2], "co_creation": [0.5, 1],
        "targets": {"trust": 0.4}, "outcomes": ["trust", "cost"], "sets": 3, "replicates": 2,
        "budget": {"money": 15000, "of": "centre"},
    },
    "plan": {
        "name": "a tiny plan", "scenario": "classroom",
        "levers": {"video.every_weeks": [2, 8], "onsite.every_weeks": {"choices": ["never", 26]}},
        "budget": {"money": 20000}, "start_date": "2027-01-04",
        "targets": [{"outcome": "integration", "at_least": 0.15, "probability": 0.5}],
        "search": {"plans": 8, "population": 4, "sets": 4, "replicates": 2},
        "confirm": {"plans": 3, "sets": 20, "replicates": 2, "failure_sets": 60},
    },
    "calibrate": {
        "name": "a tiny calibration", "scenario": "classroom",
        "factors": ["learning_rate", "hour_scale", "keeping"], "targets": ["T4", "T10"],
        "samples": 120, "replicates": 4, "truths": 20, "kept": 50, "seed": 3,
    },
    "trials": {
        "name": "a tiny comparison", "scenario": "source", "sets": 2, "replicates": 2,
        "trials": str(files.folder("experiments") / "observed" / "facilitation_trials.csv"),
    },
    "tally": {"name": "a tiny tally", "scenario": "classroom", "sets": 3, "replicates": 2},
}  # fmt: skip
"""Fields of a study of each kind that takes a moment."""


def tiny(kind: str) -> Study[Any]:
    """A study of a kind that takes a moment."""
    return StudyKind.of(kind).make(**TINY[kind])


def written(text: str) -> Study[Any]:
    """The checked study of a file with this text."""
    kind = StudyKind.of(yaml.safe_load(text)["kind"])
    spec = kind._module("spec")
    study = parse_study(text, kind.Spec, issues=getattr(spec, "issues", None))
    return kind._checked(study)


def command_line(study: Study[Any], folder: Path) -> list[str]:
    """The words after ``codose`` that ask a tiny study; its file is written into the folder."""
    kind = StudyKind.of(study.header.kind)
    if kind.argument == "study":
        file = folder / "tiny.yaml"
        file.write_text(yaml.safe_dump(study.document.data, sort_keys=False), encoding="utf-8")
        return [kind.name, str(file)]
    fields = dict(TINY[kind.name])
    asked = fields.pop(kind.argument)
    words = [kind.name, *([asked] if isinstance(asked, str) else asked)]
    return [*words, *option_words(kind, fields)]


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


def check_called(name: str) -> ModuleType:
    """``experiments/checks/NAME.py`` as a module."""
    file = Path(__file__).resolve().parents[1] / "experiments" / "checks" / f"{name}.py"
    found = importlib.util.spec_from_file_location(name, file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module
