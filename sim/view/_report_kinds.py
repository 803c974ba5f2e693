"""What a report says of each kind of result: figures, tables, cost, assumptions.

A kind that is not known here still gets its words, tables and pictures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from sim import _folder
from sim.errors import ResultsError
from sim.parameters import TABLE
from sim.study.calibrated import CalibratedNumber, calibrated
from sim.view import _report_plan, _report_runs, _report_studies
from sim.view._report_parts import Content, Picture, Table, split_answer

GRADES = ("assumption", "C", "B", "A", "definition")
"""From the weakest: the order in which they are shown."""
ROWS = 30
"""Rows of a table that is shown as it is."""
BULK = frozenset({"runs", "weeks", "sets", "points", "trajectories", "searched"})
"""Tables for programs, not for reading."""
KINDS: Mapping[str, tuple[str, Callable[[Content, Path, dict[str, Any]], None]]] = {
    "run": ("Runs of one scenario", _report_runs.fill),
    "compare": ("Comparison of scenarios", _report_studies.compare),
    "surface": ("Dose-response surface", _report_studies.surface),
    "sensitivity": ("Sensitivity study", _report_studies.sensitivity),
    "plan": ("Plan under a budget", _report_plan.fill),
}


def content_of(folder: Path) -> Content:
    """Everything that the report of a folder shows.

    Raises:
        ResultsError: the folder holds no results, those of a newer codose, or damaged ones.
    """
    manifest = _folder.read_manifest(folder, any_version=True)
    version = manifest["format_version"]
    if version > _folder.FORMAT_VERSION:
        raise _folder.refusal(
            folder,
            f"was written by a newer codose (format {version}); update codose to read it",
            f"format {_folder.FORMAT_VERSION} or older",
        )
    files = manifest.get("files")
    if isinstance(files, dict) and (found := tuple(_folder.damages(folder, manifest))):
        raise ResultsError(found)
    kind = str(manifest.get("kind") or ("run" if "parameter_sets" in manifest else "results"))
    words, fill = KINDS.get(kind, (f"Results: {kind.replace('_', ' ')}", generic))
    answer, rest = split_answer(_answer(folder, manifest))
    content = Content(words, _title(folder, manifest), _question(manifest), answer)
    content.details = [rest] if rest else []
    content.details += [str(text) for text in manifest.get("details", ())]
    content.notes = [str(text) for text in manifest.get("notes", ())]
    content.command = str(manifest.get("command") or "")
    content.assumption_note = _assumption_note(manifest)
    content.parameters = parameters(manifest)
    fill(content, folder, manifest)
    if not content.assumptions:
        content.assumptions = [_report_runs.not_known_well()]
    content.provenance = provenance(manifest)
    content.inputs = inputs(manifest)
    return content


# --- words that every kind has -------------------------------------------------------------------


def _scenarios(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every scenario in a manifest, by what it is called there."""
    found: dict[str, dict[str, Any]] = {}
    one = manifest.get("scenario")
    if isinstance(one, dict):
        if "horizon_weeks" in one:
            found[str(one.get("name", "scenario"))] = one
        else:
            found |= {str(k): v for k, v in one.items() if isinstance(v, dict)}
    for each in manifest.get("scenarios") or ():
        if isinstance(each, dict) and isinstance(each.get("scenario"), dict):
            found[str(each.get("label", each["scenario"].get("name")))] = each["scenario"]
    return found


def _title(folder: Path, manifest: Mapping[str, Any]) -> str:
    study = manifest.get("study")
    name = manifest.get("name") or (study.get("name") if isinstance(study, dict) else "")
    if name and name != "unnamed study":
        return str(name)
    known = list(_scenarios(manifest))
    if len(known) > 1:
        return f"{', '.join(known[1:])} against {known[0]}".replace("_", " ")
    return known[0] if known else folder.resolve().name


def _question(manifest: Mapping[str, Any]) -> str:
    study = manifest.get("study")
    asked = manifest.get("question") or (study.get("question") if isinstance(study, dict) else "")
    if asked:
        return str(asked)
    known = _scenarios(manifest)
    if len(known) > 1:
        return "What differs between these scenarios, how surely, and at what cost?"
    return next((str(one.get("question") or "") for one in known.values()), "")


def _answer(folder: Path, manifest: Mapping[str, Any]) -> str:
    """The answer as the command gave it, or the words that it left in the folder."""
    if manifest.get("answer"):
        return str(manifest["answer"])
    for name in ("answer.txt", "result.txt"):
        path = folder / name
        if path.is_file():
            return path.read_text(encoding="utf-8").strip()
    return "The tables and figures below hold the result."


