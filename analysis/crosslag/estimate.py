"""Maximum likelihood: scoring with step control, and fallbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from scipy import linalg, optimize

from crosslag._types import Float
from crosslag.moments import Evaluation, PatternMoments, evaluate
from crosslag.proof import (
    DECREMENT_LIMIT,
    Counted,
    Evaluator,
    P,
    Point,
    Solution,
    criteria,
    first_proven,
    smallest_eigenvalue,
)
from crosslag.ram import Implied, RamGroup

__all__ = ["ModelPoint", "maximise", "model_point", "solve", "standard_scale"]

POLISHED = 1e-13  # one more step from here changes nothing that prints
SQUARED = 1e-7  # nor after Newton's step from here, which about squares the decrement
SETTLED = 4  # rounding may keep the decrement above that
NEWTON_FROM = 0.3  # below this decrement the observed information is the better metric
STEPS = 100
HALVINGS = 8  # then the metric is at fault, and damped
PATIENCE, WORTHWHILE = 20, 1e-4  # steps on a ridge without a top, and what they have to gain
RANDOM_STARTS = 4
FALLBACKS = 3 + RANDOM_STARTS
BUDGET = 1500  # evaluations of the likelihood before no further fallback is tried


@dataclass(frozen=True, eq=False)
class ModelPoint:
    """The likelihood of a model over all groups at ``theta``, (q,)."""

    theta: Float
    structures: Sequence[RamGroup]
    implied: list[Implied]
    evaluations: list[Evaluation]

    @cached_property
    def logl(self) -> float:
        """Log-likelihood."""
        return sum(evaluation.logl for evaluation in self.evaluations)

    @cached_property
    def jacobians(self) -> list[Float]:
        """Derivatives of each group's stacked moments, (q, p + p(p+1)/2)."""
        pairs = zip(self.structures, self.implied, strict=True)
        return [structure.jacobian(implied) for structure, implied in pairs]

    @cached_property
    def gradient(self) -> Float:
        """Derivative of the log-likelihood, (q,)."""
        return self._sum(lambda evaluation, jacobian: jacobian @ evaluation.gradient())

    def expected_information(self) -> Float:
        """Fisher information, (q, q)."""
        return self._sum(lambda e, j: j @ e.expected_information() @ j.T)

    def observed_information(self) -> Float:
        """Negative Hessian of the log-likelihood, (q, q), analytic."""
        information = self._sum(lambda e, j: j @ e.observed_information() @ j.T)
        for structure, implied, e in zip(
            self.structures, self.implied, self.evaluations, strict=True
        ):
            information -= structure.curvature(implied, *e.gradient_parts())
        return (information + information.T) / 2

    def scores(self) -> list[Float]:
        """Each person's derivative of the log-likelihood, (n, q), rows as in the data."""
        return [
            _unsorted(e.scores() @ j.T, e.data)
            for e, j in zip(self.evaluations, self.jacobians, strict=True)
        ]

    def _sum(self, term: Callable[[Evaluation, Float], Float]) -> Float:
        terms = map(term, self.evaluations, self.jacobians)
        return np.asarray(sum(terms, start=np.zeros(())), dtype=np.float64)


def _unsorted(rows: Float, data: PatternMoments) -> Float:
    restored = np.empty_like(rows)
    restored[data.order] = rows
    return restored


def model_point(
    structures: Sequence[RamGroup], data: Sequence[PatternMoments], theta: Float
) -> ModelPoint | None:
    """Evaluate a model; None where a covariance matrix is not positive definite."""
    try:
        implied = [structure.implied(theta) for structure in structures]
        evaluations = [evaluate(d, i.mu, i.sigma) for d, i in zip(data, implied, strict=True)]
    except np.linalg.LinAlgError:
        return None
    point = ModelPoint(theta, structures, implied, evaluations)
    return point if np.isfinite(point.logl) else None


def maximise(
    at: Evaluator[P],
    start: Float,
    *,
    seed: int = 1,
    budget: int = BUDGET,
    fallbacks: int = FALLBACKS,
) -> Solution[P]:
    """Maximise a likelihood from ``start``, (q,), trying fallbacks until one is proven.

    In turn: scoring; damped scoring; quasi-Newton (BFGS), polished by scoring; the same from
    random starts, which ``seed`` determines. No new one is begun once ``budget`` evaluations or
    ``fallbacks`` are spent. What comes closest is returned, converged or not.

    Raises
    ------
    ValueError
        If the likelihood is not defined at the start.
    """
    counted = Counted.of(at, budget)
    rng = np.random.default_rng(seed)

    def elsewhere(size: float) -> float | None:
        first = at(start)
        if first is None:
            return None
        beside = at(start + size * standard_scale(first) * rng.standard_normal(len(start)))
        return None if beside is None else smallest_eigenvalue(beside.expected_information())

    attempts = islice(_attempts(counted, start, rng), 1 + fallbacks)
    return first_proven(attempts, counted, elsewhere)


