"""Moments that a model implies, with first and second derivatives (reticular action model).

With directed effects A, undirected S, means m, and B = (I - A)^-1, all variables have covariance
C = B S B' and mean B m; the observed ones come first, so that their moments are leading blocks.
The stacked moments of a group are ``(mu, vech(Sigma))``, vech being the lower triangle by rows.

McArdle and McDonald (1984), doi:10.1111/j.2044-8317.1984.tb00802.x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from crosslag._types import Bool, Float, Int
from crosslag.model import ParameterRow, ParameterTable

__all__ = ["Implied", "RamGroup", "ram_groups", "vech_indices"]


@lru_cache(maxsize=64)
def vech_indices(p: int) -> tuple[Int, Int]:
    """Give rows and columns of the lower triangle of a (p, p) matrix, by rows."""
    rows, columns = np.tril_indices(p)
    return rows.astype(np.int64), columns.astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """What a group's parameter values imply; with leading axes, one for each of many fits.

    Attributes
    ----------
    mu, sigma
        Moments of the observed variables, (..., p) and (..., p, p).
    effects, undirected, covariance, mean
        B, S, C and B m of all variables, (..., v, v) or (..., v).
    """

    mu: Float
    sigma: Float
    effects: Float
    undirected: Float
    covariance: Float
    mean: Float

    def only(self, kept: Bool | int) -> Implied:
        """Keep some of many fits, or one of them."""
        return Implied(
            self.mu[kept],
            self.sigma[kept],
            self.effects[kept],
            self.undirected[kept],
            self.covariance[kept],
            self.mean[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class RamGroup:
    """Where one group's parameters stand in its matrices.

    ``*_free`` are positions in the vector of estimated parameters; cells are ordered directed,
    undirected, mean, and ``cells`` joins their positions; ``share``, (cells, q), tells which of
    them are one parameter. ``doublings`` is after how many squarings the next power of A is zero
    whatever the values, None if effects run in a loop. All methods take many fits at
    once, along leading axes.
    """

    p: int
    q: int
    directed: Float
    undirected: Float
    means: Float
    a_row: Int
    a_col: Int
    a_free: Int
    s_row: Int
    s_col: Int
    s_free: Int
    m_row: Int
    m_free: Int
    cells: Int
    distinct: bool
    share: Float
    doublings: int | None

    def implied(self, theta: Float) -> Implied:
        """Compute the moments at ``theta``, (..., q).

        Raises
        ------
        numpy.linalg.LinAlgError
            If I - A is singular.
        """
        many = theta.shape[:-1]
        v = len(self.means)
        a, s, m = np.empty((*many, v, v)), np.empty((*many, v, v)), np.empty((*many, v))
        a[...], s[...], m[...] = self.directed, self.undirected, self.means
        a[..., self.a_row, self.a_col] = theta[..., self.a_free]
        s[..., self.s_row, self.s_col] = theta[..., self.s_free]
        s[..., self.s_col, self.s_row] = theta[..., self.s_free]
        m[..., self.m_row] = theta[..., self.m_free]
        effects = self._total_effects(a)
        covariance = effects @ s @ effects.mT
        covariance = (covariance + covariance.mT) / 2
        mean = (effects @ m[..., None])[..., 0]
        p = self.p
        return Implied(mean[..., :p], covariance[..., :p, :p], effects, s, covariance, mean)

    def _total_effects(self, direct: Float) -> Float:
        """Compute (I - A)^-1, (..., v, v): the sum of A's powers, which ends without loops."""
        if self.doublings is None:
            return np.asarray(np.linalg.inv(np.eye(direct.shape[-1]) - direct), dtype=np.float64)
        total = direct + np.eye(direct.shape[-1])
        power = direct
        for _ in range(self.doublings):
            power = power @ power
            total += total @ power
        return np.asarray(total)

    def jacobian(self, implied: Implied) -> Float:
        """Differentiate the stacked moments: (..., q, p + p(p+1)/2)."""
        p = self.p
        return self.slopes(implied.effects[..., :p, :], implied.covariance[..., :p, :], implied)

    def slopes(self, effects: Float, covariance: Float, implied: Implied) -> Float:
        """Differentiate moments T mu and T Sigma T' as :meth:`jacobian` does, for any matrix T.

        ``effects`` and ``covariance`` are T times the observed rows of B and C, (..., p, v).
        """
        rows, columns = vech_indices(self.p)
        g, c = effects.mT, covariance.mT
        from_a, to_a = g[..., self.a_row, :], c[..., self.a_col, :]
        from_s, to_s = g[..., self.s_row, :], g[..., self.s_col, :]
        d_sigma_a = from_a.take(rows, -1) * to_a.take(columns, -1)
        d_sigma_a += from_a.take(columns, -1) * to_a.take(rows, -1)
        d_sigma_s = from_s.take(rows, -1) * to_s.take(columns, -1)
        off = np.flatnonzero(self.s_row != self.s_col)
        from_off, to_off = from_s[..., off, :], to_s[..., off, :]
        d_sigma_s[..., off, :] += from_off.take(columns, -1) * to_off.take(rows, -1)
        p, n_a, n_s = self.p, len(self.a_row), len(self.s_row)
        cells = np.zeros((*g.shape[:-2], len(self.cells), p + len(rows)))
        cells[..., :n_a, :p] = from_a * implied.mean[..., self.a_col, None]
        cells[..., :n_a, p:] = d_sigma_a
        cells[..., n_a : n_a + n_s, p:] = d_sigma_s
        cells[..., n_a + n_s :, :p] = g[..., self.m_row, :]
        return self._sum_rows(cells)

    def pullback(self, implied: Implied, g_mu: Float, g_sigma: Float) -> Float:
        """Carry a gradient over to the parameters, (..., q), without the Jacobian.

        ``g_mu``, (..., p), and the symmetric ``g_sigma``, (..., p, p), are by mu and by sigma in
        full.
        """
        p = self.p
        g = implied.effects[..., :p, :]
        u = (g_mu[..., None, :] @ g)[..., 0, :]
        half = g.mT @ g_sigma
        by_effect = 2 * (half @ implied.covariance[..., :p, :])
        by_effect += u[..., :, None] * implied.mean[..., None, :]
        by_residual = half @ g
        weight = np.where(self.s_row == self.s_col, 1.0, 2.0)
        cells = np.concatenate(
            [
                by_effect[..., self.a_row, self.a_col],
                by_residual[..., self.s_row, self.s_col] * weight,
                u[..., self.m_row],
            ],
            axis=-1,
        )
        return np.asarray(cells @ self.share)

    def variance_jacobian(self, implied: Implied) -> Float:
        """Differentiate the variances of all variables: (..., q, v)."""
        b, c = implied.effects.mT, implied.covariance
        twice = np.where(self.s_row == self.s_col, 1.0, 2.0)[:, None]
        n_a, n_s = len(self.a_row), len(self.s_row)
        cells = np.zeros((*b.shape[:-2], len(self.cells), b.shape[-1]))
        cells[..., :n_a, :] = 2 * b[..., self.a_row, :] * c[..., self.a_col, :]
        by_residual = twice * b[..., self.s_row, :] * b[..., self.s_col, :]
        cells[..., n_a : n_a + n_s, :] = by_residual
        return self._sum_rows(cells)

    def curvature(self, implied: Implied, g_mu: Float, g_sigma: Float) -> Float:
        """Contract second derivatives of the moments with a gradient: (..., q, q).

        Gives the Hessian of ``g_mu @ mu + sum(g_sigma * sigma)`` with g_mu, (..., p), and the
        symmetric g_sigma, (..., p, p), held constant.
        """
        b, c, eta = implied.effects, implied.covariance, implied.mean
        g = b[..., : self.p, :]
        omega = g.mT @ g_sigma @ g
        lagrange = b @ implied.undirected @ omega
        u = (g_mu[..., None, :] @ g)[..., 0, :]
        i, j, k, m = self.a_row, self.a_col, self.s_row, self.s_col
        n_a, n_s = len(i), len(k)
        cells = np.zeros((*b.shape[:-2], len(self.cells), len(self.cells)))
        from_i = 2 * lagrange[..., j, i[:, None]] + u[..., i, None] * eta[..., None, j]
        pairs = b[..., j[:, None], i] * from_i
        both = 2 * omega[..., i[:, None], i] * c[..., j[:, None], j]
        cells[..., :n_a, :n_a] = pairs + pairs.mT + both
        weight = np.where(k == m, 1.0, 2.0)
        a_s = b[..., j[:, None], k] * omega[..., i[:, None], m]
        a_s += b[..., j[:, None], m] * omega[..., i[:, None], k]
        a_s *= weight
        cells[..., :n_a, n_a : n_a + n_s] = a_s
        cells[..., n_a : n_a + n_s, :n_a] = a_s.mT
        a_m = u[..., i, None] * b[..., j[:, None], self.m_row]
        cells[..., :n_a, n_a + n_s :] = a_m
        cells[..., n_a + n_s :, :n_a] = a_m.mT
        return self._sum_rows(self._sum_rows(cells).mT)

    def _sum_rows(self, cells: Float) -> Float:
        """Add up the rows of cells that are one parameter: (..., q, m)."""
        if not self.distinct:
            return np.asarray(self.share.T @ cells)
        total = np.zeros((*cells.shape[:-2], self.q, cells.shape[-1]))
        total[..., self.cells, :] = cells
        return total


