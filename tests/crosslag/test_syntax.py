"""The model syntax: what it reads, what it refuses, and the way back."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas as pd
import pytest

import crosslag as cl
from crosslag.expressions import (
    FUNCTIONS,
)

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
        ("y ~*~ 1*y", 1, 3),
        ("f =~ x1 %in% x2", 1, 9),
        ("y ~ .", 1, 5),
        ("y ~ x - 1", 1, 7),
        ("y ~ log(x)", 1, 8),
        ("y ~ 1e999*x", 1, 5),
        ("y ~ a*x\nq := pnorm(a)", 2, 6),
        ('y ~ prior("normal(0,1)")*x', 1, 5),
        ('efa("a")*f =~ x1 + x2', 1, 4),
        ("y ~ a*x\n0 < a < 1", 2, 7),
        ("group: 1\ny ~ x", 1, 6),
        ("y = x", 1, 3),
        ("y <- x", 1, 1),
        ("  \n\n", 1, 1),
        ("# nothing but a comment", 1, 1),
        ("f =~ \u201cx1\u201d + x2", 1, 6),
        ("y ~ \u22120.5*x", 1, 5),
        ("# a page\f and a line\u2028 in a comment\ny ~ $", 2, 5),
    ],
)
def test_a_fault_is_shown_with_line_and_caret(syntax, line, column):
    with pytest.raises(cl.ModelSyntaxError) as caught:
        cl.parse(syntax)
    assert (caught.value.line, caught.value.column) == (line, column)
    shown, caret = str(caught.value).split("\n")[-2:]
    assert caret.index("^") == column + 1
    assert shown[2:] == syntax.split("\n")[line - 1].rstrip()


@pytest.mark.parametrize(
    ("syntax", "line", "caret"),
    [
        ("\ty\t~\tx |", " y ~ x |", "       ^"),  # a tab is as wide as a space here
        ("\u5026\u6020 ~ | x", "\u5026\u6020 ~ | x", "       ^"),  # letters two columns wide
        ("u\u0308 ~ | x", "u\u0308 ~ | x", "    ^"),  # an accent takes none
    ],
)
def test_the_caret_stands_below_the_fault_in_any_script(syntax, line, caret):
    with pytest.raises(cl.ModelSyntaxError) as caught:
        cl.parse(syntax)
    assert str(caught.value).split("\n")[1:] == [f"  {line}", f"  {caret}"]


@pytest.mark.parametrize(
    "syntax",
    [
        "y ~ x\r\nz ~ y\r\n",
        "y ~ x\rz ~ y",
        "\ufeffy ~ x\nz ~ y",
        "\ty\t~\u00a0x ;;; z ~ y ;",
    ],
)
def test_ends_of_lines_and_blanks_may_be_those_of_any_editor(syntax):
    assert list(relations_of(syntax)) == ["y ~ x", "z ~ y"]


@pytest.mark.parametrize(
    "expression",
    ["(" * 5000 + "a" + ")" * 5000, "-" * 5000 + "a", "a^" * 5000 + "a", "+".join(["a"] * 5000)],
)
def test_endless_expressions_are_refused(expression):
    with pytest.raises(cl.ModelSyntaxError, match="split it up"):
        cl.parse(f"y ~ a*x\nq := {expression}")


def test_expressions_as_long_as_people_write_are_read():
    model = cl.parse(f"y ~ a*x\nq := {'+'.join(['a'] * 150)}\nr := {'exp(' * 20}a{')' * 20}")
    assert [str(d)[:4] for d in model.definitions] == ["q :=", "r :="]


@pytest.mark.parametrize(
    "name",
    ["M\u00fcde", "Mu\u0308de", "\u5026\u6020", "\u0939\u093f\u0928\u094d\u0926\u0940_1", ".x.1"],
)
def test_names_may_be_in_any_script(name):
    model = cl.parse(f"y ~ {name}")
    assert model.observed == ("y", name)
    assert cl.parse(model.to_lavaan(), auto="none").table() == model.table()


@pytest.mark.parametrize("syntax", [None, 5, ["y ~ x"]])
def test_only_a_text_is_a_syntax(syntax):
    with pytest.raises(cl.ModelError, match="must be a text"):
        cl.parse(syntax)


def test_a_label_of_a_fixed_parameter_fixes_all_that_share_it():
    """As in lavaan: sem() fixes the first loading, and all with its label with it."""
    rows = cl.parse("f =~ a*x1 + a*x2 + x3").table().rows
    assert [(r.free < 0, r.value) for r in rows if r.label] == [(True, 1.0)] * 2
    model = cl.parse("y ~ c(a, b)*x + c(a, a)*z + c(0.5, NA)*x")
    assert model.table(2).n_free == cl.parse("y ~ x + z").table(2).n_free - 3
    with pytest.raises(cl.ModelError, match=r"fixed at 0\.5, but it is fixed at 2"):
        cl.parse("y ~ a*x + 0.5*x + a*z + 2*z").table()


def test_equal_takes_one_label_for_each_group():
    read = relations_of('y ~ c(a, b)*x\nz ~ equal(c("a", "b"))*x')
    assert read["z ~ x"].label == ("a", "b")


def test_numbers_may_be_computed():
    read = relations_of("y ~ (1/2)*x + sqrt(2)*z + -2^2*v")
    assert [r.fixed for r in read.values()] == [0.5, math.sqrt(2), -4.0]


DEFAULTS = Path(__file__).resolve().parents[1] / "reference" / "defaults"
DEFAULT_MODELS = (DEFAULTS / "models.txt").read_text().strip().split("\n\n")


def test_the_parameters_of_many_models_are_those_of_lavaan():
    """Free or fixed, and at what: what sem() makes of models with every kind of relation."""
    table = pd.read_csv(DEFAULTS / "tables.csv", keep_default_na=False)
    assert table["model"].nunique() == len(DEFAULT_MODELS) > 100
    for number, theirs in table.groupby("model"):
        expected = {
            ordered(row.lhs, row.op, "" if row.op == "~1" else row.rhs): (row.label, row.value)
            for row in theirs.astype(str).itertuples()
        }
        ours = {
            ordered(row.lhs, row.op, row.rhs): (row.label, "" if row.free >= 0 else row.value)
            for row in cl.parse(DEFAULT_MODELS[int(number) - 1]).table().rows
        }
        for key in expected.keys() | ours.keys():
            label, value = ours.get(key, ("", 0.0))
            label_there, value_there = expected.get(key, ("", "0"))
            stated = float(value_there) if value_there else ""
            assert label == label_there, (number, key)
            assert value == (pytest.approx(stated) if value_there else ""), (number, key)


def ordered(lhs, op, rhs):
    return (min(lhs, rhs), op, max(lhs, rhs)) if op == "~~" else (lhs, op, rhs)


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