def _attempts(at: Counted[P], start: Float, rng: np.random.Generator) -> Iterator[Solution[P]]:
    first = at(start)
    if first is None:
        return
    yield _score(at, first, "scoring", damping=0.0)
    damped = _score(at, first, "damped scoring", damping=1.0)
    yield damped
    yield from _quasi_newton(at, damped.point.theta, "BFGS")
    scale = standard_scale(first)
    for attempt in range(RANDOM_STARTS):
        shifted = at(start + 0.3 * scale * rng.standard_normal(len(start)))
        if shifted is not None:
            yield _score(at, shifted, f"random start {attempt + 1}", damping=1.0)


def standard_scale(point: Point) -> Float:
    """Size each parameter by what one person says about it, whatever its units."""
    # No floor relative to the largest: between variables in different units, the sizes of
    # variances differ by any power of ten.
    diagonal = np.diag(point.expected_information())
    informed = diagonal > 0
    typical = float(np.median(diagonal[informed])) if informed.any() else 1.0
    return np.asarray(10 / np.sqrt(np.where(informed, diagonal, typical)))


def _score(at: Counted[P], point: P, method: str, *, damping: float) -> Solution[P]:
    """Scoring with backtracking; near the maximum, Newton's method with the analytic Hessian."""
    near, settled, iteration = False, 0, 0
    reached, reserve = [point.logl], at.left - at.share
    while iteration < STEPS and at.left > reserve:
        iteration += 1
        step, is_newton = _direction(point, near=near, damping=damping)
        decrement = float(point.gradient @ step)
        near = decrement < NEWTON_FROM
        following = _line_search(at, point, step, decrement)
        if following is None:
            damping = max(10 * damping, 1e-4)
            if damping > 1e6:
                break
            continue
        point = following
        reached.append(point.logl)
        if len(reached) > PATIENCE and reached[-1] - reached[-PATIENCE] < WORTHWHILE:
            break
        damping = damping / 10 if damping > 1e-8 else 0.0
        settled += decrement < DECREMENT_LIMIT / 10
        if decrement < (SQUARED if is_newton else POLISHED) or settled >= SETTLED:
            break
    return _prove(point, method, iteration)


def _direction(point: Point, *, near: bool, damping: float) -> tuple[Float, bool]:
    """Solve for an ascent direction, adding to the diagonal as far as that is needed.

    Says too whether it is Newton's.
    """
    if near and damping < 1e-6:
        with_hessian = solve(point.observed_information(), point.gradient, 0.0)
        if with_hessian is not None:
            return with_hessian, True
    expected = point.expected_information()
    while True:
        step = solve(expected, point.gradient, damping)
        if step is not None:
            return step, False
        damping = max(10 * damping, 1e-8)


def solve(information: Float, gradient: Float, damping: float) -> Float | None:
    """Solve for a step, adding ``damping`` to the unit diagonal; None if that is not definite."""
    size = 1 / np.sqrt(np.maximum(information.diagonal(), 1e-200))
    scaled = information * size
    scaled *= size[:, None]
    np.fill_diagonal(scaled, 1.0 + damping)
    factor, failed = linalg.lapack.dpotrf(scaled, lower=1)
    if failed or factor.diagonal().min() < 1e-7:
        return None
    solved, _ = linalg.lapack.dpotrs(factor, gradient * size, lower=1)
    return np.asarray(solved * size)


def _line_search(at: Evaluator[P], point: P, step: Float, decrement: float) -> P | None:
    """Halve the step until the likelihood rises; None when it never does."""
    noise = 1e-13 * abs(point.logl) + 1e-12
    length = 1.0
    for _ in range(HALVINGS):
        following = at(point.theta + length * step)
        if following is not None:
            rise = following.logl - point.logl
            if rise >= 1e-4 * length * decrement or (decrement < 1e-6 and rise >= -100 * noise):
                return following
        length /= 2
    return None


def _prove(point: P, method: str, iterations: int) -> Solution[P]:
    information = point.observed_information()
    decrement, smallest = criteria(information, point.gradient)
    expected = smallest_eigenvalue(point.expected_information())
    return Solution(point, information, decrement, smallest, expected, method, iterations)


def _quasi_newton(at: Counted[P], start: Float, method: str) -> Iterator[Solution[P]]:
    first = at(start)
    if first is None:
        return
    scale = standard_scale(first)
    worst = abs(first.logl) * 10 + 1e6

    def objective(x: Float) -> tuple[float, Float]:
        point = at(x * scale)
        if point is None:
            return worst, np.zeros_like(x)
        return -point.logl, -point.gradient * scale

    found = optimize.minimize(
        objective, start / scale, jac=True, method="BFGS", options={"maxiter": 300, "gtol": 1e-6}
    )
    ended = at(np.asarray(found.x) * scale)
    if ended is not None:
        yield _score(at, ended, method, damping=0.0)
