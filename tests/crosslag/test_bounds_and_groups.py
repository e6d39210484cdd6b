"""Bounds and references to other parameters, where there are groups."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw

import crosslag as cl

FREE = "y2 ~ x1 + y1; x2 ~ x1 + y1"


@pytest.fixture(scope="module")
def arms():
    data = draw(300, 3, seed=4)
    return data.assign(arm=np.where(data.index % 3, "a", "b"))


def effect(fit: cl.Fit) -> list[float]:
    return fit.estimates.query("lhs == 'y2' and rhs == 'x1'")["est"].tolist()


@pytest.mark.parametrize("bound", ["lower(-100)", "upper(100)", "lower(-9)*x1 + upper(9)"])
def test_a_bound_that_does_not_bind_leaves_the_groups_apart(arms, bound):
    free = cl.fit(FREE, arms, group="arm")
    bounded = cl.fit(f"y2 ~ {bound}*x1 + y1; x2 ~ x1 + y1", arms, group="arm")
    assert bounded.indices["df"] == free.indices["df"] == 0
    assert effect(bounded) == pytest.approx(effect(free), abs=1e-6)
    assert bounded.estimates["label"].isin(["", "y2_on_x1.g1", "y2_on_x1.g2"]).all()


def test_a_bound_holds_in_each_group_by_itself(arms):
    free = effect(cl.fit(FREE, arms, group="arm"))
    between = float(np.mean(free))
    fit = cl.fit(f"y2 ~ lower({between!r})*x1 + y1; x2 ~ x1 + y1", arms, group="arm")
    assert sorted(effect(fit)) == pytest.approx([between, max(free)], abs=1e-3)
    again = cl.parse(fit.model.to_lavaan(2), auto="none")
    assert again.table(2) == fit.table


def test_a_labelled_parameter_is_bounded_as_one(arms):
    fit = cl.fit("y2 ~ a*lower(-100)*x1 + y1; x2 ~ x1 + y1", arms, group="arm")
    assert fit.indices["df"] == 1
    assert len(set(effect(fit))) == 1


def test_one_bound_is_for_all_groups():
    with pytest.raises(cl.ModelSyntaxError, match="one number for all groups"):
        cl.parse("y ~ lower(c(0, 1))*x")


def test_equal_to_a_relation_means_its_first_group_as_in_lavaan(arms):
    """lavaan 0.6-14 on this: df 2; both groups' x2 ~ y1 are the first group's y2 ~ x1."""
    fit = cl.fit("y2 ~ x1 + y1; x2 ~ x1 + equal('y2~x1')*y1", arms, group="arm")
    assert fit.indices["df"] == 2
    first, second = effect(fit)
    referring = fit.estimates.query("lhs == 'x2' and rhs == 'y1'")["est"].tolist()
    assert referring == [first, first]
    assert second != first
    again = cl.parse(fit.model.to_lavaan(2), auto="none")
    assert again.table(2) == fit.table


@pytest.mark.parametrize("target", ["lower(0)*x1", "c(a, b)*x1"])
def test_equal_to_what_is_no_single_parameter_is_refused(target):
    with pytest.raises(cl.ModelSyntaxError, match="label it, and use the label"):
        cl.parse(f"y2 ~ {target} + y1; x2 ~ equal('y2~x1')*y1")


def test_a_parameter_that_equals_another_may_be_bounded(arms):
    fit = cl.fit("y2 ~ x1 + y1; x2 ~ x1 + equal('y2~x1')*upper(0.01)*y1", arms)
    assert fit.indices["df"] == 1
    assert effect(fit)[0] <= 0.01 + 1e-9


@pytest.mark.parametrize(
    "syntax",
    [
        "y2 ~ upper(0.9)*x1 + y2_on_x1*y1",
        "y2 ~ y2_on_x1*y1 + upper(0.9)*x1",
        "y2 ~ upper(0.9)*x1 + y1; y2_on_x1 := 2*b; x2 ~ b*y1",
        "y2 ~ x1 + y2_on_x1*y1; x2 ~ equal('y2~x1')*y1 + x1",
    ],
)
def test_labels_that_are_made_are_unlike_those_of_the_user(arms, syntax):
    fit = cl.fit(syntax, arms)
    effects = fit.estimates.query("lhs == 'y2'").set_index("rhs")["est"]
    assert effects["x1"] != effects["y1"]
