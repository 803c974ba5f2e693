"""The methods: which sampler each needs, what it reports, and its estimates with intervals.

Naive numbers are SALib's, on the means over replicates. ``value`` is what is reported: corrected
for luck where a correction is known (Sobol, Morris, one at a time, eFAST, RBD-FAST, DGSM, Shapley),
the naive one where none is (PAWN, Delta, HDMR, RSA), to be read against the dummy.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from sim.study import elementary, variance_indices
from sim.study.factors import Space
from sim.study.noise import jackknife, over_pairs
from sim.study.samplers import HARMONICS, OAT_LEVELS, STEP, Sampler, salib_seed
from sim.study.variance_indices import Saltelli

Z = 1.959963984540054
RESAMPLES = 200
FEW_RESAMPLES = 25
"""Of methods whose every resample is a call of SALib."""


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        title: for people.
        sampler: see :data:`sim.study.samplers.SAMPLERS`.
        main: the index that ranks factors.
        scale: share (of variance, 1 is all), effect (outcome units), or distance.
        corrected: whether luck can be taken out of the index.
        groups: whether groups of factors can be asked about.
        least: fewest base samples.
        source: whose method it is.
    """

    name: str
    title: str
    sampler: str
    main: str
    scale: str
    corrected: bool
    groups: bool
    least: int
    source: str


_ALL = (
    Method("one_at_a_time", "One at a time", "one_at_a_time", "range", "effect", True, False, 1,
           "ten Broeke et al. 2016, doi 10.18564/jasss.2857"),
    Method("morris", "Morris screening", "trajectories", "mu_star", "effect", True, True, 4,
           "Morris 1991; Campolongo et al. 2007"),
    Method("sobol", "Sobol indices", "saltelli", "ST", "share", True, True, 16,
           "Saltelli et al. 2010; Jansen 1999; Saltelli 2002"),
    Method("efast", "eFAST", "search_curve", "ST", "share", True, False, 4 * HARMONICS**2 + 1,
           "Saltelli et al. 1999"),
    Method("rbd_fast", "RBD-FAST", "latin", "S1", "share", True, False, 64,
           "Tarantola et al. 2006; Tissot and Prieur 2012"),
    Method("delta", "Delta", "latin", "delta", "distance", False, False, 128,
           "Borgonovo 2007; Plischke et al. 2013"),
    Method("pawn", "PAWN", "latin", "pawn", "distance", False, False, 64,
           "Pianosi and Wagener 2015, 2018"),
    Method("hdmr", "HDMR", "latin", "S1", "share", False, False, 300, "Li and Rabitz 2012"),
    Method("rsa", "Regional (RSA)", "latin", "rsa", "distance", False, False, 64,
           "Hornberger and Spear 1981; Pianosi et al. 2016"),
    Method("dgsm", "DGSM", "differences", "dgsm", "share", True, False, 16,
           "Sobol' and Kucherenko 2009"),
    Method("shapley", "Shapley effects", "permutations", "Sh", "share", True, False, 16,
           "Owen 2014; Goda 2021"),
)  # fmt: skip
METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}
"""Every method by the name a study file gives it."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Indices of one outcome at one week.

    Attributes:
        index: (n,) names of indices.
        unit: (n,) factor or group.
        other: (n,) the second factor of a pair, or "".
        naive: (n,) as SALib gives them.
        value: (n,) corrected for luck where that is possible; nan where luck cannot be told.
        half: (n,) half-width of the 95 % interval of ``value``.
        half_sample, half_luck: its parts from the choice of points and of replicates.
    """

    index: tuple[str, ...]
    unit: tuple[str, ...]
    other: tuple[str, ...]
    naive: np.ndarray
    value: np.ndarray
    half_sample: np.ndarray
    half_luck: np.ndarray

    @property
    def half(self) -> np.ndarray:
        """Half-width of the 95 % interval."""
        return np.sqrt(self.half_sample**2 + self.half_luck**2)


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
        unit: (points, factors) of whole base samples.
        y: (points, replicates), no NaN, not constant.
        stochastic: whether a run holds luck. Without it one replicate tells all.
        common: whether all points share their replicates.
        seed: of resampling.
        resamples: of the bootstrap.
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

    def luck(self, of: Callable[[np.ndarray], np.ndarray], shape: int) -> np.ndarray:
        """Half-widths from the choice of replicates, which a common design shares."""
        if not self.stochastic or not self.common:
            return np.zeros(shape)
        if self.replicates < 3:
            return np.full(shape, np.nan)
        return Z * jackknife(of, self.y)

    def done(
        self, names: tuple[str, ...], naive: np.ndarray, value: np.ndarray,
        half_sample: np.ndarray, half_luck: np.ndarray,
    ) -> Estimates:  # fmt: skip
        """Estimates of indices that each have one number a unit."""
        units = self.space.units
        if self.stochastic and self.replicates == 1 and self.method.corrected:
            value = np.full(len(naive), np.nan)
        return Estimates(
            tuple(name for name in names for _ in units),
            units * len(names),
            ("",) * len(naive),
            naive,
            value,
            half_sample,
            half_luck,
        )


