"""The same model in the languages of lavaan and Mplus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crosslag.errors import ModelError
from crosslag.expressions import Constraint, Expression, number_text, renamed

if TYPE_CHECKING:
    from crosslag.model import Model, ParameterRow, ParameterTable, Relation

__all__ = ["to_lavaan", "to_mplus"]

_RESERVED_IN_R = frozenset(
    {"if", "else", "repeat", "while", "function", "for", "next", "break", "in", "TRUE", "FALSE"}
    | {"NULL", "NA", "NaN", "Inf", "NA_integer_", "NA_real_", "NA_character_"}
)
_MPLUS_LENGTH = 8
_MPLUS_LINE = 80  # Mplus cuts lines off at 90
# A line may end behind a space or an operator, but not within ** or a number such as 1e-05.
_PIECES = re.compile(r".+?(?:(?<![\d.]e)[-+*/](?!\*)|\s|$)")


def to_lavaan(model: Model, n_groups: int = 1) -> str:
    """Write a model in lavaan's syntax, one parameter to a line.

    Raises
    ------
    ModelError
        If a variable's name is none in that syntax, such as one with a space.
    """
    table = model.table(n_groups)
    named = dict.fromkeys([*table.variables, *(row.label for row in table.rows if row.label)])
    bad = [name for name in named if not _is_name(name)]
    if bad:
        raise ModelError(
            f"{', '.join(map(repr, bad))}: no name in lavaan's syntax; rename to letters, digits,"
            " '_' and '.', a letter first, and no word that R reserves."
        )
    lines = [_relation(r, n_groups) for r in model.relations]
    lines += [str(row.definition) for row in table.definitions]
    lines += [str(constraint) for constraint in table.constraints]
    return "\n".join(lines) + "\n"


def _is_name(text: str) -> bool:
    plain = text.lstrip(".").replace(".", "_")
    return plain.isidentifier() and not plain.startswith("_") and text not in _RESERVED_IN_R


def _relation(relation: Relation, n_groups: int) -> str:
    operator, target = ("~", "1") if relation.op == "~1" else (relation.op, relation.rhs)
    said = [f"{modifier}*{target}" for modifier in _modifiers(relation, n_groups)]
    return f"{relation.lhs} {operator} {' + '.join(said or [target])}"


def _modifiers(relation: Relation, n_groups: int) -> Iterator[str]:
    if relation.fixed is not None:
        yield _values(relation.fixed)
    if isinstance(relation.label, tuple):
        yield f"c({', '.join(label or 'NA' for label in relation.label)})"
    elif relation.label and relation.within_group and n_groups > 1:
        yield f"c({', '.join(f'{relation.label}.g{group + 1}' for group in range(n_groups))})"
    elif relation.label and relation.first_group and n_groups > 1:
        yield f"c({', '.join([relation.label, *['NA'] * (n_groups - 1)])})"
    elif relation.label:
        yield relation.label
    if relation.start is not None:
        text = _values(relation.start)
        yield f"start({text})"


def _values(value: float | tuple[float | None, ...]) -> str:
    if not isinstance(value, tuple):
        return number_text(value)
    return f"c({', '.join('NA' if v is None else number_text(v) for v in value)})"


def to_mplus(model: Model, n_groups: int = 1) -> str:
    """Write a model as Mplus input, with short names where Mplus needs them.

    Defaults are switched off and all of the model is said. Groups are called g1, g2, ... in their
    order. No DATA, GROUPING and ESTIMATOR lines are written.
    """
    table = model.table(n_groups)
    short = _short_names([*table.variables])
    labels = _mplus_labels(table)
    lines = [
        *(f"! {new} is {old}" for old, new in short.items() if old != new),
        "VARIABLE:",
        *_wrapped("NAMES = " + " ".join(short[name] for name in table.observed) + ";"),
        "ANALYSIS:",
        "  MODEL = NOCOVARIANCES;",
        "MODEL:",
    ]
    for group in range(n_groups):
        rows = [row for row in table.rows if row.group == group]
        if n_groups > 1:
            if group == 0:
                lines += [f"  {_mplus_row(row, short, '')}" for row in rows]
            lines.append(f"MODEL g{group + 1}:")
        lines += [f"  {_mplus_row(row, short, labels.get(row.free, ''))}" for row in rows]
    return "\n".join([*lines, *_mplus_constraints(table, labels)]) + "\n"


def _wrapped(text: str) -> list[str]:
    lines = ["  "]
    for piece in _PIECES.findall(text):
        if len(lines[-1]) + len(piece) > _MPLUS_LINE:
            lines.append("    ")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _short_names(names: Sequence[str], length: int = _MPLUS_LENGTH) -> dict[str, str]:
    """Cut names to what Mplus takes, unique without regard to case."""
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"v{plain}"
        candidate, number = plain[:length], 1
        while candidate.lower() in taken:
            number += 1
            candidate = plain[: length - len(str(number))] + str(number)
        taken.add(candidate.lower())
        short[name] = candidate
    return short


def _mplus_labels(table: ParameterTable) -> dict[int, str]:
    """Name estimated parameters: those with labels, and all if there are several groups."""
    labelled = {row.free: row.label for row in table.rows if row.free >= 0 and row.label}
    defined = [row.definition.name for row in table.definitions]
    short = _short_names([*labelled.values(), *defined])
    names = {free: short[label] for free, label in labelled.items()}
    if table.n_groups > 1:
        taken = {name.lower() for name in names.values()}
        for free in range(table.n_free):
            name = f"p{free + 1}"
            names.setdefault(free, name if name not in taken else f"q_{free + 1}")
    return names


def _mplus_row(row: ParameterRow, short: dict[str, str], label: str) -> str:
    lhs, rhs = short[row.lhs], short.get(row.rhs, "")
    if row.free < 0:
        value = f"@{number_text(row.value)}"
    else:
        value = "" if row.start is None else f"*{number_text(row.start)}"
        if row.op == "=~" and row.start is None:
            value = "*"
    tail = f" ({label});" if label and row.free >= 0 else ";"
    match row.op:
        case "=~":
            return f"{lhs} BY {rhs}{value}{tail}"
        case "~":
            return f"{lhs} ON {rhs}{value}{tail}"
        case "~1":
            return f"[{lhs}{value}]{tail}"
        case _ if row.lhs == row.rhs:
            return f"{lhs}{value}{tail}"
        case _:
            return f"{lhs} WITH {rhs}{value}{tail}"


def _mplus_constraints(table: ParameterTable, labels: dict[int, str]) -> Iterator[str]:
    if not (table.definitions or table.constraints):
        return
    names = {label: labels[free] for label, free in table.positions().items()}
    defined = [row.definition.name for row in table.definitions]
    both = _short_names([*dict.fromkeys(names), *defined])
    names |= {name: both[name] for name in defined}
    yield "MODEL CONSTRAINT:"
    if defined:
        yield from _wrapped(f"NEW({' '.join(names[name] for name in defined)});")
    constants = table.constants()
    for row in table.definitions:
        text = _mplus_expression(row.definition.expression, names, constants)
        yield from _wrapped(f"{names[row.definition.name]} = {text};")
    for constraint in table.constraints:
        yield from _wrapped(f"{_mplus_constraint(constraint, names, constants)};")


def _mplus_constraint(
    constraint: Constraint, names: dict[str, str], constants: dict[str, float]
) -> str:
    difference = _mplus_expression(constraint.difference, names, constants)
    return f"0 = {difference}" if constraint.operator == "==" else f"{difference} > 0"


def _mplus_expression(
    expression: Expression, names: dict[str, str], constants: dict[str, float]
) -> str:
    values = {label: f"({number_text(value)})" for label, value in constants.items()}
    return str(renamed(expression, values | names)).replace("^", "**")
