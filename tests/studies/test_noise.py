"""Chance told apart from effect: the estimator against definitions and theory."""

from __future__ import annotations

import numpy as np
import pytest

from sim.studies.sensitivity.noise import corrected_form, jackknife, noise_share, signal_cv

RNG = np.random.default_rng(20)


def test_corrected_form_is_the_mean_over_pairs_of_different_replicates() -> None:
    y = RNG.normal(size=(7, 5))
    matrix = RNG.normal(size=(7, 7))

    def form(v: np.ndarray) -> np.ndarray:
        return np.asarray(v @ matrix @ v)

    pairs = [y[:, r] @ matrix @ y[:, s] for r in range(5) for s in range(5) if r != s]
    assert corrected_form(form, y) == pytest.approx(np.mean(pairs), rel=1e-12)


def test_variance_of_the_expected_outcome_is_unbiased_in_both_designs() -> None:
    # m has variance 1 over the points, luck 4, with 4 replicates: means have variance 2.
    points, replicates, draws = 40, 4, 1500
    for common in (False, True):
        found = []
        for _ in range(draws):
            m = RNG.normal(size=(points, 1))
            luck = 2.0 * RNG.normal(size=(1 if common else points, replicates))
            found.append(noise_share(m + luck, common=common).signal)
        # Clipping at 0 would bias; with these numbers the signal is never that small.
        error = np.std(found) / np.sqrt(draws)
        assert abs(np.mean(found) - 1.0) < 4 * error


def test_shares_of_a_known_mixture() -> None:
    # Signal 1, luck shared by all points 3, luck of a cell 2: 5/6 is luck, 3/6 moves all alike.
    points, replicates = 4000, 400
    y = (
        RNG.normal(size=(points, 1))
        + np.sqrt(3.0) * RNG.normal(size=(1, replicates))
        + np.sqrt(2.0) * RNG.normal(size=(points, replicates))
    )
    found = noise_share(y, common=True)
    # The shared luck has 399 degrees of freedom: its variance is known to 7 %.
    assert found.chance == pytest.approx(5 / 6, abs=0.03)
    assert found.chance_moving_all == pytest.approx(3 / 6, abs=0.06)
    assert found.chance_left == pytest.approx((2 / replicates) / (1 + 2 / replicates), rel=0.1)
    fresh = noise_share(y, common=False)
    assert np.isnan(fresh.chance_moving_all)


def test_one_replicate_cannot_tell() -> None:
    found = noise_share(RNG.normal(size=(50, 1)), common=True)
    assert np.isnan(found.chance)
    assert np.isnan(found.chance_left)


def test_nothing_varies() -> None:
    found = noise_share(np.full((50, 4), 0.3), common=True)
    assert found.signal == 0.0
    assert np.isnan(found.chance)


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    y = RNG.normal(size=(1, 12))
    error = jackknife(lambda v: v.mean(axis=1), y)
    assert error[0] == pytest.approx(y.std(ddof=1) / np.sqrt(12), rel=1e-12)


def test_jackknife_needs_three_replicates() -> None:
    assert np.isnan(jackknife(lambda v: v.mean(axis=1), np.ones((2, 2)))).all()


# --- how well the signal variance is known ------------------------------------------------------


def test_the_variance_of_normal_points_is_known_to_the_root_of_2_over_n() -> None:
    """Without chance, the variance of n normal numbers has a CV of sqrt(2 / n)."""
    rng = np.random.default_rng(1)
    found = [signal_cv(rng.normal(size=(400, 1, 1)), common=False, seed=i) for i in range(40)]
    assert np.mean(found) == pytest.approx(np.sqrt(2 / 400), rel=0.05)


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_cv_is_that_of_designs_drawn_again_and_again(spread: float) -> None:
    """y = (1 + z_r) m: chance that all points share scales the signal. Over 300 designs the
    estimated variance scatters by what one design says of itself, on average."""
    rng = np.random.default_rng(2)
    estimates, said = [], []
    for seed in range(300):
        m = rng.normal(size=(200, 1))
        y = (1.0 + spread * rng.normal(size=(1, 12))) * m
        estimates.append(noise_share(y, common=True).signal)
        if seed < 40:
            said.append(signal_cv(y[:, None], common=True, seed=seed))
    true = np.std(estimates) / np.mean(estimates)
    assert np.mean(said) == pytest.approx(true, rel=0.2)


def test_pairs_drawn_together_count_as_one() -> None:
    """Every base sample twice over is no new knowledge."""
    y = np.random.default_rng(3).normal(size=(300, 1, 1))
    once, twice = (signal_cv(np.repeat(y, n, axis=1), common=False, seed=1) for n in (1, 2))
    assert once == pytest.approx(twice, rel=1e-9)
    assert signal_cv(np.repeat(y, 2, axis=0), common=False, seed=1) < 0.8 * once  # were it told so


def test_no_signal_is_not_known_at_all() -> None:
    y = np.random.default_rng(4).normal(size=(1, 6)) * np.ones((50, 1))
    assert signal_cv(y[:, None], common=True, seed=1) == np.inf
