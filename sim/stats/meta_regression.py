"""Random-effects meta-regression: :func:`fit`, :func:`left_out`, :func:`mixed`.

Studies report effects y_i with sampling variances s_i^2. They are taken to be

    y_i = x_i . beta + u_i + e_i,    u_i ~ N(0, tau^2),    e_i ~ N(0, s_i^2),

with a spread tau between studies that no regressor explains. tau^2 is the generalised method of
moments (DerSimonian & Laird 1986 for one column of ones; Raudenbush 1994 for regressors, in Cooper
& Hedges, Handbook of Research Synthesis): with P = W - W X (X'WX)^-1 X'W and W = diag(1 / s_i^2),

    tau^2 = max(0, (y'Py - (n - p)) / tr P).

The last regressor may itself be an estimate (the mean of some replicates of a simulation). Its
variance v_i then enters as the effective variance s_i^2 + b^2 v_i, where b is its coefficient (York
1966), by iteration. The slope is that on the simulated mean, not on the mean of infinitely many
replicates; the two differ by the share of the regressor's variance that is chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS = 20
"""Iterations of the effective variance, which converges within a few."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A meta-regression, or a stack of them.

    Attributes:
        beta: (..., columns) coefficients, in units of y per unit of each column.
        covariance: (..., columns, columns) covariance of beta, given tau.
        tau2: (...,) variance between studies, in squared units of y.
    """

    beta: np.ndarray
    covariance: np.ndarray
    tau2: np.ndarray


def fit(x: np.ndarray, y: np.ndarray, s2: np.ndarray, v: np.ndarray | None = None) -> Fit:
    """Coefficients and spread between studies.

    Args:
        x: (..., studies, columns) regressors.
        y: (studies,) effects.
        s2: (studies,) sampling variances of the effects, above 0.
        v: (..., studies) variances of the last column of x; default: the column has no error.

    >>> one = fit(np.ones((2, 1)), np.array([0.0, 1.0]), np.array([0.25, 0.25]))
    >>> one.beta.tolist(), float(one.tau2)
    ([0.5], 0.25)
    """
    variance = np.broadcast_to(s2, x.shape[:-1])
    found = _fit(x, y, variance)
    for _ in range(ROUNDS if v is not None and np.any(v) else 0):
        before = found.beta
        found = _fit(x, y, variance + found.beta[..., -1:] ** 2 * v)
        if np.allclose(found.beta, before, rtol=1e-9, atol=0.0):
            break
    return found


def _fit(x: np.ndarray, y: np.ndarray, variance: np.ndarray) -> Fit:
    w = 1.0 / variance
    gram = _gram(x, w)
    inverse = np.linalg.pinv(gram, hermitian=True)  # also for collinear columns
    beta = _coefficients(x, y, w, inverse)
    q = (w * (y - _predicted(x, beta)) ** 2).sum(axis=-1)
    # tr P = sum of weights - tr((X'WX)^-1 X'W^2 X)
    trace = w.sum(axis=-1) - np.einsum("...jk,...nk,...n,...nj->...", inverse, x, w**2, x)
    degrees = x.shape[-2] - np.einsum("...jk,...kj->...", inverse, gram)  # minus the rank
    tau2 = np.maximum(0.0, (q - degrees) / trace)
    w = 1.0 / (variance + tau2[..., None])
    inverse = np.linalg.pinv(_gram(x, w), hermitian=True)
    return Fit(_coefficients(x, y, w, inverse), inverse, tau2)


def _gram(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """X'WX."""
    return np.einsum("...nj,...n,...nk->...jk", x, w, x)


def _coefficients(x: np.ndarray, y: np.ndarray, w: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    return np.einsum("...jk,...nk,...n,n->...j", inverse, x, w, y)


def _predicted(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return np.einsum("...nj,...j->...n", x, beta)


def left_out(
    x: np.ndarray, y: np.ndarray, s2: np.ndarray, v: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Forecast each study by a fit to all others (leave-one-out).

    The variance of a forecast is the sum of the study's sampling variance, the variance between
    studies, that of the coefficients and, by the slope, that of the last regressor.

    Args:
        x, y, s2, v: as in :func:`fit`.

    Returns:
        Means and variances of what the study would report, (..., studies) each.
    """
    mean, variance = np.empty(x.shape[:-1]), np.empty(x.shape[:-1])
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        found = fit(x[..., rest, :], y[rest], s2[rest], None if v is None else v[..., rest])
        row = x[..., i, :]
        mean[..., i] = (row * found.beta).sum(axis=-1)
        doubt = np.einsum("...j,...jk,...k->...", row, found.covariance, row)
        variance[..., i] = s2[i] + found.tau2 + doubt
        if v is not None:
            variance[..., i] += found.beta[..., -1] ** 2 * v[..., i]
    return mean, variance


def mixed(mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a mixture of equally likely forecasts, over the first axis.

    >>> mean, variance = mixed(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    >>> float(mean), float(variance)
    (1.0, 2.0)
    """
    return mean.mean(axis=0), variance.mean(axis=0) + mean.var(axis=0)


def log_score(y: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Log density of a normal forecast at the observed value; more is better.

    >>> round(float(log_score(np.array(0.0), np.array(0.0), np.array(1.0))), 3)
    -0.919
    """
    return -0.5 * (np.log(2.0 * np.pi * variance) + (y - mean) ** 2 / variance)
