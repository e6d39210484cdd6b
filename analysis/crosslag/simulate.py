"""Data from a known process: random intercepts and cross-lagged deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosslag._types import Float
from crosslag.errors import ModelError, require_whole

__all__ = ["PanelProcess", "stationary_innovation"]


@dataclass(frozen=True, eq=False)
class PanelProcess:
    """A random-intercept cross-lagged process of k variables.

    A person's score at wave t is level + deviation: levels are normal with covariance
    ``between``; deviations start with covariance ``first`` and follow
    ``w[t] = lags @ w[t - 1] + innovation``. All means are zero; ``draw`` can shift them.

    Attributes
    ----------
    between
        Covariance of the stable levels, (k, k); zeros give a process without random intercepts.
    lags
        Effect of each variable (column) on each variable (row) one wave later, (k, k).
    first
        Covariance of the deviations at the first wave, (k, k).
    innovation
        Covariance of what is new at every later wave, (k, k).

    Raises
    ------
    ModelError
        If the shapes differ, or a covariance matrix is not symmetric and positive semidefinite.
    """

    between: Float
    lags: Float
    first: Float
    innovation: Float

    def __post_init__(self) -> None:
        k = len(np.atleast_1d(_numbers("between", self.between)))
        for name in ("between", "lags", "first", "innovation"):
            matrix = _numbers(name, getattr(self, name))
            if matrix.shape != (k, k):
                raise ModelError(f"{name} must have shape ({k}, {k}), not {matrix.shape}.")
            if not np.isfinite(matrix).all():
                raise ModelError(f"{name} holds a value that is not finite.")
            if name != "lags":
                _require_covariance(name, matrix)
            matrix.setflags(write=False)
            object.__setattr__(self, name, matrix)

    @classmethod
    def stationary(
        cls, between: npt.ArrayLike, lags: npt.ArrayLike, within: npt.ArrayLike
    ) -> PanelProcess:
        """Make the process whose deviations have the same covariance at every wave.

        Parameters
        ----------
        between
            Covariance of the stable levels, (k, k).
        lags
            Effect of each variable (column) on each variable (row) one wave later, (k, k).
        within
            Covariance of the deviations at every wave, (k, k).

        Returns
        -------
        PanelProcess
            With the innovation of :func:`stationary_innovation`.

        Raises
        ------
        ModelError
            If a matrix is no covariance, or the effects are too strong for ``within``.
        """
        covariance = _numbers("within", within)
        effects = _numbers("lags", lags)
        return cls(
            _numbers("between", between),
            effects,
            covariance,
            stationary_innovation(effects, covariance),
        )

    @property
    def k(self) -> int:
        """Number of variables."""
        return len(self.lags)

    def draw(
        self,
        n: int,
        waves: int,
        rng: np.random.Generator,
        shift: npt.ArrayLike | None = None,
    ) -> Float:
        """Draw persons.

        Parameters
        ----------
        n, waves
            Numbers of persons and waves.
        rng
            Source of randomness; the same state gives the same data.
        shift
            Added to the scores, (waves, k) for all persons or (n, waves, k): means, or what a
            programme does to them. It does not carry over to later waves.

        Returns
        -------
        ndarray
            (n, waves, k).

        Raises
        ------
        ModelError
            If ``n`` is negative, ``waves`` not positive, or ``shift`` has another shape.
        """
        require_whole("n", n, 0)
        require_whole("waves", waves, 1)
        if not hasattr(rng, "standard_normal"):
            raise ModelError(f"rng={rng!r}: give a generator, such as np.random.default_rng(1).")
        k = self.k
        added = None if shift is None else _numbers("shift", shift)
        if added is not None and added.shape not in {(waves, k), (n, waves, k)}:
            raise ModelError(
                f"shift must have shape ({waves}, {k}) or ({n}, {waves}, {k}), not {added.shape}."
            )
        level = rng.standard_normal((n, k)) @ _root(self.between).T
        scores = rng.standard_normal((n, waves, k))
        innovation = _root(self.innovation).T
        deviation = scores[:, 0] @ _root(self.first).T
        scores[:, 0] = level + deviation
        for wave in range(1, waves):
            deviation = deviation @ self.lags.T + scores[:, wave] @ innovation
            scores[:, wave] = level + deviation
        if added is not None:
            scores += added
        return scores

    def moments(self, waves: int) -> Float:
        """Compute the population covariance of all scores.

        Parameters
        ----------
        waves
            Number of waves.

        Returns
        -------
        ndarray
            (waves * k, waves * k), wave by wave.
        """
        k = self.k
        covariance = np.zeros((waves, k, waves, k))
        current = self.first
        for wave in range(waves):
            if wave:
                current = self.lags @ current @ self.lags.T + self.innovation
            ahead = current
            for later in range(wave, waves):
                covariance[later, :, wave] = ahead
                covariance[wave, :, later] = ahead.T
                ahead = self.lags @ ahead
        covariance += self.between[None, :, None, :]
        return covariance.reshape(waves * k, waves * k)


def stationary_innovation(lags: npt.ArrayLike, within: npt.ArrayLike) -> Float:
    """Give the innovation covariance that keeps the covariance ``within`` from wave to wave.

    Parameters
    ----------
    lags
        Effect of each variable (column) on each variable (row) one wave later, (k, k).
    within
        Covariance of the deviations, (k, k).

    Returns
    -------
    ndarray
        ``within - lags @ within @ lags.T``, (k, k).

    Raises
    ------
    ModelError
        If that is not a covariance matrix: the lagged effects are too strong for ``within``.
    """
    effects, covariance = _numbers("lags", lags), _numbers("within", within)
    if not covariance.ndim == 2 or len({*effects.shape, *covariance.shape}) > 1:
        raise ModelError(
            f"lags and within must have one shape (k, k), not {effects.shape}, {covariance.shape}."
        )
    innovation = covariance - effects @ covariance @ effects.T
    if np.linalg.eigvalsh(innovation)[0] < -1e-10 * np.trace(covariance):
        raise ModelError(
            "These lagged effects are too strong to keep this covariance at every wave; make the"
            " effects smaller."
        )
    return np.asarray((innovation + innovation.T) / 2)


def _numbers(name: str, values: npt.ArrayLike) -> Float:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name}={values!r} is no matrix of numbers.") from error


def _require_covariance(name: str, matrix: Float) -> None:
    size = float(np.abs(matrix).max(initial=0.0))
    if not np.allclose(matrix, matrix.T, atol=1e-12 * max(size, 1.0)):
        raise ModelError(f"{name} must be symmetric.")
    if size and np.linalg.eigvalsh(matrix)[0] < -1e-8 * size:
        raise ModelError(f"{name} must be positive semidefinite (no negative eigenvalue).")


def _root(covariance: Float) -> Float:
    """A matrix whose product with its transpose is ``covariance``, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
