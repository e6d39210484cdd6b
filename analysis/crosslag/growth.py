"""Further starts for growth with lagged effects among deviations.

Growth and effects compete for the same covariances, which makes maxima of nearly the same height.
From means too low, the first step makes levels vary more; from effects of a variable on itself,
growth starts with less to explain; and so the search ends elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crosslag._types import Float
from crosslag.model import ParameterTable
from crosslag.moments import PatternMoments
from crosslag.saturated import available_moments
from crosslag.starting import with_fitted_means

__all__ = ["other_starts"]

_LOW = 5.0  # deviations by which means are too low
_KEPT = 0.6  # what variables keep of themselves
_LITTLE = 0.1  # share of the variance of slopes


def other_starts(
    table: ParameterTable, patterns: Sequence[PatternMoments], start: Float
) -> list[Float]:
    """Start growth with lagged effects elsewhere too; nothing for other models.

    Parameters
    ----------
    table, patterns
        The model and the data of each group.
    start
        The first start, (q,).
    """
    latent = set(table.latent)
    free = [row for row in table.rows if row.free >= 0]
    growing = any(r.op == "~1" and r.lhs in latent for r in free)
    if not growing or not any(r.op == "~" and {r.lhs, r.rhs} <= latent for r in free):
        return []
    kept = start.copy()
    kept[_own_effects(table)] = _KEPT
    straight = kept.copy()
    straight[_variances_of_slopes(table)] *= _LITTLE
    moments = [available_moments(data) for data in patterns]
    low = [(mean - _LOW * np.sqrt(np.diag(cov)), cov) for mean, cov in moments]
    return [
        with_fitted_means(table, low, start),
        with_fitted_means(table, moments, kept),
        with_fitted_means(table, low, kept),
        with_fitted_means(table, low, straight),
    ]


def _own_effects(table: ParameterTable) -> list[int]:
    """Find effects between waves of one variable: columns that one latent variable measures."""
    columns: dict[str, set[str]] = {}
    for row in table.rows:
        if row.op == "=~":
            columns.setdefault(row.lhs, set()).add(row.rhs)
    several = [measured for measured in columns.values() if len(measured) > 1]

    def same(one: str, other: str) -> bool:
        both = columns.get(one, set()) | columns.get(other, set())
        return len(both) > 1 and any(both <= measured for measured in several)

    return [r.free for r in table.rows if r.op == "~" and r.free >= 0 and same(r.lhs, r.rhs)]


def _variances_of_slopes(table: ParameterTable) -> list[int]:
    """Find the variances of latent variables whose loadings are fixed and differ."""
    loadings: dict[str, set[float]] = {}
    for row in table.rows:
        if row.op == "=~" and row.free < 0:
            loadings.setdefault(row.lhs, set()).add(row.value)
    slopes = {name for name, values in loadings.items() if len(values) > 1}
    return [r.free for r in table.rows if r.op == "~~" and r.free >= 0 and r.lhs == r.rhs in slopes]
