"""Inverses of the covariance matrices of many missing patterns at once.

A pattern that lacks few variables has an inverse close to that of all variables: with K the
inverse of the whole matrix and m the missing variables, it is K - K[:, m] K[m, m]^-1 K[m, :]. So
no pattern needs the inverse of a matrix larger than half the number of variables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosslag._types import Bool, Float, Int

__all__ = ["InversionPlan", "inversion_plan", "precisions"]


_SWEPT = 4  # up to so many variables are taken out one by one, more of them at once


@dataclass(frozen=True, slots=True, eq=False)
class InversionPlan:
    """How to invert the blocks of R patterns over p variables, ordered by the number missing.

    Attributes
    ----------
    observed, both
        Which variables, (R, p), and pairs of them, (R, p, p), a pattern has.
    missing
        Positions of the first missing variables of each pattern, (R, 4), filled up with 0.
    at_least
        Where the patterns with at least 1, 2, ... missing variables begin.
    batches
        Patterns with more than that: begin and end, and the positions, (r, k), of the missing
        variables, or of the observed ones where those are fewer.
    swept
        Where these batches begin.
    """

    observed: Bool
    both: Float
    missing: Int
    at_least: tuple[int, ...]
    batches: tuple[tuple[int, int, Int, bool], ...]
    swept: int


def inversion_plan(observed: Bool) -> InversionPlan:
    """Prepare for patterns, (R, p), that are ordered by the number of variables they lack."""
    n_missing = (~observed).sum(axis=1)
    p = observed.shape[1]
    limit = min(_SWEPT, p // 2)
    swept = int(np.searchsorted(n_missing, limit, side="right"))
    at_least = tuple(np.searchsorted(n_missing, np.arange(1, limit + 1)).tolist())
    missing = np.zeros((swept, max(limit, 1)), dtype=np.int64)
    row, position = np.nonzero(~observed[:swept])
    begins = np.cumsum(n_missing[:swept]) - n_missing[:swept]
    missing[row, np.arange(len(row)) - begins[row]] = position
    batches = []
    for k in np.unique(n_missing[swept:]).tolist():
        begin, end = np.searchsorted(n_missing, [k, k + 1]).tolist()
        by_update = k <= p - k
        part = ~observed[begin:end] if by_update else observed[begin:end]
        chosen = np.nonzero(part)[1].reshape(end - begin, -1)
        batches.append((begin, end, chosen, by_update))
    both = (observed[:, :, None] & observed[:, None, :]).astype(np.float64)
    return InversionPlan(observed, both, missing, at_least, tuple(batches), swept)


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
    try:
        factor = np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        return _each_by_itself(plan, sigma)
    root = np.linalg.inv(factor)
    whole = root.T @ root
    inverses = np.empty(plan.both.shape)
    logarithms = np.full(len(inverses), 2 * float(np.log(factor.diagonal()).sum()))
    inverses[: plan.swept] = whole
    for number, begin in enumerate(plan.at_least):
        if begin < plan.swept:
            part = slice(begin, plan.swept)
            logarithms[part] += _sweep(inverses[part], plan.missing[part, number])
    for begin, end, chosen, by_update in plan.batches:
        if by_update:
            inverses[begin:end], change = _updated(whole, chosen)
            logarithms[begin:end] += change
        else:
            inverses[begin:end], logarithms[begin:end] = _small(sigma, chosen)
    inverses *= plan.both
    return inverses, logarithms


def _sweep(inverses: Float, missing: Int) -> Float:
    """Take one variable out of each inverse, in place; give the logarithms of the pivots."""
    number = np.arange(len(inverses))
    rows = inverses[number, missing]
    pivot = rows[number, missing]
    if not (pivot > 0).all():
        raise np.linalg.LinAlgError("not positive definite")
    inverses -= rows[:, :, None] * (rows / pivot[:, None])[:, None, :]
    return np.asarray(np.log(pivot))


def _updated(whole: Float, missing: Int) -> tuple[Float, Float]:
    """Take several missing variables, (r, k), out of an inverse, (p, p), at once."""
    rows = whole[missing]
    block = whole[missing[:, :, None], missing[:, None, :]]
    factor = np.linalg.cholesky(block)
    scaled = np.linalg.solve(factor, rows)
    logarithm = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    return whole - scaled.transpose(0, 2, 1) @ scaled, logarithm


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
