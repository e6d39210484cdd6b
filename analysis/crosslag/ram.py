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

from crosslag._types import Float, Int
from crosslag.model import ParameterRow, ParameterTable

__all__ = ["Implied", "RamGroup", "ram_groups", "vech_indices"]


@lru_cache(maxsize=64)
def vech_indices(p: int) -> tuple[Int, Int]:
    """Give rows and columns of the lower triangle of a (p, p) matrix, by rows."""
    rows, columns = np.tril_indices(p)
    return rows.astype(np.int64), columns.astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """What a group's parameter values imply.

    Attributes
    ----------
    mu, sigma
        Moments of the observed variables, (p,) and (p, p).
    effects, undirected, covariance, mean
        B, S, C and B m of all variables, (v, v) or (v,).
    """

    mu: Float
    sigma: Float
    effects: Float
    undirected: Float
    covariance: Float
    mean: Float


@dataclass(frozen=True, slots=True, eq=False)
class RamGroup:
    """Where one group's parameters stand in its matrices.

    ``*_free`` are positions in the vector of estimated parameters; cells are ordered directed,
    undirected, mean, and ``cells`` joins their positions.
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

    def implied(self, theta: Float) -> Implied:
        """Compute the moments at ``theta``, (q,).

        Raises
        ------
        numpy.linalg.LinAlgError
            If I - A is singular.
        """
        a, s, m = self.directed.copy(), self.undirected.copy(), self.means.copy()
        a[self.a_row, self.a_col] = theta[self.a_free]
        s[self.s_row, self.s_col] = theta[self.s_free]
        s[self.s_col, self.s_row] = theta[self.s_free]
        m[self.m_row] = theta[self.m_free]
        effects = np.asarray(np.linalg.inv(np.eye(len(m)) - a), dtype=np.float64)
        covariance = effects @ s @ effects.T
        covariance = (covariance + covariance.T) / 2
        mean = effects @ m
        return Implied(mean[: self.p], covariance[: self.p, : self.p], effects, s, covariance, mean)

    def jacobian(self, implied: Implied) -> Float:
        """Differentiate the stacked moments: (q, p + p(p+1)/2)."""
        rows, columns = vech_indices(self.p)
        g = implied.effects[: self.p]
        c = implied.covariance[:, : self.p]
        from_a, to_a = g.T[self.a_row], c[self.a_col]
        from_s, to_s = g.T[self.s_row], g.T[self.s_col]
        d_sigma_a = from_a.take(rows, 1) * to_a.take(columns, 1)
        d_sigma_a += from_a.take(columns, 1) * to_a.take(rows, 1)
        d_sigma_s = from_s.take(rows, 1) * to_s.take(columns, 1)
        off = np.flatnonzero(self.s_row != self.s_col)
        d_sigma_s[off] += from_s[off].take(columns, 1) * to_s[off].take(rows, 1)
        p, n_a, n_s = self.p, len(self.a_row), len(self.s_row)
        cells = np.zeros((len(self.cells), p + len(rows)))
        cells[:n_a, :p] = from_a * implied.mean[self.a_col, None]
        cells[:n_a, p:] = d_sigma_a
        cells[n_a : n_a + n_s, p:] = d_sigma_s
        cells[n_a + n_s :, :p] = g.T[self.m_row]
        return self._sum_rows(cells)

    def pullback(self, implied: Implied, g_mu: Float, g_sigma: Float) -> Float:
        """Carry a gradient over to the parameters, (q,), without the Jacobian.

        ``g_mu``, (p,), and the symmetric ``g_sigma``, (p, p), are by mu and by sigma in full.
        """
        g = implied.effects[: self.p]
        u = g_mu @ g
        half = g.T @ g_sigma
        by_effect = 2 * (half @ implied.covariance[: self.p]) + np.outer(u, implied.mean)
        by_residual = half @ g
        weight = np.where(self.s_row == self.s_col, 1.0, 2.0)
        cells = np.concatenate(
            [
                by_effect[self.a_row, self.a_col],
                by_residual[self.s_row, self.s_col] * weight,
                u[self.m_row],
            ]
        )
        return np.bincount(self.cells, cells, self.q).astype(np.float64, copy=False)

    def variance_jacobian(self, implied: Implied) -> Float:
        """Differentiate the variances of all variables: (q, v)."""
        b, c = implied.effects, implied.covariance
        twice = np.where(self.s_row == self.s_col, 1.0, 2.0)[:, None]
        cells = np.concatenate(
            [
                2 * b.T[self.a_row] * c[self.a_col],
                twice * b.T[self.s_row] * b.T[self.s_col],
                np.zeros((len(self.m_row), len(b))),
            ]
        )
        return self._sum_rows(cells)

    def curvature(self, implied: Implied, g_mu: Float, g_sigma: Float) -> Float:
        """Contract second derivatives of the moments with a gradient: (q, q).

        Gives the Hessian of ``g_mu @ mu + sum(g_sigma * sigma)`` with g_mu, (p,), and the
        symmetric g_sigma, (p, p), held constant.
        """
        b, c, eta = implied.effects, implied.covariance, implied.mean
        g = b[: self.p]
        omega = g.T @ g_sigma @ g
        lagrange = b @ implied.undirected @ omega
        u = g.T @ g_mu
        i, j, k, m = self.a_row, self.a_col, self.s_row, self.s_col
        n_a, n_s = len(i), len(k)
        cells = np.zeros((len(self.cells), len(self.cells)))
        b_ji = b[j[:, None], i]
        pairs = b_ji * (2 * lagrange[j[:, None], i].T + np.outer(eta[j], u[i]).T)
        cells[:n_a, :n_a] = pairs + pairs.T + 2 * omega[i[:, None], i] * c[j[:, None], j]
        weight = np.where(k == m, 1.0, 2.0)
        a_s = weight * (
            b[j[:, None], k] * omega[i[:, None], m] + b[j[:, None], m] * omega[i[:, None], k]
        )
        cells[:n_a, n_a : n_a + n_s] = a_s
        cells[n_a : n_a + n_s, :n_a] = a_s.T
        a_m = u[i][:, None] * b[j[:, None], self.m_row]
        cells[:n_a, n_a + n_s :] = a_m
        cells[n_a + n_s :, :n_a] = a_m.T
        return self._sum_rows(self._sum_rows(cells).T)

    def _sum_rows(self, cells: Float) -> Float:
        """Add up the rows of cells that are one parameter: (q, ...)."""
        total = np.zeros((self.q, cells.shape[1]))
        if self.distinct:
            total[self.cells] = cells
        else:
            np.add.at(total, self.cells, cells)
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
    )
