"""The likelihood of incomplete multivariate normal data, from sums over missing patterns.

Persons with the same variables observed share one set of sufficient statistics. Everything is a
function of the moments alone (mean ``mu``, covariance ``sigma``); models reach it through the
Jacobian of their moments. Stacked moments are ``(mu, vech(sigma))``, see :mod:`crosslag.ram`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from crosslag._types import Bool, Float, Int
from crosslag.precision import InversionPlan, inversion_plan, precisions
from crosslag.ram import vech_indices
from crosslag.stacking import multiplicity, pair_up, vech, vech_position

__all__ = [
    "Evaluation",
    "PatternMoments",
    "evaluate",
    "group_patterns",
    "pooled",
    "reweighted",
    "weighted_sum",
]

_CHUNK = 4096  # persons whose scores are held at once


@dataclass(frozen=True, eq=False)
class PatternMoments:
    """Sufficient statistics of R missing patterns over p variables; 0 where not observed.

    Patterns are ordered by the number of variables they lack.

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
    clusters
        The cluster of each row of ``persons``, (n,), numbered from 0; None where persons are
        independent.
    """

    observed: Bool
    count: Float
    mean: Float
    scatter: Float
    persons: Float
    starts: Int
    order: Int
    clusters: Int | None = None

    @property
    def n(self) -> float:
        """Number of persons."""
        return float(self.count.sum())

    @property
    def n_clusters(self) -> int:
        """Number of clusters; 0 where persons are independent."""
        return 0 if self.clusters is None else int(self.clusters.max()) + 1

    @property
    def p(self) -> int:
        """Number of variables."""
        return int(self.observed.shape[1])

    @cached_property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.observed.all())

    @cached_property
    def plan(self) -> InversionPlan:
        """How to invert the patterns' covariance matrices."""
        return inversion_plan(self.observed)

    @cached_property
    def several(self) -> Int:
        """The patterns that have any scatter."""
        return np.flatnonzero(self.scatter.any(axis=(1, 2)))

    @cached_property
    def pattern(self) -> Int:
        """The pattern of each row of ``persons``, (n,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    @cached_property
    def centred_products(self) -> Float:
        """Deviations from the pattern's mean and their products, (n, p + p(p+1)/2)."""
        p = self.p
        rows, columns = vech_indices(p)
        deviation = (self.persons - self.mean[self.pattern]) * self.observed[self.pattern]
        products = np.empty((len(deviation), p + len(rows)))
        products[:, :p] = deviation
        np.multiply(deviation[:, rows], deviation[:, columns], out=products[:, p:])
        return products


def group_patterns(values: Float, clusters: Int | None = None) -> PatternMoments:
    """Group persons by missing pattern.

    Parameters
    ----------
    values
        Persons by variables, (n, p), with NaN where not observed; no row may be all NaN.
    clusters
        The cluster of each person, (n,), numbered from 0.
    """
    present = ~np.isnan(values)
    if present.all():
        return _without_gaps(values, clusters)
    keys = _keys(present)
    order = np.lexsort((keys, -present.sum(axis=1)))
    in_order = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], in_order[1:] != in_order[:-1]]))
    starts = np.concatenate([begins, [len(values)]]).astype(np.int64)
    persons = np.where(present, values, 0.0)[order]
    observed = present[order[begins]]
    moments = _pattern_moments(observed, starts, persons)
    return PatternMoments(
        observed, *moments, persons, starts, order, None if clusters is None else clusters[order]
    )


