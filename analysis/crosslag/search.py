"""From a table of parameters and data to the maximum of the likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from crosslag._types import Float
from crosslag.constraints import Restrictions
from crosslag.errors import ModelError
from crosslag.estimate import BUDGET, FALLBACKS, ModelPoint, maximise, model_point
from crosslag.growth import other_starts
from crosslag.model import Model, ParameterTable
from crosslag.moments import Evaluation, PatternMoments, pooled
from crosslag.proof import Solution
from crosslag.ram import RamGroup, ram_groups
from crosslag.restricted import maximise_restricted
from crosslag.saturated import available_moments
from crosslag.starting import starting_values, unmeasured, with_fitted_means

__all__ = ["climb", "find_maximum", "layout"]

_MANY = 20  # patterns from which a first search in the saturated moments pays
_HIGHER = 1e-4  # log-likelihood by which another maximum counts as higher
_FEW = 600  # evaluations over all patterns before no fallback is begun


@lru_cache(maxsize=32)
def layout(model: Model, n_groups: int) -> tuple[ParameterTable, tuple[RamGroup, ...]]:
    """Lay a model out over groups, once for all fits of it."""
    table = model.table(n_groups)
    return table, tuple(ram_groups(table))


def find_maximum(
    table: ParameterTable, structures: Sequence[RamGroup], unrestricted: Sequence[Evaluation]
) -> Solution[ModelPoint]:
    """Maximise the likelihood of a model.

    With many missing patterns a first search takes the saturated moments for those of complete
    data: its steps cost next to nothing, and it ends close by. Models with steps without data
    that pass means on are searched with the scores measured from their means, and proven after;
    growth with lagged effects is searched from several starts, of which the highest maximum counts.

    Parameters
    ----------
    table, structures
        The model.
    unrestricted
        The saturated model of each group, which holds the data.

    Raises
    ------
    ModelError
        If the likelihood is not defined at the starting values.
    """
    patterns = [e.data for e in unrestricted]
    moments = [pooled(e.mu, e.sigma, e.data.n) for e in unrestricted]
    try:
        start = starting_values(table, patterns)
        origin = _means_passed_on(table, structures, start)
        if origin is None:
            reached = [_search(table, structures, patterns, moments, start)]
            higher = _higher_nearby(table, structures, patterns, moments, reached[0])
            if higher is not None:
                reached.append(climb(table, structures, patterns, higher, budget=_FEW))
            return _higher(reached)
        centred = [_about(data, mean) for data, mean in zip(patterns, origin, strict=True)]
        saturated = [_about(data, mean) for data, mean in zip(moments, origin, strict=True)]
        start = _with_means(table, patterns, start, [np.zeros_like(mean) for mean in origin])
        found = _search(table, structures, centred, saturated, start)
        if not found.converged:
            return found
        means = [i.mu + mean for i, mean in zip(found.point.implied, origin, strict=True)]
        start = _with_means(table, patterns, found.point.theta, means)
        ended = climb(table, structures, patterns, start, budget=_FEW)
        return replace(ended, tried=tuple(dict.fromkeys(found.tried + ended.tried)))
    except ValueError as error:
        raise ModelError(_impossible(table)) from error


def _search(
    table: ParameterTable,
    structures: Sequence[RamGroup],
    patterns: Sequence[PatternMoments],
    moments: Sequence[PatternMoments],
    start: Float,
) -> Solution[ModelPoint]:
    if sum(len(data.count) for data in patterns) < _MANY:
        return climb(table, structures, patterns, start)
    near = climb(table, structures, moments, start)
    if near.converged:
        start = near.point.theta
    found = climb(table, structures, patterns, start, budget=_FEW)
    return replace(found, tried=tuple(dict.fromkeys(near.tried + found.tried)))


def _higher_nearby(
    table: ParameterTable,
    structures: Sequence[RamGroup],
    patterns: Sequence[PatternMoments],
    moments: Sequence[PatternMoments],
    reached: Solution[ModelPoint],
) -> Float | None:
    """Find a higher maximum of growth in the saturated moments, (q,); None if there is none."""
    others = other_starts(table, patterns, starting_values(table, patterns))
    if not others:
        return None
    height, best = -np.inf, None
    fallbacks = 1 if reached.converged else FALLBACKS
    if reached.converged:
        height = climb(table, structures, moments, reached.point.theta, fallbacks=0).point.logl
    for other in others:
        near = climb(table, structures, moments, other, budget=_FEW, fallbacks=fallbacks)
        if near.converged and near.point.logl > height + _HIGHER:
            height, best = near.point.logl, near.point.theta
    return best


def _higher(found: Sequence[Solution[ModelPoint]]) -> Solution[ModelPoint]:
    """Take the highest proven maximum, the first of equals; name all that was tried."""
    best = max(found, key=lambda s: (s.converged, round(s.point.logl, 6)))
    return replace(best, tried=tuple(dict.fromkeys(t for s in found for t in s.tried)))


def _means_passed_on(
    table: ParameterTable, structures: Sequence[RamGroup], start: Float
) -> list[Float] | None:
    """Give each group's means, (p,), if steps without data pass means on; None if not.

    Passed on over several steps, means are powers of the effects: a step too far is without bound
    where scores lie far from zero.
    """
    between = unmeasured(table.rows)
    passing = [i for i, name in enumerate(table.variables) if name in between]
    implied = [structure.implied(start) for structure in structures] if passing else []
    return [i.mu for i in implied] if any(i.mean[passing].any() for i in implied) else None


def _about(data: PatternMoments, origin: Float) -> PatternMoments:
    """Measure scores from another origin, (p,); the persons' own are left out."""
    nobody = np.zeros((0, data.p))
    return replace(data, mean=np.where(data.observed, data.mean - origin, 0.0), persons=nobody)


