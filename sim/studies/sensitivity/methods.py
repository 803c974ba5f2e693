"""METHODS: the methods, with their samplers, indices and sources; Sampler: a way to draw points.

SALib's samplers draw on the unit cube, with seeds and, where possible, with extensions.

A *base sample* is the unit in which a design grows, is cut into prefixes, and loses failed runs. It
is a row of a Latin hypercube, a trajectory, or a block of a Saltelli design.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core import signals
from sim.core.errors import CodoseError
from sim.studies.factors import Space

if TYPE_CHECKING:
    import numpy as np
else:
    from sim.core.late import np

LEVELS = 4
"""Levels of Morris' grid; a step is LEVELS / (2 (LEVELS - 1)) of the range."""
OAT_LEVELS = 5
"""Levels of each factor in the design one at a time."""
STEP = 0.1
"""Step of finite differences in the unit cube. SALib's default is a share of the coordinate and
vanishes near 0, where chance would be divided by almost 0."""
HARMONICS = 4
"""M of eFAST; it needs more than 4 M^2 samples."""


@dataclass(frozen=True)
class Sampler:
    """A way to draw points: the sampler of a :class:`Method`, over a space.

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
        return self._drawn(samples, salib_seed(seed, 0))

    def extend(self, samples: int, more: int, seed: int, step: int) -> np.ndarray:
        """``more`` base samples beyond the first ``samples``; ``step`` numbers extensions from 1.

        Sequences (Sobol's, Morris' trajectories) continue where they stopped. Latin hypercubes and
        permutations are not sequences, so another design of the same kind is added to the first.
        """
        if self.kind in ("latin", "permutations"):
            return self._drawn(more, salib_seed(seed, step))
        return self.draw(samples + more, seed)[self.points(samples) :]

    def _drawn(self, samples: int, seed: int) -> np.ndarray:
        if self.kind == "one_at_a_time":
            return self._around_the_centre()
        if self.kind == "saltelli":
            load_sobol_table()
        module, settings = {
            "saltelli": ("sobol", {"calc_second_order": self.second_order}),
            "trajectories": ("morris", {"num_levels": LEVELS}),
            "latin": ("latin", {}),
            "search_curve": ("fast_sampler", {"M": HARMONICS}),
            "differences": ("finite_diff", {"delta": STEP}),
            "permutations": ("shapley", {}),
        }[self.kind]
        # With groups, the other samplers would move all members together.
        problem = self.space.problem(grouped=self.kind in ("saltelli", "trajectories"))
        sample = importlib.import_module(f"SALib.sample.{module}").sample
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = sample(problem, samples, seed=seed, **settings)
        if self.kind == "differences":
            drawn = self._both_ways(drawn.reshape(samples, -1, drawn.shape[1]))
        return np.clip(np.asarray(drawn, dtype=np.float64), 0.0, 1.0)

    def _both_ways(self, rows: np.ndarray) -> np.ndarray:
        """The steps of finite differences, downwards where a step upwards leaves the cube."""
        factors = rows.shape[2]
        for place in range(factors):
            base = rows[:, 0, place]
            rows[:, place + 1, place] = np.where(base + STEP <= 1.0, base + STEP, base - STEP)
        return rows.reshape(-1, factors)

    def _around_the_centre(self) -> np.ndarray:
        """The centre, then each factor along its range."""
        rows = np.tile(self.space.centre(), (self.rows_per_base, 1))
        for place in range(len(self.space.factors)):
            first = 1 + place * OAT_LEVELS
            rows[first : first + OAT_LEVELS, place] = np.linspace(0.0, 1.0, OAT_LEVELS)
        return np.clip(rows, 0.0, 1.0)


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


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        title: the name for people.
        sampler: the kind of :class:`Sampler`.
        main: the index that ranks factors.
        scale: share (of variance, 1 is all), effect (outcome units), or distance.
        floor: whether the index of a factor without effect is above 0 in any finite sample, even
            without chance; only the dummy then shows which index means no effect.
        groups: whether the method can treat groups of factors.
        least: fewest base samples.
        source: the authors of the method.
    """

    name: str
    title: str
    sampler: str
    main: str
    scale: str
    floor: bool
    groups: bool
    least: int
    source: str


_ALL = (
    Method("one_at_a_time", "One at a time", "one_at_a_time", "range", "effect", False, False, 1,
           "ten Broeke et al. 2016, doi 10.18564/jasss.2857"),
    Method("morris", "Morris screening", "trajectories", "mu_star", "effect", False, True, 4,
           "Morris 1991; Campolongo et al. 2007"),
    Method("sobol", "Sobol indices", "saltelli", "ST", "share", False, True, 16,
           "Saltelli et al. 2010; Jansen 1999; Saltelli 2002"),
    Method("efast", "eFAST", "search_curve", "ST", "share", False, False, 4 * HARMONICS**2 + 1,
           "Saltelli et al. 1999"),
    Method("rbd_fast", "RBD-FAST", "latin", "S1", "share", False, False, 64,
           "Tarantola et al. 2006; Tissot and Prieur 2012"),
    Method("delta", "Delta", "latin", "delta", "distance", True, False, 128,
           "Borgonovo 2007; Plischke et al. 2013"),
    Method("pawn", "PAWN", "latin", "pawn", "distance", True, False, 64,
           "Pianosi and Wagener 2015, 2018"),
    Method("hdmr", "HDMR", "latin", "S1", "share", True, False, 300, "Li and Rabitz 2012"),
    Method("rsa", "Regional (RSA)", "latin", "rsa", "distance", True, False, 64,
           "Hornberger and Spear 1981; Pianosi et al. 2016"),
    Method("dgsm", "DGSM", "differences", "dgsm", "share", False, False, 16,
           "Sobol' and Kucherenko 2009"),
    Method("shapley", "Shapley effects", "permutations", "Sh", "share", False, False, 16,
           "Owen 2014; Goda 2021"),
)  # fmt: skip
METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}
"""Every method by its name in study files."""
