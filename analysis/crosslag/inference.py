"""Standard errors, scaled tests, standardised solutions and inadmissible values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from crosslag._types import Bool, Float, Int
from crosslag.estimate import ModelPoint
from crosslag.model import ParameterTable
from crosslag.moments import Evaluation

__all__ = [
    "ByIdentity",
    "Information",
    "Standardised",
    "inadmissible",
    "moment_trace",
    "natural_scale",
    "positive_semidefinite",
    "pseudo_inverse",
    "score_products",
    "standard_estimates",
    "standard_values",
    "standardised",
    "unidentified",
    "vcov",
    "without_rounding",
]

Information = Literal["expected", "observed"]

ROUNDING = 1e-7  # errors below this share of ordinary ones are noise
_LOADING = 0.2


def score_products(point: ModelPoint) -> Float:
    """Sum the outer products of the scores of persons, or of clusters of persons: (q, q)."""
    total = np.zeros((len(point.theta), len(point.theta)))
    for evaluation, jacobian in zip(point.evaluations, point.jacobians, strict=True):
        total += jacobian @ evaluation.score_products @ jacobian.T
    return total


def within(basis: Float | None, matrix: Float) -> Float:
    """Restrict a matrix, (q, q), to the directions that constraints leave, (q, r): (r, r)."""
    return matrix if basis is None else np.asarray(basis.T @ matrix @ basis)


def vcov(bread: Float, meat: Float | None = None, *, basis: Float | None = None) -> Float:
    """Invert an information matrix, (q, q), or form the sandwich around ``meat``.

    The sandwich is Huber's and White's: bread^-1 meat bread^-1. With a ``basis``, (q, r), both
    are taken within the directions that constraints leave free.
    """
    if basis is not None:
        inner = vcov(within(basis, bread), None if meat is None else within(basis, meat))
        return np.asarray(basis @ inner @ basis.T)
    scale = np.sqrt(np.diag(bread))
    inverse = np.linalg.inv(bread / np.outer(scale, scale)) / np.outer(scale, scale)
    covariance = inverse if meat is None else inverse @ meat @ inverse
    return np.asarray((covariance + covariance.T) / 2)


def natural_scale(information: Float) -> Float:
    """Give each parameter's error if all others were known, (q,); 0 where nothing is said of it."""
    diagonal = np.diag(information)
    return np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 0.0)


def without_rounding(covariance: Float, scale: Float) -> Float:
    """Set to 0 what constraints leave of errors, (q, q), but for rounding.

    A constraint such as ``a*b == 0`` fixes b, where it is nearly 0 and a is not; what is computed
    for its error is noise. ``scale``, (q,), is the size of ordinary errors.
    """
    held = np.sqrt(np.maximum(np.diag(covariance), 0.0)) < ROUNDING * scale
    kept = ~held
    return covariance * np.outer(kept, kept)


def pseudo_inverse(information: Float) -> Float:
    """Invert a symmetric matrix, (q, q), as far as it can be, whatever the parameters' units."""
    size = np.sqrt(np.maximum(np.diag(information), 1e-300))
    both = np.outer(size, size)
    return np.asarray(np.linalg.pinv(information / both, hermitian=True) / both)


def moment_trace(evaluations: Sequence[Evaluation]) -> float:
    """Sum tr(B A^-1) over groups at the saturated moments: the test's trace without a model.

    A is the observed information of the stacked moments, B the sum of products of scores.
    Yuan and Bentler (2000), doi:10.1111/0081-1750.00078, in the variant of Mplus.
    """
    total = 0.0
    for evaluation in evaluations:
        total += _trace(evaluation.observed_information(), evaluation.score_products)
    return total


def _trace(information: Float, products: Float) -> float:
    scale = np.sqrt(np.diag(information))
    both = np.outer(scale, scale)
    return float(np.trace(np.linalg.solve(information / both, products / both)))


def model_trace(information: Float, products: Float) -> float:
    """Give tr(B A^-1) of a model with observed information A and score products B, (q, q)."""
    return _trace(information, products)


