"""Calibration: history matching, then weights on a reference table of runs.

The steps:

1. waves of settings from the prior (free parameters, and the uncertain with them), run in every
   scenario that the targets need; emulators rule out what cannot be
   (:mod:`sim.studies.calibrate.matching`);
2. a final sample, drawn evenly from what is left, run with more replicates;
3. each setting of it gets a weight (:mod:`sim.studies.calibrate.posterior`);
4. the plausible sets are drawn by these weights, and every target is checked on fresh runs.

Why a table and no sequential chain: the data rule out so little of the prior that a tenth of it
meets every target, so a chain would save no runs, and only a table can answer "and without this
target?", "which targets conflict?" and "is the method's coverage right?" without new runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.present.table import Table
from sim.runs.store import digest_of
from sim.studies import plausible
from sim.studies.calibrate import informed, matching, predictive, tables
from sim.studies.calibrate.asked import Asked, asked_of
from sim.studies.calibrate.infeasible import nothing_left, refuse_broken, within_tolerance
from sim.studies.calibrate.posterior import (
    Found,
    abc_weights,
    digest,
    drawn_table,
    effective,
)
from sim.studies.calibrate.reference import Making, Reference, joined, sets_of
from sim.studies.calibrate.spec import Spec
from sim.studies.kind import Runner
from sim.studies.spec import Study


def answer(study: Study[Spec], run: Runner) -> dict[str, Table]:
    """Every table of a calibration.

    Raises:
        CalibrationError: no setting meets the targets (says the nearest and what blocks), or too
            many settings have no value.
    """
    found = calibrated(asked_of(study), run)
    return {
        "summary": tables.summary(found),
        "predictive": tables.predictive(predictive.rows(found, run)),
        "contraction": tables.contraction(informed.contraction(found)),
        "directions": tables.directions(informed.directions(found)),
        "conflicts": tables.conflicts(informed.conflicts(found)),
        "ruled_out": tables.ruled_out(informed.ruled_out(found)),
        "waves": tables.waves(found),
        "targets": tables.targets(found.targets),
        "reference": tables.reference(found),
    }


def calibrated(asked: Asked, run: Runner) -> Found:
    """The waves, the final sample and its weights."""
    steps = Steps(asked, Making(asked.scenario, asked.targets, asked.study.seed, run))
    waves, prior = steps.waves()
    table = steps.final_sample(waves)
    weights = abc_weights(asked.targets, table.outputs)
    prior = table if prior is None else prior
    if not within_tolerance(asked.targets, table).all(axis=1).any() or not weights.any():
        raise nothing_left(asked.targets, joined([prior, table]))
    return Found(asked, tuple(waves), prior, table, weights)


class Steps:
    """The steps of a calibration, each with chance of its own."""

    def __init__(self, asked: Asked, making: Making) -> None:
        self.asked, self.header, self.making = asked, asked.header, making

    def waves(self) -> tuple[list[matching.Wave], Reference | None]:
        """History matching, and the settings of its first wave."""
        header, seed = self.header, self.asked.study.seed
        waves: list[matching.Wave] = []
        prior: Reference | None = None
        for number in range(header.waves):
            unit = self._left(waves, header.wave_samples, seed + 1000 * number)
            # What chance did in one wave is not believed in the next.
            count = header.wave_replicates
            table = self._run(f"wave {number + 1}", unit, count, number * count)
            prior = table if prior is None else prior
            waves.append(
                matching.new_wave(self.asked.targets, table, waves, cutoff=header.cutoff, seed=seed)
            )
            if waves[-1].left == 0.0:
                raise nothing_left(self.asked.targets, prior)
        return waves, prior

    def final_sample(self, waves: Sequence[matching.Wave]) -> Reference:
        """The reference table: drawn evenly from what is left."""
        header = self.header
        unit = self._left(waves, header.samples, self.asked.study.seed + 1_000_000)
        return self._run("final sample", unit, header.replicates, unseen(header))

    def _left(self, waves: Sequence[matching.Wave], count: int, seed: int) -> np.ndarray:
        return matching.sample_left(
            self.asked.targets, waves, count, len(self.asked.factors), cutoff=self.header.cutoff,
            seed=seed,
        )  # fmt: skip

    def _run(self, step: str, unit: np.ndarray, replicates: int, first: int) -> Reference:
        """Run settings, and refuse a table where too many have no value."""
        table = self.making.settings(self.asked.factors, unit, replicates, first, step)
        refuse_broken(self.asked.targets, table)
        return table


def unseen(header: Spec) -> int:
    """The first replicate of the final sample: chance that no wave has seen."""
    return header.waves * header.wave_replicates


# --- made again ----------------------------------------------------------------------------------


def again(
    study: Study[Spec], stored: Mapping[str, Table], sample: int, run: Runner
) -> tuple[dict[str, Table], dict[str, Table]]:
    """Some settings of the reference table, spread evenly: as stored, and run again."""
    asked, table = asked_of(study), stored["reference"]
    frame = table.frame
    names, columns = _columns(frame)
    rows = np.linspace(0, len(frame) - 1, min(sample, len(frame))).astype(int)
    sets = sets_of(asked.scenario, names, frame[names].to_numpy()[rows])
    making = Making(asked.scenario, asked.targets, study.seed, run)
    outputs, _ = making.sets(sets, asked.header.replicates, unseen(asked.header), "sample")
    made = frame.iloc[rows].copy()
    made[columns] = outputs
    weights = abc_weights(asked.targets, frame[columns].to_numpy())
    made["weight"] = [informed.rounded(weight) for weight in weights[rows]]
    return (
        {"reference": table.pick(rows=frame.index[rows])},
        {"reference": Table("reference", made, table.columns)},
    )


def _columns(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns of the reference table: the factors, and what each target measures."""
    outputs = [str(name) for name in frame if str(name).startswith(tables.TARGET)]
    return [str(name) for name in frame if name not in (*outputs, "weight")], outputs


