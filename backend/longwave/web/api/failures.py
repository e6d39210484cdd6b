"""What can go wrong on every route, for the description of the API."""

from __future__ import annotations

from typing import Any

from longwave.web.api.answers import Error

FAILURES: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "No token, or one that is unknown, expired or revoked."},
    403: {"model": Error, "description": "Your role, your token or blinding do not allow this."},
    404: {"model": Error, "description": "There is no such thing among what you were granted."},
    422: {"model": Error, "description": "The input breaks a rule; `fields` says which and why."},
}
"""Of every route."""

REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"model": Error, "description": "Study or participant are in a state that forbids this."},
}
"""Of those that change something."""
