"""Calibration: against closed forms on made-up banks, and end to end on a small budget."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.core import files
from sim.core.errors import InputError
from sim.core.units import Z95
from sim.runs.execute import Execution
from sim.runs.folder import MANIFEST, sha256
from sim.stats.intervals import band
from sim.studies.ask import Runner, ask
from sim.studies.calibrate import analysis, coverage, narrowed, posterior, predictive
from sim.studies.calibrate.calibration import calibration_of
from sim.studies.calibrate.posterior import (
    CalibrationError,
    Fit,
    Making,
    Reference,
    _answers,
    likelihoods,
    pooled,
    values_of,
    weights_of,
)
from sim.studies.calibrate.spec import Spec
from sim.studies.kind import StudyKind
from sim.studies.measures import answer, parse_measure, variants
from sim.studies.plausible import plausible_sets
from sim.studies.result import Result
from sim.studies.spec import Study, StudyError
from sim.studies.targets import Target
from sim.studies.verify import verify
from tests.cases import codose
from tests.study_case import summaries


def target(name: str, value: float, low: float, high: float, **changes: object) -> Target:
    sds = ((value - low) / Z95, (high - value) / Z95)
    measure = parse_measure("trust at start")
    one = Target(name, "", measure, value, low, high, "scored", "B", "", sds)
    return dataclasses.replace(one, **changes)


def pattern(name: str, low: float, high: float) -> Target:
    return target(name, math.nan, low, high, use="pattern")


def table_of(outputs: np.ndarray, unit: np.ndarray | None = None) -> Reference:
    unit = outputs if unit is None else unit
    return Reference(unit, unit, outputs, np.zeros_like(outputs))


def weighed(targets: Sequence[Target], outputs: np.ndarray) -> np.ndarray:
    """Weights of settings whose means are known exactly."""
    return weights_of(likelihoods(targets, outputs, np.zeros_like(outputs), 8))


# --- weights --------------------------------------------------------------------------------------


def test_weights_give_the_posterior_of_the_textbook() -> None:
    """Uniform prior, output = parameter, tolerance as 95 % interval: a truncated normal."""
    unit = np.random.default_rng(1).random((200_000, 1))
    one = target("A", 0.7, 0.7 - 1.959964 * 0.2, 0.7 + 1.959964 * 0.2)
    weights = weighed([one], unit)
    mean, sd = narrowed.spread(unit[:, 0], weights)
    exact = stats.truncnorm((0 - 0.7) / 0.2, (1 - 0.7) / 0.2, 0.7, 0.2)
    assert mean == pytest.approx(exact.mean(), abs=0.002)
    assert sd == pytest.approx(exact.std(), abs=0.002)
    low, high = band(unit[:, 0], weights)
    assert (low, high) == pytest.approx((exact.ppf(0.05), exact.ppf(0.95)), abs=0.005)


def test_uneven_tolerances_weigh_each_side_by_its_own() -> None:
    one = target("A", 1.0, 0.0, 3.0)
    sides = one.log_kernel(np.array([0.0, 3.0, 1.0]))
    assert sides == pytest.approx([-0.5 * 1.959964**2, -0.5 * 1.959964**2, 0.0])


def test_the_kernel_adds_the_variance_of_the_simulated_mean() -> None:
    """The density of what was observed, of a normal error and normal noise: their convolution."""
    one, error = target("A", 1.0, 1.0 - Z95 * 0.3, 1.0 + Z95 * 0.3), 0.4
    x = np.array([0.2, 0.9, 1.0, 2.5])
    exact = stats.norm.logpdf(x, 1.0, 0.5) - stats.norm.logpdf(1.0, 1.0, 0.3)
    assert one.log_kernel(x, np.full(4, error)) == pytest.approx(exact)


def test_a_pattern_is_met_or_not() -> None:
    one = pattern("P", 0.2, math.inf)
    found = one.log_kernel(np.array([0.1, 0.21, 5.0, np.nan]))
    assert found.tolist() == [-math.inf, 0.0, 0.0, -math.inf]


def test_a_noisy_mean_meets_a_pattern_with_a_probability() -> None:
    x, error = np.array([0.1, 0.2, 0.35, 0.7]), np.full(4, 0.1)
    exact = stats.norm.cdf(0.6, x, 0.1) - stats.norm.cdf(0.2, x, 0.1)
    assert pattern("P", 0.2, 0.6).log_kernel(x, error) == pytest.approx(np.log(exact))
    exact = 1 - stats.norm.cdf(0.2, x, 0.1)
    assert pattern("P", 0.2, math.inf).log_kernel(x, error) == pytest.approx(np.log(exact))


def test_standard_errors_are_steadied_as_much_as_they_should() -> None:
    """Settings that all have the same variance: its estimates become nearly one number, the true
    one. Settings that differ by a factor of 100: each keeps its own."""
    rng, runs = np.random.default_rng(8), 12
    chance = np.sqrt(rng.chisquare(runs - 1, (4000, 1)) / (runs - 1))
    same = pooled(0.3 * chance, runs)
    assert same.mean() == pytest.approx(0.3, rel=0.02)
    assert same.std() < 0.1 * (0.3 * chance).std()
    true = 10 ** rng.uniform(-2, 0, (4000, 1))
    unlike = pooled(true * chance, runs)
    assert np.median(unlike / (true * chance)) == pytest.approx(1.0, abs=0.06)
    # Steadied, they are nearer to the truth than they were.
    before, after = (np.log(one / true).std() for one in (true * chance, unlike))
    assert after < before


def test_settings_without_a_value_get_no_weight_and_are_counted() -> None:
    outputs = np.array([[0.5], [np.nan], [0.5]])
    table = table_of(outputs, np.zeros((3, 1)))
    weights = weighed([target("A", 0.5, 0.0, 1.0)], outputs)
    assert weights.tolist() == [0.5, 0.0, 0.5]
    assert table.broken.tolist() == [False, True, False]
    with pytest.raises(CalibrationError, match=r"1 of 3 settings give no value.*A"):
        posterior.refuse_broken([target("A", 0.5, 0.0, 1.0)], table)


def test_targets_that_exclude_each_other_are_named() -> None:
    x = np.linspace(0, 1, 101)[:, None]
    a, b = target("A", 0.2, 0.1, 0.3), target("B", 0.8, 0.7, 0.9)
    error = posterior.nothing_left([a, b], table_of(np.hstack([x, x]), x))
    text = str(error)
    assert "no setting of 101 meets all 2 targets" in text
    assert "A (met by" in text
    assert "B (" in text
    assert "are never met together" in text
    never = posterior.nothing_left([a, target("C", 3.0, 2.0, 4.0)], table_of(np.hstack([x, x])))
    assert "no setting at all meets C" in str(never)


def test_resampling_draws_in_proportion() -> None:
    weights = np.array([0.5, 0.0, 0.3, 0.2])
    rows, counts = np.unique(posterior.drawn(weights, 1000, 3), return_counts=True)
    assert dict(zip(rows.tolist(), counts.tolist(), strict=True)) == pytest.approx(
        {0: 500, 2: 300, 3: 200}, abs=1
    )


# --- what was narrowed ---------------------------------------------------------------------------


def test_chance_narrows_by_no_more_than_its_noise() -> None:
    """Weights that know nothing of the values, as by permutation: 95 of 100 stay within."""
    rng = np.random.default_rng(2)
    for values in (rng.random(4000), rng.lognormal(0, 0.5, 4000)):
        weights = rng.gamma(0.3, size=4000)
        weights /= weights.sum()
        shares = [
            1 - narrowed.spread(values, rng.permutation(weights))[1] / values.std()
            for _ in range(1000)
        ]
        bound = narrowed.noise(values, posterior.effective(weights))
        assert (np.abs(shares) <= bound).mean() == pytest.approx(0.95, abs=0.04)


def test_a_ratio_is_narrowed_where_its_parts_are_not() -> None:
    """The output knows only a / b: contraction has to show in the combination."""
    rng = np.random.default_rng(4)
    a, b = rng.uniform(1, 2, 50_000), rng.uniform(1, 2, 50_000)
    one = target("A", 1.0, 0.9, 1.1)
    w = weighed([one], (a / b)[:, None])
    parts = [1 - narrowed.spread(x, w)[1] / x.std() for x in (a, b, a / b)]
    assert parts[2] > 0.7
    assert max(parts[:2]) < 0.15


def made_up(
    factors: Sequence[str], outputs: Callable[[np.ndarray], np.ndarray], targets: Sequence[Target]
) -> Fit:
    """A calibration whose outputs follow from the coordinates of two factors."""
    asked = dataclasses.replace(
        calibration_of(study(factors=list(factors))), targets=tuple(targets), effects=()
    )
    unit = np.random.default_rng(6).random((4000, len(factors)))
    reference = Reference(unit, values_of(asked.factors, unit), outputs(unit), np.zeros((4000, 2)))
    logs = likelihoods(targets, reference.outputs, reference.errors, 8)
    return Fit(asked, reference, logs, weights_of(logs))


def test_a_parameter_is_narrowed_by_the_target_that_does_it() -> None:
    """Two outputs, each of one factor: each target narrows its own, and is missed when left out."""
    targets = (target("A", 0.2, 0.1, 0.3), pattern("B", 0.7, 0.9))
    found = made_up(("keeping", "learning_rate"), lambda unit: unit, targets)
    moved = narrowed.left_out(found)
    rows = {row["name"]: row for row in narrowed.narrowing(found, moved)}
    assert rows["keeping"]["targets"] == "A"
    assert rows["learning_rate"]["targets"] == "B"
    assert (rows["keeping"]["our_reading"], rows["learning_rate"]["our_reading"]) == (False, True)
    # A fifth of a uniform range, evenly: its SD is a fifth.
    assert rows["learning_rate"]["narrowed"] == pytest.approx(0.8, abs=0.02)
    left = {(row["left_out"], row["name"]): row for row in moved}
    assert abs(left["B", "learning_rate"]["narrowed"]) < 0.1  # pyright: ignore[reportArgumentType]
    assert left["A", "learning_rate"]["narrowed"] == pytest.approx(
        rows["learning_rate"]["narrowed"], abs=0.05
    )
    assert {label for label, _ in left} == {"nothing", "A", "B", "every pattern"}


def test_what_is_used_twice_is_found_in_the_citations() -> None:
    found = {(r["parameter"], r["target"]) for r in narrowed.double_use(calibration_of(shipped()))}
    assert found >= {
        ("keeping", "T10"), ("commitment_rate", "T11"), ("learning_rate", "T4"),
        ("hour_scale", "T12"), ("site_dilution", "T13"), ("uptake_ratio", "P_some_integration"),
    }  # fmt: skip
    assert not {name for name, _ in found} & {"trust_step", "trust_fade", "accountability_step"}


# --- chance of its own ---------------------------------------------------------------------------


def test_no_two_settings_share_a_replicate_and_scenarios_of_one_do() -> None:
    plans: list[Any] = []

    class Seen(Exception):
        pass

    def run(plan: Any, collect: Any, label: str) -> Any:
        plans.append(plan)
        raise Seen

    asked = calibration_of(shipped())
    making = Making(asked.scenario, asked.measured, 1, run)  # pyright: ignore[reportArgumentType]
    unit = np.full((5, len(asked.factors)), 0.5)
    for first in (0, predictive.FIRST, coverage.FIRST, coverage.WORLD):
        with pytest.raises(Seen):
            making.settings(asked.factors, unit, 7, "", first)
    used = [job.replicate for plan in plans for job in plan.jobs]
    for place, plan in enumerate(plans):
        assert len(plan.jobs) == 6
        for job in plan.jobs:
            assert len(set(job.replicate.tolist())) == 35, "two settings share a replicate"
            assert np.array_equal(job.replicate, plan.jobs[0].replicate), "scenarios do not pair"
            assert set(job.replicate.tolist()).isdisjoint(
                used[6 * place - 1].tolist() if place else []
            )


def test_chance_is_not_common_to_settings() -> None:
    """One setting, forty times: its means differ by their standard error. With common luck they
    would all be equal, and all of them off by that much."""
    asked = calibration_of(shipped(targets=["T13", "T4"]))
    making = Making(asked.scenario, asked.targets, 1, Runner(Execution()))
    reference = making.settings((), np.zeros((40, 0)), 6, "bank", 0)
    usual = np.sqrt((reference.errors**2).mean(axis=0))
    # The SD of 40 means is within a third of the truth (4 SE), and so is a jackknife's.
    assert reference.outputs.std(axis=0, ddof=1) == pytest.approx(usual, rel=0.4)


def linear(count: int, seed: int, offset: float, noise: float) -> Reference:
    """Settings of a model whose output is its one parameter, with noise, and luck common to all."""
    rng = np.random.default_rng(seed)
    unit = rng.random((count, 1))
    outputs = unit + offset + noise * rng.normal(size=unit.shape)
    return Reference(unit, unit, outputs, np.full(unit.shape, noise))


@pytest.mark.parametrize(("offset", "least", "most"), [(0.0, 0.87, 0.95), (0.08, 0.0, 0.5)])
def test_coverage_holds_and_sees_common_luck(offset: float, least: float, most: float) -> None:
    """A reference table whose chance is common to all of its settings: truths of independent "
    "chance tell."""
    one = target("A", 0.5, 0.5 - Z95 * 0.04, 0.5 + Z95 * 0.04)
    reference = linear(20_000, 1, offset, 0.01)
    seen, world = (linear(400, 2, 0.0, noise) for noise in (0.01, 0.0))
    rows = coverage.covered([one], reference, reference.errors, seen, world, {"x": 0}, {}, 3)
    (found,) = (row for row in rows if row["name"] == "x")
    assert found["truths"] == 400
    assert least <= found["inside_90"] <= most  # pyright: ignore[reportOperatorIssue]


