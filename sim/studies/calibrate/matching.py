"""History matching: rule out the settings that cannot meet the targets, wave by wave.

An emulator (a fast statistical stand-in for the model) of each target is fitted to a wave of runs.
The *implausibility* of a setting is how far its prediction lies from the target, in standard
deviations of everything that may explain the distance: the target's own tolerance, the emulator's
error and the noise of few replicates (Craig et al. 1997; Andrianakis et al. 2015, PLOS Comput Biol
11(1), doi 10.1371/journal.pcbi.1003968). Settings beyond the cutoff (3: Pukelsheim's three-sigma
rule) on any target are ruled out; the next wave is drawn from what is left. Before ABC this is the
order that McCulloch et al. 2022 (doi 10.18564/jasss.4791) recommend.

The emulators are scikit-learn's ridge regression on all squares and products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.core.errors import CodoseError, InputError, Problem
from sim.studies.calibrate.reference import Reference
from sim.studies.calibrate.spec import CUTOFF
from sim.studies.plausible import latin_hypercube
from sim.studies.targets import Target

CANDIDATES = 20_000
_FOLDS = 5
_PENALTY = 0.1
"""Of the ridge; coordinates are -0.5..0.5."""


@dataclass(frozen=True, slots=True, eq=False)
class Emulators:
    """Fitted stand-ins for all targets.

    Attributes:
        sd: (targets,), of their error: found by cross-validation, with the noise of the runs.
        r2: (targets,), share of the variance between settings explained out of sample.
    """

    model: Any
    sd: np.ndarray
    r2: np.ndarray

    def predict(self, unit: np.ndarray) -> np.ndarray:
        """Predictions (settings, targets) at coordinates (settings, factors)."""
        # scikit-learn drops the axis of a single target
        return self.model.predict(unit - 0.5).reshape(len(unit), -1)


def fit(table: Reference) -> Emulators:
    """Emulators of every output of a reference table.

    Settings share their replicates, so part of the noise of a mean is common to all of them and
    no cross-validation sees it: the table's standard errors are added.

    Raises:
        InputError: too few settings with a value.
        CodoseError: scikit-learn is missing.
    """
    try:
        from sklearn.model_selection import KFold
    except ImportError:  # pragma: no cover - depends on the installation
        raise CodoseError(
            "history matching needs scikit-learn: install 'codose[calibrate]'"
        ) from None
    sound = table.take(np.flatnonzero(~table.broken))
    if len(sound) < 4 * _FOLDS:
        raise InputError(
            Problem(
                f"only {len(sound)} of {len(table)} settings of a wave have a value",
                field="wave_samples",
                allowed=f"{4 * _FOLDS} or more",
            )
        )
    x, y = sound.unit - 0.5, sound.outputs
    guess = np.empty_like(y)
    for inside, outside in KFold(_FOLDS, shuffle=True, random_state=0).split(x):
        model = _model(len(inside), x.shape[1]).fit(x[inside], y[inside])
        guess[outside] = model.predict(x[outside]).reshape(len(outside), -1)
    error = np.sqrt(np.mean((guess - y) ** 2, axis=0))
    noise = np.nan_to_num(np.median(sound.errors, axis=0))
    variance = y.var(axis=0)
    r2 = 1.0 - np.divide(error**2, variance, out=np.zeros_like(error), where=variance > 0)
    whole = _model(len(x), x.shape[1]).fit(x, y)
    return Emulators(whole, np.hypot(error, noise), r2)


def _model(settings: int, factors: int) -> Any:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    terms = factors * (factors + 3) // 2
    degree = 2 if settings > 1.5 * terms else 1
    return make_pipeline(PolynomialFeatures(degree, include_bias=False), Ridge(_PENALTY))


# --- waves ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """One wave: the emulators of all targets, and what they rule out.

    Attributes:
        emulators: of all targets.
        left: share of the prior that is not ruled out after this wave (and those before it).
        by_target: share of the prior that each target alone rules out in this wave.
        only_by: share that no other target of the wave rules out.
        settings: that were run for it.
    """

    emulators: Emulators
    left: float
    by_target: tuple[float, ...]
    only_by: tuple[float, ...]
    settings: int


def implausibilities(
    targets: Sequence[Target], emulators: Emulators, unit: np.ndarray
) -> np.ndarray:
    """How many SDs each setting's predictions lie from the targets, (settings, targets).

    A pattern is met anywhere within its bounds; outside, the distance to them counts.
    """
    guesses = emulators.predict(unit)
    columns = []
    for target, guess, sd in zip(targets, guesses.T, emulators.sd, strict=True):
        if target.numeric:
            columns.append(np.abs(guess - target.value) / np.hypot(target.sds(guess), sd))
        else:
            outside = np.maximum(np.maximum(target.low - guess, guess - target.high), 0.0)
            columns.append(outside / max(float(sd), 1e-9))
    return np.stack(columns, axis=1)


def new_wave(
    targets: Sequence[Target],
    table: Reference,
    earlier: Sequence[Wave],
    *,
    cutoff: float = CUTOFF,
    seed: int = 1,
) -> Wave:
    """Fit a wave to the settings that were run for it and say what of the prior is left."""
    emulators = fit(table)
    candidates = prior_sample(CANDIDATES, table.unit.shape[1], seed)
    ruled = implausibilities(targets, emulators, candidates) > cutoff
    others = ruled.sum(axis=1, keepdims=True) - ruled
    alive = not_ruled_out(targets, earlier, candidates, cutoff) & ~ruled.any(axis=1)
    return Wave(
        emulators,
        float(alive.mean()),
        tuple(ruled.mean(axis=0).tolist()),
        tuple((ruled & (others == 0)).mean(axis=0).tolist()),
        len(table),
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
    return latin_hypercube(count, factors, seed)


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
