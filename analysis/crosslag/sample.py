"""What a fit keeps of the data, and what follows from it: residuals and persons' scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from crosslag._types import Float, Int
from crosslag.errors import ModelError
from crosslag.indices import Scaling
from crosslag.moments import Evaluation, PatternMoments
from crosslag.panel import PanelData
from crosslag.ram import vech_indices

if TYPE_CHECKING:
    from crosslag.model import Model
    from crosslag.results import Fit

__all__ = ["Part", "Sample", "coverage", "residuals", "scores", "thinnest_pair"]

Part = Literal["all", "between", "within"]


@dataclass(frozen=True, eq=False)
class Sample:
    """The persons analysed, group by group.

    Attributes
    ----------
    patterns
        The data of each group.
    means, covariances
        Moments of the saturated model of each group, (p,) and (p, p).
    rows
        Positions of each group's persons in the data, (n,).
    index
        The index of the data.
    scaling
        Traces of the scaled test; None without it.
    """

    patterns: tuple[PatternMoments, ...]
    means: tuple[Float, ...]
    covariances: tuple[Float, ...]
    rows: tuple[Int, ...]
    index: pd.Index
    scaling: Scaling | None

    @classmethod
    def of(
        cls,
        panel: PanelData,
        unrestricted: Sequence[Evaluation],
        index: pd.Index,
        scaling: Scaling | None,
    ) -> Sample:
        """Collect what was analysed."""
        return cls(
            tuple(e.data for e in unrestricted),
            tuple(e.mu for e in unrestricted),
            tuple(e.sigma for e in unrestricted),
            tuple(g.rows for g in panel.groups),
            index,
            scaling,
        )


def pairwise(data: PatternMoments) -> Float:
    """Count the persons who have both of two variables, (p, p); on the diagonal, one of them."""
    seen = data.observed.astype(np.float64)
    return np.asarray((seen * data.count[:, None]).T @ seen)


def thinnest_pair(data: PatternMoments, columns: Sequence[str]) -> tuple[float, str]:
    """Name the two variables that fewest persons have both of, and count those."""
    both = pairwise(data)
    np.fill_diagonal(both, np.inf)
    i, j = divmod(int(both.argmin()), len(both))
    return float(both[i, j]), f"'{columns[min(i, j)]}' and '{columns[max(i, j)]}'"


def coverage(fit: Fit) -> pd.DataFrame:
    """Count the persons who have both variables of every pair.

    Returns
    -------
    DataFrame
        ``group lhs rhs n share``; a variable with itself stands for the persons who have it.
    """
    names = fit.table.observed
    rows, columns = vech_indices(len(names))
    parts = []
    for group, data in zip(fit.group_names, fit.sample.patterns, strict=True):
        both = pairwise(data)[rows, columns]
        part = pd.DataFrame(
            {
                "group": group,
                "lhs": [names[j] for j in columns],
                "rhs": [names[i] for i in rows],
                "n": both.astype(np.int64),
                "share": both / data.n,
            }
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def residuals(fit: Fit) -> pd.DataFrame:
    """List what the model leaves unexplained of correlations and means.

    Returns
    -------
    DataFrame
        ``group lhs op rhs observed implied residual``. Correlations for ``~~``; for ``~1`` means
        divided by the observed standard deviation. With gaps, "observed" is the saturated model.
    """
    names = fit.table.observed
    rows, columns = (index.tolist() for index in np.tril_indices(len(names), -1))
    parts = []
    for group, mean, covariance, implied in zip(
        fit.group_names,
        fit.sample.means,
        fit.sample.covariances,
        fit.point.implied,
        strict=True,
    ):
        deviation = np.sqrt(np.diag(covariance))
        part = pd.DataFrame(
            {
                "group": group,
                "lhs": [*(names[j] for j in columns), *names],
                "op": ["~~"] * len(rows) + ["~1"] * len(names),
                "rhs": [*(names[i] for i in rows), *([""] * len(names))],
                "observed": [*_correlations(covariance), *(mean / deviation)],
                "implied": [*_correlations(implied.sigma), *(implied.mu / deviation)],
            }
        )
        part["residual"] = part["observed"] - part["implied"]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _correlations(covariance: Float) -> Float:
    deviation = np.sqrt(np.diag(covariance))
    rows, columns = vech_indices(len(covariance))
    below = rows != columns
    matrix = covariance / np.outer(deviation, deviation)
    return np.asarray(matrix[rows[below], columns[below]])


def scores(fit: Fit, part: Part = "all") -> pd.DataFrame:
    """Estimate each person's latent variables from what was observed of that person.

    They are expectations given the observed values (regression scores): less variable than the
    latent variables themselves, so use them to look at persons, not as data of a second analysis.

    Parameters
    ----------
    part
        ``"between"``: what several waves of a panel variable measure (random intercepts, slopes);
        ``"within"``: what is of one wave (deviations); ``"all"``: every latent variable.

    Returns
    -------
    DataFrame
        One row per person analysed, with the index of the data.

    Raises
    ------
    ModelError
        If the model has no such latent variables.
    """
    names = _chosen(fit.model, part)
    chosen = [fit.table.variables.index(name) for name in names]
    p = len(fit.table.observed)
    parts = []
    for data, rows, implied, e in zip(
        fit.sample.patterns, fit.sample.rows, fit.point.implied, fit.point.evaluations, strict=True
    ):
        weights = e.precision @ implied.covariance[:p, chosen]
        deviation = np.where(data.observed[data.pattern], data.persons - implied.mu, 0.0)
        expected = (deviation[:, None, :] @ weights[data.pattern])[:, 0] + implied.mean[chosen]
        persons = rows[data.order]
        parts.append(pd.DataFrame(expected, index=persons, columns=names))
    joined = pd.concat(parts).sort_index()
    joined.index = fit.sample.index[joined.index.to_numpy()]
    return joined


def _chosen(model: Model, part: Part) -> list[str]:
    if part not in get_args(Part):
        raise ModelError(f"part={part!r} is unknown; use one of {list(get_args(Part))}.")
    names = {"all": model.latent, "between": model.between, "within": model.within}[part]
    if not names:
        what = "latent variables" if part == "all" else f"latent variables {part} persons"
        raise ModelError(f"The model ({model.kind}) has no {what}, so there are no scores.")
    return list(names)
