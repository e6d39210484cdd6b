"""Rules that protocols write in CEL: checked against the types of their variables, and bounded.

A rule is unknown (None) when its outcome depends on a value that is missing. As in CEL itself,
``&&`` and ``||`` still decide where what is known suffices: ``age >= 18 && licensed == 'yes'``
is false for somebody without a licence, whatever the age.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from cel_expr_python import cel

from longwave.domain.instrument import Item, ItemKind
from longwave.domain.items import chosen

VariableType = Literal["number", "text", "texts"]
Value = str | float | Sequence[str]
"""A number, a text, or the texts of several answers chosen."""

_LONGEST_RULE = 2000
_TYPES: dict[VariableType, Any] = {
    "number": cel.Type.DOUBLE,
    "text": cel.Type.STRING,
    "texts": cel.Type.List(cel.Type.STRING),
}
_KINDS: Mapping[ItemKind, VariableType] = {
    "likert": "number",
    "number": "number",
    "slider": "number",
    "consent": "number",
    "choice": "text",
    "time": "text",
    "choices": "texts",
}
_EXAMPLES: Mapping[VariableType, Value] = {"number": 1.0, "text": "x", "texts": ("x",)}
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_BUDGET = "Iteration budget"
# CEL tells whole numbers from decimal ones and does not mix them; every number that a rule can
# meet here is a decimal one. So that `age >= 18` means what it says, 18 is read as 18.0. Strings
# and names are matched first, since digits inside them are not numbers.
_TOKEN = re.compile(
    r"""(?P<skip>//[^\n]*
    |[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |[A-Za-z_]\w*
    |0[xX][0-9a-fA-F]+[uU]?
    |\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU])
    |(?P<whole>\d+)""",
    re.VERBOSE | re.DOTALL,
)

_NAMES = re.compile(
    r"""//[^\n]*
    |[rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?<![\w.])(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)(?!\w)(?!\s*\()""",
    re.VERBOSE | re.DOTALL,
)


class RuleError(ValueError):
    """The text is not a usable rule; the message says why, for the author of the protocol."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule."""

    source: str
    _expression: Any

    def outcome(self, values: Mapping[str, Value | None]) -> bool | None:
        """Return whether the rule holds, or None when that depends on a missing value.

        Parameters
        ----------
        values
            Value by variable; one that is None or left out is missing.
        """
        present = {name: _plain(value) for name, value in values.items() if value is not None}
        try:
            result = self._expression.eval(data=present)
        except RuntimeError:
            return None
        value = result.value()
        return value if isinstance(value, bool) else None

    def exceeds_budget(self, values: Mapping[str, Value | None]) -> bool:
        """Return whether the rule, given these values, takes more steps than any rule may."""
        try:
            present = {name: _plain(value) for name, value in values.items() if value is not None}
            self._expression.eval(data=present)
        except RuntimeError as error:
            return _BUDGET in str(error)
        return False


def item_variables(items: Iterable[Item]) -> tuple[tuple[str, VariableType], ...]:
    """Return items as the variables of a rule.

    A choice and a time are text, several choices a list of texts, all others numbers. Written
    texts and dates are no variables, since exports leave them out unless somebody asks for them,
    and what follows from an answer must be the same with and without.
    """
    return tuple((item.id, _KINDS[item.kind]) for item in items if item.kind in _KINDS)


def read_variable(item: Item, stored: str) -> Value | None:
    """Return a stored answer as a rule knows it; None if the item is no variable."""
    kind = _KINDS.get(item.kind)
    if kind is None:
        return None
    if kind == "texts":
        return chosen(stored)
    return float(stored) if kind == "number" else stored


def examples(variables: Iterable[tuple[str, VariableType]]) -> dict[str, Value]:
    """Return a value for each variable, to try a rule on."""
    return {name: _EXAMPLES[kind] for name, kind in variables}


def mentions(source: str) -> tuple[str, ...]:
    """Return the names that a rule mentions, such as ``age`` and ``phq_4.q4``, in their order.

    Names of functions are left out, and so is what stands in strings and comments.
    """
    found = (match["name"] for match in _NAMES.finditer(source))
    return tuple(dict.fromkeys(name for name in found if name))


def _plain(value: Value) -> str | float | list[str]:
    return value if isinstance(value, (str, float, int)) else list(value)


@lru_cache(maxsize=512)
def compile_rule(source: str, variables: tuple[tuple[str, VariableType], ...]) -> Rule:
    """Compile a rule over typed variables; the same rule is compiled once.

    Raises
    ------
    RuleError
        If the text is no rule: broken syntax, an unknown variable, types that do not fit, or
        a result that is neither true nor false.
    """
    if len(source) > _LONGEST_RULE:
        raise RuleError(f"The rule is longer than {_LONGEST_RULE} characters.")
    environment = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in variables})
    try:
        expression = environment.compile(_with_decimals(source))
    except RuntimeError as error:
        try:
            expression = environment.compile(source)
        except RuntimeError:
            raise RuleError(_explained(str(error))) from None
    if expression.return_type() != cel.Type.BOOL:
        raise RuleError("The rule does not come out as true or false.")
    return Rule(source, expression)


def _with_decimals(source: str) -> str:
    return _TOKEN.sub(lambda match: f"{match['whole']}.0" if match["whole"] else match[0], source)


def _explained(error: str) -> str:
    found = _PLACE.search(error)
    if found is None:
        return "The rule cannot be read: " + error.splitlines()[0].removesuffix(".")[:200] + "."
    reason = found[3].replace(" (in container '')", "").replace("double", "number")
    return f"The rule cannot be read: {reason[:200]}."