# --- Sobol ----------------------------------------------------------------------------------------


def _sobol(case: _Case) -> Estimates:
    from SALib.analyze import sobol

    units, second = case.space.units, case.sampler.second_order
    d = len(units)
    pairs = list(combinations(range(d), 2)) if second else []

    def arranged(y: np.ndarray) -> Saltelli:
        return Saltelli.of(y.reshape(case.base, -1, y.shape[-1]), d, second)

    with _salib_call(case.seed):
        found = sobol.analyze(
            case.space.problem(), case.y.mean(axis=1), calc_second_order=second,
            num_resamples=2, seed=salib_seed(case.seed, 1),
        )  # fmt: skip
    second_naive = [found["S2"][j, k] for j, k in pairs]
    naive = np.concatenate([found["ST"], found["S1"], second_naive])
    data = arranged(case.y)
    value = variance_indices.point_estimate(data, corrected=case.corrects)
    drawn = variance_indices.bootstrap(
        data, corrected=case.corrects, resamples=case.resamples, seed=case.seed
    )
    luck = case.luck(
        lambda y: variance_indices.point_estimate(arranged(y), corrected=True), len(value)
    )
    if case.stochastic and not case.corrects:
        value = np.full(len(value), np.nan)
    return Estimates(
        ("ST",) * d + ("S1",) * d + ("S2",) * len(pairs),
        units * 2 + tuple(units[j] for j, _ in pairs),
        ("",) * (2 * d) + tuple(units[k] for _, k in pairs),
        naive,
        value,
        Z * drawn.std(axis=0, ddof=1),
        luck,
    )


# --- elementary effects ---------------------------------------------------------------------------


def _morris(case: _Case) -> Estimates:
    from SALib.analyze import morris

    units = case.space.units
    groups = case.space.groups or case.space.names
    group_of = np.array([units.index(name) for name in groups])
    with _salib_call(case.seed):
        found = morris.analyze(
            case.space.problem(), case.unit, case.y.mean(axis=1), num_resamples=2,
            seed=salib_seed(case.seed, 1),
        )  # fmt: skip
    moved = elementary.effects(case.unit, case.y, len(units), group_of)
    count = len(moved)
    whole = np.full(count, 1.0 / count)
    of = elementary.corrected if case.corrects else elementary.naive
    drawn = np.random.default_rng([case.seed, 0x3E]).multinomial(count, whole, case.resamples)
    spread = of(moved, drawn / count).std(axis=0, ddof=1).ravel()

    def again(y: np.ndarray) -> np.ndarray:
        effect = elementary.effects(case.unit, y, len(units), group_of)
        return elementary.corrected(effect, whole).ravel()

    naive = elementary.naive(moved, whole)
    naive[0] = np.asarray(found["mu_star"], dtype=float)  # SALib's own; the rest are the same
    return case.done(
        ("mu_star", "mu", "sigma"),
        naive.ravel(),
        of(moved, whole).ravel(),
        Z * spread,
        case.luck(again, naive.size),
    )


