"""What a fit gives back."""

from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel
from scipy import stats

import crosslag as cl


@pytest.fixture(scope="module")
def fit(gappy):
    return cl.fit(cl.riclpm(panel(4)), gappy, estimator="MLR", missing="fiml")


def test_estimates_have_the_documented_columns(fit):
    assert list(fit.estimates.columns) == [
        "lhs", "op", "rhs", "group", "label", "est", "se", "z", "pvalue",
        "ci_lower", "ci_upper", "std_all", "se_std_all",
    ]  # fmt: skip


def test_columns_of_estimates_belong_together(fit):
    table = fit.estimates.query("se > 0")
    np.testing.assert_allclose(table["z"], table["est"] / table["se"])
    np.testing.assert_allclose(table["pvalue"], 2 * stats.norm.sf(np.abs(table["z"])))
    np.testing.assert_allclose(table["ci_upper"] + table["ci_lower"], 2 * table["est"])
    width = table["ci_upper"] - table["ci_lower"]
    np.testing.assert_allclose(width, 2 * 1.959963985 * table["se"])


def test_results_can_not_be_changed(fit):
    with pytest.raises(FrozenInstanceError):
        fit.converged = False
    with pytest.raises(TypeError):
        fit.indices["cfi"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        fit.theta[0] = 1.0
    table = fit.estimates
    table["est"] = 0.0
    assert fit.estimates["est"].abs().max() > 0


def test_nothing_within_results_can_be_changed(complete):
    model = cl.parse("x2 ~ a*x1 + b*y1; y2 ~ x1 + y1; total := a + b")
    data = complete.copy()
    fit = cl.fit(model, data, bootstrap=20)
    arrays = {
        "defined": fit.defined.values,
        "standardised": fit.standardised.errors,
        "draws": fit.bootstrap.draws,
        "standardised draws": fit.bootstrap.standardised,
        "means": fit.sample.means[0],
        "covariances": fit.sample.covariances[0],
        "rows": fit.sample.rows[0],
        "persons": fit.sample.patterns[0].persons,
        "counts": fit.sample.patterns[0].count,
    }
    for name, array in arrays.items():
        assert not array.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    before = fit.bootstrap.intervals()
    table = fit.bootstrap.estimates
    table["est"] = 0.0
    pd.testing.assert_frame_equal(fit.bootstrap.intervals(), before)
    before = fit.sample.patterns[0].persons.copy()
    data.loc[0, "x1"] = 99.0  # the user's own data stay as free as they were
    np.testing.assert_array_equal(fit.sample.patterns[0].persons, before)


def test_what_a_bound_or_constraint_holds_is_shown_as_held(complete):
    fit = cl.fit("y2 ~ y1 + a*x1 + b*x2\nx2 ~ 0.5*x1\na > 3\nb == 0.25", complete)
    lines = [line.split() for line in fit.summary().splitlines()]
    status = {tuple(line[:3]): line[5] for line in lines if line[1:2] == ["~"] and "(" in line[3]}
    assert status == {("y2", "~", "x1"): "held", ("y2", "~", "x2"): "held"}
    fixed = next(line for line in lines if line[:3] == ["x2", "~", "x1"])
    assert fixed[4] == "fixed"


def test_a_variance_held_at_zero_stays_in_the_summary():
    process = cl.PanelProcess.stationary(np.zeros((1, 1)), np.array([[-0.4]]), np.eye(1))
    scores = process.draw(200, 4, np.random.default_rng(6)).reshape(200, -1)
    data = pd.DataFrame(scores, columns=["x1", "x2", "x3", "x4"])
    fit = cl.random_intercept_test({"x": list(data.columns)}, data).with_intercepts
    assert fit.estimates.query("lhs == 'RI_x' and rhs == 'RI_x'")["est"].item() == 0
    for text in (fit.summary(), fit._repr_html_()):
        assert "RI_x ~~ RI_x" in text
        assert "held" in text


def test_indices_hold_what_is_documented(fit):
    names = "npar ntotal logl chisq df pvalue chisq_scaled pvalue_scaled scaling_factor"
    more = "cfi tli rmsea rmsea_ci_lower rmsea_ci_upper srmr aic bic"
    more += " cfi_robust tli_robust rmsea_robust"
    assert set(f"{names} {more}".split()) <= set(fit.indices)
    assert fit.indices["chisq"] == pytest.approx(
        fit.indices["chisq_scaled"] * fit.indices["scaling_factor"]
    )


def test_summary_shows_lagged_effects_fit_and_estimator(fit):
    text = fit.summary()
    assert text.index("Lagged effects") < text.index("CFI") < text.index("Loadings")
    for part in ("RI-CLPM", "MLR", "wx2 ~ wy1", "CFI", "RMSEA", "Scaling factor"):
        assert part in text


def test_a_fit_is_shown_in_a_line(fit, complete):
    assert repr(fit).startswith("<Fit of RI-CLPM: MLR, 400 persons, chi-square ")
    assert f"(df 9), CFI {fit.indices['cfi']:.3f}>" in repr(fit)
    assert repr(fit.model) == "<Model RI-CLPM: 8 observed, 10 latent variables>"
    made = cl.Panel.from_wide(complete, panel(4))
    assert repr(made) == "<Panel of 400 persons: x at 4 waves, y at 4 waves>"
    assert len(repr(fit.plot())) < 50
    loose = cl.fit("f =~ NA*x1 + x2 + x3 + x4", complete)
    assert repr(loose) == "<Fit of Structural equation model: ML, 400 persons, NOT converged>"


def test_results_survive_being_stored(fit, gappy):
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(again.estimates, fit.estimates)
    assert again.indices == fit.indices
    plain = cl.fit(cl.clpm(panel(4)), gappy, estimator="MLR", missing="fiml")
    assert again.compare(plain) == fit.compare(plain)
    with pytest.raises(ValueError, match="read-only"):
        again.theta[0] = 1.0
    with pytest.raises(TypeError):
        again.indices["cfi"] = 1.0
    made = cl.Panel.from_wide(draw(50, 3, seed=1), panel(3))
    stored = pickle.loads(pickle.dumps(made))
    pd.testing.assert_frame_equal(stored.data, made.data)
    assert stored.variables == made.variables


@pytest.mark.parametrize("kind", ["text", "bool", "int", "date", "category"])
def test_groups_of_any_type_can_be_written_as_json(kind, complete):
    odd = np.arange(len(complete)) % 2
    groups = {
        "text": np.where(odd, "a", "b"),
        "bool": odd == 1,
        "int": odd,
        "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(odd, unit="D"),
        "category": pd.Categorical(np.where(odd, "a", "b")),
    }
    fit = cl.fit(cl.clpm(panel(4)), complete.assign(arm=groups[kind]), group="arm")
    written = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert [group["persons"] for group in written["groups"]] == [200, 200]


def test_builders_state_their_degrees_of_freedom():
    for k in (1, 2, 3):
        for waves in (3, 4, 5):
            names = panel(waves, tuple("xyz"[:k]))
            df = k * k * (waves - 1) * (waves - 2) // 2
            assert cl.clpm(names).degrees_of_freedom() == df
            assert cl.riclpm(names).degrees_of_freedom() == df - k * (k + 1) // 2


def test_equality_constraints_hold_and_count():
    options = ("lags", "residuals", "means")
    fit = cl.fit(cl.riclpm(panel(5), equal=options), draw(500, 5, seed=2))
    free = cl.riclpm(panel(5)).degrees_of_freedom()
    assert fit.indices["df"] == free + 4 * 3 + 3 * 3 + 2 * 4
    for label, part in fit.estimates.query("label != ''").groupby("label"):
        assert part["est"].nunique() == 1, label


def test_one_variable_alone_can_be_modelled():
    fit = cl.fit(cl.riclpm({"x": ["x1", "x2", "x3", "x4"]}), draw(600, 4, seed=3))
    assert fit.converged
    assert fit.indices["df"] == 2


def test_names_that_clash_are_told_apart():
    columns = [f"c{i}" for i in range(1, 23)]
    model = cl.riclpm({"x": columns[:11], "x1": columns[11:]})
    assert len(model.latent) == 24
    model = cl.riclpm({"x": ["wx1", "wx2", "wx3"]})
    assert model.latent == ("RI_x", "w_x_1", "w_x_2", "w_x_3")
