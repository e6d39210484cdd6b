"""The audit trail as values: events, and the form in which they are proved."""

from __future__ import annotations

import json

_encode = json.JSONEncoder(sort_keys=True).encode


def canonical_payload(stored: str) -> str:
    """Return a payload as JSON with sorted keys, from the JSON text that a database holds.

    A text that is no JSON comes back marked, so that it equals no payload.
    """
    if stored == "{}":
        return stored
    try:
        return _encode(json.loads(stored))
    except (ValueError, RecursionError):
        return f"not JSON: {stored}"
