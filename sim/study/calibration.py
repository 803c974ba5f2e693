"""Calibration: history matching, then ABC on a bank of runs. What comes out are plausible sets.

The steps of ``codose calibrate STUDY``:

1. waves of settings from the prior (free parameters, and the uncertain with them), run in every
   scenario that the targets need; emulators rule out what cannot be (:mod:`.history_matching`);
2. a final sample, drawn evenly from what is left, run with more replicates;
3. ABC: each setting gets the weight of a kernel that takes the tolerances for observation error.
   With such a kernel ABC is exact under that error (Wilkinson 2013, doi 10.1515/sagmb-2013-0010),
   and as the settings are draws from the prior, the weights need no proposal correction;
4. the posterior: a weighted sample of the free parameters, marginal over the uncertain ones.

Why a bank and no sequential chain: the data rule out so little of the prior that a tenth of it
meets every target, so a chain would save no runs, and only a bank can answer "and without this
target?", "which targets fight?" and "is the method's coverage right?" without new runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from sim.checking import Number, Words
from sim.errors import CodoseError, InputError
from sim.parameters import TABLE
from sim.runs.execute import Execution, Unfinished
from sim.runs.store import digest_of
from sim.scenario import Scenario
from sim.studies.factors import Factor, factors_of
from sim.study import history_matching as matching
from sim.study import observed
from sim.study.bank import Bank, joined, run_bank
from sim.study.blocked import CalibrationError as CalibrationError
from sim.study.blocked import hits, nothing_left, refuse_broken
from sim.study.observed import Observation
from sim.study.study_file import (
    _FACTORS,
    Factors,
    Study,
    StudyError,
    StudyHeader,
    find_study,
    read_study,
)
from sim.study.targets import Target, targets_of


class StepUnfinished(CodoseError):
    """A shard has done its part of a step, and the runs of the others are not there yet."""

    exit_code = 0

    def __init__(self, step: str) -> None:
        super().__init__(f"{step} is not complete yet")
        self.step = step


class CalibrateFile(StudyHeader):
    """A study of kind ``calibrate``."""

    kind: Literal["calibrate"]  # pyright: ignore[reportIncompatibleVariableOverride]
    """calibrate"""
    factors: Annotated[Factors, _FACTORS] = (("free", None), ("uncertain", None))
    """What varies: the free parameters are calibrated, all others are averaged over."""
    targets: tuple[Annotated[str, Words(40)], ...] = ()
    """Ids of the findings to calibrate to; left out: all that can be scored."""
    leave_out: tuple[Annotated[str, Words(40)], ...] = ()
    """Ids of findings to leave out."""
    observed: tuple[Annotated[str, Words(1000)], ...] = ()
    """Files of observations besides those that come with codose, from this file's folder."""
    waves: Annotated[int, Number(0, 10, whole=True)] = 2
    """Waves of history matching; 0: none."""
    wave_samples: Annotated[int, Number(50, 2**20, whole=True)] = 1500
    """Settings of a wave."""
    wave_replicates: Annotated[int, Number(2, 2**16, whole=True)] = 10
    """Runs of each setting of a wave."""
    samples: Annotated[int, Number(50, 2**22, whole=True)] = 6000
    """Settings of the final sample."""
    replicates: Annotated[int, Number(2, 2**16, whole=True)] = 32
    """Runs of each setting of the final sample."""
    emulator: Literal["polynomial"] = "polynomial"
    """Emulator of history matching: a ridge regression on all squares and products."""
    cutoff: Annotated[float, Number(1, 10)] = matching.CUTOFF
    """Implausibility beyond which a setting is ruled out."""
    kept: Annotated[int, Number(50, 100_000, whole=True)] = 2000
    """Draws from the posterior that are kept as plausible sets."""
    method: Literal["bank"] = "bank"
    """How the posterior is found: by one weighed bank of runs."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """The answer.

    Attributes:
        study: what was asked.
        observations: everything observed that was looked at.
        targets: what it was calibrated to.
        factors: what varied.
        waves: of history matching.
        prior: the first wave: settings from the whole prior.
        bank: the final sample.
        weights: (settings of the bank,), adding up to 1.

    >>> from dataclasses import replace
    >>> quick = {"waves": 1, "wave_samples": 60, "wave_replicates": 4, "samples": 300,
    ...          "replicates": 4}  # far fewer than an answer needs
    >>> asked = read_calibration("calibrate")
    >>> found = calibrate(replace(asked, header=asked.header.model_copy(update=quick)))
    >>> len(found.bank), len(found.targets), found.borrowed
    (300, 15, 8)
    >>> bool(1 <= found.ess <= 300)
    True
    """

    study: Study[CalibrateFile]
    observations: tuple[Observation, ...]
    targets: tuple[Target, ...]
    factors: tuple[Factor, ...]
    waves: tuple[matching.Wave, ...]
    prior: Bank
    bank: Bank
    weights: np.ndarray

    @property
    def scenario(self) -> Scenario:
        """The scenario that was calibrated."""
        return self.study.scenario

    @property
    def ess(self) -> float:
        """Effective sample size, 1 / sum of squared weights."""
        return effective(self.weights)

    @property
    def broken(self) -> int:
        """Settings of the final sample that had no value for some target."""
        return int(self.bank.broken.sum())

    @property
    def borrowed(self) -> int:
        """Targets that come from other settings."""
        return sum(target.grade != "A" for target in self.targets)

    @property
    def free(self) -> tuple[int, ...]:
        """Places of the calibrated factors (role free)."""
        return tuple(
            place
            for place, factor in enumerate(self.factors)
            if factor.name in TABLE and TABLE[factor.name].role == "free"
        )

    def draws(self, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the bank and how often each is drawn, by systematic resampling.

        Returns:
            (rows,) int64 and (rows,) int64; the counts add up to ``count`` (study: ``kept``).
        """
        number = self.study.header.kept if count is None else count
        return resample(self.weights, number, self.study.header.seed)


