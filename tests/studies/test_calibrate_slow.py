"""Trust in the method: coverage on a table of prior runs, recovery, a seen mis-specification.

Coverage is checked by simulation-based calibration (Talts et al. 2018, arXiv 1804.06788): draw
parameters from the prior, make synthetic data from them, calibrate to those data; over many such
draws the rank of the true value in its posterior is uniform, and an interval of 90 % holds it in
90 % of cases. One table of prior runs serves both as the source of truths and (without the truth
itself) as the sample that is weighed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sim.studies.calibrate.matching import prior_sample

from sim.runs.execute import Execution
from sim.stats.intervals import weighted_quantiles
from sim.studies.calibrate.analysis import calibrated
from sim.studies.calibrate.asked import Asked, asked_of
from sim.studies.calibrate.posterior import abc_weights, effective
from sim.studies.calibrate.reference import Making, Reference, values_of
from sim.studies.factors import Factor
from sim.studies.kind import Runner, StudyKind
from sim.studies.measures import parse_measure
from sim.studies.targets import Target

STUDY: dict[str, Any] = {
    "scenario": "source", "factors": ["free"], "targets": ["T4", "T8", "T9", "T10", "T11"],
    "waves": 1, "wave_samples": 600, "wave_replicates": 6, "samples": 1500, "replicates": 8,
    "kept": 500,
}  # fmt: skip


def prepared() -> Asked:
    return asked_of(StudyKind.of("calibrate").make(**STUDY))


def making(asked: Asked, seed: int) -> Making:
    return Making(asked.scenario, asked.targets, seed, Runner(Execution()))


@pytest.fixture(scope="module")
def table() -> tuple[Reference, Sequence[Target], Sequence[Factor]]:
    """20,000 settings of the prior, two runs each."""
    asked = prepared()
    unit = prior_sample(20_000, len(asked.factors), 17)
    made = making(asked, 17).settings(asked.factors, unit, 2, 0, "prior")
    return made, asked.targets, asked.factors


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What the check found.

    Attributes:
        ranks: (data sets, quantities), probability below the true value in its posterior, 0..1:
            uniform if all is well.
        ess: (data sets,), effective sample sizes.
    """

    ranks: np.ndarray
    ess: np.ndarray

    def inside(self, share: float) -> np.ndarray:
        """How often the central interval of this probability holds the truth, (quantities,)."""
        return (np.abs(self.ranks - 0.5) <= share / 2).mean(axis=0)

    def histogram(self, bins: int = 10) -> np.ndarray:
        """Counts of ranks, (quantities, bins)."""
        edges = np.linspace(0, 1, bins + 1)
        return np.stack([np.histogram(column, edges)[0] for column in self.ranks.T])


def check_coverage(
    table: Reference,
    targets: Sequence[Target],
    quantities: np.ndarray,
    *,
    data_sets: int = 100,
    seed: int = 1,
) -> Coverage:
    """Recover known parameters from synthetic data.

    Args:
        table: settings from the whole prior.
        targets: numbers (no patterns); their tolerances stay, their values become synthetic.
        quantities: (settings, quantities): what is to be recovered of each setting.
        data_sets: synthetic data sets; their truths are other settings of the table.
    """
    rng = np.random.default_rng(seed)
    truths = rng.choice(len(table), data_sets, replace=False)
    ranks, ess = [], []
    for truth in truths:
        synthetic = [
            _noisy(target, float(table.outputs[truth, i]), rng) for i, target in enumerate(targets)
        ]
        weights = abc_weights(synthetic, table.outputs)
        weights[truth] = 0.0
        weights /= weights.sum()
        below = quantities < quantities[truth]
        ranks.append((weights[:, None] * below).sum(axis=0))
        ess.append(effective(weights))
    return Coverage(np.array(ranks), np.array(ess))


def _noisy(target: Target, truth: float, rng: np.random.Generator) -> Target:
    """The target as another study would have it: the truth and an error of its tolerance."""
    half = (target.high - target.low) / 2.0
    value = truth + rng.normal() * half / 1.959964
    return dataclasses.replace(target, value=value, low=value - half, high=value + half)


def test_coverage_on_a_model_that_is_known() -> None:
    """The check itself, on a linear model: uniform ranks; and it sees a posterior too narrow."""
    rng = np.random.default_rng(3)
    unit = rng.random((20_000, 2))
    outputs = unit @ np.array([[1.0], [0.5]])
    made = Reference(unit, unit, outputs, np.zeros_like(outputs))
    one = Target("A", "", parse_measure("trust at start"), 0.0, -0.3, 0.3, "scored", "B", "")
    found = check_coverage(made, [one], unit, data_sets=300, seed=4)
    for column in found.ranks.T:
        assert stats.kstest(column, "uniform").pvalue > 0.001
    # Weighed as if the data were three times as exact as they are, ranks pile up at the ends.
    ranks = []
    for truth in np.random.default_rng(5).choice(len(made), 300, replace=False):
        value = float(outputs[truth, 0] + rng.normal() * 0.3 / 1.959964)
        sure = dataclasses.replace(one, value=value, low=value - 0.1, high=value + 0.1)
        weights = abc_weights([sure], made.outputs)
        ranks.append(float((weights * (outputs[:, 0] < outputs[truth, 0])).sum()))
    assert stats.kstest(ranks, "uniform").pvalue < 1e-6


