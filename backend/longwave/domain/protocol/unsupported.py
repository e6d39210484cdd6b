"""What a protocol can plan, but the running services do not carry out yet."""

from __future__ import annotations

from collections.abc import Iterator

from longwave.domain.protocol.anchors import REQUEST, calendar_day
from longwave.domain.protocol.model import Protocol


def not_yet_run(protocol: Protocol) -> list[str]:
    """Return the fields of a protocol that would be ignored if a study ran it.

    No study opens on such a protocol: a plan that is silently not carried out is worse than none.
    """
    return list(_fields(protocol))


def _fields(protocol: Protocol) -> Iterator[str]:
    for wave in protocol.waves:
        base = f"waves[{wave.order}]"
        if wave.anchor == REQUEST or calendar_day(wave.anchor) is not None:
            yield f"{base}.anchor ({wave.anchor})"
        for field in ("repeat", "sampling", "expires"):
            if getattr(wave, field) is not None:
                yield f"{base}.{field}"