def _one_at_a_time(case: _Case) -> Estimates:
    factors = len(case.space.factors)
    naive, value, half = elementary.ranges(case.y, factors, OAT_LEVELS)
    if not case.stochastic:
        value, half = naive, np.zeros(factors)
    return case.done(("range",), naive, value, np.zeros(factors), half)


# --- quadratic forms of SALib ---------------------------------------------------------------------

Forms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From outcomes (points,) to numerators and denominators (indices,), both quadratic in them."""


def _ratio(case: _Case, names: tuple[str, ...], forms: Forms, half: np.ndarray) -> Estimates:
    """Indices that are ratios of quadratic forms; ``half`` are SALib's half-widths."""
    above, below = forms(case.y.mean(axis=1))
    naive = above / below

    def corrected(y: np.ndarray) -> np.ndarray:
        top, bottom = forms(y.mean(axis=1))
        each = [forms(y[:, r]) for r in range(y.shape[1])]
        top = over_pairs(top, np.mean([one[0] for one in each], axis=0), y.shape[1])
        bottom = over_pairs(bottom, np.mean([one[1] for one in each], axis=0), y.shape[1])
        return top / np.where(bottom > 0.0, bottom, np.nan)

    value = corrected(case.y) if case.corrects else naive
    if case.corrects:  # the interval is about a ratio whose denominator has shrunk
        _, bottom = forms(case.y.mean(axis=1))
        each = np.mean([forms(case.y[:, r])[1] for r in range(case.replicates)], axis=0)
        kept = over_pairs(bottom, each, case.replicates)
        half = half * bottom / np.where(kept > 0.0, kept, np.nan)
    luck = case.luck(corrected, len(naive))
    return case.done(names, naive, value, half, luck)


def _efast(case: _Case) -> Estimates:
    from SALib.analyze import fast

    factors = len(case.space.factors)

    def analysed(y: np.ndarray, resamples: int) -> Any:
        with _salib_call(case.seed):
            return fast.analyze(
                case.space.problem(grouped=False), y, M=HARMONICS, num_resamples=resamples,
                seed=salib_seed(case.seed, 1),
            )  # fmt: skip

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = analysed(y, 2)
        variance = np.tile(y.reshape(factors, -1).var(axis=1), 2)
        return np.array([*found["ST"], *found["S1"]]) * variance, variance

    found = analysed(case.y.mean(axis=1), 50)
    half = np.array([*found["ST_conf"], *found["S1_conf"]], dtype=float)
    return _ratio(case, ("ST", "S1"), forms, half)


def _rbd_fast(case: _Case) -> Estimates:
    from SALib.analyze import rbd_fast

    def analysed(y: np.ndarray, resamples: int) -> Any:
        with _salib_call(case.seed):
            return rbd_fast.analyze(
                case.space.problem(grouped=False), case.unit, y, num_resamples=resamples,
                seed=salib_seed(case.seed, 1),
            )  # fmt: skip

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        variance = np.full(len(case.space.factors), y.var())
        return np.array(analysed(y, 2)["S1"], dtype=float) * variance, variance

    half = np.array(analysed(case.y.mean(axis=1), 100)["S1_conf"], dtype=float)
    return _ratio(case, ("S1",), forms, half)


def _shapley(case: _Case) -> Estimates:
    from SALib.analyze import shapley

    def analysed(y: np.ndarray) -> Any:
        with _salib_call(case.seed):
            return shapley.analyze(case.space.problem(grouped=False), case.unit, y)

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        effect = np.asarray(analysed(y)["shapley"], dtype=float)
        return effect, np.full(len(effect), effect.sum())

    half = np.asarray(analysed(case.y.mean(axis=1))["shapley_normalized_conf"], dtype=float)
    return _ratio(case, ("Sh",), forms, half)


