"""Chance told apart from effect: the estimator against definitions and theory."""

from __future__ import annotations

import numpy as np
import pytest

from sim.studies.sensitivity.noise import corrected_form, jackknife, noise_share

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
