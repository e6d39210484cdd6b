"""What is proven to be a maximum of a likelihood, and which of several attempts counts.

A solution counts as converged only if its Newton decrement g' I^-1 g is below 1e-8 and both
informations, scaled to a unit diagonal, have their smallest eigenvalue above 1e-8. Neither depends
on the units of the data. The observed information alone proves nothing where a model is not
identified: a gradient that is not exactly zero bends the flat direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeAlias, TypeVar

import numpy as np

from crosslag._types import Float

__all__ = [
    "Counted",
    "Evaluator",
    "P",
    "Point",
    "Solution",
    "criteria",
    "first_proven",
    "smallest_eigenvalue",
]

DECREMENT_LIMIT = 1e-8
EIGENVALUE_LIMIT = 1e-8
FLAT = 1e-13  # an eigenvalue that is zero but for rounding


class Point(Protocol):
    """A likelihood at one vector of parameters."""

    @property
    def theta(self) -> Float: ...
    @property
    def logl(self) -> float: ...
    @property
    def gradient(self) -> Float: ...
    def expected_information(self) -> Float: ...
    def observed_information(self) -> Float: ...


P = TypeVar("P", bound=Point)
Evaluator: TypeAlias = Callable[[Float], P | None]


@dataclass(frozen=True, eq=False)
class Solution(Generic[P]):
    """Where maximisation ended, and whether that is proven to be a maximum.

    Attributes
    ----------
    point
        The last point.
    information
        Observed information there, (q, q).
    decrement, smallest_eigenvalue, expected_eigenvalue
        The criteria of convergence: smallest eigenvalues of the observed and of the expected
        information.
    method
        ``"scoring"``, or the fallback that was needed.
    iterations
        Steps taken by that method.
    tangent
        Directions, (q, r), that constraints and active bounds leave; None without constraints.
    active
        The bounds that hold the solution, in words.
    tried
        The methods that were tried before the search ended.
    rank, usual_rank
        Numbers of equality constraints that are independent at the point, and elsewhere where all
        of them hold.
    """

    point: P
    information: Float
    decrement: float
    smallest_eigenvalue: float
    expected_eigenvalue: float
    method: str
    iterations: int
    tangent: Float | None = None
    active: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    rank: int = 0
    usual_rank: int = 0

    @property
    def identified(self) -> bool:
        """Whether both informations are positive definite."""
        both = (self.smallest_eigenvalue, self.expected_eigenvalue)
        return all(value > EIGENVALUE_LIMIT for value in both)

    @property
    def converged(self) -> bool:
        """Whether this is proven to be a maximum, where constraints lose no hold."""
        proven = self.identified and 0 <= self.decrement < DECREMENT_LIMIT
        return proven and self.rank >= self.usual_rank


@dataclass(eq=False)
class Counted(Generic[P]):
    """An evaluator that says when so much was spent that no further fallback is worth it.

    ``share`` is what one attempt may spend.
    """

    at: Evaluator[P]
    left: int
    share: int

    @classmethod
    def of(cls, at: Evaluator[P], budget: int) -> Counted[P]:
        """Share a number of evaluations out among at least three attempts."""
        return cls(at, budget, budget // 3)

    def __call__(self, theta: Float) -> P | None:
        """Evaluate at ``theta``, (q,)."""
        self.left -= 1
        return self.at(theta)

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0


def first_proven(
    attempts: Iterator[Solution[P]],
    counted: Counted[P],
    elsewhere: Callable[[float], float | None],
) -> Solution[P]:
    """Take the first proven solution, or else the best; name all that were tried.

    One where constraints hold in another way than elsewhere counts only after all others, if it is
    the highest.

    No more are tried where the model is not identified: where the expected information is
    singular at a solution and ``elsewhere``, which gives its smallest eigenvalue at a random
    distance of some size from the start.

    Raises
    ------
    ValueError
        If there is none: the likelihood is not defined at the start.
    """
    best: Solution[P] | None = None
    tried: list[str] = []
    for solution in attempts:
        tried.append(solution.method)
        if best is None or _order(solution) > _order(best):
            best = solution
        usual = solution.converged and solution.rank == solution.usual_rank
        if usual or counted.spent or _flat(solution, elsewhere):
            break
    if best is None:
        raise ValueError("The likelihood is not defined at the starting values.")
    return replace(best, tried=tuple(tried))


def _order(solution: Solution[P]) -> tuple[bool, float]:
    return solution.converged, solution.point.logl


def _flat(solution: Solution[P], elsewhere: Callable[[float], float | None]) -> bool:
    if not solution.expected_eigenvalue < FLAT:
        return False
    found = (elsewhere(size) for size in (0.1, 0.01, 0.001))
    return next((value for value in found if value is not None), np.inf) < FLAT


def smallest_eigenvalue(information: Float) -> float:
    """Give the smallest eigenvalue at unit diagonal; 0 if a diagonal value is, NaN if undefined."""
    diagonal = np.diag(information)
    if not (np.isfinite(information).all() and (diagonal >= 0).all()):
        return np.nan
    if not diagonal.all():
        return 0.0
    if not len(diagonal):
        return 1.0
    scale = np.sqrt(diagonal)
    return float(np.linalg.eigvalsh(information / np.outer(scale, scale))[0])


def criteria(information: Float, gradient: Float) -> tuple[float, float]:
    """Compute the Newton decrement, and the smallest eigenvalue at unit diagonal."""
    diagonal = np.diag(information)
    if not (np.isfinite(information).all() and (diagonal > 0).all()):
        return np.inf, -np.inf
    if not len(diagonal):
        return 0.0, 1.0
    scale = np.sqrt(diagonal)
    correlation = information / np.outer(scale, scale)
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest <= 0:
        return np.inf, smallest
    scaled = gradient / scale
    return float(scaled @ np.linalg.solve(correlation, scaled)), smallest
