"""Cookies that say who is here: signed or encrypted, short-lived, kept from scripts."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import Request, Response

from longwave.domain.errors import ConfigurationError
from longwave.keys import KeyRing, Purpose
from longwave.web.edge import Edge

PARTICIPANT_LIFE = timedelta(hours=12)
STAFF_LIFE = timedelta(hours=12)
_STAFF_CONTEXT = "staff-cookie"

PersonKind = Literal["longwave", "longwave-enrol", "longwave-enrolled"]
Kind = PersonKind | Literal["longwave-staff"]


def give(response: Response, edge: Edge, kind: PersonKind, row: int) -> None:
    """Let the browser prove, for some hours, that it may act for the row ``row``."""
    value = f"{kind}.{row}.{_until(edge.now + PARTICIPANT_LIFE)}"
    _set(response, edge, kind, edge.keys.sign(value))


def read(request: Request, edge: Edge, kind: PersonKind) -> int | None:
    """Return the row that a browser may act for, or None."""
    found = _read(request, edge, kind)
    return found and found[0]


def given_at(request: Request, edge: Edge, kind: PersonKind) -> datetime | None:
    """Return when a browser was given a cookie that is still good, to the second."""
    found = _read(request, edge, kind)
    return found and found[1] - PARTICIPANT_LIFE


def _read(request: Request, edge: Edge, kind: PersonKind) -> tuple[int, datetime] | None:
    signed = request.cookies.get(cookie_name(edge, kind), "")
    value = edge.keys.unsign(signed) if signed.isascii() else None
    if value is None:
        return None
    name, row, until = value.split(".")
    if name != kind or int(until) <= edge.now.timestamp():
        return None
    return int(row), datetime.fromtimestamp(int(until), UTC)


def give_staff(response: Response, edge: Edge, token: str) -> None:
    """Keep a staff token in the browser, encrypted; it is checked anew at every request."""
    plain = f"{_until(edge.now + STAFF_LIFE)}.{token}"
    sealed = edge.keys.encrypt(Purpose.COOKIE, plain.encode(), _STAFF_CONTEXT)
    _set(response, edge, "longwave-staff", base64.urlsafe_b64encode(sealed).decode())


def read_staff(request: Request, edge: Edge) -> str | None:
    """Return the staff token that a browser holds, or None."""
    sealed = request.cookies.get(cookie_name(edge, "longwave-staff"))
    plain = _unseal(edge.keys, sealed) if sealed else None
    if plain is None:
        return None
    until, _, token = plain.partition(".")
    return token if int(until) > edge.now.timestamp() else None


def forget(response: Response, edge: Edge, kind: Kind) -> None:
    """Remove a cookie."""
    response.delete_cookie(
        cookie_name(edge, kind),
        path="/",
        secure=edge.settings.secure,
        httponly=True,
        samesite="lax",
    )


def cookie_name(edge: Edge, kind: Kind) -> str:
    """Return a cookie's name; over TLS one that browsers bind to this very host."""
    return f"__Host-{kind}" if edge.settings.secure else kind


def _set(response: Response, edge: Edge, kind: Kind, value: str) -> None:
    # No max-age: the cookie goes with the browser, and its own end is inside, signed.
    response.set_cookie(
        cookie_name(edge, kind),
        value,
        path="/",
        secure=edge.settings.secure,
        httponly=True,
        samesite="lax",
    )


def _until(instant: datetime) -> int:
    return int(instant.timestamp())


def _unseal(keys: KeyRing, sealed: str) -> str | None:
    try:
        return keys.decrypt(
            Purpose.COOKIE, base64.urlsafe_b64decode(sealed), _STAFF_CONTEXT
        ).decode()
    except (ConfigurationError, binascii.Error, ValueError):
        return None