def _source(manifest: Mapping[str, Any]) -> str:
    plausible = manifest.get("plausible")
    return str(plausible.get("source", "")) if isinstance(plausible, dict) else ""


def _assumption_note(manifest: Mapping[str, Any]) -> str:
    source = _source(manifest)
    count = manifest.get("sets")
    if source:
        number = f"{count} " if isinstance(count, int) else ""
        return f"It rests on {number}{source}."
    return "It rests on the values of the parameters below."


def provenance(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions, seed, numbers of runs."""
    rows = [("codose", str(manifest.get("codose", "")))]
    if _source(manifest):
        rows.append(("parameters", _source(manifest)))
    for key in (
        "seed",
        "sets",
        "replicates",
        "runs",
        "failed",
        "engine",
        "scored",
        "cells",
        "points",
        "scenario_digest",
    ):
        value = manifest.get(key)
        if isinstance(value, int | str) and not isinstance(value, bool) and value != "":
            rows.append((key.replace("_", " "), f"{value:,}" if isinstance(value, int) else value))
    python = manifest.get("python")
    packages = manifest.get("dependencies")
    if isinstance(packages, dict):
        versions = ", ".join(f"{name} {version}" for name, version in packages.items())
        rows.append(("made with", f"Python {python}, {versions}"))
    return rows


def inputs(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Scenario and study as they were, to copy into files."""
    found = []
    for name, data in _scenarios(manifest).items():
        found.append((f"Scenario: {name}", _scenario_text(data)))
    if isinstance(study := manifest.get("study"), dict):
        text = yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100)
        found.append(("Study file", text))
    return found


def _scenario_text(data: dict[str, Any]) -> str:
    """As short as it was written, or whole when this codose cannot read it."""
    from sim.errors import InputError
    from sim.scenario import Scenario

    try:
        return Scenario.from_dict(data).to_yaml()
    except InputError:
        return json.dumps(data, indent=1, ensure_ascii=False)


def parameters(manifest: Mapping[str, Any]) -> Table:
    """Every parameter: its value, or the range that it was drawn from."""
    own = next((one.get("parameters") or {} for one in _scenarios(manifest).values()), {})
    sets = manifest.get("parameter_sets")
    changed = sets[0] if isinstance(sets, list) and len(sets) == 1 and sets else {}
    plausible = manifest.get("plausible")
    varied = set(plausible.get("varied", ())) if isinstance(plausible, dict) else set()
    if _source(manifest) and not varied:
        varied = {row.name for row in TABLE.values() if row.role in ("free", "uncertain")}
    varied |= {f["name"] for f in manifest.get("factors") or () if isinstance(f, dict)}
    fitted = _calibrated()
    rows = []
    for row in TABLE.values():
        fixed = row.name in own
        drawn = row.name in varied and not fixed
        rows.append(
            {
                "parameter": row.name,
                "used": float("nan")
                if drawn
                else changed.get(row.name, own.get(row.name, row.default)),
                "low": row.low if drawn else None,
                "high": row.high if drawn else None,
                "calibrated": fitted[row.name].text if row.name in fitted else "",
                "learned": fitted[row.name].verdict if row.name in fitted else "",
                "unit": row.unit,
                "role": row.role,
                "grade": row.grade,
                "meaning": row.meaning,
                "source": row.source,
            }
        )
    return Table(
        "parameters",
        pd.DataFrame(rows),
        "All parameters",
        "An empty value was drawn anew in every set: a free parameter from the calibrated sets, "
        f"any other between low and high. {_calibrated_words()}",
        {"used": "value", "calibrated": "calibrated (5-95 %)", "grade": "grade of the range"},
        own_digits=True,
    )


def _calibrated() -> Mapping[str, CalibratedNumber]:
    found = calibrated()
    return {} if found is None else found.numbers


def _calibrated_words() -> str:
    found = calibrated()
    if found is None:
        return ""
    return (
        f"The calibrated sets are {found.constrained_by}; grade A is the same setting, B and C are "
        "borrowed. Fitted, not validated."
    )


# --- kinds that are not known --------------------------------------------------------------------


def generic(content: Content, folder: Path, manifest: dict[str, Any]) -> None:
    """Tables and pictures, as they are."""
    for path in sorted(folder.glob("*.parquet")):
        if path.stem in BULK:
            continue
        frame = _folder.read_table(path)
        shown_rows = frame.head(ROWS)
        content.tables.append(
            Table(
                path.stem,
                shown_rows,
                path.stem.replace("_", " "),
                more=len(frame) - len(shown_rows),
            )
        )
    content.pictures = pictures(folder)


def pictures(folder: Path) -> list[Picture]:
    """Every PNG of the folder's figures."""
    return [Picture(path) for path in sorted((folder / "figures").glob("*.png"))]
