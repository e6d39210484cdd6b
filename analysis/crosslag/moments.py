"""The likelihood of incomplete multivariate normal data, from sums over missing patterns.

Persons with the same variables observed share one set of sufficient statistics. Everything is a
function of the moments alone (mean ``mu``, covariance ``sigma``); models reach it through the
Jacobian of their moments. Stacked moments are ``(mu, vech(sigma))``, see :mod:`crosslag.ram`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from crosslag._types import Bool, Float, Int
from crosslag.ram import vech_indices

__all__ = ["Evaluation", "PatternMoments", "evaluate", "group_patterns"]


@dataclass(frozen=True, slots=True, eq=False)
class PatternMoments:
    """Sufficient statistics of R missing patterns over p variables; 0 where not observed.

    Attributes
    ----------
    observed
        Which variables a pattern has, (R, p).
    count
        Persons of the pattern (or their summed weights), (R,).
    mean, scatter
        Mean, (R, p), and centred covariance (divisor n), (R, p, p), within the pattern.
    persons
        Values of the persons sorted by pattern, (n, p).
    starts
        Where each pattern begins in ``persons``, (R + 1,).
    order
        The position in the data of each row of ``persons``, (n,).
    """

    observed: Bool
    count: Float
    mean: Float
    scatter: Float
    persons: Float
    starts: Int
    order: Int

    @property
    def n(self) -> float:
        """Number of persons."""
        return float(self.count.sum())

    @property
    def p(self) -> int:
        """Number of variables."""
        return int(self.observed.shape[1])

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.observed.all())


def group_patterns(values: Float) -> PatternMoments:
    """Group persons by missing pattern.

    Parameters
    ----------
    values
        Persons by variables, (n, p), with NaN where not observed; no row may be all NaN.
    """
    present = ~np.isnan(values)
    packed = np.packbits(present, axis=1)
    _, first, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    pattern = pattern.reshape(-1)
    order = np.argsort(pattern, kind="stable")
    persons = np.where(present, values, 0.0)[order]
    count = np.bincount(pattern)
    starts = np.concatenate([[0], np.cumsum(count)])
    observed = present[first]
    mean = np.add.reduceat(persons, starts[:-1], axis=0) / count[:, None]
    scatter = np.empty((len(count), values.shape[1], values.shape[1]))
    for r, (begin, end) in enumerate(pairwise(starts.tolist())):
        deviation = (persons[begin:end] - mean[r]) * observed[r]
        scatter[r] = deviation.T @ deviation / count[r]
    return PatternMoments(observed, count.astype(np.float64), mean, scatter, persons, starts, order)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The likelihood at one pair of moments, and what its derivatives are made of.

    ``precision`` holds each pattern's inverse covariance, (R, p, p), 0 where not observed;
    ``error`` the precision times the deviation of the pattern's mean, (R, p); ``weighted`` the
    precision times the pattern's second moment about ``mu``, times the precision.
    """

    data: PatternMoments
    mu: Float
    sigma: Float
    logl: float
    precision: Float
    error: Float
    weighted: Float

    def gradient_parts(self) -> tuple[Float, Float]:
        """Differentiate the log-likelihood by mu, (p,), and by sigma as a full matrix, (p, p)."""
        n = self.data.count
        g_mu = n @ self.error
        g_sigma = 0.5 * np.tensordot(n, self.weighted - self.precision, axes=1)
        return g_mu, g_sigma

    def gradient(self) -> Float:
        """Differentiate the log-likelihood by the stacked moments."""
        g_mu, g_sigma = self.gradient_parts()
        rows, columns = vech_indices(self.data.p)
        return np.concatenate([g_mu, g_sigma[rows, columns] * _multiplicity(self.data.p)])

    def expected_information(self) -> Float:
        """Fisher information of the stacked moments, given which values are missing."""
        p, n = self.data.p, self.data.count
        rows, columns = vech_indices(p)
        stacked = self.precision[:, rows, columns]
        information = np.zeros((p + len(rows), p + len(rows)))
        information[:p, :p] = np.tensordot(n, self.precision, axes=1)
        products = (stacked * n[:, None]).T @ stacked
        information[p:, p:] = _pair_up(products, p) * 0.5
        return information

    def observed_information(self) -> Float:
        """Negative Hessian of the log-likelihood in the stacked moments."""
        p, n = self.data.p, self.data.count
        rows, columns = vech_indices(p)
        weight = _multiplicity(p)
        stacked = self.precision[:, rows, columns]
        by_count = stacked * n[:, None]
        excess = (self.weighted - 0.5 * self.precision)[:, rows, columns]
        products = by_count.T @ excess
        information = np.zeros((p + len(rows), p + len(rows)))
        information[:p, :p] = np.tensordot(n, self.precision, axes=1)
        information[p:, p:] = _pair_up((products + products.T) * 0.5, p)
        cross = by_count.T @ self.error
        index = _vech_position(p)
        mu_sigma = cross[index[:, rows], columns] + cross[index[:, columns], rows]
        mu_sigma *= 0.5 * weight
        information[:p, p:] = mu_sigma
        information[p:, :p] = mu_sigma.T
        return information

    def scores(self) -> Float:
        """Differentiate each person's log-likelihood by the stacked moments.

        Returns
        -------
        ndarray
            (n, p + p(p+1)/2), rows in the order of ``data.persons``.
        """
        data, p = self.data, self.data.p
        rows, columns = vech_indices(p)
        scores = np.empty((len(data.persons), p + len(rows)))
        for r, (begin, end) in enumerate(pairwise(data.starts.tolist())):
            error = (data.persons[begin:end] - self.mu) @ self.precision[r]
            scores[begin:end, :p] = error
            scores[begin:end, p:] = error[:, rows] * error[:, columns]
            scores[begin:end, p:] -= self.precision[r, rows, columns]
        scores[:, p:] *= 0.5 * _multiplicity(p)
        return scores