def reweighted(data: PatternMoments, weights: Float) -> PatternMoments:
    """Count every person ``weights`` times, (n,) in the order of ``data.persons``.

    Patterns that nobody is left in are left out, and so are the persons' values.
    """
    p = data.p
    begins = data.starts[:-1]
    count = np.add.reduceat(weights, begins)
    sums = np.add.reduceat(data.centred_products * weights[:, None], begins, axis=0)
    kept = count > 0
    count = count[kept]
    sums = sums[kept] / count[:, None]
    shift = sums[:, :p]
    scatter = sums[:, p:][:, vech_position(p)] - shift[:, :, None] * shift[:, None, :]
    mean = data.mean[kept] + shift
    none = np.zeros(0, dtype=np.int64)
    again = PatternMoments(data.observed[kept], count, mean, scatter, np.zeros((0, p)), none, none)
    again.__dict__["plan"] = data.plan.only(kept)
    return again


def pooled(mean: Float, covariance: Float, n: float) -> PatternMoments:
    """Make the sufficient statistics of ``n`` persons without gaps from their moments."""
    none = np.zeros(0, dtype=np.int64)
    nobody = np.zeros((0, len(mean))), np.zeros(2, dtype=np.int64), none
    return _one_pattern(mean, covariance, n, *nobody, None)


def _without_gaps(values: Float, clusters: Int | None) -> PatternMoments:
    n = len(values)
    mean = values.mean(axis=0)
    deviation = values - mean
    starts, order = np.array([0, n]), np.arange(n)
    return _one_pattern(mean, deviation.T @ deviation / n, n, values, starts, order, clusters)


def _one_pattern(
    mean: Float,
    covariance: Float,
    n: float,
    persons: Float,
    starts: Int,
    order: Int,
    clusters: Int | None,
) -> PatternMoments:
    observed = np.ones((1, len(mean)), dtype=np.bool_)
    count = np.array([float(n)])
    return PatternMoments(
        observed, count, mean[None], covariance[None], persons, starts, order, clusters
    )


def _keys(present: Bool) -> Int:
    """Number the patterns of rows, (n, p), so that equal rows have equal numbers."""
    if present.shape[1] <= 62:
        return present @ (np.int64(1) << np.arange(present.shape[1], dtype=np.int64))
    packed = np.packbits(present, axis=1)
    return np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _pattern_moments(observed: Bool, starts: Int, persons: Float) -> tuple[Float, Float, Float]:
    """Counts, (R,), means, (R, p), and covariances, (R, p, p), of persons sorted by pattern."""
    begins, p = starts[:-1], persons.shape[1]
    count = np.diff(starts).astype(np.float64)
    mean = np.add.reduceat(persons, begins, axis=0) / count[:, None]
    pattern = np.repeat(np.arange(len(begins)), np.diff(starts))
    deviation = (persons - mean[pattern]) * observed[pattern]
    scatter = np.empty((len(begins), p, p))
    for i in range(p):
        products = np.add.reduceat(deviation[:, i, None] * deviation[:, : i + 1], begins, axis=0)
        scatter[:, i, : i + 1] = products / count[:, None]
        scatter[:, : i + 1, i] = scatter[:, i, : i + 1]
    return count, mean, scatter


