"""estimate: the indices of one outcome by one method, with intervals, as Estimates.

Naive numbers are SALib's, on the means over replicates. The reported ``value`` is the index of the
expected outcome. Three corrections remove chance: products of different replicates, where the index
is a ratio of quadratic forms; extrapolation to no chance for PAWN, Delta, HDMR and RSA, whose floor
the dummy shows (both in :mod:`sim.studies.sensitivity.noise`); and signs on which other replicates
agree, for Morris and one at a time (:mod:`sim.studies.sensitivity.statistics`).
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from sim.core.units import Z95
from sim.stats.intervals import t_value
from sim.studies.factors import Space
from sim.studies.sensitivity import noise, statistics
from sim.studies.sensitivity.methods import HARMONICS, OAT_LEVELS, STEP, Method, Sampler, salib_seed
from sim.studies.sensitivity.noise import Plain, jackknife, over_pairs

RESAMPLES = 200
FEW_RESAMPLES = 25
"""Number of resamples where each takes a tenth of a second or more."""
VERY_FEW = 12
"""Number of resamples of HDMR, each of which needs several fits by SALib."""
MANY_FACTORS = 8
"""Most factors for which HDMR estimates pairs; more pairs would need more terms than points."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Indices of one outcome at one week.

    Attributes:
        index: (n,), names of indices.
        unit: (n,), factor or group.
        other: (n,), the second factor of a pair, or "".
        naive: (n,), the indices of SALib.
        value: (n,), corrected for chance; NaN where chance cannot be separated.
        half: (n,), half-width of the 95 % interval of ``value``.
        half_sample, half_chance: its parts from the choice of points and of replicates.
    """

    index: tuple[str, ...]
    unit: tuple[str, ...]
    other: tuple[str, ...]
    naive: np.ndarray
    value: np.ndarray
    half_sample: np.ndarray
    half_chance: np.ndarray

    @property
    def half(self) -> np.ndarray:
        """Half-width of the 95 % interval."""
        return np.sqrt(self.half_sample**2 + self.half_chance**2)


def estimate(
    method: Method,
    sampler: Sampler,
    unit: np.ndarray,
    y: np.ndarray,
    *,
    stochastic: bool,
    common: bool,
    seed: int,
    resamples: int = RESAMPLES,
) -> Estimates:
    """All indices of one outcome.

    Args:
        unit: (points, factors), coordinates of whole base samples.
        y: (points, replicates), no NaN, not constant.
        stochastic: whether a run contains chance; without chance, one replicate is enough.
        common: whether all points share their replicates.
        seed: seed of resampling.
        resamples: number of resamples of the bootstrap.
    """  # fmt: skip
    if np.isnan(y).any():
        raise ValueError("a NaN must not reach an analyser")
    if not stochastic:
        y = y[:, :1]
    case = _Case(method, sampler, unit, y, stochastic, common, seed, resamples)
    return _ESTIMATORS[method.name](case)


@dataclass(frozen=True, eq=False)
class _Case:
    method: Method
    sampler: Sampler
    unit: np.ndarray
    y: np.ndarray
    stochastic: bool
    common: bool
    seed: int
    resamples: int

    @property
    def space(self) -> Space:
        return self.sampler.space

    @property
    def replicates(self) -> int:
        return self.y.shape[1]

    @property
    def corrects(self) -> bool:
        return self.stochastic and self.replicates > 1

    @property
    def base(self) -> int:
        return len(self.y) // self.sampler.rows_per_base

    @property
    def means(self) -> np.ndarray:
        """Means over replicates, (points,)."""
        return self.y.mean(axis=1)

    def salib(
        self, analyser: str, *data: np.ndarray, grouped: bool = False, seeded: bool = True,
        **settings: Any,
    ) -> Any:  # fmt: skip
        """The result of one of SALib's analysers.

        Args:
            analyser: the name of its module.
            data: what it takes after the problem, outcomes last.
            grouped: whether it treats groups of factors.
            seeded: whether it takes a seed.
        """
        analyse = importlib.import_module(f"SALib.analyze.{analyser}").analyze
        if seeded:
            settings["seed"] = salib_seed(self.seed, 1)
        with _salib_call(self.seed):
            return analyse(self.space.problem(grouped=grouped), *data, **settings)

    def chance(self, of: Callable[[np.ndarray], np.ndarray], shape: int) -> np.ndarray:
        """Half-widths from the choice of replicates, which points share in a common design; by
        Student's t, because a few replicates show their own variance poorly."""
        if not self.stochastic or not self.common:
            return np.zeros(shape)
        if self.replicates < 3:
            return np.full(shape, np.nan)
        return t_value(self.replicates - 1, 0.95) * jackknife(of, self.y)

    def done(
        self, names: tuple[str, ...], naive: np.ndarray, value: np.ndarray,
        half_sample: np.ndarray, half_chance: np.ndarray,
    ) -> Estimates:  # fmt: skip
        """Estimates of indices that have one number for each unit."""
        units = self.space.units
        if self.stochastic and self.replicates == 1:
            value = np.full(len(naive), np.nan)
        return Estimates(
            tuple(name for name in names for _ in units),
            units * len(names),
            ("",) * len(naive),
            naive,
            value,
            half_sample,
            half_chance,
        )


