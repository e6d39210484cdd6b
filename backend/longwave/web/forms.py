"""What a browser's form sent."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

_MOST_FIELDS = 1_000


class Form:
    """The fields of a posted form, each with its values in the order in which they came."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str) -> str:
        """Return the last value of a field that is not empty, or ""."""
        given = self.all(name)
        return given[-1] if given else ""

    def all(self, name: str) -> list[str]:
        """Return the values of a field that are not empty."""
        return [value for value in self._fields.get(name, []) if value.strip()]

    def names(self) -> set[str]:
        """Return the names of the fields that were sent."""
        return set(self._fields)

    def values(self, names: list[str]) -> dict[str, str]:
        """Return the values of those of ``names`` that were sent."""
        return {name: self.get(name) for name in names if name in self}

    def unknown(self, names: list[str]) -> dict[str, str]:
        """Return the fields that are none of ``names``."""
        return {name: self.get(name) for name in self._fields if name not in names}


async def _form(request: Request) -> Form:
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise HTTPException(422, "The form could not be read.") from None
    return Form(pairs)


Posted = Annotated[Form, Depends(_form)]
"""A route's parameter that receives the posted form."""
