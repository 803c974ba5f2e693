"""Calibration: against closed forms on made-up banks, and end to end on a small budget."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from sim.runs.execute import Execution
from sim.stats.intervals import weighted_quantiles
from sim.study import blocked, calibration, history_matching, learned
from sim.study.bank import Bank, run_bank, values_of
from sim.study.calibration import CalibrateFile, CalibrationError, abc_weights, prepare
from sim.study.measures import answer, parse_measure, variants
from sim.study.study_file import StudyError, parse_study
from sim.study.targets import Target


def target(name: str, value: float, low: float, high: float, **changes: object) -> Target:
    one = Target(name, "", parse_measure("trust at start"), value, low, high, "scored", "B", "")
    return dataclasses.replace(one, **changes)


def bank_of(outputs: np.ndarray, unit: np.ndarray | None = None) -> Bank:
    unit = outputs if unit is None else unit
    return Bank(unit, unit, outputs, np.zeros_like(outputs))


# --- ABC -----------------------------------------------------------------------------------------


def test_weights_give_the_posterior_of_the_textbook() -> None:
    """Uniform prior, output = parameter, tolerance as 95 % interval: a truncated normal."""
    unit = np.random.default_rng(1).random((200_000, 1))
    one = target("A", 0.7, 0.7 - 1.959964 * 0.2, 0.7 + 1.959964 * 0.2)
    weights = abc_weights([one], bank_of(unit))
    mean, sd = learned.spread(unit[:, 0], weights)
    exact = stats.truncnorm((0 - 0.7) / 0.2, (1 - 0.7) / 0.2, 0.7, 0.2)
    assert mean == pytest.approx(exact.mean(), abs=0.002)
    assert sd == pytest.approx(exact.std(), abs=0.002)
    low, high = weighted_quantiles(unit[:, 0], weights)
    assert (low, high) == pytest.approx((exact.ppf(0.05), exact.ppf(0.95)), abs=0.005)


def test_uneven_tolerances_weigh_each_side_by_its_own() -> None:
    one = target("A", 1.0, 0.0, 3.0)
    sides = one.log_kernel(np.array([0.0, 3.0, 1.0]))
    assert sides == pytest.approx([-0.5 * 1.959964**2, -0.5 * 1.959964**2, 0.0])


def test_a_pattern_is_met_or_not() -> None:
    one = target("P", math.nan, 0.2, math.inf, use="pattern")
    found = one.log_kernel(np.array([0.1, 0.2, 5.0, np.nan]))
    assert found.tolist() == [-math.inf, 0.0, 0.0, -math.inf]


def test_settings_without_a_value_get_no_weight_and_are_counted() -> None:
    outputs = np.array([[0.5], [np.nan], [0.5]])
    bank = bank_of(outputs, np.zeros((3, 1)))
    weights = abc_weights([target("A", 0.5, 0.0, 1.0)], bank)
    assert weights.tolist() == [0.5, 0.0, 0.5]
    assert bank.broken.tolist() == [False, True, False]
    with pytest.raises(CalibrationError, match=r"1 of 3 settings give no value.*A"):
        blocked.refuse_broken([target("A", 0.5, 0.0, 1.0)], bank)


def test_targets_that_exclude_each_other_are_named() -> None:
    x = np.linspace(0, 1, 101)[:, None]
    a, b = target("A", 0.2, 0.1, 0.3), target("B", 0.8, 0.7, 0.9)
    error = blocked.nothing_left([a, b], bank_of(np.hstack([x, x]), x))
    text = str(error)
    assert "no setting of 101 meets all 2 targets" in text
    assert "A (met by" in text
    assert "B (" in text
    assert "are never met together" in text
    never = blocked.nothing_left([a, target("C", 3.0, 2.0, 4.0)], bank_of(np.hstack([x, x])))
    assert "no setting at all meets C" in str(never)


def test_resampling_draws_in_proportion() -> None:
    weights = np.array([0.5, 0.0, 0.3, 0.2])
    rows, counts = calibration.resample(weights, 1000, 3)
    assert dict(zip(rows.tolist(), counts.tolist(), strict=True)) == pytest.approx(
        {0: 500, 2: 300, 3: 200}, abs=1
    )


# --- what was learned ----------------------------------------------------------------------------


def test_distance_is_kolmogorovs() -> None:
    rng = np.random.default_rng(2)
    x, prior = rng.normal(0.5, 1, 500), rng.random(800)
    exact = stats.ks_2samp(x, prior).statistic
    assert learned.distance(x, np.full(500, 1 / 500), prior) == pytest.approx(exact, abs=0.003)


def test_a_ratio_is_learned_where_its_parts_are_not() -> None:
    """The output knows only a / b: contraction has to show in the combination."""
    rng = np.random.default_rng(4)
    a, b = rng.uniform(1, 2, 50_000), rng.uniform(1, 2, 50_000)
    one = target("A", 1.0, 0.9, 1.1)
    w = abc_weights([one], bank_of((a / b)[:, None]))
    parts = [1 - learned.spread(x, w)[1] / x.std() for x in (a, b, a / b)]
    assert parts[2] > 0.7
    assert max(parts[:2]) < 0.15


# --- history matching ----------------------------------------------------------------------------


def test_history_matching_finds_the_region() -> None:
    """A quadratic function whose acceptable region is known."""
    unit = history_matching.prior_sample(150, 3, 1)

    def f(u: np.ndarray) -> np.ndarray:
        return (u[:, :1] - 0.3) ** 2 + 0.5 * u[:, 1:2]

    one = target("A", 0.1, 0.05, 0.15)
    wave = history_matching.new_wave([one], bank_of(f(unit), unit), [])
    assert wave.emulators.r2[0] > 0.98
    fresh = np.random.default_rng(5).random((4000, 3))
    kept = history_matching.not_ruled_out([one], [wave], fresh)
    truth = f(fresh)[:, 0]
    assert kept[(truth > 0.05) & (truth < 0.15)].all(), "a setting that agrees was ruled out"
    assert not kept[truth > 0.4].any(), "a setting far away was kept"
    assert wave.left == pytest.approx(float(kept.mean()), abs=0.03)
    assert wave.by_target[0] == pytest.approx(1 - wave.left)


def test_what_only_one_target_rules_out() -> None:
    unit = history_matching.prior_sample(200, 2, 1)
    low, high = target("L", 0.0, -0.1, 0.1), target("H", 1.0, 0.9, 1.1)
    wave = history_matching.new_wave([low, high], bank_of(unit), [])
    # Each leaves about .15 of its own coordinate: alone it rules out .85, of which .15 only it.
    assert wave.only_by[0] == pytest.approx(wave.by_target[0] * (1 - wave.by_target[1]), abs=0.01)


# --- measures and banks --------------------------------------------------------------------------

SMALL = """
kind: calibrate
scenario: classroom
factors: [learning_rate, hour_scale, keeping]
targets: [T4, T10]
waves: 1
wave_samples: 60
wave_replicates: 2
samples: 120
replicates: 4
kept: 100
seed: 3
"""


def small(**changes: str) -> str:
    text = SMALL
    for name, value in changes.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"{name}:")]
        text = "\n".join([*lines, f"{name}: {value}"]) + "\n"
    return text


def study(**changes: str):
    return parse_study(small(**changes), CalibrateFile, file="small.yaml")


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
    from sim.dosage import planned_contacts
    from sim.scenario import Scenario

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
    from study_case import summaries

    scenario = study().scenario
    one = dataclasses.replace(
        target("A", 0.5, 0.0, 1.0), measure=parse_measure("knowledge at end_of_ta")
    )
    bank = run_bank(scenario, [one], (), np.zeros((1, 0)), replicates=12, seed=1)
    runs = summaries(scenario, [scenario.parameter_set()], 12, 1, [scenario.end_of_ta])
    values = runs.of("knowledge")[0]
    assert bank.outputs[0, 0] == pytest.approx(values.mean())
    assert bank.errors[0, 0] == pytest.approx(values.std(ddof=1) / math.sqrt(12))


# --- end to end ----------------------------------------------------------------------------------


def test_a_small_calibration_repeats_resumes_and_ships(tmp_path: Path) -> None:
    from sim.study.calibration_report import CalibrationReport
    from sim.study.plausible import plausible_sets

    asked = study()
    whole = calibration.calibrate(asked)
    again = calibration.calibrate(asked, Execution(store=tmp_path / "parts", threads=1))
    resumed = calibration.calibrate(asked, Execution(store=tmp_path / "parts", resume=True))
    names, table = calibration.plausible_table(whole)
    digest = calibration.digest(table, names)
    for other in (again, resumed):
        assert calibration.digest(calibration.plausible_table(other)[1], names) == digest
    assert table[:, -1].sum() == 100
    assert names[:-1] == ["learning_rate", "hour_scale", "keeping"]
    report = CalibrationReport(whole)
    folder = report.save(tmp_path / "out", command="codose calibrate small.yaml")
    home = tmp_path / "plausible"
    home.mkdir()
    for suffix in ("csv", "json"):
        (home / f"x.{suffix}").write_bytes((folder / f"plausible.{suffix}").read_bytes())
    sets = plausible_sets(20, folder=home)
    assert sets.targets == 2
    known = {tuple(row[:3]) for row in table.tolist()}
    for one in sets.sets:
        assert (one.learning_rate, one.hour_scale, one.keeping) in known
    assert "2 targets, 2 of them borrowed" in (folder / "answer.txt").read_text(encoding="utf-8")
    check = report.predictive.set_index("target")
    assert {"T4", "T10"} <= set(check.index)
    assert {"left out", "shown"} >= set(check.drop(index=["T4", "T10"])["use"]) - {"instrument"}


def test_a_calibration_in_shards_is_the_same_bytes(tmp_path: Path) -> None:
    """Wave and final sample are a step each: a shard does its part of the next one."""
    from sim.cli import app

    path = tmp_path / "small.yaml"
    path.write_text(small(), encoding="utf-8")

    def codose(*words: object) -> str:
        ran = CliRunner().invoke(app, [str(word) for word in words])
        assert ran.exit_code == 0, ran.output
        return ran.output

    def shard(number: int, out: Path) -> str:
        return codose("calibrate", path, "--shard", f"{number}/2", "--out", out, "--quiet")

    shards = [tmp_path / "shard-1", tmp_path / "shard-2"]
    for number, folder in enumerate(shards, 1):
        assert f"Part {number}/2 of wave 1 is done" in shard(number, folder)
    joined = tmp_path / "joined"
    said = codose("merge", *shards, "--out", joined)
    assert f"codose calibrate {path} --resume --out {joined}" in " ".join(said.split())
    # From here on the shards share a folder.
    assert "Part 1/2 of final sample is done" in shard(1, joined)
    assert "Every run is there" in shard(2, joined)
    plain = ["calibrate", path, "--no-figures", "--quiet"]
    codose(*plain, "--resume", "--out", joined)
    codose(*plain, "--out", tmp_path / "whole")
    names = [file.name for file in (tmp_path / "whole").iterdir()]
    assert "plausible.csv" in names
    assert sorted(file.name for file in joined.iterdir()) == sorted(names)
    for name in {*names} - {"manifest.json", "timing.json", "figures"}:
        assert (joined / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_shard_that_is_missing_is_named_with_the_command(tmp_path: Path) -> None:
    from sim.cli import app

    path = tmp_path / "small.yaml"
    path.write_text(small(), encoding="utf-8")
    words = ["calibrate", str(path), "--quiet", "--shard", "1/2", "--out", str(tmp_path / "one")]
    assert CliRunner().invoke(app, words).exit_code == 0
    ran = CliRunner().invoke(app, ["merge", str(tmp_path / "one"), "--out", str(tmp_path / "all")])
    assert ran.exit_code == 2
    said = " ".join(ran.output.split())
    assert f"run first: codose calibrate {path} --shard 2/2 --out shard-2" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": "[T44]"}, r"targets\[0\]: 'T44' is not the id of a finding"),
        ({"targets": "[T4, T16]"}, r"targets\[1\]: T16 cannot be scored"),
        ({"leave_out": "[T4, T10]"}, "no target is left"),
        ({"factors": "{trust_step: {uniform: [0.05, 0.4]}}"}, "outside its plausible range"),
        ({"factors": "{regions.staff: {integer: [4, 9]}}"}, "is not a continuous parameter"),
        ({"factors": "[trust_stepp]"}, "did you mean 'trust_step'"),
        ({"targets": "[T13]"}, "'one more site' needs two regions"),
        ({"targets": "[T8]", "scenario": "no_ta"}, "has no TA to have an effect"),
        ({"samples": "0"}, "samples: 0 is out of range"),
    ],
)
def test_bad_studies_say_what_to_write(changes: dict[str, str], message: str) -> None:
    from sim.errors import InputError

    with pytest.raises(InputError, match=message):
        prepare(study(**changes))


def test_a_target_out_of_reach_is_an_error_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "far.yaml").write_text(
        "source: {cite: Made up for a test 2026, setting: nowhere, grade: C}\n"
        "findings:\n  - {id: FAR, what: x, value: 0.9, unit: 0-1, where: here, low: 0.85, "
        "high: 0.95, measures: change of knowledge}\n",
        encoding="utf-8",
    )
    path = tmp_path / "study.yaml"
    path.write_text(small(targets="[FAR]", observed="[far.yaml]", waves="0"), encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"the nearest misses FAR \(gives"):
        calibration.calibrate(calibration.read_calibration(path))
    from sim.cli import app

    result = CliRunner().invoke(
        app, ["calibrate", str(path), "--out", str(tmp_path / "o"), "--quiet"]
    )
    assert result.exit_code == 2
    assert not (tmp_path / "o").exists()


def test_the_shipped_sets_are_those_of_the_shipped_study() -> None:
    """The file beside them says which study, seed and values; the values are unchanged."""
    import json

    from sim import files

    home = files.folder("experiments") / "plausible"
    for folder, name in (
        (home, "calibrate"),
        (home / "without_trials", "calibrate_without_trials"),
    ):
        (path,) = folder.glob("*.csv")
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        lines = path.read_text(encoding="utf-8").splitlines()
        table = np.array([[float(x) for x in line.split(",")] for line in lines[1:]])
        assert record["sha256_of_values"] == calibration.digest(table, lines[0].split(","))
        asked = calibration.read_calibration(name)
        assert record["study"] == calibration.study_digest(asked.header)
        assert record["scenario"] == asked.scenario.digest(), "the scenario has changed since"
        assert record["seed"] == asked.header.seed
        assert record["target_ids"] == [t.id for t in prepare(asked)[1]]


def test_the_trials_were_not_seen_by_the_sets_they_are_compared_with() -> None:
    ids = {t.id for t in prepare(calibration.read_calibration("calibrate_without_trials"))[1]}
    assert ids
    assert not ids & {"T12", "T13", "T14"}


def test_an_unknown_study() -> None:
    with pytest.raises(StudyError, match="neither a file nor a shipped study"):
        calibration.read_calibration("calibratee")


def test_one_target_fights_with_nobody() -> None:
    from types import SimpleNamespace

    x = np.linspace(0, 1, 11)[:, None]
    one = SimpleNamespace(targets=(target("A", 0.5, 0.4, 0.6),), prior=bank_of(x))
    assert learned.fights(one).empty  # pyright: ignore[reportArgumentType]


def test_a_parameter_is_taught_by_the_target_that_moves_it() -> None:
    """Two outputs, each of one factor: each target teaches its own."""
    from types import SimpleNamespace

    from sim.studies.factors import factors_of

    asked = study(factors="[keeping, learning_rate]")
    rng = np.random.default_rng(6)
    unit = rng.random((4000, 2))
    targets = (target("A", 0.2, 0.1, 0.3), target("B", 0.8, 0.7, 0.9))
    made = bank_of(unit)
    found = SimpleNamespace(
        targets=targets, bank=made, weights=abc_weights(targets, made),
        factors=tuple(factors_of(asked, asked.scenario)),
    )  # fmt: skip
    made = Bank(unit, values_of(found.factors, unit), unit, np.zeros_like(unit))
    found.bank = made
    for name, teacher in (("keeping", "A"), ("learning_rate", "B")):
        taught = learned.teachers(found, name)  # pyright: ignore[reportArgumentType]
        assert [one.id for one in taught] == [teacher]
