"""Means and covariances without a model: what every model is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crosslag._types import Float
from crosslag.estimate import maximise
from crosslag.moments import Evaluation, PatternMoments, evaluate, weighted_sum
from crosslag.ram import vech_indices

__all__ = ["available_moments", "saturated", "unstack"]

_SINGULAR = 1e-9  # smallest eigenvalue of a correlation matrix


@dataclass(frozen=True, eq=False)
class MomentPoint:
    """The likelihood of the saturated model of one group: the parameters are its moments."""

    theta: Float
    evaluation: Evaluation

    @property
    def logl(self) -> float:
        """Log-likelihood."""
        return self.evaluation.logl

    @cached_property
    def gradient(self) -> Float:
        """Derivative by the stacked moments."""
        return self.evaluation.gradient()

    def expected_information(self) -> Float:
        """Fisher information of the stacked moments."""
        return self.evaluation.expected_information()

    def observed_information(self) -> Float:
        """Negative Hessian in the stacked moments."""
        return self.evaluation.observed_information()


def unstack(theta: Float, p: int) -> tuple[Float, Float]:
    """Split stacked moments into mu, (p,), and sigma, (p, p)."""
    rows, columns = vech_indices(p)
    sigma = np.empty((p, p))
    sigma[rows, columns] = sigma[columns, rows] = theta[p:]
    return theta[:p], sigma


def saturated(data: PatternMoments) -> Evaluation:
    """Fit means and covariances of one group without a model.

    Complete data have a closed form; otherwise scoring from the available cases.

    Raises
    ------
    ValueError
        If there is no proven maximum: the data do not determine all moments.
    """
    mean, covariance = available_moments(data)
    deviation = np.sqrt(np.diag(covariance))
    smallest = np.linalg.eigvalsh(covariance / np.outer(deviation, deviation))[0]
    if data.complete:
        if smallest < _SINGULAR:
            raise ValueError("The sample covariance matrix is singular.")
        return evaluate(data, mean, covariance)
    p = data.p
    rows, columns = vech_indices(p)

    def at(theta: Float) -> MomentPoint | None:
        try:
            return MomentPoint(theta, evaluate(data, *unstack(theta, p)))
        except np.linalg.LinAlgError:
            return None

    shrink = 1.0 if smallest > 0.02 else 0.95 / (1.0 - smallest)
    start = shrink * covariance + (1 - shrink) * np.diag(deviation**2)
    solution = maximise(at, np.concatenate([mean, start[rows, columns]]))
    if not solution.converged:
        raise ValueError("The moments of the saturated model are not determined.")
    return solution.point.evaluation


def available_moments(data: PatternMoments) -> tuple[Float, Float]:
    """Means and covariances (divisor n) from the persons that have each pair of variables."""
    n, seen = data.count, data.observed.astype(np.float64)
    mean = (n @ (data.mean * seen)) / (n @ seen)
    deviation = (data.mean - mean) * seen
    sums = weighted_sum(n, data.scatter) + (deviation * n[:, None]).T @ deviation
    pairs = (seen * n[:, None]).T @ seen
    return mean, sums / np.maximum(pairs, 1.0)
