"""Draws of the bootstrap: what one process does.

Every draw counts each person anew and refits the model from the pattern sums. Its optimiser starts
at the sample's estimates with the inverse of the information there and updates that as it goes
(BFGS), so that a draw costs about six evaluations of the likelihood; draws of complete data are
refitted together. A draw depends on the seed and its own number only, so that the number of
workers changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crosslag._types import Float, Int
from crosslag.batch import Moments, solve_many
from crosslag.constraints import Restrictions
from crosslag.defined import defined
from crosslag.estimate import ModelPoint, maximise, model_point
from crosslag.inference import positive_semidefinite, standard_estimates
from crosslag.model import ParameterTable
from crosslag.moments import (
    PatternMoments,
    evaluate,
    group_patterns,
    reweighted,
)
from crosslag.ram import Implied, RamGroup
from crosslag.restricted import maximise_restricted
from crosslag.stacking import vech_position

__all__ = ["Drawn", "Job", "at_model", "refit", "resample"]

_CONVERGED = 1e-8
_ENOUGH = 1e-9
_STEPS = 60
_TOGETHER = 50  # draws that are made at once


@dataclass(frozen=True, eq=False)
class Job:
    """What a worker needs to make draws.

    Attributes
    ----------
    theta
        The sample's estimates, (q,).
    covariance
        Inverse information there, (q, q).
    """

    table: ParameterTable
    structures: list[RamGroup]
    patterns: Sequence[PatternMoments]
    theta: Float
    covariance: Float
    seed: int

    def row_values(self, theta: Float) -> Float:
        """Give the value of every row of the table."""
        free, fixed = self._layout
        return np.where(free >= 0, theta[free], fixed)

    @cached_property
    def _layout(self) -> tuple[Int, Float]:
        rows = self.table.rows
        return np.array([row.free for row in rows]), np.array([row.value for row in rows])

    @cached_property
    def restrictions(self) -> Restrictions:
        """The model's constraints."""
        return Restrictions(self.table)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One draw: values of all parameters, and the chi-square (complete data only, else NaN)."""

    values: Float
    standardised: Float
    admissible: bool
    chisq: float


def resample(job: Job, n_draws: int, workers: int) -> list[Drawn | None]:
    """Make all draws, in order; None where no maximum was proven."""
    # The same draws are made together whatever the number of processes, which leaves not even
    # the last digit to chance.
    batches = [
        range(begin, min(begin + _TOGETHER, n_draws)) for begin in range(0, n_draws, _TOGETHER)
    ]
    if workers == 1:
        made = [make_draws(job, batch) for batch in batches]
    else:
        from joblib import Parallel, delayed

        made = Parallel(n_jobs=workers)(delayed(make_draws)(job, batch) for batch in batches)
    return [one for batch in made for one in batch]


def make_draws(job: Job, numbers: Sequence[int]) -> list[Drawn | None]:
    """Make the draws with these numbers; those of complete data together."""
    if job.restrictions or not all(data.complete for data in job.patterns):
        return [_draw(job, number) for number in numbers]
    return _complete_draws(job, numbers)


def _complete_draws(job: Job, numbers: Sequence[int]) -> list[Drawn | None]:
    generators = [np.random.default_rng([job.seed, number]) for number in numbers]
    data = []
    for group in job.patterns:
        times = np.array([weights(group, rng) for rng in generators])
        data.append(counted_moments(group, times))
    solved = solve_many(job.structures, data, job.theta, job.covariance)
    chisq = 2 * (sum(moments.saturated_logl() for moments in data) - solved.logl)
    drawn: list[Drawn | None] = []
    for k, number in enumerate(numbers):
        if solved.proven[k]:
            implied = [i.only(k) for i in solved.implied]
            point = ModelPoint(solved.theta[k], job.structures, implied, [])
            drawn.append(_drawn(job, point, float(chisq[k])))
        else:
            drawn.append(_draw(job, number))
    return drawn


def counted_moments(data: PatternMoments, times: Float) -> Moments:
    """Give the moments of complete data with persons counted ``times``, (D, n)."""
    p, n = data.p, times.sum(axis=1)
    sums = times @ data.centred_products / n[:, None]
    shift = sums[:, :p]
    covariance = sums[:, p:][:, vech_position(p)] - shift[:, :, None] * shift[:, None, :]
    return Moments(n, data.mean[0] + shift, covariance)


def _draw(job: Job, number: int) -> Drawn | None:
    rng = np.random.default_rng([job.seed, number])
    patterns = [reweighted(data, weights(data, rng)) for data in job.patterns]
    point = refit(job, patterns)
    return None if point is None else _drawn(job, point, _chisq(point))


def _drawn(job: Job, point: ModelPoint, chisq: float) -> Drawn:
    own = np.array([name not in job.table.auxiliary for name in job.table.variables])
    admissible = all(
        positive_semidefinite(implied.undirected[np.ix_(own, own)]) for implied in point.implied
    )
    values, standard = job.row_values(point.theta), standard_estimates(job.table, point)
    if job.table.definitions:
        q = len(point.theta)
        functions = defined(job.table, point, np.zeros((q, q)))
        values = np.append(values, functions.values)
        standard = np.append(standard, functions.std_values)
    return Drawn(values, standard, admissible, chisq)


def _chisq(point: ModelPoint) -> float:
    """Twice the distance to the saturated model, which complete data give in closed form."""
    if not all(e.data.complete for e in point.evaluations):
        return float("nan")
    try:
        best = sum(
            evaluate(e.data, e.data.mean[0], e.data.scatter[0]).logl for e in point.evaluations
        )
    except np.linalg.LinAlgError:
        return float("nan")
    return 2 * (best - point.logl)


def weights(data: PatternMoments, rng: np.random.Generator) -> Float:
    """Draw as many persons, or clusters, as there are; say how often each person was drawn."""
    clusters = data.clusters
    n = len(data.persons) if clusters is None else int(clusters.max()) + 1
    times = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
    return times if clusters is None else times[clusters]


def refit(job: Job, patterns: Sequence[PatternMoments]) -> ModelPoint | None:
    """Maximise the likelihood of a draw; None if that can't be proven."""

    def at(theta: Float) -> ModelPoint | None:
        return model_point(job.structures, patterns, theta)

    if job.restrictions:
        found = maximise_restricted(at, job.theta, job.restrictions)
        return found.point if found.converged else None
    quick = _climb(job, patterns)
    if quick is not None:
        return quick
    solution = maximise(at, job.theta)
    return solution.point if solution.converged else None


