"""The audit trail as values: events, the form in which they are proved, and what they tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

_encode = json.JSONEncoder(sort_keys=True).encode

State = TypeVar("State")


class Happened(NamedTuple):
    """One event, to be replayed. ``at`` is the instant as the database writes it."""

    id: int
    kind: str
    actor: str
    at: str
    payload: Mapping[str, Any]


class Allocated(NamedTuple):
    """An allocation: a participant's, or a whole cluster's."""

    list: str
    position: int
    arm: str
    at: str

    @classmethod
    def of(cls, event: Happened) -> Allocated:
        """Return the allocation that an event tells of."""
        told = event.payload
        return cls(told["list"], told["position"], told["arm"], event.at)


def take(
    steps: Mapping[str, Callable[[State, Happened], None]], state: State, event: Happened
) -> None:
    """Take an event into ``state`` by the step of its kind, if it has one.

    Raises
    ------
    ValueError
        If the event does not hold what one of its kind holds.
    """
    step = steps.get(event.kind)
    if step is None:
        return
    try:
        step(state, event)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"event {event.id} is not what one called {event.kind} is") from error


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


def read_payload(stored: str) -> Mapping[str, Any]:
    """Return a payload; an empty one if what is stored is none."""
    try:
        found = json.loads(stored)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
