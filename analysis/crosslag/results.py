"""What a fit gives back: estimates, indices, and a summary to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy import special

from crosslag import report
from crosslag._types import Float, freeze
from crosslag.bootstrap import Bootstrap
from crosslag.compare import Comparison, Method, compare
from crosslag.defined import Defined, WaldTest, wald
from crosslag.errors import ModelError
from crosslag.estimate import ModelPoint, model_point
from crosslag.inference import ByIdentity, Standardised, natural_scale
from crosslag.markup import as_dict, as_html
from crosslag.model import Model, ParameterTable
from crosslag.plots import Picture, path_diagram
from crosslag.ram import ram_groups
from crosslag.sample import Part, Sample, coverage, residuals, scores
from crosslag.score import ScoreTests, score_tests
from crosslag.syntax import parse_constraints

__all__ = ["ESTIMATE_COLUMNS", "Fit"]

ESTIMATE_COLUMNS = (
    "lhs", "op", "rhs", "group", "label", "est", "se", "z", "pvalue",
    "ci_lower", "ci_upper", "std_all", "se_std_all",
)  # fmt: skip

_Z95 = float(special.ndtri(0.975))


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Fit:
    """A fitted model. If ``converged`` is False, all numbers are NaN but counts.

    Counts are ``npar``, ``ntotal`` and ``df`` of ``indices``, and persons and patterns.

    Attributes
    ----------
    model, table
        What was fitted, and its parameters laid out over the groups.
    group_names, group_sizes
        Groups in order of appearance; one named "" without grouping.
    n_patterns
        Distinct patterns of missing values, summed over groups.
    n_dropped
        Persons of the data that were not analysed.
    estimator, missing
        As asked for.
    converged
        Whether a maximum of the likelihood is proven.
    admissible
        Whether no variance is negative and no correlation beyond 1; ``warnings`` name those.
    warnings
        Everything a reader should know, in words.
    method, iterations
        How the maximum was found.
    theta, vcov
        Estimated parameters, (q,), and their covariance matrix, (q, q); ``parameter_names``.
    indices
        Fit measures by name: ``npar ntotal logl unrestricted_logl chisq df pvalue baseline_chisq
        baseline_df baseline_pvalue cfi tli rmsea rmsea_ci_lower rmsea_ci_upper rmsea_pvalue srmr
        aic bic bic2``; under MLR also ``chisq_scaled pvalue_scaled scaling_factor
        baseline_chisq_scaled baseline_scaling_factor cfi_scaled tli_scaled rmsea_scaled``; under
        MLR or FIML also ``cfi_robust tli_robust rmsea_robust``. The interval of RMSEA is a 90 %
        one.
    standardised
        Standardised values and errors, one per row of ``table``.
    defined
        The defined parameters (``:=``), one per row of ``table.definitions``.
    sample
        The data analysed, as pattern sums, and the saturated model.
    bootstrap
        Draws and intervals, if asked for.
    """

    model: Model
    table: ParameterTable
    group_names: tuple[object, ...]
    group_sizes: tuple[int, ...]
    n_patterns: int
    n_dropped: int
    estimator: str
    missing: str
    converged: bool
    admissible: bool
    warnings: tuple[str, ...]
    method: str
    iterations: int
    theta: Float = field(repr=False)
    vcov: Float = field(repr=False)
    indices: Mapping[str, float] = field(repr=False)
    standardised: Standardised = field(repr=False)
    defined: Defined = field(repr=False)
    sample: Sample = field(repr=False)
    bootstrap: Bootstrap | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = (self.standardised, self.defined, self.sample, self.bootstrap)
        freeze((self.theta, self.vcov, *parts))
        object.__setattr__(self, "indices", MappingProxyType(dict(self.indices)))

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the estimated parameters, in the order of ``theta``."""
        return tuple(self.table.free_names())

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        rows = self.table.rows
        free = np.array([row.free for row in rows])
        fixed_values = np.array([row.value for row in rows])
        is_free = free >= 0
        errors = np.sqrt(np.maximum(np.diag(self.vcov), 0.0))
        est = np.append(np.where(is_free, self.theta[free], fixed_values), self.defined.values)
        se = np.append(np.where(is_free, errors[free], 0.0), self.defined.errors)
        z = np.full(len(est), np.nan)
        np.divide(est, se, out=z, where=se > 0)
        numbers = (
            est,
            se,
            z,
            2 * special.ndtr(-np.abs(z)),
            est - _Z95 * se,
            est + _Z95 * se,
            np.append(self.standardised.values, self.defined.std_values),
            np.append(self.standardised.errors, self.defined.std_errors),
        )
        kinds = tuple(map(type, self.group_names))
        names = _row_names(ByIdentity(self.table), self.group_names, kinds)
        columns = list(ESTIMATE_COLUMNS[len(names.columns) :])
        return pd.concat([names, pd.DataFrame(np.column_stack(numbers), columns=columns)], axis=1)

    @property
    def estimates(self) -> pd.DataFrame:
        """A table of all parameters, fixed ones included (their ``se`` is 0).

        Columns: ``lhs op rhs group label est se z pvalue ci_lower ci_upper std_all se_std_all``;
        ``rhs`` is "" for means and intercepts (``~1``). Intervals are 95 %. Defined parameters
        (``:=``) come last; ``group`` is "" for one made of several groups' parameters.
        """
        return self._estimates.copy()

    def wald(self, constraints: str) -> WaldTest:
        """Test equalities of labels without fitting again.

        Parameters
        ----------
        constraints
            Equalities that the model does not make, such as ``"a == b; c == 0"``.

        Returns
        -------
        WaldTest
            Of all together, from ``vcov`` by the delta method: robust under MLR.

        Raises
        ------
        ModelError
            If the fit has not converged, or the equalities can't be tested.
        """
        if not self.converged:
            raise ModelError("There is nothing to test: the fit has not converged.")
        n_clusters = sum(data.n_clusters for data in self.sample.patterns)
        if 0 < n_clusters <= self.indices["npar"]:
            raise ModelError(
                f"{n_clusters} clusters are too few for a Wald test in a model of"
                f" {self.indices['npar']:.0f} parameters; compare() fits."
            )
        scale = natural_scale(self.point.expected_information())
        return wald(self.table, self.theta, self.vcov, parse_constraints(constraints), scale)

    def score_tests(self) -> ScoreTests:
        """Test every equality constraint, shared labels included, by its score.

        Returns
        -------
        ScoreTests
            Of each by itself and of all together (doi:10.1007/BF02294623); they assume normality.

        Raises
        ------
        ModelError
            If the fit has not converged, or the model has no equality, or bounds.
        """
        return score_tests(self)

    def to_lavaan(self) -> str:
        """Write the model in lavaan's syntax, for ``lavaan(..., int.ov.free=TRUE)``.

        Raises
        ------
        ModelError
            If a variable or label has a name that R does not take as one.
        """
        return self.model.to_lavaan(len(self.group_names))

    def to_mplus(self) -> str:
        """Write the model as Mplus input, without DATA, GROUPING and ESTIMATOR lines.

        These are to be added; :meth:`Model.to_mplus` says more.
        """
        return self.model.to_mplus(len(self.group_names))

    @cached_property
    def point(self) -> ModelPoint:
        """The likelihood at the estimates.

        Raises
        ------
        ModelError
            If the fit has not converged.
        """
        point = None
        if self.converged:
            point = model_point(ram_groups(self.table), self.sample.patterns, self.theta)
        if point is None:
            raise ModelError("The fit has not converged, so there are no estimates to work with.")
        return point

    def compare(self, other: Fit, method: Method = "sb2001") -> Comparison:
        """Test the more restricted of this fit and another against the freer one.

        Parameters
        ----------
        other
            A fit of a nested model to the same data; which of the two is freer does not matter.
        method
            How to scale under MLR: Satorra and Bentler 2001 (doi:10.1007/BF02296192) or 2010
            (doi:10.1007/s11336-009-9135-y). Under ML the plain difference is taken.

        Returns
        -------
        Comparison
            The test, ``chisq_diff df_diff pvalue scaling_factor``.

        Raises
        ------
        ModelError
            If the two can't be compared.
        """
        if not isinstance(other, Fit):
            raise ModelError(f"A fit is compared with another fit, not {type(other).__name__}.")
        return compare(self, other, method)

    def coverage(self) -> pd.DataFrame:
        """Count the persons who have both variables of every pair.

        Returns
        -------
        DataFrame
            ``group lhs rhs n share``; a variable with itself stands for the persons who have it.
        """
        return coverage(self)

    def residuals(self) -> pd.DataFrame:
        """List what the model leaves unexplained of correlations and means.

        Returns
        -------
        DataFrame
            ``group lhs op rhs observed implied residual``: correlations for ``~~``; for ``~1``
            means divided by the observed standard deviation. With gaps, "observed" is the
            saturated model.

        Raises
        ------
        ModelError
            If the fit has not converged.
        """
        return residuals(self)

    def scores(self, part: Part = "all") -> pd.DataFrame:
        """Estimate each person's latent variables from what was observed of that person.

        They are expectations given the observed values (regression scores): less variable than
        the latent variables themselves, so use them to look at persons, not as data of a second
        analysis.

        Parameters
        ----------
        part
            ``"between"``: what several waves of a panel variable measure (random intercepts,
            slopes); ``"within"``: what is of one wave (deviations); ``"all"``: every latent
            variable.

        Returns
        -------
        DataFrame
            One row per person analysed, with the index of the data; one column per variable.

        Raises
        ------
        ModelError
            If the fit has not converged, or the model has no such latent variables.
        """
        return scores(self, part)

    def plot(self, *, standardised: bool = True) -> Picture:
        """Draw the path diagram of a panel model, waves from left to right, as SVG.

        Notebooks show it; ``fit.plot().save("model.svg")`` writes it. Effects that differ from
        zero at the 5 % level are strong.

        Parameters
        ----------
        standardised
            Whether to write standardised values rather than raw ones.

        Returns
        -------
        Picture
            The SVG, one panel below the other for groups.

        Raises
        ------
        ModelError
            If the model has no waves, or the fit has not converged.
        """
        return path_diagram(self, standardised=standardised)

    def to_dict(self) -> dict[str, object]:
        """Give everything in types that JSON knows.

        Returns
        -------
        dict
            ``model estimator missing groups patterns dropped converged admissible method
            iterations warnings indices estimates``, and ``bootstrap`` if there is one. What is not
            a number is None.
        """
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def summary(self) -> str:
        """Describe the fit in plain text: lagged effects, fit measures, other parameters."""
        return report.summary(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<{report.line(self)}>"

    def __getstate__(self) -> dict[str, object]:
        state = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**state, "indices": dict(self.indices)}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self.__post_init__()


@lru_cache(maxsize=16)
def _row_names(
    known: ByIdentity,
    group_names: tuple[object, ...],
    kinds: tuple[type, ...],  # groups 1 and True are equal, but not the same # noqa: ARG001
) -> pd.DataFrame:
    """Name the rows of the table of estimates."""
    rows, definitions = known.table.rows, known.table.definitions
    names = (*group_names, "")  # the last, -1, is for what belongs to no group
    where = [*(row.group for row in rows), *(row.group for row in definitions)]
    own = [row.definition for row in definitions]
    return pd.DataFrame(
        {
            "lhs": [*(row.lhs for row in rows), *(d.name for d in own)],
            "op": [*(row.op for row in rows), *(":=" for _ in own)],
            "rhs": [*(row.rhs for row in rows), *(str(d.expression) for d in own)],
            "group": [names[group] for group in where],
            "label": [*(row.label for row in rows), *(d.name for d in own)],
        }
    )