def _climb(job: Job, patterns: Sequence[PatternMoments]) -> ModelPoint | None:
    """Quasi-Newton steps (BFGS) from the sample's solution; None if they get nowhere."""
    first = model_point(job.structures, patterns, job.theta)
    if first is None:
        return None
    gradient = slope(first)
    step = job.covariance @ gradient
    point = _longest(job, patterns, first, step, float(gradient @ step))
    metric = None if point is None else _metric(point)
    if point is None or metric is None:
        return None
    gradient = slope(point)
    for _ in range(_STEPS):
        step = metric @ gradient
        decrement = float(gradient @ step)
        if decrement < _ENOUGH:
            return point
        following = _longest(job, patterns, point, step, decrement)
        if following is None:
            return point if decrement < _CONVERGED else None
        there = slope(following)
        _update(metric, following.theta - point.theta, gradient - there)
        point, gradient = following, there
    return None


def _update(metric: Float, moved: Float, change: Float) -> None:
    """Update an inverse Hessian, (q, q), in place by a step and the gradient's change (BFGS)."""
    bend = float(moved @ change)
    bent = metric @ change
    if bend <= 1e-8 * float(change @ bent):  # both free of units; equal for an exact metric
        return
    outer = np.outer(moved, bent)
    metric -= (outer + outer.T) / bend
    metric += np.outer(moved, moved) * ((bend + float(change @ bent)) / bend**2)


def _metric(point: ModelPoint) -> Float | None:
    """Invert the observed information, if it is definite."""
    information = point.observed_information()
    diagonal = np.diag(information)
    if not (diagonal > 0).all():
        return None
    scale = np.sqrt(diagonal)
    both = np.outer(scale, scale)
    try:
        root = np.linalg.inv(np.linalg.cholesky(information / both))
    except np.linalg.LinAlgError:
        return None
    return np.asarray(root.T @ root / both)


def slope(point: ModelPoint) -> Float:
    """Differentiate the log-likelihood, (q,), without the Jacobian of the moments."""
    triples = zip(point.structures, point.implied, point.evaluations, strict=True)
    slopes = [s.pullback(i, *e.gradient_parts()) for s, i, e in triples]
    return np.asarray(sum(slopes, start=np.zeros(len(point.theta))))


def _longest(
    job: Job, patterns: Sequence[PatternMoments], point: ModelPoint, step: Float, decrement: float
) -> ModelPoint | None:
    """Halve the step until the likelihood rises."""
    noise = 1e-11 * abs(point.logl)
    length = 1.0
    for _ in range(12):
        following = model_point(job.structures, patterns, point.theta + length * step)
        if following is not None and (
            following.logl - point.logl >= 1e-4 * length * decrement
            or (decrement < 1e-5 and following.logl > point.logl - noise)
        ):
            return following
        length /= 2
    return None


def at_model(data: PatternMoments, implied: Implied) -> PatternMoments:
    """Move complete data, linearly, to where their moments are those of the model."""
    # Symmetric roots: with triangular ones, the order of the columns would count.
    turn = _root(data.scatter[0], -0.5) @ _root(implied.sigma, 0.5)
    persons = (data.persons - data.mean[0]) @ turn + implied.mu
    return group_patterns(persons, data.clusters)


def _root(matrix: Float, power: float) -> Float:
    """Raise a symmetric matrix to a power."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**power) @ vectors.T)
