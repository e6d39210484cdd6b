"""Symmetric matrices as vectors of their lower triangles, by rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from crosslag._types import Float, Int
from crosslag.ram import vech_indices

__all__ = ["multiplicity", "pair_up", "vech", "vech_position"]


def vech(matrices: Float) -> Float:
    """Stack the lower triangles of (R, p, p): (R, p(p+1)/2)."""
    p = matrices.shape[1]
    return matrices.reshape(len(matrices), p * p)[:, _flat(p)]


@lru_cache(maxsize=64)
def _flat(p: int) -> Int:
    rows, columns = vech_indices(p)
    return rows * p + columns


@lru_cache(maxsize=64)
def multiplicity(p: int) -> Float:
    """How often each element of vech stands in the full matrix."""
    rows, columns = vech_indices(p)
    return np.where(rows == columns, 1.0, 2.0)


@lru_cache(maxsize=64)
def vech_position(p: int) -> Int:
    """Where element (i, j) of a symmetric matrix stands in vech: (p, p)."""
    rows, columns = vech_indices(p)
    position = np.empty((p, p), dtype=np.int64)
    position[rows, columns] = position[columns, rows] = np.arange(len(rows))
    return position


@lru_cache(maxsize=16)
def _pairs(p: int) -> tuple[Int, Int, Float]:
    rows, columns = vech_indices(p)
    position, weight, m = vech_position(p), multiplicity(p), len(rows)
    ac_bd = position[np.ix_(rows, rows)] * m + position[np.ix_(columns, columns)]
    ad_bc = position[np.ix_(rows, columns)] * m + position[np.ix_(columns, rows)]
    return ac_bd, ad_bc, np.outer(weight, weight) * 0.5


def pair_up(products: Float, p: int) -> Float:
    """Turn sums of vech(P) vech(Q)' into the matrix of tr(dS_k P dS_l Q) over elements of vech.

    ``products`` must be symmetric, (p(p+1)/2, p(p+1)/2).
    """
    ac_bd, ad_bc, weight = _pairs(p)
    flat = np.ascontiguousarray(products).reshape(-1)
    paired = flat.take(ac_bd)
    paired += flat.take(ad_bc)
    paired *= weight
    return np.asarray(paired)
