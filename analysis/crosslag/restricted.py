"""Maximum likelihood under constraints: scoring within the surface that they leave.

Equality constraints, and the bounds that are active, define a surface. Steps are taken along its
tangent and brought back onto it, so that every point tried is feasible to rounding. A bound
becomes active where a step would cross it, and is released when its multiplier says that the
likelihood rises on its inside (Karush, Kuhn and Tucker). Near the maximum the Hessian of the
Lagrangian takes the place of the information, so that curved constraints converge quadratically.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic

import numpy as np
from scipy import optimize

from crosslag._types import Float
from crosslag.constraints import Restrictions, rank_of
from crosslag.estimate import (
    BUDGET,
    FALLBACKS,
    HALVINGS,
    NEWTON_FROM,
    PATIENCE,
    POLISHED,
    RANDOM_STARTS,
    SETTLED,
    STEPS,
    WORTHWHILE,
    solve,
    standard_scale,
)
from crosslag.proof import (
    Counted,
    Evaluator,
    P,
    Solution,
    criteria,
    first_proven,
    smallest_eigenvalue,
)
from crosslag.surface import Surface, held_by, retract, violated_by

__all__ = ["maximise_restricted"]

_RELEASE = 1e-5  # slope at a bound, in standard errors
_RELEASES = 3  # how often one bound may be released


def maximise_restricted(
    at: Evaluator[P],
    start: Float,
    restrictions: Restrictions,
    *,
    seed: int = 1,
    budget: int = BUDGET // 2,
    fallbacks: int = FALLBACKS,
) -> Solution[P]:
    """Maximise a likelihood under constraints from ``start``, (q,).

    In turn: scoring, damped scoring, sequential quadratic programming, and random starts, until
    one solution is proven: its Newton decrement within the surface is below the limit, and no
    active bound holds the likelihood down. No new one is begun once the budget or the fallbacks
    are spent.

    Raises
    ------
    ValueError
        If no feasible starting point has a likelihood.
    """
    counted = Counted.of(at, budget)
    rng = np.random.default_rng(seed)

    def elsewhere(size: float) -> float | None:
        first = at(start)
        if first is None:
            return None
        scale = standard_scale(first)
        shifted = start + size * scale * rng.standard_normal(len(start))
        climb = _Climb.begin(counted, shifted, restrictions, scale)
        return None if climb is None else climb.identified()

    attempts = islice(_attempts(counted, start, restrictions, rng), 1 + fallbacks)
    return first_proven(attempts, counted, elsewhere)


def _attempts(
    at: Counted[P], start: Float, restrictions: Restrictions, rng: np.random.Generator
) -> Iterator[Solution[P]]:
    first = at(start)
    scale = np.maximum(np.abs(start), 0.1) if first is None else standard_scale(first)
    for method, damping in (("scoring", 0.0), ("damped scoring", 1.0)):
        climb = _Climb.begin(at, start, restrictions, scale)
        if climb is not None:
            yield climb.run(method, damping)
    climb = _Climb.begin(at, _sequential(at, start, restrictions, scale), restrictions, scale)
    if climb is not None:
        yield climb.run("sequential quadratic programming", 0.0)
    for attempt in range(RANDOM_STARTS):
        shifted = start + 0.3 * scale * rng.standard_normal(len(start))
        climb = _Climb.begin(at, shifted, restrictions, scale)
        if climb is not None:
            yield climb.run(f"random start {attempt + 1}", 1.0)


def _sequential(at: Evaluator[P], start: Float, restrictions: Restrictions, scale: Float) -> Float:
    """Search by SciPy's SLSQP in standard units."""
    first = at(start)
    worst = 1e6 if first is None else abs(first.logl) * 10 + 1e6

    def objective(x: Float) -> tuple[float, Float]:
        point = at(x * scale)
        if point is None:
            return worst, np.zeros_like(x)
        return -point.logl, -point.gradient * scale

    def held(at: slice, upper: float) -> optimize.NonlinearConstraint:
        def values(x: Float) -> Float:
            jets = restrictions.jets(x * scale)[at]
            return np.nan_to_num([jet.value for jet in jets], nan=-1e3)

        def slopes(x: Float) -> Float:
            jets = restrictions.jets(x * scale)[at]
            return np.nan_to_num([jet.gradient * scale for jet in jets])

        return optimize.NonlinearConstraint(values, 0.0, upper, jac=slopes)

    m = restrictions.n_equalities
    kinds = [(slice(0, m), 0.0), (slice(m, len(restrictions.ordered)), np.inf)]
    found = optimize.minimize(
        objective,
        start / scale,
        jac=True,
        method="SLSQP",
        constraints=[held(at, upper) for at, upper in kinds if at.start < at.stop],
        options={"maxiter": 100, "ftol": 1e-12},
    )
    return np.asarray(found.x) * scale