def unidentified(
    table: ParameterTable, information: Float, basis: Float | None = None
) -> list[str]:
    """Name the parameters that a singular information matrix, (q, q), can't tell apart.

    ``basis``, (q, r), are the directions that constraints leave free.
    """
    diagonal = np.diag(information)
    names = table.free_names()
    unknown = [name for name, value in zip(names, diagonal, strict=True) if not value > 0]
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.sqrt(np.where(diagonal == 0, 1.0, np.abs(diagonal)))
        scaled = information / scale / scale[:, None]
    if not np.isfinite(scaled).all() or (unknown and basis is None):
        return unknown
    axes = np.eye(len(scale)) if basis is None else np.linalg.qr(basis * scale[:, None])[0]
    values, vectors = np.linalg.eigh(axes.T @ scaled @ axes)
    return _involved(names, axes @ vectors[:, values < 1e-6])


def _involved(names: list[str], directions: Float) -> list[str]:
    """Name the parameters that take part in any of the directions, (q, k)."""
    flat = np.abs(directions)
    if not flat.size:
        return []
    involved = (flat > _LOADING * flat.max(axis=0)).any(axis=1)
    return [name for name, is_one in zip(names, involved, strict=True) if is_one]


def inadmissible(table: ParameterTable, point: ModelPoint) -> list[str]:
    """Name negative variances and correlations beyond 1 in words, group by group."""
    findings: list[str] = []
    for group, implied in enumerate(point.implied):
        where = f" in group {group + 1}" if table.n_groups > 1 else ""
        before = len(findings)
        names, s = table.variables, implied.undirected
        variances = np.diag(s)
        own = np.array([name not in table.auxiliary for name in names])
        for name, value in zip(names, variances, strict=True):
            if value < 0:
                findings.append(f"The variance {name} ~~ {name}{where} is negative ({value:.4g}).")
        for row in table.rows:
            if row.group != group or row.op != "~~" or row.lhs == row.rhs:
                continue
            if row.lhs in table.auxiliary or row.rhs in table.auxiliary:
                continue
            i, j = names.index(row.lhs), names.index(row.rhs)
            bound = np.sqrt(max(variances[i], 0.0) * max(variances[j], 0.0))
            if bound > 0 and abs(s[i, j]) > bound:
                findings.append(
                    f"The correlation of {row.lhs} and {row.rhs}{where} is beyond 1 in size"
                    f" ({s[i, j] / bound:.3f})."
                )
        if len(findings) == before and not positive_semidefinite(s[np.ix_(own, own)]):
            findings.append(
                f"The covariance matrix of the latent variables and residuals{where} is not"
                " positive semidefinite."
            )
    return findings


def positive_semidefinite(matrices: Float) -> Bool:
    """Say whether symmetric matrices, (..., k, k), have no negative eigenvalue, up to rounding."""
    largest = np.diagonal(matrices, axis1=-2, axis2=-1).max(axis=-1)
    return np.asarray(np.linalg.eigvalsh(matrices)[..., 0] >= -1e-8 * largest)


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """Completely standardised values and their standard errors, one per row of the table."""

    values: Float
    errors: Float


def standardised(table: ParameterTable, point: ModelPoint, covariance: Float) -> Standardised:
    """Standardise by the implied standard deviations of all variables.

    Residual covariances are divided by the residuals' standard deviations, everything else by
    those of the variables. Standard errors follow by the delta method from ``covariance``, (q, q).
    Where a variance is not positive the values are NaN.
    """
    values, gradient = standard_values(table, point)
    squared = ((gradient @ covariance) * gradient).sum(axis=1)
    errors = np.sqrt(np.maximum(squared, 0.0))
    errors[errors < 1e-9] = 0.0
    errors[np.isnan(values)] = np.nan
    return Standardised(values, errors)


def standard_estimates(table: ParameterTable, point: ModelPoint) -> Float:
    """Standardise all rows of the table, (k,)."""
    matrices = ((np.diag(i.covariance), np.diag(i.undirected)) for i in point.implied)
    layout = _scale_layout(table)
    est, first, second, possible = layout.parts(
        point.theta, np.concatenate([variance for pair in matrices for variance in pair])
    )
    scale = first ** layout.powers[:, 0] * second ** layout.powers[:, 1]
    return np.where(possible, est * scale, np.where(est != 0, np.nan, 0.0))


