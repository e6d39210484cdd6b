"""Draws, and the intervals that they give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel

import crosslag as cl
from crosslag.bootstrap import Bootstrap
from crosslag.estimate import maximise, model_point
from crosslag.moments import group_patterns, reweighted
from crosslag.ram import ram_groups
from crosslag.resampling import at_model, slope, weights

MODEL = cl.riclpm(panel(3))


@pytest.fixture(scope="module")
def gappy_three():
    return draw(300, 3, seed=5, gaps=0.1)


@pytest.fixture(scope="module")
def fit(gappy_three):
    return cl.fit(MODEL, gappy_three, missing="fiml", bootstrap=200, seed=7)


def test_the_number_of_workers_changes_nothing(fit, gappy_three):
    other = cl.fit(MODEL, gappy_three, missing="fiml", bootstrap=200, seed=7, workers=2)
    np.testing.assert_array_equal(fit.bootstrap.draws, other.bootstrap.draws)
    np.testing.assert_array_equal(fit.bootstrap.standardised, other.bootstrap.standardised)
    assert fit.bootstrap.n_inadmissible == other.bootstrap.n_inadmissible


def test_the_seed_matters(fit, gappy_three):
    other = cl.fit(MODEL, gappy_three, missing="fiml", bootstrap=20, seed=8)
    assert not np.allclose(fit.bootstrap.draws[:20], other.bootstrap.draws)


def test_errors_come_near_those_of_the_sandwich(gappy_three):
    robust = cl.fit(MODEL, gappy_three, "MLR", "fiml", bootstrap=300)
    free = robust.estimates["se"].to_numpy() > 0
    ratio = robust.bootstrap.intervals()["se"][free] / robust.estimates["se"][free]
    assert 0.9 < ratio.median() < 1.15
    assert ratio.between(0.7, 1.5).mean() > 0.9


def test_a_draw_is_a_fit_of_the_persons_drawn(gappy_three):
    """Against fitting the drawn persons from the start, one by one."""
    fitted = cl.fit(MODEL, gappy_three, missing="fiml", bootstrap=20, seed=3)
    assert fitted.bootstrap.n_failed == 0
    data = fitted.sample.patterns[0]
    free = [row.free for row in fitted.table.rows]
    for number in range(3):
        times = weights(data, np.random.default_rng([3, number])).astype(int)
        values = gappy_three[list(fitted.table.observed)].to_numpy()[np.repeat(data.order, times)]
        again = [group_patterns(values)]
        structures = ram_groups(fitted.table)
        found = maximise(lambda t, a=again, s=structures: model_point(s, a, t), fitted.theta)
        assert found.converged
        ours = fitted.bootstrap.draws[number][np.array(free) >= 0]
        theirs = found.point.theta[[f for f in free if f >= 0]]
        error = np.sqrt(np.diag(fitted.vcov))[[f for f in free if f >= 0]]
        assert np.max(np.abs(ours - theirs) / error) < 1e-4


def test_reweighted_sums_are_those_of_repeated_persons(gappy_three):
    values = gappy_three.to_numpy()
    data = group_patterns(values)
    times = np.random.default_rng(1).integers(0, 3, len(values))
    ours = reweighted(data, times[data.order].astype(float))
    theirs = group_patterns(np.repeat(values, times, axis=0))
    np.testing.assert_array_equal(ours.observed, theirs.observed)
    np.testing.assert_allclose(ours.count, theirs.count)
    np.testing.assert_allclose(ours.mean, theirs.mean, atol=1e-12)
    np.testing.assert_allclose(ours.scatter, theirs.scatter, atol=1e-12)


def test_the_gradient_without_jacobian_is_the_gradient(fit):
    point = model_point(ram_groups(fit.table), fit.sample.patterns, fit.theta * 1.05)
    np.testing.assert_allclose(slope(point), point.gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_draws_need_the_slow_search_as_often_whatever_the_units(gaps, monkeypatch):
    """Such as milliseconds beside shares."""
    searches = []

    def counted(at, start):
        searches[-1] += 1
        return maximise(at, start)

    monkeypatch.setattr("crosslag.resampling.maximise", counted)
    data = draw(400, 4, seed=3, gaps=gaps)
    drawn = []
    for units in ((1.0, 1.0), (1e4, 1e-3)):
        searches.append(0)
        scaled = data * [units["xy".index(column[0])] for column in data.columns]
        fit = cl.fit(cl.riclpm(panel(4)), scaled, missing="fiml", bootstrap=50)
        drawn.append(fit.bootstrap.standardised)
    assert searches[0] == searches[1] < 10
    np.testing.assert_allclose(drawn[1], drawn[0], atol=1e-5)


def test_clusters_are_drawn_whole():
    data = draw(120, 3, seed=6).assign(site=np.arange(120) % 30)
    fitted = cl.fit(MODEL, data, "MLR", cluster="site", bootstrap=20)
    patterns = fitted.sample.patterns[0]
    times = weights(patterns, np.random.default_rng(1))
    for site in range(30):
        assert len(set(times[patterns.clusters == site])) == 1
    assert times.sum() == 120


def test_groups_keep_their_sizes(gappy_three):
    data = gappy_three.assign(arm=np.where(np.arange(300) < 120, "a", "b"))
    fitted = cl.fit(MODEL, data, missing="fiml", group="arm", bootstrap=20)
    for patterns, size in zip(fitted.sample.patterns, (120, 180), strict=True):
        assert weights(patterns, np.random.default_rng(2)).sum() == size


def test_constraints_and_defined_parameters_hold_in_every_draw():
    text = MODEL.to_lavaan()
    text = text.replace("wx2 ~ wx1", "wx2 ~ a*wx1").replace("wx3 ~ wx2", "wx3 ~ b*wx2")
    text += "\na == b\nboth := a + b\n"
    fitted = cl.fit(text, draw(200, 3, seed=8), auto="none", bootstrap=20)
    table = fitted.bootstrap.intervals()
    a, b, both = (
        fitted.bootstrap.draws[:, table.index[table["label"] == label][0]]
        for label in ("a", "b", "both")
    )
    np.testing.assert_allclose(a, b, atol=1e-8)
    np.testing.assert_allclose(both, a + b, atol=1e-8)
    assert table.query("op == ':='")["std_upper"].notna().all()


def known_draws(values):
    """A bootstrap of one parameter with these draws, whose estimate is 50."""
    names = {"lhs": ["y"], "op": ["~"], "rhs": ["x"], "group": [""], "label": [""]}
    import pandas as pd

    estimates = pd.DataFrame({**names, "est": [50.0], "std_all": [50.0]})
    draws = np.asarray(values, dtype=float)[:, None]
    return Bootstrap(draws, draws, estimates, len(draws), 0, 0, 1)


def test_quantiles_follow_the_named_rule():
    row = known_draws(np.arange(1, 100)).intervals(0.9).iloc[0]
    assert row["lower"] == pytest.approx(5.0)  # the (99 + 1) * .05 th of the ordered draws
    assert row["upper"] == pytest.approx(95.0)
    assert row["bc_lower"] == pytest.approx(5.0)  # the estimate is the draws' median: no bias
    assert row["bc_upper"] == pytest.approx(95.0)


def test_bias_correction_follows_its_formula():
    from scipy.stats import norm

    row = known_draws(np.arange(21, 120)).intervals(0.9).iloc[0]
    share = (29 + 0.5) / 99
    shifted = norm.cdf(2 * norm.ppf(share) + norm.ppf([0.05, 0.95]))
    assert row["bc_lower"] == pytest.approx(max(20 + 100 * shifted[0], 21.0))
    assert row["bc_upper"] == pytest.approx(20 + 100 * shifted[1])


def test_bollen_and_stine_move_the_data_to_the_model():
    data = draw(250, 3, seed=9)
    fitted = cl.fit(MODEL, data, bootstrap=100, bollen_stine=True)
    implied = fitted.point.implied[0]
    moved = at_model(fitted.sample.patterns[0], implied)
    np.testing.assert_allclose(moved.mean[0], implied.mu, atol=1e-10)
    np.testing.assert_allclose(moved.scatter[0], implied.sigma, atol=1e-10)
    assert abs(fitted.bootstrap.pvalue_bollen_stine - fitted.indices["pvalue"]) < 0.2


def test_bollen_and_stine_do_not_depend_on_the_order_of_the_columns():
    data = draw(250, 3, seed=9)
    patterns = group_patterns(data.to_numpy())
    implied = cl.fit(MODEL, data).point.implied[0]
    order = np.random.default_rng(1).permutation(patterns.p)
    moments = replace(implied, mu=implied.mu[order], sigma=implied.sigma[np.ix_(order, order)])
    moved = at_model(patterns, implied).persons[:, order]
    other = at_model(group_patterns(data.to_numpy()[:, order]), moments).persons
    np.testing.assert_allclose(other, moved, atol=1e-9)


def test_a_draw_without_a_standardised_value_does_not_blank_the_interval():
    """An intercept's variance that is negative in some draws: the others still have values."""
    process = cl.PanelProcess.stationary(0.02 * np.eye(2), 0.3 * np.eye(2), np.eye(2))
    scores = process.draw(60, 3, np.random.default_rng(7)).reshape(60, -1)
    fitted = cl.fit(MODEL, pd.DataFrame(scores, columns=draw(1, 3, 1).columns), bootstrap=100)
    boot = fitted.bootstrap
    known = fitted.estimates["std_all"].notna().to_numpy()
    gaps = np.isnan(boot.standardised) & known
    assert 0 < gaps.any(axis=1).sum() < len(boot.draws) - 20
    count = gaps.any(axis=1).sum()
    said = f"{count} of {len(boot.draws)} draws leave standardised or defined values undefined"
    assert any(said in warning for warning in fitted.warnings)
    table = boot.intervals()
    enough = known & ((~np.isnan(boot.standardised)).sum(axis=0) >= 20)
    assert enough[gaps.any(axis=0)].any()
    assert table.loc[enough, ["std_se", "std_lower", "std_bc_upper"]].notna().all(axis=None)
    column = int(np.flatnonzero(gaps.any(axis=0) & enough)[0])
    left = boot.standardised[:, column]
    expected = np.quantile(left[~np.isnan(left)], 0.025, method="weibull")
    assert table["std_lower"][column] == pytest.approx(expected)


