"""estimate: the time that a sensitivity study takes here; a study above its limit is refused.

Both parts of the estimate come from measured work: the time of runs from small parts of the plan
(:mod:`sim.runs.probe`), and that of the analysis from small samples with made-up outcomes.
"""

from __future__ import annotations

import time

import numpy as np

from sim.present.format import count, duration
from sim.runs import probe
from sim.runs.execute import Execution, execute
from sim.runs.probe import Clock
from sim.studies.sensitivity.design import Design, is_stochastic, labels_of, replicates_of
from sim.studies.sensitivity.design_points import DesignRuns
from sim.studies.sensitivity.indices import RESAMPLES
from sim.studies.sensitivity.indices import estimate as indices_of
from sim.studies.sensitivity.methods import Method
from sim.studies.sensitivity.samplers import Sampler

SAMPLES = 64
"""Base samples from which the analysis is estimated."""
PREFIXES = 1.5
"""Time of the analysis of all sizes of a sample, as a multiple of that of the whole sample."""


def estimate(design: Design, execution: Execution, *, clock: Clock = time.perf_counter) -> str:
    """How long a study takes on this machine, in a sentence.

    For a shard, only its part of the runs counts. On a cluster, the time is that on this machine.

    Raises:
        StudyError: the estimate is above the limit of the study (not on a cluster).
    """
    runs = runs_seconds(design, execution, clock=clock)
    analysis = 0.0
    if execution.shard is not None:
        runs /= execution.shard[1]
    else:
        analysis = analysis_seconds(design, clock=clock)
    if execution.cluster is None:
        check_limit(design, runs + analysis, execution.time_limit)
    where = "on this machine alone" if execution.cluster else "here"
    then = f", then the analysis, about {duration(analysis)}" if analysis else ""
    return f"The runs take about {duration(runs)} {where}{then}."


def runs_seconds(
    design: Design, execution: Execution | None = None, *, clock: Clock = time.perf_counter
) -> float:
    """Wall time of the runs in seconds; almost 0 for a test function."""
    if design.function is not None:
        return 0.0
    header = design.study.header
    units = [sampler.draw(header.samples, header.seed) for sampler, _ in design.samplers]
    work = DesignRuns.of(design, [(unit, 0) for unit in units])
    if work.plan is None:
        return 0.0
    here = Execution(threads=None if execution is None else execution.threads)
    return probe.seconds(work.plan, lambda part: execute(part, here, work.collect), clock=clock)


def analysis_seconds(design: Design, *, clock: Clock = time.perf_counter) -> float:
    """Wall time of the analysis in seconds, which is linear in the size of the sample."""
    samples = design.study.header.samples
    seconds = 0.0
    for sampler, methods in design.samplers:
        for method in methods:
            small = min(samples, max(method.least, SAMPLES))
            large = min(samples, 4 * small)
            _analyse(design, sampler, method, small, 2)  # loads the analyser
            one = _timed(design, sampler, method, small, clock)
            if large > small:
                more = _timed(design, sampler, method, large, clock) - one
                one += max(0.0, more) * (samples - small) / (large - small)
            seconds += PREFIXES * one * len(labels_of(design.study))
    return seconds


def _timed(design: Design, sampler: Sampler, method: Method, samples: int, clock: Clock) -> float:
    begun = clock()
    _analyse(design, sampler, method, samples, RESAMPLES)
    return clock() - begun


def _analyse(
    design: Design, sampler: Sampler, method: Method, samples: int, resamples: int
) -> None:
    """Analyse made-up outcomes, which are a sum of the factors and chance."""
    study = design.study
    unit = sampler.draw(samples, study.seed)
    chance = np.random.default_rng(1).normal(size=(len(unit), replicates_of(study)))
    indices_of(
        method, sampler, unit, unit.sum(axis=1, keepdims=True) + chance,
        stochastic=is_stochastic(study), common=study.header.random_numbers == "common", seed=1,
        resamples=resamples,
    )  # fmt: skip


def check_limit(design: Design, seconds: float, minutes: float | None = None) -> None:
    """Refuse a study that would take longer than ``minutes`` or, without them, its file's limit.

    Raises:
        StudyError: the estimate is above the limit; the message names what would fit.
    """
    header = design.study.header
    minutes = header.time_limit_minutes if minutes is None else minutes
    if minutes is None or seconds <= 60.0 * minutes:
        return
    share = 60.0 * minutes / seconds
    fits = []
    least = max(method.least for _, methods in design.samplers for method in methods)
    if header.samples * share >= max(1, least):
        fits.append(f"samples: {1 << (int(header.samples * share).bit_length() - 1)}")
    if is_stochastic(design.study) and int(header.replicates * share) >= 2:
        fits.append(f"replicates: {int(header.replicates * share)}")
    fits.append(f"a limit of {duration(1.2 * seconds)}")
    raise design.study.error(
        ("time_limit_minutes",),
        f"the study is too large for the time given: {count(design.runs, 'run')} take about "
        f"{duration(seconds)} here, the limit is {duration(60.0 * minutes)}",
        allowed="what would fit: " + ", or ".join(fits),
    )
