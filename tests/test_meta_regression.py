"""Random-effects meta-regression: closed forms, brute force, and trials whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.units import z_value
from sim.stats.meta_regression import fit, left_out, log_score, mixed
from tests.checks import share_near


def by_hand(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, float, np.ndarray]:
    """a and b of weighted least squares with their covariance: the textbook's sums."""
    total, mx, my = w.sum(), (w * x).sum() / w.sum(), (w * y).sum() / w.sum()
    sxx = (w * (x - mx) ** 2).sum()
    b = (w * (x - mx) * (y - my)).sum() / sxx
    covariance = np.array([[1 / total + mx**2 / sxx, -mx / sxx], [-mx / sxx, 1 / sxx]])
    return my - b * mx, b, covariance


def moments(x: np.ndarray, y: np.ndarray, s2: np.ndarray) -> float:
    """tau^2 with the whole matrix P, as the definition has it."""
    columns = np.column_stack([np.ones(len(x)), x])
    w = np.diag(1 / s2)
    p = w - w @ columns @ np.linalg.inv(columns.T @ w @ columns) @ columns.T @ w
    return max(0.0, (y @ p @ y - (len(y) - 2)) / np.trace(p))


def made(seed: int, b: float, tau: float, n: int = 15) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    x, s2 = rng.uniform(0, 0.2, n), rng.uniform(0.2, 0.4, n) ** 2
    return x, 0.5 + b * x + rng.normal(0, np.sqrt(s2 + tau**2)), s2


def test_one_column_is_dersimonian_and_laird() -> None:
    """Worked by hand: y = 0, 1 with SE 0.5 each: w = 4, Q = 2, (2 - 1) / (8 - 32/8) = .25; so each
    weighs 1 / (.25 + .25), the mean is .5 and its variance 1 / 4."""
    found = fit(np.ones((2, 1)), np.array([0.0, 1.0]), np.array([0.25, 0.25]))
    assert found.tau2 == pytest.approx(0.25)
    assert found.beta.tolist() == pytest.approx([0.5])
    assert found.covariance.ravel().tolist() == pytest.approx([0.25])
    alike = fit(np.ones((3, 1)), np.full(3, 0.5), np.array([0.01, 0.04, 0.09]))
    assert alike.tau2 == 0.0


@pytest.mark.parametrize("tau", [0.0, 0.5])
def test_a_and_b_are_those_of_the_closed_form(tau: float) -> None:
    x, y, s2 = made(1, 3.0, tau)
    found = fit(np.column_stack([np.ones(15), x]), y, s2)
    tau2 = moments(x, y, s2)
    assert found.tau2 == pytest.approx(tau2)
    a, b, covariance = by_hand(x, y, 1 / (s2 + tau2))
    assert found.beta.tolist() == pytest.approx([a, b])
    np.testing.assert_allclose(found.covariance, covariance)


def test_left_out_is_a_fit_to_all_others_by_brute_force() -> None:
    x, y, s2 = made(2, 3.0, 0.4)
    mean, variance = left_out(np.column_stack([np.ones(15), x]), y, s2)
    for i in range(15):
        rest = [j for j in range(15) if j != i]
        tau2 = moments(x[rest], y[rest], s2[rest])
        a, b, covariance = by_hand(x[rest], y[rest], 1 / (s2[rest] + tau2))
        row = np.array([1.0, x[i]])
        assert mean[i] == pytest.approx(a + b * x[i])
        assert variance[i] == pytest.approx(s2[i] + tau2 + row @ covariance @ row)


def test_a_stack_is_each_of_its_fits() -> None:
    x, y, s2 = made(3, 3.0, 0.4)
    noise = np.full((2, 15), 0.0004)
    stack = np.stack([np.column_stack([np.ones(15), x]), np.column_stack([np.ones(15), x**2])])
    together = left_out(stack, y, s2, noise)
    for i in range(2):
        for one, other in zip(together, left_out(stack[i], y, s2, noise[i]), strict=True):
            np.testing.assert_allclose(one[i], other, rtol=1e-9)


def test_the_chance_of_a_regressor_enters_by_its_slope() -> None:
    """y = 2 x without sampling error to speak of: a regressor of variance v makes that of a
    forecast 4 v, and a regressor's own fit weighs studies by 1 / (s^2 + 4 v)."""
    x = np.arange(1.0, 7.0)
    y = 2.0 * x + np.array([0.01, -0.02, 0.03, -0.01, 0.01, -0.02])
    s2, v = np.full(6, 1e-4), np.array([0.01, 0.02, 0.01, 0.04, 0.01, 0.01])
    found = fit(x[:, None], y, s2, v)
    assert found.tau2 == 0.0
    w = 1 / (s2 + found.beta[0] ** 2 * v)
    assert found.beta[0] == pytest.approx((w * x * y).sum() / (w * x * x).sum())
    _, variance = left_out(x[:, None], y, s2, v)
    assert (variance > 4.0 * v * 0.99).all()
    assert variance[3] == pytest.approx(s2[3] + 4 * v[3], rel=0.15)  # and the doubt about b


def test_columns_that_say_the_same_forecast_as_one_does() -> None:
    """The model's effect is the same in every trial: it is the constant, not an error."""
    _, y, s2 = made(4, 0.0, 0.2)
    twice = left_out(np.column_stack([np.ones(15), np.full(15, 0.1)]), y, s2)
    np.testing.assert_allclose(twice[0], left_out(np.ones((15, 1)), y, s2)[0], rtol=1e-6)


@pytest.mark.parametrize("times", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_forecasts_hold_what_they_promise(times: int) -> None:
    """Of made-up sets of 15 trials, each trial lies in its 90 % interval with that chance
    (within .03: tau is estimated from 14 trials), and b in an interval of t with 13 degrees of
    freedom."""
    from scipy import stats

    inside = hits = 0
    for seed in range(times):
        x, y, s2 = made(100 + seed, 3.0, 0.15)
        columns = np.column_stack([np.ones(15), x])
        mean, variance = left_out(columns, y, s2)
        inside += int((np.abs(y - mean) <= z_value() * np.sqrt(variance)).sum())
        found = fit(columns, y, s2)
        half = stats.t.ppf(0.95, 13) * np.sqrt(found.covariance[1, 1])
        hits += bool(abs(found.beta[1] - 3.0) <= half)
    assert inside / (times * 15) == pytest.approx(0.90, abs=0.03)
    share_near(hits, times, 0.90, "b")


def test_mixed_forecasts_have_the_moments_of_the_mixture() -> None:
    mean, variance = np.array([[0.0], [1.0], [5.0]]), np.array([[1.0], [2.0], [0.5]])
    middle, spread = mixed(mean, variance)
    second = (variance + mean**2).mean()  # E y^2 of the mixture
    assert middle.tolist() == pytest.approx([2.0])
    assert spread.tolist() == pytest.approx([second - 4.0])


def test_a_log_score_is_the_log_density_of_the_normal() -> None:
    from scipy import stats

    found = log_score(np.array(0.7), np.array(0.2), np.array(0.09))
    assert found == pytest.approx(stats.norm.logpdf(0.7, 0.2, 0.3))
