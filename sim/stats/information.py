"""Value of information for a choice between plans: :func:`perfect` (EVPI) and :func:`partial`
(EVPPI).

A plan is chosen by its mean benefit over plausible sets. With perfect or partial knowledge of the
parameters, another plan would sometimes be chosen. The value of information is the average gain, in
the unit of the benefit; it is 0 where no possible finding changes the choice. With B_d the benefit
of plan d and X what is learnt (a parameter, a group, data that were simulated from each set),

    value = E_X max_d E[B_d | X] - max_d E[B_d].

The inner expectation is a regression of the benefit on X over the sets, which also averages chance
out. Source: Strong, Oakley & Brennan 2014, Med Decis Making 34(3) 311-326, doi
10.1177/0272989X13505910; for data, Strong, Oakley, Brennan & Breeze 2015, Med Decis Making 35(5)
570-583, doi 10.1177/0272989X15575286. Here the regression is a penalised polynomial in place of
their splines: a line, a cubic, or a cubic with products of pairs, whichever predicts best by
generalised cross-validation. It assumes that the benefit is a smooth function of X.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.stats.components import shrunk

LEAST_SETS = 30
"""With fewer sets, no regression is fitted."""
DRAWS = 400
"""Number of draws of regression coefficients for a standard error."""
MOST_PAIRS = 12
"""Most quantities for which products of pairs enter the regression."""
_PENALTIES = np.logspace(-4, 6, 21)


@dataclass(frozen=True, slots=True)
class Worth:
    """The value of information.

    Attributes:
        value: gain in the mean benefit of the chosen plan, 0 or more; NaN: not known.
        se: the standard error of the value.
    """

    value: float
    se: float


_UNKNOWN = Worth(float("nan"), float("nan"))


def perfect(gaps: np.ndarray, chance: np.ndarray) -> Worth:
    """The value of knowing every parameter, chance averaged out.

    Args:
        gaps: float64 (sets, other plans), mean benefit of every other plan minus that of the first.
        chance: float64 (other plans,), variance that chance adds to each of these means.

    >>> found = perfect(np.array([[-1.0], [3.0]]), np.zeros(1))
    >>> found.value  # the other plan is chosen, and is the wrong one in the first set
    0.5
    """
    if len(gaps) < 2 or not np.isfinite(gaps).all():
        return _UNKNOWN
    told = np.column_stack([shrunk(one, var) for one, var in zip(gaps.T, chance, strict=True)])
    gained = _gained(told[None])[0]
    return Worth(float(gained.mean()), float(gained.std(ddof=1) / np.sqrt(len(gained))))


def partial(gaps: np.ndarray, known: np.ndarray) -> Worth:
    """The value of knowing some quantities.

    Args:
        gaps: float64 (sets, other plans), benefit of every other plan minus that of the first,
            chance included.
        known: float64 (sets, quantities), what would be learnt if each set were true: values of
            parameters, or data that were simulated from the set.

    Returns:
        The value at the fitted regression. Its standard error joins those of the coefficients and
        of the sets, and the distance of the value from its mean over draws of the coefficients. It
        is never less than that of a line without penalty, since a penalty can hide real value.

    >>> x = np.linspace(-1.0, 1.0, 400)[:, None]
    >>> found = partial(x, x)  # the other plan is better by -1..1, and will be known to be
    >>> round(found.value, 2)  # half the time it is worth 1/2 to change to it
    0.25
    """
    if len(gaps) < LEAST_SETS or not np.isfinite(gaps).all() or not np.isfinite(known).all():
        return _UNKNOWN
    bases = _bases(known)
    if not bases:
        return Worth(0.0, 0.0)
    fitted, drawn = _regression(bases, gaps)
    gained = _gained(fitted[None])[0]
    worths = _worths(drawn)
    of_sets = gained.std(ddof=1) / np.sqrt(len(gained))
    error = np.linalg.norm([worths.std(ddof=1), of_sets, worths.mean() - gained.mean()])
    least = _worths(_drawn_lines(bases[0], gaps)).std(ddof=1)
    return Worth(float(gained.mean()), float(max(error, least)))


def _worths(drawn: np.ndarray) -> np.ndarray:
    """The value at each draw of the regression, (draws,)."""
    return _gained(drawn).mean(axis=1)


def _gained(gaps: np.ndarray) -> np.ndarray:
    """The gain of each set's best plan over the plan that is best on average, (draws, sets), from
    draws (draws, sets, other plans)."""
    draws, sets, others = gaps.shape
    best = most = np.zeros((draws, sets))  # the first plan, which is ahead of itself by nothing
    ahead = np.zeros(draws)
    for other in range(others):
        benefit = gaps[:, :, other]
        mean = benefit.mean(axis=1)
        best = np.where((mean > ahead)[:, None], benefit, best)
        ahead = np.maximum(ahead, mean)
        most = np.maximum(most, benefit)
    return most - best


def _bases(known: np.ndarray) -> list[np.ndarray]:
    """Terms (sets, terms) of a line, of a cubic, and of a cubic with products of pairs, in all
    quantities that vary; each term has mean 0 and SD 1."""
    x = known[:, np.ptp(known, axis=0) > 0]
    if not x.shape[1]:
        return []
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    terms = [x, np.column_stack([x, x**2, x**3])]
    if 1 < x.shape[1] <= MOST_PAIRS:
        first, second = np.triu_indices(x.shape[1], 1)
        terms.append(np.column_stack([terms[-1], x[:, first] * x[:, second]]))
    return [_scaled(one) for one in terms]


def _scaled(terms: np.ndarray) -> np.ndarray:
    spread = terms.std(axis=0)
    kept = spread > 1e-9
    return (terms[:, kept] - terms[:, kept].mean(axis=0)) / spread[kept]


def _regression(bases: list[np.ndarray], gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression with the basis and penalty that cross-validation selects.

    Returns:
        Fitted values (sets, other plans); the same for :data:`DRAWS` coefficients drawn from their
        posterior.
    """
    sets, middle = len(gaps), gaps.mean(axis=0)
    around = gaps - middle
    whole = np.maximum((around**2).sum(axis=0), 1e-300)
    best: tuple[float, np.ndarray, np.ndarray] = (np.inf, np.zeros((sets, 0)), np.zeros(0))
    for basis in bases:
        left, scale, _ = np.linalg.svd(basis, full_matrices=False)
        squares = (left.T @ around) ** 2
        for penalty in _PENALTIES:
            kept = scale**2 / (scale**2 + penalty)
            free = sets - 1.0 - kept.sum()
            if free > 1.0:
                residual = whole - ((2.0 - kept) * kept) @ squares
                best = min(best, (float((residual / whole).sum() / free**2), left, kept),
                           key=lambda one: one[0])  # fmt: skip
    _, left, kept = best
    seen = left.T @ around
    errors = around - left @ (kept[:, None] * seen)
    root = _root(errors, sets - 1.0 - kept.sum())
    noise = np.random.default_rng(0).standard_normal((DRAWS, len(seen), len(root))) @ root.T
    drawn = left @ (kept[:, None] * seen + np.sqrt(kept)[:, None] * noise)
    mean_error = np.random.default_rng(1).standard_normal((DRAWS, 1, len(root))) @ root.T
    return middle + left @ (kept[:, None] * seen), middle + drawn + mean_error / np.sqrt(sets)


def _drawn_lines(line: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Draws (draws, sets, other plans) of a least-squares line in every quantity; only of the mean
    where there are too few sets for so many quantities."""
    sets, middle = len(gaps), gaps.mean(axis=0)
    if 2 * line.shape[1] >= sets:
        return np.broadcast_to(middle, (DRAWS, *gaps.shape))
    left = np.linalg.svd(line, full_matrices=False)[0]
    seen = left.T @ (gaps - middle)
    root = _root(gaps - middle - left @ seen, sets - 1.0 - left.shape[1])
    noise = np.random.default_rng(0).standard_normal((DRAWS, *seen.shape)) @ root.T
    return middle + left @ (seen + noise)


def _root(errors: np.ndarray, free: float) -> np.ndarray:
    """Cholesky root of the covariance of residuals."""
    covariance = errors.T @ errors / free
    floor = 1e-12 * np.trace(covariance) + 1e-300
    return np.linalg.cholesky(covariance + floor * np.eye(len(covariance)))
