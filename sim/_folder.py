"""The manifests of kinds of study that are not yet folders of :mod:`sim.studies`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import ResultsError as ResultsError
from sim.outcomes import NAMES
from sim.runs.folder import FORMAT as FORMAT
from sim.runs.folder import MANIFEST as MANIFEST
from sim.runs.folder import damages as damages
from sim.runs.folder import fingerprints as fingerprints
from sim.runs.folder import read_table as read_table
from sim.runs.folder import read_timing as read_timing
from sim.runs.folder import refusal as refusal
from sim.runs.folder import write_folder as write_folder
from sim.runs.folder import write_json as write_json
from sim.runs.folder import write_table as write_table

FORMAT_VERSION = 1


def read_manifest(
    folder: Path, *, any_version: bool = False, kind: str | None = "run"
) -> dict[str, Any]:
    """The manifest of a result folder.

    Args:
        folder: of results.
        any_version: ask no more than that it is one, of whatever kind and version.
        kind: the command that has to have made it ("run", "compare", "surface" ...); None: any.

    Raises:
        ResultsError: there is no such folder, it holds no results, those of a newer codose, or of
            another command.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise refusal(folder, "is a file, not a folder" if folder.exists() else "no such folder")
    if not path.is_file():
        raise refusal(
            folder,
            f"is not a result folder (it holds no {MANIFEST})",
            allowed="a folder written by 'codose run SCENARIO --out DIR'",
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refusal(path, f"cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise refusal(path, f"is damaged ({error}); make the results again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise refusal(path, "is not a manifest of results of codose")
    version = manifest.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise refusal(path, f"is damaged (format_version is {version!r}); make the results again")
    if version > FORMAT_VERSION and not any_version:
        raise refusal(
            path,
            f"was written by a newer codose ({manifest.get('codose')}, format {version}); update "
            "codose to read it",
            allowed=f"format {FORMAT_VERSION} or older",
        )
    if not any_version:
        made_by = kind_of(manifest)
        if kind is not None and made_by != kind:
            raise refusal(
                folder,
                f"holds results of 'codose {made_by}'",
                allowed=f"a folder written by 'codose {kind}'",
            )
        if made_by == "run":
            _check_manifest(path, manifest)
    return manifest


def kind_of(manifest: Mapping[str, Any]) -> str:
    """The command that made a result folder; that of runs is not written down."""
    return str(manifest.get("kind", "run"))


_KEYS = {
    "codose": str,
    "python": str,
    "dependencies": dict,
    "seed": int,
    "replicates": int,
    "runs": int,
    "engine": str,
    "parameter_sets": list,
    "outcomes": list,
    "keep_runs": bool,
    "scenario_digest": str,
    "scenario": dict,
    "files": dict,
}


def _check_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest that lacks something, or of a codose with other outcomes."""
    for key, kind in _KEYS.items():
        if not isinstance(manifest.get(key), kind):
            raise refusal(path, f"is damaged (no usable {key!r}); make the results again")
    if not {"runs.parquet", "weeks.parquet"} <= manifest["files"].keys():
        raise refusal(path, "is damaged (it lists no data); make the results again")
    if tuple(manifest["outcomes"]) != NAMES:
        raise refusal(
            path,
            f"was written by codose {manifest['codose']}, whose outcomes are not those of this "
            "version; make the results again",
        )