def test_bollen_and_stine_reject_a_wrong_model():
    fitted = cl.fit(cl.clpm(panel(4)), draw(600, 4, seed=1), bootstrap=60, bollen_stine=True)
    assert fitted.indices["pvalue"] < 1e-6
    assert fitted.bootstrap.pvalue_bollen_stine == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bootstrap": -1}, "bootstrap=-1 must be a whole number"),
        ({"bootstrap": 5}, "at least 20 draws"),
        ({"bootstrap": 2.5}, "whole number"),
        ({"bootstrap": 100, "workers": 0}, "workers=0"),
        ({"bootstrap": 100, "seed": -1}, "seed=-1"),
        ({"bollen_stine": True}, "say how many"),
        ({"bootstrap": 100, "bollen_stine": True, "missing": "fiml"}, "complete data"),
    ],
)
def test_impossible_wishes_are_refused(options, message, gappy_three):
    with pytest.raises(cl.ModelError, match=message):
        cl.fit(MODEL, gappy_three, **options)


def test_draws_left_out_and_inadmissible_ones_are_counted_and_said():
    process = cl.PanelProcess.stationary(0.4 * np.eye(2), 0.3 * np.eye(2), np.eye(2))
    columns = draw(1, 3, 1).columns
    scores = process.draw(150, 3, np.random.default_rng(4)).reshape(150, -1)
    data = pd.DataFrame(scores, columns=columns)
    fitted = cl.fit(MODEL, data, bootstrap=60, bollen_stine=True)
    boot = fitted.bootstrap
    assert boot.n_inadmissible > 0
    assert len(boot.draws) == 60 - boot.n_failed
    said = [note for note in fitted.warnings if "draws" in note]
    assert said == boot.notes()
    assert any(f"{boot.n_inadmissible} of 60 bootstrap draws were inadmissible" in s for s in said)
    undefined = int(np.isnan(boot.standardised).any(axis=1).sum())
    counts = (boot.n_failed, boot.n_failed_bollen_stine, boot.n_inadmissible, undefined)
    assert len(said) == sum(count > 0 for count in counts)


def test_an_impossible_coverage_is_refused(fit):
    for level in (95, "0.9", None):
        with pytest.raises(cl.ModelError, match="between 0 and 1"):
            fit.bootstrap.intervals(level)
