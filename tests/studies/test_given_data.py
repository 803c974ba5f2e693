"""Given-data statistics against SALib's, and luck taken out of them by noise."""

from __future__ import annotations

import numpy as np
import pytest
from SALib.analyze import pawn, rbd_fast, rsa
from SALib.analyze.delta import calc_delta

from sim.studies.factors import with_dummy
from sim.studies.sensitivity import noise, statistics
from sim.studies.sensitivity.functions import FUNCTIONS
from sim.studies.sensitivity.indices import estimate
from sim.studies.sensitivity.methods import METHODS, Sampler
from sim.studies.sensitivity.noise import corrected_form
from tests.strategies import in_turn

LINEAR = FUNCTIONS["linear"]
SPACE = with_dummy(LINEAR.factors(), {}, True)
PROBLEM = SPACE.problem()


def data(points: int, *, tied: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Points and three columns of outcomes; tied: drawn with replacement and rounded."""
    rng = np.random.default_rng(5)
    x = rng.random((points, 4))
    y = LINEAR.of(x[:, :3]) + rng.normal(size=(points, 3))
    if not tied:
        return x, y
    rows = rng.integers(points, size=points)
    return x[rows], np.round(y[rows], 1)


@pytest.mark.parametrize(("points", "tied"), in_turn([128, 301], [False, True]))
def test_statistics_are_salibs(points: int, tied: bool) -> None:
    x, y = data(points, tied=tied)
    column = y[:, 1]
    theirs = pawn.analyze(PROBLEM, x, column, S=statistics.SLIDES)["median"]
    np.testing.assert_allclose(statistics.pawn(x, y)[1], np.array(theirs, float), atol=1e-12)
    found = rsa.analyze(PROBLEM, x, column, bins=statistics.BINS)
    parts = np.array([np.nanmean(found[name]) for name in PROBLEM["names"]])
    mine = statistics.regional(x, y)[1] * statistics.regional_scale(points)
    np.testing.assert_allclose(mine, parts, atol=1e-12)
    top, bottom = statistics.rbd(x, y)
    first = rbd_fast.analyze(PROBLEM, x, column, num_resamples=2, seed=1)["S1"]
    np.testing.assert_allclose((top / bottom)[1], np.array(first, float), atol=1e-12)
    shape = 2.0 / (7.0 + np.tanh((1500.0 - points) / 500.0))  # SALib's number of classes
    classes = np.linspace(0, points, int(np.round(np.ceil(points**shape))) + 1)
    grid = np.linspace(column.min(), column.max(), 100)
    densities = [calc_delta(column, grid, x[:, place], classes) for place in range(4)]
    np.testing.assert_allclose(statistics.delta(x, y)[1], densities, atol=1e-12)


def test_halvings_are_balanced_and_not_repeated() -> None:
    for replicates in (2, 3, 4, 5, 10, 11):
        ways = noise.halvings(replicates, 4)
        assert len({tuple(one) for one, _ in ways}) == len(ways)
        for one, other in ways:
            assert abs(len(one) - len(other)) <= 1
            assert sorted([*one, *other]) == list(range(replicates))


@pytest.mark.parametrize("replicates", [2, 3, 4, 7])
def test_of_a_quadratic_form_all_halvings_give_the_mean_over_pairs(replicates: int) -> None:
    """The extrapolation is linear in Q, so it agrees in expectation with the estimator of
    sim.studies.sensitivity.noise; over all halvings of 2 or 4 it is that estimator."""
    rng = np.random.default_rng(1)
    signal = rng.normal(size=(50, 1))

    def form(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return y.var(axis=0)[:, None]

    found, pairs = [], []
    exact = replicates in (2, 4)
    for _ in range(100 if exact else 400):
        y = signal + rng.normal(size=(50, replicates))
        found.append(noise.without_chance(form, y, y, 8)[0])
        pairs.append(float(corrected_form(np.var, y)))
    if exact:
        np.testing.assert_allclose(found, pairs, atol=1e-12)
    gap = np.array(found) - np.array(pairs)
    assert abs(gap.mean()) < 4 * max(gap.std(), 1e-12) / np.sqrt(len(gap))


@pytest.mark.parametrize(
    ("name", "seeds"),
    [
        ("pawn", range(6)),
        pytest.param("pawn", range(12), marks=pytest.mark.slow),
        pytest.param("rsa", range(12), marks=pytest.mark.slow),
        pytest.param("delta", range(4), marks=pytest.mark.slow),
        pytest.param("hdmr", range(2), marks=pytest.mark.slow),
    ],
)
def test_luck_is_taken_out_of_the_whole_distribution(name: str, seeds: range) -> None:
    """As much luck in a run as signal, five replicates: the naive index of the leading factor is
    too small, the corrected one is not; its interval holds the index without luck."""
    sampler = Sampler("latin", SPACE)
    truth, naive, value, held = [], [], [], 0
    for seed in seeds:
        unit = sampler.draw(512, seed)
        signal = LINEAR.of(unit[:, :3])
        luck = np.random.default_rng(100 + seed).normal(size=(512, 5))
        y = signal + np.sqrt(21 / 12) * luck
        calm = estimate(
            METHODS[name], sampler, unit, signal, stochastic=False, common=False, seed=1,
            resamples=4,
        )  # fmt: skip
        found = estimate(
            METHODS[name], sampler, unit, y, stochastic=True, common=False, seed=1, resamples=20
        )
        truth.append(calm.value[0])
        naive.append(found.naive[0])
        value.append(found.value[0])
        held += abs(found.value[0] - calm.value[0]) <= found.half[0]
    bias = np.mean(np.array(naive) - truth)
    left = np.mean(np.array(value) - truth)
    assert bias < -0.05 * np.mean(truth)
    assert abs(left) < 0.5 * abs(bias)
    assert held >= len(seeds) - 1


def test_one_replicate_cannot_tell_luck_in_a_distribution() -> None:
    sampler = Sampler("latin", SPACE)
    unit = sampler.draw(128, 1)
    y = LINEAR.of(unit[:, :3]) + np.random.default_rng(0).normal(size=(128, 1))
    found = estimate(METHODS["pawn"], sampler, unit, y, stochastic=True, common=True, seed=1)
    assert np.isnan(found.value).all()
    assert np.isfinite(found.naive).all()


def test_hdmr_of_many_factors() -> None:
    """Beyond eight factors, where SALib's newer analyser fails: shares of a sum."""
    from sim.studies.distributions import Distribution
    from sim.studies.factors import Factor, Space

    many = Space(tuple(Factor(f"x{i}", "input", Distribution("uniform", (0.0, 1.0)))
                       for i in range(10)))  # fmt: skip
    sampler = Sampler("latin", many)
    unit = sampler.draw(1200, 1)
    slopes = np.arange(10.0)
    found = estimate(
        METHODS["hdmr"], sampler, unit, (unit @ slopes)[:, None], stochastic=False, common=True,
        seed=1, resamples=3,
    )  # fmt: skip
    assert found.index == ("S1",) * 10
    np.testing.assert_allclose(found.value, slopes**2 / (slopes**2).sum(), atol=0.04)