def test_coverage_makes_up_one_run_of_a_centre() -> None:
    """An own number scatters as single runs do, in its data and in the kernel alike."""
    one = target("A", 0.5, 0.5 - Z95 * 0.02, 0.5 + Z95 * 0.02, own=True, one_run=True)
    scatter = 0.1
    reference, truths = linear(20_000, 1, 0.0, 0.0), linear(1000, 2, 0.0, 0.0)
    reference, truths = (
        dataclasses.replace(t, errors=np.full(t.errors.shape, scatter)) for t in (reference, truths)
    )
    rows = coverage.covered([one], reference, reference.errors, truths, truths, {"x": 0}, {}, 3)
    (found,) = (row for row in rows if row["name"] == "x")
    assert found["inside_90"] == pytest.approx(0.9, abs=4 * math.sqrt(0.09 / 1000))


def test_a_target_is_predicted_by_the_others() -> None:
    """Two outputs of one parameter: each predicts the other, patterns included."""
    reference, world = (linear(n, s, 0.0, 0.0) for n, s in ((20_000, 4), (500, 5)))
    twice = [
        Reference(t.unit, t.values, np.hstack([t.outputs, t.outputs]), np.zeros((len(t), 2)))
        for t in (reference, world)
    ]
    both = [target("A", 0.5, 0.5 - Z95 * 0.05, 0.5 + Z95 * 0.05), pattern("P", 0.3, 0.7)]
    rows = coverage.covered(both, twice[0], twice[0].errors, twice[1], twice[1], {"x": 0}, {}, 6)
    found = {row["name"]: row for row in rows}
    assert found["P"]["truths"] == 500  # it is not among the data that predict it
    assert found["A"]["truths"] == found["x"]["truths"] == pytest.approx(200, abs=50)
    for row in rows:
        error = math.sqrt(0.9 * 0.1 / row["truths"])  # pyright: ignore[reportOperatorIssue]
        assert row["inside_90"] == pytest.approx(0.9, abs=4 * error)