# --- Sobol ----------------------------------------------------------------------------------------


def _sobol(case: _Case) -> Estimates:
    units, second = case.space.units, case.sampler.second_order
    d = len(units)
    pairs = list(combinations(range(d), 2)) if second else []
    whole = np.full(case.base, 1.0 / case.base)

    def indices(y: np.ndarray, weights: np.ndarray = whole, corrected: bool = True) -> np.ndarray:
        blocks = y.reshape(case.base, -1, y.shape[-1])
        return statistics.sobol(blocks, weights, d, second_order=second, corrected=corrected)

    found = case.salib("sobol", case.means, grouped=True, calc_second_order=second, num_resamples=2)
    naive = np.concatenate([found["ST"], found["S1"], [found["S2"][j, k] for j, k in pairs]])
    value = indices(case.y, corrected=case.corrects)
    rng = np.random.default_rng([case.seed, 0x5B])
    drawn = rng.multinomial(case.base, whole, size=case.resamples) / case.base
    spread = indices(case.y, drawn, case.corrects).std(axis=0, ddof=1)
    chance = case.chance(indices, len(value))
    if case.stochastic and not case.corrects:
        value = np.full(len(value), np.nan)
    return Estimates(
        ("ST",) * d + ("S1",) * d + ("S2",) * len(pairs),
        units * 2 + tuple(units[j] for j, _ in pairs),
        ("",) * (2 * d) + tuple(units[k] for _, k in pairs),
        naive,
        value,
        Z95 * spread,
        chance,
    )


# --- elementary effects ---------------------------------------------------------------------------


def _morris(case: _Case) -> Estimates:
    units = case.space.units
    groups = case.space.groups or case.space.names
    group_of = np.array([units.index(name) for name in groups])
    found = case.salib("morris", case.unit, case.means, grouped=True, num_resamples=2)
    moved = statistics.effects(case.unit, case.y, len(units), group_of)
    count = len(moved)
    whole = np.full(count, 1.0 / count)
    drawn = np.random.default_rng([case.seed, 0x3E]).multinomial(count, whole, case.resamples)
    spread = statistics.morris(moved, drawn / count, corrected=case.corrects)

    def again(y: np.ndarray) -> np.ndarray:
        effect = statistics.effects(case.unit, y, len(units), group_of)
        return statistics.morris(effect, whole, corrected=True).ravel()

    naive = statistics.morris(moved, whole, corrected=False)
    naive[0] = np.asarray(found["mu_star"], dtype=float)  # SALib's own; mu and sigma are the same
    return case.done(
        ("mu_star", "mu", "sigma"),
        naive.ravel(),
        statistics.morris(moved, whole, corrected=case.corrects).ravel(),
        Z95 * spread.std(axis=0, ddof=1).ravel(),
        case.chance(again, naive.size),
    )


