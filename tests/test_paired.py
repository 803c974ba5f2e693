"""The statistics of paired runs, tried on worlds whose truth is planted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.core.errors import InputError
from sim.stats.components import components
from sim.stats.intervals import half_width, mean_interval
from sim.stats.paired import paired, sets_needed

SETS, REPLICATES = 50, 4


def planted(
    generator: np.random.Generator,
    *,
    difference: float,
    between: float,
    chance: float,
    shared: float = 1.0,
    sets: int = SETS,
    replicates: int = REPLICATES,
) -> tuple[np.ndarray, np.ndarray]:
    """A and B (sets, replicates): much in common, a set effect and chance of the difference."""
    a = shared * generator.normal(size=(sets, 1)) + generator.normal(size=(sets, replicates))
    effect = difference + between * generator.normal(size=(sets, 1))
    return a, a + effect + chance * generator.normal(size=(sets, replicates))


@pytest.mark.parametrize("tries", [500, pytest.param(2000, marks=pytest.mark.slow)])
def test_the_confidence_interval_covers_at_its_nominal_rate(tries: int) -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(tries):
        found = paired(*planted(generator, difference=0.3, between=0.2, chance=0.4), 0.01)
        covered += found.mean_low <= 0.3 <= found.mean_high
    # 90 %, within 3.5 standard errors of a share of so many (of 2,000: +- 2.3 points)
    assert abs(covered / tries - 0.90) < 3.5 * math.sqrt(0.9 * 0.1 / tries)


def test_more_chance_does_not_widen_the_interval_of_the_difference() -> None:
    generator = np.random.default_rng(3)

    def width(chance: float) -> float:
        found = [
            paired(*planted(generator, difference=0.3, between=0.2, chance=chance), 0.01)
            for _ in range(200)
        ]
        return float(np.mean([one.high - one.low for one in found]))

    calm, noisy = width(0.01), width(0.2)
    assert noisy == pytest.approx(calm, rel=0.08)
    # quantiles that hold a new set nine times in ten lie further out than the true ones
    assert calm == pytest.approx(2 * 1.645 * 0.2, rel=0.1)


@pytest.mark.parametrize(("between", "chance"), [(0.2, 0.4), (0.5, 0.1), (0.0, 1.0)])
def test_variance_components_recover_planted_ones(between: float, chance: float) -> None:
    generator = np.random.default_rng(4)
    y = between * generator.normal(size=(4000, 1)) + chance * generator.normal(size=(4000, 4))
    found = components(y)
    assert found.chance == pytest.approx(chance**2, rel=0.06)
    assert found.between == pytest.approx(between**2, rel=0.1, abs=0.02)
    assert found.chance_share == pytest.approx(chance**2 / (chance**2 + between**2), abs=0.03)


def test_variance_components_of_unequal_numbers_of_runs() -> None:
    generator = np.random.default_rng(5)
    y = 0.5 * generator.normal(size=(4000, 1)) + 0.8 * generator.normal(size=(4000, 6))
    y[generator.random(y.shape) < 0.4] = np.nan
    found = components(y)
    assert found.chance == pytest.approx(0.64, rel=0.06)
    assert found.between == pytest.approx(0.25, rel=0.1)


def test_variance_components_by_hand() -> None:
    # set means 1, 3, 5; MSB = 2 * 4 = 8, MSW = 2, between = (8 - 2) / 2
    found = components(np.array([[0.0, 2.0], [2.0, 4.0], [4.0, 6.0]]))
    assert (found.chance, found.between, found.replicates) == (2.0, 3.0, 2.0)
    assert found.chance_share == 0.4


def test_runs_needed_are_right_within_a_factor_of_one_and_a_half() -> None:
    """Planted: no difference, so the mean must be known to +- the margin."""
    between, chance, margin = 0.08, 0.10, 0.01
    truth = (1.645 / margin) ** 2 * (between**2 + chance**2 / REPLICATES)
    generator = np.random.default_rng(7)
    ratios = np.array(
        [
            paired(
                *planted(generator, difference=0.0, between=between, chance=chance), margin
            ).sets_needed
            / truth
            for _ in range(400)
        ]
    )
    # A pilot of 50 sets whose mean is off by more than the margin asks for that precision only.
    assert 1 / 1.5 < np.median(ratios) < 1.5
    found = planted(
        generator, difference=0.0, between=between, chance=chance, sets=math.ceil(1.5 * truth)
    )
    assert paired(*found, margin).resolved


def test_runs_needed_of_a_clear_difference_resolve_it() -> None:
    generator = np.random.default_rng(8)
    truth = (1.645 / 0.05) ** 2 * (0.3**2 + 0.2**2 / REPLICATES)
    found = []
    for _ in range(300):
        a, b = planted(generator, difference=0.05, between=0.3, chance=0.2, sets=100)
        found.append(paired(a, b, 0.001).sets_needed)
    assert 1 / 1.5 < np.median(found) / truth < 1.5


@pytest.mark.parametrize("n", [2, 5, 20, 271, 10_000])
def test_sets_needed_is_the_least_number_that_does(n: int) -> None:
    precision = half_width(1.0, n) * (1 + 1e-9)
    assert sets_needed(1.0, precision) == n
    assert sets_needed(1.0, half_width(1.0, n) * (1 - 1e-9)) == n + 1


def test_sets_needed_may_be_out_of_reach() -> None:
    assert sets_needed(1.0, 1e-6) == math.inf
    assert sets_needed(0.0, 0.01) == 2


def test_equal_arrays_differ_by_exactly_nothing() -> None:
    a = np.random.default_rng(9).normal(size=(10, 3))
    found = paired(a, a.copy(), 0.01)
    numbers = (found.mean, found.low, found.high, found.mean_low, found.mean_high)
    assert numbers == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert (found.run_low, found.run_high, found.p_beats) == (0.0, 0.0, 0.5)
    assert found.resolved
    assert found.pairing == math.inf


def test_pairing_buys_what_is_shared() -> None:
    """Variance of a mean of sets: unpaired 2 (1 + 1/4) + ..., paired only of the difference."""
    generator = np.random.default_rng(10)
    a, b = planted(generator, difference=0.0, between=0.1, chance=0.2, sets=4000)
    one, gap = 1.0 + 0.25, 0.1**2 + 0.2**2 / 4
    assert paired(a, b, 0.01).pairing == pytest.approx((one + one + gap) / gap, rel=0.1)


def test_probability_to_beat_leaves_chance_out_and_the_one_of_a_run_does_not() -> None:
    generator = np.random.default_rng(11)
    a, b = planted(generator, difference=0.2, between=0.2, chance=0.3, sets=4000)
    found = paired(a, b, 0.01)
    assert found.p_beats == pytest.approx(stats.norm.cdf(1.0), abs=0.03)
    assert found.p_beats_run == pytest.approx(stats.norm.cdf(0.2 / math.hypot(0.2, 0.3)), abs=0.02)


def test_few_sets_without_a_difference_are_not_sure_of_its_sign() -> None:
    """Where only chance differs, that is said, and hardly ever that all sets agree."""
    generator = np.random.default_rng(12)
    found = [
        paired(*planted(generator, difference=0.0, between=0.0, chance=0.4, sets=10), 0.01)
        for _ in range(400)
    ]
    # told where F(9, 30) is above 2, as chance is then estimated as less than 80 %
    told = np.mean([not math.isnan(one.low) for one in found])
    expected = float(stats.f.sf(2, 9, 30))
    assert told == pytest.approx(expected, abs=3.5 * math.sqrt(expected * (1 - expected) / 400))
    assert np.mean([one.p_beats in (0.0, 1.0) for one in found]) < 0.01


def test_empty_outcomes_do_not_count() -> None:
    a = np.array([[1.0, np.nan], [np.nan, np.nan], [2.0, 4.0], [1.0, 3.0]])
    b = a + np.array([[1.0], [9.0], [2.0], [3.0]])
    found = paired(a, b, 0.01)
    assert (found.mean, found.sets) == (2.0, 3)


def test_one_set_says_nothing_about_sureness() -> None:
    found = paired(np.zeros((1, 4)), np.ones((1, 4)), 0.01)
    assert found.mean == 1.0
    assert math.isnan(found.mean_low)
    assert not found.resolved


@pytest.mark.parametrize(("sets", "replicates"), [(2, 1), (3, 1), (2, 2), (4, 1), (50, 1)])
def test_a_few_equal_runs_resolve_nothing(sets: int, replicates: int) -> None:
    """Of a share in steps, two or three runs are equal often: they give no band, and no interval
    of width 0."""
    a = np.random.default_rng(5).normal(size=(sets, replicates))
    found = paired(a, a - 0.22, 0.01)
    enough = sets * replicates >= 4
    assert found.resolved == enough
    assert math.isnan(found.mean_low) != enough
    assert math.isnan(found.sets_needed) != enough
    assert math.isnan(mean_interval(np.full((sets, replicates), 0.3))[1]) != enough
    assert math.isnan(found.low) != enough
    assert math.isnan(found.p_beats) != enough
    lost = paired(np.zeros((2, 2)), np.array([[0.1, 0.2], [0.3, np.nan]]), 0.01)
    assert math.isnan(lost.low), "two sets, one of them of one run"


def test_two_shares_of_a_few_people_are_not_clear() -> None:
    """Two scenarios that do not differ, with a share in steps of a ninth in one run of two sets:
    fewer than one comparison in twenty is called resolved. The differences of the two sets are
    equal in 13 of 100."""
    rng = np.random.default_rng(6)
    told = [paired(*rng.binomial(9, 0.5, size=(2, 2, 1)) / 9, 0.01).resolved for _ in range(2000)]
    assert np.mean(told) < 0.05


def test_one_replicate_cannot_tell_chance_from_parameters() -> None:
    assert math.isnan(components(np.arange(5.0)[:, None]).chance)


@pytest.mark.parametrize(
    ("a", "b", "margin"),
    [(np.zeros((2, 2)), np.zeros((2, 3)), 0.1), (np.zeros((2, 2)), np.zeros((2, 2)), 0.0)],
)
def test_what_cannot_be_paired(a: np.ndarray, b: np.ndarray, margin: float) -> None:
    with pytest.raises(InputError):
        paired(a, b, margin)
