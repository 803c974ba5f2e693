"""One rule places every quantile and every interval, and none is written beside it."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.stats import intervals
from sim.stats.drivers import LEAST_SETS, drivers
from sim.stats.intervals import band, jackknifed, mean_interval, quantiles, share, wilson

SIM = Path(intervals.__file__).resolve().parents[1]
# Bins of a method (not intervals), and a quantile that must be one of the values.
PLACING = {"quantile", "nanquantile", "percentile", "nanpercentile", "spearmanr"}
OWN_RULE = {"studies/sensitivity/statistics.py", "studies/plan/values.py"}


@pytest.mark.smoke
def test_no_other_module_places_quantiles() -> None:
    found = []
    for path in sorted(SIM.rglob("*.py")):
        name = path.relative_to(SIM).as_posix()
        if name in OWN_RULE | {"stats/intervals.py"} or name.startswith("web/"):
            continue
        text = path.read_text(encoding="utf-8")
        if not any(word in text for word in PLACING):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and node.attr in PLACING:
                found.append(f"{name}:{node.lineno}: {node.attr}")
    assert found == []


def test_a_new_value_falls_into_the_band_as_often_as_said() -> None:
    """Of 50 values the band holds 90 % of further ones; the usual rule would hold fewer."""
    rows = np.random.default_rng(5).random((20_000, 51))
    low, high = quantiles(rows[:, :50], axis=1)
    held = ((rows[:, 50] > low) & (rows[:, 50] < high)).mean()
    assert held == pytest.approx(0.90, abs=0.006)


def test_what_is_empty_is_left_out() -> None:
    values = np.array([[1.0, np.nan, 3.0, 2.0], [np.nan] * 4, [5.0, np.nan, np.nan, np.nan]])
    found = quantiles(values, [0.5], axis=1)[0]
    assert found[[0, 2]].tolist() == [2.0, 5.0]
    assert np.isnan(found[1])
    assert np.isnan(band(np.array([]))).all()
    assert np.isnan(quantiles(np.zeros((3, 0)), [0.5], axis=1)).all()


def test_equal_weights_weigh_nothing() -> None:
    values = np.random.default_rng(2).random(37)
    found = quantiles(values, weights=np.full(37, 0.3))
    np.testing.assert_allclose(found, band(values), rtol=1e-12)
    none = np.concatenate([values, [-9.0, 9.0]])
    weights = np.concatenate([np.ones(37), [0.0, 0.0]])
    np.testing.assert_allclose(band(none, weights), band(values), rtol=1e-12)


def test_the_mean_interval_is_students() -> None:
    values = np.random.default_rng(4).normal(size=(12, 3))
    middle, low, high = mean_interval(values)
    exact = stats.t.interval(0.90, 11, values.mean(), stats.sem(values.mean(axis=1)))
    assert middle == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(exact)


def test_a_share_says_what_it_was_counted_in() -> None:
    found = share(np.ones((12, 2), dtype=bool))
    assert found.text == "24 of 24"
    assert found.p == found.high == 1.0
    # Nothing varies between the sets, so no more than the 12 of them is known to be independent.
    assert found.low == pytest.approx(wilson(1.0, 12)[0])


@pytest.mark.parametrize("sets", [3, 5, 20])
@pytest.mark.parametrize(("a", "b"), [(2, 2), (1, 9)])
def test_the_interval_of_a_share_holds_it_as_often_as_said(sets: int, a: int, b: int) -> None:
    """The share of each set is drawn from Beta(a, b), whose mean is the share of all; few sets show
    poorly how much they vary, and the interval allows for that."""
    rng = np.random.default_rng([sets, a])
    holds = 0
    for _ in range(1000):
        hits = rng.random((sets, 20)) < rng.beta(a, b, (sets, 1))
        found = share(hits)
        holds += found.low <= a / (a + b) <= found.high
    assert 0.87 <= holds / 1000 <= 0.99


def test_a_share_of_few_sets_has_fewer_effective_runs() -> None:
    """Korn and Graubard: p (1 - p) / variance, times (z / t)^2 with sets - 1 degrees of freedom."""
    hits = np.arange(10)[None, :] < np.array([[3], [5], [8]])
    shares = np.array([0.3, 0.5, 0.8])
    p = shares.mean()
    runs = (
        p * (1 - p) / (shares.var(ddof=1) / 3) * (stats.norm.ppf(0.95) / stats.t.ppf(0.95, 2)) ** 2
    )
    found = share(hits)
    assert (found.low, found.high) == pytest.approx(wilson(p, runs))


def test_wilson_against_a_published_case() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263 and 0 of 20, 95 %."""
    assert wilson(81 / 263, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0.0, 20, 0.95) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_drivers_are_spearmans() -> None:
    random = np.random.default_rng(7)
    x = random.random((30, 3))
    x[:, 2] = 1.0
    y = x[:, 0] + random.random(30)
    y[3] = np.nan
    found = {one.name: one for one in drivers(x, ["a", "b", "fixed"], y)}
    known = ~np.isnan(y)
    for place, name in enumerate("ab"):
        exact = stats.spearmanr(x[known, place], y[known])
        assert found[name].rho == pytest.approx(exact.statistic)
        assert found[name].clear == (exact.pvalue < 0.05 / 3)
    assert "fixed" not in found
    few = LEAST_SETS - 1
    assert drivers(x[:few], ["a", "b", "fixed"], x[:few, 0]) == []


def test_a_jackknife_is_the_standard_error_of_the_mean_of_pseudo_values() -> None:
    """Tukey's pseudo-values n x all - (n - 1) x without one, here of a ratio of means."""
    x, y = np.random.default_rng(1).normal(3.0, 1.0, (2, 7))
    whole = y.mean() / x.mean()
    without = np.array([np.delete(y, i).mean() / np.delete(x, i).mean() for i in range(7)])
    pseudo = 7 * whole - 6 * without
    assert jackknifed(without) == pytest.approx(pseudo.std(ddof=1) / math.sqrt(7))
    assert math.isnan(jackknifed(without[:1]))


def test_a_jackknife_leaves_out_units_that_are_not_there() -> None:
    without = np.random.default_rng(2).normal(size=(6, 3))
    counted = np.ones((6, 3), dtype=bool)
    counted[[1, 4], 1] = False
    counted[:5, 2] = False
    without[1, 1] = np.nan
    found = jackknifed(without, counted)
    assert found[0] == jackknifed(without[:, 0])
    assert found[1] == pytest.approx(jackknifed(without[[0, 2, 3, 5], 1]))
    assert math.isnan(found[2])
