"""Standard errors, scaled tests, standardised solutions and inadmissible values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crosslag._types import Float
from crosslag.estimate import ModelPoint
from crosslag.model import ParameterTable
from crosslag.moments import Evaluation

__all__ = [
    "Information",
    "Standardised",
    "inadmissible",
    "moment_trace",
    "score_products",
    "standardised",
    "unidentified",
    "vcov",
]

Information = Literal["expected", "observed"]

_LOADING = 0.2


def score_products(point: ModelPoint) -> Float:
    """Sum the outer products of the persons' scores: (q, q)."""
    total = np.zeros((len(point.theta), len(point.theta)))
    for scores in point.scores():
        total += scores.T @ scores
    return total


def vcov(bread: Float, meat: Float | None = None) -> Float:
    """Invert an information matrix, (q, q), or form the sandwich around ``meat``.

    The sandwich is Huber's and White's: bread^-1 meat bread^-1.
    """
    scale = np.sqrt(np.diag(bread))
    inverse = np.linalg.inv(bread / np.outer(scale, scale)) / np.outer(scale, scale)
    covariance = inverse if meat is None else inverse @ meat @ inverse
    return np.asarray((covariance + covariance.T) / 2)


def moment_trace(evaluations: Sequence[Evaluation]) -> float:
    """Sum tr(B A^-1) over groups at the saturated moments: the test's trace without a model.

    A is the observed information of the stacked moments, B the sum of products of scores.
    Yuan and Bentler (2000), doi:10.1111/0081-1750.00078, in the variant of Mplus.
    """
    total = 0.0
    for evaluation in evaluations:
        scores = evaluation.scores()
        total += _trace(evaluation.observed_information(), scores.T @ scores)
    return total


def _trace(information: Float, products: Float) -> float:
    scale = np.sqrt(np.diag(information))
    both = np.outer(scale, scale)
    return float(np.trace(np.linalg.solve(information / both, products / both)))


def model_trace(information: Float, products: Float) -> float:
    """Give tr(B A^-1) of a model with observed information A and score products B, (q, q)."""
    return _trace(information, products)


def unidentified(table: ParameterTable, information: Float) -> list[str]:
    """Name the parameters that a singular information matrix, (q, q), can't tell apart."""
    diagonal = np.diag(information)
    names = table.free_names()
    unknown = [name for name, value in zip(names, diagonal, strict=True) if not value > 0]
    if unknown or not np.isfinite(information).all():
        return unknown
    scale = np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    flat = np.abs(vectors[:, values < 1e-6])
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
        for name, value in zip(names, variances, strict=True):
            if value < 0:
                findings.append(f"The variance {name} ~~ {name}{where} is negative ({value:.4g}).")
        for row in table.rows:
            if row.group != group or row.op != "~~" or row.lhs == row.rhs:
                continue
            i, j = names.index(row.lhs), names.index(row.rhs)
            bound = np.sqrt(max(variances[i], 0.0) * max(variances[j], 0.0))
            if bound > 0 and abs(s[i, j]) > bound:
                findings.append(
                    f"The correlation of {row.lhs} and {row.rhs}{where} is beyond 1 in size"
                    f" ({s[i, j] / bound:.3f})."
                )
        if len(findings) == before and np.linalg.eigvalsh(s)[0] < -1e-8 * variances.max():
            findings.append(
                f"The covariance matrix of the latent variables and residuals{where} is not"
                " positive semidefinite."
            )
    return findings


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
    q = len(point.theta)
    gradient = np.zeros((len(table.rows), q))
    values = np.empty(len(table.rows))
    index = {name: i for i, name in enumerate(table.variables)}
    variance_slopes = [
        s.variance_jacobian(i) for s, i in zip(point.structures, point.implied, strict=True)
    ]
    residual_cells = {
        (row.group, row.lhs): row.free
        for row in table.rows
        if row.op == "~~" and row.lhs == row.rhs
    }
    for k, row in enumerate(table.rows):
        implied, slopes = point.implied[row.group], variance_slopes[row.group]
        i, j = index[row.lhs], index.get(row.rhs, -1)
        estimate = row.value if row.free < 0 else point.theta[row.free]
        covaries = row.op == "~~" and i != j
        factors: list[tuple[float, float, Float]] = []  # (power of a variance, variance, slope)
        powers = _powers(row.op, i, j)
        for v, power in powers:
            if covaries:
                free = residual_cells[row.group, table.variables[v]]
                slope = np.zeros(q)
                if free >= 0:
                    slope[free] = 1.0
                factors.append((power, float(implied.undirected[v, v]), slope))
            else:
                factors.append((power, float(implied.covariance[v, v]), slopes[:, v]))
        if any(variance <= 0 for _, variance, _ in factors):
            values[k] = np.nan if estimate else 0.0
            continue
        scale = float(np.prod([variance**power for power, variance, _ in factors]))
        values[k] = estimate * scale
        for power, variance, slope in factors:
            gradient[k] += estimate * scale * power / variance * slope
        if row.free >= 0:
            gradient[k, row.free] += scale
    squared = np.einsum("ki,ij,kj->k", gradient, covariance, gradient)
    errors = np.sqrt(np.maximum(squared, 0.0))
    errors[errors < 1e-9] = 0.0
    return Standardised(values, errors)


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
