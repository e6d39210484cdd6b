"""Auxiliary variables as saturated correlates."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw, panel

import crosslag as cl


@pytest.fixture(scope="module")
def data():
    """Draw three waves whose gaps depend on a column outside the model."""
    rng = np.random.default_rng(4)
    frame = draw(400, 3, 4)
    frame["a"] = 0.6 * frame["x2"] + 0.4 * frame["y3"] + rng.normal(size=400)
    frame["b"] = 0.5 * frame["x3"] + rng.normal(size=400)
    for column in ("x3", "y3", "x2"):
        chance = 0.6 / (1 + np.exp(-(frame["a"] - frame["a"].mean())))
        frame.loc[rng.random(400) < chance, column] = np.nan
    frame.loc[rng.random(400) < 0.05, "b"] = np.nan
    return frame


# What lavaan 0.6-14 prints for the same model written out, with a baseline model in which the
# auxiliary variables covary with everything, too.
LAVAAN = {
    "npar": 40, "df": 4, "logl": -4311.9075172, "chisq": 27.8587955, "chisq_scaled": 29.5718622,
    "baseline_chisq": 891.4586627, "baseline_df": 15, "cfi": 0.9727782, "tli": 0.8979182,
    "rmsea": 0.1221137, "cfi_scaled": 0.9720469, "rmsea_robust": 0.1583971,
}  # fmt: skip


def test_numbers_agree_with_the_model_written_out_in_lavaan(data):
    fit = cl.fit(cl.clpm(panel(3)), data, "MLR", "fiml", auxiliary=["a", "b"])
    for name, value in LAVAAN.items():
        assert fit.indices[name] == pytest.approx(value, abs=1e-4), name
    effect = fit.estimates.query("lhs == 'x2' and rhs == 'x1'").iloc[0]
    assert effect["est"] == pytest.approx(0.697, abs=1e-3)
    assert effect["se"] == pytest.approx(0.044, abs=1e-3)


def test_without_gaps_they_change_nothing(complete):
    frame = complete.assign(a=complete["x2"] + np.random.default_rng(1).normal(size=len(complete)))
    model = cl.riclpm(panel(4))
    plain = cl.fit(model, frame, missing="fiml")
    with_a = cl.fit(model, frame, missing="fiml", auxiliary=["a"])
    for name in (
        "chisq", "df", "cfi", "tli", "rmsea", "srmr", "cfi_robust", "tli_robust", "rmsea_robust",
    ):  # fmt: skip
        assert with_a.indices[name] == pytest.approx(plain.indices[name], abs=1e-5), name
    ours = with_a.estimates.query("op == '~'")
    np.testing.assert_allclose(ours["est"], plain.estimates.query("op == '~'")["est"], atol=1e-5)
    assert with_a.admissible == plain.admissible


def test_they_mend_what_gaps_that_depend_on_them_distort(data):
    rng = np.random.default_rng(5)
    whole = draw(4000, 3, 6)
    whole["a"] = whole["x3"] + 0.5 * rng.normal(size=4000)
    gappy = whole.copy()
    gappy.loc[gappy["a"] > gappy["a"].median(), "x3"] = np.nan
    model = cl.riclpm(panel(3))

    def mean_of_x3(**options):
        fit = cl.fit(model, gappy, missing="fiml", **options)
        return fit.estimates.query("lhs == 'x3' and op == '~1'")["est"].item()

    truth = whole["x3"].mean()
    assert abs(mean_of_x3(auxiliary=["a"]) - truth) < 0.05
    assert abs(mean_of_x3() - truth) > 0.3


def test_bootstrap_and_comparison_work_with_them(data):
    free, equal = cl.clpm(panel(3)), cl.clpm(panel(3), equal=("lags",))
    one = cl.fit(free, data, missing="fiml", auxiliary=["a"], bootstrap=20)
    assert one.bootstrap.n_failed == 0
    assert one.bootstrap.n_inadmissible == 0
    test = one.compare(cl.fit(equal, data, missing="fiml", auxiliary=["a"]))
    assert test.df_diff == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"auxiliary": ["a"]}, "needs missing='fiml'"),
        ({"auxiliary": ["x1"], "missing": "fiml"}, "x1 is part of the model"),
        ({"auxiliary": ["a", "a"], "missing": "fiml"}, "named twice"),
        ({"auxiliary": "a", "missing": "fiml"}, "list of columns"),
    ],
)
def test_impossible_wishes_are_refused(options, message, data):
    with pytest.raises(cl.ModelError, match=message):
        cl.fit(cl.clpm(panel(3)), data, **options)