def _one_at_a_time(case: _Case) -> Estimates:
    factors = len(case.space.factors)
    naive, value, half = statistics.ranges(case.y, factors, OAT_LEVELS)
    if not case.stochastic:
        value, half = naive, np.zeros(factors)
    return case.done(("range",), naive, value, np.zeros(factors), half)


# --- quadratic forms of SALib ---------------------------------------------------------------------

Forms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""A function from outcomes (points, columns) to numerators and denominators (columns, indices),
both quadratic in the outcomes."""


def _ratio(case: _Case, names: tuple[str, ...], forms: Forms, half: np.ndarray) -> Estimates:
    """Indices that are ratios of quadratic forms; ``half`` are SALib's half-widths."""

    def corrected(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices, and their denominators."""
        count = y.shape[1]
        top, bottom = forms(np.column_stack([y.mean(axis=1), y]))
        above = over_pairs(top[0], top[1:].mean(axis=0), count)
        below = over_pairs(bottom[0], bottom[1:].mean(axis=0), count)
        below = np.where(below > 0.0, below, np.nan)
        return above / below, below

    top, bottom = (one[0] for one in forms(case.means[:, None]))
    naive = value = top / bottom
    if case.corrects:
        value, below = corrected(case.y)
        half = half * bottom / below  # the interval belongs to a ratio with a smaller denominator
    chance = case.chance(lambda y: corrected(y)[0], len(naive))
    return case.done(names, naive, value, half, chance)


def _by_column(one: Forms) -> Forms:
    """Quadratic forms of a table from those of a column (points,)."""

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = [one(column) for column in y.T]
        return np.array([top for top, _ in found]), np.array([bottom for _, bottom in found])

    return forms


def _efast(case: _Case) -> Estimates:
    factors = len(case.space.factors)

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = case.salib("fast", y, M=HARMONICS, num_resamples=2)
        variance = np.tile(y.reshape(factors, -1).var(axis=1), 2)
        return np.array([*found["ST"], *found["S1"]]) * variance, variance

    found = case.salib("fast", case.means, M=HARMONICS, num_resamples=50)
    half = np.array([*found["ST_conf"], *found["S1_conf"]], dtype=float)
    return _ratio(case, ("ST", "S1"), _by_column(forms), half)


def _rbd_fast(case: _Case) -> Estimates:
    found = case.salib(
        "rbd_fast", case.unit, case.means, M=statistics.RBD_HARMONICS, num_resamples=100
    )
    half = np.array(found["S1_conf"], dtype=float)
    return _ratio(case, ("S1",), lambda y: statistics.rbd(case.unit, y), half)


def _shapley(case: _Case) -> Estimates:
    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = case.salib("shapley", case.unit, y, seeded=False)
        effect = np.asarray(found["shapley"], dtype=float)
        return effect, np.full(len(effect), effect.sum())

    found = case.salib("shapley", case.unit, case.means, seeded=False)
    half = np.asarray(found["shapley_normalized_conf"], dtype=float)
    return _ratio(case, ("Sh",), _by_column(forms), half)


def _dgsm(case: _Case) -> Estimates:
    factors = len(case.space.factors)

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = case.salib("dgsm", case.unit, y, num_resamples=2)
        variance = np.full(factors, y[:: factors + 1].var())
        return np.asarray(found["dgsm"], dtype=float) * variance, variance

    # SALib's interval is that of the mean squared derivative and not of the index.
    blocks = case.means.reshape(-1, factors + 1)
    squared = ((blocks[:, 1:] - blocks[:, :1]) / (STEP * np.pi)) ** 2 / blocks[:, 0].var()
    half = Z95 * squared.std(axis=0, ddof=1) / np.sqrt(len(blocks))
    return _ratio(case, ("dgsm",), _by_column(forms), half)


# --- distances and surrogates ---------------------------------------------------------------------


def _extrapolated(
    case: _Case, names: tuple[str, ...], naive: np.ndarray, plain: Plain, *, ways: int, times: int
) -> Estimates:
    """Indices that depend on the whole distribution.

    The correction for chance is computed from ``plain``, the index without SALib's own resampling,
    and added to SALib's number. The interval joins resampled points, left-out replicates, and the
    size of the correction itself, because the rest after an extrapolation is of a smaller order
    than the correction.

    Args:
        ways: the number of ways to halve the replicates.
        times: the number of resamples of the points.
    """

    def found(y: np.ndarray) -> np.ndarray:
        return noise.without_chance(plain, case.unit, y, ways)

    means = plain(case.unit, case.means[:, None])[0]
    taken = found(case.y) - means if case.corrects else np.zeros(len(naive))
    drawn = noise.resampled(
        plain, case.unit, case.y, ways, times=min(times, case.resamples), seed=case.seed
    )
    chance = np.hypot(case.chance(found, len(naive)), taken)
    return case.done(names, naive, naive + taken, Z95 * drawn.std(axis=0, ddof=1), chance)


def _pawn(case: _Case) -> Estimates:
    found = case.salib("pawn", case.unit, case.means, S=statistics.SLIDES)
    naive = np.asarray(found["median"], dtype=float)
    return _extrapolated(case, ("pawn",), naive, statistics.pawn, ways=2, times=50)


def _rsa(case: _Case) -> Estimates:
    found = case.salib("rsa", case.unit, case.means, bins=statistics.BINS)
    # The index is the mean of the statistics of all parts, which grow with the sample.
    naive = np.array([np.nanmean(found[name]) for name in case.space.problem()["names"]])
    naive /= statistics.regional_scale(len(case.unit))
    return _extrapolated(case, ("rsa",), naive, statistics.regional, ways=2, times=50)


def _delta(case: _Case) -> Estimates:
    found = case.salib("delta", case.unit, case.means, num_resamples=10, method="delta")
    naive = np.asarray(found["delta_balanced"], dtype=float)
    return _extrapolated(case, ("delta",), naive, statistics.delta, ways=2, times=FEW_RESAMPLES)


def _hdmr(case: _Case) -> Estimates:
    """Pairs by SALib's enhanced HDMR. For many factors, single indices by the older HDMR, because
    the enhanced one fails there (SALib 1.6)."""
    factors = len(case.space.factors)
    pairs = factors <= MANY_FACTORS

    def analysed(x: np.ndarray, y: np.ndarray, times: int) -> np.ndarray:
        if pairs:  # a single estimate uses all points
            found = case.salib("enhanced_hdmr", x, y, max_order=2, bootstrap=times)
            return np.concatenate([found["Sa"][:factors], found["ST"][:factors]])
        found = case.salib("hdmr", x, y, maxorder=1, K=times)
        return np.asarray(found["Sa"][:factors], dtype=float)

    def plain(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.array([analysed(x, column, 1) for column in y.T], dtype=float)

    naive = np.asarray(analysed(case.unit, case.means, 20), dtype=float)
    names = ("S1", "ST") if pairs else ("S1",)
    return _extrapolated(case, names, naive, plain, ways=1, times=VERY_FEW)


@contextmanager
def _salib_call(seed: int) -> Iterator[None]:
    """A context for calls of SALib that restores global state and hides SALib's warnings.

    Some analysers seed NumPy's global generator, and Delta shows its warnings whatever filters say.
    """
    state = np.random.get_state()  # noqa: NPY002
    look = warnings.formatwarning
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("ignore")
        np.random.seed(salib_seed(seed, 2))  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002
            warnings.formatwarning = look


_ESTIMATORS: Mapping[str, Callable[[_Case], Estimates]] = {
    "one_at_a_time": _one_at_a_time,
    "morris": _morris,
    "sobol": _sobol,
    "efast": _efast,
    "rbd_fast": _rbd_fast,
    "delta": _delta,
    "pawn": _pawn,
    "hdmr": _hdmr,
    "rsa": _rsa,
    "dgsm": _dgsm,
    "shapley": _shapley,
}
