"""Score tests: which equality constraints do the data speak against?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from crosslag._types import Float
from crosslag.constraints import Restrictions, null_space
from crosslag.errors import ModelError
from crosslag.estimate import model_point
from crosslag.model import ParameterRow, ParameterTable
from crosslag.ram import ram_groups
from crosslag.report import probability

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["ScoreTests", "score_tests"]


@dataclass(frozen=True, eq=False)
class ScoreTests:
    """Score (Lagrange multiplier) tests of equality constraints.

    Attributes
    ----------
    each
        One line for every constraint, shared labels included: ``constraint chisq df pvalue``, of
        releasing it alone. NaN where that would leave the model unidentified.
    chisq, df, pvalue
        Of releasing all of them together.
    """

    each: pd.DataFrame
    chisq: float
    df: int
    pvalue: float

    def __str__(self) -> str:
        together = (
            f"All together: chi-square {self.chisq:.3f}, df {self.df}, p {probability(self.pvalue)}"
        )
        return f"{self.each.to_string(index=False)}\n{together}"


def score_tests(fit: Fit) -> ScoreTests:
    """Test every equality constraint of a fit by its score, without fitting again.

    The information is the expected one, and the tests assume normality, whatever the estimator.

    Raises
    ------
    ModelError
        If the fit has not converged, has no equality constraints, or an active bound.

    References
    ----------
    Sörbom (1989), doi:10.1007/BF02294623
    """
    if not fit.converged:
        raise ModelError("There is nothing to test: the fit has not converged.")
    untied, theta = _untied(fit.table, fit.theta)
    jacobian, names = _equalities(fit.table, untied, theta)
    if not names:
        raise ModelError("The model has no equality constraint to test.")
    if any(c.operator != "==" for c in fit.table.constraints):
        raise ModelError("Score tests are for models without bounds; leave them out.")
    point = model_point(ram_groups(untied), fit.sample.patterns, theta)
    assert point is not None  # the same moments as at the fit's own estimates
    information = point.expected_information()
    scale = 1 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    statistics = []
    for k in range(len(names)):
        others = np.delete(jacobian, k, axis=0)
        statistics.append(_statistic(point.gradient, information, others, scale))
    each = pd.DataFrame(
        {
            "constraint": names,
            "chisq": statistics,
            "df": 1,
            "pvalue": [float(special.chdtrc(1, s)) for s in statistics],
        }
    )
    _, df = null_space(jacobian, scale)
    total = _statistic(point.gradient, information, jacobian[:0], scale)
    return ScoreTests(each, total, df, float(special.chdtrc(df, total)))


def _statistic(gradient: Float, information: Float, held: Float, scale: Float) -> float:
    """The score's length in the directions that the constraints still ``held``, (m, q), leave."""
    tangent = np.diag(scale) if not len(held) else null_space(held, scale)[0]
    slope, inner = tangent.T @ gradient, tangent.T @ information @ tangent
    size = np.sqrt(np.maximum(np.diag(inner), 1e-300))
    correlation = inner / np.outer(size, size)
    if np.linalg.eigvalsh(correlation)[0] < 1e-8:
        return float("nan")
    standard = slope / size
    return float(standard @ np.linalg.solve(correlation, standard))


def _untied(table: ParameterTable, theta: Float) -> tuple[ParameterTable, Float]:
    """Give every row a parameter of its own; the label stays with the first of those that share."""
    rows: list[ParameterRow] = []
    values: list[float] = []
    seen: set[str] = set()
    for row in table.rows:
        if row.free < 0:
            rows.append(row)
            continue
        label = "" if row.label in seen else row.label
        seen.add(row.label)
        rows.append(replace(row, free=len(values), label=label))
        values.append(float(theta[row.free]))
    untied = replace(table, n_free=len(values), rows=tuple(rows))
    return untied, np.array(values)


def _equalities(
    table: ParameterTable, untied: ParameterTable, theta: Float
) -> tuple[Float, list[str]]:
    """Derivatives, (m, q), and names of all equalities, shared labels first."""
    slopes: list[Float] = []
    names: list[str] = []
    first: dict[int, ParameterRow] = {}
    for row, own in zip(table.rows, untied.rows, strict=True):
        if row.free < 0:
            continue
        before = first.setdefault(row.free, own)
        if before is not own:
            slope = np.zeros(len(theta))
            slope[before.free], slope[own.free] = 1.0, -1.0
            slopes.append(slope)
            names.append(f"{row.label}: {_full_name(table, before)} == {_full_name(table, own)}")
    restrictions = Restrictions(untied)
    for constraint, jet in zip(restrictions.ordered, restrictions.jets(theta), strict=True):
        if constraint.operator == "==":
            slopes.append(jet.gradient)
            names.append(str(constraint))
    return np.array(slopes).reshape(-1, len(theta)), names


def _full_name(table: ParameterTable, row: ParameterRow) -> str:
    return row.name + (f" (group {row.group + 1})" if table.n_groups > 1 else "")
