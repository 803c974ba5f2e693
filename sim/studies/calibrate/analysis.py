"""answer: a calibration, which puts weights on a reference table of runs.

The steps are:

1. The reference table is made: settings are drawn from the priors (of free parameters, and of
   uncertain ones with them) and run, with chance of their own, in every scenario that the targets
   need.
2. Each setting gets a weight (:mod:`sim.studies.calibrate.posterior`).
3. The plausible sets are drawn by these weights, and every target is checked on fresh runs.
4. With ``truths``, known truths with independent chance show how often the credible regions hold
   (:mod:`sim.studies.calibrate.coverage`).

A sequential chain, or history matching before the table, would not save runs: the data rule out so
little of the priors that a tenth of the settings still counts. Only a table shows the posterior
without a target, and the coverage of the method, without new runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core.units import MODEL_VERSION
from sim.present.table import Table
from sim.runs.store import digest_of
from sim.studies import plausible
from sim.studies.calibrate import coverage, narrowed, predictive, tables
from sim.studies.calibrate.calibration import Calibration, calibration_of
from sim.studies.calibrate.posterior import (
    Fit,
    Making,
    digest,
    drawn_table,
    effective,
    likelihoods,
    nothing_left,
    refuse_broken,
    sets_of,
    weights_of,
    within_tolerance,
)
from sim.studies.calibrate.spec import Spec
from sim.studies.spec import Study

if TYPE_CHECKING:
    from sim.studies.ask import Runner


def answer(study: Study[Spec], run: Runner) -> dict[str, Table]:
    """Make the runs and return every table of a calibration.

    Raises:
        CalibrationError: no setting meets the targets (the message names the nearest setting and
            the infeasible targets), or too many settings have no value.
    """
    found = calibrated(calibration_of(study), run)
    checked = predictive.check(found, run)
    moved = narrowed.left_out(found)
    rows = {
        "summary": tables.summary(found),
        "predictive": predictive.rows(checked, run),
        "narrowed": narrowed.narrowing(found, moved),
        "left_out": moved,
        "double_use": narrowed.double_use(found.calibration),
        "defaults": predictive.defaults(checked),
        "targets": narrowed.cost(found),
        "aside": [{"id": name, "why": why} for name, why in found.calibration.aside],
    }
    made = {name: tables.table(name, some) for name, some in rows.items()}
    if not rows["aside"]:
        del made["aside"]
    made["reference"] = tables.reference(found)
    if found.calibration.header.truths:
        made["coverage"] = tables.table("coverage", coverage.rows(found, run))
    return made


def calibrated(calibration: Calibration, run: Runner) -> Fit:
    """Make the reference table and its weights."""
    making = Making(calibration.scenario, calibration.measured, calibration.study.seed, run)
    header = calibration.header
    unit = plausible.latin_hypercube(
        header.samples, len(calibration.factors), calibration.study.seed
    )
    reference = making.settings(calibration.factors, unit, header.replicates, "bank", 0)
    refuse_broken(calibration.targets, reference)
    logs = likelihoods(calibration.targets, reference.outputs, reference.errors, header.replicates)
    weights = weights_of(logs)
    if not within_tolerance(calibration.targets, reference).all(axis=1).any() or not weights.any():
        raise nothing_left(calibration.targets, reference)
    return Fit(calibration, reference, logs, weights)


# --- verification --------------------------------------------------------------------------------


def again(
    study: Study[Spec], stored: Mapping[str, Table], sample: int, run: Runner
) -> tuple[dict[str, Table], dict[str, Table]]:
    """Rows of some settings of the reference table, spread evenly: as stored, and run again."""
    calibration, table = calibration_of(study), stored["reference"]
    frame = table.frame
    rows = np.linspace(0, len(frame) - 1, min(sample, len(frame))).astype(int)
    sets = sets_of(
        calibration.scenario, calibration.names, frame[calibration.names].to_numpy()[rows]
    )
    making = Making(calibration.scenario, calibration.measured, study.seed, run)
    outputs, errors = making.sets(sets, calibration.header.replicates, "sample", 0, rows)
    made = frame.iloc[rows].copy()
    made[tables.outputs(calibration.measured)] = outputs
    made[tables.errors(calibration.targets)] = errors[:, : len(calibration.targets)]
    made["weight"] = [narrowed.rounded(weight) for weight in _weights(calibration, frame)[rows]]
    return (
        {"reference": table.pick(rows=frame.index[rows])},
        {"reference": Table("reference", made, table.columns)},
    )


def _weights(calibration: Calibration, frame: pd.DataFrame) -> np.ndarray:
    """The weights of the settings, computed from the stored reference table."""
    outputs = frame[tables.outputs(calibration.targets)].to_numpy()
    errors = frame[tables.errors(calibration.targets)].to_numpy()
    return weights_of(
        likelihoods(calibration.targets, outputs, errors, calibration.header.replicates)
    )


# --- plausible sets ------------------------------------------------------------------------------


def files(study: Study[Spec], found: Mapping[str, Table]) -> dict[str, str]:
    """The plausible sets and their description (:mod:`sim.studies.plausible`).

    Columns are every parameter that varied, as it was run, then ``weight``. All of them are kept,
    because a setting meets the targets with all of its values together.
    """
    calibration, frame = calibration_of(study), found["reference"].frame
    weights = _weights(calibration, frame)
    names = calibration.names
    heads, table = drawn_table(
        names, frame[names].to_numpy(), weights, calibration.header.kept, study.seed
    )
    lines = [",".join(heads), *(",".join(f"{x:.9g}" for x in row) for row in table.tolist())]
    record = _record(calibration, found, effective(weights), digest(table, heads))
    return {
        "plausible.csv": "\n".join(lines) + "\n",
        "plausible.json": json.dumps(record, indent=2, ensure_ascii=False) + "\n",
    }


def _record(
    calibration: Calibration, found: Mapping[str, Table], effective_sample: float, sha256: str
) -> dict[str, Any]:
    targets = calibration.targets
    shares = tables.narrowed_shares(found["narrowed"].frame)
    return {
        "format": plausible.FORMAT,
        "format_version": plausible.FORMAT_VERSION,
        "model_version": MODEL_VERSION,
        "targets": len(targets),
        "borrowed": calibration.borrowed,
        **({"own": calibration.own} if calibration.own else {}),
        "narrowed": {name: float(f"{share:.4g}") for name, share in shares.items()},
        "constrained_by": plausible.constrained_by(
            len(targets), calibration.borrowed, shares, calibration.own
        ),
        "target_ids": [target.id for target in targets],
        "grades": {target.id: target.grade for target in targets},
        "scenario": calibration.scenario.digest(),
        "study": study_digest(calibration.header),
        "seed": calibration.study.seed,
        "effective_sample": round(effective_sample, 1),
        "parameters": _parameters(calibration, found["narrowed"].frame),
        "sha256_of_values": sha256,
    }


def _parameters(calibration: Calibration, frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """For each free parameter, the calibrated number, the share by which it was narrowed (0: the
    range was kept), the targets that narrowed it, and their grades (of all targets where no single
    one did)."""
    grades = {target.id: target.grade for target in calibration.targets}
    shares = tables.narrowed_shares(frame)
    record = {}
    for row in frame[frame["what"] == "free"].to_dict("records"):
        name, ids = str(row["name"]), str(row["targets"]).split()
        numbers = ("prior_low", "prior_high", "mean", "median", "low", "high", "noise")
        ground = sorted({grades[target] for target in ids or grades})
        record[name] = {
            **{key: float(f"{row[key]:.4g}") for key in numbers},
            "narrowed": float(f"{shares[name]:.4g}"),
            "targets": ids,
            "grades": ", ".join(ground) if shares[name] else "",
            "our_reading": bool(row["our_reading"]),
        }
    return record


def study_digest(header: Spec) -> str:
    """SHA-256 (hex) of the fields of a study. A field at its default counts like one left out, so a
    new field of a later version changes nothing for studies that do not use it. The number of
    truths does not count, because it changes no set."""
    return digest_of(header.model_dump(mode="json", exclude_defaults=True, exclude={"truths"}))
