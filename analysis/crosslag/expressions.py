"""Expressions of parameter labels: what ``:=``, ``==``, ``<`` and ``>`` are made of.

An expression is a small frozen tree, never code: it holds numbers, labels, ``+ - * / ^`` and a few
functions. It is evaluated together with its exact first and second derivatives (a :class:`Jet`),
so that constraints and defined parameters need no numerical differentiation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from crosslag._types import Float

__all__ = [
    "FUNCTIONS",
    "Binary",
    "Call",
    "Constraint",
    "Definition",
    "Expression",
    "Jet",
    "Name",
    "Negated",
    "Number",
    "evaluate",
    "labels",
    "renamed",
]

Comparison = Literal["==", "<", ">"]
_ATOM, _POWER, _UNARY, _PRODUCT, _SUM = 5, 4, 3, 2, 1
_RANK = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is not negative; a sign is :class:`Negated`."""

    value: float

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Name:
    """The label of a parameter, or the name of a defined one."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Negated:
    """Minus something."""

    operand: Expression

    def __str__(self) -> str:
        return "-" + _wrapped(self.operand, _UNARY)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands joined by ``+ - * / ^``."""

    operator: Literal["+", "-", "*", "/", "^"]
    left: Expression
    right: Expression

    def __str__(self) -> str:
        rank = _RANK[self.operator]
        at_left, at_right = (_ATOM, _POWER) if self.operator == "^" else (rank, rank + 1)
        return _wrapped(self.left, at_left) + self.operator + _wrapped(self.right, at_right)


@dataclass(frozen=True, slots=True)
class Call:
    """One of :data:`FUNCTIONS` of something."""

    function: str
    argument: Expression

    def __str__(self) -> str:
        return f"{self.function}({self.argument})"


Expression: TypeAlias = Number | Name | Negated | Binary | Call


