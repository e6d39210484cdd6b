"""What the robust CFI, TLI and RMSEA are made of.

Complete data: the chi-square and its expectation under non-normality (Brosseau-Liard and Savalei
2014, doi:10.1080/00273171.2014.933697). Under FIML the fit function of complete data is evaluated
at the FIML estimates, so that the indices estimate what they would be without gaps, and corrected
by its expectation (Zhang and Savalei 2023, doi:10.1037/met0000445: "C-corrected", V3 with the
sandwich as the covariance of the saturated moments, V6 with the inverse of their information).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from crosslag._types import Float
from crosslag.baseline import Baseline
from crosslag.estimate import ModelPoint
from crosslag.inference import vcov
from crosslag.moments import Evaluation, evaluate, pooled

__all__ = ["Corrected", "fiml_corrected"]


@dataclass(frozen=True, slots=True)
class Corrected:
    """Discrepancies of model and baseline, and what to expect of them by chance alone."""

    chisq: float
    trace: float
    baseline_chisq: float
    baseline_trace: float


@dataclass(frozen=True, slots=True, eq=False)
class _Saturated:
    """The saturated model of one group: information of its stacked moments and their errors.

    ``complete`` is the information that the same persons would give without gaps; ``inverse``
    that of the actual ``information``.
    """

    n: float
    mu: Float
    sigma: Float
    complete: Float
    information: Float
    inverse: Float
    products: Float | None

    @classmethod
    def of(cls, e: Evaluation, *, sandwich: bool) -> _Saturated:
        information = e.observed_information()
        without_gaps = evaluate(pooled(e.mu, e.sigma, e.data.n), e.mu, e.sigma)
        return cls(
            e.data.n,
            e.mu,
            e.sigma,
            without_gaps.expected_information(),
            information,
            vcov(information),
            e.score_products if sandwich else None,
        )

    def discrepancy(self, mu: Float, sigma: Float) -> float:
        """Twice the loss of log-likelihood, had these moments been those of complete data."""
        _, ours = np.linalg.slogdet(self.sigma)
        _, theirs = np.linalg.slogdet(sigma)
        deviation = self.mu - mu
        about = self.sigma + np.outer(deviation, deviation)
        distance = float(np.trace(np.linalg.solve(sigma, about)))
        return self.n * float(theirs - ours + distance - len(mu))


def fiml_corrected(
    point: ModelPoint,
    unrestricted: Sequence[Evaluation],
    independent: Baseline,
    *,
    sandwich: bool,
    basis: Float | None = None,
) -> Corrected:
    """Correct under FIML.

    Parameters
    ----------
    point, unrestricted, independent
        The model, the saturated model of each group, and the baseline.
    sandwich
        Whether to allow for non-normality (V3); otherwise V6.
    basis
        Directions that constraints leave free, (q, r), as columns; None for all.
    """
    groups = [_Saturated.of(e, sandwich=sandwich) for e in unrestricted]
    slopes = [j if basis is None else basis.T @ j for j in point.jacobians]
    chisq = sum(g.discrepancy(i.mu, i.sigma) for g, i in zip(groups, point.implied, strict=True))
    base = sum(
        g.discrepancy(b.mu, b.sigma) for g, b in zip(groups, independent.groups, strict=True)
    )
    return Corrected(chisq, _trace(groups, slopes), base, _trace(groups, _selections(independent)))


def _selections(independent: Baseline) -> list[Float]:
    """The baseline's Jacobian in each group."""
    total = sum(len(b.free) for b in independent.groups)
    slopes, begin = [], 0
    for b in independent.groups:
        p = b.data.p
        slope = np.zeros((total, p + p * (p + 1) // 2))
        slope[begin + np.arange(len(b.free)), b.free] = 1.0
        slopes.append(slope)
        begin += len(b.free)
    return slopes


def _trace(groups: Sequence[_Saturated], slopes: Sequence[Float]) -> float:
    """The expectation of the discrepancy; ``slopes`` are (q, m) for every group."""
    pairs = list(zip(groups, slopes, strict=True))
    information = _total(d @ g.information @ d.T for g, d in pairs)
    complete = _total(d @ g.complete @ d.T for g, d in pairs)
    inverse = vcov(information)
    if any(g.products is None for g in groups):
        everything = sum(float(np.sum(g.complete * g.inverse)) for g in groups)
        return everything - float(np.sum(inverse * complete))
    everything, mixed = 0.0, np.zeros_like(complete)
    products = np.zeros_like(complete)
    for g, d in pairs:
        assert g.products is not None
        half = g.products @ g.inverse @ g.complete
        everything += float(np.sum(half * g.inverse))
        mixed += d @ half @ d.T
        products += d @ g.products @ d.T
    squared = inverse @ complete @ inverse
    return everything - 2 * float(np.sum(inverse * mixed)) + float(np.sum(squared * products))


def _total(parts: Iterable[Float]) -> Float:
    return np.asarray(sum(parts, start=np.zeros(())), dtype=np.float64)