def evaluate(data: PatternMoments, mu: Float, sigma: Float) -> Evaluation:
    """Compute the log-likelihood, -n/2 log(2 pi) included, and prepare its derivatives.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a pattern's covariance is not positive definite.
    """
    seen = data.observed
    both = seen[:, :, None] & seen[:, None, :]
    # Ones on the diagonal stand in for what is missing: every block can be inverted in one call.
    stand_in = np.where(seen, 0.0, 1.0)[:, :, None] * np.eye(data.p)
    padded = np.where(both, sigma, 0.0) + stand_in
    factor = np.linalg.cholesky(padded)
    log_determinant = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    precision = np.linalg.inv(padded) - stand_in
    deviation = np.where(seen, data.mean - mu, 0.0)
    error = np.einsum("rij,rj->ri", precision, deviation)
    within = precision @ data.scatter
    quadratic = np.einsum("rii->r", within) + (error * deviation).sum(axis=1)
    weighted = within @ precision + error[:, :, None] * error[:, None, :]
    values = float(data.count @ seen.sum(axis=1))
    logl = -0.5 * (data.count @ (log_determinant + quadratic) + values * np.log(2 * np.pi))
    return Evaluation(data, mu, sigma, float(logl), precision, error, weighted)


@lru_cache(maxsize=64)
def _multiplicity(p: int) -> Float:
    """How often each element of vech stands in the full matrix."""
    rows, columns = vech_indices(p)
    return np.where(rows == columns, 1.0, 2.0)


@lru_cache(maxsize=64)
def _vech_position(p: int) -> Int:
    """Where element (i, j) of a symmetric matrix stands in vech: (p, p)."""
    rows, columns = vech_indices(p)
    position = np.empty((p, p), dtype=np.int64)
    position[rows, columns] = position[columns, rows] = np.arange(len(rows))
    return position


@lru_cache(maxsize=16)
def _pairs(p: int) -> tuple[Int, Int, Int, Int, Float]:
    rows, columns = vech_indices(p)
    position, weight = _vech_position(p), _multiplicity(p)
    ac, bd = position[np.ix_(rows, rows)], position[np.ix_(columns, columns)]
    ad, bc = position[np.ix_(rows, columns)], position[np.ix_(columns, rows)]
    return ac, bd, ad, bc, np.outer(weight, weight) * 0.5


def _pair_up(products: Float, p: int) -> Float:
    """Turn sums of vech(P) vech(Q)' into the matrix of tr(dS_k P dS_l Q) over elements of vech.

    ``products`` must be symmetric, (p(p+1)/2, p(p+1)/2).
    """
    ac, bd, ad, bc, weight = _pairs(p)
    return weight * (products[ac, bd] + products[ad, bc])
