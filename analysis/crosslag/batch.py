"""Many fits of one model to complete data at once, along a leading axis.

Simulated studies and bootstrap draws differ in their moments only. They start from one common
point with its inverse information, take Newton's metric from there on, update it as they go
(BFGS), and drop out one by one as they converge. What does not converge by full steps is left to
a search of its own. Convergence is proven for each as in a single fit: by the Newton decrement and
the smallest eigenvalue of its observed information.

With L the Cholesky factor of Sigma, and moments multiplied by L^-1 from both sides, information
and gradient are sums of plain products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosslag._types import Bool, Float
from crosslag.proof import DECREMENT_LIMIT, EIGENVALUE_LIMIT
from crosslag.ram import Implied, RamGroup, vech_indices
from crosslag.stacking import vech_position

__all__ = ["Moments", "Solved", "inverses", "solve_many"]

_STEPS = 25
_ENOUGH = 1e-15  # decrement: estimates are those of a single fit to eight digits


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What summarises one group of D complete data sets.

    Numbers of persons, (D,), means, (D, p), and covariances with divisor n, (D, p, p).
    """

    n: Float
    mean: Float
    covariance: Float

    def only(self, kept: Bool) -> Moments:
        """Keep some of the data sets."""
        return Moments(self.n[kept], self.mean[kept], self.covariance[kept])

    def saturated_logl(self) -> Float:
        """Give each data set's log-likelihood without a model, (D,); NaN where it has none."""
        p = self.mean.shape[1]
        sign, logarithm = np.linalg.slogdet(self.covariance)
        logarithm = np.where(sign > 0, logarithm, np.nan)
        return np.asarray(-0.5 * self.n * (p * np.log(2 * np.pi) + logarithm + p))


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Maxima of D data sets.

    Attributes
    ----------
    proven
        For which data sets there is a proven maximum, (D,); the others' values mean nothing.
    theta
        Estimates, (D, q).
    logl
        Log-likelihoods, (D,).
    expected
        Expected information there, (D, q, q).
    implied
        What the estimates imply, group by group.
    """

    proven: Bool
    theta: Float
    logl: Float
    expected: Float
    implied: list[Implied]


def solve_many(
    structures: Sequence[RamGroup], data: Sequence[Moments], start: Float, covariance: Float
) -> Solved:
    """Fit a model without constraints to many data sets.

    Parameters
    ----------
    structures, data
        The model, and the moments of every group.
    start, covariance
        Where all fits begin, (q,), and the inverse information there, (q, q).
    """
    found = np.tile(start, (len(data[0].mean), 1))
    proven = np.zeros(len(found), dtype=np.bool_)
    left = np.arange(len(found))
    here = _Points.at(structures, data, found)
    gradient = here.gradient()
    step = gradient @ covariance
    metric: Float | None = None
    for _ in range(_STEPS):
        decrement = (step * gradient).sum(axis=1)
        there = _Points.at(structures, here.data, here.theta + step)
        noise = 1e-13 * np.abs(here.logl) + 1e-12
        rises = there.logl - here.logl >= np.where(decrement < 1e-6, -100 * noise, 1e-4 * decrement)
        left, there = left[rises], there.only(rises)
        if not len(left):
            break
        slope = there.gradient()
        if metric is None:
            metric = inverses(there.informations()[1])
        else:
            metric = _updated(metric[rises], step[rises], gradient[rises] - slope)
        step = (metric @ slope[:, :, None])[:, :, 0]
        done = np.abs((step * slope).sum(axis=1)) < _ENOUGH
        found[left[done]], proven[left[done]] = there.theta[done], True
        left, here = left[~done], there.only(~done)
        gradient, step, metric = slope[~done], step[~done], metric[~done]
        if not len(left):
            break
    ended = _Points.at(structures, data, found)
    expected, observed = ended.informations()
    proven &= ended.proven(observed) & _definite(expected)
    return Solved(proven, found, ended.logl, expected, ended.implied)


def _updated(metric: Float, moved: Float, change: Float) -> Float:
    """Update inverse Hessians, (D, q, q), by steps and the gradients' changes (BFGS)."""
    bend = (moved * change).sum(axis=1)
    bent = (metric @ change[:, :, None])[:, :, 0]
    expected = (change * bent).sum(axis=1)  # free of units, as bend is
    useful = (bend > 1e-8 * expected)[:, None, None]
    bend = np.where(useful[:, 0, 0], bend, 1.0)
    once = bend + expected
    outer = moved[:, :, None] * (
        (once / bend**2)[:, None, None] * moved[:, None, :] - bent[:, None, :] / bend[:, None, None]
    )
    outer -= bent[:, :, None] * (moved / bend[:, None])[:, None, :]
    return np.asarray(metric + np.where(useful, outer, 0.0))


