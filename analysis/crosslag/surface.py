"""The surface that constraints leave: its tangent, and the way back onto it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from crosslag._types import Float
from crosslag.constraints import Restrictions, null_space
from crosslag.expressions import Jet

__all__ = ["Surface", "held_by", "retract", "violated_by"]

_ON_SURFACE = 1e-10  # distance from the surface, in standard errors
_NEARLY = 1e-7  # where rounding allows no better
_SLOW = 0.3  # share of the distance that is left, from which on new normals pay


@dataclass(frozen=True, eq=False)
class Surface:
    """The constraints that hold at a point.

    ``tangent``, (q, r), are the directions that they leave, ``multipliers``, (m,), their slopes;
    ``curvature``, (q, q), is what they add to the Hessian of the Lagrangian.
    """

    tangent: Float
    multipliers: Float
    curvature: Float

    @classmethod
    def at(cls, jets: Sequence[Jet], gradient: Float, scale: Float) -> Surface:
        q = len(gradient)
        if not jets:
            return cls(np.diag(scale), np.zeros(0), np.zeros((q, q)))
        jacobian = np.array([jet.gradient for jet in jets])
        tangent, _ = null_space(jacobian, scale)
        found = linalg.lstsq((jacobian * scale).T, gradient * scale)
        multipliers = np.asarray(found[0], dtype=np.float64)
        curvature = np.zeros((q, q))
        for multiplier, jet in zip(multipliers.tolist(), jets, strict=True):
            if jet.hessian is not None:
                curvature += multiplier * jet.hessian
        return cls(tangent, multipliers, curvature)


def held_by(restrictions: Restrictions, active: Sequence[int]) -> list[int]:
    return [*range(restrictions.n_equalities), *active]


def violated_by(
    restrictions: Restrictions, theta: Float, active: Sequence[int], scale: Float
) -> list[int]:
    """List inactive bounds that ``theta`` lies beyond."""
    if restrictions.n_equalities == len(restrictions.ordered):
        return []
    jets = restrictions.jets(theta)
    return [
        i
        for i in range(restrictions.n_equalities, len(jets))
        if i not in active
        and not jets[i].value >= -_ON_SURFACE * np.linalg.norm(jets[i].gradient * scale)
    ]


def retract(
    restrictions: Restrictions, base: Float, step: Float, held: Sequence[int], scale: Float
) -> Float | None:
    """Bring ``base + step`` back onto the surface by its normals; None where that fails.

    The normals are those at ``base`` as long as they lead there quickly: values alone cost little.
    """
    theta = base + step
    if not held:
        return theta
    at, distance, normals = base, np.inf, None
    for _ in range(30):
        if normals is None:
            # At the base, the surface needs second derivatives too: evaluate once for both.
            jets = restrictions.jets(at, curved=at is base)
            normals = _Normals.of([jets[i] for i in held], scale)
            if normals is None:
                return None
        values = restrictions.values(theta)[list(held)] / normals.size
        if not np.isfinite(values).all():
            return None
        before, distance = distance, float(np.abs(values).max())
        if distance <= _ON_SURFACE or (distance <= _NEARLY and distance > 0.5 * before):
            return theta
        if distance > _SLOW * before:
            at, normals, distance = theta, None, np.inf
            continue
        theta = theta - scale * (normals.inverse @ values)
    return None


@dataclass(frozen=True, eq=False)
class _Normals:
    """Sizes of the constraints' gradients, (m,), and the shortest way back, (q, m)."""

    size: Float
    inverse: Float

    @classmethod
    def of(cls, jets: Sequence[Jet], scale: Float) -> _Normals | None:
        """Take the normals of constraints; None where one is not defined."""
        jacobian = np.array([jet.gradient for jet in jets]) * scale
        if not np.isfinite(jacobian).all():
            return None
        size = np.maximum(np.linalg.norm(jacobian, axis=1), 1e-300)
        return cls(size, np.asarray(np.linalg.pinv(jacobian / size[:, None], rcond=1e-9)))
