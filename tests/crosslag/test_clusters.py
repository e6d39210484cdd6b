"""Errors and tests that allow for persons within clusters."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import panel

import crosslag as cl

MODEL = cl.riclpm(panel(4))


def test_clusters_of_one_person_give_the_plain_sandwich(gappy):
    alone = gappy.assign(site=np.arange(len(gappy)))
    plain = cl.fit(MODEL, gappy, "MLR", "fiml")
    each = cl.fit(MODEL, alone, "MLR", "fiml", cluster="site")
    n = len(gappy)
    np.testing.assert_allclose(each.vcov, plain.vcov * n / (n - 1), rtol=1e-9)
    assert each.indices["scaling_factor"] == pytest.approx(
        plain.indices["scaling_factor"] * n / (n - 1)
    )


def test_doubling_every_person_is_undone_by_clusters(gappy):
    twice = gappy.assign(person=np.arange(len(gappy)))
    twice = twice.loc[twice.index.repeat(2)].reset_index(drop=True)
    once = cl.fit(MODEL, gappy.assign(person=np.arange(len(gappy))), "MLR", "fiml", None, "person")
    both = cl.fit(MODEL, twice, "MLR", "fiml", None, "person")
    np.testing.assert_allclose(both.theta, once.theta, atol=1e-6)
    np.testing.assert_allclose(both.vcov, once.vcov, rtol=1e-5, atol=1e-9)


def test_order_of_rows_changes_nothing(gappy):
    data = gappy.assign(site=np.arange(len(gappy)) % 40)
    one = cl.fit(MODEL, data, "MLR", "fiml", cluster="site")
    other = cl.fit(MODEL, data[::-1], "MLR", "fiml", cluster="site")
    np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-6, atol=1e-10)


def test_few_clusters_are_stated_and_one_is_refused(gappy):
    few = cl.fit(MODEL, gappy.assign(site=np.arange(len(gappy)) % 5), "MLR", "fiml", cluster="site")
    assert any("only 5 clusters" in warning for warning in few.warnings)
    with pytest.raises(cl.DataError, match=r"names 1 cluster\(s\)"):
        cl.fit(MODEL, gappy.assign(site=1), "MLR", "fiml", cluster="site")


def test_fewer_clusters_than_parameters_prove_nothing(gappy):
    fit = cl.fit(MODEL, gappy.assign(site=gappy.index % 20), "MLR", "fiml", cluster="site")
    said = f"20 clusters can't tell about the errors of {fit.indices['npar']} parameters"
    assert any(said in warning for warning in fit.warnings)
    labelled = cl.riclpm(panel(4), equal=("lags",))
    tied = cl.fit(labelled, gappy.assign(site=gappy.index % 20), "MLR", "fiml", cluster="site")
    with pytest.raises(cl.ModelError, match="20 clusters are too few for a Wald test"):
        tied.wald("l_x_y == 0")
    many = cl.fit(labelled, gappy.assign(site=gappy.index % 60), "MLR", "fiml", cluster="site")
    assert not any("can't tell about the errors" in warning for warning in many.warnings)
    assert many.wald("l_x_y == 0").df == 1


def test_persons_without_a_cluster_are_left_out(gappy):
    site = np.where(np.arange(len(gappy)) < 3, np.nan, np.arange(len(gappy)) % 50)
    fit = cl.fit(MODEL, gappy.assign(site=site), "MLR", "fiml", cluster="site")
    assert fit.n_dropped == 3
    assert any("3 person(s) without a value of 'site'" in warning for warning in fit.warnings)


def test_clusters_need_robust_errors(gappy):
    with pytest.raises(cl.ModelError, match="estimator='MLR'"):
        cl.fit(MODEL, gappy.assign(site=1), "ML", "fiml", cluster="site")
    with pytest.raises(cl.DataError, match="both the cluster and a variable"):
        cl.fit(MODEL, gappy, "MLR", "fiml", cluster="x1")