def inverses(information: Float) -> Float:
    """Invert each information matrix, (D, q, q); zeros for one that is not positive definite."""
    scaled, size = _unit_diagonal(information)
    _, definite = _factors(scaled)
    scaled[~definite] = np.eye(scaled.shape[-1])
    inverse = np.linalg.inv(scaled) * size[:, :, None] * size[:, None, :]
    inverse[~definite] = 0.0
    return np.asarray((inverse + inverse.mT) / 2)


def _unit_diagonal(information: Float) -> tuple[Float, Float]:
    """Scale to a unit diagonal; give the factors, (D, q), too."""
    diagonal = np.diagonal(information, axis1=1, axis2=2)
    size = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    return information * size[:, :, None] * size[:, None, :], size


def _definite(information: Float) -> Bool:
    """Say which matrices, (D, k, k), identify their parameters."""
    scaled, _ = _unit_diagonal(information)
    return _factors(scaled - EIGENVALUE_LIMIT * np.eye(scaled.shape[-1]))[1]


def _factors(matrices: Float) -> tuple[Float, Bool]:
    """Give Cholesky factors, (D, k, k), and which matrices have one; the identity stands in."""
    definite = np.ones(len(matrices), dtype=np.bool_)
    try:
        factors = np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        definite = np.asarray(np.linalg.eigvalsh(matrices)[:, 0] > 0)
        stand_in = np.where(definite[:, None, None], matrices, np.eye(matrices.shape[-1]))
        factors = np.linalg.cholesky(stand_in)
    return np.asarray(factors, dtype=np.float64), definite


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """The likelihood of D data sets, each at its own ``theta``, (D, q).

    Of every group: ``root``, L^-1, (D, p, p); ``error``, L^-1 times the deviation of the means,
    (D, p); ``excess``, L^-1 M L^-T - I, with M the second moments about mu, (D, p, p).
    """

    structures: Sequence[RamGroup]
    data: list[Moments]
    theta: Float
    implied: list[Implied]
    logl: Float
    root: list[Float]
    error: list[Float]
    excess: list[Float]

    @classmethod
    def at(cls, structures: Sequence[RamGroup], data: Sequence[Moments], theta: Float) -> _Points:
        """Evaluate; the log-likelihood is minus infinity where it is not defined."""
        implied = [structure.implied(theta) for structure in structures]
        points = cls(structures, list(data), theta, implied, np.zeros(len(theta)), [], [], [])
        for moments, i in zip(data, implied, strict=True):
            points._add(moments, i)
        return points

    def _add(self, moments: Moments, implied: Implied) -> None:
        p = moments.mean.shape[1]
        factor, defined = _factors(implied.sigma)
        root = np.asarray(np.linalg.inv(factor), dtype=np.float64)
        error = (root @ (moments.mean - implied.mu)[:, :, None])[:, :, 0]
        second = root @ moments.covariance @ root.mT + error[:, :, None] * error[:, None, :]
        logarithm = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
        distance = np.trace(second, axis1=1, axis2=2)
        logl = -0.5 * moments.n * (p * np.log(2 * np.pi) + logarithm + distance)
        self.logl[...] += np.where(defined, logl, -np.inf)
        self.root.append(root)
        self.error.append(error)
        self.excess.append(second - np.eye(p))

    def only(self, kept: Bool) -> _Points:
        """Keep some of the data sets."""
        if kept.all():
            return self
        return _Points(
            self.structures,
            [m.only(kept) for m in self.data],
            self.theta[kept],
            [i.only(kept) for i in self.implied],
            self.logl[kept],
            *([part[kept] for part in parts] for parts in (self.root, self.error, self.excess)),
        )

    def _slopes_by_moments(self, group: int) -> tuple[Float, Float]:
        """Differentiate by mu, (D, p), and by sigma as a full matrix, (D, p, p)."""
        n, root = self.data[group].n, self.root[group]
        by_mean = (self.error[group][:, None, :] @ root)[:, 0]
        by_sigma = root.mT @ self.excess[group] @ root
        return n[:, None] * by_mean, 0.5 * n[:, None, None] * by_sigma

    def gradient(self) -> Float:
        """Differentiate the log-likelihoods, (D, q)."""
        total = np.zeros_like(self.theta)
        for group, (structure, implied) in enumerate(
            zip(self.structures, self.implied, strict=True)
        ):
            total += structure.pullback(implied, *self._slopes_by_moments(group))
        return total

    def _slopes(self, group: int) -> Float:
        """Differentiate L^-1 mu and L^-1 Sigma L^-T, (D, q, p + p(p+1)/2), L held constant."""
        structure, implied, root = self.structures[group], self.implied[group], self.root[group]
        p = structure.p
        effects = root @ implied.effects[:, :p, :]
        return structure.slopes(effects, root @ implied.covariance[:, :p, :], implied)

    def informations(self) -> tuple[Float, Float]:
        """Fisher information and negative Hessians of the log-likelihoods, both (D, q, q)."""
        d, q = self.theta.shape
        expected, beyond = np.zeros((d, q, q)), np.zeros((d, q, q))
        for group, structure in enumerate(self.structures):
            slopes, p = self._slopes(group), structure.p
            n = self.data[group].n[:, None, None]
            beyond += n * self._beyond_expected(group, slopes)
            gradient = self._slopes_by_moments(group)
            beyond -= structure.curvature(self.implied[group], *gradient)
            rows, columns = vech_indices(p)
            slopes[:, :, p:] *= np.where(rows == columns, np.sqrt(0.5), 1.0)
            expected += n * (slopes @ slopes.mT)
        beyond += expected
        return expected, beyond

    def _beyond_expected(self, group: int, slopes: Float) -> Float:
        """What observed moments add to the products of first derivatives: (D, q, q)."""
        p = self.structures[group].p
        d, q = self.theta.shape
        by_mean = slopes[:, :, :p]
        by_sigma = slopes[:, :, p:].take(vech_position(p).ravel(), -1)
        rows = by_sigma.reshape(d, q * p, p)
        weighted = (rows @ self.excess[group]).reshape(d, q, p * p)
        turned = (rows @ self.error[group][:, :, None]).reshape(d, q, p)
        mixed = by_mean @ turned.mT
        return np.asarray(weighted @ by_sigma.mT + mixed + mixed.mT)

    def proven(self, observed: Float) -> Bool:
        """Say which points are proven to be maxima, given the negative Hessians, (D, q, q)."""
        scaled, size = _unit_diagonal(observed)
        proven = np.isfinite(self.logl) & _definite(observed)
        scaled[~proven] = np.eye(scaled.shape[-1])
        standard = self.gradient() * size
        solved = np.linalg.solve(scaled, standard[:, :, None])[:, :, 0]
        return np.asarray(proven & ((standard * solved).sum(axis=1) < DECREMENT_LIMIT))