@dataclass(eq=False)
class _Climb(Generic[P]):
    """Where the climb is: a feasible point, the bounds active there, and the scale of steps."""

    at: Counted[P]
    restrictions: Restrictions
    point: P
    scale: Float
    active: list[int]
    released: list[int]

    @classmethod
    def begin(
        cls, at: Counted[P], start: Float, restrictions: Restrictions, scale: Float
    ) -> _Climb[P] | None:
        """Bring a start onto the surface; None where that fails or has no likelihood."""
        active: list[int] = []
        n_bounds = len(restrictions.ordered) - restrictions.n_equalities
        theta: Float | None = start
        for _ in range(n_bounds + 1):
            held = held_by(restrictions, active)
            nowhere = np.zeros_like(start)
            if theta is not None:
                theta = retract(restrictions, theta, nowhere, held, scale)
            if theta is None:
                return None
            violated = violated_by(restrictions, theta, active, scale)
            if not violated:
                break
            active += violated
        point = None if theta is None else at(theta)
        return None if point is None else cls(at, restrictions, point, scale, active, [])

    def run(self, method: str, damping: float) -> Solution[P]:
        """Climb until nothing more is to be gained."""
        near, settled, iteration = False, 0, 0
        reached, reserve = [self.point.logl], self.at.left - self.at.share
        while iteration < STEPS and self.at.left > reserve:
            iteration += 1
            expected = self.point.expected_information()
            self.scale = 1 / np.sqrt(np.maximum(np.diag(expected), 1e-300))
            surface = self._surface()
            step = self._direction(surface, expected, near=near, damping=damping)
            decrement = float(self.point.gradient @ step)
            near = decrement < NEWTON_FROM
            if decrement < 1e-6 and self._release(surface):
                settled = 0
                continue
            if not self._move(step, decrement):
                damping = max(10 * damping, 1e-4)
                if damping > 1e6:
                    break
                continue
            reached.append(self.point.logl)
            if len(reached) > PATIENCE and reached[-1] - reached[-PATIENCE] < WORTHWHILE:
                break
            damping = damping / 10 if damping > 1e-8 else 0.0
            settled += decrement < 1e-9
            if (decrement < POLISHED or settled >= SETTLED) and not self._pushing(self._surface()):
                break
        return self._prove(method, iteration)

    def _surface(self) -> Surface:
        jets = self.restrictions.jets(self.point.theta, curved=True)
        held = held_by(self.restrictions, self.active)
        return Surface.at([jets[i] for i in held], self.point.gradient, self.scale)

    def _direction(self, surface: Surface, expected: Float, *, near: bool, damping: float) -> Float:
        z = surface.tangent
        gradient = z.T @ self.point.gradient
        if not z.shape[1]:
            return np.zeros_like(self.point.theta)
        if near and damping < 1e-6:
            lagrangian = self.point.observed_information() + surface.curvature
            step = solve(z.T @ lagrangian @ z, gradient, 0.0)
            if step is not None:
                return z @ step
        reduced = z.T @ expected @ z
        while True:
            step = solve(reduced, gradient, damping)
            if step is not None:
                return z @ step
            damping = max(10 * damping, 1e-8)

    def _move(self, step: Float, decrement: float) -> bool:
        """Halve the step until the likelihood rises, stopping at bounds; False if it never does."""
        noise = 1e-13 * abs(self.point.logl) + 1e-12
        held = held_by(self.restrictions, self.active)
        length = 1.0
        for _ in range(HALVINGS):
            here = self.point.theta
            theta = retract(self.restrictions, here, length * step, held, self.scale)
            blocked = None if theta is None else self._first_blocked(theta)
            if blocked is not None:
                if self._stop_at(*blocked, length * step, noise):
                    return True
            elif theta is not None:
                following = self.at(theta)
                if following is not None:
                    rise = following.logl - self.point.logl
                    enough = 1e-4 * length * decrement
                    if rise >= enough or (decrement < 1e-6 and rise >= -100 * noise):
                        self.point = following
                        return True
            length /= 2
        return False

    def _first_blocked(self, theta: Float) -> tuple[int, float] | None:
        """Name the bound that the way to ``theta`` crosses first, and at what share of it."""
        violated = violated_by(self.restrictions, theta, self.active, self.scale)
        if not violated:
            return None
        here, there = (self.restrictions.jets(t) for t in (self.point.theta, theta))
        shares = [
            (max(here[i].value, 0.0) / (max(here[i].value, 0.0) - there[i].value), i)
            for i in violated
        ]
        share, index = min(shares)
        return index, share

    def _stop_at(self, index: int, share: float, step: Float, noise: float) -> bool:
        """Go as far as a bound and hold on to it; False where that does not raise anything."""
        active = [*self.active, index]
        held = held_by(self.restrictions, active)
        theta = retract(self.restrictions, self.point.theta, share * step, held, self.scale)
        if theta is None or violated_by(self.restrictions, theta, active, self.scale):
            return False
        following = self.at(theta)
        if following is None or following.logl < self.point.logl - 100 * noise:
            return False
        self.point, self.active = following, active
        return True

    def _pushing(self, surface: Surface) -> list[tuple[float, int]]:
        """List active bounds on whose inside the likelihood rises, with its slope there."""
        m = self.restrictions.n_equalities
        jets = self.restrictions.jets(self.point.theta)
        found = []
        for multiplier, index in zip(surface.multipliers[m:], self.active, strict=True):
            slope = multiplier * float(np.linalg.norm(jets[index].gradient * self.scale))
            if slope > _RELEASE:
                found.append((slope, index))
        return found

    def _release(self, surface: Surface) -> bool:
        pushing = [p for p in self._pushing(surface) if self.released.count(p[1]) < _RELEASES]
        if not pushing:
            return False
        _, index = max(pushing)
        self.active.remove(index)
        self.released.append(index)
        return True

    def identified(self) -> float:
        """Give the smallest eigenvalue of the expected information within the surface."""
        z = self._surface().tangent
        return smallest_eigenvalue(z.T @ self.point.expected_information() @ z)

    def _prove(self, method: str, iterations: int) -> Solution[P]:
        information = self.point.observed_information()
        surface = self._surface()
        z = surface.tangent
        lagrangian = z.T @ (information + surface.curvature) @ z
        decrement, smallest = criteria(lagrangian, z.T @ self.point.gradient)
        decrement += sum(slope**2 for slope, _ in self._pushing(surface))
        expected = self.identified()
        held = tuple(str(self.restrictions.ordered[i]) for i in self.active)
        jets = self.restrictions.jets(self.point.theta, curved=True)
        rank = rank_of(jets[: self.restrictions.n_equalities], self.scale)
        return Solution(
            self.point,
            information,
            decrement,
            smallest,
            expected,
            method,
            iterations,
            z,
            held,
            rank=rank or 0,
            usual_rank=self.restrictions.usual_rank,
        )
