"""The only module that imports Mesa: its classes, :func:`seed_of` and :func:`iteration`.

:func:`seed_of` reads the arguments ``seed`` and ``rng``; :func:`iteration` gives the number of an
iteration in Mesa's ``batch_run``.

Importing Mesa 3.3 sets the start method of multiprocessing for the whole process, which would
change how a user's own workers start. This module restores the method.
"""

from __future__ import annotations

import multiprocessing
import sys
from typing import Any

import numpy as np

from sim.core.errors import InputError
from sim.core.whole import MAX_SEED, check_seed

_method = multiprocessing.get_start_method(allow_none=True)

import mesa  # noqa: E402

if multiprocessing.get_start_method(allow_none=True) != _method:
    multiprocessing.set_start_method(_method, force=True)  # type: ignore[arg-type]

Agent = mesa.Agent
Model = mesa.Model
DataCollector = mesa.DataCollector
VERSION: str = mesa.__version__

__all__ = ["VERSION", "Agent", "DataCollector", "Model", "iteration", "own_seed", "seed_of"]


def seed_of(seed: Any, rng: Any, usual: int) -> int:
    """The seed of a model made with ``seed`` or ``rng``, as users of Mesa and NumPy give them.

    Args:
        seed, rng: at most one of them: a whole number, or what :func:`numpy.random.default_rng`
            takes. A generator is drawn from once, so that a second model made with it differs.
        usual: the seed where both are left out.

    Raises:
        InputError: both are given, or one is no seed.

    >>> seed_of(None, np.int64(3), usual=1), seed_of(None, None, usual=1)
    (3, 1)
    """
    if seed is not None and rng is not None:
        raise InputError("is given together with 'seed'", "rng", rng, "one of the two")
    field, given = ("seed", seed) if rng is None else ("rng", rng)
    if given is None:
        return usual
    sources = (np.random.Generator, np.random.BitGenerator, np.random.SeedSequence, list, tuple)
    if not isinstance(given, sources):
        try:
            return check_seed(given)
        except InputError as error:
            known = f"{error.problem.allowed}, or a numpy.random.Generator"
            raise InputError(error.problem.message, field, given, known) from None
    try:
        return int(np.random.default_rng(given).integers(MAX_SEED, endpoint=True))
    except (TypeError, ValueError):
        raise InputError(
            f"{given!r} is not a seed", field, given, "a number, or a numpy.random.Generator"
        ) from None


def own_seed(seed: int, replicate: int) -> int:
    """The seed of Mesa's own ``random`` and ``rng``, which the model does not use; it differs
    between the replicates of one seed."""
    if not replicate:
        return seed
    return int(np.random.SeedSequence((seed, replicate)).generate_state(1, np.uint64)[0] >> 1)


def iteration(seeded: bool) -> int:
    """The number of the iteration in which Mesa's ``batch_run`` makes a model; elsewhere 0.

    ``batch_run`` does not pass its iteration to the model, and equal arguments give equal runs, so
    the number is read from the local variables of ``batch_run``.

    Args:
        seeded: whether the model is given a seed. From Mesa 3.4 on, each iteration has its own seed
            (``rng`` of ``batch_run``), and the number is 0.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == "mesa.batchrunner":
            own = "rng" in frame.f_globals["batch_run"].__code__.co_varnames
            found = frame.f_locals.get("iteration")
            if isinstance(found, int):
                return 0 if seeded and own else found
        frame = frame.f_back
    return 0
