"""Expressions of labels and numbers, by precedence climbing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, cast

from crosslag.errors import ModelSyntaxError
from crosslag.expressions import (
    FUNCTIONS,
    Binary,
    Call,
    Expression,
    Name,
    Negated,
    Number,
    evaluate,
    labels,
)
from crosslag.syntax.tokens import Statement, Token

__all__ = ["constant", "expression"]

# Expressions are walked recursively, which Python ends at about a thousand calls.
_DEEPEST, _NESTED = 200, 60
_LEVELS = (frozenset({"+", "-"}), frozenset({"*", "/"}))


def expression(statement: Statement, tokens: Sequence[Token]) -> Expression:
    """Read an expression from all of ``tokens``.

    Raises
    ------
    ModelSyntaxError
        If they are none.
    """
    reader = _Reader(statement, tokens)
    result = reader.level(0)
    if reader.following is not None:
        raise reader.error(f"'{reader.following.text}' is not expected here")
    if _depth(result) > _DEEPEST:
        raise statement.error("this expression is too long; split it up with :=", tokens[0])
    return result


def _depth(expression: Expression) -> int:
    deepest = 0
    waiting: list[tuple[Expression, int]] = [(expression, 1)]
    while waiting:
        found, depth = waiting.pop()
        deepest = max(deepest, depth)
        match found:
            case Negated(inner) | Call(_, inner):
                waiting.append((inner, depth + 1))
            case Binary(_, left, right):
                waiting += [(left, depth + 1), (right, depth + 1)]
    return deepest


def constant(expression: Expression) -> float | None:
    """Compute an expression of numbers; None if it names a label or is undefined."""
    if any(labels(expression)):
        return None
    value = evaluate(expression, {}, 0, curved=False).value
    return value if math.isfinite(value) else None


class _Reader:
    def __init__(self, statement: Statement, tokens: Sequence[Token]) -> None:
        self._statement = statement
        self._tokens = tokens
        self._at = 0
        self._nested = 0

    @property
    def following(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def error(self, complaint: str) -> ModelSyntaxError:
        return self._statement.error(complaint, self.following)

    def level(self, depth: int) -> Expression:
        if depth == len(_LEVELS):
            return self._signed()
        left = self.level(depth + 1)
        while (operator := self._accept(_LEVELS[depth])) is not None:
            sign = cast(Literal["+", "-", "*", "/"], operator.text)
            left = Binary(sign, left, self.level(depth + 1))
        return left

    def _accept(self, texts: frozenset[str]) -> Token | None:
        token = self.following
        if token is None or token.kind != "operator" or token.text not in texts:
            return None
        self._at += 1
        return token

    def _signed(self) -> Expression:
        self._nested += 1
        if self._nested > _NESTED:
            raise self.error("this expression is nested too deeply; split it up with :=")
        found = self._power()
        self._nested -= 1
        return found

    def _power(self) -> Expression:
        if self._accept(frozenset("-")):
            return Negated(self._signed())
        if self._accept(frozenset("+")):
            return self._signed()
        base = self._atom()
        if self._accept(frozenset("^")):
            return Binary("^", base, self._signed())
        return base

    def _atom(self) -> Expression:
        token = self.following
        if token is None:
            raise self.error("something is missing here")
        if self._accept(frozenset("(")):
            inner = self.level(0)
            self._close()
            return inner
        if token.kind == "number":
            self._at += 1
            return Number(float(token.text))
        if token.kind != "name":
            raise self.error(f"a label or a number is expected, not '{token.text}'")
        self._at += 1
        after = self.following
        if after is None or after.text != "(":
            return Name(token.text)
        if token.text not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise self._statement.error(f"'{token.text}' is no function; there are {known}", token)
        self._at += 1
        argument = self.level(0)
        self._close()
        return Call(token.text, argument)

    def _close(self) -> None:
        if not self._accept(frozenset(")")):
            raise self.error("a closing bracket is missing here")
