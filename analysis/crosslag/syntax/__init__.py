"""lavaan's model syntax: reading it into a :class:`~crosslag.model.Model`."""

from __future__ import annotations

from crosslag.syntax.parser import Auto, parse, parse_constraints

__all__ = ["Auto", "parse", "parse_constraints"]
