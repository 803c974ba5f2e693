"""Bands over plausible sets and intervals of means hold what they say: the truth is planted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.stats.components import components, set_means
from sim.stats.expected import CHANCE_RULES, expected_in_sets, why_not_known
from sim.stats.intervals import half_width
from tests.strategies import in_turn

DESIGNS = [(8, 4), (20, 2), (50, 2), (50, 4), (50, 8)]
TRIALS = 600
MEAN = 0.3


def worlds(sets: int, replicates: int, chance: float, trials: int = TRIALS) -> np.ndarray:
    """(trials, sets, replicates) of a run variance of 1, of which ``chance`` is chance."""
    generator = np.random.default_rng([sets, replicates, round(100 * chance)])
    effect = math.sqrt(1 - chance) * generator.normal(size=(trials, sets, 1))
    return MEAN + effect + math.sqrt(chance) * generator.normal(size=(trials, sets, replicates))


def held(values: np.ndarray, chance: float) -> np.ndarray:
    """Of each trial, the share of the planted sets that lies in its band; NaN where not told."""
    ends = np.array([(one.low, one.high) for one in map(expected_in_sets, values)])
    return np.diff(stats.norm.cdf(ends, MEAN, math.sqrt(1 - chance)), axis=1)[:, 0]


@pytest.mark.parametrize(("design", "chance"), in_turn(DESIGNS, [0.0, 0.4, 0.6, 0.75]))
def test_ninety_percent_of_sets_are_in_the_band(design: tuple[int, int], chance: float) -> None:
    """85 to 95 %, within 3.5 standard errors of the mean over the trials that are told."""
    shares = held(worlds(*design, chance), chance)
    shares = shares[~np.isnan(shares)]
    error = 3.5 * float(shares.std(ddof=1)) / math.sqrt(len(shares))
    assert 0.85 - error < shares.mean() < 0.95 + error
    assert error < 0.02  # so that the test is one


@pytest.mark.parametrize(("design", "chance"), in_turn(DESIGNS, [0.8, 0.9, 0.97]))
def test_a_band_that_is_told_though_chance_rules_is_never_too_short(
    design: tuple[int, int], chance: float
) -> None:
    sets, replicates = design
    shares = held(worlds(sets, replicates, chance), chance)
    told = shares[~np.isnan(shares)]
    assert len(told) == 0 or told.mean() > 0.9
    # by the law of the F ratio, how often the estimated share is below the line
    rules = 1 + replicates * (1 - CHANCE_RULES) / CHANCE_RULES
    ratio = 1 + replicates * (1 - chance) / chance
    expected = stats.f.sf(rules / ratio, sets - 1, sets * (replicates - 1))
    error = 3.5 * math.sqrt(expected * (1 - expected) / TRIALS) + 1 / TRIALS
    assert len(told) / TRIALS == pytest.approx(expected, abs=error)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("sets", "replicates"), DESIGNS)
@pytest.mark.parametrize("confidence", [0.90, 0.95])
def test_intervals_of_means_cover_at_their_rate(
    sets: int, replicates: int, chance: float, confidence: float
) -> None:
    """Runs of a set are alike: the sets are the units."""
    trials = 4000
    means = worlds(sets, replicates, chance, trials).mean(axis=2)
    half = half_width(1.0, sets, confidence) * means.std(axis=1, ddof=1)
    covered = (np.abs(means.mean(axis=1) - MEAN) <= half).mean()
    error = 3.5 * math.sqrt(confidence * (1 - confidence) / trials)
    assert covered == pytest.approx(confidence, abs=error)


def test_the_band_by_hand() -> None:
    # set means 1, 3, 5: between 3, chance 2; t of 2 degrees of freedom at 95 % is 2.919986
    found = expected_in_sets(np.array([[0.0, 2.0], [2.0, 4.0], [4.0, 6.0]]))
    assert (found.low, found.high) == pytest.approx((3 - 5.057563, 3 + 5.057563))
    assert (found.above, found.chance_share) == (1.0, 0.4)


def test_sets_above_nothing_are_counted_without_chance() -> None:
    """The means of the sets are drawn to their mean, until they vary as the sets do."""
    y = worlds(500, 4, 0.6, 1)[0]
    parts, means = components(y), set_means(y)
    drawn = means.mean() + (means - means.mean()) * math.sqrt(parts.between / means.var(ddof=1))
    assert expected_in_sets(y).above == (drawn > 0).mean()


def test_a_band_does_not_move_with_unit_or_order() -> None:
    y = worlds(20, 4, 0.5, 1)[0]
    found, other = expected_in_sets(y), expected_in_sets(5 - 1000 * y[::-1, ::-1])
    assert (other.high, other.low) == pytest.approx((5 - 1000 * found.low, 5 - 1000 * found.high))
    assert other.chance_share == pytest.approx(found.chance_share)


def test_what_does_not_vary_is_told_exactly() -> None:
    found = expected_in_sets(np.full((6, 3), 0.1 + 0.2))
    assert (found.low, found.high) == pytest.approx((0.3, 0.3))
    assert found.above == 1.0
    # the last bit of a sum is no chance
    noisy = np.full((6, 3), 0.3) + np.random.default_rng(1).choice([0.0, 5.6e-17], (6, 3))
    assert expected_in_sets(noisy).low == pytest.approx(0.3)
    same = expected_in_sets(np.zeros((4, 1)))
    assert (same.low, same.high, same.above) == (0.0, 0.0, 0.5)


def test_one_run_a_set_and_one_set_tell_no_band() -> None:
    one_run = expected_in_sets(np.arange(9.0)[:, None])
    assert math.isnan(one_run.low)
    assert why_not_known(one_run.low, one_run.chance_share) == "not known: too few runs"
    assert math.isnan(expected_in_sets(np.arange(9.0)[None]).low)


def test_chance_that_rules_is_said() -> None:
    y = np.random.default_rng(2).normal(size=(50, 4))
    found = expected_in_sets(y)
    assert found.chance_share > CHANCE_RULES
    assert math.isnan(found.low)
    assert math.isnan(found.above)
    assert why_not_known(found.low, found.chance_share) == "not known: chance dominates"
