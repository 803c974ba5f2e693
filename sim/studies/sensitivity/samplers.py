"""Sampler: SALib's samplers on the unit cube, with seeds and, where possible, with extensions.

A *base sample* is the unit in which a design grows, is cut into prefixes, and loses failed runs. It
is a row of a Latin hypercube, a trajectory, or a block of a Saltelli design.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from sim.core import signals
from sim.core.errors import CodoseError
from sim.studies.factors import Space

LEVELS = 4
"""Levels of Morris' grid; a step is LEVELS / (2 (LEVELS - 1)) of the range."""
OAT_LEVELS = 5
"""Levels of each factor in the design one at a time."""
STEP = 0.1
"""Step of finite differences in the unit cube. SALib's default is a share of the coordinate and
vanishes near 0, where chance would be divided by almost 0."""
HARMONICS = 4
"""M of eFAST; it needs more than 4 M^2 samples."""
SAMPLERS = ("saltelli", "trajectories", "latin", "search_curve", "differences", "permutations",
            "one_at_a_time")  # fmt: skip


@dataclass(frozen=True)
class Sampler:
    """A way to draw points: one of :data:`SAMPLERS`, over a space.

    ``second_order`` concerns Saltelli designs only.
    """

    kind: str
    space: Space
    second_order: bool = False

    @property
    def rows_per_base(self) -> int:
        """The number of points of one base sample (of a search curve: of one position on it)."""
        units, factors = len(self.space.units), len(self.space.factors)
        return {
            "saltelli": 2 * units + 2 if self.second_order else units + 2,
            "trajectories": units + 1,
            "latin": 1,
            "search_curve": factors,
            "differences": factors + 1,
            "permutations": factors + 1,
            "one_at_a_time": 1 + factors * OAT_LEVELS,
        }[self.kind]

    @property
    def extendable(self) -> bool:
        """Whether more base samples can be added to existing ones."""
        return self.kind not in ("search_curve", "one_at_a_time")

    def points(self, samples: int) -> int:
        """The number of points of a design with this number of base samples."""
        return self.rows_per_base * (1 if self.kind == "one_at_a_time" else samples)

    def draw(self, samples: int, seed: int) -> np.ndarray:
        """The first ``samples`` base samples: float64 (points, factors), 0..1."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = getattr(self, f"_{self.kind}")(samples, salib_seed(seed, 0))
        return np.clip(np.asarray(drawn, dtype=np.float64), 0.0, 1.0)

    def extend(self, samples: int, more: int, seed: int, step: int) -> np.ndarray:
        """``more`` base samples beyond the first ``samples``; ``step`` numbers extensions from 1.

        Sequences (Sobol's, Morris' trajectories) continue where they stopped. Latin hypercubes and
        permutations are not sequences, so another design of the same kind is added to the first.
        """
        if self.kind in ("latin", "permutations"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                drawn = getattr(self, f"_{self.kind}")(more, salib_seed(seed, step))
            return np.asarray(drawn, dtype=np.float64)
        return self.draw(samples + more, seed)[self.points(samples) :]

    def _saltelli(self, samples: int, seed: int) -> np.ndarray:
        from SALib.sample import sobol

        load_sobol_table()
        return sobol.sample(
            self.space.problem(), samples, calc_second_order=self.second_order, seed=seed
        )

    def _trajectories(self, samples: int, seed: int) -> np.ndarray:
        from SALib.sample import morris

        return morris.sample(self.space.problem(), samples, num_levels=LEVELS, seed=seed)

    def _latin(self, samples: int, seed: int) -> np.ndarray:
        from SALib.sample import latin

        # With groups SALib would move all members together.
        return latin.sample(self.space.problem(grouped=False), samples, seed=seed)

    def _search_curve(self, samples: int, seed: int) -> np.ndarray:
        from SALib.sample import fast_sampler

        problem = self.space.problem(grouped=False)
        return fast_sampler.sample(problem, samples, M=HARMONICS, seed=seed)

    def _differences(self, samples: int, seed: int) -> np.ndarray:
        from SALib.sample import finite_diff

        problem = self.space.problem(grouped=False)
        rows = finite_diff.sample(problem, samples, delta=STEP, seed=seed)
        factors = len(self.space.factors)
        rows = rows.reshape(samples, factors + 1, factors)
        for place in range(factors):
            base = rows[:, 0, place]
            rows[:, place + 1, place] = np.where(base + STEP <= 1.0, base + STEP, base - STEP)
        return rows.reshape(-1, factors)

    def _permutations(self, samples: int, seed: int) -> np.ndarray:
        from SALib.sample import shapley

        return shapley.sample(self.space.problem(grouped=False), samples, seed=seed)

    def _one_at_a_time(self, samples: int, seed: int) -> np.ndarray:
        factors = len(self.space.factors)
        rows = np.tile(self.space.centre(), (1 + factors * OAT_LEVELS, 1))
        for place in range(factors):
            first = 1 + place * OAT_LEVELS
            rows[first : first + OAT_LEVELS, place] = np.linspace(0.0, 1.0, OAT_LEVELS)
        return rows


SOBOL_POINT = (1000, (225, 99, 531, 693, 287, 929, 47, 921, 513, 71))
"""The number of a point of Sobol's sequence, from 0, and its coordinates in 1/1024, by the
direction numbers of Joe and Kuo 2008 (SIAM J Sci Comput 30(5) 2635-2654), which SciPy uses."""


def load_sobol_table() -> None:
    """Let SciPy read its table of direction numbers, and check that the table is complete.

    SciPy reads the table once, at first use, in compiled code that cannot raise errors. Ctrl-C
    would be lost in this code and leave the table half read.

    Raises:
        CodoseError: the sequence is not Sobol's.
    """
    from scipy.stats import qmc

    place, expected = SOBOL_POINT
    with signals.held():
        sequence = qmc.Sobol(len(expected), scramble=False)
        found = sequence.fast_forward(place).random(1)[0] * 1024
    if tuple(found) != expected:
        raise CodoseError(
            "SciPy's table of direction numbers is damaged, so that no Sobol sequence comes of it: "
            "install SciPy again"
        )


def salib_seed(seed: int, tag: int) -> int:
    """A seed for SALib from the study's: below 2**31, and not 0, which analysers take for none."""
    return 1 + int(np.random.SeedSequence([seed, tag]).generate_state(1)[0] % (2**31 - 2))