def standard_values(table: ParameterTable, point: ModelPoint) -> tuple[Float, Float]:
    """Standardise all rows of the table, (k,), and differentiate by the parameters, (k, q)."""
    layout = _scale_layout(table)
    variances, slopes = _variances(table, point)
    est, first, second, possible = layout.parts(point.theta, variances)
    scale = first ** layout.powers[:, 0] * second ** layout.powers[:, 1]
    values = np.where(possible, est * scale, np.where(est != 0, np.nan, 0.0))
    weight = np.where(possible, est * scale, 0.0)[:, None] * layout.powers
    gradient = (weight[:, 0] / first)[:, None] * slopes[layout.first]
    gradient += (weight[:, 1] / second)[:, None] * slopes[layout.second]
    estimated = np.flatnonzero((layout.free >= 0) & possible)
    gradient[estimated, layout.free[estimated]] += scale[estimated]
    return values, gradient


def _variances(table: ParameterTable, point: ModelPoint) -> tuple[Float, Float]:
    """All variances and then all residual variances, group by group, with their derivatives."""
    layout = _scale_layout(table)
    values, slopes = [], []
    for structure, implied in zip(point.structures, point.implied, strict=True):
        values += [np.diag(implied.covariance), np.diag(implied.undirected)]
        of_residuals = np.zeros((len(table.variables), len(point.theta)))
        slopes += [structure.variance_jacobian(implied).T, of_residuals]
    joined = np.concatenate(slopes)
    joined[layout.residuals, layout.residual_free] = 1.0
    return np.concatenate(values), joined


@dataclass(frozen=True, slots=True, eq=False)
class _ScaleLayout:
    """Which variances, to which power, each row of the table is multiplied by.

    ``first`` and ``second`` are positions in what :func:`_variances` gives; ``residuals`` those of
    estimated residual variances, ``residual_free`` their positions in theta.
    """

    free: Int
    fixed: Float
    first: Int
    second: Int
    powers: Float
    residuals: Int
    residual_free: Int

    def parts(self, theta: Float, variances: Float) -> tuple[Float, Float, Float, Bool]:
        """Give each row's value and two variances, 1 where they can't scale it, and where."""
        est = np.where(self.free >= 0, theta[self.free], self.fixed)
        first, second = variances[self.first], variances[self.second]
        possible = (first > 0) & (second > 0)
        return est, np.where(possible, first, 1.0), np.where(possible, second, 1.0), possible


@dataclass(frozen=True, eq=False)
class ByIdentity:
    """A table that is compared by identity: quicker than by its hundreds of values."""

    table: ParameterTable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and self.table is other.table

    def __hash__(self) -> int:
        return id(self.table)


def _scale_layout(table: ParameterTable) -> _ScaleLayout:
    return _new_scale_layout(ByIdentity(table))


@lru_cache(maxsize=16)
def _new_scale_layout(known: ByIdentity) -> _ScaleLayout:
    table = known.table
    index = {name: i for i, name in enumerate(table.variables)}
    v = len(index)
    n = len(table.rows)
    first, second = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    powers = np.zeros((n, 2))
    residuals: list[tuple[int, int]] = []
    for k, row in enumerate(table.rows):
        i, j = index[row.lhs], index.get(row.rhs, -1)
        begin = 2 * v * row.group
        if row.op == "~~" and i != j:
            begin += v
        for place, (variable, power) in enumerate(_powers(row.op, i, j)):
            (first, second)[place][k] = begin + variable
            powers[k, place] = power
        if powers[k, 1] == 0:
            second[k] = first[k]
        if row.op == "~~" and i == j and row.free >= 0:
            residuals.append((begin + v + i, row.free))
    places = np.array(residuals, dtype=np.int64).reshape(-1, 2)
    return _ScaleLayout(
        np.array([row.free for row in table.rows], dtype=np.int64),
        np.array([row.value for row in table.rows]),
        first,
        second,
        powers,
        places[:, 0],
        places[:, 1],
    )


def _powers(op: str, i: int, j: int) -> list[tuple[int, float]]:
    """Say to which power each variable's variance enters the standardised value."""
    match op:
        case "=~":
            return [(i, 0.5), (j, -0.5)]
        case "~":
            return [(i, -0.5), (j, 0.5)]
        case "~~":
            return [(i, -0.5), (j, -0.5)] if i != j else [(i, -1.0)]
        case _:
            return [(i, -0.5)]
