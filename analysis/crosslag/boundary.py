"""Are there random intercepts? Their variances can't be negative, so the test is no plain one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import special

from crosslag._types import Float
from crosslag.builders import riclpm
from crosslag.errors import ModelError
from crosslag.expressions import Constraint, Name, Number
from crosslag.fitting import fit
from crosslag.inference import pseudo_inverse
from crosslag.model import Model
from crosslag.panel import Missing
from crosslag.report import probability
from crosslag.results import Fit

__all__ = ["RandomInterceptTest", "chi_bar_weights", "random_intercept_test"]

_MOST = 3
_NOTHING = 1e-8  # a difference that is rounding


@dataclass(frozen=True, eq=False)
class RandomInterceptTest:
    """A likelihood-ratio test against a mixture of chi-square distributions.

    Attributes
    ----------
    chisq
        Twice the difference of log-likelihoods.
    df, weights
        The degrees of freedom that are mixed, and their shares.
    pvalue
        Probability of such a difference without random intercepts.
    correlation
        Sampling correlation of the variances' estimators, (k, k).
    with_intercepts, without
        The fits: variances bounded at 0, and no random intercepts.

    References
    ----------
    Stoel and others (2006), doi:10.1037/1082-989X.11.4.439.
    """

    chisq: float
    df: tuple[int, ...]
    weights: tuple[float, ...]
    pvalue: float
    correlation: Float
    with_intercepts: Fit = field(repr=False)
    without: Fit = field(repr=False)

    def __str__(self) -> str:
        mixed = ", ".join(f"{w:.3f} on {d}" for w, d in zip(self.weights, self.df, strict=True))
        return f"Chi-bar-square {self.chisq:.3f} (weights: {mixed}), p {probability(self.pvalue)}"


def random_intercept_test(
    variables: Mapping[str, Sequence[str]],
    data: pd.DataFrame,
    missing: Missing = "listwise",
    equal: Collection[str] = (),
) -> RandomInterceptTest:
    """Test whether stable differences between persons are needed at all.

    The RI-CLPM is fitted with variances of at least 0 (covariances free) and without random
    intercepts. Where the truth is that there are none, each estimated variance falls on its bound
    half of the time, so the difference follows a mixture of chi-square distributions (Stoel and
    others 2006, doi:10.1037/1082-989X.11.4.439). A plain chi-square test of these two fits would
    find too little.

    Parameters
    ----------
    variables
        One to three variables and their columns, as in :func:`riclpm`.
    data, missing
        As in :func:`fit`; estimation is by maximum likelihood.
    equal
        Equalities of both models, as in :func:`riclpm`.

    Returns
    -------
    RandomInterceptTest
        The statistic, the mixture and its p value, with both fits.

    Raises
    ------
    ModelError
        If a fit does not converge, or there are more than three variables.
    """
    model = riclpm(variables, equal)
    intercepts = [name for name in model.latent if name in _intercepts(model)]
    if len(intercepts) > _MOST:
        raise ModelError(f"The weights are worked out for up to {_MOST} variables.")
    larger = fit(_bounded(model, intercepts), data, missing=missing)
    smaller = fit(_without(model, intercepts), data, missing=missing)
    for one, what in ((larger, "with bounded variances"), (smaller, "without random intercepts")):
        if not one.converged:
            raise ModelError(f"The fit {what} did not converge: {one.warnings[-1]}")
    correlation = _sampling_correlation(larger, intercepts)
    weights = chi_bar_weights(correlation)
    k = len(intercepts)
    df = tuple(k * (k - 1) // 2 + positive for positive in range(k + 1))
    chisq = 2 * (larger.indices["logl"] - smaller.indices["logl"])
    if chisq < _NOTHING:
        chisq = 0.0
    tails = [special.chdtrc(d, chisq) if d else float(chisq <= 0) for d in df]
    pvalue = float(sum(w * tail for w, tail in zip(weights, tails, strict=True)))
    return RandomInterceptTest(chisq, df, weights, pvalue, correlation, larger, smaller)


def chi_bar_weights(correlation: Float) -> tuple[float, ...]:
    """Give the probability that 0, 1, ... of k variances are estimated positive, if none is.

    Parameters
    ----------
    correlation
        Sampling correlation of their unbounded estimators, (k, k), k at most 3.

    References
    ----------
    Shapiro (1988), doi:10.2307/1403361.
    """
    k = len(correlation)
    all_positive = _orthant(correlation)
    inverse = np.linalg.inv(correlation)
    size = np.sqrt(np.diag(inverse))
    none = _orthant(inverse / np.outer(size, size))
    if k == 1:
        return none, all_positive
    if k == 2:
        return none, 0.5, all_positive
    return none, 0.5 - all_positive, 0.5 - none, all_positive


def _orthant(correlation: Float) -> float:
    """The probability that up to three normal variables are all positive."""
    k = len(correlation)
    angles = float(np.arcsin(np.clip(correlation[np.triu_indices(k, 1)], -1, 1)).sum())
    return float(0.5**k + angles / (2 ** (k - 1) * np.pi))


def _intercepts(model: Model) -> set[str]:
    """Latent variables that load on several columns."""
    latent = [r.lhs for r in model.relations if r.op == "=~"]
    return {name for name in latent if latent.count(name) > 1}


def _bounded(model: Model, intercepts: Sequence[str]) -> Model:
    labels = {(name, "~~", name): f"variance_{name}" for name in intercepts}
    relations = tuple(
        replace(r, label=labels[r.key]) if r.key in labels else r for r in model.relations
    )
    bounds = tuple(Constraint(Name(label), ">", Number(0.0)) for label in labels.values())
    return replace(model, relations=relations, constraints=(*model.constraints, *bounds))


def _without(model: Model, intercepts: Sequence[str]) -> Model:
    relations = tuple(
        replace(r, fixed=0.0) if r.op == "~~" and r.lhs in intercepts else r
        for r in model.relations
    )
    return replace(model, relations=relations)


def _sampling_correlation(larger: Fit, intercepts: Sequence[str]) -> Float:
    """Correlate the estimators of the variances, as if they were not bounded."""
    covariance = pseudo_inverse(larger.point.observed_information())
    positions = larger.table.positions()
    chosen = [positions[f"variance_{name}"] for name in intercepts]
    of_variances = covariance[np.ix_(chosen, chosen)]
    deviation = np.sqrt(np.diag(of_variances))
    return np.asarray(of_variances / np.outer(deviation, deviation))
