"""Fit measures, as lavaan defines them.

Chi-square is twice the difference of log-likelihoods, and every formula uses N rather than N - 1.
RMSEA and its interval are multiplied by the square root of the number of groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from crosslag._types import Float
from crosslag.baseline import Baseline
from crosslag.estimate import ModelPoint
from crosslag.inference import model_trace, moment_trace
from crosslag.moments import Evaluation
from crosslag.ram import vech_indices
from crosslag.robust import Corrected

__all__ = [
    "Scaling",
    "cfi",
    "fit_measures",
    "index_names",
    "rmsea",
    "robust_measures",
    "scaling",
    "srmr",
    "tli",
    "without_gaps",
]

_ALWAYS = (
    "npar", "ntotal", "logl", "unrestricted_logl", "chisq", "df", "pvalue",
    "baseline_chisq", "baseline_df", "baseline_pvalue", "cfi", "tli",
    "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "srmr", "aic", "bic", "bic2",
)  # fmt: skip
_SCALED = (
    "chisq_scaled", "pvalue_scaled", "scaling_factor",
    "baseline_chisq_scaled", "baseline_scaling_factor", "cfi_scaled", "tli_scaled", "rmsea_scaled",
)  # fmt: skip
_ROBUST = ("cfi_robust", "tli_robust", "rmsea_robust")


def index_names(*, scaled: bool, robust: bool) -> tuple[str, ...]:
    """Name the measures that a fit reports."""
    return _ALWAYS + (_SCALED if scaled else ()) + (_ROBUST if robust else ())


@dataclass(frozen=True, slots=True)
class Scaling:
    """Traces tr(B A^-1) of the saturated, fitted and baseline models (Yuan-Bentler, Mplus)."""

    saturated: float
    model: float
    baseline: float

    def factor(self, df: int) -> float:
        """Scaling factor of the model's chi-square; NaN without degrees of freedom."""
        return (self.saturated - self.model) / df if df else float("nan")

    def baseline_factor(self, df: int) -> float:
        """Scaling factor of the baseline's chi-square."""
        return (self.saturated - self.baseline) / df if df else float("nan")


def scaling(
    unrestricted: Sequence[Evaluation], information: Float, products: Float, independent: Baseline
) -> Scaling:
    """Compute the traces; ``information`` and ``products``, (q, q), are those of the model."""
    return Scaling(
        moment_trace(unrestricted), model_trace(information, products), independent.trace
    )


