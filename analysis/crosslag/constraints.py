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

__all__ = ["Functions", "Restrictions", "equality_rank", "equality_tangent", "null_space"]

_DEPENDENT = 1e-9
_RANDOM_POINTS = 5


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


def equality_rank(table: ParameterTable) -> int:
    """Count the independent equality constraints, as seen at random points."""
    restrictions = Restrictions(table)
    if not restrictions.n_equalities:
        return 0
    rng = np.random.default_rng(1)
    ranks = []
    for _ in range(_RANDOM_POINTS):
        jets = restrictions.jets(rng.uniform(0.2, 0.9, table.n_free))[: restrictions.n_equalities]
        jacobian = np.array([jet.gradient for jet in jets])
        if np.isfinite(jacobian).all():
            ranks.append(null_space(jacobian, np.ones(table.n_free))[1])
    return max(ranks, default=restrictions.n_equalities)  # by default, nowhere defined


def equality_tangent(table: ParameterTable, theta: Float) -> Float | None:
    """Give the directions, (q, r), that equality constraints leave at ``theta``; None for all."""
    restrictions = Restrictions(table)
    if not restrictions.n_equalities:
        return None
    jets = restrictions.jets(theta)[: restrictions.n_equalities]
    scale = np.maximum(np.abs(theta), 1e-3)
    return null_space(np.array([jet.gradient for jet in jets]), scale)[0]
