"""Difference tests, residuals, scores, and a fit as data."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from factories.oracles import SHARED, Oracle
from factories.panels import panel
from scipy import stats

import crosslag as cl

needs_references = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the reference cases are not beside this repository"
)


def reference(name):
    oracle = Oracle(SHARED / name)
    text = (oracle.folder / "model.lav").read_text()
    return cl.fit(text, oracle.data, "MLR", "fiml", auto="none")


@needs_references
@pytest.mark.parametrize(
    ("free", "restricted", "df", "expected"),
    [
        ("riclpm_mlr_fiml", "riclpm_equal_lags_mlr_fiml", 12, (14.5869, 14.1535)),
        ("invariance_configural_mlr_fiml", "invariance_metric_mlr_fiml", 2, (7.8142, 7.5232)),
        ("invariance_metric_mlr_fiml", "invariance_scalar_mlr_fiml", 2, (1.2044, 1.2008)),
    ],
)
def test_scaled_differences_agree_with_the_reference(free, restricted, df, expected):
    one, other = reference(free), reference(restricted)
    for method, value in zip(("sb2001", "sb2010"), expected, strict=True):
        for test in (one.compare(other, method), other.compare(one, method)):
            assert test.chisq_diff == pytest.approx(value, abs=1e-3)
            assert test.df_diff == df
            assert test.pvalue == pytest.approx(stats.chi2.sf(value, df), abs=1e-3)
            assert test.method == method


@pytest.fixture(scope="module")
def fits(gappy):
    free, equal = cl.riclpm(panel(4)), cl.riclpm(panel(4), equal=("lags",))
    return cl.fit(free, gappy, missing="fiml"), cl.fit(equal, gappy, missing="fiml")


def test_without_scaling_the_plain_difference_is_tested(fits):
    test = fits[0].compare(fits[1])
    assert test.chisq_diff == pytest.approx(fits[1].indices["chisq"] - fits[0].indices["chisq"])
    assert test.df_diff == 8
    assert test.method == "standard"
    assert test.to_dict()["df_diff"] == 8


def test_fits_that_can_not_be_compared_are_refused(fits, gappy):
    free, _ = fits
    with pytest.raises(cl.ModelError, match="different estimators"):
        free.compare(cl.fit(free.model, gappy, "MLR", "fiml"))
    with pytest.raises(cl.ModelError, match="not of the same data"):
        free.compare(cl.fit(cl.riclpm(panel(4), equal=("lags",)), gappy[:300], missing="fiml"))
    with pytest.raises(cl.ModelError, match="same degrees of freedom"):
        free.compare(free)
    with pytest.raises(cl.ModelError, match="method='sb'"):
        free.compare(fits[1], "sb")


def test_models_that_are_not_nested_are_noted(fits, gappy):
    clpm = cl.fit(cl.clpm(panel(4)), gappy, missing="fiml")
    odd = cl.fit(cl.riclpm(panel(4), equal=("lags", "residuals", "means")), gappy, missing="fiml")
    assert odd.indices["df"] > clpm.indices["df"]
    test = clpm.compare(odd)
    if test.chisq_diff < 0:
        assert "not nested" in str(test)
    else:
        pytest.fail("choose data in which the restricted model fits better")


def test_a_difference_that_scaling_spoils_is_undefined_and_no_method_recommends_itself(gappy):
    """Random intercepts without variance leave the lagged effects hardly identified."""
    free = cl.riclpm(panel(4))
    without = replace(
        free,
        relations=tuple(
            replace(r, fixed=0.0) if r.op == "~~" and r.lhs in free.between else r
            for r in free.relations
        ),
    )
    one, other = (cl.fit(model, gappy, "MLR", "fiml") for model in (free, without))
    test = one.compare(other, "sb2010")
    assert test.scaling_factor < 0
    assert np.isnan(test.pvalue)
    assert "p undefined (sb2010)" in str(test)
    assert "no meaning" in test.notes[0]
    assert "usually mends" not in test.notes[0]
    assert one.compare(other, "sb2001").pvalue < 0.05


def test_sb2010_says_what_to_do_about_models_in_other_variables(gappy):
    within, plain = (
        cl.fit(model, gappy, "MLR", "fiml") for model in (cl.riclpm(panel(4)), cl.clpm(panel(4)))
    )
    assert within.compare(plain).df_diff == 3
    with pytest.raises(cl.ModelError, match=r'in the same variables.*use method="sb2001"'):
        within.compare(plain, "sb2010")


@pytest.mark.parametrize(
    "restricted",
    ["y2 ~ y1; y3 ~ y2", "y2 ~~ y1; y1 ~~ y1; y2 ~~ y2; y3 ~ y2", "y1 ~ y2; y3 ~ y2 + 0*y1"],
)
def test_sb2010_is_the_same_however_the_restricted_model_is_written(gappy, restricted):
    """What one model has and the other does not is not 0."""
    free = cl.fit("y2 ~ y1; y3 ~ y2 + y1", gappy, "MLR", "fiml")
    same = cl.fit("y2 ~ y1; y3 ~ y2 + 0*y1", gappy, "MLR", "fiml")
    other = cl.fit(restricted, gappy, "MLR", "fiml")
    assert other.indices["chisq"] == pytest.approx(same.indices["chisq"], abs=1e-6)
    expected, found = (free.compare(fit, "sb2010") for fit in (same, other))
    assert found.scaling_factor == pytest.approx(expected.scaling_factor, abs=1e-6)
    assert found.chisq_diff == pytest.approx(expected.chisq_diff, abs=1e-6)
    assert found.notes == ()


def test_sb2010_says_where_it_takes_estimates_by_name_only(gappy):
    """As lavaan does for factor means that only the restricted model estimates."""
    loadings = "f =~ x1 + a*x2 + b*x3\ng =~ y1 + a*y2 + b*y3\n"
    held = "x1 + y1 ~ i*1\nx2 + y2 ~ j*1\nx3 + y3 ~ k*1\ng ~ 1"
    metric, scalar = (cl.fit(loadings + m, gappy, "MLR", "fiml") for m in ("", held))
    test = metric.compare(scalar, "sb2010")
    assert test.df_diff == 2
    assert "carried over, as lavaan does" in test.notes[0]


def test_sb2010_finds_no_point_for_a_model_that_is_not_nested(gappy):
    one = cl.fit("y3 ~ y1; y2 ~ y1; y2 ~~ 0*y3", gappy, "MLR", "fiml")
    other = cl.fit("y1 ~ 0.2*y2; y3 ~ 0.5*y2; y1 ~~ 0*y3", gappy, "MLR", "fiml")
    with pytest.raises(cl.ModelError, match="can't take"):
        one.compare(other, "sb2010")


def test_fits_with_and_without_clusters_are_not_compared(gappy):
    data = gappy.assign(site=np.arange(len(gappy)) // 4)
    free, equal = cl.riclpm(panel(4)), cl.riclpm(panel(4), equal=("lags",))
    alone = cl.fit(free, data, "MLR", "fiml")
    clustered = cl.fit(free, data, "MLR", "fiml", cluster="site")
    tied = cl.fit(equal, data, "MLR", "fiml", cluster="site")
    assert clustered.compare(tied).df_diff == 8
    for one, other in ((alone, tied), (tied, alone)):
        with pytest.raises(cl.ModelError, match="differ in cluster="):
            one.compare(other)


def test_a_test_against_bounded_variances_says_that_it_is_no_plain_one(complete):
    test = cl.random_intercept_test({"x": ["x1", "x2", "x3", "x4"]}, complete)
    plain = test.with_intercepts.compare(test.without)
    assert "mixture of chi-squares" in plain.notes[0]
    assert "random_intercept_test()" in str(plain)


def test_residuals_are_differences_of_correlations(complete):
    fit = cl.fit(cl.clpm(panel(4)), complete)
    table = fit.residuals()
    row = table.query("lhs == 'x1' and rhs == 'y3'").iloc[0]
    assert row["observed"] == pytest.approx(complete["x1"].corr(complete["y3"]))
    np.testing.assert_allclose(table["residual"], table["observed"] - table["implied"])
    means = table[table["op"] == "~1"]
    np.testing.assert_allclose(means["residual"], 0.0, atol=1e-7)
    assert len(table) == 8 * 7 / 2 + 8


def test_scores_add_up_and_follow_persons(gappy):
    named = gappy.set_axis([f"p{i}" for i in range(len(gappy))])
    fit = cl.fit(cl.riclpm(panel(4)), named, missing="fiml")
    between, within = fit.scores("between"), fit.scores("within")
    assert list(between.columns) == ["RI_x", "RI_y"]
    assert list(between.index) == list(named.index)
    means = fit.estimates.query("op == '~1' and lhs == 'x2'")["est"].item()
    whole = between["RI_x"] + within["wx2"] + means
    seen = named["x2"].notna()
    np.testing.assert_allclose(whole[seen], named["x2"][seen], atol=1e-8)
    assert fit.scores().shape == (len(named), 10)
    shuffled = cl.fit(cl.riclpm(panel(4)), named[::-1], missing="fiml").scores("between")
    pd.testing.assert_frame_equal(shuffled.loc[named.index], between, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "between", "within"),
    [
        (cl.riclpm(panel(3), outcomes=["y4"], predictors=["x4"]), {"RI_x", "RI_y"}, 6),
        (cl.lcm_sr(panel(4), equal=("lags", "residuals")), {"I_x", "S_x", "I_y", "S_y"}, 8),
        (cl.starts(panel(5, ("x",))), {"T_x"}, 10),
        (
            cl.riclpm({"f": [["x1", "y1"], ["x2", "y2"], ["x3", "y3"]]}, invariance="metric"),
            {"RI_f"},
            3,
        ),
    ],
    ids=["with an outcome", "growth", "states", "indicators"],
)
def test_what_is_stable_and_what_is_of_a_wave_is_told_apart(model, between, within):
    assert set(model.between) == between
    assert len(model.within) == within
    assert not between.intersection(model.within)


@pytest.mark.parametrize("other", [None, "x2 ~ x1", 5])
def test_only_fits_are_compared(complete, other):
    with pytest.raises(cl.ModelError, match="compared with another fit"):
        cl.fit(cl.clpm(panel(4)), complete).compare(other)


def test_scores_are_less_variable_than_what_they_estimate(complete):
    fit = cl.fit(cl.riclpm(panel(4)), complete)
    variance = fit.estimates.query("lhs == 'RI_x' and rhs == 'RI_x'")["est"].item()
    assert 0.3 * variance < fit.scores("between")["RI_x"].var() < variance


def test_scores_need_latent_variables(complete):
    with pytest.raises(cl.ModelError, match="no latent variables"):
        cl.fit(cl.clpm(panel(4)), complete).scores()
    with pytest.raises(cl.ModelError, match="part='inside'"):
        cl.fit(cl.riclpm(panel(4)), complete).scores("inside")


def test_a_fit_becomes_json(gappy):
    fit = cl.fit(cl.riclpm(panel(4)), gappy, "MLR", "fiml", bootstrap=20)
    known = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert known["converged"] is True
    assert known["indices"]["cfi_robust"] == fit.indices["cfi_robust"]
    assert len(known["estimates"]) == len(fit.estimates)
    assert len(known["bootstrap"]["intervals"]) == len(fit.estimates)


def test_html_is_escaped_and_holds_the_summary(gappy):
    data = gappy.assign(arm=np.where(np.arange(len(gappy)) % 2, "<b>one</b>", "two"))
    html = cl.fit(cl.riclpm(panel(4)), data, missing="fiml", group="arm")._repr_html_()
    assert "<b>one</b>" not in html
    assert "&lt;b&gt;one" in html
    for part in ("Lagged effects", "wx2 ~ wy1", "CFI", "RMSEA"):
        assert part in html
