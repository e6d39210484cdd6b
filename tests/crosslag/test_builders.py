"""Builders: degrees of freedom as their documentation states them, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw, panel

import crosslag as cl

NAMES = ("x", "y", "z")
SIZES = [(k, t) for k in (1, 2, 3) for t in (4, 5, 6)]


def waves(k: int, t: int) -> dict[str, list[str]]:
    return panel(t, NAMES[:k])


def added(options, k, t):
    """What equalities add."""
    pairs = k * (k + 1) // 2
    parts = {
        "lags": k * k * (t - 2),
        "standardised_lags": k * k * (t - 2),
        "residuals": pairs * (t - 2),
        "stationary": (k * k + pairs) * (t - 2) + pairs,
        "means": k * (t - 1),
    }
    return sum(parts[option] for option in options)


@pytest.mark.parametrize(("k", "t"), SIZES)
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("lags",),
        ("standardised_lags",),
        ("lags", "residuals"),
        ("stationary",),
        ("means",),
        ("stationary", "means"),
    ],
    ids=lambda o: "+".join(o) or "free",
)
def test_degrees_of_freedom_are_those_stated(k, t, options):
    more = added(options, k, t)
    clpm = k * k * (t - 1) * (t - 2) // 2
    assert cl.clpm(waves(k, t), equal=options).degrees_of_freedom() == clpm + more
    riclpm = clpm - k * (k + 1) // 2
    assert cl.riclpm(waves(k, t), equal=options).degrees_of_freedom() == riclpm + more
    growth = clpm + k * (t - 2) - k * (2 * k + 1)
    flat = k if "means" in options else 0
    of_deviations = added([o for o in options if o != "means"], k, t)
    assert (
        cl.lcm_sr(waves(k, t), equal=options).degrees_of_freedom() == growth + of_deviations + flat
    )
    dpm = riclpm - k * k
    balanced = k * k if "stationary" in options else 0
    assert cl.dpm(waves(k, t), equal=options).degrees_of_freedom() == dpm + more + balanced


@pytest.mark.parametrize(("k", "t"), SIZES)
def test_degrees_of_freedom_of_extensions_are_those_stated(k, t):
    plain = cl.riclpm(waves(k, t)).degrees_of_freedom()

    def gained(**options) -> int:
        return cl.riclpm(waves(k, t), **options).degrees_of_freedom() - plain

    assert gained(equal=("means",)) == k * (t - 1)
    assert gained(predictors=["p"]) == k * (t - 1)
    assert gained(predictors=["p"], predictors_on="scores") == 0
    assert gained(outcomes=["o"]) == k * (t - 1)
    assert gained(covariates={"c": [f"c{w}" for w in range(t)]}) == k * (t * t - 3 * t + 1)
    starts = k * t * (k * t + 1) // 2 - k * k - 3 * k * (k + 1) // 2
    assert cl.starts(waves(k, t)).degrees_of_freedom() == starts
    equal_means = cl.starts(waves(k, t), equal=("means",))
    assert equal_means.degrees_of_freedom() == starts + k * (t - 1)


@pytest.mark.parametrize(("k", "t", "m"), [(1, 2, 3), (2, 3, 2), (2, 4, 3)])
def test_degrees_of_freedom_of_factor_models_are_those_stated(k, t, m):
    indicators = {
        name: [[f"{name}{w}_{i}" for i in range(m)] for w in range(t)] for name in NAMES[:k]
    }
    p = k * t * m
    unique = k * m * t * (t - 1) // 2
    configural = p * (p + 3) // 2 - 3 * p + k * t - k * t * (k * t + 1) // 2 - unique
    metric = configural + k * (m - 1) * (t - 1)
    scalar = metric + k * (m - 1) * (t - 1)
    strict = scalar + k * m * (t - 1)
    expected = {"configural": configural, "metric": metric, "scalar": scalar, "strict": strict}
    for invariance, df in expected.items():
        model = cl.longitudinal_cfa(indicators, invariance)
        assert model.degrees_of_freedom() == df, invariance
    plain = cl.longitudinal_cfa(indicators, unique_covariances=False)
    assert plain.degrees_of_freedom() == configural + unique


UNEVEN = {name: [columns[i] for i in (0, 1, 3, 4)] for name, columns in panel(5).items()}
EQUAL_MEANS = {
    "clpm": cl.clpm(panel(5), equal="means"),
    "clpm with lag 2": cl.clpm(panel(5), lags=2, equal="means"),
    "clpm at unequal intervals": cl.clpm(
        UNEVEN, equal=("lags", "residuals", "means"), times=[0, 1, 3, 4]
    ),
    "clpm with effects of all groups": cl.clpm(panel(5), equal=("means", "lags_across_groups")),
    "riclpm": cl.riclpm(panel(5), equal="means"),
    "lcm_sr": cl.lcm_sr(panel(5), equal=("lags", "residuals", "means")),
    "dpm": cl.dpm(panel(5), equal="means"),
    "dpm in equilibrium": cl.dpm(panel(5), equal=("stationary", "means")),
}


@pytest.mark.parametrize("name", sorted(EQUAL_MEANS))
def test_equal_means_are_implied_at_every_wave_in_each_group_by_itself(name):
    data = draw(400, 5, seed=31)
    data["arm"] = np.where(np.arange(len(data)) % 2, "a", "b")
    data.loc[data["arm"] == "a", ["x1", "x2", "x3", "x4", "x5"]] += 1.0
    fit = cl.fit(EQUAL_MEANS[name], data, group="arm")
    assert fit.converged
    x = [column.startswith("x") for column in fit.table.observed]
    assert len(fit.point.implied) == 2
    for implied in fit.point.implied:
        assert np.ptp(implied.mu[x]) < 1e-8
        assert np.ptp(implied.mu[np.logical_not(x)]) < 1e-8
    b, a = (implied.mu[x][0] for implied in fit.point.implied)
    assert 0.6 < a - b < 1.4


@pytest.mark.parametrize("lags", [1, 2])
def test_equal_means_cost_the_same_with_a_second_lag(lags):
    free, equal = (cl.clpm(panel(5), lags=lags, equal=o) for o in ((), ("means",)))
    assert equal.degrees_of_freedom() - free.degrees_of_freedom() == 2 * 4


def test_steps_without_a_wave_neither_give_nor_take_degrees_of_freedom_of_equal_means():
    tied = ("lags", "residuals")
    free, equal = (
        cl.clpm(UNEVEN, equal=options, times=[0, 1, 3, 4]) for options in (tied, (*tied, "means"))
    )
    assert equal.degrees_of_freedom() - free.degrees_of_freedom() == 2 * 3


def test_labels_of_variables_with_awkward_names_stay_apart():
    """With plain underscores, effects of x on x_x and of x_x on x would get one label."""
    names = {"x": ["a1", "a2", "a3"], "x_x": ["b1", "b2", "b3"]}
    model = cl.clpm(names, equal="lags")
    assert len({r.label for r in model.relations if r.op == "~"}) == 4
    usual = cl.clpm({"self_compassion": ["a1", "a2", "a3"], "b": ["b1", "b2", "b3"]}, equal="lags")
    assert "l_b_self_compassion" in {r.label for r in usual.relations}


def test_steps_without_a_wave_become_latent_variables_without_data():
    columns = {"x": ["x1", "x2", "x4"], "y": ["y1", "y2", "y4"]}
    model = cl.clpm(columns, equal=("lags", "residuals"), times=[0, 2, 6])
    assert model.latent == ("px3", "py3")
    assert set(model.observed) == {*columns["x"], *columns["y"]}


def test_equilibrium_ties_what_unequal_intervals_need():
    model = cl.riclpm(panel(3), times=[0, 1, 3], equal="stationary")
    assert model.degrees_of_freedom() == 27 - (3 + 4 + 3 + 6)  # RI, lags, residuals, means


def test_even_intervals_of_any_length_need_no_extra_step():
    even = cl.riclpm(panel(4), times=[10, 12, 14, 16])
    assert even == cl.riclpm(panel(4))


INDICATORS = {"f": [["a1", "b1"], ["a2", "b2"], ["a3", "b3"]]}
REFUSED = {
    "too few waves": (lambda: cl.dpm(panel(2)), "at least 3 waves"),
    "starts with three waves": (lambda: cl.starts(panel(3)), "at least 4 waves"),
    "unknown equality": (lambda: cl.dpm(panel(3), equal="loadings"), "unknown here"),
    "uneven times without equalities": (lambda: cl.clpm(panel(3), times=[0, 1, 3]), "every step"),
    "times that go back": (
        lambda: cl.riclpm(panel(3), equal=("lags", "residuals"), times=[0, 2, 1]),
        "must increase",
    ),
    "too few times": (lambda: cl.riclpm(panel(3), times=[0, 2]), "each of 3 waves"),
    "times in words": (lambda: cl.clpm(panel(3), times=["a", "b", "c"]), "whole number"),
    "times in a word": (lambda: cl.clpm(panel(3), times="012"), "list of 3 whole numbers"),
    "a single time": (lambda: cl.clpm(panel(3), times=3), "list of 3 whole numbers"),
    "endless times": (lambda: cl.clpm(panel(3), times=[0, 1, float("inf")]), "whole number"),
    "unknown times": (lambda: cl.clpm(panel(3), times=[0, 1, None]), "whole number"),
    "times in days": (
        lambda: cl.clpm(panel(3), times=[0, 91, 183], equal="stationary"),
        "183 steps.*larger units",
    ),
    "growth over words": (lambda: cl.lcm_sr(panel(3), times=["a", "b", "c"]), "increasing"),
    "growth over nothing": (lambda: cl.lcm_sr(panel(3), times=[0, 1, float("nan")]), "increasing"),
    "no equality": (lambda: cl.clpm(panel(3), equal=None), "give a list"),
    "a number as equality": (lambda: cl.starts(panel(4), equal=["means", 5]), "unknown here"),
    "lags as text": (lambda: cl.clpm(panel(3), lags="1"), "1 or 2"),
    "lags as a fraction": (lambda: cl.clpm(panel(3), lags=1.0), "1 or 2"),
    "a predictor without a list": (
        lambda: cl.riclpm(panel(3), predictors="age"),
        "list of columns",
    ),
    "an outcome without a list": (lambda: cl.riclpm(panel(3), outcomes="age"), "list of columns"),
    "a numbered predictor": (lambda: cl.riclpm(panel(3), predictors=[1]), "texts"),
    "covariates without names": (lambda: cl.riclpm(panel(3), covariates=["c1"]), "as a dict"),
    "a covariate without a list": (lambda: cl.riclpm(panel(3), covariates={"c": "c1"}), "list"),
    "indicators where none are taken": (lambda: cl.clpm(INDICATORS), "riclpm and longitudinal_cfa"),
    "invariance of single columns": (lambda: cl.riclpm(panel(3), invariance="weak"), "unknown"),
    "scores as indicators": (lambda: cl.longitudinal_cfa(panel(3)), "as lists of columns"),
    "indicators without names": (lambda: cl.longitudinal_cfa([["a1", "b1"]]), "as a dict"),
    "indicators without waves": (lambda: cl.longitudinal_cfa({"f": []}), "as lists of columns"),
    "numbered indicators": (lambda: cl.longitudinal_cfa({"f": [[1, 2], [3, 4]]}), "texts"),
    "broken times": (lambda: cl.riclpm(panel(3), times=[0, 0.5, 1]), "whole number"),
    "growth over wrong times": (lambda: cl.lcm_sr(panel(3), times=[0, 0, 1]), "increasing"),
    "two lags, standardised": (
        lambda: cl.clpm(panel(3), lags=2, equal="standardised_lags"),
        "one lag",
    ),
    "a column in two parts": (lambda: cl.riclpm(panel(3), predictors=["x1"]), "one part"),
    "unknown target": (lambda: cl.riclpm(panel(3), predictors_on="waves"), "predictors_on"),
    "a covariate with gaps": (lambda: cl.riclpm(panel(3), covariates={"c": ["c1"]}), "3 columns"),
    "unknown invariance": (lambda: cl.longitudinal_cfa(INDICATORS, "weak"), "unknown"),
    "unequal indicators": (
        lambda: cl.longitudinal_cfa({"f": [["a1", "b1"], ["a2"]]}),
        "same two or more indicators",
    ),
    "repeated indicator": (
        lambda: cl.longitudinal_cfa({"f": [["a1", "b1"], ["a1", "b2"]]}),
        "repeated",
    ),
    "configural with intercepts": (
        lambda: cl.riclpm(INDICATORS, invariance="configural"),
        "equal loadings",
    ),
    "means of factors": (lambda: cl.riclpm(INDICATORS, equal="means"), "one column"),
    "scores and lists": (
        lambda: cl.riclpm({"f": [["a1", "b1"], "a2", "a3"]}),
        "one column at each wave, or a list",
    ),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_makes_no_sense_is_refused_with_a_reason(case):
    build, complaint = REFUSED[case]
    with pytest.raises(cl.ModelError, match=complaint):
        build()
