"""Columns as text, as the database holds them: what somebody else wrote may be of no type."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, Text, case, cast, func, type_coerce

_WRITTEN = "YYYY-MM-DD HH24:MI:SS.USAD"


def instant(dialect: str, column: Any) -> ColumnElement[Any]:  # noqa: ANN401
    """Return an instant as "YYYY-MM-DD HH:MM:SS.ffffff" in UTC.

    On PostgreSQL the years before Christ keep their era, and what is not finite is said to be so.
    """
    if dialect != "postgresql":
        return type_coerce(column, String)
    written = func.replace(func.to_char(func.timezone("UTC", column), _WRITTEN), "AD", "")
    finite = func.coalesce(written, "not finite", type_=String)
    return case((column.is_(None), None), else_=finite)


def text(column: Any) -> ColumnElement[Any]:  # noqa: ANN401
    """Return a value as text."""
    return cast(column, Text)
