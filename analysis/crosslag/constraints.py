"""Equality constraints, bounds and defined parameters as functions of the estimated parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from crosslag._types import Float
from crosslag.expressions import Constraint, Expression, Jet, evaluate, value_of

if TYPE_CHECKING:
    from crosslag.table import ParameterTable

__all__ = [
    "Functions",
    "Restrictions",
    "equality_rank",
    "equality_tangent",
    "null_space",
    "rank_of",
]

_DEPENDENT = 1e-7
_RANDOM_POINTS = 3
_REACHED = 1e-12  # distance from the surface
_ROUNDS = 60  # to bring a random point onto the surface


@dataclass(frozen=True, eq=False)
class Functions:
    """The labels and defined parameters of a table, at any vector of parameters."""

    table: ParameterTable

    def known(self, theta: Float, *, curved: bool = False) -> dict[str, Jet]:
        """Evaluate every label and defined parameter at ``theta``, (q,), with derivatives.

        Second derivatives only if ``curved``.
        """
        q = len(theta)
        known = {
            name: Jet.constant(value, q, curved=curved) for name, value in self._constants.items()
        }
        for name, position in self._positions.items():
            known[name] = Jet.parameter(float(theta[position]), position, q, curved=curved)
        return self.with_definitions(known, q, curved=curved)

    def values(self, theta: Float) -> dict[str, float]:
        """Evaluate every label and defined parameter at ``theta``, (q,), without derivatives."""
        known = dict(self._constants)
        known |= {name: float(theta[position]) for name, position in self._positions.items()}
        for row in self.table.definitions:
            known[row.definition.name] = value_of(row.definition.expression, known)
        return known

    def with_definitions(
        self, known: dict[str, Jet], q: int, *, curved: bool = False
    ) -> dict[str, Jet]:
        """Add the defined parameters to known labels; later ones may use earlier ones."""
        for row in self.table.definitions:
            expression = row.definition.expression
            known[row.definition.name] = evaluate(expression, known, q, curved=curved)
        return known

    def defined(self, known: dict[str, Jet]) -> tuple[Float, Float]:
        """Give values, (d,), and gradients, (d, q), of the defined parameters."""
        jets = [known[row.definition.name] for row in self.table.definitions]
        return np.array([jet.value for jet in jets]), np.array([jet.gradient for jet in jets])

    @cached_property
    def _positions(self) -> dict[str, int]:
        return self.table.positions()

    @cached_property
    def _constants(self) -> dict[str, float]:
        return self.table.constants()


@dataclass(frozen=True, eq=False)
class Restrictions:
    """The constraints of a table: equalities are zero, bounds at least zero.

    Equalities come first, then bounds; ``n_equalities`` tells where they part.
    """

    table: ParameterTable

    def __bool__(self) -> bool:
        return bool(self.table.constraints)

    @cached_property
    def ordered(self) -> tuple[Constraint, ...]:
        """All constraints, equalities first."""
        return tuple(sorted(self.table.constraints, key=lambda c: c.operator != "=="))

    @cached_property
    def n_equalities(self) -> int:
        """How many of them are equalities, dependent ones included."""
        return sum(c.operator == "==" for c in self.table.constraints)

    @cached_property
    def usual_rank(self) -> int:
        """How many of the equalities are independent where all of them hold."""
        return self.table.n_free - self.table.n_parameters

    @cached_property
    def _functions(self) -> Functions:
        return Functions(self.table)

    def jets(self, theta: Float, *, curved: bool = False) -> Sequence[Jet]:
        """Evaluate all constraints at ``theta``, (q,); second derivatives only if ``curved``."""
        return self._cached(theta.tobytes(), curved)

    def values(self, theta: Float) -> Float:
        """Evaluate all constraints at ``theta``, (q,), without derivatives, at a tenth the cost."""
        known = self._functions.values(theta)
        return np.array([value_of(difference, known) for difference in self._differences])

    @cached_property
    def _differences(self) -> list[Expression]:
        return [constraint.difference for constraint in self.ordered]

    @cached_property
    def _cached(self) -> Callable[[bytes, bool], Sequence[Jet]]:
        """Evaluate once for all who ask about the same point."""

        @lru_cache(maxsize=4)
        def evaluated(theta: bytes, curved: bool) -> Sequence[Jet]:
            point = np.frombuffer(theta)
            known = self._functions.known(point, curved=curved)
            return constraint_jets(self.ordered, known, len(point), curved=curved)

        return evaluated


def constraint_jets(
    constraints: Sequence[Constraint], known: dict[str, Jet], q: int, *, curved: bool = False
) -> list[Jet]:
    """Evaluate the differences of constraints."""
    return [evaluate(c.difference, known, q, curved=curved) for c in constraints]


def null_space(jacobian: Float, scale: Float) -> tuple[Float, int]:
    """Give directions along which constraints do not change, and the constraints' rank.

    Parameters
    ----------
    jacobian
        Derivatives of the constraints, (m, q).
    scale
        A typical size of each parameter, (q,), which makes the directions free of units.

    Returns
    -------
    tangent : ndarray
        (q, q - rank), orthonormal after division by ``scale``.
    rank : int
        Number of independent constraints.
    """
    scaled = jacobian * scale
    size = np.linalg.norm(scaled, axis=1, keepdims=True)
    scaled = np.divide(scaled, size, out=np.zeros_like(scaled), where=size > 0)
    _, values, rows = np.linalg.svd(scaled)
    rank = int((values > _DEPENDENT * max(values.max(initial=0.0), 1e-300)).sum())
    return rows[rank:].T * scale[:, None], rank


def rank_of(equalities: Sequence[Jet], scale: Float) -> int | None:
    """Count the equalities that are independent at a point; None where one is not defined."""
    jacobian = np.array([jet.gradient for jet in equalities]).reshape(-1, len(scale))
    return null_space(jacobian, scale)[1] if np.isfinite(jacobian).all() else None


def equality_rank(table: ParameterTable) -> int:
    """Count the independent equality constraints, as seen where all of them hold.

    Constraints that differ elsewhere, such as ``a == b`` and ``a^2 == b^2``, may be one and the
    same there. Points are found from random ones; those stand in where no point is found.
    """
    restrictions = Restrictions(table)
    if not restrictions.n_equalities:
        return 0
    rng = np.random.default_rng(1)
    scale = np.ones(table.n_free)
    ranks: list[tuple[bool, int]] = []
    for _ in range(_RANDOM_POINTS):
        start = rng.uniform(0.2, 0.9, table.n_free)
        point = _on_surface(restrictions, start)
        jets = restrictions.jets(start if point is None else point)
        rank = rank_of(jets[: restrictions.n_equalities], scale)
        if rank is not None:
            ranks.append((point is not None, rank))
    # Nowhere defined: all of them.
    return max(ranks, default=(False, restrictions.n_equalities))[1]


def _on_surface(restrictions: Restrictions, theta: Float) -> Float | None:
    """Bring a point to where all equalities hold by the shortest way; None if that fails."""
    m = restrictions.n_equalities
    for _ in range(_ROUNDS):
        jets = restrictions.jets(theta)[:m]
        values = np.array([jet.value for jet in jets])
        jacobian = np.array([jet.gradient for jet in jets])
        if not (np.isfinite(values).all() and np.isfinite(jacobian).all()):
            return None
        size = np.maximum(np.linalg.norm(jacobian, axis=1), 1e-300)
        if np.abs(values / size).max() < _REACHED:
            return theta
        theta = theta - np.linalg.pinv(jacobian / size[:, None], rcond=1e-6) @ (values / size)
    return None


def equality_tangent(table: ParameterTable, theta: Float) -> Float | None:
    """Give the directions, (q, r), that equality constraints leave at ``theta``; None for all."""
    restrictions = Restrictions(table)
    if not restrictions.n_equalities:
        return None
    jets = restrictions.jets(theta)[: restrictions.n_equalities]
    scale = np.maximum(np.abs(theta), 1e-3)
    return null_space(np.array([jet.gradient for jet in jets]), scale)[0]
