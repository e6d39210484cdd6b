"""From a table of parameters and data to the maximum of the likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from crosslag._types import Float
from crosslag.constraints import Restrictions
from crosslag.errors import ModelError
from crosslag.estimate import BUDGET, ModelPoint, Solution, maximise, model_point
from crosslag.model import Model, ParameterTable
from crosslag.moments import Evaluation, PatternMoments, pooled
from crosslag.ram import RamGroup, ram_groups
from crosslag.restricted import maximise_restricted
from crosslag.starting import starting_values

__all__ = ["find_maximum", "layout"]

_MANY = 20  # patterns from which a first search in the saturated moments pays
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
    data: its steps cost next to nothing, and it ends close by.

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
    try:
        start = starting_values(table, patterns)
        if sum(len(data.count) for data in patterns) >= _MANY:
            moments = [pooled(e.mu, e.sigma, e.data.n) for e in unrestricted]
            near = _climb(table, structures, moments, start)
            if near.converged:
                start = near.point.theta
            found = _climb(table, structures, patterns, start, budget=_FEW)
            return replace(found, tried=tuple(dict.fromkeys(near.tried + found.tried)))
        return _climb(table, structures, patterns, start)
    except ValueError as error:
        raise ModelError(_impossible(table)) from error


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


def _climb(
    table: ParameterTable,
    structures: Sequence[RamGroup],
    patterns: Sequence[PatternMoments],
    start: Float,
    budget: int = BUDGET,
) -> Solution[ModelPoint]:
    def at(theta: Float) -> ModelPoint | None:
        return model_point(structures, patterns, theta)

    if table.constraints:
        return maximise_restricted(at, start, Restrictions(table), budget=budget // 2)
    return maximise(at, start, budget=budget)