def fit_measures(
    point: ModelPoint,
    unrestricted: Sequence[Evaluation],
    independent: Baseline,
    scaled: Scaling | None = None,
    *,
    n_constraints: int = 0,
    n_auxiliary: int = 0,
) -> dict[str, float]:
    """Compute all measures.

    Parameters
    ----------
    point
        The model at its maximum.
    unrestricted
        The saturated model of each group.
    independent
        The baseline model.
    scaled
        Traces for the scaled test; None leaves its measures out.
    n_constraints
        Independent equality constraints; each takes one parameter away.
    n_auxiliary
        How many variables, the last ones, are auxiliary; SRMR does not count them.
    """
    n = sum(e.data.n for e in point.evaluations)
    q, n_groups = len(point.theta) - n_constraints, len(point.evaluations)
    df = sum(e.data.p + e.data.p * (e.data.p + 1) // 2 for e in unrestricted) - q
    saturated_logl = sum(e.logl for e in unrestricted)
    chisq = max(2 * (saturated_logl - point.logl), 0.0)
    base, base_df = max(2 * (saturated_logl - independent.logl), 0.0), independent.df
    low, high = _rmsea_interval(chisq, df, n, n_groups)
    measures: dict[str, float] = {
        "npar": q,
        "ntotal": int(n),
        "logl": point.logl,
        "unrestricted_logl": saturated_logl,
        "chisq": chisq,
        "df": df,
        "pvalue": _tail(chisq, df),
        "baseline_chisq": base,
        "baseline_df": base_df,
        "baseline_pvalue": _tail(base, base_df),
        "cfi": cfi(chisq, df, base, base_df),
        "tli": tli(chisq, df, base, base_df),
        "rmsea": rmsea(chisq, df, n, n_groups),
        "rmsea_ci_lower": low,
        "rmsea_ci_upper": high,
        "rmsea_pvalue": _close_fit(chisq, df, n, n_groups),
        "srmr": srmr(point, unrestricted, n_auxiliary),
        "aic": 2 * q - 2 * point.logl,
        "bic": float(q * np.log(n) - 2 * point.logl),
        "bic2": float(q * np.log((n + 2) / 24) - 2 * point.logl),
    }
    if scaled is not None:
        measures |= _scaled_measures(measures, scaled, n_groups)
    return measures


def _scaled_measures(plain: dict[str, float], traces: Scaling, n_groups: int) -> dict[str, float]:
    df, base_df = int(plain["df"]), int(plain["baseline_df"])
    c, c_base, n = traces.factor(df), traces.baseline_factor(base_df), plain["ntotal"]
    test, base = plain["chisq"] / c if df else plain["chisq"], plain["baseline_chisq"] / c_base
    return {
        "chisq_scaled": test,
        "pvalue_scaled": _tail(test, df),
        "scaling_factor": c,
        "baseline_chisq_scaled": base,
        "baseline_scaling_factor": c_base,
        "cfi_scaled": cfi(test, df, base, base_df),
        "tli_scaled": tli(test, df, base, base_df),
        "rmsea_scaled": rmsea(test, df, n, n_groups),
    }


def without_gaps(measures: Mapping[str, float], traces: Scaling) -> Corrected:
    """Give the statistics of complete data for :func:`robust_measures`."""
    return Corrected(
        measures["chisq"],
        traces.saturated - traces.model,
        measures["baseline_chisq"],
        traces.saturated - traces.baseline,
    )


def robust_measures(
    measures: Mapping[str, float], corrected: Corrected, n_groups: int
) -> dict[str, float]:
    """Compute CFI, TLI and RMSEA that allow for non-normality and gaps."""
    df, base_df, n = int(measures["df"]), int(measures["baseline_df"]), measures["ntotal"]
    misfit = corrected.chisq - corrected.trace
    base_misfit = corrected.baseline_chisq - corrected.baseline_trace
    relative = (misfit / df) / (base_misfit / base_df) if df and base_misfit else 0.0
    return {
        "cfi_robust": _relative(misfit, base_misfit),
        "tli_robust": 1 - relative,
        "rmsea_robust": float(np.sqrt(max(misfit, 0.0) / (n * df) * n_groups)) if df else 0.0,
    }


def _tail(chisq: float, df: int) -> float:
    return float(special.chdtrc(df, chisq)) if df else float("nan")


def _relative(misfit: float, base_misfit: float) -> float:
    worst = max(misfit, base_misfit, 0.0)
    return 1 - max(misfit, 0.0) / worst if worst else 1.0


def cfi(chisq: float, df: int, base: float, base_df: int) -> float:
    """Comparative fit index; doi:10.1037/0033-2909.107.2.238."""
    return _relative(chisq - df, base - base_df)


def tli(chisq: float, df: int, base: float, base_df: int) -> float:
    """Tucker-Lewis index, not clipped at 1; doi:10.1007/BF02291170."""
    if not df or not base_df or base == base_df:
        return 1.0
    return (base / base_df - chisq / df) / (base / base_df - 1)


def rmsea(chisq: float, df: int, n: float, n_groups: int = 1) -> float:
    """Root mean square error of approximation."""
    return float(np.sqrt(max(chisq - df, 0.0) / (n * df) * n_groups)) if df else 0.0


def _rmsea_interval(chisq: float, df: int, n: float, n_groups: int) -> tuple[float, float]:
    """The 90 % interval of RMSEA, by the non-central chi-square distribution."""
    if not df:
        return 0.0, 0.0
    bounds = (_noncentrality(chisq, df, 0.95), _noncentrality(chisq, df, 0.05))
    low, high = (float(np.sqrt(bound / (n * df) * n_groups)) for bound in bounds)
    return low, high


def _noncentrality(chisq: float, df: int, probability: float) -> float:
    """The non-centrality at which the distribution function reaches ``probability``."""

    def excess(value: float) -> float:
        return float(special.chndtr(chisq, df, value)) - probability

    if excess(0.0) <= 0:
        return 0.0
    high = max(chisq, 1.0)
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-10))


def _close_fit(chisq: float, df: int, n: float, n_groups: int) -> float:
    """The p value of the hypothesis that RMSEA is at most .05."""
    if not df:
        return float("nan")
    return 1 - float(special.chndtr(chisq, df, n * df * 0.05**2 / n_groups))


def srmr(point: ModelPoint, unrestricted: Sequence[Evaluation], n_auxiliary: int = 0) -> float:
    """Standardised root mean square residual of covariances and means (Bentler's form).

    Groups are weighted by their numbers of persons; the last ``n_auxiliary`` variables are left
    out.
    """
    squares, total = 0.0, 0.0
    for implied, saturated, e in zip(point.implied, unrestricted, point.evaluations, strict=True):
        p = e.data.p - n_auxiliary
        rows, columns = vech_indices(p)
        mean, covariance = saturated.mu[:p], saturated.sigma[:p, :p]
        deviation = np.sqrt(np.diag(covariance))
        residual = (covariance - implied.sigma[:p, :p]) / np.outer(deviation, deviation)
        means = (mean - implied.mu[:p]) / deviation
        group = (np.sum(residual[rows, columns] ** 2) + np.sum(means**2)) / (len(rows) + p)
        squares += e.data.n * float(np.sqrt(group))
        total += e.data.n
    return squares / total
