"""What a protocol can plan, but the running services do not carry out yet."""

from __future__ import annotations

from collections.abc import Iterator

from longwave.domain.protocol.model import Protocol


def not_yet_run(protocol: Protocol) -> list[str]:
    """Return the fields of a protocol that would be ignored if a study ran it.

    No study opens on such a protocol: a plan that is silently not carried out is worse than none.
    """
    return list(_fields(protocol))


def _fields(protocol: Protocol) -> Iterator[str]:
    for programme in protocol.programmes.values():
        base = f"programmes.{programme.id}"
        for field in ("days", "prompt", "materials"):
            if getattr(programme, field):
                yield f"{base}.{field}"
        for field in ("batch_start", "facilitator"):
            if getattr(programme, field):
                yield f"{base}.groups.{field}"
