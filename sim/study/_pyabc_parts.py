"""The parts that pyABC is given: prior, kernel of tolerances, and a sampler that runs in batches.

Imported only by a calibration with ``method: abc_smc``; pyABC takes seconds to load.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import pyabc

from sim.study.targets import Target

Statistics = dict[str, np.ndarray]
"""What pyABC keeps of a setting: ``outputs`` and ``errors`` (targets,), ``unit`` (all factors,) and
``within`` (1,): 1, or 0 for a setting that history matching has ruled out."""
Simulate = Callable[[int, int, np.ndarray], list[Statistics]]
"""``simulate(population, batch, unit)`` of proposals (proposals, coordinates)."""

STARVED = 1000
"""Rounds of proposals without one inside the prior at which a population is given up."""


class UnitBox(pyabc.DistributionBase):
    """The prior: even over the unit box, the coordinates being quantiles of each factor."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def rvs(self, *args: Any, **kwargs: Any) -> pyabc.Parameter:
        """One draw from NumPy's global generator, as pyABC has it."""
        return self.parameter(np.random.random(len(self.names)))  # noqa: NPY002

    def pdf(self, x: Any) -> float:
        """1 inside, 0 outside."""
        return float(all(0.0 <= x[name] <= 1.0 for name in self.names))

    def parameter(self, row: np.ndarray) -> pyabc.Parameter:
        """Coordinates as pyABC's dictionary."""
        return pyabc.Parameter(dict(zip(self.names, row.tolist(), strict=True)))


