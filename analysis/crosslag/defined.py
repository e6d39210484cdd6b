"""Defined parameters with errors by the delta method, and Wald tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from crosslag._types import Bool, Float
from crosslag.constraints import Functions, constraint_jets
from crosslag.errors import ModelError
from crosslag.estimate import ModelPoint
from crosslag.expressions import Constraint, Jet, labels
from crosslag.inference import ROUNDING, standard_values
from crosslag.model import ParameterTable
from crosslag.report import probability

__all__ = ["Defined", "WaldTest", "defined", "defined_values", "wald"]


@dataclass(frozen=True, slots=True, eq=False)
class Defined:
    """Values and errors of the defined parameters, in the order of the table's definitions.

    ``std_values`` are the same functions of the standardised solution, as lavaan gives them.
    """

    values: Float
    errors: Float
    std_values: Float
    std_errors: Float

    @classmethod
    def unknown(cls, table: ParameterTable) -> Defined:
        """Give NaN for all."""
        return cls(*(np.full(len(table.definitions), np.nan) for _ in range(4)))


def defined_values(table: ParameterTable, theta: Float) -> Float:
    """Evaluate the defined parameters at ``theta``, (q,): (d,)."""
    functions = Functions(table)
    return functions.defined(functions.known(theta))[0]


def defined(
    table: ParameterTable, point: ModelPoint, covariance: Float, scale: Float | None = None
) -> Defined:
    """Evaluate the defined parameters, with errors by the delta method.

    Parameters
    ----------
    table, point
        The model, at its maximum.
    covariance
        Covariance matrix of the estimates, (q, q).
    scale
        Sizes of ordinary errors, (q,), beside which errors that are rounding show; None for none.
    """
    if not table.definitions:
        return Defined.unknown(table)
    functions = Functions(table)
    q = len(point.theta)
    values, slopes = functions.defined(functions.known(point.theta))
    standard = functions.with_definitions(_standard_labels(table, point), q)
    std_values, std_slopes = functions.defined(standard)
    return Defined(
        values,
        _errors(slopes, covariance, scale),
        std_values,
        _errors(std_slopes, covariance, scale),
    )


def _standard_labels(table: ParameterTable, point: ModelPoint) -> dict[str, Jet]:
    """The standardised value of every label: that of the first parameter which bears it."""
    values, slopes = standard_values(table, point)
    known: dict[str, Jet] = {}
    for row, value, slope in zip(table.rows, values.tolist(), slopes, strict=True):
        if row.label:
            known.setdefault(row.label, Jet(value, slope, None))
    return known


def _errors(slopes: Float, covariance: Float, scale: Float | None) -> Float:
    squared = np.maximum(((slopes @ covariance) * slopes).sum(axis=1), 0.0)
    if scale is not None:
        squared[_is_rounding(squared, slopes, scale)] = 0.0
    return np.asarray(np.sqrt(squared))


def _is_rounding(squared: Float, slopes: Float, scale: Float) -> Bool:
    """Say which variances, (m,), of functions with slopes, (m, q), are nothing but rounding."""
    with np.errstate(invalid="ignore"):
        return np.asarray(squared <= ROUNDING**2 * ((slopes * scale) ** 2).sum(axis=1))


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A Wald test of equalities.

    Attributes
    ----------
    chisq, df, pvalue
        The statistic, its degrees of freedom (the number of equalities) and its p value.
    """

    chisq: float
    df: int
    pvalue: float

    def __str__(self) -> str:
        return f"Wald chi-square {self.chisq:.3f}, df {self.df}, p {probability(self.pvalue)}"


def wald(
    table: ParameterTable,
    theta: Float,
    covariance: Float,
    constraints: Sequence[Constraint],
    scale: Float,
) -> WaldTest:
    """Test equalities of labels, without fitting again.

    ``scale``, (q,), are sizes of ordinary errors, beside which errors that are rounding show.

    Raises
    ------
    ModelError
        For bounds, unknown labels, and equalities that nothing in the data can contradict.
    """
    functions = Functions(table)
    known = functions.known(theta)
    for constraint in constraints:
        if constraint.operator != "==":
            raise ModelError(f"'{constraint}': a Wald test is of equalities (==).")
        named = [*labels(constraint.left), *labels(constraint.right)]
        unknown = sorted(set(named).difference(known))
        if unknown:
            raise ModelError(f"'{constraint}': no parameter has the label {', '.join(unknown)}.")
    jets = constraint_jets(constraints, known, len(theta))
    values = np.array([jet.value for jet in jets])
    slopes = np.array([jet.gradient for jet in jets])
    spread = slopes @ covariance @ slopes.T
    size = np.sqrt(np.maximum(np.diag(spread), 1e-300))
    correlation = spread / np.outer(size, size)
    held = not np.isfinite(values).all() or _is_rounding(np.diag(spread), slopes, scale).any()
    if held or np.linalg.eigvalsh(correlation)[0] < 1e-10:
        raise ModelError(
            "These equalities hold already, or one follows from the others: "
            + "; ".join(map(str, constraints))
        )
    standard = values / size
    chisq = float(standard @ np.linalg.solve(correlation, standard))
    return WaldTest(chisq, len(values), float(special.chdtrc(len(values), chisq)))
