"""Inverses of the covariance matrices of many missing patterns at once.

A pattern that lacks few variables has an inverse close to that of all variables: with K the
inverse of the whole matrix and m the missing variables, it is K - K[:, m] K[m, m]^-1 K[m, :]. So
no pattern needs the inverse of a matrix larger than half the number of variables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from crosslag._types import Bool, Float, Int

__all__ = ["InversionPlan", "inversion_plan", "precisions"]


_FEW = 4  # patterns that lack up to so many variables are treated in one batch


@dataclass(frozen=True, slots=True, eq=False)
class InversionPlan:
    """How to invert the blocks of R patterns over p variables, ordered by the number missing.

    Attributes
    ----------
    observed, both
        Which variables, (R, p), and pairs of them, (R, p, p), a pattern has.
    few
        Positions of the missing variables of the first patterns, (r, 4), which lack at most 4;
        filled up with the positions p, p + 1, ... of variables unrelated to all others.
    batches
        The other patterns: begin and end, and the positions, (r, k), of the missing variables, or
        of the observed ones where those are fewer.
    """

    observed: Bool
    both: Float
    few: Int
    batches: tuple[tuple[int, int, Int, bool], ...]

    def only(self, kept: Bool) -> InversionPlan:
        """Keep some of the patterns, (R,)."""
        before = np.concatenate([[0], np.cumsum(kept)]).tolist()
        batches = tuple(
            (before[begin], before[end], chosen[kept[begin:end]], by_update)
            for begin, end, chosen, by_update in self.batches
            if before[begin] < before[end]
        )
        few = self.few[kept[: len(self.few)]]
        return InversionPlan(self.observed[kept], self.both[kept], few, batches)


def inversion_plan(observed: Bool) -> InversionPlan:
    """Prepare for patterns, (R, p), that are ordered by the number of variables they lack."""
    n_missing = (~observed).sum(axis=1)
    p = observed.shape[1]
    n_few = int(np.searchsorted(n_missing, min(_FEW, p // 2), side="right"))
    few = np.tile(np.arange(p, p + _FEW), (n_few, 1))
    row, position = np.nonzero(~observed[:n_few])
    begins = np.cumsum(n_missing[:n_few]) - n_missing[:n_few]
    few[row, np.arange(len(row)) - begins[row]] = position
    batches = []
    for k in np.unique(n_missing[n_few:]).tolist():
        begin, end = np.searchsorted(n_missing, [k, k + 1]).tolist()
        by_update = k <= p - k
        part = ~observed[begin:end] if by_update else observed[begin:end]
        chosen = np.nonzero(part)[1].reshape(end - begin, -1)
        batches.append((begin, end, chosen, by_update))
    both = (observed[:, :, None] & observed[:, None, :]).astype(np.float64)
    return InversionPlan(observed, both, few, tuple(batches))


def precisions(plan: InversionPlan, sigma: Float) -> tuple[Float, Float]:
    """Invert every pattern's block of ``sigma``, (p, p).

    Returns
    -------
    tuple of ndarray
        Inverses, (R, p, p), 0 where not observed; logarithms of the blocks' determinants, (R,).

    Raises
    ------
    numpy.linalg.LinAlgError
        If a pattern's block is not positive definite.
    """
    factor, failed = linalg.lapack.dpotrf(sigma, lower=1)
    if failed:
        return _each_by_itself(plan, sigma)
    p = len(sigma)
    root, _ = linalg.lapack.dtrtri(factor, lower=1)
    whole = np.eye(p + _FEW)
    whole[:p, :p] = root.T @ root
    inverses = np.empty(plan.both.shape)
    logarithms = np.full(len(inverses), 2 * float(np.log(factor.diagonal()).sum()))
    if plan.observed[: len(plan.few)].all():
        inverses[: len(plan.few)] = whole[:p, :p]
    else:
        logarithms[: len(plan.few)] += _take_out(whole, plan.few, p, inverses[: len(plan.few)])
    for begin, end, chosen, by_update in plan.batches:
        if by_update:
            inverses[begin:end], change = _updated(whole, chosen, p)
            logarithms[begin:end] += change
        else:
            inverses[begin:end], logarithms[begin:end] = _small(sigma, chosen)
    inverses *= plan.both
    return inverses, logarithms


def _take_out(whole: Float, missing: Int, p: int, into: Float) -> Float:
    """Do as :func:`_updated` for few missing variables, eliminating in all patterns at once."""
    rows = whole[:, :p].take(missing, axis=0)
    block = whole.reshape(-1).take(missing[:, :, None] * len(whole) + missing[:, None, :])
    for j in range(missing.shape[1] - 1):
        _require_positive(block[:, j, j])
        factor = (block[:, j + 1 :, j] / block[:, j, j, None])[:, :, None]
        block[:, j + 1 :, j + 1 :] -= factor * block[:, j, None, j + 1 :]
        rows[:, j + 1 :] -= factor * rows[:, j, None]
    pivots = np.diagonal(block, axis1=1, axis2=2)
    _require_positive(pivots)
    rows /= np.sqrt(pivots)[:, :, None]
    np.matmul(rows.transpose(0, 2, 1), rows, out=into)
    np.subtract(whole[:p, :p], into, out=into)
    return np.asarray(np.log(pivots).sum(axis=1))


def _require_positive(pivots: Float) -> None:
    if not (pivots > 0).all():
        raise np.linalg.LinAlgError("not positive definite")


def _updated(whole: Float, missing: Int, p: int) -> tuple[Float, Float]:
    """Take missing variables, (r, k), out of the leading (p, p) block of an inverse."""
    rows = whole[:, :p][missing]
    block = whole.reshape(-1)[missing[:, :, None] * len(whole) + missing[:, None, :]]
    factor = np.linalg.cholesky(block)
    logarithm = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    scaled = np.linalg.inv(factor) @ rows
    return whole[:p, :p] - scaled.transpose(0, 2, 1) @ scaled, logarithm


def _small(sigma: Float, observed: Int) -> tuple[Float, Float]:
    """Invert the blocks of few observed variables, (r, k), into zeros."""
    block = sigma[observed[:, :, None], observed[:, None, :]]
    factor = np.linalg.cholesky(block)
    logarithm = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    inverse = np.zeros((len(observed), *sigma.shape))
    number = np.arange(len(observed))[:, None, None]
    inverse[number, observed[:, :, None], observed[:, None, :]] = np.linalg.inv(block)
    return inverse, logarithm


def _each_by_itself(plan: InversionPlan, sigma: Float) -> tuple[Float, Float]:
    """Invert the blocks of a matrix that is not positive definite as a whole."""
    # Ones on the diagonal stand in for what is missing: every block can be inverted in one call.
    stand_in = np.where(plan.observed, 0.0, 1.0)[:, :, None] * np.eye(len(sigma))
    padded = plan.both * sigma + stand_in
    factor = np.linalg.cholesky(padded)
    logarithm = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    return np.linalg.inv(padded) - stand_in, logarithm
