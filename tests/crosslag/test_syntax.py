"""The model syntax: what it reads, what it refuses, and the way back."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from factories.built import BUILT
from factories.panels import panel
from hypothesis import given, settings
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


def relations_of(syntax: str, auto: str = "none") -> dict[str, cl.Relation]:
    return {str(r): r for r in cl.parse(syntax, auto=auto).relations}


def test_all_modifiers_are_read():
    read = relations_of(
        """
        f =~ NA*y1 + lam*y2 + start(0.8)*y3  # a comment; not a statement
             + 2*y4 + label("q")*y5 + "r"*y6
        ! another comment
        y1 ~ 1; y2 ~ mu*1; y3 ~ 0.5*1
        f ~~ c(v1, v2)*f ; y1 ~~ c(0.5, NA)*y2
        z ~ -1.5e-1*x + x2*start(.25)*x3
        """
    )
    assert read["f =~ y1"].fixed is None
    assert read["f =~ y2"].label == "lam"
    assert read["f =~ y3"].start == 0.8
    assert read["f =~ y4"].fixed == 2.0
    assert (read["f =~ y5"].label, read["f =~ y6"].label) == ("q", "r")
    assert (read["y2 ~1"].label, read["y3 ~1"].fixed) == ("mu", 0.5)
    assert read["f ~~ f"].label == ("v1", "v2")
    assert read["y1 ~~ y2"].fixed == (0.5, None)
    assert read["z ~ x"].fixed == -0.15
    assert (read["z ~ x3"].label, read["z ~ x3"].start) == ("x2", 0.25)


def test_several_variables_on_the_left_share_the_right():
    assert list(relations_of("y1 + y2 ~ x + 1")) == ["y1 ~ x", "y1 ~1", "y2 ~ x", "y2 ~1"]


def test_a_line_without_operator_and_open_brackets_continue_the_statement():
    model = cl.parse("y ~ x +\n  z\n  + w\nv ~ c(a,\n b)*x", auto="none")
    assert [str(r) for r in model.relations] == ["y ~ x", "y ~ z", "y ~ w", "v ~ x"]


def test_equal_refers_to_a_parameter_or_a_label():
    read = relations_of('f =~ y1 + y2 + equal("f=~y2")*y3 + a*y4\ng =~ y5 + equal("a")*y6')
    assert read["f =~ y3"].label == read["f =~ y2"].label != ""
    assert read["g =~ y6"].label == "a"


def test_sem_adds_what_lavaan_adds():
    model = cl.parse("f =~ y1 + y2 + y3\ng =~ y4 + y5\nh =~ y6\nf + g ~ x1 + x2\nz ~ f", auto="sem")
    added = {str(r): r.fixed for r in model.relations}
    assert added["f =~ y1"] == added["g =~ y4"] == added["h =~ y6"] == 1.0
    assert added["f =~ y2"] is None
    assert {"f ~~ f", "h ~~ h", "y1 ~~ y1", "x1 ~~ x2", "g ~~ z", "z ~~ z"} <= set(added)
    assert not {"y6 ~~ y6", "f ~~ g", "f ~~ z", "x1 ~~ f"} & set(added)
    assert model.exogenous == ("x1", "x2")


def test_bounds_as_modifiers_become_constraints():
    model = cl.parse("y ~ lower(-1)*x + b*upper(2)*z", auto="none")
    assert [str(c) for c in model.constraints] == ["y_on_x > -1", "b < 2"]


def test_definitions_are_put_in_an_order_that_can_be_computed():
    model = cl.parse("y ~ a*x\ntwo := 2*one\none := a + 1")
    assert [d.name for d in model.definitions] == ["one", "two"]


@pytest.mark.parametrize(
    ("syntax", "line", "column"),
    [
        ("y ~ x +", 1, 8),
        ("y x", 1, 1),
        ("y ~ x\nz ~ 3*", 2, 7),
        ("y ~ c(1,2*x", 1, 6),
        ("a ~ b ~ c", 1, 7),
        ("y ~ x $ 3", 1, 7),
        ("y ~ x\n  =~ z", 2, 3),
        ("y ~ foo(3)*x", 1, 5),
        ("y ~ x\ny ~ x", 2, 5),
        ("y ~ x y", 1, 7),
        ("f =~ 0.5", 1, 6),
        ("y <~ x", 1, 3),
        ("y | t1", 1, 3),
        ("y ~ x:z", 1, 6),
        ("", 1, 1),
        ("y ~ a*x\nt := exp(a", 2, 11),
        ("y ~ a*x\n2 == 3", 2, 3),
        ("y ~ NA*2*x", 1, 10),
        ("y ~ y", 1, 5),
        ('y ~ equal("q")*x', 1, 16),
        ("y ~ a*x\na := 2\na := 3", 3, 1),
        ("y ~ c(a, 2)*x", 1, 7),
        ('y ~ "2nd"*x', 1, 5),
        ("y ~ x)", 1, 6),
    ],
)
def test_a_fault_is_shown_with_line_and_caret(syntax, line, column):
    with pytest.raises(cl.ModelSyntaxError) as caught:
        cl.parse(syntax)
    assert (caught.value.line, caught.value.column) == (line, column)
    shown, caret = str(caught.value).splitlines()[-2:]
    assert caret.index("^") == column + 1
    assert shown[2:] == (syntax.splitlines()[line - 1] if syntax else "")


@pytest.mark.parametrize(
    ("syntax", "complaint"),
    [
        ("y ~ a*x\nb == 3", "no parameter has the label b"),
        ("y ~ a*x\na := 2", "has that name already"),
        ("y ~ a*x\np := q; q := p", "in a circle"),
    ],
)
def test_expressions_of_unknown_labels_are_refused(syntax, complaint):
    with pytest.raises(cl.ModelError, match=complaint):
        cl.parse(syntax)


def test_names_that_no_syntax_has_cannot_be_written():
    with pytest.raises(cl.ModelError, match="'score 1'"):
        cl.clpm({"x": ["score 1", "s2"]}).to_lavaan()


@pytest.mark.parametrize("n_groups", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_builder_survives_the_way_through_syntax(name, n_groups):
    model = BUILT[name]
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
        relation = cl.Relation(
            lhs,
            op,
            rhs,
            label=draw(st.sampled_from([label, (label, "other")])) if label else "",
            fixed=draw(per_group(numbers)),
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


GUIDE = Path(__file__).resolve().parents[2] / "docs" / "crosslag" / "syntax.md"


def test_every_example_of_the_guide_can_be_read():
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"```lavaan\n(.*?)```", text, flags=re.DOTALL)
    quoted = re.findall(r"cl\.(?:fit|parse)\(\"([^\"]+)\"", text)
    cells = [
        cell for row in re.findall(r"^\| `.*\|$", text, re.MULTILINE) for cell in row.split("|")
    ]
    examples = [e for cell in cells for e in re.findall(r"`([^`]+ (?:=~|~|~~) [^`]+)`", cell)]
    assert len(blocks) + len(quoted) + len(examples) >= 8
    for example in [*blocks, *quoted, *examples]:
        cl.parse(example)


def test_the_guide_shows_a_fault_as_it_is_shown():
    text = GUIDE.read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL)
    with pytest.raises(cl.ModelSyntaxError) as caught:
        cl.parse("x2 ~ x1\n" + shown.splitlines()[1].strip())
    assert str(caught.value) == shown.rstrip("\n")


def test_the_guide_names_every_modifier_function_and_builder():
    text = GUIDE.read_text(encoding="utf-8")
    from crosslag import builders
    from crosslag.syntax.terms import _CALLS

    missing = [name for name in (*FUNCTIONS, *builders.__all__) if name not in text]
    missing += [f"{name}(" for name in _CALLS if f"{name}(" not in text]
    assert missing == []
