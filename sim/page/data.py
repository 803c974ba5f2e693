"""The data that Python writes into the page: :func:`page_data` gives ``PageData`` of
``app/src/types.ts``.

All names, units, meanings, ranges, words, scenarios and plausible sets of the page come from this
module, so that the page and the commands cannot differ in a number. They are plain values for JSON.

>>> data = page_data()
>>> data["sets"]["count"], data["scenarios"][0]["key"], data["opened"]
(50, 'planning', None)
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.core.errors import check_known
from sim.core.glossary import as_sentence
from sim.core.glossary import glossary as explained
from sim.core.outcomes import HEADLINES, OUTCOMES, Outcome
from sim.core.parameters import TABLE, Parameter
from sim.core.units import CONFIDENCE, MODEL_VERSION, z_value
from sim.engine import artefact
from sim.page.equations import equations
from sim.present.format import words
from sim.scenario import plans_file
from sim.scenario.functions import PRESETS
from sim.scenario.loading import parse
from sim.scenario.scenario import Scenario, json_schema, shipped_names
from sim.stats.intervals import t_value
from sim.studies.calibrated import calibrated
from sim.studies.plausible import (
    PlausibleSets,
    Posterior,
    chosen_sets,
    posterior_in,
    read_posterior,
)

HERE = Path(__file__).parent
REPLICATES = 4
"""Runs of each set on the page, the default of ``--replicates`` in commands."""
DEGREES = 400
"""Most degrees of freedom in the table of Student's t."""

START = ("planning",)
"""Shipped scenarios that a planner begins with; a blank one follows them."""
CLASS = (
    "classroom", "directive", "assigned_tasks", "relationship_first", "training_only", "core_team",
    "irregular", "provider_overload",
)  # fmt: skip
"""Shipped scenarios that change one thing of the source case."""
LEFT_OUT = ("national",)
"""Scenarios that the page leaves out: a case for measuring speed and memory."""


def page_data(
    *,
    sets: str | None = None,
    opened: Mapping[str, Any] | None = None,
    story: str | None = None,
    served: bool = False,
) -> dict[str, Any]:
    """All data of the page.

    Args:
        sets: the folder of a calibration; None: the shipped plausible sets.
        opened: plans to open the page with, in the form of a plans file.
        story: the story of the class that the page begins with.
        served: whether ``codose serve`` serves the page and reads files for it.

    Raises:
        InputError: the folder holds no plausible sets, or there is no such story.
    """
    stories = _json("stories.json", [])
    if story is not None:
        names = [one["key"] for one in stories]
        check_known(story, names, "is not a story", field="--story")
    return {
        "version": sys.modules["sim"].__version__,
        "model": MODEL_VERSION,
        "engine": _layout()["stamp"],
        "outcomes": [_outcome(one) for one in OUTCOMES.values()],
        "parameters": [_parameter(row) for row in TABLE.values()],
        "schema": json_schema(),
        "plans_schema": plans_file.json_schema(),
        "functions": {
            "names": list(PRESETS["reference"].functions.model_dump()),
            "presets": {name: one.functions.model_dump() for name, one in PRESETS.items()},
            "meanings": {name: one.meaning for name, one in PRESETS.items()},
        },
        "scenarios": shipped_scenarios(),
        "sets": shipped_sets(sets),
        "t": [None, *(t_value(n) for n in range(1, DEGREES + 1))],
        "z": z_value(CONFIDENCE),
        "words": _json("words.json", {}),
        "glossary": glossary(),
        "stories": stories,
        "equations": equations(),
        "opened": opened,
        "story": story,
        "served": served,
    }


def _json(name: str, otherwise: Any) -> Any:
    path = HERE / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else otherwise


def _layout() -> dict[str, Any]:
    return json.loads((artefact.SHIPPED / "layout.json").read_text(encoding="utf-8"))


