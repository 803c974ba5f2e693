"""A bank of settings: drawn from the prior, run in every scenario the targets need, kept.

The default calibration works on a bank: the engine makes thousands of runs a second, and a bank
serves every later question at once (another target left out, another tolerance, the coverage check
with synthetic data) without a single new run. Runs go through :func:`sim.study.runner`, so
that they resume after a crash, and run on a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.parameters import Parameters
from sim.scenario import Scenario
from sim.study.chunks import Shard
from sim.study.factors import Factor
from sim.study.measures import answer, outcomes_needed, variants
from sim.study.runner import run_study
from sim.study.store import MANIFEST, Notice, Store
from sim.study.targets import Target

Progress = Callable[[int, int], object]


class Unfinished(Exception):
    """A shard has done its part of a bank; the parts of others are missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Settings and what they give.

    Attributes:
        unit: (settings, factors): coordinates 0..1 in the prior.
        values: (settings, factors): the values.
        outputs: (settings, targets): mean over replicates of what each target measures; NaN where
            it is empty or a run failed.
        errors: (settings, targets): standard error of that mean (jackknife over replicates).
    """

    unit: np.ndarray
    values: np.ndarray
    outputs: np.ndarray
    errors: np.ndarray

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, which: np.ndarray) -> Bank:
        """Some of the settings."""
        return Bank(self.unit[which], self.values[which], self.outputs[which], self.errors[which])

    @property
    def broken(self) -> np.ndarray:
        """Settings with a target that has no value, bool (settings,). They get no weight; how many
        there are is always said."""
        return np.asarray(np.isnan(self.outputs).any(axis=1))


def joined(banks: Sequence[Bank]) -> Bank:
    """Several banks as one."""
    return Bank(
        *(
            np.concatenate([getattr(bank, name) for bank in banks])
            for name in ("unit", "values", "outputs", "errors")
        )
    )


def values_of(factors: Sequence[Factor], unit: np.ndarray) -> np.ndarray:
    """Values (settings, factors) at coordinates (settings, factors)."""
    if not factors:
        return np.zeros((len(unit), 0))
    return np.stack(
        [
            np.asarray(factor.distribution.values(unit[:, place]), dtype=float)
            for place, factor in enumerate(factors)
        ],
        axis=1,
    )


def sets_of(scenario: Scenario, names: Sequence[str], values: np.ndarray) -> list[Parameters]:
    """Full parameter sets from values (sets, names); all else is as the scenario has it."""
    own = dict(scenario.parameters)
    return [
        Parameters({**own, **dict(zip(names, row, strict=True))}, beyond_range=True)
        for row in values.tolist()
    ]


def run_bank(
    scenario: Scenario,
    targets: Sequence[Target],
    factors: Sequence[Factor],
    unit: np.ndarray,
    *,
    replicates: int,
    seed: int,
    first_replicate: int = 0,
    store: Path | None = None,
    resume: bool = False,
    cluster: str | None = None,
    shard: Shard | None = None,
    threads: int | None = None,
    command: str = "",
    progress: Progress | None = None,
    notice: Notice | None = None,
) -> Bank:
    """Run settings in every scenario that the targets need.

    Args:
        unit: (settings, factors).
        store: a folder that keeps finished runs, one subfolder a scenario.
        shard: ``(i, n)``: run only that part of what is missing in the store.
        progress: told of runs done, over all scenarios.

    Raises:
        Unfinished: a shard has done its part, and the store does not hold the others.
        InputError, InterruptedRun: as :func:`sim.study.runner.run_study`.
    """
    values = values_of(factors, unit)
    sets = sets_of(scenario, [factor.name for factor in factors], values)
    outputs, errors = run_sets(
        scenario, targets, sets,
        replicates=replicates, seed=seed, first_replicate=first_replicate, store=store,
        resume=resume, cluster=cluster, shard=shard, threads=threads, command=command,
        progress=progress, notice=notice,
    )  # fmt: skip
    return Bank(unit, values, outputs, errors)


def run_sets(
    scenario: Scenario,
    targets: Sequence[Target],
    sets: Sequence[Parameters],
    *,
    replicates: int,
    seed: int,
    first_replicate: int = 0,
    store: Path | None = None,
    resume: bool = False,
    cluster: str | None = None,
    shard: Shard | None = None,
    threads: int | None = None,
    command: str = "",
    progress: Progress | None = None,
    notice: Notice | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What each target measures in each set, and its standard error, both (sets, targets).

    Arguments and errors as of :func:`run_bank`.
    """
    measures = [target.measure for target in targets]
    arms = variants(scenario, measures)
    names = outcomes_needed(measures)
    total = len(arms) * len(sets) * replicates

    def run(part: Shard | None) -> dict[str, tuple[tuple[int, ...], np.ndarray]]:
        """Weeks and (sets, replicates, weeks, outcomes) of each scenario."""
        runs = {}
        for place, (name, arm) in enumerate(arms.items()):
            before = place * len(sets) * replicates

            def moved(done: int, _: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, total)

            found = run_study(
                arm.scenario, sets, replicates, seed, arm.points,
                outcomes=names, first_replicate=first_replicate,
                store=None if store is None else store / name, resume=resume,
                cluster=cluster, shard=part, threads=threads, command=command, progress=moved,
                notice=notice,
            )  # fmt: skip
            runs[name] = (arm.points, found.values[:, :, :, 0])
        return runs

    if shard is not None and not _all_there(store, arms):
        run(shard)
        if not _all_there(store, arms):
            raise Unfinished
    return _answers(scenario, targets, names, run(None))


def _all_there(store: Path | None, names: Iterable[str]) -> bool:
    """Whether a folder holds every run of every scenario."""
    if store is None:
        return False
    return all(
        (store / name / MANIFEST).is_file() and not Store.load(store / name).missing
        for name in names
    )


def _answers(
    scenario: Scenario,
    targets: Sequence[Target],
    names: Sequence[str],
    runs: Mapping[str, tuple[tuple[int, ...], np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Every target from means over replicates, and its jackknife standard error.

    ``runs``: weeks and (sets, replicates, weeks, outcomes) of each variant.
    """
    count = next(iter(runs.values()))[1].shape[1]

    def of(which: np.ndarray) -> np.ndarray:
        means = {name: (weeks, x[:, which].mean(axis=1)) for name, (weeks, x) in runs.items()}
        return np.stack([answer(t.measure, scenario, means, names) for t in targets], axis=1)

    every = np.arange(count)
    whole = of(every)
    if count < 2:
        return whole, np.full(whole.shape, np.nan)
    without = np.stack([of(every[every != one]) for one in range(count)])
    spread = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return whole, np.sqrt(spread * (count - 1) / count)
