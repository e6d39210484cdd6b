"""Fits that must be the same, or differ in a known way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel
from hypothesis import given, settings
from hypothesis import strategies as st

import crosslag as cl

KEY = ["group", "lhs", "op", "rhs"]


def by_key(fit: cl.Fit) -> pd.DataFrame:
    table = fit.estimates
    swapped = (table["op"] == "~~") & (table["lhs"] > table["rhs"])
    table.loc[swapped, ["lhs", "rhs"]] = table.loc[swapped, ["rhs", "lhs"]].to_numpy()
    return table.set_index(KEY).sort_index()


def assert_same(one: cl.Fit, other: cl.Fit, columns=("est", "se", "std_all")) -> None:
    a, b = by_key(one), by_key(other)
    assert list(a.index) == list(b.index)
    np.testing.assert_allclose(a[list(columns)], b[list(columns)], atol=2e-6)
    for name in ("chisq", "df", "cfi", "srmr", "rmsea"):
        assert one.indices[name] == pytest.approx(other.indices[name], abs=1e-6)


def test_random_intercepts_of_zero_give_the_plain_model(complete):
    riclpm = cl.riclpm(panel(4))
    zero = [
        replace(r, fixed=0.0) if r.op == "~~" and r.lhs.startswith("RI_") else r
        for r in riclpm.relations
    ]
    without = cl.fit(replace(riclpm, relations=tuple(zero)), complete)
    plain = cl.fit(cl.clpm(panel(4)), complete)
    assert without.indices["logl"] == pytest.approx(plain.indices["logl"], abs=1e-7)
    assert without.indices["df"] == plain.indices["df"]
    lagged = [fit.estimates.query("op == '~'")["est"].to_numpy() for fit in (without, plain)]
    np.testing.assert_allclose(*lagged, atol=1e-6)


@pytest.mark.parametrize("equal", ["stationary", ("stationary", "means")])
def test_in_equilibrium_accumulating_constants_are_random_intercepts(complete, equal):
    """Constants A that accumulate from ever on end in (I - B)^-1 A, and deviations are the same."""
    accumulating = cl.fit(cl.dpm(panel(4), equal=equal), complete)
    levels = cl.fit(cl.riclpm(panel(4), equal=equal), complete)
    for name in ("logl", "chisq", "df"):
        assert accumulating.indices[name] == pytest.approx(levels.indices[name], abs=1e-7)

    def covariances(fit, first, second):
        rows = fit.estimates.query("op == '~~'")
        found = {frozenset((a, b)): v for a, b, v in rows[["lhs", "rhs", "est"]].to_numpy()}
        return np.array([[found[frozenset((a, b))] for b in second] for a in first])

    effects, same = (
        fit.estimates.query("op == '~'")["est"].to_numpy()[:4].reshape(2, 2)
        for fit in (accumulating, levels)
    )
    np.testing.assert_allclose(effects, same, atol=1e-6)
    left = np.eye(2) - effects
    between = covariances(levels, ("RI_x", "RI_y"), ("RI_x", "RI_y"))
    constants = covariances(accumulating, ("A_x", "A_y"), ("A_x", "A_y"))
    with_first = covariances(accumulating, ("x1", "y1"), ("A_x", "A_y"))
    np.testing.assert_allclose(constants, left @ between @ left.T, atol=1e-6)
    np.testing.assert_allclose(with_first, between @ left.T, atol=1e-6)


def test_equal_groups_tied_in_everything_are_one_group(complete):
    data = complete.assign(arm=np.where(np.arange(len(complete)) % 2, "a", "b"))
    model = cl.riclpm(panel(4))
    tied = [
        replace(r, label=str(r).replace(" ", ""), within_group=False) if r.fixed is None else r
        for r in model.relations
    ]
    several = cl.fit(replace(model, relations=tuple(tied)), data, group="arm")
    one = cl.fit(model, complete)
    assert several.group_names == ("b", "a")
    assert several.indices["logl"] == pytest.approx(one.indices["logl"], abs=1e-7)
    first = several.estimates.query("group == 'a'")
    np.testing.assert_allclose(first["est"], one.estimates["est"], atol=1e-6)
    np.testing.assert_allclose(first["se"], one.estimates["se"], atol=1e-6)


def test_free_groups_are_separate_fits():
    data = pd.concat(
        [draw(300, 4, seed=1).assign(arm="a"), draw(200, 4, seed=2).assign(arm="b")],
        ignore_index=True,
    )
    model = cl.riclpm(panel(4))
    joint = cl.fit(model, data, group="arm")
    parts = [cl.fit(model, data[data["arm"] == arm]) for arm in "ab"]
    assert joint.indices["chisq"] == pytest.approx(sum(p.indices["chisq"] for p in parts), abs=1e-6)
    for arm, part in zip("ab", parts, strict=True):
        ours = joint.estimates[joint.estimates["group"] == arm]
        np.testing.assert_allclose(ours["est"], part.estimates["est"], atol=1e-6)
        np.testing.assert_allclose(ours["se"], part.estimates["se"], atol=1e-6)


def test_equal_lags_stay_within_groups_unless_asked_otherwise(complete):
    data = complete.assign(arm=np.where(np.arange(len(complete)) % 2, "a", "b"))
    within = cl.fit(cl.riclpm(panel(4), equal=("lags",)), data, group="arm")
    across = cl.fit(cl.riclpm(panel(4), equal=("lags", "lags_across_groups")), data, group="arm")
    assert within.indices["df"] + 4 == across.indices["df"]
    assert within.estimates.query("op == '~'")["est"].round(9).nunique() == 8
    assert across.estimates.query("op == '~'")["est"].round(9).nunique() == 4


def test_full_information_on_complete_data_is_maximum_likelihood(complete):
    model = cl.riclpm(panel(4))
    listwise, fiml = cl.fit(model, complete), cl.fit(model, complete, missing="fiml")
    assert_same(listwise, fiml, columns=("est", "std_all"))
    ratio = fiml.estimates["se"] / listwise.estimates["se"].replace(0.0, np.nan)
    assert ratio.dropna().between(0.9, 1.1).all()


def test_information_of_both_kinds_gives_nearly_the_same_errors(gappy):
    """Under gaps that depend on nothing, the two differ by chance alone."""
    model = cl.riclpm(panel(4))
    expected = cl.fit(model, gappy, missing="fiml", information="expected")
    observed = cl.fit(model, gappy, missing="fiml", information="observed")
    assert_same(expected, observed, columns=("est", "std_all"))
    pd.testing.assert_frame_equal(
        observed.estimates, cl.fit(model, gappy, missing="fiml").estimates
    )
    point = expected.point
    errors = np.sqrt(np.diag(np.linalg.inv(point.expected_information())))
    np.testing.assert_allclose(np.sqrt(np.diag(expected.vcov)), errors, rtol=1e-9)
    ratio = np.diag(expected.vcov) / np.diag(observed.vcov)
    assert 0 < np.abs(ratio - 1).max() < 0.3


def test_patterns_of_one_person_are_no_special_case():
    """Everyone has a pattern of their own, or nearly; the likelihood is that of the persons."""
    from scipy.stats import multivariate_normal

    data = draw(120, 4, seed=3, gaps=0.35).dropna(how="all")
    fit = cl.fit(cl.riclpm(panel(4), equal=("lags", "residuals", "means")), data, "MLR", "fiml")
    assert fit.converged
    assert fit.n_patterns > 80
    (implied,) = fit.point.implied
    by_hand = 0.0
    for row in data[list(fit.table.observed)].to_numpy():
        seen = ~np.isnan(row)
        cells = np.ix_(seen, seen)
        by_hand += multivariate_normal.logpdf(row[seen], implied.mu[seen], implied.sigma[cells])
    assert fit.indices["logl"] == pytest.approx(by_hand, rel=1e-12)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_order_of_persons_columns_and_variables_changes_nothing(seed):
    data = draw(250, 3, seed=11, gaps=0.1)
    rng = np.random.default_rng(seed)
    shuffled = data.sample(frac=1, random_state=seed)[rng.permutation(data.columns)]
    names = panel(3)
    reversed_names = dict(reversed(names.items()))
    one = cl.fit(cl.riclpm(names), data, missing="fiml", estimator="MLR")
    other = cl.fit(cl.riclpm(reversed_names), shuffled, missing="fiml", estimator="MLR")
    assert_same(one, other)
    assert one.indices["chisq_scaled"] == pytest.approx(other.indices["chisq_scaled"], abs=1e-6)


def test_order_of_groups_changes_nothing():
    data = pd.concat(
        [draw(300, 3, seed=1).assign(arm="a"), draw(200, 3, seed=2).assign(arm="b")],
        ignore_index=True,
    )
    model = cl.riclpm(panel(3), equal=("lags_across_groups",))
    assert_same(cl.fit(model, data, group="arm"), cl.fit(model, data[::-1], group="arm"))


@pytest.mark.parametrize("factor", [0.01, 100.0, 1e4])
@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_rescaled_data_give_the_rescaled_solution(gappy, factor, missing):
    model = cl.riclpm(panel(4))
    plain = cl.fit(model, gappy, missing=missing)
    scaled = cl.fit(model, gappy * factor, missing=missing)
    assert scaled.converged
    for name in ("chisq", "cfi", "tli", "rmsea", "srmr"):
        assert scaled.indices[name] == pytest.approx(plain.indices[name], abs=1e-5)
    a, b = plain.estimates, scaled.estimates
    power = a["op"].map({"~~": 2, "~1": 1, "~": 0, "=~": 0})
    np.testing.assert_allclose(b["est"], a["est"] * factor**power, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(b["se"], a["se"] * factor**power, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(a["std_all"], b["std_all"], atol=1e-6)
    np.testing.assert_allclose(a["se_std_all"], b["se_std_all"], atol=1e-6)


def test_errors_of_standardised_values_follow_the_delta_method(gappy):
    """Against a numerical Jacobian of the standardised values."""
    from crosslag.estimate import model_point
    from crosslag.inference import standardised
    from crosslag.moments import group_patterns
    from crosslag.ram import ram_groups

    fit = cl.fit(cl.riclpm(panel(4), equal=("lags",)), gappy, missing="fiml")
    columns = list(fit.table.observed)
    data = [group_patterns(gappy[columns].dropna(how="all").to_numpy())]
    structures = ram_groups(fit.table)

    def values(theta):
        return standardised(fit.table, model_point(structures, data, theta), fit.vcov).values

    step = 1e-5
    slopes = np.array(
        [
            (values(fit.theta + step * unit) - values(fit.theta - step * unit)) / (2 * step)
            for unit in np.eye(len(fit.theta))
        ]
    )
    errors = np.sqrt(np.einsum("ik,ij,jk->k", slopes, fit.vcov, slopes))
    np.testing.assert_allclose(fit.estimates["se_std_all"], errors, rtol=1e-5, atol=1e-7)


def test_robust_indices_under_fiml_rest_on_observed_information_whatever_the_errors_do(gappy):
    model = cl.clpm(panel(4))
    observed, expected = (
        cl.fit(model, gappy, missing="fiml", information=kind) for kind in ("observed", "expected")
    )
    assert not np.allclose(observed.estimates["se"], expected.estimates["se"], rtol=1e-3)
    assert dict(observed.indices) == dict(expected.indices)
    assert observed.indices["cfi_robust"] != observed.indices["cfi"]
