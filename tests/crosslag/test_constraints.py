"""Estimation under constraints, beyond what the reference cases show."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw, panel

import crosslag as cl
from crosslag.constraints import Restrictions
from crosslag.restricted import maximise_restricted

THREE = panel(3)


def labelled(fit: cl.Fit, column: str = "est") -> dict[str, float]:
    rows = fit.estimates.query("label != ''").drop_duplicates("label")
    return dict(zip(rows["label"], rows[column], strict=True))


def with_syntax(model: cl.Model, more: str) -> cl.Model:
    return cl.parse(model.to_lavaan() + more, auto="none")


def test_an_equality_does_what_a_shared_label_does(gappy):
    free = cl.clpm(THREE, equal="lags_across_groups")
    lines = [f"l_{a}_{b}_2 == l_{a}_{b}_3" for a in "xy" for b in "xy"]
    stated = cl.fit(with_syntax(free, "\n".join(lines)), gappy, estimator="MLR", missing="fiml")
    shared = cl.fit(cl.clpm(THREE, equal="lags"), gappy, estimator="MLR", missing="fiml")
    for name in shared.indices:
        assert stated.indices[name] == pytest.approx(shared.indices[name], abs=1e-6), name
    for column in ("est", "se", "std_all", "se_std_all"):
        np.testing.assert_allclose(stated.estimates[column], shared.estimates[column], atol=1e-6)


def test_an_equality_that_follows_from_others_costs_no_degree_of_freedom(complete):
    free = cl.clpm(THREE, equal="lags_across_groups")
    once = with_syntax(free, "l_x_x_2 == l_x_x_3")
    thrice = with_syntax(free, "l_x_x_2 == l_x_x_3\nl_x_x_3 == l_x_x_2\n2*l_x_x_2 == 2*l_x_x_3")
    assert thrice.degrees_of_freedom() == once.degrees_of_freedom()
    a, b = cl.fit(once, complete), cl.fit(thrice, complete)
    assert b.converged
    assert a.indices["chisq"] == pytest.approx(b.indices["chisq"], abs=1e-7)
    np.testing.assert_allclose(a.vcov, b.vcov, atol=1e-9)


@pytest.mark.parametrize(
    ("constraint", "df"), [("a == a", 0), ("b == 0.5", 1), ("a == b; b == a", 2)]
)
def test_an_equality_that_says_nothing_costs_no_degree_of_freedom(complete, constraint, df):
    more = " + b*x1 + 0.5*x1" if "b" in constraint else ""
    fit = cl.fit(f"y2 ~ a*y1{more}\n{constraint}", complete)
    assert fit.indices["df"] == df


@pytest.mark.parametrize("constraints", ["a > 1; a < 0", "a == 1; a == 2", "b > 1", "b == 0.7"])
def test_constraints_that_contradict_each_other_are_named(complete, constraints):
    with pytest.raises(cl.ModelError, match="break the constraints") as caught:
        cl.fit(f"y2 ~ a*y1 + b*x1 + 0.5*x1\n{constraints}", complete)
    assert constraints in str(caught.value)


def test_a_variance_that_nobody_stated_is_named(complete):
    with pytest.raises(cl.ModelError, match=r"is stated for y1\. Write y1 ~~ y1"):
        cl.fit("y2 ~ y1\ny2 ~~ y2", complete, auto="none")
    assert cl.fit("y2 ~ y1\ny2 ~~ y2", complete, auto="none", fixed_x=True).converged


def test_a_definition_without_a_value_is_noted(complete):
    fit = cl.fit("y2 ~ a*y1\nq := log(a - 5)", complete)
    assert fit.converged
    assert np.isnan(fit.estimates.query("lhs == 'q'")["est"].item())
    assert "'q := log(a-5)' is undefined at the estimates." in fit.warnings


def test_effect_coding_is_identified_by_its_constraint(complete):
    """No loading is 1; their mean is. The same fit as with a marker, rescaled."""
    marker = cl.fit("f =~ x1 + x2 + x3 + x4", complete)
    coded = cl.fit("f =~ NA*x1 + a*x1 + b*x2 + c*x3 + d*x4\na + b + c + d == 4", complete)
    assert coded.indices["df"] == marker.indices["df"]
    assert coded.indices["chisq"] == pytest.approx(marker.indices["chisq"], abs=1e-7)
    np.testing.assert_allclose(
        coded.estimates.query("op == '=~'")["std_all"],
        marker.estimates.query("op == '=~'")["std_all"],
        atol=1e-6,
    )


def test_a_constraint_may_leave_the_model_unidentified_and_says_so(complete):
    fit = cl.fit("f =~ NA*x1 + a*x1 + b*x2 + c*x3\na == 2*b", complete)
    assert not fit.converged
    assert np.isnan(fit.theta).all()
    assert any("can't tell these parameters apart" in warning for warning in fit.warnings)


def test_a_bound_that_does_not_bind_changes_nothing(complete):
    free = cl.clpm(THREE, equal="lags_across_groups")
    bounded = with_syntax(free, "l_x_x_2 > -3\nl_y_y_2 < 3")
    a, b = cl.fit(free, complete), cl.fit(bounded, complete)
    np.testing.assert_allclose(a.estimates["se"], b.estimates["se"], atol=1e-6)
    np.testing.assert_allclose(a.estimates["est"], b.estimates["est"], atol=1e-6)
    assert b.warnings == a.warnings


@pytest.mark.parametrize("seed", range(8))
def test_bounds_are_released_where_the_maximum_lies_inside(seed):
    """Started far outside of what the data say, from where bounds are hit on the way."""
    data = draw(200, 3, seed=seed)
    free = cl.clpm(THREE, equal="lags_across_groups")
    best = labelled(cl.fit(free, data))
    low = {label: value - 0.05 for label, value in best.items()}
    high = {label: value + 0.05 for label, value in best.items()}
    lines = [f"{k} > {v!r}" for k, v in low.items()] + [f"{k} < {v!r}" for k, v in high.items()]
    fit = cl.fit(with_syntax(free, "\n".join(lines)), data)
    assert fit.converged
    found = labelled(fit)
    assert all(found[label] == pytest.approx(best[label], abs=1e-6) for label in best)


@pytest.mark.parametrize("seed", range(6))
def test_the_maximum_under_random_bounds_is_that_of_a_general_optimiser(seed):
    from scipy import optimize

    from crosslag.estimate import model_point
    from crosslag.moments import group_patterns
    from crosslag.ram import ram_groups
    from crosslag.starting import starting_values

    data = draw(200, 3, seed=seed)
    rng = np.random.default_rng(seed)
    free = cl.clpm(THREE, equal="lags_across_groups")
    lines = [f"{k} {rng.choice(['<', '>'])} {v + 0.1 * rng.standard_normal()!r}"
             for k, v in labelled(cl.fit(free, data)).items()]  # fmt: skip
    model = with_syntax(free, "\n".join(lines))
    table = model.table()
    patterns = [group_patterns(data[list(table.observed)].to_numpy())]
    structures, restrictions = ram_groups(table), Restrictions(table)
    start = starting_values(table, patterns)

    def at(theta):
        return model_point(structures, patterns, theta)

    ours = maximise_restricted(at, start, restrictions)
    assert ours.converged
    low, high = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    positions = table.positions()
    for line in lines:
        label, sign, value = line.split()
        (low if sign == ">" else high)[positions[label]] = float(value)

    def objective(theta):
        point = at(theta)
        return (1e6, np.zeros_like(theta)) if point is None else (-point.logl, -point.gradient)

    theirs = optimize.minimize(
        objective,
        ours.point.theta,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
    )
    assert ours.point.logl >= -theirs.fun - 1e-6
    assert (ours.point.theta >= low - 1e-9).all()
    assert (ours.point.theta <= high + 1e-9).all()
    assert len(ours.active) >= 1


@pytest.mark.parametrize("builder", [cl.clpm, cl.riclpm, cl.lcm_sr, cl.dpm])
def test_standardised_lags_are_equal_in_every_group_by_itself(builder):
    waves = 4 if builder is cl.riclpm else 5
    data = draw(400, waves, seed=3, gaps=0.1)
    data["arm"] = np.where(np.arange(len(data)) % 2, "a", "b")
    model = builder(panel(waves), equal="standardised_lags")
    fit = cl.fit(model, data, missing="fiml", group="arm")
    assert fit.converged
    free = builder(panel(waves)).degrees_of_freedom()
    assert fit.indices["df"] == 2 * free + 2 * 4 * (waves - 2)
    lagged = fit.estimates.query("op == '~'").copy()
    lagged["kind"] = lagged["lhs"].str[-2] + lagged["rhs"].str[-2]
    spread = lagged.groupby(["group", "kind"])["std_all"].agg(["min", "max"])
    np.testing.assert_allclose(spread["min"], spread["max"], atol=1e-7)
    raw = lagged.groupby(["group", "kind"])["est"].agg(lambda v: v.max() - v.min())
    assert (raw > 1e-3).all()
    assert len(set(spread["min"].round(6))) == 8


def test_a_stationary_process_has_the_same_moments_at_every_wave(complete):
    fit = cl.fit(cl.clpm(panel(4), equal="stationary"), complete)
    from crosslag.ram import ram_groups

    (structure,) = ram_groups(fit.table)
    sigma = structure.implied(fit.theta).sigma
    order = [fit.table.observed.index(f"{v}{w}") for w in (1, 2, 3, 4) for v in "xy"]
    sigma = sigma[np.ix_(order, order)]
    for wave in range(1, 4):
        here = slice(2 * wave, 2 * wave + 2)
        np.testing.assert_allclose(sigma[here, here], sigma[:2, :2], atol=1e-8)


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_constraints_hold_whatever_the_units(gappy, factor):
    model = cl.riclpm(panel(4), equal="standardised_lags")
    plain = cl.fit(model, gappy, missing="fiml")
    scaled = cl.fit(model, gappy * factor, missing="fiml")
    assert scaled.converged
    assert scaled.indices["chisq"] == pytest.approx(plain.indices["chisq"], abs=1e-5)
    np.testing.assert_allclose(
        scaled.estimates.query("op != ':='")["std_all"],
        plain.estimates.query("op != ':='")["std_all"],
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "model", [cl.clpm(panel(4), equal="stationary"), cl.starts(panel(4))], ids=["clpm", "starts"]
)
@pytest.mark.parametrize("units", [(1e3, 1e-2), (1e4, 1e-3), (1e6, 1e6)])
def test_constraints_hold_whatever_the_units_of_each_variable(model, units):
    """Such as milliseconds beside shares."""
    data = draw(400, 4, seed=3, gaps=0.08)
    scale = [units["xy".index(column[0])] for column in data.columns]
    plain, scaled = (cl.fit(model, d, missing="fiml") for d in (data, data * scale))
    assert plain.converged
    assert scaled.converged
    assert scaled.indices["chisq"] == pytest.approx(plain.indices["chisq"], abs=1e-5)


def test_errors_of_defined_parameters_follow_the_delta_method(complete):
    fit = cl.fit("x3 ~ b*x2 + y2\nx2 ~ a*x1 + y1\nind := a*b\nlog_ratio := log(a/b)", complete)
    a, b = (fit.parameter_names.index(label) for label in "ab")
    v, t = fit.vcov, fit.theta
    rows = fit.estimates.set_index("lhs").loc[["ind", "log_ratio"]]
    sobel = np.sqrt(t[a] ** 2 * v[b, b] + t[b] ** 2 * v[a, a] + 2 * t[a] * t[b] * v[a, b])
    ratio = np.sqrt(v[a, a] / t[a] ** 2 + v[b, b] / t[b] ** 2 - 2 * v[a, b] / (t[a] * t[b]))
    np.testing.assert_allclose(rows["se"], [sobel, ratio], rtol=1e-8)
    np.testing.assert_allclose(rows["est"], [t[a] * t[b], np.log(t[a] / t[b])], rtol=1e-10)


def test_what_a_constraint_holds_at_zero_has_no_error_and_no_test(complete):
    """Rounding leaves both the estimate and its error at 1e-17: their ratio says nothing."""
    fit = cl.fit("x2 ~ a*x1 + y1; y3 ~ b*x2 + y2; ind := a*b; twice := 2*b; a*b == 0", complete)
    assert fit.converged
    held = fit.estimates.query("label in ('b', 'ind', 'twice')")
    np.testing.assert_allclose(held["est"], 0.0, atol=1e-9)
    assert (held["se"] == 0).all()
    assert held[["z", "pvalue"]].isna().all(axis=None)
    assert fit.estimates.query("label == 'a'")["z"].item() > 5
    for constraint in ("b == 0", "a*b == 0", "ind == 0"):
        with pytest.raises(cl.ModelError, match="hold already"):
            fit.wald(constraint)
    assert fit.wald("a == 0").pvalue < 0.001


def test_a_wald_test_of_one_parameter_is_its_squared_z(complete):
    fit = cl.fit(cl.clpm(THREE, equal="lags"), complete)
    row = fit.estimates.query("label == 'l_x_y'").iloc[0]
    assert fit.wald("l_x_y == 0").chisq == pytest.approx(row["z"] ** 2, rel=1e-8)
    assert fit.wald("l_x_y == 0; l_y_x == 0").df == 2


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        ("l_x_y > 0", "equalities"),
        ("q == 0", "no parameter has the label q"),
        ("l_x_y == 0; 2*l_x_y == 0", "follows from the others"),
        ("l_x_y ~ 0", "only ==, < and >"),
    ],
)
def test_wald_tests_that_make_no_sense_are_refused(complete, test, complaint):
    fit = cl.fit(cl.clpm(THREE, equal="lags"), complete)
    with pytest.raises(cl.ModelError, match=complaint):
        fit.wald(test)


def test_given_exogenous_variables_only_what_is_counted_changes(gappy):
    syntax = "x2 ~ x1 + y1\ny2 ~ x1 + y1\nx3 ~ x2"
    whole = gappy.dropna(subset=["x1", "y1"])
    random = cl.fit(syntax, whole, missing="fiml")
    given = cl.fit(syntax, gappy, missing="fiml", fixed_x=True)
    assert given.n_dropped == len(gappy) - len(whole)
    assert "exogenous" in given.warnings[0]
    assert given.indices["npar"] == random.indices["npar"] - 5
    for name in ("chisq", "df", "cfi", "rmsea", "srmr"):
        assert given.indices[name] == pytest.approx(random.indices[name], abs=1e-9)
    own = given.estimates["lhs"].isin(["x1", "y1"])
    assert (given.estimates.loc[own, "se"] == 0).all()
    np.testing.assert_allclose(
        given.estimates.loc[~own, "se"], random.estimates.loc[~own, "se"], rtol=1e-6
    )
    with pytest.raises(cl.DataError, match="No column 'q'"):
        cl.fit("x2 ~ q", gappy, fixed_x=True)


@pytest.mark.parametrize("options", [{"missing": "listwise"}, {"missing": "fiml", "fixed_x": True}])
def test_labels_of_groups_keep_their_places_when_the_first_persons_have_gaps(gappy, options):
    data = gappy.assign(arm=np.where(gappy.index % 2, "second", "first"))
    data.loc[data.index[data["arm"] == "first"][:3], "x1"] = np.nan
    fit = cl.fit("x2 ~ c(a, b)*x1 + y1", data, group="arm", **options)
    assert fit.group_names == ("first", "second")
    own = fit.estimates.set_index("label")
    assert own["group"][["a", "b"]].tolist() == ["first", "second"]
    left = data[data["arm"] == "second"].dropna(subset=["x1", "x2", "y1"])
    alone = cl.fit("x2 ~ b*x1 + y1", left).estimates.set_index("label")
    if options["missing"] == "listwise":
        assert own["est"]["b"] == pytest.approx(alone["est"]["b"], rel=1e-6)


def test_a_score_test_foretells_what_releasing_a_constraint_gains():
    data = draw(2000, 3, seed=9)
    tied = cl.fit(cl.clpm(THREE, equal="lags"), data)
    free = cl.fit(cl.clpm(THREE), data)
    tests = tied.score_tests()
    assert tests.df == 4
    assert tests.chisq == pytest.approx(tied.indices["chisq"] - free.indices["chisq"], rel=0.05)
    assert "l_x_y: x2 ~ y1 == x3 ~ y2" in set(tests.each["constraint"])
    assert "All together" in str(tests)


@pytest.mark.parametrize(
    ("more", "complaint"), [("", "no equality"), ("l_x_x_2 == l_x_x_3\nl_x_y_2 > -5", "bounds")]
)
def test_score_tests_that_make_no_sense_are_refused(complete, more, complaint):
    free = cl.clpm(THREE, equal="lags_across_groups")
    with pytest.raises(cl.ModelError, match=complaint):
        cl.fit(with_syntax(free, more), complete).score_tests()


@pytest.mark.parametrize("method", ["sb2001", "sb2010"])
def test_a_scaled_difference_is_the_same_for_constraints_and_shared_labels(gappy, method):
    """The freer model has constraints of its own, stated in the one or the other way."""
    from crosslag.compare import compare

    def fitted(model):
        return cl.fit(model, gappy, estimator="MLR", missing="fiml")

    free = cl.clpm(panel(4), equal="lags_across_groups")
    lines = [f"l_{a}_{b}_2 == l_{a}_{b}_{w}" for a in "xy" for b in "xy" for w in (3, 4)]
    stated = fitted(with_syntax(free, "\n".join(lines)))
    shared = fitted(cl.clpm(panel(4), equal="lags"))
    nested = fitted(cl.clpm(panel(4), equal=("lags", "residuals")))
    one, other = compare(nested, stated, method), compare(nested, shared, method)
    assert one.df_diff == other.df_diff == 6
    assert one.chisq_diff == pytest.approx(other.chisq_diff, abs=1e-5)
