"""History matching: rule out the settings that cannot meet the targets, wave by wave.

An emulator (a fast statistical stand-in for the model) of each target is fitted to a wave of runs.
The *implausibility* of a setting is how far its prediction lies from the target, in standard
deviations of everything that may explain the distance: the target's own tolerance, the emulator's
error and the noise of few replicates (Craig et al. 1997; Andrianakis et al. 2015, PLOS Comput Biol
11(1), doi 10.1371/journal.pcbi.1003968). Settings beyond the cutoff (3: Pukelsheim's three-sigma
rule) on any target are ruled out; the next wave is drawn from what is left. Before ABC this is the
order that McCulloch et al. 2022 (doi 10.18564/jasss.4791) recommend.

Emulators are scikit-learn's: a ridge regression on all squares and products (default), or that
trend in linear form with a Gaussian process on what it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from sim.errors import CodoseError, InputError, Problem
from sim.study.bank import Bank
from sim.study.targets import Target

EMULATORS = ("polynomial", "gaussian_process")
CUTOFF = 3.0
CANDIDATES = 20_000
_FOLDS = 5
_MOST_GP = 600
"""Points of a Gaussian process: its cost grows with their cube."""


@dataclass(frozen=True, slots=True, eq=False)
class Emulator:
    """A fitted stand-in for one target.

    Attributes:
        sd: of its error, found by cross-validation; the noise of the replicates is part of it.
        r2: share of the variance between settings that it explains out of sample.
    """

    model: Any
    sd: float
    r2: float

    def predict(self, unit: np.ndarray) -> np.ndarray:
        """Predictions (settings,) at coordinates (settings, factors)."""
        return np.asarray(self.model.predict(unit - 0.5), dtype=float)


def fit(unit: np.ndarray, y: np.ndarray, kind: str = "polynomial") -> Emulator:
    """An emulator of ``y`` (settings,) over coordinates 0..1.

    Raises:
        InputError: too few settings with a value.
        CodoseError: scikit-learn is missing.
    """
    try:
        from sklearn.model_selection import KFold, cross_val_predict
    except ImportError:  # pragma: no cover - depends on the installation
        raise CodoseError(
            "history matching needs scikit-learn: install 'codose[calibrate]'"
        ) from None
    known = ~np.isnan(y)
    x, z = unit[known] - 0.5, y[known]
    if len(z) < 4 * _FOLDS:
        raise InputError(
            Problem(
                f"only {len(z)} of {len(y)} settings of a wave have a value",
                field="wave_samples",
                allowed=f"{4 * _FOLDS} or more",
            )
        )
    if np.ptp(z) == 0.0:
        return Emulator(_Constant(float(z[0])), 0.0, 1.0)
    model = _model(kind, len(z), x.shape[1])
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    guess = cross_val_predict(model, x, z, cv=folds)
    error = float(np.sqrt(np.mean((guess - z) ** 2)))
    model.fit(x, z)
    return Emulator(model, error, 1.0 - error**2 / float(np.var(z)))


class _Constant:
    """The emulator of something that does not vary."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), self.value)


def _model(kind: str, settings: int, factors: int) -> Any:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    terms = factors * (factors + 3) // 2
    degree = 2 if settings > 1.5 * terms else 1
    penalties = np.logspace(-3, 4, 15)
    if kind == "polynomial":
        return make_pipeline(
            PolynomialFeatures(degree, include_bias=False), StandardScaler(), RidgeCV(penalties)
        )
    return _TrendAndProcess(penalties)


class _TrendAndProcess:
    """A linear trend, and a Gaussian process on what it leaves (scikit-learn's interface)."""

    def __init__(self, penalties: Any = None) -> None:
        self.penalties = penalties

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"penalties": self.penalties}

    def set_params(self, **values: Any) -> _TrendAndProcess:
        self.penalties = values.get("penalties", self.penalties)
        return self

    def fit(self, x: np.ndarray, y: np.ndarray) -> _TrendAndProcess:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, WhiteKernel
        from sklearn.linear_model import RidgeCV

        self.trend = RidgeCV(self.penalties).fit(x, y)
        part = slice(None, _MOST_GP)
        left = y[part] - self.trend.predict(x[part])
        self.scale = float(left.std()) or 1.0
        kernel = 1.0 * RBF(2.0, (0.2, 50.0)) + WhiteKernel(0.3, (1e-4, 10.0))
        self.process = GaussianProcessRegressor(kernel, random_state=0)
        import warnings

        with warnings.catch_warnings():  # a length scale at its bound is no mistake here
            warnings.simplefilter("ignore")
            self.process.fit(x[part], left / self.scale)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.trend.predict(x) + self.scale * self.process.predict(x)


