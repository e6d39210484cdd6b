"""From statements to a model: :func:`parse`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, TypeVar, cast, get_args

from crosslag.errors import ModelError, ModelSyntaxError
from crosslag.expressions import Constraint, Definition, Name, Negated, Number, labels
from crosslag.model import Model, Operator, Relation
from crosslag.syntax.algebra import expression
from crosslag.syntax.defaults import exogenous_observed, with_defaults
from crosslag.syntax.terms import Modifiers, Term, split_sum, terms
from crosslag.syntax.tokens import Statement, Token, statements

__all__ = ["Auto", "parse", "parse_constraints"]

Auto: TypeAlias = Literal["sem", "none"]
_T = TypeVar("_T")
_COMPARISONS = frozenset({"==", "<", ">"})


def parse(syntax: str, auto: Auto = "sem") -> Model:
    """Read a model in lavaan's syntax.

    Parameters
    ----------
    syntax
        Statements with ``=~``, ``~``, ``~~``, ``~ 1``, ``:=``, ``==``, ``<`` or ``>``; modifiers
        ``2*``, ``label*``, ``NA*``, ``start(2)*``, ``equal("label")*``, ``lower(0)*``,
        ``upper(1)*`` and vectors ``c(a, b)*`` for groups; comments after ``#`` or ``!``.
    auto
        ``"sem"`` adds what lavaan's ``sem()`` adds: variances, covariances of exogenous variables
        and of the last outcomes, and a loading of 1 for the first indicator; ``"none"`` adds
        nothing but the intercepts of observed variables, as
        ``lavaan(model, int.ov.free=TRUE)``.

    Returns
    -------
    Model
        Frozen, as builders make them; :func:`fit` takes it in place of the text.

    Raises
    ------
    ModelSyntaxError
        If the text can't be read; the message shows the place.
    ModelError
        If the model contradicts itself.
    """
    _require_text(syntax)
    if auto not in get_args(Auto):
        raise ModelError(f"auto={auto!r} is unknown; use one of {list(get_args(Auto))}.")
    collected = _Collected()
    for statement in statements(_plain(syntax)):
        _collect(statement, collected)
    if not collected.stated:
        raise ModelSyntaxError(
            "the model has no relation, such as y ~ x or f =~ x1 + x2", _plain(syntax), 1, 1
        )
    _resolve_equal(collected)
    _add_bounds(collected)
    relations = [s.relation for s in collected.stated.values()]
    exogenous = exogenous_observed(relations)
    if auto == "sem":
        freed = {key for key, s in collected.stated.items() if s.modifiers.freed}
        relations = with_defaults(relations, freed)
    return Model(
        tuple(relations),
        definitions=tuple(_in_order(collected.definitions)),
        constraints=tuple(collected.constraints),
        exogenous=exogenous,
    )


def parse_constraints(syntax: str) -> tuple[Constraint, ...]:
    """Read constraints alone, such as ``"a == b; c > 0"``.

    Raises
    ------
    ModelSyntaxError
        If there is anything else.
    """
    found = []
    _require_text(syntax)
    for statement in statements(_plain(syntax)):
        if statement.operator.text not in _COMPARISONS:
            raise statement.error("only ==, < and > are possible here", statement.operator)
        found.append(_constraint(statement))
    if not found:
        raise ModelSyntaxError("there is no constraint, such as a == b", _plain(syntax), 1, 1)
    return tuple(found)


def _require_text(syntax: object) -> None:
    if not isinstance(syntax, str):
        raise ModelError(f"The syntax must be a text, not {type(syntax).__name__}.")


def _plain(text: str) -> str:
    """Drop the mark that some editors put first, and end every line in the same way."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@dataclass
class _Stated:
    relation: Relation
    modifiers: Modifiers
    statement: Statement
    token: Token


@dataclass
class _Collected:
    stated: dict[tuple[str, str, str], _Stated] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)


def _collect(statement: Statement, into: _Collected) -> None:
    operator = statement.operator.text
    if operator in _COMPARISONS:
        into.constraints.append(_constraint(statement))
    elif operator == ":=":
        name = _single_name(statement)
        if name.text in into.definitions:
            raise statement.error(f"'{name.text}' is defined already", name)
        into.definitions[name.text] = Definition(name.text, expression(statement, statement.right))
    else:
        _collect_formula(statement, into)


def _constraint(statement: Statement) -> Constraint:
    left = expression(statement, statement.left)
    right = expression(statement, statement.right)
    if not [*labels(left), *labels(right)]:
        raise statement.error("this constraint names no parameter", statement.operator)
    return Constraint(left, cast(Literal["==", "<", ">"], statement.operator.text), right)


def _single_name(statement: Statement) -> Token:
    if len(statement.left) != 1 or statement.left[0].kind != "name":
        at = statement.left[0] if statement.left else statement.operator
        raise statement.error("':=' needs one name before it", at)
    return statement.left[0]