def _with_means(
    table: ParameterTable, data: Sequence[PatternMoments], theta: Float, means: Sequence[Float]
) -> Float:
    wanted = [(mean, available_moments(d)[1]) for mean, d in zip(means, data, strict=True)]
    return with_fitted_means(table, wanted, theta)


def _impossible(table: ParameterTable) -> str:
    complaint = "The model's starting values imply an impossible covariance matrix"
    flat = _without_variance(table)
    if flat:
        return (
            f"{complaint}: no variance is stated for {', '.join(flat)}. Write"
            f' {flat[0]} ~~ {flat[0]}, or use auto="sem", or fixed_x=True for predictors.'
        )
    if table.constraints:
        stated = "; ".join(map(str, table.constraints[:5]))
        return (
            f"{complaint}, or break the constraints ({stated}); check that these do not contradict"
            " each other or fixed values."
        )
    return f"{complaint}; check fixed values and stated starts."


def _without_variance(table: ParameterTable) -> list[str]:
    """Name observed variables whose variance is fixed to 0, and that nothing latent explains."""
    explained = {row.rhs for row in table.rows if row.op == "=~"}
    explained |= {row.lhs for row in table.rows if row.op == "~" and row.rhs in table.latent}
    fixed = [
        r.lhs for r in table.rows if r.op == "~~" and r.lhs == r.rhs and r.free < 0 and r.value == 0
    ]
    return [name for name in table.observed if name in fixed and name not in explained]


def climb(
    table: ParameterTable,
    structures: Sequence[RamGroup],
    patterns: Sequence[PatternMoments],
    start: Float,
    budget: int = BUDGET,
    fallbacks: int = FALLBACKS,
) -> Solution[ModelPoint]:
    """Maximise the likelihood of a model from one start, (q,)."""

    def at(theta: Float) -> ModelPoint | None:
        return model_point(structures, patterns, theta)

    if table.constraints:
        restrictions = Restrictions(table)
        return maximise_restricted(at, start, restrictions, budget=budget // 2, fallbacks=fallbacks)
    return maximise(at, start, budget=budget, fallbacks=fallbacks)
