"""What can't be analysed is refused with a reason, or stated."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from factories.panels import panel

import crosslag as cl


def test_a_random_intercept_model_needs_three_waves():
    with pytest.raises(cl.ModelError, match="at least 3 waves; there are 2"):
        cl.riclpm(panel(2))


def test_negative_degrees_of_freedom_are_refused(complete):
    two_waves = [
        *(cl.Relation(f"RI_{v}", "=~", f"{v}{t}", fixed=1.0) for v in "xy" for t in (1, 2)),
        *(cl.Relation(f"w{v}{t}", "=~", f"{v}{t}", fixed=1.0) for v in "xy" for t in (1, 2)),
        *(cl.Relation(f"w{a}2", "~", f"w{b}1") for a in "xy" for b in "xy"),
        *(cl.Relation(f"RI_{a}", "~~", f"RI_{b}") for a, b in ("xx", "xy", "yy")),
        *(cl.Relation(f"w{a}{t}", "~~", f"w{b}{t}") for t in (1, 2) for a, b in ("xx", "xy", "yy")),
    ]
    model = cl.Model(tuple(two_waves))
    assert model.degrees_of_freedom() == -3
    with pytest.raises(cl.ModelError, match="-3 degrees of freedom"):
        cl.fit(model, complete)


def test_waves_never_observed_together_are_refused(complete):
    data = complete.copy()
    half = np.arange(len(data)) < 200
    data.loc[half, ["x4", "y4"]] = np.nan
    data.loc[~half, ["x1", "y1"]] = np.nan
    with pytest.raises(cl.DataError, match=r"'x1' with 'x4'"):
        cl.fit(cl.riclpm(panel(4)), data, missing="fiml")


BAD_DATA = {
    "unknown column": (lambda d: d.drop(columns="y3"), "No column 'y3'"),
    "text": (lambda d: d.assign(x2=d["x2"].astype(object).where(d.index != 4, "many")), "row 5"),
    "complex": (lambda d: d.assign(x2=1j), "must be numeric"),
    "dates": (lambda d: d.assign(x2=pd.Timestamp("2020-01-01")), "must be numeric"),
    "infinite": (lambda d: d.assign(x2=d["x2"].where(d.index != 4, np.inf)), "infinite"),
    "constant": (lambda d: d.assign(x2=3.0), "'x2' is constant"),
    "huge": (lambda d: d.assign(x2=d.x2 * 1e200), "'x2' has values too large or too close"),
    "huge and apart": (lambda d: d.assign(x2=d.x2 * 1e305), "'x2' has values too large"),
    "far away": (lambda d: d.assign(x2=d.x2 + 1e70 * (d.index % 2)), "'x2' has values too large"),
    "tiny": (lambda d: d.assign(x2=d.x2 * 1e-200), "'x2' has values too large or too close"),
    "empty": (lambda d: d.assign(x2=np.nan), "no value at all"),
    "collinear": (lambda d: d.assign(x2=d["x1"] + d["y1"]), "follows exactly from"),
    "no persons": (lambda d: d.iloc[:0], "0 person"),
    "one person": (lambda d: d.iloc[:1], "1 person"),
    "too few persons": (lambda d: d.iloc[:6], "too few"),
    "repeated column": (lambda d: pd.concat([d, d[["x2"]]], axis=1), "more than once"),
}


@pytest.mark.parametrize("case", sorted(BAD_DATA))
def test_bad_data_are_refused_with_a_reason(complete, case):
    spoil, message = BAD_DATA[case]
    with pytest.raises(cl.DataError, match=message):
        cl.fit(cl.riclpm(panel(4)), spoil(complete), missing="fiml")


def test_a_column_that_repeats_another_is_refused_without_warnings(gappy):
    """Its pivots become exactly 0, by which nothing may be divided."""
    data = gappy.assign(x2=2 * gappy["x1"] + 1)
    with pytest.raises(cl.DataError, match="follows exactly from"):
        cl.fit(cl.riclpm(panel(4)), data, missing="fiml")


def test_a_group_without_values_is_refused(complete):
    with pytest.raises(cl.DataError, match="'arm' tells nobody's group"):
        cl.fit(cl.riclpm(panel(4)), complete.assign(arm=np.nan), group="arm")
    with pytest.raises(cl.DataError, match="takes the name of one column"):
        cl.fit(cl.riclpm(panel(4)), complete, group=["arm"])


def test_a_group_of_one_value_is_noted(complete):
    fit = cl.fit(cl.riclpm(panel(4)), complete.assign(arm="a"), group="arm")
    assert fit.group_names == ("a",)
    assert any("'arm' has one value, 'a'" in note for note in fit.warnings)


def test_a_group_of_one_person_is_refused(complete):
    data = complete.assign(arm=["odd", *["even"] * (len(complete) - 1)])
    with pytest.raises(cl.DataError, match=r"1 person\(s\).* in group 'odd'"):
        cl.fit(cl.riclpm(panel(4)), data, group="arm")


def test_a_group_of_which_nobody_is_left_is_refused(complete):
    data = complete.assign(arm=np.where(complete.index < 40, "small", "large"))
    data.loc[data["arm"] == "small", "y3"] = np.nan
    with pytest.raises(cl.DataError, match=r"0 person\(s\).* in group 'small'"):
        cl.fit(cl.riclpm(panel(4)), data, group="arm")


def test_a_column_constant_within_one_group_is_refused(complete):
    data = complete.assign(arm=np.where(np.arange(len(complete)) % 2, "a", "b"))
    data.loc[data["arm"] == "a", "y2"] = 1.0
    with pytest.raises(cl.DataError, match="'y2' is constant in group 'a'"):
        cl.fit(cl.riclpm(panel(4)), data, group="arm")


def test_a_pair_that_hardly_anybody_has_is_named(complete):
    data = complete.copy()
    data.loc[data.index < 200, "x1"] = np.nan
    data.loc[data.index >= 204, "y4"] = np.nan
    fit = cl.fit(cl.riclpm(panel(4)), data, missing="fiml")
    assert any("Only 4 person(s) have both 'x1' and 'y4'" in note for note in fit.warnings)
    pairs = fit.coverage().set_index(["lhs", "rhs"])
    assert pairs["n"]["x1", "y4"] == 4
    assert pairs["share"]["x1", "x1"] == 0.5


def test_too_few_persons_are_refused_with_the_pair_that_fewest_have(complete):
    few = complete.iloc[:7].copy()
    few.loc[:3, "x2"] = np.nan
    with pytest.raises(cl.DataError, match=r"too few.*Fewest have both 'x1' and 'x2': 3"):
        cl.fit(cl.riclpm(panel(4)), few, missing="fiml")


def test_information_is_one_of_two_and_mlr_takes_the_observed(complete):
    model = cl.riclpm(panel(4))
    with pytest.raises(cl.ModelError, match="information='fisher' is unknown"):
        cl.fit(model, complete, information="fisher")
    with pytest.raises(cl.ModelError, match="rests on observed information"):
        cl.fit(model, complete, "MLR", information="expected")


def test_persons_without_values_are_left_out_and_counted(complete):
    data = pd.concat([complete, pd.DataFrame(np.nan, range(3), complete.columns)])
    data = data.reset_index(drop=True)
    fit = cl.fit(cl.riclpm(panel(4)), data, missing="fiml")
    assert fit.n_dropped == 3
    assert fit.indices["ntotal"] == 400
    assert any("3 person(s) without any value" in note for note in fit.warnings)


def test_listwise_deletion_is_stated(gappy):
    fit = cl.fit(cl.riclpm(panel(4)), gappy)
    assert fit.indices["ntotal"] == len(gappy.dropna())
    assert fit.n_dropped == len(gappy) - len(gappy.dropna())
    assert any("listwise" in note for note in fit.warnings)


def test_persons_without_a_group_are_left_out_and_counted(complete):
    arm = pd.Series(np.where(np.arange(len(complete)) % 2, "a", "b")).astype(object)
    arm[:5] = None
    fit = cl.fit(cl.riclpm(panel(4)), complete.assign(arm=arm), group="arm")
    assert sorted(fit.group_sizes) == [197, 198]
    assert any("5 person(s) without a value of 'arm'" in note for note in fit.warnings)


@pytest.mark.parametrize("dtype", ["Float64", "float32", "object"])
def test_column_types_do_not_matter(gappy, dtype):
    plain = cl.fit(cl.riclpm(panel(4)), gappy.astype("float32"), missing="fiml")
    other = cl.fit(cl.riclpm(panel(4)), gappy.astype("float32").astype(dtype), missing="fiml")
    assert other.indices["logl"] == pytest.approx(plain.indices["logl"], rel=1e-9)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: cl.clpm({}), "at least one variable"),
        (lambda: cl.clpm({"x": ["x1"]}), "at least 2 waves"),
        (lambda: cl.clpm({"x": ["x1", "x2"]}, lags=2), "at least 3 waves"),
        (lambda: cl.clpm({"x": ["x1", "x2", "x3"]}, lags=3), "lags must be 1 or 2"),
        (lambda: cl.clpm({"x": ["x1", "x2"], "y": ["y1"]}), "x has 2, y has 1"),
        (lambda: cl.clpm({"x": ["x1", "x2"], "y": ["x1", "y2"]}), "repeated"),
        (lambda: cl.clpm({"x": "x1"}), "not a single string"),
        (lambda: cl.clpm({"x": 1}), "not a single int"),
        (lambda: cl.clpm({"x": [0, 1]}), "0 is no text"),
        (lambda: cl.clpm(["x1", "x2"]), "as a dict"),
        (lambda: cl.clpm(None), "as a dict"),
        (lambda: cl.clpm({"": ["x1", "x2"]}), "empty name"),
        (lambda: cl.riclpm(panel(3), equal=("slopes",)), "unknown here"),
        (lambda: cl.starts(panel(4), equal=("residuals",)), "unknown here"),
        (lambda: cl.Relation("x", "=", "y"), "no operator"),  # type: ignore[arg-type]
        (lambda: cl.Relation("x", "~1", "y"), "no right-hand side"),
        (lambda: cl.Model(()), "at least one relation"),
        (
            lambda: cl.Model((cl.Relation("x", "~~", "y"), cl.Relation("y", "~~", "x"))),
            "stated twice",
        ),
        (
            lambda: cl.Model((cl.Relation("x", "~", "y", label=("a", "b")),)).table(3),
            r"2 values or labels, but there are 3",
        ),
    ],
)
def test_impossible_models_are_refused_with_a_reason(build, message):
    with pytest.raises(cl.ModelError, match=message):
        build()


def test_no_number_is_given_without_a_proven_maximum(complete):
    model = cl.riclpm(panel(4))
    # Free loadings beside free variances: nothing fixes the scale of the random intercepts.
    loose = [
        replace(r, fixed=None) if r.lhs == "RI_x" and r.op == "=~" else r for r in model.relations
    ]
    fit = cl.fit(replace(model, relations=tuple(loose)), complete)
    assert not fit.converged
    assert not fit.admissible
    lagged = fit.estimates[fit.estimates["op"] == "~"]
    assert lagged[["est", "se", "std_all"]].isna().to_numpy().all()
    assert np.isnan([fit.indices[name] for name in ("chisq", "cfi", "rmsea", "logl")]).all()
    assert fit.indices["df"] == model.degrees_of_freedom() - 4
    assert "RI_x =~ x1" in fit.warnings[-1]
    assert "NO; no estimates" in fit.summary()


def test_inadmissible_values_are_named():
    rng = np.random.default_rng(8)
    process = cl.PanelProcess.stationary(np.zeros((2, 2)), 0.2 * np.eye(2), np.eye(2))
    columns = [f"{name}{wave}" for wave in range(1, 4) for name in "xy"]
    seen = 0
    for _ in range(10):
        scores = process.draw(100, 3, rng).reshape(100, -1)
        fit = cl.fit(cl.riclpm(panel(3)), pd.DataFrame(scores, columns=columns))
        variances = fit.estimates.query("op == '~~' and lhs == rhs").set_index("lhs")["est"]
        for name in variances.index[variances < 0]:
            seen += 1
            assert not fit.admissible
            assert any(f"{name} ~~ {name} is negative" in note for note in fit.warnings)
    assert seen > 0


def test_importing_crosslag_loads_nothing_heavy():
    code = (
        "import sys, crosslag; "
        "heavy = {'matplotlib', 'joblib', 'typer', 'rich', 'longwave'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