@dataclass(frozen=True, eq=False)
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
        g_sigma = 0.5 * weighted_sum(n, self.weighted - self.precision)
        return g_mu, g_sigma

    def gradient(self) -> Float:
        """Differentiate the log-likelihood by the stacked moments."""
        g_mu, g_sigma = self.gradient_parts()
        rows, columns = vech_indices(self.data.p)
        return np.concatenate([g_mu, g_sigma[rows, columns] * multiplicity(self.data.p)])

    def expected_information(self) -> Float:
        """Fisher information of the stacked moments, given which values are missing."""
        p, n = self.data.p, self.data.count
        stacked = vech(self.precision)
        information = np.zeros((p + stacked.shape[1], p + stacked.shape[1]))
        information[:p, :p] = weighted_sum(n, self.precision)
        products = (stacked * n[:, None]).T @ stacked
        information[p:, p:] = pair_up(products, p) * 0.5
        return information

    def observed_information(self) -> Float:
        """Negative Hessian of the log-likelihood in the stacked moments."""
        return self._observed_information

    @cached_property
    def _observed_information(self) -> Float:
        p, n = self.data.p, self.data.count
        rows, columns = vech_indices(p)
        weight = multiplicity(p)
        stacked = vech(self.precision)
        by_count = stacked * n[:, None]
        excess = vech(self.weighted) - 0.5 * stacked
        products = by_count.T @ excess
        information = np.zeros((p + len(rows), p + len(rows)))
        information[:p, :p] = weighted_sum(n, self.precision)
        information[p:, p:] = pair_up((products + products.T) * 0.5, p)
        cross = by_count.T @ self.error
        index = vech_position(p)
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
        return np.concatenate([part for _, part in self._score_chunks()])

    @cached_property
    def score_products(self) -> Float:
        """Sum of the outer products of the scores of persons, or of J clusters of persons.

        Square, one row per stacked moment. That of clusters is multiplied by J / (J - 1).
        """
        clusters = self.data.clusters
        p = self.data.p
        m = p + p * (p + 1) // 2
        if clusters is None:
            total = np.zeros((m, m))
            for _, scores in self._score_chunks():
                total += scores.T @ scores
            return total
        sums = np.zeros((int(clusters.max()) + 1, m))
        for rows, scores in self._score_chunks():
            np.add.at(sums, clusters[rows], scores)
        return np.asarray(sums.T @ sums) * (len(sums) / (len(sums) - 1))

    def _score_chunks(self) -> Iterator[tuple[slice, Float]]:
        data, p = self.data, self.data.p
        rows, columns = vech_indices(p)
        stacked = vech(self.precision)
        weight = 0.5 * multiplicity(p)
        for begin in range(0, len(data.persons), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            pattern = data.pattern[part]
            scores = np.empty((len(pattern), p + len(rows)))
            error = _times(data.persons[part] - self.mu, self.precision, pattern)
            scores[:, :p] = error
            products = scores[:, p:]
            np.multiply(error[:, rows], error[:, columns], out=products)
            products -= stacked[pattern]
            products *= weight
            yield part, scores


def evaluate(data: PatternMoments, mu: Float, sigma: Float) -> Evaluation:
    """Compute the log-likelihood, -n/2 log(2 pi) included, and prepare its derivatives.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a pattern's covariance is not positive definite.
    """
    seen = data.observed
    precision, log_determinant = precisions(data.plan, sigma)
    deviation = np.where(seen, data.mean - mu, 0.0)
    error = (precision @ deviation[:, :, None])[:, :, 0]
    quadratic = (error * deviation).sum(axis=1)
    weighted = error[:, :, None] * error[:, None, :]
    several = data.several
    by_several = precision[several]
    within = by_several @ data.scatter[several]
    quadratic[several] += within.trace(axis1=1, axis2=2)
    weighted[several] += within @ by_several
    values = float(data.count @ seen.sum(axis=1))
    logl = -0.5 * (data.count @ (log_determinant + quadratic) + values * np.log(2 * np.pi))
    return Evaluation(data, mu, sigma, float(logl), precision, error, weighted)


def _times(rows: Float, matrices: Float, which: Int) -> Float:
    """Multiply each row, (n, p), by its matrix; ``which`` are sorted positions among (R, p, p)."""
    first, last = int(which[0]), int(which[-1])
    if len(rows) < 16 * (last - first + 1):
        return np.asarray((rows[:, None, :] @ matrices[which])[:, 0])
    begins = np.searchsorted(which, np.arange(first, last + 2)).tolist()
    parts = (
        rows[begin:end] @ matrices[first + i] for i, (begin, end) in enumerate(pairwise(begins))
    )
    return np.concatenate(list(parts))


def weighted_sum(weights: Float, matrices: Float) -> Float:
    """Sum matrices, (R, p, p), by weights, (R,): (p, p)."""
    return np.asarray((weights @ matrices.reshape(len(weights), -1)).reshape(matrices.shape[1:]))
