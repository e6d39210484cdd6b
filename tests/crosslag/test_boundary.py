"""The test of random-intercept variances, which lie on their bound where there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel
from scipy import optimize

import crosslag as cl
from crosslag.boundary import chi_bar_weights

CORRELATIONS = {
    "one": [[1.0]],
    "two": [[1.0, 0.5], [0.5, 1.0]],
    "two, negative": [[1.0, -0.6], [-0.6, 1.0]],
    "three": [[1.0, 0.5, -0.2], [0.5, 1.0, 0.3], [-0.2, 0.3, 1.0]],
}


@pytest.mark.parametrize("name", sorted(CORRELATIONS))
def test_weights_are_how_often_so_many_variances_stay_positive(name):
    """Against projections of drawn estimates on the possible values."""
    correlation = np.array(CORRELATIONS[name])
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(np.linalg.inv(correlation)).T
    drawn = rng.multivariate_normal(np.zeros(len(root)), correlation, size=4000)
    positive = [(optimize.nnls(root, root @ one)[0] > 0).sum() for one in drawn]
    shares = np.bincount(positive, minlength=len(root) + 1) / len(drawn)
    weights = chi_bar_weights(correlation)
    assert sum(weights) == pytest.approx(1.0)
    np.testing.assert_allclose(weights, shares, atol=0.03)


def test_stable_differences_are_found_and_their_absence_too(complete):
    found = cl.random_intercept_test(panel(4), complete)
    assert found.df == (1, 2, 3)
    assert found.pvalue < 1e-4
    assert "weights" in str(found)
    process = cl.PanelProcess.stationary(
        between=[[0.0, 0.0], [0.0, 0.0]],
        lags=[[0.4, 0.1], [0.05, 0.4]],
        within=[[1.0, -0.3], [-0.3, 1.0]],
    )
    names = [f"{v}{w}" for w in range(1, 5) for v in "xy"]
    rng = np.random.default_rng(2)
    pvalues, on_bound = [], 0
    for _ in range(40):
        data = pd.DataFrame(process.draw(300, 4, rng).reshape(300, -1), columns=names)
        tested = cl.random_intercept_test(panel(4), data)
        variances = tested.with_intercepts.estimates.query("label.str.startswith('variance')")
        assert (variances["est"] >= -1e-9).all()
        assert tested.chisq >= 0
        on_bound += (variances["est"].abs() < 1e-9).any()
        pvalues.append(tested.pvalue)
    assert on_bound >= 15
    assert np.mean(np.array(pvalues) < 0.05) <= 0.15
    assert 0.3 < np.mean(pvalues) < 0.7


def test_the_fit_within_bounds_is_never_better_than_without(gappy):
    tested = cl.random_intercept_test(panel(4), gappy, missing="fiml")
    free = cl.fit(cl.riclpm(panel(4)), gappy, missing="fiml")
    assert tested.with_intercepts.indices["logl"] <= free.indices["logl"] + 1e-8
    plain = cl.fit(cl.clpm(panel(4)), gappy, missing="fiml")
    assert tested.without.indices["logl"] == pytest.approx(plain.indices["logl"], abs=1e-6)


def test_more_than_three_variables_are_refused():
    data = pd.concat([draw(100, 3, 1), draw(100, 3, 2).add_prefix("o")], axis=1)
    names = panel(3) | {"ox": ["ox1", "ox2", "ox3"], "oy": ["oy1", "oy2", "oy3"]}
    with pytest.raises(cl.ModelError, match="up to 3"):
        cl.random_intercept_test(names, data)


def test_no_difference_but_rounding_speaks_for_nothing():
    """A variance on its bound: half of the mixture lies at 0, and the rest above."""
    process = cl.PanelProcess.stationary(np.zeros((1, 1)), np.array([[-0.4]]), np.eye(1))
    scores = process.draw(200, 4, np.random.default_rng(6)).reshape(200, -1)
    data = pd.DataFrame(scores, columns=["x1", "x2", "x3", "x4"])
    test = cl.random_intercept_test({"x": list(data.columns)}, data)
    larger, smaller = (fit.indices["logl"] for fit in (test.with_intercepts, test.without))
    assert larger - smaller == pytest.approx(0.0, abs=1e-8)
    assert test.chisq == 0
    assert test.pvalue == 1
