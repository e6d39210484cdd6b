"""Difference tests of nested models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy import special

from crosslag._types import Float
from crosslag.constraints import equality_tangent
from crosslag.errors import ModelError
from crosslag.estimate import ModelPoint, model_point
from crosslag.inference import model_trace, score_products, within
from crosslag.moments import pooled
from crosslag.ram import ram_groups
from crosslag.report import probability
from crosslag.search import climb

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["Comparison", "Method", "compare"]

Method = Literal["sb2001", "sb2010"]
_SAME = 1e-6  # correlations, and means in standard deviations


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
    if any(c.operator != "==" for c in free.table.constraints):
        notes.append(
            "The freer model has bounds. Where the restricted model lies on one, the difference"
            " follows a mixture of chi-squares, and this p value is too large;"
            " random_intercept_test() is such a test."
        )
    if plain < -1e-6:
        notes.append("The model with fewer parameters fits better: the models are not nested.")
    if one.sample.scaling is None:
        return _comparison(plain, df, float("nan"), "standard", notes)
    point = _at_restricted(free, restricted, notes) if method == "sb2010" else None
    factor = (_spread(restricted) - _spread(free, point)) / df
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
    clusters = [[data.n_clusters for data in fit.sample.patterns] for fit in (one, other)]
    if sorted(clusters[0]) != sorted(clusters[1]):
        raise ModelError(
            "The fits differ in cluster=: their scaled tests rest on different sums of scores; use"
            " the same for both."
        )
    if one.indices["df"] == other.indices["df"]:
        raise ModelError(
            "Both models have the same degrees of freedom, so neither is nested in the other;"
            " compare AIC or BIC."
        )


def _spread(fit: Fit, point: ModelPoint | None = None) -> float:
    """Give scaling factor times df, at the fit's own estimates or at another point."""
    scaling = fit.sample.scaling
    assert scaling is not None
    if point is None:
        return scaling.saturated - scaling.model
    basis = equality_tangent(fit.table, point.theta)
    information = within(basis, point.observed_information())
    return scaling.saturated - model_trace(information, within(basis, score_products(point)))


def _at_restricted(free: Fit, restricted: Fit, notes: list[str]) -> ModelPoint:
    """Evaluate the freer model at the restricted one's estimates.

    They are carried over by name, as lavaan does, where every parameter has its counterpart; or
    else found by fitting the freer model to the moments that the restricted one implies.

    Raises
    ------
    ModelError
        If the freer model can't imply those moments.
    """
    structures = ram_groups(free.table)
    theta, complete = _carried(restricted, free)
    point = model_point(structures, free.sample.patterns, theta) if complete else None
    if point is not None:
        if not _same_moments(point, free, restricted):
            notes.append(
                "The restricted model has parameters without a counterpart in the freer one. Those"
                " with one were carried over, as lavaan does, although that implies other moments."
            )
        return point
    if set(free.table.variables) == set(restricted.table.variables):
        wanted = [
            pooled(mean, covariance, data.n)
            for (mean, covariance), data in zip(
                _moments_of(restricted, free), free.sample.patterns, strict=True
            )
        ]
        found = climb(free.table, structures, wanted, free.theta)
        point = model_point(structures, free.sample.patterns, found.point.theta)
        if point is not None and _same_moments(point, free, restricted):
            return point
    raise ModelError(
        'method="sb2010" evaluates the freer model at the restricted one\'s estimates, which it'
        " can't take. State the restricted model in the same variables, such as random"
        ' intercepts with variances of 0, or use method="sb2001".'
    )


def _moments_of(fit: Fit, other: Fit) -> Iterator[tuple[Float, Float]]:
    """Give a fit's implied moments in the order of another fit's groups and variables."""
    order = [fit.table.observed.index(name) for name in other.table.observed]
    for name in other.group_names:
        implied = fit.point.implied[fit.group_names.index(name)]
        yield implied.mu[order], implied.sigma[np.ix_(order, order)]


def _same_moments(point: ModelPoint, free: Fit, restricted: Fit) -> bool:
    """Say whether a point of the freer model implies the restricted one's moments."""
    pairs = zip(point.implied, _moments_of(restricted, free), strict=True)
    for implied, (mean, covariance) in pairs:
        deviation = np.sqrt(np.diag(covariance))
        residual = (implied.sigma - covariance) / np.outer(deviation, deviation)
        shift = (implied.mu - mean) / deviation
        if max(np.abs(residual).max(), np.abs(shift).max()) > _SAME:
            return False
    return True


def _carried(source: Fit, target: Fit) -> tuple[Float, bool]:
    """Express one fit's estimates in the parameters of another model, by relation and group.

    Says too whether every parameter was found.
    """
    group_of = {name: group for group, name in enumerate(source.group_names)}
    known = {}
    for row in source.table.rows:
        value = row.value if row.free < 0 else float(source.theta[row.free])
        known[row.group, row.op, *_sides(row.lhs, row.op, row.rhs)] = value
    theta = np.full_like(target.theta, np.nan)
    for row in target.table.rows:
        if row.free >= 0:
            group = group_of[target.group_names[row.group]]
            theta[row.free] = known.get((group, row.op, *_sides(row.lhs, row.op, row.rhs)), np.nan)
    return theta, not np.isnan(theta).any()


def _sides(lhs: str, op: str, rhs: str) -> tuple[str, str]:
    return (min(lhs, rhs), max(lhs, rhs)) if op == "~~" else (lhs, rhs)
