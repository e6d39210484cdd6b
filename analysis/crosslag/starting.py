"""Starting values that move with the data's origin and units.

Variances are shared out between the latent variables of each column. Effects start at zero and
covariances too, so that the implied covariance matrix is positive definite. Steps without data are
the exception: where a variable passes through them, an effect of zero on itself would be a point
from which no effect can be seen. Means start where those of the columns are fitted best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from crosslag._types import Float
from crosslag.model import ParameterRow, ParameterTable
from crosslag.moments import PatternMoments
from crosslag.ram import ram_groups
from crosslag.saturated import available_moments

__all__ = ["starting_values", "unmeasured", "with_fitted_means"]

_KEPT = 0.5  # of a deviation from one wave to the next, where steps without data lie between


def starting_values(table: ParameterTable, data: Sequence[PatternMoments]) -> Float:
    """Choose where to start: (q,); what the model states comes first."""
    theta = np.full(table.n_free, np.nan)
    moments = [available_moments(of_group) for of_group in data]
    for group, (mean, covariance) in enumerate(moments):
        rows = [row for row in table.rows if row.group == group]
        shares = _Shares.of(table, rows, mean, covariance)
        for row in rows:
            if row.free < 0:
                continue
            if row.start is not None:
                theta[row.free] = row.start
            elif np.isnan(theta[row.free]):
                theta[row.free] = shares.start(row)
    return theta if _means_fit(table, theta) else with_fitted_means(table, moments, theta)


@dataclass
class _Shares:
    """How much variance each variable of one group gets, and the means of the observed ones.

    ``effect`` holds starts of effects other than 0, by position in theta.
    """

    variance: dict[str, float]
    mean: dict[str, float]
    scale: dict[str, float]
    markers: dict[str, str] = field(default_factory=dict)
    effect: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, table: ParameterTable, rows: Sequence[ParameterRow], mean: Float, covariance: Float
    ) -> _Shares:
        position = {name: i for i, name in enumerate(table.observed)}
        total = dict(zip(table.observed, np.diag(covariance).tolist(), strict=True))
        measured: dict[str, dict[str, float]] = {name: {} for name in table.latent}
        for row in rows:
            if row.op == "=~" and row.rhs in position:
                measured[row.lhs][row.rhs] = 1.0 if row.free >= 0 else row.value
        shares = cls(
            dict(total),
            dict(zip(table.observed, mean.tolist(), strict=True)),
            {name: float(np.sqrt(value)) for name, value in total.items()},
            {row.lhs: row.rhs for row in reversed(rows) if row.op == "=~"},
        )
        several = {name: columns for name, columns in measured.items() if len(columns) > 1}
        for name, columns in several.items():
            index = [position[column] for column in columns]
            size = float(np.mean(np.square(list(columns.values())))) or 1.0
            shares.variance[name] = _common(covariance[np.ix_(index, index)]) / size
        left = shares._left(total, several)
        for name, columns in measured.items():
            if len(columns) == 1:
                shares.variance[name] = left[next(iter(columns))]
            elif not columns:
                shares.variance[name] = total[shares._column(name)] / 2
        held = {column for columns in measured.values() for column in columns}
        shares.variance.update({column: left[column] for column in held})
        shares._carry_over(rows)
        return shares

    def _column(self, name: str) -> str:
        """Find a column that a latent variable measures, if need be through others below it."""
        for _ in self.markers:
            name = self.markers.get(name, name)
        return name if name in self.scale else next(iter(self.scale))

    def _left(
        self, total: Mapping[str, float], several: Mapping[str, Mapping[str, float]]
    ) -> dict[str, float]:
        """Variance of each column that latent variables with several columns leave over."""
        left = dict(total)
        for name, columns in several.items():
            for column, loading in columns.items():
                left[column] -= self.variance[name] * loading**2
        return {column: max(value, 0.25 * total[column]) for column, value in left.items()}

    def _carry_over(self, rows: Sequence[ParameterRow]) -> None:
        """Let variables keep something of themselves from wave to wave over steps without data.

        An effect of a variable on itself, held equal over steps, leads both into and out of one.
        """
        between = unmeasured(rows)
        pairs: dict[int, list[tuple[str, str]]] = {}
        for row in rows if between else ():
            if row.op == "~" and row.free >= 0:
                pairs.setdefault(row.free, []).append((row.lhs, row.rhs))
        for free, links in pairs.items():
            outcomes, predictors = map(set, zip(*links, strict=True))
            if not between & outcomes & predictors:
                continue
            kept = _KEPT ** (max(len(outcomes - between), 1) / len(outcomes))
            self.effect[free] = kept
            for name in outcomes:
                self.variance[name] *= 1 - kept**2
                self.mean[name] = (1 - kept) * self.mean[self._column(name)]

    def start(self, row: ParameterRow) -> float:
        """Where one parameter starts."""
        if row.op == "~~":
            return self.variance[row.lhs] if row.lhs == row.rhs else 0.0
        if row.op == "~1":
            return self.mean.get(row.lhs, 0.0)
        if row.op == "=~" and row.rhs in self.scale:
            return self.scale[row.rhs] / self.scale[self._column(row.lhs)]
        return 1.0 if row.op == "=~" else self.effect.get(row.free, 0.0)


def unmeasured(rows: Sequence[ParameterRow]) -> set[str]:
    """Name the latent variables of steps without data: all their loadings are fixed at 0."""
    loadings = [row for row in rows if row.op == "=~"]
    return {r.lhs for r in loadings} - {r.lhs for r in loadings if r.free >= 0 or r.value != 0}


def _common(covariance: Float) -> float:
    """The variance that columns have in common, well inside what is possible."""
    k = len(covariance)
    average = (covariance.sum() - np.trace(covariance)) / (k * (k - 1))
    smallest = float(np.diag(covariance).min())
    return float(np.clip(0.7 * average, 0.05 * smallest, 0.7 * smallest))


def with_fitted_means(
    table: ParameterTable, moments: Sequence[tuple[Float, Float]], theta: Float
) -> Float:
    """Move free means, at given effects, to where those of the columns are fitted best.

    Parameters
    ----------
    table
        The model; means of which it states the start stay there.
    moments
        Means, (p,), and covariances, (p, p), of each group; misfits count in deviations.
    theta
        The parameters, (q,).
    """
    means = [row for row in table.rows if row.op == "~1" and row.free >= 0]
    stated = {row.free for row in means if row.start is not None}
    places = sorted({row.free for row in means} - stated)
    designs, misses = [], []
    for structure, (mean, covariance) in zip(ram_groups(table), moments, strict=True):
        implied = structure.implied(theta)
        deviation = np.sqrt(np.diag(covariance))
        by_cell = implied.effects[: structure.p, structure.m_row]
        designs.append(by_cell @ (structure.m_free[:, None] == places) / deviation[:, None])
        misses.append((mean - implied.mu) / deviation)
    fitted = theta.copy()
    fitted[places] += np.linalg.lstsq(np.concatenate(designs), np.concatenate(misses))[0]
    return fitted


def _means_fit(table: ParameterTable, theta: Float) -> bool:
    """Say whether a column's intercept is its mean: no effects yet, no free mean of a factor."""
    factors = any(r.op == "~1" and r.free >= 0 and r.lhs in table.latent for r in table.rows)
    effects = (r for r in table.rows if r.op == "~")
    return not factors and not any(theta[r.free] if r.free >= 0 else r.value for r in effects)