# --- plausible sets ------------------------------------------------------------------------------


def files(study: Study[Spec], found: Mapping[str, Table]) -> dict[str, str]:
    """The plausible sets and their description (:mod:`sim.studies.plausible`).

    Columns: the free parameters, then ``weight``.
    """
    asked, frame = asked_of(study), found["reference"].frame
    outputs = frame[_columns(frame)[1]].to_numpy()
    weights = abc_weights(asked.targets, outputs)
    names = [asked.names[place] for place in asked.free]
    heads, table = drawn_table(
        names, frame[names].to_numpy(), weights, asked.header.kept, study.seed
    )
    lines = [",".join(heads), *(",".join(f"{x:.9g}" for x in row) for row in table.tolist())]
    record = _record(asked, found, effective(weights), digest(table, heads))
    return {
        "plausible.csv": "\n".join(lines) + "\n",
        "plausible.json": json.dumps(record, indent=2, ensure_ascii=False) + "\n",
    }


def _record(
    asked: Asked, found: Mapping[str, Table], effective_sample: float, sha256: str
) -> dict[str, Any]:
    known = tables.informed_names(found["contraction"].frame)
    targets = asked.targets
    return {
        "format": plausible.FORMAT,
        "format_version": plausible.FORMAT_VERSION,
        "targets": len(targets),
        "borrowed": asked.borrowed,
        "learned": known,
        "constrained_by": plausible.constrained_by(
            len(targets), asked.borrowed, len(known), len(asked.free)
        ),
        "target_ids": [target.id for target in targets],
        "grades": {target.id: target.grade for target in targets},
        "scenario": asked.scenario.digest(),
        "study": study_digest(asked.header),
        "seed": asked.study.seed,
        "method": asked.header.method,
        "effective_sample": round(effective_sample, 1),
        "parameters": _parameters(asked, found["contraction"].frame),
        "sha256_of_values": sha256,
    }


def _parameters(asked: Asked, contraction: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Of each free parameter: the calibrated number, whether anything was learned, and the grades
    of the targets that taught it (of all targets, when no single one did)."""
    grades = {target.id: target.grade for target in asked.targets}
    free = contraction[contraction["what"] == "free"]
    record = {}
    for row in free.to_dict("records"):
        taught = str(row["informed_by"]).split()
        numbers = ("prior_low", "prior_high", "mean", "low", "high", "contraction", "distance")
        ground = sorted({grades[name] for name in taught or grades})
        record[str(row["name"])] = {
            **{key: float(f"{row[key]:.4g}") for key in numbers},
            "learned": bool(row["informed"]),
            "taught_by": taught,
            "grades": ", ".join(ground) if row["informed"] else "",
        }
    return record


def study_digest(header: Spec) -> str:
    """SHA-256 (hex) of what a study says; a field at its default counts like one left out, so that
    a new field of a later version changes nothing for studies that do not use it."""
    return digest_of(header.model_dump(mode="json", exclude_defaults=True))
