"""Method and METHODS: the methods, with their samplers, indices and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.studies.sensitivity.samplers import HARMONICS


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        title: the name for people.
        sampler: the sampler, see :data:`sim.studies.sensitivity.samplers.SAMPLERS`.
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
