"""Starting values: variances shared out between the latent variables of each column.

Effects start at zero and covariances too, so that the implied covariance matrix is positive
definite whatever the units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from crosslag._types import Float
from crosslag.model import ParameterRow, ParameterTable
from crosslag.moments import PatternMoments
from crosslag.saturated import available_moments

__all__ = ["starting_values"]


def starting_values(table: ParameterTable, data: Sequence[PatternMoments]) -> Float:
    """Choose where to start: (q,); what the model states comes first."""
    theta = np.full(table.n_free, np.nan)
    for group, moments in enumerate(data):
        rows = [row for row in table.rows if row.group == group]
        shares = _Shares.of(table, rows, moments)
        for row in rows:
            if row.free < 0:
                continue
            if row.start is not None:
                theta[row.free] = row.start
            elif np.isnan(theta[row.free]):
                theta[row.free] = shares.start(row)
    return theta


@dataclass
class _Shares:
    """How much variance each variable of one group gets, and the means of the observed ones."""

    variance: dict[str, float]
    mean: dict[str, float]
    scale: dict[str, float]
    markers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, table: ParameterTable, rows: Sequence[ParameterRow], data: PatternMoments
    ) -> _Shares:
        mean, covariance = available_moments(data)
        position = {name: i for i, name in enumerate(table.observed)}
        total = dict(zip(table.observed, np.diag(covariance).tolist(), strict=True))
        measured: dict[str, list[str]] = {name: [] for name in table.latent}
        for row in rows:
            if row.op == "=~" and row.rhs in position:
                measured[row.lhs].append(row.rhs)
        shares = cls(
            dict(total),
            dict(zip(table.observed, mean.tolist(), strict=True)),
            {name: float(np.sqrt(value)) for name, value in total.items()},
            {name: columns[0] for name, columns in measured.items() if columns},
        )
        several = {name: columns for name, columns in measured.items() if len(columns) > 1}
        for name, columns in several.items():
            index = [position[column] for column in columns]
            shares.variance[name] = _common(covariance[np.ix_(index, index)])
        left = shares._left(total, several)
        for name, columns in measured.items():
            if len(columns) == 1:
                shares.variance[name] = left[columns[0]]
            elif not columns:
                shares.variance[name] = float(np.mean(list(total.values()))) / 2
        held = {column for columns in measured.values() for column in columns}
        shares.variance.update({column: left[column] for column in held})
        return shares

    def _left(self, total: dict[str, float], several: dict[str, list[str]]) -> dict[str, float]:
        """Variance of each column that latent variables with several columns leave over."""
        left = dict(total)
        for name, columns in several.items():
            for column in columns:
                left[column] -= self.variance[name]
        return {column: max(value, 0.25 * total[column]) for column, value in left.items()}

    def start(self, row: ParameterRow) -> float:
        if row.op == "~~":
            return self.variance[row.lhs] if row.lhs == row.rhs else 0.0
        if row.op == "~1":
            return self.mean.get(row.lhs, 0.0)
        if row.op == "=~" and row.rhs in self.scale:
            return self.scale[row.rhs] / self.scale[self.markers[row.lhs]]
        return 1.0 if row.op == "=~" else 0.0


def _common(covariance: Float) -> float:
    """The variance that columns have in common, well inside what is possible."""
    k = len(covariance)
    average = (covariance.sum() - np.trace(covariance)) / (k * (k - 1))
    smallest = float(np.diag(covariance).min())
    return float(np.clip(0.7 * average, 0.05 * smallest, 0.7 * smallest))
