"""The way back: models as text for lavaan and Mplus, and read again without a loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
from factories.built import BUILT
from factories.panels import panel
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import crosslag as cl
from crosslag.expressions import (
    FUNCTIONS,
    Binary,
    Call,
    Jet,
    Name,
    Negated,
    Number,
    evaluate,
    labels,
)
from crosslag.syntax import parse_constraints

LATENT, OBSERVED = ["f", "g.h"], ["y1", "y2", "x_1", "z"]
LABELS = ["a", "b1", "c.d", "e"]


@pytest.mark.parametrize("name", ["score 1", "_s1", "if", "1st", "s-1"])
def test_names_that_no_syntax_has_cannot_be_written(name):
    with pytest.raises(cl.ModelError, match=f"'{name}'"):
        cl.clpm({"x": [name, "s2"]}).to_lavaan()


def test_labels_that_no_syntax_has_cannot_be_written():
    model = cl.clpm({"self compassion": ["s1", "s2", "s3"]}, equal="lags")
    with pytest.raises(cl.ModelError, match="'l_self compassion_self compassion'"):
        model.to_lavaan()


@pytest.mark.parametrize("n_groups", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_builder_survives_the_way_through_syntax(name, n_groups):
    model = BUILT[name]
    again = cl.parse(model.to_lavaan(n_groups), auto="none")
    assert again.table(n_groups) == model.table(n_groups)


OF_PROCESSES = [
    "lags", "lags_across_groups", "standardised_lags", "residuals", "stationary", "means",
]  # fmt: skip
EQUALITIES = {
    **dict.fromkeys((cl.clpm, cl.riclpm, cl.lcm_sr, cl.dpm), OF_PROCESSES),
    cl.starts: ["means", "lags_across_groups"],
    cl.longitudinal_cfa: [],
}


@st.composite
def built(draw):
    """Draw a model of any builder, with any equalities, names, waves and extensions."""
    names = draw(
        st.lists(
            st.sampled_from(["x", "y", "x_x", "x1", "ä.b"]), min_size=1, max_size=3, unique=True
        )
    )
    waves = draw(st.integers(4, 5))
    indicators = draw(st.integers(1, 3))
    several = {
        name: [[f"{name}{wave}_{i}" for i in range(indicators)] for wave in range(waves)]
        for name in names
    }
    build = draw(st.sampled_from(list(EQUALITIES)))
    if build is cl.longitudinal_cfa:
        return cl.longitudinal_cfa(
            {name: [[*wave, f"{wave[0]}b"] for wave in at] for name, at in several.items()},
            draw(st.sampled_from(["configural", "metric", "scalar", "strict"])),
            unique_covariances=draw(st.booleans()),
        )
    panel = {name: [wave[0] for wave in at] for name, at in several.items()}
    options = {"equal": draw(st.sets(st.sampled_from(EQUALITIES[build])))}
    if build is cl.clpm:
        options["lags"] = draw(st.sampled_from([1, 2]))
    if build in (cl.clpm, cl.riclpm) and draw(st.booleans()):
        options["times"] = np.cumsum(
            draw(st.lists(st.integers(1, 3), min_size=waves, max_size=waves))
        ).tolist()
    if build is cl.riclpm:
        options["predictors"] = draw(st.sampled_from([[], ["p"], ["p", "q"]]))
        options["predictors_on"] = draw(st.sampled_from(["intercepts", "scores"]))
        options["outcomes"] = draw(st.sampled_from([[], ["o"]]))
        options["covariates"] = draw(
            st.sampled_from([None, {"c": [f"c{i}" for i in range(waves)]}])
        )
        if indicators > 1:
            panel = several
            options["invariance"] = draw(st.sampled_from(["metric", "scalar", "strict"]))
    return build(panel, **options)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), n_groups=st.integers(1, 3))
def test_random_models_of_builders_survive_the_way_through_syntax(data, n_groups):
    try:
        model = data.draw(built())
    except cl.ModelError:  # options that exclude each other
        reject()
    again = cl.parse(model.to_lavaan(n_groups), auto="none")
    assert again.table(n_groups) == model.table(n_groups)


numbers = st.floats(-100, 100, allow_nan=False).map(lambda v: v + 0.0)
sizes = st.floats(0.0, 1e6, allow_nan=False).map(lambda v: v + 0.0)


def per_group(values):
    return st.one_of(st.none(), values, st.tuples(values, values))


expressions = st.recursive(
    st.one_of(sizes.map(Number), st.sampled_from(LABELS).map(Name)),
    lambda inner: st.one_of(
        inner.map(Negated),
        st.builds(Call, st.sampled_from(sorted(FUNCTIONS)), inner),
        st.builds(Binary, st.sampled_from("+-*/^"), inner, inner),
    ),
    max_leaves=8,
)


@st.composite
def models(draw):
    keys: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    pairs = [(lhs, "=~", rhs) for lhs in LATENT for rhs in OBSERVED]
    pairs += [(lhs, op, rhs) for lhs in OBSERVED for rhs in OBSERVED for op in ("~", "~~")]
    pairs += [(lhs, "~1", "") for lhs in LATENT + OBSERVED]
    pairs = [p for p in pairs if p[0] != p[2] or p[1] == "~~"]
    relations = []
    for lhs, op, rhs in draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=12)):
        label = draw(st.one_of(st.just(""), st.sampled_from(LABELS)))
        fixed = draw(per_group(numbers))
        if label:  # one value for what is one parameter
            fixed = draw(st.sampled_from([None, float(LABELS.index(label))]))
        relation = cl.Relation(
            lhs,
            op,
            rhs,
            label=draw(st.sampled_from([label, (label, f"own{len(relations)}")])) if label else "",
            fixed=fixed,
            start=draw(per_group(numbers)),
        )
        if relation.key not in keys:
            keys[relation.key] = relation.key
            relations.append(relation)
    # Carries all labels, so that expressions of any of them are possible.
    relations += [cl.Relation(f"x{i}", "~", "z", label=label) for i, label in enumerate(LABELS)]
    named = expressions.filter(lambda e: any(labels(e)))
    definitions = [cl.Definition(f"d{i}", e) for i, e in enumerate(draw(st.lists(named)))]
    constraints = [
        cl.Constraint(left, draw(st.sampled_from(["==", "<", ">"])), right)
        for left, right in draw(st.lists(st.tuples(named, expressions), max_size=3))
    ]
    return cl.Model(tuple(relations), "", (), tuple(definitions), tuple(constraints))


@settings(max_examples=150, deadline=None)
@given(model=models())
def test_random_models_survive_the_way_through_syntax(model):
    again = cl.parse(model.to_lavaan(2), auto="none")
    assert again.relations == model.relations
    assert again.definitions == model.definitions
    assert again.constraints == model.constraints
    assert again.table(2) == model.table(2)


@settings(max_examples=200, deadline=None)
@given(expression=expressions, seed=st.integers(0, 1000))
def test_derivatives_of_expressions_agree_with_differences(expression, seed):
    theta = np.random.default_rng(seed).uniform(0.2, 2.0, len(LABELS))

    def at(point):
        known = {name: Jet.parameter(point[i], i, len(point)) for i, name in enumerate(LABELS)}
        return evaluate(expression, known, len(point))

    jet, step = at(theta), 1e-5
    near = [at(theta + sign * step * unit) for unit in np.eye(len(theta)) for sign in (1, -1)]
    values = [jet.value, *(n.value for n in near), *jet.gradient, *np.ravel(jet.hessian)]
    if not np.isfinite(values).all() or max(map(abs, values)) > 1e3:
        return
    slopes = [(a.value - b.value) / (2 * step) for a, b in zip(near[::2], near[1::2], strict=True)]
    if "abs" in str(expression) and np.abs(jet.gradient - slopes).max() > 1e-3:
        return  # at the kink
    np.testing.assert_allclose(jet.gradient, slopes, rtol=1e-4, atol=1e-4)
    curves = [
        (a.gradient - b.gradient) / (2 * step) for a, b in zip(near[::2], near[1::2], strict=True)
    ]
    if np.isfinite(curves).all():
        np.testing.assert_allclose(jet.hessian, curves, rtol=1e-3, atol=1e-3)


def test_precedence_is_that_of_arithmetic():
    def value(text):
        (constraint,) = parse_constraints(f"a == {text}")
        return evaluate(constraint.right, {"a": Jet.constant(3.0, 1)}, 1).value

    assert value("-a^2") == -9.0
    assert value("2^3^2") == 512.0
    assert value("1 - 2 - 3") == -4.0
    assert value("12/2/3*a") == 6.0
    assert value("exp(log(a)) + sqrt(4) - abs(-1)") == pytest.approx(4.0)
    assert math.isnan(value("log(0 - a)"))


def test_mplus_states_everything_with_short_names():
    variables = {"self_compassion": ["self_compassion_1", "self_compassion_2", "sc3"]}
    model = cl.riclpm(variables, equal="lags")
    text = model.to_mplus()
    assert "MODEL = NOCOVARIANCES;" in text
    assert "! self_com is self_compassion_1" in text
    assert "RI_self_ BY self_com@1;" in text
    assert all(len(line) <= 90 for line in text.splitlines())
    names = [line.split(" is ")[0][2:] for line in text.splitlines() if " is " in line]
    assert len({name.lower() for name in names}) == len(names)
    assert max(map(len, names)) <= 8


def test_mplus_states_constraints_and_groups():
    model = cl.clpm(panel(3), equal="standardised_lags")
    text = model.to_mplus(n_groups=2)
    assert "MODEL g1:" in text
    assert "MODEL g2:" in text
    assert "MODEL CONSTRAINT:" in text
    assert text.count("  0 = ") == 8
    defined = [line for line in text.splitlines() if line.startswith("  v") and " = " in line]
    assert len(defined) == 12


@pytest.mark.parametrize(
    "model",
    [
        cl.riclpm(panel(6), equal="standardised_lags"),
        cl.clpm(panel(4, ("x", "y", "z")), equal="stationary"),
        cl.parse("y ~ first*x + second*z\ntiny := " + "first^2*second + 0.00000123 - " * 9 + "1"),
    ],
    ids=["standardised", "stationary", "powers"],
)
def test_no_line_is_longer_than_mplus_reads(model):
    lines = model.to_mplus().splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith("e-") for line in lines)
    stated = "".join(line.strip() for line in lines)
    expressions = [c.difference for c in model.constraints]
    expressions += [d.expression for d in model.definitions]
    assert expressions
    for expression in expressions:
        assert str(expression).replace("^", "**").replace(" ", "") in stated.replace(" ", "")