def _dgsm(case: _Case) -> Estimates:
    from SALib.analyze import dgsm

    factors = len(case.space.factors)

    def forms(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with _salib_call(case.seed):
            found = dgsm.analyze(
                case.space.problem(grouped=False), case.unit, y, num_resamples=2,
                seed=salib_seed(case.seed, 1),
            )  # fmt: skip
        variance = np.full(factors, y[:: factors + 1].var())
        return np.asarray(found["dgsm"], dtype=float) * variance, variance

    # SALib's interval is that of the mean squared derivative, not of the index: ours instead.
    blocks = case.y.mean(axis=1).reshape(-1, factors + 1)
    squared = ((blocks[:, 1:] - blocks[:, :1]) / (STEP * np.pi)) ** 2 / blocks[:, 0].var()
    half = Z * squared.std(axis=0, ddof=1) / np.sqrt(len(blocks))
    return _ratio(case, ("dgsm",), forms, half)


# --- distances and surrogates ---------------------------------------------------------------------


def _resampled(case: _Case, of: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Half-widths from rows drawn anew."""
    rng = np.random.default_rng([case.seed, 0x9A])
    mean = case.y.mean(axis=1)
    drawn = []
    for _ in range(min(FEW_RESAMPLES, case.resamples)):
        rows = rng.integers(len(mean), size=len(mean))
        drawn.append(of(case.unit[rows], mean[rows]))
    return Z * np.std(drawn, axis=0, ddof=1)


def _pawn(case: _Case) -> Estimates:
    from SALib.analyze import pawn

    def of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        with _salib_call(case.seed):
            found = pawn.analyze(
                case.space.problem(grouped=False), x, y, S=10, seed=salib_seed(case.seed, 1)
            )
        return np.asarray(found["median"], dtype=float)

    value = of(case.unit, case.y.mean(axis=1))
    return case.done(("pawn",), value, value, _resampled(case, of), np.zeros(len(value)))


def _rsa(case: _Case) -> Estimates:
    from SALib.analyze import rsa

    bins = 10

    def of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        with _salib_call(case.seed):
            found = rsa.analyze(
                case.space.problem(grouped=False), x, y, bins=bins, seed=salib_seed(case.seed, 1)
            )
        inside = len(y) / bins
        size = inside * (len(y) - inside) / len(y)  # the statistic grows with the sample
        names = case.space.problem(grouped=False)["names"]
        return np.array([np.nanmean(found[name]) for name in names]) / size

    value = of(case.unit, case.y.mean(axis=1))
    return case.done(("rsa",), value, value, _resampled(case, of), np.zeros(len(value)))


def _delta(case: _Case) -> Estimates:
    from SALib.analyze import delta

    with _salib_call(case.seed):
        found = delta.analyze(
            case.space.problem(grouped=False), case.unit, case.y.mean(axis=1),
            num_resamples=20, method="delta", seed=salib_seed(case.seed, 1),
        )  # fmt: skip
    value = np.asarray(found["delta_balanced"], dtype=float)
    half = np.asarray(found["delta_balanced_conf"], dtype=float)
    return case.done(("delta",), value, value, half, np.zeros(len(value)))


def _hdmr(case: _Case) -> Estimates:
    from SALib.analyze import enhanced_hdmr

    factors = len(case.space.factors)
    with _salib_call(case.seed):
        found = enhanced_hdmr.analyze(
            case.space.problem(grouped=False), case.unit, case.y.mean(axis=1),
            max_order=2 if factors <= 8 else 1, seed=salib_seed(case.seed, 1),
        )  # fmt: skip
    first = np.asarray(found["Sa"], dtype=float)[:factors]
    total = np.asarray(found["ST"], dtype=float)[:factors]
    half = np.concatenate([found["Sa_conf"][:factors], found["ST_conf"][:factors]])
    value = np.concatenate([first, total])
    names = ("S1", "ST") if factors <= 8 else ("S1",)
    keep = len(names) * factors
    return case.done(names, value[:keep], value[:keep], half[:keep], np.zeros(keep))


@contextmanager
def _salib_call(seed: int) -> Iterator[None]:
    """Around SALib: what it changes for the whole process is put back, its remarks are not ours.

    Some analysers seed numpy's global generator, Delta replaces the format of all warnings.
    """
    state = np.random.get_state()  # noqa: NPY002
    look = warnings.formatwarning
    with warnings.catch_warnings():
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