# --- waves ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """One wave: the emulators of all targets, and what they rule out.

    Attributes:
        emulators: one a target.
        left: share of the prior that is not ruled out after this wave (and those before it).
        by_target: share of the prior that each target alone rules out in this wave.
        only_by: share that no other target of the wave rules out.
        settings: that were run for it.
    """

    emulators: tuple[Emulator, ...]
    left: float
    by_target: tuple[float, ...]
    only_by: tuple[float, ...]
    settings: int


def implausibility(target: Target, emulator: Emulator, unit: np.ndarray) -> np.ndarray:
    """How many SDs each setting's prediction lies from a target, (settings,).

    A pattern is met anywhere within its bounds; outside, the distance to them counts.
    """
    guess = emulator.predict(unit)
    if target.numeric:
        return np.abs(guess - target.value) / np.hypot(target.sds(guess), emulator.sd)
    outside = np.maximum(np.maximum(target.low - guess, guess - target.high), 0.0)
    return outside / max(emulator.sd, 1e-9)


def implausibilities(
    targets: Sequence[Target], emulators: Sequence[Emulator], unit: np.ndarray
) -> np.ndarray:
    """The same for all targets, (settings, targets)."""
    return np.stack(
        [implausibility(t, e, unit) for t, e in zip(targets, emulators, strict=True)], axis=1
    )


def new_wave(
    targets: Sequence[Target],
    bank: Bank,
    earlier: Sequence[Wave],
    *,
    kind: str = "polynomial",
    cutoff: float = CUTOFF,
    seed: int = 1,
) -> Wave:
    """Fit a wave to a bank of settings and say what of the prior is left."""
    emulators = tuple(fit(bank.unit, bank.outputs[:, i], kind) for i in range(len(targets)))
    candidates = prior_sample(CANDIDATES, bank.unit.shape[1], seed)
    ruled = implausibilities(targets, emulators, candidates) > cutoff
    others = ruled.sum(axis=1, keepdims=True) - ruled
    alive = not_ruled_out(targets, earlier, candidates, cutoff) & ~ruled.any(axis=1)
    return Wave(
        emulators,
        float(alive.mean()),
        tuple(ruled.mean(axis=0).tolist()),
        tuple((ruled & (others == 0)).mean(axis=0).tolist()),
        len(bank),
    )


def not_ruled_out(
    targets: Sequence[Target], waves: Sequence[Wave], unit: np.ndarray, cutoff: float = CUTOFF
) -> np.ndarray:
    """Which settings no wave rules out, bool (settings,)."""
    alive = np.ones(len(unit), dtype=bool)
    for wave in waves:
        place = np.flatnonzero(alive)
        if not len(place):
            break
        worst = implausibilities(targets, wave.emulators, unit[place]).max(axis=1)
        alive[place[worst > cutoff]] = False
    return alive


def prior_sample(count: int, factors: int, seed: int) -> np.ndarray:
    """A Latin hypercube over the prior, (count, factors), coordinates 0..1."""
    return qmc.LatinHypercube(factors, rng=np.random.default_rng(seed)).random(count)


def sample_left(
    targets: Sequence[Target],
    waves: Sequence[Wave],
    count: int,
    factors: int,
    *,
    cutoff: float = CUTOFF,
    seed: int = 1,
    rounds: int = 200,
) -> np.ndarray:
    """Settings drawn evenly from what is not ruled out, (count or fewer, factors)."""
    found: list[np.ndarray] = []
    total = 0
    for turn in range(rounds):
        unit = prior_sample(max(count, 2000), factors, seed + turn)
        found.append(unit[not_ruled_out(targets, waves, unit, cutoff)])
        total += len(found[-1])
        if total >= count:
            break
    return np.concatenate(found)[:count]