def effective(weights: np.ndarray) -> float:
    """Effective sample size of weights that add up to 1."""
    return float(1.0 / np.square(weights).sum())


def resample(weights: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Systematic resampling: rows, and how often each is drawn."""
    places = (np.arange(count) + np.random.default_rng([seed, 7]).random()) / count
    edges = np.cumsum(weights)
    chosen = np.minimum(np.searchsorted(edges / edges[-1], places, side="right"), len(weights) - 1)
    return np.unique(chosen, return_counts=True)


def abc_weights(targets: Sequence[Target], bank: Bank) -> np.ndarray:
    """Weight of each setting, adding up to 1; all 0 when none has any.

    A setting without a value for some target has none (see :attr:`Bank.broken`).
    """
    log = np.zeros(len(bank))
    for place, target in enumerate(targets):
        log = log + target.log_kernel(bank.outputs[:, place])
    best = log.max(initial=-np.inf)
    if not np.isfinite(best):
        return np.zeros(len(bank))
    weights = np.exp(log - best)
    return weights / weights.sum()


# --- reading -------------------------------------------------------------------------------------


def read_calibration(path_or_name: str | Path) -> Study[CalibrateFile]:
    """A study of kind ``calibrate``.

    Raises:
        StudyError: every mistake with file, line and column.
    """
    return read_study(find_study(path_or_name), CalibrateFile)


def prepare(
    study: Study[CalibrateFile],
) -> tuple[list[Observation], list[Target], list[Factor]]:
    """What a study is calibrated with: all observations, the targets among them, the factors.

    Raises:
        InputError: targets that do not exist or contradict each other, priors outside ranges, a
            scenario that cannot answer a target.
    """
    from sim.study.measures import variants

    header = study.header
    folder = Path(study.file).parent
    observations = observed.read_all([*observed.shipped_files(), *_beside(header.observed, folder)])
    for field in ("targets", "leave_out"):
        for place, name in enumerate(getattr(header, field)):
            try:
                observed.chosen(observations, [name])
            except InputError as error:
                found = error.problem
                raise study.error(
                    (field, place), found.message, allowed=found.allowed,
                    suggestion=found.suggestion,
                ) from None  # fmt: skip
    wanted = observed.chosen(observations, header.targets) if header.targets else observations
    targets = targets_of([one for one in wanted if one.id not in header.leave_out])
    for place, name in enumerate(header.targets):
        if name not in {t.id for t in targets} and name not in header.leave_out:
            raise study.error(
                ("targets", place), f"{name} cannot be scored (it is empty, or only shown)"
            )
    factors = factors_of(study, study.scenario)
    for factor in factors:
        if factor.kind != "parameter" or factor.distribution.kind == "choices":
            raise study.error(
                ("factors",), f"{factor.name} is not a continuous parameter of the model"
            )
    try:
        variants(study.scenario, [target.measure for target in targets])
    except InputError as error:
        raise StudyError(error.problems) from None
    return observations, targets, factors


def _beside(names: Sequence[str], folder: Path) -> list[Path]:
    return [Path(name) if Path(name).is_absolute() else folder / name for name in names]


# --- the work ------------------------------------------------------------------------------------


def calibrate(
    study: Study[CalibrateFile],
    execution: Execution | None = None,
) -> Calibration:
    """Calibrate as a study file says: history matching, then weights on a bank of runs.

    Args:
        study: a checked study of kind "calibrate".
        execution: how runs are made. A shard makes its part of the first step whose runs are not
            all there: a step is a wave, or the final sample; each needs all runs of the one before.

    Raises:
        StepUnfinished: a shard has done its part of a step.
        CalibrationError: no setting meets the targets (says the nearest and what blocks), or too
            many settings have no value.
        InputError, InterruptedRun: as :func:`prepare` and :func:`sim.runs.execute.execute`.

    >>> from dataclasses import replace
    >>> quick = {"waves": 1, "wave_samples": 60, "wave_replicates": 4, "samples": 300,
    ...          "replicates": 4}  # far fewer than an answer needs
    >>> asked = read_calibration("calibrate")
    >>> found = calibrate(replace(asked, header=asked.header.model_copy(update=quick)))
    >>> place = [factor.name for factor in found.factors].index("keeping")
    >>> posterior_mean = found.weights @ found.bank.values[:, place]
    >>> bool(0.2 < posterior_mean < 0.9)  # within its range
    True
    """
    how = execution or Execution()
    observations, targets, factors = prepare(study)
    work = Work(study, targets, factors, how)
    waves, prior = work.waves()
    bank = work.final_sample(waves)
    weights = abc_weights(targets, bank)
    prior = bank if prior is None else prior
    if not hits(targets, bank).all(axis=1).any() or not weights.any():
        raise nothing_left(targets, joined([prior, bank]))
    return Calibration(
        study, tuple(observations), tuple(targets), tuple(factors), tuple(waves), prior, bank,
        weights,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Work:
    """Runs the steps of a calibration, each into a folder of its own."""

    study: Study[CalibrateFile]
    targets: Sequence[Target]
    factors: Sequence[Factor]
    execution: Execution

    def waves(self) -> tuple[list[matching.Wave], Bank | None]:
        """History matching, and the settings of its first wave."""
        header = self.study.header
        waves: list[matching.Wave] = []
        prior: Bank | None = None
        for number in range(header.waves):
            unit = self._left(waves, header.wave_samples, header.seed + 1000 * number)
            # Each wave has luck of its own: what chance did in one is not believed in the next.
            count = header.wave_replicates
            bank = self.run(f"wave {number + 1}", unit, count, number * count)
            prior = bank if prior is None else prior
            waves.append(
                matching.new_wave(self.targets, bank, waves, cutoff=header.cutoff, seed=header.seed)
            )
            if waves[-1].left == 0.0:
                raise nothing_left(self.targets, prior)
        return waves, prior

    def final_sample(self, waves: Sequence[matching.Wave]) -> Bank:
        """The bank: drawn evenly from what is left."""
        header = self.study.header
        unit = self._left(waves, header.samples, header.seed + 1_000_000)
        unseen = header.waves * header.wave_replicates  # the luck that no wave has seen
        return self.run("final sample", unit, header.replicates, unseen)

    def _left(self, waves: Sequence[matching.Wave], count: int, seed: int) -> np.ndarray:
        cutoff = self.study.header.cutoff
        return matching.sample_left(
            self.targets, waves, count, len(self.factors), cutoff=cutoff, seed=seed
        )

    def run(self, step: str, unit: np.ndarray, replicates: int, first: int) -> Bank:
        """Run settings, and refuse a bank where too many have no value."""
        try:
            bank = run_bank(
                self.study.scenario, self.targets, self.factors, unit, replicates=replicates,
                seed=self.study.header.seed, first_replicate=first,
                execution=self.execution.within(step),
            )  # fmt: skip
        except Unfinished:
            raise StepUnfinished(step) from None
        refuse_broken(self.targets, bank)
        return bank


def study_digest(header: CalibrateFile) -> str:
    """SHA-256 (hex) of what a study says; a field at its default counts like one left out, so that
    a new field of a later version changes nothing for studies that do not use it."""
    return digest_of(header.model_dump(mode="json", exclude_defaults=True))


def digest(table: np.ndarray, names: Sequence[str]) -> str:
    """SHA-256 (hex) of plausible sets: names and values in order, whatever the file format."""
    found = hashlib.sha256("\n".join(names).encode())
    found.update(np.ascontiguousarray(table, dtype="<f8").tobytes())
    return found.hexdigest()


def plausible_table(found: Calibration) -> tuple[list[str], np.ndarray]:
    """Columns (free parameters, then ``weight``) and rows of the plausible sets.

    Values are rounded to 9 digits, so that last bits do not depend on the machine.
    """
    places = list(found.free)
    names = [found.factors[place].name for place in places]
    header = found.study.header
    return drawn_table(names, found.bank.values[:, places], found.weights, header.kept, header.seed)


def drawn_table(
    names: Sequence[str], values: np.ndarray, weights: np.ndarray, kept: int, seed: int
) -> tuple[list[str], np.ndarray]:
    """``kept`` draws from weighted values (settings, names), as columns and rows."""
    rows, counts = resample(weights, kept, seed)
    table = np.column_stack([values[rows], counts])
    rounded: Any = np.array([[float(f"{x:.9g}") for x in row] for row in table.tolist()])
    return [*names, "weight"], rounded
