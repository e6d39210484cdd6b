"""Difference tests of nested models."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy import special

from crosslag._types import Float
from crosslag.constraints import equality_tangent
from crosslag.errors import ModelError
from crosslag.estimate import model_point
from crosslag.inference import model_trace, score_products, within
from crosslag.ram import ram_groups
from crosslag.report import probability

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["Comparison", "Method", "compare"]

Method = Literal["sb2001", "sb2010"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A likelihood-ratio test of a restricted model against a freer one.

    Attributes
    ----------
    chisq_diff, df_diff, pvalue
        The test; NaN p value where the statistic is negative.
    scaling_factor
        What the plain difference was divided by; NaN without scaling.
    method
        ``"standard"``, ``"sb2001"`` or ``"sb2010"``.
    notes
        What a reader should know, in words.
    """

    chisq_diff: float
    df_diff: int
    pvalue: float
    scaling_factor: float
    method: str
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Give all fields in types that JSON knows.

        Returns
        -------
        dict
            Value by name; what is not a number is None.
        """
        known = asdict(self).items()
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in known}

    def __str__(self) -> str:
        text = (
            f"Chi-square difference {self.chisq_diff:.3f}, df {self.df_diff},"
            f" p {probability(self.pvalue) or 'undefined'} ({self.method})"
        )
        return "\n".join([text, *(f"  - {note}" for note in self.notes)])


def compare(one: Fit, other: Fit, method: Method = "sb2001") -> Comparison:
    """Test the more restricted of two fits against the freer one.

    Under ML this is the difference of chi-squares. Under MLR it is scaled after Satorra and
    Bentler: 2001, doi:10.1007/BF02296192, or 2010, doi:10.1007/s11336-009-9135-y, whose factor is
    positive wherever the freer model is identified at the restricted one's estimates. That the
    models are nested is the reader's to know; a freer model that fits worse is noted.

    Raises
    ------
    ModelError
        If the fits are not of the same data and estimator, one did not converge, both have the
        same degrees of freedom, or the method is unknown.
    """
    if method not in get_args(Method):
        raise ModelError(f"method={method!r} is unknown; use one of {list(get_args(Method))}.")
    _require_comparable(one, other)
    restricted, free = (one, other) if one.indices["df"] > other.indices["df"] else (other, one)
    df = int(restricted.indices["df"] - free.indices["df"])
    plain = restricted.indices["chisq"] - free.indices["chisq"]
    notes = []
    if plain < -1e-6:
        notes.append("The model with fewer parameters fits better: the models are not nested.")
    if one.sample.scaling is None:
        return _comparison(plain, df, float("nan"), "standard", notes)
    factor = (_spread(restricted) - _spread(free, restricted if method == "sb2010" else None)) / df
    if factor <= 0:
        remedy = (
            'method="sb2010" usually mends that.'
            if method == "sb2001"
            else "the freer model is hardly identified at the restricted one's estimates."
        )
        notes.append(
            f"The scaling factor is not positive, so that the test has no meaning; {remedy}"
        )
    return _comparison(plain / factor, df, factor, method, notes)


def _comparison(
    statistic: float, df: int, factor: float, method: str, notes: list[str]
) -> Comparison:
    pvalue = float(special.chdtrc(df, statistic)) if statistic >= 0 else float("nan")
    return Comparison(float(statistic), df, pvalue, float(factor), method, tuple(notes))


def _require_comparable(one: Fit, other: Fit) -> None:
    if not (one.converged and other.converged):
        raise ModelError("A fit without a proven maximum can't be compared.")
    if one.estimator != other.estimator:
        raise ModelError(
            f"The fits have different estimators, {one.estimator} and {other.estimator}; use the"
            " same for both."
        )
    same_columns = set(one.table.observed) == set(other.table.observed)
    logl = [fit.indices["unrestricted_logl"] for fit in (one, other)]
    same_data = math.isclose(*logl, rel_tol=1e-7)
    if not (same_columns and same_data and one.indices["ntotal"] == other.indices["ntotal"]):
        raise ModelError(
            "The fits are not of the same data: only models of the same variables, persons and"
            " groups can be compared."
        )
    if one.indices["df"] == other.indices["df"]:
        raise ModelError(
            "Both models have the same degrees of freedom, so neither is nested in the other;"
            " compare AIC or BIC."
        )


def _spread(fit: Fit, at: Fit | None = None) -> float:
    """Give scaling factor times df, at the fit's own estimates or at those of another fit."""
    scaling = fit.sample.scaling
    assert scaling is not None
    if at is None:
        return scaling.saturated - scaling.model
    point = model_point(ram_groups(fit.table), fit.sample.patterns, _carried(at, fit))
    if point is None:
        raise ModelError(
            'method="sb2010" evaluates the freer model at the restricted one\'s estimates, which it'
            " can't take. State the restricted model in the same variables, such as random"
            ' intercepts with variances of 0, or use method="sb2001".'
        )
    basis = equality_tangent(fit.table, point.theta)
    information = within(basis, point.observed_information())
    return scaling.saturated - model_trace(information, within(basis, score_products(point)))


def _carried(source: Fit, target: Fit) -> Float:
    """Express one fit's estimates in the parameters of another model, by relation and group."""
    group_of = {name: group for group, name in enumerate(source.group_names)}
    known = {}
    for row in source.table.rows:
        value = row.value if row.free < 0 else float(source.theta[row.free])
        known[row.group, row.op, *_sides(row.lhs, row.op, row.rhs)] = value
    theta = np.zeros_like(target.theta)
    for row in target.table.rows:
        if row.free >= 0:
            group = group_of[target.group_names[row.group]]
            theta[row.free] = known.get((group, row.op, *_sides(row.lhs, row.op, row.rhs)), 0.0)
    return theta


def _sides(lhs: str, op: str, rhs: str) -> tuple[str, str]:
    return (min(lhs, rhs), max(lhs, rhs)) if op == "~~" else (lhs, rhs)