def number_text(value: float) -> str:
    """Write a number so that reading it gives the same number."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(float(value))


def _wrapped(expression: Expression, least: int) -> str:
    return f"({expression})" if _rank(expression) < least else str(expression)


def _rank(expression: Expression) -> int:
    match expression:
        case Binary(operator, _, _):
            return _RANK[operator]
        case Negated():
            return _UNARY
        case _:
            return _ATOM


@dataclass(frozen=True, slots=True)
class Definition:
    """A defined parameter, ``name := expression``.

    Attributes
    ----------
    name
        What it is called.
    expression
        A tree of labels, numbers, ``+ - * / ^`` and functions; :func:`crosslag.parse` makes it.
    within_group
        Whether every group has its own (``name.g1``, ``name.g2``), made of that group's labels.
    """

    name: str
    expression: Expression
    within_group: bool = False

    def __str__(self) -> str:
        return f"{self.name} := {self.expression}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """An equality ``left == right``, or a bound ``left < right``, ``left > right``.

    Attributes
    ----------
    left, right
        Trees of labels and numbers, as in :class:`Definition`; linear or not.
    operator
        ``"=="``, ``"<"`` or ``">"``; a bound may hold with equality.
    within_group
        Whether it holds in every group by itself, of that group's labels.
    groups
        Where, if so: in ``"all"`` groups, in the ``"first"`` only, or in all ``"others"``, with
        the right side made of the first group's labels.
    """

    left: Expression
    operator: Comparison
    right: Expression
    within_group: bool = False
    groups: Literal["all", "first", "others"] = "all"

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    @property
    def difference(self) -> Expression:
        """What is zero under an equality and at least zero under a bound."""
        if self.operator == "<":
            return _minus(self.right, self.left)
        return _minus(self.left, self.right)


def _minus(left: Expression, right: Expression) -> Expression:
    return left if right == Number(0.0) else Binary("-", left, right)


def labels(expression: Expression) -> Iterator[str]:
    """Name every label of an expression, in order, repeated as they are."""
    match expression:
        case Name(name):
            yield name
        case Negated(operand) | Call(_, operand):
            yield from labels(operand)
        case Binary(_, left, right):
            yield from labels(left)
            yield from labels(right)


def renamed(expression: Expression, names: Mapping[str, str]) -> Expression:
    """Replace labels by others; those that ``names`` lacks stay."""
    match expression:
        case Name(name):
            return Name(names.get(name, name))
        case Negated(operand):
            return Negated(renamed(operand, names))
        case Call(function, argument):
            return Call(function, renamed(argument, names))
        case Binary(operator, left, right):
            return Binary(operator, renamed(left, names), renamed(right, names))
        case _:
            return expression


@dataclass(frozen=True, slots=True, eq=False)
class Jet:
    """A value with its gradient, (q,), and Hessian, (q, q), in the estimated parameters.

    The Hessian is None where it was not asked for.
    """

    value: float
    gradient: Float
    hessian: Float | None

    @classmethod
    def constant(cls, value: float, q: int, *, curved: bool = True) -> Jet:
        """Give a number that depends on no parameter."""
        return cls(value, np.zeros(q), np.zeros((q, q)) if curved else None)

    @classmethod
    def parameter(cls, value: float, position: int, q: int, *, curved: bool = True) -> Jet:
        """Give the parameter at ``position`` itself."""
        gradient = np.zeros(q)
        gradient[position] = 1.0
        return cls(value, gradient, np.zeros((q, q)) if curved else None)

    def through(self, value: float, first: float, second: float) -> Jet:
        """Apply a function of one variable, given its value and two derivatives here."""
        if self.hessian is None:
            return Jet(value, first * self.gradient, None)
        curved = second * np.outer(self.gradient, self.gradient)
        return Jet(value, first * self.gradient, first * self.hessian + curved)

    def plus(self, other: Jet, sign: float = 1.0) -> Jet:
        """Add, or subtract with ``sign=-1``."""
        hessian = None
        if self.hessian is not None and other.hessian is not None:
            hessian = self.hessian + sign * other.hessian
        gradient = self.gradient + sign * other.gradient
        return Jet(self.value + sign * other.value, gradient, hessian)

    def times(self, other: Jet) -> Jet:
        """Multiply."""
        hessian = None
        if self.hessian is not None and other.hessian is not None:
            cross = np.outer(self.gradient, other.gradient)
            hessian = self.value * other.hessian + other.value * self.hessian + cross + cross.T
        gradient = self.value * other.gradient + other.value * self.gradient
        return Jet(self.value * other.value, gradient, hessian)


def _exp(x: float) -> tuple[float, float, float]:
    value = math.exp(x) if x < 700 else math.nan
    return value, value, value


def _log(x: float) -> tuple[float, float, float]:
    return (math.log(x), 1 / x, -1 / x**2) if x > 0 else _UNDEFINED


def _sqrt(x: float) -> tuple[float, float, float]:
    return (math.sqrt(x), 0.5 / math.sqrt(x), -0.25 * x**-1.5) if x > 0 else _UNDEFINED


def _abs(x: float) -> tuple[float, float, float]:
    return abs(x), math.copysign(1.0, x), 0.0


_UNDEFINED = (math.nan, math.nan, math.nan)
FUNCTIONS: Mapping[str, Callable[[float], tuple[float, float, float]]] = {
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "abs": _abs,
}


def evaluate(
    expression: Expression, known: Mapping[str, Jet], q: int, *, curved: bool = True
) -> Jet:
    """Evaluate with derivatives in q parameters; NaN where undefined, as log(-1) is.

    Without ``curved`` there are no second derivatives.

    Raises
    ------
    KeyError
        If a label is not ``known``.
    """
    with np.errstate(all="ignore"):
        return _evaluate(expression, known, q, curved)


def _evaluate(expression: Expression, known: Mapping[str, Jet], q: int, curved: bool) -> Jet:
    match expression:
        case Number(value):
            return Jet.constant(value, q, curved=curved)
        case Name(name):
            return known[name]
        case Negated(operand):
            inner = _evaluate(operand, known, q, curved)
            return inner.through(-inner.value, -1.0, 0.0)
        case Call(function, argument):
            inner = _evaluate(argument, known, q, curved)
            return inner.through(*_or_undefined(FUNCTIONS[function], inner.value))
        case Binary(operator, left, right):
            a, b = (_evaluate(side, known, q, curved) for side in (left, right))
            return _joined(operator, a, b)


def value_of(expression: Expression, known: Mapping[str, float]) -> float:
    """Evaluate without derivatives; NaN where undefined.

    Raises
    ------
    KeyError
        If a label is not ``known``.
    """
    match expression:
        case Number(value):
            return value
        case Name(name):
            return known[name]
        case Negated(operand):
            return -value_of(operand, known)
        case Call(function, argument):
            return _or_undefined(FUNCTIONS[function], value_of(argument, known))[0]
        case Binary(operator, left, right):
            return _joined_values(operator, value_of(left, known), value_of(right, known))


def _joined_values(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else math.nan
        case _:
            return _or_undefined(_power(right), left)[0]


def _or_undefined(
    function: Callable[[float], tuple[float, float, float]], x: float
) -> tuple[float, float, float]:
    try:
        return function(x)
    except (OverflowError, ZeroDivisionError):
        return _UNDEFINED


def _joined(operator: str, left: Jet, right: Jet) -> Jet:
    match operator:
        case "+":
            return left.plus(right)
        case "-":
            return left.plus(right, -1.0)
        case "*":
            return left.times(right)
        case "/":
            return left.times(right.through(*_or_undefined(_power(-1.0), right.value)))
        case _ if not right.gradient.any():
            return left.through(*_or_undefined(_power(right.value), left.value))
        case _:
            exponent = right.times(left.through(*_or_undefined(_log, left.value)))
            return exponent.through(*_or_undefined(_exp, exponent.value))


def _power(exponent: float) -> Callable[[float], tuple[float, float, float]]:
    """Raise to a constant power; NaN where that is undefined."""

    def power(x: float) -> tuple[float, float, float]:
        if exponent in (0.0, 1.0):
            return x**exponent, exponent, 0.0
        if x < 0 and not exponent.is_integer():
            return _UNDEFINED
        second = exponent * (exponent - 1)
        slope = exponent * x ** (exponent - 1)
        return x**exponent, slope, second * x ** (exponent - 2) if exponent != 2 else second

    return power
