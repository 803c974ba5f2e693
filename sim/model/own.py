"""A user's own outcomes: :func:`declared` reads them, :func:`measured` takes them from a model.

An own outcome is a function of the model, which is called at the end of every week from week 0 on:

    def burnout(model):
        return sum(person.workload > 0.9 for person in model.staff) / len(model.staff)

    CoCreationModel("source", outcomes={"burnout": burnout})

The function returns one number for all regions together, or one number for each region, in their
order, which are joined as :class:`~sim.core.outcomes.Outcome` says. In place of a function, an
``Outcome`` with the function as its formula declares unit, meaning, bounds and better direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.errors import InputError, Problem
from sim.core.outcomes import NAMES, Outcome

if TYPE_CHECKING:
    from sim.model.week import CoCreationModel


def declared(outcomes: Any) -> dict[str, Outcome]:
    """A user's own outcomes by name, each with its function as ``formula``.

    A plain function is a level without unit, bounds or better direction; the first line of its
    docstring is the meaning.

    Args:
        outcomes: name -> a function of the model, or an Outcome.

    Raises:
        InputError: some outcomes cannot be used, all of which are listed.

    >>> def crowd(model):
    ...     "people in all regions"
    ...     return len(model.staff)
    >>> found = declared({"crowd": crowd})["crowd"]
    >>> found.meaning, found.better
    ('people in all regions', 'neither')
    >>> declared({"trust": crowd})
    Traceback (most recent call last):
    sim.core.errors.InputError: outcomes: 'trust' is an outcome of the model already; allowed: \
another name
    """
    if not isinstance(outcomes, Mapping):
        raise InputError(
            f"{outcomes!r} does not declare outcomes", "outcomes", outcomes,
            "a mapping from names to functions of the model",
        )  # fmt: skip
    problems = [one for name, given in outcomes.items() for one in _problems(name, given)]
    if problems:
        raise InputError(problems)
    return {name: _outcome(name, given) for name, given in outcomes.items()}


def _problems(name: Any, given: Any) -> list[Problem]:
    """The mistakes in one own outcome."""
    if not isinstance(name, str) or not name.isidentifier():
        return [Problem(f"{name!r} is not a name", "outcomes", name, "letters, digits and _")]
    if name in NAMES:
        return [Problem(f"{name!r} is an outcome of the model already", "outcomes", name,
                        "another name")]  # fmt: skip
    where = f"outcomes.{name}"
    if not isinstance(given, Outcome):
        return [] if callable(given) else [Problem(f"{given!r} is not a function", where, given)]
    found = []
    if given.name != name:
        found.append(Problem(f"declares the outcome {given.name!r}", where, given.name, name))
    if not callable(given.formula):
        found.append(Problem(f"{given.formula!r} is not a function", where, given.formula))
    if given.kind not in ("level", "total", "rate"):
        found.append(Problem(f"{given.kind!r} is not a kind", where, given.kind, "level, total"))
    if given.better not in ("more", "less", "neither"):
        found.append(Problem(f"{given.better!r} does not say what is better", where, given.better,
                             "more, less, neither"))  # fmt: skip
    if given.kind == "rate":
        found.append(Problem("a rate cannot be added up from weeks", where, "rate",
                             "level, total"))  # fmt: skip
    return found


def _outcome(name: str, given: Any) -> Outcome:
    if isinstance(given, Outcome):
        return given
    meaning = (given.__doc__ or "").strip().partition("\n")[0] or name.replace("_", " ")
    return Outcome(name, "", meaning, given, low=-math.inf, high=None, better="neither")


def measured(model: CoCreationModel, outcomes: Sequence[Outcome]) -> np.ndarray:
    """This week's values, float64 (regions + 1, outcomes), all regions together last; NaN for
    single regions where an outcome is one number.

    Raises:
        InputError: a function returns neither one number nor one for each region, or a value
            outside its declared bounds.
        RuntimeError: a function fails; the message names the outcome.
    """
    values = np.full((len(model.regions) + 1, len(outcomes)), np.nan)
    for column, one in enumerate(outcomes):
        values[:, column] = _value(model, one)
    return values


def _value(model: CoCreationModel, one: Outcome) -> np.ndarray:
    try:
        given = one.formula(model)  # type: ignore[call-arg,operator]
    except Exception as error:
        said = f"outcomes.{one.name}: {type(error).__name__}: {error}"
        raise RuntimeError(said) from error
    count = len(model.regions)
    try:
        if given is None:  # a function without a return
            raise TypeError
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty((0,))
    if found.shape not in ((), (count,)):
        raise _broken(
            model, one, f"gives {given!r}", f"one number, or one for each region ({count})"
        )
    if not found.shape:
        _check_bounds(model, one, found, whole=True)
        return np.array([*([math.nan] * count), float(found)])
    _check_bounds(model, one, found, whole=False)
    known = found[~np.isnan(found)]
    joined = math.fsum(known) / (1 if one.overall == "sum" else max(1, len(known)))
    return np.array([*found, joined if len(known) else math.nan])


def _check_bounds(model: CoCreationModel, one: Outcome, found: np.ndarray, *, whole: bool) -> None:
    """Check values against the declared bounds, which hold for one region."""
    low = one.low
    high = math.inf if one.high is None or (whole and one.overall == "sum") else one.high
    wrong = np.isinf(found) | (found < low) | (found > high)
    if wrong.any():
        value = float(np.atleast_1d(found)[np.atleast_1d(wrong)][0])
        raise _broken(model, one, f"is {value:g}", f"{low:g}..{high:g}")


def _broken(model: CoCreationModel, one: Outcome, what: str, allowed: str) -> InputError:
    return InputError(f"{what} in week {model.week}", f"outcomes.{one.name}", allowed=allowed)
