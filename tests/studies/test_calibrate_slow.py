"""Trust in the method: coverage with fresh truths, recovery of one, a wrong model that is seen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.runs.execute import Execution
from sim.stats.intervals import quantiles
from sim.studies.ask import Runner, ask
from sim.studies.calibrate.analysis import calibrated
from sim.studies.calibrate.calibration import Calibration, calibration_of
from sim.studies.calibrate.posterior import Making, values_of
from sim.studies.kind import StudyKind
from sim.studies.plausible import latin_hypercube

STUDY: dict[str, Any] = {
    "scenario": "source", "factors": ["free"], "targets": ["T4", "T8", "T9", "T10", "T11"],
    "samples": 4000, "replicates": 8, "kept": 500,
}  # fmt: skip


def study(**changes: Any) -> Any:
    return StudyKind.of("calibrate").make(**{**STUDY, **changes})


def synthetic(folder: Path, asked: Calibration, values: np.ndarray) -> dict[str, Any]:
    """Fields of a study whose findings are these values, with the errors of the targets."""
    lines = [
        "source: {cite: Made up from the model 2026, setting: the model, grade: A}",
        "findings:",
    ]
    for target, value in zip(asked.targets, values, strict=True):
        low, high = value - target.sds[0], value + target.sds[1]
        lines.append(
            f"  - {{id: S{target.id}, what: made up, value: {value:.6f}, unit: '-', where: here, "
            f"measures: {target.measure.text}, low: {low:.6f}, high: {high:.6f}, "
            "tolerance_is: 1 SE}"
        )
    (folder / "synthetic.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ids = [f"S{target.id}" for target in asked.targets]
    return {"folder": folder, "observed": ["synthetic.yaml"], "targets": ids}


@pytest.mark.slow
def test_regions_hold_truths_of_independent_chance() -> None:
    """Of 200 truths a region of 90 % holds nine in ten: on average over parameters within two
    hundredths, each within 4 SE; predicted targets and effects too."""
    table = ask(study(truths=200)).table("coverage")
    assert (table["truths"] == 200).all()
    for what, rows in table.groupby("what"):
        assert rows["inside_90"].mean() == pytest.approx(0.90, abs=0.03), what
        assert rows["inside_50"].mean() == pytest.approx(0.50, abs=0.05), what
        assert (rows["inside_90"] > 0.90 - 4 * math.sqrt(0.9 * 0.1 / 200)).all(), what


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_the_whole_pipeline_recovers_a_known_truth(number: int, tmp_path: Path) -> None:
    """Data made from the model, written as a file of observations; the truth lies in the 99 %
    regions."""
    asked = calibration_of(study())
    truth = latin_hypercube(3, len(asked.factors), 23)[number : number + 1]
    making = Making(asked.scenario, asked.targets, 99, Runner(Execution()))
    data = making.settings(asked.factors, truth, 60, "truth", 5000).outputs[0]
    found = calibrated(
        calibration_of(study(**synthetic(tmp_path, asked, data))), Runner(Execution())
    )
    true = values_of(found.factors, truth)[0]
    for name in ("keeping", "commitment_rate", "learning_rate", "hour_scale"):
        i = found.calibration.names.index(name)
        low, high = quantiles(found.table.values[:, i], (0.005, 0.995), weights=found.weights)
        assert low <= true[i] <= high, name


@pytest.mark.slow
def test_a_wrong_model_is_seen(tmp_path: Path) -> None:
    """Data from a world where six times as many commitments are made as the model can: it is said
    that nothing meets them, and which target stands in the way."""
    from sim.studies.calibrate.posterior import CalibrationError

    asked = calibration_of(study())
    data = [t.value * (6 if t.id == "T11" else 1) for t in asked.targets]
    with pytest.raises(CalibrationError, match="no setting at all meets ST11"):
        ask(study(**synthetic(tmp_path, asked, np.array(data)), samples=500))
