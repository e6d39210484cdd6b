"""The right-hand side of a formula: variables with their modifiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from crosslag.errors import ModelSyntaxError
from crosslag.expressions import FUNCTIONS, Name
from crosslag.syntax.algebra import constant, expression
from crosslag.syntax.tokens import Statement, Token

__all__ = ["Modifiers", "Term", "split_sum", "terms"]

Values: TypeAlias = tuple[float | None, ...]
_CALLS = frozenset({"c", "start", "label", "equal", "lower", "upper"})


@dataclass
class Modifiers:
    """What was said of one parameter; tuples hold one entry, or one for each group."""

    fixed: Values | None = None
    labels: tuple[str, ...] | None = None
    starts: Values | None = None
    equal: tuple[str, ...] | None = None
    lower: float | None = None
    upper: float | None = None
    freed: bool = False

    @property
    def bounded(self) -> bool:
        """Whether the parameter has a bound."""
        return not (self.lower is None and self.upper is None)


@dataclass
class Term:
    """A variable, ``"1"`` for an intercept, with what was said of it and where it stands."""

    variable: str
    token: Token
    modifiers: Modifiers = field(default_factory=Modifiers)


def split_sum(statement: Statement, tokens: Sequence[Token], sign: str = "+") -> list[list[Token]]:
    """Split tokens at an operator outside brackets.

    Raises
    ------
    ModelSyntaxError
        If nothing stands on one side of it.
    """
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "operator":
            depth += (token.text == "(") - (token.text == ")")
            if depth < 0:
                raise statement.error("this bracket was never opened", token)
            if token.text == sign and depth == 0:
                if not parts[-1]:
                    raise statement.error(f"something is missing before this '{sign}'", token)
                parts.append([])
                continue
        parts[-1].append(token)
    if not parts[-1]:
        raise statement.error("something is missing at the end")
    return parts


def terms(statement: Statement) -> Iterator[Term]:
    """Read the terms of a formula, merging what is said twice of a variable.

    Raises
    ------
    ModelSyntaxError
        Pointing at what can't be read.
    """
    read: dict[str, Term] = {}
    for part in split_sum(statement, statement.right):
        *modifiers, target = split_sum(statement, part, "*")
        variable = _variable(statement, target, modifiers=bool(modifiers))
        new = variable not in read
        term = read.setdefault(variable, Term(variable, target[0]))
        if not new and not modifiers:
            raise statement.error(f"'{variable}' stands here for the second time", target[0])
        if variable == "1" and target[0].text == "0":
            _set(statement, target[0], term.modifiers, "fixed", (0.0,))
        for modifier in modifiers:
            _modify(statement, modifier, term.modifiers)
    yield from read.values()


def _variable(statement: Statement, tokens: list[Token], *, modifiers: bool) -> str:
    first = tokens[0]
    if len(tokens) > 1:
        complaint = f"a '+' or '*' is expected before '{tokens[1].text}'"
        if tokens[1].text == "(" and first.text in _CALLS:
            complaint = "a modifier needs '*' and a variable behind it"
        elif tokens[1].text == "(":
            complaint = (
                f"functions of variables are not possible; add {first.text}(...) as a column"
            )
        elif tokens[1].text == "-":
            complaint = "terms are joined by '+'; leave out what you do not want"
        raise statement.error(complaint, tokens[1])
    if first.kind == "name":
        return first.text
    if first.kind == "number" and statement.operator.text == "~":
        value = float(first.text)
        if value == 1.0 or (value == 0.0 and not modifiers):
            return "1"
    raise statement.error(f"a variable's name is expected, not '{first.text}'", first)


def _modify(statement: Statement, tokens: list[Token], into: Modifiers) -> None:
    first = tokens[0]
    if first.kind == "string" and len(tokens) == 1:
        _set(statement, first, into, "labels", (_label(statement, first),))
    elif first.kind == "name" and len(tokens) > 1 and first.text in _CALLS:
        _apply_call(statement, first, _arguments(statement, tokens), into)
    elif first.text == "NA" and len(tokens) == 1:
        into.freed = True
    elif _is_call(tokens) and first.text not in FUNCTIONS:
        known = ", ".join(sorted(_CALLS))
        raise statement.error(f"'{first.text}' is no modifier; there are {known}", first)
    else:
        _apply_expression(statement, tokens, into)


def _is_call(tokens: list[Token]) -> bool:
    return len(tokens) > 1 and tokens[0].kind == "name" and tokens[1].text == "("


def _apply_expression(statement: Statement, tokens: list[Token], into: Modifiers) -> None:
    read = expression(statement, tokens)
    if isinstance(read, Name):
        _set(statement, tokens[0], into, "labels", (read.name,))
        return
    value = constant(read)
    if value is None:
        raise statement.error("a modifier is a number, a label, NA or a function", tokens[0])
    _set(statement, tokens[0], into, "fixed", (value,))


def _arguments(statement: Statement, tokens: list[Token]) -> list[list[Token]]:
    """The arguments of ``name(...)``; ``c(...)`` inside is unwrapped."""
    if tokens[1].text != "(" or tokens[-1].text != ")":
        raise statement.error("this needs its arguments in brackets", tokens[0])
    inner = tokens[2:-1]
    if not inner:
        raise statement.error("there is nothing between the brackets", tokens[1])
    if tokens[0].text != "c" and len(inner) > 1 and inner[0].text == "c" and inner[1].text == "(":
        return _arguments(statement, inner)
    return split_sum(statement, inner, ",")


def _apply_call(
    statement: Statement, name: Token, arguments: list[list[Token]], into: Modifiers
) -> None:
    match name.text:
        case "c":
            _apply_vector(statement, arguments, into)
        case "start":
            numbers = tuple(_number(statement, argument) for argument in arguments)
            _set(statement, name, into, "starts", numbers)
        case "label":
            texts = tuple(_label(statement, argument[0]) for argument in arguments)
            _set(statement, name, into, "labels", texts)
        case "equal":
            texts = tuple(_text(argument[0]).replace(" ", "") for argument in arguments)
            _set(statement, name, into, "equal", texts)
        case bound:
            if len(arguments) > 1:
                raise statement.error(
                    f"{bound}() takes one number for all groups; label the groups' parameters,"
                    " c(a, b)*, and bound the labels",
                    name,
                )
            value = _number(statement, arguments[0])
            if value is None:
                raise statement.error("a bound is a number", arguments[0][0])
            _set(statement, name, into, bound, value)


def _apply_vector(statement: Statement, arguments: list[list[Token]], into: Modifiers) -> None:
    """``c(...)`` holds labels or numbers, one for each group; NA stands for a free parameter."""
    missing = [len(a) == 1 and a[0].text == "NA" for a in arguments]
    if all(missing):
        into.freed = True
        return
    given = [a for a, is_na in zip(arguments, missing, strict=True) if not is_na]
    named = [a[0].kind in ("name", "string") and len(a) == 1 for a in given]
    if any(named) and not all(named):
        raise statement.error("c() holds labels or numbers, not both", arguments[0][0])
    if all(named):
        texts = tuple(
            "" if is_na else _label(statement, a[0])
            for a, is_na in zip(arguments, missing, strict=True)
        )
        _set(statement, arguments[0][0], into, "labels", texts)
    else:
        numbers = tuple(_number(statement, a) for a in arguments)
        _set(statement, arguments[0][0], into, "fixed", numbers)


def _number(statement: Statement, tokens: list[Token]) -> float | None:
    if len(tokens) == 1 and tokens[0].text == "NA":
        return None
    value = constant(expression(statement, tokens))
    if value is None:
        raise statement.error("a number is expected here", tokens[0])
    return value


def _text(token: Token) -> str:
    return token.text[1:-1] if token.kind == "string" else token.text


def _label(statement: Statement, token: Token) -> str:
    text = _text(token)
    if not text.replace(".", "_").isidentifier():
        raise statement.error(
            f"{text!r} is no label: use letters, digits, '_' and '.', a letter first", token
        )
    return text


def _set(statement: Statement, at: Token, into: Modifiers, what: str, value: object) -> None:
    if getattr(into, what) is not None:
        raise _twice(statement, at)
    setattr(into, what, value)


def _twice(statement: Statement, at: Token) -> ModelSyntaxError:
    return statement.error("this parameter has such a modifier already", at)