def _collect_formula(statement: Statement, into: _Collected) -> None:
    operator = statement.operator.text
    if not statement.left:
        raise statement.error(f"a variable is missing before '{operator}'", statement.operator)
    read = list(terms(statement)) if statement.right else []
    if not read:
        raise statement.error(f"nothing follows '{operator}'")
    for part in split_sum(statement, statement.left):
        if len(part) > 1 or part[0].kind != "name":
            at = part[1] if len(part) > 1 else part[0]
            raise statement.error("names joined by '+' are expected before the operator", at)
        for term in read:
            _add(statement, part[0].text, operator, term, into)


def _add(statement: Statement, lhs: str, operator: str, term: Term, into: _Collected) -> None:
    op, rhs = (operator, term.variable) if term.variable != "1" else ("~1", "")
    if op in ("~", "=~") and lhs == rhs:
        raise statement.error(f"'{lhs}' can't be related to itself by '{op}'", term.token)
    said = term.modifiers
    relation = Relation(
        lhs,
        cast(Operator, op),
        rhs,
        label=_one_or_all(said.labels, ""),
        fixed=_one_or_all(said.fixed, None),
        start=_one_or_all(said.starts, None),
    )
    if relation.key in into.stated:
        raise statement.error(f"'{relation}' is stated already", term.token)
    if said.freed and said.fixed is not None:
        raise statement.error("NA* and a fixed value contradict each other", term.token)
    into.stated[relation.key] = _Stated(relation, said, statement, term.token)


def _one_or_all(values: tuple[_T, ...] | None, default: _T) -> _T | tuple[_T, ...]:
    if values is None:
        return default
    return values[0] if len(values) == 1 else values


def _invented_label(stated: _Stated, into: _Collected) -> str:
    """Make a label for a parameter without one, unlike all others."""
    taken = {name for s in into.stated.values() for name in _labels_of(s.relation)}
    taken |= set(into.definitions)
    relation = stated.relation
    words = {"=~": "by", "~": "on", "~~": "with", "~1": "mean"}
    made = "_".join(filter(None, (relation.lhs, words[relation.op], relation.rhs)))
    while any(name == made or name.startswith(f"{made}.g") for name in taken):
        made += "_"
    return made


def _labels_of(relation: Relation) -> tuple[str, ...]:
    return relation.label if isinstance(relation.label, tuple) else (relation.label,)


def _resolve_equal(collected: _Collected) -> None:
    """Give parameters with ``equal("...")`` the label of the one they refer to."""
    by_text = {str(s.relation).replace(" ", ""): s for s in collected.stated.values()}
    for stated in collected.stated.values():
        if stated.modifiers.equal is None:
            continue
        found = tuple(
            _referred(reference, stated, by_text, collected) for reference in stated.modifiers.equal
        )
        stated.relation = replace(stated.relation, label=_one_or_all(found, ""))


def _referred(
    reference: str, stated: _Stated, by_text: dict[str, _Stated], collected: _Collected
) -> str:
    """The label that ``equal("...")`` names, or that of the parameter which it names."""
    if reference in by_text:
        target = by_text[reference]
        if isinstance(target.relation.label, tuple) or target.modifiers.bounded:
            raise stated.statement.error(
                f"'{reference}' has a bound, or a label for each group, and can't be referred to by"
                " its name: label it, and use the label",
                stated.token,
            )
        if not target.relation.label:
            label = _invented_label(target, collected)
            # lavaan ties all groups of the parameter that refers, but this one's first only.
            target.relation = replace(target.relation, label=label, first_group=True)
        return str(target.relation.label)
    if reference in {name for s in collected.stated.values() for name in _labels_of(s.relation)}:
        return reference
    raise stated.statement.error(f"no parameter or label is called '{reference}'", stated.token)


def _add_bounds(collected: _Collected) -> None:
    """Turn bounds into constraints: of a label, or of each group's own parameter."""
    for stated in collected.stated.values():
        if not stated.modifiers.bounded:
            continue
        if isinstance(stated.relation.label, tuple):
            raise stated.statement.error(
                "a parameter with a label for each group can't be bounded as one; bound the labels",
                stated.token,
            )
        own = not stated.relation.label
        if own:
            label = _invented_label(stated, collected)
            stated.relation = replace(stated.relation, label=label, within_group=True)
        name = Name(str(stated.relation.label))
        for bound, sign in ((stated.modifiers.lower, ">"), (stated.modifiers.upper, "<")):
            if bound is None:
                continue
            value = Number(bound) if bound >= 0 else Negated(Number(-bound))
            operator = cast(Literal["<", ">"], sign)
            collected.constraints.append(Constraint(name, operator, value, within_group=own))


def _in_order(definitions: dict[str, Definition]) -> Iterator[Definition]:
    """Put every definition behind those that it uses.

    Raises
    ------
    ModelError
        If they refer to each other in a circle.
    """
    waiting = dict(definitions)
    while waiting:
        ready = [d for d in waiting.values() if not _uses(d, waiting)]
        if not ready:
            circle = ", ".join(waiting)
            raise ModelError(f"These definitions refer to each other in a circle: {circle}.")
        yield ready[0]
        del waiting[ready[0].name]


def _uses(definition: Definition, names: Iterable[str]) -> bool:
    return bool(set(labels(definition.expression)).intersection(names))
