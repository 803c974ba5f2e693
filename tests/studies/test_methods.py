"""Samplers and analysers: SALib's own numbers, its traps, and closed forms of a linear function."""

from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol

from sim.studies.factors import Space, with_dummy
from sim.studies.sensitivity.functions import FUNCTIONS
from sim.studies.sensitivity.indices import _salib_call, estimate
from sim.studies.sensitivity.methods import METHODS, Sampler, salib_seed

LINEAR = FUNCTIONS["linear"]  # 4 a + 2 b + c on the unit cube
SHARES = np.array([16.0, 4.0, 1.0, 0.0]) / 21.0


def space(groups: dict[str, list[str]] | None = None) -> Space:
    return with_dummy(LINEAR.factors(), groups or {}, True)


def outcomes(unit: np.ndarray) -> np.ndarray:
    return LINEAR.of(unit[:, :3])


def luck(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# --- samplers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted({method.sampler for method in METHODS.values()}))
def test_samples_depend_on_the_seed_alone_even_0(kind: str) -> None:
    sampler = Sampler(kind, space())
    first = sampler.draw(128, 0)
    np.random.default_rng(1).random(7)
    assert first.shape == (sampler.points(128), 4)
    assert ((first >= 0) & (first <= 1)).all()
    np.testing.assert_array_equal(first, sampler.draw(128, 0))
    if kind not in ("one_at_a_time", "differences"):  # a fixed grid; SALib's fixed sequence
        assert not np.array_equal(first, sampler.draw(128, 1))


@pytest.mark.parametrize("kind", ["saltelli", "trajectories", "differences"])
def test_sequences_grow_without_changing_what_is_there(kind: str) -> None:
    sampler = Sampler(kind, space())
    both = np.concatenate([sampler.draw(64, 3), sampler.extend(64, 64, 3, 1)])
    np.testing.assert_array_equal(both, sampler.draw(128, 3))


@pytest.mark.parametrize("kind", ["latin", "permutations"])
def test_other_samples_grow_by_a_new_one(kind: str) -> None:
    sampler = Sampler(kind, space())
    more = sampler.extend(64, 64, 3, 1)
    assert len(more) == sampler.points(64)
    assert not np.array_equal(more, sampler.draw(64, 3))


def test_a_saltelli_row_differs_from_a_in_its_own_unit_only() -> None:
    sampler = Sampler("saltelli", space(), second_order=True)
    blocks = sampler.draw(16, 5).reshape(16, sampler.rows_per_base, 4)
    for j in range(4):
        changed = blocks[:, 1 + j] != blocks[:, 0]
        assert (changed == (np.arange(4) == j)).all()
        assert (blocks[:, 1 + j, j] == blocks[:, -1, j]).all()


def test_latin_members_of_a_group_stay_independent() -> None:
    unit = Sampler("latin", space({"g": ["a", "b"]})).draw(512, 1)
    assert abs(np.corrcoef(unit[:, 0], unit[:, 1])[0, 1]) < 0.15


def test_seeds_for_salib_are_never_none_like() -> None:
    assert all(0 < salib_seed(seed, tag) < 2**31 for seed in range(50) for tag in range(3))


# --- SALib's numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 4])
def test_naive_sobol_is_salibs(seed: int) -> None:
    sampler = Sampler("saltelli", space(), second_order=True)
    unit = sampler.draw(64, seed)
    y = outcomes(unit) + luck((len(unit), 3))
    found = estimate(METHODS["sobol"], sampler, unit, y, stochastic=True, common=False, seed=seed)
    theirs = salib_sobol.analyze(space().problem(), y.mean(axis=1), seed=1)
    pairs = [theirs["S2"][j, k] for j, k in combinations(range(4), 2)]
    np.testing.assert_allclose(found.naive, [*theirs["ST"], *theirs["S1"], *pairs], atol=1e-12)
    # Without luck there is nothing to correct.
    calm = estimate(
        METHODS["sobol"], sampler, unit, y[:, :1], stochastic=False, common=False, seed=seed
    )
    np.testing.assert_allclose(calm.value, calm.naive, atol=1e-12)


def test_naive_morris_is_salibs() -> None:
    sampler = Sampler("trajectories", space())
    unit = sampler.draw(20, 2)
    y = outcomes(unit) ** 2 + luck((len(unit), 3))
    found = estimate(METHODS["morris"], sampler, unit, y, stochastic=True, common=True, seed=1)
    theirs = salib_morris.analyze(space().problem(), unit, y.mean(axis=1), seed=1)
    expected = [*theirs["mu_star"], *theirs["mu"], *theirs["sigma"]]
    np.testing.assert_allclose(found.naive, np.array(expected, dtype=float), atol=1e-10)


def test_groups_of_sobol_and_morris() -> None:
    together = space({"ab": ["a", "b"]})
    assert together.units == ("ab", "c", "dummy")
    for name, samples in (("sobol", 256), ("morris", 64)):
        sampler = Sampler(METHODS[name].sampler, together)
        unit = sampler.draw(samples, 1)
        found = estimate(
            METHODS[name], sampler, unit, outcomes(unit), stochastic=False, common=True, seed=1
        )
        if name == "sobol":
            np.testing.assert_allclose(found.value[:3], [20 / 21, 1 / 21, 0], atol=0.02)
        else:
            assert found.value[1] == pytest.approx(1.0)  # the slope of c
            assert found.value[2] == pytest.approx(0.0, abs=1e-12)


def test_a_call_of_salib_leaves_the_process_as_it_was() -> None:
    before, look = np.random.get_state()[1].copy(), warnings.formatwarning  # noqa: NPY002
    filters = list(warnings.filters)
    with _salib_call(0):  # what Delta does, in a moment
        np.random.seed(5)  # noqa: NPY002
        np.random.random(3)  # noqa: NPY002
        warnings.formatwarning = lambda *_: ""
        warnings.simplefilter("once")
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert warnings.formatwarning is look
    assert warnings.filters == filters


def test_a_nan_never_reaches_an_analyser() -> None:
    sampler = Sampler("saltelli", space())
    unit = sampler.draw(16, 1)
    y = outcomes(unit)
    y[5] = np.nan
    with pytest.raises(ValueError, match="NaN must not reach"):
        estimate(METHODS["sobol"], sampler, unit, y, stochastic=False, common=True, seed=1)


# --- closed forms of the linear function ----------------------------------------------------------

CASES = [
    # For sums of independent terms all shares of variance agree: c_i^2 / sum c^2.
    ("sobol", 512, SHARES, 0.02),
    ("efast", 257, SHARES, 0.02),
    ("rbd_fast", 1024, SHARES, 0.04),
    ("shapley", 4096, SHARES, 0.04),
    pytest.param("hdmr", 512, SHARES, 0.04, marks=pytest.mark.slow),
    ("dgsm", 64, SHARES * 12.0 / np.pi**2, 0.06),  # slopes are constant: c_i^2 / (pi^2 V)
    ("morris", 16, np.array([4.0, 2.0, 1.0, 0.0]), 1e-9),
    ("one_at_a_time", 1, np.array([4.0, 2.0, 1.0, 0.0]), 1e-9),
]


@pytest.mark.parametrize(("name", "samples", "truth", "tolerance"), CASES, ids=str)
def test_linear_function(name: str, samples: int, truth: np.ndarray, tolerance: float) -> None:
    sampler = Sampler(METHODS[name].sampler, space())
    unit = sampler.draw(samples, 7)
    found = estimate(
        METHODS[name], sampler, unit, outcomes(unit), stochastic=False, common=True, seed=7
    )
    np.testing.assert_allclose(found.value[:4], truth, atol=tolerance)


@pytest.mark.parametrize("name", ["efast", "rbd_fast", "shapley", "dgsm", "sobol", "morris"])
def test_luck_is_taken_out_of_every_corrected_method(name: str) -> None:
    samples = {"efast": 1025, "rbd_fast": 2048, "shapley": 2048, "dgsm": 2048}.get(name, 1024)
    sampler = Sampler(METHODS[name].sampler, space())
    unit = sampler.draw(samples, 3)
    signal = outcomes(unit)
    # As much luck in a run as there is signal: 21/12.
    y = signal + np.sqrt(21 / 12) * luck((len(unit), 8), 5)
    calm = estimate(METHODS[name], sampler, unit, signal, stochastic=False, common=False, seed=3)
    found = estimate(METHODS[name], sampler, unit, y, stochastic=True, common=False, seed=3)
    unit_size = max(1.0, float(calm.value[0]))
    allowed = 0.12 if name == "dgsm" else 0.08  # squared differences over a short step
    np.testing.assert_allclose(found.value[:4], calm.value[:4], atol=allowed * unit_size)
    if name != "rbd_fast":  # whose first-order index is not pushed up, only down
        assert found.naive[3] > calm.value[3] + 0.015  # the trap is there


@pytest.mark.parametrize("name", ["pawn", pytest.param("delta", marks=pytest.mark.slow), "rsa"])
def test_distances_order_the_factors_and_the_dummy_is_last(name: str) -> None:
    sampler = Sampler("latin", space())
    unit = sampler.draw(256, 2)
    found = estimate(
        METHODS[name], sampler, unit, outcomes(unit), stochastic=False, common=True, seed=2
    )
    assert found.value[0] > found.value[1] > found.value[2]
    assert found.value[3] < found.value[1]
    assert (found.half[:4] > 0).all()


def test_one_replicate_of_a_stochastic_model_has_no_corrected_index() -> None:
    sampler = Sampler("saltelli", space())
    unit = sampler.draw(64, 1)
    y = outcomes(unit) + luck((len(unit), 1))
    found = estimate(METHODS["sobol"], sampler, unit, y, stochastic=True, common=True, seed=1)
    assert np.isnan(found.value).all()
    assert np.isfinite(found.naive).all()


@pytest.mark.parametrize("replicates", [4, 8])
def test_few_shared_replicates_give_intervals_that_hold_the_truth(replicates: int) -> None:
    """Each replicate has slopes of its own about 4, 2, 1 and 0, which mu* of Morris is then."""
    truth, held = np.array([4.0, 2.0, 1.0]), []
    for seed in range(150):
        sampler = Sampler(METHODS["morris"].sampler, space())
        unit, rng = sampler.draw(16, seed), np.random.default_rng(seed)
        slopes = np.append(truth, 0.0)[:, None] + 0.5 * rng.normal(size=(4, replicates))
        y = unit[:, :4] @ slopes + rng.normal(size=replicates)
        found = estimate(
            METHODS["morris"], sampler, unit, y, stochastic=True, common=True, seed=seed,
            resamples=20,
        )  # fmt: skip
        held.append(np.abs(found.value[:3] - truth) <= found.half[:3])
    assert 0.9 < np.mean(held) < 0.99


def test_luck_that_meets_a_factor_is_not_its_effect() -> None:
    """Common luck that moves with the dead input: no effect on the expected outcome, and yet naive
    indices of every single study find one. The corrected one is right on average."""
    sampler = Sampler("saltelli", space())
    unit = sampler.draw(128, 1)
    corrected, naive = [], []
    for draw in range(60):
        wind = luck((1, 5), draw)
        y = outcomes(unit) + 2.0 * (unit[:, 3:] - 0.5) * wind
        found = estimate(
            METHODS["sobol"], sampler, unit, y, stochastic=True, common=True, seed=1, resamples=4
        )
        corrected.append(found.value[3])
        naive.append(found.naive[3])
    error = np.std(corrected) / np.sqrt(len(corrected))
    assert abs(np.mean(corrected)) < 4 * error
    # Naive: the mean wind of five replicates has variance 1/5, so 4/12 / 5 of variance.
    assert np.mean(naive) == pytest.approx((4 / 12 / 5) / (21 / 12 + 4 / 12 / 5), rel=0.4)
