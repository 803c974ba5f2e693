"""Making the results of calibrations, audits and comparisons with trials again: are they the same?

The manifest of such a folder holds what was asked whole: scenario, study, targets or trials, and
the parameter sets. So a folder is checked without any other file of the project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from pydantic import ValidationError

from sim import _folder
from sim._verify import chosen_rows, version_notes
from sim.errors import Problem
from sim.results import provenance
from sim.runs.execute import Execution
from sim.scenario import Scenario
from sim.study import calibration, calibration_report, design_audit, trials
from sim.study.bank import Bank, run_sets, sets_of
from sim.study.plausible import PlausibleSets
from sim.study.study_file import Study, StudyHeader, document_of

Progress = Callable[[int, int], object]
SAME_WEIGHT = 1e-9
"""Relative difference of a weight that the machine's exponential function may make."""


@dataclass(frozen=True, slots=True)
class StudyVerifyReport:
    """What verifying the folder of a study found.

    Attributes:
        directory: the folder.
        made_again: what was made again, in words.
        damages: data files that are missing or not as they were written.
        difference: the first thing that is not the same; empty when there is none.
        notes: what else matters, such as another version of codose.
    """

    directory: str
    made_again: str
    damages: tuple[Problem, ...] = ()
    difference: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every file is as it was written and every value the same."""
        return not self.damages and not self.difference

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.damages]
        if self.difference:
            lines.append(f"{self.directory}: {self.made_again}; not the same: {self.difference}")
        elif not self.damages:
            lines.append(f"{self.directory}: {self.made_again}; every value is the same")
        else:
            lines.append(f"{self.directory}: nothing was made again")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def verify_study(
    directory: Path, *, sample: int | None = None, progress: Progress | None = None
) -> StudyVerifyReport:
    """Check the files of a folder, make its results again and compare every value.

    Of a calibration every stored setting is run again (or ``sample`` of them, spread evenly), the
    weights are worked out again from what is stored, and the plausible sets are drawn again. Audits
    and comparisons with trials are made again whole: a sample of them is nothing.

    Raises:
        ResultsError: the folder holds nothing of these kinds, or cannot be read.
        InputError: what the folder holds cannot be used by this version.
    """
    folder = Path(directory)
    manifest = _folder.read_manifest(folder, kind=None)
    kind = _folder.kind_of(manifest)
    if kind not in KINDS:
        raise _folder.refusal(folder, f"holds results of 'codose {kind}'", ", ".join(KINDS))
    damages = tuple(_folder.damages(folder, manifest))
    notes = tuple(version_notes(manifest, provenance()))
    if damages:
        return StudyVerifyReport(str(folder), "", damages, notes=notes)
    try:
        made, difference = KINDS[kind](folder, manifest, sample, progress)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise _folder.refusal(
            folder / _folder.MANIFEST,
            f"holds a study that this version cannot read ({place})",
            "results of this version of codose: make them again",
        ) from None
    except (KeyError, TypeError) as error:
        raise _folder.refusal(
            folder / _folder.MANIFEST,
            f"lacks what is needed to make the results again ({error})",
            "results of this version of codose: make them again",
        ) from None
    return StudyVerifyReport(str(folder), made, (), difference, notes)


# --- calibration ---------------------------------------------------------------------------------


def _calibrate(
    folder: Path, manifest: Mapping[str, Any], sample: int | None, progress: Progress | None
) -> tuple[str, str]:
    header = _header(manifest, calibration.CalibrateFile)
    scenario = Scenario.from_dict(manifest["scenario"])
    targets = [calibration_report.target_of(one) for one in manifest["targets"]]
    frame = _folder.read_table(folder / "bank.parquet")
    columns = [f"target {target.id}" for target in targets]
    names = [str(name) for name in frame.columns if name not in (*columns, "weight")]
    values, outputs = frame[names].to_numpy(), frame[columns].to_numpy()
    weights = frame["weight"].to_numpy()
    rows = chosen_rows(len(frame), sample)
    made = f"{len(rows):,} of {len(frame):,} settings run again, and the plausible sets drawn again"

    again, _ = run_sets(
        scenario, targets, sets_of(scenario, names, values[rows]),
        replicates=header.replicates, seed=header.seed,
        first_replicate=header.waves * header.wave_replicates,
        execution=Execution(progress=progress),
    )  # fmt: skip
    before = outputs[rows]
    unlike = np.argwhere(~((again == before) | (np.isnan(again) & np.isnan(before))))
    if len(unlike):
        row, place = unlike[0]
        return made, (
            f"setting {rows[row]}, {targets[place].id}: stored {float(before[row, place])!r}, "
            f"now {float(again[row, place])!r}"
        )
    empty = np.empty((len(frame), 0))
    worked_out = calibration.abc_weights(targets, Bank(empty, values, outputs, outputs))
    off = np.flatnonzero(~np.isclose(worked_out, weights, rtol=SAME_WEIGHT, atol=0.0))
    if len(off):
        first = int(off[0])
        return made, (
            f"weight of setting {first}: stored {weights[first]!r}, now {worked_out[first]!r}"
        )
    return made, _sets_differ(folder, manifest, header, names, values, weights)


def _sets_differ(
    folder: Path,
    manifest: Mapping[str, Any],
    header: calibration.CalibrateFile,
    names: list[str],
    values: np.ndarray,
    weights: np.ndarray,
) -> str:
    """What is not the same about the plausible sets; empty when nothing is."""
    path = folder / f"{calibration_report.PLAUSIBLE}.csv"
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    columns, stored = lines[0], np.array([[float(x) for x in line] for line in lines[1:]])
    free = [name for name in names if name in columns]
    places = [names.index(name) for name in free]
    heads, table = calibration.drawn_table(
        free, values[:, places], weights, header.kept, header.seed
    )
    found = calibration.digest(table, heads)
    for what, other in (
        (path.name, calibration.digest(stored, columns)),
        ("the hash in the manifest", manifest["plausible"]["sha256_of_values"]),
    ):
        if other != found:
            return f"{what}: {other[:12]}..., drawn again {found[:12]}..."
    return ""


H = TypeVar("H", bound=StudyHeader)


def _header(manifest: Mapping[str, Any], model: type[H]) -> H:
    """The fields of a study. What varied is not read: the folder holds the values themselves."""
    return model.model_validate({k: v for k, v in manifest["study"].items() if k != "factors"})


# --- audits and trials ---------------------------------------------------------------------------


def _study(manifest: Mapping[str, Any], model: type[StudyHeader]) -> Study[Any]:
    """The study that a manifest holds."""
    scenario = Scenario.from_dict(manifest["scenario"])
    header = _header(manifest, model)
    return Study(header, {scenario.name: scenario}, (), document_of({}), _folder.MANIFEST)


def _audit(
    folder: Path, manifest: Mapping[str, Any], sample: int | None, progress: Progress | None
) -> tuple[str, str]:
    from sim.study import audit_report

    found = design_audit.audit(
        _study(manifest, design_audit.AuditFile),
        plausible=PlausibleSets.of_record(manifest["plausible"]),
        execution=Execution(progress=progress),
    )
    tables = {"audit": found.table}
    if len(found.leniency):
        tables |= {"leniency": found.leniency, "mends": audit_report.mends(found)}
    return f"{found.replications:,} replications made again", _tables_differ(folder, tables)


def _trials(
    folder: Path, manifest: Mapping[str, Any], sample: int | None, progress: Progress | None
) -> tuple[str, str]:
    found = trials.compare_trials(
        _study(manifest, trials.TrialsFile),
        trials=[trials.Trial(**one) for one in manifest["trials"]],
        plausible=PlausibleSets.of_record(manifest["plausible"]),
        execution=Execution(progress=progress),
    )
    made = f"{len(found.trials)} trials made again over {len(found.plausible)} plausible sets"
    return made, _tables_differ(folder, {"trials": found.table, "scores": found.scores})


def _tables_differ(folder: Path, tables: Mapping[str, pd.DataFrame]) -> str:
    """The first value of the tables that is not the stored one; empty when there is none."""
    for name, again in tables.items():
        stored = _folder.read_table(folder / f"{name}.parquet")
        if list(stored.columns) != list(again.columns) or len(stored) != len(again):
            return f"{name}: other rows or columns"
        for column in stored.columns:
            one, other = stored[column].to_numpy(), again[column].to_numpy()
            same = one == other
            if one.dtype.kind == "f":
                same |= np.isnan(one) & np.isnan(other)
            if not same.all():
                row = int(np.flatnonzero(~same)[0])
                return f"{name}, row {row + 1}, {column}: stored {one[row]!r}, now {other[row]!r}"
    return ""


KINDS: Mapping[str, Callable[..., tuple[str, str]]] = {
    "calibrate": _calibrate,
    "audit": _audit,
    "trials": _trials,
}
"""What checks a folder, by the command that made it."""