class ToleranceKernel(pyabc.StochasticKernel):
    """Log density of what was observed, given what runs say: the kernel of every target.

    Its greatest value is 0. A target without a value (NaN) gives minus infinity: such settings are
    counted elsewhere, as pyABC would drop them without a word.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        super().__init__(ret_scale="SCALE_LOG", keys=["outputs"], pdf_max=0.0)
        self.targets = tuple(targets)

    def __call__(self, x: dict, x_0: dict, t: int | None = None, par: dict | None = None) -> float:
        if not x["within"][0]:
            return -np.inf
        return float(
            sum(
                float(target.log_kernel(x["outputs"][place : place + 1])[0])
                for place, target in enumerate(self.targets)
            )
        )


class BatchSampler(pyabc.sampler.Sampler):
    """Fills a population from batches of settings, which the compiled engine runs together.

    pyABC's own samplers simulate one setting at a time, in processes of their own: with runs of
    less than a millisecond most of the time would go into handing them over. Proposals, acceptance
    and weights are pyABC's; each batch is worked off in order, and what it holds beyond the last
    particle needed is dropped, so that the size of batches biases nothing.

    pyABC draws from NumPy's global generator: it is seeded for each population and put back after.

    Args:
        names: of the coordinates.
        simulate: runs proposals.
        seed: of the proposals and of acceptance.
        batch: fewest proposals run at once.
        most: settings of a population beyond which :attr:`starved` is set and it is given up.
        filled: told of each population that is complete: its number (from 0 on), and how many
            proposals were outside the prior.
    """

    def __init__(
        self,
        names: Sequence[str],
        simulate: Simulate,
        *,
        seed: int,
        batch: int,
        most: int,
        filled: Callable[[int, int], object],
    ) -> None:
        super().__init__()
        self.names, self.simulate = tuple(names), simulate
        self.seed, self.batch, self.most, self.filled = seed, batch, most, filled
        self.outside = 0
        self.starved = False

    def sample_until_n_accepted(
        self,
        n: int,
        simulate_one: Callable,
        t: int,
        *,
        max_eval: float = np.inf,
        all_accepted: bool = False,
        ana_vars: pyabc.AnalysisVars | None = None,
    ) -> pyabc.Sample:
        """A population of ``n`` accepted particles; not ok when it would take too many settings."""
        assert ana_vars is not None
        with seeded(self.seed, t):
            return self._fill(n, t, ana_vars)

    def _fill(self, n: int, t: int, ana_vars: pyabc.AnalysisVars) -> pyabc.Sample:
        sample = self._create_empty_sample()
        weigh = self._weight_function(ana_vars)
        model = cast(BatchModel, ana_vars.models[0])
        prior = cast(UnitBox, ana_vars.parameter_priors[0])
        self.nr_evaluations_ = self.outside = 0
        number, wanted = 0, max(self.batch, n)
        while sample.n_accepted < n:
            unit = self._propose(t, wanted, ana_vars)
            if len(unit) < wanted or self.nr_evaluations_ >= self.most:
                self.starved, sample.ok = True, False
                return sample
            statistics = self.simulate(t, number, unit)
            number += 1
            for row, statistic in zip(unit, statistics, strict=True):
                self.nr_evaluations_ += 1
                model.next = statistic
                particle = pyabc.evaluate_proposal(
                    0, prior.parameter(row),
                    t=t, models=ana_vars.models, summary_statistics=ana_vars.summary_statistics,
                    distance_function=ana_vars.distance_function, eps=ana_vars.eps,
                    acceptor=ana_vars.acceptor, x_0=ana_vars.x_0, weight_function=weigh,
                    proposal_id=0,
                )  # fmt: skip
                sample.append(particle)
                if sample.n_accepted == n:
                    break
            rate = max(sample.n_accepted, 1) / self.nr_evaluations_
            wanted = int(np.clip(1.1 * (n - sample.n_accepted) / rate, self.batch, 20 * self.batch))
        self.filled(t, self.outside)
        return sample

    def _propose(self, t: int, count: int, ana_vars: pyabc.AnalysisVars) -> np.ndarray:
        """Coordinates inside the box, (count, names); fewer when hardly any are found."""
        if t == 0:
            return np.random.random((count, len(self.names)))  # noqa: NPY002
        found: list[np.ndarray] = []
        total = 0
        for _ in range(STARVED):
            # pyABC: a frame of perturbed particles
            rows: pd.DataFrame = ana_vars.transitions[0].rvs(count)
            unit = rows[list(self.names)].to_numpy()
            inside = unit[((unit >= 0.0) & (unit <= 1.0)).all(axis=1)]
            self.outside += len(unit) - len(inside)
            found.append(inside)
            total += len(inside)
            if total >= count:
                break
        return np.concatenate(found)[:count]

    @staticmethod
    def _weight_function(ana_vars: pyabc.AnalysisVars) -> Callable:
        """pyABC's weight: prior density over density of the proposal."""
        prior = pyabc.create_prior_pdf(ana_vars.model_prior, ana_vars.parameter_priors)
        transition = pyabc.create_transition_pdf(
            ana_vars.transitions,
            pd.DataFrame({"p": [1.0]}, index=[0]),
            ana_vars.model_perturbation_kernel,
        )
        if ana_vars.transitions[0].X is None:  # the first population comes from the prior
            return lambda m, theta, acceptance_weight: acceptance_weight
        return pyabc.create_weight_function(prior, transition)


class BatchModel(pyabc.Model):
    """Gives pyABC what a batch has already run: the sampler sets ``next`` before each look."""

    def __init__(self) -> None:
        super().__init__("codose")
        self.next: Statistics = {}

    def sample(self, pars: pyabc.Parameter) -> Statistics:
        """Summary statistics of the proposal at hand."""
        return self.next


@contextlib.contextmanager
def seeded(seed: int, population: int) -> Iterator[None]:
    """NumPy's global generator as a function of seed and population, and as it was after."""
    before = np.random.get_state()  # noqa: NPY002
    words = np.random.SeedSequence([seed, 13, population]).generate_state(8)
    np.random.seed(words)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def new_smc(
    targets: Sequence[Target],
    names: Sequence[str],
    sampler: BatchSampler,
    *,
    particles: int,
    temperatures: Sequence[float],
) -> pyabc.ABCSMC:
    """pyABC's sequential Monte Carlo, put together."""
    return pyabc.ABCSMC(
        models=BatchModel(),
        parameter_priors=cast(Any, UnitBox(names)),  # any DistributionBase does
        distance_function=ToleranceKernel(targets),
        population_size=particles,
        transitions=pyabc.MultivariateNormalTransition(),
        eps=pyabc.ListTemperature([float(x) for x in temperatures]),
        acceptor=pyabc.StochasticAcceptor(pdf_norm_method=pyabc.pdf_norm_from_kernel),
        sampler=sampler,
    )
