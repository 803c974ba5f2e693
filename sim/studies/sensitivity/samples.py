"""Sample: points of one sampler with their outcomes; first_samples draws samples, doubled extends
them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.studies.kind import Runner
from sim.studies.sensitivity.design import Design
from sim.studies.sensitivity.design_points import outcomes_at
from sim.studies.sensitivity.methods import Method
from sim.studies.sensitivity.samplers import Sampler


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample with its outcomes.

    Attributes:
        sampler, methods: the sampler that drew it, and the methods that use it.
        unit: (points, factors), coordinates in the unit cube.
        y: (points, replicates, labels), outcomes; NaN where a run has no value.
        samples: the number of base samples.
        reasons: the reason why a run (point, replicate) failed and has no value.
        refused: the reason why a point could not be run at all.
    """

    sampler: Sampler
    methods: tuple[Method, ...]
    unit: np.ndarray
    y: np.ndarray
    samples: int
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)


def first_samples(design: Design, run: Runner) -> list[Sample]:
    """Draw and run every sample of a design.

    Raises:
        Unfinished: this was a shard of the runs.
    """
    header = design.study.header
    units = [sampler.draw(header.samples, header.seed) for sampler, _ in design.samplers]
    found = outcomes_at(design, [(unit, 0) for unit in units], run, label="sample")
    return [
        Sample(sampler, methods, unit, one.values, header.samples, one.reasons, one.refused)
        for (sampler, methods), unit, one in zip(design.samplers, units, found, strict=True)
    ]


def doubled(design: Design, samples: Sequence[Sample], run: Runner, step: int) -> list[Sample]:
    """The samples with twice the base samples.

    Args:
        step: the number of the extension, from 1.

    Raises:
        Unfinished: this was a shard of the runs.
    """
    seed = design.study.seed
    more = [one.sampler.extend(one.samples, one.samples, seed, step) for one in samples]
    parts = [(unit, len(one.unit)) for unit, one in zip(more, samples, strict=True)]
    found = outcomes_at(design, parts, run, label=f"doubled-{step}")
    together = []
    for one, unit, other in zip(samples, more, found, strict=True):
        first = len(one.unit)
        together.append(
            Sample(
                one.sampler,
                one.methods,
                np.concatenate([one.unit, unit]),
                np.concatenate([one.y, other.values]),
                2 * one.samples,
                {**one.reasons, **{(first + p, r): why for (p, r), why in other.reasons.items()}},
                {**one.refused, **{first + p: why for p, why in other.refused.items()}},
            )
        )
    return together
