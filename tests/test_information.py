"""The value of information against closed forms.

Of two plans whose difference is normal with mean m and SD s, perfect information is worth
s phi(m / s) - |m| Phi(-|m| / s): the expected loss of the better plan (Raiffa & Schlaifer 1961).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from sim.stats.information import LEAST_SETS, partial, perfect

SETS = 2000


def loss(mean: float, sd: float) -> float:
    return sd * norm.pdf(mean / sd) - abs(mean) * norm.cdf(-abs(mean) / sd)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """(sets, 3) independent standard normals, their means and covariance exact."""
    x = np.random.default_rng(7).normal(size=(SETS, 3))
    x -= x.mean(axis=0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, bias=True))).T


@pytest.mark.parametrize("mean", [-0.6, 0.0, 0.3])
def test_perfect_information_of_two_plans(truth: np.ndarray, mean: float) -> None:
    found = perfect(mean + truth[:, :1], np.zeros(1))
    assert found.value == pytest.approx(loss(mean, 1.0), abs=3 * found.se)
    better = -abs(mean)  # the gain is the positive part of a normal with this mean
    square = (mean**2 + 1) * norm.cdf(better) + better * norm.pdf(better)
    assert found.se == pytest.approx(math.sqrt((square - loss(mean, 1.0) ** 2) / SETS), rel=0.1)


@pytest.mark.parametrize("mean", [-0.6, 0.0, 0.3])
@pytest.mark.parametrize("slope", [0.2, 1.0])
def test_one_parameter_of_three_beside_chance(truth: np.ndarray, mean: float, slope: float) -> None:
    chance = np.random.default_rng(8).normal(size=SETS)
    gap = (mean + slope * truth[:, 0] + truth[:, 1] + 0.5 * chance)[:, None]
    found = partial(gap, truth[:, :1])
    assert found.value == pytest.approx(loss(mean, slope), abs=3 * found.se)
    both = partial(gap, truth[:, :2])
    assert both.value == pytest.approx(loss(mean, math.hypot(slope, 1.0)), abs=3 * both.se)


def test_chance_is_worth_nothing(truth: np.ndarray) -> None:
    noise = np.random.default_rng(9).normal(size=SETS)
    whole = perfect((0.3 + truth[:, 0] + 2.0 * noise)[:, None], np.array([4.0]))
    assert whole.value == pytest.approx(loss(0.3, 1.0), rel=0.15)
    nothing = partial((0.3 + truth[:, 0] + 2.0 * noise)[:, None], truth[:, 2:])
    assert nothing.value <= 2 * nothing.se


def test_data_are_worth_what_they_tell(truth: np.ndarray) -> None:
    """Measured with an error of variance v, a parameter of variance 1 is known to 1 / (1 + v)."""
    error = np.random.default_rng(10).normal(size=SETS)
    values = []
    for variance in (0.25, 1.0, 4.0):
        data = truth[:, :1] + math.sqrt(variance) * error[:, None]
        found = partial(0.2 + truth[:, :1], data)
        expected = loss(0.2, math.sqrt(1 / (1 + variance)))
        assert found.value == pytest.approx(expected, abs=3 * found.se)
        values.append(found.value)
    assert values == sorted(values, reverse=True)


def test_several_plans_against_a_sum_over_many_worlds(truth: np.ndarray) -> None:
    slopes = np.array([[1.0, 0.3], [0.2, 0.9]])
    gaps = np.array([0.1, -0.2]) + truth[:, :2] @ slopes
    many = np.random.default_rng(11).normal(size=(200_000, 2))
    first = np.column_stack([np.zeros(len(many)), np.array([0.1, -0.2]) + many[:, :1] * slopes[:1]])
    expected = first.max(axis=1).mean() - 0.1
    found = partial(gaps, truth[:, :1])
    assert found.value == pytest.approx(expected, abs=3 * found.se)
    assert found.value < perfect(gaps, np.zeros(2)).value


def test_a_bent_benefit_is_followed(truth: np.ndarray) -> None:
    """B = x^2 - 2, X = x: both plans are worth 0 or B; E max(0, B) in closed form."""
    root = math.sqrt(2.0)
    tail = root * norm.pdf(root) + norm.sf(root)  # E[x^2; x > root]
    expected = 2 * (tail - 2.0 * norm.sf(root))
    found = partial((truth[:, 0] ** 2 - 2.0)[:, None], truth[:, :1])
    assert found.value == pytest.approx(expected, abs=3 * found.se)


def test_the_order_of_plans_and_their_unit_do_not_matter(truth: np.ndarray) -> None:
    gaps = 0.3 + truth[:, :1]
    other = partial(-gaps, truth[:, :1])
    one = partial(gaps, truth[:, :1])
    assert other.value == pytest.approx(one.value, rel=1e-6)
    assert partial(1e4 * gaps, truth[:, :1]).value == pytest.approx(1e4 * one.value, rel=1e-6)


def test_what_cannot_be_known() -> None:
    few = np.ones((LEAST_SETS - 1, 1))
    assert math.isnan(partial(few, few).value)
    x = np.random.default_rng(1).normal(size=(50, 1))
    assert partial(x, np.ones((50, 2))).value == 0.0
    assert math.isnan(partial(np.where(x > 0, x, np.nan), x).value)
    assert partial(np.zeros((50, 1)), x).value == 0.0


@pytest.mark.parametrize("times", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_weak_signals_are_within_their_error(times: int) -> None:
    """Two of twelve quantities carry a tenth of the variance: a regression of 200 sets shrinks
    them. The closed form lies within two standard errors of nearly every sample, the group is
    worth more than its member on average, and what carries nothing is seldom clear."""
    draws = np.random.default_rng(12)
    found = []
    for _ in range(times):
        x = draws.normal(size=(200, 12))
        gap = (0.5 + 0.8 * x[:, :1] + 0.6 * x[:, 1:2]) + 3.0 * draws.normal(size=(200, 1))
        found.append([partial(gap, x), partial(gap, x[:, :1]), partial(gap, x[:, 3:11])])
    value, se = (np.array([[getattr(w, part) for w in row] for row in found])
                 for part in ("value", "se"))  # fmt: skip
    truth = np.array([loss(0.5, 1.0), loss(0.5, 0.8), 0.0])
    assert (np.abs(value - truth) <= 2 * se).mean(axis=0) == pytest.approx(1.0, abs=0.21)
    assert value[:, 0].mean() > value[:, 1].mean()
    assert (value[:, 2] > 2 * se[:, 2]).mean() <= (0.1 if times == 30 else 1 / times)
