"""Names and rules that a file gives, held against what there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from longwave.domain.protocol.block import Block
from longwave.domain.protocol.faults import listed, suggest
from longwave.domain.rules import RuleError, Value, VariableType, compile_rule


def unknown(root: Block, field: str, name: str, known: Iterable[str], what: str) -> bool:
    """Note that ``name`` at ``field`` is not among ``known``; return whether that is so."""
    names = list(known)
    if not name or name in names or root.faulty(field):
        return False
    root.fault(
        field,
        f"There is no {what} {name[:60]!r}.{suggest(name, names)}",
        f"Write {listed(names)}." if names else f"Add a {what} of this name.",
    )
    return True


def check_rule(
    root: Block,
    field: str,
    source: str,
    variables: tuple[tuple[str, VariableType], ...],
    example: Mapping[str, Value],
) -> None:
    """Note that the rule at ``field`` cannot be used, or takes too long on an ``example``."""
    if not source or root.faulty(field):
        return
    known = ", ".join(name for name, _ in variables) or "none"
    try:
        rule = compile_rule(source, variables)
    except RuleError as error:
        root.fault(
            field,
            str(error),
            f"The variables are: {known}. Compare text with quotes, as in x == 'yes', and "
            "numbers without.",
        )
        return
    if rule.exceeds_budget(example):
        root.fault(field, "The rule takes too many steps.", "Write it without nested loops.")