# --- measures and banks --------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "name": "Small", "scenario": "classroom", "factors": ["learning_rate", "hour_scale", "keeping"],
    "targets": ["T4", "T10"], "samples": 180, "replicates": 4, "kept": 100, "seed": 3,
}  # fmt: skip


def study(**changes: Any) -> Study[Spec]:
    return StudyKind.of("calibrate").make(**{**SMALL, **changes})


def shipped(**changes: Any) -> Study[Spec]:
    return StudyKind.of("calibrate").read("calibrate", **changes)


@pytest.fixture(scope="module")
def found() -> Result:
    """The small calibration."""
    return ask(study(), command="codose calibrate small.yaml")


@pytest.fixture(scope="module")
def folder(found: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder."""
    return found.save(tmp_path_factory.mktemp("small") / "out", figures=())


def test_measures_are_differences_of_summaries() -> None:
    """Ratios and differences worked out by hand from made-up means."""
    scenario = study().scenario
    end = scenario.end_of_ta
    names = ("trust", "capacity")
    means = {
        "base": ((0, end), np.array([[[0.4, 0.3], [0.6, 0.5]]])),
        "no_ta": ((0, end), np.array([[[0.4, 0.3], [0.35, 0.3]]])),
        "hours_x2": ((end,), np.array([[[0.7, 0.56]]])),
    }
    values = {
        "trust at start": 0.4,
        "change of trust": 0.2,
        f"effect on trust at {end}": 0.25,
        "doubling of hours": (0.56 - 0.5) / (0.5 - 0.3),
        "capacity minus trust at end_of_ta": -0.1,
    }
    for text, value in values.items():
        assert answer(parse_measure(text), scenario, means, names)[0] == pytest.approx(value), text


def test_variants_keep_what_they_should() -> None:
    from sim.model.dosage import planned_contacts
    from sim.scenario.scenario import Scenario

    scenario = Scenario.shipped("source")
    arms = variants(
        scenario,
        [parse_measure(t) for t in ("doubling of hours", "one more site", "one more month")],
    )

    def hours(name: str) -> float:
        one = arms[name].scenario
        return sum(c.hours for c in planned_contacts(one, one.parameter_set()))

    assert hours("hours_x2") == pytest.approx(2 * hours("base"))
    assert hours("longer") == pytest.approx(hours("base"), rel=0.03)
    assert arms["longer"].scenario.end_of_ta == 130
    assert arms["all_sites"].scenario.providers.count == 1
    assert arms["one_site"].scenario.providers.count == 3


def test_the_error_of_a_mean_is_its_standard_error() -> None:
    """The jackknife of a mean over replicates is SD / sqrt(n)."""
    scenario = study().scenario
    one = dataclasses.replace(
        target("A", 0.5, 0.0, 1.0), measure=parse_measure("knowledge at end_of_ta")
    )
    making = Making(scenario, [one], 1, Runner(Execution()))
    table = making.settings((), np.zeros((1, 0)), 12, "test", 0)
    runs = summaries(scenario, [scenario.parameter_set()], 12, 1, [scenario.end_of_ta])
    values = runs.of("knowledge")[0]
    assert table.outputs[0, 0] == pytest.approx(values.mean())
    assert table.errors[0, 0] == pytest.approx(values.std(ddof=1) / math.sqrt(12))


@pytest.mark.parametrize("one_run", [False, True])
def test_runs_that_failed_count_neither_in_a_mean_nor_in_its_error(one_run: bool) -> None:
    """Of eight runs that are left, the mean is theirs, its error SD / sqrt(8), and a further run
    differs from it by SD sqrt(1 + 1 / 8)."""
    scenario, week = study().scenario, study().scenario.end_of_ta
    one = dataclasses.replace(
        target("A", 0.5, 0.0, 1.0), measure=parse_measure("knowledge at end_of_ta"),
        one_run=one_run,
    )  # fmt: skip
    values = np.random.default_rng(3).random((1, 16, 1, 1))
    lost = np.zeros((1, 16), dtype=bool)
    lost[0, ::2] = True
    (base,) = variants(scenario, [one.measure])
    output, error = _answers(scenario, [one], ("knowledge",), {base: ((week,), values)}, lost)
    left = values[0, 1::2, 0, 0]
    of_mean, of_run = left.std(ddof=1) / math.sqrt(8), left.std(ddof=1) * math.sqrt(1 + 1 / 8)
    assert output[0, 0] == pytest.approx(left.mean())
    assert error[0, 0] == pytest.approx(of_run if one_run else of_mean)


# --- end to end ----------------------------------------------------------------------------------


def test_its_folder_holds_plausible_sets_for_every_other_study(
    found: Result, folder: Path, tmp_path: Path
) -> None:
    sets = plausible_sets(20, folder=folder)
    assert sets.targets == 2
    table = pd.read_csv(folder / "plausible.csv")
    assert list(table) == ["learning_rate", "hour_scale", "keeping", "weight"]
    assert table["weight"].sum() == 100
    known = set(table[["learning_rate", "hour_scale", "keeping"]].itertuples(index=False))
    for one in sets.sets:
        assert (one.learning_rate, one.hour_scale, one.keeping) in known
    assert "2 targets, 2 of them borrowed" in sets.source
    other = StudyKind.of("audit").make(scenario="source", sets=str(folder))
    assert other.plausible is not None
    assert other.plausible.source == sets.source


def test_what_was_observed_is_told_apart(found: Result) -> None:
    check = found.table("predictive").set_index("target")
    assert {"T4", "T10"} <= set(check.index)
    assert {"left out", "shown"} >= set(check.drop(index=["T4", "T10"])["use"]) - {"instrument"}
    assert "T7: a survey mean of 4.66 narrows the leniency of answers" in found.answer.text


@pytest.mark.slow
def test_shards_share_a_folder_step_by_step(folder: Path, tmp_path: Path) -> None:
    """Bank and checks are a step each: a shard does its part of the next one."""
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps({"kind": "calibrate", **SMALL}), encoding="utf-8")
    shared = tmp_path / "shared"

    def shard(number: int) -> str:
        words = ("calibrate", path, "--shard", f"{number}/2", "--out", shared, "--resume")
        ran = codose(*words)
        assert ran.exit_code == 0, ran.stderr
        return " ".join(ran.stderr.split())

    said = [shard(1), shard(2), shard(1)]  # the last one is of the next step
    ran = codose("merge", shared, "--out", tmp_path / "early")
    assert ran.exit_code == 2
    text = " ".join(ran.stderr.split())
    assert f"--shard 2/2 --out {shared} --resume" in text, "what is missing is made in this folder"
    while "Every run is there" not in said[-1]:
        said.append(shard(1 + len(said) % 2))
        assert len(said) < 12
    assert f"codose merge {shared} --out DIR" in said[-1]
    ran = codose("merge", shared, "--out", tmp_path / "joined", "--no-figures", "--quiet")
    assert ran.exit_code == 0, ran.stderr
    for name in ("plausible.csv", "plausible.json", "reference.parquet"):
        assert (tmp_path / "joined" / name).read_bytes() == (folder / name).read_bytes(), name


# --- verify --------------------------------------------------------------------------------------


def test_some_settings_are_made_again(folder: Path) -> None:
    seen = verify(folder, sample=20)
    assert seen.ok, str(seen)
    assert "reference (20 rows)" in str(seen)
    assert "only a sample" in str(seen)


def tampered(folder: Path, place: Path, change: Any) -> Path:
    """A copy with another reference table, and a manifest that says it is right."""
    import shutil

    copy = shutil.copytree(folder, place / "copy")
    path = copy / "reference.parquet"
    frame = pd.read_parquet(path)
    change(frame)
    frame.to_parquet(path, index=False)
    text = (copy / MANIFEST).read_text(encoding="utf-8")
    before, now = sha256(folder / "reference.parquet"), sha256(path)
    assert before in text
    (copy / MANIFEST).write_text(text.replace(before, now), encoding="utf-8")
    return copy


def _outputs(frame: pd.DataFrame) -> None:
    frame.loc[0, "target T4"] += 1e-12


def _weights(frame: pd.DataFrame) -> None:
    frame.loc[0, "weight"] += 0.001


def _values(frame: pd.DataFrame) -> None:
    """Of a setting that is not in the sample."""
    weight = frame["weight"].to_numpy().copy()
    weight[[0, -1]] = 0.0
    frame.loc[int(weight.argmax()), "keeping"] += 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_outputs, "reference, row 1, target T4: stored"),
        (_weights, "reference, row 1, weight"),
        (_values, "plausible.csv"),
    ],
)
def test_what_is_not_the_same_is_named(
    change: Any, message: str, folder: Path, tmp_path: Path
) -> None:
    seen = verify(tampered(folder, tmp_path, change), sample=2)
    assert not seen.ok
    assert message in seen.difference


def test_a_study_of_an_earlier_version_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tampered(folder, tmp_path, lambda frame: None)
    path = copy / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["study"]["fields"]["particles"] = 1000  # a field of 0.1.0
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="particles"):
        verify(copy)


def test_its_report_names_number_and_grade(folder: Path) -> None:
    from sim.studies.report import report_html

    html = report_html(folder)
    record = json.loads((folder / "plausible.json").read_text(encoding="utf-8"))
    assert record["constrained_by"] in html
    assert "What the targets narrow" in html
    for name in ("learning_rate", "keeping"):
        assert name in html


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"waves": 2},
            "waves: is not a field any more; allowed: left out; a calibration is one reference ",
        ),
        ({"emulator": "polynomial"}, "emulator: is not a field any more.*samples and replicates"),
        ({"targets": ["T44"]}, r"targets\[0\]: 'T44' is not the id of a finding"),
        ({"targets": ["T4", "T16"]}, r"targets\[1\]: T16 cannot be scored"),
        ({"leave_out": ["T4", "T10"]}, "no target is left"),
        ({"factors": {"trust_step": {"uniform": [0.05, 0.4]}}}, "outside its plausible range"),
        ({"factors": {"regions.staff": {"integer": [4, 9]}}}, "is not a continuous parameter"),
        ({"factors": ["trust_stepp"]}, "did you mean 'trust_step'"),
        ({"targets": ["T13"]}, "'one more site' needs two regions"),
        ({"targets": ["T8"], "scenario": "no_ta"}, "has no TA to have an effect"),
        ({"samples": 0}, "samples: 0 is out of range"),
    ],
)
def test_bad_studies_say_what_to_write(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(**changes)


def test_a_target_out_of_reach_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "far.yaml").write_text(
        "source: {cite: Made up for a test 2026, setting: nowhere, grade: C}\n"
        "findings:\n  - {id: FAR, what: x, value: 0.9, unit: 0-1, where: here, low: 0.85, "
        "high: 0.95, tolerance_is: 95%, measures: change of knowledge}\n",
        encoding="utf-8",
    )
    far = study(folder=tmp_path, targets=["FAR"], observed=["far.yaml"])
    with pytest.raises(CalibrationError, match=r"the nearest misses FAR \(gives"):
        ask(far)
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps({"kind": "calibrate", **far.document.data}), encoding="utf-8")
    ran = codose("calibrate", path, "--out", tmp_path / "o", "--quiet")
    assert ran.exit_code == 2
    assert not (tmp_path / "o").exists()


# --- what is shipped -----------------------------------------------------------------------------


def test_the_shipped_sets_are_those_of_the_shipped_study() -> None:
    """The file beside them says which study, seed and values; the values are unchanged."""
    home = files.folder("experiments") / "plausible"
    for folder, name in (
        (home, "calibrate"),
        (home / "without_trials", "calibrate_without_trials"),
    ):
        (path,) = folder.glob("*.csv")
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        lines = path.read_text(encoding="utf-8").splitlines()
        table = np.array([[float(x) for x in line.split(",")] for line in lines[1:]])
        assert record["sha256_of_values"] == posterior.digest(table, lines[0].split(","))
        asked = StudyKind.of("calibrate").read(name)
        assert record["study"] == analysis.study_digest(asked.header)
        assert record["scenario"] == asked.scenario.digest(), "the scenario has changed since"
        assert record["seed"] == asked.header.seed
        assert record["target_ids"] == [t.id for t in calibration_of(asked).targets]


def test_the_trials_were_not_seen_by_the_sets_they_are_compared_with() -> None:
    ids = {
        t.id
        for t in calibration_of(StudyKind.of("calibrate").read("calibrate_without_trials")).targets
    }
    assert ids
    assert not ids & {"T12", "T13", "T14"}


def test_an_unknown_study() -> None:
    with pytest.raises(StudyError, match="neither a file nor a shipped study"):
        StudyKind.of("calibrate").read("calibratee")


def test_a_default_agrees_when_it_is_in_the_middle(found: Result) -> None:
    rows = found.table("defaults").set_index("name")
    own = rows[rows["what"] == "parameter"]
    assert sorted(own.index) == ["hour_scale", "keeping", "learning_rate"]
    assert (own["agrees"] == own["percentile"].between(0.45, 0.55)).all()
    # The percentile says on which side of the median a value lies.
    assert ((own["value"] > own["median"]) == (own["percentile"] > 0.5)).all()
    effects = rows[rows["what"] == "effect"]
    assert len(effects) == 5
    assert (effects["agrees"] == effects["percentile"].between(0.4, 0.6)).all()
