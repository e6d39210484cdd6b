"""The bootstrap: how estimates vary when persons (or clusters) are drawn again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import special

from crosslag._types import Float
from crosslag.errors import ModelError, require_whole
from crosslag.inference import pseudo_inverse
from crosslag.resampling import Job, at_model, resample

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["Bootstrap", "Plan"]

# Expectations of order statistics, (B + 1) p; number 6 of Hyndman and Fan.
_QUANTILES: Literal["weibull"] = "weibull"
_FEWEST = 20  # draws


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Estimates of all draws, and the intervals that they give.

    Attributes
    ----------
    draws, standardised
        Values of every row of ``Fit.estimates`` in each converged draw, (B, k).
    n_draws, n_failed, n_inadmissible
        Draws asked for; those left out because no maximum was proven; those kept although a
        variance was negative or a correlation beyond 1.
    seed
        Of the draws.
    pvalue_bollen_stine
        Share of draws, from data moved to where the model holds, whose chi-square reaches the
        sample's; None unless asked for.
    n_failed_bollen_stine
        Draws of that test that were left out because no maximum was proven.
    """

    draws: Float
    standardised: Float
    _estimates: pd.DataFrame = field(repr=False)
    n_draws: int
    n_failed: int
    n_inadmissible: int
    seed: int
    pvalue_bollen_stine: float | None = None
    n_failed_bollen_stine: int = 0

    @property
    def estimates(self) -> pd.DataFrame:
        """The rows' names and the sample's values: ``lhs op rhs group label est std_all``."""
        return self._estimates.copy()

    def notes(self) -> list[str]:
        """Say how many draws were left out, or kept although they are inadmissible.

        Returns
        -------
        list of str
            Sentences; none if there is nothing to say. ``Fit.warnings`` has them too.
        """
        notes = []
        for count, what in (
            (self.n_failed, "bootstrap draws"),
            (self.n_failed_bollen_stine, "draws of Bollen and Stine's test"),
        ):
            if count:
                notes.append(f"{count} of {self.n_draws} {what} had no proven maximum; left out.")
        if self.n_inadmissible:
            notes.append(
                f"{self.n_inadmissible} of {self.n_draws} bootstrap draws were inadmissible (a"
                " negative variance or a correlation beyond 1); kept, as leaving them out would"
                " bias the intervals."
            )
        undefined = self._undefined()
        if undefined:
            notes.append(
                f"{undefined} of {len(self.draws)} draws leave standardised or defined values"
                " undefined (such as a standardised effect of a variable with a negative variance);"
                " their intervals rest on the other draws."
            )
        return notes

    def _undefined(self) -> int:
        """Count the draws that have no value of what the sample has one of."""
        known = self._estimates
        missing = np.isnan(self.draws) & known["est"].notna().to_numpy()
        missing |= np.isnan(self.standardised) & known["std_all"].notna().to_numpy()
        return int(missing.any(axis=1).sum())

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Give percentile and bias-corrected intervals of all parameters.

        Quantiles are those at (B + 1) p of the ordered draws (number 6 of Hyndman and Fan,
        doi:10.1080/00031305.1996.10473566); the bias-corrected interval is Efron's
        (doi:10.1080/01621459.1987.10478410) without acceleration.

        Parameters
        ----------
        level
            Coverage, between 0 and 1.

        Returns
        -------
        DataFrame
            ``lhs op rhs group label est se lower upper bc_lower bc_upper``, and the same with the
            prefix ``std_`` for standardised values. Bounds of fixed parameters are their value.
        """
        if not isinstance(level, Real) or not 0 < level < 1:
            raise ModelError(f"level={level!r}: a coverage lies between 0 and 1, such as 0.95.")
        known = self._estimates
        table = known[["lhs", "op", "rhs", "group", "label"]].copy()
        names = ("est", "se", "lower", "upper", "bc_lower", "bc_upper")
        for prefix, values, draws in (
            ("", known["est"], self.draws),
            ("std_", known["std_all"], self.standardised),
        ):
            found = [
                _summary(column[~np.isnan(column)], est, level)
                for column, est in zip(draws.T, values.tolist(), strict=True)
            ]
            columns = [f"{prefix}{name}" for name in names]
            table = table.join(pd.DataFrame(found, columns=columns, index=table.index))
        return table


def _summary(draws: Float, est: float, level: float) -> tuple[float, ...]:
    """Give the estimate, its error, and the percentile and the bias-corrected interval."""
    if len(draws) < _FEWEST or np.isnan(est):
        return (est, *[np.nan] * 5)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    # Efron's correction shifts the quantiles by how many draws lie below the estimate.
    below = ((draws < est).sum() + 0.5 * (draws == est).sum()) / len(draws)
    shift = 2 * special.ndtri(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws)))
    corrected = special.ndtr(shift + special.ndtri(tails))
    bounds = np.quantile(draws, [*tails, *corrected], method=_QUANTILES)
    return (est, float(draws.std(ddof=1)), *bounds.tolist())


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    n_draws: int
    seed: int
    workers: int
    bollen_stine: bool

    @classmethod
    def checked(
        cls, n_draws: int, seed: int, workers: int, *, bollen_stine: bool, missing: str
    ) -> Plan | None:
        """Check what was asked for; None without draws.

        Raises
        ------
        ModelError
            If a number is impossible, or Bollen and Stine's test is asked for under FIML.
        """
        for name, value, least in (
            ("bootstrap", n_draws, 0),
            ("seed", seed, 0),
            ("workers", workers, 1),
        ):
            require_whole(name, value, least)
        if bollen_stine and missing == "fiml":
            raise ModelError(
                "bollen_stine=True needs complete data: persons with gaps can't be moved to where"
                " the model holds exactly. Use missing='listwise', or the robust test of"
                " estimator='MLR'."
            )
        if bollen_stine and not n_draws:
            raise ModelError("bollen_stine=True needs draws; say how many, such as bootstrap=1000.")
        if 0 < n_draws < _FEWEST:
            raise ModelError(f"bootstrap={n_draws}: intervals need at least {_FEWEST} draws.")
        return cls(int(n_draws), int(seed), int(workers), bollen_stine) if n_draws else None

    def run(self, fit: Fit) -> Bootstrap:
        """Make the draws."""
        point = fit.point
        job = Job(
            fit.table,
            list(point.structures),
            [e.data for e in point.evaluations],
            fit.theta,
            pseudo_inverse(point.observed_information()),
            self.seed,
        )
        drawn = resample(job, self.n_draws, self.workers)
        kept = [one for one in drawn if one is not None]
        if len(kept) < _FEWEST:
            raise ModelError(
                f"Only {len(kept)} of {self.n_draws} draws converged, too few for intervals. The"
                " model asks too much of these data; simplify it or equate parameters over time."
            )
        tested, n_untested = None, 0
        if self.bollen_stine:
            moved = [at_model(d, i) for d, i in zip(job.patterns, point.implied, strict=True)]
            again = resample(replace(job, patterns=moved), self.n_draws, self.workers)
            beyond = [one.chisq >= fit.indices["chisq"] for one in again if one is not None]
            if len(beyond) < _FEWEST:
                raise ModelError(
                    f"Only {len(beyond)} of {self.n_draws} draws of Bollen and Stine's test"
                    " converged, too few for a p value; leave out bollen_stine=True."
                )
            tested, n_untested = sum(beyond) / len(beyond), self.n_draws - len(beyond)
        return Bootstrap(
            np.array([one.values for one in kept]),
            np.array([one.standardised for one in kept]),
            fit.estimates[["lhs", "op", "rhs", "group", "label", "est", "std_all"]],
            self.n_draws,
            self.n_draws - len(kept),
            sum(not one.admissible for one in kept),
            self.seed,
            tested,
            n_untested,
        )
