"""The baseline model: all variables independent, except exogenous ones among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crosslag._types import Float, Int
from crosslag.estimate import maximise
from crosslag.inference import model_trace
from crosslag.moments import Evaluation, PatternMoments, evaluate, group_patterns
from crosslag.ram import vech_indices
from crosslag.saturated import available_moments, saturated, unstack

__all__ = ["Baseline", "baseline"]


@dataclass(frozen=True, eq=False)
class BaselineGroup:
    """One group's independence model.

    Attributes
    ----------
    mu, sigma
        Its moments, (p,) and (p, p).
    logl
        Log-likelihood.
    free
        Positions of its parameters among the stacked moments.
    """

    data: PatternMoments
    mu: Float
    sigma: Float
    logl: float
    free: Int

    @property
    def trace(self) -> float:
        """Give tr(B A^-1) over its parameters."""
        p = self.data.p
        if self.data.clusters is None and len(self.free) == 2 * p:
            return _independent_trace(self.data, self.mu, np.diag(self.sigma))
        e = evaluate(self.data, self.mu, self.sigma)
        cells = np.ix_(self.free, self.free)
        return model_trace(e.observed_information()[cells], e.score_products[cells])


@dataclass(frozen=True, eq=False)
class Baseline:
    """The baseline model of all groups."""

    groups: tuple[BaselineGroup, ...]

    @property
    def logl(self) -> float:
        """Log-likelihood over all groups."""
        return sum(group.logl for group in self.groups)

    @property
    def df(self) -> int:
        """One degree for every covariance that is not free."""
        total = 0
        for group in self.groups:
            p = group.data.p
            total += p + p * (p + 1) // 2 - len(group.free)
        return total

    @cached_property
    def trace(self) -> float:
        """Sum tr(B A^-1) over its parameters."""
        return sum(group.trace for group in self.groups)


def baseline(
    data: Sequence[PatternMoments], exogenous: Sequence[int] = (), auxiliary: Sequence[int] = ()
) -> Baseline:
    """Fit the independence model to all groups.

    Parameters
    ----------
    data
        The persons of each group.
    exogenous
        Positions of variables whose covariances among each other are free in the baseline too.
    auxiliary
        Positions of variables whose covariances with all others are free.

    Raises
    ------
    ValueError
        If auxiliary variables leave no baseline that can be estimated.
    """
    if auxiliary:
        return Baseline(tuple(_searched(moments, exogenous, auxiliary) for moments in data))
    return Baseline(tuple(_group(moments, sorted(exogenous)) for moments in data))


@dataclass(frozen=True, eq=False)
class _Restricted:
    """The likelihood of moments of which only those at ``free`` differ from 0."""

    theta: Float
    free: Int
    evaluation: Evaluation

    @property
    def logl(self) -> float:
        """Log-likelihood."""
        return self.evaluation.logl

    @cached_property
    def gradient(self) -> Float:
        """Derivative by the free moments."""
        return self.evaluation.gradient()[self.free]

    def expected_information(self) -> Float:
        """Fisher information of the free moments."""
        return self.evaluation.expected_information()[np.ix_(self.free, self.free)]

    def observed_information(self) -> Float:
        """Negative Hessian in the free moments."""
        return self.evaluation.observed_information()[np.ix_(self.free, self.free)]


def _searched(
    data: PatternMoments, exogenous: Sequence[int], auxiliary: Sequence[int]
) -> BaselineGroup:
    """Fit by scoring, as there is no closed form with auxiliary variables."""
    p = data.p
    rows, columns = vech_indices(p)
    is_free = (rows == columns) | np.isin(rows, auxiliary) | np.isin(columns, auxiliary)
    is_free |= np.isin(rows, exogenous) & np.isin(columns, exogenous)
    free = np.concatenate([np.arange(p), p + np.flatnonzero(is_free)])
    mean, covariance = available_moments(data)
    start = np.concatenate([mean, np.diag(np.diag(covariance))[rows, columns]])[free]

    def at(theta: Float) -> _Restricted | None:
        moments = np.zeros(p + len(rows))
        moments[free] = theta
        try:
            return _Restricted(theta, free, evaluate(data, *unstack(moments, p)))
        except np.linalg.LinAlgError:
            return None

    solution = maximise(at, start)
    if not solution.converged:
        raise ValueError("The baseline model can't be estimated.")
    found = solution.point.evaluation
    return BaselineGroup(data, found.mu, found.sigma, found.logl, free)


def _group(data: PatternMoments, exogenous: Sequence[int]) -> BaselineGroup:
    mean, covariance = available_moments(data)
    variance = np.diag(covariance)
    each = data.count @ data.observed
    p = data.p
    rows, columns = vech_indices(p)
    is_free = rows == columns
    logl = -0.5 * each * (np.log(2 * np.pi * variance) + 1)
    sigma = np.diag(variance)
    together = list(exogenous) if len(exogenous) > 1 else []
    if together:
        among = saturated(_part(data, together))
        mean[together] = among.mu
        sigma[np.ix_(together, together)] = among.sigma
        logl[together] = 0.0
        logl[together[0]] = among.logl
        is_free |= np.isin(rows, together) & np.isin(columns, together)
    free = np.concatenate([np.arange(p), p + np.flatnonzero(is_free)])
    return BaselineGroup(data, mean, sigma, float(logl.sum()), free)


def _part(data: PatternMoments, columns: Sequence[int]) -> PatternMoments:
    """Keep some variables, and the persons who have any of them."""
    seen = data.observed[data.pattern][:, columns]
    values = np.where(seen, data.persons[:, columns], np.nan)
    kept = seen.any(axis=1)
    clusters = None if data.clusters is None else data.clusters[kept]
    return group_patterns(values[kept], clusters)


def _independent_trace(data: PatternMoments, mean: Float, variance: Float) -> float:
    """A mean counts 1 and a variance half of its kurtosis less 1."""
    seen = data.observed[data.pattern]
    squared = ((data.persons - mean) ** 2 / variance) * seen
    kurtosis = (squared**2).sum(axis=0) / seen.sum(axis=0)
    return float(np.sum(1 + (kurtosis - 1) / 2))