def _labels() -> dict[str, str]:
    """Planners' names of outcomes, where the name in the code differs."""
    return _json("words.json", {}).get("outcomes", {})


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        "name": one.name, "label": _labels().get(one.name, words(one.name)),
        "unit": one.unit, "meaning": one.meaning, "kind": one.kind, "overall": one.overall,
        "low": one.low, "high": one.high, "better": one.better, "headline": one.name in HEADLINES,
    }  # fmt: skip


def _parameter(row: Parameter) -> dict[str, Any]:
    fitted = calibrated()
    number = None if fitted is None else fitted.numbers.get(row.name)
    return {
        "name": row.name, "symbol": row.symbol, "meaning": row.meaning, "unit": row.unit,
        "default": row.default, "minimum": row.minimum, "maximum": row.maximum,
        "low": row.low, "high": row.high, "role": row.role,
        "grade": row.grade, "source": row.source,
        "fitted": None if number is None else {**number.as_dict(), "verdict": number.verdict},
    }  # fmt: skip


# --- scenarios -----------------------------------------------------------------------------------


def shipped_scenarios() -> list[dict[str, Any]]:
    """The scenarios that the page offers: a planner's first plans, examples, and those of a class.

    >>> [one["key"] for one in shipped_scenarios() if one["group"] == "start"]
    ['planning', 'blank']
    """
    others = sorted({*shipped_names()} - {*START, *CLASS, *LEFT_OUT})
    told = [
        {"key": key, "group": "start", "scenario": said(Scenario.shipped(key))} for key in START
    ]
    told.append({"key": "blank", "group": "start", "scenario": blank()})
    for group, keys in (("example", others), ("class", CLASS)):
        told += [
            {"key": key, "group": group, "scenario": said(Scenario.shipped(key))} for key in keys
        ]
    return told


def said(scenario: Scenario) -> dict[str, Any]:
    """The fields of a scenario that differ from defaults; they name no other file.

    >>> said(Scenario(name="tiny", horizon_weeks=52))
    {'name': 'tiny', 'horizon_weeks': 52}
    """
    return dict(parse(scenario.to_yaml()).data)


def blank() -> dict[str, Any]:
    """A plan without decisions: it has the people of the planning case and no contacts."""
    scenario = Scenario.shipped("planning").replace(
        name="Blank plan",
        question="",
        description="Twelve regions, six providers, and no contact yet.",
        dosage=[],
    )
    return said(scenario)


# --- plausible sets ------------------------------------------------------------------------------


def shipped_sets(folder: str | None = None) -> dict[str, Any]:
    """Plausible sets in the form of the page: values in base64, set after set.

    Args:
        folder: the folder of a calibration; None: the shipped sets.

    >>> found = shipped_sets()
    >>> len(base64.b64decode(found["values"])) == found["count"] * len(TABLE) * 8
    True

    Raises:
        InputError: the folder holds no plausible sets, or these cannot be used.
    """
    drawn: PlausibleSets = chosen_sets(folder)
    posterior: Posterior | None = read_posterior() if folder is None else posterior_in(folder)
    values = np.array([one.vector() for one in drawn.sets], dtype="<f8")
    first = values[0]
    varied = [name for i, name in enumerate(TABLE) if (values[:, i] != first[i]).any()]
    return {
        "count": len(drawn),
        "replicates": REPLICATES,
        "source": drawn.source,
        "targets": drawn.targets,
        "borrowed": 0 if posterior is None else posterior.borrowed,
        "own": 0 if posterior is None else posterior.own,
        "varied": varied,
        "values": base64.b64encode(values.tobytes()).decode("ascii"),
    }


# --- words ---------------------------------------------------------------------------------------


def glossary() -> dict[str, str]:
    """A sentence on every term that the page explains: those of the glossary, and the outcomes.

    >>> glossary()["trust"].endswith(".")
    True
    """
    terms = {name: as_sentence(one.meaning) for name, one in OUTCOMES.items()}
    return {**terms, **{name: term.meaning for name, term in explained().items()}}