@pytest.mark.slow
def test_credible_regions_cover_as_they_should(
    table: tuple[Reference, Sequence[Target], Sequence[Factor]],
) -> None:
    """150 synthetic data sets: for identified quantities 50 % and 90 % regions hold the truth that
    often (binomial, 4 SE), and the histogram of ranks is flat (chi-square)."""
    made, targets, factors = table
    names = [factor.name for factor in factors]
    column = {name: made.values[:, i] for i, name in enumerate(names)}
    quantities = np.stack(
        [
            column["keeping"],
            column["commitment_rate"],
            column["learning_rate"],
            column["hour_scale"],
            column["learning_rate"] / column["hour_scale"],
            column["uptake_ratio"] * column["integration_loss"],
        ],
        axis=1,
    )
    count = 150
    found = check_coverage(made, targets, quantities, data_sets=count, seed=5)
    assert np.median(found.ess) > 300
    for share in (0.5, 0.9):
        error = math.sqrt(share * (1 - share) / count)
        assert np.abs(found.inside(share) - share).max() < 4 * error
    for counts in found.histogram():
        chi2 = ((counts - count / 10) ** 2 / (count / 10)).sum()
        assert chi2 < stats.chi2.ppf(0.9999, 9)


@pytest.mark.slow
def test_a_known_dose_effect_is_recovered(
    table: tuple[Reference, Sequence[Target], Sequence[Factor]],
) -> None:
    """The effect of a year of TA (T8), left out of the targets, is predicted by the others."""
    made, targets, _ = table
    place = [t.id for t in targets].index("T8")
    others = [i for i in range(len(targets)) if i != place]
    rest = Reference(made.unit, made.values, made.outputs[:, others], made.errors[:, others])
    effect = made.outputs[:, place : place + 1]
    found = check_coverage(rest, [targets[i] for i in others], effect, data_sets=150, seed=6)
    error = math.sqrt(0.9 * 0.1 / 150)
    assert abs(found.inside(0.9)[0] - 0.9) < 4 * error


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_the_whole_pipeline_recovers_a_known_truth(number: int, tmp_path: Path) -> None:
    """Synthetic data written as a file of observations; the truth lies in the 99 % regions."""
    asked = prepared()
    truth = prior_sample(3, len(asked.factors), 23)[number : number + 1]
    data = making(asked, 99).settings(asked.factors, truth, 60, 5000, "truth").outputs[0]
    lines = [
        "source: {cite: Made up from the model 2026, setting: the model, grade: A}",
        "findings:",
    ]
    for target, value in zip(asked.targets, data, strict=True):
        half = (target.high - target.low) / 2
        lines.append(
            f"  - {{id: S{target.id}, what: made up, value: {value:.6f}, unit: '-', where: here, "
            f"measures: {target.measure.text}, low: {value - half:.6f}, high: {value + half:.6f}}}"
        )
    (tmp_path / "synthetic.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    study = StudyKind.of("calibrate").make(
        folder=tmp_path, observed=["synthetic.yaml"],
        **{**STUDY, "targets": [f"S{t.id}" for t in asked.targets]},
    )  # fmt: skip
    found = calibrated(asked_of(study), Runner(Execution()))
    names = [f.name for f in found.factors]
    true = values_of(found.factors, truth)[0]
    for name in ("keeping", "commitment_rate", "learning_rate", "hour_scale"):
        i = names.index(name)
        low, high = weighted_quantiles(found.table.values[:, i], found.weights, (0.005, 0.995))
        assert low <= true[i] <= high, name


@pytest.mark.slow
def test_a_wrong_model_is_seen(table: tuple[Reference, Sequence[Target], Sequence[Factor]]) -> None:
    """Data from a world where commitments are made but never kept better than .35: settings that
    meet the rest miss that target, and no reweighting hides it."""
    made, targets, _ = table
    place = [t.id for t in targets].index("T10")
    wrong = [
        dataclasses.replace(t, value=0.35, low=0.30, high=0.40) if i == place else t
        for i, t in enumerate(targets)
    ]
    weights = abc_weights(wrong, made.outputs)
    mean = float((weights * made.outputs[:, place]).sum())
    assert not wrong[place].hit(np.array([mean]))[0]
    assert wrong[place].missed_by(np.array([mean]))[0] > 0.3