def ram_groups(table: ParameterTable) -> list[RamGroup]:
    """Lay out every group's matrices."""
    by_group: list[list[ParameterRow]] = [[] for _ in range(table.n_groups)]
    for row in table.rows:
        by_group[row.group].append(row)
    return [_ram_group(table, rows) for rows in by_group]


def _cell(row: ParameterRow, index: dict[str, int]) -> tuple[str, int, int]:
    lhs = index[row.lhs]
    match row.op:
        case "=~":
            return "directed", index[row.rhs], lhs
        case "~":
            return "directed", lhs, index[row.rhs]
        case "~~":
            return "undirected", lhs, index[row.rhs]
        case "~1":
            return "means", lhs, 0


def _ram_group(table: ParameterTable, rows: list[ParameterRow]) -> RamGroup:
    index = {name: i for i, name in enumerate(table.variables)}
    v = len(index)
    fixed = {
        "directed": np.zeros((v, v)),
        "undirected": np.zeros((v, v)),
        "means": np.zeros((v, 1)),
    }
    free: dict[str, list[tuple[int, int, int]]] = {name: [] for name in fixed}
    for row in rows:
        matrix, i, j = _cell(row, index)
        if row.free >= 0:
            free[matrix].append((i, j, row.free))
            continue
        fixed[matrix][i, j] = row.value
        if matrix == "undirected":
            fixed[matrix][j, i] = row.value
    a, s, m = (np.array(cells, dtype=np.int64).reshape(-1, 3) for cells in free.values())
    cells = np.concatenate([a[:, 2], s[:, 2], m[:, 2]])
    share = np.zeros((len(cells), table.n_free))
    share[np.arange(len(cells)), cells] = 1.0
    return RamGroup(
        p=len(table.observed),
        q=table.n_free,
        directed=fixed["directed"],
        undirected=fixed["undirected"],
        means=fixed["means"][:, 0],
        a_row=a[:, 0],
        a_col=a[:, 1],
        a_free=a[:, 2],
        s_row=s[:, 0],
        s_col=s[:, 1],
        s_free=s[:, 2],
        m_row=m[:, 0],
        m_free=m[:, 2],
        cells=cells,
        distinct=len(np.unique(cells)) == len(cells),
        share=share,
        doublings=_doublings(fixed["directed"], a),
    )


def _doublings(fixed: Float, free: Int) -> int | None:
    """Count the squarings of A before the one that leaves nothing of it; None if none does."""
    power = fixed != 0
    power[free[:, 0], free[:, 1]] = True
    for count in range(len(fixed).bit_length() + 1):
        power = power @ power
        if not power.any():
            return count
    return None
