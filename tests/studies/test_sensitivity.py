"""A sensitivity study through its whole path: file, sample, runs, indices, verdicts, words."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.core.errors import InputError
from sim.present.table import Table
from sim.runs.execute import Execution
from sim.studies.ask import Runner, ask
from sim.studies.factors import DUMMY
from sim.studies.kind import StudyKind
from sim.studies.result import Result
from sim.studies.sensitivity import analysis, convergence
from sim.studies.sensitivity.design import design_of
from sim.studies.sensitivity.figures import leading
from sim.studies.sensitivity.findings import Findings
from sim.studies.sensitivity.samples import Sample, first_samples
from sim.studies.sensitivity.words import words
from sim.studies.spec import Study, StudyError
from sim.studies.verify import second_seed
from tests.cases import codose, tiny, written
from tests.strategies import in_turn
from tests.study_case import summaries

SOBOL_G_A = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


@cache
def study(function: str, *, noise: float = 0.0, more: str = "", outcomes: str = "[y]") -> Result:
    text = (
        f"kind: sensitivity\nscenario: {{function: {function}, noise: {noise}}}\n"
        f"outcomes: {outcomes}\n{more}"
    )
    return ask(written(text))


def index(result: Result, name: str, method: str = "sobol") -> pd.DataFrame:
    rows = result.table("indices")
    return rows[(rows["index"] == name) & (rows["method"] == method)].set_index("factor")


# --- reference functions --------------------------------------------------------------------------


def ishigami_truth() -> tuple[np.ndarray, np.ndarray, float]:
    """First and total order, and the pair (1, 3), for a = 7, b = 0.1 (Ishigami and Homma 1990)."""
    a, b, pi = 7.0, 0.1, np.pi
    first = 0.5 * (1 + b * pi**4 / 5) ** 2
    second = a**2 / 8
    pair = 8 * b**2 * pi**8 / 225
    total = first + second + pair
    return (
        np.array([first, second, 0.0]) / total,
        np.array([first + pair, second, pair]) / total,
        pair / total,
    )


def test_ishigami() -> None:
    result = study("ishigami", more="samples: 2048\nsecond_order: true\nseed: 3\n")
    first, total, pair = ishigami_truth()
    for name, truth in (("S1", first), ("ST", total)):
        rows = index(result, name).loc[["x1", "x2", "x3"]]
        half = (rows["high"] - rows["low"]).to_numpy() / 2
        assert (np.abs(rows["value"].to_numpy() - truth) <= half + 1e-9).all()
        assert half.max() < 0.09
    pairs = result.table("indices").query("index == 'S2'").set_index(["factor", "other"])
    row = pairs.loc[("x1", "x3")]
    assert row["low"] <= pair <= row["high"]
    assert row["low"] > 0
    assert abs(pairs.loc[("x1", "x2"), "value"]) <= pairs.loc[("x1", "x2"), "high"] + 0.1


def test_sobol_g() -> None:
    result = study("sobol_g", more="samples: 2048\n")
    part = 1.0 / (3.0 * (1.0 + SOBOL_G_A) ** 2)
    whole = np.prod(1.0 + part) - 1.0
    total = part * (whole + 1.0) / (1.0 + part) / whole
    rows = index(result, "ST").loc[[f"x{i}" for i in range(1, 9)]]
    half = (rows["high"] - rows["low"]).to_numpy() / 2
    # Sobol's sequence is not quite independent between the two halves of its dimensions.
    assert (np.abs(rows["value"].to_numpy() - total) <= half + 0.005).all()
    first = index(result, "S1").loc[[f"x{i}" for i in range(1, 9)]]
    half = (first["high"] - first["low"]).to_numpy() / 2
    assert (np.abs(first["value"].to_numpy() - part / whole) <= half + 1e-4).all()


def test_linear_function_and_its_words() -> None:
    result = study("linear", more="samples: 1024\n")
    rows = index(result, "ST").loc[["a", "b", "c", "dummy"]]
    np.testing.assert_allclose(rows["value"], [16 / 21, 4 / 21, 1 / 21, 0], atol=0.01)
    assert rows["converged"].all()


def test_words_say_what_carries_and_what_does_not() -> None:
    result = study("dead_factor", more="samples: 1024\n")
    text = result.answer.text
    assert "These factors drive y, the largest first (Sobol indices, ST): a 0.80" in text
    assert "These do not matter (below 0.05): dead. Everything has converged." in text
    unsure = study("dead_factor", noise=40.0, more="samples: 64\nrandom_numbers: fresh\n")
    assert "Whether these matter is not clear yet:" in unsure.answer.text


def test_only_a_factor_whose_interval_is_apart_drives_the_most() -> None:
    """Intervals that reach into each other leave the order open, and an open factor the lead."""
    result = study("linear", more="samples: 1024\n")
    assert result.answer.verdict == "A drives y the most (Sobol indices)."
    table = result.tables["indices"].frame
    main = (table["index"] == "ST") & table["factor"].isin(["a", "b"])

    def verdict(a: tuple[float, float], b: tuple[float, float]) -> str:
        rows = table.copy()
        rows.loc[main, "low"], rows.loc[main, "high"] = [a[0], b[0]], [a[1], b[1]]
        return words(result.study, {**result.tables, "indices": Table("indices", rows)}).verdict

    assert table.loc[main, "factor"].to_list() == ["a", "b"]
    assert verdict((0.3, 0.9), (0.1, 0.29)) == "A drives y the most (Sobol indices)."
    assert verdict((0.3, 0.9), (0.1, 0.31)).startswith("A and b drive y the most, in an order that")
    assert verdict((0.3, 0.9), (0.04, 0.31)) == "A drives y (Sobol indices)."


def test_morris_function() -> None:
    """Morris (1991): ten inputs matter; of them 8, 9 and 10 are linear with slope 40."""
    result = study("morris", more="method: morris\nsamples: 50\n")
    mu, sigma = index(result, "mu_star", "morris"), index(result, "sigma", "morris")
    linear, dead = ["x8", "x9", "x10"], [f"x{i}" for i in range(11, 21)]
    np.testing.assert_allclose(mu.loc[linear, "value"], 40.0, rtol=1e-9)
    np.testing.assert_allclose(sigma.loc[linear, "value"], 0.0, atol=1e-5)
    np.testing.assert_allclose(mu.loc[[*dead, "dummy"], "value"], 0.0, atol=1e-9)
    assert (mu.loc[[f"x{i}" for i in range(1, 8)], "value"] > 20).all()
    assert (sigma.loc[[f"x{i}" for i in range(1, 8)], "value"] > 10).all()


def test_every_method_through_the_whole_path() -> None:
    """Y = 4 a + 2 b + c from the file to the indices: shares 16, 4 and 1 of 21, by every method
    that has shares; the order by those that measure distances."""
    whole = ["a", "b", "c"]
    shares = np.array([16.0, 4.0, 1.0]) / 21.0
    for name, samples, main, truth, allowed in (
        ("efast", 257, "ST", shares, 0.02),
        ("rbd_fast", 1024, "S1", shares, 0.05),
        ("shapley", 1024, "Sh", shares, 0.06),
        ("dgsm", 64, "dgsm", shares * 12.0 / np.pi**2, 0.06),
        ("one_at_a_time", 1, "range", np.array([4.0, 2.0, 1.0]), 1e-9),
        ("pawn", 512, "pawn", None, 0.0),
        ("rsa", 512, "rsa", None, 0.0),
    ):
        found = index(study("linear", more=f"method: {name}\nsamples: {samples}\n"), main, name)
        value = found.loc[whole, "value"].to_numpy()
        if truth is None:
            assert (np.diff(value) < 0).all(), name
            assert found.loc["dummy", "value"] < found.loc["b", "value"], name
        else:
            np.testing.assert_allclose(value, truth, atol=allowed, err_msg=name)
            assert found.loc["dummy", "value"] == pytest.approx(0.0, abs=max(allowed, 0.02)), name


@pytest.mark.slow
def test_slow_methods_through_the_whole_path() -> None:
    found = index(study("linear", more="method: hdmr\nsamples: 600\n"), "S1", "hdmr")
    truth = np.array([16.0, 4.0, 1.0]) / 21.0
    np.testing.assert_allclose(found.loc[["a", "b", "c"], "value"], truth, atol=0.05)
    found = index(study("linear", more="method: delta\nsamples: 512\n"), "delta", "delta")
    assert found.loc[["a", "b", "c"], "value"].is_monotonic_decreasing
    assert found.loc["dummy", "value"] < found.loc["b", "value"]


@pytest.mark.parametrize("name", ["efast", "rbd_fast"])
def test_ishigami_by_spectra(name: str) -> None:
    """x3 acts with x1 only: its first-order index is 0, its total index is not."""
    first, total, _ = ishigami_truth()
    result = study("ishigami", more=f"method: {name}\nsamples: 2049\nseed: 2\n")
    rows = index(result, "S1", name).loc[["x1", "x2", "x3"]]
    np.testing.assert_allclose(rows["value"], first, atol=0.04)
    if name == "efast":
        rows = index(result, "ST", name).loc[["x1", "x2", "x3"]]
        np.testing.assert_allclose(rows["value"], total, atol=0.06)


# --- chance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "replicates"), in_turn([0, 1, 2, 3], [1, 2, 5]))
def test_a_dead_factor_is_0_or_not_converged(seed: int, replicates: int) -> None:
    """4 a + 2 b + N(0, 1) with fresh chance: the known tools give the dead factor a third."""
    more = f"random_numbers: fresh\nsamples: 256\nreplicates: {replicates}\nseed: {seed}\n"
    result = study("dead_factor", noise=1.0, more=more)
    row = index(result, "ST").loc["dead"]
    # In expectation 1/R of chance beside 20/12 of signal.
    expected = (1 / replicates) / (20 / 12 + 1 / replicates)
    assert row["naive"] == pytest.approx(expected, rel=0.35)
    assert not row["converged"] or abs(row["value"]) <= 0.03
    assert not (row["converged"] and row["value"] > 0.05)
    if replicates == 1:
        assert "one replicate cannot tell chance from effect" in row["verdict"]
    if replicates == 5:
        assert abs(row["value"]) <= 0.03


def test_as_much_chance_as_signal() -> None:
    """Within .05 of the truth at 1,024 x (4 + 2) x 10 = 61,440 runs."""
    more = "random_numbers: fresh\nsamples: 1024\nreplicates: 10\nseed: 5\n"
    result = study("dead_factor", noise=20 / 12, more=more)
    assert len(result.table("runs")) == 61_440
    truth = [0.8, 0.2, 0.0]
    for name in ("ST", "S1"):
        rows = index(result, name).loc[["a", "b", "dead"]]
        np.testing.assert_allclose(rows["value"], truth, atol=0.05)
    noise = result.table("noise").iloc[0]
    assert noise["chance"] == pytest.approx(0.5, abs=0.02)
    assert noise["chance_left"] == pytest.approx(1 / 11, abs=0.01)


def test_chance_that_moves_all_points_alike_changes_nothing() -> None:
    more = "samples: 128\nreplicates: 4\nrandom_numbers: common\n"
    calm, windy = study("linear", more=more), study("linear", noise=50.0, more=more)
    for name in ("ST", "S1"):
        np.testing.assert_allclose(
            index(windy, name)["value"], index(calm, name)["value"], atol=1e-9
        )
    assert windy.table("noise").iloc[0]["chance_left"] == pytest.approx(0.0, abs=1e-9)
    assert windy.table("noise").iloc[0]["chance"] > 0.5


GIVEN_DATA = [
    ("pawn", 512),
    pytest.param("rsa", 512, marks=pytest.mark.slow),
    pytest.param("rbd_fast", 1024, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("method", "samples"), GIVEN_DATA)
def test_given_data_methods_know_a_dead_factor_beside_chance(method: str, samples: int) -> None:
    more = f"random_numbers: fresh\nmethod: {method}\nsamples: {samples}\nreplicates: 4\n"
    result = study("dead_factor", noise=20 / 12, more=more)
    text = result.answer.text
    carried = re.split(
        "These do not matter|None is known not", text.split("These factors drive y")[1]
    )[0]
    assert ": a " in carried
    assert "dead" not in carried


def test_without_a_dummy_no_index_with_a_floor_is_judged() -> None:
    """PAWN of a factor without effect is about .1 here, with an interval above 0."""
    result = study("dead_factor", more="method: pawn\nsamples: 512\ndummy: false\n")
    assert index(result, "pawn", "pawn").loc["dead", "low"] > 0
    assert result.answer.verdict == "No factor is known to drive y (PAWN)."
    assert "None is known not to matter (no dummy shows what is small)" in result.answer.text


# --- verdicts -------------------------------------------------------------------------------------


def test_more_runs_are_estimated_and_enough() -> None:
    """What the verdict says would settle it, does."""
    small = study("dead_factor", more="samples: 64\nseed: 1\n")
    row = index(small, "ST").loc["a"]
    assert not row["converged"]
    factor = 1 + row["more_runs"] / len(small.table("runs"))
    assert factor == 2 ** round(np.log2(factor))
    large = study("dead_factor", more=f"samples: {int(64 * factor)}\nseed: 1\n")
    assert index(large, "ST").loc["a", "converged"]


def test_a_value_that_moved_is_not_converged() -> None:
    given = {"unit": 1.0, "samples": 64, "replicates": 4, "points": 256,
             "stochastic": True, "common": False}  # fmt: skip
    assert convergence.judge(0.5, 0.01, 0.0, 0.51, **given).converged
    moved = convergence.judge(0.5, 0.01, 0.0, 0.3, **given)
    assert not moved.converged
    assert moved.more_runs == 1024
    # Twice the tolerance: four times the runs.
    wide = convergence.judge(0.5, 0.16, 0.0, 0.5, **given)
    assert wide.more_runs == 3 * 1024


def test_ranking_counts_only_what_is_apart() -> None:
    after, half = np.array([0.5, 0.30, 0.29]), np.array([0.02, 0.02, 0.02])
    assert convergence.swapped(np.array([0.5, 0.2, 0.25]), after, half) == []
    assert convergence.swapped(np.array([0.26, 0.3, 0.25]), after, half) == [(0, 1)]


def test_the_order_is_watched_too() -> None:
    result = study("linear", more="samples: 256\n")
    rankings = result.table("rankings")
    assert rankings[["method", "index", "converged", "swapped"]].to_dict("records") == [
        {"method": "sobol", "index": "ST", "converged": True, "swapped": ""}
    ]
    assert "have kept their order since half of the samples" in result.answer.text
    rankings.loc[0, ["converged", "swapped"]] = [False, "a before b"]
    other = {**result.tables, "rankings": Table("rankings", rankings)}
    said = "The order has not converged; since half of the samples, these have changed places:"
    assert said in words(result.study, other).text


def test_the_stop_rule_goes_on_until_all_has_converged() -> None:
    more = "samples: 64\nstop: {budget_runs: 100000}\nseed: 1\n"
    result = study("dead_factor", more=more)
    assert index(result, "ST")["converged"].all()
    samples = int(result.table("noise")["base_samples"].iloc[0])
    assert samples > 64
    direct = study("dead_factor", more=f"samples: {samples}\nseed: 1\n")
    pd.testing.assert_frame_equal(result.table("indices"), direct.table("indices"))


def test_the_stop_rule_keeps_its_budget() -> None:
    result = study("dead_factor", more="samples: 64\nstop: {budget_runs: 800}\nseed: 1\n")
    assert len(result.table("runs")) == 768
    assert not index(result, "ST")["converged"].all()


def test_nothing_has_converged_while_its_variance_has_not() -> None:
    """Chance that all points share scales the outcome, y_r = z_r m: it cancels in every index,
    whose interval is narrow, but the variance that they are shares of is hardly known from ten z_r.
    An elementary effect is no share of it, and may converge."""
    asked = written(
        "kind: sensitivity\nscenario: {function: linear, noise: 1.0}\noutcomes: [y]\n"
        "method: [sobol, morris]\nsamples: 1024\nreplicates: 10\n"
    )
    design = design_of(asked)
    sobol, morris = first_samples(design, Runner(Execution()))
    known = np.random.default_rng(1).normal(1.0, 0.1, 10)
    scaled = [
        replace(one, y=(one.y - one.y.mean(axis=(0, 1))) * z[None, :, None])
        for one in (sobol, morris)
        for z in (known, 10.0 * (known - 0.9))
    ]
    steady, shaken, effects, _ = scaled
    rows = pd.DataFrame(Findings.of(design, [steady]).indices)
    assert rows["converged"].all()
    found = Findings.of(design, [shaken])
    rows = pd.DataFrame(found.indices)
    assert not rows["converged"].any()
    assert rows["verdict"].str.startswith("not yet: the variance it is a share of is known").all()
    assert not found.converged
    assert found.noise[0]["signal_cv"] > convergence.MOST_CV
    half = ((rows["high"] - rows["low"]) / 2).to_numpy()
    assert (half < 0.1).all(), "narrow, and yet nothing is told"
    assert pd.DataFrame(Findings.of(design, [effects]).indices)["converged"].any()


def test_convergence_is_made_of_prefixes() -> None:
    result = study("ishigami", more="samples: 512\n")
    small = study("ishigami", more="samples: 128\n")
    rows = result.table("convergence")
    rows = rows[(rows.samples == 128) & (rows["index"] == "ST")]
    np.testing.assert_allclose(rows["value"], index(small, "ST")["value"], atol=1e-12)


# --- guards ---------------------------------------------------------------------------------------


def test_an_outcome_that_never_varies_is_undefined_and_said() -> None:
    result = study("constant", outcomes="[y, flat]", more="samples: 64\n")
    assert set(result.table("indices").outcome) == {"y"}
    text = result.answer.text
    assert "flat never varies (it is 0.3 at every point): its indices are undefined" in text


def test_a_failed_run_takes_its_whole_base_sample_along() -> None:
    result = study("hole", more="samples: 256\nmethod: sobol\n")
    runs = result.table("runs")
    blocks = np.isnan(runs["y"].to_numpy()).reshape(256, -1).any(axis=1)
    noise = result.table("noise").iloc[0]
    assert (noise["sample"], noise["left_out"]) == ("saltelli", int(blocks.sum()))
    assert result.tables["indices"].rests_on == (len(runs) * (256 - blocks.sum()) // 256, len(runs))
    assert 0 < blocks.sum() < 100
    assert np.isfinite(index(result, "ST")["value"]).all()
    assert (
        f"{blocks.sum()} base samples of 256 are left out, with a run without a value"
        in result.answer.text
    )


def test_without_the_base_samples_that_failed_the_indices_are_those_of_the_others() -> None:
    """Sobol indices of a Saltelli design by the formula of Jansen, over whole blocks only."""
    result = study("hole", more="samples: 256\nmethod: sobol\n")
    y = result.table("runs")["y"].to_numpy().reshape(256, -1)
    y = y[np.isfinite(y).all(axis=1)]
    a, b = y[:, 0], y[:, -1]
    variance = ((a**2 + b**2) / 2).mean() - ((a + b) / 2).mean() ** 2
    rows = index(result, "ST")
    total = 0.5 * ((y[:, 1:-1] - a[:, None]) ** 2).mean(axis=0) / variance
    names = result.table("factors")["name"]
    np.testing.assert_allclose(rows.loc[list(names), "value"], total, rtol=1e-9)


def test_a_curve_cannot_lose_a_point() -> None:
    with pytest.raises(StudyError) as caught:
        study("hole", more="method: efast\nsamples: 129\n")
    text = str(caught.value)
    assert "runs have no value of y; the first is replicate 0 at a 0.9" in text
    assert "0 whole replicates are left" in text
    assert "as this sample cannot lose a point" in text


def test_the_key_of_a_second_rule_is_gone() -> None:
    with pytest.raises(StudyError, match=r"failed_runs: is not a field any more.*runs that fail"):
        study("linear", more="failed_runs: drop\n")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("samples: 500\n", "500 is not a power of two, which Sobol's sequence needs to be "
                           "balanced; "
         "allowed: 256 or 512"),
        ("method: efast\nsamples: 64\n", "64 are too few for eFAST; allowed: 65 or more"),
        ("method: sobl\n", "did you mean 'sobol'?"),
        ("method: efast\nsamples: 99\nstop: {budget_runs: 9}\n", "cannot be extended"),
        ("second_order: true\nmethod: pawn\n", "only the method sobol"),
        ("outcomes: [z]\n", "'z' is not an outcome of linear; allowed: y"),
        ("factors: [a, b]\n", "the function also needs c"),
    ],
)  # fmt: skip
def test_bad_input(more: str, message: str) -> None:
    if "outcomes" in more:
        with pytest.raises(StudyError) as caught:
            study("linear", outcomes="[z]")
    else:
        with pytest.raises(StudyError) as caught:
            study("linear", more=more)
    assert message in str(caught.value)


# --- time ----------------------------------------------------------------------------------------


def test_only_outcomes_with_several_weeks_are_drawn_over_time() -> None:
    """Persistence is about one year, so that it has no course over the weeks of the others."""
    result = ask(
        StudyKind.of("sensitivity").make(
            scenario="light_touch", outcomes=["trust", "persistence of trust"], weeks=[4, 13, 26],
            factors=["trust_step", "keeping"], method=["morris"], samples=4, replicates=2,
        )
    )  # fmt: skip
    assert {one.name for one in result.figures if "over-time" in one.name} == {
        "morris-over-time-trust"
    }
    for figure in result.figures:
        assert figure.draw().axes


def test_one_run_of_each_point_shows_that_chance_hides_the_indices() -> None:
    """One run says nothing about chance: no index is corrected, and figures say so in words."""
    result = ask(
        StudyKind.of("sensitivity").make(
            scenario="light_touch", outcomes=["trust"], weeks=[26], samples=4, replicates=1,
            factors=["trust_step", "keeping"], method=["one_at_a_time", "morris"],
        )
    )  # fmt: skip
    assert result.table("indices")["value"].isna().all()
    assert len(result.figures) == 4
    for figure in result.figures:
        assert "nan" not in figure.alt
        axes = figure.draw().axes[0]
        if "responses" not in figure.name:
            assert any("chance hides" in text.get_text() for text in axes.texts), figure.name


def test_notices_of_salib_are_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    """Delta warns of biased indices, under names of its own and whatever the filters say."""
    found = study("linear", more="method: delta\nsamples: 256\nseed: 3\n")
    assert len(found.table("indices"))
    assert not [one for one in recwarn if "Notice" in str(one.message)]


class Work:
    """A clock that goes on by the work that is done, whatever the machine is doing besides."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_analysis_is_estimated_from_two_small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """An analyser that takes 3 s and 10 ms a point: the line through two small samples is that of
    the whole, half as much again for the parts of the sample, for each outcome."""
    clock, sizes = Work(), []

    def analyse(method: Any, sampler: Any, unit: np.ndarray, y: np.ndarray, **more: Any) -> None:
        sizes.append(len(unit))
        clock.now += 3.0 + 0.01 * len(unit)

    monkeypatch.setattr(analysis, "indices_of", analyse)
    text = (
        "kind: sensitivity\nscenario: {function: constant}\noutcomes: [y, flat]\nmethod: pawn\n"
        "samples: 2048\n"
    )
    found = analysis.analysis_seconds(design_of(written(text)), clock=clock)
    assert sizes == [64, 64, 256]  # the first loads the analyser, off the clock
    assert found == pytest.approx(1.5 * 2 * (3.0 + 0.01 * 2048))


def test_an_estimate_is_said_and_refused_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "kind: sensitivity\nscenario: source\nfactors: [keeping, trust_step]\nsamples: 1024\n"
        "replicates: 10\n"
    )
    monkeypatch.setattr(analysis, "runs_seconds", lambda *_, **__: 580.0)
    monkeypatch.setattr(analysis, "analysis_seconds", lambda *_, **__: 20.0)
    kind, how = StudyKind.of("sensitivity"), Execution()
    said = kind.estimate(written(text), how)
    assert said == "The runs take about 9 min 40 s here, then the analysis, about 20 s."
    with pytest.raises(StudyError) as caught:
        kind.estimate(written(text + "time_limit_minutes: 1\n"), how)
    message = str(caught.value)
    assert "51,200 runs take about 10 min here, the limit is 1 min" in message
    assert "what would fit: samples: 64, or a limit of 12 min" in message
    with pytest.raises(StudyError, match="samples: 512, or replicates: 5, or a limit"):
        kind.estimate(written(text + "time_limit_minutes: 5\n"), how)
    kind.estimate(written(text + "time_limit_minutes: 10\n"), how)


# --- the model ------------------------------------------------------------------------------------

SMALL = (
    "kind: sensitivity\nscenario: classroom\noutcomes: [knowledge, effect on trust]\n"
    "factors: {factors}\nsamples: 16\nreplicates: 3\nweeks: [13, horizon]\nseed: 0\n"
)


def small(factors: str, more: str = "") -> Study[Any]:
    return written(SMALL.format(factors=factors) + more)


def sampled(study: Study[Any]) -> Sample:
    """The first sample of a study, run."""
    return first_samples(design_of(study), Runner(Execution()))[0]


def test_a_response_has_a_point_a_value_of_a_discrete_factor() -> None:
    asked = small("{staff: {integer: [4, 6]}, network: {choices: [ring, hub]}}")
    rows = ask(asked).table("responses")
    rows = rows[(rows.outcome == "knowledge") & (rows.week == "week_13")]
    assert rows[rows.factor == "staff"]["at"].to_list() == ["4", "5", "6"]
    assert rows[rows.factor == "network"]["at"].to_list() == ["ring", "hub"]
    # The mean over the points of A and B that have this value.
    design = sampled(asked)
    blocks = design.unit.reshape(16, -1, 3)
    points = np.concatenate([blocks[:, 0], blocks[:, -1]])
    y = design.y[:, :, 0].mean(axis=1).reshape(16, -1)
    ends = np.concatenate([y[:, 0], y[:, -1]])
    expected = ends[points[:, 1] < 0.5].mean()
    ring = rows[(rows.factor == "network") & (rows["at"] == "ring")]["mean"].iloc[0]
    assert ring == pytest.approx(expected, rel=1e-12)


def test_common_chance_is_common_and_fresh_chance_is_fresh() -> None:
    factors = "{learning_rate: table, trust_step: table}"
    common = sampled(small(factors))
    fresh = sampled(small(factors, "random_numbers: fresh\n"))
    size = common.sampler.rows_per_base
    # The dummy's row has the parameters of A: the same runs with common chance, others with fresh.
    assert (common.y[::size] == common.y[3::size]).all()
    assert (fresh.y[::size, :, 0] != fresh.y[3::size, :, 0]).mean() > 0.9


def test_the_model_gives_what_evaluate_gives() -> None:
    from sim.core.parameters import Parameters
    from sim.scenario.scenario import Scenario

    asked = small("[learning_rate, trust_step]")
    design = sampled(asked)
    values = design.sampler.space.values(design.unit)
    point = 7
    chosen = Parameters({name: float(values[name][point]) for name in values})
    scenario = Scenario.shipped("classroom")
    weeks = [13, scenario.horizon_weeks]
    with_ta = summaries(scenario, [chosen], 3, 0, weeks)
    without = summaries(scenario.without_ta(), [chosen], 3, 0, weeks)
    np.testing.assert_array_equal(design.y[point, :, 0], with_ta.of("knowledge", 0)[0])
    np.testing.assert_array_equal(
        design.y[point, :, 3], with_ta.of("trust", 1)[0] - without.of("trust", 1)[0]
    )


# --- a second seed -------------------------------------------------------------------------------


def kept(tmp_path: Path, samples: int = 1024) -> Path:
    return study("linear", more=f"samples: {samples}\n").save(tmp_path / "kept", figures=())


def test_what_has_converged_holds_with_another_seed(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    for sample in (None, 256):
        seen = second_seed(folder, 2, sample=sample)
        assert seen.ok
        assert seen.found.compared == 8  # ST and S1 of three inputs and the dummy
        assert "of 8 converged indices none moved" in str(seen)


def test_an_index_that_another_seed_moves_is_named(tmp_path: Path) -> None:
    """A converged index of .95 is made of one of 16/21: it is named, with both values."""
    made = study("linear", more="samples: 1024\n")
    frame = made.table("indices")
    place = frame.query("factor == 'a' and index == 'ST'").index[0]
    frame.loc[place, ["value", "low", "high"]] = [0.95, 0.9, 1.0]
    table = made.tables["indices"]
    wrong = replace(made, tables={**made.tables, "indices": Table("indices", frame, table.columns)})
    folder = wrong.save(tmp_path / "wrong", figures=())
    seen = second_seed(folder, 2)
    assert not seen.ok
    (said,) = seen.found.moved
    assert said.startswith("y: sobol ST of a was 0.95 and is 0.76: apart by more than 0.1")
    ran = codose("verify", folder, "--second-seed", "2", "-q")
    assert ran.exit_code == 1
    assert "of 8 converged indices 1 moved beyond what their tolerance allows" in ran.stdout


def test_a_second_seed_moves_what_is_not_known_without_a_word(tmp_path: Path) -> None:
    """Nothing has converged in 16 base samples with much chance: there is nothing to check."""
    more = "samples: 16\nrandom_numbers: fresh\nreplicates: 3\n"
    folder = study("linear", noise=500.0, more=more).save(tmp_path / "n", figures=())
    seen = second_seed(folder, 2)
    assert seen.ok
    assert "no index of the study had converged: there is nothing to check" in str(seen)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--second-seed", "1"), "is the seed of the study itself"),
        (("--second-seed", "2", "--sample", "2048"), "is more than the study's own"),
        (("--second-seed", "2", "--sample", "30"), "30 is not a power of two"),
    ],
)
def test_second_seeds_that_cannot_be(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    ran = codose("verify", kept(tmp_path, 64), *words, "-q")
    assert ran.exit_code == 2
    assert message in " ".join(ran.stderr.split())


def test_other_kinds_have_no_second_seed(tmp_path: Path) -> None:
    folder = ask(tiny("ladder")).save(tmp_path / "t", figures=())
    with pytest.raises(InputError, match="results of ladder do not say which of their"):
        second_seed(folder, 2)


def test_a_panel_shows_the_largest_factors_and_the_dummy() -> None:
    rows = pd.DataFrame({"factor": ["a", "b", "c", DUMMY, "d"], "value": [5.0, 4.0, 3.0, 2.0, 1.0]})
    assert leading(rows, 3)["factor"].tolist() == ["a", "b", DUMMY]
    assert leading(rows, 5)["factor"].tolist() == rows["factor"].tolist()
    assert leading(rows.drop(index=3), 3)["factor"].tolist() == ["a", "b", "c"]
