"""Equal standardised effects beside equal raw ones: what that means, and what it costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from factories.panels import draw, panel

import crosslag as cl

BUILDERS = [cl.clpm, cl.riclpm, cl.lcm_sr, cl.dpm]
WAVES = 5


def in_arms(seed: int):
    data = draw(500, WAVES, seed=seed)
    return data.assign(arm=np.where(np.arange(len(data)) % 5 < 2, "a", "b"))


def spread(fit: cl.Fit, column: str, *by: str) -> np.ndarray:
    lagged = fit.estimates.query("op == '~'").copy()
    lagged["kind"] = lagged["lhs"].str[-2] + lagged["rhs"].str[-2]
    return lagged.groupby([*by, "kind"])[column].agg(np.ptp).to_numpy()


@pytest.mark.parametrize("builder", BUILDERS)
def test_equal_raw_and_standardised_effects_leave_one_rate_of_growth(builder):
    data = draw(400, WAVES, seed=1)
    names = {"lags": ("lags",), "both": ("lags", "standardised_lags"), "still": ("stationary",)}
    lags, both, still = (cl.fit(builder(panel(WAVES), equal=e), data) for e in names.values())
    assert both.converged
    assert both.indices["df"] == lags.indices["df"] + 2 * (WAVES - 1) - 1
    # The equilibrium has equal effects of both kinds, so it can't fit better.
    assert still.indices["logl"] <= both.indices["logl"] <= lags.indices["logl"]
    assert spread(both, "est").max() < 1e-12
    assert spread(both, "std_all").max() < 1e-7
    assert (both.estimates.query("op == '~'")["est"].abs() > 0.005).all()


@pytest.mark.parametrize("builder", BUILDERS)
def test_equal_effects_over_groups_allow_for_equal_standardised_ones(builder):
    data = in_arms(3)
    equal = ("lags_across_groups", "standardised_lags")
    model = builder(panel(WAVES), equal=equal)
    fit = cl.fit(model, data, group="arm")
    assert fit.converged
    tied = builder(panel(WAVES), equal=("lags_across_groups",)).degrees_of_freedom(2)
    assert fit.indices["df"] == model.degrees_of_freedom(2)
    assert fit.indices["df"] == tied + 4 * (WAVES - 2) + 2 * (WAVES - 1) - 1
    assert spread(fit, "std_all", "group").max() < 1e-7
    raw = fit.estimates.query("op == '~'").pivot(index=["lhs", "rhs"], columns="group")["est"]
    np.testing.assert_array_equal(raw["a"], raw["b"])
    assert (raw["a"].abs() > 0.005).all()


@pytest.mark.parametrize("equal", [("lags", "lags_across_groups", "standardised_lags")])
def test_everything_may_be_equal_at_once(equal):
    model = cl.clpm(panel(WAVES), equal=equal)
    fit = cl.fit(model, in_arms(4), group="arm")
    assert fit.converged
    plain = cl.clpm(panel(WAVES), equal=("lags", "lags_across_groups")).degrees_of_freedom(2)
    assert fit.indices["df"] == plain + 2 * (2 * (WAVES - 1) - 1)
    assert spread(fit, "est").max() < 1e-12
    assert spread(fit, "std_all", "group").max() < 1e-7


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("also", [("stationary",), ("lags", "residuals")])
def test_in_equilibrium_standardised_effects_are_equal_anyway(builder, also):
    still = builder(panel(4), equal=("stationary",))
    assert builder(panel(4), equal=(*also, "standardised_lags")) == still
    fit = cl.fit(still, draw(400, 4, seed=2))
    assert spread(fit, "std_all").max() < 1e-7


def test_two_waves_have_nothing_to_equate():
    equal = ("lags", "standardised_lags")
    assert cl.clpm(panel(2), equal=equal).degrees_of_freedom() == 0


def test_models_from_loose_to_strict_cost_more_and_more():
    options = [(), ("lags",), ("lags", "standardised_lags"), ("stationary",)]
    df = [cl.riclpm(panel(4), equal=equal).degrees_of_freedom() for equal in options]
    assert df == [9, 17, 22, 26]
    assert all(low < high for low, high in pairwise(df))


PRODUCTS = "\n".join(
    f"l_{a}_{b}_{wave} == l_{a}_{b}_2" for a in "xy" for b in "xy" for wave in range(3, WAVES + 1)
)


def test_a_point_where_constraints_lose_their_hold_is_no_solution():
    """Effects of 0 make all products equal, whatever the variances: 44 units below the maximum."""
    model = cl.clpm(panel(WAVES), equal="standardised_lags").to_lavaan() + PRODUCTS
    fit = cl.fit(model, draw(400, WAVES, seed=1), auto="none")
    if fit.converged:  # by a start that led to the right place
        best = cl.clpm(panel(WAVES), equal=("lags", "standardised_lags"))
        expected = cl.fit(best, draw(400, WAVES, seed=1))
        assert fit.indices["logl"] == pytest.approx(expected.indices["logl"], abs=1e-6)
    else:
        assert "a product in them is 0" in fit.warnings[-1]


@pytest.mark.parametrize(
    ("syntax", "df"),
    [
        ("y2 ~ a*x1 + b*y1; x2 ~ c*x1; a == b; a^2 == b^2", 2),
        ("y2 ~ a*x1 + b*y1; x2 ~ c*x1; a == b; exp(a) == exp(b); a + c == b + c", 2),
        ("y2 ~ a*x1 + b*y1; a^2 == 0.04; a > 0", 1),
        ("y2 ~ a*x1 + b*y1; a*b == 0", 1),
    ],
)
def test_equalities_that_follow_on_the_surface_cost_nothing(complete, syntax, df):
    fit = cl.fit(syntax, complete)
    assert fit.converged
    assert fit.indices["df"] == df
    assert fit.model.degrees_of_freedom() == df
